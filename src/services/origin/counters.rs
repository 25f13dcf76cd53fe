//! What the origin has, and what it converts.

use std::sync::Arc;

use crate::model::count::{Counter, Gauge};
use crate::model::purpose::Purpose;

/// What the conversions do.
#[derive(Debug, Default)]
pub struct Counters {
    /// Tracks that are given their other form now.
    pub converting: Arc<Gauge>,
    /// Items that were overwritten in a ring before they were converted.
    pub skipped: Counter,
}

/// What there is now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Publications.
    pub publications: usize,
    /// Readers of tracks, by what they read for.
    pub subscriptions: [usize; Purpose::ALL.len()],
}

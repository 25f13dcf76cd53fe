//! What packaging does.

use std::sync::Arc;

use crate::model::count::{Counter, Gauge};

/// What all packagers together have done since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Broadcasts that are packaged now.
    pub packaging: Arc<Gauge>,
    /// Segments that were completed, of pictures and of sound.
    pub segments: Counter,
    /// Parts that were made, of pictures and of sound.
    pub parts: Counter,
    /// Units that were overwritten in a ring before they were packaged.
    pub skipped: Counter,
}

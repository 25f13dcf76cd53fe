//! What compositions do.

use std::sync::Arc;

use crate::model::count::{Counter, Gauge};
use crate::model::pulse::Pulses;

/// What all compositions together have done since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Compositions that run.
    pub running: Arc<Gauge>,
    /// Pictures that were composed.
    pub pictures: Counter,
    /// Pictures that were left out, because their moment had passed.
    pub late_pictures: Counter,
    /// Composed pictures and chunks of sound that found no room with their consumer.
    pub dropped: Counter,
    /// Chunks of sound that came too late to be mixed.
    pub late_sounds: Counter,
    /// Units that were overwritten in a ring before they were decoded.
    pub skipped: Counter,
    /// Turns of each that runs: it makes some each second, whatever comes in.
    pub pulses: Pulses,
}

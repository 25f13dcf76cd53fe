//! The sound of the room: what a volume is in decibels, how a speaker protects ears, and what a set-up test plays and measures. Pure.
//!
//! Owns no device: cards and their mixers are in `drivers/device`, the pipelines in `drivers/pipeline`.
//!
//! Sound is 16-bit at 48 kHz, as [`crate::model::raw`] has it; levels are in dBFS, 0 the loudest sample there is.

mod limiter;
mod measure;
mod signal;
mod volume;

pub use limiter::{CEILING, Limiter};
pub use measure::{Echo, Measured, Recording, measure};
pub use signal::{Signal, signal};
pub use volume::{Scale, Volume};

/// The largest sample of 16 bits: 0 dBFS.
const FULL: f64 = 32_768.0;

/// A ratio of amplitudes as decibels; what is nothing is 200 dB down.
fn decibels(amplitude: f64) -> f64 {
    20.0 * amplitude.max(1e-10).log10()
}

/// Decibels as a ratio of amplitudes.
fn amplitude(decibels: f64) -> f64 {
    10f64.powf(decibels / 20.0)
}

//! The configuration.
pub mod duration;

//! The box as a participant.

mod config;

pub use config::Config;

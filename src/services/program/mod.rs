//! What is on air of a room.

pub mod composition;

mod config;

pub use config::Config;

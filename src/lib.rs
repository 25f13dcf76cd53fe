//! Porchlight: a call hub and broadcast node in one process.
//!
//! Read in this order: [`model`] (the vocabulary), [`proto`] (rules without input or output), [`drivers`] (one foreign
//! world each), [`services`] (the actors), [`interfaces`] (HTTP), and last [`daemon`], the only place that assembles them.
//! ARCHITECTURE.md says which may name which.

pub mod config;
pub mod daemon;
pub mod drivers;
pub mod interfaces;
pub mod model;
pub mod proto;
pub mod services;
pub mod telemetry;
#[cfg(any(test, fuzzing))]
pub mod testing;

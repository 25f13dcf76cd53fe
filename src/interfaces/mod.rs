//! Translate between the services and other worlds, and decide nothing.

pub mod control;
pub mod http;
pub mod mqtt;

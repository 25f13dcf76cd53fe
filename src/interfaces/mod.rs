//! Translate between the services and other worlds, and decide nothing.

pub mod http;

//! GStreamer: capture, decode, encode, show and play.

pub mod config;

//! Black-box tests: what the daemon and its command promise, held from outside. One binary, so that it links once.

#![allow(clippy::unwrap_used, reason = "a test that panics says what is wrong")]

mod architecture;
mod call;
mod config;
mod fixture;
mod http;
mod lifecycle;
mod on_air;
mod permissions;
mod signalling;
mod whep;

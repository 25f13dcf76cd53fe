//! One foreign world each: a driver is the only home of its crates and hands out handles in model types.

pub mod archive;
pub mod cec;
pub mod device;
pub mod disk;
pub mod drawing;
pub mod fetch;
pub mod gateway;
pub mod gpio;
pub mod identity;
pub mod mdns;
pub mod peer;
pub mod pipeline;
pub mod rauc;
pub mod store;
pub mod tls;
pub mod whip;
pub mod wifi;

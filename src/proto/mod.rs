//! Rules without input or output: bytes and time in, bytes and decisions out. No clock is read and no dice are rolled here.

pub mod auth;
pub mod cec;
pub mod chat;
pub mod cmaf;
pub mod dash;
pub mod hls;
pub mod ice;
pub mod lan;
pub mod layout;
pub mod mqtt;
pub mod recording;
pub mod rtp;
pub mod screens;
pub mod sfu;
pub mod sound;
pub mod splice;
pub mod whip;

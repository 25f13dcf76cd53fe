//! The vocabulary every other module speaks: ids, media time, tracks, packets, units and the media ring.
//!
//! Nothing here does input or output, reads a clock or rolls dice: time and randomness are handed in.
//! What it deliberately does not hold: rules (see `proto`) and anything that owns a socket or a device (see `drivers`).

pub mod bitrate;
pub mod board;
pub mod count;
pub mod duration;
pub mod finding;
pub mod id;
pub mod layer;
pub mod opening;
pub mod pace;
pub mod packet;
pub mod pulse;
pub mod purpose;
pub mod quantity;
pub mod raw;
pub mod ring;
pub mod role;
pub mod rung;
pub mod secret;
pub mod size;
pub mod time;
pub mod track;
pub mod unit;
pub mod verbs;

//! HDMI-CEC messages: what they are on the wire, and what the keys of a television's remote control ask for. Pure.
//!
//! Only what the box sends or understands has a name here; everything else is [`What::Other`]. How a message gets to the wire is
//! `drivers/cec`'s; when one is sent is decided in `services/remote`.
//!
//! Sources: HDMI 1.4b, Supplement 1 (CEC), tables 7 to 30; Linux `linux/cec.h`.

mod keys;
mod message;

pub use keys::{Command, command};
pub use message::{Frame, LogicalAddress, PhysicalAddress, Power, What, osd_name};

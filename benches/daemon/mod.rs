//! The daemon as people meet it: what it holds in memory, how soon it answers, how soon there is a picture.

mod memory;
mod picture;
mod start;

pub use memory::{Memory, call_on_air, idle, memory};
pub use picture::{Pictures, pictures};
pub use start::{again, starts};

use std::fs;

use anyhow::Context;

/// What the daemon is given in all of this, besides stand-ins for its devices: nothing.
const PLAIN: [(&str, &str); 0] = [];
/// The box is in the call from the start.
const IN_CALL: [(&str, &str); 1] = [("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true")];

/// The daemon's process: the only one of this name that we have started.
fn process() -> anyhow::Result<u32> {
    let ours = format!(" {} ", std::process::id());
    let is = |id: &u32| {
        fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| {
            stat.contains("(porchlight)") && stat.rsplit_once(')').is_some_and(|(_, rest)| rest[2..].starts_with(&ours))
        })
    };
    let ids = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.into_iter().find(is).context("the daemon is not there")
}

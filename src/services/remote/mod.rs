//! The television and its remote control (HDMI-CEC), and buttons and lights on pins.
//!
//! A call wakes the television and has it show the box; keys and buttons ask for what people ask for in the pages; lights follow the
//! rooms. Owns when that happens; does not own the calls (those are the room's), nor the devices (`drivers/cec`, `drivers/gpio`). Where
//! there is no device nothing happens.

mod actor;
mod buttons;
mod config;
mod lights;
mod report;
mod television;

pub use config::Config;
pub use report::television;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::drivers::{cec, gpio};
use crate::proto::auth::Name;
use crate::services::endpoint::report::Finding;
use crate::services::{announce, endpoint, privacy, room, telephone};

/// What it stands on.
pub struct Parts {
    /// The calls.
    pub rooms: room::Handle,
    /// What rings.
    pub telephone: telephone::Handle,
    /// Whether camera and microphone are closed: whoever holds the remote control or pushes a button is there, and opens them.
    pub privacy: privacy::Handle,
    /// What somebody outside of the room wants: whoever holds the remote control or pushes a button stops it.
    pub announce: announce::Handle,
    /// How loud it is, and what its screen shows of a call.
    pub endpoint: endpoint::Handle,
    /// What the television calls the box.
    pub called: watch::Receiver<Name>,
    /// The pins.
    pub gpio: gpio::Config,
}

/// What it is asked; cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    cec: bool,
}

impl Handle {
    /// Whether a television can be spoken to. Opens adapters, so call it off the async runtime.
    pub fn television(&self) -> Finding {
        television(self.cec, &cec::find())
    }
}

/// Starts the actor on `tasks`; it ends with `cancel`.
pub fn start(config: Config, parts: Parts, tasks: &TaskTracker, cancel: CancellationToken) -> Handle {
    let handle = Handle { cec: config.cec };
    tasks.spawn(cancel.run_until_cancelled_owned(actor::Actor::new(config, parts).run()));
    handle
}

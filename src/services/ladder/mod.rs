//! The ladder: smaller pictures of what is on air, each made while somebody reads it, as far as the board has room for it.
//!
//! Every broadcast is decoded at most once, while one of its rungs is read; each rung scales and encodes what comes of that, and makes a
//! keyframe where the source has one. A rung is a publication of its own, for those who watch alone. What may run is decided in one
//! place (`state`): by what the encoder gave when it was tried, and by heat.

mod actor;
mod config;
mod decoding;
mod state;
mod step;

pub use config::Config;
pub use state::Head;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::drivers::pipeline::{Counters, Encoders};
use crate::model::id::PublicationId;
use crate::model::rung::Rung;
use crate::services::heat::Level;
use crate::services::supervisor::{Part, Supervisor};
use crate::services::{broadcast, origin, program};

/// One rung of a broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Where it is published.
    pub publication: PublicationId,
    /// It is made at the moment.
    pub runs: bool,
}

/// All ladders, by what is on air, and how much more there could be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ladders {
    /// The rungs of each publication that is on air.
    pub of: HashMap<PublicationId, BTreeMap<Rung, Step>>,
    /// What the board has room for.
    pub head: Head,
}

/// Where the ladders can be looked at. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    ladders: watch::Receiver<Arc<Ladders>>,
}

impl Handle {
    /// The ladders as they are now.
    pub fn ladders(&self) -> Arc<Ladders> {
        self.ladders.borrow().clone()
    }
}

/// What the ladders stand on.
#[derive(Clone)]
pub struct Parts {
    /// Where publications are.
    pub origin: origin::Handle,
    /// What is on air.
    pub broadcasts: broadcast::Handle,
    /// Which encoder makes the pictures.
    pub encoders: Encoders,
    /// What pipelines count.
    pub media: Counters,
    /// How hot the board is.
    pub heat: watch::Receiver<Level>,
    /// Starts again what failed.
    pub supervisor: Supervisor,
    /// The size and the pictures a second of what is on air, as far as the box makes it: of the moment in which a room goes on air.
    pub program: watch::Receiver<program::Config>,
}

/// Starts following what is on air, on `tasks`, until `cancel`.
pub fn start(config: Config, parts: Parts, tasks: &TaskTracker, cancel: CancellationToken) -> Handle {
    let (told, ladders) = watch::channel(Arc::<Ladders>::default());
    let all = tasks.clone();
    tasks.spawn(async move {
        let mut pauses = parts.supervisor.pauses(Part::Ladder);
        loop {
            // Whatever of a run that failed still goes on ends with its token.
            let stop = cancel.child_token();
            let _stopped = stop.clone().drop_guard();
            let actor = actor::Actor::new(config.clone(), parts.clone(), all.clone(), stop, told.clone());
            if pauses.attempt(actor.run()).await.is_some() {
                return;
            }
        }
    });
    Handle { ladders }
}

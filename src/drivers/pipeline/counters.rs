//! What the pipelines do, counted by their role.

use std::sync::Arc;

use super::decode::Fed;
use crate::model::count::{Counter, Gauge};

/// The roles of pipelines that run for long.
pub const ROLES: [&str; 12] = [
    "camera",
    "camera-layer",
    "rung",
    "microphone",
    "video-encoder",
    "audio-encoder",
    "video-decoder",
    "audio-decoder",
    "display",
    "speaker",
    "duplex",
    "push",
];

/// What the pipelines of one role do.
#[derive(Debug, Default)]
pub struct Work {
    /// Pipelines that run.
    pub running: Arc<Gauge>,
    /// Frames that were taken in: pictures, chunks of sound or units.
    pub taken: Counter,
    /// Frames that came out.
    pub made: Counter,
    /// Frames that were left out: too much was under way, they could not be used, or nobody took what came out.
    pub dropped: Counter,
    /// Pipelines that failed.
    pub failed: Counter,
}

impl Work {
    /// Something was fed.
    pub(super) fn fed(&self, fed: Fed) -> Fed {
        if fed == Fed::Taken {
            self.taken.inc()
        } else {
            self.dropped.inc()
        }
        fed
    }
}

/// What all pipelines do. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Counters([Arc<Work>; ROLES.len()]);

impl Counters {
    /// One of [`ROLES`], or a role that is not counted.
    pub(super) fn of(&self, role: &str) -> Arc<Work> {
        let at = ROLES.iter().position(|known| *known == role);
        at.map_or_else(Arc::default, |at| self.0[at].clone())
    }

    /// Each role and what its pipelines do.
    pub fn roles(&self) -> impl Iterator<Item = (&'static str, &Work)> {
        ROLES.into_iter().zip(self.0.iter().map(|work| &**work))
    }
}

//! What pushes have done: one by one for who looks at one of them, and together for metrics, which outlive them.

use std::sync::Arc;

use super::Kind;
use crate::model::count::Counter;

/// What a push has done since the start of the daemon.
#[derive(Debug, Default)]
pub struct Counters {
    /// Bytes of the stream that were sent.
    pub bytes: Counter,
    /// Pictures that were left out, since the service took less.
    pub dropped: Counter,
}

/// The same of all pushes by one protocol.
#[derive(Debug, Default)]
pub struct Total {
    /// What they have done.
    pub counters: Counters,
    /// How often one of them was begun anew.
    pub restarts: Counter,
}

/// What all pushes have done since the start of the daemon, those that are gone among them.
#[derive(Debug, Default)]
pub struct Totals([Total; Kind::ALL.len()]);

impl Totals {
    /// By one protocol.
    pub const fn of(&self, kind: Kind) -> &Total {
        &self.0[kind as usize]
    }
}

/// Counts for one push, and for all of its protocol.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    pub(super) own: Arc<Counters>,
    pub(super) all: Arc<Totals>,
    pub(super) kind: Kind,
}

impl Tally {
    /// So many bytes of the stream were sent.
    pub(super) fn bytes(&self, more: u64) {
        self.own.bytes.add(more);
        self.all.of(self.kind).counters.bytes.add(more);
    }

    /// So many pictures were left out.
    pub(super) fn dropped(&self, more: u64) {
        self.own.dropped.add(more);
        self.all.of(self.kind).counters.dropped.add(more);
    }
}

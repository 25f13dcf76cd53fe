//! Which worker has which peer. Looked at by who sends commands, never on the way of a packet.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Error, PEERS};
use crate::model::id::PeerId;

/// Peers that one worker takes before the next one gets any. Each worker that takes part has to be woken for every batch of
/// packets, which is dearer than what a few peers cost; the first worker reads the sockets as well.
pub(super) const FILL: usize = 12;

/// Shared by the handles and the workers.
pub(super) struct Places {
    workers: usize,
    fill: usize,
    of: Mutex<HashMap<PeerId, usize>>,
}

impl Places {
    /// Of so many workers, each of which is filled with so many peers before the next one gets any.
    pub(super) fn new(workers: usize, fill: usize) -> Self {
        Self { workers: workers.max(1), fill, of: Mutex::default() }
    }

    /// The worker that has the peer, or is to have it; a new one leaves again unless the place is [`Place::keep`]t.
    ///
    /// # Errors
    /// [`Error::Full`] if there are [`PEERS`] others.
    pub(super) fn place(&self, peer: PeerId) -> Result<Place<'_>, Error> {
        let mut of = self.lock();
        if let Some(worker) = of.get(&peer) {
            return Ok(Place { worker: *worker, unless_kept: None });
        }
        if of.len() >= PEERS {
            return Err(Error::Full);
        }
        let mut has = vec![0; self.workers];
        of.values().for_each(|worker| has[*worker] += 1);
        let least = || (0..self.workers).min_by_key(|worker| has[*worker]);
        let worker = has.iter().position(|has| *has < self.fill).or_else(least).unwrap_or_default();
        of.insert(peer, worker);
        Ok(Place { worker, unless_kept: Some((self, peer)) })
    }

    /// The worker that has the peer.
    pub(super) fn find(&self, peer: PeerId) -> Option<usize> {
        self.lock().get(&peer).copied()
    }

    /// The peer is gone.
    pub(super) fn leave(&self, peer: PeerId) {
        self.lock().remove(&peer);
    }

    // Nothing can fail while it is held.
    fn lock(&self) -> MutexGuard<'_, HashMap<PeerId, usize>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place that was found. Whoever asked for it may be gone before the worker is told of the peer, and would take it along.
pub(super) struct Place<'a> {
    pub(super) worker: usize,
    unless_kept: Option<(&'a Places, PeerId)>,
}

impl Place<'_> {
    /// The worker knows of the peer, and says when it leaves.
    pub(super) fn keep(mut self) {
        self.unless_kept = None;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some((places, peer)) = self.unless_kept.take() {
            places.leave(peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: usize) -> PeerId {
        PeerId::from_bytes([(number % 256) as u8, (number / 256) as u8, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    /// The worker of a peer that stays.
    fn placed(places: &Places, number: usize) -> Option<usize> {
        let place = places.place(peer(number)).ok()?;
        let worker = place.worker;
        place.keep();
        Some(worker)
    }

    #[test]
    fn one_worker_after_the_other_is_filled_and_then_all_alike() {
        let places = Places::new(3, FILL);
        let all: Vec<_> = (0..3 * FILL).filter_map(|n| placed(&places, n)).collect();
        let expected: Vec<usize> = (0..3 * FILL).map(|n| n / FILL).collect();
        assert_eq!(all, expected);
        let more: Vec<_> = (3 * FILL..3 * FILL + 4).filter_map(|n| placed(&places, n)).collect();
        assert_eq!(more, [0, 1, 2, 0]);
        assert_eq!((placed(&places, 0), places.find(peer(FILL))), (Some(0), Some(1)), "nobody moves");
        (0..4).for_each(|n| places.leave(peer(n)));
        assert_eq!(places.find(peer(0)), None);
        assert_eq!(placed(&places, 1_000), Some(0));
    }

    #[test]
    fn there_are_no_more_than_there_may_be() {
        let places = Places::new(4, FILL);
        assert!((0..PEERS).all(|n| placed(&places, n).is_some()));
        assert!(matches!(places.place(peer(PEERS)), Err(Error::Full)));
        assert!(placed(&places, 0).is_some());
        places.leave(peer(0));
        assert!(placed(&places, PEERS).is_some());
    }

    #[test]
    fn nothing_stays_of_who_was_given_up_before_the_worker_knew_and_nobody_else_leaves() {
        let places = Places::new(2, FILL);
        drop(places.place(peer(1)));
        assert_eq!(places.find(peer(1)), None);
        placed(&places, 1);
        drop(places.place(peer(1)));
        assert_eq!(places.find(peer(1)), Some(0), "an offer to renegotiate that was given up");
    }
}

//! What each peer is given, and what is asked of the sources for it.

use std::time::Instant;

use str0m::media::Mid as Section;

use super::super::feed::Feed;
use super::super::peer::Peer;
use super::super::{Event, Source};
use super::Worker;
use crate::model::id::PeerId;
use crate::model::layer::{Layer, Layers};
use crate::model::time::MediaTime;
use crate::proto::sfu::{Has, Pause, Shown};

impl Worker {
    /// Shares out what the way to this peer holds, and tells what has changed.
    pub(super) fn allot(&mut self, id: PeerId, now: Instant) {
        let Self { peers, sources, allot, timeline, counters, .. } = self;
        let Some(peer) = peers.get_mut(&id) else {
            return;
        };
        let news = allot.share(peer, sources, (timeline, now), counters);
        let estimate = peer.estimate().map(|rate| rate.0);
        for (mid, shown) in news {
            tracing::debug!(peer = %id.tag(), mid, ?shown, estimate, "what is shown changed");
            self.report(id, Event::Shown(id, mid, shown));
        }
    }

    /// Looks at every peer, and asks of every source what its slots are given.
    pub(super) fn allot_all(&mut self, now: Instant) {
        for id in self.peers.keys().copied().collect::<Vec<_>>() {
            self.allot(id, now);
        }
        self.want_all(self.timeline.media(now));
        self.count();
    }

    /// Asks of every source what its slots are given.
    pub(super) fn want_all(&mut self, media: MediaTime) {
        let Self { sources, peers, .. } = self;
        for feed in sources.values_mut() {
            let wanted = wanted(feed, |id, mid| aim(peers.get(&id)?, mid));
            feed.want(wanted, media);
        }
    }

    /// The same of this one.
    pub(super) fn want_of(&mut self, source: Source, media: MediaTime) {
        let Self { sources, peers, .. } = self;
        if let Some(feed) = sources.get_mut(&source) {
            let wanted = wanted(feed, |id, mid| aim(peers.get(&id)?, mid));
            feed.want(wanted, media);
        }
    }

    /// What everybody shows and has, in numbers.
    fn count(&mut self) {
        let (mut shown, mut paused, mut estimated) = ([0i64; 3], [0i64; 3], 0u64);
        for peer in self.peers.values() {
            estimated = estimated.saturating_add(peer.estimate().map_or(0, |estimate| estimate.0));
            for slot in peer.slots.values().filter(|slot| slot.bound.is_some()) {
                match slot.shown {
                    Some(Shown::Layer(layer)) => shown[layer.number()] += 1,
                    Some(Shown::Paused(Pause::Connection)) => paused[0] += 1,
                    Some(Shown::Paused(Pause::Codec)) => paused[1] += 1,
                    Some(Shown::Paused(Pause::Source)) => paused[2] += 1,
                    None => {}
                }
            }
        }
        let counters = &self.counters;
        counters.shown.iter().zip(shown).for_each(|(gauge, count)| gauge.set(count));
        counters.paused.connection.set(paused[0]);
        counters.paused.codec.set(paused[1]);
        counters.paused.source.set(paused[2]);
        counters.estimated.set(i64::try_from(estimated).unwrap_or(i64::MAX));
    }
}

/// The layer that a slot is given, and the one that goes out until that comes.
fn aim(peer: &Peer, mid: Section) -> Option<Layers> {
    let slot = peer.slots.get(&mid)?;
    let of = |layer: Option<Layer>| layer.map_or(Layers::NONE, Layers::only);
    match slot.has {
        Has::Layer(layer) => Some(Layers::only(layer).and(of(slot.forwarder.layer()))),
        Has::New | Has::Nothing => None,
    }
}

fn wanted(feed: &Feed, aim: impl Fn(PeerId, Section) -> Option<Layers>) -> Layers {
    feed.to().iter().filter_map(|(id, mid)| aim(*id, *mid)).fold(Layers::NONE, Layers::and)
}

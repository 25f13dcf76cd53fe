//! What each peer is given of what is bound to its slots, and what is asked of the sources for it.

use std::time::Instant;

use str0m::media::Mid as Section;

use super::super::feed::Feed;
use super::super::peer::Peer;
use super::super::{Event, Source};
use super::Worker;
use crate::model::id::PeerId;
use crate::model::layer::{Layer, Layers};
use crate::model::time::MediaTime;
use crate::model::track::Kind;
use crate::proto::sfu::{Has, Pause, Shown, Wish};

/// Buffers that are used again.
#[derive(Default)]
pub(super) struct Allot {
    slots: Vec<(Section, Source)>,
    wishes: Vec<Wish>,
    aims: Vec<Option<Layer>>,
}

impl Worker {
    /// Shares out what the way to this peer holds, and tells what has changed.
    pub(super) fn allot(&mut self, id: PeerId, now: Instant) {
        let media = self.timeline.media(now);
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let Allot { slots, wishes, aims } = &mut self.allot;
        (slots.clear(), wishes.clear());
        for (mid, slot) in &mut peer.slots {
            let Some(bound) = slot.bound else { continue };
            let Some(feed) = self.sources.get_mut(&bound.source) else { continue };
            if feed.codec().is_some_and(|codec| slot.formats.number(codec).is_none()) {
                slot.forwarder.aim(None);
                slot.paused = Some(Pause::Codec);
                slot.has = Has::Nothing;
                continue;
            }
            slots.push((*mid, bound.source));
            wishes.push(Wish { rank: bound.rank, most: bound.most, costs: feed.costs(media), has: slot.has });
        }
        let estimate = peer.budget(now);
        let allocation = peer.allocator.allocate(media, estimate, wishes, aims);
        for ((mid, source), aim) in slots.iter().zip(&*aims) {
            let (Some(slot), Some(feed)) = (peer.slots.get_mut(mid), self.sources.get_mut(source)) else { continue };
            slot.has = Has::from(*aim);
            slot.forwarder.aim(*aim);
            slot.paused = match aim {
                None => Some(Pause::Connection),
                Some(_) if slot.kind == Kind::Video && feed.is_silent(media) => Some(Pause::Source),
                Some(_) => None,
            };
        }
        if estimate.is_some() {
            peer.explore(allocation.minimum, allocation.desired);
        }
        self.tell(id);
    }

    /// Says what the slots of this peer show, where that has changed.
    fn tell(&mut self, id: PeerId) {
        let mut news = Vec::new();
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        for (mid, slot) in &mut peer.slots {
            let shows = slot.shows().filter(|_| slot.kind == Kind::Video && slot.bound.is_some());
            let Some(shows) = shows.filter(|shows| slot.shown != Some(*shows)) else {
                continue;
            };
            let place = |shown| match shown {
                Some(Shown::Layer(layer)) => Some(layer.number() + 1),
                Some(Shown::Paused(Pause::Connection)) => Some(0),
                _ => None,
            };
            match place(slot.shown).zip(place(Some(shows))) {
                Some((before, now)) if now > before => self.counters.switched.up.inc(),
                Some((before, now)) if now < before => self.counters.switched.down.inc(),
                _ => {}
            }
            slot.shown = Some(shows);
            news.push((mid.to_string(), shows));
        }
        for (mid, shown) in news {
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
    feed.to.iter().filter_map(|(id, mid)| aim(*id, *mid)).fold(Layers::NONE, Layers::and)
}

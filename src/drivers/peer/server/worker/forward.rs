//! From rings to slots.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use str0m::media::Mid as Section;

use super::super::counters::Counters;
use super::super::feed::Feed;
use super::super::peer::Peer;
use super::super::{Bound, Event, Loudness, Source};
use super::Worker;
use crate::model::id::PeerId;
use crate::model::layer::Layers;
use crate::model::packet::Packet;
use crate::model::ring::{Next, Pass, Reader};
use crate::model::track::Kind;

/// Packets read from one source before the others have their turn.
const BATCH: usize = 64;

/// What the sources had to give.
#[derive(Default)]
pub(super) struct Batch {
    packets: Vec<(Source, Vec<Packet>)>,
    missed: Vec<Source>,
    ended: Vec<Source>,
    /// What is wanted of a peer of ours has changed.
    wanted: bool,
    /// Buffers that are used again.
    spare: Vec<Vec<Packet>>,
}

impl Batch {
    fn clear(&mut self) {
        for (_, mut packets) in self.packets.drain(..) {
            packets.clear();
            self.spare.push(packets);
        }
        self.missed.clear();
        self.ended.clear();
        self.wanted = false;
    }

    fn is_empty(&self) -> bool {
        self.packets.is_empty() && self.missed.is_empty() && self.ended.is_empty() && !self.wanted
    }
}

impl Worker {
    /// Makes a track known, or another way to read it, for those who have it too.
    pub(super) fn source(&mut self, source: Source, pass: Pass<Packet>, keep: Option<Reader<Packet>>) {
        match self.sources.get_mut(&source) {
            Some(feed) => {
                feed.replace(pass, keep);
                for (id, mid) in feed.to() {
                    if let Some(peer) = self.peers.get_mut(id) {
                        peer.missed(*mid);
                    }
                }
            }
            None => drop(self.sources.insert(source, Feed::new(source.1, pass, keep))),
        }
    }

    pub(super) fn bind(&mut self, id: PeerId, mid: Section, to: Option<Bound>, now: Instant) {
        let media = self.timeline.media(now);
        let source = to.map(|to| to.source);
        let before = self.slots.remove(&(id, mid));
        if let Some(before) = before.filter(|before| Some(*before) != source)
            && let Some(feed) = self.sources.get_mut(&before)
        {
            feed.leave(|slot| *slot == (id, mid));
        }
        let there = source.is_none_or(|source| self.sources.contains_key(&source));
        let known = self.peers.get_mut(&id).is_some_and(|peer| peer.bind(mid, to.filter(|_| there)));
        if let (true, Some(source)) = (known, source) {
            match self.sources.get_mut(&source) {
                Some(feed) => {
                    feed.join((id, mid));
                    self.slots.insert((id, mid), source);
                }
                // It ended before it was bound.
                None => self.report(id, Event::Ended(id, source)),
            }
        }
        self.allot(id, now);
        for source in before.into_iter().chain(source) {
            self.want_of(source, media);
        }
    }

    /// Forwards what was read: all packets of one source to one slot, then the next.
    pub(super) fn forward(&mut self, batch: &mut Batch, now: Instant) {
        let media = self.timeline.media(now);
        let mut touched = std::mem::take(&mut self.touched);
        for source in &batch.missed {
            for (id, mid) in self.sources.get(source).map(Feed::to).unwrap_or_default() {
                if let Some(peer) = self.peers.get_mut(id) {
                    peer.missed(*mid);
                }
            }
        }
        for (source, packets) in &batch.packets {
            let Some(feed) = self.sources.get_mut(source) else { continue };
            feed.came(packets, media);
            let (to, redundancy) = feed.sends();
            for (id, mid) in to {
                if let Some(peer) = self.peers.get_mut(id) {
                    peer.send(*mid, packets, redundancy);
                    touched.push(*id);
                }
            }
            if source.1 == Kind::Audio {
                redundancy.turn(packets.last());
            }
        }
        for source in &batch.ended {
            for (id, _) in self.forget(*source) {
                self.report(id, Event::Ended(id, *source));
            }
        }
        touched.sort_unstable();
        touched.dedup();
        for id in touched.drain(..) {
            self.turn(id, now);
        }
        self.touched = touched;
        if batch.wanted || !batch.missed.is_empty() {
            self.look(now);
        }
        batch.clear();
    }

    /// Answers the slots that it went to.
    pub(super) fn forget(&mut self, source: Source) -> Vec<(PeerId, Section)> {
        let to = self.sources.remove(&source).map(|feed| feed.to().to_vec()).unwrap_or_default();
        for (id, mid) in &to {
            self.slots.remove(&(*id, *mid));
            if let Some(peer) = self.peers.get_mut(id) {
                peer.bind(*mid, None);
            }
        }
        to
    }

    /// Asks for the keyframes that are missing, in both directions, and tells senders what is wanted of them.
    pub(super) fn look(&mut self, now: Instant) {
        let media = self.timeline.media(now);
        for ((id, mid), source) in &self.slots {
            if let Some(layer) = self.peers.get_mut(id).and_then(|peer| peer.asks_keyframe(*mid, media))
                && let Some(feed) = self.sources.get(source)
            {
                feed.request_keyframes(Layers::only(layer));
            }
        }
        let (mut asked, mut news) = (Vec::new(), Vec::new());
        for (id, peer) in &mut self.peers {
            if peer.ask_keyframes(now) {
                asked.push(*id);
            }
            news.extend(peer.news(now).into_iter().map(|(mid, layers)| Event::Wanted(*id, mid, layers)));
        }
        for id in asked {
            self.turn(id, now);
        }
        for event in news {
            if let Event::Wanted(id, ..) = event {
                self.report(id, event);
            }
        }
    }

    /// Says how loud everybody is, if that has changed. One worker hears everybody.
    pub(super) fn listen(&mut self, now: Instant) {
        if !self.intake.is_first() {
            return;
        }
        let media = self.timeline.media(now);
        let of = |(source, feed): (&Source, &Feed)| Some((source.0, feed.loudness(media)?));
        let mut levels: Vec<_> = self.sources.iter().filter_map(of).collect();
        levels.sort_unstable_by_key(|(publication, level)| (*level, *publication));
        self.loudness.send_if_modified(|told: &mut Loudness| {
            let changed = **told != *levels;
            if changed {
                *told = Arc::from(levels);
            }
            changed
        });
    }
}

/// Ready when there is media to forward, or when what is wanted of a peer has changed.
pub(super) fn poll_media(
    peers: &mut HashMap<PeerId, Peer>,
    sources: &mut HashMap<Source, Feed>,
    batch: &mut Batch,
    counters: &Counters,
    waker: &Waker,
) -> Poll<()> {
    let cx = &mut Context::from_waker(waker);
    for peer in peers.values_mut() {
        batch.wanted |= peer.poll_demand(cx);
    }
    for (&source, feed) in sources {
        let mut packets = batch.spare.pop().unwrap_or_default();
        while packets.len() < BATCH {
            match feed.poll_next(cx) {
                Poll::Ready(Next::Item(packet)) => packets.push(packet),
                Poll::Ready(Next::Lagged(lost)) => {
                    tracing::debug!(lost, "forwarding was too slow");
                    counters.skipped.add(lost);
                    packets.clear();
                    batch.missed.push(source);
                }
                Poll::Ready(Next::Closed | Next::Revoked) => {
                    batch.ended.push(source);
                    break;
                }
                Poll::Pending => break,
            }
        }
        if packets.is_empty() {
            batch.spare.push(packets);
        } else {
            batch.packets.push((source, packets));
        }
    }
    if batch.is_empty() { Poll::Pending } else { Poll::Ready(()) }
}

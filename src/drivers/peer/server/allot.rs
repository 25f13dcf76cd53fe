//! What each peer is given of what is bound to its slots.

use std::collections::HashMap;
use std::time::Instant;

use str0m::media::Mid as Section;

use super::counters::Counters;
use super::feed::Feed;
use super::peer::Peer;
use super::slot::Slot;
use super::{Mid, Source};
use crate::model::layer::Layer;
use crate::model::time::Timeline;
use crate::model::track::Kind;
use crate::proto::sfu::{Has, Pause, Shown, Wish};

/// What sound costs that is sent twice, in percent.
const TWICE: u64 = 175;

/// Shares out; holds buffers that are used again.
#[derive(Default)]
pub(super) struct Allot {
    slots: Vec<(Section, Source)>,
    wishes: Vec<Wish>,
    aims: Vec<Option<Layer>>,
}

impl Allot {
    /// Shares out what the way to this peer holds. Answers what its slots show, where that has changed.
    pub(super) fn share(
        &mut self,
        peer: &mut Peer,
        sources: &mut HashMap<Source, Feed>,
        (timeline, now): (&Timeline, Instant),
        counters: &Counters,
    ) -> Vec<(Mid, Shown)> {
        let media = timeline.media(now);
        let Self { slots, wishes, aims } = self;
        let lossy = peer.is_lossy();
        slots.clear();
        wishes.clear();
        for (mid, slot) in &mut peer.slots {
            let Some(bound) = slot.bound else { continue };
            let Some(feed) = sources.get_mut(&bound.source) else { continue };
            if feed.codec().is_some_and(|codec| slot.formats.number(codec).is_none()) {
                slot.forwarder.aim(None);
                (slot.has, slot.paused) = (Has::Nothing, Some(Pause::Codec));
                continue;
            }
            slots.push((*mid, bound.source));
            let mut costs = feed.costs(media);
            if slot.kind == Kind::Audio && lossy {
                costs.iter_mut().flatten().for_each(|cost| cost.0 = cost.0 * TWICE / 100);
            }
            wishes.push(Wish { rank: bound.rank, most: bound.most, costs, has: slot.has });
        }
        let holds = peer.holds(now);
        let everything = peer.allocator.allocate(media, holds, wishes, aims);
        for ((mid, source), aim) in slots.iter().zip(&*aims) {
            let (Some(slot), Some(feed)) = (peer.slots.get_mut(mid), sources.get_mut(source)) else { continue };
            let flowed = !matches!(slot.has, Has::Nothing | Has::New);
            slot.has = Has::from(*aim);
            slot.forwarder.aim(*aim);
            slot.paused = match aim {
                None => Some(Pause::Connection),
                Some(_) if slot.kind == Kind::Video && feed.is_silent(media) => Some(Pause::Source),
                Some(_) => None,
            };
            match aim {
                None if flowed => slot.halt(*mid, &mut peer.rtc),
                None => {}
                Some(_) => slot.go_on(*mid, &mut peer.rtc),
            }
        }
        peer.halts();
        peer.wishes(everything);
        peer.slots.iter_mut().filter_map(|(mid, slot)| Some((mid.to_string(), news(slot, counters)?))).collect()
    }
}

/// What this slot shows now, if that is not what was told last.
fn news(slot: &mut Slot, counters: &Counters) -> Option<Shown> {
    let shows = slot.shows().filter(|_| slot.kind == Kind::Video && slot.bound.is_some())?;
    let before = slot.shown.replace(shows);
    if before == Some(shows) {
        return None;
    }
    match place(before).zip(place(Some(shows))) {
        Some((before, now)) if now > before => counters.switched.up.inc(),
        Some((before, now)) if now < before => counters.switched.down.inc(),
        _ => {}
    }
    Some(shows)
}

/// What is told, as far as bandwidth is why.
fn place(shown: Option<Shown>) -> Option<usize> {
    match shown? {
        Shown::Layer(layer) => Some(layer.number() + 1),
        Shown::Paused(Pause::Connection) => Some(0),
        Shown::Paused(_) => None,
    }
}

//! What is known of one peer's connection: the engine's own statistics, added to the worker's counters as they grow.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use str0m::media::{Mid, Rid};
use str0m::stats::{MediaEgressStats, MediaIngressStats, PeerStats};

use super::counters::{Counters, Report};
use crate::model::id::PeerId;
use crate::model::layer::{LAYERS, Layer};
use crate::model::track::Codec;
use crate::proto::rtp::picture_size;

/// How often the engine tells its statistics.
pub(super) const EVERY: Duration = Duration::from_secs(1);
/// Packets that may be missing in one gap; a larger one is another stream, not a loss.
const GAP: u64 = 1000;

/// Part of what is sent that gets lost, from which on sound is sent twice; and seconds with less until it is not any more.
const LOSSY: f32 = 0.02;
const CALM: u32 = 20;

/// Who connects: see [`super::Counters`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Connecting,
    Connected,
    Lost,
}

/// The order in which the packets of one section come.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    ssrc: u32,
    highest: Option<u64>,
}

impl Arrivals {
    /// A packet came: so many before it are missing, or it is one that was.
    pub(super) fn came(&mut self, ssrc: u32, seq: u64) -> Arrival {
        let same = std::mem::replace(&mut self.ssrc, ssrc) == ssrc;
        match self.highest.filter(|_| same) {
            Some(highest) if seq <= highest => Arrival::Late,
            before => {
                self.highest = Some(seq);
                let missing = before.map_or(0, |highest| seq - highest - 1);
                Arrival::Next { missing: if missing > GAP { 0 } else { missing } }
            }
        }
    }
}

/// See [`Arrivals::came`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    Next { missing: u64 },
    Late,
}

/// The last known totals of a section in one direction.
#[derive(Debug, Default, Clone, Copy)]
struct Totals {
    bytes: u64,
    packets: u64,
    nacks: u64,
    keyframe_requests: u64,
    lost: u64,
    resent: u64,
    /// Packets that we handed to the engine.
    written: u64,
    loss: Option<f32>,
}

pub(super) struct Seen {
    counters: Arc<Counters>,
    round_trip: Option<Duration>,
    inbound: HashMap<(Mid, Option<Rid>), Totals>,
    outbound: HashMap<Mid, Totals>,
    missing: u64,
    recovered: u64,
    /// The last packet of each layer that began a keyframe.
    keyframes: [Option<(Codec, Arc<[u8]>)>; LAYERS],
    /// Which part of what was sent did not arrive over the last second, and how often that was little or nothing since it was
    /// more.
    loss: Option<f32>,
    calm: u32,
}

impl Seen {
    pub(super) fn new(counters: Arc<Counters>) -> Self {
        Self {
            counters,
            round_trip: None,
            inbound: HashMap::new(),
            outbound: HashMap::new(),
            missing: 0,
            recovered: 0,
            keyframes: Default::default(),
            loss: None,
            calm: CALM,
        }
    }

    pub(super) fn peer(&mut self, stats: &PeerStats) {
        let pair = stats.selected_candidate_pair.as_ref().and_then(|pair| pair.current_round_trip_time);
        self.round_trip = stats.rtt.or(pair).or(self.round_trip);
        self.loss = stats.egress_loss_fraction.or_else(|| self.worst());
        match self.loss {
            Some(loss) if loss >= LOSSY => self.calm = 0,
            _ => self.calm = self.calm.saturating_add(1),
        }
    }

    /// Whether so much gets lost on the way to it that sound is better sent twice.
    pub(super) fn is_lossy(&self) -> bool {
        self.calm < CALM
    }

    /// The worst that it said of any section.
    fn worst(&self) -> Option<f32> {
        self.outbound.values().filter_map(|totals| totals.loss).max_by(f32::total_cmp)
    }

    pub(super) fn ingress(&mut self, stats: &MediaIngressStats) {
        let last = self.inbound.entry((stats.mid, stats.rid)).or_default();
        let asked = stats.plis + stats.firs;
        self.counters.nacks.sent.add(stats.nacks.saturating_sub(last.nacks));
        self.counters.keyframe_requests.sent.add(asked.saturating_sub(last.keyframe_requests));
        (last.bytes, last.packets) = (stats.bytes, stats.packets);
        (last.nacks, last.keyframe_requests) = (stats.nacks, asked);
    }

    pub(super) fn egress(&mut self, stats: &MediaEgressStats) {
        let last = self.outbound.entry(stats.mid).or_default();
        let asked = stats.plis + stats.firs;
        self.counters.nacks.received.add(stats.nacks.saturating_sub(last.nacks));
        self.counters.keyframe_requests.received.add(asked.saturating_sub(last.keyframe_requests));
        // The engine counts what it sends again among the rest; some of what was written may still be with it.
        let resent = stats.packets.saturating_sub(last.written).max(last.resent);
        self.counters.retransmitted.add(resent - last.resent);
        let lost = stats.remote.as_ref().map_or(last.lost, |remote| remote.packets_lost);
        self.counters.reported_lost.add(lost.saturating_sub(last.lost));
        (last.bytes, last.packets, last.resent, last.lost) = (stats.bytes, stats.packets, resent, lost);
        (last.nacks, last.keyframe_requests) = (stats.nacks, asked);
        last.loss = stats.loss.or(last.loss);
    }

    /// So many packets were handed to the engine for this section.
    pub(super) fn written(&mut self, mid: Mid, packets: u64) {
        self.outbound.entry(mid).or_default().written += packets;
    }

    pub(super) fn arrived(&mut self, arrival: &Arrival) {
        match arrival {
            Arrival::Next { missing } => {
                self.missing += missing;
                self.counters.missing.add(*missing);
            }
            Arrival::Late => {
                self.recovered += 1;
                self.counters.recovered.inc();
            }
        }
    }

    /// This packet begins a keyframe: it holds the size of the picture, which is read when somebody asks.
    pub(super) fn keyframe(&mut self, codec: Codec, layer: Layer, payload: &Arc<[u8]>) {
        self.keyframes[layer.number()] = Some((codec, payload.clone()));
    }

    pub(super) fn report(&self, peer: PeerId) -> Report {
        fn sum<K>(of: &HashMap<K, Totals>, what: fn(&Totals) -> u64) -> u64 {
            of.values().map(what).sum()
        }
        let sizes = self.keyframes.iter().flatten().filter_map(|(codec, payload)| picture_size(*codec, payload));
        Report {
            peer,
            round_trip: self.round_trip,
            received_bytes: sum(&self.inbound, |totals| totals.bytes),
            sent_bytes: sum(&self.outbound, |totals| totals.bytes),
            received_packets: sum(&self.inbound, |totals| totals.packets),
            lost_packets: self.missing.saturating_sub(self.recovered),
            sent_packets: sum(&self.outbound, |totals| totals.packets),
            resent_packets: sum(&self.outbound, |totals| totals.resent),
            reported_loss: self.worst(),
            picture: sizes.max_by_key(|(width, height)| u64::from(*width) * u64::from(*height)),
            estimate: None,
            shown: Vec::new(),
            freezes: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_missing_until_a_late_packet_fills_it() {
        let mut arrivals = Arrivals::default();
        assert_eq!(arrivals.came(1, 10), Arrival::Next { missing: 0 }, "nothing is known before the first");
        assert_eq!(arrivals.came(1, 11), Arrival::Next { missing: 0 });
        assert_eq!(arrivals.came(1, 14), Arrival::Next { missing: 2 });
        assert_eq!(arrivals.came(1, 12), Arrival::Late);
        assert_eq!(arrivals.came(2, 90), Arrival::Next { missing: 0 }, "another stream counts by itself");
        assert_eq!(arrivals.came(2, 90 + GAP + 2), Arrival::Next { missing: 0 }, "a jump is no loss");
    }
}

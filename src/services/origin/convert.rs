//! Derives the form of a track that its publisher does not make. A conversion sleeps while nobody reads its result.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::Counters;
use super::actor::Converting;
use crate::model::count::Gauge;
use crate::model::layer::{Layer, Layers};
use crate::model::packet::Packet;
use crate::model::ring::{Demand, Gate, Next, PACKETS, Reader, Source, UNITS, Writer, ring};
use crate::model::time::{MediaTime, Timeline};
use crate::model::track::Codec;
use crate::model::unit::Unit;
use crate::proto::rtp::{Depacketizer, Packetizer};
use crate::proto::sfu::{ASK_AGAIN, Forwarder};
use crate::services::supervisor::Pauses;

/// How often packets that wait for a missing one are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Packets to units; `None` if the codec has no packets.
pub(super) fn depacketize(
    codec: Codec,
    source: Source<Packet>,
    with: &Converting,
    cancel: CancellationToken,
) -> Option<Source<Unit>> {
    Depacketizer::new(codec)?;
    let (mut writer, derived) = ring(UNITS);
    let demand = writer.demand();
    let (counters, timeline) = (with.counters.clone(), with.timeline);
    let convert = async move |reader: Reader<Packet>, demand: &mut Demand| {
        let Some(mut taken) = Taken::new(codec) else {
            return Ended::Source;
        };
        taken.wish(demand.layers().highest(), &reader);
        to_units(reader, demand, taken, (timeline, &counters), &mut writer).await
    };
    let convert = while_read(with.counters.converting.clone(), with.pauses(), demand, source, convert);
    with.tasks.spawn(cancel.run_until_cancelled_owned(convert));
    Some(derived)
}

/// Units to packets; `None` if the codec has no packets.
pub(super) fn packetize(
    codec: Codec,
    source: Source<Unit>,
    with: &Converting,
    cancel: CancellationToken,
) -> Option<Source<Packet>> {
    let mut packetizer = Packetizer::new(codec)?;
    let (mut writer, derived) = ring(PACKETS);
    let demand = writer.demand();
    let counters = with.counters.clone();
    let convert = async move |reader, demand: &mut Demand| {
        to_packets(reader, demand, &mut packetizer, &counters, &mut writer).await
    };
    let convert = while_read(with.counters.converting.clone(), with.pauses(), demand, source, convert);
    with.tasks.spawn(cancel.run_until_cancelled_owned(convert));
    Some(derived)
}

/// Why a conversion stopped.
enum Ended {
    /// Nobody reads the result any more.
    Demand,
    /// There is nothing left to convert.
    Source,
}

/// Runs `convert` with a fresh reader of `source` whenever somebody reads the result. A conversion that fails begins anew; its
/// readers wait meanwhile.
async fn while_read<T>(
    converting: Arc<Gauge>,
    mut pauses: Pauses,
    mut demand: Demand,
    source: Source<T>,
    mut convert: impl AsyncFnMut(Reader<T>, &mut Demand) -> Ended,
) {
    loop {
        while demand.readers() == 0 {
            demand.changed().await;
        }
        let _converting = converting.hold();
        let reader = source.reader(Gate::default());
        if let Some(Ended::Source) = pauses.attempt(convert(reader, &mut demand)).await {
            return;
        }
    }
}

/// Puts the packets of a track together, of the largest layer that flows and is of use to somebody who reads the units; it goes on with
/// another at a keyframe.
struct Taken {
    forwarder: Forwarder,
    depacketizer: Depacketizer,
    codec: Codec,
    /// No other layer is taken.
    only: Option<Layer>,
    layer: Option<Layer>,
    asked: Option<MediaTime>,
}

impl Taken {
    fn new(codec: Codec) -> Option<Self> {
        Some(Self {
            forwarder: Forwarder::new(codec.kind(), codec.clock_rate(), 1),
            depacketizer: Depacketizer::new(codec)?,
            codec,
            only: None,
            layer: None,
            asked: None,
        })
    }

    /// No larger layer than this is of use to anybody, or none at all; nobody has to send the others for this.
    fn wish(&mut self, largest: Option<Layer>, reader: &Reader<Packet>) {
        if reader.is_steady() {
            // The one that is wanted comes as long as it is wanted.
            self.only = largest.and_then(|largest| Layers::only(largest).of(reader.layers()).highest());
            self.forwarder.aim(self.only);
            reader.want(self.only.map_or(Layers::NONE, Layers::only));
        } else {
            self.forwarder.aim(largest);
            reader.want(largest.map_or(Layers::NONE, Layers::up_to));
        }
    }

    fn push(&mut self, packet: Packet, now: MediaTime, units: &mut Vec<Unit>) {
        if packet.codec.kind() != self.codec.kind() || self.only.is_some_and(|only| packet.layer != only) {
            return;
        }
        let Some(header) = self.forwarder.forward(&packet) else {
            return;
        };
        if packet.codec != self.codec
            && let Some(other) = Depacketizer::new(packet.codec)
        {
            (self.depacketizer, self.codec) = (other, packet.codec);
        }
        // What has come of a picture of the layer before will not become whole.
        if self.layer.replace(packet.layer).is_some_and(|before| before != packet.layer) {
            self.depacketizer.lost();
        }
        let packet = Packet { seq: header.seq, rtp_time: header.rtp_time.into(), ..packet };
        self.depacketizer.push(packet, now, units);
    }

    /// Packets were missed.
    fn lost(&mut self) {
        self.forwarder.restart();
        self.depacketizer.lost();
    }

    /// The layer of which the source should be asked for a keyframe now.
    fn asks_keyframe(&mut self, now: MediaTime) -> Option<Layer> {
        if let Some(layer) = self.forwarder.asks_keyframe(now) {
            self.asked = Some(now);
            return Some(layer);
        }
        let early = self.asked.is_some_and(|asked| now.since(asked) < ASK_AGAIN.as_nanos() as i64);
        let layer = self.layer.filter(|_| !early && self.depacketizer.needs_keyframe())?;
        self.asked = Some(now);
        Some(layer)
    }
}

async fn to_units(
    mut reader: Reader<Packet>,
    demand: &mut Demand,
    mut taken: Taken,
    (timeline, counters): (Timeline, &Counters),
    writer: &mut Writer<Unit>,
) -> Ended {
    let mut look = tokio::time::interval(LOOK);
    let mut units = Vec::new();
    loop {
        let next = tokio::select! {
            next = reader.next() => Some(next),
            wanted = demand.changed() => {
                if wanted.readers == 0 {
                    return Ended::Demand;
                }
                taken.wish(wanted.layers.highest(), &reader);
                // Whoever comes to a stream that runs needs a keyframe of its own.
                if let Some(layer) = taken.layer {
                    reader.request_keyframes(Layers::only(layer));
                }
                None
            }
            _ = look.tick() => None,
        };
        let now = timeline.media(Instant::now());
        match next {
            Some(Next::Item(packet)) => taken.push(packet, now, &mut units),
            Some(Next::Lagged(lost)) => {
                counters.skipped.add(lost);
                taken.lost();
            }
            Some(Next::Closed | Next::Revoked) => return Ended::Source,
            None => taken.depacketizer.tick(now, &mut units),
        }
        if let Some(layer) = taken.asks_keyframe(now) {
            reader.request_keyframes(Layers::only(layer));
        }
        for unit in units.drain(..) {
            writer.push(unit);
        }
    }
}

async fn to_packets(
    mut reader: Reader<Unit>,
    demand: &mut Demand,
    packetizer: &mut Packetizer,
    counters: &Counters,
    writer: &mut Writer<Packet>,
) -> Ended {
    let mut packets = Vec::new();
    loop {
        tokio::select! {
            next = reader.next() => match next {
                Next::Item(unit) => packetizer.push(&unit, &mut packets),
                // A hole in the numbers would be asked for again by every receiver, in vain: a keyframe mends it.
                Next::Lagged(lost) => {
                    counters.skipped.add(lost);
                    reader.request_keyframe();
                }
                Next::Closed | Next::Revoked => return Ended::Source,
            },
            wanted = demand.changed() => {
                if wanted.readers == 0 {
                    return Ended::Demand;
                }
                if !wanted.keyframes.is_empty() {
                    reader.request_keyframe();
                }
            }
        }
        for packet in packets.drain(..) {
            writer.push(packet);
        }
    }
}

//! Derives the form of a track that its publisher does not make. A conversion sleeps while nobody reads its result.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::packet::Packet;
use crate::model::ring::{Demand, Gate, Next, PACKETS, Reader, Source, UNITS, Writer, ring};
use crate::model::time::Timeline;
use crate::model::track::Codec;
use crate::model::unit::Unit;
use crate::proto::rtp::{Depacketizer, Packetizer};
use crate::proto::sfu::ASK_AGAIN;

/// How often packets that wait for a missing one are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Packets to units; `None` if the codec has no packets.
pub(super) fn depacketize(
    codec: Codec,
    source: Source<Packet>,
    timeline: Timeline,
    tasks: &TaskTracker,
    cancel: CancellationToken,
) -> Option<Source<Unit>> {
    Depacketizer::new(codec)?;
    let (mut writer, derived) = ring(UNITS);
    let demand = writer.demand();
    tasks.spawn(cancel.run_until_cancelled_owned(while_read(demand, source, async move |reader, demand| {
        let Some(depacketizer) = Depacketizer::new(codec) else {
            return Ended::Source;
        };
        to_units(reader, demand, depacketizer, timeline, &mut writer).await
    })));
    Some(derived)
}

/// Units to packets; `None` if the codec has no packets.
pub(super) fn packetize(
    codec: Codec,
    source: Source<Unit>,
    tasks: &TaskTracker,
    cancel: CancellationToken,
) -> Option<Source<Packet>> {
    let mut packetizer = Packetizer::new(codec)?;
    let (mut writer, derived) = ring(PACKETS);
    let demand = writer.demand();
    tasks.spawn(cancel.run_until_cancelled_owned(while_read(demand, source, async move |reader, demand| {
        to_packets(reader, demand, &mut packetizer, &mut writer).await
    })));
    Some(derived)
}

/// Why a conversion stopped.
enum Ended {
    /// Nobody reads the result any more.
    Demand,
    /// There is nothing left to convert.
    Source,
}

/// Runs `convert` with a fresh reader of `source` whenever somebody reads the result.
async fn while_read<T>(
    mut demand: Demand,
    source: Source<T>,
    mut convert: impl AsyncFnMut(Reader<T>, &mut Demand) -> Ended,
) {
    loop {
        while demand.changed().await.readers == 0 {}
        let reader = source.reader(Gate::default());
        reader.request_keyframe();
        if matches!(convert(reader, &mut demand).await, Ended::Source) {
            return;
        }
    }
}

async fn to_units(
    mut reader: Reader<Packet>,
    demand: &mut Demand,
    mut depacketizer: Depacketizer,
    timeline: Timeline,
    writer: &mut Writer<Unit>,
) -> Ended {
    let mut look = tokio::time::interval(LOOK);
    let mut asked = Instant::now();
    let mut units = Vec::new();
    loop {
        let next = tokio::select! {
            next = reader.next() => Some(next),
            wanted = demand.changed() => {
                if wanted.readers == 0 {
                    return Ended::Demand;
                }
                // Whoever comes to a stream that runs needs a keyframe of its own.
                reader.request_keyframe();
                None
            }
            _ = look.tick() => None,
        };
        let now = Instant::now();
        match next {
            Some(Next::Item(packet)) => depacketizer.push(packet, timeline.media(now), &mut units),
            Some(Next::Lagged(_)) => depacketizer.lost(),
            Some(Next::Closed | Next::Revoked) => return Ended::Source,
            None => depacketizer.tick(timeline.media(now), &mut units),
        }
        if depacketizer.needs_keyframe() && now.duration_since(asked) >= ASK_AGAIN {
            asked = now;
            reader.request_keyframe();
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
    writer: &mut Writer<Packet>,
) -> Ended {
    let mut packets = Vec::new();
    loop {
        tokio::select! {
            next = reader.next() => match next {
                Next::Item(unit) => packetizer.push(&unit, &mut packets),
                // A hole in the numbers would be asked for again by every receiver, in vain: a keyframe mends it.
                Next::Lagged(_) => reader.request_keyframe(),
                Next::Closed | Next::Revoked => return Ended::Source,
            },
            wanted = demand.changed() => {
                if wanted.readers == 0 {
                    return Ended::Demand;
                }
                if wanted.keyframe {
                    reader.request_keyframe();
                }
            }
        }
        for packet in packets.drain(..) {
            writer.push(packet);
        }
    }
}

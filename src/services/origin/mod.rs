//! Live publications: who makes media publishes here, who takes media subscribes here.
//!
//! Every subscription names a purpose, and every publication has an audience: what is outside it is refused, and what falls
//! out of it ends at once. A track has one native form, packets or units; the other is derived at most once, while somebody
//! reads it. Media itself never passes through the actor: it hands out readers of rings.

mod actor;
mod convert;
mod counters;
mod state;

pub use counters::{Counters, Inventory};

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::id::PublicationId;
use crate::model::packet::Packet;
use crate::model::purpose::{Audience, Purpose};
use crate::model::ring::{Reader, Source};
use crate::model::time::Timeline;
use crate::model::track::{Codec, Kind};
use crate::model::unit::Unit;
use crate::services::supervisor::Supervisor;

/// Commands that wait for the actor; senders wait while it is full.
const COMMANDS: usize = 64;

/// Why a subscription is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such publication, or it has ended.
    #[error("publication {0} has ended")]
    Unknown(PublicationId),
    /// Its audience does not include this purpose.
    #[error("publication {0} is not for {1:?}")]
    Refused(PublicationId, Purpose),
    /// It has no such track, or not in this form.
    #[error("publication {0} has no such track")]
    NoTrack(PublicationId),
    /// The box is shutting down.
    #[error("the box is shutting down")]
    Closed,
}

/// A track as its publisher makes it; the publisher keeps the writer of the ring, and dropping it ends the track.
pub enum Native {
    /// RTP packets.
    Packets(Codec, Source<Packet>),
    /// Whole units.
    Units(Codec, Source<Unit>),
}

impl Native {
    /// How it is coded.
    pub fn codec(&self) -> Codec {
        match self {
            Self::Packets(codec, _) | Self::Units(codec, _) => *codec,
        }
    }
}

enum Command {
    Publish { id: PublicationId, audience: Audience, done: oneshot::Sender<()> },
    Track { id: PublicationId, native: Native, done: oneshot::Sender<Result<(), Error>> },
    Unpublish { id: PublicationId },
    Audience { id: PublicationId, audience: Audience, done: oneshot::Sender<()> },
    Packets { id: PublicationId, kind: Kind, purpose: Purpose, reader: oneshot::Sender<Result<Reader<Packet>, Error>> },
    Units { id: PublicationId, codec: Codec, purpose: Purpose, reader: oneshot::Sender<Result<Reader<Unit>, Error>> },
    Inventory { done: oneshot::Sender<Inventory> },
}

/// The way to the origin; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    counters: Arc<Counters>,
}

impl Handle {
    /// Begins a publication without tracks. The same id again keeps its tracks and changes its audience.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn publish(&self, id: PublicationId, audience: Audience) -> Result<(), Error> {
        self.ask(|done| Command::Publish { id, audience, done }).await
    }

    /// Adds a track, or replaces the one of the same codec, and pictures whatever their codec: readers of the old one see its
    /// end.
    ///
    /// # Errors
    /// [`Error::Unknown`] and [`Error::Closed`].
    pub async fn track(&self, id: PublicationId, native: Native) -> Result<(), Error> {
        self.ask(|done| Command::Track { id, native, done }).await?
    }

    /// Ends a publication: every reader of it ends.
    pub async fn unpublish(&self, id: PublicationId) {
        // When the actor is gone, so is the publication.
        let _ = self.commands.send(Command::Unpublish { id }).await;
    }

    /// Changes who may take a publication. When this returns, whoever may not has read the last of it.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn set_audience(&self, id: PublicationId, audience: Audience) -> Result<(), Error> {
        self.ask(|done| Command::Audience { id, audience, done }).await
    }

    /// Subscribes to the packets of the track of this kind.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Refused`], [`Error::NoTrack`] (also for AAC, which has no packets) and [`Error::Closed`].
    pub async fn packets(&self, id: PublicationId, kind: Kind, purpose: Purpose) -> Result<Reader<Packet>, Error> {
        self.ask(|reader| Command::Packets { id, kind, purpose, reader }).await?
    }

    /// Subscribes to the units of the track of this codec.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Refused`], [`Error::NoTrack`] and [`Error::Closed`].
    pub async fn units(&self, id: PublicationId, codec: Codec, purpose: Purpose) -> Result<Reader<Unit>, Error> {
        self.ask(|reader| Command::Units { id, codec, purpose, reader }).await?
    }

    /// What the conversions have done.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What there is now.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn inventory(&self) -> Result<Inventory, Error> {
        self.ask(|done| Command::Inventory { done }).await
    }

    /// Waits until the actor has ended, by itself or by a failure.
    pub async fn ended(&self) {
        self.commands.closed().await;
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(answer)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)
    }
}

/// Starts the actor on `tasks`; it ends with `cancel`. Conversions that fail are started again by the supervisor.
pub fn start(timeline: Timeline, supervisor: Supervisor, tasks: &TaskTracker, cancel: CancellationToken) -> Handle {
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let counters: Arc<Counters> = Arc::default();
    let converting = actor::Converting { counters: counters.clone(), supervisor, timeline, tasks: tasks.clone() };
    tasks.spawn(actor::run(inbox, state::State::default(), converting, cancel));
    Handle { commands, counters }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::layer::{Layer, Layers};
    use crate::model::ring::{Gate, Next, PACKETS, ring};
    use crate::model::time::MediaTime;
    use std::time::Instant;

    fn origin() -> (Handle, CancellationToken) {
        let cancel = CancellationToken::new();
        (start(Timeline::new(Instant::now(), 0, 0), Supervisor::default(), &TaskTracker::new(), cancel.clone()), cancel)
    }

    fn opus(seq: u64) -> Packet {
        Packet {
            codec: Codec::Opus,
            seq,
            rtp_time: seq * 960,
            time: MediaTime::from_millis(seq as i64 * 20),
            marker: false,
            keyframe: true,
            layer: Layer::LOWEST,
            level: None,
            payload: [0xf8, seq as u8][..].into(),
        }
    }

    #[tokio::test]
    async fn what_is_outside_the_audience_is_refused_and_what_falls_out_ends() {
        let (origin, _cancel) = origin();
        let id = PublicationId::from_bytes([1; 10]);
        let (mut writer, source) = ring(PACKETS);
        assert_eq!(
            origin.packets(id, Kind::Audio, Purpose::Call).await.err(),
            Some(Error::Unknown(id)),
            "nothing is there yet"
        );
        origin.publish(id, Audience::CALL).await.expect("the origin runs");
        origin.track(id, Native::Packets(Codec::Opus, source)).await.expect("it is published");
        let refused = origin.units(id, Codec::Opus, Purpose::OnAir).await.err();
        assert_eq!(refused, Some(Error::Refused(id, Purpose::OnAir)));
        assert_eq!(origin.packets(id, Kind::Video, Purpose::Call).await.err(), Some(Error::NoTrack(id)));

        let mut call = origin.packets(id, Kind::Audio, Purpose::Call).await.expect("the call may");
        origin.set_audience(id, Audience::CALL.with(Purpose::OnAir)).await.expect("the origin runs");
        let mut air = origin.packets(id, Kind::Audio, Purpose::OnAir).await.expect("now it may");
        writer.push(opus(0));
        assert!(matches!(air.next().await, Next::Item(_)));
        writer.push(opus(1));
        origin.set_audience(id, Audience::CALL).await.expect("the origin runs");
        assert!(matches!(air.try_next(), Some(Next::Revoked)), "not even what was written before");
        assert!(matches!(call.next().await, Next::Item(_)), "the call goes on");
    }

    #[tokio::test]
    async fn the_other_form_is_made_while_somebody_reads_it() {
        let (origin, _cancel) = origin();
        let id = PublicationId::from_bytes([2; 10]);
        let (mut writer, source) = ring(PACKETS);
        let mut demand = writer.demand();
        origin.publish(id, Audience::CALL).await.expect("the origin runs");
        origin.track(id, Native::Packets(Codec::Opus, source)).await.expect("it is published");
        assert_eq!(demand.changed().await.readers, 0, "nobody reads, nothing is converted");
        let mut first = origin.units(id, Codec::Opus, Purpose::Call).await.expect("the call may");
        let mut second = origin.units(id, Codec::Opus, Purpose::Screen).await.expect("the screen may");
        assert_eq!(demand.changed().await.readers, 1, "one conversion for both");
        for seq in 0..3 {
            writer.push(opus(seq));
        }
        for reader in [&mut first, &mut second] {
            for seq in 0..3u8 {
                match reader.next().await {
                    Next::Item(unit) => assert_eq!(unit.data[1], seq),
                    other => panic!("expected a unit, got {other:?}"),
                }
            }
        }
        let there = origin.inventory().await.expect("the origin runs");
        assert_eq!(there.publications, 1);
        assert_eq!(there.subscriptions, [1, 1, 0, 0, 0], "one for the call, one for the screen");
        assert_eq!(origin.counters().converting.get(), 1);
        drop((first, second));
        assert_eq!(demand.changed().await.readers, 0, "it stops when nobody reads any more");
        assert_eq!(origin.inventory().await.expect("the origin runs").subscriptions, [0; Purpose::ALL.len()]);
    }

    /// A picture of one packet of VP8.
    fn vp8(layer: Layer, picture: u64, keyframe: bool) -> Packet {
        Packet {
            codec: Codec::Vp8,
            seq: picture + 1000 * layer.number() as u64,
            rtp_time: picture * 3600 + layer.number() as u64,
            time: MediaTime::from_millis(picture as i64 * 40),
            marker: true,
            keyframe,
            layer,
            payload: [0x10, u8::from(!keyframe), layer.number() as u8][..].into(),
            ..opus(0)
        }
    }

    #[tokio::test]
    async fn units_are_of_the_largest_layer_that_flows_and_go_on_with_the_next_smaller_one() {
        let (origin, _cancel) = origin();
        let id = PublicationId::from_bytes([4; 10]);
        let (mut writer, source) = ring(PACKETS);
        let mut demand = writer.demand();
        origin.publish(id, Audience::CALL).await.expect("the origin runs");
        origin.track(id, Native::Packets(Codec::Vp8, source)).await.expect("it is published");
        assert_eq!(demand.changed().await.readers, 0);
        let mut units = origin.units(id, Codec::Vp8, Purpose::Call).await.expect("the call may");
        let middle = Layer::ALL[1];
        while demand.changed().await.keyframes.is_empty() {}
        let mut told = Vec::new();
        for picture in 0..60 {
            for layer in Layer::ALL.into_iter().take(if picture < 5 { 3 } else { 2 }) {
                writer.push(vp8(layer, picture, picture == 0 || picture == 45 && layer == middle));
            }
            // What a keyframe begins comes out, and what is behind it; while nothing does, it asks.
            if (5..45).contains(&picture) {
                continue;
            }
            while told.last() != Some(&(picture, if picture < 5 { 2 } else { 1 })) {
                match units.next().await {
                    Next::Item(unit) => told.push(((unit.pts.nanos() / 40_000_000) as u64, unit.data[1])),
                    other => panic!("expected a unit, got {other:?}"),
                }
            }
            if picture == 45 {
                let asked = demand.changed().await.keyframes;
                assert!(asked.has(middle), "it asked for what goes on: {asked:?}");
            }
        }
        let layers: Vec<u8> = told.iter().filter(|(picture, _)| *picture > 0).map(|(_, layer)| *layer).collect();
        assert_eq!(layers, [[2; 4].as_slice(), &[1; 15]].concat());
        assert!(told.is_sorted_by_key(|(picture, _)| *picture), "{told:?}");
    }

    #[tokio::test]
    async fn a_reader_of_units_that_needs_no_large_picture_has_nobody_send_one() {
        let (origin, _cancel) = origin();
        let id = PublicationId::from_bytes([6; 10]);
        let (mut writer, source) = ring(PACKETS);
        let [low, middle, high] = Layer::ALL;
        writer.set_layers(Layers::ALL);
        let mut demand = writer.demand();
        origin.publish(id, Audience::CALL).await.expect("the origin runs");
        origin.track(id, Native::Packets(Codec::Vp8, source)).await.expect("it is published");
        let mut units = origin.units(id, Codec::Vp8, Purpose::Call).await.expect("the call may");
        units.want(Layers::up_to(middle));
        while demand.changed().await.layers != Layers::up_to(middle) {}
        for picture in 0..5 {
            for layer in [low, middle, high] {
                writer.push(vp8(layer, picture, picture == 0));
            }
        }
        loop {
            match units.next().await {
                // The first one of all may be small: it is there first.
                Next::Item(unit) if unit.pts.nanos() == 0 => {
                    assert!(unit.data[1] < 2, "the large one is of use to nobody")
                }
                Next::Item(unit) => {
                    assert_eq!(unit.data[1], 1);
                    if unit.pts.nanos() / 40_000_000 == 4 {
                        break;
                    }
                }
                other => panic!("expected a unit, got {other:?}"),
            }
        }
        // Somebody else needs the large one; when they are gone, it is not sent any more.
        let large = origin.units(id, Codec::Vp8, Purpose::Screen).await.expect("the screen may");
        while demand.changed().await.layers != Layers::ALL {}
        drop(large);
        while demand.changed().await.layers != Layers::up_to(middle) {}
        units.want(Layers::NONE);
        while !demand.changed().await.layers.is_empty() {}
    }

    #[tokio::test]
    async fn of_what_is_made_here_the_largest_layer_alone_is_wanted_for_units_and_nothing_else_is_taken() {
        let (origin, _cancel) = origin();
        let id = PublicationId::from_bytes([5; 10]);
        let (mut writer, source) = ring(PACKETS);
        let [low, middle, _] = Layer::ALL;
        writer.set_layers(Layers::up_to(middle));
        writer.set_steady();
        let mut demand = writer.demand();
        let other = source.reader(Gate::default());
        other.want(Layers::only(low));
        origin.publish(id, Audience::CALL).await.expect("the origin runs");
        origin.track(id, Native::Packets(Codec::Vp8, source)).await.expect("it is published");
        assert_eq!(demand.changed().await.layers, Layers::only(low));
        let mut units = origin.units(id, Codec::Vp8, Purpose::Call).await.expect("the call may");
        let mut wanted = demand.changed().await;
        while wanted.keyframes.is_empty() {
            wanted = demand.changed().await;
        }
        assert_eq!((wanted.keyframes, wanted.layers), (Layers::only(middle), Layers::up_to(middle)));
        for picture in 0..5 {
            for layer in [low, middle] {
                writer.push(vp8(layer, picture, picture == if layer == low { 0 } else { 2 }));
            }
        }
        for picture in 2..5 {
            match units.next().await {
                Next::Item(unit) => assert_eq!((unit.pts.nanos() / 40_000_000, unit.data[1]), (picture, 1)),
                other => panic!("expected a unit, got {other:?}"),
            }
        }
        drop(other);
        assert_eq!(demand.layers(), Layers::only(middle), "nobody has to make the small one for this");
    }

    #[tokio::test]
    async fn pictures_in_another_codec_take_the_place_of_those_before() {
        let (origin, _cancel) = origin();
        let id = PublicationId::from_bytes([4; 10]);
        origin.publish(id, Audience::CALL).await.expect("the origin runs");
        let rings: Vec<_> = (0..3).map(|_| ring(PACKETS)).collect();
        for ((_, source), codec) in rings.iter().zip([Codec::Opus, Codec::H264, Codec::Vp8]) {
            if codec == Codec::Vp8 {
                let mut old = origin.packets(id, Kind::Video, Purpose::Call).await.expect("the call may");
                origin.track(id, Native::Packets(codec, source.clone())).await.expect("it is published");
                assert!(matches!(old.next().await, Next::Revoked));
            } else {
                origin.track(id, Native::Packets(codec, source.clone())).await.expect("it is published");
            }
        }
        assert_eq!(origin.units(id, Codec::H264, Purpose::Call).await.err(), Some(Error::NoTrack(id)));
        assert!(origin.units(id, Codec::Vp8, Purpose::Call).await.is_ok());
        assert!(origin.packets(id, Kind::Audio, Purpose::Call).await.is_ok(), "the sound stays");
    }

    #[tokio::test]
    async fn nobody_is_given_a_track_of_which_nothing_will_come_any_more() {
        let (origin, _cancel) = origin();
        let id = PublicationId::from_bytes([6; 10]);
        let (writer, source) = ring(PACKETS);
        origin.publish(id, Audience::CALL).await.expect("the origin runs");
        origin.track(id, Native::Packets(Codec::Opus, source)).await.expect("it is published");
        let mut before = origin.units(id, Codec::Opus, Purpose::Call).await.expect("the call may");
        drop(writer);
        assert!(matches!(before.next().await, Next::Closed));
        assert_eq!(origin.packets(id, Kind::Audio, Purpose::Call).await.err(), Some(Error::NoTrack(id)));
        assert_eq!(origin.units(id, Codec::Opus, Purpose::Call).await.err(), Some(Error::NoTrack(id)));
    }

    #[tokio::test]
    async fn an_ended_publication_ends_its_readers() {
        let (origin, _cancel) = origin();
        let id = PublicationId::from_bytes([3; 10]);
        let (_writer, source) = ring(PACKETS);
        let _other = source.reader(Gate::default());
        origin.publish(id, Audience::CALL).await.expect("the origin runs");
        origin.track(id, Native::Packets(Codec::Opus, source)).await.expect("it is published");
        let mut packets = origin.packets(id, Kind::Audio, Purpose::Call).await.expect("the call may");
        let mut units = origin.units(id, Codec::Opus, Purpose::Call).await.expect("the call may");
        origin.unpublish(id).await;
        assert!(matches!(packets.next().await, Next::Revoked));
        assert!(matches!(units.next().await, Next::Revoked));
    }
}

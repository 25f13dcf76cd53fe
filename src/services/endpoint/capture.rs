//! The box's camera and microphone: open while somebody takes them and they are not muted.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Config, Devices, Parts};
use crate::drivers::pipeline::{
    self, CameraEncoder, CameraSource, CameraSpec, Event, Keyframes, MicrophoneSource, MicrophoneSpec, Running,
};
use crate::model::id::{ParticipantId, PublicationId, RoomId};
use crate::model::ring::{Demand, Gate, Next, Reader, UNITS, Writer, ring};
use crate::model::track::{Codec, Kind};
use crate::model::unit::Unit;
use crate::services::origin::Native;
use crate::services::room::{BoxTracks, Participant};
use crate::services::supervisor::Part;

/// How long a device stays open when nobody takes it any more: a layout change must not blink the camera's light.
const LINGER: Duration = Duration::from_secs(2);
/// How long the stand-in serves before a device that failed is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// Captures for one call.
#[derive(Clone)]
pub(super) struct Capture {
    pub(super) config: Config,
    pub(super) parts: Parts,
    pub(super) devices: Arc<Devices>,
    pub(super) room: RoomId,
    pub(super) who: ParticipantId,
    pub(super) publication: PublicationId,
    pub(super) tracks: BoxTracks,
}

/// Why a device is not used any more.
enum Ended {
    /// Nobody takes it, or it is muted.
    Idle,
    /// It failed.
    Failed,
    /// The stand-in has served long enough: the device is tried again.
    Again,
    /// The room speaks another codec.
    Codec,
    /// The call is over.
    Over,
}

/// A device, or its stand-in, that is open.
struct Opened {
    running: Running,
    units: Reader<Unit>,
    keyframes: Option<Keyframes>,
    /// When the device itself is tried again.
    again: Option<Instant>,
}

impl Capture {
    /// Publishes both, on `tasks`, until `stop`.
    pub(super) fn start(self, tasks: &TaskTracker, stop: &CancellationToken) {
        for kind in [Kind::Audio, Kind::Video] {
            let there = match kind {
                Kind::Audio => self.devices.microphone.is_there(),
                Kind::Video => self.devices.camera.is_there(),
            };
            if there {
                let capture = self.clone();
                tasks.spawn(stop.clone().run_until_cancelled_owned(async move { capture.keep(kind).await }));
            }
        }
    }

    /// A capture that failed, or has to speak another codec, begins anew, and says so, for who forwards it has lost it.
    async fn keep(self, kind: Kind) {
        let mut again = false;
        let mut pauses = self.parts.seen.supervisor.pauses(Part::Capture);
        while !matches!(pauses.attempt(self.run(kind, again)).await, Some(Ended::Over)) {
            again = true;
        }
    }

    /// What the call is to be given now; `None` when it is over.
    fn codec(&self, kind: Kind) -> Option<Codec> {
        let room = self.parts.rooms.room(self.room).ok()?;
        Some(match kind {
            Kind::Audio => Codec::Opus,
            Kind::Video => room.codec,
        })
    }

    /// One track for as long as the call speaks its codec, whatever devices and stand-ins make it meanwhile.
    async fn run(&self, kind: Kind, again: bool) -> Ended {
        let Some(codec) = self.codec(kind) else {
            return Ended::Over;
        };
        let (mut track, source) = ring(UNITS);
        let mut demand = track.demand();
        if let Err(error) = self.parts.origin.track(self.publication, Native::Units(codec, source)).await {
            tracing::warn!(%error, ?kind, "the box can't publish");
            return Ended::Over;
        }
        if again {
            self.parts.rooms.box_tracks(self.who, self.tracks).await;
        }
        let mut failed: Option<Instant> = None;
        loop {
            if let Some(ended) = self.wait(kind, codec, &mut demand).await {
                return ended;
            }
            let standing_in = failed.is_some_and(|at| at.elapsed() < AGAIN);
            match self.open((kind, codec), &mut track, &mut demand, standing_in).await {
                Ended::Idle => {}
                Ended::Failed => failed = Some(Instant::now()),
                Ended::Again => failed = None,
                ended @ (Ended::Codec | Ended::Over) => return ended,
            }
        }
    }

    /// Whether the box may be seen or heard; `None` when the call is over.
    fn open_to(&self, kind: Kind) -> Option<bool> {
        let room = self.parts.rooms.room(self.room).ok()?;
        room.participant(self.who).map(|me: &Participant| match kind {
            Kind::Audio => me.microphone,
            Kind::Video => me.camera,
        })
    }

    /// Waits until somebody takes it and it is not muted, or until there is no sense in that any more.
    async fn wait(&self, kind: Kind, codec: Codec, demand: &mut Demand) -> Option<Ended> {
        let mut rooms = self.parts.rooms.rooms();
        loop {
            rooms.mark_unchanged();
            match self.open_to(kind) {
                None => return Some(Ended::Over),
                Some(_) if self.codec(kind) != Some(codec) => return Some(Ended::Codec),
                Some(true) if demand.readers() > 0 => return None,
                Some(_) => {}
            }
            tokio::select! {
                _ = demand.changed() => {}
                changed = rooms.changed() => if changed.is_err() {
                    return Some(Ended::Over);
                },
            }
        }
    }

    async fn open(
        &self,
        (kind, codec): (Kind, Codec),
        track: &mut Writer<Unit>,
        demand: &mut Demand,
        standing_in: bool,
    ) -> Ended {
        let (writer, units) = ring(UNITS);
        let units = units.reader(Gate::default());
        let made = match kind {
            Kind::Audio => self.microphone(writer, standing_in).map(|running| (running, None)),
            Kind::Video => {
                self.camera(codec, writer, standing_in).map(|(running, keyframes)| (running, Some(keyframes)))
            }
        };
        let mut opened = match made {
            Ok((running, keyframes)) => {
                Opened { running, units, keyframes, again: standing_in.then(|| Instant::now() + AGAIN) }
            }
            Err(error) => {
                tracing::error!(%error, ?kind, "the box can't capture");
                tokio::time::sleep(LINGER).await;
                return Ended::Failed;
            }
        };
        tracing::info!(?kind, ?codec, standing_in, "capture is open");
        let ended = self.watch((kind, codec), &mut opened, track, demand).await;
        opened.running.stop().await;
        tracing::info!(?kind, "capture is closed");
        ended
    }

    async fn watch(
        &self,
        (kind, codec): (Kind, Codec),
        opened: &mut Opened,
        track: &mut Writer<Unit>,
        demand: &mut Demand,
    ) -> Ended {
        let mut rooms = self.parts.rooms.rooms();
        let mut idle: Option<Instant> = None;
        loop {
            rooms.mark_unchanged();
            match self.open_to(kind) {
                None => return Ended::Over,
                // Muted means closed, at once.
                Some(false) => return Ended::Idle,
                Some(true) if self.codec(kind) != Some(codec) => return Ended::Codec,
                Some(true) => {}
            }
            tokio::select! {
                next = opened.units.next() => match next {
                    Next::Item(unit) => track.push(unit),
                    Next::Lagged(lost) => tracing::warn!(?kind, lost, "capture is faster than its reader"),
                    // Its last event says why.
                    Next::Closed | Next::Revoked => return Self::ended(kind, &mut opened.running).await,
                },
                wanted = demand.changed() => {
                    if !wanted.keyframes.is_empty() && let Some(keyframes) = &opened.keyframes {
                        keyframes.request();
                    }
                    idle = (wanted.readers == 0).then(|| idle.unwrap_or_else(|| Instant::now() + LINGER));
                }
                changed = rooms.changed() => if changed.is_err() {
                    return Ended::Over;
                },
                () = at(opened.again) => return Ended::Again,
                () = at(idle) => return Ended::Idle,
            }
        }
    }

    /// Waits for the last word of a pipeline whose units have ended.
    async fn ended(kind: Kind, running: &mut Running) -> Ended {
        loop {
            match running.event().await {
                Event::Started => {}
                Event::Failed { element, reason, .. } => {
                    tracing::warn!(?kind, element, reason, "a device failed; its stand-in takes over");
                    return Ended::Failed;
                }
                Event::Stopped => return Ended::Failed,
            }
        }
    }

    fn camera(
        &self,
        codec: Codec,
        writer: Writer<Unit>,
        standing_in: bool,
    ) -> Result<(Running, Keyframes), pipeline::Error> {
        let chosen = self.devices.camera_source.clone().filter(|_| !standing_in);
        let source = chosen.unwrap_or(CameraSource::StandIn);
        let spec = CameraSpec {
            source,
            // Whoever shows it writes the name.
            caption: String::new(),
            width: self.config.width,
            height: self.config.height,
            fps: self.config.fps,
            bitrate: self.config.bitrate.bps() as u32,
            encoder: match codec {
                Codec::Vp8 => CameraEncoder::Vp8,
                Codec::H264 | Codec::Opus | Codec::Aac => CameraEncoder::H264(self.parts.encoder),
            },
        };
        pipeline::camera(&self.parts.seen.media, spec, self.parts.timeline, writer)
    }

    fn microphone(&self, writer: Writer<Unit>, standing_in: bool) -> Result<Running, pipeline::Error> {
        let chosen = self.devices.microphone_source.clone().filter(|_| !standing_in);
        let spec = MicrophoneSpec {
            source: chosen.unwrap_or(MicrophoneSource::StandIn),
            bitrate: self.config.audio_bitrate.bps() as u32,
        };
        pipeline::microphone(&self.parts.seen.media, spec, self.parts.timeline, writer)
    }
}

/// Waits until then; for ever if there is no such moment.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

//! The box's camera and microphone: open while somebody takes them and they are not muted.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Config, Devices, Parts};
use crate::drivers::pipeline::{
    self, CameraSource, CameraSpec, Event, Keyframes, MicrophoneSource, MicrophoneSpec, Running,
};
use crate::model::id::{ParticipantId, PublicationId, RoomId};
use crate::model::ring::{Demand, UNITS, Writer, ring};
use crate::model::track::{Codec, Kind};
use crate::model::unit::Unit;
use crate::services::origin::Native;
use crate::services::room::Participant;

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
}

/// Why a device is not used any more.
enum Ended {
    /// Nobody takes it, or it is muted.
    Idle,
    /// It failed.
    Failed,
    /// The call is over.
    Over,
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
                tasks.spawn(stop.clone().run_until_cancelled_owned(async move { capture.run(kind).await }));
            }
        }
    }

    async fn run(self, kind: Kind) {
        let codec = match kind {
            Kind::Audio => Codec::Opus,
            Kind::Video => Codec::H264,
        };
        let mut failed: Option<Instant> = None;
        loop {
            let (writer, source) = ring(UNITS);
            let mut demand = writer.demand();
            if let Err(error) = self.parts.origin.track(self.publication, Native::Units(codec, source)).await {
                tracing::debug!(%error, "the box does not publish any more");
                return;
            }
            // The first track is announced with the others; a later one is another ring that slots must be bound to.
            if failed.is_some() {
                self.announce().await;
            }
            if !self.wait(kind, &mut demand).await {
                return;
            }
            let standing_in = failed.is_some_and(|at| at.elapsed() < AGAIN);
            match self.open(kind, writer, &mut demand, standing_in).await {
                Ended::Idle => failed = failed.filter(|at| at.elapsed() < AGAIN),
                Ended::Failed => failed = Some(Instant::now()),
                Ended::Over => return,
            }
            self.announce().await;
        }
    }

    async fn announce(&self) {
        let tracks = super::BoxTracks {
            audio: self.devices.microphone.is_there(),
            video: self.devices.camera.is_there(),
            stand_in: self.devices.camera.stand_in || self.devices.microphone.stand_in,
        };
        self.parts.rooms.box_tracks(self.who, tracks).await;
    }

    /// Whether the box may be seen or heard; `None` when the call is over.
    fn open_to(&self, kind: Kind) -> Option<bool> {
        let room = self.parts.rooms.room(self.room).ok()?;
        room.participant(self.who).map(|me: &Participant| match kind {
            Kind::Audio => me.microphone,
            Kind::Video => me.camera,
        })
    }

    /// Waits until somebody takes it and it is not muted; false when the call is over.
    async fn wait(&self, kind: Kind, demand: &mut Demand) -> bool {
        let mut rooms = self.parts.rooms.rooms();
        let mut readers = 0;
        loop {
            rooms.mark_unchanged();
            match self.open_to(kind) {
                None => return false,
                Some(true) if readers > 0 => return true,
                Some(_) => {}
            }
            tokio::select! {
                wanted = demand.changed() => readers = wanted.readers,
                changed = rooms.changed() => if changed.is_err() {
                    return false;
                },
            }
        }
    }

    async fn open(&self, kind: Kind, writer: Writer<Unit>, demand: &mut Demand, standing_in: bool) -> Ended {
        let opened = match kind {
            Kind::Audio => self.microphone(writer, standing_in).map(|running| (running, None)),
            Kind::Video => self.camera(writer, standing_in).map(|(running, keyframes)| (running, Some(keyframes))),
        };
        let (mut running, keyframes) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                tracing::error!(%error, ?kind, "the box can't capture");
                tokio::time::sleep(LINGER).await;
                return Ended::Failed;
            }
        };
        tracing::info!(?kind, "capture is open");
        let ended = self.watch(kind, &mut running, demand, keyframes).await;
        running.stop().await;
        tracing::info!(?kind, "capture is closed");
        ended
    }

    async fn watch(
        &self,
        kind: Kind,
        running: &mut Running,
        demand: &mut Demand,
        keyframes: Option<Keyframes>,
    ) -> Ended {
        let mut rooms = self.parts.rooms.rooms();
        let mut idle: Option<Instant> = None;
        loop {
            rooms.mark_unchanged();
            match self.open_to(kind) {
                None => return Ended::Over,
                // Muted means closed, at once.
                Some(false) => return Ended::Idle,
                Some(true) => {}
            }
            tokio::select! {
                wanted = demand.changed() => {
                    if wanted.keyframe && let Some(keyframes) = &keyframes {
                        keyframes.request();
                    }
                    idle = (wanted.readers == 0).then(|| idle.unwrap_or_else(|| Instant::now() + LINGER));
                }
                event = running.event() => match event {
                    Event::Started => {}
                    Event::Failed { element, reason, .. } => {
                        tracing::warn!(?kind, element, reason, "a device failed; its stand-in takes over");
                        return Ended::Failed;
                    }
                    Event::Stopped => return Ended::Failed,
                },
                changed = rooms.changed() => if changed.is_err() {
                    return Ended::Over;
                },
                () = tokio::time::sleep_until(idle.unwrap_or_else(Instant::now)), if idle.is_some() => return Ended::Idle,
            }
        }
    }

    fn camera(&self, writer: Writer<Unit>, standing_in: bool) -> Result<(Running, Keyframes), pipeline::Error> {
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
            encoder: self.parts.encoder,
        };
        pipeline::camera(spec, self.parts.timeline, writer)
    }

    fn microphone(&self, writer: Writer<Unit>, standing_in: bool) -> Result<Running, pipeline::Error> {
        let chosen = self.devices.microphone_source.clone().filter(|_| !standing_in);
        let spec = MicrophoneSpec {
            source: chosen.unwrap_or(MicrophoneSource::StandIn),
            bitrate: self.config.audio_bitrate.bps() as u32,
        };
        pipeline::microphone(spec, self.parts.timeline, writer)
    }
}

//! The program of one live room.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::composition::{self, Settings};
use super::members::Members;
use super::{Config, Parts, Pipelines};
use crate::drivers::pipeline::{
    self, AudioCodec, AudioEncoderSpec, Event, Fed, Keyframes, PictureFeed, Running, SoundFeed, VideoEncoderSpec,
};
use crate::model::id::{BroadcastId, ParticipantId, PublicationId, RoomId};
use crate::model::purpose::{Audience, Purpose};
use crate::model::ring::{Demand, UNITS, Wanted, Writer, ring};
use crate::model::track::Codec;
use crate::model::unit::Unit;
use crate::services::origin::{self, Native};
use crate::services::room::{OnAir, Room};

/// How long a program goes on when nobody reads it any more.
const LINGER: Duration = Duration::from_secs(2);
/// How long to wait before an encoder that failed is made anew.
const BACK_OFF: Duration = Duration::from_secs(1);
/// A line over the program stays until it is taken away.
const STANDING: Duration = Duration::from_secs(24 * 3600);
/// What those who watch read while everybody is still being asked.
const NOBODY: &str = "Nobody is on air yet";
/// How far the program is behind those who speak: what a bad network delays longer is missing. Players wait longer than this anyway.
const DELAY: Duration = Duration::from_millis(400);
/// How often somebody who could not be taken in is tried again.
const AGAIN: Duration = Duration::from_millis(500);

pub(super) struct Program {
    config: Config,
    parts: Parts,
    room: RoomId,
    broadcast: BroadcastId,
    publication: PublicationId,
    /// Who was on air when we looked last.
    consenting: BTreeSet<ParticipantId>,
}

/// Why a composition ended.
enum Ended {
    /// Nobody reads it.
    Demand,
    /// An encoder gave up.
    Failed,
    /// The room is off air, or gone.
    OffAir,
}

/// The encoders of a program and what feeds them.
struct Encoders {
    video: (Running, PictureFeed, Keyframes),
    audio: (Running, SoundFeed),
}

impl Program {
    pub(super) fn new(config: Config, parts: Parts, room: &Room, publication: PublicationId) -> Self {
        Self { config, parts, room: room.id, broadcast: room.broadcast, publication, consenting: BTreeSet::new() }
    }

    pub(super) async fn run(mut self, tasks: TaskTracker, stop: CancellationToken) {
        let done = stop.clone();
        let work = async {
            if let Err(error) = self.parts.origin.publish(self.publication, Audience::ON_AIR).await {
                tracing::warn!(%error, "the program can't be published");
                return;
            }
            while let Ok((rings, mut demand)) = self.tracks().await {
                if !self.wait(&mut demand).await {
                    return;
                }
                match self.compose(rings, &mut demand, &tasks, &stop).await {
                    Ended::Demand => {}
                    Ended::Failed => tokio::time::sleep(BACK_OFF).await,
                    Ended::OffAir => return,
                }
            }
        };
        done.run_until_cancelled(work).await;
        self.parts.origin.unpublish(self.publication).await;
    }

    async fn tracks(&self) -> Result<((Writer<Unit>, Writer<Unit>), [Demand; 2]), origin::Error> {
        let (video, video_source) = ring(UNITS);
        let (audio, audio_source) = ring(UNITS);
        let demand = [video.demand(), audio.demand()];
        self.parts.origin.track(self.publication, Native::Units(Codec::H264, video_source)).await?;
        self.parts.origin.track(self.publication, Native::Units(Codec::Aac, audio_source)).await?;
        Ok(((video, audio), demand))
    }

    /// Waits until somebody reads; false if the room went off air before.
    async fn wait(&mut self, [video, audio]: &mut [Demand; 2]) -> bool {
        let mut rooms = self.parts.rooms.rooms();
        loop {
            if !self.look().await {
                return false;
            }
            let readers = tokio::select! {
                wanted = video.changed() => wanted.readers,
                wanted = audio.changed() => wanted.readers,
                changed = rooms.changed() => if changed.is_err() { return false } else { 0 },
            };
            if readers > 0 {
                return true;
            }
        }
    }

    /// The room as it is now; `None` when it is off air or gone.
    fn live(&self) -> Option<Arc<Room>> {
        self.parts.rooms.room(self.room).ok().filter(|room| room.live.is_some())
    }

    /// Notices who has taken their yes back, while nothing is composed: what was packaged before is cut off. False when off air.
    async fn look(&mut self) -> bool {
        let Some(room) = self.live() else {
            return false;
        };
        if self.withdrawn(&room) {
            let now = self.parts.timeline.media(std::time::Instant::now());
            self.cut(now).await;
        }
        true
    }

    /// Whether somebody who was on air is still in the room, and is not on air any more.
    fn withdrawn(&mut self, room: &Room) -> bool {
        let yes = room.participants.iter().filter(|p| p.on_air == OnAir::Yes).map(|p| p.id).collect();
        let before = std::mem::replace(&mut self.consenting, yes);
        before.difference(&self.consenting).any(|who| room.participant(*who).is_some())
    }

    async fn cut(&self, at: crate::model::time::MediaTime) {
        if let Err(error) = self.parts.broadcasts.cut(self.broadcast, at).await {
            tracing::warn!(%error, "a broadcast can't be cut");
        }
    }

    fn encoders(&self, (video, audio): (Writer<Unit>, Writer<Unit>)) -> Result<Encoders, pipeline::Error> {
        let Config { width, height, fps, bitrate, keyframe_interval, audio_bitrate } = &self.config;
        let video = pipeline::video_encoder(
            VideoEncoderSpec {
                width: *width,
                height: *height,
                fps: *fps,
                bitrate: bitrate.bps() as u32,
                keyframe_interval: (keyframe_interval.as_secs_f64() * f64::from(*fps)).round() as u32,
                encoder: self.parts.encoder,
            },
            video,
        )?;
        let spec = AudioEncoderSpec { codec: AudioCodec::Aac, bitrate: audio_bitrate.bps() as u32 };
        Ok(Encoders { video, audio: pipeline::audio_encoder(spec, audio)? })
    }

    async fn compose(
        &mut self,
        rings: (Writer<Unit>, Writer<Unit>),
        [video_demand, audio_demand]: &mut [Demand; 2],
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Ended {
        let encoders = match self.encoders(rings) {
            Ok(encoders) => encoders,
            Err(error) => {
                tracing::error!(%error, "the program can't be encoded");
                return Ended::Failed;
            }
        };
        let Encoders { video: (mut video, pictures, keyframes), audio: (mut audio, sounds) } = encoders;
        let Config { width, height, fps, .. } = self.config;
        let settings = Settings { width, height, fps, delay: DELAY, overlay_for: STANDING, ..Settings::default() };
        let (composition, outputs) =
            composition::start(settings, Arc::new(Pipelines), self.parts.timeline, tasks, stop.child_token());
        let (Some(mut drawn), Some(mut mixed)) = (outputs.pictures, outputs.sounds) else {
            return Ended::Failed;
        };
        let mut members = Members::new(Purpose::OnAir);
        let mut rooms = self.parts.rooms.rooms();
        let mut state = composition.state();
        let mut again = tokio::time::interval(AGAIN);
        let (mut readers, mut idle, mut empty) = ((1, 1), None, None);
        tracing::info!(room = %self.room, "composing the program");
        let ended = loop {
            let Some(room) = self.live() else {
                break Ended::OffAir;
            };
            rooms.mark_unchanged();
            state.mark_unchanged();
            let withdrawn = self.withdrawn(&room);
            let complete = members.follow(&room, |p| p.on_air == OnAir::Yes, &self.parts.origin, &composition).await;
            if withdrawn {
                self.cut(members.cut(&composition)).await;
                keyframes.request();
            }
            if empty != Some(self.consenting.is_empty()) {
                empty = Some(self.consenting.is_empty());
                // The composition ends only with this loop.
                let _ = composition.overlay(self.consenting.is_empty().then(|| NOBODY.into())).await;
            }
            let step = loop {
                let wanted = |at: &mut usize, wanted: Wanted| {
                    *at = wanted.readers;
                    if wanted.keyframe {
                        keyframes.request();
                    }
                };
                tokio::select! {
                    Some(picture) = drawn.recv() => if gone(pictures.push(&picture)) {
                        break Some(Ended::Failed);
                    },
                    Some(sound) = mixed.recv() => if gone(sounds.push(&sound)) {
                        break Some(Ended::Failed);
                    },
                    change = video_demand.changed() => wanted(&mut readers.0, change),
                    change = audio_demand.changed() => wanted(&mut readers.1, change),
                    event = video.event() => if failed(&event) {
                        break Some(Ended::Failed);
                    },
                    event = audio.event() => if failed(&event) {
                        break Some(Ended::Failed);
                    },
                    changed = rooms.changed() => break changed.err().map(|_| Ended::OffAir),
                    _ = state.changed() => break None,
                    _ = again.tick(), if !complete => break None,
                    () = tokio::time::sleep_until(idle.unwrap_or_else(tokio::time::Instant::now)), if idle.is_some() => {
                        break Some(Ended::Demand);
                    }
                }
                idle = match (readers, idle) {
                    ((0, 0), None) => Some(tokio::time::Instant::now() + LINGER),
                    ((0, 0), since) => since,
                    _ => None,
                };
            };
            if let Some(ended) = step {
                break ended;
            }
        };
        tracing::info!(room = %self.room, "the program is not composed any more");
        drop(composition);
        tokio::join!(video.stop(), audio.stop());
        ended
    }
}

fn gone(fed: Result<Fed, pipeline::Gone>) -> bool {
    match fed {
        Ok(Fed::Full) => {
            tracing::debug!("an encoder is too slow");
            false
        }
        Ok(_) => false,
        Err(_) => true,
    }
}

fn failed(event: &Event) -> bool {
    match event {
        Event::Started => false,
        Event::Failed { element, reason, .. } => {
            tracing::error!(element, reason, "an encoder of the program failed");
            true
        }
        Event::Stopped => true,
    }
}

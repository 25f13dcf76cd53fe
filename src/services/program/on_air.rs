//! The program of one live room.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::composition::{self, Settings};
use super::members::Members;
use super::track::{Due, Track};
use super::{Config, Parts, Pipelines};
use crate::model::id::{BroadcastId, ParticipantId, PublicationId, RoomId};
use crate::model::purpose::{Audience, Purpose};
use crate::model::track::Codec;
use crate::services::origin;
use crate::services::room::{OnAir, Room};

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
    /// The room is off air, or gone.
    OffAir,
}

/// The tracks of a program: its picture, and its one mix of sound in two codecs. Each is encoded while somebody reads it.
struct Tracks {
    video: Track,
    opus: Track,
    aac: Track,
}

impl Tracks {
    async fn open(parts: &Parts, publication: PublicationId) -> Result<Self, origin::Error> {
        Ok(Self {
            video: Track::open(parts, publication, Codec::H264).await?,
            opus: Track::open(parts, publication, Codec::Opus).await?,
            aac: Track::open(parts, publication, Codec::Aac).await?,
        })
    }

    fn is_running(&self) -> bool {
        self.video.is_running() || self.opus.is_running() || self.aac.is_running()
    }

    /// Waits until a track needs something.
    async fn due(&mut self) -> (&mut Track, Due) {
        let Self { video, opus, aac } = self;
        tokio::select! {
            due = video.due() => (video, due),
            due = opus.due() => (opus, due),
            due = aac.due() => (aac, due),
        }
    }
}

impl Program {
    pub(super) fn new(config: Config, parts: Parts, room: &Room, publication: PublicationId) -> Self {
        Self { config, parts, room: room.id, broadcast: room.broadcast, publication, consenting: BTreeSet::new() }
    }

    pub(super) async fn run(mut self, tasks: TaskTracker, stop: CancellationToken) {
        let done = stop.clone();
        if let Some(Err(error)) = done.run_until_cancelled(self.work(&tasks, &stop)).await {
            tracing::warn!(%error, "the program can't be published");
        }
        self.parts.origin.unpublish(self.publication).await;
    }

    async fn work(&mut self, tasks: &TaskTracker, stop: &CancellationToken) -> Result<(), origin::Error> {
        self.parts.origin.publish(self.publication, Audience::ON_AIR).await?;
        let mut tracks = Tracks::open(&self.parts, self.publication).await?;
        while self.wait(&mut tracks, tasks).await? {
            if matches!(self.compose(&mut tracks, tasks, stop).await?, Ended::OffAir) {
                break;
            }
        }
        let Tracks { video, opus, aac } = tracks;
        tokio::join!(video.stop(), opus.stop(), aac.stop());
        Ok(())
    }

    /// Waits until somebody reads; false if the room went off air before.
    async fn wait(&mut self, tracks: &mut Tracks, tasks: &TaskTracker) -> Result<bool, origin::Error> {
        let mut rooms = self.parts.rooms.rooms();
        while !tracks.is_running() {
            if !self.look().await {
                return Ok(false);
            }
            tokio::select! {
                (track, due) = tracks.due() => track.obey(due, &self.parts, &self.config, tasks).await?,
                changed = rooms.changed() => if changed.is_err() { return Ok(false) },
            }
        }
        Ok(true)
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

    async fn compose(
        &mut self,
        tracks: &mut Tracks,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<Ended, origin::Error> {
        let Config { width, height, fps, .. } = self.config;
        let settings = Settings { width, height, fps, delay: DELAY, overlay_for: STANDING, ..Settings::default() };
        let (composition, outputs) =
            composition::start(settings, Arc::new(Pipelines), self.parts.timeline, tasks, stop.child_token());
        let (Some(mut drawn), Some(mut mixed)) = (outputs.pictures, outputs.sounds) else {
            return Ok(Ended::Demand);
        };
        let mut members = Members::new(Purpose::OnAir);
        let mut rooms = self.parts.rooms.rooms();
        let mut state = composition.state();
        let mut again = tokio::time::interval(AGAIN);
        let mut empty = None;
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
                tracks.video.request_keyframe();
            }
            if empty != Some(self.consenting.is_empty()) {
                empty = Some(self.consenting.is_empty());
                // The composition ends only with this loop.
                let _ = composition.overlay(self.consenting.is_empty().then(|| NOBODY.into())).await;
            }
            let step = loop {
                tokio::select! {
                    Some(picture) = drawn.recv() => tracks.video.picture(&picture),
                    Some(sound) = mixed.recv() => {
                        tracks.opus.sound(&sound);
                        tracks.aac.sound(&sound);
                    }
                    (track, due) = tracks.due() => {
                        track.obey(due, &self.parts, &self.config, tasks).await?;
                        if !tracks.is_running() {
                            break Some(Ended::Demand);
                        }
                    }
                    changed = rooms.changed() => break changed.err().map(|_| Ended::OffAir),
                    _ = state.changed() => break None,
                    _ = again.tick(), if !complete => break None,
                }
            };
            if let Some(ended) = step {
                break ended;
            }
        };
        tracing::info!(room = %self.room, "the program is not composed any more");
        Ok(ended)
    }
}

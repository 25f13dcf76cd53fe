//! The sound of a program: one mix of everybody on air, as Opus and as AAC, each encoded while somebody reads it.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::composition::{self, Makes, Settings};
use super::consent::{Consent, is_shown};
use super::members::Members;
use super::sound_track::{Due, Track};
use super::{AGAIN, Config, DELAY, Parts, Pipelines, Seen};
use crate::model::id::PublicationId;
use crate::model::purpose::Purpose;
use crate::model::track::Codec;
use crate::services::origin;
use crate::services::supervisor::Part;

pub(super) struct Sound {
    config: Config,
    parts: Parts,
    tasks: TaskTracker,
    opus: Track,
    aac: Track,
}

/// Why mixing ended.
enum Ended {
    /// Nobody reads it.
    Demand,
    /// The room is off air, or gone.
    OffAir,
    /// It failed.
    Failed,
}

impl Sound {
    /// Publishes the tracks, empty.
    pub async fn open(
        config: Config,
        parts: Parts,
        publication: PublicationId,
        tasks: TaskTracker,
    ) -> Result<Self, origin::Error> {
        let opus = Track::open(&parts, publication, Codec::Opus).await?;
        let aac = Track::open(&parts, publication, Codec::Aac).await?;
        Ok(Self { config, parts, tasks, opus, aac })
    }

    /// Mixes while somebody listens, until the room is off air.
    pub async fn run(mut self, mut consent: Consent, stop: CancellationToken) -> Result<(), origin::Error> {
        let mut pauses = self.parts.seen.supervisor.pauses(Part::Composition);
        while self.wait(&mut consent).await? {
            match self.mix(&mut consent, &stop).await? {
                Ended::Demand => {}
                Ended::OffAir => break,
                Ended::Failed => pauses.wait().await,
            }
        }
        tokio::join!(self.opus.stop(), self.aac.stop());
        Ok(())
    }

    fn is_running(&self) -> bool {
        self.opus.is_running() || self.aac.is_running()
    }

    /// Follows the readers of both tracks until something has changed for one of them.
    async fn follow_readers(&mut self) -> Result<(), origin::Error> {
        let due = self.due().await;
        self.obey(due).await
    }

    async fn due(&mut self) -> (Codec, Due) {
        tokio::select! {
            due = self.opus.due() => (Codec::Opus, due),
            due = self.aac.due() => (Codec::Aac, due),
        }
    }

    async fn obey(&mut self, (codec, due): (Codec, Due)) -> Result<(), origin::Error> {
        let Self { config, parts, tasks, opus, aac } = self;
        let track = if codec == Codec::Opus { opus } else { aac };
        track.obey(due, parts, config, tasks).await
    }

    /// Waits until somebody listens; false if the room went off air before. Who takes their yes back meanwhile is cut off.
    async fn wait(&mut self, consent: &mut Consent) -> Result<bool, origin::Error> {
        while !self.is_running() {
            let Some(look) = consent.look() else {
                return Ok(false);
            };
            if look.withdrawn {
                consent.cut(consent.now()).await;
            }
            tokio::select! {
                done = self.follow_readers() => done?,
                more = consent.changed() => if !more { return Ok(false) },
            }
        }
        Ok(true)
    }

    async fn mix(&mut self, consent: &mut Consent, stop: &CancellationToken) -> Result<Ended, origin::Error> {
        let Seen { media, composition: counters, supervisor } = self.parts.seen.clone();
        let settings = Settings { delay: DELAY, makes: Makes::Sound, counters, supervisor, ..Settings::default() };
        let (composition, outputs) = composition::start(
            settings,
            Arc::new(Pipelines(media)),
            self.parts.timeline,
            &self.tasks,
            stop.child_token(),
        );
        let Some(mut mixed) = outputs.sounds else {
            return Ok(Ended::Demand);
        };
        let mut members = Members::new(Purpose::OnAir, Makes::Sound);
        let mut state = composition.state();
        let mut again = tokio::time::interval(AGAIN);
        loop {
            let Some(look) = consent.look() else {
                return Ok(Ended::OffAir);
            };
            state.mark_unchanged();
            let complete =
                members.follow(&look.room, |p| is_shown(p, &look.room), &self.parts.origin, &composition).await;
            if look.withdrawn {
                consent.cut(members.cut(&composition)).await;
            }
            loop {
                tokio::select! {
                    Some(sound) = mixed.recv() => {
                        self.opus.sound(&sound);
                        self.aac.sound(&sound);
                    }
                    due = self.due() => {
                        self.obey(due).await?;
                        if !self.is_running() {
                            return Ok(Ended::Demand);
                        }
                    }
                    more = consent.changed() => match more {
                        true => break,
                        false => return Ok(Ended::OffAir),
                    },
                    changed = state.changed() => match changed {
                        Ok(()) => break,
                        Err(_) => return Ok(Ended::Failed),
                    },
                    _ = again.tick(), if !complete => break,
                }
            }
        }
    }
}

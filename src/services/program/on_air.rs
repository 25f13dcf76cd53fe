//! The program of one live room: a publication, and its two halves.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::consent::{Consent, Look};
use super::picture::Picture;
use super::sound::Sound;
use super::{Config, Parts};
use crate::model::id::PublicationId;
use crate::model::purpose::{Audience, Purpose};
use crate::services::origin;
use crate::services::room::Room;

pub(super) struct Program {
    pub config: Config,
    pub parts: Parts,
    pub publication: PublicationId,
}

impl Program {
    /// Publishes until the room is off air, or until `stop`.
    pub async fn run(self, room: Room, tasks: TaskTracker, stop: CancellationToken) {
        let (origin, publication, done) = (self.parts.origin.clone(), self.publication, stop.clone());
        if let Some(Err(error)) = done.run_until_cancelled(self.work(&room, &tasks, stop)).await {
            tracing::warn!(%error, "the program can't be published");
        }
        origin.unpublish(publication).await;
    }

    async fn work(self, room: &Room, tasks: &TaskTracker, stop: CancellationToken) -> Result<(), origin::Error> {
        let Self { config, parts, publication } = self;
        parts.origin.publish(publication, Audience::ON_AIR).await?;
        let picture = Picture::open(config.clone(), parts.clone(), publication, tasks.clone()).await?;
        let sound = Sound::open(config, parts.clone(), publication, tasks.clone()).await?;
        let consent = || Consent::new(&parts, room);
        let (for_picture, for_sound) = (consent(), consent());
        tokio::try_join!(
            picture.run(for_picture, stop.clone()),
            sound.run(for_sound, stop),
            audience(&parts, publication, consent())
        )
        .map(|_| ())
    }
}

/// Lets the program be recorded while everybody in it has agreed to that.
async fn audience(parts: &Parts, publication: PublicationId, mut consent: Consent) -> Result<(), origin::Error> {
    let mut recorded = false;
    while let Some(Look { room, .. }) = consent.look() {
        let recording = room.live.as_ref().and_then(|live| live.recording);
        let agreed = recording.is_some_and(|recording| recording.agreed);
        if agreed != recorded {
            recorded = agreed;
            let audience = if agreed { Audience::ON_AIR.with(Purpose::Record) } else { Audience::ON_AIR };
            parts.origin.set_audience(publication, audience).await?;
        }
        if !consent.changed().await {
            break;
        }
    }
    Ok(())
}

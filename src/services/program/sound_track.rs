//! One track of sound of a program: its ring, and its encoder while somebody reads it.

use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;

use super::{BACK_OFF, Config, LINGER, Parts, failed};
use crate::drivers::pipeline::{self, AudioCodec, AudioEncoderSpec, Fed, Running, SoundFeed};
use crate::model::id::PublicationId;
use crate::model::raw::Sound;
use crate::model::ring::{Demand, UNITS, Writer, ring};
use crate::model::track::Codec;
use crate::model::unit::Unit;
use crate::services::origin::{self, Native};

/// What a track needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Somebody reads it: an encoder.
    Start,
    /// Nobody has read it for a while, or its encoder failed: no encoder, and a new ring.
    Renew,
}

/// Each encoder runs on its own: one that starts, stops or fails leaves those of the other tracks alone.
pub(super) struct Track {
    publication: PublicationId,
    codec: Codec,
    /// Until an encoder takes it.
    writer: Option<Writer<Unit>>,
    demand: Demand,
    readers: usize,
    encoder: Option<(Running, SoundFeed)>,
    /// When the last reader left, or when an encoder may be tried again.
    since: Instant,
}

impl Track {
    /// Publishes an empty track.
    ///
    /// # Errors
    /// Those of the origin, which is gone only at the end.
    pub(super) async fn open(parts: &Parts, publication: PublicationId, codec: Codec) -> Result<Self, origin::Error> {
        let (writer, source) = ring(UNITS);
        let demand = writer.demand();
        parts.origin.track(publication, Native::Units(codec, source)).await?;
        let since = Instant::now();
        Ok(Self { publication, codec, writer: Some(writer), demand, readers: 0, encoder: None, since })
    }

    /// Whether it is encoded now.
    pub(super) fn is_running(&self) -> bool {
        self.encoder.is_some()
    }

    /// Follows readers and encoder until there is something to do. Nothing is lost when this is dropped and called again.
    pub(super) async fn due(&mut self) -> Due {
        loop {
            let (due, at) = match (&self.encoder, self.readers) {
                (None, 1..) => (Due::Start, Some(self.since)),
                (Some(_), 0) => (Due::Renew, Some(self.since + LINGER)),
                _ => (Due::Renew, None),
            };
            tokio::select! {
                wanted = self.demand.changed() => {
                    if wanted.readers == 0 && self.readers > 0 {
                        self.since = Instant::now();
                    }
                    self.readers = wanted.readers;
                }
                () = failed(self.encoder.as_mut().map(|(running, _)| running)) => {
                    self.since = Instant::now() + BACK_OFF;
                    return Due::Renew;
                }
                () = sleep_until(at.unwrap_or_else(Instant::now)), if at.is_some() => return due,
            }
        }
    }

    /// Does what is due.
    ///
    /// # Errors
    /// Those of the origin, which is gone only at the end.
    pub(super) async fn obey(
        &mut self,
        due: Due,
        parts: &Parts,
        config: &Config,
        tasks: &TaskTracker,
    ) -> Result<(), origin::Error> {
        match (due, self.writer.take()) {
            (Due::Start, Some(writer)) => match encoder(self.codec, config, parts, writer) {
                Ok(encoder) => {
                    tracing::debug!(codec = ?self.codec, "encoding");
                    self.encoder = Some(encoder);
                    Ok(())
                }
                Err(error) => {
                    tracing::error!(codec = ?self.codec, %error, "the sound of the program can't be encoded");
                    self.since = Instant::now() + BACK_OFF;
                    self.renew(parts, tasks).await
                }
            },
            _ => self.renew(parts, tasks).await,
        }
    }

    /// A new ring first, so that who comes now finds it; then the old one ends. Nobody waits for an encoder to stop.
    async fn renew(&mut self, parts: &Parts, tasks: &TaskTracker) -> Result<(), origin::Error> {
        let since = self.since;
        let fresh = Self { since, ..Self::open(parts, self.publication, self.codec).await? };
        if let Some((running, _)) = std::mem::replace(self, fresh).encoder {
            tasks.spawn(running.stop());
        }
        Ok(())
    }

    /// Encodes sound, if somebody reads this track.
    pub(super) fn sound(&self, sound: &Sound) {
        // An encoder that is gone says so by an event.
        if let Some((_, feed)) = &self.encoder
            && feed.push(sound) == Ok(Fed::Full)
        {
            tracing::debug!(codec = ?self.codec, "an encoder is too slow");
        }
    }

    /// Ends its encoder.
    pub(super) async fn stop(self) {
        if let Some((running, _)) = self.encoder {
            running.stop().await;
        }
    }
}

fn encoder(
    codec: Codec,
    config: &Config,
    parts: &Parts,
    out: Writer<Unit>,
) -> Result<(Running, SoundFeed), pipeline::Error> {
    let codec = if codec == Codec::Opus { AudioCodec::Opus } else { AudioCodec::Aac };
    let spec = AudioEncoderSpec { codec, bitrate: config.audio_bitrate.bps() as u32 };
    pipeline::audio_encoder(&parts.seen.media, spec, out)
}

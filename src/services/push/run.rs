//! One run of one push: from the rings of what is on air into one pipeline, until that ends.
//!
//! What waits to be sent is bounded in the pipeline's feed. Who takes too little loses pictures up to the next keyframe.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::counters::Tally;
use super::state::Code;
use crate::drivers::pipeline::{self, Event, Fed, PushFeed, PushSpec, Pushed, trouble};
use crate::model::id::{PublicationId, PushId};
use crate::model::purpose::Purpose;
use crate::model::ring::{Next, Reader};
use crate::model::time::MediaTime;
use crate::model::track::Codec;
use crate::model::unit::{Config, Unit};
use crate::services::origin;

/// A service that has taken nothing for so long has stalled.
const STALLED: Duration = Duration::from_secs(10);
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long a pipeline may take to end before it is left to do so alone.
const ENDING: Duration = Duration::from_secs(1);

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The service takes the stream.
    Flows,
    /// It ended by itself.
    Ended(Code),
}

/// What a run has to tell.
#[derive(Debug)]
pub(super) struct Report {
    pub id: PushId,
    pub number: u64,
    pub outcome: Outcome,
}

/// What a run needs.
pub(super) struct Run {
    pub id: PushId,
    pub number: u64,
    pub to: PushSpec,
    pub origin: origin::Handle,
    pub publication: PublicationId,
    pub cuts: watch::Receiver<MediaTime>,
    pub pipelines: pipeline::Counters,
    pub counters: Tally,
    pub told: mpsc::Sender<Report>,
    /// Nobody wants it any more: nothing is told of its end.
    pub stop: CancellationToken,
}

/// What is on air, unit by unit.
struct Media {
    video: Reader<Unit>,
    audio: Reader<Unit>,
}

/// Why one connection is over.
enum Over {
    /// Pictures have another size: another connection follows at once.
    Resized(Unit),
    /// It is told and nothing follows.
    Ended(Code),
    /// Nobody wants it any more.
    Stopped,
}

impl Run {
    /// Sends until it fails, or nobody wants it any more.
    pub async fn go(mut self) {
        let mut media = match self.open().await {
            Ok(media) => media,
            Err(error) => {
                tracing::debug!(%error, "there is nothing to send");
                return self.tell(Outcome::Ended(Code::NoMedia)).await;
            }
        };
        let mut first = None;
        loop {
            match self.connection(&mut media, first.take()).await {
                Over::Resized(unit) => first = Some(unit),
                Over::Ended(code) => return self.tell(Outcome::Ended(code)).await,
                Over::Stopped => return,
            }
        }
    }

    async fn tell(&self, outcome: Outcome) {
        // When the actor is gone there is nobody to tell.
        let _ = self.told.send(Report { id: self.id, number: self.number, outcome }).await;
    }

    async fn open(&self) -> Result<Media, origin::Error> {
        let video = self.origin.units(self.publication, Codec::H264, Purpose::OnAir).await?;
        let audio = self.origin.units(self.publication, Codec::Aac, Purpose::OnAir).await?;
        Ok(Media { video, audio })
    }

    /// One connection; `first` is the picture that it begins with, if there is one already.
    async fn connection(&mut self, media: &mut Media, first: Option<Unit>) -> Over {
        let (mut running, mut feed) = match pipeline::push(&self.pipelines, self.to.clone()) {
            Ok(made) => made,
            Err(pipeline::Error::Missing { element, package }) => {
                tracing::error!(element, package, "the element is missing: install the Debian package");
                return Over::Ended(Code::Missing);
            }
            Err(error) => {
                tracing::error!(%error, "a push can't be made");
                return Over::Ended(Code::Other);
            }
        };
        let mut pump =
            Pump { run: self, feed: &mut feed, sent: 0, progress: Instant::now(), media: Instant::now(), told: false };
        let over = pump.pump(&mut running, media, first).await;
        pump.count();
        // Nothing of what still waits is sent.
        feed.forget(MediaTime::from_nanos(i64::MAX));
        if tokio::time::timeout(ENDING, running.stop()).await.is_err() {
            tracing::debug!("a push takes long to end");
        }
        over
    }
}

/// Carries units into one pipeline.
struct Pump<'a> {
    run: &'a mut Run,
    feed: &'a mut PushFeed,
    /// Bytes that are counted already.
    sent: u64,
    /// When bytes were sent last.
    progress: Instant,
    /// When there was something to send last.
    media: Instant,
    /// It was told that the service takes the stream.
    told: bool,
}

impl Pump<'_> {
    async fn pump(&mut self, running: &mut pipeline::Running, media: &mut Media, first: Option<Unit>) -> Over {
        self.feed.forget(*self.run.cuts.borrow_and_update());
        match first.map(|unit| self.push(unit)) {
            Some(Some(over)) => return over,
            Some(None) => {}
            None => media.video.request_keyframe(),
        }
        let (stop, mut cuts) = (self.run.stop.clone(), self.run.cuts.clone());
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => return Over::Stopped,
                Ok(()) = cuts.changed() => {
                    self.feed.forget(*cuts.borrow_and_update());
                    media.video.request_keyframe();
                    continue;
                }
                event = running.event() => match event {
                    Event::Started => continue,
                    event => return Over::Ended(trouble(&event, self.feed.flows()).into()),
                },
                _ = look.tick() => match self.look().await {
                    Some(code) => return Over::Ended(code),
                    None => continue,
                },
                next = media.video.next() => (next, true),
                next = media.audio.next() => (next, false),
            };
            let over = match next {
                (Next::Item(unit), picture) => {
                    self.media = Instant::now();
                    let keyframe = unit.keyframe;
                    let over = self.push(unit);
                    if picture && !keyframe && self.feed.waits_for_keyframe() {
                        media.video.request_keyframe();
                    }
                    over
                }
                (Next::Lagged(units), picture) => {
                    if picture {
                        self.run.counters.dropped(units);
                        self.feed.lost();
                        media.video.request_keyframe();
                    }
                    None
                }
                (Next::Closed | Next::Revoked, _) => Some(Over::Ended(Code::NoMedia)),
            };
            if let Some(over) = over {
                return over;
            }
        }
    }

    /// Hands a unit over.
    fn push(&mut self, unit: Unit) -> Option<Over> {
        match self.feed.push(&unit) {
            Ok(Pushed::Resized) => Some(Over::Resized(unit)),
            Ok(Pushed::Fed(Fed::Full | Fed::NeedsKeyframe)) if self.told => {
                self.run.counters.dropped(u64::from(matches!(*unit.config, Config::H264 { .. })));
                None
            }
            // The event that comes says why it has ended.
            Ok(Pushed::Fed(_)) | Err(pipeline::Gone) => None,
        }
    }

    fn count(&mut self) {
        let sent = self.feed.sent();
        if sent > self.sent {
            self.run.counters.bytes(sent - self.sent);
            (self.sent, self.progress) = (sent, Instant::now());
        }
    }

    /// Tells when the service takes the stream, and says when it does not any more.
    async fn look(&mut self) -> Option<Code> {
        self.count();
        let flows = self.feed.flows();
        if flows && !self.told {
            self.told = true;
            self.run.tell(Outcome::Flows).await;
        }
        let now = Instant::now();
        match now.duration_since(self.progress) >= STALLED {
            true if now.duration_since(self.media) >= STALLED => Some(Code::NoMedia),
            true if flows => Some(Code::Stalled),
            true => Some(Code::NoAnswer),
            false => None,
        }
    }
}

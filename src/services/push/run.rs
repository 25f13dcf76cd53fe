//! One run of one push: from the rings of what is on air into one pipeline, or by WHIP, until that ends.
//!
//! What waits to be sent is bounded in the pipeline's feed. Who takes too little loses pictures up to the next keyframe.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::counters::Tally;
use super::state::Code;
use crate::drivers::pipeline::{self, Event, Fed, PushFeed, PushSpec, Pushed, trouble};
use crate::drivers::whip::Endpoint;
use crate::model::id::{PublicationId, PushId};
use crate::model::purpose::Purpose;
use crate::model::ring::{Next, Reader};
use crate::model::time::MediaTime;
use crate::model::track::Codec;
use crate::model::unit::{Config, Unit};
use crate::services::origin;

/// A service that has taken nothing for so long has stalled.
pub(super) const STALLED: Duration = Duration::from_secs(10);
/// How often that is looked at.
pub(super) const LOOK: Duration = Duration::from_secs(1);
/// How long what is on air may take to begin: it is announced a moment before its encoders run.
const BEGINNING: Duration = Duration::from_secs(5);
/// How often it is asked for meanwhile.
const ASKS: Duration = Duration::from_millis(100);
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

/// How it gets there.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// Through a pipeline, by RTMP or SRT.
    Pipeline(PushSpec),
    /// By WHIP.
    Whip(Endpoint),
}

/// What a run needs.
pub(super) struct Run {
    pub id: PushId,
    pub number: u64,
    pub to: Target,
    /// Those of the box, to call from.
    pub addresses: watch::Receiver<Arc<[IpAddr]>>,
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

/// What `open` gives of what is on air, as soon as that is there.
pub(super) async fn begun<T, F>(open: impl Fn() -> F) -> Result<T, origin::Error>
where
    F: Future<Output = Result<T, origin::Error>>,
{
    let end = Instant::now() + BEGINNING;
    loop {
        match open().await {
            Err(error) if error == origin::Error::Closed || Instant::now() >= end => return Err(error),
            Err(_) => tokio::time::sleep(ASKS).await,
            Ok(opened) => return Ok(opened),
        }
    }
}

impl Run {
    /// Sends until it fails, or nobody wants it any more.
    pub async fn go(mut self) {
        match self.to.clone() {
            Target::Pipeline(spec) => self.send(&spec).await,
            Target::Whip(to) => {
                if let Some(code) = super::whip::go(&mut self, &to).await {
                    self.tell(Outcome::Ended(code)).await;
                }
            }
        }
    }

    async fn send(&mut self, to: &PushSpec) {
        let stop = self.stop.clone();
        let opened = tokio::select! {
            () = stop.cancelled() => return,
            opened = begun(|| self.media()) => opened,
        };
        let mut media = match opened {
            Ok(media) => media,
            Err(error) => {
                tracing::debug!(%error, "there is nothing to send");
                return self.tell(Outcome::Ended(Code::NoMedia)).await;
            }
        };
        let mut first = None;
        loop {
            match self.connection(to, &mut media, first.take()).await {
                Over::Resized(unit) => first = Some(unit),
                Over::Ended(code) => return self.tell(Outcome::Ended(code)).await,
                Over::Stopped => return,
            }
        }
    }

    pub async fn tell(&self, outcome: Outcome) {
        // When the actor is gone there is nobody to tell.
        let _ = self.told.send(Report { id: self.id, number: self.number, outcome }).await;
    }

    async fn media(&self) -> Result<Media, origin::Error> {
        let video = self.origin.units(self.publication, Codec::H264, Purpose::OnAir).await?;
        let audio = self.origin.units(self.publication, Codec::Aac, Purpose::OnAir).await?;
        Ok(Media { video, audio })
    }

    /// One connection; `first` is the picture that it begins with, if there is one already.
    async fn connection(&mut self, to: &PushSpec, media: &mut Media, first: Option<Unit>) -> Over {
        let (mut running, mut feed) = match pipeline::push(&self.pipelines, to.clone()) {
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
        if pump.told && !matches!(over, Over::Stopped) {
            pump.run.counters.dropped(pump.feed.waits());
        }
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

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use bytes::Bytes;
    use tokio_util::sync::DropGuard;
    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::model::purpose::Audience;
    use crate::model::ring::{UNITS, Writer, ring};
    use crate::model::secret::Secret;
    use crate::model::time::Timeline;
    use crate::proto::cmaf::test_configs;
    use crate::services::origin::Native;
    use crate::services::push::Kind;
    use crate::services::supervisor::Supervisor;

    const PROGRAM: PublicationId = PublicationId::from_bytes([3; 10]);

    /// A program, and a run that sends it to a server that takes connections and says nothing.
    struct Studio {
        origin: origin::Handle,
        video: Writer<Unit>,
        _audio: Writer<Unit>,
        _server: TcpListener,
        run: Run,
        reports: mpsc::Receiver<Report>,
        _cuts: watch::Sender<MediaTime>,
        _cancel: DropGuard,
    }

    impl Studio {
        async fn new() -> Self {
            let (tasks, cancel) = (TaskTracker::new(), CancellationToken::new());
            let timeline = Timeline::new(std::time::Instant::now(), 0, 0);
            let origin = origin::start(timeline, Supervisor::default(), &tasks, cancel.clone());
            origin.publish(PROGRAM, Audience::ON_AIR).await.expect("the origin runs");
            let ((video, pictures), (audio, sound)) = (ring(UNITS), ring(UNITS));
            for (codec, source) in [(Codec::H264, pictures), (Codec::Aac, sound)] {
                origin.track(PROGRAM, Native::Units(codec, source)).await.expect("it is published");
            }
            let server = TcpListener::bind("127.0.0.1:0").expect("a port");
            let (cuts, seen) = watch::channel(MediaTime::ZERO);
            let (told, reports) = mpsc::channel(4);
            let run = Run {
                id: PushId::from_bytes([7; 10]),
                number: 1,
                to: Target::Pipeline(PushSpec::Rtmp {
                    secure: false,
                    host: "127.0.0.1".to_owned(),
                    port: server.local_addr().expect("an address").port(),
                    application: "live".to_owned(),
                    stream: Secret::new("key"),
                }),
                addresses: watch::channel(Arc::default()).1,
                origin: origin.clone(),
                publication: PROGRAM,
                cuts: seen,
                pipelines: pipeline::Counters::default(),
                counters: Tally { own: Arc::default(), all: Arc::default(), kind: Kind::Rtmp },
                told,
                stop: CancellationToken::new(),
            };
            let _cancel = cancel.drop_guard();
            Self { origin, video, _audio: audio, _server: server, run, reports, _cuts: cuts, _cancel }
        }
    }

    async fn ended(reports: &mut mpsc::Receiver<Report>) -> Outcome {
        reports.recv().await.expect("the run tells how it ended").outcome
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_that_falls_silent_leaves_nothing_to_send() {
        let Studio { run, mut reports, video: _video, _audio, _server, _cuts, _cancel, .. } = Studio::new().await;
        let begun = Instant::now();
        run.go().await;
        assert_eq!(ended(&mut reports).await, Outcome::Ended(Code::NoMedia));
        assert!(begun.elapsed() >= STALLED, "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_given_something_to_send_and_gets_no_answer_says_so() {
        let Studio { run, mut reports, mut video, _audio, _server, _cuts, _cancel, .. } = Studio::new().await;
        let config = Arc::new(test_configs::h264());
        let feeds = async {
            for number in 0.. {
                let (pts, data) = (MediaTime::from_millis(number * 40), Bytes::from_static(&[0, 0, 0, 2, 0x65, 7]));
                let config = config.clone();
                video.push(Unit { pts, duration: None, keyframe: true, gap: false, level: None, config, data });
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
        };
        tokio::select! {
            () = run.go() => {}
            () = feeds => {}
        }
        assert_eq!(ended(&mut reports).await, Outcome::Ended(Code::NoAnswer));
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_that_ends_and_one_that_does_not_begin_leave_nothing_to_send() {
        let Studio { origin, run, mut reports, video, _audio, _server, _cuts, _cancel } = Studio::new().await;
        let mut demand = video.demand();
        let ends = async {
            while demand.changed().await.readers == 0 {}
            origin.unpublish(PROGRAM).await;
        };
        tokio::join!(run.go(), ends);
        assert_eq!(ended(&mut reports).await, Outcome::Ended(Code::NoMedia));

        let Studio { origin, run, mut reports, _server, _cuts, _cancel, .. } = Studio::new().await;
        origin.unpublish(PROGRAM).await;
        let begun = Instant::now();
        run.go().await;
        assert_eq!(ended(&mut reports).await, Outcome::Ended(Code::NoMedia));
        assert!(begun.elapsed() >= BEGINNING, "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_that_begins_after_it_was_announced_is_waited_for() {
        let Studio { origin, run, mut reports, _server, _cuts, _cancel, .. } = Studio::new().await;
        origin.unpublish(PROGRAM).await;
        let (video, pictures) = ring(UNITS);
        let mut demand = video.demand();
        let begins = async {
            tokio::time::sleep(BEGINNING / 2).await;
            origin.publish(PROGRAM, Audience::ON_AIR).await.expect("the origin runs");
            origin.track(PROGRAM, Native::Units(Codec::H264, pictures)).await.expect("it is published");
            tokio::time::sleep(BEGINNING / 4).await;
            let (_audio, sound) = ring(UNITS);
            origin.track(PROGRAM, Native::Units(Codec::Aac, sound)).await.expect("it is published");
            // It is read by one that was not told meanwhile that there is nothing.
            while demand.changed().await.readers == 0 {}
            assert!(reports.try_recv().is_err());
            drop(video);
            ended(&mut reports).await
        };
        let ((), outcome) = tokio::join!(run.go(), begins);
        assert_eq!(outcome, Outcome::Ended(Code::NoMedia));
    }
}

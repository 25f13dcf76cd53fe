//! What leaves the box for those who watch: LL-HLS and DASH here, WebRTC in [`whep`].
//!
//! Owns: which broadcasts can be packaged, when packaging runs (from the first request for a playlist until nobody has asked
//! for a while), and who waits for what. Deliberately not: where segments are cut and what playlists say (see `proto::hls`),
//! HTTP, and what is on air (a [`Feed`] is handed in).
//!
//! One task owns the list of broadcasts; one task each packages a broadcast while somebody watches. What is published is a
//! snapshot that every request reads for itself: bytes are made once, and no request waits for a task but for new media.

mod actor;
mod config;
mod counters;
mod follow;
mod package;
pub(crate) mod path;
mod rest;
mod rung;
#[cfg(test)]
mod tests;
pub mod uplink;
mod viewers;
pub mod whep;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use config::Config;
pub use counters::Counters;
pub use follow::follow;
pub use rest::Rest;

use self::actor::{Command, Station, Visit};
use self::path::{Item, Of, Want};
use crate::model::bitrate::Bitrate;
use crate::model::id::BroadcastId;
use crate::model::ring::Reader;
use crate::model::rung::Rung;
use crate::model::time::{MediaTime, Timeline};
use crate::model::track::Kind;
use crate::model::unit::Unit;
use crate::proto::dash;
use crate::proto::hls::{Directives, Form, Found, Piece, Readiness, Rendition, Snapshot, Timing, multivariant};
use crate::services::supervisor::Supervisor;

/// Commands that wait for the list of broadcasts. When full, who asks waits.
const COMMANDS: usize = 256;
/// Requests that may wait for new media at one time, over all broadcasts. Past that they are [`Error::Busy`].
const WAITING: usize = 4096;
/// How many runs somebody who begins to watch is given, one after the other, as long as each ends before there is anything in it: what is on
/// air may be changing just then.
const RUNS: u32 = 3;

const PLAYLIST: &str = "application/vnd.apple.mpegurl";
const MANIFEST: &str = "application/dash+xml";

/// Why there is nothing to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The broadcast is unknown or off air.
    #[error("this broadcast is not on air")]
    NotOnAir,
    /// No such object, or it has left the window.
    #[error("there is no such object in the window")]
    NotFound,
    /// The request breaks a rule; the sentence is for people.
    #[error("{0}")]
    BadRequest(&'static str),
    /// What was waited for did not come in time. Ask again.
    #[error("no new media came in time")]
    Timeout,
    /// There is no such smaller picture now: the box has enough to do, or is too hot. Take another.
    #[error("the box can't make this size now")]
    NoRoom,
    /// As many watch as the line up carries. Ask again later.
    #[error("as many watch as the line carries")]
    Uplink,
    /// Too many requests wait already. Ask again later.
    #[error("too many requests are waiting")]
    Busy,
}

/// A future in a box, so that [`Feed`] can be a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where the media of a broadcast comes from.
pub trait Feed: Send + Sync + 'static {
    /// Opens it, for as long as the streams are held. The error is a sentence for the log.
    fn open(&self) -> BoxFuture<'_, Result<Streams, String>>;

    /// Which smaller pictures there can be, the largest first.
    fn rungs(&self) -> Vec<Rung> {
        Vec::new()
    }

    /// Opens one of them: a picture alone. The error is a sentence for the log.
    fn rung(&self, rung: Rung) -> BoxFuture<'_, Result<Streams, String>> {
        Box::pin(async move { Err(format!("there is no picture of {rung} lines")) })
    }
}

/// The media of a broadcast.
pub struct Streams {
    /// H.264 units.
    pub video: Option<Reader<Unit>>,
    /// AAC or Opus units.
    pub audio: Option<Reader<Unit>>,
    /// When it changes, everything before it is forgotten at once.
    pub cuts: watch::Receiver<MediaTime>,
}

/// Something to send.
#[derive(Debug)]
pub struct Object {
    /// The bytes, as far as there are any.
    pub body: Bytes,
    /// Those that are still to come.
    pub rest: Option<Rest>,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `Cache-Control`. Errors are `no-store`.
    pub cache_control: String,
}

/// Speaks to egress. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    waiting: Arc<Semaphore>,
    counters: Arc<Counters>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("egress::Handle").finish_non_exhaustive()
    }
}

impl Handle {
    /// Starts egress on `tracker`; it ends with `shutdown`. Nothing is packaged yet. Packaging that starts takes the
    /// configuration of that moment. The line up carries so much, of which each viewer takes so much.
    pub fn start(
        config: watch::Receiver<Config>,
        timeline: Timeline,
        supervisor: Supervisor,
        (line, each): (&uplink::Config, Bitrate),
        tracker: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        let counters = Arc::<Counters>::default();
        let uplink = uplink::Uplink::new(line, each);
        let commands = actor::start(config, timeline, (counters.clone(), supervisor, uplink), tracker, shutdown);
        Self { commands, waiting: Arc::new(Semaphore::new(WAITING)), counters }
    }

    /// What packaging has done.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Requests that wait for new media now.
    pub fn waiting(&self) -> usize {
        WAITING - self.waiting.available_permits()
    }

    /// A broadcast may be watched from now on. One of the same id is replaced.
    pub async fn add(&self, broadcast: BroadcastId, feed: Arc<dyn Feed>) {
        // Fails only once egress has shut down; there is nothing left to tell it then.
        let _ = self.commands.send(Command::Add { broadcast, feed }).await;
    }

    /// Ends a broadcast at once: who waits gets a playlist with an end, who asks later [`Error::NotOnAir`].
    pub async fn remove(&self, broadcast: BroadcastId) {
        let _ = self.commands.send(Command::Remove { broadcast }).await;
    }

    /// A keyframe of the smallest picture that is packaged and has `lines` or more, else of the one on air: the one of so long before the
    /// end, as those who go back count it, or the newest. Nothing if that is not packaged: nothing begins, and nothing goes on, because
    /// somebody asks.
    ///
    /// # Errors
    /// [`Error::NotOnAir`] if the broadcast was not added.
    pub async fn keyframe(
        &self,
        broadcast: BroadcastId,
        lines: u16,
        behind: Option<Duration>,
    ) -> Result<Option<Unit>, Error> {
        let (reply, answer) = oneshot::channel();
        let packaged: Vec<Arc<Snapshot>> = self.ask(Command::Look { broadcast, reply }, answer).await?;
        let Some((on_air, rungs)) = packaged.split_last() else { return Ok(None) };
        let large = |video: &&Rendition| video.picture().is_some_and(|picture| picture.height >= lines);
        let rungs = rungs.iter().filter_map(|rung| rung.video.as_ref()).filter(large);
        Ok(rungs.chain(&on_air.video).find_map(|video| video.keyframe(behind)))
    }

    /// Whether one more may begin to watch, beside all who are counted as watching, in whatever way.
    ///
    /// # Errors
    /// [`Error::Uplink`] if the line carries no more.
    pub async fn admit(&self, watching: u32) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        match self.ask(Command::Admit { watching, reply }, answer).await? {
            true => Ok(()),
            false => Err(Error::Uplink),
        }
    }

    /// How many watch, estimated anew every target duration without storing who: from the requests for the media playlist
    /// that every player keeps reloading. The watch closes when the broadcast is removed.
    ///
    /// # Errors
    /// [`Error::NotOnAir`] if it was not added.
    pub async fn viewers(&self, broadcast: BroadcastId) -> Result<watch::Receiver<u32>, Error> {
        let (reply, answer) = oneshot::channel();
        self.ask(Command::Viewers { broadcast, reply }, answer).await
    }

    /// What is at `path` below `/hls/{broadcast}/`. Waits where the protocol says so, at most three target durations for each run that is begun.
    ///
    /// # Errors
    /// [`Error`], all of which are for the requester.
    pub async fn get(&self, broadcast: BroadcastId, path: &str, query: Option<&str>) -> Result<Object, Error> {
        let want = path::parse(path, query)?;
        let visit = match want {
            Want::Index => Visit::Index,
            // Who asks what changed without waiting for more is a page that plays by WebRTC and looks how far back it could go.
            Want::Of { run, of, item: Item::Playlist(Directives { reload: None, form: Form::Delta }) } => {
                Visit::Media { run, of }
            }
            Want::Of { run, of, item: Item::Playlist(wanted) } => {
                Visit::Reload { run, of, blocking: wanted.reload.is_some() }
            }
            Want::Of { run, of, .. } => Visit::Media { run, of },
        };
        let Want::Of { of, item, .. } = want else {
            return self.begin(broadcast, visit).await;
        };
        let mut station = self.visit(broadcast, visit).await?;
        match item {
            Item::Playlist(wanted) => self.playlist(station, of, wanted).await,
            Item::Part(msn, part) => self.part(station, of.kind(), msn, part).await,
            Item::Segment(msn) => self.segment(station, of.kind(), msn).await,
            Item::Init(number) => {
                let kind = of.kind();
                let body = station.now().rendition(kind).and_then(|rendition| rendition.init(number));
                media(body.ok_or(Error::NotFound)?, kind, station.timing)
            }
        }
    }

    /// The manifest of DASH. Who begins to watch names no run, who watches already the one of the manifest before. Waits until there is
    /// something to play, at most three target durations for each run that is begun.
    ///
    /// # Errors
    /// [`Error`], all of which are for the requester; [`Error::NotFound`] if that run is over: it begins again.
    pub async fn manifest(&self, broadcast: BroadcastId, reload: Option<u64>) -> Result<Object, Error> {
        self.begin(broadcast, Visit::Manifest { reload }).await
    }

    async fn manifest_of(&self, broadcast: BroadcastId, mut station: Station) -> Result<Object, Error> {
        let run = station.run;
        let there = |snapshot: &Snapshot| Ok((snapshot.is_complete() || snapshot.ended).then_some(()));
        match self.wait(&mut station, there).await {
            // One track alone is better than nothing.
            Ok(()) | Err(Error::Timeout) => {}
            Err(error) => return Err(error),
        }
        let snapshot = station.now();
        let presentation = dash::Presentation {
            run,
            now_unix_nanos: station.now_unix_nanos,
            media: &format!("../../hls/{broadcast}/{run}/"),
            location: &format!("manifest.mpd?run={run}"),
            clock: "/dash/time",
            rungs: &station.made,
        };
        let nothing = if snapshot.ended { Error::NotOnAir } else { Error::Timeout };
        let text = dash::manifest(&snapshot, &presentation).ok_or(nothing)?;
        let cache_control = "public, max-age=1".into();
        Ok(Object { body: Bytes::from(text), rest: None, content_type: MANIFEST, cache_control })
    }

    /// Gives whoever begins to watch the index or the manifest; if a run ended before there was anything in it, that of the one that follows.
    async fn begin(&self, broadcast: BroadcastId, visit: Visit) -> Result<Object, Error> {
        let mut runs = 1;
        loop {
            let station = self.visit(broadcast, visit).await?;
            let given = match visit {
                Visit::Manifest { .. } => self.manifest_of(broadcast, station).await,
                _ => self.index(station).await,
            };
            match given {
                Err(Error::NotOnAir) if runs < RUNS => runs += 1,
                given => return given,
            }
            tokio::time::sleep(actor::LOOK).await;
        }
    }

    async fn visit(&self, broadcast: BroadcastId, visit: Visit) -> Result<Station, Error> {
        let (reply, answer) = oneshot::channel();
        self.ask(Command::Visit { broadcast, visit, reply }, answer).await
    }

    async fn ask<T>(&self, command: Command, answer: oneshot::Receiver<Result<T, Error>>) -> Result<T, Error> {
        self.commands.send(command).await.map_err(|_| Error::NotOnAir)?;
        answer.await.map_err(|_| Error::NotOnAir)?
    }

    async fn index(&self, mut station: Station) -> Result<Object, Error> {
        let (run, rungs) = (station.run, station.rungs.clone());
        let complete = |snapshot: &Snapshot| match multivariant(snapshot, run, &rungs) {
            Some(text) if snapshot.is_complete() || snapshot.ended => Ok(Some(text)),
            None if snapshot.ended => Err(Error::NotOnAir),
            _ => Ok(None),
        };
        let text = match self.wait(&mut station, complete).await {
            // One track alone is better than nothing.
            Err(Error::Timeout) => multivariant(&station.now(), run, &rungs).ok_or(Error::Timeout)?,
            other => other?,
        };
        let cache_control = "public, max-age=1".into();
        Ok(Object { body: Bytes::from(text), rest: None, content_type: PLAYLIST, cache_control })
    }

    async fn playlist(&self, mut station: Station, of: Of, wanted: Directives) -> Result<Object, Error> {
        let far_enough = |snapshot: &Snapshot| {
            let Some(rendition) = snapshot.rendition(of.kind()) else {
                if matches!(of, Of::Rung(_)) {
                    return Ok(None);
                }
                return if snapshot.is_complete() || snapshot.ended { Err(Error::NotFound) } else { Ok(None) };
            };
            let ready = match wanted.reload {
                Some(reload) => {
                    rendition.reload(reload).map_err(|refused| Error::BadRequest(refused.0))? == Readiness::Ready
                }
                None => rendition.is_playable() || snapshot.ended,
            };
            Ok(ready.then(|| rendition.playlist(wanted.form)))
        };
        let body = self.wait(&mut station, far_enough).await?;
        // A blocking reload has an address that is asked for once, and so has its delta update; a plain one changes with every part.
        let age = if wanted.reload.is_some() { 2 * station.timing.target() } else { 1 };
        Ok(Object { body, rest: None, content_type: PLAYLIST, cache_control: format!("public, max-age={age}") })
    }

    async fn part(&self, mut station: Station, kind: Kind, msn: u64, part: u64) -> Result<Object, Error> {
        let there = |snapshot: &Snapshot| {
            let found = snapshot.rendition(kind).map_or(Found::Gone, |rendition: &Rendition| rendition.part(msn, part));
            match found {
                Found::Here(body) => Ok(Some(body)),
                Found::Wait => Ok(None),
                Found::Gone => Err(Error::NotFound),
            }
        };
        let body = self.wait(&mut station, there).await?;
        media(body, kind, station.timing)
    }

    /// A segment: whole, or what there is of it and the rest as it comes. One that will be begun next is waited for.
    async fn segment(&self, mut station: Station, kind: Kind, msn: u64) -> Result<Object, Error> {
        let there = |snapshot: &Snapshot| {
            let rendition = snapshot.rendition(kind).ok_or(Error::NotFound)?;
            match (rendition.segment(msn), rendition.piece(msn, 0)) {
                (Some(whole), _) => Ok(Some((whole, true))),
                (None, Piece::Here(first)) => Ok(Some((first, false))),
                (None, Piece::Wait) => Ok(None),
                (None, Piece::Whole | Piece::Gone) => Err(Error::NotFound),
            }
        };
        let (body, whole) = match self.wait(&mut station, there).await {
            Err(Error::Timeout) => return Err(Error::NotFound),
            found => found?,
        };
        let timing = station.timing;
        let rest = match whole {
            true => None,
            false => {
                let waiting = self.waiting.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
                Some(Rest::new(station, kind, msn, waiting))
            }
        };
        Ok(Object { rest, ..media(body, kind, timing)? })
    }

    /// Looks at every snapshot until one has an answer.
    async fn wait<T>(
        &self,
        station: &mut Station,
        mut look: impl FnMut(&Snapshot) -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        if let Some(answer) = look(&station.now())? {
            return Ok(answer);
        }
        let _waiting = self.waiting.try_acquire().map_err(|_| Error::Busy)?;
        let limit: Duration = station.timing.target_duration() * 3;
        let answer = async {
            loop {
                station.snapshots.changed().await.map_err(|_| station.gone)?;
                if let Some(answer) = look(&station.now())? {
                    return Ok(answer);
                }
            }
        };
        tokio::time::timeout(limit, answer).await.map_err(|_| Error::Timeout)?
    }
}

/// Media never changes at its address; it may be cached for as long as many ask for it, near the live edge, and no longer,
/// however far back the window reaches: what somebody takes back must not live on in caches.
fn media(body: Bytes, kind: Kind, timing: Timing) -> Result<Object, Error> {
    let content_type = match kind {
        Kind::Video => "video/mp4",
        Kind::Audio => "audio/mp4",
    };
    let age = u64::from(timing.target()) * (2 * timing.segments as u64 + 1);
    Ok(Object { body, rest: None, content_type, cache_control: format!("public, max-age={age}, immutable") })
}

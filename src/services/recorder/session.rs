//! One recording: from the first yes of everybody until the room is off air or nobody wants it any more.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::catalogue::{Folder, finish};
use super::trimming::Trimmed;
use super::{Mark, Parts};
use crate::drivers::disk::Growing;
use crate::model::id::{PublicationId, RecordingId, RoomId};
use crate::model::purpose::Purpose;
use crate::model::ring::Next;
use crate::model::time::MediaTime;
use crate::model::track::Codec;
use crate::proto::cmaf::Finish;
use crate::proto::recording::Take;
use crate::services::room::{OnAir, Room, Rooms};

/// Pieces that wait for the disk, each of about a second. When it is full the recording waits, and what is lost meanwhile is a gap.
pub(super) const PIECES: usize = 8;
/// How long one lasts, in nanoseconds: then another is begun, so that what is remembered for its index has a bound.
const LONGEST: u64 = 12 * 3600 * 1_000_000_000;
/// How often a program that is not there yet is looked for.
pub(super) const AGAIN: Duration = Duration::from_millis(200);

/// What becomes of it.
#[derive(Debug)]
pub(super) enum Told {
    /// It goes on, or waits for somebody's yes.
    Goes { id: RecordingId, runs: bool, duration: u64, bytes: u64, chapters: Vec<Mark> },
    /// One of a participant alone begins, at this media time, so many milliseconds after that of what is on air.
    Begins { id: RecordingId, at: MediaTime, offset: u64 },
    /// It has ended.
    Ended(RecordingId, Made),
    /// A part is copied, or can't be.
    Trimmed(RecordingId, io::Result<Trimmed>),
}

/// What was made.
#[derive(Debug)]
pub(super) struct Made {
    /// How many bytes; none if there was nothing to keep.
    pub(super) result: io::Result<u64>,
    /// Milliseconds.
    pub(super) duration: u64,
    pub(super) chapters: Vec<Mark>,
}

impl Default for Made {
    fn default() -> Self {
        Self { result: Ok(0), duration: 0, chapters: Vec::new() }
    }
}

/// How far the recording of what is on air is, for those that are made beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pace {
    /// Media time at which its present stretch begins, and nanoseconds since its start at which that is; nothing while nothing is kept.
    pub(super) place: Option<(MediaTime, u64)>,
    /// The disk is so slow that the others have to leave it alone.
    pub(super) behind: bool,
}

impl Pace {
    /// With room for so many pieces that wait for the disk.
    pub(super) const fn of(place: Option<(MediaTime, u64)>, room: usize) -> Self {
        Self { place, behind: room <= PIECES / 2 }
    }
}

/// Something for the thread that writes.
pub(super) enum Write {
    Piece(Vec<u8>),
    Finish(Box<Finish>),
}

/// One file, and the thread that writes it.
pub(super) struct Writing {
    pub(super) to: mpsc::Sender<Write>,
    thread: JoinHandle<io::Result<u64>>,
}

impl Writing {
    pub(super) fn start(folder: &Folder, id: RecordingId) -> Self {
        let (to, inbox) = mpsc::channel(PIECES);
        let (path, name) = (folder.part(id), format!("{id}.mp4"));
        Self { to, thread: tokio::task::spawn_blocking(move || write(&path, &name, inbox)) }
    }

    /// Finishes the file with what was taken in, but for what was captured at `until` or later.
    pub(super) async fn end(self, mut take: Take, until: MediaTime) -> Made {
        let Self { to, thread } = self;
        // What is held is part of it, and of how long it is.
        let mut rest = take.cut(until);
        let (chapters, duration) = (marks(&take), take.duration() / 1_000_000);
        if let Some((more, finish)) = take.end() {
            rest.extend(more);
            // The thread has said why it does not take anything any more.
            let _ = to.send(Write::Piece(rest)).await;
            let _ = to.send(Write::Finish(Box::new(finish))).await;
        }
        drop(to);
        let result = thread.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        Made { result, duration, chapters }
    }
}

/// What the room says.
enum Says {
    /// Everybody who is on air agrees.
    Record(Arc<Room>),
    /// Nothing captured since then may be kept.
    Wait(MediaTime),
    /// It is over.
    Over,
}

pub(super) struct Session {
    pub(super) id: RecordingId,
    pub(super) room: RoomId,
    pub(super) parts: Parts,
    pub(super) folder: Folder,
    pub(super) told: mpsc::Sender<Told>,
    pub(super) pace: watch::Sender<Pace>,
    pub(super) stop: CancellationToken,
}

impl Session {
    /// Records until the room is off air, nobody wants it any more, it is [`LONGEST`], the disk fails, or `stop`.
    pub(super) async fn run(self) -> Made {
        let mut rooms = self.parts.rooms.rooms();
        let writing = Writing::start(&self.folder, self.id);
        let writes = &writing.to;
        let mut take = Take::default();
        while !self.stop.is_cancelled() && !writes.is_closed() && take.duration() < LONGEST {
            match self.says(&mut rooms) {
                Says::Record(_) => {
                    self.record(&mut take, &mut rooms, writes).await;
                    self.pace.send_replace(Pace::default());
                }
                Says::Wait(_) => {
                    self.tell(&take, false).await;
                    tokio::select! {
                        changed = rooms.changed() => if changed.is_err() {
                            break;
                        },
                        () = self.stop.cancelled() => {}
                        () = writes.closed() => {}
                    }
                }
                Says::Over => break,
            }
        }
        writing.end(take, MediaTime::from_nanos(i64::MAX)).await
    }

    fn says(&self, rooms: &mut watch::Receiver<Rooms>) -> Says {
        let room = rooms.borrow_and_update().iter().find(|room| room.id == self.room).cloned();
        match room.as_ref().and_then(|room| Some((room.clone(), room.live.as_ref()?.recording?))) {
            Some((room, recording)) if recording.agreed => Says::Record(room),
            Some((_, recording)) => Says::Wait(recording.since),
            None => Says::Over,
        }
    }

    /// What is on air of this room.
    fn publication(&self, room: &Room) -> Option<PublicationId> {
        let list = self.parts.broadcasts.list();
        let list = list.borrow();
        list.iter().find(|broadcast| broadcast.id == room.broadcast)?.live.map(|live| live.publication)
    }

    /// Records until somebody does not agree any more, or nothing comes.
    async fn record(&self, take: &mut Take, rooms: &mut watch::Receiver<Rooms>, writes: &mpsc::Sender<Write>) {
        let Says::Record(room) = self.says(rooms) else { return };
        let streams = match self.publication(&room) {
            Some(publication) => {
                let video = self.parts.origin.units(publication, Codec::H264, Purpose::Record).await;
                let audio = self.parts.origin.units(publication, Codec::Aac, Purpose::Record).await;
                video.ok().zip(audio.ok())
            }
            None => None,
        };
        let Some((mut video, mut audio)) = streams else {
            // The program is not there yet, or has not heard that it may be recorded.
            let wait = tokio::time::timeout(AGAIN, rooms.changed());
            let _ = self.stop.run_until_cancelled(wait).await;
            rooms.mark_changed();
            return;
        };
        video.request_keyframe();
        let (mut asked, mut said) = (Instant::now(), Instant::now());
        self.tell(take, true).await;
        let mut named = chapter(&room, take.chapters().is_empty());
        while take.duration() < LONGEST {
            // What the room says comes before what is there to be read, also where both have come.
            if rooms.has_changed().unwrap_or(true) {
                match self.says(rooms) {
                    Says::Record(now) => named = chapter(&now, take.chapters().is_empty()),
                    says => return self.stops(take, says, writes).await,
                }
            }
            let next = tokio::select! {
                biased;
                changed = rooms.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    rooms.mark_changed();
                    continue;
                }
                () = self.stop.cancelled() => return,
                () = writes.closed() => return,
                next = video.next() => next,
                next = audio.next() => next,
            };
            let piece = match next {
                Next::Item(unit) => {
                    let at = unit.pts;
                    let piece = take.push(unit);
                    // It may have come before anything can be shown: then it is named with the next.
                    if let Some(title) = named.as_ref().filter(|_| take.is_running()) {
                        take.chapter(at, title);
                        named = None;
                    }
                    piece
                }
                Next::Lagged(_) => {
                    take.lost();
                    Vec::new()
                }
                Next::Closed | Next::Revoked => {
                    let says = self.says(rooms);
                    return self.stops(take, says, writes).await;
                }
            };
            let pace = Pace::of(take.place(), writes.capacity());
            self.pace.send_if_modified(|told| std::mem::replace(told, pace) != pace);
            if take.needs_keyframe() && asked.elapsed() >= Duration::from_secs(1) {
                video.request_keyframe();
                asked = Instant::now();
            }
            if !piece.is_empty() && writes.send(Write::Piece(piece)).await.is_err() {
                return;
            }
            if said.elapsed() >= Duration::from_secs(1) {
                said = Instant::now();
                self.tell(take, true).await;
            }
        }
    }

    /// It does not go on: what may not be kept is not.
    async fn stops(&self, take: &mut Take, says: Says, writes: &mpsc::Sender<Write>) {
        let at = match says {
            Says::Wait(since) => since,
            Says::Record(_) | Says::Over => MediaTime::from_nanos(i64::MAX),
        };
        let piece = take.cut(at);
        if !piece.is_empty() {
            // The thread has said why it does not take anything any more.
            let _ = writes.send(Write::Piece(piece)).await;
        }
    }

    async fn tell(&self, take: &Take, runs: bool) {
        let (duration, bytes) = (take.duration() / 1_000_000, take.bytes());
        let told = Told::Goes { id: self.id, runs, duration, bytes, chapters: marks(take) };
        // When nobody listens any more the box is stopping.
        let _ = self.told.send(told).await;
    }
}

fn marks(take: &Take) -> Vec<Mark> {
    take.chapters().iter().map(Mark::of).collect()
}

/// What the present is called: by who shares a screen, or who speaks, of those who are on air; as long as nobody does, as what was before.
fn chapter(room: &Room, first: bool) -> Option<String> {
    let on_air = || room.participants.iter().filter(|who| who.on_air == OnAir::Yes);
    if let Some(who) = on_air().find(|who| who.screen.is_some()) {
        return Some(format!("{}: screen", who.name));
    }
    match on_air().find(|who| Some(who.id) == room.speaker) {
        Some(who) => Some(who.name.to_string()),
        None => first.then(|| room.live.as_ref().map(|live| live.title.to_string()))?,
    }
}

/// Writes what comes, each piece onto the disk. Blocks. Answers how many bytes it became; none if nothing came.
fn write(path: &std::path::Path, name: &str, mut inbox: mpsc::Receiver<Write>) -> io::Result<u64> {
    let mut file = None;
    let mut finished = false;
    while let Some(write) = inbox.blocking_recv() {
        let file = match &mut file {
            Some(file) => file,
            None => file.insert(Growing::create(path)?),
        };
        match write {
            Write::Piece(bytes) => file.append(&bytes)?,
            Write::Finish(how) => {
                finish(file, &how)?;
                finished = true;
            }
        }
    }
    match file {
        Some(mut file) if finished => {
            file.rename(name)?;
            Ok(file.length())
        }
        // Nothing was begun, so nothing is there.
        Some(_) | None => Ok(0),
    }
}

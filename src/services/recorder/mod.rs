//! Recordings of what is on air: made while everybody who is on air agrees, kept on a disk of the box, and finished so that every player
//! can seek in them.
//!
//! Owns the folder of recordings, when one begins and ends, and which have to go. What is on air is the program's, and who has agreed the
//! room's; how the file is made is `proto::recording`. One task owns the list; one task each makes a recording, and a thread of its own
//! writes it, so that a slow disk holds up nobody.

mod actor;
mod beside;
mod catalogue;
mod config;
mod separate;
mod session;
mod trimming;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use config::Config;

use crate::model::id::{RecordingId, RoomId};
use crate::model::time::Timeline;
use crate::proto::auth::InvalidText;
use crate::proto::cmaf::Chapter;
use crate::services::supervisor::Supervisor;
use crate::services::{broadcast, origin, room};

/// Commands that wait; whoever asks for more waits.
const COMMANDS: usize = 32;

/// Why it is not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such recording, or it is still being made.
    #[error("there is no such recording")]
    NotFound,
    /// The folder is on an SD card.
    #[error(
        "recordings would be on the SD card: set recordings.folder to a folder on a disk, or recordings.sd_card = true"
    )]
    SdCard,
    /// There is too little room.
    #[error("there is too little room on the disk: delete recordings, or connect a larger one")]
    Full,
    /// The folder can't be used.
    #[error("the folder for recordings can't be used: {0}")]
    Folder(String),
    /// It can't be called so.
    #[error("this title can't be used: {0}")]
    BadTitle(InvalidText),
    /// This part can't be had.
    #[error("this part can't be cut out: {0}")]
    BadPart(&'static str),
    /// Another one is being trimmed.
    #[error("another recording is being trimmed: wait until it is done")]
    Trimming,
    /// It is protected.
    #[error("this recording is protected: take its protection away first")]
    Protected,
    /// The box is shutting down.
    #[error("the box is shutting down")]
    Closed,
}

/// How far a recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "RecordingState"))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is being made.
    Recording,
    /// It waits until everybody who is on air agrees.
    Waiting,
    /// It is a part of another one, and being copied.
    Trimming,
    /// It is whole.
    Finished,
    /// The box went out while it was made: it ends a second or two early.
    Recovered,
    /// The disk failed or was full: it ends where that happened. Of a part there is nothing.
    Broken,
}

/// Somewhere in a recording that has a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "RecordingChapter"))]
pub struct Mark {
    /// Milliseconds since its start.
    pub at: u64,
    /// What it is called.
    pub title: String,
}

impl Mark {
    fn of(chapter: &Chapter) -> Self {
        Self { at: chapter.at / 1_000_000, title: chapter.title.clone() }
    }

    fn chapter(&self) -> Chapter {
        Chapter { at: self.at * 1_000_000, title: self.title.clone() }
    }
}

/// Whose a recording is that holds one participant alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "RecordingAlone"))]
pub struct Alone {
    /// The recording of what was on air, which it was made beside.
    pub of: RecordingId,
    /// What they called themselves.
    pub name: String,
    /// It is a screen that they shared.
    pub screen: bool,
    /// Milliseconds after the beginning of that recording at which it begins: so far apart both are laid beside each other.
    pub offset: u64,
}

/// One recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Recording {
    /// Its id.
    pub id: RecordingId,
    /// What it is called: as the broadcast was, until somebody says otherwise.
    pub title: String,
    /// The room that was on air.
    pub room: RoomId,
    /// When it began, in seconds since 1970 UTC.
    pub started: i64,
    /// When it ended.
    pub ended: Option<i64>,
    /// Milliseconds that it lasts.
    pub duration: u64,
    /// Bytes of its video.
    pub bytes: u64,
    /// How far it is.
    pub state: State,
    /// Who spoke when, or shared a screen.
    pub chapters: Vec<Mark>,
    /// It stays whatever happens.
    pub protected: bool,
    /// When somebody deleted it: for ten minutes it can be had back.
    pub deleted: Option<i64>,
    /// Since when everybody may watch it, at `/b/<id>`.
    #[serde(default)]
    pub published: Option<i64>,
    /// Set if it holds one participant alone.
    #[serde(default)]
    pub alone: Option<Alone>,
    /// Those that were made beside it of participants alone, by name and beginning.
    #[serde(default, skip_deserializing)]
    pub separate: Vec<Self>,
}

impl Recording {
    /// One of which nothing was made yet.
    const fn begins(id: RecordingId, title: String, room: RoomId, started: i64) -> Self {
        Self {
            id,
            title,
            room,
            started,
            ended: None,
            duration: 0,
            bytes: 0,
            state: State::Waiting,
            chapters: Vec::new(),
            protected: false,
            deleted: None,
            published: None,
            alone: None,
            separate: Vec::new(),
        }
    }

    /// It ended when it had lasted this long, if nobody knows better.
    fn settle(&mut self) {
        self.ended.get_or_insert(self.started + seconds(self.duration));
    }

    /// Everybody may watch it.
    fn is_public(&self) -> bool {
        let whole = self.ended.is_some() && self.deleted.is_none() && self.bytes > 0;
        self.published.is_some() && whole && self.alone.is_none()
    }

    /// Whether it was made beside this one.
    fn is_beside(&self, id: RecordingId) -> bool {
        self.alone.as_ref().is_some_and(|alone| alone.of == id)
    }
}

/// Whole seconds of so many milliseconds.
fn seconds(millis: u64) -> i64 {
    i64::try_from(millis / 1000).unwrap_or(0)
}

/// All of them, and the room for more.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Recordings {
    /// The newest first.
    pub recordings: Vec<Recording>,
    /// Bytes that are free on their disk.
    pub free: u64,
    /// Bytes of the whole disk.
    pub total: u64,
    /// Seconds until there is no room any more, with the oldest going for it, while something is recorded.
    pub lasts: Option<u64>,
    /// Why nothing can be recorded, in English; null if it can.
    pub trouble: Option<String>,
}

/// What is changed of one; what is not given stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "RecordingChange"))]
#[serde(deny_unknown_fields, default)]
pub struct Change {
    /// What it is called.
    pub title: Option<String>,
    /// It stays whatever happens.
    pub protected: Option<bool>,
    /// Everybody may watch it.
    pub published: Option<bool>,
}

/// A part of a recording, in milliseconds since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "RecordingPart"))]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Where it begins, or up to some seconds before: it begins with the next picture that can be shown by itself.
    pub from: u64,
    /// Where it ends.
    pub to: u64,
}

/// A video to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Video {
    /// Where it is.
    pub path: PathBuf,
    /// What it is called.
    pub title: String,
    /// Milliseconds that it lasts.
    pub duration: u64,
}

type Done<T> = oneshot::Sender<Result<T, Error>>;

enum Command {
    List { done: Done<Recordings> },
    Ready { done: Done<()> },
    Change { id: RecordingId, change: Change, done: Done<Recording> },
    Delete { id: RecordingId, done: Done<()> },
    Restore { id: RecordingId, done: Done<Recording> },
    Video { id: RecordingId, public: bool, done: Done<Video> },
    Trim { id: RecordingId, part: Part, done: Done<Recording> },
}

/// The way to it; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
}

impl Handle {
    /// All recordings; just after the start once what was left behind is finished.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn list(&self) -> Result<Recordings, Error> {
        self.ask(|done| Command::List { done }).await
    }

    /// Whether something can be recorded.
    ///
    /// # Errors
    /// [`Error::SdCard`], [`Error::Full`], [`Error::Folder`], [`Error::Closed`].
    pub async fn ready(&self) -> Result<(), Error> {
        self.ask(|done| Command::Ready { done }).await
    }

    /// Calls it something else, protects it, or has everybody watch it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Folder`], [`Error::Closed`].
    pub async fn change(&self, id: RecordingId, change: Change) -> Result<Recording, Error> {
        self.ask(|done| Command::Change { id, change, done }).await
    }

    /// Deletes it: for ten minutes it can be had back.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Protected`], [`Error::Folder`], [`Error::Closed`].
    pub async fn delete(&self, id: RecordingId) -> Result<(), Error> {
        self.ask(|done| Command::Delete { id, done }).await
    }

    /// Has back what was deleted.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Folder`], [`Error::Closed`].
    pub async fn restore(&self, id: RecordingId) -> Result<Recording, Error> {
        self.ask(|done| Command::Restore { id, done }).await
    }

    /// Its video; of one that is being made as far as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Closed`].
    pub async fn video(&self, id: RecordingId) -> Result<Video, Error> {
        self.ask(|done| Command::Video { id, public: false, done }).await
    }

    /// The video of one that everybody may watch.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Closed`].
    pub async fn published(&self, id: RecordingId) -> Result<Video, Error> {
        self.ask(|done| Command::Video { id, public: true, done }).await
    }

    /// Copies a part of a recording into one of its own, without encoding anything anew. Answers that one, which is being made then.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BadPart`], [`Error::Trimming`], [`Error::Full`], [`Error::SdCard`], [`Error::Folder`],
    /// [`Error::Closed`].
    pub async fn trim(&self, id: RecordingId, part: Part) -> Result<Recording, Error> {
        self.ask(|done| Command::Trim { id, part, done }).await
    }

    async fn ask<T>(&self, command: impl FnOnce(Done<T>) -> Command) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(answer)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

/// What it stands on.
#[derive(Clone)]
pub struct Parts {
    /// Where what is on air is.
    pub origin: origin::Handle,
    /// Who has agreed.
    pub rooms: room::Handle,
    /// Which publication is on air.
    pub broadcasts: broadcast::Handle,
    /// Media time.
    pub timeline: Timeline,
    /// Who starts what failed again.
    pub supervisor: Supervisor,
    /// The state folder.
    pub state: PathBuf,
    /// Where `/sys` is.
    pub root: PathBuf,
}

/// Starts the actor on `tasks`; it ends with `cancel`, and finishes what is being made.
pub fn start(config: &Config, parts: Parts, tasks: &TaskTracker, cancel: CancellationToken) -> Handle {
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let folder = catalogue::Folder::new(config.place(&parts.state));
    let actor = actor::Actor::new(config.clone(), folder, parts, tasks.clone(), cancel);
    tasks.spawn(actor.keep(inbox));
    Handle { commands }
}

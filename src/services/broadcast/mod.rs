//! The broadcasts: id, title, whether they are live, and how many watch.
//!
//! Owns the list that everybody may see. Does not own the media of a broadcast, nor the decision to go live (`services::room`).
//! Nothing of it is stored: who owns a broadcast registers it again at start. A recording that everybody may watch is one as well.

mod actor;
mod restricted;
mod state;

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use restricted::{Epoch, Key, Restricted};

use crate::model::id::{BroadcastId, PublicationId, RoomId};
use crate::model::time::MediaTime;
use crate::proto::auth::Title;

/// Commands that may wait for the actor. When it is full, callers wait.
const QUEUE: usize = 64;

/// What can go wrong, by what one can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nobody registered this broadcast, or it was removed.
    #[error("there is no broadcast {0}")]
    Unknown(BroadcastId),
    /// As many as there may be: remove one.
    #[error("there are too many broadcasts")]
    TooMany,
    /// The service is stopped.
    #[error("the broadcast service is stopped")]
    Closed,
}

/// What is watched, at `/b/<id>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broadcast {
    /// Its id.
    pub id: BroadcastId,
    /// What it is called.
    pub title: Title,
    /// Set while it is on air.
    pub live: Option<Live>,
    /// Set if it is a recording that everybody may watch.
    pub recorded: Option<Recorded>,
    /// Set if not everybody may watch it.
    pub restricted: Option<Restricted>,
}

impl Broadcast {
    /// Whether this stands for it in media addresses.
    pub fn is_at(&self, key: &Key) -> bool {
        self.id == key.id && self.restricted.as_ref().map(|restricted| &restricted.epoch) == key.epoch.as_ref()
    }

    /// What stands for it in media addresses.
    pub fn key(&self) -> Key {
        Key { id: self.id, epoch: self.restricted.as_ref().map(|restricted| restricted.epoch.clone()) }
    }
}

/// A recording that everybody may watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// When it began, in seconds of wall time since 1970 UTC.
    pub started: i64,
    /// Milliseconds that it lasts.
    pub duration: u64,
}

/// How it is on air.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Live {
    /// Since when, in seconds of wall time since 1970 UTC.
    pub since: i64,
    /// How many watch.
    pub viewers: u32,
    /// What is on air.
    #[serde(skip)]
    pub publication: PublicationId,
    /// Whatever was captured before this moment is not to be had any more: somebody has taken their consent back.
    #[serde(skip)]
    pub cut: MediaTime,
}

type Reply = oneshot::Sender<Result<(), Error>>;

/// A change and where its outcome goes.
type Command = (state::Change, Reply);

/// Reaches the service. A cheap clone.
#[derive(Debug, Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    list: watch::Receiver<Arc<Vec<Broadcast>>>,
}

/// Starts the service on `tracker`; it ends at `stop`. Whenever a login is taken or expires, as `ended` counts them, restricted broadcasts get other
/// addresses.
pub fn start(tracker: &TaskTracker, ended: watch::Receiver<u64>, stop: CancellationToken) -> Handle {
    let (commands, queue) = mpsc::channel(QUEUE);
    let (publish, list) = watch::channel(Arc::default());
    tracker.spawn(actor::run(queue, publish, ended, stop));
    Handle { commands, list }
}

impl Handle {
    async fn change(&self, change: state::Change) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        self.commands.send((change, reply)).await.map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// Adds a broadcast that is off air, or gives one that is there another title.
    ///
    /// # Errors
    /// [`Error::TooMany`], [`Error::Closed`].
    pub async fn register(&self, id: BroadcastId, title: Title) -> Result<(), Error> {
        self.change(state::Change::Register { id, title }).await
    }

    /// Adds a recording that everybody may watch, or says what it is called and how long it lasts by now.
    ///
    /// # Errors
    /// [`Error::TooMany`], [`Error::Closed`].
    pub async fn publish(&self, id: BroadcastId, title: Title, recorded: Recorded) -> Result<(), Error> {
        self.change(state::Change::Publish { id, title, recorded }).await
    }

    /// Says that a publication is on air since `since_unix` (seconds of wall time since 1970 UTC) under a title. A broadcast that
    /// is on air already keeps its start, its viewers and its publication.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Closed`].
    pub async fn start(
        &self,
        id: BroadcastId,
        title: Title,
        since_unix: i64,
        publication: PublicationId,
    ) -> Result<(), Error> {
        self.change(state::Change::Start { id, title, since: since_unix, publication }).await
    }

    /// Says that a broadcast is for those alone who may watch in this room, or for everybody.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Closed`].
    pub async fn restrict(&self, id: BroadcastId, room: Option<RoomId>) -> Result<(), Error> {
        self.change(state::Change::Restrict { id, room }).await
    }

    /// Says that nothing captured before `at` is to be had any more. Off air this changes nothing.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Closed`].
    pub async fn cut(&self, id: BroadcastId, at: MediaTime) -> Result<(), Error> {
        self.change(state::Change::Cut { id, at }).await
    }

    /// Says that a broadcast is off air. Its title stays.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Closed`].
    pub async fn stop(&self, id: BroadcastId) -> Result<(), Error> {
        self.change(state::Change::Stop { id }).await
    }

    /// Says how many watch. Off air this changes nothing.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Closed`].
    pub async fn set_viewers(&self, id: BroadcastId, viewers: u32) -> Result<(), Error> {
        self.change(state::Change::SetViewers { id, viewers }).await
    }

    /// Forgets a broadcast. One that nobody knows is no error.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn remove(&self, id: BroadcastId) -> Result<(), Error> {
        self.change(state::Change::Remove { id }).await
    }

    /// Waits until the service has ended, by itself or by a failure.
    pub async fn ended(&self) {
        self.commands.closed().await;
    }

    /// All broadcasts by id, now and after each change. When a method above has returned, its change is there to see.
    pub fn list(&self) -> watch::Receiver<Arc<Vec<Broadcast>>> {
        self.list.clone()
    }
}

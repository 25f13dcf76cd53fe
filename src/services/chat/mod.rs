//! Chat: what is written in rooms and to those who watch.
//!
//! Owns: every channel's newest messages, its rules, and who has a time-out; what of it is stored, and for how long. Deliberately not: who may
//! read and write at all, and bans, which are matters of grants (see `access` and `interfaces`); and what a page looks like.
//!
//! One task owns all channels. What changed in a tenth of a second goes out as one event, which is written once for all who may see the same
//! and shared by their sockets. Who reads too slowly loses events and gets the whole channel anew. What is written to the store is written
//! together, a second later at most; where that fails, the chat goes on in memory and says so.

mod actor;
mod config;
mod rooms;
mod wire;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::drivers::identity::alias;
use crate::drivers::store;
use crate::model::count::{Counter, Gauge};
use crate::model::id::{AuthorId, RoomId};
use crate::model::role::{Role, Subject};
use crate::proto::auth::Name;
use crate::proto::chat::{By, Place, Reaction, Refused, Rules, Text, Turn, Why};
use crate::services::supervisor::Supervisor;

pub use config::Config;
pub use wire::{Audience, Told, message};

/// Commands that may wait for the actor. When it is full, whoever writes waits, at their own socket.
const QUEUE: usize = 256;
/// Events that wait for one who reads slowly. Past that they get the whole channel anew.
const FEED: usize = 64;
/// Most messages that one request of a moderator is about.
pub const MOST_TURNED: usize = 100;
/// Most messages that one search gives.
pub const MOST_FOUND: usize = 100;

/// Why it is not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The rules of the chat forbid it.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// Nobody wrote here under this name.
    #[error("nobody wrote here under this name")]
    Nobody,
    /// Several did: it has to be said by one of their messages.
    #[error("several wrote here under this name")]
    Several,
    /// The rules can't hold.
    #[error("these rules can't be used")]
    BadRules,
    /// The box could not remember it: nothing was changed.
    #[error("could not be stored: {0}")]
    Store(#[from] store::Error),
    /// The box is shutting down, or the chat starts anew.
    #[error("the chat is stopped")]
    Closed,
}

/// Somebody about whom something is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// By what the others of the room know them by.
    Id(AuthorId),
    /// Who wrote this.
    Message(u64),
    /// By the name under which they wrote last.
    Named(String),
}

/// What somebody does.
#[derive(Debug, Clone)]
pub enum Action {
    /// Writes.
    Write {
        /// What.
        text: Text,
        /// It says what they do.
        emote: bool,
        /// The message that it answers.
        reply: Option<u64>,
    },
    /// Reacts to a message, or takes that back.
    React {
        /// To which.
        message: u64,
        /// How.
        reaction: Reaction,
        /// Or takes it back.
        on: bool,
    },
    /// Reports a message to those who keep order.
    Report {
        /// Which.
        message: u64,
    },
    /// Takes a message of their own away, for good.
    Erase {
        /// Which.
        message: u64,
    },
    /// Does something about messages.
    Turn {
        /// Which; [`MOST_TURNED`] at most.
        messages: Vec<u64>,
        /// What.
        turn: Turn,
    },
    /// Keeps somebody from writing.
    Silence {
        /// Whom.
        whom: Whom,
        /// For so many seconds.
        seconds: u32,
        /// And deletes what they wrote lately.
        delete: bool,
    },
    /// Lets somebody write again.
    Lift {
        /// Whom.
        whom: Whom,
    },
    /// Deletes what somebody wrote lately, or their last message alone.
    Clear {
        /// Whose.
        whom: Whom,
        /// Only the last.
        last: bool,
    },
    /// Has other rules hold.
    Rule(Box<Rules>),
}

/// What undoes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// This, with these messages.
    Turn(Turn, Vec<u64>),
    /// Letting them write again.
    Lift(AuthorId),
    /// The time-out that they had, or one of so many seconds.
    Silence(AuthorId, u32),
    /// The rules of before.
    Rule(Box<Rules>),
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// The message that was written.
    pub message: Option<u64>,
    /// It is held, and why.
    pub held: Option<Why>,
    /// How many messages are others by it.
    pub changed: usize,
    /// What undoes it, the first first.
    pub undo: Vec<Undo>,
    /// Whom it was about.
    pub about: Option<Person>,
}

/// Somebody who wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// To the others of the room.
    pub id: AuthorId,
    /// To the box.
    pub subject: Subject,
    /// What they were called.
    pub name: Name,
    /// What they were in the room.
    pub role: Role,
}

/// What changed, for each audience that sees something of it.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The event for everybody.
    pub all: Option<Bytes>,
    /// The event for those who keep order.
    pub moderators: Option<Bytes>,
    /// Whose own standing is another.
    pub concerned: Vec<AuthorId>,
}

/// A channel that is followed from here on.
pub struct Opened {
    /// The whole channel, as an event.
    pub snapshot: Bytes,
    /// What changes afterwards. Where events were lost, it has to be opened anew.
    pub feed: broadcast::Receiver<Arc<Batch>>,
}

/// How somebody stands in a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Their time-out goes on so many more seconds.
    pub timed_out: Option<i64>,
    /// Their reactions to what is at hand: a list of number and name.
    pub reactions: Value,
}

/// What of it is looked for.
#[derive(Debug, Clone)]
pub struct Search {
    /// Text or name that has to be in it, however it is written; empty for all.
    pub text: String,
    /// Written by them.
    pub by: Option<AuthorId>,
    /// Only what was reported, held or taken away.
    pub open: bool,
    /// With a number below this.
    pub before: u64,
    /// Only what everybody sees.
    pub shown: bool,
    /// So many, [`MOST_FOUND`] at most.
    pub most: usize,
}

/// What was done.
#[derive(Debug, Default)]
pub struct Counters {
    /// Messages that were written.
    pub written: Counter,
    /// What was refused.
    pub refused: Counter,
    /// Events that went out, each to all who follow.
    pub batches: Counter,
    /// How often somebody read too slowly, and got the whole channel anew.
    pub missed: Counter,
    /// Sockets that follow a channel.
    pub sockets: Arc<Gauge>,
    /// Changes that wait to be stored.
    pub unsaved: Gauge,
}

type Reply<T> = oneshot::Sender<Result<T, Error>>;

enum Command {
    Open { place: Place, audience: Audience, reply: Reply<Opened> },
    Standing { place: Place, by: By, reply: Reply<Standing> },
    Act { place: Place, by: By, action: Action, reply: Reply<Done> },
    Who { place: Place, whom: Whom, reply: Reply<Person> },
    Rules { place: Place, reply: Reply<Rules> },
    Forget { room: RoomId, reply: oneshot::Sender<()> },
}

/// The way to it; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    store: store::Handle,
    counters: Arc<Counters>,
    most: usize,
}

/// A place among those who follow; given back when it is dropped.
pub struct Seat(#[expect(dead_code, reason = "it counts for as long as it is held")] crate::model::count::Hold);

impl Handle {
    /// What it has done.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// A place to follow a channel from; `None` if as many as may do.
    pub fn seat(&self) -> Option<Seat> {
        let held = self.counters.sockets.hold();
        let within = usize::try_from(self.counters.sockets.get()).is_ok_and(|now| now <= self.most);
        within.then_some(Seat(held))
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// Follows a channel.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Closed`].
    pub async fn open(&self, place: Place, audience: Audience) -> Result<Opened, Error> {
        self.ask(|reply| Command::Open { place, audience, reply }).await
    }

    /// How somebody stands in a channel.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Closed`].
    pub async fn standing(&self, place: Place, by: By) -> Result<Standing, Error> {
        self.ask(|reply| Command::Standing { place, by, reply }).await
    }

    /// Does something.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn act(&self, place: Place, by: By, action: Action) -> Result<Done, Error> {
        self.ask(|reply| Command::Act { place, by, action, reply }).await
    }

    /// Who that is.
    ///
    /// # Errors
    /// [`Error::Nobody`], [`Error::Several`], [`Error::Refused`] of a message that is not there, [`Error::Store`], [`Error::Closed`].
    pub async fn who(&self, place: Place, whom: Whom) -> Result<Person, Error> {
        self.ask(|reply| Command::Who { place, whom, reply }).await
    }

    /// What holds in a channel.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Closed`].
    pub async fn rules(&self, place: Place) -> Result<Rules, Error> {
        self.ask(|reply| Command::Rules { place, reply }).await
    }

    /// Forgets the chat of a room that was removed: who follows it is cut off. Returns when that is done.
    pub async fn forget(&self, room: RoomId) {
        let (reply, done) = oneshot::channel();
        if self.commands.send(Command::Forget { room, reply }).await.is_ok() {
            // An error means that the chat is stopped, and with it everybody is cut off.
            let _ = done.await;
        }
    }

    /// Looks through what is stored, the newest first. What was written in the last second may not be among it.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn search(&self, place: Place, search: Search) -> Result<Vec<crate::proto::chat::Message>, Error> {
        let Search { text, by, open, before, shown, most } = search;
        let text = crate::proto::chat::fold(text.trim());
        let found = self.store.chat_find(place, before, most.min(MOST_FOUND), move |message| {
            let is_open = message.open_reports() > 0 || !message.is_shown();
            by.is_none_or(|by| by == message.by)
                && (!shown || message.is_shown())
                && (!open || is_open)
                && (text.is_empty()
                    || [message.text.as_str(), message.name.as_str()]
                        .iter()
                        .any(|of| crate::proto::chat::fold(of).contains(&text)))
        });
        Ok(found.await?)
    }
}

/// Who somebody is to the others of a room.
pub fn author_id(room: RoomId, subject: Subject) -> AuthorId {
    AuthorId::from_bytes(alias(&room.to_string(), &subject.to_string()))
}

/// What it stands on.
pub struct Parts {
    /// Where messages are kept.
    pub store: store::Handle,
    /// Starts it again.
    pub supervisor: Supervisor,
}

/// Starts the actor on `tasks`; it ends with `stop`, when what is left is stored.
///
/// # Errors
/// [`Error::Store`].
pub async fn start(
    config: &Config,
    parts: Parts,
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> Result<Handle, Error> {
    let (commands, inbox) = mpsc::channel(QUEUE);
    let counters = Arc::<Counters>::default();
    let store = parts.store.clone();
    let most = config.max_sockets.try_into().unwrap_or(usize::MAX);
    let actor = actor::Actor::new(config.clone(), parts, counters.clone()).await?;
    tasks.spawn(actor.keep(inbox, stop).instrument(tracing::info_span!("chat")));
    Ok(Handle { commands, store, counters, most })
}

#[cfg(test)]
mod tests;

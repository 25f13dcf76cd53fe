//! Rooms: who is in them, what they publish, who gets it, and who has agreed to be on air.
//!
//! One actor owns all rooms. It opens nobody's media itself: it tells the peers' driver which track goes to which slot and
//! the origin who may take what. What it knows is published as [`Room`] snapshots, from which pages, the program and the
//! endpoint draw their conclusions.

mod actor;
mod air;
mod config;
mod direction;
mod health;
mod history;
mod keeping;
mod order;
mod permits;
mod place;
mod seat;
mod slots;
mod snapshot;
mod speech;
mod state;
#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;
mod view;

pub use config::Config;
pub use direction::{Directed, Direction, LowerThird};
pub use health::Stats;
pub use history::{Code, Happened, MOST_EVENTS};
pub use keeping::{Act, Fate, Knock};
pub use snapshot::{
    Answer, Connection, Label, Live, Notice, OnAir, Outside, Outsider, Own, Participant, ParticipantKind, Quality,
    Recording, Room, Rooms, Screen, Sends, Slot, SlotsWanted, Succession, Wanted,
};
pub use view::{HIGHEST, MOST_SHOWN, Tile, View};

use std::collections::BTreeMap;
use std::sync::Arc;

use keeping::Keep;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::drivers::identity::Token;
use crate::drivers::peer::server as peers;
use crate::drivers::store;
use crate::model::id::{BroadcastId, ParticipantId, PeerId, RoomId};
use crate::model::time::Timeline;
use crate::proto::auth::{Name, Title};
use crate::services::access::{self, Grant};
use crate::services::{audit, origin};

/// Commands that wait for the actor; senders wait while it is full.
const COMMANDS: usize = 128;

/// Why something in a room is not possible.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such room.
    #[error("this room does not exist any more")]
    NoRoom,
    /// The participant is not in the room any more.
    #[error("you are not in this room any more; join again")]
    NoSeat,
    /// The box is not in this call.
    #[error("the box is not in this call")]
    BoxNotHere,
    /// It can't be recorded.
    #[error("this room is not on air: put it on air first")]
    NotLive,
    /// Camera and microphone of the box are closed.
    #[error("the box is in privacy mode: somebody who is there has to end it")]
    Private,
    /// The place of somebody could not be changed.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The grant does not permit it with regard to this participant.
    #[error("you may not do this here")]
    NotPermitted,
    /// The participant whom it is about has gone.
    #[error("they are not here any more")]
    NotHere,
    /// Somebody in it has to let them in.
    #[error("somebody in the room has to let you in")]
    Lobby,
    /// Nobody else comes in.
    #[error("the room is locked")]
    Locked,
    /// Somebody in it refused to let them in a short while ago.
    #[error("you were not let in; wait a minute before you ask again")]
    Refused,
    /// As many wait as may.
    #[error("too many people wait to be let in")]
    LobbyFull,
    /// Everybody who fits is in.
    #[error("the room is full")]
    Full,
    /// One login holds as many seats as it may.
    #[error("you are in this room too often already; leave it elsewhere first")]
    TooOften,
    /// The box has as many rooms as it can take.
    #[error("the box already has {0} rooms; delete one first")]
    TooManyRooms(usize),
    /// WebRTC refused.
    #[error(transparent)]
    Peer(#[from] peers::Error),
    /// The box could not remember it.
    #[error("the box could not save this")]
    Store(#[from] store::Error),
    /// The box is shutting down.
    #[error("the box is shutting down")]
    Closed,
}

/// What a page calls the sections in which it sends.
pub type Labels = BTreeMap<peers::Mid, Label>;

/// A seat that was taken.
pub struct Seat {
    /// Who one is in the room.
    pub participant: ParticipantId,
    /// Takes the seat back after the connection was lost.
    pub resume: Token,
    /// See [`Participant::generation`].
    pub generation: u64,
}

/// What is asked of the box as a participant; `None` leaves it as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct BoxWish {
    /// In the call or not.
    pub in_call: Option<bool>,
    /// Heard or not.
    pub microphone: Option<bool>,
    /// Seen or not.
    pub camera: Option<bool>,
    /// On air or not.
    pub on_air: Option<bool>,
}

/// What the box publishes at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoxTracks {
    /// There is a track of sound.
    pub audio: bool,
    /// There is a track of pictures.
    pub video: bool,
    /// One of them is a stand-in.
    pub stand_in: bool,
}

/// How a connection was lost, which says how long its seat is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Away {
    /// Nobody said why: for a minute.
    Unsaid,
    /// The page went away, as it does when it is loaded again or closed: for some seconds.
    Page,
}

struct Join {
    room: RoomId,
    grant: Grant,
    name: Name,
    resume: Option<String>,
}

type Done<T> = oneshot::Sender<Result<T, Error>>;

enum Command {
    Create { name: Name, done: Done<Arc<Room>> },
    Remove { room: RoomId, done: Done<()> },
    Join { join: Box<Join>, done: Done<Seat> },
    Offer { who: ParticipantId, sdp: String, labels: Option<Labels>, done: Done<String> },
    Look { who: ParticipantId, view: View, done: Done<()> },
    Stats { who: ParticipantId, done: Done<Stats> },
    Sending { who: ParticipantId, microphone: bool, camera: bool, done: Done<()> },
    Consent { who: ParticipantId, answer: Answer, done: Done<()> },
    Record { room: RoomId, wanted: Wanted, done: Done<()> },
    GoLive { room: RoomId, title: Option<Title>, wanted: Wanted, done: Done<BroadcastId> },
    EndLive { room: RoomId, done: Done<()> },
    Direct { room: RoomId, change: Box<Directed>, done: Done<Direction> },
    Box { room: RoomId, wish: BoxWish, done: Done<()> },
    BoxTracks { who: ParticipantId, tracks: BoxTracks },
    Lost { who: ParticipantId, generation: u64, away: Away },
    Leave { who: ParticipantId, done: Done<()> },
    Notice { room: RoomId, notice: Notice },
    Keep(Keep),
    Peers { done: Done<Vec<(ParticipantId, PeerId)>> },
    Most { participants: u32 },
}

/// The way to the rooms; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    rooms: watch::Receiver<Rooms>,
}

impl Handle {
    /// All rooms, now and whenever something changes.
    pub fn rooms(&self) -> watch::Receiver<Rooms> {
        self.rooms.clone()
    }

    /// One room as it is now.
    ///
    /// # Errors
    /// [`Error::NoRoom`].
    pub fn room(&self, id: RoomId) -> Result<Arc<Room>, Error> {
        self.rooms.borrow().iter().find(|room| room.id == id).cloned().ok_or(Error::NoRoom)
    }

    /// Makes a room.
    ///
    /// # Errors
    /// [`Error::TooManyRooms`], [`Error::Store`], [`Error::Closed`].
    pub async fn create(&self, name: Name) -> Result<Arc<Room>, Error> {
        self.ask(|done| Command::Create { name, done }).await
    }

    /// Closes a room for everybody in it and forgets it.
    ///
    /// # Errors
    /// [`Error::NoRoom`], [`Error::Store`], [`Error::Closed`].
    pub async fn remove(&self, room: RoomId) -> Result<(), Error> {
        self.ask(|done| Command::Remove { room, done }).await
    }

    /// Takes a seat, or takes it back with the token of a seat that was lost a short while ago. Whoever asks has checked
    /// that the grant permits it; the seat ends when the grant does.
    ///
    /// # Errors
    /// [`Error::NoRoom`], [`Error::Lobby`], [`Error::Locked`], [`Error::Full`], [`Error::TooOften`], [`Error::Closed`].
    pub async fn join(&self, room: RoomId, grant: Grant, name: Name, resume: Option<String>) -> Result<Seat, Error> {
        let join = Box::new(Join { room, grant, name, resume });
        self.ask(|done| Command::Join { join, done }).await
    }

    /// Answers the offer of a participant's browser. Without `labels` the first sound it sends is its microphone and the first
    /// picture its camera; with them, what has none is not published. What their grant does not permit is answered and not taken, for as long
    /// as that is so.
    ///
    /// # Errors
    /// [`Error::NoSeat`], [`Error::Peer`], [`Error::Closed`].
    pub async fn offer(&self, who: ParticipantId, sdp: String, labels: Option<Labels>) -> Result<String, Error> {
        self.ask(|done| Command::Offer { who, sdp, labels, done }).await
    }

    /// Says what a participant's page shows: nothing else is sent to it.
    ///
    /// # Errors
    /// [`Error::NoSeat`], [`Error::Closed`].
    pub async fn look(&self, who: ParticipantId, view: View) -> Result<(), Error> {
        self.ask(|done| Command::Look { who, view, done }).await
    }

    /// How the connection of a participant is, and what happened to it.
    ///
    /// # Errors
    /// [`Error::NoSeat`], [`Error::Closed`].
    pub async fn stats(&self, who: ParticipantId) -> Result<Stats, Error> {
        self.ask(|done| Command::Stats { who, done }).await
    }

    /// Says whether a participant sends sound and pictures, or has muted them.
    ///
    /// # Errors
    /// [`Error::NoSeat`], [`Error::Closed`].
    pub async fn sending(&self, who: ParticipantId, microphone: bool, camera: bool) -> Result<(), Error> {
        self.ask(|done| Command::Sending { who, microphone, camera, done }).await
    }

    /// A participant agrees to be on air, or takes it back: when this returns, nothing of them leaves for those who watch.
    ///
    /// # Errors
    /// [`Error::NoSeat`], [`Error::Closed`].
    pub async fn consent(&self, who: ParticipantId, answer: Answer) -> Result<(), Error> {
        self.ask(|done| Command::Consent { who, answer, done }).await
    }

    /// Wants what is on air of a room as a recording, or not any more: everybody who is on air is asked.
    ///
    /// # Errors
    /// [`Error::NoRoom`], [`Error::NotLive`], [`Error::Closed`].
    pub async fn record(&self, room: RoomId, wanted: Wanted) -> Result<(), Error> {
        self.ask(|done| Command::Record { room, wanted, done }).await
    }

    /// Puts a room on air, and has it recorded: everybody in it is asked; the box agrees by this very press.
    ///
    /// # Errors
    /// [`Error::NoRoom`], [`Error::Closed`].
    pub async fn go_live(&self, room: RoomId, title: Option<Title>, wanted: Wanted) -> Result<BroadcastId, Error> {
        self.ask(|done| Command::GoLive { room, title, wanted, done }).await
    }

    /// Takes a room off air.
    ///
    /// # Errors
    /// [`Error::NoRoom`], [`Error::Closed`].
    pub async fn end_live(&self, room: RoomId) -> Result<(), Error> {
        self.ask(|done| Command::EndLive { room, done }).await
    }

    /// Has a room look another way to those who watch. How it looks in general is kept, on air or not.
    ///
    /// # Errors
    /// [`Error::NoRoom`], [`Error::Store`], [`Error::Closed`].
    pub async fn direct(&self, room: RoomId, change: Directed) -> Result<Direction, Error> {
        let change = Box::new(change);
        self.ask(|done| Command::Direct { room, change, done }).await
    }

    /// Puts the box into the call, takes it out, mutes it, or takes it off air.
    ///
    /// # Errors
    /// [`Error::NoRoom`], [`Error::BoxNotHere`], [`Error::Private`], [`Error::Closed`].
    pub async fn wish_box(&self, room: RoomId, wish: BoxWish) -> Result<(), Error> {
        self.ask(|done| Command::Box { room, wish, done }).await
    }

    /// The endpoint says what the box publishes now.
    pub async fn box_tracks(&self, who: ParticipantId, tracks: BoxTracks) {
        self.tell(Command::BoxTracks { who, tracks }).await;
    }

    /// The connection of a participant was lost: the seat is held for a while.
    pub async fn lost(&self, who: ParticipantId, generation: u64, away: Away) {
        self.tell(Command::Lost { who, generation, away }).await;
    }

    /// How many participants a room holds from now on. Nobody who is in has to leave.
    pub async fn set_most(&self, participants: u32) {
        self.tell(Command::Most { participants }).await;
    }

    /// A participant leaves.
    ///
    /// # Errors
    /// [`Error::NoSeat`], [`Error::Closed`].
    pub async fn leave(&self, who: ParticipantId) -> Result<(), Error> {
        self.ask(|done| Command::Leave { who, done }).await
    }

    /// Tells everybody in a room that something happened.
    pub async fn notice(&self, room: RoomId, notice: Notice) {
        self.tell(Command::Notice { room, notice }).await;
    }

    /// Which connection is whose.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn peers(&self) -> Result<Vec<(ParticipantId, PeerId)>, Error> {
        self.ask(|done| Command::Peers { done }).await
    }

    /// Waits until the actor has ended, by itself or by a failure.
    pub async fn ended(&self) {
        self.commands.closed().await;
    }

    async fn tell(&self, command: Command) {
        // When the actor is gone, so are the rooms.
        let _ = self.commands.send(command).await;
    }

    async fn ask<T>(&self, command: impl FnOnce(Done<T>) -> Command) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(answer)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

/// What the rooms stand on.
pub struct Parts {
    /// Where publications go.
    pub origin: origin::Handle,
    /// The browsers' connections.
    pub peers: peers::Handle,
    /// Where rooms are remembered.
    pub store: store::Handle,
    /// Where everybody's place in a room is kept.
    pub access: access::Handle,
    /// Where it is noted what was done by whom.
    pub audit: audit::Handle,
    /// What the box is called as a participant.
    pub called: watch::Receiver<Name>,
    /// Whether the box is in privacy mode: then it is neither seen nor heard, whoever asks.
    pub private: watch::Receiver<bool>,
    /// Media time.
    pub timeline: Timeline,
}

/// Loads the rooms, makes the first one if there is none, and starts the actor on `tasks`; it ends with `cancel`.
///
/// # Errors
/// [`Error::Store`].
pub async fn start(
    config: &Config,
    parts: Parts,
    tasks: &TaskTracker,
    cancel: CancellationToken,
) -> Result<Handle, Error> {
    let mut state = state::State::new(config.max_participants);
    state.set_private(*parts.private.borrow());
    for room in parts.store.rooms().await? {
        // What is stored was checked when it came in; a name of an older rule is replaced, not the room.
        let name = Name::new(&room.name).unwrap_or_else(|_| config.default_name.clone());
        let kept = parts.store.setting(Direction::setting(room.id)).await?;
        let direction = kept.map(|kept| Direction::of(&kept)).unwrap_or_default();
        let lock = parts.store.setting(order::Door::setting(room.id)).await?.unwrap_or_default();
        state.add(room.id, name, room.broadcast, direction);
        state.place(room.id)?.door = order::Door::of(&lock);
    }
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let (snapshot, rooms) = watch::channel(state.snapshot());
    let mut actor = actor::Actor::new(parts, state, snapshot);
    if rooms.borrow().is_empty() {
        actor.create(config.default_name.clone()).await?;
    }
    tasks.spawn(actor.run(inbox, cancel));
    Ok(Handle { commands, rooms })
}

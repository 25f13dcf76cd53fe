//! A call like a telephone: somebody who waits in a room rings, and the box rings until it is answered, declined or missed.
//!
//! Nobody sees or hears the box before: it enters the room when the call is answered. Who may answer is asked at the gate; a call
//! answers itself only for chosen contacts, after a countdown that is seen and heard, and never in privacy mode or when the box is
//! not to be disturbed.
//!
//! Owns who rings, what people chose, and the calls that were. The seat of the box is the room's, and the sound of ringing the
//! endpoint's.

mod hours;
mod state;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::drivers::store;
use crate::model::id::{ParticipantId, RoomId};
use crate::model::time::{MediaTime, Timeline};
use crate::services::room::{self, BoxWish, ParticipantKind};

pub use hours::{Hours, Invalid};
pub use state::{CALLS, CONTACTS, COUNTDOWN, Call, Caller, Outcome, RINGS, Refused, Ringing, Settings};

/// Commands that wait; whoever asks for more waits.
const COMMANDS: usize = 32;
/// The settings, each as JSON.
const SETTINGS: &str = "telephone.settings";
const CALLED: &str = "telephone.calls";

/// Why it is not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not go.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The room, or the box in it.
    #[error(transparent)]
    Room(#[from] room::Error),
    /// The box could not remember it.
    #[error("the box could not save this")]
    Store(#[from] store::Error),
    /// The box is shutting down.
    #[error("the box is shutting down")]
    Closed,
}

/// How it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Telephone {
    /// Who rings.
    pub ringing: Option<Ringing>,
    /// The call that the box is in.
    pub in_call: Option<RoomId>,
    /// What people chose.
    pub settings: Settings,
    /// It would not ring now.
    pub quiet: bool,
    /// The calls that were, the newest last.
    pub calls: Vec<Call>,
    /// Callers and what became of their calls just now.
    pub told: Vec<(ParticipantId, Outcome)>,
}

type Done = oneshot::Sender<Result<(), Error>>;

enum Command {
    Ring(Caller),
    Cancel(ParticipantId),
    Answer,
    Decline,
    HangUp,
    Choose(Settings),
    Forget,
}

/// The way to it; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::Sender<(Command, Done)>,
    now: watch::Receiver<Arc<Telephone>>,
}

impl Handle {
    /// How it is, now and whenever it changes.
    pub fn follow(&self) -> watch::Receiver<Arc<Telephone>> {
        self.now.clone()
    }

    /// Somebody in a room rings. That it does not ring because of do-not-disturb or another call is no error: see
    /// [`Telephone::told`].
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Closed`].
    pub async fn ring(&self, caller: Caller) -> Result<(), Error> {
        self.ask(Command::Ring(caller)).await
    }

    /// A caller does not want to wait any more.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn cancel(&self, who: ParticipantId) -> Result<(), Error> {
        self.ask(Command::Cancel(who)).await
    }

    /// Answers: the box enters the caller's room, seen and heard unless it is in privacy mode.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Room`], [`Error::Closed`].
    pub async fn answer(&self) -> Result<(), Error> {
        self.ask(Command::Answer).await
    }

    /// Does not take the call.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Closed`].
    pub async fn decline(&self) -> Result<(), Error> {
        self.ask(Command::Decline).await
    }

    /// The box leaves the call that it is in.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Room`], [`Error::Closed`].
    pub async fn hang_up(&self) -> Result<(), Error> {
        self.ask(Command::HangUp).await
    }

    /// What people choose from now on.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Store`], [`Error::Closed`].
    pub async fn choose(&self, settings: Settings) -> Result<(), Error> {
        self.ask(Command::Choose(settings)).await
    }

    /// Forgets the calls that were.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Closed`].
    pub async fn forget_calls(&self) -> Result<(), Error> {
        self.ask(Command::Forget).await
    }

    async fn ask(&self, command: Command) -> Result<(), Error> {
        let (done, answered) = oneshot::channel();
        self.commands.send((command, done)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }

    /// Waits until the actor has ended, by itself or by a failure.
    pub async fn ended(&self) {
        self.commands.closed().await;
    }
}

/// What it stands on.
pub struct Parts {
    /// The rooms.
    pub rooms: room::Handle,
    /// Whether the box is in privacy mode.
    pub private: watch::Receiver<bool>,
    /// Where settings and calls are remembered.
    pub store: store::Handle,
    /// Media time.
    pub timeline: Timeline,
}

/// Reads what was chosen and starts the actor on `tasks`; it ends with `cancel`.
///
/// # Errors
/// Those of the store.
pub async fn start(parts: Parts, tasks: &TaskTracker, cancel: CancellationToken) -> Result<Handle, store::Error> {
    // What can't be read was written by another version: the box rings as if nothing had been chosen.
    let settings = parts.store.setting(SETTINGS).await?.and_then(|text| serde_json::from_str(&text).ok());
    let calls: Option<Vec<Call>> = parts.store.setting(CALLED).await?.and_then(|text| serde_json::from_str(&text).ok());
    let state = state::State::new(settings.unwrap_or_default(), calls.unwrap_or_default());
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let (now, seen) = watch::channel(Arc::default());
    let actor = Actor { parts, state, now };
    actor.show();
    tasks.spawn(actor.run(inbox, cancel));
    Ok(Handle { commands, now: seen })
}

struct Actor {
    parts: Parts,
    state: state::State,
    now: watch::Sender<Arc<Telephone>>,
}

impl Actor {
    async fn run(mut self, mut inbox: mpsc::Receiver<(Command, Done)>, cancel: CancellationToken) {
        let (mut rooms, mut private) = (self.parts.rooms.rooms(), self.parts.private.clone());
        // Quiet hours begin and end by the clock.
        let mut minute = tokio::time::interval(Duration::from_secs(20));
        loop {
            rooms.mark_unchanged();
            private.mark_unchanged();
            let at = self.time();
            self.pass(at).await;
            let left = |due: MediaTime| Duration::from_nanos(due.since(at).max(0).unsigned_abs());
            let due = self.state.due().map(|due| Instant::now() + left(due));
            tokio::select! {
                asked = inbox.recv() => {
                    let Some((command, done)) = asked else { return };
                    let result = self.command(command).await;
                    self.show();
                    // Nobody may wait for it any more.
                    let _ = done.send(result);
                }
                changed = rooms.changed() => if changed.is_err() {
                    return;
                },
                Ok(()) = private.changed() => {}
                _ = minute.tick() => {}
                () = crate::services::at(due) => {}
                () = cancel.cancelled() => return,
            }
        }
    }

    fn time(&self) -> MediaTime {
        self.parts.timeline.media(std::time::Instant::now())
    }

    fn situation(&self, at: MediaTime) -> state::Now {
        let local = jiff::Zoned::now();
        let rooms = self.parts.rooms.rooms();
        let has_box = |room: &&Arc<room::Room>| room.participants.iter().any(|p| p.kind == ParticipantKind::Box);
        state::Now {
            in_call: rooms.borrow().iter().find(has_box).map(|room| room.id),
            private: *self.parts.private.borrow(),
            minute: local.hour().unsigned_abs() as u16 * 60 + local.minute().unsigned_abs() as u16,
            unix: (self.parts.timeline.unix_nanos(at) / 1_000_000_000) as i64,
        }
    }

    async fn pass(&mut self, at: MediaTime) {
        let (now, before) = (self.situation(at), self.state.calls.clone());
        let rooms = self.parts.rooms.clone();
        let waits = |caller: &Caller| {
            let room = rooms.room(caller.room);
            room.is_ok_and(|room| room.participant(caller.participant).is_some())
        };
        if let Some(room) = self.state.pass(at, now, waits) {
            match self.enter(room).await {
                // It rings: that was just seen.
                Ok(()) => drop(self.state.answer(at, now)),
                Err(error) => tracing::warn!(%error, "a call can't be answered"),
            }
        }
        if self.state.calls != before
            && let Err(error) = self.remember_calls().await
        {
            tracing::warn!(%error, "a call can't be remembered");
        }
        self.show();
    }

    fn show(&self) {
        let at = self.time();
        let now = self.situation(at);
        let shown = Telephone {
            ringing: self.state.ringing().cloned(),
            in_call: now.in_call,
            settings: self.state.settings.clone(),
            quiet: self.state.is_quiet(now.minute),
            calls: self.state.calls.clone(),
            told: self.state.told().collect(),
        };
        self.now.send_if_modified(|now| {
            let changed = **now != shown;
            if changed {
                *now = Arc::new(shown);
            }
            changed
        });
    }

    async fn enter(&self, room: RoomId) -> Result<(), Error> {
        let seen = !*self.parts.private.borrow();
        let on = seen.then_some(true);
        let wish = BoxWish { in_call: Some(true), microphone: on, camera: on, on_air: None };
        Ok(self.parts.rooms.wish_box(room, wish).await?)
    }

    async fn remember_calls(&self) -> Result<(), store::Error> {
        let text = serde_json::to_string(&self.state.calls).unwrap_or_default();
        self.parts.store.set_setting(CALLED, text).await
    }

    async fn command(&mut self, command: Command) -> Result<(), Error> {
        let at = self.time();
        let (now, before) = (self.situation(at), self.state.calls.clone());
        match command {
            Command::Ring(caller) => self.state.ring(caller, at, now)?,
            Command::Cancel(who) => self.state.cancel(who, at, now),
            Command::Answer => {
                let room = self.state.ringing().map(|ringing| ringing.caller.room).ok_or(Refused::NotRinging)?;
                self.enter(room).await?;
                self.state.answer(at, now)?;
            }
            Command::Decline => self.state.decline(at, now)?,
            Command::HangUp => {
                let room = now.in_call.ok_or(Refused::NotInCall)?;
                let wish = BoxWish { in_call: Some(false), ..BoxWish::default() };
                self.parts.rooms.wish_box(room, wish).await?;
            }
            Command::Choose(settings) => {
                let text = serde_json::to_string(&settings).unwrap_or_default();
                self.state.choose(settings)?;
                self.parts.store.set_setting(SETTINGS, text).await?;
            }
            Command::Forget => self.state.forget_calls(),
        }
        if self.state.calls != before {
            self.remember_calls().await?;
        }
        Ok(())
    }
}

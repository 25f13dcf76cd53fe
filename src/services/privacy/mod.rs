//! Privacy mode: camera and microphone of the box are closed, and nothing that is not in the room opens them again.
//!
//! Everybody who may administer the box can close them. They are opened by somebody who is there: by a button or the remote control,
//! by the command line of the box, or by a code that only the box's own screen shows. It outlives a restart.
//!
//! Owns whether they are closed, and the code. Closes nothing itself: the room mutes the box, and the endpoint opens no device.

mod state;

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::drivers::identity::random_id;
use crate::drivers::store;
use crate::model::time::{MediaTime, Timeline};
use crate::services::at;

pub use state::{Code, DIGITS, Refused};

/// Commands that wait; whoever asks for more waits.
const COMMANDS: usize = 16;
/// The setting.
const KEY: &str = "privacy.closed_since";

/// Why it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The code, or asking for it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The box has no screen to show a code on.
    #[error(
        "the box has no screen that could show a code: use its button, its remote control, or `porchlight privacy off` on it"
    )]
    NoScreen,
    /// The box could not remember it. Closing has taken effect none the less.
    #[error("the box could not save this")]
    Store(#[from] store::Error),
    /// The box is shutting down.
    #[error("the box is shutting down")]
    Closed,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Privacy {
    /// Since when camera and microphone are closed, in seconds of wall time since 1970 UTC.
    pub since: Option<i64>,
    /// What the box's own screen shows, for somebody in front of it to type. Goes nowhere else.
    pub code: Option<Code>,
}

impl Privacy {
    /// Whether camera and microphone are closed.
    pub fn is_on(&self) -> bool {
        self.since.is_some()
    }
}

type Done = oneshot::Sender<Result<(), Error>>;

enum Command {
    Close,
    Open,
    Ask,
    Code(String),
}

/// The way to it; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::Sender<(Command, Done)>,
    now: watch::Receiver<Privacy>,
    on: watch::Receiver<bool>,
}

impl Handle {
    /// How it is, now and whenever it changes.
    pub fn follow(&self) -> watch::Receiver<Privacy> {
        self.now.clone()
    }

    /// Whether it is on: what room and endpoint go by.
    pub fn is_on(&self) -> watch::Receiver<bool> {
        self.on.clone()
    }

    /// Closes camera and microphone.
    ///
    /// # Errors
    /// [`Error::Store`]: they are closed, but will not be after a restart. [`Error::Closed`].
    pub async fn close(&self) -> Result<(), Error> {
        self.ask(Command::Close).await
    }

    /// Ends it. Only for somebody who is at the box: its buttons, its remote control, its command line.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Closed`].
    pub async fn open_here(&self) -> Result<(), Error> {
        self.ask(Command::Open).await
    }

    /// Has the box's screen show a code; `screen` says whether it has one.
    ///
    /// # Errors
    /// [`Error::NoScreen`], [`Error::Refused`], [`Error::Closed`].
    pub async fn ask_code(&self, screen: bool) -> Result<(), Error> {
        if !screen {
            return Err(Error::NoScreen);
        }
        self.ask(Command::Ask).await
    }

    /// Ends it by the code that the screen shows.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Store`], [`Error::Closed`].
    pub async fn open_by(&self, code: String) -> Result<(), Error> {
        self.ask(Command::Code(code)).await
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

/// Reads how it was and starts the actor on `tasks`; it ends with `cancel`.
///
/// # Errors
/// Those of the store: without it nobody knows whether the camera may be opened.
pub async fn start(
    store: store::Handle,
    timeline: Timeline,
    tasks: &TaskTracker,
    cancel: CancellationToken,
) -> Result<Handle, store::Error> {
    // What can't be read is taken for closed.
    let since = store.setting(KEY).await?.filter(|text| !text.is_empty()).map(|text| text.parse().unwrap_or(0));
    let state = state::State::new(since);
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let (now, seen) = watch::channel(state.shown());
    let (on, is_on) = watch::channel(since.is_some());
    tasks.spawn(Actor { state, store, timeline, now, on }.run(inbox, cancel));
    Ok(Handle { commands, now: seen, on: is_on })
}

struct Actor {
    state: state::State,
    store: store::Handle,
    timeline: Timeline,
    now: watch::Sender<Privacy>,
    on: watch::Sender<bool>,
}

impl Actor {
    async fn run(mut self, mut inbox: mpsc::Receiver<(Command, Done)>, cancel: CancellationToken) {
        loop {
            let now = self.time();
            self.state.pass(now);
            self.show();
            let left = |at: MediaTime| Duration::from_nanos(at.since(now).max(0).unsigned_abs());
            let wait = self.state.due().map(|at| Instant::now() + left(at));
            tokio::select! {
                asked = inbox.recv() => {
                    let Some((command, done)) = asked else { return };
                    let result = self.command(command).await;
                    // Nobody may wait for it any more.
                    let _ = done.send(result);
                }
                () = at(wait) => {}
                () = cancel.cancelled() => return,
            }
        }
    }

    fn time(&self) -> MediaTime {
        self.timeline.media(std::time::Instant::now())
    }

    fn show(&self) {
        let shown = self.state.shown();
        self.on.send_if_modified(|on| std::mem::replace(on, shown.is_on()) != shown.is_on());
        self.now.send_if_modified(|now| std::mem::replace(now, shown) != shown);
    }

    async fn command(&mut self, command: Command) -> Result<(), Error> {
        let now = self.time();
        let before = self.state.shown().since;
        match command {
            Command::Close => self.state.close((self.timeline.unix_nanos(now) / 1_000_000_000) as i64),
            Command::Open => self.state.open(),
            Command::Ask => self.state.ask(random_id(Code::from_random), now)?,
            Command::Code(typed) => self.state.typed(&typed, now)?,
        }
        // First what counts, then what is remembered.
        self.show();
        let since = self.state.shown().since;
        if since != before {
            tracing::info!(on = since.is_some(), "privacy mode has changed");
            self.store.set_setting(KEY, since.map(|since| since.to_string()).unwrap_or_default()).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::device::monotonic_nanos;

    async fn started(folder: &std::path::Path) -> (Handle, store::Handle, CancellationToken) {
        let store = store::open(folder).expect("it opens");
        let timeline = Timeline::new(std::time::Instant::now(), monotonic_nanos(), 1_700_000_000_000_000_000);
        let cancel = CancellationToken::new();
        let handle = start(store.clone(), timeline, &TaskTracker::new(), cancel.clone()).await.expect("it starts");
        (handle, store, cancel)
    }

    #[tokio::test]
    async fn what_was_closed_is_closed_after_a_restart_and_what_was_opened_open() {
        let folder = tempfile::tempdir().expect("a folder");
        for closes in [true, false] {
            let (handle, store, cancel) = started(folder.path()).await;
            assert_eq!(*handle.is_on().borrow(), !closes);
            let done = if closes { handle.close().await } else { handle.open_here().await };
            done.expect("it is remembered");
            assert_eq!(*handle.is_on().borrow(), closes);
            assert_eq!(handle.follow().borrow().since.is_some(), closes);
            cancel.cancel();
            drop(handle);
            store.close().await;
        }
        let (handle, ..) = started(folder.path()).await;
        assert!(!*handle.is_on().borrow());
    }

    #[tokio::test]
    async fn the_code_on_the_screen_opens_and_without_a_screen_there_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let (handle, ..) = started(folder.path()).await;
        handle.close().await.expect("it closes");
        assert!(matches!(handle.ask_code(false).await, Err(Error::NoScreen)));
        assert!(matches!(handle.open_by("0000".into()).await, Err(Error::Refused(Refused::NoCode))));
        handle.ask_code(true).await.expect("a code is shown");
        let code = handle.follow().borrow().code.expect("it is shown").to_string();
        handle.open_by(code).await.expect("it opens");
        assert_eq!(*handle.follow().borrow(), Privacy::default());
    }
}

//! Updates of a box that is an image of two slots, through RAUC: a bundle comes in, is written to the slot that does not run, and the box
//! restarts into it. One at a time. Where there is no RAUC nothing of this is there.
//!
//! Nothing is asked of the network by itself: whoever owns the box uploads a bundle or names an address.

mod actor;
mod config;
mod file;
mod state;

use std::path::PathBuf;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::drivers::disk;
use crate::drivers::rauc::{self, Rauc, Slot, Status};
use crate::services::room;

pub use actor::{install, restart_machine};
pub use config::Config;
pub use file::{FOLDER, Incoming, Whole};
pub use state::{Failure, Going, Stage, Why};

/// Requests that wait; whoever brings more waits.
const QUEUE: usize = 8;
/// Pieces of an upload that wait to be written; the browser waits while there are more.
const PIECES: usize = 8;

/// What it stands on.
pub struct Parts {
    /// Where it is seen what would end.
    pub rooms: room::Handle,
    /// The state folder.
    pub state: PathBuf,
    /// The folder of the service manager in which it is said that the machine is to restart (`RUNTIME_DIRECTORY`).
    pub runtime: Option<PathBuf>,
}

/// What is not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// RAUC says so.
    #[error("{0}")]
    Rauc(#[from] rauc::Error),
    /// One is being installed.
    #[error("an update is being installed already")]
    Busy,
    /// It is no address that can be fetched.
    #[error("this is no address that can be fetched")]
    Address,
    /// The bundle can't be taken.
    #[error("{}", .0.text)]
    Failed(Failure),
    /// There is nothing to restart into.
    #[error("no update is installed that the box could restart into")]
    Nothing,
    /// It would end something.
    #[error("a call, a broadcast or a recording would end")]
    InUse,
    /// The service manager takes no word about restarting.
    #[error("the machine can't be restarted from here")]
    NoRestart,
    /// The box is shutting down.
    #[error("the box is shutting down")]
    Closed,
}

/// How an update is, from moment to moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Now {
    /// Where it is.
    pub stage: Stage,
    /// Bytes that have come in, and of how many, if that is known.
    pub bytes: u64,
    /// See `bytes`.
    pub total: Option<u64>,
    /// How far RAUC is, in percent, and what it does.
    pub percent: u8,
    /// See `percent`.
    pub message: String,
    /// What is in the bundle.
    pub version: Option<String>,
    /// Why it was not installed.
    pub failure: Option<Failure>,
    /// How the image is, as far as was looked; nothing where there is none.
    pub image: Option<Status>,
}

/// How it stands with the image of the box and its update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Update {
    /// The version of Porchlight that runs.
    pub version: &'static str,
    /// The kind of board that bundles have to be for.
    pub compatible: String,
    /// The slot that runs.
    pub booted: Option<Slot>,
    /// The other one.
    pub other: Option<Slot>,
    /// Whether the box starts from the other one the next time.
    pub waits: bool,
    /// Where the update is.
    pub stage: Stage,
    /// Bytes of the bundle that have come in.
    pub bytes: u64,
    /// Of how many, if that is known.
    pub total: Option<u64>,
    /// How far RAUC is, in percent.
    pub percent: u8,
    /// RAUC's own words for what it does.
    pub message: String,
    /// The version in the bundle, as soon as it is known.
    pub bundle: Option<String>,
    /// Why it was not installed.
    pub failure: Option<Failure>,
    /// What goes on in the box and would end when it restarts.
    pub going: Vec<Going>,
    /// Bytes of the largest bundle that there is room for.
    pub takes: u64,
}

/// Whether something may end by a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// Somebody said so.
    Yes,
    /// Nobody did.
    No,
}

/// Where a bundle comes from.
enum Source {
    /// From there.
    Address(String),
    /// Piece by piece, [`Piece::End`] last.
    Upload(mpsc::Receiver<Piece>, Option<u64>),
}

enum Piece {
    Bytes(Bytes),
    End,
}

enum Ask {
    Begin(Source),
    Restart(Confirmed),
    Look,
}

type Asked = (Ask, oneshot::Sender<Result<(), Error>>);

/// The way to it; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    asks: mpsc::Sender<Asked>,
    now: watch::Receiver<Now>,
    rooms: room::Handle,
    state: PathBuf,
    largest: u64,
}

impl Handle {
    /// How it is, now and whenever it changes.
    pub fn follow(&self) -> watch::Receiver<Now> {
        self.now.clone()
    }

    /// How it stands.
    ///
    /// # Errors
    /// [`Error::Rauc`], [`Error::Closed`].
    pub async fn show(&self) -> Result<Update, Error> {
        // Nobody is asked while one is installed: what was known before holds.
        self.ask(Ask::Look).await?;
        let now = self.now.borrow().clone();
        let image = match now.image {
            Some(image) => image,
            None if now.stage == Stage::Installing => return Err(Error::Busy),
            None => return Err(rauc::Error::NotAnImage.into()),
        };
        let rooms = self.rooms.rooms();
        let going = state::going(rooms.borrow().iter().map(std::convert::AsRef::as_ref));
        Ok(Update {
            version: env!("CARGO_PKG_VERSION"),
            compatible: image.compatible.clone(),
            booted: image.booted().cloned(),
            other: image.other().cloned(),
            waits: image.waits(),
            stage: now.stage,
            bytes: now.bytes,
            total: now.total,
            percent: now.percent,
            message: now.message,
            bundle: now.version,
            failure: now.failure,
            going,
            takes: self.takes().await,
        })
    }

    async fn takes(&self) -> u64 {
        let state = self.state.clone();
        let space = tokio::task::spawn_blocking(move || disk::space(&state)).await;
        state::takes(self.largest, space.ok().and_then(Result::ok).unwrap_or_default().free)
    }

    /// Fetches a bundle and installs it. Done when that has begun.
    ///
    /// # Errors
    /// [`Error`]; then nothing has begun.
    pub async fn fetch(&self, address: &str) -> Result<(), Error> {
        self.ask(Ask::Begin(Source::Address(address.to_owned()))).await
    }

    /// Takes a bundle of this many bytes, if that is known, and installs it.
    ///
    /// # Errors
    /// [`Error`]; then nothing has begun.
    pub async fn upload(&self, total: Option<u64>) -> Result<Upload, Error> {
        let (pieces, incoming) = mpsc::channel(PIECES);
        self.ask(Ask::Begin(Source::Upload(incoming, total))).await?;
        Ok(Upload { pieces, now: self.now.clone() })
    }

    /// Restarts the machine, which starts from the other slot then.
    ///
    /// # Errors
    /// [`Error`]; then nothing happens.
    pub async fn restart(&self, confirmed: Confirmed) -> Result<(), Error> {
        self.ask(Ask::Restart(confirmed)).await
    }

    async fn ask(&self, ask: Ask) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.asks.send((ask, answer)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

/// A bundle that is being uploaded. If it is dropped before its end, nothing is installed.
pub struct Upload {
    pieces: mpsc::Sender<Piece>,
    now: watch::Receiver<Now>,
}

impl Upload {
    /// Hands on the next piece.
    ///
    /// # Errors
    /// [`Error::Failed`] when no more is taken.
    pub async fn push(&self, bytes: Bytes) -> Result<(), Error> {
        self.pieces.send(Piece::Bytes(bytes)).await.map_err(|_| self.why())
    }

    /// All of it was handed on: it is installed.
    ///
    /// # Errors
    /// [`Error::Failed`] when not all of it could be taken.
    pub async fn end(self) -> Result<(), Error> {
        self.pieces.send(Piece::End).await.map_err(|_| self.why())?;
        // When that was taken, all before it was.
        self.pieces.closed().await;
        match self.now.borrow().failure.clone() {
            Some(failure) => Err(Error::Failed(failure)),
            None => Ok(()),
        }
    }

    fn why(&self) -> Error {
        self.now.borrow().failure.clone().map_or(Error::Closed, Error::Failed)
    }
}

/// Starts it.
pub fn start(config: &Config, parts: Parts, tasks: &TaskTracker, stop: CancellationToken) -> Handle {
    let (asks, asked) = mpsc::channel(QUEUE);
    let (told, now) = watch::channel(Now::default());
    let (rooms, state, largest) = (parts.rooms.clone(), parts.state.clone(), config.largest());
    tasks.spawn(actor::run(actor::Actor { told, parts, largest }, asked, stop));
    Handle { asks, now, rooms, state, largest }
}

/// How the image is, from RAUC itself.
///
/// # Errors
/// [`rauc::Error`].
pub async fn status() -> Result<Status, rauc::Error> {
    Rauc::find().await?.status().await
}

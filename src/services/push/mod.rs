//! Push: what is on air goes to other services as well, by RTMP, SRT and WHIP, several at
//! once.
//!
//! Owns: where each broadcast is sent, with keys that are sealed before they are stored and shown to nobody again; and a connection for
//! each while its broadcast is on air. Deliberately not: encoding (all of them send the units that everybody who watches gets), and who
//! may say where it is sent (see `interfaces`).
//!
//! One task owns the list, one task each reads what is on air and feeds one pipeline or one connection: a service that is slow or away disturbs no other.

mod actor;
mod address;
mod counters;
mod run;
mod state;
mod whip;

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::drivers::identity::seal::Seal;
use crate::drivers::{pipeline, store};
use crate::model::id::{BroadcastId, PushId};
use crate::model::secret::Secret;
use crate::model::time::{MediaTime, Timeline};
use crate::proto::auth::Name;
use crate::services::supervisor::Supervisor;
use crate::services::{broadcast, origin};

pub use address::{Address, Invalid, Kind};
pub use counters::{Counters, Totals};
pub use state::{Code, State};

/// Commands that wait; whoever asks for more waits.
const COMMANDS: usize = 32;
/// Services that one broadcast is sent to at most: each takes the whole bitrate once more on the way up.
pub const PUSHES: usize = 8;

/// Why it is not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such push in this broadcast.
    #[error("there is no such push")]
    Unknown,
    /// As many as there may be: remove one.
    #[error("a broadcast is sent to {PUSHES} services at most")]
    TooMany,
    /// The key or the passphrase does not go with the address.
    #[error("{0}")]
    Key(Invalid),
    /// The box could not remember it.
    #[error("the box could not save this")]
    Store(#[from] store::Error),
    /// The box is shutting down.
    #[error("the box is shutting down")]
    Closed,
}

/// Which service it is, for who sets it up: the rest is in the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "PushPreset"))]
pub enum Preset {
    /// YouTube.
    Youtube,
    /// Twitch.
    Twitch,
    /// A PeerTube server.
    Peertube,
    /// An Owncast server.
    Owncast,
    /// Any server that takes WHIP.
    Whip,
    /// Any other.
    Custom,
}

/// A push to make.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What people read.
    pub name: Name,
    /// Which service it is.
    pub preset: Preset,
    /// Where it goes.
    pub address: Address,
    /// What the service knows the stream by: the stream key, or the stream id of SRT.
    pub key: Option<Secret>,
    /// What SRT is encrypted with.
    pub passphrase: Option<Secret>,
    /// It runs while the broadcast is on air.
    pub enabled: bool,
}

/// What is another from now on; what is not given stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// What people read.
    pub name: Option<Name>,
    /// Where it goes.
    pub address: Option<Address>,
    /// The key, or that there is none.
    pub key: Option<Option<Secret>>,
    /// The passphrase, or that there is none.
    pub passphrase: Option<Option<Secret>>,
    /// It runs while the broadcast is on air.
    pub enabled: Option<bool>,
}

/// One push, without its secrets.
#[derive(Debug, Clone)]
pub struct Push {
    /// Its id.
    pub id: PushId,
    /// What is sent.
    pub broadcast: BroadcastId,
    /// What people read.
    pub name: Name,
    /// Which service it is.
    pub preset: Preset,
    /// Where it goes.
    pub address: Address,
    /// There is a key.
    pub key: bool,
    /// There is a passphrase.
    pub passphrase: bool,
    /// It runs while the broadcast is on air.
    pub enabled: bool,
    /// How it is.
    pub state: State,
    /// What went wrong last, and when.
    pub last: Option<(Code, MediaTime)>,
    /// How often it was begun anew since the broadcast is on air.
    pub restarts: u64,
    /// What it has done.
    pub counters: Arc<Counters>,
}

/// All pushes, in the order in which they were made.
pub type Pushes = Arc<Vec<Push>>;

/// The names of the services that a broadcast is sent to now, or would be if they could be reached.
pub fn names(pushes: &[Push], broadcast: BroadcastId) -> Vec<Name> {
    let sent = |push: &&Push| push.broadcast == broadcast && !matches!(push.state, State::Off | State::Waiting);
    pushes.iter().filter(sent).map(|push| push.name.clone()).collect()
}

type Done<T> = oneshot::Sender<Result<T, Error>>;

enum Command {
    Add(BroadcastId, Wanted, Done<PushId>),
    Change(BroadcastId, PushId, Change, Done<()>),
    Remove(BroadcastId, PushId, Done<()>),
    Forget(BroadcastId, Done<()>),
}

/// The way to it; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    now: watch::Receiver<Pushes>,
    totals: Arc<Totals>,
}

impl Handle {
    /// What all pushes have done, those that are gone among them.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// All pushes, now and whenever one of them changes.
    pub fn follow(&self) -> watch::Receiver<Pushes> {
        self.now.clone()
    }

    /// Sends a broadcast to another service whenever it is on air.
    ///
    /// # Errors
    /// [`Error::TooMany`], [`Error::Key`], [`Error::Store`], [`Error::Closed`].
    pub async fn add(&self, broadcast: BroadcastId, wanted: Wanted) -> Result<PushId, Error> {
        self.ask(|done| Command::Add(broadcast, wanted, done)).await
    }

    /// Changes a push. One that runs begins anew if it goes elsewhere.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Key`], [`Error::Store`], [`Error::Closed`].
    pub async fn change(&self, broadcast: BroadcastId, push: PushId, change: Change) -> Result<(), Error> {
        self.ask(|done| Command::Change(broadcast, push, change, done)).await
    }

    /// Ends a push and forgets it, with its key.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Store`], [`Error::Closed`].
    pub async fn remove(&self, broadcast: BroadcastId, push: PushId) -> Result<(), Error> {
        self.ask(|done| Command::Remove(broadcast, push, done)).await
    }

    /// Forgets all pushes of a broadcast.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Closed`].
    pub async fn forget(&self, broadcast: BroadcastId) -> Result<(), Error> {
        self.ask(|done| Command::Forget(broadcast, done)).await
    }

    async fn ask<T>(&self, command: impl FnOnce(Done<T>) -> Command) -> Result<T, Error> {
        let (done, answered) = oneshot::channel();
        self.commands.send(command(done)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

/// What it stands on.
pub struct Parts {
    /// Where the program is.
    pub origin: origin::Handle,
    /// What is on air.
    pub broadcasts: broadcast::Handle,
    /// Where pushes are remembered.
    pub store: store::Handle,
    /// What their keys are sealed with.
    pub seal: Seal,
    /// What pipelines do.
    pub pipelines: pipeline::Counters,
    /// The addresses of the box, to call from.
    pub addresses: watch::Receiver<Arc<[IpAddr]>>,
    /// Media time.
    pub timeline: Timeline,
    /// Starts what failed again.
    pub supervisor: Supervisor,
}

/// Reads what is remembered and starts the actor on `tasks`; it ends with `cancel`.
///
/// # Errors
/// Those of the store.
pub async fn start(parts: Parts, tasks: &TaskTracker, cancel: CancellationToken) -> Result<Handle, store::Error> {
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let (show, now) = watch::channel(Pushes::default());
    let totals = Arc::<Totals>::default();
    let actor = actor::Actor::new(parts, show, totals.clone(), tasks.clone()).await?;
    tasks.spawn(actor.keep(inbox, cancel).instrument(tracing::info_span!("push")));
    Ok(Handle { commands, now, totals })
}

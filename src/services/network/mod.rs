//! Wireless networks: which are in reach, which the box joins, and the one that it opens itself while it has none, so that somebody with a
//! telephone can tell it one.
//!
//! Owns the radio, and the password of the network that it opens: whoever has read that from the screen stands in front of it. Where there
//! is no NetworkManager that permits it anything, there is nothing of this.

mod actor;
mod config;
mod state;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::drivers::wifi;
use crate::model::secret::Secret;

pub use config::{Config, When};

/// Requests that wait; whoever brings more waits.
const QUEUE: usize = 8;
/// The address of the box in its own network, which has 256 addresses: the one that NetworkManager takes by itself.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 42, 0, 1);
/// Longest name of a network, in bytes (IEEE 802.11 section 9.4.2.2).
pub const LONGEST_NAME: usize = 32;

/// What it stands on.
pub struct Parts {
    /// What tells the box from others; it is in the name of its network.
    pub id: String,
    /// Whether there is a screen that says how to join.
    pub screen: Box<dyn Fn() -> bool + Send + Sync>,
    /// Whether this box is an image.
    pub image: bool,
}

/// What is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The radio.
    #[error("{0}")]
    Wifi(#[from] wifi::Error),
    /// A network is being joined.
    #[error("a network is being joined")]
    Busy,
    /// It is no name of a network.
    #[error("a network's name has 1 to 32 bytes")]
    Name,
    /// It is no password of a network.
    #[error("a network's password has 8 to 63 letters, digits and signs")]
    Password,
    /// It asks for something else than a password.
    #[error("this network asks for more than a password")]
    Lock,
    /// The box is shutting down.
    #[error("the box is shutting down")]
    Closed,
}

/// The network that the box opens, for the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hotspot {
    /// Its name.
    pub name: String,
    /// Its password.
    pub password: Secret,
}

/// How it is, from moment to moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Now {
    /// There is a radio that may be used.
    pub wifi: bool,
    /// How the box is connected.
    pub status: wifi::Status,
    /// Its own network, while that is open.
    pub hotspot: Option<Hotspot>,
    /// What was in reach when it was looked last.
    pub seen: Arc<[wifi::Seen]>,
    /// What is being joined.
    pub joining: Option<String>,
    /// What could not be joined, and why.
    pub failed: Option<(String, wifi::Error)>,
}

/// What a network asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Lock {
    /// Nothing: whoever is near reads along.
    Open,
    /// A password.
    Password,
    /// More than that; it can't be joined from here.
    Other,
}

/// A network that is in reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Reachable {
    /// Its name.
    pub name: String,
    /// How strong it is, in percent.
    pub strength: u8,
    /// What it asks for.
    pub lock: Lock,
    /// The box knows it.
    pub known: bool,
}

/// Why a network could not be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Why {
    /// It does not take the password.
    Password,
    /// It is not in reach.
    Gone,
    /// It gives the box no address.
    NoAddress,
    /// Something else; the log says what.
    Other,
}

/// What could not be joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NotJoined {
    /// Its name.
    pub name: String,
    /// Why.
    pub code: Why,
}

/// How the box is connected, and what else it could be in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Network {
    /// Whether it has a radio that Porchlight may use.
    pub wifi: bool,
    /// Whether it is connected by a cable.
    pub cable: bool,
    /// The wireless network that it is in.
    pub joined: Option<String>,
    /// The name of the network that it opens itself, while that is open.
    pub hotspot: Option<String>,
    /// What is in reach, the strongest first. While its own network is open, what was in reach before.
    pub seen: Vec<Reachable>,
    /// What it is joining.
    pub joining: Option<String>,
    /// What it could not join last.
    pub failed: Option<NotJoined>,
}

impl From<&Now> for Network {
    fn from(now: &Now) -> Self {
        let reachable = |seen: &wifi::Seen| Reachable {
            name: seen.name.clone(),
            strength: seen.strength,
            lock: match seen.lock {
                wifi::Lock::Open => Lock::Open,
                wifi::Lock::Password | wifi::Lock::NewPassword => Lock::Password,
                wifi::Lock::Other => Lock::Other,
            },
            known: seen.known,
        };
        let why = |error: &wifi::Error| match error {
            wifi::Error::Password => Why::Password,
            wifi::Error::Gone => Why::Gone,
            wifi::Error::NoAddress => Why::NoAddress,
            _ => Why::Other,
        };
        Self {
            wifi: now.wifi,
            cable: now.status.cable,
            joined: now.status.joined.clone(),
            hotspot: now.hotspot.as_ref().map(|hotspot| hotspot.name.clone()),
            seen: now.seen.iter().map(reachable).collect(),
            joining: now.joining.clone(),
            failed: now.failed.as_ref().map(|(name, error)| NotJoined { name: name.clone(), code: why(error) }),
        }
    }
}

enum Ask {
    /// What is in reach.
    Look,
    Join(String, Option<Secret>),
    Forget(String),
}

type Asked = (Ask, oneshot::Sender<Result<(), Error>>);

/// The way to it; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    asks: mpsc::Sender<Asked>,
    now: watch::Receiver<Now>,
}

impl Handle {
    /// How it is; looks for what is in reach, if that is possible.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn show(&self) -> Result<Network, Error> {
        match self.ask(Ask::Look).await {
            Ok(()) | Err(Error::Wifi(_)) => Ok(Network::from(&*self.now.borrow())),
            Err(error) => Err(error),
        }
    }

    /// Joins a network, with this password or with what the box knows of it. Done when that has begun: the box's own network closes for it.
    ///
    /// # Errors
    /// [`Error`]; then nothing has begun.
    pub async fn join(&self, name: &str, password: Option<Secret>) -> Result<(), Error> {
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(Error::Name);
        }
        if password.as_ref().is_some_and(|password| !wifi::is_password(password.reveal())) {
            return Err(Error::Password);
        }
        self.ask(Ask::Join(name.to_owned(), password)).await
    }

    /// Knows a network no more.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn forget(&self, name: &str) -> Result<(), Error> {
        self.ask(Ask::Forget(name.to_owned())).await
    }

    /// How it is, now and whenever it changes.
    pub fn follow(&self) -> watch::Receiver<Now> {
        self.now.clone()
    }

    /// Whether somebody at this address has come by the box's own network, while that is open.
    pub fn is_guest(&self, peer: IpAddr) -> bool {
        let open = self.now.borrow().hotspot.is_some();
        open && matches!(peer.to_canonical(), IpAddr::V4(peer) if peer.octets()[..3] == ADDRESS.octets()[..3])
    }

    async fn ask(&self, ask: Ask) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.asks.send((ask, answer)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

/// Where it is told how it is, and where that is read: what reads it may have to be there first.
pub fn channel() -> (watch::Sender<Now>, watch::Receiver<Now>) {
    watch::channel(Now::default())
}

/// Starts it.
pub fn start(
    config: &Config,
    parts: Parts,
    told: watch::Sender<Now>,
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> Handle {
    let (asks, asked) = mpsc::channel(QUEUE);
    let now = told.subscribe();
    let opens = match config.hotspot {
        When::Auto => parts.image,
        When::On => true,
        When::Off => false,
    };
    // Who wants it in any case reads the password otherwise (`porchlight hotspot`).
    let parts = if config.hotspot == When::On { Parts { screen: Box::new(|| true), ..parts } } else { parts };
    tasks.spawn(actor::run(parts, opens, told, asked, stop));
    Handle { asks, now }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_by_the_box_s_own_network_is_known_by_the_address_while_it_is_open() {
        let (told, now) = channel();
        let handle = Handle { asks: mpsc::channel(1).0, now };
        let guest = |text: &str| handle.is_guest(text.parse().expect("an address"));
        assert!(!guest("10.42.0.7"), "it is closed");
        let hotspot = Hotspot { name: "Porchlight-1a2b".into(), password: Secret::new("a password") };
        told.send_modify(|now| now.hotspot = Some(hotspot));
        assert!(guest("10.42.0.7") && guest("::ffff:10.42.0.7"));
        assert!(!guest("10.42.1.7") && !guest("192.168.0.7") && !guest("::1") && !guest("127.0.0.1"));
    }
}

//! How the box is reached: what it tells browsers, tried for real as far as it can be tried from here, and what follows.
//!
//! Asks nobody outside who is not asked anyway. What it can't try, it does not claim: whether a router lets strangers in is
//! seen from outside alone.

mod findings;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::drivers::gateway;
use crate::drivers::identity::random_id;
use crate::drivers::peer::probe::{self, Failed};
use crate::drivers::peer::server::{self as peers, Origin, Sight, Way};
use crate::model::id::PeerId;
use crate::proto::ice::Transport;
use crate::proto::lan;

pub use findings::{Code, Finding};

/// Ways that are tried; a box with more addresses than this has been told of enough.
const WAYS: usize = 32;

/// What is asked.
pub struct Parts {
    /// The connections.
    pub peers: peers::Handle,
    /// The addresses of the box.
    pub addresses: watch::Receiver<Arc<[IpAddr]>>,
    /// How it goes with the router, if that is asked for ports.
    pub router: Option<watch::Receiver<gateway::State>>,
    /// How many STUN servers are configured.
    pub stun: usize,
    /// Whether there is a relay.
    pub relay: bool,
}

/// The way to ask; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    parts: Arc<Parts>,
    /// One at a time: those who ask meanwhile wait.
    turn: Arc<Semaphore>,
}

/// Which networks an address is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Scope {
    /// This machine.
    Machine,
    /// The local network.
    Home,
    /// That of a provider who puts many customers behind one address (RFC 6598).
    Provider,
    /// The internet.
    Internet,
}

impl Scope {
    fn of(ip: IpAddr) -> Self {
        match ip {
            ip if ip.is_loopback() => Self::Machine,
            ip if lan::is_private(ip) => Self::Home,
            IpAddr::V4(v4) if v4.octets()[0] == 100 && v4.octets()[1] & 0xC0 == 64 => Self::Provider,
            _ => Self::Internet,
        }
    }
}

/// What carries the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Carrier {
    /// Datagrams.
    Udp,
    /// A connection that the browser opens.
    Tcp,
}

/// How a way is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Known {
    /// It is an address of the box.
    Interface,
    /// The configuration says so.
    Announced,
    /// A STUN server sees the box there.
    Seen,
    /// The router forwards it.
    Mapped,
}

/// What came of asking the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum RouterState {
    /// It is not asked.
    Off,
    /// It has not answered yet.
    Asking,
    /// There is none.
    None,
    /// It does not answer.
    Silent,
    /// It says no.
    Refused,
    /// It forwards.
    Mapped,
}

/// How the router was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum By {
    /// RFC 6887.
    Pcp,
    /// RFC 6886.
    NatPmp,
    /// UPnP IGD.
    Upnp,
}

/// One way that browsers are told, and what came of trying it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tried {
    /// What carries the packets.
    pub transport: Carrier,
    /// Address and port, as others reach them.
    pub address: String,
    /// How it is known.
    pub origin: Known,
    /// Of which networks the address is.
    pub scope: Scope,
    /// Whether the box reached itself through it.
    pub works: bool,
    /// Milliseconds until it did.
    pub took: Option<u64>,
    /// Why it did not, for whoever looks into it.
    pub error: Option<String>,
}

/// Where a STUN server sees the UDP port.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Seen {
    /// The server's address and port.
    pub server: String,
    /// Where it sees the box.
    pub address: String,
}

/// How it goes with the router.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Router {
    /// What came of it.
    pub state: RouterState,
    /// How it was asked.
    pub by: Option<By>,
    /// Where it forwards from, address and port.
    pub outside: Vec<String>,
    /// Why it refused.
    pub reason: Option<String>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Reachability {
    /// The addresses of the box's network interfaces.
    pub addresses: Vec<String>,
    /// The ways that browsers are told.
    pub ways: Vec<Tried>,
    /// What STUN servers say.
    pub seen: Vec<Seen>,
    /// What the router says.
    pub router: Router,
    /// Whether participants are told of a relay.
    pub relay: bool,
    /// What follows, the worst first.
    pub findings: Vec<Finding>,
}

/// Readies the check.
pub fn start(parts: Parts) -> Handle {
    Handle { parts: Arc::new(parts), turn: Arc::new(Semaphore::new(1)) }
}

impl Handle {
    /// How many ports the router forwards now.
    pub fn forwarded(&self) -> usize {
        self.parts.router.as_ref().map_or(0, |state| state.borrow().outside().len())
    }

    /// Looks and tries; takes some seconds when something does not answer.
    ///
    /// # Errors
    /// [`peers::Error::Gone`] when the box is shutting down.
    pub async fn check(&self) -> Result<Reachability, peers::Error> {
        let _turn = self.turn.acquire().await.map_err(|_| peers::Error::Gone)?;
        let parts = &self.parts;
        let (mut ways, sights) = parts.peers.ways().await?;
        ways.truncate(WAYS);
        let mut trying = JoinSet::new();
        for (at, way) in ways.iter().copied().enumerate() {
            let peers = parts.peers.clone();
            trying.spawn(async move { (at, probe::connect(&peers, random_id(PeerId::from_bytes), &way).await) });
        }
        let mut tried: Vec<(usize, Tried)> = Vec::new();
        while let Some(ended) = trying.join_next().await {
            if let Ok((at, outcome)) = ended {
                tried.push((at, self::tried(&ways[at], outcome)));
            }
        }
        tried.sort_unstable_by_key(|(at, _)| *at);
        let ways: Vec<Tried> = tried.into_iter().map(|(_, tried)| tried).collect();
        let router = router(parts.router.as_ref().map(|state| state.borrow().clone()));
        let findings = findings::of(&findings::Facts {
            ways: &ways,
            sights: &sights,
            router: &router,
            tcp: parts.peers.takes_connections(),
            stun: parts.stun,
            relay: parts.relay,
        });
        Ok(Reachability {
            addresses: parts.addresses.borrow().iter().map(IpAddr::to_string).collect(),
            ways,
            seen: sights.iter().map(seen).collect(),
            router,
            relay: parts.relay,
            findings,
        })
    }
}

fn tried(way: &Way, outcome: Result<Duration, Failed>) -> Tried {
    let (took, error) = match outcome {
        Ok(took) => (Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)), None),
        Err(error) => (None, Some(error.to_string())),
    };
    Tried {
        transport: match way.transport {
            Transport::Udp => Carrier::Udp,
            Transport::Tcp => Carrier::Tcp,
        },
        address: way.outside.to_string(),
        origin: match way.origin {
            Origin::Interface => Known::Interface,
            Origin::Announced => Known::Announced,
            Origin::Seen => Known::Seen,
            Origin::Mapped => Known::Mapped,
        },
        scope: Scope::of(way.outside.ip()),
        works: took.is_some(),
        took,
        error,
    }
}

fn seen(sight: &Sight) -> Seen {
    Seen { server: sight.server.to_string(), address: sight.mapped.to_string() }
}

fn router(state: Option<gateway::State>) -> Router {
    let say = |state| Router { state, by: None, outside: Vec::new(), reason: None };
    match state {
        None => say(RouterState::Off),
        Some(gateway::State::Asking) => say(RouterState::Asking),
        Some(gateway::State::NoRouter) => say(RouterState::None),
        Some(gateway::State::Silent) => say(RouterState::Silent),
        Some(gateway::State::Refused(why)) => Router { reason: Some(why), ..say(RouterState::Refused) },
        Some(gateway::State::Mapped(by, outside)) => {
            let by = match by {
                gateway::By::Pcp => By::Pcp,
                gateway::By::NatPmp => By::NatPmp,
                gateway::By::Upnp => By::Upnp,
            };
            let mut at: Vec<SocketAddr> = outside.iter().map(|outside| outside.at).collect();
            at.dedup();
            Router { by: Some(by), outside: at.iter().map(SocketAddr::to_string).collect(), ..say(RouterState::Mapped) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_one_kind_of_network() {
        for (ip, scope) in [
            ("127.0.0.1", Scope::Machine),
            ("::1", Scope::Machine),
            ("192.168.1.20", Scope::Home),
            ("fd00::2", Scope::Home),
            ("100.64.0.1", Scope::Provider),
            ("100.127.255.1", Scope::Provider),
            ("100.128.0.1", Scope::Internet),
            ("203.0.113.7", Scope::Internet),
            ("2001:db8::1", Scope::Internet),
        ] {
            assert_eq!(Scope::of(ip.parse().expect("an address")), scope, "{ip}");
        }
    }
}

//! From which address STUN servers see the UDP port: asked on that very socket, again and again.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::proto::ice::asking::{Asking, SERVERS};
use crate::proto::ice::stun::{Question, Transaction};

/// How often the names of the servers are looked up.
const LOOK: Duration = Duration::from_secs(600);
/// The same after none was found, as while there is no network yet.
const LOOK_SOON: Duration = Duration::from_secs(15);

/// A STUN server, and where it sees the UDP port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Which server.
    pub server: SocketAddr,
    /// Where it sees us.
    pub mapped: SocketAddr,
}

/// Asks the servers of the configuration.
pub(super) struct Questions {
    /// `host:port`.
    names: Vec<String>,
    /// Whether there are IPv6 addresses to ask from.
    wide: bool,
    asking: Asking,
    look: Instant,
    looking: JoinSet<Vec<SocketAddr>>,
}

impl Questions {
    pub(super) fn new(names: Vec<String>, wide: bool, now: Instant) -> Self {
        Self { names, wide, asking: Asking::default(), look: now, looking: JoinSet::new() }
    }

    /// Waits until there is something to ask. May be dropped at any time.
    pub(super) async fn due(&mut self) {
        if self.names.is_empty() {
            return std::future::pending().await;
        }
        loop {
            let next = self.asking.due();
            let due = async {
                match next {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => return,
                Some(found) = self.looking.join_next(), if !self.looking.is_empty() => {
                    let (found, now) = (found.unwrap_or_default(), Instant::now());
                    self.look = now + if found.is_empty() { LOOK_SOON } else { LOOK };
                    if !found.is_empty() {
                        self.asking.servers(&found, now);
                    }
                }
                () = tokio::time::sleep_until(self.look.into()), if self.looking.is_empty() => {
                    self.looking.spawn(look_up(self.names.clone(), self.wide));
                }
            }
        }
    }

    /// What has to be sent now.
    pub(super) fn questions(&mut self, now: Instant) -> Vec<(SocketAddr, Question)> {
        if self.names.is_empty() {
            return Vec::new();
        }
        self.asking.questions(now, random)
    }

    /// Whether a datagram was an answer.
    pub(super) fn heard(&mut self, from: SocketAddr, bytes: &[u8], now: Instant) -> bool {
        !self.names.is_empty() && self.asking.heard(from, bytes, now)
    }

    /// What the servers say.
    pub(super) fn seen(&self) -> impl Iterator<Item = Sight> {
        self.asking.seen().map(|(server, answer)| Sight { server, mapped: answer.mapped })
    }
}

fn random() -> Transaction {
    let mut bytes = [0; 12];
    aws_lc_rs::rand::fill(&mut bytes).expect("the kernel gives random bytes");
    bytes
}

/// One address of each kind for each name, as far as there are places for them.
async fn look_up(names: Vec<String>, wide: bool) -> Vec<SocketAddr> {
    let mut found: Vec<SocketAddr> = Vec::new();
    for name in names {
        match tokio::net::lookup_host(&name).await {
            Ok(all) => {
                let all: Vec<SocketAddr> = all.collect();
                found.extend(all.iter().find(|at| at.is_ipv4()));
                found.extend(all.iter().find(|at| at.is_ipv6() && wide));
            }
            Err(error) => tracing::warn!(%error, "a STUN server of peers.stun is not found"),
        }
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(SERVERS);
    found
}

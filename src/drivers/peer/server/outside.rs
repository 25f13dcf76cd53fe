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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::net::UdpSocket;
    use tokio::sync::{mpsc, watch};

    use super::*;
    use crate::drivers::peer::server::{Config, EVENTS, Origin, Terms, start};
    use crate::model::id::PeerId;
    use crate::model::time::Timeline;
    use crate::proto::ice::stun;

    #[tokio::test]
    async fn browsers_are_told_where_a_server_sees_the_very_port_of_media() {
        let server = UdpSocket::bind("127.0.0.1:0").await.expect("loopback has ports");
        let at = server.local_addr().expect("it is bound");
        let config = Config {
            listen: "127.0.0.1:0".parse().expect("an address"),
            stun: vec![format!("localhost:{}", at.port())],
            tcp: false,
            ..Config::default()
        };
        let timeline = Timeline::new(Instant::now(), 0, 0);
        let (peers, _thread) = start(&config, timeline, watch::channel(Arc::default()).1).expect("loopback has ports");
        let mut buffer = [0; 100];
        let asked = tokio::time::timeout(Duration::from_secs(30), server.recv_from(&mut buffer));
        let (length, from) = asked.await.expect("it is asked").expect("it listens");
        assert_eq!(from, peers.local_addr());
        let mapped = SocketAddr::from(([203, 0, 113, 7], 40_000));
        server.send_to(&stun::answer_to(&buffer[..length], mapped), from).await.expect("loopback takes it");
        loop {
            let (ways, sights) = peers.ways().await.expect("the worker runs");
            if sights.is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
            assert_eq!(sights, [Sight { server: at, mapped }]);
            let told: Vec<_> = ways.iter().map(|way| (way.outside, way.base, way.origin)).collect();
            assert_eq!(told, [(from, from, Origin::Interface), (mapped, from, Origin::Seen)]);
            break;
        }
        let offer = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\n\
            a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=setup:actpass\r\n\
            a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n\
            a=rtpmap:111 opus/48000/2\r\n";
        let (events, _happens) = mpsc::channel(EVENTS);
        let answer = peers.offer(PeerId::from_bytes([1; 10]), offer.into(), Terms::VIEWER, &events).await;
        let answer = answer.expect("the offer is a good one").sdp;
        assert!(answer.contains(" 203.0.113.7 40000 typ srflx "), "{answer}");
    }
}

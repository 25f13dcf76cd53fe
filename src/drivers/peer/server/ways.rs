//! The ways to the box that browsers are told: as its networks are at the moment, and as the outside sees them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use str0m::Candidate;
use str0m::error::IceError;
use str0m::net::{Protocol, TcpType};
use tokio::sync::watch;

use crate::proto::ice::{Outside, Transport};

/// How a way became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// It is an address of the box.
    Interface,
    /// The configuration says so.
    Announced,
    /// A STUN server sees the box there.
    Seen,
    /// A router was asked to forward the port.
    Mapped,
}

/// One way to the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// What it takes.
    pub transport: Transport,
    /// Where the outside reaches us.
    pub outside: SocketAddr,
    /// The address of this machine behind it.
    pub base: SocketAddr,
    /// How it became known.
    pub origin: Origin,
}

impl Way {
    /// As ICE calls it (RFC 8445 section 5.1.1, RFC 6544 section 4.5).
    pub(super) fn candidate(&self) -> Result<Candidate, IceError> {
        let builder = Candidate::builder();
        match (self.transport, self.outside == self.base) {
            (Transport::Udp, true) => builder.udp().host(self.outside).build(),
            (Transport::Udp, false) => builder.udp().server_reflexive(self.outside, self.base).build(),
            (Transport::Tcp, true) => builder.tcp().host(self.outside).tcptype(TcpType::Passive).build(),
            (Transport::Tcp, false) => {
                builder.tcp().server_reflexive(self.outside, self.base).tcptype(TcpType::Passive).build()
            }
        }
    }
}

/// As the engine calls it.
pub(super) fn protocol(transport: Transport) -> Protocol {
    match transport {
        Transport::Udp => Protocol::Udp,
        Transport::Tcp => Protocol::Tcp,
    }
}

/// The ports of ours, and what is known of how they are reached.
pub(super) struct Ways {
    /// Of datagrams.
    pub(super) udp: SocketAddr,
    /// Of connections, if any are taken.
    pub(super) tcp: Option<SocketAddr>,
    /// Others at which connections are taken and handed on.
    pub(super) doors: Vec<SocketAddr>,
    /// By the configuration.
    pub(super) announce: Vec<IpAddr>,
    /// By routers.
    pub(super) mapped: Vec<Outside>,
    pub(super) network: watch::Receiver<Arc<[IpAddr]>>,
}

impl Ways {
    /// All of them, datagrams first: of two that work, browsers take that. `seen` is where STUN servers see the UDP port.
    pub(super) fn now(&self, seen: impl Iterator<Item = SocketAddr>) -> Vec<Way> {
        let network = self.network.borrow();
        let mut all = self.of(self.udp, Transport::Udp, &network);
        for at in seen {
            add(&mut all, Outside { transport: Transport::Udp, at }, Origin::Seen);
        }
        if let Some(tcp) = self.tcp {
            all.extend(self.of(tcp, Transport::Tcp, &network));
            for door in &self.doors {
                all.extend(self.of(*door, Transport::Tcp, &network));
            }
        }
        for outside in &self.mapped {
            add(&mut all, *outside, Origin::Mapped);
        }
        all
    }

    /// The ways to one port.
    fn of(&self, local: SocketAddr, transport: Transport, network: &[IpAddr]) -> Vec<Way> {
        let at = |ip: &IpAddr| SocketAddr::new(*ip, local.port());
        let own: Vec<SocketAddr> = if local.ip().is_unspecified() {
            // A socket for IPv6 that is bound to every address takes IPv4 as well.
            network.iter().filter(|ip| ip.is_ipv4() || local.is_ipv6()).map(at).collect()
        } else {
            vec![local]
        };
        let way = |&at: &SocketAddr| Way { transport, outside: at, base: at, origin: Origin::Interface };
        let mut all: Vec<Way> = own.iter().map(way).collect();
        for ip in &self.announce {
            add(&mut all, Outside { transport, at: at(ip) }, Origin::Announced);
        }
        all
    }
}

/// Adds what stands before an address of its own kind, if it is not known yet.
fn add(all: &mut Vec<Way>, Outside { transport, at }: Outside, origin: Origin) {
    let of_its_kind = |way: &&Way| way.transport == transport && way.outside.is_ipv4() == at.is_ipv4();
    if all.iter().any(|way| way.transport == transport && way.outside == at) {
        return;
    }
    if let Some(base) = all.iter().find(of_its_kind).map(|way| way.base) {
        all.push(Way { transport, outside: at, base, origin });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips<const N: usize>(texts: [&str; N]) -> Vec<IpAddr> {
        texts.map(|text| text.parse().expect("an address")).to_vec()
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    fn ways(udp: &str, network: Vec<IpAddr>, announce: Vec<IpAddr>) -> Ways {
        let network = watch::channel(network.into()).1;
        Ways { udp: at(udp), tcp: None, doors: Vec::new(), announce, mapped: Vec::new(), network }
    }

    fn texts(all: &[Way]) -> Vec<String> {
        let base = |way: &Way| if way.base == way.outside { String::new() } else { format!(" {}", way.base) };
        all.iter().map(|way| format!("{:?} {}{}", way.transport, way.outside, base(way))).collect()
    }

    #[test]
    fn announced_addresses_stand_before_one_of_ours() {
        let ways = ways("127.0.0.1:9", Vec::new(), ips(["203.0.113.5", "::1"]));
        assert_eq!(texts(&ways.now(std::iter::empty())), ["Udp 127.0.0.1:9", "Udp 203.0.113.5:9 127.0.0.1:9"]);
    }

    #[test]
    fn a_wildcard_is_every_address_of_its_kind_and_of_both_for_ipv6() {
        let network = ips(["192.168.1.20", "2001:db8::2", "fd00::2"]);
        let got = ways("0.0.0.0:9", network.clone(), Vec::new()).now(std::iter::empty());
        assert_eq!(texts(&got), ["Udp 192.168.1.20:9"]);
        let got = ways("[::]:9", network, ips(["203.0.113.5", "2001:db8::5"])).now(std::iter::empty());
        let expected = [
            "Udp 192.168.1.20:9",
            "Udp [2001:db8::2]:9",
            "Udp [fd00::2]:9",
            "Udp 203.0.113.5:9 192.168.1.20:9",
            "Udp [2001:db8::5]:9 [2001:db8::2]:9",
        ];
        assert_eq!(texts(&got), expected);
    }

    #[test]
    fn what_servers_and_routers_say_is_told_once_and_connections_come_last() {
        let mut ways = ways("[::]:9", ips(["192.168.1.20"]), ips(["203.0.113.5"]));
        ways.tcp = Some(at("[::]:9"));
        ways.doors = vec![at("0.0.0.0:443")];
        let outside = |transport, text| Outside { transport, at: at(text) };
        ways.mapped = vec![
            outside(Transport::Udp, "203.0.113.5:4000"),
            outside(Transport::Tcp, "203.0.113.5:4001"),
            outside(Transport::Tcp, "[2001:db8::5]:4001"),
        ];
        // Of the servers one sees what is announced, one the address itself, one another port, and one what no address
        // of ours can be behind.
        let seen = ["203.0.113.5:9", "192.168.1.20:9", "203.0.113.5:31000", "[2001:db8::5]:9"].map(at);
        let expected = [
            "Udp 192.168.1.20:9",
            "Udp 203.0.113.5:9 192.168.1.20:9",
            "Udp 203.0.113.5:31000 192.168.1.20:9",
            "Tcp 192.168.1.20:9",
            "Tcp 203.0.113.5:9 192.168.1.20:9",
            "Tcp 192.168.1.20:443",
            "Tcp 203.0.113.5:443 192.168.1.20:443",
            "Udp 203.0.113.5:4000 192.168.1.20:9",
            "Tcp 203.0.113.5:4001 192.168.1.20:9",
        ];
        assert_eq!(texts(&ways.now(seen.into_iter())), expected);
    }

    #[test]
    fn a_connection_is_awaited_and_never_opened() {
        let way =
            |transport| Way { transport, outside: at("192.0.2.1:9"), base: at("192.0.2.1:9"), origin: Origin::Seen };
        let text = |transport| way(transport).candidate().expect("it is one").to_sdp_string();
        assert!(text(Transport::Tcp).ends_with("192.0.2.1 9 typ host tcptype passive"), "{}", text(Transport::Tcp));
        assert!(text(Transport::Udp).ends_with("192.0.2.1 9 typ host"), "{}", text(Transport::Udp));
    }
}

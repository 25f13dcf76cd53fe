//! What leaves: each worker sends by itself, all of them by the one port.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::sync::Arc;

use quinn_udp::{Transmit, UdpSocketState};
use str0m::net::{Protocol, Transmit as Datagram};

use super::counters::Counters;
use super::tcp::Queues;

/// Bytes of one message at most: what fits a datagram over IPv4 (RFC 768, RFC 791).
const MESSAGE: usize = 65_507;

/// The way out of one worker.
pub(super) struct Outlet {
    /// The port, by a descriptor of our own.
    socket: std::net::UdpSocket,
    state: Arc<UdpSocketState>,
    /// An IPv6 socket, which names IPv4 addresses in the IPv6 way (RFC 4291 section 2.5.5.2).
    wide: bool,
    queues: Queues,
    /// Datagrams that leave as one message.
    joined: Vec<u8>,
    counters: Arc<Counters>,
}

impl Outlet {
    /// By this socket, which does not block, and by connections through their queues.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub(super) fn new(
        socket: &std::net::UdpSocket,
        state: Arc<UdpSocketState>,
        queues: Queues,
        counters: Arc<Counters>,
    ) -> io::Result<Self> {
        let wide = socket.local_addr()?.is_ipv6();
        Ok(Self { socket: socket.try_clone()?, state, wide, queues, joined: Vec::with_capacity(MESSAGE), counters })
    }

    /// Sends datagrams in their order, or loses them when the kernel's buffer is full, as networks do. What goes to one peer
    /// and is of one size is handed over as one message that the kernel cuts (UDP GSO).
    /// What goes by connections is queued there.
    pub(super) fn send(&mut self, out: &mut Vec<Datagram>) {
        for packet in out.extract_if(.., |packet| packet.proto != Protocol::Udp) {
            self.queues.send(packet, &self.counters);
        }
        let mut rest = out.as_slice();
        while let [first, ..] = rest {
            let count = alike(rest, self.state.max_gso_segments());
            let (now, later) = rest.split_at(count);
            rest = later;
            if count > 1 {
                self.joined.clear();
                now.iter().for_each(|datagram| self.joined.extend_from_slice(&datagram.contents));
                let sent = self.message(ends(first), &self.joined, Some(first.contents.len()));
                // A network card that can't do it makes this known by the first failure.
                if sent || self.state.max_gso_segments() > 1 {
                    continue;
                }
            }
            for datagram in now {
                self.message(ends(datagram), &datagram.contents, None);
            }
        }
        out.clear();
    }

    /// Sends one message, which is cut into parts of `segment_size`; whether the kernel took it.
    pub(super) fn message(
        &self,
        (to, src_ip): (SocketAddr, Option<IpAddr>),
        contents: &[u8],
        segment_size: Option<usize>,
    ) -> bool {
        let destination = match to {
            SocketAddr::V4(v4) if self.wide => SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0).into(),
            other => other,
        };
        let transmit = Transmit { destination, ecn: None, contents, segment_size, src_ip };
        let sent = self.state.try_send((&self.socket).into(), &transmit);
        match &sent {
            Ok(()) => {
                let size = segment_size.unwrap_or(contents.len()).max(1);
                self.counters.datagrams.sent.add(contents.len().div_ceil(size) as u64);
                self.counters.bytes.sent.add(contents.len() as u64);
            }
            Err(error) => {
                self.counters.socket_errors.sent.inc();
                tracing::trace!(%error, "a message was not sent");
            }
        }
        sent.is_ok()
    }
}

/// Where a datagram goes, and from which address of ours if that is one.
fn ends(datagram: &Datagram) -> (SocketAddr, Option<IpAddr>) {
    let from = datagram.source.ip();
    (datagram.destination, (!from.is_unspecified()).then_some(from))
}

/// How many datagrams from the first on can be one message: to one peer and of one size, the last may be shorter.
fn alike(datagrams: &[Datagram], most: usize) -> usize {
    let Some(first) = datagrams.first() else { return 0 };
    let (mut count, mut bytes) = (0, 0);
    for datagram in datagrams.iter().take(most.max(1)) {
        bytes += datagram.contents.len();
        let same = datagram.destination == first.destination && datagram.source == first.source;
        if !same || datagram.contents.len() > first.contents.len() || bytes > MESSAGE {
            break;
        }
        count += 1;
        if datagram.contents.len() < first.contents.len() {
            break;
        }
    }
    count.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(to: SocketAddr, contents: Vec<u8>) -> Datagram {
        let source = "127.0.0.1:1".parse().expect("an address");
        Datagram { proto: Protocol::Udp, source, destination: to, contents: contents.into() }
    }

    #[test]
    fn one_message_goes_to_one_peer_and_only_its_last_part_is_shorter() {
        let [a, b] = ["127.0.0.1:2", "127.0.0.1:3"].map(|to| to.parse::<SocketAddr>().expect("an address"));
        let of = |parts: &[(SocketAddr, usize)]| -> Vec<Datagram> {
            parts.iter().map(|(to, size)| datagram(*to, vec![0; *size])).collect()
        };
        for (parts, most, count) in [
            (&[(a, 5), (a, 5), (a, 5)][..], 64, 3),
            (&[(a, 5), (a, 5), (a, 5)], 2, 2),
            (&[(a, 5), (a, 5), (a, 5)], 0, 1),
            (&[(a, 5), (a, 4), (a, 4)], 64, 2),
            (&[(a, 5), (a, 6)], 64, 1),
            (&[(a, 5), (b, 5)], 64, 1),
            (&[(a, MESSAGE), (a, 1)], 64, 1),
            (&[(a, MESSAGE + 1)], 64, 1),
            (&[], 64, 0),
        ] {
            assert_eq!(alike(&of(parts), most), count, "{parts:?}");
        }
    }

    #[test]
    fn datagrams_of_all_sizes_arrive_in_order_at_whom_they_are_for() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("loopback has ports");
        let base = socket.local_addr().expect("it is bound");
        let state = Arc::new(UdpSocketState::new((&socket).into()).expect("it is a socket"));
        let outlet = Outlet::new(&socket, state, Queues::default(), Arc::default());
        let mut outlet = outlet.expect("there are descriptors");
        let receivers = [(); 2].map(|()| std::net::UdpSocket::bind("127.0.0.1:0").expect("loopback has ports"));
        let to = |at: usize| receivers[at].local_addr().expect("it is bound");
        let sizes = [1000, 1000, 1000, 30, 30, 1200, 1, 1000, 1000, 999, 1000];
        let parts = (0..2).flat_map(|at| sizes.map(|size| (at, size)));
        let mut out: Vec<Datagram> =
            parts.zip(0u8..).map(|((at, size), number)| datagram(to(at), vec![number; size])).collect();
        out.iter_mut().for_each(|datagram| datagram.source = base);
        outlet.send(&mut out);
        assert!(out.is_empty());
        let mut number = 0;
        for receiver in receivers {
            receiver.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("a socket has a timeout");
            for size in sizes {
                let mut buffer = [0; 2000];
                let length = receiver.recv(&mut buffer).expect("it was sent");
                assert_eq!((length, buffer[0]), (size, number));
                number += 1;
            }
        }
    }
}

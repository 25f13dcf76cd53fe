//! The one UDP socket of all peers.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use std::sync::Arc;

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use str0m::net::Transmit as Datagram;
use tokio::io::Interest;
use tokio::sync::watch;

use super::counters::Counters;
use super::{Config, Error};

/// Largest datagram read. Ours and browsers' stay below 1 500 bytes; longer ones are cut and then refused.
const DATAGRAM: usize = 2048;
/// Bytes the kernel may hold for us in each direction: half a second of 30 Mbit/s.
const KERNEL_BUFFER: usize = 2 << 20;

/// Bytes of one message at most: what fits a datagram over IPv4 (RFC 768, RFC 791).
const MESSAGE: usize = 65_507;

/// One address of ours that browsers are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    /// Where the outside reaches us.
    pub(super) outside: SocketAddr,
    /// The address of this machine behind it.
    pub(super) base: SocketAddr,
}

pub(super) struct Socket {
    socket: std::net::UdpSocket,
    local: SocketAddr,
    ours: Ours,
}

/// Which addresses browsers are told: as the box's networks are at the moment.
struct Ours {
    local: SocketAddr,
    announce: Vec<IpAddr>,
    network: watch::Receiver<Arc<[IpAddr]>>,
}

impl Ours {
    fn now(&self) -> Vec<Address> {
        addresses(self.local, &self.network.borrow(), &self.announce)
    }

    fn announce(&mut self, addresses: Vec<IpAddr>) {
        self.announce = addresses;
    }
}

impl Socket {
    /// Opens the port. `network` has the addresses of the box's interfaces, for a socket that is bound to all of them.
    pub(super) fn bind(config: &Config, network: watch::Receiver<Arc<[IpAddr]>>) -> Result<Self, Error> {
        let failed = |error| Error::Bind(config.listen, error);
        let socket = open(config.listen).map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        let ours = Ours { local, announce: config.announce.clone(), network };
        if ours.now().is_empty() {
            tracing::warn!("no network yet: nobody can be called before the box has an address");
        }
        Ok(Self { socket, local, ours })
    }

    pub(super) fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Hands the socket to the runtime of the current thread.
    pub(super) fn watch(self, counters: Arc<Counters>) -> io::Result<Watched> {
        let state = UdpSocketState::new((&self.socket).into())?;
        // A smaller buffer than asked for works too.
        let _ = state.set_recv_buffer_size((&self.socket).into(), KERNEL_BUFFER);
        let _ = state.set_send_buffer_size((&self.socket).into(), KERNEL_BUFFER);
        let room = DATAGRAM * state.gro_segments();
        Ok(Watched {
            socket: tokio::net::UdpSocket::from_std(self.socket)?,
            state,
            wide: self.local.is_ipv6(),
            ours: self.ours,
            buffers: vec![vec![0; room]; BATCH_SIZE],
            meta: vec![RecvMeta::default(); BATCH_SIZE],
            joined: Vec::with_capacity(MESSAGE),
            counters,
        })
    }
}

/// Opens the port. `[::]` is every address, of IPv4 too, and IPv4 alone where the kernel has no IPv6.
fn open(listen: SocketAddr) -> io::Result<std::net::UdpSocket> {
    match std::net::UdpSocket::bind(listen) {
        Err(error)
            if listen.is_ipv6()
                && listen.ip().is_unspecified()
                && !matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied) =>
        {
            std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, listen.port()))
        }
        opened => opened,
    }
}

/// The addresses to tell browsers for a socket bound to `local`, on a box with these addresses.
fn addresses(local: SocketAddr, network: &[IpAddr], announce: &[IpAddr]) -> Vec<Address> {
    let at = |ip: &IpAddr| SocketAddr::new(*ip, local.port());
    let own: Vec<SocketAddr> = if local.ip().is_unspecified() {
        // A socket for IPv6 that is bound to every address takes IPv4 as well.
        network.iter().filter(|ip| ip.is_ipv4() || local.is_ipv6()).map(at).collect()
    } else {
        vec![local]
    };
    // What is announced stands before an address of its own kind.
    let base = |ip: &IpAddr| own.iter().find(|own| own.is_ipv4() == ip.is_ipv4()).copied();
    let outside = announce.iter().filter_map(|ip| Some(Address { outside: at(ip), base: base(ip)? }));
    let mut all: Vec<Address> = own.iter().map(|&address| Address { outside: address, base: address }).collect();
    all.extend(outside);
    all
}

pub(super) struct Watched {
    socket: tokio::net::UdpSocket,
    state: UdpSocketState,
    /// An IPv6 socket, which names IPv4 addresses in the IPv6 way (RFC 4291 section 2.5.5.2).
    wide: bool,
    ours: Ours,
    buffers: Vec<Vec<u8>>,
    meta: Vec<RecvMeta>,
    /// Datagrams that leave as one message.
    joined: Vec<u8>,
    counters: Arc<Counters>,
}

impl Watched {
    /// The addresses that browsers are told now.
    pub(super) fn addresses(&self) -> Vec<Address> {
        self.ours.now()
    }

    /// Browsers are told these from now on; with none, those of the network.
    pub(super) fn announce(&mut self, addresses: Vec<IpAddr>) {
        self.ours.announce(addresses);
    }

    pub(super) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// Reads one batch and gives each datagram with where it came from and which address of ours it came to.
    pub(super) fn read(&mut self, mut each: impl FnMut(SocketAddr, SocketAddr, &[u8])) {
        let Self { socket, state, ours, buffers, meta, counters, .. } = self;
        let mut slices: Vec<IoSliceMut<'_>> = buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
        let mut count = 0;
        let read = socket.try_io(Interest::READABLE, || {
            count = state.recv((&*socket).into(), &mut slices, meta)?;
            // Fewer than there is room for: nothing is left, and it need not be asked for in vain.
            if count < slices.len() { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        if let Err(error) = read
            && error.kind() != io::ErrorKind::WouldBlock
        {
            counters.socket_errors.received.inc();
            return tracing::debug!(%error, "reading from the UDP port failed");
        }
        for (buffer, meta) in buffers.iter().zip(meta.iter()).take(count) {
            let from = SocketAddr::new(meta.addr.ip().to_canonical(), meta.addr.port());
            let to = SocketAddr::new(meta.dst_ip.unwrap_or(ours.local.ip()).to_canonical(), ours.local.port());
            for datagram in buffer[..meta.len.min(buffer.len())].chunks(meta.stride.max(1)) {
                counters.datagrams.received.inc();
                counters.bytes.received.add(datagram.len() as u64);
                each(from, to, datagram);
            }
        }
    }

    /// Sends datagrams in their order, or loses them when the kernel's buffer is full, as networks do. What goes to one peer
    /// and is of one size is handed over as one message that the kernel cuts (UDP GSO).
    pub(super) fn send(&mut self, out: &mut Vec<Datagram>) {
        let mut rest = out.as_slice();
        while let [first, ..] = rest {
            let count = alike(rest, self.state.max_gso_segments());
            let (now, later) = rest.split_at(count);
            rest = later;
            if count > 1 {
                self.joined.clear();
                now.iter().for_each(|datagram| self.joined.extend_from_slice(&datagram.contents));
                let sent = self.message(first, &self.joined, Some(first.contents.len()));
                // A network card that can't do it makes this known by the first failure.
                if sent || self.state.max_gso_segments() > 1 {
                    continue;
                }
            }
            for datagram in now {
                self.message(datagram, &datagram.contents, None);
            }
        }
        out.clear();
    }

    fn message(&self, head: &Datagram, contents: &[u8], segment_size: Option<usize>) -> bool {
        let src_ip = (!head.source.ip().is_unspecified()).then_some(head.source.ip());
        let destination = match head.destination {
            SocketAddr::V4(v4) if self.wide => SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0).into(),
            other => other,
        };
        let transmit = Transmit { destination, ecn: None, contents, segment_size, src_ip };
        let sent = self.socket.try_io(Interest::WRITABLE, || self.state.try_send((&self.socket).into(), &transmit));
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
    use str0m::net::Protocol;

    use super::*;

    fn ips<const N: usize>(texts: [&str; N]) -> [IpAddr; N] {
        texts.map(|text| text.parse().expect("an address"))
    }

    fn bases(all: &[Address]) -> Vec<(String, String)> {
        all.iter().map(|address| (address.outside.to_string(), address.base.to_string())).collect()
    }

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

    #[tokio::test]
    async fn datagrams_of_all_sizes_arrive_in_order_at_whom_they_are_for() {
        let config = Config { listen: "127.0.0.1:0".parse().expect("an address"), ..Config::default() };
        let bound = Socket::bind(&config, watch::channel(Arc::default()).1).expect("loopback has ports");
        let base = bound.local_addr();
        let mut socket = bound.watch(Arc::default()).expect("there is a runtime");
        socket.socket.writable().await.expect("loopback takes something");
        let receivers = [(); 2].map(|()| std::net::UdpSocket::bind("127.0.0.1:0").expect("loopback has ports"));
        let to = |at: usize| receivers[at].local_addr().expect("it is bound");
        let sizes = [1000, 1000, 1000, 30, 30, 1200, 1, 1000, 1000, 999, 1000];
        let parts = (0..2).flat_map(|at| sizes.map(|size| (at, size)));
        let mut out: Vec<Datagram> =
            parts.zip(0u8..).map(|((at, size), number)| datagram(to(at), vec![number; size])).collect();
        out.iter_mut().for_each(|datagram| datagram.source = base);
        socket.send(&mut out);
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

    #[test]
    fn announced_addresses_stand_before_one_of_ours() {
        let local = "127.0.0.1:9".parse().expect("an address");
        let got = addresses(local, &[], &ips(["203.0.113.5", "::1"]));
        let own = "127.0.0.1:9".to_owned();
        assert_eq!(bases(&got), [(own.clone(), own.clone()), ("203.0.113.5:9".into(), own)]);
    }

    #[test]
    fn a_wildcard_is_every_address_of_its_kind_and_of_both_for_ipv6() {
        let network = ips(["192.168.1.20", "2001:db8::2", "fd00::2"]);
        let got = addresses("0.0.0.0:9".parse().expect("an address"), &network, &[]);
        assert_eq!(bases(&got), [("192.168.1.20:9".into(), "192.168.1.20:9".into())]);
        let got = addresses("[::]:9".parse().expect("an address"), &network, &ips(["203.0.113.5", "2001:db8::5"]));
        let expected = [
            ("192.168.1.20:9", "192.168.1.20:9"),
            ("[2001:db8::2]:9", "[2001:db8::2]:9"),
            ("[fd00::2]:9", "[fd00::2]:9"),
            ("203.0.113.5:9", "192.168.1.20:9"),
            ("[2001:db8::5]:9", "[2001:db8::2]:9"),
        ];
        assert_eq!(bases(&got), expected.map(|(outside, base)| (outside.to_owned(), base.to_owned())));
    }
}

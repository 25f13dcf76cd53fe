//! The one UDP socket of all peers, and the connections beside it.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::time::Instant;

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use str0m::net::{Protocol, Transmit as Datagram};
use tokio::io::Interest;
use tokio::sync::{mpsc, watch};

use super::counters::Counters;
use super::outside::{Questions, Sight};
use super::tcp::Connections;
use super::ways::{Way, Ways};
use super::{Config, Error};
use crate::proto::ice::{Outside, Transport};

/// Largest datagram read. Ours and browsers' stay below 1 500 bytes; longer ones are cut and then refused.
const DATAGRAM: usize = 2048;
/// Bytes the kernel may hold for us in each direction: half a second of 30 Mbit/s.
const KERNEL_BUFFER: usize = 2 << 20;

/// Bytes of one message at most: what fits a datagram over IPv4 (RFC 768, RFC 791).
const MESSAGE: usize = 65_507;
/// Ports that are tried when any will do.
const FREE_PORTS: u32 = 16;

pub(super) struct Socket {
    socket: std::net::UdpSocket,
    listener: Option<std::net::TcpListener>,
    handed: mpsc::Receiver<std::net::TcpStream>,
    local: SocketAddr,
    stun: Vec<String>,
    ways: Ways,
}

impl Socket {
    /// Opens the ports. `network` has the addresses of the box's interfaces, for sockets that are bound to all of them;
    /// `handed` are connections that other doors take.
    pub(super) fn bind(
        config: &Config,
        network: watch::Receiver<Arc<[IpAddr]>>,
        handed: mpsc::Receiver<std::net::TcpStream>,
    ) -> Result<Self, Error> {
        let (socket, listener) = open_both(config)?;
        let failed = |error| Error::Bind(config.listen, error);
        socket.set_nonblocking(true).map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        let tcp = listener.as_ref().map(|listener| {
            listener.set_nonblocking(true)?;
            listener.local_addr()
        });
        let ways = Ways {
            udp: local,
            tcp: tcp.transpose().map_err(failed)?,
            doors: Vec::new(),
            announce: config.announce.clone(),
            mapped: Vec::new(),
            network,
        };
        if ways.now(std::iter::empty()).is_empty() {
            tracing::warn!("no network yet: nobody can be called before the box has an address");
        }
        Ok(Self { socket, listener, handed, local, stun: config.stun.clone(), ways })
    }

    pub(super) fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Hands the sockets to the runtime of the current thread.
    pub(super) fn watch(self, counters: Arc<Counters>) -> io::Result<Watched> {
        let state = UdpSocketState::new((&self.socket).into())?;
        // A smaller buffer than asked for works too.
        let _ = state.set_recv_buffer_size((&self.socket).into(), KERNEL_BUFFER);
        let _ = state.set_send_buffer_size((&self.socket).into(), KERNEL_BUFFER);
        let room = DATAGRAM * state.gro_segments();
        let wide = self.local.is_ipv6();
        Ok(Watched {
            socket: tokio::net::UdpSocket::from_std(self.socket)?,
            state,
            wide,
            ways: self.ways,
            connections: Connections::new(self.listener, self.handed, counters.clone())?,
            questions: Questions::new(self.stun, wide, Instant::now()),
            buffers: vec![vec![0; room]; BATCH_SIZE],
            meta: vec![RecvMeta::default(); BATCH_SIZE],
            joined: Vec::with_capacity(MESSAGE),
            counters,
        })
    }
}

/// Opens the port of datagrams, and that of connections with the same number. A number that the kernel chooses may be taken
/// for connections.
fn open_both(config: &Config) -> Result<(std::net::UdpSocket, Option<std::net::TcpListener>), Error> {
    let mut tries = if config.listen.port() == 0 { FREE_PORTS } else { 1 };
    loop {
        tries -= 1;
        let socket = open(config.listen).map_err(|error| Error::Bind(config.listen, error))?;
        if !config.tcp {
            return Ok((socket, None));
        }
        let local = socket.local_addr().map_err(|error| Error::Bind(config.listen, error))?;
        match std::net::TcpListener::bind(local) {
            Ok(listener) => return Ok((socket, Some(listener))),
            Err(error) if tries == 0 => return Err(Error::BindTcp(local, error)),
            Err(_) => {}
        }
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

pub(super) struct Watched {
    socket: tokio::net::UdpSocket,
    state: UdpSocketState,
    /// An IPv6 socket, which names IPv4 addresses in the IPv6 way (RFC 4291 section 2.5.5.2).
    wide: bool,
    ways: Ways,
    connections: Connections,
    questions: Questions,
    buffers: Vec<Vec<u8>>,
    meta: Vec<RecvMeta>,
    /// Datagrams that leave as one message.
    joined: Vec<u8>,
    counters: Arc<Counters>,
}

impl Watched {
    /// The ways that browsers are told now.
    pub(super) fn ways(&self) -> Vec<Way> {
        self.ways.now(self.questions.seen().map(|sight| sight.mapped))
    }

    /// What STUN servers say.
    pub(super) fn sights(&self) -> Vec<Sight> {
        self.questions.seen().collect()
    }

    /// Browsers are told these from now on; with none, those of the network.
    pub(super) fn announce(&mut self, addresses: Vec<IpAddr>) {
        self.ways.announce = addresses;
    }

    /// Routers forward these to our ports.
    pub(super) fn mapped(&mut self, mapped: Vec<Outside>) {
        self.ways.mapped = mapped;
    }

    /// Connections are taken at these ports as well, and handed over.
    pub(super) fn doors(&mut self, doors: Vec<SocketAddr>) {
        self.ways.doors = doors;
    }

    /// The peer that spoke from there by connections is gone.
    pub(super) fn close(&mut self, remote: SocketAddr) {
        self.connections.close(remote);
    }

    /// Waits until there is something to read, or a STUN server to ask, which [`Watched::read`] does. May be dropped at any time.
    pub(super) async fn readable(&mut self) -> io::Result<()> {
        tokio::select! {
            ready = self.socket.readable() => ready,
            () = self.connections.readable() => Ok(()),
            () = self.questions.due() => Ok(()),
        }
    }

    /// Reads one batch and gives each packet with what carried it, where it came from and which address of ours it came to.
    /// `each` says whether it belonged to a peer.
    pub(super) fn read(
        &mut self,
        now: Instant,
        mut each: impl FnMut(Transport, SocketAddr, SocketAddr, &[u8]) -> bool,
    ) {
        for (server, question) in self.questions.questions(now) {
            self.message((server, None), &question, None);
        }
        self.connections.read(|from, to, packet| each(Transport::Tcp, from, to, packet));
        let Self { socket, state, ways, questions, buffers, meta, counters, .. } = self;
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
            let to = SocketAddr::new(meta.dst_ip.unwrap_or(ways.udp.ip()).to_canonical(), ways.udp.port());
            for datagram in buffer[..meta.len.min(buffer.len())].chunks(meta.stride.max(1)) {
                counters.datagrams.received.inc();
                counters.bytes.received.add(datagram.len() as u64);
                if !questions.heard(from, datagram, now) {
                    each(Transport::Udp, from, to, datagram);
                }
            }
        }
    }

    /// Sends datagrams in their order, or loses them when the kernel's buffer is full, as networks do. What goes to one peer
    /// and is of one size is handed over as one message that the kernel cuts (UDP GSO).
    /// What goes by connections is queued there.
    pub(super) fn send(&mut self, out: &mut Vec<Datagram>) {
        for packet in out.extract_if(.., |packet| packet.proto != Protocol::Udp) {
            self.connections.send(packet);
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

    fn message(
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

    #[tokio::test]
    async fn datagrams_of_all_sizes_arrive_in_order_at_whom_they_are_for() {
        let config = Config { listen: "127.0.0.1:0".parse().expect("an address"), ..Config::default() };
        let bound =
            Socket::bind(&config, watch::channel(Arc::default()).1, mpsc::channel(1).1).expect("loopback has ports");
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
}

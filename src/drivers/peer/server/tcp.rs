//! Connections that carry the packets of peers where datagrams don't get through (RFC 6544, framed by RFC 4571).
//!
//! Browsers open them, the box never does. Each has a task that reads and one queue that is written; both are bounded, so
//! that a slow connection loses pictures and holds up nobody.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use nix::sys::socket::{setsockopt, sockopt::SndBuf};
use str0m::net::Transmit;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::counters::Counters;
use crate::proto::ice::framing::{self, Deframer};

/// Connections at one time. When all places are taken, whoever has waited longest without belonging to a peer goes; so it is
/// with those of one address.
const CONNECTIONS: usize = 512;
/// Connections beyond that may still be on their way out.
const LEAVING: usize = 64;
/// The same from one IPv4 address, or one /64 of IPv6. A browser opens one for each address and port it is told.
const FROM_ONE: usize = 128;
/// Connections that other doors took for us and that wait to be looked at; those beyond are closed.
pub(super) const HANDED: usize = 32;
/// Packets that were read and wait for the worker; while it is full, nothing is read.
const READ: usize = 256;
/// Packets that wait to be written to one connection: a keyframe and some sound. Those beyond are lost.
const QUEUE: usize = 512;
/// Of those, places that are left to sound and to what keeps the connection up.
const NO_PICTURES: usize = 128;
/// How long a part of a picture may wait in it: what comes later than that is of no use.
const STALE: Duration = Duration::from_millis(500);
/// Packets that are written together.
const TOGETHER: usize = 16;
/// Bytes that the kernel takes before a connection counts as full: what is in there can't be left out any more.
const KERNEL_BUFFER: usize = 64 << 10;
/// How long a connection may take to send its first packet.
const FIRST: Duration = Duration::from_secs(10);
/// How long a connection may be silent. Browsers check every few seconds those in use, and now and then the others.
const IDLE: Duration = Duration::from_secs(60);
/// How long one that takes nothing is kept.
const STUCK: Duration = Duration::from_secs(20);
/// After a connection could not be accepted, most likely for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);
/// Bytes that a packet of sound stays below.
const SOUND: usize = 400;

/// Both ends of a connection, ours first.
type Ends = (SocketAddr, SocketAddr);

/// A packet that was read.
struct Packet {
    ends: Ends,
    number: u64,
    bytes: Vec<u8>,
}

/// One connection.
struct Open {
    /// How many there were before: tells it from an earlier one between the same ends.
    number: u64,
    /// A peer has taken what it sent.
    known: bool,
}

type Queue = mpsc::Sender<(Instant, Transmit)>;

/// The queues of all connections, for whoever has packets to send; changed by [`Connections`] alone. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Queues(Arc<ArcSwap<HashMap<Ends, Queue>>>);

impl Queues {
    /// Queues a packet for the connection between its ends; without one it is lost, as a datagram would be.
    pub(super) fn send(&self, packet: Transmit, counters: &Counters) {
        let size = packet.contents.len() as u64;
        let queues = self.0.load();
        let queue = queues.get(&(packet.source, packet.destination));
        let queue = queue.filter(|queue| queue.capacity() > NO_PICTURES || !is_picture(&packet.contents));
        if queue.is_some_and(|queue| queue.try_send((Instant::now(), packet)).is_ok()) {
            counters.datagrams.sent.inc();
            counters.bytes.sent.add(size);
        } else {
            counters.tcp_dropped.inc();
        }
    }

    fn change(&self, change: impl Fn(&mut HashMap<Ends, Queue>)) {
        self.0.rcu(|queues| {
            let mut queues = HashMap::clone(queues);
            change(&mut queues);
            queues
        });
    }
}

/// All connections.
pub(super) struct Connections {
    listener: Option<TcpListener>,
    handed: mpsc::Receiver<std::net::TcpStream>,
    open: HashMap<Ends, Open>,
    queues: Queues,
    numbers: u64,
    tasks: JoinSet<(Ends, u64)>,
    packets: (mpsc::Sender<Packet>, mpsc::Receiver<Packet>),
    /// Read, and to be looked at.
    waiting: Option<Packet>,
    paused: Option<Instant>,
    counters: Arc<Counters>,
}

impl Connections {
    /// Takes connections at the port, and those that are handed over; without a port none at all.
    pub(super) fn new(
        listener: Option<std::net::TcpListener>,
        handed: mpsc::Receiver<std::net::TcpStream>,
        counters: Arc<Counters>,
    ) -> io::Result<Self> {
        let listener = listener.map(TcpListener::from_std).transpose()?;
        Ok(Self {
            listener,
            handed,
            open: HashMap::new(),
            queues: Queues::default(),
            numbers: 0,
            tasks: JoinSet::new(),
            packets: mpsc::channel(READ),
            waiting: None,
            paused: None,
            counters,
        })
    }

    /// Waits for a packet; meanwhile connections come and go. May be dropped at any time.
    pub(super) async fn readable(&mut self) {
        if self.listener.is_none() {
            std::future::pending::<()>().await;
        }
        while self.waiting.is_none() {
            tokio::select! {
                packet = self.packets.1.recv() => self.waiting = packet,
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => self.ended(ended.ok()),
                accepted = accept(self.listener.as_ref()), if self.paused.is_none() => match accepted {
                    Ok(stream) => self.enter(stream),
                    Err(error) => {
                        tracing::debug!(%error, "a connection could not be accepted");
                        self.paused = Some(Instant::now() + PAUSE);
                    }
                },
                () = until(self.paused), if self.paused.is_some() => self.paused = None,
                Some(stream) = self.handed.recv() => match TcpStream::from_std(stream) {
                    Ok(stream) => self.enter(stream),
                    Err(error) => tracing::debug!(%error, "a connection could not be taken over"),
                },
            }
        }
    }

    /// Gives the packets that are there, each with where it came from and to which address of ours. `each` says whether it
    /// belonged to a peer: a connection that begins with one that does not is closed.
    pub(super) fn read(&mut self, mut each: impl FnMut(SocketAddr, SocketAddr, &[u8]) -> bool) {
        for _ in 0..READ {
            let Some(packet) = self.waiting.take().or_else(|| self.packets.1.try_recv().ok()) else { return };
            let (local, remote) = packet.ends;
            let Some(open) = self.open.get_mut(&packet.ends).filter(|open| open.number == packet.number) else {
                continue;
            };
            self.counters.datagrams.received.inc();
            self.counters.bytes.received.add(packet.bytes.len() as u64);
            open.known |= each(remote, local, &packet.bytes);
            if !open.known {
                self.remove(&[packet.ends]);
            }
        }
    }

    /// Where packets for them are put.
    pub(super) fn queues(&self) -> Queues {
        self.queues.clone()
    }

    /// The peer behind it is gone: it is closed when what waits is written.
    pub(super) fn close(&mut self, remote: SocketAddr) {
        let ends: Vec<Ends> = self.open.keys().filter(|(_, other)| *other == remote).copied().collect();
        self.remove(&ends);
    }

    /// With its queue gone a connection ends, once that is empty.
    fn remove(&mut self, gone: &[Ends]) {
        self.open.retain(|ends, _| !gone.contains(ends));
        self.queues.change(|queues| queues.retain(|ends, _| !gone.contains(ends)));
    }

    fn enter(&mut self, stream: TcpStream) {
        let (Ok(local), Ok(remote)) = (stream.local_addr(), stream.peer_addr()) else { return };
        let ends = (canonical(local), canonical(remote));
        if !self.has_place(ends.1.ip()) {
            return tracing::debug!("there is no place for another connection");
        }
        // Small packets must not wait for more to come. With another buffer it works as well, only later.
        let _ = stream.set_nodelay(true);
        let _ = setsockopt(&stream, SndBuf, &KERNEL_BUFFER);
        self.numbers += 1;
        let (to, queue) = mpsc::channel(QUEUE);
        self.open.insert(ends, Open { number: self.numbers, known: false });
        self.queues.change(|queues| drop(queues.insert(ends, to.clone())));
        self.tasks.spawn(carry(stream, (ends, self.numbers), self.packets.0.clone(), queue, self.counters.clone()));
        self.count();
    }

    /// Makes place for one more from this address.
    fn has_place(&mut self, from: IpAddr) -> bool {
        if self.tasks.len() >= CONNECTIONS + LEAVING {
            return false;
        }
        let same = |(_, other): &Ends| network(other.ip()) == network(from);
        let full = self.open.keys().filter(|ends| same(ends)).count() >= FROM_ONE;
        if !full && self.open.len() < CONNECTIONS {
            return true;
        }
        let waits = self.open.iter().filter(|(ends, open)| !open.known && (!full || same(ends)));
        let longest = waits.min_by_key(|(_, open)| open.number).map(|(ends, _)| *ends);
        longest.inspect(|ends| self.remove(&[*ends])).is_some()
    }

    fn ended(&mut self, task: Option<(Ends, u64)>) {
        if let Some((ends, number)) = task
            && self.open.get(&ends).is_some_and(|open| open.number == number)
        {
            self.remove(&[ends]);
        }
        self.count();
    }

    fn count(&self) {
        self.counters.tcp_connections.set(self.tasks.len() as i64);
    }
}

fn canonical(at: SocketAddr) -> SocketAddr {
    SocketAddr::new(at.ip().to_canonical(), at.port())
}

/// What counts as one address.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !0 << 64).into(),
        v4 => v4,
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

async fn until(moment: Option<Instant>) {
    if let Some(moment) = moment {
        sleep_until(moment).await;
    }
}

/// Reads and writes until either is over.
async fn carry(
    mut stream: TcpStream,
    (ends, number): (Ends, u64),
    packets: mpsc::Sender<Packet>,
    mut queue: mpsc::Receiver<(Instant, Transmit)>,
    counters: Arc<Counters>,
) -> (Ends, u64) {
    let (mut from, mut to) = stream.split();
    tokio::select! {
        () = read(&mut from, (ends, number), &packets) => {}
        () = write(&mut to, &mut queue, &counters) => {}
    }
    (ends, number)
}

async fn read(from: &mut ReadHalf<'_>, (ends, number): (Ends, u64), packets: &mpsc::Sender<Packet>) {
    let mut deframer = Deframer::default();
    let mut first = Some(Instant::now() + FIRST);
    loop {
        let until = first.unwrap_or_else(|| Instant::now() + IDLE);
        match timeout_at(until, from.read(deframer.room())).await {
            Ok(Ok(count)) if count > 0 => deframer.filled(count),
            _ => return,
        }
        loop {
            let bytes = match deframer.packet() {
                Ok(Some(packet)) if first.is_none() || framing::is_binding_request(packet) => packet.to_vec(),
                Ok(None) => break,
                Ok(Some(_)) | Err(_) => return,
            };
            first = None;
            if packets.send(Packet { ends, number, bytes }).await.is_err() {
                return;
            }
        }
    }
}

async fn write(to: &mut WriteHalf<'_>, queue: &mut mpsc::Receiver<(Instant, Transmit)>, counters: &Counters) {
    let (mut batch, mut joined) = (Vec::with_capacity(TOGETHER), Vec::new());
    while queue.recv_many(&mut batch, TOGETHER).await > 0 {
        joined.clear();
        let now = Instant::now();
        for (since, packet) in batch.drain(..) {
            let late = now.duration_since(since) > STALE && is_picture(&packet.contents);
            match framing::head(packet.contents.len()).filter(|_| !late) {
                Some(head) => {
                    joined.extend_from_slice(&head);
                    joined.extend_from_slice(&packet.contents);
                }
                None => counters.tcp_dropped.inc(),
            }
        }
        if !matches!(timeout(STUCK, to.write_all(&joined)).await, Ok(Ok(()))) {
            return;
        }
    }
}

/// Whether a packet is RTP (RFC 7983, RFC 5761) and larger than sound is.
fn is_picture(packet: &[u8]) -> bool {
    let [first, second, ..] = packet else { return false };
    (128..192).contains(first) && !(192..224).contains(second) && packet.len() > SOUND
}

#[cfg(test)]
mod tests {
    use str0m::net::Protocol;
    use tokio::net::TcpSocket;

    use super::*;
    use crate::proto::ice::stun;

    async fn begin() -> (Connections, SocketAddr, Arc<Counters>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
        listener.set_nonblocking(true).expect("it can");
        let at = listener.local_addr().expect("it is bound");
        let counters: Arc<Counters> = Arc::default();
        let connections = Connections::new(Some(listener), mpsc::channel(1).1, counters.clone());
        (connections.expect("there is a runtime"), at, counters)
    }

    fn framed(packet: &[u8]) -> Vec<u8> {
        [&framing::head(packet.len()).expect("it is short"), packet].concat()
    }

    /// Everything the other side gets until the connection is closed.
    async fn rest(mut stream: TcpStream) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A connection that is reset is closed as well.
        let _ = stream.read_to_end(&mut bytes).await;
        bytes
    }

    #[tokio::test]
    async fn packets_go_both_ways_and_what_waits_is_written_before_the_end() {
        let (mut connections, at, _) = begin().await;
        let mut browser = TcpStream::connect(at).await.expect("it listens");
        let here = browser.local_addr().expect("it is connected");
        let knock = stun::question([1; 12]);
        browser.write_all(&[framed(&knock), framed(&[7; 1200])].concat()).await.expect("it is open");
        let mut got = Vec::new();
        while got.len() < 2 {
            connections.readable().await;
            connections.read(|remote, local, bytes| {
                assert_eq!((remote, local), (here, at));
                got.push(bytes.to_vec());
                true
            });
        }
        assert_eq!(got, [knock.to_vec(), vec![7; 1200]]);
        let queues = connections.queues();
        let send = |contents: Vec<u8>| {
            let contents = contents.into();
            let packet = Transmit { proto: Protocol::Tcp, source: at, destination: here, contents };
            queues.send(packet, &Counters::default());
        };
        send(vec![128; 1100]);
        send(vec![20; 50]);
        connections.close(here);
        send(vec![9; 9]);
        let got = tokio::select! {
            got = rest(browser) => got,
            () = connections.readable() => panic!("nothing more is said"),
        };
        assert_eq!(got, [framed(&[128; 1100]), framed(&[20; 50])].concat());
    }

    #[tokio::test]
    async fn who_begins_with_anything_else_or_belongs_to_nobody_is_cut_off() {
        let (mut connections, at, _) = begin().await;
        for (sent, reaches) in [
            (framed(&[1; 30]), false),
            (vec![0xFF; 64], false),
            (b"GET / HTTP/1.1\r\n\r\n".to_vec(), false),
            (framed(&stun::question([1; 12])), true),
        ] {
            let mut stranger = TcpStream::connect(at).await.expect("it listens");
            stranger.write_all(&sent).await.expect("it is open");
            let mut asked = 0;
            let mut closed = std::pin::pin!(rest(stranger));
            loop {
                tokio::select! {
                    got = &mut closed => {
                        assert!(got.is_empty());
                        break;
                    }
                    () = connections.readable() => connections.read(|_, _, _| {
                        asked += 1;
                        false
                    }),
                }
            }
            assert_eq!(asked, usize::from(reaches), "{sent:?}");
        }
        assert!(connections.open.is_empty());
    }

    #[tokio::test]
    async fn a_reader_who_is_slow_loses_pictures_and_no_sound() {
        let (mut connections, at, counters) = begin().await;
        let socket = TcpSocket::new_v4().expect("there are sockets");
        socket.set_recv_buffer_size(4096).expect("it can");
        let mut browser = socket.connect(at).await.expect("it listens");
        let here = browser.local_addr().expect("it is connected");
        browser.write_all(&framed(&stun::question([1; 12]))).await.expect("it is open");
        connections.readable().await;
        connections.read(|_, _, _| true);
        let mut sent = 0u64;
        let (mut picture, mut sound) = (vec![128; 1100], vec![128; 100]);
        // More than all the buffers on the way take.
        for number in 0..2_000u64 {
            for packet in [&mut picture, &mut sound] {
                packet[8..16].copy_from_slice(&number.to_be_bytes());
            }
            let of = |contents: &Vec<u8>| Transmit {
                proto: Protocol::Tcp,
                source: at,
                destination: here,
                contents: contents.clone().into(),
            };
            connections.queues().send(of(&picture), &counters);
            if number % 8 == 0 {
                let before = counters.tcp_dropped.get();
                connections.queues().send(of(&sound), &counters);
                sent += u64::from(counters.tcp_dropped.get() == before);
            }
            tokio::task::yield_now().await;
        }
        assert!(counters.tcp_dropped.get() > 0, "the queue has no end");
        let lost = counters.tcp_dropped.get();
        tokio::time::sleep(STALE + Duration::from_millis(50)).await;
        connections.close(here);
        let got = tokio::select! {
            got = rest(browser) => got,
            () = connections.readable() => panic!("nothing more is said"),
        };
        assert!(counters.tcp_dropped.get() > lost, "old pictures were sent");
        let mut rest = got.as_slice();
        let mut sounds = 0;
        while let [high, low, after @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            sounds += u64::from(length == sound.len());
            rest = &after[length..];
        }
        assert_eq!(sounds, sent, "sound that was taken is lost");
    }

    #[tokio::test]
    async fn silent_connections_take_no_place_from_those_who_speak() {
        let (mut connections, at, _) = begin().await;
        let mut silent = Vec::new();
        while connections.open.len() < FROM_ONE {
            silent.push(TcpStream::connect(at).await.expect("it listens"));
            // Nothing comes of them but that they are taken.
            let _ = timeout(Duration::from_millis(2), connections.readable()).await;
        }
        for number in 1..=3 {
            let mut browser = TcpStream::connect(at).await.expect("it listens");
            browser.write_all(&framed(&stun::question([1; 12]))).await.expect("it is open");
            connections.readable().await;
            let mut heard = 0;
            connections.read(|_, _, _| {
                heard += 1;
                true
            });
            assert_eq!((heard, connections.open.len()), (1, FROM_ONE));
            assert_eq!(connections.open.values().filter(|open| open.known).count(), number);
            silent.push(browser);
        }
        let first = silent.remove(0);
        let cut = tokio::select! {
            got = rest(first) => got,
            () = connections.readable() => panic!("nobody says anything"),
        };
        assert!(cut.is_empty(), "the one that waited longest is cut off");
    }

    #[test]
    fn only_large_rtp_is_a_picture() {
        for (first, second, length, picture) in [
            (128, 96, 1000, true),
            (191, 0x80 | 108, 1000, true),
            (128, 111, 200, false),
            (128, 200, 1000, false),
            (0, 1, 1000, false),
            (22, 254, 1000, false),
        ] {
            let packet = [vec![first, second], vec![0; length]].concat();
            assert_eq!(is_picture(&packet), picture, "{first} {second} {length}");
        }
        assert!(!is_picture(&[]));
    }
}

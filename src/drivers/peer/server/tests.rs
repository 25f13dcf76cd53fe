//! The worker against real peers on loopback: str0m on the other side as well, in the role of the browser.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::Codec as Format;
use str0m::media::{Direction, MediaKind, Mid as Section, Pt, Rid, Simulcast};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpWrite, SeqNo};
use str0m::{Candidate, Event as Engine, Input, Output, Rtc};

use tokio::sync::{mpsc, watch};

use super::{Answer, Bound, Config, EVENTS, Event, Handle, Inbound, Source, Terms, threads};
use crate::model::id::{PeerId, PublicationId};
use crate::model::layer::{Layer, Layers};
use crate::model::packet::Packet;
use crate::model::ring::{Gate, Next, PACKETS, ring};
use crate::model::time::Timeline;
use crate::model::track::{Codec, Kind};
use crate::proto::sfu::{Rank, Shown};

mod hold;
mod layers;
mod sound;
mod ways;

const TERMS: Terms = Terms::VIEWER;

fn bound(source: Source) -> Bound {
    Bound { source, rank: Rank::Tile, most: Layer::HIGHEST }
}

/// However slow the machine is, this is enough.
const DEADLINE: Duration = Duration::from_secs(20);

/// A browser of its own: an engine and a socket.
struct Client {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    connected: bool,
    received: Vec<(u64, Vec<u8>)>,
    /// The streams of which a keyframe was asked for.
    asked: Vec<Option<Rid>>,
    /// So many of a hundred datagrams get lost in each direction.
    loss: u32,
    seed: u32,
}

impl Client {
    fn at(address: &str, direction: Direction) -> (Self, String, SdpPendingOffer, Section) {
        let rtc = Rtc::builder().set_rtp_mode(true).build(Instant::now());
        let mut client = Self::new(address, rtc);
        let (offer, pending, mid) = client.offer(MediaKind::Video, direction, None);
        (client, offer, pending, mid)
    }

    fn new(address: &str, mut rtc: Rtc) -> Self {
        let (socket, local) = Self::open(address, &mut rtc);
        let (connected, received, asked) = (false, Vec::new(), Vec::new());
        Self { rtc, socket, local, connected, received, asked, loss: 0, seed: 7 }
    }

    fn open(address: &str, rtc: &mut Rtc) -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind(address).expect("loopback has ports");
        socket.set_read_timeout(Some(Duration::from_millis(5))).expect("a socket has a timeout");
        let local = socket.local_addr().expect("it is bound");
        rtc.add_local_candidate(Candidate::host(local, "udp").expect("an address is a candidate"));
        (socket, local)
    }

    fn offer(
        &mut self,
        kind: MediaKind,
        direction: Direction,
        layers: Option<Simulcast>,
    ) -> (String, SdpPendingOffer, Section) {
        let mut change = self.rtc.sdp_api();
        let mid = change.add_media(kind, direction, None, None, layers);
        let (offer, pending) = change.apply().expect("there is something to offer");
        (offer.to_sdp_string(), pending, mid)
    }

    fn is_lost(&mut self) -> bool {
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.connected && (self.seed >> 16) % 100 < self.loss
    }

    /// The number of a codec in a section.
    fn number(&self, mid: Section, codec: Format) -> Option<Pt> {
        let spoken = |pt: &&Pt| {
            let params = self.rtc.codec_config().params().iter().find(|params| params.pt() == **pt);
            params.is_some_and(|params| params.spec().codec == codec)
        };
        self.rtc.media(mid).expect("it was offered").remote_pts().iter().find(spoken).copied()
    }

    /// Writes one packet into the engine and sends it at once.
    fn write(&mut self, mid: Section, rid: Option<Rid>, packet: RtpWrite) {
        self.rtc.direct_api().stream_tx_by_mid(mid, rid).expect("it sends").write_rtp(packet);
        self.rtc.handle_input(Input::Timeout(Instant::now())).expect("time goes on");
        self.drain();
    }

    fn accept(&mut self, answer: &Answer, pending: SdpPendingOffer) {
        let answer = SdpAnswer::from_sdp_string(&answer.sdp).expect("the answer is one");
        self.rtc.sdp_api().accept_answer(pending, answer).expect("the answer fits the offer");
    }

    /// Lets the engine work, and reads what has come; waits a little if that is nothing.
    fn turn(&mut self) {
        self.drain();
        let mut buffer = [0; 2048];
        while let Ok((length, source)) = self.socket.recv_from(&mut buffer) {
            self.socket.set_nonblocking(true).expect("a socket can be read without waiting");
            if self.is_lost() {
                continue;
            }
            let receive =
                Receive::new(Protocol::Udp, source, self.local, &buffer[..length]).expect("ours are well formed");
            self.rtc.handle_input(Input::Receive(Instant::now(), receive)).expect("the engine takes it");
            self.drain();
        }
        self.socket.set_nonblocking(false).expect("a socket can be read with waiting");
        self.rtc.handle_input(Input::Timeout(Instant::now())).expect("time goes on");
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().expect("the engine works") {
                Output::Timeout(_) => return,
                Output::Transmit(_) if self.is_lost() => {}
                Output::Transmit(transmit) => {
                    self.socket.send_to(&transmit.contents, transmit.destination).expect("loopback takes it");
                }
                Output::Event(Engine::Connected) => self.connected = true,
                Output::Event(Engine::KeyframeRequest(request)) => self.asked.push(request.rid),
                Output::Event(Engine::RtpPacket(packet)) if !packet.payload.is_empty() => {
                    self.received.push((*packet.seq_no, packet.payload.to_vec()));
                }
                Output::Event(_) => {}
            }
        }
    }

    /// Writes packets into the engine, all of one size, and sends them at once.
    fn send(&mut self, mid: Section, first: u64, count: u64) {
        let pt = self.number(mid, Format::H264).expect("the box speaks H.264");
        for index in first..first + count {
            let mut payload = vec![0x67, 0, 0, 0];
            payload.extend_from_slice(&index.to_be_bytes());
            let now = Instant::now();
            let mut direct = self.rtc.direct_api();
            let stream = direct.stream_tx_by_mid(mid, None).expect("it sends");
            stream.write_rtp(
                RtpWrite::new(pt, SeqNo::from(index), index as u32 * 90, now, payload).marker(true).nackable(true),
            );
        }
        self.rtc.handle_input(Input::Timeout(Instant::now())).expect("time goes on");
        self.drain();
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !done() {
        assert!(Instant::now() < end, "{what} did not happen");
    }
}

fn index(payload: &[u8]) -> u64 {
    u64::from_be_bytes(payload[4..12].try_into().expect("eight bytes"))
}

async fn connect(
    handle: &Handle,
    events: &mpsc::Sender<Event>,
    id: PeerId,
    direction: Direction,
) -> (Client, Section, Answer) {
    connect_from("127.0.0.1:0", handle, events, (id, direction)).await
}

async fn connect_from(
    address: &str,
    handle: &Handle,
    events: &mpsc::Sender<Event>,
    (id, direction): (PeerId, Direction),
) -> (Client, Section, Answer) {
    let (mut client, offer, pending, mid) = Client::at(address, direction);
    let answer = handle.offer(id, offer, TERMS, events).await.expect("the offer is a good one");
    client.accept(&answer, pending);
    until("the connection", || {
        client.turn();
        client.connected
    });
    (client, mid, answer)
}

fn timeline() -> Timeline {
    Timeline::new(Instant::now(), 0, 0)
}

fn loopback() -> Config {
    Config { listen: "127.0.0.1:0".parse().expect("an address"), threads: 3, ..Config::default() }
}

/// Three workers on loopback, between which peers take turns.
fn begin() -> (Handle, JoinHandle<()>) {
    threads::start(&loopback(), timeline(), watch::channel(Arc::default()).1, 1).expect("loopback has ports")
}

/// Waits until every worker has done what it was told so far.
async fn settled(handle: &Handle) {
    handle.reports().await.expect("the workers run");
}

#[tokio::test]
async fn every_packet_of_a_burst_reaches_the_ring_and_another_peer_in_order() {
    let (handle, thread) = begin();
    let ((told, mut events), (told_other, mut events_other)) = (mpsc::channel(EVENTS), mpsc::channel(EVENTS));
    let (one, other) = (PeerId::from_bytes([1; 10]), PeerId::from_bytes([2; 10]));
    let (mut sender, from, answer) = connect(&handle, &told, one, Direction::SendOnly).await;
    let layers = Layers::only(Layer::LOWEST);
    assert_eq!(answer.inbound, [Inbound { mid: from.to_string(), codec: Codec::H264, layers }]);
    assert!(answer.slots.is_empty());
    let (mut receiver, to, answer) = connect(&handle, &told_other, other, Direction::RecvOnly).await;
    assert_eq!(
        answer.slots.iter().map(|slot| (&*slot.mid, slot.kind)).collect::<Vec<_>>(),
        [(&*to.to_string(), Kind::Video)]
    );
    assert!(matches!(events.recv().await, Some(Event::Connected(id)) if id == one));

    let (writer, source) = ring(PACKETS);
    let mut seen = source.reader(Gate::default());
    handle.receive(one, from.to_string(), writer).await.expect("the worker runs");
    settled(&handle).await;
    let name = (PublicationId::from_bytes([3; 10]), Kind::Video);
    handle.source(name, Some(source.reader(Gate::default()))).await.expect("the worker runs");
    handle.bind(other, to.to_string(), Some(bound(name))).await.expect("the worker runs");
    settled(&handle).await;

    let mut got: Vec<Packet> = Vec::new();
    for burst in 0..5 {
        sender.send(from, 100 + burst * 20, 20);
        until("the burst", || {
            sender.turn();
            receiver.turn();
            while let Some(Next::Item(packet)) = seen.try_next() {
                got.push(packet);
            }
            got.len() as u64 >= (burst + 1) * 20 && receiver.received.len() as u64 >= (burst + 1) * 20
        });
    }
    let expected: Vec<u64> = (100..200).collect();
    assert_eq!(got.iter().map(|packet| index(&packet.payload)).collect::<Vec<_>>(), expected);
    assert!(got.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1), "numbers are consecutive");
    for pair in got.windows(2) {
        // A tick is a millisecond here; learning the sender's clock may slow it down, never turn it back.
        let step = pair[1].time.since(pair[0].time);
        assert!((1..20_000_000).contains(&step), "{pair:?}");
    }
    receiver.received.sort();
    assert_eq!(receiver.received.iter().map(|(_, payload)| index(payload)).collect::<Vec<_>>(), expected);
    assert!(receiver.received.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1), "numbers are consecutive");

    let counted = handle.counters();
    assert_eq!((counted.video.received.get(), counted.video.sent.get()), (100, 100));
    assert_eq!((counted.audio.received.get(), counted.skipped.get()), (0, 0));
    assert!(counted.bytes.received.get() > counted.datagrams.received.get() * 20, "{counted:?}");
    assert!(counted.turns.get() > 0 && counted.busy_nanos.get() > 0);
    let mut reports = handle.reports().await.expect("the worker runs");
    reports.sort_by_key(|report| report.peer);
    let mut both = [one, other];
    both.sort();
    assert_eq!(reports.iter().map(|report| report.peer).collect::<Vec<_>>(), both);
    assert!(reports.iter().all(|report| report.lost_packets == 0), "{reports:?}");

    assert_eq!(events_other.recv().await, Some(Event::Connected(other)));
    let shown = Event::Shown(other, to.to_string(), Shown::Layer(Layer::LOWEST));
    assert_eq!(events_other.recv().await, Some(shown));

    handle.close(one).await.expect("the worker runs");
    until("the end of the ring", || matches!(seen.try_next(), Some(Next::Closed)));
    assert_eq!(
        events_other.recv().await,
        Some(Event::Ended(other, name)),
        "whoever made a peer is told, and nobody else"
    );
    handle.close(other).await.expect("the worker runs");
    assert_eq!(events_other.recv().await, Some(Event::Closed(other)));
    drop(handle);
    thread.join().expect("the worker ends when nobody holds it");
}

#[tokio::test]
async fn what_another_thread_does_to_a_ring_wakes_the_worker() {
    let (handle, _thread) = begin();
    let (told, mut events) = mpsc::channel(EVENTS);
    let id = PeerId::from_bytes([4; 10]);
    let name = (PublicationId::from_bytes([3; 10]), Kind::Video);
    // Without an address it is never sent anything, so that nothing else wakes the worker but its own look around, four
    // times a second: by that alone so many ends would be told too late.
    let (mut client, offer, _, to) = Client::at("127.0.0.1:0", Direction::RecvOnly);
    let offer = offer.split_inclusive('\n').filter(|line| !line.starts_with("a=candidate")).collect();
    handle.offer(id, offer, TERMS, &told).await.expect("the offer is a good one");
    let end = tokio::time::Instant::now() + DEADLINE;
    for round in 0..200 {
        let (writer, source) = ring(1);
        handle.source(name, Some(source.reader(Gate::default()))).await.expect("the worker runs");
        handle.bind(id, to.to_string(), Some(bound(name))).await.expect("the worker runs");
        settled(&handle).await;
        // This hears nothing for some milliseconds, in which the worker falls asleep.
        client.turn();
        drop(writer);
        loop {
            let event = tokio::time::timeout_at(end, events.recv()).await;
            match event.unwrap_or_else(|_| panic!("{round} ends were told")) {
                Some(Event::Ended(..)) => break,
                Some(_) => {}
                None => panic!("the worker has ended"),
            }
        }
    }
}

#[tokio::test]
async fn strangers_and_garbage_change_nothing() {
    let (handle, _thread) = begin();
    let (told, _events) = mpsc::channel(EVENTS);
    let stranger = UdpSocket::bind("127.0.0.1:0").expect("loopback has ports");
    let mut seed = 7u32;
    for length in 0..600usize {
        let garbage: Vec<u8> = (0..length)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24) as u8
            })
            .collect();
        stranger.send_to(&garbage, handle.local_addr()).expect("loopback takes it");
    }
    for offer in ["", "v=0", "v=0\r\na=mid:0\r\n", &"m=".repeat(40_000)] {
        let refused = handle.offer(PeerId::from_bytes([5; 10]), offer.into(), TERMS, &told).await;
        assert!(matches!(refused, Err(super::Error::Offer(_))), "{refused:?}");
    }
    let (client, ..) = connect(&handle, &told, PeerId::from_bytes([6; 10]), Direction::SendOnly).await;
    assert!(client.connected);
}

#[tokio::test]
async fn one_socket_serves_peers_of_ipv4_and_ipv6_and_forwards_between_them() {
    let network: Arc<[IpAddr]> = ["127.0.0.1", "::1"].map(|ip| ip.parse().expect("an address")).into();
    let config = Config { listen: "[::]:0".parse().expect("an address"), ..loopback() };
    let (told_network, network) = watch::channel(network);
    let (handle, _thread) = threads::start(&config, timeline(), network, 1).expect("loopback has ports");
    let (told, _events) = mpsc::channel(EVENTS);
    let (one, other) = (PeerId::from_bytes([1; 10]), PeerId::from_bytes([2; 10]));
    let (mut sender, from, answer) = connect_from("[::1]:0", &handle, &told, (one, Direction::SendOnly)).await;
    let port = handle.local_addr().port();
    for candidate in [format!(" ::1 {port} typ host"), format!(" 127.0.0.1 {port} typ host")] {
        assert!(answer.sdp.contains(&candidate), "no {candidate:?} in {}", answer.sdp);
    }
    let (mut receiver, to, _) = connect_from("127.0.0.1:0", &handle, &told, (other, Direction::RecvOnly)).await;
    let (writer, source) = ring(PACKETS);
    handle.receive(one, from.to_string(), writer).await.expect("the worker runs");
    settled(&handle).await;
    let name = (PublicationId::from_bytes([3; 10]), Kind::Video);
    handle.source(name, Some(source.reader(Gate::default()))).await.expect("the worker runs");
    handle.bind(other, to.to_string(), Some(bound(name))).await.expect("the worker runs");
    settled(&handle).await;
    sender.send(from, 100, 20);
    until("the packets on the other side", || {
        sender.turn();
        receiver.turn();
        receiver.received.len() >= 20
    });

    // An address that is new is told to whoever comes next.
    told_network.send_replace(["127.0.0.1", "::1", "fd00::7"].map(|ip| ip.parse().expect("an address")).into());
    let third = (PeerId::from_bytes([4; 10]), Direction::RecvOnly);
    let (.., answer) = connect_from("[::1]:0", &handle, &told, third).await;
    assert!(answer.sdp.contains(&format!(" fd00::7 {port} typ host")), "{}", answer.sdp);
}

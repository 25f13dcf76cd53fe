//! A subscriber behind a link, on virtual time: the engine on both sides, sources of three layers, the allocator between.
//! An hour of it takes seconds, and every run is the same but for the keys.

mod link;
mod scenes;
mod source;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::change::SdpAnswer;
use str0m::media::{Direction, MediaKind, Mid as Section};
use str0m::net::{Protocol, Receive, Transmit};
use str0m::{Candidate, Event as Engine, Input, Output, Rtc};

use self::link::{Link, Way};
use self::source::Camera;
use super::allot::Allot;
use super::counters::Counters;
use super::feed::Feed;
use super::peer::{Effects, Peer, datagram};
use super::seen::Phase;
use super::ways::{self, Origin};
use super::{Bound, Source, Terms};
use crate::model::id::{PeerId, PublicationId};
use crate::model::layer::{Layer, Layers};
use crate::model::packet::Packet;
use crate::model::ring::{Gate, PACKETS, Writer, ring};
use crate::model::time::Timeline;
use crate::model::track::{Codec, Kind};
use crate::proto::ice::Transport;
use crate::proto::sfu::Rank;

/// How often it is shared out, as the worker does.
const ALLOT: Duration = Duration::from_millis(250);
/// How often the sources make packets.
const TICK: Duration = Duration::from_millis(10);

/// Headers of a packet of media in bytes: UDP, IPv4, RTP with what it carries, and the tag of SRTP.
const HEADERS: usize = 72;

/// One source, and the slot of the subscriber that it is bound to.
struct Sent {
    mid: Section,
    source: Source,
    camera: Camera,
    _ring: Writer<Packet>,
}

/// What was seen in a tenth of a second.
#[derive(Debug, Clone, Default)]
struct Look {
    /// Since the start, in seconds.
    at: f64,
    /// Bits of datagrams with media that arrived.
    arrived: u64,
    /// Packets of sound that arrived and that were sent.
    sound: (u64, u64),
    /// Packets of pictures that arrived, of those in which a picture ends.
    pictures: u64,
    /// The queue before the link, in milliseconds, at its longest.
    queue: u64,
    /// What the engine takes the link to hold, in bits a second.
    estimate: u64,
    /// The layers of the slots of pictures: 0 for paused, else one more than the layer.
    shown: Vec<usize>,
    /// Bits that went into the link.
    sent: u64,
}

struct Call {
    timeline: Timeline,
    begin: Instant,
    now: Instant,
    peer: Peer,
    browser: Rtc,
    addresses: [SocketAddr; 2],
    there: Link,
    back: Link,
    sent: Vec<Sent>,
    feeds: HashMap<Source, Feed>,
    allot: Allot,
    counters: Arc<Counters>,
    look: Look,
    looks: Vec<Look>,
}

impl Call {
    /// A call in which a subscriber behind this way sees these.
    fn new(way: Way, seed: u64, wishes: &[(Rank, Layer)]) -> Self {
        let now = Instant::now();
        let timeline = Timeline::new(now, 0, 0);
        let counters: Arc<Counters> = Arc::default();
        let addresses: [SocketAddr; 2] = [([10, 0, 0, 1], 1000).into(), ([10, 0, 0, 2], 2000).into()];
        let mut browser = Rtc::builder().set_rtp_mode(true).build(now);
        browser.add_local_candidate(Candidate::host(addresses[1], "udp").expect("an address is a candidate"));
        let mut change = browser.sdp_api();
        let mut add = |(rank, _): &(Rank, Layer)| {
            let kind = if *rank == Rank::Sound { MediaKind::Audio } else { MediaKind::Video };
            change.add_media(kind, Direction::RecvOnly, None, None, None)
        };
        let mids: Vec<Section> = wishes.iter().map(&mut add).collect();
        let (offer, pending) = change.apply().expect("there is something to offer");
        let terms = Terms::call(Codec::H264);
        let mut peer = Peer::new(PeerId::from_bytes([9; 10]), terms, timeline, now, counters.clone());
        peer.reached_by(&[ways::Way {
            transport: Transport::Udp,
            outside: addresses[0],
            base: addresses[0],
            origin: Origin::Interface,
        }]);
        let answer = peer
            .offer(&offer.to_sdp_string(), terms, &mut Effects::default(), &mut Vec::new())
            .expect("the offer can be answered");
        let answer = SdpAnswer::from_sdp_string(&answer.sdp).expect("the answer is one");
        browser.sdp_api().accept_answer(pending, answer).expect("the answer fits");
        let (mut sent, mut feeds) = (Vec::new(), HashMap::new());
        for ((mid, (rank, most)), number) in mids.into_iter().zip(wishes).zip(0u8..) {
            let (kind, codec) = match rank {
                Rank::Sound => (Kind::Audio, Codec::Opus),
                _ => (Kind::Video, Codec::H264),
            };
            let source = (PublicationId::from_bytes([number; 10]), kind);
            let (ring, from) = ring(PACKETS);
            ring.set_layers(Layers::ALL);
            let reader = from.reader(Gate::default());
            feeds.insert(source, Feed::new(kind, reader.pass(), Some(reader)));
            peer.bind(mid, Some(Bound { source, rank: *rank, most: *most }));
            sent.push(Sent { mid, source, camera: Camera::new(codec, seed * 100 + u64::from(number)), _ring: ring });
        }
        Self {
            timeline,
            begin: now,
            now,
            peer,
            browser,
            addresses,
            there: Link::new(way, seed, now),
            back: Link::new(Way { rate: 100_000_000, ..way }, seed + 1, now),
            sent,
            feeds,
            allot: Allot::default(),
            counters,
            look: Look::default(),
            looks: Vec::new(),
        }
    }

    /// The way to the subscriber is another from now on; so is what is lost on the way back.
    fn way(&mut self, way: Way) {
        self.there.turn(way);
        self.back.turn(Way { rate: 100_000_000, ..way });
    }

    /// Goes on for so many seconds.
    fn run(&mut self, seconds: u64) -> &mut Self {
        let end = self.now + Duration::from_secs(seconds);
        let (mut tick, mut allot, mut look) = (self.now, self.now, self.now + Duration::from_millis(100));
        while self.now < end {
            if self.now >= tick {
                tick = self.now + TICK;
                self.media();
            }
            if self.now >= allot {
                allot = self.now + ALLOT;
                self.allot();
            }
            if self.now >= look {
                look = self.now + Duration::from_millis(100);
                self.see();
            }
            self.drain();
            let of_browser = self.drain_browser();
            self.look.queue = self.look.queue.max(self.there.queue(self.now).as_millis() as u64);
            let next = [Some(self.peer.timeout), Some(of_browser), self.there.next(), self.back.next(), Some(allot)];
            let next = next.into_iter().flatten().min().map_or(tick, |next| next.min(tick));
            // An engine that wants to be woken in the past is woken now.
            self.now = next.max(self.now + Duration::from_micros(100));
            self.deliver();
            self.peer.input(Input::Timeout(self.now));
            self.browser.handle_input(Input::Timeout(self.now)).expect("time goes on");
        }
        self
    }

    fn deliver(&mut self) {
        let [this, browser] = self.addresses;
        while let Some(bytes) = self.there.receive(self.now) {
            let receive = Receive::new(Protocol::Udp, this, browser, &bytes).expect("ours are well formed");
            self.browser.handle_input(Input::Receive(self.now, receive)).expect("the engine takes it");
            self.drain_browser();
        }
        while let Some(bytes) = self.back.receive(self.now) {
            self.peer.receive(
                datagram(self.now, Transport::Udp, (browser, this), &bytes).expect("browsers' are well formed"),
            );
            self.drain();
        }
    }

    fn drain(&mut self) {
        let (mut effects, mut out) = (Effects::default(), Vec::<Transmit>::new());
        self.peer.drain(&mut effects, &mut out);
        for transmit in out {
            self.look.sent += transmit.contents.len() as u64 * 8;
            self.there.send(transmit.contents.to_vec(), self.now);
        }
        if effects.connected {
            self.peer.phase = Phase::Connected;
            // As the worker does when something is bound: before that a slot aims at the largest layer.
            self.allot();
        }
        if effects.allot {
            self.allot();
        }
        for mid in effects.keyframes {
            for sent in self.sent.iter_mut().filter(|sent| sent.mid == mid) {
                if let Some(layer) = self.peer.slots.get_mut(&mid).and_then(|slot| slot.forwarder.layer()) {
                    sent.camera.keyframe(layer);
                }
            }
        }
    }

    fn drain_browser(&mut self) -> Instant {
        loop {
            match self.browser.poll_output().expect("the engine works") {
                Output::Timeout(at) => return at,
                Output::Transmit(transmit) => self.back.send(transmit.contents.to_vec(), self.now),
                Output::Event(Engine::RtpPacket(packet)) if !packet.payload.is_empty() => {
                    self.look.arrived += (packet.payload.len() + HEADERS) as u64 * 8;
                    let ssrc = packet.header.ssrc;
                    let mid = self.browser.direct_api().stream_rx(&ssrc).map(|stream| stream.mid());
                    let of = |sent: &&Sent| Some(sent.mid) == mid && sent.source.1 == Kind::Audio;
                    let sound = self.sent.iter().any(|sent| of(&sent));
                    self.look.sound.0 += u64::from(sound);
                    self.look.pictures += u64::from(!sound && packet.header.marker);
                }
                Output::Event(_) => {}
            }
        }
    }

    /// What the sources make now goes out.
    fn media(&mut self) {
        if self.peer.phase != Phase::Connected {
            return;
        }
        let media = self.timeline.media(self.now);
        for sent in &mut self.sent {
            if let Some(layer) = self.peer.asks_keyframe(sent.mid, media) {
                sent.camera.keyframe(layer);
            }
            let packets = sent.camera.make(media);
            let Some(feed) = self.feeds.get_mut(&sent.source).filter(|_| !packets.is_empty()) else { continue };
            feed.came(&packets, media);
            let (_, redundancy) = feed.sends();
            self.peer.send(sent.mid, &packets, redundancy);
            redundancy.turn(packets.last());
            self.look.sound.1 += if sent.source.1 == Kind::Audio { packets.len() as u64 } else { 0 };
        }
    }

    fn allot(&mut self) {
        if self.peer.phase == Phase::Connected {
            self.allot.share(&mut self.peer, &mut self.feeds, (&self.timeline, self.now), &self.counters);
        }
    }

    fn see(&mut self) {
        let mut look = std::mem::take(&mut self.look);
        look.at = self.now.duration_since(self.begin).as_secs_f64();
        look.estimate = self.peer.holds(self.now).map_or(0, |holds| holds.rate.0);
        let pictures = self.peer.slots.values().filter(|slot| slot.kind == Kind::Video);
        look.shown = pictures.map(|slot| slot.forwarder.layer().map_or(0, |layer| layer.number() + 1)).collect();
        self.looks.push(look);
    }

    /// What was seen from here to there, in seconds since the beginning.
    fn seen(&self, from: f64, to: f64) -> &[Look] {
        let at = |at: f64| self.looks.partition_point(|look| look.at < at);
        &self.looks[at(from)..at(to)]
    }

    /// What was seen, a line for each second, for whoever wonders.
    fn told(&self) -> String {
        let line = |second: &[Look]| {
            let sum = |of: fn(&Look) -> u64| second.iter().map(of).sum::<u64>();
            let last = second.last().cloned().unwrap_or_default();
            format!(
                "{:5.1} s estimate {:5} sent {:5} arrived {:5} kbit/s, queue {:4} ms, shown {:?}, sound {}/{}\n",
                last.at,
                last.estimate / 1000,
                sum(|look| look.sent) / 1000,
                sum(|look| look.arrived) / 1000,
                second.iter().map(|look| look.queue).max().unwrap_or(0),
                last.shown,
                sum(|look| look.sound.0),
                sum(|look| look.sound.1),
            )
        };
        self.looks.chunks(10).map(line).collect()
    }
}

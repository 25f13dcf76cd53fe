//! A subscriber behind a link, on virtual time: the engine on both sides, sources of three layers, the allocator between.
//! An hour of it takes seconds, and every run is the same but for the keys.

mod link;
mod scenes;
mod source;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::bwe::{Bitrate as Rate, BweKind};
use str0m::change::SdpAnswer;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid as Section, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpWrite, Ssrc};
use str0m::{Candidate, Event as Engine, Input, Output, Rtc, RtcConfig};

use self::link::{Link, Way};
use self::source::Camera;
use crate::model::bitrate::Bitrate;
use crate::model::layer::{LAYERS, Layer};
use crate::model::time::{MediaTime, Timeline};
use crate::model::track::{Codec, Kind};
use crate::proto::sfu::{Allocator, Forwarder, Has, Rank, Rates, Wish};

/// How often it is shared out.
const ALLOT: Duration = Duration::from_millis(250);
/// How often the sources make packets.
const TICK: Duration = Duration::from_millis(10);

/// One slot of the subscriber and what is bound to it.
struct Slot {
    mid: Section,
    kind: Kind,
    rank: Rank,
    most: Layer,
    has: Has,
    forwarder: Forwarder,
    rates: Rates,
    camera: Camera,
}

/// What was seen in a tenth of a second.
#[derive(Debug, Clone, Default)]
struct Look {
    /// Since the start, in seconds.
    at: f64,
    /// Bits of payload of media that arrived.
    arrived: u64,
    /// Packets of sound that arrived and that were sent.
    sound: (u64, u64),
    /// The queue before the link, in milliseconds, at its longest.
    queue: u64,
    /// What the engine takes the link to hold, in bits a second.
    estimate: u64,
    /// The same before the engine smoothes it over three seconds.
    raw: u64,
    /// The layers of the slots of pictures: 0 for paused, else one more than the layer.
    shown: Vec<usize>,
    /// Bits that went into the link.
    sent: u64,
}

struct Call {
    timeline: Timeline,
    begin: Instant,
    now: Instant,
    this: Rtc,
    browser: Rtc,
    addresses: [SocketAddr; 2],
    there: Link,
    back: Link,
    slots: Vec<Slot>,
    allocator: Allocator,
    aims: Vec<Option<Layer>>,
    estimate: Option<Bitrate>,
    raw: Option<u64>,
    explored: (u64, u64),
    connected: bool,
    sections: BTreeMap<Ssrc, usize>,
    look: Look,
    looks: Vec<Look>,
}

impl Call {
    /// A call in which a subscriber behind this way sees these.
    fn new(way: Way, seed: u64, wishes: &[(Rank, Layer)]) -> Self {
        let now = Instant::now();
        let addresses: [SocketAddr; 2] = [([10, 0, 0, 1], 1000).into(), ([10, 0, 0, 2], 2000).into()];
        let mut config = RtcConfig::new()
            .clear_codecs()
            .enable_opus(true, false)
            .set_rtp_mode(true)
            .set_stats_interval(Some(Duration::from_millis(100)));
        config.codec_config().add_h264(108.into(), Some(109.into()), true, 0x42e01f);
        let mut this = config.enable_bwe(Some(Rate::bps(1_500_000))).build(now);
        let mut browser = Rtc::builder().set_rtp_mode(true).build(now);
        for (rtc, address) in [(&mut this, addresses[0]), (&mut browser, addresses[1])] {
            rtc.add_local_candidate(Candidate::host(address, "udp").expect("an address is a candidate"));
        }
        let mut change = browser.sdp_api();
        let mids: Vec<Section> = wishes
            .iter()
            .map(|(rank, _)| match rank {
                Rank::Sound => change.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None),
                _ => change.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None),
            })
            .collect();
        let (offer, pending) = change.apply().expect("there is something to offer");
        let answer = this.sdp_api().accept_offer(offer).expect("the offer can be answered").to_sdp_string();
        let answer = SdpAnswer::from_sdp_string(&answer).expect("the answer is one");
        browser.sdp_api().accept_answer(pending, answer).expect("the answer fits");
        let slot = |((mid, (rank, most)), number): ((Section, &(Rank, Layer)), u64)| {
            let kind = if *rank == Rank::Sound { Kind::Audio } else { Kind::Video };
            let codec = if kind == Kind::Audio { Codec::Opus } else { Codec::H264 };
            Slot {
                mid,
                kind,
                rank: *rank,
                most: *most,
                has: Has::New,
                forwarder: Forwarder::new(kind, codec.clock_rate(), 1),
                rates: Rates::new(kind),
                camera: Camera::new(codec, seed * 100 + number),
            }
        };
        Self {
            timeline: Timeline::new(now, 0, 0),
            begin: now,
            now,
            this,
            browser,
            addresses,
            there: Link::new(way, seed, now),
            back: Link::new(Way { rate: 100_000_000, ..way }, seed + 1, now),
            slots: mids.into_iter().zip(wishes).zip(0..).map(slot).collect(),
            allocator: Allocator::default(),
            aims: Vec::new(),
            estimate: None,
            raw: None,
            explored: (0, 0),
            connected: false,
            sections: BTreeMap::new(),
            look: Look::default(),
            looks: Vec::new(),
        }
    }

    /// The way to the subscriber is another from now on; so is what is lost on the way back.
    fn way(&mut self, way: Way) {
        self.there.become_(way);
        self.back.become_(Way { rate: 100_000_000, ..way });
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
            let of_this = self.drain(0);
            let of_browser = self.drain(1);
            self.look.queue = self.look.queue.max(self.there.queue(self.now).as_millis() as u64);
            let next = [Some(of_this), Some(of_browser), self.there.next(), self.back.next(), Some(tick), Some(allot)];
            let next = next.into_iter().flatten().min().unwrap_or(tick);
            // An engine that wants to be woken in the past is woken now.
            self.now = next.max(self.now + Duration::from_micros(100));
            self.deliver();
            for rtc in [&mut self.this, &mut self.browser] {
                rtc.handle_input(Input::Timeout(self.now)).expect("time goes on");
            }
        }
        self
    }

    fn deliver(&mut self) {
        let [this, browser] = self.addresses;
        loop {
            let (to, bytes, source, destination) = if let Some(bytes) = self.there.receive(self.now) {
                (1, bytes, this, browser)
            } else if let Some(bytes) = self.back.receive(self.now) {
                (0, bytes, browser, this)
            } else {
                return;
            };
            let receive = Receive::new(Protocol::Udp, source, destination, &bytes).expect("ours are well formed");
            let rtc = if to == 0 { &mut self.this } else { &mut self.browser };
            rtc.handle_input(Input::Receive(self.now, receive)).expect("the engine takes it");
            self.drain(to);
        }
    }

    fn drain(&mut self, which: usize) -> Instant {
        loop {
            let rtc = if which == 0 { &mut self.this } else { &mut self.browser };
            match rtc.poll_output().expect("the engine works") {
                Output::Timeout(at) => return at,
                Output::Transmit(transmit) => {
                    let bytes = transmit.contents.to_vec();
                    if which == 0 {
                        self.look.sent += bytes.len() as u64 * 8;
                        self.there.send(bytes, self.now);
                    } else {
                        self.back.send(bytes, self.now);
                    }
                }
                Output::Event(event) => self.event(event),
            }
        }
    }

    fn event(&mut self, event: Engine) {
        match event {
            Engine::Connected => self.connected = true,
            Engine::EgressBitrateEstimate(BweKind::Twcc { estimate, can_probe }) => {
                self.estimate = can_probe.then_some(Bitrate(estimate.as_u64()));
            }
            Engine::PeerStats(stats) => self.raw = stats.bwe_tx.map(|rate| rate.as_u64()).or(self.raw),
            Engine::KeyframeRequest(request) => {
                for slot in self.slots.iter_mut().filter(|slot| slot.mid == request.mid) {
                    if let Some(layer) = slot.forwarder.layer() {
                        slot.camera.keyframe(layer);
                    }
                }
            }
            Engine::RtpPacket(packet) if !packet.payload.is_empty() => {
                let ssrc = packet.header.ssrc;
                let Some(mid) = self.browser.direct_api().stream_rx(&ssrc).map(|stream| stream.mid()) else {
                    return;
                };
                self.look.arrived += packet.payload.len() as u64 * 8;
                let sound = self.slots.iter().any(|slot| slot.mid == mid && slot.kind == Kind::Audio);
                self.look.sound.0 += u64::from(sound);
            }
            _ => {}
        }
    }

    /// What the sources make now goes out.
    fn media(&mut self) {
        if !self.connected {
            return;
        }
        let media = self.timeline.media(self.now);
        for slot in &mut self.slots {
            if let Some(layer) = slot.forwarder.asks_keyframe(media) {
                slot.camera.keyframe(layer);
            }
            let packets = slot.camera.make(media);
            let Some(pt) = payload_type(&self.this, slot.mid, slot.kind) else {
                continue;
            };
            let mut direct = self.this.direct_api();
            let Some(stream) = direct.stream_tx_by_mid(slot.mid, None) else {
                continue;
            };
            for packet in packets {
                slot.rates.count(&packet, media);
                let Some(header) = slot.forwarder.forward(&packet) else { continue };
                self.look.sound.1 += u64::from(slot.kind == Kind::Audio);
                let write = RtpWrite::new(pt, header.seq.into(), header.rtp_time, self.now, packet.payload)
                    .marker(packet.marker)
                    .nackable(slot.kind == Kind::Video);
                stream.write_rtp(write);
            }
        }
    }

    fn allot(&mut self) {
        if !self.connected {
            return;
        }
        let media = self.timeline.media(self.now);
        let of =
            |slot: &mut Slot| Wish { rank: slot.rank, most: slot.most, costs: slot.rates.costs(media), has: slot.has };
        let wishes: Vec<Wish> = self.slots.iter_mut().map(of).collect();
        // What the engine smoothes over three seconds comes too late when the way gets narrow.
        let estimate = self.estimate.map(|Bitrate(smooth)| Bitrate(self.raw.map_or(smooth, |raw| raw.min(smooth))));
        let allocation = self.allocator.allocate(media, estimate, &wishes, &mut self.aims);
        for (slot, aim) in self.slots.iter_mut().zip(&self.aims) {
            slot.has = Has::from(*aim);
            slot.forwarder.aim(*aim);
        }
        self.explored = (allocation.minimum.0, allocation.desired.0);
        self.this.bwe().set_bitrate(Rate::bps(allocation.minimum.0), Rate::bps(allocation.desired.0));
    }

    fn see(&mut self) {
        let mut look = std::mem::take(&mut self.look);
        look.at = self.now.duration_since(self.begin).as_secs_f64();
        look.estimate = self.estimate.map_or(0, |estimate| estimate.0);
        look.raw = self.raw.unwrap_or(0);
        let pictures = self.slots.iter().filter(|slot| slot.kind == Kind::Video);
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
                "{:5.1} s estimate {:5} raw {:5}..{:5} sent {:5} arrived {:5} kbit/s, queue {:4} ms, shown {:?}, sound {}/{}\n",
                last.at,
                last.estimate / 1000,
                second.iter().map(|look| look.raw).min().unwrap_or(0) / 1000,
                second.iter().map(|look| look.raw).max().unwrap_or(0) / 1000,
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

fn payload_type(rtc: &Rtc, mid: Section, kind: Kind) -> Option<Pt> {
    let codec = if kind == Kind::Audio { str0m::format::Codec::Opus } else { str0m::format::Codec::H264 };
    let params = rtc.codec_config().params();
    let spoken = |pt: &&Pt| params.iter().any(|p| p.pt() == **pt && p.spec().codec == codec);
    rtc.media(mid)?.remote_pts().iter().find(spoken).copied()
}

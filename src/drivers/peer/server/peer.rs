//! One peer: its engine, what it sends and what it is sent.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use str0m::bwe::{Bitrate as Rate, BweKind};
use str0m::change::SdpOffer;
use str0m::media::{Direction, MediaKind, Mid as Section, Rid};
use str0m::net::{Receive, Transmit};
use str0m::rtp::rtcp::{Rtcp, Twcc};
use str0m::rtp::{RawPacket, RtpPacket, Ssrc};
use str0m::{Event as Engine, IceConnectionState, Input, Output, Rtc, RtcConfig};

use super::counters::Counters;
use super::dtls;
use super::inbound::{Arriving, Formats, Inbound};
use super::seen::{self, Phase, Seen};
use super::slot::{Redundancy, Slot};
use super::ways::{Way, protocol};
use super::{Answer, Bound, Error, Mid, Report, Terms, sdp};
use crate::model::bitrate::Bitrate;
use crate::model::id::PeerId;
use crate::model::layer::{Layer, Layers};
use crate::model::packet::Packet;
use crate::model::ring::Writer;
use crate::model::time::{MediaTime, Timeline};
use crate::model::track::{Codec, Kind};
use crate::proto::ice::Transport;
use crate::proto::rtp::Clock;
use crate::proto::sfu::{Allocator, Drive, Gauge, Holds};

/// H.264 constrained baseline, level 3.1, packetization mode 1: what every browser sends and shows.
const H264_PROFILE: u32 = 0x42e01f;
/// What a connection is taken to hold before anything is known of it, in bits a second: small pictures at once, and no long queue
/// where it holds less. It takes two seconds to find out that it holds ten times as much.
const BEGIN: u64 = 600_000;
/// How long a peer may be connected without saying what arrived. From then on it is sent everything.
const MUTE: Duration = Duration::from_secs(5);

/// How often the engine is asked for its own estimate, which is its pace.
const LOOK: Duration = Duration::from_millis(250);
/// The engine sends this much faster than its estimate, in percent.
const FASTER: u64 = 110;
/// Its estimate is set where it is this far from what is wanted, in percent.
const APART: u64 = 6;
/// Where the queue on the way is as long as this, nothing that it dropped is sent again: it would be dropped again.
const OVERFLOWS: Duration = Duration::from_millis(250);
/// The tag of SRTP (RFC 7714), in bytes.
const TAG: usize = 16;

/// After so long without a packet of media or its reports a peer has missed pictures itself, and those that it sent are lost:
/// both begin anew with a keyframe, before any browser has noticed that it needs one.
const SILENCE: Duration = Duration::from_millis(700);

/// How long it takes until what was lost on the way to the address before has been reported, once a peer has come to another one.
const REPORTED: Duration = Duration::from_millis(400);

/// What the worker has to do after the engine was moved.
#[derive(Default)]
pub(super) struct Effects {
    pub(super) connected: bool,
    pub(super) disconnected: bool,
    /// The source of this slot is asked for a keyframe by the browser.
    pub(super) keyframes: Vec<Section>,
    /// The browser has missed pictures of this slot.
    pub(super) missed: Vec<Section>,
    /// The way holds less than it did, or more: it should be shared out anew now.
    pub(super) allot: bool,
}

pub(super) struct Peer {
    /// Names it in the log.
    id: PeerId,
    pub(super) rtc: Rtc,
    timeline: Timeline,
    clock: Clock,
    inbound: BTreeMap<Section, Inbound>,
    pub(super) slots: BTreeMap<Section, Slot>,
    streams: HashMap<Ssrc, (Section, Option<Rid>)>,
    /// What leaves of these sources is thrown away.
    halted: Vec<Ssrc>,
    ways: Vec<Way>,
    /// Shares out what the way to it holds.
    pub(super) allocator: Allocator,
    /// The engine has panicked.
    broken: bool,
    /// Finds that out, if this connection is estimated.
    gauge: Option<Gauge>,
    /// What everything that it could be sent would cost.
    wished: Bitrate,
    /// How the engine was last told to send, and what its own estimate is.
    drive: Option<Drive>,
    engine: Rate,
    estimate: Option<Bitrate>,
    probed: bool,
    /// The time that the engine was last told.
    pub(super) now: Instant,
    /// When the engine's numbers were last taken note of.
    noted: Option<Instant>,
    /// It has said what arrived; and when it was first looked at while connected.
    heard: bool,
    connected: Option<Instant>,
    /// When a packet of media, or a report of it, came last.
    came: Option<Instant>,
    /// Where its media goes.
    at: Option<IpAddr>,
    /// It has come to another address: what gets lost does not say what the way there holds. And since when it is heard from there.
    moved: bool,
    heard_there: Option<Instant>,
    /// When the engine wants to be woken.
    pub(super) timeout: Instant,
    pub(super) phase: Phase,
    pub(super) seen: Seen,
    counters: Arc<Counters>,
}

impl Peer {
    pub(super) fn new(id: PeerId, terms: Terms, timeline: Timeline, now: Instant, counters: Arc<Counters>) -> Self {
        let mut config = RtcConfig::new()
            .clear_codecs()
            .enable_opus(true, true)
            .set_rtp_mode(true)
            .set_stats_interval(Some(LOOK))
            .set_crypto_provider(dtls::provider());
        config.codec_config().add_h264(108.into(), Some(109.into()), true, H264_PROFILE);
        // What those send who have no H.264; everybody receives it.
        config = config.enable_vp8(true);
        if terms.estimate {
            // Reports of what arrived stay in the engine otherwise. It copies every packet for that: see docs/performance.md.
            config = config.enable_bwe(Some(Rate::bps(BEGIN))).enable_raw_packets(true);
        }
        Self {
            id,
            rtc: config.build(now),
            timeline,
            clock: Clock::default(),
            inbound: BTreeMap::new(),
            slots: BTreeMap::new(),
            streams: HashMap::new(),
            halted: Vec::new(),
            ways: Vec::new(),
            allocator: Allocator::default(),
            broken: false,
            gauge: terms.estimate.then(|| Gauge::new(Bitrate(BEGIN))),
            wished: Bitrate(0),
            drive: None,
            engine: Rate::bps(BEGIN),
            estimate: None,
            probed: false,
            now,
            noted: None,
            heard: false,
            connected: None,
            came: None,
            at: None,
            moved: false,
            heard_there: None,
            timeout: now,
            phase: Phase::Connecting,
            seen: Seen::new(counters.clone()),
            counters,
        }
    }

    /// The ways on which the box can be reached, told with the next answer. Those that it was told before stay.
    pub(super) fn reached_by(&mut self, ways: &[Way]) {
        for way in ways {
            if self.ways.contains(way) {
                continue;
            }
            self.ways.push(*way);
            match way.candidate() {
                Ok(candidate) => drop(self.rtc.add_local_candidate(candidate)),
                Err(error) => tracing::warn!(%error, "an address of this box can't be offered to browsers"),
            }
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.broken && self.rtc.is_alive()
    }

    /// Says goodbye to the other side.
    pub(super) fn close(&mut self, out: &mut Vec<Transmit>) {
        if self.is_alive() && self.rtc.close().is_ok() {
            self.drain(&mut Effects::default(), out);
        }
        self.rtc.disconnect();
    }

    pub(super) fn offer(
        &mut self,
        offer: &str,
        terms: Terms,
        effects: &mut Effects,
        out: &mut Vec<Transmit>,
    ) -> Result<Answer, Error> {
        if offer.len() > sdp::LARGEST || offer.matches("\nm=").count() > sdp::SECTIONS {
            return Err(Error::Offer("it is too large".into()));
        }
        let refused = |error: &dyn std::fmt::Display| Error::Offer(error.to_string());
        let layers = sdp::offered(offer);
        let offer = sdp::without_names(offer);
        let offer = if terms.estimate { offer } else { sdp::without_arrivals(&offer) };
        let offer = SdpOffer::from_sdp_string(&offer).map_err(|error| refused(&error))?;
        let answer = self.rtc.sdp_api().accept_offer(offer).map_err(|error| refused(&error))?;
        let answer = answer.to_sdp_string();
        for mid in sdp::mids(&answer) {
            let offered = layers.iter().find(|(of, _)| of == mid).map(|(_, offered)| offered);
            let mid = Section::from(mid);
            if let Some((kind, direction)) = self.rtc.media(mid).map(|media| (media.kind(), media.direction())) {
                self.section(mid, kind, direction, offered);
            }
        }
        self.drain(effects, out);
        let inbound = self.inbound.iter().map(|(mid, of)| super::Inbound {
            mid: mid.to_string(),
            codec: of.codec(terms.codec),
            layers: of.layers(),
        });
        let slots = self.slots.iter().map(|(mid, of)| super::Slot {
            mid: mid.to_string(),
            kind: of.kind,
            codecs: of.formats.codecs(),
        });
        let answer = sdp::sparing(&sdp::speaking(&answer, terms.codec));
        Ok(Answer { sdp: answer, inbound: inbound.collect(), slots: slots.collect() })
    }

    pub(super) fn receive_into(&mut self, mid: &str, to: Writer<Packet>) {
        if let Some(inbound) = self.inbound.get_mut(&Section::from(mid)) {
            inbound.receive_into(to);
        }
    }

    /// Nothing that comes in this section is taken from here on, or it is again.
    pub(super) fn hold(&mut self, mid: &str, held: bool) {
        if let Some(inbound) = self.inbound.get_mut(&Section::from(mid)) {
            inbound.hold(held);
        }
    }

    /// Another source, none, or the same one that matters more or less is bound to the slot. Answers whether there is such a
    /// slot.
    pub(super) fn bind(&mut self, mid: Section, to: Option<Bound>) -> bool {
        self.slots.get_mut(&mid).is_some_and(|slot| {
            slot.bind(to);
            true
        })
    }

    /// Packets of the source of this slot were missed.
    pub(super) fn missed(&mut self, mid: Section) {
        if let Some(slot) = self.slots.get_mut(&mid) {
            slot.forwarder.restart();
        }
    }

    /// The layer of the source of this slot that should be asked for a keyframe.
    pub(super) fn asks_keyframe(&mut self, mid: Section, now: MediaTime) -> Option<Layer> {
        self.slots.get_mut(&mid).filter(|_| self.phase != Phase::Connecting)?.asks_keyframe(now)
    }

    /// What the way to it holds, as far as that is known; without it everything is taken to fit.
    pub(super) fn holds(&mut self, now: Instant) -> Option<Holds> {
        if self.phase == Phase::Connected {
            self.connected.get_or_insert(now);
        }
        let mute = !self.heard && self.connected.is_some_and(|since| now.saturating_duration_since(since) > MUTE);
        if mute {
            return None;
        }
        // The engine says nothing in the first moments; keyframes of everything would wait in it, and leave all at once.
        let estimate = self.estimate.or_else(|| self.gauge.as_ref().map(|_| Bitrate(BEGIN)))?;
        let gauged = self.gauge.as_ref().filter(|_| self.probed).and_then(Gauge::holds);
        Some(gauged.unwrap_or(Holds { limited: !self.probed, ..Holds::from(estimate) }))
    }

    /// What is known of that, for the metrics: nothing of a way of which nothing was said yet.
    pub(super) fn estimate(&self) -> Option<Bitrate> {
        let gauged = self.gauge.as_ref().filter(|_| self.probed).and_then(Gauge::holds);
        self.estimate.map(|estimate| gauged.map_or(estimate, |holds| holds.rate))
    }

    /// Everything that it could be sent would cost this. More than the way is known to hold is tried while that is more.
    pub(super) fn wishes(&mut self, everything: Bitrate) {
        self.wished = everything;
        self.steer();
    }

    /// Makes the engine send as the gauge says: it has a pace from its estimate, and fills up with padding.
    fn steer(&mut self) {
        let media = self.timeline.media(self.now);
        let Some(gauge) = self.gauge.as_mut().filter(|gauge| self.probed && gauge.holds().is_some()) else {
            return;
        };
        let drive = gauge.drive(self.wished, media);
        let pace = drive.pace.0 * 100 / FASTER;
        let apart = self.engine.as_u64().abs_diff(pace) * 100 > pace * APART;
        if !apart && self.drive == Some(drive) {
            return;
        }
        self.drive = Some(drive);
        let mut bwe = self.rtc.bwe();
        if apart {
            bwe.reset(Rate::bps(pace));
            self.engine = Rate::bps(pace);
        }
        // It sends probes of its own at twice what is desired, after it was set too: so they are no faster than the pace.
        bwe.set_bitrate(Rate::bps(drive.least.0), Rate::bps(drive.least.0.max(pace / 2)));
    }

    /// The user fragment by which its browser calls the box (RFC 8445 section 5.3).
    pub(super) fn name(&mut self) -> String {
        self.rtc.direct_api().local_ice_credentials().ufrag
    }

    pub(super) fn accepts(&self, input: &Input<'_>) -> bool {
        self.rtc.accepts(input)
    }

    /// Takes a datagram. One that can't be used is as if it had been lost on the way: anybody can send one from an address
    /// that is not theirs.
    pub(super) fn receive(&mut self, input: Input<'_>) {
        if let Input::Receive(at, _) = &input {
            self.now = self.now.max(*at);
        }
        if let Some(Err(error)) = self.engine(|rtc| rtc.handle_input(input)) {
            tracing::trace!(%error, "a datagram could not be used");
        }
    }

    /// Takes note that these bytes came. Answers the slots that need a keyframe, since nothing had come for [`SILENCE`]; what it sends
    /// itself is asked for one as well.
    pub(super) fn came(&mut self, bytes: &[u8], now: Instant) -> Vec<Section> {
        if !is_media(bytes) {
            return Vec::new();
        }
        self.settle(now);
        let before = self.came.replace(now);
        let silent = before.is_some_and(|before| now.saturating_duration_since(before) >= SILENCE);
        // Who does not report arrivals is silent between two reports.
        if !silent || !self.heard {
            return Vec::new();
        }
        self.inbound.values_mut().for_each(Inbound::begin_anew);
        self.slots.iter().filter(|(_, slot)| slot.kind == Kind::Video).map(|(mid, _)| *mid).collect()
    }

    /// A way to another address is as little known as that of a new peer, once what was lost before it is told.
    fn settle(&mut self, now: Instant) {
        if self.moved && now.saturating_duration_since(*self.heard_there.get_or_insert(now)) >= REPORTED {
            (self.moved, self.heard_there) = (false, None);
            self.rtc.bwe().reset(Rate::bps(BEGIN));
            (self.engine, self.drive) = (Rate::bps(BEGIN), None);
            self.gauge = self.gauge.take().map(|_| Gauge::new(Bitrate(BEGIN)));
            self.estimate = self.estimate.map(|_| Bitrate(BEGIN));
        }
    }

    pub(super) fn input(&mut self, input: Input<'_>) {
        if let Input::Timeout(at) = &input {
            self.now = self.now.max(*at);
        }
        if let Some(Err(error)) = self.engine(|rtc| rtc.handle_input(input)) {
            tracing::debug!(peer = %self.id.tag(), %error, "a connection ended by an error");
            self.rtc.disconnect();
        }
    }

    /// Lets the engine do something with what came from outside. Where it panics over that, this connection ends, and no other;
    /// nothing is asked of it any more.
    fn engine<T>(&mut self, does: impl FnOnce(&mut Rtc) -> T) -> Option<T> {
        if self.broken {
            return None;
        }
        let done = catch_unwind(AssertUnwindSafe(|| does(&mut self.rtc)));
        if done.is_err() {
            tracing::error!(peer = %self.id.tag(), "a connection ended: its engine panicked");
            self.broken = true;
        }
        done.ok()
    }

    /// Writes packets of the bound source out to a slot; they leave with the next [`Peer::drain`].
    pub(super) fn send(&mut self, mid: Section, packets: &[Packet], redundancy: &mut Redundancy) {
        let lossy = self.is_lossy();
        // What is written before there is a connection is lost, and with it the keyframe that a picture begins with.
        let Some(slot) = self.slots.get_mut(&mid).filter(|_| self.phase != Phase::Connecting) else {
            return;
        };
        let redundancy = (slot.kind == Kind::Audio && lossy).then_some(redundancy);
        let written = slot.send(&mut self.rtc, mid, packets, &self.timeline, redundancy);
        self.counters.packets(slot.kind).sent.add(written);
        self.seen.written(mid, written);
    }

    /// Whether so much gets lost on the way to it that sound is sent twice.
    pub(super) fn is_lossy(&self) -> bool {
        match self.gauge.as_ref().filter(|gauge| gauge.holds().is_some()) {
            Some(gauge) => gauge.is_lossy(self.timeline.media(self.now)),
            None => self.seen.is_lossy(),
        }
    }

    /// Registers for demand on what the peer sends; true if that has changed.
    pub(super) fn poll_demand(&mut self, cx: &mut std::task::Context<'_>) -> bool {
        self.inbound.values_mut().fold(false, |news, inbound| inbound.poll_demand(cx) | news)
    }

    /// Asks for the keyframes that are wanted of what it sends. Answers whether something was asked.
    pub(super) fn ask_keyframes(&mut self, now: Instant) -> bool {
        let Self { inbound, rtc, .. } = self;
        inbound.iter_mut().fold(false, |asked, (mid, inbound)| inbound.ask_keyframes(rtc, *mid, now) | asked)
    }

    /// The layers that it should be told are wanted of what it sends, where that has changed.
    pub(super) fn news(&mut self, now: Instant) -> Vec<(Mid, Layers)> {
        let news = |(mid, inbound): (&Section, &mut Inbound)| Some((mid.to_string(), inbound.news(now)?));
        self.inbound.iter_mut().filter_map(news).collect()
    }

    /// How the connection is.
    pub(super) fn report(&mut self, now: Instant) -> Report {
        let mut report = self.seen.report(self.id);
        report.estimate = self.holds(now).map(|holds| holds.rate);
        let shown = |(mid, slot): (&Section, &Slot)| Some((mid.to_string(), slot.shown?));
        report.shown = self.slots.iter().filter(|(_, slot)| slot.kind == Kind::Video).filter_map(shown).collect();
        report.freezes = self.slots.values().map(|slot| slot.freezes).sum();
        report
    }

    /// Lets the engine do everything it can now.
    pub(super) fn drain(&mut self, effects: &mut Effects, out: &mut Vec<Transmit>) {
        loop {
            let Some(output) = self.engine(Rtc::poll_output) else {
                return;
            };
            match output {
                Ok(Output::Timeout(at)) => {
                    self.timeout = at;
                    return;
                }
                Ok(Output::Transmit(transmit)) if self.is_halted(&transmit.contents) => {}
                Ok(Output::Transmit(transmit)) => {
                    self.goes_to(&transmit);
                    out.push(transmit);
                }
                Ok(Output::Event(event)) => self.event(event, effects),
                Err(error) => {
                    tracing::debug!(peer = %self.id.tag(), %error, "a connection ended by an error");
                    self.rtc.disconnect();
                    return;
                }
            }
        }
    }

    /// The slots that were halted, or are not any more, are others than before.
    pub(super) fn halts(&mut self) {
        self.halted.clear();
        self.halted.extend(self.slots.values().filter_map(|slot| slot.halted).flatten());
    }

    fn is_halted(&self, bytes: &[u8]) -> bool {
        // Reports have the sources of ours elsewhere: RFC 5761 tells them by their type.
        let is_rtp =
            !self.halted.is_empty() && is_media(bytes) && bytes.get(1).is_some_and(|kind| !(192..=223).contains(kind));
        let source = is_rtp.then(|| bytes.get(8..12)).flatten().and_then(|source| source.try_into().ok());
        source.is_some_and(|source| self.halted.contains(&Ssrc::from(u32::from_be_bytes(source))))
    }

    fn goes_to(&mut self, transmit: &Transmit) {
        let to = transmit.destination.ip();
        if self.at != Some(to) && is_media(&transmit.contents) {
            self.moved |= self.at.replace(to).is_some();
        }
    }

    fn event(&mut self, event: Engine, effects: &mut Effects) {
        match event {
            Engine::Connected => effects.connected = true,
            Engine::IceConnectionStateChange(IceConnectionState::Disconnected) => effects.disconnected = true,
            Engine::IceConnectionStateChange(IceConnectionState::Connected | IceConnectionState::Completed)
                if self.rtc.is_connected() =>
            {
                effects.connected = true;
            }
            Engine::KeyframeRequest(request) => effects.keyframes.push(request.mid),
            Engine::RtpPacket(packet) => self.packet(packet),
            Engine::EgressBitrateEstimate(kind) => self.estimated(&kind),
            Engine::PeerStats(stats) => {
                self.heard |= stats.egress_loss_fraction.is_some();
                if let Some(engine) = stats.bwe_tx {
                    self.engine = engine;
                    self.steer();
                }
                let early = |at| stats.timestamp.saturating_duration_since(at) < seen::EVERY;
                if !self.noted.is_some_and(early) {
                    self.noted = Some(stats.timestamp);
                    self.seen.peer(&stats);
                }
            }
            Engine::MediaIngressStats(stats) => self.seen.ingress(&stats),
            Engine::MediaEgressStats(stats) => self.seen.egress(&stats),
            Engine::RawPacket(raw) => self.raw(*raw, effects),
            Engine::Closed => self.rtc.disconnect(),
            _ => {}
        }
    }

    /// What left, and word of what arrived.
    fn raw(&mut self, raw: RawPacket, effects: &mut Effects) {
        let Some(gauge) = &mut self.gauge else { return };
        let media = self.timeline.media(self.now);
        match raw {
            RawPacket::RtpTx(header, _) if self.halted.contains(&header.ssrc) => {
                gauge.thrown_away(header.ext_vals.transport_cc, media);
            }
            RawPacket::RtpTx(header, bytes) => gauge.sent(header.ext_vals.transport_cc, bytes.len() + TAG, media),
            RawPacket::RtcpRx(Rtcp::Twcc(report)) if !self.moved => {
                arrivals(report, |number, arrived| gauge.word(number, arrived, media));
                effects.allot |= gauge.judge(media);
                if gauge.queue() >= OVERFLOWS {
                    let Self { slots, rtc, .. } = self;
                    slots.iter().for_each(|(mid, slot)| slot.prepare(*mid, rtc));
                }
                self.steer();
            }
            _ => {}
        }
    }

    fn estimated(&mut self, kind: &BweKind) {
        if let BweKind::Twcc { can_probe, .. } = kind {
            self.probed = *can_probe;
        }
        if self.moved {
            return;
        }
        // What can't be probed is not known; nor is what is taken at most by who does not say what arrived.
        if let BweKind::Twcc { estimate, can_probe } = kind {
            self.estimate = can_probe.then(|| Bitrate(estimate.as_u64()));
        }
    }

    /// `direction` is ours: receiving means that the peer sends.
    fn section(&mut self, mid: Section, kind: MediaKind, direction: Direction, offered: Option<&sdp::Offered>) {
        let (kind, rate) = match kind {
            MediaKind::Audio => (Kind::Audio, Codec::Opus.clock_rate()),
            MediaKind::Video => (Kind::Video, Codec::H264.clock_rate()),
        };
        let formats = Formats::of(&self.rtc, mid);
        if direction.is_receiving() {
            self.slots.remove(&mid);
            let inbound = self.inbound.entry(mid).or_insert_with(|| Inbound::new(kind));
            inbound.agree(formats, offered, rate, &mut self.clock);
            return;
        }
        self.inbound.remove(&mid);
        if !direction.is_sending() {
            self.slots.remove(&mid);
            return;
        }
        let rtc = &mut self.rtc;
        let slot = self.slots.entry(mid).or_insert_with(|| {
            let slot = Slot::new(mid, kind, rate);
            slot.prepare(mid, rtc);
            slot
        });
        slot.formats = formats;
    }

    fn packet(&mut self, packet: RtpPacket) {
        let ssrc = packet.header.ssrc;
        let (mid, rid) = match self.streams.get(&ssrc) {
            Some(known) => *known,
            None => {
                let Some(stream) = self.rtc.direct_api().stream_rx(&ssrc).map(|stream| (stream.mid(), stream.rid()))
                else {
                    return;
                };
                // Browsers use up to six a section; whoever changes them without end starts over.
                if self.streams.len() > 8 * (sdp::SECTIONS + 1) {
                    self.streams.clear();
                }
                self.streams.insert(ssrc, stream);
                stream
            }
        };
        if let Some(inbound) = self.inbound.get_mut(&mid) {
            let arrived = self.timeline.media(packet.timestamp);
            let with = Arriving { clock: &mut self.clock, seen: &mut self.seen, counters: &self.counters, arrived };
            inbound.packet(rid, packet, with);
        }
    }
}

/// Reads a report of what arrived, in nanoseconds on the clock of whoever sends it.
fn arrivals(report: Twcc, mut of: impl FnMut(u16, Option<i64>)) {
    // The engine wants a moment at which the other clock began; any will do, since only differences count.
    let zero = Instant::now();
    for (number, _, at) in report.into_iter(zero, 0u64.into()) {
        let nanos = |at: Instant| match at.checked_duration_since(zero) {
            Some(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
            None => -i64::try_from(zero.saturating_duration_since(at).as_nanos()).unwrap_or(i64::MAX),
        };
        of(*number as u16, at.map(nanos));
    }
}

pub(super) fn wall_nanos(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// Whether these bytes are of RTP or RTCP (RFC 7983).
fn is_media(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| (128..192).contains(first))
}

/// The extended timestamp with these low 32 bits that is nearest to `extended`.
pub(super) fn near(extended: u64, low: u32) -> u64 {
    let ahead = i64::from(low.wrapping_sub(extended as u32) as i32);
    extended.saturating_add_signed(ahead)
}

/// A packet from somewhere to an address of ours as the engine takes it; `None` if it can't be anything of WebRTC.
pub(super) fn datagram<'a>(
    now: Instant,
    transport: Transport,
    (source, destination): (SocketAddr, SocketAddr),
    bytes: &'a [u8],
) -> Option<Input<'a>> {
    Receive::new(protocol(transport), source, destination, bytes).ok().map(|receive| Input::Receive(now, receive))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer() -> (Peer, Instant, Section) {
        let now = Instant::now();
        let mut peer = Peer::new(
            PeerId::from_bytes([1; 10]),
            Terms::call(Codec::H264),
            Timeline::new(now, 0, 0),
            now,
            Arc::default(),
        );
        let mid = Section::from("v");
        peer.slots.insert(mid, Slot::new(mid, Kind::Video, Codec::H264.clock_rate()));
        peer.slots.insert(Section::from("a"), Slot::new(Section::from("a"), Kind::Audio, Codec::Opus.clock_rate()));
        (peer, now, mid)
    }

    #[test]
    fn nothing_is_asked_for_before_there_is_a_connection_to_send_it_by() {
        let (mut peer, _, mid) = peer();
        let source = (crate::model::id::PublicationId::from_bytes([3; 10]), Kind::Video);
        let bound = Bound { source, rank: crate::proto::sfu::Rank::Tile, most: Layer::LOWEST };
        assert!(peer.bind(mid, Some(bound)));
        assert_eq!(peer.asks_keyframe(mid, MediaTime::from_millis(0)), None);
        peer.phase = Phase::Connected;
        assert!(peer.asks_keyframe(mid, MediaTime::from_millis(1)).is_some());
    }

    #[test]
    fn after_silence_pictures_begin_anew_and_nobody_else_is_silent() {
        let (mut peer, now, mid) = peer();
        let (rtcp, stun) = ([0x81, 201], [0, 1]);
        let after = |millis| now + Duration::from_millis(millis);
        peer.came(&rtcp, now);
        assert_eq!(peer.came(&rtcp, after(2000)), [], "who never said what arrives says little");
        peer.heard = true;
        assert_eq!(peer.came(&rtcp, after(2690)), []);
        assert_eq!(peer.came(&stun, after(3380)), [], "it looks for a way, and there is none yet");
        assert_eq!(peer.came(&rtcp, after(3390)), [mid]);
        assert_eq!(peer.came(&rtcp, after(3400)), []);
    }

    #[test]
    fn what_a_browser_takes_at_most_without_saying_what_arrived_pauses_nothing() {
        let (mut peer, now, mid) = peer();
        peer.gauge = None;
        peer.phase = Phase::Connected;
        peer.estimated(&BweKind::Remb { mid, estimate: Rate::bps(50_000) });
        assert_eq!(peer.holds(now), None);
    }

    #[test]
    fn what_is_lost_by_a_move_says_nothing_of_the_way_to_the_other_address() {
        let (mut peer, now, _) = peer();
        let after = |millis| now + Duration::from_millis(millis);
        let rate = |rate| BweKind::Twcc { estimate: Rate::bps(rate), can_probe: true };
        let media = |to: &str, first: u8| {
            let (source, destination) = ("192.0.2.1:1".parse(), to.parse());
            let (source, destination) = (source.expect("an address"), destination.expect("an address"));
            Transmit { proto: str0m::net::Protocol::Udp, source, destination, contents: vec![first, 0].into() }
        };
        peer.goes_to(&media("198.51.100.1:5", 128));
        peer.goes_to(&media("198.51.100.1:6", 128));
        peer.goes_to(&media("203.0.113.1:5", 0));
        peer.estimated(&rate(4_000_000));
        assert_eq!(peer.estimate, Some(Bitrate(4_000_000)));
        peer.goes_to(&media("203.0.113.1:5", 128));
        peer.came(&[128, 0], after(3000));
        peer.estimated(&rate(200_000));
        peer.came(&[128, 0], after(3399));
        assert_eq!(peer.estimate, Some(Bitrate(4_000_000)), "the report of what was lost is awaited");
        peer.came(&[128, 0], after(3400));
        assert_eq!(peer.estimate, Some(Bitrate(BEGIN)));
        peer.estimated(&rate(900_000));
        assert_eq!(peer.estimate, Some(Bitrate(900_000)));
    }

    #[test]
    fn a_report_is_placed_near_the_packet() {
        let extended = 5 << 32;
        assert_eq!(near(extended + 10, 7), extended + 7);
        assert_eq!(near(extended + 10, u32::MAX), extended - 1);
        assert_eq!(near(extended - 1, 3), extended + 3);
        assert_eq!(near(0, u32::MAX), 0, "nothing is before the beginning");
    }
}

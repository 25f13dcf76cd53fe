//! One peer: its engine, what it sends and what it is sent.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use str0m::change::SdpOffer;
use str0m::format::Codec as Format;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid as Section, Pt};
use str0m::net::{Receive, Transmit};
use str0m::rtp::{RtpPacket, RtpWrite, Ssrc};
use str0m::{Event as Engine, IceConnectionState, Input, Output, Rtc, RtcConfig};

use super::counters::Counters;
use super::seen::{self, Arrivals, Phase, Seen};
use super::ways::{Way, protocol};
use super::{Answer, Error, Terms, sdp};
use crate::model::id::PeerId;
use crate::model::layer::{Layer, Layers};
use crate::model::packet::Packet;
use crate::model::ring::{Demand, Writer};
use crate::model::time::{MediaTime, Timeline};
use crate::model::track::{Codec, Kind};
use crate::proto::ice::Transport;
use crate::proto::rtp::{Clock, Report, starts_keyframe, vp8};
use crate::proto::sfu::{ASK_APART, Forwarder};

/// H.264 constrained baseline, level 3.1, packetization mode 1: what every browser sends and shows.
const H264_PROFILE: u32 = 0x42e01f;

/// One media section in which the peer sends.
struct Inbound {
    clock: usize,
    codec: Codec,
    to: Option<(Writer<Packet>, Demand)>,
    keyframe_wanted: bool,
    keyframe_asked: Option<Instant>,
    arrivals: Arrivals,
}

/// One slot.
struct Slot {
    forwarder: Forwarder,
    kind: Kind,
    /// Packets are on their way into it.
    bound: bool,
}

/// What the worker has to do after the engine was moved.
#[derive(Default)]
pub(super) struct Effects {
    pub(super) connected: bool,
    pub(super) disconnected: bool,
    /// The source of this slot is asked for a keyframe by the browser.
    pub(super) keyframes: Vec<Section>,
}

pub(super) struct Peer {
    /// Names it in the log.
    id: PeerId,
    rtc: Rtc,
    timeline: Timeline,
    clock: Clock,
    inbound: HashMap<Section, Inbound>,
    slots: HashMap<Section, Slot>,
    sections: HashMap<Ssrc, Section>,
    /// When the engine wants to be woken.
    pub(super) timeout: Instant,
    pub(super) phase: Phase,
    pub(super) seen: Seen,
    counters: Arc<Counters>,
}

impl Peer {
    pub(super) fn new(id: PeerId, ways: &[Way], timeline: Timeline, now: Instant, counters: Arc<Counters>) -> Self {
        let mut config = RtcConfig::new()
            .clear_codecs()
            .enable_opus(true, false)
            .set_rtp_mode(true)
            .set_stats_interval(Some(seen::EVERY));
        config.codec_config().add_h264(108.into(), Some(109.into()), true, H264_PROFILE);
        // What those send who have no H.264; everybody receives it.
        config = config.enable_vp8(true);
        let mut rtc = config.build(now);
        for way in ways {
            match way.candidate() {
                Ok(candidate) => drop(rtc.add_local_candidate(candidate)),
                Err(error) => tracing::warn!(%error, "an address of this box can't be offered to browsers"),
            }
        }
        Self {
            id,
            rtc,
            timeline,
            clock: Clock::default(),
            inbound: HashMap::new(),
            slots: HashMap::new(),
            sections: HashMap::new(),
            timeout: now,
            phase: Phase::Connecting,
            seen: Seen::new(counters.clone()),
            counters,
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.rtc.is_alive()
    }

    /// Says goodbye to the other side.
    pub(super) fn close(&mut self, out: &mut Vec<Transmit>) {
        if self.rtc.is_alive() && self.rtc.close().is_ok() {
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
        let offer = sdp::one_codec(&sdp::without_names(offer));
        let offer = if terms.estimate { offer } else { sdp::without_arrivals(&offer) };
        let offer = SdpOffer::from_sdp_string(&offer).map_err(|error| refused(&error))?;
        let answer = self.rtc.sdp_api().accept_offer(offer).map_err(|error| refused(&error))?;
        let answer = answer.to_sdp_string();
        for mid in sdp::mids(&answer) {
            let mid = Section::from(mid);
            if let Some((kind, direction)) = self.rtc.media(mid).map(|media| (media.kind(), media.direction())) {
                self.section(mid, kind, direction);
            }
        }
        self.drain(effects, out);
        let layers = Layers::only(Layer::LOWEST);
        let of = |(mid, of): (&Section, &Inbound)| super::Inbound { mid: mid.to_string(), codec: of.codec, layers };
        let mut inbound: Vec<super::Inbound> = self.inbound.iter().map(of).collect();
        let of = |(mid, of): (&Section, &Slot)| super::Slot { mid: mid.to_string(), kind: of.kind, codecs: Vec::new() };
        let mut slots: Vec<super::Slot> = self.slots.iter().map(of).collect();
        inbound.sort_by(|a, b| a.mid.cmp(&b.mid));
        slots.sort_by(|a, b| a.mid.cmp(&b.mid));
        Ok(Answer { sdp: answer, inbound, slots })
    }

    pub(super) fn receive_into(&mut self, mid: &str, to: Writer<Packet>) {
        if let Some(inbound) = self.inbound.get_mut(&Section::from(mid)) {
            let demand = to.demand();
            inbound.to = Some((to, demand));
        }
    }

    /// Another source, or none, is bound to the slot. Answers whether there is such a slot.
    pub(super) fn bind(&mut self, mid: Section, bound: bool) -> bool {
        match self.slots.get_mut(&mid) {
            Some(slot) => {
                slot.forwarder.restart();
                slot.bound = bound;
                true
            }
            None => false,
        }
    }

    /// Packets of the source of this slot were missed.
    pub(super) fn missed(&mut self, mid: Section) {
        if let Some(slot) = self.slots.get_mut(&mid) {
            slot.forwarder.restart();
        }
    }

    /// Whether the source of this slot should be asked for a keyframe.
    pub(super) fn asks_keyframe(&mut self, mid: Section, now: MediaTime) -> bool {
        self.slots.get_mut(&mid).is_some_and(|slot| slot.bound && slot.forwarder.asks_keyframe(now))
    }

    pub(super) fn accepts(&self, input: &Input<'_>) -> bool {
        self.rtc.accepts(input)
    }

    /// Takes a datagram. One that can't be used is as if it had been lost on the way: anybody can send one from an address
    /// that is not theirs.
    pub(super) fn receive(&mut self, input: Input<'_>) {
        if let Err(error) = self.rtc.handle_input(input) {
            tracing::trace!(%error, "a datagram could not be used");
        }
    }

    pub(super) fn input(&mut self, input: Input<'_>) {
        if let Err(error) = self.rtc.handle_input(input) {
            tracing::debug!(peer = %self.id.tag(), %error, "a connection ended by an error");
            self.rtc.disconnect();
        }
    }

    /// Writes packets of the bound source out to a slot; they leave with the next [`Peer::drain`].
    pub(super) fn send(&mut self, mid: Section, packets: &[Packet]) {
        let Some(slot) = self.slots.get_mut(&mid) else {
            return;
        };
        // All of them are from one track.
        let Some(pt) = packets.first().and_then(|packet| payload_type(&self.rtc, mid, packet.codec)) else {
            return;
        };
        let mut direct = self.rtc.direct_api();
        let Some(stream) = direct.stream_tx_by_mid(mid, None) else {
            return;
        };
        let mut written = 0;
        for packet in packets {
            let Some(header) = slot.forwarder.forward(packet) else {
                continue;
            };
            let captured = self.timeline.instant(packet.time);
            let payload = match header.moves {
                Some((id, layer)) => vp8::moved(&packet.payload, id, layer),
                None => packet.payload.clone(),
            };
            let write = RtpWrite::new(pt, header.seq.into(), header.rtp_time, captured, payload)
                .marker(packet.marker)
                .nackable(slot.kind == Kind::Video);
            stream.write_rtp(write);
            written += 1;
        }
        self.counters.packets(slot.kind).sent.add(written);
        self.seen.written(mid, written);
    }

    /// Registers for demand on what the peer sends; true if a keyframe is wanted that was not asked for yet.
    pub(super) fn poll_demand(&mut self, cx: &mut std::task::Context<'_>) -> bool {
        let mut wanted = false;
        for inbound in self.inbound.values_mut() {
            if let Some((_, demand)) = &mut inbound.to {
                while let std::task::Poll::Ready(change) = demand.poll_changed(cx) {
                    inbound.keyframe_wanted |= !change.keyframes.is_empty();
                    wanted |= !change.keyframes.is_empty();
                }
            }
        }
        wanted
    }

    /// Asks for the keyframes that are wanted, at most one in [`ASK_APART`] for each track: what comes too soon waits for the
    /// next call. Answers whether something was asked.
    pub(super) fn ask_keyframes(&mut self, now: Instant) -> bool {
        let mut some = false;
        for (mid, inbound) in &mut self.inbound {
            let early = inbound.keyframe_asked.is_some_and(|asked| now.duration_since(asked) < ASK_APART);
            if !inbound.keyframe_wanted || inbound.codec.kind() != Kind::Video || early {
                continue;
            }
            if let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(*mid, None) {
                stream.request_keyframe(KeyframeRequestKind::Pli);
                inbound.keyframe_wanted = false;
                inbound.keyframe_asked = Some(now);
                some = true;
            }
        }
        some
    }

    /// Lets the engine do everything it can now.
    pub(super) fn drain(&mut self, effects: &mut Effects, out: &mut Vec<Transmit>) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    self.timeout = at;
                    return;
                }
                Ok(Output::Transmit(transmit)) => out.push(transmit),
                Ok(Output::Event(event)) => self.event(event, effects),
                Err(error) => {
                    tracing::debug!(peer = %self.id.tag(), %error, "a connection ended by an error");
                    self.rtc.disconnect();
                    return;
                }
            }
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
            Engine::PeerStats(stats) => self.seen.peer(&stats),
            Engine::MediaIngressStats(stats) => self.seen.ingress(&stats),
            Engine::MediaEgressStats(stats) => self.seen.egress(&stats),
            Engine::Closed => self.rtc.disconnect(),
            _ => {}
        }
    }

    /// `direction` is ours: receiving means that the peer sends.
    fn section(&mut self, mid: Section, kind: MediaKind, direction: Direction) {
        let (kind, rate) = match kind {
            MediaKind::Audio => (Kind::Audio, Codec::Opus.clock_rate()),
            MediaKind::Video => (Kind::Video, Codec::H264.clock_rate()),
        };
        if direction.is_receiving() {
            self.slots.remove(&mid);
            // A section has one video codec left, see `sdp::one_codec`.
            let codec = match kind {
                Kind::Audio => Codec::Opus,
                Kind::Video if payload_type(&self.rtc, mid, Codec::H264).is_some() => Codec::H264,
                Kind::Video => Codec::Vp8,
            };
            let clock = &mut self.clock;
            self.inbound.entry(mid).or_insert_with(|| Inbound {
                clock: clock.add(rate),
                codec,
                to: None,
                keyframe_wanted: false,
                keyframe_asked: None,
                arrivals: Arrivals::default(),
            });
        } else {
            self.inbound.remove(&mid);
            if direction.is_sending() {
                let first =
                    mid.as_bytes().iter().fold(1u16, |seq, &b| seq.wrapping_mul(251).wrapping_add(u16::from(b)));
                let slot = || Slot { forwarder: Forwarder::new(kind, rate, first), kind, bound: false };
                self.slots.entry(mid).or_insert_with(slot);
            } else {
                self.slots.remove(&mid);
            }
        }
    }

    fn packet(&mut self, packet: RtpPacket) {
        let ssrc = packet.header.ssrc;
        let mid = match self.sections.get(&ssrc) {
            Some(mid) => *mid,
            None => {
                let Some(mid) = self.rtc.direct_api().stream_rx(&ssrc).map(|stream| stream.mid()) else {
                    return;
                };
                // Browsers use one or two a section; whoever changes them without end starts over.
                if self.sections.len() > 4 * (sdp::SECTIONS + 1) {
                    self.sections.clear();
                }
                self.sections.insert(ssrc, mid);
                mid
            }
        };
        let Some(inbound) = self.inbound.get_mut(&mid) else {
            return;
        };
        self.seen.arrived(&inbound.arrivals.came(*ssrc, *packet.seq_no));
        let Some((to, _)) = &mut inbound.to else {
            self.counters.unbound.inc();
            return;
        };
        // Probing for bandwidth sends packets without content.
        if packet.payload.is_empty() {
            return;
        }
        let rtp_time = packet.time.numer();
        let report = packet.last_sender_info.as_ref().map(|info| Report {
            wall_nanos: wall_nanos(info.ntp_time),
            rtp_time: near(rtp_time, info.rtp_time.numer() as u32),
        });
        let arrived = self.timeline.media(packet.timestamp);
        let time = self.clock.time(inbound.clock, rtp_time, report, arrived);
        self.counters.packets(inbound.codec.kind()).received.inc();
        let keyframe = starts_keyframe(inbound.codec, &packet.payload);
        if keyframe && inbound.codec.kind() == Kind::Video {
            self.seen.keyframe(inbound.codec, &packet.payload);
        }
        to.push(Packet {
            codec: inbound.codec,
            seq: *packet.seq_no,
            rtp_time,
            time,
            marker: packet.header.marker,
            keyframe,
            layer: Layer::LOWEST,
            level: packet.header.ext_vals.audio_level.map(i8::unsigned_abs),
            payload: packet.payload,
        });
    }
}

/// The number by which the other side knows a codec in this section.
fn payload_type(rtc: &Rtc, mid: Section, codec: Codec) -> Option<Pt> {
    let format = match codec {
        Codec::H264 => Format::H264,
        Codec::Vp8 => Format::Vp8,
        Codec::Opus => Format::Opus,
        Codec::Aac => return None,
    };
    let params = rtc.codec_config().params();
    let spoken = |pt: &&Pt| params.iter().any(|p| p.pt() == **pt && p.spec().codec == format);
    rtc.media(mid)?.remote_pts().iter().find(spoken).copied()
}

fn wall_nanos(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// The extended timestamp with these low 32 bits that is nearest to `extended`.
fn near(extended: u64, low: u32) -> u64 {
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

    #[test]
    fn a_report_is_placed_near_the_packet() {
        let extended = 5 << 32;
        assert_eq!(near(extended + 10, 7), extended + 7);
        assert_eq!(near(extended + 10, u32::MAX), extended - 1);
        assert_eq!(near(extended - 1, 3), extended + 3);
        assert_eq!(near(0, u32::MAX), 0, "nothing is before the beginning");
    }
}

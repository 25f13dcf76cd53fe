//! Peers that behave as browsers: a whole engine each, with ICE, DTLS, SRTP and feedback.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive, Transmit};
use str0m::rtp::{RtpPacket, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc};
use tokio::net::UdpSocket;

use super::load::{self, Kind, NUMBER, Tally};

/// The engine is looked at this often at least: a burst may have moved its timer.
const LOOK: Duration = Duration::from_millis(20);

struct Engine {
    rtc: Rtc,
    wake: Instant,
    connected: bool,
    pending: Option<SdpPendingOffer>,
    /// When the clocks of its media began.
    began: Instant,
    /// Packets written so far, of pictures and of sound: their sequence numbers.
    written: [u64; 2],
}

/// One peer.
pub struct Client {
    engine: RefCell<Engine>,
    socket: UdpSocket,
    local: SocketAddr,
    /// Where it sends pictures and sound, if it does.
    mids: [Option<Mid>; 2],
}

impl Client {
    /// A peer with these media sections, and its offer. It sends in the first of each kind.
    pub fn new(sections: &[(MediaKind, Direction)]) -> anyhow::Result<(Rc<Self>, String)> {
        Self::offering(load::LOOPBACK, sections)
    }

    /// The same at another address of this machine.
    pub fn offering(at: Ipv4Addr, sections: &[(MediaKind, Direction)]) -> anyhow::Result<(Rc<Self>, String)> {
        let (socket, local, mut rtc) = begin(at)?;
        let mut change = rtc.sdp_api();
        let add = |&(kind, direction)| (kind, change.add_media(kind, direction, None, None, None));
        let all: Vec<(MediaKind, Mid)> = sections.iter().map(add).collect();
        let first = |wanted| all.iter().find(|(kind, _)| *kind == wanted).map(|(_, mid)| *mid);
        let mids = [first(MediaKind::Video), first(MediaKind::Audio)];
        let (offer, pending) = change.apply().context("there is something to offer")?;
        Ok((Self::with(rtc, Some(pending), socket, local, mids), offer.to_sdp_string()))
    }

    /// A peer that only receives, and its answer to this offer.
    pub fn answering(at: Ipv4Addr, offer: &str) -> anyhow::Result<(Rc<Self>, String)> {
        let (socket, local, mut rtc) = begin(at)?;
        let answer = rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(offer)?)?;
        Ok((Self::with(rtc, None, socket, local, [None; 2]), answer.to_sdp_string()))
    }

    fn with(
        rtc: Rtc,
        pending: Option<SdpPendingOffer>,
        socket: UdpSocket,
        local: SocketAddr,
        mids: [Option<Mid>; 2],
    ) -> Rc<Self> {
        let now = Instant::now();
        let engine = Engine { rtc, wake: now, connected: false, pending, began: now, written: [1; 2] };
        Rc::new(Self { engine: RefCell::new(engine), socket, local, mids })
    }

    pub fn accept(&self, answer: &str) -> anyhow::Result<()> {
        let engine = &mut *self.engine.borrow_mut();
        let pending = engine.pending.take().context("it is answered once")?;
        engine.rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(answer)?)?;
        Ok(())
    }

    pub fn is_connected(&self) -> bool {
        self.engine.borrow().connected
    }

    /// Drives the peer for as long as it is polled, and counts what it is sent.
    pub async fn run(self: Rc<Self>, tally: Rc<Tally>) {
        loop {
            let wake = self.engine.borrow().wake.min(Instant::now() + LOOK);
            tokio::select! {
                _ = self.socket.readable() => {}
                () = tokio::time::sleep_until(wake.into()) => {}
            }
            let engine = &mut *self.engine.borrow_mut();
            let now = Instant::now();
            load::read(&self.socket, |from, at, bytes| {
                let Ok(receive) = Receive::new(Protocol::Udp, from, self.local, bytes) else { return };
                // Only a failed connection errs, and that shows as packets that do not come.
                let _ = engine.rtc.handle_input(Input::Receive(now, receive));
                engine.drain(
                    |transmit| self.send(&transmit),
                    |packet| {
                        let kind = if packet.payload.len() == load::SOUND[0] { Kind::Sound } else { Kind::Picture };
                        if let Some(number) = packet.payload.get(NUMBER).and_then(|bytes| bytes.try_into().ok()) {
                            tally.arrived(u64::from_be_bytes(number), at, bytes.len(), kind);
                        }
                    },
                );
            });
            if now >= engine.wake {
                let _ = engine.rtc.handle_input(Input::Timeout(now));
            }
            engine.drain(|transmit| self.send(&transmit), |_| {});
        }
    }

    /// Writes the packets of one picture or sound, and sends them one right after another.
    pub fn burst(&self, kind: Kind, tally: &Tally) {
        let (codec, sizes): (_, &[usize]) = match kind {
            Kind::Picture => (Codec::H264, &load::PICTURE),
            Kind::Sound => (Codec::Opus, &load::SOUND),
        };
        let mut number = tally.number();
        let payloads = sizes.iter().enumerate().map(|(at, size)| {
            // The first of a picture begins as a keyframe does, so that everybody starts at once.
            let mut payload = vec![if at == 0 { 0x67 } else { 0x7c }; *size];
            payload[NUMBER].copy_from_slice(&number.to_be_bytes());
            number += 1;
            payload
        });
        for transmit in self.write(codec, payloads) {
            if is_rtp(&transmit.contents) {
                tally.leaves();
            }
            self.send(&transmit);
        }
    }

    /// Sends these payloads as one picture or one frame of sound of this moment.
    pub fn send_unit(&self, codec: Codec, payloads: &[Arc<[u8]>]) {
        for transmit in self.write(codec, payloads.iter().map(|payload| payload.to_vec())) {
            self.send(&transmit);
        }
    }

    /// The datagrams of one picture or one frame of sound of this moment; none as long as it can't be sent.
    fn write(&self, codec: Codec, payloads: impl ExactSizeIterator<Item = Vec<u8>>) -> Vec<Transmit> {
        let engine = &mut *self.engine.borrow_mut();
        let picture = codec != Codec::Opus;
        let (kind, clock) = if picture { (Kind::Picture, 90_000) } else { (Kind::Sound, 48_000) };
        let mid = self.mids[kind as usize];
        let Some((mid, pt)) = mid.and_then(|mid| Some((mid, engine.payload_type(mid, codec)?))) else {
            return Vec::new();
        };
        let (now, last) = (Instant::now(), payloads.len().saturating_sub(1));
        let time = engine.began.elapsed().as_micros() as u64 * clock / 1_000_000;
        for (at, payload) in payloads.enumerate() {
            let written = &mut engine.written[kind as usize];
            let write =
                RtpWrite::new(pt, (*written).into(), time as u32, now, payload).marker(at == last).nackable(picture);
            *written += 1;
            if let Some(stream) = engine.rtc.direct_api().stream_tx_by_mid(mid, None) {
                stream.write_rtp(write);
            }
        }
        let _ = engine.rtc.handle_input(Input::Timeout(now));
        let mut out = Vec::new();
        engine.drain(|transmit| out.push(transmit), |_| {});
        out
    }

    fn send(&self, transmit: &Transmit) {
        // What loopback does not take is counted as lost.
        let _ = self.socket.try_send_to(&transmit.contents, transmit.destination);
    }
}

impl Engine {
    fn drain(&mut self, mut send: impl FnMut(Transmit), mut packet: impl FnMut(RtpPacket)) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    self.wake = at;
                    return;
                }
                Ok(Output::Transmit(transmit)) => send(transmit),
                Ok(Output::Event(Event::Connected)) => self.connected = true,
                Ok(Output::Event(Event::RtpPacket(got))) => packet(got),
                Ok(Output::Event(_)) => {}
                Err(_) => return,
            }
        }
    }

    fn payload_type(&self, mid: Mid, codec: Codec) -> Option<Pt> {
        let params = self.rtc.codec_config().params();
        let speaks = |pt: &&Pt| params.iter().any(|p| p.pt() == **pt && p.spec().codec == codec);
        self.rtc.media(mid)?.remote_pts().iter().find(speaks).copied()
    }
}

/// An engine, and its socket.
fn begin(at: Ipv4Addr) -> anyhow::Result<(UdpSocket, SocketAddr, Rtc)> {
    let socket = load::socket(at)?;
    let local = socket.local_addr()?;
    let mut rtc = Rtc::builder().set_rtp_mode(true).build(Instant::now());
    rtc.add_local_candidate(Candidate::host(local, "udp")?);
    Ok((socket, local, rtc))
}

/// RTP and not RTCP (RFC 5761), STUN or DTLS (RFC 7983).
fn is_rtp(datagram: &[u8]) -> bool {
    matches!(datagram, [128..=191, kind, ..] if !(192..=223).contains(kind))
}

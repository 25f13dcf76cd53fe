//! One media section in which a peer receives: what goes out there, and how.

use std::sync::Arc;
use std::time::Duration;

use str0m::Rtc;
use str0m::media::{Mid as Section, Pt};
use str0m::rtp::{RtpWrite, Ssrc, Vp8Descriptor, Vp8Patch};

use super::Bound;
use super::inbound::Formats;
use crate::model::layer::Layer;
use crate::model::packet::Packet;
use crate::model::time::{MediaTime, Timeline};
use crate::model::track::Kind;
use crate::proto::rtp::{red, vp8};
use crate::proto::sfu::{Forwarder, Has, Pause, Shown};

/// Packets that are kept to be sent again, in number and age. A picture that is later than a second is not waited for; 512
/// packets are that second at 5 Mbit/s. The payloads are shared, so that one costs some hundred bytes.
const KEPT: (usize, Duration) = (512, Duration::from_secs(1));
/// Which part of what is sent may be repetitions: at 30 % loss, with those that get lost themselves, it is about that.
const REPEATED: f32 = 0.4;

/// One slot.
pub(super) struct Slot {
    pub(super) kind: Kind,
    pub(super) formats: Formats,
    pub(super) forwarder: Forwarder,
    pub(super) bound: Option<Bound>,
    /// What it was given last.
    pub(super) has: Has,
    /// What was told of it last.
    pub(super) shown: Option<Shown>,
    /// Nothing goes out, for this reason.
    pub(super) paused: Option<Pause>,
    /// What of it still waits in the engine is thrown away as it leaves, by these sources.
    pub(super) halted: Option<[Ssrc; 2]>,
    /// Times that the browser asked for a keyframe in the middle of the picture.
    pub(super) freezes: u64,
}

impl Slot {
    pub(super) fn new(mid: Section, kind: Kind, rate: u32) -> Self {
        let first = mid.as_bytes().iter().fold(1u16, |seq, &b| seq.wrapping_mul(251).wrapping_add(u16::from(b)));
        Self {
            kind,
            formats: Formats::default(),
            forwarder: Forwarder::new(kind, rate, first),
            bound: None,
            has: Has::New,
            shown: None,
            paused: None,
            halted: None,
            freezes: 0,
        }
    }

    /// Bounds what the engine keeps of this slot, and forgets what it has kept.
    pub(super) fn prepare(&self, mid: Section, rtc: &mut Rtc) {
        if self.kind == Kind::Video
            && let Some(stream) = rtc.direct_api().stream_tx_by_mid(mid, None)
        {
            stream.set_rtx_cache(KEPT.0, KEPT.1, Some(REPEATED));
        }
    }

    /// What of it waits in the engine leaves at once, to be thrown away, and nothing is sent again: where pictures are paused because the way
    /// is full, those that wait for it would only keep it full.
    pub(super) fn halt(&mut self, mid: Section, rtc: &mut Rtc) {
        if self.kind == Kind::Video
            && let Some(stream) = rtc.direct_api().stream_tx_by_mid(mid, None)
        {
            stream.set_unpaced(true);
            self.halted = Some([stream.ssrc(), stream.rtx().unwrap_or(stream.ssrc())]);
        }
        self.prepare(mid, rtc);
    }

    /// It is sent again.
    pub(super) fn go_on(&mut self, mid: Section, rtc: &mut Rtc) {
        if self.halted.take().is_some() {
            if let Some(stream) = rtc.direct_api().stream_tx_by_mid(mid, None) {
                stream.set_unpaced(false);
            }
            // What was thrown away counts as sent there.
            self.prepare(mid, rtc);
        }
    }

    /// Another source, none, or the same one that matters more or less.
    pub(super) fn bind(&mut self, to: Option<Bound>) {
        if self.bound.map(|bound| bound.source) != to.map(|bound| bound.source) {
            self.forwarder.restart();
            (self.has, self.shown, self.paused) = (Has::New, None, None);
        }
        self.bound = to;
    }

    /// What is known to go out.
    pub(super) fn shows(&self) -> Option<Shown> {
        match self.paused {
            Some(pause) => Some(Shown::Paused(pause)),
            None => self.forwarder.layer().map(Shown::Layer),
        }
    }

    /// The layer of which a keyframe should be asked, as far as the slot has a use for one.
    pub(super) fn asks_keyframe(&mut self, now: MediaTime) -> Option<Layer> {
        if self.bound.is_none() || self.paused.is_some() {
            return None;
        }
        let layer = self.forwarder.asks_keyframe(now)?;
        Some(layer)
    }

    /// The browser asks for a keyframe. Answers the layer of which, if one goes out.
    pub(super) fn froze(&mut self) -> Option<Layer> {
        let layer = self.forwarder.layer()?;
        self.freezes += 1;
        Some(layer)
    }

    /// Writes packets out to the engine; they leave with its next turn. Answers how many.
    pub(super) fn send(
        &mut self,
        rtc: &mut Rtc,
        mid: Section,
        packets: &[Packet],
        timeline: &Timeline,
        redundancy: Option<&mut Redundancy>,
    ) -> u64 {
        let Some(codec) = packets.first().map(|packet| packet.codec) else {
            return 0;
        };
        let Some(mut number) = self.formats.number(codec) else {
            return 0;
        };
        let payloads = redundancy.and_then(|of| {
            let red = self.formats.redundant()?;
            let main = std::mem::replace(&mut number, red);
            Some(of.payloads(main, packets))
        });
        let mut direct = rtc.direct_api();
        let Some(stream) = direct.stream_tx_by_mid(mid, None) else {
            return 0;
        };
        let mut written = 0;
        for (at, packet) in packets.iter().enumerate() {
            // The codec of a source may change in the middle; what is not agreed on is not sent.
            if packet.codec != codec {
                match self.formats.number(packet.codec) {
                    Some(other) => number = other,
                    None => continue,
                }
            }
            let Some(header) = self.forwarder.forward(packet) else {
                continue;
            };
            let captured = timeline.instant(packet.time);
            let payload = match payloads {
                Some(payloads) => payloads[at].clone(),
                None => packet.payload.clone(),
            };
            let mut write = RtpWrite::new(number, header.seq.into(), header.rtp_time, captured, payload)
                .marker(packet.marker)
                .nackable(self.kind == Kind::Video);
            if let Some(patch) = header.moves.and_then(|moves| patch(&packet.payload, moves)) {
                write = write.vp8_patch(patch);
            }
            stream.write_rtp(write);
            written += 1;
        }
        written
    }
}

/// Moves the running numbers of a VP8 payload on while it is written, without a copy of it.
fn patch(payload: &[u8], (by_id, by_layer): (u16, u8)) -> Option<Vp8Patch> {
    let descriptor = Vp8Descriptor::parse(payload).ok()?;
    let mut patch = descriptor.patch();
    let (id, layer) = vp8::moved_numbers(payload, by_id, by_layer);
    if let Some(id) = id {
        patch = patch.picture_id(id);
    }
    if let Some(layer) = layer {
        patch = patch.tl0_pic_idx(layer);
    }
    patch.build().ok()
}

/// The packets of one source of sound with the sound before each, made once for all who are sent it.
#[derive(Default)]
pub(super) struct Redundancy {
    /// The last packet of the batch before.
    before: Option<Packet>,
    /// For each payload type by which anybody knows the sound.
    made: Vec<(Pt, Vec<Arc<[u8]>>)>,
}

impl Redundancy {
    /// Another batch begins; `last` is the last packet of the one that is over.
    pub(super) fn turn(&mut self, last: Option<&Packet>) {
        self.made.clear();
        if let Some(last) = last {
            self.before = Some(last.clone());
        }
    }

    fn payloads(&mut self, number: Pt, packets: &[Packet]) -> &[Arc<[u8]>] {
        let at = self.made.iter().position(|(pt, _)| *pt == number).unwrap_or_else(|| {
            let before = self.before.iter().chain(packets);
            let skipped = usize::from(self.before.is_none());
            let pairs = std::iter::repeat_n(None, skipped).chain(before.map(Some)).zip(packets);
            let made = pairs.map(|(before, packet)| with_earlier(*number, before, packet)).collect();
            self.made.push((number, made));
            self.made.len() - 1
        });
        &self.made[at].1
    }
}

/// Bytes of a redundant payload at most: what is larger leaves the earlier sound out.
const REDUNDANT: usize = 1000;

fn with_earlier(number: u8, before: Option<&Packet>, packet: &Packet) -> Arc<[u8]> {
    let earlier = before
        .filter(|before| before.seq + 1 == packet.seq && before.payload.len() + packet.payload.len() <= REDUNDANT);
    let earlier = earlier.map(|before| (packet.rtp_time.saturating_sub(before.rtp_time), &before.payload[..]));
    red::write(number, earlier, &packet.payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::track::Codec;

    fn sound(seq: u64) -> Packet {
        Packet {
            codec: Codec::Opus,
            layer: Layer::LOWEST,
            seq,
            rtp_time: seq * 960,
            time: MediaTime::from_millis(seq as i64 * 20),
            marker: false,
            keyframe: true,
            level: None,
            payload: Arc::from(&[seq as u8][..]),
        }
    }

    #[test]
    fn each_packet_has_the_one_before_it_even_that_of_the_last_batch() {
        let mut to = Redundancy::default();
        let number = Pt::from(111);
        let earlier = |payload: &Arc<[u8]>| {
            let red = red::read(payload, 111).expect("it is well formed");
            (red.earlier.first().map(|(ticks, block)| (*ticks, block[0])), red.primary[0])
        };
        let first = [sound(1), sound(2)];
        let got: Vec<_> = to.payloads(number, &first).iter().map(earlier).collect();
        assert_eq!(got, [(None, 1), (Some((960, 1)), 2)]);
        to.turn(first.last());
        let got: Vec<_> = to.payloads(number, &[sound(3), sound(5)]).iter().map(earlier).collect();
        assert_eq!(got, [(Some((960, 2)), 3), (None, 5)], "nothing is made up for what is missing");
    }
}

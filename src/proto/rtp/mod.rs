//! RTP: packets to units and back, and whose clock is whose.
//!
//! Sources: RFC 3550 (RTP), RFC 6184 (H.264 payload), RFC 7741 (VP8 payload), RFC 7587 (Opus payload), RFC 6716 (Opus),
//! RFC 2198 (redundant sound).
//! It does not know peers, encryption or retransmission: packets come here decrypted and numbered past 16 bits.

mod clock;
mod h264;
mod opus;
pub mod red;
mod reorder;
pub mod vp8;

pub use clock::{Clock, Report};

use std::time::Duration;

use crate::model::layer::Layer;
use crate::model::packet::Packet;
use crate::model::time::MediaTime;
use crate::model::track::Codec;
use crate::model::unit::Unit;

/// Largest RTP payload we make, in bytes: leaves room for IPv6, UDP, SRTP and header extensions below 1280.
pub const PAYLOAD: usize = 1160;

/// Sound that begins so long after the sound before it comes after silence.
const PAUSE: Duration = Duration::from_millis(20);

/// Longest wait for a packet that is missing, before going on without it: a retransmission on a 100 ms link takes one and a half round trips.
pub const REORDER: Duration = Duration::from_millis(150);

/// Whether a payload begins a keyframe that a fresh decoder can start at. Always true for sound.
pub fn starts_keyframe(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::H264 => h264::starts_keyframe(payload),
        Codec::Vp8 => vp8::starts_keyframe(payload),
        Codec::Opus | Codec::Aac => true,
    }
}

/// Pixels across and down of the picture that begins with this payload, if it begins a keyframe that says so.
pub fn picture_size(codec: Codec, payload: &[u8]) -> Option<(u32, u32)> {
    match codec {
        Codec::H264 => h264::picture_size(payload),
        Codec::Vp8 => vp8::picture_size(payload),
        Codec::Opus | Codec::Aac => None,
    }
}

/// Turns the packets of one track into units. What was lost becomes a `gap`, and for video nothing comes until the next keyframe.
pub struct Depacketizer {
    order: reorder::Reorder,
    codec: Assembler,
}

enum Assembler {
    H264(h264::Assembler),
    Vp8(vp8::Assembler),
    Opus(opus::Assembler),
}

impl Depacketizer {
    /// For one track of this codec; `None` for codecs that RTP does not carry here (AAC).
    pub fn new(codec: Codec) -> Option<Self> {
        let codec = match codec {
            Codec::H264 => Assembler::H264(h264::Assembler::default()),
            Codec::Vp8 => Assembler::Vp8(vp8::Assembler::default()),
            Codec::Opus => Assembler::Opus(opus::Assembler::default()),
            Codec::Aac => return None,
        };
        Some(Self { order: reorder::Reorder::default(), codec })
    }

    /// Takes a packet in whatever order it came and hands over the units that are complete.
    pub fn push(&mut self, packet: Packet, now: MediaTime, units: &mut Vec<Unit>) {
        self.order.push(packet, now);
        self.drain(now, units);
    }

    /// Gives up on packets that are missing for too long. Call it at least every [`REORDER`].
    pub fn tick(&mut self, now: MediaTime, units: &mut Vec<Unit>) {
        self.drain(now, units);
    }

    /// Packets between the last and the next one were lost: start anew.
    pub fn lost(&mut self) {
        self.order = reorder::Reorder::default();
        match &mut self.codec {
            Assembler::H264(h264) => h264.lost(),
            Assembler::Vp8(vp8) => vp8.lost(),
            Assembler::Opus(opus) => opus.lost(),
        }
    }

    /// No unit can come before a keyframe does.
    pub fn needs_keyframe(&self) -> bool {
        match &self.codec {
            Assembler::H264(h264) => h264.needs_keyframe(),
            Assembler::Vp8(vp8) => vp8.needs_keyframe(),
            Assembler::Opus(_) => false,
        }
    }

    fn drain(&mut self, now: MediaTime, units: &mut Vec<Unit>) {
        while let Some(next) = self.order.pop(now) {
            match (&mut self.codec, next) {
                (Assembler::H264(h264), reorder::Next::Packet(packet)) => units.extend(h264.push(&packet)),
                (Assembler::Vp8(vp8), reorder::Next::Packet(packet)) => units.extend(vp8.push(&packet)),
                (Assembler::Opus(opus), reorder::Next::Packet(packet)) => units.extend(opus.push(&packet)),
                (Assembler::H264(h264), reorder::Next::Lost) => h264.lost(),
                (Assembler::Vp8(vp8), reorder::Next::Lost) => vp8.lost(),
                (Assembler::Opus(opus), reorder::Next::Lost) => opus.lost(),
            }
        }
    }
}

/// Turns the units of one track, or of one layer of it, into packets.
pub struct Packetizer {
    codec: Codec,
    layer: Layer,
    seq: u64,
    /// Pictures so far, which VP8 numbers.
    pictures: u16,
    /// When the sound before ended.
    sounded: Option<MediaTime>,
}

impl Packetizer {
    /// For one track of this codec; `None` for codecs that RTP does not carry here (AAC).
    pub fn new(codec: Codec) -> Option<Self> {
        Self::of_layer(codec, Layer::LOWEST)
    }

    /// The same for one of the layers in which a track is sent.
    pub fn of_layer(codec: Codec, layer: Layer) -> Option<Self> {
        (codec != Codec::Aac).then_some(Self { codec, layer, seq: 0, pictures: 0, sounded: None })
    }

    /// The packets of one unit, in order.
    pub fn push(&mut self, unit: &Unit, packets: &mut Vec<Packet>) {
        let rtp_time = (unit.pts.ticks(self.codec.clock_rate()) + (1 << 31)).max(0) as u64;
        let first = packets.len();
        match self.codec {
            Codec::H264 => h264::packetize(unit, rtp_time, packets),
            Codec::Opus => {
                let after_silence = self.sounded.is_none_or(|end| unit.pts.since(end) >= PAUSE.as_nanos() as i64);
                packets.push(opus::packetize(unit, rtp_time, after_silence));
                self.sounded = Some(unit.pts + unit.duration.unwrap_or_default());
            }
            Codec::Vp8 => {
                vp8::packetize(unit, rtp_time, self.pictures, packets);
                self.pictures = self.pictures.wrapping_add(1);
            }
            Codec::Aac => {}
        }
        for packet in &mut packets[first..] {
            (packet.layer, packet.seq) = (self.layer, self.seq);
            self.seq += 1;
        }
    }
}

//! VP8 in RTP (RFC 7741).

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::PAYLOAD;
use crate::model::layer::Layer;
use crate::model::packet::Packet;
use crate::model::track::Codec;
use crate::model::unit::{Config, Unit};

/// Bytes of the payload descriptors that we write.
const HEAD: usize = 4;
/// Largest frame accepted, in bytes.
const UNIT: usize = 4 << 20;

/// The payload descriptor (RFC 7741 section 4.2), as far as anything here depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Descriptor {
    /// A partition begins with this packet.
    start: bool,
    partition: u8,
    /// Where the picture id is, and whether it has 15 bits instead of 7.
    picture_id: Option<(usize, bool)>,
    /// Where the running number of the base layer is.
    base_layer: Option<usize>,
    /// Where the frame's data begins.
    length: usize,
}

impl Descriptor {
    fn read(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let (mut length, mut picture_id, mut base_layer) = (1, None, None);
        if first & 0x80 != 0 {
            let extensions = *payload.get(1)?;
            length = 2;
            if extensions & 0x80 != 0 {
                let long = payload.get(length)? & 0x80 != 0;
                picture_id = Some((length, long));
                length += if long { 2 } else { 1 };
            }
            if extensions & 0x40 != 0 {
                base_layer = Some(length);
                length += 1;
            }
            if extensions & 0x30 != 0 {
                length += 1;
            }
        }
        // A packet without data is none.
        payload.get(length)?;
        Some(Self { start: first & 0x10 != 0, partition: first & 7, picture_id, base_layer, length })
    }

    /// The first packet of a frame.
    fn begins(&self) -> bool {
        self.start && self.partition == 0
    }
}

/// Pixels across and down of the keyframe that begins with this payload (RFC 6386 section 9.1).
pub fn picture_size(payload: &[u8]) -> Option<(u32, u32)> {
    let of = Descriptor::read(payload).filter(Descriptor::begins)?;
    let header: &[u8; 10] = payload.get(of.length..)?.first_chunk()?;
    let size = |low: u8, high: u8| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
    (header[0] & 1 == 0 && header[3..6] == [0x9d, 0x01, 0x2a])
        .then(|| (size(header[6], header[7]), size(header[8], header[9])))
}

/// Whether a payload begins a keyframe: its first partition says so in its first bit (RFC 7741 section 4.3).
pub fn starts_keyframe(payload: &[u8]) -> bool {
    Descriptor::read(payload).is_some_and(|of| of.begins() && payload[of.length] & 1 == 0)
}

/// The running numbers of a payload: picture id and number of the base layer, where it has them.
pub fn numbers(payload: &[u8]) -> (Option<u16>, Option<u8>) {
    let Some(of) = Descriptor::read(payload) else {
        return (None, None);
    };
    let picture_id = of.picture_id.map(|(at, long)| match long {
        true => u16::from_be_bytes([payload[at] & 0x7f, payload[at + 1]]),
        false => u16::from(payload[at]),
    });
    (picture_id, of.base_layer.map(|at| payload[at]))
}

/// The running numbers of a payload, moved on, each within its own width.
pub fn moved_numbers(payload: &[u8], picture_id: u16, base_layer: u8) -> (Option<u16>, Option<u8>) {
    let long = Descriptor::read(payload).and_then(|of| of.picture_id).is_some_and(|(_, long)| long);
    let (id, layer) = numbers(payload);
    let width = if long { 0x7fff } else { 0x7f };
    (id.map(|id| id.wrapping_add(picture_id) & width), layer.map(|layer| layer.wrapping_add(base_layer)))
}

/// The payload with its running numbers moved on, each within its own width.
pub fn moved(payload: &Arc<[u8]>, picture_id: u16, base_layer: u8) -> Arc<[u8]> {
    let Some(of) = Descriptor::read(payload) else {
        return payload.clone();
    };
    let (id, layer) = moved_numbers(payload, picture_id, base_layer);
    let mut out: Arc<[u8]> = Arc::from(&payload[..]);
    // Nobody else has this copy yet.
    if let Some(bytes) = Arc::get_mut(&mut out) {
        if let (Some((at, long)), Some(id)) = (of.picture_id, id) {
            if long {
                bytes[at..at + 2].copy_from_slice(&(id | 0x8000).to_be_bytes());
            } else {
                bytes[at] = id as u8;
            }
        }
        if let (Some(at), Some(layer)) = (of.base_layer, layer) {
            bytes[at] = layer;
        }
    }
    out
}

/// The packets of one frame, each with the number of its picture in 15 bits (RFC 7741 section 4.2).
pub(super) fn packetize(unit: &Unit, rtp_time: u64, picture: u16, packets: &mut Vec<Packet>) {
    let [high, low] = (picture | 0x8000).to_be_bytes();
    let count = unit.data.len().div_ceil(PAYLOAD - HEAD);
    // Of about one size: the last one is not a scrap.
    let size = unit.data.len().div_ceil(count.max(1)).max(1);
    for (index, chunk) in unit.data.chunks(size).enumerate() {
        let first = index == 0;
        let head: [u8; HEAD] = [if first { 0x90 } else { 0x80 }, 0x80, high, low];
        packets.push(Packet {
            codec: Codec::Vp8,
            seq: 0,
            rtp_time,
            time: unit.pts,
            marker: index + 1 == count,
            keyframe: unit.keyframe && first,
            layer: Layer::LOWEST,
            level: None,
            payload: head.iter().chain(chunk).copied().collect(),
        });
    }
}

#[derive(Default)]
pub(super) struct Assembler {
    config: Option<Arc<Config>>,
    frame: BytesMut,
    rtp_time: Option<u64>,
    pts: crate::model::time::MediaTime,
    keyframe: bool,
    /// Something of the frame being put together is missing or wrong.
    broken: bool,
    started: bool,
    gap: bool,
}

impl Assembler {
    pub(super) fn lost(&mut self) {
        self.gap = self.gap || self.started;
        self.started = false;
        self.broken = true;
    }

    pub(super) fn needs_keyframe(&self) -> bool {
        !self.started
    }

    pub(super) fn push(&mut self, packet: &Packet) -> Option<Unit> {
        let mut done = None;
        if self.rtp_time != Some(packet.rtp_time) {
            // A frame that ended without its marker.
            done = self.finish();
            (self.rtp_time, self.pts) = (Some(packet.rtp_time), packet.time);
            // A frame without its beginning is of no use.
            self.broken |= !Descriptor::read(&packet.payload).is_some_and(|of| of.begins());
            self.keyframe = starts_keyframe(&packet.payload);
        }
        match Descriptor::read(&packet.payload) {
            Some(of) if self.frame.len() + packet.payload.len() <= UNIT => {
                self.frame.extend_from_slice(&packet.payload[of.length..]);
            }
            _ => self.broken = true,
        }
        if packet.marker {
            let unit = self.finish();
            self.rtp_time = None;
            done = unit.or(done);
        }
        done
    }

    fn finish(&mut self) -> Option<Unit> {
        let data: Bytes = self.frame.split().freeze();
        let broken = std::mem::take(&mut self.broken);
        self.rtp_time?;
        if broken || data.is_empty() {
            self.gap |= self.started;
            self.started = false;
            return None;
        }
        if !self.started && !self.keyframe {
            return None;
        }
        self.started = true;
        let config = self.config.get_or_insert_with(|| Arc::new(Config::Vp8)).clone();
        let gap = std::mem::take(&mut self.gap);
        Some(Unit { pts: self.pts, duration: None, keyframe: self.keyframe, gap, level: None, config, data })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Depacketizer, Packetizer};
    use super::*;
    use crate::model::time::MediaTime;

    /// A payload with a picture id of 15 bits, a base layer number and a temporal layer, as browsers send it.
    fn payload(start: bool, id: u16, data: &[u8]) -> Arc<[u8]> {
        let id = (id | 0x8000).to_be_bytes();
        let head = [if start { 0x90 } else { 0x80 }, 0xe0, id[0], id[1], 7, 0x20];
        head.iter().chain(data).copied().collect()
    }

    fn packet(seq: u64, picture: i64, start: bool, marker: bool, data: &[u8]) -> Packet {
        Packet {
            codec: Codec::Vp8,
            seq,
            rtp_time: picture as u64 * 3000,
            time: MediaTime::from_millis(picture * 33),
            marker,
            keyframe: start && data[0] & 1 == 0,
            layer: Layer::LOWEST,
            level: None,
            payload: payload(start, picture as u16, data),
        }
    }

    fn units(packets: impl IntoIterator<Item = Packet>) -> Vec<Unit> {
        let mut from = Depacketizer::new(Codec::Vp8).expect("VP8 has packets");
        let mut units = Vec::new();
        for packet in packets {
            from.push(packet, MediaTime::from_millis(0), &mut units);
        }
        units
    }

    #[test]
    fn the_size_stands_in_the_head_of_a_keyframe() {
        let keyframe = [0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x40];
        assert_eq!(picture_size(&keyframe), Some((320, 180)), "the upper two bits say how to scale");
        assert_eq!(picture_size(&keyframe[..10]), None);
        assert_eq!(picture_size(&[0x10, 0x11, 0, 0, 0x9d, 0x01, 0x2a, 0, 0, 0, 0]), None, "no keyframe");
    }

    #[test]
    fn frames_are_put_together_from_a_keyframe_on() {
        let got = units([
            packet(0, 0, true, true, &[1, 9]),
            packet(1, 1, true, false, &[0, 1]),
            packet(2, 1, false, true, &[2]),
            packet(3, 2, true, true, &[1, 3]),
        ]);
        let told: Vec<_> = got.iter().map(|unit| (unit.keyframe, &unit.data[..], unit.gap)).collect();
        assert_eq!(told, [(true, &[0, 1, 2][..], false), (false, &[1, 3][..], false)]);
        assert_eq!(*got[0].config, Config::Vp8);
    }

    #[test]
    fn frames_survive_packets_of_every_size() {
        let mut to = Packetizer::new(Codec::Vp8).expect("VP8 has packets");
        let config = Arc::new(Config::Vp8);
        let frame = |n: i64, size: usize| Unit {
            pts: MediaTime::from_millis(n * 40),
            duration: None,
            keyframe: n == 0,
            gap: false,
            level: None,
            config: config.clone(),
            data: (0..size).map(|at| if at == 0 { u8::from(n != 0) } else { at as u8 }).collect(),
        };
        let most = PAYLOAD - HEAD;
        let frames: Vec<Unit> =
            (0..).zip([5000, 1, most, most + 1, 2 * most]).map(|(n, size)| frame(n, size)).collect();
        let mut packets = Vec::new();
        frames.iter().for_each(|frame| to.push(frame, &mut packets));
        assert!(packets.iter().all(|packet| packet.payload.len() <= PAYLOAD));
        assert!(packets.iter().enumerate().all(|(n, packet)| packet.seq == n as u64));
        let pictures: Vec<_> = packets.iter().map(|packet| numbers(&packet.payload).0.expect("it has one")).collect();
        assert!(pictures.is_sorted() && pictures.last() == Some(&4), "{pictures:?}");
        assert_eq!(packets.iter().filter(|packet| packet.keyframe).count(), 1);
        assert!(packets.iter().all(|packet| packet.keyframe == starts_keyframe(&packet.payload)));
        let got = units(packets);
        assert_eq!(got.iter().map(|u| (u.keyframe, u.gap)).collect::<Vec<_>>()[..2], [(true, false), (false, false)]);
        assert!(got.iter().zip(&frames).all(|(got, sent)| got.data == sent.data) && got.len() == frames.len());
        let before = got.len();
        let mut none = Vec::new();
        to.push(&Unit { data: Bytes::new(), ..frame(9, 1) }, &mut none);
        assert_eq!((none.len(), before), (0, 5), "an empty frame is none");
    }

    #[test]
    fn after_a_loss_nothing_comes_before_the_next_keyframe() {
        let mut from = Depacketizer::new(Codec::Vp8).expect("VP8 has packets");
        let mut got = Vec::new();
        let far = MediaTime::from_millis(10_000);
        from.push(packet(0, 0, true, true, &[0]), MediaTime::ZERO, &mut got);
        from.push(packet(2, 2, true, true, &[1]), MediaTime::ZERO, &mut got);
        from.tick(far, &mut got);
        assert_eq!(got.len(), 1);
        assert!(from.needs_keyframe());
        from.push(packet(3, 3, true, true, &[0]), far, &mut got);
        assert!(got.len() == 2 && got[1].gap && got[1].keyframe);
    }

    #[test]
    fn keyframes_begin_where_their_first_partition_does() {
        assert!(starts_keyframe(&payload(true, 5, &[0x10])));
        assert!(!starts_keyframe(&payload(true, 5, &[0x11])));
        assert!(!starts_keyframe(&payload(false, 5, &[0x10])));
        assert!(starts_keyframe(&[0x10, 0]), "without extensions");
        assert!(!starts_keyframe(&[0x11, 0]), "another partition");
        for short in [&[][..], &[0x90], &[0x90, 0x80], &[0x90, 0x80, 0x81], &[0x90, 0x80, 0x81, 1], &[0x10]] {
            assert!(!starts_keyframe(short));
            assert_eq!(moved(&short.into(), 1, 1)[..], *short);
        }
    }

    #[test]
    fn running_numbers_are_moved_within_their_width() {
        let long = payload(true, 0x7fff, &[0, 1]);
        assert_eq!(numbers(&long), (Some(0x7fff), Some(7)));
        let on = moved(&long, 3, 255);
        assert_eq!(numbers(&on), (Some(2), Some(6)));
        assert_eq!(on[6..], long[6..]);
        let short: Arc<[u8]> = [0x90, 0x80, 0x7f, 0].into();
        assert_eq!(numbers(&moved(&short, 2, 0)), (Some(1), None));
    }
}

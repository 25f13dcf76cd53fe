//! H.264 in RTP (RFC 6184): single NAL units, STAP-A and FU-A, packetization mode 1.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use h264_reader::nal::sps::SeqParameterSet;
use h264_reader::rbsp::{BitReader, decode_nal};

use super::PAYLOAD;
use crate::model::layer::Layer;
use crate::model::packet::Packet;
use crate::model::track::Codec;
use crate::model::unit::{Config, Unit};

const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// Largest access unit accepted, in bytes: a 4K keyframe at the highest level stays below it.
const UNIT: usize = 4 << 20;

fn kind(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |header| header & 31)
}

/// The NAL units inside a STAP-A, as far as they are well formed (RFC 6184 section 5.7.1).
fn aggregated(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = payload.get(1..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, tail) = rest.split_first_chunk::<2>()?;
        let (nal, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        rest = tail;
        (!nal.is_empty()).then_some(nal)
    })
}

/// Whether a payload begins a keyframe that a fresh decoder can start at: it carries the sequence parameter set.
pub fn starts_keyframe(payload: &[u8]) -> bool {
    match kind(payload) {
        SPS => true,
        STAP_A => aggregated(payload).any(|nal| kind(nal) == SPS),
        _ => false,
    }
}

/// Pixels across and down of the pictures that begin with this payload, if it carries a sequence parameter set that can be read.
pub fn picture_size(payload: &[u8]) -> Option<(u32, u32)> {
    let sps = match kind(payload) {
        SPS => payload,
        STAP_A => aggregated(payload).find(|nal| kind(nal) == SPS)?,
        _ => return None,
    };
    let rbsp = decode_nal(sps).ok()?;
    SeqParameterSet::from_bits(BitReader::new(&*rbsp)).ok()?.pixel_dimensions().ok()
}

#[derive(Default)]
pub(super) struct Assembler {
    config: Option<Arc<Config>>,
    sps: Option<Bytes>,
    pps: Option<Bytes>,
    /// NAL units of the picture being put together, each behind its length.
    picture: BytesMut,
    idr: bool,
    /// Where the NAL unit in fragments begins in `picture`.
    fragment: Option<usize>,
    rtp_time: Option<u64>,
    pts: crate::model::time::MediaTime,
    /// Something of the picture being put together is missing or wrong.
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
            // A picture that ended without its marker.
            done = self.finish();
            self.rtp_time = Some(packet.rtp_time);
            self.pts = packet.time;
        }
        self.payload(&packet.payload);
        if packet.marker {
            let unit = self.finish();
            self.rtp_time = None;
            // Two at once only if a marker was lost; the later one is what counts.
            done = unit.or(done);
        }
        done
    }

    fn payload(&mut self, payload: &[u8]) {
        match kind(payload) {
            1..=23 => self.nal(payload),
            STAP_A => {
                for nal in aggregated(payload) {
                    self.nal(nal);
                }
            }
            FU_A if payload.len() > 2 => self.fragment(payload),
            _ => self.broken = true,
        }
        self.broken |= self.picture.len() > UNIT;
    }

    fn nal(&mut self, nal: &[u8]) {
        match kind(nal) {
            SPS => keep(&mut self.sps, nal),
            PPS => keep(&mut self.pps, nal),
            // Access unit delimiter, end of sequence and stream, filler: nobody needs them.
            9..=12 => {}
            kind => {
                self.idr |= kind == IDR;
                if self.picture.len() + nal.len() <= UNIT {
                    self.picture.put_u32(nal.len() as u32);
                    self.picture.extend_from_slice(nal);
                } else {
                    self.broken = true;
                }
            }
        }
    }

    /// RFC 6184 section 5.8.
    fn fragment(&mut self, payload: &[u8]) {
        let (indicator, header, data) = (payload[0], payload[1], &payload[2..]);
        let (start, end) = (header & 0x80 != 0, header & 0x40 != 0);
        if start {
            self.fragment = Some(self.picture.len());
            self.picture.put_u32(0);
            self.picture.put_u8(indicator & 0xe0 | header & 31);
            self.idr |= header & 31 == IDR;
        }
        let Some(begin) = self.fragment else {
            self.broken = true;
            return;
        };
        if self.picture.len() + data.len() > UNIT {
            self.broken = true;
            return;
        }
        self.picture.extend_from_slice(data);
        if end {
            let length = (self.picture.len() - begin - 4) as u32;
            self.picture[begin..begin + 4].copy_from_slice(&length.to_be_bytes());
            self.fragment = None;
        }
    }

    fn finish(&mut self) -> Option<Unit> {
        let data = self.picture.split().freeze();
        let broken = std::mem::take(&mut self.broken) | self.fragment.take().is_some();
        let keyframe = std::mem::take(&mut self.idr);
        if broken {
            self.gap |= self.started;
            self.started = false;
            return None;
        }
        if data.is_empty() {
            return None;
        }
        if keyframe && let (Some(sps), Some(pps)) = (&self.sps, &self.pps) {
            let config = Config::H264 { sps: sps.clone(), pps: pps.clone() };
            if self.config.as_deref() != Some(&config) {
                self.config = Some(Arc::new(config));
            }
            self.started = true;
        }
        let config = self.config.clone().filter(|_| self.started)?;
        let gap = std::mem::take(&mut self.gap);
        Some(Unit { pts: self.pts, duration: None, keyframe, gap, level: None, config, data })
    }
}

fn keep(set: &mut Option<Bytes>, nal: &[u8]) {
    if set.as_deref() != Some(nal) {
        *set = Some(Bytes::copy_from_slice(nal));
    }
}

/// The NAL units of a unit's data, as far as their lengths hold.
fn nals(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let (length, tail) = rest.split_first_chunk::<4>()?;
        let (nal, tail) = tail.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        rest = tail;
        Some(nal)
    })
}

pub(super) fn packetize(unit: &Unit, rtp_time: u64, packets: &mut Vec<Packet>) {
    let first = packets.len();
    let mut send = |payload: Arc<[u8]>, keyframe: bool| {
        packets.push(Packet {
            codec: Codec::H264,
            seq: 0,
            rtp_time,
            time: unit.pts,
            marker: false,
            keyframe,
            layer: Layer::LOWEST,
            level: None,
            payload,
        });
    };
    if unit.keyframe
        && let Config::H264 { sps, pps } = &*unit.config
    {
        let mut payload = Vec::with_capacity(5 + sps.len() + pps.len());
        payload.push(kind_header(STAP_A));
        for set in [sps, pps] {
            payload.extend_from_slice(&(set.len() as u16).to_be_bytes());
            payload.extend_from_slice(set);
        }
        send(payload.into(), true);
    }
    for nal in nals(&unit.data).filter(|nal| !nal.is_empty()) {
        if nal.len() <= PAYLOAD {
            send(nal.into(), false);
            continue;
        }
        let body = &nal[1..];
        let chunks = body.len().div_ceil(PAYLOAD - 2);
        let size = body.len().div_ceil(chunks);
        for (index, chunk) in body.chunks(size).enumerate() {
            let mut payload = Vec::with_capacity(2 + chunk.len());
            payload.push(nal[0] & 0xe0 | FU_A);
            let start = if index == 0 { 0x80 } else { 0 };
            let end = if index + 1 == chunks { 0x40 } else { 0 };
            payload.push(start | end | kind(nal));
            payload.extend_from_slice(chunk);
            send(payload.into(), false);
        }
    }
    if packets.len() > first
        && let Some(last) = packets.last_mut()
    {
        last.marker = true;
    }
}

/// A NAL unit header of this type with the highest reference importance.
const fn kind_header(kind: u8) -> u8 {
    0x60 | kind
}

#[cfg(test)]
mod tests {
    use super::super::{Depacketizer, Packetizer};
    use super::*;
    use crate::model::time::MediaTime;
    use crate::model::track::Codec;

    fn unit(keyframe: bool, size: usize, millis: i64) -> Unit {
        let mut data = BytesMut::new();
        for (header, length) in [(if keyframe { 0x65 } else { 0x41 }, size), (0x06, 12)] {
            data.put_u32(length as u32);
            data.put_u8(header);
            data.extend((1..length).map(|i| (i * 31 + size) as u8));
        }
        let config = Config::H264 { sps: Bytes::from_static(b"\x67sps"), pps: Bytes::from_static(b"\x68pps") };
        Unit {
            pts: MediaTime::from_millis(millis),
            duration: None,
            keyframe,
            gap: false,
            level: None,
            config: Arc::new(config),
            data: data.freeze(),
        }
    }

    fn packets(units: &[Unit]) -> Vec<Packet> {
        let mut to = Packetizer::new(Codec::H264).expect("H.264 has packets");
        let mut packets = Vec::new();
        for unit in units {
            to.push(unit, &mut packets);
        }
        packets
    }

    fn units(packets: impl IntoIterator<Item = Packet>, from: &mut Depacketizer) -> Vec<Unit> {
        let mut units = Vec::new();
        for packet in packets {
            let now = packet.time;
            from.push(packet, now, &mut units);
        }
        units
    }

    #[test]
    fn units_survive_the_way_through_packets() {
        let sent = [unit(true, 9000, 0), unit(false, 100, 33), unit(false, PAYLOAD + 1, 66), unit(true, PAYLOAD, 99)];
        let packets = packets(&sent);
        assert!(packets.iter().all(|p| p.payload.len() <= PAYLOAD));
        assert_eq!(packets.iter().filter(|p| p.marker).count(), sent.len());
        assert_eq!(packets.iter().filter(|p| p.keyframe).count(), 2);
        assert!(packets.iter().all(|p| p.keyframe == starts_keyframe(&p.payload)));
        let got = units(packets, &mut Depacketizer::new(Codec::H264).expect("H.264 has packets"));
        assert_eq!(got.len(), sent.len());
        for (got, sent) in got.iter().zip(&sent) {
            assert_eq!((got.pts, got.keyframe, got.gap), (sent.pts, sent.keyframe, false));
            assert_eq!(got.data, sent.data);
            assert_eq!(got.config, sent.config);
        }
        assert!(Arc::ptr_eq(&got[0].config, &got[3].config), "an unchanged configuration is the same one");
    }

    #[test]
    fn a_lost_packet_means_nothing_until_the_next_keyframe_and_a_gap_there() {
        let sent = [unit(true, 3000, 0), unit(false, 3000, 33), unit(false, 50, 66), unit(true, 50, 400)];
        let mut packets = packets(&sent);
        let lost = packets.iter().position(|p| p.time == MediaTime::from_millis(33)).expect("it is there") + 1;
        packets.remove(lost);
        let mut from = Depacketizer::new(Codec::H264).expect("H.264 has packets");
        let got = units(packets, &mut from);
        assert_eq!(
            got.iter().map(|u| (u.pts.nanos() / 1_000_000, u.gap)).collect::<Vec<_>>(),
            [(0, false), (400, true)]
        );
    }

    #[test]
    fn nothing_comes_before_the_first_keyframe() {
        let sent = [unit(false, 50, 0), unit(false, 50, 33), unit(true, 50, 66)];
        let mut from = Depacketizer::new(Codec::H264).expect("H.264 has packets");
        assert!(from.needs_keyframe());
        let got = units(packets(&sent), &mut from);
        assert_eq!(got.iter().map(|u| u.pts).collect::<Vec<_>>(), [MediaTime::from_millis(66)]);
        assert!(!got[0].gap, "what was never started has no gap");
        assert!(!from.needs_keyframe());
    }

    #[test]
    fn garbage_is_survived() {
        let mut from = Depacketizer::new(Codec::H264).expect("H.264 has packets");
        let mut seed = 1u32;
        for seq in 0..20_000u64 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let length = (seed >> 24) as usize % 40;
            let payload: Vec<u8> = (0..length).map(|i| (seed >> (i % 24)) as u8).collect();
            let packet = Packet {
                codec: Codec::H264,
                seq,
                rtp_time: seq / 3,
                time: MediaTime::from_millis(seq as i64),
                marker: seed & 4 == 0,
                keyframe: starts_keyframe(&payload),
                layer: Layer::LOWEST,
                level: None,
                payload: payload.into(),
            };
            from.push(packet, MediaTime::from_millis(seq as i64), &mut Vec::new());
        }
        let sent = [unit(true, 300, 30_000)];
        let mut after = packets(&sent);
        for (index, packet) in after.iter_mut().enumerate() {
            packet.seq = 20_000 + index as u64;
        }
        assert_eq!(units(after, &mut from).last().map(|u| u.data.clone()), Some(sent[0].data.clone()));
    }
}

//! Media from outside: packets, access units, parameter sets, datagrams.

use bytes::Bytes;

use super::Input;
use crate::drivers::peer::server::testing as peers;
use crate::drivers::pipeline::annexb;
use crate::model::layer::Layer;
use crate::model::packet::Packet;
use crate::model::time::MediaTime;
use crate::model::track::{Codec, Kind};
use crate::model::unit::{Config, Unit};
use crate::proto::cmaf::Format;
use crate::proto::rtp::{Clock, Depacketizer, Packetizer, Report, starts_keyframe};
use crate::proto::sfu::Forwarder;

/// Packets as a browser could send them: eight bytes that say how each differs from the one before, then its payload.
fn packets(codec: Codec, bytes: &[u8]) -> impl Iterator<Item = Packet> {
    let mut input = Input(bytes);
    let (mut seq, mut rtp_time, mut at) = (1u64 << 16, 1u64 << 32, 0i64);
    std::iter::from_fn(move || {
        if input.is_empty() {
            return None;
        }
        let flags = input.byte();
        // Mostly the next one, else somewhere near.
        seq = if flags & 1 == 0 { seq + 1 } else { (seq + 32).saturating_sub(input.number(1)) };
        rtp_time += if flags & 2 == 0 { 0 } else { input.number(2) };
        at += if flags & 4 == 0 { 1_000_000 } else { input.number(3) as i64 * 1_000 };
        let payload = input.piece();
        Some(Packet {
            seq,
            rtp_time,
            time: MediaTime::from_nanos(at),
            marker: flags & 8 != 0,
            keyframe: starts_keyframe(codec, payload),
            codec,
            layer: Layer::LOWEST,
            level: None,
            payload: payload.into(),
        })
    })
}

/// What comes out of the packets, with the parts of it that a player would be given.
fn units(codec: Codec, bytes: &[u8]) -> Vec<Unit> {
    let mut depacketizer = Depacketizer::new(codec).expect("it is carried by RTP");
    let mut units = Vec::new();
    for packet in packets(codec, bytes) {
        let now = packet.time;
        depacketizer.push(packet, now, &mut units);
    }
    depacketizer.tick(MediaTime::from_nanos(i64::MAX / 2), &mut units);
    units
}

pub(super) fn rtp_h264(bytes: &[u8]) {
    let mut packetizer = Packetizer::new(Codec::H264).expect("it is carried by RTP");
    let mut again = Vec::new();
    for unit in units(Codec::H264, bytes) {
        assert!(unit.data.len() <= 5 << 20, "{} bytes", unit.data.len());
        if let Ok(format) = Format::read(&unit.config) {
            assert!(!format.init().is_empty());
        }
        packetizer.push(&unit, &mut again);
    }
    assert!(again.iter().all(|packet| packet.payload.len() <= 1_400));
}

pub(super) fn rtp_vp8(bytes: &[u8]) {
    let mut packetizer = Packetizer::new(Codec::Vp8).expect("it is carried by RTP");
    for unit in units(Codec::Vp8, bytes) {
        assert!(unit.data.len() <= 5 << 20, "{} bytes", unit.data.len());
        if let Ok(format) = Format::first(&unit) {
            assert!(!format.init().is_empty());
        }
        let mut packets = Vec::new();
        packetizer.push(&unit, &mut packets);
        assert_eq!(packets.iter().filter(|packet| packet.marker).count(), usize::from(!unit.data.is_empty()));
    }
}

pub(super) fn rtp_opus(bytes: &[u8]) {
    let mut packetizer = Packetizer::new(Codec::Opus).expect("it is carried by RTP");
    for unit in units(Codec::Opus, bytes) {
        assert!(unit.duration.is_some_and(|duration| !duration.is_zero() && duration.as_millis() <= 120));
        packetizer.push(&unit, &mut Vec::new());
    }
}

pub(super) fn rtp_forward(bytes: &[u8]) {
    for (kind, codec) in [(Kind::Audio, Codec::Opus), (Kind::Video, Codec::H264), (Kind::Video, Codec::Vp8)] {
        let mut forwarder = Forwarder::new(kind, 90_000, 7);
        let mut newest = 0;
        for packet in packets(codec, bytes) {
            if packet.payload.first() == Some(&0xff) {
                forwarder.restart();
            }
            let _ = forwarder.asks_keyframe(packet.time);
            if let Some(header) = forwarder.forward(&packet) {
                assert!(header.seq > 0, "numbers do not run backwards past the beginning");
                newest = newest.max(header.seq);
            }
        }
    }
}

pub(super) fn rtp_clock(bytes: &[u8]) {
    let mut input = Input(bytes);
    let mut clock = Clock::default();
    let tracks = [clock.add(48_000), clock.add(90_000)];
    let mut now = 0i64;
    while !input.is_empty() {
        let flags = input.byte();
        let rtp_time = input.number(8);
        now = now.saturating_add(input.number(5) as i64);
        let report = (flags & 2 != 0).then(|| Report {
            wall_nanos: i64::from_be_bytes(input.number(8).to_be_bytes()),
            rtp_time: input.number(8),
        });
        clock.time(tracks[usize::from(flags & 1)], rtp_time, report, MediaTime::from_nanos(now));
    }
}

pub(super) fn annexb(bytes: &[u8]) {
    let mut input = Input(bytes);
    let mut splitter = annexb::Splitter::default();
    while !input.is_empty() {
        let unit = input.piece();
        for nal in annexb::split(unit) {
            assert!(!nal.is_empty() && nal.last() != Some(&0));
        }
        let Some(coded) = splitter.take(unit) else { continue };
        let Config::H264 { sps, pps } = &*coded.config else { panic!("a splitter makes H.264") };
        let stream = annexb::join(Some((&sps[..], &pps[..])), &coded.data).expect("what was split can be joined");
        let mut again = annexb::Splitter::default();
        if let Some(again) = again.take(&stream) {
            assert_eq!(again, coded);
        }
    }
    let _ = annexb::join(None, bytes);
}

pub(super) fn cmaf_format(bytes: &[u8]) {
    let mut input = Input(bytes);
    let (sps, pps) = (Bytes::copy_from_slice(input.piece()), Bytes::copy_from_slice(input.piece()));
    let asc = Bytes::copy_from_slice(input.piece());
    let (rate, channels) = (input.number(4) as u32, input.byte());
    for config in [Config::H264 { sps, pps }, Config::Aac { asc, rate, channels }, Config::Opus { channels }] {
        if let Ok(format) = Format::read(&config) {
            assert!(!format.init().is_empty());
        }
    }
}

pub(super) fn datagram(bytes: &[u8]) {
    let mut input = Input(bytes);
    let pieces = std::iter::from_fn(|| (!input.is_empty()).then(|| input.piece()));
    peers::datagrams(include_str!("../../fuzz/seeds/offer/call.sdp"), pieces);
}

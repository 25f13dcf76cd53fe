//! Opus in RTP: one packet, one unit (RFC 7587 section 4.2).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::model::layer::Layer;
use crate::model::packet::Packet;
use crate::model::track::Codec;
use crate::model::unit::{Config, Unit};

pub(super) struct Assembler {
    config: Arc<Config>,
    gap: bool,
}

impl Default for Assembler {
    fn default() -> Self {
        Self { config: Arc::new(Config::Opus { channels: 2 }), gap: false }
    }
}

impl Assembler {
    pub(super) fn lost(&mut self) {
        self.gap = true;
    }

    pub(super) fn push(&mut self, packet: &Packet) -> Option<Unit> {
        let Some(duration) = duration(&packet.payload) else {
            self.gap = true;
            return None;
        };
        Some(Unit {
            pts: packet.time,
            duration: Some(duration),
            keyframe: true,
            gap: std::mem::take(&mut self.gap),
            level: packet.level,
            config: self.config.clone(),
            data: Bytes::copy_from_slice(&packet.payload),
        })
    }
}

/// How long an Opus packet lasts, from its first bytes (RFC 6716 section 3.1); `None` for what can't be Opus.
fn duration(packet: &[u8]) -> Option<Duration> {
    let &toc = packet.first()?;
    let frame: u64 = match toc >> 3 {
        config @ 0..=11 => [10_000, 20_000, 40_000, 60_000][usize::from(config % 4)],
        config @ 12..=15 => [10_000, 20_000][usize::from(config % 2)],
        config => [2_500, 5_000, 10_000, 20_000][usize::from(config % 4)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(packet.get(1)? & 63),
    };
    let micros = frame * frames;
    (micros > 0 && micros <= 120_000).then_some(Duration::from_micros(micros))
}

/// `after_silence`: nothing was sent just before it (RFC 3551 section 4.1).
pub(super) fn packetize(unit: &Unit, rtp_time: u64, after_silence: bool) -> Packet {
    Packet {
        codec: Codec::Opus,
        seq: 0,
        rtp_time,
        time: unit.pts,
        marker: unit.gap || after_silence,
        keyframe: true,
        layer: Layer::LOWEST,
        level: unit.level,
        payload: Arc::from(&unit.data[..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_from_the_first_bytes() {
        assert_eq!(duration(&[0b1111_1000]), Some(Duration::from_millis(20)), "CELT, fullband, 20 ms");
        assert_eq!(duration(&[0b0001_1000]), Some(Duration::from_millis(60)), "SILK, 60 ms");
        assert_eq!(duration(&[0b0110_0001, 0]), Some(Duration::from_millis(20)), "hybrid, two of 10 ms");
        assert_eq!(duration(&[0b1111_1011, 6]), Some(Duration::from_millis(120)), "six of 20 ms");
        assert_eq!(duration(&[0b1111_1011, 7]), None, "longer than Opus allows");
        assert_eq!(duration(&[0b1111_1011, 0]), None);
        assert_eq!(duration(&[0b1111_1011]), None);
        assert_eq!(duration(&[]), None);
    }
}

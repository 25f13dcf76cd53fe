//! Numbers and times of the packets of one stream as it leaves. Pure.

use crate::model::packet::Packet;

/// Times of packets are set right where they are off media time by more than this part of a second: another encoder counts from somewhere
/// else.
const APART: i64 = 5;

/// What comes next.
pub(super) struct Numbers {
    rate: i64,
    sequence: u16,
    /// Added to the times of packets.
    offset: Option<i64>,
    /// Where media time zero is.
    zero: i64,
}

impl Numbers {
    /// `rate` in ticks a second; both begin somewhere that nobody can guess (RFC 3550 section 5.1).
    pub(super) fn new(rate: u32, first: u32) -> Self {
        Self { rate: i64::from(rate), sequence: first as u16 & 0x7fff, offset: None, zero: i64::from(first >> 2) }
    }

    /// Sequence number and timestamp of a packet. Nothing is missing in the numbers: what was left out before is not asked for. Both streams
    /// have media time as their clock, so that lips and voice stay together.
    pub(super) fn next(&mut self, packet: &Packet) -> (u16, u32) {
        self.sequence = self.sequence.wrapping_add(1);
        let time = i128::from(packet.time.nanos()) * i128::from(self.rate) / 1_000_000_000;
        let wanted = self.zero.wrapping_add(time as i64);
        let ticks = packet.rtp_time as i64;
        let off = |offset: i64| ticks.wrapping_add(offset).wrapping_sub(wanted).unsigned_abs();
        let offset = match self.offset {
            Some(offset) if off(offset) < (self.rate / APART).unsigned_abs() => offset,
            _ => wanted.wrapping_sub(ticks),
        };
        self.offset = Some(offset);
        (self.sequence, ticks.wrapping_add(offset) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::layer::Layer;
    use crate::model::time::MediaTime;
    use crate::model::track::Codec;

    fn packet(seq: u64, rtp_time: u64, millis: i64) -> Packet {
        Packet {
            codec: Codec::H264,
            layer: Layer::LOWEST,
            seq,
            rtp_time,
            time: MediaTime::from_millis(millis),
            marker: true,
            keyframe: true,
            level: None,
            payload: [1][..].into(),
        }
    }

    #[test]
    fn numbers_have_no_holes_and_times_those_of_the_encoder_until_it_is_another() {
        let mut numbers = Numbers::new(90_000, 40);
        let (first, zero) = numbers.next(&packet(7, 500_000, 1000));
        assert_eq!(zero, 10 + 90_000);
        // A slewed clock changes nothing, and what is left out leaves no hole.
        assert_eq!(numbers.next(&packet(9, 503_000, 1031)), (first + 1, zero + 3_000));
        // Another encoder.
        assert_eq!(numbers.next(&packet(1, 17, 2000)), (first + 2, zero + 90_000));
        assert_eq!(numbers.next(&packet(2, 3_017, 2035)), (first + 3, zero + 93_000));
    }

    #[test]
    fn both_go_round_in_their_width() {
        let mut numbers = Numbers::new(48_000, u32::MAX);
        let first = numbers.next(&packet(0, u64::MAX, i64::MAX / 2_000_000));
        let second = numbers.next(&packet(0, 959, i64::MAX / 2_000_000 + 20));
        assert_eq!((second.0, second.1.wrapping_sub(first.1)), (first.0.wrapping_add(1), 960));
    }
}

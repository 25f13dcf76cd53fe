//! Puts packets in order and decides when a missing one is lost.

use std::collections::BTreeMap;

use super::REORDER;
use crate::model::packet::Packet;
use crate::model::time::MediaTime;

/// Packets that wait at most; beyond it the missing ones count as lost at once.
const WAITING: usize = 512;

pub(super) enum Next {
    Packet(Packet),
    /// One packet or more before the next one never came.
    Lost,
}

#[derive(Default)]
pub(super) struct Reorder {
    expected: Option<u64>,
    waiting: BTreeMap<u64, (Packet, MediaTime)>,
}

impl Reorder {
    pub(super) fn push(&mut self, packet: Packet, now: MediaTime) {
        if self.expected.is_none_or(|expected| packet.seq >= expected) {
            self.expected.get_or_insert(packet.seq);
            self.waiting.entry(packet.seq).or_insert((packet, now));
        }
    }

    pub(super) fn pop(&mut self, now: MediaTime) -> Option<Next> {
        let expected = self.expected?;
        let entry = self.waiting.first_entry()?;
        if *entry.key() == expected {
            self.expected = Some(expected + 1);
            return Some(Next::Packet(entry.remove().0));
        }
        let waited = now.since(entry.get().1);
        if waited > REORDER.as_nanos() as i64 || self.waiting.len() > WAITING {
            self.expected = self.waiting.first_key_value().map(|(&seq, _)| seq);
            return Some(Next::Lost);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::layer::Layer;

    fn packet(seq: u64) -> Packet {
        Packet {
            codec: crate::model::track::Codec::Opus,
            seq,
            rtp_time: 0,
            time: MediaTime::ZERO,
            marker: false,
            keyframe: false,
            layer: Layer::LOWEST,
            level: None,
            payload: [][..].into(),
        }
    }

    fn drain(order: &mut Reorder, now: MediaTime) -> Vec<Option<u64>> {
        std::iter::from_fn(|| order.pop(now))
            .map(|next| match next {
                Next::Packet(packet) => Some(packet.seq),
                Next::Lost => None,
            })
            .collect()
    }

    #[test]
    fn packets_come_out_in_order_and_once() {
        let mut order = Reorder::default();
        for seq in [5, 7, 6, 6, 9, 5, 8] {
            order.push(packet(seq), MediaTime::ZERO);
        }
        assert_eq!(drain(&mut order, MediaTime::ZERO), [5, 6, 7, 8, 9].map(Some));
    }

    #[test]
    fn a_missing_packet_is_waited_for_and_then_given_up() {
        let mut order = Reorder::default();
        order.push(packet(1), MediaTime::ZERO);
        order.push(packet(3), MediaTime::from_millis(10));
        assert_eq!(drain(&mut order, MediaTime::from_millis(100)), [Some(1)]);
        assert_eq!(drain(&mut order, MediaTime::from_millis(170)), [None, Some(3)]);
        order.push(packet(2), MediaTime::from_millis(180));
        assert_eq!(drain(&mut order, MediaTime::from_millis(400)), []);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut order = Reorder::default();
        order.push(packet(0), MediaTime::ZERO);
        for seq in 2..5000 {
            order.push(packet(seq), MediaTime::ZERO);
            while order.pop(MediaTime::ZERO).is_some() {}
            assert!(order.waiting.len() <= WAITING + 1);
        }
    }
}

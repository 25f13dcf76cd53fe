//! What came for a slot while its peer was still connecting: a picture that begins now would have to be asked for again otherwise,
//! and encoders make no two keyframes within half a second.

use crate::model::layer::{LAYERS, Layer};
use crate::model::packet::Packet;
use crate::model::time::MediaTime;

/// Packets of one layer at most: a third of a second at 4 Mbit/s.
const MOST: usize = 128;
/// A picture that began longer ago than this is not worth what it costs to catch up, in nanoseconds: a new one can be had.
const FRESH: i64 = 400_000_000;

/// The newest picture of each layer, from its keyframe on.
#[derive(Default)]
pub(super) struct Early {
    layers: [Vec<Packet>; LAYERS],
}

impl Early {
    /// Keeps what came, as far as it may be of use.
    pub(super) fn keep(&mut self, packets: &[Packet]) {
        for packet in packets {
            let kept = &mut self.layers[packet.layer.number()];
            let begins = packet.keyframe && kept.last().is_none_or(|last| last.rtp_time != packet.rtp_time);
            if begins {
                kept.clear();
            }
            match kept.len() {
                0 if !packet.keyframe => {}
                MOST.. => kept.clear(),
                _ => kept.push(packet.clone()),
            }
        }
    }

    /// Gives what is still fresh, the smallest layer first, and forgets everything.
    pub(super) fn take(&mut self, now: MediaTime) -> Vec<Packet> {
        let fresh = |kept: &Vec<Packet>| kept.first().is_some_and(|first| now.since(first.time) <= FRESH);
        let layers = std::mem::take(self).layers;
        layers.into_iter().filter(fresh).flatten().collect()
    }

    /// Forgets everything: another source is bound.
    pub(super) fn clear(&mut self) {
        for layer in Layer::ALL {
            self.layers[layer.number()].clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::track::Codec;

    fn packet(layer: Layer, picture: u64, seq: u64, keyframe: bool) -> Packet {
        Packet {
            codec: Codec::H264,
            layer,
            seq,
            rtp_time: picture * 3000,
            time: MediaTime::from_millis(picture as i64 * 33),
            marker: false,
            keyframe,
            level: None,
            payload: Arc::from(&[0u8][..]),
        }
    }

    fn taken(early: &mut Early, millis: i64) -> Vec<u64> {
        early.take(MediaTime::from_millis(millis)).iter().map(|packet| packet.seq).collect()
    }

    #[test]
    fn what_is_kept_begins_with_the_newest_keyframe() {
        let low = Layer::LOWEST;
        let mut early = Early::default();
        early.keep(&[
            packet(low, 0, 1, false),
            packet(low, 1, 2, true),
            packet(low, 1, 3, true),
            packet(low, 2, 4, false),
        ]);
        early.keep(&[packet(low, 3, 5, true), packet(low, 4, 6, false), packet(Layer::HIGHEST, 1, 1, false)]);
        assert_eq!(taken(&mut early, 200), [5, 6]);
        assert_eq!(taken(&mut early, 200), [] as [u64; 0], "once");
    }

    #[test]
    fn what_is_old_or_too_much_is_not_sent() {
        let low = Layer::LOWEST;
        let mut early = Early::default();
        early.keep(&[packet(low, 0, 1, true)]);
        assert_eq!(taken(&mut early, 401), [] as [u64; 0]);
        early.keep(&[packet(low, 0, 1, true)]);
        early.keep(&(2..=MOST as u64 + 1).map(|seq| packet(low, 1, seq, false)).collect::<Vec<_>>());
        assert_eq!(taken(&mut early, 10), [] as [u64; 0], "a part of a picture is of no use");
        early.keep(&[packet(low, 0, 1, true)]);
        early.clear();
        assert_eq!(taken(&mut early, 10), [] as [u64; 0]);
    }
}

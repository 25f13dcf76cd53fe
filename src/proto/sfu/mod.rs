//! Forwarding: what one subscriber gets of a publisher's packets.
//!
//! A [`Forwarder`] joins the streams of one source after another into a single RTP stream with consecutive sequence
//! numbers and rising timestamps (RFC 3550 section 5.1). Payload type and SSRC are the peer's own affair.

use std::time::Duration;

use crate::model::layer::Layer;
use crate::model::packet::Packet;
use crate::model::time::MediaTime;
use crate::model::track::{Codec, Kind};
use crate::proto::rtp::vp8;

/// A subscriber that waits for a keyframe asks again after this long.
pub const ASK_AGAIN: Duration = Duration::from_secs(1);
/// A publisher is asked for keyframes at most this often.
pub const ASK_APART: Duration = Duration::from_millis(500);

/// How much a slot matters when not everything fits: the first is served first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Sound, which is never paused.
    Sound,
    /// A shared screen.
    Screen,
    /// Who speaks, or was put in front by the person who looks.
    Speaker,
    /// A tile that is seen.
    Tile,
    /// What is not seen at the moment and may be soon.
    Rest,
}

/// Why nothing goes out to a slot although somebody is bound to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pause {
    /// The way to this subscriber holds no more.
    Connection,
    /// The subscriber can't receive the codec.
    Codec,
    /// The publisher sends nothing.
    Source,
}

/// What goes out to a slot now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// This layer.
    Layer(Layer),
    /// Nothing.
    Paused(Pause),
}

/// How a packet goes out to one subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Sequence number, extended past 16 bits, starting below 65 536 (the rollover counter of SRTP starts at 0).
    pub seq: u64,
    /// RTP timestamp.
    pub rtp_time: u32,
    /// How far the running numbers inside the payload move (VP8: picture id and number of the base layer); nothing if they stay.
    pub moves: Option<(u16, u8)>,
}

/// The place of one source inside the outgoing stream.
#[derive(Clone, Copy)]
struct Base {
    seq_in: u64,
    seq_out: u64,
    /// Wrapping difference between outgoing and incoming timestamp.
    shift: u32,
    moves: Option<(u16, u8)>,
}

/// Rewrites the packets of whatever source is bound to one slot.
pub struct Forwarder {
    kind: Kind,
    rate: u32,
    base: Option<Base>,
    next_seq: u64,
    /// Timestamp and media time of the newest packet sent.
    last: Option<(u32, MediaTime)>,
    /// The running numbers inside the newest payload sent.
    numbers: (Option<u16>, Option<u8>),
    asked: Option<MediaTime>,
}

impl Forwarder {
    /// For a slot of this kind whose timestamps tick `rate` times a second; the first packet goes out as number `seq` (below 32 768).
    pub fn new(kind: Kind, rate: u32, seq: u16) -> Self {
        Self {
            kind,
            rate,
            base: None,
            next_seq: u64::from(seq & 0x7fff).max(1),
            last: None,
            numbers: (None, None),
            asked: None,
        }
    }

    /// Another source is bound, or packets of this one were missed: video goes on with the next keyframe.
    pub fn restart(&mut self) {
        self.base = None;
        self.asked = None;
    }

    /// Whether the source should be asked for a keyframe now; asks again after [`ASK_AGAIN`] while none has come.
    pub fn asks_keyframe(&mut self, now: MediaTime) -> bool {
        let due = self.asked.is_none_or(|asked| now.since(asked) >= ASK_AGAIN.as_nanos() as i64);
        let ask = self.kind == Kind::Video && self.base.is_none() && due;
        if ask {
            self.asked = Some(now);
        }
        ask
    }

    /// How this packet goes out, or `None` if it does not.
    pub fn forward(&mut self, packet: &Packet) -> Option<Header> {
        let base = match self.base {
            Some(base) => base,
            None if self.kind == Kind::Video && !packet.keyframe => return None,
            None => {
                let incoming = packet.rtp_time as u32;
                let outgoing = match self.last {
                    // As far on as time has gone, and at least one tick.
                    Some((last, at)) => {
                        let nanos = packet.time.since(at).max(0);
                        last.wrapping_add((MediaTime::from_nanos(nanos).ticks(self.rate) as u32).max(1))
                    }
                    None => incoming,
                };
                let shift = outgoing.wrapping_sub(incoming);
                let moves = self.moves(packet);
                let base = Base { seq_in: packet.seq, seq_out: self.next_seq, shift, moves };
                self.base = Some(base);
                base
            }
        };
        // Older than where this source began here: a late retransmission of what nobody waits for.
        let seq = base.seq_out + packet.seq.checked_sub(base.seq_in)?;
        let rtp_time = (packet.rtp_time as u32).wrapping_add(base.shift);
        if seq >= self.next_seq {
            self.next_seq = seq + 1;
            self.last = Some((rtp_time, packet.time));
            if packet.codec == Codec::Vp8 {
                let (id, layer) = vp8::numbers(&packet.payload);
                let (by_id, by_layer) = base.moves.unwrap_or_default();
                self.numbers = (id.map(|id| id.wrapping_add(by_id)), layer.map(|layer| layer.wrapping_add(by_layer)));
            }
        }
        Some(Header { seq, rtp_time, moves: base.moves })
    }

    /// What makes the numbers inside this payload follow those that were sent (RFC 7741 section 4.2: they run on).
    fn moves(&self, packet: &Packet) -> Option<(u16, u8)> {
        if packet.codec != Codec::Vp8 {
            return None;
        }
        let (id, layer) = vp8::numbers(&packet.payload);
        let by_id = self.numbers.0.zip(id).map_or(0, |(last, id)| last.wrapping_add(1).wrapping_sub(id));
        let by_layer = self.numbers.1.zip(layer).map_or(0, |(last, layer)| last.wrapping_add(1).wrapping_sub(layer));
        (by_id != 0 || by_layer != 0).then_some((by_id, by_layer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(seq: u64, millis: i64, keyframe: bool) -> Packet {
        Packet {
            codec: Codec::H264,
            seq,
            rtp_time: 4_294_967_000 + (millis * 90) as u64,
            time: MediaTime::from_millis(millis),
            marker: false,
            keyframe,
            layer: Layer::LOWEST,
            level: None,
            payload: [0u8][..].into(),
        }
    }

    #[test]
    fn video_begins_with_a_keyframe_and_keeps_order_and_gaps() {
        let mut to = Forwarder::new(Kind::Video, 90_000, 100);
        assert!(to.asks_keyframe(MediaTime::ZERO));
        assert!(!to.asks_keyframe(MediaTime::from_millis(999)));
        assert!(to.asks_keyframe(MediaTime::from_millis(1000)), "it asks again while none has come");
        assert_eq!(to.forward(&packet(7_000_000, 0, false)), None);
        let seqs: Vec<_> = [(7_000_001, true), (7_000_004, false), (7_000_002, false), (7_000_000, false)]
            .map(|(seq, key)| to.forward(&packet(seq, 33, key)).map(|h| h.seq))
            .into();
        assert_eq!(seqs, [Some(100), Some(103), Some(101), None]);
        assert!(!to.asks_keyframe(MediaTime::from_millis(9000)));
    }

    #[test]
    fn another_source_goes_on_without_a_seam() {
        let mut to = Forwarder::new(Kind::Video, 90_000, 1);
        let first = to.forward(&packet(10, 0, true)).expect("a keyframe begins");
        let second = to.forward(&packet(11, 40, false)).expect("it goes on");
        assert_eq!(second.rtp_time.wrapping_sub(first.rtp_time), 3600);
        to.restart();
        assert_eq!(to.forward(&packet(90_000, 60, false)), None);
        let mut other = packet(90_001, 80, true);
        other.rtp_time = 5;
        let third = to.forward(&other).expect("a keyframe begins");
        assert_eq!(third.seq, second.seq + 1);
        assert_eq!(third.rtp_time.wrapping_sub(second.rtp_time), 3600, "40 ms later");
    }

    #[test]
    fn the_numbers_inside_vp8_run_on_from_one_source_to_the_next() {
        let vp8 = |seq: u64, id: u16, layer: u8, keyframe: bool| {
            let [high, low] = (id | 0x8000).to_be_bytes();
            let payload = [0x90, 0xe0, high, low, layer, 0x20, u8::from(!keyframe)][..].into();
            Packet { codec: Codec::Vp8, payload, ..packet(seq, seq as i64 * 40, keyframe) }
        };
        let mut to = Forwarder::new(Kind::Video, 90_000, 1);
        let send = |to: &mut Forwarder, packet: Packet| {
            let moves = to.forward(&packet).expect("it goes out").moves;
            vp8::numbers(&moves.map_or(packet.payload.clone(), |(id, layer)| vp8::moved(&packet.payload, id, layer)))
        };
        assert_eq!(send(&mut to, vp8(5, 0x7ffe, 255, true)), (Some(0x7ffe), Some(255)));
        assert_eq!(to.forward(&vp8(6, 0x7fff, 255, false)).expect("it goes out").moves, None, "no copy for the first");
        to.restart();
        assert_eq!(send(&mut to, vp8(70, 100, 9, true)), (Some(0), Some(0)));
        assert_eq!(send(&mut to, vp8(71, 101, 10, false)), (Some(1), Some(1)));
        to.restart();
        assert_eq!(send(&mut to, vp8(7, 3, 3, true)), (Some(2), Some(2)));
    }

    #[test]
    fn sound_begins_at_once() {
        let mut to = Forwarder::new(Kind::Audio, 48_000, 5);
        assert!(!to.asks_keyframe(MediaTime::ZERO));
        assert_eq!(to.forward(&packet(3, 0, true)).map(|h| h.seq), Some(5));
    }

    #[test]
    fn the_first_number_leaves_the_rollover_counter_at_zero() {
        let mut to = Forwarder::new(Kind::Audio, 48_000, u16::MAX);
        assert!(to.forward(&packet(3, 0, true)).is_some_and(|h| h.seq < 32_768));
    }
}

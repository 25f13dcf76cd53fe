//! Forwarding: what one subscriber gets of a publisher's packets.
//!
//! A [`Forwarder`] joins the streams of one source after another into a single RTP stream with consecutive sequence
//! numbers and rising timestamps (RFC 3550 section 5.1). Payload type and SSRC are the peer's own affair.

use std::time::Duration;

use crate::model::packet::Packet;
use crate::model::time::MediaTime;
use crate::model::track::Kind;

/// A subscriber that waits for a keyframe asks again after this long.
pub const ASK_AGAIN: Duration = Duration::from_secs(1);
/// A publisher is asked for keyframes at most this often.
pub const ASK_APART: Duration = Duration::from_millis(500);

/// How a packet goes out to one subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Sequence number, extended past 16 bits, starting below 65 536 (the rollover counter of SRTP starts at 0).
    pub seq: u64,
    /// RTP timestamp.
    pub rtp_time: u32,
}

/// The place of one source inside the outgoing stream.
#[derive(Clone, Copy)]
struct Base {
    seq_in: u64,
    seq_out: u64,
    /// Wrapping difference between outgoing and incoming timestamp.
    shift: u32,
}

/// Rewrites the packets of whatever source is bound to one slot.
pub struct Forwarder {
    kind: Kind,
    rate: u32,
    base: Option<Base>,
    next_seq: u64,
    /// Timestamp and media time of the newest packet sent.
    last: Option<(u32, MediaTime)>,
    asked: Option<MediaTime>,
}

impl Forwarder {
    /// For a slot of this kind whose timestamps tick `rate` times a second; the first packet goes out as number `seq` (below 32 768).
    pub fn new(kind: Kind, rate: u32, seq: u16) -> Self {
        Self { kind, rate, base: None, next_seq: u64::from(seq & 0x7fff).max(1), last: None, asked: None }
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
                let base = Base { seq_in: packet.seq, seq_out: self.next_seq, shift: outgoing.wrapping_sub(incoming) };
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
        }
        Some(Header { seq, rtp_time })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(seq: u64, millis: i64, keyframe: bool) -> Packet {
        Packet {
            seq,
            rtp_time: 4_294_967_000 + (millis * 90) as u64,
            time: MediaTime::from_millis(millis),
            marker: false,
            keyframe,
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

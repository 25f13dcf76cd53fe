//! One stream of RTP out of many, with consecutive sequence numbers and rising timestamps (RFC 3550 section 5.1).

use super::ASK_AGAIN;
use super::seen::{Order, Seen};
use crate::model::layer::Layer;
use crate::model::packet::Packet;
use crate::model::time::MediaTime;
use crate::model::track::{Codec, Kind};
use crate::proto::rtp::vp8;

/// How a packet goes out to one subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Sequence number, extended past 16 bits, starting below 32 768 (the rollover counter of SRTP starts at 0).
    pub seq: u64,
    /// RTP timestamp.
    pub rtp_time: u32,
    /// How far the running numbers inside the payload move (VP8: picture id and number of the base layer); nothing if they stay.
    pub moves: Option<(u16, u8)>,
}

/// The place of one layer of one source inside the outgoing stream.
#[derive(Clone, Copy)]
struct Base {
    layer: Layer,
    seq_in: u64,
    seq_out: u64,
    /// Wrapping difference between outgoing and incoming timestamp.
    shift: u32,
    moves: Option<(u16, u8)>,
}

/// The newest packet that was sent.
#[derive(Clone, Copy)]
struct Sent {
    rtp_time: u32,
    time: MediaTime,
    /// Ticks by which its timestamp is ahead of its media time, measured from the first one: a timestamp has to rise even where
    /// media time does not. The next change of layer takes it back.
    ahead: i64,
}

/// Rewrites the packets of whatever source is bound to one slot, the largest layer of it up to the one that is aimed at.
///
/// A layer begins with a keyframe, and the one before goes on until then.
pub struct Forwarder {
    kind: Kind,
    rate: u32,
    aim: Option<Layer>,
    /// What the source is coded in now.
    codec: Option<Codec>,
    seen: Seen,
    base: Option<Base>,
    next_seq: u64,
    sent: Option<Sent>,
    /// The running numbers inside the newest payload sent.
    numbers: (Option<u16>, Option<u8>),
    asked: Option<(Layer, MediaTime)>,
}

impl Forwarder {
    /// For a slot of this kind whose timestamps tick `rate` times a second; the first packet goes out as number `seq` (below
    /// 32 768). It aims at the highest layer.
    pub fn new(kind: Kind, rate: u32, seq: u16) -> Self {
        Self {
            kind,
            rate,
            aim: Some(Layer::HIGHEST),
            codec: None,
            seen: Seen::default(),
            base: None,
            next_seq: u64::from(seq & 0x7fff).max(1),
            sent: None,
            numbers: (None, None),
            asked: None,
        }
    }

    /// Which layer is to go out, as soon as it can; `None` for nothing, at once.
    pub fn aim(&mut self, at: Option<Layer>) {
        if self.aim == at {
            return;
        }
        self.aim = at;
        if at.is_none() {
            self.base = None;
            self.asked = None;
        }
    }

    /// The layer that goes out now; `None` while a keyframe is waited for, and while nothing is to go out.
    pub fn layer(&self) -> Option<Layer> {
        self.base.map(|base| base.layer)
    }

    /// Another source is bound, or packets of this one were missed: video goes on with the next keyframe. The aim stays.
    pub fn restart(&mut self) {
        self.codec = None;
        self.seen = Seen::default();
        self.base = None;
        self.asked = None;
    }

    /// The layer of which the source should be asked for a keyframe now. Asks again after [`ASK_AGAIN`] while none has come,
    /// and at once for another layer. Of a source of which nothing has come yet it is the one aimed at, which may be larger than
    /// any the source has: then the largest it has is meant.
    pub fn asks_keyframe(&mut self, now: MediaTime) -> Option<Layer> {
        if self.kind != Kind::Video {
            return None;
        }
        let layer = self.missing()?;
        let early = |(asked, at): (Layer, MediaTime)| asked == layer && now.since(at) < ASK_AGAIN.as_nanos() as i64;
        if self.asked.is_some_and(early) {
            return None;
        }
        self.asked = Some((layer, now));
        Some(layer)
    }

    /// The layer that should go out and does not.
    fn missing(&self) -> Option<Layer> {
        let aim = self.aim?;
        let best = self.seen.best(aim, None);
        match self.base {
            None => Some(best.unwrap_or(aim)),
            Some(base) if base.layer > aim => Some(best.unwrap_or(aim)),
            // Nothing below it either: the source is silent.
            Some(base) if !self.seen.flows(base.layer) => best,
            Some(base) => best.filter(|best| *best > base.layer),
        }
    }

    /// How this packet goes out, or `None` if it does not.
    pub fn forward(&mut self, packet: &Packet) -> Option<Header> {
        if self.codec != Some(packet.codec) {
            // Late ones of the codec before have no part in this.
            if self.seen.newest().is_some_and(|newest| packet.time <= newest) {
                return None;
            }
            self.restart();
            self.codec = Some(packet.codec);
        }
        let order = self.seen.packet(packet);
        let aim = self.aim?;
        if order == Order::Anew && self.layer() == Some(packet.layer) {
            self.base = None;
        }
        let base = match self.base {
            Some(base) if base.layer == packet.layer => base,
            // Behind packets that did not go out a keyframe is of no use: it would never be whole.
            _ if order != Order::Late && self.may_begin(packet, aim) => self.begin(packet),
            _ => return None,
        };
        // Older than where this layer began here: a late retransmission of what nobody waits for.
        let seq = base.seq_out.checked_add(packet.seq.checked_sub(base.seq_in)?)?;
        let rtp_time = (packet.rtp_time as u32).wrapping_add(base.shift);
        if seq >= self.next_seq {
            self.next_seq = seq.saturating_add(1);
            let ahead = self.sent.map_or(0, |sent| sent.ahead);
            self.sent = Some(Sent { rtp_time, time: packet.time, ahead });
            if packet.codec == Codec::Vp8 {
                let (id, layer) = vp8::numbers(&packet.payload);
                let (by_id, by_layer) = base.moves.unwrap_or_default();
                self.numbers = (id.map(|id| id.wrapping_add(by_id)), layer.map(|layer| layer.wrapping_add(by_layer)));
            }
        }
        Some(Header { seq, rtp_time, moves: base.moves })
    }

    /// Whether the layer of this packet is to go out from here on.
    fn may_begin(&self, packet: &Packet, aim: Layer) -> bool {
        if self.kind == Kind::Audio {
            return self.base.is_none();
        }
        if !packet.keyframe || packet.layer > aim {
            return false;
        }
        match self.base {
            None => true,
            Some(base) if base.layer > aim => self.seen.best(aim, None).is_none_or(|best| packet.layer >= best),
            Some(base) => packet.layer > base.layer || !self.seen.flows(base.layer),
        }
    }

    fn begin(&mut self, packet: &Packet) -> Base {
        let incoming = packet.rtp_time as u32;
        let outgoing = match self.sent {
            // As far on as time has gone, and at least one tick.
            Some(sent) => {
                let gone = MediaTime::from_nanos(packet.time.since(sent.time)).ticks(self.rate) - sent.ahead;
                let on = gone.max(1);
                self.sent = Some(Sent { ahead: on - gone, ..sent });
                sent.rtp_time.wrapping_add(on as u32)
            }
            None => incoming,
        };
        let shift = outgoing.wrapping_sub(incoming);
        let moves = self.moves(packet);
        let base = Base { layer: packet.layer, seq_in: packet.seq, seq_out: self.next_seq, shift, moves };
        self.base = Some(base);
        self.asked = self.asked.filter(|(asked, _)| *asked > packet.layer);
        base
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
mod tests;

//! What has come of each layer of a source, as far as choosing among them needs it.

use super::SILENT;
use crate::model::layer::{LAYERS, Layer, Layers};
use crate::model::packet::Packet;
use crate::model::time::MediaTime;

/// So many pictures of others have come without one of a layer before its silence means anything: at one picture a second
/// each layer is silent for a second.
const BEHIND: u8 = 4;
/// A step forward in sequence numbers that no loss explains: the sender has begun anew.
const LEAP: u64 = 4096;

#[derive(Clone, Copy)]
struct Place {
    /// Newest sequence number.
    seq: u64,
    rtp_time: u64,
    time: MediaTime,
    /// Pictures of other layers since the newest of this one.
    behind: u8,
}

/// How a packet stands to those of its layer that came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Newer than all of them.
    Newer,
    /// Late, or once more.
    Late,
    /// It has nothing to do with them: its sender has begun anew.
    Anew,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Seen {
    places: [Option<Place>; LAYERS],
    newest: Option<MediaTime>,
}

impl Seen {
    pub(super) fn packet(&mut self, packet: &Packet) -> Order {
        let number = packet.layer.number();
        let silent = SILENT.as_nanos() as i64;
        let before = self.places[number];
        let order = match before {
            Some(place) if packet.seq > place.seq.saturating_add(LEAP) => Order::Anew,
            Some(place) if packet.seq > place.seq => Order::Newer,
            Some(place) if packet.time.since(place.time) > silent => Order::Anew,
            Some(_) => return Order::Late,
            None => Order::Newer,
        };
        if before.is_none_or(|place| place.rtp_time != packet.rtp_time) {
            for place in self.places.iter_mut().flatten() {
                place.behind = place.behind.saturating_add(1);
            }
        }
        let (seq, rtp_time, time) = (packet.seq, packet.rtp_time, packet.time);
        self.places[number] = Some(Place { seq, rtp_time, time, behind: 0 });
        self.newest = Some(self.newest.map_or(time, |newest| newest.max(time)));
        order
    }

    /// Media time of the newest packet.
    pub(super) fn newest(&self) -> Option<MediaTime> {
        self.newest
    }

    pub(super) fn flows(&self, layer: Layer) -> bool {
        let (Some(place), Some(newest)) = (self.places[layer.number()], self.newest) else {
            return false;
        };
        place.behind < BEHIND || newest.since(place.time) <= SILENT.as_nanos() as i64
    }

    /// The largest that flows up to this one, but for `but`.
    pub(super) fn best(&self, most: Layer, but: Option<Layer>) -> Option<Layer> {
        Layers::up_to(most).iter().filter(|layer| Some(*layer) != but && self.flows(*layer)).last()
    }
}

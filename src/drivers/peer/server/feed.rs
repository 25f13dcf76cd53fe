//! One track that is forwarded: its reader, where it goes, what it costs and how loud it is.

use str0m::media::Mid as Section;

use super::slot::Redundancy;
use crate::model::bitrate::Bitrate;
use crate::model::id::PeerId;
use crate::model::layer::{LAYERS, Layer, Layers};
use crate::model::packet::Packet;
use crate::model::ring::Reader;
use crate::model::time::MediaTime;
use crate::model::track::{Codec, Kind};
use crate::proto::sfu::{Level, Rates};

pub(super) struct Feed {
    pub(super) from: Reader<Packet>,
    /// The slots it goes to.
    pub(super) to: Vec<(PeerId, Section)>,
    pub(super) redundancy: Redundancy,
    kind: Kind,
    /// How it is coded, once something came.
    codec: Option<Codec>,
    rates: Rates,
    level: Level,
    wanted: Layers,
}

impl Feed {
    pub(super) fn new(kind: Kind, from: Reader<Packet>) -> Self {
        // Of pictures nothing is wanted before a slot shows them.
        let wanted = match kind {
            Kind::Audio => Layers::ALL,
            Kind::Video => Layers::NONE,
        };
        from.want(wanted);
        Self {
            from,
            to: Vec::new(),
            redundancy: Redundancy::default(),
            kind,
            codec: None,
            rates: Rates::new(kind),
            level: Level::default(),
            wanted,
        }
    }

    /// The same track by another reader.
    pub(super) fn replace(&mut self, from: Reader<Packet>) {
        from.want(self.wanted);
        self.from = from;
    }

    /// Takes note of what came.
    pub(super) fn came(&mut self, packets: &[Packet], now: MediaTime) {
        for packet in packets {
            self.rates.count(packet, now);
            if let Some(level) = packet.level {
                self.level.heard(level, now);
            }
        }
        self.codec = packets.last().map(|packet| packet.codec).or(self.codec);
    }

    /// How it is coded, as far as that is known.
    pub(super) fn codec(&self) -> Option<Codec> {
        self.codec
    }

    /// How loud it is now, in -dBov; of sound alone.
    pub(super) fn loudness(&self, now: MediaTime) -> Option<u8> {
        (self.kind == Kind::Audio).then(|| self.level.level(now))
    }

    /// What each layer costs, see [`Rates::costs`].
    pub(super) fn costs(&mut self, now: MediaTime) -> [Option<Bitrate>; LAYERS] {
        let (mut costs, there) = (self.rates.costs(now), self.from.layers());
        for layer in Layer::ALL.into_iter().filter(|layer| !there.has(*layer)) {
            costs[layer.number()] = None;
        }
        costs
    }

    /// The layers that flow.
    pub(super) fn flowing(&self, now: MediaTime) -> Layers {
        self.rates.flowing(now)
    }

    /// Whether it was to come for long enough that silence means that nothing is sent.
    pub(super) fn is_silent(&mut self, now: MediaTime) -> bool {
        self.flowing(now).is_empty() && self.costs(now).iter().all(Option::is_none)
    }

    /// The layers that its slots are given.
    pub(super) fn want(&mut self, layers: Layers, now: MediaTime) {
        if self.kind == Kind::Video && self.wanted != layers {
            self.wanted = layers;
            self.rates.want(layers, now);
            self.from.want(layers);
        }
    }
}

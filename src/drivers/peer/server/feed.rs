//! One track that is forwarded: its reader, where it goes, what it costs and how loud it is.

use std::task::{Context, Poll};

use str0m::media::Mid as Section;

use super::slot::Redundancy;
use crate::model::bitrate::Bitrate;
use crate::model::id::PeerId;
use crate::model::layer::{LAYERS, Layer, Layers};
use crate::model::packet::Packet;
use crate::model::ring::{Next, Pass, Reader};
use crate::model::time::MediaTime;
use crate::model::track::{Codec, Kind};
use crate::proto::sfu::{Level, Rates};

pub(super) struct Feed {
    pass: Pass<Packet>,
    /// There while it is read, and always where it is known to be in use whether it goes to a slot or not.
    from: Option<Reader<Packet>>,
    /// It is read even if it goes to no slot: who speaks is heard before it is sent to anybody.
    listens: bool,
    keeps: bool,
    /// The slots it goes to.
    to: Vec<(PeerId, Section)>,
    redundancy: Redundancy,
    kind: Kind,
    /// How it is coded, once something came.
    codec: Option<Codec>,
    rates: Rates,
    level: Level,
    wanted: Layers,
}

impl Feed {
    /// Of several feeds of one track, one is made with a reader to keep: that one listens, and is a reader even while nothing is
    /// shown.
    pub(super) fn new(kind: Kind, pass: Pass<Packet>, keep: Option<Reader<Packet>>) -> Self {
        // Of pictures nothing is wanted before a slot shows them.
        let wanted = match kind {
            Kind::Audio => Layers::ALL,
            Kind::Video => Layers::NONE,
        };
        if let Some(keep) = &keep {
            keep.want(wanted);
        }
        Self {
            pass,
            listens: keep.is_some() && kind == Kind::Audio,
            keeps: keep.is_some(),
            from: keep,
            to: Vec::new(),
            redundancy: Redundancy::default(),
            kind,
            codec: None,
            rates: Rates::new(kind),
            level: Level::default(),
            wanted,
        }
    }

    /// The same track by another pass.
    pub(super) fn replace(&mut self, pass: Pass<Packet>, keep: Option<Reader<Packet>>) {
        let reads = self.from.is_some();
        self.from = keep.inspect(|keep| keep.want(self.wanted)).or_else(|| reads.then(|| pass.reader(self.wanted)));
        self.pass = pass;
    }

    /// The slots it goes to.
    pub(super) fn to(&self) -> &[(PeerId, Section)] {
        &self.to
    }

    /// The same, and what is made for all of them once.
    pub(super) fn sends(&mut self) -> (&[(PeerId, Section)], &mut Redundancy) {
        (&self.to, &mut self.redundancy)
    }

    /// It goes to this slot as well.
    pub(super) fn join(&mut self, slot: (PeerId, Section)) {
        if self.to.contains(&slot) {
            return;
        }
        if self.to.is_empty() && !self.listens {
            match &mut self.from {
                // What came meanwhile is nothing that was missed.
                Some(from) => from.skip(),
                None => self.from = Some(self.pass.reader(self.wanted)),
            }
        }
        self.to.push(slot);
    }

    /// It does not go to these any more.
    pub(super) fn leave(&mut self, gone: impl Fn(&(PeerId, Section)) -> bool) {
        self.to.retain(|slot| !gone(slot));
        if self.to.is_empty() && !self.keeps {
            self.from = None;
        }
    }

    /// What comes next, while anybody has a use for it.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next<Packet>> {
        match &mut self.from {
            Some(from) if self.listens || !self.to.is_empty() => from.poll_next(cx),
            _ => Poll::Pending,
        }
    }

    /// Asks for keyframes in these layers.
    pub(super) fn request_keyframes(&self, layers: Layers) {
        if let Some(from) = &self.from {
            from.request_keyframes(layers);
        }
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
        let there = self.from.as_ref().map_or(Layers::ALL, Reader::layers);
        let mut costs = self.rates.costs(now);
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
            if let Some(from) = &self.from {
                from.want(layers);
            }
        }
    }
}

//! Who publishes what, and for whom.

use std::collections::HashMap;

use super::{Error, Inventory, Native};
use crate::model::id::PublicationId;
use crate::model::packet::Packet;
use crate::model::purpose::{Audience, Purpose};
use crate::model::ring::{Gate, Reader, Source};
use crate::model::track::{Codec, Kind};
use crate::model::unit::Unit;

/// Of two tracks that are both pictures.
const PICTURES: (Kind, Kind) = (Kind::Video, Kind::Video);

/// One form of a track and the permissions given out on it.
pub(super) struct Form<T> {
    source: Source<T>,
    gates: Vec<(Purpose, Gate)>,
}

impl<T> Form<T> {
    pub(super) fn new(source: Source<T>) -> Self {
        Self { source, gates: Vec::new() }
    }

    /// A reader; none of what nothing will come of any more, whose publication may be there a moment longer.
    fn reader(&mut self, purpose: Purpose) -> Option<Reader<T>> {
        if self.source.is_closed() {
            return None;
        }
        self.gates.retain(|(_, gate)| gate.is_held());
        let gate = Gate::default();
        self.gates.push((purpose, gate.clone()));
        Some(self.source.reader(gate))
    }

    fn count(&self, of: &mut [usize; Purpose::ALL.len()]) {
        for (purpose, _) in self.gates.iter().filter(|(_, gate)| gate.is_held()) {
            if let Some(at) = Purpose::ALL.iter().position(|known| known == purpose) {
                of[at] += 1;
            }
        }
    }

    fn keep(&mut self, audience: Audience) {
        self.gates.retain(|(purpose, gate)| {
            let stays = audience.permits(*purpose);
            if !stays {
                gate.close();
            }
            stays
        });
        self.source.wake();
    }
}

pub(super) struct Track {
    pub(super) codec: Codec,
    pub(super) packets: Option<Form<Packet>>,
    pub(super) units: Option<Form<Unit>>,
    /// Ends the conversion with the track.
    pub(super) _conversion: tokio_util::sync::DropGuard,
}

impl Track {
    fn keep(&mut self, audience: Audience) {
        if let Some(packets) = &mut self.packets {
            packets.keep(audience);
        }
        if let Some(units) = &mut self.units {
            units.keep(audience);
        }
    }
}

struct Publication {
    audience: Audience,
    tracks: Vec<Track>,
}

#[derive(Default)]
pub(super) struct State {
    publications: HashMap<PublicationId, Publication>,
}

impl State {
    pub(super) fn publish(&mut self, id: PublicationId, audience: Audience) {
        self.publications.entry(id).or_insert_with(|| Publication { audience, tracks: Vec::new() });
        self.set_audience(id, audience);
    }

    pub(super) fn is_known(&self, id: PublicationId) -> bool {
        self.publications.contains_key(&id)
    }

    pub(super) fn track(&mut self, id: PublicationId, track: Track) {
        if let Some(publication) = self.publications.get_mut(&id) {
            // Sound may be there in two codecs at once, pictures never: whoever changes theirs replaces the track.
            let replaced = |old: &Track| old.codec == track.codec || (old.codec.kind(), track.codec.kind()) == PICTURES;
            publication.tracks.iter_mut().filter(|old| replaced(old)).for_each(|old| old.keep(Audience::NOBODY));
            publication.tracks.retain(|old| !replaced(old));
            publication.tracks.push(track);
        }
    }

    pub(super) fn unpublish(&mut self, id: PublicationId) {
        self.set_audience(id, Audience::NOBODY);
        self.publications.remove(&id);
    }

    pub(super) fn set_audience(&mut self, id: PublicationId, audience: Audience) {
        if let Some(publication) = self.publications.get_mut(&id) {
            publication.audience = audience;
            for track in &mut publication.tracks {
                track.keep(audience);
            }
        }
    }

    pub(super) fn inventory(&self) -> Inventory {
        let mut inventory = Inventory { publications: self.publications.len(), ..Inventory::default() };
        for track in self.publications.values().flat_map(|publication| &publication.tracks) {
            track.packets.iter().for_each(|form| form.count(&mut inventory.subscriptions));
            track.units.iter().for_each(|form| form.count(&mut inventory.subscriptions));
        }
        inventory
    }

    pub(super) fn packets(&mut self, id: PublicationId, kind: Kind, purpose: Purpose) -> Result<Reader<Packet>, Error> {
        let track = self.find(id, purpose, |track| track.codec.kind() == kind && track.packets.is_some())?;
        track.packets.as_mut().and_then(|form| form.reader(purpose)).ok_or(Error::NoTrack(id))
    }

    pub(super) fn units(&mut self, id: PublicationId, codec: Codec, purpose: Purpose) -> Result<Reader<Unit>, Error> {
        let track = self.find(id, purpose, |track| track.codec == codec && track.units.is_some())?;
        track.units.as_mut().and_then(|form| form.reader(purpose)).ok_or(Error::NoTrack(id))
    }

    fn find(
        &mut self,
        id: PublicationId,
        purpose: Purpose,
        wanted: impl Fn(&Track) -> bool,
    ) -> Result<&mut Track, Error> {
        let publication = self.publications.get_mut(&id).ok_or(Error::Unknown(id))?;
        if !publication.audience.permits(purpose) {
            return Err(Error::Refused(id, purpose));
        }
        publication.tracks.iter_mut().find(|track| wanted(track)).ok_or(Error::NoTrack(id))
    }
}

impl Native {
    /// The native form, and the other one as derived by `packetized` or `depacketized`, where there is one.
    pub(super) fn forms(
        self,
        derived_packets: Option<Source<Packet>>,
        derived_units: Option<Source<Unit>>,
    ) -> (Option<Form<Packet>>, Option<Form<Unit>>) {
        match self {
            Self::Packets(_, source) => (Some(Form::new(source)), derived_units.map(Form::new)),
            Self::Units(_, source) => (derived_packets.map(Form::new), Some(Form::new(source))),
        }
    }
}

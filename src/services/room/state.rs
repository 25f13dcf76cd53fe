//! What is true of the rooms, and what follows from each change.

use std::collections::{BTreeSet, HashMap};

use super::direction::Direction;
use super::health::Stats;
use super::history::Code;
use super::place::Place;
use super::seat::{NewSeat, NewTrack, Seat};
use super::snapshot::{Connection, Notice, OnAir, ParticipantKind, Quality, Room, Rooms, Slot, Succession};
use super::view::View;
use super::{Away, Error, Labels};
use crate::drivers::identity::TokenHash;
use crate::drivers::peer::server::{self as peers, Bound, Inbound, Mid, Report, Source};
use crate::model::id::{BroadcastId, ParticipantId, PeerId, PublicationId, RoomId};
use crate::model::layer::Layers;
use crate::model::purpose::Audience;
use crate::model::time::MediaTime;
use crate::model::track::Codec;
use crate::proto::auth::Name;
use crate::proto::sfu::Shown;

/// Seconds a lost seat is held.
const HELD: i64 = 60;
/// Seconds the seat of a page that went away is held: as long as a page takes to come back, and the others see who left for
/// good leave soon.
const HELD_FOR_PAGE: i64 = 10;

/// What has to be done outside after a change.
#[derive(Debug, PartialEq)]
pub(super) enum Effect {
    /// Binds a slot of a peer to a track, says anew how much that matters, or frees it.
    Bind { peer: PeerId, mid: Mid, to: Option<Bound> },
    /// Takes nothing any more of what a peer sends in a section, or takes it again.
    Hold { peer: PeerId, mid: Mid, held: bool },
    /// Who may take a publication.
    Audience(PublicationId, Audience),
    /// A publication begins.
    Publish(PublicationId, Audience),
    /// A connection is not needed any more.
    ClosePeer(PeerId),
    /// A publication has ended.
    Unpublish(PublicationId),
}

pub(super) struct State {
    pub(super) places: Vec<Place>,
    most: usize,
    /// The box is neither seen nor heard.
    private: bool,
    /// The present, as it was told last.
    pub(super) now: MediaTime,
}

impl State {
    pub(super) fn new(most: u32) -> Self {
        Self { places: Vec::new(), most: most as usize, private: false, now: MediaTime::ZERO }
    }

    /// What happens from here on happens now.
    pub(super) fn at(&mut self, now: MediaTime) {
        self.now = now;
    }

    /// Whoever is in stays in.
    pub(super) fn set_most(&mut self, most: u32) {
        self.most = most as usize;
    }

    /// Whether the box is in privacy mode. When that ends it stays muted until somebody unmutes it.
    pub(super) fn set_private(&mut self, private: bool) {
        self.private = private;
        for place in &mut self.places {
            place.touch();
            for seat in place.seats.iter_mut().filter(|seat| seat.who.kind == ParticipantKind::Box) {
                seat.set_private(private);
            }
        }
    }

    pub(super) fn is_private(&self) -> bool {
        self.private
    }

    pub(super) fn is_in(&self, who: ParticipantId) -> bool {
        self.places.iter().any(|place| place.seat(who).is_some())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.iter().all(|place| place.seats.is_empty())
    }

    /// All rooms; each is the very same as at the last call while nothing has changed in it.
    pub(super) fn snapshot(&mut self) -> Rooms {
        let now = self.now;
        self.places.iter_mut().map(|place| place.snapshot(now)).collect()
    }

    /// Which connection is whose.
    pub(super) fn peers(&self) -> Vec<(ParticipantId, PeerId)> {
        self.places.iter().flat_map(|place| &place.seats).map(|seat| (seat.who.id, seat.peer)).collect()
    }

    /// Everybody who has a grant, and where.
    pub(super) fn people(&self) -> Vec<(ParticipantId, RoomId)> {
        let of = |place: &Place| {
            let room = place.room.id;
            place
                .seats
                .iter()
                .filter(|seat| seat.subject.is_some())
                .map(move |seat| (seat.who.id, room))
                .collect::<Vec<_>>()
        };
        self.places.iter().flat_map(of).collect()
    }

    pub(super) fn rooms(&self) -> Vec<RoomId> {
        self.places.iter().map(|place| place.room.id).collect()
    }

    pub(super) fn add(&mut self, id: RoomId, name: Name, broadcast: BroadcastId, direction: Direction) {
        let (participants, notices) = (Vec::new(), (0, None));
        let (live, codec, speaker) = (None, Codec::H264, None);
        let (outside, succession) = (Vec::new(), Succession::default());
        let of = Room {
            id,
            name,
            broadcast,
            live,
            direction,
            codec,
            speaker,
            participants,
            notices,
            outside,
            succession,
            locked: false,
        };
        self.places.push(Place::new(of));
    }

    pub(super) fn remove(&mut self, id: RoomId) -> Result<Vec<Effect>, Error> {
        let at = self.places.iter().position(|place| place.room.id == id).ok_or(Error::NoRoom)?;
        let mut effects = Vec::new();
        for seat in self.places.remove(at).seats {
            seat.gone(&mut effects);
        }
        Ok(effects)
    }

    pub(super) fn place(&mut self, id: RoomId) -> Result<&mut Place, Error> {
        let place = self.place_quietly(id)?;
        place.touch();
        Ok(place)
    }

    /// The same, where it may well stay as it is.
    pub(super) fn place_quietly(&mut self, id: RoomId) -> Result<&mut Place, Error> {
        self.places.iter_mut().find(|place| place.room.id == id).ok_or(Error::NoRoom)
    }

    pub(super) fn of(&mut self, who: ParticipantId) -> Result<(&mut Place, usize), Error> {
        for place in &mut self.places {
            if let Some(at) = place.seats.iter().position(|seat| seat.who.id == who) {
                place.touch();
                return Ok((place, at));
            }
        }
        Err(Error::NoSeat)
    }

    pub(super) fn seat(&mut self, who: ParticipantId) -> Result<&mut Seat, Error> {
        let (place, at) = self.of(who)?;
        Ok(&mut place.seats[at])
    }

    /// The seat that has this connection.
    fn connected(&mut self, peer: PeerId) -> Option<&mut Seat> {
        let has = |seat: &Seat| seat.peer == peer && seat.who.kind == ParticipantKind::Person;
        let place = self.places.iter_mut().find(|place| place.seats.iter().any(has))?;
        place.touch();
        place.seats.iter_mut().find(|seat| has(seat))
    }

    /// A lost seat is taken back by whoever holds its token.
    pub(super) fn resume(&mut self, room: RoomId, token: &TokenHash, next: TokenHash) -> Option<(ParticipantId, u64)> {
        let place = self.place(room).ok()?;
        let seat = place.seats.iter_mut().find(|seat| seat.resume.as_ref() == Some(token))?;
        seat.resume = Some(next);
        seat.held = None;
        seat.who.generation += 1;
        // Media goes on without a WebSocket, where it can.
        seat.who.connection = match seat.media {
            Connection::Lost => Connection::Connecting,
            media => media,
        };
        Some((seat.who.id, seat.who.generation))
    }

    pub(super) fn join(&mut self, room: RoomId, new: NewSeat) -> Result<Vec<Effect>, Error> {
        let (most, now, private) = (self.most, self.now, self.private);
        let place = self.place(room)?;
        if place.seats.len() >= most {
            return Err(Error::Full);
        }
        let asked = place.room.live.is_some() && new.permits.sends();
        let on_air = if asked { OnAir::Asked } else { OnAir::No };
        let mut seat = Seat::new(new, on_air);
        if seat.who.kind == ParticipantKind::Box {
            seat.set_private(private);
        }
        place.seats.push(seat);
        place.left_alone &= !place.is_run();
        let mut effects = Vec::new();
        place.settle(now, &mut effects);
        Ok(effects)
    }

    /// Which connection an offer belongs to: `fresh`, if the browser has begun a new one; and what pictures it should send.
    pub(super) fn offered(
        &mut self,
        who: ParticipantId,
        fingerprint: Option<&str>,
        fresh: PeerId,
        effects: &mut Vec<Effect>,
    ) -> Result<(PeerId, Codec), Error> {
        let now = self.now;
        let (place, at) = self.of(who)?;
        let seat = &mut place.seats[at];
        if seat.fingerprint.is_some() && seat.fingerprint.as_deref() != fingerprint {
            seat.renew(fresh, now, effects);
        }
        seat.fingerprint = fingerprint.map(str::to_owned);
        Ok((seat.peer, place.room.codec))
    }

    /// What an answer brought: the tracks that are new, see [`Seat::sends`], and the slots, of which those that are bound stay so.
    pub(super) fn answered(
        &mut self,
        who: ParticipantId,
        answer: (&[Inbound], Vec<peers::Slot>),
        labels: Option<&Labels>,
        fresh: PublicationId,
        effects: &mut Vec<Effect>,
    ) -> Result<Vec<NewTrack>, Error> {
        let now = self.now;
        let (place, at) = self.of(who)?;
        let seat = &mut place.seats[at];
        let new = seat.sends(answer.0, labels, fresh, effects);
        let own = seat.own();
        let before = std::mem::take(&mut own.slots);
        let slot = |peers::Slot { mid, kind, codecs }| match before.iter().find(|slot| slot.mid == mid) {
            Some(slot) => Slot { mid, kind, codecs, ..slot.clone() },
            None => Slot { mid, kind, codecs, from: None, bound: None, shown: None },
        };
        own.slots = answer.1.into_iter().map(slot).collect();
        for track in &new {
            place.rebind(track.source, effects);
        }
        place.settle(now, effects);
        Ok(new)
    }

    /// The tracks of a participant began anew: everybody who is bound to them is bound again. Answers the tracks.
    pub(super) fn began(&mut self, who: ParticipantId, effects: &mut Vec<Effect>) -> Vec<Source> {
        let Ok((place, at)) = self.of(who) else {
            return Vec::new();
        };
        let sources: Vec<Source> = place.seats[at].tracks().map(|(_, source)| source).collect();
        for source in &sources {
            place.rebind(*source, effects);
        }
        sources
    }

    /// Tracks that the peers' worker has to know.
    pub(super) fn sources(&self) -> BTreeSet<Source> {
        let mut sources = BTreeSet::new();
        for place in &self.places {
            place.sources(&mut sources);
        }
        sources
    }

    pub(super) fn sending(&mut self, who: ParticipantId, microphone: bool, camera: bool) -> Result<Vec<Effect>, Error> {
        let mut effects = Vec::new();
        self.seat(who)?.sending(microphone, camera, &mut effects);
        Ok(effects)
    }

    /// What somebody's page shows from now on.
    pub(super) fn look(&mut self, who: ParticipantId, view: View) -> Result<Vec<Effect>, Error> {
        let now = self.now;
        let (place, at) = self.of(who)?;
        place.seats[at].looks = Some(view);
        let mut effects = Vec::new();
        place.settle(now, &mut effects);
        Ok(effects)
    }

    /// What became of a connection.
    pub(super) fn connection(&mut self, peer: PeerId, connection: Connection) {
        let now = self.now;
        let Some(seat) = self.connected(peer).filter(|seat| seat.media != connection) else {
            return;
        };
        seat.media = connection;
        if seat.held.is_none() {
            seat.who.connection = connection;
        }
        match connection {
            Connection::Connected => seat.history.add(now, Code::Connected, None),
            Connection::Connecting => {}
            Connection::Lost => {
                seat.history.add(now, Code::Lost, None);
                seat.health.forget();
                seat.who.quality = Quality::Unknown;
            }
        }
    }

    /// Something else goes out to a slot of this connection.
    pub(super) fn shown(&mut self, peer: PeerId, mid: &str, shown: Shown) {
        let now = self.now;
        if let Some(seat) = self.connected(peer) {
            seat.shown(mid, shown, now);
        }
    }

    /// So many layers are wanted of what comes in this section of this connection.
    pub(super) fn wanted(&mut self, peer: PeerId, mid: &str, layers: Layers) {
        if let Some(seat) = self.connected(peer) {
            seat.wanted(mid, layers);
        }
    }

    /// How the connections are.
    pub(super) fn reported(&mut self, reports: Vec<Report>) {
        let now = self.now;
        for report in reports {
            let has = |seat: &Seat| seat.peer == report.peer && seat.who.connection == Connection::Connected;
            for place in &mut self.places {
                let Some(seat) = place.seats.iter_mut().find(|seat| has(seat)) else {
                    continue;
                };
                let paused = seat.is_paused();
                for code in seat.health.take(now, report.clone(), paused) {
                    seat.history.add(now, code, None);
                }
                let quality = seat.health.quality();
                if std::mem::replace(&mut seat.who.quality, quality) != quality {
                    place.touch();
                }
                break;
            }
        }
    }

    /// The connection of one participant, and what happened to it.
    pub(super) fn stats(&mut self, who: ParticipantId) -> Result<Stats, Error> {
        let seat = self.seat(who)?;
        Ok(seat.health.stats(seat.history.all()))
    }

    /// How loud every track of sound is that the worker knows, in -dBov (RFC 6464).
    pub(super) fn hear(&mut self, loudness: &[(PublicationId, u8)]) -> Vec<Effect> {
        let now = self.now;
        let mut effects = Vec::new();
        let loudness: HashMap<PublicationId, u8> = loudness.iter().copied().collect();
        for place in self.places.iter_mut().filter(|place| !place.seats.is_empty()) {
            if place.hear(now, &loudness) {
                place.settle(now, &mut effects);
            }
        }
        effects
    }

    /// Time has passed: what waited for it comes true.
    pub(super) fn pass(&mut self) -> Vec<Effect> {
        let now = self.now;
        let mut effects = Vec::new();
        for place in self.places.iter_mut().filter(|place| place.room.codec != Codec::H264) {
            place.settle(now, &mut effects);
        }
        effects
    }

    pub(super) fn lost(&mut self, who: ParticipantId, generation: u64, away: Away) {
        let now = self.now;
        if let Ok(seat) = self.seat(who)
            && seat.who.generation == generation
        {
            let seconds = match away {
                Away::Unsaid => HELD,
                Away::Page => HELD_FOR_PAGE,
            };
            seat.held = Some(now.plus_nanos(seconds * 1_000_000_000));
            seat.who.connection = Connection::Lost;
        }
    }

    /// Lost seats that nobody took back in time.
    pub(super) fn expired(&self) -> Vec<ParticipantId> {
        let seats = self.places.iter().flat_map(|place| &place.seats);
        seats.filter(|seat| seat.held.is_some_and(|until| until <= self.now)).map(|seat| seat.who.id).collect()
    }

    pub(super) fn leave(&mut self, who: ParticipantId) -> Result<Vec<Effect>, Error> {
        let now = self.now;
        let (place, at) = self.of(who)?;
        let (mut effects, room) = (Vec::new(), place.room.id);
        let seat = place.seats.remove(at);
        place.left_alone = place.is_left_alone(&seat);
        seat.gone(&mut effects);
        place.settle(now, &mut effects);
        effects.extend(self.leaves(room)?);
        Ok(effects)
    }

    pub(super) fn notice(&mut self, room: RoomId, notice: Notice) {
        if let Ok(place) = self.place(room) {
            place.room.notices = (place.room.notices.0 + 1, Some(notice));
        }
    }
}

/// The DTLS fingerprint in a session description (RFC 8122 section 5), which names the connection.
pub(super) fn fingerprint(sdp: &str) -> Option<&str> {
    sdp.lines().find_map(|line| line.trim_end().strip_prefix("a=fingerprint:"))
}

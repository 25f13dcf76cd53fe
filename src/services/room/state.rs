//! What is true of the rooms, and what follows from each change.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::slots::assign;
use super::{
    Away, BoxTracks, BoxWish, Connection, Error, Live, Notice, OnAir, Participant, ParticipantKind, Room, Rooms, Slot,
};
use crate::drivers::identity::TokenHash;
use crate::drivers::peer::server::{Mid, Source};
use crate::model::id::{BroadcastId, ParticipantId, PeerId, PublicationId, RoomId};
use crate::model::purpose::{Audience, Purpose};
use crate::model::role::Role;
use crate::model::time::MediaTime;
use crate::model::track::{Codec, Kind};
use crate::proto::auth::{Name, Title};

/// Seconds a lost seat is held.
const HELD: i64 = 60;
/// Seconds the seat of a page that went away is held: as long as a page takes to come back, and the others see who left for
/// good leave soon.
const HELD_FOR_PAGE: i64 = 10;

/// What has to be done outside after a change.
#[derive(Debug, PartialEq)]
pub(super) enum Effect {
    /// Binds a slot of a peer to a track, or frees it.
    Bind { peer: PeerId, mid: Mid, source: Option<Source> },
    /// Who may take a publication.
    Audience(PublicationId, Audience),
    /// A connection is not needed any more.
    ClosePeer(PeerId),
    /// A publication has ended.
    Unpublish(PublicationId),
}

/// What only the room itself needs to know of a participant.
struct Seat {
    view: Participant,
    peer: PeerId,
    resume: Option<TokenHash>,
    /// While nobody is connected: until when it is held.
    held: Option<MediaTime>,
    /// DTLS fingerprint of the browser's connection: another one is another connection.
    fingerprint: Option<String>,
    microphone: Option<Mid>,
    camera: Option<Mid>,
    muted: (bool, bool),
}

impl Seat {
    fn show(&mut self) {
        self.view.microphone = self.view.audio && !self.muted.0;
        self.view.camera = self.view.video && !self.muted.1;
    }

    fn audience(&self) -> Effect {
        let audience = match self.view.on_air {
            OnAir::Yes => Audience::CALL.with(Purpose::OnAir),
            OnAir::No | OnAir::Asked => Audience::CALL,
        };
        Effect::Audience(self.view.publication, audience)
    }

    fn gone(self, effects: &mut Vec<Effect>) {
        if self.view.kind == ParticipantKind::Person {
            effects.push(Effect::ClosePeer(self.peer));
        }
        effects.push(Effect::Unpublish(self.view.publication));
    }
}

struct Place {
    room: Room,
    seats: Vec<Seat>,
}

impl Place {
    /// Binds the slots of everybody to the tracks of everybody else.
    fn settle(&mut self, effects: &mut Vec<Effect>) {
        let tracks: Vec<(ParticipantId, PublicationId, Kind)> = self
            .seats
            .iter()
            .flat_map(|seat| {
                let of = |there: bool, kind| there.then_some((seat.view.id, seat.view.publication, kind));
                [of(seat.view.audio, Kind::Audio), of(seat.view.video, Kind::Video)]
            })
            .flatten()
            .collect();
        for seat in &mut self.seats {
            let others = tracks.iter().filter(|(who, ..)| *who != seat.view.id);
            let wanted: Vec<_> = others.map(|&(who, _, kind)| (who, kind)).collect();
            for slot in assign(&mut seat.view.slots, &wanted) {
                let from = |who| tracks.iter().find(|t| t.0 == who && t.2 == slot.kind).map(|t| (t.1, t.2));
                effects.push(Effect::Bind { peer: seat.peer, mid: slot.mid, source: slot.from.and_then(from) });
            }
        }
    }
}

pub(super) struct State {
    places: Vec<Place>,
    most: usize,
}

/// Whoever takes a new seat.
pub(super) struct NewSeat {
    pub(super) participant: ParticipantId,
    pub(super) publication: PublicationId,
    pub(super) peer: PeerId,
    pub(super) name: Name,
    pub(super) role: Role,
    pub(super) kind: ParticipantKind,
    pub(super) resume: Option<TokenHash>,
}

impl State {
    pub(super) fn new(most: u32) -> Self {
        Self { places: Vec::new(), most: most as usize }
    }

    /// Whoever is in stays in.
    pub(super) fn set_most(&mut self, most: u32) {
        self.most = most as usize;
    }

    pub(super) fn is_in(&self, who: ParticipantId) -> bool {
        self.places.iter().any(|place| place.seats.iter().any(|seat| seat.view.id == who))
    }

    pub(super) fn snapshot(&self) -> Rooms {
        self.places
            .iter()
            .map(|place| {
                let participants = place.seats.iter().map(|seat| seat.view.clone()).collect();
                Arc::new(Room { participants, ..place.room.clone() })
            })
            .collect()
    }

    /// Which connection is whose.
    pub(super) fn peers(&self) -> Vec<(ParticipantId, PeerId)> {
        self.places.iter().flat_map(|place| &place.seats).map(|seat| (seat.view.id, seat.peer)).collect()
    }

    pub(super) fn rooms(&self) -> usize {
        self.places.len()
    }

    pub(super) fn add(&mut self, id: RoomId, name: Name, broadcast: BroadcastId) {
        let room = Room { id, name, broadcast, live: None, participants: Vec::new(), notices: (0, None) };
        self.places.push(Place { room, seats: Vec::new() });
    }

    pub(super) fn remove(&mut self, id: RoomId) -> Result<Vec<Effect>, Error> {
        let at = self.places.iter().position(|place| place.room.id == id).ok_or(Error::NoRoom)?;
        let mut effects = Vec::new();
        for seat in self.places.remove(at).seats {
            seat.gone(&mut effects);
        }
        Ok(effects)
    }

    fn place(&mut self, id: RoomId) -> Result<&mut Place, Error> {
        self.places.iter_mut().find(|place| place.room.id == id).ok_or(Error::NoRoom)
    }

    fn of(&mut self, who: ParticipantId) -> Result<(&mut Place, usize), Error> {
        for place in &mut self.places {
            if let Some(at) = place.seats.iter().position(|seat| seat.view.id == who) {
                return Ok((place, at));
            }
        }
        Err(Error::NoSeat)
    }

    fn seat(&mut self, who: ParticipantId) -> Result<&mut Seat, Error> {
        let (place, at) = self.of(who)?;
        Ok(&mut place.seats[at])
    }

    /// A lost seat is taken back by whoever holds its token.
    pub(super) fn resume(&mut self, room: RoomId, token: &TokenHash, next: TokenHash) -> Option<(ParticipantId, u64)> {
        let place = self.place(room).ok()?;
        let seat = place.seats.iter_mut().find(|seat| seat.resume.as_ref() == Some(token))?;
        seat.resume = Some(next);
        seat.held = None;
        seat.view.generation += 1;
        if seat.view.connection == Connection::Lost {
            seat.view.connection = Connection::Connecting;
        }
        Some((seat.view.id, seat.view.generation))
    }

    pub(super) fn join(&mut self, room: RoomId, new: NewSeat) -> Result<(), Error> {
        let most = self.most;
        let place = self.place(room)?;
        if place.seats.len() >= most {
            return Err(Error::Full);
        }
        let on_air = if place.room.live.is_some() { OnAir::Asked } else { OnAir::No };
        let view = Participant {
            id: new.participant,
            publication: new.publication,
            name: new.name,
            kind: new.kind,
            role: new.role,
            microphone: false,
            camera: false,
            on_air,
            connection: Connection::Connecting,
            stand_in: false,
            audio: false,
            video: false,
            slots: Vec::new(),
            generation: 1,
        };
        place.seats.push(Seat {
            view,
            peer: new.peer,
            resume: new.resume,
            held: None,
            fingerprint: None,
            microphone: None,
            camera: None,
            muted: (false, false),
        });
        Ok(())
    }

    /// Which connection an offer belongs to: `fresh`, if the browser has begun a new one.
    pub(super) fn offered(
        &mut self,
        who: ParticipantId,
        fingerprint: Option<&str>,
        fresh: PeerId,
        effects: &mut Vec<Effect>,
    ) -> Result<PeerId, Error> {
        let seat = self.seat(who)?;
        if seat.fingerprint.is_some() && seat.fingerprint.as_deref() != fingerprint {
            effects.push(Effect::ClosePeer(seat.peer));
            seat.peer = fresh;
            seat.view.slots.clear();
            (seat.microphone, seat.camera) = (None, None);
            seat.view.connection = Connection::Connecting;
        }
        seat.fingerprint = fingerprint.map(str::to_owned);
        Ok(seat.peer)
    }

    /// The tracks that an answer brought: which of them are new, and where they belong.
    pub(super) fn inbound(
        &mut self,
        who: ParticipantId,
        inbound: &[(Mid, Codec)],
    ) -> Result<(PublicationId, Vec<(Mid, Codec)>), Error> {
        let seat = self.seat(who)?;
        let mut new = Vec::new();
        for kind in [Kind::Audio, Kind::Video] {
            let track = inbound.iter().find(|(_, codec)| codec.kind() == kind).cloned();
            let mid = track.as_ref().map(|(mid, _)| mid.clone());
            let known = match kind {
                Kind::Audio => &mut seat.microphone,
                Kind::Video => &mut seat.camera,
            };
            if *known != mid {
                known.clone_from(&mid);
                new.extend(track);
            }
        }
        seat.view.audio = seat.microphone.is_some();
        seat.view.video = seat.camera.is_some();
        seat.show();
        Ok((seat.view.publication, new))
    }

    /// The slots that an answer brought; what is bound stays bound.
    pub(super) fn slots(
        &mut self,
        who: ParticipantId,
        slots: Vec<(Mid, Kind)>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        let (place, at) = self.of(who)?;
        let view = &mut place.seats[at].view;
        view.slots = slots
            .into_iter()
            .map(|(mid, kind)| {
                let from = view.slots.iter().find(|slot| slot.mid == mid).and_then(|slot| slot.from);
                Slot { mid, kind, from }
            })
            .collect();
        place.settle(effects);
        Ok(())
    }

    /// A track began anew: everybody who is bound to it is bound again.
    pub(super) fn rebind(&mut self, source: Source, effects: &mut Vec<Effect>) {
        for place in &self.places {
            let Some(from) = place.seats.iter().find(|seat| seat.view.publication == source.0) else {
                continue;
            };
            for seat in &place.seats {
                let bound = seat.view.slots.iter().filter(|s| s.from == Some(from.view.id) && s.kind == source.1);
                effects.extend(bound.map(|slot| Effect::Bind {
                    peer: seat.peer,
                    mid: slot.mid.clone(),
                    source: Some(source),
                }));
            }
        }
    }

    /// Tracks that at least one slot is bound to.
    pub(super) fn sources(&self) -> BTreeSet<Source> {
        let mut sources = BTreeSet::new();
        for place in &self.places {
            for slot in place.seats.iter().flat_map(|seat| &seat.view.slots) {
                let from = slot.from.and_then(|who| place.seats.iter().find(|seat| seat.view.id == who));
                sources.extend(from.map(|seat| (seat.view.publication, slot.kind)));
            }
        }
        sources
    }

    pub(super) fn settle(&mut self, effects: &mut Vec<Effect>) {
        for place in &mut self.places {
            place.settle(effects);
        }
    }

    pub(super) fn sending(&mut self, who: ParticipantId, microphone: bool, camera: bool) -> Result<(), Error> {
        let seat = self.seat(who)?;
        seat.muted = (!microphone, !camera);
        seat.show();
        Ok(())
    }

    pub(super) fn consent(&mut self, who: ParticipantId, on_air: bool) -> Result<Vec<Effect>, Error> {
        let (place, at) = self.of(who)?;
        let live = place.room.live.is_some();
        let seat = &mut place.seats[at];
        seat.view.on_air = if on_air && live { OnAir::Yes } else { OnAir::No };
        Ok(vec![seat.audience()])
    }

    pub(super) fn go_live(
        &mut self,
        room: RoomId,
        title: Option<Title>,
        now_unix: i64,
    ) -> Result<(BroadcastId, Vec<Effect>), Error> {
        let place = self.place(room)?;
        let title = match title {
            Some(title) => title,
            None => Title::new(place.room.name.as_str()).expect("a name is shorter than a title may be"),
        };
        if let Some(live) = &mut place.room.live {
            live.title = title;
            return Ok((place.room.broadcast, Vec::new()));
        }
        place.room.live = Some(Live { since: now_unix, title });
        let mut effects = Vec::new();
        for seat in &mut place.seats {
            seat.view.on_air = match seat.view.kind {
                ParticipantKind::Person => OnAir::Asked,
                ParticipantKind::Box => OnAir::Yes,
            };
            effects.push(seat.audience());
        }
        Ok((place.room.broadcast, effects))
    }

    pub(super) fn end_live(&mut self, room: RoomId) -> Result<Vec<Effect>, Error> {
        let place = self.place(room)?;
        place.room.live = None;
        let mut effects = Vec::new();
        for seat in &mut place.seats {
            seat.view.on_air = OnAir::No;
            effects.push(seat.audience());
        }
        Ok(effects)
    }

    /// The box's seat in this room, if it has one.
    pub(super) fn box_in(&mut self, room: RoomId) -> Result<Option<ParticipantId>, Error> {
        let place = self.place(room)?;
        Ok(place.seats.iter().find(|seat| seat.view.kind == ParticipantKind::Box).map(|seat| seat.view.id))
    }

    /// The box is in one call at most: it leaves every other one.
    pub(super) fn box_leaves(&mut self, except: Option<RoomId>) -> Vec<Effect> {
        let seated = |place: &Place| {
            place.seats.iter().find(|seat| seat.view.kind == ParticipantKind::Box).map(|seat| seat.view.id)
        };
        let leaving: Vec<_> =
            self.places.iter().filter(|place| Some(place.room.id) != except).filter_map(seated).collect();
        leaving.into_iter().filter_map(|who| self.leave(who).ok()).flatten().collect()
    }

    pub(super) fn wish_box(&mut self, who: ParticipantId, wish: BoxWish) -> Result<Vec<Effect>, Error> {
        let seat = self.seat(who)?;
        let (microphone, camera) = seat.muted;
        seat.muted = (wish.microphone.map_or(microphone, |on| !on), wish.camera.map_or(camera, |on| !on));
        seat.show();
        match wish.on_air {
            Some(on_air) => self.consent(who, on_air),
            None => Ok(Vec::new()),
        }
    }

    /// Whether the box may be heard and seen: what the endpoint goes by.
    pub(super) fn box_tracks(&mut self, who: ParticipantId, tracks: BoxTracks, effects: &mut Vec<Effect>) {
        let Ok((place, at)) = self.of(who) else {
            return;
        };
        let seat = &mut place.seats[at];
        seat.view.connection = Connection::Connected;
        (seat.view.audio, seat.view.video, seat.view.stand_in) = (tracks.audio, tracks.video, tracks.stand_in);
        seat.show();
        place.settle(effects);
    }

    /// What became of a connection.
    pub(super) fn connection(&mut self, peer: PeerId, connection: Connection) -> bool {
        let seats = self.places.iter_mut().flat_map(|place| &mut place.seats);
        let Some(seat) = seats.into_iter().find(|seat| seat.peer == peer && seat.view.kind == ParticipantKind::Person)
        else {
            return false;
        };
        let changed = seat.view.connection != connection;
        seat.view.connection = connection;
        changed
    }

    pub(super) fn lost(&mut self, who: ParticipantId, generation: u64, away: Away, now: MediaTime) {
        if let Ok(seat) = self.seat(who)
            && seat.view.generation == generation
        {
            let seconds = match away {
                Away::Unsaid => HELD,
                Away::Page => HELD_FOR_PAGE,
            };
            seat.held = Some(now.plus_nanos(seconds * 1_000_000_000));
            seat.view.connection = Connection::Lost;
        }
    }

    /// Lost seats that nobody took back in time.
    pub(super) fn expired(&self, now: MediaTime) -> Vec<ParticipantId> {
        let seats = self.places.iter().flat_map(|place| &place.seats);
        seats.filter(|seat| seat.held.is_some_and(|until| until <= now)).map(|seat| seat.view.id).collect()
    }

    pub(super) fn leave(&mut self, who: ParticipantId) -> Result<Vec<Effect>, Error> {
        let (place, at) = self.of(who)?;
        let mut effects = Vec::new();
        place.seats.remove(at).gone(&mut effects);
        place.settle(&mut effects);
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

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: RoomId = RoomId::from_bytes([9; 10]);

    fn id(n: u8) -> ParticipantId {
        ParticipantId::from_bytes([n; 10])
    }

    fn publication(n: u8) -> PublicationId {
        PublicationId::from_bytes([n; 10])
    }

    fn peer(n: u8) -> PeerId {
        PeerId::from_bytes([n; 10])
    }

    fn name(text: &str) -> Name {
        Name::new(text).expect("it is a name")
    }

    fn title() -> Title {
        Title::new("An evening").expect("it is a title")
    }

    fn seat(n: u8, kind: ParticipantKind) -> NewSeat {
        NewSeat {
            participant: id(n),
            publication: publication(n),
            peer: peer(n),
            name: name("somebody"),
            role: Role::Guest,
            kind,
            resume: None,
        }
    }

    /// A room with people 1 and 2, each sending and with slots for two tracks of each kind.
    fn room() -> State {
        let mut state = State::new(3);
        state.add(ROOM, name("Porch"), BroadcastId::from_bytes([8; 10]));
        for n in [1, 2] {
            state.join(ROOM, seat(n, ParticipantKind::Person)).expect("there is room");
            state.inbound(id(n), &[("0".into(), Codec::Opus), ("1".into(), Codec::H264)]).expect("they are in");
            let slots = [("2", Kind::Audio), ("3", Kind::Video), ("4", Kind::Audio), ("5", Kind::Video)];
            let slots = slots.map(|(mid, kind)| (mid.to_owned(), kind)).into();
            state.slots(id(n), slots, &mut Vec::new()).expect("they are in");
        }
        state
    }

    fn view(state: &State, n: u8) -> Participant {
        state.snapshot()[0].participant(id(n)).cloned().expect("they are in")
    }

    fn audience_of(effects: &[Effect], n: u8) -> Option<Audience> {
        effects.iter().rev().find_map(|effect| match effect {
            Effect::Audience(of, audience) if *of == publication(n) => Some(*audience),
            _ => None,
        })
    }

    #[test]
    fn everybody_gets_the_tracks_of_everybody_else() {
        let state = room();
        assert_eq!(view(&state, 1).slots.iter().filter(|s| s.from == Some(id(2))).count(), 2);
        assert_eq!(view(&state, 2).slots.iter().filter(|s| s.from == Some(id(1))).count(), 2);
        assert_eq!(state.sources().len(), 4);
    }

    #[test]
    fn nobody_is_on_air_without_a_yes() {
        let mut state = room();
        state.join(ROOM, seat(3, ParticipantKind::Box)).expect("there is room");
        let (_, effects) = state.go_live(ROOM, None, 5).expect("the room is there");
        assert_eq!(audience_of(&effects, 1), Some(Audience::CALL));
        assert_eq!(view(&state, 1).on_air, OnAir::Asked);
        assert_eq!(audience_of(&effects, 3), Some(Audience::CALL.with(Purpose::OnAir)), "the press is the box's yes");
        let effects = state.consent(id(1), true).expect("they are in");
        assert_eq!(audience_of(&effects, 1), Some(Audience::CALL.with(Purpose::OnAir)));
        let effects = state.consent(id(1), false).expect("they are in");
        assert_eq!(audience_of(&effects, 1), Some(Audience::CALL));
        assert_eq!(view(&state, 1).on_air, OnAir::No);
        let effects = state.wish_box(id(3), BoxWish { on_air: Some(false), ..BoxWish::default() }).expect("it is in");
        assert_eq!(audience_of(&effects, 3), Some(Audience::CALL), "the box's yes can be taken back");
    }

    #[test]
    fn a_yes_means_nothing_when_the_room_is_off_air() {
        let mut state = room();
        let effects = state.consent(id(1), true).expect("they are in");
        assert_eq!(audience_of(&effects, 1), Some(Audience::CALL));
        state.go_live(ROOM, None, 5).expect("the room is there");
        state.consent(id(1), true).expect("they are in");
        let effects = state.end_live(ROOM).expect("the room is there");
        assert_eq!(audience_of(&effects, 1), Some(Audience::CALL));
        state.go_live(ROOM, None, 6).expect("the room is there");
        assert_eq!(view(&state, 1).on_air, OnAir::Asked, "a yes holds for one broadcast");
    }

    #[test]
    fn who_comes_while_the_room_is_live_is_asked() {
        let mut state = room();
        state.go_live(ROOM, Some(title()), 5).expect("the room is there");
        assert_eq!(state.snapshot()[0].live, Some(Live { since: 5, title: title() }));
        state.join(ROOM, seat(3, ParticipantKind::Person)).expect("there is room");
        assert_eq!(view(&state, 3).on_air, OnAir::Asked);
        assert!(matches!(state.join(ROOM, seat(4, ParticipantKind::Person)), Err(Error::Full)));
    }

    #[test]
    fn who_leaves_frees_what_they_held() {
        let mut state = room();
        let effects = state.leave(id(2)).expect("they are in");
        assert!(effects.contains(&Effect::ClosePeer(peer(2))));
        assert!(effects.contains(&Effect::Unpublish(publication(2))));
        let freed = |e: &&Effect| matches!(e, Effect::Bind { peer: p, source: None, .. } if *p == peer(1));
        assert_eq!(effects.iter().filter(freed).count(), 2);
        assert!(state.sources().is_empty());
        assert!(matches!(state.leave(id(2)), Err(Error::NoSeat)));
    }

    #[test]
    fn a_lost_seat_is_held_for_a_minute_and_taken_back_once() {
        let mut state = room();
        let tokens = [(); 4].map(|()| crate::drivers::identity::Token::random().hash());
        let token = |n: usize| tokens[n];
        state.seat(id(1)).expect("they are in").resume = Some(token(1));
        state.lost(id(1), 9, Away::Unsaid, MediaTime::ZERO);
        assert_eq!(view(&state, 1).connection, Connection::Connecting, "that was another connection");
        state.lost(id(1), 1, Away::Unsaid, MediaTime::ZERO);
        assert_eq!(view(&state, 1).connection, Connection::Lost);
        assert!(state.expired(MediaTime::from_millis(59_999)).is_empty());
        assert_eq!(state.expired(MediaTime::from_millis(60_000)), [id(1)]);
        assert_eq!(state.resume(ROOM, &token(1), token(2)), Some((id(1), 2)));
        assert_eq!(state.resume(ROOM, &token(1), token(3)), None, "a token serves once");
        assert!(state.expired(MediaTime::from_millis(600_000)).is_empty());
    }

    #[test]
    fn the_seat_of_a_page_that_went_away_is_held_for_seconds() {
        let mut state = room();
        state.lost(id(1), 1, Away::Page, MediaTime::ZERO);
        assert!(state.expired(MediaTime::from_millis(9_999)).is_empty());
        assert_eq!(state.expired(MediaTime::from_millis(10_000)), [id(1)]);
    }

    #[test]
    fn a_smaller_room_keeps_who_is_in_and_takes_nobody_more() {
        let mut state = room();
        state.set_most(2);
        assert!(state.is_in(id(1)) && state.is_in(id(2)));
        assert!(matches!(state.join(ROOM, seat(3, ParticipantKind::Person)), Err(Error::Full)));
    }

    #[test]
    fn another_fingerprint_is_another_connection() {
        let mut state = room();
        let mut effects = Vec::new();
        assert_eq!(state.offered(id(1), Some("sha-256 AA"), peer(7), &mut effects).ok(), Some(peer(1)));
        assert_eq!(state.offered(id(1), Some("sha-256 AA"), peer(7), &mut effects).ok(), Some(peer(1)));
        assert!(effects.is_empty());
        assert_eq!(state.offered(id(1), Some("sha-256 BB"), peer(7), &mut effects).ok(), Some(peer(7)));
        assert_eq!(effects, [Effect::ClosePeer(peer(1))]);
        let (_, new) = state.inbound(id(1), &[("0".into(), Codec::Opus)]).expect("they are in");
        assert_eq!(new, [("0".to_owned(), Codec::Opus)], "its tracks begin anew");
        assert!(!view(&state, 1).video);
    }

    #[test]
    fn the_box_is_in_one_call_only() {
        let mut state = room();
        let other = RoomId::from_bytes([7; 10]);
        state.add(other, name("Kitchen"), BroadcastId::from_bytes([6; 10]));
        state.join(other, seat(3, ParticipantKind::Box)).expect("there is room");
        assert_eq!(state.box_in(ROOM).ok().flatten(), None);
        let effects = state.box_leaves(Some(ROOM));
        assert_eq!(effects, [Effect::Unpublish(publication(3))]);
        assert_eq!(state.box_in(other).ok().flatten(), None);
    }
}

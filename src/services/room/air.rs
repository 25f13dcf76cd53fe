//! Who is on air, and the box as a participant, whom its owner speaks for.

use super::direction::Direction;
use super::place::Place;
use super::snapshot::{Answer, Connection, Live, OnAir, ParticipantKind, Recording, Wanted};
use super::state::{Effect, State};
use super::{BoxTracks, BoxWish, Error};
use crate::model::id::{BroadcastId, ParticipantId, RoomId};
use crate::proto::auth::Title;

impl State {
    pub(super) fn consent(&mut self, who: ParticipantId, answer: Answer) -> Result<Vec<Effect>, Error> {
        let now = self.now;
        let (place, at) = self.of(who)?;
        let Answer { on_air, recorded, separately } = answer;
        let (live, recording) = (place.room.live.is_some(), place.room.live.as_ref().and_then(|live| live.recording));
        let seat = &mut place.seats[at];
        seat.who.on_air = if on_air && live && seat.permits.sends() { OnAir::Yes } else { OnAir::No };
        let wanted = seat.who.on_air == OnAir::Yes && recording.is_some();
        seat.who.recorded = answered(wanted, recorded, seat.who.recorded);
        // Whoever is in no recording is in none of their own.
        let wanted = seat.who.recorded != OnAir::No && recording.is_some_and(|recording| recording.separately);
        let separately = match seat.who.recorded {
            OnAir::Yes => separately,
            OnAir::No | OnAir::Asked => None,
        };
        let before = if seat.who.recorded == OnAir::Yes { seat.who.separately } else { OnAir::No };
        seat.separately(answered(wanted, separately, before), now);
        let mut effects = Vec::new();
        seat.audiences(&mut effects);
        Ok(effects)
    }

    /// What is wanted as a recording of a room that is on air: everybody who is on air is asked what they have not been asked yet; the box
    /// agrees by this very press.
    pub(super) fn record(&mut self, room: RoomId, wanted: Wanted) -> Result<Vec<Effect>, Error> {
        let now = self.now;
        let place = self.place(room)?;
        let live = place.room.live.as_mut().ok_or(Error::NotLive)?;
        let (on, separately) = (wanted != Wanted::Nothing, wanted == Wanted::Separately);
        let before = live.recording;
        if before.is_some() == on && before.is_none_or(|before| before.separately == separately) {
            return Ok(Vec::new());
        }
        let fresh = Recording { agreed: false, since: now, separately };
        live.recording = on.then(|| before.map_or(fresh, |before| Recording { separately, ..before }));
        let mut effects = Vec::new();
        for seat in &mut place.seats {
            if before.is_some() != on {
                seat.who.recorded = asked(on && seat.who.on_air == OnAir::Yes, seat.who.kind);
            }
            // Who said no to the recording is not asked more.
            seat.separately(asked(separately && seat.who.recorded != OnAir::No, seat.who.kind), now);
            seat.audiences(&mut effects);
        }
        Ok(effects)
    }

    pub(super) fn go_live(
        &mut self,
        room: RoomId,
        title: Option<Title>,
        wanted: Wanted,
        now_unix: i64,
    ) -> Result<(BroadcastId, Vec<Effect>), Error> {
        let place = self.place(room)?;
        let broadcast = place.room.broadcast;
        if let Some(live) = &mut place.room.live {
            live.title = title.unwrap_or_else(|| live.title.clone());
            return Ok((broadcast, Vec::new()));
        }
        let title = match title {
            Some(title) => title,
            None => Title::new(place.room.name.as_str()).expect("a name is shorter than a title may be"),
        };
        Ok((broadcast, self.begins(room, title, wanted, now_unix, false)?))
    }

    fn begins(
        &mut self,
        room: RoomId,
        title: Title,
        wanted: Wanted,
        now_unix: i64,
        by_itself: bool,
    ) -> Result<Vec<Effect>, Error> {
        let now = self.now;
        let place = self.place(room)?;
        let Direction { auto_record, auto_separately, .. } = place.room.direction;
        let record = wanted != Wanted::Nothing || auto_record;
        let separately = wanted == Wanted::Separately || (auto_record && auto_separately);
        let recording = record.then_some(Recording { agreed: false, since: now, separately });
        place.room.live = Some(Live { since: now_unix, title, recording, by_itself });
        let mut effects = Vec::new();
        for seat in &mut place.seats {
            seat.who.on_air = match seat.who.kind {
                ParticipantKind::Person if !seat.permits.sends() => OnAir::No,
                ParticipantKind::Person => OnAir::Asked,
                ParticipantKind::Box if by_itself => OnAir::Asked,
                ParticipantKind::Box => OnAir::Yes,
            };
            seat.who.recorded = if record { seat.who.on_air } else { OnAir::No };
            seat.separately(if separately { seat.who.on_air } else { OnAir::No }, now);
            seat.audiences(&mut effects);
        }
        Ok(effects)
    }

    /// Somebody has entered: the room goes on air if it does so by itself. The box is asked like everybody else, since nobody pressed
    /// anything.
    pub(super) fn enters(&mut self, room: RoomId, now_unix: i64) -> Result<Vec<Effect>, Error> {
        let place = self.place(room)?;
        if place.room.live.is_some() || !place.room.direction.auto_live || place.rests || !place.has_people() {
            return Ok(Vec::new());
        }
        let title = Title::new(place.room.name.as_str()).expect("a name is shorter than a title may be");
        self.begins(room, title, Wanted::Nothing, now_unix, true)
    }

    /// Somebody has left: what went on air by itself goes off when nobody is there any more.
    pub(super) fn leaves(&mut self, room: RoomId) -> Result<Vec<Effect>, Error> {
        let place = self.place(room)?;
        if place.has_people() {
            return Ok(Vec::new());
        }
        let ends = place.room.live.as_ref().is_some_and(|live| live.by_itself);
        let effects = if ends { self.end_live(room)? } else { Vec::new() };
        self.place(room)?.rests = false;
        Ok(effects)
    }

    pub(super) fn end_live(&mut self, room: RoomId) -> Result<Vec<Effect>, Error> {
        let now = self.now;
        let place = self.place(room)?;
        (place.room.live, place.rests) = (None, true);
        // What is of the moment ends with it.
        place.room.direction = Direction::of(&place.room.direction.kept());
        let mut effects = Vec::new();
        for seat in &mut place.seats {
            (seat.who.on_air, seat.who.recorded) = (OnAir::No, OnAir::No);
            seat.separately(OnAir::No, now);
            seat.audiences(&mut effects);
        }
        Ok(effects)
    }

    /// How a room looks to those who watch.
    pub(super) fn direction(&mut self, room: RoomId) -> Result<Direction, Error> {
        Ok(self.place(room)?.room.direction.clone())
    }

    /// It looks like this from now on.
    pub(super) fn direct(&mut self, room: RoomId, direction: Direction) -> Result<(), Error> {
        self.place(room)?.room.direction = direction;
        Ok(())
    }

    /// The box's seat in this room, if it has one.
    pub(super) fn box_in(&mut self, room: RoomId) -> Result<Option<ParticipantId>, Error> {
        Ok(self.place(room)?.box_seat())
    }

    /// The box is in one call at most: it leaves every other one.
    pub(super) fn box_leaves(&mut self, except: Option<RoomId>) -> Vec<Effect> {
        let others = self.places.iter().filter(|place| Some(place.room.id) != except);
        let leaving: Vec<_> = others.filter_map(Place::box_seat).collect();
        leaving.into_iter().filter_map(|who| self.leave(who).ok()).flatten().collect()
    }

    pub(super) fn wish_box(&mut self, who: ParticipantId, wish: BoxWish) -> Result<Vec<Effect>, Error> {
        let private = self.is_private();
        let seat = self.seat(who)?;
        if private && (wish.microphone == Some(true) || wish.camera == Some(true)) {
            return Err(Error::Private);
        }
        let (microphone, camera) = seat.muted;
        seat.muted = (wish.microphone.map_or(microphone, |on| !on), wish.camera.map_or(camera, |on| !on));
        seat.show();
        match wish.on_air {
            // Whoever puts it on air sees that this is recorded, and how.
            Some(on_air) => self.consent(who, Answer { on_air, recorded: Some(on_air), separately: Some(on_air) }),
            None => Ok(Vec::new()),
        }
    }

    /// Whether the box may be heard and seen: what the endpoint goes by.
    pub(super) fn box_tracks(&mut self, who: ParticipantId, tracks: BoxTracks, effects: &mut Vec<Effect>) {
        let now = self.now;
        let Ok((place, at)) = self.of(who) else {
            return;
        };
        let seat = &mut place.seats[at];
        seat.who.connection = Connection::Connected;
        (seat.who.audio, seat.who.video, seat.who.stand_in) = (tracks.audio, tracks.video, tracks.stand_in);
        seat.show();
        place.settle(now, effects);
    }
}

/// What is true of somebody who answered to something that is wanted of them, or did not.
const fn answered(wanted: bool, answer: Option<bool>, before: OnAir) -> OnAir {
    match (wanted, answer) {
        (false, _) | (true, Some(false)) => OnAir::No,
        (true, Some(true)) => OnAir::Yes,
        // Whoever said yes to less has not been asked this.
        (true, None) if matches!(before, OnAir::Yes) => OnAir::Yes,
        (true, None) => OnAir::Asked,
    }
}

/// What is true of somebody of whom something is wanted that a person is asked, and the box agrees to.
const fn asked(wanted: bool, kind: ParticipantKind) -> OnAir {
    match (wanted, kind) {
        (false, _) => OnAir::No,
        (true, ParticipantKind::Person) => OnAir::Asked,
        (true, ParticipantKind::Box) => OnAir::Yes,
    }
}

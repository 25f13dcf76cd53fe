//! Who is on air, and the box as a participant, whom its owner speaks for.

use super::direction::Direction;
use super::place::Place;
use super::snapshot::{Connection, Live, OnAir, ParticipantKind, Recording};
use super::state::{Effect, State};
use super::{BoxTracks, BoxWish, Error};
use crate::model::id::{BroadcastId, ParticipantId, RoomId};
use crate::proto::auth::Title;

impl State {
    pub(super) fn consent(
        &mut self,
        who: ParticipantId,
        on_air: bool,
        recorded: Option<bool>,
    ) -> Result<Vec<Effect>, Error> {
        let (place, at) = self.of(who)?;
        let recording = place.room.live.as_ref().is_some_and(|live| live.recording.is_some());
        let live = place.room.live.is_some();
        let seat = &mut place.seats[at];
        seat.who.on_air = if on_air && live { OnAir::Yes } else { OnAir::No };
        seat.who.recorded = match (seat.who.on_air == OnAir::Yes && recording, recorded) {
            (false, _) => OnAir::No,
            (true, Some(true)) => OnAir::Yes,
            (true, Some(false)) => OnAir::No,
            // Whoever said yes to being on air alone has not been asked this.
            (true, None) if seat.who.recorded == OnAir::Yes => OnAir::Yes,
            (true, None) => OnAir::Asked,
        };
        let mut effects = Vec::new();
        seat.audiences(&mut effects);
        Ok(effects)
    }

    /// Whether what is on air of a room is wanted as a recording: everybody who is on air is asked; the box agrees by this very press.
    pub(super) fn record(&mut self, room: RoomId, on: bool) -> Result<(), Error> {
        let now = self.now;
        let place = self.place(room)?;
        let live = place.room.live.as_mut().ok_or(Error::NotLive)?;
        if live.recording.is_some() == on {
            return Ok(());
        }
        live.recording = on.then_some(Recording { agreed: false, since: now });
        for seat in &mut place.seats {
            seat.who.recorded = match (on && seat.who.on_air == OnAir::Yes, seat.who.kind) {
                (false, _) => OnAir::No,
                (true, ParticipantKind::Person) => OnAir::Asked,
                (true, ParticipantKind::Box) => OnAir::Yes,
            };
        }
        Ok(())
    }

    pub(super) fn go_live(
        &mut self,
        room: RoomId,
        title: Option<Title>,
        record: bool,
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
        Ok((broadcast, self.begins(room, title, record, now_unix, false)?))
    }

    fn begins(
        &mut self,
        room: RoomId,
        title: Title,
        record: bool,
        now_unix: i64,
        by_itself: bool,
    ) -> Result<Vec<Effect>, Error> {
        let now = self.now;
        let place = self.place(room)?;
        let record = record || place.room.direction.auto_record;
        let recording = record.then_some(Recording { agreed: false, since: now });
        place.room.live = Some(Live { since: now_unix, title, recording, by_itself });
        let mut effects = Vec::new();
        for seat in &mut place.seats {
            seat.who.on_air = match seat.who.kind {
                ParticipantKind::Person => OnAir::Asked,
                ParticipantKind::Box if by_itself => OnAir::Asked,
                ParticipantKind::Box => OnAir::Yes,
            };
            seat.who.recorded = if record { seat.who.on_air } else { OnAir::No };
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
        self.begins(room, title, false, now_unix, true)
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
        let place = self.place(room)?;
        (place.room.live, place.rests) = (None, true);
        // What is of the moment ends with it.
        place.room.direction = Direction::of(&place.room.direction.kept());
        let mut effects = Vec::new();
        for seat in &mut place.seats {
            (seat.who.on_air, seat.who.recorded) = (OnAir::No, OnAir::No);
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
            // Whoever puts it on air sees that this is recorded.
            Some(on_air) => self.consent(who, on_air, Some(on_air)),
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

//! Order in a room: who comes in, who is stopped, who has raised a hand, and who has the room when those who run it have left.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Error;
use super::keeping::Act;
use super::permits::{Permits, Rank};
use super::place::Place;
use super::seat::Seat;
use super::snapshot::{Label, Outside, Outsider, ParticipantKind, Succession};
use super::state::{Effect, State};
use crate::model::id::{ParticipantId, RoomId};
use crate::model::role::{Role, Subject};
use crate::model::time::MediaTime;
use crate::proto::auth::Name;

/// People who wait in the lobby of one room at most.
pub(super) const MOST_WAITING: usize = 50;
/// People who were put out that one room remembers: of more the one who was put out first is forgotten, whom a ban keeps out all the same.
const MOST_PUT_OUT: usize = 50;
/// People whom a locked room knows at most.
const MOST_KNOWN: usize = 256;
/// Seconds for which somebody who was refused does not ask again.
const REFUSED: i64 = 60;

/// Whoever stands at the door.
struct Someone {
    subject: Subject,
    shown: Outsider,
}

/// What is kept of a lock over a restart of the box: whom it lets in.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Lock {
    known: BTreeSet<Subject>,
}

/// Who may come into a room, and who asks to.
#[derive(Default)]
pub(super) struct Door {
    lock: Option<Lock>,
    /// In the order they came.
    someone: Vec<Someone>,
    refused: BTreeMap<Subject, MediaTime>,
}

impl Door {
    /// Under which name the lock of a room is kept.
    pub(super) fn setting(room: RoomId) -> String {
        format!("room.{room}.lock")
    }

    /// What is kept of the lock; empty while there is none.
    pub(super) fn kept(&self) -> String {
        self.lock.as_ref().map(|lock| serde_json::to_string(lock).unwrap_or_default()).unwrap_or_default()
    }

    /// As it was kept. What can't be read locks nobody out.
    pub(super) fn of(kept: &str) -> Self {
        Self { lock: serde_json::from_str(kept).ok(), ..Self::default() }
    }

    pub(super) fn is_locked(&self) -> bool {
        self.lock.is_some()
    }

    pub(super) fn outsiders(&self) -> Vec<Outsider> {
        self.someone.iter().map(|one| one.shown.clone()).collect()
    }

    /// Somebody who is outside: whose grant it is, and what is shown of them.
    pub(super) fn find(&self, who: ParticipantId) -> Option<(Subject, Outsider)> {
        let one = self.someone.iter().find(|one| one.shown.id == who)?;
        Some((one.subject, one.shown.clone()))
    }

    /// Whether somebody may come in whose grant says so.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub(super) fn admits(&self, subject: Subject, permits: &Permits) -> Result<(), Error> {
        if permits.rank >= Rank::Keeps {
            return Ok(());
        }
        match &self.lock {
            Some(lock) if !lock.known.contains(&subject) => Err(Error::Locked),
            Some(_) | None => Ok(()),
        }
    }

    /// Somebody asks to be let in. Whoever has asked already asks anew.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::LobbyFull`].
    pub(super) fn knock(
        &mut self,
        subject: Subject,
        id: ParticipantId,
        name: Name,
        now: MediaTime,
    ) -> Result<(), Error> {
        self.refused.retain(|_, until| *until > now);
        if self.refused.contains_key(&subject) {
            return Err(Error::Refused);
        }
        let waits = |one: &Someone| one.shown.why == Outside::Waits;
        self.someone.retain(|one| one.subject != subject || !waits(one));
        if self.someone.iter().filter(|one| waits(one)).count() >= MOST_WAITING {
            return Err(Error::LobbyFull);
        }
        self.someone.push(Someone { subject, shown: Outsider { id, name, why: Outside::Waits } });
        Ok(())
    }

    /// Somebody does not ask any more.
    pub(super) fn gives_up(&mut self, who: ParticipantId) -> bool {
        let before = self.someone.len();
        self.someone.retain(|one| one.shown.id != who || one.shown.why != Outside::Waits);
        before != self.someone.len()
    }

    /// Somebody who asks, or was put out, may come in.
    pub(super) fn let_in(&mut self, who: ParticipantId) {
        if let Some((subject, _)) = self.find(who) {
            self.someone.retain(|one| one.subject != subject);
            self.refused.remove(&subject);
            self.knows(subject);
        }
    }

    /// Somebody who asks may not come in. Answers what they call themselves.
    pub(super) fn refuse(&mut self, who: ParticipantId, now: MediaTime) -> Option<Name> {
        let (subject, shown) = self.find(who).filter(|(_, shown)| shown.why == Outside::Waits)?;
        self.gives_up(who);
        self.refused.insert(subject, now.plus_nanos(REFUSED * 1_000_000_000));
        Some(shown.name)
    }

    /// Somebody is put out: they come back by the lobby, or not at all.
    pub(super) fn put_out(&mut self, subject: Subject, shown: Outsider) {
        self.someone.retain(|one| one.subject != subject);
        let is_out = |one: &Someone| one.shown.why != Outside::Waits;
        if self.someone.iter().filter(|one| is_out(one)).count() >= MOST_PUT_OUT
            && let Some(first) = self.someone.iter().position(is_out)
        {
            self.someone.remove(first);
        }
        if let Some(lock) = &mut self.lock {
            lock.known.remove(&subject);
        }
        self.someone.push(Someone { subject, shown });
    }

    /// Somebody comes in: they are not outside any more.
    pub(super) fn comes_in(&mut self, subject: Subject) {
        self.someone.retain(|one| one.subject != subject);
    }

    fn knows(&mut self, subject: Subject) {
        if let Some(lock) = self.lock.as_mut().filter(|lock| lock.known.len() < MOST_KNOWN) {
            lock.known.insert(subject);
        }
    }

    /// Nobody else comes in from here on, or everybody who may.
    fn lock(&mut self, locked: bool, known: impl Iterator<Item = Subject>) {
        self.lock = locked.then(|| Lock { known: known.take(MOST_KNOWN).collect() });
    }
}

impl Place {
    /// Whether somebody who runs it is in it.
    pub(super) fn is_run(&self) -> bool {
        self.seats.iter().any(runs)
    }

    /// Whether nobody runs it any more now that this seat is gone, though somebody did.
    pub(super) fn is_left_alone(&self, gone: &Seat) -> bool {
        (self.left_alone || runs(gone)) && !self.is_run() && self.has_people()
    }

    /// Finds out who has it.
    pub(super) fn succeed(&mut self) {
        let named = self.room.succession.named.filter(|who| self.seat(*who).is_some());
        let keeps = |seat: &&Seat| seat.permits.rank == Rank::Keeps;
        let acting = self.seats.iter().find(keeps).filter(|_| self.left_alone).map(|seat| seat.who.id);
        self.room.succession = Succession { named, acting };
    }
}

/// Whether somebody who runs the room has this seat.
fn runs(seat: &Seat) -> bool {
    seat.who.kind == ParticipantKind::Person && seat.permits.rank >= Rank::Runs
}

/// What is to be done where grants are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Nothing.
    Nothing,
    /// Has to be let in anew.
    Wait,
    /// This role in the room.
    Role(Role),
    /// May not come back.
    Ban,
}

impl State {
    /// The grant of a participant says something else: that holds for what they send at once.
    pub(super) fn permit(&mut self, who: ParticipantId, permits: Permits) -> Result<Vec<Effect>, Error> {
        let now = self.now;
        let seats = self.places.iter().flat_map(|place| &place.seats);
        if seats.into_iter().any(|seat| seat.who.id == who && seat.permits == permits) {
            return Ok(Vec::new());
        }
        let (place, at) = self.of(who)?;
        let (mut effects, ran) = (Vec::new(), runs(&place.seats[at]));
        let live = place.room.live.clone();
        place.seats[at].permit(permits, live.as_ref(), now, &mut effects);
        place.left_alone = (place.left_alone || ran) && !place.is_run();
        place.settle(now, &mut effects);
        Ok(effects)
    }

    /// Somebody who has `by` keeps order with regard to a participant. Answers whom that is about where grants are kept, and what is to be
    /// done there; a box has no grant.
    pub(super) fn act(
        &mut self,
        by: (Option<Subject>, &Permits),
        who: ParticipantId,
        act: Act,
        effects: &mut Vec<Effect>,
    ) -> Result<(Option<Subject>, Deed), Error> {
        let now = self.now;
        let (place, at) = self.of(who).map_err(|_| Error::NotHere)?;
        let (whom, subject, kind) = {
            let seat = &place.seats[at];
            (seat.permits, seat.subject, seat.who.kind)
        };
        let himself = subject.is_some() && by.0 == subject;
        // Whoever runs the box is put out by nobody, and nobody by themselves.
        let puts_out = matches!(act, Act::Remove | Act::Ban | Act::Stage { .. } | Act::Moderator { .. });
        let forbidden = puts_out && (whom.rank == Rank::Owns || himself);
        let runs = by.1.rank >= Rank::Runs || !matches!(act, Act::Moderator { .. } | Act::HandOver);
        if !by.1.keeps(whom.rank) || forbidden || !runs {
            return Err(Error::NotPermitted);
        }
        if kind == ParticipantKind::Box && !matches!(act, Act::Mute | Act::StopCamera) {
            return Err(Error::NotPermitted);
        }
        let seat = &mut place.seats[at];
        let deed = match act {
            Act::Mute if kind == ParticipantKind::Box => {
                seat.muted.0 = true;
                seat.show();
                Deed::Nothing
            }
            Act::StopCamera if kind == ParticipantKind::Box => {
                seat.muted.1 = true;
                seat.show();
                Deed::Nothing
            }
            Act::Mute => {
                seat.stop(Label::Microphone, effects);
                Deed::Nothing
            }
            Act::StopCamera => {
                seat.stop(Label::Camera, effects);
                Deed::Nothing
            }
            Act::StopScreen => {
                seat.stop(Label::Screen, effects);
                Deed::Nothing
            }
            Act::LowerHand => {
                seat.who.hand = None;
                Deed::Nothing
            }
            Act::Stage { on: true } if whom.role == Role::Viewer => Deed::Role(Role::Guest),
            Act::Stage { on: false } if whom.role == Role::Guest => Deed::Role(Role::Viewer),
            Act::Moderator { on: true } if whom.rank == Rank::Takes => Deed::Role(Role::Moderator),
            Act::Moderator { on: false } if whom.rank == Rank::Keeps => Deed::Role(Role::Guest),
            // It is so already, or is no matter of the stage.
            Act::Stage { .. } | Act::Moderator { .. } => Deed::Nothing,
            Act::HandOver => {
                let named = place.room.succession.named;
                place.room.succession.named = (named != Some(who)).then_some(who);
                Deed::Nothing
            }
            Act::Remove | Act::Ban => {
                let (why, deed) = match act {
                    Act::Ban => (Outside::Banned, Deed::Ban),
                    _ => (Outside::Removed, Deed::Wait),
                };
                let shown = Outsider { id: who, name: seat.who.name.clone(), why };
                let subject = subject.ok_or(Error::NotPermitted)?;
                place.door.put_out(subject, shown);
                // They may be in it more than once.
                let all: Vec<ParticipantId> =
                    place.seats.iter().filter(|seat| seat.subject == Some(subject)).map(|seat| seat.who.id).collect();
                for who in all {
                    effects.extend(self.leave(who)?);
                }
                return Ok((Some(subject), deed));
            }
        };
        place.settle(now, effects);
        Ok((subject, deed))
    }

    /// A participant raises a hand, or lowers it.
    pub(super) fn hand(&mut self, who: ParticipantId, up: bool) -> Result<(), Error> {
        let (place, at) = self.of(who)?;
        let hand = &mut place.seats[at].who.hand;
        match (up, *hand) {
            (true, None) => {
                place.hands += 1;
                *hand = Some(place.hands);
            }
            (false, Some(_)) => *hand = None,
            (true, Some(_)) | (false, None) => {}
        }
        Ok(())
    }

    /// Nobody else comes in, or everybody who may. Answers what is to be kept of that.
    pub(super) fn lock(&mut self, room: RoomId, locked: bool) -> Result<String, Error> {
        let place = self.place(room)?;
        if place.door.is_locked() != locked {
            place.door.lock(locked, place.seats.iter().filter_map(|seat| seat.subject));
        }
        Ok(place.door.kept())
    }

    /// Who runs a room that was left alone: whom one of those who did had named. Once.
    pub(super) fn heir(&mut self, room: RoomId) -> Option<(Subject, Name)> {
        let place = self.place_quietly(room).ok().filter(|place| place.left_alone)?;
        let named = place.room.succession.named.take()?;
        place.touch();
        let seat = place.seat(named)?;
        Some((seat.subject?, seat.who.name.clone()))
    }
}

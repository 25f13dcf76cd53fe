//! Who rings, and what becomes of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::hours::Hours;
use crate::model::id::{GrantId, ParticipantId, RoomId};
use crate::model::time::MediaTime;
use crate::proto::auth::Name;

/// How long it rings.
pub const RINGS: Duration = Duration::from_secs(45);
/// How long everybody in front of the box is told that a call is going to be answered by itself.
pub const COUNTDOWN: Duration = Duration::from_secs(10);
/// How long a caller is told what became of their call.
const TOLD: Duration = Duration::from_secs(60);
/// Nobody rings again sooner than this after their last call ended.
const AGAIN: Duration = Duration::from_secs(3);
/// Calls that are remembered. The oldest is forgotten first.
pub const CALLS: usize = 20;
/// Contacts that may be answered by themselves.
pub const CONTACTS: usize = 32;

/// Somebody who rings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who they are in the room.
    pub participant: ParticipantId,
    /// The room that they wait in.
    pub room: RoomId,
    /// By which login: the same whenever they come by it.
    pub contact: GrantId,
    /// What they call themselves.
    pub name: Name,
}

/// The box rings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ringing {
    /// Who wants in.
    pub caller: Caller,
    /// Since when.
    pub since: MediaTime,
    /// When it is answered by itself.
    pub answers: Option<MediaTime>,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Outcome {
    /// Somebody at the box, or with the right to, took it.
    Answered,
    /// Somebody did not want to.
    Declined,
    /// Nobody came.
    Missed,
    /// The caller hung up before.
    Cancelled,
    /// The box did not ring: it is not to be disturbed.
    NotDisturbed,
    /// The box did not ring: it was in another call, or rang already.
    Busy,
}

impl Outcome {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Declined => "declined",
            Self::Missed => "missed",
            Self::Cancelled => "cancelled",
            Self::NotDisturbed => "not_disturbed",
            Self::Busy => "busy",
        }
    }
}

/// A call that was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Who it was.
    pub name: Name,
    /// Their login.
    pub contact: GrantId,
    /// The room that they were in.
    pub room: RoomId,
    /// When it rang, in seconds of wall time since 1970 UTC.
    pub at: i64,
    /// What became of it.
    pub outcome: Outcome,
}

/// What people choose.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The box does not ring.
    pub do_not_disturb: bool,
    /// It does not ring in these hours of the day.
    pub quiet_hours: Option<Hours>,
    /// Who is answered by itself.
    pub answers: Vec<GrantId>,
}

/// Why it does not ring, or is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The box is in the caller's call already.
    #[error("the box is in this call already")]
    InCall,
    /// They have just rung.
    #[error("you have just rung; wait a moment")]
    TooSoon,
    /// Nobody rings.
    #[error("nobody rings any more")]
    NotRinging,
    /// The box is in no call.
    #[error("the box is in no call")]
    NotInCall,
    /// So many contacts can't be chosen.
    #[error("at most {CONTACTS} contacts can be answered by themselves")]
    TooMany,
}

/// What the box is in at the moment, as the rooms have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// The call it is in.
    pub in_call: Option<RoomId>,
    /// Camera and microphone are closed.
    pub private: bool,
    /// Minutes since midnight, where the box is.
    pub minute: u16,
    /// Seconds of wall time since 1970 UTC.
    pub unix: i64,
}

/// Everything about it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    pub(super) settings: Settings,
    /// The newest last.
    pub(super) calls: Vec<Call>,
    ringing: Option<Ringing>,
    told: Vec<(ParticipantId, Outcome, MediaTime)>,
}

impl State {
    pub(super) fn new(settings: Settings, calls: Vec<Call>) -> Self {
        Self { settings, calls, ..Self::default() }
    }

    pub(super) fn ringing(&self) -> Option<&Ringing> {
        self.ringing.as_ref()
    }

    pub(super) fn told(&self) -> impl Iterator<Item = (ParticipantId, Outcome)> {
        self.told.iter().map(|(who, outcome, _)| (*who, *outcome))
    }

    /// Whether it does not ring at the moment.
    pub(super) fn is_quiet(&self, minute: u16) -> bool {
        self.settings.do_not_disturb || self.settings.quiet_hours.is_some_and(|hours| hours.has(minute))
    }

    /// Somebody rings.
    pub(super) fn ring(&mut self, caller: Caller, at: MediaTime, now: Now) -> Result<(), Refused> {
        if now.in_call == Some(caller.room) {
            return Err(Refused::InCall);
        }
        if self.ringing.as_ref().is_some_and(|ringing| ringing.caller.participant == caller.participant) {
            return Ok(());
        }
        let lately =
            |(who, _, told): &(ParticipantId, Outcome, MediaTime)| *who == caller.participant && at < *told + AGAIN;
        if self.told.iter().any(lately) {
            return Err(Refused::TooSoon);
        }
        self.told.retain(|(who, ..)| *who != caller.participant);
        if now.in_call.is_some() || self.ringing.is_some() {
            self.remember(&caller, Outcome::Busy, at, now);
        } else if self.is_quiet(now.minute) {
            self.remember(&caller, Outcome::NotDisturbed, at, now);
        } else {
            let chosen = self.settings.answers.contains(&caller.contact);
            let answers = (chosen && !now.private).then(|| at + COUNTDOWN);
            self.ringing = Some(Ringing { caller, since: at, answers });
        }
        Ok(())
    }

    /// The box has entered the caller's room.
    pub(super) fn answer(&mut self, at: MediaTime, now: Now) -> Result<(), Refused> {
        let ringing = self.ringing.take().ok_or(Refused::NotRinging)?;
        self.remember(&ringing.caller, Outcome::Answered, at, now);
        Ok(())
    }

    pub(super) fn decline(&mut self, at: MediaTime, now: Now) -> Result<(), Refused> {
        let ringing = self.ringing.take().ok_or(Refused::NotRinging)?;
        self.remember(&ringing.caller, Outcome::Declined, at, now);
        Ok(())
    }

    /// The caller does not want to wait any more. One who does not ring is no error: it may just have ended.
    pub(super) fn cancel(&mut self, who: ParticipantId, at: MediaTime, now: Now) {
        if let Some(ringing) = self.ringing.take_if(|ringing| ringing.caller.participant == who) {
            self.remember(&ringing.caller, Outcome::Cancelled, at, now);
        }
    }

    pub(super) fn choose(&mut self, settings: Settings) -> Result<(), Refused> {
        if settings.answers.len() > CONTACTS {
            return Err(Refused::TooMany);
        }
        self.settings = settings;
        if let Some(ringing) = &mut self.ringing {
            let kept = self.settings.answers.contains(&ringing.caller.contact) && !self.settings.do_not_disturb;
            ringing.answers = ringing.answers.filter(|_| kept);
        }
        Ok(())
    }

    pub(super) fn forget_calls(&mut self) {
        self.calls.clear();
    }

    /// Time has passed, or the rooms have changed; `waits` says whether the caller is still there. Gives the room that the box has to
    /// enter, if a call is to be answered by itself now: once, so that one that can't be goes on ringing.
    pub(super) fn pass(&mut self, at: MediaTime, now: Now, waits: impl Fn(&Caller) -> bool) -> Option<RoomId> {
        self.told.retain(|(_, _, told)| at < *told + TOLD);
        let ringing = self.ringing.as_mut()?;
        if now.private {
            ringing.answers = None;
        }
        let outcome = if now.in_call == Some(ringing.caller.room) {
            Outcome::Answered
        } else if !waits(&ringing.caller) {
            Outcome::Cancelled
        } else if now.in_call.is_some() {
            // Somebody took the box into another call.
            Outcome::Busy
        } else if ringing.answers.take_if(|answers| at >= *answers).is_some() {
            return Some(ringing.caller.room);
        } else if at >= ringing.since + RINGS {
            Outcome::Missed
        } else {
            return None;
        };
        if let Some(Ringing { caller, .. }) = self.ringing.take() {
            self.remember(&caller, outcome, at, now);
        }
        None
    }

    /// When [`State::pass`] has something to do by itself.
    pub(super) fn due(&self) -> Option<MediaTime> {
        let ends = self.ringing.as_ref().map(|ringing| ringing.answers.unwrap_or(ringing.since + RINGS));
        ends.into_iter().chain(self.told.iter().map(|(_, _, told)| *told + TOLD)).min()
    }

    fn remember(&mut self, caller: &Caller, outcome: Outcome, at: MediaTime, now: Now) {
        let Caller { participant, room, contact, name } = caller.clone();
        self.calls.push(Call { name, contact, room, at: now.unix, outcome });
        let over = self.calls.len().saturating_sub(CALLS);
        self.calls.drain(..over);
        self.told.push((participant, outcome, at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: RoomId = RoomId::from_bytes([1; 10]);
    const OTHER: RoomId = RoomId::from_bytes([2; 10]);
    const FREE: Now = Now { in_call: None, private: false, minute: 720, unix: 1_700_000_000 };

    fn at(seconds: i64) -> MediaTime {
        MediaTime::from_millis(seconds * 1000)
    }

    fn caller(number: u8) -> Caller {
        Caller {
            participant: ParticipantId::from_bytes([number; 10]),
            room: ROOM,
            contact: GrantId::from_bytes([number; 10]),
            name: Name::new("Ada").expect("a name"),
        }
    }

    fn ringing() -> State {
        let mut state = State::default();
        state.ring(caller(1), at(0), FREE).expect("it rings");
        state
    }

    fn outcomes(state: &State) -> Vec<Outcome> {
        state.calls.iter().map(|call| call.outcome).collect()
    }

    #[test]
    fn a_call_rings_until_somebody_answers_declines_or_nobody_came() {
        let mut state = ringing();
        assert_eq!(state.ringing().map(|ringing| ringing.since), Some(at(0)));
        assert_eq!(state.answer(at(5), FREE), Ok(()));
        assert_eq!((state.ringing(), outcomes(&state)), (None, vec![Outcome::Answered]));
        assert_eq!(state.answer(at(6), FREE), Err(Refused::NotRinging));

        let mut state = ringing();
        state.decline(at(5), FREE).expect("it is declined");
        assert_eq!(state.told().collect::<Vec<_>>(), [(caller(1).participant, Outcome::Declined)]);
        assert_eq!(state.decline(at(5), FREE), Err(Refused::NotRinging));

        let mut state = ringing();
        assert_eq!(state.due(), Some(at(45)));
        assert_eq!(state.pass(at(44), FREE, |_| true), None);
        assert!(state.ringing().is_some());
        assert_eq!(state.pass(at(45), FREE, |_| true), None);
        assert_eq!((state.ringing(), outcomes(&state)), (None, vec![Outcome::Missed]));
        assert_eq!(state.calls[0].at, FREE.unix);
    }

    #[test]
    fn whoever_hangs_up_or_leaves_does_not_ring_any_more() {
        let mut state = ringing();
        state.cancel(caller(2).participant, at(1), FREE);
        assert!(state.ringing().is_some(), "another's call is theirs");
        state.cancel(caller(1).participant, at(1), FREE);
        state.cancel(caller(1).participant, at(1), FREE);
        assert_eq!((state.ringing(), outcomes(&state)), (None, vec![Outcome::Cancelled]));

        let mut state = ringing();
        assert_eq!(state.pass(at(1), FREE, |caller| caller.room != ROOM), None);
        assert_eq!((state.ringing(), outcomes(&state)), (None, vec![Outcome::Cancelled]));
    }

    #[test]
    fn a_box_that_enters_the_call_by_other_means_has_answered() {
        let mut state = ringing();
        let inside = Now { in_call: Some(ROOM), ..FREE };
        assert_eq!(state.pass(at(1), inside, |_| true), None);
        assert_eq!(outcomes(&state), [Outcome::Answered]);
        assert_eq!(state.ring(caller(2), at(2), inside), Err(Refused::InCall));
        let elsewhere = Now { in_call: Some(OTHER), ..FREE };
        let mut state = ringing();
        assert_eq!(state.pass(at(1), elsewhere, |_| true), None);
        assert_eq!(outcomes(&state), [Outcome::Busy]);
    }

    #[test]
    fn it_does_not_ring_when_it_is_busy_or_not_to_be_disturbed_and_the_call_is_remembered() {
        let mut state = ringing();
        state.ring(caller(2), at(1), FREE).expect("it is told");
        assert_eq!(state.told().collect::<Vec<_>>(), [(caller(2).participant, Outcome::Busy)]);
        let mut state = State::default();
        state.ring(caller(1), at(1), Now { in_call: Some(OTHER), ..FREE }).expect("it is told");
        assert_eq!((state.ringing(), outcomes(&state)), (None, vec![Outcome::Busy]));

        let night = Hours::new(22 * 60, 7 * 60).expect("hours");
        for (settings, minute, rings) in [
            (Settings { do_not_disturb: true, ..Settings::default() }, 720, false),
            (Settings { quiet_hours: Some(night), ..Settings::default() }, 720, true),
            (Settings { quiet_hours: Some(night), ..Settings::default() }, 23 * 60, false),
            (Settings { quiet_hours: Some(night), ..Settings::default() }, 6 * 60 + 59, false),
        ] {
            let mut state = State::new(settings, Vec::new());
            state.ring(caller(1), at(0), Now { minute, ..FREE }).expect("it is told");
            assert_eq!(state.ringing().is_some(), rings, "{minute}");
            let expected: &[Outcome] = if rings { &[] } else { &[Outcome::NotDisturbed] };
            assert_eq!(outcomes(&state), expected);
        }
    }

    #[test]
    fn only_chosen_contacts_are_answered_by_themselves_and_never_when_nobody_may_see() {
        let chosen = Settings { answers: vec![caller(1).contact], ..Settings::default() };
        let mut state = State::new(chosen.clone(), Vec::new());
        state.ring(caller(2), at(0), FREE).expect("it rings");
        assert_eq!(state.ringing().and_then(|ringing| ringing.answers), None);

        let mut state = State::new(chosen.clone(), Vec::new());
        state.ring(caller(1), at(0), FREE).expect("it rings");
        assert_eq!((state.ringing().and_then(|ringing| ringing.answers), state.due()), (Some(at(10)), Some(at(10))));
        assert_eq!(state.pass(at(9), FREE, |_| true), None);
        assert_eq!(state.pass(at(10), FREE, |_| true), Some(ROOM));
        assert_eq!(state.pass(at(11), FREE, |_| true), None, "it is tried once");
        assert!(state.ringing().is_some(), "until the box is there it rings");
        state.answer(at(11), FREE).expect("it is there");
        assert_eq!(outcomes(&state), [Outcome::Answered]);

        let private = Now { private: true, ..FREE };
        let mut state = State::new(chosen.clone(), Vec::new());
        state.ring(caller(1), at(0), private).expect("it rings");
        assert_eq!(state.pass(at(10), private, |_| true), None);
        // Privacy mode in the middle of the countdown ends it, for good.
        let mut state = State::new(chosen.clone(), Vec::new());
        state.ring(caller(1), at(0), FREE).expect("it rings");
        assert_eq!(state.pass(at(5), private, |_| true), None);
        assert_eq!(state.pass(at(11), FREE, |_| true), None);
        assert!(state.ringing().is_some());

        let quiet = Settings { do_not_disturb: true, ..chosen.clone() };
        let mut state = State::new(quiet.clone(), Vec::new());
        state.ring(caller(1), at(0), FREE).expect("it is told");
        assert_eq!(outcomes(&state), [Outcome::NotDisturbed]);
        // And so does whoever does not want to be disturbed any more, or not by them.
        for other in [quiet, Settings::default()] {
            let mut state = State::new(chosen.clone(), Vec::new());
            state.ring(caller(1), at(0), FREE).expect("it rings");
            state.choose(other).expect("it is chosen");
            assert_eq!(state.pass(at(10), FREE, |_| true), None);
            assert!(state.ringing().is_some());
        }
    }

    #[test]
    fn nobody_rings_again_at_once_and_what_became_of_a_call_is_told_for_a_minute() {
        let mut state = ringing();
        state.ring(caller(1), at(1), FREE).expect("it rings already");
        state.decline(at(2), FREE).expect("it is declined");
        assert_eq!(state.ring(caller(1), at(4), FREE), Err(Refused::TooSoon));
        state.ring(caller(1), at(5), FREE).expect("it rings");
        assert_eq!(state.told().count(), 0, "what is new counts");
        state.cancel(caller(1).participant, at(6), FREE);
        assert_eq!(state.due(), Some(at(66)));
        state.pass(at(66), FREE, |_| true);
        assert_eq!(state.told().count(), 0);
    }

    #[test]
    fn memory_is_bounded() {
        let mut state = State::default();
        for second in 0..100 {
            let who = Caller { participant: ParticipantId::from_bytes([second as u8; 10]), ..caller(1) };
            state.ring(who, at(second), Now { in_call: Some(OTHER), unix: second, ..FREE }).expect("it is told");
            state.pass(at(second), FREE, |_| true);
        }
        assert_eq!(state.calls.len(), CALLS);
        assert_eq!(state.calls.last().map(|call| call.at), Some(99));
        assert!(state.told().count() <= 60);
        let many = Settings { answers: vec![caller(1).contact; CONTACTS + 1], ..Settings::default() };
        assert_eq!(state.choose(many), Err(Refused::TooMany));
        state.forget_calls();
        assert_eq!(state.calls, []);
    }
}

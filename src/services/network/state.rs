//! When the box opens a network of its own: pure.

use std::time::Duration;

use tokio::time::Instant;

/// How long there is no network before one is opened, where the box knows none: a cable may be plugged in yet.
pub(super) const NEW: Duration = Duration::from_secs(20);
/// The same, while a connection is being made.
pub(super) const TRYING: Duration = Duration::from_secs(90);
/// The same, where the box knows one: its router may only start anew.
pub(super) const KNOWN: Duration = Duration::from_secs(180);
/// So long without anybody who uses it, it makes room for the networks that the box knows: while it is open the radio looks for none.
pub(super) const UNUSED: Duration = Duration::from_secs(600);

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// There is a network.
    pub(super) connected: bool,
    /// A connection is being made.
    pub(super) trying: bool,
    /// The box knows wireless networks.
    pub(super) knows: bool,
    /// There is a screen that says how to join.
    pub(super) screen: bool,
    /// Its own network is open.
    pub(super) open: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Do {
    Nothing,
    Open,
    Close,
}

/// Since when it is as it is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Plan {
    /// Since when there is none.
    without: Option<Instant>,
    /// When somebody last used what is open, or when that was opened.
    used: Option<Instant>,
    /// It is opened at once: what somebody chose does not work.
    at_once: bool,
}

impl Plan {
    /// Somebody uses what is open.
    pub(super) fn used(&mut self, now: Instant) {
        self.used = Some(now);
    }

    /// What somebody chose does not work: they wait for it.
    pub(super) fn failed(&mut self) {
        self.at_once = true;
    }

    /// What is to be done now.
    pub(super) fn look(&mut self, look: Look, now: Instant) -> Do {
        if look.connected {
            *self = Self::default();
            return if look.open { Do::Close } else { Do::Nothing };
        }
        let without = *self.without.get_or_insert(now);
        if look.open {
            self.at_once = false;
            let unused = now - *self.used.get_or_insert(now) >= UNUSED;
            if look.knows && unused || !look.screen {
                // From here on they are looked for.
                *self = Self { without: Some(now), ..Self::default() };
                return Do::Close;
            }
            return Do::Nothing;
        }
        self.used = None;
        let patience = match look {
            _ if self.at_once => Duration::ZERO,
            Look { knows: true, .. } => KNOWN,
            Look { trying: true, .. } => TRYING,
            _ => NEW,
        };
        if look.screen && now - without >= patience { Do::Open } else { Do::Nothing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: Look = Look { connected: false, trying: false, knows: false, screen: true, open: false };

    /// What is done in this many seconds after `from`, looked at each second, with when.
    fn first(plan: &mut Plan, look: Look, from: Instant, seconds: u64) -> Option<(u64, Do)> {
        (0..=seconds)
            .map(|at| (at, plan.look(look, from + Duration::from_secs(at))))
            .find(|(_, what)| *what != Do::Nothing)
    }

    #[test]
    fn a_new_box_without_a_network_opens_one_and_closes_it_when_there_is_another() {
        let (mut plan, from) = (Plan::default(), Instant::now());
        assert_eq!(first(&mut plan, ALONE, from, 60), Some((NEW.as_secs(), Do::Open)));
        let open = Look { open: true, ..ALONE };
        let later = from + Duration::from_secs(60);
        assert_eq!(first(&mut plan, open, later, 7200), None, "as long as nobody comes, where it knows no other");
        let connected = Look { connected: true, ..open };
        assert_eq!(plan.look(connected, later), Do::Close);
        let gone = later + Duration::from_secs(7);
        assert_eq!(first(&mut plan, ALONE, gone, 60), Some((NEW.as_secs(), Do::Open)), "it is counted anew");
    }

    #[test]
    fn it_waits_for_what_is_being_made_and_longer_for_what_it_knows() {
        let from = Instant::now();
        let first = |look, seconds| first(&mut Plan::default(), look, from, seconds);
        assert_eq!(first(Look { trying: true, ..ALONE }, 600), Some((TRYING.as_secs(), Do::Open)));
        assert_eq!(first(Look { knows: true, ..ALONE }, 600), Some((KNOWN.as_secs(), Do::Open)));
        assert_eq!(first(Look { connected: true, ..ALONE }, 7200), None);
        assert_eq!(first(Look { screen: false, ..ALONE }, 7200), None, "nobody could read how to join");
    }

    #[test]
    fn unused_it_makes_room_for_those_it_knows_and_opens_again() {
        let (mut plan, from) = (Plan::default(), Instant::now());
        let known = Look { knows: true, ..ALONE };
        let open = Look { open: true, ..known };
        assert_eq!(plan.look(open, from), Do::Nothing);
        let used = from + UNUSED - Duration::from_secs(1);
        plan.used(used);
        assert_eq!(first(&mut plan, open, used, 7200), Some((UNUSED.as_secs(), Do::Close)));
        let closed = used + UNUSED;
        assert_eq!(first(&mut plan, known, closed, 7200), Some((KNOWN.as_secs(), Do::Open)));
    }

    #[test]
    fn after_a_choice_that_does_not_work_it_is_there_at_once() {
        let (mut plan, now) = (Plan::default(), Instant::now());
        plan.failed();
        assert_eq!(plan.look(Look { knows: true, ..ALONE }, now), Do::Open);
        assert_eq!(plan.look(Look { open: true, ..ALONE }, now), Do::Nothing);
        assert_eq!(plan.look(Look { knows: true, ..ALONE }, now), Do::Nothing, "once");
    }
}

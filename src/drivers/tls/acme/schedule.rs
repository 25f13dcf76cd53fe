//! When a certificate is asked for: pure. Times are seconds since 1970 UTC.

use serde::{Deserialize, Serialize};

use super::failure::Code;
use crate::drivers::tls::names::{Names, Says};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// No clock that is right says less: 2026-11-28. A box without a battery for its clock starts long ago, and a certificate of today would
/// be none yet for it.
const WRITTEN: i64 = 1_795_824_000;
/// Attempts within an hour, whoever wanted them: public authorities count failures for each name and hour.
const AN_HOUR: usize = 4;
/// How long it rests after so many failures in a row. The last one holds for all that follow.
const PAUSES: [i64; 7] = [5 * MINUTE, 15 * MINUTE, HOUR, HOUR, 2 * HOUR, 6 * HOUR, DAY];
/// An authority that wants to be left alone for longer is asked again after this.
const LONGEST_REST: i64 = 7 * DAY;

/// What is known of former attempts; it outlives the process, so that a box that starts over and over asks no more often than any other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Attempts {
    /// What was asked for, of whom: with something else everything begins anew, but for the number of attempts an hour.
    pub(super) of: String,
    /// In a row.
    pub(super) failures: u32,
    /// The last ones, the newest last.
    pub(super) tried: Vec<i64>,
    /// The authority wants to be left alone until then.
    pub(super) rest: i64,
    /// How the last one failed.
    pub(super) failure: Option<Failure>,
}

/// How an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Why, and what to do.
    pub code: Code,
    /// What the other side said, for the owner alone: names may be in it.
    pub detail: Option<String>,
    /// When, in seconds since 1970 UTC.
    pub at: i64,
}

impl Attempts {
    /// Those that count for what is asked for now.
    pub(super) fn of(self, of: String) -> Self {
        if self.of == of { self } else { Self { of, tried: self.tried, ..Self::default() } }
    }

    /// One begins.
    pub(super) fn begin(&mut self, now: i64) {
        // What a wrong clock wrote counts no more.
        self.tried.retain(|at| (now - HOUR..=now).contains(at));
        self.tried.push(now);
    }

    /// It gave a certificate.
    pub(super) fn succeeded(&mut self) {
        (self.failures, self.rest, self.failure) = (0, 0, None);
    }

    /// It failed; the authority may have said how long it wants to be left alone.
    pub(super) fn failed(&mut self, failure: Failure, rest: Option<i64>) {
        self.failures = self.failures.saturating_add(1);
        self.rest = rest.unwrap_or(0).min(failure.at + LONGEST_REST);
        self.failure = Some(failure);
    }

    /// When there may be another one at the earliest, if somebody asks for it.
    pub(super) fn by_hand(&self, now: i64) -> i64 {
        let within: Vec<i64> = self.tried.iter().copied().filter(|at| (now - HOUR..=now).contains(at)).collect();
        let room = match within.len() {
            many if many >= AN_HOUR => within[many - AN_HOUR] + HOUR,
            _ => now,
        };
        let rest = if self.rest > now + LONGEST_REST { now } else { self.rest };
        room.max(rest)
    }
}

/// Whether the clock can be right.
pub(super) fn is_plausible(now: i64) -> bool {
    now >= WRITTEN
}

/// When the next attempt is. `salt` is the box's own, so that not all ask at the same moment.
pub(super) fn next(now: i64, present: Option<&Says>, wanted: &Names, attempts: &Attempts, salt: u16) -> i64 {
    let due = match present {
        Some(says) if says.names.hold(wanted) && says.from <= now => renewal(says, salt),
        _ => now,
    };
    let pause = attempts.failures.checked_sub(1).map(|row| PAUSES[(row as usize).min(PAUSES.len() - 1)]);
    let last = attempts.failure.as_ref().map(|failure| failure.at.min(now));
    let again = match (pause, last) {
        // Up to a quarter longer.
        (Some(pause), Some(last)) => last + pause + pause / 4 * i64::from(salt) / i64::from(u16::MAX),
        _ => now,
    };
    due.max(again).max(attempts.by_hand(now))
}

/// When a certificate is renewed: with a third of its time left, and up to a tenth of that later.
pub(super) fn renewal(says: &Says, salt: u16) -> i64 {
    let third = (says.until - says.from) / 3;
    says.until - third + third / 10 * i64::from(salt) / i64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = WRITTEN + 1000 * DAY;

    fn names(host: &str) -> Names {
        Names { hosts: [host.to_owned()].into(), ..Names::default() }
    }

    fn valid(from: i64, days: i64) -> Says {
        Says { names: names("a.example"), from, until: from + days * DAY }
    }

    fn failure(at: i64) -> Failure {
        Failure { code: Code::DirectoryUnreachable, detail: None, at }
    }

    #[test]
    fn without_a_certificate_for_the_names_one_is_asked_for_at_once() {
        let (wanted, fresh) = (names("a.example"), Attempts::default());
        assert_eq!(next(NOW, None, &wanted, &fresh, 7), NOW);
        assert_eq!(next(NOW, Some(&valid(NOW, 90)), &names("b.example"), &fresh, 7), NOW, "another name");
        assert_eq!(next(NOW, Some(&valid(NOW + 1, 90)), &wanted, &fresh, 7), NOW, "the clock was turned back");
    }

    #[test]
    fn a_certificate_is_renewed_with_a_third_of_its_time_left_and_not_by_all_at_once() {
        let (wanted, fresh) = (names("a.example"), Attempts::default());
        for days in [90, 45, 6] {
            let third = days * DAY / 3;
            let at = |salt| next(NOW, Some(&valid(NOW, days)), &wanted, &fresh, salt);
            assert_eq!(at(0), NOW + 2 * third);
            assert!((NOW + 2 * third..=NOW + 2 * third + third / 10).contains(&at(u16::MAX)), "{days}");
            assert!(at(0) < at(u16::MAX / 2) && at(u16::MAX / 2) < at(u16::MAX));
        }
    }

    #[test]
    fn failures_are_followed_by_longer_and_longer_pauses_up_to_a_day() {
        let wanted = names("a.example");
        let (mut now, mut attempts, mut pauses) = (NOW, Attempts::default(), Vec::new());
        for _ in 0..9 {
            attempts.begin(now);
            attempts.failed(failure(now), None);
            let again = next(now, None, &wanted, &attempts, 0);
            pauses.push(again - now);
            now = again;
        }
        assert_eq!(pauses[..7], PAUSES);
        assert_eq!(pauses[7..], [DAY; 2]);
        let longest = next(now, None, &wanted, &attempts, u16::MAX);
        assert!(longest <= now + DAY + DAY / 4);
        attempts.succeeded();
        assert_eq!((attempts.failures, &attempts.failure), (0, &None));
    }

    #[test]
    fn a_renewal_that_fails_rests_as_well() {
        let (present, mut attempts) = (valid(NOW - 80 * DAY, 90), Attempts::default());
        assert_eq!(next(NOW, Some(&present), &present.names, &attempts, 0), NOW, "it is late already");
        attempts.begin(NOW);
        attempts.failed(failure(NOW), None);
        assert_eq!(next(NOW, Some(&present), &present.names, &attempts, 0), NOW + PAUSES[0]);
    }

    #[test]
    fn there_are_a_few_attempts_an_hour_whoever_wants_them() {
        let mut attempts = Attempts::default();
        for minute in 0..4 {
            assert_eq!(attempts.by_hand(NOW + minute * MINUTE), NOW + minute * MINUTE);
            attempts.begin(NOW + minute * MINUTE);
        }
        assert_eq!(attempts.by_hand(NOW + 4 * MINUTE), NOW + HOUR);
        assert_eq!(next(NOW + 4 * MINUTE, None, &names("a.example"), &attempts, 0), NOW + HOUR, "nor by itself");
        // Other names are asked for from the beginning, and no more often.
        let other = attempts.clone().of("other".into());
        assert_eq!(other.by_hand(NOW + 4 * MINUTE), NOW + HOUR);
        // The clock was put back: what was written then is forgotten.
        assert_eq!(attempts.by_hand(NOW - DAY), NOW - DAY);
    }

    #[test]
    fn what_the_authority_says_of_when_to_come_back_holds_but_not_for_ever() {
        let wanted = names("a.example");
        let mut attempts = Attempts::default();
        attempts.failed(failure(NOW), Some(NOW + 3 * DAY));
        assert_eq!(next(NOW, None, &wanted, &attempts, 0), NOW + 3 * DAY);
        assert_eq!(attempts.by_hand(NOW), NOW + 3 * DAY);
        attempts.failed(failure(NOW), Some(NOW + 3000 * DAY));
        assert_eq!(next(NOW, None, &wanted, &attempts, 0), NOW + LONGEST_REST);
    }

    #[test]
    fn what_failed_is_known_after_a_restart_unless_something_else_is_asked_for() {
        let mut attempts = Attempts::default().of("a".into());
        attempts.begin(NOW);
        attempts.failed(failure(NOW), None);
        let text = serde_json::to_vec(&attempts).expect("it is text");
        let read: Attempts = serde_json::from_slice(&text).expect("it is what was written");
        assert_eq!(read, attempts);
        assert_eq!(read.clone().of("a".into()), attempts);
        assert_eq!(read.of("b".into()).failures, 0);
    }

    #[test]
    fn a_clock_from_before_the_program_was_written_is_wrong() {
        assert!(!is_plausible(0) && !is_plausible(WRITTEN - 1) && is_plausible(NOW));
    }
}

//! Whether it is on, and how somebody in front of the box ends it.

use std::fmt;
use std::time::Duration;

use super::Privacy;
use crate::model::time::MediaTime;

/// Digits of a code.
pub const DIGITS: usize = 4;
/// How long a code is shown and works.
const SHOWN: Duration = Duration::from_secs(90);
/// How often one may be typed wrong; then there has to be another.
const TRIES: u8 = 3;
/// After so many codes in a row were typed wrong there is none for this long.
const CODES: u8 = 3;
const PAUSE: Duration = Duration::from_secs(15 * 60);

/// What the screen shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code(u16);

impl Code {
    /// From random bytes. The numbers of four digits are as good as equally likely: 2^64 is no multiple of 10 000, which favours
    /// some by 1 in 10^15.
    pub fn from_random(bytes: [u8; 10]) -> Self {
        let wide = bytes.iter().take(8).fold(0u64, |wide, byte| wide << 8 | u64::from(*byte));
        Self((wide % 10_000) as u16)
    }

    fn is(self, typed: &str) -> bool {
        let typed = typed.trim();
        typed.len() == DIGITS && typed.bytes().all(|b| b.is_ascii_digit()) && typed.parse() == Ok(self.0)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

/// It does not belong in a log.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

/// Why it was not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not on.
    #[error("camera and microphone are not closed")]
    NotOn,
    /// No code is shown, or no longer.
    #[error("the screen shows no code any more; ask for another")]
    NoCode,
    /// That is not what the screen shows.
    #[error("this is not what the screen shows")]
    Wrong,
    /// Too often wrong.
    #[error(
        "wrong codes were typed too often; try again in a quarter of an hour, or use the button or the remote control of the box"
    )]
    Locked,
}

struct Shown {
    code: Code,
    until: MediaTime,
    tries: u8,
}

pub(super) struct State {
    since: Option<i64>,
    shown: Option<Shown>,
    /// Codes in a row that were typed wrong too often.
    failed: u8,
    locked: Option<MediaTime>,
}

impl State {
    pub(super) fn new(since: Option<i64>) -> Self {
        Self { since, shown: None, failed: 0, locked: None }
    }

    pub(super) fn shown(&self) -> Privacy {
        Privacy { since: self.since, code: self.shown.as_ref().map(|shown| shown.code) }
    }

    /// It is on from now on, in seconds of wall time; if it was, nothing changes.
    pub(super) fn close(&mut self, unix: i64) {
        self.since.get_or_insert(unix);
    }

    pub(super) fn open(&mut self) {
        *self = Self::new(None);
    }

    /// Shows this code; another that is shown still goes on.
    pub(super) fn ask(&mut self, code: Code, now: MediaTime) -> Result<(), Refused> {
        self.pass(now);
        if self.since.is_none() {
            return Err(Refused::NotOn);
        }
        if self.locked.is_some() {
            return Err(Refused::Locked);
        }
        self.shown.get_or_insert(Shown { code, until: now + SHOWN, tries: TRIES });
        Ok(())
    }

    /// Somebody typed this.
    pub(super) fn typed(&mut self, typed: &str, now: MediaTime) -> Result<(), Refused> {
        self.pass(now);
        if self.since.is_none() {
            return Err(Refused::NotOn);
        }
        if self.locked.is_some() {
            return Err(Refused::Locked);
        }
        let shown = self.shown.as_mut().ok_or(Refused::NoCode)?;
        if shown.code.is(typed) {
            self.open();
            return Ok(());
        }
        shown.tries = shown.tries.saturating_sub(1);
        if shown.tries == 0 {
            self.shown = None;
            self.failed += 1;
            if self.failed >= CODES {
                self.failed = 0;
                self.locked = Some(now + PAUSE);
                return Err(Refused::Locked);
            }
        }
        Err(Refused::Wrong)
    }

    /// What had its time is over.
    pub(super) fn pass(&mut self, now: MediaTime) {
        self.shown = self.shown.take().filter(|shown| now < shown.until);
        self.locked = self.locked.filter(|until| now < *until);
    }

    /// When [`State::pass`] has something to do.
    pub(super) fn due(&self) -> Option<MediaTime> {
        self.shown.as_ref().map(|shown| shown.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: Code = Code(42);
    const ANOTHER: Code = Code(4711);

    fn at(seconds: i64) -> MediaTime {
        MediaTime::from_millis(seconds * 1000)
    }

    fn on() -> State {
        let mut state = State::new(None);
        state.close(7);
        state
    }

    #[test]
    fn it_is_on_since_it_was_closed_first() {
        let mut state = on();
        state.close(9);
        assert_eq!(state.shown().since, Some(7));
        state.open();
        assert!(!state.shown().is_on());
    }

    #[test]
    fn the_code_that_is_shown_opens() {
        let mut state = on();
        assert_eq!(state.typed("0042", at(0)), Err(Refused::NoCode));
        state.ask(CODE, at(0)).expect("it is shown");
        assert_eq!(state.shown().code.map(|code| code.to_string()), Some("0042".into()));
        for wrong in ["42", "00042", "+042", "４２", ""] {
            let mut state = on();
            state.ask(CODE, at(0)).expect("it is shown");
            assert_eq!(state.typed(wrong, at(1)), Err(Refused::Wrong), "{wrong}");
        }
        state.typed(" 0042 ", at(1)).expect("it opens");
        assert_eq!(state.shown(), Privacy::default());
        assert_eq!(state.typed("0042", at(1)), Err(Refused::NotOn));
        assert_eq!(state.ask(CODE, at(1)), Err(Refused::NotOn));
    }

    #[test]
    fn a_code_goes_on_while_it_is_shown_and_then_not() {
        let mut state = on();
        state.ask(CODE, at(0)).expect("it is shown");
        assert_eq!(state.due(), Some(at(90)));
        state.ask(ANOTHER, at(89)).expect("it is shown already");
        assert_eq!(state.shown().code, Some(CODE));
        state.pass(at(90));
        assert_eq!(state.shown().code, None);
        assert_eq!(state.typed("0042", at(90)), Err(Refused::NoCode));
        state.ask(ANOTHER, at(91)).expect("another one is shown");
        assert_eq!(state.shown().code, Some(ANOTHER));
    }

    #[test]
    fn nine_wrong_codes_are_a_quarter_of_an_hour() {
        let mut state = on();
        for code in 0..3 {
            state.ask(CODE, at(code)).expect("it is shown");
            assert_eq!(state.typed("1111", at(code)), Err(Refused::Wrong));
            assert_eq!(state.typed("1112", at(code)), Err(Refused::Wrong));
            let last = if code < 2 { Refused::Wrong } else { Refused::Locked };
            assert_eq!(state.typed("1113", at(code)), Err(last));
            assert_eq!(state.shown().code, None);
        }
        assert_eq!(state.ask(CODE, at(3)), Err(Refused::Locked));
        assert_eq!(state.typed("0042", at(901)), Err(Refused::Locked));
        state.ask(CODE, at(902)).expect("it has passed");
        state.typed("0042", at(903)).expect("it opens");
    }

    #[test]
    fn codes_are_spread_over_all_numbers() {
        let code = |byte| Code::from_random([byte; 10]).0;
        let all: std::collections::BTreeSet<u16> = (0..=255).map(code).collect();
        assert!(all.len() > 240 && all.iter().all(|code| *code < 10_000), "{}", all.len());
    }
}

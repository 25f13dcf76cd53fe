//! Numbers that somebody reads here and types there: the PIN of a box that nobody owns yet, and codes that sign in another device.
//! Pure: time and dice are handed in.
//!
//! A number is short, so that tries are bounded: so many at once and one each [`STEP`] then. Those of the PIN are counted for all who try
//! together: a PIN that lasts ten minutes is guessed with a chance of 1 in 14,000 then. Codes are longer, and are tried by those who live
//! here while a stranger may guess: they are counted for each address, and all together at [`BURST_OF_ALL`] and [`STEP_OF_ALL`], by which
//! one of eight is guessed with a chance of 1 in 18,000 in ten minutes. After [`MOST_WRONG`] wrong ones there are others to guess.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use crate::model::id::IdentityId;
use crate::model::pace::Pace;
use crate::proto::lan::Holder;

/// Digits of the PIN.
pub const PIN_DIGITS: u32 = 6;
/// Digits of a code that signs in another device.
pub const CODE_DIGITS: u32 = 8;
/// How long a number works.
pub const WORKS: Duration = Duration::from_secs(600);
/// After so many wrong numbers in all there are others.
const MOST_WRONG: u32 = 50;
/// So many tries at once.
const BURST: u32 = 10;
/// And then one each.
const STEP: Duration = Duration::from_secs(10);
/// Tries of codes at once, from all addresses.
const BURST_OF_ALL: u32 = 60;
/// And then one each.
const STEP_OF_ALL: Duration = Duration::from_secs(1);
/// Addresses that are counted at one time; where there are more, others wait.
const MOST_HOLDERS: usize = 1024;
/// Codes that work at one time; one more ends the oldest.
const MOST_CODES: usize = 8;

/// A number that is shown to people. It is in no log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Number {
    value: u32,
    digits: u32,
}

impl Number {
    /// From random bytes: all numbers of so many digits are as good as equally likely, 2^64 being so much more than there are.
    fn draw(random: [u8; 8], digits: u32) -> Self {
        Self { value: (u64::from_be_bytes(random) % 10u64.pow(digits)) as u32, digits }
    }

    /// Whether somebody typed it, spaces or not.
    fn is(self, typed: &str) -> bool {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        typed.len() == self.digits as usize
            && typed.bytes().all(|byte| byte.is_ascii_digit())
            && typed.parse() == Ok(self.value)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$}", self.value, width = self.digits as usize)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number(…)")
    }
}

/// Why a number did nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is not, or no longer, one of ours.
    Wrong,
    /// Too many were tried.
    TooFast,
}

struct Shown {
    number: Number,
    until: Instant,
}

/// All numbers that work.
pub struct Codes {
    pin: Option<Shown>,
    codes: Vec<(Shown, IdentityId)>,
    /// Wrong PINs, and wrong codes, since the last others.
    wrong: [u32; 2],
    pin_pace: Pace,
    pace: Pace,
    each: HashMap<Holder, (Instant, Pace)>,
}

impl Codes {
    /// None yet.
    pub fn new() -> Self {
        let (pin_pace, pace) = (Pace::new(BURST, STEP), Pace::new(BURST_OF_ALL, STEP_OF_ALL));
        Self { pin: None, codes: Vec::new(), wrong: [0; 2], pin_pace, pace, each: HashMap::new() }
    }

    /// Sees to it that there is a PIN while nobody owns the box, and none else; says which.
    pub fn pin(&mut self, owned: bool, now: Instant, random: [u8; 8]) -> Option<Number> {
        if owned {
            self.pin = None;
        } else if self.pin.as_ref().is_none_or(|pin| pin.until <= now) {
            self.pin = Some(Shown { number: Number::draw(random, PIN_DIGITS), until: now + WORKS });
        }
        self.pin.as_ref().map(|pin| pin.number)
    }

    /// Makes a code that signs in another device of somebody.
    pub fn code(&mut self, of: IdentityId, now: Instant, random: [u8; 8]) -> Number {
        self.codes.retain(|(code, _)| code.until > now);
        if self.codes.len() >= MOST_CODES {
            self.codes.remove(0);
        }
        let number = Number::draw(random, CODE_DIGITS);
        self.codes.push((Shown { number, until: now + WORKS }, of));
        number
    }

    /// Whether somebody may try a code now: each try counts.
    ///
    /// # Errors
    /// [`Refused::TooFast`].
    pub fn tries(&mut self, from: Holder, now: Instant) -> Result<(), Refused> {
        let full = self.each.len() >= MOST_HOLDERS && !self.each.contains_key(&from);
        if full {
            // Who tried nothing for so long may do as if they never had.
            self.each.retain(|_, (last, _)| now.saturating_duration_since(*last) < STEP * BURST);
        }
        if full && self.each.len() >= MOST_HOLDERS {
            return Err(Refused::TooFast);
        }
        let (last, pace) = self.each.entry(from).or_insert_with(|| (now, Pace::new(BURST, STEP)));
        *last = now;
        pace.take(now).map_err(|_| Refused::TooFast)?;
        self.pace.take(now).map_err(|_| Refused::TooFast)
    }

    /// Somebody typed the PIN. It stays good until somebody owns the box.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn check_pin(&mut self, typed: &str, now: Instant) -> Result<(), Refused> {
        self.pin_pace.take(now).map_err(|_| Refused::TooFast)?;
        match &self.pin {
            Some(pin) if pin.until > now && pin.number.is(typed) => return Ok(()),
            _ => {}
        }
        if self.missed(0) {
            self.pin = None;
        }
        Err(Refused::Wrong)
    }

    /// Somebody typed a code: it is used up.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn take_code(&mut self, typed: &str, from: Holder, now: Instant) -> Result<IdentityId, Refused> {
        self.tries(from, now)?;
        let found = self.codes.iter().position(|(code, _)| code.until > now && code.number.is(typed));
        if let Some(at) = found {
            return Ok(self.codes.remove(at).1);
        }
        if self.missed(1) {
            self.codes.clear();
        }
        Err(Refused::Wrong)
    }

    /// Nobody signs in as somebody who is forgotten.
    pub fn forget(&mut self, identity: IdentityId) {
        self.codes.retain(|(_, of)| *of != identity);
    }

    /// One more was wrong; whether it is time for others.
    fn missed(&mut self, which: usize) -> bool {
        let Some(wrong) = self.wrong.get_mut(which) else { return false };
        *wrong += 1;
        let over = *wrong >= MOST_WRONG;
        if over {
            *wrong = 0;
        }
        over
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codes").field("codes", &self.codes.len()).field("wrong", &self.wrong).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: Holder = Holder::V4(1);
    const WHO: IdentityId = IdentityId::from_bytes([1; 10]);

    fn random(n: u64) -> [u8; 8] {
        n.to_be_bytes()
    }

    #[test]
    fn a_box_without_an_owner_has_a_pin_for_ten_minutes_and_then_another() {
        let (mut codes, now) = (Codes::new(), Instant::now());
        let pin = codes.pin(false, now, random(1_000_042)).expect("a pin");
        assert_eq!((pin.to_string().as_str(), format!("{pin:?}").as_str()), ("000042", "Number(…)"));
        assert_eq!(codes.pin(false, now + WORKS - STEP, random(7)), Some(pin));
        assert_eq!(codes.check_pin(" 000 042", now), Ok(()));
        for wrong in ["42", "00042", "000043", "+00042", "", "0000042"] {
            assert_eq!(codes.check_pin(wrong, now), Err(Refused::Wrong), "{wrong}");
        }
        assert_eq!(codes.check_pin("000042", now + WORKS), Err(Refused::Wrong), "it is over");
        assert_ne!(codes.pin(false, now + WORKS, random(7)), Some(pin));
        assert_eq!(codes.pin(true, now, random(7)), None);
        assert_eq!(codes.check_pin("000007", now + WORKS), Err(Refused::Wrong), "somebody owns it");
    }

    #[test]
    fn guessing_is_slow_and_what_is_guessed_changes_after_fifty() {
        let (mut codes, mut now) = (Codes::new(), Instant::now());
        codes.pin(false, now, random(5));
        codes.code(WHO, now, random(6));
        let (mut wrong, mut slow) = (0, 0);
        while wrong < MOST_WRONG {
            match codes.check_pin("999999", now) {
                Err(Refused::Wrong) => wrong += 1,
                Err(Refused::TooFast) => {
                    slow += 1;
                    now += STEP;
                }
                Ok(()) => panic!("that was not it"),
            }
        }
        assert_eq!(slow, MOST_WRONG - BURST);
        now += STEP * BURST;
        assert_eq!(codes.check_pin("000005", now), Err(Refused::Wrong));
        assert_eq!(codes.take_code("00000006", HOME, now), Ok(WHO), "codes are another matter");
        assert_eq!(codes.pin(false, now, random(8)).map(|pin| pin.to_string()).as_deref(), Some("000008"));
    }

    #[test]
    fn a_code_signs_in_once_and_for_ten_minutes() {
        let (mut codes, now) = (Codes::new(), Instant::now());
        let late = codes.code(WHO, now, random(11)).to_string();
        let code = codes.code(WHO, now + STEP, random(12)).to_string();
        assert_eq!(code, "00000012");
        assert_eq!(codes.take_code(&late, HOME, now + WORKS), Err(Refused::Wrong));
        assert_eq!(codes.take_code(&code, HOME, now + WORKS), Ok(WHO));
        assert_eq!(codes.take_code(&code, HOME, now + WORKS), Err(Refused::Wrong));
        let later = now + WORKS;
        let others: Vec<String> =
            (0..=MOST_CODES as u64).map(|n| codes.code(WHO, later, random(n)).to_string()).collect();
        assert_eq!(codes.take_code(&others[0], HOME, later), Err(Refused::Wrong), "there were too many");
        codes.forget(WHO);
        assert_eq!(codes.take_code(&others[1], HOME, later), Err(Refused::Wrong));
    }

    #[test]
    fn whoever_guesses_codes_keeps_nobody_else_from_signing_in() {
        let (mut codes, mut now) = (Codes::new(), Instant::now());
        codes.code(WHO, now, random(6));
        let eve = Holder::V4(2);
        let guess = |codes: &mut Codes, now| codes.take_code("99999999", eve, now).expect_err("that was not it");
        let refused: Vec<Refused> = (0..BURST + 5).map(|_| guess(&mut codes, now)).collect();
        assert_eq!(refused.iter().filter(|refused| **refused == Refused::Wrong).count(), BURST as usize);
        assert_eq!(guess(&mut codes, now), Refused::TooFast);
        assert_eq!(codes.take_code("00000006", HOME, now), Ok(WHO));
        // From very many addresses at once it is slow for all.
        codes.code(WHO, now, random(7));
        let many = (10..5000).map(|n| codes.take_code("99999999", Holder::V4(n), now));
        let looked_at = many.filter(|refused| *refused == Err(Refused::Wrong)).count();
        assert!(looked_at > 0 && looked_at <= BURST_OF_ALL as usize, "{looked_at}");
        assert!(codes.each.len() <= MOST_HOLDERS);
        now += STEP * BURST;
        assert_eq!(codes.take_code("00000007", HOME, now), Err(Refused::Wrong), "after so many there are others");
        assert!(codes.each.len() <= MOST_HOLDERS);
    }
}

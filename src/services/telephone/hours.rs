//! Hours of the day.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const DAY: u16 = 24 * 60;

/// From one minute of the day up to another, over midnight if the other is earlier. As text `22:00-07:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours {
    from: u16,
    to: u16,
}

/// These are no hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("hours are written as 22:00-07:00, and begin and end at different times")]
pub struct Invalid;

impl Hours {
    /// From minutes since midnight.
    ///
    /// # Errors
    /// [`Invalid`] beyond the end of the day, or if nothing or everything is meant.
    pub const fn new(from: u16, to: u16) -> Result<Self, Invalid> {
        if from < DAY && to < DAY && from != to { Ok(Self { from, to }) } else { Err(Invalid) }
    }

    /// Whether this minute of the day is in them.
    pub const fn has(self, minute: u16) -> bool {
        if self.from < self.to {
            self.from <= minute && minute < self.to
        } else {
            self.from <= minute || minute < self.to
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

impl FromStr for Hours {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let minute = |text: &str| {
            let (hours, minutes) = text.trim().split_once(':')?;
            let number = |text: &str| {
                let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
                digits.then(|| text.parse::<u16>().ok()).flatten()
            };
            let (hours, minutes) = (number(hours)?, number(minutes).filter(|minutes| *minutes < 60)?);
            Some(hours * 60 + minutes)
        };
        let (from, to) = text.split_once('-').ok_or(Invalid)?;
        Self::new(minute(from).ok_or(Invalid)?, minute(to).ok_or(Invalid)?)
    }
}

impl TryFrom<String> for Hours {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        hours.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_go_over_midnight() {
        let night: Hours = "22:00-7:00".parse().expect("hours");
        assert_eq!(night.to_string(), "22:00-07:00");
        let inside = [(21 * 60 + 59, false), (22 * 60, true), (0, true), (6 * 60 + 59, true), (7 * 60, false)];
        assert!(inside.iter().all(|(minute, is)| night.has(*minute) == *is));
        let noon: Hours = "12:30-14:00".parse().expect("hours");
        assert!(noon.has(750) && !noon.has(749) && !noon.has(840));
    }

    #[test]
    fn what_are_no_hours_is_refused() {
        for text in [
            "",
            "22:00",
            "22:00-22:00",
            "24:00-07:00",
            "22:60-07:00",
            "22-7",
            "-1:00-07:00",
            "22:00-07:00-08:00",
            "+1:00-2:00",
        ] {
            assert_eq!(text.parse::<Hours>(), Err(Invalid), "{text}");
        }
    }
}

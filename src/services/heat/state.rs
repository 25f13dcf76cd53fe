//! How much less is done while the board is too hot. Pure.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

/// Degrees Celsius from which on it is hot: a Raspberry Pi slows itself down at 80 (soft limit) and 85.
const HOT: f64 = 80.0;
/// Degrees Celsius below which it is cool again.
const COOL: f64 = 72.0;
/// How long it has to stay hot before still less is done: what was left out first takes its time to show.
const WORSE: Duration = Duration::from_secs(20);
/// How long it has to be cool before more is done again.
const BETTER: Duration = Duration::from_secs(60);

/// What is left out of the box's own camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Heat"))]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nothing.
    #[default]
    Normal,
    /// Every other picture.
    FewerPictures,
    /// And its largest size.
    Smaller,
}

/// How hot it is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Reading {
    /// The board has slowed itself down.
    pub(super) throttled: bool,
    /// Degrees Celsius, where they can be read.
    pub(super) degrees: Option<f64>,
}

impl Reading {
    fn is_hot(self) -> bool {
        self.throttled || self.degrees.is_some_and(|degrees| degrees >= HOT)
    }

    fn is_cool(self) -> bool {
        !self.throttled && self.degrees.is_none_or(|degrees| degrees < COOL)
    }
}

/// Follows the readings. Between hot and cool everything stays as it is.
#[derive(Debug, Default)]
pub(super) struct Policy {
    level: Level,
    /// Since when it is hot, or since the last step.
    hot: Option<Instant>,
    /// Since when it is cool, or since the last step.
    cool: Option<Instant>,
}

impl Policy {
    /// Takes a reading; answers what is left out from now on.
    pub(super) fn take(&mut self, reading: Reading, now: Instant) -> Level {
        let lasts = |since: Instant, long: Duration| now.duration_since(since) >= long;
        if reading.is_hot() {
            self.cool = None;
            let since = *self.hot.get_or_insert(now);
            match self.level {
                // The first step at once: pictures begin to stutter as soon as the board slows down.
                Level::Normal => (self.level, self.hot) = (Level::FewerPictures, Some(now)),
                Level::FewerPictures if lasts(since, WORSE) => self.level = Level::Smaller,
                Level::FewerPictures | Level::Smaller => {}
            }
        } else {
            self.hot = None;
            if !reading.is_cool() {
                self.cool = None;
                return self.level;
            }
            let since = *self.cool.get_or_insert(now);
            if lasts(since, BETTER) {
                self.cool = Some(now);
                self.level = match self.level {
                    Level::Smaller => Level::FewerPictures,
                    Level::FewerPictures | Level::Normal => Level::Normal,
                };
            }
        }
        self.level
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Level::{FewerPictures, Normal, Smaller};

    /// Plays readings: from this second on it is so hot; gives each change with its second.
    fn changes(readings: &[(u64, Reading)], end: u64) -> Vec<(u64, Level)> {
        let (mut policy, start) = (Policy::default(), Instant::now());
        let mut found = vec![(0, Normal)];
        for second in (0..end).step_by(2) {
            let (_, reading) =
                readings.iter().rev().find(|(from, _)| *from <= second).expect("there is one from the start");
            let level = policy.take(*reading, start + Duration::from_secs(second));
            if found.last().is_some_and(|(_, before)| *before != level) {
                found.push((second, level));
            }
        }
        found
    }

    fn degrees(degrees: f64) -> Reading {
        Reading { throttled: false, degrees: Some(degrees) }
    }

    const THROTTLED: Reading = Reading { throttled: true, degrees: Some(60.0) };

    #[test]
    fn pictures_become_fewer_at_once_and_smaller_when_that_is_not_enough() {
        let found = changes(&[(0, degrees(60.0)), (10, degrees(80.0))], 600);
        assert_eq!(found, [(0, Normal), (10, FewerPictures), (30, Smaller)]);
        assert_eq!(changes(&[(0, degrees(60.0)), (10, THROTTLED)], 600)[1..], [(10, FewerPictures), (30, Smaller)]);
    }

    #[test]
    fn it_goes_back_a_step_at_a_time_when_it_has_been_cool_for_a_while() {
        let found = changes(&[(0, degrees(81.0)), (40, degrees(60.0))], 600);
        assert_eq!(found[1..], [(0, FewerPictures), (20, Smaller), (100, FewerPictures), (160, Normal)]);
    }

    #[test]
    fn between_hot_and_cool_nothing_changes() {
        assert_eq!(changes(&[(0, degrees(79.9))], 600), [(0, Normal)]);
        assert_eq!(changes(&[(0, degrees(81.0)), (10, degrees(75.0))], 600)[1..], [(0, FewerPictures)]);
        let returns =
            changes(&[(0, degrees(81.0)), (10, degrees(60.0)), (50, degrees(75.0)), (52, degrees(60.0))], 600);
        assert_eq!(returns[1..], [(0, FewerPictures), (112, Normal)], "it has to be cool all the time");
    }

    #[test]
    fn a_board_that_says_nothing_is_never_too_hot() {
        assert_eq!(changes(&[(0, Reading::default())], 600), [(0, Normal)]);
    }
}

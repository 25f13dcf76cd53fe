//! Durations as people write them, `2s` or `334ms`: `#[serde(with = "crate::model::duration")]` on a
//! [`Duration`].

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserializer, Serializer};

use super::quantity;

const UNITS: &[(&str, u64)] = &[("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];
const EXPECTED: &str = "a duration such as \"2s\" or \"334ms\"";

/// The text was not a number with one of the units.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not {EXPECTED}; units: ms, s, min, h, d")]
pub struct Invalid(String);

/// Reads a duration such as `2s`, `1.5s`, `334ms`, `10min`, `24h` or `7d`.
///
/// # Errors
/// When the text is not a number of whole milliseconds with one of these units.
pub fn parse(text: &str) -> Result<Duration, Invalid> {
    quantity::decimal(text, UNITS).map(Duration::from_millis).ok_or_else(|| Invalid(text.to_owned()))
}

/// Writes a duration the way [`parse`] reads it, to the millisecond.
pub fn display(duration: Duration) -> impl fmt::Display {
    struct Written(u64);

    impl fmt::Display for Written {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            // Whole units only: "1500ms" is read more easily than "0.4h".
            let fits = |&&(_, worth): &&(&str, u64)| self.0.is_multiple_of(worth) && self.0 >= worth;
            let &(name, worth) = UNITS.iter().find(fits).unwrap_or(&("s", 1_000));
            write!(f, "{}{name}", self.0 / worth)
        }
    }

    Written(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// Writes a duration for serde.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&display(*duration))
}

/// Reads a duration for serde.
///
/// # Errors
/// As [`parse`].
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    quantity::text(from, EXPECTED, parse)
}

/// Reads a duration within the range.
///
/// # Errors
/// Says what is allowed when the value is something else.
pub fn within<'de, D: Deserializer<'de>>(from: D, range: RangeInclusive<Duration>) -> Result<Duration, D::Error> {
    let duration = deserialize(from)?;
    if range.contains(&duration) {
        return Ok(duration);
    }
    let [value, least, most] = [duration, *range.start(), *range.end()].map(display);
    Err(serde::de::Error::custom(format_args!("{value} is not between {least} and {most}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_they_are_read() {
        for (text, millis) in [("334ms", 334), ("2s", 2_000), ("1500ms", 1_500), ("10min", 600_000), ("1h", 3_600_000)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)));
            assert_eq!(display(Duration::from_millis(millis)).to_string(), text);
        }
        assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1_500)));
        assert_eq!(display(Duration::ZERO).to_string(), "0s");
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn a_duration_without_a_known_unit_is_refused_with_the_units() {
        for text in ["2", "2 seconds", "-2s", "0.5ms", ""] {
            let told = parse(text).unwrap_err().to_string();
            assert!(told.contains("units: ms, s, min, h, d"), "{told}");
        }
    }
}

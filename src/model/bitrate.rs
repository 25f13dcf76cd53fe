//! Bits a second, written `4Mbps` or `128kbps`.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::quantity;

const UNITS: &[(&str, u64)] = &[("Mbps", 1_000_000), ("kbps", 1_000), ("bps", 1)];
const EXPECTED: &str = "a bit rate such as \"2.5Mbps\" or \"128kbps\"";

/// The text was not a number with one of the units.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not {EXPECTED}; units: bps, kbps, Mbps")]
pub struct Invalid(String);

/// Bits a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bitrate(pub u64);

impl Bitrate {
    /// From thousands of bits a second.
    pub const fn kbps(thousands: u64) -> Self {
        Self(thousands * 1_000)
    }

    /// Bits a second.
    pub const fn bps(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Bitrate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        quantity::write(f, self.0, UNITS)
    }
}

impl FromStr for Bitrate {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        quantity::decimal(text, UNITS).map(Self).ok_or_else(|| Invalid(text.to_owned()))
    }
}

impl Serialize for Bitrate {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bitrate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        quantity::text(from, EXPECTED, str::parse)
    }
}

/// Reads a bit rate within the range.
///
/// # Errors
/// Says what is allowed when the value is something else.
pub fn within<'de, D: Deserializer<'de>>(from: D, range: RangeInclusive<Bitrate>) -> Result<Bitrate, D::Error> {
    let rate = Bitrate::deserialize(from)?;
    if range.contains(&rate) {
        return Ok(rate);
    }
    Err(serde::de::Error::custom(format_args!("{rate} is not between {} and {}", range.start(), range.end())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_written_as_they_are_read() {
        for (text, bits) in [("4Mbps", 4_000_000), ("2.5Mbps", 2_500_000), ("128kbps", 128_000), ("1bps", 1)] {
            assert_eq!(text.parse(), Ok(Bitrate(bits)));
            assert_eq!(Bitrate(bits).to_string(), text);
        }
        assert_eq!("2500kbps".parse::<Bitrate>().map(|rate| rate.to_string()), Ok("2.5Mbps".into()));
    }

    #[test]
    fn no_rate_is_lost_by_writing_it() {
        for bits in [0, 999, 1_001, 1_234_567, 2_050_000, 48_000, 999_999_999, u64::MAX] {
            assert_eq!(Bitrate(bits).to_string().parse(), Ok(Bitrate(bits)));
        }
    }

    #[test]
    fn a_rate_without_a_known_unit_is_refused_with_the_units() {
        for text in ["4", "4M", "4mbps", "4Mb/s", "Mbps"] {
            let told = text.parse::<Bitrate>().unwrap_err().to_string();
            assert!(told.contains("units: bps, kbps, Mbps"), "{told}");
        }
    }
}

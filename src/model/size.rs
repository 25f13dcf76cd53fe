//! Amounts of bytes, written `128MB` or `512kB`.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::quantity;

const UNITS: &[(&str, u64)] = &[("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1)];
const EXPECTED: &str = "an amount of bytes such as \"128MB\" or \"1.5GB\"";

/// The text was not a number with one of the units.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not {EXPECTED}; units: B, kB, MB, GB")]
pub struct Invalid(String);

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Size(pub u64);

impl Size {
    /// From millions of bytes.
    pub const fn megabytes(millions: u64) -> Self {
        Self(millions * 1_000_000)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        quantity::write(f, self.0, UNITS)
    }
}

impl FromStr for Size {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        quantity::decimal(text, UNITS).map(Self).ok_or_else(|| Invalid(text.to_owned()))
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        quantity::text(from, EXPECTED, str::parse)
    }
}

/// Reads an amount within the range.
///
/// # Errors
/// Says what is allowed when the value is something else.
pub fn within<'de, D: Deserializer<'de>>(from: D, range: RangeInclusive<Size>) -> Result<Size, D::Error> {
    let size = Size::deserialize(from)?;
    if range.contains(&size) {
        return Ok(size);
    }
    Err(serde::de::Error::custom(format_args!("{size} is not between {} and {}", range.start(), range.end())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_they_are_read() {
        for (text, bytes) in [("128MB", 128_000_000), ("1.5GB", 1_500_000_000), ("512kB", 512_000), ("1B", 1)] {
            assert_eq!(text.parse(), Ok(Size(bytes)));
            assert_eq!(Size(bytes).to_string(), text);
        }
    }

    #[test]
    fn a_size_without_a_known_unit_is_refused_with_the_units() {
        for text in ["128", "128M", "128mb", "128MiB", "MB"] {
            let told = text.parse::<Size>().unwrap_err().to_string();
            assert!(told.contains("units: B, kB, MB, GB"), "{told}");
        }
    }
}

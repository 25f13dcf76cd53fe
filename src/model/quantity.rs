//! Amounts as people write them in the configuration: a whole number in a range, or a decimal number with a unit.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use serde::Serializer;
use serde::de::{Deserializer, Error, Visitor};

/// Reads `2.5Mbps` as 2 500 000, given the units and what one of each is worth. The result is exact: a fraction finer
/// than one is no amount. `None` for anything else.
pub fn decimal(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(end);
    let &(_, worth) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || number.ends_with('.') || fraction.len() > 9 {
        return None;
    }
    let scale = 10u64.pow(u32::try_from(fraction.len()).ok()?);
    let digits: u64 = format!("{whole}{fraction}").parse().ok()?;
    let scaled = digits.checked_mul(worth)?;
    scaled.is_multiple_of(scale).then_some(scaled / scale)
}

/// Writes an amount with the largest unit that divides it; `units` goes from large to small and ends with one.
pub fn write(f: &mut fmt::Formatter<'_>, amount: u64, units: &[(&str, u64)]) -> fmt::Result {
    let tenths = |worth: u64| u128::from(amount) * 10 / u128::from(worth);
    let exact = |worth: u64| u128::from(amount) * 10 % u128::from(worth) == 0;
    let fits = |&&(_, worth): &&(&str, u64)| amount >= worth && exact(worth);
    let &(name, worth) = units.iter().find(fits).or(units.last()).expect("a quantity has at least one unit");
    let (whole, tenth) = (tenths(worth) / 10, tenths(worth) % 10);
    if tenth == 0 { write!(f, "{whole}{name}") } else { write!(f, "{whole}.{tenth}{name}") }
}

/// Reads a file by its whole path; an empty text is none. `expected` says what is expected, with an example.
///
/// # Errors
/// Says that when the value is something else.
pub fn file<'de, D: Deserializer<'de>>(from: D, expected: &'static str) -> Result<Option<PathBuf>, D::Error> {
    text(from, expected, |text| match PathBuf::from(text) {
        _ if text.is_empty() => Ok(None),
        path if path.is_absolute() => Ok(Some(path)),
        _ => Err(format!("{text:?} is not {expected}")),
    })
}

/// Writes what [`file()`] reads.
///
/// # Errors
/// Those of the serializer.
pub fn write_file<S: Serializer>(path: &Option<PathBuf>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&path.as_ref().map(|path| path.to_string_lossy()).unwrap_or_default())
}

/// Reads a whole number within the range.
///
/// # Errors
/// Says what is allowed when the value is something else.
pub fn whole<'de, D: Deserializer<'de>>(from: D, range: RangeInclusive<u32>) -> Result<u32, D::Error> {
    struct Whole(RangeInclusive<u32>);

    impl Visitor<'_> for Whole {
        type Value = u32;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a whole number between {} and {}", self.0.start(), self.0.end())
        }

        fn visit_i64<E: Error>(self, value: i64) -> Result<u32, E> {
            u32::try_from(value).ok().filter(|value| self.0.contains(value)).ok_or_else(|| {
                E::custom(format_args!("{value} is not between {} and {}", self.0.start(), self.0.end()))
            })
        }

        fn visit_u64<E: Error>(self, value: u64) -> Result<u32, E> {
            self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
        }
    }

    from.deserialize_u32(Whole(range))
}

/// Reads a text and turns it into a value; `expected` says what such a text looks like, for the message to people.
///
/// # Errors
/// What `parse` says, or `expected` when the value is not a text at all.
pub fn text<'de, D, T, E>(
    from: D,
    expected: &'static str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    E: fmt::Display,
{
    struct Text<F>(&'static str, F);

    impl<T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> Visitor<'_> for Text<F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<X: Error>(self, value: &str) -> Result<T, X> {
            self.1(value).map_err(X::custom)
        }
    }

    from.deserialize_str(Text(expected, parse))
}

/// An address and port to listen at.
///
/// # Errors
/// What is expected, as one sentence.
pub fn socket<'de, D: Deserializer<'de>>(from: D) -> Result<std::net::SocketAddr, D::Error> {
    const EXPECTED: &str = "an address and port such as \"0.0.0.0:8080\" or \"[::]:8080\"";
    text(from, EXPECTED, |text: &str| text.parse().map_err(|_| format!("{text:?} is not {EXPECTED}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNITS: &[(&str, u64)] = &[("k", 1000), ("", 1)];

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal("2.5k", UNITS), Some(2500));
        assert_eq!(decimal("2.0005k", UNITS), None, "half of the smallest unit is no amount");
        assert_eq!(decimal("0.001k", UNITS), Some(1));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "k", ".5k", "5.k", "1.2.3k", "-1k", "5 x", "99999999999999999999k", "18446744073709551615k"] {
            assert_eq!(decimal(text, UNITS), None, "{text:?}");
        }
    }

    #[test]
    fn a_number_outside_the_range_names_the_range() {
        let read = |value: i64| whole(serde::de::value::I64Deserializer::<serde::de::value::Error>::new(value), 1..=60);
        assert_eq!(read(60), Ok(60));
        for value in [0, 61, -1, i64::MAX] {
            let told = read(value).unwrap_err().to_string();
            assert_eq!(told, format!("{value} is not between 1 and 60"));
        }
    }
}

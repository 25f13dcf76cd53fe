//! Durations in human units, as `#[serde(with = "crate::config::duration")]`: "2s", "334ms".

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};

/// Writes a duration in the largest unit that holds it whole.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    let millis = duration.as_millis();
    if millis.is_multiple_of(1000) {
        to.collect_str(&format_args!("{}s", millis / 1000))
    } else {
        to.collect_str(&format_args!("{millis}ms"))
    }
}

/// Reads a duration.
///
/// # Errors
/// What is not a whole number with `ms` or `s` behind it.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let parsed = match text.strip_suffix("ms") {
        Some(millis) => millis.parse().ok().map(Duration::from_millis),
        None => text.strip_suffix('s').and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs),
    };
    parsed.ok_or_else(|| {
        serde::de::Error::custom("a duration is a whole number with a unit, such as \"2s\" or \"334ms\"")
    })
}

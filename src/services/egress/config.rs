//! What can be set about LL-HLS.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::{duration, quantity};
use crate::proto::hls::Timing;

/// How broadcasts are packaged and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The longest a part lasts; 100 ms to 500 ms. Shorter parts, less delay, more requests.
    #[serde(serialize_with = "duration::serialize", deserialize_with = "part")]
    pub part: Duration,
    /// A segment ends at the first keyframe after this; 1 s to 10 s.
    #[serde(serialize_with = "duration::serialize", deserialize_with = "segment")]
    pub segment: Duration,
    /// Complete segments that a playlist lists, at least; 3 to 60.
    #[serde(deserialize_with = "segments")]
    pub segments: usize,
    /// How long packaging goes on after the last request; 1 s to 10 min.
    #[serde(serialize_with = "duration::serialize", deserialize_with = "linger")]
    pub linger: Duration,
}

impl Default for Config {
    fn default() -> Self {
        let Timing { part, segment, segments } = Timing::default();
        Self { part, segment, segments, linger: Duration::from_secs(20) }
    }
}

impl Config {
    /// The part of it that cuts the window.
    pub const fn timing(&self) -> Timing {
        Timing { part: self.part, segment: self.segment, segments: self.segments }
    }
}

fn part<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    duration::within(from, Duration::from_millis(100)..=Duration::from_millis(500))
}

fn segment<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    duration::within(from, Duration::from_secs(1)..=Duration::from_secs(10))
}

fn segments<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    Ok(quantity::whole(from, 3..=60)? as usize)
}

fn linger<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    duration::within(from, Duration::from_secs(1)..=Duration::from_secs(600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_ranges_and_survive_being_written_and_read() {
        let config = Config::default();
        let text = toml::to_string(&config).unwrap();
        assert!(text.contains("part = \"334ms\"") && text.contains("linger = \"20s\""), "{text}");
        assert_eq!(toml::from_str::<Config>(&text).unwrap(), config);
        assert!(toml::from_str::<Config>("parts = \"1s\"").is_err());
    }

    #[test]
    fn values_out_of_range_are_refused_with_what_is_allowed() {
        for (text, allowed) in [
            ("part = \"10ms\"", "between 100ms and 500ms"),
            ("part = \"2s\"", "between 100ms and 500ms"),
            ("segment = \"20s\"", "between 1s and 10s"),
            ("segments = 2", "between 3 and 60"),
            ("linger = \"0s\"", "between 1s and 10min"),
        ] {
            let error = toml::from_str::<Config>(text).unwrap_err().to_string();
            assert!(error.contains(allowed), "{text}: {error}");
        }
    }
}

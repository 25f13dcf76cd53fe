//! What can be set about LL-HLS.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::size::{self, Size};
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
    /// How far back who watches can go (the DVR window); 0 s to 12 h.
    #[serde(serialize_with = "duration::serialize", deserialize_with = "window")]
    pub window: Duration,
    /// What the window of one broadcast holds at most, in memory; 16 MB to 16 GB.
    #[serde(deserialize_with = "window_size")]
    pub window_size: Size,
    /// How long packaging goes on after the last request; 1 s to 10 min.
    #[serde(serialize_with = "duration::serialize", deserialize_with = "linger")]
    pub linger: Duration,
}

impl Default for Config {
    fn default() -> Self {
        let Timing { part, segment, segments, window, bytes } = Timing::default();
        Self { part, segment, segments, window, window_size: Size(bytes), linger: Duration::from_secs(20) }
    }
}

impl Config {
    /// The part of it that cuts the window.
    pub const fn timing(&self) -> Timing {
        let Self { part, segment, segments, window, window_size, .. } = *self;
        Timing { part, segment, segments, window, bytes: window_size.0 }
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

fn window<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    duration::within(from, Duration::ZERO..=Duration::from_secs(12 * 3600))
}

fn window_size<'de, D: Deserializer<'de>>(from: D) -> Result<Size, D::Error> {
    size::within(from, Size::megabytes(16)..=Size::megabytes(16_000))
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
        assert!(text.contains("part = \"350ms\"") && text.contains("linger = \"20s\""), "{text}");
        assert!(text.contains("window = \"30min\"") && text.contains("window_size = \"128MB\""), "{text}");
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
            ("window = \"1d\"", "between 0s and 12h"),
            ("window_size = \"1MB\"", "between 16MB and 16GB"),
            ("linger = \"0s\"", "between 1s and 10min"),
        ] {
            let error = toml::from_str::<Config>(text).unwrap_err().to_string();
            assert!(error.contains(allowed), "{text}: {error}");
        }
    }
}

//! What can be set about LL-HLS.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::proto::hls::Timing;

/// How broadcasts are packaged and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The longest a part lasts; 100ms to 2s. Shorter parts, less delay, more requests.
    #[serde(with = "crate::model::duration")]
    pub part: Duration,
    /// A segment ends at the first keyframe after this; 1s to 10s, and at least twice a part.
    #[serde(with = "crate::model::duration")]
    pub segment: Duration,
    /// Complete segments that a playlist lists, at least; 3 to 60.
    pub segments: usize,
    /// How long packaging goes on after the last request; 1s to 10m.
    #[serde(with = "crate::model::duration")]
    pub linger: Duration,
}

impl Default for Config {
    fn default() -> Self {
        let Timing { part, segment, segments } = Timing::default();
        Self { part, segment, segments, linger: Duration::from_secs(20) }
    }
}

impl Config {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The key and what it may be, as one sentence.
    pub fn validate(&self) -> Result<(), &'static str> {
        if !(Duration::from_millis(100)..=Duration::from_secs(2)).contains(&self.part) {
            return Err("part is 100ms to 2s");
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(10)).contains(&self.segment) || self.segment < 2 * self.part {
            return Err("segment is 1s to 10s and at least twice a part");
        }
        if !(3..=60).contains(&self.segments) {
            return Err("segments is 3 to 60");
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(600)).contains(&self.linger) {
            return Err("linger is 1s to 600s");
        }
        Ok(())
    }

    /// The part of it that cuts the window.
    pub const fn timing(&self) -> Timing {
        Timing { part: self.part, segment: self.segment, segments: self.segments }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_ranges_and_survive_being_written_and_read() {
        let config = Config::default();
        assert_eq!(config.validate(), Ok(()));
        let text = toml::to_string(&config).unwrap();
        assert!(text.contains("part = \"334ms\"") && text.contains("linger = \"20s\""), "{text}");
        assert_eq!(toml::from_str::<Config>(&text).unwrap(), config);
        assert!(toml::from_str::<Config>("parts = \"1s\"").is_err());
    }

    #[test]
    fn values_out_of_range_are_refused() {
        let config = Config::default();
        assert!(Config { part: Duration::from_millis(10), ..config.clone() }.validate().is_err());
        assert!(Config { part: Duration::from_secs(2), ..config.clone() }.validate().is_err());
        assert!(Config { segments: 2, ..config.clone() }.validate().is_err());
        assert!(Config { linger: Duration::ZERO, ..config }.validate().is_err());
    }
}

//! `[program]`: what goes on air.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::drivers::pipeline::config as media;
use crate::model::bitrate::{self, Bitrate};
use crate::model::duration;

/// The composed picture and the sound mix of a room that is live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Pixels across; even, 160 to 1920.
    #[serde(deserialize_with = "media::width")]
    pub width: u32,
    /// Pixels down; even, 90 to 1080.
    #[serde(deserialize_with = "media::height")]
    pub height: u32,
    /// Pictures a second; 1 to 60.
    #[serde(deserialize_with = "media::fps")]
    pub fps: u32,
    /// Of the H.264 picture; 100 kbps to 20 Mbps.
    #[serde(deserialize_with = "media::video_bitrate")]
    pub bitrate: Bitrate,
    /// Media time from one keyframe to the next, and so the length of a segment; 500 ms to 10 s.
    #[serde(serialize_with = "duration::serialize", deserialize_with = "keyframe_interval")]
    pub keyframe_interval: Duration,
    /// Of the sound, as Opus and as AAC; 32 kbps to 320 kbps.
    #[serde(deserialize_with = "audio_bitrate")]
    pub audio_bitrate: Bitrate,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            width: 1280,
            height: 720,
            fps: 30,
            bitrate: Bitrate::kbps(2_500),
            keyframe_interval: Duration::from_secs(2),
            audio_bitrate: Bitrate::kbps(128),
        }
    }
}

fn keyframe_interval<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    duration::within(from, Duration::from_millis(500)..=Duration::from_secs(10))
}

fn audio_bitrate<'de, D: Deserializer<'de>>(from: D) -> Result<Bitrate, D::Error> {
    bitrate::within(from, Bitrate::kbps(32)..=Bitrate::kbps(320))
}

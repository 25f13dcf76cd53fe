//! What goes in: units of a steady camera and a steady microphone, without meaning inside.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::model::time::MediaTime;
use crate::model::unit::{Config, Unit};
use crate::proto::cmaf::test_configs::{aac, h264};

pub(crate) struct Source {
    pub video: Arc<Config>,
    audio: Arc<Config>,
    /// Pictures a keyframe comes after.
    group: i64,
}

impl Source {
    pub fn new(group: i64) -> Self {
        Self { video: Arc::new(h264()), audio: Arc::new(aac()), group }
    }

    pub fn picture(&self, n: i64) -> Unit {
        let keyframe = n % self.group == 0;
        Unit {
            pts: MediaTime::from_ticks(n, 30),
            duration: None,
            keyframe,
            gap: false,
            level: None,
            config: self.video.clone(),
            data: Bytes::from(vec![n as u8; if keyframe { 8000 } else { 2000 }]),
        }
    }

    pub fn sound(&self, n: i64) -> Unit {
        Unit {
            pts: MediaTime::from_ticks(n * 1024, 48_000),
            duration: Some(Duration::from_nanos(21_333_333)),
            keyframe: true,
            gap: false,
            level: None,
            config: self.audio.clone(),
            data: Bytes::from(vec![n as u8; 340]),
        }
    }

    /// Both tracks from one time to another in milliseconds, in the order they were captured.
    pub fn between(&self, from: i64, to: i64) -> Vec<Unit> {
        let (from, to) = (MediaTime::from_millis(from), MediaTime::from_millis(to));
        let pictures = (from.ticks(30)..=to.ticks(30)).map(|n| self.picture(n));
        let sounds = (from.ticks(48_000) / 1024..=to.ticks(48_000) / 1024).map(|n| self.sound(n));
        let mut units: Vec<Unit> = pictures.chain(sounds).filter(|u| (from..to).contains(&u.pts)).collect();
        units.sort_by_key(|unit| unit.pts);
        units
    }
}

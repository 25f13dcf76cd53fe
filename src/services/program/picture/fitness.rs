//! Whether somebody's picture can be forwarded as it comes: pure.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::model::time::MediaTime;
use crate::model::unit::{Config, Unit};

/// Who gives no keyframe for so long after being asked for one is composed.
const KEYFRAME: Duration = Duration::from_secs(4);
/// Who sends nothing for so long is composed.
const SILENCE: Duration = Duration::from_secs(4);
/// Who changes the size of the picture more often than this within [`CHANGES_WITHIN`] is composed: every change makes players start anew.
const CHANGES: usize = 2;
const CHANGES_WITHIN: Duration = Duration::from_secs(60);
/// For how long somebody is composed before forwarding is tried again.
const PENALTY: Duration = Duration::from_secs(60);

/// What is known of one publisher's picture.
#[derive(Default)]
pub(super) struct Fitness {
    config: Option<Arc<Config>>,
    changes: VecDeque<MediaTime>,
    /// Since when a keyframe is waited for.
    asked: Option<MediaTime>,
    /// Since when nothing has come.
    heard: Option<MediaTime>,
    unfit_until: Option<MediaTime>,
}

impl Fitness {
    /// Forwarding begins, or ends, now.
    pub fn begin(&mut self, now: MediaTime) {
        (self.asked, self.heard) = (None, Some(now));
    }

    /// A keyframe was asked for.
    pub fn asked(&mut self, now: MediaTime) {
        self.asked.get_or_insert(now);
    }

    /// A unit has come.
    pub fn unit(&mut self, unit: &Unit, now: MediaTime) {
        self.heard = Some(now);
        if unit.keyframe {
            self.asked = None;
        }
        if self.config.as_ref().is_some_and(|config| !Arc::ptr_eq(config, &unit.config) && *config != unit.config) {
            self.changes.push_back(now);
            while self.changes.front().is_some_and(|at| past(*at, CHANGES_WITHIN, now)) {
                self.changes.pop_front();
            }
            if self.changes.len() > CHANGES {
                self.punish(now, "its size changes too often");
            }
        }
        self.config = Some(unit.config.clone());
    }

    /// Whether it can be forwarded now, as far as is known.
    pub fn is_fit(&mut self, forwarding: bool, now: MediaTime) -> bool {
        if forwarding && self.asked.is_some_and(|at| past(at, KEYFRAME, now)) {
            self.punish(now, "no keyframe comes");
        }
        if forwarding && self.heard.is_some_and(|at| past(at, SILENCE, now)) {
            self.punish(now, "nothing comes");
        }
        self.unfit_until.is_none_or(|until| until <= now)
    }

    fn punish(&mut self, now: MediaTime, why: &str) {
        tracing::info!(why, "a picture is composed, not forwarded");
        self.unfit_until = Some(now + PENALTY);
        self.changes.clear();
        (self.asked, self.heard) = (None, None);
    }
}

fn past(at: MediaTime, limit: Duration, now: MediaTime) -> bool {
    now.since(at) >= limit.as_nanos() as i64
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn unit(size: u8, keyframe: bool) -> Unit {
        let config = Config::H264 { sps: Bytes::from(vec![0x67, size]), pps: Bytes::from_static(b"h") };
        let (data, config) = (Bytes::new(), Arc::new(config));
        Unit { pts: MediaTime::ZERO, duration: None, keyframe, gap: false, level: None, config, data }
    }

    fn at(seconds: i64) -> MediaTime {
        MediaTime::from_millis(seconds * 1000)
    }

    #[test]
    fn who_gives_no_keyframe_in_four_seconds_is_tried_again_after_a_minute() {
        let mut fitness = Fitness::default();
        fitness.begin(at(0));
        fitness.asked(at(1));
        fitness.unit(&unit(1, true), at(2));
        fitness.asked(at(3));
        fitness.asked(at(5));
        fitness.unit(&unit(1, false), at(6));
        assert!(fitness.is_fit(true, at(6)));
        assert!(!fitness.is_fit(true, at(7)));
        assert!(!fitness.is_fit(false, at(66)));
        assert!(fitness.is_fit(false, at(67)));
    }

    #[test]
    fn who_sends_nothing_is_composed() {
        let mut fitness = Fitness::default();
        fitness.begin(at(0));
        fitness.unit(&unit(1, true), at(2));
        assert!(fitness.is_fit(true, at(5)));
        assert!(!fitness.is_fit(true, at(6)));
    }

    #[test]
    fn the_size_may_change_twice_a_minute() {
        let mut fitness = Fitness::default();
        for (size, seconds) in [(1, 0), (2, 10), (3, 20), (4, 85)] {
            fitness.unit(&unit(size, true), at(seconds));
            assert!(fitness.is_fit(true, at(seconds)), "{seconds}");
        }
        fitness.unit(&unit(5, true), at(86));
        assert!(fitness.is_fit(true, at(86)), "those of long ago do not count");
        fitness.unit(&unit(6, true), at(87));
        assert!(!fitness.is_fit(true, at(87)));
    }
}

//! How many may watch, as far as the line up goes.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use tokio::time::Instant;

use crate::model::bitrate::{self, Bitrate};

/// Who has just begun to watch is in no estimate for so long.
const UNCOUNTED: Duration = Duration::from_secs(6);

/// `[viewers]`: how many may watch.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What all who watch may take together; 0 bps for no limit.
    #[serde(deserialize_with = "uplink")]
    pub uplink: Bitrate,
}

fn uplink<'de, D: Deserializer<'de>>(from: D) -> Result<Bitrate, D::Error> {
    bitrate::within(from, Bitrate(0)..=Bitrate::kbps(10_000_000))
}

/// The line up, shared out among those who watch.
pub(super) struct Uplink {
    /// Nothing: without a limit.
    limit: Option<Bitrate>,
    /// What one of them takes.
    each: Bitrate,
    begun: VecDeque<Instant>,
}

impl Uplink {
    /// For viewers who take so much each.
    pub(super) fn new(config: &Config, each: Bitrate) -> Self {
        let limit = Some(config.uplink).filter(|limit| limit.bps() > 0);
        Self { limit, each, begun: VecDeque::new() }
    }

    /// Whether one more may watch beside those who were counted. Without a limit everybody may.
    pub(super) fn admits(&mut self, counted: u32, now: Instant) -> bool {
        let Some(limit) = self.limit else { return true };
        while self.begun.front().is_some_and(|begun| *begun + UNCOUNTED <= now) {
            self.begun.pop_front();
        }
        let all = u64::from(counted) + self.begun.len() as u64 + 1;
        let may = all.saturating_mul(self.each.bps()) <= limit.bps();
        if may {
            self.begun.push_back(now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_may_watch_as_the_line_carries_counted_or_not_yet() {
        let line = |kbps| Uplink::new(&Config { uplink: Bitrate::kbps(kbps) }, Bitrate::kbps(2_500));
        let mut uplink = line(10_000);
        let now = Instant::now();
        assert!(uplink.admits(2, now) && uplink.admits(2, now));
        assert!(!uplink.admits(2, now), "four are all it carries");
        let later = now + UNCOUNTED;
        assert!(!uplink.admits(4, later) && uplink.admits(3, later));
        assert!(line(0).admits(10_000, later));
        assert!(!line(1_000).admits(0, now), "not even one");
    }
}

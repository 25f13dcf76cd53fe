//! Counts wrong tokens, so that the log tells of them and is not flooded by them.
//!
//! A token has 256 random bits: guessing is hopeless at any rate, so that nobody is ever locked out for it.

use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(60);

/// The wrong tokens of the minute that runs.
#[derive(Debug, Default)]
pub struct Attempts {
    since: Option<Instant>,
    count: u32,
}

impl Attempts {
    /// Counts one more. Gives the count of this minute when it is worth a line in the log: at 1, 2, 4, 8 and so on.
    pub fn wrong(&mut self, now: Instant) -> Option<u32> {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= WINDOW) {
            *self = Self { since: Some(now), count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count.is_power_of_two().then_some(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_wrong_tokens_makes_few_lines() {
        let start = Instant::now();
        let mut attempts = Attempts::default();
        let lines: Vec<u32> = (0..1000).filter_map(|_| attempts.wrong(start)).collect();
        assert_eq!(lines, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
        assert_eq!(attempts.wrong(start + WINDOW), Some(1));
    }
}

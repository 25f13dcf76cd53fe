//! How long to wait before something is started again.

use std::time::Duration;

/// The first pause, and the longest.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);
/// Whoever ran this long without failing begins with the first pause again.
const HEALTHY: Duration = Duration::from_secs(60);

/// Pauses that double, from 100 ms to 30 s, each shortened by up to half.
#[derive(Debug)]
pub(super) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Backoff {
    /// It failed after it `ran` for so long. `dice` is a random byte. Answers how long to wait.
    pub(super) fn failed(&mut self, ran: Duration, dice: u8) -> Duration {
        if ran >= HEALTHY {
            self.0 = FIRST;
        }
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST);
        pause / 2 + (pause / 2).mul_f64(f64::from(dice) / 255.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_begin_anew_after_a_healthy_time() {
        let mut backoff = Backoff::default();
        let mut pauses: Vec<_> = (0..12).map(|_| backoff.failed(Duration::ZERO, 255).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000]);
        pauses = (0..2).map(|_| backoff.failed(HEALTHY, 255).as_millis()).collect();
        assert_eq!(pauses, [100, 100]);
    }

    #[test]
    fn the_dice_shorten_a_pause_by_half_at_most() {
        assert_eq!(Backoff::default().failed(Duration::ZERO, 0), Duration::from_millis(50));
        assert!(Backoff::default().failed(Duration::ZERO, 128) > Duration::from_millis(70));
    }
}

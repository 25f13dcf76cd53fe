//! How fast something may be done over and over.

use std::time::{Duration, Instant};

/// Lets some through at once, and one more after each step of time: a token bucket.
#[derive(Debug, Clone)]
pub struct Pace {
    burst: u32,
    step: Duration,
    /// When the bucket would be full.
    full: Option<Instant>,
}

impl Pace {
    /// `burst` at once, then one for each `step`.
    pub const fn new(burst: u32, step: Duration) -> Self {
        Self { burst, step, full: None }
    }

    /// Takes one. If none is left, says from when on there is one, and takes nothing.
    ///
    /// # Errors
    /// That moment, later than `now`.
    pub fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let full = self.full.map_or(now, |full| full.max(now));
        let depth = self.step * self.burst.saturating_sub(1);
        if full.saturating_duration_since(now) > depth {
            return Err(full - depth);
        }
        self.full = Some(full + self.step);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_through_and_then_one_a_step() {
        let (now, step) = (Instant::now(), Duration::from_millis(50));
        let mut pace = Pace::new(3, step);
        for _ in 0..3 {
            assert_eq!(pace.take(now), Ok(()));
        }
        assert_eq!(pace.take(now), Err(now + step));
        assert_eq!(pace.take(now + step), Ok(()));
        assert_eq!(pace.take(now + step), Err(now + 2 * step));
        let later = now + Duration::from_secs(3_600);
        assert_eq!((0..9).filter(|_| pace.take(later).is_ok()).count(), 3, "what was not used is not saved up");
    }
}

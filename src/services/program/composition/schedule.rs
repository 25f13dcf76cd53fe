//! When the next picture and the next chunk of sound are due: pure, without drift, from one start.

use std::time::Duration;

use tokio::time::Instant;

/// Events that come `per` times in each `every`, counted from `start`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    start: Instant,
    every: Duration,
    per: u32,
    next: u64,
}

impl Schedule {
    pub(super) const fn new(start: Instant, every: Duration, per: u32) -> Self {
        Self { start, every, per, next: 0 }
    }

    /// The count of the next event.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// How long after the start an event is due.
    pub(super) fn offset(&self, count: u64) -> Duration {
        let nanos = self.every.as_nanos() * u128::from(count) / u128::from(self.per);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// When the next event is due.
    pub(super) fn due(&self) -> Instant {
        self.start + self.offset(self.next)
    }

    /// All that is to come is due so much later.
    pub(super) fn put_off(&mut self, by: Duration) {
        self.start += by;
    }

    /// All that is to come is due so much earlier.
    pub(super) fn bring_forward(&mut self, by: Duration) {
        // A monotonic clock counts from when the machine started, so that this is only so when it has just done so.
        self.start = self.start.checked_sub(by).unwrap_or(self.start);
    }

    /// The next event is done.
    pub(super) const fn advance(&mut self) {
        self.next += 1;
    }

    /// Leaves out what is late, up to the newest event that is due at `now`.
    pub(super) fn skip_to(&mut self, now: Instant) {
        let passed = now.duration_since(self.start).as_nanos();
        let newest = (passed * u128::from(self.per)) / self.every.as_nanos().max(1);
        let mut newest = u64::try_from(newest).unwrap_or(u64::MAX);
        if self.start + self.offset(newest + 1) <= now {
            newest += 1;
        }
        self.next = self.next.max(newest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_a_second_do_not_drift() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, Duration::from_secs(1), 30);
        for _ in 0..30 * 3600 {
            schedule.advance();
        }
        assert_eq!(schedule.due(), start + Duration::from_secs(3600));
    }

    #[test]
    fn a_late_event_is_the_newest_that_is_due() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, Duration::from_secs(1), 30);
        schedule.skip_to(start + Duration::from_millis(99));
        assert_eq!(schedule.next(), 2);
        let third = start + schedule.offset(3);
        schedule.skip_to(third);
        assert_eq!((schedule.next(), schedule.due()), (3, third));
        schedule.skip_to(start);
        assert_eq!(schedule.next(), 3);
    }
}

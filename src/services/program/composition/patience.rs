//! How far behind the present a composition is: pure. As little as those who arrive last need, so that what is broadcast is early.

use std::ops::RangeInclusive;
use std::time::Duration;

use tokio::time::Instant;

/// The delay at first, if it is within the bounds: what a call in a house needs.
const FIRST: Duration = Duration::from_millis(150);
/// How much more than what came last of all is waited for.
const MARGIN: Duration = Duration::from_millis(30);
/// What came late is remembered for one to two of these.
const REMEMBERED: Duration = Duration::from_secs(10);
/// The delay shrinks by this part of the time that passes: nothing is left out for it.
const SHRINKS: u32 = 20;

/// The delay, between bounds: it grows at once with what comes late, and shrinks slowly when nothing did for a while.
#[derive(Debug)]
pub(super) struct Patience {
    bounds: RangeInclusive<Duration>,
    delay: Duration,
    /// What came last in the time before and in this one.
    latest: [Option<Duration>; 2],
    since: Instant,
}

impl Patience {
    pub(super) fn new(bounds: RangeInclusive<Duration>, now: Instant) -> Self {
        let delay = FIRST.clamp(*bounds.start(), *bounds.end());
        Self { bounds, delay, latest: [None; 2], since: now }
    }

    pub(super) const fn delay(&self) -> Duration {
        self.delay
    }

    /// Something arrived so long after it was captured. Gives by how much the delay has grown.
    pub(super) fn arrived(&mut self, after: Duration) -> Duration {
        let latest = &mut self.latest[1];
        *latest = (*latest).max(Some(after));
        if after <= self.delay {
            return Duration::ZERO;
        }
        let more = self.within(after).saturating_sub(self.delay);
        self.delay += more;
        more
    }

    /// So much time has passed. Gives by how much the delay has shrunk.
    pub(super) fn passes(&mut self, time: Duration, now: Instant) -> Duration {
        if now.saturating_duration_since(self.since) >= REMEMBERED {
            (self.latest, self.since) = ([self.latest[1], None], now);
        }
        // While nobody is there nothing is known.
        let Some(latest) = self.latest.into_iter().max().flatten() else { return Duration::ZERO };
        let less = self.delay.saturating_sub(self.within(latest)).min(time / SHRINKS);
        self.delay -= less;
        less
    }

    fn within(&self, latest: Duration) -> Duration {
        (latest + MARGIN).clamp(*self.bounds.start(), *self.bounds.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn it_grows_at_once_and_shrinks_slowly_when_nothing_was_late_for_a_while() {
        let mut now = Instant::now();
        let mut patience = Patience::new(MS(100)..=MS(400), now);
        assert_eq!((patience.arrived(MS(60)), patience.delay()), (MS(0), MS(150)));
        assert_eq!((patience.arrived(MS(220)), patience.delay()), (MS(100), MS(250)));
        assert_eq!((patience.arrived(MS(240)), patience.delay()), (MS(0), MS(250)), "it is in time");
        assert_eq!((patience.arrived(MS(900)), patience.delay()), (MS(150), MS(400)), "nobody waits for longer");
        let mut shrunk = Vec::new();
        for _ in 0..60 * 50 {
            now += MS(20);
            patience.arrived(MS(80));
            shrunk.push(patience.passes(MS(20), now));
        }
        let begins = shrunk.iter().position(|less| !less.is_zero()).expect("it shrinks");
        assert!((500..=1000).contains(&begins), "it remembers for {begins} beats");
        assert!(shrunk.iter().all(|less| *less <= MS(1)));
        assert_eq!(patience.delay(), MS(110));
        assert_eq!(shrunk.iter().sum::<Duration>(), MS(290));
    }

    #[test]
    fn it_stays_while_nobody_is_there_and_within_bounds_that_are_one() {
        let mut now = Instant::now();
        let mut patience = Patience::new(MS(100)..=MS(400), now);
        patience.arrived(MS(300));
        for _ in 0..3 {
            now += REMEMBERED;
            patience.passes(MS(20), now);
        }
        assert_eq!((patience.passes(MS(1000), now), patience.delay()), (MS(0), MS(330)));
        let mut fixed = Patience::new(MS(150)..=MS(150), now);
        assert_eq!((fixed.arrived(MS(300)), fixed.passes(MS(1000), now), fixed.delay()), (MS(0), MS(0), MS(150)));
    }
}

//! Numbers that are added to where something happens, and read when somebody looks: plain atomics, without order between
//! them. Each module owns the struct of its own; nothing here is global.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// Counts up, from any thread.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn inc(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts up from one thread alone, at the price of a plain addition; read from any. A second writer loses counts.
#[derive(Debug, Default)]
pub struct Tally(AtomicU64);

impl Tally {
    /// One more.
    pub fn inc(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What was written to the log as a warning or an error, whether its filter shows it or not.
#[derive(Debug, Default)]
pub struct Logged {
    /// Warnings.
    pub warnings: Counter,
    /// Errors.
    pub errors: Counter,
}

/// How many there are now.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// There are so many now.
    pub fn set(&self, now: i64) {
        self.0.store(now, Ordering::Relaxed);
    }

    /// How many there are.
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// One more, until what is given back is dropped.
    pub fn hold(self: &Arc<Self>) -> Hold {
        self.0.fetch_add(1, Ordering::Relaxed);
        Hold(self.clone())
    }
}

/// One of those that a [`Gauge`] counts.
#[derive(Debug)]
pub struct Hold(Arc<Gauge>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long something takes, in steps.
#[derive(Debug)]
pub struct Durations {
    bounds: &'static [f64],
    buckets: Box<[AtomicU64]>,
    nanos: AtomicU64,
}

impl Durations {
    /// Empty, with these upper bounds in seconds, rising.
    pub fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, buckets: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(), nanos: AtomicU64::new(0) }
    }

    /// Something took this long.
    pub fn took(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        let at = self.bounds.iter().position(|bound| seconds <= *bound).unwrap_or(self.bounds.len());
        self.buckets[at].fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// What was measured so far.
    pub fn get(&self) -> Measured {
        let buckets: Vec<(f64, u64)> = self
            .bounds
            .iter()
            .copied()
            .chain([f64::INFINITY])
            .zip(self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)))
            .collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        Measured { buckets, count, seconds: self.nanos.load(Ordering::Relaxed) as f64 / 1e9 }
    }
}

/// What [`Durations`] have measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Upper bound in seconds, the last one without end, and how many were within it and over the bound before.
    pub buckets: Vec<(f64, u64)>,
    /// How many.
    pub count: u64,
    /// How long all of them together.
    pub seconds: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_counts_those_that_are_held() {
        let gauge = Arc::new(Gauge::default());
        let (first, second) = (gauge.hold(), gauge.hold());
        assert_eq!(gauge.get(), 2);
        drop(first);
        assert_eq!(gauge.get(), 1);
        drop(second);
        assert_eq!(gauge.get(), 0);
    }

    #[test]
    fn each_duration_is_in_the_first_step_that_holds_it() {
        let durations = Durations::new(&[0.01, 0.1]);
        for millis in [1, 10, 11, 5_000] {
            durations.took(Duration::from_millis(millis));
        }
        let measured = durations.get();
        assert_eq!(measured.buckets, [(0.01, 2), (0.1, 1), (f64::INFINITY, 1)]);
        assert_eq!(measured.count, 4);
        assert!((measured.seconds - 5.022).abs() < 1e-9, "{}", measured.seconds);
    }

    #[test]
    fn counters_of_many_threads_lose_nothing() {
        let counter = Counter::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|_| counter.inc()));
            }
        });
        assert_eq!(counter.get(), 40_000);
    }
}

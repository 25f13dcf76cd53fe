//! Media time: nanoseconds of `CLOCK_MONOTONIC` since the daemon started, and how it relates to the other clocks.

use std::ops::{Add, Sub};
use std::time::{Duration, Instant};

/// A point in media time, in nanoseconds since the daemon started; negative before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MediaTime(i64);

impl MediaTime {
    /// The moment the daemon started.
    pub const ZERO: Self = Self(0);

    /// From nanoseconds since the start.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From milliseconds since the start.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000_000)
    }

    /// Nanoseconds since the start.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Nanoseconds from `earlier` to here; negative if `earlier` is the later one.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// This time moved by signed nanoseconds.
    pub const fn plus_nanos(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// Ticks of a clock with `rate` ticks a second, rounded to the nearest: 90 000 for video, 48 000 for Opus.
    pub fn ticks(self, rate: u32) -> i64 {
        let scaled = i128::from(self.0) * i128::from(rate);
        ((scaled + 500_000_000).div_euclid(1_000_000_000)) as i64
    }

    /// The inverse of [`MediaTime::ticks`].
    pub fn from_ticks(ticks: i64, rate: u32) -> Self {
        let rate = i128::from(rate.max(1));
        Self(((i128::from(ticks) * 1_000_000_000 + rate / 2).div_euclid(rate)) as i64)
    }
}

impl Add<Duration> for MediaTime {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        self.plus_nanos(i64::try_from(by.as_nanos()).unwrap_or(i64::MAX))
    }
}

impl Sub<Duration> for MediaTime {
    type Output = Self;
    fn sub(self, by: Duration) -> Self {
        self.plus_nanos(-i64::try_from(by.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// Where media time stands against the monotonic clock and the wall clock. Made once, by the daemon, and handed down.
#[derive(Debug, Clone, Copy)]
pub struct Timeline {
    epoch: Instant,
    epoch_monotonic_nanos: i64,
    epoch_unix_nanos: i128,
}

impl Timeline {
    /// `epoch` is media time zero; `monotonic_nanos` is what `CLOCK_MONOTONIC` and `unix_nanos` what the wall clock read at that moment.
    pub const fn new(epoch: Instant, monotonic_nanos: i64, unix_nanos: i128) -> Self {
        Self { epoch, epoch_monotonic_nanos: monotonic_nanos, epoch_unix_nanos: unix_nanos }
    }

    /// Media time of an instant.
    pub fn media(&self, at: Instant) -> MediaTime {
        match at.checked_duration_since(self.epoch) {
            Some(after) => MediaTime::ZERO + after,
            None => MediaTime::ZERO - self.epoch.duration_since(at),
        }
    }

    /// The instant of a media time.
    pub fn instant(&self, at: MediaTime) -> Instant {
        if at.nanos() >= 0 {
            self.epoch + Duration::from_nanos(at.nanos().unsigned_abs())
        } else {
            self.epoch - Duration::from_nanos(at.nanos().unsigned_abs())
        }
    }

    /// Media time of a reading of `CLOCK_MONOTONIC` in nanoseconds, such as GStreamer's system clock gives.
    pub const fn from_monotonic(&self, nanos: i64) -> MediaTime {
        MediaTime(nanos - self.epoch_monotonic_nanos)
    }

    /// Wall time of a media time, in nanoseconds since 1970 UTC.
    pub fn unix_nanos(&self, at: MediaTime) -> i128 {
        self.epoch_unix_nanos + i128::from(at.nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_and_time_agree_to_a_tick() {
        for ticks in [-90_001, -1, 0, 1, 89_999, 90_000, 8_589_934_592] {
            assert_eq!(MediaTime::from_ticks(ticks, 90_000).ticks(90_000), ticks);
        }
        assert_eq!(MediaTime::from_millis(1500).ticks(90_000), 135_000);
    }

    #[test]
    fn the_three_clocks_run_together() {
        let epoch = Instant::now() + Duration::from_secs(10);
        let line = Timeline::new(epoch, 1_000, 5_000_000_000);
        assert_eq!(line.media(epoch + Duration::from_millis(3)), MediaTime::from_millis(3));
        assert_eq!(line.media(epoch - Duration::from_millis(3)), MediaTime::from_millis(-3));
        assert_eq!(line.instant(MediaTime::from_millis(7)), epoch + Duration::from_millis(7));
        assert_eq!(line.from_monotonic(3_000), MediaTime::from_nanos(2_000));
        assert_eq!(line.unix_nanos(MediaTime::from_millis(1)), 5_001_000_000);
    }
}

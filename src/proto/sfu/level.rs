//! How loud one source of sound is (RFC 6464).

use std::time::Duration;

use crate::model::time::MediaTime;

/// Silence, in -dBov.
const SILENCE: u8 = 127;
/// How fast it falls when it gets quiet, in dB a second: a pause between two words hardly shows.
const FALL: f32 = 60.0;
/// How much of the way to a louder level is gone with each packet.
const RISE: f32 = 0.5;
/// How long no packet may come before that means silence: with discontinuous transmission (RFC 7587 section 3.1.3) none do.
const PATIENCE: Duration = Duration::from_millis(100);

/// Largest sample of 16 bits: what it is measured against.
const FULL: f64 = 32_767.0;

/// Measures samples until somebody asks how loud they were.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meter {
    squares: u64,
    samples: u64,
}

impl Meter {
    /// Takes samples of 16 bits.
    pub fn add(&mut self, samples: impl Iterator<Item = i16>) {
        for sample in samples {
            self.squares = self.squares.saturating_add(u64::from(sample.unsigned_abs()).pow(2));
            self.samples += 1;
        }
    }

    /// How loud what came since the last call was, in -dBov (0 loudest, 127 silence; RFC 6464 section 3); nothing if nothing
    /// came.
    pub fn take(&mut self) -> Option<u8> {
        let Self { squares, samples } = std::mem::take(self);
        let mean = (samples > 0).then_some(squares as f64 / samples as f64)?;
        // Silence is infinitely far below, and ends at 127 as everything does that is not above it.
        let below = -10.0 * (mean / (FULL * FULL)).log10();
        Some(below.round().clamp(0.0, f64::from(SILENCE)) as u8)
    }
}

/// A smoothed level: it rises at once and falls slowly, also while no packets come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Level {
    /// Above silence, in dB.
    loudness: f32,
    at: Option<MediaTime>,
}

impl Level {
    /// A packet came with this level, in -dBov (0 loudest, 127 silence).
    pub fn heard(&mut self, level: u8, now: MediaTime) {
        let heard = f32::from(SILENCE - level.min(SILENCE));
        self.loudness = match heard > self.loudness {
            true => self.loudness + (heard - self.loudness) * RISE,
            false => self.fallen(now, Duration::ZERO).max(heard),
        };
        self.at = Some(self.at.map_or(now, |at| at.max(now)));
    }

    /// The level at this moment, in -dBov (0 loudest, 127 silence).
    pub fn level(&self, now: MediaTime) -> u8 {
        // Between nothing and 127 already.
        SILENCE - (self.fallen(now, PATIENCE).round() as u8).min(SILENCE)
    }

    /// What is left of the loudness after nothing louder came for as long, beyond what is usual between two packets.
    fn fallen(&self, now: MediaTime, patience: Duration) -> f32 {
        let nanos = self.at.map_or(0, |at| now.since(at)).saturating_sub(patience.as_nanos() as i64).max(0);
        (self.loudness - FALL * nanos as f32 / 1e9).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown after packets of these levels, 20 ms apart, and so many milliseconds without any.
    fn after(levels: &[u8], quiet: i64) -> u8 {
        let mut level = Level::default();
        let mut now = MediaTime::ZERO;
        for heard in levels {
            now = now + Duration::from_millis(20);
            level.heard(*heard, now);
        }
        level.level(now + Duration::from_millis(quiet as u64))
    }

    #[test]
    fn samples_are_as_loud_as_their_mean_power() {
        let level = |samples: &[i16]| {
            let mut meter = Meter::default();
            meter.add(samples.iter().copied());
            meter.take()
        };
        let sine =
            |peak: f64| (0..960).map(|n| (f64::from(n) * 0.131).sin() * peak).map(|s| s as i16).collect::<Vec<_>>();
        assert_eq!(level(&[i16::MAX, i16::MIN]), Some(0), "nothing is louder");
        assert_eq!(
            (level(&sine(32_767.0)), level(&sine(3_276.7))),
            (Some(3), Some(23)),
            "a sine is 3 dB below its peak"
        );
        assert_eq!((level(&[0; 960]), level(&[1; 960])), (Some(127), Some(90)));
        assert_eq!(level(&[]), None);
    }

    #[test]
    fn each_look_at_a_meter_begins_anew() {
        let mut meter = Meter::default();
        meter.add([i16::MAX; 10].into_iter());
        assert_eq!(meter.take(), Some(0));
        meter.add([0; 10].into_iter());
        assert_eq!((meter.take(), meter.take()), (Some(127), None));
    }

    #[test]
    fn it_rises_at_once_and_falls_slowly() {
        assert_eq!(after(&[], 0), 127);
        assert!(after(&[30; 5], 0) <= 34, "a tenth of a second is enough");
        assert!(after(&[30; 50], 0) == 30);
        let speech: Vec<u8> = [30; 50].into_iter().chain([127; 10]).collect();
        assert!((40..50).contains(&after(&speech, 0)), "a pause between words of 200 ms: {}", after(&speech, 0));
        let silence: Vec<u8> = [30; 50].into_iter().chain([127; 100]).collect();
        assert_eq!(after(&silence, 0), 127);
    }

    #[test]
    fn it_falls_without_packets_too() {
        assert_eq!(after(&[30; 50], 90), 30, "packets may be late");
        assert!((80..100).contains(&after(&[30; 50], 1100)));
        assert_eq!(after(&[30; 50], 5000), 127);
    }

    #[test]
    fn levels_that_do_not_exist_are_silence() {
        assert_eq!(after(&[255, 128], 0), 127);
        assert_eq!(after(&[0; 50], 0), 0);
    }
}

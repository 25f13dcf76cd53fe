//! What stands between a call and ears: nothing is louder than the ceiling, and what is suddenly loud fades in.

use std::collections::VecDeque;

use super::{FULL, amplitude};
use crate::model::raw::{CHANNELS, RATE};

/// The largest sample that comes out: -1 dBFS.
pub const CEILING: i16 = 29_204;

/// Up to this level, in dBFS, sound comes out at once, however quiet it was before: speech is not softened.
const SUDDEN: f64 = -18.0;
/// How fast it may grow louder from there, in dB a second: from a quiet room to the loudest in 57 ms.
const GROWS: f64 = 300.0;
/// How fast loudness is forgotten, in dB a second: pauses between sentences do not count.
const FORGOTTEN: f64 = 6.0;
/// How far it looks ahead, in frames: 2 ms, by which it delays.
const AHEAD: usize = 96;
/// How much of the way back a gain goes with each frame: most of it in 80 ms.
const BACK: f64 = 1.0 / (0.08 * RATE as f64);
/// How far a volume goes with each frame at most: from nothing to full in 20 ms, which is no click.
const TURNS: f64 = 1.0 / (0.02 * RATE as f64);
/// How much of the envelope is left after each frame: a low tone's is as loud between its crests.
const ENVELOPE: f64 = 1.0 - 1.0 / (0.02 * RATE as f64);

/// Turns 48 kHz stereo sound down where it has to be, and by a volume. Delays by 2 ms.
#[derive(Debug)]
pub struct Limiter {
    /// The volume now, and the one on the way to which it is.
    volume: f64,
    wanted: f64,
    /// Frames that are looked at, the oldest first.
    ahead: VecDeque<[f64; CHANNELS]>,
    /// Which gains of those are less than all that came after, with the number of their frame.
    least: VecDeque<(u64, f64)>,
    /// What is returned from slowly, for as many frames, and the sum of them.
    held: VecDeque<f64>,
    sum: f64,
    /// How loud it is.
    envelope: f64,
    /// How loud it may be now.
    may: f64,
    frame: u64,
    grows: f64,
    forgotten: f64,
}

impl Limiter {
    /// One with a volume to begin with, as what samples are multiplied by, 0 to 1.
    pub fn new(volume: f64) -> Self {
        let each = |decibels: f64| amplitude(decibels / f64::from(RATE));
        Self {
            volume: within(volume),
            wanted: within(volume),
            ahead: VecDeque::from(vec![[0.0; CHANNELS]; AHEAD]),
            least: VecDeque::with_capacity(AHEAD + 2),
            held: VecDeque::from(vec![1.0; AHEAD + 1]),
            sum: (AHEAD + 1) as f64,
            envelope: 0.0,
            may: amplitude(SUDDEN) * FULL,
            frame: 0,
            grows: each(GROWS),
            forgotten: each(-FORGOTTEN),
        }
    }

    /// Goes to this volume, without a jump.
    pub fn turn(&mut self, volume: f64) {
        self.wanted = within(volume);
    }

    /// Replaces the samples of whole frames by what may be played of those of 2 ms before.
    pub fn process(&mut self, samples: &mut [i16]) {
        for frame in samples.chunks_exact_mut(CHANNELS) {
            self.volume += (self.wanted - self.volume).clamp(-TURNS, TURNS);
            let mut given = [0.0; CHANNELS];
            for (given, sample) in given.iter_mut().zip(&*frame) {
                *given = f64::from(*sample) * self.volume;
            }
            let peak = given.iter().fold(0.0f64, |peak, sample| peak.max(sample.abs()));
            let gain = self.gain(peak);
            self.ahead.push_back(given);
            let played = self.ahead.pop_front().unwrap_or_default();
            for (sample, played) in frame.iter_mut().zip(played) {
                // The gain holds it already, but for rounding.
                *sample = (played * gain).round().clamp(-f64::from(CEILING), f64::from(CEILING)) as i16;
            }
        }
    }

    /// What the oldest frame is multiplied by, when one with this peak is the newest.
    fn gain(&mut self, peak: f64) -> f64 {
        self.envelope = peak.max(self.envelope * ENVELOPE);
        self.may = match self.envelope > self.may {
            true => (self.may * self.grows).min(f64::from(CEILING)),
            false => (self.may * self.forgotten).max(amplitude(SUDDEN) * FULL),
        };
        let wanted = (self.may / peak.max(1.0)).min(1.0);
        while self.least.back().is_some_and(|(_, gain)| *gain >= wanted) {
            self.least.pop_back();
        }
        self.least.push_back((self.frame, wanted));
        while self.least.front().is_some_and(|(frame, _)| frame + (AHEAD as u64) < self.frame) {
            self.least.pop_front();
        }
        self.frame += 1;
        let least = self.least.front().map_or(wanted, |(_, gain)| *gain);
        let before = self.held.back().copied().unwrap_or(1.0);
        let held = least.min(before + (1.0 - before) * BACK);
        // The mean of as many frames as are looked at goes down in time, and nowhere jumps.
        self.sum += held - self.held.pop_front().unwrap_or(1.0);
        self.held.push_back(held);
        (self.sum / (AHEAD + 1) as f64).clamp(0.0, 1.0)
    }
}

impl Default for Limiter {
    fn default() -> Self {
        Self::new(1.0)
    }
}

fn within(volume: f64) -> f64 {
    // What is no number is silence.
    if volume >= 0.0 { volume.min(1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::sound::decibels;

    /// A tone on both channels: `seconds` of it, as loud as that in dBFS.
    fn tone(hz: f64, level: f64, seconds: f64) -> Vec<i16> {
        let one = |n: usize| {
            let sample = (n as f64 * hz * std::f64::consts::TAU / f64::from(RATE)).sin();
            (sample * amplitude(level) * 32_767.0) as i16
        };
        (0..(seconds * f64::from(RATE)) as usize).flat_map(|n| [one(n); 2]).collect()
    }

    /// The loudest sample between two moments in milliseconds, in dBFS.
    fn peak(samples: &[i16], from: usize, to: usize) -> f64 {
        let of = &samples[from * 96..to * 96];
        decibels(f64::from(of.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0)) / FULL)
    }

    #[test]
    fn a_loud_burst_fades_in_and_never_passes_the_ceiling() {
        for square in [false, true] {
            let mut burst = tone(700.0, 0.0, 1.0);
            if square {
                burst.iter_mut().for_each(|s| *s = if *s >= 0 { i16::MAX } else { i16::MIN });
            }
            let mut limiter = Limiter::default();
            burst.chunks_mut(1920).for_each(|chunk| limiter.process(chunk));
            assert!(burst.iter().all(|s| s.unsigned_abs() <= CEILING.unsigned_abs()));
            assert!(peak(&burst, 0, 6) < -15.0, "it begins with {} dB", peak(&burst, 0, 6));
            let levels: Vec<f64> = (1..50).map(|n| peak(&burst, n * 10, n * 10 + 10)).collect();
            let jumps: Vec<f64> = levels.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(jumps.iter().all(|jump| (-0.5..3.5).contains(jump)), "{jumps:?}");
            assert!(peak(&burst, 500, 1000) > -1.5, "{}", peak(&burst, 500, 1000));
        }
    }

    #[test]
    fn speech_passes_as_it_is() {
        let given = tone(300.0, -20.0, 0.5);
        let mut passed = given.clone();
        Limiter::default().process(&mut passed);
        assert_eq!(passed[2 * AHEAD..], given[..given.len() - 2 * AHEAD]);
        assert_eq!(passed[..2 * AHEAD], [0; 2 * AHEAD]);
    }

    #[test]
    fn it_comes_back_after_something_loud_and_is_careful_again_after_a_while() {
        let mut limiter = Limiter::default();
        limiter.process(&mut tone(700.0, 0.0, 1.0));
        let mut soon = tone(700.0, -3.0, 0.2);
        limiter.process(&mut vec![0; 96_000]);
        limiter.process(&mut soon);
        limiter.process(&mut vec![0; 96_000 * 4]);
        let mut late = tone(700.0, -3.0, 0.2);
        limiter.process(&mut late);
        assert!(peak(&soon, 3, 10) > -9.0 && peak(&late, 3, 6) < -15.0, "{} {}", peak(&soon, 3, 10), peak(&late, 3, 6));
    }

    #[test]
    fn a_volume_is_reached_without_a_jump() {
        let mut limiter = Limiter::default();
        let mut sound = vec![4_000i16; 9_600];
        limiter.process(&mut sound[..4_800]);
        limiter.turn(0.1);
        limiter.process(&mut sound[4_800..]);
        let steps = sound[2 * AHEAD..].windows(2).map(|pair| pair[0].abs_diff(pair[1])).max();
        assert!(steps <= Some(5), "{steps:?}");
        assert!(sound[9_500..].iter().all(|s| *s == 400), "{:?}", &sound[9_590..]);
        limiter.turn(f64::NAN);
        let mut rest = vec![4_000i16; 9_600];
        limiter.process(&mut rest);
        assert_eq!(rest[9_500..], [0; 100]);
    }
}

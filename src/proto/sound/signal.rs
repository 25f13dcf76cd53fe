//! The sounds of a set-up test: first hardly anything, then a rising whistle, then noise; two and a half seconds in all.

use std::ops::Range;

use super::{FULL, amplitude};
use crate::model::raw::RATE;

/// What is played and where in it what is.
#[derive(Debug, Clone)]
pub struct Signal {
    /// Samples of 16 bits, one channel, 48 kHz.
    pub samples: Vec<i16>,
    /// Nothing: what is heard now is the room.
    pub still: Range<usize>,
    /// A tone that rises from 300 Hz to 3400 Hz: it says when it is heard.
    pub sweep: Range<usize>,
    /// Pink noise: it says how loud it is heard.
    pub noise: Range<usize>,
}

/// Milliseconds of each piece. The ramp is noise that grows: whose volume is up too far can turn it down before more comes.
const STILL: usize = 400;
const RAMP: usize = 400;
const SWEEP: usize = 600;
const PAUSE: usize = 200;
const NOISE: usize = 900;
/// Milliseconds in which a piece begins and ends.
const FADE: usize = 20;
/// Levels in dBFS: of the ramp from and to, of the sweep's crests, of the noise's mean.
const RAMP_LEVEL: (f64, f64) = (-60.0, -30.0);
const SWEEP_LEVEL: f64 = -14.0;
const NOISE_LEVEL: f64 = -22.0;
/// Between these the sweep rises, in Hz.
const RISES: (f64, f64) = (300.0, 3400.0);

fn samples(millis: usize) -> usize {
    millis * RATE as usize / 1000
}

/// How far a piece is faded in and not yet out again, 0 to 1.
fn faded(n: usize, length: usize) -> f64 {
    (n.min(length - 1 - n) as f64 / samples(FADE) as f64).min(1.0)
}

/// Pink noise, always the same, with about 1 as its mean level (Paul Kellet's filter over white noise).
struct Pink {
    seed: u64,
    rows: [f64; 3],
}

impl Pink {
    fn next(&mut self) -> f64 {
        // Knuth's linear congruential generator: nothing secret, and no two tests differ.
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let white = (self.seed >> 40) as f64 / f64::from(1 << 23) - 1.0;
        for (row, (keeps, takes)) in
            self.rows.iter_mut().zip([(0.99765, 0.0990460), (0.96300, 0.2965164), (0.57000, 1.0526913)])
        {
            *row = *row * keeps + white * takes;
        }
        (self.rows.iter().sum::<f64>() + white * 0.1848) / 1.67
    }
}

/// Makes it.
pub fn signal() -> Signal {
    let mut out = vec![0.0; samples(STILL)];
    let still = 0..out.len();
    let mut pink = Pink { seed: 7, rows: [0.0; 3] };
    let ramp = samples(RAMP);
    for n in 0..ramp {
        let level = RAMP_LEVEL.0 + (RAMP_LEVEL.1 - RAMP_LEVEL.0) * n as f64 / ramp as f64;
        out.push(pink.next() * amplitude(level) * faded(n, ramp));
    }
    let (from, length) = (out.len(), samples(SWEEP));
    let seconds = length as f64 / f64::from(RATE);
    let rate = (RISES.1 / RISES.0).ln() / seconds;
    for n in 0..length {
        let at = n as f64 / f64::from(RATE);
        let phase = std::f64::consts::TAU * RISES.0 * ((rate * at).exp() - 1.0) / rate;
        out.push(phase.sin() * amplitude(SWEEP_LEVEL) * faded(n, length));
    }
    let sweep = from..out.len();
    out.resize(out.len() + samples(PAUSE), 0.0);
    let (from, length) = (out.len(), samples(NOISE));
    for n in 0..length {
        out.push(pink.next() * amplitude(NOISE_LEVEL) * faded(n, length));
    }
    let noise = from..out.len();
    let samples = out.into_iter().map(|sample| (sample * FULL).clamp(-32_768.0, 32_767.0) as i16).collect();
    Signal { samples, still, sweep, noise }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::sound::measure::level;

    #[test]
    fn it_is_short_begins_quietly_and_is_nowhere_loud() {
        let signal = signal();
        assert!(signal.samples.len() <= 3 * RATE as usize, "{}", signal.samples.len());
        assert_eq!(signal.noise.end, signal.samples.len());
        let of = |range: Range<usize>| level(&signal.samples[range]);
        assert_eq!(of(signal.still.clone()), level(&[0]));
        assert!(of(samples(400)..samples(500)) < -45.0, "{}", of(samples(400)..samples(500)));
        assert!((of(signal.sweep.clone()) + 17.0).abs() < 1.0, "{}", of(signal.sweep.clone()));
        assert!((of(signal.noise.clone()) + 22.0).abs() < 2.0, "{}", of(signal.noise.clone()));
        let peak = signal.samples.iter().map(|s| s.unsigned_abs()).max();
        assert!(peak < Some(16_384), "no peak above -6 dBFS: {peak:?}");
    }
}

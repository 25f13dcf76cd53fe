//! What a recording of a set-up test says: how late the speaker is heard, how loud, and over which noise.

use super::signal::Signal;
use super::{FULL, decibels};
use crate::model::raw::RATE;

/// Samples of 48 kHz that become one for the search: 8 kHz hold the sweep, and the search takes a tenth of a second.
const EVERY: usize = 6;
/// Where the sweep is looked for, in milliseconds before and after the moment at which it was played.
const EARLY: usize = 100;
const LATE: usize = 1_000;
/// How much better the best place has to fit than all of them do on average: noise alone comes to 4 and a half.
const FITS: f64 = 6.0;
/// How well the first arrival has to fit beside the best: walls may be louder than the straight way.
const FIRST: f64 = 0.8;
/// How long before the best the first arrival may be, in milliseconds.
const BEFORE: usize = 15;
/// Samples at the rim that are no accident.
const CLIPPED: usize = 8;
const RIM: u16 = 32_700;

/// What was played and what was recorded meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Recording<'a> {
    /// What was meant.
    pub signal: &'a Signal,
    /// What the box really played of it, sample by sample: louder, quieter, limited. One channel.
    pub played: &'a [i16],
    /// What the microphone heard. One channel, 48 kHz.
    pub heard: &'a [i16],
    /// Where in what was heard the first sample was played, in samples; may be before its beginning.
    pub begun: i64,
}

/// What there is to say of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// What the room sounds like by itself, in dBFS.
    pub noise: f64,
    /// Samples at the rim: the microphone was overloaded.
    pub clipped: bool,
    /// What was heard of the speaker; nothing if nothing was.
    pub echo: Option<Echo>,
}

/// The speaker as the microphone hears it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Echo {
    /// How much later it is heard than it is played, in milliseconds.
    pub delay: f64,
    /// How loud it is heard, in dBFS.
    pub level: f64,
    /// How much quieter than it is played it is heard, in dB: the echo return loss.
    pub return_loss: f64,
}

/// The mean level of samples, in dBFS; silence is -96.
pub(super) fn level(samples: &[i16]) -> f64 {
    let squares: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    decibels((squares / samples.len().max(1) as f64).sqrt() / FULL).max(-96.0)
}

/// A stretch of what was heard; shorter or empty where the recording does not reach.
fn stretch(heard: &[i16], from: i64, length: usize) -> &[i16] {
    let at = |place: i64| usize::try_from(place).unwrap_or(0).min(heard.len());
    &heard[at(from)..at(from.saturating_add(length as i64))]
}

/// Fewer samples, each the mean of several.
fn thinned(samples: &[i16]) -> Vec<f64> {
    samples.chunks_exact(EVERY).map(|of| of.iter().map(|s| f64::from(*s)).sum::<f64>() / EVERY as f64).collect()
}

/// Looks at a recording. Takes some tenths of a second.
pub fn measure(recording: Recording<'_>) -> Measured {
    let Recording { signal, played, heard, begun } = recording;
    let at = |place: usize| begun.saturating_add(place as i64);
    let noise = level(stretch(heard, at(signal.still.start), signal.still.len()));
    let clipped = heard.iter().filter(|sample| sample.unsigned_abs() >= RIM).count() >= CLIPPED;
    Measured {
        noise,
        clipped,
        echo: delay(recording).map(|late| {
            let late_samples = (late * f64::from(RATE) / 1000.0).round() as i64;
            let loud = level(stretch(heard, at(signal.noise.start).saturating_add(late_samples), signal.noise.len()));
            // What the room says by itself is not of the speaker.
            let power = |decibels: f64| 10f64.powf(decibels / 10.0);
            let own = decibels((power(loud) - power(noise)).max(0.0).sqrt()).max(-96.0);
            let played = level(played.get(signal.noise.clone()).unwrap_or_default());
            Echo { delay: late, level: own, return_loss: played - own }
        }),
    }
}

/// How much later than it was played the sweep is heard, in milliseconds.
fn delay(Recording { signal, played, heard, begun }: Recording<'_>) -> Option<f64> {
    let sweep = thinned(played.get(signal.sweep.clone())?);
    let (early, late) = (EARLY * RATE as usize / 1000, LATE * RATE as usize / 1000);
    let from = begun.saturating_add(signal.sweep.start as i64).saturating_sub(early as i64);
    // What is not recorded any more is silence; what is not yet shifts what follows.
    let whole = early + late + signal.sweep.len();
    let missing = usize::try_from(from.min(0).unsigned_abs()).unwrap_or(usize::MAX).min(whole);
    let mut window = vec![0; missing];
    window.extend_from_slice(stretch(heard, from.max(0), whole - missing));
    window.resize(whole, 0);
    let window = thinned(&window);
    let fits: Vec<f64> = (0..(early + late) / EVERY)
        .map(|lag| window[lag..].iter().zip(&sweep).map(|(heard, played)| heard * played).sum::<f64>().abs())
        .collect();
    let mean = (fits.iter().map(|fit| fit * fit).sum::<f64>() / fits.len().max(1) as f64).sqrt();
    let (best, most) = fits.iter().copied().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    if mean <= 0.0 || most < FITS * mean {
        return None;
    }
    let before = best.saturating_sub(BEFORE * RATE as usize / 1000 / EVERY);
    // The crest of the first arrival.
    let is = |lag: &usize| {
        fits[*lag] >= FIRST * most && (*lag == 0 || fits[*lag] >= fits[*lag - 1]) && fits[*lag] >= fits[*lag + 1]
    };
    let first = (before..best).find(is).unwrap_or(best);
    Some((first * EVERY) as f64 * 1000.0 / f64::from(RATE) - EARLY as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::sound::signal;

    struct Room {
        /// How late and how loud it comes back, by each way.
        ways: Vec<(f64, f64)>,
        /// Mean of the noise, in dBFS.
        noise: f64,
        /// What the microphone multiplies by.
        gain: f64,
        /// How long it records before anything is played, in milliseconds; may be too late.
        before: i64,
    }

    impl Room {
        fn of(late: f64, decibels: f64) -> Self {
            Self { ways: vec![(late, super::super::amplitude(decibels))], noise: -70.0, gain: 1.0, before: 150 }
        }

        fn measured(&self) -> Measured {
            let signal = signal();
            let begun = self.before * i64::from(RATE) / 1000;
            let mut seed = 1u64;
            let heard: Vec<i16> = (0..4 * RATE as i64)
                .map(|n| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let white = ((seed >> 40) as f64 / f64::from(1 << 23) - 1.0) * 3f64.sqrt();
                    let echo: f64 = self
                        .ways
                        .iter()
                        .map(|(late, part)| {
                            let place = n - begun - (late * f64::from(RATE) / 1000.0) as i64;
                            let sample = usize::try_from(place).ok().and_then(|place| signal.samples.get(place));
                            part * f64::from(sample.copied().unwrap_or(0))
                        })
                        .sum();
                    ((echo + white * super::super::amplitude(self.noise) * FULL) * self.gain).clamp(-32_768.0, 32_767.0)
                        as i16
                })
                .collect();
            measure(Recording { signal: &signal, played: &signal.samples, heard: &heard, begun })
        }
    }

    fn near(value: f64, expected: f64, by: f64, what: &str) {
        assert!((value - expected).abs() <= by, "{what}: {value} instead of {expected}");
    }

    #[test]
    fn delay_loss_and_noise_are_found() {
        for (late, loss) in [(0.0, -10.0), (12.0, -6.0), (150.0, -20.0), (390.0, -35.0), (900.0, -10.0)] {
            let measured = Room::of(late, loss).measured();
            let echo = measured.echo.unwrap_or_else(|| panic!("at {late} ms nothing is heard"));
            near(echo.delay, late, 0.5, "delay");
            near(echo.return_loss, -loss, 0.7, "return loss");
            near(measured.noise, -70.0, 0.5, "noise");
            assert!(!measured.clipped);
        }
    }

    #[test]
    fn it_is_heard_in_a_room_that_answers_and_is_as_loud_as_the_speaker() {
        let walls = [(25.0, 0.2), (31.0, 0.18), (38.0, 0.15), (55.0, 0.12), (80.0, 0.08)];
        let mut room = Room { noise: -34.0, ..Room::of(20.0, -12.0) };
        room.ways.extend(walls);
        let measured = room.measured();
        near(measured.echo.expect("it is heard").delay, 20.0, 1.0, "delay");
        near(measured.noise, -34.0, 0.5, "noise");
    }

    #[test]
    fn an_inverted_speaker_is_heard_as_well() {
        let mut room = Room::of(40.0, -10.0);
        room.ways[0].1 *= -1.0;
        near(room.measured().echo.expect("it is heard").delay, 40.0, 0.5, "delay");
    }

    #[test]
    fn nothing_is_heard_where_there_is_nothing_whatever_the_noise() {
        for noise in [-96.0, -60.0, -20.0] {
            let room = Room { ways: Vec::new(), noise, ..Room::of(0.0, 0.0) };
            assert_eq!(room.measured().echo, None, "{noise}");
        }
        let signal = signal();
        for heard in [&[][..], &[0; 96_000]] {
            let measured = measure(Recording { signal: &signal, played: &signal.samples, heard, begun: 0 });
            assert_eq!(measured, Measured { noise: -96.0, clipped: false, echo: None });
        }
    }

    #[test]
    fn a_hum_is_not_taken_for_the_speaker() {
        let signal = signal();
        let tone = |n: usize| ((n as f64 * 1000.0 / f64::from(RATE) * std::f64::consts::TAU).sin() * 8_000.0) as i16;
        let heard: Vec<i16> = (0..4 * RATE as usize).map(tone).collect();
        let measured = measure(Recording { signal: &signal, played: &signal.samples, heard: &heard, begun: 5_000 });
        assert_eq!(measured.echo, None);
    }

    #[test]
    fn an_overloaded_microphone_is_noticed() {
        let measured = Room { gain: 40.0, ..Room::of(30.0, 0.0) }.measured();
        assert!(measured.clipped);
        near(measured.echo.expect("it is heard").delay, 30.0, 1.0, "delay");
    }

    #[test]
    fn a_recording_that_began_late_or_ended_early_is_no_failure() {
        for before in [-500, -5_000, 100_000] {
            let measured = Room { before, ..Room::of(30.0, -10.0) }.measured();
            if before == -500 {
                near(measured.echo.expect("it is heard").delay, 30.0, 0.5, "delay");
            } else {
                assert_eq!(measured.echo, None, "{before}");
            }
        }
        let signal = signal();
        let begun = i64::MIN;
        measure(Recording { signal: &signal, played: &[], heard: &[1; 10], begun });
        measure(Recording { signal: &signal, played: &signal.samples, heard: &[1; 10], begun: i64::MAX });
        measure(Recording { signal: &signal, played: &signal.samples, heard: &[1; 10], begun });
    }
}

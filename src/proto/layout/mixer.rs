//! The mixer: the sound of many as one, on media time.
//!
//! Positions are counted in frames (one sample of each channel) of 48 kHz since media time zero. An input is laid down
//! end to end, so that jitter of its stamps is not heard; when its stamps and its samples drift apart, a frame is left
//! out or doubled now and then; when they are far apart, it starts anew where its stamp says.

use std::collections::{BTreeMap, VecDeque};

use crate::model::raw::{CHANNELS, RATE, Sound};
use crate::model::time::MediaTime;

/// An input holds at most two seconds; what is further ahead of the mix is dropped.
const MOST_FRAMES: i64 = 2 * RATE as i64;
/// Stamps that are later than the end of what is there by this much mean that something is missing: 20 ms, less rounding.
const HOLE: i64 = RATE as i64 / 50 - 2;
/// Stamps that are earlier than the end of what is there by this much mean a new start: 40 ms.
const RESYNC: i64 = RATE as i64 / 25;
/// Stamps and samples may be apart by this much without anything being done: 1 ms.
const SLACK: i64 = RATE as i64 / 1000;
/// How many pushes the drift is averaged over.
const SMOOTHING: i64 = 16;
/// Parts of a frame in which drift is counted.
const PARTS: i64 = 256;
/// Sound comes and goes over this many frames: 5 ms.
const FADE: i32 = RATE as i32 / 200;
/// Louder than this is bent instead of cut, out of 32767.
const KNEE: f32 = 28_000.0;

type Frame = [i16; CHANNELS];

#[derive(Default)]
struct Input {
    /// What is to come; nothing where something is missing.
    frames: VecDeque<Option<Frame>>,
    /// Position behind the last frame.
    end: Option<i64>,
    /// Average of how much later the stamps are than the samples, in parts of a frame.
    drift: i64,
    last: Frame,
    /// How far it is faded in, 0 to `FADE`.
    level: i32,
}

impl Input {
    /// Where a chunk with this stamp goes, after making room for it.
    fn place(&mut self, stamp: i64) -> i64 {
        let Some(end) = self.end else { return stamp };
        let apart = stamp - end;
        if apart >= HOLE || apart <= -RESYNC {
            self.drift = 0;
            if self.frames.is_empty() || apart > MOST_FRAMES {
                self.frames.clear();
            } else if apart > 0 {
                self.frames.extend(std::iter::repeat_n(None, apart as usize));
            } else {
                let keep = (self.frames.len() as i64 + apart).max(0);
                self.frames.truncate(keep as usize);
            }
            self.end = Some(stamp);
            return stamp;
        }
        self.drift += (apart * PARTS - self.drift) / SMOOTHING;
        end
    }

    fn push(&mut self, stamp: i64, samples: &[i16], played: Option<i64>) -> bool {
        let at = self.place(stamp);
        let mut frames = samples.as_chunks::<CHANNELS>().0;
        if self.drift < -SLACK * PARTS {
            frames = &frames[..frames.len().saturating_sub(1)];
        }
        let late = played.map_or(0, |played| (played - at).clamp(0, frames.len() as i64));
        self.frames.extend(frames[late as usize..].iter().copied().map(Some));
        let mut end = at + frames.len() as i64;
        if self.drift > SLACK * PARTS
            && let Some(&last) = self.frames.back()
        {
            self.frames.push_back(last);
            end += 1;
        }
        self.end = Some(end);
        let surplus = (self.frames.len() as i64 - MOST_FRAMES).max(0);
        self.frames.drain(..surplus as usize);
        (late as usize) < frames.len()
    }

    fn start(&self) -> i64 {
        self.end.unwrap_or(0) - self.frames.len() as i64
    }

    fn mix_into(&mut self, sum: &mut [[i32; CHANNELS]], from: i64) {
        let passed = (from - self.start()).clamp(0, self.frames.len() as i64);
        self.frames.drain(..passed as usize);
        let silent = (self.start() - from).clamp(0, sum.len() as i64) as usize;
        let silent = if self.frames.is_empty() { sum.len() } else { silent };
        for (place, sum) in sum.iter_mut().enumerate() {
            let frame = if place < silent { None } else { self.frames.pop_front().flatten() };
            self.level = if frame.is_some() { (self.level + 1).min(FADE) } else { (self.level - 1).max(0) };
            self.last = frame.unwrap_or(self.last);
            for (sum, &sample) in sum.iter_mut().zip(&self.last) {
                *sum += i32::from(sample) * self.level / FADE;
            }
        }
    }
}

/// Sums the sound of many inputs, each known by a key.
pub struct Mixer<K> {
    inputs: BTreeMap<K, Input>,
    played: Option<i64>,
    dropped: u64,
}

impl<K> Default for Mixer<K> {
    fn default() -> Self {
        Self { inputs: BTreeMap::new(), played: None, dropped: 0 }
    }
}

impl<K: Ord + Copy> Mixer<K> {
    /// Makes an input; an input of that key that is there already starts anew.
    pub fn add(&mut self, key: K) {
        self.inputs.insert(key, Input::default());
    }

    /// Ends an input. Nothing of it is in any later mix, not even the end of a fade.
    pub fn remove(&mut self, key: K) {
        self.inputs.remove(&key);
    }

    /// Takes sound for an input. Sound of an unknown key, sound that is too late for the next mix, and sound more than
    /// two seconds ahead of it is dropped and counted.
    pub fn push(&mut self, key: K, sound: &Sound) {
        let stamp = sound.time.ticks(RATE);
        let length = (sound.samples.len() / CHANNELS) as i64;
        let possible =
            self.played.is_none_or(|played| stamp - played <= MOST_FRAMES && played - stamp - length <= RESYNC);
        let taken = match self.inputs.get_mut(&key) {
            Some(input) if possible => input.push(stamp, &sound.samples, self.played),
            _ => false,
        };
        self.dropped += u64::from(!taken);
    }

    /// How many pushes had nothing in them that could still be heard.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Frames that wait for their mix, over all inputs.
    pub fn waiting(&self) -> usize {
        self.inputs.values().map(|input| input.frames.len()).sum()
    }

    /// The sum of all inputs from `from` on, `frames` frames long. What is before is gone afterwards, so `from` must
    /// not go backwards. Where an input has nothing, it is silent; it comes and goes over 5 ms.
    pub fn mix(&mut self, from: MediaTime, frames: usize) -> Sound {
        let position = from.ticks(RATE);
        let mut sum = vec![[0; CHANNELS]; frames];
        for input in self.inputs.values_mut() {
            input.mix_into(&mut sum, position);
        }
        self.played = Some(position + frames as i64);
        Sound { time: from, samples: sum.as_flattened().iter().map(|&sample| limit(sample)).collect() }
    }
}

/// Below the knee as it is, above it bent towards full scale without ever reaching past it.
fn limit(sample: i32) -> i16 {
    let loud = sample.unsigned_abs() as f32;
    if loud <= KNEE {
        return sample as i16;
    }
    let room = f32::from(i16::MAX) - KNEE;
    let over = (loud - KNEE) / room;
    let bent = KNEE + room * over / (1.0 + over);
    (bent as i16) * sample.signum() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: usize = 960;

    fn time(frames: i64) -> MediaTime {
        MediaTime::from_ticks(frames, RATE)
    }

    fn sound(at: i64, samples: impl Iterator<Item = i16>) -> Sound {
        Sound { time: time(at), samples: samples.flat_map(|s| [s, s]).collect() }
    }

    fn tone(at: i64, hertz: f64, amplitude: f64) -> Sound {
        let wave = move |n: i64| amplitude * (n as f64 * hertz * std::f64::consts::TAU / 48_000.0).sin();
        sound(at, (at..at + CHUNK as i64).map(move |n| wave(n) as i16))
    }

    /// Goertzel: the amplitude of one frequency in the left channel.
    fn amplitude(samples: &[i16], hertz: f64) -> f64 {
        let step = hertz * std::f64::consts::TAU / 48_000.0;
        let (mut one, mut two, mut count) = (0.0, 0.0, 0.0);
        for &sample in samples.iter().step_by(CHANNELS) {
            (one, two) = (f64::from(sample) + 2.0 * step.cos() * one - two, one);
            count += 1.0;
        }
        (one * one + two * two - 2.0 * step.cos() * one * two).max(0.0).sqrt() * 2.0 / count
    }

    fn left(sound: &Sound) -> Vec<i16> {
        sound.samples.iter().step_by(CHANNELS).copied().collect()
    }

    #[test]
    fn two_tones_are_both_in_the_sum_at_their_own_strength() {
        let mut mixer = Mixer::default();
        mixer.add(1);
        mixer.add(2);
        let mut heard = Vec::new();
        for at in (0..48_000).step_by(CHUNK) {
            mixer.push(1, &tone(at, 440.0, 8000.0));
            mixer.push(2, &tone(at, 1000.0, 4000.0));
            heard.extend_from_slice(&mixer.mix(time(at), CHUNK).samples);
        }
        assert!((amplitude(&heard[9600..], 440.0) - 8000.0).abs() < 200.0);
        assert!((amplitude(&heard[9600..], 1000.0) - 4000.0).abs() < 200.0);
        assert!(amplitude(&heard[9600..], 700.0) < 50.0);
    }

    #[test]
    fn one_voice_comes_through_sample_by_sample_at_its_place() {
        let mut mixer = Mixer::default();
        mixer.add(1);
        mixer.push(1, &sound(100, (0..960).map(|n| n as i16)));
        let out = left(&mixer.mix(time(0), 1200));
        assert!(out[..100].iter().all(|&s| s == 0));
        assert_eq!(out[100 + 500], 500);
        assert_eq!(out[100 + 959], 959);
    }

    #[test]
    fn loud_sums_stay_in_range_and_keep_their_sign() {
        let mut mixer = Mixer::default();
        for key in 0..8 {
            mixer.add(key);
            mixer.push(key, &sound(0, std::iter::repeat_n(if key < 7 { i16::MIN } else { 0 }, CHUNK)));
        }
        let out = left(&mixer.mix(time(0), CHUNK));
        assert!(out[300..].iter().all(|&s| s < -32_000), "{}", out[300]);
        assert_eq!(limit(28_000), 28_000);
        assert!(limit(30_000) < 30_000 && limit(i32::MAX) > 32_000);
        assert!((20_000..40_000).map(limit).is_sorted());
    }

    #[test]
    fn sound_comes_and_goes_without_a_click() {
        let mut mixer = Mixer::default();
        mixer.add(1);
        mixer.push(1, &sound(0, std::iter::repeat_n(20_000, CHUNK)));
        mixer.push(1, &sound(3000, std::iter::repeat_n(20_000, CHUNK)));
        let out = left(&mixer.mix(time(0), 5000));
        let jump = out.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max();
        assert!(jump.expect("there are samples") <= 20_000 / FADE + 1);
        assert_eq!((out[700], out[2000], out[3500], out[4999]), (20_000, 0, 20_000, 0));
    }

    #[test]
    fn jitter_of_the_stamps_is_not_heard() {
        let mut mixer = Mixer::default();
        mixer.add(1);
        let mut heard = Vec::new();
        for (n, at) in (0..48_000i64).step_by(CHUNK).enumerate() {
            let mut chunk = sound(0, (at..at + CHUNK as i64).map(|n| (n % 10_000) as i16));
            let jitter = [0, 600, -600, 300, -300][n % 5];
            chunk.time = time(at + jitter);
            mixer.push(1, &chunk);
            if n > 2 {
                heard.extend(left(&mixer.mix(time(at - 3 * CHUNK as i64), CHUNK)));
            }
        }
        for (n, pair) in heard[FADE as usize..].windows(2).enumerate() {
            let step = i32::from(pair[1]) - i32::from(pair[0]);
            assert!(step == 1 || step == -9999, "{step} at {n}");
        }
    }

    #[test]
    fn a_clock_that_is_slow_by_500_in_a_million_is_followed() {
        let mut mixer = Mixer::default();
        mixer.add(1);
        let mut worst = 0;
        for n in 0..1500i64 {
            let stamp = n * CHUNK as i64 * 1_000_500 / 1_000_000;
            mixer.push(1, &sound(stamp, std::iter::repeat_n(1000, CHUNK)));
            worst = worst.max((mixer.inputs[&1].end.expect("pushed") - stamp - CHUNK as i64).abs());
            mixer.mix(time(n * CHUNK as i64 - 4800), CHUNK);
        }
        assert!(worst < 2 * SLACK, "apart by {worst} frames");
        assert!(mixer.waiting() < 10_000);
    }

    #[test]
    fn a_missing_chunk_is_silence_and_the_next_one_keeps_its_place() {
        let mut mixer = Mixer::default();
        mixer.add(1);
        for n in [0, 2] {
            mixer.push(1, &sound(n * 960, std::iter::repeat_n(1000 + n as i16, CHUNK)));
        }
        let out = left(&mixer.mix(time(0), 3 * CHUNK));
        assert_eq!((out[959], out[1500], out[2 * CHUNK + 300]), (1000, 0, 1002));
        assert_eq!(out[1919], 0);
    }

    #[test]
    fn stamps_that_jump_back_by_more_than_40_ms_start_anew() {
        let mut mixer = Mixer::default();
        mixer.add(1);
        mixer.push(1, &sound(9600, std::iter::repeat_n(7, CHUNK)));
        mixer.push(1, &sound(0, std::iter::repeat_n(9000, CHUNK)));
        let out = left(&mixer.mix(time(0), CHUNK));
        assert_eq!(out[500], 9000);
    }

    #[test]
    fn what_is_too_old_or_too_far_ahead_is_dropped_and_memory_is_bounded() {
        let mut mixer = Mixer::default();
        mixer.add(1);
        mixer.mix(time(48_000), CHUNK);
        mixer.push(1, &sound(0, std::iter::repeat_n(1, CHUNK)));
        mixer.push(1, &sound(48_000 * 10, std::iter::repeat_n(1, CHUNK)));
        mixer.push(2, &sound(49_000, std::iter::repeat_n(1, CHUNK)));
        assert_eq!((mixer.dropped(), mixer.waiting()), (3, 0));
        for n in 0..200 {
            mixer.push(1, &sound(48_000 + n * 960, std::iter::repeat_n(1, CHUNK)));
        }
        assert!(mixer.waiting() <= MOST_FRAMES as usize + CHUNK);
        let mut fresh = Mixer::default();
        fresh.add(1);
        for n in 0..50 {
            fresh.push(1, &sound(n * 24_000, std::iter::repeat_n(1, CHUNK)));
        }
        assert!(fresh.waiting() <= MOST_FRAMES as usize);
        fresh.push(1, &sound(i64::MAX / 2, std::iter::repeat_n(1, 3)));
        fresh.push(1, &Sound { time: MediaTime::from_nanos(i64::MIN), samples: [1i16].into() });
        fresh.mix(MediaTime::from_nanos(i64::MAX), 10);
    }

    #[test]
    fn a_removed_input_is_silent_from_the_next_frame_on_even_in_the_middle_of_a_word() {
        let mut mixer = Mixer::default();
        mixer.add(1);
        mixer.push(1, &sound(0, std::iter::repeat_n(9000, 4 * CHUNK)));
        mixer.mix(time(0), CHUNK);
        mixer.remove(1);
        mixer.push(1, &sound(960, std::iter::repeat_n(9000, CHUNK)));
        assert!(mixer.mix(time(960), CHUNK).samples.iter().all(|&s| s == 0));
    }
}

//! Half duplex: while somebody else is heard in the room, the microphone is turned down. Pure.
//!
//! For rooms in which no echo canceller works. It is worse than one, and better than an echo: who speaks at the same time is heard
//! little.

use crate::model::time::MediaTime;

/// From this level on something is played, in -dBov (RFC 6464): louder is less.
const PLAYED: u8 = 50;
/// How long a room goes on to sound after it, with what a sound card has buffered, in nanoseconds.
const RINGS: i64 = 350_000_000;
/// How long it then takes until the microphone is as loud as before, in nanoseconds.
const RISES: i64 = 200_000_000;
/// What is left of the microphone meanwhile: 30 dB less.
const DOWN: f64 = 0.03;

/// Says how loud the microphone is to be.
#[derive(Debug, Default)]
pub struct Ducking {
    /// When something was played last.
    last: Option<MediaTime>,
}

impl Ducking {
    /// Sound of this level is played now; `None` for none.
    pub fn played(&mut self, level: Option<u8>, now: MediaTime) {
        if level.is_some_and(|level| level < PLAYED) {
            self.last = Some(now);
        }
    }

    /// By how much the microphone is to be multiplied now.
    pub fn gain(&self, now: MediaTime) -> f64 {
        let Some(last) = self.last else { return 1.0 };
        let since = now.since(last) - RINGS;
        DOWN + (1.0 - DOWN) * (since as f64 / RISES as f64).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_microphone_is_down_while_somebody_is_heard_and_comes_back_without_a_jump() {
        let at = MediaTime::from_millis;
        let mut ducking = Ducking::default();
        assert_eq!(ducking.gain(at(0)), 1.0);
        ducking.played(Some(70), at(0));
        ducking.played(None, at(0));
        assert_eq!(ducking.gain(at(1)), 1.0, "silence is nobody");
        ducking.played(Some(20), at(10));
        assert!(ducking.gain(at(10)) < 0.04 && ducking.gain(at(360)) < 0.04, "as long as the room sounds");
        let rising: Vec<f64> = (360..=560).step_by(20).map(|millis| ducking.gain(at(millis))).collect();
        assert!(rising.is_sorted() && rising.windows(2).all(|pair| pair[1] - pair[0] < 0.11), "{rising:?}");
        assert_eq!(ducking.gain(at(560)), 1.0);
    }
}

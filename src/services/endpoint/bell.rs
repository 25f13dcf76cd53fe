//! The sound of ringing, and of counting down: pure, and the task that plays it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::sound::Sound;
use crate::model::raw::{self, CHANNELS, RATE};
use crate::model::time::Timeline;
use crate::services::announce::Announced;
use crate::services::telephone::Telephone;

/// Length of what is played at once.
const CHUNK: Duration = Duration::from_millis(20);
const FRAMES: u64 = 960;
/// The two notes of a ring, in Hz: e and c.
const NOTES: [f64; 2] = [659.3, 523.3];
/// Where each begins, and how long until it has faded to a third, in seconds.
const BEGINS: [f64; 2] = [0.0, 0.35];
const FADES: f64 = 0.25;
/// A ring begins this often.
const EVERY: f64 = 3.0;
/// A short high one that counts down, once a second.
const TICK: (f64, f64) = (1318.5, 0.08);
/// From quiet to loud within so many seconds, as parts of full scale (-30 and -14 dBFS).
const QUIET: f64 = 0.03;
const LOUD: f64 = 0.2;
const GROWS: f64 = 9.0;

/// What is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rings {
    /// Somebody rings.
    bell: bool,
    /// Something is going to happen by itself, and is counted down.
    counting: bool,
}

/// A sample of the sound this many seconds after it began, -1 to 1.
fn sample(at: f64, rings: Rings) -> f64 {
    let loud = QUIET + (LOUD - QUIET) * (at / GROWS).clamp(0.0, 1.0);
    let tone = |hz: f64, since: f64, fades: f64| match since {
        // It begins within five milliseconds, so that it does not click.
        since if since >= 0.0 => {
            (since / 0.005).min(1.0) * (-since / fades).exp() * (std::f64::consts::TAU * hz * since).sin()
        }
        _ => 0.0,
    };
    let inside = at % EVERY;
    let notes = || NOTES.iter().zip(BEGINS).map(|(hz, begins)| tone(*hz, inside - begins, FADES)).sum();
    let bell: f64 = if rings.bell { notes() } else { 0.0 };
    let tick = if rings.counting { tone(TICK.0, at % 1.0, TICK.1) } else { 0.0 };
    // Five seconds are too short for growing.
    let loud = if rings.bell { loud } else { LOUD };
    loud * 0.5 * (bell + tick)
}

/// The samples of the chunk with this number.
fn chunk(number: u64, rings: Rings) -> Arc<[i16]> {
    let first = number * FRAMES;
    let mono = (first..first + FRAMES).map(|frame| (sample(frame as f64 / f64::from(RATE), rings) * 32_767.0) as i16);
    mono.flat_map(|value| [value; CHANNELS]).collect()
}

/// Rings on the speaker as long as somebody does, and counts down what is announced.
pub(super) async fn run(
    sound: Sound,
    mut telephone: watch::Receiver<Arc<Telephone>>,
    mut announced: watch::Receiver<Announced>,
    timeline: Timeline,
) {
    let now = |telephone: &watch::Receiver<Arc<Telephone>>, announced: &watch::Receiver<Announced>| {
        let (ringing, opens) = (telephone.borrow().ringing.clone(), announced.borrow().opening.is_some());
        let counting = opens || ringing.as_ref().is_some_and(|ringing| ringing.answers.is_some());
        (ringing.is_some() || opens).then_some(Rings { bell: ringing.is_some(), counting })
    };
    loop {
        if now(&telephone, &announced).is_none() {
            tokio::select! {
                changed = telephone.changed() => if changed.is_err() {
                    return;
                },
                changed = announced.changed() => if changed.is_err() {
                    return;
                },
            }
            continue;
        }
        let speaker = sound.speaker().await;
        let begun = Instant::now();
        let mut tick = tokio::time::interval(CHUNK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for number in 0.. {
            tick.tick().await;
            let Some(rings) = now(&telephone, &announced) else { break };
            let time = timeline.media((begun + CHUNK * u32::try_from(number).unwrap_or(u32::MAX)).into_std());
            speaker.play(&raw::Sound { time, samples: chunk(number, rings) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loudest(seconds: std::ops::Range<u64>, counting: bool) -> i16 {
        let chunks = seconds.start * 50..seconds.end * 50;
        let rings = Rings { bell: true, counting };
        chunks.flat_map(|number| chunk(number, rings).to_vec()).map(i16::saturating_abs).max().unwrap_or(0)
    }

    #[test]
    fn it_begins_quietly_and_never_gets_louder_than_it_should() {
        let (first, last) = (loudest(0..1, false), loudest(12..45, true));
        assert!(first > 200 && first < 2500, "{first}");
        assert!(last > 3000 && last < 9000, "{last}");
        assert!(last > 2 * first);
    }

    #[test]
    fn there_is_a_pause_between_two_rings_and_a_tick_in_it_when_it_counts_down() {
        let pause = |counting| loudest(2..3, counting);
        assert!(pause(false) < 30, "{}", pause(false));
        assert!(pause(true) > 200, "{}", pause(true));
    }

    #[test]
    fn what_is_announced_is_counted_down_from_the_first_second_on() {
        let loudest = |second: u64| {
            let rings = Rings { bell: false, counting: true };
            (second * 50..second * 50 + 50).flat_map(|number| chunk(number, rings).to_vec()).max().unwrap_or(0)
        };
        assert!((0..5).all(|second| loudest(second) > 1500), "{:?}", (0..5).map(loudest).collect::<Vec<_>>());
    }

    #[test]
    fn no_two_samples_are_far_apart() {
        let rings = Rings { bell: true, counting: true };
        let all: Vec<i16> = (0..200).flat_map(|number| chunk(number, rings).to_vec()).step_by(CHANNELS).collect();
        let jump = all.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap_or(0);
        assert!(jump < 1500, "{jump}");
    }
}

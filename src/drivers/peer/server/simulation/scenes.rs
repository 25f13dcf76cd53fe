//! What has to hold on every link.

use super::*;

const LOW: Layer = Layer::ALL[0];
const MIDDLE: Layer = Layer::ALL[1];
const HIGH: Layer = Layer::ALL[2];

/// Two who are heard, one in front and four tiles.
fn everybody() -> Vec<(Rank, Layer)> {
    let tiles = [(Rank::Tile, MIDDLE), (Rank::Tile, MIDDLE), (Rank::Tile, LOW), (Rank::Tile, LOW)];
    [(Rank::Sound, LOW), (Rank::Sound, LOW), (Rank::Speaker, HIGH)].into_iter().chain(tiles).collect()
}

/// Bits a second that arrived, on average.
fn arrived(looks: &[Look]) -> u64 {
    looks.iter().map(|look| look.arrived).sum::<u64>() * 10 / looks.len().max(1) as u64
}

/// Which part of the sound that was made arrived.
fn heard(looks: &[Look]) -> f64 {
    let (arrived, made) = looks.iter().fold((0, 0), |(a, b), look| (a + look.sound.0, b + look.sound.1));
    arrived as f64 / made.max(1) as f64
}

/// A minute of a link that holds 1.5 Mbit/s, after what it takes to find that out.
fn steady(seed: u64) -> Call {
    let mut call = Call::new(Way::of(1500), seed, &everybody());
    call.run(90);
    call
}

#[test]
fn little_changes_on_a_steady_link_and_its_queue_is_short() {
    for seed in [1, 2] {
        let call = steady(seed);
        let looks = call.seen(30.0, 90.0);
        let changes = looks.windows(2).filter(|pair| pair[0].shown != pair[1].shown).count();
        assert!(changes <= 20, "{changes} in a minute\n{}", call.told());
        assert!(looks.iter().all(|look| look.queue < 800), "no queue\n{}", call.told());
        assert!(heard(looks) > 0.95, "the sound arrives\n{}", call.told());
        assert!(arrived(looks) >= 750_000, "half is used: {}\n{}", arrived(looks), call.told());
    }
}

#[test]
#[ignore = "the aim, which does not hold: 65 % are used, since the engine's estimate stays at 1.2 Mbit/s; up to two changes"]
fn four_fifths_of_a_steady_link_are_used_and_nothing_changes() {
    for seed in [1, 2] {
        let call = steady(seed);
        let looks = call.seen(30.0, 90.0);
        assert!(looks.windows(2).all(|pair| pair[0].shown == pair[1].shown), "\n{}", call.told());
        let arrived = arrived(looks);
        assert!(arrived >= 1_200_000, "{arrived}\n{}", call.told());
    }
}

/// Half a minute at 3 Mbit/s, half a minute at 500 kbit/s, half a minute at 3 Mbit/s.
fn fall_and_rise() -> Call {
    let mut call = Call::new(Way::of(3000), 1, &everybody());
    call.run(30).way(Way::of(500));
    call.run(30).way(Way::of(3000));
    call.run(30);
    call
}

fn longest_queue(looks: &[Look]) -> u64 {
    looks.iter().map(|look| look.queue).max().unwrap_or(0)
}

#[test]
fn a_fall_leaves_no_queue_for_long_and_no_sound_is_lost_after_it() {
    let call = fall_and_rise();
    assert!(longest_queue(call.seen(50.0, 60.0)) < 800, "\n{}", call.told());
    assert!(heard(call.seen(45.0, 60.0)) > 0.8, "the sound arrives\n{}", call.told());
}

#[test]
#[ignore = "the aim, which does not hold: the engine's estimate shows a fall after a second and more, the queue is gone after five"]
fn a_fall_leaves_no_queue_after_two_seconds_and_a_rise_is_used_after_ten() {
    let call = fall_and_rise();
    assert!(longest_queue(call.seen(32.0, 60.0)) < 400, "\n{}", call.told());
    let (before, after) = (arrived(call.seen(20.0, 30.0)), arrived(call.seen(70.0, 80.0)));
    assert!(after * 10 >= before * 8, "{after} ten seconds after the rise, {before} before\n{}", call.told());
}

#[test]
fn sound_goes_on_whatever_is_lost() {
    for loss in [50, 300] {
        let mut call = Call::new(Way { loss, burst: 2, ..Way::of(3000) }, 1, &everybody());
        call.run(40);
        let looks = call.seen(5.0, 40.0);
        let expected = 1.0 - loss as f64 / 1000.0 - 0.1;
        assert!(heard(looks) > expected, "{} of {loss} lost\n{}", heard(looks), call.told());
    }
}

#[test]
fn hardly_any_link_at_all_is_for_the_sound() {
    let mut call = Call::new(Way::of(180), 1, &everybody());
    call.run(40);
    assert!(heard(call.seen(10.0, 40.0)) > 0.9, "\n{}", call.told());
}

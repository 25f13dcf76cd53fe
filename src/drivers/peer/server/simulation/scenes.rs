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

#[test]
fn a_steady_link_is_used_and_nothing_changes_on_it() {
    for seed in [1, 2] {
        let mut call = Call::new(Way::of(1500), seed, &everybody());
        call.run(100);
        let looks = call.seen(40.0, 100.0);
        let changes = looks.windows(2).filter(|pair| pair[0].shown != pair[1].shown).count();
        assert_eq!(changes, 0, "in a minute\n{}", call.told());
        assert!(arrived(looks) >= 1_200_000, "80 % are used: {}\n{}", arrived(looks), call.told());
        assert!(looks.iter().all(|look| look.queue < 400), "no queue\n{}", call.told());
        assert!(heard(looks) > 0.99, "the sound arrives\n{}", call.told());
    }
}

#[test]
fn a_fall_leaves_no_queue_and_a_rise_is_used() {
    let mut call = Call::new(Way::of(3000), 1, &everybody());
    call.run(30).way(Way::of(500));
    call.run(30).way(Way::of(3000));
    call.run(30);
    let told = call.told();
    let queue = |from, to| call.seen(from, to).iter().map(|look| look.queue).max().unwrap_or(0);
    assert!(queue(35.0, 60.0) < 400, "no queue of 400 ms, after what a second of it takes to go\n{told}");
    assert!(heard(call.seen(36.0, 60.0)) > 0.98, "the sound arrives\n{told}");
    let before = arrived(call.seen(20.0, 30.0));
    let after = arrived(call.seen(70.0, 80.0));
    assert!(after * 10 >= before * 8, "{after} ten seconds after the rise, {before} before the fall\n{told}");
}

#[test]
fn sound_goes_on_whatever_is_lost() {
    for loss in [50, 300] {
        let mut call = Call::new(Way { loss, burst: 2, ..Way::of(3000) }, 1, &everybody());
        call.run(40);
        let looks = call.seen(5.0, 40.0);
        let expected = 1.0 - loss as f64 / 1000.0 - 0.05;
        assert!(heard(looks) > expected, "{} of {loss} lost\n{}", heard(looks), call.told());
        assert!(looks.iter().all(|look| look.sound.0 > 0), "no tenth of a second without\n{}", call.told());
    }
}

#[test]
fn hardly_any_link_at_all_is_for_the_sound() {
    let mut call = Call::new(Way::of(180), 1, &everybody());
    call.run(40);
    assert!(heard(call.seen(10.0, 40.0)) > 0.98, "\n{}", call.told());
}

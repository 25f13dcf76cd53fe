use super::*;
use crate::model::track::Codec;

const LOW: Layer = Layer::ALL[0];
const MIDDLE: Layer = Layer::ALL[1];
const HIGH: Layer = Layer::ALL[2];

/// So many bits a second of a layer in packets 20 ms apart, from here to there in milliseconds.
fn flow(rates: &mut Rates, layer: Layer, bits: u64, millis: std::ops::Range<i64>) {
    let bytes = bits / 8 / 50;
    for at in millis.step_by(20) {
        rates.count(&packet(layer, bytes - BESIDE, at), MediaTime::from_millis(at));
    }
}

fn packet(layer: Layer, bytes: u64, millis: i64) -> Packet {
    Packet {
        codec: Codec::H264,
        layer,
        seq: 0,
        rtp_time: (millis as u64).wrapping_mul(90),
        time: MediaTime::from_millis(millis),
        marker: false,
        keyframe: false,
        level: None,
        payload: vec![0; bytes as usize].into(),
    }
}

fn costs(rates: &mut Rates, millis: i64) -> [Option<u64>; LAYERS] {
    rates.costs(MediaTime::from_millis(millis)).map(|cost| cost.map(Bitrate::bps))
}

fn near(is: Option<u64>, should: u64) -> bool {
    is.is_some_and(|is| is.abs_diff(should) <= should / 20)
}

#[test]
fn a_steady_layer_costs_what_it_sends() {
    let mut rates = Rates::new(Kind::Video);
    for second in 0..20 {
        flow(&mut rates, LOW, 200_000, second * 1000..second * 1000 + 1000);
        let [low, ..] = costs(&mut rates, second * 1000 + 990);
        match second {
            0 => assert_eq!(low, Some(USUAL[0]), "too young to be believed"),
            _ => assert!(near(low, 200_000), "{low:?} after {second} s"),
        }
    }
}

#[test]
fn keyframes_that_were_asked_for_are_not_what_a_layer_costs_and_regular_ones_are() {
    // Pictures every 20 ms of which some are ten times as large, in milliseconds.
    let cost = |keyframes: &dyn Fn(i64) -> bool| {
        let mut rates = Rates::new(Kind::Video);
        for at in (0..20_000).step_by(20) {
            let keyframe = keyframes(at);
            for part in 0..if keyframe { 10 } else { 1 } {
                let packet = Packet { keyframe: keyframe && part == 0, ..packet(LOW, 500 - BESIDE, at) };
                rates.count(&packet, MediaTime::from_millis(at));
            }
        }
        costs(&mut rates, 20_000)[0]
    };
    let asked = cost(&|at| [0, 300, 18_000, 18_200, 18_600, 19_500].contains(&at));
    assert!(near(asked, 200_000), "{asked:?}");
    let regular = cost(&|at| at % 2000 == 0);
    assert!(near(regular, 218_000), "{regular:?}");
}

#[test]
fn what_was_not_seen_is_assumed_and_known_once_it_was() {
    let mut rates = Rates::new(Kind::Video);
    assert_eq!(costs(&mut rates, 0), USUAL.map(Some));
    flow(&mut rates, LOW, 400_000, 0..4000);
    let [_, middle, high] = costs(&mut rates, 4000);
    assert!(near(middle, 1_200_000) && near(high, 3_600_000), "{middle:?} {high:?}");
    flow(&mut rates, MIDDLE, 700_000, 4000..8000);
    costs(&mut rates, 8000);
    flow(&mut rates, LOW, 400_000, 8000..12_000);
    let [_, middle, _] = costs(&mut rates, 12_000);
    assert!(near(middle, 700_000), "it was measured once: {middle:?}");
    assert_eq!(Rates::new(Kind::Audio).costs(MediaTime::ZERO)[0], Some(Bitrate(SOUND)));
}

#[test]
fn a_layer_that_does_not_come_although_it_is_wanted_costs_nothing() {
    let mut rates = Rates::new(Kind::Video);
    rates.want(Layers::ALL, MediaTime::ZERO);
    flow(&mut rates, LOW, 200_000, 0..2500);
    assert!(costs(&mut rates, 2500).iter().all(Option::is_some), "it may still come");
    flow(&mut rates, LOW, 200_000, 2500..4000);
    assert_eq!(costs(&mut rates, 4000)[1..], [None, None]);
    rates.want(Layers::only(LOW), MediaTime::from_millis(4000));
    assert!(costs(&mut rates, 4000)[2].is_some(), "nobody asks for it: it could come again");
}

#[test]
fn a_layer_is_silent_after_a_second_and_a_source_after_five() {
    let mut rates = Rates::new(Kind::Video);
    let flowing = |rates: &Rates, millis| rates.flowing(MediaTime::from_millis(millis));
    assert_eq!(flowing(&rates, 0), Layers::NONE);
    flow(&mut rates, LOW, 200_000, 0..2000);
    flow(&mut rates, HIGH, 900_000, 0..500);
    assert_eq!(flowing(&rates, 2000), Layers::only(LOW));
    flow(&mut rates, HIGH, 900_000, 2000..2100);
    assert_eq!(flowing(&rates, 2100).bits(), 0b101);
    assert_eq!(flowing(&rates, 6900).bits(), 0b101, "a screen that stands still");
    assert_eq!(flowing(&rates, 8000), Layers::NONE);
}

#[test]
fn a_picture_that_stands_still_becomes_cheap_slowly_and_dear_fast() {
    let mut rates = Rates::new(Kind::Video);
    let mut told = Vec::new();
    for (from, bits) in [(0, 1_000_000), (5, 50_000), (10, 1_000_000)] {
        for second in from..from + 5 {
            flow(&mut rates, LOW, bits, second * 1000..second * 1000 + 1000);
            told.push(costs(&mut rates, second * 1000 + 990)[0].unwrap_or(0));
        }
    }
    assert!(told[9] > 550_000, "after five seconds of rest: {told:?}");
    assert!(told[14] > 900_000, "{told:?}");
}

#[test]
fn moments_that_go_back_or_far_ahead_harm_nothing() {
    let mut rates = Rates::new(Kind::Video);
    for millis in [0, 50_000, 20, i64::MAX / 4_000_000, -5000, 9] {
        rates.count(&packet(LOW, 1000, millis), MediaTime::from_millis(millis));
        costs(&mut rates, millis);
    }
}

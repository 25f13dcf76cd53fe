use super::super::dice::Dice;
use super::*;

const LOW: Layer = Layer::ALL[0];
const MIDDLE: Layer = Layer::ALL[1];
const HIGH: Layer = Layer::ALL[2];
/// A camera's layers, in kbit/s.
const CAMERA: [u64; LAYERS] = [150, 500, 1700];

fn wish(rank: Rank, most: Layer) -> Wish {
    let costs = match rank {
        Rank::Sound => [Some(Bitrate::kbps(50)), None, None],
        _ => CAMERA.map(|rate| Some(Bitrate::kbps(rate))),
    };
    Wish { rank, most, costs, has: Has::New }
}

/// An allocator whose wishes remember what they got.
struct Slots {
    allocator: Allocator,
    wishes: Vec<Wish>,
    aims: Vec<Option<Layer>>,
    at: i64,
    /// Whether the way has shown that it holds no more.
    limited: bool,
    everything: Bitrate,
}

impl Slots {
    fn new(wishes: impl IntoIterator<Item = Wish>) -> Self {
        let wishes = wishes.into_iter().collect();
        let (allocator, everything) = (Allocator::default(), Bitrate(0));
        Self { allocator, wishes, aims: Vec::new(), at: 0, limited: true, everything }
    }

    /// Asks every tenth of a second for as many tenths. Answers the layers as numbers, - for none.
    fn run(&mut self, tenths: i64, kbps: impl Into<Option<u64>>) -> String {
        let limited = self.limited;
        self.holding(tenths, kbps.into().map(|kbps| Holds { limited, ..Holds::from(Bitrate::kbps(kbps)) }))
    }

    fn holding(&mut self, tenths: i64, holds: Option<Holds>) -> String {
        for _ in 0..tenths {
            self.at += 1;
            let now = MediaTime::from_millis(self.at * 100);
            self.everything = self.allocator.allocate(now, holds, &self.wishes, &mut self.aims);
            for (wish, aim) in self.wishes.iter_mut().zip(&self.aims) {
                wish.has = Has::from(*aim);
            }
        }
        self.shown()
    }

    fn shown(&self) -> String {
        self.aims.iter().map(|aim| aim.map_or("-".into(), |aim| aim.number().to_string())).collect()
    }
}

#[test]
fn what_fits_is_shared_out_by_rank_and_layer_by_layer() {
    use Rank::{Rest, Screen, Sound, Speaker, Tile};
    let all = [(Sound, LOW), (Tile, MIDDLE), (Rest, LOW), (Speaker, HIGH), (Tile, MIDDLE), (Screen, HIGH)];
    for (kbps, expected) in [
        (0, "0-----"),
        (214, "0-----"),
        (215, "0----0"),
        (380, "0--0-0"),
        (545, "00-0-0"),
        (710, "00-000"),
        (1095, "00-001"),
        (2415, "00-002"),
        (2800, "00-102"),
        (3185, "01-102"),
        (3570, "01-112"),
        (3735, "010112"),
        (4119, "010112"),
        (4120, "00-202"),
        (4285, "000202"),
        (4505, "01-202"),
        (4890, "01-212"),
        (5055, "010212"),
        (100_000, "010212"),
    ] {
        let mut slots = Slots::new(all.map(|(rank, most)| wish(rank, most)));
        assert_eq!(slots.run(1, kbps), expected, "at {kbps} kbit/s");
    }
    let mut slots = Slots::new(all.map(|(rank, most)| wish(rank, most)));
    assert_eq!(slots.run(1, None), "010212", "without an estimate everything fits");
}

#[test]
fn sound_is_never_paused() {
    let mut slots = Slots::new([wish(Rank::Sound, LOW), wish(Rank::Sound, LOW), wish(Rank::Tile, HIGH)]);
    for kbps in [5000, 0, 1, 300, 0] {
        assert_eq!(&slots.run(20, kbps)[..2], "00", "at {kbps} kbit/s");
    }
}

#[test]
fn too_much_is_taken_away_at_once_and_a_little_too_much_after_a_while() {
    let mut slots = Slots::new([wish(Rank::Speaker, HIGH), wish(Rank::Tile, MIDDLE)]);
    assert_eq!(slots.run(50, 3000), "21");
    assert_eq!(slots.run(9, 2000), "21", "2200 over 2000 is endured");
    assert_eq!(slots.run(3, 2000), "20");
    assert_eq!(slots.run(1, 900), "10", "so much is taken away at once");
    assert_eq!(slots.run(1, 100), "--");
}

#[test]
fn it_goes_up_only_when_there_was_room_for_a_while() {
    let mut slots = Slots::new([wish(Rank::Tile, MIDDLE)]);
    assert_eq!(slots.run(10, 300), "0");
    assert_eq!(slots.run(9, 700), "0");
    assert_eq!(slots.run(12, 400), "0", "there was not");
    assert_eq!(slots.run(20, 700), "0");
    assert_eq!(slots.run(1, 700), "1");
}

#[test]
fn a_step_that_fails_is_tried_again_later_and_later_until_the_link_is_another() {
    let mut slots = Slots::new([wish(Rank::Tile, MIDDLE)]);
    let mut waits = Vec::new();
    slots.run(10, 300);
    for _ in 0..8 {
        let from = slots.at;
        while slots.run(1, 650) == "0" {
            assert!(slots.at < from + 2000, "it never goes up");
        }
        waits.push((slots.at - from) / 10);
        // It did not hold.
        assert_eq!(slots.run(1, 340), "0");
    }
    assert_eq!(waits, [2, 4, 8, 16, 32, 64, 64, 64], "seconds");
    assert_eq!(slots.run(40, 2000), "1", "so much more is another link");
}

#[test]
fn a_step_that_holds_makes_good_for_those_that_failed() {
    let mut slots = Slots::new([wish(Rank::Tile, HIGH)]);
    slots.run(10, 300);
    for _ in 0..4 {
        while slots.run(1, 650) == "0" {}
        slots.run(1, 340);
    }
    while slots.run(1, 650) == "0" {}
    slots.run(610, 650);
    assert_eq!(slots.run(1, 340), "0");
    let from = slots.at;
    while slots.run(1, 650) == "0" {}
    assert_eq!((slots.at - from) / 10, 2, "seconds");
}

#[test]
fn who_comes_to_matter_more_takes_from_the_others_at_once() {
    let mut slots = Slots::new([wish(Rank::Speaker, HIGH), wish(Rank::Tile, HIGH), wish(Rank::Tile, HIGH)]);
    assert_eq!(slots.run(100, 2700), "210");
    slots.wishes[0].rank = Rank::Tile;
    slots.wishes[1].rank = Rank::Speaker;
    assert_eq!(slots.run(1, 2700), "120", "it costs no more");
    assert_eq!(slots.run(100, 2700), "120");
    slots.wishes[1].rank = Rank::Tile;
    assert_eq!(slots.run(100, 2700), "111", "equals look alike");
}

#[test]
fn whoever_comes_gets_a_picture_at_once() {
    let mut slots = Slots::new([wish(Rank::Tile, MIDDLE)]);
    slots.run(50, 2000);
    slots.wishes.extend([wish(Rank::Tile, MIDDLE), wish(Rank::Tile, MIDDLE)]);
    assert_eq!(slots.run(1, 2000), "111");
    slots.wishes.extend([wish(Rank::Tile, MIDDLE), wish(Rank::Tile, MIDDLE)]);
    assert_eq!(slots.run(1, 2000), "11100", "those who have keep");
}

#[test]
fn nobody_waits_for_a_picture_before_the_way_has_shown_that_it_holds_less() {
    let mut slots = Slots::new([wish(Rank::Speaker, HIGH), wish(Rank::Tile, HIGH)]);
    slots.limited = false;
    slots.wishes[1].costs = [Some(Bitrate::kbps(2500)), None, None];
    assert_eq!(slots.run(100, 1500), "02", "one that has a single size, and more than is known to fit");
    slots.limited = true;
    assert_eq!(slots.run(30, 1200), "1-", "now it is known");
}

#[test]
fn nothing_changes_on_a_link_that_breathes() {
    for seed in 0..20 {
        let mut dice = Dice::new(seed);
        let base = 400 + dice.below(4000);
        let ranks = [Rank::Screen, Rank::Speaker, Rank::Tile, Rank::Tile, Rank::Tile];
        let mut slots = Slots::new(ranks.map(|rank| wish(rank, HIGH)));
        slots.run(100, base);
        let (mut before, mut changes) = (slots.shown(), 0);
        for _ in 0..600 {
            for wish in &mut slots.wishes {
                wish.costs = CAMERA.map(|rate| Some(Bitrate(rate * (970 + dice.below(60)))));
            }
            let now = slots.run(1, base * (960 + dice.below(80)) / 1000);
            changes += u32::from(now != before);
            before = now;
        }
        assert!(changes <= 1, "seed {seed}, {base} kbit/s: {changes} changes in a minute");
    }
}

#[test]
fn a_layer_that_does_not_come_costs_what_comes_instead() {
    let mut slots = Slots::new([wish(Rank::Tile, HIGH), wish(Rank::Tile, HIGH)]);
    slots.wishes[0].costs[2] = None;
    assert_eq!(slots.run(1, 1300), "21");
    slots.wishes[0].costs = [None; LAYERS];
    assert_eq!(slots.run(1, 100), "2-", "what sends nothing is not paused for the connection");
    slots.wishes[1] = wish(Rank::Tile, LOW);
    slots.wishes[1].costs[0] = None;
    assert_eq!(slots.run(1, 1300), "21", "the smallest there is");
}

#[test]
fn a_queue_on_the_way_is_given_time_and_nothing_goes_up_meanwhile() {
    let mut slots = Slots::new([wish(Rank::Speaker, MIDDLE), wish(Rank::Tile, MIDDLE)]);
    assert_eq!(slots.run(50, 1200), "11");
    let queue = |now| Some(Holds { now: Bitrate::kbps(now), ..Holds::from(Bitrate::kbps(600)) });
    assert_eq!(slots.holding(1, queue(200)), "0-", "at once, and less than it holds");
    assert_eq!(slots.holding(50, queue(400)), "0-", "however long that lasts");
    assert_eq!(slots.run(19, 600), "0-");
    assert_eq!(slots.run(5, 600), "00");
    assert_eq!(slots.everything, Bitrate(1_100_000), "what nobody has yet costs a little more");
}

#[test]
fn the_queue_of_a_burst_pauses_nothing_where_what_is_shown_fits() {
    let mut slots = Slots::new([wish(Rank::Sound, LOW), wish(Rank::Speaker, LOW)]);
    assert_eq!(slots.run(50, 300), "00");
    let queue = |now| Some(Holds { now: Bitrate::kbps(now), ..Holds::from(Bitrate::kbps(260)) });
    assert_eq!(slots.holding(50, queue(190)), "00");
    assert_eq!(slots.holding(1, queue(150)), "0-", "one that is long is given time");
}

#[test]
fn as_long_as_a_way_has_shown_no_limit_it_is_used_quickly() {
    let mut slots = Slots::new([wish(Rank::Tile, HIGH)]);
    slots.limited = false;
    assert_eq!(slots.run(1, 300), "0");
    assert_eq!(slots.run(4, 2000), "2");
}

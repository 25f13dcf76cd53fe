use super::super::dice::Dice;
use super::*;

/// A way with a queue of a second on which packets of 500 bytes are sent.
struct Way {
    gauge: Gauge,
    now: i64,
    number: u16,
    bits: u64,
    free: i64,
    loss: u64,
    dice: Dice,
    /// What is under way: number, when it arrives, if it does.
    under_way: VecDeque<(u16, i64, bool)>,
    /// Of a thousand reports so many get lost.
    untold: u64,
}

impl Way {
    fn new(kbps: u64) -> Self {
        let gauge = Gauge::new(Bitrate::kbps(600));
        let (under_way, dice) = (VecDeque::new(), Dice::new(1));
        Self { gauge, now: 0, number: 65_000, bits: kbps * 1000, free: 0, loss: 0, dice, under_way, untold: 0 }
    }

    /// Sends so much for as long, or as much as the gauge says if nothing is said; word comes every 50 ms.
    fn run(&mut self, kbps: impl Into<Option<u64>>, wished: u64, millis: i64) {
        let (said, mut budget) = (kbps.into(), 0u64);
        for _ in 0..millis {
            self.now += super::millis(1);
            let now = MediaTime::from_nanos(self.now);
            let drive = self.gauge.drive(Bitrate::kbps(wished), now);
            // There is as much as is known to fit, and padding for what is tried; a pace above that is for bursts.
            let all = || drive.pace.0.min(self.gauge.rate.max(drive.least.0));
            budget += said.map_or_else(all, |kbps| kbps * 1000) / 1000;
            while budget >= 4000 {
                budget -= 4000;
                self.gauge.sent(Some(self.number), 500, now);
                self.free = self.free.max(self.now) + (4000 * 1_000_000_000 / self.bits) as i64;
                let full = self.free - self.now > super::millis(1000);
                let lost = full || self.dice.of_thousand(self.loss);
                self.free -= if full { (4000 * 1_000_000_000 / self.bits) as i64 } else { 0 };
                self.under_way.push_back((self.number, self.free + super::millis(20), lost));
                self.number = self.number.wrapping_add(1);
            }
            if self.now % super::millis(50) == 0 {
                let untold = self.dice.of_thousand(self.untold);
                while let Some((number, at, lost)) =
                    self.under_way.front().copied().filter(|(_, at, _)| *at <= self.now)
                {
                    self.under_way.pop_front();
                    if !untold {
                        // The clock there is another.
                        self.gauge.word(number, (!lost).then_some(at + 7_000_000_000), now);
                    }
                }
                self.gauge.judge(now);
            }
        }
    }

    fn holds(&self) -> Holds {
        self.gauge.holds().expect("word has come")
    }
}

#[test]
fn nothing_is_said_before_word_of_what_arrived() {
    assert_eq!(Gauge::new(Bitrate::kbps(600)).holds(), None);
}

#[test]
fn a_way_that_falls_is_known_in_half_a_second_and_given_time() {
    let mut way = Way::new(3000);
    way.run(2000, 0, 5000);
    assert!(way.holds().rate.0 >= 1_900_000 && !way.holds().limited, "{:?}", way.holds());
    way.bits = 500_000;
    way.run(2000, 0, 500);
    let holds = way.holds();
    assert!((400_000..=520_000).contains(&holds.rate.0), "{holds:?}");
    assert!(holds.now < holds.rate && holds.limited, "{holds:?}");
    way.run(100, 0, 3000);
    assert_eq!(way.holds().now, way.holds().rate, "the queue has gone");
}

#[test]
fn what_is_under_way_when_a_way_falls_is_part_of_the_queue() {
    let mut way = Way::new(3000);
    way.run(2000, 0, 5000);
    way.bits = 500_000;
    // The first report that shows a queue is of packets that left long before.
    while way.holds().now == way.holds().rate {
        way.run(2000, 0, 50);
    }
    let queue = Duration::from_nanos((way.free - way.now).unsigned_abs());
    assert!(way.gauge.queue() + Duration::from_millis(150) > queue, "{:?} of {queue:?}", way.gauge.queue());
    assert!(way.gauge.queue() < queue + Duration::from_millis(150), "{:?} of {queue:?}", way.gauge.queue());
}

#[test]
fn reports_that_get_lost_do_not_make_a_way_narrow() {
    let mut way = Way::new(2000);
    way.run(1500, 0, 5000);
    way.untold = 200;
    // At times a little more than it holds, so that there is a queue to be measured.
    for _ in 0..40 {
        way.run(2400, 0, 400);
        way.run(1000, 0, 600);
        assert!(way.holds().rate.0 >= 1_500_000, "{:?}", way.holds());
    }
}

#[test]
fn more_is_tried_until_a_queue_says_how_much_there_is() {
    let mut way = Way::new(3000);
    way.run(None, 10_000, 10_000);
    // Before the queue shows, what arrives is all that the way holds, and a packet more or less.
    assert!((2_500_000..=3_090_000).contains(&way.holds().rate.0), "{:?}", way.holds());
    assert!(way.holds().limited);
    let mut way = Way::new(100_000);
    way.run(None, 2_000, 10_000);
    assert!((2_000_000..=2_700_000).contains(&way.holds().rate.0), "no more than is wished for: {:?}", way.holds());
}

#[test]
fn a_try_for_which_there_is_too_little_to_send_is_left_to_the_pictures_while_no_limit_was_seen() {
    // Pictures of a still room, and no way to fill up what they leave.
    let mut way = Way::new(100_000);
    way.run(300, 2_000, 10_000);
    assert!((2_000_000..=2_700_000).contains(&way.holds().rate.0), "{:?}", way.holds());
    let mut way = Way::new(500);
    way.run(800, 0, 2_000);
    way.run(300, 2_000, 10_000);
    assert!(way.holds().limited && way.holds().rate.0 < 600_000, "{:?}", way.holds());
}

#[test]
fn where_sound_alone_is_left_pictures_are_tried_now_and_then_and_more_seldom_each_time() {
    // It was taken for full once, and holds far more; nothing but sound leaves until more is known to fit.
    let sound_or = |way: &Way, picture: u64| if way.holds().rate.0 > 300_000 { picture } else { 120 };
    let mut way = Way::new(140);
    way.run(300, 0, 2_000);
    way.run(100, 0, 4_000);
    way.bits = 10_000_000;
    assert!(way.holds().limited && way.holds().rate.0 < 200_000, "{:?}", way.holds());
    let mut waited = 0;
    while way.holds().rate.0 < 400_000 {
        let sends = sound_or(&way, 400);
        way.run(sends, 2_000, 100);
        waited += 1;
        assert!(waited < 150, "{:?}", way.holds());
    }
    // It holds no more than that: what is tried is taken back, and tried less and less often.
    let mut way = Way::new(140);
    way.run(300, 0, 2_000);
    way.run(120, 2_000, 3_000);
    let mut leaps = Vec::new();
    for tenth in 0..1_800 {
        let before = way.holds().rate.0;
        let sends = sound_or(&way, 300);
        way.run(sends, 2_000, 100);
        if way.holds().rate.0 > 2 * before {
            leaps.push(tenth);
        }
    }
    let apart: Vec<usize> = leaps.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((2..=12).contains(&leaps.len()), "{leaps:?}");
    assert!(apart.last().is_some_and(|last| *last >= 200), "{leaps:?}");
}

#[test]
fn what_gets_lost_without_a_queue_takes_nothing_away_for_long() {
    for loss in [50, 150, 300] {
        let mut way = Way::new(5000);
        way.loss = loss;
        way.run(1000, 0, 10_000);
        assert!(way.holds().rate.0 >= 600_000, "{loss}: {:?}", way.holds());
        assert_eq!(way.gauge.queue(), Duration::ZERO);
        assert!(way.gauge.is_lossy(MediaTime::from_nanos(way.now)), "sound is better sent twice");
    }
}

#[test]
fn what_is_said_of_packets_that_nobody_knows_is_nothing() {
    let mut gauge = Gauge::new(Bitrate::kbps(600));
    gauge.word(5, Some(1), MediaTime::ZERO);
    gauge.sent(Some(5), 500, MediaTime::ZERO);
    gauge.word(6, Some(1), MediaTime::ZERO);
    gauge.word(4, None, MediaTime::ZERO);
    assert!(!gauge.judge(MediaTime::ZERO));
    assert_eq!(gauge.holds(), None);
}

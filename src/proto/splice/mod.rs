//! The splicer: pictures that are encoded here and pictures that somebody sends become one stream, with strictly rising
//! times, that passes from one to the other at a keyframe.
//!
//! What is composed is behind the present, what is forwarded is not. So the way to a forwarded picture leads over a short
//! wait: its units are held, from a keyframe on, until everything composed before that keyframe has come out of the encoder.
//! The way back is at once: the encoder is given the first picture that is newer than the last unit that went out.
//!
//! It knows neither encoders nor publishers, and reads no clock.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::time::MediaTime;
use crate::model::unit::Unit;

/// Whose units go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Encoded here.
    Composed,
    /// As somebody sends them.
    Forwarded,
}

/// An encoder that has not given back in this time what it was fed will not do it any more.
const PATIENCE: Duration = Duration::from_millis(500);
/// Units that are held at most: two seconds at 60 a second. With one more, nothing is waited for any longer.
const HELD: usize = 120;
/// A unit that claims to be captured so long after the present is not used: nothing could follow it.
const AHEAD: Duration = Duration::from_secs(1);
/// A unit that is so far behind the one before is not moved to follow it: the stream goes on with a keyframe that is in time.
const BEHIND: Duration = Duration::from_secs(1);
/// What lies between two units at least, in nanoseconds: a tick of the 90 kHz clock of RTP and of fragments.
const TICK: i64 = 11_112;

/// Joins the units of two sides.
#[derive(Default)]
pub struct Splicer {
    on: Option<Side>,
    /// Media time of the newest unit that went out.
    last: Option<MediaTime>,
    /// The next unit must be a keyframe.
    fresh: bool,
    /// Forwarded units from a keyframe on, while the composed ones before them are waited for.
    held: Option<VecDeque<Unit>>,
    /// Media time of the newest picture that the encoder was told to take.
    fed: Option<MediaTime>,
    /// No more pictures go to the encoder.
    closed: bool,
}

impl Splicer {
    /// Whose units go out now.
    pub fn on(&self) -> Option<Side> {
        self.on
    }

    /// Whether it waits for a moment at which it can pass to the forwarded units.
    pub fn is_waiting(&self) -> bool {
        self.held.is_some()
    }

    /// From which media time on nothing is out yet.
    pub fn next(&self) -> Option<MediaTime> {
        self.last.map(|last| last.plus_nanos(1))
    }

    /// Passes to a side: to the composed pictures at once, to forwarded ones as soon as they can follow without a seam.
    pub fn turn(&mut self, to: Side) {
        match (self.on, to) {
            (Some(on), to) if on == to => self.held = None,
            (Some(Side::Composed), Side::Forwarded) => {
                self.held.get_or_insert_default();
                return;
            }
            _ => {
                (self.on, self.fresh, self.held, self.fed) = (Some(to), true, None, None);
            }
        }
        self.closed = false;
    }

    /// Nothing goes out until the next [`Splicer::turn`].
    pub fn stop(&mut self) {
        *self = Self { last: self.last, ..Self::default() };
    }

    /// Whether a composed picture of this time is to be encoded. May end the wait for what the encoder still holds.
    pub fn picture(&mut self, at: MediaTime, out: &mut Vec<Unit>) -> bool {
        if self.on != Some(Side::Composed) || self.last.is_some_and(|last| at <= last) {
            return false;
        }
        if let Some(first) = self.first_held().filter(|first| at >= *first || self.closed) {
            self.closed = true;
            self.pass(at.since(first) >= PATIENCE.as_nanos() as i64, out);
            return false;
        }
        self.fed = Some(at);
        true
    }

    /// Units were lost on this side: it goes on at its next keyframe.
    pub fn lost(&mut self, side: Side) {
        match (side, &mut self.held) {
            (Side::Forwarded, Some(held)) => held.clear(),
            _ if self.on == Some(side) => self.fresh = true,
            _ => {}
        }
    }

    /// Whether this side can't go on, or be passed to, without a keyframe.
    pub fn needs_keyframe(&self, side: Side) -> bool {
        match (side, &self.held) {
            (Side::Forwarded, Some(held)) => held.is_empty(),
            _ => self.on == Some(side) && self.fresh,
        }
    }

    /// Takes the next unit of a side, and hands over what goes out because of it. `now` is the present, in media time.
    pub fn push(&mut self, side: Side, unit: Unit, now: MediaTime, out: &mut Vec<Unit>) {
        if unit.pts > now + AHEAD {
            return self.lost(side);
        }
        match (side, &mut self.held) {
            (Side::Forwarded, Some(held)) => {
                let late = |before: Option<MediaTime>| before.is_some_and(|before| unit.pts <= before);
                if held.is_empty() && (!unit.keyframe || late(self.last) || late(self.fed)) {
                    return;
                }
                held.push_back(unit);
                let full = held.len() > HELD;
                self.pass(full, out);
            }
            _ if self.on == Some(side) => {
                self.emit(unit, out);
                self.pass(false, out);
            }
            _ => {}
        }
    }

    fn first_held(&self) -> Option<MediaTime> {
        self.held.as_ref().and_then(VecDeque::front).map(|unit| unit.pts)
    }

    /// Passes to the forwarded units if everything composed before them is out, or in any case.
    fn pass(&mut self, anyway: bool, out: &mut Vec<Unit>) {
        let Some(first) = self.first_held() else { return };
        // The encoder was fed nothing that has not come out, and is fed nothing more before the keyframe.
        let drained = self.closed && self.fed.is_none_or(|fed| self.last.is_some_and(|last| fed <= last));
        if drained || anyway || self.last.is_some_and(|last| last >= first) {
            let held = self.held.take().unwrap_or_default();
            (self.on, self.fresh, self.fed, self.closed) = (Some(Side::Forwarded), true, None, false);
            for unit in held {
                self.emit(unit, out);
            }
        }
    }

    fn emit(&mut self, mut unit: Unit, out: &mut Vec<Unit>) {
        if self.fresh && !unit.keyframe {
            return;
        }
        if let Some(last) = self.last {
            if unit.pts.since(last) < -(BEHIND.as_nanos() as i64) {
                self.fresh = true;
                return;
            }
            unit.pts = unit.pts.max(last.plus_nanos(TICK));
        }
        self.fresh = false;
        self.last = Some(unit.pts);
        out.push(unit);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;
    use crate::model::unit::Config;

    fn unit(side: Side, millis: i64, keyframe: bool) -> Unit {
        let config = Config::H264 { sps: Bytes::from_static(b"g"), pps: Bytes::from_static(b"h") };
        Unit {
            pts: MediaTime::from_millis(millis),
            duration: None,
            keyframe,
            gap: false,
            level: None,
            config: Arc::new(config),
            data: Bytes::from_static(if side == Side::Composed { b"c" } else { b"f" }),
        }
    }

    /// A splicer, what came out of it, and an encoder that keeps one picture back.
    #[derive(Default)]
    struct Bench {
        splicer: Splicer,
        out: Vec<Unit>,
        encoder: VecDeque<i64>,
        encoded: usize,
    }

    const LATER: MediaTime = MediaTime::from_millis(1_000_000);

    impl Bench {
        fn forwarded(&mut self, millis: i64, keyframe: bool) {
            self.splicer.push(Side::Forwarded, unit(Side::Forwarded, millis, keyframe), LATER, &mut self.out);
        }

        fn picture(&mut self, millis: i64) {
            if self.splicer.picture(MediaTime::from_millis(millis), &mut self.out) {
                self.encoder.push_back(millis);
            }
            while self.encoder.len() > 1 || (self.splicer.closed && !self.encoder.is_empty()) {
                self.drain();
            }
        }

        fn drain(&mut self) {
            let Some(millis) = self.encoder.pop_front() else { return };
            let unit = unit(Side::Composed, millis, self.encoded == 0);
            self.encoded += 1;
            self.splicer.push(Side::Composed, unit, LATER, &mut self.out);
        }

        /// What came out: whose, and when.
        fn told(&self) -> Vec<(char, i64)> {
            self.out.iter().map(|unit| (char::from(unit.data[0]), unit.pts.nanos() / 1_000_000)).collect()
        }
    }

    #[test]
    fn forwarding_begins_with_a_keyframe() {
        let mut bench = Bench::default();
        bench.splicer.turn(Side::Forwarded);
        assert!(bench.splicer.needs_keyframe(Side::Forwarded));
        bench.forwarded(0, false);
        bench.forwarded(40, true);
        bench.forwarded(80, false);
        assert!(!bench.splicer.needs_keyframe(Side::Forwarded));
        assert_eq!(bench.told(), [('f', 40), ('f', 80)]);
    }

    #[test]
    fn the_composed_picture_goes_on_behind_the_last_forwarded_one_without_a_hole() {
        let mut bench = Bench::default();
        bench.splicer.turn(Side::Forwarded);
        (0..10).for_each(|n| bench.forwarded(400 + n * 40, n == 0));
        bench.picture(400);
        bench.splicer.turn(Side::Composed);
        bench.forwarded(800, false);
        for n in 1..14 {
            bench.picture(400 + n * 40);
        }
        bench.drain();
        let times: Vec<i64> = bench.told().iter().map(|(_, millis)| *millis).collect();
        assert_eq!(times, (0..14).map(|n| 400 + n * 40).collect::<Vec<_>>());
        assert!(bench.out[10].keyframe, "the encoder begins with one");
        assert_eq!(bench.told()[9..11], [('f', 760), ('c', 800)]);
    }

    #[test]
    fn forwarded_units_wait_until_everything_composed_before_them_is_out() {
        let mut bench = Bench::default();
        bench.splicer.turn(Side::Composed);
        (0..5).for_each(|n| bench.picture(n * 40));
        bench.splicer.turn(Side::Forwarded);
        bench.forwarded(480, false);
        assert!(bench.splicer.needs_keyframe(Side::Forwarded));
        bench.forwarded(520, true);
        bench.forwarded(560, false);
        assert!(bench.out.iter().all(|unit| unit.data[0] == b'c'), "nothing is forwarded yet");
        (5..13).for_each(|n| bench.picture(n * 40));
        assert_eq!(bench.splicer.on(), Some(Side::Composed), "the encoder still has one");
        bench.picture(520);
        assert_eq!(bench.splicer.on(), Some(Side::Forwarded));
        bench.forwarded(600, false);
        let times: Vec<i64> = bench.told().iter().map(|(_, millis)| *millis).collect();
        assert_eq!(times, (0..16).map(|n| n * 40).collect::<Vec<_>>());
        assert_eq!(bench.told()[12..14], [('c', 480), ('f', 520)]);
    }

    #[test]
    fn an_encoder_that_gives_nothing_back_is_not_waited_for_long() {
        let mut bench = Bench::default();
        bench.splicer.turn(Side::Composed);
        assert!(bench.splicer.picture(MediaTime::ZERO, &mut bench.out));
        bench.splicer.turn(Side::Forwarded);
        bench.forwarded(40, true);
        assert!(!bench.splicer.picture(MediaTime::from_millis(80), &mut bench.out));
        assert_eq!(bench.told(), []);
        assert!(!bench.splicer.picture(MediaTime::from_millis(600), &mut bench.out));
        assert_eq!(bench.told(), [('f', 40)]);
    }

    #[test]
    fn who_is_not_wanted_any_more_while_waiting_never_goes_out() {
        let mut bench = Bench::default();
        bench.splicer.turn(Side::Composed);
        bench.picture(0);
        bench.splicer.turn(Side::Forwarded);
        bench.forwarded(400, true);
        bench.splicer.turn(Side::Composed);
        (1..20).for_each(|n| bench.picture(n * 40));
        assert!(bench.told().iter().all(|(side, _)| *side == 'c'));
        assert_eq!(bench.encoded, 19, "the encoder went on as if nothing had been");
    }

    #[test]
    fn times_always_rise_and_nobody_s_clock_drags_the_stream_away() {
        let mut bench = Bench::default();
        bench.splicer.turn(Side::Forwarded);
        bench.forwarded(1000, true);
        bench.forwarded(990, false);
        assert!(bench.out[1].pts > bench.out[0].pts && bench.out[1].pts.nanos() < 1_000_020_000);
        let ahead = unit(Side::Forwarded, 1_002_000, true);
        bench.splicer.push(Side::Forwarded, ahead, LATER, &mut bench.out);
        assert_eq!(bench.out.len(), 2, "captured after the present");
        assert!(bench.splicer.needs_keyframe(Side::Forwarded));
        bench.forwarded(1040, false);
        bench.forwarded(1080, true);
        assert_eq!(bench.told().last(), Some(&('f', 1080)));
        bench.forwarded(10, true);
        assert_eq!(bench.out.len(), 3, "far behind");
    }

    #[test]
    fn after_a_rest_it_goes_on_later_than_before() {
        let mut bench = Bench::default();
        bench.splicer.turn(Side::Forwarded);
        bench.forwarded(1000, true);
        bench.splicer.stop();
        bench.forwarded(1040, false);
        assert_eq!((bench.out.len(), bench.splicer.on()), (1, None));
        bench.splicer.turn(Side::Composed);
        assert!(!bench.splicer.picture(MediaTime::from_millis(980), &mut bench.out), "already out");
        assert!(bench.splicer.picture(MediaTime::from_millis(1020), &mut bench.out));
    }
}

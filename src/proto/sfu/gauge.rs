//! What the way to one subscriber holds, found out from what arrives there and when.
//!
//! The delay of a packet above the lowest that was seen lately is the queue before the narrowest place. While there is one, what
//! arrives is exactly what the way holds; while there is none, it holds at least that. Whether it holds more is found out by sending
//! more for a moment. What gets lost while no queue is there says little: wireless networks lose packets, whatever is sent.
//!
//! After draft-ietf-rmcat-gcc (trend of the delay) and draft-cardwell-iccrg-bbr (rate of delivery), with feedback as in
//! draft-holmer-rmcat-transport-wide-cc-extensions.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::bitrate::Bitrate;
use crate::model::time::MediaTime;

/// Packets of which no word has come that are remembered, in number and age: two seconds at 25 Mbit/s.
const SENT: usize = 5000;
const SENT_FOR: i64 = millis(4000);
/// Arrivals that are remembered, in number and age.
const ARRIVED: usize = 4000;
const ARRIVED_FOR: i64 = millis(1000);
/// What the clock there is taken to have jumped by if arrivals are that far apart.
const JUMP: i64 = millis(10_000);
/// The lowest delay of this long or twice as long counts as that of an empty way.
const LOWEST: i64 = millis(10_000);
/// A queue below this is none: frames come in bursts, and networks jitter.
const NONE: i64 = millis(40);
/// A way that held packets up, as a radio does, lets them go at once, and a narrow one does not. A delay that falls by this much
/// within this time is of the first kind if in it more than so much of what is known to fit arrives, in percent. As much of the
/// delay is no queue for this long or twice as long; but never more than the last.
const FALL: i64 = millis(60);
const AT_ONCE: i64 = millis(5);
const BURST: u64 = 200;
const HOLDS_UP_FOR: i64 = millis(10_000);
const HELD_UP: i64 = millis(250);
/// A queue above this has to be given time to go.
const LONG: i64 = millis(180);
/// A queue that lasts this long is one that we make; one that is [`HIGH`] is believed sooner. As much of it is measured at most.
const LASTS: i64 = millis(300);
const HIGH: i64 = millis(120);
const SOON: i64 = millis(100);
const MEASURED: i64 = millis(800);
/// If what arrived of late is less than this part of that, in percent, while the queue is high, the way has got narrow just now.
const LATE: i64 = millis(150);
const FALLS: u64 = 75;
/// Such a part of what the way holds is used, in percent: what is left empties the queue.
const USED: u64 = 95;
/// A measurement that is lower than what is known by less than this part of it, in percent, is noise.
const NOISE: u64 = 4;
/// While a queue is long, this part of what the way holds is used: all less what would be the queue of this long, but some.
const EMPTIES: i64 = millis(1200);
const AT_LEAST: u64 = 25;
/// A queue that has not become shorter for this long although it was given time is none of ours: the way has become longer.
const ANOTHER: i64 = millis(4000);

/// What is sent to find out whether more fits, in percent of what is known to: at first and after a try that was of use, and after
/// one that was not.
const TRIED: u64 = 200;
const TRIED_AGAIN: u64 = 135;
/// How long that goes on without a queue until it is believed; and at most.
const PROVES: i64 = millis(450);
const PROVES_AT_MOST: i64 = millis(1200);
/// As much of it has to arrive, in percent.
const ENOUGH: u64 = 75;
/// The next try comes this long after one that was of use, and after one that was not; it is doubled by each up to so many times.
const NEXT: i64 = millis(150);
const WAIT: i64 = millis(2500);
const DOUBLED: u32 = 1;
/// And after one in which too little left to tell.
const AFTER_LITTLE: i64 = millis(500);
/// Where no more than this is known to fit, all pictures are paused, there is nothing to fill up with, and no try says anything. After so
/// many of those behind each other, doubled by each that was not of use up to so many times, more is taken to fit: the pictures that
/// go out then are the try.
const SOUND_ALONE: u64 = 250_000;
const SOME_PICTURE: u64 = 450_000;
const LITTLE: u32 = 2;
const LITTLE_DOUBLED: u32 = 4;
/// A try during which a queue appears ends.
const APPEARS: i64 = millis(70);
/// Nothing is tried before this long after the first word of what arrived.
const FIRST: i64 = millis(250);
/// What leaves in a burst leaves so fast while the way has shown no limit, in percent of what is known to fit (libwebrtc's
/// pacer takes as much).
const BURSTS: u64 = 250;
/// A way that held everything for this long after its last queue holds everything.
const GOOD: i64 = millis(60_000);

/// Loss above this, in percent, may mean that the way drops what it does not hold instead of queueing it. Then less is sent for a
/// while; if as much gets lost, it is the way.
const LOSSY: u64 = 10;
const LESS_FOR: i64 = millis(2000);
/// How long it is remembered of the way after less than half as much gets lost.
const REMEMBERED: i64 = millis(30_000);
/// Loss is counted over this long or twice as long, and over so many packets.
const COUNTED: i64 = millis(1000);
const COUNTED_AT_LEAST: u64 = 60;

/// Loss from which on sound is better sent twice, in percent, and how long after it.
const TWICE: u64 = 2;
const TWICE_FOR: i64 = millis(20_000);

/// Never less than this is said of a way, in bits a second: enough for two people's sound.
const FLOOR: u64 = 80_000;

const fn millis(millis: i64) -> i64 {
    millis * 1_000_000
}

/// What a way holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holds {
    /// What it holds as far as is known.
    pub rate: Bitrate,
    /// What may be sent now: less, while a queue is given time to go.
    pub now: Bitrate,
    /// Whether it has shown that it holds no more; before, it may.
    pub limited: bool,
}

impl From<Bitrate> for Holds {
    /// A way that is known to hold this and no more.
    fn from(rate: Bitrate) -> Self {
        Self { rate, now: rate, limited: true }
    }
}

/// How packets should leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drive {
    /// At most so fast.
    pub pace: Bitrate,
    /// At least so fast, filled up with padding: more than the pace of late is being tried.
    pub least: Bitrate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    None,
    Lost,
    Arrived,
}

#[derive(Clone, Copy)]
struct Sent {
    at: MediaTime,
    bytes: u32,
    word: Word,
}

/// A time in which there was a queue, on the clock of the other side.
#[derive(Clone, Copy)]
struct Busy {
    since: i64,
}

/// More than is known to fit is sent.
#[derive(Clone, Copy)]
struct Try {
    since: MediaTime,
    /// What was known to fit when it began: meanwhile what arrives raises that already.
    before: u64,
    rate: u64,
    /// What left meanwhile.
    bytes: u64,
}

/// Less is sent because much is lost.
#[derive(Clone, Copy)]
struct Less {
    since: MediaTime,
    before: u64,
    loss: u64,
}

/// Counts of packets that were lost and of all.
#[derive(Clone, Copy, Default)]
struct Lost {
    lost: u64,
    all: u64,
}

/// Finds out what the way to one subscriber holds. Tell it of every packet as it leaves, and of every word of what arrived.
pub struct Gauge {
    /// What no word has come of yet and what came after it. The first has this number.
    sent: VecDeque<Sent>,
    first: u16,
    /// When what arrived, on the clock of the other side, how many bytes, and the delay.
    arrived: VecDeque<(i64, u32, i64)>,
    newest: Option<i64>,
    /// The newest packet of which word has come, by when it left.
    newest_left: MediaTime,
    /// The lowest delays: of the time before, and since then.
    lowest: (i64, i64),
    /// And the lowest times from when a packet left to word of it, in the same.
    earliest: (i64, i64),
    lowest_since: MediaTime,
    /// For how long the way held packets up that it then let go at once: of the time before, and since then.
    held_up: (i64, i64, MediaTime),
    /// The shortest queue in the report that is being read; and see [`Gauge::queue`].
    queue_now: Option<i64>,
    queue: i64,
    busy: Option<Busy>,
    /// The queue is long: since when, and the shortest since then.
    long: Option<(MediaTime, i64)>,
    rate: u64,
    /// Bytes that leave without a number, for which no word comes: of the time before, and since then.
    beside: (u64, u64, MediaTime),
    heard: Option<MediaTime>,
    limited: Option<MediaTime>,
    tried: Option<Try>,
    next_try: MediaTime,
    in_vain: u32,
    /// Tries behind each other in which too little left to tell.
    little: u32,
    /// Everything that is wished for, in bits a second.
    wished: u64,
    lost: (Lost, Lost, MediaTime),
    less: Option<Less>,
    /// When something was last lost without a queue.
    lossy: Option<MediaTime>,
    /// What the way loses whatever is sent, in percent, and when that was found out.
    loses: Option<(u64, MediaTime)>,
}

impl Gauge {
    /// Of a way of which nothing is known, and which is taken to hold this.
    pub fn new(begin: Bitrate) -> Self {
        Self {
            sent: VecDeque::new(),
            first: 0,
            arrived: VecDeque::new(),
            newest: None,
            newest_left: MediaTime::ZERO,
            lowest: (i64::MAX, i64::MAX),
            earliest: (i64::MAX, i64::MAX),
            lowest_since: MediaTime::ZERO,
            held_up: (0, 0, MediaTime::ZERO),
            queue_now: None,
            queue: 0,
            busy: None,
            long: None,
            rate: begin.0,
            beside: (0, 0, MediaTime::ZERO),
            heard: None,
            limited: None,
            tried: None,
            next_try: MediaTime::ZERO,
            in_vain: 0,
            little: 0,
            wished: 0,
            lost: (Lost::default(), Lost::default(), MediaTime::ZERO),
            less: None,
            lossy: None,
            loses: None,
        }
    }

    /// A packet of so many bytes leaves, with this number if there will be word of it; numbers are consecutive.
    pub fn sent(&mut self, number: Option<u16>, bytes: usize, now: MediaTime) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        if let Some(tried) = &mut self.tried {
            tried.bytes += u64::from(bytes);
        }
        let Some(number) = number else {
            let (before, since, began) = self.beside;
            self.beside = match now.since(began) > millis(1000) {
                true => (since, u64::from(bytes), now),
                false => (before, since + u64::from(bytes), began),
            };
            return;
        };
        if self.sent.is_empty() || number != self.first.wrapping_add(self.sent.len() as u16) {
            self.sent.clear();
            self.first = number;
        }
        self.sent.push_back(Sent { at: now, bytes, word: Word::None });
        while self.sent.len() > SENT || self.sent.front().is_some_and(|sent| now.since(sent.at) > SENT_FOR) {
            self.sent.pop_front();
            self.first = self.first.wrapping_add(1);
        }
    }

    /// A packet with this number was thrown away instead of sent: nobody will say that it came, and that says nothing of the way.
    pub fn thrown_away(&mut self, number: Option<u16>, now: MediaTime) {
        self.sent(number, 0, now);
        if let (Some(_), Some(sent)) = (number, self.sent.back_mut()) {
            sent.word = Word::Lost;
        }
    }

    /// Word of a packet: when it arrived, in nanoseconds on the clock there, or that it has not. Call [`Gauge::judge`] after all of a
    /// report.
    pub fn word(&mut self, number: u16, arrived: Option<i64>, now: MediaTime) {
        let Some(sent) = self.sent.get_mut(usize::from(number.wrapping_sub(self.first))) else {
            return;
        };
        let (before, Sent { at: left, bytes, .. }) = (sent.word, *sent);
        if before == Word::Arrived {
            return;
        }
        sent.word = if arrived.is_some() { Word::Arrived } else { Word::Lost };
        if now.since(self.lost.2) > COUNTED {
            self.lost = (self.lost.1, Lost::default(), now);
        }
        let lost = &mut self.lost.1;
        match (before, arrived) {
            (Word::None, None) => (lost.all, lost.lost) = (lost.all + 1, lost.lost + 1),
            (Word::None, Some(_)) => lost.all += 1,
            (_, Some(_)) => lost.lost = lost.lost.saturating_sub(1),
            _ => {}
        }
        let Some(at) = arrived else { return };
        self.newest_left = self.newest_left.max(left);
        self.arrives(at, left, bytes, now);
    }

    fn arrives(&mut self, at: i64, left: MediaTime, bytes: u32, now: MediaTime) {
        if self.newest.is_some_and(|newest| (at - newest).abs() > JUMP) {
            self.arrived.clear();
            (self.lowest, self.busy, self.newest) = ((i64::MAX, i64::MAX), None, None);
        }
        let delay = at.saturating_sub(left.nanos());
        if now.since(self.lowest_since) > LOWEST {
            self.lowest = (self.lowest.1, i64::MAX);
            self.earliest = (self.earliest.1, i64::MAX);
            self.lowest_since = now;
        }
        self.lowest.1 = self.lowest.1.min(delay);
        let at = self.newest.map_or(at, |newest| newest.max(at));
        self.arrived.push_back((at, bytes, delay));
        self.looks_for_holds(now);
        let queue = delay - self.lowest.0.min(self.lowest.1) - self.held_up.0.max(self.held_up.1);
        self.queue_now = Some(self.queue_now.map_or(queue, |shortest| shortest.min(queue)));
        self.newest = Some(at);
        if queue < NONE {
            self.busy = None;
        } else if self.busy.is_none() {
            self.busy = Some(Busy { since: at });
        }
        while self.arrived.len() > ARRIVED || self.arrived.front().is_some_and(|(first, ..)| at - first > ARRIVED_FOR) {
            self.arrived.pop_front();
        }
    }

    /// Whether the newest packet ends a time in which the way held packets up.
    fn looks_for_holds(&mut self, now: MediaTime) {
        if now.since(self.held_up.2) > HOLDS_UP_FOR {
            self.held_up = (self.held_up.1, 0, now);
        }
        let Some(&(newest, _, delay)) = self.arrived.back() else { return };
        let together = self.arrived.iter().rev().take_while(|(at, ..)| newest - at <= AT_ONCE);
        let (bytes, highest) = together
            .fold((0, delay), |(bytes, highest), (_, more, delay)| (bytes + u64::from(*more), highest.max(*delay)));
        let fits = percent(self.rate, BURST) * AT_ONCE.unsigned_abs() / 8_000_000_000;
        if highest - delay >= FALL && bytes > fits {
            self.held_up.1 = self.held_up.1.max(highest - delay).min(HELD_UP);
        }
    }

    /// Bits a second that arrived from then on, and what goes beside. What no word has come of is taken to have arrived: reports get
    /// lost too, and that of a packet that was lost says so.
    fn delivered(&self, since: i64) -> u64 {
        let Some(newest) = self.newest.filter(|newest| *newest > since) else {
            return 0;
        };
        let of = self.arrived.iter().rev().take_while(|(at, ..)| *at > since);
        let told: u64 = of.map(|(_, bytes, _)| u64::from(*bytes)).sum();
        let oldest = self.newest_left.plus_nanos(since - newest);
        let of =
            self.sent.iter().rev().skip_while(|sent| sent.at > self.newest_left).take_while(|sent| sent.at > oldest);
        let untold: u64 = of.filter(|sent| sent.word == Word::None).map(|sent| u64::from(sent.bytes)).sum();
        let bytes = told + untold;
        let span = (newest - since).unsigned_abs();
        let rate = u128::from(bytes) * 8 * 1_000_000_000 / u128::from(span.max(1));
        u64::try_from(rate).unwrap_or(u64::MAX).saturating_add(self.beside.0.saturating_mul(8))
    }

    /// Thinks about what was said of the packets since it was asked last. Answers whether less has to be sent at once, or something
    /// that was tried is over: [`Gauge::drive`] and [`Gauge::holds`] say other things than before.
    pub fn judge(&mut self, now: MediaTime) -> bool {
        while self.sent.front().is_some_and(|sent| sent.word == Word::Arrived) {
            self.sent.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        let (Some(queue), Some(newest)) = (self.queue_now.take(), self.newest) else {
            return false;
        };
        self.queue = queue;
        self.earliest.1 = self.earliest.1.min(now.since(self.newest_left));
        if self.heard.is_none() {
            self.next_try = now + Duration::from_nanos(FIRST.unsigned_abs());
        }
        self.heard = Some(now);
        let was_long = self.long.is_some();
        let holds = self.saturated(newest);
        let mut news = self.try_on(holds, newest, now);
        if let Some(holds) = holds {
            self.limited = Some(now);
            self.queue = self.queue.max(self.coming(holds));
            let used = percent(holds, USED).max(FLOOR);
            if used < percent(self.rate, 100 - NOISE) {
                self.rate = used;
                news = true;
            }
        } else if self.busy.is_none() {
            // It holds what arrives.
            let proven = self.delivered(newest - millis(900));
            self.rate = self.rate.max(proven);
        }
        self.lengthens(now);
        if self.queue >= HIGH {
            // What the queue drops says nothing of the way.
            self.lost = (Lost::default(), Lost::default(), now);
        }
        if self.busy.is_none() || self.queue < NONE {
            news |= self.looks_at_loss(newest, now);
        }
        if self.limited.is_some_and(|at| now.since(at) > GOOD) && self.rate >= self.wished {
            self.limited = None;
        }
        news || was_long != self.long.is_some()
    }

    /// What the way holds, if it is full.
    fn saturated(&self, newest: i64) -> Option<u64> {
        let lasted = newest - self.busy?.since;
        // As long as packets may have been held up little came, and much at once after it.
        let uneven = self.held_up.0.max(self.held_up.1);
        let full = lasted >= LASTS + uneven || (lasted >= SOON + uneven && self.queue >= HIGH);
        if !full {
            return None;
        }
        let on_the_whole = self.delivered(newest - lasted.min(MEASURED));
        let of_late = self.delivered(newest - lasted.min(LATE + uneven));
        let falls = self.queue >= HIGH && of_late < percent(on_the_whole, FALLS);
        Some(if falls { of_late } else { on_the_whole })
    }

    /// The queue that there will be, of what has left since the newest packet of which word has come, if the way holds this.
    fn coming(&self, holds: u64) -> i64 {
        let since = |sent: &&Sent| sent.at > self.newest_left;
        let bytes: u64 = self.sent.iter().rev().take_while(since).map(|sent| u64::from(sent.bytes)).sum();
        let takes = u128::from(bytes) * 8 * 1_000_000_000 / u128::from(holds.max(FLOOR));
        let usual = self.earliest.0.min(self.earliest.1);
        i64::try_from(takes).unwrap_or(i64::MAX).saturating_sub(usual)
    }

    /// Goes on with what is tried. Answers whether it is over.
    fn try_on(&mut self, holds: Option<u64>, newest: i64, now: MediaTime) -> bool {
        let Some(Try { since, before, rate, bytes }) = self.tried else {
            return false;
        };
        let over = |it: &mut Self, reached: u64| {
            let gained = reached > percent(before, 108);
            it.rate = it.rate.max(reached);
            (it.tried, it.little) = (None, 0);
            it.in_vain = if gained { 0 } else { it.in_vain.saturating_add(1) };
            let wait = if gained { NEXT } else { WAIT << (it.in_vain - 1).min(DOUBLED) };
            it.next_try = now.plus_nanos(wait);
            true
        };
        if let Some(holds) = holds {
            self.limited = Some(now);
            let done = over(self, percent(holds, USED).min(rate));
            // There it is: the next try has little to find.
            self.in_vain = self.in_vain.max(1);
            self.next_try = self.next_try.max(now.plus_nanos(WAIT));
            return done;
        }
        if self.busy.is_some() && self.queue >= APPEARS {
            // Let it be measured, but not grow.
            return false;
        }
        let heard = self.newest_left.since(since);
        if heard >= PROVES && self.busy.is_none() {
            let arrives = self.delivered(newest - (PROVES - millis(150)));
            if arrives >= percent(rate, ENOUGH) {
                return over(self, arrives.min(rate));
            }
        }
        if heard >= PROVES_AT_MOST {
            // What is filled up with are as small packets as the pictures have, and no more of them than the timers let through: there may
            // be too little of it to try this. On a way that never showed a limit the pictures themselves have to be the try.
            let took = u128::from(now.since(since).max(1).unsigned_abs());
            let left = u128::from(bytes) * 8 * 1_000_000_000 / took;
            let too_little = left < u128::from(percent(rate, ENOUGH)) && self.busy.is_none();
            if too_little && self.limited.is_some() {
                let sound_alone = before <= SOUND_ALONE;
                if sound_alone && self.little >= LITTLE << self.in_vain.min(LITTLE_DOUBLED) {
                    let in_vain = self.in_vain.saturating_add(1);
                    let done = over(self, SOME_PICTURE.min(self.wished));
                    // Whether it was of use is said by the tries that the pictures make possible.
                    self.in_vain = in_vain;
                    return done;
                }
                // Nothing was found out, but that what left is held; the next one follows as if it had not been.
                (self.tried, self.next_try) = (None, now.plus_nanos(AFTER_LITTLE));
                self.little = if sound_alone { self.little + 1 } else { 0 };
                return true;
            }
            return over(self, if too_little { rate } else { 0 });
        }
        false
    }

    /// A queue that is given time and stays is not ours.
    fn lengthens(&mut self, now: MediaTime) {
        if self.queue < LONG {
            self.long = None;
            return;
        }
        let (since, shortest) = *self.long.get_or_insert((now, self.queue));
        if self.queue < shortest - shortest / 8 {
            self.long = Some((now, self.queue));
        } else if now.since(since) > ANOTHER {
            let lowest = self.lowest.0.min(self.lowest.1).saturating_add(self.queue);
            self.lowest = (lowest, lowest);
            (self.long, self.busy) = (None, None);
        }
    }

    fn loss(&self) -> Option<u64> {
        let (before, since, _) = self.lost;
        let all = before.all + since.all;
        (all >= COUNTED_AT_LEAST).then(|| (before.lost + since.lost) * 100 / all)
    }

    /// Loss without a queue: a way that drops what it does not hold, or one that loses anyway. Answers whether something is new.
    fn looks_at_loss(&mut self, newest: i64, now: MediaTime) -> bool {
        self.loses = self.loses.filter(|(_, at)| now.since(*at) < REMEMBERED);
        let Some(loss) = self.loss() else { return false };
        if loss >= TWICE {
            self.lossy = Some(now);
        }
        if let Some(Less { since, before, loss: had }) = self.less {
            if now.since(since) < LESS_FOR {
                return false;
            }
            self.less = None;
            if loss * 10 > had * 6 {
                self.loses = Some((loss.max(had), now));
                self.rate = self.rate.max(before);
            }
            return true;
        }
        if let Some((usual, at)) = &mut self.loses
            && loss * 2 >= *usual
        {
            *at = now;
        }
        let usual = self.loses.map_or(0, |(usual, _)| usual);
        if loss < usual + LOSSY {
            return false;
        }
        let before = self.rate;
        self.less = Some(Less { since: now, before, loss });
        self.rate = self.delivered(newest - ARRIVED_FOR).clamp(FLOOR, before);
        self.tried = None;
        true
    }

    /// What the way holds; nothing before the first word of what arrived.
    pub fn holds(&self) -> Option<Holds> {
        self.heard?;
        let now = match self.long {
            Some(_) => percent(self.rate, self.empties()),
            None => self.rate,
        };
        Some(Holds { rate: Bitrate(self.rate), now: Bitrate(now), limited: self.limited.is_some() })
    }

    /// Which part of what the way holds is used while a queue is given time to go, in percent.
    fn empties(&self) -> u64 {
        let left = (EMPTIES - self.queue).max(0) * 100 / EMPTIES;
        left.unsigned_abs().max(AT_LEAST)
    }

    /// Whether so much gets lost, whatever is sent, that sound is better sent twice. What a queue drops does not count: more would be
    /// dropped.
    pub fn is_lossy(&self, now: MediaTime) -> bool {
        self.long.is_none() && self.lossy.is_some_and(|at| now.since(at) < TWICE_FOR)
    }

    /// The queue on the way as it was when the last word came; while the way is full, as it will be when what is under way is there.
    pub fn queue(&self) -> Duration {
        Duration::from_nanos(self.queue.max(0).unsigned_abs())
    }

    /// How packets should leave now, while so much is wished for. More than is known to fit is tried now and then while more is.
    pub fn drive(&mut self, wished: Bitrate, now: MediaTime) -> Drive {
        // What is wished for comes with keyframes and again what was lost.
        self.wished = percent(wished.0, 115);
        let calm = self.long.is_none() && self.busy.is_none() && self.less.is_none();
        if self.tried.is_none()
            && calm
            && self.heard.is_some_and(|heard| now.since(heard) < millis(500))
            && self.rate < self.wished
            && now >= self.next_try
        {
            let scale = if self.in_vain == 0 { TRIED } else { TRIED_AGAIN };
            let rate = percent(self.rate, scale).min(percent(self.wished, 110)).max(percent(self.rate, 110));
            self.tried = Some(Try { since: now, before: self.rate, rate, bytes: 0 });
        }
        if self.long.is_some() {
            self.tried = None;
            return Drive { pace: Bitrate(percent(self.rate, self.empties() * 3 / 4)), least: Bitrate(0) };
        }
        match self.tried {
            Some(Try { rate, .. }) if self.busy.is_none() => Drive { pace: Bitrate(rate), least: Bitrate(rate) },
            // A keyframe is a burst, which a way that never showed a limit may as well take at once.
            None if calm && self.limited.is_none() => {
                Drive { pace: Bitrate(percent(self.rate, BURSTS)), least: Bitrate(0) }
            }
            _ => Drive { pace: Bitrate(self.rate), least: Bitrate(0) },
        }
    }
}

fn percent(of: u64, percent: u64) -> u64 {
    of.saturating_mul(percent) / 100
}

#[cfg(test)]
mod tests;

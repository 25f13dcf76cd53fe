//! One direction of a way through a network, on virtual time: a rate with a queue before it, delay, jitter, loss in bursts.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::proto::sfu::dice::Dice;

/// Headers of UDP and IPv4, in bytes (RFC 768, RFC 791).
const HEADERS: usize = 28;

/// A delay stays as it is from a tenth of this to nine tenths.
const STEADY: Duration = Duration::from_millis(500);

/// How it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// Bits a second.
    pub(super) rate: u64,
    pub(super) delay: Duration,
    /// Added to the delay of each datagram, evenly spread from nothing to this; it changes no order.
    pub(super) jitter: Duration,
    /// And for some tenths of a second at a time, as a radio holds packets up: drawn from nothing to this, now and then anew.
    pub(super) holds_up: Duration,
    /// Which part of the datagrams is lost, of a thousand.
    pub(super) loss: u64,
    /// Datagrams lost in a row, on average.
    pub(super) burst: u64,
    /// The longest queue; what would wait longer is dropped.
    pub(super) queue: Duration,
}

impl Way {
    /// A way of this rate as a home has it: 20 ms, some jitter, a queue of a second, and nothing lost but what the queue drops.
    pub(super) fn of(kbps: u64) -> Self {
        let millis = Duration::from_millis;
        Self {
            rate: kbps * 1000,
            delay: millis(20),
            jitter: millis(4),
            holds_up: millis(0),
            loss: 0,
            burst: 1,
            queue: millis(1000),
        }
    }
}

pub(super) struct Link {
    way: Way,
    dice: Dice,
    /// When the last datagram in the queue is through.
    free: Instant,
    losing: bool,
    /// Added to every delay, until then.
    held_up: (Duration, Instant),
    under_way: VecDeque<(Instant, Vec<u8>)>,
    pub(super) dropped: u64,
}

impl Link {
    pub(super) fn new(way: Way, seed: u64, now: Instant) -> Self {
        Self {
            way,
            dice: Dice::new(seed),
            free: now,
            losing: false,
            held_up: (Duration::ZERO, now),
            under_way: VecDeque::new(),
            dropped: 0,
        }
    }

    /// It is another from now on; what is in the queue keeps its place.
    pub(super) fn turn(&mut self, way: Way) {
        self.way = way;
    }

    /// How long what is sent now would wait.
    pub(super) fn queue(&self, now: Instant) -> Duration {
        self.free.saturating_duration_since(now)
    }

    pub(super) fn send(&mut self, bytes: Vec<u8>, now: Instant) {
        let Way { rate, delay, jitter, holds_up, loss, burst, queue } = self.way;
        self.losing = match self.losing {
            true => !self.dice.of_thousand(1000 / burst.max(1)),
            // So that in the long run `loss` of a thousand are lost.
            false => self.dice.share() < loss as f64 / (1000 - loss.min(999)) as f64 / burst.max(1) as f64,
        };
        if self.losing || self.queue(now) > queue {
            self.dropped += 1;
            return;
        }
        let bits = (bytes.len() + HEADERS) as u64 * 8;
        self.free = self.free.max(now) + Duration::from_nanos(bits * 1_000_000_000 / rate.max(1));
        if !holds_up.is_zero() && now >= self.held_up.1 {
            let until = now + STEADY.mul_f64(0.1 + self.dice.share() * 0.8);
            self.held_up = (holds_up.mul_f64(self.dice.share()), until);
        }
        let varies = jitter.mul_f64(self.dice.share()) + self.held_up.0.min(holds_up);
        let before = self.under_way.back().map_or(now, |(at, _)| *at);
        self.under_way.push_back(((self.free + delay + varies).max(before), bytes));
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.under_way.front().map(|(at, _)| *at)
    }

    pub(super) fn receive(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.next().filter(|at| *at <= now)?;
        self.under_way.pop_front().map(|(_, bytes)| bytes)
    }
}

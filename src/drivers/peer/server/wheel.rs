//! A timer wheel: when each peer wants to be woken. Setting a timer and taking one off cost the same however many there are
//! (G. Varghese and T. Lauck, "Hashed and Hierarchical Timing Wheels", 1987, scheme 4).

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// How finely moments are told apart: what sleeps can't be woken sooner either.
const TICK: Duration = Duration::from_millis(1);
/// Ticks ahead at most, a power of two. Who wants to be woken later is woken then, and says so again.
const TICKS: usize = 1024;
const WORDS: usize = TICKS / 64;

/// The timers of all peers of a worker, at most one for each.
pub(super) struct Wheel<K> {
    begin: Instant,
    /// The tick that is next to be looked at, since the beginning.
    tick: u64,
    slots: Vec<Vec<K>>,
    /// The slots that are not empty, as bits.
    full: [u64; WORDS],
    /// Where each timer is: its slot, and its place there.
    places: HashMap<K, (usize, usize)>,
}

impl<K: Copy + Eq + Hash> Wheel<K> {
    pub(super) fn new(now: Instant) -> Self {
        let slots = (0..TICKS).map(|_| Vec::new()).collect();
        Self { begin: now, tick: 0, slots, full: [0; WORDS], places: HashMap::new() }
    }

    /// Wakes `key` then, and not when it was set to before.
    pub(super) fn set(&mut self, key: K, at: Instant) {
        let nanos = at.saturating_duration_since(self.begin).as_nanos();
        let tick = u64::try_from(nanos.div_ceil(TICK.as_nanos())).unwrap_or(u64::MAX);
        let tick = tick.clamp(self.tick, self.tick + TICKS as u64 - 1);
        let slot = (tick % TICKS as u64) as usize;
        if self.places.get(&key).is_some_and(|(set, _)| *set == slot) {
            return;
        }
        self.remove(key);
        self.places.insert(key, (slot, self.slots[slot].len()));
        self.slots[slot].push(key);
        self.full[slot / 64] |= 1 << (slot % 64);
    }

    /// Does not wake `key` any more.
    pub(super) fn remove(&mut self, key: K) {
        let Some((slot, place)) = self.places.remove(&key) else {
            return;
        };
        self.slots[slot].swap_remove(place);
        if let Some(moved) = self.slots[slot].get(place) {
            self.places.insert(*moved, (slot, place));
        }
        if self.slots[slot].is_empty() {
            self.full[slot / 64] &= !(1 << (slot % 64));
        }
    }

    /// When the next one is to be woken.
    pub(super) fn next(&self) -> Option<Instant> {
        let first = (self.tick % TICKS as u64) as usize;
        let (word, bit) = (first / 64, first % 64);
        // The word of the first slot is looked at twice: from there on, and at the end up to there.
        let ahead = (0..=WORDS).find_map(|step| {
            let at = (word + step) % WORDS;
            let mask = match step {
                0 => !0 << bit,
                WORDS => !(!0 << bit),
                _ => !0,
            };
            let full = self.full[at] & mask;
            (full != 0).then(|| (at * 64 + full.trailing_zeros() as usize + TICKS - first) % TICKS)
        })?;
        Some(self.at(self.tick + ahead as u64))
    }

    /// Takes everybody off who is to be woken by now, each once.
    pub(super) fn due(&mut self, now: Instant, due: &mut Vec<K>) {
        while let Some(next) = self.next().filter(|next| *next <= now) {
            self.tick = self.tick_of(next);
            let slot = (self.tick % TICKS as u64) as usize;
            for key in self.slots[slot].drain(..) {
                self.places.remove(&key);
                due.push(key);
            }
            self.full[slot / 64] &= !(1 << (slot % 64));
        }
        // Whoever is set to a moment that is over is woken at the next look.
        self.tick = self.tick.max(self.tick_of(now));
    }

    fn at(&self, tick: u64) -> Instant {
        self.begin + Duration::from_nanos(tick.saturating_mul(TICK.as_nanos() as u64))
    }

    fn tick_of(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.begin).as_nanos() / TICK.as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::sfu::dice::Dice;

    fn ms(begin: Instant, millis: u64) -> Instant {
        begin + Duration::from_millis(millis)
    }

    fn due(wheel: &mut Wheel<u32>, now: Instant) -> Vec<u32> {
        let mut due = Vec::new();
        wheel.due(now, &mut due);
        due.sort_unstable();
        due
    }

    #[test]
    fn each_is_woken_once_at_the_tick_after_its_moment() {
        let begin = Instant::now();
        let mut wheel = Wheel::new(begin);
        assert_eq!(wheel.next(), None);
        wheel.set(1, begin + Duration::from_micros(2_300));
        wheel.set(2, ms(begin, 7));
        assert_eq!(wheel.next(), Some(ms(begin, 3)));
        assert!(due(&mut wheel, begin + Duration::from_micros(2_900)).is_empty());
        assert_eq!(due(&mut wheel, ms(begin, 3)), [1]);
        assert_eq!((due(&mut wheel, ms(begin, 6)), wheel.next()), (vec![], Some(ms(begin, 7))));
        wheel.set(2, ms(begin, 9));
        assert_eq!((due(&mut wheel, ms(begin, 8)), due(&mut wheel, ms(begin, 100))), (vec![], vec![2]));
        assert_eq!(wheel.next(), None);
    }

    #[test]
    fn what_is_over_is_due_at_once_and_what_is_far_away_at_the_end_of_the_wheel() {
        let begin = Instant::now();
        let mut wheel = Wheel::new(begin);
        assert!(due(&mut wheel, ms(begin, 5_000)).is_empty());
        wheel.set(1, begin);
        wheel.set(2, ms(begin, 600_000));
        assert_eq!(wheel.next(), Some(ms(begin, 5_000)));
        assert_eq!(due(&mut wheel, ms(begin, 5_000)), [1]);
        assert_eq!(wheel.next(), Some(ms(begin, 5_000 + TICKS as u64 - 1)));
        wheel.remove(2);
        wheel.remove(2);
        assert_eq!(wheel.next(), None);
    }

    #[test]
    fn it_does_what_a_sorted_list_does() {
        let begin = Instant::now();
        let (mut wheel, mut list, mut dice) = (Wheel::new(begin), std::collections::BTreeMap::new(), Dice::new(3));
        let mut now = 0u64;
        for _ in 0..20_000 {
            let key = dice.below(40) as u32;
            match dice.below(4) {
                0 => {
                    wheel.remove(key);
                    list.remove(&key);
                }
                1 => {
                    now += dice.below(30);
                    let mut expected: Vec<u32> =
                        list.iter().filter(|(_, at)| **at <= now).map(|(key, _)| *key).collect();
                    expected.sort_unstable();
                    list.retain(|_, at| *at > now);
                    assert_eq!(due(&mut wheel, ms(begin, now)), expected);
                }
                _ => {
                    let at = now + dice.below(1_000);
                    wheel.set(key, ms(begin, at));
                    list.insert(key, at);
                }
            }
            assert_eq!(wheel.next(), list.values().min().map(|at| ms(begin, *at)));
        }
    }
}

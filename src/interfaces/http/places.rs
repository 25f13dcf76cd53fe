//! Who may hold how many connections, and who has to go when there are too many.
//!
//! A connection that has not asked anything yet is the first to go: a browser asks within a moment, whoever opens thousands
//! does not. So half-open connections take no place from anybody, not even from those who share their address.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

use crate::proto::lan::Holder;

/// Places that this machine's own connections leave to all others.
const LEFT_BY_LOOPBACK: usize = 256;

/// The place of one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    asked: Arc<AtomicBool>,
    gone: CancellationToken,
}

impl Place {
    /// A whole request came.
    pub(super) fn asked(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Completes when the place is needed for another.
    pub(super) async fn taken_away(&self) {
        self.gone.cancelled().await;
    }

    fn is_half_open(&self) -> bool {
        !self.asked.load(Ordering::Relaxed) && !self.gone.is_cancelled()
    }
}

#[derive(Default)]
struct Held {
    count: usize,
    /// Oldest first; those that have asked meanwhile, or are gone, are dropped when they come to the front.
    waiting: VecDeque<Place>,
}

/// All places. One task owns it: the one that accepts connections.
pub(super) struct Places {
    most: usize,
    share: usize,
    count: usize,
    by_holder: HashMap<Holder, Held>,
    waiting: VecDeque<Place>,
}

impl Places {
    /// `most` in all, `share` for each address other than this machine's own.
    pub(super) fn new(most: usize, share: usize) -> Self {
        Self { most, share: share.min(most), count: 0, by_holder: HashMap::new(), waiting: VecDeque::new() }
    }

    /// A place for a connection from this address, if need be that of the oldest which has not asked anything yet. `None`:
    /// everybody who has a place uses it.
    pub(super) fn take(&mut self, from: IpAddr) -> Option<Place> {
        let holder = Holder::of(from);
        let share = match holder {
            Holder::Loopback => self.most.saturating_sub(LEFT_BY_LOOPBACK).max(self.share),
            Holder::V4(_) | Holder::V6(_) => self.share,
        };
        let held = self.by_holder.entry(holder).or_default();
        let free = if held.count >= share {
            evict(&mut held.waiting)
        } else {
            self.count < self.most || evict(&mut self.waiting)
        };
        if !free {
            return None;
        }
        let place = Place::default();
        held.count += 1;
        held.waiting.push_back(place.clone());
        self.count += 1;
        self.waiting.push_back(place.clone());
        self.forget_front();
        Some(place)
    }

    /// A connection from this address has ended.
    pub(super) fn give_back(&mut self, from: IpAddr) {
        self.count = self.count.saturating_sub(1);
        let holder = Holder::of(from);
        if let Some(held) = self.by_holder.get_mut(&holder) {
            held.count = held.count.saturating_sub(1);
            if held.count == 0 {
                self.by_holder.remove(&holder);
            }
        }
        self.forget_front();
    }

    /// Keeps the queues about as long as there are connections.
    fn forget_front(&mut self) {
        if self.waiting.len() > 2 * self.count + 64 {
            self.waiting.retain(Place::is_half_open);
        }
        for held in self.by_holder.values_mut().filter(|held| held.waiting.len() > 2 * held.count + 64) {
            held.waiting.retain(Place::is_half_open);
        }
    }
}

/// Takes away the place of the oldest that has not asked anything. It is counted until its connection has ended, so that for
/// a moment there are a few more than may be.
fn evict(waiting: &mut VecDeque<Place>) -> bool {
    while let Some(place) = waiting.pop_front() {
        if place.is_half_open() {
            place.gone.cancel();
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(n: u32) -> IpAddr {
        IpAddr::from((0x0a00_0000 + n).to_be_bytes())
    }

    const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn is_gone(place: &Place) -> bool {
        place.gone.is_cancelled()
    }

    #[test]
    fn one_address_takes_no_place_from_another() {
        let mut places = Places::new(10, 3);
        let of_one: Vec<Place> = (0..3).map(|_| places.take(ip(1)).expect("there is room")).collect();
        of_one.iter().for_each(Place::asked);
        assert!(places.take(ip(1)).is_none(), "they use all they may have");
        assert!(places.take(ip(2)).is_some());
        places.give_back(ip(1));
        assert!(places.take(ip(1)).is_some());
    }

    #[test]
    fn who_has_not_asked_goes_first_and_who_has_stays() {
        let mut places = Places::new(10, 3);
        let [asked, old, new] = [(); 3].map(|()| places.take(ip(1)).expect("there is room"));
        asked.asked();
        assert!(places.take(ip(1)).is_some());
        assert_eq!([&asked, &old, &new].map(is_gone), [false, true, false]);
        places.give_back(ip(1));
    }

    #[test]
    fn when_all_are_taken_the_oldest_of_all_who_have_not_asked_goes() {
        let mut places = Places::new(4, 3);
        let held: Vec<Place> = (1..=4).map(|n| places.take(ip(n)).expect("there is room")).collect();
        held[0].asked();
        assert!(places.take(ip(9)).is_some());
        assert_eq!(held.iter().map(is_gone).collect::<Vec<_>>(), [false, true, false, false]);
        held[2..].iter().for_each(Place::asked);
        let last = places.take(ip(9));
        assert!(last.is_some(), "the one before has not asked either");
    }

    #[test]
    fn this_machine_may_hold_more_and_never_everything() {
        let mut places = Places::new(1_000, 3);
        let all: Vec<Place> = std::iter::from_fn(|| places.take(LOCAL).inspect(Place::asked)).collect();
        assert_eq!(all.len(), 1_000 - LEFT_BY_LOOPBACK);
        assert!(places.take(ip(1)).is_some());
    }

    #[test]
    fn a_customer_s_ipv6_addresses_are_one() {
        let mut places = Places::new(10, 1);
        let (first, second) = ("2001:db8:1:2::1".parse().expect("one"), "2001:db8:1:2:ffff::9".parse().expect("one"));
        places.take(first).expect("there is room").asked();
        assert!(places.take(second).is_none());
        assert!(places.take("::ffff:192.0.2.1".parse().expect("one")).is_some());
    }

    #[test]
    fn what_is_remembered_of_those_who_come_and_go_is_bounded() {
        let mut places = Places::new(100, 50);
        for n in 0..10_000 {
            places.take(ip(n)).expect("there is room").asked();
            places.give_back(ip(n));
        }
        assert!(places.by_holder.is_empty());
        assert!(places.waiting.len() < 200, "{}", places.waiting.len());
    }
}

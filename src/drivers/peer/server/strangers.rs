//! Datagrams that belong to no peer: few are looked at, so that a flood of them takes no time from those that do.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Datagrams of no peer that are looked at in each second from one IP address. A browser that connects sends some dozens
/// before it is known by its address, and a household shares one.
const FROM_ONE: u32 = 500;
/// The same from all of them. Looking at one takes a few microseconds with every peer there may be.
const FROM_ALL: u32 = 5_000;
/// IP addresses counted in each second; those beyond count towards [`FROM_ALL`] alone.
const COUNTED: usize = 1_024;
const WINDOW: Duration = Duration::from_secs(1);

/// Counts what belonged to no peer in the second that runs.
#[derive(Default)]
pub(super) struct Strangers {
    since: Option<Instant>,
    all: u32,
    from: HashMap<IpAddr, u32>,
}

impl Strangers {
    /// Whether a datagram from an address that no peer is known by should be looked at.
    pub(super) fn may_knock(&mut self, from: IpAddr, now: Instant) -> bool {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= WINDOW) {
            self.since = Some(now);
            self.all = 0;
            self.from.clear();
        }
        self.all < FROM_ALL && self.from.get(&from).is_none_or(|&count| count < FROM_ONE)
    }

    /// A datagram that was looked at belonged to no peer.
    pub(super) fn refused(&mut self, from: IpAddr) {
        self.all = self.all.saturating_add(1);
        if self.from.len() < COUNTED || self.from.contains_key(&from) {
            *self.from.entry(from).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    /// How many of `sent` datagrams are looked at.
    fn looked_at(strangers: &mut Strangers, from: IpAddr, now: Instant, sent: u32) -> u32 {
        let knocks = (0..sent).filter(|_| {
            let may = strangers.may_knock(from, now);
            if may {
                strangers.refused(from);
            }
            may
        });
        u32::try_from(knocks.count()).expect("they are few")
    }

    #[test]
    fn one_address_has_its_share_in_each_second_and_takes_nothing_from_another() {
        let (mut strangers, now) = (Strangers::default(), Instant::now());
        assert_eq!(looked_at(&mut strangers, ip(1), now, 100_000), FROM_ONE);
        assert_eq!(looked_at(&mut strangers, ip(2), now, 10), 10);
        assert_eq!(looked_at(&mut strangers, ip(1), now + WINDOW, 10), 10);
    }

    #[test]
    fn many_addresses_share_what_there_is_and_are_not_remembered_without_end() {
        let (mut strangers, now) = (Strangers::default(), Instant::now());
        let looked: u32 = (0..100_000).map(|n| looked_at(&mut strangers, ip(n), now, 1)).sum();
        assert_eq!(looked, FROM_ALL);
        assert_eq!(strangers.from.len(), COUNTED);
    }
}

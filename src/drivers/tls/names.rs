//! Whom a certificate is for, and when it is time for another: pure.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::proto::lan;

/// Most names and addresses in one certificate: some clients refuse those with very many.
const MOST: usize = 60;
/// Seconds of a day.
const DAY: i64 = 86_400;
/// How long a certificate of ours is valid, in seconds. Apple takes at most 825 days from authorities that people trust
/// themselves; browsers take at most 398 from public ones.
pub(super) const LIFETIME: i64 = 90 * DAY;
/// How long before now it is valid already: clocks of phones differ.
pub(super) const SKEW: i64 = DAY;
/// What must be left of it.
const SPARE: i64 = 30 * DAY;

/// The names and addresses of a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Host names, in lower case.
    pub hosts: BTreeSet<String>,
    /// Addresses.
    pub addresses: BTreeSet<IpAddr>,
}

impl Names {
    /// Those of `hosts` and `addresses` that our authority may sign, together with the ways a machine names itself.
    pub fn local<'a>(hosts: impl IntoIterator<Item = &'a str>, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let own = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let hosts = hosts.into_iter().filter(|host| lan::is_local(host)).map(str::to_ascii_lowercase);
        let addresses = addresses.into_iter().filter(|ip| lan::is_private(*ip));
        Self {
            hosts: std::iter::once(lan::LOCALHOST.to_owned()).chain(hosts.take(MOST)).collect(),
            addresses: own.into_iter().chain(addresses.take(MOST)).collect(),
        }
    }

    pub(super) fn hold(&self, wanted: &Self) -> bool {
        wanted.hosts.is_subset(&self.hosts) && wanted.addresses.is_subset(&self.addresses)
    }
}

/// What a certificate says about itself. Times are seconds since 1970 UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Says {
    /// Whom it is for.
    pub names: Names,
    /// It is valid from then on.
    pub from: i64,
    /// It is not valid after this.
    pub until: i64,
}

/// Why a certificate is made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// There is none.
    First,
    /// It ends soon, or the clock was set to another time.
    Time,
    /// The box has a name or an address that it does not hold.
    Names,
}

/// Whether another certificate is needed now. One that holds more than is wanted is kept: what is gone may come back.
pub fn due(present: Option<&Says>, wanted: &Names, now: i64) -> Option<Reason> {
    let Some(present) = present else { return Some(Reason::First) };
    if now < present.from || now > present.until - SPARE {
        return Some(Reason::Time);
    }
    (!present.names.hold(wanted)).then_some(Reason::Names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(hosts: &[&str], addresses: &[&str]) -> Names {
        Names::local(hosts.iter().copied(), addresses.iter().map(|ip| ip.parse().expect("an address")))
    }

    #[test]
    fn only_what_the_authority_may_sign_is_in_a_certificate() {
        let got = names(
            &["Living-Room.local", "porch.example.org", "living-room.lan"],
            &["192.168.1.20", "203.0.113.7", "fd00::2", "2001:db8::1"],
        );
        assert_eq!(got.hosts, ["localhost", "living-room.local", "living-room.lan"].map(String::from).into());
        let expected = ["127.0.0.1", "::1", "192.168.1.20", "fd00::2"].map(|ip| ip.parse().expect("an address"));
        assert_eq!(got.addresses, expected.into());
    }

    #[test]
    fn a_certificate_is_made_anew_before_it_ends_and_when_something_new_is_wanted() {
        let home = names(&["porch.local"], &["192.168.1.20"]);
        let present = Says { names: home.clone(), from: 0, until: LIFETIME };
        assert_eq!(due(None, &home, 0), Some(Reason::First));
        assert_eq!(due(Some(&present), &home, 0), None);
        assert_eq!(due(Some(&present), &home, LIFETIME - SPARE), None);
        assert_eq!(due(Some(&present), &home, LIFETIME - SPARE + 1), Some(Reason::Time));
        assert_eq!(due(Some(&present), &home, -1), Some(Reason::Time), "the clock was turned back");
        assert_eq!(due(Some(&present), &names(&["porch-2.local"], &["192.168.1.20"]), 1), Some(Reason::Names));
        assert_eq!(due(Some(&present), &names(&["porch.local"], &["192.168.1.21"]), 1), Some(Reason::Names));
        assert_eq!(due(Some(&present), &names(&["porch.local"], &[]), 1), None, "a cable was pulled out");
    }
}

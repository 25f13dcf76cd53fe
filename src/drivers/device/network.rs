//! The addresses of the box on its networks.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use nix::net::if_::InterfaceFlags;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often the addresses are looked at. Reading them takes microseconds.
const LOOK: Duration = Duration::from_secs(5);
/// The kernel's list of IPv6 addresses, with their flags.
const IF_INET6: &str = "/proc/net/if_inet6";
/// `IFA_F_TEMPORARY`, `IFA_F_DADFAILED`, `IFA_F_DEPRECATED` and `IFA_F_TENTATIVE` of `linux/if_addr.h`.
const PASSING: u32 = 0x01 | 0x08 | 0x20 | 0x40;

/// The present addresses, in order, and again whenever they change.
pub type Addresses = watch::Receiver<Arc<[IpAddr]>>;

/// Addresses at which others can reach the box: of interfaces that are up, without loopback. Of IPv6 neither link-local
/// ones, which need a zone that no link can name, nor temporary ones (RFC 8981), which are gone tomorrow.
pub fn addresses() -> Vec<IpAddr> {
    let passing = passing(&std::fs::read_to_string(IF_INET6).unwrap_or_default());
    let mut found: Vec<IpAddr> = nix::ifaddrs::getifaddrs()
        .into_iter()
        .flatten()
        .filter(|interface| interface.flags.contains(InterfaceFlags::IFF_UP))
        .filter_map(|interface| {
            let address = interface.address?;
            match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
                (Some(v4), _) => Some(IpAddr::V4(v4.ip())),
                (_, Some(v6)) if v6.ip().is_unicast_link_local() || passing.contains(&v6.ip()) => None,
                (_, Some(v6)) => Some(IpAddr::V6(v6.ip())),
                _ => None,
            }
        })
        .filter(|ip| !ip.is_loopback())
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Follows the addresses until `stop`.
pub fn follow(tasks: &TaskTracker, stop: CancellationToken) -> Addresses {
    let (told, addresses) = watch::channel(self::addresses().into());
    tasks.spawn(async move {
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                _ = look.tick() => {}
                () = stop.cancelled() => return,
            }
            let now = self::addresses();
            told.send_if_modified(|known: &mut Arc<[IpAddr]>| {
                let changed = **known != *now;
                if changed {
                    *known = now.into();
                }
                changed
            });
        }
    });
    addresses
}

/// The addresses of the kernel's list that are not there to stay, or not there yet. A line is the address in 32
/// hexadecimal digits, then interface, prefix length, scope and flags in hexadecimal, then the interface's name.
fn passing(list: &str) -> HashSet<Ipv6Addr> {
    let read = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let address = u128::from_str_radix(words.next()?, 16).ok()?;
        let flags = u32::from_str_radix(words.nth(3)?, 16).ok()?;
        (flags & PASSING != 0).then(|| Ipv6Addr::from_bits(address))
    };
    list.lines().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_do_not_stay_are_known_by_their_flags() {
        let list = "fd000000000000000000000000000002 04 40 00 82     eth0\n\
                    fd000000000000000000000000000003 04 40 00 01     eth0\n\
                    20010db8000000000000000000000004 04 40 00 40     eth0\n\
                    20010db8000000000000000000000005 04 40 00 20     eth0\n\
                    fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n\
                    garbage\n\n";
        let expected = ["fd00::3", "2001:db8::4", "2001:db8::5"].map(|ip| ip.parse().expect("an address"));
        assert_eq!(passing(list), HashSet::from(expected));
    }

    #[test]
    fn no_address_is_loopback_or_link_local() {
        for ip in addresses() {
            assert!(!ip.is_loopback(), "{ip}");
            assert!(!matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local()), "{ip}");
        }
    }

    #[tokio::test]
    async fn the_present_addresses_are_there_at_once() {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let followed = follow(&tasks, stop.clone());
        assert_eq!(**followed.borrow(), *addresses());
        stop.cancel();
        tasks.close();
        tasks.wait().await;
    }
}

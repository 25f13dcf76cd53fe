//! What follows from how the box is reached. Each has a name that stays, by which pages and manuals explain it.

use std::net::SocketAddr;

use serde::Serialize;

use super::{Known, Router, RouterState, Scope, Tried};
use crate::drivers::peer::server::Sight;
use crate::model::finding::{Level, codes};

codes! {
    "Code";
    NoAddress "no_address" Bad "The box has no address on any network. Look at its cable or Wi-Fi.";
    HomeWorks "home_works" Good "Calls reach the box at home: by every address that it has there.";
    HomeFails "home_fails" Bad "The box does not reach itself by one of its own addresses. A firewall on the box may hold back the port of peers.listen; allow it for UDP and TCP.";
    PublicAddress "public_address" Good "The box has an address of the internet itself. Nothing needs to be forwarded; a firewall on the router has to let the port of peers.listen in.";
    OnlyHome "only_home" Bad "Browsers are told addresses of your home alone: people elsewhere have no media. Forward the port of peers.listen (UDP and TCP) in the router and set peers.announce to the router's address, or turn on peers.map_ports if the router may be asked for it.";
    OutsideWorks "outside_works" Good "The box reaches itself through its address on the internet: people elsewhere most likely do too.";
    OutsideUntried "outside_untried" Note "The box does not reach itself through its address on the internet. Many routers never turn traffic around like this, so that it may work all the same: try a call with a phone that has left the Wi-Fi. If that fails, look at the port forwarding.";
    TcpOff "tcp_off" Note "Media is not taken by TCP (peers.tcp is false): people in networks without UDP have none.";
    RouterOff "router_off" Note "The router is not asked to forward ports (peers.map_ports is false).";
    RouterAsking "router_asking" Note "The router is being asked to forward ports. Look again in half a minute.";
    RouterMapped "router_mapped" Good "The router forwards the ports for media to the box.";
    RouterNone "router_none" Note "There is no IPv4 router to ask for ports.";
    RouterSilent "router_silent" Bad "The router can't be asked for ports: it speaks neither PCP, NAT-PMP nor UPnP, or that is turned off. Turn it on there, or forward the port of peers.listen (UDP and TCP) by hand.";
    RouterRefused "router_refused" Bad "The router refuses to forward ports. Allow it for this box in the router, or forward the port of peers.listen (UDP and TCP) by hand.";
    BehindProvider "behind_provider" Bad "The router has no address of the internet itself: your provider puts several customers behind one. Forwarding ports does not help with that. Ask the provider for an address of your own, use IPv6, or set up a relay.";
    StunSilent "stun_silent" Bad "None of the servers of peers.stun answers. Look at their names, and whether the router lets UDP out.";
    NatStable "nat_stable" Good "The router shows the same address and port to everybody outside: many connect through it even without a forwarded port.";
    NatChanging "nat_changing" Note "The router shows another port to each server outside (a symmetric NAT): what STUN finds helps nobody. Forward the port of peers.listen, or set up a relay.";
    Relay "relay" Good "People are told of a relay, for networks that let nothing else through. Whether it works is seen in a call alone.";
    NoRelay "no_relay" Note "There is no relay. People behind a strict firewall, such as at work, may be without media.";
}

/// One thing that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// What.
    pub code: Code,
    /// How much it matters.
    pub level: Level,
    /// What it means and what to do, in English.
    pub text: &'static str,
}

/// What is known.
pub(super) struct Facts<'a> {
    pub(super) ways: &'a [Tried],
    pub(super) sights: &'a [Sight],
    pub(super) router: &'a Router,
    pub(super) tcp: bool,
    pub(super) stun: usize,
    pub(super) relay: bool,
}

/// The worst first.
pub(super) fn of(facts: &Facts<'_>) -> Vec<Finding> {
    let mut codes = Vec::new();
    let own = || facts.ways.iter().filter(|way| way.origin == Known::Interface);
    let outside = || facts.ways.iter().filter(|way| way.scope == Scope::Internet);
    codes.push(match () {
        () if facts.ways.is_empty() => Code::NoAddress,
        () if own().all(|way| way.works) => Code::HomeWorks,
        () => Code::HomeFails,
    });
    if own().any(|way| way.scope == Scope::Internet) {
        codes.push(Code::PublicAddress);
    }
    let through = outside().filter(|way| way.origin != Known::Interface);
    match through.map(|way| way.works).reduce(|some, works| some || works) {
        Some(true) => codes.push(Code::OutsideWorks),
        Some(false) => codes.push(Code::OutsideUntried),
        None if outside().next().is_none() && !facts.ways.is_empty() => codes.push(Code::OnlyHome),
        None => {}
    }
    if !facts.tcp {
        codes.push(Code::TcpOff);
    }
    codes.push(match facts.router.state {
        RouterState::Off => Code::RouterOff,
        RouterState::Asking => Code::RouterAsking,
        RouterState::None => Code::RouterNone,
        RouterState::Silent => Code::RouterSilent,
        RouterState::Refused => Code::RouterRefused,
        RouterState::Mapped => Code::RouterMapped,
    });
    let of_router = facts.router.outside.iter().filter_map(|at| at.parse::<SocketAddr>().ok());
    if of_router.map(|at| Scope::of(at.ip())).any(|scope| scope != Scope::Internet) {
        codes.push(Code::BehindProvider);
    }
    codes.extend(nat(facts));
    codes.push(if facts.relay { Code::Relay } else { Code::NoRelay });
    let finding = |code: Code| Finding { code, level: code.level(), text: code.text() };
    let mut findings: Vec<Finding> = codes.into_iter().map(finding).collect();
    findings.sort_by_key(|finding| finding.level);
    findings
}

/// What the answers of STUN servers say of the router (RFC 5780 section 4.3): with two of them, whether it shows the same
/// port to both.
fn nat(facts: &Facts<'_>) -> Option<Code> {
    if facts.stun == 0 {
        return None;
    }
    if facts.sights.is_empty() {
        return Some(Code::StunSilent);
    }
    let mut all = Vec::new();
    for four in [true, false] {
        let mut of_kind = facts.sights.iter().filter(|sight| sight.mapped.is_ipv4() == four).map(|sight| sight.mapped);
        if let (Some(first), Some(second)) = (of_kind.next(), of_kind.next()) {
            all.push(first == second && of_kind.all(|other| other == first));
        }
    }
    match all.as_slice() {
        [] => None,
        all if all.iter().all(|same| *same) => Some(Code::NatStable),
        _ => Some(Code::NatChanging),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Carrier;
    use super::*;

    fn way(address: &str, origin: Known, works: bool) -> Tried {
        let at: SocketAddr = address.parse().expect("an address");
        let scope = Scope::of(at.ip());
        Tried { transport: Carrier::Udp, address: address.into(), origin, scope, works, took: None, error: None }
    }

    fn router(state: RouterState, outside: &[&str]) -> Router {
        Router { state, by: None, outside: outside.iter().map(|at| (*at).to_owned()).collect(), reason: None }
    }

    fn sight(mapped: &str) -> Sight {
        Sight { server: "198.51.100.1:3478".parse().expect("an address"), mapped: mapped.parse().expect("an address") }
    }

    fn names(ways: &[Tried], sights: &[Sight], router: &Router, stun: usize) -> Vec<&'static str> {
        let facts = Facts { ways, sights, router, tcp: true, stun, relay: true };
        of(&facts).iter().map(|finding| finding.code.name()).collect()
    }

    #[test]
    fn what_is_found_follows_from_what_was_tried() {
        let home = way("192.168.1.20:8189", Known::Interface, true);
        let off = router(RouterState::Off, &[]);
        let mapped = router(RouterState::Mapped, &["203.0.113.7:8189"]);
        for (ways, sights, router, stun, expected) in [
            (vec![], vec![], &off, 0, vec!["no_address", "router_off", "relay"]),
            (vec![home.clone()], vec![], &off, 0, vec!["only_home", "router_off", "home_works", "relay"]),
            (
                vec![home.clone(), way("203.0.113.7:8189", Known::Announced, false)],
                vec![],
                &off,
                0,
                vec!["outside_untried", "router_off", "home_works", "relay"],
            ),
            (
                vec![home.clone(), way("203.0.113.7:8189", Known::Mapped, true)],
                vec![],
                &mapped,
                0,
                vec!["home_works", "outside_works", "router_mapped", "relay"],
            ),
            (
                vec![home.clone(), way("[2001:db8::2]:8189", Known::Interface, true)],
                vec![],
                &router(RouterState::Silent, &[]),
                2,
                vec!["router_silent", "stun_silent", "home_works", "public_address", "relay"],
            ),
            (
                vec![way("192.168.1.20:8189", Known::Interface, false)],
                vec![],
                &router(RouterState::Mapped, &["100.64.3.4:8189"]),
                0,
                vec!["home_fails", "only_home", "behind_provider", "router_mapped", "relay"],
            ),
        ] {
            assert_eq!(names(&ways, &sights, router, stun), expected, "{ways:?}");
        }
    }

    #[test]
    fn two_servers_tell_what_kind_of_router_it_is() {
        let ways = [way("192.168.1.20:8189", Known::Interface, true)];
        let off = router(RouterState::Off, &[]);
        let says = |sights: &[&str], code: &str| {
            let sights: Vec<Sight> = sights.iter().map(|mapped| sight(mapped)).collect();
            names(&ways, &sights, &off, 2).contains(&code)
        };
        assert!(says(&["203.0.113.7:8189", "203.0.113.7:8189"], "nat_stable"));
        assert!(says(&["203.0.113.7:8189", "203.0.113.7:40000"], "nat_changing"));
        for code in ["nat_stable", "nat_changing", "stun_silent"] {
            assert!(!says(&["203.0.113.7:8189", "[2001:db8::2]:8189"], code), "one of each kind says nothing: {code}");
        }
    }

    #[test]
    fn every_finding_says_something_else() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).expect("it is text"), code.name());
            assert!(Code::ALL.iter().filter(|other| other.text() == code.text()).count() == 1, "{code:?}");
            assert!(code.level() == Level::Good || code.text().len() > 40, "{code:?} says what to do");
        }
    }
}

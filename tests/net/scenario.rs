//! What is done to Ada's network, and what has to hold then.

use std::time::Duration;

use super::link::Shape;
use super::world::{Firewall, Nat, Way};

/// What must hold in both directions: what Ada sees and hears of Bob, and he of her.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Seconds from the click on "Join" to the first picture, at most.
    pub first_picture: f64,
    /// Pictures a second, at least.
    pub rate: f64,
    /// Seconds that the picture stands still, at most.
    pub longest: f64,
    /// Part of the sound that is made up, at most.
    pub concealed: f64,
    /// Seconds until the picture moves again, at most.
    pub recovered: f64,
}

/// What a call without a fault in the network must be like. Two browsers that encode and decode share the machine with the
/// box: this is about the network, so that the limits leave room for a busy processor.
const GOOD: Limits = Limits { first_picture: 3.0, rate: 20.0, longest: 1.0, concealed: 0.03, recovered: 0.0 };

/// What happens in the middle of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happens {
    Nothing,
    /// Nothing gets through for so long.
    Dark(Duration),
    /// Ada leaves her Wi-Fi for the mobile network.
    ToMobile,
}

pub struct Scenario {
    pub name: &'static str,
    pub what: &'static str,
    pub way: Way,
    pub happens: Happens,
    /// Ada's browser uses the TURN server alone.
    pub relay: bool,
    pub limits: Limits,
}

const CLEAN: Scenario = Scenario {
    name: "clean",
    what: "nothing is wrong",
    way: Way::CLEAN,
    happens: Happens::Nothing,
    relay: false,
    limits: GOOD,
};
/// Behind a router as most homes have it.
const AT_HOME: Way = Way { home: Nat::PortRestricted, ..Way::CLEAN };

pub const ALL: [Scenario; 17] = [
    CLEAN,
    Scenario {
        name: "loss-5",
        what: "5 % of the packets lost, in each direction",
        way: Way { loss: 50, ..AT_HOME },
        limits: Limits { rate: 15.0, longest: 1.5, concealed: 0.08, first_picture: 5.0, ..GOOD },
        ..CLEAN
    },
    Scenario {
        name: "loss-15",
        what: "15 % lost",
        way: Way { loss: 150, ..AT_HOME },
        limits: Limits { rate: 8.0, longest: 3.0, concealed: 0.2, first_picture: 8.0, ..GOOD },
        ..CLEAN
    },
    Scenario {
        name: "loss-30",
        what: "30 % lost: sound goes on",
        way: Way { loss: 300, ..AT_HOME },
        limits: Limits { rate: 0.5, longest: 10.0, concealed: 0.4, first_picture: 20.0, ..GOOD },
        ..CLEAN
    },
    Scenario {
        name: "rate-300",
        what: "300 kbit/s, in each direction",
        way: Way { rate: Some(300_000), ..AT_HOME },
        limits: Limits { rate: 8.0, longest: 2.0, concealed: 0.1, first_picture: 8.0, ..GOOD },
        ..CLEAN
    },
    Scenario {
        name: "jitter-200",
        what: "200 ms of jitter",
        way: Way { shape: Shape { delay: 20, jitter: 200, dark: false }, ..AT_HOME },
        limits: Limits { rate: 15.0, longest: 1.5, concealed: 0.15, first_picture: 5.0, ..GOOD },
        ..CLEAN
    },
    Scenario {
        name: "dark-2",
        what: "nothing gets through for 2 s",
        way: AT_HOME,
        happens: Happens::Dark(Duration::from_secs(2)),
        limits: Limits { rate: 15.0, longest: 4.0, concealed: 0.25, recovered: 1.5, ..GOOD },
        ..CLEAN
    },
    Scenario {
        name: "to-mobile",
        what: "from Wi-Fi to the mobile network",
        way: AT_HOME,
        happens: Happens::ToMobile,
        limits: Limits { rate: 15.0, longest: 3.0, concealed: 0.25, recovered: 3.0, ..GOOD },
        ..CLEAN
    },
    Scenario { name: "full-cone", what: "NAT: full cone", way: Way { home: Nat::FullCone, ..Way::CLEAN }, ..CLEAN },
    Scenario { name: "port-restricted", what: "NAT: port-restricted", way: AT_HOME, ..CLEAN },
    Scenario {
        name: "symmetric",
        what: "NAT: symmetric, ports drawn at random",
        way: Way { home: Nat::Symmetric, ..Way::CLEAN },
        ..CLEAN
    },
    Scenario {
        name: "double-nat",
        what: "NAT twice: at home, and the provider's, symmetric",
        way: Way { home: Nat::PortRestricted, carrier: Nat::Symmetric, ..Way::CLEAN },
        ..CLEAN
    },
    Scenario {
        name: "tcp-only",
        what: "UDP blocked: ICE-TCP",
        way: Way { firewall: Firewall::TcpOnly, ..AT_HOME },
        limits: Limits { first_picture: 5.0, ..GOOD },
        ..CLEAN
    },
    Scenario {
        name: "https-only",
        what: "all but the HTTPS port blocked: ICE-TCP on it",
        way: Way { firewall: Firewall::HttpsOnly, ..AT_HOME },
        limits: Limits { first_picture: 6.0, ..GOOD },
        ..CLEAN
    },
    Scenario {
        name: "tcp-loss-5",
        what: "UDP blocked and 5 % lost",
        way: Way { firewall: Firewall::TcpOnly, loss: 50, ..AT_HOME },
        limits: Limits { rate: 8.0, longest: 3.0, concealed: 0.25, first_picture: 8.0, ..GOOD },
        ..CLEAN
    },
    Scenario {
        name: "turn-udp",
        what: "TURN over UDP",
        way: Way { firewall: Firewall::NoRelayTcp, ..AT_HOME },
        relay: true,
        ..CLEAN
    },
    Scenario {
        name: "turn-tls",
        what: "TURN over TLS, UDP blocked",
        way: Way { firewall: Firewall::RelayOnly, ..AT_HOME },
        relay: true,
        limits: Limits { first_picture: 6.0, ..GOOD },
        ..CLEAN
    },
];

//! A small internet of network namespaces:
//!
//! ```text
//!  ada ── home ─[link]─ carrier ── core ── porch ── box
//!    └── mobile ─────────────────── core ── bob
//!                                   core ── relay
//! ```
//!
//! `home` is the router of Ada's Wi-Fi, `carrier` her provider's, `mobile` that of her phone's network. `porch` is the
//! router the box is behind: it forwards ports. Bob's way is without fault. `relay` is where a TURN server runs. The bad
//! link is between `home` and `carrier`.

use std::process::{Command, Output};

use anyhow::{Context, ensure};

use super::link::{Link, Shape};

/// Where the box is found from outside: the address of the router it is behind.
pub const BOX: &str = "198.51.100.10";
/// The box's own address.
const BOX_INSIDE: &str = "192.168.8.10";
pub const RELAY: &str = "198.51.100.40";
const ADA_AT_HOME: &str = "192.168.1.20";
/// The ports of the box that its router forwards: media, and HTTPS.
pub const MEDIA: u16 = 8189;
pub const HTTPS: u16 = 8443;

/// Addresses of both ends of each wire: `(namespace, interface, address)`, twice. The addresses are all /24.
const WIRES: [[(&str, &str, &str); 2]; 8] = [
    [("ada", "wifi", ADA_AT_HOME), ("home", "lan", "192.168.1.1")],
    [("home", "wan", "100.64.1.2"), ("link", "left", "")],
    [("link", "right", ""), ("carrier", "in", "100.64.1.1")],
    [("carrier", "out", "203.0.113.2"), ("core", "carrier", "203.0.113.1")],
    [("ada", "mobile", "10.55.0.20"), ("mobile", "in", "10.55.0.1")],
    [("mobile", "out", "192.0.2.2"), ("core", "mobile", "192.0.2.1")],
    [("porch", "lan", "192.168.8.1"), ("box", "eth", BOX_INSIDE)],
    [("bob", "eth", "198.18.0.20"), ("core", "bob", "198.18.0.1")],
];
/// `porch` and the relay share a network with the core: a switch.
const SWITCH: [(&str, &str); 2] = [("porch", BOX), ("relay", RELAY)];
const CORE_ON_SWITCH: &str = "198.51.100.1";

/// Default routes, and those to the networks behind.
const ROUTES: [(&str, &str, &str); 12] = [
    ("ada", "default", "192.168.1.1"),
    ("home", "default", "100.64.1.1"),
    ("carrier", "default", "203.0.113.1"),
    ("carrier", "192.168.1.0/24", "100.64.1.2"),
    ("core", "192.168.1.0/24", "203.0.113.2"),
    ("core", "100.64.1.0/24", "203.0.113.2"),
    ("core", "10.55.0.0/24", "192.0.2.2"),
    ("mobile", "default", "192.0.2.1"),
    ("porch", "default", CORE_ON_SWITCH),
    ("relay", "default", CORE_ON_SWITCH),
    ("box", "default", "192.168.8.1"),
    ("bob", "default", "198.18.0.1"),
];
const NAMESPACES: [&str; 10] = ["ada", "home", "link", "carrier", "mobile", "core", "porch", "box", "bob", "relay"];

/// How a router translates addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nat {
    /// Not at all.
    None,
    /// Whoever knows the port outside gets in: everything is sent on to the one inside.
    FullCone,
    /// The same port outside for every destination; only who was spoken to gets in.
    PortRestricted,
    /// Another port, drawn at random, for each destination; only who was spoken to gets in.
    Symmetric,
}

/// What Ada's router lets out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firewall {
    Open,
    /// TCP alone, to every port.
    TcpOnly,
    /// TCP alone, and to the port of HTTPS of the box alone.
    HttpsOnly,
    /// All but TCP to the relay.
    NoRelayTcp,
    /// TCP alone, to the relay's TLS port and the box's HTTPS.
    RelayOnly,
}

/// Ada's way to the box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Way {
    pub shape: Shape,
    /// Per mille of packets that get lost, in each direction.
    pub loss: u32,
    /// In each direction, bits a second; the queue before it holds 200 ms.
    pub rate: Option<u64>,
    pub home: Nat,
    pub carrier: Nat,
    pub firewall: Firewall,
}

impl Way {
    /// Ten milliseconds to the provider, nothing lost, no translation.
    pub const CLEAN: Self = Self {
        shape: Shape { delay: 10, jitter: 0, dark: false },
        loss: 0,
        rate: None,
        home: Nat::None,
        carrier: Nat::None,
        firewall: Firewall::Open,
    };
}

/// All of it; removed when it is dropped.
pub struct World {
    link: Option<Link>,
}

impl World {
    pub fn make() -> anyhow::Result<Self> {
        // What a run that was killed has left.
        remove();
        let mut world = Self { link: None };
        for namespace in NAMESPACES {
            run("ip", &["netns", "add", &name(namespace)])?;
            inside(namespace, "ip", &["link", "set", "lo", "up"])?;
            if namespace != "link" && !["ada", "box", "bob", "relay"].contains(&namespace) {
                inside(namespace, "sysctl", &["-qw", "net.ipv4.ip_forward=1"])?;
            }
        }
        for wire in WIRES {
            plug(wire)?;
        }
        inside("core", "ip", &["link", "add", "switch", "type", "bridge"])?;
        inside("core", "ip", &["addr", "add", &format!("{CORE_ON_SWITCH}/24"), "dev", "switch"])?;
        inside("core", "ip", &["link", "set", "switch", "up"])?;
        for (namespace, address) in SWITCH {
            plug([(namespace, "out", address), ("core", namespace, "")])?;
            inside("core", "ip", &["link", "set", "dev", namespace, "master", "switch"])?;
        }
        for (namespace, to, via) in ROUTES {
            inside(namespace, "ip", &["route", "add", to, "via", via])?;
        }
        forward_ports()?;
        translate("mobile", "out", Nat::PortRestricted)?;
        world.link = Some(Link::start(&name("link"), "left", "right")?);
        Ok(world)
    }

    /// Makes Ada's way what it is to be; she is at home.
    pub fn set(&mut self, way: &Way) -> anyhow::Result<()> {
        self.at_home()?;
        self.shape(way.shape)?;
        for (namespace, interface) in [("home", "wan"), ("carrier", "in")] {
            let _ = inside(namespace, "tc", &["qdisc", "del", "dev", interface, "root"]);
            if let Some(rate) = way.rate {
                let rate = format!("{rate}bit");
                let tbf = ["tbf", "rate", &rate, "burst", "4kb", "latency", "200ms"];
                inside(namespace, "tc", &[&["qdisc", "add", "dev", interface, "root"], &tbf[..]].concat())?;
            }
        }
        inside("home", "iptables", &["-F", "FORWARD"])?;
        if way.loss > 0 {
            let part = format!("{:.3}", f64::from(way.loss) / 1000.0);
            for direction in ["-i", "-o"] {
                let random = ["-m", "statistic", "--mode", "random", "--probability", &part, "-j", "DROP"];
                inside("home", "iptables", &[&["-A", "FORWARD", direction, "wan"], &random[..]].concat())?;
            }
        }
        let https = HTTPS.to_string();
        let drop_others = ["-A", "FORWARD", "-o", "wan", "-j", "DROP"];
        let accept = |matches: &[&str]| -> anyhow::Result<()> {
            inside(
                "home",
                "iptables",
                &[&["-A", "FORWARD", "-o", "wan", "-p", "tcp"], matches, &["-j", "ACCEPT"]].concat(),
            )
        };
        match way.firewall {
            Firewall::Open => {}
            Firewall::TcpOnly => {
                accept(&[])?;
                inside("home", "iptables", &drop_others)?;
            }
            Firewall::HttpsOnly => {
                accept(&["--dport", &https])?;
                inside("home", "iptables", &drop_others)?;
            }
            Firewall::NoRelayTcp => {
                inside("home", "iptables", &["-A", "FORWARD", "-o", "wan", "-p", "tcp", "-d", RELAY, "-j", "DROP"])?;
            }
            Firewall::RelayOnly => {
                accept(&["-d", BOX, "--dport", &https])?;
                accept(&["-d", RELAY, "--dport", "443"])?;
                inside("home", "iptables", &drop_others)?;
            }
        }
        translate("home", "wan", way.home)?;
        translate("carrier", "out", way.carrier)
    }

    /// The link alone, from now on.
    pub fn shape(&mut self, shape: Shape) -> anyhow::Result<()> {
        self.link.as_mut().context("the link runs")?.shape(shape)
    }

    /// Ada leaves the house: her Wi-Fi is gone, and there is a way over the mobile network.
    pub fn to_mobile(&self) -> anyhow::Result<()> {
        inside("ada", "ip", &["link", "set", "wifi", "down"])?;
        inside("ada", "ip", &["link", "set", "mobile", "up"])?;
        inside("ada", "ip", &["route", "replace", "default", "via", "10.55.0.1"])
    }

    fn at_home(&self) -> anyhow::Result<()> {
        inside("ada", "ip", &["link", "set", "mobile", "down"])?;
        inside("ada", "ip", &["link", "set", "wifi", "up"])?;
        inside("ada", "ip", &["route", "replace", "default", "via", "192.168.1.1"])
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.link = None;
        remove();
    }
}

/// The name of a namespace outside of this.
pub fn name(namespace: &str) -> String {
    format!("porchlight-{namespace}")
}

fn remove() {
    for namespace in NAMESPACES {
        let _ = Command::new("ip").args(["netns", "del", &name(namespace)]).output();
    }
}

fn plug(wire: [(&str, &str, &str); 2]) -> anyhow::Result<()> {
    let [(left, here, _), (right, there, _)] = wire;
    let (left, right) = (name(left), name(right));
    run("ip", &["-n", &left, "link", "add", here, "type", "veth", "peer", "name", there, "netns", &right])?;
    for (namespace, interface, address) in wire {
        // Packets as they are on a wire: neither merged nor left without a checksum.
        inside(
            namespace,
            "ethtool",
            &["-K", interface, "tx", "off", "sg", "off", "tso", "off", "gso", "off", "gro", "off"],
        )?;
        if !address.is_empty() {
            inside(namespace, "ip", &["addr", "add", &format!("{address}/24"), "dev", interface])?;
        }
        inside(namespace, "ip", &["link", "set", "dev", interface, "up"])?;
    }
    Ok(())
}

/// The box's router: what comes to the ports goes to the box, and the box gets out.
fn forward_ports() -> anyhow::Result<()> {
    let before = format!(
        "ip daddr {BOX} udp dport {MEDIA} dnat to {BOX_INSIDE}
         ip daddr {BOX} tcp dport {{ {MEDIA}, {HTTPS} }} dnat to {BOX_INSIDE}"
    );
    let rules = table(&before, "oifname \"out\" masquerade");
    inside("porch", "nft", &[&rules])
}

/// Has a router translate what leaves by an interface.
fn translate(namespace: &str, interface: &str, nat: Nat) -> anyhow::Result<()> {
    let _ = inside(namespace, "nft", &["delete", "table", "ip", "nat"]);
    let masquerade = |how: &str| format!("oifname \"{interface}\" masquerade {how}");
    let (before, after) = match nat {
        // What is translated already goes on being so, as long as there is a table.
        Nat::None => (String::new(), String::new()),
        Nat::FullCone => (format!("iifname \"{interface}\" meta l4proto udp dnat to {ADA_AT_HOME}"), masquerade("")),
        Nat::PortRestricted => (String::new(), masquerade("")),
        Nat::Symmetric => (String::new(), masquerade("fully-random")),
    };
    let rules = table(&before, &after);
    inside(namespace, "nft", &[&rules])
}

/// What nftables is to do with the destination before it routes a packet, and with the source after.
fn table(before: &str, after: &str) -> String {
    format!(
        "table ip nat {{
           chain before {{
             type nat hook prerouting priority -100
             {before}
           }}
           chain after {{
             type nat hook postrouting priority 100
             {after}
           }}
         }}"
    )
}

/// Runs a program in a namespace until it ends.
pub fn inside(namespace: &str, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    run("ip", &[&["netns", "exec", &name(namespace), program], arguments].concat())
}

fn run(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let Output { status, stderr, .. } = Command::new(program).args(arguments).output()?;
    let said = String::from_utf8_lossy(&stderr);
    ensure!(status.success(), "{program} {}: {}", arguments.join(" "), said.trim());
    Ok(())
}

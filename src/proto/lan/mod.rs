//! What a box is called on a local network, and which names and addresses belong to such networks alone.
//!
//! Publishing the name is a matter for `drivers/mdns`; certificates for it are made by `drivers/tls`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Top-level names that never belong to anybody on the internet: `local` is multicast DNS (RFC 6762), `home.arpa` is for
/// homes (RFC 8375), `lan` is what many routers use.
pub const DOMAINS: [&str; 3] = ["local", "lan", "home.arpa"];

/// The name of a machine for itself (RFC 6761 section 6.3).
pub const LOCALHOST: &str = "localhost";

/// Address ranges that the internet does not route, each with the length of its prefix: RFC 1918, loopback, link-local
/// (RFC 3927, RFC 4291) and unique local (RFC 4193).
pub const RANGES: [(IpAddr, u8); 8] = [
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
];

/// Whom something is counted for that many could do from one place: an IPv4 address, the /64 that an IPv6 customer has (RFC 6177), or this
/// machine, where a reverse proxy speaks for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holder {
    /// This machine.
    Loopback,
    /// An address of IPv4.
    V4(u32),
    /// The first half of an address of IPv6.
    V6(u64),
}

impl Holder {
    /// Whose an address is.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            address if address.is_loopback() => Self::Loopback,
            IpAddr::V4(v4) => Self::V4(v4.to_bits()),
            IpAddr::V6(v6) => Self::V6((v6.to_bits() >> 64) as u64),
        }
    }
}

/// Whether an address is in one of [`RANGES`].
pub fn is_private(address: IpAddr) -> bool {
    RANGES.iter().any(|(range, prefix)| match (address, range) {
        (IpAddr::V4(address), IpAddr::V4(range)) => (address.to_bits() ^ range.to_bits()) >> (32 - prefix) == 0,
        (IpAddr::V6(address), IpAddr::V6(range)) => (address.to_bits() ^ range.to_bits()) >> (128 - prefix) == 0,
        _ => false,
    })
}

/// Whether an address is this machine's, or in a network of one of `own`: link-local, or private and with the first 24 bits of IPv4 or the
/// first 64 of IPv6 in common. A larger network of IPv4 has devices that are taken for farther away than they are.
pub fn is_on_link(address: IpAddr, own: &[IpAddr]) -> bool {
    let address = address.to_canonical();
    let same = |own: &IpAddr| match (address, own.to_canonical()) {
        (IpAddr::V4(one), IpAddr::V4(other)) => is_private(address) && (one.to_bits() ^ other.to_bits()) >> 8 == 0,
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits()) >> 64 == 0,
        _ => false,
    };
    let link_local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    address.is_loopback() || link_local || own.iter().any(same)
}

/// Whether a name is `localhost` or below one of [`DOMAINS`]. Case does not matter.
pub fn is_local(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    is_localhost(&name) || DOMAINS.into_iter().any(|domain| is_below(&name, domain))
}

/// Whether a name is the machine's own: `localhost` or below it, which browsers never look up elsewhere.
pub fn is_localhost(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == LOCALHOST || is_below(&name, LOCALHOST)
}

fn is_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

/// How pages are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain.
    Http,
    /// By TLS.
    Https,
}

impl Scheme {
    /// How addresses begin, and the port that is meant where they name none (RFC 9110 section 4.2).
    const fn parts(self) -> (&'static str, u16) {
        match self {
            Self::Http => ("http", 80),
            Self::Https => ("https", 443),
        }
    }
}

/// An address as addresses of pages name it: IPv6 in brackets (RFC 3986 section 3.2.2).
pub fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// The beginning of addresses of pages, as browsers write it: a port that goes without saying is left out (RFC 6454 section 6.2).
pub fn url(scheme: Scheme, host: &str, port: u16) -> String {
    match scheme.parts() {
        (scheme, usual) if usual == port => format!("{scheme}://{host}"),
        (scheme, _) => format!("{scheme}://{host}:{port}"),
    }
}

/// One part of a host name: 1 to 63 lower-case letters, digits and hyphens, no hyphen at the ends (RFC 1123 section 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Label(String);

impl Label {
    /// Letters that a label made from a name has at most, so that a number fits behind it.
    const LONGEST: usize = 58;

    /// The label for what people call the box: "Living room" becomes `living-room`.
    pub fn of(name: &str) -> Self {
        let mut label = String::new();
        for letter in name.chars().flat_map(char::to_lowercase) {
            let mut plain = [0; 4];
            let plain = match letter {
                'ä' => "ae",
                'ö' => "oe",
                'ü' => "ue",
                'ß' => "ss",
                'à' | 'á' | 'â' | 'ã' | 'å' => "a",
                'è' | 'é' | 'ê' | 'ë' => "e",
                'ì' | 'í' | 'î' | 'ï' => "i",
                'ò' | 'ó' | 'ô' | 'õ' | 'ø' => "o",
                'ù' | 'ú' | 'û' => "u",
                'ç' => "c",
                'ñ' => "n",
                // "Ada's box" is one word and another.
                '\'' | '’' => "",
                letter if letter.is_ascii_alphanumeric() => letter.encode_utf8(&mut plain),
                _ if label.is_empty() || label.ends_with('-') => "",
                _ => "-",
            };
            if label.len() + plain.len() > Self::LONGEST {
                break;
            }
            label.push_str(plain);
        }
        match label.trim_end_matches('-') {
            "" => Self("porchlight".into()),
            // Somebody's localhost is not this box.
            LOCALHOST => Self("porchlight-localhost".into()),
            label => Self(label.into()),
        }
    }

    /// The label to try when another box has this one: `porch`, `porch-2`, `porch-3`.
    pub fn next(&self) -> Self {
        let numbered = self.0.rsplit_once('-').and_then(|(front, number)| Some((front, number.parse::<u32>().ok()?)));
        match numbered {
            Some((front, number)) if number >= 2 => Self(format!("{front}-{}", number.saturating_add(1))),
            _ => Self(format!("{}-2", self.0)),
        }
    }

    /// The name in multicast DNS: `living-room.local`.
    pub fn local(&self) -> String {
        format!("{self}.local")
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_pages_name_only_ports_that_do_not_go_without_saying() {
        let six = host("fd00::5".parse().expect("an address"));
        for (scheme, host, port, expected) in [
            (Scheme::Http, "porch.local", 80, "http://porch.local"),
            (Scheme::Http, "porch.local", 443, "http://porch.local:443"),
            (Scheme::Https, "192.168.1.20", 443, "https://192.168.1.20"),
            (Scheme::Https, &six, 8443, "https://[fd00::5]:8443"),
        ] {
            assert_eq!(url(scheme, host, port), expected);
        }
    }

    #[test]
    fn who_is_in_the_same_network_is_on_link() {
        let own = ["192.168.1.20", "fd00::5", "203.0.113.7"].map(|text| text.parse().expect("an address"));
        for (text, near) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:192.168.1.9", true),
            ("192.168.1.9", true),
            ("192.168.2.9", false),
            ("169.254.3.4", true),
            ("fe80::1", true),
            ("fd00::9", true),
            ("fd00:0:0:1::9", false),
            ("203.0.113.9", false),
            ("198.51.100.1", false),
        ] {
            assert_eq!(is_on_link(text.parse().expect("an address"), &own), near, "{text}");
        }
    }

    #[test]
    fn what_people_call_a_box_becomes_a_host_name() {
        for (name, label) in [
            ("Living room", "living-room"),
            ("Porchlight", "porchlight"),
            ("  Ada's  box! ", "adas-box"),
            ("Küche (groß)", "kueche-gross"),
            ("Salón n°2", "salon-n-2"),
            ("居間", "porchlight"),
            ("--", "porchlight"),
            ("localhost", "porchlight-localhost"),
            ("a.local", "a-local"),
        ] {
            assert_eq!(Label::of(name).to_string(), label, "{name}");
        }
        let long = Label::of(&"ä".repeat(100)).to_string();
        assert_eq!(long.len(), Label::LONGEST);
        assert_eq!(Label::of("Living room").local(), "living-room.local");
    }

    #[test]
    fn the_next_label_counts_up() {
        let mut label = Label::of("Porch");
        let seen: Vec<String> = std::iter::repeat_with(|| {
            label = label.next();
            label.to_string()
        })
        .take(3)
        .collect();
        assert_eq!(seen, ["porch-2", "porch-3", "porch-4"]);
        // A number that is part of the name stays there.
        assert_eq!(Label::of("Room-1").next().to_string(), "room-1-2");
        assert_eq!(Label::of("a-4294967295").next().to_string(), "a-4294967295");
    }

    #[test]
    fn only_addresses_that_the_internet_does_not_route_are_private() {
        for private in [
            "10.0.0.1",
            "10.255.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.20",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.3.4",
            "::1",
            "fd00::2",
            "fc00::1",
            "fdff:ffff::1",
            "fe80::1",
            "febf::1",
        ] {
            assert!(is_private(private.parse().expect("an address")), "{private}");
        }
        for public in [
            "9.255.255.255",
            "11.0.0.1",
            "172.15.255.255",
            "172.32.0.1",
            "192.169.0.1",
            "192.167.255.255",
            "128.0.0.1",
            "169.255.0.1",
            "192.0.2.2",
            "8.8.8.8",
            "::",
            "::2",
            "2001:db8::1",
            "fe00::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_private(public.parse().expect("an address")), "{public}");
        }
    }

    #[test]
    fn only_names_of_local_networks_are_local() {
        for local in ["localhost", "a.localhost", "porch.local", "Porch.LOCAL", "porch.lan", "a.b.home.arpa"] {
            assert!(is_local(local), "{local}");
        }
        for other in
            ["", "local", "lan", ".local", "porch", "porch.example", "evil-local", "arpa", "x.arpa", "local.com"]
        {
            assert!(!is_local(other), "{other}");
        }
        assert!(is_localhost("LOCALHOST") && !is_localhost("localhost.evil") && !is_localhost("porch.local"));
    }
}

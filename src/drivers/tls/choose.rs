//! Which of two certificates a client is shown: that of an authority outside for its own names, and the box's own for all else. Pure.

use std::net::IpAddr;

use super::names::Says;
use crate::proto::lan;

/// What is known of a client when it is shown a certificate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client<'a> {
    /// The name that it asked for: RFC 6066 section 3. Who opens an address names none.
    pub(super) name: Option<&'a str>,
    /// The address of the box that it came to.
    pub(super) here: IpAddr,
    /// Its own.
    pub(super) there: IpAddr,
}

/// Whether the certificate from outside is the one for a client. `now` is in seconds since 1970 UTC.
pub(super) fn is_for(says: &Says, client: Client<'_>, now: i64) -> bool {
    if now < says.from || now >= says.until {
        return false;
    }
    match client.name {
        Some(name) => {
            let name = name.to_ascii_lowercase();
            let wild = name.split_once('.').map(|(_, rest)| format!("*.{rest}"));
            says.names.hosts.contains(&name) || wild.is_some_and(|wild| says.names.hosts.contains(&wild))
        }
        None => {
            // Behind a router the box has another address than the one that was opened; whoever comes from the internet opened that.
            let outside = !lan::is_private(client.there.to_canonical()) && !says.names.addresses.is_empty();
            says.names.addresses.contains(&client.here.to_canonical()) || outside
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::Names;
    use super::*;

    fn says(hosts: &[&str], addresses: &[&str]) -> Says {
        let names = Names {
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            addresses: addresses.iter().map(|ip| ip.parse().expect("an address")).collect(),
        };
        Says { names, from: 100, until: 200 }
    }

    fn client<'a>(name: Option<&'a str>, here: &str, there: &str) -> Client<'a> {
        Client { name, here: here.parse().expect("an address"), there: there.parse().expect("an address") }
    }

    #[test]
    fn its_own_names_get_it_and_others_do_not() {
        let says = says(&["porch.example.org", "*.box.example.org"], &[]);
        for (name, expected) in [
            ("porch.example.org", true),
            ("Porch.Example.ORG", true),
            ("a.box.example.org", true),
            ("a.b.box.example.org", false),
            ("box.example.org", false),
            ("porch.local", false),
            ("localhost", false),
            ("other.example.org", false),
        ] {
            assert_eq!(is_for(&says, client(Some(name), "192.168.1.20", "192.168.1.9"), 150), expected, "{name}");
        }
        assert!(!is_for(&says, client(None, "203.0.113.7", "198.51.100.1"), 150), "it has no addresses");
    }

    #[test]
    fn whoever_opens_an_address_gets_it_if_that_is_in_it_or_they_come_from_the_internet() {
        let says = says(&[], &["203.0.113.7"]);
        assert!(is_for(&says, client(None, "203.0.113.7", "192.168.1.9"), 150));
        assert!(is_for(&says, client(None, "::ffff:203.0.113.7", "192.168.1.9"), 150));
        assert!(is_for(&says, client(None, "192.168.1.20", "198.51.100.1"), 150), "by way of a router");
        assert!(!is_for(&says, client(None, "192.168.1.20", "192.168.1.9"), 150));
        assert!(!is_for(&says, client(None, "192.168.1.20", "::ffff:192.168.1.9"), 150));
        assert!(!is_for(&says, client(Some("porch.local"), "203.0.113.7", "198.51.100.1"), 150));
    }

    #[test]
    fn nobody_is_shown_one_that_is_not_valid() {
        let says = says(&["porch.example.org"], &["203.0.113.7"]);
        for now in [0, 99, 200, 201] {
            assert!(!is_for(&says, client(Some("porch.example.org"), "203.0.113.7", "198.51.100.1"), now), "{now}");
            assert!(!is_for(&says, client(None, "203.0.113.7", "198.51.100.1"), now), "{now}");
        }
    }
}

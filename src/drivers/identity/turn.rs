//! `[turn]`: short-lived credentials for a relay of media outside the box, as coturn takes them
//! (draft-uberti-behave-turn-rest-00).
//!
//! Box and relay share a secret. The box signs a name that says until when it holds; the relay checks name and signature
//! and asks nobody.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use aws_lc_rs::hmac;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use crate::model::{duration, quantity};

/// Addresses at most.
const ADDRESSES: usize = 8;
/// Longest secret that is read, in bytes.
const LONGEST: usize = 1024;
/// A secret is at least this long, in bytes: whoever sees one name and signature can try secrets at home.
const SHORTEST: usize = 16;
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Which relay participants are told of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The relay by its URIs (RFC 7065); with none there is no relay.
    #[serde(deserialize_with = "uris")]
    pub addresses: Vec<String>,
    /// The file with the secret that the relay knows too.
    #[serde(serialize_with = "quantity::write_file", deserialize_with = "path")]
    pub secret: Option<PathBuf>,
    /// How long credentials hold, from when somebody joins.
    #[serde(serialize_with = "duration::serialize", deserialize_with = "lifetime")]
    pub lifetime: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { addresses: Vec::new(), secret: None, lifetime: Duration::from_secs(3600) }
    }
}

fn lifetime<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    duration::within(from, Duration::from_secs(600)..=Duration::from_secs(86_400))
}

fn uris<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let uris = Vec::<String>::deserialize(from)?;
    if uris.len() > ADDRESSES {
        return Err(D::Error::custom(format_args!("{} addresses are more than {ADDRESSES}", uris.len())));
    }
    match uris.iter().find(|uri| !is_uri(uri)) {
        Some(wrong) => Err(D::Error::custom(format_args!(
            "{wrong:?} is not an address such as \"turn:turn.example.org:3478?transport=udp\" or \"turns:turn.example.org:443?transport=tcp\""
        ))),
        None => Ok(uris),
    }
}

/// Whether this is a URI of RFC 7065 as browsers take them.
fn is_uri(uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix("turn:").or_else(|| uri.strip_prefix("turns:")) else { return false };
    let (server, transport) = rest.split_once('?').unwrap_or((rest, "transport=udp"));
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (server, "3478"),
    };
    let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let right = match inside {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)),
    };
    right && port.parse::<u16>().is_ok_and(|port| port > 0) && ["transport=udp", "transport=tcp"].contains(&transport)
}

fn path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    quantity::file(from, "a file by its whole path, such as \"/etc/porchlight/turn-secret\", or nothing")
}

/// Why there can be no relay.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One of the two is missing.
    #[error("turn.addresses and turn.secret belong together: give both, or neither")]
    Half,
    /// The file can't be read.
    #[error("{0} of turn.secret can't be read: {1}")]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// It holds no secret.
    #[error("{0} of turn.secret must hold one line of {SHORTEST} to {LONGEST} characters")]
    NoSecret(PathBuf),
}

/// A relay, and how to sign for it.
pub struct Relay {
    addresses: Vec<String>,
    key: hmac::Key,
    lifetime: Duration,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// What a browser takes as an element of `iceServers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IceServer {
    /// The relay.
    pub urls: Vec<String>,
    /// Until when it holds and for whom.
    pub username: String,
    /// The signature of that.
    pub credential: String,
}

impl Relay {
    /// Reads the secret; `None` if no relay is configured.
    ///
    /// # Errors
    /// All of [`Error`].
    pub fn load(config: &Config) -> Result<Option<Self>, Error> {
        let file = match (&config.secret, config.addresses.is_empty()) {
            (None, true) => return Ok(None),
            (Some(file), false) => file,
            _ => return Err(Error::Half),
        };
        let text = std::fs::read(file).map_err(|error| Error::Unreadable(file.clone(), error))?;
        let secret = text.trim_ascii();
        if !(SHORTEST..=LONGEST).contains(&secret.len()) || secret.iter().any(|byte| !byte.is_ascii_graphic()) {
            return Err(Error::NoSecret(file.clone()));
        }
        // The relay's protocol knows nothing but SHA-1, which is not broken for this.
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
        Ok(Some(Self { addresses: config.addresses.clone(), key, lifetime: config.lifetime }))
    }

    /// Credentials for somebody, from now on; `now` in seconds since 1970. `who` is written into the relay's log.
    pub fn ice_server(&self, who: &str, now: u64) -> IceServer {
        let username = format!("{}:{who}", now.saturating_add(self.lifetime.as_secs()));
        let credential = base64(hmac::sign(&self.key, username.as_bytes()).as_ref());
        IceServer { urls: self.addresses.clone(), username, credential }
    }
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut word = [0; 4];
        word[1..=chunk.len()].copy_from_slice(chunk);
        let word = u32::from_be_bytes(word);
        for place in 0..4 {
            let letter = BASE64[(word >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { letter.into() } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_the_relay_computes() {
        let folder = tempfile::tempdir().expect("there is a disk");
        let file = folder.path().join("secret");
        std::fs::write(&file, "north-north-east\n").expect("it can be written");
        let addresses = vec!["turn:turn.example.org:3478".to_owned()];
        let config = Config { addresses: addresses.clone(), secret: Some(file), ..Config::default() };
        let relay = Relay::load(&config).expect("it is right").expect("there is one");
        // printf 1700003600:ada | openssl dgst -sha1 -hmac north-north-east -binary | base64
        let expected = IceServer {
            urls: addresses,
            username: "1700003600:ada".into(),
            credential: "YsKJ40JXt5Q5PwOQWbpmxk1D2dk=".into(),
        };
        assert_eq!(relay.ice_server("ada", 1_700_000_000), expected);
        assert!(!format!("{relay:?}").contains("north"));
    }

    #[test]
    fn half_a_relay_and_an_empty_secret_are_refused() {
        let folder = tempfile::tempdir().expect("there is a disk");
        let file = folder.path().join("secret");
        let addresses = vec!["turn:turn.example.org".to_owned()];
        let with = |addresses: &[String], secret| Config { addresses: addresses.to_vec(), secret, ..Config::default() };
        assert!(matches!(Relay::load(&Config::default()), Ok(None)));
        assert!(matches!(Relay::load(&with(&addresses, None)), Err(Error::Half)));
        assert!(matches!(Relay::load(&with(&[], Some(file.clone()))), Err(Error::Half)));
        assert!(matches!(Relay::load(&with(&addresses, Some(file.clone()))), Err(Error::Unreadable(..))));
        for text in ["", "\n", "too short", "one two three four five"] {
            std::fs::write(&file, text).expect("it can be written");
            assert!(matches!(Relay::load(&with(&addresses, Some(file.clone()))), Err(Error::NoSecret(_))), "{text:?}");
        }
    }

    #[test]
    fn addresses_are_those_that_browsers_take() {
        for right in
            ["turn:a", "turn:a.example:3478?transport=udp", "turns:[2001:db8::1]:443?transport=tcp", "turns:[::1]"]
        {
            assert!(is_uri(right), "{right}");
        }
        for wrong in
            ["", "stun:a", "turn:", "turn://a", "turn:a:0", "turn:a:x", "turn:a?x", "turn:a b", "turn:[a]", "turn:a/b"]
        {
            assert!(!is_uri(wrong), "{wrong}");
        }
    }

    #[test]
    fn base64_is_padded() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}

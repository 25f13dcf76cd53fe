//! `[acme]`: certificates for names that somebody owns, from an authority that browsers trust.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::digest;
use data_encoding::BASE64;
use serde::{Deserialize, Deserializer, Serialize};
use url::Url;

use crate::drivers::fetch;
use crate::drivers::tls::names::Names;
use crate::model::secret::Secret;
use crate::model::{duration, quantity};
use crate::proto::lan;

/// Names in one certificate.
const NAMES: usize = 20;
/// acme-dns remembers two proofs for each of its accounts.
const ACME_DNS_NAMES: usize = 2;
/// Longest host name, in bytes: RFC 1035 section 2.3.4.
const LONGEST: usize = 253;
/// Most that is read of a secret's file, in bytes.
const LARGEST: usize = 4096;
/// A TSIG key is at least this long, in bytes: RFC 2845 section 8 asks for no less.
const SHORTEST_KEY: usize = 16;
/// Port of DNS.
const DNS: u16 = 53;

/// Which names get certificates from an authority, and how the box proves that they are its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Host names, `*.` in front of one for everything below it, or addresses. None: nobody is asked for anything.
    #[serde(deserialize_with = "names")]
    pub names: Vec<String>,
    /// Whether the owner agrees to the authority's terms of service.
    pub agree_to_terms: bool,
    /// Where the authority's directory is (RFC 8555 section 7.1.1).
    #[serde(deserialize_with = "directory")]
    pub directory: String,
    /// The file with the certificate authority by which the directory's own HTTPS is trusted, if the system does not trust it.
    #[serde(serialize_with = "quantity::write_file", deserialize_with = "pem")]
    pub trust: Option<PathBuf>,
    /// The address for mail that the authority may write to; empty for none.
    #[serde(deserialize_with = "contact")]
    pub contact: String,
    /// How the box proves that the names are its own.
    #[serde(deserialize_with = "challenge")]
    pub challenge: Challenge,
    /// The name server that takes updates (RFC 2136), with its port if that is not 53; empty for none.
    #[serde(deserialize_with = "server")]
    pub dns_server: String,
    /// The zone that is updated.
    #[serde(deserialize_with = "zone")]
    pub dns_zone: String,
    /// What the key is called by which updates are signed (TSIG, HMAC-SHA256).
    #[serde(deserialize_with = "zone")]
    pub dns_key_name: String,
    /// The file with that key, in base64.
    #[serde(serialize_with = "quantity::write_file", deserialize_with = "key")]
    pub dns_key: Option<PathBuf>,
    /// An acme-dns server by its web address; empty for none.
    #[serde(deserialize_with = "acme_dns")]
    pub acme_dns: String,
    /// The file with what that server answered when the box was registered there.
    #[serde(serialize_with = "quantity::write_file", deserialize_with = "account")]
    pub acme_dns_account: Option<PathBuf>,
    /// How long the name servers may take to tell each other of a proof.
    #[serde(serialize_with = "duration::serialize", deserialize_with = "wait")]
    pub dns_wait: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            agree_to_terms: false,
            directory: "https://acme-v02.api.letsencrypt.org/directory".into(),
            trust: None,
            contact: String::new(),
            challenge: Challenge::Http,
            dns_server: String::new(),
            dns_zone: String::new(),
            dns_key_name: String::new(),
            dns_key: None,
            acme_dns: String::new(),
            acme_dns_account: None,
            dns_wait: Duration::from_secs(20),
        }
    }
}

/// How the box proves that a name is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Challenge {
    /// The authority asks the box at port 80: RFC 8555 section 8.3.
    #[serde(rename = "http-01")]
    Http,
    /// The box puts a record into the DNS: RFC 8555 section 8.4.
    #[serde(rename = "dns-01")]
    Dns,
}

fn challenge<'de, D: Deserializer<'de>>(from: D) -> Result<Challenge, D::Error> {
    quantity::text(from, "\"http-01\" or \"dns-01\"", |text| match text {
        "http-01" => Ok(Challenge::Http),
        "dns-01" => Ok(Challenge::Dns),
        _ => Err(format!("{text:?} is not one of: http-01, dns-01")),
    })
}

fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    use serde::de::Error;
    let mut names = Vec::<String>::deserialize(from)?;
    for name in &mut names {
        name.make_ascii_lowercase();
        if let Ok(address) = name.parse::<IpAddr>() {
            *name = address.to_string();
        } else if !is_host(name.strip_prefix("*.").unwrap_or(name)) {
            return Err(D::Error::custom(format_args!(
                "{name:?} is not a name such as \"porch.example.org\" or \"*.porch.example.org\", or an address"
            )));
        }
    }
    if names.len() > NAMES {
        return Err(D::Error::custom(format_args!("{} names are more than {NAMES}", names.len())));
    }
    names.sort();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(twice) => Err(D::Error::custom(format_args!("{:?} is there twice", twice[0]))),
        None => Ok(names),
    }
}

/// Whether a text is a host name of two labels or more, as DNS and certificates write it: RFC 1123 section 2.1.
fn is_host(text: &str) -> bool {
    text.len() <= LONGEST && text.contains('.') && text.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&label.len()) && label.bytes().all(inside) && !label.starts_with('-') && !label.ends_with('-')
}

fn directory<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    const EXPECTED: &str = "a web address such as \"https://acme-v02.api.letsencrypt.org/directory\"";
    quantity::text(from, EXPECTED, |text| match is_url(text, &["https"]) {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?} is not {EXPECTED}")),
    })
}

fn acme_dns<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    const EXPECTED: &str = "a web address such as \"https://acme-dns.example.org\", or nothing";
    quantity::text(from, EXPECTED, |text| match text.is_empty() || is_url(text, &["https", "http"]) {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => Err(format!("{text:?} is not {EXPECTED}")),
    })
}

fn is_url(text: &str, schemes: &[&str]) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        schemes.contains(&url.scheme()) && url.host_str().is_some_and(|host| !host.is_empty()) && bare
    })
}

fn contact<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    const EXPECTED: &str = "an address for mail such as \"ada@example.org\", or nothing";
    quantity::text(from, EXPECTED, |text| {
        let plain =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic() && !b"?&,<>@".contains(&b));
        match text.split_once('@') {
            None if text.is_empty() => Ok(String::new()),
            Some((who, host)) if plain(who) && is_host(&host.to_ascii_lowercase()) => Ok(text.to_owned()),
            _ => Err(format!("{text:?} is not {EXPECTED}")),
        }
    })
}

fn zone<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    const EXPECTED: &str = "a name of the DNS such as \"example.org\", or nothing";
    quantity::text(from, EXPECTED, |text| {
        let name = text.trim_end_matches('.').to_ascii_lowercase();
        let right = name.len() <= LONGEST && name.split('.').all(|label| is_label(&label.replace('_', "x")));
        match name.is_empty() || right {
            true => Ok(name),
            false => Err(format!("{text:?} is not {EXPECTED}")),
        }
    })
}

fn server<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    const EXPECTED: &str =
        "a name server such as \"ns.example.org\", \"192.0.2.53:5353\" or \"[2001:db8::53]:53\", or nothing";
    quantity::text(from, EXPECTED, |text| match text.is_empty() || host_and_port(text).is_some() {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?} is not {EXPECTED}")),
    })
}

fn host_and_port(text: &str) -> Option<(String, u16)> {
    if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return Some((address.to_string(), DNS));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0)?),
        None => (text, DNS),
    };
    let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let right = match inside {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(|label| is_label(&label.to_ascii_lowercase())),
    };
    right.then(|| (inside.unwrap_or(host).to_owned(), port))
}

fn pem<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    quantity::file(from, "a file by its whole path, such as \"/etc/porchlight/authority.pem\", or nothing")
}

fn key<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    quantity::file(from, "a file by its whole path, such as \"/etc/porchlight/dns-key\", or nothing")
}

fn account<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    quantity::file(from, "a file by its whole path, such as \"/etc/porchlight/acme-dns.json\", or nothing")
}

fn wait<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    duration::within(from, Duration::ZERO..=Duration::from_secs(600))
}

/// What does not go together, or can't be used. Each is one line with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no HTTPS that a certificate could be for.
    #[error("acme.names is for HTTPS: turn https.enabled on, or leave acme.names empty")]
    NoHttps,
    /// There is a certificate already.
    #[error("acme.names and https.certificate: give one of them, since a box has one certificate for its names")]
    Two,
    /// Nobody agreed.
    #[error(
        "acme.agree_to_terms must be true: read the terms of service of the authority at acme.directory, and say that you agree to them"
    )]
    Terms,
    /// No public authority signs for it.
    #[error(
        "acme.names: no public authority signs for {0}, and the box's own does without a word; for an authority at home give acme.trust"
    )]
    Local(String),
    /// Only the DNS proves a wildcard.
    #[error("acme.names: {0} needs acme.challenge = \"dns-01\"")]
    Wildcard(String),
    /// Only a request proves an address.
    #[error("acme.names: {0} is an address, which needs acme.challenge = \"http-01\"")]
    Address(String),
    /// Nobody, or more than one, is to be asked for records.
    #[error("acme.challenge = \"dns-01\" needs one of acme.dns_server and acme.acme_dns")]
    Provider,
    /// Something of an update is missing.
    #[error("acme.dns_server needs acme.dns_zone, acme.dns_key_name and acme.dns_key")]
    Update,
    /// The zone does not hold it.
    #[error("acme.names: {0} is not in the zone of acme.dns_zone")]
    Zone(String),
    /// The account is missing.
    #[error("acme.acme_dns needs acme.acme_dns_account")]
    Account,
    /// More than acme-dns remembers.
    #[error("acme.names: with acme-dns there can be {ACME_DNS_NAMES} names at most")]
    TooMany,
    /// A file can't be read.
    #[error("{0} of {1} can't be read: {2}")]
    Unreadable(PathBuf, &'static str, String),
    /// It holds no certificates.
    #[error("{0} of acme.trust can't be used: {1}")]
    Trust(PathBuf, String),
    /// It holds no key.
    #[error("{0} of acme.dns_key must hold one line of base64, as the secret of \"tsig-keygen -a hmac-sha256\"")]
    Key(PathBuf),
    /// It holds no account.
    #[error(
        "{0} of acme.acme_dns_account must hold what acme-dns answered at /register: JSON with username, password and subdomain"
    )]
    NoAccount(PathBuf),
}

/// What is to be had, how, and from whom: everything of the configuration, checked, with its secrets.
#[derive(Clone)]
pub struct Plan {
    /// Whom the certificate is for.
    pub(super) names: Vec<String>,
    pub(super) directory: String,
    /// PEM.
    pub(super) trust: Option<Vec<u8>>,
    pub(super) contact: String,
    pub(super) proof: Proof,
}

/// How names are proven.
#[derive(Clone)]
pub(super) enum Proof {
    Http,
    Dns { provider: Provider, wait: Duration },
}

/// Who is asked to put records into the DNS.
#[derive(Clone)]
pub(super) enum Provider {
    /// A name server: RFC 2136, signed as RFC 8945 has it.
    Update { server: (String, u16), zone: String, key_name: String, key: Vec<u8> },
    /// acme-dns.
    AcmeDns { server: Url, account: Account },
}

/// What acme-dns gave when the box was registered there.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Account {
    pub(super) username: String,
    pub(super) password: Secret,
    pub(super) subdomain: String,
}

/// Neither name nor secret is for a log.
impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("names", &self.names.len()).finish_non_exhaustive()
    }
}

impl Plan {
    /// Reads the files and holds the keys against each other; `None` without names. Blocks.
    ///
    /// # Errors
    /// All of [`Error`].
    pub fn load(config: &Config, https: &super::super::Config) -> Result<Option<Self>, Error> {
        if config.names.is_empty() {
            return Ok(None);
        }
        if !https.enabled {
            return Err(Error::NoHttps);
        }
        if https.certificate.is_some() || https.key.is_some() {
            return Err(Error::Two);
        }
        if !config.agree_to_terms {
            return Err(Error::Terms);
        }
        let trust = config.trust.as_ref().map(|path| {
            let pem = read(path, "acme.trust")?;
            fetch::tls(Some(&pem), None).map_err(|reason| Error::Trust(path.clone(), reason))?;
            Ok(pem)
        });
        let trust = trust.transpose()?;
        for name in &config.names {
            let address = name.parse::<IpAddr>().ok();
            if trust.is_none() && (lan::is_local(name) || address.is_some_and(lan::is_private)) {
                return Err(Error::Local(name.clone()));
            }
            match config.challenge {
                Challenge::Http if name.starts_with('*') => return Err(Error::Wildcard(name.clone())),
                Challenge::Dns if address.is_some() => return Err(Error::Address(name.clone())),
                _ => {}
            }
        }
        let proof = match config.challenge {
            Challenge::Http => Proof::Http,
            Challenge::Dns => Proof::Dns { provider: provider(config)?, wait: config.dns_wait },
        };
        let (names, directory, contact) = (config.names.clone(), config.directory.clone(), config.contact.clone());
        Ok(Some(Self { names, directory, trust, contact, proof }))
    }

    /// Another text for another configuration: what failed with the one before may not fail with this one.
    pub(super) fn mark(&self) -> String {
        let mut parts =
            vec![self.directory.as_bytes(), self.contact.as_bytes(), self.trust.as_deref().unwrap_or_default()];
        parts.extend(self.names.iter().map(String::as_bytes));
        match &self.proof {
            Proof::Http => {}
            Proof::Dns { provider: Provider::Update { server, zone, key_name, key }, .. } => {
                parts.extend([server.0.as_bytes(), zone.as_bytes(), key_name.as_bytes(), key]);
            }
            Proof::Dns { provider: Provider::AcmeDns { server, account }, .. } => {
                let Account { username, password, subdomain } = account;
                let texts = [server.as_str(), username, password.reveal(), subdomain];
                parts.extend(texts.map(str::as_bytes));
            }
        }
        // A part that ends where another begins is no other one.
        let mut whole = digest::Context::new(&digest::SHA256);
        for part in parts {
            whole.update(digest::digest(&digest::SHA256, part).as_ref());
        }
        whole.finish().as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whom the certificate is for, as certificates say it.
    pub(super) fn wanted(&self) -> Names {
        let mut wanted = Names::default();
        for name in &self.names {
            match name.parse() {
                Ok(address) => drop(wanted.addresses.insert(address)),
                Err(_) => drop(wanted.hosts.insert(name.clone())),
            }
        }
        wanted
    }
}

fn provider(config: &Config) -> Result<Provider, Error> {
    match (host_and_port(&config.dns_server), Url::parse(&config.acme_dns).ok()) {
        (Some(server), None) => {
            let (false, false, Some(path)) =
                (config.dns_zone.is_empty(), config.dns_key_name.is_empty(), &config.dns_key)
            else {
                return Err(Error::Update);
            };
            let zone = config.dns_zone.clone();
            let outside = |name: &&String| {
                let host = name.strip_prefix("*.").unwrap_or(name);
                host != zone && !host.strip_suffix(&zone).is_some_and(|rest| rest.ends_with('.'))
            };
            if let Some(name) = config.names.iter().find(outside) {
                return Err(Error::Zone(name.clone()));
            }
            let text = read(path, "acme.dns_key")?;
            let key = BASE64.decode(text.trim_ascii()).ok().filter(|key| key.len() >= SHORTEST_KEY);
            let key = key.ok_or_else(|| Error::Key(path.clone()))?;
            Ok(Provider::Update { server, zone, key_name: config.dns_key_name.clone(), key })
        }
        (None, Some(server)) => {
            if config.names.len() > ACME_DNS_NAMES {
                return Err(Error::TooMany);
            }
            let path = config.acme_dns_account.as_ref().ok_or(Error::Account)?;
            let text = read(path, "acme.acme_dns_account")?;
            let account = serde_json::from_slice::<Account>(&text).ok().filter(|account| {
                let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
                plain(&account.username) && plain(account.password.reveal()) && plain(&account.subdomain)
            });
            Ok(Provider::AcmeDns { server, account: account.ok_or_else(|| Error::NoAccount(path.clone()))? })
        }
        _ => Err(Error::Provider),
    }
}

fn read(path: &Path, key: &'static str) -> Result<Vec<u8>, Error> {
    let unreadable = |reason: String| Error::Unreadable(path.to_owned(), key, reason);
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let most = if key == "acme.trust" { 64 * LARGEST } else { LARGEST };
    if bytes.len() > most { Err(unreadable("it is too large".into())) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests;

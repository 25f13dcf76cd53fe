//! `[mqtt]`: the broker, and who the box is there.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use rustls::ClientConfig;
use serde::de::Deserializer;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::drivers::fetch::{self, Identity};
use crate::model::opening::Opening;
use crate::model::quantity;
use crate::model::secret::Secret;

/// Longest password that is read, in bytes.
const LONGEST: usize = 1024;

/// Which broker, if any.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `mqtts://broker.lan` or `mqtt://10.0.0.5:1883`; empty for none.
    #[serde(deserialize_with = "broker")]
    pub broker: String,
    /// Who the box is there; empty if the broker does not ask.
    #[serde(deserialize_with = "user")]
    pub user: String,
    /// The file with the password of that.
    #[serde(serialize_with = "quantity::write_file", deserialize_with = "password")]
    pub password: Option<PathBuf>,
    /// The file with the certificate authority of the broker, if the system does not trust it.
    #[serde(serialize_with = "quantity::write_file", deserialize_with = "pem")]
    pub authority: Option<PathBuf>,
    /// The file with the box's certificate, for brokers that ask for one.
    #[serde(serialize_with = "quantity::write_file", deserialize_with = "pem")]
    pub certificate: Option<PathBuf>,
    /// The file with the key of that.
    #[serde(serialize_with = "quantity::write_file", deserialize_with = "pem")]
    pub key: Option<PathBuf>,
    /// What all topics of Porchlight begin with.
    #[serde(deserialize_with = "prefix")]
    pub prefix: String,
    /// What Home Assistant's topics begin with; empty: it is told nothing.
    #[serde(deserialize_with = "discovery")]
    pub discovery: String,
    /// What may be opened by it, each after it was announced in the room.
    pub allow: Vec<Opening>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            broker: String::new(),
            user: String::new(),
            password: None,
            authority: None,
            certificate: None,
            key: None,
            prefix: "porchlight".into(),
            discovery: "homeassistant".into(),
            allow: Vec::new(),
        }
    }
}

fn broker<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    const EXPECTED: &str = "an address such as \"mqtts://broker.lan\" or \"mqtt://10.0.0.5:1883\", or nothing";
    quantity::text(from, EXPECTED, |text| match address(text) {
        Some(_) => Ok(text.to_owned()),
        None if text.is_empty() => Ok(String::new()),
        None => Err(format!("{text:?} is not {EXPECTED}")),
    })
}

fn user<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    quantity::text(from, "a name of at most 256 bytes", |text| match text.len() {
        0..=256 => Ok(text.to_owned()),
        _ => Err("this name has more than 256 bytes"),
    })
}

fn password<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    quantity::file(from, "a file by its whole path, such as \"/etc/porchlight/mqtt-password\", or nothing")
}

fn pem<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    quantity::file(from, "a file by its whole path, such as \"/etc/porchlight/mqtt.pem\", or nothing")
}

fn prefix<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    const EXPECTED: &str = "the beginning of topics, such as \"porchlight\"";
    quantity::text(from, EXPECTED, |text| match is_topic(text) {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?} is not {EXPECTED}")),
    })
}

fn discovery<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    const EXPECTED: &str = "the beginning of topics, such as \"homeassistant\", or nothing";
    quantity::text(from, EXPECTED, |text| match text.is_empty() || is_topic(text) {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?} is not {EXPECTED}")),
    })
}

fn is_topic(text: &str) -> bool {
    let level =
        |level: &str| !level.is_empty() && level.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    text.len() <= 64 && text.split('/').all(level)
}

/// Whether it is by TLS, the host, the port.
fn address(text: &str) -> Option<(bool, String, u16)> {
    let url = Url::parse(text).ok()?;
    let secure = match url.scheme() {
        "mqtts" => true,
        "mqtt" => false,
        _ => return None,
    };
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    let host = url.host_str().filter(|host| !host.is_empty() && bare && matches!(url.path(), "" | "/"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Some((secure, host, url.port().unwrap_or(if secure { 8883 } else { 1883 })))
}

/// Why the configuration does not do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file can't be read.
    #[error("{0} of {1} can't be read: {2}")]
    Unreadable(PathBuf, &'static str, #[source] std::io::Error),
    /// It holds no password.
    #[error("{0} of mqtt.password must hold one line of 1 to {LONGEST} characters")]
    NoPassword(PathBuf),
    /// Only one of the two files is configured.
    #[error("mqtt.certificate and mqtt.key belong together: give both, or neither")]
    Half,
    /// The broker has no TLS, and a password would go through the network for everybody to read.
    #[error("mqtt.broker without TLS and mqtt.password: use mqtts://, or a broker on this machine")]
    Open,
    /// The certificates can't be used.
    #[error("the certificates of mqtt.authority, mqtt.certificate and mqtt.key can't be used: {0}")]
    Certificates(String),
}

/// What a connection needs.
#[derive(Clone)]
pub struct Broker {
    /// Name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Set if it is spoken to by TLS.
    pub tls: Option<Arc<ClientConfig>>,
    /// Who the box is there, and its password.
    pub login: Option<(String, Option<Secret>)>,
}

/// Neither address nor password is for a log.
impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker").field("tls", &self.tls.is_some()).finish_non_exhaustive()
    }
}

impl Broker {
    /// Reads the files; `None` if no broker is configured.
    ///
    /// # Errors
    /// All of [`Error`].
    pub fn load(config: &Config) -> Result<Option<Self>, Error> {
        let Some((secure, host, port)) = address(&config.broker) else { return Ok(None) };
        let password = config.password.as_ref().map(|path| {
            let bytes = read(path, "mqtt.password")?;
            let text = std::str::from_utf8(&bytes).unwrap_or_default().trim_end_matches(['\r', '\n']);
            if text.is_empty() || text.len() > LONGEST || text.contains('\n') {
                return Err(Error::NoPassword(path.clone()));
            }
            Ok(Secret::new(text))
        });
        let password = password.transpose()?;
        let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if !secure && !here && password.is_some() {
            return Err(Error::Open);
        }
        let authority = config.authority.as_ref().map(|path| read(path, "mqtt.authority")).transpose()?;
        let identity = match (&config.certificate, &config.key) {
            (Some(certificate), Some(key)) => {
                Some(Identity { certificate: read(certificate, "mqtt.certificate")?, key: read(key, "mqtt.key")? })
            }
            (None, None) => None,
            _ => return Err(Error::Half),
        };
        let tls =
            secure.then(|| fetch::tls(authority.as_deref(), identity).map_err(Error::Certificates)).transpose()?;
        let login = (!config.user.is_empty()).then(|| (config.user.clone(), password));
        Ok(Some(Self { host, port, tls, login }))
    }
}

fn read(path: &PathBuf, key: &'static str) -> Result<Bytes, Error> {
    std::fs::read(path).map(Bytes::from).map_err(|error| Error::Unreadable(path.clone(), key, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_a_broker_and_nothing_else() {
        assert_eq!(address("mqtts://broker.lan"), Some((true, "broker.lan".into(), 8883)));
        assert_eq!(address("mqtt://10.0.0.5:1884/"), Some((false, "10.0.0.5".into(), 1884)));
        assert_eq!(address("mqtts://[fd00::5]"), Some((true, "fd00::5".into(), 8883)));
        for wrong in [
            "",
            "broker.lan",
            "http://broker.lan",
            "mqtt://",
            "mqtt://me:secret@broker.lan",
            "mqtt://a/b",
            "mqtt://a?b",
        ] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let folder = tempfile::tempdir().expect("there is a disk");
        let (password, empty) = (folder.path().join("password"), folder.path().join("empty"));
        std::fs::write(&password, "secret\n").expect("it can be written");
        std::fs::write(&empty, "\n").expect("it can be written");
        let config = |broker: &str| Config { broker: broker.into(), user: "box".into(), ..Config::default() };
        assert!(matches!(Broker::load(&config("")), Ok(None)));
        let with = |broker: &str, file: &PathBuf| Config { password: Some(file.clone()), ..config(broker) };
        assert!(matches!(Broker::load(&with("mqtt://10.0.0.5", &password)), Err(Error::Open)));
        assert!(matches!(Broker::load(&with("mqtts://10.0.0.5", &empty)), Err(Error::NoPassword(_))));
        assert!(matches!(
            Broker::load(&with("mqtts://10.0.0.5", &folder.path().join("no"))),
            Err(Error::Unreadable(..))
        ));
        let half = Config { certificate: Some(password.clone()), ..config("mqtts://10.0.0.5") };
        assert!(matches!(Broker::load(&half), Err(Error::Half)));
        let junk = Config { key: Some(password.clone()), ..half };
        assert!(matches!(Broker::load(&junk), Err(Error::Certificates(_))));
        let here = Broker::load(&with("mqtt://127.0.0.1", &password)).expect("it is right").expect("there is one");
        assert_eq!((here.port, here.tls.is_some()), (1883, false));
        assert!(!format!("{here:?}").contains("secret"));
        assert!(Broker::load(&with("mqtts://10.0.0.5", &password)).expect("it is right").is_some());
    }

    #[test]
    fn topics_begin_with_plain_words() {
        for right in ["porchlight", "home/upstairs", "a-b_c.1"] {
            assert!(is_topic(right), "{right}");
        }
        for wrong in ["", "/a", "a/", "a//b", "a+b", "#", "a b", "$SYS", &"a".repeat(65)] {
            assert!(!is_topic(wrong), "{wrong}");
        }
    }
}

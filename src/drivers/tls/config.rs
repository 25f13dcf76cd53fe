//! `[https]`: the secure address.

use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::quantity;

/// Where the box serves HTTPS, and by which certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether there is HTTPS at all.
    pub enabled: bool,
    /// The TCP address and port.
    #[serde(deserialize_with = "quantity::socket")]
    pub listen: SocketAddr,
    /// A certificate of one's own: PEM, the server's first, then those between it and the root. `None` takes one of the
    /// box's own authority. Written as an empty text in the file.
    #[serde(serialize_with = "write_path", deserialize_with = "path")]
    pub certificate: Option<PathBuf>,
    /// Its private key: PEM, not encrypted.
    #[serde(serialize_with = "write_path", deserialize_with = "path")]
    pub key: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self { enabled: true, listen: (Ipv6Addr::UNSPECIFIED, 8443).into(), certificate: None, key: None }
    }
}

fn write_path<S: Serializer>(path: &Option<PathBuf>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&path.as_ref().map(|path| path.to_string_lossy()).unwrap_or_default())
}

fn path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    const EXPECTED: &str = "a file by its whole path, such as \"/etc/porchlight/box.pem\", or nothing";
    quantity::text(from, EXPECTED, |text| match PathBuf::from(text) {
        _ if text.is_empty() => Ok(None),
        path if path.is_absolute() => Ok(Some(path)),
        _ => Err(format!("{text:?} is not {EXPECTED}")),
    })
}

//! `[https]`: the secure address.

use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};

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
    #[serde(serialize_with = "quantity::write_file", deserialize_with = "path")]
    pub certificate: Option<PathBuf>,
    /// Its private key: PEM, not encrypted.
    #[serde(serialize_with = "quantity::write_file", deserialize_with = "path")]
    pub key: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self { enabled: true, listen: (Ipv6Addr::UNSPECIFIED, 8443).into(), certificate: None, key: None }
    }
}

fn path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    quantity::file(from, "a file by its whole path, such as \"/etc/porchlight/box.pem\", or nothing")
}

//! `[http]`: pages, API and streams.

use std::net::{Ipv6Addr, SocketAddr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::quantity;

/// Where the box serves HTTP, and under which address people reach it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The TCP address and port.
    #[serde(deserialize_with = "quantity::socket")]
    pub listen: SocketAddr,
    /// The beginning of links that the box hands out, without a slash at the end; `None` takes what the browser asked
    /// for. Written as an empty text in the file.
    #[serde(serialize_with = "write_url", deserialize_with = "public_url")]
    pub public_url: Option<String>,
    /// Connections that one address may hold at one time, other than this machine's own; 16 to 2 000.
    #[serde(deserialize_with = "connections")]
    pub connections_per_address: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { listen: (Ipv6Addr::UNSPECIFIED, 8080).into(), public_url: None, connections_per_address: 512 }
    }
}

fn connections<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    quantity::whole(from, 16..=2_000)
}

fn write_url<S: Serializer>(url: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(url.as_deref().unwrap_or_default())
}

fn public_url<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    const EXPECTED: &str = "a web address such as \"https://porch.example.org\"";
    quantity::text(from, EXPECTED, |text| {
        if text.is_empty() {
            return Ok(None);
        }
        let plain = text.trim_end_matches('/');
        let host = plain.strip_prefix("https://").or_else(|| plain.strip_prefix("http://"));
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
        match host {
            Some(host) if !host.is_empty() && host.chars().all(allowed) => Ok(Some(plain.to_owned())),
            _ => Err(format!("{text:?} is not {EXPECTED}, without a path")),
        }
    })
}

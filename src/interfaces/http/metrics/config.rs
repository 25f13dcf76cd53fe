//! `[metrics]`: numbers for a monitoring system.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::quantity;

/// Where the numbers are served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// A TCP address and port of their own; `None`, written as an empty text, serves them nowhere.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    pub listen: Option<SocketAddr>,
}

impl Default for Config {
    fn default() -> Self {
        Self { listen: Some((Ipv4Addr::LOCALHOST, 9189).into()) }
    }
}

fn write<S: Serializer>(listen: &Option<SocketAddr>, to: S) -> Result<S::Ok, S::Error> {
    match listen {
        Some(address) => to.collect_str(address),
        None => to.serialize_str(""),
    }
}

fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    const EXPECTED: &str = "an address and port such as \"127.0.0.1:9189\", or empty for none";
    quantity::text(from, EXPECTED, |text| match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| format!("{text:?} is not {EXPECTED}")),
    })
}

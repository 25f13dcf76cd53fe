//! `[peers]`: WebRTC.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::model::quantity;

/// Where browsers send their media, and which addresses they are told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The one UDP address and port for the media of all browsers.
    #[serde(deserialize_with = "quantity::socket")]
    pub listen: SocketAddr,
    /// The addresses that browsers are told; empty means those of this box's network interfaces.
    pub announce: Vec<IpAddr>,
}

impl Default for Config {
    fn default() -> Self {
        Self { listen: (Ipv6Addr::UNSPECIFIED, 8189).into(), announce: Vec::new() }
    }
}

//! Where browsers reach the calls.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

/// `[peers]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// UDP address for all calls. A wildcard address stands for every address of the box except loopback.
    pub listen: SocketAddr,
    /// Further addresses at which the outside reaches this port, for example that of a router which forwards it.
    pub announce: Vec<IpAddr>,
}

impl Default for Config {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8189)), announce: Vec::new() }
    }
}

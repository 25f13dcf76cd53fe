//! `[peers]`: WebRTC.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};

use crate::model::quantity;
use crate::proto::ice::asking::SERVERS;

/// Where browsers send their media, and which addresses they are told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The one UDP address and port for the media of all browsers.
    #[serde(deserialize_with = "quantity::socket")]
    pub listen: SocketAddr,
    /// The addresses that browsers are told; empty means those of this box's network interfaces.
    pub announce: Vec<IpAddr>,
    /// Whether media is taken by TCP as well: at the port with the number of `listen`, and at those of the pages.
    pub tcp: bool,
    /// STUN servers that are asked where they see the UDP port, as `host:port`. Each is a third party.
    #[serde(deserialize_with = "servers")]
    pub stun: Vec<String>,
    /// Whether the router is asked to forward the ports.
    pub map_ports: bool,
    /// Threads that share the connections; 0 means one for each CPU, at most four.
    #[serde(deserialize_with = "threads")]
    pub threads: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: (Ipv6Addr::UNSPECIFIED, 8189).into(),
            announce: Vec::new(),
            tcp: true,
            stun: Vec::new(),
            map_ports: false,
            threads: 0,
        }
    }
}

/// Threads at most; with more than that, reading the port is what limits.
const THREADS: usize = 16;
/// Threads at most where the box chooses.
const CHOSEN: usize = 4;

impl Config {
    /// How many threads there are to be.
    pub(super) fn workers(&self) -> usize {
        let cpus = || std::thread::available_parallelism().map_or(1, usize::from).min(CHOSEN);
        if self.threads == 0 { cpus() } else { self.threads.min(THREADS) }
    }
}

/// Reads the number of threads.
fn threads<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    match usize::deserialize(from)? {
        threads if threads <= THREADS => Ok(threads),
        threads => Err(D::Error::custom(format_args!("{threads} threads are more than {THREADS}"))),
    }
}

/// Reads the STUN servers.
fn servers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let servers = Vec::<String>::deserialize(from)?;
    if servers.len() > SERVERS {
        return Err(D::Error::custom(format_args!("{} servers are more than {SERVERS}", servers.len())));
    }
    let right = |name: &&String| {
        let parts = name.rsplit_once(':');
        parts.is_some_and(|(host, port)| {
            !host.is_empty() && host.len() <= 253 && port.parse::<u16>().is_ok_and(|p| p > 0)
        })
    };
    match servers.iter().find(|name| !right(name)) {
        Some(wrong) => {
            Err(D::Error::custom(format_args!("{wrong:?} is not a host and port such as \"stun.example.org:3478\"")))
        }
        None => Ok(servers),
    }
}

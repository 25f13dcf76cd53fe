//! The ways to a peer: packets in a TCP connection (RFC 4571, 6544), and the address from which the outside sees us
//! (RFC 8489).

pub mod asking;
pub mod framing;
pub mod stun;

use std::net::SocketAddr;

/// What carries packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A connection that the browser opens (RFC 6544).
    Tcp,
}

/// Where the outside reaches a port of ours, as a router or a STUN server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outside {
    /// What it takes.
    pub transport: Transport,
    /// Where it is reached.
    pub at: SocketAddr,
}

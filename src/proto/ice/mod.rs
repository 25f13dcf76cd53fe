//! The ways to a peer: packets in a TCP connection (RFC 4571, 6544), and the address from which the outside sees us
//! (RFC 8489).

pub mod asking;
pub mod framing;
pub mod stun;

//! WebRTC peers.

//! WebRTC. Browsers and other clients come to [`server`]; nobody above can tell which engine is underneath.

pub mod probe;
pub mod server;

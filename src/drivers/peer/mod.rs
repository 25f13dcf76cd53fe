//! WebRTC. Browsers and other clients come to [`server`]; where the box calls itself, it does so by [`client`]. Nobody above can tell which
//! engines are underneath.

pub mod client;
pub mod probe;
pub mod server;

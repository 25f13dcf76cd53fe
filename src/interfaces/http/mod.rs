//! HTTP and WebSocket: pages, API, signalling and streams on one address.
//!
//! Every route stands in [`routes::TABLE`] together with what it needs; the one gate checks it before the handler runs.
//! Nothing is decided here: handlers translate to commands of the services and back. docs/reference/http.md and
//! signalling.md describe the outside.

mod body;
mod broadcasts;
mod config;
mod error;
mod gate;
mod health;
mod hls;
mod pages;
mod projection;
mod rooms;
pub mod routes;
mod serve;
mod session;
pub mod signalling;
mod whep;

pub use config::Config;
pub use health::{Parts, Probe};
pub use serve::{Error, Server};

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::time::Timeline;
use crate::proto::auth::Name;
use crate::services::{access, broadcast, egress, endpoint, room};

/// What the handlers stand on; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// See [`App`].
pub struct Inner {
    /// Who may do what.
    pub access: access::Handle,
    /// The rooms.
    pub rooms: room::Handle,
    /// What can be watched.
    pub broadcasts: broadcast::Handle,
    /// The streams.
    pub egress: egress::Handle,
    /// Those who watch by WebRTC.
    pub whep: egress::whep::Handle,
    /// The box as a participant.
    pub endpoint: endpoint::Handle,
    /// What the box is called.
    pub name: Name,
    /// Where links lead, if not to where the browser asked.
    pub public_url: Option<String>,
    /// Which parts are up.
    pub parts: Parts,
    /// Media time.
    pub timeline: Timeline,
    /// Connections that outlive their request.
    pub tasks: TaskTracker,
    /// The box is shutting down.
    pub cancel: CancellationToken,
}

impl App {
    /// Puts the parts together.
    pub fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }
}

impl std::ops::Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

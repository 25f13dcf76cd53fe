//! HTTP, HTTPS and WebSocket: pages, API, signalling and streams.
//!
//! Every route stands in [`routes::TABLE`] together with what it needs; the one gate checks it before the handler runs.
//! Nothing is decided here: handlers translate to commands of the services and back. docs/reference/http.md and
//! signalling.md describe the outside.

mod account;
mod agent;
mod answer;
mod body;
mod broadcasts;
mod camera;
mod certificate;
pub mod chat;
mod config;
mod dash;
mod devices;
mod door;
mod error;
mod frames;
mod gate;
mod guest;
mod health;
mod hls;
mod lobby;
pub mod metrics;
mod network;
mod openapi;
mod order;
mod pages;
mod patience;
mod people;
mod places;
mod privacy;
mod projection;
mod pushes;
mod qr;
mod reachability;
mod recordings;
mod requests;
mod rooms;
pub mod routes;
mod screen;
mod serve;
mod session;
mod settings;
pub mod signalling;
mod sound;
mod statistics;
mod studio;
mod telephone;
#[cfg(any(test, fuzzing))]
pub(crate) mod testing;
mod trust;
mod update;
mod video;
mod whep;
mod wire;

pub use config::Config;
pub use door::{Arrival, Doors};
pub use health::{Parts, Probe};
pub use serve::{Door, Error, Server};

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::drivers::identity::turn;
use crate::drivers::peer::server as peers;
use crate::drivers::store;
use crate::model::count::Logged;
use crate::model::time::Timeline;
use crate::proto::mqtt::Connection;
use crate::services::access::Grant;
use crate::services::reachability as reach;
use crate::services::remote as far;
use crate::services::{
    access, audit, broadcast, chat as written, egress, endpoint, ladder, origin, privacy as private, program, push,
    recorder, room, telephone as phone, thumbnail,
};

/// What the handlers stand on; cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
    /// What was asked.
    requests: Arc<requests::Requests>,
    /// For those who watch recordings.
    seats: Arc<video::Seats>,
}

/// See [`App`].
pub struct Inner {
    /// Who may do what.
    pub access: access::Handle,
    /// What was done by whom.
    pub audit: audit::Handle,
    /// The rooms.
    pub rooms: room::Handle,
    /// What is written.
    pub chat: written::Handle,
    /// What can be watched.
    pub broadcasts: broadcast::Handle,
    /// The streams.
    pub egress: egress::Handle,
    /// Those who watch by WebRTC.
    pub whep: egress::whep::Handle,
    /// Where else broadcasts are sent.
    pub pushes: push::Handle,
    /// The smaller pictures of what is on air.
    pub ladder: ladder::Handle,
    /// Small pictures of it for lists.
    pub thumbnails: thumbnail::Handle,
    /// What may lie over the program.
    pub logo: program::logo::Logo,
    /// The box as a participant.
    pub endpoint: endpoint::Handle,
    /// Whether its camera and microphone are closed.
    pub privacy: private::Handle,
    /// Who rings.
    pub telephone: phone::Handle,
    /// The television.
    pub remote: far::Handle,
    /// What was recorded.
    pub recorder: recorder::Handle,
    /// How the box is reached.
    pub reach: reach::Handle,
    /// The relay that participants are told of.
    pub relay: Option<turn::Relay>,
    /// What the box is called.
    pub node: crate::services::node::Handle,
    /// How its connection with a broker of the house is.
    pub with_broker: watch::Receiver<Connection>,
    /// What its owner chooses.
    pub settings: crate::services::settings::Handle,
    /// Wireless networks.
    pub network: crate::services::network::Handle,
    /// Updates of the image that it is.
    pub updates: crate::services::update::Handle,
    /// Where links lead, if not to where the browser asked.
    pub public_url: Option<String>,
    /// Where the box is open.
    pub doors: Doors,
    /// Which parts are up.
    pub parts: Parts,
    /// Where numbers are read.
    pub seen: Seen,
    /// Media time.
    pub timeline: Timeline,
    /// Connections that outlive their request.
    pub tasks: TaskTracker,
    /// The box is shutting down.
    pub cancel: CancellationToken,
}

/// Who is asked for numbers beside those above.
pub struct Seen {
    /// The connections.
    pub peers: peers::Handle,
    /// Publications.
    pub origin: origin::Handle,
    /// What is remembered.
    pub store: store::Handle,
    /// Encoders, decoders, compositions, and what was started again.
    pub media: program::Seen,
    /// Warnings and errors in the log.
    pub logged: Arc<Logged>,
}

impl App {
    /// Puts the parts together.
    pub fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner), requests: Arc::default(), seats: Arc::default() }
    }
}

impl App {
    /// Notes in the audit log what somebody did.
    async fn note(&self, by: &Grant, entry: audit::Entry) {
        let actor = by.name().map(String::from).unwrap_or_default();
        self.audit.note(audit::Entry { actor, ..entry }).await;
    }
}

impl std::ops::Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.inner
    }
}

//! The box's name on the local network: `<name>.local` (RFC 6762) and the service `_porchlight._tcp` (RFC 6763). The home
//! of zbus and mdns-sd.
//!
//! Where avahi runs it publishes for us, through its D-Bus interface; elsewhere a responder of our own does. Either
//! probes first, so that a name that another box has is left to it and the next one is taken: `porch-2.local`. Which
//! networks may know the box is decided above: this is started only for those that others can reach.

mod avahi;
mod responder;
mod turns;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::proto::auth::Name;
use crate::proto::lan::Label;
use turns::Claim;

/// What the service is called in DNS-SD.
const SERVICE: &str = "_porchlight._tcp";

/// `[mdns]`: the name on the local network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether the box tells its name to the local network.
    pub enabled: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// What is published.
#[derive(Debug, Clone)]
pub struct Service {
    /// What people call the box, now and whenever that changes: the name of the service, and of the host as far as it goes.
    pub called: watch::Receiver<Name>,
    /// The TCP port to open the box at.
    pub port: u16,
    /// The addresses of the box, now and whenever they change.
    pub addresses: crate::drivers::mdns::Addresses,
}

/// The present addresses, and again whenever they change.
pub type Addresses = watch::Receiver<std::sync::Arc<[std::net::IpAddr]>>;

/// The host name that is published, `living-room.local`; `None` before it is known to be free.
pub type Published = watch::Receiver<Option<String>>;

/// How a way of publishing ended.
enum End {
    /// It is not there, or no longer.
    Absent,
    /// The box is shutting down.
    Stopped,
}

/// Publishes until `stop`, then says goodbye.
pub fn start(service: Service, tasks: &TaskTracker, stop: CancellationToken) -> Published {
    let (told, published) = watch::channel(None);
    tasks.spawn(run(service, told, stop));
    published
}

async fn run(mut service: Service, told: watch::Sender<Option<String>>, stop: CancellationToken) {
    let mut called = service.called.clone();
    loop {
        let name = called.borrow_and_update().clone();
        let turn = stop.child_token();
        let publishing = publish(&mut service, &name, &told, &turn);
        let mut publishing = std::pin::pin!(publishing);
        tokio::select! {
            () = &mut publishing => {}
            Ok(()) = called.changed() => {
                turn.cancel();
                publishing.await;
            }
        }
        if stop.is_cancelled() {
            return;
        }
        told.send_replace(None);
    }
}

/// Publishes one name until `stop`.
async fn publish(service: &mut Service, name: &Name, told: &watch::Sender<Option<String>>, stop: &CancellationToken) {
    let mut claim = Claim::new(Label::of(name.as_str()), name.as_str());
    loop {
        if let End::Stopped = avahi::publish(service, &mut claim, told, stop).await {
            return;
        }
        if let End::Stopped = responder::publish(service, &mut claim, told, stop).await {
            return;
        }
        told.send_replace(None);
    }
}

/// Makes the name known to those who hand it out, and to the log.
fn tell(told: &watch::Sender<Option<String>>, claim: &Claim) {
    let name = claim.host();
    if told.borrow().as_ref() == Some(&name) {
        return;
    }
    if claim.is_first() {
        tracing::info!(name, "the box has its name on the local network");
    } else {
        tracing::warn!(name, "another device has the name this box wished for; it is called this instead");
    }
    told.send_replace(Some(name));
}

/// What is said with the service: RFC 6763 section 6.
fn properties() -> [(&'static str, &'static str); 2] {
    [("version", env!("CARGO_PKG_VERSION")), ("path", "/")]
}

#[cfg(test)]
mod tests;

//! Reading the configuration again while the daemon runs.

use sd_notify::NotifyState;
use tokio::sync::watch;

use super::settings::Tried;
use crate::config::Config;
use crate::config::cli::Sources;
use crate::config::reload::{Change, Reload};
use crate::config::settings::Trial;
use crate::drivers::peer::server as peers;
use crate::services::{egress, endpoint, program, room};
use crate::telemetry::Filter;

/// The parts that take new values while they run.
pub(super) struct Changeable {
    pub(super) peers: peers::Handle,
    pub(super) rooms: room::Handle,
    pub(super) endpoint: watch::Sender<endpoint::Config>,
    pub(super) program: watch::Sender<program::Config>,
    pub(super) hls: watch::Sender<egress::Config>,
}

/// Reads the configuration again from where it came, and hands on what can change without a restart.
pub struct Reloader {
    pub(super) sources: Sources,
    log: Filter,
    pub(super) running: Config,
    pub(super) tried: Tried,
}

impl Reloader {
    /// `running` is what the daemon was started with, `sources` where that came from, `trial` whether the start tries what was chosen.
    pub(super) fn new(sources: Sources, log: Filter, running: Config, trial: Trial) -> Self {
        Self { sources, log, running, tried: Tried::new(trial) }
    }

    /// Reads it again. What is wrong changes nothing, and the log says where it stands.
    pub(super) async fn reload(&mut self, parts: &Changeable) {
        // systemd's Type=notify-reload waits for this pair; without a service manager there is nobody to tell.
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            let _ = sd_notify::notify(&[NotifyState::Reloading, now]);
        }
        match self.sources.load() {
            Ok(fresh) => {
                let changes = self.running.reload(&fresh);
                self.hand_on(parts).await;
                say(&changes);
            }
            Err(error) => tracing::error!("the configuration is wrong, everything stays as it was: {error}"),
        }
        let _ = sd_notify::notify(&[NotifyState::Ready]);
    }

    pub(super) async fn hand_on(&self, parts: &Changeable) {
        let Config { log, room, peers, endpoint, program, hls, .. } = &self.running;
        if let Err(error) = self.log.set(&log.level) {
            tracing::error!(%error, "the log goes on as before");
        }
        parts.rooms.set_most(room.max_participants).await;
        if let Err(error) = parts.peers.announce(peers.announce.clone()).await {
            tracing::error!(%error, "browsers are told the addresses from before");
        }
        parts.endpoint.send_if_modified(|before| (*before != *endpoint).then(|| before.clone_from(endpoint)).is_some());
        parts.program.send_replace(program.clone());
        parts.hls.send_replace(hls.clone());
    }
}

/// By key alone: a value may be an address.
fn say(changes: &[Change]) {
    if changes.is_empty() {
        tracing::info!("the configuration was read again; nothing has changed");
    }
    for Change { key, reload } in changes {
        match reload {
            Reload::Now => tracing::info!("{key} has changed; it holds for what starts from now on"),
            Reload::Restart => tracing::warn!("{key} has changed; it needs a restart"),
        }
    }
}

//! The only assembly: builds drivers, services and interfaces in order, and owns the order in which they stop.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;

/// The assembled daemon.
pub struct Daemon {
    config: Config,
}

impl Daemon {
    /// Builds every part of the daemon.
    ///
    /// # Errors
    /// When a part cannot start.
    pub async fn load(config: Config) -> anyhow::Result<Self> {
        Ok(Self { config })
    }

    /// Runs until `shutdown` completes, then stops every part in order.
    ///
    /// # Errors
    /// When a part fails and cannot be started again.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
        tracing::info!(name = %self.config.node.name, "ready");
        shutdown.await;
        Ok(())
    }
}

/// Completes at the first SIGTERM or Ctrl-C after this call.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn shutdown_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

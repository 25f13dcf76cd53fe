//! One run of the daemon after the other: what was chosen in the pages counts from the next on.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Context;

use super::{Daemon, Ended, Inherited, Reloader, Signals, reset};
use crate::config::cli::Sources;
use crate::config::settings::{self, Trial};
use crate::drivers::store;
use crate::telemetry;

/// How the daemon ends when the service manager is to start it again (`RestartForceExitStatus=` in its unit).
const AGAIN: u8 = 75;
/// How long what still runs in a thread of its own is waited for.
const LAST: Duration = Duration::from_secs(1);

/// Runs the daemon until it is asked to stop.
///
/// # Errors
/// When it can't start, or ended because a part of it did: a sentence that says which, and what to do.
pub fn serve(sources: Sources) -> anyhow::Result<ExitCode> {
    let inherited = Inherited::take()?;
    let handed_over = !inherited.is_empty();
    let state = sources.layers()?.state;
    // Whoever starts a second daemon takes nothing back from the first, which may be trying something.
    let mut forgotten = false;
    if state.is_dir() {
        match store::Lock::take(&state) {
            Err(error @ store::Error::InUse { .. }) => return Err(error.into()),
            // Of a folder that can't be used the store says more.
            Err(_) => {}
            Ok(lock) => {
                forgotten = reset::carry_out(&state)
                    .with_context(|| format!("not everything in {} can be forgotten", state.display()))?;
                drop(lock);
            }
        }
    }
    let trial = settings::begin(&state).with_context(|| format!("{} can't be used", state.display()))?;
    match run(sources, inherited, trial, forgotten) {
        Ok(Ended::Stopped) => Ok(ExitCode::SUCCESS),
        Ok(Ended::Again) => again(handed_over),
        Err(error) if trial == Trial::Tried => {
            tracing::error!(
                "with the settings that were tried the box does not start, those from before come back: {error:#}"
            );
            again(handed_over)
        }
        Err(error) => Err(error),
    }
}

fn run(sources: Sources, inherited: Inherited, trial: Trial, forgotten: bool) -> anyhow::Result<Ended> {
    let (config, refused) = sources.layers()?.config()?;
    let (filter, logged) = telemetry::start(&config.log.level)?;
    if forgotten {
        tracing::warn!("everything that Porchlight kept is forgotten, as its owner wanted: this is a new box");
    }
    for refused in refused {
        tracing::warn!("a setting is left out: {}: {}", refused.key, refused.why);
    }
    if trial == Trial::TakenBack {
        tracing::warn!("nobody said that the last settings may stay: those from before hold");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let signals = Signals::listen()?;
        let reloader = Reloader::new(sources, filter, config.clone(), trial);
        Daemon::load(config, inherited, logged).await?.run(signals, reloader).await
    });
    runtime.shutdown_timeout(LAST);
    ended
}

/// Starts the daemon anew in the place of this process. Ports that the service manager had opened it alone can hand over again.
fn again(handed_over: bool) -> anyhow::Result<ExitCode> {
    if handed_over {
        return Ok(ExitCode::from(AGAIN));
    }
    let error = Command::new("/proc/self/exe").args(std::env::args_os().skip(1)).exec();
    Err(error).context("Porchlight can't start itself again: start it by hand")
}

//! What the daemon writes about itself: to the journal under systemd, else to the terminal.
//!
//! Owns the choice of the place and the filter. Keys, tokens and the addresses of people do not belong into any message;
//! the modules do not write them, and crates that would (WebRTC, HTTP) are held to warnings unless a filter names them.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use crate::model::count::Logged;

/// Why nothing is written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is none.
    #[error("the log filter is wrong: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Telemetry was started before in this process.
    #[error("the log was started twice")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
    /// Nothing is written any more.
    #[error("the log has ended")]
    Ended(#[from] reload::Error),
}

/// Changes what is written while the daemon runs; cheap to clone.
#[derive(Debug, Clone)]
pub struct Filter(reload::Handle<EnvFilter, Registry>);

impl Filter {
    /// Writes as [`start`] with this level does, from now on.
    ///
    /// # Errors
    /// When the filter is wrong; then nothing changes.
    pub fn set(&self, level: &str) -> Result<(), Error> {
        Ok(self.0.reload(EnvFilter::try_new(directives(level))?)?)
    }
}

/// Starts to write. Call once, before anything else that may have something to say. `level` is a level, which is that of
/// this crate, or a filter of `tracing-subscriber`. Gives the counters of warnings and errors, which no filter changes.
///
/// # Errors
/// When the filter is wrong or telemetry runs already.
pub fn start(level: &str) -> Result<(Filter, Arc<Logged>), Error> {
    let (filter, handle) = reload::Layer::new(EnvFilter::try_new(directives(level))?);
    let logged: Arc<Logged> = Arc::default();
    let counting = Counting(logged.clone()).with_filter(LevelFilter::WARN);
    tracing_subscriber::registry().with(place().with_filter(filter)).with(counting).try_init()?;
    std::panic::set_hook(Box::new(panicked));
    Ok((Filter(handle), logged))
}

/// Counts warnings and errors.
struct Counting(Arc<Logged>);

impl<S: Subscriber> Layer<S> for Counting {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        match *event.metadata().level() {
            Level::ERROR => self.0.errors.inc(),
            Level::WARN => self.0.warnings.inc(),
            _ => {}
        }
    }
}

/// Says where a panic was. Its message only if it was written by us: one that was put together may hold a name or an address.
fn panicked(info: &std::panic::PanicHookInfo<'_>) {
    let message = info.payload().downcast_ref::<&'static str>().copied().unwrap_or_default();
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, message, "a part panicked");
}

/// What crates other than this one write. The WebRTC ones warn of datagrams, of which anybody can send any number; the one by which the box
/// calls others, `webrtc` with `rtc` and its parts, names addresses.
const OTHERS: &str = "warn,str0m=error,dimpl=error,is=error,rtc=off,webrtc=off";

fn directives(level: &str) -> String {
    if level.parse::<tracing::Level>().is_ok() { format!("{OTHERS},porchlight={level}") } else { level.to_owned() }
}

/// systemd sets `JOURNAL_STREAM` for what it connects to the journal.
fn place() -> Box<dyn Layer<Registry> + Send + Sync> {
    if std::env::var_os("JOURNAL_STREAM").is_some()
        && let Ok(journal) = tracing_journald::layer()
    {
        return journal.with_syslog_identifier("porchlight".into()).boxed();
    }
    fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).with_target(false).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_holds_other_crates_to_warnings() {
        assert_eq!(directives("debug"), "warn,str0m=error,dimpl=error,is=error,rtc=off,webrtc=off,porchlight=debug");
        assert_eq!(directives("info,str0m=trace"), "info,str0m=trace");
    }
}

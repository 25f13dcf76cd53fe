//! What the daemon writes about itself: to the journal under systemd, else to the terminal.
//!
//! Owns the choice of the place and the filter. Keys, tokens and the addresses of people do not belong into any message;
//! the modules do not write them, and crates that would (WebRTC, HTTP) are held to warnings unless a filter names them.

use std::io::{self, IsTerminal};

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

/// Why nothing is written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is none.
    #[error("the log filter is wrong: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Telemetry was started before in this process.
    #[error("the log was started twice")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts to write. Call once, before anything else that may have something to say. `level` is a level, which is that of
/// this crate, or a filter of `tracing-subscriber`.
///
/// # Errors
/// When the filter is wrong or telemetry runs already.
pub fn start(level: &str) -> Result<(), Error> {
    let filter = EnvFilter::try_new(directives(level))?;
    tracing_subscriber::registry().with(place().with_filter(filter)).try_init()?;
    Ok(())
}

fn directives(level: &str) -> String {
    if level.parse::<tracing::Level>().is_ok() { format!("warn,porchlight={level}") } else { level.to_owned() }
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
        assert_eq!(directives("debug"), "warn,porchlight=debug");
        assert_eq!(directives("info,str0m=trace"), "info,str0m=trace");
    }
}

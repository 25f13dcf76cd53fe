//! `[log]`: what the daemon writes about itself.

use serde::{Deserialize, Deserializer, Serialize};
use tracing_subscriber::EnvFilter;

use crate::model::quantity;

/// How much is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `error`, `warn`, `info`, `debug` or `trace`, or a filter of `tracing-subscriber` that names modules.
    #[serde(deserialize_with = "level")]
    pub level: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { level: "info".into() }
    }
}

fn level<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    const EXPECTED: &str = "a level (error, warn, info, debug, trace) or a filter such as \"info,porchlight=debug\"";
    quantity::text(from, EXPECTED, |text| {
        // A lone word that is no level would silently be taken for the name of a module.
        let word = text.chars().all(char::is_alphanumeric);
        let level = text.parse::<tracing::Level>().is_ok() && !text.chars().all(char::is_numeric);
        if (word && !level) || EnvFilter::try_new(text).is_err() {
            return Err(format!("{text:?} is not {EXPECTED}"));
        }
        Ok(text.to_owned())
    })
}

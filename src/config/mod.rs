//! The configuration: what a person or a service manager decides before the daemon starts.
//!
//! Owns the order of the places a value can come from (defaults, then the file, then the environment, then flags), the
//! command line, and the one-line errors that say where a value is wrong and what is allowed. Does not own what people
//! choose in the web pages: that is a *setting* and lives in the store. Secrets are files, never values in here.
//!
//! The manual of every key is `config/porchlight.toml`; a test in `tests/it/config.rs` holds it to [`Config::default`].

pub mod cli;
pub mod endpoint;
mod error;
pub mod http;
mod load;
pub mod log;
pub mod media;
pub mod node;
pub mod peers;
pub mod program;
pub mod room;

use serde::{Deserialize, Serialize};

pub use error::{Error, Place};
pub use load::{Override, SYSTEM_FILE, load};

pub use crate::model::{bitrate, duration};

/// Everything the daemon can be told before it starts, one section for each part of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// This box.
    pub node: node::Config,
    /// Pages, API and streams.
    pub http: http::Config,
    /// WebRTC.
    pub peers: peers::Config,
    /// Rooms.
    pub room: room::Config,
    /// The box as a participant.
    pub endpoint: endpoint::Config,
    /// What goes on air.
    pub program: program::Config,
    /// Encoders and decoders.
    pub media: media::Config,
    /// What the daemon writes about itself.
    pub log: log::Config,
}

impl Config {
    /// The configuration as a TOML file that says the same.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("sections hold only numbers, texts, flags and lists of texts")
    }
}

/// A name for people: 1 to 40 characters, none of them a control character.
fn name<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    crate::model::quantity::text(from, "a name of 1 to 40 characters", |text| {
        let length = text.trim().chars().count();
        let plain = (1..=40).contains(&length) && !text.chars().any(char::is_control);
        if plain { Ok(text.trim().to_owned()) } else { Err(format!("{text:?} is not a name of 1 to 40 characters")) }
    })
}

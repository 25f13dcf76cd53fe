//! The configuration: what a person or a service manager decides before the daemon starts.
//!
//! Owns the order of the places a value can come from (defaults, then the file, then what the owner chose in the pages, then the
//! environment, then flags), the command line, and the one-line errors that say where a value is wrong and what is allowed. Secrets are
//! files, never values in here.
//!
//! The manual of every key is `config/porchlight.toml`; a test in `tests/it/config.rs` holds it to [`Config::default`].

pub mod boards;
pub mod cli;
mod error;
mod load;
pub mod log;
pub mod node;
mod redacted;
pub mod reload;
pub mod settings;

use serde::{Deserialize, Serialize};

pub use error::{Error, Place};
pub use load::{Layers, Override, Refused, SYSTEM_FILE, load};
pub use redacted::{keys, redacted};

/// Everything the daemon can be told before it starts, one section for each part of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// This box.
    pub node: node::Config,
    /// Pages, API and streams.
    pub http: crate::interfaces::http::Config,
    /// HTTPS.
    pub https: crate::drivers::tls::Config,
    /// Certificates for names that somebody owns.
    pub acme: crate::drivers::tls::acme::Config,
    /// The name on the local network.
    pub mdns: crate::drivers::mdns::Config,
    /// WebRTC.
    pub peers: crate::drivers::peer::server::Config,
    /// Wallets by which people sign in.
    pub wallets: crate::drivers::identity::contract::Config,
    /// Wireless networks.
    pub network: crate::services::network::Config,
    /// A relay of media outside the box.
    pub turn: crate::drivers::identity::turn::Config,
    /// Rooms.
    pub room: crate::services::room::Config,
    /// The box as a participant.
    pub endpoint: crate::services::endpoint::Config,
    /// The television.
    pub remote: crate::services::remote::Config,
    /// Buttons and lights on pins.
    pub gpio: crate::drivers::gpio::Config,
    /// What is written.
    pub chat: crate::services::chat::Config,
    /// What goes on air.
    pub program: crate::services::program::Config,
    /// Recordings.
    pub recordings: crate::services::recorder::Config,
    /// Updates of an image.
    pub update: crate::services::update::Config,
    /// LL-HLS.
    pub hls: crate::services::egress::Config,
    /// How many may watch.
    pub viewers: crate::services::egress::uplink::Config,
    /// The smaller pictures of what is on air.
    pub ladder: crate::services::ladder::Config,
    /// Encoders and decoders.
    pub media: crate::drivers::pipeline::config::Config,
    /// What a broker of the house is told, and tells.
    pub mqtt: crate::interfaces::mqtt::Config,
    /// Numbers for a monitoring system.
    pub metrics: crate::interfaces::http::metrics::Config,
    /// What the daemon writes about itself.
    pub log: log::Config,
}

impl Config {
    /// Whether what the values name can be used as well, such as the files of a certificate and of a secret. Reads them.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn check(&self) -> Result<(), Error> {
        if self.https.enabled {
            crate::drivers::tls::check(&self.https).map_err(|error| Error::Refused(error.to_string()))?;
        }
        let plan = crate::drivers::tls::acme::Plan::load(&self.acme, &self.https);
        plan.map(drop).map_err(|error| Error::Refused(error.to_string()))?;
        let login = crate::services::endpoint::Login::load(&self.endpoint);
        login.map(drop).map_err(|error| Error::Refused(error.to_string()))?;
        let broker = crate::interfaces::mqtt::Broker::load(&self.mqtt);
        broker.map(drop).map_err(|error| Error::Refused(error.to_string()))?;
        let chain = crate::drivers::identity::contract::Chain::load(&self.wallets);
        chain.map(drop).map_err(|error| Error::Refused(error.to_string()))?;
        let relay = crate::drivers::identity::turn::Relay::load(&self.turn);
        relay.map(drop).map_err(|error| Error::Refused(error.to_string()))
    }

    /// The value of each key, as `hls.part`; null where there is no such key.
    pub fn values(&self) -> impl Fn(&str) -> serde_json::Value + use<> {
        let all = serde_json::to_value(self).expect("sections hold only numbers, texts, flags and lists of texts");
        move |name| name.split_once('.').map_or(serde_json::Value::Null, |(section, key)| all[section][key].clone())
    }

    /// The configuration as a TOML file that says the same.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("sections hold only numbers, texts, flags and lists of texts")
    }
}

//! `[chat]`: what is written.

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::quantity;

/// What is kept of chats, and how many may follow them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// WebSockets by which chats are followed, all together.
    #[serde(deserialize_with = "sockets")]
    pub max_sockets: u32,
    /// Days after which a message is forgotten.
    #[serde(deserialize_with = "days")]
    pub keep_days: u32,
    /// Messages of one channel that are kept, the newest.
    #[serde(deserialize_with = "messages")]
    pub keep_messages: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { max_sockets: 2500, keep_days: 30, keep_messages: 5000 }
    }
}

fn sockets<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    quantity::whole(from, 0..=10_000)
}

fn days<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    quantity::whole(from, 1..=3_650)
}

fn messages<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    quantity::whole(from, 200..=20_000)
}

//! What can be set about updates.

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::quantity;

const MEGABYTE: u64 = 1_000_000;

/// How large they may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Largest bundle that is taken, in megabytes.
    #[serde(deserialize_with = "megabytes")]
    pub max_megabytes: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { max_megabytes: 1074 }
    }
}

impl Config {
    /// The same in bytes.
    pub fn largest(&self) -> u64 {
        u64::from(self.max_megabytes) * MEGABYTE
    }
}

fn megabytes<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    quantity::whole(from, 1..=16_000_000)
}

//! `[room]`: rooms.

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::quantity;
use crate::proto::auth::Name;

/// What holds for every room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The name of the room that a new box starts with.
    pub default_name: Name,
    /// How many participants one room holds, the box included; 2 to 100.
    #[serde(deserialize_with = "participants")]
    pub max_participants: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { default_name: Name::new("Living room").expect("it is a name"), max_participants: 25 }
    }
}

fn participants<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    quantity::whole(from, 2..=100)
}

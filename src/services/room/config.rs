//! How many fit, and what the first room is called.

use serde::{Deserialize, Serialize};

use crate::proto::auth::Name;

/// `[room]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Name of the room that is made at the first start.
    pub default_name: Name,
    /// People in one room at most, the box included.
    pub max_participants: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self { default_name: Name::new("Living room").expect("it is a name"), max_participants: 25 }
    }
}

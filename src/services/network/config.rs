//! What can be set about networks.

use serde::{Deserialize, Serialize};

/// Whether the box opens a network of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Where it is an image.
    #[default]
    Auto,
    /// While it has no other, also without a screen.
    On,
    /// Never.
    Off,
}

/// The networks that the box is in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether the box opens a network of its own while it has no other.
    pub hotspot: When,
}

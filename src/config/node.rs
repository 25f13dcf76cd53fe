//! `[node]`: this box.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::quantity;
use crate::proto::auth::Name;

/// Who this box is and where it keeps what it must remember.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What people call the box; also its name in a call.
    pub name: Name,
    /// The folder for the database and the sealed secrets; absolute once the configuration is loaded.
    #[serde(deserialize_with = "state")]
    pub state: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self { name: Name::new("Porchlight").expect("it is a name"), state: "/var/lib/porchlight".into() }
    }
}

fn state<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    quantity::text(from, "a folder", |text| match text {
        "" => Err("a folder is needed, such as \"/var/lib/porchlight\""),
        text => Ok(PathBuf::from(text)),
    })
}

//! `[remote]`: the television.

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::quantity;

/// What the box and the television may do to each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether they speak at all, by HDMI-CEC.
    pub cec: bool,
    /// The adapter: "auto", or a path such as `/dev/cec1`.
    #[serde(deserialize_with = "adapter")]
    pub adapter: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { cec: true, adapter: AUTO.into() }
    }
}

/// The first adapter with a television.
pub(super) const AUTO: &str = "auto";

fn adapter<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    const EXPECTED: &str = "\"auto\" or a path such as \"/dev/cec1\"";
    quantity::text(from, EXPECTED, |text| {
        let number = text.strip_prefix("/dev/cec").is_some_and(|number| number.parse::<u16>().is_ok());
        if text == AUTO || number { Ok(text.to_owned()) } else { Err(format!("{text:?} is not {EXPECTED}")) }
    })
}

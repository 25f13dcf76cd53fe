//! What RAUC says of a slot.

use std::collections::HashMap;

use serde::Serialize;
use zbus::{OwnedVariant, Variant};

/// Whether a slot runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "SlotState"))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The box was started from it.
    Booted,
    /// It is in use, beside the one that was started.
    Active,
    /// Nothing uses it.
    Inactive,
}

/// A slot: one of the places that an image lies in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Slot {
    /// RAUC's name for it, such as `rootfs.0`.
    pub name: String,
    /// The boot loader's, such as `A`.
    pub bootname: String,
    /// Whether it runs.
    pub state: State,
    /// Whether the boot loader takes it for good; nothing where it does not say.
    pub good: Option<bool>,
    /// The version of what RAUC installed there last; nothing if that was never.
    pub version: Option<String>,
    /// When that was (RFC 3339).
    pub installed: Option<String>,
}

/// From what RAUC says of it; nothing of one that nobody starts from.
pub fn slot(name: String, told: &HashMap<String, OwnedVariant>) -> Option<Slot> {
    let text = |key: &str| match &**told.get(key)? {
        Variant::Str(text) => Some(text.as_str().to_owned()).filter(|text| !text.is_empty()),
        _ => None,
    };
    let bootname = text("bootname")?;
    let state = match text("state").as_deref() {
        Some("booted") => State::Booted,
        Some("active") => State::Active,
        _ => State::Inactive,
    };
    let good = text("boot-status").map(|status| status == "good");
    // One that was written in part has no version any more.
    let whole = text("status").is_none_or(|status| status == "ok");
    let version = text("bundle.version").filter(|_| whole);
    Some(Slot { name, bootname, state, good, version, installed: text("installed.timestamp").filter(|_| whole) })
}

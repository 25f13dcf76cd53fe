//! What NetworkManager's numbers mean (its reference, "Types and Flags").

use zbus::{OwnedVariant, Variant};

use super::Error;

/// `NM_DEVICE_TYPE_ETHERNET` and `NM_DEVICE_TYPE_WIFI`.
pub(super) const ETHERNET: u32 = 1;
pub(super) const WIFI: u32 = 2;
/// `NM_DEVICE_STATE_DISCONNECTED`: from here on it can be used.
pub(super) const DISCONNECTED: u32 = 30;
/// `NM_DEVICE_STATE_PREPARE`: from here on a connection is being made.
pub(super) const PREPARE: u32 = 40;
/// `NM_DEVICE_STATE_NEED_AUTH`: it waits for a password.
pub(super) const NEED_AUTH: u32 = 60;
/// `NM_DEVICE_STATE_ACTIVATED`.
pub(super) const ACTIVATED: u32 = 100;
/// `NM_ACTIVE_CONNECTION_STATE_ACTIVATING` and `_ACTIVATED`.
pub(super) const ACTIVATING: u32 = 1;
pub(super) const ACTIVE: u32 = 2;
/// `NM_WIFI_DEVICE_CAP_AP`.
pub(super) const CAN_OPEN: u32 = 0x40;
/// `NM_802_11_AP_FLAGS_PRIVACY`.
const PRIVACY: u32 = 0x1;
/// `NM_802_11_AP_SEC_KEY_MGMT_PSK` and `_SAE`.
const PSK: u32 = 0x100;
const SAE: u32 = 0x400;
/// `_802_1X`, `_OWE` and `_EAP_SUITE_B_192`.
const OTHER: u32 = 0x200 | 0x800 | 0x2000;
/// Longest sentence of NetworkManager's that is kept, in characters.
const LONGEST: usize = 200;

/// What a network asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Nothing.
    Open,
    /// A password (WPA2).
    Password,
    /// A password (WPA3 alone).
    NewPassword,
    /// Something else, such as a login or WEP.
    Other,
}

impl Lock {
    /// By the flags of an access point.
    pub(super) fn of(flags: u32, wpa: u32, rsn: u32) -> Self {
        let all = wpa | rsn;
        match () {
            () if all & PSK != 0 => Self::Password,
            () if all & SAE != 0 => Self::NewPassword,
            () if all & OTHER != 0 || flags & PRIVACY != 0 => Self::Other,
            () => Self::Open,
        }
    }
}

/// A network that is in reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its name (SSID). What of it is no UTF-8 is replaced.
    pub name: String,
    /// How strong it is, in percent.
    pub strength: u8,
    /// What it asks for.
    pub lock: Lock,
    /// The box has been in it, or was told of it.
    pub known: bool,
}

/// What a variant says, if that is a text.
pub(super) fn text(variant: &OwnedVariant) -> Option<&str> {
    match &**variant {
        Variant::Str(text) => Some(text.as_str()),
        _ => None,
    }
}

/// What a variant holds, if that is bytes.
pub(super) fn bytes(variant: &OwnedVariant) -> Option<Vec<u8>> {
    let Variant::Array(array) = &**variant else { return None };
    array.iter().map(|one| if let Variant::U8(byte) = one { Some(*byte) } else { None }).collect()
}

pub(super) fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The strongest first, each name once, and none without a name.
pub(super) fn list(mut seen: Vec<Seen>, known: impl Fn(&str) -> bool) -> Vec<Seen> {
    seen.retain(|one| !one.name.is_empty() && !one.name.chars().all(|c| c == '\0'));
    seen.sort_by(|one, other| other.strength.cmp(&one.strength).then_with(|| one.name.cmp(&other.name)));
    let mut once: Vec<Seen> = Vec::with_capacity(seen.len());
    for mut one in seen {
        if once.iter().all(|before| before.name != one.name) {
            one.known = known(&one.name);
            once.push(one);
        }
    }
    once
}

/// What a reason (`NMDeviceStateReason`) means to somebody who joins a network.
pub(super) fn why(reason: u32) -> Option<Error> {
    match reason {
        // IP_CONFIG_UNAVAILABLE, IP_CONFIG_EXPIRED, DHCP_START_FAILED, DHCP_ERROR, DHCP_FAILED.
        5 | 6 | 15..=17 => Some(Error::NoAddress),
        // NO_SECRETS, SUPPLICANT_DISCONNECT.
        7 | 8 => Some(Error::Password),
        // SUPPLICANT_TIMEOUT, SSID_NOT_FOUND.
        11 | 53 => Some(Error::Gone),
        _ => None,
    }
}

/// What of its words is kept: a line of them.
pub(super) fn short(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect()
}

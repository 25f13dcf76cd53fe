//! What NetworkManager is told of a network that is opened or joined, as nm-settings-dbus(5) has it.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use zbus::Variant;

use super::{Lock, Seen, Settings, read};
use crate::model::secret::Secret;

type Wanted<'a> = HashMap<&'a str, HashMap<&'a str, Variant<'a>>>;

const WIRELESS: &str = "802-11-wireless";
const SECURITY: &str = "802-11-wireless-security";
/// Of the network that the box opens.
const PREFIX: u32 = 24;

/// A network that the box opens, by WPA2.
#[derive(Debug, Clone)]
pub struct Hotspot {
    /// Its name.
    pub name: String,
    /// Its password.
    pub password: Secret,
    /// The address of the box in it, of a network of 256 addresses.
    pub address: Ipv4Addr,
}

impl Hotspot {
    pub(super) fn settings(&self) -> Wanted<'_> {
        let address =
            HashMap::from([("address", Variant::from(self.address.to_string())), ("prefix", Variant::from(PREFIX))]);
        HashMap::from([
            (
                "connection",
                HashMap::from([
                    ("id", Variant::from(&*self.name)),
                    ("type", WIRELESS.into()),
                    ("autoconnect", false.into()),
                ]),
            ),
            (
                WIRELESS,
                HashMap::from([
                    ("ssid", Variant::from(self.name.as_bytes())),
                    ("mode", "ap".into()),
                    // Every telephone finds it there.
                    ("band", "bg".into()),
                ]),
            ),
            (
                SECURITY,
                HashMap::from([
                    ("key-mgmt", Variant::from("wpa-psk")),
                    ("psk", self.password.reveal().into()),
                    // WPA2 alone.
                    ("proto", vec!["rsn"].into()),
                    ("pairwise", vec!["ccmp"].into()),
                    ("group", vec!["ccmp"].into()),
                ]),
            ),
            ("ipv4", HashMap::from([("method", Variant::from("shared")), ("address-data", vec![address].into())])),
            ("ipv6", HashMap::from([("method", Variant::from("disabled"))])),
        ])
    }
}

/// Of a network that is joined.
pub(super) fn join<'a>(network: &'a Seen, password: Option<&'a Secret>) -> Wanted<'a> {
    let mut wanted = HashMap::from([
        ("connection", HashMap::from([("id", Variant::from(&*network.name)), ("type", WIRELESS.into())])),
        (WIRELESS, HashMap::from([("ssid", Variant::from(network.name.as_bytes()))])),
    ]);
    if network.strength == 0 {
        // It tells nobody its name: it has to be asked for by that.
        wanted.entry(WIRELESS).or_default().insert("hidden", true.into());
    }
    if let Some(password) = password {
        let management = if network.lock == Lock::NewPassword { "sae" } else { "wpa-psk" };
        let security = HashMap::from([("key-mgmt", Variant::from(management)), ("psk", password.reveal().into())]);
        wanted.insert(SECURITY, security);
    }
    wanted
}

/// Whether something can be the password of a network (IEEE 802.11, annex J.4): 8 to 63 printable characters of ASCII, or a key of 64 hexadecimal digits.
pub fn is_password(text: &str) -> bool {
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    printable && (8..=63).contains(&text.len()) || text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The name of the network that settings are about; nothing for those of other things, and of networks that somebody opens.
pub(super) fn name_of(settings: &Settings) -> Option<String> {
    let wireless = settings.get(WIRELESS)?;
    let mode = wireless.get("mode").and_then(read::text).unwrap_or("infrastructure");
    let name = wireless.get("ssid").and_then(read::bytes)?;
    (mode == "infrastructure").then(|| read::name(&name))
}

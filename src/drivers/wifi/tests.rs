use std::collections::HashMap;
use std::net::Ipv4Addr;

use super::settings::{join, name_of};
use super::*;

fn seen(name: &str, strength: u8, lock: Lock) -> Seen {
    Seen { name: name.into(), strength, lock, known: false }
}

#[test]
fn what_a_network_asks_for_is_in_its_flags() {
    // As routers announce it: WPA2, WPA and WPA2, WPA2 and WPA3, WPA3 alone, a login, WEP, nothing, OWE.
    for (flags, wpa, rsn, lock) in [
        (1, 0, 0x188, Lock::Password),
        (1, 0x144, 0x188, Lock::Password),
        (1, 0, 0x588, Lock::Password),
        (1, 0, 0x488, Lock::NewPassword),
        (1, 0, 0x288, Lock::Other),
        (1, 0, 0, Lock::Other),
        (0, 0, 0, Lock::Open),
        (0, 0, 0x888, Lock::Other),
    ] {
        assert_eq!(Lock::of(flags, wpa, rsn), lock, "{flags:x} {wpa:x} {rsn:x}");
    }
}

#[test]
fn each_name_is_listed_once_the_strongest_first_and_none_without_a_name() {
    let all = vec![
        seen("Home", 40, Lock::Password),
        seen("", 99, Lock::Open),
        seen("\0\0\0", 98, Lock::Open),
        seen("Home", 80, Lock::Password),
        seen("Guests", 60, Lock::Open),
    ];
    let listed = read::list(all, |name| name == "Home");
    let short: Vec<_> = listed.iter().map(|one| (&*one.name, one.strength, one.known)).collect();
    assert_eq!(short, [("Home", 80, true), ("Guests", 60, false)]);
    assert_eq!(read::name(b"caf\xe9"), "caf\u{fffd}");
}

#[test]
fn a_password_of_a_network_is_8_to_63_printable_characters_or_a_key() {
    for good in ["12345678", &"a".repeat(63), &"0f".repeat(32), "with a space ~"] {
        assert!(is_password(good), "{good}");
    }
    for bad in ["", "1234567", &"a".repeat(65), &"g".repeat(64), "pass\nword", "pässword", "tab\tinside"] {
        assert!(!is_password(bad), "{bad}");
    }
}

#[test]
fn what_is_opened_is_wpa2_alone_and_what_is_joined_has_what_it_asks_for() {
    let hotspot = Hotspot {
        name: "Porchlight-1a2b".into(),
        password: Secret::new("abcd2345efgh"),
        address: Ipv4Addr::new(10, 42, 0, 1),
    };
    let opened = hotspot.settings();
    let security = &opened["802-11-wireless-security"];
    assert_eq!((&security["key-mgmt"], &security["proto"]), (&"wpa-psk".into(), &vec!["rsn"].into()));
    assert_eq!(opened["connection"]["autoconnect"], false.into());

    let password = Secret::new("a password");
    let lock = |lock, password| {
        let network = seen("Home", 50, lock);
        let wanted = join(&network, password);
        wanted.get("802-11-wireless-security").map(|security| security["key-mgmt"].to_string())
    };
    assert_eq!(lock(Lock::Password, Some(&password)).as_deref(), Some("\"wpa-psk\""));
    assert_eq!(lock(Lock::NewPassword, Some(&password)).as_deref(), Some("\"sae\""));
    assert_eq!(lock(Lock::Open, None), None);
    let hidden = seen("Hidden", 0, Lock::Open);
    assert_eq!(join(&hidden, None)["802-11-wireless"]["hidden"], true.into());
}

#[test]
fn the_networks_that_are_known_are_those_that_somebody_joined() {
    let of = |mode: Option<&str>| {
        let mut wireless =
            HashMap::from([("ssid".to_owned(), OwnedVariant::try_from(Variant::from(&b"Home"[..])).expect("bytes"))]);
        wireless
            .extend(mode.map(|mode| ("mode".to_owned(), OwnedVariant::try_from(Variant::from(mode)).expect("a text"))));
        name_of(&HashMap::from([("802-11-wireless".to_owned(), wireless)]))
    };
    assert_eq!(of(None).as_deref(), Some("Home"));
    assert_eq!(of(Some("infrastructure")).as_deref(), Some("Home"));
    assert_eq!(of(Some("ap")), None);
    assert_eq!(name_of(&HashMap::new()), None);
}

#[test]
fn why_it_could_not_be_joined_is_said_for_people() {
    assert_eq!(read::why(7), Some(Error::Password));
    assert_eq!(read::why(53), Some(Error::Gone));
    assert_eq!(read::why(17), Some(Error::NoAddress));
    assert_eq!(read::why(0), None);
}

//! What RAUC says is read; that it does say it is a matter for tests/it/update.rs, beside the real one.

use zbus::Variant;

use super::*;

fn told(pairs: &[(&str, &'static str)]) -> HashMap<String, OwnedVariant> {
    let own = |(key, value): &(&str, &'static str)| {
        ((*key).to_owned(), OwnedVariant::try_from(Variant::from(*value)).expect("a text"))
    };
    pairs.iter().map(own).collect()
}

#[test]
fn slots_are_read_and_what_nobody_starts_from_is_none() {
    let booted = [("bootname", "A"), ("state", "booted"), ("boot-status", "good"), ("class", "rootfs")];
    let booted = read::slot("rootfs.0".into(), &told(&booted)).expect("a slot");
    assert_eq!((booted.state, booted.good, &booted.version), (State::Booted, Some(true), &None));
    let other = [
        ("bootname", "B"),
        ("state", "inactive"),
        ("boot-status", "bad"),
        ("bundle.version", "0.2.0"),
        ("installed.timestamp", "2026-11-29T02:50:21Z"),
        ("status", "ok"),
    ];
    let other = read::slot("rootfs.1".into(), &told(&other)).expect("a slot");
    assert_eq!((other.good, other.version.as_deref()), (Some(false), Some("0.2.0")));
    let halfway = [("bootname", "B"), ("bundle.version", "0.2.0"), ("status", "pending")];
    let halfway = read::slot("rootfs.1".into(), &told(&halfway)).expect("a slot");
    assert_eq!((halfway.version, halfway.good), (None, None), "what is there in part is no version");
    assert_eq!(read::slot("data.0".into(), &told(&[("class", "data"), ("state", "active")])), None);

    let status = |primary: &str| Status {
        compatible: "board".into(),
        primary: Some(primary.into()),
        slots: vec![booted.clone(), other.clone()],
    };
    assert!(status("rootfs.1").waits());
    assert!(!status("rootfs.0").waits());
    assert_eq!(status("rootfs.0").booted().map(|slot| slot.bootname.as_str()), Some("A"));
}

#[test]
fn one_that_does_something_else_is_known_by_its_words() {
    assert!(is_busy("Already processing a different method") && is_busy("already processing a different method"));
    assert!(!is_busy("rauc info error"));
}

#[test]
fn of_what_rauc_says_a_line_is_kept() {
    assert_eq!(short("one\n two\tthree"), "one two three");
    assert_eq!(short(&"x".repeat(1000)).len(), LONGEST);
}

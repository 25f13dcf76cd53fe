//! The floors, the arrows on one floor, the homes of other crates, and what `model` and `proto` never do, as
//! ARCHITECTURE.md has them. The sources are read as text; code under `#[cfg(test)]` is free.

mod source;

use std::collections::BTreeSet;
use std::path::Path;

/// The floors from the bottom up. A file names lower floors freely, its own only by [`ARROWS`], a higher one never.
const FLOORS: &[&[&str]] = &[
    &["model"],
    &["proto"],
    &["drivers"],
    &["services"],
    &["interfaces"],
    &["config", "telemetry", "daemon"],
    &["main", "testing"],
];

/// Floors, and neighbours on one, that are a single part; the others consist of the modules below them.
const WHOLE: &[&str] = &["model", "config", "telemetry", "daemon", "main"];

/// Who may name whom on the same floor.
const ARROWS: &[(&str, &[&str])] = &[
    ("proto/chat", &["proto/auth"]),
    ("proto/sfu", &["proto/rtp"]),
    ("proto/hls", &["proto/cmaf"]),
    ("proto/dash", &["proto/hls", "proto/cmaf"]),
    ("proto/recording", &["proto/cmaf"]),
    ("drivers/identity", &["drivers/fetch", "drivers/store"]),
    ("drivers/matrix", &["drivers/fetch", "drivers/store"]),
    ("drivers/tls", &["drivers/fetch", "drivers/store"]),
    ("drivers/device", &["drivers/store"]),
    ("drivers/pipeline", &["drivers/device", "drivers/store"]),
    ("drivers/peer", &["drivers/store"]),
    ("drivers/rtmp", &["drivers/store"]),
    ("drivers/srt", &["drivers/store"]),
    ("drivers/mesh", &["drivers/store"]),
    ("drivers/mdns", &["drivers/store"]),
    ("drivers/fetch", &["drivers/store"]),
    ("drivers/whip", &["drivers/fetch", "drivers/store"]),
    ("services/origin", &["services/supervisor"]),
    ("services/audit", &["services/access"]),
    ("services/broadcast", &["services/origin", "services/access"]),
    ("services/room", &["services/origin", "services/access", "services/audit", "services/chat"]),
    ("services/program", &["services/origin", "services/room", "services/broadcast", "services/supervisor"]),
    (
        "services/endpoint",
        &[
            "services/announce",
            "services/heat",
            "services/network",
            "services/origin",
            "services/room",
            "services/program",
            "services/node",
            "services/supervisor",
            "services/telephone",
            "services/privacy",
        ],
    ),
    ("services/chat", &["services/supervisor"]),
    ("services/telephone", &["services/room"]),
    (
        "services/remote",
        &["services/announce", "services/endpoint", "services/room", "services/telephone", "services/privacy"],
    ),
    ("services/ingest", &["services/origin", "services/access", "services/broadcast", "services/room"]),
    (
        "services/egress",
        &["services/origin", "services/access", "services/broadcast", "services/ladder", "services/supervisor"],
    ),
    (
        "services/ladder",
        &["services/heat", "services/origin", "services/broadcast", "services/program", "services/supervisor"],
    ),
    ("services/thumbnail", &["services/egress", "services/origin", "services/broadcast", "services/supervisor"]),
    ("services/push", &["services/origin", "services/broadcast", "services/supervisor"]),
    ("services/recorder", &["services/origin", "services/broadcast", "services/room", "services/supervisor"]),
    ("services/update", &["services/room"]),
    ("services/relay", &["services/origin"]),
    ("services/federation", &["services/relay", "services/broadcast"]),
    ("daemon", &["config", "telemetry"]),
];

/// The only parts that name a crate.
const HOMES: &[(&[&str], &[&str])] = &[
    (&["gstreamer", "gstreamer_app", "gstreamer_video"], &["drivers/pipeline"]),
    (&["v4l", "alsa"], &["drivers/device"]),
    (&["str0m", "dimpl", "quinn_udp", "webrtc", "rtc", "async_trait"], &["drivers/peer"]),
    (&["http_body_util", "rustls_native_certs"], &["drivers/fetch"]),
    (&["url"], &["drivers/fetch", "drivers/whip", "drivers/identity", "drivers/tls", "interfaces/mqtt"]),
    (&["mqtt4", "mqtt5"], &["interfaces/mqtt"]),
    (&["resvg"], &["drivers/drawing"]),
    (&["gpiocdev"], &["drivers/gpio"]),
    (&["rusqlite"], &["drivers/store"]),
    (&["webauthn_rs", "k256", "sha3"], &["drivers/identity"]),
    (&["aws_lc_rs"], &["drivers/identity", "drivers/tls", "drivers/peer", "drivers/archive"]),
    (&["tar", "flate2", "scrypt", "bech32", "base64"], &["drivers/archive"]),
    (&["rustls", "tokio_rustls"], &["drivers/tls", "drivers/fetch", "interfaces/mqtt"]),
    (&["rcgen", "x509_parser", "time", "instant_acme", "hickory_proto", "data_encoding"], &["drivers/tls"]),
    (&["mdns_sd"], &["drivers/mdns"]),
    (&["zbus"], &["drivers/mdns", "drivers/rauc", "drivers/wifi"]),
    (&["nix"], &["drivers", "daemon", "telemetry", "main"]),
    (&["crab_nat", "igd_next"], &["drivers/gateway"]),
    (&["mp4_atom"], &["proto/cmaf"]),
    (&["h264_reader"], &["proto/cmaf", "proto/rtp"]),
    (&["arc_swap", "atomic_waker"], &["model", "drivers/peer"]),
    (&["axum", "tower", "rust_embed", "futures_core", "futures_util"], &["interfaces/http"]),
    (
        &["hyper", "hyper_util"],
        &["interfaces/http", "drivers/fetch", "drivers/whip", "drivers/identity", "drivers/tls"],
    ),
    (&["qrcode"], &["interfaces/http", "drivers/drawing"]),
    (&["tokio", "tokio_util"], &["drivers", "services", "interfaces", "daemon", "main", "testing"]),
    (
        &["jiff"],
        &[
            "proto/auth",
            "proto/hls",
            "proto/dash",
            "drivers/pipeline",
            "drivers/tls",
            "services",
            "interfaces",
            "daemon",
        ],
    ),
    (&["toml"], &["config"]),
    (&["clap"], &["config", "main"]),
    (&["anyhow"], &["main", "daemon", "config"]),
    (&["sd_notify", "listenfd"], &["daemon"]),
    (&["prometheus_client"], &["interfaces/http"]),
    (&["tracing_journald"], &["telemetry"]),
    (&["tracing_subscriber"], &["telemetry", "config"]),
];

/// Crates that every part may name.
const EVERYWHERE: &[&str] = &["serde", "serde_json", "bytes", "thiserror", "tracing"];

/// Floors to which time and random bytes are handed in, and the ends of the paths they never name.
const PURE: &[&str] = &["model", "proto"];
const IMPURE: &[&[&str]] =
    &[&["Instant", "now"], &["SystemTime", "now"], &["Timestamp", "now"], &["Zoned", "now"], &["thread", "sleep"]];
const IMPURE_CRATES: &[&str] = &["tokio", "tokio_util", "rand", "getrandom"];

const MAIN_LINES: usize = 40;
const FILE_LINES: usize = 800;

/// A source: its path below `src/`, with slashes, and its text.
type File = (String, String);

/// One line for each rule that the files break: file, line and rule.
fn broken(files: &[File]) -> Vec<String> {
    let parts: BTreeSet<String> = files.iter().filter_map(|(path, _)| part(&module(path))).collect();
    let mut broken = Vec::new();
    for (path, text) in files {
        let (lines, most) = (text.lines().count(), if path == "main.rs" { MAIN_LINES } else { FILE_LINES });
        if lines > most {
            broken.push(format!("src/{path}:{lines}: the file has more than {most} lines"));
        }
        let module = module(path);
        if module.first().is_none_or(|floor| floor == "testing") || module.last().is_some_and(|name| name == "tests") {
            continue;
        }
        for named in source::paths(text, &module) {
            if let Some(rule) = rule(&module, &named.path, &parts) {
                broken.push(format!("src/{path}:{}: {rule}", named.line));
            }
        }
    }
    broken
}

/// The rule that a module breaks by naming a path.
fn rule(module: &[String], named: &[String], parts: &BTreeSet<String>) -> Option<String> {
    let floor = module[0].as_str();
    let from = part(module).unwrap_or(floor.to_owned());
    if named[0] == "crate" {
        return ours(floor, &from, &named[1..], parts);
    }
    if PURE.contains(&floor) {
        let ends = |end: &&&[&str]| named.len() >= end.len() && named[named.len() - end.len()..] == ***end;
        if let Some(end) = IMPURE.iter().find(ends) {
            return Some(format!("{floor} never calls {}: time and random bytes are handed in", end.join("::")));
        }
        if IMPURE_CRATES.contains(&named[0].as_str()) {
            return Some(format!("{floor} never names {}: time and random bytes are handed in", named[0]));
        }
    }
    if module.len() == 1 && parts.contains(&format!("{floor}/{}", named[0])) {
        // The root of a floor sees its parts without `self::`.
        return ours(floor, &from, &[floor.to_owned(), named[0].clone()], parts);
    }
    let (_, homes) = HOMES.iter().find(|(crates, _)| crates.contains(&named[0].as_str()))?;
    let at_home = homes.iter().any(|home| *home == from || *home == floor);
    (!at_home).then(|| format!("{from} names {}, whose home is {}", named[0], homes.join(", ")))
}

/// The rule that a part breaks by naming another of ours.
fn ours(floor: &str, from: &str, named: &[String], parts: &BTreeSet<String>) -> Option<String> {
    let to_floor = named.first()?.as_str();
    let height = |name: &str| FLOORS.iter().position(|floor| floor.contains(&name));
    let (here, there) = (height(floor)?, height(to_floor)?);
    if there > here {
        return Some(format!("{from} names {to_floor}: no floor names a higher one"));
    }
    let to = part(named).filter(|to| parts.contains(to)).unwrap_or(to_floor.to_owned());
    if there < here || to == from || (to == to_floor && to_floor == floor) {
        return None;
    }
    let may = ARROWS.iter().any(|(who, whom)| *who == from && whom.contains(&to.as_str()));
    (!may).then(|| format!("{from} names {to}: this arrow is not in the table of its floor"))
}

/// `services/room` for a module in or below it, `model` for the floors that are one part.
fn part(module: &[String]) -> Option<String> {
    match module {
        [floor, ..] if WHOLE.contains(&floor.as_str()) => Some(floor.clone()),
        [floor, name, ..] => Some(format!("{floor}/{name}")),
        _ => None,
    }
}

/// The module path of a file: `services/room/mod.rs` is `services::room`; `lib.rs` is the crate itself.
fn module(path: &str) -> Vec<String> {
    let path = path.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').filter(|name| *name != "lib").map(String::from).collect()
}

fn sources(folder: &Path, below: &str, found: &mut Vec<File>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(Result::unwrap).collect();
    entries.sort_by_key(|entry| entry.file_name());
    for entry in entries {
        let name = format!("{below}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            sources(&entry.path(), &format!("{name}/"), found);
        } else if name.ends_with(".rs") {
            found.push((name, std::fs::read_to_string(entry.path()).unwrap()));
        }
    }
}

#[test]
fn the_sources_hold_floors_arrows_homes_and_purity() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    assert!(files.len() > 20, "only {} sources were found", files.len());
    let broken = broken(&files);
    assert!(broken.is_empty(), "ARCHITECTURE.md is broken:\n{}", broken.join("\n"));
}

/// The only source with unsafe code: calls of the kernel for which no crate of ours has a safe form.
const UNSAFE: &str = "drivers/cec/ioctl.rs";

#[test]
fn unsafe_code_is_in_one_file() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    let allows = |text: &str| text.contains("allow(unsafe_code") || text.contains("expect(unsafe_code");
    let with: Vec<&str> = files.iter().filter(|(_, text)| allows(text)).map(|(path, _)| path.as_str()).collect();
    assert_eq!(with, [UNSAFE], "docs/decisions/0006-cec-ioctls.md says why there is one");
}

#[test]
fn every_dependency_has_a_home() {
    let manifest = include_str!("../../Cargo.toml").parse::<toml::Table>().unwrap();
    let known: Vec<&str> = HOMES.iter().flat_map(|(crates, _)| *crates).chain(EVERYWHERE).copied().collect();
    for name in manifest["dependencies"].as_table().unwrap().keys() {
        assert!(known.contains(&name.replace('-', "_").as_str()), "give {name} a home in tests/it/architecture.rs");
    }
}

#[test]
fn the_arrows_make_no_circle() {
    fn reaches(from: &str, to: &str) -> bool {
        let next = ARROWS.iter().filter(|(who, _)| *who == from).flat_map(|(_, whom)| *whom);
        next.into_iter().any(|next| *next == to || reaches(next, to))
    }
    for (who, _) in ARROWS {
        assert!(!reaches(who, who), "{who} leads back to itself");
    }
}

/// What is said of a small tree in which one file has this text.
fn said(path: &str, text: &str) -> Vec<String> {
    let parts = ["proto/rtp", "proto/sfu", "drivers/store", "drivers/peer", "services/room", "services/origin"];
    let mut files: Vec<File> = parts.map(|part| (format!("{part}/mod.rs"), String::new())).to_vec();
    files.extend(["model/mod.rs", "config/mod.rs"].map(|path| (path.into(), String::new())));
    files.push((path.into(), text.into()));
    broken(&files)
}

#[test]
fn a_floor_that_names_a_higher_one_is_found() {
    assert_eq!(
        said("proto/sfu/slots.rs", "use crate::model::id::PeerId;\n\nuse crate::services::room::Handle;"),
        ["src/proto/sfu/slots.rs:3: proto/sfu names services: no floor names a higher one"]
    );
    assert_eq!(
        said("services/room/state.rs", "fn f() { super::super::super::config::x() }"),
        ["src/services/room/state.rs:1: services/room names config: no floor names a higher one"]
    );
}

#[test]
fn an_arrow_that_is_not_in_the_table_is_found() {
    assert_eq!(
        said("proto/rtp/header.rs", "use crate::proto::{rtp::Header, sfu::Layer};"),
        ["src/proto/rtp/header.rs:1: proto/rtp names proto/sfu: this arrow is not in the table of its floor"]
    );
    assert_eq!(
        said("services/origin/mod.rs", "use super::room;"),
        [
            "src/services/origin/mod.rs:1: services/origin names services/room: this arrow is not in the table of its floor"
        ]
    );
    assert_eq!(
        said("services/mod.rs", "pub mod room;\npub use room::Handle;\npub use self::room::Handle;"),
        [2, 3].map(|line| {
            format!(
                "src/services/mod.rs:{line}: services names services/room: this arrow is not in the table of its floor"
            )
        })
    );
}

#[test]
fn arrows_in_the_table_and_lower_floors_are_free() {
    assert_eq!(said("services/room/actor.rs", "use super::super::origin;\nuse crate::drivers::store;"), [""; 0]);
    assert_eq!(said("proto/sfu/mod.rs", "use crate::proto::rtp::Header;\nuse crate::model;"), [""; 0]);
}

#[test]
fn a_crate_outside_its_home_is_found() {
    assert_eq!(
        said("services/room/actor.rs", "use std::io;\nfn f(c: rusqlite::Connection) {}"),
        ["src/services/room/actor.rs:2: services/room names rusqlite, whose home is drivers/store"]
    );
    assert_eq!(said("drivers/store/sql.rs", "use rusqlite::Connection;\nuse tokio::sync::mpsc;"), [""; 0]);
}

#[test]
fn a_clock_or_dice_in_a_pure_floor_are_found() {
    for (text, named) in [
        ("let t = Instant::now();", "calls Instant::now"),
        ("let t = std::time::SystemTime::now();", "calls SystemTime::now"),
        ("use tokio::sync::mpsc;", "names tokio"),
        ("let r = rand::random();", "names rand"),
    ] {
        for path in ["model/time.rs", "proto/sfu/mod.rs"] {
            let told = said(path, &format!("\n{text}"));
            let floor = path.split('/').next().unwrap();
            let expected = format!("src/{path}:2: {floor} never {named}: time and random bytes are handed in");
            assert_eq!(told, [expected]);
        }
        assert_eq!(said("model/time.rs", &format!("#[cfg(test)]\nmod tests {{ {text} }}")), [""; 0]);
    }
    assert_eq!(said("drivers/peer/mod.rs", "let t = Instant::now();"), [""; 0]);
}

#[test]
fn a_main_that_grows_is_found() {
    let told = said("main.rs", &"//\n".repeat(41));
    assert_eq!(told, ["src/main.rs:41: the file has more than 40 lines"]);
}

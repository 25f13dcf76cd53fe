//! A support bundle says how the box is, and nothing of what is somebody's, in no form.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::fixture::daemon::Daemon;
use super::fixture::has;
use super::fixture::visitor::{Visitor, owner_token};
use super::fixture::written::{Written, of_room};

/// What is planted where, and must be nowhere.
const PUSH_KEY: &str = "live_4711-push-key";
const PUSH_HOST: &str = "ingest.streams-of-ada.example";
const BOX: &str = "Adas Veranda";
const ROOM: &str = "Garden of Delights";
const GUEST: &str = "Bob Quixote";
const CHAT: &str = "Meet me behind the greenhouse";
const PASSWORD: &str = "mqtt-pass-of-the-house";
const BROKER: &str = "broker.lovelace.lan";
const LOGGED: [&str; 8] = [
    "192.168.77.31",
    "b8:27:eb:99:88:77",
    "2001:db8:77::31",
    "Lovelace Family WiFi",
    "tkn_Zk3nQ8vLr5Xw2Yb7",
    "1c0ffee5bad0beef",
    "ada@lovelace.example",
    "usb-Maker_Cam_SN7F3A21BD-video-index0",
];

/// Every file in a bundle, by its name.
fn unpacked(bundle: &Path) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let tar = Command::new("tar").arg("xzf").arg(bundle).arg("-C").arg(folder.path()).status().unwrap();
    assert!(tar.success());
    let files = std::fs::read_dir(folder.path().join("porchlight-support")).unwrap().map(Result::unwrap);
    files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())).collect()
}

/// A text in each form in which it might be hidden: plain, as hexadecimal digits, percent-encoded, in base64 wherever it begins.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = text
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { format!("%{byte:02X}") })
        .collect();
    let mut forms =
        vec![text.to_owned(), text.to_lowercase(), hex.to_uppercase(), hex, percent.to_lowercase(), percent];
    for before in ["", "x", "xy"] {
        let mut command = Command::new("sh");
        command.args(["-c", "printf %s \"$1\" | base64 --wrap=0", "sh"]).arg(format!("{before}{text}"));
        let base64 = command.output().unwrap();
        let base64 = String::from_utf8(base64.stdout).unwrap();
        // What the text alone decides.
        let (from, until) = ([0, 2, 3][before.len()], base64.trim_end_matches('=').len() - 2);
        forms.push(base64[from..until].to_owned());
        forms.push(base64[from..until].replace('+', "-").replace('/', "_"));
    }
    forms.into_iter().map(String::into_bytes).collect()
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// The command, beside a journal in which somebody has written what should never be in one.
fn support(state: &Path, journal: &Path, arguments: &[&str], answer: Option<&str>) -> Output {
    let path = format!("{}:{}", journal.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_porchlight"));
    command.arg("support").args(arguments).arg("--config").arg(state.join("support.toml")).arg("--state").arg(state);
    command
        .env("PATH", path)
        .env("PORCHLIGHT_MEDIA__H264_ENCODER", "x264")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.stdin(if answer.is_some() { Stdio::piped() } else { Stdio::null() }).spawn().unwrap();
    if let Some(answer) = answer {
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), answer.as_bytes()).unwrap();
    }
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn nothing_of_anybody_is_in_a_bundle_in_any_form_and_what_helps_is() {
    if !has(&["tar", "sh"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let owner = Visitor::owner(&daemon).await;
    let room = owner.first_room().await;
    let renamed = owner.request(reqwest::Method::PATCH, "/api/v1/node").json(&json!({ "name": BOX }));
    assert_eq!(renamed.send().await.unwrap().status(), 200);
    assert_eq!(owner.post("/api/v1/rooms", &json!({ "name": ROOM })).await.status(), 201);
    let push = json!({ "name": "Elsewhere", "preset": "custom", "enabled": false, "address": format!("rtmp://{PUSH_HOST}/live"), "key": PUSH_KEY });
    assert_eq!(owner.post(&format!("/api/v1/rooms/{room}/pushes"), &push).await.status(), 201);
    let invite = owner.invite(&room).await;
    let guest = owner.guest(&invite, GUEST).await;
    let mut chat = Written::open(&guest, &of_room(&room)).await.unwrap();
    chat.write(CHAT).await;
    let _ = owner.get("/api/v1/account").await.json::<Value>().await;

    let password = state.path().join("mqtt-password");
    std::fs::write(&password, format!("{PASSWORD}\n")).unwrap();
    let text = format!(
        "[mqtt]\nbroker = \"mqtt://{BROKER}\"\nuser = \"adalovelace\"\npassword = \"{}\"\n[endpoint]\ncamera = \"none\"\nmicrophone = \"none\"\nspeaker = \"none\"\n",
        password.display()
    );
    std::fs::write(state.path().join("support.toml"), text).unwrap();
    let journal = tempfile::tempdir().unwrap();
    let mut lines = String::from("2026-11-28T20:15:03+0000 porchlight[812]: INFO porchlight::daemon: ready\n");
    for line in [
        format!("INFO porchlight: peer at {}:50713 mac {}", LOGGED[0], LOGGED[1]),
        format!("INFO porchlight: from [{}]:443 by {}", LOGGED[2], LOGGED[6]),
        format!("INFO wpa_supplicant: wlan0: associated ssid=\"{}\" freq=5180", LOGGED[3]),
        format!("WARN porchlight: token={} serial: {}", LOGGED[4], LOGGED[5]),
        format!("WARN porchlight: /dev/v4l/by-id/{} is gone", LOGGED[7]),
        format!("WARN porchlight: {GUEST} left {ROOM} of {BOX}: {CHAT}, {PASSWORD}, {PUSH_KEY}"),
        format!("WARN porchlight: link {}", daemon.owner_link),
        format!("WARN porchlight: invite {}", invite.token),
    ]
    .iter()
    .flat_map(|line| forms(line).into_iter().chain([line.clone().into_bytes()]))
    {
        lines.push_str(&format!("2026-11-28T20:15:04+0000 porchlight[812]: {}\n", String::from_utf8(line).unwrap()));
    }
    let log = journal.path().join("lines");
    std::fs::write(&log, lines).unwrap();
    let fake = journal.path().join("journalctl");
    std::fs::write(&fake, format!("#!/bin/sh\nexec cat {}\n", log.display())).unwrap();
    std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755)).unwrap();

    let bundle = journal.path().join("bundle.tar.gz");
    let name = bundle.to_str().unwrap();
    // It is shown and asked for; without a yes there is none.
    let refused = support(state.path(), journal.path(), &[name], None);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("nobody is there to ask"));
    assert!(said(&support(state.path(), journal.path(), &[name], Some("n\n"))).contains("Nothing was written."));
    assert!(!bundle.exists());
    let told = said(&support(state.path(), journal.path(), &[name], Some("y\n")));
    assert_eq!(std::fs::metadata(&bundle).unwrap().permissions().mode() & 0o777, 0o600);

    let files = unpacked(&bundle);
    let mut secrets = vec![
        PUSH_KEY,
        PUSH_HOST,
        BOX,
        ROOM,
        GUEST,
        CHAT,
        PASSWORD,
        BROKER,
        "adalovelace",
        owner_token(&daemon),
        &invite.token,
        owner.secret(),
        guest.secret(),
    ];
    secrets.extend(LOGGED);
    let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    secrets.extend(Some(machine.trim()).filter(|id| id.len() > 8));
    let shown = said(&support(state.path(), journal.path(), &["--show"], None));
    for secret in secrets {
        for form in forms(secret) {
            for (file, bytes) in &files {
                let form = String::from_utf8_lossy(&form);
                assert!(!holds(bytes, form.as_bytes()), "{secret} is in {file} as {form}");
            }
            assert!(!holds(told.as_bytes(), &form) && !holds(shown.as_bytes(), &form), "{secret} is shown");
        }
    }

    // Each file is named with its size before, and is of use.
    let text = |file: &str| String::from_utf8(files[file].clone()).unwrap();
    for (file, bytes) in &files {
        let line =
            told.lines().find(|line| line.trim_start().starts_with(file)).unwrap_or_else(|| panic!("{file}: {told}"));
        assert!(line.contains("bytes  ") && !bytes.is_empty(), "{line}");
    }
    for (file, there) in [
        ("about.txt", concat!("porchlight ", env!("CARGO_PKG_VERSION"))),
        ("about.txt", "The daemon runs."),
        ("configuration.toml", "h264_encoder = \"x264\""),
        ("configuration.toml", "broker = \"(a text of your own)\""),
        ("doctor.txt", "encoder_named: x264enc"),
        ("doctor.txt", "network:\n  udp, "),
        ("metrics.txt", "porchlight_rooms 2"),
        ("log.txt", "2026-11-28T20:15:03+0000 porchlight[812]: INFO porchlight::daemon: ready"),
        ("machine.txt", "MemTotal:"),
        ("gstreamer.txt", "coreelements 1."),
        ("gstreamer.txt", "x264enc: installed"),
        ("devices.json", "\"cameras\""),
        ("database.txt", "room: 2"),
    ] {
        assert!(text(file).contains(there), "{there:?} is not in {file}:\n{}", text(file));
    }
    assert!(text("log.txt").lines().count() > 8 && shown.contains("===== machine.txt"));
    let again = support(state.path(), journal.path(), &[name, "--yes"], None);
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already"));
}

#[test]
fn a_box_that_does_not_run_has_a_bundle_as_well() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(state.path().join("support.toml"), "").unwrap();
    let journal = tempfile::tempdir().unwrap();
    let fake = journal.path().join("journalctl");
    std::fs::write(&fake, "#!/bin/sh\nexit 1\n").unwrap();
    std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755)).unwrap();
    let bundle = journal.path().join("bundle.tar.gz");
    said(&support(state.path(), journal.path(), &[bundle.to_str().unwrap(), "--yes"], None));
    let files = unpacked(&bundle);
    let text = |file: &str| String::from_utf8(files[file].clone()).unwrap();
    assert!(text("about.txt").contains("does not run"), "{}", text("about.txt"));
    assert!(text("log.txt").contains("does not run under systemd"), "{}", text("log.txt"));
    assert!(text("database.txt").contains("There is none"), "{}", text("database.txt"));
}

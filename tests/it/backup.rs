//! A backup is the whole box and nothing else, opens for nobody but whom it is for, and is restored whole or not at all.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use porchlight::daemon::{Place, place};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::fixture::daemon::Daemon;
use super::fixture::visitor::{Invite, Visitor};
use super::fixture::written::{Written, of_room};
use super::fixture::{has, until};

/// What the fixture puts into the state folder itself.
const FIXTURE: [&str; 2] = ["porchlight.toml", "log"];
const KEY: &str = "live-key-in-the-backup";
const PASSPHRASE: &str = "three porch lights at night\n";

/// A box that somebody has used for a while.
struct Used {
    state: TempDir,
    daemon: Daemon,
    owner: Visitor,
    room: String,
    invite: Invite,
}

impl Used {
    async fn start() -> Self {
        let state = tempfile::tempdir().unwrap();
        let daemon = Daemon::start(&state);
        let owner = Visitor::owner(&daemon).await;
        let room = owner.first_room().await;
        let invite = owner.invite(&room).await;
        owner.make_room().await;
        let named = owner.request(reqwest::Method::PATCH, "/api/v1/node").json(&json!({ "name": "Veranda" }));
        assert_eq!(named.send().await.unwrap().status(), 200);
        let push = json!({ "name": "Elsewhere", "preset": "custom", "enabled": false, "address": "rtmp://127.0.0.1:9/live", "key": KEY });
        assert_eq!(owner.post(&format!("/api/v1/rooms/{room}/pushes"), &push).await.status(), 201);
        let logo = owner.request(reqwest::Method::PUT, "/api/v1/logo").header("content-type", "image/png");
        assert_eq!(logo.body(std::fs::read("docs/images/phone.png").unwrap()).send().await.unwrap().status(), 204);
        let mut chat = Written::open(&owner, &of_room(&room)).await.unwrap();
        chat.ask("name", json!({ "name": "Ada" })).await.unwrap();
        chat.write("Written before the backup").await;
        until("it in the store", async || {
            let search = json!({ "channel": "room", "text": "backup" });
            let answer = owner.post(&format!("/api/v1/rooms/{room}/chat/search"), &search).await;
            answer.json::<Value>().await.unwrap().as_array().is_some_and(|found| found.len() == 1)
        })
        .await;
        // What other parts of the daemon keep there, and a recording.
        let settings = format!("[mqtt]\npassword = \"{}/secrets/mqtt\"\n", state.path().display());
        for (file, text) in [
            ("tls/acme/account.key", "a key of an account"),
            ("secrets/mqtt", "a password"),
            ("settings.toml", &*settings),
            ("recordings/planted.mp4", "a planted recording"),
        ] {
            let file = state.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        Self { state, daemon, owner, room, invite }
    }
}

/// The command with a state folder and no other configuration.
fn porchlight(state: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_porchlight"));
    command.args(arguments).args(["--config", "/dev/null", "--state"]).arg(state).stdin(Stdio::null());
    // In a session without a terminal.
    let mut inside = Command::new("setsid");
    inside.arg("--wait").arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    inside.output().unwrap()
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// It fails, and says this.
fn refused(output: &Output, why: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}{}", String::from_utf8_lossy(&output.stdout));
    assert!(said.contains(why), "{said:?} does not say {why:?}");
}

/// A file with the passphrase.
fn passphrase(folder: &Path) -> PathBuf {
    let file = folder.join("passphrase");
    std::fs::write(&file, PASSPHRASE).unwrap();
    file
}

/// Every file below a folder, with what is in it.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => {
                    let name = entry.path().strip_prefix(folder).unwrap().to_owned();
                    found.insert(name, std::fs::read(entry.path()).unwrap());
                }
                _ => {}
            }
        }
    }
    found
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_used_box_is_saved_while_it_runs_and_is_the_same_box_elsewhere() {
    let used = Used::start().await;
    // A box keeps nothing that nobody thought of.
    for name in std::fs::read_dir(used.state.path()).unwrap().map(|entry| entry.unwrap().file_name()) {
        let name = name.to_str().unwrap();
        assert!(
            FIXTURE.contains(&name) || place(name) != Place::Unknown,
            "{name} is in the state folder: say in daemon/backup/contents.rs and docs/operate/backup.md whether it is in a backup"
        );
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("box.tar.gz.age");
    let said = done(&porchlight(used.state.path(), &["backup", text(&file), "--generate"]));
    assert!(said.contains("tls: the certificate authority") && said.contains("Not in it: recordings"), "{said}");
    assert!(said.contains("knows nothing of them: log, porchlight.toml."), "{said}");
    let made = said.lines().find_map(|line| line.strip_prefix("The passphrase: ")).expect("it is shown");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!used.state.path().join(".backup").exists(), "the copy of the database is gone");
    refused(&porchlight(used.state.path(), &["backup", text(&file), "--generate"]), "is there already");

    let authority = reqwest::get(format!("{}/ca.pem", used.daemon.url)).await.unwrap().bytes().await.unwrap();
    let kept: Value = used.owner.get("/api/v1/rooms").await.json().await.unwrap();
    let before = tree(used.state.path());
    assert!(used.daemon.stop().success());

    let known = elsewhere.path().join("known");
    std::fs::write(&known, format!("{made}\n")).unwrap();
    let other = tempfile::tempdir().unwrap();
    let said = done(&porchlight(other.path(), &["restore", text(&file), "--passphrase-file", text(&known)]));
    assert!(said.contains("Porchlight 0.") && said.contains("Start Porchlight now"), "{said}");
    let restored = tree(other.path());
    assert!(restored.values().all(|bytes| bytes != b"a planted recording"), "{:?}", restored.keys());
    let settings = std::fs::read_to_string(other.path().join("settings.toml")).unwrap();
    assert_eq!(
        settings,
        format!("[mqtt]\npassword = \"{}/secrets/mqtt\"\n", other.path().display()),
        "it is found there"
    );
    let same = |name: &&PathBuf| !name.ends_with("porchlight.db") && !name.ends_with("settings.toml");
    for name in restored.keys().filter(same) {
        assert!(restored[name] == before[name], "{} is another one", name.display());
    }
    for name in
        ["tls/ca.pem", "tls/acme/account.key", "secrets/mqtt", "settings.toml", "seal.key", "logo.png", "porchlight.db"]
    {
        let file = other.path().join(name);
        let found = std::fs::metadata(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(found.permissions().mode() & 0o777, 0o600, "{name}");
        assert_eq!(std::fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700, "{name}");
    }
    assert!(!restored.contains_key(Path::new("owner-link")) && !restored.contains_key(Path::new("encoders.json")));

    // What was put there for parts of the daemon that would read it.
    std::fs::remove_file(other.path().join("settings.toml")).unwrap();
    let again = Daemon::start(&other);
    let owner = used.owner.with_daemon(&again);
    assert_eq!(owner.get("/api/v1/node").await.json::<Value>().await.unwrap()["name"], "Veranda");
    assert_eq!(owner.get("/api/v1/rooms").await.json::<Value>().await.unwrap(), kept, "the owner's login counts");
    let same = reqwest::get(format!("{}/ca.pem", again.url)).await.unwrap().bytes().await.unwrap();
    assert_eq!(same, authority, "devices that trusted the box do so still");
    assert_eq!(owner.get("/api/v1/logo").await.status(), 200);
    let pushes: Value = owner.get(&format!("/api/v1/rooms/{}/pushes", used.room)).await.json().await.unwrap();
    assert_eq!(pushes[0]["name"], "Elsewhere", "{pushes}");
    let guest = owner.guest(&used.invite, "Bob").await;
    let chat = Written::open(&guest, &of_room(&used.room)).await.unwrap();
    assert_eq!(chat.texts(), ["Written before the backup"]);
    assert!(again.stop().success());
}

#[tokio::test]
async fn nothing_is_replaced_unless_all_is_right_and_what_was_there_is_kept_aside() {
    let used = Used::start().await;
    let away = tempfile::tempdir().unwrap();
    let (file, right) = (away.path().join("box.age"), passphrase(away.path()));
    let right = ["--passphrase-file", text(&right)];
    done(&porchlight(used.state.path(), &["backup", text(&file), right[0], right[1]]));
    let restore = |state: &Path, file: &Path, more: &[&str]| {
        porchlight(state, &[&["restore", text(file)], &right[..], more].concat())
    };

    // Into a daemon that runs; into one that runs and whose socket is gone.
    refused(&restore(used.state.path(), &file, &["--replace"]), "stop it first");
    std::fs::remove_file(used.state.path().join("doctor.sock")).unwrap();
    refused(&restore(used.state.path(), &file, &["--replace"]), "stop it first");
    assert!(used.daemon.stop().success());

    // A folder in a folder, so that what is put beside it goes with the test.
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("porchlight");
    done(&restore(&state, &file, &[]));
    std::fs::create_dir(state.join("recordings")).unwrap();
    std::fs::write(state.join("recordings/mine.mp4"), "mine").unwrap();
    std::fs::write(state.join("owner-link"), "a link").unwrap();
    let before = tree(home.path());
    refused(&restore(&state, &file, &[]), "is not empty: --replace");

    let bytes = std::fs::read(&file).unwrap();
    let wrong = away.path().join("wrong");
    std::fs::write(&wrong, "three porch lights at noon\n").unwrap();
    let broken = away.path().join("broken.age");
    let by = |bytes: &[u8], more: &[&str]| {
        std::fs::write(&broken, bytes).unwrap();
        porchlight(&state, &[&["restore", text(&broken), "--replace"], more].concat())
    };
    refused(&by(&bytes, &["--passphrase-file", text(&wrong)]), "the passphrase or the key is wrong");
    refused(&by(&bytes, &[]), "there is no terminal to ask");
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 1;
    refused(&by(&changed, &right), "damaged, or cut off");
    refused(&by(&bytes[..bytes.len() - 1], &right), "damaged, or cut off");
    refused(&by(&bytes[..bytes.len() / 2], &right), "damaged, or cut off");
    refused(&by(b"no backup\n", &right), "not encrypted by age");
    refused(
        &porchlight(&state, &["restore", text(&away.path().join("none")), "--replace", right[0], right[1]]),
        "can't be read",
    );
    assert!(tree(home.path()) == before, "nothing of that changed anything");

    let said = done(&restore(&state, &file, &["--replace"]));
    let aside = said.lines().find_map(|line| line.strip_prefix("What was there before is in ")).expect("it is said");
    let aside = PathBuf::from(aside.split(';').next().unwrap());
    assert!(text(&aside).starts_with(&format!("{}.before-2", text(&state))), "{}", aside.display());
    assert_eq!(std::fs::read(aside.join("owner-link")).unwrap(), b"a link");
    assert_eq!(std::fs::read(state.join("recordings/mine.mp4")).unwrap(), b"mine", "recordings stay with the box");
    assert!(!state.join("owner-link").exists() && state.join("seal.key").exists());
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 2, "nothing else is beside it");
}

#[test]
fn root_gives_what_is_restored_to_the_user_of_the_state_folder() {
    let away = tempfile::tempdir().unwrap();
    let (file, right) = (away.path().join("box.age"), passphrase(away.path()));
    let first = tempfile::tempdir().unwrap();
    assert!(Daemon::start(&first).stop().success());
    done(&porchlight(first.path(), &["backup", text(&file), "--passphrase-file", text(&right)]));
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("porchlight");
    std::fs::create_dir(&state).unwrap();
    // Only root can give files away; whoever is not gets their own.
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    if root {
        std::os::unix::fs::chown(&state, Some(12_345), Some(54_321)).unwrap();
    }
    let owner = |path: &Path| std::fs::metadata(path).map(|found| (found.uid(), found.gid())).unwrap();
    let wanted = owner(&state);
    done(&porchlight(&state, &["restore", text(&file), "--passphrase-file", text(&right)]));
    for name in ["", "tls", "tls/ca.pem", "porchlight.db", "seal.key"] {
        assert_eq!(owner(&state.join(name)), wanted, "{name}");
    }
}

/// Runs something at a terminal of its own, where lines are typed when it asks for the passphrase.
fn at_a_terminal(command: &str, lines: &[&str]) -> String {
    use std::io::{Read, Write};
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", command, "/dev/null"]);
    let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let (mut typed, mut shown) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
    let (mut seen, mut asked, mut byte) = (String::new(), 0, [0]);
    while shown.read(&mut byte).unwrap() == 1 {
        seen.push(char::from(byte[0]));
        let questions = seen.matches("assphrase").count() + seen.matches("once more").count();
        if seen.ends_with(": ") && questions > asked && asked < lines.len() {
            // The terminal is silent a moment after the question; what is typed before would be shown.
            std::thread::sleep(std::time::Duration::from_millis(300));
            writeln!(typed, "{}", lines[asked]).unwrap();
            asked += 1;
        }
    }
    let status = script.wait().unwrap();
    assert!(status.success(), "{command}: {seen}");
    seen
}

#[test]
fn the_file_is_one_of_age_which_opens_it_by_key_and_by_passphrase() {
    if !has(&["age", "age-keygen", "tar", "script"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    assert!(Daemon::start(&state).stop().success());
    let away = tempfile::tempdir().unwrap();
    let path = |name: &str| away.path().join(name);
    let identity = path("key.txt");
    assert!(Command::new("age-keygen").arg("-o").arg(&identity).stderr(Stdio::null()).status().unwrap().success());
    let recipient = Command::new("age-keygen").arg("-y").arg(&identity).output().unwrap();
    let recipient = String::from_utf8(recipient.stdout).unwrap();

    // By a key: ours opened by age, and what age made opened by us.
    let by_key = path("by-key.age");
    done(&porchlight(state.path(), &["backup", text(&by_key), "--recipient", recipient.trim()]));
    let plain = path("plain.tar.gz");
    let age = Command::new("age").arg("--decrypt").arg("-i").arg(&identity).arg("-o").arg(&plain).arg(&by_key).output();
    let age = age.unwrap();
    assert!(age.status.success(), "{}", String::from_utf8_lossy(&age.stderr));
    let listed = Command::new("tar").arg("tzf").arg(&plain).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let first = listed.lines().next();
    assert_eq!(first, Some("porchlight-backup.json"), "{listed}");
    for name in ["state/porchlight.db", "state/tls/ca.pem", "state/seal.key"] {
        assert!(listed.lines().any(|line| line == name), "{listed}");
    }
    let made = path("made.age");
    let age = Command::new("age").args(["-r", recipient.trim(), "-o"]).arg(&made).arg(&plain).status();
    assert!(age.unwrap().success());
    let other = tempfile::tempdir().unwrap();
    done(&porchlight(other.path(), &["restore", text(&made), "--identity", text(&identity)]));
    assert_eq!(
        std::fs::read(other.path().join("seal.key")).unwrap(),
        std::fs::read(state.path().join("seal.key")).unwrap()
    );
    refused(
        &porchlight(&path("empty"), &["restore", text(&by_key), "--passphrase-file", text(&passphrase(away.path()))]),
        "it is encrypted for a key",
    );

    // By a passphrase that somebody types, which is shown nowhere.
    let (typed, ours) = (PASSPHRASE.trim(), path("typed.age"));
    let program = env!("CARGO_BIN_EXE_porchlight");
    let folder = text(state.path());
    let saved = at_a_terminal(
        &format!("{program} backup {} --config /dev/null --state {folder}", text(&ours)),
        &[typed, typed],
    );
    assert!(!saved.contains(typed) && saved.contains("encrypted. In it are"), "{saved}");
    let opened = path("opened.tar.gz");
    at_a_terminal(&format!("age --decrypt -o {} {}", text(&opened), text(&ours)), &[typed]);
    let listed = Command::new("tar").arg("tzf").arg(&opened).output().unwrap();
    assert!(String::from_utf8(listed.stdout).unwrap().contains("state/porchlight.db"));
    let third = path("third");
    let restored = at_a_terminal(
        &format!("{program} restore {} --config /dev/null --state {}", text(&ours), text(&third)),
        &[typed],
    );
    assert!(third.join("tls/ca.pem").exists() && !restored.contains(typed), "{restored}");
}

#[test]
fn a_place_or_a_passphrase_that_is_not_good_is_refused() {
    let state = tempfile::tempdir().unwrap();
    let away = tempfile::tempdir().unwrap();
    let file = away.path().join("box.age");
    refused(&porchlight(state.path(), &["backup", text(&file), "--generate"]), "is the state folder of no box");
    refused(&porchlight(&state.path().join("none"), &["backup", text(&file), "--generate"]), "can't be read");
    assert!(Daemon::start(&state).stop().success());
    let inside = state.path().join("box.age");
    refused(&porchlight(state.path(), &["backup", text(&inside), "--generate"]), "outside of the state folder");
    let short = away.path().join("short");
    std::fs::write(&short, "eleven char\n").unwrap();
    refused(&porchlight(state.path(), &["backup", text(&file), "--passphrase-file", text(&short)]), "at least 12");
    refused(&porchlight(state.path(), &["backup", text(&file), "--recipient", "age1nobody"]), "no recipient of age");
    refused(&porchlight(state.path(), &["backup", text(&file)]), "no terminal");
    assert!(!file.exists());
    let mut second = Command::new(env!("CARGO_BIN_EXE_porchlight"));
    second
        .args(["run", "--config", "/dev/null", "--listen", "127.0.0.1:0", "--state"])
        .arg(state.path())
        .env("PORCHLIGHT_PEERS__LISTEN", "127.0.0.1:0")
        .env("PORCHLIGHT_HTTPS__LISTEN", "127.0.0.1:0")
        .env("PORCHLIGHT_MEDIA__H264_ENCODER", "x264");
    let _first = Daemon::start(&state);
    refused(&second.output().unwrap(), "another Porchlight uses");
}

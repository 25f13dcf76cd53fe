//! What is on air goes to other services as well: a real RTMP server (nginx) and a real SRT listener (ffmpeg).

pub mod services;
mod whip;

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use self::services::{MODULE, Pushes, SMALL, Server, Way, free, go_live, run};
use super::fixture::browser::{Browser, Devices};
use super::fixture::daemon::Daemon;
use super::fixture::people;
use super::fixture::recording::{Recording, probe};
use super::fixture::visitor::{Visitor, problem};
use super::fixture::{has, until};

/// The owner of the second test, on air by their own yes.
const ADA: Devices = Devices { colour: "red", hz: 440 };
/// The beep of the box's stand-in, in hertz.
const BEEP: f64 = 1_000.0;
/// The furthest that picture and sound may be apart, in seconds.
const SYNC: f64 = 0.1;
/// A colour that fills less of each picture than this is not there; one that is there fills its tile.
const ABSENT: f64 = 0.01;
const PRESENT: f64 = 0.1;

/// What must be nowhere but in the pipeline.
const KEY: &str = "live-key-of-the-first-service";
const OTHER_KEY: &str = "live-key-of-the-other-service";
const PASSPHRASE: &str = "passphrase-of-srt";

/// The codecs of picture and sound, and the pixels of the picture.
async fn codecs_and_size(input: &str) -> (String, String, (u64, u64)) {
    let streams: Value = serde_json::from_str(&probe(input, &["-show_streams", "-of", "json"]).await).unwrap();
    let streams = streams["streams"].as_array().unwrap();
    let of = |kind: &str| streams.iter().find(|stream| stream["codec_type"] == kind).expect(kind);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (video, audio) = (of("video"), of("audio"));
    let size = (video["width"].as_u64().unwrap(), video["height"].as_u64().unwrap());
    (text(&video["codec_name"]), text(&audio["codec_name"]), size)
}

/// Flash and beep of the box come together.
fn assert_sync(recording: &Recording) {
    let (flashes, beeps) = (recording.flashes(), recording.beeps(BEEP));
    let after = |flash: &f64| beeps.iter().map(|beep| flash - beep).min_by(|a, b| a.abs().total_cmp(&b.abs()));
    let mut apart: Vec<f64> = flashes.iter().map(|flash| after(flash).expect("there are beeps")).collect();
    println!("seconds from beep to flash: {apart:.3?}");
    apart.sort_by(f64::total_cmp);
    assert!(apart.len() >= 4, "too few flashes: {flashes:?}; beeps: {beeps:?}");
    let median = apart[apart.len() / 2];
    assert!(median.abs() <= SYNC, "{median} s from beep to flash; flashes {flashes:?}, beeps {beeps:?}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let below = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    below.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Secrets are in no file of the state folder, the log and the database among them, and not on the command line.
fn assert_secret(state: &TempDir, daemon: &Daemon) {
    let mut places = files(state.path());
    assert!(
        places.iter().any(|path| path.ends_with("porchlight.db")) && places.iter().any(|path| path.ends_with("log"))
    );
    places.push(format!("/proc/{}/cmdline", daemon.id()).into());
    for place in places {
        let bytes = std::fs::read(&place).unwrap_or_default();
        for secret in [KEY, OTHER_KEY, PASSPHRASE] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {}", place.display());
        }
    }
}

/// The services that everybody in the room reads.
fn sent_to(state: &Value) -> Vec<String> {
    let names = state["room"]["live"]["pushes"].as_array().cloned().unwrap_or_default();
    names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_on_air_reaches_other_services_and_one_that_fails_disturbs_no_other() {
    if !has(&["ffmpeg", "ffprobe", "openssl"]) {
        return;
    }
    assert!(Path::new(MODULE).exists(), "libnginx-mod-rtmp is not installed; run script/test");
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let pushes = Pushes::of(Visitor::owner(&daemon).await).await;
    let (server, folder) = (Server::new(), tempfile::tempdir().unwrap());
    let nginx = server.start().await;

    // A listener for SRT, and a server whose certificate nobody vouches for.
    let srt = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let taken = folder.path().join("taken.ts");
    let listen = format!("srt://127.0.0.1:{srt}?mode=listener&passphrase={PASSPHRASE}");
    let mut listener = run(Command::new("ffmpeg")
        .args(["-loglevel", "error", "-i", &listen, "-t", "6", "-c", "copy", "-y"])
        .arg(&taken));
    let pair = ["key.pem", "certificate.pem"].map(|name| folder.path().join(name).display().to_string());
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"])
        .args(["-keyout", &pair[0], "-out", &pair[1]])
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    let secure = free();
    let accept = secure.to_string();
    let _untrusted =
        run(Command::new("openssl")
            .args(["s_server", "-quiet", "-accept", &accept, "-key", &pair[0], "-cert", &pair[1]]));

    let good = pushes.add("PeerTube", &server.address("live"), json!({ "key": KEY })).await;
    let nobody = pushes.add("Nobody", &format!("rtmp://127.0.0.1:{}/live", free()), json!({ "key": OTHER_KEY })).await;
    let closed = pushes.add("Closed", &server.address("closed"), json!({ "key": OTHER_KEY })).await;
    let untrusted =
        pushes.add("Untrusted", &format!("rtmps://localhost:{secure}/live"), json!({ "key": OTHER_KEY })).await;
    let by_srt = pushes
        .add("Archive", &format!("srt://127.0.0.1:{srt}"), json!({ "passphrase": PASSPHRASE, "key": OTHER_KEY }))
        .await;
    for id in [&good, &nobody, &closed, &untrusted, &by_srt] {
        assert_eq!(pushes.one(id).await["state"], "waiting", "nothing is sent before the room is on air");
    }

    let mut line = go_live(&pushes.owner, &pushes.room).await;
    let live = pushes.is(&good, "live").await;
    assert!(live["since"].is_string() && live["error"].is_null(), "{live}");
    line.until("names", |state| sent_to(state) == ["PeerTube", "Nobody", "Closed", "Untrusted", "Archive"]).await;
    assert_eq!(codecs_and_size(&server.stream(KEY)).await, ("h264".into(), "aac".into(), (320, 180)));
    assert_sync(&Recording::take(&server.stream(KEY), 8).await);

    // What fails says why, and the rest goes on.
    for (id, code) in [(&nobody, "refused"), (&closed, "key"), (&untrusted, "certificate")] {
        assert_eq!(pushes.fails(id).await, code);
    }
    assert_eq!(pushes.one(&closed).await["state"], "failed", "a key that is refused is tried again slowly");
    let before = pushes.one(&good).await;
    assert_eq!((&before["state"], &before["restarts"], &before["since"]), (&json!("live"), &json!(0), &live["since"]));
    until("SRT taken", async || listener.0.try_wait().unwrap().is_some()).await;
    let taken = taken.to_str().unwrap();
    assert_eq!(codecs_and_size(taken).await, ("h264".into(), "aac".into(), (320, 180)));
    assert_sync(&Recording::take(taken, 6).await);

    // The server dies and comes back, and so does the stream.
    drop(nginx);
    until("loss", async || pushes.one(&good).await["restarts"] != 0).await;
    let _nginx = server.start().await;
    let again = pushes.is(&good, "live").await;
    assert!(["lost", "refused"].contains(&again["error"]["code"].as_str().unwrap()), "{again}");
    assert_eq!(codecs_and_size(&server.stream(KEY)).await.2, (320, 180));
    until("bytes", async || pushes.one(&good).await["bytes"].as_u64() > again["bytes"].as_u64()).await;

    // Nothing tells a secret.
    let told = pushes.text().await;
    assert!(!told.contains(KEY) && !told.contains(OTHER_KEY) && !told.contains(PASSPHRASE), "{told}");
    let srt = pushes.one(&by_srt).await;
    assert_eq!((&srt["key"], &srt["passphrase"], &srt["kind"]), (&json!(true), &json!(true), &json!("srt")));
    assert_secret(&state, &daemon);

    // Off, removed, and off air.
    assert_eq!(pushes.change(&nobody, json!({ "enabled": false })).await["state"], "off");
    for id in [&closed, &untrusted, &by_srt] {
        assert_eq!(pushes.owner.delete(&format!("{}/{id}", pushes.path())).await.status(), 204);
    }
    line.until("one name", |state| sent_to(state) == ["PeerTube"]).await;
    line.ask("end_live", json!({})).await.unwrap();
    let ended = pushes.is(&good, "waiting").await;
    assert!(ended["since"].is_null());
    assert!(daemon.stop().success());

    // What was set up is there again, and can still be opened.
    let daemon = Daemon::start_with(&state, &SMALL);
    let pushes = Pushes::of(Visitor::new(&daemon).with(Some(pushes.owner.secret()))).await;
    let _line = go_live(&pushes.owner, &pushes.room).await;
    pushes.is(&good, "live").await;
    assert_secret(&state, &daemon);
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn a_push_goes_on_with_another_size_and_without_whoever_takes_the_yes_back() {
    if !has(&["chromium", "chromedriver", "ffmpeg", "ffprobe"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let (server, browser) = (Server::new(), Browser::start().await);
    let _nginx = server.start().await;
    let (ada, room) = people::owner_at_the_door(&browser, &daemon, "Ada", ADA).await;

    // The page tells who fills it in what is wrong, and no key again.
    ada.goto(&format!("{}/pushes/{room}", daemon.url)).await;
    ada.wait_for("document.querySelector('[data-testid=push-add]')", "way to add a service").await;
    let address = ada.eval("return document.querySelector('[data-testid=push-address]').value").await;
    assert_eq!(address, "rtmps://a.rtmps.youtube.com/live2");
    ada.eval(
        "const preset = document.querySelector('[data-testid=push-preset]'); preset.value = 'owncast'; \
         preset.dispatchEvent(new Event('change', { bubbles: true }))",
    )
    .await;
    ada.wait_for("document.querySelector('[data-testid=push-address]').value === ''", "place for the server").await;
    ada.fill("push-address", "http://example.org/live").await;
    ada.fill("push-key", KEY).await;
    ada.click("push-add-yes").await;
    ada.wait_for("document.querySelector('.toast.fault')?.textContent.includes('https://')", "reason").await;
    ada.fill("push-address", &server.address("elsewhere")).await;
    ada.fill("push-key", OTHER_KEY).await;
    ada.click("push-add-yes").await;
    ada.wait_for("document.querySelector('[data-name=Owncast] [data-state=waiting]')", "service").await;
    assert_eq!(ada.eval("return document.querySelector('[data-testid=push-key]').value").await, "");

    // What was wrong is set right there, and the key that the box has is not shown.
    ada.click("push-edit").await;
    ada.wait_for("document.querySelector('[data-testid=push-edit-form]')", "form").await;
    assert_eq!(ada.eval("return document.querySelector('[data-testid=push-edit-key]').value").await, "");
    ada.fill("push-edit-address", "ftp://example.org/live").await;
    ada.click("push-edit-save").await;
    ada.wait_for("document.querySelector('dialog .toast.fault')?.textContent.includes('https://')", "reason").await;
    ada.fill("push-edit-name", "Garden").await;
    ada.fill("push-edit-address", &server.address("live")).await;
    ada.fill("push-edit-key", KEY).await;
    ada.click("push-edit-save").await;
    ada.wait_for("document.querySelector('[data-name=Garden] [data-state=waiting]')", "other name").await;
    ada.wait_for("!document.querySelector('[data-testid=push-edit-form]')", "end of the form").await;
    let shown = ada.eval("return document.querySelector('[data-name=Garden] code').textContent").await;
    assert_eq!(shown, server.address("live").as_str());

    ada.goto(&format!("{}/r/{room}", daemon.url)).await;
    ada.fill("name", "Ada").await;
    people::go_in(&ada).await;
    people::sees(&ada, people::BOX, 2).await;
    ada.click("go-live").await;
    ada.click("go-live-confirm").await;
    ada.wait_for(
        "document.querySelector('[data-testid=also-sent]')?.textContent.includes('Garden')",
        "name of the service",
    )
    .await;
    until_size(&server, (320, 180)).await;

    // Two are composed: the picture is larger, and the stream is another one.
    ada.click("consent-yes").await;
    until_size(&server, (640, 360)).await;
    let there = Recording::take(&server.stream(KEY), 6).await;
    assert!(there.most(ADA.colour) > PRESENT, "{} is {} of a picture", ADA.colour, there.most(ADA.colour));

    // Back to the first size without them; the server plays to whoever comes later from the last keyframe on.
    ada.click("withdraw").await;
    ada.wait_for("document.querySelector('[data-testid=go-on-air]')", "way back").await;
    until_size(&server, (320, 180)).await;
    let gone = Recording::take(&server.stream(KEY), 6).await;
    assert!(gone.most(ADA.colour) < ABSENT, "{} is {} of a picture", ADA.colour, gone.most(ADA.colour));
    assert!(gone.loudest(BEEP) > 0.01);
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn a_service_that_stops_reading_has_stalled_and_is_called_anew_while_others_go_on() {
    assert!(Path::new(MODULE).exists(), "libnginx-mod-rtmp is not installed; run script/test");
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let pushes = Pushes::of(Visitor::owner(&daemon).await).await;
    let server = Server::new();
    let _nginx = server.start().await;
    let way = Way::to(server.port);
    let good = pushes.add("Good", &server.address("live"), json!({ "key": KEY })).await;
    let slow = pushes.add("Slow", &format!("rtmp://127.0.0.1:{}/live", way.port), json!({ "key": OTHER_KEY })).await;
    let _line = go_live(&pushes.owner, &pushes.room).await;
    let live = pushes.is(&good, "live").await;
    assert_eq!(pushes.is(&slow, "live").await["dropped"], 0);

    way.jam(true);
    until("stall", async || pushes.one(&slow).await["error"]["code"] == "stalled").await;
    let stalled = pushes.one(&slow).await;
    assert!(stalled["dropped"].as_u64().unwrap() > 0, "what did not fit is counted: {stalled}");
    assert!(stalled["error"]["text"].as_str().unwrap().contains("took nothing"), "{stalled}");
    let others = pushes.one(&good).await;
    assert_eq!((&others["restarts"], &others["since"], &others["dropped"]), (&json!(0), &live["since"], &json!(0)));

    way.jam(false);
    let again = pushes.is(&slow, "live").await;
    assert!(again["restarts"].as_u64() > Some(0), "{again}");
    assert_eq!(codecs_and_size(&server.stream(OTHER_KEY)).await.2, (320, 180));
    assert!(daemon.stop().success());
}

/// Waits until the server serves pictures of this size.
async fn until_size(server: &Server, size: (u64, u64)) {
    let url = server.stream(KEY);
    let look = async || {
        let mut ffprobe = tokio::process::Command::new("ffprobe");
        ffprobe.args([
            "-loglevel",
            "quiet",
            "-rw_timeout",
            "5000000",
            "-show_entries",
            "stream=width,height",
            "-of",
            "csv=p=0",
        ]);
        let said = ffprobe.arg(&url).stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
        String::from_utf8_lossy(&said.stdout).contains(&format!("{},{}", size.0, size.1))
    };
    until(&format!("pictures of {size:?}"), look).await;
}

#[tokio::test]
async fn what_can_t_be_sent_anywhere_is_refused_with_the_reason() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let pushes = Pushes::of(Visitor::owner(&daemon).await).await;
    let body = |address: &str, key: Option<&str>| {
        let (name, preset) = ("YouTube", "youtube");
        json!({ "name": name, "preset": preset, "address": address, "key": key, "enabled": false })
    };
    for (address, key, kind) in [
        ("ftp://example.org/live", Some(KEY), "bad-address"),
        ("http://example.org/whip", Some(KEY), "bad-address"),
        ("rtmp://ada:secret@example.org/live", Some(KEY), "bad-address"),
        ("rtmp://example.org/live?key=1", Some(KEY), "bad-address"),
        ("rtmp://example.org/live", None, "bad-key"),
        ("rtmp://example.org/live", Some("two words"), "bad-key"),
    ] {
        let refused = pushes.owner.post(&pushes.path(), &body(address, key)).await;
        assert_eq!((refused.status().as_u16(), problem(refused).await.as_str()), (400, kind), "{address}");
    }
    for _ in 0..8 {
        let made = pushes.owner.post(&pushes.path(), &body("rtmps://a.rtmps.youtube.com/live2", Some(KEY))).await;
        assert_eq!(made.status(), 201);
    }
    let refused = pushes.owner.post(&pushes.path(), &body("rtmps://a.rtmps.youtube.com/live2", Some(KEY))).await;
    assert_eq!(problem(refused).await, "too-many-pushes");
    let id = serde_json::from_str::<Value>(&pushes.text().await).unwrap()[0]["id"].as_str().unwrap().to_owned();
    let changed =
        pushes.change(&id, json!({ "name": "Garden", "address": "srt://example.org:9000", "key": null })).await;
    assert_eq!(
        (&changed["name"], &changed["key"], &changed["state"]),
        (&json!("Garden"), &json!(false), &json!("off"))
    );
    // Another room's services are out of reach, and go with their room.
    let (other, _) = pushes.owner.make_room().await;
    let wrong = pushes.owner.delete(&format!("/api/v1/rooms/{other}/pushes/{id}")).await;
    assert_eq!(problem(wrong).await, "no-push");
    assert_secret(&state, &daemon);
}

//! Recordings: made with everybody's yes, whole after a kill, read by ffmpeg and Chromium.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::fixture::browser::{Browser, Devices};
use super::fixture::daemon::Daemon;
use super::fixture::visitor::{Line, Visitor, problem};
use super::fixture::{DEADLINE, has, media, people};

/// A box that is in the call from the start, with pictures that two cores can work with.
const SMALL: [(&str, &str); 8] = [
    ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
    ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
    ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
    ("PORCHLIGHT_ENDPOINT__FPS", "15"),
    ("PORCHLIGHT_PROGRAM__WIDTH", "640"),
    ("PORCHLIGHT_PROGRAM__HEIGHT", "360"),
    ("PORCHLIGHT_PROGRAM__FPS", "15"),
    ("PORCHLIGHT_RECORDINGS__MIN_FREE_GIGABYTES", "0"),
];

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = tokio::time::Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < end, "no {what} within {DEADLINE:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn recordings(owner: &Visitor) -> Vec<Value> {
    let list: Value = owner.get("/api/v1/recordings").await.json().await.unwrap();
    list["recordings"].as_array().unwrap().clone()
}

/// Waits until the newest recording is in this state and this long, in milliseconds.
async fn newest(owner: &Visitor, state: &str, duration: u64) -> Value {
    until(&format!("{state} recording of {duration} ms"), async || {
        let newest = recordings(owner).await.into_iter().next()?;
        (newest["state"] == state && newest["duration"].as_u64()? >= duration).then_some(newest)
    })
    .await
}

/// What ffprobe says of a file: how long it is, and of each stream its codec and how long it is.
fn probe(file: &Path) -> (f64, Vec<(String, f64)>) {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "format=duration:stream=codec_name,duration", "-of", "json"])
        .arg(file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "ffprobe of {}: {said}", file.display());
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let seconds = |value: &Value| value.as_str().and_then(|text| text.parse().ok()).unwrap_or_default();
    let stream = |stream: &Value| (stream["codec_name"].as_str().unwrap().to_owned(), seconds(&stream["duration"]));
    let streams = found["streams"].as_array().unwrap().iter().map(stream).collect();
    (seconds(&found["format"]["duration"]), streams)
}

/// Decodes the whole file: no complaint may come.
fn decodes(file: &Path) {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-i"])
        .arg(file)
        .args([
            "-map",
            "0:v",
            "-fps_mode",
            "passthrough",
            "-enc_time_base",
            "1:90000",
            "-f",
            "null",
            "-",
            "-map",
            "0:a",
            "-f",
            "null",
            "-",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "ffmpeg of {}: {said}", file.display());
}

/// All pictures of a file, very small.
fn pictures(file: &Path) -> Vec<media::Picture> {
    media::pictures(file, 64, 36, 1000)
}

/// The boxes of a file at its top.
fn boxes(file: &Path) -> Vec<String> {
    let (bytes, mut at, mut names) = (std::fs::read(file).unwrap(), 0, Vec::new());
    while at + 16 <= bytes.len() {
        let mut size = u64::from(u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()));
        if size == 1 {
            size = u64::from_be_bytes(bytes[at + 8..at + 16].try_into().unwrap());
        }
        names.push(String::from_utf8_lossy(&bytes[at + 4..at + 8]).into_owned());
        at += size as usize;
    }
    assert_eq!(at, bytes.len(), "the last box ends with the file");
    names
}

fn file(state: &TempDir, recording: &Value, part: &str) -> PathBuf {
    state.path().join("recordings").join(format!("{}{part}.mp4", recording["id"].as_str().unwrap()))
}

/// The owner in the first room, and whoever comes by an invite.
async fn people(daemon: &Daemon) -> (Visitor, String, Line) {
    let owner = Visitor::owner(daemon).await;
    let room = owner.first_room().await;
    let line = owner.join(&room, "Ada").await;
    (owner, room, line)
}

#[tokio::test]
async fn what_is_on_air_is_recorded_and_can_be_played_renamed_protected_and_deleted_with_undo() {
    assert!(has(&["ffmpeg", "ffprobe"]));
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let (owner, room, mut line) = people(&daemon).await;
    assert_eq!(line.ask("record", json!({ "on": true })).await, Err("not-live".into()));
    line.ask("go_live", json!({ "title": "Garden", "record": true })).await.unwrap();
    line.until("a recording", |state| state["room"]["live"]["recording"] == "on").await;
    let growing = newest(&owner, "recording", 3_000).await;
    assert_eq!((growing["title"].as_str(), growing["room"].as_str()), (Some("Garden"), Some(&*room)));
    let path = |what: &str| format!("/api/v1/recordings/{}{what}", growing["id"].as_str().unwrap());
    assert_eq!(problem(owner.delete(&path("")).await).await, "no-recording", "not while it is made");
    decodes(&file(&state, &growing, ".part"));
    line.ask("record", json!({ "on": false })).await.unwrap();
    line.until("no recording", |state| state["room"]["live"]["recording"].is_null()).await;

    let done = newest(&owner, "finished", 3_000).await;
    assert_eq!(done["id"], growing["id"]);
    let video = file(&state, &done, "");
    assert_eq!(boxes(&video), ["ftyp", "mdat", "moov"], "the index is at its end, and nothing else was moved");
    decodes(&video);
    let (length, streams) = probe(&video);
    let [(h264, picture), (aac, sound)] = &streams[..] else { panic!("a picture and a sound: {streams:?}") };
    assert_eq!((h264.as_str(), aac.as_str()), ("h264", "aac"));
    assert!((length * 1000.0 - done["duration"].as_f64().unwrap()).abs() < 100.0, "{length} s: {done}");
    assert!((picture - sound).abs() < 0.1, "both are as long: {streams:?}");
    let pictures = media::pictures(&video, 64, 36, 2);
    assert!(pictures.len() == 2 && pictures[0] != pictures[1], "the stand-in moves");
    assert!(media::sound(&video, 3.0).iter().any(|sample| sample.abs() > 0.01), "and beeps");

    // Parts of it, as players ask for them.
    let bytes = std::fs::read(&video).unwrap();
    let part = owner.request(Method::GET, &path("/video")).header("range", "bytes=100-199").send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], format!("bytes 100-199/{}", bytes.len()));
    assert_eq!(part.bytes().await.unwrap(), &bytes[100..200]);
    let whole = owner.get(&path("/video?download")).await;
    assert!(whole.headers()["content-disposition"].to_str().unwrap().ends_with("filename*=UTF-8''Garden.mp4"));
    assert_eq!(whole.bytes().await.unwrap(), bytes);
    let outside = owner.request(Method::GET, &path("/video")).header("range", "bytes=999999999-").send().await.unwrap();
    assert_eq!(outside.status(), 416);
    let stranger = Visitor::new(&daemon);
    for path in ["/api/v1/recordings".to_owned(), path("/video")] {
        assert_eq!(problem(stranger.get(&path).await).await, "sign-in", "{path}");
    }

    let change = json!({ "title": "Garden party", "protected": true });
    let changed = owner.request(Method::PATCH, &path("")).json(&change).send().await.unwrap();
    assert_eq!(changed.json::<Value>().await.unwrap()["title"], "Garden party");
    assert_eq!(problem(owner.delete(&path("")).await).await, "recording-protected");
    owner.request(Method::PATCH, &path("")).json(&json!({ "protected": false })).send().await.unwrap();
    assert_eq!(owner.delete(&path("")).await.status(), 204);
    assert!(recordings(&owner).await[0]["deleted"].is_i64());
    let back: Value = owner.post(&path("/restore"), &json!({})).await.json().await.unwrap();
    assert_eq!((back["deleted"].is_null(), back["title"].as_str()), (true, Some("Garden party")));
    assert_eq!(problem(owner.delete("/api/v1/recordings/0000000000000000").await).await, "no-recording");

    // It is there again after a start, and a room that is live records anew when asked.
    drop(line);
    assert!(daemon.stop().success());
    let daemon = Daemon::start_with(&state, &SMALL);
    let owner = owner.with_daemon(&daemon);
    let again = recordings(&owner).await;
    assert_eq!(
        (again.len(), again[0]["title"].as_str(), again[0]["state"].as_str()),
        (1, Some("Garden party"), Some("finished"))
    );
}

#[tokio::test]
async fn a_part_is_cut_out_and_what_is_published_is_watched_by_everybody_until_it_is_taken_back() {
    assert!(has(&["ffmpeg", "ffprobe"]));
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let (owner, room, mut line) = people(&daemon).await;
    // Recorded without anybody saying so, as the room is set.
    let automatic = json!({ "auto_record": true });
    let studio = owner.request(Method::PATCH, &format!("/api/v1/rooms/{room}/studio")).json(&automatic);
    assert_eq!(studio.send().await.unwrap().json::<Value>().await.unwrap()["auto_record"], true);
    line.until("the room's choice", |state| state["room"]["auto_record"] == true).await;
    line.ask("go_live", json!({ "title": "Garden" })).await.unwrap();
    line.until("a recording", |state| state["room"]["live"]["recording"] == "on").await;
    newest(&owner, "recording", 9_000).await;
    line.ask("end_live", json!({})).await.unwrap();
    let whole = newest(&owner, "finished", 9_000).await;
    let path =
        |recording: &Value, what: &str| format!("/api/v1/recordings/{}{what}", recording["id"].as_str().unwrap());

    let trim = path(&whole, "/trim");
    for wrong in [json!({ "from": 5_000, "to": 5_500 }), json!({ "from": 90_000, "to": 95_000 })] {
        assert_eq!(problem(owner.post(&trim, &wrong).await).await, "bad-part", "{wrong}");
    }
    let begun = owner.post(&trim, &json!({ "from": 2_500, "to": 8_000 })).await;
    assert_eq!(begun.status(), 202);
    let begun: Value = begun.json().await.unwrap();
    assert_eq!((begun["state"].as_str(), begun["title"].as_str()), (Some("trimming"), Some("Garden")));
    let part = until("the part", async || {
        let all = recordings(&owner).await;
        all.into_iter().find(|one| one["id"] == begun["id"] && one["state"] == "finished")
    })
    .await;
    let video = file(&state, &part, "");
    assert_eq!(boxes(&video), ["ftyp", "mdat", "moov"]);
    decodes(&video);
    let (length, streams) = probe(&video);
    let [(_, picture), (_, sound)] = &streams[..] else { panic!("a picture and a sound: {streams:?}") };
    assert!((length * 1000.0 - part["duration"].as_f64().unwrap()).abs() < 100.0, "{length} s: {part}");
    assert!((picture - sound).abs() < 0.1, "both are as long: {streams:?}");
    // It begins with a keyframe of the whole, which comes every two seconds at least, and ends where it was said.
    let begins = 8.0 - length;
    assert!((2.4..4.8).contains(&begins), "it begins {begins} s into the whole");
    let (of_whole, of_part) = (pictures(&file(&state, &whole, "")), pictures(&video));
    assert!(of_part.len() > 20 && of_whole.windows(of_part.len()).any(|run| run == of_part), "the very same pictures");
    assert!(Visitor::new(&daemon).get(&path(&part, "/video")).await.status() == 401);

    // Published.
    let stranger = Visitor::new(&daemon);
    let id = part["id"].as_str().unwrap();
    let (public, watched) = (format!("/api/v1/broadcasts/{id}"), format!("/api/v1/broadcasts/{id}/video"));
    assert_eq!(problem(stranger.get(&watched).await).await, "no-recording");
    let publish = async |on: bool| {
        let change = owner.request(Method::PATCH, &path(&part, "")).json(&json!({ "published": on }));
        change.send().await.unwrap().json::<Value>().await.unwrap()
    };
    assert!(publish(true).await["published"].is_i64());
    let list: Value = stranger.get("/api/v1/broadcasts").await.json().await.unwrap();
    let found: Value = stranger.get(&public).await.json().await.unwrap();
    assert_eq!(list, json!([found]), "the whole is not among them");
    assert_eq!((found["live"].as_bool(), found["title"].as_str()), (Some(false), Some("Garden")));
    assert_eq!(
        (&found["recorded"]["duration"], found["recorded"]["video"].as_str()),
        (&part["duration"], Some(&*watched))
    );
    let bytes = std::fs::read(&video).unwrap();
    assert_eq!(stranger.get(&watched).await.bytes().await.unwrap(), bytes);
    let some = stranger.request(Method::GET, &watched).header("range", "bytes=100-199").send().await.unwrap();
    assert_eq!((some.status().as_u16(), some.headers()["access-control-allow-origin"].to_str().unwrap()), (206, "*"));
    assert_eq!(some.bytes().await.unwrap(), &bytes[100..200]);
    // What is deleted is not watched, and is again when it is had back.
    assert_eq!(owner.delete(&path(&part, "")).await.status(), 204);
    assert_eq!(stranger.get(&public).await.status(), 404);
    assert_eq!(owner.post(&path(&part, "/restore"), &json!({})).await.status(), 200);
    // It is still published after a start.
    drop(line);
    assert!(daemon.stop().success());
    let daemon = Daemon::start_with(&state, &SMALL);
    let (owner, stranger) = (owner.with_daemon(&daemon), stranger.with_daemon(&daemon));
    until("what was published", async || (stranger.get(&watched).await.status() == 200).then_some(())).await;
    let change = owner.request(Method::PATCH, &path(&part, "")).json(&json!({ "published": false }));
    assert_eq!(change.send().await.unwrap().status(), 200);
    assert_eq!(problem(stranger.get(&watched).await).await, "no-recording");
    assert_eq!(stranger.get("/api/v1/broadcasts").await.json::<Value>().await.unwrap(), json!([]));
}

/// Bytes that are free where this folder is.
fn free(folder: &Path) -> u64 {
    let output = Command::new("df").args(["--output=avail", "-B1"]).arg(folder).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().nth(1).and_then(|bytes| bytes.trim().parse().ok()).unwrap_or_else(|| panic!("{text}"))
}

#[tokio::test]
async fn a_recording_ends_when_the_disk_is_full_and_everybody_in_the_room_is_told() {
    assert!(has(&["ffmpeg", "ffprobe", "fallocate"]));
    let state = tempfile::tempdir().unwrap();
    // As much has to stay free as there is, but for a gigabyte or so.
    let spare = 700_000_000;
    let least = free(state.path()).saturating_sub(spare) / 1_000_000_000;
    let least_text = least.to_string();
    let mut keys = SMALL.to_vec();
    keys.push(("PORCHLIGHT_RECORDINGS__MIN_FREE_GIGABYTES", &least_text));
    let daemon = Daemon::start_with(&state, &keys);
    let (owner, _, mut line) = people(&daemon).await;
    line.ask("go_live", json!({ "title": "Garden", "record": true })).await.unwrap();
    line.until("a recording", |state| state["room"]["live"]["recording"] == "on").await;
    newest(&owner, "recording", 2_000).await;

    let filler = state.path().join("filler");
    let size = free(state.path()) - least * 1_000_000_000 + 300_000_000;
    assert!(Command::new("fallocate").args(["-l", &size.to_string()]).arg(&filler).status().unwrap().success());
    line.until("no recording", |state| state["room"]["live"]["recording"].is_null()).await;
    assert!(line.state["room"]["live"]["title"] == "Garden", "the broadcast goes on");
    let done = newest(&owner, "finished", 2_000).await;
    decodes(&file(&state, &done, ""));
    while line.notices.is_empty() {
        line.next().await;
    }
    assert_eq!(line.notices, ["recording_stopped"]);
    assert_eq!(line.ask("record", json!({ "on": true })).await, Err("recordings-full".into()));

    std::fs::remove_file(&filler).unwrap();
    line.ask("record", json!({ "on": true })).await.unwrap();
    line.until("another recording", |state| state["room"]["live"]["recording"] == "on").await;
}

#[tokio::test]
async fn nothing_is_recorded_while_somebody_on_air_has_not_agreed() {
    assert!(has(&["ffmpeg", "ffprobe"]));
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let (owner, _, mut ada) = people(&daemon).await;
    ada.ask("go_live", json!({})).await.unwrap();
    ada.ask("record", json!({ "on": true })).await.unwrap();
    // The box agrees by that press. Ada is on air without having been asked about a recording.
    newest(&owner, "recording", 2_000).await;
    ada.ask("consent", json!({ "on_air": true })).await.unwrap();
    ada.until("the recording to wait", |state| state["room"]["live"]["recording"] == "waits").await;
    let me = ada.me();
    assert_eq!(ada.state["participants"][&me]["recorded"], "asked");
    let waits = newest(&owner, "waiting", 2_000).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let still = newest(&owner, "waiting", 2_000).await;
    assert_eq!((&waits["duration"], &waits["bytes"]), (&still["duration"], &still["bytes"]), "nothing was added");
    // She says yes, and takes it back; then she is off air, and it goes on without her.
    ada.ask("consent", json!({ "on_air": true, "recorded": true })).await.unwrap();
    let more = waits["duration"].as_u64().unwrap() + 2_000;
    newest(&owner, "recording", more).await;
    ada.ask("consent", json!({ "on_air": true, "recorded": false })).await.unwrap();
    newest(&owner, "waiting", more).await;
    ada.ask("consent", json!({ "on_air": false })).await.unwrap();
    newest(&owner, "recording", more + 2_000).await;
    ada.ask("end_live", json!({})).await.unwrap();
    let done = newest(&owner, "finished", more + 2_000).await;
    let video = file(&state, &done, "");
    decodes(&video);
    let (length, _) = probe(&video);
    assert!((length * 1000.0 - done["duration"].as_f64().unwrap()).abs() < 100.0, "without holes: {length} s, {done}");
}

#[tokio::test]
async fn a_recording_is_whole_after_the_box_was_killed_ten_times() {
    assert!(has(&["ffmpeg", "ffprobe"]));
    let state = tempfile::tempdir().unwrap();
    let mut owner: Option<Visitor> = None;
    for round in 0..10 {
        let daemon = Daemon::start_with(&state, &SMALL);
        let visitor = match &owner {
            Some(owner) => owner.with_daemon(&daemon),
            None => Visitor::owner(&daemon).await,
        };
        // What was left behind the last time is finished by now.
        for recording in recordings(&visitor).await {
            assert_eq!(recording["state"], "recovered", "round {round}: {recording}");
            let video = file(&state, &recording, "");
            assert_eq!(boxes(&video), ["ftyp", "mdat", "moov"]);
        }
        let room = visitor.first_room().await;
        let mut line = visitor.join(&room, "Ada").await;
        line.ask("go_live", json!({ "record": true })).await.unwrap();
        let growing = newest(&visitor, "recording", 1_500).await;
        let told = growing["duration"].as_f64().unwrap() / 1000.0;
        // At another moment of each second.
        tokio::time::sleep(Duration::from_millis(137 * round)).await;
        daemon.kill();
        let part = file(&state, &growing, ".part");
        let (length, streams) = probe(&part);
        assert!(length >= told - 0.1 && streams.len() == 2, "round {round}: {length} s of {told} s that were written");
        decodes(&part);
        owner = Some(visitor);
    }
    let daemon = Daemon::start_with(&state, &SMALL);
    let visitor = owner.unwrap().with_daemon(&daemon);
    let all = recordings(&visitor).await;
    assert_eq!(all.len(), 10);
    for recording in all {
        let video = file(&state, &recording, "");
        decodes(&video);
        let (length, _) = probe(&video);
        assert!((length * 1000.0 - recording["duration"].as_f64().unwrap()).abs() < 100.0, "{length} s: {recording}");
    }
}

#[tokio::test]
async fn a_browser_plays_a_recording_from_the_page_and_jumps_in_it() {
    const ADA: Devices = Devices { colour: "red", hz: 440 };
    const VIDEO: &str = "document.querySelector('[data-testid=recording-video]')";
    assert!(has(&["chromium", "chromedriver"]));
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let browser = Browser::start().await;
    let (page, _) = people::owner(&browser, &daemon, "Ada", ADA).await;
    page.click("go-live").await;
    page.click("go-live-record").await;
    page.click("go-live-confirm").await;
    page.click("consent-unrecorded").await;
    let sign = "document.querySelector('[data-testid=recording-sign]')";
    page.wait_for(&format!("{sign}?.textContent.includes('waits for Ada')"), "sign that it waits for her").await;
    page.click("record-agree").await;
    page.wait_for(&format!("{sign}?.classList.contains('on')"), "sign that it is recorded").await;
    let owner = "fetch('/api/v1/recordings').then(r => r.json()).then(r => r.recordings[0]?.duration > 4000)";
    page.wait_for(owner, "recording of some seconds").await;
    page.click("end-live").await;
    page.goto(&format!("{}/recordings", daemon.url)).await;
    page.wait_for("document.querySelector('[data-testid=recording][data-state=finished]')", "recording").await;
    page.click("play").await;
    page.wait_for(&format!("{VIDEO}?.videoWidth > 0 && {VIDEO}.currentTime > 0.5"), "playing video").await;
    page.eval(&format!("{VIDEO}.currentTime = {VIDEO}.duration - 1")).await;
    let there = format!("{VIDEO}.currentTime > {VIDEO}.duration - 0.9 || {VIDEO}.ended");
    page.wait_for(&there, "jump to the end").await;
    page.click("delete").await;
    page.click("restore").await;
    page.wait_for("document.querySelector('[data-testid=delete]')", "recording that is back").await;

    // A part of it; its video is still open.
    page.wait_for(&format!("{VIDEO}?.videoWidth > 0"), "video").await;
    page.click("trim").await;
    page.wait_for("document.querySelector('[data-testid=trim-form]')", "the two marks").await;
    page.click("trim-save").await;
    let finished = "document.querySelectorAll('[data-testid=recording][data-state=finished]').length === 2";
    page.wait_for(finished, "part that is copied").await;

    // Published, it is on the home page of everybody, and can be watched until it is taken back.
    page.click("publish").await;
    page.click("publish-confirm").await;
    page.wait_for("document.querySelector('[data-testid=published-link]')", "link to hand on").await;
    let watched = page.eval("return document.querySelector('[data-testid=published-link]').getAttribute('href')").await;
    let somebody = browser.open("somebody", None).await;
    somebody.goto(&daemon.url).await;
    let listed = format!("document.querySelector('[data-testid=recorded] a[href=\"{}\"]')", watched.as_str().unwrap());
    somebody.wait_for(&listed, "recording to watch").await;
    somebody.goto(&format!("{}{}", daemon.url, watched.as_str().unwrap())).await;
    let video = "document.querySelector('[data-testid=recorded-video]')";
    somebody.wait_for(&format!("{video}?.videoWidth > 0"), "video").await;
    somebody.eval(&format!("{video}.muted = true; return {video}.play()")).await;
    somebody.wait_for(&format!("{video}.currentTime > 0.5"), "playing video").await;
    page.click("unpublish").await;
    let gone = "document.querySelector('[data-testid=watch-state][data-state=gone]')";
    somebody.wait_for(gone, "recording that was taken back").await;
    for page in [&page, &somebody] {
        let errors = page.errors().await;
        // What was taken back is asked for once more, and is not there.
        let others: Vec<&String> = errors.iter().filter(|error| !error.contains("404")).collect();
        assert!(others.is_empty(), "{}: {others:?}", page.name());
    }
}

#[tokio::test]
async fn a_room_goes_on_air_by_itself_while_somebody_is_in_it() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let owner = Visitor::owner(&daemon).await;
    let room = owner.first_room().await;
    let studio = format!("/api/v1/rooms/{room}/studio");
    let set = owner.request(Method::PATCH, &studio).json(&json!({ "auto_live": true })).send().await.unwrap();
    assert_eq!(set.json::<Value>().await.unwrap()["live"], Value::Null, "the box alone is nobody");
    let mut ada = owner.join(&room, "Ada").await;
    ada.until("being on air", |state| state["room"]["live"]["title"].is_string()).await;
    let now: Value = owner.get(&studio).await.json().await.unwrap();
    let answers: Vec<&str> =
        now["people"].as_array().unwrap().iter().filter_map(|one| one["on_air"].as_str()).collect();
    assert_eq!(answers, ["asked", "asked"], "nobody pressed anything, for the box neither");
    ada.ask("leave", json!({})).await.unwrap();
    until("being off air", async || {
        let now: Value = owner.get(&studio).await.json().await.unwrap();
        now["live"].is_null().then_some(())
    })
    .await;
}

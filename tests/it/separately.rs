//! Recordings of participants alone: of those who said yes to that, and of nobody else; in step with the recording of what is on air.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::people;
use super::fixture::recording::{Recording, probe};
use super::fixture::visitor::{Visitor, problem};
use super::fixture::{DEADLINE, has};
use super::screen_share;
use super::vp8::ONLY_VP8;

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };
const CAT: Devices = Devices { colour: "yellow", hz: 1_300 };
/// The beep of the box's stand-in, in hertz.
const BEEP: f64 = 1_000.0;
/// The furthest that pictures and sound of one file, and the same sound in two files, may be apart, in seconds.
const SYNC: f64 = 0.045;
const APART: f64 = 0.08;

/// Pictures that two cores can work with.
const SMALL: [(&str, &str); 7] = [
    ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
    ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
    ("PORCHLIGHT_ENDPOINT__FPS", "30"),
    ("PORCHLIGHT_PROGRAM__WIDTH", "640"),
    ("PORCHLIGHT_PROGRAM__HEIGHT", "360"),
    ("PORCHLIGHT_PROGRAM__FPS", "15"),
    ("PORCHLIGHT_RECORDINGS__MIN_FREE_GIGABYTES", "0"),
];
const BOX: (&str, &str) = ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true");

async fn recordings(owner: &Visitor) -> Vec<Value> {
    let list: Value = owner.get("/api/v1/recordings").await.json().await.unwrap();
    list["recordings"].as_array().unwrap().clone()
}

/// Waits until the only recording is as it should be.
async fn recording(owner: &Visitor, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    let end = tokio::time::Instant::now() + DEADLINE;
    loop {
        let all = recordings(owner).await;
        if let [one] = &all[..]
            && is(one)
        {
            return one.clone();
        }
        assert!(tokio::time::Instant::now() < end, "no {what} within {DEADLINE:?}: {all:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The files of participants alone, of those with this name.
fn of<'a>(recording: &'a Value, name: &str) -> Vec<&'a Value> {
    recording["separate"].as_array().unwrap().iter().filter(|one| one["alone"]["name"] == name).collect()
}

fn millis(of: &Value) -> u64 {
    of["duration"].as_u64().unwrap()
}

/// Whether there is one file of each of these people that has so many milliseconds.
fn has_of(recording: &Value, names: &[&str], duration: u64) -> bool {
    names.iter().all(|name| matches!(&of(recording, name)[..], [one] if millis(one) >= duration))
}

fn file(state: &TempDir, recording: &Value, part: &str) -> PathBuf {
    state.path().join("recordings").join(format!("{}{part}.mp4", recording["id"].as_str().unwrap()))
}

/// All videos that lie in the folder.
fn files(state: &TempDir) -> usize {
    let folder = std::fs::read_dir(state.path().join("recordings")).unwrap().flatten();
    folder.filter(|entry| entry.path().extension().is_some_and(|kind| kind == "mp4")).count()
}

/// The codecs in a file, and how long it is.
async fn holds(file: &Path) -> (Vec<String>, f64) {
    let entries = ["-show_entries", "format=duration:stream=codec_name", "-of", "json"];
    let found: Value = serde_json::from_str(&probe(file.to_str().unwrap(), &entries).await).unwrap();
    let codecs = found["streams"].as_array().unwrap().iter().map(|one| one["codec_name"].as_str().unwrap().to_owned());
    (codecs.collect(), found["format"]["duration"].as_str().unwrap().parse().unwrap())
}

/// All that is in a file, decoded.
async fn look(file: &Path) -> Recording {
    Recording::take(file.to_str().unwrap(), 600).await
}

/// The middle one of the distances from each of these times to the nearest of those.
fn apart(from: &[f64], to: &[f64]) -> f64 {
    let nearest = |at: &f64| to.iter().map(|other| at - other).min_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap();
    let mut all: Vec<f64> = from.iter().map(nearest).collect();
    all.sort_by(f64::total_cmp);
    println!("apart {all:.3?}");
    assert!(all.len() >= 3, "{from:?} {to:?}");
    all[all.len() / 2]
}

/// What is heard of somebody alone is in the recording of what was on air at the same time.
fn in_step(alone: &Recording, entry: &Value, whole: &Recording, hz: f64) {
    let offset = entry["alone"]["offset"].as_f64().unwrap() / 1000.0;
    let beeps: Vec<f64> = alone.beeps(hz).into_iter().map(|at| at + offset).collect();
    let apart = apart(&beeps, &whole.beeps(hz));
    assert!(apart.abs() < APART, "{hz} Hz is {apart} s apart: {entry}");
}

#[tokio::test]
async fn the_box_alone_is_recorded_in_step_and_whole_after_a_kill() {
    assert!(has(&["ffmpeg", "ffprobe"]));
    let state = tempfile::tempdir().unwrap();
    let keys = [&SMALL[..], &[BOX]].concat();
    let daemon = Daemon::start_with(&state, &keys);
    let owner = Visitor::owner(&daemon).await;
    let room = owner.first_room().await;
    let mut line = owner.join(&room, "Ada").await;
    line.ask("go_live", json!({ "title": "Garden", "record": true, "separately": true })).await.unwrap();
    line.until("a recording", |state| state["room"]["live"]["recording"] == "on").await;
    assert_eq!(line.state["room"]["live"]["separately"], true);
    let me = line.me();
    assert_eq!(line.state["participants"][&me]["separately"], "asked", "who was not asked is in no file");
    recording(&owner, "file of the box", |one| has_of(one, &[people::BOX], 9_000)).await;
    // Not wanted any more, that file ends, and what is on air goes on.
    line.ask("record", json!({ "on": true, "separately": false })).await.unwrap();
    let ended = recording(&owner, "file that ended", |one| of(one, people::BOX)[0]["state"] == "finished").await;
    let more = millis(&ended) + 2_000;
    let ended = recording(&owner, "recording that goes on", |one| millis(one) > more).await;
    let alone = of(&ended, people::BOX)[0].clone();
    assert_eq!(of(&ended, people::BOX).len(), 1, "no other one was begun");
    let video = file(&state, &alone, "");
    let (codecs, length) = holds(&video).await;
    assert_eq!(codecs, ["h264", "opus"], "as it was sent");
    assert!((length * 1000.0 - alone["duration"].as_f64().unwrap()).abs() < 100.0, "{length} s: {alone}");

    // Wanted again, it is another file, which a kill leaves as far as it was written.
    let live = owner.post(&format!("/api/v1/rooms/{room}/live"), &json!({ "separately": true })).await;
    let live: Value = live.json().await.unwrap();
    assert_eq!((live["live"]["recording"].as_str(), live["live"]["separately"].as_bool()), (Some("on"), Some(true)));
    let growing = recording(&owner, "second file", |one| {
        of(one, people::BOX).iter().any(|one| one["state"] == "recording" && millis(one) >= 5_000)
    })
    .await;
    let second = of(&growing, people::BOX).into_iter().find(|one| one["id"] != alone["id"]).unwrap().clone();
    daemon.kill();
    let (codecs, length) = holds(&file(&state, &second, ".part")).await;
    assert!(codecs == ["h264", "opus"] && length >= millis(&second) as f64 / 1000.0 - 0.1, "{length} s: {second}");
    let daemon = Daemon::start_with(&state, &keys);
    let owner = owner.with_daemon(&daemon);
    let after = recordings(&owner).await;
    let after = &after[0];
    assert_eq!((after["state"].as_str(), of(after, people::BOX).len()), (Some("recovered"), 2));
    let recovered = of(after, people::BOX).into_iter().find(|one| one["id"] == second["id"]).unwrap();
    assert_eq!((recovered["state"].as_str(), &recovered["alone"]), (Some("recovered"), &second["alone"]));
    assert_eq!(of(after, people::BOX).iter().filter(|one| one["state"] == "finished").count(), 1);

    let whole = look(&file(&state, after, "")).await;
    for entry in [&alone, recovered] {
        let alone = look(&file(&state, entry, "")).await;
        let sync = apart(&alone.flashes(), &alone.beeps(BEEP));
        assert!(sync.abs() < SYNC, "{sync} s from beep to flash: {entry}");
        in_step(&alone, entry, &whole, BEEP);
    }
}

#[tokio::test]
async fn no_more_files_are_written_at_a_time_than_may_be_and_everybody_hears_of_it() {
    let state = tempfile::tempdir().unwrap();
    let keys = [&SMALL[..], &[BOX, ("PORCHLIGHT_RECORDINGS__MAX_SEPARATE", "0")]].concat();
    let daemon = Daemon::start_with(&state, &keys);
    let owner = Visitor::owner(&daemon).await;
    let room = owner.first_room().await;
    let mut line = owner.join(&room, "Ada").await;
    // As the room is set, without anybody saying so.
    let automatic = json!({ "auto_record": true, "auto_separately": true });
    let studio = owner.request(Method::PATCH, &format!("/api/v1/rooms/{room}/studio")).json(&automatic);
    assert_eq!(studio.send().await.unwrap().json::<Value>().await.unwrap()["auto_separately"], true);
    line.until("the room's choice", |state| state["room"]["auto_separately"] == true).await;
    line.ask("go_live", json!({})).await.unwrap();
    while line.notices.is_empty() {
        line.next().await;
    }
    assert_eq!(line.notices, ["separate_missing"]);
    let whole = recording(&owner, "recording", |one| millis(one) >= 2_000).await;
    assert_eq!((whole["separate"].as_array().unwrap().len(), files(&state)), (0, 1));
}

/// Puts the room on air, recorded, and each who wants it alone.
async fn go_live(owner: &Page) {
    owner.click("go-live").await;
    owner.click("go-live-record").await;
    owner.click("go-live-separately").await;
    owner.click("go-live-confirm").await;
}

/// Somebody with a browser is in a file that is theirs alone.
fn assert_theirs(recording: &Recording, who: Devices, others: &[Devices]) {
    let (colour, tone) = (recording.most(who.colour), recording.loudest(f64::from(who.hz)));
    assert!(colour > 0.3, "{} is {colour} of a picture", who.colour);
    for other in others {
        let (seen, heard) = (recording.most(other.colour), recording.loudest(f64::from(other.hz)));
        println!("{}: {colour}, {tone}; {}: {seen}, {heard}", who.colour, other.colour);
        assert!(seen < 0.01, "{} is {seen} of a picture of {}", other.colour, who.colour);
        assert!(heard < tone / 15.0, "{} Hz is heard with {heard} beside {tone}", other.hz);
    }
}

/// The owner as a program, and the same person with a browser in the first room, whose link it gives too.
async fn owner(browser: &Browser, daemon: &Daemon) -> (Visitor, Page, String) {
    let visitor = Visitor::owner(daemon).await;
    let door = format!("{}/r/{}", daemon.url, visitor.first_room().await);
    let ada = browser.open("Ada", Some(ADA)).await;
    let login = json!({ "name": "porchlight", "value": visitor.secret(), "url": daemon.url });
    ada.devtools("Network.setCookie", login).await;
    ada.before(people::RAW).await;
    people::guest_in(&ada, daemon, &door, "").await;
    (visitor, ada, door)
}

#[tokio::test]
async fn a_screen_that_is_shared_is_a_file_beside_that_of_its_owner() {
    const SCREEN: Devices = Devices { colour: "blue", hz: 1_500 };
    assert!(has(&["chromium", "chromedriver", "ffmpeg", "ffprobe"]));
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let browser = Browser::start().await;
    let (visitor, ada, _) = owner(&browser, &daemon).await;
    ada.eval(&screen_share::screen(SCREEN.colour, SCREEN.hz)).await;
    go_live(&ada).await;
    ada.click("consent-separately").await;
    recording(&visitor, "file of Ada", |one| has_of(one, &["Ada"], 2_000)).await;
    ada.click("share").await;
    let screen = |one: &Value| of(one, "Ada").into_iter().find(|one| one["alone"]["screen"] == true).cloned();
    recording(&visitor, "file of her screen", |one| screen(one).is_some_and(|one| millis(&one) >= 5_000)).await;
    ada.click("share-stop").await;
    recording(&visitor, "end of it", |one| screen(one).is_some_and(|one| one["state"] == "finished")).await;
    ada.click("end-live").await;
    let done = recording(&visitor, "finished recording", |one| {
        one["state"] == "finished" && of(one, "Ada").iter().all(|one| one["state"] == "finished")
    })
    .await;
    assert_eq!((of(&done, "Ada").len(), files(&state)), (2, 3));
    let shared = screen(&done).unwrap();
    let camera = of(&done, "Ada").into_iter().find(|one| one["id"] != shared["id"]).unwrap().clone();
    let [camera, shared] = [camera, shared].map(|one| file(&state, &one, ""));
    assert_theirs(&look(&camera).await, ADA, &[SCREEN]);
    assert_theirs(&look(&shared).await, SCREEN, &[ADA]);
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn who_said_yes_to_it_is_in_a_file_of_their_own_and_nobody_else_is() {
    assert!(has(&["chromium", "chromedriver", "ffmpeg", "ffprobe"]));
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let browser = Browser::start().await;
    let (visitor, ada, door) = owner(&browser, &daemon).await;
    let room = visitor.first_room().await;
    let invite = format!("{door}#invite={}", visitor.invite(&room).await.token);
    let (bob, cat) = (browser.open("Bob", Some(BOB)).await, browser.open("Cat", Some(CAT)).await);
    // Bob's browser sends VP8.
    for (page, script) in [(&bob, ONLY_VP8), (&cat, "")] {
        page.before(people::RAW).await;
        people::guest_in(page, &daemon, &invite, script).await;
    }
    people::sees(&ada, "Cat", 2).await;
    go_live(&ada).await;
    // The question says it plainly, and one answer is no answer to the other.
    let plainly = "document.querySelector('#consent-text')?.textContent.includes('in a file of their own')";
    ada.wait_for(plainly, "plain words").await;
    ada.click("consent-separately").await;
    bob.click("consent-separately").await;
    cat.click("consent-yes").await;
    let sign = "/: (Ada, Bob|Bob, Ada)$/.test(document.querySelector('[data-testid=recording-sign].on')?.title)";
    cat.wait_for(sign, "sign that says who is recorded alone").await;
    recording(&visitor, "files of both", |one| has_of(one, &["Ada", "Bob"], 8_000)).await;

    // Bob takes it back: his file ends with what was captured until then, the others go on.
    let before = recording(&visitor, "recording", |_| true).await;
    bob.click("separately-withdraw").await;
    bob.wait_for("document.querySelector('[data-testid=separately-agree]')", "way back").await;
    let ended = recording(&visitor, "file that ended", |one| of(one, "Bob")[0]["state"] == "finished").await;
    let later = millis(of(&ended, "Ada")[0]) + 4_000;
    let later = recording(&visitor, "others that go on", |one| has_of(one, &["Ada"], later)).await;
    let theirs = of(&later, "Bob")[0];
    assert_eq!(millis(theirs), millis(of(&ended, "Bob")[0]), "nothing is added");
    let end = |of: &Value| of["alone"]["offset"].as_u64().unwrap() + millis(of);
    let written = end(of(&ended, "Ada")[0]);
    // Ada's is written up to a second and a half late, and so was his until he took it back.
    assert!(end(theirs) >= end(of(&before, "Bob")[0]) && end(theirs) <= written + 2_000, "{before} {ended}");
    ada.click("end-live").await;
    let done = recording(&visitor, "finished recording", |one| {
        one["state"] == "finished" && of(one, "Ada")[0]["state"] == "finished"
    })
    .await;
    assert_eq!((done["separate"].as_array().unwrap().len(), files(&state)), (2, 3), "Ada's, Bob's and what was on air");
    let [adas, bobs] = ["Ada", "Bob"].map(|name| of(&done, name)[0].clone());

    assert_eq!(holds(&file(&state, &adas, "")).await.0, ["h264", "opus"]);
    assert_eq!(holds(&file(&state, &bobs, "")).await.0, ["vp8", "opus"]);
    let whole = look(&file(&state, &done, "")).await;
    assert!([ADA, BOB, CAT].iter().all(|who| whole.most(who.colour) > 0.05), "all three were on air");
    let (red, blue) = (look(&file(&state, &adas, "")).await, look(&file(&state, &bobs, "")).await);
    assert_theirs(&red, ADA, &[BOB, CAT]);
    assert_theirs(&blue, BOB, &[ADA, CAT]);
    in_step(&red, &adas, &whole, ADA.hz.into());
    in_step(&blue, &bobs, &whole, BOB.hz.into());

    // The page plays it.
    ada.goto(&format!("{}/recordings", daemon.url)).await;
    ada.wait_for("document.querySelector('[data-testid=separate-list]')", "files of each").await;
    ada.eval("document.querySelector('[data-testid=separate-list]').open = true").await;
    ada.click("separate-play").await;
    let video = "document.querySelector('[data-testid=separate-video]')";
    ada.wait_for(&format!("{video}?.videoWidth > 0 && {video}.currentTime > 0.5"), "playing video").await;

    // It goes with the whole, and comes back with it; one alone goes alone.
    let path = |of: &Value, what: &str| format!("/api/v1/recordings/{}{what}", of["id"].as_str().unwrap());
    let change = visitor.request(Method::PATCH, &path(&adas, "")).json(&json!({ "published": true }));
    assert_eq!(problem(change.send().await.unwrap()).await, "no-recording");
    assert_eq!(
        problem(visitor.post(&path(&adas, "/trim"), &json!({ "from": 0, "to": 5_000 })).await).await,
        "no-recording"
    );
    let whole = visitor.get(&path(&adas, "/video?download")).await;
    let name = whole.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(name.contains("Ada"), "{name}");
    assert_eq!(visitor.delete(&path(&bobs, "")).await.status(), 204);
    assert_eq!(visitor.delete(&path(&done, "")).await.status(), 204);
    let deleted = recordings(&visitor).await;
    assert!(of(&deleted[0], "Ada")[0]["deleted"].is_i64() && deleted[0]["deleted"].is_i64());
    assert_eq!(problem(visitor.post(&path(&adas, "/restore"), &json!({})).await).await, "no-recording");
    let back: Value = visitor.post(&path(&done, "/restore"), &json!({})).await.json().await.unwrap();
    assert!(back["deleted"].is_null() && of(&back, "Ada")[0]["deleted"].is_null());
    let keeps = visitor.request(Method::PATCH, &path(&done, "")).json(&json!({ "protected": true }));
    assert_eq!(keeps.send().await.unwrap().status(), 200);
    assert_eq!(problem(visitor.delete(&path(&adas, "")).await).await, "recording-protected");
    for page in [&ada, &bob, &cat] {
        let errors = page.errors().await;
        assert!(errors.is_empty(), "{}: {errors:?}", page.name());
    }
    assert!(daemon.stop().success());
}

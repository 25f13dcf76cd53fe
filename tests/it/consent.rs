//! Consent, proven in what leaves the room: decoded from the stream, from what another service gets, and from the recording.

use serde_json::{Value, json};

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::people;
use super::fixture::recording::Recording;
use super::fixture::visitor::Visitor;
use super::fixture::{DEADLINE, has, media};
use super::forwarded::frames;
use super::on_air::Stream;
use super::push::services::{Pushes, Server};

/// The guest who agrees.
const BOB: Devices = Devices { colour: "blue", hz: 700 };
/// The guest who refuses, then agrees, then withdraws.
const CARLA: Devices = Devices { colour: "red", hz: 440 };
/// A colour that fills less of each picture than this is not there; one that is there fills its tile.
const ABSENT: f64 = 0.01;
const PRESENT: f64 = 0.1;
/// Pictures a second of everything here.
const RATE: usize = 15;

/// What is forwarded and what is composed are of one size, so that the recording is one file and ffmpeg follows.
const SMALL: [(&str, &str); 6] = [
    ("PORCHLIGHT_PROGRAM__WIDTH", "320"),
    ("PORCHLIGHT_PROGRAM__HEIGHT", "180"),
    ("PORCHLIGHT_PROGRAM__FPS", "15"),
    ("PORCHLIGHT_HLS__SEGMENTS", "3"),
    ("PORCHLIGHT_HLS__WINDOW", "0s"),
    ("PORCHLIGHT_RECORDINGS__MIN_FREE_GIGABYTES", "0"),
];

/// Whether somebody is seen and heard in a piece of what leaves, neither of both, or something between.
fn is_in(piece: &Recording, who: Devices) -> Option<bool> {
    let (colour, tone) = (piece.most(who.colour), piece.loudest(f64::from(who.hz)));
    // Bob is heard in everything.
    let bob = piece.loudest(f64::from(BOB.hz));
    match () {
        () if colour > PRESENT && tone > bob / 10.0 => Some(true),
        () if colour < ABSENT && tone < bob / 15.0 => Some(false),
        () => None,
    }
}

/// Waits until everything that leaves has somebody in it, or nothing of them, and Bob. What is forwarded and what is composed have headers of
/// their own: behind the one of before it is looked at. Gives the header.
async fn leaves(stream: &Stream, pushed: &str, before: &str, there: bool) -> String {
    let who = CARLA;
    let began = tokio::time::Instant::now();
    let header = loop {
        let header = stream.settles((320, 180)).await;
        if header != before {
            break header;
        }
        assert!(began.elapsed() < DEADLINE, "nothing else is listed");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    for url in [stream.index().as_str(), pushed] {
        let end = tokio::time::Instant::now() + DEADLINE;
        loop {
            let piece = Recording::take(url, 4).await;
            if is_in(&piece, who) == Some(there) && is_in(&piece, BOB) == Some(true) {
                break;
            }
            let (colour, tone) = (piece.most(who.colour), piece.loudest(f64::from(who.hz)));
            let late = tokio::time::Instant::now() > end;
            assert!(!late, "{url}: {colour} of {} and {tone} of {} Hz; wanted: {there}", who.colour, who.hz);
        }
    }
    header
}

async fn answers(page: &Page, button: &str, then: &str) {
    page.click(button).await;
    page.wait_for(&format!("document.querySelector('[data-testid={then}]')"), then).await;
}

#[tokio::test]
async fn who_refuses_is_in_nothing_that_leaves_who_agrees_is_in_all_of_it_and_who_withdraws_is_gone() {
    if !has(&["chromium", "chromedriver", "ffmpeg", "ffprobe", "nginx"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let (server, browser) = (Server::new(), Browser::start().await);
    let _nginx = server.start().await;
    let owner = Visitor::owner(&daemon).await;
    let pushes = Pushes::of(owner.clone()).await;
    let mut host = owner.join(&pushes.room, "Olga").await;
    let invite = owner.invite(&pushes.room).await;
    let door = format!("{}/r/{}#invite={}", daemon.url, pushes.room, invite.token);
    let (bob, carla) = (browser.open("Bob", Some(BOB)).await, browser.open("Carla", Some(CARLA)).await);
    for page in [&bob, &carla] {
        page.before(people::RAW).await;
        people::guest_in(page, &daemon, &door, "").await;
    }

    host.ask("go_live", json!({ "record": true })).await.unwrap();
    answers(&carla, "consent-no", "go-on-air").await;
    answers(&bob, "consent-yes", "withdraw").await;
    // Whoever reads the program before somebody is on air has a slate made, which is another stream than his.
    let push = pushes.add("Elsewhere", &server.address("live"), json!({ "key": "a-key" })).await;
    pushes.is(&push, "live").await;
    let broadcast = host.state["room"]["broadcast"].as_str().unwrap();
    let stream = Stream { folder: format!("{}/hls/{broadcast}", daemon.url) };
    let pushed = server.stream("a-key");
    let header = leaves(&stream, &pushed, "", false).await;
    let encoded = frames(&daemon, "video-encoder").await;
    assert_eq!(is_in(&Recording::take(&pushed, 3).await, CARLA), Some(false));
    assert_eq!(frames(&daemon, "video-encoder").await, encoded, "Bob's picture is forwarded as it is");
    answers(&carla, "go-on-air", "withdraw").await;
    let header = leaves(&stream, &pushed, &header, true).await;
    answers(&carla, "withdraw", "go-on-air").await;
    leaves(&stream, &pushed, &header, false).await;
    // Nobody has read Olga's WebSocket all the while.
    assert_eq!(owner.delete(&format!("/api/v1/rooms/{}/live", pushes.room)).await.status(), 204);

    // The recordings, one after the other: she is in one stretch of them, and in nothing before and after it.
    let end = tokio::time::Instant::now() + DEADLINE;
    let recordings = loop {
        let list: Value = owner.get("/api/v1/recordings").await.json().await.unwrap();
        let list = list["recordings"].as_array().unwrap().clone();
        if !list.is_empty() && list.iter().all(|recording| recording["state"] == "finished") {
            break list;
        }
        assert!(tokio::time::Instant::now() < end, "not finished: {list:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    let (mut pictures, mut sound) = (Vec::new(), Vec::new());
    for recording in recordings.iter().rev() {
        let id = recording["id"].as_str().unwrap();
        let file = state.path().join("recordings").join(format!("{id}.mp4"));
        pictures.extend(media::pictures(&file, 64, 36, 100_000));
        sound.extend(media::sound(&file, 3_600.0));
    }
    let has = |who: Devices| pictures.iter().map(|picture| picture.share(who.colour) > ABSENT).collect::<Vec<_>>();
    let (red, blue) = (has(CARLA), has(BOB));
    let (first, last) = (red.iter().position(|is| *is).unwrap(), red.iter().rposition(|is| *is).unwrap());
    let all = red.len();
    assert!(first > 2 * RATE && last + 2 * RATE < all, "pictures {first} to {last} of {all} have her");
    assert!(red[first..last].iter().filter(|is| **is).count() > 2 * RATE, "she is there for a while");
    assert!(blue.iter().filter(|is| **is).count() > all * 9 / 10, "he is there all the time");
    let tone = |sound: &[f32], who: Devices| {
        sound.chunks_exact(12_000).map(|piece| media::tone(piece, f64::from(who.hz))).fold(0.0, f64::max)
    };
    let seconds = 2 * 48_000;
    for (what, piece) in [("first", &sound[..seconds]), ("last", &sound[sound.len() - seconds..])] {
        let (her, him) = (tone(piece, CARLA), tone(piece, BOB));
        assert!(her < him / 15.0, "the {what} two seconds have {her} of her beside {him} of him");
    }
    let (her, him) = (tone(&sound, CARLA), tone(&sound, BOB));
    assert!(her > him / 10.0, "in between {her} is heard of her beside {him} of him");

    // Who agreed when is written down.
    let noted: Value = owner.get(&format!("/api/v1/rooms/{}/audit", pushes.room)).await.json().await.unwrap();
    let entries = noted.as_array().unwrap().iter().rev();
    let hers: Vec<&str> = entries
        .filter(|entry| entry["action"] == "consent" && entry["actor"] == "Carla")
        .map(|entry| entry["detail"].as_str().unwrap().split(',').next().unwrap())
        .collect();
    assert_eq!(hers, ["on air: no", "on air: yes", "on air: no"]);
    assert!(daemon.stop().success());
}

//! On air: who agreed is seen and heard by everybody who watches, and nobody else.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::people::{self, BOX, look};
use super::fixture::recording::{Recording, probe};
use super::fixture::{DEADLINE, has};

/// The owner, who goes live and is not on air.
const ADA: Devices = Devices { colour: "red", hz: 440 };
/// The guest, who agrees and withdraws.
const BOB: Devices = Devices { colour: "blue", hz: 700 };
/// The beep of the box's stand-in, in hertz.
const BEEP: f64 = 1_000.0;
/// The furthest that picture and sound may be apart, in seconds.
const SYNC: f64 = 0.045;
/// A colour that fills less of each picture than this is not there; one that is there fills its tile.
const ABSENT: f64 = 0.01;
const PRESENT: f64 = 0.1;

/// A program that two cores can work with. 30 pictures a second, so that the measure of sync is fine enough.
const SMALL: [(&str, &str); 9] = [
    ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
    ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
    ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
    ("PORCHLIGHT_ENDPOINT__FPS", "30"),
    ("PORCHLIGHT_PROGRAM__WIDTH", "640"),
    ("PORCHLIGHT_PROGRAM__HEIGHT", "360"),
    ("PORCHLIGHT_PROGRAM__FPS", "30"),
    // What was before a change of the picture's size is soon gone: ffmpeg does not follow such a change.
    ("PORCHLIGHT_HLS__SEGMENTS", "3"),
    ("PORCHLIGHT_HLS__WINDOW", "0s"),
];

/// The stream of a broadcast, as plain HTTP gives it.
pub struct Stream {
    pub folder: String,
}

/// Where the media of a playlist is, oldest first, and when each segment was made.
#[derive(Debug)]
struct Listed {
    media: Vec<String>,
    dates: Vec<jiff::Timestamp>,
}

impl Stream {
    pub fn index(&self) -> String {
        format!("{}/index.m3u8", self.folder)
    }

    /// Waits until all that the playlist of pictures lists has this size and one header, so that ffmpeg can play it. Gives the header.
    pub async fn settles(&self, size: (u64, u64)) -> String {
        let end = tokio::time::Instant::now() + DEADLINE;
        loop {
            let index = text(&self.index()).await;
            let playlist = index.lines().find(|line| line.ends_with("video/index.m3u8"));
            let listed = match playlist {
                Some(playlist) => text(&format!("{}/{playlist}", self.folder)).await,
                None => String::new(),
            };
            let mut maps = listed.lines().filter_map(|line| line.strip_prefix("#EXT-X-MAP:URI=\"")?.split('"').next());
            if let (Some(map), None, Some(playlist)) = (maps.next(), maps.next(), playlist)
                && listed.lines().any(|line| !line.starts_with('#'))
                && self.size(&format!("{}/{map}", playlist.rsplit_once('/').unwrap().0)).await == Some(size)
            {
                return map.to_owned();
            }
            assert!(tokio::time::Instant::now() < end, "not only {size:?} is listed: {index} {listed}");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    /// How large the pictures behind a header are, which a cut may just have taken away (ISO/IEC 14496-12, VisualSampleEntry).
    async fn size(&self, header: &str) -> Option<(u64, u64)> {
        let bytes = reqwest::get(format!("{}/{header}", self.folder)).await.unwrap().bytes().await.unwrap();
        let at = bytes.windows(4).position(|four| four == b"avc1")? + 28;
        let number = |at: usize| u64::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
        Some((number(at), number(at + 2)))
    }

    /// The codecs of picture and sound, and the pixels of the picture.
    async fn codecs_and_size(&self) -> (String, String, (u64, u64)) {
        let streams = probe(&self.index(), &["-show_streams", "-of", "json"]).await;
        let streams: Value = serde_json::from_str(&streams).unwrap();
        let streams = streams["streams"].as_array().unwrap();
        let of = |kind: &str| streams.iter().find(|stream| stream["codec_type"] == kind).expect(kind);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (video, audio) = (of("video"), of("audio"));
        let size = (video["width"].as_u64().unwrap(), video["height"].as_u64().unwrap());
        (text(&video["codec_name"]), text(&audio["codec_name"]), size)
    }

    /// What the playlists of pictures and sound list now.
    async fn listed(&self) -> Listed {
        let index = text(&self.index()).await;
        let mut listed = Listed { media: Vec::new(), dates: Vec::new() };
        // Sound stands there twice: with the picture, and alone.
        let playlists: BTreeSet<_> = index.lines().filter_map(uri).collect();
        assert_eq!(playlists.len(), 2, "{index}");
        for playlist in playlists {
            let (folder, _) = playlist.rsplit_once('/').unwrap();
            let text = text(&format!("{}/{playlist}", self.folder)).await;
            let media = text.lines().filter(|line| !line.starts_with("#EXT-X-") || line.starts_with("#EXT-X-PART:"));
            listed.media.extend(media.filter_map(uri).map(|uri| format!("{}/{folder}/{uri}", self.folder)));
            let dates = text.lines().filter_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:"));
            listed.dates.extend(dates.map(|date| date.parse::<jiff::Timestamp>().unwrap()));
        }
        listed
    }
}

/// The address in a line of a playlist.
fn uri(line: &str) -> Option<&str> {
    match line.split_once("URI=\"") {
        Some((_, rest)) => rest.split('"').next(),
        None => Some(line).filter(|line| !line.is_empty() && !line.starts_with('#')),
    }
}

async fn text(url: &str) -> String {
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    answer.text().await.unwrap()
}

/// Waits until the page of a viewer plays, and the media time goes on from where it is.
async fn plays(viewer: &Page) {
    viewer.wait_for("document.querySelector('[data-testid=watch-state][data-state=playing]')", "stream").await;
    let video = "document.querySelector('[data-testid=player]')";
    let from = viewer.eval(&format!("return window.from = {video}.currentTime")).await;
    viewer.wait_for(&format!("{video}.currentTime > window.from + 1.5"), &format!("media after {from} s")).await;
}

/// Waits until the share of a colour in what a viewer sees is over, or under, a bound.
async fn shows(viewer: &Page, colour: &str, there: bool) {
    let end = tokio::time::Instant::now() + DEADLINE;
    loop {
        let share = look(viewer, "[data-testid=player]").await.share(colour);
        if (there && share > PRESENT) || (!there && share < ABSENT) {
            return;
        }
        assert!(tokio::time::Instant::now() < end, "the viewer sees {share} of {colour}, should be there: {there}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// Nothing of somebody is in a recording.
fn assert_absent(recording: &Recording, who: Devices, when: &str) {
    let (colour, tone) = (recording.most(who.colour), recording.loudest(f64::from(who.hz)));
    assert!(colour < ABSENT, "{when}: {} is {colour} of a picture", who.colour);
    let beep = recording.loudest(BEEP);
    println!("{when}: {} is {colour}, {} Hz {tone}, beep {beep}", who.colour, who.hz);
    assert!(tone < beep / 15.0, "{when}: {} Hz is there with {tone} beside the box with {beep}", who.hz);
}

/// Flash and beep of the box come together.
fn assert_sync(recording: &Recording) {
    let (flashes, beeps) = (recording.flashes(), recording.beeps(BEEP));
    let after = |flash: &f64| {
        let apart = beeps.iter().map(|beep| flash - beep);
        apart.min_by(|a, b| a.abs().total_cmp(&b.abs())).expect("there are beeps")
    };
    let mut apart: Vec<f64> = flashes.iter().map(after).collect();
    println!("seconds from beep to flash: {apart:.3?}, of {flashes:.3?}");
    apart.sort_by(f64::total_cmp);
    assert!(apart.len() >= 4, "too few flashes: {flashes:?}; beeps: {beeps:?}");
    let median = apart[apart.len() / 2];
    assert!(median.abs() <= SYNC, "{median} s from beep to flash; flashes {flashes:?}, beeps {beeps:?}");
}

#[tokio::test]
async fn who_agrees_is_on_air_who_refuses_is_not_and_who_withdraws_is_gone() {
    if !has(&["chromium", "chromedriver", "ffmpeg", "ffprobe"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let browser = Browser::start().await;
    let (ada, room) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let invite = people::invite(&ada).await;
    let bob = people::guest(&browser, &daemon, "Bob", BOB, &invite).await;
    people::sees(&bob, "Ada", 2).await;
    people::sees(&ada, "Bob", 2).await;
    people::sees(&ada, BOX, 2).await;

    // Live: everybody is asked, which is not a yes, also for the one who pressed the button.
    ada.click("go-live").await;
    ada.fill("live-title", "A test").await;
    ada.click("go-live-confirm").await;
    for page in [&ada, &bob] {
        page.wait_for("document.querySelector('[data-testid=consent-yes]')", "question").await;
    }
    let broadcast = ada.eval(&format!("return fetch('/api/v1/rooms/{room}').then(r => r.json())")).await;
    let Value::String(broadcast) = &broadcast["broadcast"] else { panic!("the room has no broadcast") };
    let stream = Stream { folder: format!("{}/hls/{broadcast}", daemon.url) };
    let viewer = browser.open("Viewer", None).await;
    viewer.goto(&daemon.url).await;
    viewer.eval("localStorage.setItem('porchlight.player', 'hls')").await;
    viewer.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
    people::probe(&viewer).await;
    plays(&viewer).await;
    stream.settles((320, 180)).await;
    let asked = Recording::take(&stream.index(), 8).await;
    assert_absent(&asked, ADA, "asked");
    assert_absent(&asked, BOB, "asked");
    assert_sync(&asked);

    // The box is alone on air: its picture is forwarded as it is.
    assert_eq!(stream.codecs_and_size().await, ("h264".into(), "aac".into(), (320, 180)));

    // The guest agrees, the owner refuses.
    ada.click("consent-no").await;
    bob.click("consent-yes").await;
    shows(&viewer, BOB.colour, true).await;
    stream.settles((640, 360)).await;
    let mut agreed = Recording::take(&stream.index(), 12).await;
    assert_absent(&agreed, ADA, "refused");
    let last = &agreed.pictures.last().unwrap().1;
    assert!(last.share(BOB.colour) > PRESENT, "{} is {} of the last picture", BOB.colour, last.share(BOB.colour));
    let (tone, beep) = (agreed.loudest(f64::from(BOB.hz)), agreed.loudest(BEEP));
    println!("agreed: {} Hz {tone}, beep {beep}", BOB.hz);
    assert!(tone > beep / 10.0, "{} Hz is there with {tone} beside the box with {beep}", BOB.hz);
    agreed.begin_with(BOB.colour, PRESENT);
    assert_sync(&agreed);
    assert_eq!(stream.codecs_and_size().await, ("h264".into(), "aac".into(), (640, 360)), "two are composed");

    // The guest withdraws: what was is not to be had any more, and the stream goes on.
    let before = stream.listed().await;
    assert!(!before.media.is_empty());
    let withdrawn = jiff::Timestamp::now();
    bob.click("withdraw").await;
    bob.wait_for("document.querySelector('[data-testid=go-on-air]')", "way back").await;
    let end = tokio::time::Instant::now() + DEADLINE;
    let after = loop {
        let after = stream.listed().await;
        if after.media.iter().all(|url| !before.media.contains(url)) && !after.media.is_empty() {
            break after;
        }
        assert!(tokio::time::Instant::now() < end, "old media is still listed: {before:?}, {after:?}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    // What is made now was captured a little earlier: that is the delay of the composition.
    let oldest = after.dates.iter().min().unwrap();
    assert!(*oldest > withdrawn - jiff::SignedDuration::from_secs(1), "{oldest} is older than {withdrawn}");
    for url in &before.media {
        assert_eq!(reqwest::get(url).await.unwrap().status(), 404, "{url}");
    }
    stream.settles((320, 180)).await;
    let gone = Recording::take(&stream.index(), 5).await;
    assert_absent(&gone, ADA, "refused, later");
    assert_absent(&gone, BOB, "withdrawn");
    shows(&viewer, BOB.colour, false).await;
    plays(&viewer).await;

    // The end: viewers are told, and there is no stream.
    ada.click("end-live").await;
    viewer.wait_for("document.querySelector('[data-testid=watch-state][data-state=ended]')", "end").await;
    let answer = reqwest::get(stream.index()).await.unwrap();
    assert_eq!(answer.status(), 404);
    let problem: Value = answer.json().await.unwrap();
    assert!(problem["type"].as_str().unwrap().ends_with("not-on-air"), "{problem}");
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn the_sign_is_on_every_page_of_a_room_on_air_and_goes_when_that_ends() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let browser = Browser::start().await;
    let olga = browser.open("Olga", None).await;
    let room = people::to_the_first_room(&olga, &daemon).await;
    let ask = |method: &str| {
        let headers = "{ 'content-type': 'application/json' }";
        let body = if method == "POST" { ", body: '{}'" } else { "" };
        format!(
            "return fetch('/api/v1/rooms/{room}/live', {{ method: '{method}', headers: {headers}{body} }}).then(r => r.status)"
        )
    };
    assert_eq!(olga.eval(&ask("POST")).await, 200);
    let of_room = format!("return fetch('/api/v1/rooms/{room}').then(r => r.json()).then(room => room.broadcast)");
    let broadcast = olga.eval(&of_room).await.as_str().unwrap().to_owned();
    let sign = "document.querySelector('[data-testid=on-air-sign]') && document.title.startsWith('● ')";
    for path in [
        "/",
        "/camera",
        &format!("/r/{room}"),
        &format!("/b/{broadcast}"),
        &format!("/studio/{room}"),
        &format!("/pushes/{room}"),
        &format!("/audit?room={room}"),
        &format!("/people/{room}"),
    ] {
        olga.goto(&format!("{}{path}", daemon.url)).await;
        olga.wait_for(sign, &format!("sign on {path}")).await;
    }
    assert_eq!(olga.eval(&ask("DELETE")).await, 204);
    olga.wait_for("!document.querySelector('[data-testid=on-air-sign]')", "end of the sign").await;
}

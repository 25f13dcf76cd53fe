//! Low-latency DASH of the box: followed as players follow it, read by ffmpeg, and played by dash.js in a browser.

mod mpd;

use std::collections::BTreeSet;

use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};

use self::mpd::{Mpd, Representation};
use super::fixture::browser::{Browser, Devices};
use super::fixture::daemon::Daemon;
use super::fixture::has;
use super::fixture::people::{self, look};
use super::fixture::recording::{Recording, probe};
use super::fixture::site::Site;
use super::fixture::visitor::{Visitor, problem};
use super::ll_hls::playlist::Playlist;

const SMALL: [(&str, &str); 5] = [
    ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
    ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
    ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
    ("PORCHLIGHT_PROGRAM__WIDTH", "320"),
    ("PORCHLIGHT_PROGRAM__HEIGHT", "180"),
];
const LADDER: (&str, &str) = ("PORCHLIGHT_LADDER__RUNGS", "144");
const ADA: Devices = Devices { colour: "red", hz: 440 };
/// Segments that are taken while they are made.
const TAKEN: usize = 8;
/// What a viewer by DASH is behind, at most, on the slowest machine that runs this; in seconds.
const BEHIND: f64 = 12.0;

/// A room on air in which the box alone is seen: the address of the manifest.
async fn on_air(daemon: &Daemon) -> (Visitor, String) {
    let (owner, broadcast) = people::box_on_air(daemon).await;
    (owner, format!("{}/dash/{broadcast}/manifest.mpd", daemon.url))
}

struct Player {
    http: Client,
    address: Url,
}

impl Player {
    async fn mpd(&self, from: &Url) -> Mpd {
        let answer = self.http.get(from.clone()).send().await.unwrap();
        assert_eq!(
            (answer.status(), &answer.headers()["content-type"]),
            (StatusCode::OK, &"application/dash+xml".parse().unwrap())
        );
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        Mpd::read(&answer.text().await.unwrap())
    }

    fn media(&self, mpd: &Mpd, path: &str) -> Url {
        self.address.join(&mpd.base).unwrap().join(path).unwrap()
    }

    async fn get(&self, url: Url) -> Result<Vec<u8>, String> {
        let answer = self.http.get(url.clone()).send().await.unwrap();
        match answer.status() {
            StatusCode::OK => Ok(answer.bytes().await.unwrap().to_vec()),
            status => Err(format!("{url} is {status}")),
        }
    }

    /// Takes the newest segment as it is made. Gives its bytes, in how many pieces they came, and whether it was still being made when the
    /// first one had come.
    async fn take(&self, mpd: &Mpd, of: &Representation) -> (Vec<u8>, usize, bool) {
        let newest = of.segments.last().unwrap().number;
        let mut answer = self.http.get(self.media(mpd, &of.address(newest))).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{newest} of {}", of.id);
        let (mut body, mut pieces) = (Vec::new(), 0);
        let mut open = false;
        while let Some(piece) = answer.chunk().await.unwrap() {
            body.extend(piece);
            pieces += 1;
            if pieces == 1 {
                let list = self.get(self.media(mpd, &format!("{}/index.m3u8", of.id))).await.unwrap();
                let list = Playlist::read(&String::from_utf8(list).unwrap()).unwrap();
                open = list.get(newest).is_none_or(|segment| !segment.is_complete());
            }
        }
        (body, pieces, open)
    }
}

#[tokio::test]
async fn the_manifest_keeps_its_rules_and_the_newest_segment_comes_while_it_is_made() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let (_owner, address) = on_air(&daemon).await;
    let player = Player { http: Client::new(), address: address.parse().unwrap() };
    let mut mpd = player.mpd(&player.address).await;
    let again = player.address.join(&mpd.location).unwrap();
    let clock = player.address.join(&mpd.clock).unwrap();
    let time = player.http.get(clock).send().await.unwrap();
    assert_eq!((time.status().as_u16(), &time.headers()["access-control-allow-origin"]), (200, &"*".parse().unwrap()));
    let time: jiff::Timestamp = time.text().await.unwrap().parse().unwrap();
    assert!(time >= mpd.published && time.duration_since(mpd.published).as_secs() < 60, "one clock for both");

    let (mut found, mut seen, mut taken) = (Vec::new(), BTreeSet::new(), Vec::new());
    while taken.len() < TAKEN {
        found.extend(mpd.alone());
        // Both at once: they are cut at the same moments.
        let (video, audio) = (mpd.newest("video"), mpd.newest("audio"));
        let both = tokio::join!(player.take(&mpd, video), player.take(&mpd, audio));
        let newest = [(video, both.0), (audio, both.1)]
            .map(|(of, took)| (of.id.clone(), of.segments.last().unwrap().number, took));
        // By now they are whole, and listed as they are once the next manifest is there.
        let next = player.mpd(&again).await;
        found.extend(next.follows(&mpd));
        for one in mpd.periods.iter().flat_map(|period| &period.representations) {
            if one.id.starts_with("video-") {
                // Smaller pictures have a test of their own.
                continue;
            }
            let init = player.get(player.media(&mpd, &one.init)).await;
            assert_eq!(init.as_ref().map(|body| &body[4..8]), Ok(&b"ftyp"[..]));
            for segment in
                one.segments.iter().rev().skip(1).filter(|segment| seen.insert((one.id.clone(), segment.number)))
            {
                match player.get(player.media(&mpd, &one.address(segment.number))).await {
                    Ok(body) => found.extend(one.is(segment, &body).err()),
                    Err(why) => found.push(why),
                }
            }
        }
        for (id, number, (body, pieces, open)) in newest {
            let one = next.newest(&id);
            let whole = player.get(player.media(&next, &one.address(number))).await.unwrap();
            assert!(whole == body, "{number} of {id} came as it is");
            let listed = one.segments.iter().rev().skip(1).find(|segment| segment.number == number);
            found.extend(listed.and_then(|segment| one.is(segment, &body).err()));
            println!("{id} {number}: {pieces} pieces, {}", if open { "while it was made" } else { "whole" });
            taken.push((pieces, open));
        }
        mpd = next;
    }
    assert_eq!(found, Vec::<String>::new());
    let open = taken.iter().filter(|(pieces, open)| *open && *pieces >= 3).count();
    assert!(open * 2 > taken.len(), "{taken:?}");
    assert!(mpd.newest("video").codecs.starts_with("avc1.") && mpd.newest("audio").codecs == "mp4a.40.2");
    assert!(mpd.newest("video").early > 1.0 && mpd.newest("video").size == Some((320, 180)));
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn a_smaller_picture_that_is_made_can_be_had_by_dash_as_well() {
    let state = tempfile::tempdir().unwrap();
    let mut keys = SMALL.to_vec();
    keys.push(LADDER);
    let daemon = Daemon::start_with(&state, &keys);
    let (_owner, address) = on_air(&daemon).await;
    let player = Player { http: Client::new(), address: address.parse().unwrap() };
    let mpd = player.mpd(&player.address).await;
    assert!(
        mpd.periods.iter().flat_map(|period| &period.representations).all(|one| one.id != "video-144"),
        "nobody watches it"
    );
    // Whoever watches by LL-HLS has it made, and it goes on while somebody asks for its segments.
    let list = player.get(player.media(&mpd, "video-144/index.m3u8")).await.unwrap();
    assert!(!list.is_empty());
    let again = player.address.join(&mpd.location).unwrap();
    let (mut before, mut whole) = (mpd, 0);
    while whole < 3 {
        let next = player.mpd(&again).await;
        assert_eq!((next.alone(), next.follows(&before)), (vec![], vec![]));
        let (of, large) = (next.newest("video-144"), next.newest("video"));
        let (body, pieces, open) = player.take(&next, of).await;
        assert!(!body.is_empty());
        println!("{pieces} pieces, open: {open}");
        for segment in of.segments.iter().rev().skip(1) {
            let body = player.get(player.media(&next, &of.address(segment.number))).await.unwrap();
            assert_eq!(of.is(segment, &body), Ok(()));
            let same = large.segments.iter().find(|one| one.number == segment.number).expect("the large one has it");
            assert!(same.begins.abs_diff(segment.begins) < 90_000 / 4, "{same:?}, {segment:?}");
        }
        whole = of.segments.len() - 1;
        before = next;
    }
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn who_watches_by_dash_is_counted_and_goes_on_when_the_line_is_full() {
    let state = tempfile::tempdir().unwrap();
    let mut keys = SMALL.to_vec();
    keys.push(("PORCHLIGHT_VIEWERS__UPLINK", "3Mbps"));
    let daemon = Daemon::start_with(&state, &keys);
    let (owner, address) = on_air(&daemon).await;
    let player = Player { http: Client::new(), address: address.parse().unwrap() };
    let mpd = player.mpd(&player.address).await;
    let refused = player.http.get(&address).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), problem(refused).await.as_str()), (503, "uplink"), "there is room for one");
    let again = player.address.join(&mpd.location).unwrap();
    super::fixture::until("one who watches", async || {
        player.mpd(&again).await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let list: Value = owner.get("/api/v1/broadcasts").await.json().await.unwrap();
        list[0]["viewers"] == 1
    })
    .await;
    let unknown = player.http.get(format!("{}/dash/0000000000000000/manifest.mpd", daemon.url)).send().await.unwrap();
    assert_eq!((unknown.status().as_u16(), problem(unknown).await.as_str()), (404, "not-on-air"));
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn ffmpeg_reads_the_manifest() {
    if !has(&["ffmpeg", "ffprobe"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let (_owner, address) = on_air(&daemon).await;
    let streams = probe(&address, &["-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0"]).await;
    assert!(streams.contains("h264,320,180") && streams.contains("aac"), "{streams}");
    let recording = Recording::take(&address, 6).await;
    let times: Vec<f64> = recording.pictures.iter().map(|(time, _)| *time).collect();
    assert!(times.len() > 60, "{} pictures in six seconds", times.len());
    for pair in times.windows(2) {
        assert!(pair[1] > pair[0] && pair[1] - pair[0] < 0.5, "a hole at {pair:?}");
    }
    assert!(daemon.stop().success());
}

/// The player, from the folder where the pages' packages are.
fn dash_js() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/web/node_modules/dashjs/dist/modern/umd/dash.all.min.js");
    std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{path}: {why}; script/lib.sh installs it"))
}

#[tokio::test]
async fn dash_js_plays_picture_and_sound_near_the_live_edge_on_another_site_s_page() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let browser = Browser::start().await;
    let (ada, room) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let broadcast = people::on_air(&ada, &room, &[&ada]).await;
    let site = Site::serve(vec!["<video id=\"player\"></video><audio id=\"ear\" muted></audio>".into()]);
    let page = browser.open("viewer", None).await;
    page.goto(&site.page(0)).await;
    page.eval(&format!("{}\n", dash_js())).await;
    let script = format!(
        "const video = document.querySelector('#player');
         const player = window.player = dashjs.MediaPlayer().create();
         window.faults = [];
         window.behind = [];
         player.on('error', event => faults.push(JSON.stringify(event.error)));
         player.updateSettings({{ streaming: {{ abr: {{
             autoSwitchBitrate: {{ video: false }}, initialBitrate: {{ video: 50000 }}
         }} }} }});
         player.initialize(video, '{}/dash/{broadcast}/manifest.mpd', true);
         video.addEventListener('playing', () => {{
             const stream = video.captureStream();
             const waiting = setInterval(() => {{
                 if (stream.getAudioTracks().length === 0) return;
                 document.querySelector('#ear').srcObject ??= stream;
                 clearInterval(waiting);
             }}, 100);
         }}, {{ once: true }});
         setInterval(() => behind.push(player.getCurrentLiveLatency()), 500);",
        daemon.url
    );
    page.eval(&script).await;
    people::probe(&page).await;
    page.wait_for(
        "document.querySelector('#player').currentTime > 0 && document.querySelector('#ear').srcObject",
        "picture",
    )
    .await;
    page.eval("probe.see('Ada', '#player'); probe.hear('Ada', '#ear')").await;
    page.wait_for("probe.seen.Ada.changes >= 5", "moving pictures").await;
    page.wait_for(&format!("probe.begins('Ada', {}) >= 5", ADA.hz), "Ada's tone").await;
    assert!(look(&page, "#player").await.share(ADA.colour) > 0.15, "Ada is seen");
    page.eval("behind.length = 0").await;
    page.wait_for("behind.length >= 30", "fifteen seconds").await;
    let state = "const video = document.querySelector('#player');
                 return [behind.slice(), player.getLowLatencyModeEnabled(), faults, video.videoWidth, video.playbackRate]";
    let state = page.eval(state).await;
    let mut behind: Vec<f64> = state[0].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    behind.sort_by(f64::total_cmp);
    let (median, most) = (behind[behind.len() / 2], behind[behind.len() - 1]);
    println!("dash.js is {median} s behind, at most {most} s, at least {} s: {state}", behind[0]);
    assert!(median > 0.0 && median < BEHIND, "{behind:?}");
    assert_eq!((&state[1], &state[2]), (&json!(true), &json!([])), "it plays with low latency, and without a fault");
    assert!(daemon.stop().success());
}

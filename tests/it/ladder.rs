//! The ladder: smaller pictures that are made while somebody watches them, cut where the large one is.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::people::{self, look};
use super::fixture::recording::probe;
use super::fixture::{has, until};
use super::ll_hls::playlist::{Playlist, Segment};

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };

const KEYS: [(&str, &str); 5] = [
    ("PORCHLIGHT_LADDER__RUNGS", "720, 480, 360, 240, 144"),
    ("PORCHLIGHT_PROGRAM__WIDTH", "640"),
    ("PORCHLIGHT_PROGRAM__HEIGHT", "360"),
    ("PORCHLIGHT_PROGRAM__FPS", "15"),
    ("PORCHLIGHT_HLS__LINGER", "5s"),
];

/// The variants of a multivariant playlist: the lines of the picture and the address, sound alone as zero.
fn variants(index: &str) -> Vec<(u64, String)> {
    let mut variants = Vec::new();
    let mut lines = index.lines();
    while let Some(line) = lines.next() {
        let Some(attributes) = line.strip_prefix("#EXT-X-STREAM-INF:") else { continue };
        let height = attributes.split("RESOLUTION=").nth(1).and_then(|rest| rest.split([',', 'x']).nth(1));
        variants.push((height.map_or(0, |height| height.parse().unwrap()), lines.next().unwrap().to_owned()));
    }
    variants
}

/// How the room looks to its producer.
async fn studio(owner: &Page, room: &str) -> Value {
    owner.eval(&format!("return fetch('/api/v1/rooms/{room}/studio').then(r => r.json())")).await
}

/// The smaller pictures that are made.
async fn rungs(owner: &Page, room: &str) -> Vec<String> {
    let studio = studio(owner, room).await;
    studio["rungs"].as_array().unwrap().iter().map(|rung| rung.as_str().unwrap().to_owned()).collect()
}

/// When the complete segments of a playlist begin, in seconds, and how long they last, by their numbers.
fn segments(text: &str) -> BTreeMap<u64, (f64, f64)> {
    let list = Playlist::read(text).unwrap_or_else(|error| panic!("{error:?}: {text}"));
    let complete = |one: &Segment| Some((one.number, (one.date?.as_microsecond() as f64 / 1e6, one.duration?)));
    list.segments.iter().filter_map(complete).collect()
}

#[tokio::test]
async fn smaller_pictures_are_made_while_somebody_watches_them_and_cut_where_the_large_one_is() {
    if !has(&["chromium", "chromedriver", "ffprobe"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &KEYS);
    let browser = Browser::start().await;
    let (ada, room) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let invite = people::invite(&ada).await;
    let bob = people::guest(&browser, &daemon, "Bob", BOB, &invite).await;
    let broadcast = people::on_air(&ada, &room, &[&ada, &bob]).await;
    let base = format!("{}/hls/{broadcast}", daemon.url);
    let get = async |path: &str| reqwest::get(format!("{base}/{path}")).await.unwrap();

    let index = get("index.m3u8").await.text().await.unwrap();
    let all = variants(&index);
    let lines: Vec<u64> = all.iter().map(|(lines, _)| *lines).collect();
    assert_eq!(lines, [360, 240, 144, 0], "{index}");
    // Nobody watches a smaller picture, and whoever asks for a piece of one has not read its playlist.
    assert_eq!(get(&all[1].1.replace("index.m3u8", "0.m4s")).await.status(), 404);
    assert_eq!(rungs(&ada, &room).await, Vec::<String>::new());

    // Both are read at once; the first who asks waits until there is something to play.
    let (of_240, of_144) = (&all[1].1, &all[2].1);
    for path in [of_240, of_144] {
        let answer = get(path).await;
        assert_eq!((answer.status().as_u16(), path), (200, path));
        assert!(answer.text().await.unwrap().contains("#EXT-X-PART-INF"));
    }
    let mut running = rungs(&ada, &room).await;
    running.sort();
    assert_eq!(running, ["144", "240"]);
    until("three segments of both in common with the large one", async || {
        let [large, middle, small] =
            [&all[0].1, of_240, of_144].map(|path| async { get(path).await.text().await.unwrap() });
        let (middle, small) = (segments(&middle.await), segments(&small.await));
        let large = segments(&large.await);
        for (number, (at, duration)) in middle.iter().chain(&small) {
            if let Some((wanted, length)) = large.get(number) {
                // A busy coder may leave out the first pictures of one, as of any.
                let (late, end) = (at - wanted, at + duration - wanted - length);
                assert!((-0.001..0.21).contains(&late), "segment {number} begins {late} s later");
                assert!((-0.21..0.21).contains(&end), "segment {number} ends {end} s later");
            }
        }
        let common = |rung: &BTreeMap<u64, _>| rung.keys().filter(|number| large.contains_key(number)).count();
        common(&middle) >= 3 && common(&small) >= 3
    })
    .await;
    for (path, size) in [(of_240, "424,240"), (of_144, "256,144")] {
        let entries = ["-select_streams", "v", "-show_entries", "stream=width,height,profile", "-of", "csv=p=0"];
        let found = probe(&format!("{base}/{path}"), &entries).await;
        assert!(found.contains(&format!("Constrained Baseline,{size}")), "{found}");
    }

    // A browser that may take what it wants begins with the large one, and passes to the small one when told to.
    let viewer = browser.open("viewer", None).await;
    viewer.goto(&daemon.url).await;
    viewer.eval("localStorage.setItem('porchlight.player', 'hls')").await;
    viewer.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
    viewer.wait_for("document.querySelector('[data-testid=watch-state][data-state=playing]')", "stream").await;
    people::probe(&viewer).await;
    let width = |wide: u32| format!("document.querySelector('[data-testid=player]').videoWidth === {wide}");
    viewer.wait_for(&width(640), "the large picture").await;
    viewer.click("quality").await;
    viewer.click("quality-144").await;
    viewer.wait_for(&width(256), "the smallest picture").await;
    let seen = look(&viewer, "[data-testid=player]").await;
    assert!(seen.share(ADA.colour) > 0.15 && seen.share(BOB.colour) > 0.15, "both are in it");
    until("nobody watches that of 240 lines", async || rungs(&ada, &room).await == ["144"]).await;

    // Who takes the yes back is gone from the small picture as well.
    bob.click("withdraw").await;
    until("Bob is gone", async || look(&viewer, "[data-testid=player]").await.share(BOB.colour) < 0.01).await;
    viewer.click("quality").await;
    viewer.click("quality-auto").await;
    // A page that is only left may be kept, with what it has under way.
    viewer.quit().await;
    until("nobody watches", async || rungs(&ada, &room).await.is_empty()).await;
}

#[tokio::test]
async fn what_the_board_has_no_room_for_is_refused_and_those_who_watch_are_not_harmed() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let mut keys = KEYS.to_vec();
    keys.push(("PORCHLIGHT_LADDER__SHARE", "10"));
    keys.push(("PORCHLIGHT_PROGRAM__FPS", "60"));
    let daemon = Daemon::start_with(&state, &keys);
    let browser = Browser::start().await;
    let (ada, room) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let broadcast = people::on_air(&ada, &room, &[&ada]).await;
    let studio = studio(&ada, &room).await;
    assert_eq!(studio["head"]["more"], 0, "{studio}");
    let base = format!("{}/hls/{broadcast}", daemon.url);
    let get = async |path: &str| reqwest::get(format!("{base}/{path}")).await.unwrap();
    let index = get("index.m3u8").await.text().await.unwrap();
    let all = variants(&index);
    let refused = get(&all[1].1).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["type"], "no-room-for-size");
    assert_eq!(get(&all[0].1).await.status(), 200, "what is on air itself is there");
}

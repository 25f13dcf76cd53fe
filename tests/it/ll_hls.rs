//! A live stream of the box, followed as players follow it, and held to the rules of RFC 8216bis.

mod broken;
pub mod playlist;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tokio::time::Instant;

use self::playlist::Playlist;
use self::rules::{Complaint, Rule};
use super::fixture::daemon::Daemon;
use super::fixture::recording::{Recording, probe};
use super::fixture::visitor::{Line, Said, Visitor};
use super::fixture::{DEADLINE, has};

/// Short segments, so that the Skip Boundary of six target durations is soon reached.
const SMALL: [(&str, &str); 7] = [
    ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
    ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
    ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
    ("PORCHLIGHT_ENDPOINT__FPS", "30"),
    ("PORCHLIGHT_PROGRAM__WIDTH", "320"),
    ("PORCHLIGHT_PROGRAM__HEIGHT", "180"),
    ("PORCHLIGHT_HLS__SEGMENT", "1s"),
];
/// Seconds of media that are followed, at least.
const FOLLOWED: f64 = 32.0;

/// A box with a room on air, where only the box itself is seen.
async fn on_air(daemon: &Daemon) -> (Line, String) {
    let owner = Visitor::owner(daemon).await;
    let room = owner.first_room().await;
    let mut line = owner.join(&room, "Ada").await;
    let live = line.ask("go_live", json!({ "title": "Garden" })).await.unwrap();
    (line, format!("{}/hls/{}", daemon.url, live["broadcast"].as_str().unwrap()))
}

/// What the box plays, as soon as there is something.
async fn index_of(folder: &str) -> String {
    let end = Instant::now() + DEADLINE;
    loop {
        let answer = reqwest::get(format!("{folder}/index.m3u8")).await.unwrap();
        if answer.status() == 200 {
            return answer.text().await.unwrap();
        }
        assert!(Instant::now() < end, "no playlist: {}", answer.status());
    }
}

/// A player that asks for one rendition.
#[derive(Clone)]
struct Player {
    http: reqwest::Client,
    /// Where the playlist is, with a slash at the end.
    folder: String,
}

impl Player {
    async fn get(&self, path: &str) -> (u16, Vec<u8>) {
        let answer = self.http.get(format!("{}{path}", self.folder)).send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    }

    async fn playlist(&self, query: &str) -> Playlist {
        let (status, body) = self.get(&format!("index.m3u8{query}")).await;
        let text = String::from_utf8(body).unwrap();
        assert_eq!(status, 200, "{query}: {text}");
        Playlist::read(&text).unwrap_or_else(|why| panic!("{why}: {text}"))
    }

    /// Fetches what is listed and was not looked at before; whole segments are their parts one behind the other.
    async fn fetch(&self, list: &Playlist, seen: &mut BTreeMap<String, Vec<u8>>) -> Vec<Complaint> {
        let mut found = Vec::new();
        let mut wanted: BTreeSet<(String, bool)> = BTreeSet::new();
        for segment in &list.segments {
            wanted.extend(segment.map.iter().chain(&segment.uri).map(|uri| (uri.clone(), false)));
            wanted.extend(segment.parts.iter().map(|part| (part.uri.clone(), part.independent)));
        }
        for (uri, independent) in wanted {
            if seen.contains_key(&uri) {
                continue;
            }
            let (status, body) = self.get(&uri).await;
            if status != 200 || body.is_empty() {
                found.push((Rule::Missing, format!("{uri} is {status}")));
            }
            if uri.matches('.').count() == 2 {
                found.extend(rules::independent(&uri, independent, &body));
            }
            seen.insert(uri, body);
        }
        for segment in list.segments.iter().filter(|segment| segment.is_complete() && !segment.parts.is_empty()) {
            let parts: Vec<u8> = segment.parts.iter().flat_map(|part| seen[&part.uri].iter().copied()).collect();
            if segment.uri.as_ref().is_some_and(|uri| seen[uri] != parts) {
                found.push((Rule::Changed, format!("the parts of {} are not it", segment.number)));
            }
        }
        found
    }
}

/// Follows a rendition by blocking reload, each time as a whole and as a delta update, and gives all complaints.
async fn follow(player: Player, other: Player) -> (Vec<Complaint>, usize) {
    let (mut found, mut seen, mut deltas) = (Vec::new(), BTreeMap::new(), 0);
    let mut known = player.playlist("").await;
    found.extend(rules::alone(&known));
    let began = known.segments.last().unwrap().number;
    let media =
        |list: &Playlist| list.segments.iter().filter(|one| one.number >= began).map(|one| one.length()).sum::<f64>();
    while media(&known) < FOLLOWED {
        let open = known.segments.last().filter(|last| !last.is_complete());
        let (number, part) = match open {
            Some(open) => (open.number, open.parts.len()),
            None => (known.newest().unwrap().0 + 1, 0),
        };
        let query = format!("?_HLS_msn={number}&_HLS_part={part}");
        let skipping = format!("{query}&_HLS_skip=YES");
        let (whole, delta) = tokio::join!(player.playlist(&query), player.playlist(&skipping));
        found.extend(rules::alone(&whole));
        found.extend(rules::alone(&delta));
        found.extend(rules::reloaded(&known, &whole));
        deltas += usize::from(delta.skipped > 0);
        let same = whole.hint == delta.hint;
        match delta.applied(&known) {
            Ok(applied) if same => found.extend(rules::delta(&applied, &whole)),
            Ok(applied) => found.extend(rules::reloaded(&known, &applied)),
            Err(why) => found.push((Rule::Delta, why)),
        }
        found.extend(player.fetch(&whole, &mut seen).await);
        // What is hinted may be asked for before it is there.
        if let (Some(hint), 0) = (&whole.hint, part % 3) {
            let (status, body) = player.get(hint).await;
            if status == 200 {
                seen.entry(hint.clone()).or_insert(body);
            } else {
                found.push((Rule::HintKept, format!("{hint} is {status}")));
            }
        }
        for report in &whole.reports {
            found.extend(rules::reported(report, &other.playlist("").await));
        }
        known = whole;
    }
    (found, deltas)
}

#[tokio::test]
async fn a_live_stream_keeps_the_rules_whole_and_by_delta_updates() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let (mut line, folder) = on_air(&daemon).await;
    let http = reqwest::Client::new();
    let index = index_of(&folder).await;
    let (run, _) = index.lines().last().unwrap().split_once('/').unwrap();
    let [video, audio] = ["video", "audio"]
        .map(|rendition| Player { http: http.clone(), folder: format!("{folder}/{run}/{rendition}/") });
    // The connection to the room stays alive by being read.
    let reading = async { while !matches!(line.next().await, Said::End) {} };
    let following = async { tokio::join!(follow(video.clone(), audio.clone()), follow(audio.clone(), video.clone())) };
    let ((of_video, video_deltas), (of_audio, audio_deltas)) = tokio::select! {
        () = reading => panic!("the room is gone"),
        followed = following => followed,
    };
    assert_eq!((of_video, of_audio), (Vec::new(), Vec::new()));
    println!("{video_deltas} delta updates of pictures, {audio_deltas} of sound");
    assert!(video_deltas > 20 && audio_deltas > 20, "{video_deltas}, {audio_deltas}");
    drop(line);
    assert!(daemon.stop().success());
}

/// A player that knows no parts, no blocking reload and no delta updates: it keeps HOLD-BACK behind the end.
#[tokio::test]
async fn a_player_that_knows_no_parts_plays_the_same_addresses() {
    if !has(&["ffmpeg", "ffprobe"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let (_line, folder) = on_air(&daemon).await;
    let index = format!("{folder}/index.m3u8");
    let text = index_of(&folder).await;
    let media = format!("{folder}/{}", text.lines().last().unwrap());
    // As an old player has it: what begins with #EXT-X-PART, and all that is unknown, is not there.
    let plain = reqwest::get(&media).await.unwrap().text().await.unwrap();
    let list = Playlist::read(&plain).unwrap();
    assert!(list.hold_back.is_some_and(|hold_back| hold_back >= 3.0 * list.target), "{plain}");
    assert_eq!(list.skipped, 0, "nobody asked for a delta update");
    let old = plain.lines().filter(|line| !line.starts_with("#EXT-X-PART") && !line.starts_with("#EXT-X-PRELOAD"));
    let old = m3u8_rs::parse_media_playlist_res(old.collect::<Vec<_>>().join("\n").as_bytes()).unwrap();
    assert!(!old.segments.is_empty() && !old.end_list);
    assert!(old.segments.iter().all(|segment| segment.duration.round() <= list.target as f32), "{plain}");

    let streams = probe(&index, &["-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0"]).await;
    assert!(streams.contains("h264,320,180") && streams.contains("aac"), "{streams}");
    let recording = Recording::take(&index, 6).await;
    let times: Vec<f64> = recording.pictures.iter().map(|(time, _)| *time).collect();
    assert!(times.len() > 100, "{} pictures in six seconds", times.len());
    for pair in times.windows(2) {
        assert!(pair[1] > pair[0] && pair[1] - pair[0] < 0.5, "a hole at {pair:?}");
    }
    assert!(daemon.stop().success());
}

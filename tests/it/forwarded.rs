//! Who is alone on air is forwarded without being decoded; players go on when others come and go.

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::people::{self, look};
use super::fixture::{DEADLINE, has};
use super::ll_hls::playlist::Playlist;

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };
/// The width of what is composed; cameras send other ones.
const COMPOSED: u64 = 480;
/// The longest hole in the stream, in seconds of media: a change waits for a keyframe.
const HOLE: f64 = 2.0;
/// The longest that a player may leap over, in seconds of media: on a busy machine it falls behind, and goes on at the live edge.
const LEAP: f64 = 15.0;

const SMALL: [(&str, &str); 4] = [
    ("PORCHLIGHT_PROGRAM__WIDTH", "480"),
    ("PORCHLIGHT_PROGRAM__HEIGHT", "270"),
    ("PORCHLIGHT_PROGRAM__FPS", "15"),
    ("PORCHLIGHT_HLS__SEGMENTS", "20"),
];

/// Notes the media time and the width of every picture that the player shows.
const NOTE: &str = "
    const video = document.querySelector('[data-testid=player]');
    window.shown = [];
    const note = (now, picture) => {
      shown.push([picture.mediaTime, picture.width]);
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note)";

async fn viewer(browser: &Browser, daemon: &Daemon, broadcast: &str, player: &str) -> Page {
    let page = browser.open(player, None).await;
    page.goto(&daemon.url).await;
    page.eval(&format!("localStorage.setItem('porchlight.player', '{player}')")).await;
    page.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
    let plays =
        format!("document.querySelector('[data-testid=watch-state][data-state=playing][data-player={player}]')");
    page.wait_for(&plays, "stream").await;
    page.eval(NOTE).await;
    people::probe(&page).await;
    page
}

/// Waits until a player shows new pictures, composed or not.
async fn shows(page: &Page, composed: bool) {
    let is = if composed { "===" } else { "!==" };
    let from = page.eval("return shown.length").await;
    let newer = format!("shown.slice({from}).filter(([, width]) => width {is} {COMPOSED}).length > 20");
    page.wait_for(&newer, if composed { "composed pictures" } else { "forwarded pictures" }).await;
}

/// Media time never ran back, and went on.
async fn assert_went_on(page: &Page) {
    let shown = page.eval("return shown").await;
    let times: Vec<f64> = shown.as_array().unwrap().iter().map(|shown| shown[0].as_f64().unwrap()).collect();
    for pair in times.windows(2) {
        assert!(pair[1] > pair[0] && pair[1] < pair[0] + LEAP, "{} showed {pair:?}", page.name());
    }
    assert_eq!(page.errors().await, Vec::<String>::new(), "{}", page.name());
}

/// How many frames the decoders or encoders have taken in since the start.
pub async fn frames(daemon: &Daemon, role: &str) -> u64 {
    let text = reqwest::get(daemon.metrics().await).await.unwrap().text().await.unwrap();
    let mut frames = text.lines().filter(|line| {
        line.starts_with("porchlight_pipeline_frames_total{") && line.contains(role) && line.contains("\"in\"")
    });
    let line = frames.next().unwrap_or_else(|| panic!("no frames of {role}: {text}"));
    line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap() as u64
}

/// The stream has pictures for all the time that is listed. The last one before a change may have been meant to last longer.
fn assert_whole(playlist: &str) {
    let list = Playlist::read(playlist).unwrap();
    let whole: Vec<_> = list.segments.iter().filter_map(|segment| segment.date.zip(segment.duration)).collect();
    assert!(whole.len() > 3, "{playlist}");
    for pair in whole.windows(2) {
        let [(from, lasts), (next, _)] = pair else { unreachable!("two of them") };
        let hole = next.duration_since(*from).as_secs_f64() - lasts;
        assert!((-0.2..HOLE).contains(&hole), "a hole of {hole} s after {from}: {playlist}");
    }
}

async fn video_playlist(daemon: &Daemon, broadcast: &str) -> String {
    let get = async |path: &str| {
        let answer = reqwest::get(format!("{}/hls/{broadcast}/{path}", daemon.url)).await.unwrap();
        answer.text().await.unwrap()
    };
    let index = get("index.m3u8").await;
    let video = index.lines().find(|line| line.ends_with("video/index.m3u8"));
    let path = video.unwrap_or_else(|| panic!("{index}")).to_owned();
    get(&path).await
}

#[tokio::test]
async fn one_person_is_forwarded_two_are_composed_and_players_go_on() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let browser = Browser::start().await;
    let (ada, room) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let invite = people::invite(&ada).await;
    let broadcast = &people::on_air(&ada, &room, &[&ada]).await;
    ada.wait_for("document.querySelector('[data-testid=withdraw]')", "being on air").await;
    let viewers =
        [viewer(&browser, &daemon, broadcast, "hls").await, viewer(&browser, &daemon, broadcast, "whep").await];
    for viewer in &viewers {
        shows(viewer, false).await;
        let red = look(viewer, "[data-testid=player]").await.share(ADA.colour);
        assert!(red > 0.9, "{} sees {red} of Ada", viewer.name());
    }
    assert_eq!(frames(&daemon, "video-decoder").await, 0, "nothing is decoded for one person");
    assert_eq!(frames(&daemon, "video-encoder").await, 0, "nothing is encoded for one person");

    let bob = people::guest(&browser, &daemon, "Bob", BOB, &invite).await;
    bob.click("consent-yes").await;
    for viewer in &viewers {
        shows(viewer, true).await;
    }
    assert!(frames(&daemon, "video-decoder").await > 0 && frames(&daemon, "video-encoder").await > 0);
    let playlist = video_playlist(&daemon, broadcast).await;
    let count = |tag: &str| playlist.lines().filter(|line| line.starts_with(tag)).count();
    assert!(count("#EXT-X-MAP") == 2 && count("#EXT-X-DISCONTINUITY") >= 1, "{playlist}");

    bob.click("leave").await;
    for viewer in &viewers {
        shows(viewer, false).await;
        assert_went_on(viewer).await;
    }
    assert_whole(&video_playlist(&daemon, broadcast).await);
    assert!(daemon.log().contains("the picture on air is not composed any more"));

    // Who takes a yes back while being forwarded is gone at once.
    ada.click("withdraw").await;
    for viewer in &viewers {
        let end = tokio::time::Instant::now() + DEADLINE;
        // Who starts over shows nothing for a moment.
        shows(viewer, true).await;
        loop {
            let red = look(viewer, "[data-testid=player]").await.share(ADA.colour);
            if red < 0.01 {
                break;
            }
            assert!(tokio::time::Instant::now() < end, "{} still sees {red} of Ada", viewer.name());
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
    assert!(daemon.stop().success());
}

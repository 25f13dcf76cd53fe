//! The studio: every layout, lines and slates as those who watch see them, and nothing that a player would notice.

use serde_json::{Value, json};

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::people::{self, look};
use super::fixture::{DEADLINE, has};

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };

const SMALL: [(&str, &str); 3] =
    [("PORCHLIGHT_PROGRAM__WIDTH", "640"), ("PORCHLIGHT_PROGRAM__HEIGHT", "360"), ("PORCHLIGHT_PROGRAM__FPS", "15")];

/// Asks the box as the owner whose page this is.
async fn ask(page: &Page, method: &str, path: &str, body: Option<Value>) -> (u64, Value) {
    let body = body.map_or("undefined".to_owned(), |body| format!("JSON.stringify({body})"));
    let script = format!(
        "return fetch('{path}', {{ method: '{method}', body: {body}, headers: {{ 'content-type': 'application/json' }} }})
             .then(async r => [r.status, await r.text()])"
    );
    let answer = page.eval(&script).await;
    let text = answer[1].as_str().unwrap_or_default();
    (answer[0].as_u64().unwrap_or_default(), serde_json::from_str(text).unwrap_or(Value::Null))
}

struct Studio<'a> {
    owner: &'a Page,
    room: &'a str,
}

impl Studio<'_> {
    async fn direct(&self, change: Value) -> Value {
        let path = format!("/api/v1/rooms/{}/studio", self.room);
        let (status, studio) = ask(self.owner, "PATCH", &path, Some(change.clone())).await;
        assert_eq!(status, 200, "{change}: {studio}");
        studio
    }
}

/// How much of the picture, in percent, from and to.
type Share = (f64, f64);

/// Waits until a viewer sees so much of both, each in percent from and to.
async fn sees(viewer: &Page, what: &str, ada: Share, bob: Share) {
    let end = tokio::time::Instant::now() + DEADLINE;
    loop {
        let now = look(viewer, "[data-testid=player]").await;
        let shares = (now.share(ADA.colour) * 100.0, now.share(BOB.colour) * 100.0);
        let within = |share: f64, (from, to): (f64, f64)| from <= share && share <= to;
        if within(shares.0, ada) && within(shares.1, bob) {
            return;
        }
        assert!(tokio::time::Instant::now() < end, "{what}: Ada has {:.1} %, Bob {:.1} %", shares.0, shares.1);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// Waits until a player has shown so many pictures more.
async fn frames(viewer: &Page, more: u32) {
    let count = "document.querySelector('[data-testid=player]').getVideoPlaybackQuality().totalVideoFrames";
    let from = viewer.eval(&format!("return {count}")).await;
    viewer.wait_for(&format!("{count} >= {from} + {more}"), "more pictures").await;
}

/// How often a tone of somebody has begun: where both beep at once the louder one counts alone.
fn tones() -> String {
    format!("[{}, {}].reduce((sum, hz) => sum + probe.begins('program', hz), 0)", ADA.hz, BOB.hz)
}

async fn heard(viewer: &Page) -> u64 {
    viewer.eval(&format!("return {}", tones())).await.as_u64().unwrap()
}

/// Waits until somebody was heard four times more.
async fn hears(viewer: &Page, before: u64) {
    viewer.wait_for(&format!("{} >= {before} + 4", tones()), "tones").await;
}

/// Changes of configuration that the stream has had, and pictures that the player has shown.
async fn went_on(daemon: &Daemon, broadcast: &str, viewer: &Page) -> (usize, Value) {
    let get = async |path: &str| {
        let answer = reqwest::get(format!("{}/hls/{broadcast}/{path}", daemon.url)).await.unwrap();
        answer.text().await.unwrap()
    };
    let index = get("index.m3u8").await;
    let video = index.lines().find(|line| line.ends_with("video/index.m3u8"));
    let path = video.unwrap_or_else(|| panic!("{index}")).to_owned();
    let playlist = get(&path).await;
    let maps = playlist.lines().filter(|line| line.starts_with("#EXT-X-MAP")).count();
    let size = "const v = document.querySelector('[data-testid=player]'); return [v.videoWidth, v.videoHeight]";
    (maps, viewer.eval(size).await)
}

#[tokio::test]
async fn every_layout_line_and_slate_is_seen_by_those_who_watch_and_no_encoder_begins_anew() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let browser = Browser::start().await;
    let (ada, room) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let invite = people::invite(&ada).await;
    let bob = people::guest(&browser, &daemon, "Bob", BOB, &invite).await;
    let studio = Studio { owner: &ada, room: &room };

    // It begins with a slate.
    studio.direct(json!({ "slate": "soon", "names": false })).await;
    let live = format!("/api/v1/rooms/{room}/live");
    let (status, now) = ask(&ada, "POST", &live, Some(json!({ "title": "Garden party" }))).await;
    assert_eq!((status, &now["live"]["title"], &now["slate"]), (200, &json!("Garden party"), &json!("soon")));
    let broadcast = now["broadcast"].as_str().unwrap().to_owned();
    for page in [&ada, &bob] {
        page.click("consent-yes").await;
    }
    let viewer = browser.open("viewer", None).await;
    viewer.goto(&daemon.url).await;
    // On a busy machine the page may pass to LL-HLS, of which the probe hears nothing.
    viewer.eval("localStorage.setItem('porchlight.player', 'whep')").await;
    viewer.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
    viewer.wait_for("document.querySelector('[data-testid=watch-state][data-state=playing]')", "stream").await;
    people::probe(&viewer).await;
    sees(&viewer, "the first slate", (0.0, 0.0), (0.0, 0.0)).await;
    bob.wait_for("document.querySelector('[data-testid=slate-shown]')", "being told of the slate").await;
    let id = |name: &str| {
        let people = now["people"].as_array().unwrap();
        people.iter().find(|p| p["name"] == name).unwrap_or_else(|| panic!("{now}"))["id"].clone()
    };
    let (of_ada, of_bob) = (id("Ada"), id("Bob"));

    studio.direct(json!({ "slate": null, "layout": "grid" })).await;
    let half = (19.0, 24.0);
    sees(&viewer, "grid", half, half).await;
    viewer.eval("probe.hear('program', '[data-testid=player]')").await;
    hears(&viewer, 0).await;
    let before = went_on(&daemon, &broadcast, &viewer).await;
    assert_eq!(before, (1, json!([640, 360])));

    // Each with the share of the picture that it gives to Ada and to Bob.
    let table: [(&str, Value, Share, Share); 7] = [
        ("speaker", of_ada.clone(), (58.0, 66.0), (2.0, 5.0)),
        ("speaker", of_bob.clone(), (2.0, 5.0), (58.0, 66.0)),
        ("side_by_side", of_bob.clone(), half, half),
        ("picture_in_picture", of_ada.clone(), (88.0, 96.0), (4.0, 8.0)),
        ("screen", of_bob.clone(), (0.0, 1.0), (95.0, 100.0)),
        ("cards", Value::Null, (0.0, 0.0), (0.0, 0.0)),
        ("auto", of_ada.clone(), (58.0, 66.0), (2.0, 5.0)),
    ];
    for (layout, front, of_ada, of_bob) in table {
        let now = studio.direct(json!({ "layout": layout, "front": front })).await;
        assert_eq!((&now["layout"], &now["front"]), (&json!(layout), &front));
        sees(&viewer, layout, of_ada, of_bob).await;
    }

    // Lines take something away from the picture that they lie over.
    studio.direct(json!({ "layout": "screen", "front": of_ada })).await;
    sees(&viewer, "Ada alone", (96.0, 100.0), (0.0, 0.5)).await;
    let lines = json!({ "line": "Ada", "below": "Writes programs" });
    studio.direct(json!({ "title": true, "lower_third": lines })).await;
    sees(&viewer, "lines", (78.0, 95.0), (0.0, 0.5)).await;
    studio.direct(json!({ "title": false, "lower_third": null, "names": true })).await;
    sees(&viewer, "a name", (95.0, 99.9), (0.0, 0.5)).await;

    // Behind a slate nobody is seen, and nobody heard.
    studio.direct(json!({ "slate": "back" })).await;
    sees(&viewer, "the slate", (0.0, 0.0), (0.0, 0.0)).await;
    // What was heard before it is still on its way for a moment.
    frames(&viewer, 15).await;
    let quiet = heard(&viewer).await;
    frames(&viewer, 45).await;
    assert_eq!(quiet, heard(&viewer).await, "somebody is heard behind the slate");
    // By now it is as sharp as it gets.
    let slate = look(&viewer, "[data-testid=player]").await;
    studio.direct(json!({ "slate": null, "layout": "grid" })).await;
    sees(&viewer, "everybody again", half, half).await;
    hears(&viewer, quiet).await;

    // No player was told of another configuration, and no picture had another size.
    assert_eq!(went_on(&daemon, &broadcast, &viewer).await, before);

    // Who leaves while being in front breaks nothing.
    studio.direct(json!({ "layout": "speaker", "front": of_bob })).await;
    sees(&viewer, "Bob in front", (2.0, 5.0), (58.0, 66.0)).await;
    bob.click("leave").await;
    sees(&viewer, "Ada, when Bob has left", (90.0, 100.0), (0.0, 0.0)).await;

    // A slate stands in front of somebody alone at once.
    studio.direct(json!({ "slate": "back" })).await;
    sees(&viewer, "the slate before one", (0.0, 0.0), (0.0, 0.0)).await;

    // While nothing is heard of anybody who is on air the same slate comes by itself, and it goes when her seat is taken again.
    studio.direct(json!({ "slate": null })).await;
    sees(&viewer, "Ada once more", (90.0, 100.0), (0.0, 0.0)).await;
    ada.goto(&daemon.url).await;
    let apart = async || look(&viewer, "[data-testid=player]").await.apart(&slate);
    let end = tokio::time::Instant::now() + DEADLINE;
    loop {
        let now = apart().await;
        if now < 5.0 {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "what is shown is {now} away from the slate");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    ada.goto(&format!("{}/r/{room}", daemon.url)).await;
    people::in_the_call(&ada).await;
    sees(&viewer, "Ada again", (90.0, 100.0), (0.0, 0.0)).await;
    assert!(apart().await > 25.0);
    assert_eq!(viewer.errors().await, Vec::<String>::new());

    let (status, problem) =
        ask(&ada, "PATCH", &format!("/api/v1/rooms/{room}/studio"), Some(json!({ "front": of_bob }))).await;
    assert_eq!((status, &problem["type"]), (400, &json!("no-such-person")));
    let (status, _) = ask(&ada, "DELETE", &live, None).await;
    let (_, after) = ask(&ada, "GET", &format!("/api/v1/rooms/{room}/studio"), None).await;
    assert_eq!(
        (status, &after["live"], &after["slate"], &after["front"]),
        (204, &Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(after["layout"], "speaker", "how it looks in general is kept");
}

//! Small pictures of what is on air: made when somebody asks, once for all, and never of who took their yes back.

use std::process::Command;

use reqwest::Response;
use serde_json::Value;

use super::fixture::browser::{Browser, Devices};
use super::fixture::daemon::Daemon;
use super::fixture::people::{self, box_on_air};
use super::fixture::visitor::{Visitor, problem};
use super::fixture::{has, media, until};

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };
/// Those who ask at once.
const ASKERS: usize = 40;

/// The number of a metric, with its labels as they are written.
async fn number(url: &str, metric: &str) -> f64 {
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(metric)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("there is no {metric}: {text}")).parse().unwrap()
}

async fn picture(answer: Response) -> Vec<u8> {
    let status = answer.status().as_u16();
    assert_eq!(status, 200, "{}", problem(answer).await);
    assert_eq!(
        (&answer.headers()["content-type"], &answer.headers()["cache-control"]),
        (&"image/jpeg".parse().unwrap(), &"public, max-age=5".parse().unwrap())
    );
    answer.bytes().await.unwrap().to_vec()
}

/// Codec and size of a JPEG as ffprobe sees it, and what it shows.
fn seen(jpeg: &[u8]) -> (String, media::Picture) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("thumbnail.jpg");
    std::fs::write(&path, jpeg).unwrap();
    let entries = "stream=codec_name,width,height";
    let probe =
        Command::new("ffprobe").args(["-v", "error", "-show_entries", entries, "-of", "csv=p=0"]).arg(&path).output();
    let text = String::from_utf8(probe.unwrap().stdout).unwrap();
    (text.trim().to_owned(), media::pictures(&path, 320, 180, 1).pop().expect("it is a picture"))
}

#[tokio::test]
async fn one_picture_is_made_for_all_who_ask_and_nothing_goes_on_for_it() {
    if !has(&["ffmpeg", "ffprobe"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(
        &state,
        &[
            ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
            ("PORCHLIGHT_ENDPOINT__WIDTH", "640"),
            ("PORCHLIGHT_ENDPOINT__HEIGHT", "360"),
            ("PORCHLIGHT_ENDPOINT__FPS", "15"),
            ("PORCHLIGHT_HLS__SEGMENT", "1s"),
            ("PORCHLIGHT_HLS__LINGER", "5s"),
        ],
    );
    let metrics = daemon.metrics().await;
    let made = async || number(&metrics, "porchlight_thumbnails_total").await;
    let visitor = Visitor::new(&daemon);
    let (owner, broadcast) = box_on_air(&daemon).await;
    let path = format!("/api/v1/broadcasts/{broadcast}/thumbnail.jpg");
    let (_, other) = owner.make_room().await;
    let off = visitor.get(&format!("/api/v1/broadcasts/{other}/thumbnail.jpg")).await;
    assert_eq!((off.status().as_u16(), problem(off).await.as_str()), (404, "not-on-air"));
    assert_eq!(made().await, 0.0, "nothing is made before somebody asks");

    // Nobody watches: what is on air runs for this alone.
    let mut askers = tokio::task::JoinSet::new();
    for _ in 0..ASKERS {
        let (visitor, path) = (visitor.clone(), path.clone());
        askers.spawn(async move {
            let answer = visitor.get(&path).await;
            let tag = answer.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
            (tag, picture(answer).await)
        });
    }
    let all = askers.join_all().await;
    assert!(all.iter().all(|one| *one == all[0]), "all are given the same");
    assert_eq!(made().await, 1.0, "one was made for all of them");
    let (tag, jpeg) = all.into_iter().next().unwrap();
    let tag = tag.expect("it has a name");
    assert_eq!(seen(&jpeg).0, "mjpeg,320,180");
    assert!(jpeg.len() < 60_000, "{} bytes", jpeg.len());
    let same = visitor.request(reqwest::Method::GET, &path).header("if-none-match", &tag).send().await.unwrap();
    assert_eq!((same.status().as_u16(), &same.headers()["etag"]), (304, &tag.parse().unwrap()));
    assert_eq!(made().await, 1.0);
    for running in ["porchlight_subscriptions{purpose=\"on_air\"}", "porchlight_pipelines{role=\"video-decoder\"}"] {
        until(&format!("end of {running}"), async || number(&metrics, running).await == 0.0).await;
    }
    assert_eq!(number(&metrics, "porchlight_packagers").await, 0.0, "nothing was packaged");

    // An earlier moment is one that is packaged: asking for it packages nothing.
    let behind = async |seconds: &str| visitor.get(&format!("{path}?behind={seconds}")).await;
    assert_eq!(problem(behind("0").await).await, "not-found");
    for wrong in ["", "-1", "soon", "1e3"] {
        assert_eq!(problem(behind(wrong).await).await, "bad-request", "{wrong}");
    }
    let index = format!("/hls/{broadcast}/index.m3u8");
    until("four seconds to go back to", async || {
        assert_eq!(visitor.get(&index).await.status(), 200);
        behind("4").await.status() == 200
    })
    .await;
    let (earlier, now) = (behind("4").await, behind("0").await);
    assert_ne!(earlier.headers()["etag"], now.headers()["etag"]);
    assert_eq!(seen(&picture(earlier).await).0, "mjpeg,320,180");
    assert_eq!(problem(behind("86400").await).await, "not-found");
    let asked = "porchlight_packagers";
    until("end of packaging, whoever looks at pictures", async || {
        let _ = behind("0").await;
        number(&metrics, asked).await == 0.0
    })
    .await;

    let room = owner.first_room().await;
    assert_eq!(owner.delete(&format!("/api/v1/rooms/{room}/live")).await.status(), 204);
    for gone in [path.clone(), format!("{path}?behind=0")] {
        let gone = visitor.get(&gone).await;
        assert_eq!((gone.status().as_u16(), problem(gone).await.as_str()), (404, "not-on-air"));
    }
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn who_takes_the_yes_back_is_in_no_small_picture_any_more() {
    if !has(&["chromium", "chromedriver", "ffmpeg", "ffprobe"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(
        &state,
        &[
            ("PORCHLIGHT_PROGRAM__WIDTH", "640"),
            ("PORCHLIGHT_PROGRAM__HEIGHT", "360"),
            ("PORCHLIGHT_PROGRAM__FPS", "15"),
            ("PORCHLIGHT_HLS__SEGMENT", "1s"),
        ],
    );
    let browser = Browser::start().await;
    let (ada, room) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let invite = people::invite(&ada).await;
    let bob = people::guest(&browser, &daemon, "Bob", BOB, &invite).await;
    let broadcast = people::on_air(&ada, &room, &[&ada, &bob]).await;
    let visitor = Visitor::new(&daemon);
    let path = format!("/api/v1/broadcasts/{broadcast}/thumbnail.jpg");
    let shows = |jpeg: &[u8]| {
        let (is, picture) = seen(jpeg);
        assert_eq!(is, "mjpeg,320,180");
        (picture.share(ADA.colour), picture.share(BOB.colour))
    };

    // Somebody watches, so that there is something to go back to, and a picture is made more often.
    let viewer = browser.open("viewer", None).await;
    viewer.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
    let slider = "document.querySelector('[data-testid=rewind]')";
    viewer.wait_for(slider, "something to go back to").await;
    until("both of them", async || {
        let (red, blue) = shows(&picture(visitor.get(&path).await).await);
        red > 0.1 && blue > 0.1
    })
    .await;
    let earlier = format!("{path}?behind=2");
    until("both of them a while ago", async || {
        let (red, blue) = shows(&picture(visitor.get(&earlier).await).await);
        red > 0.1 && blue > 0.1
    })
    .await;

    // Whoever points at the bar is shown the moment there.
    viewer
        .eval(&format!(
            "const box = {slider}.getBoundingClientRect();
             {slider}.dispatchEvent(new PointerEvent('pointermove', {{ bubbles: true, clientX: box.left + box.width / 2 }}))"
        ))
        .await;
    viewer.wait_for("document.querySelector('[data-testid=peek] img')?.naturalWidth === 320", "the moment there").await;
    let half = viewer.eval(&format!("return -{slider}.min / 2")).await.as_f64().unwrap();
    let behind = "return Number(document.querySelector('[data-testid=peek]').dataset.behind)";
    let behind = viewer.eval(behind).await.as_f64().unwrap();
    assert!((behind - half).abs() < 4.0, "{behind} of {half}");
    viewer.eval(&format!("{slider}.dispatchEvent(new PointerEvent('pointerleave'))")).await;
    viewer.wait_for("!document.querySelector('[data-testid=peek]')", "nothing where nobody points").await;
    // So does the list.
    let home = browser.open("home", None).await;
    home.goto(&daemon.url).await;
    let shown = "document.querySelector('[data-testid=thumbnail]')?.naturalWidth === 320";
    home.wait_for(shown, "a small picture on the home page").await;

    // He is in the one that is held now.
    assert!(shows(&picture(visitor.get(&path).await).await).1 > 0.1);
    bob.click("withdraw").await;
    until("the cut", async || {
        let list: Value = visitor.get("/api/v1/broadcasts").await.json().await.unwrap();
        list[0]["cut"].is_string()
    })
    .await;
    let (red, blue) = shows(&picture(visitor.get(&path).await).await);
    assert!(blue < 0.01, "Bob is not in the next one");
    assert!(red > 0.1, "Ada is");
    let back = async |seconds: u32| visitor.get(&format!("{path}?behind={seconds}")).await;
    for seconds in 0..30 {
        let answer = back(seconds).await;
        match answer.status().as_u16() {
            200 => assert!(shows(&picture(answer).await).1 < 0.01, "{seconds} s back"),
            _ => assert_eq!(problem(answer).await, "not-found", "{seconds} s back"),
        }
    }
    until("a moment that one can go back to", async || back(2).await.status() == 200).await;
    assert!(shows(&picture(back(2).await).await).1 < 0.01);
    let renewed = "new URL(document.querySelector('[data-testid=thumbnail]').src).searchParams.get('of')";
    let cut: Value = visitor.get("/api/v1/broadcasts").await.json().await.unwrap();
    home.wait_for(&format!("{renewed} === '{}'", cut[0]["cut"].as_str().unwrap()), "another address after the cut")
        .await;
    home.wait_for(shown, "the next picture").await;
    // The one that is given up may have ended while it was loaded; nothing else went wrong.
    assert_eq!(home.errors().await, Vec::<String>::new());
    assert!(daemon.stop().success());
}

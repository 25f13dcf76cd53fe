//! A shared screen: seen by the others beside its owner, with its sound, and gone when it is stopped.

use super::fixture::browser::{Browser, Devices};
use super::fixture::daemon::Daemon;
use super::fixture::recording::Recording;
use super::fixture::{DEADLINE, has, people};
use super::on_air::Stream;

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };

/// A made-up screen of a colour, with a white bar that moves, and its sound: what a browser would give after its own question.
pub fn screen(colour: &str, hz: u32) -> String {
    SCREEN.replace("COLOUR", colour).replace("HERTZ", &hz.to_string())
}

const SCREEN: &str = r#"
navigator.mediaDevices.getDisplayMedia = async () => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 360];
  const paint = canvas.getContext("2d");
  let at = 0;
  window.drawing = setInterval(() => {
    at = (at + 40) % 640;
    paint.fillStyle = "COLOUR";
    paint.fillRect(0, 0, 640, 360);
    paint.fillStyle = "white";
    paint.fillRect(at, 0, 120, 360);
  }, 100);
  const stream = canvas.captureStream();
  const sound = new AudioContext();
  const to = sound.createMediaStreamDestination();
  const tone = new OscillatorNode(sound, { frequency: HERTZ });
  const gate = new GainNode(sound, { gain: 0.4 });
  tone.connect(gate).connect(to);
  setInterval(() => { gate.gain.value = gate.gain.value ? 0 : 0.4; }, 300);
  tone.start();
  stream.addTrack(to.stream.getAudioTracks()[0]);
  window.screenTrack = stream.getVideoTracks()[0];
  return stream;
};
"#;

#[tokio::test]
async fn a_shared_screen_is_seen_and_heard_by_the_others_beside_its_owner_until_it_is_stopped() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let browser = Browser::start().await;
    let (ada, _) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let invite = people::invite(&ada).await;
    let bob = people::guest(&browser, &daemon, "Bob", BOB, &invite).await;
    people::sees(&bob, "Ada", 2).await;

    ada.eval(&screen("blue", 1500)).await;
    let screen = "[data-testid=screen][data-name=Ada] video";
    for times in [1, 2] {
        ada.click("share").await;
        ada.wait_for("document.querySelector('[data-testid=sharing][data-sound=true]')", "word of sharing").await;
        // What is read stays sharp, what moves stays smooth: its owner says which.
        assert_eq!(ada.eval("return screenTrack.contentHint").await, "detail");
        ada.click("share-motion").await;
        ada.wait_for("screenTrack.contentHint === 'motion'", "word of what moves").await;
        let key = format!("screen{times}");
        bob.wait_for(&format!("document.querySelector('{screen}')"), "screen").await;
        bob.eval(&format!("probe.see('{key}', '{screen}')")).await;
        bob.wait_for(&format!("probe.seen.{key}.changes >= 3"), "moving screen").await;
        assert!(people::look(&bob, screen).await.share("blue") > 0.5, "it is the screen's picture");
        assert!(people::sees(&bob, "Ada", 2).await.share(ADA.colour) > 0.5, "her camera is seen beside it");
        // The screen's sound comes by a slot of its own, under her name.
        let sounds = "document.querySelectorAll('[data-testid=sound][data-name=Ada]').length";
        bob.wait_for(&format!("{sounds} === 2"), "sound of the screen").await;
        assert_eq!(ada.eval("return document.querySelector('[data-testid=screen]')").await, serde_json::Value::Null);

        ada.click("share-stop").await;
        bob.wait_for("!document.querySelector('[data-testid=screen]')", "end of the screen").await;
        bob.wait_for(&format!("{sounds} === 1"), "end of its sound").await;
        assert!(people::sees(&bob, "Ada", 2).await.share(ADA.colour) > 0.5, "her camera goes on");
    }
    for page in [&ada, &bob] {
        assert_eq!(page.errors().await, Vec::<String>::new(), "on the page of {}", page.name());
    }
    assert!(daemon.stop().success());
}

/// Takes pieces of a stream until the last picture has these colours, and not those.
async fn airs(stream: &Stream, there: &[&str], gone: &[&str]) {
    let end = tokio::time::Instant::now() + DEADLINE;
    loop {
        let piece = Recording::take(&stream.index(), 2).await;
        let last = &piece.pictures.last().expect("there are pictures").1;
        let share = |colours: &[&str]| colours.iter().map(|colour| last.share(colour)).collect::<Vec<_>>();
        let (seen, unseen) = (share(there), share(gone));
        if seen.iter().all(|share| *share > 0.02) && unseen.iter().all(|share| *share < 0.005) {
            return;
        }
        let now = tokio::time::Instant::now();
        assert!(now < end, "{there:?} are {seen:?} of the picture, {gone:?} are {unseen:?}");
    }
}

/// Takes pieces of a stream until one has both tones, in hertz. Sound comes on air apart from the picture beside it.
async fn sounds(stream: &Stream, tones: [f64; 2]) {
    let end = tokio::time::Instant::now() + DEADLINE;
    loop {
        let piece = Recording::take(&stream.index(), 2).await;
        let heard = tones.map(|hz| piece.loudest(hz));
        if heard.iter().all(|loudness| *loudness > 0.01) {
            return;
        }
        assert!(tokio::time::Instant::now() < end, "{tones:?} Hz are {heard:?} loud");
    }
}

#[tokio::test]
async fn the_screens_of_two_people_are_on_air_together_each_under_the_yes_of_its_owner() {
    if !has(&["chromium", "chromedriver", "ffmpeg", "ffprobe"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let keys = [
        ("PORCHLIGHT_PROGRAM__WIDTH", "640"),
        ("PORCHLIGHT_PROGRAM__HEIGHT", "360"),
        ("PORCHLIGHT_PROGRAM__FPS", "15"),
        ("PORCHLIGHT_HLS__SEGMENTS", "3"),
        ("PORCHLIGHT_HLS__WINDOW", "0s"),
    ];
    let daemon = Daemon::start_with(&state, &keys);
    let browser = Browser::start().await;
    let (ada, room) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let invite = people::invite(&ada).await;
    let bob = people::guest(&browser, &daemon, "Bob", BOB, &invite).await;
    for (page, colour, hz) in [(&ada, "yellow", 1500), (&bob, "green", 2200)] {
        page.eval(&screen(colour, hz)).await;
        page.click("share").await;
        page.wait_for("document.querySelector('[data-testid=sharing][data-sound=true]')", "word of sharing").await;
    }
    for (page, other) in [(&ada, "Bob"), (&bob, "Ada")] {
        let picture = format!("[data-testid=screen][data-name={other}] video");
        page.wait_for(&format!("document.querySelector('{picture}')"), "screen of the other").await;
        page.eval(&format!("probe.see('screen', '{picture}')")).await;
        page.wait_for("probe.seen.screen.changes >= 2", "moving screen of the other").await;
    }

    ada.click("go-live").await;
    ada.fill("live-title", "Two screens").await;
    ada.click("go-live-confirm").await;
    for page in [&ada, &bob] {
        page.wait_for("document.querySelector('[data-testid=consent-yes]')", "question").await;
    }
    let broadcast = ada.eval(&format!("return fetch('/api/v1/rooms/{room}').then(r => r.json())")).await;
    let broadcast = broadcast["broadcast"].as_str().expect("the room has a broadcast");
    let stream = Stream { folder: format!("{}/hls/{broadcast}", daemon.url) };
    ada.click("consent-yes").await;
    stream.settles((640, 360)).await;
    airs(&stream, &["yellow"], &["green", BOB.colour]).await;

    bob.click("consent-yes").await;
    airs(&stream, &["yellow", "green"], &[]).await;
    sounds(&stream, [1500.0, 2200.0]).await;
    airs(&stream, &["yellow", "green", ADA.colour, BOB.colour], &[]).await;

    bob.click("share-stop").await;
    airs(&stream, &["yellow", BOB.colour], &["green"]).await;
    ada.click("withdraw").await;
    ada.wait_for("document.querySelector('[data-testid=go-on-air]')", "way back").await;
    stream.settles((320, 180)).await;
    airs(&stream, &[BOB.colour], &["yellow", ADA.colour]).await;
    for page in [&ada, &bob] {
        assert_eq!(page.errors().await, Vec::<String>::new(), "on the page of {}", page.name());
    }
    assert!(daemon.stop().success());
}

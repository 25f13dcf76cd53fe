//! A shared screen: seen by the others beside its owner, with its sound, and gone when it is stopped.

use super::fixture::browser::{Browser, Devices};
use super::fixture::daemon::Daemon;
use super::fixture::{has, people};

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };

/// A made-up screen, blue with a white bar that moves, and its sound: what a browser would give after its own question.
const SCREEN: &str = r#"
navigator.mediaDevices.getDisplayMedia = async () => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 360];
  const paint = canvas.getContext("2d");
  let at = 0;
  window.drawing = setInterval(() => {
    at = (at + 40) % 640;
    paint.fillStyle = "blue";
    paint.fillRect(0, 0, 640, 360);
    paint.fillStyle = "white";
    paint.fillRect(at, 0, 120, 360);
  }, 100);
  const stream = canvas.captureStream();
  const sound = new AudioContext();
  const to = sound.createMediaStreamDestination();
  const tone = new OscillatorNode(sound, { frequency: 1500 });
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

    ada.eval(SCREEN).await;
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

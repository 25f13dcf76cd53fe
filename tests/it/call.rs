//! A call on the box: two browsers and the box itself, each seen and heard by the others.

use std::path::Path;

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::people::{self, BOX};
use super::fixture::{has, media};

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };
/// The beep of the box's stand-in, in hertz.
const BEEP: u32 = 1_000;

/// A box that is in the call from the start, with pictures that two cores can work with.
const SMALL: [(&str, &str); 4] = [
    ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
    ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
    ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
    ("PORCHLIGHT_ENDPOINT__FPS", "15"),
];

/// The still of the box's screen, as the page of its owner gets it.
async fn take_still(owner: &Page, room: &str, file: &Path) {
    let still = owner
        .eval(&format!(
            "return fetch('/api/v1/rooms/{room}/still').then(async answer => ({{
               status: answer.status,
               type: answer.headers.get('content-type'),
               bytes: [...new Uint8Array(await answer.arrayBuffer())],
             }}))"
        ))
        .await;
    assert_eq!((still["status"].as_u64(), still["type"].as_str()), (Some(200), Some("image/jpeg")));
    let bytes = still["bytes"].as_array().unwrap().iter();
    let bytes: Vec<u8> = bytes.map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap()).collect();
    assert!(bytes.starts_with(&[0xFF, 0xD8, 0xFF]), "it is no JPEG");
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn two_browsers_and_the_box_see_and_hear_each_other_and_its_still_holds_both() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let browser = Browser::start().await;
    let (ada, room) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let invite = people::invite(&ada).await;
    let bob = people::guest(&browser, &daemon, "Bob", BOB, &invite).await;

    for (page, other, devices) in [(&ada, "Bob", BOB), (&bob, "Ada", ADA)] {
        let seen = people::sees(page, other, 10).await;
        assert!(seen.share(devices.colour) > 0.7, "{} sees {seen:?} of {other}", page.name());
        let seen = people::sees(page, BOX, 4).await;
        assert!(seen.share("black") < 0.5, "{} sees a dark box: {seen:?}", page.name());
        assert!(seen.share("red") + seen.share("blue") < 0.1, "{} sees a person for the box: {seen:?}", page.name());
        people::hears(page, other, devices.hz, 4).await;
        people::hears(page, BOX, BEEP, 3).await;
    }

    // A line about the still is gone after some seconds: it is noted when it comes.
    bob.eval(
        "new MutationObserver(() => {
           const line = document.querySelector('.toasts .toast')?.textContent;
           if (line) window.told = line;
         }).observe(document.body, { childList: true, subtree: true })",
    )
    .await;
    let file = state.path().join("still.jpg");
    take_still(&ada, &room, &file).await;
    let [still] = &media::pictures(&file, 320, 180, 1)[..] else { panic!("ffmpeg finds no picture in the still") };
    for Devices { colour, .. } in [ADA, BOB] {
        let share = still.share(colour);
        assert!(share > 0.1, "{colour} is {share} of the still");
    }
    bob.wait_for("window.told?.includes('photographed')", "word of the still").await;

    // A muted box has closed its camera; when it is back, the others see it without joining again.
    ada.click("box-open").await;
    for times in [1, 2] {
        ada.click("box-camera").await;
        daemon.writes("capture is closed kind=Video", times).await;
        ada.click("box-camera").await;
        daemon.writes("capture is open kind=Video", times + 1).await;
        people::sees(&bob, BOX, 4).await;
    }

    for page in [&ada, &bob] {
        assert_eq!(page.errors().await, Vec::<String>::new(), "on the page of {}", page.name());
    }
    assert!(daemon.stop().success());
}

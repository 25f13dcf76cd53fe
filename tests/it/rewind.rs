//! Who watches goes back in the broadcast and comes back to live; what was taken back is nowhere to go to.

use serde_json::json;

use super::fixture::browser::{Browser, Page};
use super::fixture::daemon::Daemon;
use super::fixture::has;
use super::fixture::visitor::Visitor;

const SMALL: [(&str, &str); 5] = [
    ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
    ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
    ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
    ("PORCHLIGHT_ENDPOINT__FPS", "15"),
    ("PORCHLIGHT_HLS__SEGMENT", "1s"),
];
const SLIDER: &str = "document.querySelector('[data-testid=rewind]')";
const VIDEO: &str = "document.querySelector('[data-testid=player]')";

fn plays(player: &str) -> String {
    format!("document.querySelector('[data-testid=watch-state][data-state=playing][data-player={player}]') !== null")
}

/// Waits until it is played so many seconds behind live, more or less, and goes on from there.
async fn is_behind(page: &Page, player: &str, least: f64, most: f64) {
    page.wait_for(&plays(player), "playing there").await;
    let there = format!("-{SLIDER}?.value >= {least} && -{SLIDER}.value <= {most}");
    page.wait_for(&there, &format!("a place {least} to {most} s behind")).await;
    let from = page.eval(&format!("return {VIDEO}.currentTime")).await.as_f64().unwrap();
    page.wait_for(&format!("{VIDEO}.currentTime > {from} + 1.5"), "media that goes on").await;
    let still = page.eval(&format!("return -{SLIDER}.value")).await.as_f64().unwrap();
    assert!((least - 2.0..=most + 2.0).contains(&still), "it stays there: {still}");
}

async fn press(page: &Page, key: &str) {
    page.eval(&format!("dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}' }}))")).await;
}

#[tokio::test]
async fn a_viewer_goes_back_by_keys_and_bar_and_comes_back_to_live() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let browser = Browser::start().await;
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let owner = Visitor::owner(&daemon).await;
    let room = owner.first_room().await;
    let mut line = owner.join(&room, "Ada").await;
    let live = line.ask("go_live", json!({ "title": "Garden" })).await.unwrap();
    let broadcast = live["broadcast"].as_str().unwrap().to_owned();

    let page = browser.open("Cid", None).await;
    page.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
    page.wait_for(&plays("whep"), "playing by WebRTC").await;
    page.wait_for(&format!("-{SLIDER}?.min >= 25"), "25 seconds to go back to").await;
    assert_eq!(page.eval(&format!("return {SLIDER}.value")).await, "0", "it is live");

    press(&page, "ArrowLeft").await;
    is_behind(&page, "hls", 7.0, 14.0).await;
    press(&page, "ArrowLeft").await;
    is_behind(&page, "hls", 16.0, 25.0).await;
    press(&page, "ArrowRight").await;
    is_behind(&page, "hls", 6.0, 15.0).await;
    page.click("to-live").await;
    // By WebRTC where that is ready soon, else by LL-HLS.
    page.wait_for(&format!("{SLIDER}?.value === '0'"), "live again").await;
    page.wait_for("document.querySelector('[data-testid=watch-state][data-state=playing]')", "playing there").await;

    // The bar, where LL-HLS is the only way.
    page.eval("localStorage.setItem('porchlight.player', 'hls')").await;
    page.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
    page.wait_for(&format!("-{SLIDER}?.min >= 20"), "20 seconds to go back to").await;
    page.eval(&format!(
        "{SLIDER}.value = -15; {SLIDER}.dispatchEvent(new Event('input', {{ bubbles: true }}));
         {SLIDER}.dispatchEvent(new Event('change', {{ bubbles: true }}))"
    ))
    .await;
    is_behind(&page, "hls", 12.0, 19.0).await;
    page.click("to-live").await;
    page.wait_for(&format!("{SLIDER}?.value === '0'"), "live again").await;
    page.wait_for("document.querySelector('[data-testid=latency]')?.dataset.seconds < 5", "a small latency").await;
    assert_eq!(page.errors().await, Vec::<String>::new());
    assert!(daemon.stop().success());
}

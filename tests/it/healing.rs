//! A browser that comes into another network keeps its call: the same peer connection finds another way.

use super::fixture::browser::{Browser, Devices};
use super::fixture::daemon::Daemon;
use super::fixture::relay::{DETOUR, Relay};
use super::fixture::{has, people};

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };

/// Notes when each new picture of Bob is shown.
const CLOCK: &str = "
    const video = document.querySelector('[data-testid=tile][data-name=Bob] video');
    window.shown = [];
    const next = () => video.requestVideoFrameCallback(now => { shown.push(now); next(); });
    next()";

#[tokio::test]
async fn another_network_heals_on_the_same_peer_connection_within_three_seconds() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let browser = Browser::start().await;
    let relay = Relay::start(daemon.udp());
    let (ada, _) = people::owner_at_the_door(&browser, &daemon, "Ada", ADA).await;
    ada.eval(&format!("window.relay = {}; {DETOUR}", relay.port)).await;
    people::go_in(&ada).await;
    let invite = people::invite(&ada).await;
    let _bob = people::guest(&browser, &daemon, "Bob", BOB, &invite).await;
    people::sees(&ada, "Bob", 3).await;
    ada.eval(CLOCK).await;
    ada.wait_for("shown.length > 5", "pictures of Bob").await;

    let other = Relay::start(daemon.udp());
    relay.die();
    ada.eval(&format!(
        "window.relay = {}; window.moved = performance.now(); dispatchEvent(new Event('online'))",
        other.port
    ))
    .await;
    // What was on its way when the network changed may still be shown a moment later.
    let healed = "shown.find((at, n) => at > moved && at - shown[n - 1] > 150) ?? shown.find(at => at > moved + 500)";
    ada.wait_for(&format!("({healed}) !== undefined"), "pictures by the other network").await;
    let after = ada.eval(&format!("return ({healed}) - moved")).await.as_f64().unwrap();
    assert!(after < 3_000.0, "it took {after} ms");
    assert!(!other.heard().is_empty(), "media goes through the other network");
    assert_eq!(ada.eval("return peers.length").await, 1, "nobody joined again");
    assert!(daemon.stop().success());
}

//! Firefox as Debian ships it has no H.264 for calls: it is a member like any other, and the room speaks VP8 while it is there.

use super::fixture::browser::{Browser, Devices};
use super::fixture::daemon::Daemon;
use super::fixture::people::{self, BOX};
use super::fixture::{firefox, has};

/// A box that is in the call from the start, with small pictures. Firefox offers no address of loopback.
const SMALL: [(&str, &str); 5] = [
    ("PORCHLIGHT_PEERS__LISTEN", "0.0.0.0:0"),
    ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
    ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
    ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
    ("PORCHLIGHT_ENDPOINT__FPS", "15"),
];

const ADA: Devices = Devices { colour: "red", hz: 440 };

#[tokio::test]
async fn firefox_sees_and_hears_everybody_and_everybody_sees_and_hears_it() {
    if !has(&["chromium", "chromedriver", "firefox-esr"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let browser = Browser::start().await;
    let (ada, _) = people::owner(&browser, &daemon, "Ada", ADA).await;
    people::sees(&ada, BOX, 2).await;
    let invite = people::invite(&ada).await;

    let fox = browser.firefox("Fox").await;
    people::guest_in(&fox, &daemon, &invite, super::simulcast::WATCHED).await;
    assert!(people::sees(&fox, "Ada", 2).await.share(ADA.colour) > 0.5, "Chromium's picture reaches Firefox");
    people::sees(&fox, BOX, 2).await;
    // It plays nothing where there is no sound card: what comes is counted.
    let sound = "figures('inbound-rtp', 'audio').then(all => all.filter(one => one.packetsReceived > 50).length >= 2)";
    fox.wait_for(sound, "sound of Ada and the box").await;
    people::sees(&ada, "Fox", 2).await;
    people::hears(&ada, "Fox", firefox::HZ, 1).await;
    people::sees(&ada, BOX, 2).await;
    assert!(daemon.stop().success());
}

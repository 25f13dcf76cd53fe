//! A browser that can send VP8 alone is a member like any other, and on air by the composition.

use serde_json::Value;

use super::fixture::browser::{Browser, Devices};
use super::fixture::daemon::Daemon;
use super::fixture::people::{self, look};
use super::fixture::{DEADLINE, has};

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };

const SMALL: [(&str, &str); 3] =
    [("PORCHLIGHT_PROGRAM__WIDTH", "480"), ("PORCHLIGHT_PROGRAM__HEIGHT", "270"), ("PORCHLIGHT_PROGRAM__FPS", "15")];

/// As a browser that has no encoder for H.264.
pub const ONLY_VP8: &str = "
    const all = RTCRtpSender.getCapabilities.bind(RTCRtpSender);
    RTCRtpSender.getCapabilities = kind => {
      const codecs = all(kind).codecs.filter(({ mimeType }) => mimeType !== 'video/H264');
      return { ...all(kind), codecs };
    };
    const offer = RTCPeerConnection.prototype.setLocalDescription;
    RTCPeerConnection.prototype.setLocalDescription = function () {
      window.connection = this;
      return offer.call(this);
    }";

const SENT: &str = "connection.getStats().then(all => {
    const stats = [...all.values()];
    const sent = stats.find(({ type, kind }) => type === 'outbound-rtp' && kind === 'video');
    return stats.find(({ id }) => id === sent?.codecId)?.mimeType === 'video/VP8';
})";

#[tokio::test]
async fn who_sends_vp8_is_seen_by_the_others_and_composed_on_air() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let browser = Browser::start().await;
    let (ada, room) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let invite = people::invite(&ada).await;
    let bob = people::guest_after(&browser, &daemon, "Bob", BOB, &invite, ONLY_VP8).await;
    bob.wait_for(SENT, "VP8 on its way").await;
    assert!(people::sees(&ada, "Bob", 2).await.share(BOB.colour) > 0.5, "VP8 reaches the others");
    assert!(people::sees(&bob, "Ada", 2).await.share(ADA.colour) > 0.5, "H.264 reaches who sends VP8");

    ada.click("go-live").await;
    ada.click("go-live-confirm").await;
    ada.click("consent-no").await;
    bob.click("consent-yes").await;
    let broadcast = ada.eval(&format!("return fetch('/api/v1/rooms/{room}').then(r => r.json())")).await;
    let Value::String(broadcast) = &broadcast["broadcast"] else { panic!("the room has no broadcast") };
    let viewer = browser.open("Viewer", None).await;
    viewer.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
    people::probe(&viewer).await;
    viewer.wait_for("document.querySelector('[data-testid=watch-state][data-state=playing]')", "stream").await;
    let end = tokio::time::Instant::now() + DEADLINE;
    while look(&viewer, "[data-testid=player]").await.share(BOB.colour) < 0.5 {
        assert!(tokio::time::Instant::now() < end, "the viewer never sees Bob");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(daemon.log().contains("composing the picture on air"));
    assert!(daemon.stop().success());
}

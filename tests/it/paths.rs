//! Ways to the box for browsers that datagrams don't reach: by connections of their own, and by those of the pages.

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::has;
use super::fixture::people::{self, BOX};

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };

/// A box that is in the call from the start, with pictures that two cores can work with.
const SMALL: [(&str, &str); 4] = [
    ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
    ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
    ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
    ("PORCHLIGHT_ENDPOINT__FPS", "15"),
];

/// Keeps from a page all ways to the box but those of which `window.way` (a function of the candidate) is true, and from the
/// box all ways to the page, as a firewall does. Its peer connections are in `window.peers`.
const FIREWALL: &str = r#"
window.peers = [];
window.offered = [];
const Peer = RTCPeerConnection;
window.RTCPeerConnection = class extends Peer {
  constructor(...how) { super(...how); window.peers.push(this); }
  setRemoteDescription({ type, sdp }) {
    const lines = sdp.split("\r\n");
    const candidates = lines.filter(line => line.startsWith("a=candidate:"));
    window.offered.push(...candidates);
    const kept = lines.filter(line => !line.startsWith("a=candidate:") || window.way(line));
    return super.setRemoteDescription({ type, sdp: kept.join("\r\n") });
  }
};
const { send } = WebSocket.prototype;
WebSocket.prototype.send = function (text) { send.call(this, text.replace(/a=candidate:[^\\]*\\r\\n/g, "")); };
"#;

/// What carries the media of a page: protocol, and the port of the box.
async fn carried(page: &Page) -> (String, u64) {
    let found = page
        .eval(
            "const peer = peers.find(p => p.connectionState === 'connected');
             return peer.getStats().then(all => {
               const stats = [...all.values()];
               const pair = all.get(stats.find(s => s.type === 'transport').selectedCandidatePairId);
               const remote = all.get(pair.remoteCandidateId);
               return { protocol: remote.protocol, port: remote.port };
             })",
        )
        .await;
    (found["protocol"].as_str().unwrap().to_owned(), found["port"].as_u64().unwrap())
}

#[tokio::test]
async fn without_datagrams_a_call_goes_by_connections_at_the_media_port_and_at_the_pages_port() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let known: serde_json::Value =
        reqwest::get(format!("{}/api/v1/trust", daemon.url)).await.unwrap().json().await.unwrap();
    let secure: u64 = known["secure"].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap();
    let media = u64::from(daemon.udp().port());
    let browser = Browser::start().await;
    let (ada, _) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let invite = people::invite(&ada).await;
    let way = |port: u64| format!("{FIREWALL}; window.way = line => / tcp /i.test(line) && line.includes(' {port} ')");
    for (name, port) in [("Bob", media), ("Eve", secure)] {
        let bob = people::guest_after(&browser, &daemon, name, BOB, &invite, &way(port)).await;
        assert_eq!(carried(&bob).await, ("tcp".to_owned(), port), "{}", bob.eval("return offered").await);
        // Both ways, sound and pictures.
        assert!(people::sees(&bob, BOX, 4).await.share("black") < 0.5);
        assert!(people::sees(&bob, "Ada", 10).await.share(ADA.colour) > 0.7);
        people::hears(&bob, "Ada", ADA.hz, 3).await;
        assert!(people::sees(&ada, name, 10).await.share(BOB.colour) > 0.7);
        people::hears(&ada, name, BOB.hz, 3).await;
        assert_eq!(bob.errors().await, Vec::<String>::new());
        bob.click("leave").await;
    }
    let metrics = reqwest::get(daemon.metrics().await).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("porchlight_peer_tcp_connections "), "{metrics}");
    assert!(daemon.stop().success());
}

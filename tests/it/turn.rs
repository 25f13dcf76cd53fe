//! A relay outside the box, for networks that let nothing through but HTTPS: Debian's coturn, with the configuration of
//! docs/operate/turn.md as far as loopback allows.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::people::{self, BOX};
use super::fixture::{has, until};

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };
const SECRET: &str = "a-secret-that-is-only-for-this-test";
/// The name of box and relay.
const NAME: &str = "porchlight.local";

/// Has a page use the relay that the box tells it of, and nothing else, as behind a firewall.
const RELAYED: &str = r#"
window.peers = [];
window.told = null;
const Line = WebSocket;
window.WebSocket = class extends Line {
  constructor(...how) {
    super(...how);
    this.addEventListener("message", ({ data }) => { window.told = JSON.parse(data).ok?.ice_servers ?? window.told; });
  }
};
const Peer = RTCPeerConnection;
window.RTCPeerConnection = class extends Peer {
  constructor(how) {
    const iceServers = window.told.map(server => ({ ...server, urls: server.urls.filter(url => url.includes(window.relay)) }));
    super({ ...how, iceServers, iceTransportPolicy: "relay" });
    window.peers.push(this);
  }
};
"#;

/// A running coturn. It is killed when it is dropped.
struct Relay {
    child: Child,
    port: u16,
    secure: u16,
}

impl Relay {
    /// Starts it with the box's certificate, for whoever has credentials of the box; it relays to this machine alone.
    async fn start(folder: &TempDir, state: &TempDir) -> Self {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (port, secure) = (free(), free());
        let child = Command::new("turnserver")
            .args(["-n", "--no-cli", "--fingerprint", "--use-auth-secret", "--realm=porchlight", "--no-rfc5780"])
            .args([
                "--listening-ip=127.0.0.1",
                "--relay-ip=127.0.0.1",
                "--allow-loopback-peers",
                "--no-multicast-peers",
            ])
            .args(["--denied-peer-ip=0.0.0.0-255.255.255.255", "--allowed-peer-ip=127.0.0.1", "--no-tcp-relay"])
            .arg(format!("--static-auth-secret={SECRET}"))
            .args([format!("--listening-port={port}"), format!("--tls-listening-port={secure}")])
            .arg(format!("--cert={}", state.path().join("tls/leaf.pem").display()))
            .arg(format!("--pkey={}", state.path().join("tls/leaf.pem").display()))
            .arg(format!("--pidfile={}", folder.path().join("pid").display()))
            .arg(format!("--log-file={}", folder.path().join("turn.log").display()))
            .arg("--simple-log")
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let relay = Self { child, port, secure };
        for port in [port, secure] {
            until("relay", async || TcpStream::connect(("127.0.0.1", port)).is_ok()).await;
        }
        relay
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a page's media goes: the kind of its own candidate, and how it reaches the relay.
async fn carried(page: &Page) -> Value {
    page.eval(
        "return peers.find(p => p.connectionState === 'connected').getStats().then(all => {
           const transport = [...all.values()].find(s => s.type === 'transport');
           const local = all.get(all.get(transport.selectedCandidatePairId).localCandidateId);
           return [local.candidateType, local.relayProtocol];
         })",
    )
    .await
}

#[tokio::test]
async fn a_call_goes_through_a_relay_by_datagrams_and_by_tls() {
    if !has(&["chromium", "chromedriver", "ffmpeg", "certutil", "turnserver"]) {
        return;
    }
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = folder.path().join("secret");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    // Relay and box show one certificate, which the box makes at its first start.
    drop(Daemon::start(&state));
    let relay = Relay::start(&folder, &state).await;
    let addresses = format!("turn:127.0.0.1:{}?transport=udp,turns:{NAME}:{}?transport=tcp", relay.port, relay.secure);
    let daemon = Daemon::start_with(
        &state,
        &[
            ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
            ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
            ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
            ("PORCHLIGHT_ENDPOINT__FPS", "15"),
            ("PORCHLIGHT_TURN__ADDRESSES", &addresses),
            ("PORCHLIGHT_TURN__SECRET", file.to_str().unwrap()),
        ],
    );
    let authority = reqwest::get(format!("{}/ca.pem", daemon.url)).await.unwrap().bytes().await.unwrap();
    let trusted = folder.path().join("ca.pem");
    std::fs::write(&trusted, authority).unwrap();
    let daemon = daemon.by_https(NAME).await;
    let browser = Browser::trusting(&trusted, NAME).await;
    let (ada, _) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let invite = people::invite(&ada).await;
    for (name, url, by) in [("Bob", "turn:", "udp"), ("Eve", "turns:", "tls")] {
        let script = format!("{RELAYED}; window.relay = '{url}'");
        let page = people::guest_after(&browser, &daemon, name, BOB, &invite, &script).await;
        assert_eq!(carried(&page).await, json!(["relay", by]));
        assert!(people::sees(&page, BOX, 4).await.share("black") < 0.5);
        assert!(people::sees(&page, "Ada", 10).await.share(ADA.colour) > 0.7);
        assert!(people::sees(&ada, name, 10).await.share(BOB.colour) > 0.7);
        people::hears(&ada, name, BOB.hz, 3).await;
        page.click("leave").await;
    }
    let log = daemon.log();
    assert!(!log.contains(SECRET), "the secret is in the log");
    assert!(daemon.stop().success());
}

//! Watching by WebRTC: the protocol as a plain program sees it, and a browser that watches.

use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use str0m::Rtc;
use str0m::media::{Direction, MediaKind};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::fixture::browser::Browser;
use super::fixture::daemon::Daemon;
use super::fixture::{DEADLINE, has};

/// A box that is in the call from the start, with pictures that two cores can work with.
const SMALL: [(&str, &str); 7] = [
    ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
    ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
    ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
    ("PORCHLIGHT_ENDPOINT__FPS", "15"),
    ("PORCHLIGHT_PROGRAM__WIDTH", "640"),
    ("PORCHLIGHT_PROGRAM__HEIGHT", "360"),
    ("PORCHLIGHT_PROGRAM__FPS", "15"),
];
const ELSEWHERE: &str = "https://elsewhere.example";

/// The owner in the room, over the room's WebSocket and without media.
struct Owner {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    id: u64,
}

impl Owner {
    async fn join(daemon: &Daemon) -> Self {
        let http = reqwest::Client::new();
        let token = daemon.owner_link.split_once("#owner=").expect("a first start gives a link").1;
        let sign_in = http.post(format!("{}/api/v1/session", daemon.url)).json(&json!({ "owner": token }));
        let signed_in = sign_in.send().await.unwrap();
        assert_eq!(signed_in.status(), 200);
        let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let rooms = http.get(format!("{}/api/v1/rooms", daemon.url)).header("cookie", &cookie).send().await.unwrap();
        let room = rooms.json::<Value>().await.unwrap()[0]["id"].as_str().unwrap().to_owned();
        let address = format!("{}/api/v1/rooms/{room}/ws", daemon.url.replacen("http", "ws", 1));
        let mut request = address.into_client_request().unwrap();
        request.headers_mut().insert("cookie", cookie.parse().unwrap());
        request.headers_mut().insert("origin", daemon.url.parse().unwrap());
        let (socket, _) = connect_async(request).await.unwrap();
        let mut owner = Self { socket, id: 0 };
        owner.ask(json!({ "op": "join", "name": "Ada" })).await;
        owner
    }

    /// Sends a request and gives the `ok` of its answer.
    async fn ask(&mut self, mut request: Value) -> Value {
        self.id += 1;
        request["v"] = 1.into();
        request["id"] = self.id.into();
        self.socket.send(Message::text(request.to_string())).await.unwrap();
        loop {
            let message: Result<Message, tungstenite::Error> =
                tokio::time::timeout(DEADLINE, self.socket.next()).await.expect("an answer comes").unwrap();
            let Message::Text(text) = message.unwrap() else { continue };
            let answer: Value = serde_json::from_str(&text).unwrap();
            if answer["re"] == self.id {
                assert!(answer.get("ok").is_some(), "{request}: {answer}");
                return answer["ok"].clone();
            }
        }
    }

    async fn go_live(&mut self) -> String {
        self.ask(json!({ "op": "go_live", "title": "Garden" })).await["broadcast"].as_str().unwrap().to_owned()
    }
}

async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let end = tokio::time::Instant::now() + DEADLINE;
    while !done().await {
        assert!(tokio::time::Instant::now() < end, "no {what} within {DEADLINE:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// What a viewer offers, made by an engine that is not a browser's; it never connects.
fn offer(direction: Direction) -> String {
    let mut rtc = Rtc::builder().build(std::time::Instant::now());
    let mut change = rtc.sdp_api();
    change.add_media(MediaKind::Audio, direction, None, None, None);
    change.add_media(MediaKind::Video, direction, None, None, None);
    change.apply().unwrap().0.to_sdp_string()
}

/// Another site's page.
struct Elsewhere {
    http: reqwest::Client,
    url: String,
}

impl Elsewhere {
    async fn ask(&self, method: Method, path: &str, kind: &str, body: String) -> (u16, HeaderMap, String) {
        let request = self.http.request(method, format!("{}{path}", self.url)).header("origin", ELSEWHERE);
        let request = request.header("sec-fetch-site", "cross-site").header("content-type", kind).body(body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.headers().clone(), answer.text().await.unwrap())
    }

    async fn offer(&self, broadcast: &str, sdp: String) -> (u16, HeaderMap, String) {
        self.ask(Method::POST, &format!("/whep/{broadcast}"), "application/sdp", sdp).await
    }
}

#[tokio::test]
async fn whoever_offers_to_watch_is_answered_by_the_protocol_from_any_site() {
    let state: TempDir = tempfile::tempdir().unwrap();
    let keys = [&SMALL[..], &[("PORCHLIGHT_LOG__LEVEL", "debug")]].concat();
    let daemon = Daemon::start_with(&state, &keys);
    let page = Elsewhere { http: reqwest::Client::new(), url: daemon.url.clone() };
    let mut owner = Owner::join(&daemon).await;
    let watch = || offer(Direction::RecvOnly);

    assert_eq!(page.offer("0000000000000000", watch()).await.0, 404, "there is no such broadcast");
    assert_eq!(page.offer("nothing", watch()).await.0, 404);
    let broadcast = owner.go_live().await;
    owner.ask(json!({ "op": "end_live" })).await;
    let (status, headers, problem) = page.offer(&broadcast, watch()).await;
    assert_eq!((status, &headers["retry-after"]), (409, &"5".parse().unwrap()), "it may come again: {problem}");
    assert_eq!(owner.go_live().await, broadcast);
    let endpoint = format!("/whep/{broadcast}");

    let (status, headers, _) = page.ask(Method::OPTIONS, &endpoint, "text/plain", String::new()).await;
    assert_eq!((status, &headers["accept-post"]), (200, &"application/sdp".parse().unwrap()));
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["access-control-allow-methods"], "GET, POST, PATCH, DELETE, OPTIONS");
    assert_eq!(headers["access-control-allow-headers"], "authorization, content-type, if-match");
    let (status, _, nothing) = page.ask(Method::GET, &endpoint, "text/plain", String::new()).await;
    assert_eq!((status, nothing.as_str()), (204, ""));

    let (status, headers, _) = page.ask(Method::POST, &endpoint, "text/plain", watch()).await;
    assert_eq!((status, &headers["access-control-allow-origin"]), (415, &"*".parse().unwrap()));
    let picky = page.http.post(format!("{}{endpoint}", daemon.url)).header("accept", "application/json");
    let picky = picky.header("content-type", "application/sdp").body(watch()).send().await.unwrap();
    assert_eq!(picky.status(), 406);
    for refused in ["", "v=0", "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 108\r\n", &offer(Direction::SendOnly)] {
        assert_eq!(page.offer(&broadcast, refused.into()).await.0, 400, "{refused}");
    }
    assert!(!daemon.log().contains("the picture on air"), "who can't watch costs nothing");

    let (status, headers, answer) = page.offer(&broadcast, watch()).await;
    assert_eq!((status, &headers["content-type"]), (201, &"application/sdp".parse().unwrap()), "{answer}");
    assert!(answer.contains("a=candidate:") && answer.matches("a=sendonly").count() == 2, "{answer}");
    let tag = headers["etag"].to_str().unwrap().to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    for exposed in ["location", "etag", "retry-after"] {
        assert!(headers["access-control-expose-headers"].to_str().unwrap().contains(exposed), "{exposed}");
    }
    let viewer = headers["location"].to_str().unwrap().to_owned();
    assert!(viewer.starts_with(&format!("{endpoint}/")), "{viewer}");
    until("picture", async || daemon.log().contains("forwarding the picture on air")).await;
    until("sound", async || daemon.log().contains("encoding codec=Opus")).await;
    assert!(!daemon.log().contains("encoding codec=Aac"), "nobody needs it");

    let patch = async |kind: &str, tag: Option<&str>, body: &str| {
        let request = page.http.patch(format!("{}{viewer}", daemon.url)).header("content-type", kind);
        let request = tag.into_iter().fold(request, |request, tag| request.header("if-match", tag));
        let answer = request.header("origin", ELSEWHERE).body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.headers().clone(), answer.text().await.unwrap())
    };
    let fragment = "application/trickle-ice-sdpfrag";
    let anew = "a=ice-ufrag:ysXw\r\na=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k\r\n";
    assert_eq!(patch("application/sdp", Some("*"), anew).await.0, 415);
    assert_eq!(patch(fragment, None, anew).await.0, 428);
    assert_eq!(patch(fragment, Some("\"another\""), anew).await.0, 412);
    assert_eq!(patch(fragment, Some(&tag), "a=mid:0\r\n").await.0, 400);
    let (status, headers, answer) = patch(fragment, Some(&tag), anew).await;
    assert_eq!((status, &headers["content-type"]), (200, &fragment.parse().unwrap()), "{answer}");
    assert!(answer.contains("a=ice-pwd:") && answer.contains("a=candidate:"), "{answer}");
    let next = headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(patch(fragment, Some(&tag), anew).await.0, 412, "that connection is over");
    let (status, headers, nothing) = patch(fragment, Some(&next), anew).await;
    assert_eq!((status, nothing.as_str(), headers.contains_key("etag")), (204, "", false), "nothing new");
    let (status, _, nothing) = page.ask(Method::GET, &viewer, "text/plain", String::new()).await;
    assert_eq!((status, nothing.as_str()), (204, ""));

    let (_, headers, _) = page.offer(&broadcast, offer(Direction::SendRecv)).await;
    let second = headers["location"].to_str().unwrap().to_owned();
    let delete = async |path: &str| page.ask(Method::DELETE, path, "text/plain", String::new()).await.0;
    assert_eq!(delete(&second.replace(&broadcast, "0000000000000000")).await, 404);
    assert_eq!(delete(&second).await, 200);
    assert_eq!(delete(&second).await, 404, "it has left");
    assert!(!daemon.log().contains("not forwarded any more"), "somebody watches still");
    assert_eq!(delete(&viewer).await, 200);
    until("end of the picture", async || daemon.log().contains("the picture on air is not forwarded any more")).await;

    let (_, headers, _) = page.offer(&broadcast, watch()).await;
    let last = headers["location"].to_str().unwrap().to_owned();
    owner.ask(json!({ "op": "end_live" })).await;
    assert_eq!(page.offer(&broadcast, watch()).await.0, 409);
    until("end of the viewer", async || delete(&last).await == 404).await;
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn a_browser_watches_by_webrtc_is_counted_and_falls_back_to_hls() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    // The browser first: it may have to wait for its turn, and the box closes a connection that nobody reads for long.
    let browser = Browser::start().await;
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let mut owner = Owner::join(&daemon).await;
    let broadcast = owner.go_live().await;
    let page = browser.open("Cid", None).await;
    page.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
    let shows = |player: &str| {
        format!(
            "document.querySelector('[data-testid=watch-state][data-state=playing][data-player={player}]') !== null"
        )
    };
    page.wait_for(&shows("whep"), "playing by WebRTC").await;
    let frames = "document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames";
    let before = page.eval(&format!("return {frames}")).await.as_u64().unwrap();
    page.wait_for(&format!("{frames} > {before} + 30"), "new pictures").await;

    // The beep of the box's stand-in, by its pitch.
    page.eval(
        "const sound = new AudioContext({ sampleRate: 48000 });
         const ear = new AnalyserNode(sound, { fftSize: 2048, smoothingTimeConstant: 0 });
         sound.createMediaStreamSource(document.querySelector('video').srcObject).connect(ear);
         const bins = new Float32Array(ear.frequencyBinCount);
         window.heard = 0;
         setInterval(() => {
           ear.getFloatFrequencyData(bins);
           const loudest = bins.indexOf(Math.max(...bins));
           if (bins[loudest] > -60 && Math.abs(loudest * 48000 / 2048 - 1000) < 50) window.heard += 1;
         }, 20)",
    )
    .await;
    page.wait_for("window.heard > 3", "beep of the box").await;
    page.wait_for("document.querySelector('[data-testid=viewers]')?.dataset.count === '1'", "one viewer").await;

    // As if the network were another one: another way is looked for on the same connection, and pictures go on.
    page.eval("dispatchEvent(new Event('online'))").await;
    let healed =
        "performance.getEntriesByType('resource').some(of => of.name.includes('/whep/') && of.responseStatus === 200)";
    page.wait_for(healed, "ICE anew").await;
    let before = page.eval(&format!("return {frames}")).await.as_u64().unwrap();
    page.wait_for(&format!("{frames} > {before} + 30"), "new pictures on the new way").await;
    page.wait_for(&shows("whep"), "WebRTC still").await;
    assert_eq!(daemon.log().matches("an offer was answered").count(), 1, "nobody came anew");

    owner.ask(json!({ "op": "end_live" })).await;
    page.wait_for("document.querySelector('[data-testid=watch-state]').dataset.state === 'ended'", "an end").await;
    until("end of the picture", async || daemon.log().contains("the picture on air is not forwarded any more")).await;

    owner.go_live().await;
    page.wait_for(&shows("whep"), "playing by WebRTC again").await;
    // As if nothing came any more.
    page.eval("RTCPeerConnection.prototype.getStats = async () => new Map()").await;
    page.wait_for(&shows("hls"), "playing by LL-HLS instead").await;
    page.eval("localStorage.setItem('porchlight.player', 'hls')").await;
    page.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
    page.wait_for(&shows("hls"), "playing by LL-HLS, as it was asked for").await;
    assert_eq!(page.errors().await, Vec::<String>::new());
    assert!(daemon.stop().success());
}

//! A WHIP server (RFC 9725) whose media is received by a real browser: a page answers the offers that come.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::services::{Pushes, SMALL, free, go_live};
use super::{KEY, OTHER_KEY, assert_secret};
use crate::fixture::browser::{Browser, Page};
use crate::fixture::daemon::Daemon;
use crate::fixture::visitor::Visitor;
use crate::fixture::{has, until};

/// Takes offers one after the other. It is not muted: Chromium measures no sound that nobody would hear.
const PAGE: &str = "<!doctype html><html lang=en><body><video autoplay></video><script>
async function take() {
  const offered = await fetch('/offer');
  if (offered.status === 200) {
    const { number, sdp } = await offered.json();
    const pc = new RTCPeerConnection();
    const stream = new MediaStream();
    pc.ontrack = ({ track }) => {
      stream.addTrack(track);
      document.querySelector('video').srcObject = stream;
    };
    await pc.setRemoteDescription({ type: 'offer', sdp });
    await pc.setLocalDescription();
    while (pc.iceGatheringState !== 'complete') await new Promise(done => setTimeout(done, 20));
    await fetch(`/answer/${number}`, { method: 'POST', body: pc.localDescription.sdp });
    Object.assign(window, { pc, number });
  }
  setTimeout(take, 50);
}
async function received(number) {
  if (window.number !== number) return null;
  const all = [...(await pc.getStats()).values()].filter(one => one.type === 'inbound-rtp');
  const of = kind => all.find(one => one.kind === kind) ?? {};
  const [video, audio] = [of('video'), of('audio')];
  return { frames: video.framesDecoded, width: video.frameWidth, energy: audio.totalAudioEnergy, codec: video.decoderImplementation };
}
take();
</script></body></html>";

#[derive(Default)]
struct Sessions {
    /// What was offered and is not answered yet, by the number of its session.
    offers: BTreeMap<usize, String>,
    answers: BTreeMap<usize, String>,
    made: usize,
    redirected: usize,
    deleted: Vec<usize>,
}

type Shared = Arc<Mutex<Sessions>>;

struct Server {
    sessions: Shared,
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Server {
    async fn start() -> Self {
        let sessions = Shared::default();
        let elsewhere = |at: &'static str| async move { (StatusCode::TEMPORARY_REDIRECT, [("location", at)]) };
        let moved = sessions.clone();
        let router = Router::new()
            .route("/", get(async || Html(PAGE)))
            .route("/offer", get(offer))
            .route("/answer/{number}", post(answer))
            .route(
                "/start",
                post(async move || {
                    moved.lock().unwrap().redirected += 1;
                    elsewhere("whip/porch?a=1").await
                }),
            )
            .route("/whip/porch", post(whip))
            .route("/deaf", post(async || StatusCode::NOT_ACCEPTABLE))
            .route("/session/{number}", delete(end))
            .with_state(sessions.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { sessions, address, _tasks: tasks }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }
}

fn knows(headers: &HeaderMap) -> bool {
    headers.get("authorization").is_some_and(|value| *value == format!("Bearer {KEY}"))
}

async fn offer(State(sessions): State<Shared>) -> Response {
    match sessions.lock().unwrap().offers.pop_first() {
        Some((number, sdp)) => Json(json!({ "number": number, "sdp": sdp })).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

async fn answer(State(sessions): State<Shared>, Path(number): Path<usize>, sdp: String) {
    sessions.lock().unwrap().answers.insert(number, sdp);
}

async fn whip(State(sessions): State<Shared>, headers: HeaderMap, sdp: String) -> Response {
    if !knows(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    assert_eq!(headers["content-type"], "application/sdp");
    assert_eq!(sdp.matches("\r\na=sendonly").count(), 2, "one picture and one sound: {sdp}");
    let number = {
        let mut sessions = sessions.lock().unwrap();
        sessions.made += 1;
        let number = sessions.made;
        sessions.offers.insert(number, sdp);
        number
    };
    loop {
        if let Some(sdp) = sessions.lock().unwrap().answers.remove(&number) {
            let headers = [
                ("content-type", "application/sdp".to_owned()),
                ("location", format!("/session/{number}")),
                ("etag", "\"1\"".to_owned()),
            ];
            return (StatusCode::CREATED, headers, sdp).into_response();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn end(State(sessions): State<Shared>, Path(number): Path<usize>, headers: HeaderMap) -> StatusCode {
    if !knows(&headers) {
        return StatusCode::UNAUTHORIZED;
    }
    sessions.lock().unwrap().deleted.push(number);
    StatusCode::OK
}

/// Waits until the browser shows pictures and hears sound of this session.
async fn is_seen(page: &Page, number: usize) {
    let seen = format!("received({number}).then(got => got?.frames >= 30 && got.width === 320 && got.energy > 0)");
    page.wait_for(&seen, "pictures and sound").await;
    let shown = page.eval(&format!("return received({number})")).await;
    println!("what the browser receives of session {number}: {shown}");
    page.wait_for("document.querySelector('video').videoHeight === 180", "a picture in the page").await;
}

#[tokio::test]
async fn what_is_on_air_reaches_a_browser_by_whip_and_comes_back_when_that_is_back() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let pushes = Pushes::of(Visitor::owner(&daemon).await).await;
    let (server, browser) = (Server::start().await, Browser::start().await);
    let page = browser.open("Receiver", None).await;
    page.goto(&server.url("")).await;

    let good = pushes.add("Stage", &server.url("start"), json!({ "key": KEY })).await;
    let wrong = pushes.add("Wrong", &server.url("whip/porch"), json!({ "key": OTHER_KEY })).await;
    let deaf = pushes.add("Deaf", &server.url("deaf"), json!({ "key": OTHER_KEY })).await;
    let nowhere = pushes.add("Nowhere", &server.url("nowhere"), json!({})).await;
    let nobody = pushes.add("Nobody", &format!("http://127.0.0.1:{}/whip", free()), json!({})).await;
    let untold = format!("https://localhost:{}/whip/porch", server.address.port());
    let plain = pushes.add("Plain", &untold, json!({ "key": OTHER_KEY })).await;
    let mut line = go_live(&pushes.owner, &pushes.room).await;
    let live = pushes.is(&good, "live").await;
    assert_eq!((&live["kind"], &live["error"]), (&json!("whip"), &Value::Null), "{live}");
    is_seen(&page, 1).await;
    assert_eq!(server.sessions.lock().unwrap().redirected, 1, "it goes where it is sent");

    // What fails says why, and the rest goes on.
    let all = [(&wrong, "key"), (&deaf, "codec"), (&nowhere, "path"), (&nobody, "refused"), (&plain, "no_tls")];
    for (id, code) in all {
        assert_eq!(pushes.fails(id).await, code);
    }
    let before = pushes.one(&good).await;
    assert_eq!((&before["state"], &before["restarts"], &before["since"]), (&json!("live"), &json!(0), &live["since"]));
    until("bytes", async || pushes.one(&good).await["bytes"].as_u64() > before["bytes"].as_u64()).await;

    // The browser goes away and comes back, and so does the stream.
    page.eval("pc.close()").await;
    until("loss", async || pushes.one(&good).await["restarts"] != 0).await;
    let again = pushes.is(&good, "live").await;
    assert!(["lost", "stalled"].contains(&again["error"]["code"].as_str().unwrap()), "{again}");
    is_seen(&page, 2).await;
    assert_eq!(server.sessions.lock().unwrap().deleted, [1], "what is over is deleted");

    // Off air nothing is left there, and nothing tells a secret.
    line.ask("end_live", json!({})).await.unwrap();
    pushes.is(&good, "waiting").await;
    until("end", async || server.sessions.lock().unwrap().deleted == [1, 2]).await;
    let told = pushes.text().await;
    assert!(!told.contains(KEY) && !told.contains(OTHER_KEY), "{told}");
    assert_secret(&state, &daemon);
    assert!(daemon.stop().success());
}

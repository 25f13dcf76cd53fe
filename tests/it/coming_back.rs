//! Whatever is lost comes back by itself: a connection, a page, the box.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::people::{self, BOX, CONNECTED};
use super::fixture::relay::{DETOUR, Relay};
use super::fixture::visitor::{Line, Visitor, cookie, owner_token};
use super::fixture::{has, until};

const ADA: Devices = Devices { colour: "red", hz: 440 };

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

fn browsers() -> bool {
    has(&["chromium", "chromedriver", "ffmpeg"])
}

/// Who has this name in the state of a room: the id, if there is exactly one.
fn named(state: &Value, name: &str) -> Option<String> {
    let participants = state["participants"].as_object()?;
    let mut of = participants.iter().filter(|(_, participant)| participant["name"] == name);
    let id = of.next()?.0.clone();
    of.next().is_none().then_some(id)
}

fn is(state: &Value, who: &str, field: &str, value: &Value) -> bool {
    state["participants"][who][field] == *value
}

/// Somebody else in the room, without media: sees what the box says of the others.
async fn witness(daemon: &Daemon, owner: &Page, room: &str) -> Line {
    let url = people::invite(owner).await;
    let token = url.split_once("#invite=").unwrap().1;
    let nobody = Visitor::new(daemon);
    let body = json!({ "invite": token, "name": "Witness" });
    let answer = nobody.request(Method::POST, "/api/v1/session").json(&body).send().await.unwrap();
    nobody.with(Some(&cookie(&answer).0)).join(room, "Witness").await
}

/// Waits until the peer connection of a page receives more pictures than it had.
async fn receives(page: &Page) {
    let frames = "Promise.all(peers.filter(p => p.connectionState === 'connected').map(p => p.getStats())).then(all => \
                  all.flatMap(s => [...s.values()]).filter(s => s.type === 'inbound-rtp' && s.kind === 'video')\
                  .reduce((sum, s) => sum + s.framesDecoded, 0))";
    page.eval(&format!("window.frames_before = await ({frames})")).await;
    page.wait_for(&format!("({frames}).then(now => now > window.frames_before + 5)"), "more pictures").await;
}

#[tokio::test]
async fn a_lost_websocket_comes_back_to_the_same_seat_with_media() {
    if !browsers() {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let browser = Browser::start().await;
    let (ada, room) = people::owner_at_the_door(&browser, &daemon, "Ada", ADA).await;
    ada.eval("const W = WebSocket; window.sockets = []; window.WebSocket = class extends W { constructor(u) { super(u); if (/ws$/.test(u)) sockets.push(this); } }").await;
    ada.eval("const P = RTCPeerConnection; window.peers = []; window.RTCPeerConnection = class extends P { constructor(c) { super(c); peers.push(this); } }").await;
    people::go_in(&ada).await;
    let mut witness = witness(&daemon, &ada, &room).await;
    let id = named(&witness.state, "Ada").unwrap();

    ada.eval("sockets.at(-1).close()").await;
    witness.until("loss", |state| is(state, &id, "connection", &json!("lost"))).await;
    witness.until("way back", |state| is(state, &id, "connection", &json!("connected"))).await;
    assert_eq!(named(&witness.state, "Ada"), Some(id));
    ada.wait_for(CONNECTED, "connected call").await;
    assert_eq!(ada.eval("return sockets.length").await, 2);
    people::sees(&ada, BOX, 2).await;
    assert_eq!(ada.eval("return peers.length").await, 1, "media went on meanwhile");
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn media_that_dies_while_the_websocket_lives_finds_another_way() {
    if !browsers() {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let browser = Browser::start().await;
    let relay = Relay::start(daemon.udp());
    let (ada, room) = people::owner_at_the_door(&browser, &daemon, "Ada", ADA).await;
    ada.eval(&format!("window.relay = {}; {DETOUR}", relay.port)).await;
    people::go_in(&ada).await;
    receives(&ada).await;
    let mut witness = witness(&daemon, &ada, &room).await;
    let id = named(&witness.state, "Ada").unwrap();
    assert_eq!(ada.eval("return peers.length").await, 1);
    assert!(!relay.heard().is_empty(), "media goes through the relay");

    let other = Relay::start(daemon.udp());
    ada.eval(&format!("window.relay = {}", other.port)).await;
    relay.die();
    receives(&ada).await;
    assert_eq!(ada.eval("return peers.length").await, 1, "it is the same peer connection");
    witness.until("connection", |state| is(state, &id, "connection", &json!("connected"))).await;
    assert_eq!(named(&witness.state, "Ada"), Some(id), "the WebSocket held the seat all the time");
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn a_page_that_is_loaded_again_has_its_seat_its_name_its_devices_and_stays_muted() {
    if !browsers() {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let browser = Browser::start().await;
    let (ada, room) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let microphones = "document.querySelector('dialog[open] select')";
    ada.click("settings-open").await;
    ada.wait_for(&format!("{microphones}?.options.length > 1"), "several microphones").await;
    let chosen = ada
        .eval(&format!(
            "const all = {microphones};
             all.value = [...all.options].map(one => one.value).find(one => one !== all.value);
             all.dispatchEvent(new Event('change', {{ bubbles: true }}));
             return all.value"
        ))
        .await;
    ada.wait_for(&format!("{microphones}.value === {chosen}"), "another microphone").await;
    ada.eval("document.querySelector('dialog[open]').close()").await;
    let mut witness = witness(&daemon, &ada, &room).await;
    let id = named(&witness.state, "Ada").unwrap();
    witness.until("sound", |state| is(state, &id, "microphone", &json!(true))).await;
    ada.click("mute").await;
    witness.until("silence", |state| is(state, &id, "microphone", &json!(false))).await;

    ada.goto(&format!("{}/r/{room}", daemon.url)).await;
    // Nobody touches the page. It may be back before the box has noticed that it was gone.
    people::in_the_call(&ada).await;
    people::sees(&ada, BOX, 2).await;
    // What the others were told up to now is read before the answer.
    witness.ask("state", json!({ "microphone": false, "camera": false })).await.unwrap();
    witness.until("way back", |state| is(state, &id, "connection", &json!("connected"))).await;
    assert_eq!(named(&witness.state, "Ada"), Some(id.clone()));
    witness.until("picture", |state| is(state, &id, "camera", &json!(true))).await;
    assert!(is(&witness.state, &id, "microphone", &json!(false)), "still muted");
    ada.click("settings-open").await;
    ada.wait_for(&format!("{microphones}?.value === {chosen}"), "the same microphone").await;

    // A page that does not come back frees its seat within seconds, not within a minute.
    let closed = tokio::time::Instant::now();
    ada.goto("about:blank").await;
    witness.until("free seat", |state| named(state, "Ada").is_none()).await;
    assert!(closed.elapsed() < Duration::from_secs(30), "{:?}", closed.elapsed());
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn after_kill_9_everybody_comes_back_and_nobody_is_on_air_unasked() {
    if !browsers() {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let browser = Browser::start().await;
    let (ada, room) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let rooms = async || ada.eval("return fetch('/api/v1/rooms').then(r => r.json())").await;
    let shown = async || ada.eval(&format!("return fetch('/api/v1/rooms/{room}').then(r => r.json())")).await;
    go_live(&ada).await;
    let broadcast = shown().await["broadcast"].as_str().unwrap().to_owned();
    let by_whep = browser.open("Whep", None).await;
    by_whep.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
    let by_hls = browser.open("Hls", None).await;
    by_hls.goto(&daemon.url).await;
    by_hls.eval("localStorage.setItem('porchlight.player', 'hls')").await;
    by_hls.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
    for viewer in [&by_whep, &by_hls] {
        people::probe(viewer).await;
        plays(viewer).await;
    }
    let before: Vec<Value> = rooms().await.as_array().unwrap().iter().map(|room| room["id"].clone()).collect();

    let listen = daemon.listen();
    daemon.kill();
    ada.wait_for("document.querySelector('[data-testid=call][data-phase=reconnecting]')", "loss").await;
    let daemon = Daemon::start_at(&state, &listen, &SMALL);

    // The call: nobody touches a page.
    ada.wait_for(CONNECTED, "connected call").await;
    people::sees(&ada, BOX, 2).await;
    let after: Vec<Value> = rooms().await.as_array().unwrap().iter().map(|room| room["id"].clone()).collect();
    assert_eq!(after, before);
    assert_eq!(shown().await["broadcast"], *broadcast);
    assert_eq!(ada.eval("return fetch('/api/v1/session').then(r => r.json())").await["role"], "host");
    // Not on air: neither the room, nor anybody in it.
    let live = format!("return fetch('/api/v1/broadcasts/{broadcast}').then(r => r.json())");
    assert_eq!(ada.eval(&live).await["live"], false);
    for viewer in [&by_whep, &by_hls] {
        viewer.wait_for("document.querySelector('[data-testid=watch-state]').dataset.state === 'ended'", "end").await;
    }
    // On air again because somebody says so; who watches is there by themselves.
    go_live(&ada).await;
    for viewer in [&by_whep, &by_hls] {
        plays(viewer).await;
        assert_eq!(
            people::look(viewer, "[data-testid=player]").await.share(ADA.colour).round(),
            0.0,
            "no consent is left"
        );
    }
    ada.click("consent-yes").await;
    for viewer in [&by_whep, &by_hls] {
        until("Ada on air", async || people::look(viewer, "[data-testid=player]").await.share(ADA.colour) > 0.1).await;
    }
    assert!(daemon.stop().success());
}

async fn go_live(owner: &Page) {
    owner.click("go-live").await;
    owner.fill("live-title", "A test").await;
    owner.click("go-live-confirm").await;
    owner.wait_for("document.querySelector('[data-testid=consent-yes]')", "question").await;
}

async fn plays(viewer: &Page) {
    viewer.wait_for("document.querySelector('[data-testid=watch-state]')?.dataset.state === 'playing'", "stream").await;
    let video = "document.querySelector('[data-testid=player]')";
    viewer.eval(&format!("window.from = {video}.currentTime")).await;
    viewer
        .wait_for(&format!("{video}.currentTime > window.from + 1 || {video}.currentTime < window.from - 1"), "media")
        .await;
}

#[tokio::test]
async fn sighup_takes_over_what_it_can_says_what_it_cannot_and_drops_no_call() {
    let state = tempfile::tempdir().unwrap();
    let told = UnixDatagram::bind(state.path().join("notify")).unwrap();
    told.set_read_timeout(Some(super::fixture::DEADLINE)).unwrap();
    let path = state.path().join("notify");
    let daemon = Daemon::start_with(&state, &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    let hear = || {
        let mut said = [0; 512];
        let length = told.recv(&mut said).unwrap();
        String::from_utf8(said[..length].to_vec()).unwrap()
    };
    assert!(hear().contains("READY=1"));
    let owner = Visitor::owner(&daemon).await;
    let room = owner.first_room().await;
    let mut ada = owner.join(&room, "Ada").await;
    let mut bob = owner.join(&room, "Bob").await;

    daemon.reload("[room]\nmax_participants = 2\n[node]\nname = \"Porch\"\n[log]\nlevel = \"debug\"\n");
    let reloading = hear();
    let stamp = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")).expect("a time");
    assert!(reloading.contains("RELOADING=1") && stamp.parse::<u64>().is_ok_and(|usec| usec > 0), "{reloading}");
    assert!(hear().contains("READY=1"));
    daemon.writes("room.max_participants has changed; it holds", 1).await;
    daemon.writes("log.level has changed; it holds", 1).await;
    daemon.writes("node.name has changed; it needs a restart", 1).await;
    // The same connections go on, and the new limit holds for who comes.
    for line in [&mut ada, &mut bob] {
        line.ask("state", json!({ "microphone": false, "camera": false })).await.unwrap();
    }
    let mut late = owner.open(&room).await.unwrap();
    assert_eq!(late.ask("join", json!({ "name": "Late" })).await, Err("room-full".into()));

    // What is wrong changes nothing, and the log says where.
    daemon.reload("[room]\nmax_participants = 50\n[hls]\npart = \"9s\"\n");
    hear();
    assert!(hear().contains("READY=1"));
    daemon.writes("porchlight.toml:4: hls.part: 9s is not between 100ms and 500ms", 1).await;
    assert_eq!(late.ask("join", json!({ "name": "Late" })).await, Err("room-full".into()));
    daemon.reload("[room]\nmax_participants = 3\n");
    until("a free seat", async || late.ask("join", json!({ "name": "Late" })).await.is_ok()).await;
    ada.ask("state", json!({ "microphone": false, "camera": false })).await.unwrap();
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn after_kill_9_rooms_invites_and_logins_are_as_they_were() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let token = owner_token(&daemon).to_owned();
    let owner = Visitor::new(&daemon);
    let answer = owner.post("/api/v1/session", &json!({ "owner": token })).await;
    let login = cookie(&answer).0;
    let owner = owner.with(Some(&login));
    let (room, broadcast) = owner.make_room().await;
    let invite = owner.invite(&room).await;
    let mut ada = owner.join(&room, "Ada").await;
    ada.ask("go_live", json!({ "title": "An evening" })).await.unwrap();
    let listen = daemon.listen();
    daemon.kill();

    let daemon = Daemon::start_at(&state, &listen, &[]);
    let owner = Visitor::new(&daemon).with(Some(&login));
    let answer = owner.get(&format!("/api/v1/rooms/{room}")).await;
    assert_eq!(answer.status(), 200, "the login is still one");
    let known: Value = answer.json().await.unwrap();
    assert_eq!((&known["broadcast"], &known["live"]), (&json!(broadcast), &json!(false)), "{known}");
    let watched: Value = owner.get(&format!("/api/v1/broadcasts/{broadcast}")).await.json().await.unwrap();
    assert_eq!(watched["live"], false, "{watched}");
    let guest = owner.guest(&invite, "Bob").await;
    assert!(guest.join(&room, "Bob").await.state["room"]["live"].is_null());
    assert!(daemon.stop().success());
}

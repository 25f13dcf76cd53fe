//! Porchlight on another site's page: the lines of docs/use/embed.md, as they stand there, in a browser.

use serde_json::{Value, json};

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::site::Site;
use super::fixture::visitor::Visitor;
use super::fixture::written::{Written, of_broadcast};
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
const DOCUMENT: &str = include_str!("../../docs/use/embed.md");

/// The addresses that stand for the reader's own in the document.
const BOX: &str = "https://box.example";
const BROADCAST: &str = "0123456789abcdef";
const ROOM: &str = "fedcba9876543210";
const SECRET: &str = "SECRET";

/// What each of the document's blocks of HTML shows, in their order. A new one has to be run here as well.
const BLOCKS: [&str; 8] = [
    "frame",
    "porchlight-player",
    "porchlight-player",
    "porchlight-player",
    "porchlight-participant",
    "porchlight-participant",
    "porchlight-publisher",
    "porchlight-publisher",
];

/// The owner, who looks into the room from time to time: a connection that nobody reads for long is closed by the box.
struct Owner {
    host: Visitor,
    room: String,
}

impl Owner {
    async fn of(daemon: &Daemon) -> Self {
        let host = Visitor::owner(daemon).await;
        Self { room: host.first_room().await, host }
    }

    /// Asks for something in the room.
    async fn ask(&self, op: &str, fields: Value) {
        let mut line = self.host.join(&self.room, "Olga").await;
        line.ask(op, fields).await.unwrap();
        line.ask("leave", json!({})).await.unwrap();
    }

    /// Waits until the room is as it should be, and gives its state.
    async fn until(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let mut line = self.host.join(&self.room, "Olga").await;
        line.until(what, is).await;
        let state = line.state.clone();
        line.ask("leave", json!({})).await.unwrap();
        state
    }
}

/// The blocks of HTML in the document.
fn blocks() -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in DOCUMENT.lines() {
        match (&mut block, line) {
            (None, "```html") => block = Some(String::new()),
            (Some(_), "```") => blocks.extend(block.take()),
            (Some(text), line) => *text += &format!("{line}\n"),
            (None, _) => {}
        }
    }
    assert_eq!(blocks.len(), BLOCKS.len(), "docs/use/embed.md has blocks that are not run: {blocks:#?}");
    blocks
}

/// Another site with every block on a page of its own, its addresses those of this box.
fn site(daemon: &Daemon, broadcast: &str, room: &str, invite: &str) -> Site {
    let lines = blocks().into_iter().map(|block| {
        let block = block.replace(BOX, &daemon.url).replace(BROADCAST, broadcast);
        block.replace(ROOM, room).replace(SECRET, invite)
    });
    // And a page without anything, at the end.
    Site::serve(lines.chain([String::new()]).collect())
}

/// Waits until an element is in a state, then until its picture has moved on: media time, and pictures that were decoded.
async fn plays(page: &Page, element: &str, state: &str) {
    page.wait_for(&format!("document.querySelector('{element}')?.state === '{state}'"), &format!("{state} {element}"))
        .await;
    let video = format!("document.querySelector('{element}').shadowRoot.querySelector('video')");
    let frames = format!("{video}.getVideoPlaybackQuality().totalVideoFrames");
    page.eval(&format!("window.before = {{ frames: {frames}, time: {video}.currentTime }}")).await;
    page.wait_for(&format!("{frames} >= window.before.frames + 20"), "decoded pictures").await;
    page.wait_for(&format!("{video}.currentTime > window.before.time + 1"), "media time").await;
    let seen = page.eval(&format!("return getComputedStyle({video}).visibility")).await;
    assert_eq!(seen, "visible", "{element}");
}

/// Waits for the on-air sign over an element's picture: its words, on amber, in a place where it is seen.
async fn wears_sign(page: &Page, element: &str) {
    let condition = format!(
        "(() => {{
           const {{ shadowRoot }} = document.querySelector('{element}');
           const sign = shadowRoot.querySelector('[part=sign]');
           const {{ x, y, width, height }} = sign.getBoundingClientRect();
           return sign.textContent === 'On air' && getComputedStyle(sign).backgroundColor === 'rgb(255, 178, 36)' &&
             width > 40 && shadowRoot.elementFromPoint(x + width / 2, y + height / 2) === sign;
         }})()"
    );
    page.wait_for(&condition, &format!("on-air sign over {element}")).await;
}

/// Presses the first main button of an element.
async fn press(page: &Page, element: &str) {
    let button = format!("document.querySelector('{element}')?.shadowRoot.querySelector('button.primary')");
    page.wait_for(&format!("{button} != null"), &format!("button of {element}")).await;
    page.eval(&format!("{button}.click()")).await;
}

#[tokio::test]
async fn a_broadcast_plays_on_another_site_s_page_by_the_documented_lines() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let owner = Owner::of(&daemon).await;
    let state = owner.until("a room", |state| !state.is_null()).await;
    let broadcast = state["room"]["broadcast"].as_str().unwrap().to_owned();
    let site = site(&daemon, &broadcast, &owner.room, "none");
    let browser = Browser::start().await;
    let page = browser.open("Cid", None).await;
    let player = "porchlight-player";

    // Open before it is on air, it begins by itself; and it is said in words.
    page.goto(&site.page(1)).await;
    page.wait_for("document.querySelector('porchlight-player')?.state === 'off'", "a broadcast off air").await;
    let said =
        "return document.querySelector('porchlight-player').shadowRoot.querySelector('[role=status]').textContent";
    assert_eq!(page.eval(said).await, "Not on airIt starts here by itself.");
    owner.ask("go_live", json!({ "title": "Garden" })).await;
    plays(&page, player, "live").await;
    wears_sign(&page, player).await;
    let shown = page
        .eval(
            "const { kind, broadcast, shadowRoot } = document.querySelector('porchlight-player');
             return [kind, broadcast.title, shadowRoot.querySelector('video').getAttribute('aria-label')]",
        )
        .await;
    assert_eq!(shown, json!(["whep", "Garden", "Picture of Garden"]));

    // Nothing comes by WebRTC any more: the other player is loaded, from the box.
    page.eval("RTCPeerConnection.prototype.getStats = async () => new Map()").await;
    page.wait_for("document.querySelector('porchlight-player').kind === 'hls'", "falling back").await;
    plays(&page, player, "live").await;
    let loaded =
        "return performance.getEntriesByType('resource').map(entry => entry.name).filter(name => /hls/.test(name))";
    let loaded = page.eval(loaded).await.to_string();
    assert!(loaded.contains(&format!("{}/sdk/v1/hls.js", daemon.url)), "{loaded}");

    for number in [2, 3] {
        page.goto(&site.page(number)).await;
        plays(&page, player, "live").await;
    }
    page.goto(&site.page(0)).await;
    page.enter_frame().await;
    let here = page.eval("return [location.pathname, document.cookie]").await;
    assert_eq!(here, json!([format!("/embed/b/{broadcast}"), ""]));
    plays(&page, player, "live").await;

    // With the chat of those who watch, for reading: whoever writes does so on the box's own page.
    let vera = owner.host.named("Vera").await;
    let mut chat = Written::open(&vera, &of_broadcast(&broadcast)).await.unwrap();
    chat.write("Hello <b>garden</b>").await;
    let framed = format!("<iframe src=\"{}/embed/b/{broadcast}?chat\" allow=\"autoplay\"></iframe>", daemon.url);
    let with_chat = Site::serve(vec![framed]);
    page.goto(&with_chat.page(0)).await;
    page.enter_frame().await;
    let line = |text: &str| {
        format!("[...document.querySelectorAll('[role=log] li')].some(line => line.textContent === {})", json!(text))
    };
    page.wait_for(&line("Vera: Hello <b>garden</b>"), "what was written before").await;
    let more = chat.write("And good night").await["message"].clone();
    page.wait_for(&line("Vera: And good night"), "what is written now").await;
    chat.ask("erase", json!({ "message": more })).await.unwrap();
    page.wait_for(&format!("!{}", line("Vera: And good night")), "no word of what was taken back").await;
    let way =
        page.eval("const a = document.querySelector('.chat a'); return [a.href, a.target, document.forms.length]");
    assert_eq!(way.await, json!([format!("{}/b/{broadcast}", daemon.url), "_blank", 0]));
    plays(&page, player, "live").await;
    page.goto(&site.page(0)).await;
    page.enter_frame().await;
    plays(&page, player, "live").await;
    let none = page.eval("return document.querySelector('[role=log]') === null").await;
    assert_eq!(none, true, "a frame that does not ask for it has no chat");

    // The end is told in the frame, and the next beginning.
    owner.ask("end_live", json!({})).await;
    page.wait_for("document.querySelector('porchlight-player').state === 'ended'", "an end").await;
    owner.ask("go_live", json!({ "title": "Garden" })).await;
    plays(&page, player, "live").await;
    assert_eq!(page.errors().await, Vec::<String>::new());

    // No other page of the box is shown in a frame.
    let framed = Site::serve(vec![format!("<iframe src=\"{}/b/{broadcast}\"></iframe>", daemon.url)]);
    page.goto(&framed.page(0)).await;
    let refused = page.errors().await;
    assert!(refused.iter().any(|error| error.contains("frame-ancestors 'none'")), "{refused:?}");
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn people_are_shown_and_take_part_on_another_site_s_page_by_the_documented_lines() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let owner = Owner::of(&daemon).await;
    let (host, room) = (&owner.host, owner.room.as_str());
    let invite = host.invite(room).await;
    let site = site(&daemon, BROADCAST, room, &invite.token);
    let browser = Browser::start().await;
    let named = |name: &'static str| {
        move |state: &Value| {
            let people = state["participants"].as_object().unwrap();
            people.values().find(|who| who["name"] == name).cloned()
        }
    };
    let (hall, ada) = (named("Wall in the hall"), named("Ada"));

    // The box, to a page that those in the call see under the name of its host.
    let wall = browser.open("Wall", None).await;
    wall.goto(&site.page(5)).await;
    plays(&wall, "porchlight-participant", "live").await;
    let page_guest = named("localhost");
    let state = owner.until("the page as a guest", |state| page_guest(state).is_some()).await;
    let seen = page_guest(&state).unwrap();
    assert_eq!((&seen["role"], &seen["camera"], &seen["microphone"]), (&json!("guest"), &json!(false), &json!(false)));

    // A page that goes away gives its token back: nothing is left behind that takes a place of the invite.
    wall.eval(&format!(
        "return import('{0}/sdk/porchlight.js').then(({{ show }}) => {{
           const ask = window.fetch;
           window.fetch = async (...request) => {{
             const answer = await ask(...request);
             if (answer.status === 201) window.token = (await answer.clone().json()).token;
             return answer;
           }};
           show('{0}/r/{room}#invite={1}', document.body, {{ name: 'Second' }});
         }})",
        daemon.url, invite.token
    ))
    .await;
    let second = named("Second");
    owner.until("the second element", |state| second(state).is_some()).await;
    let token = wall.eval("return window.token").await.as_str().expect("a guest has a token").to_owned();
    let guest = reqwest::Client::new().get(format!("{}/api/v1/guest", daemon.url)).bearer_auth(token);
    assert_eq!(guest.try_clone().unwrap().send().await.unwrap().status(), 200);
    wall.goto(&site.page(BLOCKS.len())).await;
    let end = tokio::time::Instant::now() + DEADLINE;
    while guest.try_clone().unwrap().send().await.unwrap().status() != 401 {
        assert!(tokio::time::Instant::now() < end, "the token of a page that is gone is still good");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    owner.until("both gone", |state| page_guest(state).is_none() && second(state).is_none()).await;

    // Ada takes part by two lines; the other page goes, and shows her by its documented ones.
    let me = browser.open("Ada", Some(Devices { colour: "red", hz: 440 })).await;
    me.goto(&site.page(6)).await;
    plays(&me, "porchlight-publisher", "live").await;
    owner.until("Ada with her camera", |state| ada(state).is_some_and(|ada| ada["camera"] == true)).await;
    wall.goto(&site.page(4)).await;
    plays(&wall, "porchlight-participant", "live").await;
    let picture = wall
        .eval(
            "const video = document.querySelector('porchlight-participant').shadowRoot.querySelector('video');
             const canvas = new OffscreenCanvas(1, 1).getContext('2d');
             canvas.drawImage(video, 0, 0, 1, 1);
             return [...canvas.getImageData(0, 0, 1, 1).data]",
        )
        .await;
    let [red, green, blue] = [0, 1, 2].map(|at| picture[at].as_i64().unwrap());
    assert!(red > green + 60 && red > blue + 60, "Ada's camera is red, the page shows {picture}");

    // On air: she is asked on the page and says yes there; a page that only looks is never on air.
    owner.ask("go_live", json!({})).await;
    press(&me, "porchlight-publisher").await;
    owner.until("Ada on air", |state| ada(state).is_some_and(|ada| ada["on_air"] == "yes")).await;
    owner.until("the page's no", |state| hall(state).is_some_and(|hall| hall["on_air"] == "no")).await;
    for (page, element) in [(&me, "porchlight-publisher"), (&wall, "porchlight-participant")] {
        wears_sign(page, element).await;
    }
    owner.ask("end_live", json!({})).await;

    // Hanging up closes the camera, and the element asks before it captures again.
    me.eval("document.querySelector('porchlight-publisher').hangUp()").await;
    owner.until("the room without Ada", |state| ada(state).is_none()).await;
    wall.wait_for("document.querySelector('porchlight-participant').state === 'waiting'", "nobody to see").await;
    me.goto(&site.page(7)).await;
    me.wait_for("document.querySelector('porchlight-publisher')?.state === 'ready'", "the question").await;
    owner.until("nobody captured", |state| ada(state).is_none()).await;
    press(&me, "porchlight-publisher").await;
    plays(&me, "porchlight-publisher", "live").await;
    plays(&wall, "porchlight-participant", "live").await;

    // Revoked, both pages are out, and say so.
    assert_eq!(host.delete(&format!("/api/v1/rooms/{room}/invites/{}", invite.id)).await.status(), 204);
    for (page, element) in [(&me, "porchlight-publisher"), (&wall, "porchlight-participant")] {
        page.wait_for(&format!("document.querySelector('{element}').state === 'ended'"), "an end").await;
        assert_eq!(page.errors().await, Vec::<String>::new(), "on the page of {}", page.name());
    }
    let dark = "document.querySelector('porchlight-publisher').shadowRoot.querySelector('video').srcObject === null";
    me.wait_for(dark, "a closed camera").await;
    assert!(daemon.stop().success());
}

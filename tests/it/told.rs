//! What a page makes of what the box tells: why a picture is held back, in the reader's language, and a room of 25. The page is
//! told so in the box's name: what is true when is held by the tests of `proto/sfu`, `room` and the peers.

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::{has, people};

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };

/// Remembers the slots that the box has told of, and lets `tell(patch)` say more in its name.
const TOLD: &str = r#"
window.slots = {};
window.view = [];
const Real = WebSocket;
window.WebSocket = class extends Real {
  send(frame) {
    const said = JSON.parse(frame);
    if (said.op === "view") window.view = said.shown;
    super.send(frame);
  }
  set onmessage(take) {
    // The chat has one of its own.
    if (!this.url.endsWith("/ws")) {
      super.onmessage = take;
      return;
    }
    let [more, last] = [0, 0];
    super.onmessage = message => {
      const said = JSON.parse(message.data);
      if (said.seq) last = said.seq += more;
      for (const [mid, slot] of Object.entries((said.state ?? said.patch)?.slots ?? {})) window.slots[mid] = { ...window.slots[mid], ...slot };
      take({ data: JSON.stringify(said) });
    };
    window.tell = patch => {
      more += 1;
      last += 1;
      take({ data: JSON.stringify({ event: "patch", seq: last, patch }) });
    };
  }
};
"#;

#[tokio::test]
async fn a_page_says_why_a_picture_is_held_back_in_the_language_of_its_reader() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let browser = Browser::start().await;
    let ada = browser.open("Ada", Some(ADA)).await;
    let bob = browser.open("Bob", Some(BOB)).await;
    for (page, language) in [(&ada, "en-GB"), (&bob, "de-DE")] {
        let speaks =
            format!("Object.defineProperty(Navigator.prototype, 'languages', {{ get: () => ['{language}'] }});");
        page.before(&format!("{speaks}{TOLD}")).await;
    }
    let room = people::to_the_first_room(&ada, &daemon).await;
    people::guest_in(&ada, &daemon, &format!("{}/r/{room}", daemon.url), "").await;
    let invite = people::invite(&ada).await;
    people::guest_in(&bob, &daemon, &invite, "").await;

    let english = ["Paused: your connection", "Your browser can't show this picture", "No picture comes from them"];
    let german =
        ["Angehalten: deine Verbindung", "Dein Browser kann dieses Bild nicht zeigen", "Von dort kommt kein Bild"];
    for (page, other, texts) in [(&ada, "Bob", english), (&bob, "Ada", german)] {
        people::sees(page, other, 2).await;
        let pictures = "Object.entries(slots).filter(([, slot]) => slot?.kind === 'video').map(([mid]) => mid)";
        let tell = async |why: &str| {
            page.eval(&format!("for (const mid of {pictures}) tell({{ slots: {{ [mid]: {{ paused: {why} }} }} }})"))
                .await
        };
        let tile = format!("[data-testid=tile][data-name={other}]");
        for (why, text) in ["connection", "codec", "source"].into_iter().zip(texts) {
            tell(&format!("'{why}'")).await;
            let said =
                format!("document.querySelector(\"{tile} [data-testid=paused][data-why={why}] strong\")?.textContent");
            page.wait_for(&format!("{said} === \"{text}\""), text).await;
            let hint = format!("document.querySelector('{tile} .tile-hint').textContent.length > 20");
            page.wait_for(&hint, "word of what to do").await;
            page.wait_for(&format!("!document.querySelector('{tile} video')"), "no picture that stands still").await;
        }
        tell("null").await;
        page.wait_for(&format!("document.querySelector('{tile} video')"), "picture again").await;
        assert_eq!(page.errors().await, Vec::<String>::new());
    }
    assert!(daemon.stop().success());
}

/// 24 more people in the room, as the page is told. They send nothing, so that this machine can draw them.
const PEOPLE: &str = r#"
const participants = {};
for (let n = 10; n < 34; n++)
  participants[`00000000000000${n}`] = {
    name: `Guest ${n}`, kind: "person", role: "guest", microphone: true, camera: true, on_air: "no", connection: "connected", stand_in: false,
  };
tell({ participants });
"#;

async fn screen(page: &Page, width: u32, height: u32) {
    let size = serde_json::json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
    page.devtools("Emulation.setDeviceMetricsOverride", size).await;
}

#[tokio::test]
async fn twenty_five_people_fit_on_a_television_turn_pages_on_a_phone_and_come_in_front_when_they_speak() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let browser = Browser::start().await;
    let ada = browser.open("Ada", Some(ADA)).await;
    ada.before(TOLD).await;
    let room = people::to_the_first_room(&ada, &daemon).await;
    people::guest_in(&ada, &daemon, &format!("{}/r/{room}", daemon.url), "").await;
    ada.eval(PEOPLE).await;
    let tiles = "[...document.querySelectorAll('[data-testid=tile]')]";
    screen(&ada, 1920, 1080).await;
    ada.wait_for(&format!("{tiles}.length === 25"), "everybody at once").await;
    ada.wait_for("view.length === 24", "word to the box of everybody else").await;

    screen(&ada, 390, 780).await;
    let pages = "Number(document.querySelector('[data-testid=page]')?.dataset.pages)";
    ada.wait_for(&format!("{pages} >= 2"), "pages").await;
    let count = ada.eval(&format!("return {pages}")).await.as_u64().unwrap();
    let mut names = Vec::new();
    for page in 1..=count {
        ada.wait_for(&format!("document.querySelector('[data-testid=page]').dataset.page === '{page}'"), "page").await;
        let shown = ada.eval(&format!("return {tiles}.map(tile => tile.dataset.name)")).await;
        let shown = shown.as_array().unwrap();
        assert!(shown.len() <= 12, "{} on one page of a phone", shown.len());
        let others = shown.iter().filter(|name| *name != "Ada").count();
        ada.wait_for(&format!("view.length === {others}"), "word to the box of this page alone").await;
        names.extend(shown.iter().map(|name| name.as_str().unwrap().to_owned()));
        if page < count {
            ada.click("page-after").await;
        }
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 25, "everybody is on some page: {names:?}");

    screen(&ada, 1280, 800).await;
    ada.eval("document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'l', bubbles: true }))").await;
    let front = format!("{tiles}.find(tile => !tile.closest('[data-testid=strip]'))?.dataset.name");
    for n in [20, 31] {
        ada.eval(&format!("tell({{ speaker: '00000000000000{n}' }})")).await;
        let speaker = format!("document.querySelector('[data-testid=strip]') && {front} === 'Guest {n}'");
        ada.wait_for(&speaker, "who speaks in front").await;
    }
    assert_eq!(ada.errors().await, Vec::<String>::new());
    assert!(daemon.stop().success());
}

//! Where a picture is held back, the page says why, in the reader's language. The box is made to say so: which connection
//! gets what is held by the tests of `proto/sfu` and of the peers.

use super::fixture::browser::{Browser, Devices};
use super::fixture::daemon::Daemon;
use super::fixture::{has, people};

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };

/// Remembers the slots that the box has told of, and lets `tell(patch)` say more in its name.
const TOLD: &str = r#"
window.slots = {};
const Real = WebSocket;
window.WebSocket = class extends Real {
  set onmessage(take) {
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

//! A call like a telephone, and privacy mode, in real browsers.

use serde_json::{Value, json};

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::visitor::Visitor;

const ADA: Devices = Devices { colour: "red", hz: 440 };

/// A guest who waits in the first room, and the owner's home page.
async fn scene(daemon: &Daemon, browser: &Browser) -> (Visitor, String, Page, Page) {
    let owner = Visitor::owner(daemon).await;
    let room = owner.first_room().await;
    let invite = owner.invite(&room).await;
    let ada = browser.open("Ada", Some(ADA)).await;
    ada.goto(&format!("{}/r/{room}#invite={}", daemon.url, invite.token)).await;
    ada.wait_for("document.querySelector('[data-testid=name]') !== null", "door").await;
    ada.fill("name", "Ada").await;
    ada.click("join").await;
    ada.wait_for("document.querySelector('[data-testid=ring]') !== null", "way to ring").await;
    let home = browser.open("Owner", None).await;
    sign_in(&home, daemon, &owner).await;
    home.wait_for("document.querySelector('[data-testid=telephone]') !== null", "telephone").await;
    (owner, room, ada, home)
}

async fn choose(owner: &Visitor, chosen: &Value) -> u16 {
    let asked = owner.request(reqwest::Method::PUT, "/api/v1/telephone/settings").json(chosen).send();
    asked.await.unwrap().status().as_u16()
}

async fn sign_in(home: &Page, daemon: &Daemon, owner: &Visitor) {
    home.goto(&daemon.url).await;
    home.eval(&format!("document.cookie = 'porchlight={}; path=/'", owner.secret())).await;
    home.goto(&format!("{}/?", daemon.url)).await;
}

async fn telephone(owner: &Visitor) -> Value {
    owner.get("/api/v1/telephone").await.json().await.unwrap()
}

const RINGS: &str = "document.querySelector('[data-testid=incoming]') !== null";

#[tokio::test]
async fn a_guest_rings_and_is_answered_declined_and_missed_and_nobody_is_seen_before() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let browser = Browser::start().await;
    let (owner, room, ada, home) = scene(&daemon, &browser).await;

    ada.click("ring-button").await;
    home.wait_for(RINGS, "who rings").await;
    assert_eq!(home.eval("return document.querySelector('#incoming').textContent").await, "Ada is calling");
    assert!(ada.eval("return document.querySelector('[data-kind=box]') === null").await.as_bool().unwrap());
    home.click("decline").await;
    ada.wait_for("document.querySelector('[data-testid=ring]').dataset.ring === 'declined'", "refusal").await;
    home.wait_for(&format!("!({RINGS})"), "silence").await;

    choose(&owner, &json!({ "do_not_disturb": true, "quiet_hours": null, "answers": [] })).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    ada.click("ring-button").await;
    ada.wait_for("document.querySelector('[data-testid=ring]').dataset.ring === 'not_disturbed'", "word of it").await;
    assert_eq!(telephone(&owner).await["ringing"], Value::Null);
    home.click("do-not-disturb").await;
    home.wait_for("document.querySelector('[data-testid=do-not-disturb]').ariaChecked === 'false'", "change").await;

    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    ada.click("ring-button").await;
    home.wait_for(RINGS, "who rings").await;
    home.click("answer").await;
    ada.wait_for("document.querySelector('[data-kind=box] video')?.videoWidth > 0", "the box").await;
    let called = telephone(&owner).await;
    assert_eq!(called["in_call"], room);
    let outcomes: Vec<&str> =
        called["calls"].as_array().unwrap().iter().filter_map(|c| c["outcome"].as_str()).collect();
    assert_eq!(outcomes, ["answered", "not_disturbed", "declined"]);
    let hung_up = owner.post("/api/v1/telephone/hang-up", &json!({})).await;
    assert_eq!(hung_up.status(), 204);
    ada.wait_for("document.querySelector('[data-kind=box]') === null", "end of the call").await;
    let again = owner.post("/api/v1/telephone/hang-up", &json!({})).await;
    assert_eq!(again.status(), 409);
}

#[tokio::test]
async fn only_a_chosen_contact_is_answered_by_itself_and_what_was_chosen_outlives_a_restart() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let owner = Visitor::owner(&daemon).await;
    let room = owner.first_room().await;
    let invite = owner.invite(&room).await;
    let guest = owner.guest(&invite, "Ada").await;
    let mut line = guest.join(&room, "Ada").await;
    line.ask("ring", json!({ "on": true })).await.unwrap();
    line.ask("ring", json!({ "on": false })).await.unwrap();
    let contact = telephone(&owner).await["calls"][0]["contact"].clone();
    let chosen = json!({ "do_not_disturb": false, "quiet_hours": "22:00-7:00", "answers": [contact] });
    assert_eq!(choose(&owner, &chosen).await, 200);
    let bad = json!({ "do_not_disturb": false, "quiet_hours": "late", "answers": [] });
    assert_eq!(choose(&owner, &bad).await, 400);
    drop(line);
    drop(daemon);

    let daemon = Daemon::start(&state);
    let back = |who: &Visitor| Visitor::new(&daemon).with(Some(who.secret()));
    let (owner, guest) = (back(&owner), back(&guest));
    let now = telephone(&owner).await;
    assert_eq!((&now["quiet_hours"], &now["answers"][0]), (&json!("22:00-07:00"), &contact));
    assert_eq!(now["calls"][0]["outcome"], "cancelled");
    let chosen = json!({ "do_not_disturb": false, "quiet_hours": null, "answers": [contact] });
    choose(&owner, &chosen).await;
    let mut line = guest.join(&room, "Ada").await;
    line.ask("ring", json!({ "on": true })).await.unwrap();
    let ringing = telephone(&owner).await;
    assert!(ringing["ringing"]["answers"].is_string() && ringing["in_call"].is_null(), "{ringing}");
    let end = std::time::Instant::now() + super::fixture::DEADLINE;
    while telephone(&owner).await["in_call"] != room.as_str() {
        assert!(std::time::Instant::now() < end, "it is answered by itself");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn privacy_mode_closes_the_box_in_a_call_and_no_page_opens_it_again() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &[("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true")]);
    let browser = Browser::start().await;
    let owner = Visitor::owner(&daemon).await;
    let room = owner.first_room().await;
    let mut line = owner.join(&room, "Owner").await;
    let home = browser.open("Home", None).await;
    sign_in(&home, &daemon, &owner).await;
    home.wait_for("document.querySelector('[data-testid=privacy]')?.dataset.on === 'false'", "privacy").await;
    let seen = |microphone: bool| {
        move |state: &Value| {
            let all = state["participants"].as_object().unwrap();
            all.values().any(|p| p["kind"] == "box" && p["microphone"] == microphone && p["private"] != microphone)
        }
    };
    line.until("the box", seen(true)).await;
    home.click("private").await;
    line.until("its privacy", seen(false)).await;
    home.wait_for("document.querySelector('[data-testid=privacy]').dataset.on === 'true'", "privacy mode").await;
    let words = home.eval("return document.querySelector('[data-testid=opened]').textContent").await;
    assert_eq!(words, "The kernel has no camera or microphone of this box open.");
    for wish in [json!({ "microphone": true }), json!({ "camera": true })] {
        let refused = line.ask("box", wish).await.unwrap_err();
        assert_eq!(refused, "private");
    }
    line.ask("box", json!({ "in_call": false })).await.unwrap();
    line.ask("box", json!({ "in_call": true })).await.unwrap();
    line.until("its privacy", seen(false)).await;
    // Without a screen there is no code; and none that anybody could guess.
    assert_eq!(owner.post("/api/v1/privacy/code", &json!({})).await.status(), 409);
    assert_eq!(owner.post("/api/v1/privacy/open", &json!({ "code": "0000" })).await.status(), 409);
    drop(line);
    drop(daemon);
    let daemon = Daemon::start(&state);
    let owner = Visitor::new(&daemon).with(Some(owner.secret()));
    let now: Value = owner.get("/api/v1/privacy").await.json().await.unwrap();
    let at_the_box = |what: &str| {
        let asked = std::process::Command::new(env!("CARGO_BIN_EXE_porchlight"))
            .args(["privacy", what, "--state"])
            .arg(state.path())
            .env_remove("PORCHLIGHT_CONFIG")
            .output()
            .unwrap();
        String::from_utf8(asked.stdout).unwrap()
    };
    assert_eq!(at_the_box("status"), "Privacy mode: camera and microphone are closed.\n");
    assert_eq!(at_the_box("off"), "Camera and microphone may be opened.\n");
    let after: Value = owner.get("/api/v1/privacy").await.json().await.unwrap();
    assert_eq!(after["on"], false);
    assert_eq!((&now["on"], &now["opened"]), (&json!(true), &json!([])));
}

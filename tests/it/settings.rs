//! What the owner chooses in the pages: at once, after a start, and on trial where it could lock somebody out.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use super::fixture::browser::{Browser, Page};
use super::fixture::daemon::Daemon;
use super::fixture::visitor::{Visitor, in_time, problem};
use super::fixture::{has, people};

/// An address with a port that was free a moment ago.
fn free() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

async fn choose(owner: &Visitor, wishes: Value) -> Result<Value, (u16, String)> {
    let answer = owner.request(Method::PATCH, "/api/v1/settings").json(&wishes).send().await.unwrap();
    if answer.status() == 200 {
        return Ok(answer.json().await.unwrap());
    }
    let status = answer.status().as_u16();
    let said: Value = answer.json().await.unwrap();
    Err((status, format!("{} {}", said["type"].as_str().unwrap(), said["title"].as_str().unwrap())))
}

async fn settings(owner: &Visitor) -> Value {
    owner.get("/api/v1/settings").await.json().await.unwrap()
}

fn one<'a>(settings: &'a Value, key: &str) -> &'a Value {
    let all = settings["settings"].as_array().unwrap();
    all.iter().find(|setting| setting["key"] == key).unwrap_or_else(|| panic!("no {key}"))
}

/// Waits until the box answers at this address, and gives its settings.
async fn back(owner: &Visitor, url: &str) -> Value {
    let owner = owner.at(url);
    in_time("the box is back", async {
        loop {
            let answer = owner.request(Method::GET, "/api/v1/settings").send().await;
            if let Ok(answer) = answer
                && answer.status() == 200
                && let Ok(settings) = answer.json::<Value>().await
                && settings["restarts"] == false
            {
                return settings;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    })
    .await
}

/// Every file of a folder, with what is in it.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())).collect()
}

#[tokio::test]
async fn what_needs_nothing_counts_at_once_and_is_kept_and_what_is_wrong_changes_nothing() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_choosable(&state, &free());
    let owner = Visitor::owner(&daemon).await;
    let camera = async || owner.get("/api/v1/node").await.json::<Value>().await.unwrap()["devices"]["camera"].clone();
    assert_eq!(camera().await["stand_in"], true);
    let before = settings(&owner).await;
    assert_eq!(one(&before, "endpoint.camera")["value"], "stand-in");
    assert_eq!(one(&before, "endpoint.camera")["chosen"], false);

    let after = choose(&owner, json!({ "endpoint.camera": "none", "room.max_participants": 3 })).await.unwrap();
    assert_eq!((&after["restarts"], &after["trial"]), (&json!(false), &Value::Null));
    assert_eq!(one(&after, "endpoint.camera")["otherwise"], "stand-in", "the file says so");
    in_time("the camera is not used any more", async {
        while camera().await["name"] != Value::Null {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;

    for (wish, said) in [
        (json!({ "endpoint.fps": 99, "endpoint.camera": "auto" }), (400, "bad-setting endpoint.fps: ")),
        (json!({ "endpoint.fps": "many" }), (400, "bad-setting endpoint.fps: ")),
        (json!({ "endpoint.fps": 2.5 }), (400, "bad-setting endpoint.fps: ")),
        (json!({ "endpoint.fps": { "a": [null] } }), (400, "bad-setting endpoint.fps: ")),
        (json!({ "http.listen": "nowhere" }), (400, "bad-setting http.listen: ")),
        (
            json!({ "mqtt.broker": "mqtt://broker.example.org", "mqtt.user": "box", "mqtt.password": "x" }),
            (400, "bad-setting mqtt.broker "),
        ),
        (json!({ "mqtt.password": 7 }), (400, "bad-setting mqtt.password: ")),
        (json!({ "endpoint.sofa": true }), (404, "no-setting ")),
        (json!({ "node.state": "/tmp" }), (404, "no-setting ")),
    ] {
        let (status, sentence) = choose(&owner, wish.clone()).await.unwrap_err();
        assert!((status, sentence.starts_with(said.1)) == (said.0, true), "{wish}: {status} {sentence}");
    }
    let state_now = settings(&owner).await;
    assert_eq!(one(&state_now, "endpoint.camera")["value"], "none", "nothing of a wrong wish counts");
    assert_eq!(files(&state.path().join("secrets")), [], "nor is anything of it kept");
    assert_eq!(problem(owner.post("/api/v1/settings/keep", &json!({})).await).await, "not-on-trial");

    let listen = daemon.listen();
    daemon.kill();
    let daemon = Daemon::start_choosable(&state, &listen);
    let again = settings(&owner.at(&daemon.url)).await;
    assert_eq!(one(&again, "endpoint.camera")["value"], "none");
    assert_eq!(one(&again, "room.max_participants")["value"], 3);
    let owner = owner.at(&daemon.url);
    let after = choose(&owner, json!({ "endpoint.camera": null, "room.max_participants": 25 })).await.unwrap();
    assert_eq!(one(&after, "endpoint.camera")["value"], "stand-in", "as the file says");
    assert_eq!(one(&after, "room.max_participants")["chosen"], false, "what is as it would be anyway is no choice");
    assert_eq!(one(&after, "endpoint.camera")["chosen"], false);
    let audit: Value = owner.get("/api/v1/audit").await.json().await.unwrap();
    assert!(audit.to_string().contains("endpoint.camera, room.max_participants"), "{audit}");
    assert!(!daemon.log().contains("stand-in\"") && daemon.log().contains("settings were chosen"), "{}", daemon.log());
}

#[tokio::test]
async fn what_is_typed_for_a_file_is_kept_in_private_and_never_shown() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_choosable(&state, &free());
    let owner = Visitor::owner(&daemon).await;
    let wish = json!({ "mqtt.user": "box", "mqtt.password": "pass-7f3a word", "mqtt.broker": "" });
    choose(&owner, wish).await.unwrap();
    let settings = back(&owner, &daemon.url).await;
    assert_eq!(one(&settings, "mqtt.password")["value"], true);
    assert!(!settings.to_string().contains("pass-7f3a"));
    let folder = state.path().join("secrets");
    let kept = files(&folder);
    assert_eq!(kept.iter().map(|(_, text)| text.as_slice()).collect::<Vec<_>>(), [b"pass-7f3a word".as_slice()]);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join(&kept[0].0))), (0o700, 0o600));
    assert_eq!(mode(&state.path().join("settings.toml")), 0o600);
    choose(&owner, json!({ "mqtt.password": "another" })).await.unwrap();
    let settings = back(&owner, &daemon.url).await;
    assert_eq!(one(&settings, "mqtt.password")["value"], true);
    assert_eq!(files(&folder).iter().map(|(_, text)| text.as_slice()).collect::<Vec<_>>(), [b"another".as_slice()]);
    choose(&owner, json!({ "mqtt.password": "" })).await.unwrap();
    let settings = back(&owner, &daemon.url).await;
    assert_eq!(one(&settings, "mqtt.password")["value"], false);
    assert_eq!(files(&folder), []);
    assert!(!daemon.log().contains("pass-7f3a"));
}

#[tokio::test]
async fn what_the_environment_sets_is_shown_and_not_chosen_and_what_can_t_be_used_is_left_out() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(
        state.path().join("settings.toml"),
        "[endpoint]\nfps = 999\n[sofa]\ncolour = \"red\"\n[room]\nmax_participants = 7\n",
    )
    .unwrap();
    let daemon = Daemon::start(&state);
    let owner = Visitor::owner(&daemon).await;
    let settings = settings(&owner).await;
    assert_eq!(one(&settings, "room.max_participants")["value"], 7, "what is right counts");
    assert_eq!(one(&settings, "endpoint.fps")["value"], 30);
    let refused = settings["refused"].as_array().unwrap();
    assert!(refused[0].as_str().unwrap().starts_with("endpoint.fps: ") && refused.len() == 2, "{refused:?}");
    assert!(daemon.log().contains("a setting is left out: endpoint.fps: "));
    assert_eq!(one(&settings, "endpoint.camera")["fixed"], true);
    let refused = choose(&owner, json!({ "endpoint.camera": "auto" })).await.unwrap_err();
    assert!(refused.0 == 409 && refused.1.starts_with("fixed-setting "), "{refused:?}");
    // Whoever chooses anew puts it right.
    let after = choose(&owner, json!({ "room.max_participants": 8 })).await.unwrap();
    assert_eq!((&after["refused"], &one(&after, "room.max_participants")["value"]), (&json!([]), &json!(8)));
    let written = std::fs::read_to_string(state.path().join("settings.toml")).unwrap();
    assert!(!written.contains("sofa") && !written.contains("999"), "{written}");
    drop(daemon);
    std::fs::write(state.path().join("settings.toml"), "no [toml").unwrap();
    let daemon = Daemon::start(&state);
    assert!(daemon.log().contains("a setting is left out: settings.toml"), "{}", daemon.log());
    let owner = owner.at(&daemon.url);
    let after = choose(&owner, json!({ "room.max_participants": 9 })).await.unwrap();
    assert_eq!((&after["refused"], &one(&after, "room.max_participants")["value"]), (&json!([]), &json!(9)));
    assert_eq!(std::fs::read_to_string(state.path().join("settings.broken.toml")).unwrap(), "no [toml");
}

#[tokio::test]
async fn what_could_lock_somebody_out_is_tried_and_goes_unless_it_is_kept() {
    let state = tempfile::tempdir().unwrap();
    let (first, second, third) = (free(), free(), free());
    let url = |listen: &str| format!("http://{}", listen.replace("127.0.0.1", "localhost"));
    let daemon = Daemon::start_choosable(&state, &first);
    let owner = Visitor::owner(&daemon).await;

    let chosen = choose(&owner, json!({ "http.listen": second })).await.unwrap();
    assert_eq!(chosen["restarts"], true);
    let tried = back(&owner, &url(&second)).await;
    assert!(tried["trial"].as_u64().is_some_and(|left| left <= 15), "{}", tried["trial"]);
    let there = owner.at(&url(&second));
    let busy = choose(&there, json!({ "room.max_participants": 9 })).await.unwrap_err();
    assert!(busy.0 == 409 && busy.1.starts_with("on-trial "), "{busy:?}");
    let kept: Value = there.post("/api/v1/settings/keep", &json!({})).await.json().await.unwrap();
    assert_eq!(kept["trial"], Value::Null);

    // Another one that nobody keeps: it goes by itself.
    choose(&there, json!({ "http.listen": third })).await.unwrap();
    let tried = back(&owner, &url(&third)).await;
    assert!(tried["trial"].is_u64());
    let began = Instant::now();
    let settings = back(&owner, &url(&second)).await;
    assert!(began.elapsed().as_secs() >= 10, "it was tried for {:?}", began.elapsed());
    assert_eq!((&settings["taken_back"], &settings["trial"]), (&json!(true), &Value::Null));
    assert_eq!(one(&settings, "http.listen")["value"], json!(second));

    // One that is killed while it is tried, and one with which the box does not even start.
    choose(&there, json!({ "http.listen": third })).await.unwrap();
    assert!(back(&owner, &url(&third)).await["trial"].is_u64());
    daemon.kill();
    let daemon = Daemon::start_choosable(&state, &first);
    assert_eq!(daemon.url, url(&second), "as it was before");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    choose(&there, json!({ "http.listen": taken.local_addr().unwrap().to_string() })).await.unwrap();
    let settings = back(&owner, &url(&second)).await;
    assert_eq!(settings["taken_back"], true);
    daemon.writes("with the settings that were tried the box does not start", 1).await;

    // Nor does somebody have to wait for that.
    choose(&there, json!({ "http.listen": third })).await.unwrap();
    assert!(back(&owner, &url(&third)).await["trial"].is_u64());
    owner.at(&url(&third)).post("/api/v1/settings/revert", &json!({})).await;
    assert_eq!(back(&owner, &url(&second)).await["trial"], Value::Null);
    assert!(daemon.stop().success());
}

/// Takes this of a list.
async fn pick(page: &Page, testid: &str, value: &str) {
    let list = format!("document.querySelector('[data-testid=\"{testid}\"]')");
    page.wait_for(&list, testid).await;
    let pick = format!(
        "const list = {list}; list.value = '{value}'; list.dispatchEvent(new Event('change', {{ bubbles: true }}))"
    );
    page.eval(&pick).await;
}

async fn opened(page: &Page, url: &str, path: &str) {
    page.goto(&format!("{url}{path}")).await;
    page.wait_for(
        "document.querySelector('[data-testid=\"set-room.max_participants\"], [data-testid=setup]')",
        "settings",
    )
    .await;
}

#[tokio::test]
async fn the_page_shows_the_difference_undoes_and_comes_back_after_a_start() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let (first, second) = (free(), free());
    let daemon = Daemon::start_choosable(&state, &first);
    let browser = Browser::start().await;
    let page = browser.open("Owner", None).await;
    people::to_the_first_room(&page, &daemon).await;
    let value = |key: &str| {
        format!(
            "fetch('/api/v1/settings').then(r => r.json()).then(s => s.settings.find(one => one.key === '{key}').value)"
        )
    };
    opened(&page, &daemon.url, "/settings").await;
    page.fill("set-room.max_participants", "12").await;
    page.wait_for("document.querySelectorAll('[data-testid=difference]').length === 1", "the difference").await;
    let said = page.eval("return document.querySelector('[data-testid=difference]').textContent").await;
    assert!(said.as_str().is_some_and(|said| said.contains("25 → 12")), "{said}");
    page.click("save").await;
    page.wait_for(&format!("{}.then(most => most === 12)", value("room.max_participants")), "another number").await;
    page.click("undo").await;
    page.wait_for(&format!("{}.then(most => most === 25)", value("room.max_participants")), "the number from before")
        .await;

    page.fill("set-room.max_participants", "1").await;
    page.click("save").await;
    page.wait_for(
        "document.querySelector('[data-testid=setting-problem]')?.textContent.includes('between 2 and 100')",
        "what is wrong",
    )
    .await;
    page.click("discard").await;

    // For this the box starts again, and the page waits for it.
    pick(&page, "set-viewers.uplink", "20Mbps").await;
    page.click("save").await;
    page.wait_for("document.querySelector('[data-testid=starting]')", "that it starts again").await;
    page.wait_for(
        "!document.querySelector('[data-testid=starting]') && document.querySelector('[data-testid=saved]')",
        "the box again",
    )
    .await;
    page.wait_for(&format!("{}.then(line => line === '20Mbps')", value("viewers.uplink")), "the choice").await;

    // At another door it goes on there, and asks.
    page.fill("set-http.listen", &second).await;
    page.click("save").await;
    let port = second.rsplit_once(':').unwrap().1;
    page.wait_for(
        &format!("location.port === '{port}' && document.querySelector('[data-testid=trial-keep]')"),
        "the question",
    )
    .await;
    page.click("trial-keep").await;
    page.wait_for("!document.querySelector('[data-testid=trial-keep]')", "an answer").await;
    page.click("restart").await;
    page.click("restart-yes").await;
    page.wait_for("document.querySelector('[data-testid=starting]')", "that it starts again").await;
    page.wait_for("!document.querySelector('[data-testid=starting]')", "the box again").await;
    page.wait_for(&format!("{}.then(listen => listen === '{second}')", value("http.listen")), "the choice").await;
    assert!(daemon.stop().success());
}

/// Waits until nobody owns the box.
async fn ownerless(nobody: &Visitor) {
    in_time("a new box", async {
        loop {
            let answer = nobody.request(Method::GET, "/api/v1/node").send().await;
            if let Ok(answer) = answer
                && let Ok(node) = answer.json::<Value>().await
                && node["owned"] == false
            {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn everything_is_forgotten_once_its_name_was_typed() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_choosable(&state, &free());
    let owner = Visitor::owner(&daemon).await;
    owner.request(Method::PATCH, "/api/v1/node").json(&json!({ "name": "Hall" })).send().await.unwrap();
    choose(&owner, json!({ "endpoint.camera": "none" })).await.unwrap();
    let (room, _) = owner.make_room().await;
    let invite = owner.invite(&room).await.token;
    let recordings = state.path().join("recordings");
    std::fs::create_dir_all(&recordings).unwrap();
    std::fs::write(recordings.join("film.mp4"), "a film").unwrap();
    std::fs::write(state.path().join("holiday.txt"), "somebody's own").unwrap();
    let key = std::fs::read(state.path().join("seal.key")).unwrap();
    let ask = async |name: &str| owner.post("/api/v1/node/factory-reset", &json!({ "name": name })).await;
    for name in ["", "hall", "Hall 2"] {
        assert_eq!(problem(ask(name).await).await, "other-name");
    }
    assert_eq!(settings(&owner).await["restarts"], false);
    assert!(!state.path().join("factory-reset").exists());

    let line = owner.join(&room, "Ada").await;
    let answer: Value = ask(" Hall ").await.json().await.unwrap();
    assert_eq!(answer["restarts"], true);
    let nobody = Visitor::new(&daemon);
    ownerless(&nobody).await;
    drop(line);
    assert_eq!(owner.get("/api/v1/settings").await.status(), 401, "the login of before is none");
    let answer = nobody.post("/api/v1/session", &json!({ "invite": invite, "name": "Bob" })).await;
    assert_eq!(problem(answer).await, "unknown-link");
    let node: Value = nobody.get("/api/v1/node").await.json().await.unwrap();
    assert_ne!(node["name"], "Hall");
    assert!(!recordings.join("film.mp4").exists() && !state.path().join("settings.toml").exists());
    assert!(!state.path().join("factory-reset").exists());
    assert_ne!(std::fs::read(state.path().join("seal.key")).unwrap(), key, "another key");
    assert!(state.path().join("holiday.txt").exists(), "what is not Porchlight's stays");
    daemon.writes("everything that Porchlight kept is forgotten", 1).await;
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn by_the_page_everything_is_forgotten_after_a_question_and_the_number_is_asked_for() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_choosable(&state, &free());
    let browser = Browser::start().await;
    let page = browser.open("Owner", None).await;
    people::to_the_first_room(&page, &daemon).await;
    opened(&page, &daemon.url, "/settings").await;
    let name = page.eval("return fetch('/api/v1/node').then(r => r.json()).then(node => node.name)").await;
    page.click("reset").await;
    page.fill("reset-name", "Another").await;
    let disabled = "document.querySelector('[data-testid=reset-yes]')?.disabled";
    page.wait_for(&format!("{disabled} === true"), "nothing to press").await;
    page.fill("reset-name", name.as_str().unwrap()).await;
    page.wait_for(&format!("{disabled} === false"), "something to press").await;
    page.click("reset-yes").await;
    page.wait_for("document.querySelector('[data-testid=starting]')", "that it starts as a new one").await;
    page.wait_for("location.pathname === '/sign-in' && document.querySelector('[data-testid=pin]')", "the number")
        .await;
    ownerless(&Visitor::new(&daemon)).await;
}

#[tokio::test]
async fn five_screens_set_a_new_box_up() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_choosable(&state, &free());
    let pin = std::process::Command::new(env!("CARGO_BIN_EXE_porchlight"))
        .args(["pin", "--config"])
        .arg(state.path().join("porchlight.toml"))
        .arg("--state")
        .arg(state.path())
        .output()
        .unwrap();
    let browser = Browser::start().await;
    let page = browser.open("Maria", None).await;
    page.goto(&format!("{}/sign-in", daemon.url)).await;
    page.fill("pin", String::from_utf8(pin.stdout).unwrap().trim()).await;
    page.fill("owner-box", "Hall").await;
    page.fill("owner-name", "Maria").await;
    page.click("claim").await;
    let step = |name: &str| format!("document.querySelector('[data-testid=setup]')?.dataset.step === '{name}'");
    page.wait_for(&step("name"), "first screen").await;
    page.wait_for("document.querySelector('[data-testid=box-name]')?.value === 'Hall'", "name").await;
    page.click("setup-next").await;
    page.wait_for(&step("network"), "network").await;
    page.wait_for("document.querySelector('[data-testid=findings]')", "what was found of the network").await;
    page.click("setup-next").await;
    page.wait_for(&step("devices"), "devices").await;
    pick(&page, "set-endpoint.camera", "none").await;
    page.wait_for(
        "fetch('/api/v1/node').then(r => r.json()).then(node => node.devices.camera.name === null)",
        "no camera",
    )
    .await;
    page.click("setup-next").await;
    page.wait_for(&step("privacy"), "privacy").await;
    page.click("set-endpoint.join_code").await;
    page.click("setup-back").await;
    page.wait_for(&step("devices"), "devices again").await;
    page.click("setup-next").await;
    page.click("setup-next").await;
    page.wait_for(&step("keys"), "second way in").await;
    page.click("make-recovery").await;
    page.wait_for("document.querySelectorAll('[data-testid=recovery-codes] li').length > 3", "codes").await;
    page.click("setup-finish").await;
    // The code on the screen needs a start.
    page.wait_for("document.querySelector('[data-testid=starting]')", "that it starts again").await;
    page.wait_for("location.pathname === '/' && document.querySelector('[data-testid=settings]')", "home page").await;
    let nobody = Visitor::new(&daemon);
    assert_eq!(nobody.get("/api/v1/settings").await.status(), 401, "nobody else sees them");
    let chosen = page.eval("return fetch('/api/v1/settings').then(r => r.json()).then(s => s.settings.filter(one => one.chosen).map(one => one.key))").await;
    assert_eq!(chosen, json!(["endpoint.camera", "endpoint.join_code"]));
    assert_eq!(page.errors().await, Vec::<String>::new());
}

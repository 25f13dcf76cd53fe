//! Wireless networks, beside a NetworkManager that is played (network_manager.py); the real one is in script/test-image.

use std::process::Command;

use serde_json::{Value, json};

use super::fixture::browser::Browser;
use super::fixture::daemon::Daemon;
use super::fixture::manager::Manager;
use super::fixture::rauc::World;
use super::fixture::visitor::{Visitor, problem};
use super::fixture::{has, people, until};

const ON: (&str, &str) = ("PORCHLIGHT_NETWORK__HOTSPOT", "on");
const PASSWORD: &str = "lantern on a porch";

async fn shown(owner: &Visitor) -> Value {
    let answer = owner.get("/api/v1/network").await;
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// What `porchlight hotspot` says, if there is one.
fn hotspot(state: &tempfile::TempDir) -> Option<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_porchlight"));
    let output = command.args(["hotspot", "--state"]).arg(state.path()).output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

fn start(world: &World, state: &tempfile::TempDir) -> Daemon {
    world.daemon(state, &[ON])
}

/// A box that has opened its own network, and its owner.
struct Scene {
    world: World,
    state: tempfile::TempDir,
    manager: Manager,
    daemon: Daemon,
    owner: Visitor,
}

impl Scene {
    async fn open() -> Self {
        let (world, state) = (World::without_rauc().await, tempfile::tempdir().unwrap());
        let manager = Manager::start(&world);
        let daemon = start(&world, &state);
        let owner = Visitor::owner(&daemon).await;
        until("its own network", async || hotspot(&state).is_some()).await;
        Self { world, state, manager, daemon, owner }
    }
}

#[tokio::test]
async fn without_a_network_the_box_opens_one_by_wpa2_and_ends_it_when_a_cable_is_plugged_in() {
    if !has(&["dbus-daemon"]) {
        return;
    }
    let Scene { world, state, mut manager, daemon, owner } = Scene::open().await;
    let told = manager.json("told");
    let (wireless, lock) = (&told["802-11-wireless"], &told["802-11-wireless-security"]);
    assert_eq!(
        (&wireless["mode"], &lock["key-mgmt"], &lock["proto"]),
        (&json!("ap"), &json!("wpa-psk"), &json!(["rsn"]))
    );
    assert_eq!((&lock["pairwise"], &told["ipv4"]["method"]), (&json!(["ccmp"]), &json!("shared")));
    let password = lock["psk"].as_str().unwrap();
    let said = hotspot(&state).unwrap();
    assert!(said.contains(password) && password.len() == 12 && said.contains("http://10.42.0.1"), "{said}");
    let now = shown(&owner).await;
    assert!(now["hotspot"].as_str().unwrap().starts_with("Porchlight-"), "{now}");
    assert_eq!(now["seen"][0]["name"], "Home", "what was in reach before: {now}");
    assert!(
        !now.to_string().contains(password) && !daemon.log().contains(password),
        "the password is on the screen alone"
    );

    assert_eq!(manager.tell("cable on"), "done");
    until("no network of its own", async || hotspot(&state).is_none()).await;
    let now = shown(&owner).await;
    assert_eq!((&now["cable"], &now["hotspot"]), (&json!(true), &Value::Null));
    manager.tell("cable off");
    until("its own network again", async || hotspot(&state).is_some()).await;
    assert!(!hotspot(&state).unwrap().contains(password), "with another password");

    // What is open goes with the daemon, also if that is killed.
    daemon.kill();
    until("nothing is left of it", async || manager.json("kept") == json!([]) && manager.tell("cable off") == "done")
        .await;
    let daemon = start(&world, &state);
    until("its own network of the next", async || hotspot(&state).is_some()).await;
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn a_network_is_joined_known_and_forgotten_and_what_fails_says_why_and_leaves_nothing() {
    if !has(&["dbus-daemon"]) {
        return;
    }
    let Scene { world: _world, state, mut manager, daemon, owner } = Scene::open().await;
    let before = hotspot(&state).unwrap();
    let join = async |name: &str, password: Value| {
        owner.post("/api/v1/network/join", &json!({ "name": name, "password": password })).await
    };
    for (name, password, code) in [
        ("", Value::Null, "bad-network-name"),
        (&*"ü".repeat(17), Value::Null, "bad-network-name"),
        ("Home", json!("short"), "bad-network-password"),
        ("Home", json!("wrong\nline"), "bad-network-password"),
        ("Home", Value::Null, "bad-network-password"),
        ("Guests", json!("lantern-on-a-porch"), "other-lock"),
    ] {
        assert_eq!(problem(join(name, password).await).await, code, "{name}");
    }
    assert!(hotspot(&state).is_some(), "nothing has begun");

    for (name, password, code) in [("Home", PASSWORD, "password"), ("Elsewhere", PASSWORD, "gone")] {
        assert_eq!(join(name, json!(password)).await.status(), 202);
        assert_eq!(problem(join("Home", json!(password)).await).await, "joining", "one at a time");
        until("the end of it", async || shown(&owner).await["joining"] == Value::Null).await;
        assert_eq!(shown(&owner).await["failed"], json!({ "name": name, "code": code }));
        until("its own network again", async || hotspot(&state).is_some()).await;
        assert_eq!(hotspot(&state).unwrap(), before, "telephones find back into it");
        assert_eq!(manager.json("kept"), json!([]));
    }

    assert_eq!(join("Home", json!("lantern-on-a-porch")).await.status(), 202);
    until("the network", async || shown(&owner).await["joined"] == "Home").await;
    let now = shown(&owner).await;
    assert_eq!((&now["hotspot"], &now["failed"], &now["joining"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!(manager.json("kept"), json!(["Home"]));
    assert_eq!(now["seen"].as_array().unwrap().iter().find(|one| one["name"] == "Home").unwrap()["known"], true);
    assert!(hotspot(&state).is_none());
    let audit: Value = owner.get("/api/v1/audit").await.json().await.unwrap();
    assert!(audit.to_string().contains("join_network") && !audit.to_string().contains("Home"), "{audit}");
    assert!(!daemon.log().contains("lantern-on") && !daemon.log().contains("Home"), "{}", daemon.log());

    // One without a password, and back to the one that is known.
    assert_eq!(join("Guests", Value::Null).await.status(), 202);
    until("the other network", async || shown(&owner).await["joined"] == "Guests").await;
    assert_eq!(join("Home", Value::Null).await.status(), 202);
    until("the first network", async || shown(&owner).await["joined"] == "Home").await;

    let forget = async |name: &str| owner.post("/api/v1/network/forget", &json!({ "name": name })).await;
    assert_eq!(problem(forget("Elsewhere").await).await, "no-network");
    assert_eq!(forget("Guests").await.status(), 200);
    assert_eq!(forget("Home").await.status(), 200);
    assert_eq!(manager.json("kept"), json!([]));
    assert_eq!(shown(&owner).await["joined"], Value::Null);
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn where_nothing_is_permitted_or_there_is_no_radio_there_is_nothing_of_it() {
    if !has(&["dbus-daemon"]) {
        return;
    }
    let (world, state) = (World::without_rauc().await, tempfile::tempdir().unwrap());
    let daemon = start(&world, &state);
    let owner = Visitor::owner(&daemon).await;
    let none = async |owner: &Visitor| {
        let now = shown(owner).await;
        assert_eq!((&now["wifi"], &now["hotspot"], &now["seen"]), (&json!(false), &Value::Null, &json!([])));
        let answer = owner.post("/api/v1/network/join", &json!({ "name": "Home", "password": PASSWORD })).await;
        assert_eq!(problem(answer).await, "no-wifi");
    };
    none(&owner).await;
    let mut manager = Manager::start(&world);
    manager.tell("permit no");
    none(&owner).await;
    manager.tell("permit yes");
    assert_eq!(shown(&owner).await["wifi"], true, "it is looked for again");
    let nobody = Visitor::new(&daemon);
    assert_eq!(problem(nobody.get("/api/v1/network").await).await, "sign-in");
    // An adapter that is pulled, and a NetworkManager that ends.
    until("its own network", async || hotspot(&state).is_some()).await;
    drop(manager);
    until("nothing of it", async || hotspot(&state).is_none()).await;
    none(&owner).await;
    daemon.writes("the radio is gone", 1).await;
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn the_page_joins_a_network_and_says_what_fails() {
    if !has(&["chromium", "chromedriver", "dbus-daemon"]) {
        return;
    }
    let (world, state) = (World::without_rauc().await, tempfile::tempdir().unwrap());
    let mut manager = Manager::start(&world);
    let daemon = start(&world, &state);
    let browser = Browser::start().await;
    let page = browser.open("Owner", None).await;
    people::to_the_first_room(&page, &daemon).await;
    until("its own network", async || hotspot(&state).is_some()).await;
    page.goto(&format!("{}/network", daemon.url)).await;
    let where_ = "document.querySelector('[data-testid=network-where]')";
    page.wait_for(&format!("{where_}?.dataset.hotspot === 'true'"), "that this is the box's own").await;
    page.click("network-choose").await;
    page.fill("network-password", "not its password").await;
    page.click("network-join").await;
    page.wait_for(
        "document.querySelector('[data-testid=network-joining]')?.textContent.includes('Home')",
        "what is joined",
    )
    .await;
    page.wait_for("document.querySelector('[data-testid=network-failed]')?.dataset.code === 'password'", "why not")
        .await;
    page.click("network-choose").await;
    page.fill("network-password", "lantern-on-a-porch").await;
    page.click("network-join").await;
    page.wait_for(&format!("{where_}?.textContent.includes('“Home”')"), "the network").await;
    page.click("network-forget").await;
    page.wait_for(&format!("{where_}?.textContent.includes('no network')"), "that it is forgotten").await;
    assert_eq!(manager.json("kept"), json!([]));
    assert_eq!(page.errors().await, Vec::<String>::new());
}

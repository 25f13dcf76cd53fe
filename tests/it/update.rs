//! Updates of a box that is an image, beside the real RAUC: what is good is installed and started next, what is not changes nothing.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::fixture::daemon::Daemon;
use super::fixture::rauc::{BOARD, Made, PROGRAMS, World};
use super::fixture::visitor::{Visitor, in_time, problem};
use super::fixture::{DEADLINE, has, until};

async fn upload(owner: &Visitor, bundle: &Path) -> Response {
    let bytes = std::fs::read(bundle).unwrap();
    let asked = owner.request(Method::PUT, "/api/v1/update/bundle").header("content-type", "application/vnd.rauc");
    asked.body(bytes).send().await.unwrap()
}

async fn shown(owner: &Visitor) -> Value {
    let answer = owner.get("/api/v1/update").await;
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// How it is once this stage is reached.
async fn reached(owner: &Visitor, stages: &[&str]) -> Value {
    in_time(&format!("the update is one of {stages:?}"), async {
        loop {
            let answer = owner.get("/api/v1/update").await;
            if answer.status() == 200 {
                let now: Value = answer.json().await.unwrap();
                if stages.iter().any(|stage| now["stage"] == *stage) {
                    return now;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

fn left(state: &tempfile::TempDir) -> Vec<String> {
    let files = std::fs::read_dir(state.path().join("update")).into_iter().flatten().flatten();
    files.map(|file| file.file_name().into_string().unwrap()).collect()
}

/// A server of bundles: `/on` sends on to `/bundle`, of which it gives a half, and the rest once it may.
struct Server {
    address: String,
    go: Arc<AtomicBool>,
}

impl Server {
    fn start(bundle: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let go = Arc::new(AtomicBool::new(false));
        let (bytes, may) = (std::fs::read(bundle).unwrap(), go.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut asked = [0; 4096];
                let count = stream.read(&mut asked).unwrap();
                let path = String::from_utf8_lossy(&asked[..count]).split(' ').nth(1).unwrap_or_default().to_owned();
                // Whoever asked may be gone.
                let _ = match &*path {
                    "/on" => write!(stream, "HTTP/1.1 302 Found\r\nlocation: bundle\r\ncontent-length: 0\r\n\r\n"),
                    "/short" => {
                        let (length, some) = (bytes.len(), &bytes[..bytes.len() / 2]);
                        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n")
                            .and_then(|()| stream.write_all(some))
                    }
                    "/bundle" => {
                        let (one, other) = bytes.split_at(bytes.len() / 2);
                        let begun = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", bytes.len())
                            .and_then(|()| stream.write_all(one));
                        while !may.load(Ordering::Relaxed) {
                            std::thread::sleep(Duration::from_millis(10));
                        }
                        begun.and_then(|()| stream.write_all(other))
                    }
                    _ => write!(stream, "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"),
                };
            }
        });
        Self { address, go }
    }
}

#[tokio::test]
async fn a_good_bundle_is_installed_and_the_box_restarts_into_it_when_nobody_is_disturbed() {
    if !has(&PROGRAMS) {
        return;
    }
    let (world, state) = (World::start().await, tempfile::tempdir().unwrap());
    let bundle = world.bundle("good", Made::default());
    std::fs::create_dir(state.path().join("update")).unwrap();
    std::fs::write(state.path().join("update/bundle.raucb"), "left behind").unwrap();
    let daemon = world.daemon(&state, &[]);
    let owner = Visitor::owner(&daemon).await;
    until("clean folder", async || left(&state).is_empty()).await;
    let before = shown(&owner).await;
    assert_eq!(
        (&before["stage"], &before["compatible"], &before["waits"]),
        (&json!("idle"), &json!(BOARD), &json!(false))
    );
    assert_eq!((&before["booted"]["bootname"], &before["other"]["bootname"]), (&json!("A"), &json!("B")));
    assert_eq!((&before["booted"]["good"], &before["other"]["version"]), (&json!(true), &Value::Null));
    assert_eq!(problem(owner.post("/api/v1/update/restart", &json!({})).await).await, "no-update");

    let answer = upload(&owner, &bundle).await;
    assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap());
    let after = reached(&owner, &["installed", "failed"]).await;
    assert_eq!(after["bundle"], "9.8.7");
    assert_eq!(left(&state), [""; 0], "nothing of it is left");
    if !world.mounts(&bundle) {
        assert_eq!(after["failure"]["code"], "other");
        assert!(after["failure"]["detail"].as_str().unwrap().to_lowercase().contains("mount"), "{after}");
        assert_eq!(after["waits"], false);
        return;
    }
    assert_eq!((&after["stage"], &after["percent"], &after["waits"]), (&json!("installed"), &json!(100), &json!(true)));
    assert_eq!(after["other"]["version"], "9.8.7");
    assert_eq!(world.read("primary").trim(), "B");
    let (image, slot) =
        (std::fs::read(world.at("good.made/rootfs.img")).unwrap(), std::fs::read(world.at("slot-b")).unwrap());
    assert!(slot[..image.len()] == image[..], "the slot holds the image");
    assert!(std::fs::read(world.at("slot-a")).unwrap().iter().all(|byte| *byte == 0), "the other one was not touched");

    let (restart, room) = (world.at("runtime/restart"), owner.first_room().await);
    let line = owner.join(&room, "Ada").await;
    assert_eq!(shown(&owner).await["going"], json!(["call"]));
    assert_eq!(problem(owner.post("/api/v1/update/restart", &json!({})).await).await, "in-use");
    assert!(!restart.exists());
    let answer = owner.post("/api/v1/update/restart", &json!({ "confirmed": true })).await;
    assert_eq!(answer.status(), 202);
    assert!(restart.exists(), "the service manager is told");
    drop(line);
    let audit: Value = owner.get("/api/v1/audit").await.json().await.unwrap();
    let deeds: Vec<&str> = audit.as_array().unwrap().iter().filter_map(|entry| entry["action"].as_str()).collect();
    assert!(deeds.contains(&"update") && deeds.contains(&"restart_into"), "{audit}");

    // What waits is known after a restart of the daemon, too.
    daemon.kill();
    let daemon = world.daemon(&state, &[]);
    let owner = owner.at(&daemon.url);
    let again = shown(&owner).await;
    assert_eq!((&again["stage"], &again["waits"]), (&json!("idle"), &json!(true)));
}

#[tokio::test]
async fn of_an_image_the_machine_restarts_to_forget_everything() {
    if !has(&PROGRAMS) {
        return;
    }
    let (world, state) = (World::start().await, tempfile::tempdir().unwrap());
    let daemon = world.daemon(&state, &[]);
    let owner = Visitor::owner(&daemon).await;
    shown(&owner).await;
    let node: Value = owner.get("/api/v1/node").await.json().await.unwrap();
    let wish = json!({ "name": node["name"] });
    let (runtime, aside) = (world.at("runtime"), world.at("aside"));
    let sign = state.path().join("factory-reset");

    std::fs::rename(&runtime, &aside).unwrap();
    assert_eq!(problem(owner.post("/api/v1/node/factory-reset", &wish).await).await, "no-restart");
    assert!(!sign.exists(), "the next start forgets nothing");
    std::fs::rename(&aside, &runtime).unwrap();
    let answer: Value = owner.post("/api/v1/node/factory-reset", &wish).await.json().await.unwrap();
    assert_eq!(answer["restarts"], true);
    assert!(sign.exists() && runtime.join("restart").exists(), "the service manager is told");

    // The next start does it if the image's first program has not.
    daemon.kill();
    let daemon = world.daemon(&state, &[]);
    assert!(!sign.exists());
    let node: Value = Visitor::new(&daemon).get("/api/v1/node").await.json().await.unwrap();
    assert_eq!(node["owned"], false);
}

#[tokio::test]
async fn what_is_not_good_is_not_installed_and_the_sentence_says_why() {
    if !has(&PROGRAMS) {
        return;
    }
    let (world, state) = (World::start().await, tempfile::tempdir().unwrap());
    let daemon = world.daemon(&state, &[("PORCHLIGHT_UPDATE__MAX_MEGABYTES", "4")]);
    let owner = Visitor::owner(&daemon).await;
    let good = world.bundle("good", Made::default());
    let damaged = world.at("damaged.raucb");
    let mut bytes = std::fs::read(&good).unwrap();
    bytes[50_000] ^= 1;
    std::fs::write(&damaged, &bytes).unwrap();
    let none = world.at("none.raucb");
    std::fs::write(&none, "this is no bundle, only some text that is long enough").unwrap();
    let stranger = world.bundle("stranger", Made { by: "stranger", ..Made::default() });
    let board = world.bundle("board", Made { board: "another-board", ..Made::default() });
    for (bundle, code) in [(&damaged, "damaged"), (&none, "damaged"), (&stranger, "signature"), (&board, "board")] {
        let answer = upload(&owner, bundle).await;
        assert_eq!(answer.status(), 202, "{code}");
        let after = reached(&owner, &["installed", "failed"]).await;
        assert_eq!((&after["stage"], &after["failure"]["code"]), (&json!("failed"), &json!(code)), "{after}");
        assert!(after["failure"]["text"].as_str().unwrap().ends_with('.'), "{after}");
        assert_eq!((&after["waits"], left(&state)), (&json!(false), vec![]), "{code}");
    }
    let large = world.bundle("large", Made { size: 5_000_000, ..Made::default() });
    let answer = upload(&owner, &large).await;
    assert_eq!((answer.status().as_u16(), problem(answer).await), (413, "bundle-too-large".into()));
    for address in ["/etc/passwd", "file:///etc/passwd", "ftp://127.0.0.1/x", "http://a:b@127.0.0.1/", ""] {
        let answer = owner.post("/api/v1/update", &json!({ "address": address })).await;
        assert_eq!(problem(answer).await, "bad-address", "{address}");
    }
    let (server, larger) = (Server::start(&good), Server::start(&large));
    larger.go.store(true, Ordering::Relaxed);
    for (of, path, code) in
        [(&server, "/nothing", "network"), (&server, "/short", "network"), (&larger, "/on", "too-large")]
    {
        let answer = owner.post("/api/v1/update", &json!({ "address": format!("{}{path}", of.address) })).await;
        assert_eq!(answer.status(), 202, "{path}");
        let after = reached(&owner, &["installed", "failed"]).await;
        assert_eq!((&after["failure"]["code"], left(&state)), (&json!(code), vec![]), "{path}: {after}");
    }
    let told = world.read("told");
    assert!(!told.contains("set-"), "the boot loader is told nothing: {told}");
    assert!(!daemon.log().contains(&server.address), "no address is in the log");
}

#[tokio::test]
async fn where_there_is_no_room_nothing_is_changed() {
    if !has(&PROGRAMS) {
        return;
    }
    let (mut world, state) = (World::without_rauc().await, tempfile::tempdir().unwrap());
    // A slot that is full from its first byte on.
    world.start_rauc("/dev/full").await;
    let bundle = world.bundle("good", Made::default());
    let daemon = world.daemon(&state, &[("PORCHLIGHT_UPDATE__MAX_MEGABYTES", "16000000")]);
    let owner = Visitor::owner(&daemon).await;
    // More than any disk of today has free: it is refused before a byte of it comes.
    let mut stream = std::net::TcpStream::connect(daemon.listen()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    write!(
        stream,
        "PUT /api/v1/update/bundle HTTP/1.1\r\nhost: localhost\r\ncookie: porchlight={}\r\ncontent-length: 15000000000000\r\n\r\n",
        owner.secret()
    )
    .unwrap();
    let mut answer = String::new();
    // Nothing of what was announced is waited for: the connection ends.
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 507 ") && answer.contains("bundle-no-space"), "{answer}");
    assert_eq!(shown(&owner).await["stage"], "idle");
    assert_eq!(upload(&owner, &bundle).await.status(), 202);
    let after = reached(&owner, &["installed", "failed"]).await;
    let expected = if world.mounts(&bundle) { "no-room" } else { "other" };
    assert_eq!((&after["stage"], &after["failure"]["code"]), (&json!("failed"), &json!(expected)), "{after}");
    assert_eq!(after["waits"], false);
    assert_eq!(world.read("primary").trim(), "A");
}

#[tokio::test]
async fn one_is_installed_at_a_time_and_rauc_may_end_in_the_middle() {
    if !has(&PROGRAMS) {
        return;
    }
    let (mut world, state) = (World::start().await, tempfile::tempdir().unwrap());
    let bundle = world.bundle("good", Made::default());
    let mounts = world.mounts(&bundle);
    let daemon = world.daemon(&state, &[]);
    let owner = Visitor::owner(&daemon).await;
    let server = Server::start(&bundle);
    let fetch = async || owner.post("/api/v1/update", &json!({ "address": format!("{}/on", server.address) })).await;
    assert_eq!(fetch().await.status(), 202);
    until("half of it", async || shown(&owner).await["bytes"].as_u64() > Some(1_000_000)).await;
    let half = shown(&owner).await;
    assert_eq!(half["total"], std::fs::metadata(&bundle).unwrap().len());
    assert_eq!(problem(fetch().await).await, "updating");
    assert_eq!(problem(upload(&owner, &bundle).await).await, "updating");
    assert_eq!(problem(owner.post("/api/v1/update/restart", &json!({})).await).await, "updating");

    // It ends while the bundle comes, so that nobody is there to check it, and is there again.
    world.kill_rauc();
    server.go.store(true, Ordering::Relaxed);
    in_time("the update fails", async {
        while !daemon.log().contains("the update was not installed") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    world.start_rauc("slot-b").await;
    assert_eq!(shown(&owner).await["stage"], "failed");

    if mounts {
        std::fs::write(world.at("hold"), "").unwrap();
        assert_eq!(upload(&owner, &bundle).await.status(), 202);
        until("RAUC at work", async || world.at("held").exists()).await;
        let (code, _, said) = world.porchlight(&["update", bundle.to_str().unwrap()]);
        assert_eq!((code, said.contains("is being installed already")), (1, true), "{said}");
        assert_eq!(reached(&owner, &["installing"]).await["waits"], false);
        world.kill_rauc();
        std::fs::remove_file(world.at("hold")).unwrap();
        until("the end of it", async || daemon.log().matches("the update was not installed").count() == 2).await;
        world.start_rauc("slot-b").await;
        let after = shown(&owner).await;
        assert_eq!((&after["failure"]["code"], &after["waits"]), (&json!("interrupted"), &json!(false)), "{after}");
    }
    assert_eq!(left(&state), [""; 0]);
    assert_eq!(upload(&owner, &bundle).await.status(), 202);
    let after = reached(&owner, &["installed", "failed"]).await;
    assert_eq!(after["stage"], if mounts { "installed" } else { "failed" }, "{after}");
}

#[tokio::test]
async fn a_daemon_that_starts_again_follows_what_rauc_does_to_its_end() {
    if !has(&PROGRAMS) {
        return;
    }
    let (world, state) = (World::start().await, tempfile::tempdir().unwrap());
    let bundle = world.bundle("good", Made::default());
    if !world.mounts(&bundle) {
        // Then it can't be held at work: that one which is over is none is what is left.
        let daemon = world.daemon(&state, &[]);
        assert_eq!(shown(&Visitor::owner(&daemon).await).await["stage"], "idle");
        return;
    }
    let daemon = world.daemon(&state, &[]);
    let owner = Visitor::owner(&daemon).await;
    std::fs::write(world.at("hold"), "").unwrap();
    assert_eq!(upload(&owner, &bundle).await.status(), 202);
    until("RAUC at work", async || world.at("held").exists()).await;
    daemon.kill();
    let daemon = world.daemon(&state, &[]);
    let owner = owner.at(&daemon.url);
    until("word of it", async || daemon.log().contains("an update is being installed")).await;
    assert_eq!(problem(upload(&owner, &bundle).await).await, "updating");
    std::fs::remove_file(world.at("hold")).unwrap();
    let after = reached(&owner, &["installed", "failed"]).await;
    assert_eq!((&after["stage"], &after["waits"]), (&json!("installed"), &json!(true)), "{after}");
    until("clean folder", async || left(&state).is_empty()).await;
}

#[tokio::test]
async fn a_box_that_is_no_image_says_so() {
    if !has(&PROGRAMS) {
        return;
    }
    let (world, state) = (World::without_rauc().await, tempfile::tempdir().unwrap());
    let file = world.at("primary");
    let daemon = world.daemon(&state, &[]);
    let owner = Visitor::owner(&daemon).await;
    let answer = owner.get("/api/v1/update").await;
    assert_eq!((answer.status().as_u16(), problem(answer).await), (404, "not-an-image".into()));
    assert_eq!(problem(upload(&owner, &file).await).await, "not-an-image");
    let answer = owner.post("/api/v1/update", &json!({ "address": "https://127.0.0.1/bundle" })).await;
    assert_eq!(problem(answer).await, "not-an-image");
    assert_eq!(problem(owner.post("/api/v1/update/restart", &json!({})).await).await, "not-an-image");
    let sentence = "porchlight: this box is not an image: it is updated as the package it was installed from\n";
    let state = state.path().to_str().unwrap();
    for arguments in
        [&["update", "status"][..], &["update", file.to_str().unwrap()], &["update", "confirm", "--state", state]]
    {
        assert_eq!(world.porchlight(arguments), (1, String::new(), sentence.to_owned()), "{arguments:?}");
    }
    let nowhere = [("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus")];
    assert_eq!(world.porchlight_with(&["update", "status"], &nowhere), (1, String::new(), sentence.to_owned()));
}

#[tokio::test]
async fn the_command_installs_what_it_is_given_and_says_how_it_stands() {
    if !has(&PROGRAMS) {
        return;
    }
    let (world, state) = (World::start().await, tempfile::tempdir().unwrap());
    let state = state.path().to_str().unwrap();
    let (good, board) =
        (world.bundle("good", Made::default()), world.bundle("board", Made { board: "other", ..Made::default() }));
    let (code, printed, said) = world.porchlight(&["update", board.to_str().unwrap()]);
    assert_eq!((code, &*printed), (1, ""));
    assert!(said.contains("The bundle is for another kind of board."), "{said}");
    let (code, _, said) = world.porchlight(&["update", "/nowhere.raucb"]);
    assert!(code == 1 && said.contains("/nowhere.raucb is no file"), "{code} {said}");
    let (code, printed, _) = world.porchlight(&["update", "status"]);
    assert!(code == 0 && printed.contains("The box starts from the same one the next time."), "{printed}");

    let mounts = world.mounts(&good);
    let server = Server::start(&good);
    server.go.store(true, Ordering::Relaxed);
    for bundle in [good.to_str().unwrap().to_owned(), format!("{}/on", server.address)] {
        let (code, printed, said) = world.porchlight(&["update", &bundle, "--state", state]);
        assert!(said.contains("The bundle is version 9.8.7"), "{said}");
        if mounts {
            assert_eq!((code, &*printed), (0, "Installed 9.8.7: the box starts with it the next time.\n"), "{said}");
            assert!(said.contains("% "), "how far it is: {said}");
        } else {
            assert_eq!((code, &*printed), (1, ""), "{said}");
        }
    }
    assert_eq!(std::fs::read_dir(Path::new(state).join("update")).unwrap().count(), 0, "what was fetched is gone");
    let (code, printed, _) = world.porchlight(&["update", "status", "--json"]);
    let status: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((code, &status["waits"], &status["booted"]["state"]), (0, &json!(mounts), &json!("booted")));
}

#[tokio::test]
async fn what_runs_is_confirmed_only_when_the_daemon_its_page_and_the_encoder_are_well() {
    if !has(&PROGRAMS) {
        return;
    }
    let (world, state) = (World::start().await, tempfile::tempdir().unwrap());
    let folder = state.path().to_str().unwrap();
    let confirm = |encoder: &str| {
        world.porchlight_with(&["update", "confirm", "--state", folder], &[("PORCHLIGHT_MEDIA__H264_ENCODER", encoder)])
    };
    let (code, _, said) = confirm("x264");
    assert!(code == 1 && said.contains("the daemon does not run"), "{code} {said}");
    let daemon: Daemon = world.daemon(&state, &[]);
    until("its socket", async || state.path().join("doctor.sock").exists()).await;
    // An encoder that no machine of tests has.
    let (code, _, said) = confirm("mpp");
    assert!(code == 1 && said.contains("no encoder can be used"), "{code} {said}");
    assert!(!world.read("told").contains("set-state"), "the boot loader was told nothing");
    let (code, printed, said) = confirm("x264");
    assert_eq!((code, &*printed), (0, "What runs is good, and the boot loader knows.\n"), "{said}");
    assert!(world.read("told").contains("set-state A good"), "{}", world.read("told"));
    assert!(daemon.stop().success());
}

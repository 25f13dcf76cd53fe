//! MQTT with a real broker: what the box says there, what it takes, and what becomes of both when one of them is gone.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::people;
use super::fixture::rauc::{Made, PROGRAMS, World};
use super::fixture::visitor::Visitor;
use super::fixture::{DEADLINE, has, until};
use super::push::services::{Running, SMALL, free};

const ADA: Devices = Devices { colour: "red", hz: 440 };
const PASSWORD: &str = "north-north-east";
/// So long what is opened is announced before.
const AHEAD: Duration = porchlight::services::announce::AHEAD;

/// mosquitto with users, an access list, and a port with TLS. It remembers nothing when it is started again.
struct Broker {
    port: u16,
    secure: u16,
    folder: TempDir,
    running: Option<Running>,
}

impl Broker {
    async fn start() -> Self {
        let (port, secure, folder) = (free(), free(), tempfile::tempdir().unwrap());
        let at = folder.path();
        certificates(at);
        let passwords = at.join("passwords");
        for (number, user) in ["box", "home"].into_iter().enumerate() {
            let mut command = Command::new("mosquitto_passwd");
            command.arg("-b").args((number == 0).then_some("-c"));
            assert!(command.arg(&passwords).args([user, PASSWORD]).status().unwrap().success());
        }
        std::fs::write(at.join("access"), ACCESS).unwrap();
        let folder_text = at.display();
        let text = format!(
            "user root\npersistence false\nallow_anonymous false\npassword_file {folder_text}/passwords\n\
             acl_file {folder_text}/access\nlog_dest file {folder_text}/log\nlistener {port} 127.0.0.1\n\
             listener {secure} 127.0.0.1\ncertfile {folder_text}/server.pem\nkeyfile {folder_text}/server.key\n"
        );
        std::fs::write(at.join("mosquitto.conf"), text).unwrap();
        let mut broker = Self { port, secure, folder, running: None };
        broker.again().await;
        broker
    }

    /// Starts it (again).
    async fn again(&mut self) {
        self.running = None;
        let mut command = Command::new("/usr/sbin/mosquitto");
        command.arg("-c").arg(self.folder.path().join("mosquitto.conf"));
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.running = Some(Running(quiet.spawn().unwrap()));
        until("broker", async || TcpStream::connect(("127.0.0.1", self.port)).is_ok()).await;
    }

    fn password(&self) -> PathBuf {
        let file = self.folder.path().join("password");
        std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
        file
    }

    /// A daemon that is told of the broker at this address, and of more.
    fn daemon(&self, state: &TempDir, address: &str, more: &[(&str, &str)]) -> Daemon {
        let password = self.password();
        let keys = [
            ("PORCHLIGHT_MQTT__BROKER", address),
            ("PORCHLIGHT_MQTT__USER", "box"),
            ("PORCHLIGHT_MQTT__PASSWORD", password.to_str().unwrap()),
        ];
        Daemon::start_with(state, &[&keys[..], more].concat())
    }

    fn address(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// One of the broker's programs, signed in.
    fn program(&self, name: &str, version: &str) -> Command {
        let mut command = Command::new(name);
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-u", "home", "-P", PASSWORD, "-V", version]);
        command
    }

    fn publish(&self, topic: &str, payload: &str, retain: bool) {
        let mut command = self.program("mosquitto_pub", "mqttv5");
        command.args(["-q", "1", "-t", topic, "-m", payload]).args(retain.then_some("-r"));
        assert!(command.status().unwrap().success());
    }
}

const ACCESS: &str = "user box\ntopic readwrite porchlight/#\ntopic write homeassistant/device/#\n\
                      topic read homeassistant/status\nuser home\ntopic readwrite #\n";

/// A certificate authority of the house, and a certificate of the broker.
fn certificates(folder: &Path) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut of = rcgen::CertificateParams::new(Vec::new()).unwrap();
    of.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    std::fs::write(folder.join("ca.pem"), of.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = rcgen::Issuer::new(of, key);
    let own = rcgen::KeyPair::generate().unwrap();
    let server = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("server.pem"), server.signed_by(&own, &issuer).unwrap().pem()).unwrap();
    std::fs::write(folder.join("server.key"), own.serialize_pem()).unwrap();
}

/// Somebody at the broker who hears everything.
struct Listener {
    program: Child,
    heard: Arc<Mutex<Vec<(bool, String, String)>>>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

impl Listener {
    fn start(broker: &Broker) -> Self {
        let mut command = broker.program("mosquitto_sub", "mqttv5");
        command.args(["-q", "1", "-t", "#", "-F", "%r\t%t\t%p"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut program = command.spawn().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (lines, to) = (BufReader::new(program.stdout.take().unwrap()).lines(), heard.clone());
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut fields = line.splitn(3, '\t').map(str::to_owned);
                if let (Some(retained), Some(topic), Some(payload)) = (fields.next(), fields.next(), fields.next()) {
                    to.lock().unwrap().push((retained == "1", topic, payload));
                }
            }
        });
        Self { program, heard }
    }

    /// What was said last at each topic of the box, and its id.
    fn now(&self) -> (String, HashMap<String, String>) {
        let mut id = String::new();
        let mut now = HashMap::new();
        for (_, topic, payload) in self.heard.lock().unwrap().iter() {
            if let Some((device, rest)) = topic.strip_prefix("porchlight/").and_then(|topic| topic.split_once('/')) {
                id = device.to_owned();
                now.insert(rest.to_owned(), payload.clone());
            }
        }
        (id, now)
    }

    fn count(&self, topic: &str) -> usize {
        self.heard.lock().unwrap().iter().filter(|(_, at, _)| at.ends_with(topic)).count()
    }

    /// Waits until something is said at a topic of the box; gives its id.
    async fn says(&self, topic: &str, payload: &str) -> String {
        let mut last = None;
        let end = tokio::time::Instant::now() + DEADLINE;
        loop {
            let (id, now) = self.now();
            if now.get(topic).map(String::as_str) == Some(payload) {
                return id;
            }
            last = now.get(topic).cloned().or(last);
            assert!(tokio::time::Instant::now() < end, "{topic} is {last:?} and not {payload:?}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

/// The owner in the first room with a browser, and by requests of their own.
async fn owner_in_call(browser: &Browser, daemon: &Daemon) -> (Visitor, String, Page) {
    let owner = Visitor::owner(daemon).await;
    let room = owner.first_room().await;
    let page = browser.open("Ada", Some(ADA)).await;
    let login = json!({ "name": "porchlight", "value": owner.secret(), "url": daemon.url });
    page.devtools("Network.setCookie", login).await;
    people::guest_in(&page, daemon, &format!("{}/r/{room}", daemon.url), "").await;
    (owner, room, page)
}

fn tools() -> bool {
    has(&["mosquitto_passwd", "mosquitto_pub", "mosquitto_sub", "mosquitto_rr"])
}

/// A request and its answer, if one comes within so many seconds.
async fn asks(broker: &Broker, topic: &str, answer: &str, payload: &str, seconds: u64) -> Option<Value> {
    let mut command = broker.program("mosquitto_rr", "mqttv5");
    command.args(["-t", topic, "-e", answer, "-m", payload, "-W", &seconds.to_string()]).stderr(Stdio::null());
    let said = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    serde_json::from_slice(&said.stdout).ok()
}

#[tokio::test]
async fn a_broker_is_told_how_the_box_is_and_what_it_says_is_done() {
    if !tools() || !has(&["chromium", "chromedriver"]) {
        return;
    }
    let broker = Broker::start().await;
    let state = tempfile::tempdir().unwrap();
    let listener = Listener::start(&broker);
    let daemon = broker.daemon(&state, &broker.address(), &SMALL);
    let id = listener.says("availability", "online").await;
    assert!(id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    for (topic, value) in [
        ("call/active", "ON"),
        ("call/ringing", "OFF"),
        ("microphone/muted", "OFF"),
        ("privacy/active", "OFF"),
        ("broadcast/active", "OFF"),
        ("recording/active", "OFF"),
        ("telephone/do_not_disturb", "OFF"),
        ("screen/layout", "grid"),
        ("speaker/volume", "None"),
        ("camera/connected", "OFF"),
    ] {
        listener.says(topic, value).await;
    }
    let set = |topic: &str, payload: &str| broker.publish(&format!("porchlight/{id}/{topic}/set"), payload, false);

    // A browser sees the box mute.
    let browser = Browser::start().await;
    let (owner, room, page) = owner_in_call(&browser, &daemon).await;
    listener.says("call/participants", "2").await;
    let tile = "document.querySelector('[data-testid=tile][data-name=Porchlight]')";
    page.wait_for(&format!("{tile} && !{tile}.querySelector('.tile-muted')"), "box that is heard").await;
    set("microphone/muted", "ON");
    page.wait_for(&format!("{tile}.querySelector('.tile-muted')"), "box that is muted").await;
    listener.says("microphone/muted", "ON").await;

    // What people open is not opened by MQTT, and whoever showed it already is told how it is.
    let told = listener.count("microphone/muted");
    set("microphone/muted", "OFF");
    until("how it is, again", async || listener.count("microphone/muted") > told).await;
    for topic in ["broadcast/active", "recording/active"] {
        let told = listener.count(topic);
        set(topic, "ON");
        until("how it is, again", async || listener.count(topic) > told).await;
        assert_eq!(listener.now().1[topic], "OFF");
    }
    assert_eq!(listener.now().1["microphone/muted"], "ON");

    let mut line = owner.join(&room, "Olga").await;
    line.ask("go_live", json!({ "title": "Garden", "record": true })).await.unwrap();
    listener.says("broadcast/active", "ON").await;
    listener.says("broadcast/title", "Garden").await;
    listener.says("recording/active", "ON").await;
    set("recording/active", "OFF");
    listener.says("recording/active", "OFF").await;
    set("broadcast/active", "OFF");
    line.until("a room that is off air", |state| state["room"]["live"].is_null()).await;
    listener.says("broadcast/active", "OFF").await;
    let audit: Value = owner.get("/api/v1/audit").await.json().await.unwrap();
    let by_mqtt = audit.as_array().unwrap().iter().filter(|entry| entry["actor"] == "MQTT").count();
    assert_eq!(by_mqtt, 2, "{audit}");

    set("telephone/do_not_disturb", "ON");
    listener.says("telephone/do_not_disturb", "ON").await;
    let telephone: Value = owner.get("/api/v1/telephone").await.json().await.unwrap();
    assert_eq!(telephone["do_not_disturb"], true);
    set("screen/layout", "speaker");
    listener.says("screen/layout", "speaker").await;
    let screen: Value = owner.get("/api/v1/screen").await.json().await.unwrap();
    assert_eq!(screen["layout"]["speaker"], true);
    set("privacy/active", "PRESS");
    listener.says("privacy/active", "ON").await;
    let privacy: Value = owner.get("/api/v1/privacy").await.json().await.unwrap();
    assert!(privacy["since"].is_string(), "{privacy}");
    set("privacy/active", "OFF");
    set("call/hang_up", "PRESS");
    listener.says("call/active", "OFF").await;
    until("event", async || listener.count("call/event") > 0).await;
    assert_eq!(listener.now().1["call/event"], r#"{"event_type":"ended"}"#);
    assert_eq!(listener.now().1["privacy/active"], "ON", "only somebody who is there opens it again");

    // Who comes later is told everything but events; nobody is named.
    let later = Listener::start(&broker);
    later.says("call/active", "OFF").await;
    let found = format!("homeassistant/device/porchlight_{id}/config");
    until("discovery", async || later.count(&found) == 1).await;
    let heard = later.heard.lock().unwrap().clone();
    assert!(heard.iter().all(|(retained, topic, _)| *retained && !topic.ends_with("event")), "{heard:?}");
    let payload: Value = serde_json::from_str(&heard.iter().find(|(_, topic, _)| *topic == found).unwrap().2).unwrap();
    assert_eq!(payload["availability_topic"], format!("porchlight/{id}/availability"));
    assert_eq!(payload["components"]["mute"]["command_topic"], format!("porchlight/{id}/microphone/muted/set"));
    let all = listener.heard.lock().unwrap().iter().map(|(.., text)| text.clone()).collect::<String>();
    assert!(!all.contains("Ada") && !all.contains("Olga"), "somebody is named");

    assert!(daemon.stop().success());
    listener.says("availability", "offline").await;
}

/// Asks ten thousand times, as fast as it goes, and waits until all that is dealt with.
async fn flood(broker: &Broker, listener: &Listener, base: &str) {
    let told = listener.count("rpc/response/refresh");
    let mut command = broker.program("mosquitto_pub", "mqttv5");
    command.args(["-l", "-q", "1", "-t", &format!("{base}/rpc/request/layout")]).stdin(Stdio::piped());
    let mut program = command.spawn().unwrap();
    let mut pipe = program.stdin.take().unwrap();
    let done = tokio::task::spawn_blocking(move || {
        for number in 0..10_000 {
            writeln!(pipe, "{}", ["grid", "speaker", "spiral"][number % 3]).unwrap();
        }
        drop(pipe);
        program.wait().unwrap().success()
    });
    assert!(done.await.unwrap());
    let answered = async || {
        broker.publish(&format!("{base}/rpc/request/refresh"), "", false);
        listener.count("rpc/response/refresh") > told
    };
    until("answer after the flood", answered).await;
}

#[tokio::test]
async fn requests_are_answered_and_what_was_retained_presses_no_button() {
    if !tools() {
        return;
    }
    let broker = Broker::start().await;
    let state = tempfile::tempdir().unwrap();
    let listener = Listener::start(&broker);
    let daemon = broker.daemon(&state, &broker.address(), &[]);
    let id = listener.says("availability", "online").await;
    let base = format!("porchlight/{id}");
    assert!(daemon.stop().success());
    listener.says("availability", "offline").await;
    broker.publish(&format!("{base}/privacy/active/set"), "ON", true);
    let daemon = broker.daemon(&state, &broker.address(), &[]);
    assert_eq!(listener.says("availability", "online").await, id, "it is the same box");

    // By MQTT 5 where the other one wants it, with what it is known by.
    let answer = format!("{base}/answers/1");
    let ask = async |topic: &str, payload: &str| {
        asks(&broker, &format!("{base}/{topic}"), &answer, payload, DEADLINE.as_secs()).await
    };
    assert_eq!(ask("screen/layout/set", "speaker").await, Some(json!({ "ok": true })));
    assert_eq!(ask("rpc/request/layout", r#"{"value":"grid","transaction":7}"#).await.unwrap()["transaction"], 7);
    for (topic, payload, kind) in [
        ("microphone/muted/set", "OFF", "not-permitted"),
        ("speaker/volume/set", "101", "bad-value"),
        ("speaker/volume/set", "50", "failed"),
        ("call/decline/set", "PRESS", "failed"),
        ("rpc/request/answer", "", "not-permitted"),
        ("rpc/request/sing", "", "unknown-op"),
        ("privacy/active/set", "OFF", "not-permitted"),
        ("screen/message/set", "Dinner", "no-screen"),
    ] {
        let said = ask(topic, payload).await.unwrap_or_else(|| panic!("{topic} is not answered"));
        assert_eq!((&said["ok"], &said["problem"]["type"]), (&json!(false), &json!(kind)), "{topic}: {said}");
    }
    // By 3.1.1 at a topic of the box's own.
    let mut command = broker.program("mosquitto_pub", "mqttv311");
    command.args(["-t", &format!("{base}/rpc/request/layout"), "-m", r#"{"value":"speaker","transaction":"x"}"#]);
    assert!(command.status().unwrap().success());
    let answered = json!({ "ok": true, "transaction": "x" }).to_string();
    listener.says("rpc/response/layout", &answered).await;
    // An answer where the access list lets the box write nothing harms nobody.
    assert_eq!(asks(&broker, &format!("{base}/screen/layout/set"), "elsewhere/1", "grid", 3).await, None);
    assert_eq!(ask("screen/layout/set", "speaker").await, Some(json!({ "ok": true })));
    assert_eq!(listener.now().1["privacy/active"], "OFF", "a button that was retained is not pressed");

    // What is larger than a command can be is left out, and the connection stays.
    let lines = daemon.log().matches("the broker has taken the connection").count();
    broker.publish(&format!("{base}/screen/layout/set"), &"a".repeat(20_000), false);
    assert_eq!(ask("screen/layout/set", &"a".repeat(5_000)).await.unwrap()["problem"]["type"], "bad-value");
    assert_eq!(daemon.log().matches("the broker has taken the connection").count(), lines);
    // A button has everything told again.
    let told = listener.count("camera/connected");
    broker.publish(&format!("{base}/refresh/set"), "PRESS", false);
    until("everything, again", async || listener.count("camera/connected") > told).await;

    // Ten thousand of them take what room they need. What grew with each message would grow every time.
    let mut before = daemon.memory();
    let mut grown = Vec::new();
    while grown.last().is_none_or(|grown| *grown >= 1 << 20) {
        assert!(grown.len() < 5, "each ten thousand take more: {grown:?} bytes");
        flood(&broker, &listener, &base).await;
        let now = daemon.memory();
        grown.push(now.saturating_sub(before));
        before = now;
    }
    println!("bytes that each 10,000 messages took: {grown:?}");
    assert!(!daemon.log().contains(PASSWORD), "the password is in the log");
}

#[tokio::test]
async fn what_is_opened_by_mqtt_is_allowed_announced_and_stopped() {
    if !tools() || !has(&["chromium", "chromedriver"]) {
        return;
    }
    let broker = Broker::start().await;
    let state = tempfile::tempdir().unwrap();
    let listener = Listener::start(&broker);
    let keys = [("PORCHLIGHT_MQTT__ALLOW", "unmute,live,record"), ("PORCHLIGHT_ENDPOINT__SPEAKER", "null")];
    let daemon = broker.daemon(&state, &broker.address(), &[&SMALL[..], &keys[..]].concat());
    let id = listener.says("availability", "online").await;
    let base = format!("porchlight/{id}");
    let ask = async |topic: &str, payload: &str, answer: u8| {
        let answer = format!("{base}/answers/{answer}");
        let said = asks(&broker, &format!("{base}/{topic}"), &answer, payload, DEADLINE.as_secs()).await;
        said.unwrap_or_else(|| panic!("{topic} is not answered"))
    };
    let browser = Browser::start().await;
    let (owner, _, page) = owner_in_call(&browser, &daemon).await;
    let tile = "document.querySelector('[data-testid=tile][data-name=Porchlight]')";
    assert_eq!(ask("microphone/muted/set", "ON", 1).await["ok"], true);
    page.wait_for(&format!("{tile}.querySelector('.tile-muted')"), "box that is muted").await;

    // Five seconds in which the room learns of it; then it is heard.
    let began = tokio::time::Instant::now();
    let mut opens = std::pin::pin!(ask("microphone/muted/set", "OFF", 1));
    let early = tokio::time::timeout(AHEAD - Duration::from_secs(1), &mut opens).await;
    assert!(early.is_err(), "{early:?} after {:?}", began.elapsed());
    assert_eq!(listener.now().1["microphone/muted"], "ON");
    assert_eq!(opens.await["ok"], true);
    assert!(began.elapsed() >= AHEAD);
    page.wait_for(&format!("!{tile}.querySelector('.tile-muted')"), "box that is heard").await;

    // What can't be, or is not allowed, is said at once.
    assert_eq!(ask("recording/active/set", "ON", 1).await["problem"]["type"], "failed", "nothing is on air");
    assert_eq!(ask("call/answer/set", "PRESS", 1).await["problem"]["type"], "not-permitted");

    // One is announced at a time; and whoever closes camera and microphone meanwhile wants nothing opened.
    let (mut one, mut other) =
        (std::pin::pin!(ask("rpc/request/go_live", "", 1)), std::pin::pin!(ask("rpc/request/go_live", "", 2)));
    let (refused, first) = tokio::select! {
        refused = &mut one => (refused, false),
        refused = &mut other => (refused, true),
    };
    assert_eq!(refused["problem"]["type"], "stopped", "{refused}");
    assert_eq!(owner.post("/api/v1/privacy", &json!({})).await.status(), 200);
    let stopped = if first { one.await } else { other.await };
    assert_eq!(stopped["problem"]["type"], "stopped", "{stopped}");
    assert_eq!(listener.now().1["broadcast/active"], "OFF");
    let private = ask("rpc/request/unmute", "", 1).await;
    assert!(private.to_string().contains("privacy mode"), "{private}");

    assert_eq!(ask("broadcast/active/set", "ON", 1).await["ok"], true);
    listener.says("broadcast/active", "ON").await;
    assert_eq!(ask("recording/active/set", "ON", 1).await["ok"], true);
    listener.says("recording/active", "ON").await;
    let audit: Value = owner.get("/api/v1/audit").await.json().await.unwrap();
    let of = |entry: &Value| (entry["subject"].to_string(), entry["detail"].to_string());
    let announced = audit.as_array().unwrap().iter().rev().filter(|entry| entry["action"] == "announced").map(of);
    let expected = [("unmute", "done"), ("live", "stopped"), ("live", "done"), ("record", "done")];
    assert_eq!(
        announced.collect::<Vec<_>>(),
        expected.map(|(what, how)| (json!(what).to_string(), json!(how).to_string()))
    );
}

#[tokio::test]
async fn a_box_that_is_gone_is_said_to_be_and_a_broker_that_comes_back_is_told_everything() {
    if !tools() {
        return;
    }
    let mut broker = Broker::start().await;
    let state = tempfile::tempdir().unwrap();
    let listener = Listener::start(&broker);
    let daemon = broker.daemon(&state, &broker.address(), &[]);
    let id = listener.says("availability", "online").await;
    daemon.kill();
    listener.says("availability", "offline").await;
    let daemon = broker.daemon(&state, &broker.address(), &[]);
    listener.says("availability", "online").await;

    // Home Assistant starts again.
    let found = format!("homeassistant/device/porchlight_{id}/config");
    let told = listener.count(&found);
    broker.publish("homeassistant/status", "online", false);
    until("discovery, again", async || listener.count(&found) > told).await;

    // The broker does, and has forgotten everything.
    drop(listener);
    broker.again().await;
    let listener = Listener::start(&broker);
    listener.says("availability", "online").await;
    listener.says("screen/layout", "grid").await;
    until("discovery", async || listener.count(&found) > 0).await;
    broker.publish(&format!("porchlight/{id}/screen/layout/set"), "speaker", false);
    listener.says("screen/layout", "speaker").await;

    // It is called something else.
    let owner = Visitor::owner(&daemon).await;
    owner.request(reqwest::Method::PATCH, "/api/v1/node").json(&json!({ "name": "Kitchen" })).send().await.unwrap();
    let named =
        async || listener.heard.lock().unwrap().iter().any(|(.., payload)| payload.contains(r#""name":"Kitchen""#));
    until("other name", named).await;
}

#[tokio::test]
async fn a_broker_is_held_to_its_certificate_and_a_wrong_password_is_said() {
    if !tools() {
        return;
    }
    let broker = Broker::start().await;
    let address = format!("mqtts://localhost:{}", broker.secure);
    let state = tempfile::tempdir().unwrap();
    let daemon = broker.daemon(&state, &address, &[]);
    daemon.writes("the connection can't be encrypted", 1).await;
    drop(daemon);
    let authority = broker.folder.path().join("ca.pem");
    let listener = Listener::start(&broker);
    let trusting = [("PORCHLIGHT_MQTT__AUTHORITY", authority.to_str().unwrap())];
    let daemon = broker.daemon(&state, &address, &trusting);
    listener.says("availability", "online").await;
    let metrics = reqwest::get(daemon.metrics().await).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("porchlight_mqtt_connected 1\n"), "{metrics}");
    let owner = Visitor::owner(&daemon).await;
    let how: Value = owner.get("/api/v1/mqtt").await.json().await.unwrap();
    assert_eq!(how, json!({ "state": "connected", "trouble": null }));
    drop(daemon);

    let wrong = broker.folder.path().join("wrong");
    std::fs::write(&wrong, "south").unwrap();
    let daemon = Daemon::start_with(
        &state,
        &[
            ("PORCHLIGHT_MQTT__BROKER", broker.address().as_str()),
            ("PORCHLIGHT_MQTT__USER", "box"),
            ("PORCHLIGHT_MQTT__PASSWORD", wrong.to_str().unwrap()),
        ],
    );
    daemon.writes("look at mqtt.user and mqtt.password", 1).await;
    let how: Value = owner.at(&daemon.url).get("/api/v1/mqtt").await.json().await.unwrap();
    assert_eq!(how, json!({ "state": "trying", "trouble": "login" }));
    assert!(!daemon.log().contains("south"), "the password is in the log");
    assert_eq!(Visitor::new(&daemon).get("/healthz").await.status(), 200, "everything else goes on");
    assert!(daemon.stop().success());
}

/// A broker of before MQTT 5: who speaks that is refused as MQTT 3.1.1 has it, or without a word; everybody else is passed on.
async fn of_before(to: u16, says: bool) -> (u16, JoinSet<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut lines = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            lines.spawn(async move {
                let mut begin = vec![0; 4096];
                let Ok(count) = stream.read(&mut begin).await else { return };
                // The level stands behind the protocol's name (MQTT 3.1.1 section 3.1.2.2).
                let level = begin[..count].windows(4).position(|name| name == b"MQTT").map(|at| begin[at + 4]);
                if level != Some(4) {
                    if says {
                        let _ = stream.write_all(&[0x20, 2, 0, 1]).await;
                    }
                    return;
                }
                let mut broker = tokio::net::TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                broker.write_all(&begin[..count]).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut broker).await;
            });
        }
    });
    (port, tasks)
}

#[tokio::test]
async fn a_broker_that_speaks_three_alone_is_spoken_to_in_that() {
    if !tools() {
        return;
    }
    let broker = Broker::start().await;
    for says in [true, false] {
        let (state, listener) = (tempfile::tempdir().unwrap(), Listener::start(&broker));
        let (port, _relay) = of_before(broker.port, says).await;
        let daemon = broker.daemon(&state, &format!("mqtt://127.0.0.1:{port}"), &[]);
        let id = listener.says("availability", "online").await;
        broker.publish(&format!("porchlight/{id}/screen/layout/set"), "speaker", false);
        listener.says("screen/layout", "speaker").await;
        daemon.kill();
        listener.says("availability", "offline").await;
    }
}

#[tokio::test]
async fn a_box_that_is_an_image_tells_of_its_update_and_any_other_does_not() {
    if !tools() || !has(&PROGRAMS) {
        return;
    }
    let (broker, world) = (Broker::start().await, World::start().await);
    let bundle = world.bundle("good", Made::default());
    let state = tempfile::tempdir().unwrap();
    let listener = Listener::start(&broker);
    let bus = world.bus();
    let daemon = broker.daemon(&state, &broker.address(), &[("DBUS_SYSTEM_BUS_ADDRESS", &bus)]);
    let own = env!("CARGO_PKG_VERSION");
    let told = |latest: &str, progress: bool, percent: &str| {
        format!(
            r#"{{"installed_version":"{own}","latest_version":"{latest}","in_progress":{progress},"update_percentage":{percent}}}"#
        )
    };
    let id = listener.says("update", &told(own, false, "null")).await;
    let found = || {
        let heard = listener.heard.lock().unwrap();
        let last = heard.iter().rev().find(|(_, topic, _)| topic.ends_with(&format!("porchlight_{id}/config")));
        last.map(|(_, _, payload)| serde_json::from_str::<Value>(payload).unwrap()["components"]["update"].clone())
    };
    until("an entity", async || {
        found().is_some_and(|entity| entity["state_topic"] == format!("porchlight/{id}/update"))
    })
    .await;
    let owner = Visitor::owner(&daemon).await;
    let asked = owner.request(reqwest::Method::PUT, "/api/v1/update/bundle").body(std::fs::read(&bundle).unwrap());
    assert_eq!(asked.send().await.unwrap().status(), 202);
    let latest = if world.mounts(&bundle) { "9.8.7" } else { own };
    if latest != own {
        listener.says("update", &told(latest, false, "null")).await;
    }
    drop(daemon);

    // The same box, where there is no RAUC any more.
    let nowhere = [("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus")];
    let _daemon = broker.daemon(&state, &broker.address(), &nowhere);
    until("no entity", async || found() == Some(json!({ "platform": "update" }))).await;
}

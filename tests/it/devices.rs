//! What is plugged in, and H.264 encoders, which are found by coding pictures.

use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::browser::Browser;
use crate::fixture::daemon::Daemon;
use crate::fixture::has;
use crate::fixture::visitor::Visitor;

fn code(element: &str) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_porchlight")).args(["code-pictures", element]).output().unwrap()
}

async fn of_node(owner: &Visitor) -> Value {
    let node: Value = owner.get("/api/v1/node").await.json().await.unwrap();
    node["devices"]["encoder"].clone()
}

#[test]
fn an_encoder_says_how_fast_it_is_and_what_is_none_is_refused() {
    let output = code("x264enc");
    let proof: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(proof["Ok"]["fps"].as_f64().unwrap() > 1.0, "{proof}");
    let output = code("fakesink");
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("x264enc, openh264enc"), "{error}");
}

#[tokio::test]
async fn the_first_that_works_is_taken_shown_with_its_speed_and_remembered() {
    let state = tempfile::tempdir().unwrap();
    let known = state.path().join("encoders.json");
    let auto = [("PORCHLIGHT_MEDIA__H264_ENCODER", "auto")];
    let daemon = Daemon::start_with(&state, &auto);
    let owner = Visitor::owner(&daemon).await;
    let encoder = of_node(&owner).await;
    assert!(encoder["name"].as_str().unwrap().ends_with("264enc"), "{encoder}");
    assert!(encoder["pictures_per_second"].as_u64().unwrap() >= 1, "{encoder}");
    daemon.kill();
    let mut written: Value = serde_json::from_slice(&std::fs::read(&known).unwrap()).unwrap();

    // Had it been tried again, it would be another figure than this.
    written["proofs"][encoder["name"].as_str().unwrap()] = serde_json::json!({ "Ok": { "fps": 12345.0 } });
    std::fs::write(&known, written.to_string()).unwrap();
    let daemon = Daemon::start_with(&state, &auto);
    let owner = Visitor::new(&daemon).with(Some(owner.secret()));
    assert_eq!(of_node(&owner).await["pictures_per_second"], 12345);
}

#[test]
fn the_doctor_says_what_is_used_and_what_to_do() {
    let state = tempfile::tempdir().unwrap();
    let config = state.path().join("porchlight.toml");
    std::fs::write(
        &config,
        "[endpoint]\ncamera = \"/dev/video99\"\nspeaker = \"none\"\n[media]\nh264_encoder = \"x264\"\n",
    )
    .unwrap();
    let doctor = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_porchlight"));
        command.args(["doctor", "devices", "--config"]).arg(&config).arg("--state").arg(state.path()).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let report: Value = serde_json::from_str(&doctor(&["--json"])).unwrap();
    assert_eq!(report["camera"]["stand_in"], true);
    assert_eq!((&report["encoder"], &report["pictures_per_second"]), (&"x264enc".into(), &Value::Null));
    let codes: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    for code in ["camera_away", "speaker_off", "encoder_named"] {
        assert!(codes.contains(&code), "{codes:?}");
    }
    let text = doctor(&[]);
    assert!(text.contains("!! camera_away: The camera /dev/video99"), "{text}");
}

#[tokio::test]
async fn the_page_says_what_the_doctor_says_the_worst_first() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let wished = [
        ("PORCHLIGHT_ENDPOINT__CAMERA", "/dev/video99"),
        ("PORCHLIGHT_ENDPOINT__MICROPHONE", "none"),
        ("PORCHLIGHT_ENDPOINT__SPEAKER", "none"),
    ];
    let daemon = Daemon::start_with(&state, &wished);
    let browser = Browser::start().await;
    let page = browser.open("Ada", None).await;
    page.goto(&daemon.owner_link).await;
    page.wait_for("document.querySelector('[data-testid=devices]')", "way to the page").await;
    let report = page.eval("return await (await fetch('/api/v1/devices')).json()").await;
    let codes = |report: &Value| -> Vec<String> {
        let findings = report["findings"].as_array().unwrap().iter();
        findings.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_porchlight"));
    command.args(["doctor", "devices", "--json", "--state"]).arg(state.path()).envs(wished);
    let output = command.env("PORCHLIGHT_MEDIA__H264_ENCODER", "x264").output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let sorted = |mut codes: Vec<String>| {
        codes.sort();
        codes
    };
    assert_eq!(sorted(codes(&report)), sorted(codes(&told)));
    assert_eq!((&report["camera"], &report["encoder"]), (&told["camera"], &told["encoder"]));

    page.click("devices").await;
    page.wait_for("document.querySelector('[data-testid=findings]')", "findings").await;
    let shown = page.eval("return [...document.querySelectorAll('[data-code]')].map(line => line.dataset.code)").await;
    let shown: Vec<String> = serde_json::from_value(shown).unwrap();
    assert_eq!(shown[0], "camera_away");
    assert_eq!(sorted(shown), sorted(codes(&report)));
    page.click("again").await;
    page.wait_for("document.querySelectorAll('[data-code]').length > 3", "findings again").await;
    assert_eq!(page.errors().await, Vec::<String>::new());
}

/// ALSA's device that takes everything and gives silence: it is on no card, so that the box itself turns it down.
const NULL: [(&str, &str); 2] = [("PORCHLIGHT_ENDPOINT__MICROPHONE", "null"), ("PORCHLIGHT_ENDPOINT__SPEAKER", "null")];

/// How loud the speaker is, once the daemon has looked at it.
async fn speaker(owner: &Visitor) -> Value {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let loudness: Value = owner.get("/api/v1/sound").await.json().await.unwrap();
        if loudness["speaker"] != Value::Null {
            return loudness["speaker"].clone();
        }
        assert!(Instant::now() < end, "nobody looks at the speaker: {loudness}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn how_loud_the_box_is_is_kept_and_what_can_t_be_is_refused() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &NULL);
    let owner = Visitor::owner(&daemon).await;
    assert_eq!(speaker(&owner).await, json!({ "percent": 100, "muted": false, "by": "box" }));
    let change = async |wishes: Value| {
        let answer = owner.request(Method::PATCH, "/api/v1/sound").json(&wishes).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, now) = change(json!({ "speaker": { "percent": 40, "muted": true } })).await;
    assert_eq!((status, &now["speaker"]["percent"], &now["speaker"]["muted"]), (200, &json!(40), &json!(true)));
    for (wishes, status, problem) in [
        (json!({ "speaker": { "percent": 101 } }), 400, "bad-volume"),
        (json!({ "microphone": { "percent": 10 } }), 409, "no-loudness"),
        (json!({ "speaker": { "loud": true } }), 400, "bad-body"),
    ] {
        let (answered, why) = change(wishes).await;
        assert_eq!((answered, &why["type"]), (status, &json!(problem)));
    }
    daemon.kill();
    let daemon = Daemon::start_with(&state, &NULL);
    let owner = Visitor::new(&daemon).with(Some(owner.secret()));
    assert_eq!(speaker(&owner).await, json!({ "percent": 40, "muted": true, "by": "box" }));
}

#[tokio::test]
async fn the_doctor_has_the_daemon_test_the_sound_or_does_it_itself() {
    let state = tempfile::tempdir().unwrap();
    let doctor = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_porchlight"));
        command.args(["doctor", "sound", "--json", "--state"]).arg(state.path()).envs(NULL);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let alone = doctor();
    assert_eq!(alone["findings"][0]["code"], "nothing_heard", "{alone}");
    let daemon = Daemon::start_with(&state, &NULL);
    let asked = doctor();
    assert_eq!(asked, alone);
    let owner = Visitor::owner(&daemon).await;
    let answer = owner.request(Method::POST, "/api/v1/sound/test").send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap(), alone);
}

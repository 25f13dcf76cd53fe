//! How the box is reached: the page, the API and the command line try it for real, and say the same.

use std::process::Command;

use serde_json::{Value, json};

use super::fixture::browser::Browser;
use super::fixture::daemon::Daemon;
use super::fixture::has;
use super::fixture::visitor::Visitor;

/// What `porchlight doctor network` says for a state folder.
fn doctor(state: &tempfile::TempDir, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_porchlight"))
        .args(["doctor", "network", "--config"])
        .arg(state.path().join("porchlight.toml"))
        .arg("--state")
        .arg(state.path())
        .args(arguments)
        .env("PORCHLIGHT_PEERS__LISTEN", "127.0.0.1:0")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Transport, port and outcome of each way.
fn ways(report: &Value) -> Vec<(String, u16, bool)> {
    let ways = report["ways"].as_array().unwrap().iter();
    let of = |way: &Value| {
        let port = way["address"].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap();
        (way["transport"].as_str().unwrap().to_owned(), port, way["works"] == true)
    };
    ways.map(of).collect()
}

fn codes(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_doctor_asks_the_daemon_and_opens_its_ports_where_none_runs() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let trust: Value = reqwest::get(format!("{}/api/v1/trust", daemon.url)).await.unwrap().json().await.unwrap();
    let secure: u16 = trust["secure"].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap();
    let media = daemon.udp().port();

    let told = doctor(&state, &["--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let expected = [("udp".to_owned(), media, true), ("tcp".to_owned(), media, true), ("tcp".to_owned(), secure, true)];
    assert_eq!(ways(&told), expected);
    assert_eq!(codes(&told), ["only_home", "router_off", "no_relay", "home_works"]);
    assert!(doctor(&state, &[]).starts_with("The daemon runs"));

    let answer = Visitor::owner(&daemon).await.post("/api/v1/reachability", &json!({})).await;
    assert_eq!(answer.status(), 200);
    let asked: Value = answer.json().await.unwrap();
    assert_eq!((ways(&asked), codes(&asked)), (ways(&told), codes(&told)));

    assert!(daemon.stop().success());
    let alone = doctor(&state, &[]);
    assert!(alone.starts_with("The daemon does not run"), "{alone}");
    assert!(alone.contains("interface, machine: works, ") && alone.contains("ok home_works: "), "{alone}");
}

#[tokio::test]
async fn the_owner_s_page_says_what_works_and_what_to_do() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &[("PORCHLIGHT_PEERS__TCP", "false")]);
    let browser = Browser::start().await;
    let page = browser.open("Ada", None).await;
    page.goto(&daemon.owner_link).await;
    page.click("reachability").await;
    page.wait_for("document.querySelector('[data-testid=findings]')", "findings").await;
    let found = page.eval("return [...document.querySelectorAll('[data-code]')].map(line => line.dataset.code)").await;
    assert_eq!(found, json!(["only_home", "tcp_off", "router_off", "no_relay", "home_works"]));
    let tried = page.eval("return document.querySelector('[data-testid=ways] tbody').innerText").await;
    let tried = tried.as_str().unwrap();
    assert!(tried.contains(&format!("UDP 127.0.0.1:{}", daemon.udp().port())) && tried.contains("works"), "{tried}");
    page.click("again").await;
    page.wait_for("document.querySelectorAll('[data-code]').length === 5", "findings again").await;
    assert_eq!(page.errors().await, Vec::<String>::new());
}

//! The daemon starts, says that it is there, and stops cleanly.

use super::fixture::daemon::Daemon;

#[tokio::test]
async fn the_daemon_serves_is_ready_and_stops_when_it_is_asked_to() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    for path in ["healthz", "readyz"] {
        let answer = reqwest::get(format!("{}/{path}", daemon.url)).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}: {}", daemon.log());
    }
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn one_port_serves_both_families_of_addresses_plain_and_secure() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_at(&state, "[::]:0", &[("PORCHLIGHT_HTTPS__LISTEN", "[::]:0")]);
    let port = daemon.url.rsplit(':').next().unwrap();
    let trust: serde_json::Value =
        reqwest::get(format!("{}/api/v1/trust", daemon.url)).await.unwrap().json().await.unwrap();
    let secure = trust["secure"].as_str().unwrap().rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "[::1]"] {
        let answer = reqwest::get(format!("http://{host}:{port}/healthz")).await;
        assert_eq!(answer.unwrap_or_else(|error| panic!("{host}: {error:?}")).status(), 200, "{host}");
        let opened = std::net::TcpStream::connect(format!("{host}:{secure}"));
        assert!(opened.is_ok(), "{host}, the secure port: {opened:?}");
    }
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn a_killed_daemon_starts_again_with_what_it_knew() {
    let state = tempfile::tempdir().unwrap();
    let rooms = async |daemon: &Daemon| {
        let client = reqwest::Client::builder().cookie_store(true).build().unwrap();
        let token = daemon.owner_link.split_once("#owner=").expect("a start without an owner gives a link").1;
        let session = format!("{}/api/v1/session", daemon.url);
        let sign_in = client.post(session).header("origin", &daemon.url);
        let answer = sign_in.json(&serde_json::json!({ "owner": token })).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        let answer = client.get(format!("{}/api/v1/rooms", daemon.url)).send().await.unwrap();
        let rooms: serde_json::Value = answer.json().await.unwrap();
        rooms.as_array().unwrap().iter().map(|room| room["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = Daemon::start(&state);
    let known = rooms(&first).await;
    assert_eq!(known.len(), 1);
    drop(first);

    let second = Daemon::start(&state);
    assert_eq!(rooms(&second).await, known);
    assert!(second.stop().success());
}

#[tokio::test]
async fn no_token_stands_in_the_log() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &[("PORCHLIGHT_LOG__LEVEL", "trace")]);
    let token = daemon.owner_link.split_once("#owner=").expect("a first start gives a link").1.to_owned();
    let log = daemon.log();
    assert!(!log.is_empty());
    assert!(!log.contains(&token), "{log}");
    assert!(daemon.stop().success());
}

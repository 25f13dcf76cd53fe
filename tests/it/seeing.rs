//! What an operator sees: numbers, logs, and the owner's statistics page; and what neither of them ever says.

mod openmetrics;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use porchlight::interfaces::http::metrics::{FAMILIES, Kind};
use reqwest::Method;
use serde_json::Value;

use self::openmetrics::{Exposition, parse};
use super::fixture::browser::{Browser, Devices};
use super::fixture::daemon::Daemon;
use super::fixture::people;
use super::fixture::visitor::{Visitor, owner_token};
use super::fixture::{DEADLINE, has};
use super::push::services::{MODULE, Pushes, SMALL, Server, free, go_live};

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };

/// Every value that a label may have is of one of these lists, or a number of a histogram, or this version.
const LABELS: &[(&str, &[&str])] = &[
    ("level", &["warning", "error"]),
    ("source", &["own", "configured", "acme"]),
    (
        "part",
        &[
            "program",
            "composition",
            "feed",
            "endpoint",
            "capture",
            "conversion",
            "egress",
            "packager",
            "whep",
            "recorder",
            "ladder",
            "thumbnail",
            "chat",
            "push",
        ],
    ),
    ("state", &["connecting", "connected", "lost", "off", "waiting", "live", "failed"]),
    ("direction", &["received", "sent", "in", "out", "up", "down"]),
    ("layer", &["0", "1", "2"]),
    ("worker", &["0", "1", "2", "3"]),
    ("kind", &["audio", "video", "person", "box"]),
    ("quality", &["good", "fair", "poor", "unknown"]),
    ("quantile", &["0", "0.5", "1"]),
    ("reason", &["unknown_peer", "not_webrtc", "unbound", "tcp_full", "busy", "connection", "codec", "source"]),
    ("reader", &["peers", "conversion", "composition", "packager"]),
    (
        "role",
        &[
            "camera",
            "camera-layer",
            "rung",
            "microphone",
            "video-encoder",
            "audio-encoder",
            "video-decoder",
            "audio-decoder",
            "display",
            "speaker",
            "duplex",
            "push",
        ],
    ),
    ("of", &["identity", "invite", "name"]),
    ("purpose", &["call", "screen", "on_air", "record", "separate"]),
    ("protocol", &["hls", "whep", "rtmp", "rtmps", "srt", "whip"]),
    ("status", &["1xx", "2xx", "3xx", "4xx", "5xx"]),
    ("method", &["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"]),
    ("version", &[env!("CARGO_PKG_VERSION")]),
];

async fn scrape(url: &str) -> Exposition {
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    parse(&answer.text().await.unwrap()).unwrap_or_else(|wrong| panic!("{wrong}"))
}

/// Scrapes until the numbers are as they should be.
async fn until(url: &str, what: &str, is: impl Fn(&Exposition) -> bool) -> Exposition {
    let end = tokio::time::Instant::now() + DEADLINE;
    loop {
        let seen = scrape(url).await;
        if is(&seen) {
            return seen;
        }
        assert!(tokio::time::Instant::now() < end, "no {what} within {DEADLINE:?}: {:#?}", seen.samples);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn assert_labels(seen: &Exposition) {
    for sample in &seen.samples {
        for (name, value) in &sample.labels {
            let known = match name.as_str() {
                "le" => value == "+Inf" || value.parse::<f64>().is_ok(),
                "route" => {
                    value == "other" || porchlight::interfaces::http::routes::TABLE.iter().any(|r| r.path == value)
                }
                name => LABELS.iter().any(|(known, values)| *known == name && values.contains(&value.as_str())),
            };
            assert!(known, "{}: {name}={value:?} is in no list", sample.name);
        }
    }
}

#[tokio::test]
async fn every_metric_is_well_formed_named_by_its_base_unit_and_in_the_golden_list() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let url = daemon.metrics().await;
    Visitor::owner(&daemon).await.get("/api/v1/rooms").await;
    let seen = scrape(&url).await;
    assert_labels(&seen);
    for (name, kind) in &seen.types {
        let unit = ["_milliseconds", "_ms", "_kilobytes", "_kb", "_mb", "_percent", "_minutes", "_bits"];
        assert!(!unit.iter().any(|wrong| name.ends_with(wrong)), "{name} is not in a base unit");
        assert!(!name.ends_with("_total"), "{name}: the suffix of a {kind} is not part of its name");
    }
    let mut got = String::new();
    for (name, kind) in &seen.types {
        let labels: BTreeSet<&str> = seen
            .samples
            .iter()
            .filter(|s| s.family == *name)
            .flat_map(|s| s.labels.keys())
            .map(String::as_str)
            .collect();
        let labels: Vec<&str> = labels.into_iter().filter(|label| *label != "le").collect();
        got.push_str(format!("{kind} {name} {}", labels.join(" ")).trim_end());
        got.push('\n');
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/metrics.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &got).unwrap();
    }
    // A board without a thermal zone has none to tell of, and its labels are there only with a value.
    let wanted = std::fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(got, wanted, "the metrics differ; UPDATE_GOLDEN=1 writes {} anew", golden.display());

    let declared: Vec<String> =
        FAMILIES.iter().map(|family| format!("{} {}", family.kind.name(), family.name)).collect();
    let exposed: Vec<String> = seen.types.iter().map(|(name, kind)| format!("{kind} {name}")).collect();
    assert_eq!(exposed, declared, "what is declared is what is told, in this order");
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn what_is_sent_to_other_services_is_counted_by_protocol_and_stays_counted() {
    assert!(Path::new(MODULE).exists(), "libnginx-mod-rtmp is not installed; run script/test");
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let url = daemon.metrics().await;
    let pushes = Pushes::of(Visitor::owner(&daemon).await).await;
    let server = Server::new();
    let _nginx = server.start().await;
    let secret = serde_json::json!({ "key": "key-of-the-service" });
    let good = pushes.add("Theodolinde", &server.address("live"), secret.clone()).await;
    let nobody = pushes.add("Nobody", &format!("rtmp://127.0.0.1:{}/live", free()), secret.clone()).await;
    let off = pushes.add("Off", "rtmps://example.org/live", secret).await;
    pushes.change(&off, serde_json::json!({ "enabled": false })).await;

    let pushed = |seen: &Exposition, protocol, state| {
        seen.value("porchlight_pushes", &[("protocol", protocol), ("state", state)])
    };
    let before = scrape(&url).await;
    assert_eq!((pushed(&before, "rtmp", "waiting"), pushed(&before, "rtmps", "off")), (2.0, 1.0));
    let sent = |seen: &Exposition, protocol| seen.value("porchlight_push_bytes_total", &[("protocol", protocol)]);
    let restarts =
        |seen: &Exposition, protocol| seen.value("porchlight_push_restarts_total", &[("protocol", protocol)]);
    assert_eq!((sent(&before, "rtmp"), restarts(&before, "rtmp")), (0.0, 0.0));
    let _line = go_live(&pushes.owner, &pushes.room).await;
    let during = until(&url, "stream that is sent", |seen| {
        let failed = pushed(seen, "rtmp", "failed");
        pushed(seen, "rtmp", "live") == 1.0 && failed == 1.0 && sent(seen, "rtmp") > 0.0 && restarts(seen, "rtmp") > 0.0
    })
    .await;
    assert_labels(&during);
    assert_eq!((sent(&during, "rtmps"), sent(&during, "srt"), restarts(&during, "rtmps")), (0.0, 0.0, 0.0));
    assert_eq!(during.value("porchlight_push_dropped_pictures_total", &[("protocol", "rtmp")]), 0.0);

    // What is counted stays, whoever it was counted of.
    for id in [&good, &nobody] {
        assert_eq!(pushes.owner.delete(&format!("{}/{id}", pushes.path())).await.status(), 204);
    }
    let after = scrape(&url).await;
    assert_eq!((pushed(&after, "rtmp", "live"), pushed(&after, "rtmp", "failed")), (0.0, 0.0));
    assert!(sent(&after, "rtmp") >= sent(&during, "rtmp") && restarts(&after, "rtmp") >= restarts(&during, "rtmp"));
    assert!(daemon.stop().success());
}

#[test]
fn the_reference_says_of_every_metric_what_the_code_says() {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/metrics.md")).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> = FAMILIES
        .iter()
        .map(|family| {
            let suffix = match family.kind {
                Kind::Counter => "_total",
                Kind::Info => "_info",
                Kind::Gauge | Kind::Histogram => "",
            };
            let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
            format!("| `{}{suffix}` | {} | {} | {} |", family.name, family.kind.name(), labels.join(", "), family.help)
        })
        .collect();
    assert_eq!(rows, expected, "docs/reference/metrics.md");
}

#[tokio::test]
async fn metrics_are_on_their_own_address_alone_and_a_busy_one_stops_nothing() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let url = daemon.metrics().await;
    let host = Visitor::owner(&daemon).await;
    assert_eq!(host.get("/metrics").await.status(), 404, "not where the pages are, not even for the owner");
    let base = url.strip_suffix("/metrics").unwrap();
    for path in ["/", "/api/v1/rooms", "/healthz", "/metrics/x"] {
        assert_eq!(reqwest::get(format!("{base}{path}")).await.unwrap().status(), 404, "{path}: nothing else is there");
    }
    let (other, busy) = (tempfile::tempdir().unwrap(), base.strip_prefix("http://").unwrap());
    let second = Daemon::start_with(&other, &[("PORCHLIGHT_METRICS__LISTEN", busy)]);
    second.writes("metrics are not served", 1).await;
    assert_eq!(Visitor::new(&second).get("/healthz").await.status(), 200);
    let third = tempfile::tempdir().unwrap();
    let off = Daemon::start_with(&third, &[("PORCHLIGHT_METRICS__LISTEN", "")]);
    assert_eq!(Visitor::new(&off).get("/healthz").await.status(), 200);
    assert!(off.stop().success());
}

#[tokio::test]
async fn every_answer_has_an_identifier_that_the_log_has_too() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &[("PORCHLIGHT_LOG__LEVEL", "debug")]);
    let nobody = Visitor::new(&daemon);
    let mut seen = BTreeSet::new();
    for (path, status) in [("/", 200), ("/api/v1/rooms", 200), ("/nothing", 404), ("/api/v1/statistics", 401)] {
        let answer = nobody.get(path).await;
        assert_eq!(answer.status(), status, "{path}");
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        if status >= 400 {
            let document: Value = answer.json().await.unwrap();
            assert_eq!(document["request"], id.as_str(), "what a person is told is what the header says");
        }
        daemon.writes(&id, 1).await;
        assert!(seen.insert(id), "no identifier is given twice");
    }
    // A proxy on this machine names its requests, in so far as the name is fit for a log.
    for (given, kept) in [("proxy-17", true), ("a b", false), ("x=1", false)] {
        let request = nobody.request(Method::GET, "/healthz").header("x-request-id", given);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["x-request-id"].to_str().unwrap() == given, kept, "{given}");
    }
    assert!(daemon.stop().success());
}

/// Somebody's name that nothing else in a log is called.
const NAME: &str = "Theodolinde";

#[tokio::test]
async fn a_log_that_says_everything_names_no_token_no_person_and_no_address() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &[("PORCHLIGHT_LOG__LEVEL", "trace")]);
    let host = Visitor::owner(&daemon).await;
    let (room, _) = host.make_room().await;
    let invite = host.invite(&room).await;
    let guest = host.guest(&invite, NAME).await;
    let mut line = guest.join(&room, NAME).await;
    // Candidates of an offer are addresses of people.
    let offer = "v=0\r\no=- 1 1 IN IP4 203.0.113.77\r\na=candidate:1 1 udp 1 203.0.113.77 9 typ host\r\n";
    assert!(line.ask("offer", serde_json::json!({ "sdp": offer })).await.is_err());
    line.ask("state", serde_json::json!({ "microphone": true, "camera": true })).await.unwrap();
    let wrong = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    host.with(Some(wrong)).get("/api/v1/session").await;
    host.with(None).post("/api/v1/session", &serde_json::json!({ "owner": wrong })).await;
    let client = line.local_address();
    line.ask("leave", serde_json::json!({})).await.unwrap();
    assert_eq!(host.delete(&format!("/api/v1/rooms/{room}")).await.status(), 204);
    let log = daemon.log();
    assert!(log.contains("joined") && log.contains("answered"), "the log says what happens: {log}");
    let secrets = [
        ("the owner's token", owner_token(&daemon)),
        ("the invite's token", &invite.token),
        ("the host's cookie", host.secret()),
        ("the guest's cookie", guest.secret()),
        ("a wrong token", wrong),
        ("a name", NAME),
        ("the address of the connection", &client),
        ("the address in an offer", "203.0.113.77"),
    ];
    for (what, secret) in secrets {
        assert!(!log.contains(secret), "{what}, {secret:?}, is in the log:\n{log}");
    }
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn a_call_moves_the_numbers_and_the_owner_sees_them_drawn() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let keys = [
        ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
        ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
        ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
        ("PORCHLIGHT_ENDPOINT__FPS", "15"),
        ("PORCHLIGHT_LOG__LEVEL", "trace"),
    ];
    let daemon = Daemon::start_with(&state, &keys);
    let url = daemon.metrics().await;
    let before = scrape(&url).await;
    assert_eq!(before.value("porchlight_peers", &[("state", "connected")]), 0.0);
    let browser = Browser::start().await;
    let (ada, _) = people::owner(&browser, &daemon, "Adalberta", ADA).await;
    let invite = people::invite(&ada).await;
    let bob = people::guest(&browser, &daemon, "Bobadil", BOB, &invite).await;
    people::sees(&bob, "Adalberta", 5).await;

    let during = until(&url, "call of two", |seen| {
        seen.value("porchlight_peers", &[("state", "connected")]) == 2.0
            && seen.value("porchlight_pipelines", &[("role", "camera")]) == 1.0
            && seen.value("porchlight_peer_packets_total", &[("direction", "sent"), ("kind", "video")]) > 100.0
    })
    .await;
    assert_labels(&during);
    for (name, labels) in [
        ("porchlight_peer_datagrams_total", &[("direction", "received")][..]),
        ("porchlight_peer_bytes_total", &[("direction", "sent")]),
        ("porchlight_peer_packets_total", &[("direction", "received"), ("kind", "audio")]),
        ("porchlight_peer_packets_total", &[("direction", "received"), ("kind", "video")]),
        ("porchlight_peer_worker_busy_seconds_total", &[("worker", "0")]),
        ("porchlight_pipeline_frames_total", &[("direction", "out"), ("role", "camera")]),
        ("process_cpu_seconds_total", &[]),
    ] {
        let (then, now) = (before.value(name, labels), during.value(name, labels));
        assert!(now > then, "{name} {labels:?} was {then} and is {now}");
    }
    assert_eq!(during.value("porchlight_participants", &[("kind", "person")]), 2.0);
    until(&url, "round trip of somebody", |seen| {
        let of = |quantile: &str| {
            let mut all = seen.samples.iter().filter(|s| s.name == "porchlight_participant_round_trip_seconds");
            all.find(|sample| sample.labels["quantile"] == quantile).map(|sample| sample.value)
        };
        of("1").zip(of("0")).is_some_and(|(most, least)| most > 0.0 && most >= least)
    })
    .await;
    // Of the call and of its chat, of both.
    assert_eq!(during.value("porchlight_websockets", &[]), 4.0);
    assert_eq!(during.value("porchlight_grants", &[("of", "invite")]), 1.0);
    assert!(during.value("porchlight_subscriptions", &[("purpose", "call")]) >= 4.0, "two people, two tracks each");
    assert_eq!(during.value("porchlight_subscriptions", &[("purpose", "on_air")]), 0.0);

    // The engine of the connections tells what it knows once a second.
    let bobadil = "fetch('/api/v1/statistics').then(answer => answer.json())\
                   .then(all => all.participants.find(person => person.name === 'Bobadil').media)";
    let known = format!("{bobadil}.then(media => media.received_bytes > 0 && media.sent_bytes > 0)");
    ada.wait_for(&known, "numbers of Bobadil").await;
    let media = ada.eval(&format!("return {bobadil}")).await;
    assert_eq!(media["picture"], serde_json::json!({ "width": 320, "height": 180 }), "{media}");
    println!("what the owner sees of Bobadil: {media}");
    let page = browser.open("Somebody", None).await;
    ada.goto(&format!("{}/stats", daemon.url)).await;
    for plot in ["plot-cpu", "plot-memory", "plot-traffic", "plot-peers", "plot-frames", "plot-busy"] {
        let drawn = format!("Number(document.querySelector('[data-testid={plot}]')?.dataset.points) >= 3");
        ada.wait_for(&drawn, &format!("drawn {plot}")).await;
        let line = format!("document.querySelector('[data-testid={plot}] path').getAttribute('d').includes('L')");
        ada.wait_for(&line, &format!("a line in {plot}")).await;
    }
    ada.wait_for("document.querySelector('[data-testid=stats-participant][data-name=Bobadil]')", "row of Bobadil")
        .await;
    page.goto(&format!("{}/stats", daemon.url)).await;
    page.wait_for("document.querySelector('.message')", "refusal of somebody else").await;
    if let Some(folder) = std::env::var_os("SCREENSHOTS") {
        ada.screenshot(&Path::new(&folder).join("stats.png")).await;
    }
    for page in [&ada, &bob] {
        assert_eq!(page.errors().await, Vec::<String>::new(), "on the page of {}", page.name());
    }

    // What a call adds to a log that says everything.
    let log = daemon.log();
    for secret in ["Adalberta", "Bobadil", owner_token(&daemon), invite.split_once("#invite=").unwrap().1] {
        assert!(!log.contains(secret), "{secret:?} is in the log");
    }
    assert!(log.contains("peer="), "peers have identifiers");
    let metrics: BTreeMap<_, _> = during.types.iter().cloned().collect();
    assert_eq!(metrics.len(), FAMILIES.len());
    assert!(daemon.stop().success());
}

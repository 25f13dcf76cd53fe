//! What holds for every answer over HTTP: docs/reference/http.md.

use porchlight::interfaces::http::routes::TABLE;
use reqwest::Method;
use serde_json::{Value, json};

use super::fixture::daemon::Daemon;
use super::fixture::visitor::{Visitor, problem};

/// A body holds so many bytes.
const LARGEST: usize = 64 * 1024;

#[tokio::test]
async fn a_body_is_json_of_at_most_64_kib() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let host = Visitor::owner(&daemon).await;
    let post = async |content: Option<&str>, body: String| {
        let mut request = host.request(Method::POST, "/api/v1/rooms").body(body);
        if let Some(content) = content {
            request = request.header("content-type", content);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), problem(answer).await)
    };
    let json = Some("application/json");
    let padded = |size: usize| {
        let room = json!({ "name": "" }).to_string();
        format!("{}{room}", " ".repeat(size - room.len()))
    };
    assert_eq!(post(json, padded(LARGEST)).await, (400, "bad-name".into()), "it was read to its end");
    assert_eq!(post(json, padded(LARGEST + 1)).await, (413, "too-large".into()));
    for content in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        assert_eq!(post(content, padded(100)).await, (415, "not-json".into()), "{content:?}");
    }
    for body in ["", "{", "[]", r#"{"name":7}"#, r#"{"name":"Attic","owner":true}"#] {
        assert_eq!(post(json, body.into()).await, (400, "bad-body".into()), "{body}");
    }
    let rooms: Value = host.get("/api/v1/rooms").await.json().await.unwrap();
    assert_eq!(rooms.as_array().unwrap().len(), 1, "nothing was made");
}

#[tokio::test]
async fn what_does_not_exist_is_a_problem_document() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let host = Visitor::owner(&daemon).await;
    let id = "0123456789abcdef";
    for (path, kind) in [
        ("/api/v1/nothing".to_owned(), "not-found"),
        ("/nothing".into(), "not-found"),
        ("/assets/nothing.js".into(), "not-found"),
        ("/assets/../index.html".into(), "not-found"),
        ("/assets/%2e%2e/index.html".into(), "not-found"),
        ("/assets/..%2findex.html".into(), "not-found"),
        ("/api/v1/rooms/nonsense".into(), "not-found"),
        (format!("/api/v1/rooms/{id}"), "no-room"),
        (format!("/api/v1/broadcasts/{id}"), "not-found"),
        (format!("/api/v1/broadcasts/{id}/events"), "not-found"),
        (format!("/hls/{id}/index.m3u8"), "not-on-air"),
        (format!("/dash/{id}/manifest.mpd"), "not-on-air"),
    ] {
        let answer = host.get(&path).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(problem(answer).await, kind, "{path}");
    }
    let looks = |method| host.request(method, "/nothing").header("accept", "text/html,*/*;q=0.8").send();
    let page = looks(Method::GET).await.unwrap();
    assert_eq!(
        (page.status().as_u16(), &page.headers()["content-type"]),
        (404, &"text/html; charset=utf-8".parse().unwrap())
    );
    assert!(page.text().await.unwrap().contains("<html"), "a browser is shown a page that says so");
    assert_eq!(problem(looks(Method::POST).await.unwrap()).await, "not-found");
    for path in ["/api/v1/rooms", "/api/v1/session", "/"] {
        let answer = host.request(Method::PATCH, path).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{path}");
        assert!(answer.headers()["allow"].to_str().unwrap().contains("GET"), "{path}");
        assert_eq!(problem(answer).await, "wrong-method", "{path}");
    }
}

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let host = Visitor::owner(&daemon).await;
    let paths = TABLE.iter().filter(|route| route.method == Method::GET).map(|route| route.path);
    for path in paths.chain(["/nothing", "/api/v1/rooms/%ff"]) {
        // Parameters stay as they are: a problem is an answer, too.
        let answer = host.get(&path.replace(['{', '}', '*'], "")).await;
        let header =
            |name| answer.headers().get(name).unwrap_or_else(|| panic!("no {name} at {path}")).to_str().unwrap();
        let policy = header("content-security-policy");
        let framed = if path.starts_with("/embed/") { "frame-ancestors *" } else { "frame-ancestors 'none'" };
        for part in ["default-src 'self'", "object-src 'none'", "base-uri 'none'", framed] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
        let devices =
            if path.starts_with("/embed/") { "camera=(), microphone=()" } else { "camera=(self), microphone=(self)" };
        assert!(header("permissions-policy").contains(devices), "{path}");
    }
}

#[tokio::test]
async fn the_page_is_fresh_and_what_it_loads_is_kept_for_good() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let nobody = Visitor::new(&daemon);
    let mut pages = Vec::new();
    for path in ["/", "/r/0123456789abcdef", "/b/0123456789abcdef"] {
        let answer = nobody.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8", "{path}");
        assert_eq!(answer.headers()["cache-control"], "no-cache", "{path}");
        pages.push(answer.text().await.unwrap());
    }
    assert!(pages.windows(2).all(|pair| pair[0] == pair[1]), "it is one page");
    let assets: Vec<&str> = pages[0].split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert!(assets.iter().any(|path| path.ends_with(".js")) && assets.iter().any(|path| path.ends_with(".css")));
    for path in assets {
        let answer = nobody.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable", "{path}");
        let content = match path.rsplit('.').next().unwrap() {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("what is {other}?"),
        };
        assert_eq!(answer.headers()["content-type"], content, "{path}");
    }
}

#[tokio::test]
async fn readiness_names_every_part() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let answer = Visitor::new(&daemon).get("/readyz").await;
    assert_eq!(answer.status(), 200);
    let said: Value = answer.json().await.unwrap();
    assert_eq!(said["ready"], true);
    let parts = said["parts"].as_object().unwrap();
    assert!(parts.len() >= 4 && parts.values().all(|part| part == "ok"), "{said}");
    assert_eq!(said["restarts"], json!({}), "nothing failed");
    assert_eq!(said.as_object().unwrap().len(), 3, "{said}");
}

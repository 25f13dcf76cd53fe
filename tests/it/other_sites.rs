//! What pages of other sites may do: what needs no login, and a room by a guest's token. Cookies do not count.

use porchlight::interfaces::http::routes::{Rule, TABLE};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::fixture::daemon::Daemon;
use super::fixture::visitor::{Invite, Visitor, problem};

const ELSEWHERE: &str = "https://elsewhere.example";

/// A page of another site, in the browser of whoever has this cookie.
struct Page<'a> {
    daemon: &'a Daemon,
    cookie: Option<String>,
}

impl Page<'_> {
    async fn ask(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Response {
        let mut request = reqwest::Client::new().request(method, format!("{}{path}", self.daemon.url));
        request = request.header("origin", ELSEWHERE).header("sec-fetch-site", "cross-site");
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("porchlight={cookie}"));
        }
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        assert!(answer.headers().get("set-cookie").is_none(), "{path} sets a cookie");
        answer
    }

    /// Takes an invite: the token.
    async fn enter(&self, invite: &Invite, name: &str) -> String {
        let entry = json!({ "invite": invite.token, "name": name });
        let answer = self.ask(Method::POST, "/api/v1/guest", None, Some(entry)).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["access-control-allow-origin"]),
            (201, &"*".parse().unwrap())
        );
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let guest: Value = answer.json().await.unwrap();
        assert_eq!((guest["role"].as_str(), guest["name"].as_str()), (Some("guest"), Some(name)));
        guest["token"].as_str().unwrap().to_owned()
    }

    async fn who(&self, token: Option<&str>) -> Result<Value, String> {
        let answer = self.ask(Method::GET, "/api/v1/guest", token, None).await;
        if answer.status() == 200 { Ok(answer.json().await.unwrap()) } else { Err(problem(answer).await) }
    }
}

/// A guest's cookie value, as a browser that came by the invite's link has it.
async fn guest_cookie(daemon: &Daemon, invite: &Invite) -> String {
    let entry = json!({ "invite": invite.token, "name": "Cid" });
    let answer = Visitor::new(daemon).post("/api/v1/session", &entry).await;
    super::fixture::visitor::cookie(&answer).0
}

#[tokio::test]
async fn a_page_of_another_site_takes_part_by_a_token_and_by_nothing_else() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let host = Visitor::owner(&daemon).await;
    let (room, _) = host.make_room().await;
    let (other_room, _) = host.make_room().await;
    let (invite, other) = (host.invite(&room).await, host.invite(&other_room).await);
    let page = Page { daemon: &daemon, cookie: None };
    let token = page.enter(&invite, "Garden").await;
    assert_eq!(
        page.who(Some(&token)).await,
        Ok(json!({ "role": "guest", "name": "Garden", "room": room, "identity": null, "owner": false }))
    );

    let mut owner = host.join(&room, "Olga").await;
    let nobody = Visitor::new(&daemon);
    let mut line =
        nobody.open_with(&room, ELSEWHERE, Some(&token)).await.unwrap_or_else(|refused| panic!("{refused:?}"));
    line.join("Garden", None).await;
    let me = line.me();
    owner.until("the guest", |state| state["participants"].get(&me).is_some()).await;
    assert_eq!(owner.state["participants"][&me]["role"], "guest");
    assert_eq!(line.ask("go_live", json!({})).await, Err("not-permitted".into()));

    // A cookie is worth nothing on another site's page, nor beside a token: it is the token that is looked at.
    let stranger = page.enter(&other, "Eve").await;
    let guest = nobody.with(Some(&guest_cookie(&daemon, &invite).await));
    let forged = "A".repeat(43);
    for (who, token, refused) in [
        (&host, None, (403, "foreign-origin")),
        (&guest, None, (403, "foreign-origin")),
        (&nobody, None, (403, "foreign-origin")),
        (&host, Some(&stranger), (403, "not-permitted")),
        (&host, Some(&forged), (401, "sign-in")),
        (&nobody, Some(&forged), (401, "sign-in")),
        (&nobody, Some(&invite.token), (401, "sign-in")),
        (&nobody, Some(&host.secret().to_owned()), (401, "sign-in")),
        (&nobody, Some(&String::new()), (401, "sign-in")),
    ] {
        let answer = who.open_with(&room, ELSEWHERE, token.map(String::as_str)).await.err();
        assert_eq!(answer, Some((refused.0, refused.1.into())));
        let at_home = who.open_with(&room, &daemon.url, token.map(String::as_str)).await.err();
        assert_eq!(at_home.is_some(), token.is_some() || std::ptr::eq(who, &nobody), "on the box's own page");
    }
    let with_cookie = Page { daemon: &daemon, cookie: Some(guest_cookie(&daemon, &invite).await) };
    assert_eq!(with_cookie.who(None).await, Err("sign-in".into()));
    assert_eq!(page.who(Some(&forged)).await, Err("sign-in".into()));

    // The token opens the room's WebSocket and nothing else.
    for path in [format!("/api/v1/rooms/{room}"), format!("/api/v1/rooms/{room}/invites")] {
        let answer = page.ask(Method::GET, &path, Some(&token), None).await;
        assert_eq!((answer.status().as_u16(), problem(answer).await), (401, "sign-in".into()), "{path}");
    }

    // Given back, it is gone, and so is the guest.
    let left = page.ask(Method::DELETE, "/api/v1/guest", Some(&token), None).await;
    assert_eq!(left.status(), 204);
    assert_eq!(line.end().await.as_deref(), Some("removed"));
    owner.until("the room without the guest", |state| state["participants"].get(&me).is_none()).await;
    assert_eq!(page.who(Some(&token)).await, Err("sign-in".into()));
    let again = page.ask(Method::DELETE, "/api/v1/guest", Some(&token), None).await;
    assert_eq!(problem(again).await, "sign-in");
    assert!(!daemon.log().contains(&token) && !daemon.log().contains(&invite.token));
}

#[tokio::test]
async fn a_token_ends_with_its_invite_and_is_refused_without_one() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let host = Visitor::owner(&daemon).await;
    let (room, _) = host.make_room().await;
    let invite = host.invite(&room).await;
    let page = Page { daemon: &daemon, cookie: None };
    let token = page.enter(&invite, "Garden").await;
    let mut line = Visitor::new(&daemon).open_with(&room, ELSEWHERE, Some(&token)).await.ok().unwrap();
    line.join("Garden", None).await;
    assert_eq!(host.delete(&format!("/api/v1/rooms/{room}/invites/{}", invite.id)).await.status(), 204);
    assert_eq!(line.end().await.as_deref(), Some("removed"));
    assert_eq!(page.who(Some(&token)).await, Err("sign-in".into()));

    for (invite, name, refused) in [
        (invite.token.as_str(), "Garden", (401, "link-revoked")),
        ("nothing", "Garden", (401, "unknown-link")),
        (&invite.token, "", (400, "bad-name")),
    ] {
        let entry = json!({ "invite": invite, "name": name });
        let answer = page.ask(Method::POST, "/api/v1/guest", None, Some(entry)).await;
        assert_eq!(answer.headers()["access-control-allow-origin"], "*", "the page may read why");
        assert_eq!((answer.status().as_u16(), problem(answer).await), (refused.0, refused.1.into()));
    }
    let answer = page.ask(Method::OPTIONS, "/api/v1/guest", None, None).await;
    assert_eq!(answer.headers()["access-control-allow-headers"], "content-type, authorization");
    assert_eq!(answer.headers()["access-control-allow-methods"], "GET, POST, DELETE, OPTIONS");
}

#[tokio::test]
async fn what_other_sites_may_use_says_so_and_nothing_else_does() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let host = Visitor::owner(&daemon).await;
    let (room, broadcast) = host.make_room().await;
    let mut open = 0;
    for route in TABLE.iter().filter(|route| route.method == Method::GET && !route.path.ends_with("/ws")) {
        let path = route.path.replace("{room}", &room).replace("{broadcast}", &broadcast);
        let path = path.replace("{*path}", if path.starts_with("/sdk") { "porchlight.js" } else { "index.m3u8" });
        let answer = host.request(Method::GET, &path).header("origin", ELSEWHERE).send().await.unwrap();
        let every_page = route.rule == Rule::EveryPage;
        open += usize::from(every_page);
        let header = |name| answer.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("access-control-allow-origin"), every_page.then_some("*"), "{path}");
        assert_eq!(header("access-control-allow-credentials"), None, "{path}");
        let shown = if every_page { "cross-origin" } else { "same-origin" };
        assert_eq!(header("cross-origin-resource-policy"), Some(shown), "{path}");
        let framed = header("content-security-policy").unwrap().contains("frame-ancestors *");
        assert_eq!(framed, path.starts_with("/embed/"), "{path}");
    }
    assert!(open >= 5, "only {open} routes are open to other sites");
}

#[tokio::test]
async fn the_library_has_names_that_stay_and_is_sent_once() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let page = Page { daemon: &daemon, cookie: None };
    for name in ["porchlight.js", "porchlight.global.js", "hls.js"] {
        let first = page.ask(Method::GET, &format!("/sdk/{name}"), None, None).await;
        assert_eq!(first.status(), 200, "{name}");
        assert_eq!(first.headers()["content-type"], "text/javascript; charset=utf-8");
        assert_eq!(first.headers()["cache-control"], "public, max-age=3600, stale-while-revalidate=86400");
        let tag = first.headers()["etag"].to_str().unwrap().to_owned();
        let text = first.text().await.unwrap();
        let version = page.ask(Method::GET, &format!("/sdk/v1/{name}"), None, None).await;
        assert_eq!(version.headers()["etag"], tag);
        assert_eq!(version.text().await.unwrap(), text);
        for (known, status) in [(tag.clone(), 304), (format!("\"other\", W/{tag}"), 304), ("\"other\"".into(), 200)] {
            let again =
                reqwest::Client::new().get(format!("{}/sdk/{name}", daemon.url)).header("if-none-match", &known);
            let again = again.send().await.unwrap();
            assert_eq!(again.status(), status, "{name} with {known}");
            assert_eq!(again.headers()["access-control-allow-origin"], "*");
            assert_eq!(again.bytes().await.unwrap().is_empty(), status == 304);
        }
    }
    for name in ["v2/porchlight.js", "nothing.js", "../index.html", "v1/../../index.html", "porchlight.js/"] {
        let answer = page.ask(Method::GET, &format!("/sdk/{name}"), None, None).await;
        // A client puts `..` away by itself: then it is the page of another address.
        assert!(answer.status() == 404 || !answer.url().path().starts_with("/sdk/"), "{name}");
    }
    for name in ["..%2findex.html", "%2e%2e/index.html"] {
        assert_eq!(page.ask(Method::GET, &format!("/sdk/{name}"), None, None).await.status(), 404, "{name}");
    }
}

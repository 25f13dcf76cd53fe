//! Who may do what: every route and every message of the code's own lists, tried by every role at a running daemon.

use std::fmt::Write as _;
use std::path::Path;

use porchlight::interfaces::http::chat;
use porchlight::interfaces::http::routes::{Route, Rule, TABLE};
use porchlight::interfaces::http::signalling::OPS;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::fixture::daemon::Daemon;
use super::fixture::visitor::{Invite, Visitor, cookie, owner_token, problem};
use super::fixture::written::{Written, of_broadcast, of_room};

const ROLES: [&str; 9] = [
    "nobody",
    "forged cookie",
    "name alone",
    "viewer",
    "guest",
    "guest of another room",
    "moderator",
    "host of the room",
    "owner",
];

/// The right form, and nobody was ever given it.
const FORGED: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A daemon, its owner, and an invite to a room that nothing is done in.
struct Site {
    daemon: Daemon,
    host: Visitor,
    elsewhere: Invite,
    asset: String,
    _state: tempfile::TempDir,
}

impl Site {
    async fn start() -> Self {
        let state = tempfile::tempdir().unwrap();
        let daemon = Daemon::start(&state);
        let host = Visitor::owner(&daemon).await;
        let (elsewhere, _) = host.make_room().await;
        let elsewhere = host.invite(&elsewhere).await;
        let page = host.get("/").await.text().await.unwrap();
        let asset = page.split('"').find_map(|text| text.strip_prefix("/assets/")).expect("the page has assets");
        Self { asset: asset.to_owned(), daemon, host, elsewhere, _state: state }
    }

    /// A room of its own for one try, and whoever tries.
    async fn case(&self, role: &str) -> Case<'_> {
        let (room, broadcast) = self.host.make_room().await;
        let invite = self.host.invite(&room).await;
        let caller = match role {
            "nobody" => Visitor::new(&self.daemon),
            "forged cookie" => self.host.with(Some(FORGED)),
            "guest" => self.host.guest(&invite, "Ada").await,
            "name alone" => self.host.named("Zoe").await,
            "viewer" => self.host.guest(&self.host.invite_as(&room, "viewer").await, "Vic").await,
            "moderator" => self.host.guest(&self.host.invite_as(&room, "moderator").await, "Mo").await,
            "host of the room" => self.host.guest(&self.host.invite_as(&room, "host").await, "Ho").await,
            "guest of another room" => self.host.guest(&self.elsewhere, "Eve").await,
            "owner" => self.host.clone(),
            other => panic!("who is {other}?"),
        };
        Case { all: self, caller, room, broadcast, invite }
    }
}

struct Case<'a> {
    all: &'a Site,
    caller: Visitor,
    room: String,
    broadcast: String,
    invite: Invite,
}

impl Case<'_> {
    /// A request with all that its route needs, and the status when nothing forbids it. A route that is not here fails.
    fn request(&self, route: &Route) -> (RequestBuilder, u16) {
        let rule = json!({ "allow": [], "deny": ["share_screen"] });
        let (rest, body, status) = match (route.method.as_str(), route.path) {
            (
                "GET",
                "/sign-in" | "/me" | "/people" | "/people/{room}" | "/audit" | "/settings" | "/network" | "/update"
                | "/setup" | "/healthz" | "/readyz" | "/api/openapi.json" | "/" | "/r/{room}" | "/b/{broadcast}"
                | "/stats" | "/trust" | "/reachability" | "/camera" | "/devices" | "/recordings" | "/pushes/{room}"
                | "/studio/{room}",
            ) => ("", None, 200),
            ("GET", "/embed/b/{broadcast}") => ("", None, 200),
            ("GET", "/sdk/{*path}") => ("porchlight.js", None, 200),
            ("GET", "/trust.svg" | "/api/v1/trust" | "/ca.crt" | "/ca.pem" | "/ca.mobileconfig") => ("", None, 200),
            ("GET", "/.well-known/acme-challenge/{token}") => ("", None, 404),
            ("GET", "/assets/{*path}") => (self.all.asset.as_str(), None, 200),
            ("GET", "/hls/{broadcast}/{*path}") => ("index.m3u8", None, 404),
            ("GET", "/dash/time") => ("", None, 200),
            ("GET", "/dash/{broadcast}/manifest.mpd") => ("", None, 404),
            ("GET" | "DELETE", "/api/v1/session") => ("", None, 200),
            ("POST", "/api/v1/session") => ("", Some(json!({ "invite": self.invite.token, "name": "Bob" })), 200),
            ("GET", "/api/v1/statistics") => ("", None, 200),
            // The box would start again.
            ("POST", "/api/v1/node/restart") => ("", Some(json!({ "when": "later" })), 400),
            ("GET", "/api/v1/mqtt") => ("", None, 200),
            // By another name than that of the box.
            ("POST", "/api/v1/node/factory-reset") => ("", Some(json!({ "name": "" })), 409),
            ("GET", "/api/v1/network") => ("", None, 200),
            // There is no radio.
            ("POST", "/api/v1/network/join" | "/api/v1/network/forget") => ("", Some(json!({ "name": "Home" })), 404),
            // A box that is no image.
            ("GET", "/api/v1/update") => ("", None, 404),
            ("POST", "/api/v1/update") => ("", Some(json!({ "address": "https://127.0.0.1/bundle" })), 404),
            ("PUT", "/api/v1/update/bundle") => ("", Some(json!({})), 404),
            ("POST", "/api/v1/update/restart") => ("", Some(json!({})), 404),
            ("GET", "/api/v1/settings") => ("", None, 200),
            ("PATCH", "/api/v1/settings") => ("", Some(json!({ "room.max_participants": 30 })), 200),
            // Nothing is tried.
            ("POST", "/api/v1/settings/keep" | "/api/v1/settings/revert") => ("", None, 409),
            ("POST", "/api/v1/reachability") => ("", None, 200),
            ("GET", "/api/v1/devices") => ("", None, 200),
            ("GET", "/api/v1/camera") => ("", None, 200),
            // A stand-in has no controls; and there is no such preset.
            ("PATCH", "/api/v1/camera/controls") => ("", Some(json!({ "id": 1, "value": 1 })), 409),
            ("DELETE", "/api/v1/camera/controls") => ("", None, 409),
            ("PUT", "/api/v1/camera/aim") => ("", Some(json!({ "zoom": 100, "pan": 0, "tilt": 0 })), 204),
            ("PUT", "/api/v1/camera/presets/{preset}") => ("", None, 200),
            ("DELETE", "/api/v1/camera/presets/{preset}") => ("", None, 404),
            ("GET", "/api/v1/recordings") => ("", None, 200),
            // There is no such recording.
            ("PATCH", "/api/v1/recordings/{recording}") => ("", Some(json!({ "protected": true })), 404),
            ("DELETE", "/api/v1/recordings/{recording}") => ("", None, 404),
            ("POST", "/api/v1/recordings/{recording}/restore") => ("", None, 404),
            ("POST", "/api/v1/recordings/{recording}/trim") => ("", Some(json!({ "from": 0, "to": 1000 })), 404),
            ("GET", "/api/v1/recordings/{recording}/video") => ("", None, 404),
            ("GET", "/api/v1/screen") => ("", None, 200),
            ("PUT", "/api/v1/screen") => ("", Some(json!({ "speaker": false, "own": true })), 200),
            ("GET", "/api/v1/certificate") => ("", None, 200),
            ("POST", "/api/v1/certificate/renew") => ("", None, 404),
            ("GET", "/api/v1/sound") => ("", None, 200),
            // There is nothing to play it with.
            ("POST", "/api/v1/sound/test") => ("", None, 409),
            ("PATCH", "/api/v1/sound") => ("", Some(json!({})), 200),
            // For those with a token: a cookie does not count.
            ("POST", "/api/v1/guest") => ("", Some(json!({ "invite": self.invite.token, "name": "Bob" })), 201),
            ("GET" | "DELETE", "/api/v1/guest") => ("", None, 401),
            ("OPTIONS", "/api/v1/guest") => ("", None, 204),
            ("GET", "/api/v1/node" | "/api/v1/rooms" | "/api/v1/rooms/{room}") => ("", None, 200),
            ("PATCH", "/api/v1/node") => ("", Some(json!({ "name": "Kitchen" })), 200),
            ("POST", "/api/v1/rooms") => ("", Some(json!({ "name": "Cellar" })), 201),
            ("DELETE", "/api/v1/rooms/{room}" | "/api/v1/rooms/{room}/invites/{invite}") => ("", None, 204),
            ("GET", "/api/v1/rooms/{room}/invites") => ("", None, 200),
            ("POST", "/api/v1/rooms/{room}/invites") => ("", Some(json!({ "hours": 1 })), 201),
            ("GET", "/api/v1/rooms/{room}/members" | "/api/v1/rooms/{room}/rules") => ("", None, 200),
            ("GET", "/api/v1/rooms/{room}/audit" | "/api/v1/audit" | "/api/v1/identities") => ("", None, 200),
            // Nobody is known by this.
            ("PATCH", "/api/v1/rooms/{room}/members/{subject}") => ("", Some(json!({ "role": "guest" })), 404),
            ("DELETE", "/api/v1/rooms/{room}/members/{subject}") => ("", None, 404),
            ("PUT", "/api/v1/rooms/{room}/rules") => {
                ("", Some(json!({ "moderator": rule, "guest": rule, "viewer": rule })), 200)
            }
            // Nobody made a message or a passkey.
            ("POST", "/api/v1/session/passkey") => ("", None, 200),
            ("POST", "/api/v1/session/wallet") => ("", None, 200),
            ("GET", "/api/v1/identity") => ("", None, 200),
            ("PATCH", "/api/v1/identity") => ("", Some(json!({ "name": "Maria" })), 204),
            ("DELETE", "/api/v1/identity/devices/{device}") => ("", None, 404),
            ("POST", "/api/v1/identity/code" | "/api/v1/identity/recovery") => ("", None, 201),
            ("POST", "/api/v1/identity/passkey") => ("", None, 200),
            ("POST", "/api/v1/identity/passkeys") => {
                ("", Some(json!({ "question": "none", "name": "Phone", "credential": {} })), 401)
            }
            ("POST", "/api/v1/identity/wallets") => ("", Some(json!({ "message": "Hello", "signature": "0x00" })), 400),
            ("DELETE", "/api/v1/identity/credentials/{credential}") => ("", None, 404),
            ("POST", "/api/v1/identities/{identity}/code") => ("", None, 404),
            ("POST", "/api/v1/identities") => ("", Some(json!({ "name": "Kim" })), 201),
            ("PATCH", "/api/v1/identities/{identity}") => ("", Some(json!({ "owner": true })), 404),
            ("DELETE", "/api/v1/identities/{identity}") => ("", None, 404),
            ("GET", "/api/v1/rooms/{room}/studio") => ("", None, 200),
            ("PATCH", "/api/v1/rooms/{room}/studio") => ("", Some(json!({ "layout": "grid" })), 200),
            ("POST", "/api/v1/rooms/{room}/live") => ("", Some(json!({ "title": "Party" })), 200),
            ("DELETE", "/api/v1/rooms/{room}/live") => ("", None, 204),
            // There is none, and what comes is none.
            ("GET", "/api/v1/logo") => ("", None, 404),
            ("PUT", "/api/v1/logo") => ("", Some(json!({})), 400),
            ("DELETE", "/api/v1/logo") => ("", None, 204),
            ("GET", "/api/v1/rooms/{room}/pushes") => ("", None, 200),
            ("POST", "/api/v1/rooms/{room}/pushes") => {
                let (address, key) = ("rtmp://example.org/live", "a-key");
                let body = json!({ "name": "A", "preset": "custom", "address": address, "key": key, "enabled": false });
                ("", Some(body), 201)
            }
            // There is no such push.
            ("PATCH", "/api/v1/rooms/{room}/pushes/{push}") => ("", Some(json!({})), 404),
            ("DELETE", "/api/v1/rooms/{room}/pushes/{push}") => ("", None, 404),
            // The box is not in the call.
            ("GET", "/api/v1/rooms/{room}/still") => ("", None, 409),
            ("GET", "/api/v1/rooms/{room}/ws" | "/api/v1/rooms/{room}/lobby") => ("", None, 101),
            ("GET", "/api/v1/rooms/{room}/chat" | "/api/v1/broadcasts/{broadcast}/chat") => ("", None, 101),
            ("POST", "/api/v1/rooms/{room}/chat/search") => ("", Some(json!({ "channel": "room" })), 200),
            ("GET", "/api/v1/broadcasts" | "/api/v1/broadcasts/{broadcast}") => ("", None, 200),
            ("GET", "/api/v1/broadcasts/{broadcast}/video") => ("", None, 404),
            // It is off air.
            ("GET", "/api/v1/broadcasts/{broadcast}/thumbnail.jpg") => ("", None, 404),
            ("GET", "/api/v1/broadcasts/{broadcast}/events") => ("", None, 200),
            ("GET", "/api/v1/telephone" | "/api/v1/telephone/events") => ("", None, 200),
            // Nobody rings, and the box is in no call.
            ("POST", "/api/v1/telephone/answer" | "/api/v1/telephone/decline" | "/api/v1/telephone/hang-up") => {
                ("", None, 409)
            }
            ("PUT", "/api/v1/telephone/settings") => {
                ("", Some(json!({ "do_not_disturb": false, "quiet_hours": null, "answers": [] })), 200)
            }
            ("DELETE", "/api/v1/telephone/calls") => ("", None, 204),
            ("GET" | "POST", "/api/v1/privacy") => ("", None, 200),
            // There is no screen that could show a code, and none is shown.
            ("POST", "/api/v1/privacy/code") => ("", None, 409),
            ("POST", "/api/v1/privacy/open") => ("", Some(json!({ "code": "0000" })), 409),
            // Without an offer; and there is no such viewer.
            ("POST", "/whep/{broadcast}") => ("", None, 415),
            ("DELETE", "/whep/{broadcast}/{viewer}") => ("", None, 404),
            ("PATCH", "/whep/{broadcast}/{viewer}") => ("", None, 415),
            ("GET", "/whep/{broadcast}" | "/whep/{broadcast}/{viewer}") => ("", None, 204),
            ("OPTIONS", "/whep/{broadcast}" | "/whep/{broadcast}/{viewer}") => ("", None, 200),
            (method, path) => panic!("{method} {path} is new: say here how it is tried, and look at its rule"),
        };
        let path = route.path.replace("{room}", &self.room).replace("{broadcast}", &self.broadcast);
        let path = path.replace("{invite}", &self.invite.id).replace("{*path}", rest);
        let preset = if route.method == Method::PUT { "Sofa" } else { "Nowhere" };
        let path = path.replace("{recording}", &self.broadcast).replace("{push}", &self.broadcast);
        let path = path.replace("{subject}", &format!("login.{}", self.broadcast));
        let path = path.replace("{identity}", &self.broadcast).replace("{device}", &self.broadcast);
        let path = path.replace("{credential}", &self.broadcast);
        let path = path.replace("{viewer}", &self.broadcast).replace("{preset}", preset).replace("{token}", "nobody");
        assert!(!path.contains('{'), "{path} has a parameter that is not filled");
        let mut request = self.caller.request(route.method.clone(), &path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        if status == 101 {
            request = upgrade(request);
        }
        (request, status)
    }

    /// `yes`, or the problem with which the route is refused.
    async fn tries(&self, route: &Route) -> String {
        let (request, status) = self.request(route);
        let answer = request.send().await.unwrap();
        if matches!(answer.status().as_u16(), 401 | 403) {
            return problem(answer).await;
        }
        assert_eq!(answer.status(), status, "{} {}", route.method, route.path);
        "yes".into()
    }

    /// `yes`, or the problem with which the message is refused.
    async fn says(&self, op: &str) -> String {
        let (fields, wanted) = match op {
            "join" => (json!({ "name": "Ada" }), Ok(())),
            "offer" => (json!({ "sdp": "none" }), Err("bad-offer".to_owned())),
            "state" => (json!({ "microphone": true, "camera": false }), Ok(())),
            "view" => (json!({ "shown": [], "front": null }), Ok(())),
            "stats" => (json!({}), Ok(())),
            "consent" => (json!({ "on_air": false }), Ok(())),
            "go_live" | "end_live" | "leave" => (json!({}), Ok(())),
            "box" => (json!({ "in_call": false }), Ok(())),
            "record" => (json!({ "on": false }), Err("not-live".to_owned())),
            "ring" => (json!({ "on": false }), Ok(())),
            "hand" => (json!({ "up": true }), Ok(())),
            "lock" => (json!({ "on": false }), Ok(())),
            // There is nobody whom it could be about.
            "stage" | "moderator" => (json!({ "participant": self.room, "on": true }), Err("not-here".to_owned())),
            "mute" | "stop_camera" | "stop_screen" | "lower_hand" | "hand_over" | "remove" | "ban" | "let_in"
            | "refuse" => (json!({ "participant": self.room }), Err("not-here".to_owned())),
            new => panic!("{new} is new: say here how it is tried, and look at its rule"),
        };
        let mut line = match self.caller.open(&self.room).await {
            Ok(line) => line,
            Err((_, refused)) => return refused,
        };
        if op != "join" {
            let early = line.ask(op, fields.clone()).await.unwrap_err();
            if early == "not-permitted" {
                line.join("Ada", None).await;
                assert_eq!(line.ask(op, fields).await, Err(early.clone()), "{op} after joining");
                return early;
            }
            assert_eq!(early, "not-joined", "{op} before joining");
            line.join("Ada", None).await;
        }
        assert_eq!(line.ask(op, fields).await.map(drop), wanted, "{op}");
        "yes".into()
    }

    /// The same in the chat of the call, or of those who watch.
    async fn writes(&self, path: &str, op: &str) -> String {
        // There is no such message, and nobody of that name.
        let (fields, wanted) = match op {
            "name" => (json!({ "name": "Ada" }), Ok(())),
            "write" => (json!({ "text": "hi" }), Ok(())),
            "earlier" => (json!({ "before": 1 }), Ok(())),
            "react" => (json!({ "message": 900, "reaction": "heart", "on": true }), Err("no-message")),
            "report" | "erase" => (json!({ "message": 900 }), Err("no-message")),
            "delete" | "restore" | "approve" | "hold" | "refuse" | "dismiss" | "reopen" => {
                (json!({ "messages": [900] }), Err("no-message"))
            }
            "timeout" => (json!({ "name": "Noone", "seconds": 60 }), Err("nobody")),
            "clear" | "lift" | "ban" | "unban" => (json!({ "name": "Noone" }), Err("nobody")),
            "rules" => (json!({ "slow": 0 }), Ok(())),
            new => panic!("{new} is new: say here how it is tried, and look at its rule"),
        };
        let mut line = match Written::open(&self.caller, path).await {
            Ok(line) => line,
            Err((_, refused)) => return refused,
        };
        match line.ask(op, fields).await {
            Err(refused) if refused == "not-permitted" || refused == "name-first" => refused,
            answer => {
                assert_eq!(answer.map(drop), wanted.map_err(str::to_owned), "{op}");
                "yes".into()
            }
        }
    }
}

fn upgrade(request: RequestBuilder) -> RequestBuilder {
    request
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==")
}

async fn status_and_problem(answer: Response) -> (u16, String) {
    (answer.status().as_u16(), problem(answer).await)
}

#[tokio::test]
async fn every_route_and_message_does_what_its_rule_says_for_every_role() {
    let all = Site::start().await;
    // A host who signs out tries nothing more.
    let ends =
        |role: &str, route: &Route| role == "owner" && route.path.ends_with("/session") && route.method == "DELETE";
    let mut routes: Vec<Vec<String>> = vec![Vec::new(); TABLE.len()];
    let mut messages: Vec<Vec<String>> = vec![Vec::new(); OPS.len()];
    let mut written: Vec<(Vec<String>, Vec<String>)> = vec![Default::default(); chat::OPS.len()];
    for role in ROLES {
        for ((op, _), row) in OPS.iter().zip(&mut messages) {
            let case = all.case(role).await;
            row.push(case.says(op).await);
            assert_eq!(all.host.delete(&format!("/api/v1/rooms/{}", case.room)).await.status(), 204);
        }
        let case = all.case(role).await;
        for ((op, _), (in_call, watching)) in chat::OPS.iter().zip(&mut written) {
            in_call.push(case.writes(&of_room(&case.room), op).await);
            watching.push(case.writes(&of_broadcast(&case.broadcast), op).await);
        }
        all.host.delete(&format!("/api/v1/rooms/{}", case.room)).await;
        for (route, row) in TABLE.iter().zip(&mut routes).filter(|(route, _)| !ends(role, route)) {
            let case = all.case(role).await;
            row.push(case.tries(route).await);
            // It may be gone already: that is what one of the routes is for.
            all.host.delete(&format!("/api/v1/rooms/{}", case.room)).await;
        }
    }
    for (route, row) in TABLE.iter().zip(&mut routes).filter(|(route, _)| ends("owner", route)) {
        row.push(all.case("owner").await.tries(route).await);
    }

    let mut got = format!("# rule: {}\n", ROLES.join(", "));
    for (route, row) in TABLE.iter().zip(&routes) {
        writeln!(got, "{} {} {:?}: {}", route.method, route.path, route.rule, row.join(", ")).unwrap();
    }
    for ((op, verb), row) in OPS.iter().zip(&messages) {
        writeln!(got, "message {op} Room({verb:?}): {}", row.join(", ")).unwrap();
    }
    for ((op, verb), (in_call, watching)) in chat::OPS.iter().zip(&written) {
        writeln!(got, "chat of the call {op} {verb:?}: {}", in_call.join(", ")).unwrap();
        writeln!(got, "chat of the broadcast {op} {verb:?}: {}", watching.join(", ")).unwrap();
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/routes.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &got).unwrap();
    }
    let wanted = std::fs::read_to_string(&golden).unwrap_or_default();
    let differs = |a: &str, b: &str| -> Vec<String> {
        a.lines().filter(|line| !b.lines().any(|other| other == *line)).map(str::to_owned).collect()
    };
    let hint = "who may do what differs; UPDATE_GOLDEN=1 writes it anew, for somebody to look at";
    assert_eq!(differs(&got, &wanted), differs(&wanted, &got), "{hint}");
    assert!(got == wanted, "the order of the lists differs from {}; {hint}", golden.display());
}

#[tokio::test]
async fn nothing_that_changes_something_is_taken_from_another_site() {
    let all = Site::start().await;
    let case = all.case("owner").await;
    let foreign = [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("origin", "http://localhost"),
        ("origin", "http://localhost:1.evil.example"),
    ];
    let mut tried = 0;
    for route in TABLE {
        let (_, status) = case.request(route);
        // What every site's page may use says so in its rule.
        if route.method == Method::GET && status != 101 || route.rule == Rule::EveryPage {
            continue;
        }
        tried += 1;
        for (name, value) in foreign {
            // Takes the place of the origin that pages of the box send.
            let mut request = case.request(route).0.build().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
            let answer = reqwest::Client::new().execute(request).await.unwrap();
            let what = format!("{} {} from {value}", route.method, route.path);
            assert_eq!(status_and_problem(answer).await, (403, "foreign-origin".into()), "{what}");
        }
        let mut request = case.request(route).0.build().unwrap();
        request.headers_mut().remove("origin");
        request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        let answer = reqwest::Client::new().execute(request).await.unwrap();
        assert_eq!(status_and_problem(answer).await, (403, "foreign-origin".into()), "{}", route.path);
    }
    assert!(tried > 5, "only {tried} routes change something");
    let refused = case.caller.open_from(&case.room, "http://evil.example").await.err();
    assert_eq!(refused, Some((403, "foreign-origin".into())));
    assert_eq!(case.caller.get(&format!("/api/v1/rooms/{}", case.room)).await.status(), 200, "the room is still there");
}

#[tokio::test]
async fn the_gate_has_no_side_door() {
    let all = Site::start().await;
    let case = all.case("nobody").await;
    let Case { room, caller, .. } = &case;
    let encoded: String = room.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for (method, path, status) in [
        (Method::HEAD, format!("/api/v1/rooms/{room}"), 401),
        (Method::HEAD, format!("/api/v1/rooms/{room}/invites"), 401),
        (Method::GET, format!("/api/v1/rooms/{encoded}"), 401),
        (Method::GET, format!("/api/v1/rooms/{room}?room=0123456789abcdef"), 401),
        (Method::GET, format!("/api/v1/rooms/{room}/"), 404),
        (Method::GET, format!("//api/v1/rooms/{room}"), 404),
        (Method::GET, format!("/API/v1/rooms/{room}"), 404),
        (Method::GET, format!("/api/v1/rooms/{}", room.to_uppercase()), 404),
        (Method::GET, format!("/api/v1/./rooms%2f{room}"), 404),
        (Method::OPTIONS, format!("/api/v1/rooms/{room}"), 405),
        (Method::TRACE, format!("/api/v1/rooms/{room}"), 405),
    ] {
        let answer = caller.request(method.clone(), &path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path}");
    }
    // A header that proxies and frameworks take for another method.
    let answer = caller.request(Method::POST, "/api/v1/session").header("x-http-method-override", "DELETE");
    assert_eq!(answer.json(&json!([])).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn no_other_site_may_read_the_api() {
    let all = Site::start().await;
    let case = all.case("owner").await;
    let closed = |route: &&Route| route.path.starts_with("/api/") && route.rule != Rule::EveryPage;
    for route in TABLE.iter().filter(closed).filter(|route| route.method == Method::GET) {
        let mut request = case.request(route).0.build().unwrap();
        request.headers_mut().insert("origin", "http://evil.example".parse().unwrap());
        let answer = reqwest::Client::new().execute(request).await.unwrap();
        let open = answer.headers().keys().find(|name| name.as_str().starts_with("access-control-"));
        assert_eq!(open, None, "{}", route.path);
    }
}

#[tokio::test]
async fn a_cookie_is_for_the_box_alone_and_no_script_sees_it() {
    let all = Site::start().await;
    let case = all.case("nobody").await;
    let guest = case.caller.post("/api/v1/session", &json!({ "invite": case.invite.token, "name": "Ada" })).await;
    let (value, attributes) = cookie(&guest);
    assert_eq!(attributes, ["Path=/", "Max-Age=34560000", "HttpOnly", "SameSite=Strict"]);
    assert_ne!(value, case.invite.token);
    assert_eq!(guest.headers()["cache-control"], "no-store");
    let said: Value = guest.json().await.unwrap();
    assert_eq!(said, json!({ "role": "guest", "name": "Ada", "room": case.room, "identity": null, "owner": false }));

    let guest = case.caller.with(Some(&value));
    let shown: Value = guest.get("/api/v1/session").await.json().await.unwrap();
    assert_eq!(shown, said);
    let out = guest.delete("/api/v1/session").await;
    assert_eq!(
        cookie(&out),
        (String::new(), ["Path=/", "Max-Age=0", "HttpOnly", "SameSite=Strict"].map(String::from).to_vec())
    );
    let shown: Value = guest.get("/api/v1/session").await.json().await.unwrap();
    assert_eq!(
        shown,
        json!({ "role": "viewer", "name": null, "room": null, "identity": null, "owner": false }),
        "the old value is worth nothing"
    );
}

#[tokio::test]
async fn the_owners_link_works_once() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let nobody = Visitor::new(&daemon);
    let wrong = nobody.post("/api/v1/session", &json!({ "owner": FORGED })).await;
    assert_eq!(status_and_problem(wrong).await, (401, "unknown-link".into()));

    let right = json!({ "owner": owner_token(&daemon) });
    let (one, other) = tokio::join!(nobody.post("/api/v1/session", &right), nobody.post("/api/v1/session", &right));
    let (owner, late) = if one.status() == 200 { (one, other) } else { (other, one) };
    assert_eq!(owner.status(), 200);
    let (value, attributes) = cookie(&owner);
    assert_eq!(attributes, ["Path=/", "Max-Age=34560000", "HttpOnly", "SameSite=Strict"]);
    let said: Value = owner.json().await.unwrap();
    assert_eq!((&said["role"], &said["name"], &said["room"]), (&json!("host"), &json!("Owner"), &Value::Null));
    assert!(said["identity"].is_string());
    assert!(late.headers().get("set-cookie").is_none());
    assert_eq!(status_and_problem(late).await, (401, "unknown-link".into()));
    let later = nobody.post("/api/v1/session", &right).await;
    assert_eq!(status_and_problem(later).await, (401, "unknown-link".into()));
    let host = nobody.with(Some(&value));
    assert_eq!(host.post("/api/v1/rooms", &json!({ "name": "Attic" })).await.status(), 201);
}

#[tokio::test]
async fn a_secret_is_good_for_one_thing_only() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let nobody = Visitor::new(&daemon);
    let owner = owner_token(&daemon).to_owned();
    // The owner's link is neither an invite nor a cookie, and is not used up by such tries.
    let as_invite = nobody.post("/api/v1/session", &json!({ "invite": owner, "name": "Eve" })).await;
    assert_eq!(status_and_problem(as_invite).await, (401, "unknown-link".into()));
    let host = Visitor::owner(&daemon).await;
    let room = host.first_room().await;
    let invite = host.invite(&room).await;
    for value in [&owner, &invite.token, &invite.id, "", "host", "porchlight="] {
        let shown: Value = nobody.with(Some(value)).get("/api/v1/session").await.json().await.unwrap();
        assert_eq!(shown["role"], "viewer", "a cookie of {value:?}");
    }
    let as_owner = nobody.post("/api/v1/session", &json!({ "owner": invite.token })).await;
    assert_eq!(status_and_problem(as_owner).await, (401, "unknown-link".into()));

    // An invite in another form than the one it was given in.
    for token in ["", &invite.id, &invite.token[1..], &format!("{}=", invite.token), &format!(" {}", invite.token)] {
        let answer = nobody.post("/api/v1/session", &json!({ "invite": token, "name": "Ada" })).await;
        assert!(answer.headers().get("set-cookie").is_none());
        assert_eq!(status_and_problem(answer).await, (401, "unknown-link".into()), "{token:?}");
    }
    for body in [
        json!({ "invite": 7, "name": "Ada" }),
        json!({ "invite": invite.token, "nam": "Ada" }),
        json!([]),
        json!("host"),
    ] {
        let answer = nobody.post("/api/v1/session", &body).await;
        assert_eq!(status_and_problem(answer).await, (400, "bad-body".into()), "{body}");
    }
    for body in [json!({ "invite": invite.token, "name": " " }), json!({ "invite": invite.token })] {
        let answer = nobody.post("/api/v1/session", &body).await;
        assert_eq!(status_and_problem(answer).await, (400, "bad-name".into()), "{body}");
    }
    // After all that it works as it should, and its secret is shown to nobody again.
    host.guest(&invite, "Ada").await;
    let list = host.get(&format!("/api/v1/rooms/{room}/invites")).await.text().await.unwrap();
    assert!(list.contains(&invite.id) && !list.contains(&invite.token), "{list}");
    assert!(!daemon.log().contains(&invite.token));
}

#[tokio::test]
async fn what_is_shown_depends_on_who_asks() {
    let all = Site::start().await;
    for role in ROLES {
        let case = all.case(role).await;
        let rooms: Value = case.caller.get("/api/v1/rooms").await.json().await.unwrap();
        let shown: Vec<&str> = rooms.as_array().unwrap().iter().map(|room| room["id"].as_str().unwrap()).collect();
        let node: Value = case.caller.get("/api/v1/node").await.json().await.unwrap();
        match role {
            "nobody" | "forged cookie" | "name alone" => assert_eq!(shown, [""; 0], "{role}"),
            "viewer" | "guest" | "moderator" | "host of the room" => assert_eq!(shown, [&case.room], "{role}"),
            "owner" => assert!(shown.len() > 2 && shown.contains(&case.room.as_str())),
            _ => assert!(shown.len() == 1 && shown[0] != case.room, "{role}"),
        }
        assert_eq!(node.get("devices").is_some(), role == "owner", "{role}: {node}");
    }
}

#[tokio::test]
async fn an_invite_is_revoked_under_its_own_room_only() {
    let all = Site::start().await;
    let (one, other) = (all.case("owner").await, all.case("owner").await);
    let wrong = format!("/api/v1/rooms/{}/invites/{}", one.room, other.invite.id);
    assert_eq!(status_and_problem(all.host.delete(&wrong).await).await, (404, "not-found".into()));
    all.host.guest(&other.invite, "Ada").await;
}

#[tokio::test]
async fn whoever_came_by_a_revoked_invite_is_put_out_at_once() {
    let all = Site::start().await;
    let case = all.case("guest").await;
    let mut host = all.host.join(&case.room, "Olga").await;
    let mut guest = case.caller.join(&case.room, "Ada").await;
    let bob = all.host.guest(&all.host.invite(&case.room).await, "Bob").await;
    let mut other = bob.join(&case.room, "Bob").await;
    let id = guest.me();
    host.until("Ada", |state| state["participants"].get(&id).is_some()).await;

    let revoked = all.host.delete(&format!("/api/v1/rooms/{}/invites/{}", case.room, case.invite.id)).await;
    assert_eq!(revoked.status(), 204);
    assert_eq!(guest.end().await.as_deref(), Some("removed"));
    for line in [&mut host, &mut other] {
        line.until("the room without Ada", |state| state["participants"].get(&id).is_none()).await;
    }
    assert_eq!(case.caller.open(&case.room).await.err(), Some((401, "sign-in".into())));
    let again =
        all.host.with(None).post("/api/v1/session", &json!({ "invite": case.invite.token, "name": "Ada" })).await;
    assert_eq!(status_and_problem(again).await, (401, "link-revoked".into()));
    // Whoever came by another invite stays.
    assert_eq!(other.ask("state", json!({ "microphone": false, "camera": false })).await, Ok(json!({})));
}

#[tokio::test]
async fn whoever_signs_out_leaves_the_room() {
    let all = Site::start().await;
    let case = all.case("guest").await;
    let mut guest = case.caller.join(&case.room, "Ada").await;
    assert_eq!(case.caller.delete("/api/v1/session").await.status(), 200);
    assert_eq!(guest.end().await.as_deref(), Some("removed"));
}

#[tokio::test]
async fn a_message_that_is_in_no_list_is_refused() {
    let all = Site::start().await;
    for role in ["guest", "owner"] {
        let case = all.case(role).await;
        let mut line = case.caller.join(&case.room, "Ada").await;
        for op in ["reboot", "", "Join", "join "] {
            assert_eq!(line.ask(op, json!({})).await, Err("unknown-op".into()), "{op:?}");
        }
        assert_eq!(line.ask("consent", json!({ "on_air": false })).await, Ok(json!({})), "the connection lives on");
    }
}

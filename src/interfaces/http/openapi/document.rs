//! Writes docs/reference/openapi.json.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::entries::entries;
use super::entry::{Content, Entry, Schemas};
use super::problems;
use crate::interfaces::http::gate::COOKIE;
use crate::interfaces::http::routes::{Route, Rule, TABLE};
use crate::model::role::{Role, Scope, Verb};
use crate::model::verbs::Verbs;
use crate::proto::auth::{of_role, permits};

/// Of an answer that is a problem document.
const PROBLEM: &str = "application/problem+json";

/// The path as the document has it, and its parameters.
fn path(route: &str) -> (String, Vec<Value>) {
    let names = route.split('{').skip(1).map(|part| part.split('}').next().expect("a brace is closed"));
    let parameter = |name: &str| {
        let (schema, meaning) = match name.trim_start_matches('*') {
            "room" => (json!({ "$ref": "#/components/schemas/RoomId" }), "The room."),
            "broadcast" => (json!({ "$ref": "#/components/schemas/BroadcastId" }), "The broadcast."),
            "identity" => (json!({ "$ref": "#/components/schemas/IdentityId" }), "Somebody whom the box knows."),
            "subject" => {
                (json!({ "$ref": "#/components/schemas/Subject" }), "Somebody, as the list of members has it.")
            }
            "device" => (json!({ "$ref": "#/components/schemas/GrantId" }), "The device, as the account has it."),
            "credential" => (json!({ "type": "string" }), "The passkey or wallet, as the account has it."),
            "invite" => (json!({ "$ref": "#/components/schemas/InviteId" }), "The invite."),
            "preset" => (json!({ "$ref": "#/components/schemas/Name" }), "The preset's name."),
            "recording" => (json!({ "$ref": "#/components/schemas/RecordingId" }), "The recording."),
            "push" => (json!({ "$ref": "#/components/schemas/PushId" }), "The service."),
            "viewer" => (json!({ "type": "string" }), "The viewer, as `Location` has it."),
            "token" => (json!({ "type": "string" }), "The token of the challenge, as the authority gave it."),
            "path" => (json!({ "type": "string" }), "The rest of the path, slashes and all."),
            other => panic!("say in openapi/document.rs, path(), what {{{other}}} of {route} is"),
        };
        let name = name.trim_start_matches('*');
        json!({ "name": name, "in": "path", "required": true, "schema": schema, "description": meaning })
    };
    (route.replace("{*", "{"), names.map(parameter).collect())
}

/// Who may, as the policy has it.
fn who(rule: Rule) -> &'static str {
    let (verb, of_role): (_, fn(Role) -> Verbs) = match rule {
        Rule::Everybody => return "everybody",
        Rule::EveryPage => return "everybody, and pages of other sites; no login is looked at",
        Rule::Known => return "everybody whom the box knows",
        Rule::Node(verb) if permits(false, Verbs::NONE, verb, Scope::Node) => return "everybody",
        Rule::NodeOrHere(_) => return "the owner, and whoever has come by the box's own network",
        Rule::Node(verb) => (verb, |_| Verbs::NONE),
        Rule::Room(verb) | Rule::RoomByToken(verb) => (verb, of_role),
        Rule::Lobby => return "the owner, and whoever has an invite to this room, let in or not",
    };
    let least = Role::ALL.into_iter().rev().find(|role| of_role(*role).contains(verb));
    match least {
        Some(Role::Viewer) => "the owner, and everybody with a place in this room",
        Some(Role::Guest) => "the owner, and hosts, moderators and guests of this room",
        Some(Role::Moderator) => "the owner, and hosts and moderators of this room",
        Some(Role::Host) => "the owner, and hosts of this room",
        None => "the owner",
    }
}

/// What can go wrong at this route: what its entry says, and what the gate and the body add.
fn fails(route: &Route, entry: &Entry) -> Vec<&'static str> {
    let mut fails = entry.fails.to_vec();
    if !matches!(route.rule, Rule::Everybody | Rule::EveryPage) {
        fails.extend(["sign-in", "not-permitted"]);
    }
    let open = route.rule == Rule::EveryPage;
    if !open && (route.method != Method::GET || entry.gives.iter().any(|(status, ..)| *status == 101)) {
        fails.push("foreign-origin");
    }
    if entry.takes.as_ref().is_some_and(Content::is_json) {
        fails.extend(["not-json", "too-large", "bad-body"]);
    }
    if route.path.starts_with("/api/") && route.path.contains('{') {
        fails.push("not-found");
    }
    fails
}

fn operation(route: &Route, entry: &Entry, schemas: &mut Schemas) -> Value {
    let known = problems::all();
    let mut answers = Map::new();
    for (status, meaning, content) in &entry.gives {
        let mut answer = json!({ "description": meaning });
        if let Some(content) = content {
            answer["content"] = content.write(schemas);
        }
        for (name, meaning) in entry.headers.iter().filter(|_| *status < 300) {
            answer["headers"][*name] = json!({ "description": meaning, "schema": { "type": "string" } });
        }
        answers.insert(status.to_string(), answer);
    }
    let mut kinds: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for kind in fails(route, entry) {
        let status = known
            .get(kind)
            .unwrap_or_else(|| panic!("{} {}: no source makes the problem {kind}", entry.method, entry.path));
        kinds.entry(status.as_u16()).or_default().push(kind);
    }
    for (status, mut kinds) in kinds {
        kinds.sort_unstable();
        let names: Vec<_> = kinds.iter().map(|kind| format!("`{kind}`")).collect();
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        let answer = answers.entry(status.to_string()).or_insert_with(|| json!({ "description": names.join(", ") }));
        answer["content"][PROBLEM] = json!({ "schema": schema });
    }
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    answers.insert(
        "default".into(),
        json!({ "description": "What can happen anywhere.", "content": { PROBLEM: { "schema": schema } } }),
    );
    let words = route.path.split(['/', '{', '}', '*', '.', '-']).filter(|word| !matches!(*word, "" | "api" | "v1"));
    let id: Vec<&str> = std::iter::once(entry.method).chain(words).collect();
    let mut operation = json!({
        "operationId": id.join("_").to_lowercase(),
        "summary": entry.summary,
        "description": format!("{}Who may: {}.", if entry.more.is_empty() { String::new() } else { format!("{}\n\n", entry.more) }, who(route.rule)),
        "tags": [tag(route.path)],
        "security": match route.rule {
            Rule::Everybody => json!([{}, { "login": [] }]),
            Rule::EveryPage => json!([]),
            Rule::NodeOrHere(_) => json!([{ "login": [] }, {}]),
            Rule::Known | Rule::Node(_) | Rule::Room(_) => json!([{ "login": [] }]),
            Rule::RoomByToken(_) | Rule::Lobby => json!([{ "login": [] }, { "token": [] }]),
        },
        "x-porchlight-rule": format!("{:?}", route.rule),
        "responses": answers,
    });
    if let Some(content) = &entry.takes {
        operation["requestBody"] = json!({ "required": true, "content": content.write(schemas) });
    }
    operation
}

fn tag(path: &str) -> &'static str {
    const TAGS: [(&str, &str); 7] = [
        ("/api/v1/session", "session"),
        ("/api/v1/rooms", "rooms"),
        ("/api/v1/broadcasts", "broadcasts"),
        ("/hls/", "watching"),
        ("/dash/", "watching"),
        ("/whep/", "watching"),
        ("/api/", "box"),
    ];
    let found = TAGS.iter().find(|(begin, _)| path.starts_with(begin)).map(|(_, tag)| *tag);
    found.unwrap_or(if path.ends_with('z') { "box" } else { "pages" })
}

/// The whole document.
fn document() -> Value {
    let entries = entries();
    let mut schemas = Schemas::new();
    let mut paths: Map<String, Value> = Map::new();
    for route in TABLE {
        let entry = entries.iter().find(|entry| entry.method == route.method.as_str() && entry.path == route.path);
        let entry = entry.unwrap_or_else(|| {
            panic!(
                "{} {} is a new route: add `entry({:?}, {:?}, \"What it does\").gives…` to entries() in \
                 src/interfaces/http/openapi/entries.rs, then UPDATE_GOLDEN=1 cargo test --lib openapi",
                route.method,
                route.path,
                route.method.as_str(),
                route.path
            )
        });
        let (path, parameters) = path(route.path);
        let item = paths.entry(path).or_insert_with(|| json!({}));
        if !parameters.is_empty() {
            item["parameters"] = parameters.into();
        }
        item[entry.method.to_lowercase()] = operation(route, entry, &mut schemas);
    }
    for entry in &entries {
        let there = TABLE.iter().any(|route| entry.method == route.method.as_str() && entry.path == route.path);
        assert!(
            there,
            "{} {} is no route any more: take its entry out of openapi/entries.rs",
            entry.method, entry.path
        );
    }
    let mut schemas = schemas.named();
    schemas.insert("Problem".into(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Porchlight",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "The HTTP API of one box.",
            "description": "Bodies hold at most 64 KiB. What people read about it is docs/reference/http.md, and signalling.md for the room's WebSocket.",
            "license": { "name": "MIT or Apache 2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": (["box", "broadcasts", "pages", "rooms", "session", "watching"].map(|name| json!({ "name": name }))),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": {
                "type": "apiKey", "in": "header", "name": "Sec-WebSocket-Protocol",
                "description": "A guest's token from `POST /api/v1/guest`: the subprotocols are `porchlight` and `token.<token>`.",
            }, "login": {
                "type": "apiKey", "in": "cookie", "name": COOKIE,
                "description": "Set by `POST /api/v1/session`; over HTTPS it is `__Host-porchlight`. Requests that change something must come from the box's own pages (`Origin`), or from no page.",
            } },
        },
    })
}

/// RFC 9457, with the stable names of this box.
fn problem() -> Value {
    let kinds: Vec<String> = problems::all().into_keys().collect();
    json!({
        "type": "object",
        "description": "What went wrong (RFC 9457). docs/reference/problems.md says what to do about each.",
        "required": ["type", "title", "status"],
        "properties": {
            "type": { "type": "string", "enum": kinds, "description": "A stable name." },
            "title": { "type": "string", "description": "A sentence for people." },
            "status": { "type": "integer", "description": "The status code of the answer." },
            "request": { "type": "string", "description": "The identifier under which the log has more." },
        },
    })
}

#[test]
fn the_document_is_what_the_code_says() {
    let made = format!("{:#}\n", document());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/openapi.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &made).expect("the document is written");
    }
    let written = std::fs::read_to_string(path).expect("the document is read");
    assert!(
        made == written,
        "docs/reference/openapi.json is old: UPDATE_GOLDEN=1 cargo test --lib openapi writes it anew"
    );
}

#[test]
fn who_may_is_what_the_policy_says() {
    assert_eq!(who(Rule::Room(Verb::Join)), "the owner, and everybody with a place in this room");
    assert_eq!(who(Rule::Room(Verb::Invite)), "the owner, and hosts and moderators of this room");
    assert_eq!(who(Rule::Node(Verb::Administer)), "the owner");
    assert_eq!(who(Rule::Node(Verb::Watch)), "everybody");
}

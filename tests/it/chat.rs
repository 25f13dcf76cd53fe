//! Chat, from outside: two people and a viewer, what is kept, what keeps order, what comes from hostile hands, and a flood in front of a call.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::visitor::Visitor;
use super::fixture::written::{Written, of_broadcast, of_room};
use super::fixture::{has, people, until};

/// The first room of a box with its broadcast.
async fn first(host: &Visitor) -> (String, String) {
    let rooms: Value = host.get("/api/v1/rooms").await.json().await.unwrap();
    let text = |of: &str| rooms[0][of].as_str().unwrap().to_owned();
    (text("id"), text("broadcast"))
}

async fn open(who: &Visitor, path: &str) -> Written {
    Written::open(who, path).await.unwrap_or_else(|refused| panic!("{path} is refused: {refused:?}"))
}

#[tokio::test]
async fn two_people_and_a_viewer_write_and_read_and_it_outlives_reload_stop_and_kill() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let host = Visitor::owner(&daemon).await;
    let (room, broadcast) = first(&host).await;
    let guest = host.guest(&host.invite(&room).await, "Ada").await;
    let viewer = host.named("Vera").await;

    let refused = Written::open(&viewer, &of_room(&room)).await.map(drop);
    assert_eq!(refused, Err((401, "sign-in".into())), "what is said in the call is not for viewers");
    let (mut mine, mut hers) = (open(&host, &of_room(&room)).await, open(&guest, &of_room(&room)).await);
    assert_eq!(mine.ask("name", json!({ "name": "Hans" })).await.unwrap()["name"], "Hans");
    mine.write("Hello Ada").await;
    hers.until("the host's words", |chat| chat.message("Hello Ada").is_some()).await;
    let hello = hers.message("Hello Ada").unwrap().clone();
    assert_eq!((hello["name"].as_str(), hello["role"].as_str()), (Some("Hans"), Some("host")));
    hers.ask("write", json!({ "text": "See https://example.org/a", "reply": hello["id"] })).await.unwrap();
    hers.ask("react", json!({ "message": hello["id"], "reaction": "heart", "on": true })).await.unwrap();
    mine.until("an answer and a heart", |chat| {
        let answer = chat.message("See https://example.org/a");
        let heart = chat.message("Hello Ada").is_some_and(|hello| hello["reactions"]["heart"] == 1);
        heart && answer.is_some_and(|answer| answer["reply"] == hello["id"] && answer["links"] == json!([[4, 25]]))
    })
    .await;

    let mut watching = open(&viewer, &of_broadcast(&broadcast)).await;
    assert_eq!((&watching.messages, &watching.you["role"]), (&vec![], &json!("viewer")), "another channel");
    let mut nameless = open(&host.with(None), &of_broadcast(&broadcast)).await;
    assert_eq!(nameless.ask("write", json!({ "text": "hi" })).await, Err("name-first".into()));
    assert_eq!(nameless.ask("name", json!({ "name": "Hans" })).await, Err("name-first".into()));
    let mut from_room = open(&guest, &of_broadcast(&broadcast)).await;
    watching.write("Greetings from the sofa").await;
    for chat in [&mut from_room, &mut nameless] {
        chat.until("the viewer's words", |chat| chat.message("Greetings from the sofa").is_some()).await;
    }
    from_room.write("Hello sofa").await;
    watching.until("Ada's words", |chat| chat.message("Hello sofa").is_some()).await;

    // A page that is loaded again has all of it, and knows its own heart.
    let again = open(&guest, &of_room(&room)).await;
    assert_eq!(again.texts(), ["Hello Ada", "See https://example.org/a"]);
    assert_eq!(again.you["reactions"], json!([[hello["id"], "heart"]]));

    assert!(daemon.stop().success());
    let daemon = Daemon::start(&state);
    let (host, guest, viewer) = (host.with_daemon(&daemon), guest.with_daemon(&daemon), viewer.with_daemon(&daemon));
    let mut there = open(&host, &of_room(&room)).await;
    assert_eq!(there.texts(), ["Hello Ada", "See https://example.org/a"]);
    assert_eq!(there.messages[0], mine.messages[0]);
    let mut watching = open(&viewer, &of_broadcast(&broadcast)).await;
    assert_eq!(watching.texts(), ["Greetings from the sofa", "Hello sofa"]);
    let own = (watching.you["by"].clone(), watching.messages[0]["by"].clone());
    assert_eq!(own.0, own.1, "who wrote it still did");

    // What was stored outlives a kill; it is stored within seconds.
    let id = there.write("Before the storm").await["message"].clone();
    until("the last words in the store", async || {
        let search = json!({ "channel": "room", "text": "STORM" });
        let found: Value = host.post(&format!("/api/v1/rooms/{room}/chat/search"), &search).await.json().await.unwrap();
        found[0]["id"] == id
    })
    .await;
    daemon.kill();
    let daemon = Daemon::start(&state);
    let guest = guest.with_daemon(&daemon);
    assert!(open(&guest, &of_room(&room)).await.message("Before the storm").is_some());
    watching.end().await;
}

#[tokio::test]
async fn moderators_keep_order_everything_is_undone_and_the_audit_log_has_it_without_what_was_written() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let host = Visitor::owner(&daemon).await;
    let (room, broadcast) = first(&host).await;
    let path = of_broadcast(&broadcast);
    let viewer = host.named("Vera").await;
    let (mut order, mut vera) = (open(&host, &path).await, open(&viewer, &path).await);
    let mut other = open(&host.with(None), &path).await;
    for op in ["delete", "restore", "approve", "refuse", "hold", "dismiss", "reopen"] {
        assert_eq!(vera.ask(op, json!({ "messages": [1] })).await, Err("not-permitted".into()), "{op}");
    }

    vera.write("a secret thing").await;
    order.until("it", |chat| chat.message("a secret thing").is_some()).await;
    let id = order.message("a secret thing").unwrap()["id"].clone();

    // Deleted, and back again.
    let done = order.ask("delete", json!({ "messages": [id] })).await.unwrap();
    other.until("it gone", |chat| chat.texts().is_empty()).await;
    order.until("it marked", |chat| chat.messages[0]["state"] == "deleted").await;
    order.undo(&done).await;
    other.until("it back", |chat| chat.texts() == ["a secret thing"]).await;

    // Reported, which the moderators see alone.
    vera.ask("report", json!({ "message": id })).await.unwrap();
    order.until("the report", |chat| chat.messages[0]["reports"] == 1).await;
    let done = order.ask("dismiss", json!({ "messages": [id] })).await.unwrap();
    order.until("no report", |chat| chat.messages[0].get("reports").is_none()).await;
    order.undo(&done).await;
    order.until("the report", |chat| chat.messages[0]["reports"] == 1).await;
    assert!(other.messages[0].get("reports").is_none());

    // A time-out by command, with a name in another case.
    let done = order.write("/timeout vera 10m").await;
    assert_eq!((&done["did"], &done["about"]["name"]), (&json!("timeout"), &json!("Vera")));
    vera.until("word of it", |chat| chat.you["timed_out"].as_u64().is_some_and(|left| left > 500)).await;
    assert_eq!(vera.ask("write", json!({ "text": "hello?" })).await, Err("timed-out".into()));
    order.undo(&done).await;
    vera.until("its end", |chat| chat.you["timed_out"].is_null()).await;
    vera.write("thank you").await;

    // A ban, which is one in the room.
    let done = order.ask("ban", json!({ "message": id, "delete": true })).await.unwrap();
    vera.until("word of it", |chat| chat.you["may_write"] == false).await;
    assert_eq!(vera.ask("write", json!({ "text": "hello?" })).await, Err("not-permitted".into()));
    other.until("nothing of hers", |chat| chat.texts().is_empty()).await;
    order.undo(&done).await;
    other.until("hers back", |chat| chat.texts() == ["a secret thing", "thank you"]).await;
    let mut vera = open(&host.named("Vera").await, &path).await;

    let mut order = open(&host, &path).await;

    // Rules: slow mode, words, links, review, writers.
    let done = order.write("/slow 1m").await;
    other.until("slow mode", |chat| chat.rules["slow"] == 60).await;
    vera.write("one").await;
    assert_eq!(vera.ask("write", json!({ "text": "two" })).await, Err("slow-mode".into()));
    order.undo(&done).await;
    other.until("none", |chat| chat.rules["slow"] == 0).await;
    let rules = json!({ "words": ["Fiddlesticks"], "word_deal": "refuse", "links": "hold" });
    let done = order.ask("rules", rules).await.unwrap();
    other.until("other rules", |chat| chat.rules["links"] == "hold").await;
    assert!(other.rules.get("words").is_none(), "the words are told to moderators alone");
    assert_eq!(vera.ask("write", json!({ "text": "oh FIDDLESTICKS!" })).await, Err("unwanted-word".into()));
    let held = vera.write("come to https://a.example").await;
    assert_eq!(held["held"], "link");
    order.until("what is held", |chat| chat.messages.iter().any(|one| one["why"] == "link")).await;
    assert!(other.message("come to https://a.example").is_none());
    let approved = order.ask("approve", json!({ "messages": [held["message"]] })).await.unwrap();
    other.until("what was held", |chat| chat.message("come to https://a.example").is_some()).await;
    order.undo(&approved).await;
    other.until("it held", |chat| chat.message("come to https://a.example").is_none()).await;
    order.ask("refuse", json!({ "messages": [held["message"]] })).await.unwrap();
    order.undo(&done).await;
    order.write("/write moderators").await;
    assert_eq!(vera.ask("write", json!({ "text": "hello?" })).await, Err("not-permitted".into()));

    // One socket is patient with so much at once: this is another.
    let mut order = open(&host, &path).await;

    // What concerns the call is not done here, and what is no command says so.
    assert_eq!(order.ask("write", json!({ "text": "/mute Vera" })).await, Err("not-here".into()));
    assert_eq!(order.ask("write", json!({ "text": "/explode" })).await, Err("bad-command".into()));
    assert_eq!(vera.ask("write", json!({ "text": "/ban Vera" })).await, Err("not-permitted".into()));

    // What was held can be found.
    until("the search to find it", async || {
        let search = json!({ "channel": "broadcast", "text": "A.EXAMPLE", "open": true });
        let found: Value = host.post(&format!("/api/v1/rooms/{room}/chat/search"), &search).await.json().await.unwrap();
        found[0]["state"] == "refused" && found[0]["name"] == "Vera"
    })
    .await;

    let mut log = Value::Null;
    until("the audit log", async || {
        log = host.get(&format!("/api/v1/rooms/{room}/audit")).await.json().await.unwrap();
        log.to_string().contains("chat_refuse")
    })
    .await;
    let log = log.to_string();
    for action in [
        "chat_delete",
        "chat_restore",
        "chat_dismiss",
        "chat_reopen",
        "chat_timeout",
        "chat_lift",
        "chat_approve",
        "chat_hold",
        "chat_rules",
        "ban",
        "unban",
    ] {
        assert!(log.contains(&format!("\"{action}\"")), "{action} is not in {log}");
    }
    for text in ["secret", "thank you", "a.example", "Fiddlesticks", "fiddlesticks"] {
        assert!(!log.contains(text), "{text} is in {log}");
    }
}

#[tokio::test]
async fn what_concerns_the_call_can_be_typed_in_its_chat() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let host = Visitor::owner(&daemon).await;
    let (room, _) = first(&host).await;
    let guest = host.guest(&host.invite(&room).await, "Ada").await;
    let mut ada = guest.join(&room, "Ada").await;
    let me = ada.me();
    let (mut order, mut hers) = (open(&host, &of_room(&room)).await, open(&guest, &of_room(&room)).await);

    let done = order.write("/backstage ADA").await;
    assert_eq!(done["about"]["name"], "Ada");
    ada.until("her looking on", |state| state["participants"][&me]["role"] == "viewer").await;
    order.undo(&done).await;
    ada.until("her on stage", |state| state["participants"][&me]["role"] == "guest").await;
    let done = order.write("/lock").await;
    order.undo(&done).await;
    assert_eq!(hers.write("/hand").await["did"], "hand", "her page does the rest");
    assert_eq!(hers.ask("write", json!({ "text": "/mute Ada" })).await, Err("not-permitted".into()));
    assert_eq!(order.ask("write", json!({ "text": "/mute Nobody" })).await, Err("not-here".into()));
    assert!(order.texts().is_empty(), "no command becomes a message");
    order.write("/remove Ada").await;
    assert_eq!(ada.end().await.as_deref(), Some("removed_by_moderator"));
    assert_eq!(hers.end().await.as_deref(), Some("removed"), "and what is written in the call is not for her any more");
}

#[tokio::test]
async fn nothing_that_is_written_does_harm() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let host = Visitor::owner(&daemon).await;
    let (room, broadcast) = first(&host).await;
    let path = of_broadcast(&broadcast);
    let name = "<script>alert(1)</script>";
    let eve = host.named(name).await;
    let mut chat = open(&eve, &path).await;
    let mut other = open(&host.with(None), &path).await;

    // Text is text.
    for text in ["<img src=x onerror=alert(1)>", "\"},{\"gone\":1}", "{{7*7}} ${7*7}", "'; DROP TABLE chat_message; --"]
    {
        chat.write(text).await;
        other.until(text, |chat| chat.message(text).is_some_and(|one| one["name"] == name)).await;
    }
    for text in ["", " \n ", "\u{200b}", "a\u{202e}b", "a\0b"] {
        assert_eq!(chat.ask("write", json!({ "text": text })).await, Err("bad-text".into()), "{text:?}");
    }
    assert_eq!(chat.ask("write", json!({ "text": "ä".repeat(501) })).await, Err("bad-text".into()));
    let mut chat = open(&eve, &path).await;
    let id = chat.messages[0]["id"].clone();
    for (op, fields) in [
        ("write", json!({ "text": { "toString": "x" } })),
        ("write", json!({ "text": [] })),
        ("write", json!({ "text": null })),
        ("write", json!({ "text": "hi", "reply": "1" })),
        ("react", json!({ "message": id, "reaction": "👍", "on": true })),
        ("react", json!({ "message": id, "reaction": "\u{1f3f4}\u{200d}", "on": true })),
        ("react", json!({ "message": id, "reaction": "../../heart", "on": true })),
        ("react", json!({ "message": id, "reaction": 7, "on": true })),
        ("react", json!({ "message": -1, "reaction": "heart", "on": true })),
        ("earlier", json!({ "before": "all" })),
    ] {
        assert_eq!(chat.ask(op, fields.clone()).await, Err("bad-fields".into()), "{op} {fields}");
    }
    let mut chat = open(&eve, &path).await;
    assert_eq!(
        chat.ask("write", json!({ "text": "hi", "reply": 9_007_199_254_740_991u64 })).await,
        Err("no-message".into())
    );
    assert_eq!(chat.ask("report", json!({ "message": u64::MAX })).await, Err("no-message".into()));
    assert_eq!(chat.ask("erase", json!({ "message": 0 })).await, Err("no-message".into()));
    for op in ["reboot", "", "Write", "join"] {
        assert_eq!(chat.ask(op, json!({})).await, Err("unknown-op".into()), "{op:?}");
    }
    assert_eq!(chat.ask("name", json!({ "name": "Host" })).await, Err("name-first".into()), "nobody is called anew");

    // A flood is refused, at the cost of who floods; the connection lives.
    let mut flood = open(&eve, &path).await;
    let (mut taken, mut refused) = (0, 0);
    for n in 0..100 {
        match flood.ask("write", json!({ "text": format!("flood {n}") })).await {
            Ok(_) => taken += 1,
            Err(problem) => {
                assert_eq!(problem, "too-fast");
                refused += 1;
            }
        }
    }
    assert!(refused > taken, "{taken} taken and {refused} refused");

    // What is no request ends the connection, and nobody else's.
    for wrong in [
        Message::text("hello"),
        Message::text("{}"),
        Message::text("[".repeat(10_000)),
        Message::text(r#"{"v":1,"id":1,"op":{}}"#),
        Message::binary(vec![1, 2, 3]),
        Message::text(" ".repeat(65 * 1024)),
        Message::text(format!(r#"{{"v":1,"id":1,"op":"write","text":"{}"}}"#, "a".repeat(70_000))),
    ] {
        let mut chat = open(&eve, &path).await;
        chat.send(wrong).await;
        let reason = chat.end().await;
        assert!(reason.is_none_or(|reason| reason == "removed"));
    }
    assert_eq!(other.ask("earlier", json!({ "before": 1 })).await, Ok(json!({ "messages": [], "more": false })));

    // Other sites' pages may not, with or without somebody's cookie.
    let foreign = eve.dial(&path, "http://evil.example", None).await.map(drop);
    assert_eq!(foreign, Err((403, "foreign-origin".into())));
    assert_eq!(Written::open(&eve, &of_broadcast(&room)).await.map(drop), Err((404, "no-chat".into())));
    for fields in [json!({}), json!({ "channel": "lobby" }), json!({ "channel": "room", "text": 1 }), json!([1])] {
        let answer = host.post(&format!("/api/v1/rooms/{room}/chat/search"), &fields).await;
        assert_eq!(answer.status(), 400, "{fields}");
    }
}

#[tokio::test]
async fn a_broadcast_for_those_invited_has_a_chat_for_them_alone_and_a_room_that_goes_takes_its_chat_along() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &[("PORCHLIGHT_CHAT__MAX_SOCKETS", "4")]);
    let host = Visitor::owner(&daemon).await;
    let (room, broadcast) = host.make_room().await;
    let path = of_broadcast(&broadcast);
    let guest = host.guest(&host.invite(&room).await, "Ada").await;
    let mut stranger = open(&host.named("Eve").await, &path).await;
    let mut ada = open(&guest, &path).await;
    let restrict =
        host.request(Method::PATCH, &format!("/api/v1/rooms/{room}/studio")).json(&json!({ "restricted": true }));
    assert_eq!(restrict.send().await.unwrap().status(), 200);
    assert_eq!(Written::open(&host.named("Eve").await, &path).await.map(drop), Err((403, "restricted".into())));
    ada.write("among us").await;
    assert_eq!(stranger.end().await.as_deref(), Some("removed"));
    assert!(stranger.message("among us").is_none(), "nothing is told to who may not watch");
    ada.until("it", |chat| chat.message("among us").is_some()).await;

    // As many as may; a place that is given back is there for another.
    let others = [open(&guest, &path).await, open(&guest, &path).await, open(&guest, &path).await];
    assert_eq!(Written::open(&guest, &path).await.map(drop), Err((503, "chat-full".into())));
    drop(others);
    until("a place", async || Written::open(&guest, &path).await.is_ok()).await;

    let mut inside = open(&guest, &of_room(&room)).await;
    assert_eq!(host.delete(&format!("/api/v1/rooms/{room}")).await.status(), 204);
    for chat in [&mut ada, &mut inside] {
        let reason = chat.end().await;
        assert!(matches!(reason.as_deref(), Some("room_closed" | "removed")), "{reason:?}");
    }
}

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };
/// Sockets in front of the call.
const SOCKETS: usize = 200;
/// Of them, those that write.
const WRITERS: usize = 10;
/// What each of those writes.
const EACH: usize = 5;
/// What one sends as fast as the line takes it.
const FLOOD: usize = 3_000;

/// Pictures of the other person that a page has decoded.
async fn decoded(page: &Page, other: &str) -> u64 {
    let video = format!("document.querySelector('[data-testid=tile][data-name=\"{other}\"] video')");
    let count = page.eval(&format!("return {video}.getVideoPlaybackQuality().totalVideoFrames")).await;
    count.as_u64().unwrap_or_else(|| panic!("{} counts no pictures: {count}", page.name()))
}

#[tokio::test]
async fn two_hundred_read_everything_in_order_while_one_floods_and_a_call_goes_on() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let browser = Browser::start().await;
    let (ada, room) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let bob = people::guest(&browser, &daemon, "Bob", BOB, &people::invite(&ada).await).await;
    people::sees(&ada, "Bob", 4).await;
    people::sees(&bob, "Ada", 4).await;

    let nobody = Visitor::new(&daemon);
    let room: Value = ada.eval(&format!("return fetch('/api/v1/rooms/{room}').then(r => r.json())")).await;
    let path = of_broadcast(room["broadcast"].as_str().unwrap());
    let mut sockets = join_all((0..SOCKETS).map(|n| {
        let (nobody, path) = (nobody.clone(), path.clone());
        async move {
            let who = if n < WRITERS { nobody.named(&format!("Writer {n}")).await } else { nobody };
            open(&who, &path).await
        }
    }))
    .await;

    let before = (decoded(&ada, "Bob").await, decoded(&bob, "Ada").await);
    let mut eve = open(&nobody.named("Eve").await, &path).await;
    let mut flood = tokio::task::JoinSet::new();
    flood.spawn(async move {
        for n in 0..FLOOD {
            eve.say("write", json!({ "text": format!("flood {n}") })).await;
        }
        eve
    });
    // All write at once, a line after the other.
    let mut wrote = Vec::new();
    for line in 0..EACH {
        let lines = sockets[..WRITERS].iter_mut().map(async |chat| chat.write(&format!("line {line}")).await);
        let numbers: Vec<u64> = join_all(lines).await.iter().map(|done| done["message"].as_u64().unwrap()).collect();
        wrote.extend(numbers);
    }
    wrote.sort_unstable();
    assert_eq!(wrote.len(), WRITERS * EACH);
    let last = *wrote.last().unwrap();
    join_all(sockets.iter_mut().map(|chat| chat.until("the last line", |chat| chat.came.iter().any(|id| *id >= last))))
        .await;
    for chat in &sockets {
        assert!(chat.came.is_sorted(), "in order: {:?}", chat.came);
        let of_writers: Vec<u64> = chat.came.iter().copied().filter(|id| wrote.contains(id)).collect();
        assert_eq!(of_writers, wrote, "everything, once");
    }
    // Of the flood most never became a message.
    let eve = flood.join_next().await.expect("the flood runs").unwrap();
    let flooded = sockets[SOCKETS - 1].messages.iter().filter(|one| one["by"] == eve.you["by"]).count();
    assert!(flooded < FLOOD / 20, "{flooded} of {FLOOD} were taken");

    // The pictures of the call have gone on all the while, and go on.
    for (page, other, before) in [(&ada, "Bob", before.0), (&bob, "Ada", before.1)] {
        until("pictures of the call", async || decoded(page, other).await >= before + 30).await;
        let look = people::sees(page, other, 4).await;
        let colour = if other == "Bob" { BOB.colour } else { ADA.colour };
        assert!(look.share(colour) > 0.5, "{} sees {look:?}", page.name());
        assert_eq!(page.errors().await, Vec::<String>::new());
    }
}

/// The selector of a message with this text.
fn has_message(text: &str) -> String {
    format!(
        "[...document.querySelectorAll('[data-testid=chat-message]')].find(one => one.textContent.includes({}))",
        Value::from(text)
    )
}

#[tokio::test]
async fn the_pages_of_a_call_and_of_those_who_watch_have_a_chat_by_keyboard_and_with_undo() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let browser = Browser::start().await;
    let (ada, room) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let bob = people::guest(&browser, &daemon, "Bob", BOB, &people::invite(&ada).await).await;

    // In the call: what one writes the other reads, under the name of the call.
    for page in [&ada, &bob] {
        page.click("chat-toggle").await;
    }
    ada.fill("chat-input", "Hello Bob").await;
    ada.click("chat-send").await;
    bob.wait_for(&has_message("Hello Bob"), "Ada's words").await;
    bob.wait_for(
        &format!("{}.querySelector('.chat-name').textContent === 'Ada'", has_message("Hello Bob")),
        "her name",
    )
    .await;

    // On air: somebody who watches says who they are, and writes what would be a script.
    let broadcast = people::on_air(&ada, &room, &[&ada]).await;
    let vera = browser.open("Vera", None).await;
    vera.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
    vera.fill("chat-name", "<b>Vera</b>").await;
    vera.click("chat-name-take").await;
    let evil = "<img src=x onerror=\"window.harmed=1\"> https://example.org";
    vera.fill("chat-input", evil).await;
    vera.press("Enter").await;
    ada.click("chat-tab-1").await;
    ada.wait_for(&has_message("window.harmed=1"), "the viewer's words").await;
    let name =
        ada.eval(&format!("return {}.querySelector('.chat-name').textContent", has_message("window.harmed=1"))).await;
    assert_eq!(name, "<b>Vera</b>");
    let link = ada
        .eval(&format!(
            "const a = {}.querySelector('a'); return [a.href, a.rel, a.target]",
            has_message("window.harmed=1")
        ))
        .await;
    assert_eq!(link, json!(["https://example.org/", "noopener noreferrer nofollow ugc", "_blank"]));
    for page in [&ada, &vera] {
        assert_eq!(
            page.eval("return window.harmed === undefined && !document.querySelector('.chat-text img')").await,
            true
        );
    }

    // By keyboard: to the message, into its menu, a heart, and back.
    vera.eval(&format!("{}.focus()", has_message("window.harmed=1"))).await;
    vera.press("Enter").await;
    vera.wait_for("document.activeElement.dataset.testid === 'react-thumbs_up'", "the menu").await;
    vera.press("ArrowRight").await;
    vera.wait_for("document.activeElement.dataset.testid === 'react-heart'", "the next reaction").await;
    vera.press("Enter").await;
    ada.wait_for("document.querySelector('.chat-reactions button')?.textContent.includes('1')", "the heart").await;
    vera.wait_for("document.activeElement.dataset.testid === 'chat-message'", "the message with the focus").await;

    // The list is a live region, and comes back after the page is loaded again, with the name and the heart.
    let live = "document.querySelector('[data-testid=chat-log][role=log][aria-live=polite]')";
    vera.wait_for(live, "a live region").await;
    vera.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
    vera.wait_for(&has_message("window.harmed=1"), "the words again").await;
    vera.wait_for("document.querySelector('.chat-reactions button[aria-pressed=true]')", "the own heart").await;
    vera.wait_for("document.querySelector('[data-testid=chat-input]')", "the field: the name is known").await;

    // A moderator deletes it, and takes that back.
    ada.click("chat-more").await;
    ada.click("chat-delete").await;
    vera.wait_for(&format!("!{}", has_message("window.harmed=1")), "it gone").await;
    ada.click("chat-undo").await;
    vera.wait_for(&has_message("window.harmed=1"), "it back").await;
    ada.wait_for("document.querySelector('[data-testid=chat-message]').dataset.state === 'shown'", "it shown").await;

    // A command does the same as the menu: the viewer is paused and reads so.
    ada.fill("chat-input", "/timeout <b>Vera</b> 10m").await;
    ada.click("chat-send").await;
    vera.wait_for("document.querySelector('.chat-hint')?.textContent.includes('paused')", "word of the time-out").await;
    ada.click("chat-undo").await;
    vera.wait_for("document.querySelector('[data-testid=chat-input]')", "the field again").await;

    // Escape hides the chat of a call.
    bob.eval("document.querySelector('[data-testid=chat-input]').focus()").await;
    bob.press("Escape").await;
    bob.wait_for("!document.querySelector('[data-testid=chat]')", "no chat").await;
    for page in [&ada, &bob, &vera] {
        assert_eq!(page.errors().await, Vec::<String>::new(), "on the page of {}", page.name());
    }
}

//! Order in a room, from outside: those who keep order are obeyed at once, and nobody else is.

use serde_json::{Value, json};

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::people;
use super::fixture::visitor::{Line, Said, Visitor, problem};
use super::fixture::{DEADLINE, has};
use super::signalling::OFFER;

/// A daemon, its owner in the first room, and somebody who invites others into it.
struct Room {
    daemon: Daemon,
    owner: Visitor,
    host: Line,
    room: String,
    state: tempfile::TempDir,
}

impl Room {
    async fn open() -> Self {
        let state = tempfile::tempdir().unwrap();
        let daemon = Daemon::start(&state);
        let owner = Visitor::owner(&daemon).await;
        let room = owner.first_room().await;
        let host = owner.join(&room, "Olga").await;
        Self { daemon, owner, host, room, state }
    }

    /// Somebody with an invite of their own.
    async fn guest(&self, name: &str) -> Visitor {
        self.owner.guest(&self.owner.invite(&self.room).await, name).await
    }

    /// Somebody in the room with this role.
    async fn joined(&self, role: &str, name: &str) -> Line {
        let invite = self.owner.invite_as(&self.room, role).await;
        self.owner.guest(&invite, name).await.join(&self.room, name).await
    }

    /// What was noted of the room, the newest first: by whom, what, to whom, and what else.
    async fn noted(&self) -> Vec<[String; 4]> {
        let list: Value = self.owner.get(&format!("/api/v1/rooms/{}/audit", self.room)).await.json().await.unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let fields = |entry: &Value| ["actor", "action", "subject", "detail"].map(|field| text(&entry[field]));
        list.as_array().unwrap().iter().map(fields).collect()
    }

    /// Waits until something was noted: it is written behind what was done.
    async fn notes(&self, wanted: [&str; 4]) {
        let end = tokio::time::Instant::now() + DEADLINE;
        while !self.noted().await.iter().any(|entry| *entry == wanted) {
            assert!(tokio::time::Instant::now() < end, "no {wanted:?} in {:?}", self.noted().await);
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Asks for something as the host, which is granted.
    async fn asks(&mut self, op: &str, fields: Value) {
        self.host.ask(op, fields).await.unwrap_or_else(|problem| panic!("{op}: {problem}"));
    }

    /// Those who are not in the room: their names, and why.
    async fn outside(&mut self, wanted: &[(&str, &str)]) -> Vec<Value> {
        let is = |state: &Value| {
            let all = state["outside"].as_array().unwrap();
            all.len() == wanted.len()
                && all.iter().zip(wanted).all(|(one, (name, why))| one["name"] == *name && one["why"] == *why)
        };
        self.host.until("who is outside", is).await;
        self.host.state["outside"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect()
    }
}

/// Asks to be let in.
async fn knocks(visitor: &Visitor, room: &str, name: &str) -> Line {
    let mut line = visitor.stand_at(room).await.unwrap();
    line.ask("knock", json!({ "name": name })).await.unwrap();
    line
}

/// Joins, or says why not.
async fn tries(visitor: &Visitor, room: &str) -> Result<(), String> {
    let mut line = visitor.open(room).await.map_err(|(_, problem)| problem)?;
    line.ask("join", json!({ "name": "Ada" })).await.map(drop)
}

#[tokio::test]
async fn who_is_muted_is_told_so_and_unmutes_themselves() {
    let mut room = Room::open().await;
    let mut ada = room.guest("Ada").await.join(&room.room, "Ada").await;
    let me = ada.me();
    for (op, stopped) in [("mute", json!(["microphone"])), ("stop_camera", json!(["microphone", "camera"]))] {
        room.asks(op, json!({ "participant": me })).await;
        ada.until(op, |state| state["stopped"] == stopped).await;
    }
    assert!(room.host.state.get("stopped").is_none_or(|stopped| *stopped == json!([])), "it is nobody else's");
    for (microphone, stopped) in
        [(true, json!(["microphone", "camera"])), (false, json!(["microphone", "camera"])), (true, json!(["camera"]))]
    {
        ada.ask("state", json!({ "microphone": microphone, "camera": false })).await.unwrap();
        ada.until("what is stopped", |state| state["stopped"] == stopped).await;
    }
    let refused = ada.ask("mute", json!({ "participant": room.host.me() })).await;
    assert_eq!(refused, Err("not-permitted".into()));
    assert_eq!(room.host.ask("mute", json!({ "participant": room.room })).await, Err("not-here".into()));
    for fields in [json!({}), json!({ "participant": 7 }), json!({ "participant": "Ada" })] {
        assert_eq!(room.host.ask("mute", fields.clone()).await, Err("bad-fields".into()), "{fields}");
    }
    for (op, fields) in [("hand", json!({})), ("lock", json!({ "on": 1 })), ("stage", json!({ "participant": me }))] {
        assert_eq!(room.host.ask(op, fields).await, Err("bad-fields".into()), "{op}");
    }
}

#[tokio::test]
async fn hands_are_seen_by_everybody_in_their_order_and_lowered_by_who_keeps_order() {
    let mut room = Room::open().await;
    let mut ada = room.guest("Ada").await.join(&room.room, "Ada").await;
    let mut bob = room.guest("Bob").await.join(&room.room, "Bob").await;
    let (one, two) = (ada.me(), bob.me());
    bob.ask("hand", json!({ "up": true })).await.unwrap();
    ada.ask("hand", json!({ "up": true })).await.unwrap();
    for line in [&mut room.host, &mut ada, &mut bob] {
        let hand = |state: &Value, who: &str| state["participants"][who]["hand"].as_u64();
        line.until("two hands", |state| hand(state, &one).zip(hand(state, &two)).is_some_and(|(a, b)| b < a)).await;
    }
    assert_eq!(bob.ask("lower_hand", json!({ "participant": one })).await, Err("not-permitted".into()));
    room.asks("lower_hand", json!({ "participant": two })).await;
    bob.ask("hand", json!({ "up": false })).await.unwrap();
    bob.until("no hand of his", |state| state["participants"][&two]["hand"].is_null()).await;
    ada.ask("hand", json!({ "up": false })).await.unwrap();
    room.host
        .until("no hands", |state| [&one, &two].iter().all(|who| state["participants"][*who]["hand"].is_null()))
        .await;
}

#[tokio::test]
async fn whoever_is_removed_comes_back_by_the_lobby_alone() {
    let mut room = Room::open().await;
    let ada = room.guest("Ada").await;
    let mut line = ada.join(&room.room, "Ada").await;
    let bob = room.guest("Bob").await.join(&room.room, "Bob").await;
    room.asks("remove", json!({ "participant": line.me() })).await;
    assert_eq!(line.end().await.as_deref(), Some("removed_by_moderator"));
    room.outside(&[("Ada", "removed")]).await;
    assert_eq!(tries(&ada, &room.room).await, Err("lobby".into()));
    assert_eq!(ada.get(&format!("/api/v1/rooms/{}", room.room)).await.status(), 403, "nor anything else of the room");
    assert_eq!(bob.state["outside"], json!([]), "who keeps no order is not told who is outside");

    let mut wait = knocks(&ada, &room.room, "Ada L.").await;
    assert_eq!(wait.ask("knock", json!({ "name": "Ada" })).await, Err("joined".into()));
    let ids = room.outside(&[("Ada", "removed"), ("Ada L.", "waits")]).await;
    room.asks("refuse", json!({ "participant": ids[1] })).await;
    assert_eq!(wait.end().await.as_deref(), Some("refused"));
    room.outside(&[("Ada", "removed")]).await;
    let mut wait = ada.stand_at(&room.room).await.unwrap();
    assert_eq!(wait.ask("knock", json!({ "name": "Ada" })).await, Err("not-let-in".into()), "not at once again");
    drop(wait);
    // What was done can be undone, and whoever may come in is let in without waiting.
    room.asks("let_in", json!({ "participant": ids[0] })).await;
    room.outside(&[]).await;
    let mut wait = ada.stand_at(&room.room).await.unwrap();
    wait.ask("knock", json!({ "name": "Ada" })).await.unwrap();
    assert!(matches!(wait.next().await, Said::LetIn));
    assert_eq!(tries(&ada, &room.room).await, Ok(()));
}

#[tokio::test]
async fn whoever_waits_is_seen_while_they_do_and_let_in_at_once() {
    let mut room = Room::open().await;
    let ada = room.guest("Ada").await;
    let line = ada.join(&room.room, "Ada").await;
    room.asks("remove", json!({ "participant": line.me() })).await;
    let gone = knocks(&ada, &room.room, "Ada").await;
    room.outside(&[("Ada", "removed"), ("Ada", "waits")]).await;
    drop(gone);
    room.outside(&[("Ada", "removed")]).await;
    let mut before = knocks(&ada, &room.room, "Ada").await;
    let mut wait = knocks(&ada, &room.room, "Ada").await;
    assert_eq!(before.end().await.as_deref(), Some("replaced"), "in one place at a time");
    let ids = room.outside(&[("Ada", "removed"), ("Ada", "waits")]).await;
    room.asks("let_in", json!({ "participant": ids[1] })).await;
    assert!(matches!(wait.next().await, Said::LetIn));
    room.outside(&[]).await;
    assert_eq!(tries(&ada, &room.room).await, Ok(()));
    for (op, fields, why) in [
        ("knock", json!({ "name": "" }), "bad-name"),
        ("knock", json!({}), "bad-fields"),
        ("join", json!({ "name": "Ada" }), "unknown-op"),
    ] {
        let mut wait = ada.stand_at(&room.room).await.unwrap();
        assert_eq!(wait.ask(op, fields).await, Err(why.into()), "{op}");
    }
    let stranger = Visitor::new(&room.daemon);
    assert_eq!(stranger.stand_at(&room.room).await.err(), Some((401, "sign-in".into())));
}

#[tokio::test]
async fn a_locked_room_takes_nobody_who_was_not_in_it_also_after_a_restart() {
    let mut room = Room::open().await;
    let (ada, bob) = (room.guest("Ada").await, room.guest("Bob").await);
    let mut line = ada.join(&room.room, "Ada").await;
    room.asks("lock", json!({ "on": true })).await;
    line.until("the lock", |state| state["room"]["locked"] == true).await;
    assert_eq!(line.ask("lock", json!({ "on": false })).await, Err("not-permitted".into()));
    assert_eq!(tries(&bob, &room.room).await, Err("locked".into()));
    assert_eq!(
        bob.stand_at(&room.room).await.unwrap().ask("knock", json!({ "name": "Bob" })).await,
        Err("locked".into())
    );
    assert_eq!(line.ask("leave", json!({})).await, Ok(json!({})));
    assert_eq!(tries(&ada, &room.room).await, Ok(()), "who was in it comes back");

    let Room { daemon, owner, room: id, state, .. } = room;
    assert!(daemon.stop().success());
    let daemon = Daemon::start(&state);
    let [owner, ada, bob] = [owner, ada, bob].map(|who| who.with_daemon(&daemon));
    assert_eq!(tries(&bob, &id).await, Err("locked".into()));
    assert_eq!(tries(&ada, &id).await, Ok(()));
    let mut host = owner.join(&id, "Olga").await;
    assert_eq!(host.state["room"]["locked"], true);
    host.ask("lock", json!({ "on": false })).await.unwrap();
    assert_eq!(tries(&bob, &id).await, Ok(()));
}

fn may(state: &Value, verb: &str) -> bool {
    state["may"].as_array().unwrap().iter().any(|one| one == verb)
}

#[tokio::test]
async fn who_came_by_an_invite_with_a_lobby_may_nothing_before_they_are_let_in() {
    let mut room = Room::open().await;
    let invite = room.owner.invite_with(&room.room, json!({ "hours": 1, "lobby": true })).await;
    let ada = room.owner.guest(&invite, "Ada").await;
    let path = format!("/api/v1/rooms/{}", room.room);
    assert_eq!(problem(ada.get(&path).await).await, "lobby");
    assert_eq!(ada.open(&room.room).await.err(), Some((403, "lobby".into())));
    let mut moderator = room.joined("moderator", "Mo").await;
    let mut guest = room.joined("guest", "Gus").await;
    let mut wait = knocks(&ada, &room.room, "Ada").await;
    room.asks("go_live", json!({})).await;
    wait.until("the sign", |room| room["live"] == true).await;
    moderator.until("who waits", |state| state["outside"][0]["name"] == "Ada").await;
    assert_eq!(guest.state["outside"], json!([]));
    let who = moderator.state["outside"][0]["id"].clone();
    assert_eq!(guest.ask("let_in", json!({ "participant": who })).await, Err("not-permitted".into()));
    moderator.ask("let_in", json!({ "participant": who })).await.unwrap();
    assert!(matches!(wait.next().await, Said::LetIn));
    assert_eq!(tries(&ada, &room.room).await, Ok(()));
    room.notes(["Mo", "let_in", "Ada", ""]).await;

    // By the list of members it is the same.
    let bob = room.owner.guest(&invite, "Bob").await;
    let mut wait = knocks(&bob, &room.room, "Bob").await;
    let members: Value = room.owner.get(&format!("{path}/members")).await.json().await.unwrap();
    let subject = members.as_array().unwrap().iter().find(|member| member["name"] == "Bob").unwrap()["subject"].clone();
    let member = format!("{path}/members/{}", subject.as_str().unwrap());
    let let_in = room.owner.request(reqwest::Method::PATCH, &member).json(&json!({ "waits": false }));
    assert_eq!(let_in.send().await.unwrap().status(), 204);
    assert!(matches!(wait.next().await, Said::LetIn));
    room.outside(&[]).await;
}

#[tokio::test]
async fn whoever_looks_on_is_heard_on_stage_and_not_any_more_after_it_without_another_offer() {
    let mut room = Room::open().await;
    let mut ada = room.joined("viewer", "Ada").await;
    let me = ada.me();
    assert!(may(&ada.state, "join") && !may(&ada.state, "speak"));
    ada.ask("offer", json!({ "sdp": OFFER })).await.unwrap();
    room.host.until("Ada", |state| state["participants"][&me]["role"] == "viewer").await;
    assert_eq!(room.host.state["participants"][&me]["microphone"], false, "what is not permitted is not taken");
    assert_eq!(room.host.state["slots_wanted"], json!({ "audio": 0, "video": 0 }));
    for (on, role) in [(true, "guest"), (false, "viewer"), (true, "guest")] {
        room.asks("stage", json!({ "participant": me, "on": on })).await;
        ada.until("the stage", |state| may(state, "speak") == on).await;
        let is = |state: &Value| {
            let who = &state["participants"][&me];
            who["role"] == role && who["microphone"] == on && state["slots_wanted"]["audio"] == u64::from(on)
        };
        room.host.until("the stage", is).await;
    }
    room.notes(["Owner", "permit", "Ada", "viewer → guest"]).await;
    // What somebody may is changed for them alone as well, while they are in.
    let members: Value = room.owner.get(&format!("/api/v1/rooms/{}/members", room.room)).await.json().await.unwrap();
    let subject = members.as_array().unwrap().iter().find(|member| member["name"] == "Ada").unwrap()["subject"].clone();
    let member = format!("/api/v1/rooms/{}/members/{}", room.room, subject.as_str().unwrap());
    let change = json!({ "change": { "allow": [], "deny": ["speak"] } });
    let denied = room.owner.request(reqwest::Method::PATCH, &member).json(&change);
    assert_eq!(denied.send().await.unwrap().status(), 204);
    ada.until("silence", |state| !may(state, "speak") && may(state, "show_camera")).await;
    room.host.until("silence", |state| state["participants"][&me]["microphone"] == false).await;
}

#[tokio::test]
async fn a_moderator_keeps_order_among_guests_and_not_among_those_who_run_the_room() {
    let mut room = Room::open().await;
    let mut mo = room.joined("guest", "Mo").await;
    let mut ada = room.joined("guest", "Ada").await;
    let mut host = room.joined("host", "Ho").await;
    let (moderator, guest, runs, owner) = (mo.me(), ada.me(), host.me(), room.host.me());
    assert_eq!(mo.ask("mute", json!({ "participant": guest })).await, Err("not-permitted".into()));
    host.ask("moderator", json!({ "participant": moderator, "on": true })).await.unwrap();
    mo.until("another role", |state| {
        may(state, "moderate") && state["participants"][&moderator]["role"] == "moderator"
    })
    .await;
    mo.ask("mute", json!({ "participant": guest })).await.unwrap();
    ada.until("muted", |state| state["stopped"] == json!(["microphone"])).await;
    for (op, fields) in [
        ("mute", json!({ "participant": runs })),
        ("remove", json!({ "participant": runs })),
        ("ban", json!({ "participant": owner })),
        ("moderator", json!({ "participant": guest, "on": true })),
        ("hand_over", json!({ "participant": guest })),
        ("remove", json!({ "participant": moderator })),
    ] {
        assert_eq!(mo.ask(op, fields.clone()).await, Err("not-permitted".into()), "{op} {fields}");
    }
    assert_eq!(
        host.ask("ban", json!({ "participant": owner })).await,
        Err("not-permitted".into()),
        "nobody bans the owner"
    );
    mo.ask("ban", json!({ "participant": guest })).await.unwrap();
    assert_eq!(ada.end().await.as_deref(), Some("banned"));
    room.outside(&[("Ada", "banned")]).await;
    host.ask("moderator", json!({ "participant": moderator, "on": false })).await.unwrap();
    mo.until("another role", |state| !may(state, "moderate") && state["outside"] == json!([])).await;
    for entry in [
        ["Ho", "permit", "Mo", "guest → moderator"],
        ["Mo", "mute", "Ada", ""],
        ["Mo", "ban", "Ada", ""],
        ["Ho", "permit", "Mo", "moderator → guest"],
    ] {
        room.notes(entry).await;
    }
}

#[tokio::test]
async fn whoever_is_banned_does_not_come_back_until_that_is_undone() {
    let mut room = Room::open().await;
    let ada = room.guest("Ada").await;
    let mut line = ada.join(&room.room, "Ada").await;
    room.asks("ban", json!({ "participant": line.me() })).await;
    assert_eq!(line.end().await.as_deref(), Some("banned"));
    assert_eq!(ada.open(&room.room).await.err(), Some((403, "banned".into())));
    assert_eq!(ada.stand_at(&room.room).await.err(), Some((403, "banned".into())));
    let [who] = &room.outside(&[("Ada", "banned")]).await[..] else { panic!("one is outside") };
    room.asks("let_in", json!({ "participant": who })).await;
    assert_eq!(tries(&ada, &room.room).await, Ok(()));
    room.notes(["Owner", "unban", "Ada", ""]).await;
    // Whoever is banned by the list of members has to leave, too.
    let mut line = ada.join(&room.room, "Ada").await;
    let members: Value = room.owner.get(&format!("/api/v1/rooms/{}/members", room.room)).await.json().await.unwrap();
    let subject = members.as_array().unwrap().iter().find(|member| member["name"] == "Ada").unwrap()["subject"].clone();
    let member = format!("/api/v1/rooms/{}/members/{}", room.room, subject.as_str().unwrap());
    let ban = room.owner.request(reqwest::Method::PATCH, &member).json(&json!({ "banned": true }));
    assert_eq!(ban.send().await.unwrap().status(), 204);
    assert_eq!(line.end().await.as_deref(), Some("banned"));
}

#[tokio::test]
async fn a_room_that_its_hosts_leave_goes_on_and_is_run_by_whom_they_named_or_ended_by_a_moderator() {
    let mut room = Room::open().await;
    let mut mo = room.joined("moderator", "Mo").await;
    let mut ada = room.joined("guest", "Ada").await;
    let (moderator, guest) = (mo.me(), ada.me());
    room.asks("go_live", json!({})).await;
    room.asks("leave", json!({})).await;
    mo.until("who has it", |state| state["room"]["acting"] == *moderator).await;
    assert!(mo.state["room"]["live"].is_object(), "it goes on");
    assert_eq!(mo.ask("go_live", json!({})).await, Err("not-permitted".into()), "nothing is begun");
    assert_eq!(mo.ask("record", json!({ "on": true })).await, Err("not-permitted".into()));
    assert_eq!(mo.ask("record", json!({ "on": false })).await, Ok(json!({})));
    assert_eq!(ada.ask("end_live", json!({})).await, Err("not-permitted".into()), "nobody chose her");
    mo.ask("end_live", json!({})).await.unwrap();
    ada.until("off air", |state| state["room"].get("live").is_none_or(Value::is_null)).await;

    room.host = room.owner.join(&room.room, "Olga").await;
    mo.until("a host", |state| state["room"]["acting"].is_null()).await;
    assert_eq!(mo.ask("end_live", json!({})).await, Err("not-permitted".into()));
    room.asks("hand_over", json!({ "participant": guest })).await;
    ada.until("who comes next", |state| state["room"]["host_next"] == *guest).await;
    assert!(!may(&ada.state, "broadcast"), "not yet");
    room.asks("leave", json!({})).await;
    ada.until("the room", |state| may(state, "broadcast") && state["participants"][&guest]["role"] == "host").await;
    assert!(!may(&ada.state, "administer"));
    ada.ask("go_live", json!({})).await.unwrap();
    room.notes(["Owner", "hand_over", "Ada", ""]).await;
    room.notes(["Owner", "permit", "Ada", "guest → host"]).await;
}

#[tokio::test]
async fn who_agreed_to_what_is_noted() {
    let mut room = Room::open().await;
    let mut ada = room.joined("guest", "Ada").await;
    room.asks("go_live", json!({})).await;
    ada.ask("consent", json!({ "on_air": true })).await.unwrap();
    ada.ask("consent", json!({ "on_air": false })).await.unwrap();
    room.notes(["Ada", "consent", "", "on air: yes, recorded: no, separately: no"]).await;
    room.notes(["Ada", "consent", "", "on air: no, recorded: no, separately: no"]).await;
    room.notes(["Owner", "go_live", "", ""]).await;
    let entries = room.noted().await;
    let consents: Vec<&str> = entries.iter().filter(|entry| entry[1] == "consent").map(|entry| &*entry[3]).collect();
    assert_eq!(consents.len(), 2, "{entries:?}");
    assert!(consents[0].starts_with("on air: no"), "the newest first: {consents:?}");
}

const OLGA: Devices = Devices { colour: "blue", hz: 700 };
const ADA: Devices = Devices { colour: "red", hz: 440 };

/// Clicks one of the actions for Ada in the list of people, which is open.
async fn acts(olga: &Page, action: &str) {
    let open =
        "document.querySelector('[data-testid=person][data-name=Ada] [data-testid=acts-open][aria-expanded=false]')";
    olga.eval(&format!("{open}?.click()")).await;
    olga.click(&format!("act-{action}")).await;
}

/// Waits until a page shows this, or shows it no more.
async fn shows(page: &Page, testid: &str, there: bool) {
    let no = if there { "" } else { "!" };
    page.wait_for(&format!("{no}document.querySelector('[data-testid={testid}]')"), testid).await;
}

/// Asks at the door to be let in, and is by the line over the pictures.
async fn is_let_in(ada: &Page, olga: &Page) {
    ada.click("join").await;
    shows(ada, "lobby", true).await;
    olga.click("waiting-let-in").await;
    people::in_the_call(ada).await;
}

#[tokio::test]
async fn whoever_waits_at_the_door_is_let_in_brought_on_stage_muted_and_removed_without_loading_a_page() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let browser = Browser::start().await;
    let (olga, room) = people::owner(&browser, &daemon, "Olga", OLGA).await;
    let wanted = json!({ "hours": 1, "role": "viewer", "lobby": true });
    let invite = format!(
        "return fetch('/api/v1/rooms/{room}/invites', {{ method: 'POST', headers: {{ 'content-type': 'application/json' }}, \
         body: '{wanted}' }}).then(r => r.json()).then(invite => invite.url)"
    );
    let door = olga.eval(&invite).await.as_str().unwrap().to_owned();
    let ada = browser.open("Ada", Some(ADA)).await;
    people::at_the_door(&ada, &daemon.url, &door).await;
    is_let_in(&ada, &olga).await;
    ada.eval("window.loaded = 'once'").await;

    // She looks on: there is nothing to send with, and a hand to raise.
    shows(&ada, "looks-on", true).await;
    shows(&ada, "mute", false).await;
    ada.click("hand").await;
    let said = "document.querySelector('[data-testid=order-news]').textContent.includes('Ada raises a hand')";
    olga.wait_for(said, "word of the hand").await;
    olga.click("people-open").await;
    acts(&olga, "stage").await;
    ada.wait_for("document.querySelector('[data-testid=mute][aria-pressed=true]')", "a microphone that is off").await;
    ada.click("mute").await;
    ada.click("camera").await;
    people::hears(&olga, "Ada", ADA.hz, 3).await;
    people::sees(&olga, "Ada", 2).await;
    let hand = "document.querySelector('[data-testid=hand][aria-pressed=false]')";
    ada.wait_for(hand, "a hand that went down when she spoke").await;

    acts(&olga, "mute").await;
    ada.wait_for("document.querySelector('[data-testid=mute][aria-pressed=true]')", "being muted").await;
    let begins = format!("return probe.begins('Ada', {})", ADA.hz);
    let before = olga.eval(&begins).await.as_u64().unwrap();
    people::sees(&olga, "Ada", 20).await;
    let after = olga.eval(&begins).await.as_u64().unwrap();
    assert!(after <= before + 1, "she was heard {} times more while she was muted", after - before);
    ada.click("mute").await;
    people::hears(&olga, "Ada", ADA.hz, 3).await;

    acts(&olga, "stage").await;
    shows(&ada, "looks-on", true).await;
    shows(&ada, "mute", false).await;
    shows(&ada, "camera", false).await;
    assert_eq!(ada.eval("return window.loaded").await, "once");

    acts(&olga, "remove").await;
    ada.click("rejoin").await;
    olga.eval("document.querySelector('dialog').close()").await;
    is_let_in(&ada, &olga).await;
    assert_eq!(ada.eval("return window.loaded").await, "once");
    // That she has to wait is an answer with 403, which her browser calls an error.
    assert_eq!(olga.errors().await, Vec::<String>::new());
}

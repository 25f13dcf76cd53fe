//! The service on a real store, with time that stands still between steps.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use crate::model::id::{BroadcastId, GrantId};
use crate::proto::chat::Kind;

const PLACE: Place = Place { room: RoomId::from_bytes([1; 10]), kind: Kind::Broadcast };

struct Running {
    chat: Handle,
    store: store::Handle,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Running {
    async fn start(folder: &tempfile::TempDir) -> Self {
        let store = store::open(folder.path()).expect("a store");
        let room = store::Room {
            id: PLACE.room,
            name: "Room".into(),
            broadcast: BroadcastId::from_bytes([1; 10]),
            created: 0,
        };
        // At a second start it is there.
        let _ = store.insert_room(room).await;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let parts = Parts { store: store.clone(), supervisor: Supervisor::default() };
        let chat = start(&Config::default(), parts, &tasks, stop.clone()).await.expect("a chat");
        Self { chat, store, tasks, stop }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.store.close().await;
    }

    async fn write(&self, by: &By, text: &str) -> Result<Done, Error> {
        let action = Action::Write { text: Text::new(text).expect("a text"), emote: false, reply: None };
        self.chat.act(PLACE, by.clone(), action).await
    }

    async fn act(&self, by: &By, action: Action) -> Done {
        self.chat.act(PLACE, by.clone(), action).await.expect("it is done")
    }

    /// The numbers of what is found as soon as anything is: the time of a test does not wait for the thread of the store.
    async fn found(&self, search: Search) -> Vec<u64> {
        for _ in 0..1000 {
            let found = self.chat.search(PLACE, search.clone()).await.expect("it is looked for");
            if !found.is_empty() {
                return found.iter().map(|message| message.id).collect();
            }
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        Vec::new()
    }

    async fn open(&self, audience: Audience) -> (Value, broadcast::Receiver<Arc<Batch>>) {
        let opened = self.chat.open(PLACE, audience).await.expect("it is there");
        (serde_json::from_slice(&opened.snapshot).expect("JSON"), opened.feed)
    }

    async fn texts(&self, audience: Audience) -> Vec<String> {
        let (snapshot, _) = self.open(audience).await;
        let messages = snapshot["state"]["messages"].as_array().expect("a list").clone();
        messages.iter().map(|message| message["text"].as_str().expect("a text").to_owned()).collect()
    }
}

fn by(n: u8, role: Role) -> By {
    let subject = Subject::Login(GrantId::from_bytes([n; 10]));
    let name = Name::new(&format!("Person {n}")).expect("a name");
    let moderates = matches!(role, Role::Host | Role::Moderator);
    By { id: author_id(PLACE.room, subject), subject, name, role, moderates }
}

fn event(bytes: Option<&Bytes>) -> Value {
    serde_json::from_slice(bytes.expect("an event")).expect("JSON")
}

#[tokio::test(start_paused = true)]
async fn what_is_written_reaches_all_who_follow_as_one_event_that_they_share() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Running::start(&folder).await;
    let (snapshot, mut one) = running.open(Audience::All).await;
    let (_, mut other) = running.open(Audience::All).await;
    assert_eq!((&snapshot["seq"], &snapshot["state"]["messages"]), (&json!(0), &json!([])));
    let (ada, bob) = (by(1, Role::Guest), by(2, Role::Viewer));
    running.write(&ada, "first").await.expect("it is written");
    let first = one.recv().await.expect("an event");
    assert_eq!(event(first.all.as_ref())["changes"][0]["message"]["text"], "first");
    // Within a tenth of a second of the last.
    for (who, text) in [(&ada, "a"), (&bob, "b"), (&ada, "c")] {
        running.write(who, text).await.expect("it is written");
    }
    let batch = one.recv().await.expect("an event");
    let told = event(batch.all.as_ref());
    assert_eq!((&told["seq"], told["changes"].as_array().map(Vec::len)), (&json!(2), Some(3)));
    other.recv().await.expect("the first");
    let theirs = other.recv().await.expect("the second");
    assert!(Arc::ptr_eq(&batch, &theirs), "it was written once");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn everything_is_there_again_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Running::start(&folder).await;
    let (host, ada) = (by(1, Role::Host), by(2, Role::Guest));
    let kept = running.write(&ada, "kept").await.expect("it is written").message.expect("a number");
    let gone = running.write(&ada, "deleted").await.expect("it is written").message.expect("a number");
    running.act(&ada, Action::React { message: kept, reaction: Reaction::Heart, on: true }).await;
    running.act(&host, Action::Turn { messages: vec![gone], turn: Turn::Delete }).await;
    running.act(&host, Action::Rule(Rules { slow: 7, ..Rules::default() }.into())).await;
    running.act(&host, Action::Silence { whom: Whom::Message(kept), seconds: 600, delete: false }).await;
    running.stop().await;

    let running = Running::start(&folder).await;
    let (snapshot, _) = running.open(Audience::Moderators).await;
    let state = &snapshot["state"];
    assert_eq!(state["messages"][0]["text"], "kept");
    assert_eq!(state["messages"][0]["reactions"], json!({ "heart": 1 }));
    assert_eq!(state["messages"][1]["state"], "deleted");
    assert_eq!(state["rules"]["slow"], 7);
    assert_eq!(state["timeouts"][0]["name"], "Person 2");
    assert_eq!(running.texts(Audience::All).await, ["kept"]);
    let refused = running.write(&ada, "hello?").await;
    assert!(matches!(refused, Err(Error::Refused(Refused::TimedOut(_)))), "{refused:?}");
    let next = running.write(&host, "new").await.expect("it is written").message;
    assert!(next > Some(gone), "numbers rise");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn every_deed_of_a_moderator_is_undone_by_what_it_gives() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Running::start(&folder).await;
    let (host, ada) = (by(1, Role::Host), by(2, Role::Guest));
    for text in ["one", "two"] {
        running.write(&ada, text).await.expect("it is written");
    }
    let before = running.open(Audience::Moderators).await.0["state"].clone();
    let whom = || Whom::Named("person 2".into());
    for action in [
        Action::Clear { whom: whom(), last: true },
        Action::Clear { whom: whom(), last: false },
        Action::Silence { whom: whom(), seconds: 60, delete: true },
        Action::Rule(Rules { review: true, ..Rules::default() }.into()),
    ] {
        let done = running.act(&host, action.clone()).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_ne!(running.open(Audience::Moderators).await.0["state"], before, "{action:?}");
        for undo in done.undo {
            let back = match undo {
                Undo::Turn(turn, messages) => Action::Turn { messages, turn },
                Undo::Lift(id) => Action::Lift { whom: Whom::Id(id) },
                Undo::Silence(id, seconds) => Action::Silence { whom: Whom::Id(id), seconds, delete: false },
                Undo::Rule(rules) => Action::Rule(rules),
            };
            running.act(&host, back).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(running.open(Audience::Moderators).await.0["state"], before, "{action:?}");
    }
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_has_a_time_out_is_told_and_others_are_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Running::start(&folder).await;
    let (host, ada) = (by(1, Role::Moderator), by(2, Role::Guest));
    running.write(&ada, "hello").await.expect("it is written");
    let (_, mut feed) = running.open(Audience::All).await;
    running.act(&host, Action::Silence { whom: Whom::Id(ada.id), seconds: 60, delete: false }).await;
    let told = loop {
        let batch = feed.recv().await.expect("an event");
        if !batch.concerned.is_empty() {
            break batch;
        }
    };
    assert_eq!(told.concerned, [ada.id]);
    assert!(told.all.is_none(), "nobody else hears of it: {told:?}");
    assert_eq!(event(told.moderators.as_ref())["changes"][0]["timeouts"][0]["name"], "Person 2");
    let standing = running.chat.standing(PLACE, ada.clone()).await.expect("they stand");
    assert!(standing.timed_out.is_some_and(|left| (1..=60).contains(&left)));
    for other in [by(3, Role::Host), by(4, Role::Moderator)] {
        running.write(&other, "hi").await.expect("it is written");
        let silenced = Action::Silence { whom: Whom::Id(other.id), seconds: 60, delete: false };
        let refused = running.chat.act(PLACE, host.clone(), silenced).await;
        assert!(matches!(refused, Err(Error::Refused(Refused::NotPermitted))), "{refused:?}");
    }
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_moderator_finds_in_the_store_can_be_deleted_and_those_who_scrolled_back_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Running::start(&folder).await;
    let (host, ada) = (by(1, Role::Host), by(2, Role::Guest));
    let old = running.write(&ada, "Ümlaut of old").await.expect("it is written").message.expect("a number");
    for n in 0..crate::proto::chat::LIVE + 5 {
        running.write(&host, &format!("message {n}")).await.expect("it is written");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert!(!running.texts(Audience::All).await.contains(&"Ümlaut of old".to_owned()));
    let search =
        Search { text: String::new(), by: None, open: false, before: u64::MAX, shown: false, most: MOST_FOUND };
    let umlaut = Search { text: "umlaut".into(), ..search.clone() };
    assert_eq!(running.found(umlaut).await, [old]);
    let (_, mut feed) = running.open(Audience::All).await;
    running.act(&host, Action::Turn { messages: vec![old], turn: Turn::Delete }).await;
    let told = feed.recv().await.expect("an event");
    assert_eq!(event(told.all.as_ref())["changes"], json!([{ "gone": old }]));
    assert_eq!(running.found(Search { open: true, ..search }).await, [old]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_reads_too_slowly_opens_the_channel_anew_and_has_missed_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Running::start(&folder).await;
    let host = by(1, Role::Host);
    let (_, mut feed) = running.open(Audience::All).await;
    for n in 0..FEED * 2 {
        running.write(&host, &format!("{n}")).await.expect("it is written");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert!(matches!(feed.recv().await, Err(RecvError::Lagged(_))));
    assert_eq!(running.texts(Audience::All).await.len(), FEED * 2);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_said_and_the_chat_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Running::start(&folder).await;
    let host = by(1, Role::Host);
    let (snapshot, mut feed) = running.open(Audience::All).await;
    assert_eq!(snapshot["state"]["saved"], true);
    running.store.close().await;
    running.write(&host, "still here").await.expect("it is written");
    let mut seen = Vec::new();
    while !seen.contains(&json!({ "saved": false })) {
        let batch = feed.recv().await.expect("an event");
        seen.extend(event(batch.all.as_ref())["changes"].as_array().expect("a list").clone());
    }
    assert_eq!(seen[0]["message"]["text"], "still here");
    assert_eq!(running.texts(Audience::All).await, ["still here"]);
    let rules = Action::Rule(Rules { slow: 9, ..Rules::default() }.into());
    let refused = running.chat.act(PLACE, host, rules).await;
    assert!(matches!(refused, Err(Error::Store(_))), "what would not last is not begun: {refused:?}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_room_that_is_removed_cuts_everybody_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Running::start(&folder).await;
    running.write(&by(1, Role::Guest), "hello").await.expect("it is written");
    let (_, mut feed) = running.open(Audience::All).await;
    running.chat.forget(PLACE.room).await;
    while let Ok(batch) = feed.recv().await {
        assert!(batch.all.is_some());
    }
    running.stop().await;
}

#[tokio::test]
async fn only_so_many_follow() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut running = Running::start(&folder).await;
    running.chat.most = 2;
    let (one, _two) = (running.chat.seat(), running.chat.seat());
    assert!(one.is_some() && running.chat.seat().is_none());
    drop(one);
    assert!(running.chat.seat().is_some());
}

//! The chats' WebSockets, and what moderators look for: docs/reference/chat.md.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::ws::{Utf8Bytes, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::Instant;

use self::deeds::{Desk, Said};
use super::body::Body;
use super::broadcasts::may_watch;
use super::error::Problem;
use super::frames::Frame;
use super::gate::Caller;
use super::requests::RequestId;
use super::wire::{self, Over, VERSION, Wire, answer};
use super::{App, rooms};
use crate::model::id::{AuthorId, BroadcastId, RoomId};
use crate::model::pace::Pace;
use crate::model::role::{Scope, Verb};
use crate::proto::auth::Name;
use crate::proto::chat::{By, Kind, Place};
use crate::services::access::Grant;
use crate::services::chat::{Audience, Batch, MOST_FOUND, Search, Seat, Told, author_id, message};

mod deeds;

/// Every request and what it needs: in the room, or to write to those who watch what is public, nowhere in particular. A request that is
/// not in this list is refused before it is looked at.
pub const OPS: &[(&str, Verb)] = &[
    ("name", Verb::Chat),
    ("write", Verb::Chat),
    ("react", Verb::Chat),
    ("report", Verb::Chat),
    ("erase", Verb::Chat),
    ("earlier", Verb::Watch),
    ("delete", Verb::Moderate),
    ("restore", Verb::Moderate),
    ("approve", Verb::Moderate),
    ("hold", Verb::Moderate),
    ("refuse", Verb::Moderate),
    ("dismiss", Verb::Moderate),
    ("reopen", Verb::Moderate),
    ("clear", Verb::Moderate),
    ("timeout", Verb::Moderate),
    ("lift", Verb::Moderate),
    ("ban", Verb::Moderate),
    ("unban", Verb::Moderate),
    ("rules", Verb::Moderate),
];

/// Requests of one socket that reach the chat at once; then one for each [`EACH`]. What is faster is refused here, where it costs the others
/// nothing.
const AT_ONCE: u32 = 24;
/// See [`AT_ONCE`].
const EACH: Duration = Duration::from_millis(200);
/// The same for what is read from the store.
const PAGES: u32 = 6;
/// See [`PAGES`].
const EACH_PAGE: Duration = Duration::from_secs(1);
/// How often it is looked at whether a page may still read: a broadcast becomes one for those who were invited.
const LOOK: Duration = Duration::from_secs(15);
/// Messages of one page of earlier ones.
const PAGE: usize = 50;

/// Why a connection ends: the box says why, or the other side is gone.
enum End {
    Lost,
    Bye(&'static str),
}

impl From<Over> for End {
    fn from(over: Over) -> Self {
        match over {
            Over::Lost => Self::Lost,
            Over::Odd => Self::Bye("removed"),
        }
    }
}

/// Where somebody reads and writes.
#[derive(Clone, Copy)]
struct Spot {
    place: Place,
    /// What is watched there.
    broadcast: BroadcastId,
}

impl Spot {
    /// Whether they may read here, now.
    fn may_read(&self, app: &App, grant: &Grant) -> bool {
        match self.place.kind {
            Kind::Room => grant.permits(Verb::Join, Scope::Room(self.place.room)),
            Kind::Broadcast => {
                let list = app.broadcasts.list();
                let list = list.borrow();
                list.iter().find(|one| one.id == self.broadcast).is_some_and(|one| may_watch(grant, one))
            }
        }
    }

    /// Whether they may do this here. To those who watch everybody may write who has no place in the room that says otherwise.
    fn may(&self, grant: &Grant, verb: Verb) -> bool {
        let room = self.place.room;
        let stranger = !grant.is_owner() && grant.places().iter().all(|place| place.room != room);
        let public = self.place.kind == Kind::Broadcast;
        match verb {
            // Who may read may read all of it.
            Verb::Watch => true,
            Verb::Chat if public && stranger => grant.permits(verb, Scope::Node),
            verb => grant.permits(verb, Scope::Room(room)),
        }
    }
}

pub(super) async fn room(
    State(app): State<App>,
    Caller(grant): Caller,
    request: RequestId,
    Path(room): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let room: RoomId = rooms::id(&room)?;
    let broadcast = app.rooms.room(room)?.broadcast;
    connect(app, grant, request, Spot { place: Place { room, kind: Kind::Room }, broadcast }, upgrade)
}

pub(super) async fn broadcast(
    State(app): State<App>,
    Caller(grant): Caller,
    request: RequestId,
    Path(broadcast): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let broadcast: BroadcastId = rooms::id(&broadcast)?;
    let room = app.rooms.rooms().borrow().iter().find(|room| room.broadcast == broadcast).map(|room| room.id);
    // Recordings have no chat.
    let room = room.ok_or_else(Problem::no_chat)?;
    let spot = Spot { place: Place { room, kind: Kind::Broadcast }, broadcast };
    if !spot.may_read(&app, &grant) {
        return Err(Problem::restricted());
    }
    connect(app, grant, request, spot, upgrade)
}

fn connect(
    app: App,
    grant: Grant,
    request: RequestId,
    spot: Spot,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let seat = app.chat.seat().ok_or_else(Problem::no_chat_seat)?;
    // What is written is small; a thousand sockets with large buffers are not.
    let upgrade = upgrade.write_buffer_size(8 << 10).read_buffer_size(4 << 10);
    let span = tracing::error_span!("chat", request = %request);
    Ok(wire::open(&app.clone(), upgrade, span, async move |wire| {
        let name = grant.name();
        let (pace, pages) = (Pace::new(AT_ONCE, EACH), Pace::new(PAGES, EACH_PAGE));
        let mut line = Line { wire, app, spot, grant, request, name, pace, pages, told: Value::Null, _seat: seat };
        let end = line.run().await;
        line.finish(end).await;
    }))
}

struct Line {
    wire: Wire,
    app: App,
    spot: Spot,
    grant: Grant,
    request: RequestId,
    /// What they are called, as far as that is known.
    name: Option<Name>,
    pace: Pace,
    pages: Pace,
    /// What they were told of themselves last.
    told: Value,
    _seat: Seat,
}

impl Line {
    /// Who this is in the chat; nobody without a name.
    fn by(&self) -> Option<By> {
        let name = self.name.clone()?;
        let room = self.spot.place.room;
        let subject = self.grant.subject();
        let (role, moderates) = (self.grant.role_in(room), self.moderates());
        Some(By { id: author_id(room, subject), subject, name, role, moderates })
    }

    fn moderates(&self) -> bool {
        self.grant.permits(Verb::Moderate, Scope::Room(self.spot.place.room))
    }

    fn audience(&self) -> Audience {
        if self.moderates() { Audience::Moderators } else { Audience::All }
    }

    async fn run(&mut self) -> End {
        let (cancel, grant) = (self.app.cancel.clone(), self.grant.clone());
        let mut standing = grant.follow();
        let mut look = tokio::time::interval_at(Instant::now() + LOOK, LOOK);
        let (mut audience, mut feed) = match self.open().await {
            Ok(opened) => opened,
            Err(end) => return end,
        };
        loop {
            let step = tokio::select! {
                text = self.wire.next(true) => match text {
                    Ok(text) => self.request(text.as_str()).await,
                    Err(over) => Err(over.into()),
                },
                batch = feed.recv() => match batch {
                    // Nothing more is told to who may not read any more, nor to who sees more by now as if they did not.
                    Ok(batch) => match self.may_read() {
                        Ok(()) if audience == self.audience() => self.pass(&batch, audience).await,
                        Ok(()) => self.open().await.map(|opened| (audience, feed) = opened),
                        Err(end) => Err(end),
                    },
                    Err(RecvError::Lagged(_)) => {
                        self.app.chat.counters().missed.inc();
                        self.open().await.map(|opened| (audience, feed) = opened)
                    }
                    Err(RecvError::Closed) => Err(End::Bye(self.why_closed())),
                },
                _ = look.tick() => self.may_read(),
                () = standing.changed() => match self.may_read() {
                    Ok(()) if audience == self.audience() => self.introduce().await,
                    Ok(()) => self.open().await.map(|opened| (audience, feed) = opened),
                    Err(end) => Err(end),
                },
                () = grant.ended() => Err(End::Bye("removed")),
                () = cancel.cancelled() => Err(End::Bye("shutdown")),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    fn why_closed(&self) -> &'static str {
        if self.app.rooms.room(self.spot.place.room).is_ok() { "again" } else { "room_closed" }
    }

    fn may_read(&self) -> Result<(), End> {
        if self.spot.may_read(&self.app, &self.grant) { Ok(()) } else { Err(End::Bye("removed")) }
    }

    /// Follows the channel from here on: who they are in it, and the whole of it.
    async fn open(&mut self) -> Result<(Audience, broadcast::Receiver<Arc<Batch>>), End> {
        let audience = self.audience();
        let opened = self.app.chat.open(self.spot.place, audience).await.map_err(|_| End::Bye(self.why_closed()))?;
        self.introduce().await?;
        self.shared(&opened.snapshot).await?;
        Ok((audience, opened.feed))
    }

    /// Tells them who they are here, where that is another than before.
    async fn introduce(&mut self) -> Result<(), End> {
        let mut you = json!({
            "by": null, "name": null, "role": self.grant.role_in(self.spot.place.room),
            "may_write": self.spot.may(&self.grant, Verb::Chat), "moderates": self.moderates(), "timed_out": null, "reactions": [],
        });
        if let Some(by) = self.by() {
            (you["by"], you["name"]) = (json!(by.id), json!(by.name));
            if let Ok(standing) = self.app.chat.standing(self.spot.place, by).await {
                (you["timed_out"], you["reactions"]) = (json!(standing.timed_out), standing.reactions);
            }
        }
        if you == self.told {
            return Ok(());
        }
        self.told = you.clone();
        Ok(self.wire.json(&json!({ "event": "you", "you": you })).await?)
    }

    async fn pass(&mut self, batch: &Batch, audience: Audience) -> Result<(), End> {
        let event = match audience {
            Audience::All => &batch.all,
            Audience::Moderators => &batch.moderators,
        };
        if let Some(event) = event {
            self.shared(event).await?;
        }
        let me = self.by().map(|by| by.id);
        if me.is_some_and(|me| batch.concerned.contains(&me)) { self.introduce().await } else { Ok(()) }
    }

    /// Sends what all who may see the same are sent.
    async fn shared(&mut self, event: &Bytes) -> Result<(), End> {
        // It is JSON, and that is UTF-8.
        let text = Utf8Bytes::try_from(event.clone()).map_err(|_| End::Lost)?;
        Ok(self.wire.text(text).await?)
    }

    async fn finish(&mut self, end: End) {
        if let End::Bye(reason) = end {
            // The other side may be gone already.
            let _ = self.wire.json(&json!({ "event": "bye", "reason": reason })).await;
        }
        self.wire.close().await;
    }

    async fn request(&mut self, text: &str) -> Result<(), End> {
        let Ok(frame) = serde_json::from_str::<Frame>(text) else {
            self.reply(0, Err(Problem::no_request())).await?;
            return Err(End::Bye("removed"));
        };
        self.may_read()?;
        let id = frame.id;
        let named = frame.op == "name";
        let result = self.serve(frame).await;
        let done = result.is_ok();
        self.reply(id, result).await?;
        if named && done { self.introduce().await } else { Ok(()) }
    }

    async fn reply(&mut self, id: u64, result: Result<Value, Problem>) -> Result<(), End> {
        Ok(self.wire.json(&answer(id, result, &self.request)).await?)
    }

    async fn serve(&mut self, frame: Frame) -> Result<Value, Problem> {
        if frame.v != VERSION {
            return Err(Problem::other_version());
        }
        let verb = OPS.iter().find(|(op, _)| *op == frame.op).map(|(_, verb)| *verb);
        let verb = verb.ok_or_else(Problem::unknown_op)?;
        if !self.spot.may(&self.grant, verb) {
            return Err(Problem::not_permitted());
        }
        let now = Instant::now().into_std();
        let pace = if frame.op == "earlier" { &mut self.pages } else { &mut self.pace };
        if pace.take(now).is_err() {
            self.app.chat.counters().refused.inc();
            return Err(Problem::too_fast());
        }
        match deeds::read(&frame.op, frame.fields)? {
            Said::Name(name) => self.call(name),
            Said::Earlier(before) => self.earlier(before).await,
            Said::Deed(deed) => {
                let by = self.by().ok_or_else(Problem::nameless)?;
                Desk { app: &self.app, grant: &self.grant, place: self.spot.place, by }.serve(deed).await
            }
        }
    }

    /// Who has a place in the room is called what they are called in the call. Everybody else is called what they signed in as.
    fn call(&mut self, name: Name) -> Result<Value, Problem> {
        if !self.grant.permits(Verb::Join, Scope::Room(self.spot.place.room)) {
            return Err(Problem::nameless());
        }
        self.name = Some(name);
        Ok(json!({ "name": self.name }))
    }

    async fn earlier(&mut self, before: u64) -> Result<Value, Problem> {
        let audience = self.audience();
        let shown = audience == Audience::All;
        let search = Search { text: String::new(), by: None, open: false, before, shown, most: PAGE };
        let found = self.app.chat.search(self.spot.place, search).await?;
        let messages: Vec<Told> = found.iter().rev().map(|one| message(one, audience)).collect();
        Ok(json!({ "messages": messages, "more": found.len() == PAGE }))
    }
}

/// Whether a request can be used.
#[cfg(any(test, fuzzing))]
pub(super) fn read(op: &str, of: Value) -> bool {
    deeds::read(op, of).is_ok()
}

/// What is looked for.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ChatSearch {
    /// In which channel of the room.
    channel: Kind,
    /// Text or name that has to be in it, however it is written; empty for all.
    #[serde(default)]
    text: String,
    /// Written by them alone.
    by: Option<AuthorId>,
    /// Only what is held, refused or deleted, or was reported.
    #[serde(default)]
    open: bool,
    /// With a number below this: the page after another one.
    before: Option<u64>,
}

pub(super) async fn search(
    State(app): State<App>,
    Path(room): Path<String>,
    Body(asked): Body<ChatSearch>,
) -> Result<Json<Vec<Told>>, Problem> {
    let room: RoomId = rooms::id(&room)?;
    app.rooms.room(room)?;
    let ChatSearch { channel, text, by, open, before } = asked;
    let before = before.unwrap_or(u64::MAX);
    let search = Search { text, by, open, before, shown: false, most: MOST_FOUND };
    let found = app.chat.search(Place { room, kind: channel }, search).await?;
    Ok(Json(found.iter().map(|one| message(one, Audience::Moderators)).collect()))
}

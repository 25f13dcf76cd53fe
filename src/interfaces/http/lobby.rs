//! The lobby of a room: a WebSocket for those who wait to be let in. docs/reference/signalling.md.

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::App;
use super::error::Problem;
use super::frames::{Frame, KnockFields, fields};
use super::gate::Caller;
use super::requests::RequestId;
use super::wire::{self, VERSION, Wire, answer};
use crate::model::id::RoomId;
use crate::proto::auth::Name;
use crate::services::access::Grant;
use crate::services::room::{Fate, Knock, Room};

pub(super) async fn connect(
    State(app): State<App>,
    Caller(grant): Caller,
    request: RequestId,
    Path(room): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let room: RoomId = room.parse().map_err(|_| Problem::not_found())?;
    app.rooms.room(room)?;
    let span = tracing::error_span!("lobby", request = %request);
    Ok(wire::open(&app.clone(), upgrade, span, async move |wire| {
        Porch { wire, app, grant, room, request, seq: 0 }.stand().await;
    }))
}

/// Where somebody stands who waits.
struct Porch {
    wire: Wire,
    app: App,
    grant: Grant,
    room: RoomId,
    request: RequestId,
    /// How many events were sent.
    seq: u64,
}

impl Porch {
    async fn stand(mut self) {
        if let Some(end) = self.wait().await {
            let event = match end {
                Fate::LetIn => json!({ "event": "let_in" }),
                Fate::Refused => json!({ "event": "bye", "reason": self.why_refused() }),
                Fate::Replaced => json!({ "event": "bye", "reason": "replaced" }),
            };
            // The other side may be gone already.
            let _ = self.event(event).await;
        }
        self.wire.close().await;
    }

    fn why_refused(&self) -> &'static str {
        match self.app.rooms.room(self.room) {
            _ if self.app.cancel.is_cancelled() => "shutdown",
            Ok(_) if self.grant.is_banned(self.room) => "banned",
            Ok(_) if self.grant.is_live() => "refused",
            Ok(_) => "removed",
            Err(_) => "room_closed",
        }
    }

    /// What becomes of them; nothing if they go away.
    async fn wait(&mut self) -> Option<Fate> {
        let mut fate: Option<oneshot::Receiver<Fate>> = None;
        let (grant, cancel) = (self.grant.clone(), self.app.cancel.clone());
        let (mut rooms, mut shown) = (self.app.rooms.rooms(), Value::Null);
        loop {
            let knows = fate.is_some();
            tokio::select! {
                text = self.wire.next(knows) => {
                    if let Some((knock, room)) = self.said(text.ok()?.as_str(), knows).await? {
                        (fate, shown) = (Some(knock.fate), room);
                    }
                }
                fate = told(&mut fate) => return Some(fate),
                Ok(()) = rooms.changed(), if knows => {
                    if let Ok(room) = self.app.rooms.room(self.room).map(|room| described(&room))
                        && room != shown
                    {
                        self.event(json!({ "event": "room", "room": room })).await?;
                        shown = room;
                    }
                }
                () = grant.ended() => return Some(Fate::Refused),
                () = cancel.cancelled() => return Some(Fate::Refused),
            }
        }
    }

    /// Somebody says who they are, once.
    async fn said(&mut self, text: &str, knows: bool) -> Option<Option<(Knock, Value)>> {
        let (id, result) = match serde_json::from_str::<Frame>(text) {
            Ok(frame) if frame.v != VERSION => (frame.id, Err(Problem::other_version())),
            Ok(frame) if frame.op != "knock" => (frame.id, Err(Problem::unknown_op())),
            Ok(frame) if knows => (frame.id, Err(Problem::bad("joined", "You wait already."))),
            Ok(frame) => (frame.id, self.knock(frame.fields).await),
            Err(_) => (0, Err(Problem::no_request())),
        };
        let (result, knock) = match result {
            Ok((room, knock)) => (Ok(json!({ "room": room.clone() })), Some((knock, room))),
            Err(problem) => (Err(problem), None),
        };
        self.text(&answer(id, result, &self.request)).await?;
        Some(knock)
    }

    async fn knock(&mut self, of: Value) -> Result<(Value, Knock), Problem> {
        let KnockFields { name } = fields(of)?;
        let name =
            Name::new(&name).map_err(|error| Problem::bad("bad-name", format!("This name can't be used: {error}.")))?;
        let room = self.app.rooms.room(self.room)?;
        Ok((described(&room), self.app.rooms.knock(self.room, self.grant.clone(), name).await?))
    }

    async fn event(&mut self, mut event: Value) -> Option<()> {
        self.seq += 1;
        event["seq"] = self.seq.into();
        self.text(&event).await
    }

    async fn text(&mut self, value: &Value) -> Option<()> {
        self.wire.json(value).await.ok()
    }
}

/// What those who wait are told of the room.
fn described(room: &Room) -> Value {
    json!({ "name": room.name, "live": room.live.is_some() })
}

/// Completes when it is known what becomes of them: never before they have knocked.
async fn told(fate: &mut Option<oneshot::Receiver<Fate>>) -> Fate {
    match fate {
        // Without a word the room is gone.
        Some(fate) => fate.await.unwrap_or(Fate::Refused),
        None => std::future::pending().await,
    }
}

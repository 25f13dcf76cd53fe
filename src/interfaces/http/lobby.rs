//! The lobby of a room: a WebSocket for those who wait to be let in. docs/reference/signalling.md.

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::error::Problem;
use super::frames::{Frame, KnockFields, fields};
use super::gate::{Caller, PROTOCOL};
use super::requests::RequestId;
use super::signalling::{PATIENCE, PING, SILENCE, VERSION, answer};
use super::{App, body};
use crate::model::id::RoomId;
use crate::proto::auth::Name;
use crate::services::access::Grant;
use crate::services::room::{Fate, Knock, Room};

/// Messages that somebody who waits sends at most: there is nothing to say but a name.
const MOST_SAID: u32 = 100;

pub(super) async fn connect(
    State(app): State<App>,
    Caller(grant): Caller,
    request: RequestId,
    Path(room): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let room: RoomId = room.parse().map_err(|_| Problem::not_found())?;
    app.rooms.room(room)?;
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(body::LARGEST).max_frame_size(body::LARGEST);
    Ok(upgrade.on_upgrade(move |socket| {
        let tasks = app.tasks.clone();
        tasks.track_future(async move {
            let _open = app.requests.sockets.hold();
            Porch { socket, app: app.clone(), grant, room, request, seq: 0 }.stand().await;
        })
    }))
}

/// Where somebody stands who waits.
struct Porch {
    socket: WebSocket,
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
        let _ = tokio::time::timeout(PATIENCE, self.socket.send(Message::Close(None))).await;
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
        let mut ping = tokio::time::interval_at(Instant::now() + PING, PING);
        let (grant, cancel) = (self.grant.clone(), self.app.cancel.clone());
        let (mut heard, mut said) = (Instant::now(), 0);
        let (mut rooms, mut shown) = (self.app.rooms.rooms(), Value::Null);
        loop {
            let patience = heard + if fate.is_some() { SILENCE } else { PATIENCE };
            tokio::select! {
                message = self.socket.recv() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) if said < MOST_SAID => {
                            said += 1;
                            if let Some((knock, room)) = self.said(text.as_str(), fate.is_some()).await? {
                                (fate, shown) = (Some(knock.fate), room);
                            }
                        }
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Ok(_) | Err(_)) | None => return None,
                    }
                }
                fate = told(&mut fate) => return Some(fate),
                Ok(()) = rooms.changed(), if fate.is_some() => {
                    if let Ok(room) = self.app.rooms.room(self.room).map(|room| described(&room))
                        && room != shown
                    {
                        self.event(json!({ "event": "room", "room": room })).await?;
                        shown = room;
                    }
                }
                _ = ping.tick() => self.send(Message::Ping(Vec::new().into())).await?,
                () = grant.ended() => return Some(Fate::Refused),
                () = cancel.cancelled() => return Some(Fate::Refused),
                () = tokio::time::sleep_until(patience) => return None,
            }
        }
    }

    /// Somebody says who they are, once.
    async fn said(&mut self, text: &str, knows: bool) -> Option<Option<(Knock, Value)>> {
        let (id, result) = match serde_json::from_str::<Frame>(text) {
            Ok(frame) if frame.v != VERSION => {
                (frame.id, Err(Problem::bad("version", "This page is of another version. Reload it.")))
            }
            Ok(frame) if frame.op != "knock" => {
                (frame.id, Err(Problem::bad("unknown-op", "The box does not know this request.")))
            }
            Ok(frame) if knows => (frame.id, Err(Problem::bad("joined", "You wait already."))),
            Ok(frame) => (frame.id, self.knock(frame.fields).await),
            Err(_) => (0, Err(Problem::bad("bad-frame", "This is not a request of this protocol."))),
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
        self.send(Message::Text(value.to_string().into())).await
    }

    async fn send(&mut self, message: Message) -> Option<()> {
        let sent = tokio::time::timeout(PATIENCE, self.socket.send(message)).await;
        matches!(sent, Ok(Ok(()))).then_some(())
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

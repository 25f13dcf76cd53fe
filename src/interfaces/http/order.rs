//! What keeps order in a room, as requests over its WebSocket.

use serde_json::{Value, json};

use super::App;
use super::error::Problem;
use super::frames::{LockFields, SwitchFields, WhomFields, fields};
use crate::model::id::RoomId;
use crate::services::access::Grant;
use crate::services::audit::Entry;
use crate::services::room::{Act, Room};

/// Notes that somebody put a room on air, which was not before.
pub(super) async fn note_live(app: &App, room: &Room, by: &Grant) {
    if room.live.is_none() {
        app.note(by, Entry::new(Some(room.id), "go_live")).await;
    }
}

/// Notes that somebody took a room off air, which was on air before.
pub(super) async fn note_off_air(app: &App, room: &Room, by: &Grant) {
    if room.live.is_some() {
        app.note(by, Entry::new(Some(room.id), "end_live")).await;
    }
}

/// Notes whether somebody wants what is on air as a recording.
pub(super) async fn note_record(app: &App, room: RoomId, by: &Grant, on: bool) {
    app.note(by, Entry::new(Some(room), "record").with(if on { "on" } else { "off" })).await;
}

/// Does what somebody who keeps order asks for; nothing if this is another request.
pub(super) async fn serve(
    (app, room, by): (&App, RoomId, &Grant),
    op: &str,
    of: Value,
) -> Option<Result<Value, Problem>> {
    let act = match op {
        "mute" => Act::Mute,
        "stop_camera" => Act::StopCamera,
        "stop_screen" => Act::StopScreen,
        "lower_hand" => Act::LowerHand,
        "hand_over" => Act::HandOver,
        "remove" => Act::Remove,
        "ban" => Act::Ban,
        "stage" | "moderator" => return Some(switch((app, room, by), op, of).await),
        "let_in" | "refuse" | "lock" => return Some(door((app, room, by), op, of).await),
        _ => return None,
    };
    let done = async {
        let WhomFields { participant } = fields(of)?;
        app.rooms.act(room, by.clone(), participant, act).await?;
        Ok(json!({}))
    };
    Some(done.await)
}

async fn switch((app, room, by): (&App, RoomId, &Grant), op: &str, of: Value) -> Result<Value, Problem> {
    let SwitchFields { participant, on } = fields(of)?;
    let act = if op == "stage" { Act::Stage { on } } else { Act::Moderator { on } };
    app.rooms.act(room, by.clone(), participant, act).await?;
    Ok(json!({}))
}

async fn door((app, room, by): (&App, RoomId, &Grant), op: &str, of: Value) -> Result<Value, Problem> {
    if op == "lock" {
        let LockFields { on } = fields(of)?;
        app.rooms.lock(room, by.clone(), on).await?;
        return Ok(json!({}));
    }
    let WhomFields { participant } = fields(of)?;
    match op {
        "let_in" => app.rooms.let_in(room, by.clone(), participant).await?,
        _ => app.rooms.refuse(room, by.clone(), participant).await?,
    }
    Ok(json!({}))
}

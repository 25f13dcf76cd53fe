//! Rooms, their invites, and the still of the box's screen.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::body::Body;
use super::door::Visit;
use super::error::Problem;
use super::gate::Caller;
use super::projection::date;
use super::{App, answer, qr};
use crate::model::id::{InviteId, RoomId};
use crate::model::role::{Role, Scope, Verb};
use crate::proto::auth::{Lifetime, Name};
use crate::services::{access, audit, room};

/// A room to make.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct NewRoom {
    /// What people call it; white space at the ends is taken off.
    #[cfg_attr(test, schemars(with = "Name"))]
    name: String,
}

/// An invite to make.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct WantedInvite {
    /// How long it works.
    #[cfg_attr(test, schemars(range(min = 1, max = 720)))]
    hours: u32,
    /// What it makes of whoever comes by it: a guest, unless it says otherwise.
    #[serde(default)]
    role: Option<Role>,
    /// How many may come by it: 1 to 1000, or as many as want to.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 1, max = 1000)))]
    most: Option<u32>,
    /// They have to be let in.
    #[serde(default)]
    lobby: bool,
}

/// Most who may be said to come by one invite.
const MOST: u32 = 1000;

fn describe(room: &room::Room) -> answer::Room {
    answer::Room {
        id: room.id,
        name: room.name.clone(),
        people: room.participants.len(),
        broadcast: room.broadcast,
        live: room.live.is_some(),
    }
}

fn describe_invite(invite: &access::Invite) -> answer::Invite {
    answer::Invite {
        id: invite.id,
        created: date(invite.created),
        expires: date(invite.expires),
        used: invite.used,
        role: invite.role,
        most: invite.most,
        lobby: invite.lobby,
    }
}

/// A path that names a room: the gate has read it already.
pub(super) fn id<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

pub(super) async fn list(State(app): State<App>, Caller(grant): Caller) -> Json<Vec<answer::Room>> {
    let rooms = app.rooms.rooms().borrow().clone();
    let mine = rooms.iter().filter(|room| grant.permits(Verb::Join, Scope::Room(room.id)));
    Json(mine.map(|room| describe(room)).collect())
}

pub(super) async fn create(
    State(app): State<App>,
    Body(new): Body<NewRoom>,
) -> Result<(StatusCode, Json<answer::Room>), Problem> {
    let name =
        Name::new(&new.name).map_err(|error| Problem::bad("bad-name", format!("This name can't be used: {error}.")))?;
    let room = app.rooms.create(name).await?;
    Ok((StatusCode::CREATED, Json(describe(&room))))
}

pub(super) async fn show(State(app): State<App>, Path(room): Path<String>) -> Result<Json<answer::Room>, Problem> {
    Ok(Json(describe(&*app.rooms.room(id(&room)?)?)))
}

pub(super) async fn remove(State(app): State<App>, Path(room): Path<String>) -> Result<StatusCode, Problem> {
    let room = id(&room)?;
    let broadcast = app.rooms.room(room)?.broadcast;
    // The room first: whoever is in it is told that it was closed, not that their invite was taken back.
    app.rooms.remove(room).await?;
    app.chat.forget(room).await;
    app.pushes.forget(broadcast).await?;
    app.access.close_room(room).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn invite(
    State(app): State<App>,
    Caller(grant): Caller,
    Path(room): Path<String>,
    visit: Visit,
    Body(new): Body<WantedInvite>,
) -> Result<(StatusCode, Json<answer::NewInvite>), Problem> {
    let room: RoomId = id(&room)?;
    app.rooms.room(room)?;
    let lifetime =
        Lifetime::from_hours(new.hours).map_err(|error| Problem::bad("bad-lifetime", format!("{error}.")))?;
    if new.most.is_some_and(|most| !(1..=MOST).contains(&most)) {
        return Err(Problem::bad("bad-number", "An invite is for 1 to 1000 people, or for as many as want to come."));
    }
    let role = new.role.unwrap_or(Role::Guest);
    let wanted = access::Wanted { lifetime, role, most: new.most, lobby: new.lobby };
    let (invite, token) = app.access.invite(room, wanted, &grant).await?;
    app.note(&grant, audit::Entry::new(Some(room), "invite").with(role.word())).await;
    let url = format!("{}/r/{room}#invite={}", visit.base(&app), token.reveal());
    Ok((
        StatusCode::CREATED,
        Json(answer::NewInvite { invite: describe_invite(&invite), qr: qr::picture(&url).unwrap_or_default(), url }),
    ))
}

pub(super) async fn invites(
    State(app): State<App>,
    Path(room): Path<String>,
) -> Result<Json<Vec<answer::Invite>>, Problem> {
    let invites = app.access.invites(id(&room)?).await?;
    Ok(Json(invites.iter().map(describe_invite).collect()))
}

pub(super) async fn revoke(
    State(app): State<App>,
    Caller(grant): Caller,
    Path((room, invite)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let invite: InviteId = id(&invite)?;
    // Somebody who may invite to one room has no say over the invites of another.
    if !app.access.invites(id(&room)?).await?.iter().any(|known| known.id == invite) {
        return Err(Problem::not_found());
    }
    app.access.revoke(invite).await?;
    app.note(&grant, audit::Entry::new(id(&room).ok(), "revoke")).await;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn still(State(app): State<App>, Path(room): Path<String>) -> Result<Response, Problem> {
    let picture = app.endpoint.still(id(&room)?).await?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "no-store")], picture).into_response())
}

//! Where else a room's broadcast is sent, for those whose box it is.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::body::{Body, given};
use super::error::Problem;
use super::projection::moment;
use super::{App, answer};
use crate::model::id::{BroadcastId, PushId, RoomId};
use crate::model::secret::Secret;
use crate::proto::auth::Name;
use crate::services::push::{Address, Change, Preset, Push, State as Stage, Wanted};

/// A service to send to.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct NewPush {
    /// What everybody in the room reads while it is sent there.
    #[cfg_attr(test, schemars(with = "Name"))]
    name: String,
    /// Which service it is.
    preset: Preset,
    /// Where it goes, `rtmp://`, `rtmps://`, `srt://` or, for WHIP, `https://`, without a key.
    address: String,
    /// The stream key, the stream id of SRT, or the bearer token of WHIP. It is told to nobody again.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    key: Option<Secret>,
    /// What SRT is encrypted with. It is told to nobody again.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    passphrase: Option<Secret>,
    /// It is sent there whenever the room is on air.
    enabled: bool,
}

/// What is another from now on. What is not given stays.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct PushChange {
    /// What everybody in the room reads while it is sent there.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<Name>"))]
    name: Option<String>,
    /// Where it goes.
    #[serde(default)]
    address: Option<String>,
    /// Another key; null for none.
    #[serde(default, deserialize_with = "given")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    key: Option<Option<Secret>>,
    /// Another passphrase; null for none.
    #[serde(default, deserialize_with = "given")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    passphrase: Option<Option<Secret>>,
    /// It is sent there whenever the room is on air.
    #[serde(default)]
    enabled: Option<bool>,
}

fn name(text: &str) -> Result<Name, Problem> {
    Name::new(text).map_err(|error| Problem::bad("bad-name", format!("This name can't be used: {error}.")))
}

fn address(text: &str) -> Result<Address, Problem> {
    text.parse().map_err(|error| Problem::bad("bad-address", format!("This address can't be used: {error}.")))
}

fn broadcast(app: &App, room: &str) -> Result<BroadcastId, Problem> {
    let room: RoomId = room.parse().map_err(|_| Problem::not_found())?;
    Ok(app.rooms.room(room)?.broadcast)
}

fn describe(push: &Push, app: &App) -> answer::Push {
    let (state, since, again) = match push.state {
        Stage::Off => (answer::PushState::Off, None, None),
        Stage::Waiting => (answer::PushState::Waiting, None, None),
        Stage::Connecting => (answer::PushState::Connecting, None, None),
        Stage::Live { since } => (answer::PushState::Live, Some(since), None),
        Stage::Failed { again, .. } => (answer::PushState::Failed, None, Some(again)),
    };
    let at = |at| moment(at, &app.timeline);
    answer::Push {
        id: push.id,
        name: push.name.clone(),
        preset: push.preset,
        kind: push.address.kind(),
        address: push.address.to_string(),
        key: push.key,
        passphrase: push.passphrase,
        enabled: push.enabled,
        state,
        since: since.and_then(at),
        again: again.and_then(at),
        error: push.last.map(|(code, when)| answer::PushError { code, text: code.text(), at: at(when) }),
        bytes: push.counters.bytes.get(),
        dropped: push.counters.dropped.get(),
        restarts: push.restarts,
    }
}

/// One that was just there.
fn one(app: &App, id: PushId) -> Result<Json<answer::Push>, Problem> {
    let pushes = app.pushes.follow();
    let pushes = pushes.borrow();
    let push = pushes.iter().find(|push| push.id == id).ok_or_else(Problem::no_push)?;
    Ok(Json(describe(push, app)))
}

pub(super) async fn list(State(app): State<App>, Path(room): Path<String>) -> Result<Json<Vec<answer::Push>>, Problem> {
    let broadcast = broadcast(&app, &room)?;
    let pushes = app.pushes.follow().borrow().clone();
    let of = pushes.iter().filter(|push| push.broadcast == broadcast);
    Ok(Json(of.map(|push| describe(push, &app)).collect()))
}

pub(super) async fn create(
    State(app): State<App>,
    Path(room): Path<String>,
    Body(new): Body<NewPush>,
) -> Result<(StatusCode, Json<answer::Push>), Problem> {
    let broadcast = broadcast(&app, &room)?;
    let NewPush { name: called, preset, address: to, key, passphrase, enabled } = new;
    let wanted = Wanted { name: name(&called)?, preset, address: address(&to)?, key, passphrase, enabled };
    let id = app.pushes.add(broadcast, wanted).await?;
    Ok((StatusCode::CREATED, one(&app, id)?))
}

pub(super) async fn change(
    State(app): State<App>,
    Path((room, push)): Path<(String, String)>,
    Body(change): Body<PushChange>,
) -> Result<Json<answer::Push>, Problem> {
    let (broadcast, id) = (broadcast(&app, &room)?, id(&push)?);
    let PushChange { name: called, address: to, key, passphrase, enabled } = change;
    let (called, to) = (called.as_deref().map(name).transpose()?, to.as_deref().map(address).transpose()?);
    app.pushes.change(broadcast, id, Change { name: called, address: to, key, passphrase, enabled }).await?;
    one(&app, id)
}

pub(super) async fn remove(
    State(app): State<App>,
    Path((room, push)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    app.pushes.remove(broadcast(&app, &room)?, id(&push)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn id(text: &str) -> Result<PushId, Problem> {
    text.parse().map_err(|_| Problem::no_push())
}

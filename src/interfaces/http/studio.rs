//! Where a producer has a room look the way it should to those who watch, and puts it on air.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::body::{Body, given};
use super::error::Problem;
use super::gate::Caller;
use super::projection::date;
use super::rooms::id;
use super::{App, answer, order};
use crate::model::id::{ParticipantId, RoomId};
use crate::proto::auth::Title;
use crate::proto::layout::arrange::Layout;
use crate::proto::screens::program::Slate;
use crate::services::program::logo;
use crate::services::room::{Directed, LowerThird, OnAir, Room, Wanted};

/// What is another from now on. What is not given stays.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct StudioChange {
    /// Who is where.
    #[serde(default)]
    layout: Option<Layout>,
    /// Who comes before the others; null for whoever speaks.
    #[serde(default, deserialize_with = "given")]
    #[cfg_attr(test, schemars(with = "Option<ParticipantId>"))]
    front: Option<Option<ParticipantId>>,
    /// Names are written with the pictures.
    #[serde(default)]
    names: Option<bool>,
    /// The title lies over the picture.
    #[serde(default)]
    title: Option<bool>,
    /// The box's logo lies over the picture.
    #[serde(default)]
    logo: Option<bool>,
    /// Two lines at the lower left; null for none.
    #[serde(default, deserialize_with = "given")]
    #[cfg_attr(test, schemars(with = "Option<Lines>"))]
    lower_third: Option<Option<Lines>>,
    /// What is shown instead of everybody; null for everybody.
    #[serde(default, deserialize_with = "given")]
    #[cfg_attr(test, schemars(with = "Option<Slate>"))]
    slate: Option<Option<Slate>>,
    /// The room goes on air by itself when somebody enters it next, and off when the last one leaves.
    #[serde(default)]
    auto_live: Option<bool>,
    /// What is on air is recorded without anybody saying so, from the next time on, once everybody on air agrees.
    #[serde(default)]
    auto_record: Option<bool>,
    /// What is recorded so is recorded of each in a file of their own as well, of whoever agrees to that.
    #[serde(default)]
    auto_separately: Option<bool>,
    /// What is on air is for those alone who were invited to the room, or for everybody.
    #[serde(default)]
    restricted: Option<bool>,
}

/// Two lines at the lower left.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Lines {
    /// The large one: one line of at most 100 characters.
    line: String,
    /// The small one below it.
    #[serde(default)]
    below: Option<String>,
}

/// How a room goes on air.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct GoLive {
    /// What those who watch read; if it is not given the room's name, or what it was while it is on air.
    #[serde(default)]
    title: Option<String>,
    /// It is recorded as well, once everybody on air agrees. Of a room that is on air this stays as it is if it is not given.
    #[serde(default)]
    record: Option<bool>,
    /// Everybody who agrees to that is recorded in a file of their own as well, where something is recorded. Of a room that is recorded this
    /// stays as it is if it is not given.
    #[serde(default)]
    separately: Option<bool>,
}

/// What may be a title, or nothing.
pub(super) fn title(text: Option<&str>) -> Result<Option<Title>, Problem> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    let title = text.map(Title::new).transpose();
    title.map_err(|error| Problem::bad("bad-title", format!("This title can't be used: {error}.")))
}

fn lines(Lines { line, below }: Lines) -> Result<LowerThird, Problem> {
    let line = title(Some(&line))?.ok_or_else(|| Problem::bad("bad-title", "The large line is empty."))?;
    Ok(LowerThird { line, below: title(below.as_deref())? })
}

fn describe(room: &Room, app: &App) -> answer::Studio {
    let viewers = app.viewers_of(room.broadcast);
    let live = room.live.as_ref().map(|live| answer::StudioLive {
        since: date(live.since),
        title: live.title.clone(),
        viewers,
        recording: live.recording.map(|recording| match recording.agreed {
            true => answer::StudioRecording::On,
            false => answer::StudioRecording::Waits,
        }),
        separately: live.recording.is_some_and(|recording| recording.separately),
    });
    let people = room.participants.iter().map(|p| answer::StudioPerson {
        id: p.id,
        name: p.name.clone(),
        on_air: match p.on_air {
            OnAir::No => answer::StudioAnswer::No,
            OnAir::Asked => answer::StudioAnswer::Asked,
            OnAir::Yes => answer::StudioAnswer::Yes,
        },
        camera: p.camera,
        screen: p.screen.is_some(),
        speaking: p.speaking,
    });
    let ladders = app.ladder.ladders();
    let publication = app.broadcasts.list().borrow().iter().find(|one| one.id == room.broadcast).and_then(|b| b.live);
    let steps = publication.and_then(|live| ladders.of.get(&live.publication));
    let rungs = steps.into_iter().flatten().filter(|(_, step)| step.runs).map(|(rung, _)| *rung);
    let direction = &room.direction;
    answer::Studio {
        name: room.name.clone(),
        broadcast: room.broadcast,
        live,
        people: people.collect(),
        layout: direction.layout,
        front: direction.front,
        names: direction.names,
        title: direction.title,
        logo: direction.logo,
        lower_third: direction.lower_third.clone(),
        slate: direction.slate,
        auto_live: direction.auto_live,
        auto_record: direction.auto_record,
        auto_separately: direction.auto_separately,
        restricted: direction.restricted,
        has_logo: app.logo.follow().borrow().is_some(),
        rungs: rungs.collect(),
        head: ladders.head,
    }
}

fn now(app: &App, room: RoomId) -> Result<Json<answer::Studio>, Problem> {
    Ok(Json(describe(&*app.rooms.room(room)?, app)))
}

pub(super) async fn show(State(app): State<App>, Path(room): Path<String>) -> Result<Json<answer::Studio>, Problem> {
    now(&app, id(&room)?)
}

pub(super) async fn change(
    State(app): State<App>,
    Path(room): Path<String>,
    Body(change): Body<StudioChange>,
) -> Result<Json<answer::Studio>, Problem> {
    let room = id(&room)?;
    let StudioChange { layout, front, names, title, logo, lower_third, slate, .. } = change;
    let (auto_live, auto_record, auto_separately, restricted) =
        (change.auto_live, change.auto_record, change.auto_separately, change.restricted);
    if let Some(Some(front)) = front
        && app.rooms.room(room)?.participant(front).is_none()
    {
        return Err(Problem::bad("no-such-person", "Nobody with this id is in the room (any more)."));
    }
    let lower_third = lower_third.map(|given| given.map(lines).transpose()).transpose()?;
    let directed = Directed {
        layout,
        front,
        names,
        title,
        logo,
        lower_third,
        slate,
        auto_live,
        auto_record,
        auto_separately,
        restricted,
    };
    app.rooms.direct(room, directed).await?;
    now(&app, room)
}

pub(super) async fn go_live(
    State(app): State<App>,
    Caller(by): Caller,
    Path(room): Path<String>,
    Body(GoLive { title: wanted, record, separately }): Body<GoLive>,
) -> Result<Json<answer::Studio>, Problem> {
    let (room, title) = (id(&room)?, title(wanted.as_deref())?);
    let was = app.rooms.room(room)?;
    if record == Some(true) {
        app.recorder.ready().await?;
    }
    app.rooms.go_live(room, title, Wanted::of(record.unwrap_or(false), separately, None)).await?;
    order::note_live(&app, &was, &by).await;
    if let Some(before) = was.live.as_ref().map(|live| live.recording)
        && (record.is_some() || separately.is_some())
    {
        let record = record.unwrap_or(before.is_some());
        app.rooms.record(room, Wanted::of(record, separately, before)).await?;
        order::note_record(&app, room, &by, record).await;
    }
    now(&app, room)
}

pub(super) async fn end_live(
    State(app): State<App>,
    Caller(by): Caller,
    Path(room): Path<String>,
) -> Result<StatusCode, Problem> {
    let was = app.rooms.room(id(&room)?)?;
    app.rooms.end_live(was.id).await?;
    order::note_off_air(&app, &was, &by).await;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn logo(State(app): State<App>) -> Result<Response, Problem> {
    let png = app.logo.follow().borrow().clone().ok_or_else(Problem::no_logo)?;
    let headers = [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Bytes::from_owner(png)).into_response())
}

pub(super) async fn set_logo(
    State(app): State<App>,
    png: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Problem> {
    // Longer than the route takes, or broken off.
    let png = png.map_err(|_| logo::Error::Large)?;
    app.logo.set(png.to_vec()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn remove_logo(State(app): State<App>) -> Result<StatusCode, Problem> {
    app.logo.remove().await?;
    Ok(StatusCode::NO_CONTENT)
}

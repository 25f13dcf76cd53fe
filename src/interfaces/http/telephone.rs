//! The telephone for those whose box it is: who rings, answering, and what they choose.

use std::convert::Infallible;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_core::Stream;
use serde::Deserialize;

use super::body::Body;
use super::error::Problem;
use super::gate::Caller;
use super::projection::{date, moment};
use super::{App, answer};
use crate::model::id::GrantId;
use crate::services::telephone::{Hours, Settings, Telephone};

/// What is chosen.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    /// The box does not ring.
    do_not_disturb: bool,
    /// Nor in these hours of the day: `22:00-07:00`; null for none.
    quiet_hours: Option<String>,
    /// The contacts whose calls answer themselves.
    answers: Vec<GrantId>,
}

fn describe(telephone: &Telephone, app: &App) -> answer::Telephone {
    let Telephone { ringing, in_call, settings, quiet, calls, .. } = telephone;
    let call = |call: &crate::services::telephone::Call| answer::Called {
        name: call.name.clone(),
        contact: call.contact,
        room: call.room,
        at: date(call.at),
        outcome: call.outcome,
    };
    answer::Telephone {
        ringing: ringing.as_ref().map(|ringing| answer::Ringing {
            name: ringing.caller.name.clone(),
            room: ringing.caller.room,
            since: moment(ringing.since, &app.timeline).unwrap_or_default(),
            answers: ringing.answers.and_then(|at| moment(at, &app.timeline)),
        }),
        in_call: *in_call,
        do_not_disturb: settings.do_not_disturb,
        quiet_hours: settings.quiet_hours.map(|hours| hours.to_string()),
        quiet: *quiet,
        answers: settings.answers.clone(),
        calls: calls.iter().rev().map(call).collect(),
    }
}

pub(super) async fn show(State(app): State<App>) -> Json<answer::Telephone> {
    Json(describe(&app.telephone.follow().borrow(), &app))
}

pub(super) async fn events(
    State(app): State<App>,
    Caller(grant): Caller,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let follow = app.telephone.follow();
    let news = futures_util::stream::unfold((follow, true, app, grant), |(mut follow, first, app, grant)| async move {
        if !first {
            tokio::select! {
                changed = follow.changed() => changed.ok()?,
                () = app.cancel.cancelled() => return None,
                () = grant.ended() => return None,
            }
        }
        let now = describe(&follow.borrow_and_update(), &app);
        let event = Event::default().event("state").json_data(&now).ok()?;
        Some((Ok(event), (follow, false, app, grant)))
    });
    Sse::new(news).keep_alive(KeepAlive::default())
}

pub(super) async fn answer(State(app): State<App>) -> Result<StatusCode, Problem> {
    app.telephone.answer().await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn decline(State(app): State<App>) -> Result<StatusCode, Problem> {
    app.telephone.decline().await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn hang_up(State(app): State<App>) -> Result<StatusCode, Problem> {
    app.telephone.hang_up().await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn choose(
    State(app): State<App>,
    Body(chosen): Body<Chosen>,
) -> Result<Json<answer::Telephone>, Problem> {
    let Chosen { do_not_disturb, quiet_hours, answers } = chosen;
    let hours = quiet_hours.as_deref().map(str::parse::<Hours>).transpose();
    let quiet_hours =
        hours.map_err(|error| Problem::bad("bad-hours", format!("These hours can't be used: {error}.")))?;
    app.telephone.choose(Settings { do_not_disturb, quiet_hours, answers }).await?;
    Ok(show(State(app)).await)
}

pub(super) async fn forget(State(app): State<App>) -> Result<StatusCode, Problem> {
    app.telephone.forget_calls().await?;
    Ok(StatusCode::NO_CONTENT)
}

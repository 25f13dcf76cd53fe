//! What the owner adjusts on the box's camera.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::App;
use super::body::Body;
use super::error::Problem;
use crate::proto::auth::Name;
use crate::proto::layout::aim::Aim;
use crate::services::endpoint::adjust::{Knob, Preset, Report};

/// One control, and what it is set to.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct WantedControl {
    /// Its number.
    id: u32,
    /// What it is set to; a switch is 0 or 1.
    value: i64,
}

pub(super) async fn show(State(app): State<App>) -> Result<Json<Report>, Problem> {
    Ok(Json(app.endpoint.camera().report().await?))
}

pub(super) async fn set(State(app): State<App>, Body(wanted): Body<WantedControl>) -> Result<Json<Vec<Knob>>, Problem> {
    Ok(Json(app.endpoint.camera().set(wanted.id, wanted.value).await?))
}

pub(super) async fn reset(State(app): State<App>) -> Result<Json<Vec<Knob>>, Problem> {
    Ok(Json(app.endpoint.camera().reset().await?))
}

pub(super) async fn aim(State(app): State<App>, Body(aim): Body<Aim>) -> Result<StatusCode, Problem> {
    app.endpoint.camera().aim(aim).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn name(text: &str) -> Result<Name, Problem> {
    Name::new(text).map_err(|error| Problem::bad("bad-name", format!("This name can't be used: {error}.")))
}

pub(super) async fn keep(State(app): State<App>, Path(preset): Path<String>) -> Result<Json<Vec<Preset>>, Problem> {
    Ok(Json(app.endpoint.camera().keep(name(&preset)?).await?))
}

pub(super) async fn forget(State(app): State<App>, Path(preset): Path<String>) -> Result<Json<Vec<Preset>>, Problem> {
    Ok(Json(app.endpoint.camera().forget(name(&preset)?).await?))
}

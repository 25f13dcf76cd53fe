//! Privacy mode: closing camera and microphone from a page, and opening them by the code on the screen.

use std::path::Path;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use super::body::Body;
use super::error::Problem;
use super::projection::date;
use super::{App, answer};
use crate::drivers::device;

/// What the box's screen shows.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    /// Four digits.
    code: String,
}

async fn now(app: &App) -> Json<answer::Privacy> {
    let privacy = *app.privacy.follow().borrow();
    let opened = tokio::task::spawn_blocking(|| device::opened(Path::new("/"))).await.unwrap_or_default();
    Json(answer::Privacy {
        on: privacy.is_on(),
        since: privacy.since.map(date),
        opened: opened.iter().map(|node| node.display().to_string()).collect(),
        code_shown: privacy.code.is_some(),
        screen: app.endpoint.has_screen(),
    })
}

pub(super) async fn show(State(app): State<App>) -> Json<answer::Privacy> {
    now(&app).await
}

pub(super) async fn close(State(app): State<App>) -> Result<Json<answer::Privacy>, Problem> {
    app.privacy.close().await?;
    Ok(now(&app).await)
}

pub(super) async fn ask(State(app): State<App>) -> Result<StatusCode, Problem> {
    app.privacy.ask_code(app.endpoint.has_screen()).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn open(State(app): State<App>, Body(typed): Body<Typed>) -> Result<Json<answer::Privacy>, Problem> {
    app.privacy.open_by(typed.code).await?;
    Ok(now(&app).await)
}

//! What the owner chooses instead of writing it into the configuration, and starting the box again.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use super::App;
use super::body::Body;
use super::error::Problem;
use super::gate::Caller;
use crate::proto::mqtt::Connection;
use crate::services::audit::Entry;
use crate::services::settings::{Ask, Settings, Wishes};

pub(super) async fn show(State(app): State<App>) -> Result<Json<Settings>, Problem> {
    Ok(Json(app.settings.ask(Ask::Show).await?))
}

pub(super) async fn choose(
    State(app): State<App>,
    Caller(grant): Caller,
    Body(wishes): Body<Wishes>,
) -> Result<Json<Settings>, Problem> {
    let keys = wishes.keys().cloned().collect::<Vec<_>>().join(", ");
    let settings = app.settings.ask(Ask::Choose(wishes)).await?;
    app.note(&grant, Entry::new(None, "settings").with(keys)).await;
    Ok(Json(settings))
}

pub(super) async fn keep(State(app): State<App>) -> Result<Json<Settings>, Problem> {
    Ok(Json(app.settings.ask(Ask::Keep).await?))
}

pub(super) async fn take_back(State(app): State<App>) -> Result<Json<Settings>, Problem> {
    Ok(Json(app.settings.ask(Ask::TakeBack).await?))
}

/// What is said with the wish that the box starts again: nothing more.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Restart {}

pub(super) async fn restart(
    State(app): State<App>,
    Caller(grant): Caller,
    Body(Restart {}): Body<Restart>,
) -> Result<Json<Settings>, Problem> {
    let settings = app.settings.ask(Ask::Restart).await?;
    app.note(&grant, Entry::new(None, "restart")).await;
    Ok(Json(settings))
}

/// That everything is forgotten: the name of the box, as it is now.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct FactoryReset {
    /// What the box is called.
    name: String,
}

pub(super) async fn reset(
    State(app): State<App>,
    Caller(grant): Caller,
    Body(FactoryReset { name }): Body<FactoryReset>,
) -> Result<Json<Settings>, Problem> {
    if name.trim() != app.node.name().to_string() {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "other-name",
            "The box has another name, so nothing was forgotten. Type its name as the page shows it.",
        ));
    }
    let settings = app.settings.ask(Ask::Reset).await?;
    // Of an image, there is a moment left in which somebody may look.
    app.note(&grant, Entry::new(None, "factory_reset")).await;
    Ok(Json(settings))
}

/// How the connection with the broker is.
pub(super) async fn broker(State(app): State<App>) -> Json<Connection> {
    Json(*app.with_broker.borrow())
}

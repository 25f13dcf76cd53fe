//! How loud the box's speaker and microphone are, and a test of them, for its owner.

use axum::Json;
use axum::extract::State;

use super::App;
use super::body::Body;
use super::error::Problem;
use crate::services::endpoint::hearing::SoundTest;
use crate::services::endpoint::{Loudnesses, Wishes};

pub(super) async fn show(State(app): State<App>) -> Json<Loudnesses> {
    Json(app.endpoint.loudness())
}

pub(super) async fn change(State(app): State<App>, Body(wishes): Body<Wishes>) -> Result<Json<Loudnesses>, Problem> {
    Ok(Json(app.endpoint.set_loudness(wishes).await?))
}

pub(super) async fn test(State(app): State<App>) -> Result<Json<SoundTest>, Problem> {
    Ok(Json(app.endpoint.test_sound().await?))
}

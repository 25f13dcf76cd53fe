//! How the box's screen shows calls, for its owner.

use axum::Json;
use axum::extract::State;

use super::App;
use super::body::Body;
use crate::services::endpoint::{BoxScreen, Layout};

pub(super) async fn show(State(app): State<App>) -> Json<BoxScreen> {
    Json(app.endpoint.screen())
}

pub(super) async fn change(State(app): State<App>, Body(layout): Body<Layout>) -> Json<BoxScreen> {
    app.endpoint.set_layout(layout);
    Json(app.endpoint.screen())
}

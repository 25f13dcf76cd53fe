//! How the box is reached, for its owner's page.

use axum::Json;
use axum::extract::State;

use super::App;
use super::error::Problem;
use crate::services::reachability::Reachability;

pub(super) async fn check(State(app): State<App>) -> Result<Json<Reachability>, Problem> {
    app.reach.check().await.map(Json).map_err(|_| Problem::closing())
}

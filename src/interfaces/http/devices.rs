//! What is plugged into the box and how it is, for its owner's page.

use axum::Json;
use axum::extract::State;

use super::App;
use super::error::Problem;
use crate::services::endpoint::Note;
use crate::services::endpoint::report::Report;

pub(super) async fn report(State(app): State<App>) -> Result<Json<Report>, Problem> {
    // A camera that does not answer has nothing to add.
    let camera = app.endpoint.camera().report().await.ok();
    let (endpoint, remote) = (app.endpoint.clone(), app.remote.clone());
    let looked = tokio::task::spawn_blocking(move || {
        let mut report = endpoint.survey();
        report.findings.push(remote.television());
        report
    });
    let mut report = looked.await.map_err(|_| Problem::closing())?;
    if let Some(camera) = camera {
        report.runs(camera.note == Some(Note::ModeFailed), camera.mode.map(|mode| mode.to_string()).as_deref());
    }
    Ok(Json(report))
}

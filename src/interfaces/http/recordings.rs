//! The recordings, for the owner of the box.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use super::body::Body;
use super::error::Problem;
use super::{App, video};
use crate::model::id::RecordingId;
use crate::services::recorder::{Change, Part, Recording, Recordings};

fn id(text: &str) -> Result<RecordingId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

pub(super) async fn list(State(app): State<App>) -> Result<Json<Recordings>, Problem> {
    Ok(Json(app.recorder.list().await?))
}

pub(super) async fn change(
    State(app): State<App>,
    Path(recording): Path<String>,
    Body(change): Body<Change>,
) -> Result<Json<Recording>, Problem> {
    Ok(Json(app.recorder.change(id(&recording)?, change).await?))
}

pub(super) async fn remove(State(app): State<App>, Path(recording): Path<String>) -> Result<StatusCode, Problem> {
    app.recorder.delete(id(&recording)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn restore(State(app): State<App>, Path(recording): Path<String>) -> Result<Json<Recording>, Problem> {
    Ok(Json(app.recorder.restore(id(&recording)?).await?))
}

pub(super) async fn trim(
    State(app): State<App>,
    Path(recording): Path<String>,
    Body(part): Body<Part>,
) -> Result<(StatusCode, Json<Recording>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(app.recorder.trim(id(&recording)?, part).await?)))
}

pub(super) async fn video(
    State(app): State<App>,
    Path(recording): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let recording = id(&recording)?;
    let video = app.recorder.video(recording).await?;
    let mut response = video::answer(&video, &headers, None).await?;
    // To be saved, not shown.
    if query.is_some_and(|query| query.split('&').any(|part| part == "download")) {
        let name = video::attachment(&video.title, recording);
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

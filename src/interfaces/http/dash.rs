//! The manifest of DASH, and the time that its players go by. The segments are those of LL-HLS.

use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use super::App;
use super::error::Problem;
use super::hls::send;
use crate::services::egress::Error;

pub(super) async fn manifest(
    State(app): State<App>,
    Path(broadcast): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let broadcast = app.watched(&broadcast)?.id;
    // Who watches already says which run; its manifests name the address.
    let run = query.as_deref().and_then(|query| query.strip_prefix("run=")).and_then(|run| run.parse().ok());
    let known = match run {
        Some(run) => app.egress.manifest(broadcast, Some(run)).await,
        None => Err(Error::NotFound),
    };
    let manifest = match known {
        Err(Error::NotFound) => {
            app.admit(broadcast).await?;
            app.egress.manifest(broadcast, None).await
        }
        known => known,
    };
    Ok(send(manifest?))
}

/// The time of media, which is that of the box when it started and goes on evenly from there.
pub(super) async fn time(State(app): State<App>) -> Response {
    let now = app.timeline.unix_nanos(app.timeline.media(std::time::Instant::now()));
    let now = Timestamp::from_nanosecond(now).map(|now| format!("{now:.3}")).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], now).into_response()
}

//! The streams.

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::App;
use super::error::Problem;

impl App {
    /// Whether one more may watch, as far as the line up goes: asked when somebody begins.
    ///
    /// # Errors
    /// `uplink`.
    pub(super) async fn admit(&self) -> Result<(), Problem> {
        let others = self.whep.counts().borrow().values().sum();
        Ok(self.egress.admit(others).await?)
    }
}

pub(super) async fn object(
    State(app): State<App>,
    Path((broadcast, path)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let broadcast = broadcast.parse().map_err(|_| Problem::not_found())?;
    if path == "index.m3u8" {
        app.admit().await?;
    }
    let object = app.egress.get(broadcast, &path, query.as_deref()).await?;
    let mut response = object.body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(object.content_type));
    if let Ok(cache) = HeaderValue::from_str(&object.cache_control) {
        headers.insert(header::CACHE_CONTROL, cache);
    }
    Ok(response)
}

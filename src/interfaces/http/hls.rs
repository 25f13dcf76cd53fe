//! The streams.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::App;
use super::error::Problem;
use crate::model::id::BroadcastId;
use crate::services::egress::Object;

/// The query of a page that looks what there is to choose from, or how far back it could go, and watches already or not at all.
const LOOKS: &str = "look";

impl App {
    /// Whether one more may watch a broadcast, as far as the line up goes: asked when somebody begins. One that is off air says so itself.
    ///
    /// # Errors
    /// `uplink`.
    pub(super) async fn admit(&self, broadcast: BroadcastId) -> Result<(), Problem> {
        let list = self.broadcasts.list().borrow().clone();
        if !list.iter().any(|one| one.id == broadcast && one.live.is_some()) {
            return Ok(());
        }
        let watching = list.iter().filter_map(|one| one.live).map(|live| live.viewers).sum();
        Ok(self.egress.admit(watching).await?)
    }
}

pub(super) async fn object(
    State(app): State<App>,
    Path((broadcast, path)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let broadcast = app.watched(&broadcast)?.id;
    if path == "index.m3u8" && query.as_deref() != Some(LOOKS) {
        app.admit(broadcast).await?;
    }
    Ok(send(app.egress.get(broadcast, &path, query.as_deref()).await?))
}

/// What egress has, as an answer. What is still being made goes out as it comes; if it does not come, the connection ends in the middle, so
/// that nobody takes what there was for the whole.
pub(super) fn send(object: Object) -> Response {
    let mut response = match object.rest {
        None => object.body.into_response(),
        Some(rest) => {
            let parts = futures_util::stream::unfold((Some(object.body), Some(rest)), |(first, rest)| async move {
                let mut rest = rest?;
                match first {
                    Some(first) => Some((Ok(first), (None, Some(rest)))),
                    None => match rest.next().await.transpose()? {
                        Ok(part) => Some((Ok(part), (None, Some(rest)))),
                        Err(error) => Some((Err(error), (None, None))),
                    },
                }
            });
            Body::from_stream(parts).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(object.content_type));
    if let Ok(cache) = HeaderValue::from_str(&object.cache_control) {
        headers.insert(header::CACHE_CONTROL, cache);
    }
    response
}

//! Viewers by WebRTC: WHEP (draft-ietf-wish-whep-04). Needs no login, so that any site's page may use it.

use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::App;
use super::error::Problem;

/// `Content-Type` of session descriptions (RFC 8866).
const SDP: &str = "application/sdp";
/// What other sites' pages may send, for a day. OPTIONS also says what POST takes.
const OPTIONS: [(HeaderName, &str); 4] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, "POST, DELETE, OPTIONS"),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
    (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    (HeaderName::from_static("accept-post"), SDP),
];

pub(super) async fn create(
    State(app): State<App>,
    Path(broadcast): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let broadcast = broadcast.parse().map_err(|_| Problem::not_found())?;
    if !is_sdp(request.headers()) {
        return Err(Problem::not_sdp());
    }
    if !takes_sdp(request.headers()) {
        return Err(Problem::takes_no_sdp());
    }
    let offer = String::from_request(request, &app).await.map_err(|_| Problem::bad_offer("the offer can't be read"))?;
    let answer = app.whep.create(broadcast, offer).await?;
    let mut response = (StatusCode::CREATED, answer.sdp).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(SDP));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let viewer = answer.viewer;
    for (name, value) in
        [(header::LOCATION, format!("/whep/{broadcast}/{viewer}")), (header::ETAG, format!("\"{viewer}\""))]
    {
        headers.insert(name, HeaderValue::from_str(&value).expect("an id is ASCII"));
    }
    Ok(response)
}

pub(super) async fn remove(
    State(app): State<App>,
    Path((broadcast, viewer)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let broadcast = broadcast.parse().map_err(|_| Problem::not_found())?;
    let viewer = viewer.parse().map_err(|_| Problem::not_found())?;
    app.whep.delete(broadcast, viewer).await?;
    Ok(StatusCode::OK)
}

pub(super) async fn options() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    for (name, value) in OPTIONS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether the body is a session description; parameters do not matter.
pub(super) fn is_sdp(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    media(kind).eq_ignore_ascii_case(SDP)
}

/// Whether a session description is an answer that was asked for (RFC 9110 section 12.5.1).
pub(super) fn takes_sdp(headers: &HeaderMap) -> bool {
    let mut ranges = headers
        .get_all(header::ACCEPT)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(media)
        .filter(|range| !range.is_empty())
        .peekable();
    ranges.peek().is_none()
        || ranges.any(|range| [SDP, "application/*", "*/*"].iter().any(|fits| range.eq_ignore_ascii_case(fits)))
}

/// A media type or range without its parameters.
fn media(text: &str) -> &str {
    text.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn only_session_descriptions_are_taken() {
        assert!(is_sdp(&one(header::CONTENT_TYPE, "application/sdp")));
        assert!(is_sdp(&one(header::CONTENT_TYPE, "Application/SDP; charset=utf-8")));
        assert!(!is_sdp(&one(header::CONTENT_TYPE, "text/plain")));
        assert!(!is_sdp(&HeaderMap::new()));
    }

    #[test]
    fn an_answer_is_a_session_description_or_nothing() {
        for accept in ["*/*", "application/sdp", "text/html, application/*;q=0.5"] {
            assert!(takes_sdp(&one(header::ACCEPT, accept)), "{accept}");
        }
        assert!(takes_sdp(&HeaderMap::new()));
        assert!(!takes_sdp(&one(header::ACCEPT, "text/html, application/json")));
    }
}

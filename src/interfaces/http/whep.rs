//! Viewers by WebRTC: WHEP (draft-ietf-wish-whep-04). Needs no login, so that any site's page may use it.

use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::App;
use super::error::Problem;
use crate::proto::whip::Fragment;
use crate::services::broadcast::Key;
use crate::services::egress::whep::{self, Meant};

/// `Content-Type` of session descriptions (RFC 8866).
const SDP: &str = "application/sdp";
/// `Content-Type` of what is said of addresses later (RFC 8840 section 9).
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";
/// What other sites' pages may send, for a day: players may have a token configured, which nobody reads here. OPTIONS also
/// says what POST and PATCH take.
const OPTIONS: [(HeaderName, &str); 5] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PATCH, DELETE, OPTIONS"),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, if-match"),
    (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    (HeaderName::from_static("accept-post"), SDP),
    (HeaderName::from_static("accept-patch"), FRAGMENT),
];

pub(super) async fn create(
    State(app): State<App>,
    Path(broadcast): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let key = app.watched(&broadcast)?;
    if !is(SDP, request.headers()) {
        return Err(Problem::not_sdp());
    }
    if !takes_sdp(request.headers()) {
        return Err(Problem::takes_no_sdp());
    }
    let offer = String::from_request(request, &app).await.map_err(|_| Problem::bad_offer("the offer can't be read"))?;
    app.admit(key.id).await?;
    let answer = app.whep.create(key.clone(), offer).await.map_err(|error| match error {
        // Unlike a playlist, what is to be posted here has its address while the broadcast is off air.
        whep::Error::NotOnAir => Problem::off_air(),
        error => error.into(),
    })?;
    let mut response = (StatusCode::CREATED, answer.sdp).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(SDP));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::LOCATION, ascii(&format!("/whep/{}/{}", key.reveal(), answer.viewer)));
    headers.insert(header::ETAG, ascii(&format!("\"{}\"", answer.tag)));
    Ok(response)
}

pub(super) async fn change(
    State(app): State<App>,
    Path((broadcast, viewer)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    // Whoever knows the viewer may say how they are reached, and that they leave.
    let broadcast = Key::read(&broadcast).ok_or_else(Problem::not_found)?.id;
    let viewer = viewer.parse().map_err(|_| Problem::not_found())?;
    if !is(FRAGMENT, request.headers()) {
        return Err(Problem::not_fragment());
    }
    let meant = meant(request.headers()).ok_or_else(Problem::no_match)?;
    let text = String::from_request(request, &app).await.map_err(|_| Problem::bad_fragment())?;
    let fragment = Fragment::read(&text).map_err(|_| Problem::bad_fragment())?;
    Ok(match app.whep.change(broadcast, viewer, meant, fragment).await? {
        whep::Changed::Added => StatusCode::NO_CONTENT.into_response(),
        whep::Changed::Restarted { fragment, tag } => {
            let mut response = fragment.into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(FRAGMENT));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            headers.insert(header::ETAG, ascii(&format!("\"{tag}\"")));
            response
        }
    })
}

/// These addresses are only sent to: who reads them gets nothing, and no error (section 4.1 of the draft).
pub(super) async fn nothing() -> StatusCode {
    StatusCode::NO_CONTENT
}

pub(super) async fn remove(
    State(app): State<App>,
    Path((broadcast, viewer)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let broadcast = Key::read(&broadcast).ok_or_else(Problem::not_found)?.id;
    let viewer = viewer.parse().map_err(|_| Problem::not_found())?;
    app.whep.delete(broadcast, viewer).await?;
    Ok(StatusCode::OK)
}

pub(super) async fn options() -> Response {
    let mut response = StatusCode::OK.into_response();
    for (name, value) in OPTIONS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("ids are ASCII")
}

/// Whether the body is of this type; parameters do not matter.
pub(super) fn is(wanted: &str, headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    media(kind).eq_ignore_ascii_case(wanted)
}

/// Which connection a change is meant for; `None` if it does not say so. Tags are compared strongly, so weak ones fit nothing
/// (RFC 9110 section 13.1.1).
pub(super) fn meant(headers: &HeaderMap) -> Option<Meant> {
    let all = headers.get_all(header::IF_MATCH).iter().map(|value| value.to_str().unwrap_or_default());
    let all: Vec<&str> = all.flat_map(|value| value.split(',')).map(str::trim).filter(|tag| !tag.is_empty()).collect();
    match all[..] {
        [] => None,
        ["*"] => Some(Meant::Any),
        _ => {
            let strong = |tag: &&str| Some(tag.strip_prefix('"')?.strip_suffix('"')?.to_owned());
            Some(Meant::Tags(all.iter().filter_map(strong).collect()))
        }
    }
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
        assert!(is(SDP, &one(header::CONTENT_TYPE, "application/sdp")));
        assert!(is(SDP, &one(header::CONTENT_TYPE, "Application/SDP; charset=utf-8")));
        assert!(!is(SDP, &one(header::CONTENT_TYPE, "text/plain")));
        assert!(!is(SDP, &HeaderMap::new()));
    }

    #[test]
    fn a_change_says_for_which_connection_it_is() {
        let tags = |tags: &[&str]| Some(Meant::Tags(tags.iter().map(|&tag| tag.to_owned()).collect()));
        let of = |value| meant(&one(header::IF_MATCH, value));
        assert_eq!(meant(&HeaderMap::new()), None);
        assert_eq!(of(" "), None);
        assert_eq!(of("*"), Some(Meant::Any));
        assert_eq!(of("\"a-0\""), tags(&["a-0"]));
        assert_eq!(of("\"a-0\", \"a-1\""), tags(&["a-0", "a-1"]));
        assert_eq!(of("W/\"a-0\", a-1, \""), tags(&[]), "weak, bare, and torn");
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

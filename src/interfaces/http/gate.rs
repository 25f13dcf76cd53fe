//! The gate: no handler runs before what its route needs has been checked.

use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

use super::App;
use super::error::Problem;
use super::routes::Rule;
use crate::model::id::RoomId;
use crate::model::role::{Role, Scope};
use crate::services::access::Grant;

/// Name of the cookie that carries a login.
pub(super) const COOKIE: &str = "porchlight";

/// What other sites' pages may read of an answer beside its body.
const EXPOSED: &str = "location, etag, link, retry-after";

/// The room that a path names, if it names one.
#[derive(serde::Deserialize)]
struct Named {
    room: Option<String>,
}

pub(super) async fn check(
    State((app, rule)): State<(App, Rule)>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    // Where other sites' pages are welcome no login counts, so that theirs can't use one.
    let open = rule == Rule::EveryPage;
    if !open && changes(&parts) && !own_origin(&parts.headers) {
        return Err(Problem::foreign());
    }
    let grant = app.access.grant(cookie(&parts.headers).filter(|_| !open)).await;
    let (verb, scope) = match rule {
        Rule::Everybody | Rule::EveryPage => (None, Scope::Node),
        Rule::Node(verb) => (Some(verb), Scope::Node),
        Rule::Room(verb) => {
            let named = Path::<Named>::from_request_parts(&mut parts, &app).await.ok().and_then(|path| path.0.room);
            let room: RoomId = named.and_then(|text| text.parse().ok()).ok_or_else(Problem::not_found)?;
            (Some(verb), Scope::Room(room))
        }
    };
    if verb.is_some_and(|verb| !grant.permits(verb, scope)) {
        return Err(if grant.role() == Role::Viewer { Problem::sign_in() } else { Problem::not_permitted() });
    }
    parts.extensions.insert(Caller(grant));
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if open {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
    Ok(response)
}

/// Whoever asks; put there by the gate.
#[derive(Clone)]
pub(super) struct Caller(pub(super) Grant);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::sign_in)
    }
}

/// Whether a request could change something: a browser sends such from other sites' pages as well.
fn changes(parts: &Parts) -> bool {
    let socket = parts.headers.contains_key(header::UPGRADE);
    socket || !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Browsers name the page's origin with every such request; programs that are none do not.
fn own_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    };
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    authority.is_some() && authority == host
}

/// The login in the cookies of a request.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn only_the_box_s_own_pages_change_things() {
        let host = ("host", "box.local:8080");
        assert!(own_origin(&headers(&[host, ("origin", "http://box.local:8080")])));
        assert!(own_origin(&headers(&[host])), "a program sends no origin");
        for foreign in
            ["http://evil.example", "http://box.local", "null", "box.local:8080", "http://box.local:8080.evil"]
        {
            assert!(!own_origin(&headers(&[host, ("origin", foreign)])), "{foreign}");
        }
        assert!(!own_origin(&headers(&[host, ("sec-fetch-site", "cross-site")])));
        assert!(!own_origin(&headers(&[("origin", "http://box.local")])), "no host, no match");
    }

    #[test]
    fn the_login_is_found_among_other_cookies() {
        assert_eq!(cookie(&headers(&[("cookie", "a=1; porchlight=secret; b=2")])), Some("secret"));
        assert_eq!(cookie(&headers(&[("cookie", "porchlights=secret")])), None);
        assert_eq!(cookie(&headers(&[])), None);
    }
}

//! The gate: no handler runs before what its route needs has been checked.

use axum::body::HttpBody;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt;

use super::App;
use super::body::LARGEST;
use super::door::{Arrival, Visit};
use super::error::Problem;
use super::routes::{LONG, Rule};
use crate::model::id::RoomId;
use crate::model::role::{Scope, Verb};
use crate::services::access::Grant;

/// Name of the cookie that carries a login.
pub(super) const COOKIE: &str = "porchlight";
/// The same over HTTPS: the prefix keeps anybody who answers over plain HTTP in the box's name from setting it (RFC 6265bis).
pub(super) const SECURE_COOKIE: &str = "__Host-porchlight";

/// What other sites' pages may do with an answer: read it and what stands in these headers, and show it.
const OPEN: [(HeaderName, &str); 3] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (header::ACCESS_CONTROL_EXPOSE_HEADERS, "location, etag, link, retry-after"),
    (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
];

/// The WebSocket's subprotocol of those who come by a token; their second one is `TOKEN` and the token.
pub(super) const PROTOCOL: &str = "porchlight";
const TOKEN: &str = "token.";

/// Bytes of a body that is too large are still taken, and thrown away, up to so many.
const HEARD_OUT: u64 = 1 << 20;

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
    // What is announced as far too large is not waited for.
    let announced = body.size_hint().lower();
    if announced > LARGEST as u64 && parts.uri.path() != LONG {
        // Who is still sending when the connection ends does not hear why.
        if announced <= HEARD_OUT {
            let mut body = body.into_data_stream();
            while let Some(Ok(_)) = body.next().await {}
        }
        return Err(Problem::too_large());
    }
    // Where other sites' pages are welcome no login counts but for what our own pages read, so that theirs can't use one.
    let open = rule == Rule::EveryPage;
    // Who sends a token knows it: no browser adds it by itself, as it does with a cookie.
    let token = protocol_token(&parts.headers).filter(|_| matches!(rule, Rule::RoomByToken(_) | Rule::Lobby));
    if !open && token.is_none() && changes(&parts) && !own_origin(&parts.headers) {
        return Err(Problem::foreign());
    }
    let named = cookie_name(&Visit::of(&parts, &app));
    let grant = match token {
        Some(token) => guest(&app, token).await?,
        None => {
            let counts = !open || !changes(&parts) && own_origin(&parts.headers);
            app.access.grant(cookie(&parts.headers, named).filter(|_| counts)).await
        }
    };
    let (verb, scope) = match rule {
        Rule::Known if grant.identity().is_none() => return Err(Problem::sign_in()),
        Rule::Everybody | Rule::EveryPage | Rule::Known => (None, Scope::Node),
        // Whoever has read the password of the box's own network stands in front of its screen.
        Rule::NodeOrHere(_) if is_here(&parts, &app) => (None, Scope::Node),
        Rule::Node(verb) | Rule::NodeOrHere(verb) => (Some(verb), Scope::Node),
        Rule::Room(verb) | Rule::RoomByToken(verb) => (Some(verb), Scope::Room(named_room(&mut parts, &app).await?)),
        Rule::Lobby => (Some(Verb::Join), Scope::Room(named_room(&mut parts, &app).await?)),
    };
    // Whoever waits to be let in may do that alone.
    let waits = matches!(scope, Scope::Room(room) if grant.waits(room));
    let waits_here = waits && rule == Rule::Lobby;
    if verb.is_some_and(|verb| !grant.permits(verb, scope)) && !waits_here {
        return Err(match scope {
            Scope::Room(room) if grant.is_banned(room) => Problem::banned(),
            _ if waits => Problem::lobby(),
            _ if grant.places().is_empty() && grant.identity().is_none() => Problem::sign_in(),
            _ => Problem::not_permitted(),
        });
    }
    parts.extensions.insert(Caller(grant));
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if open {
        for (name, value) in OPEN {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(response)
}

/// Whether a request comes by the box's own network, and by nothing in between.
fn is_here(parts: &Parts, app: &App) -> bool {
    parts.extensions.get::<Arrival>().is_some_and(|arrival| app.network.is_guest(arrival.peer))
}

async fn named_room(parts: &mut Parts, app: &App) -> Result<RoomId, Problem> {
    let named = Path::<Named>::from_request_parts(parts, app).await.ok().and_then(|path| path.0.room);
    named.and_then(|text| text.parse().ok()).ok_or_else(Problem::not_found)
}

/// The login of somebody by its token, who came by an invite. That of whom the box knows is good in a cookie only, where no script sees it.
pub(super) async fn guest(app: &App, token: &str) -> Result<Grant, Problem> {
    let grant = app.access.grant(Some(token)).await;
    let by_invite = grant.identity().is_none() && !grant.places().is_empty();
    if by_invite { Ok(grant) } else { Err(Problem::sign_in()) }
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
pub(super) fn own_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    };
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    authority.is_some() && authority == host
}

/// Under which name a login comes and goes.
pub(super) fn cookie_name(visit: &Visit) -> &'static str {
    if visit.secure { SECURE_COOKIE } else { COOKIE }
}

/// The login in the cookies of a request.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// The token that came with a WebSocket: scripts can send it in no other header.
fn protocol_token(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|protocol| protocol.trim().strip_prefix(TOKEN))
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
    fn a_token_is_found_among_the_subprotocols() {
        let offers = |protocols| headers(&[("sec-websocket-protocol", protocols)]);
        assert_eq!(protocol_token(&offers("porchlight, token.secret")), Some("secret"));
        assert_eq!(protocol_token(&offers("token.secret,porchlight")), Some("secret"));
        assert_eq!(protocol_token(&offers("porchlight, tokens.secret")), None);
        assert_eq!(protocol_token(&headers(&[])), None);
    }

    #[test]
    fn the_login_is_found_among_other_cookies() {
        let both = headers(&[("cookie", "a=1; porchlight=plain; b=2; __Host-porchlight=secret")]);
        assert_eq!(cookie(&both, COOKIE), Some("plain"));
        assert_eq!(cookie(&both, SECURE_COOKIE), Some("secret"));
        assert_eq!(cookie(&headers(&[("cookie", "porchlights=secret")]), COOKIE), None);
        assert_eq!(cookie(&headers(&[("cookie", "porchlight=plain")]), SECURE_COOKIE), None);
        assert_eq!(cookie(&headers(&[]), COOKIE), None);
    }
}

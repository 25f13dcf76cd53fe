//! Guests on pages of other sites: an invite for a token, which the page keeps and sends itself. No cookie is set or read.
//!
//! The token is good for the room's WebSocket (see `gate`) and for what stands here, until the page gives it back or the
//! invite ends.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::body::Body;
use super::error::Problem;
use super::gate;
use super::session::{self, describe};
use super::{App, answer};
#[cfg(test)]
use crate::proto::auth::Name;

/// What other sites' pages may send, for a day.
const OPTIONS: [(HeaderName, &str); 3] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE, OPTIONS"),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type, authorization"),
    (header::ACCESS_CONTROL_MAX_AGE, "86400"),
];

/// An invite, and the name to go by.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "GuestEntry"))]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Its token.
    invite: String,
    /// What the others see; white space at the ends is taken off.
    #[cfg_attr(test, schemars(with = "Name"))]
    name: String,
}

pub(super) async fn enter(State(app): State<App>, Body(entry): Body<Entry>) -> Result<Response, Problem> {
    let name = session::name(&entry.name)?;
    let entered = app.access.enter(&entry.invite, Some(name), None, None).await?;
    let token = entered.token.ok_or_else(Problem::sign_in)?;
    let guest = answer::Guest { session: describe(&entered.grant), token: token.reveal() };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(guest)).into_response())
}

pub(super) async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Json<answer::Session>, Problem> {
    let grant = gate::guest(&app, token(&headers)?).await?;
    Ok(Json(describe(&grant)))
}

pub(super) async fn leave(State(app): State<App>, headers: HeaderMap) -> Result<StatusCode, Problem> {
    let token = token(&headers)?;
    gate::guest(&app, token).await?;
    app.access.sign_out(token).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn options() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    for (name, value) in OPTIONS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The token of `Authorization: Bearer` (RFC 6750 section 2.1).
fn token(headers: &HeaderMap) -> Result<&str, Problem> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = value.and_then(|value| value.split_once(' ')).ok_or_else(Problem::sign_in)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(Problem::sign_in()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_as_bearer_and_in_no_other_way() {
        let of = |text| HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(text))]);
        assert_eq!(token(&of("Bearer secret")), Ok("secret"));
        assert_eq!(token(&of("bearer secret")), Ok("secret"));
        for other in ["Basic secret", "secret", ""] {
            assert_eq!(token(&of(other)), Err(Problem::sign_in()), "{other}");
        }
        assert_eq!(token(&HeaderMap::new()), Err(Problem::sign_in()));
    }
}

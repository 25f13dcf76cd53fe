//! Signing in and out.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::body::Body;
use super::door::Visit;
use super::error::Problem;
use super::gate::{Caller, cookie, cookie_name};
use super::{App, answer};
use crate::drivers::identity::Token;
use crate::model::role::Role;
use crate::proto::auth::{MAX_LOGIN, Name};
use crate::services::access::Grant;

/// How somebody signs in.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub(super) enum SignIn {
    /// With the owner's one-time link.
    Owner {
        /// Its token.
        owner: String,
    },
    /// With an invite, under a name.
    Guest {
        /// Its token.
        invite: String,
        /// What the others see; white space at the ends is taken off.
        #[cfg_attr(test, schemars(with = "Name"))]
        name: String,
    },
}

pub(super) fn describe(grant: &Grant) -> answer::Session {
    answer::Session { role: grant.role(), name: grant.name(), room: grant.room() }
}

pub(super) async fn show(Caller(grant): Caller) -> Json<answer::Session> {
    Json(describe(&grant))
}

pub(super) async fn sign_in(
    State(app): State<App>,
    visit: Visit,
    Body(how): Body<SignIn>,
) -> Result<Response, Problem> {
    let (grant, token) = match how {
        SignIn::Owner { owner } => app.access.sign_in_owner(&owner).await?,
        SignIn::Guest { invite, name } => {
            let name = Name::new(&name)
                .map_err(|error| Problem::bad("bad-name", format!("This name can't be used: {error}.")))?;
            app.access.sign_in_guest(&invite, name).await?
        }
    };
    Ok(with_cookie(Json(describe(&grant)).into_response(), &visit, Some(&token)))
}

pub(super) async fn sign_out(State(app): State<App>, visit: Visit, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(credential) = cookie(&headers, cookie_name(&visit)) {
        app.access.sign_out(credential).await?;
    }
    let viewer = answer::Session { role: Role::Viewer, name: None, room: None };
    Ok(with_cookie(Json(viewer).into_response(), &visit, None))
}

/// Sets the cookie, or takes it away.
fn with_cookie(mut response: Response, visit: &Visit, token: Option<&Token>) -> Response {
    let (value, age) = token.map_or_else(|| (String::new(), 0), |token| (token.reveal(), MAX_LOGIN));
    let (named, secure) = (cookie_name(visit), if visit.secure { "; Secure" } else { "" });
    let cookie = format!("{named}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
    if let Ok(mut value) = HeaderValue::from_str(&cookie) {
        value.set_sensitive(true);
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

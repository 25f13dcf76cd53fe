//! Signing in and out.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::body::Body;
use super::error::Problem;
use super::gate::{COOKIE, Caller, cookie};
use crate::drivers::identity::Token;
use crate::proto::auth::{MAX_LOGIN, Name};
use crate::services::access::Grant;

/// How somebody signs in.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum SignIn {
    /// With the owner's one-time link.
    Owner { owner: String },
    /// With an invite, under a name.
    Guest { invite: String, name: String },
}

fn describe(grant: &Grant) -> Value {
    json!({
        "role": grant.role(),
        "name": grant.name().map(|name| name.to_string()),
        "room": grant.room(),
    })
}

pub(super) async fn show(Caller(grant): Caller) -> Json<Value> {
    Json(describe(&grant))
}

pub(super) async fn sign_in(State(app): State<App>, Body(how): Body<SignIn>) -> Result<Response, Problem> {
    let (grant, token) = match how {
        SignIn::Owner { owner } => app.access.sign_in_owner(&owner).await?,
        SignIn::Guest { invite, name } => {
            let name = Name::new(&name)
                .map_err(|error| Problem::bad("bad-name", format!("This name can't be used: {error}.")))?;
            app.access.sign_in_guest(&invite, name).await?
        }
    };
    Ok(with_cookie(Json(describe(&grant)).into_response(), Some(&token)))
}

pub(super) async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(credential) = cookie(&headers) {
        app.access.sign_out(credential).await?;
    }
    Ok(with_cookie(Json(json!({ "role": "viewer", "name": null, "room": null })).into_response(), None))
}

/// Sets the cookie, or takes it away.
fn with_cookie(mut response: Response, token: Option<&Token>) -> Response {
    let (value, age) = token.map_or_else(|| (String::new(), 0), |token| (token.reveal(), MAX_LOGIN));
    let cookie = format!("{COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict");
    if let Ok(mut value) = HeaderValue::from_str(&cookie) {
        value.set_sensitive(true);
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

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
use super::{App, agent, answer, health};
use crate::drivers::identity::Token;
use crate::model::role::Role;
use crate::proto::auth::Name;
use crate::services::access::{self, Grant};
use crate::services::audit::Entry;

/// How long a browser keeps the cookie, in seconds: as long as browsers keep any. The box knows when the login ends.
const COOKIE_AGE: u32 = 400 * 24 * 3600;

/// How somebody signs in.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, deny_unknown_fields)]
pub(super) enum SignIn {
    /// With the owner's one-time link.
    Owner {
        /// Its token.
        owner: String,
    },
    /// With an invite. Whom the box knows already gets a place in the room, everybody else says what to call them.
    Guest {
        /// Its token.
        invite: String,
        /// What the others see; white space at the ends is taken off.
        #[serde(default)]
        #[cfg_attr(test, schemars(with = "Option<Name>"))]
        name: Option<String>,
    },
    /// With the PIN that a box shows which nobody owns: whoever types it, from the local network, owns the box.
    Pin {
        /// Six digits.
        pin: String,
        /// What the box is called from now on, if it is to have another name.
        #[serde(rename = "box", default)]
        #[cfg_attr(test, schemars(with = "Option<Name>"))]
        called: Option<String>,
        /// What the owner is called; white space at the ends is taken off.
        #[cfg_attr(test, schemars(with = "Name"))]
        name: String,
    },
    /// With a code that another device of somebody shows.
    Code {
        /// Eight digits.
        code: String,
    },
    /// With a recovery code, which is used up by it.
    Recovery {
        /// As it was written down.
        recovery: String,
    },
    /// With a passkey.
    Passkey {
        /// Of the question.
        question: String,
        /// What `navigator.credentials.get` gave, bytes as base64url.
        credential: serde_json::Value,
    },
    /// With a wallet.
    Wallet {
        /// The message (EIP-4361).
        message: String,
        /// The signature: `0x` and hexadecimal digits.
        signature: String,
    },
    /// With a name and nothing else, to be known by it in the chat of what is public.
    Named {
        /// What the others see; white space at the ends is taken off.
        #[cfg_attr(test, schemars(with = "Name"))]
        name: String,
    },
}

pub(super) fn describe(grant: &Grant) -> answer::Session {
    answer::Session {
        role: grant.role(),
        name: grant.name(),
        room: grant.room(),
        identity: grant.identity(),
        owner: grant.is_owner(),
    }
}

pub(super) async fn show(Caller(grant): Caller) -> Json<answer::Session> {
    Json(describe(&grant))
}

pub(super) async fn sign_in(
    State(app): State<App>,
    Caller(caller): Caller,
    visit: Visit,
    headers: HeaderMap,
    Body(how): Body<SignIn>,
) -> Result<Response, Problem> {
    let device = agent::device(&headers);
    let (grant, token) = match how {
        SignIn::Owner { owner } => {
            let (grant, token) = app.access.sign_in_owner(&owner, device).await?;
            (grant, Some(token))
        }
        SignIn::Guest { invite, name: wanted } => {
            let wanted = wanted.as_deref().map(name).transpose()?;
            let entered = app.access.enter(&invite, wanted, device, Some(&caller)).await?;
            (entered.grant, entered.token)
        }
        SignIn::Pin { pin, called, name: wanted } => {
            if !visit.is_near() {
                return Err(Problem::not_near());
            }
            let called = called.as_deref().map(name).transpose()?;
            let (grant, token) = app.access.claim(pin, name(&wanted)?, device).await?;
            app.note(&grant, Entry::new(None, "own")).await;
            // They own it already: that its name could not be kept takes nothing from them. The home page asks for it, too.
            if let Some(called) = called
                && let Err(problem) = health::call(&app, &grant, called).await
            {
                tracing::warn!(kind = problem.kind, "the box could not be named");
            }
            (grant, Some(token))
        }
        SignIn::Code { code } => {
            let (grant, token) = app.access.sign_in_by_code(code, device, visit.from()).await?;
            (grant, Some(token))
        }
        SignIn::Recovery { recovery } => {
            let (grant, token) = app.access.sign_in_by_recovery_code(recovery, device, visit.from()).await?;
            app.note(&grant, Entry::new(None, "recover")).await;
            (grant, Some(token))
        }
        SignIn::Passkey { question, credential } => {
            let answer = access::Answered { question, credential };
            let (grant, token) = app.access.sign_in_by_passkey(answer, device).await?;
            (grant, Some(token))
        }
        SignIn::Wallet { message, signature } => {
            let signed = access::Signed { message, signature, origin: visit.origin() };
            let (grant, token) = app.access.sign_in_by_wallet(signed, device).await?;
            (grant, Some(token))
        }
        // Who has a login keeps it: it has a name, and perhaps a ban.
        SignIn::Named { .. } if caller.identity().is_some() || !caller.places().is_empty() => (caller, None),
        SignIn::Named { name: wanted } => {
            let (grant, token) = app.access.name_viewer(name(&wanted)?).await?;
            (grant, Some(token))
        }
    };
    let session = Json(describe(&grant)).into_response();
    Ok(match token {
        Some(token) => with_cookie(session, &visit, Some(&token)),
        None => session,
    })
}

/// A name that somebody wants.
pub(super) fn name(text: &str) -> Result<Name, Problem> {
    Name::new(text).map_err(|error| Problem::bad("bad-name", format!("This name can't be used: {error}.")))
}

pub(super) async fn sign_out(State(app): State<App>, visit: Visit, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(credential) = cookie(&headers, cookie_name(&visit)) {
        app.access.sign_out(credential).await?;
    }
    let viewer = answer::Session { role: Role::Viewer, name: None, room: None, identity: None, owner: false };
    Ok(with_cookie(Json(viewer).into_response(), &visit, None))
}

/// Sets the cookie, or takes it away.
fn with_cookie(mut response: Response, visit: &Visit, token: Option<&Token>) -> Response {
    let (value, age) = token.map_or_else(|| (String::new(), 0), |token| (token.reveal(), COOKIE_AGE));
    let (named, secure) = (cookie_name(visit), if visit.secure { "; Secure" } else { "" });
    let cookie = format!("{named}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
    if let Ok(mut value) = HeaderValue::from_str(&cookie) {
        value.set_sensitive(true);
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

//! One's own account: devices, passkeys, wallets and recovery codes; and how one is signed in by them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::Body;
use super::door::Visit;
use super::error::Problem;
use super::gate::Caller;
use super::projection::date;
use super::rooms::id;
use super::session::name;
use super::{App, qr};
use crate::drivers::identity::passkey;
use crate::model::id::{GrantId, IdentityId};
use crate::proto::auth::Name;
use crate::services::access::{self, Answered, Signed};
use crate::services::audit::Entry;

/// Who you are to the box, and how you sign in.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Account {
    id: IdentityId,
    name: Name,
    /// You own the box.
    owner: bool,
    /// Where you are signed in, the device that was used last first.
    devices: Vec<Device>,
    /// Passkeys and wallets.
    credentials: Vec<Credential>,
    /// How many recovery codes are left.
    recovery_codes: usize,
}

/// A device that is signed in.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "SignedInDevice"))]
pub(super) struct Device {
    id: GrantId,
    /// What its browser says it is, such as `Firefox, Android`.
    device: Option<String>,
    /// Since when, RFC 3339.
    created: String,
    /// When it was last used, to the hour or so, RFC 3339.
    seen: String,
    /// It is the one that asks.
    this: bool,
}

/// A passkey or a wallet.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "SignInCredential"))]
pub(super) struct Credential {
    /// Names it in paths.
    id: String,
    kind: access::Kind,
    /// What you call it; of a wallet its address.
    name: String,
    /// When it was added, RFC 3339.
    created: String,
    /// When it was last used, RFC 3339.
    used: Option<String>,
}

/// What is different about you.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct AccountChange {
    /// What you are called.
    #[cfg_attr(test, schemars(with = "Name"))]
    name: String,
}

/// A code that signs in one more device.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct DeviceCode {
    /// Eight digits, good for one sign-in.
    code: String,
    /// When it ends, RFC 3339.
    expires: String,
    /// The page that takes it, with the code.
    url: String,
    /// The same as a picture for the cameras of phones, SVG.
    qr: String,
}

/// Codes to write down.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct RecoveryCodes {
    /// Each is good for one sign-in. Told this once; those before are void.
    codes: Vec<String>,
}

/// What a browser is to ask a passkey.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Question {
    /// Goes back with the answer.
    question: String,
    /// What `navigator.credentials` takes, bytes as base64url.
    options: Value,
}

/// What a passkey answered.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct NewPasskey {
    /// Of the question.
    question: String,
    /// What you call it.
    #[cfg_attr(test, schemars(with = "Name"))]
    name: String,
    /// What `navigator.credentials.create` gave, bytes as base64url.
    credential: Value,
}

/// What makes a message of Sign-In with Ethereum good for one time.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Nonce {
    nonce: String,
}

/// A message that a wallet signed.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct SignedMessage {
    /// The message (EIP-4361).
    message: String,
    /// The signature: `0x` and hexadecimal digits.
    signature: String,
}

fn me(grant: &access::Grant) -> Result<IdentityId, Problem> {
    grant.identity().ok_or_else(Problem::sign_in)
}

/// For the name of which page passkeys are made.
pub(super) fn site(app: &App, visit: &Visit) -> passkey::Site {
    passkey::Site { name: visit.name().to_owned(), origin: visit.origin(), called: app.node.name().to_string() }
}

pub(super) async fn show(State(app): State<App>, Caller(grant): Caller) -> Result<Json<Account>, Problem> {
    let me = me(&grant)?;
    let known = app.access.identities().await?;
    let known = known.into_iter().find(|one| one.id == me).ok_or_else(Problem::sign_in)?;
    let device = |login: access::Login| Device {
        id: login.grant,
        device: login.device,
        created: date(login.created),
        seen: date(login.seen),
        this: login.grant == grant.id(),
    };
    let credential = |one: access::Credential| Credential {
        id: one.id,
        kind: one.kind,
        name: one.name,
        created: date(one.created),
        used: one.used.map(date),
    };
    let (credentials, recovery_codes) = app.access.credentials(me).await?;
    Ok(Json(Account {
        id: me,
        name: known.name,
        owner: known.owner,
        devices: app.access.logins(me).await?.into_iter().map(device).collect(),
        credentials: credentials.into_iter().map(credential).collect(),
        recovery_codes,
    }))
}

pub(super) async fn change(
    State(app): State<App>,
    Caller(grant): Caller,
    Body(wanted): Body<AccountChange>,
) -> Result<StatusCode, Problem> {
    app.access.change_identity(me(&grant)?, Some(name(&wanted.name)?), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn end(
    State(app): State<App>,
    Caller(grant): Caller,
    Path(device): Path<String>,
) -> Result<StatusCode, Problem> {
    app.access.end_login(me(&grant)?, id(&device)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What holds a secret is kept by nobody on the way.
fn secret<T: Serialize>(status: StatusCode, what: T) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(what)).into_response()
}

async fn code(app: &App, visit: &Visit, of: IdentityId) -> Result<Response, Problem> {
    let (number, until) = app.access.make_code(of).await?;
    let url = format!("{}/sign-in#code={number}", visit.base(app));
    let qr = qr::picture(&url).unwrap_or_default();
    Ok(secret(StatusCode::CREATED, DeviceCode { code: number.to_string(), expires: date(until), url, qr }))
}

pub(super) async fn own_code(State(app): State<App>, Caller(grant): Caller, visit: Visit) -> Result<Response, Problem> {
    code(&app, &visit, me(&grant)?).await
}

pub(super) async fn code_of(
    State(app): State<App>,
    Caller(by): Caller,
    visit: Visit,
    Path(identity): Path<String>,
) -> Result<Response, Problem> {
    let identity = id(&identity)?;
    let answer = code(&app, &visit, identity).await?;
    app.note(&by, Entry::new(None, "device_code").to(super::people::called(&app, identity).await?)).await;
    Ok(answer)
}

pub(super) async fn recovery(State(app): State<App>, Caller(grant): Caller) -> Result<Response, Problem> {
    let codes = app.access.make_recovery_codes(me(&grant)?).await?;
    Ok(secret(StatusCode::CREATED, RecoveryCodes { codes }))
}

pub(super) async fn start_passkey(
    State(app): State<App>,
    Caller(grant): Caller,
    visit: Visit,
) -> Result<Json<Question>, Problem> {
    let (question, options) = app.access.start_passkey(me(&grant)?, site(&app, &visit)).await?;
    Ok(Json(Question { question, options }))
}

pub(super) async fn add_passkey(
    State(app): State<App>,
    Caller(grant): Caller,
    Body(new): Body<NewPasskey>,
) -> Result<StatusCode, Problem> {
    let answer = Answered { question: new.question, credential: new.credential };
    app.access.add_passkey(me(&grant)?, name(&new.name)?, answer).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn add_wallet(
    State(app): State<App>,
    Caller(grant): Caller,
    visit: Visit,
    Body(signed): Body<SignedMessage>,
) -> Result<StatusCode, Problem> {
    let SignedMessage { message, signature } = signed;
    app.access.add_wallet(me(&grant)?, Signed { message, signature, origin: visit.origin() }).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn remove(
    State(app): State<App>,
    Caller(grant): Caller,
    Path(credential): Path<String>,
) -> Result<StatusCode, Problem> {
    app.access.remove_credential(me(&grant)?, credential).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn ask_passkey(State(app): State<App>, visit: Visit) -> Result<Json<Question>, Problem> {
    let (question, options) = app.access.ask_passkey(site(&app, &visit)).await?;
    Ok(Json(Question { question, options }))
}

pub(super) async fn nonce(State(app): State<App>) -> Result<Json<Nonce>, Problem> {
    Ok(Json(Nonce { nonce: app.access.nonce().await? }))
}

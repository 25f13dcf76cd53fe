//! People: who has a place in a room and what they may there, whom the box knows, and what was done by whom.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::App;
use super::body::Body;
use super::error::Problem;
use super::gate::Caller;
use super::projection::date;
use super::rooms::id;
use super::session::name;
use crate::drivers::store;
use crate::model::id::{IdentityId, RoomId};
use crate::model::role::{Role, Subject};
use crate::model::verbs::Verbs;
use crate::proto::auth::{Change, Name, Rules};
use crate::services::access::{self, Placing};
use crate::services::audit::Entry;

/// Somebody with a place in a room.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Member {
    /// Names them in paths.
    subject: Subject,
    /// What they are called, if they have said so.
    name: Option<Name>,
    role: Role,
    /// What is different for them alone from what their role may.
    change: Change,
    /// What they may there, all in all.
    may: Verbs,
    /// They have to be let in yet.
    waits: bool,
    /// They may nothing there.
    banned: bool,
}

/// What is to become of somebody's place.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct MemberChange {
    /// What they are.
    #[serde(default)]
    role: Option<Role>,
    /// What is different for them alone from what their role may.
    #[serde(default)]
    change: Option<Change>,
    /// `false` lets them in.
    #[serde(default)]
    waits: Option<bool>,
    /// Whether they may nothing there.
    #[serde(default)]
    banned: Option<bool>,
}

/// Somebody the box knows.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Identity {
    id: IdentityId,
    name: Name,
    /// They own the box.
    owner: bool,
    /// Since when the box knows them, RFC 3339.
    created: String,
    /// On how many devices they are signed in.
    devices: usize,
}

/// Somebody whom the box shall know.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct NewIdentity {
    /// What they are called; white space at the ends is taken off.
    #[cfg_attr(test, schemars(with = "Name"))]
    name: String,
    /// They own the box, too.
    #[serde(default)]
    owner: bool,
}

/// What is different about somebody.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityChange {
    /// What they are called.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<Name>"))]
    name: Option<String>,
    /// They own the box.
    #[serde(default)]
    owner: Option<bool>,
}

/// One thing that somebody did.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Audited {
    /// Rises with each; `before` takes it.
    id: i64,
    /// When, RFC 3339.
    at: String,
    /// In which room, if in one.
    room: Option<RoomId>,
    /// What who did it was called; empty where it was the box itself.
    actor: String,
    /// One of the words in docs/reference/audit.md.
    action: String,
    /// To whom or to what.
    subject: Option<String>,
    /// What else there is to say.
    detail: Option<String>,
}

/// Where to go on in a list: `before=<id>`.
fn before(query: Option<&str>) -> Result<Option<i64>, Problem> {
    let Some(query) = query.filter(|query| !query.is_empty()) else { return Ok(None) };
    let id = query.strip_prefix("before=").and_then(|id| id.parse().ok());
    id.map(Some).ok_or_else(|| Problem::bad("bad-request", "This list goes on by \"before\" and the id of an entry."))
}

pub(super) async fn members(State(app): State<App>, Path(room): Path<String>) -> Result<Json<Vec<Member>>, Problem> {
    let members = app.access.members(known(&app, &room)?).await?;
    let shown = |member: access::Member| Member {
        subject: member.subject,
        name: member.name,
        role: member.role,
        change: member.change,
        may: member.verbs,
        waits: member.waits,
        banned: member.banned,
    };
    Ok(Json(members.into_iter().map(shown).collect()))
}

fn known(app: &App, room: &str) -> Result<RoomId, Problem> {
    let room = id(room)?;
    app.rooms.room(room)?;
    Ok(room)
}

pub(super) async fn place(
    State(app): State<App>,
    Caller(by): Caller,
    Path((room, subject)): Path<(String, String)>,
    Body(wanted): Body<MemberChange>,
) -> Result<StatusCode, Problem> {
    let (room, subject) = (known(&app, &room)?, subject.parse().map_err(|_| Problem::not_found())?);
    let steps = [
        (wanted.waits == Some(false)).then_some((Placing::LetIn, "let_in")),
        (wanted.role.is_some() || wanted.change.is_some())
            .then_some((Placing::Is(wanted.role, wanted.change), "permit")),
        wanted.banned.map(|banned| if banned { (Placing::Ban, "ban") } else { (Placing::Unban, "unban") }),
    ];
    for (placing, action) in steps.into_iter().flatten() {
        let changed = app.access.place(room, subject, placing, &by).await?;
        let entry = Entry::new(Some(room), action).to(changed.name.map(String::from).unwrap_or_default());
        let entry = match placing {
            Placing::Is(..) => entry.with(format!("{} → {}", changed.from.word(), changed.to.word())),
            _ => entry,
        };
        app.note(&by, entry).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn put_out(
    State(app): State<App>,
    Caller(by): Caller,
    Path((room, subject)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (room, subject) = (known(&app, &room)?, subject.parse().map_err(|_| Problem::not_found())?);
    let changed = app.access.place(room, subject, Placing::PutOut, &by).await?;
    app.note(&by, Entry::new(Some(room), "put_out").to(changed.name.map(String::from).unwrap_or_default())).await;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn rules(State(app): State<App>, Path(room): Path<String>) -> Result<Json<Rules>, Problem> {
    Ok(Json(app.access.rules(known(&app, &room)?).await?))
}

pub(super) async fn set_rules(
    State(app): State<App>,
    Caller(by): Caller,
    Path(room): Path<String>,
    Body(rules): Body<Rules>,
) -> Result<Json<Rules>, Problem> {
    let room = known(&app, &room)?;
    app.access.set_rules(room, rules).await?;
    app.note(&by, Entry::new(Some(room), "rules")).await;
    Ok(Json(rules))
}

fn describe(identity: access::Identity) -> Identity {
    let access::Identity { id, name, owner, created, devices } = identity;
    Identity { id, name, owner, created: date(created), devices }
}

pub(super) async fn identities(State(app): State<App>) -> Result<Json<Vec<Identity>>, Problem> {
    Ok(Json(app.access.identities().await?.into_iter().map(describe).collect()))
}

pub(super) async fn add(
    State(app): State<App>,
    Caller(by): Caller,
    Body(new): Body<NewIdentity>,
) -> Result<(StatusCode, Json<Identity>), Problem> {
    let identity = app.access.add_identity(name(&new.name)?, new.owner).await?;
    app.note(&by, Entry::new(None, "know").to(identity.name.clone())).await;
    Ok((StatusCode::CREATED, Json(describe(identity))))
}

/// What somebody is called, for the audit log.
pub(super) async fn called(app: &App, id: IdentityId) -> Result<String, Problem> {
    let known = app.access.identities().await?;
    Ok(known.into_iter().find(|one| one.id == id).map(|one| one.name.into()).unwrap_or_default())
}

pub(super) async fn change(
    State(app): State<App>,
    Caller(by): Caller,
    Path(identity): Path<String>,
    Body(wanted): Body<IdentityChange>,
) -> Result<StatusCode, Problem> {
    let identity = id(&identity)?;
    let new = wanted.name.as_deref().map(name).transpose()?;
    app.access.change_identity(identity, new, wanted.owner).await?;
    let entry = Entry::new(None, "change_identity").to(called(&app, identity).await?);
    let owner = wanted.owner.map(|owner| if owner { "owner" } else { "no owner" });
    app.note(&by, owner.map_or(entry.clone(), |owner| entry.with(owner))).await;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn forget(
    State(app): State<App>,
    Caller(by): Caller,
    Path(identity): Path<String>,
) -> Result<StatusCode, Problem> {
    let identity = id(&identity)?;
    let called = called(&app, identity).await?;
    app.access.forget_identity(identity).await?;
    app.note(&by, Entry::new(None, "forget").to(called)).await;
    Ok(StatusCode::NO_CONTENT)
}

fn describe_audited(row: store::Audited) -> Audited {
    let store::Audited { id, at, room, actor, action, subject, detail } = row;
    Audited { id, at: date(at), room, actor, action, subject, detail }
}

async fn audit(app: &App, room: Option<RoomId>, from: RawQuery) -> Result<Json<Vec<Audited>>, Problem> {
    let list = app.audit.list(room, before(from.0.as_deref())?).await.map_err(access::Error::from)?;
    Ok(Json(list.into_iter().map(describe_audited).collect()))
}

pub(super) async fn audited(State(app): State<App>, from: RawQuery) -> Result<Json<Vec<Audited>>, Problem> {
    audit(&app, None, from).await
}

pub(super) async fn audited_of(
    State(app): State<App>,
    Path(room): Path<String>,
    from: RawQuery,
) -> Result<Json<Vec<Audited>>, Problem> {
    audit(&app, Some(known(&app, &room)?), from).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_goes_on_before_an_entry() {
        assert_eq!((before(None), before(Some("")), before(Some("before=7"))), (Ok(None), Ok(None), Ok(Some(7))));
        for wrong in ["before=", "before=x", "after=7", "before=7&before=8", "before=99999999999999999999"] {
            assert!(before(Some(wrong)).is_err(), "{wrong}");
        }
    }
}

//! What is live, recordings that everybody may watch, and the news of one broadcast as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use tokio::sync::watch;

use super::error::Problem;
use super::gate::Caller;
use super::projection::{date, moment};
use super::video::Watching;
use super::{App, answer, pages, video};
use crate::model::id::BroadcastId;
use crate::model::role::{Scope, Verb};
use crate::model::time::{MediaTime, Timeline};
use crate::services::access::Grant;
use crate::services::broadcast::{Broadcast, Key, Recorded};

fn describe(broadcast: &Broadcast, timeline: &Timeline) -> answer::Broadcast {
    // Before the first cut there is none.
    let cut = broadcast.live.filter(|live| live.cut > MediaTime::from_nanos(i64::MIN));
    answer::Broadcast {
        id: broadcast.id,
        title: broadcast.title.clone(),
        live: broadcast.live.is_some(),
        since: broadcast.live.map(|live| date(live.since)),
        viewers: broadcast.live.map_or(0, |live| live.viewers),
        cut: cut.and_then(|live| moment(live.cut, timeline)),
        restricted: broadcast.restricted.is_some(),
        media: broadcast.key().reveal(),
        recorded: broadcast.recorded.map(|Recorded { started, duration }| answer::Recorded {
            started: date(started),
            duration,
            video: format!("/api/v1/broadcasts/{}/video", broadcast.id),
        }),
    }
}

/// Whether somebody may watch it.
pub(super) fn may_watch(grant: &Grant, broadcast: &Broadcast) -> bool {
    let scope = broadcast.restricted.as_ref().map_or(Scope::Node, |restricted| Scope::Room(restricted.room));
    grant.permits(Verb::Watch, scope)
}

impl App {
    /// What is meant by what stands for a broadcast in a media address.
    ///
    /// # Errors
    /// `not-found`, also where it is restricted and this is not its address by now.
    pub(super) fn watched(&self, text: &str) -> Result<Key, Problem> {
        let key = Key::read(text).ok_or_else(Problem::not_found)?;
        let list = self.broadcasts.list();
        // Of what is not in the list it is said elsewhere that there is nothing.
        let elsewhere = list.borrow().iter().any(|broadcast| broadcast.id == key.id && !broadcast.is_at(&key));
        if elsewhere { Err(Problem::not_found()) } else { Ok(key) }
    }
}

fn one(app: &App, grant: &Grant, id: &str) -> Result<(BroadcastId, answer::Broadcast), Problem> {
    let id: BroadcastId = id.parse().map_err(|_| Problem::not_found())?;
    let list = app.broadcasts.list();
    let list = list.borrow();
    let broadcast = list.iter().find(|broadcast| broadcast.id == id).ok_or_else(Problem::not_found)?;
    if !may_watch(grant, broadcast) {
        return Err(Problem::restricted());
    }
    Ok((id, describe(broadcast, &app.timeline)))
}

pub(super) async fn list(State(app): State<App>, Caller(grant): Caller) -> Json<Vec<answer::Broadcast>> {
    let list = app.broadcasts.list();
    let list = list.borrow();
    let mut found: Vec<&Broadcast> =
        list.iter().filter(|b| b.live.is_some() || b.recorded.is_some()).filter(|b| may_watch(&grant, b)).collect();
    // What is on air comes first, then the newest recording.
    found.sort_by_key(|b| (b.live.is_none(), std::cmp::Reverse(b.recorded.map(|recorded| recorded.started))));
    Json(found.into_iter().map(|b| describe(b, &app.timeline)).collect())
}

pub(super) async fn video(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id: BroadcastId = id.parse().map_err(|_| Problem::not_found())?;
    let video = app.recorder.published(id.recording()).await?;
    let seat = app.seats.take().ok_or_else(Problem::no_seat)?;
    let watching = Watching { seat, id, list: app.broadcasts.list(), seats: app.seats.clone() };
    video::answer(&video, &headers, Some(watching)).await
}

/// How long caches may give out a small picture. What somebody takes back is gone from the box at once, and from them after this; whoever
/// shows it adds the last cut to the address, so that no cache gives what is older.
const SHOWN: &str = "public, max-age=5";

pub(super) async fn thumbnail(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = app.watched(&id)?.id;
    let picture = app.thumbnails.get(id, behind(query.as_deref())?).await?;
    let tag = format!("\"{:x}\"", app.timeline.unix_nanos(picture.at) / 1_000_000);
    let mut response = match pages::knows(&headers, &tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => picture.jpeg.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(SHOWN));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// How far before live a picture is asked for, in seconds; anything else in the query is for caches.
fn behind(query: Option<&str>) -> Result<Option<Duration>, Problem> {
    let Some(text) = query.unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("behind=")) else {
        return Ok(None);
    };
    let seconds: Option<u32> = text.parse().ok();
    let seconds = seconds.ok_or_else(|| Problem::bad("bad-request", "How far behind live is a number of seconds."))?;
    Ok(Some(Duration::from_secs(seconds.into())))
}

pub(super) async fn show(
    State(app): State<App>,
    Caller(grant): Caller,
    Path(id): Path<String>,
) -> Result<Json<answer::Broadcast>, Problem> {
    Ok(Json(one(&app, &grant, &id)?.1))
}

pub(super) async fn events(
    State(app): State<App>,
    Caller(grant): Caller,
    Path(id): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let (id, _) = one(&app, &grant, &id)?;
    let (cancel, timeline) = (app.cancel.clone(), app.timeline);
    let list = app.broadcasts.list();
    let news = futures_util::stream::unfold((list, None), move |(mut list, mut told)| {
        let (cancel, grant) = (cancel.clone(), grant.clone());
        async move {
            loop {
                let now = current(&mut list, &grant, id, &timeline)?;
                if told.as_ref() != Some(&now) {
                    let event = Event::default().event("state").json_data(&now).ok()?;
                    told = Some(now);
                    return Some((Ok(event), (list, told)));
                }
                tokio::select! {
                    changed = list.changed() => changed.ok()?,
                    () = cancel.cancelled() => return None,
                }
            }
        }
    });
    Ok(Sse::new(news).keep_alive(KeepAlive::default()))
}

/// The broadcast as it is now; `None` when it was removed, or is not for them any more: the stream ends.
fn current(
    list: &mut watch::Receiver<std::sync::Arc<Vec<Broadcast>>>,
    grant: &Grant,
    id: BroadcastId,
    timeline: &Timeline,
) -> Option<answer::Broadcast> {
    let list = list.borrow_and_update();
    let now = list.iter().find(|broadcast| broadcast.id == id).filter(|now| may_watch(grant, now))?;
    Some(describe(now, timeline))
}

//! What is on air of a room: one publication with stable tracks for as long as the room is live.
//!
//! Everybody in the room who has said yes is in it. The picture of somebody who is alone on air is forwarded as it comes;
//! of several, one picture is composed and encoded once. The sound is always one mix, encoded once as Opus and, while
//! somebody needs it, once as AAC. Picture and sound each run on their own, while somebody reads them. Who takes a yes back
//! is out of both at once, and with them everything that was on air before (a *cut*). Sound and pictures of those who said
//! no never come here: the origin refuses them.

mod codecs;
pub mod composition;
mod config;
mod consent;
pub mod encoder;
mod graphics;
pub mod logo;
pub mod members;
mod on_air;
mod picture;
mod sound;
mod sound_track;

pub use codecs::Pipelines;
pub use config::Config;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::drivers::identity::random_id;
use crate::drivers::pipeline::{self, Encoders, Event, Running};
use crate::model::id::{BroadcastId, PublicationId, RoomId};
use crate::model::time::Timeline;
use crate::proto::auth::Title;
use crate::proto::screens::Language;
use crate::services::supervisor::{Part, Supervisor};
use crate::services::{broadcast, origin, room};

/// How far what is composed is behind those who speak, at least and at most: what a bad network delays longer is missing.
const DELAY: RangeInclusive<Duration> = Duration::from_millis(80)..=Duration::from_millis(400);
/// How often somebody who could not be taken in is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// How long what nobody reads any more goes on.
const LINGER: Duration = Duration::from_secs(2);
/// How long to wait before an encoder that failed is made anew.
const BACK_OFF: Duration = Duration::from_secs(1);

/// What the programs stand on.
#[derive(Clone)]
pub struct Parts {
    /// Where publications are.
    pub origin: origin::Handle,
    /// Who is on air.
    pub rooms: room::Handle,
    /// What can be watched.
    pub broadcasts: broadcast::Handle,
    /// Which encoder makes the picture, and what takes its place when it fails.
    pub encoders: Encoders,
    /// In which language a slate is written.
    pub language: Language,
    /// What may lie over the picture.
    pub logo: logo::Logo,
    /// Media time.
    pub timeline: Timeline,
    /// What is counted, and who starts what failed again.
    pub seen: Seen,
}

/// What programs and the endpoint count together. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// What encoders, decoders and devices do.
    pub media: pipeline::Counters,
    /// What compositions do.
    pub composition: Arc<composition::Counters>,
    /// Starts again what failed.
    pub supervisor: Supervisor,
}

/// Keeps a broadcast for every room, and a program for every room that is live. Runs until `cancel`; begins anew when it fails.
/// A program takes the configuration of the moment in which its room goes on air.
pub async fn run(config: watch::Receiver<Config>, parts: Parts, tasks: TaskTracker, cancel: CancellationToken) {
    let mut pauses = parts.seen.supervisor.pauses(Part::Program);
    while pauses.attempt(follow(&config, &parts, &tasks, &cancel)).await.is_none() {}
}

async fn follow(config: &watch::Receiver<Config>, parts: &Parts, tasks: &TaskTracker, cancel: &CancellationToken) {
    let now = parts.rooms.rooms().borrow().clone();
    for room in now.iter() {
        // What was on air before a failure ends here; at the first start nothing is registered, and nothing lost.
        let _ = parts.broadcasts.stop(room.broadcast).await;
    }
    let mut rooms = parts.rooms.rooms();
    // Of each room its broadcast, and whether that is told to be restricted.
    let mut known: HashMap<RoomId, (BroadcastId, Option<bool>)> = HashMap::new();
    let mut live: HashMap<RoomId, (PublicationId, DropGuard)> = HashMap::new();
    loop {
        let now = rooms.borrow_and_update().clone();
        let config = config.borrow().clone();
        for room in now.iter() {
            if let Err(error) = announce(parts, room, &mut known, &mut live, &config, tasks, cancel).await {
                tracing::warn!(%error, "a broadcast can't be announced");
            }
        }
        let gone = |id: &RoomId| !now.iter().any(|room| room.id == *id);
        for id in known.keys().copied().filter(gone).collect::<Vec<_>>() {
            live.remove(&id);
            if let Some((broadcast, _)) = known.remove(&id) {
                // The service is gone only when the daemon ends.
                let _ = parts.broadcasts.remove(broadcast).await;
            }
        }
        tokio::select! {
            changed = rooms.changed() => if changed.is_err() {
                return;
            },
            () = cancel.cancelled() => return,
        }
    }
}

async fn announce(
    parts: &Parts,
    room: &room::Room,
    known: &mut HashMap<RoomId, (BroadcastId, Option<bool>)>,
    live: &mut HashMap<RoomId, (PublicationId, DropGuard)>,
    config: &Config,
    tasks: &TaskTracker,
    cancel: &CancellationToken,
) -> Result<(), broadcast::Error> {
    let (_, told) = match known.entry(room.id) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => {
            let title = Title::new(room.name.as_str()).expect("a name is shorter than a title may be");
            parts.broadcasts.register(room.broadcast, title).await?;
            entry.insert((room.broadcast, None))
        }
    };
    // Before it is on air, so that nobody watches it who may not.
    let restricted = room.direction.restricted;
    if *told != Some(restricted) {
        parts.broadcasts.restrict(room.broadcast, restricted.then_some(room.id)).await?;
        *told = Some(restricted);
    }
    match &room.live {
        Some(now) => {
            let (publication, _) = live.entry(room.id).or_insert_with(|| {
                let (publication, stop) = (random_id(PublicationId::from_bytes), cancel.child_token());
                let program = on_air::Program { config: config.clone(), parts: parts.clone(), publication };
                let program = program.run(room.clone(), tasks.clone(), stop.clone());
                tasks.spawn(program.instrument(tracing::info_span!("program", room = %room.id)));
                (publication, stop.drop_guard())
            });
            parts.broadcasts.start(room.broadcast, now.title.clone(), now.since, *publication).await
        }
        None => {
            if live.remove(&room.id).is_some() {
                return parts.broadcasts.stop(room.broadcast).await;
            }
            Ok(())
        }
    }
}

/// Completes when an encoder has ended by itself; never without one.
async fn failed(encoder: Option<&mut Running>) {
    let Some(running) = encoder else {
        return std::future::pending().await;
    };
    loop {
        match running.event().await {
            Event::Started => {}
            Event::Failed { element, reason, .. } => {
                tracing::error!(element, reason, "an encoder of the program failed");
                return;
            }
            Event::Stopped => return,
        }
    }
}

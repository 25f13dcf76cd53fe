//! What is on air of a room: one publication with stable tracks for as long as the room is live.
//!
//! Everybody in the room who has said yes is in its composition. Its picture is encoded once; its sound is always one mix,
//! encoded once as Opus and, while somebody needs it, once as AAC. Each encoder runs while somebody reads its track, and the
//! composition while one of them runs. Who takes a yes back is out of it at once, and with them everything that was on air
//! before (a *cut*). Sound and pictures of those who said no never come here: the origin refuses them.

mod codecs;
pub mod composition;
mod config;
pub mod members;
mod on_air;
mod track;

pub use codecs::Pipelines;
pub use config::Config;

use std::collections::HashMap;

use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::drivers::identity::random_id;
use crate::drivers::pipeline::H264Encoder;
use crate::model::id::{BroadcastId, PublicationId, RoomId};
use crate::model::time::Timeline;
use crate::proto::auth::Title;
use crate::services::{broadcast, origin, room};

/// What the programs stand on.
#[derive(Clone)]
pub struct Parts {
    /// Where publications are.
    pub origin: origin::Handle,
    /// Who is on air.
    pub rooms: room::Handle,
    /// What can be watched.
    pub broadcasts: broadcast::Handle,
    /// Which encoder makes the picture.
    pub encoder: H264Encoder,
    /// Media time.
    pub timeline: Timeline,
}

/// Keeps a broadcast for every room, and a program for every room that is live. Runs until `cancel`.
pub async fn run(config: Config, parts: Parts, tasks: TaskTracker, cancel: CancellationToken) {
    let mut rooms = parts.rooms.rooms();
    let mut known: HashMap<RoomId, BroadcastId> = HashMap::new();
    let mut live: HashMap<RoomId, (PublicationId, DropGuard)> = HashMap::new();
    loop {
        let now = rooms.borrow_and_update().clone();
        for room in now.iter() {
            if let Err(error) = announce(&parts, room, &mut known, &mut live, &config, &tasks, &cancel).await {
                tracing::warn!(%error, "a broadcast can't be announced");
            }
        }
        let gone = |id: &RoomId| !now.iter().any(|room| room.id == *id);
        for id in known.keys().copied().filter(gone).collect::<Vec<_>>() {
            live.remove(&id);
            if let Some(broadcast) = known.remove(&id) {
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
    known: &mut HashMap<RoomId, BroadcastId>,
    live: &mut HashMap<RoomId, (PublicationId, DropGuard)>,
    config: &Config,
    tasks: &TaskTracker,
    cancel: &CancellationToken,
) -> Result<(), broadcast::Error> {
    if known.insert(room.id, room.broadcast).is_none() {
        let title = Title::new(room.name.as_str()).expect("a name is shorter than a title may be");
        parts.broadcasts.register(room.broadcast, title).await?;
    }
    match &room.live {
        Some(now) => {
            let (publication, _) = live.entry(room.id).or_insert_with(|| {
                let (publication, stop) = (random_id(PublicationId::from_bytes), cancel.child_token());
                let program = on_air::Program::new(config.clone(), parts.clone(), room, publication);
                tasks.spawn(program.run(tasks.clone(), stop.clone()));
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

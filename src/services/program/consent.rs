//! Who of a live room has said yes, and who has taken it back.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

use super::Parts;
use crate::model::id::{BroadcastId, ParticipantId, RoomId};
use crate::model::time::MediaTime;
use crate::services::room::{OnAir, Participant, Room, Rooms};

/// What a look at the room showed.
pub(super) struct Look {
    pub room: Arc<Room>,
    /// Somebody who was on air is still in the room, and is not on air any more: everything before is to be cut off.
    pub withdrawn: bool,
}

/// Follows the yes of everybody in one room.
pub(super) struct Consent {
    parts: Parts,
    room: RoomId,
    broadcast: BroadcastId,
    changes: watch::Receiver<Rooms>,
    /// Who was on air when we looked last.
    yes: BTreeSet<ParticipantId>,
}

impl Consent {
    pub fn new(parts: &Parts, room: &Room) -> Self {
        let changes = parts.rooms.rooms();
        Self { parts: parts.clone(), room: room.id, broadcast: room.broadcast, changes, yes: BTreeSet::new() }
    }

    /// The room as it is now; `None` when it is off air or gone.
    pub fn look(&mut self) -> Option<Look> {
        self.changes.mark_unchanged();
        let room = self.parts.rooms.room(self.room).ok().filter(|room| room.live.is_some())?;
        let yes = room.participants.iter().filter(|p| is_on_air(p)).map(|p| p.id).collect();
        let before = std::mem::replace(&mut self.yes, yes);
        let withdrawn = before.difference(&self.yes).any(|who| room.participant(*who).is_some());
        Some(Look { room, withdrawn })
    }

    /// Waits until the rooms are others than at the last look; false when no more will come.
    pub async fn changed(&mut self) -> bool {
        self.changes.changed().await.is_ok()
    }

    /// Has everything forgotten that was on air before.
    pub async fn cut(&self, at: MediaTime) {
        if let Err(error) = self.parts.broadcasts.cut(self.broadcast, at).await {
            tracing::warn!(%error, "a broadcast can't be cut");
        }
    }

    /// The present, in media time.
    pub fn now(&self) -> MediaTime {
        self.parts.timeline.media(std::time::Instant::now())
    }
}

/// Whether somebody is seen and heard by those who watch: on air, and no slate stands in front of everybody.
pub(super) fn is_shown(participant: &Participant, room: &Room) -> bool {
    is_on_air(participant) && room.direction.slate.is_none()
}

/// Whether somebody has agreed to be seen and heard on air.
pub(super) fn is_on_air(participant: &Participant) -> bool {
    participant.on_air == OnAir::Yes
}

//! Which light shines. Pure.

use std::sync::Arc;

use crate::drivers::gpio::Light;
use crate::services::room::{Participant, ParticipantKind, Room};

/// The box's seat and its room, if it is in a call.
pub(super) fn seat(rooms: &[Arc<Room>]) -> Option<(&Room, &Participant)> {
    rooms.iter().find_map(|room| {
        let seat = room.participants.iter().find(|who| who.kind == ParticipantKind::Box)?;
        Some((&**room, seat))
    })
}

/// Both lights as they should be: a room is on air; the box's camera may be seen.
pub(super) fn lights(rooms: &[Arc<Room>]) -> [(Light, bool); 2] {
    let on_air = rooms.iter().any(|room| room.live.is_some());
    [(Light::OnAir, on_air), (Light::Camera, seat(rooms).is_some_and(|(_, seat)| seat.camera))]
}

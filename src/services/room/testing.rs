//! People and rooms for tests.

use std::sync::Arc;

use super::{Connection, Direction, OnAir, Participant, ParticipantKind, Quality, Room, Succession};
use crate::model::id::{BroadcastId, ParticipantId, PublicationId, RoomId};
use crate::model::role::Role;
use crate::model::time::MediaTime;
use crate::model::track::Codec;
use crate::proto::auth::Name;

/// Somebody in a call, seen and heard; `number` tells them apart.
pub(crate) fn participant(number: u8, kind: ParticipantKind) -> Participant {
    Participant {
        id: ParticipantId::from_bytes([number; 10]),
        publication: PublicationId::from_bytes([number; 10]),
        name: Name::new("Porch").expect("a name"),
        kind,
        role: Role::Host,
        microphone: true,
        camera: true,
        screen: None,
        speaking: false,
        hand: None,
        quality: Quality::Unknown,
        on_air: OnAir::No,
        recorded: OnAir::No,
        separately: OnAir::No,
        separately_since: MediaTime::ZERO,
        connection: Connection::Connected,
        stand_in: false,
        private: false,
        audio: true,
        video: true,
        own: Arc::default(),
        generation: 1,
    }
}

/// A call that is not on air, in which nobody speaks.
pub(crate) fn room(participants: Vec<Participant>) -> Room {
    Room {
        id: RoomId::from_bytes([1; 10]),
        name: Name::new("Room").expect("a name"),
        broadcast: BroadcastId::from_bytes([1; 10]),
        live: None,
        direction: Direction::default(),
        codec: Codec::H264,
        speaker: None,
        participants,
        locked: false,
        outside: Vec::new(),
        succession: Succession::default(),
        notices: (0, None),
    }
}

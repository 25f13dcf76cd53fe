//! What the rooms refuse.

use axum::http::StatusCode;

use super::{Problem, privacy_on};
use crate::drivers::peer::server as peers;
use crate::services::room;

impl From<room::Error> for Problem {
    fn from(error: room::Error) -> Self {
        use room::Error as E;
        match error {
            E::NoRoom => Self::new(StatusCode::NOT_FOUND, "no-room", "This room does not exist any more."),
            E::NoSeat => Self::new(StatusCode::CONFLICT, "no-seat", "You are not in this room any more. Join again."),
            E::BoxNotHere => Self::new(
                StatusCode::CONFLICT,
                "box-not-here",
                "The box is not in this call. Put it into the call first.",
            ),
            E::NotLive => Self::new(StatusCode::CONFLICT, "not-live", "This room is not on air. Put it on air first."),
            E::Private => privacy_on(),
            E::Access(error) => error.into(),
            E::NotPermitted => Self::not_permitted(),
            E::NotHere => Self::new(StatusCode::CONFLICT, "not-here", "They are not here any more."),
            E::Lobby => Self::lobby(),
            E::Locked => Self::new(
                StatusCode::CONFLICT,
                "locked",
                "The room is locked: nobody else comes in. Ask somebody who is in it to unlock it.",
            ),
            E::Refused => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "not-let-in",
                "You were not let in. Wait a minute before you ask again.",
            ),
            E::LobbyFull => {
                Self::new(StatusCode::CONFLICT, "lobby-full", "Too many people wait to be let in. Try again later.")
            }
            E::Full => Self::new(StatusCode::CONFLICT, "room-full", "The room is full."),
            E::TooOften => Self::new(
                StatusCode::CONFLICT,
                "too-often",
                "You are in the rooms of this box too often already. Leave one elsewhere first.",
            ),
            E::TooManyRooms(_) => Self::new(StatusCode::CONFLICT, "too-many-rooms", format!("{error}.")),
            E::Peer(peers::Error::Offer(why)) => {
                tracing::debug!(why, "an offer was refused");
                Self::bad("bad-offer", "Your browser's offer can't be used. Try another browser.")
            }
            E::Peer(peers::Error::Full) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "box-full",
                "The box has as many connections as it can take.",
            ),
            E::Peer(error) => Self::internal("peers", &error),
            E::Store(error) => Self::internal("store", &error),
            E::Closed => Self::closing(),
        }
    }
}

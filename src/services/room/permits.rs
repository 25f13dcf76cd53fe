//! What somebody may do in a room, as their grant says at the moment.

use super::snapshot::Label;
use crate::model::id::RoomId;
use crate::model::role::{Role, Scope, Verb};
use crate::services::access::Grant;

/// How far what somebody says about others goes: nobody keeps order among those above them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Takes part, or looks on.
    Takes,
    /// Keeps order in the room.
    Keeps,
    /// Runs the room.
    Runs,
    /// Runs the box: nobody puts them out.
    Owns,
}

/// What a grant is worth in one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Permits {
    pub(super) role: Role,
    pub(super) rank: Rank,
    pub(super) speak: bool,
    pub(super) camera: bool,
    pub(super) screen: bool,
}

impl Permits {
    /// What the box has as a participant of its own.
    pub(super) const BOX: Self = Self { role: Role::Host, rank: Rank::Runs, speak: true, camera: true, screen: true };

    pub(super) fn of(grant: &Grant, room: RoomId) -> Self {
        let may = |verb| grant.permits(verb, Scope::Room(room));
        let role = grant.role_in(room);
        let rank = match role {
            _ if grant.is_owner() => Rank::Owns,
            Role::Host => Rank::Runs,
            _ if may(Verb::Moderate) => Rank::Keeps,
            Role::Moderator | Role::Guest | Role::Viewer => Rank::Takes,
        };
        Self { role, rank, speak: may(Verb::Speak), camera: may(Verb::ShowCamera), screen: may(Verb::ShareScreen) }
    }

    /// Whether this may be heard or seen of them.
    pub(super) const fn has(&self, label: Label) -> bool {
        match label {
            Label::Microphone => self.speak,
            Label::Camera => self.camera,
            Label::Screen | Label::ScreenSound => self.screen,
        }
    }

    /// Whether anything of them may be heard or seen: who looks on has nothing to agree to.
    pub(super) const fn sends(&self) -> bool {
        self.speak || self.camera || self.screen
    }

    /// Whether they may keep order with regard to somebody of this rank: of one below theirs, and those who run the room of their own.
    pub(super) fn keeps(&self, whom: Rank) -> bool {
        self.rank > Rank::Takes && (self.rank > whom || self.rank > Rank::Keeps && self.rank == whom)
    }
}

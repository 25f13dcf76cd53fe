//! Who somebody is to this box.

use serde::{Deserialize, Serialize};

use super::id::RoomId;

/// What somebody is, from most to least trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Owns the box: every room.
    Host,
    /// Came by an invite: one room.
    Guest,
    /// Anybody who may watch what is public.
    Viewer,
}

/// One thing somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// See what is live and play it.
    Watch,
    /// Enter a room and receive what is said and shown there.
    Join,
    /// Be heard in a room.
    Speak,
    /// Be seen in a room.
    ShowCamera,
    /// Show a screen in a room, and let its sound be heard.
    ShareScreen,
    /// Make invite links for a room.
    Invite,
    /// Put a room on air and take it off, and put the box into the call.
    Broadcast,
    /// Everything that concerns the box itself.
    Administer,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Watch,
        Self::Join,
        Self::Speak,
        Self::ShowCamera,
        Self::ShareScreen,
        Self::Invite,
        Self::Broadcast,
        Self::Administer,
    ];
}

/// Where somebody wants to do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The box as a whole.
    Node,
    /// One room.
    Room(RoomId),
}

//! Who somebody is to this box.

use serde::{Deserialize, Serialize};

use super::id::RoomId;

/// What somebody is, from most to least trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Runs the box, or one room of it.
    Host,
    /// Keeps order in a room.
    Moderator,
    /// Takes part in a room.
    Guest,
    /// Watches: what is public, or in a room without being seen or heard there.
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
    /// Write in the chat.
    Chat,
    /// Make invite links for a room.
    Invite,
    /// Let people in, mute, bring on stage, remove and ban them, and keep order in the chat.
    Moderate,
    /// Choose how a room looks to those who watch.
    Produce,
    /// Put a room on air and take it off, and put the box into the call.
    Broadcast,
    /// Record what is on air.
    Record,
    /// Everything that concerns the box itself.
    Administer,
}

impl Role {
    /// All of them, the most trusted first.
    pub const ALL: [Self; 4] = [Self::Host, Self::Moderator, Self::Guest, Self::Viewer];
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Watch,
        Self::Join,
        Self::Speak,
        Self::ShowCamera,
        Self::ShareScreen,
        Self::Chat,
        Self::Invite,
        Self::Moderate,
        Self::Produce,
        Self::Broadcast,
        Self::Record,
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

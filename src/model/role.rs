//! Who somebody is to this box.

use serde::{Deserialize, Serialize};

use super::id::{GrantId, IdentityId, RoomId};

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

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Moderator => "moderator",
            Self::Guest => "guest",
            Self::Viewer => "viewer",
        }
    }
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

/// Whom a permission belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Somebody the box knows, on each of their devices.
    Identity(IdentityId),
    /// Somebody of whom it knows this login alone.
    Login(GrantId),
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Identity(id) => write!(f, "identity.{id}"),
            Self::Login(id) => write!(f, "login.{id}"),
        }
    }
}

/// The text was not `identity.` or `login.` and an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this names nobody")]
pub struct InvalidSubject;

impl std::str::FromStr for Subject {
    type Err = InvalidSubject;
    fn from_str(text: &str) -> Result<Self, InvalidSubject> {
        match text.split_once('.') {
            Some(("identity", id)) => id.parse().map(Self::Identity).map_err(|_| InvalidSubject),
            Some(("login", id)) => id.parse().map(Self::Login).map_err(|_| InvalidSubject),
            _ => Err(InvalidSubject),
        }
    }
}

impl Serialize for Subject {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_survives_being_written_and_read() {
        let subjects =
            [Subject::Identity(IdentityId::from_bytes([1; 10])), Subject::Login(GrantId::from_bytes([2; 10]))];
        for subject in subjects {
            assert_eq!(subject.to_string().parse(), Ok(subject));
        }
        for other in ["", "identity", "identity.", "guest.0000000000000000", "login.x"] {
            assert_eq!(other.parse::<Subject>(), Err(InvalidSubject), "{other}");
        }
    }
}

//! Chat: what a message may be, what keeps order, and what a channel holds. Sans-I/O: time and numbers are handed in.
//!
//! A room has one chat with two channels: that of the call, and that of its broadcast. Nobody's text is ever markup: it is carried as it was
//! written, with where the links in it are.

mod channel;
mod command;
mod filter;
mod links;
mod message;
mod pace;
mod rules;
mod text;
mod timeouts;

use serde::{Deserialize, Serialize};

use crate::model::id::RoomId;

pub use channel::{Change, Channel, LIVE, Turn, Written};
pub use command::{Call, Command, InvalidCommand, parse};
pub use filter::{InvalidWord, MOST_WORDS, Word, fold};
pub use links::{has_link, links};
pub use message::{By, MOST_REACTIONS, MOST_REPORTS, Message, Reaction, State, Why};
pub use pace::Paces;
pub use rules::{Deal, Rules, Writers};
pub use text::{MAX_TEXT, Text};
pub use timeouts::{LONGEST_TIMEOUT, MOST_TIMEOUTS, Timeout, Timeouts};

/// For whom something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ChatChannel"))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// For those in the call.
    Room,
    /// For all who watch the broadcast.
    Broadcast,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Room, Self::Broadcast];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::Broadcast => "broadcast",
        }
    }
}

/// Where something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Whose chat it is.
    pub room: RoomId,
    /// For whom.
    pub kind: Kind,
}

/// Why something is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such message, or no longer, or not for them.
    #[error("there is no such message")]
    NoMessage,
    /// Only others may write here, or do this to that person.
    #[error("this is not permitted")]
    NotPermitted,
    /// Who wrote has been given a time-out that goes on so many more seconds.
    #[error("you may write again in {0} seconds")]
    TimedOut(i64),
    /// They write faster than anybody reads: again in so many milliseconds.
    #[error("this is too fast")]
    TooFast(u64),
    /// Slow mode: again in so many milliseconds.
    #[error("slow mode is on")]
    Slow(u64),
    /// There is a word in it that is not wanted here.
    #[error("there is a word in it that is not wanted here")]
    Word,
    /// There is a link in it.
    #[error("links are not wanted here")]
    Link,
    /// As many have reacted to this, or reported it, as are counted.
    #[error("as many as are counted did this already")]
    Enough,
    /// As many have a time-out as may.
    #[error("there are too many time-outs already")]
    TooManyTimeouts,
}

//! One message, who wrote it, and what may be done with it.

use serde::{Deserialize, Serialize};

use super::{Refused, Text};
use crate::model::id::AuthorId;
use crate::model::role::{Role, Subject};
use crate::proto::auth::Name;

/// Most reactions to one message that are counted.
pub const MOST_REACTIONS: usize = 500;
/// Most reports of one message that are counted.
pub const MOST_REPORTS: usize = 20;

/// Somebody who does something in a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Who they are to the others of this room.
    pub id: AuthorId,
    /// Who they are to the box.
    pub subject: Subject,
    /// What they are called.
    pub name: Name,
    /// What they are in this room.
    pub role: Role,
    /// They keep order in it.
    pub moderates: bool,
}

const fn rank(role: Role) -> u8 {
    match role {
        Role::Host => 2,
        Role::Moderator => 1,
        Role::Guest | Role::Viewer => 0,
    }
}

impl By {
    /// Whether they may keep from writing who is this.
    pub const fn may_silence(&self, role: Role) -> bool {
        self.moderates && rank(self.role) > rank(role)
    }

    /// Whether they may do something about a message of who is this.
    pub const fn may_moderate(&self, role: Role) -> bool {
        self.moderates && (matches!(self.role, Role::Host) || rank(self.role) > rank(role))
    }
}

/// What one can say to a message without words: a closed list, so that nothing else can ever be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ChatReaction"))]
pub enum Reaction {
    /// 👍
    ThumbsUp,
    /// ❤️
    Heart,
    /// 😂
    Laugh,
    /// 😮
    Surprised,
    /// 😢
    Sad,
    /// 👏
    Clap,
    /// 🎉
    Party,
}

impl Reaction {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 7] =
        [Self::ThumbsUp, Self::Heart, Self::Laugh, Self::Surprised, Self::Sad, Self::Clap, Self::Party];
}

/// Why a message is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ChatHeld"))]
pub enum Why {
    /// Every message of the channel is looked at first.
    Review,
    /// There is a word in it that is not wanted.
    Word,
    /// There is a link in it.
    Link,
}

/// Whether a message is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Everybody sees it.
    Shown,
    /// Moderators see it, and decide.
    Held(Why),
    /// A moderator refused it, at this second of wall time; they can still change their mind.
    Refused(i64),
    /// A moderator deleted it, at this second of wall time; they can still change their mind.
    Deleted(i64),
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number: those of one box rise, over all its channels.
    pub id: u64,
    /// Who wrote it, to the others of the room.
    pub by: AuthorId,
    /// Who wrote it, to the box.
    pub subject: Subject,
    /// What they were called.
    pub name: Name,
    /// What they were in the room.
    pub role: Role,
    /// What they wrote.
    pub text: Text,
    /// It says what they do, not what they say.
    pub emote: bool,
    /// The message that it answers.
    pub reply: Option<u64>,
    /// When, in milliseconds of wall time since 1970 UTC.
    pub written: i64,
    /// Whether it is shown.
    pub state: State,
    /// Who reacted how.
    pub reactions: Vec<(AuthorId, Reaction)>,
    /// Who reported it.
    pub reports: Vec<AuthorId>,
    /// A moderator has looked at the reports.
    pub dismissed: bool,
}

impl Message {
    /// Everybody sees it.
    pub const fn is_shown(&self) -> bool {
        matches!(self.state, State::Shown)
    }

    /// Reacts, or takes it back; whether that changed anything.
    ///
    /// # Errors
    /// [`Refused::Enough`], [`Refused::NoMessage`] of one that is not shown.
    pub fn react(&mut self, who: AuthorId, reaction: Reaction, on: bool) -> Result<bool, Refused> {
        if !self.is_shown() {
            return Err(Refused::NoMessage);
        }
        let at = self.reactions.iter().position(|one| *one == (who, reaction));
        match (at, on) {
            (Some(at), false) => {
                self.reactions.remove(at);
            }
            (None, true) if self.reactions.len() >= MOST_REACTIONS => return Err(Refused::Enough),
            (None, true) => self.reactions.push((who, reaction)),
            (Some(_), true) | (None, false) => return Ok(false),
        }
        Ok(true)
    }

    /// How often it was reacted to in each way.
    pub fn counts(&self) -> impl Iterator<Item = (Reaction, usize)> {
        let count = |reaction| self.reactions.iter().filter(|(_, given)| *given == reaction).count();
        Reaction::ALL.into_iter().map(move |reaction| (reaction, count(reaction))).filter(|(_, count)| *count > 0)
    }

    /// Reports it. A second report of the same person changes nothing.
    ///
    /// # Errors
    /// [`Refused::Enough`], [`Refused::NoMessage`] of one that is not shown.
    pub fn report(&mut self, who: AuthorId) -> Result<bool, Refused> {
        if !self.is_shown() {
            return Err(Refused::NoMessage);
        }
        if self.reports.contains(&who) {
            return Ok(false);
        }
        if self.reports.len() >= MOST_REPORTS {
            return Err(Refused::Enough);
        }
        self.reports.push(who);
        Ok(true)
    }

    /// How many reports wait for a moderator.
    pub fn open_reports(&self) -> usize {
        if self.dismissed { 0 } else { self.reports.len() }
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use crate::model::id::GrantId;

    /// Somebody.
    pub(in crate::proto::chat) fn by(n: u8, role: Role) -> By {
        By {
            id: AuthorId::from_bytes([n; 10]),
            subject: Subject::Login(GrantId::from_bytes([n; 10])),
            name: Name::new(&format!("Person {n}")).expect("a name"),
            role,
            moderates: matches!(role, Role::Host | Role::Moderator),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::by;
    use super::*;

    #[test]
    fn nobody_is_silenced_by_who_stands_no_higher() {
        let roles = [Role::Host, Role::Moderator, Role::Guest, Role::Viewer];
        let may = |role| roles.map(|other| by(1, role).may_silence(other));
        assert_eq!(may(Role::Host), [false, true, true, true]);
        assert_eq!(may(Role::Moderator), [false, false, true, true]);
        assert_eq!(may(Role::Guest), [false; 4]);
        let may = |role| roles.map(|other| by(1, role).may_moderate(other));
        assert_eq!(may(Role::Host), [true; 4]);
        assert_eq!(may(Role::Moderator), [false, false, true, true]);
        assert_eq!(may(Role::Viewer), [false; 4]);
    }

    #[test]
    fn a_reaction_is_one_of_a_list() {
        for reaction in Reaction::ALL {
            let name = serde_json::to_string(&reaction).expect("a name");
            assert_eq!(serde_json::from_str::<Reaction>(&name).expect("a reaction"), reaction);
        }
        for wrong in ["\"👍\"", "\"\"", "\"thumbs_down\"", "1", "null", "\"<img src=x>\"", "\"\\ud83d\""] {
            assert!(serde_json::from_str::<Reaction>(wrong).is_err(), "{wrong}");
        }
    }
}

//! What the handle does with people and their places in rooms.

use super::{Command, Error, Grant, Handle, Identity, Login, Member};
use crate::model::id::{GrantId, IdentityId, RoomId};
use crate::model::role::{Role, Subject};
use crate::proto::auth::{Change, Name, Rules};

/// The setting that holds a room's rules.
pub(super) fn rules_key(room: RoomId) -> String {
    format!("room.{room}.rules")
}

/// What is to become of somebody's place in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placing {
    /// They are this from now on, and this is different for them alone; `None` leaves it as it is.
    Is(Option<Role>, Option<Change>),
    /// They have to be let in anew.
    Wait,
    /// They need not wait any more.
    LetIn,
    /// They may nothing there, however they come back with this login or as who they are.
    Ban,
    /// They are not banned any more.
    Unban,
    /// They have no place any more. A guest's login ends.
    PutOut,
}

/// What was changed, for those who note it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// What they are called.
    pub name: Option<Name>,
    /// What they were.
    pub from: Role,
    /// What they are.
    pub to: Role,
}

impl Handle {
    /// Changes somebody's place in a room; it takes effect before this returns.
    ///
    /// # Errors
    /// [`Error::NotPermitted`] where `by` may not do that to them, [`Error::Nobody`], [`Error::NoRoom`], [`Error::TooMany`],
    /// [`Error::Store`], [`Error::Closed`].
    pub async fn place(&self, room: RoomId, subject: Subject, placing: Placing, by: &Grant) -> Result<Changed, Error> {
        self.ask(|reply| Command::Place { room, subject, placing, by: by.clone(), reply }).await
    }

    /// Who has a place in a room, those of most trust first.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn members(&self, room: RoomId) -> Result<Vec<Member>, Error> {
        self.ask(|reply| Command::Members { room, reply }).await
    }

    /// What the roles may otherwise in a room.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn rules(&self, room: RoomId) -> Result<Rules, Error> {
        self.ask(|reply| Command::Rules { room, reply }).await
    }

    /// They may this from now on.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Closed`].
    pub async fn set_rules(&self, room: RoomId, rules: Rules) -> Result<(), Error> {
        self.ask(|reply| Command::SetRules { room, rules: Box::new(rules), reply }).await
    }

    /// Everybody the box knows, the oldest first.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn identities(&self) -> Result<Vec<Identity>, Error> {
        self.ask(|reply| Command::Identities { reply }).await
    }

    /// Has the box know somebody.
    ///
    /// # Errors
    /// [`Error::TooMany`], [`Error::Store`], [`Error::Closed`].
    pub async fn add_identity(&self, name: Name, owner: bool) -> Result<Identity, Error> {
        self.ask(|reply| Command::AddIdentity { name, owner, reply }).await
    }

    /// Somebody is called this, or owns the box, or does not any more; `None` leaves it as it is.
    ///
    /// # Errors
    /// [`Error::Nobody`], [`Error::LastOwner`], [`Error::Store`], [`Error::Closed`].
    pub async fn change_identity(&self, id: IdentityId, name: Option<Name>, owner: Option<bool>) -> Result<(), Error> {
        self.ask(|reply| Command::ChangeIdentity { id, name, owner, reply }).await
    }

    /// Forgets somebody: their logins end before this returns.
    ///
    /// # Errors
    /// [`Error::Nobody`], [`Error::LastOwner`], [`Error::Store`], [`Error::Closed`].
    pub async fn forget_identity(&self, id: IdentityId) -> Result<(), Error> {
        self.ask(|reply| Command::Forget { id, reply }).await
    }

    /// Where somebody is signed in, the device that was used last first.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn logins(&self, of: IdentityId) -> Result<Vec<Login>, Error> {
        self.ask(|reply| Command::Logins { of, reply }).await
    }

    /// Ends one of them.
    ///
    /// # Errors
    /// [`Error::Nobody`], [`Error::Store`], [`Error::Closed`].
    pub async fn end_login(&self, of: IdentityId, grant: GrantId) -> Result<(), Error> {
        self.ask(|reply| Command::EndLogin { of, grant, reply }).await
    }
}

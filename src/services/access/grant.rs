//! What somebody may do, as a handle.

use std::fmt;

use tokio::sync::watch;

use crate::model::id::{GrantId, IdentityId, RoomId};
use crate::model::role::{Role, Scope, Subject, Verb};
use crate::model::verbs::Verbs;
use crate::proto::auth::{Name, permits};

/// What somebody is in one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which.
    pub room: RoomId,
    /// Their role there.
    pub role: Role,
    /// What they may do there.
    pub verbs: Verbs,
    /// They have to be let in yet, and may nothing until then.
    pub waits: bool,
    /// They were banned, and may nothing.
    pub banned: bool,
}

/// What a login is worth right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Who it is, where the box knows them.
    pub identity: Option<IdentityId>,
    /// Whether they own the box.
    pub owner: bool,
    /// What they are called.
    pub name: Option<Name>,
    /// Where they have a place.
    pub places: Vec<Place>,
    /// When it ends by itself, in seconds of wall time.
    pub expires: Option<i64>,
    /// Whether it still is what it was given as.
    pub live: bool,
}

impl Standing {
    /// What anybody has.
    pub const VIEWER: Self =
        Self { identity: None, owner: false, name: None, places: Vec::new(), expires: None, live: true };
    /// What is left of a login that ended.
    pub const ENDED: Self =
        Self { identity: None, owner: false, name: None, places: Vec::new(), expires: None, live: false };

    fn place(&self, room: RoomId) -> Option<&Place> {
        self.places.iter().find(|place| place.room == room)
    }

    /// The place of somebody who has one only.
    fn home(&self) -> Option<&Place> {
        self.places.iter().find(|place| !place.banned)
    }

    fn role(&self) -> Role {
        if self.owner { Role::Host } else { self.home().map_or(Role::Viewer, |place| place.role) }
    }
}

/// What somebody may do, for as long as their login lives. A cheap clone; every answer is that of the moment it is asked.
///
/// A login that was revoked, expired or signed out leaves a viewer. A viewer's grant comes with no login and never ends.
#[derive(Clone)]
pub struct Grant {
    id: GrantId,
    standing: Option<watch::Receiver<Standing>>,
}

/// Follows what a grant is worth.
#[derive(Debug, Clone)]
pub struct Changes(Option<watch::Receiver<Standing>>);

impl Changes {
    /// Waits until it is worth something else than when this was made or last returned; forever with a viewer's grant. May be dropped
    /// and called again.
    pub async fn changed(&mut self) {
        match &mut self.0 {
            None => std::future::pending().await,
            Some(standing) => {
                if standing.changed().await.is_err() {
                    // The service is gone: that has been said once.
                    self.0 = None;
                }
            }
        }
    }
}

impl Grant {
    /// What anybody has who did not sign in.
    pub const fn viewer(id: GrantId) -> Self {
        Self { id, standing: None }
    }

    pub(super) const fn of_login(id: GrantId, standing: watch::Receiver<Standing>) -> Self {
        Self { id, standing: Some(standing) }
    }

    fn read<T>(&self, read: impl FnOnce(&Standing) -> T) -> T {
        match &self.standing {
            None => read(&Standing::VIEWER),
            // The service is gone: nobody vouches for this login any more.
            Some(standing) if standing.has_changed().is_err() => read(&Standing::ENDED),
            Some(standing) => read(&standing.borrow()),
        }
    }

    /// Its id: the same for every clone and for every request of one login.
    pub const fn id(&self) -> GrantId {
        self.id
    }

    /// Who it is, where the box knows them.
    pub fn identity(&self) -> Option<IdentityId> {
        self.read(|standing| standing.identity)
    }

    /// Whom permissions are given to: the identity where there is one, else this login.
    pub fn subject(&self) -> Subject {
        self.identity().map_or(Subject::Login(self.id), Subject::Identity)
    }

    /// Whether they own the box.
    pub fn is_owner(&self) -> bool {
        self.read(|standing| standing.owner)
    }

    /// The role now: host for who owns the box, else that in the room they have a place in, if there is one.
    pub fn role(&self) -> Role {
        self.read(Standing::role)
    }

    /// The role in one room; viewer where they have no place.
    pub fn role_in(&self, room: RoomId) -> Role {
        self.read(|standing| match standing.place(room) {
            _ if standing.owner => Role::Host,
            Some(place) if !place.banned => place.role,
            _ => Role::Viewer,
        })
    }

    /// What they are called, if they have said so.
    pub fn name(&self) -> Option<Name> {
        self.read(|standing| standing.name.clone())
    }

    /// The room that somebody has a place in whose place is in one room.
    pub fn room(&self) -> Option<RoomId> {
        self.read(|standing| standing.home().map(|place| place.room))
    }

    /// Where they have a place.
    pub fn places(&self) -> Vec<Place> {
        self.read(|standing| standing.places.clone())
    }

    /// Whether they have to be let into this room yet.
    pub fn waits(&self, room: RoomId) -> bool {
        self.read(|standing| standing.place(room).is_some_and(|place| place.waits && !place.banned))
    }

    /// Whether they were banned from this room.
    pub fn is_banned(&self, room: RoomId) -> bool {
        self.read(|standing| standing.place(room).is_some_and(|place| place.banned))
    }

    /// When the login ends by itself, in seconds of wall time. That of somebody whom the box knows moves on as it is used.
    pub fn expires(&self) -> Option<i64> {
        self.read(|standing| standing.expires)
    }

    /// Whether this may be done, now.
    pub fn permits(&self, verb: Verb, scope: Scope) -> bool {
        self.read(|standing| {
            let there = match scope {
                Scope::Room(room) => standing.place(room).map_or(Verbs::NONE, |place| place.verbs),
                Scope::Node => Verbs::NONE,
            };
            permits(standing.owner, there, verb, scope)
        })
    }

    /// Whether the login lives. Always true for a viewer's grant.
    pub fn is_live(&self) -> bool {
        self.read(|standing| standing.live)
    }

    /// Follows what it is worth from now on.
    pub fn follow(&self) -> Changes {
        let mut standing = self.standing.clone();
        if let Some(standing) = &mut standing {
            standing.mark_unchanged();
        }
        Changes(standing)
    }

    /// Waits until the login ends; forever with a viewer's grant. May be dropped and called again.
    pub async fn ended(&self) {
        match &self.standing {
            None => std::future::pending().await,
            Some(standing) => {
                // An error means that the service is gone, and with it the login's worth.
                let _ = standing.clone().wait_for(|standing| !standing.live).await;
            }
        }
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("id", &self.id).field("role", &self.role()).finish_non_exhaustive()
    }
}

/// Changes and ends a grant that a test made.
#[cfg(test)]
#[derive(Debug)]
pub struct TestLogin(watch::Sender<Standing>);

#[cfg(test)]
impl TestLogin {
    /// Makes the grant of somebody who owns the box (no room) or has a role in a room, that lives until this is dropped or ended.
    pub fn new(id: GrantId, role: Role, room: Option<RoomId>) -> (Self, Grant) {
        let place = |room| Place { room, role, verbs: crate::proto::auth::of_role(role), waits: false, banned: false };
        let (owner, places) = (room.is_none() && role == Role::Host, room.map(place).into_iter().collect());
        let (login, standing) = watch::channel(Standing { owner, places, ..Standing::VIEWER });
        (Self(login), Grant::of_login(id, standing))
    }

    /// They have another role in every room where they have a place.
    pub fn becomes(&self, role: Role) {
        self.0.send_modify(|standing| {
            for place in &mut standing.places {
                (place.role, place.verbs) = (role, crate::proto::auth::of_role(role));
            }
        });
    }

    /// They may do exactly this in every room where they have a place.
    pub fn may(&self, verbs: Verbs) {
        self.0.send_modify(|standing| standing.places.iter_mut().for_each(|place| place.verbs = verbs));
    }

    /// Ends the grant.
    pub fn end(&self) {
        self.0.send_replace(Standing::ENDED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: RoomId = RoomId::from_bytes([1; 10]);
    const ID: GrantId = GrantId::from_bytes([7; 10]);

    #[test]
    fn a_grant_is_worth_nothing_once_nobody_vouches_for_it() {
        let (login, grant) = TestLogin::new(ID, Role::Host, None);
        assert!(grant.permits(Verb::Administer, Scope::Node));
        drop(login);
        assert!(!grant.permits(Verb::Administer, Scope::Node));
        assert!(grant.permits(Verb::Watch, Scope::Node));
        assert!(!grant.is_live());
    }

    #[test]
    fn a_grant_that_ended_leaves_a_viewer() {
        let (login, grant) = TestLogin::new(ID, Role::Guest, Some(ROOM));
        assert!(grant.permits(Verb::Join, Scope::Room(ROOM)));
        login.end();
        assert_eq!((grant.role(), grant.room(), grant.is_live()), (Role::Viewer, None, false));
        assert!(!grant.permits(Verb::Join, Scope::Room(ROOM)));
    }

    #[tokio::test]
    async fn what_changes_counts_at_once_and_is_told() {
        let (login, grant) = TestLogin::new(ID, Role::Viewer, Some(ROOM));
        let mut changes = grant.follow();
        assert!(!grant.permits(Verb::Speak, Scope::Room(ROOM)));
        login.becomes(Role::Guest);
        changes.changed().await;
        assert!(grant.permits(Verb::Speak, Scope::Room(ROOM)));
        assert_eq!((grant.role(), grant.role_in(ROOM), grant.is_owner()), (Role::Guest, Role::Guest, false));
        drop(login);
        changes.changed().await;
        assert_eq!(grant.role_in(ROOM), Role::Viewer);
    }
}

//! What somebody may do, as a handle.

use std::fmt;

use tokio::sync::watch;

use crate::model::id::{GrantId, RoomId};
use crate::model::role::{Role, Scope, Verb};
use crate::proto::auth::{Name, permits};

/// What a login is worth right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Host or guest; viewer once it has ended.
    pub role: Role,
    /// A guest's name.
    pub name: Option<Name>,
    /// A guest's room.
    pub room: Option<RoomId>,
    /// When it ends by itself, in seconds of wall time.
    pub expires: Option<i64>,
    /// Whether it still is what it was given as.
    pub live: bool,
}

impl Standing {
    /// What anybody has.
    pub const VIEWER: Self = Self { role: Role::Viewer, name: None, room: None, expires: None, live: true };
    /// What is left of a login that ended.
    pub const ENDED: Self = Self { live: false, ..Self::VIEWER };
}

/// What somebody may do, for as long as their login lives. A cheap clone; every answer is that of the moment it is asked.
///
/// A login that was revoked, expired or signed out leaves a viewer. A viewer's grant comes with no login and never ends.
#[derive(Clone)]
pub struct Grant {
    id: GrantId,
    standing: Option<watch::Receiver<Standing>>,
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

    /// The role now.
    pub fn role(&self) -> Role {
        self.read(|standing| standing.role)
    }

    /// The name a guest gave at sign-in.
    pub fn name(&self) -> Option<Name> {
        self.read(|standing| standing.name.clone())
    }

    /// The one room of a guest.
    pub fn room(&self) -> Option<RoomId> {
        self.read(|standing| standing.room)
    }

    /// When the login ends by itself, in seconds of wall time. A host's moves on as it is used.
    pub fn expires(&self) -> Option<i64> {
        self.read(|standing| standing.expires)
    }

    /// Whether this may be done, now.
    pub fn permits(&self, verb: Verb, scope: Scope) -> bool {
        self.read(|standing| permits(standing.role, standing.room, verb, scope))
    }

    /// Whether the login lives. Always true for a viewer's grant.
    pub fn is_live(&self) -> bool {
        self.read(|standing| standing.live)
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

/// Ends a grant that a test made.
#[cfg(test)]
#[derive(Debug)]
pub struct TestLogin(watch::Sender<Standing>);

#[cfg(test)]
impl TestLogin {
    /// Makes the grant of a host (no room) or a guest (of a room) that lives until this is dropped or ended.
    pub fn new(id: GrantId, role: Role, room: Option<RoomId>) -> (Self, Grant) {
        let (login, standing) = watch::channel(Standing { role, room, ..Standing::VIEWER });
        (Self(login), Grant::of_login(id, standing))
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
}

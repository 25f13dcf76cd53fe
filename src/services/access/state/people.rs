//! Whom the box knows, and their devices.

use super::State;
use crate::drivers::store;
use crate::model::id::{GrantId, IdentityId};
use crate::model::role::Subject;
use crate::proto::auth::Name;
use crate::services::access::{Error, Identity, Login};

/// People the box knows.
const MAX_IDENTITIES: usize = 256;

impl State {
    /// What somebody is called, if they have said so.
    pub fn name_of(&self, subject: Subject) -> Option<Name> {
        let name = match subject {
            Subject::Identity(id) => self.identities.get(&id).map(|identity| identity.name.as_str()),
            Subject::Login(id) => self.seats.get(&id).and_then(|seat| seat.row.name.as_deref()),
        };
        name.and_then(|name| Name::new(name).ok())
    }

    /// Whether somebody owns the box.
    pub fn has_owner(&self) -> bool {
        self.identities.values().any(|identity| identity.owner)
    }

    /// Who owns it for longest.
    pub fn first_owner(&self) -> Option<&store::Identity> {
        self.identities
            .values()
            .filter(|identity| identity.owner)
            .min_by_key(|identity| (identity.created, identity.id))
    }

    pub(super) fn is_owner(&self, id: IdentityId) -> bool {
        self.identities.get(&id).is_some_and(|identity| identity.owner)
    }

    /// Somebody the box knows.
    pub fn identity(&self, id: IdentityId) -> Option<&store::Identity> {
        self.identities.get(&id)
    }

    /// Whether one more may be known.
    pub fn check_new_identity(&self) -> Result<(), Error> {
        if self.identities.len() >= MAX_IDENTITIES { Err(Error::TooMany) } else { Ok(()) }
    }

    /// Whether somebody may cease to own the box: not the last one.
    pub fn check_disowned(&self, id: IdentityId) -> Result<(), Error> {
        let others = self.identities.values().any(|identity| identity.owner && identity.id != id);
        if self.is_owner(id) && !others { Err(Error::LastOwner) } else { Ok(()) }
    }

    /// Takes up somebody.
    pub fn put_identity(&mut self, row: store::Identity) {
        let id = row.id;
        self.identities.insert(id, row);
        self.refresh(|seat| seat.row.identity == Some(id));
    }

    /// Forgets somebody, with their logins and places.
    pub fn forget_identity(&mut self, id: IdentityId) {
        self.identities.remove(&id);
        self.members.retain(|(subject, _), _| *subject != Subject::Identity(id));
        self.end_where(|row| row.identity == Some(id));
    }

    /// Everybody the box knows, the oldest first.
    pub fn identities(&self) -> Vec<Identity> {
        let mut list: Vec<&store::Identity> = self.identities.values().collect();
        list.sort_by_key(|identity| (identity.created, identity.id));
        let shown = |row: &store::Identity| {
            let devices = self.seats.values().filter(|seat| seat.row.identity == Some(row.id)).count();
            let name = Name::new(&row.name).ok()?;
            Some(Identity { id: row.id, name, owner: row.owner, created: row.created, devices })
        };
        list.into_iter().filter_map(shown).collect()
    }

    /// The logins of somebody, the one that was used last first.
    pub fn logins(&self, of: IdentityId) -> Vec<Login> {
        let rows = self.seats.values().map(|seat| &seat.row).filter(|row| row.identity == Some(of));
        let shown = |row: &store::Login| Login {
            grant: row.grant,
            device: row.device.clone(),
            created: row.created,
            seen: row.seen,
        };
        let mut list: Vec<Login> = rows.map(shown).collect();
        list.sort_by_key(|login| (std::cmp::Reverse(login.seen), login.grant));
        list
    }

    /// Ends one login of somebody.
    pub fn end_login(&mut self, of: IdentityId, grant: GrantId) -> Result<(), Error> {
        match self.seats.get(&grant) {
            Some(seat) if seat.row.identity == Some(of) => {
                self.expire(grant);
                Ok(())
            }
            _ => Err(Error::Nobody),
        }
    }
}

//! Invites in memory, and the rules about them. Pure.

use std::collections::HashMap;

use super::{Error, Invite, Wanted};
use crate::drivers::identity::TokenHash;
use crate::drivers::store;
use crate::model::id::{InviteId, RoomId};

/// Working invites a room may have.
pub const MAX_INVITES: usize = 64;
/// Invites are forgotten this long, in seconds, after they ended; until then people are told why they no longer work.
const FORGET_AFTER: i64 = 30 * 24 * 3600;

/// All of them, also those that ended.
#[derive(Debug, Default)]
pub struct Invites {
    rows: HashMap<InviteId, store::Invite>,
    by_token: HashMap<TokenHash, InviteId>,
}

impl Invites {
    /// The invite of a token, if it works.
    pub fn check(&self, token: TokenHash, now: i64) -> Result<&store::Invite, Error> {
        let invite = self.by_token.get(&token).and_then(|id| self.rows.get(id)).ok_or(Error::InvalidToken)?;
        if invite.revoked.is_some() {
            return Err(Error::Revoked);
        }
        if invite.expires <= now {
            return Err(Error::Expired);
        }
        if invite.most.is_some_and(|most| invite.uses >= most) { Err(Error::UsedUp) } else { Ok(invite) }
    }

    /// When an invite ends.
    pub fn expires(&self, id: InviteId) -> Option<i64> {
        self.rows.get(&id).map(|row| row.expires)
    }

    /// Counts the use of an invite, as the store does.
    pub fn count_use(&mut self, id: InviteId) {
        if let Some(row) = self.rows.get_mut(&id) {
            row.uses = row.uses.saturating_add(1);
        }
    }

    /// The row of a new invite.
    pub fn new_row(id: InviteId, room: RoomId, token: TokenHash, wanted: Wanted, now: i64) -> store::Invite {
        let expires = now.saturating_add(wanted.lifetime.seconds());
        store::Invite {
            id,
            room,
            token_hash: token.bytes(),
            created: now,
            expires,
            uses: 0,
            revoked: None,
            role: wanted.role,
            most: wanted.most,
            lobby: wanted.lobby,
        }
    }

    /// Takes up a stored invite.
    pub fn add(&mut self, row: store::Invite) -> Invite {
        let invite = shown(&row);
        self.by_token.insert(TokenHash::from_bytes(row.token_hash), row.id);
        self.rows.insert(row.id, row);
        invite
    }

    /// The invites of a room that work, the oldest first.
    pub fn list(&self, room: RoomId, now: i64) -> Vec<Invite> {
        let works = |row: &&store::Invite| row.room == room && row.revoked.is_none() && row.expires > now;
        let mut list: Vec<Invite> = self.rows.values().filter(works).map(shown).collect();
        list.sort_by_key(|invite| (invite.created, invite.id));
        list
    }

    /// Takes an invite back.
    pub fn revoke(&mut self, id: InviteId, now: i64) {
        if let Some(row) = self.rows.get_mut(&id) {
            row.revoked.get_or_insert(now);
        }
    }

    /// Forgets those of a room.
    pub fn close_room(&mut self, room: RoomId) {
        let ids: Vec<InviteId> = self.rows.values().filter(|row| row.room == room).map(|row| row.id).collect();
        for id in ids {
            self.forget(id);
        }
    }

    /// Forgets those that ended long ago, and says which they were.
    pub fn sweep(&mut self, now: i64) -> Vec<InviteId> {
        let ended = |row: &store::Invite| row.revoked.unwrap_or(row.expires).min(row.expires);
        let old = |row: &&store::Invite| ended(row).saturating_add(FORGET_AFTER) <= now;
        let old: Vec<InviteId> = self.rows.values().filter(old).map(|row| row.id).collect();
        for &id in &old {
            self.forget(id);
        }
        old
    }

    fn forget(&mut self, id: InviteId) {
        if let Some(row) = self.rows.remove(&id) {
            self.by_token.remove(&TokenHash::from_bytes(row.token_hash));
        }
    }
}

fn shown(row: &store::Invite) -> Invite {
    let store::Invite { id, room, created, expires, uses, role, most, lobby, .. } = *row;
    Invite { id, room, created, expires, used: uses, role, most, lobby }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::role::Role;
    use crate::proto::auth::Lifetime;

    const ROOM: RoomId = RoomId::from_bytes([1; 10]);

    fn wanted(most: Option<u32>) -> Wanted {
        Wanted { most, role: Role::Viewer, lobby: true, ..Wanted::of(Lifetime::MIN) }
    }

    fn add(invites: &mut Invites, n: u8, most: Option<u32>, now: i64) -> (Invite, TokenHash) {
        let (id, token) = (InviteId::from_bytes([n; 10]), TokenHash::from_bytes([n; 32]));
        (invites.add(Invites::new_row(id, ROOM, token, wanted(most), now)), token)
    }

    #[test]
    fn an_invite_says_why_it_no_longer_works_and_is_forgotten_after_a_month() {
        let mut invites = Invites::default();
        let end = Lifetime::MIN.seconds();
        let ((expired, token), (revoked, other)) = (add(&mut invites, 1, None, 0), add(&mut invites, 2, None, 0));
        invites.revoke(revoked.id, 10);
        assert!(invites.check(token, end - 1).is_ok());
        assert!(matches!(invites.check(token, end), Err(Error::Expired)));
        assert!(matches!(invites.check(other, 10), Err(Error::Revoked)));
        assert_eq!(invites.list(ROOM, 11), std::slice::from_ref(&expired));
        assert_eq!(invites.sweep(10 + FORGET_AFTER), [revoked.id]);
        assert!(matches!(invites.check(other, 10), Err(Error::InvalidToken)));
        assert_eq!(invites.sweep(end + FORGET_AFTER), [expired.id]);
        assert!(matches!(invites.check(token, 0), Err(Error::InvalidToken)));
    }

    #[test]
    fn an_invite_for_so_many_takes_no_more() {
        let mut invites = Invites::default();
        let (invite, token) = add(&mut invites, 1, Some(2), 0);
        for _ in 0..2 {
            assert!(invites.check(token, 0).is_ok());
            invites.count_use(invite.id);
        }
        assert!(matches!(invites.check(token, 0), Err(Error::UsedUp)));
        assert_eq!(invites.list(ROOM, 0), [Invite { used: 2, ..invite }]);
        assert_eq!((invite.role, invite.lobby), (Role::Viewer, true));
    }
}

//! Logins and invites in memory, and the rules about them. Pure: time and secrets are handed in, rows are handed out.

use std::collections::HashMap;
use std::time::Instant;

use tokio::sync::watch;

use super::attempts::Attempts;
use super::grant::{Grant, Standing};
use super::{Counts, Error, Invite};
use crate::drivers::identity::TokenHash;
use crate::drivers::store;
use crate::model::id::{GrantId, InviteId, RoomId};
use crate::model::role::{Role, Scope, Verb};
use crate::proto::auth::{Lifetime, Name, OWNER_LINK, login_expires};

/// Working invites a room may have.
const MAX_INVITES: usize = 64;
/// Logins that may live by one invite.
const MAX_GUESTS: usize = 256;
/// Logins of hosts: one more ends the one that was unused for longest, so that an owner is never kept out.
const MAX_HOSTS: usize = 64;
/// The use of a login is stored this often, in seconds, to spare the card.
const SEEN_EVERY: i64 = 3600;
/// Invites are forgotten this long, in seconds, after they ended; until then people are told why they no longer work.
const FORGET_AFTER: i64 = 30 * 24 * 3600;

#[derive(Debug)]
struct Seat {
    row: store::Login,
    invite_expires: Option<i64>,
    standing: watch::Sender<Standing>,
}

impl Seat {
    fn expires(&self) -> i64 {
        login_expires(self.row.role, self.row.created, self.row.seen, self.invite_expires)
    }

    fn standing(&self) -> Standing {
        let name = self.row.name.as_deref().and_then(|name| Name::new(name).ok());
        Standing { role: self.row.role, name, room: self.row.room, expires: Some(self.expires()), live: true }
    }
}

/// Rows that are yet to be removed from the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gone {
    pub logins: Vec<GrantId>,
    pub invites: Vec<InviteId>,
}

/// A login that was asked for.
#[derive(Debug)]
pub struct Found {
    pub grant: Grant,
    /// When its use is to be stored.
    pub touch: Option<(GrantId, i64)>,
}

#[derive(Debug, Default)]
pub struct State {
    seats: HashMap<GrantId, Seat>,
    by_token: HashMap<TokenHash, GrantId>,
    invites: HashMap<InviteId, store::Invite>,
    invite_by_token: HashMap<TokenHash, InviteId>,
    owner_link: Option<(TokenHash, Instant)>,
    gone: Gone,
    /// Logins that were taken or have expired so far, and were not given up by whoever had them.
    ended: u64,
    pub attempts: Attempts,
}

impl State {
    /// Takes up what the store holds.
    pub fn load(invites: Vec<store::Invite>, logins: Vec<store::Login>, now: i64) -> Self {
        let mut state = Self::default();
        for invite in invites {
            state.add_invite(invite);
        }
        for login in logins {
            state.admit(login);
        }
        state.sweep(now);
        state
    }

    /// How many logins live.
    pub fn counts(&self) -> Counts {
        let hosts = self.seats.values().filter(|seat| seat.row.role == Role::Host).count();
        Counts { hosts, guests: self.seats.len() - hosts }
    }

    /// Replaces the owner's one-time link.
    pub fn set_owner_link(&mut self, token: TokenHash, at: Instant) {
        self.owner_link = Some((token, at));
    }

    /// Whether this is the owner's link. It stays good until [`State::use_owner_link`].
    pub fn check_owner_link(&self, token: TokenHash, at: Instant) -> Result<(), Error> {
        match &self.owner_link {
            Some((known, made)) if *known == token => {
                if at.saturating_duration_since(*made) < OWNER_LINK {
                    Ok(())
                } else {
                    Err(Error::Expired)
                }
            }
            _ => Err(Error::InvalidToken),
        }
    }

    /// The owner's link is used up.
    pub fn use_owner_link(&mut self) {
        self.owner_link = None;
    }

    /// The invite of a token, if it works.
    pub fn check_invite(&self, token: TokenHash, now: i64) -> Result<&store::Invite, Error> {
        let invite = self.invite_by_token.get(&token).and_then(|id| self.invites.get(id)).ok_or(Error::InvalidToken)?;
        if invite.revoked.is_some() {
            return Err(Error::Revoked);
        }
        if invite.expires <= now {
            return Err(Error::Expired);
        }
        let guests = self.seats.values().filter(|seat| seat.row.invite == Some(invite.id)).count();
        if guests >= MAX_GUESTS { Err(Error::TooMany) } else { Ok(invite) }
    }

    /// Gives a stored login its grant.
    pub fn admit(&mut self, row: store::Login) -> Grant {
        if row.role == Role::Host {
            self.make_room_for_host();
        }
        let invite = row.invite.and_then(|id| self.invites.get_mut(&id));
        let seat = Seat {
            invite_expires: invite.as_ref().map(|invite| invite.expires),
            standing: watch::Sender::new(Standing::VIEWER),
            row,
        };
        let standing = seat.standing();
        seat.standing.send_replace(standing);
        let id = seat.row.grant;
        let grant = Grant::of_login(id, seat.standing.subscribe());
        self.by_token.insert(TokenHash::from_bytes(seat.row.token_hash), id);
        self.seats.insert(id, seat);
        grant
    }

    /// Counts the use of an invite, as the store does with the login.
    pub fn count_use(&mut self, invite: InviteId) {
        if let Some(invite) = self.invites.get_mut(&invite) {
            invite.uses = invite.uses.saturating_add(1);
        }
    }

    fn make_room_for_host(&mut self) {
        let hosts = || self.seats.values().filter(|seat| seat.row.role == Role::Host);
        if hosts().count() >= MAX_HOSTS
            && let Some(oldest) = hosts().min_by_key(|seat| seat.row.seen).map(|seat| seat.row.grant)
        {
            self.expire(oldest);
        }
    }

    /// The login of a cookie's token. Notes its use.
    pub fn find(&mut self, token: TokenHash, now: i64) -> Option<Found> {
        let id = *self.by_token.get(&token)?;
        let seat = self.seats.get_mut(&id)?;
        if seat.expires() <= now {
            self.expire(id);
            return None;
        }
        let touch = (now >= seat.row.seen.saturating_add(SEEN_EVERY)).then_some((id, now));
        if touch.is_some() {
            seat.row.seen = now;
            let expires = Some(seat.expires());
            seat.standing.send_modify(|standing| standing.expires = expires);
        }
        Some(Found { grant: Grant::of_login(id, seat.standing.subscribe()), touch })
    }

    /// Ends the login of a cookie's token, if there is one.
    pub fn sign_out(&mut self, token: TokenHash) -> bool {
        let Some(&id) = self.by_token.get(&token) else { return false };
        self.give_up(id);
        true
    }

    /// Whether an invite may be made.
    pub fn check_new_invite(&self, room: RoomId, by: Option<&Grant>, now: i64) -> Result<(), Error> {
        if by.is_some_and(|by| !by.permits(Verb::Invite, Scope::Room(room))) {
            return Err(Error::NotPermitted { verb: Verb::Invite });
        }
        if self.list_invites(room, now).len() >= MAX_INVITES { Err(Error::TooMany) } else { Ok(()) }
    }

    /// The row of a new invite.
    pub fn new_invite(id: InviteId, room: RoomId, token: TokenHash, lifetime: Lifetime, now: i64) -> store::Invite {
        let expires = now.saturating_add(lifetime.seconds());
        store::Invite { id, room, token_hash: token.bytes(), created: now, expires, uses: 0, revoked: None }
    }

    /// Takes up a stored invite.
    pub fn add_invite(&mut self, row: store::Invite) -> Invite {
        let invite = shown(&row);
        self.invite_by_token.insert(TokenHash::from_bytes(row.token_hash), row.id);
        self.invites.insert(row.id, row);
        invite
    }

    /// The invites of a room that work, the oldest first.
    pub fn list_invites(&self, room: RoomId, now: i64) -> Vec<Invite> {
        let works = |row: &&store::Invite| row.room == room && row.revoked.is_none() && row.expires > now;
        let mut list: Vec<Invite> = self.invites.values().filter(works).map(shown).collect();
        list.sort_by_key(|invite| (invite.created, invite.id));
        list
    }

    /// Takes an invite back and ends the grants that came by it.
    pub fn revoke(&mut self, invite: InviteId, now: i64) {
        if let Some(row) = self.invites.get_mut(&invite) {
            row.revoked.get_or_insert(now);
        }
        self.end_where(|row| row.invite == Some(invite));
    }

    /// Ends a room's guests and forgets its invites.
    pub fn close_room(&mut self, room: RoomId) {
        let invites: Vec<InviteId> = self.invites.values().filter(|row| row.room == room).map(|row| row.id).collect();
        for id in invites {
            self.forget_invite(id);
        }
        self.end_where(|row| row.room == Some(room));
    }

    /// Ends what has expired and forgets what ended long ago.
    pub fn sweep(&mut self, now: i64) {
        let expired: Vec<GrantId> =
            self.seats.values().filter(|seat| seat.expires() <= now).map(|seat| seat.row.grant).collect();
        for id in expired {
            self.expire(id);
        }
        let ended = |row: &store::Invite| row.revoked.unwrap_or(row.expires).min(row.expires);
        let old = |row: &&store::Invite| ended(row).saturating_add(FORGET_AFTER) <= now;
        let old: Vec<InviteId> = self.invites.values().filter(old).map(|row| row.id).collect();
        for id in old {
            self.forget_invite(id);
            self.gone.invites.push(id);
        }
    }

    /// The rows that were given up.
    pub const fn gone(&self) -> &Gone {
        &self.gone
    }

    /// The rows that were given up are removed.
    pub fn removed(&mut self) {
        self.gone = Gone::default();
    }

    /// Ends every grant: nobody will answer for them any more.
    pub fn end_all(&mut self) {
        self.end_where(|_| true);
    }

    fn forget_invite(&mut self, id: InviteId) {
        if let Some(row) = self.invites.remove(&id) {
            self.invite_by_token.remove(&TokenHash::from_bytes(row.token_hash));
        }
    }

    fn end_where(&mut self, ends: impl Fn(&store::Login) -> bool) {
        let ids: Vec<GrantId> = self.seats.values().filter(|seat| ends(&seat.row)).map(|seat| seat.row.grant).collect();
        for id in ids {
            self.end(id);
            self.ended += 1;
        }
    }

    /// Ends a login that whoever has it wants to keep, and whose row is still in the store.
    fn expire(&mut self, id: GrantId) {
        self.give_up(id);
        self.ended += 1;
    }

    /// Ends a login whose row is still in the store.
    fn give_up(&mut self, id: GrantId) {
        self.end(id);
        self.gone.logins.push(id);
    }

    fn end(&mut self, id: GrantId) {
        if let Some(seat) = self.seats.remove(&id) {
            self.by_token.remove(&TokenHash::from_bytes(seat.row.token_hash));
            seat.standing.send_replace(Standing::ENDED);
        }
    }

    /// How many logins were taken or have expired so far.
    pub const fn ended(&self) -> u64 {
        self.ended
    }
}

fn shown(row: &store::Invite) -> Invite {
    Invite { id: row.id, room: row.room, created: row.created, expires: row.expires, used: row.uses }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn host(n: u8, seen: i64) -> store::Login {
        store::Login {
            grant: GrantId::from_bytes([n; 10]),
            token_hash: [n; 32],
            role: Role::Host,
            room: None,
            name: None,
            invite: None,
            created: 0,
            seen,
        }
    }

    #[test]
    fn the_owners_link_ends_after_a_day() {
        let (token, made) = (TokenHash::from_bytes([1; 32]), Instant::now());
        let mut state = State::default();
        state.set_owner_link(token, made);
        assert!(state.check_owner_link(token, made + OWNER_LINK - Duration::from_secs(1)).is_ok());
        assert!(matches!(state.check_owner_link(token, made + OWNER_LINK), Err(Error::Expired)));
        let other = TokenHash::from_bytes([2; 32]);
        assert!(matches!(state.check_owner_link(other, made), Err(Error::InvalidToken)));
    }

    #[test]
    fn one_host_login_too_many_ends_the_one_unused_for_longest() {
        let mut state = State::default();
        let grants: Vec<Grant> = (0..MAX_HOSTS as u8).map(|n| state.admit(host(n, 100 + i64::from(n != 5)))).collect();
        let newest = state.admit(host(200, 300));
        let ended: Vec<usize> = (0..MAX_HOSTS).filter(|&n| !grants[n].is_live()).collect();
        assert_eq!(ended, [5]);
        assert!(newest.is_live());
        assert_eq!(state.gone().logins, [grants[5].id()]);
    }

    #[test]
    fn an_invite_that_ended_is_remembered_for_a_while() {
        let room = RoomId::from_bytes([1; 10]);
        let token = TokenHash::from_bytes([1; 32]);
        let id = InviteId::from_bytes([1; 10]);
        let mut state = State::default();
        state.add_invite(State::new_invite(id, room, token, Lifetime::MIN, 0));
        state.revoke(id, 10);
        state.sweep(10 + FORGET_AFTER - 1);
        assert!(matches!(state.check_invite(token, 20), Err(Error::Revoked)));
        state.sweep(10 + FORGET_AFTER);
        assert!(matches!(state.check_invite(token, 20), Err(Error::InvalidToken)));
        assert_eq!(state.gone().invites, [id]);
    }

    #[test]
    fn an_invite_lets_in_so_many_and_a_room_has_so_many_invites() {
        let room = RoomId::from_bytes([1; 10]);
        let mut state = State::default();
        let by = state.admit(host(255, 0));
        for n in 0..MAX_INVITES as u8 {
            state.check_new_invite(room, Some(&by), 0).expect("there is room for it");
            let token = TokenHash::from_bytes([n; 32]);
            state.add_invite(State::new_invite(InviteId::from_bytes([n; 10]), room, token, Lifetime::MIN, 0));
        }
        assert!(matches!(state.check_new_invite(room, Some(&by), 0), Err(Error::TooMany)));
        assert!(state.check_new_invite(room, Some(&by), Lifetime::MIN.seconds()).is_ok());
        let (invite, token) = (InviteId::from_bytes([3; 10]), TokenHash::from_bytes([3; 32]));
        for n in 0..MAX_GUESTS as u16 {
            state.check_invite(token, 0).expect("there is room for one more");
            let mut id = [0; 10];
            id[..2].copy_from_slice(&n.to_be_bytes());
            let mut hash = [9; 32];
            hash[..2].copy_from_slice(&n.to_be_bytes());
            let guest = store::Login { role: Role::Guest, room: Some(room), invite: Some(invite), ..host(0, 0) };
            state.admit(store::Login { grant: GrantId::from_bytes(id), token_hash: hash, ..guest });
        }
        assert!(matches!(state.check_invite(token, 0), Err(Error::TooMany)));
    }
}

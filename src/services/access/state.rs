//! Logins, people and their places in rooms in memory, and the rules about them. Pure: time and secrets are handed in, rows are handed
//! out.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::attempts::Attempts;
use super::grant::{Grant, Standing};
use super::invites::{Invites, MAX_INVITES};
use super::{Counts, Error, Wanted};
use crate::drivers::identity::TokenHash;
use crate::drivers::store;
use crate::model::id::{GrantId, IdentityId, InviteId, RoomId};
use crate::model::pace::Pace;
use crate::model::role::{Scope, Subject, Verb};
use crate::proto::auth::{Kind, Name, OWNER_LINK, Rules, login_expires, may_invite};

mod people;
mod places;

/// Logins that may live by one invite.
const MAX_GUESTS: usize = 256;
/// Logins of one person, and of those who have no more than a name: one more ends the one that was unused for longest, so that nobody is
/// ever kept out.
const MAX_DEVICES: usize = 64;
/// See [`MAX_DEVICES`].
const MAX_NAMED: usize = 4096;
/// Those who want to be known by a name: so many at once, then one for each [`NAMED_STEP`].
const NAMED_BURST: u32 = 200;
/// See [`NAMED_BURST`].
const NAMED_STEP: Duration = Duration::from_millis(250);
/// The use of a login is stored this often, in seconds, to spare the card.
const SEEN_EVERY: i64 = 3600;

#[derive(Debug)]
struct Seat {
    row: store::Login,
    invite_expires: Option<i64>,
    standing: watch::Sender<Standing>,
}

impl Seat {
    const fn kind(&self) -> Kind {
        match self.row {
            store::Login { identity: Some(_), .. } => Kind::Known,
            store::Login { invite: Some(_), .. } => Kind::Invited(self.invite_expires),
            _ => Kind::Named,
        }
    }

    fn expires(&self) -> i64 {
        login_expires(self.kind(), self.row.created, self.row.seen)
    }

    fn subject(&self) -> Subject {
        self.row.identity.map_or(Subject::Login(self.row.grant), Subject::Identity)
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

/// What the store holds.
#[derive(Debug, Default)]
pub struct Rows {
    pub identities: Vec<store::Identity>,
    pub invites: Vec<store::Invite>,
    pub logins: Vec<store::Login>,
    pub members: Vec<store::Member>,
    pub rules: Vec<(RoomId, Rules)>,
}

#[derive(Debug)]
pub struct State {
    seats: HashMap<GrantId, Seat>,
    by_token: HashMap<TokenHash, GrantId>,
    identities: BTreeMap<IdentityId, store::Identity>,
    members: BTreeMap<(Subject, RoomId), store::Member>,
    rules: HashMap<RoomId, Rules>,
    pub invites: Invites,
    owner_link: Option<(TokenHash, Instant)>,
    gone: Gone,
    named: Pace,
    /// Logins that were taken or have expired so far, and were not given up by whoever had them.
    ended: u64,
    pub attempts: Attempts,
}

impl State {
    /// Takes up what the store holds.
    pub fn load(rows: Rows, now: i64) -> Self {
        let mut invites = Invites::default();
        for invite in rows.invites {
            invites.add(invite);
        }
        let mut state = Self {
            seats: HashMap::new(),
            by_token: HashMap::new(),
            identities: rows.identities.into_iter().map(|row| (row.id, row)).collect(),
            members: rows.members.into_iter().map(|row| ((row.subject, row.room), row)).collect(),
            rules: rows.rules.into_iter().collect(),
            invites,
            owner_link: None,
            gone: Gone::default(),
            named: Pace::new(NAMED_BURST, NAMED_STEP),
            ended: 0,
            attempts: Attempts::default(),
        };
        for login in rows.logins {
            state.admit(login, None);
        }
        state.sweep(now);
        state
    }

    /// How many logins live.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for seat in self.seats.values() {
            match seat.kind() {
                Kind::Known => counts.known += 1,
                Kind::Invited(_) => counts.guests += 1,
                Kind::Named => counts.named += 1,
            }
        }
        counts
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

    /// The invite of a token, if it works for whoever comes.
    pub fn check_invite(&self, token: TokenHash, by: Option<&Grant>, now: i64) -> Result<store::Invite, Error> {
        let invite = self.invites.check(token, now)?;
        if by.is_some_and(|by| by.is_banned(invite.room)) {
            return Err(Error::Banned);
        }
        let guests = self.seats.values().filter(|seat| seat.row.invite == Some(invite.id)).count();
        if guests >= MAX_GUESTS { Err(Error::TooMany) } else { Ok(invite.clone()) }
    }

    /// Whether one more may have a name.
    pub fn check_named(&mut self, now: Instant) -> Result<(), Error> {
        self.named.take(now).map_err(|_| Error::TooFast)
    }

    /// Gives a stored login its grant.
    pub fn admit(&mut self, row: store::Login, place: Option<store::Member>) -> Grant {
        match row {
            store::Login { identity: Some(identity), .. } => {
                self.make_room(MAX_DEVICES, |row| row.identity == Some(identity));
            }
            store::Login { invite: None, .. } => {
                self.make_room(MAX_NAMED, |row| row.identity.is_none() && row.invite.is_none());
            }
            _ => {}
        }
        if let Some(place) = place {
            self.members.insert((place.subject, place.room), place);
        }
        let seat = Seat {
            invite_expires: row.invite.and_then(|id| self.invites.expires(id)),
            standing: watch::Sender::new(Standing::VIEWER),
            row,
        };
        seat.standing.send_replace(self.standing(&seat));
        let id = seat.row.grant;
        let grant = Grant::of_login(id, seat.standing.subscribe());
        self.by_token.insert(TokenHash::from_bytes(seat.row.token_hash), id);
        self.seats.insert(id, seat);
        grant
    }

    fn make_room(&mut self, most: usize, of: impl Fn(&store::Login) -> bool) {
        let (mut count, mut oldest) = (0, None);
        for row in self.seats.values().map(|seat| &seat.row).filter(|row| of(row)) {
            count += 1;
            oldest = oldest.min(Some((row.seen, row.grant))).or(Some((row.seen, row.grant)));
        }
        if let Some((_, oldest)) = oldest.filter(|_| count >= most) {
            self.expire(oldest);
        }
    }

    fn standing(&self, seat: &Seat) -> Standing {
        let identity = seat.row.identity.and_then(|id| self.identities.get(&id));
        let name = identity.map(|identity| identity.name.as_str()).or(seat.row.name.as_deref());
        Standing {
            identity: identity.map(|identity| identity.id),
            owner: identity.is_some_and(|identity| identity.owner),
            name: name.and_then(|name| Name::new(name).ok()),
            places: self.rows_of(seat.subject()).map(|row| self.place(row)).collect(),
            expires: Some(seat.expires()),
            live: true,
        }
    }

    fn rows_of(&self, subject: Subject) -> impl Iterator<Item = &store::Member> {
        let all = RoomId::from_bytes([0; 10])..=RoomId::from_bytes([255; 10]);
        self.members.range((subject, *all.start())..=(subject, *all.end())).map(|(_, row)| row)
    }

    /// What those are worth whom something has changed for. Who may not watch any more knows what only those who may are told.
    fn refresh(&mut self, of: impl Fn(&Seat) -> bool) {
        let watches = |standing: &Standing, room| {
            standing.owner || standing.places.iter().any(|at| at.room == room && at.verbs.contains(Verb::Watch))
        };
        let mut lost = false;
        for seat in self.seats.values().filter(|seat| of(seat)) {
            let standing = self.standing(seat);
            seat.standing.send_if_modified(|told| {
                if *told == standing {
                    return false;
                }
                let before = told.places.iter().map(|place| place.room).filter(|room| watches(told, *room));
                lost |= told.owner && !standing.owner || before.into_iter().any(|room| !watches(&standing, room));
                *told = standing;
                true
            });
        }
        self.ended += u64::from(lost);
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
            seat.standing.send_if_modified(|standing| {
                standing.expires = expires;
                false
            });
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
    pub fn check_new_invite(&self, room: RoomId, wanted: Wanted, by: Option<&Grant>, now: i64) -> Result<(), Error> {
        let may = |by: &Grant| by.permits(Verb::Invite, Scope::Room(room)) && may_invite(by.role_in(room), wanted.role);
        if !by.is_none_or(may) {
            return Err(Error::NotPermitted { verb: Verb::Invite });
        }
        if self.invites.list(room, now).len() >= MAX_INVITES { Err(Error::TooMany) } else { Ok(()) }
    }

    /// Takes an invite back and ends the grants that came by it.
    pub fn revoke(&mut self, invite: InviteId, now: i64) {
        self.invites.revoke(invite, now);
        self.end_where(|row| row.invite == Some(invite));
    }

    /// Ends a room's guests and forgets its invites and who had a place in it.
    pub fn close_room(&mut self, room: RoomId) {
        self.invites.close_room(room);
        self.rules.remove(&room);
        let gone: Vec<Subject> =
            self.members.keys().filter(|(_, of)| *of == room).map(|(subject, _)| *subject).collect();
        for subject in gone {
            self.lose_place(room, subject);
        }
    }

    /// Ends what has expired and forgets what ended long ago.
    pub fn sweep(&mut self, now: i64) {
        let expired: Vec<GrantId> =
            self.seats.values().filter(|seat| seat.expires() <= now).map(|seat| seat.row.grant).collect();
        for id in expired {
            self.expire(id);
        }
        self.gone.invites.extend(self.invites.sweep(now));
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

    fn end_where(&mut self, ends: impl Fn(&store::Login) -> bool) {
        let ids: Vec<GrantId> = self.seats.values().filter(|seat| ends(&seat.row)).map(|seat| seat.row.grant).collect();
        for id in ids {
            self.end(id);
            self.ended += 1;
        }
    }

    /// Ends a login that whoever has it wants to keep, and whose row is still in the store. Who had no more than a name was told nothing.
    fn expire(&mut self, id: GrantId) {
        let told = self.seats.get(&id).is_some_and(|seat| seat.kind() != Kind::Named);
        self.give_up(id);
        self.ended += u64::from(told);
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
            if seat.row.identity.is_none() {
                self.members.retain(|(subject, _), _| *subject != Subject::Login(id));
            }
        }
    }

    /// How many logins were taken or have expired so far.
    pub const fn ended(&self) -> u64 {
        self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::role::Role;
    use crate::model::verbs::Verbs;
    use crate::proto::auth::{Change, Lifetime};

    const ROOM: RoomId = RoomId::from_bytes([1; 10]);
    const OWNER: IdentityId = IdentityId::from_bytes([1; 10]);
    const BOB: IdentityId = IdentityId::from_bytes([2; 10]);

    fn someone(id: IdentityId, owner: bool) -> store::Identity {
        store::Identity { id, name: "Ada".into(), owner, created: 0 }
    }

    fn device(n: u16, of: Option<IdentityId>, seen: i64) -> store::Login {
        let (mut id, mut token_hash) = ([0; 10], [9; 32]);
        id[..2].copy_from_slice(&n.to_be_bytes());
        token_hash[..2].copy_from_slice(&n.to_be_bytes());
        let grant = GrantId::from_bytes(id);
        let name = of.is_none().then(|| "Eve".into());
        store::Login { grant, token_hash, identity: of, name, invite: None, device: None, created: 0, seen }
    }

    fn state() -> State {
        let identities = vec![someone(OWNER, true), someone(BOB, false)];
        State::load(Rows { identities, ..Rows::default() }, 0)
    }

    fn wanted() -> Wanted {
        Wanted::of(Lifetime::MIN)
    }

    #[test]
    fn the_owners_link_ends_after_a_day() {
        let (token, made) = (TokenHash::from_bytes([1; 32]), Instant::now());
        let mut state = state();
        state.set_owner_link(token, made);
        assert!(state.check_owner_link(token, made + OWNER_LINK - Duration::from_secs(1)).is_ok());
        assert!(matches!(state.check_owner_link(token, made + OWNER_LINK), Err(Error::Expired)));
        let other = TokenHash::from_bytes([2; 32]);
        assert!(matches!(state.check_owner_link(other, made), Err(Error::InvalidToken)));
    }

    #[test]
    fn one_device_too_many_ends_the_one_unused_for_longest() {
        let mut state = state();
        let others = state.admit(device(999, Some(BOB), 0), None);
        let all = 0..MAX_DEVICES as u16;
        let grants: Vec<Grant> =
            all.map(|n| state.admit(device(n, Some(OWNER), 100 + i64::from(n != 5)), None)).collect();
        let newest = state.admit(device(200, Some(OWNER), 300), None);
        let ended: Vec<usize> = (0..MAX_DEVICES).filter(|&n| !grants[n].is_live()).collect();
        assert_eq!(ended, [5]);
        assert!(newest.is_live() && others.is_live());
        assert_eq!(state.gone().logins, [grants[5].id()]);
        assert_eq!(state.logins(OWNER).len(), MAX_DEVICES);
    }

    #[test]
    fn names_without_more_push_each_other_out_and_nothing_is_to_be_kept_from_them() {
        let (mut state, now) = (state(), Instant::now());
        assert_eq!((0..1000).filter(|_| state.check_named(now).is_ok()).count(), NAMED_BURST as usize);
        assert!(matches!(state.check_named(now), Err(Error::TooFast)));
        assert!(state.check_named(now + NAMED_STEP).is_ok());
        let known = state.admit(device(9999, Some(BOB), 0), None);
        let grants: Vec<Grant> = (0..=MAX_NAMED as u16).map(|n| state.admit(device(n, None, n.into()), None)).collect();
        assert_eq!((grants[0].is_live(), grants[1].is_live(), known.is_live()), (false, true, true));
        assert_eq!(grants[1].name().map(|name| name.to_string()).as_deref(), Some("Eve"));
        assert_eq!(state.ended(), 0);
    }

    #[test]
    fn an_invite_lets_in_so_many_and_a_room_has_so_many_invites() {
        let mut state = state();
        let by = state.admit(device(9999, Some(OWNER), 0), None);
        for n in 0..MAX_INVITES as u8 {
            state.check_new_invite(ROOM, wanted(), Some(&by), 0).expect("there is room for it");
            let (id, token) = (InviteId::from_bytes([n; 10]), TokenHash::from_bytes([n; 32]));
            state.invites.add(Invites::new_row(id, ROOM, token, wanted(), 0));
        }
        assert!(matches!(state.check_new_invite(ROOM, wanted(), Some(&by), 0), Err(Error::TooMany)));
        assert!(state.check_new_invite(ROOM, wanted(), Some(&by), Lifetime::MIN.seconds()).is_ok());
        let (invite, token) = (InviteId::from_bytes([3; 10]), TokenHash::from_bytes([3; 32]));
        for n in 0..MAX_GUESTS as u16 {
            state.check_invite(token, None, 0).expect("there is room for one more");
            state.admit(store::Login { invite: Some(invite), ..device(n, None, 0) }, None);
        }
        assert!(matches!(state.check_invite(token, None, 0), Err(Error::TooMany)));
    }

    #[test]
    fn what_is_changed_for_somebody_or_for_their_role_counts_on_all_their_devices() {
        let mut state = state();
        let (one, two) = (state.admit(device(1, Some(BOB), 0), None), state.admit(device(2, Some(BOB), 0), None));
        let bob = Subject::Identity(BOB);
        let mut row = state.member_or_new(ROOM, bob).expect("he is known");
        (row.role, row.waits) = (Role::Guest, true);
        state.put_member(row.clone());
        assert!(one.waits(ROOM) && !one.permits(Verb::Join, Scope::Room(ROOM)));
        row.waits = false;
        state.put_member(row.clone());
        for grant in [&one, &two] {
            assert!(grant.permits(Verb::Speak, Scope::Room(ROOM)) && !grant.waits(ROOM));
        }
        let deny = Change { allow: Verbs::NONE, deny: Verbs::of(&[Verb::Speak]) };
        state.set_rules(ROOM, Rules { guest: deny, ..Rules::default() });
        assert!(!one.permits(Verb::Speak, Scope::Room(ROOM)) && one.permits(Verb::Chat, Scope::Room(ROOM)));
        row.changed = r#"{"allow":["speak","invite"],"deny":[]}"#.into();
        state.put_member(row.clone());
        assert!(two.permits(Verb::Speak, Scope::Room(ROOM)) && two.permits(Verb::Invite, Scope::Room(ROOM)));
        assert_eq!(state.ended(), 0, "he may still watch");
        row.banned = true;
        state.put_member(row);
        assert_eq!((state.ended(), one.is_banned(ROOM), one.role_in(ROOM)), (1, true, Role::Viewer));
        assert!(Verb::ALL.iter().all(|&verb| !one.permits(verb, Scope::Room(ROOM))));
        state.lose_place(ROOM, bob);
        assert!(one.is_live() && !one.is_banned(ROOM));
    }

    #[test]
    fn nobody_acts_on_whom_they_may_not() {
        let mut state = state();
        let owner = state.admit(device(1, Some(OWNER), 0), None);
        let moderator = state.admit(device(2, Some(BOB), 0), None);
        let guest = state.admit(device(3, None, 0), None);
        for (subject, role) in [(Subject::Identity(BOB), Role::Moderator), (guest.subject(), Role::Guest)] {
            let row = state.member_or_new(ROOM, subject).expect("they are known");
            state.put_member(store::Member { role, ..row });
        }
        let row = |subject| state.member_or_new(ROOM, subject).expect("they are known");
        let may = |by: &Grant, subject, to| state.check_change(by, &row(subject), to).is_ok();
        assert!(may(&owner, moderator.subject(), Role::Host) && may(&owner, guest.subject(), Role::Moderator));
        assert!(may(&moderator, guest.subject(), Role::Viewer) && !may(&moderator, guest.subject(), Role::Moderator));
        assert!(!may(&moderator, owner.subject(), Role::Guest) && !may(&moderator, moderator.subject(), Role::Guest));
        assert!(!may(&guest, moderator.subject(), Role::Viewer) && !may(&owner, owner.subject(), Role::Guest));
        let nobody = Subject::Login(GrantId::from_bytes([77; 10]));
        assert!(matches!(state.member_or_new(ROOM, nobody), Err(Error::Nobody)));
        assert!(matches!(state.check_disowned(OWNER), Err(Error::LastOwner)) && state.check_disowned(BOB).is_ok());
    }
}

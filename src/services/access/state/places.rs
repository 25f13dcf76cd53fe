//! Who may what in which room.

use super::State;
use crate::drivers::store;
use crate::model::id::RoomId;
use crate::model::role::{Role, Scope, Subject, Verb};
use crate::model::verbs::Verbs;
use crate::proto::auth::{Change, Rules, may_change, verbs};
use crate::services::access::grant::Place;
use crate::services::access::{Error, Grant, Member};

/// Places that a room may have.
const MAX_MEMBERS: usize = 4096;
/// How it is written that nothing is different for somebody.
const UNCHANGED: &str = r#"{"allow":[],"deny":[]}"#;

impl State {
    /// The place that an invite gives. Who has a better one keeps it.
    pub fn place_by(&self, invite: &store::Invite, subject: Subject) -> store::Member {
        let new = store::Member {
            room: invite.room,
            subject,
            role: invite.role,
            changed: UNCHANGED.into(),
            waits: invite.lobby,
            banned: false,
        };
        match self.members.get(&(subject, invite.room)) {
            Some(old) if may_change(old.role, invite.role, invite.role) || old.role == invite.role => {
                store::Member { waits: old.waits && invite.lobby, ..old.clone() }
            }
            Some(old) => store::Member { changed: old.changed.clone(), waits: old.waits && invite.lobby, ..new },
            None => new,
        }
    }

    pub(super) fn place(&self, row: &store::Member) -> Place {
        let verbs = if row.waits || row.banned { Verbs::NONE } else { self.verbs(row) };
        Place { room: row.room, role: row.role, verbs, waits: row.waits, banned: row.banned }
    }

    pub(super) fn verbs(&self, row: &store::Member) -> Verbs {
        let rules = self.rules.get(&row.room).copied().unwrap_or_default();
        verbs(row.role, [rules.of(row.role), changed(row)])
    }

    /// Somebody's place in a room, as far as the store has it.
    pub fn member(&self, room: RoomId, subject: Subject) -> Option<&store::Member> {
        self.members.get(&(subject, room))
    }

    /// The place of somebody as it would be: viewer where they have none.
    ///
    /// # Errors
    /// [`Error::Nobody`] where nobody is known by this, [`Error::TooMany`].
    pub fn member_or_new(&self, room: RoomId, subject: Subject) -> Result<store::Member, Error> {
        if let Some(member) = self.member(room, subject) {
            return Ok(member.clone());
        }
        let known = match subject {
            Subject::Identity(id) => self.identities.contains_key(&id),
            Subject::Login(id) => self.seats.get(&id).is_some_and(|seat| seat.row.identity.is_none()),
        };
        let count = self.members.keys().filter(|(_, of)| *of == room).count();
        match (known, count < MAX_MEMBERS) {
            (false, _) => Err(Error::Nobody),
            (true, false) => Err(Error::TooMany),
            (true, true) => Ok(store::Member {
                room,
                subject,
                role: Role::Viewer,
                changed: UNCHANGED.into(),
                waits: false,
                banned: false,
            }),
        }
    }

    /// Whether `by` may make this of somebody's place: out of what it was.
    ///
    /// # Errors
    /// [`Error::NotPermitted`].
    pub fn check_change(&self, by: &Grant, row: &store::Member, to: Role) -> Result<(), Error> {
        let owner = matches!(row.subject, Subject::Identity(id) if self.is_owner(id));
        let from = if owner { Role::Host } else { row.role };
        let may = by.permits(Verb::Moderate, Scope::Room(row.room)) && may_change(by.role_in(row.room), from, to);
        // Nobody takes the box away from who owns it, nor from themselves what only they could give back.
        let may = may && !(owner && to != Role::Host) && by.subject() != row.subject;
        if may { Ok(()) } else { Err(Error::NotPermitted { verb: Verb::Moderate }) }
    }

    /// Takes up a stored place.
    pub fn put_member(&mut self, row: store::Member) {
        let subject = row.subject;
        self.members.insert((subject, row.room), row);
        self.refresh(|seat| seat.subject() == subject);
    }

    /// Somebody has no place in a room any more. Who came by an invite had nothing else: their login ends.
    pub fn lose_place(&mut self, room: RoomId, subject: Subject) {
        self.members.remove(&(subject, room));
        if let Subject::Login(id) = subject
            && self.seats.get(&id).is_some_and(|seat| seat.row.invite.is_some())
        {
            self.end_where(|row| row.grant == id);
            self.gone.logins.push(id);
        }
        self.refresh(|seat| seat.subject() == subject);
    }

    /// Who has a place in a room, those of most trust first.
    pub fn members(&self, room: RoomId) -> Vec<Member> {
        let mut list: Vec<Member> = self
            .members
            .values()
            .filter(|row| row.room == room)
            .map(|row| Member {
                subject: row.subject,
                name: self.name_of(row.subject),
                role: row.role,
                change: changed(row),
                verbs: self.place(row).verbs,
                waits: row.waits,
                banned: row.banned,
            })
            .collect();
        let place = |role| Role::ALL.iter().position(|one| *one == role);
        list.sort_by(|one, other| {
            let key = |member: &Member| (place(member.role), member.name.as_ref().map(ToString::to_string));
            key(one).cmp(&key(other))
        });
        list
    }

    /// What the roles may otherwise in a room.
    pub fn rules(&self, room: RoomId) -> Rules {
        self.rules.get(&room).copied().unwrap_or_default()
    }

    /// They may this from now on.
    pub fn set_rules(&mut self, room: RoomId, rules: Rules) {
        self.rules.insert(room, rules);
        self.refresh(|_| true);
    }
}

/// What was settled for somebody alone. What can't be read takes from them what their role may: it was to be less or more.
fn changed(row: &store::Member) -> Change {
    serde_json::from_str(&row.changed).unwrap_or(Change { allow: Verbs::NONE, deny: Verbs::ALL })
}

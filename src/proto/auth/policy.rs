//! What roles may do, and what changes it.
//!
//! Somebody may in a room what their role may there in general, changed first by the room's own [`Rules`], then by what was settled for
//! them alone. What else should have a say, such as a list that somebody signed or what a wallet holds, is one more [`Change`] in
//! that order.

use serde::{Deserialize, Serialize};

use crate::model::role::{Role, Scope, Verb};
use crate::model::verbs::Verbs;

/// What is different from what a role may in general.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// This as well.
    pub allow: Verbs,
    /// This not, also where it is allowed.
    pub deny: Verbs,
}

/// What the roles may otherwise in one room. Hosts may always do everything there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Moderators.
    pub moderator: Change,
    /// Guests.
    pub guest: Change,
    /// Viewers who are members of it.
    pub viewer: Change,
}

impl Rules {
    /// What is different for a role.
    pub const fn of(&self, role: Role) -> Change {
        match role {
            Role::Host => Change { allow: Verbs::NONE, deny: Verbs::NONE },
            Role::Moderator => self.moderator,
            Role::Guest => self.guest,
            Role::Viewer => self.viewer,
        }
    }
}

const VIEWER: Verbs = Verbs::of(&[Verb::Watch, Verb::Join, Verb::Chat]);
const GUEST: Verbs = VIEWER.with(Verbs::of(&[Verb::Speak, Verb::ShowCamera, Verb::ShareScreen]));
const MODERATOR: Verbs = GUEST.with(Verbs::of(&[Verb::Invite, Verb::Moderate]));
/// The box itself is a matter for those who own it.
const OF_THE_BOX: Verbs = Verbs::of(&[Verb::Administer]);
const HOST: Verbs = Verbs::ALL.without(OF_THE_BOX);

/// What a member of a room may do there by their role.
pub const fn of_role(role: Role) -> Verbs {
    match role {
        Role::Host => HOST,
        Role::Moderator => MODERATOR,
        Role::Guest => GUEST,
        Role::Viewer => VIEWER,
    }
}

/// What a member of a room may do there: by their role, changed by each in turn. Nothing here lets somebody administer the box.
pub fn verbs(role: Role, changes: impl IntoIterator<Item = Change>) -> Verbs {
    let changed = |verbs: Verbs, change: Change| verbs.with(change.allow).without(change.deny);
    changes.into_iter().fold(of_role(role), changed).without(OF_THE_BOX)
}

/// Whether something may be done. `owner` is who owns the box, and may do everything; `there` is what somebody may in the room that it is
/// about, if they are a member of it.
///
/// Everybody may watch what is public and write in its chat; what is public is not decided here.
pub const fn permits(owner: bool, there: Verbs, verb: Verb, scope: Scope) -> bool {
    match scope {
        _ if owner => true,
        Scope::Node => matches!(verb, Verb::Watch | Verb::Chat),
        Scope::Room(_) => there.contains(verb),
    }
}

const fn rank(role: Role) -> u8 {
    match role {
        Role::Host => 3,
        Role::Moderator => 2,
        Role::Guest => 1,
        Role::Viewer => 0,
    }
}

/// Whether somebody in the role of `by` may make somebody in the role of `from` one in the role of `to`, or take something from them: a
/// host may all of it, everybody else only what stays below their own role.
pub const fn may_change(by: Role, from: Role, to: Role) -> bool {
    matches!(by, Role::Host) || rank(from) < rank(by) && rank(to) < rank(by)
}

/// Whether somebody in the role of `by` may invite others in the role of `to`: not above their own.
pub const fn may_invite(by: Role, to: Role) -> bool {
    matches!(by, Role::Host) || rank(to) < rank(by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::RoomId;

    const ROOM: Scope = Scope::Room(RoomId::from_bytes([1; 10]));

    fn table() -> String {
        let mut text = String::from("# who verb: node, room they are a member of, other room\n");
        let whos = [("Owner", true, Verbs::NONE)].into_iter();
        let whos = whos.chain(Role::ALL.into_iter().map(|role| {
            let name = match role {
                Role::Host => "Host",
                Role::Moderator => "Moderator",
                Role::Guest => "Guest",
                Role::Viewer => "Viewer",
            };
            (name, false, of_role(role))
        }));
        for (who, owner, there) in whos.chain([("Stranger", false, Verbs::NONE)]) {
            for verb in Verb::ALL {
                let [node, own, other] = [(Scope::Node, there), (ROOM, there), (ROOM, Verbs::NONE)]
                    .map(|(scope, there)| if permits(owner, there, verb, scope) { "yes" } else { "no" });
                text.push_str(&format!("{who} {verb:?}: {node}, {own}, {other}\n"));
            }
        }
        text
    }

    #[test]
    fn the_policy_is_the_written_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/permissions.txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path, table()).expect("the table is written");
        }
        assert_eq!(table(), std::fs::read_to_string(path).expect("the table is read"));
    }

    #[test]
    fn the_last_change_counts_and_none_gives_the_box_away() {
        let chat = Change { allow: Verbs::NONE, deny: Verbs::of(&[Verb::Chat]) };
        let anew = Change { allow: Verbs::of(&[Verb::Chat, Verb::Administer]), deny: Verbs::NONE };
        assert_eq!(verbs(Role::Guest, []), of_role(Role::Guest));
        assert!(!verbs(Role::Guest, [anew, chat]).contains(Verb::Chat));
        assert!(verbs(Role::Guest, [chat, anew]).contains(Verb::Chat));
        assert!(Role::ALL.into_iter().all(|role| !verbs(role, [anew]).contains(Verb::Administer)));
        let both = Change { allow: Verbs::of(&[Verb::Chat]), deny: Verbs::of(&[Verb::Chat]) };
        assert!(!verbs(Role::Guest, [both]).contains(Verb::Chat), "what is denied is denied");
    }

    #[test]
    fn nobody_but_a_host_touches_those_of_their_own_role_or_above() {
        use Role::{Guest, Host, Moderator, Viewer};
        for role in Role::ALL {
            assert!(may_change(Host, role, Host) && may_invite(Host, role));
            assert!(!may_change(Guest, role, Viewer) || role == Viewer);
            assert!(!may_change(Viewer, role, Viewer) && !may_invite(Viewer, role));
        }
        assert!(may_change(Moderator, Guest, Viewer) && may_change(Moderator, Viewer, Guest));
        assert!(!may_change(Moderator, Guest, Moderator) && !may_change(Moderator, Moderator, Guest));
        assert!(!may_change(Moderator, Host, Guest));
        assert!(may_invite(Moderator, Guest) && !may_invite(Moderator, Moderator));
    }
}

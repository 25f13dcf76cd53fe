//! The table of roles and verbs.

use crate::model::id::RoomId;
use crate::model::role::{Role, Scope, Verb};

/// Whether `role` may do `verb` at `scope`. `home` is the one room that somebody was invited to.
///
/// A host may do everything. Everybody may watch what is public and write in its chat; what is public is not decided here. In the home
/// room a viewer may watch, join and write, a guest may be heard and seen as well, and a moderator may invite and keep order.
pub fn permits(role: Role, home: Option<RoomId>, verb: Verb, scope: Scope) -> bool {
    let at_home = match (home, scope) {
        (Some(home), Scope::Room(room)) => home == room,
        (None, _) | (_, Scope::Node) => false,
    };
    match (role, verb) {
        (Role::Host, _) => true,
        (_, Verb::Watch | Verb::Chat) if scope == Scope::Node => true,
        (Role::Moderator | Role::Guest | Role::Viewer, Verb::Watch | Verb::Join | Verb::Chat) => at_home,
        (Role::Moderator | Role::Guest, Verb::Speak | Verb::ShowCamera | Verb::ShareScreen) => at_home,
        (Role::Moderator, Verb::Invite | Verb::Moderate) => at_home,
        (Role::Moderator, Verb::Produce | Verb::Broadcast | Verb::Record | Verb::Administer)
        | (Role::Guest, Verb::Invite | Verb::Moderate | Verb::Produce | Verb::Broadcast | Verb::Record | Verb::Administer)
        | (
            Role::Viewer,
            Verb::Speak
            | Verb::ShowCamera
            | Verb::ShareScreen
            | Verb::Invite
            | Verb::Moderate
            | Verb::Produce
            | Verb::Broadcast
            | Verb::Record
            | Verb::Administer,
        ) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: RoomId = RoomId::from_bytes([1; 10]);
    const OTHER: RoomId = RoomId::from_bytes([2; 10]);

    fn table() -> String {
        let mut text = String::from("# role verb: node, own room, other room\n");
        for role in Role::ALL {
            for verb in Verb::ALL {
                let home = (role != Role::Host).then_some(HOME);
                let [node, own, other] = [Scope::Node, Scope::Room(HOME), Scope::Room(OTHER)]
                    .map(|scope| if permits(role, home, verb, scope) { "yes" } else { "no" });
                text.push_str(&format!("{role:?} {verb:?}: {node}, {own}, {other}\n"));
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
    fn a_guest_without_a_room_may_only_watch_and_write() {
        for verb in Verb::ALL {
            for scope in [Scope::Node, Scope::Room(HOME)] {
                assert_eq!(permits(Role::Guest, None, verb, scope), matches!(verb, Verb::Watch | Verb::Chat) && scope == Scope::Node);
            }
        }
    }
}

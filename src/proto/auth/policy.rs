//! The table of roles and verbs.

use crate::model::id::RoomId;
use crate::model::role::{Role, Scope, Verb};

/// Whether `role` may do `verb` at `scope`. `home` is the one room a guest was invited to.
///
/// A host may do everything. A guest may watch what is public, and may watch, join, speak, show a camera and share a screen in the home room.
/// A viewer may watch what is public. To watch at a node is to watch what is public; what is public is not decided here.
pub fn permits(role: Role, home: Option<RoomId>, verb: Verb, scope: Scope) -> bool {
    let at_home = match (home, scope) {
        (Some(home), Scope::Room(room)) => home == room,
        (None, _) | (_, Scope::Node) => false,
    };
    match (role, verb) {
        (Role::Host, _) => true,
        (_, Verb::Watch) if scope == Scope::Node => true,
        (Role::Guest, Verb::Watch | Verb::Join | Verb::Speak | Verb::ShowCamera | Verb::ShareScreen) => at_home,
        (Role::Guest, Verb::Invite | Verb::Broadcast | Verb::Administer) => false,
        (
            Role::Viewer,
            Verb::Watch
            | Verb::Join
            | Verb::Speak
            | Verb::ShowCamera
            | Verb::ShareScreen
            | Verb::Invite
            | Verb::Broadcast
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
        for role in [Role::Host, Role::Guest, Role::Viewer] {
            for verb in Verb::ALL {
                let home = (role == Role::Guest).then_some(HOME);
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
    fn a_guest_without_a_room_may_only_watch() {
        for verb in Verb::ALL {
            for scope in [Scope::Node, Scope::Room(HOME)] {
                assert_eq!(permits(Role::Guest, None, verb, scope), verb == Verb::Watch && scope == Scope::Node);
            }
        }
    }
}

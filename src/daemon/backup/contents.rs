//! What of the state folder makes this box this one, and what does not. A file that is on neither list fails a test.

use crate::drivers::store;

/// How something of the state folder is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The database, copied by SQLite.
    Database,
    /// One file.
    File,
    /// A folder with everything in it.
    Folder,
}

/// What is in a backup: its name in the state folder, how it is carried, and what it is.
pub const CARRIED: &[(&str, Kind, &str)] = &[
    ("porchlight.db", Kind::Database, "rooms, people, logins, invites, chats, settings"),
    ("tls", Kind::Folder, "the certificate authority, its key, certificates"),
    ("seal.key", Kind::File, "the key that opens the keys for other services"),
    ("secrets", Kind::Folder, "passwords that were typed on the settings page"),
    ("settings.toml", Kind::File, "what was chosen on the settings page"),
    ("logo.png", Kind::File, "the logo of the program"),
    ("clock", Kind::File, "the latest time that the box has seen"),
];

/// What is not, and why.
pub const LEFT: &[(&str, &str)] = &[
    ("recordings", "they are large, and files like any others: copy them"),
    ("porchlight.db-wal", "it is part of the database, whose copy has it"),
    ("porchlight.db-shm", "it is part of the database, whose copy has it"),
    (store::NEWER, "a database of a newer Porchlight that does not run any more"),
    ("update", "a bundle while it is installed"),
    ("owner-link", "each start writes another one"),
    ("encoders.json", "it is about this machine, and found out again"),
    ("factory-reset", "that everything is to be forgotten at the next start"),
    ("settings.before.toml", "what was chosen before, while a change is tried"),
    ("settings.trying.toml", "what was chosen before, while a change is tried"),
    ("settings.broken.toml", "choices that could not be read"),
    ("doctor.sock", "a socket of the daemon that runs"),
    (WORK, "the copy of the database while a backup is made"),
];

/// A folder in the state folder while a backup is made.
pub const WORK: &str = ".backup";

/// Where something of the state folder belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is in a backup.
    Carried(Kind),
    /// It is not, for a reason.
    Left,
    /// Nobody thought of it.
    Unknown,
}

/// Where something of this name belongs.
pub fn place(name: &str) -> Place {
    if let Some((_, kind, _)) = CARRIED.iter().find(|(carried, ..)| *carried == name) {
        return Place::Carried(*kind);
    }
    // A file that is being replaced has this name for a moment (store/private.rs).
    // What the database was before it was brought up is for the Porchlight before on this box alone.
    match LEFT.iter().any(|(left, _)| *left == name) || name.ends_with(".new") || store::is_before(name) {
        true => Place::Left,
        false => Place::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_on_both_lists_and_what_nobody_thought_of_is_on_none() {
        for (left, _) in LEFT {
            assert_eq!(place(left), Place::Left, "{left}");
        }
        assert_eq!(place("tls"), Place::Carried(Kind::Folder));
        assert_eq!(place("seal.key.new"), Place::Left);
        assert_eq!(place("something"), Place::Unknown);
        assert_eq!(place("porchlight.db.v2"), Place::Left);
        assert_eq!(place("porchlight.db.vulture"), Place::Unknown);
    }
}

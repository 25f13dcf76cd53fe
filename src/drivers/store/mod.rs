//! SQLite: what outlives the process, in `porchlight.db` in the state folder. The home of rusqlite.
//!
//! [`private`] are the files beside it that only this user may read: keys and the owner's link.
//!
//! Owns the file, its schema, the lock on the folder and the one connection, which lives on a thread of its own. Holds settings, rooms, people with
//! their logins, invites and places in rooms, and what was done; of tokens it holds hashes only. Decides nothing: what a row means is a matter for the services.
//! It reads no clock: wall time comes from callers, in whole seconds since 1970 UTC.

mod audit;
mod before;
pub mod chat;
mod columns;
mod copy;
mod file;
mod lock;
mod people;
pub mod private;
mod rows;
mod schema;
mod thread;

use std::path::PathBuf;

pub use audit::Audited;
pub use before::{NEWER, is_before};
pub use copy::{Contents, contents, copy, newest, texts};
pub use file::NAME;
pub use lock::Lock;
pub use people::{Credential, Identity, Invite, Login, Member};
pub use rows::Room;
pub use thread::{Handle, open};

/// What can go wrong, by what one can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state folder or the file cannot be made or opened: check its owner and mode, and that the disk is writable.
    #[error("cannot use {}: {source}", path.display())]
    Unusable {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another process has the state folder.
    #[error("another Porchlight uses {}: stop it first", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The file is no database, or a damaged one. It is left as it is.
    #[error(
        "{} is damaged ({reason}); it was left untouched: move it and its -wal and -shm files away to start afresh, or restore a copy",
        path.display()
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file was written by a newer Porchlight.
    #[error(
        "{} has schema version {found}, this Porchlight knows {known}: install the newer Porchlight again, or restore a copy from before",
        path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The row is there already, or what it belongs to is not.
    #[error("this is stored already, or what it belongs to is not there")]
    Conflict,
    /// The disk is full: nothing was written.
    #[error("the disk with {} is full", path.display())]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// SQLite failed otherwise; the statement had no effect.
    #[error("the database failed: {0}")]
    Failed(#[source] rusqlite::Error),
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

impl Error {
    fn from_sqlite(error: rusqlite::Error, path: &std::path::Path) -> Self {
        use rusqlite::ErrorCode;
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::Damaged { path, reason: error.to_string() }
            }
            Some(ErrorCode::ConstraintViolation) => Self::Conflict,
            Some(ErrorCode::DiskFull) => Self::Full { path },
            _ => match error {
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..) => Self::Damaged { path, reason: error.to_string() },
                error => Self::Failed(error),
            },
        }
    }
}

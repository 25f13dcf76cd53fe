//! Opening the file: folder and mode, soundness, settings of the connection.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{Error, before, schema};

/// Name of the database in the state folder.
pub const NAME: &str = "porchlight.db";

/// How long a statement waits for another process (a backup, a curious owner) to let go of the file.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens or makes the database at `path` and brings its schema up to date.
pub fn open(path: &Path) -> Result<Connection, Error> {
    prepare(path).map_err(|source| Error::Unusable { path: path.to_owned(), source })?;
    refuse_lost(path)?;
    let sqlite = |error| Error::from_sqlite(error, path);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(sqlite)?;
    // Read before anything is written: what is not ours to write stays as it is.
    let version = match schema::refuse_newer(&connection, path) {
        Err(Error::Newer { found, known, .. }) if before::has(path, known) => {
            drop(connection);
            before::take_back(path, found, known)?;
            return open(path);
        }
        version => version?,
    };
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(sqlite)?;
    if verdict != "ok" {
        return Err(Error::Damaged { path: path.to_owned(), reason: verdict });
    }
    connection.pragma_update(None, "journal_mode", "WAL").map_err(sqlite)?;
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(sqlite)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(sqlite)?;
    before::keep(&connection, path, version)?;
    schema::migrate(&mut connection, schema::MIGRATIONS).map_err(sqlite)?;
    Ok(connection)
}

/// Makes the folder (0700) where there is none.
pub(super) fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes the folder and an empty file (0600) where there is none. SQLite gives the mode of the database to the files it
/// puts beside it. A folder that exists keeps its mode, since others may have a right to be in it.
fn prepare(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        folder(parent)?;
        let mode = fs::metadata(parent)?.permissions().mode();
        if mode & 0o077 != 0 {
            tracing::warn!(folder = %parent.display(), mode = format!("{:o}", mode & 0o777), "others may enter the state folder");
        }
    }
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// SQLite throws a write-ahead log away when its database is empty, and with it what could still be rescued.
fn refuse_lost(path: &Path) -> Result<(), Error> {
    let holds_something = |path: &Path| fs::metadata(path).is_ok_and(|file| file.len() > 0);
    if !holds_something(path) && holds_something(&path.with_extension("db-wal")) {
        return Err(Error::Damaged {
            path: path.to_owned(),
            reason: "the file is empty, but its -wal file is not".into(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_and_file_are_for_the_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state/deep").join(NAME);
        let connection = open(&path).expect("a new database");
        let mode = |path: &Path| fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
        assert_eq!(mode(path.parent().expect("a folder")), 0o700);
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(&path.with_extension("db-wal")), 0o600);
        drop(connection);
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("the mode is changed");
        drop(open(&path).expect("the same database"));
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(NAME);
        let text = "not a database ".repeat(500);
        fs::write(&path, &text).expect("the file is written");
        let error = open(&path).expect_err("it is damaged");
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("move it"), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("the file is read"), text);
    }

    #[test]
    fn a_database_with_a_broken_page_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(NAME);
        drop(open(&path).expect("a new database"));
        let mut bytes = fs::read(&path).expect("the file is read");
        assert!(bytes.len() > 3 * 4096);
        bytes[4096..2 * 4096].fill(0xa5);
        fs::write(&path, &bytes).expect("the file is written");
        let error = open(&path).expect_err("it is damaged");
        assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
        assert!(fs::read(&path).expect("the file is read") == bytes);
    }

    #[test]
    fn a_database_that_was_lost_is_not_begun_anew_over_its_log() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(NAME);
        let log = path.with_extension("db-wal");
        fs::write(&log, "what is left").expect("the file is written");
        let error = open(&path).expect_err("the database is lost");
        assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
        assert_eq!(fs::read_to_string(&log).expect("the file is read"), "what is left");
    }

    #[test]
    fn a_newer_database_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(NAME);
        let connection = open(&path).expect("a new database");
        connection.pragma_update(None, "user_version", 99).expect("the version is set");
        drop(connection);
        let before = fs::read(&path).expect("the file is read");
        let error = open(&path).expect_err("it is newer");
        assert!(matches!(error, Error::Newer { found: 99, .. }), "{error:?}");
        assert!(error.to_string().contains("install the newer Porchlight"), "{error}");
        assert!(fs::read(&path).expect("the file is read") == before);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let blocked = folder.path().join("file");
        fs::write(&blocked, "").expect("the file is written");
        let error = open(&blocked.join(NAME)).expect_err("a file is in the way");
        assert!(matches!(error, Error::Unusable { .. }), "{error:?}");
    }
}

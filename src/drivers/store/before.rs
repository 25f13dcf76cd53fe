//! The database as it was before its schema was brought up: what an older Porchlight goes on with, should it have to run again.
//!
//! One copy is kept, of the schema before. Whoever finds a newer database than they know and a copy of their own schema sets the newer one
//! aside and goes on with the copy.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{Error, file, schema};

/// Where a newer database is put aside, in the state folder.
pub const NEWER: &str = "porchlight.db.newer";
/// What the name of a copy begins with; the number of its schema follows.
const COPY: &str = "porchlight.db.v";
/// A copy that is being made.
const UNFINISHED: &str = "porchlight.db.v.new";
/// What SQLite puts beside a database.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// Whether this is the name of a copy.
pub fn is_before(name: &str) -> bool {
    number(name).is_some()
}

fn number(name: &str) -> Option<i64> {
    name.strip_prefix(COPY).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

fn of(path: &Path, version: i64) -> PathBuf {
    path.with_file_name(format!("{COPY}{version}"))
}

/// Whether there is a copy of this schema.
pub fn has(path: &Path, version: i64) -> bool {
    of(path, version).is_file()
}

/// Keeps the database as it is, if its schema is going to be brought up from `version` and there is anything in it. Others are removed when
/// this one is whole.
///
/// # Errors
/// [`Error::Full`], [`Error::Unusable`], or what SQLite says; then nothing is brought up either.
pub fn keep(connection: &Connection, path: &Path, version: i64) -> Result<(), Error> {
    if version == 0 || version >= schema::MIGRATIONS.len() as i64 {
        return Ok(());
    }
    let (copy, unfinished) = (of(path, version), path.with_file_name(UNFINISHED));
    let unusable = |path: &Path, source: io::Error| Error::Unusable { path: path.to_owned(), source };
    remove(&unfinished).map_err(|error| unusable(&unfinished, error))?;
    // One of ours has the right mode from its beginning.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished);
    made.map_err(|error| unusable(&unfinished, error))?;
    let name = unfinished.to_str().ok_or_else(|| unusable(&unfinished, io::ErrorKind::InvalidFilename.into()))?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(|error| Error::from_sqlite(error, &unfinished))?;
    let stored = File::open(&unfinished).and_then(|file| file.sync_all());
    stored
        .and_then(|()| fs::rename(&unfinished, &copy))
        .and_then(|()| sync(path))
        .map_err(|error| unusable(&copy, error))?;
    for (other, _) in copies(path).into_iter().filter(|(_, other)| *other != version) {
        remove(&other).map_err(|error| unusable(&other, error))?;
    }
    tracing::info!(version, "the database is kept as it was before its schema is brought up");
    Ok(())
}

/// Sets a newer database aside, and puts the copy of the known schema in its place. Broken off in between, it is done again by the next start.
///
/// # Errors
/// [`Error::Unusable`], or what SQLite says; then the newer database is in its place.
pub fn take_back(path: &Path, found: i64, known: i64) -> Result<(), Error> {
    let aside = path.with_file_name(NEWER);
    let unusable = |source: io::Error| Error::Unusable { path: path.to_owned(), source };
    let beside = |ending: &str| PathBuf::from(format!("{}{ending}", path.display()));
    remove(&aside).map_err(unusable)?;
    // A log that is left would be taken for that of the copy.
    empty_log(path).map_err(|error| Error::from_sqlite(error, path))?;
    for ending in BESIDE {
        remove(&beside(ending)).map_err(unusable)?;
    }
    // There is a database in its place at any moment.
    fs::hard_link(path, &aside).or_else(|_| fs::copy(path, &aside).map(drop)).map_err(unusable)?;
    fs::rename(of(path, known), path).and_then(|()| sync(path)).map_err(unusable)?;
    tracing::warn!(
        newer = found,
        known,
        aside = %aside.display(),
        "the database was written by a newer Porchlight: it is put aside, and the one from before that was installed is used. \
         What was changed since then (rooms, people, settings, chats) is in the one that was put aside alone"
    );
    Ok(())
}

/// Takes all that is in the log into the database.
fn empty_log(path: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(file::BUSY_TIMEOUT)?;
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 {
        Ok(())
    } else {
        Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None))
    }
}

fn copies(path: &Path) -> Vec<(PathBuf, i64)> {
    let files = path.parent().and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    files.filter_map(|file| Some((file.path(), number(file.file_name().to_str()?)?))).collect()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// A name is on the disk when its folder is.
fn sync(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn known() -> i64 {
        schema::MIGRATIONS.len() as i64
    }

    /// A database as an older Porchlight left it.
    fn older(path: &Path, version: usize, name: &str) {
        let mut connection = Connection::open(path).expect("a database");
        schema::migrate(&mut connection, &schema::MIGRATIONS[..version]).expect("it migrates");
        connection.execute("INSERT INTO setting VALUES ('node.name', ?1)", [name]).expect("it writes");
    }

    fn name(connection: &Connection) -> String {
        connection.query_row("SELECT value FROM setting WHERE key = 'node.name'", [], |row| row.get(0)).expect("a name")
    }

    fn files(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = entries.map(|name| name.into_string().expect("a name")).collect();
        names.retain(|name| !name.starts_with("porchlight.db-"));
        names.sort();
        names
    }

    #[test]
    fn a_database_is_kept_as_it_was_before_it_is_brought_up_and_one_copy_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(file::NAME);
        older(&path, 1, "Porch");
        fs::write(folder.path().join("porchlight.db.v0"), "of long ago").expect("it writes");
        let connection = file::open(&path).expect("it opens");
        assert_eq!(name(&connection), "Porch");
        assert_eq!(files(folder.path()), ["porchlight.db", "porchlight.db.v1"]);
        let copy = folder.path().join("porchlight.db.v1");
        assert_eq!(fs::metadata(&copy).expect("it is there").permissions().mode() & 0o777, 0o600);
        let kept = Connection::open(&copy).expect("a database");
        assert_eq!(schema::refuse_newer(&kept, &copy).expect("a version"), 1);
        assert_eq!(name(&kept), "Porch");
        drop((connection, kept));
        drop(file::open(&path).expect("it opens again"));
        assert_eq!(files(folder.path()), ["porchlight.db", "porchlight.db.v1"], "nothing is to be brought up");
    }

    #[test]
    fn a_new_database_has_nothing_before_it() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(file::open(&folder.path().join(file::NAME)).expect("it opens"));
        assert_eq!(files(folder.path()), ["porchlight.db"]);
    }

    #[test]
    fn an_older_porchlight_goes_on_with_what_was_kept_and_the_newer_is_put_aside() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(file::NAME);
        older(&path, schema::MIGRATIONS.len(), "Porch");
        // What a newer Porchlight does, which knows one step more.
        fs::copy(&path, of(&path, known())).expect("it keeps a copy");
        let newer = Connection::open(&path).expect("a database");
        newer.pragma_update(None, "journal_mode", "WAL").expect("as it is used");
        newer.execute_batch("CREATE TABLE later (a); UPDATE setting SET value = 'Attic'").expect("it writes");
        newer.pragma_update(None, "user_version", known() + 1).expect("its version");
        // It is killed: what it wrote is in its log.
        let log = fs::read(path.with_extension("db-wal")).expect("a log");
        assert!(!log.is_empty());
        std::mem::forget(newer);

        let connection = file::open(&path).expect("it goes on with the copy");
        assert_eq!(name(&connection), "Porch");
        drop(connection);
        assert_eq!(files(folder.path()).first().map(String::as_str), Some("porchlight.db"));
        let aside = folder.path().join(NEWER);
        let newer = Connection::open(&aside).expect("a database");
        assert_eq!(name(&newer), "Attic", "what was put aside is whole");
        drop(newer);
        assert!(!has(&path, known()), "the copy is in use");

        // The newer one comes again: it brings up what it finds, and the next way back is there.
        drop(file::open(&path).expect("it opens"));
    }

    #[test]
    fn without_a_copy_of_its_own_a_newer_database_is_refused_and_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(file::NAME);
        drop(file::open(&path).expect("it opens"));
        let newer = Connection::open(&path).expect("a database");
        newer.pragma_update(None, "user_version", known() + 2).expect("its version");
        drop(newer);
        fs::write(of(&path, known() + 1), "of a schema that is not known either").expect("it writes");
        assert!(matches!(file::open(&path), Err(Error::Newer { .. })));
        assert_eq!(files(folder.path()), ["porchlight.db", &format!("porchlight.db.v{}", known() + 1)]);
    }

    #[test]
    fn names_of_copies_are_known() {
        for (name, known) in [
            ("porchlight.db.v1", true),
            ("porchlight.db.v12", true),
            (NEWER, false),
            ("porchlight.db", false),
            ("porchlight.db.v", false),
            ("porchlight.db.vx", false),
        ] {
            assert_eq!(is_before(name), known, "{name}");
        }
    }
}

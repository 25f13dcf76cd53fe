//! A second look at the database, beside the daemon that has it: copies, and what is in it.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{Error, file, schema};

/// The newest schema version that is known here.
pub const fn newest() -> i64 {
    schema::MIGRATIONS.len() as i64
}

/// What is in a database, without anything of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Its schema version.
    pub version: i64,
    /// Each table, and how many rows it has.
    pub rows: Vec<(String, u64)>,
}

/// Copies the database of a state folder into a file that is not there yet (0600): one consistent moment, also while a daemon writes, and
/// without what was deleted (SQLite, `VACUUM INTO`). Gives its schema version. Blocks.
///
/// # Errors
/// [`Error::Unusable`], [`Error::Newer`], [`Error::Damaged`], [`Error::Full`], or what SQLite says.
pub fn copy(folder: &Path, to: &Path) -> Result<i64, Error> {
    let (connection, path) = open(folder)?;
    let version = schema::refuse_newer(&connection, &path)?;
    let unusable = |source| Error::Unusable { path: to.to_owned(), source };
    // SQLite writes into an empty file as well, and one of ours has the right mode from its beginning.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(unusable)?;
    let name = to.to_str().ok_or(unusable(std::io::ErrorKind::InvalidFilename.into()))?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(|error| Error::from_sqlite(error, to))?;
    Ok(version)
}

/// Looks at the database of a state folder, and whether it is sound. Blocks.
///
/// # Errors
/// As [`copy`].
pub fn contents(folder: &Path) -> Result<Contents, Error> {
    let (connection, path) = open(folder)?;
    let version = schema::refuse_newer(&connection, &path)?;
    let sqlite = |error| Error::from_sqlite(error, &path);
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(sqlite)?;
    if verdict != "ok" {
        return Err(Error::Damaged { path, reason: verdict });
    }
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
        .map_err(sqlite)?;
    let names = tables.query_map([], |row| row.get::<_, String>(0)).map_err(sqlite)?;
    let names: Vec<String> = names.collect::<Result<_, _>>().map_err(sqlite)?;
    let count = |name: String| {
        let rows = connection.query_row(&format!("SELECT count(*) FROM \"{name}\""), [], |row| row.get::<_, i64>(0))?;
        Ok((name, rows.unsigned_abs()))
    };
    let rows = names.into_iter().map(count).collect::<rusqlite::Result<_>>().map_err(sqlite)?;
    Ok(Contents { version, rows })
}

/// Columns with what people wrote or are called, and how many of the newest are read.
const WRITTEN: &[(&str, &str, u32)] = &[
    ("identity", "name", 10_000),
    ("room", "name", 10_000),
    ("login", "name", 10_000),
    ("login", "device", 10_000),
    ("credential", "name", 10_000),
    ("chat_message", "name", 10_000),
    ("chat_message", "text", 500),
    ("audit", "detail", 10_000),
];

/// What people wrote and are called, each once, for whoever has to leave it out of something. What is long to look for is shortened. Blocks.
///
/// # Errors
/// As [`copy`].
pub fn texts(folder: &Path) -> Result<Vec<String>, Error> {
    let (connection, path) = open(folder)?;
    schema::refuse_newer(&connection, &path)?;
    let sqlite = |error| Error::from_sqlite(error, &path);
    let mut texts = Vec::new();
    for (table, column, most) in WRITTEN {
        let query = format!(
            "SELECT DISTINCT substr({column}, 1, 80) FROM \"{table}\" WHERE {column} IS NOT NULL ORDER BY rowid DESC LIMIT {most}"
        );
        let query = if *table == "chat_message" || *table == "audit" {
            query
        } else {
            query.replace("ORDER BY rowid DESC ", "")
        };
        let mut found = connection.prepare(&query).map_err(sqlite)?;
        let found = found.query_map([], |row| row.get::<_, String>(0)).map_err(sqlite)?;
        texts.extend(found.collect::<rusqlite::Result<Vec<_>>>().map_err(sqlite)?);
    }
    let mut called = connection.prepare("SELECT value FROM setting WHERE key = 'node.name'").map_err(sqlite)?;
    let called = called.query_map([], |row| row.get::<_, String>(0)).map_err(sqlite)?;
    texts.extend(called.collect::<rusqlite::Result<Vec<_>>>().map_err(sqlite)?);
    Ok(texts)
}

fn open(folder: &Path) -> Result<(Connection, std::path::PathBuf), Error> {
    let path = folder.join(file::NAME);
    std::fs::metadata(&path).map_err(|source| Error::Unusable { path: path.clone(), source })?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let sqlite = |error| Error::from_sqlite(error, &path);
    let connection = Connection::open_with_flags(&path, flags).map_err(sqlite)?;
    connection.busy_timeout(file::BUSY_TIMEOUT).map_err(sqlite)?;
    Ok((connection, path))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_copy_is_whole_while_somebody_writes_and_is_for_its_owner_alone() {
        let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let connection = file::open(&folder.path().join(file::NAME)).expect("a new database");
        connection.execute("INSERT INTO setting VALUES ('name', 'Porch')", []).expect("it writes");
        connection.execute_batch("BEGIN IMMEDIATE; INSERT INTO setting VALUES ('later', 'x')").expect("it writes");
        let to = other.path().join(file::NAME);
        assert_eq!(copy(folder.path(), &to).expect("it copies"), newest());
        assert_eq!(std::fs::metadata(&to).expect("it is there").permissions().mode() & 0o777, 0o600);
        let found = contents(other.path()).expect("it is sound");
        assert_eq!(found.version, newest());
        assert!(found.rows.contains(&("setting".into(), 1)) && found.rows.contains(&("room".into(), 0)), "{found:?}");
        assert!(matches!(copy(folder.path(), &to), Err(Error::Unusable { .. })), "it is there already");
    }

    #[test]
    fn what_people_wrote_is_found_to_be_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = file::open(&folder.path().join(file::NAME)).expect("a new database");
        connection
            .execute_batch(
                "INSERT INTO setting VALUES ('node.name', 'Veranda'); INSERT INTO room VALUES ('r', 'Garden', 'b', 1)",
            )
            .expect("it writes");
        let found = texts(folder.path()).expect("every column is there");
        assert_eq!(found, ["Garden", "Veranda"]);
    }

    #[test]
    fn what_is_no_database_of_ours_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(matches!(contents(folder.path()), Err(Error::Unusable { .. })));
        let path = folder.path().join(file::NAME);
        std::fs::write(&path, "not a database ".repeat(500)).expect("it writes");
        assert!(matches!(contents(folder.path()), Err(Error::Damaged { .. })));
        std::fs::remove_file(&path).expect("it goes");
        let connection = file::open(&path).expect("a new database");
        connection.pragma_update(None, "user_version", 99).expect("the version is set");
        drop(connection);
        assert!(matches!(contents(folder.path()), Err(Error::Newer { found: 99, .. })));
    }
}

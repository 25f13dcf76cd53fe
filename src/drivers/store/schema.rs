//! The schema and its versions. Forward only: a step, once released, is never edited; changes are new steps.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::Error;

/// The steps: number n leads from version n to version n + 1 (`PRAGMA user_version`).
pub const MIGRATIONS: &[&str] = &["
    CREATE TABLE setting (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE room (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        broadcast_id TEXT NOT NULL UNIQUE,
        created INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE invite (
        id TEXT PRIMARY KEY,
        room TEXT NOT NULL REFERENCES room (id) ON DELETE CASCADE,
        token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
        created INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        uses INTEGER NOT NULL DEFAULT 0,
        revoked INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX invite_by_room ON invite (room);

    CREATE TABLE login (
        grant_id TEXT PRIMARY KEY,
        token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
        role TEXT NOT NULL CHECK (role IN ('host', 'guest')),
        room TEXT REFERENCES room (id) ON DELETE CASCADE,
        name TEXT,
        invite TEXT REFERENCES invite (id) ON DELETE CASCADE,
        created INTEGER NOT NULL,
        seen INTEGER NOT NULL,
        CHECK (role = 'host' OR (room IS NOT NULL AND invite IS NOT NULL))
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX login_by_room ON login (room);
    CREATE INDEX login_by_invite ON login (invite);
"];

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Refuses a database of a version that is not known here.
pub fn refuse_newer(connection: &Connection, path: &Path) -> Result<(), Error> {
    let found = version(connection).map_err(|error| Error::from_sqlite(error, path))?;
    let known = MIGRATIONS.len() as i64;
    if found > known || found < 0 { Err(Error::Newer { path: path.to_owned(), found, known }) } else { Ok(()) }
}

/// Takes the steps that are missing, each in a transaction of its own: a step is taken wholly or not at all.
pub fn migrate(connection: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let from = version(&transaction)?;
        let Some(step) = usize::try_from(from).ok().and_then(|from| steps.get(from)) else { return Ok(()) };
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", from + 1)?;
        transaction.commit()?;
        tracing::info!(version = from + 1, "the database schema was brought up");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(connection: &Connection) -> Vec<String> {
        let mut statement = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .expect("a statement");
        let names = statement.query_map([], |row| row.get(0)).expect("the tables");
        names.map(|name| name.expect("a name")).collect()
    }

    #[test]
    fn an_empty_database_gets_every_table_once() {
        let mut connection = Connection::open_in_memory().expect("a database");
        migrate(&mut connection, MIGRATIONS).expect("it migrates");
        assert_eq!(version(&connection), Ok(MIGRATIONS.len() as i64));
        assert_eq!(tables(&connection), ["invite", "login", "room", "setting"]);
        migrate(&mut connection, MIGRATIONS).expect("nothing is left to do");
        assert_eq!(version(&connection), Ok(MIGRATIONS.len() as i64));
    }

    #[test]
    fn a_database_of_version_1_keeps_what_it_holds() {
        let mut connection = Connection::open_in_memory().expect("a database");
        migrate(&mut connection, &MIGRATIONS[..1]).expect("it migrates");
        connection.execute_batch("INSERT INTO setting VALUES ('name', 'Porch')").expect("a setting");
        let steps = [MIGRATIONS, &["ALTER TABLE setting ADD COLUMN changed INTEGER"]].concat();
        migrate(&mut connection, &steps).expect("it migrates");
        let row = connection.query_row("SELECT value, changed FROM setting", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?))
        });
        assert_eq!(row, Ok(("Porch".to_owned(), None)));
        assert_eq!(version(&connection), Ok(steps.len() as i64));
    }

    #[test]
    fn a_step_that_fails_leaves_no_trace() {
        let mut connection = Connection::open_in_memory().expect("a database");
        let steps = ["CREATE TABLE first (a)", "CREATE TABLE good (a); CREATE TABLE nonsense"];
        assert!(migrate(&mut connection, &steps).is_err());
        assert_eq!(version(&connection), Ok(1));
        assert_eq!(tables(&connection), ["first"]);
    }
}

//! The schema and its versions. Forward only: a step, once released, is never edited; changes are new steps.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{Error, chat};

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
", "
    CREATE TABLE identity (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        owner INTEGER NOT NULL CHECK (owner IN (0, 1)),
        created INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO identity SELECT '0000000000000001', 'Owner', 1, min(created) FROM login WHERE role = 'host'
        HAVING count(*) > 0;

    CREATE TABLE credential (
        id BLOB PRIMARY KEY,
        identity TEXT NOT NULL REFERENCES identity (id) ON DELETE CASCADE,
        kind TEXT NOT NULL CHECK (kind IN ('passkey', 'wallet', 'recovery')),
        name TEXT NOT NULL,
        data TEXT NOT NULL,
        created INTEGER NOT NULL,
        used INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX credential_by_identity ON credential (identity);

    ALTER TABLE invite ADD COLUMN role TEXT NOT NULL DEFAULT 'guest';
    ALTER TABLE invite ADD COLUMN most INTEGER;
    ALTER TABLE invite ADD COLUMN lobby INTEGER NOT NULL DEFAULT 0;

    ALTER TABLE login RENAME TO old_login;
    DROP INDEX login_by_room;
    DROP INDEX login_by_invite;
    CREATE TABLE login (
        grant_id TEXT PRIMARY KEY,
        token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
        identity TEXT REFERENCES identity (id) ON DELETE CASCADE,
        name TEXT,
        invite TEXT REFERENCES invite (id) ON DELETE CASCADE,
        device TEXT,
        created INTEGER NOT NULL,
        seen INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX login_by_invite ON login (invite);
    CREATE INDEX login_by_identity ON login (identity);
    INSERT INTO login SELECT grant_id, token_hash, CASE role WHEN 'host' THEN '0000000000000001' END, name, invite, NULL,
        created, seen FROM old_login;

    CREATE TABLE member (
        room TEXT NOT NULL REFERENCES room (id) ON DELETE CASCADE,
        identity TEXT REFERENCES identity (id) ON DELETE CASCADE,
        login TEXT REFERENCES login (grant_id) ON DELETE CASCADE,
        role TEXT NOT NULL CHECK (role IN ('host', 'moderator', 'guest', 'viewer')),
        changed TEXT NOT NULL,
        waits INTEGER NOT NULL CHECK (waits IN (0, 1)),
        banned INTEGER NOT NULL CHECK (banned IN (0, 1)),
        CHECK ((identity IS NULL) <> (login IS NULL)),
        UNIQUE (room, identity),
        UNIQUE (room, login)
    ) STRICT;
    CREATE INDEX member_by_identity ON member (identity);
    CREATE INDEX member_by_login ON member (login);
    INSERT INTO member SELECT room, NULL, grant_id, 'guest', '{\"allow\":[],\"deny\":[]}', 0, 0 FROM old_login WHERE role = 'guest';
    DROP TABLE old_login;

    CREATE TABLE audit (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        room TEXT REFERENCES room (id) ON DELETE CASCADE,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT,
        detail TEXT
    ) STRICT;
    CREATE INDEX audit_by_room ON audit (room, id);
", chat::SCHEMA];

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// The version of a database; one that is not known here is refused.
pub fn refuse_newer(connection: &Connection, path: &Path) -> Result<i64, Error> {
    let found = version(connection).map_err(|error| Error::from_sqlite(error, path))?;
    let known = MIGRATIONS.len() as i64;
    if found > known || found < 0 { Err(Error::Newer { path: path.to_owned(), found, known }) } else { Ok(found) }
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
        assert_eq!(
            tables(&connection),
            ["audit", "chat_message", "credential", "identity", "invite", "login", "member", "room", "setting"]
        );
        migrate(&mut connection, MIGRATIONS).expect("nothing is left to do");
        assert_eq!(version(&connection), Ok(MIGRATIONS.len() as i64));
    }

    #[test]
    fn a_database_of_version_1_keeps_what_it_holds() {
        let mut connection = Connection::open_in_memory().expect("a database");
        migrate(&mut connection, &MIGRATIONS[..1]).expect("it migrates");
        connection
            .execute_batch(
                "INSERT INTO setting VALUES ('name', 'Porch');
                 INSERT INTO room VALUES ('r', 'Garden', 'b', 1);
                 INSERT INTO invite VALUES ('i', 'r', zeroblob(32), 2, 9, 1, NULL);
                 INSERT INTO login VALUES ('h', zeroblob(32), 'host', NULL, NULL, NULL, 3, 4);
                 INSERT INTO login VALUES ('g', randomblob(32), 'guest', 'r', 'Ada', 'i', 5, 6);",
            )
            .expect("what an older version kept");
        let steps = [MIGRATIONS, &["ALTER TABLE setting ADD COLUMN changed INTEGER"]].concat();
        migrate(&mut connection, &steps).expect("it migrates");
        let row = connection.query_row("SELECT value, changed FROM setting", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?))
        });
        assert_eq!(row, Ok(("Porch".to_owned(), None)));
        let text = |query: &str| connection.query_row(query, [], |row| row.get::<_, String>(0)).expect("a row");
        assert_eq!(
            text("SELECT identity.id FROM login JOIN identity ON identity.id = identity WHERE owner"),
            "0000000000000001"
        );
        assert_eq!(text("SELECT role || room || waits FROM member WHERE login = 'g' AND identity IS NULL"), "guestr0");
        assert_eq!(text("SELECT name || invite FROM login WHERE grant_id = 'g'"), "Adai");
        assert_eq!(text("SELECT role || lobby || ifnull(most, '-') FROM invite"), "guest0-");
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

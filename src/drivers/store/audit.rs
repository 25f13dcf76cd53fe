//! What was done by whom. Wall time is in whole seconds since 1970 UTC.

use rusqlite::{Row, params};

use super::{Error, Handle};
use crate::model::id::RoomId;

/// One thing that somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// Rises with each.
    pub id: i64,
    /// When.
    pub at: i64,
    /// In which room, if in one.
    pub room: Option<RoomId>,
    /// Who, as they were called.
    pub actor: String,
    /// What.
    pub action: String,
    /// To whom or to what.
    pub subject: Option<String>,
    /// What else there is to say of it.
    pub detail: Option<String>,
}

fn audited(row: &Row<'_>) -> rusqlite::Result<Audited> {
    Ok(Audited {
        id: row.get(0)?,
        at: row.get(1)?,
        room: row.get(2)?,
        actor: row.get(3)?,
        action: row.get(4)?,
        subject: row.get(5)?,
        detail: row.get(6)?,
    })
}

impl Handle {
    /// Notes what was done, in this order, and forgets what is older than `since` or more than `most`. Their ids are given to them here.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn insert_audited(&self, new: Vec<Audited>, since: i64, most: u32) -> Result<(), Error> {
        self.call(move |connection| {
            let transaction = connection.transaction()?;
            for new in &new {
                let row = params![new.at, new.room, new.actor, new.action, new.subject, new.detail];
                // A room that is gone by now takes the line with it.
                let query = "INSERT OR IGNORE INTO audit (at, room, actor, action, subject, detail)
                    SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?2 IS NULL OR EXISTS (SELECT 1 FROM room WHERE id = ?2)";
                transaction.execute(query, row)?;
            }
            transaction.execute("DELETE FROM audit WHERE at < ?", [since])?;
            transaction.execute("DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?", [most])?;
            transaction.commit()
        })
        .await
    }

    /// What was done, the newest first: of one room, or all; from before this id, or the newest.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn audited(&self, room: Option<RoomId>, before: Option<i64>, most: u32) -> Result<Vec<Audited>, Error> {
        self.call(move |connection| {
            let query = "SELECT id, at, room, actor, action, subject, detail FROM audit
                WHERE (?1 IS NULL OR room = ?1) AND id < ?2 ORDER BY id DESC LIMIT ?3";
            let mut statement = connection.prepare_cached(query)?;
            statement.query_map(params![room, before.unwrap_or(i64::MAX), most], audited)?.collect()
        })
        .await
    }
}

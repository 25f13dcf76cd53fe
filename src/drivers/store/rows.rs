//! Settings and rooms, and the statements that read and write them. Wall time is in whole seconds since 1970 UTC.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Error, Handle};
use crate::model::id::{BroadcastId, RoomId};

/// A room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// What people call it.
    pub name: String,
    /// The broadcast that shows it; it belongs to no other room.
    pub broadcast: BroadcastId,
    /// When it was made.
    pub created: i64,
}

fn room(row: &Row<'_>) -> rusqlite::Result<Room> {
    Ok(Room { id: row.get(0)?, name: row.get(1)?, broadcast: row.get(2)?, created: row.get(3)? })
}

pub(super) fn all<T>(
    connection: &Connection,
    query: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(query)?.query_map([], read)?.collect()
}

/// Every method returns an [`Error`]; when it does, nothing was changed.
impl Handle {
    /// The setting with this name.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn setting(&self, key: impl Into<String>) -> Result<Option<String>, Error> {
        let key = key.into();
        self.call(move |connection| {
            connection.query_row("SELECT value FROM setting WHERE key = ?", [key], |row| row.get(0)).optional()
        })
        .await
    }

    /// Makes or changes a setting. Secrets do not belong here.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn set_setting(&self, key: impl Into<String>, value: impl Into<String>) -> Result<(), Error> {
        let (key, value) = (key.into(), value.into());
        self.call(move |connection| {
            let query = "INSERT INTO setting VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value";
            connection.execute(query, [key, value]).map(drop)
        })
        .await
    }

    /// All rooms, the oldest first.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn rooms(&self) -> Result<Vec<Room>, Error> {
        let query = "SELECT id, name, broadcast_id, created FROM room ORDER BY created, id";
        self.call(move |connection| all(connection, query, room)).await
    }

    /// Stores a new room.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the room or its broadcast is there already; else any other.
    pub async fn insert_room(&self, new: Room) -> Result<(), Error> {
        self.call(move |connection| {
            let row = params![new.id, new.name, new.broadcast, new.created];
            // Two of one second keep their order after a restart, too: the first room is the one that the box joins by itself.
            let insert =
                "INSERT INTO room VALUES (?1, ?2, ?3, max(?4, ifnull((SELECT max(created) + 1 FROM room), ?4)))";
            connection.execute(insert, row).map(drop)
        })
        .await
    }

    /// Removes a room with its settings, its invites and the logins that came by them. An unknown room is no error.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn delete_room(&self, room: RoomId) -> Result<(), Error> {
        self.call(move |connection| {
            let of_it = format!("room.{room}.");
            let both = connection.transaction()?;
            both.execute("DELETE FROM setting WHERE substr(key, 1, length(?1)) = ?1", [of_it])?;
            both.execute("DELETE FROM room WHERE id = ?", [room])?;
            both.commit()
        })
        .await
    }
}

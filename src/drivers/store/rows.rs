//! What is stored, and the statements that read and write it. Wall time is in whole seconds since 1970 UTC.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Error, Handle};
use crate::model::id::{BroadcastId, GrantId, InviteId, RoomId};
use crate::model::role::Role;

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

/// An invite link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Its id.
    pub id: InviteId,
    /// Where it leads.
    pub room: RoomId,
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// When it was made.
    pub created: i64,
    /// When it ends.
    pub expires: i64,
    /// How many logins came by it.
    pub uses: u32,
    /// When it was taken back.
    pub revoked: Option<i64>,
}

/// Somebody's login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The grant it gives.
    pub grant: GrantId,
    /// SHA-256 of the cookie's token.
    pub token_hash: [u8; 32],
    /// Host or guest: a viewer has no login.
    pub role: Role,
    /// A guest's room.
    pub room: Option<RoomId>,
    /// What a guest wants to be called.
    pub name: Option<String>,
    /// The invite that a guest came by.
    pub invite: Option<InviteId>,
    /// When it was made.
    pub created: i64,
    /// When it was last used, to the hour or so.
    pub seen: i64,
}

fn room(row: &Row<'_>) -> rusqlite::Result<Room> {
    Ok(Room { id: row.get(0)?, name: row.get(1)?, broadcast: row.get(2)?, created: row.get(3)? })
}

fn invite(row: &Row<'_>) -> rusqlite::Result<Invite> {
    Ok(Invite {
        id: row.get(0)?,
        room: row.get(1)?,
        token_hash: row.get(2)?,
        created: row.get(3)?,
        expires: row.get(4)?,
        uses: row.get(5)?,
        revoked: row.get(6)?,
    })
}

fn login(row: &Row<'_>) -> rusqlite::Result<Login> {
    Ok(Login {
        grant: row.get(0)?,
        token_hash: row.get(1)?,
        role: row.get(2)?,
        room: row.get(3)?,
        name: row.get(4)?,
        invite: row.get(5)?,
        created: row.get(6)?,
        seen: row.get(7)?,
    })
}

fn all<T>(
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
            connection.execute("INSERT INTO room VALUES (?, ?, ?, ?)", row).map(drop)
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

    /// All invites, the oldest first, also those that ended.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn invites(&self) -> Result<Vec<Invite>, Error> {
        let query = "SELECT id, room, token_hash, created, expires, uses, revoked FROM invite ORDER BY created, id";
        self.call(move |connection| all(connection, query, invite)).await
    }

    /// Stores a new invite.
    ///
    /// # Errors
    /// [`Error::Conflict`] if there is no such room; else any other.
    pub async fn insert_invite(&self, new: Invite) -> Result<(), Error> {
        self.call(move |connection| {
            let row = params![new.id, new.room, new.token_hash, new.created, new.expires, new.uses, new.revoked];
            connection.execute("INSERT INTO invite VALUES (?, ?, ?, ?, ?, ?, ?)", row).map(drop)
        })
        .await
    }

    /// Marks an invite as taken back at `now` and removes the logins that came by it. An unknown invite is no error.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn revoke_invite(&self, invite: InviteId, now: i64) -> Result<(), Error> {
        self.call(move |connection| {
            let transaction = connection.transaction()?;
            let query = "UPDATE invite SET revoked = ? WHERE id = ? AND revoked IS NULL";
            transaction.execute(query, params![now, invite])?;
            transaction.execute("DELETE FROM login WHERE invite = ?", [invite])?;
            transaction.commit()
        })
        .await
    }

    /// Removes invites, and the logins that came by them.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn delete_invites(&self, invites: Vec<InviteId>) -> Result<(), Error> {
        self.call(move |connection| {
            let transaction = connection.transaction()?;
            for invite in invites {
                transaction.execute("DELETE FROM invite WHERE id = ?", [invite])?;
            }
            transaction.commit()
        })
        .await
    }

    /// All logins, the oldest first.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn logins(&self) -> Result<Vec<Login>, Error> {
        let query = "SELECT grant_id, token_hash, role, room, name, invite, created, seen FROM login ORDER BY created, grant_id";
        self.call(move |connection| all(connection, query, login)).await
    }

    /// Stores a new login and counts the use of its invite.
    ///
    /// # Errors
    /// [`Error::Conflict`] if its room or its invite is gone; else any other.
    pub async fn insert_login(&self, new: Login) -> Result<(), Error> {
        self.call(move |connection| {
            let transaction = connection.transaction()?;
            let row =
                params![new.grant, new.token_hash, new.role, new.room, new.name, new.invite, new.created, new.seen];
            transaction.execute("INSERT INTO login VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)?;
            transaction.execute("UPDATE invite SET uses = uses + 1 WHERE id = ?", [new.invite])?;
            transaction.commit()
        })
        .await
    }

    /// Notes when a login was last used.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn touch_login(&self, grant: GrantId, seen: i64) -> Result<(), Error> {
        self.call(move |connection| {
            connection.execute("UPDATE login SET seen = ? WHERE grant_id = ?", params![seen, grant]).map(drop)
        })
        .await
    }

    /// Removes logins.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn delete_logins(&self, grants: Vec<GrantId>) -> Result<(), Error> {
        self.call(move |connection| {
            let transaction = connection.transaction()?;
            for grant in grants {
                transaction.execute("DELETE FROM login WHERE grant_id = ?", [grant])?;
            }
            transaction.commit()
        })
        .await
    }

    /// Removes every invite of a room and the logins that came by them; the room stays.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn delete_invites_of(&self, room: RoomId) -> Result<(), Error> {
        self.call(move |connection| connection.execute("DELETE FROM invite WHERE room = ?", [room]).map(drop)).await
    }
}

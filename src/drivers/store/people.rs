//! Who may what: identities, what proves them, logins, invites and members of rooms. Wall time is in whole seconds since 1970 UTC.

use rusqlite::{Row, Transaction, params};

use super::rows::all;
use super::{Error, Handle};
use crate::model::id::{GrantId, IdentityId, InviteId, RoomId};
use crate::model::role::{Role, Subject};

/// Somebody the box knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub id: IdentityId,
    /// What people call them.
    pub name: String,
    /// Whether they own the box.
    pub owner: bool,
    /// When it was made.
    pub created: i64,
}

/// What proves an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Names it: of a passkey its credential id, of a wallet its address, of a recovery code its hash.
    pub id: Vec<u8>,
    /// Whose it is.
    pub identity: IdentityId,
    /// `passkey`, `wallet` or `recovery`.
    pub kind: String,
    /// What its owner calls it.
    pub name: String,
    /// What is needed to check it, as its kind writes it. No secret.
    pub data: String,
    /// When it was added.
    pub created: i64,
    /// When it was last used.
    pub used: Option<i64>,
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
    /// How many came by it.
    pub uses: u32,
    /// When it was taken back.
    pub revoked: Option<i64>,
    /// What it makes of whoever comes by it.
    pub role: Role,
    /// How many may come by it; no bound but the service's where there is none.
    pub most: Option<u32>,
    /// Whether they have to be let in.
    pub lobby: bool,
}

/// Somebody's login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The grant it gives.
    pub grant: GrantId,
    /// SHA-256 of the cookie's token.
    pub token_hash: [u8; 32],
    /// Who it is, where the box knows them.
    pub identity: Option<IdentityId>,
    /// What somebody wants to be called whom it does not know.
    pub name: Option<String>,
    /// The invite that a guest came by.
    pub invite: Option<InviteId>,
    /// What the device is, for its owner's list.
    pub device: Option<String>,
    /// When it was made.
    pub created: i64,
    /// When it was last used, to the hour or so.
    pub seen: i64,
}

/// Somebody's place in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub subject: Subject,
    /// What they are there.
    pub role: Role,
    /// What is different for them alone, as JSON.
    pub changed: String,
    /// They have to be let in yet.
    pub waits: bool,
    /// They may nothing there.
    pub banned: bool,
}

fn identity(row: &Row<'_>) -> rusqlite::Result<Identity> {
    Ok(Identity { id: row.get(0)?, name: row.get(1)?, owner: row.get(2)?, created: row.get(3)? })
}

fn credential(row: &Row<'_>) -> rusqlite::Result<Credential> {
    Ok(Credential {
        id: row.get(0)?,
        identity: row.get(1)?,
        kind: row.get(2)?,
        name: row.get(3)?,
        data: row.get(4)?,
        created: row.get(5)?,
        used: row.get(6)?,
    })
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
        role: row.get(7)?,
        most: row.get(8)?,
        lobby: row.get(9)?,
    })
}

fn login(row: &Row<'_>) -> rusqlite::Result<Login> {
    Ok(Login {
        grant: row.get(0)?,
        token_hash: row.get(1)?,
        identity: row.get(2)?,
        name: row.get(3)?,
        invite: row.get(4)?,
        device: row.get(5)?,
        created: row.get(6)?,
        seen: row.get(7)?,
    })
}

fn member(row: &Row<'_>) -> rusqlite::Result<Member> {
    let identity: Option<IdentityId> = row.get(1)?;
    let subject = match identity {
        Some(identity) => Subject::Identity(identity),
        None => Subject::Login(row.get(2)?),
    };
    Ok(Member {
        room: row.get(0)?,
        subject,
        role: row.get(3)?,
        changed: row.get(4)?,
        waits: row.get(5)?,
        banned: row.get(6)?,
    })
}

/// The two columns that name somebody.
const fn columns(subject: Subject) -> (Option<IdentityId>, Option<GrantId>) {
    match subject {
        Subject::Identity(id) => (Some(id), None),
        Subject::Login(id) => (None, Some(id)),
    }
}

fn put_member(transaction: &Transaction<'_>, new: &Member) -> rusqlite::Result<()> {
    let (identity, login) = columns(new.subject);
    transaction.execute(
        "DELETE FROM member WHERE room = ? AND (identity = ? OR login = ?)",
        params![new.room, identity, login],
    )?;
    let row = params![new.room, identity, login, new.role, new.changed, new.waits, new.banned];
    transaction.execute("INSERT INTO member VALUES (?, ?, ?, ?, ?, ?, ?)", row).map(drop)
}

fn put_login(transaction: &Transaction<'_>, new: &Login) -> rusqlite::Result<()> {
    let row = params![new.grant, new.token_hash, new.identity, new.name, new.invite, new.device, new.created, new.seen];
    transaction.execute("INSERT INTO login VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row).map(drop)
}

/// Every method returns an [`Error`]; when it does, nothing was changed.
impl Handle {
    /// Everybody the box knows, the oldest first.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn identities(&self) -> Result<Vec<Identity>, Error> {
        let query = "SELECT id, name, owner, created FROM identity ORDER BY created, id";
        self.call(move |connection| all(connection, query, identity)).await
    }

    /// Stores somebody, or what they are called and are now.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn put_identity(&self, new: Identity) -> Result<(), Error> {
        self.call(move |connection| {
            let query = "INSERT INTO identity VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET name = excluded.name, owner = excluded.owner";
            connection.execute(query, params![new.id, new.name, new.owner, new.created]).map(drop)
        })
        .await
    }

    /// Forgets somebody, with their logins, their places in rooms and what proves them. An unknown one is no error.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn delete_identity(&self, id: IdentityId) -> Result<(), Error> {
        self.call(move |connection| connection.execute("DELETE FROM identity WHERE id = ?", [id]).map(drop)).await
    }

    /// What proves identities, the oldest first.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn credentials(&self) -> Result<Vec<Credential>, Error> {
        let query = "SELECT id, identity, kind, name, data, created, used FROM credential ORDER BY created, id";
        self.call(move |connection| all(connection, query, credential)).await
    }

    /// Stores proofs in the place of all that this identity has of their kinds, or beside them.
    ///
    /// # Errors
    /// [`Error::Conflict`] where one is there already or the identity is gone; else any other.
    pub async fn add_credentials(&self, new: Vec<Credential>, instead: bool) -> Result<(), Error> {
        self.call(move |connection| {
            let transaction = connection.transaction()?;
            for credential in new.iter().filter(|_| instead) {
                let of = params![credential.identity, credential.kind];
                transaction.execute("DELETE FROM credential WHERE identity = ? AND kind = ?", of)?;
            }
            for new in &new {
                let row = params![new.id, new.identity, new.kind, new.name, new.data, new.created, new.used];
                transaction.execute("INSERT INTO credential VALUES (?, ?, ?, ?, ?, ?, ?)", row)?;
            }
            transaction.commit()
        })
        .await
    }

    /// Notes when a proof was used, and what it says since then.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn touch_credential(&self, id: Vec<u8>, data: String, used: i64) -> Result<(), Error> {
        self.call(move |connection| {
            connection
                .execute("UPDATE credential SET data = ?, used = ? WHERE id = ?", params![data, used, id])
                .map(drop)
        })
        .await
    }

    /// Removes a proof.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn delete_credential(&self, id: Vec<u8>) -> Result<(), Error> {
        self.call(move |connection| connection.execute("DELETE FROM credential WHERE id = ?", [id]).map(drop)).await
    }

    /// All invites, the oldest first, also those that ended.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn invites(&self) -> Result<Vec<Invite>, Error> {
        let query = "SELECT id, room, token_hash, created, expires, uses, revoked, role, most, lobby FROM invite \
            ORDER BY created, id";
        self.call(move |connection| all(connection, query, invite)).await
    }

    /// Stores a new invite.
    ///
    /// # Errors
    /// [`Error::Conflict`] if there is no such room; else any other.
    pub async fn insert_invite(&self, new: Invite) -> Result<(), Error> {
        self.call(move |connection| {
            let (id, room, hash) = (new.id, new.room, new.token_hash);
            let row =
                params![id, room, hash, new.created, new.expires, new.uses, new.revoked, new.role, new.most, new.lobby];
            connection.execute("INSERT INTO invite VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row).map(drop)
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
        let query = "SELECT grant_id, token_hash, identity, name, invite, device, created, seen FROM login ORDER BY created, grant_id";
        self.call(move |connection| all(connection, query, login)).await
    }

    /// Stores a new login, with the place in a room that it brings, and counts the use of its invite.
    ///
    /// # Errors
    /// [`Error::Conflict`] if its identity, its room or its invite is gone; else any other.
    pub async fn insert_login(&self, new: Login, place: Option<Member>) -> Result<(), Error> {
        self.call(move |connection| {
            let transaction = connection.transaction()?;
            put_login(&transaction, &new)?;
            if let Some(place) = &place {
                put_member(&transaction, place)?;
            }
            transaction.execute("UPDATE invite SET uses = uses + 1 WHERE id = ?", [new.invite])?;
            transaction.commit()
        })
        .await
    }

    /// Stores somebody and their first login.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn insert_identity(&self, new: Identity, login: Login) -> Result<(), Error> {
        self.call(move |connection| {
            let transaction = connection.transaction()?;
            let row = params![new.id, new.name, new.owner, new.created];
            transaction.execute("INSERT INTO identity VALUES (?, ?, ?, ?)", row)?;
            put_login(&transaction, &login)?;
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

    /// Everybody's place in every room.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn members(&self) -> Result<Vec<Member>, Error> {
        let query = "SELECT room, identity, login, role, changed, waits, banned FROM member ORDER BY rowid";
        self.call(move |connection| all(connection, query, member)).await
    }

    /// Stores somebody's place in a room, and counts the use of the invite that brought them there.
    ///
    /// # Errors
    /// [`Error::Conflict`] if they or the room are gone; else any other.
    pub async fn put_member(&self, new: Member, by: Option<InviteId>) -> Result<(), Error> {
        self.call(move |connection| {
            let transaction = connection.transaction()?;
            put_member(&transaction, &new)?;
            transaction.execute("UPDATE invite SET uses = uses + 1 WHERE id = ?", [by])?;
            transaction.commit()
        })
        .await
    }

    /// Somebody has no place in a room any more. An unknown one is no error.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn delete_member(&self, room: RoomId, subject: Subject) -> Result<(), Error> {
        self.call(move |connection| {
            let (identity, login) = columns(subject);
            let query = "DELETE FROM member WHERE room = ? AND (identity = ? OR login = ?)";
            connection.execute(query, params![room, identity, login]).map(drop)
        })
        .await
    }

    /// Removes every invite and every place of a room, and the logins that came by them; the room stays.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn delete_people_of(&self, room: RoomId) -> Result<(), Error> {
        self.call(move |connection| {
            let transaction = connection.transaction()?;
            transaction.execute("DELETE FROM invite WHERE room = ?", [room])?;
            transaction.execute("DELETE FROM member WHERE room = ?", [room])?;
            transaction.commit()
        })
        .await
    }
}

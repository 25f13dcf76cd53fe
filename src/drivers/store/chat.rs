//! What was written in chats. Wall time is in milliseconds since 1970 UTC where a message was written, and in seconds where it was taken away.

use rusqlite::types::FromSqlError;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::de::DeserializeOwned;

use super::{Error, Handle};
use crate::model::role::Subject;
use crate::proto::auth::Name;
use crate::proto::chat::{Kind, Message, Place, State, Text, Why};

/// Its step of the schema.
pub(super) const SCHEMA: &str = "
    CREATE TABLE chat_message (
        id INTEGER PRIMARY KEY,
        room TEXT NOT NULL REFERENCES room (id) ON DELETE CASCADE,
        kind TEXT NOT NULL CHECK (kind IN ('room', 'broadcast')),
        author TEXT NOT NULL,
        subject TEXT NOT NULL,
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        text TEXT NOT NULL,
        emote INTEGER NOT NULL,
        reply INTEGER,
        written INTEGER NOT NULL,
        state TEXT NOT NULL,
        taken INTEGER,
        reactions TEXT NOT NULL,
        reports TEXT NOT NULL,
        dismissed INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX chat_message_by_channel ON chat_message (room, kind, id);
";

const COLUMNS: &str =
    "id, author, subject, name, role, text, emote, reply, written, state, taken, reactions, reports, dismissed";

/// Rows of one question are read until so many were looked at.
const LOOKED_AT: usize = 20_000;

fn wrong(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    FromSqlError::other(error).into()
}

fn json<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> rusqlite::Result<T> {
    serde_json::from_str(&row.get::<_, String>(at)?).map_err(wrong)
}

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    let subject: Subject = row.get::<_, String>(2)?.parse().map_err(wrong)?;
    let taken: Option<i64> = row.get(10)?;
    Ok(Message {
        id: row.get::<_, i64>(0)?.unsigned_abs(),
        by: row.get(1)?,
        subject,
        name: Name::new(&row.get::<_, String>(3)?).map_err(wrong)?,
        role: row.get(4)?,
        text: Text::new(&row.get::<_, String>(5)?).map_err(wrong)?,
        emote: row.get(6)?,
        reply: row.get::<_, Option<i64>>(7)?.map(i64::unsigned_abs),
        written: row.get(8)?,
        state: match (row.get::<_, String>(9)?.as_str(), taken) {
            ("shown", None) => State::Shown,
            ("review", None) => State::Held(Why::Review),
            ("word", None) => State::Held(Why::Word),
            ("link", None) => State::Held(Why::Link),
            ("refused", Some(at)) => State::Refused(at),
            ("deleted", Some(at)) => State::Deleted(at),
            _ => return Err(FromSqlError::InvalidType.into()),
        },
        reactions: json(row, 11)?,
        reports: json(row, 12)?,
        dismissed: row.get(13)?,
    })
}

const fn state(state: State) -> (&'static str, Option<i64>) {
    match state {
        State::Shown => ("shown", None),
        State::Held(Why::Review) => ("review", None),
        State::Held(Why::Word) => ("word", None),
        State::Held(Why::Link) => ("link", None),
        State::Refused(at) => ("refused", Some(at)),
        State::Deleted(at) => ("deleted", Some(at)),
    }
}

fn signed(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

fn find(
    connection: &Connection,
    place: Place,
    before: u64,
    most: usize,
    pick: impl Fn(&Message) -> bool,
) -> rusqlite::Result<Vec<Message>> {
    let query = format!("SELECT {COLUMNS} FROM chat_message WHERE room = ? AND kind = ? AND id < ? ORDER BY id DESC");
    let mut statement = connection.prepare_cached(&query)?;
    let rows = statement.query_map(params![place.room, place.kind.name(), signed(before)], message)?;
    let mut found = Vec::new();
    for row in rows.take(LOOKED_AT) {
        let row = row?;
        if pick(&row) {
            found.push(row);
            if found.len() >= most {
                break;
            }
        }
    }
    Ok(found)
}

/// Every method returns an [`Error`]; when it does, nothing was changed.
impl Handle {
    /// The highest number of a message; 0 where there is none.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn chat_last(&self) -> Result<u64, Error> {
        self.call(|connection| {
            let last = connection.query_row("SELECT max(id) FROM chat_message", [], |row| row.get::<_, Option<i64>>(0));
            Ok(last?.unwrap_or(0).unsigned_abs())
        })
        .await
    }

    /// The newest messages of a channel with a number below `before` that `pick` takes, the newest first.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn chat_find(
        &self,
        place: Place,
        before: u64,
        most: usize,
        pick: impl Fn(&Message) -> bool + Send + 'static,
    ) -> Result<Vec<Message>, Error> {
        self.call(move |connection| find(connection, place, before, most, pick)).await
    }

    /// One message of a channel.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn chat_message(&self, place: Place, id: u64) -> Result<Option<Message>, Error> {
        self.call(move |connection| {
            let query = format!("SELECT {COLUMNS} FROM chat_message WHERE room = ? AND kind = ? AND id = ?");
            let values = params![place.room, place.kind.name(), signed(id)];
            connection.query_row(&query, values, message).optional()
        })
        .await
    }

    /// Writes messages, each anew as it is by now, and removes those without one. What was written in a room that is gone is not stored.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn chat_write(&self, messages: Vec<(u64, Option<(Place, Message)>)>) -> Result<(), Error> {
        self.call(move |connection| {
            let all = connection.transaction()?;
            for (id, message) in &messages {
                let Some((place, m)) = message else {
                    all.prepare_cached("DELETE FROM chat_message WHERE id = ?")?.execute([signed(*id)])?;
                    continue;
                };
                let (state, taken) = state(m.state);
                let list = |value: serde_json::Result<String>| {
                    value.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
                };
                let query = "INSERT OR REPLACE INTO chat_message SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? \
                             WHERE EXISTS (SELECT 1 FROM room WHERE id = ?2)";
                all.prepare_cached(query)?.execute(params![
                    signed(*id),
                    place.room,
                    place.kind.name(),
                    m.by,
                    m.subject.to_string(),
                    m.name.as_str(),
                    m.role,
                    m.text.as_str(),
                    m.emote,
                    m.reply.map(signed),
                    m.written,
                    state,
                    taken,
                    list(serde_json::to_string(&m.reactions))?,
                    list(serde_json::to_string(&m.reports))?,
                    m.dismissed,
                ])?;
            }
            all.commit()
        })
        .await
    }

    /// Removes what was written before `oldest`, was taken away before `taken`, or is not among the newest `most` of its channel.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn chat_sweep(&self, oldest: i64, taken: i64, most: u32) -> Result<usize, Error> {
        self.call(move |connection| {
            let all = connection.transaction()?;
            let old = all.execute("DELETE FROM chat_message WHERE written < ? OR taken < ?", [oldest, taken])?;
            let ranked =
                "SELECT id, row_number() OVER (PARTITION BY room, kind ORDER BY id DESC) AS place FROM chat_message";
            let query = format!("DELETE FROM chat_message WHERE id IN (SELECT id FROM ({ranked}) WHERE place > ?)");
            let many = all.execute(&query, [most])?;
            all.commit()?;
            Ok(old + many)
        })
        .await
    }
}

/// The setting that holds the rules of a channel; it goes with its room.
pub fn rules_key(place: Place) -> String {
    format!("room.{}.chat.{}", place.room, place.kind.name())
}

/// The setting that holds the time-outs of a room; it goes with it.
pub fn timeouts_key(room: crate::model::id::RoomId) -> String {
    format!("room.{room}.chat.timeouts")
}

/// Both channels of a room.
pub fn places(room: crate::model::id::RoomId) -> [Place; 2] {
    Kind::ALL.map(|kind| Place { room, kind })
}

#[cfg(test)]
mod tests {
    use super::super::{Room, open};
    use super::*;
    use crate::model::id::{AuthorId, BroadcastId, GrantId, RoomId};
    use crate::model::role::Role;
    use crate::proto::chat::Reaction;

    const PLACE: Place = Place { room: RoomId::from_bytes([1; 10]), kind: Kind::Broadcast };

    fn message(id: u64) -> Message {
        Message {
            id,
            by: AuthorId::from_bytes([3; 10]),
            subject: Subject::Login(GrantId::from_bytes([4; 10])),
            name: Name::new("Ada").expect("a name"),
            role: Role::Viewer,
            text: Text::new(&format!("Message {id}")).expect("a text"),
            emote: false,
            reply: None,
            written: 1_000 * id as i64,
            state: State::Shown,
            reactions: Vec::new(),
            reports: Vec::new(),
            dismissed: false,
        }
    }

    async fn store(folder: &tempfile::TempDir) -> Handle {
        let store = open(folder.path()).expect("a store");
        let room =
            Room { id: PLACE.room, name: "Room".into(), broadcast: BroadcastId::from_bytes([1; 10]), created: 0 };
        store.insert_room(room).await.expect("a room");
        store
    }

    fn rows(messages: impl IntoIterator<Item = Message>) -> Vec<(u64, Option<(Place, Message)>)> {
        messages.into_iter().map(|message| (message.id, Some((PLACE, message)))).collect()
    }

    #[tokio::test]
    async fn a_message_comes_back_as_it_was_stored() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder).await;
        let who = AuthorId::from_bytes([9; 10]);
        let mut all = vec![message(1)];
        for (at, state) in [
            State::Held(Why::Review),
            State::Held(Why::Word),
            State::Held(Why::Link),
            State::Refused(7),
            State::Deleted(8),
        ]
        .into_iter()
        .enumerate()
        {
            let reactions = vec![(who, Reaction::Heart), (who, Reaction::Party)];
            all.push(Message {
                state,
                reactions,
                reports: vec![who],
                dismissed: true,
                emote: true,
                reply: Some(1),
                ..message(2 + at as u64)
            });
        }
        store.chat_write(rows(all.clone())).await.expect("they are written");
        assert_eq!(store.chat_last().await.expect("it reads"), 6);
        let mut found = store.chat_find(PLACE, u64::MAX, 100, |_| true).await.expect("it reads");
        found.reverse();
        assert_eq!(found, all);
        assert_eq!(store.chat_message(PLACE, 3).await.expect("it reads").as_ref(), Some(&all[2]));
        let elsewhere = Place { kind: Kind::Room, ..PLACE };
        assert_eq!(store.chat_message(elsewhere, 3).await.expect("it reads"), None);
    }

    #[tokio::test]
    async fn what_is_written_anew_takes_the_place_of_what_was_and_what_is_gone_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder).await;
        store.chat_write(rows([message(1), message(2)])).await.expect("they are written");
        let deleted = Message { state: State::Deleted(9), ..message(1) };
        let mut change = rows([deleted.clone()]);
        change.push((2, None));
        store.chat_write(change).await.expect("they are written");
        assert_eq!(store.chat_find(PLACE, u64::MAX, 9, |_| true).await.expect("it reads"), [deleted]);
    }

    #[tokio::test]
    async fn nothing_is_stored_of_a_room_that_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder).await;
        store.chat_write(rows([message(1)])).await.expect("it is written");
        store.delete_room(PLACE.room).await.expect("it is removed");
        store.chat_write(rows([message(2)])).await.expect("that is no failure");
        assert_eq!(store.chat_last().await.expect("it reads"), 0);
    }

    #[tokio::test]
    async fn only_so_many_and_nothing_older_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder).await;
        store.chat_write(rows((1..=10).map(message))).await.expect("they are written");
        let taken = Message { state: State::Deleted(50), ..message(10) };
        store.chat_write(rows([taken])).await.expect("it is written");
        assert_eq!(store.chat_sweep(3_000, 51, 4).await.expect("it sweeps"), 6);
        let ids = |found: Vec<Message>| found.iter().map(|message| message.id).collect::<Vec<_>>();
        assert_eq!(ids(store.chat_find(PLACE, u64::MAX, 99, |_| true).await.expect("it reads")), [9, 8, 7, 6]);
        assert_eq!(ids(store.chat_find(PLACE, 9, 2, |_| true).await.expect("it reads")), [8, 7]);
        let even = store.chat_find(PLACE, u64::MAX, 99, |message| message.id % 2 == 0).await.expect("it reads");
        assert_eq!(ids(even), [8, 6]);
    }
}

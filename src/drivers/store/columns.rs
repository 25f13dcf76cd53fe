//! How model types are written into columns.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::model::id::{AuthorId, BroadcastId, GrantId, IdentityId, InviteId, RoomId};
use crate::model::role::Role;

macro_rules! ids {
    ($($id:ty),*) => {$(
        impl ToSql for $id {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.to_string().into())
            }
        }

        impl FromSql for $id {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str()?.parse().map_err(FromSqlError::other)
            }
        }
    )*};
}

ids!(AuthorId, BroadcastId, GrantId, IdentityId, InviteId, RoomId);

impl ToSql for Role {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.word().into())
    }
}

impl FromSql for Role {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "host" => Ok(Self::Host),
            "moderator" => Ok(Self::Moderator),
            "guest" => Ok(Self::Guest),
            "viewer" => Ok(Self::Viewer),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

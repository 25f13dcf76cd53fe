//! What the words of `model` and `proto/auth` look like in JSON.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::model::id::{
    AuthorId, BroadcastId, GrantId, IdentityId, InviteId, ParticipantId, PushId, RecordingId, RoomId,
};
use crate::model::role::{Role, Subject, Verb};
use crate::model::verbs::Verbs;
use crate::proto::auth::{MAX_NAME, MAX_TITLE, Name, Title};

/// Each with its name and schema.
macro_rules! formats {
    ($($type:ident: $schema:tt)*) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

/// Of an id: model/id.rs.
const ID: &str = "^[0-9a-hjkmnp-tv-z]{16}$";

formats! {
    RoomId: { "type": "string", "pattern": ID, "description": "Names a room. An id names; it never permits." }
    BroadcastId: { "type": "string", "pattern": ID, "description": "Names a broadcast." }
    InviteId: { "type": "string", "pattern": ID, "description": "Names an invite; it is not its secret." }
    ParticipantId: { "type": "string", "pattern": ID, "description": "Names somebody in a room." }
    RecordingId: { "type": "string", "pattern": ID, "description": "Names a recording." }
    GrantId: { "type": "string", "pattern": ID, "description": "Names a login; it is not its secret." }
    IdentityId: { "type": "string", "pattern": ID, "description": "Names somebody whom the box knows." }
    Subject: {
        "type": "string", "pattern": "^(identity|login)[.][0-9a-hjkmnp-tv-z]{16}$",
        "description": "Whom a permission belongs to: somebody whom the box knows, or one login."
    }
    AuthorId: { "type": "string", "pattern": ID, "description": "Names somebody who wrote in the chat of one room." }
    PushId: { "type": "string", "pattern": ID, "description": "Names a service that a broadcast is sent to." }
    Name: {
        "type": "string", "minLength": 1, "maxLength": MAX_NAME,
        "description": "A name that people see: one line, counted in Unicode characters."
    }
    Title: {
        "type": "string", "minLength": 1, "maxLength": MAX_TITLE,
        "description": "What those who watch read: one line, counted in Unicode characters."
    }
    Role: {
        "type": "string", "enum": (Role::ALL),
        "description": "host owns the box or runs a room, moderator and guest take part in a room, viewer watches."
    }
    Verbs: { "type": "array", "items": { "type": "string", "enum": (Verb::ALL) }, "description": "What somebody may do." }
    Verb: { "type": "string", "enum": (Verb::ALL), "description": "One thing that somebody may do." }
}

#[test]
fn the_pattern_of_an_id_is_its_alphabet() {
    for byte in 0..=127u8 {
        let letter = char::from(byte);
        let text = letter.to_string().repeat(16);
        let inside = matches!(letter, '0'..='9' | 'a'..='h' | 'j' | 'k' | 'm' | 'n' | 'p'..='t' | 'v'..='z');
        assert_eq!(text.parse::<RoomId>().is_ok(), inside, "{letter:?}");
    }
}

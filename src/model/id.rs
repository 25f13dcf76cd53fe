//! Public names of things: 80 random bits, written as 16 characters of Crockford's base 32.
//!
//! An id names; it never permits. What somebody may do is a matter of grants.

use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 16;

/// The text was not 16 characters of Crockford's base 32 in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 16 characters from 0-9 and a-z without i, l, o and u")]
pub struct Invalid;

fn encode(bytes: [u8; 10]) -> [u8; LENGTH] {
    let mut out = [0; LENGTH];
    for (group, chunk) in bytes.chunks(5).enumerate() {
        let mut word: u64 = 0;
        for &byte in chunk {
            word = word << 8 | u64::from(byte);
        }
        for place in 0..8 {
            let index = (word >> (35 - 5 * place)) & 31;
            out[group * 8 + place] = ALPHABET[index as usize];
        }
    }
    out
}

fn decode(text: &str) -> Result<[u8; 10], Invalid> {
    let text = text.as_bytes();
    if text.len() != LENGTH {
        return Err(Invalid);
    }
    let mut out = [0; 10];
    for group in 0..2 {
        let mut word: u64 = 0;
        for &letter in &text[group * 8..group * 8 + 8] {
            let value = ALPHABET.iter().position(|&a| a == letter).ok_or(Invalid)?;
            word = word << 5 | value as u64;
        }
        out[group * 5..group * 5 + 5].copy_from_slice(&word.to_be_bytes()[3..]);
    }
    Ok(out)
}

/// The beginning of an id, for the log: where knowing the whole id would permit something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tag([u8; 8]);

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).expect("the alphabet is ASCII"))
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 10]);

        impl $name {
            /// Makes an id of ten random bytes that the caller drew.
            pub const fn from_bytes(bytes: [u8; 10]) -> Self {
                Self(bytes)
            }

            /// The bytes it was made of.
            pub const fn bytes(&self) -> [u8; 10] {
                self.0
            }

            /// The first eight characters: names one among those that live, in a log, and is of no use to anybody else.
            pub fn tag(&self) -> Tag {
                let text = encode(self.0);
                Tag(std::array::from_fn(|at| text[at]))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text = encode(self.0);
                f.write_str(std::str::from_utf8(&text).expect("the alphabet is ASCII"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;
            fn from_str(text: &str) -> Result<Self, Invalid> {
                decode(text).map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// One recording.
    RecordingId;
    /// One room: a place where people meet.
    RoomId;
    /// One broadcast: what is watched, at `/b/<id>`.
    BroadcastId;
    /// One person, or the box, in one room.
    ParticipantId;
    /// One set of tracks that somebody makes.
    PublicationId;
    /// One WebRTC connection.
    PeerId;
    /// One HTTP request, or the WebSocket that it became.
    RequestId;
    /// One invite link.
    InviteId;
    /// What somebody may do, for as long as their login lives.
    GrantId;
    /// One service that what is on air is sent to.
    PushId;
    /// One person whom the box knows, with all their devices.
    IdentityId;
    /// Who wrote in the chat of a room, to the others there: another one in each room, so that nobody is followed from one to the next.
    AuthorId;
}

impl RecordingId {
    /// The broadcast that it is when everybody may watch it.
    pub const fn broadcast(&self) -> BroadcastId {
        BroadcastId(self.0)
    }
}

impl BroadcastId {
    /// The recording that it is, if it is one.
    pub const fn recording(&self) -> RecordingId {
        RecordingId(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_being_written_and_read() {
        for seed in 0..=255u8 {
            let bytes = std::array::from_fn(|i| seed.wrapping_mul(31).wrapping_add(i as u8 * 17));
            let id = RoomId::from_bytes(bytes);
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(id.to_string().len(), 16);
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "short", "0123456789abcdei", "0123456789ABCDEF", "0123456789abcdef0", "ä23456789abcdef"] {
            assert_eq!(text.parse::<RoomId>(), Err(Invalid), "{text}");
        }
    }
}

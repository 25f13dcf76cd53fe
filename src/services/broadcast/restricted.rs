//! Who may watch a broadcast that is not for everybody: those who may watch in its room. Pure, but for its dice.
//!
//! Its media addresses carry an epoch, a secret that is the same for all of them, so that caches serve it as they do everything else and
//! nobody needs a cookie to play it. It is another one as soon as somebody may watch no longer.

use std::fmt::Write;

use crate::drivers::identity::random;
use crate::model::id::{BroadcastId, RoomId};
use crate::model::secret::Secret;

/// What stands in the addresses of a restricted broadcast until somebody may watch no longer: 128 random bits as hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch(Secret);

impl Epoch {
    pub(super) fn random() -> Self {
        let text = random::<16>().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Self(Secret::new(text))
    }

    /// As it stands in addresses, for those who may watch.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

/// A broadcast that is for those alone who may watch in its room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restricted {
    /// Its room.
    pub room: RoomId,
    /// What its addresses carry by now.
    pub epoch: Epoch,
}

/// What stands for a broadcast in a media address: its id, and behind a dot the epoch if it is restricted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The broadcast.
    pub id: BroadcastId,
    /// The epoch, if one was given.
    pub epoch: Option<Epoch>,
}

impl Key {
    /// Reads it; `None` for what can't be one.
    pub fn read(text: &str) -> Option<Self> {
        let (id, epoch) = match text.split_once('.') {
            Some((id, epoch)) => (id, Some(Epoch(Secret::new(epoch)))),
            None => (text, None),
        };
        Some(Self { id: id.parse().ok()?, epoch })
    }

    /// The text, for those who may watch.
    pub fn reveal(&self) -> String {
        match &self.epoch {
            Some(epoch) => format!("{}.{}", self.id, epoch.reveal()),
            None => self.id.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: BroadcastId = BroadcastId::from_bytes([1; 10]);

    #[test]
    fn a_key_is_read_as_it_is_written_and_prints_no_secret() {
        let (one, other) = (Epoch::random(), Epoch::random());
        assert_ne!(one, other);
        for epoch in [None, Some(one.clone())] {
            let key = Key { id: ID, epoch };
            assert_eq!(Key::read(&key.reveal()), Some(key));
        }
        let key = Key { id: ID, epoch: Some(one.clone()) };
        assert!(key.reveal().ends_with(one.reveal()) && one.reveal().len() == 32);
        assert!(!format!("{key:?}").contains(one.reveal()));
        assert_eq!([Key::read(""), Key::read("garden"), Key::read(".1234")], [None, None, None]);
    }
}

//! Who may not write for a while.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Refused;
use crate::model::id::AuthorId;
use crate::model::role::Subject;
use crate::proto::auth::Name;

/// Longest time-out, in seconds.
pub const LONGEST_TIMEOUT: u32 = 7 * 24 * 3600;
/// Most of them at a time in one room.
pub const MOST_TIMEOUTS: usize = 500;

/// One.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeout {
    /// Who.
    pub subject: Subject,
    /// What they were called then.
    pub name: Name,
    /// Until when, in seconds of wall time since 1970 UTC.
    pub until: i64,
}

/// All of a room. They hold in both of its channels.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Timeouts(BTreeMap<AuthorId, Timeout>);

impl Timeouts {
    /// Gives one, or changes it.
    ///
    /// # Errors
    /// [`Refused::TooManyTimeouts`].
    pub fn give(&mut self, id: AuthorId, timeout: Timeout, now: i64) -> Result<(), Refused> {
        self.sweep(now);
        if self.0.len() >= MOST_TIMEOUTS && !self.0.contains_key(&id) {
            return Err(Refused::TooManyTimeouts);
        }
        self.0.insert(id, timeout);
        Ok(())
    }

    /// Takes one back.
    pub fn lift(&mut self, id: AuthorId) -> Option<Timeout> {
        self.0.remove(&id)
    }

    /// How many seconds one still goes on; `None` if they may write.
    pub fn left(&self, id: AuthorId, now: i64) -> Option<i64> {
        let left = self.0.get(&id)?.until.saturating_sub(now);
        (left > 0).then_some(left)
    }

    /// Those that still go on.
    pub fn all(&self, now: i64) -> impl Iterator<Item = (AuthorId, &Timeout)> {
        self.0.iter().filter(move |(_, timeout)| timeout.until > now).map(|(id, timeout)| (*id, timeout))
    }

    /// Forgets those that are over; whether there were any.
    pub fn sweep(&mut self, now: i64) -> bool {
        let before = self.0.len();
        self.0.retain(|_, timeout| timeout.until > now);
        self.0.len() != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::GrantId;

    fn one(until: i64) -> Timeout {
        let subject = Subject::Login(GrantId::from_bytes([1; 10]));
        Timeout { subject, name: Name::new("Ada").expect("a name"), until }
    }

    #[test]
    fn a_time_out_passes_or_is_taken_back() {
        let (mut all, ada) = (Timeouts::default(), AuthorId::from_bytes([1; 10]));
        all.give(ada, one(100), 40).expect("there is room");
        assert_eq!((all.left(ada, 40), all.left(ada, 99), all.left(ada, 100)), (Some(60), Some(1), None));
        assert_eq!(all.lift(ada), Some(one(100)));
        assert_eq!(all.left(ada, 40), None);
        all.give(ada, one(100), 40).expect("there is room");
        let text = serde_json::to_string(&all).expect("it is written");
        assert_eq!(serde_json::from_str::<Timeouts>(&text).expect("it is read"), all);
        assert!(all.sweep(100) && !all.sweep(100));
    }

    #[test]
    fn there_are_only_so_many() {
        let mut all = Timeouts::default();
        let id = |n: usize| AuthorId::from_bytes(std::array::from_fn(|at| (n >> (8 * (at % 2))) as u8));
        for n in 0..MOST_TIMEOUTS {
            all.give(id(n), one(100), 0).expect("there is room");
        }
        assert_eq!(all.give(id(MOST_TIMEOUTS), one(100), 0), Err(Refused::TooManyTimeouts));
        assert_eq!(all.give(id(0), one(200), 0), Ok(()));
        assert_eq!(all.give(id(MOST_TIMEOUTS), one(300), 150), Ok(()), "those that are over are forgotten");
    }
}

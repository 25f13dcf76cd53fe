//! How fast one author writes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Refused;
use crate::model::id::AuthorId;
use crate::model::pace::Pace;

/// Messages that one author writes at once; then one for each [`STEP`].
const BURST: u32 = 6;
/// See [`BURST`].
const STEP: Duration = Duration::from_millis(1500);
/// Authors that are remembered; past that who wrote longest ago is forgotten.
const MOST: usize = 8192;
/// How long one is remembered: no slow mode is slower.
const KEPT: Duration = Duration::from_secs(3600);

#[derive(Debug)]
struct One {
    pace: Pace,
    last: Instant,
    /// The last time of these two in slow mode.
    wrote: Option<Instant>,
}

/// Who wrote when, in one channel.
#[derive(Debug, Default)]
pub struct Paces(HashMap<AuthorId, One>);

impl Paces {
    /// Somebody writes. What is refused counts as little as what was not written.
    ///
    /// # Errors
    /// [`Refused::TooFast`], [`Refused::Slow`].
    pub fn take(&mut self, author: AuthorId, slow: u32, now: Instant) -> Result<(), Refused> {
        if self.0.len() >= MOST && !self.0.contains_key(&author) {
            self.sweep(now);
            if self.0.len() >= MOST {
                let oldest = self.0.iter().min_by_key(|(_, one)| one.last).map(|(author, _)| *author);
                oldest.and_then(|oldest| self.0.remove(&oldest));
            }
        }
        let one = self.0.entry(author).or_insert_with(|| One { pace: Pace::new(BURST, STEP), last: now, wrote: None });
        if let Some(wrote) = one.wrote {
            let left = (wrote + Duration::from_secs(slow.into())).saturating_duration_since(now);
            if !left.is_zero() {
                return Err(Refused::Slow(millis(left)));
            }
        }
        one.pace.take(now).map_err(|until| Refused::TooFast(millis(until.saturating_duration_since(now))))?;
        (one.last, one.wrote) = (now, Some(now));
        Ok(())
    }

    /// Forgets who wrote long ago.
    pub fn sweep(&mut self, now: Instant) {
        self.0.retain(|_, one| now.saturating_duration_since(one.last) < KEPT);
    }
}

fn millis(left: Duration) -> u64 {
    u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: AuthorId = AuthorId::from_bytes([1; 10]);
    const BOB: AuthorId = AuthorId::from_bytes([2; 10]);

    #[test]
    fn a_flood_of_one_author_is_refused_and_nobody_else_is() {
        let (mut paces, now) = (Paces::default(), Instant::now());
        for _ in 0..BURST {
            assert_eq!(paces.take(ADA, 0, now), Ok(()));
        }
        assert_eq!(paces.take(ADA, 0, now), Err(Refused::TooFast(1500)));
        assert_eq!(paces.take(BOB, 0, now), Ok(()));
        assert_eq!(paces.take(ADA, 0, now + STEP), Ok(()));
    }

    #[test]
    fn slow_mode_says_when_one_may_write_again() {
        let (mut paces, now) = (Paces::default(), Instant::now());
        assert_eq!(paces.take(ADA, 10, now), Ok(()));
        assert_eq!(paces.take(ADA, 10, now + Duration::from_secs(4)), Err(Refused::Slow(6000)));
        assert_eq!(paces.take(BOB, 10, now + Duration::from_secs(4)), Ok(()));
        assert_eq!(paces.take(ADA, 0, now + Duration::from_secs(5)), Ok(()), "slow mode was taken off");
        assert_eq!(paces.take(ADA, 10, now + Duration::from_secs(15)), Ok(()));
    }

    #[test]
    fn only_so_many_are_remembered() {
        let (mut paces, now) = (Paces::default(), Instant::now());
        for n in 0..MOST as u64 + 100 {
            let mut bytes = [0; 10];
            bytes[..8].copy_from_slice(&n.to_be_bytes());
            assert_eq!(paces.take(AuthorId::from_bytes(bytes), 0, now + Duration::from_millis(n)), Ok(()));
        }
        assert_eq!(paces.0.len(), MOST);
        paces.sweep(now + KEPT * 2);
        assert!(paces.0.is_empty());
    }
}

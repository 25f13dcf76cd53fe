//! Which pictures there are, and what has to be done for who asks. Pure.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::model::id::{BroadcastId, PublicationId};
use crate::model::time::MediaTime;

/// After it could not be made: how long none is tried.
const PAUSE: Duration = Duration::from_secs(10);
/// Pictures of earlier moments that are held, of all broadcasts together. The oldest goes.
const PAST: usize = 64;
/// Earlier moments of which pictures are made at one time, each in its turn. Past that, who asks for another is told so.
const UNDER_WAY: usize = 4;

/// Which picture of a broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Moment {
    /// What is on air.
    Now,
    /// The keyframe of this time.
    Past(MediaTime),
}

/// A picture of a broadcast.
pub(super) type Key = (BroadcastId, Moment);

/// How a broadcast is on air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OnAir {
    pub publication: PublicationId,
    /// Nothing older may be shown.
    pub cut: MediaTime,
}

/// A small picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// JPEG.
    pub jpeg: Bytes,
    /// What it shows, in media time.
    pub at: MediaTime,
}

/// A picture that was made.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub picture: Picture,
    pub publication: PublicationId,
    /// How long it is given out as what is on air.
    pub fresh: Duration,
}

impl Made {
    fn may_be_shown(&self, now: OnAir) -> bool {
        self.publication == now.publication && self.picture.at >= now.cut
    }
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Here it is.
    Have(Picture),
    /// It is to be made.
    Make,
    /// It is being made.
    Wait,
    /// Enough is being made.
    Busy,
    /// There is none.
    None,
}

#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// The newest of each broadcast, and when it was made.
    newest: HashMap<BroadcastId, (Made, Instant)>,
    /// Of earlier moments, the one that was made last at the end.
    past: VecDeque<(Key, Made)>,
    making: HashSet<Key>,
    /// When the newest of a broadcast may be tried again.
    failed: HashMap<BroadcastId, Instant>,
}

impl Shelf {
    /// Somebody asks.
    pub fn ask(&mut self, key: Key, now: OnAir, at: Instant) -> Step {
        let kept = match key {
            (id, Moment::Now) => {
                let newest = self.newest.get(&id).filter(|(made, since)| at < *since + made.fresh);
                newest.map(|(made, _)| made)
            }
            (_, Moment::Past(_)) => self.past.iter().find(|(known, _)| *known == key).map(|(_, made)| made),
        };
        if let Some(made) = kept.filter(|made| made.may_be_shown(now)) {
            return Step::Have(made.picture.clone());
        }
        if self.making.contains(&key) {
            return Step::Wait;
        }
        match key.1 {
            Moment::Now if self.failed.get(&key.0).is_some_and(|until| at < *until) => Step::None,
            Moment::Past(_) if self.making.iter().filter(|key| key.1 != Moment::Now).count() >= UNDER_WAY => Step::Busy,
            _ => {
                self.making.insert(key);
                Step::Make
            }
        }
    }

    /// One was made, or could not be. [`Step::Make`] if what was made may not be shown any more, and another one has to be.
    pub fn made(&mut self, key: Key, now: Option<OnAir>, made: Option<Made>, at: Instant) -> Step {
        self.making.remove(&key);
        let (id, moment) = key;
        match (made, now) {
            (Some(made), Some(now)) if made.may_be_shown(now) => {
                let picture = made.picture.clone();
                match moment {
                    Moment::Now => {
                        self.failed.remove(&id);
                        self.newest.insert(id, (made, at));
                    }
                    Moment::Past(_) => {
                        if self.past.len() == PAST {
                            self.past.pop_front();
                        }
                        self.past.push_back((key, made));
                    }
                }
                Step::Have(picture)
            }
            (Some(_), Some(_)) if moment == Moment::Now => {
                self.making.insert(key);
                Step::Make
            }
            (None, Some(_)) if moment == Moment::Now => {
                self.failed.insert(id, at + PAUSE);
                Step::None
            }
            _ => Step::None,
        }
    }

    /// Forgets what may not be shown any more.
    pub fn forget(&mut self, on_air: impl Fn(BroadcastId) -> Option<OnAir>) {
        let may = |id, made: &Made| on_air(id).is_some_and(|now| made.may_be_shown(now));
        self.newest.retain(|id, (made, _)| may(*id, made));
        self.past.retain(|((id, _), made)| may(*id, made));
        self.failed.retain(|id, _| on_air(*id).is_some());
    }

    /// Nothing is being made any more.
    pub fn lost(&mut self) {
        self.making.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: BroadcastId = BroadcastId::from_bytes([1; 10]);
    const NOW: Key = (ID, Moment::Now);
    const FRESH: Duration = Duration::from_secs(10);

    fn past(millis: i64) -> Key {
        (ID, Moment::Past(MediaTime::from_millis(millis)))
    }

    fn on_air(cut: i64) -> OnAir {
        OnAir { publication: PublicationId::from_bytes([2; 10]), cut: MediaTime::from_millis(cut) }
    }

    fn picture(at: i64) -> Picture {
        Picture { jpeg: Bytes::from(at.to_string()), at: MediaTime::from_millis(at) }
    }

    fn made(at: i64) -> Option<Made> {
        Some(Made { picture: picture(at), publication: on_air(0).publication, fresh: FRESH })
    }

    #[test]
    fn one_is_made_for_all_who_ask_and_given_out_until_it_is_old() {
        let (mut shelf, start) = (Shelf::default(), Instant::now());
        assert_eq!(shelf.ask(NOW, on_air(0), start), Step::Make);
        assert_eq!(shelf.ask(NOW, on_air(0), start), Step::Wait);
        assert_eq!(shelf.made(NOW, Some(on_air(0)), made(5), start), Step::Have(picture(5)));
        assert_eq!(shelf.ask(NOW, on_air(0), start + FRESH / 2), Step::Have(picture(5)));
        assert_eq!(shelf.ask(NOW, on_air(0), start + FRESH), Step::Make);
    }

    #[test]
    fn what_could_not_be_made_is_not_tried_again_at_once() {
        let (mut shelf, start) = (Shelf::default(), Instant::now());
        shelf.ask(NOW, on_air(0), start);
        assert_eq!(shelf.made(NOW, Some(on_air(0)), None, start), Step::None);
        assert_eq!(shelf.ask(NOW, on_air(0), start + PAUSE / 2), Step::None);
        assert_eq!(
            shelf.ask(past(5), on_air(0), start + PAUSE / 2),
            Step::Make,
            "an earlier moment is another picture"
        );
        assert_eq!(shelf.ask(NOW, on_air(0), start + PAUSE), Step::Make);
    }

    #[test]
    fn nothing_from_before_a_cut_is_given_out_or_kept() {
        let (mut shelf, start) = (Shelf::default(), Instant::now());
        shelf.ask(NOW, on_air(0), start);
        assert_eq!(shelf.made(NOW, Some(on_air(6)), made(5), start), Step::Make, "the cut came meanwhile");
        assert_eq!(shelf.ask(NOW, on_air(6), start), Step::Wait);
        assert_eq!(shelf.made(NOW, Some(on_air(6)), made(7), start), Step::Have(picture(7)));
        shelf.ask(past(6), on_air(6), start);
        assert_eq!(shelf.made(past(6), Some(on_air(6)), made(6), start), Step::Have(picture(6)));
        shelf.ask(past(5), on_air(5), start);
        assert_eq!(shelf.made(past(5), Some(on_air(6)), made(5), start), Step::None);

        assert_eq!(shelf.ask(NOW, on_air(8), start), Step::Make);
        assert_eq!(shelf.ask(past(6), on_air(8), start), Step::Make);
        shelf.forget(|_| Some(on_air(7)));
        assert_eq!((shelf.newest.len(), shelf.past.len()), (1, 0));
        shelf.forget(|_| Some(on_air(8)));
        assert!(shelf.newest.is_empty());
        assert_eq!(shelf.made(NOW, None, made(9), start), Step::None, "off air");
        assert!(shelf.newest.is_empty());
    }

    #[test]
    fn of_earlier_moments_few_are_made_at_a_time_and_a_number_is_held() {
        let (mut shelf, start) = (Shelf::default(), Instant::now());
        for at in 0..UNDER_WAY as i64 {
            assert_eq!(shelf.ask(past(at), on_air(0), start), Step::Make);
        }
        assert_eq!(shelf.ask(past(100), on_air(0), start), Step::Busy);
        assert_eq!(shelf.ask(past(0), on_air(0), start), Step::Wait);
        assert_eq!(shelf.ask(NOW, on_air(0), start), Step::Make, "what is on air is not in their way");
        for at in 0..=PAST as i64 {
            assert_eq!(shelf.made(past(at), Some(on_air(0)), made(at), start), Step::Have(picture(at)));
        }
        assert_eq!(shelf.past.len(), PAST);
        assert_eq!(shelf.ask(past(0), on_air(0), start), Step::Make, "the oldest has gone");
        let later = start + 10 * FRESH;
        assert_eq!(shelf.ask(past(1), on_air(0), later), Step::Have(picture(1)), "what was does not get old");
    }
}

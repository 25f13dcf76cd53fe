//! A smaller size of what a window shows: cut where that is cut, with the same numbers.

use std::collections::VecDeque;

use super::Timing;
use super::playlist::Report;
use super::snapshot::{Rendition, Snapshot};
use super::track::{Step, Track};
use super::window::Effects;
use crate::model::time::MediaTime;
use crate::model::track::Kind;
use crate::model::unit::Unit;
use crate::proto::cmaf;

/// Units that wait until it is known where the window was cut: some seconds. When it is full the oldest goes, and what follows
/// begins with a keyframe.
const WAITING: usize = 256;
/// A picture so close to where a segment begins is the one that begins it: times are rounded when they are coded.
const CLOSE: i64 = 5_000_000;
/// The picture that begins a segment may have been left out by a busy coder; one so long after it does as well.
const LATE: i64 = 200_000_000;

/// Where a segment of the window begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Its media sequence number.
    pub msn: u64,
    /// Its first picture.
    pub at: MediaTime,
    /// Its discontinuity sequence number.
    pub discontinuity: u64,
}

/// How far the window is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lead {
    /// Where its newest segments begin, the oldest first, the open one included.
    pub starts: Vec<Start>,
    /// Until when it has published; nothing before it has.
    pub covered: Option<MediaTime>,
    /// How far its renditions are.
    pub reports: Vec<Report>,
}

impl Lead {
    /// That of a window as it is now.
    pub fn of(snapshot: &Snapshot) -> Self {
        let (starts, covered) = snapshot.video.as_ref().map(Rendition::lead).unwrap_or_default();
        Self { starts, covered, reports: snapshot.reports() }
    }
}

/// One rung. Its pictures have the times of those in the window, later: coding takes a while.
pub struct Follower {
    timing: Timing,
    track: Track,
    queue: VecDeque<Unit>,
    lead: Lead,
    /// Which segment is being made.
    segment: Option<u64>,
    /// Nothing is taken before the next keyframe.
    waiting: bool,
    forgotten: MediaTime,
    ended: bool,
}

impl Follower {
    /// Empty. `epoch_unix_nanos` is that of the window.
    pub fn new(timing: Timing, epoch_unix_nanos: i128) -> Self {
        Self {
            timing,
            track: Track::new(Kind::Video, timing, epoch_unix_nanos),
            queue: VecDeque::new(),
            lead: Lead::default(),
            segment: None,
            waiting: true,
            forgotten: MediaTime::ZERO,
            ended: false,
        }
    }

    /// The window is further by now.
    ///
    /// # Errors
    /// [`cmaf::Error`] if a configuration can't be packaged; its units are dropped.
    pub fn lead(&mut self, lead: Lead) -> Result<Effects, cmaf::Error> {
        self.lead = lead;
        self.release()
    }

    /// Takes the next unit.
    ///
    /// # Errors
    /// See [`Self::lead`].
    pub fn push(&mut self, unit: Unit) -> Result<Effects, cmaf::Error> {
        if unit.pts < self.forgotten || unit.config.kind() != Kind::Video {
            return Ok(Effects::default());
        }
        if self.queue.len() == WAITING {
            self.queue.pop_front();
            self.waiting = true;
        }
        self.queue.push_back(unit);
        self.release()
    }

    /// Units were lost: it goes on at the next keyframe.
    pub fn lost(&mut self) {
        self.waiting = true;
    }

    /// Forgets everything before `cut`, as the window does.
    pub fn forget(&mut self, cut: MediaTime) -> Effects {
        if cut <= self.forgotten {
            return Effects::default();
        }
        self.forgotten = cut;
        self.queue.retain(|unit| unit.pts >= cut);
        self.restart();
        Effects { changed: true, keyframe: true }
    }

    /// Nothing more will come.
    pub fn end(&mut self) {
        self.ended = true;
        self.track.finish();
        self.track.shelve();
    }

    /// What there is to publish now: of the picture alone.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of_rung(self.timing, &self.track, self.lead.reports.clone(), self.ended)
    }

    fn restart(&mut self) {
        self.track.discard();
        (self.segment, self.waiting) = (None, true);
    }

    fn release(&mut self) -> Result<Effects, cmaf::Error> {
        let mut effects = Effects::default();
        while let Some(unit) = self.queue.front() {
            let (pts, keyframe) = (unit.pts, unit.keyframe);
            let since = |start: &Start| pts.since(start.at);
            let start = self.lead.starts.iter().rfind(|start| since(start) >= -CLOSE).copied();
            let begins = start.is_some_and(|start| since(&start) <= CLOSE);
            // A keyframe may begin a segment of which nothing is known yet.
            let known = begins || self.lead.covered.is_some_and(|covered| pts < covered);
            if !known && (keyframe || start.is_none()) {
                break;
            }
            let Some(unit) = self.queue.pop_front() else { break };
            let Some(start) = start else { continue };
            effects.changed |= self.take(unit, start)?;
        }
        while self.track.bytes > self.timing.bytes && self.track.oldest().is_some() {
            self.track.let_go();
        }
        self.track.shelve();
        Ok(effects)
    }

    fn take(&mut self, unit: Unit, start: Start) -> Result<bool, cmaf::Error> {
        self.waiting |= unit.gap;
        if self.waiting && !unit.keyframe {
            return Ok(false);
        }
        if self.segment == Some(start.msn) {
            // Somebody else's parameters begin no picture in the middle of a segment.
            if !self.track.fits(&unit.config) {
                return Ok(false);
            }
            self.waiting = false;
            return self.track.push(unit, Step::On);
        }
        let next = self.segment.is_some_and(|segment| segment + 1 == start.msn);
        let follows = next && self.track.fits(&unit.config);
        if !follows {
            // Numbers in a playlist follow each other, and so does the configuration unless that of the window changes: else it begins anew,
            // and only with what can begin.
            if !unit.keyframe || unit.pts.since(start.at) > LATE {
                return Ok(false);
            }
            self.restart();
            (self.track.next_msn, self.track.discontinuity) = (start.msn, start.discontinuity);
        }
        let step = Step::Segment { discontinuity: start.discontinuity.max(self.track.discontinuity) };
        let changed = self.track.push(unit, step)?;
        (self.segment, self.waiting) = (Some(start.msn), false);
        Ok(changed || !follows)
    }
}

//! One track of the window: units in, parts and segments out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::playlist::Entry;
use super::shelf::Shelf;
use super::snapshot::entry;
use super::{Made, Timing};
use crate::model::time::MediaTime;
use crate::model::track::Kind;
use crate::model::unit::{Config, Unit};
use crate::proto::cmaf::{self, Format, Sample, Start, fragment};

/// What a part has at least of the longest that is allowed, in percent, unless it is the last of its segment.
const SHORTEST: i64 = 85;

/// A stretch of a segment that is published on its own.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub body: Bytes,
    pub duration: Duration,
    pub independent: bool,
    pub samples: u32,
}

/// A segment: complete once its body is there.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub msn: u64,
    pub start: MediaTime,
    /// Where its first sample and the end of its last part are, in ticks of its map's timescale: the former is the decode time in
    /// its first fragment.
    pub ticks: (i64, i64),
    /// Where the first segment began that has its discontinuity sequence number.
    pub since: MediaTime,
    pub map: u32,
    /// Discontinuities right before it, and the discontinuity sequence number it has with them.
    pub breaks: u64,
    pub discontinuity: u64,
    pub parts: Vec<Part>,
    /// That of its parts.
    pub duration: Duration,
    pub body: Bytes,
    /// Its lines in a playlist far from the live edge, once it is complete.
    pub text: String,
}

/// An initialisation segment.
#[derive(Debug, Clone)]
pub(super) struct Map {
    pub number: u32,
    pub body: Bytes,
    /// What it says.
    pub format: Format,
}

/// How a unit follows the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// In the same part, while that is not full.
    On,
    /// As the first of a segment with this discontinuity sequence number.
    Segment { discontinuity: u64 },
}

struct Held {
    unit: Unit,
    tick: i64,
}

pub(super) struct Track {
    kind: Kind,
    timing: Timing,
    /// Wall time of media time zero, in nanoseconds since 1970 UTC.
    pub epoch: i128,
    current: Option<(Arc<Config>, Format)>,
    pub maps: Arc<Vec<Map>>,
    next_map: u32,
    held: Option<Held>,
    /// What a unit lasts when nothing better is known, in ticks.
    usual: u32,
    samples: Vec<Sample>,
    samples_tick: i64,
    part: Vec<u8>,
    /// Where the part that is being made begins and ends, in ticks.
    span: Option<(i64, i64)>,
    independent: bool,
    part_samples: u32,
    sequence: u32,
    pub open: Option<Segment>,
    /// Complete segments, oldest first.
    closed: VecDeque<Arc<Segment>>,
    /// How many of them have left the playlist.
    past: usize,
    /// How long the others are.
    listed: Duration,
    /// How many bytes all of them have.
    pub bytes: u64,
    /// What is in `closed`, for snapshots, and whether that has changed since.
    pub shelf: Arc<Shelf>,
    stale: bool,
    pub next_msn: u64,
    pub discontinuity: u64,
    /// Where the first segment of that discontinuity began; nothing before one did.
    since: Option<MediaTime>,
    /// What was made since the beginning.
    pub made: Made,
}

impl Track {
    pub fn new(kind: Kind, timing: Timing, epoch: i128) -> Self {
        Self {
            kind,
            timing,
            epoch,
            current: None,
            maps: Arc::default(),
            next_map: 0,
            held: None,
            usual: 0,
            samples: Vec::new(),
            samples_tick: 0,
            part: Vec::new(),
            span: None,
            independent: false,
            part_samples: 0,
            sequence: 0,
            open: None,
            closed: VecDeque::new(),
            past: 0,
            listed: Duration::ZERO,
            bytes: 0,
            shelf: Arc::default(),
            stale: false,
            next_msn: 0,
            discontinuity: 0,
            since: None,
            made: Made::default(),
        }
    }

    pub fn format(&self) -> Option<&Format> {
        self.current.as_ref().map(|(_, format)| format)
    }

    /// Whether units of this configuration fit the initialisation segment in force; nothing is in force before the first.
    pub fn fits(&self, config: &Arc<Config>) -> bool {
        self.current.as_ref().is_some_and(|(current, _)| Arc::ptr_eq(current, config) || current == config)
    }

    /// Pts of the unit that came last.
    pub fn last(&self) -> Option<MediaTime> {
        self.held.as_ref().map(|held| held.unit.pts)
    }

    /// What a unit usually lasts, in media time.
    pub fn usual(&self) -> Duration {
        self.format().map_or(Duration::ZERO, |format| span(self.usual.into(), format.timescale()))
    }

    /// Takes a unit. Returns whether something new can be published.
    ///
    /// # Errors
    /// [`cmaf::Error`] if its configuration can't be packaged; the unit is dropped.
    pub fn push(&mut self, unit: Unit, step: Step) -> Result<bool, cmaf::Error> {
        let mut fresh = None;
        if !self.fits(&unit.config) {
            fresh = Some(Format::read(&unit.config)?);
        }
        let timescale = fresh.as_ref().or(self.format()).map_or(1, Format::timescale);
        let mut changed = false;
        let mut tick = unit.pts.ticks(timescale).max(0);
        if let (Some(held), None) = (&self.held, &fresh) {
            match self.follow(held, tick) {
                Some(followed) => tick = followed,
                None => return Ok(false),
            }
        }
        if let Some(held) = self.held.take() {
            let distance = if fresh.is_none() { tick - held.tick } else { 0 };
            changed |= self.settle(held, distance);
        }
        match step {
            Step::Segment { discontinuity } => {
                changed |= self.close();
                if let Some(format) = fresh {
                    self.usual = format.usual_duration();
                    let map = Map { number: self.next_map, body: format.init(), format: format.clone() };
                    Arc::make_mut(&mut self.maps).push(map);
                    self.next_map += 1;
                    self.current = Some((unit.config.clone(), format));
                }
                if discontinuity != self.discontinuity {
                    self.since = None;
                }
                self.open = Some(Segment {
                    msn: self.next_msn,
                    start: unit.pts,
                    ticks: (tick, tick),
                    since: *self.since.get_or_insert(unit.pts),
                    map: self.next_map.saturating_sub(1),
                    breaks: discontinuity - self.discontinuity,
                    discontinuity,
                    parts: Vec::new(),
                    duration: Duration::ZERO,
                    body: Bytes::new(),
                    text: String::new(),
                });
                self.next_msn += 1;
                self.discontinuity = discontinuity;
            }
            Step::On => {
                let full = self.span.is_some_and(|(start, _)| tick + i64::from(self.usual) - start > self.part_ticks());
                // Only the last part of a segment may be short (RFC 8216bis section 4.4.4.9): a keyframe that comes too early for
                // a part of its own stays inside.
                let enough = self.span.is_some_and(|(start, _)| (tick - start) * 100 >= self.part_ticks() * SHORTEST);
                if full || (self.kind == Kind::Video && unit.keyframe && enough) {
                    changed |= self.flush();
                }
            }
        }
        self.held = Some(Held { unit, tick });
        Ok(changed)
    }

    /// Where a unit that comes at `tick` belongs after the held one; nothing if it overlaps and is to be left out.
    fn follow(&self, held: &Held, tick: i64) -> Option<i64> {
        match self.kind {
            Kind::Video => Some(tick.max(held.tick + 1)),
            Kind::Audio => {
                let duration = i64::from(self.declared(&held.unit).unwrap_or(self.usual));
                let expected = held.tick + duration;
                let early = expected - tick;
                if early > duration / 2 {
                    None
                } else if early < -(duration / 2) {
                    Some(tick)
                } else {
                    Some(expected)
                }
            }
        }
    }

    fn declared(&self, unit: &Unit) -> Option<u32> {
        let rate = self.format()?.timescale();
        let ticks = (unit.duration?.as_nanos() * u128::from(rate) + 500_000_000) / 1_000_000_000;
        u32::try_from(ticks).ok().filter(|&ticks| ticks > 0)
    }

    /// Gives the held unit its duration and puts it into its part. `distance` is that to the next unit in ticks, 0 if unknown.
    fn settle(&mut self, held: Held, distance: i64) -> bool {
        let limit = self.part_ticks();
        let declared = self.declared(&held.unit);
        let duration = match (self.kind, u32::try_from(distance)) {
            (Kind::Video, Ok(distance @ 1..)) if i64::from(distance) <= limit => {
                self.usual = distance;
                distance
            }
            (Kind::Audio, _) if declared.is_some() => {
                self.usual = declared.unwrap_or(self.usual);
                self.usual
            }
            _ => declared.unwrap_or(self.usual),
        };
        let duration = duration.clamp(1, u32::try_from(limit).unwrap_or(u32::MAX));
        let end = held.tick + i64::from(duration);
        let mut changed = false;
        if self.span.is_some_and(|(start, _)| end - start > limit) {
            changed = self.flush();
        }
        match self.span {
            // A hole: what follows gets a decode time of its own.
            Some((start, before)) => {
                if before != held.tick {
                    self.write_fragment();
                }
                self.span = Some((start, end));
            }
            None => {
                self.independent = held.unit.keyframe;
                self.span = Some((held.tick, end));
            }
        }
        if self.samples.is_empty() {
            self.samples_tick = held.tick;
        }
        self.samples.push(Sample { data: held.unit.data, duration, keyframe: held.unit.keyframe });
        self.part_samples += 1;
        changed
    }

    fn write_fragment(&mut self) {
        if self.samples.is_empty() {
            return;
        }
        let first = self.part.is_empty() && self.open.as_ref().is_some_and(|open| open.parts.is_empty());
        let start = if first { Start::Segment } else { Start::Inside };
        self.sequence = self.sequence.wrapping_add(1);
        fragment(&mut self.part, start, self.sequence, self.samples_tick.unsigned_abs(), &self.samples);
        self.samples.clear();
    }

    /// Ends the part that is being made.
    fn flush(&mut self) -> bool {
        self.write_fragment();
        let Some((start, end)) = self.span.take() else { return false };
        let body = Bytes::from(std::mem::take(&mut self.part));
        let timescale = self.format().map_or(1, Format::timescale);
        let samples = std::mem::take(&mut self.part_samples);
        let part = Part { body, duration: span(end - start, timescale), independent: self.independent, samples };
        match &mut self.open {
            Some(open) => {
                open.duration += part.duration;
                open.ticks.1 = end;
                open.parts.push(part);
            }
            None => return false,
        }
        self.made.parts += 1;
        true
    }

    /// Ends the segment that is being made.
    fn close(&mut self) -> bool {
        self.flush();
        let Some(mut open) = self.open.take() else { return false };
        if open.parts.is_empty() {
            // Its number was never published; its discontinuities go on to the next.
            self.next_msn = open.msn;
            self.discontinuity -= open.breaks;
            self.since = self.since.filter(|since| open.breaks == 0 && *since != open.start);
            return false;
        }
        let mut body = Vec::with_capacity(open.parts.iter().map(|part| part.body.len()).sum());
        for part in &open.parts {
            body.extend_from_slice(&part.body);
        }
        open.body = Bytes::from(body);
        let mut from = 0;
        for part in &mut open.parts {
            let to = from + part.body.len();
            part.body = open.body.slice(from..to);
            from = to;
        }
        open.text = Entry { parts: Vec::new(), ..entry(&open, self.epoch) }.text();
        self.made.segments += 1;
        self.bytes += open.body.len() as u64;
        self.listed += open.duration;
        self.closed.push_back(Arc::new(open));
        self.stale = true;
        while self.closed.get(self.past).is_some_and(|first| self.listed - first.duration >= self.timing.window)
            && self.oldest().is_some()
        {
            self.let_go();
        }
        true
    }

    /// Settles everything that is held and ends the segment. Returns whether something new can be published.
    pub fn finish(&mut self) -> bool {
        let mut changed = false;
        if let Some(held) = self.held.take() {
            changed = self.settle(held, 0);
        }
        self.close() || changed
    }

    /// Forgets every byte that is held or was published. Numbers go on.
    pub fn discard(&mut self) {
        self.held = None;
        self.samples.clear();
        self.part.clear();
        self.part_samples = 0;
        self.span = None;
        self.open = None;
        self.since = None;
        self.closed.clear();
        (self.past, self.listed, self.bytes) = (0, Duration::ZERO, 0);
        (self.shelf, self.stale) = (Arc::default(), false);
    }

    /// Whether no segment is complete.
    pub fn is_new(&self) -> bool {
        self.closed.is_empty()
    }

    /// When the oldest segment of the playlist begins, if it can go: the last few stay, and at least three target durations
    /// (RFC 8216 section 6.2.2).
    pub fn oldest(&self) -> Option<MediaTime> {
        let first = self.closed.get(self.past)?;
        let others = self.closed.len() - self.past - 1;
        let enough =
            others >= self.timing.segments && self.listed - first.duration >= 3 * self.timing.target_duration();
        enough.then_some(first.start)
    }

    /// Takes the oldest segment out of the playlist. It is kept for as long as a client that just read it may need it.
    pub fn let_go(&mut self) {
        let Some(first) = self.closed.get(self.past) else { return };
        self.listed -= first.duration;
        self.past += 1;
        self.stale = true;
        while self.past > self.timing.segments + 1 {
            let Some(gone) = self.closed.pop_front() else { break };
            self.bytes -= gone.body.len() as u64;
            self.past -= 1;
        }
    }

    /// Shows to snapshots from now on what has become complete and what was let go.
    pub fn shelve(&mut self) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        let oldest = self.closed.front().map_or(0, |segment| segment.map);
        if self.maps.first().is_some_and(|map| map.number < oldest) {
            Arc::make_mut(&mut self.maps).retain(|map| map.number >= oldest);
        }
        self.shelf = Arc::new(Shelf::new(&self.closed, self.past, self.timing));
    }

    fn part_ticks(&self) -> i64 {
        let rate = self.format().map_or(1, Format::timescale);
        i64::try_from(self.timing.part.as_nanos() * u128::from(rate) / 1_000_000_000).unwrap_or(i64::MAX)
    }
}

fn span(ticks: i64, timescale: u32) -> Duration {
    let nanos = i128::from(ticks.max(0)) * 1_000_000_000 / i128::from(timescale.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

//! The window: which unit begins a segment, for both tracks together.

use std::collections::VecDeque;
use std::time::Duration;

use super::Timing;
use super::snapshot::Snapshot;
use super::track::{Step, Track};
use crate::model::time::MediaTime;
use crate::model::track::Kind;
use crate::model::unit::Unit;
use crate::proto::cmaf;

/// How long sound waits for video to reach the same media time. Past that, it is published alone.
pub const HOLD: Duration = Duration::from_secs(1);
/// A step of pts larger than this, either way, is a discontinuity and needs a keyframe.
const JUMP: Duration = Duration::from_secs(1);
/// Keyframes are asked for once in this much media time.
const ASK: Duration = Duration::from_millis(500);
/// Units of sound that wait for video: five seconds of AAC. The oldest is dropped for a newer one.
const WAITING_UNITS: usize = 256;
/// Cuts of video that sound has not come to yet. The oldest is dropped; its discontinuity counts with the next.
const WAITING_CUTS: usize = 64;

/// Which tracks a window has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracks {
    /// Picture and sound.
    Both,
    /// Picture alone.
    Video,
    /// Sound alone.
    Audio,
}

/// What a unit brought about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effects {
    /// There is a new part, segment or end: take a new [`Snapshot`].
    pub changed: bool,
    /// Video can't go on well without a keyframe: ask for one.
    pub keyframe: bool,
}

/// A segment of video began here.
struct Cut {
    at: MediaTime,
    discontinuity: u64,
}

/// The sliding window over one packaging run.
pub struct Window {
    timing: Timing,
    video: Option<Track>,
    audio: Option<Track>,
    video_ended: bool,
    audio_ended: bool,
    /// Where the first segment begins; nothing before it is published. None until a first unit has come (again).
    origin: Option<MediaTime>,
    /// Units before this are never published.
    forgotten: MediaTime,
    discontinuity: u64,
    /// Video waits for a keyframe.
    waiting: bool,
    broken: bool,
    asked: Option<MediaTime>,
    /// When the keyframe was first asked for that ends the open segment.
    ending: Option<MediaTime>,
    /// How long keyframes take that were asked for; nothing where they come by themselves.
    lead: Option<Duration>,
    frontier: Option<MediaTime>,
    queue: VecDeque<Unit>,
    cuts: VecDeque<Cut>,
}

impl Window {
    /// An empty window. `epoch_unix_nanos` is the wall time of media time zero, in nanoseconds since 1970 UTC.
    pub fn new(timing: Timing, tracks: Tracks, epoch_unix_nanos: i128) -> Self {
        Self {
            timing,
            video: (tracks != Tracks::Audio).then(|| Track::new(Kind::Video, timing, epoch_unix_nanos)),
            audio: (tracks != Tracks::Video).then(|| Track::new(Kind::Audio, timing, epoch_unix_nanos)),
            video_ended: tracks == Tracks::Audio,
            audio_ended: tracks == Tracks::Video,
            origin: None,
            forgotten: MediaTime::ZERO,
            discontinuity: 0,
            waiting: true,
            broken: false,
            asked: None,
            ending: None,
            lead: None,
            frontier: None,
            queue: VecDeque::new(),
            cuts: VecDeque::new(),
        }
    }

    /// Takes the next unit of a track.
    ///
    /// # Errors
    /// [`cmaf::Error`] if its configuration can't be packaged. The unit is dropped, the window stays usable.
    pub fn push(&mut self, unit: Unit) -> Result<Effects, cmaf::Error> {
        let mut effects = Effects::default();
        if unit.pts < self.forgotten {
            return Ok(effects);
        }
        match unit.config.kind() {
            Kind::Video if self.video.is_some() => {
                self.push_video(unit, &mut effects)?;
                self.release(&mut effects)?;
            }
            Kind::Audio if self.audio.is_some() => {
                if self.queue.len() == WAITING_UNITS {
                    self.queue.pop_front();
                }
                self.queue.push_back(unit);
                self.release(&mut effects)?;
            }
            _ => {}
        }
        self.settle();
        Ok(effects)
    }

    /// Units of a track were lost between the last one and the next: video goes on at the next keyframe.
    pub fn lost(&mut self, kind: Kind) -> Effects {
        if kind == Kind::Video {
            self.waiting = true;
        }
        Effects { changed: false, keyframe: kind == Kind::Video }
    }

    /// Forgets everything before `cut`: what is in the window goes at once, older units that still come are dropped, and the
    /// window starts anew, behind a discontinuity, at the first keyframe that is not older.
    pub fn forget(&mut self, cut: MediaTime) -> Effects {
        if cut <= self.forgotten {
            return Effects::default();
        }
        self.forgotten = cut;
        self.queue.retain(|unit| unit.pts >= cut);
        for track in self.video.iter_mut().chain(&mut self.audio) {
            track.discard();
        }
        if self.origin.take().is_some() {
            self.discontinuity += 1;
        }
        self.cuts.clear();
        self.waiting = true;
        Effects { changed: true, keyframe: self.video.is_some() }
    }

    /// A track has ended; once both have, the playlists say so.
    pub fn end(&mut self, kind: Kind) -> Result<Effects, cmaf::Error> {
        let mut effects = Effects { changed: true, keyframe: false };
        match kind {
            Kind::Video => self.video_ended = true,
            Kind::Audio => self.audio_ended = true,
        }
        self.release(&mut effects)?;
        let ended = match kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        };
        if let Some(track) = ended {
            track.finish();
        }
        self.settle();
        Ok(effects)
    }

    /// What there is to publish now.
    pub fn snapshot(&self) -> Snapshot {
        let ended = self.video_ended && self.audio_ended;
        Snapshot::new(self.timing, self.video.as_ref(), self.audio.as_ref(), ended)
    }

    /// Lets the oldest segments go while there are too many bytes, and has snapshots show what is left.
    fn settle(&mut self) {
        let bytes = |tracks: [&Option<Track>; 2]| tracks.into_iter().flatten().map(|track| track.bytes).sum::<u64>();
        while bytes([&self.video, &self.audio]) > self.timing.bytes {
            let tracks = self.video.iter_mut().chain(&mut self.audio);
            let oldest = tracks.filter_map(|track| track.oldest().map(|start| (start, track)));
            match oldest.min_by_key(|&(start, _)| start) {
                Some((_, track)) => track.let_go(),
                None => break,
            }
        }
        self.video.iter_mut().chain(&mut self.audio).for_each(Track::shelve);
    }

    fn push_video(&mut self, unit: Unit, effects: &mut Effects) -> Result<(), cmaf::Error> {
        let Some(video) = &mut self.video else { return Ok(()) };
        if let Some(last) = video.last() {
            let step = unit.pts.since(last);
            if step.unsigned_abs() > JUMP.as_nanos() as u64 {
                self.broken = true;
                if step < 0 {
                    self.queue.clear();
                    self.cuts.clear();
                }
            }
        }
        self.frontier = Some(unit.pts);
        let fits = video.fits(&unit.config);
        self.waiting |= unit.gap || self.broken || !fits;
        let length = video.open.as_ref().map(|open| nanos(unit.pts.since(open.start)));
        // Players begin with the first complete segment: where keyframes come when asked for, that one is short.
        let segment = if video.is_new() { self.timing.segment / 2 } else { self.timing.segment };
        // Asked for early enough to come when the segment is full, and never for less than half of it.
        let lead = self.lead.unwrap_or_default().min(segment / 2);
        let wanted = length.is_some_and(|length| length + lead >= segment);
        if !unit.keyframe && (self.waiting || wanted) {
            if !self.waiting {
                self.ending.get_or_insert(unit.pts);
            }
            let due = self.asked.is_none_or(|asked| unit.pts.since(asked).unsigned_abs() >= ASK.as_nanos() as u64);
            if due {
                self.asked = Some(unit.pts);
                effects.keyframe = true;
            }
        }
        if self.waiting && !unit.keyframe {
            return Ok(());
        }
        let started = self.origin.is_some();
        let broken = started && (self.broken || !fits);
        if broken && video.discontinuity == self.discontinuity {
            self.discontinuity += 1;
        }
        let behind = video.discontinuity != self.discontinuity;
        // A keyframe a little early is as good: the next one may be a whole group of pictures away.
        let enough = segment.mul_f64(0.9);
        let cut = match length {
            None => true,
            Some(length) if unit.keyframe => broken || behind || length >= enough,
            Some(length) => length + video.usual() > self.timing.target_duration(),
        };
        let at = unit.pts;
        if unit.keyframe {
            match self.ending.take().map(|asked| nanos(at.since(asked))) {
                Some(took) => self.lead = Some(self.lead.map_or(took, |lead| (lead * 3 + took) / 4)),
                None if cut => self.lead = None,
                None => {}
            }
            // If it came too early to end the segment, the next one is asked for in time.
            self.asked = None;
        }
        let step = if cut { Step::Segment { discontinuity: self.discontinuity } } else { Step::On };
        effects.changed |= video.push(unit, step)?;
        (self.waiting, self.broken) = (false, false);
        self.origin.get_or_insert(at);
        if cut {
            if self.cuts.len() == WAITING_CUTS {
                self.cuts.pop_front();
            }
            self.cuts.push_back(Cut { at, discontinuity: self.discontinuity });
        }
        Ok(())
    }

    /// Publishes the sound that video has caught up with.
    fn release(&mut self, effects: &mut Effects) -> Result<(), cmaf::Error> {
        let Some(newest) = self.queue.back().map(|unit| unit.pts) else { return Ok(()) };
        while let Some(unit) = self.queue.front() {
            let middle = unit.pts + unit.duration.unwrap_or_default() / 2;
            match self.origin {
                None if self.video_ended => self.origin = Some(unit.pts),
                None => break,
                Some(origin) if middle < origin => {
                    self.queue.pop_front();
                    continue;
                }
                Some(_) => {}
            }
            let reached = self.frontier.is_some_and(|frontier| middle <= frontier);
            if !(reached || self.video_ended || self.audio_ended || nanos(newest.since(unit.pts)) > HOLD) {
                break;
            }
            let Some(unit) = self.queue.pop_front() else { break };
            self.push_audio(unit, middle, effects)?;
        }
        Ok(())
    }

    fn push_audio(&mut self, unit: Unit, middle: MediaTime, effects: &mut Effects) -> Result<(), cmaf::Error> {
        let Some(audio) = &mut self.audio else { return Ok(()) };
        let mut cut = false;
        let mut discontinuity = audio.discontinuity;
        while let Some(next) = self.cuts.front().filter(|cut| cut.at <= middle) {
            discontinuity = discontinuity.max(next.discontinuity);
            self.cuts.pop_front();
            cut = true;
        }
        if audio.open.is_none() && self.video.is_none() {
            discontinuity = self.discontinuity;
        }
        let length = audio.open.as_ref().map(|open| nanos(unit.pts.since(open.start)));
        let back = audio.last().is_some_and(|last| unit.pts.since(last) < -(JUMP.as_nanos() as i64));
        if audio.open.is_some() && (back || !audio.fits(&unit.config)) {
            if audio.discontinuity == self.discontinuity {
                self.discontinuity += 1;
            }
            discontinuity = self.discontinuity;
            cut = true;
        }
        // With video, sound follows its cuts, unless video has stopped for too long.
        let longest = if self.video_ended { self.timing.segment } else { self.timing.target_duration() };
        cut |= match length {
            None => true,
            Some(length) => length + audio.usual() > longest,
        };
        let step = if cut { Step::Segment { discontinuity } } else { Step::On };
        effects.changed |= audio.push(unit, step)?;
        Ok(())
    }
}

/// Nanoseconds as a duration; zero for negative ones.
fn nanos(nanos: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

//! One recording while it is made: units in, bytes of the file out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::model::time::MediaTime;
use crate::model::track::Kind;
use crate::model::unit::{Config, Unit};
use crate::proto::cmaf::{Chapter, Finish, Format, Movie, Sample, Stretch, with_sets};

/// What is written at one time: so much is lost at most of what came, beside what waits to be written.
const PIECE: Duration = Duration::from_secs(1);
/// Sound that waits for a picture that does not come.
const ALONE: Duration = Duration::from_secs(2);
/// How long the other track is waited for at the beginning.
const BOTH: Duration = Duration::from_secs(3);
/// Chapters are at least this long, in nanoseconds.
const SHORTEST: u64 = 5_000_000_000;
/// After so long without anything, what comes has no place in the same file.
const NOTHING: Duration = Duration::from_secs(30);
/// How long a file lasts at least before what has no place in it begins another one.
const OTHER: Duration = Duration::from_secs(5);
/// A frame of Opus that is silence: 20 ms, CELT, fullband, mono (RFC 6716 section 3.1), and its ticks.
const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];
const SILENCE_TICKS: u64 = 960;
/// Units that wait: ten seconds of sound and pictures. When it is full the oldest is left out.
const WAITING: usize = 1024;

/// A unit, and when it begins in the file, in ticks of its track.
struct Held {
    unit: Unit,
    tick: u64,
}

/// One track.
struct Lane {
    kind: Kind,
    format: Format,
    /// With which it began.
    config: Arc<Config>,
    held: VecDeque<Held>,
    /// Where what was taken in ends, and what was written.
    end: u64,
    written: u64,
    /// How long the last one lasted of which that is known.
    usual: u64,
}

impl Lane {
    fn ticks(&self, nanos: u64) -> u64 {
        let rate = u128::from(self.format.timescale());
        u64::try_from((u128::from(nanos) * rate + 500_000_000) / 1_000_000_000).unwrap_or(u64::MAX)
    }

    fn nanos(&self, ticks: u64) -> u64 {
        let nanos = u128::from(ticks) * 1_000_000_000 / u128::from(self.format.timescale().max(1));
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }

    /// Takes a unit in that begins so many nanoseconds after the start of the file.
    fn hold(&mut self, unit: Unit, at: u64) {
        let mut tick = self.ticks(at);
        let lasts = unit.duration.map_or(0, |duration| self.ticks(nanos(duration)));
        // Sound within half a piece of where it is expected is there: so its pieces follow each other without holes.
        if self.kind == Kind::Audio && tick.abs_diff(self.end) * 2 < lasts {
            tick = self.end;
        }
        if tick < self.end {
            return;
        }
        self.end = tick + lasts;
        if self.held.len() == WAITING {
            self.held.pop_front();
        }
        self.held.push_back(Held { unit, tick });
    }

    /// Whether what is missing is filled with silence: who sends Opus sends nothing while nobody speaks, and whoever edits the file counts
    /// on sound without holes.
    fn is_filled(&self) -> bool {
        matches!(*self.config, Config::Opus { .. })
    }

    /// Silence from what was written up to there.
    fn silence(&mut self, until: u64, samples: &mut Vec<Sample>) {
        while self.written + SILENCE_TICKS <= until {
            let (data, duration) = (Bytes::from_static(&SILENCE), SILENCE_TICKS as u32);
            samples.push(Sample { data, duration, keyframe: true });
            self.written += SILENCE_TICKS;
        }
    }

    /// The first `count` of what is held, each as long as the next one says; the last one, if there is no next, as long as it says.
    fn samples(&mut self, count: usize) -> (u64, Vec<Sample>) {
        let mut samples = Vec::with_capacity(count);
        let mut from = self.held.front().map_or(0, |held| held.tick);
        if self.is_filled() && self.written < from {
            let begins = self.written;
            self.silence(from, &mut samples);
            // What is left is shorter than a frame.
            from = if samples.is_empty() { from } else { begins };
        }
        for number in 0..count {
            let (tick, filled) = (self.held[number].tick, self.is_filled());
            if let Some(last) = samples.last_mut().filter(|_| filled) {
                last.duration += u32::try_from(tick.saturating_sub(self.written)).unwrap_or(0);
            }
            let (held, next) = (&self.held[number], self.held.get(number + 1));
            let lasts = match (next, held.unit.duration) {
                (_, Some(duration)) if filled => self.ticks(nanos(duration)),
                (Some(next), _) => next.tick - held.tick,
                (None, Some(duration)) => self.ticks(nanos(duration)),
                (None, None) => self.usual,
            };
            self.usual = lasts.max(1);
            let data = match (&*held.unit.config, held.unit.keyframe) {
                (Config::H264 { sps, pps }, true) => with_sets([sps, pps], &held.unit.data),
                _ => held.unit.data.clone(),
            };
            let duration = u32::try_from(lasts).unwrap_or(u32::MAX);
            samples.push(Sample { data, duration, keyframe: held.unit.keyframe });
            self.written = tick + lasts;
            let follows = self.held.get(number + 1).filter(|_| filled && number + 1 < count).map(|next| next.tick);
            if let Some(next) = follows {
                self.silence(next, &mut samples);
            }
        }
        self.held.drain(..count);
        self.end = self.end.max(self.written);
        (from, samples)
    }
}

/// A stretch without a break: media time runs as the file's time does.
#[derive(Clone, Copy)]
struct Run {
    /// Media time at which it begins.
    from: MediaTime,
    /// Nanoseconds since the start of the file at which that is.
    at: u64,
}

/// A recording that is made of the units of one picture and one sound. Bytes that it gives are put at the end of the file.
pub struct Take {
    /// What came before it was known what both tracks are.
    early: VecDeque<Unit>,
    movie: Option<Movie>,
    lanes: Vec<Lane>,
    run: Option<Run>,
    /// Where the next stretch begins in the file.
    base: u64,
    /// Pictures wait for a keyframe.
    waiting: bool,
    /// What came last, and whether something came that has no place in this file.
    newest: Option<MediaTime>,
    other: bool,
    /// So much of what is newest is not written yet.
    holds: Duration,
    chapters: Vec<Chapter>,
}

impl Default for Take {
    fn default() -> Self {
        Self {
            early: VecDeque::new(),
            movie: None,
            lanes: Vec::new(),
            run: None,
            base: 0,
            waiting: true,
            newest: None,
            other: false,
            holds: Duration::ZERO,
            chapters: Vec::new(),
        }
    }
}

impl Take {
    /// One that writes nothing before it is so old: as long can be cut off again.
    pub fn holding(holds: Duration) -> Self {
        Self { holds, ..Self::default() }
    }

    /// Media time at which the present stretch begins, and nanoseconds since the start of the file at which that is.
    pub fn place(&self) -> Option<(MediaTime, u64)> {
        self.run.map(|run| (run.from, run.at))
    }

    /// Whether something came that has no place in this file, such as pictures where there were none or in another codec: it takes another
    /// file, which this one has to end for.
    pub const fn is_over(&self) -> bool {
        self.other
    }

    /// Takes the next unit of a track. Answers what is to be written, if anything.
    pub fn push(&mut self, unit: Unit) -> Vec<u8> {
        let mut out = match self.movie {
            Some(_) => Vec::new(),
            None => match self.begin(&unit) {
                Some(header) => header,
                None => {
                    if self.early.len() == WAITING {
                        self.early.pop_front();
                    }
                    self.early.push_back(unit);
                    return Vec::new();
                }
            },
        };
        for early in std::mem::take(&mut self.early) {
            self.take(early);
        }
        self.take(unit);
        if self.is_due() {
            out.extend(self.piece(Keeps::Last));
        }
        out
    }

    /// Pictures were lost: they go on at the next keyframe.
    pub fn lost(&mut self) {
        self.waiting = true;
    }

    /// Whether something of the present stretch is taken in.
    pub const fn is_running(&self) -> bool {
        self.run.is_some()
    }

    /// Whether pictures wait for a keyframe.
    pub const fn needs_keyframe(&self) -> bool {
        self.waiting
    }

    /// Nothing that was captured at `at` or later may be kept, until something is pushed again: what follows then comes right behind what
    /// was before. Answers what is to be written of what may.
    pub fn cut(&mut self, at: MediaTime) -> Vec<u8> {
        self.early.clear();
        for lane in &mut self.lanes {
            while lane.held.back().is_some_and(|held| held.unit.pts >= at) {
                lane.held.pop_back();
            }
        }
        let out = self.piece(Keeps::Nothing);
        for lane in &mut self.lanes {
            lane.end = lane.written;
            self.base = self.base.max(lane.nanos(lane.written));
        }
        (self.run, self.newest, self.waiting) = (None, None, true);
        out
    }

    /// It ends here. Answers what is still to be written, and how the file is finished then; nothing if it never began.
    pub fn end(mut self) -> Option<(Vec<u8>, Finish)> {
        let rest = self.piece(Keeps::Nothing);
        let finish = self.movie?.finish(&self.chapters);
        Some((rest, finish))
    }

    /// Something begins here that people look for. One of the same name right after another is left out.
    pub fn chapter(&mut self, at: MediaTime, title: &str) {
        let Some(run) = self.run else { return };
        let at = run.at + u64::try_from(at.since(run.from)).unwrap_or(0);
        match self.chapters.last_mut() {
            Some(last) if last.title == title => {}
            // Nobody jumps to what lasted for a moment.
            Some(last) if at < last.at + SHORTEST => title.clone_into(&mut last.title),
            _ => self.chapters.push(Chapter { at, title: title.to_owned() }),
        }
    }

    /// Its chapters so far.
    pub fn chapters(&self) -> &[Chapter] {
        &self.chapters
    }

    /// How long what was written is, in nanoseconds.
    pub fn duration(&self) -> u64 {
        self.movie.as_ref().map_or(0, Movie::duration)
    }

    /// Bytes that were written.
    pub fn bytes(&self) -> u64 {
        self.movie.as_ref().map_or(0, Movie::bytes)
    }

    /// Begins the file once it is known what both tracks are, or the other one does not come.
    fn begin(&mut self, unit: &Unit) -> Option<Vec<u8>> {
        let first = |kind: Kind| {
            let can_start = |unit: &&Unit| unit.config.kind() == kind && unit.keyframe;
            self.early.iter().chain([unit]).find(can_start)
        };
        let found: Vec<&Unit> = [Kind::Video, Kind::Audio].into_iter().filter_map(first).collect();
        let waited = self.early.front().is_some_and(|first| unit.pts.since(first.pts).unsigned_abs() >= nanos(BOTH));
        if found.is_empty() || (found.len() < 2 && !waited && self.early.len() < WAITING) {
            return None;
        }
        // One that can't be read is left out; if that leaves none, the next unit is another chance.
        let lane = |first: &Unit| {
            let (format, config) = (Format::first(first).ok()?, first.config.clone());
            Some(Lane { kind: format.kind(), format, config, held: VecDeque::new(), end: 0, written: 0, usual: 1 })
        };
        let lanes: Vec<Lane> = found.into_iter().filter_map(lane).collect();
        if lanes.is_empty() {
            self.early.clear();
            return None;
        }
        let formats: Vec<&Format> = lanes.iter().map(|lane| &lane.format).collect();
        let (movie, header) = Movie::begin(&formats);
        (self.movie, self.lanes) = (Some(movie), lanes);
        Some(header)
    }

    fn take(&mut self, unit: Unit) {
        let kind = unit.config.kind();
        let pictures = self.lanes.iter().any(|lane| lane.kind == Kind::Video);
        // A file that holds back is one stretch, which ends where nothing comes for long.
        let before = self.newest.filter(|_| self.holds > Duration::ZERO);
        let nothing = before.is_some_and(|before| unit.pts.since(before) >= nanos_i64(NOTHING));
        let lasted = self.run.map_or(0, |run| unit.pts.since(run.from));
        let other = |unit: &Unit| unit.keyframe && lasted >= nanos_i64(OTHER) && Format::first(unit).is_ok();
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.kind == kind).filter(|_| !nothing) else {
            self.other |= other(&unit);
            self.waiting |= nothing;
            return;
        };
        self.newest = self.newest.max(Some(unit.pts));
        if unit.config != lane.config {
            // Sound in another form has no place in this file; pictures of H.264 carry theirs.
            if !is_h264(&unit.config) || !is_h264(&lane.config) {
                self.other |= other(&unit);
                return;
            }
            if Format::read(&unit.config).is_err() {
                return;
            }
            lane.config = unit.config.clone();
            if let Some(movie) = &mut self.movie {
                movie.changes();
            }
        }
        if kind == Kind::Video {
            self.waiting |= unit.gap;
            if self.waiting && !unit.keyframe {
                return;
            }
            self.waiting = false;
        }
        let run = match self.run {
            Some(run) => run,
            // Pictures begin a stretch, if there are any.
            None if pictures && kind == Kind::Audio => return,
            None => *self.run.insert(Run { from: unit.pts, at: self.base }),
        };
        let Ok(since) = u64::try_from(unit.pts.since(run.from)) else { return };
        lane.hold(unit, run.at + since);
    }

    /// Whether enough has come to be written.
    fn is_due(&self) -> bool {
        let spans = |kind: Kind| {
            let lane = self.lanes.iter().find(|lane| lane.kind == kind)?;
            let (first, last) = (lane.held.front()?, lane.held.back()?);
            Some(Duration::from_nanos(last.unit.pts.since(first.unit.pts).unsigned_abs()))
        };
        let alone = if self.lanes.len() == 1 { PIECE } else { ALONE } + self.holds;
        let piece = PIECE + self.holds;
        spans(Kind::Video).is_some_and(|span| span >= piece) || spans(Kind::Audio).is_some_and(|span| span >= alone)
    }

    /// Whether no picture comes any more, so that the end of the newest one is not known soon.
    fn stalls(&self) -> bool {
        let newest = |kind: Kind| Some(self.lanes.iter().find(|lane| lane.kind == kind)?.held.back()?.unit.pts);
        let behind = newest(Kind::Audio).zip(newest(Kind::Video)).map(|(sound, picture)| sound.since(picture));
        behind.is_some_and(|behind| behind >= i64::try_from(nanos(ALONE)).unwrap_or(i64::MAX))
    }

    /// What is held, as far as both tracks have come: sound is mixed later than pictures come. Of pictures the newest waits, since its end
    /// is not known. At an end what only one of them has is left out.
    fn piece(&mut self, keeps: Keeps) -> Vec<u8> {
        let stalls = self.stalls();
        let reached = |kind: Kind| {
            let lane = self.lanes.iter().find(|lane| lane.kind == kind)?;
            let newest = lane.held.back()?;
            let lasts = newest.unit.duration.unwrap_or(Duration::from_nanos(lane.nanos(lane.usual)));
            Some(newest.unit.pts + lasts)
        };
        let (pictures, sound) = (reached(Kind::Video), reached(Kind::Audio));
        // One that is far behind is not waited for.
        let late = |this: MediaTime, other: MediaTime| other.since(this).unsigned_abs() >= nanos(ALONE);
        let limit = match pictures.zip(sound) {
            Some((pictures, sound)) if !late(pictures, sound) => Some(pictures.min(sound)),
            _ => None,
        };
        let holds = matches!(keeps, Keeps::Last) && self.holds > Duration::ZERO;
        let newest = self.lanes.iter().filter_map(|lane| Some(lane.held.back()?.unit.pts)).max().filter(|_| holds);
        let limit = limit.into_iter().chain(newest.map(|newest| newest - self.holds)).min();
        let Some(movie) = &mut self.movie else { return Vec::new() };
        let run = self.run;
        let mut taken = Vec::new();
        for lane in &mut self.lanes {
            let within = lane.held.iter().take_while(|held| limit.is_none_or(|limit| held.unit.pts < limit)).count();
            let count = match (keeps, lane.kind) {
                (Keeps::Last, Kind::Video) if !stalls => within.min(lane.held.len().saturating_sub(1)),
                _ => within,
            };
            if count > 0 {
                let (decode_time, samples) = lane.samples(count);
                taken.push((lane.kind, decode_time, samples));
            } else if let (true, Some(pictures), Some(run)) = (lane.is_filled(), pictures, run) {
                // Sound that does not come for long is silence.
                let behind = u64::try_from((pictures - ALONE - self.holds).since(run.from)).unwrap_or(0);
                let (decode_time, mut samples) = (lane.written, Vec::new());
                let until = lane.ticks(run.at + behind);
                lane.silence(lane.held.front().map_or(until, |held| held.tick.min(until)), &mut samples);
                lane.end = lane.end.max(lane.written);
                taken.push((lane.kind, decode_time, samples));
            }
            if matches!(keeps, Keeps::Nothing) {
                lane.held.clear();
            }
        }
        let stretches: Vec<Stretch<'_>> = taken
            .iter()
            .map(|(kind, decode_time, samples)| Stretch { kind: *kind, decode_time: *decode_time, samples })
            .collect();
        movie.fragment(&stretches)
    }
}

/// What of what is held stays.
#[derive(Clone, Copy)]
enum Keeps {
    Last,
    Nothing,
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn nanos_i64(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

const fn is_h264(config: &Config) -> bool {
    matches!(config, Config::H264 { .. })
}

#[cfg(test)]
mod tests;

//! One recording while it is made: units in, bytes of the file out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

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

    /// The first `count` of what is held, each as long as the next one says; the last one, if there is no next, as long as it says.
    fn samples(&mut self, count: usize) -> (u64, Vec<Sample>) {
        let from = self.held.front().map_or(0, |held| held.tick);
        let mut samples = Vec::with_capacity(count);
        for number in 0..count {
            let (held, next) = (&self.held[number], self.held.get(number + 1));
            let lasts = match (next, held.unit.duration) {
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
            self.written = held.tick + lasts;
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
            chapters: Vec::new(),
        }
    }
}

impl Take {
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
        (self.run, self.waiting) = (None, true);
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
            self.early.iter().chain([unit]).find(can_start).map(|unit| unit.config.clone())
        };
        let found: Vec<Arc<Config>> = [Kind::Video, Kind::Audio].into_iter().filter_map(first).collect();
        let waited = self.early.front().is_some_and(|first| unit.pts.since(first.pts).unsigned_abs() >= nanos(BOTH));
        if found.is_empty() || (found.len() < 2 && !waited && self.early.len() < WAITING) {
            return None;
        }
        // One that can't be read is left out; if that leaves none, the next unit is another chance.
        let lane = |config: Arc<Config>| {
            let format = Format::read(&config).ok()?;
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
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.kind == kind) else { return };
        if unit.config != lane.config {
            // Sound in another form has no place in this file; pictures carry theirs.
            if kind == Kind::Audio || Format::read(&unit.config).is_err() {
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
        let alone = if self.lanes.len() == 1 { PIECE } else { ALONE };
        spans(Kind::Video).is_some_and(|span| span >= PIECE) || spans(Kind::Audio).is_some_and(|span| span >= alone)
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
        let Some(movie) = &mut self.movie else { return Vec::new() };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::cmaf::test_configs::{aac, h264};

    const PICTURE: i64 = 40_000_000;
    const SOUND: i64 = 20_000_000;

    fn picture(at: i64, keyframe: bool) -> Unit {
        Unit {
            pts: MediaTime::from_nanos(at),
            duration: None,
            keyframe,
            gap: false,
            level: None,
            config: Arc::new(h264()),
            data: vec![1; 500].into(),
        }
    }

    fn sound(at: i64) -> Unit {
        let duration = Some(Duration::from_nanos(SOUND as u64));
        Unit { duration, keyframe: true, config: Arc::new(aac()), data: vec![2; 50].into(), ..picture(at, true) }
    }

    /// Pictures and sound from here to there, with a keyframe every second; what is written of them.
    fn play(take: &mut Take, from: i64, to: i64) -> Vec<Vec<u8>> {
        let mut pieces = Vec::new();
        for at in (from..to).step_by(SOUND as usize) {
            pieces.push(take.push(sound(at)));
            if (at - from) % PICTURE == 0 {
                pieces.push(take.push(picture(at, (at - from) % 1_000_000_000 == 0)));
            }
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }

    /// The file as it would be read after a crash.
    fn read(bytes: &[u8]) -> Movie {
        let read = |at: u64, count: usize| Ok(bytes[at as usize..][..count].to_vec());
        let found = Movie::recover(bytes.len() as u64, read).expect("it is a recording");
        assert_eq!(found.end as usize, bytes.len());
        found.movie
    }

    #[test]
    fn every_second_a_piece_is_written_and_both_tracks_are_as_long() {
        let mut take = Take::default();
        let pieces = play(&mut take, 5_000_000_000, 15_000_000_000);
        assert!((9..=10).contains(&pieces.len()), "{}", pieces.len());
        let mut bytes = pieces.concat();
        assert_eq!(take.bytes() as usize, bytes.len());
        let (rest, finish) = take.end().expect("it began");
        bytes.extend(rest);
        let movie = read(&bytes);
        assert!((9_980_000_000..=10_000_000_000).contains(&movie.duration()), "{}", movie.duration());
        assert_eq!(movie.finish(&[]).at, finish.at);
    }

    #[test]
    fn pictures_begin_with_a_keyframe_and_sound_with_them() {
        let mut take = Take::default();
        let mut written = Vec::new();
        for at in [0, SOUND, 2 * SOUND] {
            written.extend(take.push(sound(at)));
            written.extend(take.push(picture(at, false)));
        }
        assert!(written.is_empty() && take.needs_keyframe(), "nothing can be shown yet");
        let pieces = play(&mut take, 100_000_000, 2_200_000_000);
        assert!(!take.needs_keyframe());
        let mut bytes = pieces.concat();
        bytes.extend(take.end().expect("it began").0);
        assert!((2_080_000_000..=2_120_000_000).contains(&read(&bytes).duration()), "{}", read(&bytes).duration());
    }

    #[test]
    fn nothing_from_the_cut_on_is_written_and_what_follows_comes_right_behind() {
        let mut take = Take::default();
        let mut bytes = play(&mut take, 0, 3_500_000_000).concat();
        let before = take.duration();
        assert!(before < 3_200_000_000, "{before}");
        bytes.extend(take.cut(MediaTime::from_millis(3_200)));
        let cut = read(&bytes).duration();
        assert!((3_160_000_000..=3_200_000_000).contains(&cut), "{cut}");
        assert!(take.cut(MediaTime::from_millis(3_200)).is_empty());
        // A minute later somebody says yes again.
        bytes.extend(play(&mut take, 63_000_000_000, 66_000_000_000).concat());
        let (rest, _) = take.end().expect("it began");
        bytes.extend(rest);
        let whole = read(&bytes).duration();
        assert!((6_140_000_000..=6_200_000_000).contains(&whole), "{whole}");
    }

    #[test]
    fn what_is_missing_stays_missing_and_sound_goes_on_alone() {
        let mut take = Take::default();
        let mut bytes = play(&mut take, 0, 2_000_000_000).concat();
        take.lost();
        assert!(take.push(picture(2_000_000_000, false)).is_empty(), "it can't be shown");
        let alone: Vec<_> =
            (2_000_000_000..8_000_000_000).step_by(SOUND as usize).map(|at| take.push(sound(at))).collect();
        assert!(alone.iter().filter(|piece| !piece.is_empty()).count() >= 2, "it does not wait for pictures for ever");
        bytes.extend(alone.concat());
        bytes.extend(play(&mut take, 8_000_000_000, 10_000_000_000).concat());
        bytes.extend(take.end().expect("it began").0);
        let whole = read(&bytes).duration();
        assert!((9_960_000_000..=10_000_000_000).contains(&whole), "{whole}");
    }

    #[test]
    fn another_size_is_another_set_of_parameters_in_the_same_file() {
        let mut take = Take::default();
        let mut bytes = play(&mut take, 0, 1_500_000_000).concat();
        let Config::H264 { sps, pps } = h264() else { panic!("it is H.264") };
        let other = Config::H264 { sps, pps: [&pps[..], &[0x80]].concat().into() };
        for (number, at) in (1_500_000_000..4_000_000_000).step_by(PICTURE as usize).enumerate() {
            bytes.extend(take.push(Unit { config: Arc::new(other.clone()), ..picture(at, number == 0) }));
            bytes.extend(take.push(sound(at)));
        }
        let (rest, finish) = take.end().expect("it began");
        bytes.extend(rest);
        assert!(finish.tail.windows(4).any(|name| name == b"avc3"), "players have to look into the stream");
        assert!(bytes.windows(pps.len() + 1).any(|set| set == [&pps[..], &[0x80]].concat()));
    }

    #[test]
    fn without_sound_pictures_are_recorded_alone_after_a_while() {
        let mut take = Take::default();
        let pieces: Vec<_> = (0..6_000_000_000)
            .step_by(PICTURE as usize)
            .map(|at| take.push(picture(at, at % 1_000_000_000 == 0)))
            .filter(|piece| !piece.is_empty())
            .collect();
        let movie = read(&pieces.concat());
        assert!(movie.duration() > 4_000_000_000, "{}: also what came while it waited", movie.duration());
    }

    #[test]
    fn chapters_are_where_something_begins_and_lasts() {
        let mut take = Take::default();
        play(&mut take, 0, 20_000_000_000);
        for (at, title) in [(0, "Everybody"), (8_000, "Ada"), (9_000, "Bob"), (10_000, "Bob"), (18_000, "Everybody")] {
            take.chapter(MediaTime::from_millis(at), title);
        }
        let told: Vec<_> =
            take.chapters().iter().map(|chapter| (chapter.at / 1_000_000, chapter.title.as_str())).collect();
        assert_eq!(told, [(0, "Everybody"), (8_000, "Bob"), (18_000, "Everybody")]);
    }
}

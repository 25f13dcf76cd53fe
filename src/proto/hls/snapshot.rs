//! What the window holds at one moment: made once for everybody, then only read.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;

use super::follower::Start;
use super::playlist::{Entry, PART_HOLD_BACK, PartEntry, Playlist, Report};
use super::reload::{Form, Reload};
use super::shelf::Shelf;
use super::track::{Map, Segment, Track};
use super::{Refused, Timing};
use crate::model::time::MediaTime;
use crate::model::track::Kind;
use crate::model::unit::Unit;
use crate::proto::cmaf::{self, Format, Picture};

/// Where renditions are, seen from each other.
const VIDEO: &str = "../video/index.m3u8";
const AUDIO: &str = "../audio/index.m3u8";

/// Both renditions at one moment. Cheap to make, however long the window is: what is complete is shared, and playlists are written
/// when the first one asks for them.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The picture, once the track exists.
    pub video: Option<Rendition>,
    /// The sound, once the track exists.
    pub audio: Option<Rendition>,
    /// Nothing more will come.
    pub ended: bool,
    made: Made,
}

/// How much was made since the beginning, of both renditions together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Made {
    /// Complete segments.
    pub segments: u64,
    /// Parts.
    pub parts: u64,
}

/// One rendition at one moment.
#[derive(Debug, Clone)]
pub struct Rendition {
    timing: Timing,
    epoch: i128,
    shelf: Arc<Shelf>,
    maps: Arc<Vec<Map>>,
    open: Option<Segment>,
    next_msn: u64,
    discontinuity: u64,
    reports: Vec<Report>,
    ended: bool,
    codec: Option<String>,
    picture: Option<Picture>,
    channels: u8,
    whole: OnceLock<Bytes>,
    delta: OnceLock<Bytes>,
}

/// Whether a request can be answered now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// Now.
    Ready,
    /// Once there is more.
    Wait,
}

/// What became of a part that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Here it is.
    Here(Bytes),
    /// It is the next one to come.
    Wait,
    /// It is not, or no longer, in the window.
    Gone,
}

/// A segment as a manifest lists it that goes by decode times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Media sequence number.
    pub msn: u64,
    /// Its discontinuity sequence number.
    pub discontinuity: u64,
    /// Where the first segment began that has this one.
    pub since: MediaTime,
    /// Number of its initialisation segment.
    pub map: u32,
    /// Decode time of its first sample, in ticks of the timescale of its map.
    pub begins: i64,
    /// Where its last part ends, in the same ticks; so far, while it is being made.
    pub ends: i64,
    /// It is whole.
    pub complete: bool,
    /// Bytes of its parts.
    pub bytes: usize,
    /// Samples of its parts.
    pub samples: u32,
}

/// What became of a stretch of a segment that was asked for by somebody who takes it while it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Here it is.
    Here(Bytes),
    /// It is the next one to come.
    Wait,
    /// The segment has no more: it is whole.
    Whole,
    /// The segment is not, or no longer, in the window.
    Gone,
}

impl Snapshot {
    pub(super) fn new(timing: Timing, video: Option<&Track>, audio: Option<&Track>, ended: bool) -> Self {
        let rendition = |track: Option<&Track>, other: Option<&Track>, uri| {
            track.map(|track| {
                let reports = other.and_then(|other| report(other, uri));
                Rendition::new(timing, track, reports.into_iter().collect(), ended)
            })
        };
        Self {
            video: rendition(video, audio, AUDIO),
            audio: rendition(audio, video, VIDEO),
            ended,
            made: video.iter().chain(&audio).fold(Made::default(), |made, track| Made {
                segments: made.segments + track.made.segments,
                parts: made.parts + track.made.parts,
            }),
        }
    }

    /// That of a smaller size, beside the renditions of `reports`.
    pub(super) fn of_rung(timing: Timing, track: &Track, reports: Vec<Report>, ended: bool) -> Self {
        let video = Some(Rendition::new(timing, track, reports, ended));
        Self { video, audio: None, ended, made: track.made }
    }

    /// How far both renditions are.
    pub(super) fn reports(&self) -> Vec<Report> {
        let video = self.video.as_ref().and_then(|video| video.newest(VIDEO));
        let audio = self.audio.as_ref().and_then(|audio| audio.newest(AUDIO));
        video.into_iter().chain(audio).collect()
    }

    /// How much was made since the beginning.
    pub const fn made(&self) -> Made {
        self.made
    }

    /// One rendition.
    pub const fn rendition(&self, kind: Kind) -> Option<&Rendition> {
        match kind {
            Kind::Video => self.video.as_ref(),
            Kind::Audio => self.audio.as_ref(),
        }
    }

    /// Whether every track has something to play, so that the multivariant playlist can name every codec.
    pub fn is_complete(&self) -> bool {
        let mut renditions = self.video.iter().chain(&self.audio).peekable();
        renditions.peek().is_some() && renditions.all(Rendition::is_playable)
    }
}

fn report(track: &Track, uri: &'static str) -> Option<Report> {
    newest(track.open.as_ref(), &track.shelf, uri)
}

fn newest(open: Option<&Segment>, shelf: &Shelf, uri: &'static str) -> Option<Report> {
    let open = open.filter(|open| !open.parts.is_empty());
    let last = open.or_else(|| shelf.all().last().map(|segment| &**segment))?;
    Some(Report { uri, msn: last.msn, part: last.parts.len() - 1 })
}

impl Rendition {
    fn new(timing: Timing, track: &Track, reports: Vec<Report>, ended: bool) -> Self {
        Self {
            timing,
            epoch: track.epoch,
            shelf: track.shelf.clone(),
            maps: track.maps.clone(),
            open: track.open.clone(),
            next_msn: track.next_msn,
            discontinuity: track.discontinuity,
            reports,
            ended,
            codec: track.format().map(|format| format.codec().to_owned()),
            picture: track.format().and_then(|format| format.picture()),
            channels: track.format().map_or(0, |format| format.channels()),
            whole: OnceLock::new(),
            delta: OnceLock::new(),
        }
    }

    /// Where its newest segments begin, and until when it is published.
    pub(super) fn lead(&self) -> (Vec<Start>, Option<MediaTime>) {
        let complete = self.shelf.recent().iter().map(|segment| &**segment);
        let all: Vec<&Segment> = complete.chain(self.open.as_ref()).collect();
        let start = |segment: &&Segment| {
            let Segment { msn, start: at, discontinuity, .. } = **segment;
            Start { msn, at, discontinuity }
        };
        let covered = all.last().map(|last| last.start + last.duration);
        (all.iter().map(start).collect(), covered)
    }

    fn newest(&self, uri: &'static str) -> Option<Report> {
        newest(self.open.as_ref(), &self.shelf, uri)
    }

    /// The media playlist, whole or as a delta update.
    pub fn playlist(&self, form: Form) -> Bytes {
        let written = match form {
            Form::Whole => &self.whole,
            Form::Delta => &self.delta,
        };
        written.get_or_init(|| Bytes::from(self.list().text(form))).clone()
    }

    fn list(&self) -> Playlist {
        let (recent, open) = (self.shelf.recent(), self.open.as_ref());
        // Parts stay listed within three target durations of the live edge (RFC 8216bis section 4.4.4.9).
        let with_parts = 3 * self.timing.target_duration();
        let mut behind: Duration = recent.iter().map(|segment| segment.duration).sum();
        behind += open.map_or(Duration::ZERO, |open| open.duration);
        let mut entries: Vec<Entry> = Vec::with_capacity(recent.len() + 1);
        for segment in recent {
            behind = behind.saturating_sub(segment.duration);
            let mut entry = entry(segment, self.epoch);
            if behind >= with_parts {
                entry.parts.clear();
            }
            entries.push(entry);
        }
        entries.extend(open.filter(|open| !open.parts.is_empty()).map(|open| entry(open, self.epoch)));
        let first = self.shelf.listed().first().map(|segment| &**segment).or(open);
        Playlist {
            target: self.timing.target(),
            part_target: self.timing.part,
            skip: self.timing.skips().then(|| self.timing.skip_boundary()),
            media_sequence: first.map_or(self.next_msn, |segment| segment.msn),
            discontinuity_sequence: first.map_or(self.discontinuity, |first| first.discontinuity - first.breaks),
            settled: self.shelf.settled.clone(),
            entries,
            hint: match open {
                Some(open) => Some((open.msn, open.parts.len())),
                None => Some((self.next_msn, 0)),
            },
            reports: self.reports.clone(),
            ended: self.ended,
        }
    }

    /// How it is cut.
    pub const fn timing(&self) -> &Timing {
        &self.timing
    }

    /// Wall time of media time zero, in nanoseconds since 1970 UTC.
    pub const fn epoch_unix_nanos(&self) -> i128 {
        self.epoch
    }

    /// Whether there is enough to play: a complete segment. Players take a playlist of parts alone for an empty one (hls.js
    /// gives up on it), so that nobody is shown one.
    pub fn is_playable(&self) -> bool {
        !self.shelf.all().is_empty()
    }

    /// The codec as RFC 6381 names it, once known.
    pub fn codec(&self) -> Option<&str> {
        self.codec.as_deref()
    }

    /// Size of the picture.
    pub const fn picture(&self) -> Option<Picture> {
        self.picture
    }

    /// Channels of the sound.
    pub const fn channels(&self) -> u8 {
        self.channels
    }

    /// The highest bit rate of a segment in the window, in bits a second.
    pub fn bandwidth(&self) -> u64 {
        let rate = |segment: &Segment| {
            let bytes: usize = segment.parts.iter().map(|part| part.body.len()).sum();
            let seconds = segment.duration.as_secs_f64();
            if seconds > 0.0 { (bytes as f64 * 8.0 / seconds) as u64 } else { 0 }
        };
        let complete = self.shelf.all().iter().map(|segment| rate(segment)).max();
        complete.or_else(|| self.open.as_ref().map(rate)).unwrap_or(0)
    }

    /// Samples a second in the newest segment, or nothing before there is one.
    pub fn sample_rate(&self) -> Option<f64> {
        let segment = self.shelf.all().last().map(|segment| &**segment).or(self.open.as_ref())?;
        let seconds = segment.duration.as_secs_f64();
        let samples: u32 = segment.parts.iter().map(|part| part.samples).sum();
        (seconds > 0.0).then(|| f64::from(samples) / seconds)
    }

    /// Whether the playlist answers a blocking reload by now (RFC 8216bis section 6.2.5.2).
    ///
    /// # Errors
    /// [`Refused`] if the request is too far ahead.
    pub fn reload(&self, reload: Reload) -> Result<Readiness, Refused> {
        const AHEAD: Refused = Refused("the playlist is not that far yet");
        if self.ended {
            return Ok(Readiness::Ready);
        }
        // The segment that is being made, and how many parts of it are there.
        let (current, parts) = match &self.open {
            Some(open) => (open.msn, open.parts.len() as u64),
            None => (self.next_msn, 0),
        };
        let last = if parts > 0 { current } else { current.saturating_sub(1) };
        if reload.msn > last.saturating_add(2) {
            return Err(AHEAD);
        }
        let part_seconds = self.timing.part.as_secs_f64();
        let limit = if part_seconds < 1.0 { (3.0 / part_seconds.max(0.01)).ceil() as u64 } else { 3 };
        if reload.msn == current && reload.part.is_some_and(|part| part > parts.saturating_add(limit)) {
            return Err(AHEAD);
        }
        let there = match reload.part {
            None => reload.msn < current,
            Some(_) if reload.msn > current => false,
            Some(part) if reload.msn == current => part < parts,
            // A part past the end of a complete segment means the first of the next.
            Some(part) => {
                let complete = self.shelf.get(reload.msn);
                let past = complete.is_some_and(|segment| part >= segment.parts.len() as u64);
                !past || reload.msn + 1 < current || parts > 0
            }
        };
        Ok(if there && self.is_playable() { Readiness::Ready } else { Readiness::Wait })
    }

    /// What the playlist lists, oldest first, and the segment that is being made, from its first sample on.
    pub fn listed(&self) -> impl DoubleEndedIterator<Item = Listed> + '_ {
        let complete = self.shelf.listed().iter().map(|segment| (&**segment, true));
        complete.chain(self.open.as_ref().map(|open| (open, false))).map(|(segment, complete)| Listed {
            msn: segment.msn,
            discontinuity: segment.discontinuity,
            since: segment.since,
            map: segment.map,
            begins: segment.ticks.0.max(0),
            ends: segment.ticks.1.max(0),
            complete,
            bytes: segment.parts.iter().map(|part| part.body.len()).sum(),
            samples: segment.parts.iter().map(|part| part.samples).sum(),
        })
    }

    /// The keyframe that is nearest to so long before live, which is where players with parts keep from the end; without a distance the
    /// newest one. Nothing where that is not, or no longer, listed.
    pub fn keyframe(&self, behind: Option<Duration>) -> Option<Unit> {
        let begun = |segment: &&Segment| segment.parts.first().is_some_and(|part| part.independent);
        let all = || {
            let listed = self.shelf.listed().iter().map(|segment| &**segment);
            listed.chain(&self.open).filter(begun)
        };
        let segment = match behind {
            None => all().next_back()?,
            Some(behind) => {
                let last = all().next_back()?;
                let lasts: Duration = last.parts.iter().map(|part| part.duration).sum();
                let back = i64::try_from((behind + self.timing.part * PART_HOLD_BACK).as_nanos()).ok()?;
                let at = last.start.plus_nanos(i64::try_from(lasts.as_nanos()).ok()?.saturating_sub(back));
                let first = all().next()?;
                all().min_by_key(|segment| segment.start.since(at).abs()).filter(|_| first.start <= at)?
            }
        };
        let data = cmaf::first(&segment.parts.first()?.body)?;
        let config = Arc::new(self.format(segment.map)?.config().clone());
        Some(Unit { pts: segment.start, duration: None, keyframe: true, gap: false, level: None, config, data })
    }

    /// What an initialisation segment says.
    pub fn format(&self, map: u32) -> Option<&Format> {
        self.maps.iter().find(|known| known.number == map).map(|known| &known.format)
    }

    /// A part of a segment that is taken while it is made. The segment after the one that is being made will come, too.
    pub fn piece(&self, msn: u64, index: usize) -> Piece {
        if let Some(segment) = self.shelf.get(msn) {
            return segment.parts.get(index).map_or(Piece::Whole, |part| Piece::Here(part.body.clone()));
        }
        let comes = match &self.open {
            Some(open) if open.msn == msn => match open.parts.get(index) {
                Some(part) => return Piece::Here(part.body.clone()),
                None => index == open.parts.len(),
            },
            Some(open) => msn == open.msn + 1 && index == 0,
            None => msn == self.next_msn && index == 0,
        };
        if comes && !self.ended { Piece::Wait } else { Piece::Gone }
    }

    /// An initialisation segment.
    pub fn init(&self, number: u64) -> Option<Bytes> {
        self.maps.iter().find(|map| u64::from(map.number) == number).map(|map| map.body.clone())
    }

    /// A complete segment.
    pub fn segment(&self, msn: u64) -> Option<Bytes> {
        self.shelf.get(msn).map(|segment| segment.body.clone())
    }

    /// A part.
    pub fn part(&self, msn: u64, part: u64) -> Found {
        let index = usize::try_from(part).unwrap_or(usize::MAX);
        if let Some(segment) = self.shelf.get(msn) {
            return segment.parts.get(index).map_or(Found::Gone, |part| Found::Here(part.body.clone()));
        }
        let hinted = match &self.open {
            Some(open) if open.msn == msn => match open.parts.get(index) {
                Some(part) => return Found::Here(part.body.clone()),
                None => index == open.parts.len(),
            },
            Some(_) => false,
            None => msn == self.next_msn && index == 0,
        };
        if hinted && !self.ended { Found::Wait } else { Found::Gone }
    }
}

/// A segment as a playlist lists it near the live edge.
pub(super) fn entry(segment: &Segment, epoch: i128) -> Entry {
    let parts = segment.parts.iter();
    Entry {
        msn: segment.msn,
        breaks: segment.breaks,
        map: segment.map,
        date: epoch + i128::from(segment.start.nanos()),
        parts: parts.map(|part| PartEntry { duration: part.duration, independent: part.independent }).collect(),
        duration: (!segment.body.is_empty()).then_some(segment.duration),
    }
}

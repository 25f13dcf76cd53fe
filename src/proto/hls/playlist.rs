//! A media playlist as text: a pure function of what it lists.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use super::reload::Form;

/// How far from the end a player without parts keeps (HOLD-BACK), in target durations.
const HOLD_BACK: u32 = 3;
/// How far from the end a player with parts keeps (PART-HOLD-BACK), in longest parts.
pub(super) const PART_HOLD_BACK: u32 = 3;
/// Room for what stands around the settled segments, in bytes.
const AROUND: usize = 6 * 1024;

/// What a media playlist lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Playlist {
    /// EXT-X-TARGETDURATION, in seconds.
    pub target: u32,
    /// PART-TARGET.
    pub part_target: Duration,
    /// The Skip Boundary, where delta updates are offered.
    pub skip: Option<Duration>,
    /// EXT-X-DISCONTINUITY-SEQUENCE: discontinuities that have left the playlist.
    pub discontinuity_sequence: u64,
    /// Media sequence number of the first segment, or of the next one when there is none.
    pub media_sequence: u64,
    /// The oldest segments: what a delta update leaves out.
    pub settled: Arc<Settled>,
    /// The segments after them, oldest first. The last one may be incomplete.
    pub entries: Vec<Entry>,
    /// Where the next part will be: media sequence number and part.
    pub hint: Option<(u64, usize)>,
    /// The other renditions.
    pub reports: Vec<Report>,
    /// Nothing more will come.
    pub ended: bool,
}

/// Segments before the Skip Boundary, written once for all playlists until another segment is complete.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settled {
    /// How many there are.
    pub segments: usize,
    /// Number of the initialisation segment of the last one.
    map: Option<u32>,
    text: String,
}

/// One segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Media sequence number.
    pub msn: u64,
    /// Discontinuities right before it.
    pub breaks: u64,
    /// Number of its initialisation segment.
    pub map: u32,
    /// When its first sample is presented, in nanoseconds since 1970 UTC.
    pub date: i128,
    /// Its parts; none once the segment is far from the live edge.
    pub parts: Vec<PartEntry>,
    /// How long it lasts; nothing while it is incomplete.
    pub duration: Option<Duration>,
}

/// One part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartEntry {
    /// How long it lasts.
    pub duration: Duration,
    /// It begins with a keyframe.
    pub independent: bool,
}

/// How far another rendition is (EXT-X-RENDITION-REPORT).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its playlist, relative to this one.
    pub uri: &'static str,
    /// Its newest segment.
    pub msn: u64,
    /// The newest part of that segment.
    pub part: usize,
}

impl Playlist {
    /// The whole playlist, or a delta update of it. Where there is nothing to leave out, and at the end, that is the whole one.
    pub fn text(&self, form: Form) -> String {
        let delta = form == Form::Delta && self.skip.is_some() && self.settled.segments > 0 && !self.ended;
        let mut text = String::with_capacity(AROUND + if delta { 0 } else { self.settled.text.len() });
        self.write(&mut text, delta).expect("a string takes all that is written");
        text
    }

    fn write(&self, f: &mut String, delta: bool) -> fmt::Result {
        let part_target = self.part_target.as_secs_f64();
        let version = if self.skip.is_some() { 9 } else { 6 };
        writeln!(f, "#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-TARGETDURATION:{}", self.target)?;
        writeln!(f, "#EXT-X-PART-INF:PART-TARGET={part_target:.3}")?;
        write!(f, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,")?;
        if let Some(boundary) = self.skip {
            write!(f, "CAN-SKIP-UNTIL={:.3},", boundary.as_secs_f64())?;
        }
        let (hold_back, part_hold_back) = (HOLD_BACK * self.target, f64::from(PART_HOLD_BACK) * part_target);
        writeln!(f, "HOLD-BACK={hold_back}.000,PART-HOLD-BACK={part_hold_back:.3}")?;
        writeln!(f, "#EXT-X-MEDIA-SEQUENCE:{}", self.media_sequence)?;
        writeln!(f, "#EXT-X-DISCONTINUITY-SEQUENCE:{}", self.discontinuity_sequence)?;
        match delta {
            true => writeln!(f, "#EXT-X-SKIP:SKIPPED-SEGMENTS={}", self.settled.segments)?,
            false => f.push_str(&self.settled.text),
        }
        let mut map = self.settled.map;
        for entry in &self.entries {
            lead(f, entry.breaks, entry.map, &mut map)?;
            entry.write(f)?;
        }
        if self.ended {
            return writeln!(f, "#EXT-X-ENDLIST");
        }
        if let Some((msn, part)) = self.hint {
            writeln!(f, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{msn}.{part}.m4s\"")?;
        }
        for Report { uri, msn, part } in &self.reports {
            writeln!(f, "#EXT-X-RENDITION-REPORT:URI=\"{uri}\",LAST-MSN={msn},LAST-PART={part}")?;
        }
        Ok(())
    }
}

impl Settled {
    /// Adds the next segment, of which `text` has its own lines (see [`Entry::text`]).
    pub(super) fn push(&mut self, breaks: u64, map: u32, text: &str) {
        lead(&mut self.text, breaks, map, &mut self.map).expect("a string takes all that is written");
        self.text.push_str(text);
        self.segments += 1;
    }
}

/// What stands before a segment: discontinuities, and the initialisation segment where it is another one than before.
fn lead(f: &mut String, breaks: u64, map: u32, last: &mut Option<u32>) -> fmt::Result {
    for _ in 0..breaks {
        writeln!(f, "#EXT-X-DISCONTINUITY")?;
    }
    if last.replace(map) != Some(map) {
        writeln!(f, "#EXT-X-MAP:URI=\"init-{map}.mp4\"")?;
    }
    Ok(())
}

impl Entry {
    /// The lines that are its own wherever it stands.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("a string takes all that is written");
        text
    }

    fn write(&self, f: &mut String) -> fmt::Result {
        if let Ok(date) = jiff::Timestamp::from_nanosecond(self.date) {
            writeln!(f, "#EXT-X-PROGRAM-DATE-TIME:{date:.3}")?;
        }
        for (index, part) in self.parts.iter().enumerate() {
            write!(f, "#EXT-X-PART:DURATION={:.5},URI=\"{}.{index}.m4s\"", part.duration.as_secs_f64(), self.msn)?;
            writeln!(f, "{}", if part.independent { ",INDEPENDENT=YES" } else { "" })?;
        }
        if let Some(duration) = self.duration {
            writeln!(f, "#EXTINF:{:.5},\n{}.m4s", duration.as_secs_f64(), self.msn)?;
        }
        Ok(())
    }
}

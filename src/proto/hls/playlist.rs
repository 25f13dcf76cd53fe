//! A media playlist as text: a pure function of what it lists.

use std::fmt;
use std::time::Duration;

/// What a media playlist lists. Written by its `Display`.
#[derive(Debug, Clone, PartialEq)]
pub struct Playlist {
    /// EXT-X-TARGETDURATION, in seconds.
    pub target: u32,
    /// PART-TARGET.
    pub part_target: Duration,
    /// EXT-X-DISCONTINUITY-SEQUENCE: discontinuities that have left the playlist.
    pub discontinuity_sequence: u64,
    /// Oldest first. The last one may be incomplete. The first one's number is EXT-X-MEDIA-SEQUENCE.
    pub entries: Vec<Entry>,
    /// Where the next part will be: media sequence number and part.
    pub hint: Option<(u64, usize)>,
    /// Media sequence number of the first entry, or of the next one when there is none.
    pub media_sequence: u64,
    /// The other rendition.
    pub report: Option<Report>,
    /// Nothing more will come.
    pub ended: bool,
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

/// How far the other rendition is (EXT-X-RENDITION-REPORT).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its playlist, relative to this one.
    pub uri: &'static str,
    /// Its newest segment.
    pub msn: u64,
    /// The newest part of that segment.
    pub part: usize,
}

impl fmt::Display for Playlist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part_target = self.part_target.as_secs_f64();
        writeln!(f, "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:{}", self.target)?;
        writeln!(f, "#EXT-X-PART-INF:PART-TARGET={part_target:.3}")?;
        writeln!(f, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={:.3}", 3.0 * part_target)?;
        writeln!(f, "#EXT-X-MEDIA-SEQUENCE:{}", self.media_sequence)?;
        writeln!(f, "#EXT-X-DISCONTINUITY-SEQUENCE:{}", self.discontinuity_sequence)?;
        let mut map = None;
        for entry in &self.entries {
            entry.write(f, &mut map)?;
        }
        if self.ended {
            return writeln!(f, "#EXT-X-ENDLIST");
        }
        if let Some((msn, part)) = self.hint {
            writeln!(f, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{msn}.{part}.m4s\"")?;
        }
        if let Some(Report { uri, msn, part }) = &self.report {
            writeln!(f, "#EXT-X-RENDITION-REPORT:URI=\"{uri}\",LAST-MSN={msn},LAST-PART={part}")?;
        }
        Ok(())
    }
}

impl Entry {
    fn write(&self, f: &mut fmt::Formatter<'_>, map: &mut Option<u32>) -> fmt::Result {
        for _ in 0..self.breaks {
            writeln!(f, "#EXT-X-DISCONTINUITY")?;
        }
        if *map != Some(self.map) {
            *map = Some(self.map);
            writeln!(f, "#EXT-X-MAP:URI=\"init-{}.mp4\"", self.map)?;
        }
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

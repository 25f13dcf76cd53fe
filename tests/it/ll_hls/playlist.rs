//! A media playlist as a player reads it.

use jiff::Timestamp;

/// What one media playlist says. Segments are whole again once a delta update was applied.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Playlist {
    pub version: u64,
    pub target: f64,
    pub part_target: f64,
    pub blocking: bool,
    pub skip_until: Option<f64>,
    pub hold_back: Option<f64>,
    pub part_hold_back: Option<f64>,
    pub sequence: u64,
    pub discontinuity_sequence: u64,
    /// Segments that a delta update leaves out.
    pub skipped: u64,
    pub segments: Vec<Segment>,
    /// The part that comes next.
    pub hint: Option<String>,
    pub reports: Vec<Report>,
    pub ended: bool,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Segment {
    pub number: u64,
    /// Its discontinuity sequence number.
    pub discontinuity: u64,
    /// Nothing where a delta update left it out.
    pub map: Option<String>,
    pub date: Option<Timestamp>,
    pub parts: Vec<Part>,
    /// Both are nothing while it is incomplete.
    pub duration: Option<f64>,
    pub uri: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    pub uri: String,
    pub duration: f64,
    pub independent: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub uri: String,
    pub number: u64,
    pub part: u64,
}

/// The value of an attribute.
fn attribute<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = list;
    loop {
        let (key, value) = rest.split_once('=')?;
        let (value, next) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').map(|(value, next)| (value, next.trim_start_matches(',')))?,
            None => value.split_once(',').unwrap_or((value, "")),
        };
        if key == name {
            return Some(value);
        }
        rest = next;
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

fn required<T: std::str::FromStr>(list: &str, name: &str) -> Result<T, String> {
    number(attribute(list, name).ok_or_else(|| format!("no {name} in {list:?}"))?)
}

fn optional<T: std::str::FromStr>(list: &str, name: &str) -> Result<Option<T>, String> {
    attribute(list, name).map(number).transpose()
}

impl Playlist {
    /// Reads a playlist; what is no playlist of a live stream is an error.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        if lines.next() != Some("#EXTM3U") {
            return Err("it does not begin with #EXTM3U".into());
        }
        let mut list = Self { version: 1, ..Self::default() };
        let (mut open, mut map) = (Segment::default(), None);
        let (mut breaks, mut discontinuity) = (0, None);
        for line in lines {
            let (tag, value) = line.split_once(':').unwrap_or((line, ""));
            match tag {
                "#EXT-X-VERSION" => list.version = number(value)?,
                "#EXT-X-TARGETDURATION" => list.target = number::<u32>(value)?.into(),
                "#EXT-X-PART-INF" => list.part_target = required(value, "PART-TARGET")?,
                "#EXT-X-SERVER-CONTROL" => {
                    list.blocking = attribute(value, "CAN-BLOCK-RELOAD") == Some("YES");
                    list.skip_until = optional(value, "CAN-SKIP-UNTIL")?;
                    list.hold_back = optional(value, "HOLD-BACK")?;
                    list.part_hold_back = optional(value, "PART-HOLD-BACK")?;
                }
                "#EXT-X-MEDIA-SEQUENCE" => list.sequence = number(value)?,
                "#EXT-X-DISCONTINUITY-SEQUENCE" => list.discontinuity_sequence = number(value)?,
                "#EXT-X-SKIP" => list.skipped = required(value, "SKIPPED-SEGMENTS")?,
                "#EXT-X-DISCONTINUITY" => breaks += 1,
                "#EXT-X-MAP" => map = Some(required::<String>(value, "URI")?),
                "#EXT-X-PROGRAM-DATE-TIME" => {
                    open.date = Some(value.parse().map_err(|error| format!("{value}: {error}"))?);
                }
                "#EXT-X-PART" => open.parts.push(Part {
                    uri: required(value, "URI")?,
                    duration: required(value, "DURATION")?,
                    independent: attribute(value, "INDEPENDENT") == Some("YES"),
                }),
                "#EXTINF" => open.duration = Some(number(value.split(',').next().unwrap_or_default())?),
                "#EXT-X-PRELOAD-HINT" => list.hint = Some(required(value, "URI")?),
                "#EXT-X-RENDITION-REPORT" => list.reports.push(Report {
                    uri: required(value, "URI")?,
                    number: required(value, "LAST-MSN")?,
                    part: required(value, "LAST-PART")?,
                }),
                "#EXT-X-ENDLIST" => list.ended = true,
                _ if !line.starts_with('#') && !line.is_empty() => open.uri = Some(line.to_owned()),
                _ => {}
            }
            if open.uri.is_some() {
                let at = *discontinuity.get_or_insert(list.discontinuity_sequence) + std::mem::take(&mut breaks);
                discontinuity = Some(at);
                list.take(Segment { discontinuity: at, map: map.clone(), ..std::mem::take(&mut open) });
            }
        }
        if !open.parts.is_empty() {
            let at = discontinuity.unwrap_or(list.discontinuity_sequence) + breaks;
            list.take(Segment { discontinuity: at, map, ..open });
        }
        Ok(list)
    }

    fn take(&mut self, segment: Segment) {
        let number = self.sequence + self.skipped + self.segments.len() as u64;
        self.segments.push(Segment { number, ..segment });
    }

    /// The whole playlist again: what this delta update leaves out is taken from the one before.
    pub fn applied(mut self, before: &Self) -> Result<Self, String> {
        let skipped = self.sequence..self.sequence + std::mem::take(&mut self.skipped);
        let mut whole = Vec::new();
        for number in skipped {
            let known = before.get(number).ok_or_else(|| format!("{number} is skipped and was never listed"))?;
            // Parts are listed near the end alone, and what is skipped is far from it.
            whole.push(Segment { parts: Vec::new(), ..known.clone() });
        }
        let (mut map, mut at) = match whole.last() {
            Some(last) => (last.map.clone(), last.discontinuity),
            None => (None, self.discontinuity_sequence),
        };
        let came = std::mem::take(&mut self.segments);
        // What comes counts its discontinuities from the first segment of the whole playlist on.
        let base = self.discontinuity_sequence;
        let first = at;
        for segment in came {
            at = first + (segment.discontinuity - base);
            map = segment.map.or(map);
            whole.push(Segment { discontinuity: at, map: map.clone(), ..segment });
        }
        self.segments = whole;
        Ok(self)
    }

    pub fn get(&self, number: u64) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.number == number)
    }

    /// How long all that is listed lasts, in seconds.
    pub fn length(&self) -> f64 {
        self.segments.iter().map(Segment::length).sum()
    }

    /// The newest segment and part.
    pub fn newest(&self) -> Option<(u64, u64)> {
        self.segments.last().map(|last| (last.number, (last.parts.len() as u64).saturating_sub(1)))
    }
}

impl Segment {
    pub fn is_complete(&self) -> bool {
        self.uri.is_some()
    }

    pub fn length(&self) -> f64 {
        self.duration.unwrap_or_else(|| self.parts.iter().map(|part| part.duration).sum())
    }
}

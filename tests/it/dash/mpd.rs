//! A manifest as a player reads it (ISO/IEC 23009-1), and the rules that a live one has to keep.

use std::collections::BTreeMap;

use mp4_atom::{Any, DecodeMaybe};
use roxmltree::{Document, Node};

const SPACE: &str = "urn:mpeg:dash:schema:mpd:2011";
/// How far the samples of a segment may be from what is listed, in seconds: a picture.
const PICTURE: f64 = 0.05;

#[derive(Debug, Clone)]
pub struct Mpd {
    pub available: jiff::Timestamp,
    pub published: jiff::Timestamp,
    pub location: String,
    pub base: String,
    pub clock: String,
    pub periods: Vec<Period>,
}

#[derive(Debug, Clone)]
pub struct Period {
    pub id: String,
    /// In seconds.
    pub start: f64,
    pub representations: Vec<Representation>,
}

#[derive(Debug, Clone)]
pub struct Representation {
    pub id: String,
    pub codecs: String,
    pub size: Option<(u32, u32)>,
    /// Addresses, seen from the base.
    pub init: String,
    media: String,
    scale: f64,
    /// Where the period starts, in seconds.
    offset: f64,
    pub early: f64,
    pub segments: Vec<Segment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    pub number: u64,
    pub begins: u64,
    pub lasts: u64,
}

fn children<'a>(node: Node<'a, 'a>, name: &'static str) -> impl Iterator<Item = Node<'a, 'a>> {
    node.children().filter(move |child| child.has_tag_name((SPACE, name)))
}

fn attribute<'a>(node: Node<'a, '_>, name: &str) -> &'a str {
    node.attribute(name).unwrap_or_else(|| panic!("{} has no {name}", node.tag_name().name()))
}

fn number(node: Node<'_, '_>, name: &str) -> u64 {
    attribute(node, name).parse().unwrap()
}

/// An `xs:duration` of seconds alone.
fn seconds(text: &str) -> f64 {
    text.strip_prefix("PT").and_then(|rest| rest.strip_suffix('S')).unwrap_or_else(|| panic!("{text}")).parse().unwrap()
}

impl Mpd {
    pub fn read(text: &str) -> Self {
        let document = Document::parse(text).unwrap_or_else(|why| panic!("{why}: {text}"));
        let root = document.root_element();
        assert!(root.has_tag_name((SPACE, "MPD")) && attribute(root, "type") == "dynamic", "{text}");
        for needed in ["minimumUpdatePeriod", "timeShiftBufferDepth", "suggestedPresentationDelay"] {
            assert!(seconds(attribute(root, needed)) > 0.0, "{text}");
        }
        let child = |name| children(root, name).next().unwrap_or_else(|| panic!("no {name}: {text}"));
        let service = child("ServiceDescription");
        let latency = children(service, "Latency").next().expect("a latency");
        assert!(number(latency, "min") <= number(latency, "target"), "{text}");
        assert!(number(latency, "target") <= number(latency, "max"), "{text}");
        assert!(children(service, "PlaybackRate").next().is_some(), "{text}");
        let clock = child("UTCTiming");
        assert_eq!(attribute(clock, "schemeIdUri"), "urn:mpeg:dash:utc:http-xsdate:2014");
        Self {
            available: attribute(root, "availabilityStartTime").parse().unwrap(),
            published: attribute(root, "publishTime").parse().unwrap(),
            location: child("Location").text().unwrap().to_owned(),
            base: child("BaseURL").text().unwrap().to_owned(),
            clock: attribute(clock, "value").to_owned(),
            periods: children(root, "Period").map(Period::read).collect(),
        }
    }

    /// The representation of this name in the newest period.
    pub fn newest(&self, id: &str) -> &Representation {
        let last = self.periods.last().expect("a period");
        last.representations.iter().find(|one| one.id == id).unwrap_or_else(|| panic!("no {id} in {last:?}"))
    }

    /// What it breaks beside the one before, in words.
    pub fn follows(&self, before: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut unless = |kept: bool, what: String| {
            if !kept {
                found.push(what)
            }
        };
        unless(self.available == before.available, format!("availability starts at {}", self.available));
        unless(self.published > before.published, format!("published {} after {}", self.published, before.published));
        for period in &self.periods {
            let Some(old) = before.periods.iter().find(|old| old.id == period.id) else { continue };
            unless(old.start == period.start, format!("{} moved from {} to {}", old.id, old.start, period.start));
            for one in &period.representations {
                let Some(old) = old.representations.iter().find(|old| old.id == one.id) else { continue };
                let last = old.segments.last().map(|last| last.number);
                let known: BTreeMap<u64, Segment> = one.segments.iter().map(|one| (one.number, *one)).collect();
                for was in &old.segments {
                    // The last one was being made: how long it gets was foretold.
                    let is = known.get(&was.number).copied();
                    let same = is.is_none_or(|is| {
                        is.begins == was.begins && (is.lasts == was.lasts || last == Some(was.number))
                    });
                    unless(same, format!("{} of {} was {was:?} and is {is:?}", was.number, one.id));
                    let gone = one.segments.first().is_some_and(|first| first.number > was.number);
                    unless(is.is_some() || gone, format!("{} of {} is gone from the middle", was.number, one.id));
                }
            }
        }
        found
    }

    /// What it breaks alone.
    pub fn alone(&self) -> Vec<String> {
        let mut found = Vec::new();
        for pair in self.periods.windows(2) {
            if pair[1].start <= pair[0].start {
                found.push(format!("{} starts before {}", pair[1].id, pair[0].id));
            }
        }
        for one in self.periods.iter().flat_map(|period| &period.representations) {
            for pair in one.segments.windows(2) {
                let (end, next) = (pair[0].begins + pair[0].lasts, pair[1].begins);
                if end != next {
                    found.push(format!("{}: {} ends at {end}, the next begins at {next}", one.id, pair[0].number));
                }
            }
        }
        found
    }
}

impl Period {
    fn read(node: Node<'_, '_>) -> Self {
        let start = seconds(attribute(node, "start"));
        let sets = children(node, "AdaptationSet").flat_map(|set| children(set, "Representation"));
        let representations: Vec<_> = sets.map(Representation::read).collect();
        for one in &representations {
            assert!(
                (one.offset - start).abs() < 0.001,
                "{} is {} s where its period starts at {start} s",
                one.id,
                one.offset
            );
        }
        Self { id: attribute(node, "id").to_owned(), start, representations }
    }
}

impl Representation {
    fn read(node: Node<'_, '_>) -> Self {
        let template = children(node, "SegmentTemplate").next().expect("a template");
        assert_eq!(attribute(template, "availabilityTimeComplete"), "false");
        assert!(number(node, "bandwidth") > 0);
        let first = number(template, "startNumber");
        let (mut segments, mut at): (Vec<Segment>, Option<u64>) = (Vec::new(), None);
        for one in children(template, "SegmentTimeline").flat_map(|line| children(line, "S")) {
            let lasts = number(one, "d");
            for again in 0..=one.attribute("r").map_or(0, |r| r.parse().unwrap()) {
                let given = one.attribute("t").filter(|_| again == 0).map(|t| t.parse().unwrap());
                let begins = given.or(at).expect("the first one has a time");
                segments.push(Segment { number: first + segments.len() as u64, begins, lasts });
                at = Some(begins + lasts);
            }
        }
        assert!(!segments.is_empty());
        let scale = number(template, "timescale") as f64;
        let size = node.attribute("width").map(|_| (number(node, "width") as u32, number(node, "height") as u32));
        Self {
            id: attribute(node, "id").to_owned(),
            codecs: attribute(node, "codecs").to_owned(),
            size,
            init: attribute(template, "initialization").to_owned(),
            media: attribute(template, "media").to_owned(),
            scale,
            offset: number(template, "presentationTimeOffset") as f64 / scale,
            early: attribute(template, "availabilityTimeOffset").parse().unwrap(),
            segments,
        }
    }

    /// Where a segment is, seen from the base.
    pub fn address(&self, number: u64) -> String {
        self.media.replace("$Number$", &number.to_string())
    }

    /// Whether a whole segment is what is listed: its decode time, and how long its samples last.
    pub fn is(&self, segment: &Segment, body: &[u8]) -> Result<(), String> {
        let (begins, lasts) = times(body).ok_or_else(|| format!("{} {} has no fragment", self.id, segment.number))?;
        if begins != segment.begins {
            return Err(format!("{} {} begins at {begins}, not at {}", self.id, segment.number, segment.begins));
        }
        let apart = (lasts as f64 - segment.lasts as f64) / self.scale;
        if apart.abs() > PICTURE {
            return Err(format!("{} {} is {apart} s longer than listed", self.id, segment.number));
        }
        Ok(())
    }
}

/// The first decode time of a segment, and from there to its last sample's end, in ticks.
fn times(mut body: &[u8]) -> Option<(u64, u64)> {
    let mut span: Option<(u64, u64)> = None;
    while let Ok(Some(any)) = Any::decode_maybe(&mut body) {
        let Any::Moof(moof) = any else { continue };
        let track = moof.traf.first()?;
        let begins = track.tfdt.as_ref()?.base_media_decode_time;
        let samples = track.trun.iter().flat_map(|run| run.samples.iter());
        let end = begins + samples.map(|sample| u64::from(sample.duration.unwrap_or(0))).sum::<u64>();
        span = Some((span.map_or(begins, |(first, _)| first), end));
    }
    span.map(|(begins, end)| (begins, end - begins))
}

const WHOLE: &str = r#"<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic" availabilityStartTime="2026-11-21T00:00:00.000Z" publishTime="2026-11-21T00:00:16.000Z" minimumUpdatePeriod="PT1S" timeShiftBufferDepth="PT300S" suggestedPresentationDelay="PT3S">
 <BaseURL>../../hls/a/1/</BaseURL>
 <Location>manifest.mpd?run=1</Location>
 <ServiceDescription id="0"><Latency target="3000" min="1000" max="9000"/><PlaybackRate min="0.95" max="1.05"/></ServiceDescription>
 <Period id="1-0" start="PT0S"><AdaptationSet><Representation id="video" codecs="avc1.42C01F" bandwidth="100">
  <SegmentTemplate timescale="90000" presentationTimeOffset="0" availabilityTimeOffset="2" availabilityTimeComplete="false" initialization="i" media="video/$Number$.m4s" startNumber="3">
   <SegmentTimeline><S t="0" d="180000" r="2"/><S t="540000" d="225000"/></SegmentTimeline>
  </SegmentTemplate>
 </Representation></AdaptationSet></Period>
 <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="/dash/time"/>
</MPD>"#;

#[test]
fn every_rule_of_a_manifest_can_be_broken() {
    let whole = Mpd::read(WHOLE);
    assert_eq!(whole.alone(), Vec::<String>::new());
    let with = |from: &str, to: &str| {
        assert!(WHOLE.contains(from), "{from}");
        Mpd::read(&WHOLE.replacen(from, to, 1))
    };
    let later = ("00:00:16", "00:00:17");
    assert_eq!(with(later.0, later.1).follows(&whole), Vec::<String>::new());
    assert_eq!(whole.follows(&whole).len(), 1, "it was published before");
    for (from, to) in [("t=\"540000\"", "t=\"540001\""), ("t=\"540000\"", "t=\"539999\"")] {
        assert_eq!(with(from, to).alone().len(), 1, "{to}");
    }
    for (from, to) in [
        ("21T00:00:00.000Z", "21T00:00:00.001Z"),
        ("start=\"PT0S\"", "start=\"PT0.0005S\""),
        ("startNumber=\"3\"", "startNumber=\"2\""),
        ("r=\"2\"/><S t=\"540000\"", "r=\"1\"/><S t=\"360000\""),
    ] {
        let changed = Mpd::read(&WHOLE.replacen(from, to, 1).replacen(later.0, later.1, 1));
        assert!(!changed.follows(&whole).is_empty(), "{to}");
    }
}

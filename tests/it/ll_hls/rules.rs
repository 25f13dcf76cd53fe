//! The rules of draft-pantos-hls-rfc8216bis for live low-latency playlists, each of which can be broken.

use super::playlist::{Playlist, Report, Segment};

/// A rule. The number is the section it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// 8: a tag needs a higher EXT-X-VERSION.
    Version,
    /// 4.4.3.1: no segment is longer than the target duration, rounded.
    TargetDuration,
    /// 4.4.3.7: no part is longer than PART-TARGET.
    PartTarget,
    /// 4.4.4.9: all parts of a segment but the last have at least 85 % of it.
    ShortPart,
    /// 4.4.4.9: the parts of a segment are as long as it.
    PartSum,
    /// 4.4.4.9, 6.2.2: parts are listed within three target durations of the end, and not elsewhere.
    PartsNearTheEnd,
    /// 4.4.3.8: HOLD-BACK has at least three target durations, PART-HOLD-BACK three part targets.
    HoldBack,
    /// 4.4.3.8: CAN-SKIP-UNTIL has at least six target durations, and nothing nearer is skipped.
    SkipBoundary,
    /// 4.4.4.6: dates rise as the durations say.
    Date,
    /// 4.4.4.5: an initialisation segment is named for each segment.
    Map,
    /// 6.2.2: a live playlist has three target durations at least once anything has left it.
    Length,
    /// 4.4.5.3: the next part is named, and is not listed yet.
    Hint,
    /// 6.2.1: what stands above the segments never changes.
    Header,
    /// 4.4.3.2: numbers stay with their segments, which leave at the front alone.
    Sequence,
    /// 4.4.3.3: discontinuity sequence numbers stay with their segments.
    Discontinuity,
    /// 6.2.2: what was listed of a segment stays as it is.
    Changed,
    /// 6.2.2: a hinted part comes.
    HintKept,
    /// 4.4.5.4: the other rendition is as far as it was said to be, and is said to be as far as it is.
    Report,
    /// 6.2.5.1: a delta update and what was known before are the whole playlist.
    Delta,
    /// 4.4.4.9: a part that is called independent begins with a picture that needs no other.
    Independent,
    /// 6.2.2: what is listed can be had.
    Missing,
}

/// A rule that is broken, and by what.
pub type Complaint = (Rule, String);

/// Durations are written to five digits, dates to three.
const DIGITS: f64 = 0.000_02;
/// How far a date may be from what the durations say, in seconds: half a frame of sound and the digits.
const DATE: f64 = 0.025;

struct Complaints(Vec<Complaint>);

impl Complaints {
    fn unless(&mut self, kept: bool, rule: Rule, what: impl FnOnce() -> String) {
        if !kept {
            self.0.push((rule, what()));
        }
    }
}

/// What one playlist breaks. Of a delta update before it was applied, give `skipped` alone; else it is zero.
pub fn alone(list: &Playlist) -> Vec<Complaint> {
    let mut found = Complaints(Vec::new());
    let needed = if list.skip_until.is_some() || list.skipped > 0 { 9 } else { 6 };
    found.unless(list.version >= needed, Rule::Version, || format!("{} where {needed} is needed", list.version));
    let enough = |given: Option<f64>, least: f64| given.is_some_and(|given| given >= least - DIGITS);
    let hold_back = enough(list.hold_back, 3.0 * list.target) && enough(list.part_hold_back, 3.0 * list.part_target);
    found.unless(hold_back, Rule::HoldBack, || format!("{:?} and {:?}", list.hold_back, list.part_hold_back));
    if let Some(boundary) = list.skip_until {
        found.unless(boundary >= 6.0 * list.target, Rule::SkipBoundary, || format!("{boundary} s"));
    }
    if list.skipped > 0 {
        let nearest = list.length();
        let kept = list.skip_until.is_some_and(|boundary| nearest >= boundary - DIGITS);
        found.unless(kept, Rule::SkipBoundary, || format!("what is {nearest} s from the end is skipped"));
    }
    if list.sequence > 0 && !list.ended {
        let length = list.length();
        found.unless(length >= 3.0 * list.target || list.skipped > 0, Rule::Length, || format!("{length} s"));
    }
    let mut behind = list.length();
    for segment in &list.segments {
        behind -= segment.length();
        of_segment(list, segment, behind, &mut found);
    }
    for pair in list.segments.windows(2) {
        let (Some(from), Some(to)) = (pair[0].date, pair[1].date) else { continue };
        let step = (to - from).total(jiff::Unit::Second).unwrap_or(f64::NAN);
        let apart = step - pair[0].length();
        // Behind a discontinuity there may be a hole, but never a step back.
        let kept = apart.abs() <= DATE || (pair[0].discontinuity != pair[1].discontinuity && apart > -DATE);
        found.unless(kept, Rule::Date, || format!("{} begins {apart} s off", pair[1].number));
    }
    let listed = |uri: &String| list.segments.iter().flat_map(|segment| &segment.parts).any(|part| part.uri == *uri);
    let hinted = list.ended || list.hint.as_ref().is_some_and(|uri| !listed(uri));
    found.unless(hinted, Rule::Hint, || format!("{:?}", list.hint));
    found.0
}

fn of_segment(list: &Playlist, segment: &Segment, behind: f64, found: &mut Complaints) {
    let name = segment.number;
    if let Some(duration) = segment.duration {
        found.unless(duration.round() <= list.target, Rule::TargetDuration, || format!("{name} has {duration} s"));
    }
    // Behind what a delta update skips it is the one that was in force there.
    found.unless(segment.map.is_some() || list.skipped > 0, Rule::Map, || format!("none for {name}"));
    found.unless(segment.date.is_some(), Rule::Date, || format!("none for {name}"));
    let edge = 3.0 * list.target;
    let (near, far) = (behind < edge - DIGITS * 100.0, behind > edge + DIGITS * 100.0);
    let kept = if segment.parts.is_empty() { !near } else { !far };
    found.unless(kept, Rule::PartsNearTheEnd, || {
        format!("{name} ends {behind} s from the end and has {} parts", segment.parts.len())
    });
    for (index, part) in segment.parts.iter().enumerate() {
        let (uri, duration) = (&part.uri, part.duration);
        found.unless(duration <= list.part_target + DIGITS, Rule::PartTarget, || format!("{uri} has {duration} s"));
        let last = index + 1 == segment.parts.len();
        let long = duration >= 0.85 * list.part_target - DIGITS;
        found.unless(last || long, Rule::ShortPart, || format!("{uri} has {duration} s"));
    }
    if let (Some(duration), false) = (segment.duration, segment.parts.is_empty()) {
        let sum: f64 = segment.parts.iter().map(|part| part.duration).sum();
        let digits = DIGITS * (segment.parts.len() + 1) as f64;
        found.unless((sum - duration).abs() <= digits, Rule::PartSum, || format!("{name}: {sum} s of {duration} s"));
    }
}

/// What a reload breaks; both are whole.
pub fn reloaded(before: &Playlist, after: &Playlist) -> Vec<Complaint> {
    let mut found = Complaints(Vec::new());
    let header = |list: &Playlist| {
        let control = (list.blocking, list.skip_until, list.hold_back, list.part_hold_back);
        (list.version, list.target, list.part_target, control)
    };
    found
        .unless(header(before) == header(after), Rule::Header, || format!("{:?}, {:?}", header(before), header(after)));
    let rises = after.sequence >= before.sequence && after.newest() >= before.newest();
    found.unless(rises, Rule::Sequence, || {
        format!("{} to {:?}, then {} to {:?}", before.sequence, before.newest(), after.sequence, after.newest())
    });
    let kept = after.discontinuity_sequence >= before.discontinuity_sequence;
    found.unless(kept, Rule::Discontinuity, || format!("it falls to {}", after.discontinuity_sequence));
    for old in &before.segments {
        let name = old.number;
        let Some(new) = after.get(name) else {
            found.unless(name < after.sequence, Rule::Sequence, || format!("{name} is gone from the middle"));
            continue;
        };
        let same = old.discontinuity == new.discontinuity;
        found.unless(same, Rule::Discontinuity, || format!("{name}: {}, {}", old.discontinuity, new.discontinuity));
        let whole = !old.is_complete() || (&old.uri, old.duration) == (&new.uri, new.duration);
        let parts = new.parts.is_empty() || new.parts.starts_with(&old.parts);
        let same = whole && parts && (&old.map, old.date) == (&new.map, new.date);
        found.unless(same, Rule::Changed, || format!("{old:?} becomes {new:?}"));
    }
    let gone = |list: &Playlist| after.newest() > list.newest() && !after.ended;
    if let (Some(hint), true) = (&before.hint, gone(before)) {
        let came = after.segments.iter().flat_map(|segment| &segment.parts).any(|part| part.uri == *hint);
        found.unless(came, Rule::HintKept, || format!("{hint} did not come"));
    }
    found.0
}

/// Whether a report was true: `other` is the playlist of that rendition, read right after, and `target` bounds how far it
/// may have got meanwhile, in seconds.
pub fn reported(report: &Report, other: &Playlist) -> Vec<Complaint> {
    let mut found = Complaints(Vec::new());
    let said = (report.number, report.part);
    let is = other.newest().unwrap_or_default();
    found.unless(is >= said, Rule::Report, || format!("{said:?} was said, and it is at {is:?}"));
    let length = |from: u64| other.segments.iter().filter(|one| one.number > from).map(Segment::length).sum::<f64>();
    let late = length(report.number);
    found.unless(late <= 2.0 * other.target, Rule::Report, || format!("{said:?} is {late} s late, it is at {is:?}"));
    found.0
}

/// Whether a delta update that was applied is the whole playlist of the same moment.
pub fn delta(applied: &Playlist, whole: &Playlist) -> Vec<Complaint> {
    let mut found = Complaints(Vec::new());
    let bare = |list: &Playlist| {
        let mut list = Playlist { reports: Vec::new(), ..list.clone() };
        for segment in &mut list.segments {
            segment.discontinuity -= list.discontinuity_sequence;
        }
        list
    };
    let (is, wanted) = (bare(applied), bare(whole));
    found.unless(is == wanted, Rule::Delta, || format!("{is:?} instead of {wanted:?}"));
    found.0
}

/// Whether a part is what it is called: `body` is its bytes.
pub fn independent(uri: &str, called: bool, body: &[u8]) -> Vec<Complaint> {
    let mut found = Complaints(Vec::new());
    match begins_with_sync(body) {
        None => found.unless(false, Rule::Missing, || format!("{uri} has no fragment")),
        Some(sync) => found.unless(sync || !called, Rule::Independent, || format!("{uri} needs another picture")),
    }
    found.0
}

/// Whether the first sample of a fragment can be decoded without another (ISO 14496-12 sections 8.8.7, 8.8.8).
fn begins_with_sync(body: &[u8]) -> Option<bool> {
    const NON_SYNC: u32 = 0x0001_0000;
    let moof = child(body, *b"moof")?;
    let traf = child(moof, *b"traf")?;
    let word = |from: &[u8], at: usize| Some(u32::from_be_bytes(from.get(at..at + 4)?.try_into().ok()?));
    let run = child(traf, *b"trun")?;
    let flags = word(run, 0)?;
    // Behind flags and number: offset of the data, flags of the first sample, then the samples.
    let mut at = 8 + if flags & 0x1 != 0 { 4 } else { 0 };
    if flags & 0x4 != 0 {
        return Some(word(run, at)? & NON_SYNC == 0);
    }
    if flags & 0x400 != 0 {
        at += [0x100, 0x200].iter().filter(|&&bit| flags & bit != 0).count() * 4;
        return Some(word(run, at)? & NON_SYNC == 0);
    }
    let header = child(traf, *b"tfhd")?;
    let flags = word(header, 0)?;
    let before = [(0x1, 8), (0x2, 4), (0x8, 4), (0x10, 4)];
    let at = 8 + before.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, size)| size).sum::<usize>();
    if flags & 0x20 != 0 { Some(word(header, at)? & NON_SYNC == 0) } else { Some(true) }
}

/// What is in the first box of this name.
fn child(mut boxes: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    while boxes.len() >= 8 {
        let size = u32::from_be_bytes(boxes[..4].try_into().ok()?) as usize;
        if boxes[4..8] == name {
            return boxes.get(8..size);
        }
        boxes = boxes.get(size.max(8)..)?;
    }
    None
}

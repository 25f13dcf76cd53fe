//! The manifest as text: a pure function of what the window holds.

use std::time::Duration;

use super::xml::Xml;
use super::{Presentation, REACH, UPDATE, foretold, latency};
use crate::model::rung::Rung;
use crate::model::time::MediaTime;
use crate::proto::cmaf::Format;
use crate::proto::hls::{Listed, Rendition, Snapshot, Timing};

const PROFILES: &str = "urn:mpeg:dash:profile:isoff-live:2011,http://www.dashif.org/guidelines/low-latency-live-v5";
const XSDATE: &str = "urn:mpeg:dash:utc:http-xsdate:2014";
/// What a rendition is said to need when nothing was measured yet, in bits a second.
const BANDWIDTH_UNKNOWN: u64 = 128_000;
/// By how much players may play slower or faster to keep their distance.
const RATES: (f64, f64) = (0.95, 1.05);
/// Ticks a second of all pictures.
const VIDEO_TIMESCALE: u32 = 90_000;

/// One period: a stretch between two discontinuities.
struct Period {
    discontinuity: u64,
    /// In milliseconds of media time.
    start: u64,
}

/// Segments of one rendition in one period: one after the other, of one initialisation segment.
struct Stretch<'a> {
    format: &'a Format,
    map: u32,
    segments: Vec<Listed>,
}

/// How a rendition is said to be coded.
struct Representation<'a> {
    id: String,
    codec: &'a str,
    bandwidth: u64,
    /// Width, height and pictures a second.
    picture: Option<(u32, u32, u64)>,
    timescale: u32,
    initialization: String,
    first: u64,
    times: Vec<(i64, i64)>,
}

/// The manifest of a run. Nothing while no track has anything to play.
pub fn manifest(snapshot: &Snapshot, presentation: &Presentation<'_>) -> Option<String> {
    let [video, audio] =
        [&snapshot.video, &snapshot.audio].map(|rendition| rendition.as_ref().filter(|it| it.is_playable()));
    let main = video.or(audio)?;
    let timing = main.timing();
    let (from, newest) = reach(main)?;
    let periods = periods(main, video.and(audio), from);
    let first = periods.first()?;
    let mut xml = Xml::new();
    let epoch = main.epoch_unix_nanos();
    let began = MediaTime::from_millis(i64::try_from(first.start).unwrap_or(i64::MAX));
    // Once segments have left the front, there is as much as is listed; before, as much as there will be. Starts of periods are rounded.
    let left = from > began + Duration::from_millis(1);
    let depth = if left { Duration::from_nanos(newest.since(from).unsigned_abs()) } else { depth(timing) };
    let mut about: Vec<(&str, String)> = vec![
        ("xmlns", "urn:mpeg:dash:schema:mpd:2011".into()),
        ("profiles", PROFILES.into()),
        ("type", "dynamic".into()),
        ("availabilityStartTime", date(epoch)),
        ("publishTime", date(presentation.now_unix_nanos)),
    ];
    match snapshot.ended {
        true => about.push(("mediaPresentationDuration", seconds(Duration::from_nanos(newest.nanos().unsigned_abs())))),
        false => about.push(("minimumUpdatePeriod", seconds(UPDATE))),
    }
    about.extend([
        ("timeShiftBufferDepth", seconds(depth)),
        ("suggestedPresentationDelay", seconds(latency(timing))),
        ("maxSegmentDuration", seconds(timing.target_duration())),
        ("minBufferTime", seconds(2 * timing.part)),
    ]);
    let about: Vec<(&str, &dyn std::fmt::Display)> = about.iter().map(|(name, value)| (*name, value as _)).collect();
    xml.open("MPD", &about);
    xml.text("BaseURL", presentation.media);
    xml.text("Location", presentation.location);
    service(&mut xml, timing);
    for period in &periods {
        let id = format!("{}-{}", presentation.run, period.discontinuity);
        let start = Duration::from_millis(period.start);
        xml.open("Period", &[("id", &id), ("start", &seconds(start))]);
        let produced = (date(epoch + start.as_nanos() as i128), presentation.clock);
        if let Some(video) = video {
            pictures(&mut xml, video, presentation.rungs, period, from, &produced);
        }
        if let Some(stretch) = audio.and_then(|audio| stretch(audio, period.discontinuity, from)) {
            sound(&mut xml, &stretch, period, timing, &produced);
        }
        xml.close();
    }
    xml.empty("UTCTiming", &[("schemeIdUri", &XSDATE), ("value", &presentation.clock)]);
    xml.close();
    Some(xml.finish())
}

/// How far behind players keep, and how fast they may play to keep so (ISO/IEC 23009-1 annex K).
fn service(xml: &mut Xml, timing: &Timing) {
    let (latency, most) = (latency(timing), 2 * timing.target_duration());
    let least = (UPDATE + timing.part).min(latency);
    xml.open("ServiceDescription", &[("id", &0)]);
    let [target, least, most] = [latency, least, latency + most].map(|one| one.as_millis());
    xml.empty("Latency", &[("referenceId", &0), ("target", &target), ("min", &least), ("max", &most)]);
    xml.empty("PlaybackRate", &[("min", &RATES.0), ("max", &RATES.1)]);
    xml.close();
}

/// From where on segments are listed, and until where there are any.
fn reach(main: &Rendition) -> Option<(MediaTime, MediaTime)> {
    let time =
        |one: &Listed, ticks: i64| main.format(one.map).map(|format| MediaTime::from_ticks(ticks, format.timescale()));
    let newest = main.listed().next_back().and_then(|one| time(&one, one.ends))?;
    let reached = newest - REACH;
    let first = main.listed().rev().map_while(|one| Some((time(&one, one.begins)?, time(&one, one.ends)?)));
    let (first, _) = first.take_while(|(_, ends)| *ends > reached).last()?;
    Some((first, newest))
}

/// How far back those who watch can go, once there was so much.
fn depth(timing: &Timing) -> Duration {
    let least = timing.segment * u32::try_from(timing.segments).unwrap_or(u32::MAX);
    timing.window.max(least).min(REACH)
}

/// The periods of what is listed from a moment on. The newest one has to wait for `other`, at most as long as its first segment.
fn periods(main: &Rendition, other: Option<&Rendition>, from: MediaTime) -> Vec<Period> {
    let mut periods: Vec<Period> = Vec::new();
    let mut whole = false;
    for one in listed(main, from) {
        if periods.last().is_none_or(|last| last.discontinuity != one.discontinuity) {
            let start = u64::try_from(one.since.nanos() / 1_000_000).unwrap_or(0);
            periods.push(Period { discontinuity: one.discontinuity, start });
            whole = false;
        }
        whole |= one.complete;
    }
    let there = |last: &Period| {
        other.is_none_or(|other| listed(other, from).iter().any(|one| one.discontinuity == last.discontinuity))
    };
    if periods.len() > 1 && !whole && !periods.last().is_some_and(there) {
        periods.pop();
    }
    periods
}

/// What is listed of a rendition from a moment on, oldest first.
fn listed(rendition: &Rendition, from: MediaTime) -> Vec<Listed> {
    let within = |one: &Listed| {
        let format = rendition.format(one.map);
        format.is_some_and(|format| !one.complete || MediaTime::from_ticks(one.ends, format.timescale()) > from)
    };
    let mut found: Vec<Listed> = rendition.listed().rev().take_while(within).collect();
    found.reverse();
    found
}

fn stretch(rendition: &Rendition, discontinuity: u64, from: MediaTime) -> Option<Stretch<'_>> {
    let mut segments = listed(rendition, from);
    segments.retain(|one| one.discontinuity == discontinuity);
    let map = segments.last()?.map;
    segments.retain(|one| one.map == map);
    Some(Stretch { format: rendition.format(map)?, map, segments })
}

impl Stretch<'_> {
    /// Where each segment begins and how long it lasts: up to the next one, so that there is no hole.
    fn times(&self, timing: &Timing) -> Vec<(i64, i64)> {
        let next = self.segments.iter().skip(1).map(|next| Some(next.begins)).chain([None]);
        let scale = self.format.timescale();
        let times = self.segments.iter().zip(next).map(|(one, next)| {
            let end = match next {
                Some(next) => next,
                None if one.complete => one.ends,
                None => {
                    one.begins
                        + ticks(foretold(timing), scale).max(one.ends - one.begins + ticks(2 * timing.part, scale))
                }
            };
            (one.begins, (end - one.begins).max(1))
        });
        times.collect()
    }

    /// The highest bit rate of a segment, in bits a second.
    fn bandwidth(&self) -> u64 {
        let scale = u64::from(self.format.timescale());
        let rate = |one: &Listed| (one.bytes as u64 * 8 * scale).checked_div((one.ends - one.begins).unsigned_abs());
        self.segments.iter().filter(|one| one.complete).filter_map(rate).max().unwrap_or(BANDWIDTH_UNKNOWN)
    }

    /// Pictures a second, to the nearest whole number.
    fn rate(&self) -> u64 {
        let known = self.segments.iter().filter(|one| one.samples > 0);
        let (samples, ticks) = known.fold((0, 0), |(samples, ticks), one| {
            (samples + u64::from(one.samples), ticks + (one.ends - one.begins).unsigned_abs())
        });
        (samples * u64::from(self.format.timescale()) + ticks / 2).checked_div(ticks).unwrap_or(0).max(1)
    }

    fn representation(&self, id: String, timing: &Timing) -> Representation<'_> {
        let picture = self.format.picture();
        Representation {
            id,
            codec: self.format.codec(),
            bandwidth: self.bandwidth(),
            picture: picture.map(|picture| (picture.width.into(), picture.height.into(), self.rate())),
            timescale: self.format.timescale(),
            initialization: format!("init-{}.mp4", self.map),
            first: self.segments.first().map_or(0, |first| first.msn),
            times: self.times(timing),
        }
    }
}

/// What is on air, and the smaller pictures of it.
fn pictures(
    xml: &mut Xml,
    video: &Rendition,
    rungs: &[(Rung, std::sync::Arc<Snapshot>)],
    period: &Period,
    from: MediaTime,
    produced: &(String, &str),
) {
    let timing = video.timing();
    let Some(whole) = stretch(video, period.discontinuity, from) else { return };
    let main = whole.representation("video".into(), timing);
    let lines = main.picture.map_or(0, |(_, height, _)| height);
    set(
        xml,
        ("0", "video"),
        |xml| reference(xml, period, VIDEO_TIMESCALE, produced),
        |xml| {
            represent(xml, &main, period, timing);
            for (rung, made) in rungs.iter().filter(|(rung, _)| rung.size().1 < lines) {
                let known = made.video.as_ref().and_then(|made| stretch(made, period.discontinuity, from));
                let Some(known) = known else { continue };
                let (_, height) = rung.size();
                // None needs more than what is on air itself, however little moves there: players go by this order.
                let bandwidth = u64::from(rung.bitrate()).min(main.bandwidth * u64::from(height) / u64::from(lines));
                let one = Representation { bandwidth, ..known.representation(format!("video-{rung}"), timing) };
                represent(xml, &one, period, timing);
            }
        },
    );
}

fn sound(xml: &mut Xml, stretch: &Stretch<'_>, period: &Period, timing: &Timing, produced: &(String, &str)) {
    let channels = stretch.format.channels();
    let about = |xml: &mut Xml| {
        let scheme = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011";
        xml.empty("AudioChannelConfiguration", &[("schemeIdUri", &scheme), ("value", &channels)]);
        reference(xml, period, stretch.format.timescale(), produced);
    };
    let one = stretch.representation("audio".into(), timing);
    set(xml, ("1", "audio"), about, |xml| represent(xml, &one, period, timing));
}

fn set(xml: &mut Xml, (id, kind): (&str, &str), about: impl FnOnce(&mut Xml), inside: impl FnOnce(&mut Xml)) {
    let mime = format!("{kind}/mp4");
    xml.open("AdaptationSet", &[("id", &id), ("contentType", &kind), ("mimeType", &mime), ("segmentAlignment", &true)]);
    about(xml);
    xml.empty("Role", &[("schemeIdUri", &"urn:mpeg:dash:role:2011"), ("value", &"main")]);
    inside(xml);
    xml.close();
}

/// When what is presented at the period's start was taken by camera and microphone (ISO/IEC 23009-1 section 5.12).
fn reference(xml: &mut Xml, period: &Period, scale: u32, (date, clock): &(String, &str)) {
    let at = offset(period, scale);
    xml.open(
        "ProducerReferenceTime",
        &[("id", &0), ("type", &"captured"), ("wallClockTime", date), ("presentationTime", &at)],
    );
    xml.empty("UTCTiming", &[("schemeIdUri", &XSDATE), ("value", clock)]);
    xml.close();
}

fn represent(xml: &mut Xml, one: &Representation<'_>, period: &Period, timing: &Timing) {
    match one.picture {
        Some((width, height, rate)) => xml.open(
            "Representation",
            &[
                ("id", &one.id),
                ("codecs", &one.codec),
                ("bandwidth", &one.bandwidth),
                ("width", &width),
                ("height", &height),
                ("frameRate", &rate),
            ],
        ),
        None => xml.open(
            "Representation",
            &[
                ("id", &one.id),
                ("codecs", &one.codec),
                ("bandwidth", &one.bandwidth),
                ("audioSamplingRate", &one.timescale),
            ],
        ),
    }
    let early = (foretold(timing).saturating_sub(timing.part)).as_secs_f64();
    xml.open(
        "SegmentTemplate",
        &[
            ("timescale", &one.timescale),
            ("presentationTimeOffset", &offset(period, one.timescale)),
            ("availabilityTimeOffset", &early),
            ("availabilityTimeComplete", &false),
            ("initialization", &format!("{}/{}", one.id, one.initialization)),
            ("media", &format!("{}/$Number$.m4s", one.id)),
            ("startNumber", &one.first),
        ],
    );
    xml.open("SegmentTimeline", &[]);
    let mut times = one.times.iter().peekable();
    let mut first = true;
    while let Some(&(at, lasts)) = times.next() {
        let mut more = 0;
        while times.next_if(|next| next.1 == lasts).is_some() {
            more += 1;
        }
        match (std::mem::take(&mut first), more) {
            (true, 0) => xml.empty("S", &[("t", &at), ("d", &lasts)]),
            (true, more) => xml.empty("S", &[("t", &at), ("d", &lasts), ("r", &more)]),
            (false, 0) => xml.empty("S", &[("d", &lasts)]),
            (false, more) => xml.empty("S", &[("d", &lasts), ("r", &more)]),
        }
    }
    xml.close();
    xml.close();
    xml.close();
}

/// Where a period starts, in ticks.
fn offset(period: &Period, scale: u32) -> u64 {
    (u128::from(period.start) * u128::from(scale) + 500).checked_div(1000).map_or(0, |ticks| ticks as u64)
}

fn ticks(duration: Duration, scale: u32) -> i64 {
    i64::try_from(duration.as_nanos() * u128::from(scale) / 1_000_000_000).unwrap_or(i64::MAX)
}

/// A wall time as an `xs:dateTime` with milliseconds.
fn date(unix_nanos: i128) -> String {
    jiff::Timestamp::from_nanosecond(unix_nanos).map(|date| format!("{date:.3}")).unwrap_or_default()
}

/// A duration as an `xs:duration`, in seconds with milliseconds.
fn seconds(duration: Duration) -> String {
    format!("PT{}S", duration.as_millis() as f64 / 1000.0)
}

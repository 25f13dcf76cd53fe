//! Smaller sizes follow the window: the same numbers, the same moments.

use std::collections::BTreeMap;

use super::*;
use crate::model::rung::Rung;

/// A window, and a rung of it whose pictures come so many milliseconds later.
struct Both {
    window: Window,
    follower: Follower,
    /// Units of the rung that are being coded.
    coded: Vec<Unit>,
    late: i64,
}

impl Both {
    fn new(late: i64) -> Self {
        let timing = Timing { window: SHORT, ..Timing::default() };
        let window = Window::new(timing, Tracks::Both, EPOCH);
        Self { window, follower: Follower::new(timing, EPOCH), coded: Vec::new(), late }
    }

    /// What comes to both, the rung's as `change` has it; the first of its units is that of `from` milliseconds.
    fn feed(&mut self, units: Vec<Unit>, from: i64, change: impl Fn(Unit) -> Option<Unit>) {
        for unit in units {
            let now = unit.pts;
            if unit.config.kind() == Kind::Video && now >= MediaTime::from_millis(from) {
                self.coded.extend(change(unit.clone()));
            }
            if self.window.push(unit).unwrap().changed {
                self.follower.lead(Lead::of(&self.window.snapshot())).unwrap();
            }
            let due = now.plus_nanos(-self.late * 1_000_000);
            let ready = self.coded.iter().take_while(|unit| unit.pts <= due).count();
            for unit in self.coded.drain(..ready) {
                self.follower.push(unit).unwrap();
            }
        }
    }

    /// When each segment begins and how long it is, by its number, of the window and of the rung.
    fn segments(&self) -> [BTreeMap<u64, (String, f32)>; 2] {
        let rung = self.follower.snapshot();
        [self.window.snapshot().video.unwrap(), rung.video.unwrap()].map(|rendition| {
            let text = rendition.playlist(Form::Whole).to_vec();
            let list = m3u8_rs::parse_media_playlist_res(&text).unwrap();
            let numbered = (list.media_sequence..).zip(&list.segments);
            numbered.map(|(n, one)| (n, (one.program_date_time.unwrap().to_rfc3339(), one.duration))).collect()
        })
    }

    /// Every segment of the rung that the window still lists is as it is there.
    fn assert_aligned(&self, at_least: usize) {
        let [window, rung] = self.segments();
        let common: Vec<_> = rung.iter().filter(|(number, _)| window.contains_key(number)).collect();
        assert!(common.len() >= at_least, "{window:?} {rung:?}");
        for (number, (at, duration)) in common {
            let (wanted, length) = &window[number];
            assert_eq!(at, wanted, "segment {number}");
            assert!((duration - length).abs() < 0.001, "segment {number} lasts {duration} and {length}");
        }
    }
}

fn same(unit: Unit) -> Option<Unit> {
    Some(unit)
}

#[test]
fn a_rung_that_begins_late_has_the_numbers_and_moments_of_the_window() {
    for late in [0, 40, 300, 900] {
        let mut both = Both::new(late);
        both.feed(Source::new(60).between(0, 20_000), 7_100, same);
        let [_, rung] = both.segments();
        assert_eq!(rung.keys().next(), Some(&4), "it begins with the first that it has from its first picture on");
        both.assert_aligned(4);
        let snapshot = both.follower.snapshot();
        let rendition = snapshot.video.unwrap();
        let length = |rendition: &Rendition| rendition.segment(5).map(|segment| segment.len());
        assert_eq!(length(&rendition), length(&both.window.snapshot().video.unwrap()));
        let text = String::from_utf8(rendition.playlist(Form::Whole).to_vec()).unwrap();
        for other in ["../video/index.m3u8", "../audio/index.m3u8"] {
            assert!(text.contains(&format!("#EXT-X-RENDITION-REPORT:URI=\"{other}\",LAST-MSN=9")), "{text}");
        }
    }
}

#[test]
fn keyframes_that_begin_no_segment_of_the_window_begin_none_of_the_rung() {
    let mut both = Both::new(50);
    // Keyframes each half second, of which every fourth begins a segment.
    both.feed(Source::new(15).between(0, 15_300), 0, same);
    both.assert_aligned(5);
}

#[test]
fn what_the_coder_left_out_is_a_hole_and_a_segment_without_its_beginning_starts_the_playlist_anew() {
    let mut both = Both::new(50);
    let source = Source::new(60);
    // One picture in the middle of a segment is missing: the rest of that segment comes with the next keyframe.
    let holes = |unit: Unit| {
        let n = unit.pts.ticks(30);
        let gap = unit.gap || n == 100;
        (n != 99).then_some(Unit { gap, ..unit })
    };
    both.feed(source.between(0, 10_000), 0, holes);
    let [_, rung] = both.segments();
    assert!(rung[&1].1 < 1.5 && rung.len() == 4, "{rung:?}");
    // The first second of another one is missing; what comes then is a keyframe, and has the number all the same.
    let late = |unit: Unit| {
        let n = unit.pts.ticks(30);
        let keyframe = unit.keyframe || n == 330;
        (!(300..330).contains(&n)).then_some(Unit { keyframe, ..unit })
    };
    both.feed(source.between(10_000, 12_000), 0, late);
    let [_, rung] = both.segments();
    assert!(rung.contains_key(&4), "{rung:?}");
    // Of the next one there is nothing that can be decoded.
    let broken = |unit: Unit| {
        let n = unit.pts.ticks(30);
        (n != 360).then_some(Unit { gap: n == 361, ..unit })
    };
    both.feed(source.between(12_000, 20_300), 0, broken);
    let [window, rung] = both.segments();
    assert!(rung.keys().next() == Some(&7) && rung.keys().all(|number| window.contains_key(number)), "{rung:?}");
    both.assert_aligned(2);
}

#[test]
fn nothing_older_than_a_cut_is_left_and_what_follows_goes_on_with_the_window() {
    let mut both = Both::new(200);
    let source = Source::new(60);
    both.feed(source.between(0, 9_000), 0, same);
    let cut = MediaTime::from_millis(9_000);
    both.window.forget(cut);
    assert!(both.follower.forget(cut).changed);
    let rendition = both.follower.snapshot().video.unwrap();
    assert!((0..10).all(|msn| rendition.segment(msn).is_none()) && !rendition.is_playable());
    both.feed(source.between(9_000, 20_300), 0, same);
    both.assert_aligned(4);
    let text = String::from_utf8(both.follower.snapshot().video.unwrap().playlist(Form::Whole).to_vec()).unwrap();
    let sequence = |text: &str| text.lines().find(|line| line.contains("DISCONTINUITY-SEQUENCE")).map(str::to_owned);
    let of_window = super::text(&both.window, Kind::Video);
    let breaks = |text: &str| text.lines().filter(|line| *line == "#EXT-X-DISCONTINUITY").count();
    let number = |text: &str| -> usize {
        sequence(text).and_then(|line| line.rsplit_once(':').and_then(|(_, n)| n.parse().ok())).unwrap_or_default()
    };
    assert_eq!(number(&text) + breaks(&text), number(&of_window) + breaks(&of_window), "{text}\n{of_window}");
}

#[test]
fn a_jump_of_the_source_is_a_discontinuity_in_both() {
    let mut both = Both::new(100);
    let source = Source::new(60);
    both.feed(source.between(0, 8_000), 0, same);
    both.feed(source.between(12_000, 24_300), 0, same);
    both.assert_aligned(4);
}

#[test]
fn another_encoder_of_a_rung_begins_its_playlist_anew_without_a_discontinuity_that_the_window_has_not() {
    let mut both = Both::new(50);
    let other = match h264() {
        Config::H264 { sps, .. } => Arc::new(Config::H264 { sps, pps: Bytes::from_static(&[0x68, 0xce, 0x3c, 0x80]) }),
        _ => panic!("it is H.264"),
    };
    // In the middle of the sixth second the encoder is another one, and begins with a keyframe.
    let changed = |unit: Unit| {
        let n = unit.pts.ticks(30);
        let keyframe = unit.keyframe || n == 165;
        Some(if n < 165 { unit } else { Unit { config: other.clone(), keyframe, ..unit } })
    };
    both.feed(Source::new(60).between(0, 15_300), 0, changed);
    let [window, rung] = both.segments();
    assert_eq!(
        rung.keys().copied().next(),
        Some(3),
        "the first with one configuration throughout: {window:?} {rung:?}"
    );
    both.assert_aligned(3);
    let text = both.follower.snapshot().video.unwrap().playlist(Form::Whole);
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert!(!text.contains("#EXT-X-DISCONTINUITY\n") && text.matches("#EXT-X-MAP").count() == 1, "{text}");
}

#[test]
fn smaller_sizes_and_sound_alone_are_named_behind_what_is_on_air() {
    let mut window = both();
    feed(&mut window, Source::new(60).between(0, 15_300));
    let text = multivariant(&window.snapshot(), RUN, &Rung::ALL).unwrap();
    golden("ladder.m3u8", &text);
    let index = m3u8_rs::parse_master_playlist_res(text.as_bytes()).unwrap();
    let lines: Vec<u64> = index.variants.iter().filter_map(|variant| Some(variant.resolution?.height)).collect();
    assert_eq!(lines, [720, 480, 360, 240, 144], "none is as large as what is on air");
    assert!(
        index.variants.last().is_some_and(|last| last.resolution.is_none() && last.uri.ends_with("audio/index.m3u8"))
    );
    assert!(index.variants.windows(2).all(|pair| pair[1].resolution.is_none() || pair[0].uri != pair[1].uri));
}

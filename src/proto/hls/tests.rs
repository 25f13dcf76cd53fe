//! The window from the outside: units in, playlists out, read back by an independent parser.

mod delta;
mod dvr;
mod rungs;
pub(crate) mod source;

use std::sync::Arc;

use bytes::Bytes;
use m3u8_rs::MediaPlaylist;

use self::source::Source;
use super::*;
use crate::model::time::MediaTime;
use crate::model::track::Kind;
use crate::model::unit::{Config, Unit};
use crate::proto::cmaf::test_configs::h264;

/// 2026-11-21T00:00:00Z.
const EPOCH: i128 = 1_795_219_200_000_000_000;
const RUN: u64 = 1_795_219_200;

fn feed(window: &mut Window, units: impl IntoIterator<Item = Unit>) -> Effects {
    let mut all = Effects::default();
    for unit in units {
        let effects = window.push(unit).unwrap();
        all.changed |= effects.changed;
        all.keyframe |= effects.keyframe;
    }
    all
}

/// A window of the last few segments.
const SHORT: Duration = Duration::ZERO;

fn both() -> Window {
    Window::new(Timing { window: SHORT, ..Timing::default() }, Tracks::Both, EPOCH)
}

fn text(window: &Window, kind: Kind) -> String {
    written(window, kind, Form::Whole)
}

fn written(window: &Window, kind: Kind, form: Form) -> String {
    String::from_utf8(window.snapshot().rendition(kind).unwrap().playlist(form).to_vec()).unwrap()
}

fn parsed(window: &Window, kind: Kind) -> MediaPlaylist {
    m3u8_rs::parse_media_playlist_res(text(window, kind).as_bytes()).unwrap()
}

fn attribute<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let value = &line[line.find(&format!("{name}="))? + name.len() + 1..];
    Some(match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap(),
        None => value.split(',').next().unwrap(),
    })
}

/// Checks what every playlist promises, and that everything it lists is there.
fn check(window: &Window, kind: Kind) {
    let snapshot = window.snapshot();
    let rendition = snapshot.rendition(kind).unwrap();
    let text = text(window, kind);
    let timing = Timing::default();
    let (mut parts, mut in_parts) = (0, 0.0);
    for line in text.lines() {
        if let Some(tag) = line.strip_prefix("#EXT-X-PART:") {
            let duration: f64 = attribute(tag, "DURATION").unwrap().parse().unwrap();
            assert!(duration <= timing.part.as_secs_f64() + 1e-6, "{line} is longer than a part may be");
            let (msn, part) = attribute(tag, "URI").unwrap().strip_suffix(".m4s").unwrap().split_once('.').unwrap();
            let found = rendition.part(msn.parse().unwrap(), part.parse().unwrap());
            assert!(matches!(found, Found::Here(_)), "{line} is listed and not there");
            (parts, in_parts) = (parts + 1, in_parts + duration);
        } else if let Some(tag) = line.strip_prefix("#EXTINF:") {
            let duration: f64 = tag.trim_end_matches(',').parse().unwrap();
            assert!(duration.round() <= f64::from(timing.target()), "{line} is longer than the target duration");
            assert!(parts == 0 || (in_parts - duration).abs() < 1e-3, "the parts of {line} last {in_parts}");
            (parts, in_parts) = (0, 0.0);
        } else if let Some(tag) = line.strip_prefix("#EXT-X-MAP:") {
            let number = attribute(tag, "URI").unwrap().strip_prefix("init-").unwrap().strip_suffix(".mp4").unwrap();
            assert!(rendition.init(number.parse().unwrap()).is_some(), "{line} is listed and not there");
        } else if let Some(tag) = line.strip_prefix("#EXT-X-PRELOAD-HINT:") {
            let (msn, part) = attribute(tag, "URI").unwrap().strip_suffix(".m4s").unwrap().split_once('.').unwrap();
            assert_eq!(rendition.part(msn.parse().unwrap(), part.parse().unwrap()), Found::Wait);
        } else if let Some(msn) = line.strip_suffix(".m4s") {
            let body = rendition.segment(msn.parse().unwrap()).expect("a listed segment is there");
            assert_eq!(&body[4..8], b"styp");
        }
    }
}

fn golden(name: &str, text: &str) {
    let path = format!("{}/tests/golden/hls/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, wanted, "{name} differs; UPDATE_GOLDEN=1 writes it anew");
}

#[test]
fn fifteen_seconds_give_the_playlists_we_know() {
    let mut window = both();
    feed(&mut window, Source::new(60).between(0, 15_300));
    golden("video.m3u8", &text(&window, Kind::Video));
    golden("audio.m3u8", &text(&window, Kind::Audio));
    golden("index.m3u8", &multivariant(&window.snapshot(), RUN, &[]).unwrap());
    window.end(Kind::Video).unwrap();
    window.end(Kind::Audio).unwrap();
    golden("ended.m3u8", &text(&window, Kind::Video));
}

#[test]
fn an_independent_parser_reads_what_is_written() {
    let mut window = both();
    feed(&mut window, Source::new(60).between(0, 15_300));
    let video = parsed(&window, Kind::Video);
    assert_eq!((video.target_duration, video.media_sequence, video.end_list), (3, 1, false));
    assert_eq!(video.segments.len(), 6);
    assert!(video.segments.iter().all(|segment| (segment.duration - 2.0).abs() < 0.001));
    assert_eq!(video.segments[0].map.as_ref().unwrap().uri, "init-0.mp4");
    assert_eq!(video.segments[1].program_date_time.unwrap().to_rfc3339(), "2026-11-21T00:00:04+00:00");
    let index = multivariant(&window.snapshot(), RUN, &[]).unwrap();
    let index = m3u8_rs::parse_master_playlist_res(index.as_bytes()).unwrap();
    let variant = &index.variants[0];
    assert_eq!(variant.codecs.as_deref(), Some("avc1.42C01F,mp4a.40.2"));
    assert_eq!(variant.resolution.unwrap(), m3u8_rs::Resolution { width: 1280, height: 720 });
    assert!((variant.frame_rate.unwrap() - 30.0).abs() < 0.01);
    assert_eq!(variant.uri, format!("{RUN}/video/index.m3u8"));
    assert_eq!(index.alternatives[0].uri.as_deref(), Some(&*format!("{RUN}/audio/index.m3u8")));
}

#[test]
fn at_every_moment_of_a_minute_the_playlists_keep_their_promises() {
    let mut window = both();
    let (mut targets, mut last) = (Vec::new(), 0);
    for unit in Source::new(60).between(0, 60_000) {
        if !window.push(unit).unwrap().changed {
            continue;
        }
        for kind in [Kind::Video, Kind::Audio] {
            if window.snapshot().rendition(kind).unwrap().is_playable() {
                check(&window, kind);
            }
        }
        let video = parsed(&window, Kind::Video);
        assert!(video.media_sequence >= last, "the media sequence never falls");
        last = video.media_sequence;
        targets.push(video.target_duration);
    }
    assert!(last > 20, "the window slides");
    assert!(targets.iter().all(|&target| target == targets[0]), "the target duration never changes");
    assert!(parsed(&window, Kind::Video).segments.len() == 6);
}

#[test]
fn sound_is_cut_where_video_is() {
    let mut window = both();
    feed(&mut window, Source::new(60).between(0, 13_000));
    let (video, audio) = (parsed(&window, Kind::Video), parsed(&window, Kind::Audio));
    assert_eq!(video.segments.len(), audio.segments.len());
    for (video, audio) in video.segments.iter().zip(&audio.segments) {
        assert_eq!(video.uri, audio.uri);
        let apart = video.program_date_time.unwrap() - audio.program_date_time.unwrap();
        assert!(apart.num_milliseconds().abs() <= 11, "{apart} is more than half a frame");
    }
}

#[test]
fn a_hint_names_the_next_part_even_at_the_end_of_a_segment() {
    let mut window = both();
    let mut hints: Vec<String> = Vec::new();
    for unit in Source::new(60).between(0, 20_000) {
        if window.push(unit).unwrap().changed {
            let text = text(&window, Kind::Video);
            for hint in hints.drain(..) {
                assert!(text.contains(&format!("URI=\"{hint}\"")), "{hint} was promised");
            }
            let line = text.lines().find(|line| line.starts_with("#EXT-X-PRELOAD-HINT")).unwrap();
            hints.push(attribute(line, "URI").unwrap().to_owned());
        }
    }
}

#[test]
fn without_a_keyframe_one_is_asked_for_and_the_segment_still_ends_in_time() {
    let mut window = both();
    let source = Source::new(10_000);
    assert!(!feed(&mut window, source.between(0, 900)).keyframe);
    assert!(feed(&mut window, source.between(900, 1_100)).keyframe, "the first segment is to be short");
    feed(&mut window, source.between(1_100, 3_100));
    assert!(!feed(&mut window, source.between(3_100, 4_900)).keyframe);
    assert!(feed(&mut window, source.between(4_900, 5_100)).keyframe);
    feed(&mut window, source.between(5_100, 8_000));
    check(&window, Kind::Video);
    check(&window, Kind::Audio);
    assert_eq!(parsed(&window, Kind::Video).segments.len(), 2);
    let independent = text(&window, Kind::Video).matches("INDEPENDENT=YES").count();
    assert_eq!(independent, 1, "only the first part begins with a keyframe");
}

#[test]
fn the_first_segment_is_short_where_keyframes_allow_it() {
    let mut window = both();
    feed(&mut window, Source::new(30).between(0, 6_000));
    let lengths: Vec<f32> =
        parsed(&window, Kind::Video).segments.iter().map(|segment| segment.duration.round()).collect();
    assert_eq!(lengths, [1.0, 2.0, 2.0]);
}

#[test]
fn nobody_is_shown_parts_alone() {
    let mut window = both();
    feed(&mut window, Source::new(60).between(0, 1_500));
    let snapshot = window.snapshot();
    assert_eq!(multivariant(&snapshot, RUN, &[]), None);
    let video = snapshot.video.as_ref().unwrap();
    assert!(matches!(video.part(0, 0), Found::Here(_)));
    assert_eq!(video.reload(Reload { msn: 0, part: Some(0) }), Ok(Readiness::Wait));
    feed(&mut window, Source::new(60).between(1_500, 2_500));
    assert!(multivariant(&window.snapshot(), RUN, &[]).is_some());
}

#[test]
fn keyframes_in_the_middle_make_no_short_parts() {
    for group in [4, 7, 9] {
        let mut window = both();
        feed(&mut window, Source::new(group).between(0, 20_000));
        let (mut parts, mut independent) = (Vec::new(), 0);
        for line in text(&window, Kind::Video).lines() {
            if line.starts_with("#EXT-X-PART:") {
                parts.push(attribute(line, "DURATION").unwrap().parse::<f64>().unwrap());
                independent += usize::from(line.ends_with("INDEPENDENT=YES"));
            } else if line.starts_with("#EXTINF") {
                parts.pop();
                assert!(parts.iter().all(|&length| length >= 0.85 * 0.35), "{group}: {parts:?}");
                parts.clear();
            }
        }
        assert!(independent >= 5, "{group}: every segment begins with a keyframe");
    }
}

#[test]
fn nothing_begins_before_a_keyframe() {
    let mut window = both();
    let source = Source::new(60);
    let effects = feed(&mut window, source.between(500, 1_900));
    assert_eq!(effects, Effects { changed: false, keyframe: true });
    feed(&mut window, source.between(1_900, 3_000));
    let video = text(&window, Kind::Video);
    assert!(video.contains("#EXT-X-PROGRAM-DATE-TIME:2026-11-21T00:00:02.000Z"), "{video}");
    let audio = text(&window, Kind::Audio);
    assert!(audio.contains("#EXT-X-PROGRAM-DATE-TIME:2026-11-21T00:00:02.0"), "{audio}");
}

#[test]
fn after_a_loss_video_goes_on_at_the_next_keyframe() {
    let mut window = both();
    let source = Source::new(60);
    feed(&mut window, source.between(0, 2_500));
    let mut rest = source.between(2_500, 7_000);
    rest.iter_mut().find(|unit| matches!(*unit.config, Config::H264 { .. })).unwrap().gap = true;
    assert!(feed(&mut window, rest).keyframe);
    check(&window, Kind::Video);
    let (video, audio) = (text(&window, Kind::Video), text(&window, Kind::Audio));
    assert_eq!(video.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{video}");
    assert_eq!(audio.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{audio}");
    assert!(video.contains("#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-11-21T00:00:04.000Z"), "{video}");
}

#[test]
fn a_new_configuration_gets_a_new_map_behind_a_discontinuity_in_both_tracks() {
    let mut window = both();
    let mut source = Source::new(60);
    feed(&mut window, source.between(0, 4_000));
    let Config::H264 { sps, .. } = h264() else { unreachable!() };
    source.video = Arc::new(Config::H264 { sps, pps: Bytes::from_static(&[0x68, 1, 2, 3]) });
    feed(&mut window, source.between(4_000, 6_500));
    let (video, audio) = (text(&window, Kind::Video), text(&window, Kind::Audio));
    assert!(video.contains("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-1.mp4\""), "{video}");
    assert_eq!(audio.matches("#EXT-X-DISCONTINUITY\n").count(), 1);
    assert_eq!(audio.matches("#EXT-X-MAP").count(), 1);
    check(&window, Kind::Video);
}

#[test]
fn discontinuities_that_leave_the_window_are_counted() {
    let mut window = both();
    let source = Source::new(60);
    feed(&mut window, source.between(0, 2_500));
    window.forget(MediaTime::from_millis(2_500));
    feed(&mut window, source.between(2_500, 40_000));
    for kind in [Kind::Video, Kind::Audio] {
        let playlist = parsed(&window, kind);
        assert_eq!(playlist.discontinuity_sequence, 1);
        assert!(playlist.segments.iter().all(|segment| !segment.discontinuity));
    }
}

#[test]
fn what_is_to_be_forgotten_is_gone_at_once_and_the_window_starts_anew() {
    let mut window = both();
    let source = Source::new(60);
    feed(&mut window, source.between(0, 11_000));
    let cut = MediaTime::from_millis(11_000);
    assert_eq!(window.forget(cut), Effects { changed: true, keyframe: true });
    let snapshot = window.snapshot();
    for kind in [Kind::Video, Kind::Audio] {
        let rendition = snapshot.rendition(kind).unwrap();
        assert!(!rendition.is_playable());
        for msn in 0..10 {
            assert_eq!(rendition.segment(msn), None);
            assert!((0..10).all(|part| !matches!(rendition.part(msn, part), Found::Here(_))));
        }
    }
    let late = feed(&mut window, source.between(10_000, 11_000));
    assert_eq!(late, Effects::default(), "what is older and comes late is dropped");
    feed(&mut window, source.between(11_000, 12_900));
    let video = text(&window, Kind::Video);
    assert!(
        video.contains("#EXT-X-MEDIA-SEQUENCE:6\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-DISCONTINUITY\n"),
        "{video}"
    );
    assert!(video.contains("2026-11-21T00:00:12.000Z") && !video.contains("00:00:10"), "{video}");
    let audio = text(&window, Kind::Audio);
    assert!(audio.contains("#EXT-X-DISCONTINUITY\n") && audio.contains("2026-11-21T00:00:1"), "{audio}");
    check(&window, Kind::Video);
    check(&window, Kind::Audio);
}

#[test]
fn sound_that_comes_a_little_early_or_late_stays_smooth_and_a_hole_moves_its_time() {
    use mp4_atom::{Decode, Moof};
    let mut window = Window::new(Timing::default(), Tracks::Audio, EPOCH);
    let source = Source::new(60);
    for n in 0..100 {
        let mut unit = source.sound(if n < 20 { n } else { n + 3 });
        unit.pts = unit.pts.plus_nanos([0, 3_000_000, -4_000_000][n as usize % 3]).max(MediaTime::ZERO);
        window.push(unit).unwrap();
    }
    let snapshot = window.snapshot();
    let body = snapshot.audio.as_ref().unwrap().segment(0).unwrap();
    let (mut rest, mut times) = (&body[..], Vec::new());
    while rest.len() > 8 {
        let size = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        if &rest[4..8] == b"moof" {
            let moof = Moof::decode(&mut &rest[..size]).unwrap();
            let samples =
                moof.traf[0].trun[0].samples.iter().map(|sample| u64::from(sample.duration.unwrap())).sum::<u64>();
            times.push((moof.traf[0].tfdt.as_ref().unwrap().base_media_decode_time, samples));
        }
        rest = &rest[size..];
    }
    let holes: Vec<u64> = times.windows(2).map(|w| w[1].0 - (w[0].0 + w[0].1)).filter(|&hole| hole > 0).collect();
    assert_eq!(holes.len(), 1, "{times:?}");
    assert!((holes[0] as i64 - 3 * 1024).abs() <= 200, "{holes:?}");
}

#[test]
fn when_video_stops_sound_goes_on() {
    let mut window = both();
    let source = Source::new(60);
    feed(&mut window, source.between(0, 4_000));
    let sound = source.between(4_000, 12_000).into_iter().filter(|unit| matches!(*unit.config, Config::Aac { .. }));
    feed(&mut window, sound);
    check(&window, Kind::Audio);
    let last = parsed(&window, Kind::Audio).segments.last().unwrap().program_date_time.unwrap().to_rfc3339();
    assert!(last.as_str() > "2026-11-21T00:00:06", "{last}");
}

#[test]
fn blocking_reload_waits_answers_and_refuses() {
    let mut window = both();
    feed(&mut window, Source::new(60).between(0, 5_050));
    // Segments 0 and 1 are complete, segment 2 has three parts.
    let snapshot = window.snapshot();
    let video = snapshot.video.as_ref().unwrap();
    let reload = |msn, part| video.reload(Reload { msn, part });
    assert_eq!(reload(1, None), Ok(Readiness::Ready));
    assert_eq!(reload(2, Some(2)), Ok(Readiness::Ready));
    assert_eq!(reload(2, Some(3)), Ok(Readiness::Wait));
    assert_eq!(reload(2, None), Ok(Readiness::Wait));
    assert_eq!(reload(1, Some(6)), Ok(Readiness::Ready), "past the end of 1 means the first part of 2");
    assert_eq!(reload(3, Some(0)), Ok(Readiness::Wait));
    assert_eq!(reload(4, None), Ok(Readiness::Wait));
    assert!(reload(5, None).is_err());
    assert!(reload(2, Some(13)).is_err(), "too many parts ahead");
    assert_eq!(reload(0, Some(99)), Ok(Readiness::Ready));
    assert!(reload(u64::MAX, Some(u64::MAX)).is_err());
    window.end(Kind::Video).unwrap();
    window.end(Kind::Audio).unwrap();
    let snapshot = window.snapshot();
    assert_eq!(snapshot.video.unwrap().reload(Reload { msn: 9, part: None }), Ok(Readiness::Ready));
}

#[test]
fn slow_and_uneven_pictures_never_make_a_part_too_long_or_time_run_back() {
    let mut window = Window::new(Timing::default(), Tracks::Video, EPOCH);
    let source = Source::new(17);
    let mut at = 0;
    for n in 0..300 {
        let mut unit = source.picture(n);
        unit.pts = MediaTime::from_millis(at);
        at += [33, 33, 33, 250, 400, 0, 120, 7, 900][n as usize % 9];
        if window.push(unit).unwrap().changed {
            check(&window, Kind::Video);
        }
    }
    assert!(parsed(&window, Kind::Video).segments.len() > 3);
}

/// Lengths of the complete segments of video, in seconds, when keyframes come only when asked for, after `delays` pictures in turn.
fn asked_for(delays: &[u32]) -> Vec<f32> {
    let mut window = Window::new(Timing { segments: 30, ..Timing::default() }, Tracks::Video, EPOCH);
    let (mut due, mut asked, mut delays) = (Some(0), 0, delays.iter().cycle());
    for mut unit in Source::new(1).between(0, 60_000).into_iter().filter(|unit| unit.duration.is_none()) {
        unit.keyframe = due == Some(0);
        due = due.and_then(|pictures: u32| pictures.checked_sub(1));
        if window.push(unit).unwrap().keyframe && due.is_none() {
            (due, asked) = (delays.next().map(|delay| delay - 1), asked + 1);
        }
    }
    let lengths: Vec<f32> = parsed(&window, Kind::Video).segments.iter().map(|segment| segment.duration).collect();
    assert!(asked <= lengths.len() + 2, "{asked} keyframes for {} segments", lengths.len());
    lengths
}

#[test]
fn a_keyframe_that_takes_its_time_is_asked_for_in_time() {
    for delay in [1, 6, 12] {
        let lengths = asked_for(&[delay]);
        assert!(lengths.len() > 25, "{lengths:?}");
        assert!(lengths[3..].iter().all(|length| (1.9..=2.1).contains(length)), "{delay}: {lengths:?}");
    }
    let lengths = asked_for(&[3, 9, 5, 12]);
    assert!(lengths[3..].iter().all(|length| (1.8..=2.4).contains(length)), "{lengths:?}");
}

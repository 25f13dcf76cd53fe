//! A window that reaches far back: how far, and how much it holds.

use super::*;

fn with(window: u64, bytes: u64) -> Window {
    Window::new(Timing { window: Duration::from_secs(window), bytes, ..Timing::default() }, Tracks::Both, EPOCH)
}

/// The bytes of all segments that can be had of a rendition.
fn held(window: &Window, kind: Kind) -> u64 {
    let snapshot = window.snapshot();
    let rendition = snapshot.rendition(kind).unwrap();
    (0..2_000).filter_map(|msn| rendition.segment(msn)).map(|body| body.len() as u64).sum()
}

#[test]
fn the_playlist_reaches_back_as_far_as_the_window() {
    let mut window = with(60, u64::MAX);
    let source = Source::new(60);
    feed(&mut window, source.between(0, 50_000));
    assert_eq!(parsed(&window, Kind::Video).media_sequence, 0, "nothing goes before it has to");
    feed(&mut window, source.between(50_000, 150_000));
    for kind in [Kind::Video, Kind::Audio] {
        check(&window, kind);
        let playlist = parsed(&window, kind);
        let length: f32 = playlist.segments.iter().map(|segment| segment.duration).sum();
        assert!((60.0..=62.1).contains(&length), "{length}");
        let first = playlist.media_sequence;
        let snapshot = window.snapshot();
        let rendition = snapshot.rendition(kind).unwrap();
        assert!(rendition.segment(first - 7).is_some(), "who has just read the playlist gets what has left it");
        assert!(rendition.segment(first - 8).is_none());
    }
}

#[test]
fn parts_are_listed_near_the_live_edge_alone() {
    let mut window = with(60, u64::MAX);
    feed(&mut window, Source::new(60).between(0, 100_000));
    let text = text(&window, Kind::Video);
    let with_parts = text.lines().filter(|line| line.starts_with("#EXT-X-PART:") && line.contains(".0.m4s")).count();
    assert!(with_parts <= 6, "{with_parts} segments with parts");
    let segments = text.lines().filter(|line| line.starts_with("#EXTINF")).count();
    assert!((30..=31).contains(&segments), "{segments} segments");
}

#[test]
fn past_the_bytes_that_are_allowed_the_oldest_segments_go_first_of_both_tracks() {
    let limit = 5_000_000;
    let mut window = with(3_600, limit);
    let mut most = 0;
    for unit in Source::new(60).between(0, 120_000) {
        if window.push(unit).unwrap().changed {
            most = most.max(held(&window, Kind::Video) + held(&window, Kind::Audio));
        }
    }
    assert!(most <= limit && most > limit * 9 / 10, "{most} bytes at most");
    let (video, audio) = (parsed(&window, Kind::Video), parsed(&window, Kind::Audio));
    assert!(video.media_sequence > 0);
    assert!(video.media_sequence.abs_diff(audio.media_sequence) <= 1, "both reach equally far back");
    check(&window, Kind::Video);
    check(&window, Kind::Audio);
}

#[test]
fn what_a_playlist_has_to_list_stays_however_few_bytes_are_allowed() {
    let mut window = with(60, 1);
    feed(&mut window, Source::new(60).between(0, 60_000));
    assert_eq!(parsed(&window, Kind::Video).segments.len(), 6);
    check(&window, Kind::Video);
}

#[test]
fn a_cut_forgets_the_whole_window_at_once() {
    let mut window = with(600, u64::MAX);
    let source = Source::new(60);
    feed(&mut window, source.between(0, 300_000));
    assert!(held(&window, Kind::Video) > 0);
    window.forget(MediaTime::from_millis(300_000));
    assert_eq!(held(&window, Kind::Video) + held(&window, Kind::Audio), 0);
    for (kind, form) in [(Kind::Video, Form::Whole), (Kind::Audio, Form::Delta)] {
        assert!(!written(&window, kind, form).contains("#EXTINF"));
    }
    feed(&mut window, source.between(300_000, 330_000));
    check(&window, Kind::Video);
    assert!(parsed(&window, Kind::Video).media_sequence >= 150, "numbers go on");
}

#[test]
fn a_configuration_stays_as_long_as_a_segment_that_needs_it() {
    let mut window = with(40, u64::MAX);
    let mut source = Source::new(60);
    feed(&mut window, source.between(0, 20_000));
    let Config::H264 { sps, .. } = h264() else { unreachable!() };
    source.video = Arc::new(Config::H264 { sps, pps: Bytes::from_static(&[0x68, 1, 2, 3]) });
    feed(&mut window, source.between(20_000, 50_000));
    let init = |window: &Window, number| window.snapshot().video.unwrap().init(number);
    assert!(init(&window, 0).is_some() && init(&window, 1).is_some());
    check(&window, Kind::Video);
    feed(&mut window, source.between(50_000, 120_000));
    assert!(init(&window, 0).is_none() && init(&window, 1).is_some());
    check(&window, Kind::Video);
}

#[test]
fn the_keyframe_of_a_moment_is_the_nearest_and_none_that_was_forgotten() {
    let mut window = with(60, u64::MAX);
    let source = Source::new(60);
    feed(&mut window, source.between(0, 20_500));
    let of = |window: &Window, behind: Option<u64>| {
        let video = window.snapshot().video.unwrap();
        video.keyframe(behind.map(Duration::from_millis)).map(|unit| {
            let number = unit.pts.ticks(30);
            assert_eq!(unit.data, source.picture(number).data);
            assert_eq!((&unit.config, unit.keyframe), (&source.video, true));
            number / 60
        })
    };
    assert_eq!(of(&window, None), Some(10), "that of the segment that is being made");
    // What was made ends a little before 20.5 s, and players keep three parts from that.
    for (behind, keyframe) in [(0, 10), (1_000, 9), (9_000, 5), (10_500, 4), (15_000, 2)] {
        assert_eq!(of(&window, Some(behind)), Some(keyframe), "{behind} ms");
    }
    assert_eq!(of(&window, Some(60_000)), None, "nothing is that old");
    window.forget(MediaTime::from_millis(20_500));
    assert_eq!((of(&window, None), of(&window, Some(0))), (None, None));
}

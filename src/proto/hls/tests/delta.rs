//! Delta updates: what they leave out, and that nothing is lost by it.

use super::*;

/// A window that is longer than the Skip Boundary of 18 s.
fn long() -> Window {
    Window::new(Timing { segments: 20, window: SHORT, ..Timing::default() }, Tracks::Both, EPOCH)
}

/// The lines of the segments of a playlist, each with its number; what is above and below them comes apart.
fn segments(text: &str) -> Vec<(u64, String)> {
    let mut number: u64 = header(text, "#EXT-X-MEDIA-SEQUENCE:").unwrap().parse().unwrap();
    number += header(text, "#EXT-X-SKIP:SKIPPED-SEGMENTS=").map_or(0, |skipped| skipped.parse().unwrap());
    let (mut segments, mut lines) = (Vec::new(), String::new());
    let inside = |line: &&str| {
        let above = ["#EXTM3U", "#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-PART-INF", "#EXT-X-SERVER-CONTROL"];
        let numbers = ["#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE", "#EXT-X-SKIP"];
        let below = ["#EXT-X-PRELOAD-HINT", "#EXT-X-RENDITION-REPORT", "#EXT-X-ENDLIST"];
        !above.iter().chain(&numbers).chain(&below).any(|tag| line.starts_with(tag))
    };
    for line in text.lines().filter(inside) {
        lines += line;
        lines += "\n";
        if !line.starts_with('#') {
            segments.push((number, std::mem::take(&mut lines)));
            number += 1;
        }
    }
    segments.push((number, lines));
    segments
}

fn header<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(tag))
}

/// The lines of a segment without its parts, and without its map, which depends on what stands before.
fn bare(lines: &str) -> String {
    let left_out = |line: &&str| !line.starts_with("#EXT-X-PART:") && !line.starts_with("#EXT-X-MAP:");
    lines.lines().filter(left_out).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_delta_update_is_the_whole_playlist_once_it_is_applied_to_the_one_before() {
    let mut window = long();
    let source = Source::new(60);
    let mut known: std::collections::HashMap<u64, String> = std::collections::HashMap::new();
    let (mut deltas, mut shorter) = (0, 0);
    for unit in source.between(0, 90_000) {
        if !window.push(unit).unwrap().changed || !window.snapshot().video.unwrap().is_playable() {
            continue;
        }
        let (whole, delta) = (written(&window, Kind::Video, Form::Whole), written(&window, Kind::Video, Form::Delta));
        for tag in ["#EXT-X-MEDIA-SEQUENCE:", "#EXT-X-DISCONTINUITY-SEQUENCE:", "#EXT-X-PRELOAD-HINT:"] {
            assert_eq!(header(&whole, tag), header(&delta, tag));
        }
        let wanted = segments(&whole);
        let skipped: usize = header(&delta, "#EXT-X-SKIP:SKIPPED-SEGMENTS=").map_or(0, |n| n.parse().unwrap());
        let came = segments(&delta);
        assert_eq!(came, wanted[skipped..], "what comes is what is listed");
        for (number, lines) in &wanted[..skipped] {
            assert_eq!(known.get(number), Some(&bare(lines)), "who skips {number} has it");
        }
        let length = |(_, lines): &(u64, String)| {
            header(lines, "#EXTINF:").map_or(0.0, |length| length.trim_end_matches(',').parse::<f64>().unwrap())
        };
        assert!(skipped == 0 || came.iter().map(length).sum::<f64>() >= 18.0, "nothing nearer than the boundary");
        known = wanted.iter().map(|(number, lines)| (*number, bare(lines))).collect();
        deltas += usize::from(skipped > 0);
        shorter += usize::from(delta.len() < whole.len());
    }
    assert!(deltas > 100 && deltas == shorter, "{deltas} delta updates, {shorter} shorter ones");
}

#[test]
fn a_delta_update_begins_behind_what_is_skipped() {
    let mut window = long();
    feed(&mut window, Source::new(60).between(0, 61_000));
    golden("delta.m3u8", &written(&window, Kind::Video, Form::Delta));
    let whole = written(&window, Kind::Video, Form::Whole);
    assert!(whole.starts_with("#EXTM3U\n#EXT-X-VERSION:9\n") && whole.contains(",CAN-SKIP-UNTIL=18.000,"), "{whole}");
    assert_eq!(parsed(&window, Kind::Video).segments.len(), 20);
}

#[test]
fn a_map_that_is_new_behind_what_is_skipped_is_named_and_one_that_is_not_is_not() {
    let mut window = long();
    let mut source = Source::new(60);
    feed(&mut window, source.between(0, 30_000));
    let Config::H264 { sps, .. } = h264() else { unreachable!() };
    source.video = Arc::new(Config::H264 { sps, pps: Bytes::from_static(&[0x68, 1, 2, 3]) });
    feed(&mut window, source.between(30_000, 36_000));
    let delta = written(&window, Kind::Video, Form::Delta);
    assert_eq!(delta.matches("#EXT-X-MAP").count(), 1, "{delta}");
    assert!(delta.contains("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-1.mp4\"\n"), "{delta}");
    feed(&mut window, source.between(36_000, 60_000));
    assert!(!written(&window, Kind::Video, Form::Delta).contains("#EXT-X-MAP"), "it stands in what is skipped");
    let whole = written(&window, Kind::Video, Form::Whole);
    assert_eq!(whole.matches("#EXT-X-MAP").count(), 2, "{whole}");
}

#[test]
fn where_there_is_nothing_to_skip_the_playlist_is_whole() {
    let mut short = both();
    feed(&mut short, Source::new(60).between(0, 61_000));
    let whole = text(&short, Kind::Video);
    assert_eq!(written(&short, Kind::Video, Form::Delta), whole);
    assert!(!whole.contains("CAN-SKIP-UNTIL") && whole.contains("#EXT-X-VERSION:6\n"), "{whole}");

    let mut young = long();
    feed(&mut young, Source::new(60).between(0, 9_000));
    let whole = text(&young, Kind::Video);
    assert!(whole.contains("CAN-SKIP-UNTIL"), "what stands above the segments never changes: {whole}");
    assert_eq!(written(&young, Kind::Video, Form::Delta), whole);

    feed(&mut young, Source::new(60).between(9_000, 60_000));
    assert_ne!(written(&young, Kind::Video, Form::Delta), text(&young, Kind::Video));
    young.forget(MediaTime::from_millis(60_000));
    assert_eq!(written(&young, Kind::Video, Form::Delta), text(&young, Kind::Video), "nothing is left to skip");
}

#[test]
fn the_end_is_told_with_all_that_is_listed() {
    let mut window = long();
    feed(&mut window, Source::new(60).between(0, 60_000));
    window.end(Kind::Video).unwrap();
    window.end(Kind::Audio).unwrap();
    let delta = written(&window, Kind::Video, Form::Delta);
    assert!(delta.ends_with("#EXT-X-ENDLIST\n") && !delta.contains("#EXT-X-SKIP"), "{delta}");
}

//! Every rule of the validator can be broken: playlists with one fault each.

use super::playlist::{Playlist, Report};
use super::rules::{Rule, alone, delta, independent, reloaded, reported};

/// The lines of segments of two seconds, numbered so; those from `parts` on have parts.
fn segments(numbers: std::ops::Range<u64>, parts: u64) -> String {
    let mut text = String::new();
    for number in numbers {
        let (minute, second) = (number * 2 / 60, number * 2 % 60);
        text += &format!("#EXT-X-PROGRAM-DATE-TIME:2026-11-21T00:{minute:02}:{second:02}.000Z\n");
        for part in (0..6).filter(|_| number >= parts) {
            let independent = if part == 0 { ",INDEPENDENT=YES" } else { "" };
            text += &format!("#EXT-X-PART:DURATION=0.33333,URI=\"{number}.{part}.m4s\"{independent}\n");
        }
        text += &format!("#EXTINF:2.00000,\n{number}.m4s\n");
    }
    text
}

const ABOVE: &str = "#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-PART-INF:PART-TARGET=0.334
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.000,HOLD-BACK=6.000,PART-HOLD-BACK=1.002
";
const MAP: &str = "#EXT-X-MAP:URI=\"init-0.mp4\"\n";
const OPEN: &str = "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T00:00:40.000Z
#EXT-X-PART:DURATION=0.33333,URI=\"20.0.m4s\",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"20.1.m4s\"
#EXT-X-RENDITION-REPORT:URI=\"../audio/index.m3u8\",LAST-MSN=20,LAST-PART=0
";
const NEXT: &str = "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T00:00:40.000Z
#EXT-X-PART:DURATION=0.33333,URI=\"20.0.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.33333,URI=\"20.1.m4s\"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"20.2.m4s\"
";

fn numbers(sequence: u64) -> String {
    format!("#EXT-X-MEDIA-SEQUENCE:{sequence}\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n")
}

fn whole() -> String {
    format!("{ABOVE}{}{MAP}{}{OPEN}", numbers(10), segments(10..20, 17))
}

fn later() -> String {
    format!("{ABOVE}{}{MAP}{}{NEXT}", numbers(10), segments(10..20, 17))
}

fn skipping() -> String {
    format!("{ABOVE}{}#EXT-X-SKIP:SKIPPED-SEGMENTS=4\n{}{NEXT}", numbers(10), segments(14..20, 17))
}

fn read(text: &str) -> Playlist {
    Playlist::read(text).unwrap_or_else(|why| panic!("{why}: {text}"))
}

/// The text with a change, which has to be one.
fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "there is no {from} in {text}");
    text.replacen(from, to, 1)
}

fn rules(found: Vec<super::Complaint>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = found.into_iter().map(|(rule, _)| rule).collect();
    rules.sort();
    rules.dedup();
    rules
}

#[test]
fn what_keeps_the_rules_is_not_complained_about() {
    let (before, after, update) = (read(&whole()), read(&later()), read(&skipping()));
    for list in [&before, &after, &update] {
        assert_eq!(alone(list), []);
    }
    assert_eq!(reloaded(&before, &after), []);
    assert_eq!(delta(&update.applied(&before).unwrap(), &after), []);
    assert_eq!(reported(&Report { uri: String::new(), number: 20, part: 0 }, &after), []);
}

#[test]
fn every_rule_of_one_playlist_can_be_broken() {
    let part = "#EXT-X-PART:DURATION=0.33333,URI=\"19.1.m4s\"\n";
    let ended = "#EXTINF:2.00000,\n19.m4s";
    for (from, to, rule) in [
        ("VERSION:9", "VERSION:6", Rule::Version),
        ("#EXTINF:2.00000,\n12.m4s", "#EXTINF:2.50000,\n12.m4s", Rule::TargetDuration),
        ("PART-TARGET=0.334", "PART-TARGET=0.333", Rule::PartTarget),
        (part, "#EXT-X-PART:DURATION=0.28000,URI=\"19.1.m4s\"\n", Rule::ShortPart),
        (ended, "#EXTINF:1.99000,\n19.m4s", Rule::PartSum),
        ("HOLD-BACK=6.000", "HOLD-BACK=5.900", Rule::HoldBack),
        ("PART-HOLD-BACK=1.002", "PART-HOLD-BACK=1.001", Rule::HoldBack),
        ("HOLD-BACK=6.000,", "", Rule::HoldBack),
        ("CAN-SKIP-UNTIL=12.000", "CAN-SKIP-UNTIL=11.900", Rule::SkipBoundary),
        ("00:00:28.000Z", "00:00:28.100Z", Rule::Date),
        ("#EXT-X-PROGRAM-DATE-TIME:2026-11-21T00:00:28.000Z\n", "", Rule::Date),
        (MAP, "", Rule::Map),
        ("URI=\"20.1.m4s\"", "URI=\"20.0.m4s\"", Rule::Hint),
        ("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"20.1.m4s\"\n", "", Rule::Hint),
    ] {
        let found = rules(alone(&read(&with(&whole(), from, to))));
        assert!(found.contains(&rule), "{from:?} to {to:?}: {found:?}");
    }
    let bare = |parts| format!("{ABOVE}{}{MAP}{}{OPEN}", numbers(10), segments(10..20, parts));
    assert_eq!(rules(alone(&read(&bare(20)))), [Rule::PartsNearTheEnd], "parts are missing");
    assert_eq!(rules(alone(&read(&bare(10)))), [Rule::PartsNearTheEnd], "parts are listed that nobody needs");
    let short = format!("{ABOVE}{}{MAP}{}{OPEN}", numbers(18), segments(18..20, 17));
    assert_eq!(rules(alone(&read(&short))), [Rule::Length]);
    let much = format!("{ABOVE}{}#EXT-X-SKIP:SKIPPED-SEGMENTS=5\n{}{NEXT}", numbers(10), segments(15..20, 17));
    assert_eq!(rules(alone(&read(&much))), [Rule::SkipBoundary]);
    let unasked = with(&skipping(), "CAN-SKIP-UNTIL=12.000,", "");
    assert_eq!(rules(alone(&read(&unasked))), [Rule::SkipBoundary]);
}

#[test]
fn every_rule_of_a_reload_can_be_broken() {
    for (from, to, rule) in [
        ("TARGETDURATION:2", "TARGETDURATION:3", Rule::Header),
        ("HOLD-BACK=6.000", "HOLD-BACK=7.000", Rule::Header),
        ("MEDIA-SEQUENCE:10", "MEDIA-SEQUENCE:9", Rule::Sequence),
        ("DISCONTINUITY-SEQUENCE:3", "DISCONTINUITY-SEQUENCE:2", Rule::Discontinuity),
        ("#EXTINF:2.00000,\n15.m4s", "#EXT-X-DISCONTINUITY\n#EXTINF:2.00000,\n15.m4s", Rule::Discontinuity),
        ("#EXTINF:2.00000,\n15.m4s", "#EXTINF:1.90000,\n15.m4s", Rule::Changed),
        ("\n15.m4s", "\nother.m4s", Rule::Changed),
        ("init-0.mp4", "init-1.mp4", Rule::Changed),
        ("00:00:30.000Z", "00:00:30.010Z", Rule::Changed),
        ("DURATION=0.33333,URI=\"19.2.m4s\"", "DURATION=0.33334,URI=\"19.2.m4s\"", Rule::Changed),
        ("URI=\"20.1.m4s\"", "URI=\"20.x.m4s\"", Rule::HintKept),
    ] {
        let found = rules(reloaded(&read(&whole()), &read(&with(&later(), from, to))));
        assert!(found.contains(&rule), "{from:?} to {to:?}: {found:?}");
    }
    assert_eq!(rules(reloaded(&read(&later()), &read(&whole()))), [Rule::Sequence, Rule::Changed], "back in time");
}

#[test]
fn a_delta_update_that_is_not_the_whole_is_found() {
    let (before, after) = (read(&whole()), read(&later()));
    for (from, to) in [
        ("\n16.m4s", "\nother.m4s"),
        ("#EXTINF:2.00000,\n16.m4s", "#EXT-X-DISCONTINUITY\n#EXTINF:2.00000,\n16.m4s"),
        ("URI=\"20.2.m4s\"", "URI=\"20.3.m4s\""),
        ("SKIPPED-SEGMENTS=4", "SKIPPED-SEGMENTS=3"),
    ] {
        let update = read(&with(&skipping(), from, to)).applied(&before).unwrap();
        assert_eq!(rules(delta(&update, &after)), [Rule::Delta], "{from:?} to {to:?}");
    }
    let unknown = with(&skipping(), "MEDIA-SEQUENCE:10", "MEDIA-SEQUENCE:8");
    assert!(read(&unknown).applied(&before).is_err(), "what was never listed can't be skipped");
}

#[test]
fn a_discontinuity_in_what_is_skipped_counts_for_what_comes() {
    let broken = |text: &str| with(text, "#EXTINF:2.00000,\n12.m4s", "#EXT-X-DISCONTINUITY\n#EXTINF:2.00000,\n12.m4s");
    let (before, after) = (read(&broken(&whole())), read(&broken(&later())));
    assert_eq!((after.get(11).unwrap().discontinuity, after.get(19).unwrap().discontinuity), (3, 4));
    assert_eq!(delta(&read(&skipping()).applied(&before).unwrap(), &after), []);
}

#[test]
fn a_report_that_is_not_true_is_found() {
    let after = read(&later());
    let said = |number, part| rules(reported(&Report { uri: String::new(), number, part }, &after));
    assert_eq!(said(20, 1), []);
    assert_eq!(said(20, 2), [Rule::Report], "it is not that far");
    assert_eq!(said(21, 0), [Rule::Report]);
    assert_eq!(said(16, 0), [Rule::Report], "it is much further");
}

/// A box with what is in it.
fn boxed(name: &[u8; 4], inside: &[u8]) -> Vec<u8> {
    [&(inside.len() as u32 + 8).to_be_bytes()[..], name, inside].concat()
}

/// A fragment whose run has these flags and words.
fn fragment(header: &[u32], run: &[u32]) -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let traf = [boxed(b"tfhd", &words(header)), boxed(b"trun", &words(run))].concat();
    [boxed(b"styp", b"msdh"), boxed(b"moof", &boxed(b"traf", &traf)), boxed(b"mdat", &[])].concat()
}

#[test]
fn a_part_that_begins_with_a_picture_that_needs_another_is_not_independent() {
    const NON_SYNC: u32 = 0x0101_0000;
    const SYNC: u32 = 0x0200_0000;
    let check = |called, body: &[u8]| rules(independent("1.0.m4s", called, body));
    // Flags of each sample, of the first one, and of all by default.
    for of in [
        |flags| fragment(&[0, 1], &[0x701, 1, 0, 3000, 500, flags]),
        |flags| fragment(&[0, 1], &[0x005, 1, 0, flags]),
        |flags| fragment(&[0x28, 1, 3000, flags], &[0x001, 1, 0]),
    ] {
        assert_eq!(check(true, &of(SYNC)), []);
        assert_eq!(check(true, &of(NON_SYNC)), [Rule::Independent]);
        assert_eq!(check(false, &of(NON_SYNC)), []);
    }
    assert_eq!(check(true, b"nothing"), [Rule::Missing]);
}

#[test]
fn what_is_no_playlist_is_refused() {
    for text in ["", "#EXT-X-VERSION:6\n", "#EXTM3U\n#EXT-X-TARGETDURATION:2.5\n", "#EXTM3U\n#EXT-X-PART:URI=\"a\"\n"] {
        assert!(Playlist::read(text).is_err(), "{text:?}");
    }
}

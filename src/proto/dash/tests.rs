//! The manifest from the outside: units in, a manifest out, read back by an independent reader of XML.

use std::sync::Arc;

use mp4_atom::{DecodeMaybe, Moof};
use roxmltree::{Document, Node};

use super::*;
use crate::model::time::MediaTime;
use crate::model::track::Kind;
use crate::model::unit::{Config, Unit};
use crate::proto::hls::tests::source::Source;
use crate::proto::hls::{Follower, Lead, Piece, Tracks, Window};

/// 2026-11-21T00:00:00Z.
const EPOCH: i128 = 1_795_219_200_000_000_000;
const RUN: u64 = 1_795_219_200;

/// A window and, if wanted, a rung that follows it.
struct Stage {
    window: Window,
    rung: Option<Follower>,
}

impl Stage {
    fn new(tracks: Tracks) -> Self {
        Self { window: Window::new(Timing::default(), tracks, EPOCH), rung: None }
    }

    fn feed(&mut self, units: impl IntoIterator<Item = Unit>) {
        for unit in units {
            let changed = self.window.push(unit.clone()).unwrap().changed;
            let Some(rung) = &mut self.rung else { continue };
            if changed {
                rung.lead(Lead::of(&self.window.snapshot())).unwrap();
            }
            rung.push(unit).unwrap();
        }
    }

    fn manifest(&self) -> Option<String> {
        // One of each size: what is as large as the picture itself is none of it.
        let made = self.rung.as_ref().map(|rung| Arc::new(rung.snapshot()));
        let rungs: Vec<_> =
            made.into_iter().flat_map(|made| [(Rung::P720, made.clone()), (Rung::P360, made)]).collect();
        let presentation = Presentation {
            run: RUN,
            now_unix_nanos: EPOCH + 16_000_000_000,
            media: &format!("../../hls/0123456789abcdef/{RUN}/"),
            location: &format!("manifest.mpd?run={RUN}"),
            clock: "/dash/time",
            rungs: &rungs,
        };
        manifest(&self.window.snapshot(), &presentation)
    }
}

fn golden(name: &str, text: &str) {
    let path = format!("{}/tests/golden/dash/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, wanted, "{name} differs; UPDATE_GOLDEN=1 writes it anew");
}

fn all<'a>(node: Node<'a, 'a>, name: &'static str) -> impl Iterator<Item = Node<'a, 'a>> {
    node.descendants().filter(move |node| node.has_tag_name(("urn:mpeg:dash:schema:mpd:2011", name)))
}

fn number(node: Node<'_, '_>, name: &str) -> i64 {
    node.attribute(name).unwrap_or_else(|| panic!("{node:?} has no {name}")).parse().unwrap()
}

/// Number, decode time and duration of each segment of a representation.
fn segments(representation: Node<'_, '_>) -> Vec<(u64, i64, i64)> {
    let template = all(representation, "SegmentTemplate").next().unwrap();
    let (mut listed, mut at) = (Vec::new(), None);
    for one in all(representation, "S") {
        at = one.attribute("t").map(|t| t.parse().unwrap()).or(at);
        let lasts = number(one, "d");
        for _ in 0..=one.attribute("r").map_or(0, |r| r.parse().unwrap()) {
            let begins = at.expect("the first has a time");
            listed.push((number(template, "startNumber") as u64 + listed.len() as u64, begins, lasts));
            at = Some(begins + lasts);
        }
    }
    listed
}

fn decode_time(mut body: &[u8]) -> u64 {
    loop {
        match mp4_atom::Any::decode_maybe(&mut body).unwrap().expect("there is a moof") {
            mp4_atom::Any::Moof(Moof { traf, .. }) => return traf[0].tfdt.as_ref().unwrap().base_media_decode_time,
            _ => continue,
        }
    }
}

/// What a manifest promises of a track: its times are those of the fragments, and all but the last segment are whole.
fn check(stage: &Stage, text: &str, id: &str) -> Vec<(u64, i64, i64)> {
    let snapshot = stage.window.snapshot();
    let rendition = snapshot.rendition(if id == "audio" { Kind::Audio } else { Kind::Video }).unwrap();
    let document = Document::parse(text).unwrap();
    let mut known = Vec::new();
    for period in all(document.root(), "Period") {
        let found = all(period, "Representation").filter(|one| one.attribute("id") == Some(id));
        known.extend(found.flat_map(segments));
    }
    let (last, whole) = known.split_last().unwrap();
    for (number, begins, lasts) in whole {
        let body = rendition.segment(*number).unwrap_or_else(|| panic!("{number} is listed and not there"));
        assert_eq!(decode_time(&body), begins.unsigned_abs(), "{id} {number}");
        assert!(*lasts > 0);
    }
    assert!(!matches!(rendition.piece(last.0, 0), Piece::Gone), "the last one is there or comes");
    assert!(known.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0 && pair[0].1 + pair[0].2 <= pair[1].1), "{known:?}");
    known
}

#[test]
fn fifteen_seconds_give_the_manifest_we_know() {
    let mut stage = Stage::new(Tracks::Both);
    stage.rung = Some(Follower::new(Timing::default(), EPOCH));
    stage.feed(Source::new(60).between(0, 15_300));
    let text = stage.manifest().unwrap();
    golden("live.mpd", &text);
    let video = check(&stage, &text, "video");
    // The open one is said to last longer than it can be expected to, so that what follows it lies behind it.
    assert_eq!(video.last(), Some(&(7, 14 * 90_000, 225_000)));
    let sound = check(&stage, &text, "audio");
    assert_eq!(sound.len(), video.len());
    let document = Document::parse(&text).unwrap();
    let ids: Vec<_> = all(document.root(), "Representation").filter_map(|one| one.attribute("id")).collect();
    assert_eq!(ids, ["video", "video-360", "audio"], "none is as large as what is on air");
    let rung =
        |id| segments(all(document.root(), "Representation").find(|one| one.attribute("id") == Some(id)).unwrap());
    assert_eq!(rung("video-360"), video, "a smaller picture is cut where the large one is");
}

#[test]
fn behind_a_discontinuity_there_is_a_new_period_once_every_track_has_come_to_it() {
    let mut stage = Stage::new(Tracks::Both);
    let source = Source::new(60);
    let Config::H264 { sps, pps } = &*source.video else { unreachable!() };
    let mut other = pps.to_vec();
    other.push(1);
    let other = Arc::new(Config::H264 { sps: sps.clone(), pps: other.into() });
    let changed = |unit: Unit| match unit.config.kind() {
        Kind::Video if unit.pts >= MediaTime::from_millis(6_000) => Unit { config: other.clone(), ..unit },
        _ => unit,
    };
    let periods = |text: &str| {
        let document = Document::parse(text).unwrap();
        all(document.root(), "Period").map(|one| one.attribute("start").unwrap().to_owned()).collect::<Vec<_>>()
    };
    stage.feed(source.between(0, 5_900).into_iter().map(changed));
    assert_eq!(periods(&stage.manifest().unwrap()), ["PT0S"]);
    // The picture is there, the sound is not.
    let (pictures, sounds): (Vec<_>, Vec<_>) =
        source.between(5_900, 6_500).into_iter().map(changed).partition(|unit| unit.config.kind() == Kind::Video);
    stage.feed(pictures);
    assert_eq!(periods(&stage.manifest().unwrap()), ["PT0S"]);
    stage.feed(sounds);
    assert_eq!(periods(&stage.manifest().unwrap()), ["PT0S", "PT6S"]);
    stage.feed(source.between(6_500, 9_300).into_iter().map(changed));
    let text = stage.manifest().unwrap();
    golden("periods.mpd", &text);
    check(&stage, &text, "video");
    check(&stage, &text, "audio");
    let document = Document::parse(&text).unwrap();
    let inits: Vec<_> =
        all(document.root(), "SegmentTemplate").filter_map(|one| one.attribute("initialization")).collect();
    assert_eq!(inits, ["video/init-0.mp4", "audio/init-0.mp4", "video/init-1.mp4", "audio/init-0.mp4"]);
}

#[test]
fn what_is_gone_is_not_listed_and_periods_stay_where_they_began() {
    let mut stage = Stage::new(Tracks::Both);
    stage.feed(Source::new(60).between(0, 400_000));
    let text = stage.manifest().unwrap();
    let video = check(&stage, &text, "video");
    let reach = (video.last().unwrap().1 - video[0].1) / 90_000;
    assert!((300..=304).contains(&reach), "{reach} s of {} s are listed", 400);
    assert!(text.contains("<Period id=\"1795219200-0\" start=\"PT0S\">"), "{text}");
    assert!(text.contains("timeShiftBufferDepth=\"PT30"), "{text}");
    // Where a period starts at no whole millisecond, nothing has left it either.
    let mut odd = Stage::new(Tracks::Both);
    let later = |unit: Unit| Unit { pts: unit.pts.plus_nanos(1_234_567), ..unit };
    odd.feed(Source::new(60).between(0, 9_000).into_iter().map(later));
    let odd = odd.manifest().unwrap();
    assert!(odd.contains("start=\"PT0.001S\"") && odd.contains("timeShiftBufferDepth=\"PT300S\""), "{odd}");
    // A cut: nothing older is there, and what follows is another period.
    stage.window.forget(MediaTime::from_millis(400_000));
    assert_eq!(stage.manifest(), None, "there is nothing to play");
    stage.feed(Source::new(60).between(400_000, 404_500));
    let text = stage.manifest().unwrap();
    assert_eq!(check(&stage, &text, "video")[0].1, 400 * 90_000);
    assert!(text.contains("<Period id=\"1795219200-1\" start=\"PT400S\">"), "{text}");
}

#[test]
fn at_its_end_the_presentation_has_a_duration_and_no_more_updates() {
    let mut stage = Stage::new(Tracks::Video);
    stage.feed(Source::new(60).between(0, 4_500));
    let before = stage.manifest().unwrap();
    assert!(
        before.contains("minimumUpdatePeriod=\"PT1S\"") && !before.contains("mediaPresentationDuration"),
        "{before}"
    );
    assert!(!before.contains("contentType=\"audio\""), "{before}");
    stage.window.end(Kind::Video).unwrap();
    let after = stage.manifest().unwrap();
    assert!(
        after.contains("mediaPresentationDuration=\"PT4.5S\"") && !after.contains("minimumUpdatePeriod"),
        "{after}"
    );
    let document = Document::parse(&after).unwrap();
    let (_, begins, lasts) = *segments(all(document.root(), "Representation").next().unwrap()).last().unwrap();
    assert_eq!(begins + lasts, 4 * 90_000 + 45_000, "the last one is as long as it is");
}

use super::*;
use crate::proto::cmaf::test_configs::{self, aac, h264};

const PICTURE: i64 = 40_000_000;
const SOUND: i64 = 20_000_000;

fn picture(at: i64, keyframe: bool) -> Unit {
    Unit {
        pts: MediaTime::from_nanos(at),
        duration: None,
        keyframe,
        gap: false,
        level: None,
        config: Arc::new(h264()),
        data: vec![1; 500].into(),
    }
}

fn sound(at: i64) -> Unit {
    let duration = Some(Duration::from_nanos(SOUND as u64));
    Unit { duration, keyframe: true, config: Arc::new(aac()), data: vec![2; 50].into(), ..picture(at, true) }
}

/// Pictures and sound from here to there, with a keyframe every second; what is written of them.
fn play(take: &mut Take, from: i64, to: i64) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    for at in (from..to).step_by(SOUND as usize) {
        pieces.push(take.push(sound(at)));
        if (at - from) % PICTURE == 0 {
            pieces.push(take.push(picture(at, (at - from) % 1_000_000_000 == 0)));
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// The file as it would be read after a crash.
fn read(bytes: &[u8]) -> Movie {
    let read = |at: u64, count: usize| Ok(bytes[at as usize..][..count].to_vec());
    let found = Movie::recover(bytes.len() as u64, read).expect("it is a recording");
    assert_eq!(found.end as usize, bytes.len());
    found.movie
}

#[test]
fn every_second_a_piece_is_written_and_both_tracks_are_as_long() {
    let mut take = Take::default();
    let pieces = play(&mut take, 5_000_000_000, 15_000_000_000);
    assert!((9..=10).contains(&pieces.len()), "{}", pieces.len());
    let mut bytes = pieces.concat();
    assert_eq!(take.bytes() as usize, bytes.len());
    let (rest, finish) = take.end().expect("it began");
    bytes.extend(rest);
    let movie = read(&bytes);
    assert!((9_980_000_000..=10_000_000_000).contains(&movie.duration()), "{}", movie.duration());
    assert_eq!(movie.finish(&[]).at, finish.at);
}

#[test]
fn pictures_begin_with_a_keyframe_and_sound_with_them() {
    let mut take = Take::default();
    let mut written = Vec::new();
    for at in [0, SOUND, 2 * SOUND] {
        written.extend(take.push(sound(at)));
        written.extend(take.push(picture(at, false)));
    }
    assert!(written.is_empty() && take.needs_keyframe(), "nothing can be shown yet");
    let pieces = play(&mut take, 100_000_000, 2_200_000_000);
    assert!(!take.needs_keyframe());
    let mut bytes = pieces.concat();
    bytes.extend(take.end().expect("it began").0);
    assert!((2_080_000_000..=2_120_000_000).contains(&read(&bytes).duration()), "{}", read(&bytes).duration());
}

#[test]
fn nothing_from_the_cut_on_is_written_and_what_follows_comes_right_behind() {
    let mut take = Take::default();
    let mut bytes = play(&mut take, 0, 3_500_000_000).concat();
    let before = take.duration();
    assert!(before < 3_200_000_000, "{before}");
    bytes.extend(take.cut(MediaTime::from_millis(3_200)));
    let cut = read(&bytes).duration();
    assert!((3_160_000_000..=3_200_000_000).contains(&cut), "{cut}");
    assert!(take.cut(MediaTime::from_millis(3_200)).is_empty());
    // A minute later somebody says yes again.
    bytes.extend(play(&mut take, 63_000_000_000, 66_000_000_000).concat());
    let (rest, _) = take.end().expect("it began");
    bytes.extend(rest);
    let whole = read(&bytes).duration();
    assert!((6_140_000_000..=6_200_000_000).contains(&whole), "{whole}");
}

#[test]
fn what_is_missing_stays_missing_and_sound_goes_on_alone() {
    let mut take = Take::default();
    let mut bytes = play(&mut take, 0, 2_000_000_000).concat();
    take.lost();
    assert!(take.push(picture(2_000_000_000, false)).is_empty(), "it can't be shown");
    let alone: Vec<_> = (2_000_000_000..8_000_000_000).step_by(SOUND as usize).map(|at| take.push(sound(at))).collect();
    assert!(alone.iter().filter(|piece| !piece.is_empty()).count() >= 2, "it does not wait for pictures for ever");
    bytes.extend(alone.concat());
    bytes.extend(play(&mut take, 8_000_000_000, 10_000_000_000).concat());
    bytes.extend(take.end().expect("it began").0);
    let whole = read(&bytes).duration();
    assert!((9_960_000_000..=10_000_000_000).contains(&whole), "{whole}");
}

#[test]
fn another_size_is_another_set_of_parameters_in_the_same_file() {
    let mut take = Take::default();
    let mut bytes = play(&mut take, 0, 1_500_000_000).concat();
    let Config::H264 { sps, pps } = h264() else { panic!("it is H.264") };
    let other = Config::H264 { sps, pps: [&pps[..], &[0x80]].concat().into() };
    for (number, at) in (1_500_000_000..4_000_000_000).step_by(PICTURE as usize).enumerate() {
        bytes.extend(take.push(Unit { config: Arc::new(other.clone()), ..picture(at, number == 0) }));
        bytes.extend(take.push(sound(at)));
    }
    let (rest, finish) = take.end().expect("it began");
    bytes.extend(rest);
    assert!(finish.tail.windows(4).any(|name| name == b"avc3"), "players have to look into the stream");
    assert!(bytes.windows(pps.len() + 1).any(|set| set == [&pps[..], &[0x80]].concat()));
}

#[test]
fn without_sound_pictures_are_recorded_alone_after_a_while() {
    let mut take = Take::default();
    let pieces: Vec<_> = (0..6_000_000_000)
        .step_by(PICTURE as usize)
        .map(|at| take.push(picture(at, at % 1_000_000_000 == 0)))
        .filter(|piece| !piece.is_empty())
        .collect();
    let movie = read(&pieces.concat());
    assert!(movie.duration() > 4_000_000_000, "{}: also what came while it waited", movie.duration());
}

/// Sound as browsers send it.
fn opus(at: i64) -> Unit {
    Unit { config: Arc::new(Config::Opus { channels: 2 }), ..sound(at) }
}

fn vp8(at: i64, keyframe: bool) -> Unit {
    let data = if keyframe { Bytes::from_static(test_configs::VP8) } else { vec![1; 50].into() };
    Unit { config: Arc::new(Config::Vp8), data, ..picture(at, keyframe) }
}

/// What somebody sends: pictures for so long, and sound where `speaks` says so.
fn sends(take: &mut Take, to: i64, picture: fn(i64, bool) -> Unit, speaks: impl Fn(i64) -> bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for at in (0..to).step_by(SOUND as usize) {
        if speaks(at) {
            bytes.extend(take.push(opus(at)));
        }
        if at % PICTURE == 0 {
            bytes.extend(take.push(picture(at, at % 1_000_000_000 == 0)));
        }
    }
    bytes
}

#[test]
fn while_nobody_speaks_there_is_silence_so_that_sound_has_no_holes() {
    let holds = Duration::from_millis(200);
    for (what, from, to) in [("a while", 1_500, 1_900), ("long", 1_500, 6_300), ("at the end", 4_000, 99_000)] {
        let mut take = Take::holding(holds);
        let speaks = |at: i64| at < from * 1_000_000 || at >= to * 1_000_000;
        let mut bytes = sends(&mut take, 8_000_000_000, vp8, speaks);
        assert_eq!(take.place(), Some((MediaTime::ZERO, 0)));
        let (rest, finish) = take.end().expect("it began");
        bytes.extend(rest);
        assert!((7_900_000_000..=8_000_000_000).contains(&read(&bytes).duration()), "{what}");
        let sound = test_configs::durations(&finish.tail, 1);
        assert!(sound.iter().all(|(_, ticks)| *ticks == 960), "{what}: {sound:?}");
        let samples: u32 = sound.iter().map(|(count, _)| count).sum();
        // What is missing at the very end is not made up.
        assert!((280..=400).contains(&samples), "{what}: {samples}");
        assert!(finish.tail.windows(4).any(|name| name == b"vp08"));
    }
}

#[test]
fn what_is_held_back_is_not_written_before_it_is_so_old() {
    let mut take = Take::holding(Duration::from_millis(300));
    for at in (0..5_000_000_000).step_by(SOUND as usize) {
        take.push(opus(at));
        if at % PICTURE == 0 {
            take.push(picture(at, at % 1_000_000_000 == 0));
        }
        assert!(take.duration() as i64 <= (at - 300_000_000 + PICTURE).max(0), "{} at {at}", take.duration());
    }
    assert!(take.duration() >= 3_000_000_000);
}

#[test]
fn what_has_no_place_in_the_file_is_left_out_and_ends_it_once_it_has_lasted() {
    let h264 = |at: i64, keyframe: bool| picture(at, keyframe);
    let mut take = Take::holding(Duration::from_millis(200));
    sends(&mut take, 3_000_000_000, vp8, |_| true);
    take.push(h264(3_000_000_000, true));
    assert!(!take.is_over(), "it has not lasted yet");
    for at in (3_000_000_000..6_000_000_000).step_by(SOUND as usize) {
        take.push(opus(at));
    }
    take.push(h264(6_000_000_000, false));
    assert!(!take.is_over(), "that can't begin a file");
    take.push(h264(6_040_000_000, true));
    assert!(take.is_over(), "another codec");

    let mut take = Take::holding(Duration::from_millis(200));
    for at in (0..6_000_000_000).step_by(SOUND as usize) {
        take.push(opus(at));
    }
    take.push(h264(6_000_000_000, true));
    assert!(take.is_over(), "pictures where there were none");

    let mut take = Take::holding(Duration::from_millis(200));
    sends(&mut take, 1_000_000_000, h264, |_| true);
    let before = take.duration();
    take.push(h264(40_000_000_000, false));
    assert!(!take.is_over() && take.needs_keyframe());
    take.push(opus(40_100_000_000));
    assert!(take.is_over() && take.duration() == before, "after nothing for long");
}

#[test]
fn chapters_are_where_something_begins_and_lasts() {
    let mut take = Take::default();
    play(&mut take, 0, 20_000_000_000);
    for (at, title) in [(0, "Everybody"), (8_000, "Ada"), (9_000, "Bob"), (10_000, "Bob"), (18_000, "Everybody")] {
        take.chapter(MediaTime::from_millis(at), title);
    }
    let told: Vec<_> = take.chapters().iter().map(|chapter| (chapter.at / 1_000_000, chapter.title.as_str())).collect();
    assert_eq!(told, [(0, "Everybody"), (8_000, "Bob"), (18_000, "Everybody")]);
}

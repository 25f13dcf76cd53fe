//! The codec that a room speaks.

use super::*;

/// Answers an offer of somebody whose slots take these codecs, and who sends this picture.
fn receives(state: &mut State, n: u8, codecs: &[Codec], picture: Codec) -> Vec<String> {
    let brought = inbound(&[("0", Codec::Opus), ("1", picture)]);
    let mut effects = Vec::new();
    let answer = (&brought[..], sections(2, codecs));
    let new = state.answered(id(n), answer, None, publication(100), &mut effects).expect("they are in");
    new.into_iter().map(|track| track.mid).collect()
}

fn spoken(state: &mut State) -> Codec {
    state.snapshot()[0].codec
}

#[test]
fn a_room_speaks_vp8_while_somebody_receives_nothing_else() {
    let mut state = crowd(2, 2);
    assert_eq!(spoken(&mut state), Codec::H264);
    state.join(ROOM, seat(3, ParticipantKind::Person)).expect("there is room");
    assert_eq!(spoken(&mut state), Codec::H264, "who has no slots yet has no say");
    receives(&mut state, 3, &[Codec::Vp8], Codec::Vp8);
    assert_eq!(spoken(&mut state), Codec::Vp8);
    let mut effects = Vec::new();
    assert_eq!(state.offered(id(1), None, peer(7), &mut effects).ok(), Some((peer(1), Codec::Vp8)));
    assert_eq!(receives(&mut state, 1, &BOTH, Codec::Vp8), ["1"], "in another codec it is another track");
    for n in [1, 2, 3] {
        let events = state.stats(id(n)).expect("they are in").events;
        assert_eq!(events.iter().map(|event| event.code).collect::<Vec<_>>(), [Code::CodecChanged], "{n}");
    }
    state.leave(id(3)).expect("they are in");
    for (millis, codec) in [(0, Codec::Vp8), (9_999, Codec::Vp8), (10_000, Codec::H264)] {
        state.at(MediaTime::from_millis(millis));
        state.pass();
        assert_eq!(spoken(&mut state), codec, "{millis} ms after they left");
    }
}

#[test]
fn who_comes_back_in_time_changes_nothing() {
    let mut state = crowd(2, 2);
    receives(&mut state, 2, &[Codec::Vp8], Codec::Vp8);
    state.leave(id(2)).expect("they are in");
    state.at(MediaTime::from_millis(6_000));
    state.join(ROOM, seat(3, ParticipantKind::Person)).expect("there is room");
    receives(&mut state, 3, &[Codec::Vp8], Codec::Vp8);
    state.at(MediaTime::from_millis(60_000));
    state.pass();
    assert_eq!(spoken(&mut state), Codec::Vp8);
    state.leave(id(3)).expect("they are in");
    state.at(MediaTime::from_millis(69_000));
    state.pass();
    assert_eq!(spoken(&mut state), Codec::Vp8, "the wait begins anew");
}

#[test]
fn a_new_codec_of_the_room_is_no_new_slot() {
    let mut state = crowd(2, 2);
    let slots =
        |state: &mut State| view(state, 1).own.slots.iter().map(|s| (s.mid.clone(), s.from)).collect::<Vec<_>>();
    let before = slots(&mut state);
    receives(&mut state, 2, &[Codec::Vp8], Codec::Vp8);
    assert_eq!(slots(&mut state), before);
}

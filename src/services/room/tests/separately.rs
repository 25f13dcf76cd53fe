//! Who is recorded in a file of their own: nobody who was not asked that, and said yes to that.

use super::*;

const AIR: Audience = Audience::CALL.with(Purpose::OnAir);
const APART: Audience = AIR.with(Purpose::Separate);

fn yes_to_all() -> Answer {
    Answer { on_air: true, recorded: Some(true), separately: Some(true) }
}

fn at(state: &mut State, millis: i64) {
    state.at(MediaTime::from_millis(millis));
}

#[test]
fn a_yes_to_the_recording_is_no_yes_to_a_file_of_ones_own() {
    let mut state = crowd(3, 3);
    state.join(ROOM, seat(4, ParticipantKind::Box)).expect("there is room");
    let (_, effects) = state.go_live(ROOM, None, Wanted::Separately, 5).expect("the room is there");
    assert_eq!(audience_of(&effects, 1), Some(Audience::CALL));
    assert_eq!(audience_of(&effects, 4), Some(APART), "the press is the box's yes");
    assert_eq!(view(&mut state, 1).separately, OnAir::Asked);
    assert!(state.snapshot()[0].live.as_ref().and_then(|live| live.recording).is_some_and(|it| it.separately));
    let effects = state.consent(id(1), said(true, Some(true))).expect("they are in");
    assert_eq!(audience_of(&effects, 1), Some(AIR));
    assert_eq!(view(&mut state, 1).separately, OnAir::Asked, "they were not asked");
    let effects = state.consent(id(2), Answer { separately: Some(false), ..yes_to_all() }).expect("they are in");
    assert_eq!((audience_of(&effects, 2), view(&mut state, 2).separately), (Some(AIR), OnAir::No));
    let effects = state.consent(id(3), yes_to_all()).expect("they are in");
    assert_eq!((audience_of(&effects, 3), view(&mut state, 3).separately), (Some(APART), OnAir::Yes));
    let agreed = state.snapshot()[0].live.as_ref().and_then(|live| live.recording).is_some_and(|it| it.agreed);
    assert!(agreed, "who wants no file of their own holds up nothing");
    // A screen is under the same yes.
    assert_eq!(view(&mut state, 3).recorded, OnAir::Yes);
    let effects = state.end_live(ROOM).expect("the room is there");
    assert_eq!((audience_of(&effects, 3), view(&mut state, 3).separately), (Some(Audience::CALL), OnAir::No));
}

#[test]
fn whoever_takes_it_back_or_is_recorded_no_more_is_in_no_file_from_that_moment_on() {
    let mut state = room();
    state.go_live(ROOM, None, Wanted::Separately, 5).expect("the room is there");
    let withdrawn = [
        Answer { separately: Some(false), ..yes_to_all() },
        Answer { recorded: Some(false), separately: None, ..yes_to_all() },
        Answer { recorded: Some(false), ..yes_to_all() },
        Answer { on_air: false, ..yes_to_all() },
    ];
    for (answer, millis) in withdrawn.into_iter().zip([10, 20, 30, 40]) {
        at(&mut state, millis);
        let effects = state.consent(id(1), yes_to_all()).expect("they are in");
        assert_eq!(audience_of(&effects, 1), Some(APART));
        at(&mut state, millis + 5);
        let effects = state.consent(id(1), answer).expect("they are in");
        assert_ne!(audience_of(&effects, 1), Some(APART), "{answer:?}");
        let one = view(&mut state, 1);
        assert_eq!((one.separately, one.separately_since), (OnAir::No, MediaTime::from_millis(millis + 5)));
    }
    // Who says the same again, or speaks of other things, changes nothing.
    state.consent(id(1), yes_to_all()).expect("they are in");
    at(&mut state, 90);
    state.consent(id(1), said(true, None)).expect("they are in");
    let one = view(&mut state, 1);
    assert_eq!((one.separately, one.separately_since), (OnAir::Yes, MediaTime::from_millis(45)));
}

#[test]
fn wanted_while_a_recording_runs_it_is_asked_anew_of_those_who_are_in_it() {
    let mut state = crowd(3, 3);
    state.go_live(ROOM, None, Wanted::Program, 5).expect("the room is there");
    state.consent(id(1), yes_to_all()).expect("they are in");
    state.consent(id(2), said(true, Some(false))).expect("they are in");
    assert_eq!(view(&mut state, 1).separately, OnAir::No, "nobody wants that");
    let effects = state.record(ROOM, Wanted::Separately).expect("it is live");
    assert_eq!(audience_of(&effects, 1), Some(AIR));
    let answers = |state: &mut State, n| (view(state, n).recorded, view(state, n).separately);
    assert_eq!(answers(&mut state, 1), (OnAir::Yes, OnAir::Asked));
    assert_eq!(answers(&mut state, 2), (OnAir::No, OnAir::No), "who said no to less is not asked more");
    assert_eq!(answers(&mut state, 3), (OnAir::Asked, OnAir::Asked));
    state.consent(id(1), yes_to_all()).expect("they are in");
    assert_eq!(state.record(ROOM, Wanted::Separately).expect("it is live"), [], "nothing changes");
    let effects = state.record(ROOM, Wanted::Program).expect("it is live");
    assert_eq!((audience_of(&effects, 1), answers(&mut state, 1)), (Some(AIR), (OnAir::Yes, OnAir::No)));
    let effects = state.record(ROOM, Wanted::Nothing).expect("it is live");
    assert_eq!((audience_of(&effects, 1), answers(&mut state, 1)), (Some(AIR), (OnAir::No, OnAir::No)));
}

#[test]
fn a_room_that_is_recorded_by_itself_can_have_that_as_well() {
    for (auto_record, expected) in [(true, OnAir::Asked), (false, OnAir::No)] {
        let mut state = room();
        let direction = Direction { auto_record, auto_separately: true, ..Direction::default() };
        state.direct(ROOM, direction).expect("the room is there");
        state.go_live(ROOM, None, Wanted::Nothing, 5).expect("the room is there");
        assert_eq!(view(&mut state, 1).separately, expected);
    }
}

#[test]
fn what_is_not_said_of_a_recording_stays() {
    let running = |separately| Some(Recording { agreed: true, since: MediaTime::ZERO, separately });
    let table = [
        (false, Some(true), running(true), Wanted::Nothing),
        (true, None, None, Wanted::Program),
        (true, None, running(false), Wanted::Program),
        (true, None, running(true), Wanted::Separately),
        (true, Some(false), running(true), Wanted::Program),
        (true, Some(true), None, Wanted::Separately),
    ];
    for (record, separately, before, expected) in table {
        assert_eq!(Wanted::of(record, separately, before), expected, "{record} {separately:?} {before:?}");
    }
}

//! Rooms that go on air by themselves, and are recorded by themselves.

use super::*;

/// An empty room that goes on air by itself.
fn waiting() -> State {
    let mut state = State::new(9);
    let direction = Direction { auto_live: true, ..Direction::default() };
    state.add(ROOM, name("Porch"), BroadcastId::from_bytes([8; 10]), direction);
    state
}

fn enter(state: &mut State, n: u8, kind: ParticipantKind) -> Vec<Effect> {
    state.join(ROOM, seat(n, kind)).expect("there is room");
    state.enters(ROOM, 5).expect("the room is there")
}

fn live(state: &mut State) -> Option<Live> {
    state.snapshot()[0].live.clone()
}

#[test]
fn it_is_on_air_while_somebody_is_there_and_everybody_is_asked() {
    let mut state = waiting();
    enter(&mut state, 3, ParticipantKind::Box);
    assert_eq!(live(&mut state), None, "the box alone is nobody");
    let effects = enter(&mut state, 1, ParticipantKind::Person);
    let expected = Live { since: 5, title: Title::new("Porch").expect("a title"), recording: None, by_itself: true };
    assert_eq!(live(&mut state), Some(expected));
    for n in [1, 3] {
        assert_eq!(view(&mut state, n).on_air, OnAir::Asked);
        assert_eq!(audience_of(&effects, n), Some(Audience::CALL), "nobody pressed anything for {n}");
    }
    enter(&mut state, 2, ParticipantKind::Person);
    assert_eq!(view(&mut state, 2).on_air, OnAir::Asked);
    state.consent(id(2), said(true, None)).expect("they are in");
    state.leave(id(1)).expect("they are in");
    assert!(live(&mut state).is_some());
    state.leave(id(2)).expect("they are in");
    assert_eq!(live(&mut state), None);
    assert_eq!(view(&mut state, 3).on_air, OnAir::No);
}

#[test]
fn whoever_takes_it_off_air_has_it_stay_off_until_everybody_has_left() {
    let mut state = waiting();
    enter(&mut state, 1, ParticipantKind::Person);
    state.end_live(ROOM).expect("the room is there");
    enter(&mut state, 2, ParticipantKind::Person);
    assert_eq!(live(&mut state), None);
    state.leave(id(1)).expect("they are in");
    state.leave(id(2)).expect("they are in");
    enter(&mut state, 4, ParticipantKind::Person);
    assert!(live(&mut state).is_some());
}

#[test]
fn what_somebody_put_on_air_stays_on_air_when_everybody_has_left() {
    let mut state = waiting();
    state.go_live(ROOM, Some(title()), Wanted::Nothing, 4).expect("the room is there");
    enter(&mut state, 1, ParticipantKind::Person);
    state.leave(id(1)).expect("they are in");
    assert_eq!(live(&mut state).map(|live| live.by_itself), Some(false));
}

#[test]
fn it_is_recorded_by_itself_once_everybody_on_air_agrees() {
    let mut state = room();
    let direction = Direction { auto_record: true, ..Direction::default() };
    state.direct(ROOM, direction).expect("the room is there");
    state.go_live(ROOM, None, Wanted::Nothing, 5).expect("the room is there");
    let recording = |state: &mut State| live(state).and_then(|live| live.recording).map(|recording| recording.agreed);
    assert_eq!((recording(&mut state), view(&mut state, 1).recorded), (Some(false), OnAir::Asked));
    state.consent(id(1), said(true, Some(true))).expect("they are in");
    assert_eq!(recording(&mut state), Some(true));
    // It can be stopped as every other.
    state.record(ROOM, Wanted::Nothing).expect("it is live");
    assert_eq!(recording(&mut state), None);
}

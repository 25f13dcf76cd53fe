//! Who is sent which pictures and whose sound, and what becomes of it.

use super::*;
use crate::drivers::peer::server::Bound;
use crate::model::id::PeerId;
use crate::proto::sfu::{Pause, Rank, Shown};

fn tile(n: u8, label: Label, height: u32) -> Tile {
    Tile { who: id(n), label, height }
}

fn cameras(of: &[u8], height: u32) -> View {
    View { tiles: of.iter().map(|n| tile(*n, Label::Camera, height)).collect(), front: None }
}

/// Whose pictures somebody is sent, in the order of their slots.
fn seen(state: &mut State, n: u8) -> Vec<ParticipantId> {
    let own = view(state, n).own;
    own.slots.iter().filter(|slot| slot.kind == Kind::Video).filter_map(|slot| Some(slot.from?.0)).collect()
}

fn bound(state: &mut State, n: u8, of: u8) -> Bound {
    let own = view(state, n).own;
    let slot = own.slots.iter().find(|slot| slot.from == Some((id(of), Label::Camera)));
    slot.and_then(|slot| slot.bound).expect("it is bound")
}

/// What is bound at whom.
fn binds(effects: &[Effect]) -> Vec<PeerId> {
    effects.iter().filter_map(|e| if let Effect::Bind { peer, .. } = e { Some(*peer) } else { None }).collect()
}

#[test]
fn a_page_is_sent_what_it_shows_and_nothing_else() {
    let mut state = crowd(5, 4);
    assert_eq!(seen(&mut state, 1), [2, 3, 4, 5].map(id), "before it says what it shows: the first");
    let effects = state.look(id(1), cameras(&[4, 2], 180)).expect("they are in");
    assert_eq!(seen(&mut state, 1), [2, 4].map(id), "who stays keeps the slot");
    assert_eq!(binds(&effects), [peer(1); 2], "two slots are freed, nobody else's change");
    assert_eq!(view(&mut state, 1).own.slots_wanted, SlotsWanted { audio: 4, video: 2 });
    state.look(id(1), View::default()).expect("they are in");
    assert!(seen(&mut state, 1).is_empty(), "a hidden page is sent no picture");
    let sound =
        view(&mut state, 1).own.slots.iter().filter(|slot| slot.kind == Kind::Audio && slot.from.is_some()).count();
    assert_eq!(sound, 4, "its sound goes on");
}

#[test]
fn tiles_of_nobody_of_oneself_and_the_same_again_are_nothing() {
    let mut state = crowd(3, 4);
    state.look(id(1), cameras(&[1, 9, 2, 2, 3], 180)).expect("they are in");
    assert_eq!(seen(&mut state, 1), [2, 3].map(id));
    assert_eq!(view(&mut state, 1).own.slots_wanted.video, 2);
    let screens = View { tiles: vec![tile(2, Label::Screen, 720)], front: None };
    state.look(id(1), screens).expect("they are in");
    assert!(seen(&mut state, 1).is_empty(), "nobody shares a screen");
}

#[test]
fn the_size_of_a_tile_and_who_is_in_front_adjust_what_is_bound() {
    let mut state = crowd(3, 4);
    let mut view = cameras(&[2, 3], 180);
    state.look(id(1), view.clone()).expect("they are in");
    assert_eq!((bound(&mut state, 1, 2).rank, bound(&mut state, 1, 2).most), (Rank::Tile, Layer::LOWEST));
    (view.tiles[0].height, view.front) = (720, Some(id(2)));
    let effects = state.look(id(1), view.clone()).expect("they are in");
    assert_eq!((bound(&mut state, 1, 2).rank, bound(&mut state, 1, 2).most), (Rank::Speaker, Layer::HIGHEST));
    assert_eq!(binds(&effects), [peer(1)]);
    assert_eq!(state.look(id(1), view).expect("they are in"), [], "the same again changes nothing");
}

#[test]
fn where_slots_are_too_few_the_first_tiles_get_them() {
    let mut state = crowd(5, 2);
    state.look(id(1), cameras(&[5, 4, 3, 2], 180)).expect("they are in");
    assert_eq!(seen(&mut state, 1).len(), 2);
    assert!(seen(&mut state, 1).contains(&id(5)) && seen(&mut state, 1).contains(&id(4)));
    assert_eq!(view(&mut state, 1).own.slots_wanted.video, 4, "so that the page makes more");
}

#[test]
fn what_goes_out_is_shown_to_whoever_gets_it_and_remembered() {
    let mut state = room();
    let [low, _, high] = Layer::ALL;
    let shown = |state: &mut State| {
        let own = view(state, 1).own;
        own.slots.iter().find(|slot| slot.mid == "v0").and_then(|slot| slot.shown)
    };
    for (mid, what) in [
        ("v0", Shown::Layer(low)),
        ("v0", Shown::Layer(high)),
        ("v0", Shown::Layer(high)),
        ("v0", Shown::Layer(low)),
        ("v0", Shown::Paused(Pause::Connection)),
        ("v0", Shown::Layer(low)),
        ("v0", Shown::Paused(Pause::Codec)),
        ("v0", Shown::Paused(Pause::Source)),
        ("v1", Shown::Layer(low)),
        ("a0", Shown::Layer(low)),
        ("nothing", Shown::Layer(low)),
    ] {
        state.shown(peer(1), mid, what);
    }
    assert_eq!(shown(&mut state), Some(Shown::Paused(Pause::Source)));
    let events = state.stats(id(1)).expect("they are in").events;
    let codes: Vec<_> = events.iter().map(|event| (event.code, event.who)).collect();
    let of_bob = |code| (code, Some(id(2)));
    let codes_of_bob =
        [Code::LayerUp, Code::LayerDown, Code::PausedConnection, Code::Resumed, Code::PausedCodec, Code::PausedSource];
    assert_eq!(codes, codes_of_bob.map(of_bob), "neither sound nor a slot that holds nobody");
    assert!(state.stats(id(2)).expect("they are in").events.is_empty(), "one's own events alone");
    state.leave(id(2)).expect("they are in");
    assert_eq!(shown(&mut state), None);
}

#[test]
fn whoever_sends_is_told_which_layers_are_wanted() {
    let mut state = room();
    assert_eq!(
        view(&mut state, 1).own.sends,
        Sends { camera: 3, screen: 3 },
        "everything until somebody says otherwise"
    );
    state.wanted(peer(1), "1", Layers::up_to(Layer::LOWEST));
    assert_eq!(view(&mut state, 1).own.sends.camera, 1);
    state.wanted(peer(1), "0", Layers::NONE);
    state.wanted(peer(1), "7", Layers::NONE);
    state.wanted(peer(9), "1", Layers::NONE);
    assert_eq!(view(&mut state, 1).own.sends, Sends { camera: 1, screen: 3 });
    state.wanted(peer(1), "1", Layers::NONE);
    assert_eq!(view(&mut state, 1).own.sends.camera, 0);
    assert_eq!(view(&mut state, 2).own.sends.camera, 3);
}

/// Loudness in which these speak and everybody else is silent.
fn loudness(people: u8, loud: &[u8]) -> Vec<(PublicationId, u8)> {
    let mut levels: Vec<_> = (1..=people).map(|n| (publication(n), if loud.contains(&n) { 20 } else { 127 })).collect();
    levels.sort_by_key(|(_, level)| *level);
    levels
}

/// Everybody hears who speaks for some seconds.
fn listen(state: &mut State, at: &mut i64, seconds: i64, people: u8, loud: &[u8]) -> Vec<Effect> {
    let mut effects = Vec::new();
    for _ in 0..seconds * 4 {
        *at += 250;
        state.at(MediaTime::from_millis(*at));
        effects.extend(state.hear(&loudness(people, loud)));
    }
    effects
}

/// Whose sound somebody is sent.
fn heard(state: &mut State, n: u8) -> Vec<ParticipantId> {
    let own = view(state, n).own;
    own.slots.iter().filter(|slot| slot.kind == Kind::Audio).filter_map(|slot| Some(slot.from?.0)).collect()
}

#[test]
fn who_speaks_is_said_and_matters_more() {
    let (mut state, mut at) = (crowd(3, 4), 0);
    listen(&mut state, &mut at, 3, 3, &[]);
    assert_eq!(state.snapshot()[0].speaker, None);
    let effects = listen(&mut state, &mut at, 3, 3, &[2]);
    assert_eq!(state.snapshot()[0].speaker, Some(id(2)));
    assert!(view(&mut state, 2).speaking && !view(&mut state, 1).speaking);
    assert_eq!(bound(&mut state, 1, 2).rank, Rank::Speaker);
    assert_eq!(binds(&effects), [peer(1), peer(3)], "one slot of each of the others");
    state.sending(id(2), false, true).expect("they are in");
    listen(&mut state, &mut at, 3, 3, &[2]);
    assert!(!view(&mut state, 2).speaking, "who is muted does not speak");
}

#[test]
fn eight_are_heard_where_there_are_more_and_they_do_not_change_places() {
    let (mut state, mut at) = (crowd(12, 8), 0);
    listen(&mut state, &mut at, 3, 12, &[12]);
    assert!(heard(&mut state, 1).contains(&id(12)), "{:?}", heard(&mut state, 1));
    assert!(heard(&mut state, 1).len() <= 8);
    assert_eq!(view(&mut state, 1).own.slots_wanted.audio, heard(&mut state, 1).len());
    let before = heard(&mut state, 1);
    let effects = listen(&mut state, &mut at, 20, 12, &[12]);
    assert_eq!((binds(&effects).len(), heard(&mut state, 1)), (0, before), "while nobody else speaks nothing changes");
    let sound = state.sources().into_iter().filter(|(_, kind)| *kind == Kind::Audio).count();
    assert_eq!(sound, 12, "who is not heard is listened to all the same");
}

#[test]
fn the_box_speaks_and_is_heard_as_everybody_else() {
    let (mut state, mut at) = (crowd(12, 8), 0);
    state.join(ROOM, seat(13, ParticipantKind::Box)).expect("there is room");
    state.box_tracks(id(13), BoxTracks { audio: true, video: true, stand_in: false }, &mut Vec::new());
    listen(&mut state, &mut at, 5, 13, &[1, 2, 3, 4, 5, 6, 7, 8]);
    let got = heard(&mut state, 12);
    assert!(!got.contains(&id(13)) && got.len() == 8, "eight others are louder: {got:?}");
    assert!(state.sources().contains(&(publication(13), Kind::Audio)), "it is listened to all the same");
    listen(&mut state, &mut at, 5, 13, &[13]);
    let got = heard(&mut state, 12);
    assert!(got.contains(&id(13)) && got.len() == 8, "{got:?}");
    assert_eq!(state.snapshot()[0].speaker, Some(id(13)));
    assert!(view(&mut state, 13).speaking);
}

/// 25 people with video: what one change costs is bounded, and nothing moves without need.
#[test]
fn a_room_of_25_settles_once_and_stays() {
    let people = 25;
    let mut state = crowd(people, 25);
    let everybody: Vec<u8> = (1..=people).collect();
    for n in 1..=people {
        state.look(id(n), cameras(&everybody, 180)).expect("they are in");
    }
    for n in 1..=people {
        assert_eq!(seen(&mut state, n).len(), 24);
    }
    let before = state.snapshot();
    assert!(Arc::ptr_eq(&before[0], &state.snapshot()[0]), "what has not changed is not made again");
    let places: Vec<_> = (1..=people).map(|n| seen(&mut state, n)).collect();

    let mut at = 0;
    listen(&mut state, &mut at, 3, people, &[3]);
    let effects = listen(&mut state, &mut at, 5, people, &[7]);
    assert!(binds(&effects).len() <= 4 * usize::from(people), "{} bindings for another speaker", binds(&effects).len());
    let effects = listen(&mut state, &mut at, 60, people, &[7]);
    assert_eq!(binds(&effects).len(), 0, "a minute of one speaker");
    for n in 1..=people {
        assert_eq!(seen(&mut state, n), places[usize::from(n) - 1], "nobody's picture has moved");
        assert!(heard(&mut state, n).len() <= 8);
    }

    let effects = state.leave(id(9)).expect("they are in");
    assert!(binds(&effects).len() <= 2 * usize::from(people), "{} bindings for one who left", binds(&effects).len());
    for n in (1..=people).filter(|n| *n != 9) {
        let kept: Vec<_> = places[usize::from(n) - 1].iter().copied().filter(|who| *who != id(9)).collect();
        assert_eq!(seen(&mut state, n), kept);
    }
}

#[test]
fn what_is_one_s_own_is_no_difference_to_the_others() {
    let mut state = crowd(3, 2);
    let before = state.snapshot()[0].clone();
    state.look(id(1), View::default()).expect("they are in");
    let after = state.snapshot()[0].clone();
    assert!(before.looks_like(&after) && *before != *after);
    state.sending(id(1), false, true).expect("they are in");
    assert!(!after.looks_like(&state.snapshot()[0]));
}

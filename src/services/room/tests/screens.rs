//! Shared screens: a publication beside the camera's.

use super::*;

const SHARED: [(&str, Codec); 4] = [("0", Codec::Opus), ("1", Codec::H264), ("2", Codec::H264), ("3", Codec::Opus)];

fn labels(of: &[(&str, Label)]) -> Labels {
    of.iter().map(|(mid, label)| ((*mid).to_owned(), *label)).collect()
}

fn whole() -> Labels {
    labels(&[("0", Label::Microphone), ("1", Label::Camera), ("2", Label::Screen), ("3", Label::ScreenSound)])
}

/// Answers an offer in which somebody sends this, called so; a screen is published as `fresh`.
fn sends(state: &mut State, n: u8, of: &[(&str, Codec)], labels: &Labels, fresh: u8) -> (Vec<String>, Vec<Effect>) {
    let (brought, mut effects) = (inbound(of), Vec::new());
    let answer = (&brought[..], sections(6, &BOTH));
    let new = state.answered(id(n), answer, Some(labels), publication(fresh), &mut effects).expect("they are in");
    (new.into_iter().map(|track| track.mid).collect(), effects)
}

fn shows(who: u8) -> View {
    let tile = |label| Tile { who: id(who), label, height: 720 };
    View { tiles: vec![tile(Label::Screen), tile(Label::Camera)], front: None }
}

/// What somebody is sent of somebody else.
fn of(state: &mut State, n: u8, from: u8) -> Vec<Label> {
    let own = view(state, n).own;
    own.slots.iter().filter_map(|slot| slot.from).filter(|(who, _)| *who == id(from)).map(|(_, label)| label).collect()
}

#[test]
fn a_screen_is_a_second_publication_with_its_own_sound() {
    let mut state = crowd(3, 6);
    let (new, effects) = sends(&mut state, 1, &SHARED, &whole(), 50);
    assert_eq!(new, ["2", "3"], "microphone and camera go on as they are");
    assert!(effects.contains(&Effect::Publish(publication(50), Audience::CALL)));
    assert_eq!(view(&mut state, 1).screen, Some(Screen { publication: publication(50), audio: true }));
    state.look(id(2), shows(1)).expect("they are in");
    let mut got = of(&mut state, 2, 1);
    got.sort();
    assert_eq!(got, [Label::Microphone, Label::Camera, Label::Screen, Label::ScreenSound]);
    assert_eq!(of(&mut state, 3, 1).len(), 3, "nobody is sent a screen that they don't show; its sound they hear");
    assert!(state.sources().contains(&(publication(50), Kind::Video)));

    let (new, effects) = sends(&mut state, 1, &SHARED[..2], &whole(), 51);
    assert_eq!((new.len(), view(&mut state, 1).screen), (0, None));
    assert!(effects.contains(&Effect::Unpublish(publication(50))));
    assert!(!state.sources().contains(&(publication(50), Kind::Video)));
    let (new, _) = sends(&mut state, 1, &SHARED, &whole(), 52);
    assert_eq!(new.len(), 2, "shared again it is another publication");
    assert_eq!(view(&mut state, 1).screen.map(|screen| screen.publication), Some(publication(52)));
}

#[test]
fn several_share_at_once_and_one_leaves() {
    let mut state = crowd(3, 6);
    sends(&mut state, 1, &SHARED, &whole(), 50);
    sends(&mut state, 2, &SHARED, &whole(), 60);
    let tile = |n| Tile { who: id(n), label: Label::Screen, height: 720 };
    state.look(id(3), View { tiles: vec![tile(1), tile(2)], front: None }).expect("they are in");
    assert!(of(&mut state, 3, 1).contains(&Label::Screen) && of(&mut state, 3, 2).contains(&Label::Screen));
    let effects = state.leave(id(2)).expect("they are in");
    assert!(
        effects.contains(&Effect::Unpublish(publication(60))) && effects.contains(&Effect::Unpublish(publication(2)))
    );
    assert!(of(&mut state, 3, 1).contains(&Label::Screen) && of(&mut state, 3, 2).is_empty());
}

#[test]
fn the_yes_of_the_camera_is_that_of_the_screen_and_taken_back_for_both() {
    let mut state = room();
    state.go_live(ROOM, None, Wanted::Nothing, 5).expect("the room is there");
    state.consent(id(1), said(true, None)).expect("they are in");
    let (_, effects) = sends(&mut state, 1, &SHARED, &whole(), 50);
    let on_air = Audience::CALL.with(Purpose::OnAir);
    assert!(effects.contains(&Effect::Publish(publication(50), on_air)), "who is on air is so with the screen");
    let effects = state.consent(id(1), said(false, None)).expect("they are in");
    assert_eq!((audience_of(&effects, 1), audience_of(&effects, 50)), (Some(Audience::CALL), Some(Audience::CALL)));
    let effects = state.consent(id(1), said(true, None)).expect("they are in");
    assert_eq!((audience_of(&effects, 1), audience_of(&effects, 50)), (Some(on_air), Some(on_air)));
    let effects = state.end_live(ROOM).expect("the room is there");
    assert_eq!(audience_of(&effects, 50), Some(Audience::CALL));
    let (_, effects) = sends(&mut state, 2, &SHARED, &whole(), 60);
    assert!(effects.contains(&Effect::Publish(publication(60), Audience::CALL)));
}

#[test]
fn another_connection_shares_nothing_until_it_says_so() {
    let mut state = room();
    let mut effects = Vec::new();
    state.offered(id(1), Some("sha-256 AA"), peer(7), &mut effects).expect("they are in");
    sends(&mut state, 1, &SHARED, &whole(), 50);
    state.offered(id(1), Some("sha-256 BB"), peer(7), &mut effects).expect("they are in");
    assert_eq!(effects, [Effect::ClosePeer(peer(1)), Effect::Unpublish(publication(50))]);
    assert_eq!(view(&mut state, 1).screen, None);
    let codes: Vec<_> = state.stats(id(1)).expect("they are in").events.iter().map(|event| event.code).collect();
    assert_eq!(codes, [Code::Restarted]);
}

#[test]
fn what_has_no_fitting_label_is_not_published() {
    let mut state = room();
    let of_another_kind = labels(&[("0", Label::Screen), ("1", Label::ScreenSound), ("9", Label::Camera)]);
    let (new, _) = sends(&mut state, 1, &SHARED, &of_another_kind, 50);
    let one = view(&mut state, 1);
    assert_eq!((new.len(), one.audio, one.video, one.screen), (0, false, false, None));
    let (_, effects) = sends(&mut state, 1, &SHARED, &labels(&[("3", Label::ScreenSound)]), 51);
    assert_eq!(view(&mut state, 1).screen, None, "sound alone is no screen");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Publish(..))));
    let twice = labels(&[("1", Label::Camera), ("2", Label::Camera)]);
    assert_eq!(sends(&mut state, 1, &SHARED, &twice, 52).0, ["1"], "the first of two");
}

#[test]
fn without_labels_the_first_of_each_kind_are_microphone_and_camera() {
    let mut state = room();
    let (brought, mut effects) = (inbound(&SHARED), Vec::new());
    let answer = (&brought[..], sections(2, &BOTH));
    let new = state.answered(id(1), answer, None, publication(50), &mut effects).expect("they are in");
    assert_eq!((new.len(), view(&mut state, 1).screen), (0, None), "they are known already, and there is no screen");
}

#[test]
fn what_is_wanted_of_the_screen_is_told_apart() {
    let mut state = room();
    sends(&mut state, 1, &SHARED, &whole(), 50);
    state.wanted(peer(1), "2", Layers::NONE);
    assert_eq!(view(&mut state, 1).own.sends, Sends { camera: 3, screen: 0 });
}

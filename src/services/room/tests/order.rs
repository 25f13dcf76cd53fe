//! Order in a room: what is taken of whom, who comes in, and who has it.

use super::super::order::{Deed, Door, MOST_WAITING};
use super::*;

const HOST: Permits = Permits { role: Role::Host, rank: Rank::Runs, ..GUEST };
const OWNER: Permits = Permits { role: Role::Host, rank: Rank::Owns, ..GUEST };
const MODERATOR: Permits = Permits { role: Role::Moderator, rank: Rank::Keeps, ..GUEST };
const VIEWER: Permits = Permits { role: Role::Viewer, rank: Rank::Takes, speak: false, camera: false, screen: false };

fn hold(n: u8, mid: &str, held: bool) -> Effect {
    Effect::Hold { peer: peer(n), mid: mid.into(), held }
}

/// Whether somebody is sent this of somebody else.
fn gets(state: &mut State, n: u8, from: u8, label: Label) -> bool {
    view(state, n).own.slots.iter().any(|slot| slot.from == Some((id(from), label)))
}

/// Keeps order as somebody in the room.
fn act(state: &mut State, by: u8, who: u8, act: Act) -> Result<(Deed, Vec<Effect>), Error> {
    let permits = state.seat(id(by)).expect("they are in").permits;
    let mut effects = Vec::new();
    let (_, deed) = state.act((Some(subject(by)), &permits), id(who), act, &mut effects)?;
    Ok((deed, effects))
}

/// A room with a host, a moderator and two guests.
fn kept() -> State {
    let mut state = crowd(4, 6);
    state.permit(id(1), HOST).expect("they are in");
    state.permit(id(2), MODERATOR).expect("they are in");
    state
}

#[test]
fn what_a_grant_does_not_permit_is_not_taken_and_is_again_when_it_does() {
    let mut state = crowd(2, 4);
    assert!(gets(&mut state, 2, 1, Label::Microphone) && gets(&mut state, 2, 1, Label::Camera));
    let effects = state.permit(id(1), Permits { speak: false, ..GUEST }).expect("they are in");
    assert!(effects.contains(&hold(1, "0", true)) && !effects.contains(&hold(1, "1", true)), "{effects:?}");
    assert!(!gets(&mut state, 2, 1, Label::Microphone) && gets(&mut state, 2, 1, Label::Camera));
    assert_eq!((view(&mut state, 1).microphone, view(&mut state, 1).camera), (false, true));

    let effects = state.permit(id(1), VIEWER).expect("they are in");
    assert!(effects.contains(&hold(1, "1", true)) && !effects.contains(&hold(1, "0", true)), "{effects:?}");
    assert!(!gets(&mut state, 2, 1, Label::Camera));
    assert_eq!(view(&mut state, 1).role, Role::Viewer);
    assert!(gets(&mut state, 1, 2, Label::Camera), "who looks on sees the others");
    assert_eq!(state.permit(id(1), VIEWER).expect("they are in"), [], "nothing is told twice");

    let effects = state.permit(id(1), GUEST).expect("they are in");
    assert!(effects.contains(&hold(1, "0", false)) && effects.contains(&hold(1, "1", false)), "{effects:?}");
    assert!(gets(&mut state, 2, 1, Label::Microphone) && gets(&mut state, 2, 1, Label::Camera));
}

#[test]
fn an_offer_of_what_is_not_permitted_is_closed_before_anything_of_it_comes_and_opens_without_another_offer() {
    let mut state = crowd(1, 4);
    state.join(ROOM, NewSeat { permits: VIEWER, ..seat(2, ParticipantKind::Person) }).expect("there is room");
    let effects = answer(&mut state, 2, 4);
    assert!(effects.contains(&hold(2, "0", true)) && effects.contains(&hold(2, "1", true)), "{effects:?}");
    assert!(!view(&mut state, 2).audio && !gets(&mut state, 1, 2, Label::Microphone));
    let (brought, mut effects) = (inbound(&MEDIA), Vec::new());
    state.permit(id(2), GUEST).expect("they are in");
    assert!(gets(&mut state, 1, 2, Label::Microphone) && gets(&mut state, 1, 2, Label::Camera));
    let sections = (&brought[..], sections(4, &BOTH));
    let new = state.answered(id(2), sections, None, publication(9), &mut effects).expect("they are in");
    assert_eq!(new, [], "the tracks are there since the first offer");
}

#[test]
fn who_was_muted_unmutes_themselves_once_they_know_of_it() {
    let mut state = kept();
    let (_, effects) = act(&mut state, 2, 3, Act::Mute).expect("a moderator may");
    assert_eq!(effects, [hold(3, "0", true)], "at once, and the track stays where it goes");
    assert!(!view(&mut state, 3).microphone && view(&mut state, 3).audio);
    assert_eq!(view(&mut state, 3).own.stopped, [Label::Microphone]);
    // What their page had said before it knew counts for nothing.
    assert_eq!(state.sending(id(3), true, false).expect("they are in"), []);
    assert_eq!(view(&mut state, 3).own.stopped, [Label::Microphone]);
    assert_eq!(state.sending(id(3), false, false).expect("they are in"), []);
    assert_eq!(state.sending(id(3), true, false).expect("they are in"), [hold(3, "0", false)]);
    assert!(view(&mut state, 3).microphone && view(&mut state, 3).own.stopped.is_empty());

    act(&mut state, 2, 3, Act::StopCamera).expect("a moderator may");
    act(&mut state, 2, 3, Act::Mute).expect("a moderator may");
    let effects = state.permit(id(3), Permits { speak: false, ..GUEST }).expect("they are in");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Hold { .. })), "it is closed already: {effects:?}");
    state.sending(id(3), false, false).expect("they are in");
    assert_eq!(state.sending(id(3), true, true).expect("they are in"), [hold(3, "1", false)], "they may not speak");
    assert!(view(&mut state, 3).camera && !view(&mut state, 3).microphone);
}

#[test]
fn another_connection_of_who_was_muted_is_closed_as_well() {
    let mut state = kept();
    act(&mut state, 2, 3, Act::Mute).expect("a moderator may");
    let mut effects = Vec::new();
    state.offered(id(3), Some("sha-256 AA"), peer(70), &mut effects).expect("they are in");
    state.offered(id(3), Some("sha-256 BB"), peer(71), &mut effects).expect("they are in");
    let effects = answer(&mut state, 3, 4);
    assert!(effects.contains(&hold(71, "0", true)) && !effects.contains(&hold(71, "1", true)), "{effects:?}");
    assert_eq!(view(&mut state, 3).own.stopped, [Label::Microphone]);
}

#[test]
fn a_screen_that_was_stopped_is_seen_by_nobody_until_it_is_shared_anew() {
    let shared = [("0", Codec::Opus), ("1", Codec::H264), ("2", Codec::H264)];
    let names = [("0", Label::Microphone), ("1", Label::Camera), ("2", Label::Screen)];
    let names: Labels = names.map(|(mid, label)| (mid.to_owned(), label)).into();
    let offers = |state: &mut State, of: &[(&str, Codec)], fresh| {
        let (brought, mut effects) = (inbound(of), Vec::new());
        let sections = (&brought[..], sections(4, &BOTH));
        state.answered(id(3), sections, Some(&names), publication(fresh), &mut effects).expect("they are in");
        effects
    };
    let mut state = kept();
    state.go_live(ROOM, None, Wanted::Nothing, 5).expect("the room is there");
    state.consent(id(3), said(true, None)).expect("they are in");
    offers(&mut state, &shared, 50);
    let (_, effects) = act(&mut state, 2, 3, Act::StopScreen).expect("a moderator may");
    assert!(effects.contains(&hold(3, "2", true)), "{effects:?}");
    assert!(effects.contains(&Effect::Audience(publication(50), Audience::NOBODY)), "{effects:?}");
    assert_eq!((view(&mut state, 3).screen, view(&mut state, 3).own.stopped.clone()), (None, vec![Label::Screen]));
    let effects = state.consent(id(3), said(true, None)).expect("they are in");
    assert!(!effects.iter().any(|e| matches!(e, Effect::Audience(of, _) if *of == publication(50))), "{effects:?}");
    offers(&mut state, &shared, 51);
    assert_eq!(view(&mut state, 3).screen, None, "the same screen");
    let effects = offers(&mut state, &shared[..2], 52);
    assert!(effects.contains(&Effect::Unpublish(publication(50))), "{effects:?}");
    let effects = offers(&mut state, &shared, 53);
    let on_air = Audience::CALL.with(Purpose::OnAir);
    assert!(effects.contains(&Effect::Publish(publication(53), on_air)), "{effects:?}");
    assert!(view(&mut state, 3).screen.is_some() && view(&mut state, 3).own.stopped.is_empty());

    // Without the permission it is published for nobody, and with it for everybody, without another offer.
    let effects = state.permit(id(3), Permits { screen: false, ..GUEST }).expect("they are in");
    assert!(effects.contains(&Effect::Audience(publication(53), Audience::NOBODY)), "{effects:?}");
    let effects = state.permit(id(3), GUEST).expect("they are in");
    assert!(effects.contains(&Effect::Audience(publication(53), on_air)), "{effects:?}");
}

#[test]
fn nobody_keeps_order_among_those_above_them() {
    let mut state = kept();
    for what in [Act::Mute, Act::StopCamera, Act::StopScreen, Act::LowerHand, Act::Remove, Act::Ban, Act::HandOver] {
        for (by, who) in [(2, 1), (2, 2), (3, 4), (3, 1), (3, 2)] {
            let refused = act(&mut state, by, who, what).err();
            assert!(matches!(refused, Some(Error::NotPermitted)), "{what:?} by {by} to {who}: {refused:?}");
        }
    }
    let moderator = Act::Moderator { on: true };
    assert!(matches!(act(&mut state, 2, 3, moderator), Err(Error::NotPermitted)), "those who run the room choose");
    assert_eq!(act(&mut state, 1, 3, moderator).expect("a host may").0, Deed::Role(Role::Moderator));
    assert!(matches!(act(&mut state, 2, 3, Act::HandOver), Err(Error::NotPermitted)));
    assert!(matches!(act(&mut state, 1, 1, Act::Remove), Err(Error::NotPermitted)), "nobody puts themselves out");
    assert!(act(&mut state, 1, 1, Act::Mute).is_ok());
    state.permit(id(4), OWNER).expect("they are in");
    for what in [Act::Remove, Act::Ban, Act::Mute, Act::Stage { on: false }] {
        assert!(matches!(act(&mut state, 1, 4, what), Err(Error::NotPermitted)), "{what:?}");
    }
    assert!(matches!(act(&mut state, 4, 9, Act::Mute), Err(Error::NotHere)));
    // The box is muted by those who run the room, and is no person otherwise.
    state.join(ROOM, seat(5, ParticipantKind::Box)).expect("there is room");
    state.seat(id(5)).expect("it is in").permits = Permits::BOX;
    assert!(matches!(act(&mut state, 2, 5, Act::Mute), Err(Error::NotPermitted)));
    assert!(matches!(act(&mut state, 1, 5, Act::Remove), Err(Error::NotPermitted)));
    state.box_tracks(id(5), BoxTracks { audio: true, video: true, stand_in: false }, &mut Vec::new());
    act(&mut state, 1, 5, Act::Mute).expect("a host may");
    assert!(!view(&mut state, 5).microphone && view(&mut state, 5).camera);
}

#[test]
fn a_viewer_is_brought_on_stage_and_back() {
    let mut state = kept();
    state.permit(id(4), VIEWER).expect("they are in");
    let (on, off) = (Act::Stage { on: true }, Act::Stage { on: false });
    assert_eq!(act(&mut state, 2, 4, on).expect("a moderator may").0, Deed::Role(Role::Guest));
    assert_eq!(act(&mut state, 2, 4, off).expect("a moderator may").0, Deed::Nothing, "their grant is as it was");
    state.permit(id(4), GUEST).expect("they are in");
    assert_eq!(act(&mut state, 2, 4, off).expect("a moderator may").0, Deed::Role(Role::Viewer));
    state.permit(id(3), MODERATOR).expect("they are in");
    assert_eq!(act(&mut state, 1, 3, off).expect("a host may").0, Deed::Nothing, "it is no matter of the stage");
}

#[test]
fn who_looks_on_agrees_to_nothing_and_is_asked_on_stage_each_time() {
    let mut state = kept();
    state.permit(id(4), VIEWER).expect("they are in");
    state.go_live(ROOM, None, Wanted::Separately, 5).expect("the room is there");
    let answers = |state: &mut State| {
        let who = view(state, 4);
        [who.on_air, who.recorded, who.separately]
    };
    assert_eq!(answers(&mut state), [OnAir::No; 3]);
    let all = Answer { on_air: true, recorded: Some(true), separately: Some(true) };
    state.consent(id(4), all).expect("they are in");
    assert_eq!(answers(&mut state), [OnAir::No; 3]);
    for _ in 0..2 {
        let effects = state.permit(id(4), GUEST).expect("they are in");
        assert_eq!(answers(&mut state), [OnAir::Asked; 3]);
        assert_eq!(audience_of(&effects, 4), Some(Audience::CALL));
        state.consent(id(4), all).expect("they are in");
        assert_eq!(answers(&mut state), [OnAir::Yes; 3]);
        let effects = state.permit(id(4), VIEWER).expect("they are in");
        assert_eq!(answers(&mut state), [OnAir::No; 3]);
        assert_eq!(audience_of(&effects, 4), Some(Audience::CALL), "their yes went with it");
    }
    state.join(ROOM, NewSeat { permits: VIEWER, ..seat(5, ParticipantKind::Person) }).expect("there is room");
    assert_eq!(view(&mut state, 5).on_air, OnAir::No);
}

#[test]
fn hands_are_in_the_order_in_which_they_were_raised_and_go_down_when_somebody_speaks() {
    let mut state = crowd(3, 4);
    for n in [2, 1, 2, 3] {
        state.hand(id(n), true).expect("they are in");
    }
    let hands = |state: &mut State| [1, 2, 3].map(|n| view(state, n).hand);
    assert_eq!(hands(&mut state), [Some(2), Some(1), Some(3)], "raising it twice changes nothing");
    state.hand(id(2), false).expect("they are in");
    state.hand(id(2), true).expect("they are in");
    assert_eq!(hands(&mut state), [Some(2), Some(4), Some(3)]);
    for millis in (0..2000).step_by(250) {
        state.at(MediaTime::from_millis(millis));
        state.hear(&[(publication(1), 20)]);
    }
    assert_eq!(hands(&mut state), [None, Some(4), Some(3)], "who speaks has what they wanted");
    state.permit(id(3), MODERATOR).expect("they are in");
    act(&mut state, 3, 2, Act::LowerHand).expect("a moderator may");
    assert_eq!(hands(&mut state), [None, None, Some(3)]);
}

#[test]
fn whoever_is_removed_comes_back_by_the_lobby_and_whoever_is_banned_not_at_all() {
    let mut state = kept();
    let twice = NewSeat { subject: Some(subject(3)), ..seat(5, ParticipantKind::Person) };
    state.join(ROOM, twice).expect("there is room");
    let (deed, effects) = act(&mut state, 2, 3, Act::Remove).expect("a moderator may");
    assert_eq!(deed, Deed::Wait);
    assert!(effects.contains(&Effect::ClosePeer(peer(3))) && effects.contains(&Effect::ClosePeer(peer(5))));
    assert!(!state.is_in(id(3)) && !state.is_in(id(5)), "in every tab");
    let outside =
        |state: &mut State| state.snapshot()[0].outside.iter().map(|one| (one.id, one.why)).collect::<Vec<_>>();
    assert_eq!(outside(&mut state), [(id(3), Outside::Removed)]);
    let door = &mut state.place(ROOM).expect("it is there").door;
    door.knock(subject(3), id(33), name("Ada"), MediaTime::ZERO).expect("there is room");
    door.let_in(id(33));
    assert_eq!(outside(&mut state), [], "they were removed no more");

    assert_eq!(act(&mut state, 2, 4, Act::Ban).expect("a moderator may").0, Deed::Ban);
    assert_eq!(outside(&mut state), [(id(4), Outside::Banned)]);
    state.place(ROOM).expect("it is there").door.comes_in(subject(4));
    assert_eq!(outside(&mut state), [], "however they were let in");
}

#[test]
fn a_lobby_holds_so_many_and_who_was_refused_waits_before_asking_again() {
    let mut door = Door::default();
    let at = MediaTime::from_millis;
    for n in 0..MOST_WAITING as u8 {
        door.knock(subject(n), id(n), name("Ada"), at(0)).expect("there is room");
    }
    assert!(matches!(door.knock(subject(100), id(100), name("Eve"), at(0)), Err(Error::LobbyFull)));
    door.knock(subject(7), id(107), name("Ada"), at(0)).expect("who asks anew takes their own place");
    assert_eq!(door.refuse(id(7), at(0)), None, "that one is gone");
    assert_eq!(door.refuse(id(107), at(0)), Some(name("Ada")));
    assert!(matches!(door.knock(subject(7), id(8), name("Ada"), at(59_000)), Err(Error::Refused)));
    door.knock(subject(100), id(100), name("Eve"), at(0)).expect("there is room again");
    assert!(door.gives_up(id(100)) && !door.gives_up(id(100)));
    door.knock(subject(7), id(108), name("Ada"), at(60_000)).expect("a minute later");
    assert_eq!(door.outsiders().last().map(|one| one.id), Some(id(108)), "in the order in which they came");
}

#[test]
fn a_locked_room_lets_in_who_was_in_it_and_who_keeps_order_also_after_a_restart() {
    let mut state = kept();
    assert_eq!(state.place(ROOM).expect("it is there").door.kept(), "");
    let kept = state.lock(ROOM, true).expect("it is there");
    assert!(state.snapshot()[0].locked);
    let mut door = Door::of(&kept);
    for door in [&mut state.place(ROOM).expect("it is there").door, &mut door] {
        assert!(door.admits(subject(3), &GUEST).is_ok(), "who comes back");
        assert!(door.admits(subject(50), &MODERATOR).is_ok());
        assert!(matches!(door.admits(subject(50), &GUEST), Err(Error::Locked)));
        door.knock(subject(50), id(50), name("Bob"), MediaTime::ZERO).expect("there is room");
        door.let_in(id(50));
        assert!(door.admits(subject(50), &GUEST).is_ok(), "whoever was let in");
    }
    act(&mut state, 2, 3, Act::Remove).expect("a moderator may");
    let door = &mut state.place(ROOM).expect("it is there").door;
    assert!(matches!(door.admits(subject(3), &GUEST), Err(Error::Locked)), "whoever was removed is not known any more");
    assert_eq!(state.lock(ROOM, false).expect("it is there"), "");
    assert!(!state.snapshot()[0].locked && !Door::of("").is_locked() && !Door::of("nonsense").is_locked());
}

#[test]
fn a_room_that_its_hosts_leave_goes_to_whom_they_named_or_a_moderator_may_end_what_goes_on() {
    let succession = |state: &mut State| state.snapshot()[0].succession;
    let mut state = kept();
    state.permit(id(4), MODERATOR).expect("they are in");
    assert_eq!(succession(&mut state), Succession::default());
    state.leave(id(1)).expect("they are in");
    assert_eq!(succession(&mut state).acting, Some(id(2)), "who was there the longest");
    assert_eq!(state.heir(ROOM), None, "nobody was chosen");
    state.leave(id(2)).expect("they are in");
    assert_eq!(succession(&mut state).acting, Some(id(4)));
    state.join(ROOM, NewSeat { permits: HOST, ..seat(6, ParticipantKind::Person) }).expect("there is room");
    assert_eq!(succession(&mut state), Succession::default(), "a host is there");

    act(&mut state, 6, 3, Act::HandOver).expect("a host may");
    assert_eq!(succession(&mut state).named, Some(id(3)));
    assert_eq!(state.heir(ROOM), None, "not before the last host leaves");
    state.leave(id(6)).expect("they are in");
    assert_eq!(state.heir(ROOM), Some((subject(3), name("somebody"))));
    assert_eq!(state.heir(ROOM), None, "once");
    state.permit(id(3), HOST).expect("they are in");
    assert_eq!(succession(&mut state), Succession::default());
    // Whoever was named and left is forgotten.
    act(&mut state, 3, 4, Act::HandOver).expect("a host may");
    state.leave(id(4)).expect("they are in");
    assert_eq!(succession(&mut state).named, None);
    state.join(ROOM, seat(7, ParticipantKind::Person)).expect("there is room");
    state.leave(id(3)).expect("they are in");
    assert_eq!((state.heir(ROOM), succession(&mut state)), (None, Succession::default()), "a guest gets nothing");
}

//! The rules of rooms, each on the pure state.

mod by_itself;
mod codecs;
mod order;
mod screens;
mod separately;
mod views;

use super::permits::{Permits, Rank};
use super::seat::NewSeat;
use super::state::{Effect, State};
use super::*;
use crate::drivers::peer::server::{Inbound, Slot as Section};
use crate::model::id::{GrantId, PublicationId};
use crate::model::layer::{Layer, Layers};
use crate::model::purpose::{Audience, Purpose};
use crate::model::role::{Role, Subject};
use crate::model::time::MediaTime;
use crate::model::track::{Codec, Kind};

const ROOM: RoomId = RoomId::from_bytes([9; 10]);

fn id(n: u8) -> ParticipantId {
    ParticipantId::from_bytes([n; 10])
}

fn publication(n: u8) -> PublicationId {
    PublicationId::from_bytes([n; 10])
}

fn peer(n: u8) -> PeerId {
    PeerId::from_bytes([n; 10])
}

fn subject(n: u8) -> Subject {
    Subject::Login(GrantId::from_bytes([n; 10]))
}

/// What a guest has.
const GUEST: Permits = Permits { role: Role::Guest, rank: Rank::Takes, speak: true, camera: true, screen: true };

fn name(text: &str) -> Name {
    Name::new(text).expect("it is a name")
}

fn title() -> Title {
    Title::new("An evening").expect("it is a title")
}

fn seat(n: u8, kind: ParticipantKind) -> NewSeat {
    NewSeat {
        participant: id(n),
        publication: publication(n),
        peer: peer(n),
        name: name("somebody"),
        permits: GUEST,
        subject: Some(subject(n)),
        kind,
        resume: None,
    }
}

/// What somebody's connection sends, with these names and codecs.
fn inbound(of: &[(&str, Codec)]) -> Vec<Inbound> {
    let one = |(mid, codec): &(&str, Codec)| Inbound { mid: (*mid).into(), codec: *codec, layers: Layers::ALL };
    of.iter().map(one).collect()
}

/// So many slots for pictures of these codecs, and as many for sound.
fn sections(count: usize, codecs: &[Codec]) -> Vec<Section> {
    let of = |kind, codecs: &[Codec]| {
        let name = if kind == Kind::Audio { "a" } else { "v" };
        let one = |n| Section { mid: format!("{name}{n}"), kind, codecs: codecs.to_vec() };
        (0..count).map(one).collect::<Vec<_>>()
    };
    [of(Kind::Audio, &[Codec::Opus]), of(Kind::Video, codecs)].concat()
}

/// What somebody answers who knows nothing of files of their own.
fn said(on_air: bool, recorded: Option<bool>) -> Answer {
    Answer { on_air, recorded, separately: None }
}

const BOTH: [Codec; 2] = [Codec::H264, Codec::Vp8];
const MEDIA: [(&str, Codec); 2] = [("0", Codec::Opus), ("1", Codec::H264)];

/// Answers an offer of somebody who sends sound and pictures and has so many slots.
fn answer(state: &mut State, n: u8, slots: usize) -> Vec<Effect> {
    let mut effects = Vec::new();
    let brought = inbound(&MEDIA);
    state
        .answered(id(n), (&brought, sections(slots, &BOTH)), None, publication(100 + n), &mut effects)
        .expect("they are in");
    effects
}

/// A room with so many people, each sending and with so many slots for tracks of each kind.
fn crowd(people: u8, slots: usize) -> State {
    let mut state = State::new(u32::from(people) + 1);
    state.add(ROOM, name("Porch"), BroadcastId::from_bytes([8; 10]), Direction::default());
    for n in 1..=people {
        state.join(ROOM, seat(n, ParticipantKind::Person)).expect("there is room");
        answer(&mut state, n, slots);
    }
    state
}

/// A room with people 1 and 2.
fn room() -> State {
    crowd(2, 2)
}

fn view(state: &mut State, n: u8) -> Participant {
    state.snapshot()[0].participant(id(n)).cloned().expect("they are in")
}

/// Whose seats have been lost for too long at this moment, in milliseconds.
fn expired(state: &mut State, millis: i64) -> Vec<ParticipantId> {
    state.at(MediaTime::from_millis(millis));
    state.expired()
}

fn audience_of(effects: &[Effect], n: u8) -> Option<Audience> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::Audience(of, audience) if *of == publication(n) => Some(*audience),
        _ => None,
    })
}

#[test]
fn everybody_gets_the_tracks_of_everybody_else() {
    let mut state = room();
    assert_eq!(view(&mut state, 1).own.slots.iter().filter(|s| s.from.is_some_and(|(who, _)| who == id(2))).count(), 2);
    assert_eq!(view(&mut state, 2).own.slots.iter().filter(|s| s.from.is_some_and(|(who, _)| who == id(1))).count(), 2);
    assert_eq!(state.sources().len(), 4);
}

#[test]
fn nobody_is_on_air_without_a_yes() {
    let mut state = room();
    state.join(ROOM, seat(3, ParticipantKind::Box)).expect("there is room");
    let (_, effects) = state.go_live(ROOM, None, Wanted::Nothing, 5).expect("the room is there");
    assert_eq!(audience_of(&effects, 1), Some(Audience::CALL));
    assert_eq!(view(&mut state, 1).on_air, OnAir::Asked);
    assert_eq!(audience_of(&effects, 3), Some(Audience::CALL.with(Purpose::OnAir)), "the press is the box's yes");
    let effects = state.consent(id(1), said(true, None)).expect("they are in");
    assert_eq!(audience_of(&effects, 1), Some(Audience::CALL.with(Purpose::OnAir)));
    let effects = state.consent(id(1), said(false, None)).expect("they are in");
    assert_eq!(audience_of(&effects, 1), Some(Audience::CALL));
    assert_eq!(view(&mut state, 1).on_air, OnAir::No);
    let effects = state.wish_box(id(3), BoxWish { on_air: Some(false), ..BoxWish::default() }).expect("it is in");
    assert_eq!(audience_of(&effects, 3), Some(Audience::CALL), "the box's yes can be taken back");
}

#[test]
fn a_recording_waits_for_the_yes_of_everybody_who_is_on_air_and_for_nobody_else() {
    let mut state = room();
    state.join(ROOM, seat(3, ParticipantKind::Box)).expect("there is room");
    assert!(matches!(state.record(ROOM, Wanted::Program), Err(Error::NotLive)));
    state.go_live(ROOM, None, Wanted::Nothing, 5).expect("the room is there");
    let recording = |state: &mut State, millis: i64| {
        state.at(MediaTime::from_millis(millis));
        state.snapshot()[0].live.as_ref().and_then(|live| live.recording).map(|it| (it.agreed, it.since))
    };
    let since = |agreed, millis| Some((agreed, MediaTime::from_millis(millis)));
    assert_eq!(recording(&mut state, 10), None);
    state.record(ROOM, Wanted::Program).expect("it is live");
    assert_eq!(recording(&mut state, 20), since(true, 20), "the box agrees by the press, and nobody else is on air");
    // Who says yes to being on air alone is asked about the recording.
    state.at(MediaTime::from_millis(30));
    state.consent(id(1), said(true, None)).expect("they are in");
    assert_eq!(recording(&mut state, 31), since(false, 31));
    assert_eq!(view(&mut state, 1).recorded, OnAir::Asked);
    state.consent(id(1), said(true, Some(true))).expect("they are in");
    assert_eq!(recording(&mut state, 40), since(true, 40));
    state.consent(id(2), said(true, Some(true))).expect("they are in");
    assert_eq!(recording(&mut state, 50), since(true, 40), "it goes on");
    state.consent(id(2), said(true, Some(false))).expect("they are in");
    assert_eq!(recording(&mut state, 60), since(false, 60));
    state.leave(id(2)).expect("they are in");
    assert_eq!(recording(&mut state, 70), since(true, 70));
    // Another recording is another question.
    state.record(ROOM, Wanted::Nothing).expect("it is live");
    assert_eq!(recording(&mut state, 80), None);
    state.record(ROOM, Wanted::Program).expect("it is live");
    assert_eq!(recording(&mut state, 90), since(false, 80));
    assert_eq!(view(&mut state, 1).recorded, OnAir::Asked);
    // Who is asked both at once gives one answer.
    state.end_live(ROOM).expect("the room is there");
    state.go_live(ROOM, None, Wanted::Program, 6).expect("the room is there");
    assert_eq!((view(&mut state, 1).on_air, view(&mut state, 1).recorded), (OnAir::Asked, OnAir::Asked));
    state.wish_box(id(3), BoxWish { on_air: Some(false), ..BoxWish::default() }).expect("it is in");
    assert_eq!(recording(&mut state, 100).map(|(agreed, _)| agreed), Some(false), "nobody is on air");
}

#[test]
fn a_yes_means_nothing_when_the_room_is_off_air() {
    let mut state = room();
    let effects = state.consent(id(1), said(true, None)).expect("they are in");
    assert_eq!(audience_of(&effects, 1), Some(Audience::CALL));
    state.go_live(ROOM, None, Wanted::Nothing, 5).expect("the room is there");
    state.consent(id(1), said(true, None)).expect("they are in");
    let effects = state.end_live(ROOM).expect("the room is there");
    assert_eq!(audience_of(&effects, 1), Some(Audience::CALL));
    state.go_live(ROOM, None, Wanted::Nothing, 6).expect("the room is there");
    assert_eq!(view(&mut state, 1).on_air, OnAir::Asked, "a yes holds for one broadcast");
}

#[test]
fn who_comes_while_the_room_is_live_is_asked() {
    let mut state = room();
    state.go_live(ROOM, Some(title()), Wanted::Nothing, 5).expect("the room is there");
    assert_eq!(state.snapshot()[0].live, Some(Live { since: 5, title: title(), recording: None, by_itself: false }));
    state.join(ROOM, seat(3, ParticipantKind::Person)).expect("there is room");
    assert_eq!(view(&mut state, 3).on_air, OnAir::Asked);
    assert!(matches!(state.join(ROOM, seat(4, ParticipantKind::Person)), Err(Error::Full)));
}

#[test]
fn who_leaves_frees_what_they_held() {
    let mut state = room();
    let effects = state.leave(id(2)).expect("they are in");
    assert!(effects.contains(&Effect::ClosePeer(peer(2))));
    assert!(effects.contains(&Effect::Unpublish(publication(2))));
    let freed = |e: &&Effect| matches!(e, Effect::Bind { peer: p, to: None, .. } if *p == peer(1));
    assert_eq!(effects.iter().filter(freed).count(), 2);
    assert!(state.sources().is_empty());
    assert!(matches!(state.leave(id(2)), Err(Error::NoSeat)));
}

#[test]
fn a_lost_seat_is_held_for_a_minute_and_taken_back_once() {
    let mut state = room();
    let tokens = [(); 4].map(|()| crate::drivers::identity::Token::random().hash());
    let token = |n: usize| tokens[n];
    state.seat(id(1)).expect("they are in").resume = Some(token(1));
    state.lost(id(1), 9, Away::Unsaid);
    assert_eq!(view(&mut state, 1).connection, Connection::Connecting, "that was another connection");
    state.lost(id(1), 1, Away::Unsaid);
    assert_eq!(view(&mut state, 1).connection, Connection::Lost);
    assert!(expired(&mut state, 59_999).is_empty());
    assert_eq!(expired(&mut state, 60_000), [id(1)]);
    assert_eq!(state.resume(ROOM, &token(1), token(2)), Some((id(1), 2)));
    assert_eq!(state.resume(ROOM, &token(1), token(3)), None, "a token serves once");
    assert!(expired(&mut state, 600_000).is_empty());
}

#[test]
fn media_that_goes_on_without_a_websocket_is_connected_again_with_it() {
    let mut state = room();
    let peer = state.seat(id(1)).expect("they are in").peer;
    let tokens = [(); 3].map(|()| crate::drivers::identity::Token::random().hash());
    state.seat(id(1)).expect("they are in").resume = Some(tokens[0]);
    state.connection(peer, Connection::Connected);
    state.lost(id(1), 1, Away::Unsaid);
    assert_eq!(view(&mut state, 1).connection, Connection::Lost);
    assert!(state.resume(ROOM, &tokens[0], tokens[1]).is_some());
    assert_eq!(view(&mut state, 1).connection, Connection::Connected);

    state.lost(id(1), 2, Away::Unsaid);
    state.connection(peer, Connection::Lost);
    assert!(state.resume(ROOM, &tokens[1], tokens[2]).is_some());
    assert_eq!(view(&mut state, 1).connection, Connection::Connecting, "media was lost meanwhile");
    state.connection(peer, Connection::Connected);
    assert_eq!(view(&mut state, 1).connection, Connection::Connected);
}

#[test]
fn the_seat_of_a_page_that_went_away_is_held_for_seconds() {
    let mut state = room();
    state.lost(id(1), 1, Away::Page);
    assert!(expired(&mut state, 9_999).is_empty());
    assert_eq!(expired(&mut state, 10_000), [id(1)]);
}

#[test]
fn a_smaller_room_keeps_who_is_in_and_takes_nobody_more() {
    let mut state = room();
    state.set_most(2);
    assert!(state.is_in(id(1)) && state.is_in(id(2)));
    assert!(matches!(state.join(ROOM, seat(3, ParticipantKind::Person)), Err(Error::Full)));
}

#[test]
fn another_fingerprint_is_another_connection() {
    let mut state = room();
    let mut effects = Vec::new();
    assert_eq!(state.offered(id(1), Some("sha-256 AA"), peer(7), &mut effects).ok().map(|of| of.0), Some(peer(1)));
    assert_eq!(state.offered(id(1), Some("sha-256 AA"), peer(7), &mut effects).ok().map(|of| of.0), Some(peer(1)));
    assert!(effects.is_empty());
    assert_eq!(state.offered(id(1), Some("sha-256 BB"), peer(7), &mut effects).ok().map(|of| of.0), Some(peer(7)));
    assert_eq!(effects, [Effect::ClosePeer(peer(1))]);
    let brought = inbound(&MEDIA[..1]);
    let new = state.answered(id(1), (&brought, Vec::new()), None, publication(9), &mut effects).expect("they are in");
    assert_eq!(new.iter().map(|track| track.mid.as_str()).collect::<Vec<_>>(), ["0"], "its tracks begin anew");
    assert!(!view(&mut state, 1).video);
}

#[test]
fn the_box_is_in_one_call_only() {
    let mut state = room();
    let other = RoomId::from_bytes([7; 10]);
    state.add(other, name("Kitchen"), BroadcastId::from_bytes([6; 10]), Direction::default());
    state.join(other, seat(3, ParticipantKind::Box)).expect("there is room");
    assert_eq!(state.box_in(ROOM).ok().flatten(), None);
    let effects = state.box_leaves(Some(ROOM));
    assert_eq!(effects, [Effect::Unpublish(publication(3))]);
    assert_eq!(state.box_in(other).ok().flatten(), None);
}

//! Viewers on the real worker, with a program made of rings and offers of an engine that never connects.

use std::time::Instant;

use str0m::Rtc;
use str0m::media::{Direction, MediaKind};

use super::*;
use crate::model::id::RoomId;
use crate::model::purpose::Audience;
use crate::model::ring::{Demand, UNITS, Writer, ring};
use crate::model::time::Timeline;
use crate::model::track::Codec;
use crate::model::unit::Unit;
use crate::proto::auth::Title;
use crate::services::origin::Native;

const BROADCAST: BroadcastId = BroadcastId::from_bytes([1; 10]);
const KEY: Key = Key { id: BROADCAST, epoch: None };
const PROGRAM: PublicationId = PublicationId::from_bytes([2; 10]);

struct Studio {
    whep: Handle,
    origin: origin::Handle,
    broadcasts: broadcast::Handle,
    /// How many logins have ended.
    ended: watch::Sender<u64>,
    _cancel: tokio_util::sync::DropGuard,
}

impl Studio {
    async fn on_air() -> Self {
        let (tasks, cancel) = (TaskTracker::new(), CancellationToken::new());
        let timeline = Timeline::new(Instant::now(), 0, 0);
        let origin = origin::start(timeline, Supervisor::default(), &tasks, cancel.clone());
        let (ended, seen) = watch::channel(0);
        let broadcasts = broadcast::start(&tasks, seen, cancel.clone());
        let loopback = peers::Config { listen: "127.0.0.1:0".parse().expect("an address"), ..peers::Config::default() };
        let (peers, _) = peers::start(&loopback, timeline, tokio::sync::watch::channel(Default::default()).1)
            .expect("loopback has ports");
        let parts =
            Parts { origin: origin.clone(), broadcasts: broadcasts.clone(), peers, supervisor: Supervisor::default() };
        let whep = start(parts, &tasks, cancel.clone());
        let title = Title::new("Garden").expect("a title");
        broadcasts.register(BROADCAST, title.clone()).await.expect("it is registered");
        broadcasts.start(BROADCAST, title, 0, PROGRAM).await.expect("it starts");
        origin.publish(PROGRAM, Audience::ON_AIR).await.expect("the origin runs");
        Self { whep, origin, broadcasts, ended, _cancel: cancel.drop_guard() }
    }

    /// The picture of the program, made by a new encoder.
    async fn picture(&self) -> (Writer<Unit>, Demand) {
        let (writer, source) = ring(UNITS);
        let demand = writer.demand();
        self.origin.track(PROGRAM, Native::Units(Codec::H264, source)).await.expect("it is published");
        (writer, demand)
    }
}

fn offer() -> String {
    let mut rtc = Rtc::builder().build(Instant::now());
    let mut change = rtc.sdp_api();
    change.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
    change.apply().expect("there is something to offer").0.to_sdp_string()
}

async fn readers(demand: &mut Demand, wanted: usize) {
    while demand.changed().await.readers != wanted {}
}

#[tokio::test(start_paused = true)]
async fn one_reader_serves_all_viewers_and_ends_with_the_last_of_them() {
    let studio = Studio::on_air().await;
    let (_writer, mut demand) = studio.picture().await;
    let first = studio.whep.create(KEY, offer()).await.expect("it is on air");
    let second = studio.whep.create(KEY, offer()).await.expect("it is on air");
    readers(&mut demand, 1).await;
    studio.whep.delete(BROADCAST, first.viewer).await.expect("they watch");
    // Nobody answers the second one's checks: after a while they are let go.
    readers(&mut demand, 0).await;
    assert_eq!(studio.whep.delete(BROADCAST, second.viewer).await, Err(Error::NotFound));
    assert!(studio.whep.counts().borrow().is_empty(), "who never connected does not count");
}

#[tokio::test]
async fn viewers_get_what_a_new_encoder_makes_and_wait_for_one_that_is_not_there_yet() {
    let studio = Studio::on_air().await;
    studio.whep.create(KEY, offer()).await.expect("it is on air");
    let (writer, mut demand) = studio.picture().await;
    readers(&mut demand, 1).await;
    let (_fresh, mut demand) = studio.picture().await;
    drop(writer);
    readers(&mut demand, 1).await;
}

#[tokio::test(start_paused = true)]
async fn off_air_ends_every_viewer_at_once() {
    let studio = Studio::on_air().await;
    let (_writer, mut demand) = studio.picture().await;
    let viewer = studio.whep.create(KEY, offer()).await.expect("it is on air").viewer;
    readers(&mut demand, 1).await;
    studio.broadcasts.stop(BROADCAST).await.expect("it is known");
    readers(&mut demand, 0).await;
    assert_eq!(studio.whep.delete(BROADCAST, viewer).await, Err(Error::NotFound));
    assert_eq!(studio.whep.create(KEY, offer()).await.err(), Some(Error::NotOnAir));
    let unknown = BroadcastId::from_bytes([9; 10]);
    let unknown = Key { id: unknown, epoch: None };
    assert_eq!(studio.whep.create(unknown, offer()).await.err(), Some(Error::NotFound));
}

#[tokio::test(start_paused = true)]
async fn who_watches_what_is_restricted_comes_by_its_key_and_again_by_another_one_when_somebody_may_no_longer() {
    let studio = Studio::on_air().await;
    let (_writer, mut demand) = studio.picture().await;
    let open = studio.whep.create(KEY, offer()).await.expect("it is for everybody").viewer;
    readers(&mut demand, 1).await;
    let key = || studio.broadcasts.list().borrow()[0].key();
    studio.broadcasts.restrict(BROADCAST, Some(RoomId::from_bytes([3; 10]))).await.expect("it is known");
    readers(&mut demand, 0).await;
    assert_eq!(studio.whep.delete(BROADCAST, open).await, Err(Error::NotFound));
    assert_eq!(studio.whep.create(KEY, offer()).await.err(), Some(Error::NotFound));

    let first = key();
    studio.whep.create(first.clone(), offer()).await.expect("it is its key");
    readers(&mut demand, 1).await;
    studio.ended.send_replace(1);
    readers(&mut demand, 0).await;
    assert_ne!(key(), first);
    assert_eq!(studio.whep.create(first, offer()).await.err(), Some(Error::NotFound));
    studio.whep.create(key(), offer()).await.expect("it is its key by now");
}

/// The line of a session description that begins so.
fn line<'a>(sdp: &'a str, name: &str) -> &'a str {
    sdp.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {sdp}"))
}

fn fragment(ufrag: &str, password: &str, candidate: &str) -> Fragment {
    Fragment::read(&format!("{ufrag}\r\n{password}\r\n{candidate}\r\n")).expect("it is whole")
}

#[tokio::test]
async fn a_viewer_adds_addresses_and_starts_ice_anew_on_the_same_connection() {
    let studio = Studio::on_air().await;
    let (_writer, mut demand) = studio.picture().await;
    let offer = offer();
    let first = studio.whep.create(KEY, offer.clone()).await.expect("it is on air");
    readers(&mut demand, 1).await;
    assert_eq!(first.sdp.matches("a=rtcp-mux-only").count(), first.sdp.matches("\nm=").count(), "{}", first.sdp);
    assert!(line(&first.sdp, "a=msid:").starts_with(&format!("a=msid:{BROADCAST} ")), "{}", first.sdp);
    let change =
        async |meant: Meant, fragment: Fragment| studio.whep.change(BROADCAST, first.viewer, meant, fragment).await;
    let this = |tag: &str| Meant::Tags(vec![tag.to_owned()]);

    let candidate = "a=candidate:1 1 udp 2122260223 127.0.0.1 61764 typ host";
    let same = fragment(line(&offer, "a=ice-ufrag:"), line(&offer, "a=ice-pwd:"), candidate);
    assert_eq!(change(this(&first.tag), same.clone()).await, Ok(Changed::Added));
    assert_eq!(change(this("another"), same.clone()).await, Err(Error::Outdated));

    let other = fragment("a=ice-ufrag:ysXw", "a=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k", candidate);
    let Ok(Changed::Restarted { fragment: answer, tag }) = change(Meant::Any, other.clone()).await else {
        panic!("it is started anew");
    };
    assert_ne!(line(&answer, "a=ice-ufrag:"), line(&first.sdp, "a=ice-ufrag:"));
    assert_ne!(tag, first.tag);
    assert_eq!(change(this(&first.tag), other.clone()).await, Err(Error::Outdated));
    assert_eq!(change(this(&tag), other.clone()).await, Ok(Changed::Added), "these are the credentials now");

    let elsewhere = BroadcastId::from_bytes([9; 10]);
    let strange = studio.whep.change(elsewhere, first.viewer, Meant::Any, other.clone()).await;
    assert_eq!(strange, Err(Error::NotFound));
    studio.whep.delete(BROADCAST, first.viewer).await.expect("they watch still");
    assert_eq!(change(Meant::Any, other).await, Err(Error::NotFound));
    readers(&mut demand, 0).await;
}

#[tokio::test]
async fn there_are_only_so_many_viewers_and_refused_offers_take_no_place() {
    let studio = Studio::on_air().await;
    let bad = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n";
    for _ in 0..2 * peers::PEERS {
        assert_eq!(in_turn(&studio, bad).await.err(), Some(Error::BadOffer));
    }
    let offer = offer();
    let begun = Instant::now();
    for _ in 0..VIEWERS {
        in_turn(&studio, &offer).await.expect("there is room");
    }
    // Who is not overdue keeps their place, who is makes room.
    let next = studio.whep.create(KEY, offer).await;
    if begun.elapsed() < OVERDUE {
        assert_eq!(next.err(), Some(Error::Busy));
    } else {
        assert!(next.is_ok());
    }
}

#[tokio::test]
async fn who_never_connects_makes_room_for_who_comes_later() {
    let studio = Studio::on_air().await;
    let offer = offer();
    let first = in_turn(&studio, &offer).await.expect("there is room").viewer;
    for _ in 1..VIEWERS {
        in_turn(&studio, &offer).await.expect("there is room");
    }
    let end = Instant::now() + CONNECT;
    while studio.whep.create(KEY, offer.clone()).await.is_err() {
        assert!(Instant::now() < end, "nobody makes room");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(studio.whep.delete(BROADCAST, first).await, Err(Error::NotFound), "the first was overdue first");
}

/// Offers, and when too many have, again a little later.
async fn in_turn(studio: &Studio, offer: &str) -> Result<Answer, Error> {
    let end = Instant::now() + CONNECT;
    loop {
        match studio.whep.create(KEY, offer.into()).await {
            Err(Error::Busy) if Instant::now() < end => tokio::time::sleep(STEP).await,
            other => return other,
        }
    }
}

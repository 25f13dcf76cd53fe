//! The loop: commands in, effects on peers and origin, snapshots out.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::state::{Effect, NewSeat, State, fingerprint};
use super::{BoxWish, Command, Connection, Done, Error, Join, ParticipantKind, Parts, Room, Rooms, Seat};
use crate::drivers::identity::{Token, random_id};
use crate::drivers::peer::server::{Bound, EVENTS, Event, Source, Terms};
use crate::drivers::store;
use crate::model::id::{BroadcastId, ParticipantId, PeerId, PublicationId, RoomId};
use crate::model::layer::Layer;
use crate::model::purpose::{Audience, Purpose};
use crate::model::ring::{PACKETS, ring};
use crate::model::role::Role;
use crate::model::track::{Codec, Kind};
use crate::proto::auth::{Name, Title};
use crate::proto::sfu::Rank;
use crate::services::access::Grant;
use crate::services::origin::Native;

/// Rooms a box has at most.
const ROOMS: usize = 64;
/// Seats that one login holds at most, over all rooms: some tabs, and some that are held while somebody comes back.
const SEATS: usize = 8;
/// How often lost seats and ended grants are looked for.
const LOOK: Duration = Duration::from_secs(1);

pub(super) struct Actor {
    parts: Parts,
    /// What happens to the browsers' connections, and where it is told.
    events: (mpsc::Sender<Event>, mpsc::Receiver<Event>),
    state: State,
    snapshot: watch::Sender<Rooms>,
    grants: HashMap<ParticipantId, Grant>,
    /// Tracks that the peers' worker knows.
    sources: BTreeSet<Source>,
}

impl Actor {
    pub(super) fn new(parts: Parts, state: State, snapshot: watch::Sender<Rooms>) -> Self {
        let events = mpsc::channel(EVENTS);
        Self { parts, events, state, snapshot, grants: HashMap::new(), sources: BTreeSet::new() }
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Command>, cancel: CancellationToken) {
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(command) => self.command(command).await,
                    None => break,
                },
                Some(event) = self.events.1.recv() => self.event(event),
                _ = look.tick() => self.look().await,
                () = cancel.cancelled() => break,
            }
            self.show();
        }
        let rooms: Vec<RoomId> = self.state.snapshot().iter().map(|room| room.id).collect();
        for room in rooms {
            let effects = self.state.remove(room).unwrap_or_default();
            self.apply(effects).await;
        }
        self.show();
    }

    fn show(&self) {
        let rooms = self.state.snapshot();
        self.snapshot.send_if_modified(|shown| {
            let changed = *shown != rooms;
            *shown = rooms;
            changed
        });
    }

    fn event(&mut self, event: Event) {
        let (peer, connection) = match event {
            Event::Connected(peer) => (peer, Connection::Connected),
            Event::Disconnected(peer) | Event::Closed(peer) => (peer, Connection::Lost),
            // Who publishes anew says so, and is bound anew.
            Event::Shown(..) | Event::Wanted(..) | Event::Ended(..) => return,
        };
        self.state.connection(peer, connection);
    }

    async fn look(&mut self) {
        let mut leaving = self.state.expired(self.parts.timeline.media(Instant::now()));
        leaving.extend(self.grants.iter().filter(|(_, grant)| !grant.is_live()).map(|(who, _)| *who));
        for who in leaving {
            self.grants.remove(&who);
            let effects = self.state.leave(who).unwrap_or_default();
            self.apply(effects).await;
        }
    }

    /// Answers once the change is there to see; an answer that nobody waits for any more is no error.
    fn answer<T>(&self, done: Done<T>, result: Result<T, Error>) {
        self.show();
        let _ = done.send(result);
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Create { name, done } => {
                let result = self.create(name).await;
                self.answer(done, result);
            }
            Command::Remove { room, done } => {
                let result = self.remove(room).await;
                self.answer(done, result);
            }
            Command::Join { join, done } => {
                let result = self.join(*join).await;
                self.answer(done, result);
            }
            Command::Offer { who, sdp, done } => {
                let result = self.offer(who, sdp).await;
                self.answer(done, result);
            }
            Command::Sending { who, microphone, camera, done } => {
                let result = self.state.sending(who, microphone, camera);
                self.answer(done, result);
            }
            Command::Consent { who, on_air, done } => {
                let effects = self.state.consent(who, on_air);
                let result = self.all(effects).await;
                self.answer(done, result);
            }
            Command::GoLive { room, title, done } => {
                let result = self.go_live(room, title).await;
                self.answer(done, result);
            }
            Command::EndLive { room, done } => {
                let effects = self.state.end_live(room);
                let result = self.all(effects).await;
                self.answer(done, result);
            }
            Command::Box { room, wish, done } => {
                let result = self.wish_box(room, wish).await;
                self.answer(done, result);
            }
            Command::BoxTracks { who, tracks } => {
                let mut effects = Vec::new();
                self.state.box_tracks(who, tracks, &mut effects);
                self.began(who, &mut effects);
                self.apply(effects).await;
            }
            Command::Lost { who, generation, away } => {
                let now = self.parts.timeline.media(Instant::now());
                self.state.lost(who, generation, away, now);
            }
            Command::Most { participants } => self.state.set_most(participants),
            Command::Leave { who, done } => {
                self.grants.remove(&who);
                let effects = self.state.leave(who);
                let result = self.all(effects).await;
                self.answer(done, result);
            }
            Command::Notice { room, notice } => self.state.notice(room, notice),
            Command::Peers { done } => drop(done.send(Ok(self.state.peers()))),
        }
    }

    async fn go_live(&mut self, room: RoomId, title: Option<Title>) -> Result<BroadcastId, Error> {
        let (broadcast, effects) = self.state.go_live(room, title, self.unix())?;
        self.apply(effects).await;
        Ok(broadcast)
    }

    /// Wall time in seconds since 1970 UTC.
    fn unix(&self) -> i64 {
        let now = self.parts.timeline.media(Instant::now());
        (self.parts.timeline.unix_nanos(now) / 1_000_000_000) as i64
    }

    pub(super) async fn create(&mut self, name: Name) -> Result<Arc<Room>, Error> {
        if self.state.rooms() >= ROOMS {
            return Err(Error::TooManyRooms(ROOMS));
        }
        let (id, broadcast) = (random_id(RoomId::from_bytes), random_id(BroadcastId::from_bytes));
        let created = self.unix();
        self.parts.store.insert_room(store::Room { id, name: name.to_string(), broadcast, created }).await?;
        self.state.add(id, name, broadcast);
        self.show();
        self.state.snapshot().iter().find(|room| room.id == id).cloned().ok_or(Error::NoRoom)
    }

    async fn remove(&mut self, room: RoomId) -> Result<(), Error> {
        self.parts.store.delete_room(room).await?;
        let effects = self.state.remove(room);
        self.grants.retain(|who, _| self.state.is_in(*who));
        self.all(effects).await
    }

    async fn join(&mut self, join: Join) -> Result<Seat, Error> {
        let token = Token::random();
        if let Some(old) = join.resume.and_then(|text| text.parse::<Token>().ok())
            && let Some((participant, generation)) = self.state.resume(join.room, &old.hash(), token.hash())
        {
            self.grants.insert(participant, join.grant);
            return Ok(Seat { participant, resume: token, generation });
        }
        if self.grants.values().filter(|grant| grant.id() == join.grant.id()).count() >= SEATS {
            return Err(Error::TooOften);
        }
        let seat = NewSeat {
            participant: random_id(ParticipantId::from_bytes),
            publication: random_id(PublicationId::from_bytes),
            peer: random_id(PeerId::from_bytes),
            name: join.name,
            role: join.grant.role(),
            kind: ParticipantKind::Person,
            resume: Some(token.hash()),
        };
        let (participant, publication) = (seat.participant, seat.publication);
        self.state.join(join.room, seat)?;
        self.publish(publication).await;
        self.grants.insert(participant, join.grant);
        Ok(Seat { participant, resume: token, generation: 1 })
    }

    async fn publish(&self, publication: PublicationId) {
        if let Err(error) = self.parts.origin.publish(publication, Audience::CALL).await {
            tracing::warn!(%error, "a participant can't publish");
        }
    }

    async fn offer(&mut self, who: ParticipantId, sdp: String) -> Result<String, Error> {
        let mut effects = Vec::new();
        let fresh = random_id(PeerId::from_bytes);
        let peer = self.state.offered(who, fingerprint(&sdp), fresh, &mut effects)?;
        self.apply(effects).await;
        let answer = self.parts.peers.offer(peer, sdp, Terms::call(Codec::H264), &self.events.0).await?;
        tracing::info!(participant = %who, peer = %peer.tag(), "an offer was answered");
        let mut effects = Vec::new();
        let inbound: Vec<_> = answer.inbound.iter().map(|inbound| (inbound.mid.clone(), inbound.codec)).collect();
        let (publication, new) = self.state.inbound(who, &inbound)?;
        for (mid, codec) in new {
            let kind = codec.kind();
            let (writer, source) = ring(PACKETS);
            self.parts.peers.receive(peer, mid, writer).await?;
            if let Err(error) = self.parts.origin.track(publication, Native::Packets(codec, source)).await {
                tracing::warn!(%error, "a track can't be published");
            }
            self.sources.remove(&(publication, kind));
            self.state.rebind((publication, kind), &mut effects);
        }
        self.state.slots(who, answer.slots.into_iter().map(|slot| (slot.mid, slot.kind)).collect(), &mut effects)?;
        self.state.settle(&mut effects);
        self.apply(effects).await;
        Ok(answer.sdp)
    }

    async fn wish_box(&mut self, room: RoomId, wish: BoxWish) -> Result<(), Error> {
        let seated = self.state.box_in(room)?;
        let who = match (seated, wish.in_call) {
            (Some(who), Some(false)) => {
                let effects = self.state.leave(who);
                return self.all(effects).await;
            }
            (Some(who), _) => who,
            (None, Some(true)) => {
                let seat = NewSeat {
                    participant: random_id(ParticipantId::from_bytes),
                    publication: random_id(PublicationId::from_bytes),
                    peer: random_id(PeerId::from_bytes),
                    name: self.parts.box_name.clone(),
                    role: Role::Host,
                    kind: ParticipantKind::Box,
                    resume: None,
                };
                let (participant, publication) = (seat.participant, seat.publication);
                let effects = self.state.box_leaves(Some(room));
                self.apply(effects).await;
                self.state.join(room, seat)?;
                self.publish(publication).await;
                participant
            }
            (None, Some(false)) => return Ok(()),
            (None, None) => return Err(Error::BoxNotHere),
        };
        let effects = self.state.wish_box(who, wish);
        self.all(effects).await
    }

    /// The tracks of a participant began anew.
    fn began(&mut self, who: ParticipantId, effects: &mut Vec<Effect>) {
        let rooms = self.state.snapshot();
        let Some(participant) = rooms.iter().find_map(|room| room.participant(who)) else {
            return;
        };
        for kind in [Kind::Audio, Kind::Video] {
            let source = (participant.publication, kind);
            self.sources.remove(&source);
            self.state.rebind(source, effects);
        }
    }

    async fn all(&mut self, effects: Result<Vec<Effect>, Error>) -> Result<(), Error> {
        self.apply(effects?).await;
        Ok(())
    }

    async fn apply(&mut self, effects: Vec<Effect>) {
        // What is withdrawn is withdrawn before anything else happens.
        for effect in &effects {
            let done = match effect {
                Effect::Audience(publication, audience) => {
                    self.parts.origin.set_audience(*publication, *audience).await
                }
                Effect::Unpublish(publication) => {
                    self.parts.origin.unpublish(*publication).await;
                    Ok(())
                }
                _ => Ok(()),
            };
            if let Err(error) = done {
                tracing::warn!(%error, "an audience can't be changed");
            }
        }
        let wanted = self.state.sources();
        for source in wanted.difference(&self.sources.clone()) {
            self.open(*source).await;
        }
        for effect in effects {
            let done = match effect {
                Effect::Bind { peer, mid, source } => {
                    let to = source.map(|source| Bound { source, rank: Rank::Tile, most: Layer::HIGHEST });
                    self.parts.peers.bind(peer, mid, to).await
                }
                Effect::ClosePeer(peer) => self.parts.peers.close(peer).await,
                Effect::Audience(..) | Effect::Unpublish(_) => Ok(()),
            };
            if let Err(error) = done {
                tracing::warn!(%error, "the connections can't be reached");
            }
        }
        for source in self.sources.difference(&wanted).copied().collect::<Vec<_>>() {
            self.sources.remove(&source);
            if let Err(error) = self.parts.peers.source(source, None).await {
                tracing::warn!(%error, "the connections can't be reached");
            }
        }
    }

    async fn open(&mut self, source: Source) {
        match self.parts.origin.packets(source.0, source.1, Purpose::Call).await {
            Ok(reader) => {
                self.sources.insert(source);
                if let Err(error) = self.parts.peers.source(source, Some(reader)).await {
                    tracing::warn!(%error, "the connections can't be reached");
                }
            }
            Err(error) => tracing::warn!(%error, "a track can't be forwarded"),
        }
    }
}

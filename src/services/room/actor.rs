//! The loop: commands in, effects on peers and origin, snapshots out.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::direction::{Directed, Direction};
use super::keeping::Waiting;
use super::permits::Permits;
use super::seat::NewSeat;
use super::state::{Effect, State, fingerprint};
use super::{
    BoxWish, Command, Connection, Done, Error, Join, Labels, ParticipantKind, Parts, Room, Rooms, Seat, Wanted,
};
use crate::drivers::identity::{Token, random_id};
use crate::drivers::peer::server::{EVENTS, Event, Loudness, Mid, Source, Terms};
use crate::drivers::store;
use crate::model::id::{BroadcastId, GrantId, ParticipantId, PeerId, PublicationId, RoomId};
use crate::model::purpose::{Audience, Purpose};
use crate::model::ring::{PACKETS, ring};
use crate::model::role::{Scope, Verb};
use crate::proto::auth::{Name, Title};
use crate::services::access::{Changes, Grant};
use crate::services::origin::Native;

/// Rooms a box has at most.
const ROOMS: usize = 64;
/// Seats that one login holds at most, over all rooms: some tabs, and some that are held while somebody comes back.
const SEATS: usize = 8;
/// How often lost seats and ended grants are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// How often it is looked who speaks: no page is told more often than this.
const LISTEN: Duration = Duration::from_millis(250);
/// How often the peers' worker is asked how the connections are.
const ASK: Duration = Duration::from_secs(2);
/// Events that are taken before what follows from them is told.
const TOGETHER: usize = 256;

pub(super) struct Actor {
    pub(super) parts: Parts,
    /// What happens to the browsers' connections, and where it is told.
    events: (mpsc::Sender<Event>, mpsc::Receiver<Event>),
    loudness: watch::Receiver<Loudness>,
    pub(super) state: State,
    snapshot: watch::Sender<Rooms>,
    pub(super) grants: HashMap<ParticipantId, Grant>,
    /// Who waits in lobbies.
    pub(super) waiting: HashMap<ParticipantId, Waiting>,
    /// Who named whom to run a room after them.
    pub(super) named: HashMap<RoomId, Grant>,
    /// Whose grants are followed, each by a task of its own that ends when it changes.
    pub(super) followed: JoinSet<(GrantId, Changes)>,
    pub(super) following: HashSet<GrantId>,
    /// Tracks that the peers' worker knows.
    sources: BTreeSet<Source>,
}

impl Actor {
    pub(super) fn new(parts: Parts, state: State, snapshot: watch::Sender<Rooms>) -> Self {
        let (events, loudness) = (mpsc::channel(EVENTS), parts.peers.loudness());
        Self {
            parts,
            events,
            loudness,
            state,
            snapshot,
            grants: HashMap::new(),
            waiting: HashMap::new(),
            named: HashMap::new(),
            followed: JoinSet::new(),
            following: HashSet::new(),
            sources: BTreeSet::new(),
        }
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Command>, cancel: CancellationToken) {
        let [mut look, mut listen, mut ask] = [LOOK, LISTEN, ASK].map(interval);
        let mut private = self.parts.private.clone();
        let mut events = Vec::new();
        loop {
            let somebody = !self.state.is_empty();
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(command) => {
                        self.tell_time();
                        self.command(command).await;
                    }
                    None => break,
                },
                _ = self.events.1.recv_many(&mut events, TOGETHER) => {
                    self.tell_time();
                    events.drain(..).for_each(|event| self.event(event));
                }
                Ok(()) = private.changed() => {
                    self.tell_time();
                    self.state.set_private(*private.borrow_and_update());
                }
                Some(Ok((grant, changes))) = self.followed.join_next() => {
                    self.tell_time();
                    self.changed(grant, changes).await;
                }
                _ = listen.tick(), if somebody => self.listen().await,
                _ = ask.tick(), if somebody => self.ask().await,
                _ = look.tick() => self.look().await,
                () = cancel.cancelled() => break,
            }
            self.show();
        }
        for room in self.state.rooms() {
            let effects = self.state.remove(room).unwrap_or_default();
            self.apply(effects).await;
        }
        self.show();
    }

    fn tell_time(&mut self) {
        self.state.at(self.parts.timeline.media(Instant::now()));
    }

    fn show(&mut self) {
        let rooms = self.state.snapshot();
        self.snapshot.send_if_modified(|shown| {
            let changed = *shown != rooms;
            *shown = rooms;
            changed
        });
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Connected(peer) => self.state.connection(peer, Connection::Connected),
            Event::Disconnected(peer) | Event::Closed(peer) => self.state.connection(peer, Connection::Lost),
            Event::Shown(peer, mid, shown) => self.state.shown(peer, &mid, shown),
            Event::Wanted(peer, mid, layers) => self.state.wanted(peer, &mid, layers),
            // Who publishes anew says so, and is bound anew.
            Event::Ended(..) => {}
        }
    }

    async fn listen(&mut self) {
        self.tell_time();
        let loudness = self.loudness.borrow_and_update().clone();
        let effects = self.state.hear(&loudness);
        self.apply(effects).await;
    }

    async fn ask(&mut self) {
        // Without the worker there is nothing to ask about.
        let reports = self.parts.peers.reports().await.unwrap_or_default();
        self.tell_time();
        self.state.reported(reports);
    }

    async fn look(&mut self) {
        self.tell_time();
        for who in self.state.expired() {
            self.grants.remove(&who);
            let effects = self.state.leave(who).unwrap_or_default();
            self.apply(effects).await;
        }
        self.refresh().await;
        let effects = self.state.pass();
        self.apply(effects).await;
    }

    /// Answers once the change is there to see; an answer that nobody waits for any more is no error.
    pub(super) fn answer<T>(&mut self, done: Done<T>, result: Result<T, Error>) {
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
            Command::Offer { who, sdp, labels, done } => {
                let result = self.offer(who, sdp, labels).await;
                self.answer(done, result);
            }
            Command::Look { who, view, done } => {
                let effects = self.state.look(who, view);
                let result = self.all(effects).await;
                self.answer(done, result);
            }
            Command::Stats { who, done } => drop(done.send(self.state.stats(who))),
            Command::Sending { who, microphone, camera, done } => {
                let effects = self.state.sending(who, microphone, camera);
                let result = self.all(effects).await;
                self.answer(done, result);
            }
            Command::Consent { who, answer, done } => {
                let result = self.consent(who, answer).await;
                self.answer(done, result);
            }
            Command::Record { room, wanted, done } => {
                let effects = self.state.record(room, wanted);
                let result = self.all(effects).await;
                self.answer(done, result);
            }
            Command::GoLive { room, title, wanted, done } => {
                let result = self.go_live(room, title, wanted).await;
                self.answer(done, result);
            }
            Command::EndLive { room, done } => {
                let effects = self.state.end_live(room);
                let result = self.all(effects).await;
                self.answer(done, result);
            }
            Command::Direct { room, change, done } => {
                let result = self.direct(room, *change).await;
                self.answer(done, result);
            }
            Command::Box { room, wish, done } => {
                let result = self.wish_box(room, wish).await;
                self.answer(done, result);
            }
            Command::BoxTracks { who, tracks } => {
                let mut effects = Vec::new();
                self.state.box_tracks(who, tracks, &mut effects);
                for source in self.state.began(who, &mut effects) {
                    self.sources.remove(&source);
                }
                self.apply(effects).await;
            }
            Command::Lost { who, generation, away } => self.state.lost(who, generation, away),
            Command::Most { participants } => self.state.set_most(participants),
            Command::Leave { who, done } => {
                self.grants.remove(&who);
                let effects = self.state.leave(who);
                let result = self.all(effects).await;
                self.succeed().await;
                self.answer(done, result);
            }
            Command::Notice { room, notice } => self.state.notice(room, notice),
            Command::Peers { done } => drop(done.send(Ok(self.state.peers()))),
            Command::Keep(keep) => self.keep(keep).await,
        }
    }

    async fn go_live(&mut self, room: RoomId, title: Option<Title>, wanted: Wanted) -> Result<BroadcastId, Error> {
        let (broadcast, effects) = self.state.go_live(room, title, wanted, self.unix())?;
        self.apply(effects).await;
        Ok(broadcast)
    }

    /// Wall time in seconds since 1970 UTC.
    fn unix(&self) -> i64 {
        let now = self.parts.timeline.media(Instant::now());
        (self.parts.timeline.unix_nanos(now) / 1_000_000_000) as i64
    }

    pub(super) async fn create(&mut self, name: Name) -> Result<Arc<Room>, Error> {
        if self.state.rooms().len() >= ROOMS {
            return Err(Error::TooManyRooms(ROOMS));
        }
        let (id, broadcast) = (random_id(RoomId::from_bytes), random_id(BroadcastId::from_bytes));
        let created = self.unix();
        self.parts.store.insert_room(store::Room { id, name: name.to_string(), broadcast, created }).await?;
        self.state.add(id, name, broadcast, Direction::default());
        self.show();
        self.state.snapshot().iter().find(|room| room.id == id).cloned().ok_or(Error::NoRoom)
    }

    async fn direct(&mut self, room: RoomId, change: Directed) -> Result<Direction, Error> {
        let before = self.state.direction(room)?;
        let mut now = before.clone();
        now.change(change);
        if now.kept() != before.kept() {
            self.parts.store.set_setting(Direction::setting(room), now.kept()).await?;
        }
        self.state.direct(room, now.clone())?;
        Ok(now)
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
            self.follow(&join.grant);
            self.grants.insert(participant, join.grant);
            return Ok(Seat { participant, resume: token, generation });
        }
        // It may say something else than when they asked: they were put out meanwhile.
        if !join.grant.permits(Verb::Join, Scope::Room(join.room)) {
            return Err(if join.grant.waits(join.room) { Error::Lobby } else { Error::NotPermitted });
        }
        let permits = Permits::of(&join.grant, join.room);
        let subject = join.grant.subject();
        self.state.place(join.room)?.door.admits(subject, &permits)?;
        if self.grants.values().filter(|grant| grant.id() == join.grant.id()).count() >= SEATS {
            return Err(Error::TooOften);
        }
        let seat = NewSeat {
            participant: random_id(ParticipantId::from_bytes),
            publication: random_id(PublicationId::from_bytes),
            peer: random_id(PeerId::from_bytes),
            name: join.name,
            permits,
            subject: Some(subject),
            kind: ParticipantKind::Person,
            resume: Some(token.hash()),
        };
        let (participant, publication) = (seat.participant, seat.publication);
        let effects = self.state.join(join.room, seat)?;
        self.state.place(join.room)?.door.comes_in(subject);
        self.publish(publication, Audience::CALL).await;
        self.follow(&join.grant);
        self.grants.insert(participant, join.grant);
        self.apply(effects).await;
        let effects = self.state.enters(join.room, self.unix())?;
        self.apply(effects).await;
        Ok(Seat { participant, resume: token, generation: 1 })
    }

    async fn publish(&self, publication: PublicationId, audience: Audience) {
        if let Err(error) = self.parts.origin.publish(publication, audience).await {
            tracing::warn!(%error, "a participant can't publish");
        }
    }

    async fn offer(&mut self, who: ParticipantId, sdp: String, labels: Option<Labels>) -> Result<String, Error> {
        let mut effects = Vec::new();
        let fresh = random_id(PeerId::from_bytes);
        let (peer, codec) = self.state.offered(who, fingerprint(&sdp), fresh, &mut effects)?;
        self.apply(effects).await;
        let answer = self.parts.peers.offer(peer, sdp, Terms::call(codec), &self.events.0).await?;
        tracing::info!(participant = %who, peer = %peer.tag(), "an offer was answered");
        let mut effects = Vec::new();
        let fresh = random_id(PublicationId::from_bytes);
        let brought = (&answer.inbound[..], answer.slots);
        let new = self.state.answered(who, brought, labels.as_ref(), fresh, &mut effects)?;
        self.begin(&effects).await;
        for track in new {
            let (writer, source) = ring(PACKETS);
            self.parts.peers.receive(peer, track.mid, writer).await?;
            if let Err(error) = self.parts.origin.track(track.source.0, Native::Packets(track.codec, source)).await {
                tracing::warn!(%error, "a track can't be published");
            }
            self.sources.remove(&track.source);
        }
        self.apply(effects).await;
        Ok(answer.sdp)
    }

    async fn wish_box(&mut self, room: RoomId, wish: BoxWish) -> Result<(), Error> {
        let seated = self.state.box_in(room)?;
        self.state.set_private(*self.parts.private.borrow());
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
                    name: self.parts.called.borrow().clone(),
                    permits: Permits::BOX,
                    subject: None,
                    kind: ParticipantKind::Box,
                    resume: None,
                };
                let (participant, publication) = (seat.participant, seat.publication);
                let effects = self.state.box_leaves(Some(room));
                self.apply(effects).await;
                let effects = self.state.join(room, seat)?;
                self.publish(publication, Audience::CALL).await;
                self.apply(effects).await;
                participant
            }
            (None, Some(false)) => return Ok(()),
            (None, None) => return Err(Error::BoxNotHere),
        };
        let before = self.answers(who)?;
        let effects = self.state.wish_box(who, wish);
        self.all(effects).await?;
        self.note_consent(who, before).await
    }

    pub(super) async fn all(&mut self, effects: Result<Vec<Effect>, Error>) -> Result<(), Error> {
        self.apply(effects?).await;
        Ok(())
    }

    /// Begins the publications that begin, and closes the sections of which nothing is taken: their tracks come next.
    async fn begin(&self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Publish(publication, audience) => self.publish(*publication, *audience).await,
                Effect::Hold { peer, mid, held } => self.hold(*peer, mid, *held).await,
                _ => {}
            }
        }
    }

    async fn hold(&self, peer: PeerId, mid: &Mid, held: bool) {
        if let Err(error) = self.parts.peers.hold(peer, mid.clone(), held).await {
            tracing::warn!(%error, "the connections can't be reached");
        }
    }

    pub(super) async fn apply(&mut self, effects: Vec<Effect>) {
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
                Effect::Hold { peer, mid, held } => {
                    self.hold(*peer, mid, *held).await;
                    Ok(())
                }
                Effect::Publish(..) | Effect::Bind { .. } | Effect::ClosePeer(_) => Ok(()),
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
                Effect::Bind { peer, mid, to } => self.parts.peers.bind(peer, mid, to).await,
                Effect::ClosePeer(peer) => self.parts.peers.close(peer).await,
                Effect::Hold { .. } | Effect::Audience(..) | Effect::Publish(..) | Effect::Unpublish(_) => Ok(()),
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

/// Ticks that were missed are not made up for.
fn interval(every: Duration) -> Interval {
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

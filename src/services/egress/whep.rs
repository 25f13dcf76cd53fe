//! WHEP (draft-ietf-wish-whep-04): viewers by WebRTC, on the same worker as the calls.
//!
//! Owns who watches this way. The program of a broadcast is subscribed to once for all of its viewers and handed to the
//! peers' worker once; when the last viewer leaves, it is given back, and the composition may stop. Deliberately not: HTTP,
//! and what an offer must be (see `proto::whip`).

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::drivers::identity::random_id;
use crate::drivers::peer::server::{self as peers, Bound, EVENTS, Event, Mid, Terms};
use crate::model::id::{BroadcastId, PeerId, PublicationId};
use crate::model::layer::Layer;
use crate::model::pace::Pace;
use crate::model::purpose::Purpose;
use crate::model::track::Kind;
use crate::proto::sfu::Rank;
use crate::proto::whip::{self, Fragment};
use crate::services::broadcast::Key;
use crate::services::supervisor::{Part, Supervisor};
use crate::services::{broadcast, origin};

/// Commands that wait for the actor. When it is full, who asks waits.
const COMMANDS: usize = 64;
/// Viewers by WebRTC at most, over all broadcasts; the other half of the peers is for calls. Past that they are
/// [`Error::Busy`], and LL-HLS has room for more.
pub const VIEWERS: usize = peers::PEERS / 2;
/// How long a viewer may be without a connection, at first and later.
const CONNECT: Duration = Duration::from_secs(15);
/// A viewer who has not connected for so long makes room for another when there is none.
const OVERDUE: Duration = Duration::from_secs(5);
/// Offers that are answered at once; then one for each [`STEP`]. Past that they are [`Error::Busy`]: answering one takes the
/// worker of the calls some time.
const BURST: u32 = 2 * VIEWERS as u32;
/// See [`BURST`].
const STEP: Duration = Duration::from_millis(10);
/// How often tracks that ended are opened anew, and viewers without a connection are looked for.
const LOOK: Duration = Duration::from_millis(500);

/// Why somebody can't watch this way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The broadcast is off air; it may come.
    #[error("this broadcast is not on air")]
    NotOnAir,
    /// There is no such broadcast, or no such viewer (any more).
    #[error("there is nobody and nothing by this id")]
    NotFound,
    /// The change is meant for a connection that another took the place of.
    #[error("this connection was started anew meanwhile")]
    Outdated,
    /// The viewer can't be reached as they say.
    #[error("the fragment can't be used")]
    BadFragment,
    /// The offer is not one that can be answered; the sentence is for people.
    #[error(transparent)]
    Offer(#[from] whip::Refused),
    /// The offer can't be read, or knows neither H.264 nor Opus.
    #[error("the offer can't be used: it needs H.264 or Opus")]
    BadOffer,
    /// As many watch this way as can. Ask again later, or watch by LL-HLS.
    #[error("too many watch by WebRTC")]
    Busy,
    /// The box is shutting down.
    #[error("the box is shutting down")]
    Closed,
}

/// An answered offer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The viewer's connection. Whoever knows it may end it.
    pub viewer: PeerId,
    /// The session description to give back.
    pub sdp: String,
    /// Names the connection as long as ICE is not started anew.
    pub tag: String,
}

/// Which connection of a viewer a change is meant for (RFC 9110 section 13.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// Whichever there is.
    Any,
    /// One with one of these tags.
    Tags(Vec<String>),
}

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// The viewer may be reached in more ways.
    Added,
    /// ICE was started anew.
    Restarted {
        /// How the box is reached, as a fragment.
        fragment: String,
        /// Names the connection from now on.
        tag: String,
    },
}

/// How many watch each broadcast this way.
pub type Counts = Arc<BTreeMap<BroadcastId, u32>>;

type Done<T> = oneshot::Sender<Result<T, Error>>;

enum Command {
    Create { key: Key, offer: String, done: Done<Answer> },
    Change { broadcast: BroadcastId, viewer: PeerId, meant: Meant, fragment: Fragment, done: Done<Changed> },
    Delete { broadcast: BroadcastId, viewer: PeerId, done: Done<()> },
}

/// Speaks to the viewers by WebRTC. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    counts: watch::Receiver<Counts>,
}

impl Handle {
    /// Answers the offer of somebody who wants to watch, by the key that the broadcast has now.
    ///
    /// # Errors
    /// All but [`Error::Outdated`] and [`Error::BadFragment`].
    pub async fn create(&self, key: Key, offer: String) -> Result<Answer, Error> {
        self.ask(|done| Command::Create { key, offer, done }).await
    }

    /// A viewer has other addresses, or starts ICE anew. A change that fails changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Outdated`], [`Error::BadFragment`], [`Error::Busy`], [`Error::Closed`].
    pub async fn change(
        &self,
        broadcast: BroadcastId,
        viewer: PeerId,
        meant: Meant,
        fragment: Fragment,
    ) -> Result<Changed, Error> {
        self.ask(|done| Command::Change { broadcast, viewer, meant, fragment, done }).await
    }

    /// A viewer leaves.
    ///
    /// # Errors
    /// [`Error::NotFound`] and [`Error::Closed`].
    pub async fn delete(&self, broadcast: BroadcastId, viewer: PeerId) -> Result<(), Error> {
        self.ask(|done| Command::Delete { broadcast, viewer, done }).await
    }

    /// How many watch each broadcast, now and whenever it changes: those whose connection stands.
    pub fn counts(&self) -> watch::Receiver<Counts> {
        self.counts.clone()
    }

    async fn ask<T>(&self, command: impl FnOnce(Done<T>) -> Command) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(answer)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

/// What the viewers stand on.
pub struct Parts {
    /// Where the program is.
    pub origin: origin::Handle,
    /// What is on air.
    pub broadcasts: broadcast::Handle,
    /// The connections.
    pub peers: peers::Handle,
    /// Starts what failed again.
    pub supervisor: Supervisor,
}

/// Starts the actor on `tasks`; it ends with `cancel`.
pub fn start(parts: Parts, tasks: &TaskTracker, cancel: CancellationToken) -> Handle {
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let (counts, counted) = watch::channel(Counts::default());
    let (told, events) = mpsc::channel(EVENTS);
    let actor =
        Actor { parts, told, counts, viewers: HashMap::new(), open: BTreeMap::new(), pace: Pace::new(BURST, STEP) };
    tasks.spawn(actor.keep(inbox, events, cancel).instrument(tracing::info_span!("whep")));
    Handle { commands, counts: counted }
}

/// Somebody who watches.
struct Viewer {
    broadcast: BroadcastId,
    /// By which they came.
    key: Key,
    publication: PublicationId,
    slots: Vec<peers::Slot>,
    /// As it was answered last.
    offer: String,
    /// How often ICE was started anew.
    restarts: u32,
    /// Set while there is no connection: when to give up.
    until: Option<Instant>,
}

/// Names the ICE session of a viewer that was started anew so often.
fn tag(viewer: PeerId, restarts: u32) -> String {
    format!("{viewer}-{restarts}")
}

struct Actor {
    parts: Parts,
    /// Where the worker tells what happens to our peers.
    told: mpsc::Sender<Event>,
    counts: watch::Sender<Counts>,
    viewers: HashMap<PeerId, Viewer>,
    /// The tracks that the worker reads, of each program that somebody watches.
    open: BTreeMap<PublicationId, BTreeSet<Kind>>,
    pace: Pace,
}

impl Actor {
    /// After a failure everybody has to come again: their pages do so by themselves.
    async fn keep(
        mut self,
        mut inbox: mpsc::Receiver<Command>,
        mut events: mpsc::Receiver<Event>,
        cancel: CancellationToken,
    ) {
        let mut pauses = self.parts.supervisor.pauses(Part::Whep);
        while pauses.attempt(self.run(&mut inbox, &mut events, &cancel)).await.is_none() {
            self.close_all().await;
        }
        self.close_all().await;
    }

    async fn close_all(&mut self) {
        for viewer in self.viewers.keys().copied().collect::<Vec<_>>() {
            self.close(viewer).await;
        }
        self.keep_open().await;
        self.count();
    }

    async fn run(
        &mut self,
        inbox: &mut mpsc::Receiver<Command>,
        events: &mut mpsc::Receiver<Event>,
        cancel: &CancellationToken,
    ) {
        let mut list = self.parts.broadcasts.list();
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(command) => self.command(command).await,
                    None => break,
                },
                Some(event) = events.recv() => self.event(event).await,
                changed = list.changed() => if changed.is_err() {
                    break;
                },
                _ = look.tick(), if !self.viewers.is_empty() => self.look(Instant::now()).await,
                () = cancel.cancelled() => break,
            }
            self.keep_open().await;
            self.count();
        }
    }

    async fn command(&mut self, command: Command) {
        // Whoever asked may have gone away meanwhile: a viewer who does not know their answer never connects.
        match command {
            Command::Create { key, offer, done } => {
                let _ = done.send(self.create(key, &offer).await);
            }
            Command::Change { broadcast, viewer, meant, fragment, done } => {
                let _ = done.send(self.change((broadcast, viewer), &meant, &fragment).await);
            }
            Command::Delete { broadcast, viewer, done } => {
                let known = self.viewers.get(&viewer).is_some_and(|known| known.broadcast == broadcast);
                if known {
                    self.close(viewer).await;
                }
                let _ = done.send(if known { Ok(()) } else { Err(Error::NotFound) });
            }
        }
    }

    async fn create(&mut self, key: Key, offer: &str) -> Result<Answer, Error> {
        let (broadcast, publication) = (key.id, self.on_air(&key)?);
        let now = Instant::now();
        let room = self.viewers.len() < VIEWERS || self.drop_overdue(now).await;
        if !room || self.pace.take(now.into_std()).is_err() {
            return Err(Error::Busy);
        }
        let offer = whip::viewer_offer(offer)?;
        let viewer = random_id(PeerId::from_bytes);
        let answer = match self.parts.peers.offer(viewer, offer.clone(), Terms::VIEWER, &self.told).await {
            Ok(answer) => answer,
            Err(peers::Error::Full) => return Err(Error::Busy),
            Err(peers::Error::Gone) => return Err(Error::Closed),
            Err(error) => {
                tracing::debug!(%error, "an offer was refused");
                return Err(Error::BadOffer);
            }
        };
        if answer.slots.is_empty() {
            self.close(viewer).await;
            return Err(Error::BadOffer);
        }
        let until = Some(Instant::now() + CONNECT);
        for peers::Slot { mid, kind, .. } in answer.slots.clone() {
            let open = self.open.get(&publication).is_some_and(|kinds| kinds.contains(&kind));
            if open || self.open(publication, kind).await {
                self.bind(viewer, mid, (publication, kind)).await;
            }
        }
        tracing::info!(%broadcast, peer = %viewer.tag(), "an offer was answered");
        let sdp = whip::viewer_answer(&answer.sdp, &broadcast.to_string());
        let slots = answer.slots;
        self.viewers.insert(viewer, Viewer { broadcast, key, publication, slots, offer, restarts: 0, until });
        Ok(Answer { viewer, sdp, tag: tag(viewer, 0) })
    }

    async fn change(
        &mut self,
        (broadcast, id): (BroadcastId, PeerId),
        meant: &Meant,
        fragment: &Fragment,
    ) -> Result<Changed, Error> {
        let known = self.viewers.get_mut(&id).filter(|known| known.broadcast == broadcast).ok_or(Error::NotFound)?;
        let now = tag(id, known.restarts);
        if matches!(meant, Meant::Tags(tags) if !tags.contains(&now)) {
            return Err(Error::Outdated);
        }
        self.pace.take(Instant::now().into_std()).map_err(|_| Error::Busy)?;
        let restarts = fragment.restarts(&known.offer);
        let offer = fragment.offer(&known.offer);
        let answer = self.parts.peers.offer(id, offer.clone(), Terms::VIEWER, &self.told).await;
        let answer = answer.map_err(|error| match error {
            peers::Error::Gone => Error::Closed,
            peers::Error::Full => Error::Busy,
            error => {
                tracing::debug!(%error, "a fragment was refused");
                Error::BadFragment
            }
        })?;
        if !restarts {
            return Ok(Changed::Added);
        }
        known.offer = offer;
        known.restarts += 1;
        Ok(Changed::Restarted { fragment: whip::answered(&answer.sdp), tag: tag(id, known.restarts) })
    }

    /// Ends the viewer who is overdue for longest: whoever opens many and connects none keeps nobody out.
    async fn drop_overdue(&mut self, now: Instant) -> bool {
        let waiting = self.viewers.iter().filter_map(|(id, viewer)| Some((viewer.until?, *id)));
        let Some((until, viewer)) = waiting.min() else {
            return false;
        };
        let overdue = until + OVERDUE <= now + CONNECT;
        if overdue {
            self.close(viewer).await;
        }
        overdue
    }

    /// The program of a broadcast that is on air, and has this key by now.
    fn on_air(&self, key: &Key) -> Result<PublicationId, Error> {
        let list = self.parts.broadcasts.list();
        let list = list.borrow();
        let known = list.iter().find(|known| known.is_at(key)).ok_or(Error::NotFound)?;
        known.live.map(|live| live.publication).ok_or(Error::NotOnAir)
    }

    async fn event(&mut self, event: Event) {
        match event {
            Event::Connected(viewer) => {
                if let Some(viewer) = self.viewers.get_mut(&viewer) {
                    viewer.until = None;
                }
            }
            Event::Disconnected(viewer) => {
                if let Some(viewer) = self.viewers.get_mut(&viewer) {
                    viewer.until = Some(Instant::now() + CONNECT);
                }
            }
            // A change may have come in between, which makes the peer anew for the worker.
            Event::Closed(viewer) => self.close(viewer).await,
            Event::Shown(..) | Event::Wanted(..) => {}
            // An encoder was made anew: the next look opens what it makes.
            Event::Ended(_, (publication, kind)) => {
                if let Some(kinds) = self.open.get_mut(&publication) {
                    kinds.remove(&kind);
                }
            }
        }
    }

    async fn look(&mut self, now: Instant) {
        let late = |viewer: &Viewer| viewer.until.is_some_and(|until| until <= now);
        for viewer in self.viewers.iter().filter(|(_, v)| late(v)).map(|(id, _)| *id).collect::<Vec<_>>() {
            self.close(viewer).await;
        }
        let wanted: BTreeSet<(PublicationId, Kind)> =
            self.viewers.values().flat_map(|v| v.slots.iter().map(|slot| (v.publication, slot.kind))).collect();
        for (publication, kind) in wanted {
            let open = self.open.get(&publication).is_some_and(|kinds| kinds.contains(&kind));
            if open || !self.open(publication, kind).await {
                continue;
            }
            let slots = self.viewers.iter().filter(|(_, v)| v.publication == publication).flat_map(|(id, v)| {
                v.slots.iter().filter(|slot| slot.kind == kind).map(|slot| (*id, slot.mid.clone()))
            });
            for (viewer, mid) in slots.collect::<Vec<_>>() {
                self.bind(viewer, mid, (publication, kind)).await;
            }
        }
    }

    /// Hands a track of a program to the worker, for all viewers; false if it is not there (yet).
    async fn open(&mut self, publication: PublicationId, kind: Kind) -> bool {
        let reader = match self.parts.origin.packets(publication, kind, Purpose::OnAir).await {
            Ok(reader) => reader,
            Err(error) => {
                tracing::debug!(%error, "a track of the program is not there yet");
                return false;
            }
        };
        self.tell(self.parts.peers.source((publication, kind), Some(reader)).await);
        self.open.entry(publication).or_default().insert(kind);
        true
    }

    async fn bind(&self, viewer: PeerId, mid: Mid, source: peers::Source) {
        let bound = Bound { source, rank: Rank::Tile, most: Layer::HIGHEST };
        self.tell(self.parts.peers.bind(viewer, mid, Some(bound)).await);
    }

    async fn close(&mut self, viewer: PeerId) {
        self.viewers.remove(&viewer);
        self.tell(self.parts.peers.close(viewer).await);
    }

    /// Ends whoever watches what is not on air any more, or not by this key, and gives back what nobody watches.
    async fn keep_open(&mut self) {
        let gone = |viewer: &Viewer| self.on_air(&viewer.key) != Ok(viewer.publication);
        for viewer in self.viewers.iter().filter(|(_, v)| gone(v)).map(|(id, _)| *id).collect::<Vec<_>>() {
            self.close(viewer).await;
        }
        let unwatched = |(publication, _): &(&PublicationId, &BTreeSet<Kind>)| {
            !self.viewers.values().any(|viewer| viewer.publication == **publication)
        };
        for publication in self.open.iter().filter(unwatched).map(|(id, _)| *id).collect::<Vec<_>>() {
            for kind in self.open.remove(&publication).unwrap_or_default() {
                self.tell(self.parts.peers.source((publication, kind), None).await);
            }
        }
    }

    fn count(&self) {
        let mut counts = BTreeMap::new();
        for viewer in self.viewers.values().filter(|viewer| viewer.until.is_none()) {
            *counts.entry(viewer.broadcast).or_default() += 1;
        }
        self.counts.send_if_modified(|told| {
            let changed = **told != counts;
            if changed {
                *told = Arc::new(counts);
            }
            changed
        });
    }

    fn tell(&self, done: Result<(), peers::Error>) {
        if let Err(error) = done {
            tracing::warn!(%error, "the connections can't be reached");
        }
    }
}

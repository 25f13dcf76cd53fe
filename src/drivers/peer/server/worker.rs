//! The loop that owns all peers.

use std::collections::{BTreeSet, HashMap};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use str0m::Input;
use str0m::media::Mid as Section;
use str0m::net::Transmit;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};

use super::counters::{Counters, Report};
use super::peer::{Effects, Peer, datagram};
use super::seen::Phase;
use super::socket::{Socket, Watched};
use super::strangers::Strangers;
use super::{Bound, Command, Error, Event, Loudness, PEERS, Source, Terms};
use crate::model::id::PeerId;
use crate::model::packet::Packet;
use crate::model::ring::{Next, Reader};
use crate::model::time::Timeline;
use crate::proto::ice::Transport;

/// Packets read from one source before the others have their turn.
const BATCH: usize = 64;
/// How often slots that wait for a keyframe are looked at.
const LOOK: Duration = Duration::from_millis(250);
/// Addresses remembered for one peer; browsers have a handful.
const ADDRESSES: usize = 32;
/// Datagrams that wait for others before all of them are sent.
const TOGETHER: usize = 64;

/// One track that is forwarded.
struct Feed {
    from: Reader<Packet>,
    /// The slots it goes to.
    to: Vec<(PeerId, Section)>,
}

/// What the sources had to give.
#[derive(Default)]
struct Batch {
    packets: Vec<(Source, Vec<Packet>)>,
    missed: Vec<Source>,
    ended: Vec<Source>,
    /// Somebody asks a peer of ours for a keyframe.
    keyframe: bool,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.packets.is_empty() && self.missed.is_empty() && self.ended.is_empty() && !self.keyframe
    }
}

pub(super) struct Worker {
    socket: Watched,
    timeline: Timeline,
    commands: mpsc::Receiver<Command>,
    peers: HashMap<PeerId, Peer>,
    /// Who is told what happens to a peer.
    owners: HashMap<PeerId, mpsc::Sender<Event>>,
    by_address: HashMap<(Transport, SocketAddr), PeerId>,
    strangers: Strangers,
    sources: HashMap<Source, Feed>,
    slots: HashMap<(PeerId, Section), Source>,
    timers: BTreeSet<(Instant, PeerId)>,
    out: Vec<Transmit>,
    counters: Arc<Counters>,
    loudness: watch::Sender<Loudness>,
}

/// Wakes the worker, unless it is awake: what it writes into rings itself it looks at before it sleeps.
struct Bell {
    worker: Waker,
    awake: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.awake.load(Ordering::SeqCst) {
            self.worker.wake_by_ref();
        }
    }
}

/// What woke the loop.
enum Woken {
    Command(Option<Command>),
    Readable,
    Time,
    Media,
}

impl Worker {
    pub(super) fn new(
        socket: Socket,
        timeline: Timeline,
        commands: mpsc::Receiver<Command>,
        counters: Arc<Counters>,
        loudness: watch::Sender<Loudness>,
    ) -> std::io::Result<Self> {
        Ok(Self {
            socket: socket.watch(counters.clone())?,
            timeline,
            commands,
            peers: HashMap::new(),
            owners: HashMap::new(),
            by_address: HashMap::new(),
            strangers: Strangers::default(),
            sources: HashMap::new(),
            slots: HashMap::new(),
            timers: BTreeSet::new(),
            out: Vec::new(),
            counters,
            loudness,
        })
    }

    pub(super) async fn run(mut self) {
        let mut look = Instant::now() + LOOK;
        let worker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
        let bell = Arc::new(Bell { worker, awake: AtomicBool::new(true) });
        let ringing = Waker::from(bell.clone());
        loop {
            let due = self.timers.first().map_or(look, |(at, _)| look.min(*at));
            let mut batch = Batch::default();
            bell.awake.store(false, Ordering::SeqCst);
            let woken = tokio::select! {
                command = self.commands.recv() => Woken::Command(command),
                // An error here shows again when reading.
                _ = self.socket.readable() => Woken::Readable,
                () = tokio::time::sleep_until(due.into()) => Woken::Time,
                () = poll_fn(|_| poll_media(&mut self.peers, &mut self.sources, &mut batch, &self.counters, &ringing)) => {
                    Woken::Media
                }
            };
            bell.awake.store(true, Ordering::SeqCst);
            let now = Instant::now();
            match woken {
                Woken::Command(Some(command)) => self.command(command, now),
                Woken::Command(None) => break,
                Woken::Readable => {
                    self.read(now);
                    // What has come goes on at once.
                    if poll_media(&mut self.peers, &mut self.sources, &mut batch, &self.counters, &ringing).is_ready() {
                        self.forward(batch, now);
                    }
                }
                Woken::Time => self.time(now),
                Woken::Media => self.forward(batch, now),
            }
            if now >= look {
                look = now + LOOK;
                self.look(now);
                self.count_phases();
            }
            self.socket.send(&mut self.out);
            self.counters.turns.inc();
            self.counters.busy_nanos.add(now.elapsed().as_nanos() as u64);
        }
        for peer in self.peers.keys().copied().collect::<Vec<_>>() {
            self.close(peer);
        }
        self.socket.send(&mut self.out);
    }

    fn command(&mut self, command: Command, now: Instant) {
        match command {
            Command::Offer { peer, sdp, terms, events, answer } => {
                let result = self.offer(peer, &sdp, terms, events, now);
                // Whoever asked may have gone away meanwhile.
                let _ = answer.send(result);
            }
            Command::Receive { peer, mid, to } => {
                if let Some(peer) = self.peers.get_mut(&peer) {
                    peer.receive_into(&mid, to);
                }
            }
            Command::Source { source, from: Some(from) } => {
                // The same track again replaces the reader, for those who have it too.
                let to = self.sources.remove(&source).map(|feed| feed.to).unwrap_or_default();
                for (id, mid) in &to {
                    if let Some(peer) = self.peers.get_mut(id) {
                        peer.bind(*mid, true);
                    }
                }
                self.sources.insert(source, Feed { from, to });
            }
            Command::Source { source, from: None } => {
                self.forget(source);
            }
            Command::Bind { peer, mid, to } => {
                self.bind(peer, Section::from(&*mid), to);
                self.look(now);
            }
            Command::Close { peer } => self.close(peer),
            // Whoever asked may have gone away meanwhile.
            Command::Report { reports } => drop(reports.send(self.reports())),
            Command::Announce { addresses } => self.socket.announce(addresses),
            Command::Mapped { mapped } => self.socket.mapped(mapped),
            Command::Doors { doors } => self.socket.doors(doors),
            // Whoever asked may have gone away meanwhile.
            Command::Ways { ways } => drop(ways.send((self.socket.ways(), self.socket.sights()))),
        }
    }

    fn offer(
        &mut self,
        id: PeerId,
        sdp: &str,
        terms: Terms,
        events: mpsc::Sender<Event>,
        now: Instant,
    ) -> Result<super::Answer, Error> {
        let fresh = !self.peers.contains_key(&id);
        if fresh {
            if self.peers.len() >= PEERS {
                return Err(Error::Full);
            }
            let peer = Peer::new(id, &self.socket.ways(), self.timeline, now, self.counters.clone());
            self.timers.insert((peer.timeout, id));
            self.peers.insert(id, peer);
            self.owners.insert(id, events);
        }
        let peer = self.peers.get_mut(&id).ok_or(Error::Gone)?;
        let (before, mut effects) = (peer.timeout, Effects::default());
        let answer = peer.offer(sdp, terms, &mut effects, &mut self.out);
        self.settle(id, before, effects);
        // Nothing stays of a peer that never was one.
        if answer.is_err() && (fresh || self.peers.get(&id).is_some_and(|peer| !peer.is_alive())) {
            self.close(id);
        }
        answer
    }

    fn read(&mut self, now: Instant) {
        let mut touched: Vec<(PeerId, Instant, Effects)> = Vec::new();
        let Self { socket, peers, by_address, strangers, out, counters, .. } = self;
        socket.read(now, |transport, source, destination, bytes| {
            let known = by_address.get(&(transport, source)).copied();
            if known.is_none() && !strangers.may_knock(source.ip(), now) {
                return false;
            }
            let Some(input) = datagram(now, transport, (source, destination), bytes) else {
                counters.not_webrtc.inc();
                if known.is_none() {
                    strangers.refused(source.ip());
                }
                return false;
            };
            let known = known.filter(|id| peers.get(id).is_some_and(|peer| peer.accepts(&input)));
            let Some(id) = known.or_else(|| {
                let (&id, _) = peers.iter().find(|(_, peer)| peer.accepts(&input))?;
                if by_address.len() >= ADDRESSES * PEERS {
                    by_address.retain(|_, owner| *owner != id);
                }
                by_address.insert((transport, source), id);
                Some(id)
            }) else {
                counters.unknown_peer.inc();
                strangers.refused(source.ip());
                return false;
            };
            let Some(peer) = peers.get_mut(&id) else {
                return false;
            };
            let at = touched.iter().position(|(touched, ..)| *touched == id).unwrap_or_else(|| {
                touched.push((id, peer.timeout, Effects::default()));
                touched.len() - 1
            });
            // The engine holds one received packet at a time: what it made of this one is taken before the next.
            peer.receive(input);
            peer.drain(&mut touched[at].2, out);
            true
        });
        for (id, before, effects) in touched {
            self.settle(id, before, effects);
        }
    }

    fn time(&mut self, now: Instant) {
        // Each peer once: one whose next moment is now again must not keep the others waiting.
        let mut due = Vec::new();
        while let Some((_, id)) = self.timers.first().filter(|(at, _)| *at <= now).copied() {
            self.timers.pop_first();
            due.push(id);
        }
        for id in due {
            self.turn(id, now);
        }
    }

    fn bind(&mut self, id: PeerId, mid: Section, to: Option<Bound>) {
        let source = to.map(|to| to.source);
        if let Some(before) = self.slots.remove(&(id, mid))
            && let Some(feed) = self.sources.get_mut(&before)
        {
            feed.to.retain(|slot| *slot != (id, mid));
        }
        let known = self.peers.get_mut(&id).is_some_and(|peer| peer.bind(mid, source.is_some()));
        let (true, Some(source)) = (known, source) else {
            return;
        };
        match self.sources.get_mut(&source) {
            Some(feed) => {
                feed.to.push((id, mid));
                self.slots.insert((id, mid), source);
            }
            // It ended before it was bound.
            None => self.report(id, Event::Ended(id, source)),
        }
    }

    /// Forwards what was read: all packets of one source to one slot, then the next.
    fn forward(&mut self, batch: Batch, now: Instant) {
        let mut touched: Vec<PeerId> = Vec::new();
        for source in &batch.missed {
            for (id, mid) in self.sources.get(source).map(|feed| feed.to.as_slice()).unwrap_or_default() {
                if let Some(peer) = self.peers.get_mut(id) {
                    peer.missed(*mid);
                }
            }
        }
        for (source, packets) in &batch.packets {
            for (id, mid) in self.sources.get(source).map(|feed| feed.to.as_slice()).unwrap_or_default() {
                if let Some(peer) = self.peers.get_mut(id) {
                    peer.send(*mid, packets);
                    touched.push(*id);
                }
            }
        }
        for source in &batch.ended {
            for (id, _) in self.forget(*source) {
                self.report(id, Event::Ended(id, *source));
            }
        }
        touched.sort_unstable();
        touched.dedup();
        for id in touched {
            self.turn(id, now);
        }
        if batch.keyframe || !batch.missed.is_empty() {
            self.look(now);
        }
    }

    /// Answers the slots that it went to.
    fn forget(&mut self, source: Source) -> Vec<(PeerId, Section)> {
        let to = self.sources.remove(&source).map(|feed| feed.to).unwrap_or_default();
        for (id, mid) in &to {
            self.slots.remove(&(*id, *mid));
            if let Some(peer) = self.peers.get_mut(id) {
                peer.bind(*mid, false);
            }
        }
        to
    }

    /// Asks for the keyframes that are missing, in both directions.
    fn look(&mut self, now: Instant) {
        let media = self.timeline.media(now);
        for ((id, mid), source) in &self.slots {
            if self.peers.get_mut(id).is_some_and(|peer| peer.asks_keyframe(*mid, media))
                && let Some(feed) = self.sources.get(source)
            {
                feed.from.request_keyframe();
            }
        }
        let asked: Vec<PeerId> =
            self.peers.iter_mut().filter_map(|(id, peer)| peer.ask_keyframes(now).then_some(*id)).collect();
        for id in asked {
            self.turn(id, now);
        }
    }

    /// Tells the engine the time and lets it work.
    fn turn(&mut self, id: PeerId, now: Instant) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.input(Input::Timeout(now));
        }
        self.drain(id);
    }

    fn drain(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let (before, mut effects) = (peer.timeout, Effects::default());
        peer.drain(&mut effects, &mut self.out);
        self.settle(id, before, effects);
    }

    /// Sends what the engines made if it is enough, sets the timer of this one and reports what happened.
    fn settle(&mut self, id: PeerId, before: Instant, effects: Effects) {
        if self.out.len() >= TOGETHER {
            self.socket.send(&mut self.out);
        }
        for mid in effects.keyframes {
            if let Some(feed) = self.slots.get(&(id, mid)).and_then(|source| self.sources.get(source)) {
                feed.from.request_keyframe();
            }
        }
        if effects.connected {
            self.phase(id, Phase::Connected);
            self.report(id, Event::Connected(id));
        }
        if effects.disconnected {
            self.phase(id, Phase::Lost);
            self.report(id, Event::Disconnected(id));
        }
        let Some(peer) = self.peers.get(&id) else {
            return;
        };
        if !peer.is_alive() {
            self.close(id);
            return;
        }
        self.timers.remove(&(before, id));
        self.timers.insert((peer.timeout, id));
    }

    fn close(&mut self, id: PeerId) {
        let Some(mut peer) = self.peers.remove(&id) else {
            return;
        };
        tracing::debug!(peer = %id.tag(), "a connection is closed");
        self.timers.remove(&(peer.timeout, id));
        let connections: Vec<SocketAddr> = self
            .by_address
            .extract_if(|_, owner| *owner == id)
            .filter_map(|((transport, at), _)| (transport == Transport::Tcp).then_some(at))
            .collect();
        self.slots.retain(|(owner, _), _| *owner != id);
        for feed in self.sources.values_mut() {
            feed.to.retain(|(owner, _)| *owner != id);
        }
        peer.close(&mut self.out);
        if !connections.is_empty() {
            // What it says last goes first.
            self.socket.send(&mut self.out);
            connections.into_iter().for_each(|at| self.socket.close(at));
        }
        self.report(id, Event::Closed(id));
        self.owners.remove(&id);
    }

    fn phase(&mut self, id: PeerId, phase: Phase) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.phase = phase;
            tracing::debug!(peer = %id.tag(), ?phase, "a connection changed");
        }
    }

    fn reports(&self) -> Vec<Report> {
        self.peers.iter().map(|(id, peer)| peer.seen.report(*id)).collect()
    }

    fn count_phases(&self) {
        let count = |phase| self.peers.values().filter(|peer| peer.phase == phase).count() as i64;
        self.counters.connecting.set(count(Phase::Connecting));
        self.counters.connected.set(count(Phase::Connected));
        self.counters.lost.set(count(Phase::Lost));
    }

    fn report(&self, id: PeerId, event: Event) {
        let Some(owner) = self.owners.get(&id) else {
            return;
        };
        // Whoever made the peer may have ended before it.
        if let Err(TrySendError::Full(event)) = owner.try_send(event) {
            tracing::error!(?event, "what happens to connections is read too slowly; this is lost");
        }
    }
}

/// Ready when there is media to forward or a keyframe to ask for.
fn poll_media(
    peers: &mut HashMap<PeerId, Peer>,
    sources: &mut HashMap<Source, Feed>,
    batch: &mut Batch,
    counters: &Counters,
    waker: &Waker,
) -> Poll<()> {
    let cx = &mut Context::from_waker(waker);
    for peer in peers.values_mut() {
        batch.keyframe |= peer.poll_demand(cx);
    }
    for (&source, feed) in sources {
        let mut packets = Vec::new();
        while packets.len() < BATCH {
            match feed.from.poll_next(cx) {
                Poll::Ready(Next::Item(packet)) => packets.push(packet),
                Poll::Ready(Next::Lagged(lost)) => {
                    tracing::debug!(lost, "forwarding was too slow");
                    counters.skipped.add(lost);
                    packets.clear();
                    batch.missed.push(source);
                }
                Poll::Ready(Next::Closed | Next::Revoked) => {
                    batch.ended.push(source);
                    break;
                }
                Poll::Pending => break,
            }
        }
        if !packets.is_empty() {
            batch.packets.push((source, packets));
        }
    }
    if batch.is_empty() { Poll::Pending } else { Poll::Ready(()) }
}

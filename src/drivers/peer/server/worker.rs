//! The loop that owns all peers.

mod allot;
mod forward;

use std::collections::{BTreeSet, HashMap};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Wake, Waker};
use std::time::{Duration, Instant};

use str0m::Input;
use str0m::media::Mid as Section;
use str0m::net::Transmit;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};

use self::forward::{Batch, poll_media};
use super::allot::Allot;
use super::counters::{Counters, Report};
use super::feed::Feed;
use super::peer::{Effects, Peer, datagram};
use super::seen::Phase;
use super::socket::{Socket, Watched};
use super::strangers::Strangers;
use super::{Command, Error, Event, Loudness, PEERS, Source, Terms};
use crate::model::id::PeerId;
use crate::model::layer::Layers;
use crate::model::time::Timeline;
use crate::proto::ice::Transport;

/// How often slots that wait for a keyframe are looked at, and what each peer is given is looked over.
const LOOK: Duration = Duration::from_millis(200);
/// Addresses remembered for one peer; browsers have a handful.
const ADDRESSES: usize = 32;
/// Datagrams that wait for others before all of them are sent.
const TOGETHER: usize = 64;

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
    /// Slots and senders need to be looked at without waiting for it.
    eager: bool,
    /// Buffers that are used again.
    allot: Allot,
    touched: Vec<PeerId>,
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
            eager: false,
            allot: Allot::default(),
            touched: Vec::new(),
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
            if now >= look || std::mem::take(&mut self.eager) {
                look = now + LOOK;
                self.allot_all(now);
                self.look(now);
                self.listen(now);
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
            Command::Source { source, from: Some(from) } => self.source(source, from),
            Command::Source { source, from: None } => {
                self.forget(source);
            }
            Command::Bind { peer, mid, to } => {
                self.bind(peer, Section::from(&*mid), to, now);
                self.look(now);
            }
            Command::Close { peer } => self.close(peer),
            // Whoever asked may have gone away meanwhile.
            Command::Report { reports } => drop(reports.send(self.reports(now))),
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
            let peer = Peer::new(id, terms, self.timeline, now, self.counters.clone());
            self.timers.insert((peer.timeout, id));
            self.peers.insert(id, peer);
            self.owners.insert(id, events);
        }
        let peer = self.peers.get_mut(&id).ok_or(Error::Gone)?;
        // Also for one that has moved to another network, and offers to start ICE again (RFC 8445 section 9).
        peer.reached_by(&self.socket.ways());
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
            let missed = peer.came(bytes, now);
            touched[at].2.missed.extend(missed);
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
            let layer = self.peers.get_mut(&id).and_then(|peer| peer.slots.get_mut(&mid)?.froze());
            if let (Some(layer), Some(feed)) =
                (layer, self.slots.get(&(id, mid)).and_then(|source| self.sources.get(source)))
            {
                self.counters.freezes.inc();
                feed.from.request_keyframes(Layers::only(layer));
            }
        }
        for mid in effects.missed {
            let layer = self.peers.get(&id).and_then(|peer| peer.slots.get(&mid)?.forwarder.layer());
            if let (Some(layer), Some(feed)) =
                (layer, self.slots.get(&(id, mid)).and_then(|source| self.sources.get(source)))
            {
                feed.from.request_keyframes(Layers::only(layer));
            }
            self.eager = true;
        }
        if effects.connected {
            self.eager = true;
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

    fn reports(&mut self, now: Instant) -> Vec<Report> {
        self.peers.values_mut().map(|peer| peer.report(now)).collect()
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

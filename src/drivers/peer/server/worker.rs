//! The loop that owns some of the peers. Each worker has a thread of its own; the first one reads the sockets for all.

mod allot;
mod forward;

use std::collections::HashMap;
use std::future::poll_fn;
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
use super::front::Front;
use super::inbox::{Inbox, Letter};
use super::outlet::Outlet;
use super::peer::{Effects, Peer, datagram};
use super::places::Places;
use super::seen::Phase;
use super::ways::Way;
use super::wheel::Wheel;
use super::{Command, Error, Event, Loudness, PortCommand, Source, Terms};
use crate::model::id::PeerId;
use crate::model::layer::{Layer, Layers};
use crate::model::time::Timeline;

/// How often slots that wait for a keyframe are looked at, and what each peer is given is looked over.
const LOOK: Duration = Duration::from_millis(200);
/// Datagrams that wait for others before all of them are sent.
const TOGETHER: usize = 64;

/// What a worker shares with the others, and where it is heard.
pub(super) struct Shared {
    pub(super) timeline: Timeline,
    pub(super) places: Arc<Places>,
    pub(super) loudness: watch::Sender<Loudness>,
}

pub(super) struct Worker {
    intake: Intake,
    outlet: Outlet,
    timeline: Timeline,
    commands: mpsc::Receiver<Command>,
    places: Arc<Places>,
    peers: HashMap<PeerId, Peer>,
    /// Who is told what happens to a peer.
    owners: HashMap<PeerId, mpsc::Sender<Event>>,
    sources: HashMap<Source, Feed>,
    slots: HashMap<(PeerId, Section), Source>,
    timers: Wheel<PeerId>,
    out: Vec<Transmit>,
    /// Slots and senders need to be looked at without waiting for it.
    eager: bool,
    /// Buffers that are used again.
    allot: Allot,
    touched: Vec<PeerId>,
    heard: Vec<(PeerId, Effects)>,
    counters: Arc<Counters>,
    loudness: watch::Sender<Loudness>,
}

/// How packets come to a worker.
pub(super) enum Intake {
    /// It reads the sockets.
    Front(Box<Front>),
    /// It is handed its own.
    Inbox(Inbox),
}

impl Intake {
    fn is_first(&self) -> bool {
        matches!(self, Self::Front(_))
    }

    async fn readable(&mut self) {
        match self {
            // An error here shows again when reading.
            Self::Front(front) => drop(front.readable().await),
            Self::Inbox(inbox) => inbox.readable().await,
        }
    }

    fn read(&mut self, now: Instant, each: impl FnMut(Letter<'_>) -> Option<PeerId>) {
        match self {
            Self::Front(front) => front.read(now, each),
            Self::Inbox(inbox) => inbox.read(each),
        }
    }

    fn called(&mut self, peer: PeerId, name: String) {
        match self {
            Self::Front(front) => front.called(peer, name),
            Self::Inbox(inbox) => inbox.called(peer, name),
        }
    }

    fn closed(&mut self, peer: PeerId) {
        match self {
            Self::Front(front) => front.closed(peer),
            Self::Inbox(inbox) => inbox.closed(peer),
        }
    }

    async fn flush(&mut self) {
        if let Self::Inbox(inbox) = self {
            inbox.flush().await;
        }
    }
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
        (intake, outlet): (Intake, Outlet),
        commands: mpsc::Receiver<Command>,
        Shared { timeline, places, loudness }: Shared,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            intake,
            outlet,
            timeline,
            commands,
            places,
            peers: HashMap::new(),
            owners: HashMap::new(),
            sources: HashMap::new(),
            slots: HashMap::new(),
            timers: Wheel::new(Instant::now()),
            out: Vec::new(),
            eager: false,
            allot: Allot::default(),
            touched: Vec::new(),
            heard: Vec::new(),
            counters,
            loudness,
        }
    }

    pub(super) async fn run(mut self) {
        let mut look = Instant::now() + LOOK;
        let worker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
        let bell = Arc::new(Bell { worker, awake: AtomicBool::new(true) });
        let ringing = Waker::from(bell.clone());
        let mut batch = Batch::default();
        loop {
            let due = self.timers.next().map_or(look, |at| look.min(at));
            bell.awake.store(false, Ordering::SeqCst);
            let woken = tokio::select! {
                // In no fixed order: whatever is ready all the time keeps nothing else waiting. Timers are looked at in every turn.
                command = self.commands.recv() => Woken::Command(command),
                () = self.intake.readable() => Woken::Readable,
                () = poll_fn(|_| poll_media(&mut self.peers, &mut self.sources, &mut batch, &self.counters, &ringing)) => {
                    Woken::Media
                }
                () = tokio::time::sleep_until(due.into()) => Woken::Time,
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
                        self.forward(&mut batch, now);
                    }
                }
                Woken::Media => self.forward(&mut batch, now),
                Woken::Time => {}
            }
            self.time(now);
            if now >= look || std::mem::take(&mut self.eager) {
                look = now + LOOK;
                self.allot_all(now);
                self.look(now);
                self.listen(now);
                self.count_phases();
            }
            self.outlet.send(&mut self.out);
            self.counters.turns.inc();
            self.counters.busy_nanos.add(now.elapsed().as_nanos() as u64);
            self.intake.flush().await;
        }
        for peer in self.peers.keys().copied().collect::<Vec<_>>() {
            self.close(peer);
        }
        self.outlet.send(&mut self.out);
        self.intake.flush().await;
        if let Intake::Front(front) = &mut self.intake {
            front.wait().await;
        }
    }

    fn command(&mut self, command: Command, now: Instant) {
        match command {
            Command::Offer { peer, sdp, terms, ways, events, answer } => {
                let result = self.offer(peer, (&sdp, &ways), terms, events, now);
                // Whoever asked may have gone away meanwhile.
                let _ = answer.send(result);
            }
            Command::Receive { peer, mid, to } => {
                if let Some(peer) = self.peers.get_mut(&peer) {
                    peer.receive_into(&mid, to);
                }
            }
            Command::Hold { peer, mid, held } => {
                if let Some(peer) = self.peers.get_mut(&peer) {
                    peer.hold(&mid, held);
                }
                self.look(now);
            }
            Command::Source { source, from: Some(from), keep } => self.source(source, from, keep),
            Command::Source { source, from: None, .. } => {
                self.forget(source);
            }
            Command::Bind { peer, mid, to } => {
                self.bind(peer, Section::from(&*mid), to, now);
                self.look(now);
            }
            Command::Close { peer } => self.close(peer),
            // Whoever asked may have gone away meanwhile.
            Command::Report { reports } => drop(reports.send(self.reports(now))),
            Command::Port(command) => {
                if let Intake::Front(front) = &mut self.intake {
                    match command {
                        PortCommand::Announce { addresses } => front.announce(addresses),
                        PortCommand::Mapped { mapped } => front.mapped(mapped),
                        PortCommand::Doors { doors } => front.doors(doors),
                        // Whoever asked may have gone away meanwhile.
                        PortCommand::Ways { ways } => drop(ways.send((front.ways(), front.sights()))),
                    }
                }
            }
        }
    }

    fn offer(
        &mut self,
        id: PeerId,
        (sdp, ways): (&str, &[Way]),
        terms: Terms,
        events: mpsc::Sender<Event>,
        now: Instant,
    ) -> Result<super::Answer, Error> {
        let fresh = !self.peers.contains_key(&id);
        if fresh {
            let peer = Peer::new(id, terms, self.timeline, now, self.counters.clone());
            self.timers.set(id, peer.timeout);
            self.peers.insert(id, peer);
            self.owners.insert(id, events);
        }
        let peer = self.peers.get_mut(&id).ok_or(Error::Gone)?;
        // Also for one that has moved to another network, and offers to start ICE again (RFC 8445 section 9).
        peer.reached_by(ways);
        let mut effects = Effects::default();
        let answer = peer.offer(sdp, terms, &mut effects, &mut self.out);
        self.intake.called(id, peer.name());
        self.settle(id, effects);
        // Nothing stays of a peer that never was one.
        if answer.is_err() && (fresh || self.peers.get(&id).is_some_and(|peer| !peer.is_alive())) {
            self.close(id);
        }
        answer
    }

    fn read(&mut self, now: Instant) {
        let Self { intake, peers, out, heard, counters, .. } = self;
        intake.read(now, |letter| {
            let Letter { transport, source, destination, bytes, .. } = letter;
            let Some(input) = datagram(now, transport, (source, destination), bytes) else {
                counters.not_webrtc.inc();
                return None;
            };
            let known = letter.peer.filter(|id| peers.get(id).is_some_and(|peer| peer.accepts(&input)));
            let Some(id) = known.or_else(|| {
                // Whom it names it is for, and nobody else.
                let mut others = peers.iter().filter(|_| letter.known || letter.peer.is_none());
                others.find(|(_, peer)| peer.accepts(&input)).map(|(id, _)| *id)
            }) else {
                counters.unknown_peer.inc();
                return None;
            };
            let peer = peers.get_mut(&id)?;
            let at = heard.iter().position(|(heard, _)| *heard == id).unwrap_or_else(|| {
                heard.push((id, Effects::default()));
                heard.len() - 1
            });
            let missed = peer.came(bytes, now);
            heard[at].1.missed.extend(missed);
            // The engine holds one received packet at a time: what it made of this one is taken before the next.
            peer.receive(input);
            peer.drain(&mut heard[at].1, out);
            Some(id)
        });
        let mut heard = std::mem::take(&mut self.heard);
        for (id, effects) in heard.drain(..) {
            self.settle(id, effects);
        }
        self.heard = heard;
    }

    fn time(&mut self, now: Instant) {
        // Each peer once: one whose next moment is now again must not keep the others waiting.
        let mut due = std::mem::take(&mut self.touched);
        self.timers.due(now, &mut due);
        for id in due.drain(..) {
            self.turn(id, now);
        }
        self.touched = due;
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
        let mut effects = Effects::default();
        peer.drain(&mut effects, &mut self.out);
        self.settle(id, effects);
    }

    /// Sends what the engines made if it is enough, sets the timer of this one and reports what happened.
    fn settle(&mut self, id: PeerId, effects: Effects) {
        if self.out.len() >= TOGETHER {
            self.outlet.send(&mut self.out);
        }
        for mid in effects.keyframes {
            let layer = self.peers.get_mut(&id).and_then(|peer| peer.slots.get_mut(&mid)?.froze());
            if self.ask_keyframe((id, mid), layer) {
                self.counters.freezes.inc();
            }
        }
        for mid in effects.missed {
            let layer = self.peers.get(&id).and_then(|peer| peer.slots.get(&mid)?.forwarder.layer());
            self.ask_keyframe((id, mid), layer);
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
        if effects.allot
            && let Some(at) = self.peers.get(&id).map(|peer| peer.now)
        {
            self.allot(id, at);
        }
        let Some(peer) = self.peers.get(&id) else {
            return;
        };
        if !peer.is_alive() {
            self.close(id);
            return;
        }
        self.timers.set(id, peer.timeout);
    }

    /// Asks for a keyframe in the layer that goes out to a slot; whether there is somebody to ask.
    fn ask_keyframe(&self, slot: (PeerId, Section), layer: Option<Layer>) -> bool {
        let feed = self.slots.get(&slot).and_then(|source| self.sources.get(source));
        let Some((layer, feed)) = layer.zip(feed) else {
            return false;
        };
        feed.request_keyframes(Layers::only(layer));
        true
    }

    fn close(&mut self, id: PeerId) {
        let Some(mut peer) = self.peers.remove(&id) else {
            return;
        };
        tracing::debug!(peer = %id.tag(), "a connection is closed");
        self.timers.remove(id);
        self.slots.retain(|(owner, _), _| *owner != id);
        for feed in self.sources.values_mut() {
            feed.leave(|(owner, _)| *owner == id);
        }
        peer.close(&mut self.out);
        // What it says last goes before its connections are closed.
        self.outlet.send(&mut self.out);
        self.intake.closed(id);
        self.places.leave(id);
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

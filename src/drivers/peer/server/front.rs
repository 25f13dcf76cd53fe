//! The first worker's way in: it reads the sockets for all of them, and hands over what is for others.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use quinn_udp::{BATCH_SIZE, RecvMeta, UdpSocketState};
use tokio::io::Interest;
use tokio::sync::mpsc;

use super::FIRST;
use super::counters::Counters;
use super::inbox::{Letter, Note, Others, Parcel};
use super::outlet::Outlet;
use super::outside::{Questions, Sight};
use super::peer::datagram;
use super::router::{Router, To};
use super::socket::Socket;
use super::strangers::Strangers;
use super::tcp::{Connections, Queues};
use super::ways::{Way, Ways};
use crate::model::id::PeerId;
use crate::proto::ice::{Outside, Transport};

/// Largest datagram read. Ours and browsers' stay below 1 500 bytes; longer ones are cut and then refused.
const DATAGRAM: usize = 2048;

/// Reads the sockets.
pub(super) struct Front {
    socket: tokio::net::UdpSocket,
    state: Arc<UdpSocketState>,
    /// By which STUN servers are asked.
    outlet: Outlet,
    ways: Ways,
    connections: Connections,
    questions: Questions,
    buffers: Vec<Vec<u8>>,
    meta: Vec<RecvMeta>,
    notes: mpsc::Receiver<Note>,
    noted: Option<Note>,
    desk: Desk,
    counters: Arc<Counters>,
}

/// Sorts what was read.
struct Desk {
    router: Router,
    strangers: Strangers,
    /// The first is for worker 1.
    others: Vec<(mpsc::Sender<Parcel>, Parcel)>,
    spare: mpsc::Receiver<Parcel>,
    counters: Arc<Counters>,
}

impl Front {
    /// On the runtime of the current thread.
    ///
    /// # Errors
    /// When a socket can't be watched.
    pub(super) fn new(
        socket: Socket,
        state: Arc<UdpSocketState>,
        (connections, outlet): (Connections, Outlet),
        others: Others,
        counters: Arc<Counters>,
    ) -> io::Result<Self> {
        let wide = socket.local.is_ipv6();
        let room = DATAGRAM * state.gro_segments();
        let desk = Desk {
            router: Router::default(),
            strangers: Strangers::default(),
            others: others.to.into_iter().map(|to| (to, Parcel::default())).collect(),
            spare: others.spare,
            counters: counters.clone(),
        };
        Ok(Self {
            socket: tokio::net::UdpSocket::from_std(socket.socket)?,
            state,
            outlet,
            ways: socket.ways,
            connections,
            questions: Questions::new(socket.stun, wide, Instant::now()),
            buffers: vec![vec![0; room]; BATCH_SIZE],
            meta: vec![RecvMeta::default(); BATCH_SIZE],
            notes: others.notes,
            noted: None,
            desk,
            counters,
        })
    }

    /// The ways that browsers are told now.
    pub(super) fn ways(&self) -> Vec<Way> {
        self.ways.now(self.questions.seen().map(|sight| sight.mapped))
    }

    /// What STUN servers say.
    pub(super) fn sights(&self) -> Vec<Sight> {
        self.questions.seen().collect()
    }

    /// Browsers are told these from now on; with none, those of the network.
    pub(super) fn announce(&mut self, addresses: Vec<IpAddr>) {
        self.ways.announce = addresses;
    }

    /// Routers forward these to our ports.
    pub(super) fn mapped(&mut self, mapped: Vec<Outside>) {
        self.ways.mapped = mapped;
    }

    /// Connections are taken at these ports as well, and handed over.
    pub(super) fn doors(&mut self, doors: Vec<SocketAddr>) {
        self.ways.doors = doors;
    }

    /// Waits until there is something to read, a STUN server to ask, or a note of another worker, which [`Front::read`] looks
    /// after. May be dropped at any time.
    pub(super) async fn readable(&mut self) -> io::Result<()> {
        if self.noted.is_some() {
            return Ok(());
        }
        tokio::select! {
            ready = self.socket.readable() => ready,
            () = self.connections.readable() => Ok(()),
            () = self.questions.due() => Ok(()),
            Some(note) = self.notes.recv() => {
                self.noted = Some(note);
                Ok(())
            }
        }
    }

    /// Reads one batch. `each` is given what may be for a peer of the first worker, and says which one took it; the rest is
    /// handed to the others.
    pub(super) fn read(&mut self, now: Instant, mut each: impl FnMut(Letter<'_>) -> Option<PeerId>) {
        // What is known of peers comes before what comes from them.
        while let Some(note) = self.noted.take().or_else(|| self.notes.try_recv().ok()) {
            self.note(note);
        }
        for (server, question) in self.questions.questions(now) {
            self.outlet.message((server, None), &question, None);
        }
        let Self { socket, state, ways, connections, questions, buffers, meta, counters, desk, .. } = self;
        connections.read(|source, destination, bytes| {
            let transport = Transport::Tcp;
            desk.sort(now, Letter { transport, source, destination, bytes, peer: None, known: false }, &mut each)
        });
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] = std::array::from_fn(|_| IoSliceMut::new(&mut []));
        for (slice, buffer) in slices.iter_mut().zip(buffers.iter_mut()) {
            *slice = IoSliceMut::new(buffer);
        }
        let mut count = 0;
        let read = socket.try_io(Interest::READABLE, || {
            count = state.recv((&*socket).into(), &mut slices, meta)?;
            // Fewer than there is room for: nothing is left, and it need not be asked for in vain.
            if count < slices.len() { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        if let Err(error) = read
            && error.kind() != io::ErrorKind::WouldBlock
        {
            counters.socket_errors.received.inc();
            tracing::debug!(%error, "reading from the UDP port failed");
        }
        for (buffer, meta) in buffers.iter().zip(meta.iter()).take(count) {
            let source = SocketAddr::new(meta.addr.ip().to_canonical(), meta.addr.port());
            let destination = SocketAddr::new(meta.dst_ip.unwrap_or(ways.udp.ip()).to_canonical(), ways.udp.port());
            for bytes in buffer[..meta.len.min(buffer.len())].chunks(meta.stride.max(1)) {
                counters.datagrams.received.inc();
                counters.bytes.received.add(bytes.len() as u64);
                if !questions.heard(source, bytes, now) {
                    let transport = Transport::Udp;
                    let letter = Letter { transport, source, destination, bytes, peer: None, known: false };
                    desk.sort(now, letter, &mut each);
                }
            }
        }
        desk.hand_over();
    }

    /// A peer of the first worker is called so by its browser.
    pub(super) fn called(&mut self, peer: PeerId, name: String) {
        self.note(Note::Called((FIRST, peer), name));
    }

    /// A peer of the first worker is gone.
    pub(super) fn closed(&mut self, peer: PeerId) {
        self.note(Note::Closed(peer));
    }

    /// Listens to the other workers until they have ended.
    pub(super) async fn wait(&mut self) {
        while let Some(note) = self.notes.recv().await {
            self.note(note);
        }
    }

    fn note(&mut self, note: Note) {
        match note {
            Note::Called(place, name) => self.desk.router.called(place, name),
            Note::Reached(place, transport, from) => self.desk.router.reached(place, transport, from),
            Note::Refused(from) => self.connections.close(from),
            Note::Closed(peer) => {
                for at in self.desk.router.closed(peer) {
                    self.connections.close(at);
                }
            }
        }
    }
}

impl Desk {
    /// Gives a letter to whom it may be for; whether it is known to be for somebody.
    fn sort(&mut self, now: Instant, letter: Letter<'_>, each: &mut impl FnMut(Letter<'_>) -> Option<PeerId>) -> bool {
        let Letter { transport, source, destination, bytes, .. } = letter;
        let to = self.router.to(transport, source, bytes);
        let known = matches!(to, To::Known(_));
        if !known && !self.strangers.may_knock(source.ip(), now) {
            return false;
        }
        match to {
            To::Known((FIRST, peer)) | To::Called((FIRST, peer)) => {
                self.keep(Letter { peer: Some(peer), known, ..letter }, each)
            }
            To::Known((worker, peer)) | To::Called((worker, peer)) => {
                self.put(worker, Letter { peer: Some(peer), known, ..letter });
                if !known {
                    // Whether it is taken is not known yet; it is few that are looked at before it is.
                    self.strangers.refused(source.ip());
                }
                true
            }
            To::Anybody => {
                (1..=self.others.len()).for_each(|worker| self.put(worker, letter));
                self.keep(letter, each)
            }
            To::Nobody => {
                match datagram(now, transport, (source, destination), bytes) {
                    Some(_) => self.counters.unknown_peer.inc(),
                    None => self.counters.not_webrtc.inc(),
                }
                self.strangers.refused(source.ip());
                false
            }
        }
    }

    /// It may be for a peer of the first worker.
    fn keep(&mut self, letter: Letter<'_>, each: &mut impl FnMut(Letter<'_>) -> Option<PeerId>) -> bool {
        match each(letter) {
            Some(peer) => {
                if !letter.known || letter.peer != Some(peer) {
                    self.router.reached((FIRST, peer), letter.transport, letter.source);
                }
                true
            }
            None => {
                self.strangers.refused(letter.source.ip());
                false
            }
        }
    }

    fn put(&mut self, worker: usize, letter: Letter<'_>) {
        if let Some((_, parcel)) = self.others.get_mut(worker - 1) {
            parcel.put(letter);
        }
    }

    /// Hands over what has come together for others.
    fn hand_over(&mut self) {
        for (to, parcel) in self.others.iter_mut().filter(|(_, parcel)| parcel.len() > 0) {
            match to.try_reserve() {
                Ok(place) => place.send(std::mem::replace(parcel, self.spare.try_recv().unwrap_or_default())),
                Err(_) => {
                    self.counters.busy.add(parcel.len() as u64);
                    parcel.clear();
                }
            }
        }
    }
}

/// The ways out by connections, and what takes those.
///
/// # Errors
/// When the port can't be watched.
pub(super) fn connections(socket: &mut Socket, counters: &Arc<Counters>) -> io::Result<(Connections, Queues)> {
    let (_, nobody) = mpsc::channel(1);
    let handed = std::mem::replace(&mut socket.handed, nobody);
    let connections = Connections::new(socket.listener.take(), handed, counters.clone())?;
    let queues = connections.queues();
    Ok((connections, queues))
}

//! Peers that come to us: all of them on one UDP port, and on TCP where datagrams don't get through, driven by a few worker threads.
//!
//! A worker owns its peers whole: it decrypts, writes what they send into media rings, reads the rings of the sources
//! that are bound to their slots, encrypts, and sends. The first one reads the sockets and hands the others what is theirs.
//! Control goes through bounded channels and never shares a queue with media.
//! The engine is `str0m` in RTP mode (docs/decisions/0001): it does ICE (RFC 8445), DTLS-SRTP (RFC 5764), NACK and RTX
//! (RFC 4585, 4588) and transport-wide feedback. Who may connect, and who gets whose tracks, is decided above.

mod allot;
mod config;
mod counters;
mod dtls;
mod feed;
mod front;
mod inbound;
mod inbox;
mod numbers;
mod outlet;
mod outside;
mod peer;
mod places;
mod router;
mod sdp;
mod seen;
#[cfg(test)]
mod simulation;
mod slot;
mod socket;
mod strangers;
mod tcp;
#[cfg(any(test, fuzzing))]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod threads;
mod ways;
mod wheel;
mod worker;

pub use config::Config;
pub use counters::{Both, Counters, Paused, Report, Switched};
pub use outside::Sight;
pub use ways::{Origin, Way};

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use self::places::Places;

use crate::model::id::{PeerId, PublicationId};
use crate::model::layer::{Layer, Layers};
use crate::model::packet::Packet;
use crate::model::ring::{Pass, Reader, Writer};
use crate::model::time::Timeline;
use crate::model::track::{Codec, Kind};
use crate::proto::ice::Outside;
use crate::proto::sfu::{Rank, Shown};

/// Commands that wait for a worker; senders wait while it is full.
const COMMANDS: usize = 64;
/// Events that should fit between the worker and whoever made its peers. The worker never waits: beyond it events are dropped
/// and the log says so.
pub const EVENTS: usize = 1024;
/// Peers at most. Beyond it an offer is refused.
pub const PEERS: usize = 256;

/// The name of one media section of a peer's session description (RFC 8843), at most 16 characters.
pub type Mid = String;

/// One track that peers can be sent: which publication, and which of its tracks.
pub type Source = (PublicationId, Kind);

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The UDP port can't be opened.
    #[error("the UDP address {0} can't be opened for calls ({1}); choose another with peers.listen")]
    Bind(SocketAddr, #[source] std::io::Error),
    /// The TCP port can't be opened.
    #[error(
        "the TCP address {0} can't be opened for calls ({1}); choose another with peers.listen, or peers.tcp = false"
    )]
    BindTcp(SocketAddr, #[source] std::io::Error),
    /// There is no thread for the connections.
    #[error("a thread for the connections can't be started ({0}); the machine has too many, or too little memory")]
    Thread(#[source] std::io::Error),
    /// The offer is not one that can be answered.
    #[error("the session description can't be used: {0}")]
    Offer(String),
    /// The box has as many peers as it can take.
    #[error("the box already has {PEERS} connections")]
    Full,
    /// There is no such peer, or it has ended.
    #[error("this connection has ended")]
    Gone,
}

/// How a peer is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// What pictures it sends are to be coded in, if it can.
    pub codec: Codec,
    /// Whether the bandwidth of the way to it is estimated, to choose layers by; costs a sixth of all forwarding.
    pub estimate: bool,
}

impl Terms {
    /// Of whoever takes part in a call.
    pub const fn call(codec: Codec) -> Self {
        Self { codec, estimate: true }
    }

    /// Of whoever only watches what there is in one size.
    pub const VIEWER: Self = Self { codec: Codec::H264, estimate: false };
}

/// One media section in which a peer sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// Which.
    pub mid: Mid,
    /// How it is coded.
    pub codec: Codec,
    /// The layers that were agreed on; the lowest alone if it is sent once.
    pub layers: Layers,
}

/// One media section in which a peer receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Which.
    pub mid: Mid,
    /// What it is for.
    pub kind: Kind,
    /// What the peer can receive in it.
    pub codecs: Vec<Codec>,
}

/// The answer to an offer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The session description to give back.
    pub sdp: String,
    /// Where the peer sends.
    pub inbound: Vec<Inbound>,
    /// Where it receives.
    pub slots: Vec<Slot>,
}

/// What a slot is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The track.
    pub source: Source,
    /// How much it matters.
    pub rank: Rank,
    /// The largest layer that is of use there.
    pub most: Layer,
}

/// What happens to a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Media flows.
    Connected(PeerId),
    /// Nothing was heard of it for a while; it may come back.
    Disconnected(PeerId),
    /// It is gone for good, whoever ended it.
    Closed(PeerId),
    /// What goes out to a slot has changed.
    Shown(PeerId, Mid, Shown),
    /// The layers that anybody wants of what it sends in this section have changed; it may stop sending the others.
    Wanted(PeerId, Mid, Layers),
    /// The track that was sent to it has ended, or may not be read any more; what took its place has to be made known and
    /// bound again.
    Ended(PeerId, Source),
}

/// See [`Handle::loudness`].
pub type Loudness = Arc<[(PublicationId, u8)]>;

enum Command {
    Offer {
        peer: PeerId,
        sdp: String,
        terms: Terms,
        ways: Vec<Way>,
        events: mpsc::Sender<Event>,
        answer: oneshot::Sender<Result<Answer, Error>>,
    },
    Receive {
        peer: PeerId,
        mid: Mid,
        to: Writer<Packet>,
    },
    Hold {
        peer: PeerId,
        mid: Mid,
        held: bool,
    },
    Source {
        source: Source,
        from: Option<Pass<Packet>>,
        /// For the one that keeps a reader whether it is sent to anybody or not.
        keep: Option<Reader<Packet>>,
    },
    Bind {
        peer: PeerId,
        mid: Mid,
        to: Option<Bound>,
    },
    Close {
        peer: PeerId,
    },
    Report {
        reports: oneshot::Sender<Vec<Report>>,
    },
    /// For the one that reads the sockets.
    Port(PortCommand),
}

enum PortCommand {
    Announce { addresses: Vec<IpAddr> },
    Mapped { mapped: Vec<Outside> },
    Doors { doors: Vec<SocketAddr> },
    Ways { ways: oneshot::Sender<(Vec<Way>, Vec<Sight>)> },
}

/// The way to the peers; cheap to clone. The workers end when all handles are gone.
#[derive(Clone)]
pub struct Handle {
    /// To each worker; the first one reads the sockets.
    workers: Arc<[mpsc::Sender<Command>]>,
    places: Arc<Places>,
    ended: CancellationToken,
    streams: mpsc::Sender<std::net::TcpStream>,
    local: SocketAddr,
    tcp: bool,
    counters: Arc<[Arc<Counters>]>,
    loudness: watch::Receiver<Loudness>,
}

impl Handle {
    /// The UDP address that was opened.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Answers an offer (RFC 8829): makes the peer at the first, renegotiates at later ones. What happens to the peer is told
    /// to the `events` of the first, which should hold [`EVENTS`].
    ///
    /// # Errors
    /// [`Error::Offer`] with a sentence if it can't be used, [`Error::Full`], [`Error::Gone`].
    pub async fn offer(
        &self,
        peer: PeerId,
        sdp: String,
        terms: Terms,
        events: &mpsc::Sender<Event>,
    ) -> Result<Answer, Error> {
        let (answer, answered) = oneshot::channel();
        let (ways, _) = self.ways().await?;
        let place = self.places.place(peer)?;
        let command = Command::Offer { peer, sdp, terms, ways, events: events.clone(), answer };
        self.send(place.worker, command).await?;
        place.keep();
        answered.await.map_err(|_| Error::Gone)?
    }

    /// Writes what the peer sends in this media section into a ring. Keyframes the readers ask for are asked of the peer.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn receive(&self, peer: PeerId, mid: Mid, to: Writer<Packet>) -> Result<(), Error> {
        self.send_to(peer, Command::Receive { peer, mid, to }).await
    }

    /// Takes nothing any more of what the peer sends in this media section, or takes it again, from a keyframe on. What was taken before is in
    /// its ring.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn hold(&self, peer: PeerId, mid: Mid, held: bool) -> Result<(), Error> {
        self.send_to(peer, Command::Hold { peer, mid, held }).await
    }

    /// Makes a track known to the workers, each of which reads it once for all its peers that are sent it. It is forgotten when it ends, or when the
    /// reader's permission is taken back: at once, for every peer. `None` forgets it as well.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn source(&self, source: Source, from: Option<Reader<Packet>>) -> Result<(), Error> {
        let pass = from.as_ref().map(Reader::pass);
        let mut keep = from;
        for worker in 0..self.workers.len() {
            self.send(worker, Command::Source { source, from: pass.clone(), keep: keep.take() }).await?;
        }
        Ok(())
    }

    /// Sends a known track to the peer in this slot, or nothing any more. The same track again changes how much it matters,
    /// without a break.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn bind(&self, peer: PeerId, mid: Mid, to: Option<Bound>) -> Result<(), Error> {
        self.send_to(peer, Command::Bind { peer, mid, to }).await
    }

    /// Ends a peer.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn close(&self, peer: PeerId) -> Result<(), Error> {
        self.send_to(peer, Command::Close { peer }).await
    }

    /// How loud each track of sound is that the worker knows, over the last moments: -dBov (RFC 6464: 0 loudest, 127 silence),
    /// the loudest first.
    pub fn loudness(&self) -> watch::Receiver<Loudness> {
        self.loudness.clone()
    }

    /// What the workers have counted, together.
    pub fn counters(&self) -> Counters {
        Counters::sum(&self.counters)
    }

    /// Of each worker: turns of its loop, and nanoseconds of work in them.
    pub fn work(&self) -> impl Iterator<Item = (u64, u64)> {
        self.counters.iter().map(|of| (of.turns.get(), of.busy_nanos.get()))
    }

    /// How each connection is now.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn reports(&self) -> Result<Vec<Report>, Error> {
        let mut all = Vec::new();
        for worker in 0..self.workers.len() {
            let (reports, reported) = oneshot::channel();
            self.send(worker, Command::Report { reports }).await?;
            all.extend(reported.await.map_err(|_| Error::Gone)?);
        }
        Ok(all)
    }

    /// Tells browsers that come from now on these addresses, as `peers.announce` does.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn announce(&self, addresses: Vec<IpAddr>) -> Result<(), Error> {
        self.send(FIRST, Command::Port(PortCommand::Announce { addresses })).await
    }

    /// Tells browsers that come from now on where routers forward to our ports.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn mapped(&self, mapped: Vec<Outside>) -> Result<(), Error> {
        self.send(FIRST, Command::Port(PortCommand::Mapped { mapped })).await
    }

    /// Tells browsers that come from now on that connections are taken at these ports as well: with the same addresses, as
    /// long as media is taken by TCP at all.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn doors(&self, doors: Vec<SocketAddr>) -> Result<(), Error> {
        self.send(FIRST, Command::Port(PortCommand::Doors { doors })).await
    }

    /// Whether media is taken by TCP.
    pub fn takes_connections(&self) -> bool {
        self.tcp
    }

    /// Hands over a connection at another door that begins as one of packets does. It is closed if too many wait.
    pub fn hand_over(&self, stream: std::net::TcpStream) {
        if self.streams.try_send(stream).is_err() {
            tracing::debug!("a connection with media was not taken over");
        }
    }

    /// The ways that browsers are told now, and what STUN servers say.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn ways(&self) -> Result<(Vec<Way>, Vec<Sight>), Error> {
        let (ways, told) = oneshot::channel();
        self.send(FIRST, Command::Port(PortCommand::Ways { ways })).await?;
        told.await.map_err(|_| Error::Gone)
    }

    /// Waits until a worker has ended, by itself or by a failure.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// To whoever has the peer; one that is gone needs to hear nothing.
    async fn send_to(&self, peer: PeerId, command: Command) -> Result<(), Error> {
        match self.places.find(peer) {
            Some(worker) => self.send(worker, command).await,
            None if self.ended.is_cancelled() => Err(Error::Gone),
            None => Ok(()),
        }
    }

    async fn send(&self, worker: usize, command: Command) -> Result<(), Error> {
        let to = self.workers.get(worker).ok_or(Error::Gone)?;
        to.send(command).await.map_err(|_| Error::Gone)
    }
}

/// The worker that reads the sockets.
const FIRST: usize = 0;

/// Opens the ports and starts the workers' threads, which end when every handle is dropped; the one that is given back ends
/// last. `network` has the addresses of the box; a peer is told those of the moment in which it comes.
///
/// # Errors
/// [`Error::Bind`], [`Error::BindTcp`].
pub fn start(
    config: &Config,
    timeline: Timeline,
    network: watch::Receiver<Arc<[IpAddr]>>,
) -> Result<(Handle, thread::JoinHandle<()>), Error> {
    threads::start(config, timeline, network, places::FILL)
}

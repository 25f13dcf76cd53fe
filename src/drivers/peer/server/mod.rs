//! Peers that come to us: all of them on one UDP port, and on TCP where datagrams don't get through, driven by one worker thread.
//!
//! The worker owns its peers whole: it decrypts, writes what they send into media rings, reads the rings of the sources
//! that are bound to their slots, and encrypts. Control goes through a bounded channel and never shares a queue with media.
//! The engine is `str0m` in RTP mode (docs/decisions/0001): it does ICE (RFC 8445), DTLS-SRTP (RFC 5764), NACK and RTX
//! (RFC 4585, 4588) and transport-wide feedback. Who may connect, and who gets whose tracks, is decided above.

mod allot;
mod config;
mod counters;
mod dtls;
mod feed;
mod inbound;
mod numbers;
mod outside;
mod peer;
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
mod ways;
mod worker;

pub use config::Config;
pub use counters::{Both, Counters, Paused, Report, Switched};
pub use outside::Sight;
pub use ways::{Origin, Way};

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread;

use tokio::sync::{mpsc, oneshot, watch};

use crate::model::id::{PeerId, PublicationId};
use crate::model::layer::{Layer, Layers};
use crate::model::packet::Packet;
use crate::model::ring::{Reader, Writer};
use crate::model::time::Timeline;
use crate::model::track::{Codec, Kind};
use crate::proto::ice::Outside;
use crate::proto::sfu::{Rank, Shown};

/// Commands that wait for the worker; senders wait while it is full.
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
        events: mpsc::Sender<Event>,
        answer: oneshot::Sender<Result<Answer, Error>>,
    },
    Receive {
        peer: PeerId,
        mid: Mid,
        to: Writer<Packet>,
    },
    Source {
        source: Source,
        from: Option<Reader<Packet>>,
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
    Announce {
        addresses: Vec<IpAddr>,
    },
    Mapped {
        mapped: Vec<Outside>,
    },
    Doors {
        doors: Vec<SocketAddr>,
    },
    Ways {
        ways: oneshot::Sender<(Vec<Way>, Vec<Sight>)>,
    },
}

/// The way to the peers; cheap to clone. The worker ends when all handles are gone.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    streams: mpsc::Sender<std::net::TcpStream>,
    local: SocketAddr,
    tcp: bool,
    counters: Arc<Counters>,
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
        self.send(Command::Offer { peer, sdp, terms, events: events.clone(), answer }).await?;
        answered.await.map_err(|_| Error::Gone)?
    }

    /// Writes what the peer sends in this media section into a ring. Keyframes the readers ask for are asked of the peer.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn receive(&self, peer: PeerId, mid: Mid, to: Writer<Packet>) -> Result<(), Error> {
        self.send(Command::Receive { peer, mid, to }).await
    }

    /// Makes a track known to the worker, which reads it once for all its peers. It is forgotten when it ends, or when the
    /// reader's permission is taken back: at once, for every peer. `None` forgets it as well.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn source(&self, source: Source, from: Option<Reader<Packet>>) -> Result<(), Error> {
        self.send(Command::Source { source, from }).await
    }

    /// Sends a known track to the peer in this slot, or nothing any more. The same track again changes how much it matters,
    /// without a break.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn bind(&self, peer: PeerId, mid: Mid, to: Option<Bound>) -> Result<(), Error> {
        self.send(Command::Bind { peer, mid, to }).await
    }

    /// Ends a peer.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn close(&self, peer: PeerId) -> Result<(), Error> {
        self.send(Command::Close { peer }).await
    }

    /// How loud each track of sound is that the worker knows, over the last moments: -dBov (RFC 6464: 0 loudest, 127 silence),
    /// the loudest first.
    pub fn loudness(&self) -> watch::Receiver<Loudness> {
        self.loudness.clone()
    }

    /// What the worker has counted.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How each connection is now.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn reports(&self) -> Result<Vec<Report>, Error> {
        let (reports, reported) = oneshot::channel();
        self.send(Command::Report { reports }).await?;
        reported.await.map_err(|_| Error::Gone)
    }

    /// Tells browsers that come from now on these addresses, as `peers.announce` does.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn announce(&self, addresses: Vec<IpAddr>) -> Result<(), Error> {
        self.send(Command::Announce { addresses }).await
    }

    /// Tells browsers that come from now on where routers forward to our ports.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn mapped(&self, mapped: Vec<Outside>) -> Result<(), Error> {
        self.send(Command::Mapped { mapped }).await
    }

    /// Tells browsers that come from now on that connections are taken at these ports as well: with the same addresses, as
    /// long as media is taken by TCP at all.
    ///
    /// # Errors
    /// [`Error::Gone`] if the worker has ended.
    pub async fn doors(&self, doors: Vec<SocketAddr>) -> Result<(), Error> {
        self.send(Command::Doors { doors }).await
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
        self.send(Command::Ways { ways }).await?;
        told.await.map_err(|_| Error::Gone)
    }

    /// Waits until the worker has ended, by itself or by a failure.
    pub async fn ended(&self) {
        self.commands.closed().await;
    }

    async fn send(&self, command: Command) -> Result<(), Error> {
        self.commands.send(command).await.map_err(|_| Error::Gone)
    }
}

/// Opens the ports and starts the worker's thread, which ends when every handle is dropped. `network` has the addresses of
/// the box; a peer is told those of the moment in which it comes.
///
/// # Errors
/// [`Error::Bind`], [`Error::BindTcp`].
pub fn start(
    config: &Config,
    timeline: Timeline,
    network: watch::Receiver<Arc<[IpAddr]>>,
) -> Result<(Handle, thread::JoinHandle<()>), Error> {
    let (streams, handed) = mpsc::channel(tcp::HANDED);
    let socket = socket::Socket::bind(config, network, handed)?;
    let local = socket.local_addr();
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let counters: Arc<Counters> = Arc::default();
    let counted = counters.clone();
    let (levels, loudness) = watch::channel(Loudness::default());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| Error::Bind(local, error))?;
    let thread = thread::Builder::new()
        .name("peers".into())
        .spawn(move || {
            runtime.block_on(async move {
                match worker::Worker::new(socket, timeline, inbox, counted, levels) {
                    Ok(worker) => worker.run().await,
                    Err(error) => tracing::error!(%error, "the UDP port can't be watched; calls are impossible"),
                }
            });
        })
        .map_err(|error| Error::Bind(local, error))?;
    Ok((Handle { commands, streams, local, tcp: config.tcp, counters, loudness }, thread))
}

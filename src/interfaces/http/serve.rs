//! Accepts connections, bounds them in number and in patience, and lets them finish at the end.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::door::Arrival;
use super::patience::{Patient, Prompt};
use super::places::{Place, Places};
use super::routes::LONG;
use super::{App, routes};
use crate::drivers::peer::server as peers;
use crate::drivers::tls;
use crate::proto::ice::framing;

/// Connections at one time, if the system allows so many open files.
const CONNECTIONS: usize = 6144;
/// Open files that are left to everything else: devices, the store, pipelines.
const OTHER_FILES: usize = 256;
/// Connections beyond that may still be on their way out. While there are more, new ones wait in the kernel's queue.
const LEAVING: usize = 128;
/// How long a client may take to send the head of a request, and to send another on the same connection.
const HEAD: Duration = Duration::from_secs(10);
/// Largest head of a request, in bytes.
const BUFFER: usize = 32 * 1024;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port can't be opened.
    #[error("the address {0} can't be opened for pages ({1}); choose another with {2}")]
    Bind(SocketAddr, #[source] io::Error, &'static str),
}

/// Through which door connections come.
#[derive(Clone)]
pub enum Door {
    /// Plain HTTP.
    Plain,
    /// HTTPS.
    Secure(tls::Handle),
}

/// The HTTP server.
pub struct Server {
    listener: TcpListener,
    local: SocketAddr,
}

impl Server {
    /// Opens the port; `key` is the key of the configuration that has the address.
    ///
    /// # Errors
    /// [`Error::Bind`].
    pub async fn bind(listen: SocketAddr, key: &'static str) -> Result<Self, Error> {
        let failed = |error| Error::Bind(listen, error, key);
        let listener = open(listen).await.map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, local })
    }

    /// A port that somebody else has opened; `key` is the key of the configuration in whose place it is.
    ///
    /// # Errors
    /// [`Error::Bind`].
    pub fn inherit(listener: std::net::TcpListener, listen: SocketAddr, key: &'static str) -> Result<Self, Error> {
        let failed = |error| Error::Bind(listen, error, key);
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = TcpListener::from_std(listener).map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, local })
    }

    /// The address that was opened.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Serves what comes through this door until `stop`; then accepts nothing more, and returns when running requests have
    /// finished. `files` is how many files this process may have open for it, `share` how many connections one address.
    pub async fn run(self, app: App, door: Door, (files, share): (usize, usize), stop: CancellationToken) {
        let open = app.requests.connections.clone();
        let peers = app.seen.peers.clone();
        let router = routes::router(app);
        let most = CONNECTIONS.min(files.saturating_sub(OTHER_FILES)).max(16);
        let mut places = Places::new(most, share);
        let mut connections = JoinSet::new();
        let mut addresses: HashMap<Id, IpAddr> = HashMap::new();
        loop {
            let accepted = tokio::select! {
                Some(ended) = connections.join_next_with_id() => {
                    let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
                    if let Some(address) = addresses.remove(&id) {
                        places.give_back(address);
                    }
                    continue;
                }
                accepted = self.listener.accept(), if connections.len() < most + LEAVING => accepted,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, address)) => {
                    // Whoever finds no place is cut off: a queue would only hold up those who would find one.
                    if let Some(place) = places.take(address.ip()) {
                        let way = (door.clone(), router.clone(), peers.clone());
                        let serving = enter((stream, address), place, way, stop.clone());
                        let open = open.hold();
                        let task = connections.spawn(async move {
                            serving.await;
                            drop(open);
                        });
                        addresses.insert(task.id(), address.ip());
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    // Out of file descriptors, most likely: give those that are open time to end.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        while connections.join_next().await.is_some() {}
    }
}

/// Opens the port. `[::]` is every address, of IPv4 too, and IPv4 alone where the kernel has no IPv6.
async fn open(listen: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(listen).await {
        Err(error)
            if listen.is_ipv6()
                && listen.ip().is_unspecified()
                && !matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied) =>
        {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, listen.port())).await
        }
        opened => opened,
    }
}

/// Serves one connection; a secure one after its handshake. One that begins as media does is for the peers' worker.
async fn enter(
    (stream, peer): (TcpStream, SocketAddr),
    place: Place,
    (door, router, peers): (Door, Router, peers::Handle),
    stop: CancellationToken,
) {
    if peers.takes_connections() {
        let first = tokio::select! {
            first = first_byte(&stream) => first,
            () = place.taken_away() => return,
            () = stop.cancelled() => return,
        };
        match first {
            None => return,
            Some(first) if framing::can_begin(first) => {
                // One that is reset meanwhile is not worth a word.
                return stream.into_std().map_or((), |stream| peers.hand_over(stream));
            }
            Some(_) => {}
        }
    }
    // Small answers must not wait for more to come.
    let _ = stream.set_nodelay(true);
    let arrival = Arrival { peer: peer.ip(), secure: matches!(door, Door::Secure(_)) };
    match door {
        Door::Plain => connection(stream, arrival, place, router, stop).await,
        Door::Secure(tls) => {
            let accepted = tokio::select! {
                accepted = tls.accept(stream) => accepted,
                () = place.taken_away() => return,
                () = stop.cancelled() => return,
            };
            match accepted {
                Ok(stream) => connection(stream, arrival, place, router, stop).await,
                Err(error) => tracing::trace!(%error, "a handshake failed"),
            }
        }
    }
}

/// The first byte of a connection, which stays to be read; `None` if none comes.
async fn first_byte(stream: &TcpStream) -> Option<u8> {
    let mut first = [0];
    match tokio::time::timeout(HEAD, stream.peek(&mut first)).await {
        Ok(Ok(1)) => Some(first[0]),
        _ => None,
    }
}

/// Serves one connection until it is over, as a WebSocket too.
pub(super) async fn connection<S>(stream: S, arrival: Arrival, place: Place, router: Router, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let over = CancellationToken::new();
    let stream = Patient::new(stream, over.clone().drop_guard());
    let asked = place.clone();
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        asked.asked();
        request.extensions_mut().insert(arrival);
        let long = request.uri().path() == LONG;
        let prompt = if long { Prompt::steady } else { Prompt::new };
        router.clone().oneshot(request.map(|body| Body::new(prompt(body))))
    });
    {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = place.taken_away() => return,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::trace!(%error, "a connection ended early");
        }
    }
    // A WebSocket goes on elsewhere, and keeps its place.
    over.cancelled().await;
}

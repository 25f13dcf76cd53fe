//! Accepts connections, bounds them in number and in patience, and lets them finish at the end.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{App, Config, routes};

/// Connections at one time; the next one waits in the kernel's queue.
const CONNECTIONS: usize = 2048;
/// How long a client may take to send the head of a request.
const HEAD: Duration = Duration::from_secs(10);
/// Largest head of a request, in bytes.
const BUFFER: usize = 32 * 1024;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port can't be opened.
    #[error("the address {0} can't be opened for pages ({1}); choose another with http.listen")]
    Bind(SocketAddr, #[source] std::io::Error),
}

/// The HTTP server.
pub struct Server {
    listener: TcpListener,
    local: SocketAddr,
}

impl Server {
    /// Opens the port.
    ///
    /// # Errors
    /// [`Error::Bind`].
    pub async fn bind(config: &Config) -> Result<Self, Error> {
        let failed = |error| Error::Bind(config.listen, error);
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, local })
    }

    /// The address that was opened.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Serves until `stop`; then accepts nothing more and lets running requests finish, on `tasks`.
    pub async fn run(self, app: App, tasks: TaskTracker, stop: CancellationToken) {
        let router = routes::router(app);
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let place = tokio::select! {
                place = places.clone().acquire_owned() => place,
                () = stop.cancelled() => return,
            };
            let Ok(place) = place else {
                return;
            };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            match accepted {
                Ok((stream, _)) => {
                    let (router, stop) = (router.clone(), stop.clone());
                    tasks.spawn(async move {
                        connection(stream, router, stop).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    // Out of file descriptors, most likely: give those that are open time to end.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router, stop: CancellationToken) {
    // Small answers must not wait for more to come.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::trace!(%error, "a connection ended early");
    }
}

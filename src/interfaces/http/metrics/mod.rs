//! `/metrics`: numbers for a monitoring system, in OpenMetrics text, on an address of their own.
//!
//! Everything is read when somebody asks, and nothing is added up for it before. There are no names, addresses, ids or tokens
//! among the labels: their values come from closed lists, known when the daemon is built.

mod config;
mod families;
mod gather;
mod text;

pub use config::Config;
pub use families::{FAMILIES, Family, Kind};

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::App;
use super::door::Arrival;
use super::places::Place;
use super::serve::connection;

/// Connections at one time; monitoring needs one or two. The next one waits in the kernel's queue.
const CONNECTIONS: usize = 16;

/// Serves the numbers until `stop`. An address that can't be opened is said in the log and nothing more: calls go on.
pub async fn run(config: Config, app: App, tasks: TaskTracker, stop: CancellationToken) {
    let Some(address) = config.listen else { return };
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            return tracing::warn!(%address, %error, "metrics are not served: choose another metrics.listen, or leave it empty");
        }
    };
    let address = listener.local_addr().unwrap_or(address);
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "metrics are served to everybody who reaches this address");
    }
    tracing::info!(%address, "metrics are served");
    accept(listener, router(app), tasks, stop).await;
}

/// All numbers, as the address gives them.
pub async fn text(app: App) -> String {
    gather::gather(&app).await.text().unwrap_or_default()
}

fn router(app: App) -> Router {
    let not_here = async || (StatusCode::NOT_FOUND, "There is only /metrics here.\n");
    Router::new().route("/metrics", get(metrics)).fallback(not_here).with_state(app)
}

async fn accept(listener: TcpListener, router: Router, tasks: TaskTracker, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await.ok()?;
            listener.accept().await.ok().map(|(stream, peer)| (stream, peer, place))
        };
        let accepted = tokio::select! {
            accepted = accepted => accepted,
            () = stop.cancelled() => return,
        };
        let Some((stream, peer, place)) = accepted else {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        };
        let (router, stop) = (router.clone(), stop.clone());
        tasks.spawn(async move {
            connection(stream, Arrival { peer: peer.ip(), secure: false }, Place::default(), router, stop).await;
            drop(place);
        });
    }
}

async fn metrics(State(app): State<App>) -> Response {
    match gather::gather(&app).await.text() {
        Ok(text) => {
            ([(header::CONTENT_TYPE, text::CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

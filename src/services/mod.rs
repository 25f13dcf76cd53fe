//! The actors. Each is a handle, a pure state and a loop; one task owns each mutable thing.

pub mod access;
pub mod announce;
pub mod audit;
pub mod broadcast;
pub mod chat;
pub mod egress;
pub mod endpoint;
pub mod heat;
pub mod ladder;
pub mod network;
pub mod node;
pub mod origin;
pub mod privacy;
pub mod program;
pub mod push;
pub mod reachability;
pub mod recorder;
pub mod remote;
pub mod room;
pub mod settings;
pub mod supervisor;
pub mod telephone;
pub mod thumbnail;
pub mod update;

use std::pin::pin;

use tokio::sync::mpsc;
use tokio::time::Instant;

/// Waits for what is done; what is asked meanwhile goes to `meanwhile`.
pub(crate) async fn attend<T, A>(
    done: impl Future<Output = T>,
    asks: &mut mpsc::Receiver<A>,
    mut meanwhile: impl FnMut(A),
) -> T {
    let mut done = pin!(done);
    loop {
        tokio::select! {
            done = &mut done => return done,
            Some(ask) = asks.recv() => meanwhile(ask),
        }
    }
}

/// Waits until then; for ever if there is no such moment.
pub(crate) async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

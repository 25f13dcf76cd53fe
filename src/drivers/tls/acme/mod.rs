//! Certificates for names that somebody owns: ACME (RFC 8555), by the proofs `http-01` and `dns-01`, and for addresses (RFC 8738).
//! The home of instant-acme and hickory-proto.
//!
//! Nobody is asked for anything until names are configured. The account, the certificate and what is known of attempts are private files in
//! `tls/acme/` of the state folder. While there is no certificate that is valid, the box's own authority serves; what else the box is called
//! is its matter anyway (`choose.rs`).

mod actor;
mod client;
mod config;
mod dns;
mod failure;
mod order;
mod schedule;

pub use config::{Challenge, Config, Error, Plan};
pub use failure::Code;
pub use schedule::Failure;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::pair::Pair;

/// How it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Whom the certificate is, or shall be, for.
    pub names: Vec<String>,
    /// The authority is being asked right now.
    pub asking: bool,
    /// Until when there is a valid certificate, in seconds since 1970 UTC.
    pub valid_until: Option<i64>,
    /// When the authority is asked next; `None` while the clock is wrong.
    pub next: Option<i64>,
    /// Why the last attempt failed; `None` after one that did not.
    pub failure: Option<Failure>,
}

impl State {
    fn of(names: Vec<String>) -> Self {
        Self { names, asking: false, valid_until: None, next: None, failure: None }
    }
}

/// Why the authority is not asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooSoon {
    /// It is being asked already.
    Asking,
    /// There were many attempts, or it wants to be left alone until then, in seconds since 1970 UTC.
    At(i64),
    /// The box is shutting down.
    Closed,
}

/// The way to it; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    certificate: watch::Receiver<Option<Arc<Pair>>>,
    state: watch::Receiver<State>,
    pending: watch::Receiver<Vec<(String, String)>>,
    wish: mpsc::Sender<actor::Wish>,
}

impl Handle {
    /// How it is.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// What proves a name to whoever asks for this token, while the authority is expected to: RFC 8555 section 8.3.
    pub fn proof(&self, token: &str) -> Option<String> {
        self.pending.borrow().iter().find(|(known, _)| known == token).map(|(_, proof)| proof.clone())
    }

    /// Has the authority asked now. Returns before that is done.
    ///
    /// # Errors
    /// [`TooSoon`].
    pub async fn renew(&self) -> Result<(), TooSoon> {
        let (wish, answer) = oneshot::channel();
        self.wish.send(wish).await.map_err(|_| TooSoon::Closed)?;
        answer.await.map_err(|_| TooSoon::Closed)?
    }

    /// The certificate, if there is one.
    pub(super) fn certificate(&self) -> Option<Arc<Pair>> {
        self.certificate.borrow().clone()
    }
}

/// Takes up what is stored in the folder, and has a certificate from then on, until `stop`.
///
/// # Errors
/// When what is stored can't be read.
pub(super) async fn start(
    plan: Plan,
    folder: PathBuf,
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> Result<Handle, super::Error> {
    let loaded = actor::Keeper::load(plan, folder.clone()).await;
    let (keeper, handle) = loaded.map_err(|failed| super::Error::Kept {
        path: folder,
        reason: failed.detail.unwrap_or_else(|| failed.code.text().to_owned()),
    })?;
    tasks.spawn(keeper.run(stop));
    Ok(handle)
}

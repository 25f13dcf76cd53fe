//! The loop that has a certificate for the configured names, as far as there is one to be had.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::config::Plan;
use super::failure::{Code, Failed};
use super::order::{self, Pending, on_disk};
use super::schedule::{self, Attempts, Failure};
use super::{Handle, State, TooSoon};
use crate::drivers::store::private;
use crate::drivers::tls::actor::now;
use crate::drivers::tls::pair::Pair;

/// How often the time is looked at: clocks are set while a box runs.
const LOOK: Duration = Duration::from_secs(5);
/// The certificate, with those between it and its root, and its key.
const CERTIFICATE: &str = "certificate.pem";
/// What is known of former attempts.
const ATTEMPTS: &str = "attempts.json";
/// Wishes that wait. Whoever finds no room waits as well: each is answered at once.
const WISHES: usize = 4;

/// Somebody wants an attempt now.
pub(super) type Wish = oneshot::Sender<Result<(), TooSoon>>;

/// Owns the certificate, what is known of attempts, and what the authority may ask for.
pub(super) struct Keeper {
    plan: Arc<Plan>,
    folder: PathBuf,
    attempts: Attempts,
    present: Option<Arc<Pair>>,
    told: watch::Sender<Option<Arc<Pair>>>,
    state: watch::Sender<State>,
    pending: Pending,
    wishes: mpsc::Receiver<Wish>,
    salt: u16,
}

impl Keeper {
    /// Takes up what is stored in the folder.
    pub(super) async fn load(plan: Plan, folder: PathBuf) -> Result<(Self, Handle), Failed> {
        let read = folder.clone();
        let (certificate, attempts) =
            on_disk(move || Ok((private::read(&read.join(CERTIFICATE))?, private::read(&read.join(ATTEMPTS))?)))
                .await?;
        let present = certificate.and_then(|text| Pair::read(&text).ok()).map(Arc::new);
        let attempts = attempts.and_then(|text| serde_json::from_slice::<Attempts>(&text).ok()).unwrap_or_default();
        let mut salt = [0; 2];
        // Without it all boxes ask at the same moment of their certificates' lives, which is no harm to this one.
        let _ = aws_lc_rs::rand::fill(&mut salt);
        let (told, certificate) = watch::channel(present.clone());
        let (wish, wishes) = mpsc::channel(WISHES);
        let pending = Pending::new(Vec::new());
        let (state, seen) = watch::channel(State::of(plan.names.clone()));
        let handle = Handle { certificate, state: seen, pending: pending.subscribe(), wish };
        let attempts = attempts.of(plan.mark());
        let keeper = Self {
            plan: Arc::new(plan),
            folder,
            attempts,
            present,
            told,
            state,
            pending,
            wishes,
            salt: u16::from_be_bytes(salt),
        };
        keeper.tell(false);
        Ok((keeper, handle))
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut look = tokio::time::interval(LOOK);
        loop {
            let mut wanted = false;
            tokio::select! {
                _ = look.tick() => {}
                Some(wish) = self.wishes.recv() => wanted = self.permit(wish),
                () = stop.cancelled() => return,
            }
            let now = now();
            if schedule::is_plausible(now) && (wanted || self.next(now) <= now) {
                tokio::select! {
                    () = self.attempt(now) => {}
                    () = stop.cancelled() => return,
                }
            }
            self.tell(false);
        }
    }

    fn next(&self, now: i64) -> i64 {
        let says = self.present.as_ref().map(|pair| &pair.says);
        schedule::next(now, says, &self.plan.wanted(), &self.attempts, self.salt)
    }

    fn permit(&self, wish: Wish) -> bool {
        let now = now();
        let at = self.attempts.by_hand(now);
        let permitted = at <= now;
        if permitted && schedule::is_plausible(now) {
            // Whoever looks after the answer sees it.
            self.tell(true);
        }
        // Who asked may be gone.
        let _ = wish.send(if permitted { Ok(()) } else { Err(TooSoon::At(at)) });
        permitted
    }

    async fn attempt(&mut self, began: i64) {
        self.tell(true);
        self.attempts.begin(began);
        // What can't be remembered is not tried: a box that starts over and over would ask each time.
        let made = match self.keep_attempts().await {
            Ok(()) => self.order().await,
            Err(failed) => Err((failed, None)),
        };
        match made {
            Ok(pair) => {
                tracing::info!("there is a certificate from the certificate authority");
                let (file, text) = (self.folder.join(CERTIFICATE), pair.text.0.clone());
                let kept = on_disk(move || private::write(&file, &text)).await;
                self.take(pair);
                self.attempts.succeeded();
                if let Err(failed) = kept {
                    // It is used until the next start; then there has to be another one.
                    self.fail(failed, None);
                }
            }
            Err((failed, rest)) => self.fail(failed, rest),
        }
        if let Err(failed) = self.keep_attempts().await {
            tracing::warn!(code = failed.code.name(), "what came of asking for a certificate can't be remembered");
        }
    }

    /// Asks for a certificate; others who want one meanwhile are told that it is being done.
    async fn order(&mut self) -> Result<Pair, (Failed, Option<i64>)> {
        let (plan, folder, pending) = (self.plan.clone(), self.folder.clone(), &self.pending);
        let mut order = std::pin::pin!(order::obtain(&plan, &folder, pending));
        loop {
            tokio::select! {
                made = &mut order => return made,
                Some(wish) = self.wishes.recv() => drop(wish.send(Err(TooSoon::Asking))),
            }
        }
    }

    fn take(&mut self, pair: Pair) {
        let pair = Arc::new(pair);
        self.present = Some(pair.clone());
        self.told.send_replace(Some(pair));
    }

    fn fail(&mut self, failed: Failed, rest: Option<i64>) {
        // What the other side said may have names in it, and is for the owner's page alone.
        tracing::warn!(
            code = failed.code.name(),
            "there is no certificate from the certificate authority: {}",
            failed.code.text()
        );
        self.attempts.failed(Failure { code: failed.code, detail: failed.detail, at: now() }, rest);
    }

    async fn keep_attempts(&self) -> Result<(), Failed> {
        let text = serde_json::to_vec(&self.attempts).map_err(|error| Failed::new(Code::Disk, error))?;
        let file = self.folder.join(ATTEMPTS);
        on_disk(move || private::write(&file, &text)).await
    }

    /// Tells those who follow how it is.
    fn tell(&self, asking: bool) {
        let now = now();
        let plausible = schedule::is_plausible(now);
        let clock = || Failure { code: Code::Clock, detail: None, at: now };
        let state = State {
            names: self.plan.names.clone(),
            asking,
            valid_until: self.present.as_ref().map(|pair| pair.says.until).filter(|until| *until > now),
            next: plausible.then(|| self.next(now)),
            failure: if plausible { self.attempts.failure.clone() } else { Some(clock()) },
        };
        self.state.send_if_modified(|known| std::mem::replace(known, state.clone()) != state);
    }
}

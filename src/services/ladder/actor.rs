//! The loop: follows what is on air, and says which rungs may be made.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::decoding::Decoding;
use super::state::Budget;
use super::{Config, Ladders, Parts, Step, step};
use crate::drivers::identity::random_id;
use crate::model::id::PublicationId;
use crate::model::ring::ring;
use crate::model::rung::Rung;
use crate::services::program;
use crate::services::supervisor::Part;

/// Questions that wait; who asks waits while it is full.
const QUESTIONS: usize = 64;
/// Decoded pictures that are held for rungs: a quarter of a second. Who is slower leaves some out.
const PICTURES: usize = 8;

/// What a rung asks.
pub(super) enum Ask {
    /// Whether it may be made.
    Begin { source: PublicationId, rung: Rung, reply: oneshot::Sender<Option<CancellationToken>> },
    /// It is not made any more.
    End { source: PublicationId, rung: Rung },
}

struct Ladder {
    steps: BTreeMap<Rung, PublicationId>,
    _stop: DropGuard,
}

pub(super) struct Actor {
    config: Config,
    parts: Parts,
    tasks: TaskTracker,
    stop: CancellationToken,
    told: watch::Sender<Arc<Ladders>>,
    budget: Budget,
    ladders: HashMap<PublicationId, Ladder>,
    running: HashMap<(PublicationId, Rung), CancellationToken>,
    ask: mpsc::Sender<Ask>,
    asked: mpsc::Receiver<Ask>,
}

impl Actor {
    pub(super) fn new(
        config: Config,
        parts: Parts,
        tasks: TaskTracker,
        stop: CancellationToken,
        told: watch::Sender<Arc<Ladders>>,
    ) -> Self {
        let speed = parts.encoders.chosen().speed.map(|speed| speed.fps);
        let budget = Budget::new(speed, config.share, size(&parts.program.borrow()));
        let (ask, asked) = mpsc::channel(QUESTIONS);
        let (ladders, running) = (HashMap::new(), HashMap::new());
        Self { config, parts, tasks, stop, told, budget, ladders, running, ask, asked }
    }

    pub(super) async fn run(mut self) {
        let (mut list, mut heat) = (self.parts.broadcasts.list(), self.parts.heat.clone());
        let stop = self.stop.clone();
        loop {
            let live: Vec<PublicationId> =
                list.borrow_and_update().iter().filter_map(|one| one.live.map(|live| live.publication)).collect();
            self.follow(&live).await;
            self.tell();
            tokio::select! {
                () = stop.cancelled() => return,
                changed = list.changed() => if changed.is_err() {
                    return;
                },
                Ok(()) = heat.changed() => {
                    let level = *heat.borrow_and_update();
                    if self.budget.heat(level) && !self.running.is_empty() {
                        tracing::warn!("the board is too hot: smaller pictures are not made any more");
                        self.running.values().for_each(CancellationToken::cancel);
                    }
                }
                Some(ask) = self.asked.recv() => self.answer(ask),
            }
        }
    }

    async fn follow(&mut self, live: &[PublicationId]) {
        for gone in self.ladders.keys().copied().filter(|of| !live.contains(of)).collect::<Vec<_>>() {
            let Some(Ladder { steps, _stop }) = self.ladders.remove(&gone) else { continue };
            drop(_stop);
            for (rung, publication) in steps {
                self.end(gone, rung);
                self.parts.origin.unpublish(publication).await;
            }
        }
        for source in live {
            if !self.ladders.contains_key(source) {
                let ladder = self.open(*source);
                self.ladders.insert(*source, ladder);
            }
        }
    }

    /// Offers the rungs of something that has gone on air. Nothing is made yet.
    fn open(&mut self, source: PublicationId) -> Ladder {
        let stop = self.stop.child_token();
        let (pictures, decoded) = ring(PICTURES);
        let demand = pictures.demand();
        let Parts { origin, media, .. } = self.parts.clone();
        let decoding = Decoding { source, origin, media, tasks: self.tasks.clone(), pictures, demand };
        self.spawn(&stop, decoding.run());
        let mut steps = BTreeMap::new();
        let program = size(&self.parts.program.borrow());
        self.budget.program(program);
        let (_, height, fps) = program;
        for rung in Rung::below(height).filter(|rung| self.config.rungs.contains(rung)) {
            let publication = random_id(PublicationId::from_bytes);
            let step = step::Step {
                rung,
                source,
                publication,
                fps,
                pictures: decoded.clone(),
                parts: self.parts.clone(),
                tasks: self.tasks.clone(),
                ask: self.ask.clone(),
            };
            self.spawn(&stop, async move {
                if let Err(error) = step.run().await {
                    tracing::warn!(%error, "a smaller picture can't be offered");
                }
            });
            steps.insert(rung, publication);
        }
        Ladder { steps, _stop: stop.drop_guard() }
    }

    /// Runs it until `stop`; what panics is not begun again before the broadcast is.
    fn spawn(&self, stop: &CancellationToken, work: impl Future<Output = ()> + Send + 'static) {
        let (supervisor, stop) = (self.parts.supervisor.clone(), stop.clone());
        let work = async move {
            // Its end says so itself.
            let _ = stop.run_until_cancelled(supervisor.once(Part::Ladder, work)).await;
        };
        self.tasks.spawn(work.instrument(tracing::info_span!("ladder")));
    }

    fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Begin { source, rung, reply } => {
                let may = self.ladders.contains_key(&source) && self.budget.begin(rung);
                if !may {
                    tracing::info!(%rung, "there is no room for a smaller picture");
                    let _ = reply.send(None);
                    return;
                }
                let stop = CancellationToken::new();
                self.running.insert((source, rung), stop.clone());
                if reply.send(Some(stop)).is_err() {
                    self.end(source, rung);
                }
            }
            Ask::End { source, rung } => self.end(source, rung),
        }
    }

    fn end(&mut self, source: PublicationId, rung: Rung) {
        if self.running.remove(&(source, rung)).is_some() {
            self.budget.end(rung);
        }
    }

    fn tell(&self) {
        let step = |source, (rung, publication): (&Rung, &PublicationId)| {
            let runs = self.running.contains_key(&(source, *rung));
            (*rung, Step { publication: *publication, runs })
        };
        let of = self.ladders.iter();
        let of = of.map(|(source, ladder)| (*source, ladder.steps.iter().map(|one| step(*source, one)).collect()));
        let now = Ladders { of: of.collect(), head: self.budget.head() };
        self.told.send_if_modified(|told| {
            let changed = **told != now;
            if changed {
                *told = Arc::new(now);
            }
            changed
        });
    }
}

/// Pixels across and down of what is on air, and pictures a second.
fn size(program: &program::Config) -> (u32, u32, u32) {
    (program.width, program.height, program.fps)
}

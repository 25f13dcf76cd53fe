//! Small pictures of what is on air, for lists and for the bar by which one goes back: made when somebody asks, and given to all who ask
//! soon after.
//!
//! Owns: the pictures that were made. Deliberately not: what is on air (`services::program`), what of it is packaged (`services::egress`),
//! and how a picture is decoded and coded (`drivers::pipeline`). One task owns the pictures; each is made on a task of its own, so that
//! nobody waits for another broadcast, but decoded one at a time. Nothing runs while nobody asks.

mod make;
mod state;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

pub use state::Picture;

use self::make::Maker;
use self::state::{Key, Made, Moment, OnAir, Shelf, Step};
use crate::drivers::pipeline;
use crate::model::count::Counter;
use crate::model::id::BroadcastId;
use crate::model::unit::Unit;
use crate::services::broadcast::Broadcast;
use crate::services::supervisor::{Part, Supervisor};
use crate::services::{broadcast, egress, origin};

/// Asks that wait for the task. When full, who asks waits.
const ASKS: usize = 64;
/// Who may wait for one picture. Past that they are [`Error::Busy`].
const WAITING: usize = 64;
/// How long who asks waits at most.
const PATIENCE: Duration = Duration::from_secs(12);

/// Why there is no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The broadcast is unknown or off air.
    #[error("this broadcast is not on air")]
    NotOnAir,
    /// That moment can't be gone back to.
    #[error("this moment is not held")]
    NotFound,
    /// None came in time, or it could not be decoded. Ask again.
    #[error("no picture came in time")]
    NoPicture,
    /// Too many wait for it already, or too many are being made.
    #[error("too many are waiting")]
    Busy,
    /// The box is shutting down.
    #[error("the box is shutting down")]
    Closed,
}

type Answer = oneshot::Sender<Result<Picture, Error>>;

/// Somebody asks for a picture; of an earlier moment they bring its keyframe.
struct Ask {
    key: Key,
    keyframe: Option<Unit>,
    answer: Answer,
}

/// What was done.
#[derive(Debug, Default)]
pub struct Counters {
    /// Pictures that were made.
    pub made: Counter,
}

/// Speaks to the task. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    asks: mpsc::Sender<Ask>,
    egress: egress::Handle,
    counters: Arc<Counters>,
}

impl Handle {
    /// A picture of what is on air, ten seconds old at most while somebody watches and a minute at most else, and none from before the last
    /// cut; or of so long before live, as far back as one can go.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn get(&self, broadcast: BroadcastId, behind: Option<Duration>) -> Result<Picture, Error> {
        let (moment, keyframe) = match behind {
            None => (Moment::Now, None),
            Some(_) => {
                let keyframe = self.egress.keyframe(broadcast, make::LINES, behind).await;
                let keyframe = keyframe.map_err(|_| Error::NotOnAir)?.ok_or(Error::NotFound)?;
                (Moment::Past(keyframe.pts), Some(keyframe))
            }
        };
        let answered = async {
            let (answer, answered) = oneshot::channel();
            let ask = Ask { key: (broadcast, moment), keyframe, answer };
            self.asks.send(ask).await.map_err(|_| Error::Closed)?;
            answered.await.map_err(|_| Error::Closed)?
        };
        timeout(PATIENCE, answered).await.map_err(|_| Error::NoPicture)?
    }

    /// What was done so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

/// What it stands on.
pub struct Parts {
    /// What is packaged.
    pub egress: egress::Handle,
    /// Where media is that is not.
    pub origin: origin::Handle,
    /// What is on air.
    pub broadcasts: broadcast::Handle,
    /// What pipelines count.
    pub media: pipeline::Counters,
    /// Starts again what failed.
    pub supervisor: Supervisor,
}

/// Starts it on `tracker`; it ends with `stop`. Nothing is decoded before somebody asks.
pub fn start(parts: Parts, tracker: &TaskTracker, stop: CancellationToken) -> Handle {
    let (asks, inbox) = mpsc::channel(ASKS);
    let Parts { egress, origin, broadcasts, media, supervisor } = parts;
    let counters = Arc::<Counters>::default();
    let handle = Handle { asks, egress: egress.clone(), counters: counters.clone() };
    let maker = Maker { egress, origin, media, tasks: tracker.clone(), turn: Arc::new(Mutex::new(Instant::now())) };
    let list = broadcasts.list();
    let (shelf, waiting, making) = (Shelf::default(), HashMap::new(), JoinSet::new());
    let actor = Actor { maker, supervisor, counters, list, shelf, waiting, making };
    tracker.spawn(stop.run_until_cancelled_owned(actor.keep(inbox)).instrument(tracing::info_span!("thumbnail")));
    handle
}

struct Actor {
    maker: Maker,
    supervisor: Supervisor,
    counters: Arc<Counters>,
    list: watch::Receiver<Arc<Vec<Broadcast>>>,
    shelf: Shelf,
    waiting: HashMap<Key, Vec<Answer>>,
    making: JoinSet<(Key, Option<Made>)>,
}

impl Actor {
    /// What was made outlives a failure; whoever waits is told that there is nothing.
    async fn keep(mut self, mut inbox: mpsc::Receiver<Ask>) {
        let mut pauses = self.supervisor.pauses(Part::Thumbnail);
        while pauses.attempt(self.run(&mut inbox)).await.is_none() {
            self.making = JoinSet::new();
            self.shelf.lost();
            for answer in self.waiting.drain().flat_map(|(_, answers)| answers) {
                let _ = answer.send(Err(Error::NoPicture));
            }
        }
    }

    async fn run(&mut self, inbox: &mut mpsc::Receiver<Ask>) {
        loop {
            tokio::select! {
                asked = inbox.recv() => match asked {
                    Some(ask) => self.ask(ask),
                    None => return,
                },
                Some(done) = self.making.join_next() => if let Ok((key, made)) = done {
                    self.made(key, made);
                },
                changed = self.list.changed() => match changed {
                    Ok(()) => self.forget(),
                    Err(_) => return,
                },
            }
        }
    }

    fn ask(&mut self, Ask { key, keyframe, answer }: Ask) {
        // Whoever asked may have gone; nothing is lost then.
        let Some(now) = on_air(&self.list.borrow(), key.0) else {
            let _ = answer.send(Err(Error::NotOnAir));
            return;
        };
        let refused = match self.shelf.ask(key, now, Instant::now().into_std()) {
            Step::Have(picture) => {
                let _ = answer.send(Ok(picture));
                return;
            }
            Step::None => Error::NoPicture,
            Step::Busy => Error::Busy,
            step @ (Step::Make | Step::Wait) => {
                let waiting = self.waiting.entry(key).or_default();
                if waiting.len() < WAITING {
                    waiting.push(answer);
                    if step == Step::Make {
                        self.make(key, now, keyframe);
                    }
                    return;
                }
                Error::Busy
            }
        };
        let _ = answer.send(Err(refused));
    }

    fn make(&mut self, key: Key, now: OnAir, keyframe: Option<Unit>) {
        let (maker, supervisor) = (self.maker.clone(), self.supervisor.clone());
        let making = async move {
            let made = supervisor.once(Part::Thumbnail, maker.make(key.0, now, keyframe)).await;
            (key, made.ok().flatten())
        };
        self.making.spawn(making.in_current_span());
    }

    fn made(&mut self, key: Key, made: Option<Made>) {
        if made.is_some() {
            self.counters.made.inc();
        }
        let now = on_air(&self.list.borrow(), key.0);
        let answer = match (self.shelf.made(key, now, made, Instant::now().into_std()), now) {
            // Somebody took their yes back meanwhile: another one is made for those who wait.
            (Step::Make, Some(now)) => return self.make(key, now, None),
            (Step::Have(picture), _) => Ok(picture),
            (_, None) => Err(Error::NotOnAir),
            _ => Err(Error::NoPicture),
        };
        for waiting in self.waiting.remove(&key).unwrap_or_default() {
            let _ = waiting.send(answer.clone());
        }
    }

    /// Nothing is held of what is off air, or from before a cut.
    fn forget(&mut self) {
        let list = self.list.borrow_and_update().clone();
        self.shelf.forget(|id| on_air(&list, id));
    }
}

fn on_air(list: &[Broadcast], id: BroadcastId) -> Option<OnAir> {
    let live = list.iter().find(|broadcast| broadcast.id == id)?.live?;
    Some(OnAir { publication: live.publication, cut: live.cut })
}

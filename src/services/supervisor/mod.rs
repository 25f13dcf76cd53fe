//! Starts again what failed: work that panics is caught, said, counted and begun anew after a pause, and nothing beside it
//! notices. Pauses double up to a limit and are jittered, so that what failed together does not come back together.
//!
//! Only work whose state can be rebuilt belongs here: from the list of rooms, from demand, from a ring. Whoever owns state
//! that can't be (rooms, grants, publications, peers, the store) is not started again: the daemon ends, and the service
//! manager starts it with what the store holds.

mod state;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use self::state::Backoff;
use crate::drivers::identity::random;
use crate::model::count::{Counter, Gauge};

/// What can be started again. A label of a metric: the list is short and closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The loop that keeps a program for every room on air.
    Program,
    /// A composition, of a program or of the box's screen.
    Composition,
    /// What brings a member's track into a composition.
    Feed,
    /// The box as a participant.
    Endpoint,
    /// Its camera or microphone.
    Capture,
    /// What gives a track its other form.
    Conversion,
    /// What takes broadcasts on air and off air for those who watch.
    Egress,
    /// What packages a broadcast.
    Packager,
    /// Those who watch by WebRTC.
    Whep,
    /// What follows which rooms are to be recorded.
    Recorder,
    /// What sends broadcasts to other services.
    Push,
    /// Smaller pictures of what is on air.
    Ladder,
    /// Small pictures of it for lists.
    Thumbnail,
    /// What is written.
    Chat,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Program,
        Self::Composition,
        Self::Feed,
        Self::Endpoint,
        Self::Capture,
        Self::Conversion,
        Self::Egress,
        Self::Packager,
        Self::Whep,
        Self::Recorder,
        Self::Push,
        Self::Ladder,
        Self::Thumbnail,
        Self::Chat,
    ];

    /// Its name in metrics, logs and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Composition => "composition",
            Self::Feed => "feed",
            Self::Endpoint => "endpoint",
            Self::Capture => "capture",
            Self::Conversion => "conversion",
            Self::Egress => "egress",
            Self::Packager => "packager",
            Self::Whep => "whep",
            Self::Recorder => "recorder",
            Self::Push => "push",
            Self::Ladder => "ladder",
            Self::Thumbnail => "thumbnail",
            Self::Chat => "chat",
        }
    }
}

#[derive(Debug, Default)]
struct Record {
    restarts: Counter,
    waiting: Arc<Gauge>,
}

/// Starts work again, and remembers how often. Cheap to clone; clones share what they remember.
#[derive(Debug, Clone, Default)]
pub struct Supervisor(Arc<[Record; Part::ALL.len()]>);

/// It failed; the log says where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it failed")]
pub struct Failed;

impl Supervisor {
    fn record(&self, part: Part) -> &Record {
        &self.0[part as usize]
    }

    /// How often a part was started again.
    pub fn restarts(&self, part: Part) -> u64 {
        self.record(part).restarts.get()
    }

    /// Whether a part has failed and waits to be started again.
    pub fn is_waiting(&self, part: Part) -> bool {
        self.record(part).waiting.get() > 0
    }

    /// Does work once, for something that its owner starts again when it is wanted. A panic is said and counted.
    ///
    /// # Errors
    /// [`Failed`] after a panic.
    pub async fn once<T>(&self, part: Part, work: impl Future<Output = T>) -> Result<T, Failed> {
        let done = caught(work).await;
        if done.is_err() {
            self.record(part).restarts.inc();
            tracing::error!(part = part.name(), "it failed; it is started again when it is wanted");
        }
        done
    }

    /// The pauses of one thing that its owner starts again.
    pub fn pauses(&self, part: Part) -> Pauses {
        Pauses { supervisor: self.clone(), part, backoff: Backoff::default(), began: Instant::now() }
    }
}

/// See [`Supervisor::pauses`].
pub struct Pauses {
    supervisor: Supervisor,
    part: Part,
    backoff: Backoff,
    began: Instant,
}

impl Pauses {
    /// Does work until it returns; `None` after a panic and its pause: begin it anew. What the work keeps outside of itself
    /// stays as it was.
    pub async fn attempt<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let done = caught(work).await.ok();
        if done.is_none() {
            self.wait().await;
        }
        done
    }

    /// It failed: says so, counts it, and waits until it may be started again.
    pub async fn wait(&mut self) {
        let until = self.failed();
        let _waiting = self.supervisor.record(self.part).waiting.hold();
        sleep_until(until).await;
    }

    /// It failed: says so, counts it, and answers when it may be started again.
    pub fn failed(&mut self) -> Instant {
        let pause: Duration = self.backoff.failed(self.began.elapsed(), random::<1>()[0]);
        self.supervisor.record(self.part).restarts.inc();
        tracing::error!(part = self.part.name(), ?pause, "it failed and is started again");
        self.began = Instant::now() + pause;
        self.began
    }
}

/// The result of work, or that it panicked.
async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Failed> {
    let mut work = pin!(work);
    // After a panic the work is dropped and never polled again; what it shares with others is rings and channels, which are
    // whole at any time.
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
        Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(_) => Poll::Ready(Err(Failed)),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    #[tokio::test(start_paused = true)]
    async fn work_that_panics_begins_anew_with_what_it_kept_and_is_counted() {
        let supervisor = Supervisor::default();
        let mut begun = 0;
        let start = Instant::now();
        let mut pauses = supervisor.pauses(Part::Capture);
        let mut work = async || {
            begun += 1;
            tokio::task::yield_now().await;
            assert!(begun == 4, "fault injected");
        };
        while pauses.attempt(work()).await.is_none() {}
        assert_eq!(begun, 4);
        assert_eq!(supervisor.restarts(Part::Capture), 3);
        assert_eq!(supervisor.restarts(Part::Composition), 0, "nothing else is counted");
        assert!(!supervisor.is_waiting(Part::Capture));
        assert!(start.elapsed() >= Duration::from_millis(50 + 100 + 200), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_to_be_started_again_is_seen_and_its_siblings_go_on() {
        let supervisor = Supervisor::default();
        let mut pauses = supervisor.pauses(Part::Conversion);
        let failing = async { while pauses.attempt(async { panic!("fault injected") }).await.is_none() {} };
        let mut beats = 0;
        let sibling = async {
            while beats < 100 {
                sleep(Duration::from_millis(100)).await;
                assert!(supervisor.is_waiting(Part::Conversion), "it fails at once whenever it begins");
                beats += 1;
            }
        };
        tokio::select! {
            () = failing => panic!("it never ends"),
            () = sibling => {}
        }
        assert_eq!(beats, 100);
        let restarts = supervisor.restarts(Part::Conversion);
        assert!((5..=10).contains(&restarts), "pauses grow: {restarts} restarts in ten seconds");
    }

    #[tokio::test]
    async fn work_of_which_another_is_started_later_says_that_it_failed() {
        let supervisor = Supervisor::default();
        assert_eq!(supervisor.once(Part::Packager, async { 7 }).await, Ok(7));
        assert_eq!(supervisor.once(Part::Packager, async { panic!("fault injected") }).await, Err::<(), _>(Failed));
        assert_eq!(supervisor.restarts(Part::Packager), 1);
    }

    #[test]
    fn every_part_has_its_own_record_and_name() {
        for (at, part) in Part::ALL.into_iter().enumerate() {
            assert_eq!(part as usize, at);
            assert!(Part::ALL[..at].iter().all(|other| other.name() != part.name()));
        }
    }
}

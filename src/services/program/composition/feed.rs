//! A feed: one task that brings one track of one member from the ring through a decoder to the composition.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

use super::codecs::{Decoder, Failure};
use super::counters::Counters;
use crate::model::layer::Layers;
use crate::model::ring::{Next, Reader};
use crate::model::unit::Unit;

/// Decoded pictures or chunks of sound between a decoder and its feed. When it is full, the decoder leaves the newest out.
const DECODED: usize = 4;
/// While no picture comes, a keyframe is asked for this often.
const KEYFRAME_EVERY: Duration = Duration::from_secs(1);
/// So long after a unit went in, something must have come out; else the decoder counts as failed.
const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Why a track ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Its maker is gone.
    Closed,
    /// The permission to take it was taken back.
    Revoked,
    /// What brought it here failed: whoever added the member may add them again.
    Failed,
}

/// Whether a decoder can start anywhere or only at a keyframe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Anywhere,
    Keyframe,
}

/// Pauses between attempts: doubled each time from 100 ms to 5 s.
pub(super) struct Backoff(Duration);

impl Backoff {
    pub(super) const fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    pub(super) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST_PAUSE);
        pause
    }
}

type Build<S, T> = Box<dyn Fn(&S, mpsc::Sender<T>) -> Result<Box<dyn Decoder>, Failure> + Send>;
type Layered<S> = Box<dyn Fn(&S) -> Layers + Send>;
type Wrap<T, I> = Box<dyn Fn(T) -> I + Send>;

/// What a feed is made of. `S` describes the decoder, `T` is what comes out of it, `I` is what the composition takes.
pub(super) struct Feed<S, T, I> {
    /// Where the units come from.
    pub(super) reader: Reader<Unit>,
    /// Which decoder is wanted; while there is none, units are read and left out.
    pub(super) spec: watch::Receiver<Option<S>>,
    pub(super) start: Start,
    /// Which layers are of use to such a decoder.
    pub(super) layers: Layered<S>,
    pub(super) build: Build<S, T>,
    pub(super) wrap: Wrap<T, I>,
    /// To the composition.
    pub(super) to: mpsc::Sender<I>,
    pub(super) counters: Arc<Counters>,
}

/// How one decoder's life ended.
enum Life {
    /// Another one is wanted.
    Changed,
    Failed(Failure),
    Over(Ending),
    /// The composition has ended.
    Alone,
}

impl<S, T, I> Feed<S, T, I>
where
    S: Clone + Send + Sync + 'static,
    T: Send + 'static,
    I: Send + 'static,
{
    /// Runs until the track ends, and says how; nothing if the composition ended first.
    pub(super) async fn run(mut self) -> Option<Ending> {
        let mut backoff = Backoff::new();
        loop {
            let spec = self.spec.borrow_and_update().clone();
            self.reader.want(spec.as_ref().map_or(Layers::NONE, |spec| (self.layers)(spec)));
            let life = match spec {
                None => self.rest(None).await,
                Some(spec) => {
                    let (sender, receiver) = mpsc::channel(DECODED);
                    match (self.build)(&spec, sender) {
                        Ok(decoder) => self.decode(decoder, receiver, &mut backoff).await,
                        Err(failure) => Life::Failed(failure),
                    }
                }
            };
            let life = match life {
                Life::Failed(failure) => {
                    let pause = backoff.next();
                    tracing::warn!(%failure, ?pause, "a decoder failed");
                    self.rest(Some(Instant::now() + pause)).await
                }
                life => life,
            };
            match life {
                Life::Changed | Life::Failed(_) => {}
                Life::Over(ending) => return Some(ending),
                Life::Alone => return None,
            }
        }
    }

    /// Reads and leaves out, until the moment comes or another decoder is wanted.
    async fn rest(&mut self, until: Option<Instant>) -> Life {
        let deadline = until.unwrap_or_else(Instant::now);
        loop {
            tokio::select! {
                next = self.reader.next() => match next {
                    Next::Item(_) | Next::Lagged(_) => {}
                    Next::Closed => return Life::Over(Ending::Closed),
                    Next::Revoked => return Life::Over(Ending::Revoked),
                },
                changed = self.spec.changed() => return if changed.is_ok() { Life::Changed } else { Life::Alone },
                () = sleep_until(deadline), if until.is_some() => return Life::Changed,
            }
        }
    }

    async fn decode(
        &mut self,
        mut decoder: Box<dyn Decoder>,
        mut decoded: mpsc::Receiver<T>,
        backoff: &mut Backoff,
    ) -> Life {
        let mut waits_for_keyframe = self.start == Start::Keyframe;
        let mut came_since_asked = false;
        let mut in_vain_since = None;
        let mut ask = interval_at(Instant::now() + KEYFRAME_EVERY, KEYFRAME_EVERY);
        ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.ask_for_keyframe();
        loop {
            tokio::select! {
                next = self.reader.next() => match self.take(next, &mut waits_for_keyframe) {
                    ControlFlow::Continue(None) => {}
                    ControlFlow::Continue(Some(unit)) => {
                        in_vain_since = in_vain_since.or(Some(Instant::now()));
                        if decoder.push(&unit).is_err() {
                            return Life::Failed(Failure("it takes no more units".into()));
                        }
                    }
                    ControlFlow::Break(ending) => return Life::Over(ending),
                },
                item = decoded.recv() => {
                    let Some(item) = item else { return Life::Failed(Failure("it ended".into())) };
                    (came_since_asked, in_vain_since) = (true, None);
                    *backoff = Backoff::new();
                    if self.to.send((self.wrap)(item)).await.is_err() {
                        return Life::Alone;
                    }
                }
                failure = decoder.failed() => return Life::Failed(failure),
                changed = self.spec.changed() => return if changed.is_ok() { Life::Changed } else { Life::Alone },
                _ = ask.tick() => {
                    if in_vain_since.is_some_and(|since| since.elapsed() >= PATIENCE) {
                        return Life::Failed(Failure("nothing comes out of it".into()));
                    }
                    if !std::mem::take(&mut came_since_asked) {
                        self.ask_for_keyframe();
                    }
                }
            }
        }
    }

    /// The unit that goes into the decoder, if any: from a loss to the next keyframe none does.
    fn take(&self, next: Next<Unit>, waits_for_keyframe: &mut bool) -> ControlFlow<Ending, Option<Unit>> {
        let lost = match &next {
            Next::Item(unit) => unit.gap && !unit.keyframe,
            Next::Lagged(lost) => {
                self.counters.skipped.add(*lost);
                true
            }
            Next::Closed => return ControlFlow::Break(Ending::Closed),
            Next::Revoked => return ControlFlow::Break(Ending::Revoked),
        };
        if lost && self.start == Start::Keyframe {
            *waits_for_keyframe = true;
            self.ask_for_keyframe();
        }
        let Next::Item(unit) = next else { return ControlFlow::Continue(None) };
        if unit.keyframe {
            *waits_for_keyframe = false;
        }
        ControlFlow::Continue((!*waits_for_keyframe).then_some(unit))
    }

    fn ask_for_keyframe(&self) {
        if self.start == Start::Keyframe {
            self.reader.request_keyframe();
        }
    }
}

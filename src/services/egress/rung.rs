//! Packaging a smaller picture: it follows the window of the run, while somebody asks for it.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Counters, Feed, Streams};
use crate::model::ring::{Next, Reader};
use crate::model::rung::Rung;
use crate::model::time::MediaTime;
use crate::model::unit::Unit;
use crate::proto::cmaf;
use crate::proto::hls::{Effects, Follower, Lead, Snapshot, Timing};

/// What it needs.
pub(super) struct Follow {
    pub feed: Arc<dyn Feed>,
    pub rung: Rung,
    pub timing: Timing,
    /// That of the run.
    pub epoch_unix_nanos: i128,
    /// The run's window.
    pub lead: watch::Receiver<Arc<Snapshot>>,
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    pub stop: CancellationToken,
    pub counters: Arc<Counters>,
}

impl Follow {
    /// Packages until the run ends, there is no such picture any more, or `stop`.
    pub async fn run(mut self) {
        let opened = tokio::select! {
            () = self.stop.cancelled() => return,
            opened = self.feed.rung(self.rung) => opened,
        };
        match opened {
            Ok(Streams { video: Some(video), cuts, .. }) => self.pump(video, cuts).await,
            Ok(_) => warn!("there is no picture"),
            Err(error) => warn!(%error, "a smaller picture can't be had"),
        }
    }

    async fn pump(&mut self, mut video: Reader<Unit>, mut cuts: watch::Receiver<MediaTime>) {
        info!(rung = %self.rung, "packaging a smaller picture");
        let mut follower = Follower::new(self.timing, self.epoch_unix_nanos);
        follower.forget(*cuts.borrow_and_update());
        let first = Lead::of(&self.lead.borrow_and_update());
        let mut complained = false;
        let mut effects = follower.lead(first);
        loop {
            match effects {
                Ok(effects) => self.publish(effects, &follower),
                Err(error) if !complained => {
                    complained = true;
                    warn!(%error, "units can't be packaged");
                }
                Err(_) => {}
            }
            effects = tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                Ok(()) = cuts.changed() => {
                    let cut = *cuts.borrow_and_update();
                    Ok(follower.forget(cut))
                }
                changed = self.lead.changed() => {
                    let now = self.lead.borrow_and_update().clone();
                    if now.ended || changed.is_err() {
                        follower.end();
                        self.snapshots.send_replace(Arc::new(follower.snapshot()));
                        break;
                    }
                    follower.lead(Lead::of(&now))
                }
                next = video.next() => match self.take(next, &mut follower) {
                    Some(effects) => effects,
                    // It is not made any more. Who asks for more is told to take another size.
                    None => break,
                },
            };
        }
        info!(rung = %self.rung, "a smaller picture is not packaged any more");
    }

    fn take(&self, next: Next<Unit>, follower: &mut Follower) -> Option<Result<Effects, cmaf::Error>> {
        match next {
            Next::Item(unit) => Some(follower.push(unit)),
            Next::Lagged(units) => {
                self.counters.skipped.add(units);
                follower.lost();
                Some(Ok(Effects::default()))
            }
            Next::Closed | Next::Revoked => None,
        }
    }

    fn publish(&self, effects: Effects, follower: &Follower) {
        if !effects.changed {
            return;
        }
        let snapshot = follower.snapshot();
        let (before, made) = (self.snapshots.borrow().made(), snapshot.made());
        self.counters.segments.add(made.segments.saturating_sub(before.segments));
        self.counters.parts.add(made.parts.saturating_sub(before.parts));
        self.snapshots.send_replace(Arc::new(snapshot));
    }
}

//! The list of broadcasts: starts packaging for who asks, ends it when nobody does.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::package::Package;
use super::path::Of;
use super::rung::Follow;
use super::uplink::Uplink;
use super::viewers::Viewers;
use super::{COMMANDS, Config, Counters, Error, Feed};
use crate::model::id::BroadcastId;
use crate::model::rung::Rung;
use crate::model::time::{MediaTime, Timeline};
use crate::model::track::Kind;
use crate::proto::dash;
use crate::proto::hls::Snapshot;
use crate::proto::hls::Timing;
use crate::services::supervisor::{Part, Supervisor};

/// How often idle runs are looked for.
pub(super) const LOOK: Duration = Duration::from_secs(1);
/// How long a smaller picture goes on after the last request, at most: it is coded for those who watch it alone.
const RUNG_LINGER: Duration = Duration::from_secs(10);
/// A smaller picture may hold one part in so many of the bytes of the window.
const RUNG_PART: u64 = 8;

pub(super) enum Command {
    Add {
        broadcast: BroadcastId,
        feed: Arc<dyn Feed>,
    },
    Remove {
        broadcast: BroadcastId,
    },
    Visit {
        broadcast: BroadcastId,
        visit: Visit,
        reply: oneshot::Sender<Result<Station, Error>>,
    },
    /// What is packaged, without having it go on: the smaller pictures that are made, the smallest first, then that on air.
    Look {
        broadcast: BroadcastId,
        reply: oneshot::Sender<Result<Vec<Arc<Snapshot>>, Error>>,
    },
    Admit {
        watching: u32,
        reply: oneshot::Sender<Result<bool, Error>>,
    },
    Viewers {
        broadcast: BroadcastId,
        reply: oneshot::Sender<Result<watch::Receiver<u32>, Error>>,
    },
}

/// What a request is about, as far as demand goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Visit {
    /// The multivariant playlist: starts a run where there is none.
    Index,
    /// The manifest of DASH: as `Index` for who begins; `reload` is the run of who watches already.
    Manifest { reload: Option<u64> },
    /// A media playlist.
    Reload { run: u64, of: Of, blocking: bool },
    /// Media of a run.
    Media { run: u64, of: Of },
}

/// Where a request reads.
pub(super) struct Station {
    pub run: u64,
    pub timing: Timing,
    /// The smaller pictures that there can be, for the multivariant playlist.
    pub rungs: Vec<Rung>,
    /// Those that are made, the largest first, for the manifest.
    pub made: Vec<(Rung, Arc<Snapshot>)>,
    /// Wall time, in nanoseconds since 1970 UTC, as the run has it.
    pub now_unix_nanos: i128,
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// What it means when no more of them come.
    pub gone: Error,
    /// Held for as long as the request lasts: a run does not end under who waits.
    _present: Arc<()>,
}

impl Station {
    /// The newest snapshot.
    pub fn now(&mut self) -> Arc<Snapshot> {
        self.snapshots.borrow_and_update().clone()
    }
}

struct Run {
    /// What it was started with.
    config: Config,
    number: u64,
    started: Instant,
    asked: Instant,
    counted: Instant,
    viewers: Viewers,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    present: Arc<()>,
    rungs: HashMap<Rung, RungRun>,
    stop: CancellationToken,
}

/// A smaller picture, while somebody asks for it.
struct RungRun {
    started: Instant,
    asked: Instant,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    present: Arc<()>,
    _stop: DropGuard,
}

impl Run {
    fn is_over(&self) -> bool {
        self.snapshots.has_changed().is_err()
    }

    /// The smaller pictures that are made, the smallest first, then the one on air.
    fn look(&self) -> Vec<Arc<Snapshot>> {
        let mut rungs: Vec<_> = self.rungs.iter().filter(|(_, known)| !is_over(known)).collect();
        rungs.sort_by_key(|(rung, _)| rung.size());
        let all = rungs.into_iter().map(|(_, known)| &known.snapshots).chain([&self.snapshots]);
        all.map(|snapshots| snapshots.borrow().clone()).collect()
    }
}

fn is_over(known: &RungRun) -> bool {
    known.snapshots.has_changed().is_err()
}

impl Drop for Run {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Broadcast {
    feed: Arc<dyn Feed>,
    viewers: watch::Sender<u32>,
    run: Option<Run>,
}

struct Actor {
    config: watch::Receiver<Config>,
    timeline: Timeline,
    counters: Arc<Counters>,
    supervisor: Supervisor,
    uplink: Uplink,
    tracker: TaskTracker,
    shutdown: CancellationToken,
    broadcasts: HashMap<BroadcastId, Broadcast>,
    /// Number of the newest run of any broadcast.
    newest: u64,
}

pub(super) fn start(
    config: watch::Receiver<Config>,
    timeline: Timeline,
    (counters, supervisor, uplink): (Arc<Counters>, Supervisor, Uplink),
    tracker: &TaskTracker,
    shutdown: CancellationToken,
) -> mpsc::Sender<Command> {
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let broadcasts = HashMap::new();
    let tasks = tracker.clone();
    let actor =
        Actor { config, timeline, counters, supervisor, uplink, tracker: tasks, shutdown, broadcasts, newest: 0 };
    tracker.spawn(actor.keep(inbox).instrument(tracing::info_span!("egress")));
    commands
}

/// How a smaller picture is cut: as the window is, which holds more.
fn rung_timing(timing: Timing) -> Timing {
    Timing { bytes: timing.bytes / RUNG_PART, ..timing }
}

impl Actor {
    /// The broadcasts outlive a failure; what was packaged of them does not.
    async fn keep(mut self, mut inbox: mpsc::Receiver<Command>) {
        let mut pauses = self.supervisor.pauses(Part::Egress);
        while pauses.attempt(self.run(&mut inbox)).await.is_none() {
            self.broadcasts.values_mut().for_each(|broadcast| broadcast.run = None);
        }
    }

    async fn run(&mut self, inbox: &mut mpsc::Receiver<Command>) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let shutdown = self.shutdown.clone();
        loop {
            let running = self.broadcasts.values().any(|broadcast| broadcast.run.is_some());
            tokio::select! {
                () = shutdown.cancelled() => return,
                command = inbox.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return,
                },
                _ = look.tick(), if running => self.look(),
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Add { broadcast, feed } => {
                let viewers = watch::Sender::new(0);
                self.broadcasts.insert(broadcast, Broadcast { feed, viewers, run: None });
            }
            Command::Remove { broadcast } => {
                self.broadcasts.remove(&broadcast);
            }
            Command::Visit { broadcast, visit, reply } => {
                // Who asked may have gone; nothing is lost then.
                let _ = reply.send(self.visit(broadcast, visit));
            }
            Command::Look { broadcast, reply } => {
                let broadcast = self.broadcasts.get(&broadcast).ok_or(Error::NotOnAir);
                let _ =
                    reply.send(broadcast.map(|broadcast| broadcast.run.as_ref().map(Run::look).unwrap_or_default()));
            }
            Command::Admit { watching, reply } => {
                let _ = reply.send(Ok(self.uplink.admits(watching, Instant::now())));
            }
            Command::Viewers { broadcast, reply } => {
                let viewers = self.broadcasts.get(&broadcast).map(|broadcast| broadcast.viewers.subscribe());
                let _ = reply.send(viewers.ok_or(Error::NotOnAir));
            }
        }
    }

    fn visit(&mut self, id: BroadcastId, visit: Visit) -> Result<Station, Error> {
        let now = Instant::now();
        let broadcast = self.broadcasts.get_mut(&id).ok_or(Error::NotOnAir)?;
        let unix_nanos = self.timeline.unix_nanos(self.timeline.media(now.into_std()));
        if matches!(visit, Visit::Index | Visit::Manifest { reload: None }) {
            // A run whose feed has ended or could not be opened is tried again, once a second at most.
            let usable = broadcast.run.as_ref().is_some_and(|run| !run.is_over() || now < run.started + LOOK);
            if !usable {
                let unix = unix_nanos / 1_000_000_000;
                self.newest = u64::try_from(unix).unwrap_or(0).max(self.newest + 1);
                let (snapshots, receiver) = watch::channel(Arc::default());
                let stop = self.shutdown.child_token();
                let config = self.config.borrow().clone();
                let package = Package {
                    feed: broadcast.feed.clone(),
                    timing: config.timing(),
                    epoch_unix_nanos: self.timeline.unix_nanos(MediaTime::ZERO),
                    snapshots,
                    stop: stop.clone(),
                    counters: self.counters.clone(),
                };
                let span = tracing::info_span!("package", broadcast = %id, run = self.newest);
                let supervisor = self.supervisor.clone();
                // A run that failed is over: the next request for the multivariant playlist starts another.
                let package = async move { supervisor.once(Part::Packager, package.run()).await };
                self.tracker.spawn(package.instrument(span));
                broadcast.run = Some(Run {
                    config,
                    number: self.newest,
                    started: now,
                    asked: now,
                    counted: now,
                    viewers: Viewers::default(),
                    snapshots: receiver,
                    present: Arc::default(),
                    rungs: HashMap::new(),
                    stop,
                });
            }
        }
        let run = broadcast.run.as_mut().ok_or(Error::NotFound)?;
        match visit {
            Visit::Index => {}
            Visit::Reload { run: number, .. } | Visit::Media { run: number, .. } if number != run.number => {
                return Err(Error::NotFound);
            }
            Visit::Manifest { reload: Some(number) } if number != run.number || run.is_over() => {
                return Err(Error::NotFound);
            }
            Visit::Manifest { .. } => run.viewers.manifest(),
            Visit::Reload { of, blocking, .. } => {
                if of.kind() == Kind::Video || run.snapshots.borrow().video.is_none() {
                    if blocking { run.viewers.blocking() } else { run.viewers.plain() }
                }
            }
            Visit::Media { .. } => {}
        }
        run.asked = now;
        let rung = match visit {
            Visit::Reload { of: Of::Rung(rung), .. } | Visit::Media { of: Of::Rung(rung), .. } => rung,
            _ => {
                // Who reads the multivariant playlist is told what there can be, and who reads the manifest what is made; nobody else needs it.
                let (mut rungs, mut made) = (Vec::new(), Vec::new());
                match visit {
                    Visit::Index => rungs = broadcast.feed.rungs(),
                    Visit::Manifest { .. } => {
                        let running = run.rungs.iter().filter(|(_, known)| !is_over(known));
                        made.extend(running.map(|(rung, known)| (*rung, known.snapshots.borrow().clone())));
                        made.sort_by_key(|(rung, _)| std::cmp::Reverse(rung.size()));
                    }
                    Visit::Reload { .. } | Visit::Media { .. } => {}
                }
                return Ok(Station {
                    run: run.number,
                    timing: run.config.timing(),
                    rungs,
                    made,
                    now_unix_nanos: unix_nanos,
                    snapshots: run.snapshots.clone(),
                    gone: Error::NotOnAir,
                    _present: run.present.clone(),
                });
            }
        };
        match (run.rungs.get(&rung), visit) {
            (Some(known), _) if !is_over(known) => {}
            // One that ended is tried again, once a second at most.
            (Some(known), _) if now < known.started + LOOK => return Err(Error::NoRoom),
            // Pieces are asked for by who has read the playlist: they begin nothing.
            (_, Visit::Reload { .. }) if broadcast.feed.rungs().contains(&rung) => {
                let (sender, snapshots) = watch::channel(Arc::default());
                let stop = run.stop.child_token();
                let follow = Follow {
                    feed: broadcast.feed.clone(),
                    rung,
                    timing: rung_timing(run.config.timing()),
                    epoch_unix_nanos: self.timeline.unix_nanos(MediaTime::ZERO),
                    lead: run.snapshots.clone(),
                    snapshots: sender,
                    stop: stop.clone(),
                    counters: self.counters.clone(),
                };
                let span = tracing::info_span!("package", broadcast = %id, run = run.number, %rung);
                let supervisor = self.supervisor.clone();
                let follow = async move { supervisor.once(Part::Packager, follow.run()).await };
                self.tracker.spawn(follow.instrument(span));
                let (present, _stop) = (Arc::default(), stop.drop_guard());
                run.rungs.insert(rung, RungRun { started: now, asked: now, snapshots, present, _stop });
            }
            _ => return Err(Error::NotFound),
        }
        let known = run.rungs.get_mut(&rung).ok_or(Error::NotFound)?;
        known.asked = now;
        Ok(Station {
            run: run.number,
            timing: run.config.timing(),
            rungs: Vec::new(),
            made: Vec::new(),
            now_unix_nanos: unix_nanos,
            snapshots: known.snapshots.clone(),
            gone: Error::NoRoom,
            _present: known.present.clone(),
        })
    }

    /// Ends runs that nobody asks for any more and counts viewers.
    fn look(&mut self) {
        let now = Instant::now();
        for broadcast in self.broadcasts.values_mut() {
            let Some(run) = &mut broadcast.run else { continue };
            if Arc::strong_count(&run.present) > 1 {
                run.asked = now;
            }
            let linger = run.config.linger.min(RUNG_LINGER);
            run.rungs.retain(|_, rung| {
                if Arc::strong_count(&rung.present) > 1 {
                    rung.asked = now;
                }
                now < rung.asked + linger
            });
            let target = run.config.timing().target_duration();
            if now >= run.asked + run.config.linger {
                broadcast.run = None;
                broadcast.viewers.send_if_modified(|viewers| std::mem::take(viewers) != 0);
            } else if now >= run.counted + target {
                let counted = (now - run.counted).as_secs_f64();
                run.counted = now;
                let (part, update) = (run.config.part.as_secs_f64(), dash::UPDATE.as_secs_f64());
                let estimate = run.viewers.estimate(counted / part, counted / update);
                broadcast.viewers.send_if_modified(|viewers| std::mem::replace(viewers, estimate) != estimate);
            }
        }
    }
}

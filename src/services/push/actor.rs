//! The loop: who is sent where, what is remembered of it, and a run for each push that is wanted.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::counters::Tally;
use super::run::{Outcome, Report, Run};
use super::state::{Code, Effect, Machine};
use super::{Address, Change, Command, Counters, Error, PUSHES, Parts, Preset, Push, Pushes, Totals, Wanted};
use crate::drivers::identity::seal::Sealed;
use crate::drivers::identity::{random, random_id};
use crate::drivers::store;
use crate::model::id::{BroadcastId, PublicationId, PushId};
use crate::model::secret::Secret;
use crate::model::time::MediaTime;
use crate::proto::auth::Name;
use crate::services::supervisor::Part;

/// The setting that holds all pushes, as JSON.
const SETTING: &str = "push.targets";
/// Reports of runs that wait. When full, the run that reports waits, and its ring drops.
const REPORTS: usize = 32;

/// A push as it is remembered.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stored {
    id: PushId,
    broadcast: BroadcastId,
    name: Name,
    preset: Preset,
    address: Address,
    key: Option<Sealed>,
    passphrase: Option<Sealed>,
    enabled: bool,
}

/// What a run of a push reads, and what ends it.
struct Running {
    number: u64,
    publication: PublicationId,
    cuts: watch::Sender<MediaTime>,
    _stop: DropGuard,
}

struct Target {
    stored: Stored,
    machine: Machine,
    counters: Arc<Counters>,
    run: Option<Running>,
}

pub(super) struct Actor {
    parts: Parts,
    show: watch::Sender<Pushes>,
    totals: Arc<Totals>,
    tasks: TaskTracker,
    targets: Vec<Target>,
    /// How many runs there were.
    runs: u64,
    told: mpsc::Sender<Report>,
    reports: Option<mpsc::Receiver<Report>>,
}

/// What a key is sealed about.
fn about(id: PushId, what: &str) -> String {
    format!("push {id} {what}")
}

impl Actor {
    pub(super) async fn new(
        parts: Parts,
        show: watch::Sender<Pushes>,
        totals: Arc<Totals>,
        tasks: TaskTracker,
    ) -> Result<Self, store::Error> {
        // What can't be read was written by another version: nothing is sent anywhere.
        let stored: Option<Vec<Stored>> =
            parts.store.setting(SETTING).await?.and_then(|text| serde_json::from_str(&text).ok());
        let (told, reports) = mpsc::channel(REPORTS);
        let target = |stored| Target { stored, machine: Machine::default(), counters: Arc::default(), run: None };
        let targets = stored.unwrap_or_default().into_iter().map(target).collect();
        Ok(Self { parts, show, totals, tasks, targets, runs: 0, told, reports: Some(reports) })
    }

    /// After a failure every push begins anew.
    pub(super) async fn keep(mut self, mut inbox: mpsc::Receiver<Command>, cancel: CancellationToken) {
        let Some(mut reports) = self.reports.take() else { return };
        let mut pauses = self.parts.supervisor.pauses(Part::Push);
        while pauses.attempt(self.run(&mut inbox, &mut reports, &cancel)).await.is_none() {
            for target in &mut self.targets {
                (target.run, target.machine) = (None, Machine::default());
            }
        }
    }

    async fn run(
        &mut self,
        inbox: &mut mpsc::Receiver<Command>,
        reports: &mut mpsc::Receiver<Report>,
        cancel: &CancellationToken,
    ) {
        let mut list = self.parts.broadcasts.list();
        loop {
            list.mark_unchanged();
            self.follow();
            self.show();
            let due = self.targets.iter().filter_map(|target| target.machine.due()).min();
            let due = due.map(|due| Instant::from_std(self.parts.timeline.instant(due)));
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(command) => self.command(command).await,
                    None => return,
                },
                Some(report) = reports.recv() => self.report(report),
                changed = list.changed() => if changed.is_err() {
                    return;
                },
                () = crate::services::at(due) => {}
                () = cancel.cancelled() => return,
            }
        }
    }

    fn now(&self) -> MediaTime {
        self.parts.timeline.media(std::time::Instant::now())
    }

    /// Has every push do what its broadcast asks for now.
    fn follow(&mut self) {
        let (list, now) = (self.parts.broadcasts.list().borrow().clone(), self.now());
        for at in 0..self.targets.len() {
            let target = &mut self.targets[at];
            let live = list.iter().find(|broadcast| broadcast.id == target.stored.broadcast).and_then(|b| b.live);
            let before = target.machine.restarts();
            let mut effect = target.machine.want(target.stored.enabled, live.is_some());
            if let (Some(run), Some(live)) = (&target.run, live) {
                run.cuts.send_if_modified(|cut| std::mem::replace(cut, live.cut) != live.cut);
                if run.publication != live.publication {
                    effect = target.machine.renew();
                }
            }
            if effect == Effect::None {
                effect = target.machine.pass(now);
            }
            // What is wanted anew counts from zero again.
            let again = target.machine.restarts().saturating_sub(before);
            self.totals.of(target.stored.address.kind()).restarts.add(again);
            match (effect, live) {
                (Effect::None, _) => {}
                (Effect::Start, Some(live)) => self.start(at, live.publication, live.cut),
                (Effect::Stop, _) | (Effect::Start, None) => target.run = None,
            }
        }
    }

    fn start(&mut self, at: usize, publication: PublicationId, cut: MediaTime) {
        self.runs += 1;
        let number = self.runs;
        let target = &mut self.targets[at];
        let Stored { id, key, passphrase, address, .. } = &target.stored;
        let open = |sealed: &Option<Sealed>, what| {
            sealed.as_ref().map(|sealed| self.parts.seal.open(sealed, &about(*id, what))).transpose()
        };
        let (Ok(key), Ok(passphrase)) = (open(key, "key"), open(passphrase, "passphrase")) else {
            target.run = None;
            target.machine.ended(Code::NoKey, self.parts.timeline.media(std::time::Instant::now()), random::<1>()[0]);
            return;
        };
        let stop = CancellationToken::new();
        let (cuts, seen) = watch::channel(cut);
        let run = Run {
            id: *id,
            number,
            to: address.target(key, passphrase),
            addresses: self.parts.addresses.clone(),
            origin: self.parts.origin.clone(),
            publication,
            cuts: seen,
            pipelines: self.parts.pipelines.clone(),
            counters: Tally { own: target.counters.clone(), all: self.totals.clone(), kind: address.kind() },
            told: self.told.clone(),
            stop: stop.clone(),
        };
        let (supervisor, told, id) = (self.parts.supervisor.clone(), self.told.clone(), *id);
        let span = tracing::info_span!("run", push = %id.tag());
        self.tasks.spawn(
            async move {
                if supervisor.once(Part::Push, run.go()).await.is_err() {
                    // When the actor is gone there is nobody to tell.
                    let _ = told.send(Report { id, number, outcome: Outcome::Ended(Code::Other) }).await;
                }
            }
            .instrument(span),
        );
        // One that was there ends here: what it still has is thrown away.
        target.run = Some(Running { number, publication, cuts, _stop: stop.drop_guard() });
    }

    fn report(&mut self, Report { id, number, outcome }: Report) {
        let now = self.now();
        let Some(target) = self.targets.iter_mut().find(|target| target.stored.id == id) else { return };
        if target.run.as_ref().is_none_or(|run| run.number != number) {
            return;
        }
        match outcome {
            Outcome::Flows => {
                tracing::info!(push = %id.tag(), "the service takes the stream");
                target.machine.flows(now);
            }
            Outcome::Ended(code) => {
                tracing::warn!(push = %id.tag(), ?code, "the stream does not reach the service");
                target.run = None;
                target.machine.ended(code, now, random::<1>()[0]);
            }
        }
    }

    fn show(&self) {
        let shown = |Target { stored, machine, counters, .. }: &Target| Push {
            id: stored.id,
            broadcast: stored.broadcast,
            name: stored.name.clone(),
            preset: stored.preset,
            address: stored.address.clone(),
            key: stored.key.is_some(),
            passphrase: stored.passphrase.is_some(),
            enabled: stored.enabled,
            state: machine.state(),
            last: machine.last(),
            restarts: machine.restarts(),
            counters: counters.clone(),
        };
        self.show.send_replace(Arc::new(self.targets.iter().map(shown).collect()));
    }

    async fn command(&mut self, command: Command) {
        // Whoever asked may have gone away meanwhile. They are answered when what they asked for is there to see.
        match command {
            Command::Add(broadcast, wanted, done) => {
                let result = self.add(broadcast, wanted).await;
                self.shown(result, done);
            }
            Command::Change(broadcast, id, change, done) => {
                let result = self.change(broadcast, id, change).await;
                self.shown(result, done);
            }
            Command::Remove(broadcast, id, done) => {
                let result = self.remove(|stored| stored.broadcast == broadcast && stored.id == id).await;
                let result = result.and_then(|removed| if removed == 0 { Err(Error::Unknown) } else { Ok(()) });
                self.shown(result, done);
            }
            Command::Forget(broadcast, done) => {
                let result = self.remove(|stored| stored.broadcast == broadcast).await.map(drop);
                self.shown(result, done);
            }
        }
    }

    fn shown<T>(&mut self, result: Result<T, Error>, done: super::Done<T>) {
        self.follow();
        self.show();
        let _ = done.send(result);
    }

    async fn remember(&self, stored: Vec<Stored>) -> Result<(), Error> {
        let text = serde_json::to_string(&stored).unwrap_or_default();
        Ok(self.parts.store.set_setting(SETTING, text).await?)
    }

    fn stored(&self) -> Vec<Stored> {
        self.targets.iter().map(|target| target.stored.clone()).collect()
    }

    fn seal(&self, id: PushId, what: &str, secret: Option<&Secret>) -> Option<Sealed> {
        secret.map(|secret| self.parts.seal.seal(secret, &about(id, what)))
    }

    async fn add(&mut self, broadcast: BroadcastId, wanted: Wanted) -> Result<PushId, Error> {
        if self.targets.iter().filter(|target| target.stored.broadcast == broadcast).count() >= PUSHES {
            return Err(Error::TooMany);
        }
        let Wanted { name, preset, address, key, passphrase, enabled } = wanted;
        address.goes_with(key.as_ref(), passphrase.as_ref()).map_err(Error::Key)?;
        let id = random_id(PushId::from_bytes);
        let (key, passphrase) = (self.seal(id, "key", key.as_ref()), self.seal(id, "passphrase", passphrase.as_ref()));
        let stored = Stored { id, broadcast, name, preset, address, key, passphrase, enabled };
        let mut all = self.stored();
        all.push(stored.clone());
        self.remember(all).await?;
        self.targets.push(Target { stored, machine: Machine::default(), counters: Arc::default(), run: None });
        Ok(id)
    }

    async fn change(&mut self, broadcast: BroadcastId, id: PushId, change: Change) -> Result<(), Error> {
        let mut all = self.stored();
        let at = all.iter().position(|stored| stored.id == id && stored.broadcast == broadcast);
        let at = at.ok_or(Error::Unknown)?;
        let Change { name, address, key, passphrase, enabled } = change;
        let elsewhere = address.as_ref().is_some_and(|address| *address != all[at].address)
            || key.is_some()
            || passphrase.is_some();
        let stored = &mut all[at];
        if elsewhere {
            // What is not given is opened only to see whether it goes with the rest.
            let given = |given: Option<Option<Secret>>, sealed: &Option<Sealed>, what| match given {
                Some(given) => given,
                None => sealed.as_ref().and_then(|sealed| self.parts.seal.open(sealed, &about(id, what)).ok()),
            };
            let (key, passphrase) =
                (given(key, &stored.key, "key"), given(passphrase, &stored.passphrase, "passphrase"));
            let address = address.unwrap_or_else(|| stored.address.clone());
            address.goes_with(key.as_ref(), passphrase.as_ref()).map_err(Error::Key)?;
            stored.address = address;
            (stored.key, stored.passphrase) =
                (self.seal(id, "key", key.as_ref()), self.seal(id, "passphrase", passphrase.as_ref()));
        }
        stored.name = name.unwrap_or_else(|| stored.name.clone());
        stored.enabled = enabled.unwrap_or(stored.enabled);
        let stored = stored.clone();
        self.remember(all).await?;
        let target = &mut self.targets[at];
        target.stored = stored;
        if elsewhere && target.machine.renew() == Effect::Start {
            // It is started by whatever it is now: `follow` sees that nothing runs.
            (target.run, target.machine) = (None, Machine::default());
        }
        Ok(())
    }

    async fn remove(&mut self, gone: impl Fn(&Stored) -> bool) -> Result<usize, Error> {
        let (before, mut left) = (self.targets.len(), self.stored());
        left.retain(|stored| !gone(stored));
        let removed = before - left.len();
        if removed > 0 {
            self.remember(left).await?;
            self.targets.retain(|target| !gone(&target.stored));
        }
        Ok(removed)
    }
}

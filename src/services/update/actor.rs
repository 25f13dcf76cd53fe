//! The loop: one update after the other, and what is asked meanwhile.

use std::path::Path;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::file::{Incoming, Whole, sweep};
use super::state::going;
use super::{Ask, Asked, Confirmed, Error, Failure, Now, Parts, Piece, Source, Stage, Why};
use crate::drivers::fetch::{self, Download};
use crate::drivers::rauc::{self, Rauc, Told};
use crate::services::attend;

/// The file that a bundle comes into.
const BUNDLE: &str = "bundle.raucb";
/// After so many bytes it is told how many have come.
const TELL: u64 = 256 << 10;
/// The file by which the service manager is told that the machine is to restart (systemd/porchlight-reboot.path).
const RESTART: &str = "restart";

/// What it owns.
pub(super) struct Actor {
    pub(super) told: watch::Sender<Now>,
    pub(super) parts: Parts,
    /// Bytes of the largest bundle.
    pub(super) largest: u64,
}

/// Runs until `stop`. What RAUC has begun it ends by itself.
pub(super) async fn run(mut actor: Actor, mut asks: mpsc::Receiver<Asked>, stop: CancellationToken) {
    let work = async {
        actor.begin(&mut asks).await;
        while let Some((ask, answer)) = asks.recv().await {
            match ask {
                Ask::Begin(source) => actor.update(source, answer, &mut asks).await,
                Ask::Restart(confirmed) => reply(answer, actor.restart(confirmed).await),
                Ask::Look => reply(answer, actor.look_idle().await),
            }
        }
    };
    let _ = stop.run_until_cancelled(work).await;
}

/// Whoever asked may have gone away.
fn reply(answer: oneshot::Sender<Result<(), Error>>, done: Result<(), Error>) {
    let _ = answer.send(done);
}

/// The answer to whoever asks while an update comes in or is installed.
fn meanwhile((ask, answer): Asked) {
    match ask {
        // What was known before is all that RAUC says meanwhile.
        Ask::Look => reply(answer, Ok(())),
        Ask::Begin(_) | Ask::Restart(_) => reply(answer, Err(Error::Busy)),
    }
}

impl Actor {
    /// What an earlier daemon began is followed to its end; what it left behind is removed.
    async fn begin(&mut self, asks: &mut mpsc::Receiver<Asked>) {
        let Ok(rauc) = Rauc::find().await else { return self.sweep().await };
        if rauc.installs().await == Ok(true) {
            tracing::info!("an update is being installed");
            self.tell(|now| now.stage = Stage::Installing);
            let done = attend(rauc.finish(&mut progress(&self.told)), asks, meanwhile).await;
            self.end(done.map_err(Failure::from).map(|()| None)).await;
        }
        self.sweep().await;
        // What is wrong is said to whoever asks.
        let _ = self.look().await;
    }

    async fn sweep(&self) {
        let state = self.parts.state.clone();
        let _ = tokio::task::spawn_blocking(move || sweep(&state)).await;
    }

    fn tell(&self, change: impl FnOnce(&mut Now)) {
        self.told.send_modify(change);
    }

    async fn look(&self) -> Result<(), rauc::Error> {
        let found = super::status().await;
        if found == Err(rauc::Error::NotAnImage) {
            self.tell(|now| now.image = None);
        }
        let found = found?;
        self.told.send_if_modified(|now| {
            let changed = now.image.as_ref() != Some(&found);
            now.image = Some(found);
            changed
        });
        Ok(())
    }

    /// The same, if nobody else installs something at the moment.
    async fn look_idle(&self) -> Result<(), Error> {
        self.look().await?;
        if Rauc::find().await?.installs().await? { Err(Error::Busy) } else { Ok(()) }
    }

    /// Takes a bundle and installs it; whoever wants another one meanwhile is refused.
    async fn update(
        &mut self,
        source: Source,
        answer: oneshot::Sender<Result<(), Error>>,
        asks: &mut mpsc::Receiver<Asked>,
    ) {
        let checked = match &source {
            Source::Address(address) if !fetch::is_address(address) => Err(Error::Address),
            _ => self.look_idle().await,
        };
        if let Err(error) = checked {
            return reply(answer, Err(error));
        }
        let total = match &source {
            Source::Upload(_, total) => *total,
            Source::Address(_) => None,
        };
        let incoming = match Incoming::open(&self.parts.state, BUNDLE, total, self.largest).await {
            Ok(incoming) => incoming,
            Err(failure) => return reply(answer, Err(Error::Failed(failure))),
        };
        self.tell(|now| {
            let image = now.image.take();
            *now = Now { stage: Stage::Fetching, total, image, ..Now::default() };
        });
        reply(answer, Ok(()));
        let done = attend(self.carry_out(source, incoming), asks, meanwhile).await;
        self.end(done).await;
    }

    async fn carry_out(&self, source: Source, incoming: Incoming) -> Result<Option<String>, Failure> {
        let whole = self.fetch(source, incoming).await?;
        let mut checking = |version: Option<String>| {
            self.tell(|now| {
                now.stage = Stage::Checking;
                now.version = version;
            });
        };
        checking(None);
        install(&whole.0, &mut checking, &mut progress(&self.told)).await
    }

    async fn fetch(&self, source: Source, mut incoming: Incoming) -> Result<Whole, Failure> {
        match source {
            Source::Address(address) => {
                let mut download = Download::begin(&address).await?;
                let total = download.total;
                self.tell(|now| now.total = total);
                incoming.expect(total.unwrap_or(0)).await?;
                while let Some(bytes) = download.next().await? {
                    self.take(&mut incoming, &bytes).await?;
                }
            }
            Source::Upload(mut pieces, total) => {
                let mut came = 0;
                loop {
                    match pieces.recv().await {
                        Some(Piece::Bytes(bytes)) => {
                            came += bytes.len() as u64;
                            if let Err(failure) = self.take(&mut incoming, &bytes).await {
                                // Whoever uploads is told when their channel closes.
                                self.tell(|now| now.failure = Some(failure.clone()));
                                return Err(failure);
                            }
                        }
                        Some(Piece::End) if total.is_none_or(|total| total == came) => break,
                        Some(Piece::End) | None => return Err(Why::Network.into()),
                    }
                }
            }
        }
        let written = incoming.written();
        self.tell(|now| now.bytes = written);
        incoming.end().await
    }

    async fn take(&self, incoming: &mut Incoming, bytes: &Bytes) -> Result<(), Failure> {
        let written = incoming.take(bytes).await?;
        // Not for every packet.
        if written - self.told.borrow().bytes > TELL {
            self.tell(|now| now.bytes = written);
        }
        Ok(())
    }

    /// Says how it ended.
    async fn end(&mut self, done: Result<Option<String>, Failure>) {
        match &done {
            Ok(version) => tracing::info!(?version, "an update is installed; the box starts with it the next time"),
            Err(failure) => {
                tracing::warn!(why = ?failure.code, detail = failure.detail, "the update was not installed: {}", failure.text);
            }
        }
        // Before it is said that it is over.
        let _ = self.look().await;
        self.tell(|now| match done {
            Ok(version) => {
                now.stage = Stage::Installed;
                now.percent = 100;
                now.version = version.or(now.version.take());
            }
            Err(failure) => {
                now.stage = Stage::Failed;
                now.failure = Some(failure);
            }
        });
    }

    async fn restart(&self, confirmed: Confirmed) -> Result<(), Error> {
        if !super::status().await?.waits() {
            return Err(Error::Nothing);
        }
        let ends = {
            let rooms = self.parts.rooms.rooms();
            let rooms = rooms.borrow();
            !going(rooms.iter().map(std::convert::AsRef::as_ref)).is_empty()
        };
        if ends && confirmed == Confirmed::No {
            return Err(Error::InUse);
        }
        restart_machine(self.parts.runtime.as_deref()).await?;
        tracing::info!("the machine restarts into the update");
        Ok(())
    }
}

/// Tells the service manager, by a file in the folder that it gave the daemon (`RUNTIME_DIRECTORY`), that the machine is to restart.
///
/// # Errors
/// [`Error::NoRestart`], also where there is no such folder.
pub async fn restart_machine(runtime: Option<&Path>) -> Result<(), Error> {
    let file = runtime.ok_or(Error::NoRestart)?.join(RESTART);
    tokio::fs::write(&file, "").await.map_err(|error| {
        tracing::error!(%error, file = %file.display(), "the service manager can't be told to restart the machine");
        Error::NoRestart
    })
}

fn progress(told: &watch::Sender<Now>) -> impl FnMut(u8, &str) + '_ {
    |percent, message| {
        told.send_modify(|now| {
            now.stage = Stage::Installing;
            now.percent = percent;
            message.clone_into(&mut now.message);
        });
    }
}

/// Looks into a bundle and has RAUC install it; `found` gets its version, `told` percent and RAUC's words. Gives the version.
///
/// # Errors
/// [`Failure`]; what runs is as it was.
pub async fn install(
    bundle: &Path,
    found: &mut (dyn FnMut(Option<String>) + Send),
    told: &mut Told<'_>,
) -> Result<Option<String>, Failure> {
    let rauc = Rauc::find().await?;
    // What is wrong with it, if anything, is said better when it is to be installed.
    let version = match rauc.bundle(bundle).await {
        Ok(bundle) => Some(bundle.version).filter(|version| !version.is_empty()),
        Err(rauc::Error::Refused(_)) => None,
        Err(error) => return Err(error.into()),
    };
    found(version.clone());
    rauc.install(bundle, told).await?;
    Ok(version)
}

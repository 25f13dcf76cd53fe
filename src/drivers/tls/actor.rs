//! The loop that keeps the certificate fresh.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::authority::{Authority, Signer};
use super::names::{Reason, due};
use super::pair::{Pair, Which};
use super::{Config, Error, Source, folder};
use crate::drivers::store::private;

/// How often time and configured files are looked at.
const LOOK: Duration = Duration::from_secs(10);
/// The present certificate of the authority and its key.
const LEAF: &str = "leaf.pem";

/// The two configured files.
#[derive(Debug, Clone)]
pub(super) struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// The configured files, if any are.
pub(super) fn configured(config: &Config) -> Result<Option<Files>, Error> {
    match (config.certificate.clone(), config.key.clone()) {
        (Some(certificate), Some(key)) => Ok(Some(Files { certificate, key })),
        (None, None) => Ok(None),
        _ => Err(Error::Half),
    }
}

impl Files {
    /// Reads both as they are now. Blocks.
    pub(super) fn read(&self) -> Result<Pair, Error> {
        let bytes = |which| {
            let read = private::read(self.path(which)).map_err(|error| error.to_string());
            let read = read.and_then(|found| found.ok_or("there is no such file".to_owned()));
            read.map_err(|reason| self.wrong(which, reason))
        };
        let (certificate, key) = (bytes(Which::Certificate)?, bytes(Which::Key)?);
        Pair::of(&certificate, &key).map_err(|(which, reason)| self.wrong(which, reason))
    }

    fn path(&self, which: Which) -> &PathBuf {
        match which {
            Which::Certificate => &self.certificate,
            Which::Key => &self.key,
        }
    }

    fn wrong(&self, which: Which, reason: String) -> Error {
        let key = match which {
            Which::Certificate => "https.certificate",
            Which::Key => "https.key",
        };
        Error::Configured { key, path: self.path(which).clone(), reason }
    }
}

enum From {
    Authority { signer: Arc<Signer>, source: Box<Source> },
    Files { files: Files, said: Option<String> },
}

/// Owns the present certificate.
pub(super) struct Keeper {
    from: From,
    told: watch::Sender<Arc<Pair>>,
}

type Told = watch::Receiver<Arc<Pair>>;

impl Keeper {
    pub(super) async fn of_files(files: Files) -> Result<(Self, Told), Error> {
        let reader = files.clone();
        let present = off_runtime(move || reader.read()).await?;
        if present.says.until < now() {
            tracing::warn!(file = %files.certificate.display(), "the configured certificate is no longer valid: browsers will refuse it");
        }
        Ok(Self::new(From::Files { files, said: None }, present))
    }

    pub(super) async fn of_authority(mut source: Source) -> Result<(Self, Told), Error> {
        let wanted = source.names.borrow_and_update().clone();
        let (folder, called, now) = (folder(&source.state), source.called.clone(), (source.clock)());
        let (signer, present) = off_runtime(move || {
            let signer = Signer::load(&folder, &called)?;
            let leaf = folder.join(LEAF);
            let known = private::read(&leaf).ok().flatten().and_then(|text| Pair::read(&text).ok());
            let known = known.filter(|pair| signer.signed(pair) && due(Some(&pair.says), &wanted, now).is_none());
            let present = match known {
                Some(pair) => pair,
                None => {
                    let pair = signer.issue(&wanted, now)?;
                    private::write(&leaf, &pair.text.0).map_err(|source| Error::Write { path: leaf, source })?;
                    pair
                }
            };
            Ok((Arc::new(signer), present))
        })
        .await?;
        Ok(Self::new(From::Authority { signer, source: Box::new(source) }, present))
    }

    fn new(from: From, present: Pair) -> (Self, Told) {
        let (told, receiver) = watch::channel(Arc::new(present));
        (Self { from, told }, receiver)
    }

    pub(super) fn authority(&self) -> Option<&Authority> {
        match &self.from {
            From::Authority { signer, .. } => Some(signer.public()),
            From::Files { .. } => None,
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut look = tokio::time::interval(LOOK);
        loop {
            let changed = async {
                if let From::Authority { source, .. } = &mut self.from
                    && source.names.changed().await.is_ok()
                {
                    return;
                }
                std::future::pending().await
            };
            tokio::select! {
                _ = look.tick() => {}
                () = changed => {}
                () = stop.cancelled() => return,
            }
            self.look().await;
        }
    }

    /// Takes a new certificate where one is due. What fails leaves the present one in use.
    async fn look(&mut self) {
        let present = self.told.borrow().clone();
        match &mut self.from {
            From::Authority { signer, source } => {
                let wanted = source.names.borrow_and_update().clone();
                let now = (source.clock)();
                let Some(reason) = due(Some(&present.says), &wanted, now) else { return };
                let (signer, leaf) = (signer.clone(), folder(&source.state).join(LEAF));
                let made = off_runtime(move || {
                    let pair = signer.issue(&wanted, now)?;
                    // Whoever comes back after a restart meets the same certificate; without a disk there is another.
                    if let Err(error) = private::write(&leaf, &pair.text.0) {
                        tracing::warn!(file = %leaf.display(), %error, "the new certificate can't be kept for the next start");
                    }
                    Ok(pair)
                });
                match made.await {
                    Ok(pair) => {
                        let why = match reason {
                            Reason::First | Reason::Time => "its time was running out",
                            Reason::Names => "the box has a new name or address",
                        };
                        tracing::info!(why, "the certificate was made anew");
                        self.take(pair);
                    }
                    Err(error) => {
                        tracing::error!(%error, "the certificate can't be made anew; the old one stays in use")
                    }
                }
            }
            From::Files { files, said } => {
                let reader = files.clone();
                let read = off_runtime(move || reader.read()).await;
                let problem = match read {
                    Ok(pair) if pair.text == present.text => None,
                    Ok(pair) if pair.says.until < now() && present.says.until > now() => {
                        Some(files.wrong(Which::Certificate, "it is no longer valid".into()).to_string())
                    }
                    Ok(pair) => {
                        tracing::info!(file = %files.certificate.display(), "the configured certificate has changed and is used from now on");
                        *said = None;
                        return self.take(pair);
                    }
                    Err(error) => Some(error.to_string()),
                };
                // Once for each problem: the files are looked at again and again.
                if *said != problem {
                    if let Some(problem) = &problem {
                        tracing::error!(
                            problem,
                            "the configured certificate has changed and can't be used; the old one stays in use"
                        );
                    }
                    *said = problem;
                }
            }
        }
    }

    fn take(&mut self, pair: Pair) {
        self.told.send_replace(Arc::new(pair));
    }
}

/// Files and signatures take time that others on the runtime should have.
async fn off_runtime<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Make(error.to_string()))?
}

/// Seconds since 1970 UTC.
pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

//! RAUC, which puts bundles into the slot of an image that does not run: its service on the system bus, `de.pengutronix.rauc`, as its
//! reference has it (RAUC 1.8, "D-Bus API").
//!
//! Where nobody has that name the box is no image. `DBUS_SYSTEM_BUS_ADDRESS` says where the bus is. Everything ends in time.

mod read;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use zbus::export::ordered_stream::OrderedStreamExt;
use zbus::proxy::CacheProperties;
use zbus::{Connection, OwnedVariant, Proxy, fdo};

pub use read::{Slot, State};

const NAME: &str = "de.pengutronix.rauc";
const INTERFACE: &str = "de.pengutronix.rauc.Installer";
/// How long an answer may take: RAUC may have to be started for it, and asks the boot loader.
const ANSWER: Duration = Duration::from_secs(25);
/// How long looking into a bundle may take: the signature of a plain one is over all of it.
const CHECK: Duration = Duration::from_secs(300);
/// How long nothing may change while one is installed: RAUC says nothing while it writes an image.
const STANDSTILL: Duration = Duration::from_secs(1200);
/// How often it is looked how far it is.
const LOOK: Duration = Duration::from_millis(250);
/// How long the word that it is done may follow after it has ended.
const WORD: Duration = Duration::from_secs(5);
/// Longest sentence of RAUC's that is kept, in characters.
const LONGEST: usize = 300;

/// What can go wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no RAUC on the bus.
    #[error("this box is not an image: it is updated as the package it was installed from")]
    NotAnImage,
    /// It does something else.
    #[error("an update is being installed already")]
    Busy,
    /// It does not answer.
    #[error("RAUC does not answer")]
    Silent,
    /// It ended in the middle of what it did.
    #[error("RAUC ended in the middle of it")]
    Lost,
    /// It can't, and says why.
    #[error("{0}")]
    Refused(String),
}

/// How it stands with the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The kind of board that bundles have to be for.
    pub compatible: String,
    /// The name of the slot that is started next, if the boot loader says so.
    pub primary: Option<String>,
    /// The slots that something can be started from.
    pub slots: Vec<Slot>,
}

impl Status {
    /// The slot that runs.
    pub fn booted(&self) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.state == State::Booted)
    }

    /// The one that does not.
    pub fn other(&self) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.state != State::Booted)
    }

    /// Whether another slot than the one that runs is started next.
    pub fn waits(&self) -> bool {
        self.other().is_some_and(|other| self.primary.as_ref() == Some(&other.name))
    }
}

/// What a bundle says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The kind of board it is for.
    pub compatible: String,
    /// Its version; empty if it has none.
    pub version: String,
}

/// Who is told percent, and RAUC's words for what it does.
pub type Told<'a> = dyn FnMut(u8, &str) + Send + 'a;

/// The service.
#[derive(Debug, Clone)]
pub struct Rauc(Proxy<'static>);

impl Rauc {
    /// Finds it.
    ///
    /// # Errors
    /// [`Error::NotAnImage`], [`Error::Silent`].
    pub async fn find() -> Result<Self, Error> {
        timeout(ANSWER, Self::found()).await.map_err(|_| Error::Silent)?
    }

    async fn found() -> Result<Self, Error> {
        // No system bus is as good as no RAUC.
        let bus = Connection::system().await.map_err(|_| Error::NotAnImage)?;
        let builder = zbus::proxy::Builder::<Proxy<'static>>::new(&bus).destination(NAME).path("/");
        let proxy = builder.interface(INTERFACE).cache_properties(CacheProperties::No).build().await;
        let rauc = Self(proxy.map_err(problem)?);
        // It may have to be started for that, and that of a package that is no image can't be.
        let asked: zbus::Result<String> = rauc.0.get_property("Operation").await;
        match asked.map_err(problem) {
            Ok(_) => Ok(rauc),
            Err(Error::Refused(_)) => Err(Error::NotAnImage),
            Err(error) => Err(error),
        }
    }

    async fn text(&self, property: &str) -> Result<String, Error> {
        within(ANSWER, self.0.get_property(property)).await
    }

    /// Whether it installs something at the moment.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn installs(&self) -> Result<bool, Error> {
        Ok(self.text("Operation").await? != "idle")
    }

    /// How it stands.
    ///
    /// # Errors
    /// [`Error`]; while it installs something [`Error::Busy`].
    pub async fn status(&self) -> Result<Status, Error> {
        let compatible = self.text("Compatible").await?;
        let slots: Vec<(String, HashMap<String, OwnedVariant>)> =
            within(ANSWER, self.0.call("GetSlotStatus", &())).await?;
        // Not every boot loader says so.
        let primary = match within(ANSWER, self.0.call::<_, _, String>("GetPrimary", &())).await {
            Ok(primary) => Some(primary).filter(|name| !name.is_empty()),
            Err(Error::Refused(_)) => None,
            Err(error) => return Err(error),
        };
        let mut slots: Vec<Slot> = slots.into_iter().filter_map(|(name, told)| read::slot(name, &told)).collect();
        slots.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Status { compatible, primary, slots })
    }

    /// Looks into a bundle and checks its signature.
    ///
    /// # Errors
    /// [`Error::Refused`]: RAUC 1.8 does not say why; [`install`](Self::install) does.
    pub async fn bundle(&self, path: &Path) -> Result<Bundle, Error> {
        let (compatible, version): (String, String) =
            within(CHECK, self.0.call("Info", &(&*path.to_string_lossy(),))).await?;
        Ok(Bundle { compatible, version })
    }

    /// Installs a bundle into the slot that does not run, and has it started next. `told` gets percent and RAUC's words for what it does.
    ///
    /// # Errors
    /// [`Error::Refused`] with what is wrong with it, or [`Error`]; the slot that runs is as it was.
    pub async fn install(&self, path: &Path, told: &mut Told<'_>) -> Result<(), Error> {
        self.follow(Some(path.to_string_lossy().into_owned()), told).await
    }

    /// Waits for the end of what somebody else began to install, as [`install`](Self::install) does.
    ///
    /// # Errors
    /// As [`install`](Self::install).
    pub async fn finish(&self, told: &mut Told<'_>) -> Result<(), Error> {
        self.follow(None, told).await
    }

    async fn follow(&self, begin: Option<String>, told: &mut Told<'_>) -> Result<(), Error> {
        // Before it begins: what ends at once is heard.
        let mut completed = within(ANSWER, self.0.receive_signal("Completed")).await?;
        if let Some(bundle) = begin {
            let asked = (bundle, HashMap::<String, OwnedVariant>::new());
            within(ANSWER, self.0.call::<_, _, ()>("InstallBundle", &asked)).await?;
        }
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = (i32::MIN, String::new());
        let (mut since, mut idle): (Instant, Option<Instant>) = (Instant::now(), None);
        loop {
            tokio::select! {
                biased;
                word = completed.next() => {
                    let result: i32 = word.and_then(|word| word.body().deserialize().ok()).ok_or(Error::Lost)?;
                    return if result == 0 { Ok(()) } else { Err(self.why().await) };
                }
                _ = look.tick() => {}
            }
            let progress: (i32, String, i32) = within(ANSWER, self.0.get_property("Progress")).await.map_err(lost)?;
            let now = (progress.0, progress.1);
            if now != last {
                told(now.0.clamp(0, 100) as u8, &short(&now.1));
                (last, since) = (now, Instant::now());
            }
            // One that was started again knows nothing of it.
            match self.installs().await.map_err(lost)? {
                true => idle = None,
                false if idle.get_or_insert_with(Instant::now).elapsed() > WORD => return Err(Error::Lost),
                false => {}
            }
            if since.elapsed() > STANDSTILL {
                return Err(Error::Silent);
            }
        }
    }

    /// Why the last one was not installed.
    async fn why(&self) -> Error {
        match self.text("LastError").await {
            Ok(text) => Error::Refused(short(&text)),
            Err(error) => lost(error),
        }
    }

    /// The slot that runs is good: the boot loader goes on starting it.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn mark_good(&self) -> Result<(), Error> {
        let (_slot, _said): (String, String) = within(ANSWER, self.0.call("Mark", &("good", "booted"))).await?;
        Ok(())
    }
}

async fn within<T>(patience: Duration, asked: impl Future<Output = zbus::Result<T>>) -> Result<T, Error> {
    timeout(patience, asked).await.map_err(|_| Error::Silent)?.map_err(problem)
}

/// Whether it says that it does something else.
fn is_busy(words: &str) -> bool {
    words.to_ascii_lowercase().contains("already processing")
}

/// What of RAUC's words is kept: a line of them.
fn short(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect()
}

/// Who is gone in the middle of it was there before.
fn lost(error: Error) -> Error {
    if error == Error::NotAnImage { Error::Lost } else { error }
}

fn problem(error: zbus::Error) -> Error {
    match error {
        zbus::Error::FDO(error) => from_bus(&error),
        zbus::Error::MethodError(name, text, _) => {
            let text = text.unwrap_or_default();
            // What systemd says when it can't start it.
            if name.as_str().starts_with("org.freedesktop.") {
                return Error::NotAnImage;
            }
            if is_busy(&text) { Error::Busy } else { Error::Refused(short(&text)) }
        }
        zbus::Error::InputOutput(_) | zbus::Error::Connection(..) | zbus::Error::Handshake(_) => Error::NotAnImage,
        error => Error::Refused(short(&error.to_string())),
    }
}

fn from_bus(error: &fdo::Error) -> Error {
    match error {
        fdo::Error::NoReply(_) | fdo::Error::TimedOut(_) | fdo::Error::Timeout(_) | fdo::Error::Disconnected(_) => {
            Error::Lost
        }
        fdo::Error::Failed(text) | fdo::Error::InvalidArgs(text) => Error::Refused(short(text)),
        fdo::Error::AccessDenied(_) => Error::Refused("the bus does not let Porchlight speak to RAUC".into()),
        fdo::Error::ZBus(error) => problem(error.clone()),
        _ => Error::NotAnImage,
    }
}

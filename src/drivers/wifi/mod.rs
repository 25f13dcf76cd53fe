//! NetworkManager, which joins wireless networks and opens one: its service on the system bus, `org.freedesktop.NetworkManager`, as its
//! reference has it (NetworkManager 1.42, "D-Bus API Reference").
//!
//! It has to permit that to the daemon's user, as it does in an image. `DBUS_SYSTEM_BUS_ADDRESS` says where the bus is. Everything ends
//! in time. What it opens goes when the daemon does.

mod read;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout};
use zbus::proxy::CacheProperties;
use zbus::{Connection, OwnedObjectPath, OwnedVariant, Proxy, Type, Variant, fdo};

use crate::model::secret::Secret;

pub use read::{Lock, Seen};
pub use settings::{Hotspot, is_password};

const NAME: &str = "org.freedesktop.NetworkManager";
const PATH: &str = "/org/freedesktop/NetworkManager";
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// How long looking for networks may take; what was found until then is what there is.
const SCAN: Duration = Duration::from_secs(8);
/// How long joining a network may take: the radio, the password, and an address.
const JOIN: Duration = Duration::from_secs(60);
/// How long opening one may take.
const OPEN: Duration = Duration::from_secs(30);
/// How often it is looked how far that is.
const LOOK: Duration = Duration::from_millis(250);
/// What of the daemon's wishes has to be permitted.
const PERMISSIONS: [&str; 3] = [
    "org.freedesktop.NetworkManager.network-control",
    "org.freedesktop.NetworkManager.settings.modify.system",
    "org.freedesktop.NetworkManager.wifi.share.protected",
];

/// What can go wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no NetworkManager on the bus, it permits nothing, or has no radio.
    #[error("there is no wireless network adapter here that Porchlight may use")]
    None,
    /// It does not answer.
    #[error("NetworkManager does not answer")]
    Silent,
    /// The network does not take the password.
    #[error("the network does not take the password")]
    Password,
    /// No such network is in reach.
    #[error("the network is not in reach")]
    Gone,
    /// The network gives the box no address.
    #[error("the network gives the box no address")]
    NoAddress,
    /// It can't, and says why.
    #[error("NetworkManager says: {0}")]
    Refused(String),
}

/// How the box is connected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// At all.
    pub connected: bool,
    /// By a cable.
    pub cable: bool,
    /// To the wireless network of this name.
    pub joined: Option<String>,
    /// A connection is being made.
    pub trying: bool,
    /// There are wireless networks that it knows.
    pub knows: bool,
}

/// An opened network. It goes with [`Wifi::close`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened(OwnedObjectPath);

/// The service, and the adapter.
#[derive(Debug, Clone)]
pub struct Wifi {
    bus: Connection,
    device: OwnedObjectPath,
}

type Settings = HashMap<String, HashMap<String, OwnedVariant>>;

impl Wifi {
    /// Finds an adapter that can open a network.
    ///
    /// # Errors
    /// [`Error::None`], [`Error::Silent`].
    pub async fn find() -> Result<Self, Error> {
        timeout(ANSWER, Self::found()).await.map_err(|_| Error::Silent)?
    }

    async fn found() -> Result<Self, Error> {
        // No system bus is as good as no NetworkManager.
        let bus = Connection::system().await.map_err(|_| Error::None)?;
        let manager = proxy(&bus, PATH, "").await?;
        let may: HashMap<String, String> = asked(manager.call("GetPermissions", &())).await?;
        if !PERMISSIONS.iter().all(|name| may.get(*name).is_some_and(|may| may == "yes")) {
            return Err(Error::None);
        }
        let devices: Vec<OwnedObjectPath> = asked(manager.call("GetDevices", &())).await?;
        for device in devices {
            let kind: u32 = property(&bus, &device, "Device", "DeviceType").await?;
            if kind != read::WIFI || property::<u32>(&bus, &device, "Device", "State").await? < read::DISCONNECTED {
                continue;
            }
            let can: u32 = property(&bus, &device, "Device.Wireless", "WirelessCapabilities").await?;
            if can & read::CAN_OPEN != 0 {
                return Ok(Self { bus, device });
            }
        }
        Err(Error::None)
    }

    /// How the box is connected, `opened` aside.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn status(&self, opened: Option<&Opened>) -> Result<Status, Error> {
        let manager = proxy(&self.bus, PATH, "").await?;
        let devices: Vec<OwnedObjectPath> = asked(manager.call("GetDevices", &())).await?;
        let mut status = Status { knows: !self.known().await?.is_empty(), ..Status::default() };
        for device in devices {
            let kind: u32 = property(&self.bus, &device, "Device", "DeviceType").await?;
            if kind != read::ETHERNET && kind != read::WIFI {
                continue;
            }
            let active: OwnedObjectPath = property(&self.bus, &device, "Device", "ActiveConnection").await?;
            if opened.is_some_and(|opened| opened.0 == active) {
                continue;
            }
            let state: u32 = property(&self.bus, &device, "Device", "State").await?;
            status.connected |= state == read::ACTIVATED;
            match state {
                read::ACTIVATED if kind == read::ETHERNET => status.cable = true,
                read::ACTIVATED => status.joined = self.name_of(&device).await?.or(status.joined),
                read::PREPARE..read::ACTIVATED => status.trying = true,
                _ => {}
            }
        }
        Ok(status)
    }

    /// The name of the network that an adapter is in.
    async fn name_of(&self, device: &OwnedObjectPath) -> Result<Option<String>, Error> {
        let point: OwnedObjectPath = property(&self.bus, device, "Device.Wireless", "ActiveAccessPoint").await?;
        if point.as_str() == "/" {
            return Ok(None);
        }
        let name: Vec<u8> = property(&self.bus, &point, "AccessPoint", "Ssid").await?;
        Ok(Some(read::name(&name)))
    }

    /// The networks that NetworkManager knows, with what it knows of each: but for those that somebody opens.
    async fn known(&self) -> Result<Vec<(String, OwnedObjectPath)>, Error> {
        let settings = proxy(&self.bus, "/org/freedesktop/NetworkManager/Settings", ".Settings").await?;
        let paths: Vec<OwnedObjectPath> = asked(settings.call("ListConnections", &())).await?;
        let mut known = Vec::new();
        for path in paths {
            let one = proxy(&self.bus, path.as_str(), ".Settings.Connection").await?;
            // It may have gone meanwhile, or be somebody else's.
            let Ok(settings) = asked::<Settings>(one.call("GetSettings", &())).await else { continue };
            known.extend(settings::name_of(&settings).map(|name| (name, path)));
        }
        Ok(known)
    }

    /// Looks for networks, the strongest first, each name once.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn scan(&self) -> Result<Vec<Seen>, Error> {
        let radio = proxy(&self.bus, self.device.as_str(), ".Device.Wireless").await?;
        let last = async || property::<i64>(&self.bus, &self.device, "Device.Wireless", "LastScan").await;
        let before = last().await?;
        let end = Instant::now() + SCAN;
        // It refuses so soon after another, and while it is busy: what it has seen holds then.
        let wish = HashMap::<&str, Variant<'_>>::new();
        if asked::<()>(radio.call("RequestScan", &(wish,))).await.is_ok() {
            while last().await? == before && Instant::now() < end {
                sleep(LOOK).await;
            }
        }
        let points: Vec<OwnedObjectPath> = asked(radio.call("GetAllAccessPoints", &())).await?;
        let known = self.known().await?;
        let mut seen = Vec::new();
        for point in points {
            // What has gone meanwhile is left out.
            let Ok(one) = self.point(&point).await else { continue };
            seen.push(one);
        }
        Ok(read::list(seen, |name| known.iter().any(|(known, _)| known == name)))
    }

    async fn point(&self, point: &OwnedObjectPath) -> Result<Seen, Error> {
        let flags = async |name: &'static str| property::<u32>(&self.bus, point, "AccessPoint", name).await;
        let name: Vec<u8> = property(&self.bus, point, "AccessPoint", "Ssid").await?;
        let strength: u8 = property(&self.bus, point, "AccessPoint", "Strength").await?;
        let lock = Lock::of(flags("Flags").await?, flags("WpaFlags").await?, flags("RsnFlags").await?);
        Ok(Seen { name: read::name(&name), strength: strength.min(100), lock, known: false })
    }

    /// Opens a network.
    ///
    /// # Errors
    /// [`Error`]; then there is none.
    pub async fn open(&self, hotspot: &Hotspot) -> Result<Opened, Error> {
        // When the daemon ends, so does this.
        let options =
            HashMap::from([("persist", Variant::from("volatile")), ("bind-activation", "dbus-client".into())]);
        let (_, active) = self.activate(hotspot.settings(), options).await?;
        match self.activated(&active, OPEN).await {
            Ok(()) => Ok(Opened(active)),
            Err(error) => {
                self.end(&active).await;
                Err(error)
            }
        }
    }

    /// Whether a network that was opened is still there.
    pub async fn is_open(&self, opened: &Opened) -> bool {
        matches!(property::<u32>(&self.bus, &opened.0, "Connection.Active", "State").await, Ok(read::ACTIVE))
    }

    /// Closes it.
    pub async fn close(&self, opened: &Opened) {
        self.end(&opened.0).await;
    }

    async fn end(&self, active: &OwnedObjectPath) {
        if let Ok(manager) = proxy(&self.bus, PATH, "").await {
            // It may have ended by itself.
            let _ = asked::<()>(manager.call("DeactivateConnection", &(active,))).await;
        }
    }

    /// Joins a network, with this password or with what is known of it, and knows it from then on. Without success everything is as it was.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn join(&self, network: &Seen, password: Option<&Secret>) -> Result<(), Error> {
        let known: Vec<_> = self.known().await?.into_iter().filter(|(name, _)| *name == network.name).collect();
        if let (None, Some((_, settings))) = (password, known.first()) {
            let manager = proxy(&self.bus, PATH, "").await?;
            let root = OwnedObjectPath::try_from("/").expect("the root is a path");
            let active: OwnedObjectPath =
                asked(manager.call("ActivateConnection", &(settings, &self.device, root))).await?;
            return self.activated(&active, JOIN).await;
        }
        // Only what works is written down.
        let options = HashMap::from([("persist", Variant::from("memory"))]);
        let (path, active) = self.activate(settings::join(network, password), options).await?;
        let made = proxy(&self.bus, path.as_str(), ".Settings.Connection").await?;
        if let Err(error) = self.activated(&active, JOIN).await {
            self.end(&active).await;
            let _ = asked::<()>(made.call("Delete", &())).await;
            return Err(error);
        }
        asked::<()>(made.call("Save", &())).await?;
        for (_, before) in known {
            let before = proxy(&self.bus, before.as_str(), ".Settings.Connection").await?;
            let _ = asked::<()>(before.call("Delete", &())).await;
        }
        Ok(())
    }

    /// Knows the network of this name no more, and leaves it.
    ///
    /// # Errors
    /// [`Error::Gone`] if it was not known, or [`Error`].
    pub async fn forget(&self, name: &str) -> Result<(), Error> {
        let known: Vec<_> = self.known().await?.into_iter().filter(|(known, _)| known == name).collect();
        if known.is_empty() {
            return Err(Error::Gone);
        }
        for (_, path) in known {
            let one = proxy(&self.bus, path.as_str(), ".Settings.Connection").await?;
            asked::<()>(one.call("Delete", &())).await?;
        }
        Ok(())
    }

    /// Adds a connection and begins it: its settings, and itself.
    async fn activate(
        &self,
        settings: HashMap<&str, HashMap<&str, Variant<'_>>>,
        options: HashMap<&str, Variant<'_>>,
    ) -> Result<(OwnedObjectPath, OwnedObjectPath), Error> {
        let manager = proxy(&self.bus, PATH, "").await?;
        let root = OwnedObjectPath::try_from("/").expect("the root is a path");
        let (path, active, _): (OwnedObjectPath, OwnedObjectPath, HashMap<String, OwnedVariant>) =
            asked(manager.call("AddAndActivateConnection2", &(settings, &self.device, root, options))).await?;
        Ok((path, active))
    }

    /// Waits until a connection is there.
    async fn activated(&self, active: &OwnedObjectPath, patience: Duration) -> Result<(), Error> {
        let end = Instant::now() + patience;
        let mut why = None;
        loop {
            let state = property::<u32>(&self.bus, active, "Connection.Active", "State").await;
            let (device, reason): (u32, u32) = property(&self.bus, &self.device, "Device", "StateReason").await?;
            // What it failed of is said once, and then that it is disconnected.
            why = read::why(reason).or(why);
            match state {
                Ok(read::ACTIVE) => return Ok(()),
                // Where somebody would be asked for a password, nobody is.
                Ok(read::ACTIVATING) if device == read::NEED_AUTH && why == Some(Error::Password) => {
                    return Err(Error::Password);
                }
                Ok(read::ACTIVATING) if Instant::now() < end => sleep(LOOK).await,
                Ok(read::ACTIVATING) => return Err(why.unwrap_or(Error::NoAddress)),
                // An object that is no more has failed.
                _ => return Err(why.unwrap_or_else(|| Error::Refused(format!("reason {reason}")))),
            }
        }
    }
}

/// An object, seen through one of the interfaces of NetworkManager.
async fn proxy(bus: &Connection, path: &str, interface: &str) -> Result<Proxy<'static>, Error> {
    let builder = zbus::proxy::Builder::<Proxy<'static>>::new(bus).destination(NAME).path(path.to_owned());
    let builder = builder.interface(format!("{NAME}{interface}")).cache_properties(CacheProperties::No);
    builder.build().await.map_err(problem)
}

async fn property<T>(bus: &Connection, path: &OwnedObjectPath, interface: &str, name: &str) -> Result<T, Error>
where
    T: DeserializeOwned + Type,
{
    let object = proxy(bus, path.as_str(), &format!(".{interface}")).await?;
    asked(object.get_property(name)).await
}

async fn asked<T>(asked: impl Future<Output = zbus::Result<T>>) -> Result<T, Error> {
    timeout(ANSWER, asked).await.map_err(|_| Error::Silent)?.map_err(problem)
}

fn problem(error: zbus::Error) -> Error {
    match error {
        zbus::Error::MethodError(name, text, _) => match name.as_str() {
            name if name.starts_with("org.freedesktop.DBus.Error.") => Error::None,
            _ => Error::Refused(read::short(&text.unwrap_or_default())),
        },
        zbus::Error::FDO(error) => match *error {
            fdo::Error::NoReply(_) | fdo::Error::TimedOut(_) | fdo::Error::Timeout(_) => Error::Silent,
            fdo::Error::ZBus(error) => problem(error),
            _ => Error::None,
        },
        zbus::Error::InputOutput(_) | zbus::Error::Connection(..) | zbus::Error::Handshake(_) => Error::None,
        error => Error::Refused(read::short(&error.to_string())),
    }
}

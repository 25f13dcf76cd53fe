//! Publishing through avahi: `org.freedesktop.Avahi.Server` and `.EntryGroup` on the system bus, as its own
//! introspection files (`/usr/share/dbus-1/interfaces/`) describe them.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use zbus::{Connection, OwnedObjectPath, Proxy};

use super::turns::Claim;
use super::{End, SERVICE, Service, properties, tell};

const BUS_NAME: &str = "org.freedesktop.Avahi";
/// Any interface, and any protocol (`AVAHI_IF_UNSPEC`, `AVAHI_PROTO_UNSPEC`).
const ANY: i32 = -1;
/// `AVAHI_PUBLISH_NO_REVERSE`: an address stands for the machine's own name already.
const NO_REVERSE: u32 = 16;
/// How often a group that is being registered is asked how far it is; afterwards how often it is looked at.
const SOON: Duration = Duration::from_millis(250);
const LATER: Duration = Duration::from_secs(10);

/// States of an entry group, as `avahi-common/defs.h` numbers them.
const ESTABLISHED: i32 = 2;
const COLLISION: i32 = 3;
const FAILURE: i32 = 4;

/// Publishes as long as avahi is there.
pub(super) async fn publish(
    service: &mut Service,
    claim: &mut Claim,
    told: &watch::Sender<Option<String>>,
    stop: &CancellationToken,
) -> End {
    let work = async {
        // No system bus, or nobody of that name on it: most boxes without avahi are like this.
        let Ok(bus) = Connection::system().await else { return };
        if present(&bus).await != Some(true) {
            return;
        }
        if let Err(error) = serve(&bus, service, claim, told).await {
            tracing::warn!(%error, "avahi does not publish this box's name; the box does it by itself");
        }
    };
    // The group is avahi's to forget when our connection to the bus ends.
    tokio::select! {
        () = work => End::Absent,
        () = stop.cancelled() => End::Stopped,
    }
}

/// Whether avahi runs; `None` without a system bus.
pub(super) async fn runs() -> bool {
    match Connection::system().await {
        Ok(bus) => present(&bus).await == Some(true),
        Err(_) => false,
    }
}

async fn present(bus: &Connection) -> Option<bool> {
    let path = "/org/freedesktop/DBus";
    let dbus = Proxy::new(bus, "org.freedesktop.DBus", path, "org.freedesktop.DBus").await.ok()?;
    dbus.call("NameHasOwner", &(BUS_NAME,)).await.ok()
}

async fn serve(
    bus: &Connection,
    service: &mut Service,
    claim: &mut Claim,
    told: &watch::Sender<Option<String>>,
) -> zbus::Result<()> {
    let server = Proxy::new(bus, BUS_NAME, "/", "org.freedesktop.Avahi.Server").await?;
    let group: OwnedObjectPath = server.call("EntryGroupNew", &()).await?;
    let group = Proxy::new(bus, BUS_NAME, group, "org.freedesktop.Avahi.EntryGroup").await?;
    loop {
        let own: String = server.call("GetHostNameFqdn", &()).await?;
        let mut state = match enter(&group, service, claim, &own).await {
            Ok(()) => 0,
            Err(error) if is_collision(&error) => COLLISION,
            Err(error) => return Err(error),
        };
        loop {
            match state {
                COLLISION => {
                    claim.taken();
                    break;
                }
                FAILURE => return Err(zbus::Error::Failure("the entry group failed".into())),
                ESTABLISHED => tell(told, claim),
                _ => {}
            }
            let pause = if state == ESTABLISHED { LATER } else { SOON };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                Ok(()) = service.addresses.changed() => break,
            }
            state = group.call("GetState", &()).await?;
        }
        let () = group.call("Reset", &()).await?;
    }
}

/// Puts the name and the service into the group and has it registered. `own` is the machine's name, which avahi
/// publishes anyway.
async fn enter(group: &Proxy<'_>, service: &mut Service, claim: &Claim, own: &str) -> zbus::Result<()> {
    let host = claim.host();
    let addresses = service.addresses.borrow_and_update().clone();
    if host != own {
        for address in addresses.iter() {
            let () = group.call("AddAddress", &(ANY, ANY, NO_REVERSE, &host, address.to_string())).await?;
        }
    }
    let txt: Vec<Vec<u8>> = properties().iter().map(|(key, value)| format!("{key}={value}").into_bytes()).collect();
    let named = (ANY, ANY, 0u32, claim.service(), SERVICE, "", &host, service.port, txt);
    let () = group.call("AddService", &named).await?;
    group.call("Commit", &()).await
}

fn is_collision(error: &zbus::Error) -> bool {
    matches!(error, zbus::Error::MethodError(name, ..) if name.as_str().ends_with(".CollisionError"))
}

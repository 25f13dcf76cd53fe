//! Publishing by ourselves, where no avahi runs.

use std::time::Duration;

use mdns_sd::{DaemonEvent, IfKind, Receiver, ServiceDaemon, ServiceInfo};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::turns::Claim;
use super::{End, SERVICE, Service, avahi, properties, tell};

/// How often it is looked whether avahi runs by now, and how long to wait after a failure.
const LOOK: Duration = Duration::from_secs(30);
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Publishes until avahi is there to do it.
pub(super) async fn publish(
    service: &Service,
    claim: &mut Claim,
    told: &watch::Sender<Option<String>>,
    stop: &CancellationToken,
) -> End {
    let (daemon, events) = match start(service, claim) {
        Ok(started) => started,
        Err(error) => {
            tracing::warn!(%error, "the box's name can't be published on the local network; its addresses work");
            return pause(stop).await;
        }
    };
    let end = follow(&events, claim, told, stop).await;
    goodbye(&daemon).await;
    end
}

fn start(service: &Service, claim: &Claim) -> Result<(ServiceDaemon, Receiver<DaemonEvent>), mdns_sd::Error> {
    let daemon = ServiceDaemon::new()?;
    daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
    let events = daemon.monitor()?;
    let kind = format!("{SERVICE}.local.");
    let host = format!("{}.", claim.host());
    let info = ServiceInfo::new(&kind, &claim.service(), &host, "", service.port, &properties()[..])?;
    daemon.register(info.enable_addr_auto())?;
    Ok((daemon, events))
}

/// Follows what the responder says about the name.
async fn follow(
    events: &Receiver<DaemonEvent>,
    claim: &mut Claim,
    told: &watch::Sender<Option<String>>,
    stop: &CancellationToken,
) -> End {
    let mut look = tokio::time::interval(LOOK);
    look.tick().await;
    loop {
        tokio::select! {
            event = events.recv_async() => match event {
                Ok(DaemonEvent::NameChange(change)) => {
                    claim.became(change.new_name.trim_end_matches('.'));
                    tell(told, claim);
                }
                Ok(DaemonEvent::Announce(..)) => tell(told, claim),
                Ok(DaemonEvent::Error(error)) => tracing::debug!(%error, "publishing the box's name failed once"),
                Ok(_) => {}
                Err(_) => return pause(stop).await,
            },
            _ = look.tick() => if avahi::runs().await { return End::Absent },
            () = stop.cancelled() => return End::Stopped,
        }
    }
}

async fn pause(stop: &CancellationToken) -> End {
    tokio::select! {
        () = tokio::time::sleep(LOOK) => End::Absent,
        () = stop.cancelled() => End::Stopped,
    }
}

/// Others forget the name at once, not after two minutes.
async fn goodbye(daemon: &ServiceDaemon) {
    if let Ok(done) = daemon.shutdown() {
        // The process may end without it.
        let _ = tokio::time::timeout(GOODBYE, done.recv_async()).await;
    }
}

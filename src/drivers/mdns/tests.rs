//! The responder on the networks of this machine, asked as another device would.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use mdns_sd::{DaemonEvent, ServiceDaemon, ServiceEvent, ServiceInfo};
use nix::net::if_::InterfaceFlags;

use super::*;
use crate::drivers::identity::random;

/// However slow the machine is, this is enough.
const DEADLINE: Duration = Duration::from_secs(60);

/// An address of this machine on a network where something can be published.
fn network() -> Option<Ipv4Addr> {
    let able = InterfaceFlags::IFF_UP | InterfaceFlags::IFF_MULTICAST;
    let usable = |flags: InterfaceFlags| flags.contains(able) && !flags.contains(InterfaceFlags::IFF_LOOPBACK);
    let found = nix::ifaddrs::getifaddrs().into_iter().flatten().filter(|found| usable(found.flags));
    let address = found.filter_map(|found| Some(found.address?.as_sockaddr_in()?.ip())).next();
    if address.is_none() {
        eprintln!("SKIPPED: this machine has no network with multicast");
    }
    address
}

fn service(called: &str) -> Service {
    let addresses = watch::channel(Arc::from(Vec::new())).1;
    Service { called: watch::channel(Name::new(called).expect("a name")).1, port: 8443, addresses }
}

async fn named(published: &mut Published) -> String {
    let named = tokio::time::timeout(DEADLINE, published.wait_for(Option::is_some)).await;
    named.expect("a name in time").expect("it runs").clone().expect("it is some")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_is_found_by_its_name_and_leaves_a_name_that_is_taken_to_whoever_has_it() {
    let Some(own) = network() else { return };
    let called = format!("Test {:016x}", u64::from_be_bytes(random()));
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let mut first = start(service(&called), &tasks, stop.clone());
    let host = named(&mut first).await;
    assert_eq!(host, Label::of(&called).local());

    let client = ServiceDaemon::new().expect("a responder");
    let found = client.browse("_porchlight._tcp.local.").expect("it asks");
    let ours = async {
        loop {
            if let Ok(ServiceEvent::ServiceResolved(found)) = found.recv_async().await
                && found.get_fullname().starts_with(&called)
            {
                return found;
            }
        }
    };
    let ours = tokio::time::timeout(DEADLINE, ours).await.expect("it is found");
    assert_eq!(ours.get_hostname(), format!("{host}."));
    assert_eq!(ours.get_port(), 8443);
    assert_eq!(ours.get_property_val_str("version"), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(ours.get_property_val_str("path"), Some("/"));
    assert!(!ours.get_addresses().is_empty());

    // A stranger has the name that the next box wishes for, at an address of its own.
    let called = format!("Test {:016x}", u64::from_be_bytes(random()));
    let host = format!("{}.", Label::of(&called).local());
    let stranger = Ipv4Addr::from_bits(own.to_bits() ^ 1).to_string();
    let other = ServiceInfo::new("_porchlight._tcp.local.", &called, &host, stranger.as_str(), 80, &properties()[..]);
    let device = ServiceDaemon::new().expect("a responder");
    let events = device.monitor().expect("it tells");
    device.register(other.expect("a service")).expect("it registers");
    let announced = async { while !matches!(events.recv_async().await, Ok(DaemonEvent::Announce(..))) {} };
    tokio::time::timeout(DEADLINE, announced).await.expect("the stranger has its name");
    let mut second = start(service(&called), &tasks, stop.clone());
    let other = format!("{}-2.local", Label::of(&called));
    let renamed = second.wait_for(|name| name.as_deref() == Some(&other));
    drop(tokio::time::timeout(DEADLINE, renamed).await.expect("another name in time").expect("it runs"));

    stop.cancel();
    tasks.close();
    tokio::time::timeout(DEADLINE, tasks.wait()).await.expect("it stops");
    for daemon in [client, device] {
        // Best effort: the process ends anyway.
        let _ = daemon.shutdown();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_that_is_called_something_else_is_found_by_that_alone() {
    if network().is_none() {
        return;
    }
    let name = |text: &str| Name::new(&format!("{text} {:08x}", u32::from_be_bytes(random()))).expect("a name");
    let (old, new) = (name("Hall"), name("Kitchen"));
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let (told, called) = watch::channel(old.clone());
    let mut published = start(Service { called, ..service("Hall") }, &tasks, stop.clone());
    assert_eq!(named(&mut published).await, Label::of(old.as_str()).local());
    told.send_replace(new.clone());
    let host = Label::of(new.as_str()).local();
    let renamed = published.wait_for(|published| published.as_ref() == Some(&host));
    tokio::time::timeout(DEADLINE, renamed).await.expect("the other name in time").expect("it runs");
    stop.cancel();
    tasks.close();
    tokio::time::timeout(DEADLINE, tasks.wait()).await.expect("it ends");
}

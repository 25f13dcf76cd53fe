//! The router in front of the box: asked to forward ports from outside, by PCP (RFC 6887), NAT-PMP (RFC 6886) or UPnP
//! (UPnP IGD:1 and 2). Asked again before it forgets, and told when the box stops.
//!
//! IPv4 alone: there is nothing to forward with IPv6, and few routers open their firewall to whoever asks.

mod ask;
mod route;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;
use std::num::NonZeroU16;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::proto::ice::{Outside, Transport};
use ask::Mapping;

/// How long a router is asked to forward.
const LEASE: Duration = Duration::from_secs(3600);
/// A shorter one that a router gives is renewed no more often than this.
const SHORTEST: Duration = Duration::from_secs(60);
/// How long a router that refused or said nothing is left alone.
const PAUSE: Duration = Duration::from_secs(300);
/// How long taking everything back may take, when the box stops.
const GOODBYE: Duration = Duration::from_secs(1);

/// How the router was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// RFC 6887.
    Pcp,
    /// RFC 6886.
    NatPmp,
    /// UPnP IGD.
    Upnp,
}

/// How it went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum State {
    /// No answer yet.
    #[default]
    Asking,
    /// There is no router.
    NoRouter,
    /// It knows none of the three ways, or has them turned off.
    Silent,
    /// It says no.
    Refused(String),
    /// It forwards. Where it has not the address of the internet itself, another one stands before it.
    Mapped(By, Vec<Outside>),
}

impl State {
    /// Where the ports are reached.
    pub fn outside(&self) -> &[Outside] {
        match self {
            Self::Mapped(_, outside) => outside,
            _ => &[],
        }
    }
}

/// A port of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// What it takes.
    pub transport: Transport,
    /// Its number, here and, as far as the router has it free, outside.
    pub number: NonZeroU16,
}

/// Asks the router that the kernel sends everything to, until `stop`; then takes it back.
pub fn start(ports: Vec<Port>, tasks: &TaskTracker, stop: CancellationToken) -> watch::Receiver<State> {
    start_at(route::default, ports, tasks, stop)
}

fn start_at(
    router: fn() -> Option<Ipv4Addr>,
    ports: Vec<Port>,
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> watch::Receiver<State> {
    let (told, state) = watch::channel(State::default());
    tasks.spawn(async move {
        let mut mappings: Vec<Mapping> = Vec::new();
        while !stop.is_cancelled() {
            let turn = async {
                let now = turn(router(), &ports, &mut mappings).await;
                let again = match &now {
                    State::Mapped(..) => mappings.iter().map(Mapping::lease).min().unwrap_or(LEASE) / 2,
                    _ => PAUSE,
                };
                say(&told, now);
                tokio::time::sleep(again.max(SHORTEST / 2)).await;
            };
            tokio::select! {
                () = turn => {}
                () = stop.cancelled() => {}
            }
        }
        let goodbye = async {
            for mapping in mappings {
                mapping.withdraw().await;
            }
        };
        if tokio::time::timeout(GOODBYE, goodbye).await.is_err() {
            tracing::info!("the router was not reached; it forgets the ports within an hour");
        }
    });
    state
}

/// Asks for every port once, those it has again.
async fn turn(router: Option<Ipv4Addr>, ports: &[Port], mappings: &mut Vec<Mapping>) -> State {
    let Some((router, here)) = router.and_then(|router| Some((router, route::source(router)?))) else {
        mappings.clear();
        return State::NoRouter;
    };
    // At another router, or from another address, nothing of before holds.
    mappings.retain(|mapping| mapping.ends() == (router, here));
    let mut answer = None;
    for port in ports {
        let known = mappings.iter().position(|mapping| mapping.port() == *port).map(|at| mappings.remove(at));
        match ask::map(known, *port, (router, here), answer).await {
            Ok(mapping) => {
                answer = Some(mapping.by());
                mappings.push(mapping);
            }
            Err(ask::Failed::Silent) => return State::Silent,
            Err(ask::Failed::Refused(why)) => return State::Refused(why),
        }
    }
    let by = answer.unwrap_or(By::Pcp);
    State::Mapped(by, mappings.iter().map(Mapping::outside).collect())
}

fn say(told: &watch::Sender<State>, now: State) {
    told.send_if_modified(|known| {
        let changed = *known != now;
        if changed {
            match &now {
                State::Mapped(by, outside) => tracing::info!(?by, ports = outside.len(), "the router forwards"),
                State::Asking => {}
                State::NoRouter => tracing::info!("there is no router to ask for ports"),
                State::Silent => {
                    tracing::warn!("the router can't be asked for ports: it knows neither PCP, NAT-PMP nor UPnP")
                }
                State::Refused(why) => tracing::warn!(why, "the router forwards no ports"),
            }
            *known = now;
        }
        changed
    });
}

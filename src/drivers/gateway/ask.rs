//! Asking for one port, in the three ways.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::time::Duration;

use crab_nat::{
    InternetProtocol, MappingFailure, PortMapping, PortMappingOptions, PortMappingType, TimeoutConfig, VersionCode,
    natpmp, pcp,
};
use igd_next::aio::Gateway;
use igd_next::aio::tokio::{Tokio, search_gateway};
use igd_next::{AddPortError, PortMappingProtocol, SearchOptions};

use super::{By, LEASE, Port, SHORTEST};
use crate::proto::ice::{Outside, Transport};

/// What the router shows to people in its list.
const LABEL: &str = "Porchlight";
/// How long the first question waits for its answer; then twice as long, twice.
const WAIT: Duration = Duration::from_millis(300);
const TRIES: usize = 3;
/// How long UPnP is searched for, which answers within three seconds.
const SEARCH: Duration = Duration::from_secs(4);

/// A port that a router forwards.
pub(super) struct Mapping {
    port: Port,
    router: Ipv4Addr,
    here: Ipv4Addr,
    outside: SocketAddr,
    how: How,
}

enum How {
    /// By PCP or NAT-PMP.
    Datagrams(PortMapping),
    /// With how long it holds.
    Upnp(Box<Gateway<Tokio>>, Duration),
}

pub(super) enum Failed {
    /// Nobody answered.
    Silent,
    /// The answer was no.
    Refused(String),
}

impl Mapping {
    pub(super) fn port(&self) -> Port {
        self.port
    }

    /// The router, and our address on the way to it.
    pub(super) fn ends(&self) -> (Ipv4Addr, Ipv4Addr) {
        (self.router, self.here)
    }

    pub(super) fn by(&self) -> By {
        match &self.how {
            How::Datagrams(mapping) => match mapping.mapping_type() {
                PortMappingType::NatPmp => By::NatPmp,
                PortMappingType::Pcp { .. } => By::Pcp,
            },
            How::Upnp(..) => By::Upnp,
        }
    }

    pub(super) fn outside(&self) -> Outside {
        Outside { transport: self.port.transport, at: self.outside }
    }

    /// How long it holds.
    pub(super) fn lease(&self) -> Duration {
        let lease = match &self.how {
            How::Datagrams(mapping) => Duration::from_secs(mapping.lifetime().into()),
            How::Upnp(_, lease) => *lease,
        };
        lease.clamp(SHORTEST, LEASE)
    }

    /// Takes it back, as far as the router is still there.
    pub(super) async fn withdraw(self) {
        let failed = match self.how {
            How::Datagrams(mapping) => mapping.try_drop().await.err().map(|(error, _)| error.to_string()),
            How::Upnp(router, _) => {
                let removed = router.remove_port(upnp_protocol(self.port.transport), self.outside.port()).await;
                removed.err().map(|error| error.to_string())
            }
        };
        if let Some(error) = failed {
            tracing::debug!(error, "a port was not taken back");
        }
    }
}

/// Asks for a port: what is `known` again, else in the way that another port was got by, else in every way.
pub(super) async fn map(
    known: Option<Mapping>,
    port: Port,
    (router, here): (Ipv4Addr, Ipv4Addr),
    way: Option<By>,
) -> Result<Mapping, Failed> {
    let outside_before = known.as_ref().and_then(|mapping| NonZeroU16::new(mapping.outside.port()));
    if let Some(Mapping { how: How::Datagrams(mut mapping), .. }) = known
        && mapping.renew().await.is_ok()
    {
        return of(mapping, port, (router, here)).await;
    }
    if way != Some(By::Upnp) {
        let timeout_config = Some(TimeoutConfig { initial_timeout: WAIT, max_retries: TRIES, max_retry_timeout: None });
        let options = PortMappingOptions {
            external_port: Some(outside_before.unwrap_or(port.number)),
            lifetime_seconds: Some(LEASE.as_secs() as u32),
            timeout_config,
        };
        match PortMapping::new(router.into(), here.into(), protocol(port.transport), port.number, options).await {
            Ok(mapping) => return of(mapping, port, (router, here)).await,
            Err(error) if is_silent(&error) => {}
            Err(error) => {
                tracing::debug!(%error, "the router refused by PCP or NAT-PMP");
                // What one service of it refuses, another may do.
                return upnp(port, (router, here)).await.map_err(|_| Failed::Refused(error.to_string()));
            }
        }
    }
    upnp(port, (router, here)).await
}

/// Whether nobody speaks this language there, rather than says no.
fn is_silent(error: &MappingFailure) -> bool {
    matches!(
        error,
        MappingFailure::Pcp(
            pcp::Failure::Timeout | pcp::Failure::Socket(_) | pcp::Failure::UnsupportedVersion(VersionCode::NatPmp)
        ) | MappingFailure::NatPmp(natpmp::Failure::Timeout | natpmp::Failure::Socket(_))
    )
}

async fn of(mapping: PortMapping, port: Port, (router, here): (Ipv4Addr, Ipv4Addr)) -> Result<Mapping, Failed> {
    let ip = match mapping.mapping_type() {
        PortMappingType::Pcp { external_ip, .. } => external_ip.to_canonical(),
        PortMappingType::NatPmp => match natpmp::external_address(router.into(), Some(mapping.timeout_config)).await {
            Ok(ip) => ip.into(),
            Err(error) => return Err(Failed::Refused(error.to_string())),
        },
    };
    let outside = SocketAddr::new(ip, mapping.external_port().get());
    Ok(Mapping { port, router, here, outside, how: How::Datagrams(mapping) })
}

async fn upnp(port: Port, (router, here): (Ipv4Addr, Ipv4Addr)) -> Result<Mapping, Failed> {
    let mut options = SearchOptions::default();
    options.bind_addr = SocketAddr::new(here.into(), 0);
    options.timeout = Some(SEARCH);
    options.single_search_timeout = Some(SEARCH);
    let found = search_gateway(options).await.map_err(|error| {
        tracing::debug!(%error, "no router answers by UPnP");
        Failed::Silent
    })?;
    // Anybody on the local network can answer; only the one that everything goes through is believed.
    if found.addr.ip() != IpAddr::V4(router) {
        tracing::debug!("a device that is not the router answered by UPnP");
        return Err(Failed::Silent);
    }
    let refused = |error: &dyn std::fmt::Display| Failed::Refused(error.to_string());
    let ip = found.get_external_ip().await.map_err(|error| refused(&error))?;
    let (kind, local) = (upnp_protocol(port.transport), SocketAddr::new(here.into(), port.number.get()));
    let (number, lease) = match found.add_port(kind, local.port(), local, LEASE.as_secs() as u32, LABEL).await {
        Ok(()) => (local.port(), LEASE),
        Err(AddPortError::OnlyPermanentLeasesSupported) => {
            found.add_port(kind, local.port(), local, 0, LABEL).await.map_err(|error| refused(&error))?;
            (local.port(), LEASE)
        }
        Err(AddPortError::PortInUse) => {
            let number = found.add_any_port(kind, local, LEASE.as_secs() as u32, LABEL).await;
            (number.map_err(|error| refused(&error))?, LEASE)
        }
        Err(error) => return Err(refused(&error)),
    };
    let how = How::Upnp(Box::new(found), lease);
    Ok(Mapping { port, router, here, outside: SocketAddr::new(ip, number), how })
}

fn protocol(transport: Transport) -> InternetProtocol {
    match transport {
        Transport::Udp => InternetProtocol::Udp,
        Transport::Tcp => InternetProtocol::Tcp,
    }
}

fn upnp_protocol(transport: Transport) -> PortMappingProtocol {
    match transport {
        Transport::Udp => PortMappingProtocol::UDP,
        Transport::Tcp => PortMappingProtocol::TCP,
    }
}

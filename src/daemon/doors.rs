//! The doors of the box: plain and secure HTTP, its name on the local network, and a certificate for what it is called.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::inherited::{HTTP, HTTPS, Inherited};
use crate::config::{self, Config};
use crate::drivers::device::clock;
use crate::drivers::device::network::Addresses;
use crate::drivers::{mdns, tls};
use crate::interfaces::http::{App, Door, Doors, Server};
use crate::proto::auth::Name;
use crate::proto::lan::{self, Label, Scheme};
use crate::services::node::Called;

/// The system's file with the host name.
const HOSTNAME: &str = "/proc/sys/kernel/hostname";
/// Names that stay in the certificate while the daemon runs, the present one among them: pages that are open under one from before go on
/// with it.
const LABELS: usize = 4;

/// The open ports.
pub(super) struct Opened {
    plain: Server,
    /// Connections that one address may hold, at each door.
    share: usize,
    secure: Option<(Server, tls::Handle)>,
}

impl Opened {
    /// Opens the ports, or takes those that were opened for us, publishes the name and readies the certificate.
    pub(super) async fn open(
        config: &Config,
        mut inherited: Inherited,
        called: Called,
        addresses: Addresses,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> anyhow::Result<(Self, Doors)> {
        let plain = server(inherited.door(HTTP)?, config.http.listen, "http.listen").await?;
        let plan = tls::acme::Plan::load(&config.acme, &config.https);
        let plan = plan.map_err(|error| config::Error::Refused(error.to_string()))?;
        let secure = match config.https.enabled {
            true => Some(server(inherited.door(HTTPS)?, config.https.listen, "https.listen").await?),
            false => None,
        };
        inherited.close();
        let reached = |server: &Server| !server.local_addr().ip().is_loopback();
        // The name leads to the secure port where there is one that others reach.
        let door = secure.iter().find(|server| reached(server)).or(Some(&plain).filter(|server| reached(server)));
        let published = match door.filter(|_| config.mdns.enabled) {
            Some(door) => {
                let service = mdns::Service {
                    called: called.clone(),
                    port: door.local_addr().port(),
                    addresses: addresses.clone(),
                };
                mdns::start(service, tasks, stop.clone())
            }
            None => watch::channel(None).1,
        };
        let secure = match secure {
            Some(server) => {
                let known = known(config);
                let followed = if reached(&server) { addresses.clone() } else { watch::channel(Default::default()).1 };
                let first = called.borrow().to_string();
                let folder = config.node.state.clone();
                let source = tls::Source {
                    clock: Arc::new(move || {
                        let now = clock::now();
                        // The file is read only while the clock is wrong.
                        if clock::is_wrong(now) { clock::believed(now, clock::known(&folder)) } else { now }
                    }),
                    state: config.node.state.clone(),
                    called: first,
                    names: names(known, (called, published.clone(), followed), tasks, stop.clone()),
                    plan,
                };
                let tls = tls::start(&config.https, source, tasks, stop.clone()).await.map_err(explain)?;
                Some((server, tls))
            }
            None => None,
        };
        let doors = Doors {
            plain: plain.local_addr(),
            secure: secure.as_ref().map(|(server, tls)| (server.local_addr(), tls.clone())),
            addresses,
            published,
        };
        let share = config.http.connections_per_address as usize;
        Ok((Self { plain, share, secure }, doors))
    }

    /// Where plain pages are served.
    pub(super) fn address(&self) -> SocketAddr {
        self.plain.local_addr()
    }

    /// Serves at all of them. `files` is how many files this process may have open.
    pub(super) fn serve(self, app: &App, files: usize, tasks: &TaskTracker, stop: &CancellationToken) {
        let mut limits = (files, self.share);
        if let Some((server, tls)) = self.secure {
            // Each door takes half of the files.
            limits.0 = files / 2;
            tasks.spawn(server.run(app.clone(), Door::Secure(tls), limits, stop.clone()));
        }
        tasks.spawn(self.plain.run(app.clone(), Door::Plain, limits, stop.clone()));
    }
}

/// The door at this address, or at the port that was opened for us in its place.
async fn server(
    inherited: Option<std::net::TcpListener>,
    listen: SocketAddr,
    key: &'static str,
) -> Result<Server, crate::interfaces::http::Error> {
    match inherited {
        Some(listener) => {
            let server = Server::inherit(listener, listen, key)?;
            tracing::info!(address = %server.local_addr(), "the service manager opened this port; it counts instead of {key}");
            Ok(server)
        }
        None => Server::bind(listen, key).await,
    }
}

/// Where others open the box, if they reach it.
pub(super) fn outward(doors: &Doors) -> Option<(String, String)> {
    let (at, _) = doors.secure.as_ref()?;
    let ip = doors.outward().filter(|_| !doors.plain.ip().is_loopback())?;
    let url = |scheme, port| lan::url(scheme, &lan::host(ip), port);
    Some((format!("{}/trust", url(Scheme::Http, doors.plain.port())), url(Scheme::Https, at.port())))
}

/// Where others reach the box, as links begin; nothing while it has no address.
pub(super) fn base(config: &Config, doors: &Doors) -> impl Fn() -> Option<String> + Send + use<> {
    let (public, doors) = (config.http.public_url.clone(), doors.clone());
    move || public.clone().or_else(|| outward(&doors).map(|(_, secure)| secure))
}

/// A wrong certificate is a matter of the configuration.
fn explain(error: tls::Error) -> anyhow::Error {
    if error.is_configuration() { config::Error::Refused(error.to_string()).into() } else { error.into() }
}

/// What a label is called where routers and avahi hand out names.
fn below(label: &Label) -> [String; 3] {
    ["local", "lan", "home.arpa"].map(|domain| format!("{label}.{domain}"))
}

/// Names that the box has for as long as it runs: its system's, and the one of its public address.
fn known(config: &Config) -> Vec<String> {
    let system = std::fs::read_to_string(HOSTNAME).unwrap_or_default();
    let system = Label::of(system.trim().split('.').next().unwrap_or_default());
    let public =
        config.http.public_url.as_deref().and_then(|url| url.split_once("://")).map(|(_, authority)| authority);
    let public = public.map(|authority| authority.split(':').next().unwrap_or_default().to_owned());
    below(&system).into_iter().chain(public).collect()
}

/// What the box is called and where it is, now and whenever that changes.
fn names(
    known: Vec<String>,
    (mut called, mut published, mut addresses): (Called, mdns::Published, Addresses),
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> watch::Receiver<tls::Names> {
    let mut own: Vec<Label> = Vec::new();
    let mut of = move |called: &Name, published: Option<&str>, addresses: &[IpAddr]| {
        let label = Label::of(called.as_str());
        own.retain(|former| *former != label);
        own.insert(0, label);
        own.truncate(LABELS);
        let own: Vec<String> = own.iter().flat_map(below).collect();
        let hosts = published.into_iter().chain(own.iter().chain(&known).map(String::as_str));
        tls::Names::local(hosts, addresses.iter().copied())
    };
    let first = of(&called.borrow(), published.borrow().as_deref(), &addresses.borrow());
    let (told, names) = watch::channel(first);
    tasks.spawn(async move {
        loop {
            // A sender that is gone says nothing new any more.
            tokio::select! {
                Ok(()) = called.changed() => {}
                Ok(()) = published.changed() => {}
                Ok(()) = addresses.changed() => {}
                () = stop.cancelled() => return,
            }
            let now = of(
                &called.borrow_and_update(),
                published.borrow_and_update().as_deref(),
                &addresses.borrow_and_update(),
            );
            told.send_if_modified(|known| std::mem::replace(known, now.clone()) != now);
        }
    });
    names
}

//! The only assembly: builds drivers, services and interfaces in order, and owns the order in which they stop.

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::drivers::peer::server as peers;
use crate::drivers::pipeline::{self, H264Choice, config::H264Encoder as Wanted};
use crate::drivers::{device, store};
use crate::interfaces::http;
use crate::model::time::Timeline;
use crate::services::{access, broadcast, egress, endpoint, origin, program, room};

/// How long each stage may take to stop: six of them stay within ten seconds.
const STAGE: Duration = Duration::from_millis(1500);

/// One group of tasks that stops together.
#[derive(Default)]
struct Stage {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Stage {
    async fn end(self, name: &str) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(STAGE, self.tasks.wait()).await.is_err() {
            tracing::warn!(stage = name, left = self.tasks.len(), "not everything stopped in time");
        }
    }
}

/// The assembled daemon: every part is up, and pages are served as soon as it runs.
pub struct Daemon {
    address: SocketAddr,
    owner_link: String,
    store: store::Handle,
    peers: (peers::Handle, JoinHandle<()>),
    /// Pages and signalling.
    interfaces: Stage,
    /// Streams.
    outgoing: Stage,
    /// Program and endpoint.
    making: Stage,
    /// Rooms.
    rooms: Stage,
    /// Origin, access, broadcasts: what the others stand on.
    ground: Stage,
}

impl Daemon {
    /// Builds every part of the daemon, in the order in which they stand on each other.
    ///
    /// # Errors
    /// When a part cannot start: a sentence that says which, and what to do.
    pub async fn load(config: Config) -> anyhow::Result<Self> {
        let timeline = timeline();
        let (interfaces, outgoing, making, rooms, ground) =
            (Stage::default(), Stage::default(), Stage::default(), Stage::default(), Stage::default());

        // Drivers. The first start of GStreamer scans its plugins, which takes seconds.
        tokio::task::spawn_blocking(pipeline::init).await.context("GStreamer could not be started")??;
        let encoder = pipeline::choose_h264_encoder(choice(config.media.h264_encoder))?;
        let inventory = tokio::task::spawn_blocking(device::inventory).await.context("devices can't be listed")?;
        let state = config.node.state.clone();
        let store =
            tokio::task::spawn_blocking(move || store::open(&state)).await.context("the store can't be opened")??;
        let (peers, peers_thread) = peers::start(&config.peers, timeline)?;

        // Services.
        let origin = origin::start(timeline, &ground.tasks, ground.stop.clone());
        let access = access::start(store.clone(), access::Clock::system(), &ground.tasks, ground.stop.clone()).await?;
        let broadcasts = broadcast::start(&ground.tasks, ground.stop.clone());
        let parts = room::Parts {
            origin: origin.clone(),
            peers: peers.clone(),
            store: store.clone(),
            box_name: config.node.name.clone(),
            timeline,
        };
        let room = room::start(&config.room, parts, &rooms.tasks, rooms.stop.clone()).await?;
        let parts = program::Parts {
            origin: origin.clone(),
            rooms: room.clone(),
            broadcasts: broadcasts.clone(),
            encoder,
            timeline,
        };
        let programs = program::run(config.program.clone(), parts, making.tasks.clone(), making.stop.clone());
        making.tasks.spawn(programs);
        let parts = endpoint::Parts {
            origin: origin.clone(),
            rooms: room.clone(),
            encoder,
            screen: (config.program.width, config.program.height, config.program.fps),
            timeline,
        };
        let endpoint = endpoint::start(config.endpoint.clone(), inventory, parts, &making.tasks, making.stop.clone());
        let egress = egress::Handle::start(config.hls.clone(), timeline, &outgoing.tasks, outgoing.stop.clone());
        let parts =
            egress::whep::Parts { origin: origin.clone(), broadcasts: broadcasts.clone(), peers: peers.clone() };
        let whep = egress::whep::start(parts, &outgoing.tasks, outgoing.stop.clone());
        outgoing.tasks.spawn(egress::follow(
            egress.clone(),
            whep.counts(),
            broadcasts.clone(),
            origin,
            outgoing.tasks.clone(),
            outgoing.stop.clone(),
        ));

        // Interfaces.
        let server = http::Server::bind(&config.http).await?;
        let address = server.local_addr();
        let owner_link = owner_link(&access, &config, address).await?;
        let app = http::App::new(http::Inner {
            access,
            rooms: room,
            broadcasts,
            egress,
            whep,
            endpoint,
            name: config.node.name,
            public_url: config.http.public_url,
            parts: http::Parts::new(probes(&rooms, &making, &outgoing, &ground)),
            timeline,
            tasks: interfaces.tasks.clone(),
            cancel: interfaces.stop.clone(),
        });
        interfaces.tasks.spawn(server.run(app, interfaces.tasks.clone(), interfaces.stop.clone()));
        Ok(Self {
            address,
            owner_link,
            store,
            peers: (peers, peers_thread),
            interfaces,
            outgoing,
            making,
            rooms,
            ground,
        })
    }

    /// Where pages are served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The link that makes whoever opens it first the owner.
    pub fn owner_link(&self) -> &str {
        &self.owner_link
    }

    /// Runs until `shutdown` completes, then stops every part in order.
    ///
    /// # Errors
    /// When the owner's link can't be told to anybody.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
        tracing::info!(address = %self.address, "ready");
        // Without a service manager there is nobody to tell.
        let _ = sd_notify::notify(&[NotifyState::Ready]);
        shutdown.await;
        tracing::info!("stopping");
        let _ = sd_notify::notify(&[NotifyState::Stopping]);
        // Nothing new comes in; then what leaves is finished; then calls end, and what made media for them; the store is last.
        self.interfaces.end("interfaces").await;
        self.outgoing.end("egress").await;
        self.rooms.end("rooms").await;
        self.making.end("program and endpoint").await;
        self.ground.end("origin and access").await;
        let (peers, thread) = self.peers;
        drop(peers);
        if tokio::time::timeout(STAGE, tokio::task::spawn_blocking(move || thread.join())).await.is_err() {
            tracing::warn!("the connections did not end in time");
        }
        self.store.close().await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Each part, and whether its tasks still run.
fn probes(rooms: &Stage, making: &Stage, outgoing: &Stage, ground: &Stage) -> Vec<(&'static str, http::Probe)> {
    let probe = |name, stage: &Stage, least: usize| {
        let tasks = stage.tasks.clone();
        let probe: http::Probe = Box::new(move || tasks.len() >= least);
        (name, probe)
    };
    vec![
        probe("rooms", rooms, 1),
        probe("program", making, 2),
        probe("egress", outgoing, 3),
        probe("origin", ground, 3),
    ]
}

fn choice(wanted: Wanted) -> H264Choice {
    match wanted {
        Wanted::Auto => H264Choice::Auto,
        Wanted::X264 => H264Choice::X264,
        Wanted::OpenH264 => H264Choice::OpenH264,
        Wanted::V4l2 => H264Choice::V4l2,
    }
}

/// Media time begins now.
fn timeline() -> Timeline {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128);
    Timeline::new(Instant::now(), device::monotonic_nanos(), unix)
}

/// Makes the owner's one-time link and tells it: on the terminal, and in a file that only this user can read. Never in a log.
async fn owner_link(access: &access::Handle, config: &Config, address: SocketAddr) -> anyhow::Result<String> {
    let base = config.http.public_url.clone().unwrap_or_else(|| {
        let host = if address.ip().is_unspecified() || address.ip().is_loopback() {
            "localhost".to_owned()
        } else {
            SocketAddr::new(address.ip(), 0).to_string().trim_end_matches(":0").to_owned()
        };
        format!("http://{host}:{}", address.port())
    });
    let link = format!("{base}/#owner={}", access.owner_link().await?.reveal());
    let file = config.node.state.join("owner-link");
    write_private(&file, &link).with_context(|| format!("{} can't be written", file.display()))?;
    if std::env::var_os("JOURNAL_STREAM").is_none() {
        println!("Open {link}");
    }
    Ok(link)
}

fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let fresh: PathBuf = file.with_extension("new");
    // An old one may be left over from a crash, with whatever mode it had.
    let _ = std::fs::remove_file(&fresh);
    let mut to = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    writeln!(to, "{text}")?;
    std::fs::rename(&fresh, file)
}

/// Completes at the first SIGTERM or Ctrl-C after this call.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn shutdown_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

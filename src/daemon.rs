//! The only assembly: builds drivers, services and interfaces in order, and owns the order in which they stop.

mod backup;
mod clock;
mod doctor;
mod doors;
mod encoders;
mod heartbeat;
mod inherited;
mod join;
mod limits;
mod reload;
mod reset;
mod serve;
mod settings;
mod support;
mod update;

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{self, Config, boards};
use crate::drivers::device;
use crate::drivers::gateway;
use crate::drivers::identity::{contract, seal, turn};
use crate::drivers::peer::server as peers;
use crate::drivers::pipeline::{self, Encoders, H264Choice, config::H264Encoder as Wanted};
use crate::drivers::store::{self, private};
use crate::interfaces::{control, http, mqtt};
use crate::model::bitrate::Bitrate;
use crate::model::count::Logged;
use crate::model::time::Timeline;
use crate::proto::ice::Transport;
use crate::proto::lan::{self, Scheme};
use crate::services::{
    access, announce, audit, broadcast, chat, egress, endpoint, heat, ladder, network, node, origin, privacy, program,
    push, reachability, recorder, remote, room, settings as chosen, telephone, thumbnail, update as updates,
};

pub use backup::{CARRIED, LEFT, Place, backup, place, restore};
pub use doctor::{doctor, hotspot, pin, privacy_mode};
pub use encoders::code_pictures;
use inherited::Inherited;
use reload::Reloader;
pub use serve::serve;
use settings::Then;
pub use support::support;
pub use update::update;

/// What an image says of itself, and nothing else has (script/image, yocto/).
const IMAGE: &str = "/usr/lib/porchlight/image";
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

/// How a run of the daemon ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// As it was asked to.
    Stopped,
    /// To start again.
    Again,
}

/// The assembled daemon: every part is up, and pages are served as soon as it runs.
struct Daemon {
    address: SocketAddr,
    store: store::Handle,
    peers: (peers::Handle, JoinHandle<()>),
    vitals: Vitals,
    /// What can be changed while it runs.
    changeable: reload::Changeable,
    /// What the owner chooses.
    wishes: mpsc::Receiver<chosen::Asked>,
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
    /// Builds every part of the daemon, in the order in which they stand on each other. Ports that were opened for it it does not
    /// open itself.
    ///
    /// # Errors
    /// When a part cannot start: a sentence that says which, and what to do.
    async fn load(config: Config, inherited: Inherited, logged: Arc<Logged>) -> anyhow::Result<Self> {
        let files = limits::raise_open_files();
        let timeline = timeline();
        let (interfaces, outgoing, making, rooms, ground) =
            (Stage::default(), Stage::default(), Stage::default(), Stage::default(), Stage::default());

        let refused = |error: turn::Error| config::Error::Refused(error.to_string());
        let relay = turn::Relay::load(&config.turn).map_err(refused)?;
        let chain = contract::Chain::load(&config.wallets);
        let chain = chain.map_err(|error| config::Error::Refused(error.to_string()))?;
        let broker = mqtt::Broker::load(&config.mqtt);
        let broker = broker.map_err(|error| config::Error::Refused(error.to_string()))?;
        let login = endpoint::Login::load(&config.endpoint);
        let login = login.map_err(|error| config::Error::Refused(error.to_string()))?;

        // Drivers. The first start of GStreamer scans its plugins, which takes seconds.
        tokio::task::spawn_blocking(pipeline::init).await.context("GStreamer could not be started")??;
        let inventory = tokio::task::spawn_blocking(device::inventory).await.context("devices can't be listed")?;
        let state = config.node.state.clone();
        let folder = state.clone();
        let store =
            tokio::task::spawn_blocking(move || store::open(&folder)).await.context("the store can't be opened")??;
        let wanted = choice(config.media.h264_encoder);
        let chosen = tokio::task::spawn_blocking({
            let state = state.clone();
            move || encoders::choose_or_hope(wanted, &state)
        });
        let chosen = chosen.await.context("no encoder can be chosen")??;
        tracing::info!(
            encoder = chosen.encoder.element(),
            fps = chosen.speed.map(|speed| speed.fps),
            "H.264 encoder chosen"
        );
        let encoders = Encoders::new(chosen, wanted);
        let addresses = device::network::follow(&interfaces.tasks, interfaces.stop.clone());
        let (peers, peers_thread) = peers::start(&config.peers, timeline, addresses.clone())?;
        let router = router(&config, &peers, &interfaces.tasks, &interfaces.stop);

        // Services.
        let node = node::start(config.node.name.clone(), store.clone()).await?;
        let seen = program::Seen::default();
        let supervisor = seen.supervisor.clone();
        let origin = origin::start(timeline, supervisor.clone(), &ground.tasks, ground.stop.clone());
        let clock = access::Clock::system();
        let access = access::start(store.clone(), clock, chain, &ground.tasks, ground.stop.clone()).await?;
        let audit = audit::start(store.clone(), access::Clock::system(), &ground.tasks, ground.stop.clone());
        let privacy = privacy::start(store.clone(), timeline, &ground.tasks, ground.stop.clone()).await?;
        let broadcasts = broadcast::start(&ground.tasks, access.ended_logins(), ground.stop.clone());
        let parts = room::Parts {
            origin: origin.clone(),
            peers: peers.clone(),
            store: store.clone(),
            access: access.clone(),
            audit: audit.clone(),
            called: node.follow(),
            private: privacy.is_on(),
            timeline,
        };
        let room = room::start(&config.room, parts, &rooms.tasks, rooms.stop.clone()).await?;
        let parts = chat::Parts { store: store.clone(), supervisor: supervisor.clone() };
        let chat = chat::start(&config.chat, parts, &rooms.tasks, rooms.stop.clone()).await?;
        let folder = state.clone();
        let logo = tokio::task::spawn_blocking(move || program::logo::Logo::open(&folder));
        let logo = logo.await.context("the logo can't be read")?;
        let parts = program::Parts {
            origin: origin.clone(),
            rooms: room.clone(),
            broadcasts: broadcasts.clone(),
            encoders: encoders.clone(),
            language: config.endpoint.language,
            logo: logo.clone(),
            timeline,
            seen: seen.clone(),
        };
        let (program_config, read) = watch::channel(config.program.clone());
        let program_now = read.clone();
        let programs = program::run(read, parts, making.tasks.clone(), making.stop.clone());
        making.tasks.spawn(programs);
        let parts = telephone::Parts { rooms: room.clone(), private: privacy.is_on(), store: store.clone(), timeline };
        let telephone = telephone::start(parts, &rooms.tasks, rooms.stop.clone()).await?;
        let announce = announce::Handle::default();
        let heat = heat::start(&making.tasks, making.stop.clone());
        let (join, link) = watch::channel(None);
        let (networks, network) = network::channel();
        let plugged = device::follow(inventory, &making.tasks, making.stop.clone());
        let parts = endpoint::Parts {
            origin: origin.clone(),
            rooms: room.clone(),
            private: privacy.is_on(),
            privacy: privacy.follow(),
            telephone: telephone.follow(),
            announce: announce.clone(),
            link,
            network,
            called: node.follow(),
            encoders: encoders.clone(),
            screen: (config.program.width, config.program.height, config.program.fps),
            can: abilities(),
            login,
            board: boards::of(&device::machine()),
            state: state.clone(),
            store: store.clone(),
            controls: Arc::new(device::controls::V4l2),
            timeline,
            seen: seen.clone(),
            heat: heat.clone(),
        };
        let (endpoint_config, read) = watch::channel(config.endpoint.clone());
        let endpoint = endpoint::start(read, plugged, parts, &making.tasks, making.stop.clone());
        let parts = remote::Parts {
            rooms: room.clone(),
            telephone: telephone.clone(),
            privacy: privacy.clone(),
            announce: announce.clone(),
            endpoint: endpoint.clone(),
            called: node.follow(),
            gpio: config.gpio.clone(),
        };
        let remote = remote::start(config.remote.clone(), parts, &making.tasks, making.stop.clone());
        let parts = ladder::Parts {
            origin: origin.clone(),
            broadcasts: broadcasts.clone(),
            encoders: encoders.clone(),
            media: seen.media.clone(),
            heat,
            supervisor: supervisor.clone(),
            program: program_now,
        };
        let ladder = ladder::start(config.ladder.clone(), parts, &making.tasks, making.stop.clone());
        let (hls_config, read) = watch::channel(config.hls.clone());
        let each = Bitrate(config.program.bitrate.bps() + config.program.audio_bitrate.bps());
        let line = (&config.viewers, each);
        let (tasks, stop) = (&outgoing.tasks, outgoing.stop.clone());
        let egress = egress::Handle::start(read, timeline, supervisor.clone(), line, tasks, stop);
        let parts = thumbnail::Parts {
            egress: egress.clone(),
            origin: origin.clone(),
            broadcasts: broadcasts.clone(),
            media: seen.media.clone(),
            supervisor: supervisor.clone(),
        };
        let thumbnails = thumbnail::start(parts, &outgoing.tasks, outgoing.stop.clone());
        let parts = egress::whep::Parts {
            origin: origin.clone(),
            broadcasts: broadcasts.clone(),
            peers: peers.clone(),
            supervisor: supervisor.clone(),
        };
        let whep = egress::whep::start(parts, &outgoing.tasks, outgoing.stop.clone());
        let folder = state.clone();
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(std::path::PathBuf::from);
        let seal = tokio::task::spawn_blocking(move || seal::Seal::load(&folder, credentials.as_deref())).await;
        let parts = push::Parts {
            origin: origin.clone(),
            broadcasts: broadcasts.clone(),
            store: store.clone(),
            seal: seal.context("the key that seals can't be read")?.context("the key that seals can't be used")?,
            pipelines: seen.media.clone(),
            addresses: addresses.clone(),
            timeline,
            supervisor: supervisor.clone(),
        };
        let pushes = push::start(parts, &outgoing.tasks, outgoing.stop.clone()).await?;
        outgoing.tasks.spawn(egress::follow(
            supervisor,
            egress.clone(),
            whep.counts(),
            broadcasts.clone(),
            (origin.clone(), ladder.clone()),
            outgoing.tasks.clone(),
            outgoing.stop.clone(),
        ));

        let parts = recorder::Parts {
            origin: origin.clone(),
            rooms: room.clone(),
            broadcasts: broadcasts.clone(),
            timeline,
            supervisor: seen.supervisor.clone(),
            state: state.clone(),
            root: "/".into(),
        };
        let recorder = recorder::start(&config.recordings, parts, &outgoing.tasks, outgoing.stop.clone());

        let changeable = reload::Changeable {
            peers: peers.clone(),
            rooms: room.clone(),
            endpoint: endpoint_config,
            program: program_config,
            hls: hls_config,
        };
        let (settings, wishes) = chosen::channel();

        let reach = reachability::start(reachability::Parts {
            peers: peers.clone(),
            addresses: addresses.clone(),
            router,
            stun: config.peers.stun.len(),
            relay: relay.is_some(),
        });

        let parts = network::Parts {
            id: node.id().to_owned(),
            screen: {
                let endpoint = endpoint.clone();
                Box::new(move || endpoint.has_screen())
            },
            image: Path::new(IMAGE).exists(),
        };
        let network = network::start(&config.network, parts, networks, &interfaces.tasks, interfaces.stop.clone());

        let parts = updates::Parts {
            rooms: room.clone(),
            state: state.clone(),
            runtime: std::env::var_os("RUNTIME_DIRECTORY").map(std::path::PathBuf::from),
        };
        let updates = updates::start(&config.update, parts, &outgoing.tasks, outgoing.stop.clone());

        // Interfaces.
        let (opened, doors) =
            doors::Opened::open(&config, inherited, node.follow(), addresses, &interfaces.tasks, &interfaces.stop)
                .await?;
        // One more for media, of those that browsers reach: proxies and firewalls let HTTPS through before all else.
        let door = doors.secure.as_ref().map_or(doors.plain, |(secure, _)| *secure);
        if peers.local_addr().ip().is_loopback() || !door.ip().is_loopback() {
            peers.doors(vec![door]).await?;
        }
        let address = opened.address();
        owner_link(&access, &config, &doors).await?;
        if config.endpoint.join_code {
            let (screen, address) = (endpoint.clone(), doors::base(&config, &doors));
            // Without a screen nobody sees it.
            let base = move || screen.has_screen().then(&address).flatten();
            let joins = join::keep(join, base, room.clone(), access.clone(), store.clone());
            interfaces.tasks.spawn(interfaces.stop.clone().run_until_cancelled_owned(joins));
        }
        let vitals = Vitals {
            rooms: room.clone(),
            access: access.clone(),
            origin: origin.clone(),
            broadcasts: broadcasts.clone(),
            privacy: privacy.clone(),
            telephone: telephone.clone(),
            peers: peers.clone(),
            store: store.clone(),
        };
        let asked = {
            let (reach, endpoint, privacy, pin) = (reach.clone(), endpoint.clone(), privacy.clone(), access.pin());
            let (network, started) = (network.follow(), Instant::now());
            move |metrics| control::Parts { reach, endpoint, privacy, pin, network, metrics, address, started }
        };
        interfaces.tasks.spawn(interfaces.stop.clone().run_until_cancelled_owned(tell_pin(access.pin(), address)));
        let (mqtt, with_broker) = watch::channel(Default::default());
        if let Some(broker) = broker {
            let doors = doors.clone();
            let parts = mqtt::Parts {
                rooms: room.clone(),
                telephone: telephone.clone(),
                privacy: privacy.clone(),
                announce: announce.clone(),
                recorder: recorder.clone(),
                endpoint: endpoint.clone(),
                broadcasts: broadcasts.clone(),
                node: node.clone(),
                settings: settings.clone(),
                updates: updates.clone(),
                audit: audit.clone(),
                page: Box::new(move || doors.named()),
                recordings: config.recordings.place(&state),
                started: access::Clock::system().now(),
            };
            let stop = interfaces.stop.clone();
            interfaces.tasks.spawn(mqtt::run(config.mqtt.clone(), broker, parts, mqtt, stop));
        }
        let parts = heartbeat::Parts {
            peers: peers.clone(),
            rooms: room.clone(),
            origin: origin.clone(),
            pulses: seen.composition.pulses.clone(),
        };
        let still = heartbeat::start(parts, &interfaces.tasks, &interfaces.stop);
        let mut parts = probes(&rooms, &making, &outgoing, &ground);
        parts.push(("media", Box::new(move || still.borrow().is_none())));
        let app = http::App::new(http::Inner {
            access,
            audit,
            rooms: room,
            chat,
            broadcasts,
            egress,
            whep,
            pushes,
            logo,
            ladder,
            thumbnails,
            endpoint,
            privacy,
            telephone,
            remote,
            recorder,
            reach: reach.clone(),
            relay,
            node,
            with_broker,
            settings,
            network,
            updates,
            public_url: config.http.public_url,
            doors,
            parts: http::Parts::new(parts),
            seen: http::Seen { peers: peers.clone(), origin, store: store.clone(), media: seen, logged },
            timeline,
            tasks: interfaces.tasks.clone(),
            cancel: interfaces.stop.clone(),
        });
        let (tasks, stop) = (interfaces.tasks.clone(), interfaces.stop.clone());
        interfaces.tasks.spawn(http::metrics::run(config.metrics, app.clone(), tasks, stop));
        interfaces.tasks.spawn(clock::keep(state.clone(), interfaces.stop.clone()));
        let told = app.clone();
        let metrics: control::Numbers = Arc::new(move || Box::pin(http::metrics::text(told.clone())));
        interfaces.tasks.spawn(control::run(state, asked(metrics), interfaces.stop.clone()));
        opened.serve(&app, files, &interfaces.tasks, &interfaces.stop);
        Ok(Self {
            address,
            store,
            peers: (peers, peers_thread),
            vitals,
            changeable,
            wishes,
            interfaces,
            outgoing,
            making,
            rooms,
            ground,
        })
    }

    /// Runs until it is asked to stop or to start again, then stops every part in order. Asked to reload, it reads the configuration
    /// again.
    ///
    /// # Errors
    /// When a part ended that can't be started again: what is stored is all that is left of it.
    async fn run(mut self, mut signals: Signals, mut reloader: Reloader) -> anyhow::Result<Ended> {
        tracing::info!(address = %self.address, "ready");
        // Without a service manager there is nobody to tell.
        let _ = sd_notify::notify(&[NotifyState::Ready, NotifyState::Status("Ready")]);
        reloader.tried.ready();
        let ended = loop {
            tokio::select! {
                asked = signals.next() => match asked {
                    Asked::Reload => reloader.reload(&self.changeable).await,
                    Asked::Stop => break Ok(Ended::Stopped),
                },
                Some(asked) = self.wishes.recv() => match reloader.answer(asked, &self.changeable).await {
                    Then::GoOn => {}
                    Then::Again => break Ok(Ended::Again),
                },
                () = reloader.tried.over() => {
                    tracing::warn!("nobody said that the settings may stay: those from before come back");
                    break Ok(Ended::Again);
                }
                lost = self.vitals.lost() => {
                    tracing::error!(part = lost, "it ended, and only a new start brings it back");
                    break Err(lost);
                }
            }
        };
        drop((self.vitals, self.changeable, self.wishes));
        tracing::info!("stopping");
        // A service manager that is told of stopping ends whatever takes the place of this process.
        let _ = match ended {
            Ok(Ended::Again) => sd_notify::notify(&[NotifyState::Status("Starting again")]),
            _ => sd_notify::notify(&[NotifyState::Stopping, NotifyState::Status("Stopping")]),
        };
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
        ended.map_err(|part| anyhow::anyhow!("{part} ended unexpectedly; the log says why. Start Porchlight again."))
    }
}

/// Those that own what can't be rebuilt while the daemon runs.
struct Vitals {
    rooms: room::Handle,
    access: access::Handle,
    origin: origin::Handle,
    broadcasts: broadcast::Handle,
    privacy: privacy::Handle,
    telephone: telephone::Handle,
    peers: peers::Handle,
    store: store::Handle,
}

impl Vitals {
    /// Waits until one of them has ended, and names it.
    async fn lost(&self) -> &'static str {
        tokio::select! {
            () = self.rooms.ended() => "rooms",
            () = self.access.ended() => "access",
            () = self.origin.ended() => "origin",
            () = self.broadcasts.ended() => "broadcasts",
            () = self.privacy.ended() => "privacy mode",
            () = self.telephone.ended() => "the telephone",
            () = self.peers.ended() => "the peers' worker",
            () = self.store.ended() => "the store",
        }
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
        probe("rooms", rooms, 3),
        probe("program", making, 2),
        probe("egress", outgoing, 4),
        probe("origin", ground, 5),
    ]
}

/// Asks the router for the ports of media, if that is wanted, and tells the peers' worker what comes of it.
fn router(
    config: &Config,
    peers: &peers::Handle,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Option<watch::Receiver<gateway::State>> {
    let number = std::num::NonZeroU16::new(peers.local_addr().port()).filter(|_| config.peers.map_ports)?;
    let transports = [Some(Transport::Udp), config.peers.tcp.then_some(Transport::Tcp)];
    let ports = transports.into_iter().flatten().map(|transport| gateway::Port { transport, number }).collect();
    let state = gateway::start(ports, tasks, stop.clone());
    let (mut changes, peers, stop) = (state.clone(), peers.clone(), stop.clone());
    tasks.spawn(async move {
        let told = async {
            while changes.changed().await.is_ok() {
                let outside = changes.borrow_and_update().outside().to_vec();
                if peers.mapped(outside).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = told => {}
            () = stop.cancelled() => {}
        }
    });
    Some(state)
}

/// What there is of GStreamer here, beside encoders.
fn abilities() -> endpoint::Abilities {
    endpoint::Abilities { canceller: pipeline::has_echo_canceller(), libcamera: pipeline::has_libcamera() }
}

fn choice(wanted: Wanted) -> H264Choice {
    match wanted {
        Wanted::Auto => H264Choice::Auto,
        Wanted::X264 => H264Choice::X264,
        Wanted::OpenH264 => H264Choice::OpenH264,
        Wanted::Mpp => H264Choice::Mpp,
        Wanted::Va => H264Choice::Va,
        Wanted::V4l2 => H264Choice::V4l2,
    }
}

/// Media time begins now.
fn timeline() -> Timeline {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128);
    Timeline::new(Instant::now(), device::monotonic_nanos(), unix)
}

/// Makes the owner's one-time link and tells it: on the terminal, and in a file that only this user can read. Never in a log.
async fn owner_link(access: &access::Handle, config: &Config, doors: &http::Doors) -> anyhow::Result<()> {
    let address = doors.plain;
    let base = config.http.public_url.clone().unwrap_or_else(|| {
        let here = address.ip().is_unspecified() || address.ip().is_loopback();
        match &doors.secure {
            _ if here => lan::url(Scheme::Http, lan::LOCALHOST, address.port()),
            Some((secure, _)) => lan::url(Scheme::Https, &lan::host(address.ip()), secure.port()),
            None => lan::url(Scheme::Http, &lan::host(address.ip()), address.port()),
        }
    });
    let token = access.owner_link().await?;
    let link = format!("{base}/#owner={}", token.reveal());
    let mut lines = vec![link];
    // By its address, which is the box's alone; whether its name is will be known in a moment.
    if let (None, Some((trust, secure))) = (&config.http.public_url, doors::outward(doors)) {
        lines.push(format!(
            "From another device: {secure}/#owner={} (before that, once for each device: {trust})",
            token.reveal()
        ));
    }
    let file = config.node.state.join("owner-link");
    private::write(&file, format!("{}\n", lines.join("\n")).as_bytes())
        .with_context(|| format!("{} can't be written", file.display()))?;
    if std::env::var_os("JOURNAL_STREAM").is_none() {
        // Whoever started it may have closed its end of the line.
        let _ = writeln!(std::io::stdout(), "Open {}", lines.join("\n"));
    }
    Ok(())
}

/// Tells whoever sees the terminal or the journal the PIN of a box that nobody owns, and each that follows it.
async fn tell_pin(mut pin: watch::Receiver<Option<access::Number>>, address: SocketAddr) {
    loop {
        let shown = *pin.borrow_and_update();
        if let Some(number) = shown {
            // Whoever started it may have closed its end of the line.
            let _ = writeln!(
                std::io::stdout(),
                "Nobody owns this box. For ten minutes, whoever opens /sign-in on it (port {}) from the same network and types {number} does.",
                address.port()
            );
        }
        if pin.changed().await.is_err() {
            return;
        }
    }
}

/// What the daemon is asked by a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// SIGTERM or Ctrl-C.
    Stop,
    /// SIGHUP.
    Reload,
}

/// The signals since [`Signals::listen`].
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Holds on to every signal from now on.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }
}

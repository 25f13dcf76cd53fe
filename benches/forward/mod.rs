//! Forwarding: what one packet costs and how much later it arrives, beside a loop that only copies.

pub mod bare;
pub mod client;
pub mod load;
pub mod worker;

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde::Serialize;
use str0m::media::{Direction, MediaKind};
use tokio::net::UdpSocket;
use tokio::task::{JoinSet, LocalSet};

use crate::measure::{self, Machine, Role, Spread};
use crate::sfu::janus::Janus;
use client::Client;
use load::{Kind, NUMBER, Tally};

/// However slow the machine is, all peers are connected by then.
const CONNECT: Duration = Duration::from_secs(60);
/// The last copies of a window have arrived by then.
const SETTLE: Duration = Duration::from_millis(200);
/// Others may keep this much of a CPU busy before a figure is not to be believed.
pub const QUIET: f64 = 0.15;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The worker of the peers.
    Box,
    /// Debian's janus, with its plugin for rooms.
    Janus,
    /// The bare loop.
    Bare,
    /// The bare loop with UDP GSO.
    BareSegments,
}

const WAYS: [Way; 3] = [Way::Box, Way::Bare, Way::BareSegments];

/// One window of one way.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Window {
    pub way: Way,
    /// CPU seconds for a million packets that arrived.
    pub cpu: f64,
    /// CPU seconds of this window, and those in the kernel, which are counted by ticks.
    spent: f64,
    kernel: f64,
    packets: usize,
    /// Part of the packets that did not arrive.
    pub lost: f64,
    /// Milliseconds from the sender's to the receiver's kernel.
    pub p50: f64,
    pub p99: f64,
    /// CPUs that others kept busy.
    pub others: f64,
}

/// What was found for one number of subscribers.
#[derive(Debug, Serialize)]
pub struct Found {
    pub subscribers: usize,
    /// CPU seconds for a million packets, by [`WAYS`].
    pub cpu: [Spread; 3],
    /// The box's CPU time against that of the bare loop beside it, each round by itself.
    pub ratio: Spread,
    pub ratio_segments: Spread,
    /// Milliseconds that the box adds to the bare loop.
    pub added_p50: Spread,
    pub added_p99: Spread,
    /// Part of the box's CPU time spent in the kernel.
    pub kernel: f64,
    lost: f64,
    others: f64,
    windows: Vec<Window>,
}

/// Something that sends bursts, and the process whose CPU is counted.
pub struct Bench {
    pub tally: Rc<Tally>,
    pub server: Server,
    pub source: Source,
}

/// Whose CPU is counted. It ends when it is dropped.
pub enum Server {
    /// One of our own parts.
    Role(Role),
    Janus(Janus),
}

impl Server {
    fn id(&self) -> u32 {
        match self {
            Self::Role(role) => role.id(),
            Self::Janus(janus) => janus.id(),
        }
    }
}

pub enum Source {
    Publisher(Rc<Client>),
    Plain { socket: UdpSocket, to: SocketAddr, sizes: [usize; 2] },
}

/// Measures one number of subscribers.
pub fn run((subscribers, threads): (usize, usize), rounds: usize, window: Duration) -> anyhow::Result<Found> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut tasks = JoinSet::new();
        let engine = engine((subscribers, threads), &mut tasks).await?;
        // Once unmeasured: caches are warm then, and the sizes of the box's datagrams are known.
        engine.window(Way::Box, subscribers, window / 2, 1).await?;
        let sizes = [Kind::Picture, Kind::Sound].map(|kind| engine.tally.size(kind));
        let benches = [
            engine,
            plain(subscribers, sizes, "messages", &mut tasks)?,
            plain(subscribers, sizes, "segments", &mut tasks)?,
        ];
        let mut windows = Vec::new();
        for round in 0..rounds {
            // Each way comes first in some round.
            for turn in 0..WAYS.len() {
                let at = (round + turn) % WAYS.len();
                windows.push(benches[at].window(WAYS[at], subscribers, window, 1).await?);
            }
        }
        Ok(found(subscribers, windows))
    })
}

fn found(subscribers: usize, windows: Vec<Window>) -> Found {
    let of = |way, figure: fn(&Window) -> f64| -> Vec<f64> {
        windows.iter().filter(|window| window.way == way).map(figure).collect()
    };
    let beside = |other, figure: fn(&Window) -> f64, join: fn(f64, f64) -> f64| {
        Spread::of(of(Way::Box, figure).into_iter().zip(of(other, figure)).map(|(a, b)| join(a, b)))
    };
    Found {
        subscribers,
        cpu: WAYS.map(|way| Spread::of(of(way, |window| window.cpu))),
        ratio: beside(Way::Bare, |window| window.cpu, |a, b| a / b),
        ratio_segments: beside(Way::BareSegments, |window| window.cpu, |a, b| a / b),
        added_p50: beside(Way::Bare, |window| window.p50, |a, b| a - b),
        added_p99: beside(Way::Bare, |window| window.p99, |a, b| a - b),
        kernel: of(Way::Box, |window| window.kernel).iter().sum::<f64>()
            / of(Way::Box, |window| window.spent).iter().sum::<f64>(),
        lost: windows.iter().map(|window| window.lost).fold(0.0, f64::max),
        others: windows.iter().map(|window| window.others).fold(0.0, f64::max),
        windows,
    }
}

impl Found {
    /// Why these figures should not be believed, if there is a reason.
    pub fn doubt(&self) -> Option<String> {
        if self.lost > 0.0 {
            return Some(format!("{:.2} % of the packets were lost on the way", self.lost * 100.0));
        }
        (self.others > QUIET).then(|| format!("others kept {:.2} CPUs busy meanwhile", self.others))
    }

    /// Milliseconds of delay: half and 99 of 100 packets were faster.
    pub fn delay(&self, way: Way) -> (Spread, Spread) {
        let of = || self.windows.iter().filter(|window| window.way == way);
        (Spread::of(of().map(|window| window.p50)), Spread::of(of().map(|window| window.p99)))
    }
}

impl Bench {
    /// The process whose CPU is counted.
    pub fn process(&self) -> u32 {
        self.server.id()
    }

    /// Measures for as long as `window`, with what so many cameras send.
    pub async fn window(&self, way: Way, subscribers: usize, window: Duration, cameras: u32) -> anyhow::Result<Window> {
        let process = self.process();
        let machine = Machine::watch(vec![process])?;
        self.tally.begin();
        let (before, kernel) = (measure::cpu(process)?, measure::in_kernel(process)?);
        load::pump(window, cameras, |kind| self.burst(kind)).await;
        tokio::time::sleep(SETTLE).await;
        let spent = (measure::cpu(process)? - before).as_secs_f64();
        let kernel = (measure::in_kernel(process)? - kernel).as_secs_f64();
        let others = machine.others()?;
        let counted = self.tally.counted();
        let arrived = counted.delays.len();
        ensure!(arrived > 0, "nothing arrives");
        let millis = |part| measure::quantile(&counted.delays, part) as f64 / 1e6;
        Ok(Window {
            way,
            cpu: spent * 1e6 / arrived as f64,
            spent,
            kernel,
            packets: arrived,
            lost: 1.0 - arrived as f64 / (counted.sent * subscribers) as f64,
            p50: millis(0.5),
            p99: millis(0.99),
            others,
        })
    }

    fn burst(&self, kind: Kind) {
        match &self.source {
            Source::Publisher(client) => client.burst(kind, &self.tally),
            Source::Plain { socket, to, sizes } => {
                let count = if kind == Kind::Picture { load::PICTURE.len() } else { load::SOUND.len() };
                for at in 0..count {
                    // The first packets of a picture are a byte smaller.
                    let smaller = if kind == Kind::Picture { load::PICTURE[5] - load::PICTURE[at] } else { 0 };
                    let mut datagram = vec![0; sizes[kind as usize] - smaller];
                    datagram[NUMBER].copy_from_slice(&self.tally.number().to_be_bytes());
                    self.tally.leaves();
                    // What loopback does not take is counted as lost.
                    let _ = socket.try_send_to(&datagram, *to);
                }
            }
        }
    }
}

/// The box with a publisher and its subscribers, all connected.
async fn engine((subscribers, threads): (usize, usize), tasks: &mut JoinSet<()>) -> anyhow::Result<Bench> {
    let mut role = Role::start(&["worker", "viewer", &threads.to_string()])?;
    let tally = Rc::new(Tally::default());
    let mut clients = Vec::new();
    for number in 0..=subscribers {
        let direction = if number == 0 { Direction::SendOnly } else { Direction::RecvOnly };
        let (client, sdp) = Client::new(&[(MediaKind::Video, direction), (MediaKind::Audio, direction)])?;
        let answer: worker::Answer = role.ask(&worker::Offer { sdp })?;
        client.accept(&answer.sdp)?;
        tasks.spawn_local(client.clone().run(tally.clone()));
        clients.push(client);
    }
    connected(&clients).await?;
    let publisher = clients.into_iter().next().context("there is a publisher")?;
    Ok(Bench { tally, server: Server::Role(role), source: Source::Publisher(publisher) })
}

/// Waits until these peers are connected.
pub async fn connected(clients: &[Rc<Client>]) -> anyhow::Result<()> {
    let end = Instant::now() + CONNECT;
    while !clients.iter().all(|client| client.is_connected()) {
        ensure!(Instant::now() < end, "not all peers are connected after {CONNECT:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// The bare loop and its receivers.
pub fn plain(subscribers: usize, sizes: [usize; 2], sending: &str, tasks: &mut JoinSet<()>) -> anyhow::Result<Bench> {
    let tally = Rc::new(Tally::default());
    let mut receivers = Vec::new();
    for _ in 0..subscribers {
        let socket = load::socket(load::LOOPBACK)?;
        receivers.push(socket.local_addr()?);
        tasks.spawn_local(listen(socket, tally.clone()));
    }
    let mut role = Role::start(&["bare", sending])?;
    let to = role.ask(&receivers)?;
    Ok(Bench {
        tally,
        server: Server::Role(role),
        source: Source::Plain { socket: load::socket(load::LOOPBACK)?, to, sizes },
    })
}

async fn listen(socket: UdpSocket, tally: Rc<Tally>) {
    while socket.readable().await.is_ok() {
        load::read(&socket, |_, at, bytes| {
            let kind = if bytes.len() < 2 * load::SOUND[0] { Kind::Sound } else { Kind::Picture };
            if let Some(number) = bytes.get(NUMBER).and_then(|number| number.try_into().ok()) {
                tally.arrived(u64::from_be_bytes(number), at, bytes.len(), kind);
            }
        });
    }
}

//! Forwarding beside another SFU: the box's worker, Debian's janus, and the loop that only copies, with the same client.

pub mod janus;
pub mod report;

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Serialize;
use str0m::media::{Direction, MediaKind};
use tokio::task::{JoinSet, LocalSet};

use crate::forward::client::Client;
use crate::forward::load::{self, Kind, Tally};
use crate::forward::worker::{Answer, Offer};
use crate::forward::{Bench, Server, Source, Way, Window, connected, plain};
use crate::measure::{self, Role, Spread};
use janus::Janus;

/// More is lost than this, or later than this many milliseconds: too much for this server, or for the load beside it.
const LOST: f64 = 0.005;
const LATE: f64 = 100.0;
/// What of cameras is tried at most.
const CAMERAS: u32 = 64;

pub const WAYS: [Way; 3] = [Way::Box, Way::Janus, Way::Bare];

/// What was found for one server.
#[derive(Debug, Serialize)]
pub struct Found {
    pub way: Way,
    /// CPU seconds for a million packets, and the same against the bare loop beside it.
    pub cpu: Spread,
    pub ratio: Spread,
    /// Resident megabytes that each subscriber adds; of the bare loop nothing.
    pub memory: Option<f64>,
    /// Milliseconds of delay with one camera.
    pub p50: Spread,
    pub p99: Spread,
    /// Cameras with which all still went well, and the delay with half of them.
    pub most: u32,
    pub half: Window,
    pub windows: Vec<Window>,
}

/// One number of subscribers.
#[derive(Debug, Serialize)]
pub struct Group {
    pub subscribers: usize,
    pub found: Vec<Found>,
}

/// Measures one number of subscribers.
pub fn run(subscribers: usize, rounds: usize, window: Duration) -> anyhow::Result<Group> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut tasks = JoinSet::new();
        let (ours, ours_memory) = start(Way::Box, subscribers, window / 2, &mut tasks).await?;
        let sizes = [Kind::Picture, Kind::Sound].map(|kind| ours.tally.size(kind));
        let (theirs, theirs_memory) = start(Way::Janus, subscribers, window / 2, &mut tasks).await?;
        let benches = [ours, theirs, plain(subscribers, sizes, "messages", &mut tasks)?];
        let mut windows = Vec::new();
        for round in 0..rounds {
            // Each comes first in some round.
            for turn in 0..WAYS.len() {
                let at = (round + turn) % WAYS.len();
                windows.push(benches[at].window(WAYS[at], subscribers, window, 1).await?);
            }
        }
        let mut found = Vec::new();
        for ((way, bench), memory) in WAYS.into_iter().zip(&benches).zip([Some(ours_memory), Some(theirs_memory), None])
        {
            let (most, half) = half_load(way, bench, subscribers, window).await?;
            found.push(summary(way, &windows, memory, most, half));
        }
        Ok(Group { subscribers, found })
    })
}

fn summary(way: Way, windows: &[Window], memory: Option<f64>, most: u32, half: Window) -> Found {
    let of = |way| windows.iter().filter(move |window| window.way == way);
    Found {
        way,
        cpu: Spread::of(of(way).map(|window| window.cpu)),
        ratio: Spread::of(of(way).zip(of(Way::Bare)).map(|(ours, bare)| ours.cpu / bare.cpu)),
        memory,
        p50: Spread::of(of(way).map(|window| window.p50)),
        p99: Spread::of(of(way).map(|window| window.p99)),
        most,
        half,
        windows: of(way).copied().collect(),
    }
}

/// Doubles the cameras until something goes wrong: how many still went well, and a window with half of them.
async fn half_load(way: Way, bench: &Bench, subscribers: usize, window: Duration) -> anyhow::Result<(u32, Window)> {
    let (mut most, mut cameras) = (1, 2);
    while cameras <= CAMERAS {
        // Twice, since something else on the machine may have been in the way.
        if !(goes_well(way, bench, subscribers, window, cameras).await?
            || goes_well(way, bench, subscribers, window, cameras).await?)
        {
            break;
        }
        (most, cameras) = (cameras, cameras * 2);
    }
    // What was too much is still being repaired and reported: a window that does not count.
    bench.window(way, subscribers, window, 1).await?;
    Ok((most, bench.window(way, subscribers, window, (most / 2).max(1)).await?))
}

async fn goes_well(
    way: Way,
    bench: &Bench,
    subscribers: usize,
    window: Duration,
    cameras: u32,
) -> anyhow::Result<bool> {
    let tried = bench.window(way, subscribers, window, cameras).await?;
    Ok(tried.lost <= LOST && tried.p99 <= LATE)
}

/// Starts a server with a publisher and its subscribers; the resident megabytes that each of these adds, with everything in
/// flow for as long as `warm`.
async fn start(way: Way, subscribers: usize, warm: Duration, tasks: &mut JoinSet<()>) -> anyhow::Result<(Bench, f64)> {
    let tally = Rc::new(Tally::default());
    let mut server = match way {
        Way::Janus => Server::Janus(Janus::start().await?),
        _ => Server::Role(Role::start(&["worker", "call", "0"])?),
    };
    let at = if way == Way::Janus { Janus::address()? } else { load::LOOPBACK };
    let (publisher, offer) = Client::offering(at, &sections(Direction::SendOnly))?;
    let answer = match &mut server {
        Server::Janus(janus) => janus.publish(&offer).await?,
        Server::Role(role) => role.ask::<Answer>(&Offer { sdp: offer })?.sdp,
    };
    publisher.accept(&answer)?;
    tasks.spawn_local(publisher.clone().run(tally.clone()));
    connected(std::slice::from_ref(&publisher)).await.context("the publisher")?;
    let mut bench = Bench { tally, server, source: Source::Publisher(publisher) };
    // Nobody receives anything: what comes of it is not looked at.
    let _ = bench.window(way, 1, warm, 1).await;
    let before = measure::memory(bench.process())?.0;
    let mut clients = Vec::new();
    for _ in 0..subscribers {
        let client = match &mut bench.server {
            Server::Janus(janus) => {
                let (handle, offer) = janus.subscribe().await?;
                let (client, answer) = Client::answering(at, &offer)?;
                janus.accept(&handle, &answer).await?;
                client
            }
            Server::Role(role) => {
                let (client, offer) = Client::new(&sections(Direction::RecvOnly))?;
                client.accept(&role.ask::<Answer>(&Offer { sdp: offer })?.sdp)?;
                client
            }
        };
        tasks.spawn_local(client.clone().run(bench.tally.clone()));
        clients.push(client);
    }
    connected(&clients).await.context("the subscribers")?;
    let warmed = bench.window(way, subscribers, 2 * warm, 1).await?;
    ensure!(warmed.lost < 0.5, "{way:?} does not forward: {:.0} % did not come", warmed.lost * 100.0);
    let added = measure::memory(bench.process())?.0.saturating_sub(before);
    Ok((bench, added as f64 / 1e6 / subscribers as f64))
}

fn sections(direction: Direction) -> [(MediaKind, Direction); 2] {
    [(MediaKind::Video, direction), (MediaKind::Audio, direction)]
}

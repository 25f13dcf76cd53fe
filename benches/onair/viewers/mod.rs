//! What viewers by LL-HLS cost the box, beside nginx that serves the same bytes from memory.

mod nginx;
pub mod players;

use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use bytes::Bytes;
use serde::Serialize;
use tokio::task::{JoinSet, LocalSet, spawn_blocking};

use super::material::Material;
use super::{person, playlists};
use crate::fixture::daemon::Daemon;
use crate::measure::{self, Family, Role, Spread};
use nginx::Nginx;
use players::{Counted, How, Job};

/// What is on air: one person, sent on as they come.
const SIZE: (u32, u32) = (1280, 720);
const BITRATE: u32 = 1_500_000;
/// Until playlists are so long that players are sent what is new alone.
const WARM: Duration = Duration::from_secs(16);
/// The newest parts and segments that are asked for.
const PARTS: usize = 6;
const SEGMENTS: usize = 3;
/// Renditions: the picture's and the sound's.
const RENDITIONS: [&str; 2] = ["video", "audio"];

/// Who serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Server {
    Box,
    Nginx,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A playlist and its newest part, of picture and sound in turn, as fast as they come.
    Mix,
    Playlists,
    Parts,
    Segments,
    /// As players do: the box is asked for the playlist that is to come, nginx for as much as often.
    Live,
}

pub const ALL: [What; 5] = [What::Mix, What::Playlists, What::Parts, What::Segments, What::Live];

/// One window of one server.
#[derive(Debug, Clone, Serialize)]
pub struct Window {
    pub what: What,
    pub server: Server,
    pub requests: f64,
    pub megabytes: f64,
    /// CPU seconds for a thousand requests: of these alone, and with what the server does besides.
    pub cpu: f64,
    pub gross: f64,
    /// CPUs that the server and the players kept busy.
    pub busy: f64,
    pub players: f64,
    /// CPUs that others kept busy.
    pub others: f64,
}

/// One of them, against the other in the same round.
#[derive(Debug, Serialize)]
pub struct Found {
    pub what: What,
    /// By [`Server`]: requests and megabytes a second, CPU seconds for a thousand requests.
    pub requests: [Spread; 2],
    pub megabytes: [Spread; 2],
    pub cpu: [Spread; 2],
    pub busy: [f64; 2],
    pub players: [f64; 2],
    /// What nginx's CPU time is of the box's, and the box's requests a second of nginx's.
    pub cheaper: Spread,
    pub faster: Spread,
}

#[derive(Debug, Serialize)]
pub struct Viewers {
    pub connections: usize,
    pub watching: usize,
    pub found: Vec<Found>,
    /// CPUs that the box keeps busy while two connections follow what is on air, which is taken off its figures.
    pub base: Spread,
    /// Server and players have a CPU each.
    pub pinned: bool,
    pub windows: Vec<Window>,
}

struct Bench {
    daemon: Daemon,
    nginx: Nginx,
    players: Arc<Mutex<Role>>,
    broadcast: String,
    /// `/hls/<broadcast>`.
    base: String,
}

pub fn run(rounds: usize, window: Duration, connections: usize, watching: usize) -> anyhow::Result<Viewers> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let folder = tempfile::tempdir()?;
        let material = Rc::new(Material::make(folder.path(), SIZE, BITRATE)?);
        let state = tempfile::tempdir()?;
        let daemon = Daemon::start_with(&state, &[("PORCHLIGHT_HLS__LINGER", "2min")]);
        let mut tasks = JoinSet::new();
        let broadcast = person::on_air(&daemon, 1, &material, &mut tasks).await?;
        let players = Arc::new(Mutex::new(Role::start(&["players"])?));
        let base = format!("/hls/{broadcast}");
        let bench = Bench { nginx: Nginx::start()?, players, daemon, broadcast, base };
        let pinned = bench.pin()?;
        bench.objects().await?;
        tokio::time::sleep(WARM).await;

        let (mut windows, mut idle) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let objects = bench.objects().await?;
            let base = bench.follow(&objects, RENDITIONS.len(), window).await?;
            idle.push(base.busy);
            for what in ALL {
                let mut order = [Server::Box, Server::Nginx];
                // Each comes first in some round. What nginx is asked for live depends on how often the box was.
                order.rotate_left(if what == What::Live { 0 } else { round % 2 });
                for server in order {
                    let of = match what {
                        What::Live => bench.live(server, &objects, watching, window, &windows).await?,
                        _ => bench.fast(server, what, &objects, connections, window).await?,
                    };
                    windows.push(of.less(if server == Server::Box { base.busy } else { 0.0 }));
                }
            }
        }
        drop(tasks);
        ensure!(bench.daemon.stop().success(), "the daemon did not stop well");
        let found = ALL.into_iter().map(|what| found(what, &windows)).collect();
        Ok(Viewers { connections, watching, found, base: Spread::of(idle), pinned, windows })
    })
}

/// What there is to ask for, by rendition: the next playlist as far as it is there, and the newest parts and segments.
struct Objects {
    playlists: Vec<String>,
    parts: Vec<Vec<String>>,
    segments: Vec<String>,
}

impl Bench {
    /// Gives each its own CPU: the servers, which take turns, the first, and the players the second. Whether that is so.
    fn pin(&self) -> anyhow::Result<bool> {
        let servers = [u32::try_from(self.daemon.id().as_raw())?, self.nginx.id()];
        let players = self.players.lock().map_err(|_| anyhow!("the players failed"))?.id();
        let mut all = servers.map(|server| (server, "0")).to_vec();
        all.push((players, "1"));
        // Not on a machine with a single one.
        Ok(all.into_iter().all(|(process, cpu)| {
            let mut command = Command::new("taskset");
            command.args(["--all-tasks", "--cpu-list", "--pid", cpu, &process.to_string()]).stdout(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        }))
    }

    async fn get(&self, path: &str) -> anyhow::Result<Bytes> {
        let answer = reqwest::get(format!("{}{}{path}", self.daemon.url, self.base)).await?.error_for_status()?;
        Ok(answer.bytes().await?)
    }

    async fn text(&self, path: &str) -> anyhow::Result<String> {
        Ok(String::from_utf8(self.get(path).await?.into())?)
    }

    /// Asks the box what there is, and has nginx serve the same.
    async fn objects(&self) -> anyhow::Result<Objects> {
        let all = playlists(&self.daemon, &self.broadcast).await?;
        let mut objects = Objects { playlists: Vec::new(), parts: Vec::new(), segments: Vec::new() };
        for rendition in RENDITIONS {
            let named = |path: &&String| path.ends_with(&format!("/{rendition}/index.m3u8"));
            let path = all.iter().find(named).context("both renditions are listed")?;
            let folder = path.strip_suffix("/index.m3u8").context("a playlist is in a folder")?;
            let list = self.text(&format!("/{path}")).await?;
            let parts = list.lines().filter(|line| line.starts_with("#EXT-X-PART:"));
            let parts: Vec<_> = parts.filter_map(|line| line.split("URI=\"").nth(1)?.split('"').next()).collect();
            let newest = parts.last().context("there are parts")?.trim_end_matches(".m4s");
            let (segment, part) = newest.split_once('.').context("a part has two numbers")?;
            objects.playlists.push(format!("/{path}?_HLS_msn={segment}&_HLS_part={part}&_HLS_skip=YES"));
            let newest = parts.iter().rev().take(PARTS).map(|part| format!("/{folder}/{part}"));
            objects.parts.push(newest.collect());
            if rendition == "video" {
                let all = list.lines().rev().filter(|line| line.ends_with(".m4s") && !line.starts_with('#'));
                objects.segments.extend(all.take(SEGMENTS).map(|segment| format!("/{folder}/{segment}")));
            }
        }
        let all = objects.playlists.iter().chain(objects.parts.iter().flatten()).chain(&objects.segments);
        for path in all {
            self.nginx.serve(&format!("{}{path}", self.base), &self.get(path).await?)?;
        }
        Ok(objects)
    }

    /// As fast as they come.
    async fn fast(
        &self,
        server: Server,
        what: What,
        objects: &Objects,
        connections: usize,
        window: Duration,
    ) -> anyhow::Result<Window> {
        let lists = match what {
            What::Playlists => vec![objects.playlists.clone()],
            What::Parts => vec![objects.parts.concat()],
            What::Segments => vec![objects.segments.clone()],
            What::Mix | What::Live => vec![objects.mix().concat()],
        };
        self.asked(server, what, How::Fast(self.full(lists)), connections, window).await
    }

    /// As players do.
    async fn live(
        &self,
        server: Server,
        objects: &Objects,
        watching: usize,
        window: Duration,
        before: &[Window],
    ) -> anyhow::Result<Window> {
        // One for the picture and one for the sound.
        let connections = RENDITIONS.len() * watching;
        if server == Server::Box {
            return self.follow(objects, connections, window).await;
        }
        let last = before.iter().rfind(|window| window.what == What::Live).context("the box is asked first")?;
        let every = 2.0 * connections as f64 / last.requests;
        self.asked(server, What::Live, How::Paced(self.full(objects.mix()), every), connections, window).await
    }

    /// So many connections follow what is on air.
    async fn follow(&self, objects: &Objects, connections: usize, window: Duration) -> anyhow::Result<Window> {
        let playlists = self.full(vec![objects.playlists.clone()]).concat();
        self.asked(Server::Box, What::Live, How::Follow(playlists), connections, window).await
    }

    fn full(&self, lists: Vec<Vec<String>>) -> Vec<Vec<String>> {
        let full = |list: Vec<String>| list.into_iter().map(|path| format!("{}{path}", self.base)).collect();
        lists.into_iter().map(full).collect()
    }

    async fn asked(
        &self,
        server: Server,
        what: What,
        how: How,
        connections: usize,
        window: Duration,
    ) -> anyhow::Result<Window> {
        let (process, to) = match server {
            Server::Box => (u32::try_from(self.daemon.id().as_raw())?, self.daemon.listen().parse()?),
            Server::Nginx => (self.nginx.id(), self.nginx.address),
        };
        let job = Job { to, connections, seconds: window.as_secs_f64(), how };
        let players = self.players.clone();
        let family = Family::watch()?;
        let before = measure::cpu_with_children(process)?;
        // Who is on air goes on meanwhile.
        let counted: Counted =
            spawn_blocking(move || players.lock().map_err(|_| anyhow!("the players failed"))?.ask(&job)).await??;
        let spent = (measure::cpu_with_children(process)? - before).as_secs_f64();
        ensure!(counted.requests > 0, "{server:?} answers nothing");
        if counted.statuses.keys().any(|status| *status != 200) {
            bail!("{server:?} answers {what:?} by {:?}", counted.statuses);
        }
        let thousands = counted.requests as f64 / 1000.0;
        Ok(Window {
            what,
            server,
            requests: counted.requests as f64 / counted.seconds,
            megabytes: counted.bytes as f64 / 1e6 / counted.seconds,
            cpu: spent / thousands,
            gross: spent / thousands,
            busy: spent / counted.seconds,
            players: counted.cpu / counted.seconds,
            others: family.busy()?.0,
        })
    }
}

impl Objects {
    /// For each rendition the playlist and its newest part.
    fn mix(&self) -> Vec<Vec<String>> {
        let newest = self.playlists.iter().zip(&self.parts);
        newest.map(|(playlist, parts)| [playlist].into_iter().chain(parts.first()).cloned().collect()).collect()
    }
}

impl Window {
    /// Without so many CPUs that the server keeps busy anyway.
    fn less(self, base: f64) -> Self {
        Self { cpu: (self.busy - base).max(0.0) * 1000.0 / self.requests, ..self }
    }
}

fn found(what: What, windows: &[Window]) -> Found {
    let of = |server| windows.iter().filter(move |window| window.what == what && window.server == server);
    let both =
        |figure: fn(&Window) -> f64| [Server::Box, Server::Nginx].map(|server| Spread::of(of(server).map(figure)));
    let most = |figure: fn(&Window) -> f64| both(figure).map(|spread| spread.most);
    let rounds = || of(Server::Box).zip(of(Server::Nginx));
    Found {
        what,
        requests: both(|window| window.requests),
        megabytes: both(|window| window.megabytes),
        cpu: both(|window| window.cpu),
        busy: most(|window| window.busy),
        players: most(|window| window.players),
        cheaper: Spread::of(rounds().map(|(ours, theirs)| theirs.cpu / ours.cpu)),
        faster: Spread::of(rounds().map(|(ours, theirs)| ours.requests / theirs.requests)),
    }
}

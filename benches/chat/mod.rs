//! What a chat with many readers costs, how late they read, and what a call beside it notices: pictures a second in two browsers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use crate::fixture::browser::{Browser, Devices, Page};
use crate::fixture::daemon::Daemon;
use crate::fixture::visitor::{Socket, Visitor};
use crate::fixture::written::of_broadcast;
use crate::fixture::{has, people};
use crate::{measure, report};

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };
/// One author writes so often, which the box just lets pass.
const EVERY: Duration = Duration::from_millis(1600);
/// Sockets that are opened at a time.
const OPENED: usize = 50;
/// What comes later than this is missing.
const LATE: Duration = Duration::from_secs(5);

#[derive(clap::Args)]
pub struct Options {
    /// Sockets that read
    #[arg(long, default_value_t = 2_000)]
    viewers: usize,
    /// Authors that write, each once in 1.6 s
    #[arg(long, default_value_t = 20)]
    writers: usize,
    /// Sockets that write as fast as the line takes it, in the last window
    #[arg(long, default_value_t = 10)]
    flooders: usize,
    /// Seconds of each window
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// Where all figures are written to
    #[arg(long, default_value = "target/bench/chat.json")]
    json: PathBuf,
}

/// One window.
#[derive(Debug, Serialize)]
struct Window {
    name: &'static str,
    /// Messages that were written, and copies of them that came, and that did not.
    written: usize,
    came: usize,
    missing: usize,
    /// From giving a message to the kernel to its copies' arrival in the readers' tasks, in milliseconds.
    p50: f64,
    p99: f64,
    most: f64,
    /// Pictures a second that Ada sees of Bob, and Bob of Ada.
    pictures: [f64; 2],
    /// CPUs that the daemon kept busy.
    cpu: f64,
    /// Resident memory of the daemon, in MB.
    memory: f64,
}

#[derive(Debug, Serialize)]
struct Found {
    machine: (String, String),
    viewers: usize,
    windows: Vec<Window>,
}

/// What the readers of one window saw.
#[derive(Default)]
struct Seen {
    delays: Mutex<Vec<i64>>,
    /// Messages written before this belong to another window, in nanoseconds since the start.
    from: AtomicU64,
}

fn nanos(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Reads until the end, and notes how late each copy of a message is.
async fn read(mut socket: Socket, start: Instant, seen: Arc<Seen>) {
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let (now, from) = (nanos(start), seen.from.load(Ordering::Relaxed));
        let stamps = text.split("stamp=").skip(1).filter_map(|rest| rest.split('.').next()?.parse::<u64>().ok());
        let delays: Vec<i64> = stamps.filter(|at| *at >= from).map(|at| now as i64 - at as i64).collect();
        if !delays.is_empty() && text.contains("\"batch\"") {
            seen.delays.lock().await.extend(delays);
        }
    }
}

/// Where somebody writes. What comes back is read and forgotten: of whoever does not read the box takes leave.
type Pen = SplitSink<Socket, Message>;

async fn pen(who: &Visitor, path: &str, tasks: &mut JoinSet<()>) -> anyhow::Result<Pen> {
    let (pen, mut rest) = open(who, path).await?.split();
    tasks.spawn(async move { while let Some(Ok(_)) = rest.next().await {} });
    Ok(pen)
}

async fn say(socket: &mut Pen, id: u64, text: &str) -> anyhow::Result<()> {
    let request = json!({ "v": 1, "id": id, "op": "write", "text": text });
    Ok(socket.send(Message::text(request.to_string())).await?)
}

/// Pictures of the other that a page has decoded.
async fn decoded(page: &Page, other: &str) -> anyhow::Result<f64> {
    let video = format!("document.querySelector('[data-testid=tile][data-name=\"{other}\"] video')");
    let count = page.eval(&format!("return {video}.getVideoPlaybackQuality().totalVideoFrames")).await;
    count.as_f64().context("a page counts pictures")
}

/// What goes on in a window.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    Nothing,
    Writing,
    Flooded,
}

struct Scene {
    daemon: Daemon,
    pages: [Page; 2],
    start: Instant,
    seen: Arc<Seen>,
    viewers: usize,
    writers: Vec<Pen>,
    flooders: Vec<Pen>,
}

impl Scene {
    async fn window(&mut self, name: &'static str, load: Load, length: Duration) -> anyhow::Result<Window> {
        let process = u32::try_from(self.daemon.id().as_raw())?;
        self.seen.delays.lock().await.clear();
        self.seen.from.store(nanos(self.start), Ordering::Relaxed);
        let before = [decoded(&self.pages[0], "Bob").await?, decoded(&self.pages[1], "Ada").await?];
        let (busy, began) = (measure::cpu(process)?, Instant::now());
        let mut tasks = JoinSet::new();
        let (start, end) = (self.start, began + length);
        for (at, mut socket) in self.writers.drain(..).enumerate() {
            tasks.spawn(async move {
                let mut written = 0;
                let mut next = began + EVERY * at as u32 / 20;
                while load != Load::Nothing && next < end {
                    tokio::time::sleep_until(next.into()).await;
                    next += EVERY;
                    say(&mut socket, written + 1, &format!("stamp={}. and some more words", nanos(start))).await?;
                    written += 1;
                }
                anyhow::Ok((socket, written, true))
            });
        }
        for mut socket in self.flooders.drain(..) {
            tasks.spawn(async move {
                let mut n = 0;
                while load == Load::Flooded && Instant::now() < end {
                    n += 1;
                    // Where the box reads no more, this waits.
                    let sent = tokio::time::timeout_at(end.into(), say(&mut socket, n, "flood")).await;
                    // Nor does whoever floods stay for ever.
                    let Ok(Ok(())) = sent else { break };
                }
                anyhow::Ok((socket, 0, false))
            });
        }
        tokio::time::sleep_until(end.into()).await;
        let took = began.elapsed().as_secs_f64();
        let after = [decoded(&self.pages[0], "Bob").await?, decoded(&self.pages[1], "Ada").await?];
        let cpu = (measure::cpu(process)? - busy).as_secs_f64() / took;
        let mut written = 0;
        while let Some(done) = tasks.join_next().await {
            let (socket, count, writes) = done??;
            written += count as usize;
            if writes { self.writers.push(socket) } else { self.flooders.push(socket) }
        }
        let wanted = written * self.viewers;
        let late = Instant::now() + LATE;
        while self.seen.delays.lock().await.len() < wanted && Instant::now() < late {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let mut delays = self.seen.delays.lock().await.clone();
        delays.sort_unstable();
        let at = |part| if delays.is_empty() { 0.0 } else { measure::quantile(&delays, part) as f64 / 1e6 };
        Ok(Window {
            name,
            written,
            came: delays.len(),
            missing: wanted.saturating_sub(delays.len()),
            p50: at(0.5),
            p99: at(0.99),
            most: at(1.0),
            pictures: [0, 1].map(|page| (after[page] - before[page]) / took),
            cpu,
            memory: self.daemon.memory() as f64 / 1e6,
        })
    }
}

async fn open(who: &Visitor, path: &str) -> anyhow::Result<Socket> {
    who.dial(path, who.url(), None).await.map_err(|refused| anyhow::anyhow!("a socket is refused: {refused:?}"))
}

async fn run_all(options: &Options) -> anyhow::Result<Vec<Window>> {
    let state = tempfile::tempdir()?;
    let daemon = Daemon::start_with(&state, &[("PORCHLIGHT_CHAT__MAX_SOCKETS", "10000")]);
    let browser = Browser::start().await;
    let (ada, room) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let bob = people::guest(&browser, &daemon, "Bob", BOB, &people::invite(&ada).await).await;
    people::sees(&ada, "Bob", 4).await;
    people::sees(&bob, "Ada", 4).await;
    let room: Value = ada.eval(&format!("return fetch('/api/v1/rooms/{room}').then(r => r.json())")).await;
    let path = of_broadcast(room["broadcast"].as_str().context("a room has a broadcast")?);
    let nobody = Visitor::new(&daemon);
    let (start, seen) = (Instant::now(), Arc::<Seen>::default());
    let (writers, flooders) = (Vec::new(), Vec::new());
    let mut scene = Scene { daemon, pages: [ada, bob], start, seen, viewers: 0, writers, flooders };
    let length = Duration::from_secs_f64(options.seconds);
    let mut windows = vec![scene.window("the call alone", Load::Nothing, length).await?];

    let mut readers = JoinSet::new();
    for _ in 0..options.viewers.div_ceil(OPENED) {
        let some = OPENED.min(options.viewers - scene.viewers);
        let opened = futures_util::future::join_all((0..some).map(|_| open(&nobody, &path))).await;
        for socket in opened {
            readers.spawn(read(socket?, start, scene.seen.clone()));
            scene.viewers += 1;
        }
    }
    for n in 0..options.writers {
        scene.writers.push(pen(&nobody.named(&format!("Writer {n}")).await, &path, &mut readers).await?);
    }
    for n in 0..options.flooders {
        scene.flooders.push(pen(&nobody.named(&format!("Flooder {n}")).await, &path, &mut readers).await?);
    }
    windows.push(scene.window("all read, nobody writes", Load::Nothing, length).await?);
    windows.push(scene.window("some write", Load::Writing, length).await?);
    windows.push(scene.window("some write, others flood", Load::Flooded, length).await?);
    Ok(windows)
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    ensure!(has(&["chromium", "chromedriver", "ffmpeg"]), "the call needs two browsers");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let machine = report::here()?;
    let windows = runtime.block_on(run_all(options))?;
    println!(
        "{} viewers read; delays in ms, pictures a second of the call, CPUs and MB of the daemon\n",
        options.viewers
    );
    println!("| window | written | came | missing | p50 | p99 | most | pictures | CPU | MB |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for w in &windows {
        println!(
            "| {} | {} | {} | {} | {:.0} | {:.0} | {:.0} | {:.1}, {:.1} | {:.2} | {:.0} |",
            w.name, w.written, w.came, w.missing, w.p50, w.p99, w.most, w.pictures[0], w.pictures[1], w.cpu, w.memory
        );
    }
    write(&options.json, &Found { machine, viewers: options.viewers, windows })
}

fn write(path: &Path, found: &Found) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(std::fs::write(path, serde_json::to_vec_pretty(found)?)?)
}

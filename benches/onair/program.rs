//! What it costs to compose two people, beside one line of ffmpeg that does the same with the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use porchlight::model::rung::Rung;
use serde::Serialize;
use tokio::task::{JoinSet, LocalSet, spawn_blocking};

use super::material::{FPS, Material};
use super::viewers::players::{Counted, How, Job};
use super::{person, playlists};
use crate::fixture::daemon::Daemon;
use crate::measure::{self, Family, Role, Spread};

/// What is composed, and the sizes beside it.
const PROGRAM: (u32, u32) = (1280, 720);
const BITRATE: u32 = 2_500_000;
const RUNGS: [Rung; 2] = [Rung::P360, Rung::P144];
/// The tiles of two people on such a picture, as the box makes them (`proto/layout/grid.rs`).
const TILE: (u32, u32) = (616, 346);
const PLACES: [(u32, u32); 2] = [(16, 186), (648, 186)];
/// Until everything runs: decoders, encoders, the smaller pictures and those who read.
const WARM: Duration = Duration::from_secs(8);

/// What composes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Box,
    Ffmpeg,
}

/// One window of one way.
#[derive(Debug, Clone, Serialize)]
pub struct Window {
    pub way: Way,
    /// Lines of the pictures that come in.
    pub lines: u32,
    /// CPU seconds for a second of media: that many pictures of the program.
    pub cpu: f64,
    /// Pictures of the program a second.
    pub pictures: f64,
    /// CPU seconds for a second of media by the names of threads; those of the box alone.
    pub threads: BTreeMap<String, f64>,
    pub others: f64,
}

/// One size of what comes in.
#[derive(Debug, Serialize)]
pub struct Found {
    pub lines: u32,
    /// By [`Way`].
    pub cpu: [Spread; 2],
    pub pictures: [Spread; 2],
    pub ratio: Spread,
    /// The mean of all windows.
    pub threads: BTreeMap<String, f64>,
    pub windows: Vec<Window>,
}

/// Measures with people who send pictures of this size.
pub fn run((width, height): (u32, u32), bitrate: u32, rounds: usize, window: Duration) -> anyhow::Result<Found> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let folder = tempfile::tempdir()?;
        let material = Rc::new(Material::make(folder.path(), (width, height), bitrate)?);
        let mut windows = Vec::new();
        for round in 0..rounds {
            let mut order = [Way::Box, Way::Ffmpeg];
            // Each comes first in some round.
            order.rotate_left(round % 2);
            for way in order {
                windows.push(match way {
                    Way::Box => by_the_box(&material, window).await?,
                    Way::Ffmpeg => by_ffmpeg(&material, window).await?,
                });
            }
        }
        Ok(found(height, windows))
    })
}

async fn by_the_box(material: &Rc<Material>, window: Duration) -> anyhow::Result<Window> {
    let state = tempfile::tempdir()?;
    let rungs = RUNGS.map(|rung| rung.to_string()).join(", ");
    let keys = [("PORCHLIGHT_LADDER__RUNGS", rungs.as_str()), ("PORCHLIGHT_LADDER__SHARE", "100")];
    let daemon = Daemon::start_with(&state, &keys);
    let process = u32::try_from(daemon.id().as_raw())?;
    let mut tasks = JoinSet::new();
    let broadcast = person::on_air(&daemon, 2, material, &mut tasks).await?;
    let paths = playlists(&daemon, &broadcast).await?;
    ensure!(paths.len() == 2 + RUNGS.len(), "there is to be the picture, the sound, and {RUNGS:?}: {paths:?}");
    let read = How::Follow(paths.iter().map(|path| format!("/hls/{broadcast}/{path}")).collect());
    let seconds = (WARM + window + WARM / 4).as_secs_f64();
    let job = Job { to: daemon.listen().parse()?, connections: paths.len(), seconds, how: read };
    let readers = spawn_blocking(move || Role::start(&["players"])?.ask::<Counted>(&job));
    tokio::time::sleep(WARM).await;

    let (family, before) = (Family::watch()?, (pictures(&daemon).await?, threads(process)?, measure::cpu(process)?));
    tokio::time::sleep(window).await;
    let spent = measure::cpu(process)? - before.2;
    let after = threads(process)?;
    let made = pictures(&daemon).await? - before.0;
    let (others, _) = family.busy()?;
    let read = readers.await??;
    ensure!(read.statuses.keys().all(|status| *status == 200), "the box answers {:?}", read.statuses);
    drop(tasks);
    ensure!(daemon.stop().success(), "the daemon did not stop well");
    let media = made as f64 / f64::from(FPS);
    ensure!(media > 0.0, "nothing is composed");
    let of = |(name, time): (String, Duration)| {
        let spent = time.saturating_sub(before.1.get(&name).copied().unwrap_or_default());
        (name, spent.as_secs_f64() / media)
    };
    Ok(Window {
        way: Way::Box,
        lines: material.size.1,
        cpu: spent.as_secs_f64() / media,
        pictures: made as f64 / window.as_secs_f64(),
        threads: after.into_iter().map(of).collect(),
        others,
    })
}

/// Pictures of the program so far.
async fn pictures(daemon: &Daemon) -> anyhow::Result<u64> {
    let text = reqwest::get(daemon.metrics().await).await?.text().await?;
    let is = |line: &&str| {
        line.starts_with("porchlight_pipeline_frames_total{")
            && line.contains("\"video-encoder\"")
            && line.contains("\"out\"")
    };
    let line = text.lines().find(is).context("the encoder's pictures are counted")?;
    Ok(line.rsplit_once(' ').context("a line ends with a number")?.1.parse::<f64>()? as u64)
}

/// CPU time so far of all threads of a name; those that are numbered are one.
fn threads(process: u32) -> anyhow::Result<BTreeMap<String, Duration>> {
    let mut all = BTreeMap::new();
    for thread in fs::read_dir(format!("/proc/{process}/task"))?.flatten() {
        // One that ends right now is left out.
        let read = |file: &str| fs::read_to_string(thread.path().join(file)).unwrap_or_default();
        let nanos = read("schedstat").split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0);
        let name = read("comm").trim_end_matches(|last: char| last.is_ascii_digit() || last == '\n').to_owned();
        *all.entry(name).or_default() += Duration::from_nanos(nanos);
    }
    Ok(all)
}

/// ffmpeg, and the number of pictures that it has made. It ends when it is dropped.
struct Ffmpeg {
    child: Child,
    made: Arc<AtomicU64>,
}

impl Drop for Ffmpeg {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn by_ffmpeg(material: &Material, window: Duration) -> anyhow::Result<Window> {
    let ffmpeg = start(material)?;
    tokio::time::sleep(WARM / 2).await;
    let process = ffmpeg.child.id();
    let made = || ffmpeg.made.load(Ordering::Relaxed);
    let (family, before) = (Family::watch()?, (made(), measure::cpu(process)?));
    tokio::time::sleep(window).await;
    let spent = measure::cpu(process)? - before.1;
    let made = made() - before.0;
    let (others, _) = family.busy()?;
    ensure!(made > 0, "ffmpeg makes no pictures");
    Ok(Window {
        way: Way::Ffmpeg,
        lines: material.size.1,
        cpu: spent.as_secs_f64() * f64::from(FPS) / made as f64,
        pictures: made as f64 / window.as_secs_f64(),
        threads: BTreeMap::new(),
        others,
    })
}

/// Both people, who are the same here, side by side; the encoders as in `drivers/pipeline/describe.rs`.
fn start(material: &Material) -> anyhow::Result<Ffmpeg> {
    let scaled = |(width, height): (u32, u32)| format!("scale={width}:{height}:flags=bilinear");
    let tile = scaled(TILE);
    let [(left, up), (right, _)] = PLACES;
    let (across, down) = PROGRAM;
    let [middle, small] = RUNGS.map(|rung| scaled(rung.size()));
    let graph = format!(
        "[0:v]{tile},pad={across}:{down}:{left}:{up}[left];[1:v]{tile}[right];\
         [left][right]overlay=x={right}:y={up},fps={FPS},split=3[program][a][b];\
         [a]{middle}[middle];[b]{small}[small];[0:a][1:a]amix=inputs=2[sound]"
    );
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-nostdin", "-loglevel", "error", "-nostats", "-progress", "pipe:1"]);
    command.args(["-stats_period", "0.1", "-filter_complex_threads", "1"]);
    for _ in PLACES {
        command.args(["-threads", "1", "-re", "-stream_loop", "-1", "-i"]).arg(&material.file);
    }
    command.args(["-filter_complex", &graph]);
    let keyframes = 2 * FPS;
    for (picture, bitrate, sound) in
        [("[program]", BITRATE, true), ("[middle]", RUNGS[0].bitrate(), false), ("[small]", RUNGS[1].bitrate(), false)]
    {
        let (rate, buffer, keyframes) = (bitrate.to_string(), (bitrate / 2).to_string(), keyframes.to_string());
        command.args(["-map", picture, "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"]);
        command.args(["-profile:v", "baseline", "-bf", "0", "-threads", "2", "-g", &keyframes]);
        command.args(["-b:v", &rate, "-maxrate", &rate, "-bufsize", &buffer]);
        if sound {
            command.args(["-map", "[sound]", "-c:a", "aac", "-b:a", "128k"]);
        }
        command.args(["-f", "mp4", "-movflags", "frag_keyframe+empty_moov", "-y", "/dev/null"]);
    }
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let lines = BufReader::new(child.stdout.take().context("its output is piped")?).lines();
    let made = Arc::new(AtomicU64::new(0));
    let counts = made.clone();
    std::thread::spawn(move || {
        let frames = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("frame=")?.trim().parse().ok());
        frames.for_each(|frame| counts.store(frame, Ordering::Relaxed));
    });
    Ok(Ffmpeg { child, made })
}

fn found(lines: u32, windows: Vec<Window>) -> Found {
    let of = |way| windows.iter().filter(move |window| window.way == way);
    let both = |figure: fn(&Window) -> f64| [Way::Box, Way::Ffmpeg].map(|way| Spread::of(of(way).map(figure)));
    let mut threads = BTreeMap::<String, f64>::new();
    let count = of(Way::Box).count() as f64;
    for (name, cpu) in of(Way::Box).flat_map(|window| &window.threads) {
        *threads.entry(name.clone()).or_default() += cpu / count;
    }
    Found {
        lines,
        cpu: both(|window| window.cpu),
        pictures: both(|window| window.pictures),
        ratio: Spread::of(of(Way::Box).zip(of(Way::Ffmpeg)).map(|(ours, plain)| ours.cpu / plain.cpu)),
        threads,
        windows,
    }
}

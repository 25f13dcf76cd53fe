//! Being on air: how late those who watch see it, what a program costs, and what viewers cost; each figure beside something that
//! does the same in the same run.

mod latency;
pub mod material;
pub mod person;
mod program;
mod report;
mod viewers;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::ValueEnum;

pub use viewers::players::run as players;

use crate::fixture::daemon::Daemon;
use crate::fixture::{self, DEADLINE};

#[derive(clap::Args)]
pub struct Options {
    /// What is measured
    #[arg(long, value_delimiter = ',', default_value = "latency,program,viewers")]
    only: Vec<Part>,
    /// Rounds; everything that is compared is measured once in a round
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds that one thing is measured in a round; of viewers half as many
    #[arg(long, default_value_t = 8.0)]
    seconds: f64,
    /// Connections that ask for what there is as fast as it comes
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Viewers who follow what is on air, each with a connection for the picture and one for the sound
    #[arg(long, default_value_t = 400)]
    watching: usize,
    /// Where all figures are written to
    #[arg(long, default_value = "target/bench/onair.json")]
    json: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// From a camera to the picture in Chromium, by WHEP and LL-HLS, beside a connection without the box
    Latency,
    /// CPU time of composing two people with two smaller pictures, beside one line of ffmpeg
    Program,
    /// CPU time of viewers by LL-HLS, and how many requests are answered, beside nginx with the same bytes
    Viewers,
}

/// What people send in the program: pixels, and bits a second as web/src/client/layers.ts has them. A browser is asked for the
/// smallest that fills its tile; one that has a single size sends that.
const CAMERAS: [((u32, u32), u32); 2] = [((640, 360), 400_000), ((1280, 720), 1_700_000)];

pub fn run(options: &Options) -> anyhow::Result<()> {
    let has = |part| options.only.contains(&part);
    let window = Duration::from_secs_f64(options.seconds);
    let mut report = report::Report::new()?;
    if has(Part::Latency) && fixture::has(&["chromium", "chromedriver", "ffmpeg"]) {
        report.latency(latency::run(options.rounds, window)?);
    }
    if has(Part::Program) && fixture::has(&["ffmpeg"]) {
        for (size, bitrate) in CAMERAS {
            report.program(program::run(size, bitrate, options.rounds, window)?);
        }
    }
    if has(Part::Viewers) && fixture::has(&["ffmpeg"]) {
        report.viewers(viewers::run(options.rounds, window / 2, options.connections, options.watching)?);
    }
    report.end(&options.json)
}

/// The paths of all playlists of a broadcast, below `/hls/<broadcast>/`, once there is something to play.
async fn playlists(daemon: &Daemon, broadcast: &str) -> anyhow::Result<BTreeSet<String>> {
    let end = Instant::now() + DEADLINE;
    loop {
        let answer = reqwest::get(format!("{}/hls/{broadcast}/index.m3u8", daemon.url)).await?;
        let index = if answer.status() == 200 { answer.text().await? } else { String::new() };
        let named = index.lines().filter_map(|line| line.split("URI=\"").nth(1)?.split('"').next());
        let listed = index.lines().filter(|line| !line.starts_with('#'));
        let all: BTreeSet<_> = named.chain(listed).map(str::to_owned).collect();
        if all.iter().any(|path| path.ends_with("/video/index.m3u8")) {
            return Ok(all);
        }
        ensure!(Instant::now() < end, "there is nothing to play: {index}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

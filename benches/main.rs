//! Measures what Porchlight costs. `script/bench` builds it for release and runs it; docs/performance.md says what was found.

#![allow(clippy::unwrap_used, reason = "a measurement that panics says what is wrong")]

mod chat;
mod daemon;
#[path = "../tests/it/fixture/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use the rest")]
mod fixture;
mod forward;
mod measure;
mod onair;
mod report;
mod sfu;
mod srtp;
mod start;

use std::io::BufRead;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

#[derive(Parser)]
#[command(name = "script/bench", about = "Measures what Porchlight costs", version)]
struct Cli {
    #[command(subcommand)]
    what: What,
    /// What cargo gives to every bench.
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum What {
    /// Forwarding in calls: CPU and delay beside a bare sendmmsg loop; memory, start, first picture in Chromium
    Forward(Forward),
    /// Forwarding in calls beside Debian's janus and a bare sendmmsg loop: CPU, memory, delay at half load
    Sfu(Sfu),
    /// Being on air: latency by a clock in the picture, CPU of a program beside ffmpeg, viewers by LL-HLS beside nginx
    Onair(onair::Options),
    /// A chat that thousands read, beside a call: how late they read, and the pictures of the call
    Chat(chat::Options),
    /// How soon the daemon answers and shows a picture, how large it is on the disk and in memory
    Start(start::Options),
    /// Encryption: what each SRTP profile costs, with and without the CPU's instructions for it
    Srtp {
        /// Rounds; both ways are measured once in each
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Packets of each size and profile in a round
        #[arg(long, default_value_t = 200_000)]
        packets: u32,
    },
    #[command(hide = true)]
    Ciphers {
        #[arg(long)]
        packets: u32,
    },
    #[command(hide = true)]
    Worker { peers: forward::worker::Peers, threads: usize },
    #[command(hide = true)]
    Players,
    #[command(hide = true)]
    Bare { sending: forward::bare::Sending },
}

#[derive(clap::Args)]
struct Forward {
    /// What is measured
    #[arg(long, value_delimiter = ',', default_value = "packets,memory,start,picture")]
    only: Vec<Part>,
    /// Numbers of subscribers
    #[arg(long, value_delimiter = ',', default_value = "10,30,60")]
    subscribers: Vec<usize>,
    /// Rounds; every way of forwarding is measured once in a round
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds that one way of forwarding is measured in a round
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Threads of the box's side; 0 for as many as the daemon takes
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Where all figures are written to
    #[arg(long, default_value = "target/bench/forward.json")]
    json: PathBuf,
}

#[derive(clap::Args)]
struct Sfu {
    /// Numbers of subscribers
    #[arg(long, value_delimiter = ',', default_value = "10,30")]
    subscribers: Vec<usize>,
    /// Rounds; every server is measured once in a round
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds that one server is measured in a round
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Where all figures are written to
    #[arg(long, default_value = "target/bench/sfu.json")]
    json: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// CPU time of a million packets and the delay, beside the bare loop
    Packets,
    /// Resident memory: idle, for each participant, for each viewer
    Memory,
    /// From the start of the process to the first answer
    Start,
    /// From the click to the first picture in Chromium
    Picture,
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().what {
        What::Forward(options) => forward(&options),
        What::Sfu(options) => sfu(&options),
        What::Onair(options) => onair::run(&options),
        What::Chat(options) => chat::run(&options),
        What::Start(options) => start::run(&options),
        What::Srtp { rounds, packets } => srtp::run(rounds, packets),
        What::Ciphers { packets } => srtp::measure(packets),
        What::Worker { peers, threads } => forward::worker::run(peers, threads, std::io::stdin().lock().lines()),
        What::Players => onair::players(),
        What::Bare { sending } => forward::bare::run(sending),
    }
}

fn forward(options: &Forward) -> anyhow::Result<()> {
    let has = |part| options.only.contains(&part);
    let mut report = report::Report::new()?;
    if has(Part::Packets) {
        let window = Duration::from_secs_f64(options.seconds);
        for &subscribers in &options.subscribers {
            report.packets(forward::run((subscribers, options.threads), options.rounds, window)?);
        }
    }
    if has(Part::Memory) {
        report.memory(daemon::memory()?);
    }
    if has(Part::Start) {
        report.start(daemon::starts(options.rounds)?);
    }
    if has(Part::Picture) && fixture::has(&["chromium", "chromedriver", "ffmpeg"]) {
        report.pictures(daemon::pictures(options.rounds)?);
    }
    report.end(&options.json)
}

fn sfu(options: &Sfu) -> anyhow::Result<()> {
    let mut report = sfu::report::Report::new()?;
    let window = Duration::from_secs_f64(options.seconds);
    for &subscribers in &options.subscribers {
        report.add(sfu::run(subscribers, options.rounds, window)?);
    }
    report.end(&options.json)
}

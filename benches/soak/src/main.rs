//! What a daemon holds after many have come and gone, and while many are there: `script/soak` builds both and runs this.

mod daemon;
mod line;
mod person;
mod program;
mod recordings;

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Parser, ValueEnum};

use daemon::{Daemon, Holds};
use line::Login;
use person::{Camera, Counted, Person};

/// What must hold. Memory in megabytes.
const MEMORY: f64 = 12.0;
const THREADS: u64 = 2;
const FILES: u64 = 4;
/// Megabytes that a call may grow by in an hour, by the slope of its second half.
const GROWS: f64 = 30.0;
/// Part of the packets that may get lost on loopback.
const LOST: f64 = 0.001;
/// People who come and go at one time, and how long each stays.
const AT_ONCE: usize = 5;
const STAY: Duration = Duration::from_secs(1);
/// What belongs to people who left is gone by then.
const REST: Duration = Duration::from_secs(15);
/// How often a call is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// After this, everybody's slots are bound and caches are full.
const SETTLE: Duration = Duration::from_secs(20);
/// One login has at most eight seats.
const SEATS: usize = 4;

#[derive(Parser)]
#[command(name = "script/soak", about = "Many who come and go, and many who stay", version)]
struct Options {
    /// The daemon to run
    #[arg(long, hide = true)]
    daemon: PathBuf,
    /// What is done
    #[arg(long, value_delimiter = ',', default_value = "joins,call,kills,power,program")]
    only: Vec<Part>,
    /// How often the daemon is killed while it records
    #[arg(long, default_value_t = 50)]
    kills: u32,
    /// How often the power goes while it records
    #[arg(long, default_value_t = 20)]
    cuts: u32,
    /// How many join and leave again
    #[arg(long, default_value_t = 300)]
    joins: usize,
    /// How many are in the call
    #[arg(long, default_value_t = 25)]
    people: usize,
    /// How long the call, and the program, last
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Layers of each camera, 1 to 3
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=3))]
    layers: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Joining and leaving
    Joins,
    /// A call
    Call,
    /// Recordings of a daemon that is killed
    Kills,
    /// Recordings on a disk that loses its power; for root alone
    Power,
    /// A program of four people with everything that can be made of it
    Program,
}

/// What is not as it must be.
type Misses = Vec<String>;

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(misses) if misses.is_empty() => {
            println!("\nEverything is within its limits.");
            ExitCode::SUCCESS
        }
        Ok(misses) => {
            println!();
            for miss in misses {
                println!("FAILED: {miss}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("script/soak: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> anyhow::Result<Misses> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut misses = Vec::new();
        if options.only.contains(&Part::Joins) {
            misses.extend(joins(options).await?);
        }
        if options.only.contains(&Part::Call) {
            misses.extend(call(options).await?);
        }
        if options.only.contains(&Part::Kills) {
            misses.extend(recordings::kills(&options.daemon, options.kills).await?);
        }
        if options.only.contains(&Part::Power) {
            misses.extend(recordings::power(&options.daemon, options.cuts).await?);
        }
        if options.only.contains(&Part::Program) {
            misses.extend(program::program(&options.daemon, options.minutes).await?);
        }
        Ok(misses)
    })
}

/// A daemon, its first room, and as many guests as are needed for so many seats.
async fn begin(options: &Options, seats: usize) -> anyhow::Result<(Daemon, String, Vec<Login>)> {
    let daemon = Daemon::start(&options.daemon)?;
    let owner = Login::owner(&daemon.url, &daemon.owner).await?;
    let (room, invite) = owner.room().await?;
    let mut logins = Vec::new();
    for number in 0..seats.div_ceil(SEATS) {
        logins.push(Login::guest(&daemon.url, &invite, &format!("Guest {number}")).await?);
    }
    Ok((daemon, room, logins))
}

async fn joins(options: &Options) -> anyhow::Result<Misses> {
    let (daemon, room, logins) = begin(options, AT_ONCE).await?;
    println!("{} join and leave, {AT_ONCE} at a time\n", options.joins);
    println!("| joined | MB | of no file | threads | files |\n|---|---|---|---|---|");
    let mut base = None;
    let (mut joined, mut failed) = (0, Vec::new());
    // Twenty before anything is compared: caches and pools have their size then.
    let warm = 20.min(options.joins / 3);
    while joined < options.joins {
        let mut people = Vec::new();
        for place in 0..AT_ONCE {
            let number = u32::try_from(joined + place)?;
            match Person::join(&logins[place / SEATS], &room, number, 1, Camera::Layers(options.layers.into())).await {
                Ok(person) => people.push(person),
                Err(error) => failed.push(format!("person {number} does not get in: {error:#}")),
            }
        }
        tokio::time::sleep(STAY).await;
        for person in people {
            person.leave().await?;
        }
        joined += AT_ONCE;
        if base.is_none() && joined >= warm {
            tokio::time::sleep(REST).await;
            let holds = daemon.holds()?;
            row(joined, &holds);
            base = Some(holds);
        } else if joined.is_multiple_of(50) {
            row(joined, &daemon.holds()?);
        }
    }
    tokio::time::sleep(REST).await;
    let (base, end) = (base.context("some have joined")?, daemon.holds()?);
    row(joined, &end);
    let mut misses = failed;
    let grown = (end.memory as f64 - base.memory as f64) / 1e6;
    if grown > MEMORY {
        misses.push(format!("memory has grown by {grown:.1} MB, the limit is {MEMORY}"));
    }
    for (what, before, after, limit) in
        [("threads", base.threads, end.threads, THREADS), ("open files", base.files, end.files, FILES)]
    {
        if after > before + limit {
            misses.push(format!("{before} {what} have become {after}"));
        }
    }
    misses.extend(daemon.complaints().into_iter().map(|line| format!("the daemon wrote: {line}")));
    daemon.stop()?;
    Ok(misses)
}

fn row(joined: usize, holds: &Holds) {
    let (memory, anonymous) = (holds.memory as f64 / 1e6, holds.anonymous as f64 / 1e6);
    println!("| {joined} | {memory:.1} | {anonymous:.1} | {} | {} |", holds.threads, holds.files);
}

async fn call(options: &Options) -> anyhow::Result<Misses> {
    let (daemon, room, logins) = begin(options, options.people).await?;
    let count = u32::try_from(options.people)?;
    println!("\n{count} people for {} min, {} layers each\n", options.minutes, options.layers);
    let idle = daemon.holds()?;
    let mut people = Vec::new();
    for number in 0..count {
        let login = &logins[number as usize / SEATS];
        let camera = Camera::Layers(options.layers.into());
        let person = Person::join(login, &room, number, count, camera).await;
        people.push(person.with_context(|| format!("person {number} does not get in"))?);
    }
    tokio::time::sleep(SETTLE).await;
    println!(
        "| s | MB | CPUs | threads | packets/s in | out | lost of them | not taken/s | dropped |\n|---|---|---|---|---|---|---|---|---|"
    );
    let began = Instant::now();
    let (mut last, mut before) = (daemon.holds()?, Sum::of(&people));
    let first = before;
    let (mut looks, mut at) = (vec![(0.0, last.memory as f64)], began);
    while began.elapsed().as_secs_f64() < options.minutes * 60.0 {
        tokio::time::sleep(LOOK).await;
        let (holds, sum, seconds) = (daemon.holds()?, Sum::of(&people), at.elapsed().as_secs_f64());
        at = Instant::now();
        let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
        println!(
            "| {:.0} | {:.1} | {:.2} | {} | {:.0} | {:.0} | {:.3} % | {:.0} | {} |",
            began.elapsed().as_secs_f64(),
            holds.memory as f64 / 1e6,
            (holds.cpu - last.cpu) / seconds,
            holds.threads,
            rate(sum.sent, before.sent),
            rate(sum.received, before.received),
            100.0 * sum.lost(&before),
            rate(sum.untaken, before.untaken),
            sum.dropped,
        );
        looks.push((began.elapsed().as_secs_f64(), holds.memory as f64));
        (last, before) = (holds, sum);
    }
    let sum = Sum::of(&people);
    let each = (last.memory as f64 - idle.memory as f64) / 1e6 / f64::from(count);
    let (videos, sounds) = (sum.videos as f64 / f64::from(count), sum.sounds as f64 / f64::from(count));
    println!(
        "\n{each:.2} MB for each of them; each was shown {videos:.1} videos and heard {sounds:.1} sounds, all slots counted."
    );
    for person in people {
        // Whoever was dropped is counted already.
        let _ = person.leave().await;
    }
    let mut misses = Vec::new();
    let grows = slope(&looks[looks.len() / 2..]) * 3600.0 / 1e6;
    if grows > GROWS {
        misses.push(format!("memory grows by {grows:.1} MB an hour, the limit is {GROWS}"));
    }
    if sum.lost(&first) > LOST {
        misses.push(format!(
            "{:.2} % of the packets were lost, the limit is {}",
            100.0 * sum.lost(&first),
            100.0 * LOST
        ));
    }
    let untaken = sum.untaken.saturating_sub(first.untaken) as f64 / (sum.received - first.received).max(1) as f64;
    if untaken > LOST {
        misses.push(format!("this machine was too slow for so many people: {:.1} % was not taken", 100.0 * untaken));
    }
    if sum.dropped > 0 {
        misses.push(format!("{} of {count} were dropped", sum.dropped));
    }
    if sum.received == first.received {
        misses.push("nobody received anything".to_owned());
    }
    misses.extend(daemon.complaints().into_iter().map(|line| format!("the daemon wrote: {line}")));
    daemon.stop()?;
    Ok(misses)
}

/// Datagrams that the kernel threw away because the people here were too slow to read them: no fault of the box.
fn untaken() -> u64 {
    let files = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let links = files.filter_map(|file| fs::read_link(file.path()).ok());
    let ours: HashSet<String> = links
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned()))
        .collect();
    let table = fs::read_to_string("/proc/self/net/udp").unwrap_or_default();
    let of = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        ours.contains(*fields.get(9)?).then(|| fields.get(12)?.parse::<u64>().ok()).flatten()
    };
    table.lines().skip(1).filter_map(of).sum()
}

/// What all people together have counted.
#[derive(Clone, Copy)]
struct Sum {
    sent: u64,
    received: u64,
    missing: u64,
    videos: u64,
    sounds: u64,
    dropped: usize,
    untaken: u64,
}

impl Sum {
    fn of(people: &[Person]) -> Self {
        let all = |field: fn(&Counted) -> &std::sync::atomic::AtomicU64| {
            people.iter().map(|person| field(&person.counted).load(Ordering::Relaxed)).sum()
        };
        Self {
            sent: all(|counted| &counted.sent),
            received: all(|counted| &counted.received),
            missing: all(|counted| &counted.missing),
            videos: all(|counted| &counted.videos),
            sounds: all(|counted| &counted.sounds),
            untaken: untaken(),
            dropped: people.iter().filter(|person| person.dropped.load(Ordering::Relaxed)).count(),
        }
    }

    /// Part of what was to be received since then that did not come, besides what was not taken.
    fn lost(&self, since: &Self) -> f64 {
        let (missing, received) = (self.missing - since.missing, self.received - since.received);
        let missing = missing.saturating_sub(self.untaken.saturating_sub(since.untaken));
        missing as f64 / ((missing + received) as f64).max(1.0)
    }
}

/// What is added in a second, by the line that fits best.
fn slope(looks: &[(f64, f64)]) -> f64 {
    let count = looks.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| looks.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|look| look.0), mean(|look| look.1));
    let (mut above, mut below) = (0.0, 0.0);
    for look in looks {
        above += (look.0 - x) * (look.1 - y);
        below += (look.0 - x).powi(2);
    }
    if below > 0.0 { above / below } else { 0.0 }
}

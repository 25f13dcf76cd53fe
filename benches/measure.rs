//! What the kernel says of processes, and what is made of many figures.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::{Serialize, de::DeserializeOwned};

/// A process that was started with one of our own roles, and its lines.
pub struct Role {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Role {
    pub fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("its output is piped")?;
        Ok(Self { child, lines: BufReader::new(stdout).lines() })
    }

    /// Sends a line and waits for the next.
    pub fn ask<A: DeserializeOwned>(&mut self, question: &impl Serialize) -> anyhow::Result<A> {
        let stdin = self.child.stdin.as_mut().context("its input is piped")?;
        writeln!(stdin, "{}", serde_json::to_string(question)?)?;
        let line = self.lines.next().context("a part of the measurement ended early")??;
        Ok(serde_json::from_str(&line)?)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time of all threads of a process so far, in the kernel and outside.
pub fn cpu(process: u32) -> anyhow::Result<Duration> {
    let mut total = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let stat = fs::read_to_string(thread?.path().join("schedstat"))?;
        let nanos = stat.split(' ').next().context("schedstat begins with the time on the CPU")?;
        total += Duration::from_nanos(nanos.parse()?);
    }
    Ok(total)
}

/// Part of the process's CPU time so far that was spent in the kernel.
pub fn in_kernel(process: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after = stat.rsplit_once(") ").context("stat has a name")?.1;
    let ticks: u64 = after.split(' ').nth(12).context("stat has the kernel's time")?.parse()?;
    // USER_HZ is 100 on every architecture that Linux runs on today.
    Ok(Duration::from_millis(ticks * 10))
}

/// Resident memory of a process in bytes: all of it, and the part that is its own and no file's.
pub fn memory(process: u32) -> anyhow::Result<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| kib * 1024)
    };
    Ok((field("VmRSS:").context("no VmRSS")?, field("RssAnon:").context("no RssAnon")?))
}

/// Watches how much of the machine others use while we measure.
pub struct Machine {
    since: Instant,
    busy: Duration,
    ours: Duration,
    processes: Vec<u32>,
}

impl Machine {
    /// From now on; `processes` are ours besides this one.
    pub fn watch(processes: Vec<u32>) -> anyhow::Result<Self> {
        let (busy, ours) = (busy()?, all(&processes)?);
        Ok(Self { since: Instant::now(), busy, ours, processes })
    }

    /// CPUs that others kept busy since, on average.
    pub fn others(&self) -> anyhow::Result<f64> {
        let others =
            (busy()?.saturating_sub(self.busy)).saturating_sub(all(&self.processes)?.saturating_sub(self.ours));
        Ok(others.as_secs_f64() / self.since.elapsed().as_secs_f64())
    }
}

fn all(processes: &[u32]) -> anyhow::Result<Duration> {
    processes.iter().try_fold(cpu(std::process::id())?, |sum, process| Ok(sum + cpu(*process)?))
}

fn busy() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    let mut ticks = stat.lines().next().context("no CPU")?.split_ascii_whitespace().skip(1).map(str::parse::<u64>);
    let mut next = || ticks.next().context("a CPU has eight times").and_then(|ticks| Ok(ticks?));
    let (user, nice, system, _idle, _waiting) = (next()?, next()?, next()?, next()?, next()?);
    let (irq, softirq, steal) = (next()?, next()?, next()?);
    Ok(Duration::from_millis((user + nice + system + irq + softirq + steal) * 10))
}

/// The median and the spread of some figures.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let at = |part: f64| {
            figures.get(((figures.len() as f64 - 1.0) * part).round() as usize).copied().unwrap_or(f64::NAN)
        };
        Self { median: at(0.5), least: at(0.0), most: at(1.0) }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = f.precision().unwrap_or(1);
        write!(f, "{:.digits$} ({:.digits$} to {:.digits$})", self.median, self.least, self.most)
    }
}

/// The figure below which this part of a sorted list is.
pub fn quantile(sorted: &[i64], part: f64) -> i64 {
    let at = ((sorted.len() as f64 - 1.0) * part).round().max(0.0) as usize;
    sorted.get(at).copied().unwrap_or_default()
}

/// Watches how much of the machine this process takes with all that it started, and how much others do.
pub struct Family {
    since: Instant,
    busy: Duration,
    ours: Duration,
}

impl Family {
    pub fn watch() -> anyhow::Result<Self> {
        let (busy, ours) = (busy()?, family()?);
        Ok(Self { since: Instant::now(), busy, ours })
    }

    /// CPUs that others and we kept busy since, on average. What a process of ours took that has ended meanwhile counts as others'.
    pub fn busy(&self) -> anyhow::Result<(f64, f64)> {
        let ours = family()?.saturating_sub(self.ours);
        let others = busy()?.saturating_sub(self.busy).saturating_sub(ours);
        let took = self.since.elapsed().as_secs_f64();
        Ok((others.as_secs_f64() / took, ours.as_secs_f64() / took))
    }
}

/// CPU time of this process and of all below it so far.
fn family() -> anyhow::Result<Duration> {
    cpu_with_children(std::process::id())
}

/// CPU time so far of a process and of all that it started and that still run.
pub fn cpu_with_children(process: u32) -> anyhow::Result<Duration> {
    let numbers = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parents: BTreeMap<u32, u32> = numbers.filter_map(|one| Some((one, parent(one)?))).collect();
    let belongs = |mut one: u32| {
        while one != process {
            match parents.get(&one) {
                Some(parent) => one = *parent,
                None => return false,
            }
        }
        true
    };
    // One that ends right now is not counted.
    Ok(parents.keys().filter(|one| belongs(**one)).filter_map(|one| cpu(*one).ok()).sum())
}

fn parent(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

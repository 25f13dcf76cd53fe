//! Recordings that are cut off: the daemon is killed at some moment, or the disk loses its power, and the next start finishes what is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail, ensure};
use serde_json::json;
use tempfile::TempDir;

use crate::Misses;
use crate::daemon::Daemon;
use crate::line::Login;

/// Seconds of what was on air that may be missing.
const MISSING: f64 = 2.0;
/// The box alone, on a picture that two cores have no trouble with.
const SETTINGS: [(&str, &str); 6] = [
    ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
    ("PORCHLIGHT_ENDPOINT__WIDTH", "640"),
    ("PORCHLIGHT_ENDPOINT__HEIGHT", "360"),
    ("PORCHLIGHT_ENDPOINT__FPS", "25"),
    ("PORCHLIGHT_LADDER__RUNGS", ""),
    ("PORCHLIGHT_RECORDINGS__MIN_FREE_GIGABYTES", "0"),
];
/// It is cut off so many milliseconds after it began, or up to so many later.
const AFTER: u64 = 2_500;
const WITHIN: u64 = 4_000;
/// What is waited for is there by then.
const DEADLINE: Duration = Duration::from_secs(60);
/// Megabytes of a disk whose power goes.
const DISK: u64 = 256;

/// A recording that was going on.
struct Cut {
    id: String,
    /// Seconds that the box said are written.
    told: f64,
    /// When its file had grown to so many bytes.
    grown: Vec<(Instant, u64)>,
    at: Instant,
}

impl Cut {
    /// Seconds between the write that made it this long and the cut: what came meanwhile is missing, beside what is still mixed then.
    fn missing(&self, bytes: u64) -> f64 {
        let written = self.grown.iter().find(|(_, grown)| *grown >= bytes);
        written.map_or(f64::INFINITY, |(written, _)| self.at.duration_since(*written).as_secs_f64())
    }
}

/// Numbers that look random (a linear congruential generator).
struct Moments(u64);

impl Moments {
    fn new() -> Self {
        Self(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64))
    }

    fn next(&mut self) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis(AFTER + (self.0 >> 33) % WITHIN)
    }
}

/// Kills the daemon so often while it records.
pub async fn kills(program: &Path, count: u32) -> anyhow::Result<Misses> {
    println!("\n{count} recordings of a daemon that is killed\n");
    let folder = tempfile::tempdir()?;
    let state = folder.path().to_owned();
    cut_off(program, count, &state, |daemon| daemon.kill()).await
}

/// Takes the power away so often while it records: what was only in memory is gone.
pub async fn power(program: &Path, count: u32) -> anyhow::Result<Misses> {
    println!("\n{count} recordings on a disk (ext4) that loses its power\n");
    let mut disk = Disk::make()?;
    let state = disk.folder.path().join("disk/state");
    fs::create_dir(&state)?;
    cut_off(program, count, &state, |daemon| {
        daemon.freeze()?;
        disk.lose_power(|| daemon.kill())
    })
    .await
}

async fn cut_off(
    program: &Path,
    count: u32,
    state: &Path,
    mut cut: impl FnMut(Daemon) -> anyhow::Result<()>,
) -> anyhow::Result<Misses> {
    let (mut moments, mut misses, mut missing) = (Moments::new(), Vec::new(), Vec::new());
    let mut last: Option<Cut> = None;
    println!("| recording | said to be written, s | found, s | missing, s |\n|---|---|---|---|");
    for number in 0..=count {
        let daemon = Daemon::start_in(program, state, &SETTINGS)?;
        let owner = Login::owner(&daemon.url, &daemon.owner).await?;
        if let Some(last) = &last {
            let found = found(&owner, state, last).await;
            match found {
                Ok((found, bytes)) => {
                    let lost = last.missing(bytes);
                    println!("| {number} | {:.2} | {found:.2} | {lost:.2} |", last.told);
                    missing.push(lost);
                    if lost > MISSING || found < last.told - 0.1 {
                        misses.push(format!("recording {number}: {lost:.2} s are missing, {MISSING} may be"));
                    }
                }
                Err(error) => misses.push(format!("recording {number}: {error:#}")),
            }
        }
        if number == count {
            daemon.stop()?;
            break;
        }
        let (room, _) = owner.room().await?;
        let mut line = owner.join(&room, "Ada").await?;
        line.ask("go_live", json!({ "record": true })).await?;
        let mut recorded = record(&owner, state, moments.next()).await?;
        recorded.at = Instant::now();
        cut(daemon)?;
        last = Some(recorded);
    }
    missing.sort_by(f64::total_cmp);
    if let Some((middle, most)) = missing.get(missing.len() / 2).zip(missing.last()) {
        println!("\n{middle:.2} s are missing in the middle, {most:.2} s at most.");
    }
    Ok(misses)
}

/// Waits until something is recorded, and so long more, with an eye on how its file grows.
async fn record(owner: &Login, state: &Path, time: Duration) -> anyhow::Result<Cut> {
    let began = Instant::now();
    let (mut grown, mut cut_at) = (Vec::new(), None);
    loop {
        let all = owner.get("/api/v1/recordings").await?;
        let now = began.elapsed();
        let newest = &all["recordings"][0];
        let told = newest["duration"].as_f64().unwrap_or(0.0) / 1000.0;
        let id = newest["id"].as_str().unwrap_or_default().to_owned();
        let file = state.join("recordings").join(format!("{id}.part.mp4"));
        let bytes = fs::metadata(file).map_or(0, |file| file.len());
        if grown.last().is_none_or(|(_, before)| bytes > *before) {
            grown.push((Instant::now(), bytes));
        }
        if newest["state"] == "recording" && told > 0.0 {
            let at = *cut_at.get_or_insert(now + time);
            if now >= at {
                return Ok(Cut { id, told, grown, at: Instant::now() });
            }
        }
        ensure!(now < DEADLINE, "nothing is recorded: {all}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// How long what was found of it is, in seconds: it can be played to its end; and how many bytes of it had been written.
async fn found(owner: &Login, state: &Path, cut: &Cut) -> anyhow::Result<(f64, u64)> {
    let all = owner.get("/api/v1/recordings").await?;
    let all = all["recordings"].as_array().context("a list")?;
    let recording = all.iter().find(|one| one["id"] == *cut.id).context("it is gone")?;
    ensure!(recording["state"] == "recovered", "it is {}", recording["state"]);
    let video = state.join("recordings").join(format!("{}.mp4", cut.id));
    let (length, _) = run(Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "format=duration", "-of"])
        .arg("csv=p=0")
        .arg(&video))?;
    let decoded = ["-fps_mode", "passthrough", "-enc_time_base", "1:90000", "-f", "null", "-"];
    let (_, complaints) =
        run(Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-i"]).arg(&video).args(decoded))?;
    ensure!(complaints.is_empty(), "ffmpeg: {complaints}");
    let (length, said): (f64, _) = (length.trim().parse()?, recording["duration"].as_f64().unwrap_or(0.0) / 1000.0);
    ensure!((length - said).abs() < 0.1, "the box says {said} s, ffprobe {length} s");
    // The header of the large `mdat` behind `ftyp` says how far it goes.
    let bytes = fs::read(&video)?;
    let ftyp = bytes.first_chunk::<4>().map(|size| u32::from_be_bytes(*size) as usize).context("it is empty")?;
    let mdat = bytes.get(ftyp + 8..).and_then(|rest| rest.first_chunk::<8>()).context("it has no media")?;
    Ok((length, ftyp as u64 + u64::from_be_bytes(*mdat)))
}

/// Runs a program, which has to end well; its output and its complaints.
pub fn run(command: &mut Command) -> anyhow::Result<(String, String)> {
    let output = command.output().with_context(|| format!("{command:?} does not start"))?;
    let [out, complaints] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    if !output.status.success() {
        bail!("{command:?}: {}", complaints.trim());
    }
    Ok((out, complaints))
}

/// A disk in a file, with a file system of the kernel's. What was written to the file system but not yet to the disk is in memory; what of
/// it is in the file is what a disk would have had when its power went.
struct Disk {
    folder: TempDir,
    /// Counts the files.
    number: u32,
}

impl Disk {
    fn make() -> anyhow::Result<Self> {
        let disk = Self { folder: tempfile::tempdir()?, number: 0 };
        fs::File::create(disk.image())?.set_len(DISK << 20)?;
        run(Command::new("mkfs.ext4").arg("-q").arg(disk.image()))?;
        fs::create_dir(disk.at())?;
        disk.mount()?;
        Ok(disk)
    }

    fn at(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join(format!("{}.img", self.number))
    }

    fn mount(&self) -> anyhow::Result<()> {
        run(Command::new("mount").args(["-o", "loop"]).arg(self.image()).arg(self.at()))
            .context("a disk can't be made; this part needs root and loop devices")?;
        Ok(())
    }

    /// What is on the disk at this moment is all that is left of it. `end` ends who uses it.
    fn lose_power(&mut self, end: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
        let before = self.image();
        self.number += 1;
        run(Command::new("cp").arg("--sparse=always").arg(&before).arg(self.image()))?;
        end()?;
        run(Command::new("umount").arg(self.at()))?;
        fs::remove_file(before)?;
        // The kernel replays the journal, as after every loss of power.
        self.mount()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A disk that could not be made is not mounted.
        let _ = Command::new("umount").arg("-q").arg(self.at()).status();
    }
}

//! The daemon as a process, and what the kernel says of it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Serialize;
use tempfile::TempDir;

/// It has stopped by then.
const STOP: Duration = Duration::from_secs(15);

/// A daemon with everything on loopback and stand-ins for its devices. It is killed when it is dropped.
pub struct Daemon {
    child: Child,
    /// The address of its pages.
    pub url: String,
    /// The secret of the owner's link.
    pub owner: String,
    /// Its state folder, and whether that goes with it.
    state: PathBuf,
    _own: Option<TempDir>,
}

/// What a process holds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Holds {
    /// Resident bytes, all and those of no file.
    pub memory: u64,
    pub anonymous: u64,
    pub threads: u64,
    pub files: u64,
    /// CPU seconds so far.
    pub cpu: f64,
}

impl Daemon {
    /// With a state folder of its own.
    pub fn start(program: &Path) -> anyhow::Result<Self> {
        let own = tempfile::tempdir()?;
        let mut daemon = Self::start_in(program, own.path(), &[])?;
        daemon._own = Some(own);
        Ok(daemon)
    }

    /// With this state folder, and settings by the environment.
    pub fn start_in(program: &Path, state: &Path, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let config = state.join("porchlight.toml");
        fs::write(&config, "")?;
        let mut child = Command::new(program)
            .arg("run")
            .arg("--config")
            .arg(&config)
            .arg("--state")
            .arg(state)
            .args(["--listen", "127.0.0.1:0"])
            .env_remove("JOURNAL_STREAM")
            .env_remove("NOTIFY_SOCKET")
            .env("PORCHLIGHT_METRICS__LISTEN", "127.0.0.1:0")
            .env("PORCHLIGHT_HTTPS__LISTEN", "127.0.0.1:0")
            .env("PORCHLIGHT_PEERS__LISTEN", "127.0.0.1:0")
            .env("PORCHLIGHT_PEERS__ANNOUNCE", "127.0.0.1")
            .env("PORCHLIGHT_ROOM__MAX_PARTICIPANTS", "100")
            .env("PORCHLIGHT_ENDPOINT__CAMERA", "stand-in")
            .env("PORCHLIGHT_ENDPOINT__MICROPHONE", "stand-in")
            .env("PORCHLIGHT_ENDPOINT__SPEAKER", "none")
            .env("PORCHLIGHT_ENDPOINT__SCREEN", "none")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(state.join("log"))?)
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        let stdout = child.stdout.take().context("its output is piped")?;
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let link = lines.find_map(|line| line.strip_prefix("Open ").map(str::to_owned)).context("it gives no link")?;
        // Whoever stops reading makes the writer fail.
        std::thread::spawn(move || lines.for_each(drop));
        let (url, owner) = link.split_once("/#owner=").context("the link has a secret")?;
        Ok(Self { child, url: url.to_owned(), owner: owner.to_owned(), state: state.to_owned(), _own: None })
    }

    pub fn holds(&self) -> anyhow::Result<Holds> {
        let id = self.child.id();
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok())
                .with_context(|| format!("no {name}"))
        };
        let mut cpu = 0.0;
        for thread in fs::read_dir(format!("/proc/{id}/task"))?.flatten() {
            // A thread may end while we look.
            let stat = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
            cpu += stat.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or(0.0) / 1e9;
        }
        Ok(Holds {
            memory: field("VmRSS:")? * 1024,
            anonymous: field("RssAnon:")? * 1024,
            threads: field("Threads:")?,
            files: fs::read_dir(format!("/proc/{id}/fd"))?.count() as u64,
            cpu,
        })
    }

    /// Warnings and errors in what it wrote, at most 20.
    pub fn complaints(&self) -> Vec<String> {
        let log = fs::read_to_string(self.state.join("log")).unwrap_or_default();
        let bad = |line: &&str| line.contains(" WARN ") || line.contains(" ERROR ");
        log.lines().filter(bad).filter(|line| !line.contains("the state folder")).take(20).map(str::to_owned).collect()
    }

    /// Has it stand still where it is.
    pub fn freeze(&self) -> anyhow::Result<()> {
        Ok(kill(Pid::from_raw(self.child.id().try_into()?), Signal::SIGSTOP)?)
    }

    /// Ends it at once: it can do nothing about it.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop, and waits until it has, well.
    pub fn stop(mut self) -> anyhow::Result<()> {
        kill(Pid::from_raw(self.child.id().try_into()?), Signal::SIGTERM)?;
        let end = Instant::now() + STOP;
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the daemon ended with {status}");
                return Ok(());
            }
            ensure!(Instant::now() < end, "the daemon does not stop");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

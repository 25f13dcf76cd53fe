//! The guest with the box in it, and the people who call it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::Options;
use super::machine::Machine;
use crate::fixture::browser::{Browser, Devices, Page};
use crate::fixture::daemon::Daemon;
use crate::fixture::visitor::Visitor;
use crate::fixture::{has, media, people};

/// Somebody who calls the box, with Chromium on this machine.
pub const ADA: Devices = Devices { colour: "red", hz: 440 };
/// How long the box may take to start in there.
const START: Duration = Duration::from_secs(120);
/// How often something in the guest is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Everything there is. Fields end in this order: the browser before the guest.
pub struct World {
    pub ada: Page,
    browser: Browser,
    pub owner: Visitor,
    pub room: String,
    daemon: Daemon,
    pub machine: Machine,
}

impl World {
    /// Starts the guest and the box in it, and has Ada join the room. The box is not in the call yet.
    pub async fn make(options: &Options) -> anyhow::Result<Self> {
        ensure!(has(&["chromium", "chromedriver", "ffmpeg"]), "a program is missing");
        let mut machine = Machine::start(&options.guest, options.accel)?;
        let program = machine.shared("porchlight");
        let stripped = Command::new("strip").arg("-o").arg(&program).arg(env!("CARGO_BIN_EXE_porchlight")).status()?;
        ensure!(stripped.success(), "the program can't be stripped");
        fs::write(machine.shared("box.toml"), config(&machine))?;
        machine.done("cp /share/porchlight /tmp/porchlight")?;
        // What is checked of CEC needs a television that sleeps, which is there before the box is.
        machine.done(super::checks::TELEVISION)?;
        machine.done("setsid /tmp/porchlight run --config /share/box.toml --state /tmp/state >/tmp/told 2>/share/log & echo $! >/tmp/pid")?;
        let end = Instant::now() + START;
        let link = loop {
            let told = machine.run("cat /tmp/told")?.text;
            if let Some(link) = told.lines().find_map(|line| line.strip_prefix("Open ")) {
                break link.to_owned();
            }
            let log = fs::read_to_string(machine.shared("log")).unwrap_or_default();
            ensure!(Instant::now() < end, "the box does not start in the guest: {log}");
            tokio::time::sleep(LOOK).await;
        };
        let daemon = Daemon::elsewhere(&link, machine.shared("log"));
        let owner = Visitor::owner(&daemon).await;
        let room = owner.first_room().await;
        let invite = owner.invite(&room).await;
        let browser = Browser::start().await;
        let door = format!("{}/r/{room}#invite={}", daemon.url, invite.token);
        let ada = people::guest(&browser, &daemon, "Ada", ADA, &door).await;
        Ok(Self { ada, browser, owner, room, daemon, machine })
    }

    /// Asks the box for something, as its owner does.
    pub async fn wish(&self, wish: Value) -> anyhow::Result<()> {
        let mut line = self.owner.join(&self.room, "Owner").await;
        let asked = line.ask("box", wish).await;
        line.ask("leave", json!({})).await.map_err(anyhow::Error::msg)?;
        asked.map(drop).map_err(anyhow::Error::msg)
    }

    /// Waits until a line of shell in the guest ends well: how long that took.
    pub async fn until(&mut self, what: &str, line: &str, within: Duration) -> anyhow::Result<Duration> {
        let started = Instant::now();
        loop {
            let said = self.machine.run(line)?;
            if said.code == 0 {
                return Ok(started.elapsed());
            }
            if started.elapsed() > within {
                bail!("no {what} within {} s: {}", within.as_secs(), said.text.trim());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The processes of the box in the guest.
    pub fn id(&mut self) -> anyhow::Result<String> {
        Ok(self.machine.done("pidof porchlight")?.trim().to_owned())
    }

    /// The emulated screen as ffmpeg sees it, in this size.
    pub fn screen(&mut self, name: &str, (width, height): (usize, usize)) -> anyhow::Result<media::Picture> {
        let file = self.machine.shared(name);
        self.machine.screen(&file)?;
        media::pictures(&file, width, height, 1).pop().context("the screen has a picture")
    }

    /// Copies what there is to look at.
    pub fn keep(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder)?;
        let files = fs::read_dir(self.machine.shared(""))?.flatten();
        for file in files.filter(|file| file.file_name() != "porchlight" && file.path().is_file()) {
            fs::copy(file.path(), folder.join(file.file_name()))?;
        }
        Ok(())
    }

    /// Stops the box, which has to end well, and the guest.
    pub fn end(mut self) -> anyhow::Result<()> {
        self.machine.done("kill -TERM $(pidof porchlight)")?;
        self.machine.done("timeout 30 sh -c 'while pidof porchlight >/dev/null; do sleep 0.2; done'")?;
        drop((self.ada, self.browser, self.daemon));
        Ok(())
    }
}

/// Small pictures, few of them, and no sizes beside the one: all of it is coded by translated code.
fn config(machine: &Machine) -> String {
    let Machine { pages, media, .. } = machine;
    format!(
        r#"
[http]
listen = "0.0.0.0:{pages}"
[https]
enabled = false
[mdns]
enabled = false
[peers]
listen = "0.0.0.0:{media}"
announce = ["127.0.0.1"]
[endpoint]
width = 320
height = 180
fps = 5
layers = 1
echo = "off"
overscan = 5
[program]
width = 640
height = 360
fps = 5
[media]
h264_encoder = "x264"
"#
    )
}

//! Somebody in a call with Chromium, and what the call is like for them.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::world;
use crate::fixture::browser::{Browser, Page};
use crate::fixture::people::CONNECTED;

/// How often a page is asked whether something is so.
const LOOK: Duration = Duration::from_millis(100);
/// A picture that stands still for longer than this was interrupted: milliseconds.
const INTERRUPTED: f64 = 500.0;

/// Counters of everything that came in so far.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Pictures {
    frames_decoded: f64,
    freeze_count: f64,
    total_freezes_duration: f64,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Sound {
    total_samples_received: f64,
    concealed_samples: f64,
}

/// One second of a call, as the page noted it.
#[derive(Debug, Clone, Deserialize)]
struct Sample {
    /// Milliseconds since 1970, as all times here.
    at: f64,
    height: f64,
    pair: Option<String>,
    video: Pictures,
    audio: Sound,
}

/// What one page noted of a window of time.
pub struct Notes {
    samples: Vec<Sample>,
    /// When each picture of the other one was shown.
    frames: Vec<f64>,
}

/// What somebody saw and heard of the other one.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    /// Seconds from Ada's click on "Join" to the first picture.
    pub first_picture: f64,
    /// Pictures decoded a second; where something happened, of the time after it.
    pub rate: f64,
    /// Rows of the last picture.
    pub height: f64,
    /// Freezes as Chromium counts them, and their seconds.
    pub freezes: f64,
    pub frozen: f64,
    /// Seconds that the picture stood still at most.
    pub longest: f64,
    /// Part of the sound that was made up because it did not come.
    pub concealed: f64,
    /// Seconds from the end of what happened to the first picture after it.
    pub recovered: Option<f64>,
    /// Seconds since the click, pictures decoded so far, and rows, once a second.
    pub course: Vec<(f64, f64, f64)>,
    /// The path in use: kind of our candidate, its protocol, the other side's port.
    pub path: Option<String>,
}

/// Somebody with a browser in a namespace.
pub struct Caller {
    pub name: &'static str,
    page: Page,
}

/// Milliseconds since 1970.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1000.0)
}

impl Caller {
    pub async fn open(browser: &Browser, namespace: &str, name: &'static str, devices: (&Path, &Path)) -> Self {
        let page = browser.open_in(Some(&world::name(namespace)), name, Some(devices)).await;
        page.before(include_str!("probe.js")).await;
        Self { name, page }
    }

    /// Signs in by the owner's link: the address of the first room.
    pub async fn sign_in(&self, link: &str) -> anyhow::Result<String> {
        self.page.goto(link).await;
        let host = "fetch('/api/v1/session').then(r => r.json()).then(s => s.role === 'host')";
        self.wait(host, Duration::from_secs(20), "session of the owner").await?;
        let rooms = self.page.eval("return fetch('/api/v1/rooms').then(r => r.json())").await;
        rooms[0]["id"].as_str().map(str::to_owned).context("a new box has a room")
    }

    /// Makes an invite to a room.
    pub async fn invite(&self, room: &str) -> anyhow::Result<String> {
        let ask =
            json!({ "method": "POST", "headers": { "content-type": "application/json" }, "body": r#"{"hours":1}"# });
        let script = format!("return fetch('/api/v1/rooms/{room}/invites', {ask}).then(r => r.json())");
        let invite = self.page.eval(&script).await;
        invite["url"].as_str().map(str::to_owned).with_context(|| format!("no invite: {invite}"))
    }

    /// Opens a room up to the button that joins, with camera and microphone.
    pub async fn come(&self, door: &str) -> anyhow::Result<()> {
        self.page.try_goto(door).await.map_err(anyhow::Error::msg)?;
        self.wait("document.querySelector('[data-testid=name]')", Duration::from_secs(30), "door").await?;
        self.page.fill("name", self.name).await;
        self.wait("document.querySelector('video')?.currentTime > 0.5", Duration::from_secs(30), "preview").await
    }

    /// Clicks on "Join"; when that was. Through a relay alone, if it is said.
    pub async fn join(&self, relay: bool) -> f64 {
        let script = format!("net.relay = {relay}; document.querySelector('[data-testid=join]').click()");
        let at = now();
        self.page.eval(&script).await;
        at
    }

    pub async fn connected(&self, within: Duration) -> anyhow::Result<()> {
        self.wait(CONNECTED, within, "connection").await
    }

    /// Waits until a picture of somebody is shown that is younger than `since`.
    pub async fn sees(&self, who: &str, since: f64, within: Duration) -> anyhow::Result<()> {
        let what = format!("picture of {who}");
        self.wait(&format!("(net.frames.{who} ?? []).at(-1) > {since}"), within, &what).await
    }

    /// Waits until somebody is gone.
    pub async fn misses(&self, who: &str, within: Duration) -> anyhow::Result<()> {
        let gone = format!("!document.querySelector('[data-testid=tile][data-name=\"{who}\"]')");
        self.wait(&gone, within, "empty place").await
    }

    /// Leaves, if there is a call.
    pub async fn leave(&self) {
        self.page.eval("document.querySelector('[data-testid=leave]')?.click()").await;
    }

    /// Closes the room's page.
    pub async fn close(&self) -> anyhow::Result<()> {
        self.page.try_goto("about:blank").await.map_err(anyhow::Error::msg)
    }

    /// What was noted since then of somebody.
    pub async fn notes(&self, who: &str, since: f64) -> anyhow::Result<Notes> {
        self.page.eval("return net.sample()").await;
        let script = format!(
            "return {{ samples: net.samples.filter(sample => sample.at >= {since}),
                       frames: (net.frames.{who} ?? []).filter(at => at >= {since}) }}"
        );
        let mut noted = self.page.eval(&script).await;
        Ok(Notes {
            samples: serde_json::from_value(noted["samples"].take())?,
            frames: serde_json::from_value(noted["frames"].take())?,
        })
    }

    async fn wait(&self, condition: &str, within: Duration, what: &str) -> anyhow::Result<()> {
        let end = tokio::time::Instant::now() + within;
        let script = format!("return (async () => Boolean(await ({condition})))()");
        while self.page.eval(&script).await != true {
            if tokio::time::Instant::now() > end {
                bail!("{} has no {what} within {} s", self.name, within.as_secs());
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

impl Notes {
    /// What they say of the time between `from` and `to`, when Ada clicked at `click`, and something ended at `event`.
    pub fn seen(&self, click: f64, from: f64, to: f64, event: Option<f64>) -> anyhow::Result<Seen> {
        let first = self.frames.iter().find(|at| **at >= click).context("there was no picture")?;
        let within = || self.samples.iter().filter(|sample| (from..=to).contains(&sample.at));
        let (begin, end) = (within().next(), within().next_back());
        let (begin, end) = (begin.context("nothing was measured")?, end.context("nothing was measured")?);
        let seconds = (end.at - begin.at) / 1000.0;
        let samples = end.audio.total_samples_received - begin.audio.total_samples_received;
        let came = samples - (end.audio.concealed_samples - begin.audio.concealed_samples);
        // While there is no connection nothing is received, and nothing counted as made up.
        let expected = (seconds * 48_000.0).max(samples);
        let shown: Vec<f64> = self.frames.iter().copied().filter(|at| (from..=to).contains(at)).collect();
        let gaps: Vec<(f64, f64)> =
            [from].iter().chain(&shown).copied().zip(shown.iter().copied().chain([to])).collect();
        let longest = gaps.iter().map(|(a, b)| b - a).fold(0.0, f64::max) / 1000.0;
        let recovered = event.map(|event| {
            let gap = gaps.iter().find(|(a, b)| b - a > INTERRUPTED && *b > event - INTERRUPTED);
            gap.map_or(0.0, |(_, b)| ((b - event) / 1000.0).max(0.0))
        });
        // What was missing while something happened is said by how long it took.
        let moving = event.zip(recovered).map_or(from, |(event, recovered)| event + 1000.0 * recovered);
        let begun = within().find(|sample| sample.at >= moving).unwrap_or(end);
        let decoded = end.video.frames_decoded - begun.video.frames_decoded;
        Ok(Seen {
            first_picture: (first - click) / 1000.0,
            rate: decoded * 1000.0 / (end.at - begun.at).max(1.0),
            height: self.samples.iter().rev().map(|sample| sample.height).find(|rows| *rows > 0.0).unwrap_or(0.0),
            freezes: end.video.freeze_count - begin.video.freeze_count,
            frozen: end.video.total_freezes_duration - begin.video.total_freezes_duration,
            longest,
            concealed: (1.0 - came / expected).clamp(0.0, 1.0),
            recovered,
            course: self.samples.iter().map(|s| ((s.at - click) / 1000.0, s.video.frames_decoded, s.height)).collect(),
            path: end.pair.clone(),
        })
    }
}

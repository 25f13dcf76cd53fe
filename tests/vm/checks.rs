//! What must hold, in the order in which it happens: one call.

use std::pin::Pin;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::world::{ADA, World};
use crate::fixture::media::{self, tone};
use crate::fixture::people::{self, BOX};

/// One of them.
pub struct Check {
    pub name: &'static str,
    pub what: &'static str,
    /// Answers what was found, with figures.
    pub run: for<'a> fn(&'a mut World) -> Pin<Box<dyn Future<Output = anyhow::Result<String>> + 'a>>,
}

macro_rules! checks {
    ($($name:ident: $what:literal),* $(,)?) => {
        /// All of them.
        pub const CHECKS: &[Check] =
            &[$(Check { name: stringify!($name), what: $what, run: |world| Box::pin($name(world)) }),*];
    };
}

checks! {
    devices: "The doctor finds the virtual camera, sound card, screen and television",
    joins: "The box is put into the call, and Ada sees its camera through V4L2",
    wakes: "The emulated television, which slept, is woken by that and shows the box",
    screen: "The emulated screen shows Ada, with black at the edges that it is told to cut off",
    arranges: "The box's own picture is in a corner of the screen until a key of the remote control takes it away",
    hears: "Ada hears what the guest's microphone hears, through ALSA",
    speaks: "The guest's speaker plays Ada, through ALSA",
    privacy: "A muted camera and microphone are closed for the kernel, too",
    keys: "Keys of the remote control mute, hang up and join; the television sleeps after the call",
    // Behind that: a television that was woken by somebody else is not put to sleep by the box.
    rests: "Nothing is composed while the television sleeps, and pictures are again when it wakes",
    unplugged: "The camera is taken out and put in again during the call",
}

/// A television on the receiving end of CEC, which is sent to sleep, and all that is said on the bus.
pub const TELEVISION: &str = "cec-ctl -s -d /dev/cec0 --tv && (setsid cec-follower -d /dev/cec0 >/share/television 2>&1 &) && \
     (setsid cec-ctl -d /dev/cec0 --monitor >/share/bus 2>&1 &) && cec-ctl -s -d /dev/cec1 --playback && sleep 1 && \
     cec-ctl -s -d /dev/cec1 --to 0 --standby";

/// The television is awake, or asleep, within this; it takes some seconds for either.
const TELEVISION_TURNS: Duration = Duration::from_secs(40);
/// The box's camera after its device went has to be the stand-in within this.
const STAND_IN: Duration = Duration::from_secs(3);
/// The device is tried again every five seconds.
const BACK: Duration = Duration::from_secs(15);
/// What is muted is closed within this.
const CLOSED: Duration = Duration::from_secs(2);
/// The tone that the guest's microphone hears.
const HEARD: u32 = 880;

async fn devices(world: &mut World) -> anyhow::Result<String> {
    let doctor = "/tmp/porchlight doctor devices --json --config /share/box.toml --state /tmp/doctor";
    let report: Value = serde_json::from_str(&world.machine.done(doctor)?).context("the doctor answers in JSON")?;
    let used = |kind: &str, part: &str| {
        let used = report[kind]["used"].as_str().unwrap_or_default().to_owned();
        ensure!(used.contains(part) && report[kind]["stand_in"] == false, "{kind} is {used:?}: {report}");
        Ok(used)
    };
    Ok([
        used("camera", "vivid")?,
        used("microphone", "Loopback")?,
        used("speaker", "Loopback")?,
        used("screen", "Virtual")?,
    ]
    .join(", ")
        + &television(&report)?)
}

/// Waits until what is muted is closed, and looks whether it stays so: how long the first took.
async fn stays_closed(world: &mut World, closed: &str) -> anyhow::Result<Duration> {
    let after = world.until("closed camera and microphone", closed, CLOSED).await?;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.machine.done(closed).context("they are opened again")?;
    }
    Ok(after)
}

fn television(report: &Value) -> anyhow::Result<String> {
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let found = findings.iter().find(|finding| finding["code"] == "cec_ok").context("it finds no television")?;
    Ok(format!("; {}", found["text"].as_str().unwrap_or_default()))
}

async fn joins(world: &mut World) -> anyhow::Result<String> {
    // Bars that stand still are told from a picture that does by their clock alone, which takes a minute.
    world.machine.done("v4l2-ctl -d /dev/video0 -c horizontal_movement=6")?;
    let started = Instant::now();
    world.wish(json!({ "in_call": true })).await?;
    let look = people::sees(&world.ada, BOX, 3).await;
    ensure!(people::bars(&look), "Ada sees something else: {:?}", people::hues(&look));
    Ok(format!("colour bars that move after {:.1} s", started.elapsed().as_secs_f64()))
}

/// A line of shell that ends well when the television says that it is so.
fn television_is(state: &str) -> String {
    format!("cec-ctl -s -d /dev/cec1 --to 0 --give-device-power-status | grep -q 'pwr-state: {state}'")
}

/// A line of shell by which the television passes on a key.
fn key(code: u8) -> String {
    format!(
        "cec-ctl -s -d /dev/cec0 --to 4 --user-control-pressed ui-cmd={code} && cec-ctl -s -d /dev/cec0 --to 4 --user-control-released"
    )
}

async fn wakes(world: &mut World) -> anyhow::Result<String> {
    let after = world.until("television that is awake", &television_is("on"), TELEVISION_TURNS).await?;
    let said = world.machine.done("cat /share/bus")?;
    for message in ["IMAGE_VIEW_ON", "ACTIVE_SOURCE"] {
        ensure!(said.contains(message), "nobody said {message}: {said}");
    }
    Ok(format!("awake {:.0} s after it was looked at", after.as_secs_f64()))
}

async fn keys(world: &mut World) -> anyhow::Result<String> {
    let microphone = |state: &str| format!("grep -q {state} /proc/asound/Loopback/pcm0c/sub0/status");
    world.until("open microphone", &microphone("state"), BACK).await?;
    world.machine.done(&key(0x43))?;
    let muted = world.until("closed microphone", &microphone("closed"), CLOSED).await?;
    world.machine.done(&key(0x43))?;
    world.until("open microphone", &microphone("state"), BACK).await?;
    let camera = format!("ls -l /proc/{}/fd | grep -q /dev/video", world.id()?);
    world.machine.done(&key(0x72))?;
    let ended = world.until("end of the call", &format!("! {camera}"), BACK).await?;
    let asleep = world.until("television that sleeps", &television_is("standby"), TELEVISION_TURNS).await;
    // Whatever was found: what comes after it needs the call.
    world.machine.done(&key(0x73))?;
    world.until("camera", &camera, BACK).await?;
    let asleep = asleep?;
    Ok(format!(
        "muted after {:.1} s, left after {:.1} s, the television sleeps {:.0} s later, joined again by the green key",
        muted.as_secs_f64(),
        ended.as_secs_f64(),
        asleep.as_secs_f64()
    ))
}

async fn hears(world: &mut World) -> anyhow::Result<String> {
    std::fs::copy(media::microphone(HEARD), world.machine.shared("heard.wav"))?;
    let play = "while true; do aplay -q -D plughw:Loopback,1,0 /share/heard.wav; done";
    world.machine.done(&format!("setsid sh -c '{play}' >/share/aplay 2>&1 & echo $! >/tmp/aplay"))?;
    let started = Instant::now();
    people::hears(&world.ada, BOX, HEARD, 3).await;
    world.machine.done("kill -- -$(cat /tmp/aplay)")?;
    Ok(format!("{HEARD} Hz three times within {:.1} s", started.elapsed().as_secs_f64()))
}

async fn speaks(world: &mut World) -> anyhow::Result<String> {
    world.machine.done("top -b -n 1 -w 160 | head -n 20 >/share/top; ls /dev/video* /dev/cec* >/share/nodes")?;
    world.machine.done("arecord -q -D plughw:Loopback,1,0 -f S16_LE -r 48000 -c 1 -d 4 /share/played.wav")?;
    let sound = media::sound(&world.machine.shared("played.wav"), 4.0);
    let loudest = |hz: f64| sound.chunks_exact(12_000).map(|piece| tone(piece, hz)).fold(0.0, f64::max);
    let (ada, other) = (loudest(f64::from(ADA.hz)), loudest(1_370.0));
    ensure!(ada > 0.01 && ada > 10.0 * other, "{} Hz has {ada:.4}, another {other:.4}", ADA.hz);
    Ok(format!("{} Hz, {:.0} times as loud as beside it", ADA.hz, ada / other.max(1e-6)))
}

async fn screen(world: &mut World) -> anyhow::Result<String> {
    let first = world.screen("screen-1.ppm", (640, 360))?;
    let (red, started) = (first.share(ADA.colour), Instant::now());
    for (across, down) in [(0..28, 0..360), (612..640, 0..360), (0..640, 0..14), (0..640, 346..360)] {
        let [edge, ..] = first.mean(across, down);
        ensure!(edge < 24.0, "an edge that the television cuts off is not black: {edge:.0}");
    }
    ensure!(red > 0.2, "only {:.0} % of the screen is red", red * 100.0);
    while world.screen("screen-2.ppm", (640, 360))? == first {
        ensure!(started.elapsed() < Duration::from_secs(20), "the picture on the screen stands still");
    }
    Ok(format!("{:.0} % of it is her red, and it moves", red * 100.0))
}

/// How red the corner of the screen is in which the box shows itself: V, 0 to 255.
fn corner(world: &mut World) -> anyhow::Result<f64> {
    let picture = world.screen("corner.ppm", (640, 360))?;
    Ok(picture.mean(500..570, 280..320)[2])
}

async fn arranges(world: &mut World) -> anyhow::Result<String> {
    const RED: f64 = 200.0;
    let started = Instant::now();
    while corner(world)? > RED {
        ensure!(started.elapsed() < BACK, "the box does not see itself");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    std::fs::copy(world.machine.shared("corner.ppm"), world.machine.shared("own.ppm"))?;
    // Who speaks in front, with the box's own picture; then without.
    for _ in 0..2 {
        world.machine.done(&key(0x30))?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let started = Instant::now();
    while corner(world)? < RED {
        ensure!(started.elapsed() < BACK, "its own picture stays");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(format!("gone {:.1} s after the second key", started.elapsed().as_secs_f64()))
}

/// Pictures composed so far.
async fn composed(world: &World) -> u64 {
    let statistics: Value = world.owner.get("/api/v1/statistics").await.json().await.unwrap_or_default();
    statistics["composition"]["pictures"].as_u64().unwrap_or_default()
}

/// Waits until pictures are composed, or none are any more: how long that took.
async fn composes(world: &World, wanted: bool) -> anyhow::Result<Duration> {
    let started = Instant::now();
    loop {
        let before = composed(world).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        if (composed(world).await > before) == wanted {
            return Ok(started.elapsed());
        }
        ensure!(started.elapsed() < TELEVISION_TURNS, "pictures are composed: {}", !wanted);
    }
}

async fn rests(world: &mut World) -> anyhow::Result<String> {
    composes(world, true).await.context("while it is on")?;
    // The emulated television that is told to sleep does not say so itself.
    world.machine.done("cec-ctl -s -d /dev/cec1 --to 0 --standby")?;
    world.until("television that sleeps", &television_is("standby"), TELEVISION_TURNS).await?;
    world.machine.done("cec-ctl -s -d /dev/cec0 --to 15 --standby")?;
    let rests = composes(world, false).await.context("while it sleeps")?;
    // It is asked meanwhile whether it still does.
    let before = composed(world).await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    ensure!(composed(world).await == before, "pictures are composed after it was asked");
    let asked = world.machine.done("cat /share/bus")?;
    world.machine.done("cec-ctl -s -d /dev/cec1 --to 0 --image-view-on")?;
    let again = composes(world, true).await.context("after it woke")?;
    ensure!(asked.contains("GIVE_DEVICE_POWER_STATUS"), "nobody asked whether it sleeps");
    Ok(format!("none within {:.0} s and for 12 s more, again {:.0} s later", rests.as_secs_f64(), again.as_secs_f64()))
}

async fn unplugged(world: &mut World) -> anyhow::Result<String> {
    let driver = "/sys/bus/platform/drivers/vivid";
    world.machine.done(&format!("echo vivid.0 >{driver}/unbind"))?;
    let started = Instant::now();
    let gone = until(world, "stand-in", false).await?.max(started.elapsed());
    ensure!(gone <= STAND_IN, "the stand-in comes after {:.1} s", gone.as_secs_f64());
    people::sees(&world.ada, BOX, 3).await;
    world.machine.done(&format!("echo vivid.0 >{driver}/bind"))?;
    let back = until(world, "camera", true).await;
    let nodes = world.machine.done("ls /dev/video*")?.replace('\n', " ");
    let back = back.with_context(|| format!("the nodes are {nodes}"))?;
    ensure!(back <= BACK, "the camera is back after {:.1} s", back.as_secs_f64());
    Ok(format!("stand-in after {:.1} s, back after {:.1} s", gone.as_secs_f64(), back.as_secs_f64()))
}

async fn privacy(world: &mut World) -> anyhow::Result<String> {
    let id = world.id()?;
    let open = format!("ls -l /proc/{id}/fd | grep -q /dev/video0 && ls -l /proc/{id}/fd | grep -q /dev/snd/pcm.*c$");
    let closed = format!("! ls -l /proc/{id}/fd | grep -q -e /dev/video -e '/dev/snd/pcm.*c$'");
    world.until("open camera and microphone", &open, BACK).await?;
    world.wish(json!({ "camera": false, "microphone": false })).await?;
    let found = stays_closed(world, &closed).await;
    let files = world.machine.done(&format!("ls -l /proc/{id}/fd | grep -e /dev/video -e /dev/snd || true"))?;
    // Whatever was found: what comes after it needs both.
    world.wish(json!({ "camera": true, "microphone": true })).await?;
    let after = found.with_context(|| format!("these are open: {files}"))?;
    let again = world.until("camera and microphone again", &open, BACK).await?;
    Ok(format!(
        "closed after {:.1} s and for 2 s more, open again after {:.1} s",
        after.as_secs_f64(),
        again.as_secs_f64()
    ))
}

/// Waits until Ada sees colour bars of the box, or something else that is a picture: how long that took.
async fn until(world: &World, what: &str, is_bars: bool) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let selector = format!("[data-testid=tile][data-name=\"{BOX}\"] video");
    while people::bars(&people::look(&world.ada, &selector).await) != is_bars {
        ensure!(started.elapsed() < Duration::from_secs(60), "Ada sees no {what} within a minute");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(started.elapsed())
}

//! `porchlight doctor`: what is plugged in; and how the box is reached, for which it asks the daemon that runs, and opens its ports
//! itself where none does.

use std::fmt::Write;
use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::timeline;
use crate::config::cli::{self, Doctor};
use crate::config::{Config, boards};
use crate::drivers::cec;
use crate::drivers::device;
use crate::drivers::disk;
use crate::drivers::gateway::State;
use crate::drivers::peer::server as peers;
use crate::interfaces::control::{self, Question};
use crate::services::endpoint::{condition, hearing, report};
use crate::services::{reachability, remote};

/// How long the daemon may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long routers and STUN servers are waited for, where no daemon has asked them before.
const ANSWERS: Duration = Duration::from_secs(8);
/// Longest answer that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// Runs it and prints what it finds.
///
/// # Errors
/// When neither the daemon can be asked nor its ports be opened: a sentence that says why.
pub fn doctor(doctor: &Doctor) -> anyhow::Result<()> {
    match doctor {
        Doctor::Devices { sources, json } => devices(&sources.load()?, *json),
        Doctor::Network { sources, json } => network(&sources.load()?, *json),
        Doctor::Sound { sources, json } => sound(&sources.load()?, *json),
    }
}

/// Looks at the devices, and asks the daemon that runs what the camera does. Nothing is opened for media, so that a call is not disturbed.
fn devices(config: &Config, json: bool) -> anyhow::Result<()> {
    let report = report(config);
    match json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print!("{}", report.text()),
    }
    Ok(())
}

/// What it finds.
pub(super) fn report(config: &Config) -> report::Report {
    let (root, state) = (Path::new("/"), &config.node.state);
    let encoder = super::encoders::choose(super::choice(config.media.h264_encoder), state);
    let encoder = encoder.map_err(|error| format!("{error:#}"));
    // A daemon that does not answer has nothing to add.
    let asked = |question| runtime().ok()?.block_on(ask(config, question)).ok().flatten();
    let mut report =
        report::report(&config.endpoint, &device::inventory(), &device::closed(root), &encoder, super::abilities());
    report.findings.push(remote::television(config.remote.cec, &cec::find()));
    let wear = asked(Question::Wear).and_then(|told| {
        let running = Duration::from_secs(told["running"].as_u64()?);
        Some(condition::Wear { written: told["written"].as_u64()?, running, card: disk::is_on_sd_card(root, state) })
    });
    let condition = condition::Condition {
        board: boards::of(&device::machine()),
        heat: device::heat(),
        clock: (device::clock::now(), device::clock::known(state)),
        wear,
    };
    let program = (config.program.width, config.program.height, config.program.fps);
    report.findings.extend(condition::findings(&condition, &config.endpoint, program, encoder.as_ref().ok()));
    if let Some(camera) = asked(Question::Camera) {
        report.runs(camera["note"] == "mode-failed", camera["mode"].as_object().map(mode).as_deref());
    }
    report
}

/// A mode of the camera as the daemon has it.
fn mode(mode: &serde_json::Map<String, Value>) -> String {
    let word = |key: &str| mode.get(key).map(|value| value.to_string().replace('"', "")).unwrap_or_default();
    let rate = mode.get("rate").and_then(Value::as_f64).unwrap_or_default();
    format!("{}x{}@{rate} {}", word("width"), word("height"), word("format"))
}

pub(super) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

fn network(config: &Config, json: bool) -> anyhow::Result<()> {
    let (report, running) = runtime()?.block_on(async {
        match ask(config, Question::Network).await? {
            Some(report) => anyhow::Ok((report, true)),
            None => Ok((alone(config).await?, false)),
        }
    })?;
    match json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print!("{}", text(&report, running)),
    }
    Ok(())
}

/// Plays something and listens: the daemon does it, if one runs, for the sound cards are its own.
fn sound(config: &Config, json: bool) -> anyhow::Result<()> {
    let report = runtime()?.block_on(async {
        match ask(config, Question::Sound).await? {
            Some(report) => anyhow::Ok(report),
            None => Ok(serde_json::to_value(hearing::test(&config.endpoint, &device::inventory()).await?)?),
        }
    })?;
    if let Some(error) = report["error"].as_str() {
        anyhow::bail!("{error}");
    }
    match json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print!("{}", heard(&report)),
    }
    Ok(())
}

/// What was heard, for people.
fn heard(report: &Value) -> String {
    let number = |key: &str, unit: &str| match &report[key] {
        Value::Null => "none".to_owned(),
        number => format!("{number} {unit}"),
    };
    let mut out = format!(
        "Delay of the speaker: {}\nEcho return loss: {}\nHeard: {}\nNoise: {}\n\n",
        number("delay", "ms"),
        number("return_loss", "dB"),
        number("heard", "dBFS"),
        number("noise", "dBFS"),
    );
    findings(&mut out, report);
    out
}

/// Asks the daemon for privacy mode, and says how it is then.
///
/// # Errors
/// When no daemon runs, or it can't do it: a sentence that says why.
pub fn privacy_mode(what: cli::Privacy, sources: &cli::Sources) -> anyhow::Result<&'static str> {
    let question = match what {
        cli::Privacy::On => Question::PrivacyOn,
        cli::Privacy::Off => Question::PrivacyOff,
        cli::Privacy::Status => Question::Privacy,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer =
        runtime.block_on(ask(&sources.load()?, question))?.context("Porchlight does not run here; start it first")?;
    match (answer["on"].as_bool(), answer["error"].as_str()) {
        (Some(true), _) => Ok("Privacy mode: camera and microphone are closed."),
        (Some(false), _) => Ok("Camera and microphone may be opened."),
        (None, error) => anyhow::bail!("{}", error.unwrap_or("the daemon does not know this question; restart it")),
    }
}

/// The PIN of a box that nobody owns, from its daemon.
///
/// # Errors
/// When no daemon runs, or somebody owns the box: a sentence that says so.
pub fn pin(sources: &cli::Sources) -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime
        .block_on(ask(&sources.load()?, Question::Pin))?
        .context("Porchlight does not run here; start it first")?;
    let pin = answer["pin"].as_str().map(str::to_owned);
    pin.context("somebody owns this box already; the file owner-link in its state folder holds a link for its owner")
}

/// The name and the password of the network that the box opens while it has no other, and what to open there.
///
/// # Errors
/// When no daemon runs, or no such network is open: a sentence that says so.
pub fn hotspot(sources: &cli::Sources) -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime
        .block_on(ask(&sources.load()?, Question::Hotspot))?
        .context("Porchlight does not run here; start it first")?;
    let text = |key: &str| answer[key].as_str().map(str::to_owned);
    let (Some(name), Some(password), Some(address)) = (text("name"), text("password"), text("address")) else {
        anyhow::bail!(
            "the box opens no network at the moment: it has another one, or network.hotspot does not want it"
        );
    };
    Ok(format!("Network:  {name}\nPassword: {password}\nThen open http://{address}"))
}

/// Asks the daemon; `None` if none runs.
pub(super) async fn ask(config: &Config, question: Question) -> anyhow::Result<Option<Value>> {
    let path = config.node.state.join(control::NAME);
    let mut stream = match UnixStream::connect(&path).await {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => {
            return Err(error)
                .with_context(|| format!("{} can't be opened; run this as the daemon's user", path.display()));
        }
    };
    stream.write_all(question.word().as_bytes()).await.context("the daemon does not listen")?;
    stream.shutdown().await.context("the daemon does not listen")?;
    let mut text = Vec::new();
    tokio::time::timeout(PATIENCE, stream.take(LONGEST).read_to_end(&mut text))
        .await
        .context("the daemon says nothing")??;
    serde_json::from_slice(&text).map(Some).context("the daemon was stopped while it was asked")
}

/// Does what the daemon would do, for as long as it takes to look.
async fn alone(config: &Config) -> anyhow::Result<Value> {
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let addresses = device::network::follow(&tasks, stop.clone());
    let (peers, thread) = peers::start(&config.peers, timeline(), addresses.clone())?;
    let router = super::router(config, &peers, &tasks, &stop);
    let reach = reachability::start(reachability::Parts {
        peers: peers.clone(),
        addresses,
        router: router.clone(),
        stun: config.peers.stun.len(),
        relay: !config.turn.addresses.is_empty(),
    });
    let answered = async {
        if let Some(mut router) = router {
            let _ = router.wait_for(|state| *state != State::Asking).await;
        }
        while !config.peers.stun.is_empty() && peers.ways().await.is_ok_and(|(_, sights)| sights.is_empty()) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    // Who has not answered by then is said not to.
    let _ = tokio::time::timeout(ANSWERS, answered).await;
    let report = reach.check().await?;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    drop((reach, peers));
    tokio::task::spawn_blocking(move || thread.join()).await.ok();
    Ok(serde_json::to_value(report)?)
}

/// The report for people.
fn text(report: &Value, running: bool) -> String {
    let mut out = String::new();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let words = |value: &Value| match list(value).iter().map(word).collect::<Vec<_>>() {
        all if all.is_empty() => "none".to_owned(),
        all => all.join(", "),
    };
    let _ = writeln!(
        out,
        "{}",
        match running {
            true => "The daemon runs; this is what it says.",
            false => "The daemon does not run; its ports were opened for this.",
        }
    );
    let _ = writeln!(out, "\nAddresses: {}", words(&report["addresses"]));
    let _ = writeln!(out, "\nWays that browsers are told:");
    for way in list(&report["ways"]) {
        let outcome = match (way["took"].as_u64(), word(&way["error"])) {
            (Some(took), _) => format!("works, {took} ms"),
            (None, why) => format!("does not: {why}"),
        };
        let [transport, address, origin, scope] =
            ["transport", "address", "origin", "scope"].map(|key| word(&way[key]));
        let _ = writeln!(out, "  {transport:<4} {address:<28} {origin}, {scope}: {outcome}");
    }
    for seen in list(&report["seen"]) {
        let _ = writeln!(out, "STUN {} sees {}", word(&seen["server"]), word(&seen["address"]));
    }
    let router = &report["router"];
    let _ = writeln!(
        out,
        "\nRouter: {}",
        match (word(&router["state"]).as_str(), word(&router["by"])) {
            ("mapped", by) => format!("forwards from {} ({by})", words(&router["outside"])),
            ("refused", _) => format!("refuses: {}", word(&router["reason"])),
            (state, _) => state.to_owned(),
        }
    );
    out.push('\n');
    findings(&mut out, report);
    out
}

/// What follows, one on each line.
fn findings(out: &mut String, report: &Value) {
    for finding in report["findings"].as_array().into_iter().flatten() {
        let mark = match finding["level"].as_str() {
            Some("bad") => "!!",
            Some("note") => " i",
            _ => "ok",
        };
        let [code, text] = ["code", "text"].map(|key| finding[key].as_str().unwrap_or_default());
        let _ = writeln!(out, "{mark} {code}: {text}");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mode_of_the_camera_is_written_as_in_the_configuration() {
        let told = json!({ "format": "mjpeg", "width": 1280, "height": 720, "rate": 30.0 });
        assert_eq!(told.as_object().map(mode).as_deref(), Some("1280x720@30 mjpeg"));
        let told = json!({ "format": "yuyv", "width": 640, "height": 480, "rate": 7.5 });
        assert_eq!(told.as_object().map(mode).as_deref(), Some("640x480@7.5 yuyv"));
    }

    #[test]
    fn a_report_is_written_for_people() {
        let way = json!({ "transport": "udp", "address": "192.168.1.20:8189", "origin": "interface", "scope": "home", "works": true, "took": 3, "error": null });
        let fails = json!({ "transport": "tcp", "address": "203.0.113.7:8189", "origin": "announced", "scope": "internet", "works": false, "took": null, "error": "nothing came back" });
        let report = json!({
            "addresses": ["192.168.1.20"],
            "ways": [way, fails],
            "seen": [{ "server": "198.51.100.1:3478", "address": "203.0.113.7:8189" }],
            "router": { "state": "mapped", "by": "pcp", "outside": ["203.0.113.7:8189"], "reason": null },
            "relay": false,
            "findings": [{ "code": "outside_untried", "level": "note", "text": "Try it." }],
        });
        let expected = "The daemon runs; this is what it says.\n\n\
            Addresses: 192.168.1.20\n\n\
            Ways that browsers are told:\n\
            \x20 udp  192.168.1.20:8189            interface, home: works, 3 ms\n\
            \x20 tcp  203.0.113.7:8189             announced, internet: does not: nothing came back\n\
            STUN 198.51.100.1:3478 sees 203.0.113.7:8189\n\n\
            Router: forwards from 203.0.113.7:8189 (pcp)\n\n\
            \x20i outside_untried: Try it.\n";
        assert_eq!(text(&report, true), expected);
        assert!(text(&Value::Null, false).contains("Addresses: none"));
    }

    #[test]
    fn what_was_heard_is_written_for_people() {
        let finding = json!({ "code": "delay_wrong", "level": "note", "text": "Set it." });
        let report = json!({
            "delay": 154, "return_loss": 13.1, "heard": -35.0, "noise": -60.2, "overloaded": false, "findings": [finding],
        });
        let expected = "Delay of the speaker: 154 ms\nEcho return loss: 13.1 dB\nHeard: -35.0 dBFS\nNoise: -60.2 dBFS\n\n\
            \x20i delay_wrong: Set it.\n";
        assert_eq!(heard(&report), expected);
        assert!(heard(&Value::Null).starts_with("Delay of the speaker: none\n"));
    }
}

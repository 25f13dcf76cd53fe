//! `porchlight update`: at the box itself, with RAUC and without the daemon; and whether what runs is good.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::doctor::{ask, runtime};
use super::encoders;
use crate::config::Config;
use crate::config::cli::{Sources, Update, Updating};
use crate::drivers::rauc::{self, Rauc, Slot, Status};
use crate::drivers::{fetch, pipeline};
use crate::interfaces::control::Question;
use crate::services::update::{self, Failure, Incoming, Whole};

/// The file that a bundle is fetched into; the daemon's is another one.
const BUNDLE: &str = "by-hand.raucb";
/// How long a page may take, and how long it may be, in bytes.
const PAGE: Duration = Duration::from_secs(10);
const LONGEST: usize = 1 << 20;
/// How long it is waited between two tries.
const AGAIN: Duration = Duration::from_secs(2);

/// Does what is asked.
///
/// # Errors
/// A sentence that says what is wrong, and what to do.
pub fn update(asked: &Update) -> anyhow::Result<()> {
    match (&asked.what, &asked.bundle) {
        (Some(Updating::Status { json }), _) => status(*json),
        (Some(Updating::Confirm { within, sources }), _) => confirm(sources, Duration::from_secs(*within)),
        (None, Some(bundle)) => install(bundle, &asked.sources),
        (None, None) => bail!("say which bundle: a file, or an address"),
    }
}

fn sentence(failure: Failure) -> anyhow::Error {
    match failure.detail {
        Some(detail) => anyhow::anyhow!("{} ({detail})", failure.text),
        None => anyhow::anyhow!("{}", failure.text),
    }
}

fn install(bundle: &str, sources: &Sources) -> anyhow::Result<()> {
    // What can't be installed is not fetched.
    let runtime = runtime()?;
    if runtime.block_on(async { Rauc::find().await?.installs().await })? {
        return Err(rauc::Error::Busy.into());
    }
    let config = sources.load()?;
    let version = runtime.block_on(async {
        let fetched = match fetch::is_address(bundle) {
            true => Some(fetched(bundle, &config).await.map_err(sentence)?),
            false => None,
        };
        let path = match &fetched {
            Some(whole) => whole.0.clone(),
            None => std::path::absolute(bundle).ok().filter(|path| path.is_file()).with_context(|| {
                format!("{bundle} is no file that can be read, and no address that begins with https://")
            })?,
        };
        let mut found = |version: Option<String>| {
            tell(&match version {
                Some(version) => format!("The bundle is version {version}"),
                None => "Checking".to_owned(),
            });
        };
        let mut told = |percent: u8, message: &str| tell(&format!("{percent:>3}% {message}"));
        update::install(&path, &mut found, &mut told).await.map_err(sentence)
    })?;
    println!(
        "Installed{}: the box starts with it the next time.",
        version.map_or(String::new(), |one| format!(" {one}"))
    );
    Ok(())
}

/// Says how far it is. Whoever started it may have closed its end of the line.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

async fn fetched(address: &str, config: &Config) -> Result<Whole, Failure> {
    let mut incoming = Incoming::open(&config.node.state, BUNDLE, None, config.update.largest()).await?;
    let mut download = fetch::Download::begin(address).await?;
    let total = download.total.unwrap_or(0);
    incoming.expect(total).await?;
    let mut percent = 0;
    while let Some(bytes) = download.next().await? {
        let written = incoming.take(&bytes).await?;
        let now = (written * 100).checked_div(total).unwrap_or(0);
        if now != percent {
            percent = now;
            tell(&format!("{percent:>3}% fetched"));
        }
    }
    incoming.end().await
}

fn status(json: bool) -> anyhow::Result<()> {
    let status = runtime()?.block_on(update::status())?;
    match json {
        true => println!("{}", serde_json::to_string_pretty(&as_json(&status))?),
        false => print!("{}", as_text(&status)),
    }
    Ok(())
}

fn as_json(status: &Status) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "compatible": status.compatible,
        "booted": status.booted(),
        "other": status.other(),
        "waits": status.waits(),
    })
}

fn as_text(status: &Status) -> String {
    let mut out = format!("Porchlight {} on {}\n", env!("CARGO_PKG_VERSION"), status.compatible);
    let mut line = |what: &str, slot: &Slot| {
        let version = slot.version.as_deref().unwrap_or("as it was written first");
        let good = match slot.good {
            Some(true) => "good",
            Some(false) => "bad",
            None => "not known to be good",
        };
        let _ = writeln!(out, "{what}: {} ({}), {version}, {good}", slot.bootname, slot.name);
    };
    if let Some(slot) = status.booted() {
        line("Runs", slot);
    }
    if let Some(slot) = status.other() {
        line("Other", slot);
    }
    out.push_str(match status.waits() {
        true => "The box starts from the other one the next time.\n",
        false => "The box starts from the same one the next time.\n",
    });
    out
}

/// Tells the boot loader that what runs is good, if it is.
fn confirm(sources: &Sources, within: Duration) -> anyhow::Result<()> {
    let config = sources.load()?;
    let runtime = runtime()?;
    let end = Instant::now() + within;
    loop {
        match runtime.block_on(mark_good(&config)) {
            Ok(()) => break,
            Err(error) if Instant::now() + AGAIN >= end => return Err(error),
            Err(error) => tell(&format!("Not yet: {error:#}")),
        }
        std::thread::sleep(AGAIN);
    }
    println!("What runs is good, and the boot loader knows.");
    Ok(())
}

async fn mark_good(config: &Config) -> anyhow::Result<()> {
    // Where it is no image nothing is to be confirmed.
    let rauc = Rauc::find().await?;
    is_good(config).await.context("what runs is not good")?;
    rauc.mark_good().await.context("everything is well, but the boot loader can't be told")
}

/// Whether the daemon is ready, its page answers, and the encoder codes pictures.
async fn is_good(config: &Config) -> anyhow::Result<()> {
    let door = ask(config, Question::Door).await?.context("the daemon does not run")?;
    let address = door["address"].as_str().and_then(|text| text.parse::<SocketAddr>().ok());
    let base = format!("http://{}", near(address.context("the daemon does not say where its pages are")?));
    let look = async |path: &str| fetch::page(&format!("{base}{path}"), LONGEST, PAGE).await;
    let (status, text) = look("/readyz").await.context("the daemon does not answer")?;
    let ready: Value = serde_json::from_str(&text).unwrap_or_default();
    if status != 200 || ready["ready"] != true {
        let down = ready["parts"].as_object().into_iter().flatten().filter(|(_, how)| *how == "down");
        let down: Vec<&str> = down.map(|(part, _)| part.as_str()).collect();
        bail!(
            "the daemon is not ready: {} down",
            if down.is_empty() { "something is".into() } else { down.join(", ") }
        );
    }
    let (status, text) = look("/").await.context("the page does not answer")?;
    if status != 200 || !text.to_ascii_lowercase().contains("<!doctype html") {
        bail!("the page can't be shown: it answers {status}");
    }
    let state = config.node.state.clone();
    let wanted = super::choice(config.media.h264_encoder);
    tokio::task::spawn_blocking(move || codes(wanted, &state)).await.context("the encoder can't be tried")?
}

/// Tries the encoder that the daemon would take, also if it was tried before: drivers of another image may be others.
fn codes(wanted: pipeline::H264Choice, state: &Path) -> anyhow::Result<()> {
    let chosen = encoders::choose(wanted, state).context("no encoder can be used")?;
    let program: PathBuf = std::env::current_exe().context("this program does not find itself, to try the encoder")?;
    let proof = pipeline::attempt(&program, chosen.encoder);
    proof.map(drop).with_context(|| format!("the encoder {} does not code pictures", chosen.encoder.element()))
}

/// Where a daemon that listens there is reached from here.
fn near(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::rauc::State;

    #[test]
    fn the_status_is_written_for_people_and_for_programs() {
        let slot = |name: &str, bootname: &str, state, good, version: Option<&str>| Slot {
            name: name.into(),
            bootname: bootname.into(),
            state,
            good,
            version: version.map(str::to_owned),
            installed: None,
        };
        let slots = vec![
            slot("rootfs.0", "A", State::Booted, Some(true), None),
            slot("rootfs.1", "B", State::Inactive, Some(false), Some("0.2.0")),
        ];
        let status = Status { compatible: "board".into(), primary: Some("rootfs.1".into()), slots };
        let expected = format!(
            "Porchlight {} on board\nRuns: A (rootfs.0), as it was written first, good\nOther: B (rootfs.1), 0.2.0, bad\n\
             The box starts from the other one the next time.\n",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(as_text(&status), expected);
        let json = as_json(&status);
        assert_eq!((&json["waits"], &json["other"]["version"]), (&json!(true), &json!("0.2.0")));
    }

    #[test]
    fn a_daemon_that_listens_everywhere_is_asked_here() {
        let at = |text: &str| near(text.parse().expect("an address")).to_string();
        assert_eq!(at("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(at("[::]:80"), "[::1]:80");
        assert_eq!(at("192.168.1.2:8080"), "192.168.1.2:8080");
    }
}

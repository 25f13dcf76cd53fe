//! The box, Ada and Bob, and one call after another.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

use super::Options;
use super::caller::{Caller, Seen, now};
use super::link::Shape;
use super::report::Report;
use super::scenario::{ALL, Happens, Scenario};
use super::world::{self, BOX, HTTPS, MEDIA, RELAY, Way, World};
use crate::fixture::browser::Browser;
use crate::fixture::daemon::Daemon;
use crate::fixture::{has, media};

/// What the box is called on the network.
const NAME: &str = "porchlight.local";
/// The TURN server's name, and the secret it shares with the box.
const RELAY_NAME: &str = "relay.example";
const SECRET: &str = "shared-by-the-relay-and-the-box";
/// By address where no certificate needs a name.
const RELAY_ADDRESSES: &str = "turn:198.51.100.40:3478?transport=udp,turns:relay.example:443?transport=tcp";
/// A call is there by then, or it has failed.
const CONNECT: Duration = Duration::from_secs(30);
/// From the first picture until what is measured begins: estimates have settled.
const SETTLE: Duration = Duration::from_secs(3);
/// Before something happens, and after it was got over.
const AROUND: Duration = Duration::from_secs(6);
/// Whoever says that they leave is gone by then, where the network lets them say it.
const LEAVE: Duration = Duration::from_secs(10);
/// Whoever could not say it is gone by then: the box notices that a connection is dead after 40 s and holds the seat for 60 s.
const GONE: Duration = Duration::from_secs(110);

/// Runs the scenarios; whether all are within their limits.
pub fn all(Options { only, seconds, json, log, .. }: &Options) -> anyhow::Result<bool> {
    ensure!(has(&["chromium", "chromedriver", "ffmpeg", "certutil"]), "a program is missing");
    if let Some(unknown) = only.iter().find(|name| ALL.iter().all(|scenario| scenario.name != **name)) {
        bail!("there is no scenario {unknown}; --list says which there are");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut world = World::make()?;
        let state = tempfile::tempdir()?;
        let relay = Relay::start(&state)?;
        let daemon = Daemon::start_in(&world::name("box"), &state, "[::]:8080", &keys(&relay)?);
        let authority = authority(&state)?;
        let names = [(NAME, BOX), (RELAY_NAME, RELAY)];
        let browser = Browser::trusting_all(&[&authority, &relay.certificate], &names).await;
        let (camera, microphones) = (media::scene(), [440, 700].map(media::microphone));
        let bob = Caller::open(&browser, "bob", "Bob", (&camera, &microphones[0])).await;
        let ada = Caller::open(&browser, "ada", "Ada", (&camera, &microphones[1])).await;

        let base = format!("https://{NAME}:{HTTPS}");
        let (_, token) = daemon.owner_link.split_once("/#").context("a link has a token")?;
        let room = bob.sign_in(&format!("{base}/#{token}")).await?;
        let invite = bob.invite(&room).await?;
        let (_, token) = invite.split_once('#').context("a link has a token")?;
        let door = format!("{base}/r/{room}#{token}");
        bob.come(&format!("{base}/r/{room}")).await?;
        bob.join(false).await;
        bob.connected(CONNECT).await?;

        let mut report = Report::new();
        for scenario in ALL.iter().filter(|scenario| only.is_empty() || only.iter().any(|name| name == scenario.name)) {
            let (waited, began) = (waited(), Instant::now());
            let found = call(&mut world, &ada, &bob, &door, scenario, Duration::from_secs(*seconds)).await;
            let waited = (self::waited() - waited) / began.elapsed().as_secs_f64();
            report.add(scenario, found, waited);
            ada.leave().await;
            // On a bad network it may take until the box has given the connection up.
            let _ = bob.misses(ada.name, LEAVE).await;
            ada.close().await?;
            world.set(&Way::CLEAN)?;
            bob.misses(ada.name, GONE).await?;
        }
        if let Some(file) = log {
            fs::write(file, daemon.log())?;
        }
        ensure!(daemon.stop().success(), "the daemon did not stop well");
        report.end(json)
    })
}

/// Seconds so far in which something on this machine waited for a processor (`PSI`, Linux's Documentation/accounting/psi.rst).
fn waited() -> f64 {
    let pressure = fs::read_to_string("/proc/pressure/cpu").unwrap_or_default();
    let some = pressure.lines().find_map(|line| line.strip_prefix("some ")?.split_once("total="));
    some.and_then(|(_, micros)| micros.parse::<f64>().ok()).unwrap_or(0.0) / 1e6
}

/// One call: what Ada saw of Bob, and Bob of Ada.
async fn call(
    world: &mut World,
    ada: &Caller,
    bob: &Caller,
    door: &str,
    scenario: &Scenario,
    measured: Duration,
) -> anyhow::Result<[Seen; 2]> {
    // How long pages take to load is not what this is about.
    world.set(&Way::CLEAN)?;
    ada.come(door).await?;
    world.set(&scenario.way)?;
    let click = ada.join(scenario.relay).await;
    ada.sees(bob.name, click, CONNECT).await?;
    bob.sees(ada.name, click, CONNECT).await?;
    tokio::time::sleep(SETTLE).await;
    let from = now();
    let event = match scenario.happens {
        Happens::Nothing => {
            tokio::time::sleep(measured).await;
            None
        }
        Happens::Dark(time) => {
            tokio::time::sleep(AROUND).await;
            let shape = scenario.way.shape;
            world.shape(Shape { dark: true, ..shape })?;
            tokio::time::sleep(time).await;
            world.shape(shape)?;
            Some(now())
        }
        Happens::ToMobile => {
            tokio::time::sleep(AROUND).await;
            world.to_mobile()?;
            Some(now())
        }
    };
    if let Some(event) = event {
        // What was shown just now may have come before.
        let after = event + 500.0;
        ada.sees(bob.name, after, CONNECT).await?;
        bob.sees(ada.name, after, CONNECT).await?;
        tokio::time::sleep(AROUND).await;
    }
    let to = now();
    let seen = [ada.notes(bob.name, click).await?, bob.notes(ada.name, click).await?];
    let [of_bob, of_ada] = seen.map(|notes| notes.seen(click, from, to, event));
    Ok([of_bob.context("Ada's page")?, of_ada.context("Bob's page")?])
}

/// What the box is told of its place, and of the relay.
fn keys(relay: &Relay) -> anyhow::Result<Vec<(&'static str, &str)>> {
    const { assert!(HTTPS == 8443 && MEDIA == 8189) };
    Ok(vec![
        ("PORCHLIGHT_HTTPS__LISTEN", "[::]:8443"),
        ("PORCHLIGHT_PEERS__LISTEN", "[::]:8189"),
        ("PORCHLIGHT_PEERS__ANNOUNCE", BOX),
        ("PORCHLIGHT_TURN__ADDRESSES", RELAY_ADDRESSES),
        ("PORCHLIGHT_TURN__SECRET", relay.secret.to_str().context("a path that is text")?),
    ])
}

/// The certificate authority that the box has made.
fn authority(state: &TempDir) -> anyhow::Result<PathBuf> {
    let folder = state.path().join("tls");
    let is = |path: &PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains("BEGIN CERTIFICATE"));
    let mut files = fs::read_dir(&folder)?.flatten().map(|entry| entry.path()).filter(is);
    let file = files.find(|path| path.file_name().is_some_and(|name| name != "leaf.pem"));
    file.with_context(|| format!("no authority in {}", folder.display()))
}

/// Debian's coturn, where the outside reaches it and from where it reaches the box alone.
struct Relay {
    child: Child,
    certificate: PathBuf,
    secret: PathBuf,
}

impl Relay {
    fn start(state: &TempDir) -> anyhow::Result<Self> {
        let file = |name: &str| state.path().join(name);
        let (certificate, key) = (file("relay.pem"), file("relay.key"));
        let subject = format!("/CN={RELAY_NAME}");
        let names = format!("subjectAltName=DNS:{RELAY_NAME}");
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", &subject, "-addext", &names, "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .output()?;
        ensure!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
        let child = Command::new("ip")
            .args(["netns", "exec", &world::name("relay"), "turnserver", "-n", "--no-cli", "--no-multicast-peers"])
            .args(["--listening-ip", RELAY, "--relay-ip", RELAY, "--realm", RELAY_NAME, "--fingerprint"])
            .args(["--use-auth-secret", "--static-auth-secret", SECRET, "--tls-listening-port", "443"])
            .args(["--denied-peer-ip", "0.0.0.0-255.255.255.255", "--allowed-peer-ip", BOX])
            .arg("--cert")
            .arg(&certificate)
            .arg("--pkey")
            .arg(&key)
            .arg("--pidfile")
            .arg(file("relay.pid"))
            .args(["--log-file", "stdout", "--simple-log"])
            .stdin(Stdio::null())
            .stdout(fs::File::create(file("relay.log"))?)
            .stderr(Stdio::null())
            .spawn()?;
        let secret = file("relay.secret");
        fs::write(&secret, format!("{SECRET}\n"))?;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600))?;
        Ok(Self { child, certificate, secret })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

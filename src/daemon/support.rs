//! `porchlight support`: what somebody who helps needs to know of a box, in one file that its owner reads first, and nothing of what is
//! somebody's. Nothing is sent anywhere.

mod facts;
mod scrub;

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use self::scrub::Known;
use super::doctor;
use crate::config::{self, Config, cli, redacted};
use crate::drivers::archive::Packer;
use crate::drivers::device::clock;
use crate::drivers::store::{self, private};
use crate::interfaces::control::Question;

/// Lines of the log, the last ones.
const LINES: &str = "2000";
/// The unit whose log it is.
const UNIT: &str = "porchlight.service";
/// Longest line that a secret of a file is looked for in.
const LONGEST: usize = 512;

/// One file of the bundle.
struct Piece {
    name: &'static str,
    what: &'static str,
    text: String,
}

/// Says what would be in it, asks, and writes it.
///
/// # Errors
/// A sentence that says what is wrong, and what to do.
pub fn support(asked: &cli::Support) -> anyhow::Result<()> {
    let config = asked.sources.load()?;
    if let Some(file) = &asked.file {
        ensure!(file.symlink_metadata().is_err(), "{} is there already: choose another name", file.display());
    }
    let pieces = gather(&config)?;
    if asked.show {
        for piece in &pieces {
            println!("===== {}\n{}", piece.name, piece.text);
        }
    }
    let Some(file) = &asked.file else {
        ensure!(asked.show, "give the file to write, or --show to read what would be in it");
        return Ok(());
    };
    println!("{} will hold:", file.display());
    for piece in &pieces {
        println!("  {:<18} {:>7} bytes  {}", piece.name, piece.text.len(), piece.what);
    }
    println!(
        "Names of people and rooms, chats, addresses, serial numbers, passwords, keys and tokens are taken out. Nothing is sent anywhere. \
         --show prints all of it."
    );
    if !asked.yes && !agreed()? {
        println!("Nothing was written.");
        return Ok(());
    }
    write(file, &pieces).with_context(|| format!("{} can't be written", file.display()))?;
    println!("{} is written. Read it, and give it to whom you trust.", file.display());
    Ok(())
}

/// Asks on the terminal.
fn agreed() -> anyhow::Result<bool> {
    print!("Write it? [y/N] ");
    io::stdout().flush()?;
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        bail!("nobody is there to ask: --yes writes it without a question");
    }
    Ok(matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn write(file: &Path, pieces: &[Piece]) -> io::Result<()> {
    let to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut packer = Packer::new(to);
    for piece in pieces {
        packer.bytes(&format!("porchlight-support/{}", piece.name), piece.text.as_bytes(), now)?;
    }
    packer.finish()?.sync_all()
}

/// Everything, without what is somebody's.
fn gather(config: &Config) -> anyhow::Result<Vec<Piece>> {
    let state = &config.node.state;
    let (configuration, hidden) = redacted(config);
    let known = known(config, &hidden);
    let runtime = doctor::runtime()?;
    let asked = |question| runtime.block_on(doctor::ask(config, question)).ok().flatten();
    let metrics = asked(Question::Metrics);
    let network = asked(Question::Network);
    let own = |text: String| scrub::own(&text, &known);
    let stranger = |text: String| scrub::stranger(&text, &known);

    let about = format!(
        "porchlight {}, built for {} {}, as of {}\nThe daemon {}.\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH,
        std::env::consts::OS,
        jiff::Timestamp::from_second(clock::BUILT).unwrap_or_default(),
        if metrics.is_some() { "runs" } else { "does not run, or can't be asked by this user" },
    );
    let metrics = metrics.and_then(|answer| Some(answer["text"].as_str()?.to_owned()));
    Ok(vec![
        Piece { name: "about.txt", what: "which Porchlight this is, and whether it runs", text: about },
        Piece {
            name: "configuration.toml",
            what: "the configuration, without texts of your own",
            text: own(configuration),
        },
        Piece {
            name: "doctor.txt",
            what: "what `porchlight doctor` says of devices, and how the network is",
            text: stranger(format!("{}\n{}", doctor::report(config).text(), ways(network.as_ref()))),
        },
        Piece {
            name: "metrics.txt",
            what: "the numbers of the daemon, for monitoring",
            text: own(metrics.unwrap_or("The daemon does not run, or can't be asked by this user.\n".into())),
        },
        Piece { name: "log.txt", what: "the last 2000 lines of its log", text: stranger(log()) },
        Piece {
            name: "machine.txt",
            what: "kernel, board, memory, disks and screens, without numbers of this one",
            text: own(facts::machine(Path::new("/"), state)),
        },
        Piece {
            name: "gstreamer.txt",
            what: "plug-ins of GStreamer with their versions",
            text: own(facts::gstreamer()),
        },
        Piece {
            name: "devices.json",
            what: "cameras with their modes, sound cards, screens",
            text: stranger(facts::devices()),
        },
        Piece {
            name: "database.txt",
            what: "the version of the database, and how many rows are where",
            text: database(state),
        },
    ])
}

/// Which ways to the box work, by kind: addresses are in none of it.
fn ways(report: Option<&Value>) -> String {
    let Some(report) = report else { return "network: not asked, since the daemon does not run here\n".to_owned() };
    let list = |key: &str| report[key].as_array().cloned().unwrap_or_default();
    let mut out = String::from("network:\n");
    for way in list("ways") {
        let [transport, origin, scope] =
            ["transport", "origin", "scope"].map(|key| way[key].as_str().unwrap_or_default().to_owned());
        let works = if way["took"].is_null() { "does not work" } else { "works" };
        let _ = writeln!(out, "  {transport}, {origin}, {scope}: {works}");
    }
    for finding in list("findings") {
        let _ = writeln!(
            out,
            "  {} ({})",
            finding["code"].as_str().unwrap_or_default(),
            finding["level"].as_str().unwrap_or_default()
        );
    }
    let _ = writeln!(out, "  router: {}", report["router"]["state"].as_str().unwrap_or("not asked"));
    out
}

/// The last lines of the journal, without the name of the machine.
fn log() -> String {
    let mut journal = Command::new("journalctl");
    journal.args(["--unit", UNIT, "--lines", LINES, "--output", "short-iso", "--no-hostname", "--no-pager", "--quiet"]);
    match journal.stdin(Stdio::null()).stderr(Stdio::null()).output() {
        Ok(output) if output.status.success() && !output.stdout.is_empty() => {
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
        Ok(output) if output.status.success() => {
            format!(
                "The journal has nothing of {UNIT}: it does not run under systemd, or this user may not read its log (use sudo).\n"
            )
        }
        _ => "There is no journal: Porchlight does not run under systemd here.\n".to_owned(),
    }
}

fn database(state: &Path) -> String {
    match store::contents(state) {
        Ok(contents) => {
            let mut out = format!("schema version {} of {}\n", contents.version, store::newest());
            for (table, rows) in contents.rows {
                let _ = writeln!(out, "{table}: {rows}");
            }
            out
        }
        // Its sentence names the folder.
        Err(store::Error::Damaged { .. }) => "It is damaged.\n".to_owned(),
        Err(store::Error::Newer { found, known, .. }) => format!("schema version {found}; {known} is known here\n"),
        Err(_) => "There is none, or this user may not read it (use sudo).\n".to_owned(),
    }
}

/// What is somebody's, as far as it is written down on this box: it is taken out wherever it stands.
fn known(config: &Config, hidden: &[String]) -> Known {
    let mut known = Known::default();
    known.keep(config::keys());
    let state = &config.node.state;
    for text in hidden {
        known.add(text);
        // Of an address its host, of a file what is in it.
        text.split(['/', ':', '@', '?']).filter(|part| part.contains('.')).for_each(|part| known.add(part));
        let path = Path::new(text);
        if path.is_absolute() && path.is_file() {
            lines(path, &mut known);
        }
    }
    let mut files = vec![state.join("owner-link")];
    files.extend(fs::read_dir(state.join("secrets")).into_iter().flatten().flatten().map(|entry| entry.path()));
    for file in files {
        lines(&file, &mut known);
    }
    for text in store::texts(state).unwrap_or_default() {
        known.add(&text);
    }
    for file in ["/etc/hostname", "/proc/sys/kernel/hostname", "/etc/machine-id", "/proc/device-tree/serial-number"] {
        lines(Path::new(file), &mut known);
    }
    for variable in ["USER", "SUDO_USER", "HOSTNAME"] {
        known.add(&std::env::var(variable).unwrap_or_default());
    }
    known
}

/// Every line of a file, and of a link what is behind its `#`.
fn lines(file: &Path, known: &mut Known) {
    let Ok(Some(bytes)) = private::read(file) else { return };
    for line in String::from_utf8_lossy(&bytes).lines().filter(|line| line.len() <= LONGEST) {
        let line = line.trim_matches('\0');
        known.add(line);
        if let Some((_, token)) = line.split_once("#owner=") {
            known.add(token.split(' ').next().unwrap_or_default());
        }
    }
}

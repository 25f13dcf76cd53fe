//! What an appliance is judged by first: how soon it answers, how soon there is a picture, how large it is on the disk and in memory.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;

use crate::measure::Spread;
use crate::{daemon, fixture, report};

/// What is aimed at: megabytes of the program without its names, milliseconds to the first answer, megabytes of memory while idle.
const AIMS: [f64; 3] = [25.0, 500.0, 60.0];
/// People of the call on air, the pictures that they send, and their bit rate.
const PEOPLE: usize = 4;
const SIZE: (u32, u32) = (640, 360);
const BITRATE: u32 = 900_000;

#[derive(clap::Args)]
pub struct Options {
    /// Rounds of what is measured several times
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Where all figures are written to
    #[arg(long, default_value = "target/bench/start.json")]
    json: PathBuf,
}

#[derive(Debug, Serialize)]
struct Found {
    machine: (String, String),
    /// Megabytes.
    program: f64,
    /// Milliseconds: GStreamer's registry has to be made, and is there.
    answers: [Spread; 2],
    /// Milliseconds without an answer.
    again: Spread,
    /// Milliseconds from the click on Join, where there is a browser.
    picture: Option<Spread>,
    /// Megabytes.
    idle: f64,
    on_air: f64,
}

/// Megabytes of the program as it is installed, without its names.
fn program() -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let stripped = folder.path().join("porchlight");
    let done =
        std::process::Command::new("strip").arg("-o").arg(&stripped).arg(env!("CARGO_BIN_EXE_porchlight")).status();
    anyhow::ensure!(done.context("strip is in binutils")?.success(), "the program can't be stripped");
    Ok(std::fs::metadata(stripped)?.len() as f64 / 1e6)
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let machine = report::here()?;
    let browsers = fixture::has(&["chromium", "chromedriver", "ffmpeg"]);
    let found = Found {
        machine,
        program: program()?,
        answers: daemon::starts(options.rounds)?,
        again: daemon::again(options.rounds)?,
        picture: browsers.then(|| daemon::pictures(options.rounds)).transpose()?.map(|found| found.call.picture),
        idle: daemon::idle()?,
        on_air: daemon::call_on_air(PEOPLE, SIZE, BITRATE)?,
    };
    let [cold, warm] = found.answers;
    println!("| | | aim |\n|---|---|---|");
    println!("| the program without its names | {:.1} MB | {:.0} MB |", found.program, AIMS[0]);
    println!("| start to the first answer, plugins are known | {warm:.0} ms | {:.0} ms |", AIMS[1]);
    println!("| start to the first answer, plugins are looked for | {cold:.0} ms | |");
    println!("| away while a setting has it start again | {:.0} ms | |", found.again);
    if let Some(picture) = found.picture {
        println!("| click on Join to the first picture | {picture:.0} ms | |");
    }
    println!("| memory while idle | {:.1} MB | {:.0} MB |", found.idle, AIMS[2]);
    println!("| memory with {PEOPLE} people composed on air, one viewer by LL-HLS | {:.1} MB | |", found.on_air);
    write(&options.json, &found)
}

fn write(path: &Path, found: &Found) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(std::fs::write(path, serde_json::to_vec_pretty(found)?)?)
}

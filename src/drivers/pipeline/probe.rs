//! Which H.264 encoder of the board works, found out by coding real pictures: an element may be installed while its driver is missing,
//! hangs, or ignores what it is told.
//!
//! Each one is tried in a process of its own, which is killed when it hangs. What was found is kept for the same kernel and firmware.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::counters::Counters;
use super::elements::{H264Encoder, present};
use super::encode::video_encoder;
use super::spec::VideoEncoderSpec;
use super::{Error, Fed};
use crate::drivers::store::private;
use crate::model::raw::Picture;
use crate::model::ring::{Gate, Next, UNITS, ring};
use crate::model::time::MediaTime;
use crate::model::unit::{Config, Unit};

/// What is coded: as much as a box sends to its viewers.
const SIZE: (u32, u32) = (1280, 720);
const FPS: u32 = 30;
/// Pictures coded at each of the two rates, in bits a second; at this one a keyframe is asked for.
const PICTURES: u32 = 45;
const RATES: [u32; 2] = [500_000, 3_000_000];
const ASKED_AT: u32 = 20;
/// Different pictures among them: eleven megabytes.
const PAINTED: u32 = 8;
/// Pictures that an encoder may keep back at the end.
const KEPT: u32 = 4;
/// How long nothing may come out.
const SILENCE: Duration = Duration::from_secs(3);
/// The larger rate must give at least this many times what the smaller one does.
const FOLLOWS: usize = 2;
/// After so long the process that tries an encoder is killed.
const LONGEST: Duration = Duration::from_secs(20);

/// What is wrong with an encoder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// It can't be started, or failed: what GStreamer says.
    #[error("it does not work: {0}")]
    Broken(String),
    /// It hangs, or ended without a word.
    #[error("it hangs")]
    Hangs,
    /// The first picture is no keyframe with its parameter sets.
    #[error("it does not begin with a keyframe and its parameter sets")]
    NoKeyframe,
    /// Pictures come in another order than they went in.
    #[error("it reorders pictures")]
    Reorders,
    /// It makes no keyframe when it is asked for one.
    #[error("it makes no keyframe when asked")]
    Deaf,
    /// It does not keep to the bitrate that it is given.
    #[error("it does not follow the bitrate")]
    Rate,
}

/// What was found out about an encoder that works.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// Pictures of 1280 by 720 a second, when nothing else is done.
    pub fps: f64,
}

/// An encoder, and whether it works.
pub type Proof = Result<Speed, Fault>;

/// The encoder that was chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chosen {
    /// It.
    pub encoder: H264Encoder,
    /// How fast it is, if it was tried.
    pub speed: Option<Speed>,
    /// The one that was used before it and failed.
    pub instead_of: Option<H264Encoder>,
}

/// Codes pictures with this encoder in this process.
///
/// # Errors
/// [`Fault`] says what is wrong with it.
pub fn code(encoder: H264Encoder) -> Proof {
    let broken = |error: &dyn std::fmt::Display| Fault::Broken(error.to_string());
    super::init().map_err(|error| broken(&error))?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|error| broken(&error))?;
    let mut sizes = Vec::new();
    let (mut spent, mut coded) = (Duration::ZERO, 0);
    for rate in RATES {
        let (units, took) = runtime.block_on(encode(encoder, rate))?;
        judge(&units)?;
        sizes.push(units.iter().map(|unit| unit.data.len()).sum::<usize>());
        (spent, coded) = (spent + took, coded + units.len());
    }
    match sizes[..] {
        [small, large] if large >= small * FOLLOWS => Ok(Speed { fps: (coded as f64 / spent.as_secs_f64()).round() }),
        _ => Err(Fault::Rate),
    }
}

async fn encode(encoder: H264Encoder, bitrate: u32) -> Result<(Vec<Unit>, Duration), Fault> {
    let (width, height) = SIZE;
    let spec = VideoEncoderSpec { width, height, fps: FPS, bitrate, keyframe_interval: 10 * FPS, encoder };
    let (writer, source) = ring(UNITS);
    let mut reader = source.reader(Gate::default());
    let broken = |error: Error| Fault::Broken(error.to_string());
    let (running, feed, keyframes) = video_encoder(&Counters::default(), spec, writer).map_err(broken)?;
    // Made before: to paint them costs as much as to code them.
    let painted: Vec<Bytes> = (0..PAINTED).map(paint).collect();
    let (mut units, mut fed, began) = (Vec::new(), 0, Instant::now());
    let mut last = began;
    while units.len() < (PICTURES - KEPT) as usize {
        let full = loop {
            if fed >= PICTURES {
                break true;
            }
            if fed == ASKED_AT {
                keyframes.request();
            }
            let time = MediaTime::from_millis(i64::from(fed * 1000 / FPS));
            let data = painted[(fed % PAINTED) as usize].clone();
            match feed.push(&Picture { width, height, time, data }) {
                Ok(Fed::Taken) => fed += 1,
                Ok(_) => break true,
                Err(_) => break false,
            }
        };
        let next = match full {
            // It takes nothing more for now, so that something has to come.
            true => tokio::time::timeout(Duration::from_millis(5), reader.next()).await,
            false => Ok(Next::Closed),
        };
        match next {
            Ok(Next::Item(unit)) => {
                last = Instant::now();
                units.push(unit);
            }
            Ok(Next::Lagged(_)) => {}
            Ok(Next::Closed | Next::Revoked) => return Err(Fault::Broken("it stopped".into())),
            Err(_) if last.elapsed() > SILENCE => return Err(Fault::Hangs),
            Err(_) => {}
        }
    }
    let took = last.duration_since(began);
    running.stop().await;
    Ok((units, took))
}

fn judge(units: &[Unit]) -> Result<(), Fault> {
    let has_parameters =
        |unit: &Unit| matches!(&*unit.config, Config::H264 { sps, pps } if !sps.is_empty() && !pps.is_empty());
    if !units.first().is_some_and(|first| first.keyframe && has_parameters(first)) {
        return Err(Fault::NoKeyframe);
    }
    if !units.windows(2).all(|pair| pair[0].pts < pair[1].pts) {
        return Err(Fault::Reorders);
    }
    match units.iter().skip(1).any(|unit| unit.keyframe) {
        true => Ok(()),
        false => Err(Fault::Deaf),
    }
}

/// Stripes that move over noise, so that a rate is needed.
fn paint(number: u32) -> Bytes {
    let (width, height) = SIZE;
    let mut random = number.wrapping_mul(0x9E37_79B9) | 1;
    let mut data = Vec::with_capacity((width * height * 3 / 2) as usize);
    for y in 0..height {
        for x in 0..width {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            let stripe = ((x + number * 8) / 40 + y / 60) % 2 * 120;
            data.push((40 + stripe + random % 32) as u8);
        }
    }
    data.resize((width * height * 3 / 2) as usize, 128);
    data.into()
}

/// The first of the encoders that are installed which works; `program` is this daemon, which tries each by its command
/// `code-pictures`. What was found before on the same kernel and firmware is read from `known`, and written there if its folder exists and
/// one works. Blocks, for some seconds when something has to be tried.
///
/// # Errors
/// [`Error::Missing`] when none is installed, [`Error::NoEncoder`] when none works.
pub fn choose(program: &Path, known: &Path) -> Result<Chosen, Error> {
    super::init()?;
    let machine = machine();
    let mut found = Known::read(known, &machine);
    let before = found.proofs.clone();
    let installed = H264Encoder::RANKED.into_iter().filter(|encoder| present(encoder.element()));
    let mut chosen = None;
    for encoder in installed {
        let name = encoder.element().to_owned();
        let proof = found.proofs.entry(name).or_insert_with(|| attempt(program, encoder));
        match proof {
            Ok(speed) => {
                chosen = Some(Chosen { encoder, speed: Some(*speed), instead_of: None });
                break;
            }
            Err(fault) => tracing::warn!(encoder = encoder.element(), %fault, "an encoder can't be used"),
        }
    }
    // Where none works, something else may be wrong today; and who only looks makes no state folder.
    let keep = chosen.is_some() && found.proofs != before && known.parent().is_some_and(Path::is_dir);
    if keep && let Err(error) = found.write(known) {
        tracing::warn!(%error, "which encoders work can't be remembered; they are tried again at the next start");
    }
    match chosen {
        Some(chosen) => Ok(chosen),
        None if found.proofs.is_empty() => {
            super::elements::require(H264Encoder::X264.element()).and(Err(Error::NoEncoder))
        }
        None => Err(Error::NoEncoder),
    }
}

/// Tries an encoder in a process of its own, which `program` is. Blocks, for some seconds.
///
/// # Errors
/// [`Fault`] says what is wrong with it.
pub fn attempt(program: &Path, encoder: H264Encoder) -> Proof {
    let broken = |error: io::Error| Fault::Broken(error.to_string());
    let mut command = Command::new(program);
    command
        .args(["code-pictures", encoder.element()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().map_err(broken)?;
    let end = Instant::now() + LONGEST;
    while child.try_wait().map_err(broken)?.is_none() {
        if Instant::now() > end {
            let _ = child.kill();
            let _ = child.wait();
            return Err(Fault::Hangs);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    // A line: it fits what the kernel keeps of a pipe.
    let output = child.wait_with_output().map_err(broken)?;
    serde_json::from_slice(&output.stdout).unwrap_or(Err(Fault::Hangs))
}

/// What was found out on one machine as it is now.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Known {
    machine: String,
    proofs: BTreeMap<String, Proof>,
}

impl Known {
    /// What is in the file if it is of this machine; nothing otherwise.
    fn read(path: &Path, machine: &str) -> Self {
        let text = private::read(path).ok().flatten().unwrap_or_default();
        let known: Self = serde_json::from_slice(&text).unwrap_or_default();
        match known.machine == machine {
            true => known,
            false => Self { machine: machine.to_owned(), proofs: BTreeMap::new() },
        }
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        private::write(path, &serde_json::to_vec_pretty(self)?)
    }
}

/// What an encoder depends on: kernel, board, firmware and GStreamer.
fn machine() -> String {
    let files = [
        "/proc/sys/kernel/osrelease",
        "/proc/sys/kernel/version",
        "/proc/device-tree/model",
        "/proc/device-tree/chosen/bootloader/version",
        "/sys/class/dmi/id/bios_version",
    ];
    let read = |file: &&str| std::fs::read_to_string(file).ok();
    let of = |text: String| text.trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned();
    let parts = files.iter().filter_map(read).map(of);
    parts.chain([gstreamer::version_string().to_string()]).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;

    use super::*;

    fn unit(picture: i64, keyframe: bool) -> Unit {
        let (sps, pps) = ("s".into(), "p".into());
        Unit {
            pts: MediaTime::from_millis(picture * 33),
            duration: None,
            keyframe,
            gap: false,
            level: None,
            config: Arc::new(Config::H264 { sps, pps }),
            data: "data".into(),
        }
    }

    #[test]
    fn what_is_wrong_with_what_came_out_is_seen() {
        assert_eq!(judge(&[unit(0, true), unit(1, false), unit(2, true)]), Ok(()));
        assert_eq!(judge(&[]), Err(Fault::NoKeyframe));
        assert_eq!(judge(&[unit(0, false), unit(1, true)]), Err(Fault::NoKeyframe));
        assert_eq!(judge(&[unit(0, true), unit(2, false), unit(1, true)]), Err(Fault::Reorders));
        assert_eq!(judge(&[unit(0, true), unit(1, false)]), Err(Fault::Deaf));
        let config = Arc::new(Config::H264 { sps: "".into(), pps: "".into() });
        assert_eq!(judge(&[Unit { config, ..unit(0, true) }, unit(1, true)]), Err(Fault::NoKeyframe));
    }

    #[test]
    fn the_encoders_of_this_machine_code_in_time() {
        for encoder in [H264Encoder::X264, H264Encoder::OpenH264] {
            let speed = code(encoder).unwrap_or_else(|fault| panic!("{encoder:?}: {fault}"));
            assert!(speed.fps > 1.0, "{encoder:?}: {speed:?}");
        }
    }

    /// A program in place of the daemon, which says this of x264 and that of any other.
    fn program(folder: &Path, x264: &str, others: &str) -> std::path::PathBuf {
        let path = folder.join("program");
        let text = format!(
            "#!/bin/sh\necho \"$2\" >>{0}/tried\ncase $2 in x264enc) {x264} ;; *) {others} ;; esac\n",
            folder.display()
        );
        std::fs::write(&path, text).expect("it can be written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("it is ours");
        path
    }

    #[test]
    fn one_that_does_not_work_is_replaced_by_the_next_and_what_was_found_is_remembered() {
        let folder = tempfile::tempdir().expect("a folder");
        let known = folder.path().join("encoders.json");
        let works = r#"echo '{"Ok":{"fps":99.0}}'"#;
        let ends = "exit 3";
        let broken = program(folder.path(), ends, works);
        let chosen = choose(&broken, &known).expect("one works");
        assert_eq!(
            chosen,
            Chosen { encoder: H264Encoder::OpenH264, speed: Some(Speed { fps: 99.0 }), instead_of: None }
        );
        let tried = || std::fs::read_to_string(folder.path().join("tried")).expect("something was tried");
        let first = tried();
        assert!(first.contains("x264enc") && first.contains("openh264enc"), "{first}");
        assert_eq!(choose(&broken, &known).expect("it is known").encoder, H264Encoder::OpenH264);
        assert_eq!(tried(), first, "nothing is tried twice on the same machine");

        std::fs::write(&known, "{}").expect("it can be written");
        let works_both = program(folder.path(), works, works);
        assert_eq!(choose(&works_both, &known).expect("both work").encoder, H264Encoder::X264, "another machine");
        std::fs::write(&known, "no JSON").expect("it can be written");
        let nothing = program(folder.path(), ends, "echo nonsense");
        assert!(matches!(choose(&nothing, &known), Err(Error::NoEncoder)));
    }
}

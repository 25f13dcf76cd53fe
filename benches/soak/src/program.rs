//! A program of four people, composed, with smaller pictures of it, two services that it is sent to, and a recording: whether picture and
//! sound stay together, and whether memory stays what it is.
//!
//! One of the four is the box with its stand-ins, which flash and beep together at each whole second.

use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use serde_json::json;

use crate::daemon::Daemon;
use crate::line::Login;
use crate::person::{Camera, Film, Person};
use crate::recordings::run;
use crate::{LOOK, Misses, slope};

/// Seconds that picture and sound may be apart, in the middle. A flash is seen with the next picture only, which may be that much later.
const SYNC: f64 = 0.045;
const PICTURE: f64 = 1.0 / FPS as f64;
/// Megabytes an hour that memory may grow by, by the slope after everything has its size.
const GROWS: f64 = 60.0;
/// Everything has its size by then, in seconds, the window of those who watch, too.
const SETTLE: f64 = 120.0;
/// Everybody is in the picture by then.
const COMPOSED: Duration = Duration::from_secs(10);
const FPS: u32 = 25;
const SETTINGS: [(&str, &str); 9] = [
    ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
    ("PORCHLIGHT_ENDPOINT__WIDTH", "640"),
    ("PORCHLIGHT_ENDPOINT__HEIGHT", "360"),
    ("PORCHLIGHT_ENDPOINT__FPS", "25"),
    ("PORCHLIGHT_PROGRAM__FPS", "25"),
    ("PORCHLIGHT_LADDER__RUNGS", "360,144"),
    ("PORCHLIGHT_HLS__WINDOW", "60s"),
    ("PORCHLIGHT_RECORDINGS__MIN_FREE_GIGABYTES", "0"),
    ("PORCHLIGHT_PROGRAM__WIDTH", "1280"),
];
/// A whiter picture than that is the flash: of 255, on average, where everything but white is black.
const FLASH: f64 = 4.0;
/// Louder than that is the beep, of 1.
const BEEP: f64 = 0.02;

/// A program of the system that ends with us.
struct Other(Child);

impl Other {
    fn start(command: &mut Command) -> anyhow::Result<Self> {
        Ok(Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?))
    }

    fn runs(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Has it go on for so long.
pub async fn program(program: &Path, minutes: f64) -> anyhow::Result<Misses> {
    println!(
        "\nA program of four people for {minutes} min: composed at 720 lines, 360 and 144, RTMP, SRT, a recording\n"
    );
    let folder = tempfile::tempdir()?;
    let film = Arc::new(film(folder.path())?);
    let state = folder.path().join("state");
    std::fs::create_dir(&state)?;
    let daemon = Daemon::start_in(program, &state, &SETTINGS)?;
    let owner = Login::owner(&daemon.url, &daemon.owner).await?;
    let (room, invite) = owner.room().await?;
    let guest = Login::guest(&daemon.url, &invite, "Guest").await?;

    let live = owner.post(&format!("/api/v1/rooms/{room}/live"), &json!({ "record": true })).await?;
    let broadcast = live["broadcast"].as_str().context("a broadcast")?.to_owned();
    let mut people = Vec::new();
    for number in 0..3 {
        people.push(Person::join(&guest, &room, number, 3, Camera::Film(film.clone())).await?);
    }
    // Another size of the picture is another connection: the services come when everybody is in it.
    tokio::time::sleep(COMPOSED).await;

    // Two services: each keeps what it is sent.
    let rtmp = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let srt = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
    let kept = [folder.path().join("rtmp.mkv"), folder.path().join("srt.mkv")];
    let from = [format!("rtmp://127.0.0.1:{rtmp}/live/key"), format!("srt://127.0.0.1:{srt}?mode=listener")];
    let mut services = Vec::new();
    for (from, to) in from.iter().zip(&kept) {
        let listen: &[&str] = if from.starts_with("rtmp") { &["-listen", "1"] } else { &[] };
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-nostdin", "-y"]).args(listen).args(["-i", from, "-c", "copy"]).arg(to);
        services.push(Other::start(&mut ffmpeg)?);
    }
    // They take one connection, so that nobody can try whether they are there.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let pushes = format!("/api/v1/rooms/{room}/pushes");
    let to = [(format!("rtmp://127.0.0.1:{rtmp}/live"), Some("key")), (format!("srt://127.0.0.1:{srt}"), None)];
    for (number, (address, key)) in to.iter().enumerate() {
        let push = json!({ "name": format!("Service {number}"), "preset": "custom", "address": address, "key": key, "enabled": true });
        owner.post(&pushes, &push).await?;
    }
    // Somebody who watches everything that there is.
    let index = format!("{}/hls/{broadcast}/index.m3u8", daemon.url);
    let watch = ["-map", "0", "-c", "copy", "-f", "null", "-"];
    let mut viewer = Other::start(Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-i", &index]).args(watch))?;

    println!("| s | MB | of no file | CPUs | threads | recorded, s |\n|---|---|---|---|---|---|");
    let began = Instant::now();
    let (mut last, mut at, mut looks) = (daemon.holds()?, began, Vec::new());
    while began.elapsed().as_secs_f64() < minutes * 60.0 {
        tokio::time::sleep(LOOK * 2).await;
        let (holds, seconds) = (daemon.holds()?, at.elapsed().as_secs_f64());
        at = Instant::now();
        let recordings = owner.get("/api/v1/recordings").await?;
        let recorded = recordings["recordings"][0]["duration"].as_f64().unwrap_or(0.0) / 1000.0;
        println!(
            "| {:.0} | {:.1} | {:.1} | {:.2} | {} | {recorded:.1} |",
            began.elapsed().as_secs_f64(),
            holds.memory as f64 / 1e6,
            holds.anonymous as f64 / 1e6,
            (holds.cpu - last.cpu) / seconds,
            holds.threads,
        );
        looks.push((began.elapsed().as_secs_f64(), holds.memory as f64));
        last = holds;
    }

    let mut misses = Vec::new();
    let settled: Vec<(f64, f64)> = looks.iter().copied().filter(|(second, _)| *second >= SETTLE).collect();
    let grows = slope(&settled) * 3600.0 / 1e6;
    if settled.len() > 2 {
        println!("\nMemory grows by {grows:.1} MB an hour after the first {SETTLE} s.");
        if grows > GROWS {
            misses.push(format!("memory grows by {grows:.1} MB an hour, the limit is {GROWS}"));
        }
    }
    let said = owner.get(&pushes).await?;
    for push in said.as_array().context("a list of pushes")? {
        if push["state"] != "live" || push["restarts"] != 0 {
            misses.push(format!("a push is {} after {} new beginnings", push["state"], push["restarts"]));
        }
    }
    if !viewer.runs() {
        misses.push("the stream ended for who watched it".to_owned());
    }
    if people.iter().any(|person| person.dropped.load(std::sync::atomic::Ordering::Relaxed)) {
        misses.push("somebody was dropped".to_owned());
    }
    for person in people {
        person.leave().await?;
    }
    let recordings = owner.get("/api/v1/recordings").await?;
    let id = recordings["recordings"][0]["id"].as_str().context("a recording")?.to_owned();
    misses.extend(daemon.complaints().into_iter().map(|line| format!("the daemon wrote: {line}")));
    daemon.stop()?;
    // What they kept is whole when they have ended.
    tokio::time::sleep(Duration::from_secs(2)).await;
    drop((services, viewer));

    println!(
        "\n| | length, s | flashes with a beep | apart in the middle, ms | 95 of 100 within, ms | last minute less first, ms |\n|---|---|---|---|---|---|"
    );
    let recording = state.join("recordings").join(format!("{id}.mp4"));
    for (name, file) in [("recording", &recording), ("RTMP", &kept[0]), ("SRT", &kept[1])] {
        let apart = apart(file).with_context(|| format!("{name} can't be read"))?;
        ensure!(apart.len() > 10, "{name}: {} flashes with a beep were found", apart.len());
        let length = apart.last().map_or(0.0, |(at, _)| *at);
        let middle = |of: &mut dyn Iterator<Item = f64>| {
            let mut all: Vec<f64> = of.collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or(0.0)
        };
        let all = middle(&mut apart.iter().map(|(_, apart)| *apart));
        let mut sizes: Vec<f64> = apart.iter().map(|(_, apart)| apart.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        let most = sizes[(sizes.len() - 1) * 95 / 100];
        let first = middle(&mut apart.iter().filter(|(at, _)| *at < 60.0).map(|(_, apart)| *apart));
        let end = middle(&mut apart.iter().filter(|(at, _)| *at > length - 60.0).map(|(_, apart)| *apart));
        println!(
            "| {name} | {length:.0} | {} | {:.1} | {:.1} | {:.1} |",
            apart.len(),
            all * 1e3,
            most * 1e3,
            (end - first) * 1e3
        );
        if !(-SYNC - PICTURE..=SYNC).contains(&all) {
            misses.push(format!("{name}: the sound comes {:.0} ms after the picture", all * 1e3));
        }
    }
    Ok(misses)
}

/// Pictures that move and hold nothing white, of H.264 as cameras send it.
fn film(folder: &Path) -> anyhow::Result<Film> {
    let file = folder.join("film.h264");
    let source = format!("testsrc2=size=640x360:rate={FPS}:duration=8,lutyuv=y=val/2");
    let coder = ["-c:v", "libx264", "-profile:v", "baseline", "-preset", "veryfast", "-tune", "zerolatency"];
    let shape = ["-threads", "1", "-g", "50", "-b:v", "700k", "-pix_fmt", "yuv420p", "-x264-params", "slices=1"];
    run(Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-f", "lavfi", "-i", &source])
        .args(coder)
        .args(shape)
        .args(["-f", "h264"])
        .arg(&file))?;
    let bytes = Bytes::from(std::fs::read(&file)?);
    // Each picture is one slice: what follows it begins the next.
    let (mut pictures, mut begins, mut ends) = (Vec::new(), 0, false);
    let starts =
        bytes.windows(4).enumerate().filter(|(_, four)| four[..3] == [0, 0, 1]).map(|(at, four)| (at, four[3]));
    for (at, kind) in starts {
        let at = if at > 0 && bytes[at - 1] == 0 { at - 1 } else { at };
        if ends {
            pictures.push(bytes.slice(begins..at));
            begins = at;
        }
        ends = matches!(kind & 0x1f, 1 | 5);
    }
    pictures.push(bytes.slice(begins..));
    ensure!(pictures.len() == 8 * FPS as usize, "{} pictures were made", pictures.len());
    Ok(Film { fps: FPS, pictures })
}

/// Of each flash in a file that has a beep when it was there, and by how many seconds the beep comes after it.
fn apart(file: &Path) -> anyhow::Result<Vec<(f64, f64)>> {
    let white = "lutyuv=y='if(gt(val,200),255,0)',scale=320:-2:flags=area,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-";
    let quiet = ["-v", "error", "-nostdin", "-i"];
    let null = ["-an", "-fps_mode", "passthrough", "-enc_time_base", "1:90000", "-f", "null"];
    let (text, _) = run(Command::new("ffmpeg").args(quiet).arg(file).args(["-vf", white]).args(null).arg("/dev/null"))?;
    let (mut flashes, mut time, mut window) = (Vec::new(), 0.0, std::collections::VecDeque::new());
    for line in text.lines() {
        if let Some((_, at)) = line.split_once("pts_time:") {
            time = at.split_whitespace().next().and_then(|at| at.parse().ok()).unwrap_or(time);
        } else if let Some(value) = line.split_once("YAVG=").and_then(|(_, value)| value.trim().parse::<f64>().ok()) {
            // Whiter than at any time in the last third of a second.
            while window.front().is_some_and(|(at, _): &(f64, f64)| *at < time - 0.3) {
                window.pop_front();
            }
            let most = window.iter().map(|(_, value)| *value).fold(0.0, f64::max);
            if !window.is_empty() && value > most + FLASH {
                flashes.push(time);
            }
            window.push_back((time, value));
        }
    }
    let output = Command::new("ffmpeg")
        .args(quiet)
        .arg(file)
        .args(["-vn", "-af", "aresample=48000:async=1:first_pts=0", "-ac", "1", "-f", "s16le", "-"])
        .output()?;
    let samples: Vec<f64> =
        output.stdout.chunks_exact(2).map(|two| f64::from(i16::from_le_bytes([two[0], two[1]])) / 32768.0).collect();
    let (mut beeps, mut silent) = (Vec::new(), 0u32);
    for (number, sample) in samples.iter().enumerate() {
        if sample.abs() < BEEP {
            silent += 1;
        } else {
            // After a third of a second of silence.
            if silent > 16_000 {
                beeps.push(number as f64 / 48_000.0);
            }
            silent = 0;
        }
    }
    let nearest = |flash: f64| beeps.iter().map(|beep| beep - flash).min_by(|a, b| a.abs().total_cmp(&b.abs()));
    let found = flashes.iter().filter_map(|flash| Some((*flash, nearest(*flash)?)));
    Ok(found.filter(|(_, apart)| apart.abs() < 0.4).collect())
}

//! What synthetic people send: a test picture as H.264 and a tone as Opus, made once by ffmpeg.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::{Bytes, BytesMut};
use porchlight::model::packet::Packet;
use porchlight::model::time::MediaTime;
use porchlight::model::track::Codec;
use porchlight::model::unit::{Config, Unit};
use porchlight::proto::rtp::Packetizer;

/// `nal_unit_type` (H.264 table 7-1).
const SLICE: u8 = 1;
const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
const DELIMITER: u8 = 9;

pub const FPS: u32 = 30;
/// Seconds after which all begins anew.
const LENGTH: u32 = 10;
/// From one keyframe to the next, in pictures.
const KEYFRAMES: u32 = 60;
/// One frame of Opus.
pub const SOUND: Duration = Duration::from_millis(20);

/// RTP payloads of one picture or one frame of sound.
pub type Payloads = Vec<Arc<[u8]>>;

/// One person's camera and microphone.
pub struct Material {
    /// The same as a file that ffmpeg reads.
    pub file: PathBuf,
    pub pictures: Vec<Payloads>,
    pub sounds: Vec<Payloads>,
    pub size: (u32, u32),
}

impl Material {
    /// Makes it in this folder: a test picture of this size in which much moves, at so many bits a second.
    pub fn make(folder: &Path, (width, height): (u32, u32), bitrate: u32) -> anyhow::Result<Self> {
        let file = folder.join(format!("person-{height}.mkv"));
        let picture = format!("testsrc2=s={width}x{height}:r={FPS}:d={LENGTH},format=yuv420p");
        let sound = format!("aevalsrc='0.3*sin(2*PI*440*t)*lt(mod(t,0.5),0.4)':s=48000:d={LENGTH}");
        let (rate, keyframes) = (bitrate.to_string(), KEYFRAMES.to_string());
        let made = ffmpeg()
            .args(["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound])
            .args(["-c:v", "libx264", "-profile:v", "baseline", "-preset", "veryfast", "-tune", "zerolatency"])
            .args(["-threads", "1", "-b:v", &rate, "-maxrate", &rate, "-bufsize", &rate])
            .args(["-g", &keyframes, "-keyint_min", &keyframes, "-sc_threshold", "0"])
            .args(["-c:a", "libopus", "-b:a", "48k", "-ac", "2", "-frame_duration", "20", "-y"])
            .arg(&file)
            .status()?;
        ensure!(made.success(), "ffmpeg could not make {}", file.display());
        let stream =
            read(&file, &["-map", "0:v", "-bsf:v", "h264_mp4toannexb,h264_metadata=aud=insert", "-f", "h264"])?;
        let pictures = packed(Codec::H264, &pictures(&stream)?)?;
        let sounds = packed(Codec::Opus, &sounds(&read(&file, &["-map", "0:a", "-f", "ogg"])?))?;
        ensure!(pictures.len() == (FPS * LENGTH) as usize, "{} pictures of {}", pictures.len(), FPS * LENGTH);
        Ok(Self { file, pictures, sounds, size: (width, height) })
    }
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-nostdin", "-loglevel", "error"]).stdin(Stdio::null());
    command
}

fn read(file: &Path, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
    let output = ffmpeg().arg("-i").arg(file).args(["-c", "copy"]).args(arguments).arg("-").output()?;
    ensure!(output.status.success(), "ffmpeg: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

/// The access units of a byte stream (H.264 Annex B) in which each begins with a delimiter.
fn pictures(stream: &[u8]) -> anyhow::Result<Vec<Unit>> {
    let (mut sps, mut pps) = (Bytes::new(), Bytes::new());
    let mut all: Vec<(bool, BytesMut)> = Vec::new();
    for nal in nals(stream) {
        match nal[0] & 0x1f {
            DELIMITER => all.push((false, BytesMut::new())),
            SPS => sps = Bytes::copy_from_slice(nal),
            PPS => pps = Bytes::copy_from_slice(nal),
            kind @ (SLICE | IDR) => {
                let (keyframe, data) = all.last_mut().context("a picture begins with a delimiter")?;
                *keyframe |= kind == IDR;
                data.extend_from_slice(&(nal.len() as u32).to_be_bytes());
                data.extend_from_slice(nal);
            }
            _ => {}
        }
    }
    let config = Arc::new(Config::H264 { sps, pps });
    Ok(all.into_iter().map(|(keyframe, data)| unit(keyframe, data.freeze(), &config)).collect())
}

fn nals(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut starts = stream.windows(3).enumerate().filter(|(_, three)| *three == [0, 0, 1]).map(|(at, _)| at);
    let mut start = starts.next();
    std::iter::from_fn(move || {
        let from = start? + 3;
        start = starts.next();
        let nal = &stream[from..start.unwrap_or(stream.len())];
        // A start code of four bytes begins with one that belongs to no unit.
        Some(&nal[..nal.iter().rposition(|byte| *byte != 0)? + 1])
    })
}

/// The packets of a stream in Ogg (RFC 3533 section 6), without the two that only describe it (RFC 7845 section 3).
fn sounds(ogg: &[u8]) -> Vec<Unit> {
    const HEAD: usize = 27;
    let config = Arc::new(Config::Opus { channels: 2 });
    let (mut packets, mut open, mut rest) = (Vec::new(), Vec::new(), ogg);
    while rest.len() > HEAD {
        let count = usize::from(rest[HEAD - 1]);
        let (lengths, mut data) = rest[HEAD..].split_at(count);
        for length in lengths {
            let (piece, after) = data.split_at(usize::from(*length));
            open.extend_from_slice(piece);
            data = after;
            // A packet ends with the first piece that is not as long as can be.
            if *length < 255 {
                packets.push(std::mem::take(&mut open));
            }
        }
        rest = data;
    }
    packets.into_iter().skip(2).map(|packet| unit(true, packet.into(), &config)).collect()
}

fn unit(keyframe: bool, data: Bytes, config: &Arc<Config>) -> Unit {
    let config = config.clone();
    Unit { pts: MediaTime::ZERO, duration: None, keyframe, gap: false, level: None, config, data }
}

fn packed(codec: Codec, units: &[Unit]) -> anyhow::Result<Vec<Payloads>> {
    let mut packetizer = Packetizer::new(codec).context("RTP carries it")?;
    let pack = |unit| {
        let mut packets: Vec<Packet> = Vec::new();
        packetizer.push(unit, &mut packets);
        packets.into_iter().map(|packet| packet.payload).collect()
    };
    Ok(units.iter().map(pack).collect())
}

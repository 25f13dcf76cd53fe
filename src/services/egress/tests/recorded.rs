//! What goes in: a real picture and a real tone, coded by ffmpeg, as units.

use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;

use crate::model::time::MediaTime;
use crate::model::unit::{Config as Codec, Unit};

/// Media time of the first picture.
pub(super) const START: MediaTime = MediaTime::from_millis(1000);

/// Seven seconds of a test picture and a tone, made by ffmpeg once.
pub(super) fn recorded() -> &'static [Unit] {
    static UNITS: OnceLock<Vec<Unit>> = OnceLock::new();
    UNITS.get_or_init(|| {
        let mut units = pictures(&ffmpeg(&[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=320x180:rate=30",
            "-t",
            "7",
            "-c:v",
            "libx264",
            "-profile:v",
            "baseline",
            "-bf",
            "0",
            "-x264-params",
            "aud=1:keyint=60:min-keyint=60:scenecut=0",
            "-f",
            "h264",
        ]));
        let tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "7", "-ac", "2"];
        units.extend(sounds(&ffmpeg(&[&tone[..], &["-c:a", "aac", "-b:a", "128k", "-f", "adts"]].concat())));
        units.sort_by_key(|unit| unit.pts);
        units
    })
}

fn ffmpeg(arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-nostdin"]).args(arguments).arg("pipe:1");
    let output = command.output().expect("ffmpeg is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Access units of an Annex B stream with delimiters.
fn pictures(stream: &[u8]) -> Vec<Unit> {
    let starts: Vec<usize> = (3..stream.len()).filter(|&i| stream[i - 3..i] == [0, 0, 1]).collect();
    let mut nals = starts.iter().enumerate().map(|(n, &from)| {
        let to = starts.get(n + 1).map_or(stream.len(), |next| next - 3);
        let nal = &stream[from..to];
        &nal[..nal.len() - nal.iter().rev().take_while(|&&byte| byte == 0).count()]
    });
    let (mut sps, mut pps) = (Bytes::new(), Bytes::new());
    let mut units: Vec<(bool, Vec<u8>)> = Vec::new();
    for nal in &mut nals {
        match nal[0] & 31 {
            9 => units.push((false, Vec::new())),
            7 => sps = Bytes::copy_from_slice(nal),
            8 => pps = Bytes::copy_from_slice(nal),
            kind => {
                let (keyframe, data) = units.last_mut().expect("a stream starts with a delimiter");
                *keyframe |= kind == 5;
                data.extend_from_slice(&(nal.len() as u32).to_be_bytes());
                data.extend_from_slice(nal);
            }
        }
    }
    let config = Arc::new(Codec::H264 { sps, pps });
    let unit = |(n, (keyframe, data)): (usize, (bool, Vec<u8>))| Unit {
        pts: START.plus_nanos(MediaTime::from_ticks(n as i64, 30).nanos()),
        duration: None,
        keyframe,
        gap: false,
        level: None,
        config: config.clone(),
        data: data.into(),
    };
    units.into_iter().enumerate().map(unit).collect()
}

/// Frames of an ADTS stream (ISO 14496-3 section 1.A.3.2), with the encoder's first frame taken off their times.
fn sounds(mut stream: &[u8]) -> Vec<Unit> {
    let config = Arc::new(Codec::Aac { asc: Bytes::from_static(&[0x11, 0x90]), rate: 48_000, channels: 2 });
    let mut units = Vec::new();
    while stream.len() > 7 {
        let length = usize::from(stream[3] & 3) << 11 | usize::from(stream[4]) << 3 | usize::from(stream[5]) >> 5;
        units.push(Unit {
            pts: START.plus_nanos(MediaTime::from_ticks((units.len() as i64 - 1) * 1024, 48_000).nanos()),
            duration: Some(Duration::from_nanos(21_333_333)),
            keyframe: true,
            gap: false,
            level: None,
            config: config.clone(),
            data: Bytes::copy_from_slice(&stream[7..length]),
        });
        stream = &stream[length..];
    }
    units
}

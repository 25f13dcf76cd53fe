//! Whole pipelines, really run: what goes in comes out, in time, and nothing is left behind.

mod audio;
mod echo;
mod life;
mod listen;
mod rtsp;
mod video;

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::*;
use crate::drivers::device::monotonic_nanos;
use crate::model::raw::{Picture, Sound};
use crate::model::ring::{Gate, Next, Reader, UNITS, Writer, ring};
use crate::model::time::{MediaTime, Timeline};
use crate::model::track::Codec;
use crate::model::unit::{Config, Unit};
use crate::proto::layout::aim::Aim;

/// One generous deadline for everything that has to arrive.
const DEADLINE: Duration = Duration::from_secs(30);

fn timeline() -> Timeline {
    Timeline::new(Instant::now(), monotonic_nanos(), 1_700_000_000_000_000_000)
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, what).await.expect("it comes within the deadline")
}

async fn unit(reader: &mut Reader<Unit>) -> Unit {
    loop {
        match within(reader.next()).await {
            Next::Item(unit) => return unit,
            Next::Lagged(_) => {}
            other => panic!("the ring ended: {other:?}"),
        }
    }
}

/// A camera whose pictures are encoded in these sizes, each into its ring.
fn filmed(spec: CameraSpec, sizes: Vec<(LayerSpec, Writer<Unit>)>, line: Timeline) -> (Vec<Running>, Vec<Keyframes>) {
    let (sender, mut pictures) = mpsc::channel(4);
    let counters = Counters::default();
    let (camera, _) = camera(&counters, spec, line, sender).expect("installed");
    let (mut running, mut feeds, mut keyframes) = (vec![camera], Vec::new(), Vec::new());
    for (size, out) in sizes {
        let (one, feed, of) = layer(&counters, size, out).expect("installed");
        running.push(one);
        feeds.push(feed);
        keyframes.push(of);
    }
    std::thread::spawn(move || {
        while let Some(picture) = pictures.blocking_recv() {
            for feed in &feeds {
                // One that has ended takes nothing more.
                let _ = feed.push(&picture);
            }
        }
    });
    (running, keyframes)
}

/// A stand-in of this size, and the whole of it encoded.
fn stand_in(width: u32, height: u32, fps: u32, encoder: CameraEncoder) -> (CameraSpec, LayerSpec) {
    let (source, caption) = (CameraSource::StandIn, "Porch".to_owned());
    let spec = CameraSpec { source, width, height, fps, caption, aim: Aim::WHOLE };
    (spec, LayerSpec { from: (width, height), width, height, fps, bitrate: 500_000, encoder })
}

fn picture(width: u32, height: u32, time: MediaTime, luma: impl Fn(u32, u32) -> u8) -> Picture {
    let mut data: Vec<u8> =
        (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| luma(x, y)).collect();
    data.resize((width * height * 3 / 2) as usize, 128);
    Picture { width, height, time, data: data.into() }
}

fn luma(picture: &Picture, x: u32, y: u32) -> u8 {
    picture.data[(y * picture.width + x) as usize]
}

fn encoder(width: u32, height: u32, encoder: H264Encoder) -> VideoEncoderSpec {
    VideoEncoderSpec { width, height, fps: 15, bitrate: 1_000_000, keyframe_interval: 30, encoder }
}

/// Encodes `count` pictures 66 ms apart from a time on, and gives their units.
async fn encoded(spec: VideoEncoderSpec, from: MediaTime, count: i64, luma: impl Fn(i64, u32, u32) -> u8) -> Vec<Unit> {
    let (writer, source) = ring(UNITS);
    let mut reader = source.reader(Gate::default());
    let (width, height) = (spec.width, spec.height);
    let (running, feed, _) = video_encoder(&Counters::default(), spec, writer).expect("the encoder is installed");
    let mut units = Vec::new();
    for n in 0..count {
        let time = from.plus_nanos(n * 66_000_000);
        assert_eq!(feed.push(&picture(width, height, time, |x, y| luma(n, x, y))), Ok(Fed::Taken));
        units.push(unit(&mut reader).await);
    }
    running.stop().await;
    units
}

/// Left half dark, right half bright, and the brightness of the right half tells the number of the picture.
fn halves(n: i64, width: u32) -> impl Fn(u32, u32) -> u8 {
    move |x, _| if x < width / 2 { 40 } else { 120 + 10 * (n % 8) as u8 }
}

/// Where the first half-amplitude of a tone after silence is, in media time.
fn onset(sounds: &[Sound], channels: usize) -> Option<MediaTime> {
    let loudest = sounds.iter().flat_map(|s| s.samples.iter()).map(|s| s.unsigned_abs()).max()?;
    for sound in sounds {
        if let Some(at) = sound.samples.iter().step_by(channels).position(|s| s.unsigned_abs() > loudest / 2) {
            return Some(sound.time.plus_nanos(MediaTime::from_ticks(at as i64, 48_000).nanos()));
        }
    }
    None
}

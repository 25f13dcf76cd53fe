//! Whole pipelines, really run: what goes in comes out, in time, and nothing is left behind.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::*;
use crate::drivers::device::monotonic_nanos;
use crate::model::raw::{Picture, Sound};
use crate::model::ring::{Gate, Next, Reader, UNITS, ring};
use crate::model::time::{MediaTime, Timeline};
use crate::model::unit::{Config, Unit};

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
    let (running, feed, _) = video_encoder(spec, writer).expect("the encoder is installed");
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

async fn round_trip(with: H264Encoder) {
    let from = MediaTime::from_millis(-2_000);
    let units = encoded(encoder(320, 180, with), from, 40, |n, x, y| halves(n, 320)(x, y)).await;
    assert!(units[0].keyframe && units.iter().filter(|u| u.keyframe).count() == 2, "every 30 pictures");
    let (pictures, mut decoded) = mpsc::channel(8);
    let spec = VideoDecoderSpec { width: 160, height: 120, caption: None };
    let (running, mut feed) = video_decoder(spec, pictures).expect("the decoder is installed");
    for (n, unit) in (0..).zip(&units) {
        assert_eq!(unit.pts, from.plus_nanos(n * 66_000_000), "no picture is reordered or shifted");
        assert_eq!(feed.push(unit), Ok(Fed::Taken));
        let picture = within(decoded.recv()).await.expect("one picture out for one in");
        assert_eq!((picture.width, picture.height, picture.time), (160, 120, unit.pts));
        assert_eq!(picture.data.len(), 160 * 120 * 3 / 2);
        let (left, right) = (luma(&picture, 40, 60), luma(&picture, 120, 60));
        assert!(left.abs_diff(40) < 6 && right.abs_diff(120 + 10 * (n % 8) as u8) < 6, "picture {n}: {left} {right}");
        assert!(luma(&picture, 80, 4) < 20, "black above: 16:9 in 4:3");
    }
    running.stop().await;
    assert_eq!(feed.push(&units[0]), Err(Gone));
}

#[tokio::test]
async fn pictures_survive_x264_and_the_decoder_one_for_one() {
    round_trip(H264Encoder::X264).await;
}

#[tokio::test]
async fn pictures_survive_openh264_and_the_decoder_one_for_one() {
    round_trip(H264Encoder::OpenH264).await;
}

#[tokio::test]
async fn the_encoder_makes_constrained_baseline_and_a_keyframe_when_asked() {
    let (writer, source) = ring(UNITS);
    let mut reader = source.reader(Gate::default());
    let mut spec = encoder(320, 180, H264Encoder::X264);
    spec.keyframe_interval = 1000;
    let (_running, feed, keyframes) = video_encoder(spec, writer).expect("the encoder is installed");
    let mut keys = Vec::new();
    for n in 0..60 {
        if n == 30 {
            keyframes.request();
        }
        feed.push(&picture(320, 180, MediaTime::from_millis(n * 66), halves(n, 320))).expect("it runs");
        let unit = unit(&mut reader).await;
        if unit.keyframe {
            keys.push(n);
        }
        let Config::H264 { sps, .. } = &*unit.config else { panic!("it is H.264") };
        assert_eq!((sps[1], sps[2] & 0x40), (66, 0x40), "profile_idc and constraint_set1_flag");
    }
    assert_eq!(keys, [0, 30]);
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

#[tokio::test]
async fn flash_and_beep_of_the_stand_ins_coincide_after_encoding_and_decoding() {
    let line = timeline();
    let (video_out, video) = ring(UNITS);
    let (audio_out, audio) = ring(UNITS);
    let (mut video, mut audio) = (video.reader(Gate::default()), audio.reader(Gate::default()));
    let camera_spec = CameraSpec {
        source: CameraSource::StandIn,
        width: 320,
        height: 180,
        fps: 20,
        bitrate: 500_000,
        encoder: H264Encoder::X264,
        caption: "Porch".to_owned(),
    };
    let (camera, _) = camera(camera_spec, line, video_out).expect("installed");
    let spec = MicrophoneSpec { source: MicrophoneSource::StandIn, bitrate: 64_000 };
    let microphone = microphone(spec, line, audio_out).expect("installed");
    let (pictures, mut decoded) = mpsc::channel(64);
    let (sounds, mut heard) = mpsc::channel(64);
    let spec = VideoDecoderSpec { width: 320, height: 180, caption: None };
    let (video_running, mut video_feed) = video_decoder(spec, pictures).expect("installed");
    let (audio_running, mut audio_feed) = audio_decoder(sounds).expect("installed");

    let (mut flash, mut before) = (None, None);
    while flash.is_none() {
        video_feed.push(&unit(&mut video).await).expect("it runs");
        let picture = within(decoded.recv()).await.expect("it runs");
        let lit = luma(&picture, 160, 60) > 200;
        if lit && before == Some(false) {
            flash = Some(picture.time);
        }
        before = Some(lit);
    }
    let flash = flash.expect("the loop ended with it");
    assert_eq!(flash.nanos() % 1_000_000_000, 0, "on the whole second");
    let mut window = Vec::new();
    loop {
        audio_feed.push(&unit(&mut audio).await).expect("it runs");
        let sound = within(heard.recv()).await.expect("it runs");
        let time = sound.time;
        // Half a second before the flash, or the beep a second earlier would be found.
        if time.since(flash) > -500_000_000 {
            window.push(sound);
        }
        if time.since(flash) > 200_000_000 {
            break;
        }
    }
    // The microphone may have begun after this flash; then the next beep is a second later.
    let beep = onset(&window, 2).expect("there is a beep");
    let apart = beep.since(flash).rem_euclid(1_000_000_000);
    let apart = apart.min(1_000_000_000 - apart);
    assert!(apart < 5_000_000, "{apart} ns apart");
    for running in [camera, microphone, video_running, audio_running] {
        running.stop().await;
    }
}

/// Encodes silence with a burst from half a second on and gives the units.
async fn burst(codec: AudioCodec) -> Vec<Unit> {
    let (writer, source) = ring(UNITS);
    let mut reader = source.reader(Gate::default());
    let (running, feed) = audio_encoder(AudioEncoderSpec { codec, bitrate: 128_000 }, writer).expect("installed");
    let start = MediaTime::from_millis(10_000);
    for block in 0..75 {
        let samples = (block * 960..(block + 1) * 960i64)
            .flat_map(|n| {
                let on = (24_000..30_000).contains(&n);
                let tone = (n as f32 / 48_000.0 * 1000.0 * std::f32::consts::TAU).sin() * 12_000.0;
                [if on { tone as i16 } else { 0 }; 2]
            })
            .collect();
        let time = start.plus_nanos(MediaTime::from_ticks(block * 960, 48_000).nanos());
        while feed.push(&Sound { time, samples: std::sync::Arc::clone(&samples) }).expect("it runs") == Fed::Full {
            tokio::task::yield_now().await;
        }
    }
    let mut units = Vec::new();
    while units.last().is_none_or(|u: &Unit| u.pts.since(start) < 1_200_000_000) {
        units.push(unit(&mut reader).await);
    }
    running.stop().await;
    units
}

#[tokio::test]
async fn opus_units_carry_the_time_of_the_sound_they_decode_to() {
    let units = burst(AudioCodec::Opus).await;
    let (sounds, mut heard) = mpsc::channel(128);
    let (_running, mut feed) = audio_decoder(sounds).expect("installed");
    let mut all = Vec::new();
    for unit in &units {
        assert_eq!(unit.duration, Some(Duration::from_millis(20)));
        feed.push(unit).expect("it runs");
        all.push(within(heard.recv()).await.expect("it runs"));
        assert_eq!(all.last().expect("just pushed").samples.len(), 960 * 2);
    }
    let late = onset(&all, 2).expect("there is a burst").since(MediaTime::from_millis(10_500));
    assert!(late.abs() < 3_000_000, "{late} ns late");
}

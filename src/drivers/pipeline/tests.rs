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
        if n == 30 || n == 32 {
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
    assert_eq!(keys, [0, 30, 38], "at once, and at least half a second after the one before");
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
    eprintln!("APART {apart}");
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
    eprintln!("LATE {late}");
    assert!(late.abs() < 3_000_000, "{late} ns late");
}

/// Decodes AAC with libav, as an independent player would: each frame's samples at the time of its unit.
async fn decode_aac(units: &[Unit]) -> Vec<Sound> {
    use gstreamer as gst;
    use gstreamer::prelude::*;
    let description = "appsrc name=in format=time ! avdec_aac ! audioconvert ! \
        audio/x-raw,format=S16LE,layout=interleaved,channels=2 ! \
        appsink name=out sync=false async=false wait-on-eos=false";
    let built = running::Built::new("test", description).expect("installed");
    let source: gstreamer_app::AppSrc = built.element("in");
    let Config::Aac { asc, rate, channels } = &*units[0].config else { panic!("it is AAC") };
    let caps = gst::Caps::builder("audio/mpeg")
        .field("mpegversion", 4)
        .field("stream-format", "raw")
        .field("rate", *rate as i32)
        .field("channels", i32::from(*channels))
        .field("codec_data", gst::Buffer::from_slice(asc.clone()))
        .build();
    source.set_caps(Some(&caps));
    let (sounds, mut heard) = mpsc::channel(units.len());
    encode::outputs(&built, buffers::Clock::Ours, move |output| {
        let map = output.map().expect("it can be read");
        let samples = map.chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]])).collect();
        sounds.try_send(Sound { time: output.time, samples }).expect("there is room");
    });
    let running = built.run().expect("it runs");
    for unit in units {
        let mut buffer = gst::Buffer::from_slice(unit.data.clone());
        buffer.get_mut().expect("it is ours").set_pts(buffers::pts(unit.pts));
        source.push_buffer(buffer).expect("it runs");
    }
    let mut all = Vec::new();
    while all.len() < units.len() - 2 {
        all.push(within(heard.recv()).await.expect("it runs"));
    }
    running.stop().await;
    all
}

#[tokio::test]
async fn aac_units_carry_the_time_of_the_sound_they_decode_to() {
    let units = burst(AudioCodec::Aac).await;
    for pair in units.windows(2) {
        let step = pair[1].pts.since(pair[0].pts);
        assert!(step.abs_diff(21_333_333) < 1_000, "frames of 1024 samples without holes: {step}");
    }
    let late = onset(&decode_aac(&units).await, 2).expect("there is a burst").since(MediaTime::from_millis(10_500));
    eprintln!("LATE {late}");
    assert!(late.abs() < 3_000_000, "{late} ns late");
}

#[tokio::test]
async fn a_hole_in_the_sound_is_concealed_without_shifting_what_follows() {
    let mut units = burst(AudioCodec::Opus).await;
    units.drain(20..22);
    let (before, after) = (units[29].pts, units[38].pts);
    units.drain(30..38);
    let (sounds, mut heard) = mpsc::channel(128);
    let (running, mut feed) = audio_decoder(sounds).expect("installed");
    for unit in &units {
        while feed.push(unit).expect("it runs") == Fed::Full {
            tokio::task::yield_now().await;
        }
    }
    let last = units.last().expect("some").pts;
    let mut all: Vec<Sound> = Vec::new();
    while all.last().is_none_or(|s| s.time < last) {
        all.push(within(heard.recv()).await.expect("it runs"));
    }
    for pair in all.windows(2) {
        let length = MediaTime::from_ticks(pair[0].samples.len() as i64 / 2, 48_000).nanos();
        let expected = if pair[0].time == before { after.since(before) } else { length };
        let step = pair[1].time.since(pair[0].time);
        assert!(step.abs_diff(expected) < 1_000_000, "{step} after {:?}", pair[0].time);
    }
    assert!(units.iter().all(|unit| all.iter().any(|sound| sound.time == unit.pts)), "each at its own time");
    running.stop().await;
}

/// Decodes every unit and gives the last picture.
async fn last_picture(units: &[Unit], caption: Option<&str>) -> Picture {
    let (pictures, mut decoded) = mpsc::channel(8);
    let spec = VideoDecoderSpec { width: 320, height: 180, caption: caption.map(str::to_owned) };
    let (running, mut feed) = video_decoder(spec, pictures).expect("installed");
    let mut last = None;
    for unit in units {
        if feed.push(unit).expect("it runs") == Fed::Taken {
            last = within(decoded.recv()).await;
        }
    }
    running.stop().await;
    last.expect("a picture came")
}

#[tokio::test]
async fn a_caption_is_drawn_as_it_is_written_and_only_at_the_lower_edge() {
    let units = encoded(encoder(320, 180, H264Encoder::X264), MediaTime::ZERO, 3, |_, _, _| 100).await;
    let plain = last_picture(&units, None).await;
    let named = last_picture(&units, Some("<b>A&B")).await;
    let other = last_picture(&units, Some("Ada")).await;
    let lower = |p: &Picture| p.data[320 * 140..320 * 180].to_vec();
    let upper = |p: &Picture| p.data[..320 * 120].to_vec();
    assert!(lower(&named).iter().filter(|&&y| y > 200).count() > 20, "bright letters");
    assert!(lower(&plain).iter().all(|&y| y < 110));
    assert_ne!(lower(&named), lower(&other));
    assert_eq!(upper(&named), upper(&plain));
}

#[tokio::test]
async fn the_decoder_goes_on_after_garbage_and_waits_for_keyframes() {
    let units =
        encoded(encoder(320, 180, H264Encoder::X264), MediaTime::ZERO, 40, |n, x, y| halves(n, 320)(x, y)).await;
    let second_key = units.iter().rposition(|u| u.keyframe).expect("two keyframes");
    let (pictures, mut decoded) = mpsc::channel(64);
    let spec = VideoDecoderSpec { width: 320, height: 180, caption: None };
    let (running, mut feed) = video_decoder(spec, pictures).expect("installed");
    assert_eq!(feed.push(&units[1]), Ok(Fed::NeedsKeyframe), "it can't begin in the middle");
    let short = Unit { data: vec![0, 0, 9, 9, 1].into(), ..units[0].clone() };
    assert_eq!(feed.push(&short), Ok(Fed::Refused));
    for seed in 1..40u32 {
        let mut noise = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut data = vec![0, 0, 1, 0, [0x65, 0x41, 0x67, 0x06][seed as usize % 4]];
        data.extend((0..255).map(|_| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (noise >> 56) as u8
        }));
        let unit = Unit { data: data.into(), keyframe: true, ..units[0].clone() };
        while feed.push(&unit).expect("garbage does not end the pipeline") != Fed::Taken {
            tokio::task::yield_now().await;
        }
    }
    let gap = Unit { gap: true, ..units[second_key - 1].clone() };
    assert_eq!(feed.push(&gap), Ok(Fed::NeedsKeyframe));
    let fresh = units[second_key].pts;
    while feed.push(&units[second_key]).expect("it runs") != Fed::Taken {
        tokio::task::yield_now().await;
    }
    for unit in &units[second_key + 1..] {
        assert_eq!(feed.push(unit), Ok(Fed::Taken));
    }
    let good = loop {
        let picture = within(decoded.recv()).await.expect("it runs");
        if picture.time > fresh {
            break picture;
        }
    };
    assert!(luma(&good, 80, 90).abs_diff(40) < 6, "a clean picture");
    running.stop().await;
}

#[tokio::test]
async fn a_change_of_size_in_the_middle_gives_pictures_of_the_size_asked_for() {
    let mut units =
        encoded(encoder(320, 180, H264Encoder::X264), MediaTime::ZERO, 5, |n, x, y| halves(n, 320)(x, y)).await;
    let later = MediaTime::from_millis(1000);
    units.extend(encoded(encoder(180, 320, H264Encoder::X264), later, 5, |n, x, y| halves(n, 180)(x, y)).await);
    units.extend(
        encoded(encoder(640, 360, H264Encoder::OpenH264), later + Duration::from_secs(1), 5, |n, x, y| {
            halves(n, 640)(x, y)
        })
        .await,
    );
    let (pictures, mut decoded) = mpsc::channel(8);
    let spec = VideoDecoderSpec { width: 426, height: 240, caption: None };
    let (running, mut feed) = video_decoder(spec, pictures).expect("installed");
    for (n, unit) in units.iter().enumerate() {
        assert_eq!(feed.push(unit), Ok(Fed::Taken));
        let picture = within(decoded.recv()).await.expect("one for one");
        assert_eq!((picture.width, picture.height, picture.time), (426, 240, unit.pts));
        assert_eq!(picture.data.len(), 426 * 240 * 3 / 2);
        let corner = luma(&picture, 10, 10);
        assert_eq!(corner < 20, (5..10).contains(&n), "portrait has black beside it: {corner} in picture {n}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_card_and_a_still_are_what_they_say() {
    let card = card("Ada <3", 426, 240).await.expect("it is drawn");
    assert_eq!(card.data.len(), 426 * 240 * 3 / 2);
    assert_eq!(luma(&card, 3, 3), 47, "the ground");
    let bright = |from: usize, to: usize| card.data[426 * from..426 * to].iter().filter(|&&y| y > 200).count();
    assert!(bright(100, 140) > 50 && bright(0, 80) == 0, "text in the middle");
    let plain = jpeg(&card, None).await.expect("it is made");
    let titled = jpeg(&card, Some("10:30")).await.expect("it is made");
    assert_eq!((&plain[..3], &plain[plain.len() - 2..]), (&[0xff, 0xd8, 0xff][..], &[0xff, 0xd9][..]));
    assert!(titled.len() > plain.len() + 100, "the text is in it");
    let wrong = Picture { width: 320, ..card };
    assert!(matches!(jpeg(&wrong, None).await, Err(Error::NoPicture(_))));
}

/// Waits for the failure of a device and gives the element's name.
async fn lost_device(running: &mut Running) -> String {
    match within(running.event()).await {
        Event::Failed { cause: Cause::Device, element, .. } => element,
        other => panic!("no device failed: {other:?}"),
    }
}

#[tokio::test]
async fn a_missing_device_is_told_and_the_ring_ends() {
    let (out, source) = ring(UNITS);
    let mut reader = source.reader(Gate::default());
    let spec = CameraSpec {
        source: CameraSource::V4l2 {
            path: "/dev/no ! such \" camera".to_owned(),
            format: V4l2Format::Mjpeg,
            width: 1280,
            height: 720,
            fps: 30,
        },
        width: 640,
        height: 360,
        fps: 15,
        bitrate: 500_000,
        encoder: H264Encoder::X264,
        caption: String::new(),
    };
    let (mut running, _) = camera(spec, timeline(), out).expect("it can be built");
    assert_eq!(lost_device(&mut running).await, "device");
    assert!(matches!(within(reader.next()).await, Next::Closed));
    assert!(matches!(running.event().await, Event::Failed { .. }), "it stays failed");
}

#[tokio::test]
async fn a_missing_sound_card_is_told() {
    let (out, _source) = ring(UNITS);
    let device = "plughw:CARD=nowhere".to_owned();
    let spec = MicrophoneSpec { source: MicrophoneSource::Alsa { device: device.clone() }, bitrate: 64_000 };
    let mut running = microphone(spec, timeline(), out).expect("it can be built");
    lost_device(&mut running).await;
    let (mut running, feed) = speaker(SpeakerSpec { device }).expect("it can be built");
    lost_device(&mut running).await;
    assert_eq!(feed.push(&Sound { time: MediaTime::ZERO, samples: [0; 4].into() }), Err(Gone));
}

#[tokio::test]
async fn a_missing_screen_is_told() {
    if std::path::Path::new("/dev/dri/card0").exists() {
        return;
    }
    let spec = DisplaySpec { width: 640, height: 360, fps: 15, connector: None };
    let (mut running, _feed) = display(spec).expect("it can be built");
    lost_device(&mut running).await;
}

#[test]
fn what_is_out_of_range_is_refused_before_anything_starts() {
    for spec in [
        Spec::Card { width: 321, height: 180 },
        Spec::Card { width: 0, height: 0 },
        Spec::Jpeg { width: 100_000, height: 16, captioned: false },
        Spec::VideoEncoder(VideoEncoderSpec { fps: 0, ..encoder(320, 180, H264Encoder::X264) }),
        Spec::VideoEncoder(VideoEncoderSpec { bitrate: 1, ..encoder(320, 180, H264Encoder::X264) }),
        Spec::AudioEncoder(AudioEncoderSpec { codec: AudioCodec::Aac, bitrate: 0 }),
    ] {
        assert!(matches!(spec::check(&spec), Err(Error::OutOfRange(_))), "{spec:?}");
    }
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("Linux").count()
}

/// Runs alone in a child process, where no other test makes threads.
#[test]
fn twenty_restarts_leave_no_thread_behind() {
    const CHILD: &str = "PORCHLIGHT_TEST_RESTARTS";
    if std::env::var_os(CHILD).is_none() {
        let status = std::process::Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "drivers::pipeline::tests::twenty_restarts_leave_no_thread_behind", "--test-threads=1"])
            .env(CHILD, "1")
            .status()
            .expect("this test runs");
        assert!(status.success());
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let line = timeline();
        let mut after_first = 0;
        for round in 0..20 {
            let (out, source) = ring(UNITS);
            let mut reader = source.reader(Gate::default());
            let spec = CameraSpec {
                source: CameraSource::StandIn,
                width: 160,
                height: 90,
                fps: 30,
                bitrate: 200_000,
                encoder: H264Encoder::X264,
                caption: "Porch".to_owned(),
            };
            let (mut running, _) = camera(spec, line, out).expect("installed");
            assert_eq!(within(running.event()).await, Event::Started);
            unit(&mut reader).await;
            if round % 2 == 0 {
                running.stop().await;
            } else {
                drop(running);
            }
            within(async { while !matches!(reader.next().await, Next::Closed) {} }).await;
            if round == 1 {
                after_first = threads();
            }
        }
        // GStreamer keeps a few idle threads in its pool, and a stand-in's thread may need one picture's time to end.
        let settled = Instant::now() + DEADLINE;
        while threads() > after_first.max(6) && Instant::now() < settled {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(threads() <= after_first.max(6), "{} threads, {after_first} after the second round", threads());
    });
}

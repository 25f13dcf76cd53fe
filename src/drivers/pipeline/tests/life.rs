//! Stand-ins, missing devices, and what a pipeline leaves behind.

use super::*;
use crate::drivers::device::Format;

#[tokio::test]
async fn flash_and_beep_of_the_stand_ins_coincide_after_encoding_and_decoding() {
    let line = timeline();
    let (video_out, video) = ring(UNITS);
    let (audio_out, audio) = ring(UNITS);
    let (mut video, mut audio) = (video.reader(Gate::default()), audio.reader(Gate::default()));
    let (camera, size) = stand_in(320, 180, 20, CameraEncoder::H264(H264Encoder::X264));
    let (cameras, _) = filmed(camera, vec![(size, video_out)], line);
    let spec = MicrophoneSpec { source: MicrophoneSource::StandIn, bitrate: 64_000, voice: Voice::default() };
    let microphone = microphone(&Counters::default(), spec, line, audio_out).expect("installed");
    let (pictures, mut decoded) = mpsc::channel(64);
    let (sounds, mut heard) = mpsc::channel(64);
    let spec = VideoDecoderSpec { codec: Codec::H264, width: 320, height: 180, caption: None };
    let (video_running, mut video_feed) = video_decoder(&Counters::default(), spec, pictures).expect("installed");
    let (audio_running, mut audio_feed) = audio_decoder(&Counters::default(), sounds).expect("installed");

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
    for running in cameras.into_iter().chain([microphone, video_running, audio_running]) {
        running.stop().await;
    }
}

#[tokio::test]
async fn captured_units_carry_the_moment_of_capture_on_the_monotonic_clock() {
    let line = timeline();
    let source = "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=180,framerate=15/1 ! \
        x264enc name=encoder tune=zerolatency ! video/x-h264,stream-format=byte-stream,alignment=au ! \
        appsink name=out sync=false async=false wait-on-eos=false";
    let built = running::Built::new("test", source).expect("installed");
    let (out, video) = ring(UNITS);
    let mut reader = video.reader(Gate::default());
    encode::write_h264(&built, buffers::Clock::Monotonic(line), out);
    let before = line.media(Instant::now());
    let running = built.run().expect("it runs");
    let first = unit(&mut reader).await;
    let second = unit(&mut reader).await;
    let after = line.media(Instant::now());
    assert!(before <= first.pts && first.pts < second.pts && second.pts <= after, "{before:?} {first:?} {after:?}");
    running.stop().await;
}

/// The next event; a pipeline may have started before its device fails.
async fn end(running: &mut Running) -> Event {
    match within(running.event()).await {
        Event::Started => within(running.event()).await,
        event => event,
    }
}

/// Waits for the failure of a device and gives the element's name.
async fn lost_device(running: &mut Running) -> String {
    match end(running).await {
        Event::Failed { cause: Cause::Device, element, .. } => element,
        other => panic!("no device failed: {other:?}"),
    }
}

/// What one size gives, decoded: each picture has the time of its unit and, as it came, this size.
async fn decoded(codec: Codec, size: LayerSpec, units: &[Unit]) {
    let (pictures, mut decoded) = mpsc::channel(64);
    let spec = VideoDecoderSpec { codec, width: 160, height: 90, caption: None };
    let (decoder, mut feed) = video_decoder(&Counters::default(), spec, pictures).expect("installed");
    for unit in units {
        assert_eq!(feed.push(unit), Ok(Fed::Taken));
        let picture = within(decoded.recv()).await.expect("one picture out for one in");
        assert_eq!((picture.width, picture.height, picture.time), (160, 90, unit.pts));
    }
    decoder.stop().await;
    let mut packets = Vec::new();
    crate::proto::rtp::Packetizer::new(codec).expect("RTP carries it").push(&units[0], &mut packets);
    let said = crate::proto::rtp::picture_size(codec, &packets[0].payload);
    assert_eq!(said, Some((size.width, size.height)));
}

async fn in_three_sizes(codec: Codec, encoder: CameraEncoder) {
    let (camera, whole) = stand_in(640, 360, 15, encoder);
    let sizes: Vec<LayerSpec> =
        [4, 2, 1].map(|by| LayerSpec { width: 640 / by, height: (360 / by) & !1, ..whole }).into();
    let (mut readers, mut outs) = (Vec::new(), Vec::new());
    for size in &sizes {
        let (out, source) = ring(UNITS);
        readers.push(source.reader(Gate::default()));
        outs.push((*size, out));
    }
    let (running, keyframes) = filmed(camera, outs, timeline());
    let mut times = Vec::new();
    for (reader, size) in readers.iter_mut().zip(&sizes) {
        let mut units = Vec::new();
        while units.len() < 12 {
            units.push(unit(reader).await);
        }
        assert!(units[0].keyframe && units[1..].iter().all(|unit| !unit.keyframe), "it begins with a keyframe");
        decoded(codec, *size, &units).await;
        times.push(units.iter().map(|unit| unit.pts).collect::<Vec<_>>());
    }
    // A machine that is busy leaves pictures out, of each size others: they are gone on with until enough are of all.
    let common =
        |times: &[Vec<MediaTime>]| times[0].iter().filter(|time| times.iter().all(|of| of.contains(time))).count();
    within(async {
        while common(&times) < 8 {
            for (reader, times) in readers.iter_mut().zip(&mut times) {
                times.push(unit(reader).await.pts);
            }
        }
    })
    .await;
    // A keyframe is of the size that it was asked of.
    keyframes[0].request();
    within(async { while !unit(&mut readers[0]).await.keyframe {} }).await;
    for one in running {
        one.stop().await;
    }
    for reader in &mut readers {
        within(async { while !matches!(reader.next().await, Next::Closed) {} }).await;
    }
}

#[tokio::test]
async fn a_camera_in_three_sizes_of_h264_has_the_same_times_in_each() {
    in_three_sizes(Codec::H264, CameraEncoder::H264(H264Encoder::X264)).await;
}

#[tokio::test]
async fn a_camera_in_three_sizes_of_vp8_has_the_same_times_in_each() {
    in_three_sizes(Codec::Vp8, CameraEncoder::Vp8).await;
}

#[tokio::test]
async fn a_missing_device_is_told_and_its_pictures_end() {
    let (sender, mut pictures) = mpsc::channel(4);
    let spec = CameraSpec {
        source: CameraSource::V4l2 {
            path: "/dev/no ! such \" camera".to_owned(),
            format: Format::Mjpeg,
            width: 1280,
            height: 720,
            rate: (30, 1),
        },
        width: 640,
        height: 360,
        fps: 15,
        caption: String::new(),
        aim: Aim::WHOLE,
    };
    let (mut running, _) = camera(&Counters::default(), spec, timeline(), sender).expect("it can be built");
    assert_eq!(lost_device(&mut running).await, "in");
    assert!(within(pictures.recv()).await.is_none());
    assert!(matches!(running.event().await, Event::Failed { .. }), "it stays failed");
}

/// By this it is told whether another mode is worth a try.
#[tokio::test]
async fn a_camera_that_is_there_and_can_t_is_told_from_one_that_is_away() {
    for (path, expected) in [("/dev/nowhere", Cause::Device), ("/dev/null", Cause::Stream)] {
        let (sender, _pictures) = mpsc::channel(1);
        let format = Format::Yuyv;
        let spec = CameraSpec {
            source: CameraSource::V4l2 { path: path.to_owned(), format, width: 640, height: 480, rate: (30, 1) },
            width: 640,
            height: 360,
            fps: 15,
            caption: String::new(),
            aim: Aim::WHOLE,
        };
        let (mut running, _) = camera(&Counters::default(), spec, timeline(), sender).expect("it can be built");
        match end(&mut running).await {
            Event::Failed { cause, reason, .. } => assert_eq!(cause, expected, "{path}: {reason}"),
            other => panic!("{path} is no camera: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_missing_sound_card_is_told() {
    let (out, _source) = ring(UNITS);
    let device = "plughw:CARD=nowhere".to_owned();
    let spec = MicrophoneSpec {
        source: MicrophoneSource::Alsa { device: device.clone() },
        bitrate: 64_000,
        voice: Voice::default(),
    };
    let mut running = microphone(&Counters::default(), spec, timeline(), out).expect("it can be built");
    lost_device(&mut running).await;
    let (mut running, feed) = speaker(&Counters::default(), SpeakerSpec { device }).expect("it can be built");
    lost_device(&mut running).await;
    assert_eq!(feed.push(&Sound { time: MediaTime::ZERO, samples: [0; 4].into() }), Err(Gone));
}

#[tokio::test]
async fn a_missing_screen_is_told() {
    if std::path::Path::new("/dev/dri/card0").exists() {
        return;
    }
    let spec = DisplaySpec { width: 600, height: 340, whole: (640, 360), fps: 15, connector: None, driver: None };
    let (mut running, _feed) = display(&Counters::default(), spec).expect("it can be built");
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
        let child = std::process::Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "drivers::pipeline::tests::life::twenty_restarts_leave_no_thread_behind"])
            .env(CHILD, "1")
            .output()
            .expect("this test runs");
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let line = timeline();
        let mut after_first = 0;
        for round in 0..20 {
            let (out, source) = ring(UNITS);
            let mut reader = source.reader(Gate::default());
            let (camera, size) = stand_in(160, 90, 30, CameraEncoder::H264(H264Encoder::X264));
            let (mut running, _) = filmed(camera, vec![(size, out)], line);
            assert_eq!(within(running[0].event()).await, Event::Started);
            unit(&mut reader).await;
            if round % 2 == 0 {
                for one in running {
                    one.stop().await;
                }
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

#[tokio::test]
async fn an_encoder_that_gives_nothing_for_what_it_takes_counts_as_failed() {
    init().expect("it is installed");
    let description = "appsrc name=in format=time is-live=true block=false leaky-type=downstream max-buffers=30 max-bytes=0 max-time=0 \
        caps=\"video/x-raw,format=I420,width=320,height=180,framerate=15/1\" ! valve name=encoder drop=true ! \
        appsink name=out sync=false async=false wait-on-eos=false";
    let built = running::Built::new("test", description).expect("installed");
    let (out, source) = ring(UNITS);
    let mut units = source.reader(Gate::default());
    encode::write_h264(&built, buffers::Clock::Ours, out);
    let feed = PictureFeed::of_encoder(&built, 320, 180);
    let mut running = built.run().expect("it runs");
    let data: bytes::Bytes = vec![128; 320 * 180 * 3 / 2].into();
    let mut number = 0;
    while let Ok(fed) =
        feed.push(&Picture { width: 320, height: 180, time: MediaTime::from_millis(number), data: data.clone() })
    {
        assert_ne!(fed, Fed::Refused);
        number += 66;
        assert!(number < 60_000, "it is noticed");
        tokio::time::sleep(Duration::from_millis(66)).await;
    }
    assert!(number > 4_000, "not before it can be told from a slow one: {number}");
    assert!(feed.is_gone());
    match end(&mut running).await {
        Event::Failed { reason, .. } => assert!(reason.contains("given nothing"), "{reason}"),
        other => panic!("it goes on: {other:?}"),
    }
    assert!(matches!(within(units.next()).await, Next::Closed));
}

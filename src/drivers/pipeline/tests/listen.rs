//! A set-up test in a simulated room, and what a speaker is spared.

use std::sync::{Arc, Mutex};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as app;

use super::*;
use crate::proto::sound::{CEILING, Measured, Recording, measure, signal};

/// Samples of 10 ms.
const BLOCK: usize = 480;

/// Does the test with the box's own pipeline and a room in place of the sound cards: so late, in milliseconds, and so much of it.
async fn tested(late: f64, part: f64) -> Measured {
    super::super::init().expect("GStreamer is installed");
    let spec = ListenSpec { microphone: String::new(), speaker: String::new() };
    let text = describe(&Spec::Listen(spec));
    let cards = text.split(" ! ").find(|link| link.contains("alsasink")).expect("it is there").to_owned();
    let simulated = "fakesink name=speaker sync=true async=false signal-handoffs=true \
        appsrc name=room format=time is-live=true \
        caps=\"audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=1\"";
    let built = running::Built::new("test", &text.replace(&cards, simulated)).expect("installed");
    let (source, speaker): (app::AppSrc, gst::Element) = (built.element("room"), built.element("speaker"));
    let clock = gst::SystemClock::obtain();
    let now = move || clock.time().nseconds();
    type Played = Option<(u64, Vec<f64>)>;
    let played: Arc<Mutex<Played>> = Arc::default();
    let (plays, at) = (played.clone(), now.clone());
    speaker.connect("handoff", false, move |given| {
        let buffer: gst::Buffer = given[1].get().expect("a buffer");
        let map = buffer.map_readable().expect("it can be read");
        let samples = map.chunks_exact(4).map(|s| f64::from(i16::from_le_bytes([s[0], s[1]]))).collect();
        *plays.lock().expect("nobody panics") = Some((at(), samples));
        None
    });
    let pipeline = built.pipeline().downgrade();
    let room = std::thread::spawn(move || {
        let base = loop {
            let running = pipeline
                .upgrade()
                .and_then(|pipeline| pipeline.base_time().filter(|_| pipeline.current_state() == gst::State::Playing));
            match running {
                Some(base) => break base.nseconds(),
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        let begun = now();
        for block in 0..1_000u64 {
            std::thread::sleep(Duration::from_nanos((begun + (block + 1) * 10_000_000).saturating_sub(now())));
            let echo = |n: usize| {
                let played = played.lock().expect("nobody panics");
                let (from, sounds) = played.as_ref()?;
                let at = (begun + block * 10_000_000) as f64 + n as f64 * 1e9 / 48e3 - *from as f64 - late * 1e6;
                let sample = (at >= 0.0).then(|| sounds.get((at * 48e3 / 1e9) as usize).copied())?;
                Some(sample? * part)
            };
            let bytes = (0..BLOCK).flat_map(|n| (echo(n).unwrap_or(0.0) as i16).to_le_bytes()).collect::<Vec<_>>();
            let mut buffer = gst::Buffer::from_mut_slice(bytes);
            let it = buffer.get_mut().expect("it is ours");
            it.set_pts(gst::ClockTime::from_nseconds(begun + block * 10_000_000 - base));
            it.set_duration(gst::ClockTime::from_mseconds(10));
            if source.push_buffer(buffer).is_err() {
                return;
            }
        }
    });
    let signal = signal();
    let stereo: Vec<i16> = signal.samples.iter().flat_map(|sample| [*sample; 2]).collect();
    let heard = within(super::super::listen::run(built, &stereo)).await.expect("it is heard");
    room.join().expect("it does not panic");
    measure(Recording { signal: &signal, played: &signal.samples, heard: &heard.samples, begun: heard.begun })
}

#[tokio::test]
async fn a_test_finds_how_late_and_how_loud_the_speaker_is_heard() {
    for (late, part) in [(10.0, 0.25), (150.0, 0.1)] {
        let measured = tested(late, part).await;
        let echo = measured.echo.expect("it is heard");
        println!("{late} ms late, heard {:.1} ms late, {:.1} dB less", echo.delay, echo.return_loss);
        assert!((echo.delay - late).abs() < 20.0, "{} ms instead of {late}", echo.delay);
        assert!((echo.return_loss + 20.0 * f64::log10(part)).abs() < 1.0, "{} dB", echo.return_loss);
        assert!(measured.noise < -80.0 && !measured.clipped, "{measured:?}");
    }
}

#[tokio::test]
async fn a_loud_burst_reaches_the_speaker_below_the_ceiling_and_fades_in() {
    super::super::init().expect("GStreamer is installed");
    let text = describe(&Spec::Speaker(SpeakerSpec { device: String::new() }));
    let card = text.split(" ! ").find(|link| link.contains("alsasink")).expect("it is there").to_owned();
    let built = running::Built::new("test", &text.replace(&card, "appsink name=out sync=false async=false"));
    let built = built.expect("installed");
    let (chunks, mut heard) = mpsc::channel(256);
    let sink: app::AppSink = built.element("out");
    sink.set_callbacks(
        app::AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                let map = sample.buffer().expect("a sample has one").map_readable().expect("it can be read");
                let samples: Vec<i16> = map.chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]])).collect();
                chunks.try_send(samples).expect("there is room");
                Ok(gst::FlowSuccess::Ok)
            })
            .build(),
    );
    let feed = encode::SoundFeed::at_once(&built);
    let running = built.run().expect("it runs");
    // A second of the loudest there is, all at once.
    let loud: Arc<[i16]> = (0..960).flat_map(|n| [if n / 24 % 2 == 0 { i16::MAX } else { i16::MIN }; 2]).collect();
    let mut all = Vec::new();
    for _ in 0..50 {
        let sound = Sound { time: MediaTime::ZERO, samples: loud.clone() };
        while feed.push(&sound).expect("it runs") == Fed::Full {
            tokio::task::yield_now().await;
        }
        all.extend(within(heard.recv()).await.expect("it runs"));
    }
    running.stop().await;
    let peak = |from: usize, to: usize| all[from * 96..to * 96].iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
    assert!(peak(0, 1000) <= CEILING.unsigned_abs(), "{}", peak(0, 1000));
    assert!(peak(0, 5) < 6_000, "it begins with {}", peak(0, 5));
    let loudest: Vec<u16> = (0..50).map(|n| peak(n * 10, n * 10 + 10)).collect();
    assert!(loudest.windows(2).all(|pair| u32::from(pair[1]) * 2 < u32::from(pair[0].max(2_000)) * 3), "{loudest:?}");
    assert!(peak(600, 1000) > 27_000, "{}", peak(600, 1000));
}

//! Speech through a simulated room: what the speaker plays comes back to the microphone late, from two walls, by another clock.

use std::process::Command;
use std::sync::{Arc, Mutex};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as app;

use super::*;

const RATE: usize = 48_000;
/// Samples of 10 ms.
const BLOCK: usize = RATE / 100;
/// The way from the speaker straight to the microphone and by two walls: how late, and how much of it.
const WAYS: [(f64, f64); 3] = [(0.012, 0.35), (0.027, 0.125), (0.046, 0.08)];
/// By how much the microphone's clock is faster.
const DRIFT: f64 = 30e-6;
/// Who speaks when, in seconds: first the others alone, then both, then who is in the room alone.
const ALONE: (f64, f64) = (6.0, 10.0);
const BOTH: (f64, f64) = (11.0, 16.0);
const NEAR: (f64, f64) = (17.0, 20.0);
const END: f64 = 20.5;
/// All that is done to a voice.
const ALL: Voice = Voice { noise: true, gain: true };

/// What a voice says, at 48 kHz, as often as it takes.
fn voice(name: &str, text: &str) -> Vec<f64> {
    let folder = tempfile::tempdir().expect("there is a place for files");
    let file = folder.path().join("voice.wav");
    let said = Command::new("espeak-ng").args(["-v", name, "-a", "120", "-w"]).arg(&file).arg(text).status();
    assert!(said.expect("install the Debian package espeak-ng").success());
    let wav = std::fs::read(&file).expect("it was written");
    let rate = f64::from(u32::from_le_bytes(wav[24..28].try_into().expect("four bytes")));
    let samples: Vec<f64> = wav[44..].chunks_exact(2).map(|s| f64::from(i16::from_le_bytes([s[0], s[1]]))).collect();
    let length = (samples.len() as f64 * RATE as f64 / rate) as usize - 2;
    let at = |n: usize| {
        let place = n as f64 * rate / RATE as f64;
        let (whole, part) = (place as usize, place.fract());
        samples[whole] * (1.0 - part) + samples[(whole + 1).min(samples.len() - 1)] * part
    };
    (0..length).map(at).collect()
}

fn rms(samples: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = samples.fold((0.0, 0usize), |(sum, count), sample| (sum + sample * sample, count + 1));
    (sum / count.max(1) as f64).sqrt()
}

fn decibels(of: f64, to: f64) -> f64 {
    20.0 * (of / to.max(1e-9)).log10()
}

/// Samples that came out, and when the first of them was recorded, in nanoseconds of running time.
type Piece = (u64, Vec<f64>);

/// What was heard in the room and what came out of the pipeline, on one clock, in samples since the start.
struct Heard {
    /// Of this the echo and the near voice.
    echo: Vec<f64>,
    near: Vec<f64>,
    out: Vec<f64>,
}

impl Heard {
    fn of(what: &[f64], (from, to): (f64, f64)) -> impl Iterator<Item = f64> {
        let at = |seconds: f64| ((seconds * RATE as f64) as usize).min(what.len());
        what[at(from)..at(to)].iter().copied()
    }
}

/// Runs the box's own pipeline, with a simulated room in place of the sound cards.
/// `late` is how long the television thinks before it plays, in milliseconds, and `told` what the box is told of that.
fn room((echo, cleaned): (Echo, Voice), late: u32, told: u32) -> Heard {
    let spec = DuplexSpec {
        microphone: String::new(),
        speaker: String::new(),
        bitrate: 48_000,
        echo,
        voice: cleaned,
        speaker_delay: told,
    };
    let text = describe(&Spec::Duplex(spec));
    let link = |name: &str| text.split(" ! ").find(|link| link.contains(name)).expect("it is there").to_owned();
    // The last link of the speaker's chain and the first of the microphone's are one piece of text.
    let cards = link("alsasink");
    let simulated = "fakesink name=speaker sync=true async=false signal-handoffs=true \
        appsrc name=room format=time is-live=true \
        caps=\"audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=1\"";
    let text = text.replace(&cards, simulated).replace(&format!(" ! {}", link("opusenc")), "");
    let built = running::Built::new("test", &text).expect("installed");
    match echo {
        Echo::Off => {}
        Echo::Cancel => duplex::plays_late(&built, told),
        Echo::HalfDuplex => duplex::take_turns(&built),
    }
    let pipeline = built.pipeline().clone();
    let feed = encode::SoundFeed::at_once(&built);
    let (source, speaker): (app::AppSrc, gst::Element) = (built.element("room"), built.element("speaker"));

    // Samples as they are played, from the moment of the first; and of the microphone as they come out.
    let clock = gst::SystemClock::obtain();
    let now = move || clock.time().nseconds();
    let played: Arc<Mutex<(Option<u64>, Vec<f64>)>> = Arc::default();
    let out: Arc<Mutex<Vec<Piece>>> = Arc::default();
    let (plays, at) = (played.clone(), now.clone());
    speaker.connect("handoff", false, move |given| {
        let buffer: gst::Buffer = given[1].get().expect("a buffer");
        let map = buffer.map_readable().expect("it can be read");
        let pad: gst::Pad = given[2].get().expect("a pad");
        let channels = pad.current_caps().and_then(|caps| caps.structure(0)?.get::<i32>("channels").ok());
        let width = 2 * channels.expect("sound has channels") as usize;
        let (begun, samples) = &mut *plays.lock().expect("nobody panics");
        begun.get_or_insert_with(&at);
        samples.extend(map.chunks_exact(width).map(|s| f64::from(i16::from_le_bytes([s[0], s[1]]))));
        None
    });
    let came = out.clone();
    let sink: app::AppSink = built.element("out");
    sink.set_callbacks(
        app::AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                let buffer = sample.buffer().expect("a sample has one");
                let map = buffer.map_readable().expect("it can be read");
                let samples = map.chunks_exact(2).map(|s| f64::from(i16::from_le_bytes([s[0], s[1]]))).collect();
                let at = buffer.pts().expect("it has a time").nseconds();
                came.lock().expect("nobody panics").push((at, samples));
                Ok(gst::FlowSuccess::Ok)
            })
            .build(),
    );
    let running = built.run().expect("it runs");

    let far =
        voice("en+f3", "The lantern in the porch is lit, and everybody who comes along the road can see it from afar.");
    let here = voice(
        "en",
        "Could you say that again, please? There was a car in the street, and I did not hear the end of it.",
    );
    while pipeline.current_state() != gst::State::Playing {
        std::thread::sleep(Duration::from_millis(1));
    }
    let (begun, base) = (now(), pipeline.base_time().expect("it runs").nseconds());
    let (mut echoes, mut near) = (Vec::new(), Vec::new());
    for block in 0..(END * 100.0) as u64 {
        let due = begun + (block + 1) * 10_000_000;
        std::thread::sleep(Duration::from_nanos(due.saturating_sub(now())));
        if block % 2 == 0 {
            let seconds = block as f64 / 100.0;
            let speaks = seconds < BOTH.1;
            let said = (0..2 * BLOCK).flat_map(|n| {
                let sample = far[(block as usize * BLOCK + n) % far.len()];
                [if speaks { sample as i16 } else { 0 }; 2]
            });
            feed.push(&Sound { time: MediaTime::ZERO, samples: said.collect() }).expect("it runs");
        }
        let (from, sounds) = &*played.lock().expect("nobody panics");
        let mut bytes = Vec::with_capacity(2 * BLOCK);
        for n in 0..BLOCK {
            let since = (block * 10_000_000) as f64 / 1e9 + n as f64 / RATE as f64;
            let echo: f64 = WAYS
                .iter()
                .map(|(way, part)| {
                    let Some(from) = from else { return 0.0 };
                    let at =
                        (begun as f64 - *from as f64) / 1e9 + since * (1.0 + DRIFT) - way - f64::from(late) / 1000.0;
                    let place = at * RATE as f64;
                    match place >= 0.0 {
                        true => sounds.get(place as usize).copied().unwrap_or(0.0) * part,
                        false => 0.0,
                    }
                })
                .sum();
            let voice = match since >= BOTH.0 {
                true => here[(since * RATE as f64) as usize % here.len()],
                false => 0.0,
            };
            echoes.push(echo);
            near.push(voice);
            bytes.extend(((echo + voice).clamp(-32_768.0, 32_767.0) as i16).to_le_bytes());
        }
        let mut buffer = gst::Buffer::from_mut_slice(bytes);
        let it = buffer.get_mut().expect("it is ours");
        it.set_pts(gst::ClockTime::from_nseconds(begun + block * 10_000_000 - base));
        it.set_duration(gst::ClockTime::from_mseconds(10));
        source.push_buffer(buffer).expect("it runs");
    }
    drop(running);
    let mut heard = vec![0.0; echoes.len()];
    for (at, samples) in &*out.lock().expect("nobody panics") {
        let first = (*at as f64 + base as f64 - begun as f64) / 1e9 * RATE as f64;
        for (n, sample) in samples.iter().enumerate() {
            let place = first.round() as i64 + n as i64;
            if let Some(place) = usize::try_from(place).ok().and_then(|place| heard.get_mut(place)) {
                *place = *sample;
            }
        }
    }
    Heard { echo: echoes, near, out: heard }
}

/// By how much less of the echo is left, and of who is in the room while both speak and alone, in decibels.
fn reduced(done: (Echo, Voice), late: u32, told: u32) -> (f64, f64, f64) {
    super::super::init().expect("GStreamer is installed");
    let heard = room(done, late, told);
    let of = |what: &[f64], when: (f64, f64)| rms(Heard::of(what, when));
    assert!(of(&heard.echo, ALONE) > 300.0, "there is an echo");
    assert!(of(&heard.near, NEAR) > 300.0, "somebody speaks in the room");
    let left = |what: &[f64], when: (f64, f64)| decibels(of(what, when), of(&heard.out, when));
    (left(&heard.echo, ALONE), left(&heard.near, BOTH), left(&heard.near, NEAR))
}

/// Speech of the others is not sent back to them, and speech in the room is.
fn holds(late: u32, told: u32) {
    let (echo, both, near) = reduced((Echo::Cancel, ALL), late, told);
    println!("echo {echo:.1} dB less; who is in the room {both:.1} dB less while both speak, {near:.1} dB less alone");
    assert!(echo >= 15.0, "of the echo only {echo:.1} dB are taken away");
    assert!(both < 4.0 && near < 4.0, "who is in the room is reduced by {both:.1} dB, alone by {near:.1} dB");
}

// One after the other: probe and canceller find each other by a name that is the same in every pipeline of a process.
#[test]
fn speech_from_the_speaker_is_not_sent_back_and_speech_in_the_room_is() {
    holds(0, 0);
    // A television that plays late, of which the box is told.
    holds(150, 150);
}

#[test]
fn without_it_there_is_an_echo_and_half_duplex_is_quiet_while_somebody_else_speaks() {
    let (echo, _, near) = reduced((Echo::Off, Voice::default()), 0, 0);
    assert!(echo.abs() < 1.0 && near.abs() < 1.0, "nothing is done: {echo:.1} and {near:.1} dB");
    let (echo, _, near) = reduced((Echo::HalfDuplex, Voice::default()), 0, 0);
    assert!(echo >= 15.0, "of the echo only {echo:.1} dB are taken away");
    assert!(near < 1.0, "who is alone in the room is heard: {near:.1} dB");
}

/// What comes out of a microphone's pipeline, up to its encoder, for these samples. The first second is left out: what cleans it learns.
fn cleaned(voice: Voice, samples: &[f64]) -> Vec<f64> {
    super::super::init().expect("GStreamer is installed");
    let spec = MicrophoneSpec { source: MicrophoneSource::Alsa { device: String::new() }, bitrate: 48_000, voice };
    let text = describe(&Spec::Microphone(spec));
    let link = |name: &str| text.split(" ! ").find(|link| link.contains(name)).expect("it is there").to_owned();
    let fed = "appsrc name=room format=time block=true \
        caps=\"audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=1\"";
    let text = text.replace(&link("alsasrc"), fed).replace(&format!(" ! {}", link("opusenc")), "");
    let text = text.replace(" leaky=downstream", "");
    let built = running::Built::new("test", &text).expect("installed");
    let (source, sink): (app::AppSrc, app::AppSink) = (built.element("room"), built.element("out"));
    let pipeline = built.pipeline().clone();
    let running = built.run().expect("it runs");
    // A sink that has not begun gives nothing, and does not wait.
    while pipeline.current_state() != gst::State::Playing {
        std::thread::sleep(Duration::from_millis(1));
    }
    let bytes: Vec<i16> = samples.iter().map(|s| s.clamp(-32_768.0, 32_767.0) as i16).collect();
    let feed = std::thread::spawn(move || {
        for (block, samples) in bytes.chunks(BLOCK).enumerate() {
            let time = MediaTime::from_millis(block as i64 * 10);
            source.push_buffer(buffers::from_samples(samples, 1, time)).expect("it runs");
        }
    });
    let mut out = Vec::new();
    while out.len() + 2 * BLOCK < samples.len() {
        let sample = sink.try_pull_sample(gst::ClockTime::from_seconds(30)).expect("it comes in time");
        let map = sample.buffer().expect("a sample has one").map_readable().expect("it can be read");
        out.extend(map.chunks_exact(2).map(|s| f64::from(i16::from_le_bytes([s[0], s[1]]))));
    }
    feed.join().expect("it does not panic");
    drop(running);
    out.split_off(RATE)
}

#[test]
fn steady_noise_is_made_quieter_and_a_quiet_voice_louder() {
    let mut seed = 1u64;
    let mut noise = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((seed >> 40) as f64 / f64::from(1 << 23) - 1.0) * 300.0
    };
    let fan: Vec<f64> = (0..6 * RATE).map(|_| noise()).collect();
    let loud = |samples: &[f64]| rms(samples.iter().copied());
    let quieter = decibels(loud(&fan), loud(&cleaned(Voice { noise: true, gain: false }, &fan)));
    let text = "Could you say that again, please? There was a car in the street, and I did not hear the end of it.";
    let said: Vec<f64> = voice("en", text).into_iter().cycle().take(8 * RATE).collect();
    let with = |part: f64, done| {
        let given: Vec<f64> = said.iter().map(|sample| sample * part).collect();
        decibels(loud(&cleaned(done, &given)), loud(&given[RATE..]))
    };
    let kept = with(1.0, Voice { noise: true, gain: false });
    let (far, near) = (with(0.05, ALL), with(1.0, ALL));
    println!("noise {quieter:.1} dB less, a voice {kept:.1} dB; far away {far:.1} dB more, near {near:.1} dB");
    assert!(quieter >= 6.0, "noise is {quieter:.1} dB less");
    assert!(kept.abs() < 2.0, "a voice is {kept:.1} dB louder");
    assert!(far >= 4.0, "who is far away is {far:.1} dB louder");
    assert!(near < 4.0, "who is near is {near:.1} dB louder");
}

//! Plays something and records meanwhile, for a set-up test: microphone and speaker as they are, with nothing taken out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as app;

use super::Error;
use super::buffers;
use super::describe::describe;
use super::running::{Built, Event, name};
use super::spec::{ListenSpec, Spec};
use crate::model::raw::{CHANNELS, RATE};
use crate::model::time::MediaTime;

/// How long after the start something is played: the sound cards run evenly by then.
const SETTLES: gst::ClockTime = gst::ClockTime::from_mseconds(300);
/// How long is recorded after the last of it was played: sound from a slow television comes late.
const LINGERS: Duration = Duration::from_millis(700);
/// How long all of it may take longer than it has to, before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often is looked whether enough was recorded.
const LOOK: Duration = Duration::from_millis(20);
/// Samples that are kept of a microphone that gives more than time passes.
const MOST: usize = 10 * RATE as usize;

/// What was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// 48 kHz, one channel; a hole is silence.
    pub samples: Vec<i16>,
    /// Where in it the first sample was played, as far as the sound card says: may be before its beginning.
    pub begun: i64,
}

/// What comes from the microphone: when each piece was recorded, in nanoseconds of running time.
#[derive(Default)]
struct Tape {
    pieces: Vec<(u64, Vec<i16>)>,
    samples: usize,
}

impl Tape {
    fn add(&mut self, at: u64, bytes: &[u8]) {
        if self.samples < MOST {
            let piece: Vec<i16> = bytes.chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]])).collect();
            self.samples += piece.len();
            self.pieces.push((at, piece));
        }
    }

    /// Until when it goes, in nanoseconds.
    fn end(&self) -> u64 {
        self.pieces.last().map_or(0, |(at, piece)| at + nanos(piece.len()))
    }

    /// All of it, and where in it that moment is.
    fn whole(&self, begun: u64) -> Heard {
        let Some((first, _)) = self.pieces.first() else { return Heard { samples: Vec::new(), begun: 0 } };
        let place = |at: u64| (at as i128 - i128::from(*first)) * i128::from(RATE) / 1_000_000_000;
        let mut samples = Vec::new();
        for (at, piece) in &self.pieces {
            // Clocks that are pulled along shift a piece by a sample or so, which is no hole.
            let hole = place(*at) - samples.len() as i128;
            if hole > i128::from(RATE / 200) {
                samples.resize((samples.len() + usize::try_from(hole).unwrap_or(0)).min(MOST), 0);
            }
            samples.extend_from_slice(piece);
        }
        samples.truncate(MOST);
        Heard { samples, begun: i64::try_from(place(begun)).unwrap_or(0) }
    }
}

fn nanos(samples: usize) -> u64 {
    samples as u64 * 1_000_000_000 / u64::from(RATE)
}

/// Plays samples (48 kHz, stereo, interleaved) and records until they must have been heard. Takes a second and a half longer than they
/// last.
///
/// # Errors
/// [`Error::Device`] when a sound card can't be opened or fails, and others when the pipeline can't be built.
pub async fn listen(spec: ListenSpec, samples: &[i16]) -> Result<Heard, Error> {
    let built = Built::new("listen", &describe(&Spec::Listen(spec.clone())))?;
    built.set_text(name::DEVICE, "device", &spec.microphone);
    built.set_text(name::SPEAKER, "device", &spec.speaker);
    run(built, samples).await
}

/// Does it with a pipeline that has an entrance and an exit.
pub(super) async fn run(built: Built, samples: &[i16]) -> Result<Heard, Error> {
    let (source, sink): (app::AppSrc, app::AppSink) = (built.element(name::IN), built.element(name::OUT));
    let tape: Arc<Mutex<Tape>> = Arc::default();
    let writes = tape.clone();
    sink.set_callbacks(
        app::AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                if let Some((at, map)) = sample.buffer().and_then(|b| Some((b.pts()?, b.map_readable().ok()?))) {
                    writes.lock().unwrap_or_else(PoisonError::into_inner).add(at.nseconds(), &map);
                }
                Ok(gst::FlowSuccess::Ok)
            })
            .build(),
    );
    let pipeline = built.pipeline().downgrade();
    let mut running = built.run()?;
    let done = async {
        let (mut started, mut turn) = (false, None);
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                event = running.event() => match event {
                    Event::Started => started = true,
                    Event::Failed { element, reason, .. } => return Err(failed(&element, &reason)),
                    Event::Stopped => return Err(failed("pipeline", "it was stopped")),
                },
                _ = look.tick() => match turn {
                    // It has only started when the speaker has got something.
                    None => turn = play(&source, samples)?,
                    Some(turn) if started => {
                        let Some(late) = latency(&pipeline) else { continue };
                        let begun = turn + late;
                        let enough = begun + nanos(samples.len() / CHANNELS) + LINGERS.as_nanos() as u64;
                        let tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
                        if tape.end() >= enough || tape.samples >= MOST {
                            return Ok(tape.whole(begun));
                        }
                    }
                    Some(_) => {}
                }
            }
        }
    };
    let length = Duration::from_nanos(nanos(samples.len() / CHANNELS));
    let result = tokio::time::timeout(length + LINGERS + PATIENCE, done).await;
    running.stop().await;
    result.unwrap_or_else(|_| Err(failed(name::DEVICE, "it gives no sound")))
}

/// Hands all of it over, once there is a running time. Says when its turn is, in nanoseconds.
fn play(source: &app::AppSrc, samples: &[i16]) -> Result<Option<u64>, Error> {
    let Some(now) = source.current_running_time() else { return Ok(None) };
    let turn = now + SETTLES;
    let mut buffer = buffers::from_samples(samples, CHANNELS, MediaTime::ZERO);
    if let Some(buffer) = buffer.get_mut() {
        // Sinks that know both times go by the second, which the source would set to now.
        buffer.set_pts(turn);
        buffer.set_dts(turn);
    }
    source.push_buffer(buffer).map_err(|error| failed("pipeline", &error.to_string()))?;
    Ok(Some(turn.nseconds()))
}

/// How much later than its turn a sink plays something, in nanoseconds: as long as the slowest part of the pipeline takes.
fn latency(pipeline: &gst::glib::WeakRef<gst::Pipeline>) -> Option<u64> {
    let mut latency = gst::query::Latency::new();
    pipeline.upgrade()?.query(&mut latency).then(|| latency.result().1.nseconds())
}

fn failed(element: &str, reason: &str) -> Error {
    let what = match element {
        name::SPEAKER => "speaker",
        name::DEVICE => "microphone",
        _ => "sound",
    };
    Error::Device { what, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_one_after_the_other_and_a_hole_is_silence() {
        let mut tape = Tape::default();
        let bytes = |sample: i16, count: usize| vec![sample.to_le_bytes(); count].concat();
        tape.add(1_000_000_000, &bytes(1, 480));
        tape.add(1_010_020_000, &bytes(2, 480));
        tape.add(1_040_000_000, &bytes(3, 480));
        let heard = tape.whole(995_000_000);
        assert_eq!((heard.begun, heard.samples.len()), (-240, 2_400));
        assert_eq!([480, 960, 1_919, 1_920].map(|n| heard.samples[n]), [2, 0, 0, 3]);
        assert_eq!(Tape::default().whole(7), Heard { samples: Vec::new(), begun: 0 });
    }

    #[test]
    fn a_microphone_that_gives_without_end_fills_no_memory() {
        let mut tape = Tape::default();
        let second = vec![0; 2 * RATE as usize];
        (0..100).for_each(|n| tape.add(n * 1_000_000_000, &second));
        assert_eq!(tape.samples, MOST);
        tape.pieces[1].0 = u64::MAX / 2;
        assert_eq!(tape.whole(0).samples.len(), MOST);
    }

    #[tokio::test]
    async fn a_sound_card_that_is_missing_is_named() {
        let silence = vec![0; 9_600];
        for (microphone, speaker, what) in [("nosuchcard", "null", "microphone"), ("null", "nosuchcard", "speaker")] {
            let spec = ListenSpec { microphone: microphone.into(), speaker: speaker.into() };
            let error = listen(spec, &silence).await.expect_err("it is missing");
            assert!(matches!(error, Error::Device { what: missing, .. } if missing == what), "{error}");
        }
    }
}

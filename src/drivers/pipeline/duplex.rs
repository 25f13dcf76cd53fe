//! The box's microphone and speaker in one pipeline, so that what the speaker plays is taken out of what the microphone hears.
//!
//! Two chains: what the call says, past a probe, to the speaker; and the microphone, past what removes the echo, to the encoder. Both
//! run on one clock and know each other's latency. Where the canceller is not installed, the microphone is turned down while
//! somebody else is heard.

use std::sync::{Arc, Mutex, PoisonError};

use gstreamer as gst;
use gstreamer::prelude::*;

use super::buffers::Clock;
use super::describe::describe;
use super::ducking::Ducking;
use super::encode::{SoundFeed, write_voice};
use super::running::{Built, Running, name};
use super::spec::{self, DuplexSpec, Echo, Spec};
use super::{Counters, Error};
use crate::model::ring::Writer;
use crate::model::time::{MediaTime, Timeline};
use crate::model::unit::Unit;
use crate::proto::sfu::Meter;

/// Starts both. Sound is played as it is fed; the microphone's units are as those of [`super::microphone`].
///
/// # Errors
/// [`Error`] when the pipeline can't be built. A sound card that is missing or in use is an [`super::Event::Failed`] whose element is
/// `device` for the microphone and [`super::SPEAKER`] for the speaker.
pub fn duplex(
    counters: &Counters,
    spec: DuplexSpec,
    timeline: Timeline,
    out: Writer<Unit>,
) -> Result<(Running, SoundFeed), Error> {
    let echo = spec.echo;
    let whole = Spec::Duplex(spec.clone());
    spec::check(&whole)?;
    let built = Built::new("duplex", &describe(&whole))?.counted(counters);
    built.set_text(name::DEVICE, "device", &spec.microphone);
    built.set_text(name::SPEAKER, "device", &spec.speaker);
    match echo {
        Echo::Off => {}
        Echo::Cancel => plays_late(&built, spec.speaker_delay),
        Echo::HalfDuplex => take_turns(&built),
    }
    write_voice(&built, Clock::Monotonic(timeline), out);
    let feed = SoundFeed::at_once(&built);
    Ok((built.run()?, feed))
}

/// Tells the probe when what passes it is heard; the sound card goes on to play it as soon as it can.
pub(super) fn plays_late(built: &Built, millis: u32) {
    let probe = built.element::<gst::Element>(name::PROBE);
    for (pad, by) in [("sink", i64::from(millis)), ("src", -i64::from(millis))] {
        probe.static_pad(pad).expect("what passes it comes and goes").set_offset(by * 1_000_000);
    }
}

/// Turns the microphone down while something is played.
pub(super) fn take_turns(built: &Built) {
    let ducking = Arc::new(Mutex::new(Ducking::default()));
    let (played, gate) = (ducking.clone(), built.element::<gst::Element>(name::GATE));
    let source = built.element::<gst::Element>(name::IN).static_pad("src").expect("a source gives something");
    let clock = gst::SystemClock::obtain();
    let at = move || MediaTime::from_nanos(i64::try_from(clock.time().nseconds()).unwrap_or(i64::MAX));
    let (begun, heard) = (at.clone(), gate.static_pad("sink").expect("a volume takes something"));
    source.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(map) = info.buffer().and_then(|buffer| buffer.map_readable().ok()) {
            let mut meter = Meter::default();
            meter.add(map.chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]])));
            played.lock().unwrap_or_else(PoisonError::into_inner).played(meter.take(), begun());
        }
        gst::PadProbeReturn::Ok
    });
    let gate = gate.downgrade();
    heard.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        let gain = ducking.lock().unwrap_or_else(PoisonError::into_inner).gain(at());
        if let Some(gate) = gate.upgrade() {
            gate.set_property("volume", gain);
        }
        gst::PadProbeReturn::Ok
    });
}

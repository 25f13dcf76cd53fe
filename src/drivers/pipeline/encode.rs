//! Encoders: raw pictures and sound in, units out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as app;
use gstreamer_video as video;

use super::annexb::Splitter;
use super::buffers::{self, Clock, Output};
use super::counters::Work;
use super::decode::Fed;
use super::describe::{WAITING, describe};
use super::running::{Built, Ended, Pulse, Running, name};
use super::spec::{self, AudioCodec, AudioEncoderSpec, RungSpec, Spec, VideoEncoderSpec};
use super::{Counters, Error, Gone};
use crate::model::raw::{CHANNELS, Picture, RATE, Sound};
use crate::model::ring::Writer;
use crate::model::time::MediaTime;
use crate::model::unit::{Config, Unit};
use crate::proto::sfu::Meter;
use crate::proto::sound::Limiter;

/// Samples by which libav's AAC encoder is late: it codes one frame of silence first.
const AAC_DELAY: i64 = 1024;
/// One Opus frame.
const OPUS_FRAME: Duration = Duration::from_millis(20);
/// Bytes of an Opus frame up to which it need not be sent: with discontinuous transmission libopus makes such ones while nobody
/// speaks, and a real one each 400 ms.
const UNSENT: usize = 2;

/// Pictures that may wait for an encoder or a screen. When full the newest is dropped: an encoder that can't keep up
/// gives fewer pictures, not later ones.
const PICTURES: u64 = 4;

/// An encoder that has taken pictures for so long and given none is taken for one that hangs.
const STALLED: Duration = Duration::from_secs(5);

/// Asks an encoder for keyframes. Requests are merged: at most two a second are followed.
#[derive(Debug, Clone)]
pub struct Keyframes(gst::glib::WeakRef<gst::Element>);

impl Keyframes {
    pub(super) fn of(built: &Built) -> Self {
        Self(built.element::<gst::Element>(name::ENCODER).downgrade())
    }

    /// The next picture, or one within half a second, becomes a keyframe; the very first one is one anyway.
    pub fn request(&self) {
        let pad = self.0.upgrade().and_then(|encoder| encoder.static_pad("src"));
        // An encoder that has not made a picture yet remembers a request at a time of its own, from which its next ones seem to be 999
        // hours away: it would follow no other.
        if let Some(pad) = pad.filter(|pad| pad.sticky_event::<gst::event::Segment>(0).is_some()) {
            pad.send_event(video::UpstreamForceKeyUnitEvent::builder().all_headers(true).build());
        }
    }
}

impl Keyframes {
    /// The picture of this moment becomes a keyframe, or, if it does not come, the next one; to be said before it is handed over.
    pub fn request_at(&self, time: MediaTime) {
        let pad = self.0.upgrade().and_then(|encoder| encoder.static_pad("src"));
        // The first picture is one anyway.
        if let Some(pad) = pad.filter(|pad| pad.sticky_event::<gst::event::Segment>(0).is_some()) {
            let event = video::UpstreamForceKeyUnitEvent::builder().running_time(buffers::pts(time)).all_headers(true);
            pad.send_event(event.build());
        }
    }
}

/// Takes pictures of one size.
#[derive(Debug, Clone)]
pub struct PictureFeed {
    source: app::AppSrc,
    ended: Ended,
    work: Arc<Work>,
    /// Of an encoder alone.
    pulse: Option<Arc<Pulse>>,
    width: u32,
    height: u32,
}

impl PictureFeed {
    pub(super) fn of(built: &Built, width: u32, height: u32) -> Self {
        Self { source: built.element(name::IN), ended: built.ended(), work: built.work(), pulse: None, width, height }
    }

    /// The same of an encoder, which counts as failed when nothing comes of what it takes.
    pub(super) fn of_encoder(built: &Built, width: u32, height: u32) -> Self {
        Self { pulse: Some(built.pulse()), ..Self::of(built, width, height) }
    }

    /// Hands a picture over. Never waits: a picture is dropped when too many are under way, or when its size is another.
    ///
    /// # Errors
    /// [`Gone`] after the pipeline has ended, or while it ends since the encoder stalls.
    pub fn push(&self, picture: &Picture) -> Result<Fed, Gone> {
        self.ended.check()?;
        if self.pulse.as_ref().is_some_and(|pulse| pulse.stalls(STALLED)) {
            self.ended.now();
            let seconds = STALLED.as_secs();
            gst::element_error!(
                self.source,
                gst::StreamError::Encode,
                ("the encoder has given nothing for {seconds} s")
            );
            return Err(Gone);
        }
        if (picture.width, picture.height) != (self.width, self.height) {
            return Ok(self.work.fed(Fed::Refused));
        }
        if self.source.current_level_buffers() >= PICTURES {
            return Ok(self.work.fed(Fed::Full));
        }
        match buffers::from_picture(picture.data.clone(), picture.width, picture.height, picture.time) {
            Some(buffer) => {
                self.source.push_buffer(buffer).map_err(|_| Gone)?;
                if let Some(pulse) = &self.pulse {
                    pulse.taken(Instant::now());
                }
                Ok(self.work.fed(Fed::Taken))
            }
            None => Ok(self.work.fed(Fed::Refused)),
        }
    }

    /// Whether nothing is taken any more.
    pub fn is_gone(&self) -> bool {
        self.ended.check().is_err()
    }
}

/// Takes 48 kHz stereo sound.
#[derive(Debug, Clone)]
pub struct SoundFeed {
    source: app::AppSrc,
    ended: Ended,
    work: Arc<Work>,
    /// Sound has its media time. What a sound card plays has the time at which it is fed instead: see [`Pace`].
    aloud: Option<Arc<Mutex<Aloud>>>,
}

/// What is done to sound that people hear in the room.
#[derive(Debug, Default)]
struct Aloud {
    pace: Pace,
    limiter: Limiter,
}

/// When what is fed to a sound card is played: one piece right after the other, although they are fed now a little sooner and now a
/// little later, so that who listens to it beside knows to the sample where it is.
#[derive(Debug, Default)]
struct Pace {
    /// Running time of the pipeline at which the next piece begins.
    next: Option<gst::ClockTime>,
}

/// A piece that is this much before or after its turn gets another one.
const OUT_OF_TURN: gst::ClockTime = gst::ClockTime::from_mseconds(60);

impl Pace {
    fn place(&mut self, now: gst::ClockTime, duration: gst::ClockTime) -> gst::ClockTime {
        let turn = self.next.filter(|next| next.absdiff(now) <= OUT_OF_TURN).unwrap_or(now);
        self.next = Some(turn + duration);
        turn
    }
}

impl SoundFeed {
    pub(super) fn of(built: &Built) -> Self {
        Self { source: built.element(name::IN), ended: built.ended(), work: built.work(), aloud: None }
    }

    /// One whose sound is played as soon as it is there, and not too loud.
    pub(super) fn at_once(built: &Built) -> Self {
        Self { aloud: Some(Arc::default()), ..Self::of(built) }
    }

    /// Goes to this volume without a jump: what samples are multiplied by, 0 to 1. Of a speaker alone.
    pub fn turn(&self, volume: f64) {
        if let Some(aloud) = &self.aloud {
            aloud.lock().unwrap_or_else(PoisonError::into_inner).limiter.turn(volume);
        }
    }

    /// Hands sound over. Never waits: it is dropped when too much is under way.
    ///
    /// # Errors
    /// [`Gone`] after the pipeline has ended.
    pub fn push(&self, sound: &Sound) -> Result<Fed, Gone> {
        self.ended.check()?;
        if sound.samples.is_empty() || !sound.samples.len().is_multiple_of(CHANNELS) {
            return Ok(self.work.fed(Fed::Refused));
        }
        if self.source.current_level_buffers() >= WAITING {
            return Ok(self.work.fed(Fed::Full));
        }
        let Some(aloud) = &self.aloud else {
            let buffer = buffers::from_samples(&sound.samples, CHANNELS, sound.time);
            return self.source.push_buffer(buffer).map(|_| self.work.fed(Fed::Taken)).map_err(|_| Gone);
        };
        let mut aloud = aloud.lock().unwrap_or_else(PoisonError::into_inner);
        let mut samples = sound.samples.to_vec();
        aloud.limiter.process(&mut samples);
        let mut buffer = buffers::from_samples(&samples, CHANNELS, sound.time);
        if let Some(buffer) = buffer.get_mut() {
            // Before the start there is no running time; the source stamps what has none.
            let now = self.source.current_running_time();
            buffer.set_pts(now.zip(buffer.duration()).map(|(now, duration)| aloud.pace.place(now, duration)));
        }
        drop(aloud);
        self.source.push_buffer(buffer).map(|_| self.work.fed(Fed::Taken)).map_err(|_| Gone)
    }
}

/// Calls `take` on a streaming thread for each buffer of a pipeline's sink that has a time.
pub(super) fn outputs(built: &Built, clock: Clock, mut take: impl FnMut(Output) + Send + 'static) {
    let sink: app::AppSink = built.element(name::OUT);
    let (work, pulse) = (built.work(), built.pulse());
    sink.set_max_buffers(WAITING as u32);
    sink.set_callbacks(
        app::AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                if let Some(output) = Output::pull(sink, clock) {
                    work.made.inc();
                    pulse.given();
                    take(output);
                }
                Ok(gst::FlowSuccess::Ok)
            })
            .build(),
    );
}

/// Writes the access units of an H.264 encoder into a ring.
pub(super) fn write_h264(built: &Built, clock: Clock, mut out: Writer<Unit>) {
    let mut splitter = Splitter::default();
    outputs(built, clock, move |output| {
        let Some(coded) = output.map().and_then(|map| splitter.take(&map)) else { return };
        out.push(Unit {
            pts: output.time,
            duration: output.sample.buffer().and_then(|b| b.duration()).map(|d| Duration::from_nanos(d.nseconds())),
            keyframe: coded.keyframe,
            gap: false,
            level: None,
            config: coded.config,
            data: coded.data,
        });
    });
}

/// Writes the frames of a VP8 encoder into a ring.
pub(super) fn write_vp8(built: &Built, clock: Clock, mut out: Writer<Unit>) {
    let config = Arc::new(Config::Vp8);
    outputs(built, clock, move |output| {
        let (Some(map), Some(buffer)) = (output.map(), output.sample.buffer()) else { return };
        if map.is_empty() {
            return;
        }
        out.push(Unit {
            pts: output.time,
            duration: buffer.duration().map(|d| Duration::from_nanos(d.nseconds())),
            keyframe: !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
            gap: false,
            level: None,
            config: config.clone(),
            data: Bytes::copy_from_slice(&map),
        });
    });
}

/// What belongs to one frame of sound.
struct Frame {
    /// The encoder's delay is taken off.
    pts: MediaTime,
    duration: Duration,
    level: Option<u8>,
}

/// Writes the frames of a sound encoder into a ring; `place` says of each what belongs to it by its bytes, its time and its
/// duration, or that it is left out.
fn write_sound(
    built: &Built,
    clock: Clock,
    mut out: Writer<Unit>,
    configure: impl Fn(&Output) -> Option<Config> + Send + 'static,
    mut place: impl FnMut(&[u8], MediaTime, Duration) -> Option<Frame> + Send + 'static,
) {
    let mut config: Option<Arc<Config>> = None;
    outputs(built, clock, move |output| {
        if config.is_none() {
            config = configure(&output).map(Arc::new);
        }
        let (Some(config), Some(map)) = (config.clone(), output.map()) else { return };
        let Some(duration) = output.sample.buffer().and_then(|b| b.duration()) else { return };
        let Some(frame) = place(&map, output.time, Duration::from_nanos(duration.nseconds())) else { return };
        let Frame { pts, duration, level } = frame;
        let data = Bytes::copy_from_slice(&map);
        out.push(Unit { pts, duration: Some(duration), keyframe: true, gap: false, level, config, data });
    });
}

/// Writes Opus frames into a ring. The element takes libopus's look-ahead off by making its first frame shorter, so that
/// the end of each frame is right and its start is one whole frame before.
fn write_opus(built: &Built, clock: Clock, out: Writer<Unit>) {
    let place = |data: &[u8], time, duration| {
        (!data.is_empty()).then_some(Frame { pts: time + duration - OPUS_FRAME, duration: OPUS_FRAME, level: None })
    };
    write_sound(built, clock, out, |_| Some(Config::Opus { channels: CHANNELS as u8 }), place);
}

/// Writes the Opus frames of one voice into a ring, each with its level. While nobody speaks most of them are left out.
pub(super) fn write_voice(built: &Built, clock: Clock, out: Writer<Unit>) {
    let mut level = metered(built);
    let place = move |data: &[u8], time, duration| {
        let frame = Frame { pts: time + duration - OPUS_FRAME, duration: OPUS_FRAME, level: level() };
        (data.len() > UNSENT).then_some(frame)
    };
    write_sound(built, clock, out, |_| Some(Config::Opus { channels: 1 }), place);
}

/// Measures what goes into an encoder of sound. Each call gives the level since the one before, in -dBov (RFC 6464): a frame comes
/// out on the thread that brought the last of it, so that what was measured until then is what is in it, but for the encoder's
/// look-ahead of some milliseconds.
fn metered(built: &Built) -> impl FnMut() -> Option<u8> + Send + 'static {
    let meter = Arc::new(Mutex::new(Meter::default()));
    let looked = meter.clone();
    let pad = built.element::<gst::Element>(name::ENCODER).static_pad("sink").expect("an encoder takes something");
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(map) = info.buffer().and_then(|buffer| buffer.map_readable().ok()) {
            let samples = map.chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]]));
            meter.lock().unwrap_or_else(PoisonError::into_inner).add(samples);
        }
        gst::PadProbeReturn::Ok
    });
    move || looked.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Writes AAC frames into a ring. The element does not take libav's delay off.
fn write_aac(built: &Built, clock: Clock, out: Writer<Unit>) {
    let late = MediaTime::from_ticks(AAC_DELAY, RATE).nanos();
    write_sound(built, clock, out, aac_config, move |data, time, duration| {
        (!data.is_empty()).then_some(Frame { pts: time.plus_nanos(-late), duration, level: None })
    });
}

/// The AudioSpecificConfig that an AAC encoder puts into its caps.
fn aac_config(output: &Output) -> Option<Config> {
    let data = output.sample.caps()?.structure(0)?.get::<gst::Buffer>("codec_data").ok()?;
    let asc = Bytes::copy_from_slice(&data.map_readable().ok()?);
    Some(Config::Aac { asc, rate: RATE, channels: CHANNELS as u8 })
}

/// Encodes pictures as H.264. The first picture becomes a keyframe.
///
/// # Errors
/// [`Error`] when the pipeline can't be built.
pub fn video_encoder(
    counters: &Counters,
    spec: VideoEncoderSpec,
    out: Writer<Unit>,
) -> Result<(Running, PictureFeed, Keyframes), Error> {
    let (width, height) = (spec.width, spec.height);
    let spec = Spec::VideoEncoder(spec);
    spec::check(&spec)?;
    let built = Built::new("video-encoder", &describe(&spec))?.counted(counters);
    write_h264(&built, Clock::Ours, out);
    let (feed, keyframes) = (PictureFeed::of_encoder(&built, width, height), Keyframes::of(&built));
    Ok((built.run()?, feed, keyframes))
}

/// Makes a smaller size of what is on air. The first picture becomes a keyframe; each unit has the time of its picture.
///
/// # Errors
/// [`Error`] when the pipeline can't be built.
pub fn rung(
    counters: &Counters,
    spec: RungSpec,
    out: Writer<Unit>,
) -> Result<(Running, PictureFeed, Keyframes), Error> {
    let (width, height) = spec.from;
    let spec = Spec::Rung(spec);
    spec::check(&spec)?;
    let built = Built::new("rung", &describe(&spec))?.counted(counters);
    write_h264(&built, Clock::Ours, out);
    let (feed, keyframes) = (PictureFeed::of_encoder(&built, width, height), Keyframes::of(&built));
    Ok((built.run()?, feed, keyframes))
}

/// Encodes sound as AAC or Opus; the encoder's delay is taken off the time of its units.
///
/// # Errors
/// [`Error`] when the pipeline can't be built.
pub fn audio_encoder(
    counters: &Counters,
    spec: AudioEncoderSpec,
    out: Writer<Unit>,
) -> Result<(Running, SoundFeed), Error> {
    spec::check(&Spec::AudioEncoder(spec))?;
    let built = Built::new("audio-encoder", &describe(&Spec::AudioEncoder(spec)))?.counted(counters);
    match spec.codec {
        AudioCodec::Opus => write_opus(&built, Clock::Ours, out),
        AudioCodec::Aac => write_aac(&built, Clock::Ours, out),
    }
    let feed = SoundFeed::of(&built);
    Ok((built.run()?, feed))
}

//! Decoders: units in, pictures or sound out.

use std::sync::Arc;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as app;
use tokio::sync::mpsc;

use super::buffers::{self, Clock};
use super::counters::Work;
use super::describe::{WAITING, describe};
use super::encode::outputs;
use super::running::{Built, Ended, Running, name};
use super::spec::{self, Spec, VideoDecoderSpec};
use super::{Counters, Error, Gone, annexb, caption, opus};
use crate::model::raw::{Picture, Sound};
use crate::model::time::MediaTime;
use crate::model::unit::{Config, Unit};

/// A hole in the sound up to this length is filled by the decoder; a longer one is left silent.
const CONCEALED: i64 = 120_000_000;
/// Holes shorter than this are rounding of time stamps.
const NOTICED: i64 = 5_000_000;

/// What became of something that was fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fed {
    /// It is under way.
    Taken,
    /// It was dropped: nothing can be decoded before the next keyframe. Ask for one.
    NeedsKeyframe,
    /// It was dropped: too much is under way.
    Full,
    /// It was dropped: it is not what this pipeline takes, or not well formed.
    Refused,
}

/// Takes the units of one track.
#[derive(Debug)]
pub struct UnitFeed {
    source: app::AppSrc,
    ended: Ended,
    work: Arc<Work>,
    state: State,
}

#[derive(Debug)]
enum State {
    Video { synchronised: bool },
    Audio { expected: Option<MediaTime> },
}

impl UnitFeed {
    /// Hands a unit over. Never waits; drops what can't be decoded and waits for a keyframe by itself.
    ///
    /// # Errors
    /// [`Gone`] after the pipeline has ended.
    pub fn push(&mut self, unit: &Unit) -> Result<Fed, Gone> {
        self.take(unit).map(|fed| self.work.fed(fed))
    }

    fn take(&mut self, unit: &Unit) -> Result<Fed, Gone> {
        self.ended.check()?;
        let full = self.source.current_level_buffers() >= WAITING;
        let data = match (&mut self.state, &*unit.config) {
            (State::Video { synchronised }, Config::H264 { sps, pps }) => {
                *synchronised &= !unit.gap && !full;
                if !*synchronised && (!unit.keyframe || full) {
                    return Ok(Fed::NeedsKeyframe);
                }
                let sets = unit.keyframe.then_some((&sps[..], &pps[..]));
                let Some(data) = annexb::join(sets, &unit.data) else {
                    *synchronised = false;
                    return Ok(Fed::Refused);
                };
                *synchronised = true;
                gst::Buffer::from_mut_slice(data)
            }
            (State::Video { synchronised }, Config::Vp8) => {
                *synchronised &= !unit.gap && !full;
                if !*synchronised && (!unit.keyframe || full) {
                    return Ok(Fed::NeedsKeyframe);
                }
                *synchronised = true;
                gst::Buffer::from_slice(unit.data.clone())
            }
            (State::Audio { expected }, Config::Opus { .. }) => {
                let Some(duration) = opus::duration(&unit.data) else { return Ok(Fed::Refused) };
                if full {
                    return Ok(Fed::Full);
                }
                if let Some(expected) = *expected {
                    let hole = unit.pts.since(expected);
                    if (NOTICED..=CONCEALED).contains(&hole) {
                        let length = gst::ClockTime::from_nseconds(hole.unsigned_abs());
                        let gap = gst::event::Gap::builder(buffers::pts(expected)).duration(length).build();
                        self.source.send_event(gap);
                    }
                }
                *expected = Some(unit.pts + duration);
                gst::Buffer::from_slice(unit.data.clone())
            }
            _ => return Ok(Fed::Refused),
        };
        let mut buffer = data;
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(buffers::pts(unit.pts));
            buffer.set_duration(unit.duration.map(|d| gst::ClockTime::from_nseconds(d.as_nanos() as u64)));
            if !unit.keyframe {
                buffer.set_flags(gst::BufferFlags::DELTA_UNIT);
            }
        }
        self.source.push_buffer(buffer).map(|_| Fed::Taken).map_err(|_| Gone)
    }
}

/// Decodes H.264 or VP8 into pictures of exactly the size asked for. A picture is dropped when `pictures` is full.
///
/// # Errors
/// [`Error`] when the pipeline can't be built.
pub fn video_decoder(
    counters: &Counters,
    spec: VideoDecoderSpec,
    pictures: mpsc::Sender<Picture>,
) -> Result<(Running, UnitFeed), Error> {
    let name_on_it = spec.caption.clone();
    let spec = Spec::VideoDecoder(spec);
    spec::check(&spec)?;
    let built = Built::new("video-decoder", &describe(&spec))?.counted(counters);
    let work = built.work();
    if let Some(text) = name_on_it {
        built.set_text(name::CAPTION, "text", &caption::markup(&text));
    }
    outputs(&built, Clock::Ours, move |output| {
        if let Some(picture) = output.picture()
            && pictures.try_send(picture).is_err()
        {
            work.dropped.inc();
        }
    });
    let feed = UnitFeed {
        source: built.element(name::IN),
        ended: built.ended(),
        work: built.work(),
        state: State::Video { synchronised: false },
    };
    Ok((built.run()?, feed))
}

/// Decodes Opus into 48 kHz stereo; short holes are concealed. Sound is dropped when `sounds` is full.
///
/// # Errors
/// [`Error`] when the pipeline can't be built.
pub fn audio_decoder(counters: &Counters, sounds: mpsc::Sender<Sound>) -> Result<(Running, UnitFeed), Error> {
    let built = Built::new("audio-decoder", &describe(&Spec::AudioDecoder))?.counted(counters);
    let work = built.work();
    outputs(&built, Clock::Ours, move |output| {
        let Some(map) = output.map() else { return };
        let samples = map.chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]])).collect();
        if sounds.try_send(Sound { time: output.time, samples }).is_err() {
            work.dropped.inc();
        }
    });
    let feed = UnitFeed {
        source: built.element(name::IN),
        ended: built.ended(),
        work: built.work(),
        state: State::Audio { expected: None },
    };
    Ok((built.run()?, feed))
}

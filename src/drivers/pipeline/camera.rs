//! Capture: the box's camera as pictures and as units of each size in which they are sent, and its microphone as units, or their
//! stand-ins.

use gstreamer as gst;
use gstreamer::prelude::*;
use tokio::sync::mpsc;

use super::buffers::Clock;
use super::describe::describe;
use super::encode::{Keyframes, PictureFeed, outputs, write_h264, write_voice, write_vp8};
use super::lens::Lens;
use super::running::{Built, Running, name};
use super::spec::{self, CameraEncoder, CameraSource, CameraSpec, LayerSpec, MicrophoneSource, MicrophoneSpec, Spec};
use super::{Counters, Error, caption, stand_in, v4l2};
use crate::drivers::device::Shape;
use crate::model::raw::Picture;
use crate::model::ring::Writer;
use crate::model::time::Timeline;
use crate::model::unit::Unit;

/// Opens a camera, aimed by what comes beside it. Its pictures are stamped with the moment of capture; one is dropped when `pictures` is full.
///
/// # Errors
/// [`Error`] when the pipeline can't be built. A camera that is missing or in use is an [`super::Event::Failed`].
pub fn camera(
    counters: &Counters,
    spec: CameraSpec,
    timeline: Timeline,
    pictures: mpsc::Sender<Picture>,
) -> Result<(Running, Lens), Error> {
    let whole = Spec::Camera(spec.clone());
    spec::check(&whole)?;
    let mut built = Built::new("camera", &describe(&whole))?.counted(counters);
    if !spec.caption.is_empty() {
        built.set_text(name::CAPTION, "text", &caption::markup(&spec.caption));
    }
    let clock = match &spec.source {
        CameraSource::StandIn | CameraSource::V4l2 { .. } => Clock::Ours,
        CameraSource::Csi | CameraSource::Rtsp(_) => Clock::Monotonic(timeline),
    };
    let lens = Lens::of(&built, spec.aim, (spec.width, spec.height));
    let work = built.work();
    outputs(&built, clock, move |output| {
        if let Some(picture) = output.picture()
            && pictures.try_send(picture).is_err()
        {
            work.dropped.inc();
        }
    });
    match &spec.source {
        CameraSource::StandIn => {
            built.set_text(name::NOTICE, "text", "Stand-in camera");
            let source = built.element(name::IN);
            let (width, height, fps) = (spec.width, spec.height, spec.fps);
            built.on_start(move || stand_in::pace_pictures(source, timeline, width, height, fps));
        }
        CameraSource::V4l2 { path, format, width, height, rate } => {
            let asked = Shape { format: *format, width: *width, height: *height, rate: *rate, stride: 0 };
            let (source, path, ended) = (built.element(name::IN), path.clone(), built.ended());
            built.beside(move || v4l2::capture(source, path, asked, timeline, ended));
        }
        CameraSource::Csi => {}
        CameraSource::Rtsp(source) => {
            // Its sound is not asked for: the box has a microphone.
            built.element::<gst::Element>(name::DEVICE).connect("select-stream", false, |values| {
                let media = |caps: gst::Caps| Some(caps.structure(0)?.get::<&str>("media").ok()? == "video");
                let caps = values.get(2).and_then(|value| value.get::<gst::Caps>().ok());
                Some(caps.and_then(media).unwrap_or(false).to_value())
            });
            built.set_text(name::DEVICE, "location", &source.url);
            if let Some((user, password)) = &source.login {
                built.set_text(name::DEVICE, "user-id", user);
                built.set_text(name::DEVICE, "user-pw", password);
            }
        }
    }
    Ok((built.run()?, lens))
}

/// Encodes a camera's pictures in one of the sizes in which they are sent. The first picture becomes a keyframe; each unit has the
/// time of its picture.
///
/// # Errors
/// [`Error`] when the pipeline can't be built.
pub fn layer(
    counters: &Counters,
    spec: LayerSpec,
    out: Writer<Unit>,
) -> Result<(Running, PictureFeed, Keyframes), Error> {
    let whole = Spec::Layer(spec);
    spec::check(&whole)?;
    let built = Built::new("camera-layer", &describe(&whole))?.counted(counters);
    match spec.encoder {
        CameraEncoder::H264(_) => write_h264(&built, Clock::Ours, out),
        CameraEncoder::Vp8 => write_vp8(&built, Clock::Ours, out),
    }
    let (width, height) = spec.from;
    let (feed, keyframes) = (PictureFeed::of_encoder(&built, width, height), Keyframes::of(&built));
    Ok((built.run()?, feed, keyframes))
}

/// Starts a microphone. Its units are stamped with the moment of capture, and say how loud they are. While nobody speaks there is
/// one each 400 ms: what is missing between them is silence, not a loss.
///
/// # Errors
/// [`Error`] when the pipeline can't be built. A sound card that is missing or in use is an [`super::Event::Failed`].
pub fn microphone(
    counters: &Counters,
    spec: MicrophoneSpec,
    timeline: Timeline,
    out: Writer<Unit>,
) -> Result<Running, Error> {
    let whole = Spec::Microphone(spec.clone());
    spec::check(&whole)?;
    let mut built = Built::new("microphone", &describe(&whole))?.counted(counters);
    match &spec.source {
        MicrophoneSource::StandIn => {
            write_voice(&built, Clock::Ours, out);
            let source = built.element(name::IN);
            built.on_start(move || stand_in::pace_sound(source, timeline));
        }
        MicrophoneSource::Alsa { device } => {
            built.set_text(name::DEVICE, "device", device);
            write_voice(&built, Clock::Monotonic(timeline), out);
        }
    }
    built.run()
}

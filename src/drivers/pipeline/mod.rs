//! GStreamer: capture, decode, encode, show and play. The only home of the `gstreamer*` crates.
//!
//! Owns: the text of every pipeline ([`describe()`], pure and held by golden files), running them ([`Running`], one thread
//! each), and the conversion between GStreamer's buffers and the model's units, pictures and sound. Every pipeline is
//! linear, `appsrc` or device in, `appsink` or device out, and has one role; [`duplex()`] and [`listen()`] alone are two chains, and [`push()`] joins two
//! in one muxer. Bus messages become [`Event`]s.
//!
//! Building a pipeline takes milliseconds, the first of its kind tens (a plugin is loaded); starting and stopping happen
//! on the pipeline's thread. Every way in and out drops rather than waits.
//!
//! Deliberately not here: composing and mixing (done on raw pictures and sound in `services`), rebuilding what failed
//! (the owner of a [`Running`] does that, with back-off), and which device to use (see [`crate::drivers::device`]).
//!
//! Time: pictures and sound go in and come out in media time. Inside a pipeline fed by us a buffer's PTS is media time
//! plus a constant, so that it is never negative; capture pipelines run on `CLOCK_MONOTONIC`. Text of people reaches a
//! pipeline only as a property set on an element, never inside a description.
//!
//! Sources: GStreamer 1.22 plug-in reference; H.264 Annex B; RFC 6716 section 2 and RFC 7845 section 4.2 (Opus delay);
//! ISO 14496-3 (AAC).

#[cfg(not(any(test, fuzzing)))]
mod annexb;
#[cfg(any(test, fuzzing))]
pub(crate) mod annexb;
mod buffers;
mod camera;
mod caption;
pub mod config;
mod counters;
mod decode;
mod describe;
mod ducking;
mod duplex;
mod elements;
mod encode;
mod encoders;
mod lens;
mod listen;
mod opus;
mod playback;
mod probe;
mod push;
mod running;
mod spec;
mod stand_in;
mod still;
#[cfg(test)]
mod tests;
mod v4l2;

pub use camera::{camera, layer, microphone};
pub use counters::{Counters, ROLES, Work};
pub use decode::{Fed, UnitFeed, audio_decoder, video_decoder};
pub use describe::describe;
pub use duplex::duplex;
pub use elements::{H264Choice, H264Encoder, has_echo_canceller, has_libcamera};
pub use encode::{Keyframes, PictureFeed, SoundFeed, audio_encoder, rung, video_encoder};
pub use encoders::Encoders;
pub use lens::Lens;
pub use listen::{Heard, listen};
pub use playback::{display, speaker};
pub use probe::{Chosen, Fault, Proof, Speed, attempt, choose, code};
pub use push::{PushFeed, Pushed, Trouble, push, trouble};
pub use running::name::SPEAKER;
pub use running::{Cause, Event, Running};
pub use spec::{
    AudioCodec, AudioEncoderSpec, CameraEncoder, CameraSource, CameraSpec, DisplaySpec, DuplexSpec, Echo, LayerSpec,
    ListenSpec, MicrophoneSource, MicrophoneSpec, PushSpec, RtspSource, RungSpec, SpeakerSpec, Spec, VideoDecoderSpec,
    VideoEncoderSpec, Voice,
};
pub use still::{card, jpeg};

/// Why a pipeline can't be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// GStreamer itself doesn't start: the installation is broken.
    #[error("GStreamer does not start: {0}")]
    Unavailable(String),
    /// An element is not installed.
    #[error("the GStreamer element {element} is missing: install the Debian package {package}")]
    Missing {
        /// The element's factory name.
        element: String,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// A size, rate or bitrate is out of range.
    #[error("{0}")]
    OutOfRange(&'static str),
    /// GStreamer refuses the pipeline.
    #[error("the {role} pipeline can't be built: {reason}")]
    Refused {
        /// Which pipeline.
        role: &'static str,
        /// What GStreamer says.
        reason: String,
    },
    /// H.264 encoders are installed, and none of them works.
    #[error(
        "no H.264 encoder works: the log says what is wrong with each; install the Debian package gstreamer1.0-plugins-ugly (x264)"
    )]
    NoEncoder,
    /// A sound card of a one-shot pipeline can't be used.
    #[error("the {what} can't be used: {reason}")]
    Device {
        /// Speaker, microphone, or both.
        what: &'static str,
        /// What it says.
        reason: String,
    },
    /// A one-shot pipeline gave nothing.
    #[error("no picture came out: {0}")]
    NoPicture(String),
}

/// The pipeline has ended: nothing more can be fed into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the pipeline has ended")]
pub struct Gone;

/// The version of GStreamer, and every plug-in that is installed with its own. The first call on a machine may take seconds.
///
/// # Errors
/// [`Error::Unavailable`] when GStreamer can't start.
pub fn plugins() -> Result<(String, Vec<(String, String)>), Error> {
    init()?;
    let plugins = gstreamer::Registry::get().plugins();
    let mut plugins: Vec<_> =
        plugins.iter().map(|plugin| (plugin.plugin_name().to_string(), plugin.version().to_string())).collect();
    plugins.sort();
    Ok((gstreamer::version_string().to_string(), plugins))
}

/// Starts GStreamer. Harmless when called again. The first call on a machine may take seconds: it scans the plugins.
///
/// # Errors
/// [`Error::Unavailable`] when GStreamer can't start.
pub fn init() -> Result<(), Error> {
    gstreamer::init().map_err(|e| Error::Unavailable(e.to_string()))
}

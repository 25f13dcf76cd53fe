//! What a pipeline is asked to be, and the ranges it is held to. Pure: no GStreamer here.

use super::Error;
use super::elements::H264Encoder;
use crate::drivers::device::Format;
use crate::model::secret::Secret;
use crate::model::track::Codec;
use crate::proto::layout::aim::Aim;

/// Where pictures come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CameraSource {
    /// A moving pattern that says it is a stand-in.
    StandIn,
    /// A V4L2 camera. Its own size and rate may differ from what is encoded.
    V4l2 {
        /// The device node, best a stable one below `/dev/v4l/by-id`.
        path: String,
        /// What the camera gives.
        format: Format,
        /// Pixels across that the camera gives.
        width: u32,
        /// Pixels down that the camera gives.
        height: u32,
        /// Pictures a second that the camera gives: so many in so many seconds.
        rate: (u32, u32),
    },
    /// A camera on the board's own connector, through libcamera: the first one there is.
    Csi,
    /// A camera on the network that sends H.264 by RTSP (RFC 7826).
    Rtsp(RtspSource),
}

/// A camera on the network.
#[derive(Clone, PartialEq, Eq)]
pub struct RtspSource {
    /// Where it is, `rtsp://…`, without a login.
    pub url: String,
    /// Name and password, if it asks for them.
    pub login: Option<(String, String)>,
}

/// Neither address nor login is for a log.
impl std::fmt::Debug for RtspSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RtspSource").finish_non_exhaustive()
    }
}

/// A camera: its pictures, as they are.
#[derive(Debug, Clone)]
pub struct CameraSpec {
    /// Where pictures come from.
    pub source: CameraSource,
    /// Pixels across of the picture; even.
    pub width: u32,
    /// Pixels down of the picture; even.
    pub height: u32,
    /// Pictures a second.
    pub fps: u32,
    /// Drawn at the lower edge; empty for nothing.
    pub caption: String,
    /// Which part of the camera's picture is shown at first.
    pub aim: Aim,
}

/// One of the sizes in which a camera's pictures are sent, encoded as H.264 constrained baseline without B-frames, or as VP8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerSpec {
    /// Pixels across and down of the camera's pictures; both even.
    pub from: (u32, u32),
    /// Pixels across of the encoded picture; even.
    pub width: u32,
    /// Pixels down of the encoded picture; even.
    pub height: u32,
    /// Pictures a second.
    pub fps: u32,
    /// Bits a second.
    pub bitrate: u32,
    /// The encoder.
    pub encoder: CameraEncoder,
}

/// A smaller size of what is on air: scaled with the shape kept, black beside it, and encoded as H.264 constrained baseline without
/// B-frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RungSpec {
    /// Pixels across and down of what comes in; both even.
    pub from: (u32, u32),
    /// Pixels across and down of the encoded picture; both even.
    pub size: (u32, u32),
    /// Pictures a second.
    pub fps: u32,
    /// Bits a second.
    pub bitrate: u32,
    /// The encoder.
    pub encoder: H264Encoder,
}

/// How a camera's pictures are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CameraEncoder {
    /// As H.264, by this encoder.
    H264(H264Encoder),
    /// As VP8, in software: for calls in which somebody receives nothing else.
    Vp8,
}

/// Where sound comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MicrophoneSource {
    /// A beep at the start of each second of media time, and a soft hum.
    StandIn,
    /// An ALSA device, best by name: `plughw:CARD=...,DEV=0`.
    Alsa {
        /// ALSA's name of it.
        device: String,
    },
}

/// What is done to what a microphone hears, beside the echo (webrtcdsp).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Voice {
    /// Steady noise, as of a fan, is made quieter.
    pub noise: bool,
    /// Who is far away is made louder, who is near quieter.
    pub gain: bool,
}

/// A microphone, encoded as mono Opus in frames of 20 ms.
#[derive(Debug, Clone)]
pub struct MicrophoneSpec {
    /// Where sound comes from.
    pub source: MicrophoneSource,
    /// Bits a second.
    pub bitrate: u32,
    /// What is done to it; to a stand-in nothing.
    pub voice: Voice,
}

/// Decodes H.264 or VP8 into pictures of one size: scaled with the aspect kept, black beside it.
#[derive(Debug, Clone)]
pub struct VideoDecoderSpec {
    /// How the pictures are coded.
    pub codec: Codec,
    /// Pixels across; even.
    pub width: u32,
    /// Pixels down; even.
    pub height: u32,
    /// A name at the lower edge.
    pub caption: Option<String>,
}

/// Encodes pictures as H.264 constrained baseline without B-frames.
#[derive(Debug, Clone)]
pub struct VideoEncoderSpec {
    /// Pixels across; even.
    pub width: u32,
    /// Pixels down; even.
    pub height: u32,
    /// Pictures a second.
    pub fps: u32,
    /// Bits a second.
    pub bitrate: u32,
    /// Pictures from one keyframe to the next at most.
    pub keyframe_interval: u32,
    /// The encoder.
    pub encoder: H264Encoder,
}

/// How sound is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AudioCodec {
    /// AAC-LC.
    Aac,
    /// Opus in frames of 20 ms.
    Opus,
}

/// Encodes 48 kHz stereo sound.
#[derive(Debug, Clone, Copy)]
pub struct AudioEncoderSpec {
    /// AAC or Opus.
    pub codec: AudioCodec,
    /// Bits a second.
    pub bitrate: u32,
}

/// Shows pictures on a screen through the kernel (KMS), without a desktop.
#[derive(Debug, Clone)]
pub struct DisplaySpec {
    /// Pixels across of the pictures fed; even.
    pub width: u32,
    /// Pixels down of the pictures fed; even.
    pub height: u32,
    /// Pixels across and down of what is shown, with black around the pictures fed; even, and no smaller than those.
    pub whole: (u32, u32),
    /// Pictures a second.
    pub fps: u32,
    /// DRM's number of the connector; the first connected one if not given.
    pub connector: Option<u32>,
    /// DRM's name of the driver, where `kmssink` does not look for it by itself.
    pub driver: Option<&'static str>,
}

/// Plays 48 kHz stereo sound.
#[derive(Debug, Clone)]
pub struct SpeakerSpec {
    /// ALSA's name of the device, best by card name: `plughw:CARD=...,DEV=0`.
    pub device: String,
}

/// What is done about the microphone hearing the speaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Echo {
    /// Nothing: the device does it, or nobody wants it.
    Off,
    /// It is taken out of what the microphone hears (webrtcdsp).
    Cancel,
    /// The microphone is turned down while something is played.
    HalfDuplex,
}

/// A microphone and a speaker that are used together.
#[derive(Debug, Clone)]
pub struct DuplexSpec {
    /// ALSA's name of the microphone.
    pub microphone: String,
    /// ALSA's name of the speaker.
    pub speaker: String,
    /// Of the microphone's Opus, in bits a second.
    pub bitrate: u32,
    /// What is done about the echo.
    pub echo: Echo,
    /// What is done beside that.
    pub voice: Voice,
    /// How much later than the sound card the speaker plays, in milliseconds: televisions think before they do.
    pub speaker_delay: u32,
}

/// A microphone and a speaker that are tried: what is recorded is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenSpec {
    /// ALSA's name of the microphone.
    pub microphone: String,
    /// ALSA's name of the speaker.
    pub speaker: String,
}

/// Encoded pictures and sound to another service.
#[derive(Clone, PartialEq, Eq)]
pub enum PushSpec {
    /// H.264 and AAC as FLV by RTMP.
    Rtmp {
        /// By TLS.
        secure: bool,
        /// Name or address of the server.
        host: String,
        /// Its port.
        port: u16,
        /// The path, without what is behind its last slash.
        application: String,
        /// What the server knows the stream by.
        stream: Secret,
    },
    /// H.264 and AAC as MPEG-TS by SRT. The box calls.
    Srt {
        /// Name or address of the server.
        host: String,
        /// Its port.
        port: u16,
        /// What the server knows the stream by.
        stream_id: Option<Secret>,
        /// What it is encrypted with.
        passphrase: Option<Secret>,
    },
}

impl PushSpec {
    /// What must not be in a log.
    pub fn hidden(&self) -> Vec<Secret> {
        let (host, rest) = match self {
            Self::Rtmp { host, stream, .. } => (host, vec![Some(stream.clone())]),
            Self::Srt { host, stream_id, passphrase, .. } => (host, vec![stream_id.clone(), passphrase.clone()]),
        };
        rest.into_iter().flatten().chain([Secret::new(host.clone())]).collect()
    }
}

/// Neither address nor key is for a log.
impl std::fmt::Debug for PushSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PushSpec").finish_non_exhaustive()
    }
}

/// Every pipeline there is.
#[derive(Debug, Clone)]
pub enum Spec {
    /// Camera to pictures.
    Camera(CameraSpec),
    /// A camera's pictures to H.264 or VP8 of one size.
    Layer(LayerSpec),
    /// See [`RungSpec`].
    Rung(RungSpec),
    /// Microphone to Opus.
    Microphone(MicrophoneSpec),
    /// H.264 or VP8 to pictures.
    VideoDecoder(VideoDecoderSpec),
    /// Opus to sound.
    AudioDecoder,
    /// Pictures to H.264.
    VideoEncoder(VideoEncoderSpec),
    /// Sound to AAC or Opus.
    AudioEncoder(AudioEncoderSpec),
    /// Pictures to a screen.
    Display(DisplaySpec),
    /// Sound to a sound card.
    Speaker(SpeakerSpec),
    /// Sound to a sound card, and a microphone beside it to Opus.
    Duplex(DuplexSpec),
    /// Sound to a sound card, and a microphone beside it as it is.
    Listen(ListenSpec),
    /// H.264 and AAC to another service.
    Push(PushSpec),
    /// One picture with text in the middle.
    Card {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// One picture to JPEG.
    Jpeg {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Whether text is drawn at the lower edge.
        captioned: bool,
    },
}

/// Holds sizes, rates and bitrates of a specification to what the model and the encoders can do.
///
/// # Errors
/// [`Error::OutOfRange`] says which one and the range.
pub fn check(spec: &Spec) -> Result<(), Error> {
    let side = |pixels: u32| (16..=4096).contains(&pixels) && pixels.is_multiple_of(2);
    let size = |width, height| match side(width) && side(height) {
        true => Ok(()),
        false => Err(Error::OutOfRange("width and height of a picture are even and from 16 to 4096")),
    };
    let fps = |fps: u32| match fps {
        1..=120 => Ok(()),
        _ => Err(Error::OutOfRange("pictures a second are from 1 to 120")),
    };
    let video = |bitrate: u32| match bitrate {
        50_000..=100_000_000 => Ok(()),
        _ => Err(Error::OutOfRange("the bitrate of video is from 50 kbit/s to 100 Mbit/s")),
    };
    let audio = |bitrate: u32| match bitrate {
        6_000..=320_000 => Ok(()),
        _ => Err(Error::OutOfRange("the bitrate of sound is from 6 to 320 kbit/s")),
    };
    match spec {
        Spec::Camera(s) => {
            if let CameraSource::V4l2 { width, height, rate: (pictures, seconds), .. } = s.source {
                size(width, height).and(fps(pictures.div_ceil(seconds.max(1))))?;
            }
            size(s.width, s.height).and(fps(s.fps))
        }
        Spec::Rung(s) => size(s.from.0, s.from.1).and(size(s.size.0, s.size.1)).and(fps(s.fps)).and(video(s.bitrate)),
        Spec::Layer(s) => size(s.from.0, s.from.1).and(size(s.width, s.height)).and(fps(s.fps)).and(video(s.bitrate)),
        Spec::VideoEncoder(s) => match s.keyframe_interval {
            1..=10_000 => size(s.width, s.height).and(fps(s.fps)).and(video(s.bitrate)),
            _ => Err(Error::OutOfRange("the keyframe interval is from 1 to 10000 pictures")),
        },
        Spec::Display(s) => match s.whole.0 < s.width || s.whole.1 < s.height {
            false => size(s.width, s.height).and(size(s.whole.0, s.whole.1)).and(fps(s.fps)),
            true => Err(Error::OutOfRange("a screen is no smaller than what it shows")),
        },
        Spec::VideoDecoder(VideoDecoderSpec { width, height, .. })
        | Spec::Card { width, height }
        | Spec::Jpeg { width, height, .. } => size(*width, *height),
        Spec::Microphone(MicrophoneSpec { bitrate, .. })
        | Spec::Duplex(DuplexSpec { bitrate, .. })
        | Spec::AudioEncoder(AudioEncoderSpec { bitrate, .. }) => audio(*bitrate),
        Spec::AudioDecoder | Spec::Speaker(_) | Spec::Listen(_) | Spec::Push(_) => Ok(()),
    }
}

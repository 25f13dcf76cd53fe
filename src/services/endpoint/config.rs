//! `[endpoint]`: the box as a participant.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Canceller;
use crate::drivers::device::{self, Format, Mode};
use crate::drivers::pipeline::{Voice, config as media};
use crate::model::bitrate::{self, Bitrate};
use crate::model::duration;
use crate::model::layer::LAYERS;
use crate::model::quantity;
use crate::proto::screens::Language;

/// The box's own camera, microphone, speaker and screen in a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether the box joins the first room by itself when it starts.
    pub auto_join: bool,
    /// The camera; a name is a path below `/dev/`.
    #[serde(deserialize_with = "camera")]
    pub camera: CameraChoice,
    /// Which of the camera's sizes, rates and formats is used.
    #[serde(deserialize_with = "camera_mode")]
    pub camera_mode: ModeChoice,
    /// The file with name and password of a camera on the network; none if it asks for none.
    #[serde(serialize_with = "quantity::write_file", deserialize_with = "path")]
    pub camera_login: Option<PathBuf>,
    /// The microphone; a name is one of ALSA.
    #[serde(deserialize_with = "microphone")]
    pub microphone: Source,
    /// The speaker; a name is one of ALSA.
    #[serde(deserialize_with = "speaker")]
    pub speaker: Sink,
    /// What is done about the microphone hearing the speaker.
    pub echo: EchoChoice,
    /// Whether steady noise is taken out of what the microphone hears.
    pub noise_suppression: Auto,
    /// Whether who is far from the microphone is made louder, and who is near quieter.
    pub gain: Auto,
    /// How much later than it is told to the speaker plays, as televisions do; 0 ms to 400 ms.
    #[serde(serialize_with = "duration::serialize", deserialize_with = "speaker_delay")]
    pub speaker_delay: Duration,
    /// The screen on the HDMI port.
    pub screen: ScreenChoice,
    /// How much of the picture the television cuts off at each edge, in percent; 0 to 10.
    #[serde(deserialize_with = "overscan")]
    pub overscan: u32,
    /// In which language the screen speaks.
    pub language: Language,
    /// After how long without a call the screen is black; zero for never.
    #[serde(with = "duration")]
    pub blank_after: Duration,
    /// Whether the screen shows a code by which telephones in front of it join the first room.
    pub join_code: bool,
    /// Pixels across of the camera's picture; even, 160 to 1920.
    #[serde(deserialize_with = "media::width")]
    pub width: u32,
    /// Pixels down of the camera's picture; even, 90 to 1080.
    #[serde(deserialize_with = "media::height")]
    pub height: u32,
    /// Pictures a second; 1 to 60.
    #[serde(deserialize_with = "media::fps")]
    pub fps: u32,
    /// In how many sizes the camera's picture is sent at most.
    pub layers: Most,
    /// Of the camera's H.264; 100 kbps to 20 Mbps.
    #[serde(deserialize_with = "media::video_bitrate")]
    pub bitrate: Bitrate,
    /// Of the microphone's Opus; 8 kbps to 256 kbps.
    #[serde(deserialize_with = "audio_bitrate")]
    pub audio_bitrate: Bitrate,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            auto_join: false,
            camera: CameraChoice::Auto,
            camera_mode: ModeChoice::Auto,
            camera_login: None,
            microphone: Source::Auto,
            speaker: Sink::Auto,
            echo: EchoChoice::Auto,
            noise_suppression: Auto::Auto,
            gain: Auto::Auto,
            speaker_delay: Duration::ZERO,
            screen: ScreenChoice::Auto,
            overscan: 0,
            language: Language::En,
            blank_after: Duration::from_secs(600),
            join_code: true,
            width: 640,
            height: 360,
            fps: 30,
            layers: Most::Auto,
            bitrate: Bitrate::kbps(1_000),
            audio_bitrate: Bitrate::kbps(48),
        }
    }
}

impl Config {
    /// What the box does to what the microphone hears. `echo` says who cancels echo, `installed` whether the box can do any of it.
    pub(super) fn voice(&self, echo: Canceller, installed: bool) -> Voice {
        // A speakerphone has done it already; twice makes it worse.
        let does = installed && echo != Canceller::Device;
        Voice { noise: does && self.noise_suppression == Auto::Auto, gain: does && self.gain == Auto::Auto }
    }
}

/// Something that the box does where it is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auto {
    /// Where it can, and no device does it.
    Auto,
    /// Never.
    Off,
}

/// Where pictures come from.
#[derive(Clone, PartialEq, Eq)]
pub enum CameraChoice {
    /// The first camera that works, else the stand-in.
    Auto,
    /// The stand-in, which says on the picture that it is one.
    StandIn,
    /// Nothing is published.
    None,
    /// The camera on the board's own connector.
    Csi,
    /// A camera on the network, by its address.
    Rtsp(String),
    /// This one, and the stand-in while it is away.
    Named(String),
}

/// An address is not for a log.
impl fmt::Debug for CameraChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rtsp(_) => f.write_str("rtsp"),
            other => write!(f, "{other}"),
        }
    }
}

impl fmt::Display for CameraChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::StandIn => "stand-in",
            Self::None => "none",
            Self::Csi => "csi",
            Self::Rtsp(name) | Self::Named(name) => name,
        })
    }
}

impl Serialize for CameraChoice {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Which of a camera's modes is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModeChoice {
    /// The one that suits the size and rate of the picture best.
    Auto,
    /// This one.
    Wished(WishedMode),
}

/// A mode that somebody wrote down: `1280x720@30 mjpeg`, or without the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WishedMode {
    width: u32,
    height: u32,
    /// Hundredths of a picture a second.
    rate: u32,
    format: Option<Format>,
}

impl WishedMode {
    /// Whether a mode of a camera is the one that is meant.
    pub fn means(&self, mode: &Mode) -> bool {
        (self.width, self.height, self.rate) == (mode.width, mode.height, mode.rate.hundredths())
            && self.format.is_none_or(|format| format == mode.format)
    }

    fn read(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let (size, rate) = words.next()?.split_once('@')?;
        let (width, height) = size.split_once('x')?;
        let format = match words.next() {
            Some(word) => Some(Format::named(word)?),
            None => None,
        };
        let rate = u32::try_from(quantity::decimal(&format!("{rate}fps"), &[("fps", 100)])?).ok()?;
        let side = |text: &str| text.parse().ok().filter(|side| (16..=4096).contains(side));
        let (width, height) = (side(width)?, side(height)?);
        (words.next().is_none() && (100..=24_000).contains(&rate)).then_some(Self { width, height, rate, format })
    }
}

impl fmt::Display for WishedMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}@", self.width, self.height)?;
        device::mode::hundredths(f, self.rate)?;
        self.format.map_or(Ok(()), |format| write!(f, " {}", format.word()))
    }
}

impl Serialize for ModeChoice {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => to.serialize_str("auto"),
            Self::Wished(mode) => to.collect_str(mode),
        }
    }
}

/// Where sound comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The first device that works, else the stand-in.
    Auto,
    /// The stand-in, which says on the picture that it is one.
    StandIn,
    /// Nothing is published.
    None,
    /// This device, and the stand-in while it is away.
    Named(String),
}

/// In how many sizes a picture is sent at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Most {
    /// As many as the board can encode.
    Auto,
    /// So many; 1 to 3.
    Layers(u8),
}

impl Serialize for Most {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => to.serialize_str("auto"),
            Self::Layers(most) => to.serialize_u8(*most),
        }
    }
}

impl<'de> Deserialize<'de> for Most {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read;

        impl Visitor<'_> for Read {
            type Value = Most;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"auto\", 1, 2 or 3")
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Most, E> {
                let most = u8::try_from(value).ok().filter(|most| (1..=LAYERS).contains(&usize::from(*most)));
                most.map(Most::Layers).ok_or_else(|| E::invalid_value(Unexpected::Signed(value), &self))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Most, E> {
                self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
            }

            // From the environment numbers come as text.
            fn visit_str<E: Error>(self, value: &str) -> Result<Most, E> {
                match (value, value.parse()) {
                    ("auto", _) => Ok(Most::Auto),
                    (_, Ok(number)) => self.visit_i64(number),
                    _ => Err(E::invalid_value(Unexpected::Str(value), &self)),
                }
            }
        }

        from.deserialize_any(Read)
    }
}

/// Where sound goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sink {
    /// The first device that works, else nowhere.
    Auto,
    /// Nowhere.
    None,
    /// This device.
    Named(String),
}

/// What is done about the microphone hearing the speaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EchoChoice {
    /// What is best for the devices: nothing with a speakerphone that does it itself, else cancelling.
    Auto,
    /// It is taken out of what the microphone hears.
    Cancel,
    /// The microphone is turned down while something is played.
    HalfDuplex,
    /// Nothing.
    Off,
}

/// Where the box's picture of the call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScreenChoice {
    /// The first connected screen, else nowhere.
    Auto,
    /// Nowhere.
    None,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::StandIn => "stand-in",
            Self::None => "none",
            Self::Named(name) => name,
        })
    }
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::None => "none",
            Self::Named(name) => name,
        })
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Serialize for Sink {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

fn source(text: &str, is_name: impl Fn(&str) -> bool, expected: &str) -> Result<Source, String> {
    match text {
        "auto" => Ok(Source::Auto),
        "stand-in" => Ok(Source::StandIn),
        "none" => Ok(Source::None),
        name if is_name(name) => Ok(Source::Named(name.to_owned())),
        other => Err(format!("{other:?} is not {expected}")),
    }
}

/// Letters, digits and the marks of names such as `plughw:CARD=C920,DEV=0`.
fn is_alsa(name: &str) -> bool {
    (1..=100).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || ":=,._-".contains(c))
}

fn is_video_device(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:._-".contains(c);
    path.len() <= 255 && path.starts_with("/dev/") && !path.contains("/../") && path.chars().all(plain)
}

/// A web address of RTSP without a login, which would be seen by everybody who reads the configuration.
fn is_rtsp(url: &str) -> bool {
    let rest = url.strip_prefix("rtsp://").or_else(|| url.strip_prefix("rtsps://"));
    let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    url.len() <= 255 && !host.is_empty() && !host.contains('@') && url.chars().all(|c| c.is_ascii_graphic())
}

fn camera<'de, D: Deserializer<'de>>(from: D) -> Result<CameraChoice, D::Error> {
    const EXPECTED: &str = "\"auto\", \"stand-in\", \"none\", \"csi\", a path below /dev/ such as \"/dev/video0\", or an address such \
                            as \"rtsp://camera.lan/stream\" (its login is in the file of endpoint.camera_login)";
    quantity::text(from, EXPECTED, |text| match text {
        "auto" => Ok(CameraChoice::Auto),
        "stand-in" => Ok(CameraChoice::StandIn),
        "none" => Ok(CameraChoice::None),
        "csi" => Ok(CameraChoice::Csi),
        url if is_rtsp(url) => Ok(CameraChoice::Rtsp(url.to_owned())),
        path if is_video_device(path) => Ok(CameraChoice::Named(path.to_owned())),
        // It may hold a password.
        url if url.starts_with("rtsp") => Err(format!("this address is not {EXPECTED}")),
        other => Err(format!("{other:?} is not {EXPECTED}")),
    })
}

fn camera_mode<'de, D: Deserializer<'de>>(from: D) -> Result<ModeChoice, D::Error> {
    const EXPECTED: &str = "\"auto\" or a mode of the camera such as \"1280x720@30 mjpeg\"";
    quantity::text(from, EXPECTED, |text| match WishedMode::read(text) {
        _ if text == "auto" => Ok(ModeChoice::Auto),
        Some(mode) => Ok(ModeChoice::Wished(mode)),
        None => Err(format!("{text:?} is not {EXPECTED}")),
    })
}

fn path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    quantity::file(from, "a file by its whole path, such as \"/etc/porchlight/camera-login\", or nothing")
}

fn microphone<'de, D: Deserializer<'de>>(from: D) -> Result<Source, D::Error> {
    const EXPECTED: &str = "\"auto\", \"stand-in\", \"none\" or an ALSA name such as \"plughw:1,0\"";
    quantity::text(from, EXPECTED, |text| source(text, is_alsa, EXPECTED))
}

fn speaker<'de, D: Deserializer<'de>>(from: D) -> Result<Sink, D::Error> {
    const EXPECTED: &str = "\"auto\", \"none\" or an ALSA name such as \"plughw:1,0\"";
    quantity::text(from, EXPECTED, |text| match text {
        "auto" => Ok(Sink::Auto),
        "none" => Ok(Sink::None),
        name if is_alsa(name) && name != "stand-in" => Ok(Sink::Named(name.to_owned())),
        other => Err(format!("{other:?} is not {EXPECTED}")),
    })
}

fn speaker_delay<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    duration::within(from, Duration::ZERO..=Duration::from_millis(400))
}

fn overscan<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    quantity::whole(from, 0..=10)
}

fn audio_bitrate<'de, D: Deserializer<'de>>(from: D) -> Result<Bitrate, D::Error> {
    bitrate::within(from, Bitrate::kbps(8)..=Bitrate::kbps(256))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_read_as_it_is_written() {
        for text in ["1280x720@30 mjpeg", "640x480@7.5 yuyv", "1920x1080@29.97", "320x240@30 h264"] {
            assert_eq!(WishedMode::read(text).map(|mode| mode.to_string()).as_deref(), Some(text));
        }
        let doubtful =
            ["", "auto", "1280x720", "1280x720@", "1280x720@30 mpeg", "1280x720@30 mjpeg x", "12x9@30", "1280x720@0"];
        for text in doubtful {
            assert_eq!(WishedMode::read(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_address_with_a_login_is_refused_and_not_said_again() {
        let read = |text: &str| serde_json::from_value::<Config>(serde_json::json!({ "camera": text }));
        for (text, right) in [
            ("csi", true),
            ("rtsp://camera.lan/stream1", true),
            ("rtsps://192.168.1.7:322/a?b=c@d", true),
            ("rtsp://", false),
            ("rtsp://ada:secret@camera.lan/", false),
            ("http://camera.lan/", false),
            ("rtsp://camera.lan/ ! filesink", false),
        ] {
            let config = read(text);
            assert_eq!(config.is_ok(), right, "{text}");
            assert!(config.err().is_none_or(|error| !error.to_string().contains("secret")), "{text}");
        }
        let shown = format!("{:?}", CameraChoice::Rtsp("rtsp://camera.lan/".into()));
        assert_eq!(shown, "rtsp");
    }

    #[test]
    fn a_voice_is_cleaned_where_the_box_can_and_no_device_does() {
        let (all, none) = (Voice { noise: true, gain: true }, Voice::default());
        for (config, echo, installed, expected) in [
            (Config::default(), Canceller::Box, true, all),
            (Config::default(), Canceller::None, true, all),
            (Config::default(), Canceller::HalfDuplex, false, none),
            (Config::default(), Canceller::Device, true, none),
            (Config { gain: Auto::Off, ..Config::default() }, Canceller::Box, true, Voice { noise: true, gain: false }),
            (
                Config { noise_suppression: Auto::Off, ..Config::default() },
                Canceller::Box,
                true,
                Voice { noise: false, gain: true },
            ),
        ] {
            assert_eq!(config.voice(echo, installed), expected, "{echo:?} {installed}");
        }
    }
}

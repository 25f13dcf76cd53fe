//! Which of the devices that are plugged in the box uses. Pure.

use serde::Serialize;

use super::{CameraChoice, Config, EchoChoice, Login, ScreenChoice, Sink, Source};
use crate::drivers::device::{Camera, Inventory, Mode};
use crate::drivers::pipeline::{CameraSource, Echo, MicrophoneSource, RtspSource};
use crate::model::track::Kind;

/// A device as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What it is called; `None` if there is none.
    pub name: Option<String>,
    /// It stands in for one that is not there.
    pub stand_in: bool,
}

impl Device {
    fn none() -> Self {
        Self { name: None, stand_in: false }
    }

    fn real(name: &str) -> Self {
        Self { name: Some(name.to_owned()), stand_in: false }
    }

    fn stand_in(name: &str) -> Self {
        Self { name: Some(name.to_owned()), stand_in: true }
    }

    /// Whether there is one, real or not.
    pub fn is_there(&self) -> bool {
        self.name.is_some()
    }

    /// Its name for the log.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or("none")
    }
}

/// What there is of GStreamer here.
#[derive(Debug, Clone, Copy)]
pub struct Abilities {
    /// Echo can be cancelled.
    pub canceller: bool,
    /// Cameras on the board's own connector can be used.
    pub libcamera: bool,
}

/// What pictures are taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Eye {
    /// What stands in for a camera.
    StandIn,
    /// A camera of which the modes are known.
    V4l2(Camera),
    /// The one on the board's own connector.
    Csi,
    /// One on the network.
    Rtsp(RtspSource),
}

/// What sort of camera it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "CameraKind"))]
#[serde(rename_all = "kebab-case")]
pub enum EyeKind {
    /// There is none.
    None,
    /// A moving pattern that stands in for one.
    StandIn,
    /// One on the USB, or another that the kernel knows as a whole camera.
    V4l2,
    /// One on the board's own connector.
    Csi,
    /// One on the network.
    Rtsp,
}

impl Eye {
    /// Its source; in this mode, if it is one of which the modes are known.
    pub(super) fn source(&self, mode: Option<Mode>) -> CameraSource {
        match (self, mode) {
            (Self::V4l2(camera), Some(mode)) => CameraSource::V4l2 {
                path: camera.path.to_string_lossy().into_owned(),
                format: mode.format,
                width: mode.width,
                height: mode.height,
                rate: (mode.rate.pictures, mode.rate.seconds),
            },
            (Self::Csi, _) => CameraSource::Csi,
            (Self::Rtsp(source), _) => CameraSource::Rtsp(source.clone()),
            (Self::StandIn | Self::V4l2(_), _) => CameraSource::StandIn,
        }
    }

    pub(super) fn kind(&self) -> EyeKind {
        match self {
            Self::StandIn => EyeKind::StandIn,
            Self::V4l2(_) => EyeKind::V4l2,
            Self::Csi => EyeKind::Csi,
            Self::Rtsp(_) => EyeKind::Rtsp,
        }
    }

    /// What its settings are remembered by.
    pub(super) fn key(&self) -> String {
        match self {
            Self::StandIn => "stand-in".to_owned(),
            Self::V4l2(camera) => camera.key(),
            Self::Csi => "csi".to_owned(),
            Self::Rtsp(_) => "rtsp".to_owned(),
        }
    }
}

/// A screen to show on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Display {
    /// DRM's number of the connector, where the kernel tells it.
    pub(super) connector: Option<u32>,
    /// Pixels across and down of the mode it likes best.
    pub(super) size: Option<(u32, u32)>,
    /// DRM's name of the driver, where GStreamer has to be told.
    pub(super) driver: Option<&'static str>,
}

/// Who takes what the speaker plays out of what the microphone hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Echo"))]
#[serde(rename_all = "kebab-case")]
pub enum Canceller {
    /// Nobody: one of the two is missing, or the owner wants it so.
    None,
    /// The device itself, a speakerphone.
    Device,
    /// The box.
    Box,
    /// The microphone is turned down instead.
    HalfDuplex,
}

impl Canceller {
    /// What the box does.
    pub(super) fn done(self) -> Echo {
        match self {
            Self::None | Self::Device => Echo::Off,
            Self::Box => Echo::Cancel,
            Self::HalfDuplex => Echo::HalfDuplex,
        }
    }
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Devices {
    /// What it sees with.
    pub camera: Device,
    /// What it hears with.
    pub microphone: Device,
    /// What it plays with.
    pub speaker: Device,
    /// What it shows on.
    pub screen: Device,
    /// Against the echo of the speaker in the microphone.
    pub echo: Canceller,
    pub(super) eye: Option<Eye>,
    pub(super) microphone_source: Option<MicrophoneSource>,
    pub(super) speaker_device: Option<String>,
    pub(super) display: Option<Display>,
}

impl Devices {
    /// Whether what is open is to be closed for another device. `opened` are those of when it was opened; `standing_in` says that a
    /// stand-in is open for a device that failed.
    pub(super) fn call_for_another(&self, opened: &Self, kind: Kind, standing_in: bool) -> bool {
        let (same, real) = match kind {
            Kind::Audio => (
                self.microphone_source == opened.microphone_source,
                matches!(self.microphone_source, Some(MicrophoneSource::Alsa { .. })),
            ),
            Kind::Video => (self.eye == opened.eye, matches!(self.eye, Some(Eye::V4l2(_) | Eye::Csi | Eye::Rtsp(_)))),
        };
        match standing_in {
            true => real,
            false => !same,
        }
    }
}

/// What is used of all that is plugged in. `login` is that of a camera on the network.
pub(super) fn choose(config: &Config, inventory: &Inventory, can: Abilities, login: Option<&Login>) -> Devices {
    let (camera, eye) = camera(config, inventory, can, login);
    let (microphone, microphone_source) = microphone(config, inventory);
    let (speaker, speaker_device) = speaker(config, inventory);
    let screen = inventory.screens.first().filter(|_| config.screen == ScreenChoice::Auto);
    let echo = match (&microphone_source, &speaker_device) {
        (Some(MicrophoneSource::Alsa { device }), Some(speaker)) => {
            echo(config.echo, (device, speaker), &microphone, can.canceller)
        }
        _ => Canceller::None,
    };
    Devices {
        echo,
        camera,
        microphone,
        speaker,
        screen: screen.map_or_else(Device::none, |screen| Device::real(&screen.name)),
        eye,
        microphone_source,
        speaker_device,
        display: screen.map(|screen| Display { connector: screen.connector, size: screen.size, driver: screen.driver }),
    }
}

/// Whether there is a camera on the board's own connector.
pub(super) fn has_csi(inventory: &Inventory) -> bool {
    inventory.skipped.iter().any(|(_, why)| why.contains("libcamera"))
}

/// The same with what is used now in front of others of its kind: what is plugged in beside it takes nothing away.
pub(super) fn keeping(mut inventory: Inventory, now: &Devices) -> Inventory {
    let path = match &now.eye {
        Some(Eye::V4l2(camera)) => Some(&camera.path),
        _ => None,
    };
    let microphone = match &now.microphone_source {
        Some(MicrophoneSource::Alsa { device }) => Some(device),
        _ => None,
    };
    inventory.cameras.sort_by_key(|camera| Some(&camera.path) != path);
    inventory.microphones.sort_by_key(|found| Some(&found.device) != microphone);
    inventory.speakers.sort_by_key(|found| Some(&found.device) != now.speaker_device.as_ref());
    inventory.screens.sort_by_key(|screen| Some(&screen.name) != now.screen.name.as_ref());
    inventory
}

fn camera(config: &Config, inventory: &Inventory, can: Abilities, login: Option<&Login>) -> (Device, Option<Eye>) {
    let csi = || (Device::real("Camera on the board's connector"), Some(Eye::Csi));
    let found = match &config.camera {
        CameraChoice::None => return (Device::none(), None),
        CameraChoice::Csi => return csi(),
        CameraChoice::Rtsp(url) => {
            let login = login.map(|Login { name, password }| (name.clone(), password.clone()));
            return (Device::real("Network camera"), Some(Eye::Rtsp(RtspSource { url: url.clone(), login })));
        }
        CameraChoice::StandIn => None,
        CameraChoice::Auto if inventory.cameras.is_empty() && has_csi(inventory) && can.libcamera => return csi(),
        CameraChoice::Auto => inventory.cameras.first(),
        CameraChoice::Named(path) => {
            inventory.cameras.iter().find(|c| c.path.to_str() == Some(path) || c.node.to_str() == Some(path))
        }
    };
    match found {
        Some(camera) => (Device::real(&camera.name), Some(Eye::V4l2(camera.clone()))),
        None => (Device::stand_in("Stand-in camera"), Some(Eye::StandIn)),
    }
}

fn microphone(config: &Config, inventory: &Inventory) -> (Device, Option<MicrophoneSource>) {
    let stand_in = || (Device::stand_in("Stand-in microphone"), Some(MicrophoneSource::StandIn));
    match &config.microphone {
        Source::None => (Device::none(), None),
        Source::StandIn => stand_in(),
        Source::Auto => inventory.microphones.first().map_or_else(stand_in, |found| {
            (Device::real(&found.name), Some(MicrophoneSource::Alsa { device: found.device.clone() }))
        }),
        Source::Named(name) => (Device::real(name), Some(MicrophoneSource::Alsa { device: name.clone() })),
    }
}

fn speaker(config: &Config, inventory: &Inventory) -> (Device, Option<String>) {
    match &config.speaker {
        Sink::None => (Device::none(), None),
        Sink::Auto => inventory
            .speakers
            .first()
            .map_or_else(|| (Device::none(), None), |found| (Device::real(&found.name), Some(found.device.clone()))),
        Sink::Named(name) => (Device::real(name), Some(name.clone())),
    }
}

/// What speakerphones that cancel echo themselves have in their names, in small letters: to do it twice makes it worse.
const SPEAKERPHONES: [&str; 10] = [
    "speakerphone",
    "speak 4", // Jabra Speak 410
    "speak 5",
    "speak 7",
    "speak2",
    "powerconf", // Anker
    "poly sync",
    "meetup",  // Logitech
    "xvf3800", // XMOS, on ReSpeaker
    "yvc-",    // Yamaha
];

fn echo(choice: EchoChoice, (microphone, speaker): (&str, &str), name: &Device, canceller: bool) -> Canceller {
    let card =
        |device: &str| device.split_once("CARD=").map(|(_, rest)| rest.split(',').next().unwrap_or(rest).to_owned());
    let name = name.label().to_lowercase();
    let phone = card(microphone).is_some()
        && card(microphone) == card(speaker)
        && SPEAKERPHONES.iter().any(|part| name.contains(part));
    match choice {
        EchoChoice::Off => Canceller::None,
        EchoChoice::HalfDuplex => Canceller::HalfDuplex,
        EchoChoice::Auto if phone => Canceller::Device,
        EchoChoice::Auto | EchoChoice::Cancel if canceller => Canceller::Box,
        EchoChoice::Auto | EchoChoice::Cancel => Canceller::HalfDuplex,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::device::{Bus, Format, Rate, SoundDevice};

    const ALL: Abilities = Abilities { canceller: true, libcamera: true };

    #[test]
    fn echo_is_left_to_a_speakerphone_and_cancelled_by_the_box_otherwise() {
        let card = |name: &str, id: &str| SoundDevice { name: name.into(), device: format!("plughw:CARD={id},DEV=0") };
        let (phone, camera) = (card("Jabra SPEAK 410 USB, USB Audio", "USB"), card("HD Pro Webcam C920", "C920"));
        let tv = card("vc4-hdmi-0, MAI PCM", "vc4hdmi0");
        for (microphone, speaker, choice, canceller, expected) in [
            (&phone, &phone, EchoChoice::Auto, true, Canceller::Device),
            (&phone, &tv, EchoChoice::Auto, true, Canceller::Box),
            (&camera, &tv, EchoChoice::Auto, true, Canceller::Box),
            (&camera, &tv, EchoChoice::Auto, false, Canceller::HalfDuplex),
            (&camera, &tv, EchoChoice::HalfDuplex, true, Canceller::HalfDuplex),
            (&phone, &phone, EchoChoice::Cancel, true, Canceller::Box),
            (&camera, &tv, EchoChoice::Off, true, Canceller::None),
        ] {
            let (microphones, speakers) = (vec![microphone.clone()], vec![speaker.clone()]);
            let inventory = Inventory { microphones, speakers, ..Inventory::default() };
            let config = Config { echo: choice, ..Config::default() };
            let can = Abilities { canceller, ..ALL };
            assert_eq!(choose(&config, &inventory, can, None).echo, expected, "{microphone:?} {speaker:?} {choice:?}");
        }
        let alone = Inventory { microphones: vec![phone], ..Inventory::default() };
        assert_eq!(choose(&Config::default(), &alone, ALL, None).echo, Canceller::None, "there is nothing to hear");
    }

    fn with(modes: Vec<Mode>) -> Inventory {
        let camera = Camera {
            name: "Eye".into(),
            node: "/dev/video0".into(),
            path: "/dev/v4l/by-id/eye".into(),
            bus: Bus::Other,
            modes,
        };
        Inventory { cameras: vec![camera], ..Inventory::default() }
    }

    fn vga() -> Mode {
        Mode { format: Format::Yuyv, width: 640, height: 480, rate: Rate::whole(30) }
    }

    #[test]
    fn what_is_used_stays_in_use_until_it_is_pulled_out_and_comes_back() {
        let camera = |name: &str| Camera {
            name: name.into(),
            node: "/dev/video0".into(),
            path: format!("/dev/v4l/by-id/{name}").into(),
            bus: Bus::Other,
            modes: vec![vga()],
        };
        let sound = |name: &str| SoundDevice { name: name.into(), device: format!("plughw:CARD={name},DEV=0") };
        let screen = |name: &str| crate::drivers::device::Screen {
            name: name.into(),
            connector: None,
            size: None,
            driver: None,
        };
        let with = |names: &[&str]| Inventory {
            cameras: names.iter().map(|name| camera(name)).collect(),
            microphones: names.iter().map(|name| sound(name)).collect(),
            speakers: names.iter().map(|name| sound(name)).collect(),
            screens: names.iter().map(|name| screen(name)).collect(),
            skipped: Vec::new(),
        };
        let config = Config::default();
        let mut now = choose(&config, &Inventory::default(), ALL, None);
        for (there, used) in [
            (&["new"][..], Some("new")),
            // What sorts before it comes beside it.
            (&["a", "new"], Some("new")),
            (&["a"], Some("a")),
            (&["a", "new"], Some("a")),
            (&[], None),
            (&["new"], Some("new")),
        ] {
            now = choose(&config, &keeping(with(there), &now), ALL, None);
            let stands_in = used.is_none();
            assert_eq!((now.camera.stand_in, now.microphone.stand_in), (stands_in, stands_in), "{there:?}");
            assert_eq!((now.speaker.name.as_deref(), now.screen.name.as_deref()), (used, used), "{there:?}");
            if let Some(used) = used {
                assert_eq!((now.camera.label(), now.microphone.label()), (used, used), "{there:?}");
            }
        }
    }

    #[test]
    fn what_is_open_is_closed_for_another_device_and_for_one_that_comes_back_alone() {
        let one = choose(&Config::default(), &with(vec![vga()]), ALL, None);
        let none = choose(&Config::default(), &Inventory::default(), ALL, None);
        let mut screen = none.clone();
        screen.screen = Device::real("HDMI-A-1");
        for (opened, now, standing_in, expected, what) in [
            (&none, &one, false, true, "a camera comes"),
            (&one, &none, false, true, "a camera goes"),
            (&one, &one, false, false, "something else comes or goes"),
            (&none, &screen, false, false, "a screen comes"),
            (&one, &none, true, false, "it failed since it was pulled out: its stand-in stays"),
            (&one, &one, true, true, "it failed, and may be there again"),
            (&none, &one, true, true, "it comes back"),
        ] {
            assert_eq!(now.call_for_another(opened, Kind::Video, standing_in), expected, "{what}");
            assert!(!now.call_for_another(opened, Kind::Audio, standing_in), "{what}: no microphone ever was there");
        }
    }

    #[test]
    fn without_devices_camera_and_microphone_are_stood_in_for() {
        let chosen = choose(&Config::default(), &Inventory::default(), ALL, None);
        assert!(chosen.camera.stand_in && chosen.microphone.stand_in);
        assert!(!chosen.speaker.is_there() && !chosen.screen.is_there());
        let off = Config { camera: CameraChoice::None, microphone: Source::None, ..Config::default() };
        let chosen = choose(&off, &Inventory::default(), ALL, None);
        assert!(!chosen.camera.is_there() && !chosen.microphone.is_there());
    }

    #[test]
    fn a_named_camera_is_found_by_either_path_and_stood_in_for_while_it_is_away() {
        for (path, there) in [("/dev/video0", true), ("/dev/v4l/by-id/eye", true), ("/dev/video9", false)] {
            let config = Config { camera: CameraChoice::Named(path.into()), ..Config::default() };
            let chosen = choose(&config, &with(vec![vga()]), ALL, None);
            assert_eq!(chosen.camera.stand_in, !there, "{path}");
        }
    }

    #[test]
    fn the_board_s_own_camera_is_used_where_there_is_no_other_and_it_can_be() {
        let sensor = ("unicam (/dev/video0)".to_owned(), "… needs libcamera".to_owned());
        let csi = Inventory { skipped: vec![sensor.clone()], ..Inventory::default() };
        let both = Inventory { skipped: vec![sensor], ..with(vec![vga()]) };
        let kind = |inventory: &Inventory, libcamera| {
            let can = Abilities { libcamera, ..ALL };
            choose(&Config::default(), inventory, can, None).eye.map(|eye| eye.kind())
        };
        assert_eq!(kind(&csi, true), Some(EyeKind::Csi));
        assert_eq!(kind(&csi, false), Some(EyeKind::StandIn));
        assert_eq!(kind(&both, true), Some(EyeKind::V4l2));
        assert_eq!(kind(&Inventory::default(), true), Some(EyeKind::StandIn), "there is none");
        let asked = Config { camera: CameraChoice::Csi, ..Config::default() };
        assert_eq!(choose(&asked, &both, ALL, None).eye, Some(Eye::Csi));
    }

    #[test]
    fn a_network_camera_gets_its_login_and_no_log_does() {
        let config = Config { camera: CameraChoice::Rtsp("rtsp://camera.lan/1".into()), ..Config::default() };
        let login = Login { name: "ada".into(), password: "secret".into() };
        let chosen = choose(&config, &Inventory::default(), ALL, Some(&login));
        let login = Some(("ada".to_owned(), "secret".to_owned()));
        assert_eq!(chosen.eye, Some(Eye::Rtsp(RtspSource { url: "rtsp://camera.lan/1".into(), login })));
        let shown = format!("{chosen:?}");
        assert!(!shown.contains("secret") && !shown.contains("camera.lan"), "{shown}");
    }

    #[test]
    fn a_mode_becomes_what_the_pipeline_asks_for() {
        let eye = Eye::V4l2(with(vec![vga()]).cameras.remove(0));
        let of = |format| match eye.source(Some(Mode { format, ..vga() })) {
            CameraSource::V4l2 { path, format, width: 640, height: 480, rate: (30, 1) } => {
                assert_eq!(path, "/dev/v4l/by-id/eye");
                Some(format)
            }
            _ => None,
        };
        assert_eq!(of(Format::Yuyv), Some(Format::Yuyv));
        assert_eq!((of(Format::Mjpeg), of(Format::H264)), (Some(Format::Mjpeg), Some(Format::H264)));
        assert_eq!(eye.source(None), CameraSource::StandIn, "no mode is left");
    }
}

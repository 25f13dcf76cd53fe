//! Which of the devices that are plugged in the box uses. Pure.

use serde::Serialize;

use super::{Config, EchoChoice, Screen, Sink, Source};
use crate::drivers::device::{Camera, Format, Inventory, Mode};
use crate::drivers::pipeline::{CameraSource, Echo, MicrophoneSource, V4l2Format};
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

/// A screen to show on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Display {
    /// DRM's number of the connector, where the kernel tells it.
    pub(super) connector: Option<u32>,
    /// Pixels across and down of the mode it likes best.
    pub(super) size: Option<(u32, u32)>,
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
    pub(super) camera_source: Option<CameraSource>,
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
            Kind::Video => (
                self.camera_source == opened.camera_source,
                matches!(self.camera_source, Some(CameraSource::V4l2 { .. })),
            ),
        };
        match standing_in {
            true => real,
            false => !same,
        }
    }
}

/// `canceller`: whether echo can be cancelled here.
pub(super) fn choose(config: &Config, inventory: &Inventory, canceller: bool) -> Devices {
    let (camera, camera_source) = camera(config, inventory);
    let (microphone, microphone_source) = microphone(config, inventory);
    let (speaker, speaker_device) = speaker(config, inventory);
    let screen = inventory.screens.first().filter(|_| config.screen == Screen::Auto);
    let echo = match (&microphone_source, &speaker_device) {
        (Some(MicrophoneSource::Alsa { device }), Some(speaker)) => {
            echo(config.echo, (device, speaker), &microphone, canceller)
        }
        _ => Canceller::None,
    };
    Devices {
        echo,
        camera,
        microphone,
        speaker,
        screen: screen.map_or_else(Device::none, |screen| Device::real(&screen.name)),
        camera_source,
        microphone_source,
        speaker_device,
        display: screen.map(|screen| Display { connector: screen.connector, size: screen.size }),
    }
}

/// The same with what is used now in front of others of its kind: what is plugged in beside it takes nothing away.
pub(super) fn keeping(mut inventory: Inventory, now: &Devices) -> Inventory {
    let path = match &now.camera_source {
        Some(CameraSource::V4l2 { path, .. }) => Some(path.as_str()),
        _ => None,
    };
    let microphone = match &now.microphone_source {
        Some(MicrophoneSource::Alsa { device }) => Some(device),
        _ => None,
    };
    inventory.cameras.sort_by_key(|camera| camera.path.to_str() != path);
    inventory.microphones.sort_by_key(|found| Some(&found.device) != microphone);
    inventory.speakers.sort_by_key(|found| Some(&found.device) != now.speaker_device.as_ref());
    inventory.screens.sort_by_key(|screen| Some(&screen.name) != now.screen.name.as_ref());
    inventory
}

fn camera(config: &Config, inventory: &Inventory) -> (Device, Option<CameraSource>) {
    let stand_in = || (Device::stand_in("Stand-in camera"), Some(CameraSource::StandIn));
    let found = match &config.camera {
        Source::None => return (Device::none(), None),
        Source::StandIn => return stand_in(),
        Source::Auto => inventory.cameras.first(),
        Source::Named(path) => {
            inventory.cameras.iter().find(|c| c.path.to_str() == Some(path) || c.node.to_str() == Some(path))
        }
    };
    match found.and_then(|camera| Some((camera, mode(camera, config)?))) {
        Some((camera, mode)) => {
            let source = CameraSource::V4l2 {
                path: camera.path.to_string_lossy().into_owned(),
                format: match mode.format {
                    Format::Raw => V4l2Format::Raw,
                    Format::Mjpeg => V4l2Format::Mjpeg,
                },
                width: mode.width,
                height: mode.height,
                fps: mode.fps,
            };
            (Device::real(&camera.name), Some(source))
        }
        None => stand_in(),
    }
}

/// The mode nearest to what is encoded: large enough if there is one, then the smallest, the fastest up to what is wanted, raw before Motion JPEG.
fn mode<'a>(camera: &'a Camera, config: &Config) -> Option<&'a Mode> {
    camera.modes.iter().min_by_key(|mode| {
        let enough = mode.width >= config.width && mode.height >= config.height;
        let area = i64::from(mode.width) * i64::from(mode.height);
        let size = if enough { area } else { -area };
        (!enough, mode.fps < config.fps.min(15), size, config.fps.abs_diff(mode.fps), mode.format == Format::Mjpeg)
    })
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
    use crate::drivers::device::SoundDevice;

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
            assert_eq!(choose(&config, &inventory, canceller).echo, expected, "{microphone:?} {speaker:?} {choice:?}");
        }
        let alone = Inventory { microphones: vec![phone], ..Inventory::default() };
        assert_eq!(choose(&Config::default(), &alone, true).echo, Canceller::None, "there is nothing to hear");
    }

    fn mode(format: Format, width: u32, height: u32, fps: u32) -> Mode {
        Mode { format, width, height, fps }
    }

    fn with(modes: Vec<Mode>) -> Inventory {
        let camera =
            Camera { name: "Eye".into(), node: "/dev/video0".into(), path: "/dev/v4l/by-id/eye".into(), modes };
        Inventory { cameras: vec![camera], ..Inventory::default() }
    }

    #[test]
    fn what_is_used_stays_in_use_until_it_is_pulled_out_and_comes_back() {
        let camera = |name: &str| Camera {
            name: name.into(),
            node: "/dev/video0".into(),
            path: format!("/dev/v4l/by-id/{name}").into(),
            modes: vec![mode(Format::Raw, 640, 480, 30)],
        };
        let sound = |name: &str| SoundDevice { name: name.into(), device: format!("plughw:CARD={name},DEV=0") };
        let screen = |name: &str| crate::drivers::device::Screen { name: name.into(), connector: None, size: None };
        let with = |names: &[&str]| Inventory {
            cameras: names.iter().map(|name| camera(name)).collect(),
            microphones: names.iter().map(|name| sound(name)).collect(),
            speakers: names.iter().map(|name| sound(name)).collect(),
            screens: names.iter().map(|name| screen(name)).collect(),
            skipped: Vec::new(),
        };
        let config = Config::default();
        let mut now = choose(&config, &Inventory::default(), true);
        for (there, used) in [
            (&["new"][..], Some("new")),
            // What sorts before it comes beside it.
            (&["a", "new"], Some("new")),
            (&["a"], Some("a")),
            (&["a", "new"], Some("a")),
            (&[], None),
            (&["new"], Some("new")),
        ] {
            now = choose(&config, &keeping(with(there), &now), true);
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
        let one = choose(&Config::default(), &with(vec![mode(Format::Raw, 640, 480, 30)]), true);
        let none = choose(&Config::default(), &Inventory::default(), true);
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
        let chosen = choose(&Config::default(), &Inventory::default(), true);
        assert!(chosen.camera.stand_in && chosen.microphone.stand_in);
        assert!(!chosen.speaker.is_there() && !chosen.screen.is_there());
        let off = Config { camera: Source::None, microphone: Source::None, ..Config::default() };
        let chosen = choose(&off, &Inventory::default(), true);
        assert!(!chosen.camera.is_there() && !chosen.microphone.is_there());
    }

    #[test]
    fn the_smallest_mode_that_is_large_enough_is_taken() {
        let modes = vec![
            mode(Format::Raw, 320, 180, 30),
            mode(Format::Mjpeg, 1920, 1080, 30),
            mode(Format::Raw, 640, 480, 30),
            mode(Format::Mjpeg, 640, 480, 30),
            mode(Format::Raw, 640, 480, 5),
        ];
        let chosen = choose(&Config::default(), &with(modes), true);
        let expected = CameraSource::V4l2 {
            path: "/dev/v4l/by-id/eye".into(),
            format: V4l2Format::Raw,
            width: 640,
            height: 480,
            fps: 30,
        };
        assert_eq!(chosen.camera_source, Some(expected));
        assert_eq!(chosen.camera, Device::real("Eye"));
    }

    #[test]
    fn a_camera_that_is_too_small_is_better_than_none() {
        let modes = vec![mode(Format::Raw, 160, 120, 30), mode(Format::Raw, 320, 180, 30)];
        let chosen = choose(&Config::default(), &with(modes), true);
        assert!(matches!(chosen.camera_source, Some(CameraSource::V4l2 { width: 320, .. })));
    }

    #[test]
    fn a_named_camera_is_found_by_either_path_and_stood_in_for_while_it_is_away() {
        for (path, there) in [("/dev/video0", true), ("/dev/v4l/by-id/eye", true), ("/dev/video9", false)] {
            let config = Config { camera: Source::Named(path.into()), ..Config::default() };
            let chosen = choose(&config, &with(vec![mode(Format::Raw, 640, 480, 30)]), true);
            assert_eq!(chosen.camera.stand_in, !there, "{path}");
        }
    }
}

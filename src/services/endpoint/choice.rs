//! Which of the devices that are plugged in the box uses. Pure.

use super::{Config, Screen, Sink, Source};
use crate::drivers::device::{Camera, Format, Inventory, Mode};
use crate::drivers::pipeline::{CameraSource, MicrophoneSource, V4l2Format};

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
    pub(super) camera_source: Option<CameraSource>,
    pub(super) microphone_source: Option<MicrophoneSource>,
    pub(super) speaker_device: Option<String>,
    pub(super) display: Option<Display>,
}

pub(super) fn choose(config: &Config, inventory: &Inventory) -> Devices {
    let (camera, camera_source) = camera(config, inventory);
    let (microphone, microphone_source) = microphone(config, inventory);
    let (speaker, speaker_device) = speaker(config, inventory);
    let screen = inventory.screens.first().filter(|_| config.screen == Screen::Auto);
    Devices {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(format: Format, width: u32, height: u32, fps: u32) -> Mode {
        Mode { format, width, height, fps }
    }

    fn with(modes: Vec<Mode>) -> Inventory {
        let camera =
            Camera { name: "Eye".into(), node: "/dev/video0".into(), path: "/dev/v4l/by-id/eye".into(), modes };
        Inventory { cameras: vec![camera], ..Inventory::default() }
    }

    #[test]
    fn without_devices_camera_and_microphone_are_stood_in_for() {
        let chosen = choose(&Config::default(), &Inventory::default());
        assert!(chosen.camera.stand_in && chosen.microphone.stand_in);
        assert!(!chosen.speaker.is_there() && !chosen.screen.is_there());
        let off = Config { camera: Source::None, microphone: Source::None, ..Config::default() };
        let chosen = choose(&off, &Inventory::default());
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
        let chosen = choose(&Config::default(), &with(modes));
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
        let chosen = choose(&Config::default(), &with(modes));
        assert!(matches!(chosen.camera_source, Some(CameraSource::V4l2 { width: 320, .. })));
    }

    #[test]
    fn a_named_camera_is_found_by_either_path_and_stood_in_for_while_it_is_away() {
        for (path, there) in [("/dev/video0", true), ("/dev/v4l/by-id/eye", true), ("/dev/video9", false)] {
            let config = Config { camera: Source::Named(path.into()), ..Config::default() };
            let chosen = choose(&config, &with(vec![mode(Format::Raw, 640, 480, 30)]));
            assert_eq!(chosen.camera.stand_in, !there, "{path}");
        }
    }
}

//! What is plugged in, what of it is used, what is left out and why, and one line of advice for each. Pure.

use std::borrow::Cow;

use serde::Serialize;

use super::choice::{self, Abilities, Canceller, Device, Eye};
use super::config::ModeChoice;
use super::modes::{self, Note, Pick, Wish};
use super::{CameraChoice, Config, Sink, Source};
use crate::drivers::device::{Camera, Closed, Inventory, Screen, SoundDevice};
use crate::drivers::pipeline::Chosen;
use crate::model::finding::Level;

/// One thing that was found out, with what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "DeviceFinding"))]
pub struct Finding {
    /// Names it for machines.
    pub code: Cow<'static, str>,
    /// How bad it is.
    pub level: Level,
    /// For people.
    pub text: String,
}

/// Devices of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "DeviceKind"))]
pub struct Kind {
    /// What is used; `None` for nothing.
    pub used: Option<String>,
    /// It stands in for one that is not there.
    pub stand_in: bool,
    /// All that were found.
    pub found: Vec<Found>,
}

/// A device that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "FoundDevice"))]
pub struct Found {
    /// What it calls itself.
    pub name: String,
    /// What the configuration calls it, also after a restart; `None` where nothing is chosen by name.
    pub value: Option<String>,
}

/// Something that was seen and is not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LeftOut {
    /// What it is.
    pub device: String,
    /// Why.
    pub why: String,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "PluggedIn"))]
pub struct Report {
    /// What it sees with.
    pub camera: Kind,
    /// What it hears with.
    pub microphone: Kind,
    /// What it plays with.
    pub speaker: Kind,
    /// What it shows on.
    pub screen: Kind,
    /// The encoder's GStreamer element; `None` if none works.
    pub encoder: Option<&'static str>,
    /// Pictures of 1280 by 720 that it codes in a second, if it was tried.
    pub pictures_per_second: Option<f64>,
    /// Who cancels echo.
    pub echo: Canceller,
    /// What is left out.
    pub left_out: Vec<LeftOut>,
    /// What to do.
    pub findings: Vec<Finding>,
}

/// Sizes of a camera that are named in a sentence.
const NAMED: usize = 24;

/// Looks at everything. `encoder` is what was chosen, or why none was.
pub fn report(
    config: &Config,
    inventory: &Inventory,
    closed: &[Closed],
    encoder: &Result<Chosen, String>,
    can: Abilities,
) -> Report {
    let devices = choice::choose(config, inventory, can, None);
    let canceller = can.canceller;
    let kind =
        |device: &Device, found: Vec<Found>| Kind { used: device.name.clone(), stand_in: device.stand_in, found };
    let camera = |camera: &Camera| Found { name: camera.name.clone(), value: Some(camera.path.display().to_string()) };
    let card = |card: &SoundDevice| Found { name: card.name.clone(), value: Some(card.device.clone()) };
    let screen = |screen: &Screen| Found { name: screen.name.clone(), value: None };
    let mut findings = Vec::new();
    let mut find = |code: &'static str, level, text: String| findings.push(Finding { code: code.into(), level, text });

    for node in closed {
        let (path, group) = (node.node.display(), node.group);
        let text =
            format!("{path} can't be opened by this user: add the user to the group {group}, and start the box again.");
        find("no_permission", Level::Bad, text);
    }
    match (&config.camera, &devices.camera) {
        (CameraChoice::None, _) => {
            find("camera_off", Level::Note, "The configuration says that there is no camera (endpoint.camera).".into())
        }
        (CameraChoice::StandIn, _) => find(
            "camera_stand_in",
            Level::Note,
            "The configuration asks for the stand-in camera (endpoint.camera).".into(),
        ),
        (CameraChoice::Named(path), device) if device.stand_in => find(
            "camera_away",
            Level::Bad,
            format!(
                "The camera {path} of the configuration is not there; a stand-in takes its place. Plug it in, or set endpoint.camera to \"auto\"."
            ),
        ),
        (_, device) if device.stand_in => find(
            "camera_missing",
            Level::Bad,
            "No camera was found; a stand-in takes its place. Plug in a USB camera.".into(),
        ),
        (_, device) => {
            let picked = match &devices.eye {
                Some(Eye::V4l2(camera)) => modes::pick(camera, &Wish::of(config, 100), &[]).map(|pick| (camera, pick)),
                _ => None,
            };
            let how = picked.map(|(_, Pick { mode, .. })| format!(", in the mode {mode}")).unwrap_or_default();
            find("camera_ok", Level::Good, format!("{} is used{how}.", device.label()));
            if let (Some((camera, Pick { note: Some(Note::ModeUnknown), .. })), ModeChoice::Wished(wished)) =
                (picked, config.camera_mode)
            {
                let offers = modes::offers(camera);
                let mut has: Vec<_> = offers.iter().take(NAMED).map(ToString::to_string).collect();
                if offers.len() > NAMED {
                    has.push("and smaller ones".to_owned());
                }
                let text = format!(
                    "The camera has no mode \"{wished}\" (endpoint.camera_mode); the one that suits best is used. It has, with the highest \
                     rate of each: {}.",
                    has.join(", ")
                );
                find("camera_mode", Level::Bad, text);
            }
        }
    }
    if choice::has_csi(inventory) && devices.eye != Some(Eye::Csi) && config.camera != CameraChoice::None {
        let text = match can.libcamera {
            true => "There is a camera on the board's own connector as well. It is used if endpoint.camera is \"csi\".",
            false => {
                "There is a camera on the board's own connector, which needs libcamera: install the package gstreamer1.0-libcamera and start \
                 the box again. A USB camera works without."
            }
        };
        find("camera_csi", Level::Note, text.into());
    }
    if devices.eye == Some(Eye::Csi) && !can.libcamera {
        let text = "The camera on the board's own connector needs libcamera; a stand-in takes its place. Install the package gstreamer1.0-libcamera.";
        find("camera_no_libcamera", Level::Bad, text.into());
    }
    match (&config.microphone, &devices.microphone) {
        (Source::None | Source::StandIn, _) => {
            find("microphone_off", Level::Note, "The configuration asks for no real microphone (endpoint.microphone).".into());
        }
        (_, device) if device.stand_in => find(
            "microphone_missing",
            Level::Bad,
            "No microphone was found; a stand-in takes its place. Plug one in, or a camera or speakerphone that has one.".into(),
        ),
        (_, device) => find("microphone_ok", Level::Good, format!("{} is used.", device.label())),
    }
    match (&config.speaker, &devices.speaker) {
        (Sink::None, _) => find(
            "speaker_off",
            Level::Note,
            "The configuration says that there is no speaker (endpoint.speaker).".into(),
        ),
        (_, device) if !device.is_there() => find(
            "speaker_missing",
            Level::Bad,
            "No speaker was found: nobody in the room hears the others. Connect the television by HDMI, or a speaker."
                .into(),
        ),
        (_, device) => find("speaker_ok", Level::Good, format!("{} is used.", device.label())),
    }
    match devices.screen.is_there() {
        true => find("screen_ok", Level::Good, format!("{} is used.", devices.screen.label())),
        false => find("screen_missing", Level::Note, "No screen is connected: calls are heard and not seen.".into()),
    }
    match devices.echo {
        Canceller::None => {}
        Canceller::Device => find("echo_device", Level::Good, "Microphone and speaker are one device, which cancels echo itself.".into()),
        Canceller::Box => find("echo_box", Level::Good, "The box cancels the echo of its speaker.".into()),
        Canceller::HalfDuplex if canceller => {
            find("echo_half_duplex", Level::Note, "The microphone is turned down while others are heard, as the configuration says (endpoint.echo).".into());
        }
        Canceller::HalfDuplex => find(
            "echo_no_canceller",
            Level::Bad,
            "Echo can't be cancelled here, so that the microphone is turned down while others are heard. Install the Debian package gstreamer1.0-plugins-bad.".into(),
        ),
    }
    match encoder {
        Ok(Chosen { encoder, instead_of: Some(first), .. }) => find(
            "encoder_replaced",
            Level::Bad,
            format!(
                "{} failed while it was used, and {} has taken its place until the next start. If that happens again, name another one \
                 (media.h264_encoder).",
                first.element(),
                encoder.element()
            ),
        ),
        Err(why) => find("encoder_missing", Level::Bad, why.clone()),
        Ok(Chosen { encoder, speed: Some(speed), .. }) if speed.fps < f64::from(2 * config.fps) => find(
            "encoder_slow",
            Level::Note,
            format!(
                "{} codes {:.0} pictures of 1280x720 a second here, which is little beside a call: keep the camera (endpoint.width) and the \
                 program (program.width) small.",
                encoder.element(),
                speed.fps
            ),
        ),
        Ok(Chosen { encoder, speed: Some(speed), .. }) => {
            find(
                "encoder_ok",
                Level::Good,
                format!("{} codes {:.0} pictures of 1280x720 a second.", encoder.element(), speed.fps),
            );
        }
        Ok(Chosen { encoder, speed: None, .. }) => {
            find(
                "encoder_named",
                Level::Note,
                format!("{} is used, as the configuration says (media.h264_encoder).", encoder.element()),
            );
        }
    }
    let chosen = encoder.as_ref().ok();
    Report {
        camera: kind(&devices.camera, inventory.cameras.iter().map(camera).collect()),
        microphone: kind(&devices.microphone, inventory.microphones.iter().map(card).collect()),
        speaker: kind(&devices.speaker, inventory.speakers.iter().map(card).collect()),
        screen: kind(&devices.screen, inventory.screens.iter().map(screen).collect()),
        encoder: chosen.map(|chosen| chosen.encoder.element()),
        pictures_per_second: chosen.and_then(|chosen| Some(chosen.speed?.fps)),
        echo: devices.echo,
        left_out: inventory
            .skipped
            .iter()
            .map(|(device, why)| LeftOut { device: device.clone(), why: why.clone() })
            .collect(),
        findings,
    }
}

impl Report {
    /// Adds what the daemon that runs has found out: the camera gave no picture in the mode that it was opened in first.
    pub fn runs(&mut self, failed: bool, mode: Option<&str>) {
        if !failed {
            return;
        }
        let now = mode.map(|mode| format!(" It is used in the mode {mode} instead.")).unwrap_or_default();
        let text = format!(
            "The camera gave no picture in the mode that was wanted.{now} A cable or port may be too slow for it; endpoint.camera_mode chooses another."
        );
        let mut find =
            |code: &'static str, level, text| self.findings.insert(0, Finding { code: code.into(), level, text });
        find("camera_mode_failed", Level::Bad, text);
    }

    /// As it is printed.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (what, kind) in [
            ("Camera", &self.camera),
            ("Microphone", &self.microphone),
            ("Speaker", &self.speaker),
            ("Screen", &self.screen),
        ] {
            let used = kind.used.as_deref().unwrap_or("none");
            out.push_str(&format!("{what}: {used}{}\n", if kind.stand_in { " (stands in for one)" } else { "" }));
            for other in kind.found.iter().filter(|found| Some(&found.name) != kind.used.as_ref()) {
                out.push_str(&format!("  also there: {}\n", other.name));
            }
        }
        for LeftOut { device, why } in &self.left_out {
            out.push_str(&format!("Left out: {device}: {why}\n"));
        }
        out.push('\n');
        for Finding { code, level, text } in &self.findings {
            let mark = match level {
                Level::Good => "ok",
                Level::Note => " i",
                Level::Bad => "!!",
            };
            out.push_str(&format!("{mark} {code}: {text}\n"));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::device::{Bus, Camera, Format, Mode, Rate, Screen, SoundDevice};
    use crate::drivers::pipeline::{H264Encoder, Speed};

    const ALL: Abilities = Abilities { canceller: true, libcamera: true };
    const NONE: Abilities = Abilities { canceller: false, libcamera: false };

    fn codes(report: &Report) -> Vec<String> {
        report.findings.iter().map(|finding| finding.code.to_string()).collect()
    }

    fn x264(fps: f64) -> Result<Chosen, String> {
        Ok(Chosen { encoder: H264Encoder::X264, speed: Some(Speed { fps }), instead_of: None })
    }

    /// A living room: camera with microphone, television.
    fn room() -> Inventory {
        let modes = vec![Mode { format: Format::Mjpeg, width: 1280, height: 720, rate: Rate::whole(30) }];
        let sound = |name: &str, id: &str| SoundDevice { name: name.into(), device: format!("plughw:CARD={id},DEV=0") };
        Inventory {
            cameras: vec![Camera {
                name: "C920".into(),
                node: "/dev/video0".into(),
                path: "/dev/video0".into(),
                bus: Bus::Usb(480),
                modes,
            }],
            microphones: vec![sound("C920, USB Audio", "C920")],
            speakers: vec![sound("vc4-hdmi-0", "vc4hdmi0"), sound("Headphones", "Headphones")],
            screens: vec![Screen {
                name: "HDMI-A-1".into(),
                connector: Some(33),
                size: Some((1920, 1080)),
                driver: None,
            }],
            skipped: vec![(
                "bcm2835-codec (/dev/video11)".into(),
                "it is an encoder, decoder or scaler, not a camera".into(),
            )],
        }
    }

    #[test]
    fn a_living_room_is_as_it_should_be() {
        let report = report(&Config::default(), &room(), &[], &x264(140.0), ALL);
        assert_eq!(report.findings[0].text, "C920 is used, in the mode 1280x720@30 mjpeg.");
        assert_eq!(codes(&report), ["camera_ok", "microphone_ok", "speaker_ok", "screen_ok", "echo_box", "encoder_ok"]);
        let text = report.text();
        assert!(
            text.starts_with(
                "Camera: C920\nMicrophone: C920, USB Audio\nSpeaker: vc4-hdmi-0\n  also there: Headphones\n"
            ),
            "{text}"
        );
        assert!(text.contains("Left out: bcm2835-codec (/dev/video11): it is an encoder"), "{text}");
        assert!(text.ends_with("ok encoder_ok: x264enc codes 140 pictures of 1280x720 a second.\n"), "{text}");
    }

    #[test]
    fn what_is_missing_or_wrong_is_said_with_what_to_do() {
        let nothing = Inventory::default();
        let none = Err("no H.264 encoder works".to_owned());
        let bare = report(&Config::default(), &nothing, &[], &none, ALL);
        assert_eq!(
            codes(&bare),
            ["camera_missing", "microphone_missing", "speaker_missing", "screen_missing", "encoder_missing"]
        );
        let csi = ("unicam".to_owned(), "it gives only unprocessed sensor data: ... needs libcamera".to_owned());
        let mut other = room();
        other.skipped.push(csi);
        let closed = [Closed { node: "/dev/video1".into(), group: "video" }];
        let away = Config { camera: CameraChoice::Named("/dev/video9".into()), ..Config::default() };
        let found = report(&away, &other, &closed, &x264(40.0), NONE);
        assert_eq!(codes(&found)[..3], ["no_permission", "camera_away", "camera_csi"]);
        assert_eq!(codes(&found)[5..], ["screen_ok", "echo_no_canceller", "encoder_slow"]);
        assert!(found.findings[0].text.contains("/dev/video1") && found.findings[0].text.contains("group video"));
    }

    #[test]
    fn a_mode_that_the_camera_does_not_have_is_answered_with_those_that_it_has() {
        let wished = |mode: &str| {
            let config = serde_json::from_value(serde_json::json!({ "camera_mode": mode })).expect("it is right");
            let report = report(&config, &room(), &[], &x264(140.0), ALL);
            report.findings.into_iter().find(|finding| finding.code == "camera_mode").map(|finding| finding.text)
        };
        assert_eq!(wished("1280x720@30 mjpeg"), None);
        let told = wished("1920x1080@30 mjpeg").expect("it is told");
        assert!(told.contains("no mode \"1920x1080@30 mjpeg\"") && told.ends_with("1280x720@30 mjpeg."), "{told}");
    }

    #[test]
    fn a_mode_that_failed_while_the_daemon_ran_is_told_first() {
        let mut found = report(&Config::default(), &room(), &[], &x264(140.0), ALL);
        found.runs(false, Some("640x360@30 yuyv"));
        assert_eq!(found.findings[0].code, "camera_ok");
        found.runs(true, Some("640x360@30 yuyv"));
        assert_eq!(found.findings[0].code, "camera_mode_failed");
        assert!(found.findings[0].text.contains("in the mode 640x360@30 yuyv"), "{}", found.findings[0].text);
    }

    #[test]
    fn a_camera_on_the_board_s_connector_is_used_or_said_how() {
        let sensor = ("unicam".to_owned(), "… needs libcamera".to_owned());
        let csi = Inventory { skipped: vec![sensor], ..Inventory::default() };
        let first = |choice, inventory: &Inventory, can| {
            let config = Config { camera: choice, ..Config::default() };
            codes(&report(&config, inventory, &[], &x264(140.0), can))[..2].to_vec()
        };
        assert_eq!(first(CameraChoice::Auto, &csi, ALL)[0], "camera_ok");
        assert_eq!(first(CameraChoice::Auto, &csi, NONE), ["camera_missing", "camera_csi"]);
        assert_eq!(first(CameraChoice::Csi, &csi, NONE), ["camera_ok", "camera_no_libcamera"]);
    }
}

//! Which of its modes a camera is opened in. Pure.

use serde::Serialize;

use super::config::{Config, ModeChoice};
use crate::drivers::device::{Camera, Format, Mode};

/// Pictures a second below which a smaller picture is the better one.
const SMOOTH: u32 = 15;
/// What is asked of the camera for the sake of zooming, at most: more is dear to decode.
const MOST: (u32, u32) = (1920, 1080);
/// How much of the zoom is made up for by a larger picture, in percent.
const MADE_UP: u32 = 200;
/// Modes after which a stand-in is shown for a while before the next ones are tried.
const AT_ONCE: usize = 3;

/// What is wanted of a camera.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) fps: u32,
    pub(super) choice: ModeChoice,
}

impl Wish {
    /// What the configuration wants, while the picture is shown larger by so many percent.
    pub(super) fn of(config: &Config, zoom: u16) -> Self {
        let zoom = u32::from(zoom).clamp(100, MADE_UP);
        let side = |side: u32, most: u32| (side * zoom / 100).min(most.max(side));
        Self {
            width: side(config.width, MOST.0),
            height: side(config.height, MOST.1),
            fps: config.fps,
            choice: config.camera_mode,
        }
    }
}

/// What the owner should know of the mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "CameraNote"))]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// The camera has no mode like the one of the configuration.
    ModeUnknown,
    /// The camera gave no picture in the mode of the configuration, or in the one that suits best.
    ModeFailed,
}

/// A mode, and why it is not another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pick {
    pub(super) mode: Mode,
    pub(super) note: Option<Note>,
}

/// The mode to open a camera in, leaving out those in which it has failed; `None` if none is left.
///
/// Without a choice of the owner it is one that the bus carries, moves smoothly, is large enough, no larger than needed, near the wanted
/// rate, and cheap to decode, in this order.
pub(super) fn pick(camera: &Camera, wish: &Wish, failed: &[Mode]) -> Option<Pick> {
    let left = || camera.modes.iter().filter(|mode| !failed.contains(mode));
    let mut note = (!failed.is_empty()).then_some(Note::ModeFailed);
    if let ModeChoice::Wished(wished) = wish.choice {
        let meant = left().filter(|mode| wished.means(mode)).min_by_key(|mode| effort(mode.format));
        if let Some(mode) = meant {
            return Some(Pick { mode: *mode, note: None });
        }
        if !camera.modes.iter().any(|mode| wished.means(mode)) {
            note = Some(Note::ModeUnknown);
        }
    }
    let suits = |mode: &&Mode| {
        let enough = mode.width >= wish.width && mode.height >= wish.height;
        let area = mode.area() as i64;
        let rate = mode.rate.hundredths();
        (
            rate < wish.fps.min(SMOOTH) * 100,
            !enough,
            if enough { area } else { -area },
            (wish.fps * 100).abs_diff(rate),
            effort(mode.format),
        )
    };
    // What the list says may be wrong: a camera of which nothing fits is tried all the same.
    let best = left().filter(|mode| camera.bus.carries(mode)).min_by_key(suits).or_else(|| left().min_by_key(suits));
    best.map(|mode| Pick { mode: *mode, note })
}

/// How much work it is to make pictures of it.
fn effort(format: Format) -> u8 {
    match format {
        Format::Mjpeg => 1,
        Format::H264 => 2,
        _ => 0,
    }
}

/// What a camera has, for people and the page: each size of each format with its highest rate, the largest first.
pub(super) fn offers(camera: &Camera) -> Vec<Mode> {
    let mut modes: Vec<Mode> = Vec::new();
    for mode in &camera.modes {
        let same =
            |other: &&mut Mode| (other.format, other.width, other.height) == (mode.format, mode.width, mode.height);
        match modes.iter_mut().find(same) {
            Some(other) if other.rate.hundredths() < mode.rate.hundredths() => *other = *mode,
            Some(_) => {}
            None => modes.push(*mode),
        }
    }
    modes.sort_by_key(|mode| (std::cmp::Reverse(mode.area()), effort(mode.format)));
    modes
}

/// Modes in which a camera gave no picture.
#[derive(Debug, Default)]
pub(super) struct Failed(Vec<Mode>);

impl Failed {
    /// In this one it gave none. Answers whether another is to be tried at once.
    pub(super) fn add(&mut self, mode: Mode) -> bool {
        if !self.0.contains(&mode) {
            self.0.push(mode);
        }
        !self.0.len().is_multiple_of(AT_ONCE)
    }

    /// All of them.
    pub(super) fn all(&self) -> &[Mode] {
        &self.0
    }

    /// None is left: all are tried again.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::device::{Bus, Rate};

    /// A format, sizes, and the rates of all of these in tenths.
    type Listed<'a> = (Format, &'a [(u32, u32)], &'a [u32]);

    /// A camera by what `v4l2-ctl --list-formats-ext` says of it.
    fn camera(bus: Bus, listed: &[Listed]) -> Camera {
        let mut modes = Vec::new();
        for (format, sizes, rates) in listed {
            for (width, height) in *sizes {
                modes.extend(rates.iter().map(|rate| Mode {
                    format: *format,
                    width: *width,
                    height: *height,
                    rate: Rate { pictures: *rate, seconds: 10 },
                }));
            }
        }
        Camera { name: "Eye".into(), node: "/dev/video0".into(), path: "/dev/video0".into(), bus, modes }
    }

    const USB2: Bus = Bus::Usb(480);

    /// Logitech C920: pikvm/ustreamer issue 213, Motion-Project/motion issue 86, the sizes that matter.
    fn c920() -> Camera {
        let all: &[u32] = &[300, 240, 200, 150, 100, 75, 50];
        let small: &[(u32, u32)] = &[(640, 480), (320, 240), (640, 360)];
        let large: &[(u32, u32)] = &[(640, 480), (320, 240), (640, 360), (864, 480), (1280, 720), (1920, 1080)];
        camera(
            USB2,
            &[
                (Format::Yuyv, small, all),
                (Format::Yuyv, &[(864, 480)], &[240, 200, 150, 100, 75, 50]),
                (Format::Yuyv, &[(1280, 720)], &[100, 75, 50]),
                (Format::Yuyv, &[(1920, 1080)], &[50]),
                (Format::Yuyv, &[(2304, 1296), (2304, 1536)], &[20]),
                (Format::H264, large, all),
                (Format::Mjpeg, large, all),
            ],
        )
    }

    /// Logitech C270: guysoft/OctoPi issue 759 and usual listings.
    fn c270() -> Camera {
        let rates: &[u32] = &[300, 250, 200, 150, 100, 50];
        let sizes: &[(u32, u32)] = &[(640, 480), (320, 240), (640, 360), (1280, 720), (1280, 960)];
        camera(
            USB2,
            &[
                (Format::Yuyv, &sizes[..3], rates),
                (Format::Yuyv, &[(1280, 720)], &[100, 50]),
                (Format::Yuyv, &[(1280, 960)], &[75, 50]),
                (Format::Mjpeg, sizes, rates),
            ],
        )
    }

    /// Logitech Brio on USB 3.
    fn brio() -> Camera {
        let sizes: &[(u32, u32)] = &[(640, 360), (1280, 720), (1920, 1080)];
        camera(
            Bus::Usb(5000),
            &[
                (Format::Yuyv, sizes, &[300, 240, 150, 50]),
                (Format::Nv12, sizes, &[300, 240, 150, 50]),
                (Format::Mjpeg, sizes, &[600, 300, 240, 150, 50]),
                (Format::Mjpeg, &[(3840, 2160), (4096, 2160)], &[300, 240, 150, 50]),
            ],
        )
    }

    /// An HDMI dongle with an MS2109.
    fn dongle() -> Camera {
        camera(
            USB2,
            &[
                (Format::Mjpeg, &[(1920, 1080)], &[300, 250]),
                (Format::Mjpeg, &[(1280, 720), (640, 480)], &[600, 500, 300]),
                (Format::Yuyv, &[(1920, 1080)], &[50]),
                (Format::Yuyv, &[(1280, 720)], &[100]),
                (Format::Yuyv, &[(640, 480)], &[200, 100, 50]),
            ],
        )
    }

    /// The Raspberry Pi's camera by the firmware's old stack: any size, any rate up to 90, and no bus to speak of.
    fn mmal() -> Camera {
        let sizes: &[(u32, u32)] = &[(320, 180), (640, 360), (640, 480), (1280, 720), (1920, 1080)];
        let rates: &[u32] = &[600, 500, 300, 250, 150, 100, 50];
        camera(Bus::Other, &[(Format::Yu12, sizes, rates), (Format::Mjpeg, sizes, rates), (Format::H264, sizes, rates)])
    }

    fn wish(width: u32, height: u32, fps: u32) -> Wish {
        Wish { width, height, fps, choice: ModeChoice::Auto }
    }

    fn chosen(camera: &Camera, wish: &Wish) -> String {
        pick(camera, wish, &[]).map_or_else(|| "none".into(), |pick| pick.mode.to_string())
    }

    #[test]
    fn real_cameras_are_opened_in_the_mode_that_suits_best() {
        let (small, hd, full) = (wish(640, 360, 30), wish(1280, 720, 30), wish(1920, 1080, 30));
        for (camera, name, wish, expected) in [
            (c920(), "C920", small, "640x360@30 yuyv"),
            (c920(), "C920", hd, "1280x720@30 mjpeg"),
            (c920(), "C920", full, "1920x1080@30 mjpeg"),
            // Raw pictures do as long as they are as many as wanted.
            (c920(), "C920", wish(1280, 720, 10), "1280x720@10 yuyv"),
            (c920(), "C920", wish(640, 360, 15), "640x360@15 yuyv"),
            (c270(), "C270", small, "640x360@30 yuyv"),
            (c270(), "C270", hd, "1280x720@30 mjpeg"),
            // The largest there is, when nothing is large enough.
            (c270(), "C270", full, "1280x960@30 mjpeg"),
            (brio(), "Brio", hd, "1280x720@30 yuyv"),
            (brio(), "Brio", wish(1920, 1080, 60), "1920x1080@60 mjpeg"),
            (dongle(), "MS2109", small, "640x480@30 mjpeg"),
            (dongle(), "MS2109", hd, "1280x720@30 mjpeg"),
            (dongle(), "MS2109", wish(1280, 720, 60), "1280x720@60 mjpeg"),
            (mmal(), "mmal", hd, "1280x720@30 yu12"),
        ] {
            assert_eq!(chosen(&camera, &wish), expected, "{name} for {wish:?}");
        }
    }

    #[test]
    fn what_the_bus_does_not_carry_is_left_to_smaller_or_slower_pictures() {
        // The same camera behind a hub that is slow: nearly everything it lists is more than fits.
        let slow = Camera { bus: Bus::Usb(12), ..c920() };
        assert_eq!(chosen(&slow, &wish(1280, 720, 30)), "1280x720@20 h264");
        // Raw pictures alone: smooth and smaller before large and slow.
        let raw = camera(USB2, &[(Format::Yuyv, &[(640, 480)], &[300]), (Format::Yuyv, &[(1280, 720)], &[300, 100])]);
        assert_eq!(chosen(&raw, &wish(1280, 720, 30)), "640x480@30 yuyv");
        let fast = Camera { bus: Bus::Usb(5000), ..raw };
        assert_eq!(chosen(&fast, &wish(1280, 720, 30)), "1280x720@30 yuyv");
        let large = camera(USB2, &[(Format::Yuyv, &[(1920, 1080)], &[300])]);
        assert_eq!(chosen(&large, &wish(1280, 720, 30)), "1920x1080@30 yuyv", "there is nothing else to try");
    }

    fn choice(text: &str) -> ModeChoice {
        let config = serde_json::json!({ "camera_mode": text });
        serde_json::from_value::<Config>(config).expect("it is right").camera_mode
    }

    #[test]
    fn the_owner_s_mode_is_taken_while_it_works_and_the_best_one_otherwise() {
        let camera = c920();
        let wish = |text: &str| Wish { choice: choice(text), ..wish(640, 360, 30) };
        let picked = |text: &str, failed: &[Mode]| {
            pick(&camera, &wish(text), failed).map(|pick| (pick.mode.to_string(), pick.note))
        };
        assert_eq!(picked("1280x720@30 h264", &[]), Some(("1280x720@30 h264".into(), None)));
        assert_eq!(picked("1280x720@10", &[]), Some(("1280x720@10 yuyv".into(), None)), "whichever is cheapest");
        assert_eq!(picked("1280x720@7.5", &[]), Some(("1280x720@7.5 yuyv".into(), None)));
        let unknown = Some(("640x360@30 yuyv".into(), Some(Note::ModeUnknown)));
        assert_eq!(picked("1280x720@60 mjpeg", &[]), unknown);
        let owner = pick(&camera, &wish("1920x1080@30 mjpeg"), &[]).expect("it is there").mode;
        let failed = Some(("640x360@30 yuyv".into(), Some(Note::ModeFailed)));
        assert_eq!(picked("1920x1080@30 mjpeg", &[owner]), failed);
    }

    #[test]
    fn one_mode_after_another_is_tried_and_in_the_end_none_is_left() {
        let camera = c270();
        let (mut failed, mut tried, mut at_once) = (Failed::default(), Vec::new(), Vec::new());
        while let Some(Pick { mode, .. }) = pick(&camera, &wish(1280, 720, 30), failed.all()) {
            assert!(!tried.contains(&mode), "{mode} is tried once");
            tried.push(mode);
            at_once.push(failed.add(mode));
        }
        assert_eq!(tried.len(), camera.modes.len());
        assert_eq!(at_once[..4], [true, true, false, true], "now and then there is a picture meanwhile");
        failed.forget();
        assert!(pick(&camera, &wish(1280, 720, 30), failed.all()).is_some());
    }

    #[test]
    fn a_zoom_is_made_up_for_by_a_larger_picture() {
        let config = Config::default();
        for (zoom, expected) in [(100, (640, 360)), (150, (960, 540)), (200, (1280, 720)), (400, (1280, 720))] {
            let wish = Wish::of(&config, zoom);
            assert_eq!((wish.width, wish.height), expected, "{zoom}");
        }
        let hd = Config { width: 1280, height: 720, ..config.clone() };
        let wish = Wish::of(&hd, 200);
        assert_eq!((wish.width, wish.height), (1920, 1080), "but not beyond what can be decoded");
    }

    #[test]
    fn what_a_camera_has_is_listed_once_for_each_size() {
        let listed: Vec<_> = offers(&c270()).iter().map(Mode::to_string).collect();
        assert_eq!(listed[..3], ["1280x960@7.5 yuyv", "1280x960@30 mjpeg", "1280x720@10 yuyv"]);
        assert_eq!(listed.len(), 10);
    }
}

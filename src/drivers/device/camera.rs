//! Cameras, through V4L2.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use v4l::capability::Flags;
use v4l::fraction::Fraction;
use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;
use v4l::video::Capture;

use super::Inventory;
use super::mode::{Bus, Format, Mode, Rate};

/// Modes of one camera that are kept; the most that a known one has is about 350.
const MODES: usize = 512;
/// Sizes and rates tried on a camera that can do any.
const COMMON: [(u32, u32); 5] = [(320, 180), (640, 360), (640, 480), (1280, 720), (1920, 1080)];
const RATES: [u32; 7] = [60, 50, 30, 25, 15, 10, 5];
/// Drivers of receivers of the CSI connector: they say that they give every format there is, and give what the sensor sends.
const RECEIVERS: [&str; 6] = ["unicam", "bcm2835-unicam", "rp1-cfe", "rkcif", "rkisp1", "sun6i-csi"];
/// Drivers of parts of the board that turn sensor data into pictures: without data they give none.
const PROCESSORS: [&str; 2] = ["bcm2835-isp", "pispbe"];

/// A camera.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Camera {
    /// What it calls itself.
    pub name: String,
    /// Its node now, such as `/dev/video0`.
    pub node: PathBuf,
    /// A path that finds it again after a restart: below `/dev/v4l/by-id` where there is one, else the node.
    pub path: PathBuf,
    /// What it is connected by.
    pub bus: Bus,
    /// What it offers; never empty.
    pub modes: Vec<Mode>,
}

impl Camera {
    /// What it is remembered by: the name of its link, which holds its serial number if it has one, else what it calls itself.
    pub fn key(&self) -> String {
        let link = self.path.file_name().and_then(|name| name.to_str()).filter(|_| self.path != self.node);
        link.unwrap_or(&self.name).to_owned()
    }
}

/// Whether a code is unprocessed sensor data (Bayer, of 8 to 16 bits, packed or not).
fn is_bayer([a, b, c, d]: [u8; 4]) -> bool {
    let corner = |a, b| {
        matches!((a, b), (b'B', b'A') | (b'B', b'G') | (b'G', b'B') | (b'G', b'R') | (b'R', b'G') | (b'B', b'Y'))
    };
    matches!(&[a, b, c, d], b"RGGB" | b"GRBG" | b"GBRG" | b"BA81" | b"BYR2")
        || (corner(a, b) && (c.is_ascii_digit() && (d.is_ascii_digit() || d == b' ')))
        || (a == b'p' && matches!(b, b'B' | b'G' | b'g' | b'R'))
}

const SENSOR: &str = "it gives only unprocessed sensor data: a camera on the CSI connector, which needs libcamera";

/// Says why a node is not a camera for us, if it isn't.
fn objection(driver: &str, flags: Flags, codes: &[[u8; 4]]) -> Option<&'static str> {
    if flags.intersects(Flags::VIDEO_M2M | Flags::VIDEO_M2M_MPLANE) {
        return Some("it is an encoder, decoder or scaler, not a camera");
    }
    if !flags.intersects(Flags::VIDEO_CAPTURE | Flags::VIDEO_CAPTURE_MPLANE) {
        return Some("it gives no pictures");
    }
    if PROCESSORS.contains(&driver) {
        return Some("it is the board's picture processor, not a camera");
    }
    // Receivers without a sensor list nothing: there is no camera.
    if RECEIVERS.contains(&driver) && !codes.is_empty() {
        return Some(SENSOR);
    }
    if codes.iter().any(|&code| Format::of(code).is_some()) {
        return None;
    }
    if codes.iter().any(|&code| is_bayer(code)) {
        return Some(SENSOR);
    }
    Some("it offers no picture format that can be used")
}

/// The rates of an entry: one, or those common ones that are between its ends.
fn rates(interval: &FrameIntervalEnum) -> Vec<Rate> {
    let rate = |interval: &Fraction| Rate::of_interval(interval.numerator, interval.denominator);
    match interval {
        FrameIntervalEnum::Discrete(interval) => rate(interval).into_iter().collect(),
        FrameIntervalEnum::Stepwise(steps) => {
            // The shortest interval is the fastest rate. A driver that says nothing of use is taken at its word later.
            let fastest = rate(&steps.min).map_or(u32::MAX, Rate::hundredths);
            let slowest = rate(&steps.max).map_or(0, Rate::hundredths);
            let between = |rate: &Rate| (slowest..=fastest).contains(&rate.hundredths());
            RATES.into_iter().map(Rate::whole).filter(between).collect()
        }
    }
}

fn modes(device: &v4l::Device) -> Vec<Mode> {
    let mut modes = Vec::new();
    for described in device.enum_formats().unwrap_or_default() {
        let Some(format) = Format::of(described.fourcc.repr) else { continue };
        for size in device.enum_framesizes(described.fourcc).unwrap_or_default() {
            let sizes = match size.size {
                FrameSizeEnum::Discrete(size) => vec![(size.width, size.height)],
                FrameSizeEnum::Stepwise(s) => {
                    let fits = |(w, h): &(u32, u32)| {
                        (s.min_width..=s.max_width).contains(w) && (s.min_height..=s.max_height).contains(h)
                    };
                    COMMON.into_iter().filter(fits).collect()
                }
            };
            for (width, height) in sizes {
                let intervals = device.enum_frameintervals(described.fourcc, width, height).unwrap_or_default();
                let mut rates: Vec<_> = intervals.iter().flat_map(|i| rates(&i.interval)).collect();
                if intervals.is_empty() {
                    rates.push(Rate::whole(30));
                }
                for rate in rates {
                    let mode = Mode { format, width, height, rate };
                    if is_possible(&mode) && modes.len() < MODES && !modes.contains(&mode) {
                        modes.push(mode);
                    }
                }
            }
        }
    }
    modes
}

/// Whether a pipeline can take such pictures: sides are even, and neither tiny nor huge.
fn is_possible(mode: &Mode) -> bool {
    let side = |pixels: u32| (16..=4096).contains(&pixels) && pixels.is_multiple_of(2);
    side(mode.width) && side(mode.height) && mode.rate.hundredths() >= 100
}

/// What a node is connected by: the nearest device above it that has a speed is the one on the USB.
fn bus(class: &Path, node: &Path) -> Bus {
    let device = node.file_name().map(|name| class.join(name).join("device"));
    let Some(device) = device.and_then(|link| std::fs::canonicalize(link).ok()) else {
        return Bus::Other;
    };
    let speed = |folder: &Path| std::fs::read_to_string(folder.join("speed")).ok()?.trim().parse::<f32>().ok();
    device.ancestors().take(3).find_map(speed).map_or(Bus::Other, |speed| Bus::Usb(speed as u32))
}

/// The link below `folder` that leads to `node`, or the node.
fn stable(folder: &Path, node: &Path) -> PathBuf {
    let links = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<_> = links.filter(|link| std::fs::canonicalize(link).is_ok_and(|to| to == node)).collect();
    found.sort();
    found.into_iter().next().unwrap_or_else(|| node.to_owned())
}

/// Adds the cameras, and what looks like one and isn't.
pub fn find(found: &mut Inventory) {
    let nodes = std::fs::read_dir("/dev").into_iter().flatten().flatten().map(|entry| entry.path());
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix("video")?.parse::<u32>().ok();
    let mut nodes: Vec<_> = nodes.filter_map(|path| number(&path).map(|n| (n, path))).collect();
    nodes.sort();
    for (_, node) in nodes {
        let shown = node.display().to_string();
        let device = match v4l::Device::with_path(&node) {
            Ok(device) => device,
            Err(error) => {
                found.skipped.push((shown, format!("it can't be opened: {error}")));
                continue;
            }
        };
        // The crate panics on a device whose name is not UTF-8, which a cut-off name can be.
        let Ok(Ok(capabilities)) = catch_unwind(AssertUnwindSafe(|| device.query_caps())) else {
            found.skipped.push((shown, "it does not say what it is".to_owned()));
            continue;
        };
        let formats = catch_unwind(AssertUnwindSafe(|| device.enum_formats())).map(Result::unwrap_or_default);
        let codes: Vec<_> = formats.unwrap_or_default().iter().map(|f| f.fourcc.repr).collect();
        if let Some(why) = objection(&capabilities.driver, capabilities.capabilities, &codes) {
            found.skipped.push((format!("{} ({shown})", capabilities.card), why.to_owned()));
            continue;
        }
        let modes = catch_unwind(AssertUnwindSafe(|| modes(&device))).unwrap_or_default();
        if modes.is_empty() {
            found.skipped.push((format!("{} ({shown})", capabilities.card), "it offers no size".to_owned()));
            continue;
        }
        let path = stable(Path::new("/dev/v4l/by-id"), &node);
        let bus = bus(Path::new("/sys/class/video4linux"), &node);
        found.cameras.push(Camera { name: capabilities.card, node, path, bus, modes });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoders_sensors_and_metadata_are_no_cameras() {
        let uvc = |flags, codes: &[[u8; 4]]| objection("uvcvideo", flags, codes);
        assert_eq!(uvc(Flags::VIDEO_CAPTURE, &[*b"YUYV", *b"MJPG"]), None);
        assert_eq!(uvc(Flags::VIDEO_CAPTURE, &[*b"H264"]), None, "one that codes itself is a camera");
        assert!(uvc(Flags::META_CAPTURE, &[*b"UVCH"]).is_some_and(|why| why.contains("no pictures")));
        let codec = Flags::VIDEO_M2M_MPLANE | Flags::VIDEO_CAPTURE_MPLANE;
        assert!(objection("bcm2835-codec", codec, &[*b"NV12"]).is_some_and(|why| why.contains("encoder")));
        for code in [b"RGGB", b"pBAA", b"BG10", b"RG12", b"BA81", b"pgCC"] {
            assert!(uvc(Flags::VIDEO_CAPTURE, &[*code]).is_some_and(|why| why.contains("libcamera")), "{code:?}");
        }
        assert!(uvc(Flags::VIDEO_CAPTURE, &[*b"Z16 "]).is_some_and(|why| why.contains("no picture format")));
    }

    /// As `v4l2-ctl --info --list-formats` says of these boards: pikvm/ustreamer issues 139 and 300, ayufan/camera-streamer issue 27,
    /// geerlingguy/sbc-reviews issue 21.
    #[test]
    fn nodes_of_raspberry_pis_are_told_apart() {
        let listed = [*b"YUYV", *b"UYVY", *b"RGB3", *b"BA81", *b"pBAA", *b"BG10"];
        let mplane = Flags::VIDEO_CAPTURE_MPLANE | Flags::STREAMING;
        for (driver, flags, codes, expected) in [
            ("unicam", Flags::VIDEO_CAPTURE | Flags::READ_WRITE, &listed[..], Some("libcamera")),
            ("rp1-cfe", Flags::VIDEO_CAPTURE, &listed[..], Some("libcamera")),
            ("unicam", Flags::VIDEO_CAPTURE, &[], Some("no picture format")),
            ("bcm2835-isp", Flags::VIDEO_CAPTURE, &listed[..2], Some("picture processor")),
            ("pispbe", mplane, &[*b"YU12", *b"NV12"], Some("picture processor")),
            ("bcm2835-codec", Flags::VIDEO_M2M_MPLANE, &[*b"H264"], Some("encoder")),
            // The camera module by the firmware's old stack is a whole camera.
            ("bm2835 mmal", Flags::VIDEO_CAPTURE, &[*b"YU12", *b"MJPG", *b"H264"], None),
        ] {
            let why = objection(driver, flags, codes);
            assert_eq!(why.is_some(), expected.is_some(), "{driver}: {why:?}");
            assert!(why.is_none_or(|why| why.contains(expected.unwrap_or_default())), "{driver}: {why:?}");
        }
    }

    #[test]
    fn rates_are_those_listed_or_the_common_ones_between_the_ends() {
        let fraction = |numerator, denominator| Fraction { numerator, denominator };
        assert_eq!(
            rates(&FrameIntervalEnum::Discrete(fraction(1001, 30_000))),
            [Rate { pictures: 30_000, seconds: 1001 }]
        );
        assert_eq!(rates(&FrameIntervalEnum::Discrete(fraction(0, 0))), []);
        let steps =
            v4l::frameinterval::Stepwise { min: fraction(1, 30), max: fraction(1, 10), step: fraction(1, 1_000_000) };
        assert_eq!(rates(&FrameIntervalEnum::Stepwise(steps)), [30, 25, 15, 10].map(Rate::whole));
    }

    #[test]
    fn the_bus_is_that_of_the_device_above_the_node() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = std::fs::canonicalize(folder.path()).expect("it is there");
        let (class, interface) = (root.join("class"), root.join("usb1/1-1/1-1:1.0"));
        std::fs::create_dir_all(&interface).expect("a folder");
        std::fs::create_dir_all(class.join("video0")).expect("a folder");
        std::os::unix::fs::symlink(&interface, class.join("video0/device")).expect("a link");
        assert_eq!(bus(&class, Path::new("/dev/video0")), Bus::Other);
        std::fs::write(root.join("usb1/1-1/speed"), "480\n").expect("a file");
        assert_eq!(bus(&class, Path::new("/dev/video0")), Bus::Usb(480));
        assert_eq!(bus(&class, Path::new("/dev/video1")), Bus::Other);
    }

    #[test]
    fn a_camera_is_known_by_its_link_where_there_is_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = std::fs::canonicalize(folder.path()).expect("it is there");
        let (node, links) = (root.join("video0"), root.join("by-id"));
        std::fs::write(&node, "").expect("a file");
        assert_eq!(stable(&links, &node), node);
        std::fs::create_dir(&links).expect("a folder");
        std::os::unix::fs::symlink("../video0", links.join("usb-Acme-index0")).expect("a link");
        assert_eq!(stable(&links, &node), links.join("usb-Acme-index0"));
    }
}

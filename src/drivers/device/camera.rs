//! Cameras, through V4L2.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use v4l::capability::Flags;
use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;
use v4l::video::Capture;

use super::Inventory;

/// Modes of one camera that are kept; a camera with more has sizes and rates nobody asks for.
const MODES: usize = 256;
/// Sizes tried on a camera that can do any.
const COMMON: [(u32, u32); 5] = [(320, 180), (640, 360), (640, 480), (1280, 720), (1920, 1080)];

/// What a camera gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Uncompressed pictures that GStreamer can convert.
    Raw,
    /// Motion JPEG.
    Mjpeg,
}

/// One size and rate that a camera offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Mode {
    /// How pictures are coded.
    pub format: Format,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Pictures a second, whole ones.
    pub fps: u32,
}

/// A camera.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Camera {
    /// What it calls itself.
    pub name: String,
    /// Its node now, such as `/dev/video0`.
    pub node: PathBuf,
    /// A path that finds it again after a restart: below `/dev/v4l/by-id` where there is one, else the node.
    pub path: PathBuf,
    /// What it offers; never empty.
    pub modes: Vec<Mode>,
}

/// What a four-character code is to us, or nothing when it can't be used.
fn format(code: [u8; 4]) -> Option<Format> {
    match &code {
        b"MJPG" | b"JPEG" => Some(Format::Mjpeg),
        b"YUYV" | b"UYVY" | b"YVYU" | b"VYUY" | b"NV12" | b"NV21" | b"YU12" | b"YV12" | b"422P" | b"RGB3" | b"BGR3" => {
            Some(Format::Raw)
        }
        _ => None,
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

/// Says why a node is not a camera for us, if it isn't.
fn objection(flags: Flags, codes: &[[u8; 4]]) -> Option<&'static str> {
    if flags.intersects(Flags::VIDEO_M2M | Flags::VIDEO_M2M_MPLANE) {
        return Some("it is an encoder, decoder or scaler, not a camera");
    }
    if !flags.intersects(Flags::VIDEO_CAPTURE | Flags::VIDEO_CAPTURE_MPLANE) {
        return Some("it gives no pictures");
    }
    if codes.iter().any(|&code| format(code).is_some()) {
        return None;
    }
    if codes.iter().any(|&code| is_bayer(code)) {
        return Some("it gives only unprocessed sensor data: a camera on the CSI connector, which needs libcamera");
    }
    Some("it offers no picture format that can be used")
}

/// Whole pictures a second of the shortest interval.
fn rate(interval: &FrameIntervalEnum) -> u32 {
    let shortest = match interval {
        FrameIntervalEnum::Discrete(interval) => interval,
        FrameIntervalEnum::Stepwise(steps) => &steps.min,
    };
    (shortest.denominator / shortest.numerator.max(1)).min(120)
}

fn modes(device: &v4l::Device) -> Vec<Mode> {
    let mut modes = Vec::new();
    for described in device.enum_formats().unwrap_or_default() {
        let Some(format) = format(described.fourcc.repr) else { continue };
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
                let mut rates: Vec<u32> = intervals.iter().map(|i| rate(&i.interval)).filter(|fps| *fps > 0).collect();
                if intervals.is_empty() {
                    rates.push(30);
                }
                // The fastest first, which is the one to keep where a camera has too many.
                rates.sort_by_key(|fps| std::cmp::Reverse(*fps));
                for fps in rates {
                    let mode = Mode { format, width, height, fps };
                    if modes.len() < MODES && !modes.contains(&mode) {
                        modes.push(mode);
                    }
                }
            }
        }
    }
    modes
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
        if let Some(why) = objection(capabilities.capabilities, &codes) {
            found.skipped.push((format!("{} ({shown})", capabilities.card), why.to_owned()));
            continue;
        }
        let modes = catch_unwind(AssertUnwindSafe(|| modes(&device))).unwrap_or_default();
        if modes.is_empty() {
            found.skipped.push((format!("{} ({shown})", capabilities.card), "it offers no size".to_owned()));
            continue;
        }
        let path = stable(Path::new("/dev/v4l/by-id"), &node);
        found.cameras.push(Camera { name: capabilities.card, node, path, modes });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoders_sensors_and_metadata_are_no_cameras() {
        assert_eq!(objection(Flags::VIDEO_CAPTURE, &[*b"YUYV", *b"MJPG"]), None);
        assert!(objection(Flags::META_CAPTURE, &[*b"UVCH"]).is_some_and(|why| why.contains("no pictures")));
        let codec = Flags::VIDEO_M2M_MPLANE | Flags::VIDEO_CAPTURE_MPLANE;
        assert!(objection(codec, &[*b"NV12"]).is_some_and(|why| why.contains("encoder")));
        for code in [b"RGGB", b"pBAA", b"BG10", b"RG12", b"BA81", b"pgCC"] {
            assert!(objection(Flags::VIDEO_CAPTURE, &[*code]).is_some_and(|why| why.contains("libcamera")), "{code:?}");
        }
        assert!(objection(Flags::VIDEO_CAPTURE, &[*b"H264"]).is_some_and(|why| why.contains("no picture format")));
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

//! What a camera can give: how pictures are coded, in which size, how many a second. Pure.

use std::fmt;

/// How a camera codes its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "PictureFormat"))]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Packed 4:2:2, as most cameras give it.
    Yuyv,
    /// Packed 4:2:2.
    Uyvy,
    /// Packed 4:2:2.
    Yvyu,
    /// Packed 4:2:2.
    Vyuy,
    /// 4:2:0 in two planes.
    Nv12,
    /// 4:2:0 in two planes.
    Nv21,
    /// 4:2:0 in three planes.
    Yu12,
    /// 4:2:0 in three planes.
    Yv12,
    /// 4:2:2 in three planes.
    Yuv422p,
    /// Three bytes a pixel.
    Rgb,
    /// Three bytes a pixel.
    Bgr,
    /// Motion JPEG.
    Mjpeg,
    /// H.264, which the camera makes itself.
    H264,
}

/// What is known of a format: code of the kernel (videodev2.h), our word, GStreamer's name if it is raw, hundredths of a byte a pixel.
type Known = (Format, [u8; 4], &'static str, Option<&'static str>, u64);

/// Of Motion JPEG and H.264 it is what cameras make of a lively picture.
const KNOWN: [Known; 13] = [
    (Format::Yuyv, *b"YUYV", "yuyv", Some("YUY2"), 200),
    (Format::Uyvy, *b"UYVY", "uyvy", Some("UYVY"), 200),
    (Format::Yvyu, *b"YVYU", "yvyu", Some("YVYU"), 200),
    (Format::Vyuy, *b"VYUY", "vyuy", Some("VYUY"), 200),
    (Format::Nv12, *b"NV12", "nv12", Some("NV12"), 150),
    (Format::Nv21, *b"NV21", "nv21", Some("NV21"), 150),
    (Format::Yu12, *b"YU12", "yu12", Some("I420"), 150),
    (Format::Yv12, *b"YV12", "yv12", Some("YV12"), 150),
    (Format::Yuv422p, *b"422P", "yuv422p", Some("Y42B"), 200),
    (Format::Rgb, *b"RGB3", "rgb", Some("RGB"), 300),
    (Format::Bgr, *b"BGR3", "bgr", Some("BGR"), 300),
    (Format::Mjpeg, *b"MJPG", "mjpeg", None, 15),
    (Format::H264, *b"H264", "h264", None, 5),
];

impl Format {
    fn known(self) -> &'static Known {
        KNOWN.iter().find(|(format, ..)| *format == self).expect("every format has a row")
    }

    /// The one with this four-character code; nothing when it can't be used.
    pub fn of(code: [u8; 4]) -> Option<Self> {
        KNOWN.iter().map(|(format, ..)| *format).find(|format| format.codes().contains(&code))
    }

    /// The one with this name in the configuration.
    pub fn named(word: &str) -> Option<Self> {
        KNOWN.iter().find(|(_, _, known, ..)| *known == word).map(|(format, ..)| *format)
    }

    /// Its name in the configuration.
    pub fn word(self) -> &'static str {
        self.known().2
    }

    /// The kernel's codes of it, the usual one first.
    pub fn codes(self) -> &'static [[u8; 4]] {
        // Some cameras call it by the second, and mean the same.
        const MJPEG: [[u8; 4]; 2] = [*b"MJPG", *b"JPEG"];
        match self {
            Self::Mjpeg => &MJPEG,
            _ => std::slice::from_ref(&self.known().1),
        }
    }

    /// GStreamer's name of it if it is uncompressed.
    pub fn raw(self) -> Option<&'static str> {
        self.known().3
    }

    /// Hundredths of a byte for each pixel.
    fn weight(self) -> u64 {
        self.known().4
    }
}

/// Pictures a second, as a fraction: 30000/1001 is no whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// So many pictures.
    pub pictures: u32,
    /// In so many seconds; never 0.
    pub seconds: u32,
}

impl Rate {
    /// So many whole pictures a second.
    pub const fn whole(pictures: u32) -> Self {
        Self { pictures, seconds: 1 }
    }

    /// One picture in each interval of `numerator` / `denominator` seconds, as the kernel has it; `None` for nonsense.
    pub fn of_interval(numerator: u32, denominator: u32) -> Option<Self> {
        let rate = Self { pictures: denominator, seconds: numerator };
        (numerator > 0 && (50..=24_000).contains(&rate.hundredths())).then_some(rate)
    }

    /// Hundredths of a picture a second, rounded: by this two rates are compared.
    pub fn hundredths(self) -> u32 {
        let hundredths = (u64::from(self.pictures) * 200 / u64::from(self.seconds.max(1))).div_ceil(2);
        u32::try_from(hundredths).unwrap_or(u32::MAX)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hundredths(f, self.hundredths())
    }
}

impl serde::Serialize for Rate {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(f64::from(self.hundredths()) / 100.0)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Rate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "description": "Pictures a second." })
    }
}

/// Writes hundredths as people do: `30`, `7.5`, `29.97`.
pub fn hundredths(f: &mut fmt::Formatter<'_>, value: u32) -> fmt::Result {
    let (whole, part) = (value / 100, value % 100);
    match (part, part % 10) {
        (0, _) => write!(f, "{whole}"),
        (part, 0) => write!(f, "{whole}.{}", part / 10),
        (part, _) => write!(f, "{whole}.{part:02}"),
    }
}

/// One size and rate that a camera offers. Written as `1280x720@30 mjpeg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "CameraMode"))]
pub struct Mode {
    /// How pictures are coded.
    pub format: Format,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Pictures a second.
    pub rate: Rate,
}

impl Mode {
    /// Pixels of one picture.
    pub fn area(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Bytes a second on the wire, about.
    pub fn bytes(&self) -> u64 {
        self.area() * self.format.weight() / 100 * u64::from(self.rate.hundredths()) / 100
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}@{} {}", self.width, self.height, self.rate, self.format.word())
    }
}

/// What a camera is connected by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bus {
    /// USB, with this many megabits a second.
    Usb(u32),
    /// Something of which no limit is known.
    Other,
}

impl Bus {
    /// Bytes a second that one camera gets at most: what one isochronous endpoint can carry, less its headers (USB 2.0 section 5.6.3,
    /// USB 3.2 section 8.12.6: 1023 bytes a millisecond, 3 times 1024 and 48 times 1024 bytes in each eighth of one).
    pub fn limit(self) -> Option<u64> {
        match self {
            Self::Usb(0..480) => Some(1_000_000),
            Self::Usb(480..5000) => Some(24_000_000),
            Self::Usb(_) => Some(380_000_000),
            Self::Other => None,
        }
    }

    /// Whether a mode can be carried.
    pub fn carries(self, mode: &Mode) -> bool {
        self.limit().is_none_or(|limit| mode.bytes() <= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(width: u32, height: u32, rate: u32, format: Format) -> Mode {
        Mode { format, width, height, rate: Rate::whole(rate) }
    }

    #[test]
    fn modes_and_rates_are_written_as_people_do() {
        assert_eq!(mode(1280, 720, 30, Format::Mjpeg).to_string(), "1280x720@30 mjpeg");
        let rate = |numerator, denominator| Rate::of_interval(numerator, denominator).map(|rate| rate.to_string());
        assert_eq!(rate(1001, 30_000).as_deref(), Some("29.97"));
        assert_eq!(rate(2, 15).as_deref(), Some("7.5"));
        assert_eq!(rate(333_333, 10_000_000).as_deref(), Some("30"));
        assert_eq!(rate(1, 2).as_deref(), Some("2"));
        assert_eq!((rate(0, 30), rate(1, 0), rate(1, 100_000)), (None, None, None), "nonsense of a driver is no rate");
    }

    #[test]
    fn every_format_is_found_by_its_code_and_its_word() {
        for (format, code, word, ..) in KNOWN {
            assert_eq!((Format::of(code), Format::named(word)), (Some(format), Some(format)));
            let json = serde_json::to_value(format).expect("it is written");
            assert_eq!(json, word, "the API and the configuration have one word for it");
        }
        assert_eq!(Format::of(*b"JPEG"), Some(Format::Mjpeg));
        assert_eq!((Format::of(*b"BG10"), Format::named("raw")), (None, None));
    }

    #[test]
    fn usb_carries_what_cameras_offer_on_it_and_no_more() {
        for (bus, mode, carried) in [
            (Bus::Usb(480), mode(640, 480, 30, Format::Yuyv), true),
            (Bus::Usb(480), mode(1280, 720, 10, Format::Yuyv), true),
            (Bus::Usb(480), mode(1280, 720, 30, Format::Yuyv), false),
            (Bus::Usb(480), mode(1920, 1080, 60, Format::Mjpeg), true),
            (Bus::Usb(480), mode(1280, 720, 15, Format::Nv12), true),
            (Bus::Usb(5000), mode(1920, 1080, 60, Format::Yuyv), true),
            (Bus::Usb(5000), mode(3840, 2160, 30, Format::Yuyv), false),
            (Bus::Usb(12), mode(320, 240, 30, Format::Yuyv), false),
            (Bus::Usb(12), mode(640, 480, 15, Format::Mjpeg), true),
            (Bus::Other, mode(3840, 2160, 60, Format::Rgb), true),
        ] {
            assert_eq!(bus.carries(&mode), carried, "{mode} on {bus:?}: {} bytes a second", mode.bytes());
        }
    }
}

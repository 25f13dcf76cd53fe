//! Which elements a description needs, which package has them, and which H.264 encoder is there.

use gstreamer as gst;

use super::Error;

/// Factory names in a description: the first word of every link of the chain that is neither a set of caps nor a pad.
pub fn named(description: &str) -> impl Iterator<Item = &str> {
    description.split(" ! ").filter_map(|link| link.split_whitespace().next()).filter(|word| !word.contains(['/', '.']))
}

/// The Debian package that has an element we use.
pub fn package(element: &str) -> &'static str {
    match element {
        "x264enc" => "gstreamer1.0-plugins-ugly",
        "avdec_h264" | "avenc_aac" => "gstreamer1.0-libav",
        "alsasrc" | "alsasink" => "gstreamer1.0-alsa",
        "textoverlay" => "gstreamer1.0-x",
        "mpph264enc" => "gstreamer1.0-rockchip1",
        "openh264enc" | "vah264enc" | "kmssink" | "watchdog" | "webrtcdsp" | "webrtcechoprobe" | "h264parse"
        | "rtmp2sink" | "srtsink" | "mpegtsmux" => "gstreamer1.0-plugins-bad",
        "v4l2h264enc" | "vp8dec" | "vp8enc" | "jpegenc" | "jpegdec" | "videobox" | "videocrop" | "rtspsrc"
        | "rtph264depay" | "flvmux" => "gstreamer1.0-plugins-good",
        "libcamerasrc" => "gstreamer1.0-libcamera",
        "identity" | "queue" | "fakesink" => "libgstreamer1.0-0",
        _ => "gstreamer1.0-plugins-base",
    }
}

pub(super) fn present(element: &str) -> bool {
    gst::ElementFactory::find(element).is_some()
}

/// Whether cameras on the board's own connector can be used here.
pub fn has_libcamera() -> bool {
    super::init().is_ok() && present("libcamerasrc")
}

/// Whether echo can be cancelled here.
pub fn has_echo_canceller() -> bool {
    super::init().is_ok() && present("webrtcdsp") && present("webrtcechoprobe")
}

/// Says which element of a description is missing, if one is.
///
/// # Errors
/// [`Error::Missing`] names the element and its package.
pub fn require(description: &str) -> Result<(), Error> {
    match named(description).find(|element| !present(element)) {
        Some(element) => Err(Error::Missing { element: element.to_owned(), package: package(element) }),
        None => Ok(()),
    }
}

/// Which H.264 encoder the owner of the box wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum H264Choice {
    /// The first that works of hardware, x264, OpenH264.
    #[default]
    Auto,
    /// x264, in software.
    X264,
    /// OpenH264, in software.
    OpenH264,
    /// The kernel's memory-to-memory encoder, as on a Raspberry Pi up to 4.
    V4l2,
    /// Rockchip's media library, as on boards with an RK3568 or RK3588.
    Mpp,
    /// VA-API, as on small PCs.
    Va,
}

/// An H.264 encoder that is installed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum H264Encoder {
    /// `v4l2h264enc`.
    V4l2,
    /// `mpph264enc`.
    Mpp,
    /// `vah264enc`.
    Va,
    /// `x264enc`.
    X264,
    /// `openh264enc`.
    OpenH264,
}

impl H264Encoder {
    /// The best first.
    pub const RANKED: [Self; 5] = [Self::V4l2, Self::Mpp, Self::Va, Self::X264, Self::OpenH264];

    /// The element's factory name.
    pub const fn element(self) -> &'static str {
        match self {
            Self::V4l2 => "v4l2h264enc",
            Self::Mpp => "mpph264enc",
            Self::Va => "vah264enc",
            Self::X264 => "x264enc",
            Self::OpenH264 => "openh264enc",
        }
    }
}

impl H264Choice {
    /// The encoder that is wanted by name; `None` for whichever works.
    pub fn named(self) -> Option<H264Encoder> {
        match self {
            Self::Auto => None,
            Self::X264 => Some(H264Encoder::X264),
            Self::OpenH264 => Some(H264Encoder::OpenH264),
            Self::V4l2 => Some(H264Encoder::V4l2),
            Self::Mpp => Some(H264Encoder::Mpp),
            Self::Va => Some(H264Encoder::Va),
        }
    }
}

impl H264Encoder {
    /// The one whose element this is.
    pub fn of_element(element: &str) -> Option<Self> {
        Self::RANKED.into_iter().find(|encoder| encoder.element() == element)
    }

    /// Checks that it is installed.
    ///
    /// # Errors
    /// [`Error::Missing`] when it is not; [`Error::Unavailable`] without GStreamer.
    pub fn installed(self) -> Result<Self, Error> {
        super::init()?;
        require(self.element()).map(|()| self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_element_is_named_with_its_package() {
        crate::drivers::pipeline::init().expect("GStreamer is installed");
        let error = require("appsrc name=in ! video/x-raw,format=I420 ! nosuchthing a=b ! appsink").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the GStreamer element nosuchthing is missing: install the Debian package gstreamer1.0-plugins-base"
        );
        require("appsrc name=in ! video/x-raw,format=I420 ! appsink").expect("both are there");
    }

    #[test]
    fn an_encoder_is_found_by_the_name_of_its_element() {
        for encoder in H264Encoder::RANKED {
            assert_eq!(H264Encoder::of_element(encoder.element()), Some(encoder));
        }
        assert_eq!(H264Encoder::of_element("fakesink"), None);
        assert_eq!(H264Encoder::X264.installed().expect("installed"), H264Encoder::X264);
    }
}

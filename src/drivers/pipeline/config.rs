//! `[media]`: encoders and decoders, and the ranges that pictures keep to wherever they are configured.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::bitrate::{self, Bitrate};
use crate::model::quantity;

/// Which encoders the box uses.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The H.264 encoder for the camera and the program.
    pub h264_encoder: H264Encoder,
}

/// An H.264 encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum H264Encoder {
    /// The first of `v4l2`, `mpp`, `va`, `x264` and `openh264` that works on this box.
    #[default]
    Auto,
    /// libx264, in software.
    X264,
    /// OpenH264, in software.
    OpenH264,
    /// The board's encoder, through V4L2.
    V4l2,
    /// Rockchip's encoder, through its media library.
    Mpp,
    /// A PC's encoder, through VA-API.
    Va,
}

/// A value in the range every pipeline takes.
///
/// # Errors
/// What is allowed, as one sentence.
pub fn width<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    even(from, 160..=1920)
}

/// A value in the range every pipeline takes.
///
/// # Errors
/// What is allowed, as one sentence.
pub fn height<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    even(from, 90..=1080)
}

/// A value in the range every pipeline takes.
///
/// # Errors
/// What is allowed, as one sentence.
pub fn fps<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    quantity::whole(from, 1..=60)
}

/// A value in the range every pipeline takes.
///
/// # Errors
/// What is allowed, as one sentence.
pub fn video_bitrate<'de, D: Deserializer<'de>>(from: D) -> Result<Bitrate, D::Error> {
    bitrate::within(from, Bitrate::kbps(100)..=Bitrate::kbps(20_000))
}

/// H.264 pictures with 4:2:0 colour have even sides.
fn even<'de, D: Deserializer<'de>>(from: D, range: RangeInclusive<u32>) -> Result<u32, D::Error> {
    let pixels = quantity::whole(from, range)?;
    if pixels.is_multiple_of(2) {
        return Ok(pixels);
    }
    Err(serde::de::Error::custom(format_args!("{pixels} is not even")))
}

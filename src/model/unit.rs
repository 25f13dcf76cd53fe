//! Whole access units: one coded picture, or one frame of sound.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::time::MediaTime;
use super::track::Kind;

/// What a decoder must know before the first unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Config {
    /// H.264: sequence and picture parameter set, each one NAL unit without start code or length.
    H264 {
        /// Sequence parameter set.
        sps: Bytes,
        /// Picture parameter set.
        pps: Bytes,
    },
    /// VP8: every keyframe says what a decoder needs.
    Vp8,
    /// Opus at 48 kHz.
    Opus {
        /// 1 or 2.
        channels: u8,
    },
    /// AAC: the AudioSpecificConfig of ISO 14496-3 section 1.6.2.1.
    Aac {
        /// The configuration record.
        asc: Bytes,
        /// Samples a second.
        rate: u32,
        /// 1 or 2.
        channels: u8,
    },
}

impl Config {
    /// Sound or picture.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::H264 { .. } | Self::Vp8 => Kind::Video,
            Self::Opus { .. } | Self::Aac { .. } => Kind::Audio,
        }
    }
}

/// One access unit. Decoding time equals presentation time: what B-frames need is refused where it comes in.
#[derive(Debug, Clone)]
pub struct Unit {
    /// When it is shown or heard, in media time; codec delay is already taken off.
    pub pts: MediaTime,
    /// How long it lasts, where its maker knows (always for sound).
    pub duration: Option<Duration>,
    /// A decoder can start here. Always true for sound.
    pub keyframe: bool,
    /// Something between the unit before and this one is missing.
    pub gap: bool,
    /// Loudness by RFC 6464, in -dBov (0 loudest, 127 silence); sound alone, where its maker measured it.
    pub level: Option<u8>,
    /// The decoder configuration in force; the same `Arc` while it does not change.
    pub config: Arc<Config>,
    /// The coded bytes. H.264: NAL units, each behind a length of four bytes (ISO 14496-15), without parameter sets. VP8: a frame (RFC 6386).
    pub data: Bytes,
}

//! What a publication is made of.

use serde::{Deserialize, Serialize};

/// Sound or picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Sound.
    Audio,
    /// Picture.
    Video,
}

/// The codecs Porchlight carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// H.264, constrained baseline in calls.
    H264,
    /// VP8 (RFC 6386), from browsers that send no H.264.
    Vp8,
    /// Opus, 48 kHz (RFC 7587).
    Opus,
    /// AAC-LC, for players that know no Opus.
    Aac,
}

impl Codec {
    /// Sound or picture.
    pub const fn kind(self) -> Kind {
        match self {
            Self::H264 | Self::Vp8 => Kind::Video,
            Self::Opus | Self::Aac => Kind::Audio,
        }
    }

    /// Ticks a second of the RTP timestamps of this codec (RFC 6184 section 8.2.1, RFC 7741 section 6.1, RFC 7587 section 4.1).
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::H264 | Self::Vp8 => 90_000,
            Self::Opus | Self::Aac => 48_000,
        }
    }
}

/// A track of a publication: there is at most one of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Track {
    /// How it is coded; the kind follows.
    pub codec: Codec,
}

impl Track {
    /// Sound or picture.
    pub const fn kind(self) -> Kind {
        self.codec.kind()
    }
}

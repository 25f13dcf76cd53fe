//! Decoded pictures and sound, between decoders, compositions, mixers and encoders.

use std::sync::Arc;

use bytes::Bytes;

use super::time::MediaTime;

/// Samples a second of all decoded sound.
pub const RATE: u32 = 48_000;
/// Channels of all decoded sound, interleaved left, right.
pub const CHANNELS: usize = 2;

/// One decoded picture: 8-bit I420, tightly packed (Y, then U, then V; both sides even, no padding), limited range.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Pixels across; even.
    pub width: u32,
    /// Pixels down; even.
    pub height: u32,
    /// When it was captured, in media time.
    pub time: MediaTime,
    /// `width * height * 3 / 2` bytes.
    pub data: Bytes,
}

/// A stretch of decoded sound: 16-bit, 48 kHz, stereo, interleaved.
#[derive(Debug, Clone)]
pub struct Sound {
    /// When the first sample was captured, in media time.
    pub time: MediaTime,
    /// Interleaved samples; an even number of them.
    pub samples: Arc<[i16]>,
}

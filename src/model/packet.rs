//! RTP as a model type: what one peer sent, independent of anybody's payload type and SSRC.

use std::sync::Arc;

use super::layer::Layer;
use super::time::MediaTime;
use super::track::Codec;

/// One RTP packet of one track (RFC 3550 section 5.1), cheap to clone.
#[derive(Debug, Clone)]
pub struct Packet {
    /// How the payload is coded.
    pub codec: Codec,
    /// Which of the sizes it belongs to, where the track is sent in several. Each has its own sequence numbers and timestamps.
    pub layer: Layer,
    /// Sequence number, extended past 16 bits; consecutive packets of a layer differ by one.
    pub seq: u64,
    /// RTP timestamp, extended past 32 bits, in ticks of the codec's clock.
    pub rtp_time: u64,
    /// When it was captured, in media time.
    pub time: MediaTime,
    /// The marker bit: last packet of a picture, or first after silence.
    pub marker: bool,
    /// The packet begins a keyframe: a decoder can start here. Always true for sound.
    pub keyframe: bool,
    /// Loudness by RFC 6464, in -dBov (0 loudest, 127 silence); sound only.
    pub level: Option<u8>,
    /// The RTP payload.
    pub payload: Arc<[u8]>,
}

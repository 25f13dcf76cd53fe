//! LL-HLS: one sliding window of segments and parts over a video and an audio track, smaller sizes that follow it, and playlists.
//!
//! Owns: where parts and segments are cut (by media time), what stays in the window, what the playlists say, and the rules
//! of blocking reload and of delta updates. Deliberately not: sockets, waiting, clocks; the boxes inside a part (see `proto::cmaf`).
//! Sources: RFC 8216 and draft-pantos-hls-rfc8216bis.
//!
//! Rules the cutting follows:
//! - Both tracks are cut at the same media times. Video decides: a segment begins at the first keyframe once the last one is
//!   long enough; sound waits until video has reached the same media time, at most [`HOLD`], then follows.
//! - A unit is held back until the next one is there. Only then it is known how long a picture lasts and whether the segment
//!   ends, so that a preload hint always tells the truth.
//! - Decode times come from each unit's own pts. Sound within half a frame of where it is expected is taken to be there.
//! - Nobody is shown a playlist without a complete segment; the first one is short where keyframes come when asked for.
//! - What is complete stays until it is older than the window, or both tracks together hold too many bytes: then the oldest
//!   segment goes, of whichever track it is. What a playlist has to list, stays in any case.
//! - A discontinuity counts for both tracks: their discontinuity sequences stay equal.

mod follower;
mod multivariant;
mod playlist;
mod reload;
mod shelf;
mod snapshot;
#[cfg(test)]
pub(crate) mod tests;
mod track;
mod window;

use std::time::Duration;

pub use follower::{Follower, Lead, Start};
pub use multivariant::multivariant;
pub use playlist::{Entry, PartEntry, Playlist, Report, Settled};
pub(crate) use reload::decimal;
pub use reload::{Directives, Form, Refused, Reload};
pub use snapshot::{Found, Listed, Made, Piece, Readiness, Rendition, Snapshot};
pub use window::{Effects, HOLD, Tracks, Window};

/// The Skip Boundary in target durations; the least that is allowed.
const SKIP: u32 = 6;

/// How the window is cut. Durations are media time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// The longest a part lasts (PART-TARGET).
    pub part: Duration,
    /// A segment ends at the first keyframe after this.
    pub segment: Duration,
    /// Complete segments the playlist lists, at least.
    pub segments: usize,
    /// How far back the playlist reaches (the DVR window): the oldest segments go once the others last this long.
    pub window: Duration,
    /// How much is held of both tracks together, in bytes: past it the oldest segments go, too.
    pub bytes: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            part: Duration::from_millis(350),
            segment: Duration::from_secs(2),
            segments: 6,
            window: Duration::from_secs(30 * 60),
            bytes: 128_000_000,
        }
    }
}

impl Timing {
    /// EXT-X-TARGETDURATION in whole seconds: no segment gets longer. Half a segment is left for a late keyframe; without
    /// one, the segment is cut where the next begins with a picture that needs others.
    pub fn target(&self) -> u32 {
        u32::try_from(self.segment.mul_f64(1.5).as_nanos().div_ceil(1_000_000_000)).unwrap_or(u32::MAX).max(1)
    }

    /// The Skip Boundary: what is further from the end of the playlist, a delta update leaves out (RFC 8216bis section 4.4.3.8).
    pub fn skip_boundary(&self) -> Duration {
        SKIP * self.target_duration()
    }

    /// Whether playlists get long enough for a delta update to leave anything out. It is said from the first playlist on, for
    /// what stands above the segments may not change (section 6.2.1).
    pub fn skips(&self) -> bool {
        let least = self.segment * u32::try_from(self.segments).unwrap_or(u32::MAX);
        self.window.max(least) > self.skip_boundary()
    }

    /// [`Timing::target`] as media time.
    pub fn target_duration(&self) -> Duration {
        Duration::from_secs(self.target().into())
    }
}

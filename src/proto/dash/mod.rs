//! Low-latency DASH: a manifest (MPD) of what a window holds, over the very segments that LL-HLS has.
//!
//! Owns: what the manifest says. Deliberately not: where segments are cut, which decode times they have and what is still held
//! (see `proto::hls`); sockets, waiting, clocks. Sources: ISO/IEC 23009-1, and DASH-IF IOP for low-latency live.
//!
//! How it is said, and why:
//! - The presentation's clock is media time: `availabilityStartTime` is the wall time of media time zero, and presentation time,
//!   decode time and media time are the same everywhere. Each period's `presentationTimeOffset` is its own start.
//! - Segments last as long as keyframes take, so that numbers alone say nothing about times (`@duration`): times are listed
//!   (`SegmentTimeline`) and are those of the fragments; addresses go by `$Number$`, which are the addresses of LL-HLS.
//! - The segment that is being made is listed last from its first sample on, before it has a part: its start, its number and its
//!   configuration are certain by then. How long it gets is foretold, rather long: dash.js looks for the next segment where the
//!   last one ends as it was listed when it was asked for, and with less than its real duration it would take the same one again.
//!   It is corrected once the segment is whole.
//! - No segment that has not begun is listed, though that would spare players the wait for the next manifest: it may turn out to
//!   begin a new period, with another initialisation segment. Players ask for the manifest once in [`UPDATE`].
//! - `availabilityTimeOffset` is the foretold duration less one part: a segment may be asked for one part after it began.
//! - A discontinuity, behind which HLS has another map, is a new period. It is listed once every track has come to it.
//! - A smaller picture is named while it is made. To name one that would be made when somebody asks for it does not do: dash.js (5.2)
//!   waits for ever for the piece that one lacks which begins while it passes to it.
//! - The manifest is asked for all the time, so that it goes back [`REACH`] and no further, however large the window is.

mod manifest;
#[cfg(test)]
mod tests;
mod xml;

use std::sync::Arc;
use std::time::Duration;

pub use manifest::manifest;

use crate::model::rung::Rung;
use crate::proto::hls::{Snapshot, Timing};

/// How often players ask for the manifest; the shortest that dash.js knows.
pub const UPDATE: Duration = Duration::from_secs(1);
/// How far back the manifest goes.
pub const REACH: Duration = Duration::from_secs(5 * 60);

/// What a manifest needs beside what the window holds. Addresses are as seen from the manifest.
#[derive(Debug)]
pub struct Presentation<'a> {
    /// Number of the packaging run.
    pub run: u64,
    /// Wall time, in nanoseconds since 1970 UTC.
    pub now_unix_nanos: i128,
    /// Where the renditions of the run are, with a slash at the end.
    pub media: &'a str,
    /// Where to ask for the next manifest.
    pub location: &'a str,
    /// What says the time in answer to a GET, as an `xs:dateTime`.
    pub clock: &'a str,
    /// The smaller pictures that are made, the largest first.
    pub rungs: &'a [(Rung, Arc<Snapshot>)],
}

/// How long a segment is said to get while it is being made.
fn foretold(timing: &Timing) -> Duration {
    timing.segment * 5 / 4
}

/// How far behind what happens players are asked to keep: a manifest, a part, and what is left of a segment for bad lines.
fn latency(timing: &Timing) -> Duration {
    timing.segment.max(UPDATE) + 3 * timing.part
}

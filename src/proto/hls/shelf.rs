//! The complete segments of a track at one moment.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::Timing;
use super::playlist::Settled;
use super::track::Segment;

/// Made when a segment is complete or has to go, and shared by every snapshot until then, so that a part costs nothing for
/// what is older.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// Oldest first; their numbers follow each other.
    segments: Vec<Arc<Segment>>,
    /// How many of them have left the playlist.
    past: usize,
    /// The first ones after those, as the playlist has them.
    pub settled: Arc<Settled>,
}

impl Shelf {
    pub fn new(segments: &VecDeque<Arc<Segment>>, past: usize, timing: Timing) -> Self {
        let boundary = timing.skip_boundary();
        let (mut behind, mut recent) = (Duration::ZERO, segments.len());
        while recent > past && behind < boundary {
            recent -= 1;
            behind += segments[recent].duration;
        }
        let mut settled = Settled::default();
        for segment in segments.range(past..recent) {
            settled.push(segment.breaks, segment.map, &segment.text);
        }
        Self { segments: segments.iter().cloned().collect(), past, settled: Arc::new(settled) }
    }

    /// All that is there, oldest first.
    pub fn all(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    /// What the playlist lists.
    pub fn listed(&self) -> &[Arc<Segment>] {
        &self.segments[self.past..]
    }

    /// What the playlist lists after what is settled.
    pub fn recent(&self) -> &[Arc<Segment>] {
        &self.listed()[self.settled.segments..]
    }

    /// The segment of this number.
    pub fn get(&self, msn: u64) -> Option<&Segment> {
        let first = self.segments.first()?.msn;
        let index = usize::try_from(msn.checked_sub(first)?).ok()?;
        self.segments.get(index).map(|segment| &**segment)
    }
}

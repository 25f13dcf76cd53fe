//! A segment that is sent while it is made.

use std::fmt;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::Error;
use super::actor::Station;
use crate::model::track::Kind;
use crate::proto::hls::Piece;

/// What comes after the first part of a segment. It counts among the requests that wait for new media, and the run goes on
/// while it lasts.
pub struct Rest {
    station: Station,
    kind: Kind,
    msn: u64,
    /// The part that is next.
    next: usize,
    /// A segment that is not whole by then is given up.
    until: Instant,
    _waiting: OwnedSemaphorePermit,
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("egress::Rest").field("msn", &self.msn).field("next", &self.next).finish_non_exhaustive()
    }
}

impl Rest {
    pub(super) fn new(station: Station, kind: Kind, msn: u64, waiting: OwnedSemaphorePermit) -> Self {
        let until = Instant::now() + station.timing.target_duration() * 3;
        Self { station, kind, msn, next: 1, until, _waiting: waiting }
    }

    /// The next part, once it is there; nothing once the segment is whole.
    ///
    /// # Errors
    /// [`Error`] if the segment does not become whole: it was cut off the air, the broadcast has ended, or it takes too long. What was
    /// sent of it is no segment then.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let snapshot = self.station.now();
            match snapshot.rendition(self.kind).map(|rendition| rendition.piece(self.msn, self.next)) {
                Some(Piece::Here(part)) => {
                    self.next += 1;
                    return Ok(Some(part));
                }
                Some(Piece::Whole) => return Ok(None),
                Some(Piece::Wait) => {}
                Some(Piece::Gone) | None => return Err(Error::NotFound),
            }
            let changed = timeout_at(self.until, self.station.snapshots.changed()).await;
            changed.map_err(|_| Error::Timeout)?.map_err(|_| self.station.gone)?;
        }
    }
}

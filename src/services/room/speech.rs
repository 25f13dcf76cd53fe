//! Who is heard: who speaks, and whose sound goes out where not everybody's can.

use crate::model::id::ParticipantId;
use crate::model::time::MediaTime;
use crate::proto::sfu::Speakers;

/// Tracks of sound that one participant gets at most.
pub(super) const MOST_HEARD: usize = 8;
/// Silence, in -dBov (RFC 6464).
const SILENCE: u8 = 127;

/// Who speaks in one room.
#[derive(Default)]
pub(super) struct Speech(Speakers<ParticipantId>);

impl Speech {
    /// Takes how loud everybody is now who can be heard, in -dBov; who was not measured is silent.
    pub(super) fn hear(&mut self, now: MediaTime, levels: impl Iterator<Item = (ParticipantId, Option<u8>)>) {
        let levels: Vec<_> = levels.map(|(who, level)| (who, level.unwrap_or(SILENCE))).collect();
        self.0.update(now, &levels, MOST_HEARD);
    }

    /// Who speaks, or did last.
    pub(super) fn speaker(&self) -> Option<ParticipantId> {
        self.0.dominant()
    }

    /// Whether somebody speaks at the moment.
    pub(super) fn is_speaking(&self, who: ParticipantId) -> bool {
        self.0.speaking(who)
    }

    /// Those whose sound goes out where not everybody's can.
    pub(super) fn heard(&self) -> &[ParticipantId] {
        self.0.loudest()
    }
}

//! Who is heard: who speaks, and whose sound goes out where not everybody's can.

use crate::model::id::ParticipantId;
use crate::model::time::MediaTime;

/// Tracks of sound that one participant gets at most.
pub(super) const MOST_HEARD: usize = 8;

/// Who speaks in one room.
#[derive(Debug, Default)]
pub(super) struct Speech {
    heard: Vec<ParticipantId>,
    speaker: Option<ParticipantId>,
}

impl Speech {
    /// Takes how loud everybody who sends sound is now, in -dBov (RFC 6464).
    pub(super) fn hear(&mut self, _now: MediaTime, levels: &[(ParticipantId, u8)]) {
        self.heard = levels.iter().map(|(who, _)| *who).take(MOST_HEARD).collect();
    }

    /// Who speaks, and has done so for long enough to be looked at.
    pub(super) fn speaker(&self) -> Option<ParticipantId> {
        self.speaker
    }

    /// Whether somebody is heard at the moment.
    pub(super) fn is_speaking(&self, _who: ParticipantId) -> bool {
        false
    }

    /// Those whose sound goes out where not everybody's can.
    pub(super) fn heard(&self) -> &[ParticipantId] {
        &self.heard
    }
}

//! Keeps the members of a composition as a room says they should be.

use std::collections::BTreeMap;

use super::composition::{Handle, Member};
use crate::model::id::PublicationId;
use crate::model::purpose::Purpose;
use crate::model::time::MediaTime;
use crate::model::track::Codec;
use crate::services::origin;
use crate::services::room::{Participant, Room};

/// What is shown and heard of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    name: String,
    audio: bool,
    video: bool,
}

impl Part {
    fn of(participant: &Participant) -> Self {
        Self {
            name: participant.name.to_string(),
            audio: participant.microphone,
            video: participant.camera,
        }
    }
}

/// The members of one composition.
pub struct Members {
    purpose: Purpose,
    present: BTreeMap<PublicationId, Part>,
    cut: MediaTime,
}

impl Members {
    /// Nobody yet; everybody is subscribed to for `purpose`.
    pub fn new(purpose: Purpose) -> Self {
        Self { purpose, present: BTreeMap::new(), cut: MediaTime::from_nanos(i64::MIN) }
    }

    /// Takes in and out whoever has to be. Answers whether everybody is there: if not, try again in a while.
    pub async fn follow(
        &mut self,
        room: &Room,
        wanted: impl Fn(&Participant) -> bool,
        origin: &origin::Handle,
        composition: &Handle,
    ) -> bool {
        let wanted: BTreeMap<PublicationId, Part> =
            room.participants.iter().filter(|p| wanted(p)).map(|p| (p.publication, Part::of(p))).collect();
        // Who has ended by themselves is not there any more, whatever we thought.
        let there = composition.state().borrow().members.clone();
        self.present.retain(|key, _| there.contains(key));
        for key in self.present.keys().copied().filter(|key| !wanted.contains_key(key)).collect::<Vec<_>>() {
            self.present.remove(&key);
            if let Ok(cut) = composition.remove(key).await {
                self.cut = self.cut.max(cut);
            }
        }
        let mut complete = true;
        for (key, part) in wanted {
            if self.present.get(&key) == Some(&part) {
                continue;
            }
            let video = if part.video { origin.units(key, Codec::H264, self.purpose).await.ok() } else { None };
            let audio = if part.audio { origin.units(key, Codec::Opus, self.purpose).await.ok() } else { None };
            let found = (video.is_some(), audio.is_some()) == (part.video, part.audio);
            let member = Member { key, name: part.name.clone(), video, audio };
            match composition.add(member).await {
                Ok(()) if found => drop(self.present.insert(key, part)),
                Ok(()) => complete = false,
                Err(error) => {
                    tracing::warn!(%error, "somebody can't be shown");
                    complete = false;
                }
            }
        }
        complete
    }

    /// Nothing of anybody who is out is in what was captured from here on.
    pub fn cut(&self, composition: &Handle) -> MediaTime {
        self.cut.max(composition.state().borrow().cut)
    }
}

//! Keeps the members of a composition as a room says they should be.

use std::collections::BTreeMap;

use super::composition::{Handle, Makes, Member, Shows};
use crate::model::id::PublicationId;
use crate::model::purpose::Purpose;
use crate::model::ring::Reader;
use crate::model::time::MediaTime;
use crate::model::track::Codec;
use crate::model::unit::Unit;
use crate::services::origin;
use crate::services::room::{Participant, Room};

/// What is shown and heard of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    shows: Shows,
    name: String,
    audio: bool,
    video: bool,
}

impl Part {
    /// Who mutes goes on sending silence, and is not set up anew for it; who stops the camera becomes a card.
    fn of(participant: &Participant, makes: Makes) -> Self {
        Self {
            shows: Shows::Camera,
            name: participant.name.to_string(),
            audio: participant.audio && makes.sound(),
            video: participant.camera && makes.pictures(),
        }
    }

    /// The screen that somebody shares; nothing if nothing is made of it.
    fn of_screen(participant: &Participant, makes: Makes) -> Option<(PublicationId, Self)> {
        let screen = participant.screen?;
        let part = Self {
            shows: Shows::Screen,
            name: format!("{}: screen", participant.name),
            audio: screen.audio && makes.sound(),
            video: makes.pictures(),
        };
        (part.audio || part.video).then_some((screen.publication, part))
    }
}

/// A member as it is in the composition, and which of its tracks are there already.
struct Present {
    part: Part,
    audio: bool,
    video: bool,
}

/// The members of one composition.
pub struct Members {
    purpose: Purpose,
    makes: Makes,
    cards: bool,
    present: BTreeMap<PublicationId, Present>,
    cut: MediaTime,
}

impl Members {
    /// Nobody yet; everybody is subscribed to for `purpose`, as far as the composition makes something of it.
    pub fn new(purpose: Purpose, makes: Makes) -> Self {
        Self { purpose, makes, cards: false, present: BTreeMap::new(), cut: MediaTime::from_nanos(i64::MIN) }
    }

    /// Something else is made of them from the next look on.
    pub fn make(&mut self, makes: Makes) {
        self.makes = makes;
    }

    /// Whether everybody is a card from the next look on: no pictures are subscribed to.
    pub fn show_cards(&mut self, cards: bool) {
        self.cards = cards;
    }

    /// Takes in and out whoever has to be. Answers whether everybody is there: if not, try again in a while.
    pub async fn follow(
        &mut self,
        room: &Room,
        wanted: impl Fn(&Participant) -> bool,
        origin: &origin::Handle,
        composition: &Handle,
    ) -> bool {
        let parts = |p: &Participant| {
            let camera = Part::of(p, self.makes);
            let camera = Part { video: camera.video && !self.cards, ..camera };
            let screen = Part::of_screen(p, self.makes).filter(|(_, screen)| screen.audio || !self.cards);
            [Some((p.publication, camera)), screen].into_iter().flatten()
        };
        let wanted: BTreeMap<PublicationId, Part> =
            room.participants.iter().filter(|p| wanted(p)).flat_map(parts).collect();
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
            // A member that is added again starts anew: only when there is something new to it. Pictures come and go without that.
            let alike = |present: &&Present| present.part == Part { video: present.part.video, ..part.clone() };
            let before = self.present.get(&key).filter(alike);
            let has = before.is_some_and(|p| (p.part.video, p.audio, p.video) == (part.video, part.audio, part.video));
            if has {
                continue;
            }
            let video = if part.video { self.pictures(key, origin).await } else { None };
            if let Some(before) = before.filter(|before| before.audio == part.audio) {
                complete &= video.is_some() == part.video;
                if before.video || video.is_some() {
                    let now = Present { audio: before.audio, video: video.is_some(), part };
                    // When it has ended, the next look at it says so.
                    let _ = composition.pictures(key, video).await;
                    self.present.insert(key, now);
                }
                continue;
            }
            let audio = if part.audio { origin.units(key, Codec::Opus, self.purpose).await.ok() } else { None };
            let now = Present { audio: audio.is_some(), video: video.is_some(), part };
            complete &= (now.audio, now.video) == (now.part.audio, now.part.video);
            if before.is_some_and(|before| (before.audio, before.video) == (now.audio, now.video)) {
                continue;
            }
            let (shows, name) = (now.part.shows, now.part.name.clone());
            match composition.add(Member { key, shows, name, video, audio }).await {
                Ok(()) => drop(self.present.insert(key, now)),
                Err(error) => {
                    tracing::warn!(%error, "somebody can't be shown");
                    complete = false;
                }
            }
        }
        complete
    }

    /// Somebody's pictures, in whatever codec they send.
    async fn pictures(&self, key: PublicationId, origin: &origin::Handle) -> Option<(Codec, Reader<Unit>)> {
        for codec in [Codec::H264, Codec::Vp8] {
            if let Ok(reader) = origin.units(key, codec, self.purpose).await {
                return Some((codec, reader));
            }
        }
        None
    }

    /// Nothing of anybody who is out is in what was captured from here on.
    pub fn cut(&self, composition: &Handle) -> MediaTime {
        self.cut.max(composition.state().borrow().cut)
    }
}

//! Recordings of participants alone, beside those of what is on air: which are begun, and what goes with which.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::actor::{Actor, Making, What};
use super::separate::{Separate, publisher};
use super::session::{Made, Pace, Told};
use super::{Alone, Error, Recording};
use crate::drivers::identity::random_id;
use crate::model::id::{PublicationId, RecordingId, RoomId};
use crate::services::room::{Notice, OnAir, Room};
use crate::services::supervisor;

/// Files that are made beside one recording at most: whoever takes their yes back and gives it again has another one each time.
const FILES: usize = 200;

/// What is made beside a recording of what is on air.
pub(super) struct Beside {
    pub(super) pace: watch::Receiver<Pace>,
    files: usize,
    /// What is recorded no more, since its file could not be written.
    failed: HashSet<PublicationId>,
    /// It was said that not everybody is recorded.
    told: bool,
}

impl Beside {
    pub(super) fn new(pace: watch::Receiver<Pace>) -> Self {
        Self { pace, files: 0, failed: HashSet::new(), told: false }
    }
}

/// What of a room is wanted in files of their own: of everybody who agreed to that what they send, and the screen that they share.
fn wanted(room: &Room) -> impl Iterator<Item = PublicationId> {
    let recording = room.live.as_ref().and_then(|live| live.recording);
    let runs = recording.is_some_and(|recording| recording.agreed && recording.separately);
    let people = room.participants.iter().filter(move |who| runs && who.separately == OnAir::Yes);
    people.flat_map(|who| {
        let sends = (who.audio || who.video).then_some(who.publication);
        [sends, who.screen.map(|screen| screen.publication)].into_iter().flatten()
    })
}

impl Actor {
    /// Begins what is wanted of participants alone; each ends by itself.
    pub(super) async fn follow_separate(&mut self, rooms: &[Arc<Room>]) {
        let mut begins = Vec::new();
        for (id, making) in &self.making {
            let (What::Program(beside), true) = (&making.what, making.goes_on.is_some()) else { continue };
            let Some(room) = rooms.iter().find(|room| room.id == making.room) else { continue };
            let is_made = |publication: PublicationId| {
                self.making.values().any(|making| making.is_separate(*id, publication))
                    || beside.failed.contains(&publication)
            };
            let new = wanted(room).filter(|publication| !is_made(*publication));
            begins.extend(new.map(|publication| (*id, publication, room.clone())));
        }
        for (of, publication, room) in begins {
            let now = self.making.values().filter(|making| matches!(making.what, What::Separate { .. })).count();
            let Some(beside) = self.beside(of) else { continue };
            let (files, pace) = (beside.files, beside.pace.clone());
            if now >= self.config.max_separate as usize || files >= FILES {
                self.misses(of, room.id).await;
                continue;
            }
            if let Err(error) = self.begin_separate(of, publication, &room, pace).await {
                tracing::error!(recording = %of, %error, "a participant is not recorded alone");
                self.separate_failed(of, publication).await;
            }
        }
    }

    fn beside(&mut self, of: RecordingId) -> Option<&mut Beside> {
        match &mut self.making.get_mut(&of)?.what {
            What::Program(beside) => Some(beside),
            What::Separate { .. } => None,
        }
    }

    /// Somebody is not recorded who could be: that is said once.
    async fn misses(&mut self, of: RecordingId, room: RoomId) {
        let Some(beside) = self.beside(of).filter(|beside| !beside.told) else { return };
        beside.told = true;
        tracing::warn!(recording = %of, "not everybody who agreed to it is recorded alone: there are as many files as may be");
        self.parts.rooms.notice(room, Notice::SeparateMissing).await;
    }

    /// The file of somebody could not be written: there is no other one.
    pub(super) async fn separate_failed(&mut self, of: RecordingId, publication: PublicationId) {
        let Some(room) = self.making.get(&of).map(|making| making.room) else { return };
        let Some(beside) = self.beside(of) else { return };
        beside.failed.insert(publication);
        if !std::mem::replace(&mut beside.told, true) {
            self.parts.rooms.notice(room, Notice::SeparateMissing).await;
        }
    }

    async fn begin_separate(
        &mut self,
        of: RecordingId,
        publication: PublicationId,
        room: &Room,
        pace: watch::Receiver<Pace>,
    ) -> io::Result<()> {
        let (Some(who), Some(whole)) = (publisher(room, publication), self.all.get(&of)) else { return Ok(()) };
        let id = random_id(RecordingId::from_bytes);
        let alone = Alone { of, name: who.name.to_string(), screen: who.publication != publication, offset: 0 };
        let begins = Recording::begins(id, whole.title.clone(), room.id, self.unix());
        let recording = Recording { alone: Some(alone), ..begins };
        self.keep_one(&recording).await?;
        self.all.insert(id, recording);
        let stop = CancellationToken::new();
        let session = Separate {
            id,
            room: room.id,
            publication,
            parts: self.parts.clone(),
            folder: self.folder.clone(),
            told: self.told.clone(),
            pace,
            stop: stop.clone(),
        };
        tracing::info!(recording = %id, %of, "a recording of a participant alone begins");
        let (supervisor, told) = (self.parts.supervisor.clone(), self.told.clone());
        let task = async move {
            let made = supervisor.once(supervisor::Part::Recorder, session.run()).await;
            let made = made.unwrap_or_else(|failed| Made { result: Err(io::Error::other(failed)), ..Made::default() });
            // When nobody listens any more the box is stopping.
            let _ = told.send(Told::Ended(id, made)).await;
        };
        self.tasks.spawn(task.instrument(tracing::info_span!("recording", recording = %id)));
        let what = What::Separate { of, publication };
        self.making.insert(id, Making { room: room.id, what, goes_on: Some(stop.drop_guard()) });
        if let Some(beside) = self.beside(of) {
            beside.files += 1;
        }
        Ok(())
    }

    /// One, with what was made beside it.
    pub(super) fn with_separate(&self, recording: &Recording) -> Recording {
        let mut separate: Vec<Recording> = self.all.values().filter(|it| it.is_beside(recording.id)).cloned().collect();
        let place = |it: &Recording| it.alone.as_ref().map(|alone| (alone.name.clone(), alone.screen, alone.offset));
        separate.sort_by_cached_key(place);
        Recording { separate, ..recording.clone() }
    }

    /// The recording that one was made beside, if that is there.
    pub(super) fn whole(&self, recording: &Recording) -> Option<&Recording> {
        self.all.get(&recording.alone.as_ref()?.of)
    }

    /// Deletes one with all that was made beside it, so that it can be had back with them.
    pub(super) async fn delete(&mut self, id: RecordingId) -> Result<(), Error> {
        let recording = self.all.get(&id).filter(|recording| recording.ended.is_some()).ok_or(Error::NotFound)?;
        if recording.protected || self.whole(recording).is_some_and(|whole| whole.protected) {
            return Err(Error::Protected);
        }
        let now = self.unix();
        for id in self.together(id, None) {
            self.set(id, |recording| recording.deleted = Some(now)).await?;
        }
        Ok(())
    }

    /// Has one back, with all that was deleted with it.
    pub(super) async fn restore(&mut self, id: RecordingId) -> Result<Recording, Error> {
        let recording = self.all.get(&id).ok_or(Error::NotFound)?;
        if self.whole(recording).is_some_and(|whole| whole.deleted.is_some()) {
            return Err(Error::NotFound);
        }
        for id in self.together(id, recording.deleted) {
            self.set(id, |recording| recording.deleted = None).await?;
        }
        self.all.get(&id).map(|recording| self.with_separate(recording)).ok_or(Error::NotFound)
    }

    /// This one, and what was made beside it and is as deleted as that says.
    fn together(&self, id: RecordingId, deleted: Option<i64>) -> Vec<RecordingId> {
        let beside = self.all.values().filter(|it| it.is_beside(id) && it.deleted == deleted).map(|it| it.id);
        beside.chain([id]).collect()
    }
}

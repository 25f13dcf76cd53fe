//! The list of recordings: begins them as the rooms say, keeps them, and lets go of those that there is no room for.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::beside::Beside;
use super::catalogue::{Folder, shelf};
use super::session::{Made, Pace, Session, Told};
use super::{Alone, Change, Command, Config, Error, Parts, Recording, Recordings, State, Video};
use crate::drivers::disk::{self, Space};
use crate::drivers::identity::random_id;
use crate::model::id::{PublicationId, RecordingId, RoomId};
use crate::proto::auth::Title;
use crate::services::broadcast::Recorded;
use crate::services::room::{Notice, Room, Wanted};
use crate::services::supervisor;

/// What sessions have to tell; those that find no room wait.
const TOLD: usize = 64;
/// How often it is looked how much room there is and what has to go: while something is recorded, and otherwise.
const LOOK: Duration = Duration::from_secs(5);
const LOOK_IDLE: Duration = Duration::from_secs(60);
/// Below so many seconds of room it is said.
const SOON: u64 = 3600;

/// A recording that is being made, or finished.
pub(super) struct Making {
    pub(super) room: RoomId,
    pub(super) what: What,
    /// Ends it; nothing once it was told to.
    pub(super) goes_on: Option<DropGuard>,
}

/// What it is of.
pub(super) enum What {
    /// What is on air.
    Program(Beside),
    /// One participant alone, or the screen that they share.
    Separate { of: RecordingId, publication: PublicationId },
}

impl Making {
    fn is_program(&self) -> bool {
        matches!(self.what, What::Program(_))
    }

    /// Whether it is of this, beside this one.
    pub(super) fn is_separate(&self, of: RecordingId, publication: PublicationId) -> bool {
        matches!(self.what, What::Separate { of: this, publication: that } if (this, that) == (of, publication))
    }
}

pub(super) struct Actor {
    pub(super) config: Config,
    pub(super) folder: Folder,
    pub(super) parts: Parts,
    pub(super) tasks: TaskTracker,
    pub(super) cancel: CancellationToken,
    pub(super) all: BTreeMap<RecordingId, Recording>,
    pub(super) making: HashMap<RecordingId, Making>,
    /// The part that is being copied, and where the one that it is a part of began.
    pub(super) trimming: Option<(RecordingId, i64)>,
    pub(super) space: Space,
    /// Why nothing can be recorded.
    pub(super) trouble: Option<Trouble>,
    /// How fast it grows in bytes a second, by when it was looked at last and how much there was.
    grown: (Instant, u64, u64),
    /// It was said that there is little room.
    warned: bool,
    pub(super) told: mpsc::Sender<Told>,
    news: mpsc::Receiver<Told>,
}

/// Why nothing can be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    SdCard,
    Full,
    Folder(String),
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::SdCard => Self::SdCard,
            Trouble::Full => Self::Full,
            Trouble::Folder(why) => Self::Folder(why),
        }
    }
}

/// What the disk says, for whoever asked.
pub(super) fn folder(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull => Error::Full,
        _ => Error::Folder(error.to_string()),
    }
}

impl Actor {
    pub(super) fn new(
        config: Config,
        folder: Folder,
        parts: Parts,
        tasks: TaskTracker,
        cancel: CancellationToken,
    ) -> Self {
        let (told, news) = mpsc::channel(TOLD);
        Self {
            config,
            folder,
            parts,
            tasks,
            cancel,
            all: BTreeMap::new(),
            making: HashMap::new(),
            trimming: None,
            space: Space::default(),
            trouble: None,
            grown: (Instant::now(), 0, 0),
            warned: false,
            told,
            news,
        }
    }

    pub(super) async fn keep(mut self, mut inbox: mpsc::Receiver<Command>) {
        match self.blocking(Folder::open).await {
            Ok(all) => {
                self.all = all;
                for recording in self.all.values().filter(|recording| recording.is_public()) {
                    self.announce(recording.id).await;
                }
            }
            Err(error) => tracing::warn!(%error, "the folder for recordings can't be used"),
        }
        let mut pauses = self.parts.supervisor.pauses(supervisor::Part::Recorder);
        while pauses.attempt(self.run(&mut inbox)).await.is_none() {}
        // What is being made ends, and is finished.
        self.making.values_mut().for_each(|making| making.goes_on = None);
        while !self.making.is_empty() || self.trimming.is_some() {
            let Some(told) = self.news.recv().await else { return };
            self.take(told).await;
        }
    }

    async fn run(&mut self, inbox: &mut mpsc::Receiver<Command>) {
        let (mut rooms, cancel) = (self.parts.rooms.rooms(), self.cancel.clone());
        let mut looked = None;
        loop {
            let pause = if self.making.is_empty() { LOOK_IDLE } else { LOOK };
            if looked.is_none_or(|looked: Instant| looked.elapsed() >= pause) {
                self.look().await;
                looked = Some(Instant::now());
            }
            let now = rooms.borrow_and_update().clone();
            self.follow(&now).await;
            tokio::select! {
                () = cancel.cancelled() => return,
                changed = rooms.changed() => if changed.is_err() {
                    return;
                },
                command = inbox.recv() => match command {
                    Some(command) => self.obey(command).await,
                    None => return,
                },
                Some(told) = self.news.recv() => self.take(told).await,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Begins and ends recordings as the rooms say.
    async fn follow(&mut self, rooms: &[Arc<Room>]) {
        let wants = |room: &&Arc<Room>| room.live.as_ref().is_some_and(|live| live.recording.is_some());
        for making in self.making.values_mut().filter(|making| making.is_program()) {
            if !rooms.iter().any(|room| room.id == making.room && wants(&room)) {
                making.goes_on = None;
            }
        }
        for room in rooms.iter().filter(wants) {
            let runs = |making: &Making| making.is_program() && making.room == room.id && making.goes_on.is_some();
            let goes_on = self.making.values().any(runs);
            if goes_on {
                continue;
            }
            let begun = match &self.trouble {
                None => self.begin(room).await,
                Some(trouble) => Err(trouble.clone().into()),
            };
            if let Err(error) = begun {
                tracing::error!(%error, room = %room.id, "a room is not recorded");
                self.give_up(room.id).await;
            }
        }
        self.follow_separate(rooms).await;
    }

    /// What is on air of a room can't be recorded: nobody is told that it is.
    async fn give_up(&self, room: RoomId) {
        // A room that is off air by now, or gone, is not recorded either.
        let _ = self.parts.rooms.record(room, Wanted::Nothing).await;
        self.parts.rooms.notice(room, Notice::RecordingStopped).await;
    }

    async fn begin(&mut self, room: &Room) -> Result<(), Error> {
        let Some(live) = &room.live else { return Ok(()) };
        let id = random_id(RecordingId::from_bytes);
        let recording = Recording::begins(id, live.title.to_string(), room.id, self.unix());
        self.keep_one(&recording).await.map_err(folder)?;
        self.all.insert(id, recording);
        // Not a child of what ends the actor: that asks it to end, and waits until it has.
        let stop = CancellationToken::new();
        let (pace, paced) = watch::channel(Pace::default());
        let session = Session {
            id,
            room: room.id,
            parts: self.parts.clone(),
            folder: self.folder.clone(),
            told: self.told.clone(),
            pace,
            stop: stop.clone(),
        };
        tracing::info!(recording = %id, room = %room.id, "a recording begins");
        let (supervisor, told) = (self.parts.supervisor.clone(), self.told.clone());
        let task = async move {
            let made = supervisor.once(supervisor::Part::Recorder, session.run()).await;
            let made = made.unwrap_or_else(|failed| Made { result: Err(io::Error::other(failed)), ..Made::default() });
            // When nobody listens any more the box is stopping.
            let _ = told.send(Told::Ended(id, made)).await;
        };
        self.tasks.spawn(task.instrument(tracing::info_span!("recording", recording = %id)));
        let what = What::Program(Beside::new(paced));
        self.making.insert(id, Making { room: room.id, what, goes_on: Some(stop.drop_guard()) });
        Ok(())
    }

    /// Takes in what a session has to say.
    async fn take(&mut self, told: Told) {
        match told {
            Told::Goes { id, runs, duration, bytes, chapters } => {
                let Some(recording) = self.all.get_mut(&id) else { return };
                let more = recording.chapters != chapters;
                recording.state = if runs { State::Recording } else { State::Waiting };
                (recording.duration, recording.bytes, recording.chapters) = (duration, bytes, chapters);
                if more {
                    let recording = recording.clone();
                    if let Err(error) = self.keep_one(&recording).await {
                        tracing::warn!(%error, "the chapters of a recording are not kept");
                    }
                }
            }
            Told::Begins { id, at, offset } => {
                let started = i64::try_from(self.parts.timeline.unix_nanos(at) / 1_000_000_000).unwrap_or(0);
                let begins = |recording: &mut Recording| {
                    recording.started = started;
                    recording.alone.iter_mut().for_each(|alone| alone.offset = offset);
                };
                if let Err(error) = self.set(id, begins).await {
                    tracing::warn!(recording = %id, %error, "where a recording begins is not kept");
                }
            }
            Told::Ended(id, made) => self.ended(id, made).await,
            Told::Trimmed(id, made) => self.trimmed(id, made).await,
        }
    }

    async fn ended(&mut self, id: RecordingId, Made { result, duration, chapters }: Made) {
        let (making, recording) = (self.making.remove(&id), self.all.remove(&id));
        let Some(mut recording) = recording else { return };
        recording.ended = Some(self.unix());
        match result {
            Ok(0) => {
                tracing::info!(recording = %id, "nothing was recorded");
                return self.let_go(id).await;
            }
            Ok(bytes) => {
                tracing::info!(recording = %id, seconds = duration / 1000, bytes, "a recording is finished");
                (recording.duration, recording.chapters, recording.bytes) = (duration, chapters, bytes);
                recording.state = State::Finished;
                if let Err(error) = self.keep_one(&recording).await {
                    tracing::warn!(%error, "what a recording is can't be kept");
                }
            }
            Err(error) => {
                tracing::error!(recording = %id, %error, "a recording broke off");
                // What was written is finished as what is left behind is, now or, where there is no room for that, later.
                recording.state = State::Broken;
                let found = match self.keep_one(&recording).await {
                    Ok(()) => self.blocking(move |folder| folder.read(id)).await,
                    Err(error) => Err(error),
                };
                if let Ok(Some(found)) = found {
                    recording = Recording { state: State::Broken, ..found };
                }
                match making {
                    Some(Making { room, what: What::Program(_), goes_on: Some(_) }) => self.give_up(room).await,
                    Some(Making { what: What::Separate { of, publication }, .. }) => {
                        self.separate_failed(of, publication).await;
                    }
                    _ => {}
                }
            }
        }
        self.all.insert(id, recording);
        self.announce(id).await;
    }

    async fn obey(&mut self, command: Command) {
        // Whoever asked may have gone away.
        match command {
            Command::List { done } => {
                let _ = done.send(Ok(self.list()));
            }
            Command::Ready { done } => {
                self.look().await;
                let _ = done.send(self.trouble.clone().map_or(Ok(()), |trouble| Err(trouble.into())));
            }
            Command::Change { id, change, done } => {
                let _ = done.send(self.change(id, change).await);
            }
            Command::Delete { id, done } => {
                let _ = done.send(self.delete(id).await);
            }
            Command::Restore { id, done } => {
                let _ = done.send(self.restore(id).await);
            }
            Command::Video { id, public, done } => {
                let _ = done.send(self.video(id, public).await);
            }
            Command::Trim { id, part, done } => {
                let _ = done.send(self.trim(id, part).await);
            }
        }
    }

    async fn change(&mut self, id: RecordingId, change: Change) -> Result<Recording, Error> {
        let Change { title, protected, published } = change;
        // What was made beside another one goes with it.
        let found = self.all.get(&id).filter(|recording| recording.alone.is_none()).ok_or(Error::NotFound)?;
        let id = found.id;
        let now = self.unix();
        let title = title.map(|title| Title::new(&title)).transpose().map_err(Error::BadTitle)?;
        let change = |recording: &mut Recording| {
            if let Some(title) = title {
                recording.title = title.to_string();
            }
            recording.protected = protected.unwrap_or(recording.protected);
            if let Some(published) = published {
                recording.published = published.then(|| recording.published.unwrap_or(now));
            }
        };
        let changed = self.set(id, change).await?;
        Ok(self.with_separate(&changed))
    }

    /// Changes one and keeps that.
    pub(super) async fn set(
        &mut self,
        id: RecordingId,
        change: impl FnOnce(&mut Recording),
    ) -> Result<Recording, Error> {
        let mut recording = self.all.get(&id).cloned().ok_or(Error::NotFound)?;
        change(&mut recording);
        self.keep_one(&recording).await.map_err(folder)?;
        self.all.insert(id, recording.clone());
        self.announce(id).await;
        Ok(recording)
    }

    /// Everybody who watches finds what is published, and nothing else.
    pub(super) async fn announce(&self, id: RecordingId) {
        let public = self.all.get(&id).filter(|recording| recording.is_public());
        let public = public.and_then(|recording| Some((recording, Title::new(&recording.title).ok()?)));
        let done = match public {
            Some((recording, title)) => {
                let recorded = Recorded { started: recording.started, duration: recording.duration };
                self.parts.broadcasts.publish(id.broadcast(), title, recorded).await
            }
            None => self.parts.broadcasts.remove(id.broadcast()).await,
        };
        if let Err(error) = done {
            tracing::warn!(recording = %id, %error, "a recording is not published");
        }
    }

    async fn video(&self, id: RecordingId, public: bool) -> Result<Video, Error> {
        let found = self.all.get(&id).filter(|recording| !public || recording.is_public()).ok_or(Error::NotFound)?;
        // It is called as the one is called that it was made beside.
        let title = match &found.alone {
            Some(Alone { name, screen, .. }) => {
                let title = &self.whole(found).unwrap_or(found).title;
                format!("{title} - {name}{}", if *screen { " (screen)" } else { "" })
            }
            None => found.title.clone(),
        };
        let duration = found.duration;
        let path = self.blocking(move |folder| {
            // One that broke off may not be finished yet.
            let whole = folder.video(id);
            Ok(if whole.exists() { whole } else { folder.part(id) })
        });
        Ok(Video { path: path.await.map_err(folder)?, title, duration })
    }

    /// How much room there is; what has to go for it, goes.
    pub(super) async fn look(&mut self) {
        let (root, sd_card) = (self.parts.root.clone(), self.config.sd_card);
        let looked = self.blocking(move |folder| {
            disk::folder(folder.path())?;
            let card = !sd_card && disk::is_on_sd_card(&root, folder.path());
            Ok((disk::space(folder.path())?, card))
        });
        self.trouble = match looked.await {
            Ok((space, card)) => {
                self.space = space;
                card.then_some(Trouble::SdCard)
            }
            Err(error) => Some(Trouble::Folder(error.to_string())),
        };
        let keeping = self.config.keeping();
        for id in shelf(&self.all, self.space.free).goes(keeping, self.unix()) {
            tracing::info!(recording = %id, "a recording is deleted: it is too old, was deleted by somebody, or there is no room for it");
            self.let_go(id).await;
        }
        let (since, before, rate) = self.grown;
        let growing: u64 = self.all.values().filter(|it| it.ended.is_none()).map(|it| it.bytes).sum();
        let seconds = since.elapsed().as_secs();
        if growing < before {
            self.grown = (Instant::now(), growing, 0);
        } else if seconds >= 10 {
            self.grown = (Instant::now(), growing, (growing - before) / seconds);
        } else {
            self.grown = (since, before, if growing == 0 { 0 } else { rate });
        }
        let room = shelf(&self.all, self.space.free).room(keeping, self.grown.2);
        if self.trouble.is_none() && room.bytes == 0 {
            self.trouble = Some(Trouble::Full);
        }
        if self.trouble == Some(Trouble::Full) && !self.making.is_empty() {
            tracing::error!("there is no room for recordings any more: what is being made ends");
            // Each is finished with what it has, and the rooms hear of it when none can be begun.
            self.making.values_mut().for_each(|making| making.goes_on = None);
        }
        let soon = room.lasts.is_some_and(|lasts| lasts.as_secs() < SOON);
        if soon && !self.warned {
            tracing::warn!(
                minutes = room.lasts.map(|lasts| lasts.as_secs() / 60),
                "there is little room left for recordings"
            );
        }
        self.warned = soon;
    }

    /// Takes it off the disk and out of the list, with what was made beside it.
    async fn let_go(&mut self, id: RecordingId) {
        let beside = self.all.values().filter(|it| it.is_beside(id) && it.ended.is_some()).map(|it| it.id);
        for id in beside.chain([id]).collect::<Vec<_>>() {
            match self.blocking(move |folder| folder.remove(id)).await {
                Ok(()) => {
                    self.all.remove(&id);
                    self.announce(id).await;
                }
                Err(error) => tracing::warn!(recording = %id, %error, "a recording can't be deleted"),
            }
        }
    }

    pub(super) async fn keep_one(&self, recording: &Recording) -> io::Result<()> {
        let recording = recording.clone();
        self.blocking(move |folder| {
            disk::folder(folder.path())?;
            folder.keep(&recording)
        })
        .await
    }

    /// Does something on the disk, away from the async runtime.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || work(&folder)).await.map_err(io::Error::other)?
    }

    fn list(&self) -> Recordings {
        let room = shelf(&self.all, self.space.free).room(self.config.keeping(), self.grown.2);
        let whole = self.all.values().filter(|recording| self.whole(recording).is_none());
        let mut recordings: Vec<Recording> = whole.map(|recording| self.with_separate(recording)).collect();
        recordings.sort_by_key(|recording| std::cmp::Reverse((recording.started, recording.id)));
        Recordings {
            recordings,
            free: self.space.free,
            total: self.space.total,
            lasts: room.lasts.map(|lasts| lasts.as_secs()),
            trouble: self.trouble.clone().map(|trouble| Error::from(trouble).to_string()),
        }
    }

    /// Wall time in seconds since 1970 UTC.
    pub(super) fn unix(&self) -> i64 {
        let now = self.parts.timeline.media(std::time::Instant::now());
        i64::try_from(self.parts.timeline.unix_nanos(now) / 1_000_000_000).unwrap_or(0)
    }
}

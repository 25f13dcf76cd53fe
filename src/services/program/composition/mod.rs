//! The composition: many decoded members become one stream of pictures and one mix of sound, on media time.
//!
//! Owns the tasks that feed decoders (`feed`), the beat (`schedule`), and the actor that lays out, draws and mixes by
//! the rules of `proto/layout`. What it deliberately does not do: it knows no codec (the daemon hands it [`Codecs`]),
//! encodes nothing, and decides neither who is in it nor what for: who adds a member has subscribed with a purpose.
//!
//! At media time `t` the picture shows each member as they were at `t - delay` and is stamped so; the sound of the same
//! beat begins there too. Capture times survive, and lips and voice stay together. Within its bounds the delay follows those who
//! arrive last (`patience`): it decides when something is made, never what is in it or which times it has.

mod actor;
mod codecs;
mod counters;
mod feed;
mod patience;
mod schedule;
#[cfg(test)]
mod tests;
mod workers;

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use codecs::{CardSpec, Codecs, Decoder, Failure, Gone, Later, VideoSpec};
pub use counters::Counters;
pub use feed::Ending;

use crate::model::id::PublicationId;
use crate::model::raw::{Picture, Sound};
use crate::model::ring::Reader;
use crate::model::time::{MediaTime, Timeline};
use crate::model::track::Codec;
use crate::model::unit::Unit;
use crate::proto::layout::arrange::Layout;
use crate::proto::layout::canvas::Colour;
use crate::services::supervisor::Supervisor;

/// Commands that wait for the actor. When it is full, whoever commands waits.
const COMMANDS: usize = 32;
/// Finished pictures that wait for the consumer. When it is full, the newest is left out.
const PICTURES: usize = 4;
/// Chunks of sound that wait for the consumer: a second. When it is full, the newest is left out.
const SOUNDS: usize = 50;
/// Members of one composition; more are refused.
pub const MOST_MEMBERS: usize = 64;

/// What a composition makes. What is not made is not decoded either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Makes {
    /// Pictures without sound.
    Pictures,
    /// Sound without pictures.
    Sound,
    /// Both.
    Both,
}

impl Makes {
    /// Whether there are pictures.
    pub const fn pictures(self) -> bool {
        matches!(self, Self::Pictures | Self::Both)
    }

    /// Whether there is sound.
    pub const fn sound(self) -> bool {
        matches!(self, Self::Sound | Self::Both)
    }
}

/// How a composition looks and what it makes.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Pixels across, 16 to 7680; an odd number is rounded down.
    pub width: u32,
    /// Pixels down, 16 to 4320; an odd number is rounded down.
    pub height: u32,
    /// Pictures a second, 1 to 120.
    pub fps: u32,
    /// How far behind the present the composition is, at least and at most, up to 2 s: who arrives later than that is not in time.
    pub delay: RangeInclusive<Duration>,
    /// What is behind the tiles.
    pub background: Colour,
    /// How long a line over everything stays.
    pub overlay_for: Duration,
    /// What is made.
    pub makes: Makes,
    /// Where what it does is counted.
    pub counters: Arc<Counters>,
    /// Who starts what failed again.
    pub supervisor: Supervisor,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            width: 1280,
            height: 720,
            fps: 30,
            delay: Duration::from_millis(150)..=Duration::from_millis(150),
            background: Colour::DUSK,
            overlay_for: Duration::from_secs(5),
            makes: Makes::Both,
            counters: Arc::default(),
            supervisor: Supervisor::default(),
        }
    }
}

impl Settings {
    fn within_limits(mut self) -> Self {
        self.width = self.width.clamp(16, 7680) & !1;
        self.height = self.height.clamp(16, 4320) & !1;
        self.fps = self.fps.clamp(1, 120);
        let most = (*self.delay.end()).min(Duration::from_secs(2));
        self.delay = (*self.delay.start()).min(most)..=most;
        self
    }
}

/// What the pictures of a member are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// Somebody, in a tile like all others.
    Camera,
    /// A shared screen, which has most of the picture.
    Screen,
}

/// Whether names are written with the pictures; on a card there is one always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Names {
    /// Low in each picture.
    #[default]
    Shown,
    /// On cards alone.
    Hidden,
}

/// Somebody in the composition, or a screen that they share.
pub struct Member {
    /// Which publication this is.
    pub key: PublicationId,
    /// What its pictures are of.
    pub shows: Shows,
    /// The name that is written with the picture.
    pub name: String,
    /// The picture, if they show one: H.264 or VP8.
    pub video: Option<(Codec, Reader<Unit>)>,
    /// The sound, if they make any. Its ring carries Opus or AAC.
    pub audio: Option<Reader<Unit>>,
}

/// Who is in the composition now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The members, in the order of their tiles.
    pub members: Vec<PublicationId>,
    /// Of everybody who was ever removed, nothing is in any output from this media time on.
    pub cut: MediaTime,
    /// Who was removed last because a track of theirs ended, and how.
    pub ended: Option<(PublicationId, Ending)>,
}

/// What the composition gives. What is not made is not there. A receiver that is dropped is not made for any more.
pub struct Outputs {
    /// One picture each beat, with strictly rising times.
    pub pictures: Option<mpsc::Receiver<Picture>>,
    /// Chunks of 20 ms, each beginning where the one before ended; only after a stall of half a second there is a jump forward.
    pub sounds: Option<mpsc::Receiver<Sound>>,
}

/// Why the composition did not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It has ended; nothing more will come of it.
    #[error("the composition has ended")]
    Ended,
    /// Somebody must leave first.
    #[error("the composition has {MOST_MEMBERS} members already")]
    Full,
    /// It makes sound only.
    #[error("the composition makes no pictures")]
    NoPictures,
    /// So many wait for a still already that it makes no sense to wait too; ask again later.
    #[error("too many stills are asked for at once")]
    Busy,
}

enum Command {
    Add(Member, oneshot::Sender<Result<(), Error>>),
    Remove(PublicationId, oneshot::Sender<MediaTime>),
    Pictures(PublicationId, Option<(Codec, Reader<Unit>)>),
    Rest(bool),
    Rename(PublicationId, String),
    Front(Option<PublicationId>),
    Arrange(Layout, Names),
    Overlay(Option<String>),
    Snapshot(oneshot::Sender<Result<Picture, Error>>),
}

/// Commands a composition. It ends when the last handle is dropped.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    state: watch::Receiver<State>,
}

impl Handle {
    /// Takes somebody in, at the end, or in their own place if they are in already. Decoders start at once.
    ///
    /// # Errors
    /// [`Error::Full`] or [`Error::Ended`].
    pub async fn add(&self, member: Member) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::Add(member, answer)).await?;
        answered.await.map_err(|_| Error::Ended)?
    }

    /// Takes somebody out and says from which media time on nothing of them is in any output. What is in the outputs
    /// already has earlier times: who must be exact drops nothing but what is stamped at the cut or later, and that is
    /// without them. Right also for somebody who is not in any more.
    ///
    /// # Errors
    /// [`Error::Ended`].
    pub async fn remove(&self, key: PublicationId) -> Result<MediaTime, Error> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::Remove(key, answer)).await?;
        answered.await.map_err(|_| Error::Ended)
    }

    /// Takes the pictures of a member from here from now on, or shows a card in their place. Their sound goes on as it was. Nothing for
    /// somebody who is not in it.
    ///
    /// # Errors
    /// [`Error::Ended`].
    pub async fn pictures(&self, key: PublicationId, video: Option<(Codec, Reader<Unit>)>) -> Result<(), Error> {
        self.command(Command::Pictures(key, video)).await
    }

    /// Composes no pictures while it rests, but for stills. Sound goes on.
    ///
    /// # Errors
    /// [`Error::Ended`].
    pub async fn rest(&self, rests: bool) -> Result<(), Error> {
        self.command(Command::Rest(rests)).await
    }

    /// Writes another name with the picture from now on.
    ///
    /// # Errors
    /// [`Error::Ended`].
    pub async fn rename(&self, key: PublicationId, name: String) -> Result<(), Error> {
        self.command(Command::Rename(key, name)).await
    }

    /// Has somebody come before the others, or nobody. Their sound goes on as it was.
    ///
    /// # Errors
    /// [`Error::Ended`].
    pub async fn front(&self, key: Option<PublicationId>) -> Result<(), Error> {
        self.command(Command::Front(key)).await
    }

    /// Shows everybody in another way, with their names or without. Their sound goes on as it was.
    ///
    /// # Errors
    /// [`Error::Ended`].
    pub async fn arrange(&self, layout: Layout, names: Names) -> Result<(), Error> {
        self.command(Command::Arrange(layout, names)).await
    }

    /// Shows a line over everything for a while, or takes it away.
    ///
    /// # Errors
    /// [`Error::Ended`].
    pub async fn overlay(&self, line: Option<String>) -> Result<(), Error> {
        self.command(Command::Overlay(line)).await
    }

    /// The next picture in which everybody with video is seen, or, after three seconds, the next one as it is.
    ///
    /// # Errors
    /// [`Error::NoPictures`], [`Error::Busy`] or [`Error::Ended`].
    pub async fn snapshot(&self) -> Result<Picture, Error> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::Snapshot(answer)).await?;
        answered.await.map_err(|_| Error::Ended)?
    }

    /// Who is in it, and the newest cut. A member whose track ends is removed by the composition itself; this says so.
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    async fn command(&self, command: Command) -> Result<(), Error> {
        self.commands.send(command).await.map_err(|_| Error::Ended)
    }
}

/// Starts an empty composition. Its task runs on `tracker` until `cancel` or until the last handle is dropped, and ends
/// all others that it has started before it ends itself.
pub fn start(
    settings: Settings,
    codecs: Arc<dyn Codecs>,
    timeline: Timeline,
    tracker: &TaskTracker,
    cancel: CancellationToken,
) -> (Handle, Outputs) {
    let settings = settings.within_limits();
    let (commands, received) = mpsc::channel(COMMANDS);
    let (pictures, pictures_out) = output(settings.makes.pictures(), PICTURES);
    let (sounds, sounds_out) = output(settings.makes.sound(), SOUNDS);
    let (actor, state) = actor::Actor::new(settings, codecs, timeline, actor::Outlets { pictures, sounds });
    tracker.spawn(actor.run(received, cancel));
    (Handle { commands, state }, Outputs { pictures: pictures_out, sounds: sounds_out })
}

fn output<T>(wanted: bool, capacity: usize) -> (Option<mpsc::Sender<T>>, Option<mpsc::Receiver<T>>) {
    let (sender, receiver) = mpsc::channel(capacity);
    if wanted { (Some(sender), Some(receiver)) } else { (None, None) }
}

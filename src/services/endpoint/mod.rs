//! The box as a participant: its camera and microphone are publications like any other, and it shows and plays the others.
//!
//! It is in a call only when the room says so. The camera and the microphone are open only while somebody takes them; a
//! muted one is closed. Whatever is not plugged in is stood in for, and says so. Owns the choice of devices and what the owner adjusts on
//! the camera ([`adjust`]); does not own
//! the seat (that is the room's) nor how a composition is made (that is the program's).

pub mod adjust;
mod bell;
mod camera;
mod capture;
mod choice;
pub mod condition;
mod config;
pub mod hearing;
mod layers;
pub mod login;
mod modes;
pub mod report;
mod showing;
mod sight;
mod sound;
mod television;
mod volume;

pub use choice::{Abilities, Canceller, Device, Devices, EyeKind};
pub use config::{Auto, CameraChoice, Config, EchoChoice, ModeChoice, Most, ScreenChoice, Sink, Source, WishedMode};
pub use login::Login;
pub use modes::Note;
pub use showing::{BoxScreen, Layout};
pub use television::Link;
pub use volume::{By, Loudness, Loudnesses, Wish, Wishes};

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::drivers::device;
use crate::drivers::device::controls::Controls;
use crate::drivers::disk;
use crate::drivers::pipeline::{Chosen, DisplaySpec, Encoders, MicrophoneSource};
use crate::drivers::store;
use crate::model::board::Board;
use crate::model::id::{ParticipantId, RoomId};
use crate::model::raw::Picture;
use crate::model::time::Timeline;
use crate::proto::auth::Name;
use crate::services::heat::Level;
use crate::services::room::{self, BoxTracks, BoxWish, Notice, Participant, ParticipantKind, Room};
use crate::services::supervisor::Part;
use crate::services::{announce, network, origin, privacy, program, telephone};

/// Stills that wait to be taken; whoever asks for more waits.
const STILLS: usize = 4;
/// How often the box in calls shows that it lives, when there is nothing to do.
const TURN: Duration = Duration::from_secs(1);

/// Why the box does not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The box is not in this call.
    #[error(transparent)]
    Room(#[from] room::Error),
    /// The picture could not be made.
    #[error("no picture can be made: {0}")]
    Picture(String),
    /// A volume is out of range.
    #[error("a volume is from 0 to 100 percent")]
    BadVolume,
    /// There is no such device, or nobody can make it louder and quieter.
    #[error("there is no such device, or its sound card has no control for that")]
    NoControl,
    /// There is no real microphone, or no speaker.
    #[error(
        "a real microphone and a speaker are needed: plug them in, and look at endpoint.microphone and endpoint.speaker"
    )]
    NoSound,
    /// Microphone and speaker are in use.
    #[error("the box's microphone and speaker are in use: take the box out of the call first")]
    SoundBusy,
    /// The box is in privacy mode.
    #[error("the box is in privacy mode: somebody who is there has to end it")]
    Private,
    /// They can't be used.
    #[error("{0}")]
    Sound(String),
    /// The box is shutting down.
    #[error("the box is shutting down")]
    Closed,
}

type Still = (RoomId, oneshot::Sender<Result<Bytes, Error>>);

/// The way to the endpoint; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    stills: mpsc::Sender<Still>,
    devices: watch::Receiver<Arc<Devices>>,
    encoders: Encoders,
    adjust: adjust::Handle,
    heat: watch::Receiver<Level>,
    volumes: volume::Volumes,
    sound: sound::Sound,
    layout: watch::Sender<Layout>,
    asleep: watch::Sender<bool>,
    survey: Arc<Survey>,
}

/// What a report on the devices is made of.
struct Survey {
    config: watch::Receiver<Config>,
    plugged: device::Plugged,
    can: Abilities,
    board: Option<Board>,
    state: PathBuf,
    program: (u32, u32, u32),
    started: Instant,
}

impl Handle {
    /// What is left out of the camera because the board is too hot.
    pub fn heat(&self) -> Level {
        *self.heat.borrow()
    }

    /// What is adjusted on its camera.
    pub fn camera(&self) -> &adjust::Handle {
        &self.adjust
    }

    /// How loud speaker and microphone are.
    pub fn loudness(&self) -> Loudnesses {
        self.volumes.shown()
    }

    /// Makes speaker and microphone louder and quieter, and says how loud they are then. It is kept.
    ///
    /// # Errors
    /// [`Error::BadVolume`], [`Error::NoControl`], [`Error::Closed`].
    pub async fn set_loudness(&self, wishes: Wishes) -> Result<Loudnesses, Error> {
        self.volumes.wish(wishes).await
    }

    /// Plays something, listens, and says what to change. Takes four seconds.
    ///
    /// # Errors
    /// [`Error::NoSound`], [`Error::SoundBusy`], [`Error::Sound`], [`Error::Closed`].
    pub async fn test_sound(&self) -> Result<hearing::SoundTest, Error> {
        self.sound.test().await
    }

    /// Makes its speaker louder or quieter by so many percent.
    ///
    /// # Errors
    /// [`Error::NoControl`] without a speaker, [`Error::Closed`].
    pub async fn turn(&self, by: i8) -> Result<(), Error> {
        self.volumes.turn(by).await
    }

    /// Has its screen show calls in the next way of those there are.
    pub fn next_layout(&self) {
        self.layout.send_modify(|layout| *layout = layout.next());
    }

    /// How its screen shows calls.
    pub fn screen(&self) -> BoxScreen {
        BoxScreen { there: self.has_screen(), asleep: *self.asleep.borrow(), layout: *self.layout.borrow() }
    }

    /// Has its screen show calls like this. It is kept.
    pub fn set_layout(&self, layout: Layout) {
        self.layout.send_replace(layout);
    }

    /// The television is known to sleep, or not: then nobody sees its screen, and no pictures are made for it.
    pub fn television_sleeps(&self, asleep: bool) {
        self.asleep.send_if_modified(|before| std::mem::replace(before, asleep) != asleep);
    }

    /// What is plugged in, used and left out, and what to do about it, without opening any device. Looks at files, so call it off the async
    /// runtime.
    pub fn survey(&self) -> report::Report {
        let Survey { config, plugged, can, board, state, program, started } = &*self.survey;
        let config = config.borrow().clone();
        let (root, encoder) = (Path::new("/"), self.encoder());
        let mut report = report::report(&config, &plugged.borrow(), &device::closed(root), &Ok(encoder), *can);
        let card = disk::is_on_sd_card(root, state);
        let wear = device::written().map(|written| condition::Wear { written, running: started.elapsed(), card });
        let clock = (device::clock::now(), device::clock::known(state));
        let condition = condition::Condition { board: board.clone(), heat: device::heat(), clock, wear };
        report.findings.extend(condition::findings(&condition, &config, *program, Some(&encoder)));
        report
    }

    /// What makes its H.264, and how fast.
    pub fn encoder(&self) -> Chosen {
        self.encoders.chosen()
    }

    /// What the box sees, hears, shows and plays with now.
    pub fn devices(&self) -> Arc<Devices> {
        self.devices.borrow().clone()
    }

    /// Whether there is a screen.
    pub fn has_screen(&self) -> bool {
        self.devices.borrow().display.is_some()
    }

    /// What the box's screen shows in a call, as JPEG. Everybody in the room is told, and the screen says so.
    ///
    /// # Errors
    /// [`Error::Room`] if the box is not in this call, [`Error::Picture`], [`Error::Closed`].
    pub async fn still(&self, room: RoomId) -> Result<Bytes, Error> {
        let (answer, answered) = oneshot::channel();
        self.stills.send((room, answer)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

/// What the endpoint stands on.
#[derive(Clone)]
pub struct Parts {
    /// Where publications go.
    pub origin: origin::Handle,
    /// The calls.
    pub rooms: room::Handle,
    /// Whether the box is in privacy mode: then neither camera nor microphone is opened, whatever the room says.
    pub private: watch::Receiver<bool>,
    /// The same with the code that the screen shows.
    pub privacy: watch::Receiver<privacy::Privacy>,
    /// Who rings.
    pub telephone: watch::Receiver<Arc<telephone::Telephone>>,
    /// What somebody outside of the room wants.
    pub announce: announce::Handle,
    /// How somebody in front of the screen joins.
    pub link: watch::Receiver<Option<Link>>,
    /// The network that the box opens while it has no other.
    pub network: watch::Receiver<network::Now>,
    /// What the box is called.
    pub called: watch::Receiver<Name>,
    /// Which encoder makes the camera's picture, and what takes its place when it fails.
    pub encoders: Encoders,
    /// Size and rate of the screen's picture when there is no screen: those of the program.
    pub screen: (u32, u32, u32),
    /// What there is of GStreamer here.
    pub can: Abilities,
    /// The login of a camera on the network.
    pub login: Option<Login>,
    /// What is known of the board.
    pub board: Option<Board>,
    /// The folder for what outlives the process.
    pub state: PathBuf,
    /// What is kept of the camera.
    pub store: store::Handle,
    /// Where its controls are set.
    pub controls: Arc<dyn Controls>,
    /// Media time.
    pub timeline: Timeline,
    /// What is counted, and who starts what failed again.
    pub seen: program::Seen,
    /// How much is left out because the board is too hot.
    pub heat: watch::Receiver<Level>,
}

/// Chooses the devices, again whenever something is plugged in or out or other ones are wished for, and starts the actor on `tasks`; it
/// ends with `cancel`. Sizes, rates and modes of `config` hold from the next call on.
pub fn start(
    mut config: watch::Receiver<Config>,
    mut plugged: device::Plugged,
    parts: Parts,
    tasks: &TaskTracker,
    cancel: CancellationToken,
) -> Handle {
    let survey = Arc::new(Survey {
        config: config.clone(),
        plugged: plugged.clone(),
        can: parts.can,
        board: parts.board.clone(),
        state: parts.state.clone(),
        program: parts.screen,
        started: Instant::now(),
    });
    let inventory = plugged.borrow_and_update().clone();
    let own = config.borrow_and_update().clone();
    let chosen = choice::choose(&own, &inventory, parts.can, parts.login.as_ref());
    for (what, why) in &inventory.skipped {
        tracing::info!(device = what, why, "a device is left out");
    }
    say(&chosen);
    let cards = cards(&own, &chosen, parts.can.canceller);
    let (using, used) = watch::channel(cards.used());
    let (dealing, cards) = watch::channel(cards);
    let (choosing, devices) = watch::channel(Arc::new(chosen));
    let (mut wished, gone, can, login) = (config.clone(), cancel.clone(), parts.can, parts.login.clone());
    let subject = |devices: &Devices| adjust::Subject::of(devices.eye.as_ref(), devices.camera.name.as_deref());
    let (looking, looked) = watch::channel(subject(&choosing.borrow()));
    let follow = async move {
        loop {
            tokio::select! {
                Ok(()) = plugged.changed() => {}
                Ok(()) = wished.changed() => {}
                // What was chosen stays.
                else => return std::future::pending().await,
            }
            let inventory = plugged.borrow_and_update().clone();
            let own = wished.borrow_and_update().clone();
            let before = choosing.borrow().clone();
            let now = choice::choose(&own, &choice::keeping(inventory, &before), can, login.as_ref());
            if now != *before {
                say(&now);
            }
            let cards = self::cards(&own, &now, can.canceller);
            using.send_replace(cards.used());
            let camera = subject(&now);
            looking.send_if_modified(|before| std::mem::replace(before, camera.clone()) != camera);
            // Also when nothing is another: what failed is tried again.
            choosing.send_replace(Arc::new(now));
            dealing.send_replace(cards);
        }
    };
    tasks.spawn(gone.run_until_cancelled_owned(follow));
    let (gain, gained) = watch::channel(1.0);
    let volumes = volume::Volumes::start(used, parts.store.clone(), gain, tasks, cancel.clone());
    let sound = sound::Sound::start(
        (cards, gained, parts.private.clone()),
        parts.seen.clone(),
        parts.timeline,
        tasks,
        cancel.clone(),
    );
    let bell = bell::run(sound.clone(), parts.telephone.clone(), parts.announce.follow(), parts.timeline);
    tasks.spawn(cancel.clone().run_until_cancelled_owned(bell));
    let (showing, television) = watch::channel(None);
    let (own, layout) = (watch::Sender::new(None), watch::Sender::new(Layout::default()));
    tasks.spawn(cancel.clone().run_until_cancelled_owned(showing::keep(layout.clone(), parts.store.clone())));
    let asleep = watch::Sender::new(false);
    let watched = Watched { loud: volumes.follow(), own: own.clone(), layout: layout.subscribe() };
    let screens =
        screens((config.clone(), parts.clone(), watched), devices.clone(), showing, tasks.clone(), cancel.clone());
    tasks.spawn(cancel.clone().run_until_cancelled_owned(screens));
    let adjusting = adjust::Parts {
        store: parts.store.clone(),
        controls: parts.controls.clone(),
        private: parts.private.clone(),
        supervisor: parts.seen.supervisor.clone(),
    };
    let adjust = adjust::start(looked, adjusting, tasks, cancel.clone());
    let (stills, inbox) = mpsc::channel(STILLS);
    let encoders = parts.encoders.clone();
    let heat = parts.heat.clone();
    let actor = Actor {
        config,
        parts,
        devices: devices.clone(),
        sound: sound.clone(),
        television,
        own,
        layout: layout.subscribe(),
        asleep: asleep.subscribe(),
        adjust: adjust.clone(),
        tasks: tasks.clone(),
        cancel,
        call: None,
    };
    tasks.spawn(actor.keep(inbox));
    Handle { stills, devices, encoders, adjust, heat, volumes, sound, layout, asleep, survey }
}

/// What the screen shows of the box itself.
struct Watched {
    loud: watch::Receiver<volume::Loudnesses>,
    /// Whoever shows what the camera sees subscribes to it: nobody else keeps a picture of it.
    own: watch::Sender<Option<Picture>>,
    layout: watch::Receiver<Layout>,
}

/// Keeps the screen that is plugged in showing something.
async fn screens(
    (mut config, parts, watched): (watch::Receiver<Config>, Parts, Watched),
    mut devices: watch::Receiver<Arc<Devices>>,
    showing: watch::Sender<Option<television::Television>>,
    tasks: TaskTracker,
    cancel: CancellationToken,
) {
    let (mut shown, mut stop) = (None, None::<DropGuard>);
    loop {
        let display = devices.borrow_and_update().display;
        let Config { overscan, language, blank_after, .. } = *config.borrow_and_update();
        let wanted = (display, overscan, blank_after);
        if shown != Some(wanted) || stop.is_none() {
            shown = Some(wanted);
            // The screen before lets go first.
            drop(stop.take());
            let started = display.map(|choice::Display { connector, size: own, driver }| {
                let (width, height) = size(own, parts.screen, overscan);
                let whole = size(own, parts.screen, 0);
                let spec = DisplaySpec { width, height, whole, fps: parts.screen.2, connector, driver };
                let told = television::Told {
                    rooms: parts.rooms.rooms(),
                    telephone: parts.telephone.clone(),
                    privacy: parts.privacy.clone(),
                    announced: parts.announce.follow(),
                    link: parts.link.clone(),
                    network: parts.network.clone(),
                    loud: watched.loud.clone(),
                    own: watched.own.subscribe(),
                    layout: watched.layout.clone(),
                    called: parts.called.clone(),
                    language,
                    blank_after,
                    timeline: parts.timeline,
                };
                let own = cancel.child_token();
                let counters = parts.seen.media.clone();
                let television = television::Television::start(spec, told, counters, &tasks, own.clone());
                stop = Some(own.drop_guard());
                television
            });
            showing.send_replace(started);
        }
        tokio::select! {
            Ok(()) = devices.changed() => {}
            Ok(()) = config.changed() => {}
            // What was chosen stays.
            else => std::future::pending().await,
        }
    }
}

/// Pixels of what the screen shows: its own mode, as far as the board can draw it, else those of the program; less so many percent at each
/// edge.
fn size(own: Option<(u32, u32)>, program: (u32, u32, u32), overscan: u32) -> (u32, u32) {
    let own = own.filter(|(w, h)| w * h <= 1920 * 1080);
    let (width, height) = own.map_or((program.0, program.1), |(w, h)| (w & !1, h & !1));
    let left = |side: u32| (side * 100u32.saturating_sub(2 * overscan) / 100) & !1;
    (left(width), left(height))
}

/// Says in the log what is used.
fn say(devices: &Devices) {
    tracing::info!(
        camera = devices.camera.label(),
        microphone = devices.microphone.label(),
        speaker = devices.speaker.label(),
        screen = devices.screen.label(),
        echo = ?devices.echo,
        "devices chosen"
    );
}

/// What of them is opened for sound, and how.
fn cards(config: &Config, devices: &Devices, canceller: bool) -> sound::Cards {
    sound::Cards {
        microphone: match &devices.microphone_source {
            Some(MicrophoneSource::Alsa { device }) => Some(device.clone()),
            Some(MicrophoneSource::StandIn) | None => None,
        },
        speaker: devices.speaker_device.clone(),
        bitrate: config.audio_bitrate.bps() as u32,
        echo: devices.echo.done(),
        voice: config.voice(devices.echo, canceller),
        speaker_delay: hearing::millis(config.speaker_delay),
    }
}

/// What the box gives to a call with these devices.
fn tracks(devices: &Devices) -> BoxTracks {
    BoxTracks {
        audio: devices.microphone.is_there(),
        video: devices.camera.is_there(),
        stand_in: devices.camera.stand_in || devices.microphone.stand_in,
    }
}

/// A call that the box is in.
struct Call {
    room: RoomId,
    who: ParticipantId,
    /// Ends camera and microphone.
    _capture: DropGuard,
    sight: sight::Sight,
}

struct Actor {
    config: watch::Receiver<Config>,
    parts: Parts,
    devices: watch::Receiver<Arc<Devices>>,
    sound: sound::Sound,
    television: watch::Receiver<Option<television::Television>>,
    own: watch::Sender<Option<Picture>>,
    layout: watch::Receiver<Layout>,
    asleep: watch::Receiver<bool>,
    adjust: adjust::Handle,
    tasks: TaskTracker,
    cancel: CancellationToken,
    call: Option<Call>,
}

/// The room the box is in, and its seat there.
fn seat(rooms: &[Arc<Room>]) -> Option<(&Room, &Participant)> {
    rooms.iter().find_map(|room| {
        let seat = room.participants.iter().find(|p| p.kind == ParticipantKind::Box)?;
        Some((&**room, seat))
    })
}

impl Actor {
    async fn keep(mut self, mut inbox: mpsc::Receiver<Still>) {
        if self.config.borrow().auto_join {
            self.join_first().await;
        }
        let mut pauses = self.parts.seen.supervisor.pauses(Part::Endpoint);
        while pauses.attempt(self.run(&mut inbox)).await.is_none() {}
    }

    async fn run(&mut self, inbox: &mut mpsc::Receiver<Still>) {
        let cancel = self.cancel.clone();
        let mut rooms = self.parts.rooms.rooms();
        // After a failure the devices are opened anew.
        self.call = None;
        let pulse = self.parts.seen.composition.pulses.begin("the box in calls");
        let mut turns = tokio::time::interval(TURN);
        loop {
            pulse.beat();
            let now = rooms.borrow_and_update().clone();
            self.follow(&now).await;
            tokio::select! {
                changed = rooms.changed() => if changed.is_err() {
                    return;
                },
                Ok(()) = self.devices.changed() => if let Some(who) = self.call.as_ref().map(|call| call.who) {
                    let tracks = tracks(&self.devices.borrow_and_update());
                    self.parts.rooms.box_tracks(who, tracks).await;
                },
                still = inbox.recv() => match still {
                    Some((room, answer)) => self.still(room, answer),
                    None => return,
                },
                _ = turns.tick() => {}
                () = cancel.cancelled() => return,
            }
        }
    }

    async fn join_first(&self) {
        let first = self.parts.rooms.rooms().borrow().first().map(|room| room.id);
        let Some(first) = first else {
            return;
        };
        let wish = BoxWish { in_call: Some(true), ..BoxWish::default() };
        if let Err(error) = self.parts.rooms.wish_box(first, wish).await {
            tracing::warn!(%error, "the box can't join the first room");
        }
    }

    /// Enters and leaves calls as the room says.
    async fn follow(&mut self, rooms: &[Arc<Room>]) {
        let seated = seat(rooms);
        if self.call.as_ref().map(|call| call.who) == seated.map(|(_, seat)| seat.id) {
            return;
        }
        // Dropping the old call closes its devices.
        self.call = None;
        let Some((room, seat)) = seated else {
            return;
        };
        let stop = self.cancel.child_token();
        let tracks = tracks(&self.devices.borrow_and_update());
        let config = self.config.borrow().clone();
        let overscan = config.overscan;
        let capture = capture::Capture {
            config,
            parts: self.parts.clone(),
            devices: self.devices.clone(),
            sound: self.sound.clone(),
            adjust: self.adjust.clone(),
            own: self.own.clone(),
            room: room.id,
            who: seat.id,
            publication: seat.publication,
            // Where nobody can tell there is one.
            cores: std::thread::available_parallelism().map_or(1, usize::from),
        };
        capture.start(&self.tasks, &stop).await;
        let with = sight::Outlets {
            devices: self.devices.clone(),
            sound: self.sound.clone(),
            television: self.television.clone(),
            layout: self.layout.clone(),
            asleep: self.asleep.clone(),
            overscan,
        };
        let sight = sight::Sight::start(self.parts.clone(), with, room.id, &self.tasks, stop.child_token());
        let (room, who) = (room.id, seat.id);
        self.call = Some(Call { room, who, _capture: stop.drop_guard(), sight });
        self.parts.rooms.box_tracks(who, tracks).await;
    }

    /// Takes a still without keeping the actor from its calls.
    fn still(&self, room: RoomId, answer: oneshot::Sender<Result<Bytes, Error>>) {
        let Some(call) = self.call.as_ref().filter(|call| call.room == room) else {
            // Whoever asked may have gone away.
            let _ = answer.send(Err(room::Error::BoxNotHere.into()));
            return;
        };
        let (taken, rooms) = (call.sight.still(), self.parts.rooms.clone());
        self.tasks.spawn(async move {
            let still = taken.await;
            if still.is_ok() {
                rooms.notice(room, Notice::StillTaken).await;
            }
            let _ = answer.send(still);
        });
    }
}

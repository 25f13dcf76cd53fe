//! What the box shows on its screen and plays on its speaker: everybody else in the call.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::sound::{Sound, Speaker};
use super::{Devices, Error, Parts};
use crate::drivers::pipeline::{self, DisplaySpec, Event, PictureFeed, Running};
use crate::model::id::RoomId;
use crate::model::purpose::Purpose;
use crate::model::raw::Picture;
use crate::services::program::composition::{self, Makes, Settings};
use crate::services::program::members::Members;
use crate::services::program::{Pipelines, Seen};
use crate::services::room::{Participant, ParticipantKind};
use crate::services::supervisor::Part;

/// Stills that wait.
const STILLS: usize = 4;
/// How long a composition that was started for a still goes on: the next one often follows.
const LINGER: Duration = Duration::from_secs(5);
/// How often somebody who could not be taken in is tried again, and a failed device.
const AGAIN: Duration = Duration::from_millis(500);
/// What the screen and the still say about it.
const TAKEN: &str = "A still of this screen was taken";
/// How often the screen says again that the room is on air, shorter than a line stays.
const REMIND: Duration = Duration::from_secs(3);
/// How long the line about a still stays before another takes its place.
const TAKEN_FOR: Duration = Duration::from_secs(5);
/// What the screen says while the room is live.
const ON_AIR: &str = "On air";

type Answer = oneshot::Sender<Result<Bytes, Error>>;

/// The composition for this box's own screen and speaker, in one call.
pub(super) struct Sight {
    stills: mpsc::Sender<Answer>,
}

impl Sight {
    /// Starts it on `tasks`, until `stop`. Nothing is composed while there is neither screen nor speaker nor a still to take.
    pub(super) fn start(
        parts: Parts,
        (mut chosen, sound): (watch::Receiver<Arc<Devices>>, Sound),
        room: RoomId,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let (stills, inbox) = mpsc::channel(STILLS);
        let devices = chosen.borrow_and_update().clone();
        let task = Task { parts, devices, chosen, sound, room, tasks: tasks.clone(), stop: stop.clone() };
        tasks.spawn(stop.run_until_cancelled_owned(task.run(inbox)));
        Self { stills }
    }

    /// Takes a still.
    pub(super) fn still(&self) -> impl Future<Output = Result<Bytes, Error>> + Send + use<> {
        let stills = self.stills.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            stills.send(answer).await.map_err(|_| Error::Closed)?;
            answered.await.map_err(|_| Error::Closed)?
        }
    }
}

struct Task {
    parts: Parts,
    /// Those of the composition that runs.
    devices: Arc<Devices>,
    /// Those that are to be used, and again whenever something was plugged in or out.
    chosen: watch::Receiver<Arc<Devices>>,
    sound: Sound,
    room: RoomId,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Why a composition ended.
enum Ended {
    /// Nobody needs it.
    Demand,
    /// A screen or a speaker was plugged in or out.
    Devices,
    /// The call is over.
    Over,
    /// It failed.
    Failed,
}

/// Where composed pictures and sound go.
#[derive(Default)]
struct Outlets {
    screen: Option<(Running, PictureFeed)>,
    speaker: Option<Speaker>,
}

impl Task {
    async fn run(mut self, mut inbox: mpsc::Receiver<Answer>) {
        let mut first = None;
        let mut pauses = self.parts.seen.supervisor.pauses(Part::Composition);
        loop {
            self.devices = self.chosen.borrow_and_update().clone();
            let always = self.devices.display.is_some() || self.devices.speaker_device.is_some();
            if !always && first.is_none() {
                tokio::select! {
                    asked = inbox.recv() => match asked {
                        Some(asked) => first = Some(asked),
                        None => return,
                    },
                    Ok(()) = self.chosen.changed() => continue,
                }
            }
            match self.compose(&mut inbox, first.take(), always).await {
                Ended::Demand | Ended::Devices => {}
                Ended::Over => return,
                Ended::Failed => pauses.wait().await,
            }
        }
    }

    fn size(&self) -> (u32, u32, u32) {
        let (width, height, fps) = self.parts.screen;
        // The screen's own mode, as far as the board can draw it.
        let own = self.devices.display.and_then(|display| display.size).filter(|(w, h)| w * h <= 1920 * 1080);
        own.map_or((width, height, fps), |(w, h)| (w & !1, h & !1, fps))
    }

    fn screen(&self, (width, height, fps): (u32, u32, u32)) -> Option<(Running, PictureFeed)> {
        let connector = self.devices.display?.connector;
        let opened = pipeline::display(&self.parts.seen.media, DisplaySpec { width, height, fps, connector });
        opened.inspect_err(|error| tracing::error!(%error, "the screen can't be opened")).ok()
    }

    async fn speaker(&self) -> Option<Speaker> {
        self.devices.speaker_device.as_ref()?;
        Some(self.sound.speaker().await)
    }

    /// Composes until nobody needs it.
    async fn compose(&self, inbox: &mut mpsc::Receiver<Answer>, first: Option<Answer>, always: bool) -> Ended {
        let size @ (width, height, fps) = self.size();
        let makes = match (self.devices.display.is_some() || !always, self.devices.speaker_device.is_some()) {
            (true, true) => Makes::Both,
            // A still needs pictures even where only a speaker is plugged in.
            (false, true) => Makes::Both,
            (_, false) => Makes::Pictures,
        };
        let Seen { media, composition: counters, supervisor } = self.parts.seen.clone();
        let settings = Settings { width, height, fps, makes, counters, supervisor, ..Settings::default() };
        let (composition, mut outputs) = composition::start(
            settings,
            Arc::new(Pipelines(media)),
            self.parts.timeline,
            &self.tasks,
            self.stop.child_token(),
        );
        let mut outlets = Outlets { screen: self.screen(size), speaker: self.speaker().await };
        let mut members = Members::new(Purpose::Screen, makes);
        let mut rooms = self.parts.rooms.rooms();
        let mut state = composition.state();
        let mut chosen = self.chosen.clone();
        let mut again = tokio::time::interval(AGAIN);
        let mut remind = tokio::time::interval(REMIND);
        let (mut until, mut until_taken) = (Instant::now() + LINGER, Instant::now());
        let mut waiting: Vec<Answer> = first.into_iter().collect();
        let ended = loop {
            rooms.mark_unchanged();
            state.mark_unchanged();
            let Ok(room) = self.parts.rooms.room(self.room) else {
                break Ended::Over;
            };
            let others = |p: &Participant| p.kind == ParticipantKind::Person;
            let complete = members.follow(&room, others, &self.parts.origin, &composition).await;
            for answer in waiting.drain(..) {
                self.take(composition.clone(), answer);
                until_taken = Instant::now() + TAKEN_FOR;
                until = Instant::now() + LINGER;
            }
            tokio::select! {
                Some(picture) = receive(&mut outputs.pictures) => show(&mut outlets, &picture),
                Some(sound) = receive(&mut outputs.sounds) => if let Some(speaker) = &outlets.speaker {
                    speaker.play(&sound);
                },
                answer = inbox.recv() => match answer {
                    Some(answer) => waiting.push(answer),
                    None => break Ended::Over,
                },
                changed = rooms.changed() => if changed.is_err() {
                    break Ended::Over;
                },
                changed = state.changed() => if changed.is_err() {
                    break Ended::Failed;
                },
                Ok(()) = chosen.changed() => {
                    let now = chosen.borrow_and_update();
                    let speaker = now.speaker_device.is_some() != self.devices.speaker_device.is_some();
                    // Which speaker it is is nothing to us: who owns it opens the other one.
                    if speaker || now.display != self.devices.display {
                        break Ended::Devices;
                    }
                }
                _ = again.tick(), if !complete => {}
                _ = remind.tick(), if Instant::now() >= until_taken => {
                    // The composition ends only with this loop.
                    let _ = composition.overlay(room.live.is_some().then(|| ON_AIR.into())).await;
                }
                () = broken(&mut outlets) => {
                    tokio::time::sleep(AGAIN).await;
                    outlets.screen = outlets.screen.take().or_else(|| self.screen(size));
                }
                () = tokio::time::sleep_until(until), if !always => break Ended::Demand,
            }
        };
        drop(composition);
        if let Some((running, _)) = outlets.screen {
            running.stop().await;
        }
        ended
    }

    /// Takes the still first and says so afterwards: on the screen, and on the still itself.
    fn take(&self, composition: composition::Handle, answer: Answer) {
        self.tasks.spawn(async move {
            let picture = composition.snapshot().await.map_err(|error| Error::Picture(error.to_string()));
            // The composition may have ended meanwhile; then nobody sees a screen either.
            let _ = composition.overlay(Some(TAKEN.into())).await;
            let still = match picture {
                Ok(picture) => {
                    let jpeg = pipeline::jpeg(&picture, Some(TAKEN)).await;
                    jpeg.map_err(|error| Error::Picture(error.to_string()))
                }
                Err(error) => Err(error),
            };
            let _ = answer.send(still);
        });
    }
}

async fn receive<T>(from: &mut Option<mpsc::Receiver<T>>) -> Option<T> {
    match from {
        Some(from) => from.recv().await,
        None => None,
    }
}

fn show(outlets: &mut Outlets, picture: &Picture) {
    if let Some((_, feed)) = &outlets.screen
        && feed.push(picture).is_err()
    {
        outlets.screen = None;
    }
}

/// Waits until the screen fails, and lets go of it. The speaker is opened again by who holds the sound cards.
async fn broken(outlets: &mut Outlets) {
    failure(outlets.screen.as_mut().map(|(running, _)| running)).await;
    outlets.screen = None;
}

/// Waits until a device fails; for ever if there is none.
async fn failure(running: Option<&mut Running>) {
    let Some(running) = running else {
        return std::future::pending().await;
    };
    loop {
        match running.event().await {
            Event::Started => {}
            Event::Failed { element, reason, .. } => {
                tracing::warn!(element, reason, "the screen failed; it is opened again");
                return;
            }
            Event::Stopped => return,
        }
    }
}

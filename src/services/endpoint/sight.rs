//! What the box shows on its screen and plays on its speaker: everybody else in the call.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::showing::{self, Layout};
use super::sound::{Sound, Speaker};
use super::television::Television;
use super::{Devices, Error, Parts};
use crate::drivers::pipeline;
use crate::model::id::RoomId;
use crate::model::purpose::Purpose;
use crate::services::program::composition::{self, Makes, Settings};
use crate::services::program::members::Members;
use crate::services::program::{Pipelines, Seen};
use crate::services::room::{Participant, ParticipantKind};
use crate::services::supervisor::Part;

/// Stills that wait.
const STILLS: usize = 4;
/// How long a composition that was started for a still goes on: the next one often follows.
const LINGER: Duration = Duration::from_secs(5);
/// How often somebody who could not be taken in is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// What the screen and the still say about it.
const TAKEN: &str = "A still of this screen was taken";

type Answer = oneshot::Sender<Result<Bytes, Error>>;

/// Where the call is shown and played, and how.
pub(super) struct Outlets {
    pub(super) devices: watch::Receiver<Arc<Devices>>,
    pub(super) sound: Sound,
    pub(super) television: watch::Receiver<Option<Television>>,
    pub(super) layout: watch::Receiver<Layout>,
    /// Whether the television is known to sleep.
    pub(super) asleep: watch::Receiver<bool>,
    /// Percent of the picture that the television cuts off at each edge.
    pub(super) overscan: u32,
}

/// The composition for this box's own screen and speaker, in one call.
pub(super) struct Sight {
    stills: mpsc::Sender<Answer>,
}

impl Sight {
    /// Starts it on `tasks`, until `stop`. Nothing is composed while there is neither screen nor speaker nor a still to take, and no pictures
    /// while nobody can see them.
    pub(super) fn start(
        parts: Parts,
        Outlets { devices: mut chosen, sound, television, layout, asleep, overscan }: Outlets,
        room: RoomId,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let (stills, inbox) = mpsc::channel(STILLS);
        let devices = chosen.borrow_and_update().clone();
        let task = Task {
            parts,
            devices,
            chosen,
            sound,
            television,
            layout,
            asleep,
            overscan,
            room,
            tasks: tasks.clone(),
            stop: stop.clone(),
        };
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
    television: watch::Receiver<Option<Television>>,
    layout: watch::Receiver<Layout>,
    asleep: watch::Receiver<bool>,
    overscan: u32,
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

    async fn speaker(&self) -> Option<Speaker> {
        self.devices.speaker_device.as_ref()?;
        Some(self.sound.speaker().await)
    }

    /// Composes until nobody needs it.
    async fn compose(&self, inbox: &mut mpsc::Receiver<Answer>, first: Option<Answer>, always: bool) -> Ended {
        let (width, height) =
            super::size(self.devices.display.and_then(|display| display.size), self.parts.screen, self.overscan);
        let fps = self.parts.screen.2;
        let screen = self.devices.display.is_some();
        // A still needs pictures even where only a speaker is plugged in.
        let makes = if self.devices.speaker_device.is_some() { Makes::Both } else { Makes::Pictures };
        let Seen { media, composition: counters, supervisor } = self.parts.seen.clone();
        let settings = Settings { width, height, fps, makes, counters, supervisor, ..Settings::default() };
        let (composition, mut outputs) = composition::start(
            settings,
            Arc::new(Pipelines(media)),
            self.parts.timeline,
            &self.tasks,
            self.stop.child_token(),
        );
        let speaker = self.speaker().await;
        let mut members = Members::new(Purpose::Screen, makes);
        let mut rooms = self.parts.rooms.rooms();
        let mut state = composition.state();
        let mut chosen = self.chosen.clone();
        let (mut layout, mut front) = (self.layout.clone(), None);
        let (mut asleep, mut rests) = (self.asleep.clone(), false);
        let mut again = tokio::time::interval(AGAIN);
        let mut until = Instant::now() + LINGER;
        let mut waiting: Vec<Answer> = first.into_iter().collect();
        let ended = loop {
            rooms.mark_unchanged();
            state.mark_unchanged();
            let Ok(room) = self.parts.rooms.room(self.room) else {
                break Ended::Over;
            };
            let seen = screen && !*asleep.borrow_and_update();
            let rest = !seen && waiting.is_empty() && Instant::now() >= until;
            if rest != rests {
                rests = rest;
                members.make(if rests { Makes::Sound } else { makes });
                // When it has ended, the next look at it says so.
                let _ = composition.rest(rests).await;
            }
            let others = |p: &Participant| p.kind == ParticipantKind::Person;
            let complete = members.follow(&room, others, &self.parts.origin, &composition).await;
            let now = showing::front(&room, *layout.borrow_and_update(), front);
            if now != front {
                front = now;
                let _ = composition.front(front).await;
            }
            for answer in waiting.drain(..) {
                self.take(composition.clone(), answer);
                until = Instant::now() + LINGER;
            }
            tokio::select! {
                Some(picture) = receive(&mut outputs.pictures) => if let Some(television) = &*self.television.borrow() {
                    television.show(picture);
                },
                Some(sound) = receive(&mut outputs.sounds) => if let Some(speaker) = &speaker {
                    speaker.play(&sound);
                },
                answer = inbox.recv() => match answer {
                    Some(answer) => waiting.push(answer),
                    None => break Ended::Over,
                },
                changed = rooms.changed() => if changed.is_err() {
                    break Ended::Over;
                },
                Ok(()) = layout.changed() => {}
                Ok(()) = asleep.changed() => {}
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
                () = tokio::time::sleep_until(until), if !rests && !seen => if !always {
                    break Ended::Demand;
                },
            }
        };
        drop(composition);
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

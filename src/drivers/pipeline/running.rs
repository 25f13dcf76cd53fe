//! One running pipeline: a thread that changes its state and reads its bus.
//!
//! State changes may take seconds (a screen that isn't there, a sound card in use), so they never happen on the async
//! runtime. The thread ends when it is told to stop or when the pipeline fails; both lead to the NULL state first.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gstreamer::prelude::*;
use gstreamer::{self as gst, MessageType, MessageView};
use tokio::sync::{mpsc, oneshot};

use super::counters::Work;
use super::{Counters, Error, Gone, elements};
use crate::model::secret::Secret;

/// Names of the elements that code looks for.
pub mod name {
    /// The `appsrc` that takes what we feed.
    pub const IN: &str = "in";
    /// The `appsink` that gives what comes out.
    pub const OUT: &str = "out";
    /// The text on the picture.
    pub const CAPTION: &str = "caption";
    /// The second text on a picture: that it comes from a stand-in.
    pub const NOTICE: &str = "notice";
    /// The encoder.
    pub const ENCODER: &str = "encoder";
    /// The capture or playback device.
    pub const DEVICE: &str = "device";
    /// What cuts off a part of the camera's picture.
    pub const CROP: &str = "crop";
    /// What makes pictures of one size of it.
    pub const SCALE: &str = "scale";
    /// The playback device, where there is a capture device beside it.
    pub const SPEAKER: &str = "speaker";
    /// What hears what is played.
    pub const PROBE: &str = "probe";
    /// The `appsrc` that takes sound, where there is one for pictures beside it.
    pub const SOUND: &str = "sound";
    /// What turns the microphone down.
    pub const GATE: &str = "gate";
}

/// Reports that may wait for the owner. The last one always finds its place; when full, others are dropped.
const EVENTS: usize = 4;
/// How long [`Running::stop`] waits for the NULL state before it lets the thread finish alone.
const STOPPING: Duration = Duration::from_secs(5);

/// Why a pipeline failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The device isn't there, is in use, or may not be opened.
    Device,
    /// A live source ended.
    Ended,
    /// Data or formats that an element can't handle.
    Stream,
    /// Anything else.
    Other,
}

/// What happens to a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It runs.
    Started,
    /// It has failed and is in the NULL state. Drop it and build a new one, after a while.
    Failed {
        /// What kind of failure.
        cause: Cause,
        /// The element that complained.
        element: String,
        /// What it said, for the log.
        reason: String,
    },
    /// It was stopped.
    Stopped,
}

/// A running pipeline. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct Running {
    role: &'static str,
    events: mpsc::Receiver<Event>,
    last: Option<Event>,
    stop: Stop,
    ended: Option<oneshot::Receiver<()>>,
}

#[derive(Debug)]
struct Stop {
    asked: Arc<AtomicBool>,
    bus: gst::Bus,
}

impl Stop {
    fn ask(&self) {
        self.asked.store(true, Ordering::Release);
        // A bus of a pipeline that isn't started yet throws this away; the thread looks at `asked` after the start.
        let _ = self.bus.post(gst::message::Application::new(gst::Structure::new_empty("stop")));
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.ask();
    }
}

impl Running {
    /// The next event. The last one, `Failed` or `Stopped`, is given again at every further call.
    pub async fn event(&mut self) -> Event {
        if let Some(event) = self.events.recv().await {
            if event != Event::Started {
                self.last = Some(event.clone());
            }
            return event;
        }
        self.last.clone().unwrap_or(Event::Stopped)
    }

    /// Stops it and waits until its device and memory are given back, at most five seconds.
    pub async fn stop(mut self) {
        self.stop.ask();
        if let Some(ended) = self.ended.take()
            && tokio::time::timeout(STOPPING, ended).await.is_err()
        {
            tracing::warn!(role = self.role, "a pipeline takes long to stop");
        }
    }
}

/// Whether a pipeline has ended. An `appsrc` alone does not tell: one that was never started takes everything.
#[derive(Debug, Clone, Default)]
pub struct Ended(Arc<AtomicBool>);

impl Ended {
    /// Takes nothing from now on, although the pipeline may still be busy with what it has.
    pub(super) fn now(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// # Errors
    /// [`Gone`] after the pipeline has ended.
    pub fn check(&self) -> Result<(), Gone> {
        match self.0.load(Ordering::Acquire) {
            true => Err(Gone),
            false => Ok(()),
        }
    }
}

/// A pipeline that is built and not yet started.
pub struct Built {
    role: &'static str,
    pipeline: gst::Pipeline,
    ended: Ended,
    started: Option<Box<dyn FnOnce() -> Option<JoinHandle<()>> + Send>>,
    work: Arc<Work>,
    pulse: Arc<Pulse>,
    /// What is in no log and no event.
    hidden: Vec<Secret>,
}

/// Whether an encoder still gives something for what it takes.
#[derive(Debug, Default)]
pub(super) struct Pulse(Mutex<Option<Waiting>>);

/// Something was taken, and nothing was given since.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    since: Instant,
    /// When something was taken last.
    last: Instant,
}

/// After a pause of this an encoder begins anew to be waited for: it may have kept the last picture before the pause.
const PAUSE: Duration = Duration::from_secs(3);

impl Pulse {
    /// It has taken something.
    pub(super) fn taken(&self, now: Instant) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = waiting.filter(|waiting| now.saturating_duration_since(waiting.last) < PAUSE);
        *waiting = Some(Waiting { since: before.map_or(now, |before| before.since), last: now });
    }

    /// It has given something.
    pub(super) fn given(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether it has taken things for so long, without a pause, and given nothing.
    pub(super) fn stalls(&self, after: Duration) -> bool {
        let waiting = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.is_some_and(|Waiting { since, last }| last.saturating_duration_since(since) > after)
    }
}

impl Built {
    /// Builds a pipeline from its description.
    ///
    /// # Errors
    /// [`Error::Missing`] and [`Error::Refused`].
    pub fn new(role: &'static str, description: &str) -> Result<Self, Error> {
        super::init()?;
        elements::require(description)?;
        let refused = |reason: String| Error::Refused { role, reason };
        let pipeline = gst::parse::launch(description)
            .map_err(|e| refused(e.to_string()))?
            .downcast::<gst::Pipeline>()
            .map_err(|_| refused("it is a single element".to_owned()))?;
        // Every pipeline runs on CLOCK_MONOTONIC: capture times then need one subtraction to be media time.
        pipeline.use_clock(Some(&gst::SystemClock::obtain()));
        Ok(Self {
            role,
            pipeline,
            ended: Ended::default(),
            started: None,
            work: Arc::default(),
            pulse: Arc::default(),
            hidden: Vec::new(),
        })
    }

    /// What of its properties is in no log and no event, whatever GStreamer says.
    pub(super) fn hide(&mut self, secrets: Vec<Secret>) {
        self.hidden = secrets;
    }

    /// Counts what it does among those of its role.
    pub fn counted(mut self, counters: &Counters) -> Self {
        self.work = counters.of(self.role);
        self
    }

    /// Where what it does is counted.
    pub fn work(&self) -> Arc<Work> {
        self.work.clone()
    }

    /// Whether it gives something for what it takes.
    pub(super) fn pulse(&self) -> Arc<Pulse> {
        self.pulse.clone()
    }

    /// An element by one of the names in [`name`].
    pub fn element<E: IsA<gst::Element>>(&self, name: &str) -> E {
        self.pipeline
            .by_name(name)
            .and_then(|e| e.downcast().ok())
            .expect("the description of this role names the element, held by the golden files")
    }

    /// Tells whoever feeds this pipeline that it has ended.
    pub fn ended(&self) -> Ended {
        self.ended.clone()
    }

    /// Sets text on an element.
    pub fn set_text(&self, name: &str, property: &str, text: &str) {
        self.element::<gst::Element>(name).set_property(property, text);
    }

    /// What to do once the start is under way, on the pipeline's own thread.
    pub fn on_start(&mut self, action: impl FnOnce() + Send + 'static) {
        self.beside(|| {
            action();
            None
        });
    }

    /// The same, with a thread that feeds it from a device. That one has to end soon after [`Built::ended`] says so: the pipeline has
    /// stopped only then.
    pub fn beside(&mut self, start: impl FnOnce() -> Option<JoinHandle<()>> + Send + 'static) {
        self.started = Some(Box::new(start));
    }

    /// The pipeline itself, for one-shot use.
    pub fn pipeline(&self) -> &gst::Pipeline {
        &self.pipeline
    }

    /// Starts it on a thread of its own.
    ///
    /// # Errors
    /// [`Error::Refused`] when no thread can be made.
    pub fn run(self) -> Result<Running, Error> {
        let role = self.role;
        let bus = self.pipeline.bus().expect("a pipeline has a bus");
        let asked = Arc::new(AtomicBool::new(false));
        let (events, receiver) = mpsc::channel(EVENTS);
        let last = events.clone().try_reserve_owned().expect("a new channel has room");
        let (done, ended) = oneshot::channel();
        let stop = Stop { asked: asked.clone(), bus: bus.clone() };
        std::thread::Builder::new()
            .name(format!("pl-{role}"))
            .spawn(move || {
                let work = self.work.clone();
                let _running = work.running.hold();
                let hidden = self.hidden.clone();
                let (mut event, beside) = self.attend(&bus, &asked, &events);
                if let Event::Failed { reason, .. } = &mut event {
                    *reason = without(&hidden, reason);
                }
                if let Event::Failed { cause, element, reason } = &event {
                    work.failed.inc();
                    tracing::warn!(role, ?cause, element, reason, "a pipeline failed");
                }
                last.send(event);
                // A driver that hangs holds up nobody who waits for the event.
                let _ = beside.map(JoinHandle::join);
                let _ = done.send(());
            })
            .map_err(|e| Error::Refused { role, reason: e.to_string() })?;
        Ok(Running { role, events: receiver, last: None, stop, ended: Some(ended) })
    }

    /// From start to NULL. Gives the last event, and what still ends.
    fn attend(
        mut self,
        bus: &gst::Bus,
        asked: &AtomicBool,
        events: &mpsc::Sender<Event>,
    ) -> (Event, Option<JoinHandle<()>>) {
        let mut beside = None;
        let last = match self.pipeline.set_state(gst::State::Playing) {
            Ok(_) => {
                if let Some(started) = self.started.take() {
                    beside = started();
                }
                self.follow(bus, asked, events)
            }
            Err(_) => bus
                .pop_filtered(&[MessageType::Error])
                .and_then(|message| failure(&message))
                .unwrap_or_else(|| failed(Cause::Other, "pipeline", "it does not start".to_owned())),
        };
        if self.pipeline.set_state(gst::State::Null).is_err() {
            tracing::warn!(role = self.role, "a pipeline did not reach the NULL state");
        }
        self.ended.0.store(true, Ordering::Release);
        // Messages still on the bus hold elements, and those hold the ring that readers must see end.
        bus.set_flushing(true);
        (last, beside)
    }

    fn follow(&self, bus: &gst::Bus, asked: &AtomicBool, events: &mpsc::Sender<Event>) -> Event {
        const WANTED: [MessageType; 6] = [
            MessageType::Error,
            MessageType::Eos,
            MessageType::Warning,
            MessageType::Latency,
            MessageType::StateChanged,
            MessageType::Application,
        ];
        while !asked.load(Ordering::Acquire) {
            let Some(message) = bus.timed_pop_filtered(gst::ClockTime::NONE, &WANTED) else { continue };
            match message.view() {
                MessageView::Warning(warning) => {
                    let said = format!("{} {:?}", warning.error(), warning.debug());
                    tracing::debug!(role = self.role, said = without(&self.hidden, &said), "a warning");
                }
                MessageView::Latency(_) => {
                    let _ = self.pipeline.recalculate_latency();
                }
                MessageView::StateChanged(change) => {
                    let ours = message.src() == Some(self.pipeline.upcast_ref());
                    if ours && change.current() == gst::State::Playing {
                        let _ = events.try_send(Event::Started);
                    }
                }
                _ => {
                    if let Some(failure) = failure(&message) {
                        return failure;
                    }
                }
            }
        }
        Event::Stopped
    }
}

fn failed(cause: Cause, element: &str, reason: String) -> Event {
    Event::Failed { cause, element: element.to_owned(), reason }
}

/// An address of a camera on the network is not for a log.
fn without_addresses(text: &str) -> String {
    let word = |word: &str| if word.contains("://") { "(an address)".to_owned() } else { word.to_owned() };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A text without what is hidden.
fn without(hidden: &[Secret], text: &str) -> String {
    let words = hidden.iter().map(Secret::reveal).filter(|word| !word.is_empty());
    words.fold(text.to_owned(), |text, word| text.replace(word, "(hidden)"))
}

/// The event of an ERROR or EOS message.
fn failure(message: &gst::Message) -> Option<Event> {
    let element = message.src().map(|s| s.name().to_string()).unwrap_or_default();
    match message.view() {
        MessageView::Eos(_) => Some(failed(Cause::Ended, &element, "the stream ended".to_owned())),
        MessageView::Error(error) => {
            let detail = error.debug().map(|d| format!(" ({d})")).unwrap_or_default();
            let error = error.error();
            let cause = if let Some(kind) = error.kind::<gst::ResourceError>() {
                match kind {
                    gst::ResourceError::Settings | gst::ResourceError::NoSpaceLeft => Cause::Stream,
                    _ => Cause::Device,
                }
            } else if error.is::<gst::StreamError>() {
                Cause::Stream
            } else {
                Cause::Other
            };
            Some(failed(cause, &element, without_addresses(&format!("{error}{detail}"))))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_without_giving_stalls_and_a_pause_is_no_stall() {
        let (pulse, start, after) = (Pulse::default(), Instant::now(), Duration::from_secs(5));
        let take = |millis: u64| pulse.taken(start + Duration::from_millis(millis));
        (0..=50).for_each(|n| take(n * 100));
        assert!(!pulse.stalls(after), "not yet");
        take(5_100);
        assert!(pulse.stalls(after));
        pulse.given();
        assert!(!pulse.stalls(after));
        // The last one before a pause stays in there.
        take(6_000);
        take(70_000);
        assert!(!pulse.stalls(after), "nothing was taken meanwhile");
        (700..=752).for_each(|n| take(n * 100));
        assert!(pulse.stalls(after), "and then something was");
    }

    #[test]
    fn what_a_pipeline_complains_of_names_no_address() {
        let said = "Could not open rtsp://camera.lan/a (gstrtspsrc.c(6899): 'rtsp://ada@camera.lan/a')";
        assert_eq!(without_addresses(said), "Could not open (an address) (gstrtspsrc.c(6899): (an address)");
        assert_eq!(without_addresses("Cannot identify device '/dev/video9'."), "Cannot identify device '/dev/video9'.");
    }

    #[test]
    fn what_is_hidden_is_in_no_complaint() {
        let hidden = [Secret::new("live_1"), Secret::new(""), Secret::new("box.lan")];
        assert_eq!(without(&hidden, "no way to box.lan with live_1"), "no way to (hidden) with (hidden)");
    }
}

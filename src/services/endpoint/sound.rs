//! The box's microphone and speaker: one pipeline for both while both are open, so that what is played is not heard again.
//!
//! Whoever needs one of them holds it; what nobody holds is closed. When the other one comes or goes, the pipeline is made anew, which
//! takes a tenth of a second. A speaker that fails leaves the microphone open, and is tried again after a while; a microphone that fails
//! is told to who holds it.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Error;
use super::hearing::{self, SoundTest};
use super::volume::Used;
use crate::drivers::pipeline::{
    self, Counters, DuplexSpec, Echo, Event, ListenSpec, MicrophoneSource, MicrophoneSpec, Running, SoundFeed,
    SpeakerSpec, Voice,
};
use crate::model::raw;
use crate::model::ring::{Gate, Next, Reader, UNITS, ring};
use crate::model::time::Timeline;
use crate::model::unit::Unit;
use crate::services::at;
use crate::services::program::Seen;
use crate::services::supervisor::Part;

/// Who waits to hold one of them.
const WAITING: usize = 4;
/// Frames of sound on the way to who holds the microphone; when it is full the newest is left out.
const FRAMES: usize = 32;
/// How long after a failure the speaker is tried again at first; every further time it is twice as long, at most this.
const AGAIN: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(60);

/// What is opened, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cards {
    /// ALSA's name of the microphone; nothing if it is none, or a stand-in.
    pub(super) microphone: Option<String>,
    /// ALSA's name of the speaker.
    pub(super) speaker: Option<String>,
    /// Of the microphone's Opus, in bits a second.
    pub(super) bitrate: u32,
    /// What is done about the echo.
    pub(super) echo: Echo,
    /// What is done to what is heard beside that.
    pub(super) voice: Voice,
    /// See [`DuplexSpec::speaker_delay`].
    pub(super) speaker_delay: u32,
}

impl Cards {
    /// Whose volume matters.
    pub(super) fn used(&self) -> Used {
        Used { speaker: self.speaker.clone(), microphone: self.microphone.clone() }
    }
}

enum Command {
    Microphone(mpsc::Sender<Unit>),
    Speaker(oneshot::Receiver<()>),
    Test(oneshot::Sender<Result<SoundTest, Error>>),
}

/// The way to them; cheap to clone.
#[derive(Clone)]
pub(super) struct Sound {
    commands: mpsc::Sender<Command>,
    feed: watch::Receiver<Option<SoundFeed>>,
}

/// The microphone, open while this is held.
pub(super) struct Microphone(mpsc::Receiver<Unit>);

impl Microphone {
    /// The next frame; `None` when the microphone has failed.
    pub(super) async fn next(&mut self) -> Option<Unit> {
        self.0.recv().await
    }
}

/// The speaker, open while this is held.
pub(super) struct Speaker {
    feed: watch::Receiver<Option<SoundFeed>>,
    _held: oneshot::Sender<()>,
}

impl Speaker {
    /// Plays, if the speaker works at the moment.
    pub(super) fn play(&self, sound: &raw::Sound) {
        if let Some(feed) = &*self.feed.borrow() {
            // One that has failed is opened again.
            let _ = feed.push(sound);
        }
    }
}

impl Sound {
    /// Starts the actor on `tasks`; it ends with `cancel`. Nothing is opened yet. What is played is multiplied by `gain`. While `private`
    /// says so, the microphone is not opened for anybody.
    pub(super) fn start(
        (mut chosen, gain, private): (watch::Receiver<Cards>, watch::Receiver<f64>, watch::Receiver<bool>),
        seen: Seen,
        timeline: Timeline,
        tasks: &TaskTracker,
        cancel: CancellationToken,
    ) -> Self {
        let (commands, mut inbox) = mpsc::channel(WAITING);
        let (feed, fed) = watch::channel(None);
        let mut pauses = seen.supervisor.pauses(Part::Capture);
        let cards = chosen.borrow_and_update().clone();
        let mut actor = Actor {
            cards,
            chosen,
            gain,
            private,
            counters: seen.media,
            timeline,
            feed,
            microphone: None,
            speakers: Vec::new(),
            open: Open::default(),
            failed: None,
            pause: AGAIN,
        };
        tasks.spawn(async move { while pauses.attempt(actor.run(&mut inbox, &cancel)).await.is_none() {} });
        Self { commands, feed: fed }
    }

    /// Opens the microphone. Who held it before does no more.
    pub(super) async fn microphone(&self) -> Microphone {
        let (units, receiver) = mpsc::channel(FRAMES);
        // When the actor is gone the microphone has ended.
        let _ = self.commands.send(Command::Microphone(units)).await;
        Microphone(receiver)
    }

    /// Opens the speaker.
    pub(super) async fn speaker(&self) -> Speaker {
        let (held, holder) = oneshot::channel();
        // When the actor is gone nothing is played.
        let _ = self.commands.send(Command::Speaker(holder)).await;
        Speaker { feed: self.feed.clone(), _held: held }
    }

    /// Plays a test and listens, while nobody holds them. Whoever comes to hold them ends it.
    pub(super) async fn test(&self) -> Result<SoundTest, Error> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(Command::Test(answer)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

/// What is open.
#[derive(Default)]
struct Open {
    running: Option<Running>,
    units: Option<Reader<Unit>>,
    /// Whether it plays.
    plays: bool,
}

struct Actor {
    cards: Cards,
    /// Those that are to be used, and again whenever something was plugged in or out.
    chosen: watch::Receiver<Cards>,
    gain: watch::Receiver<f64>,
    /// Camera and microphone are closed.
    private: watch::Receiver<bool>,
    counters: Counters,
    timeline: Timeline,
    feed: watch::Sender<Option<SoundFeed>>,
    microphone: Option<mpsc::Sender<Unit>>,
    speakers: Vec<oneshot::Receiver<()>>,
    open: Open,
    /// Until when the speaker is let alone after a failure, and how long the next time.
    failed: Option<Instant>,
    pause: Duration,
}

/// What woke the actor.
enum Woken {
    Command(Option<Command>),
    Unit(Next<Unit>),
    Event(Event),
    Left,
    Turned,
    Plugged,
    Private,
    Again,
    Over,
}

impl Actor {
    async fn run(&mut self, inbox: &mut mpsc::Receiver<Command>, cancel: &CancellationToken) {
        // After a failure everything is opened anew.
        self.close().await;
        loop {
            self.follow().await;
            let failed = self.failed;
            let woken = tokio::select! {
                command = inbox.recv() => Woken::Command(command),
                next = unit(&mut self.open.units) => Woken::Unit(next),
                event = event(&mut self.open.running) => Woken::Event(event),
                () = left(&mut self.microphone, &mut self.speakers) => Woken::Left,
                Ok(()) = self.gain.changed() => Woken::Turned,
                Ok(()) = self.chosen.changed() => Woken::Plugged,
                Ok(()) = self.private.changed() => Woken::Private,
                () = at(failed) => Woken::Again,
                () = cancel.cancelled() => Woken::Over,
            };
            match woken {
                Woken::Command(Some(Command::Test(answer))) => {
                    if let Some(next) = self.test(answer, inbox, cancel).await {
                        self.take(next);
                    }
                }
                Woken::Command(Some(command)) => self.take(command),
                Woken::Unit(Next::Item(unit)) => {
                    if let Some(to) = &self.microphone {
                        // Who is too slow hears a hole.
                        let _ = to.try_send(unit);
                    }
                }
                Woken::Unit(Next::Lagged(lost)) => tracing::warn!(lost, "the microphone is faster than its reader"),
                // The pipeline's last word says why.
                Woken::Unit(Next::Closed | Next::Revoked) => loop {
                    match event(&mut self.open.running).await {
                        Event::Started => {}
                        last => break self.happened(last).await,
                    }
                },
                Woken::Event(event) => self.happened(event).await,
                Woken::Left | Woken::Private => {}
                Woken::Turned => self.turn(),
                Woken::Plugged => self.plugged().await,
                Woken::Again => self.failed = None,
                Woken::Command(None) | Woken::Over => break,
            }
        }
        self.close().await;
    }

    /// Somebody holds one of them from now on.
    fn take(&mut self, command: Command) {
        match command {
            Command::Microphone(units) => self.microphone = Some(units),
            Command::Speaker(holder) => self.speakers.push(holder),
            Command::Test(answer) => refuse(answer, Error::SoundBusy),
        }
    }

    /// Tests them, until somebody needs them: who that is comes back.
    async fn test(
        &mut self,
        answer: oneshot::Sender<Result<SoundTest, Error>>,
        inbox: &mut mpsc::Receiver<Command>,
        cancel: &CancellationToken,
    ) -> Option<Command> {
        if self.microphone.is_some() || !self.speakers.is_empty() {
            refuse(answer, Error::SoundBusy);
            return None;
        }
        let mut private = self.private.clone();
        if *private.borrow_and_update() {
            refuse(answer, Error::Private);
            return None;
        }
        let (Some(microphone), Some(speaker)) = (self.cards.microphone.clone(), self.cards.speaker.clone()) else {
            refuse(answer, Error::NoSound);
            return None;
        };
        self.close().await;
        let gain = *self.gain.borrow();
        let mut heard = pin!(hearing::hear(ListenSpec { microphone, speaker }, gain, self.cards.speaker_delay));
        loop {
            let command = tokio::select! {
                result = &mut heard => {
                    // Who asked may have gone away.
                    let _ = answer.send(result.map_err(|error| Error::Sound(error.to_string())));
                    return None;
                }
                command = inbox.recv() => command,
                Ok(()) = private.changed() => {
                    refuse(answer, Error::Private);
                    return None;
                }
                () = cancel.cancelled() => None,
            };
            match command {
                Some(Command::Test(other)) => refuse(other, Error::SoundBusy),
                needed => {
                    refuse(answer, Error::SoundBusy);
                    return needed;
                }
            }
        }
    }

    /// Something was plugged in or out: what failed is tried at once, and what is another device now is opened anew.
    async fn plugged(&mut self) {
        let chosen = self.chosen.borrow_and_update().clone();
        (self.failed, self.pause) = (None, AGAIN);
        if chosen != self.cards {
            self.cards = chosen;
            self.close().await;
        }
    }

    /// Opens and closes so that it is as it is wanted.
    async fn follow(&mut self) {
        let records =
            self.microphone.is_some() && !*self.private.borrow_and_update() && self.cards.microphone.is_some();
        let plays = !self.speakers.is_empty() && self.cards.speaker.is_some() && self.failed.is_none();
        if (self.open.units.is_some(), self.open.plays) == (records, plays) {
            return;
        }
        self.close().await;
        if let Err(error) = self.open(records, plays) {
            tracing::error!(%error, "microphone and speaker can't be opened");
            // Whoever holds the microphone stands in for it.
            self.microphone = None;
            self.let_alone();
        }
    }

    fn open(&mut self, records: bool, plays: bool) -> Result<(), pipeline::Error> {
        let microphone = self.cards.microphone.clone().filter(|_| records);
        let speaker = self.cards.speaker.clone().filter(|_| plays);
        let Cards { bitrate, echo, voice, speaker_delay, .. } = self.cards;
        let (writer, units) = ring(UNITS);
        let units = || units.reader(Gate::default());
        let (running, units, feed) = match (microphone, speaker) {
            (None, None) => return Ok(()),
            (Some(device), None) => {
                let spec = MicrophoneSpec { source: MicrophoneSource::Alsa { device }, bitrate, voice };
                let units = units();
                (pipeline::microphone(&self.counters, spec, self.timeline, writer)?, Some(units), None)
            }
            (None, Some(device)) => {
                let (running, feed) = pipeline::speaker(&self.counters, SpeakerSpec { device })?;
                (running, None, Some(feed))
            }
            (Some(microphone), Some(speaker)) => {
                let spec = DuplexSpec { microphone, speaker, bitrate, echo, voice, speaker_delay };
                let units = units();
                let (running, feed) = pipeline::duplex(&self.counters, spec, self.timeline, writer)?;
                (running, Some(units), Some(feed))
            }
        };
        self.open = Open { running: Some(running), units, plays: feed.is_some() };
        self.feed.send_replace(feed);
        self.turn();
        Ok(())
    }

    /// Makes what is played as loud as it is to be.
    fn turn(&mut self) {
        let gain = *self.gain.borrow_and_update();
        if let Some(feed) = &*self.feed.borrow() {
            feed.turn(gain);
        }
    }

    /// Closes what is open, and waits until the sound cards are given back.
    async fn close(&mut self) {
        self.feed.send_replace(None);
        if let Some(running) = std::mem::take(&mut self.open).running {
            running.stop().await;
        }
    }

    async fn happened(&mut self, event: Event) {
        match event {
            Event::Started if self.open.plays => self.pause = AGAIN,
            Event::Started => {}
            Event::Failed { element, reason, .. } => self.failure(&element, &reason).await,
            Event::Stopped => self.close().await,
        }
    }

    async fn failure(&mut self, element: &str, reason: &str) {
        let speaker = element == pipeline::SPEAKER || self.open.units.is_none();
        tracing::warn!(element, reason, speaker, "microphone or speaker failed");
        self.close().await;
        if speaker {
            self.let_alone();
        } else {
            self.microphone = None;
        }
    }

    fn let_alone(&mut self) {
        self.failed = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(LONGEST);
    }
}

fn refuse(answer: oneshot::Sender<Result<SoundTest, Error>>, error: Error) {
    // Who asked may have gone away.
    let _ = answer.send(Err(error));
}

async fn unit(units: &mut Option<Reader<Unit>>) -> Next<Unit> {
    match units {
        Some(units) => units.next().await,
        None => std::future::pending().await,
    }
}

async fn event(running: &mut Option<Running>) -> Event {
    match running {
        Some(running) => running.event().await,
        None => std::future::pending().await,
    }
}

/// Waits until somebody holds theirs no more, and forgets them.
async fn left(microphone: &mut Option<mpsc::Sender<Unit>>, speakers: &mut Vec<oneshot::Receiver<()>>) {
    let gone = async {
        match &microphone {
            Some(held) => held.closed().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = gone => *microphone = None,
        at = std::future::poll_fn(|cx| {
            let ended = speakers.iter_mut().position(|holder| std::pin::Pin::new(holder).poll(cx).is_ready());
            ended.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        }) => drop(speakers.swap_remove(at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::device::monotonic_nanos;

    /// ALSA's own devices that are always there: they take everything, and give silence.
    fn cards(microphone: Option<&str>, speaker: Option<&str>) -> Cards {
        Cards {
            microphone: microphone.map(str::to_owned),
            speaker: speaker.map(str::to_owned),
            bitrate: 48_000,
            // Others cancel echo in this process; see the tests of the pipeline.
            echo: Echo::Off,
            voice: Voice::default(),
            speaker_delay: 0,
        }
    }

    fn sound(microphone: &str, speaker: &str) -> (Sound, Counters, CancellationToken) {
        plugged(watch::channel(cards(Some(microphone), Some(speaker))).1)
    }

    fn plugged(chosen: watch::Receiver<Cards>) -> (Sound, Counters, CancellationToken) {
        private(chosen, watch::channel(false).1)
    }

    fn private(chosen: watch::Receiver<Cards>, private: watch::Receiver<bool>) -> (Sound, Counters, CancellationToken) {
        let (seen, cancel) = (Seen::default(), CancellationToken::new());
        let counters = seen.media.clone();
        let timeline = Timeline::new(std::time::Instant::now(), monotonic_nanos(), 0);
        // Nobody turns it down.
        let gain = watch::channel(1.0).1;
        let sound = Sound::start((chosen, gain, private), seen, timeline, &TaskTracker::new(), cancel.clone());
        (sound, counters, cancel)
    }

    fn running(counters: &Counters) -> Vec<&'static str> {
        counters.roles().filter(|(_, work)| work.running.get() > 0).map(|(role, _)| role).collect()
    }

    async fn until(counters: &Counters, roles: &[&str]) {
        let end = Instant::now() + Duration::from_secs(30);
        while running(counters) != roles {
            assert!(Instant::now() < end, "{:?} instead of {roles:?}", running(counters));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn both_are_one_pipeline_while_both_are_held_and_closed_when_nobody_holds_them() {
        let (sound, counters, _cancel) = sound("null", "null");
        let mut microphone = sound.microphone().await;
        until(&counters, &["microphone"]).await;
        let speaker = sound.speaker().await;
        until(&counters, &["duplex"]).await;
        let next = tokio::time::timeout(Duration::from_secs(30), microphone.next()).await;
        assert!(next.expect("it comes in time").is_some(), "who holds it does not notice");
        drop(microphone);
        until(&counters, &["speaker"]).await;
        drop(speaker);
        until(&counters, &[]).await;
    }

    #[tokio::test]
    async fn a_speaker_that_fails_leaves_the_microphone_open() {
        let (sound, counters, _cancel) = sound("null", "nosuchcard");
        let _speaker = sound.speaker().await;
        let mut microphone = sound.microphone().await;
        let next = tokio::time::timeout(Duration::from_secs(30), microphone.next()).await;
        assert!(next.expect("it comes in time").is_some());
        until(&counters, &["microphone"]).await;
    }

    #[tokio::test]
    async fn a_microphone_that_fails_is_told_to_who_holds_it_and_the_speaker_goes_on() {
        let (sound, counters, _cancel) = sound("nosuchcard", "null");
        let _speaker = sound.speaker().await;
        let mut microphone = sound.microphone().await;
        let next = tokio::time::timeout(Duration::from_secs(30), microphone.next()).await;
        assert!(next.expect("it comes in time").is_none());
        until(&counters, &["speaker"]).await;
    }

    #[tokio::test]
    async fn in_privacy_mode_nobody_gets_the_microphone_and_the_speaker_goes_on() {
        let (closing, closed) = watch::channel(false);
        let (sound, counters, _cancel) = private(watch::channel(cards(Some("null"), Some("null"))).1, closed);
        let other = sound.clone();
        let (test, ()) = tokio::join!(biased; sound.test(), async {
            until_none_waits(&other).await;
            closing.send_replace(true);
        });
        assert!(matches!(test, Err(Error::Private)), "one that goes on ends");
        assert!(matches!(sound.test().await, Err(Error::Private)));
        let _speaker = sound.speaker().await;
        let mut microphone = sound.microphone().await;
        until(&counters, &["speaker"]).await;
        closing.send_replace(false);
        until(&counters, &["duplex"]).await;
        assert!(microphone.next().await.is_some());
        closing.send_replace(true);
        until(&counters, &["speaker"]).await;
    }

    /// Waits until the actor has taken every command.
    async fn until_none_waits(sound: &Sound) {
        while sound.commands.capacity() < sound.commands.max_capacity() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn a_test_is_done_while_nobody_needs_them_and_ends_when_somebody_does() {
        let (sound, counters, _cancel) = sound("null", "null");
        let test = sound.test().await.expect("nobody holds them");
        assert_eq!(test.findings[0].code.name(), "nothing_heard");
        let mut microphone = sound.microphone().await;
        assert!(microphone.next().await.is_some());
        assert!(matches!(sound.test().await, Err(Error::SoundBusy)));
        drop(microphone);
        until(&counters, &[]).await;
        let other = sound.clone();
        let (test, _speaker) = tokio::join!(biased; sound.test(), other.speaker());
        assert!(matches!(test, Err(Error::SoundBusy)));
        until(&counters, &["speaker"]).await;
    }

    #[tokio::test]
    async fn what_is_plugged_in_is_opened_for_who_holds_it_and_what_is_pulled_out_is_closed() {
        let (dealing, chosen) = watch::channel(cards(Some("null"), None));
        let (sound, counters, _cancel) = plugged(chosen);
        let _speaker = sound.speaker().await;
        let mut microphone = sound.microphone().await;
        until(&counters, &["microphone"]).await;
        dealing.send_replace(cards(Some("null"), Some("null")));
        until(&counters, &["duplex"]).await;
        assert!(microphone.next().await.is_some(), "who holds it does not notice");
        dealing.send_replace(cards(None, Some("null")));
        until(&counters, &["speaker"]).await;
        dealing.send_replace(cards(None, None));
        until(&counters, &[]).await;
        dealing.send_replace(cards(Some("null"), Some("null")));
        until(&counters, &["duplex"]).await;
        assert!(microphone.next().await.is_some());
    }

    #[tokio::test]
    async fn a_speaker_that_failed_is_tried_at_once_when_something_is_plugged_in() {
        let (dealing, chosen) = watch::channel(cards(Some("null"), Some("nosuchcard")));
        let (sound, counters, _cancel) = plugged(chosen);
        let _speaker = sound.speaker().await;
        let failed = || counters.roles().find(|(role, _)| *role == "speaker").map_or(0, |(_, work)| work.failed.get());
        let end = Instant::now() + Duration::from_secs(30);
        for times in 1..=3 {
            while failed() < times {
                assert!(Instant::now() < end, "it is tried {} times", failed());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            dealing.send_replace(cards(Some("null"), Some("nosuchcard")));
        }
        assert!(end - Instant::now() > Duration::from_secs(24), "pauses would have taken 6 seconds");
    }
}

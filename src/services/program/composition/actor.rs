//! The loop: commands, decoded media and the beat in; pictures and sound out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::codecs::{CardSpec, Codecs, VideoSpec};
use super::feed::Ending;
use super::patience::Patience;
use super::schedule::Schedule;
use super::workers::{Input, Ticket, Workers};
use super::{Command, Error, MOST_MEMBERS, Member, Names, Settings, Shows, State};
use crate::model::count::Counter;
use crate::model::id::PublicationId;
use crate::model::raw::{Picture, RATE, Sound};
use crate::model::ring::Reader;
use crate::model::time::{MediaTime, Timeline};
use crate::model::track::Codec;
use crate::model::unit::Unit;
use crate::proto::layout::grid::Tile;
use crate::proto::layout::mixer::Mixer;
use crate::proto::layout::scene::{Scene, Seated, Sight};

/// Sound is made in chunks of 20 ms.
const CHUNKS_A_SECOND: u32 = 50;
const CHUNK: usize = (RATE / CHUNKS_A_SECOND) as usize;
const BEAT: Duration = Duration::from_millis(1000 / CHUNKS_A_SECOND as u64);
/// Who was asleep for longer goes on with the present; the sound between is left out.
const STALL: Duration = Duration::from_millis(500);
/// A still waits this long for everybody to be seen.
const STILL_PATIENCE: Duration = Duration::from_secs(3);
/// After so many chunks, ten seconds, it is said how much sound came too late.
const LATE_TOLD_EVERY: u64 = 10 * CHUNKS_A_SECOND as u64;
/// What a decoder gives at first comes later than what follows: it says nothing of how long to wait.
const SETTLES: Duration = Duration::from_millis(500);
/// Stills that may be waited for at once.
const MOST_STILLS: usize = 16;

/// Where finished media goes; nothing where it is not wanted.
pub(super) struct Outlets {
    pub(super) pictures: Option<mpsc::Sender<Picture>>,
    pub(super) sounds: Option<mpsc::Sender<Sound>>,
}

struct Seat {
    life: u64,
    shows: Shows,
    audio: Option<AbortHandle>,
    /// When the first sound came.
    heard: Option<Instant>,
    video: Option<Video>,
    card: Option<(CardSpec, AbortHandle)>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.audio.iter().chain(self.card.as_ref().map(|(_, task)| task)).for_each(AbortHandle::abort);
    }
}

/// What brings somebody's pictures.
struct Video {
    life: u64,
    /// When the first picture came.
    seen: Option<Instant>,
    feed: AbortHandle,
    decoder: watch::Sender<Option<VideoSpec>>,
}

impl Drop for Video {
    fn drop(&mut self) {
        self.feed.abort();
    }
}

struct Overlay {
    serial: u64,
    until: Instant,
    task: AbortHandle,
}

struct Still {
    until: Instant,
    answer: oneshot::Sender<Result<Picture, Error>>,
}

pub(super) struct Actor {
    settings: Settings,
    outlets: Outlets,
    scene: Scene<PublicationId>,
    mixer: Mixer<PublicationId>,
    seats: HashMap<PublicationId, Seat>,
    names: Names,
    overlay: Option<Overlay>,
    stills: Vec<Still>,
    /// No pictures are composed, but for stills.
    rests: bool,
    workers: Workers,
    inputs: mpsc::Receiver<Input>,
    state: watch::Sender<State>,
    timeline: Timeline,
    patience: Patience,
    pictures: Schedule,
    sounds: Schedule,
    /// Media time of the first picture and the first sample.
    base: MediaTime,
    last_picture: Option<MediaTime>,
    /// Pushes of sound that came too late, as last told.
    late_told: u64,
    serial: u64,
}

impl Actor {
    pub(super) fn new(
        settings: Settings,
        codecs: Arc<dyn Codecs>,
        timeline: Timeline,
        outlets: Outlets,
    ) -> (Self, watch::Receiver<State>) {
        let (workers, inputs) = Workers::new(codecs, settings.counters.clone(), settings.supervisor.clone());
        let start = Instant::now();
        let patience = Patience::new(settings.delay.clone(), start);
        let base = MediaTime::from_ticks((timeline.media(start.into_std()) - patience.delay()).ticks(RATE), RATE);
        let (state, watcher) = watch::channel(State { members: Vec::new(), cut: base, ended: None });
        let second = Duration::from_secs(1);
        let actor = Self {
            scene: Scene::new(settings.width, settings.height, settings.background),
            pictures: Schedule::new(start, second, settings.fps),
            sounds: Schedule::new(start, second, CHUNKS_A_SECOND),
            settings,
            timeline,
            patience,
            outlets,
            mixer: Mixer::default(),
            seats: HashMap::new(),
            names: Names::default(),
            overlay: None,
            stills: Vec::new(),
            rests: false,
            workers,
            inputs,
            state,
            base,
            last_picture: None,
            late_told: 0,
            serial: 0,
        };
        (actor, watcher)
    }

    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>, cancel: CancellationToken) {
        let _running = self.settings.counters.running.hold();
        let pulse = self.settings.counters.pulses.begin("a composition");
        loop {
            pulse.beat();
            let due = self.due();
            tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                command = commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => break,
                },
                Some(input) = self.inputs.recv() => self.take(input),
                () = self.workers.reap() => {}
                () = sleep_until(due) => self.beat(Instant::now()),
            }
        }
        drop(pulse);
        self.seats.clear();
        self.workers.shutdown().await;
    }

    fn due(&self) -> Instant {
        match (self.makes_pictures(), self.makes_sound()) {
            (true, true) => self.pictures.due().min(self.sounds.due()),
            (_, false) => self.pictures.due(),
            (false, true) => self.sounds.due(),
        }
    }

    const fn makes_pictures(&self) -> bool {
        self.settings.makes.pictures()
    }

    const fn makes_sound(&self) -> bool {
        self.settings.makes.sound()
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Add(member, answer) => {
                let _ = answer.send(self.add(member));
            }
            Command::Remove(key, answer) => {
                let _ = answer.send(self.remove(key, None));
            }
            Command::Pictures(key, video) => self.see(key, video),
            Command::Rest(rests) => self.rests = rests,
            Command::Rename(key, name) => {
                self.scene.rename(key, name);
                self.follow_layout();
            }
            Command::Front(key) => {
                self.scene.set_front(key);
                self.follow_layout();
            }
            Command::Arrange(layout, names) => {
                self.scene.set_layout(layout);
                self.names = names;
                self.follow_layout();
            }
            Command::Overlay(line) => self.show(line),
            Command::Snapshot(answer) => {
                let refused = match () {
                    () if !self.makes_pictures() => Some(Error::NoPictures),
                    () if self.stills.len() >= MOST_STILLS => Some(Error::Busy),
                    () => None,
                };
                match refused {
                    Some(error) => drop(answer.send(Err(error))),
                    None => self.stills.push(Still { until: Instant::now() + STILL_PATIENCE, answer }),
                }
            }
        }
    }

    fn add(&mut self, member: Member) -> Result<(), Error> {
        let Member { key, shows, name, video, audio } = member;
        if self.seats.len() >= MOST_MEMBERS && !self.seats.contains_key(&key) {
            return Err(Error::Full);
        }
        let ticket = Ticket { key, life: self.next_serial() };
        let video = video.filter(|_| self.makes_pictures());
        let audio = audio.filter(|_| self.makes_sound());
        self.scene.add(key, name, sight(shows, video.is_some()));
        self.mixer.add(key);
        let audio = audio.map(|reader| self.workers.audio(ticket, reader));
        let seat =
            Seat { life: ticket.life, shows, audio, heard: None, video: self.video(key, shows, video), card: None };
        self.seats.insert(key, seat);
        self.follow_layout();
        self.tell(None);
        Ok(())
    }

    /// Another picture of somebody, or none; what was decoded of the one before and not shown yet is not shown any more.
    fn see(&mut self, key: PublicationId, video: Option<(Codec, Reader<Unit>)>) {
        let Some(shows) = self.seats.get(&key).map(|seat| seat.shows) else { return };
        let video = video.filter(|_| self.makes_pictures());
        self.scene.see(key, sight(shows, video.is_some()));
        let video = self.video(key, shows, video);
        if let Some(seat) = self.seats.get_mut(&key) {
            seat.video = video;
        }
        self.follow_layout();
    }

    fn video(&mut self, key: PublicationId, shows: Shows, video: Option<(Codec, Reader<Unit>)>) -> Option<Video> {
        let (codec, reader) = video?;
        let ticket = Ticket { key, life: self.next_serial() };
        let (decoder, spec) = watch::channel(self.video_spec(key));
        let feed = self.workers.video(ticket, (codec, shows), reader, spec);
        Some(Video { life: ticket.life, seen: None, feed, decoder })
    }

    /// Takes somebody out of everything at once; the cut is behind all that has been given out.
    fn remove(&mut self, key: PublicationId, ended: Option<Ending>) -> MediaTime {
        if self.seats.remove(&key).is_some() {
            self.scene.remove(key);
            self.mixer.remove(key);
            self.follow_layout();
            self.tell(ended.map(|ending| (key, ending)));
        }
        self.cut()
    }

    /// The earliest time that the next output can have.
    fn cut(&self) -> MediaTime {
        let after_picture = self.last_picture.map_or(self.base, |last| last.plus_nanos(1));
        let after_sound = if self.makes_sound() { self.sound_time() } else { self.base };
        after_picture.max(after_sound)
    }

    fn tell(&self, ended: Option<(PublicationId, Ending)>) {
        let members = self.scene.seated().map(|seated| seated.key).collect();
        let cut = self.cut();
        self.state.send_modify(|state| {
            *state = State { members, cut, ended: ended.or(state.ended) };
        });
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Picture(ticket, picture) if self.sees(ticket) => {
                self.arrived(ticket, picture.time, true);
                self.scene.push(ticket.key, picture);
            }
            Input::Sound(ticket, sound) if self.seated(ticket) => {
                self.arrived(ticket, sound.time, false);
                self.mixer.push(ticket.key, &sound);
            }
            Input::Card(ticket, card) if self.seated(ticket) => self.scene.set_card(ticket.key, card),
            Input::Ended(ticket, ending) if self.seated(ticket) || self.sees(ticket) => {
                tracing::info!(publication = %ticket.key, ?ending, "a member's track ended");
                self.remove(ticket.key, Some(ending));
            }
            Input::Overlay(serial, line) if self.overlay.as_ref().is_some_and(|o| o.serial == serial) => {
                self.scene.set_overlay(Some(line));
            }
            _ => {}
        }
    }

    /// Something of this media time came: whoever comes later from now on is waited for.
    fn arrived(&mut self, ticket: Ticket, time: MediaTime, picture: bool) {
        let now = Instant::now();
        let Some(seat) = self.seats.get_mut(&ticket.key) else { return };
        let first = match (picture, &mut seat.video) {
            (true, Some(video)) => &mut video.seen,
            _ => &mut seat.heard,
        };
        if now.saturating_duration_since(*first.get_or_insert(now)) < SETTLES {
            return;
        }
        let after = self.timeline.media(now.into_std()).since(time);
        let mut after = Duration::from_nanos(u64::try_from(after).unwrap_or_default());
        if !picture {
            // It is mixed up to a chunk before its time.
            after += BEAT;
        }
        let more = self.patience.arrived(after);
        if !more.is_zero() {
            self.pictures.put_off(more);
            self.sounds.put_off(more);
        }
    }

    /// So much was made: what is to come may be earlier.
    fn passes(&mut self, time: Duration, now: Instant) {
        let less = self.patience.passes(time, now);
        if !less.is_zero() {
            self.pictures.bring_forward(less);
            self.sounds.bring_forward(less);
        }
    }

    fn seated(&self, ticket: Ticket) -> bool {
        self.seats.get(&ticket.key).is_some_and(|seat| seat.life == ticket.life)
    }

    /// Whether it is of the pictures that somebody is seen by now.
    fn sees(&self, ticket: Ticket) -> bool {
        let video = self.seats.get(&ticket.key).and_then(|seat| seat.video.as_ref());
        video.is_some_and(|video| video.life == ticket.life)
    }

    fn beat(&mut self, now: Instant) {
        if self.overlay.as_ref().is_some_and(|overlay| overlay.until <= now) {
            self.show(None);
        }
        if self.makes_sound() {
            self.beat_sound(now);
        }
        if self.makes_pictures() && self.pictures.due() <= now {
            let planned = self.pictures.next();
            self.pictures.skip_to(now);
            self.settings.counters.late_pictures.add(self.pictures.next() - planned);
            let time = self.base + self.pictures.offset(self.pictures.next());
            self.pictures.advance();
            self.picture(time, now);
            if !self.makes_sound() {
                self.passes(Duration::from_secs(1) / self.settings.fps, now);
            }
        }
    }

    fn beat_sound(&mut self, now: Instant) {
        if now.saturating_duration_since(self.sounds.due()) > STALL {
            tracing::warn!("the composition was asleep; its sound goes on with the present");
            self.sounds.skip_to(now);
        }
        while self.sounds.due() <= now {
            let sound = self.mixer.mix(self.sound_time(), CHUNK);
            self.sounds.advance();
            if let Some(outlet) = &self.outlets.sounds {
                give(outlet, sound, "sound", &self.settings.counters.dropped);
            }
            self.passes(BEAT, now);
            if self.sounds.next().is_multiple_of(LATE_TOLD_EVERY) {
                self.tell_late();
            }
        }
    }

    fn tell_late(&mut self) {
        let dropped = self.mixer.dropped();
        let late = dropped - std::mem::replace(&mut self.late_told, dropped);
        self.settings.counters.late_sounds.add(late);
        if late > 0 {
            tracing::warn!(late, delay = ?self.patience.delay(), "sound came too late for the composition");
        }
    }

    /// Where the next chunk of sound begins.
    fn sound_time(&self) -> MediaTime {
        let frames = i64::try_from(self.sounds.next()).unwrap_or(i64::MAX).saturating_mul(CHUNK as i64);
        MediaTime::from_ticks(self.base.ticks(RATE).saturating_add(frames), RATE)
    }

    fn picture(&mut self, time: MediaTime, now: Instant) {
        self.stills.retain(|still| !still.answer.is_closed());
        let watched = !self.rests && self.outlets.pictures.as_ref().is_some_and(|outlet| !outlet.is_closed());
        self.last_picture = Some(time);
        if !watched && self.stills.is_empty() {
            self.scene.pass(time);
            return;
        }
        let composed = self.scene.compose(time);
        self.settings.counters.pictures.inc();
        for still in std::mem::take(&mut self.stills) {
            if composed.complete || still.until <= now {
                let _ = still.answer.send(Ok(composed.picture.clone()));
            } else {
                self.stills.push(still);
            }
        }
        if let Some(outlet) = self.outlets.pictures.as_ref().filter(|_| watched) {
            give(outlet, composed.picture, "picture", &self.settings.counters.dropped);
        }
    }

    /// Brings decoders and cards in line with who sits where.
    fn follow_layout(&mut self) {
        let wanted: Vec<_> = self.scene.seated().map(|seated| (seated.key, self.specs(seated))).collect();
        for (key, (spec, card)) in wanted {
            let Some(seat) = self.seats.get(&key) else { continue };
            if let Some(video) = &seat.video {
                video.decoder.send_if_modified(|current| {
                    let changed = *current != spec;
                    *current = spec;
                    changed
                });
            }
            if seat.card.as_ref().map(|(spec, _)| spec) != card.as_ref() {
                let life = seat.life;
                let card = card.filter(|_| self.makes_pictures()).map(|spec| {
                    let task =
                        self.workers.draw(spec.clone(), move |picture| Input::Card(Ticket { key, life }, picture));
                    (spec, task)
                });
                if let Some(seat) = self.seats.get_mut(&key)
                    && let Some((_, old)) = std::mem::replace(&mut seat.card, card)
                {
                    old.abort();
                }
            }
        }
    }

    /// The decoder and the card of somebody; none of both for who has no tile.
    fn specs(&self, seated: Seated<'_, PublicationId>) -> (Option<VideoSpec>, Option<CardSpec>) {
        let Some(Tile { width, height, .. }) = seated.tile else { return (None, None) };
        let caption = if self.names == Names::Shown { seated.name.to_owned() } else { String::new() };
        let card = CardSpec { text: seated.name.to_owned(), width, height };
        (Some(VideoSpec { width, height, caption }), Some(card))
    }

    fn video_spec(&self, key: PublicationId) -> Option<VideoSpec> {
        self.scene.seated().find(|seated| seated.key == key).and_then(|seated| self.specs(seated).0)
    }

    fn show(&mut self, line: Option<String>) {
        if let Some(old) = self.overlay.take() {
            old.task.abort();
        }
        self.scene.set_overlay(None);
        let Some(text) = line.filter(|_| self.makes_pictures()) else { return };
        let serial = self.next_serial();
        let tile = self.scene.overlay_tile();
        let spec = CardSpec { text, width: tile.width, height: tile.height };
        let task = self.workers.draw(spec, move |picture| Input::Overlay(serial, picture));
        self.overlay = Some(Overlay { serial, until: Instant::now() + self.settings.overlay_for, task });
    }

    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}

/// What the scene expects of somebody.
const fn sight(shows: Shows, seen: bool) -> Sight {
    match (shows, seen) {
        (_, false) => Sight::Unseen,
        (Shows::Camera, true) => Sight::Seen,
        (Shows::Screen, true) => Sight::Shared,
    }
}

/// Gives without waiting; what finds no room is left out.
fn give<T>(outlet: &mpsc::Sender<T>, item: T, what: &str, dropped: &Counter) {
    if let Err(TrySendError::Full(_)) = outlet.try_send(item) {
        dropped.inc();
        tracing::debug!(what, "a consumer of the composition is too slow");
    }
}

//! Carries what devices and rooms say to the rules, and back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::buttons::{Contact, Press, asks};
use super::config::AUTO;
use super::lights::{lights, seat};
use super::television::{Effect, Input, Phase, Television};
use super::{Config, Parts};
use crate::drivers::cec::{self, Adapter, Event};
use crate::drivers::gpio::{self, Button, Edge, Pins};
use crate::proto::cec::Command;
use crate::services::room::BoxWish;
use crate::services::telephone::Telephone;
use crate::services::{at, endpoint};

/// How long after a device failed, or was not there, it is looked for again.
const AGAIN: Duration = Duration::from_secs(10);

/// Percent by which a key makes the speaker louder or quieter.
const STEP: i8 = 5;

/// The buttons that there may be.
const BUTTONS: [Button; 3] = [Button::Mute, Button::Answer, Button::Privacy];

pub(super) struct Actor {
    config: Config,
    parts: Parts,
    television: Television,
    contacts: [Contact; 3],
    adapter: Option<Adapter>,
    /// When an adapter is looked for; nothing while there is one, or none is wanted.
    look: Option<Instant>,
    pins: Option<Pins>,
    /// What was said last of an adapter that can't be used: it is said once.
    said: Option<String>,
}

/// What woke the actor.
enum Woken {
    Cec(Result<Event, cec::Error>),
    Pin(Result<Edge, gpio::Error>),
    Rooms(Result<(), watch::error::RecvError>),
    Ringing,
    Due,
}

impl Actor {
    pub(super) fn new(config: Config, parts: Parts) -> Self {
        let now = Instant::now();
        let contacts = BUTTONS.map(|_| Contact::new(parts.gpio.debounce, now));
        let look = config.cec.then_some(now);
        Self { config, parts, television: Television::default(), contacts, adapter: None, look, pins: None, said: None }
    }

    pub(super) async fn run(mut self) {
        match Pins::open(&self.parts.gpio) {
            Ok(pins) => self.pins = pins,
            Err(error) => tracing::error!(%error, "there are no buttons and lights"),
        }
        let (mut rooms, mut telephone) = (self.parts.rooms.rooms(), self.parts.telephone.follow());
        loop {
            self.look().await;
            telephone.mark_unchanged();
            let now = rooms.borrow_and_update().clone();
            self.shine(&lights(&now));
            let phase = match () {
                () if seat(&now).is_some() => Phase::Call,
                () if self.rings() => Phase::Ringing,
                () => Phase::Idle,
            };
            self.tell(Input::Phase(phase)).await;
            let due = self.due();
            let woken = tokio::select! {
                event = next_event(self.adapter.as_mut()) => Woken::Cec(event),
                edge = next_edge(self.pins.as_mut()) => Woken::Pin(edge),
                changed = rooms.changed() => Woken::Rooms(changed),
                () = rung(&mut telephone) => Woken::Ringing,
                () = at(due) => Woken::Due,
            };
            match woken {
                Woken::Cec(Ok(Event::Heard(frame))) => self.tell(Input::Heard(frame)).await,
                Woken::Cec(Ok(Event::Address(address))) => {
                    tracing::info!(plugged = address.is_some(), "the way to the television has changed");
                    self.tell(Input::Address(address)).await;
                }
                Woken::Cec(Err(error)) => {
                    tracing::warn!(%error, "the television can't be spoken to; it is tried again");
                    self.adapter = None;
                    self.look = Some(Instant::now() + AGAIN);
                    self.tell(Input::Address(None)).await;
                }
                Woken::Pin(Ok(Edge { button, down })) => self.edge(button, down).await,
                Woken::Pin(Err(error)) => {
                    tracing::error!(%error, "buttons and lights are gone until the box is started again");
                    self.pins = None;
                }
                // When the rooms are gone, so is the daemon.
                Woken::Rooms(Err(_)) => return,
                Woken::Rooms(Ok(())) | Woken::Ringing => {}
                Woken::Due => self.tick().await,
            }
        }
    }

    fn rings(&self) -> bool {
        self.parts.telephone.follow().borrow().ringing.is_some()
    }

    fn due(&self) -> Option<Instant> {
        let contacts = self.contacts.iter().filter_map(Contact::due).min();
        let television = self.adapter.as_ref().and_then(|_| self.television.due());
        [contacts, television, self.look].into_iter().flatten().min()
    }

    async fn tick(&mut self) {
        self.tell(Input::Tick).await;
        let now = Instant::now();
        for (number, button) in BUTTONS.into_iter().enumerate() {
            let press = self.contacts[number].at(now);
            self.pressed(button, press).await;
        }
    }

    async fn edge(&mut self, button: Button, down: bool) {
        let number = BUTTONS.iter().position(|known| *known == button);
        if let Some(number) = number {
            let press = self.contacts[number].edge(down, Instant::now());
            self.pressed(button, press).await;
        }
    }

    async fn pressed(&mut self, button: Button, press: Option<Press>) {
        if let Some(command) = press.and_then(|press| asks(button, press)) {
            self.obey(command).await;
        }
    }

    /// Looks for an adapter, when it is time for that.
    async fn look(&mut self) {
        if self.look.is_none_or(|look| Instant::now() < look) {
            return;
        }
        self.look = Some(Instant::now() + AGAIN);
        let path = match self.config.adapter.as_str() {
            AUTO => {
                let found = tokio::task::spawn_blocking(cec::find).await.unwrap_or_default();
                let Some(first) = found.into_iter().next() else { return };
                first.path
            }
            named => PathBuf::from(named),
        };
        self.open(&path);
    }

    fn open(&mut self, path: &Path) {
        match Adapter::open(path, self.parts.called.borrow().as_str()) {
            Ok(adapter) => {
                tracing::info!(adapter = %path.display(), "the television can be spoken to");
                (self.adapter, self.look, self.said) = (Some(adapter), None, None);
            }
            Err(error) => {
                let text = error.to_string();
                if self.said.as_ref() != Some(&text) {
                    tracing::warn!(%error, "the television can't be spoken to; it is tried again");
                    self.said = Some(text);
                }
            }
        }
    }

    /// Tells the rules what happened, and does what they say.
    async fn tell(&mut self, input: Input) {
        for effect in self.television.on(input, Instant::now()) {
            match effect {
                Effect::Send(frame) => {
                    let sent = self.adapter.as_ref().map(|adapter| adapter.send(&frame));
                    if let Some(Err(error)) = sent {
                        tracing::debug!(%error, what = ?frame.what, "the television was not told");
                    }
                }
                Effect::Do(command) => self.obey(command).await,
            }
        }
        self.parts.endpoint.television_sleeps(self.television.sleeps());
    }

    fn shine(&mut self, lights: &[(gpio::Light, bool)]) {
        let Some(pins) = &self.pins else { return };
        for (light, on) in lights {
            if let Err(error) = pins.light(*light, *on) {
                tracing::warn!(%error, ?light, "a light can't be switched");
            }
        }
    }

    /// Does what somebody asked for by a key or a button.
    async fn obey(&mut self, command: Command) {
        tracing::debug!(?command, "asked by a key");
        let stops = matches!(command, Command::HangUp | Command::Mute | Command::Privacy);
        // Whoever closes camera and microphone does that, too.
        if stops && self.parts.announce.stop() && command != Command::Privacy {
            return;
        }
        let rooms = self.parts.rooms.rooms().borrow().clone();
        if self.rings() && matches!(command, Command::Answer | Command::Join | Command::HangUp) {
            let done = match command {
                Command::HangUp => self.parts.telephone.decline().await,
                _ => self.parts.telephone.answer().await,
            };
            if let Err(error) = done {
                tracing::warn!(%error, ?command, "what a key asked for can't be done");
            }
            return;
        }
        if command == Command::Privacy {
            let on = *self.parts.privacy.is_on().borrow();
            let done = if on { self.parts.privacy.open_here().await } else { self.parts.privacy.close().await };
            if let Err(error) = done {
                tracing::warn!(%error, on, "privacy mode can't be remembered");
            }
            return;
        }
        match command {
            Command::Louder | Command::Quieter => {
                let step = if command == Command::Louder { STEP } else { -STEP };
                match self.parts.endpoint.turn(step).await {
                    // Without a speaker there is nothing to turn.
                    Ok(()) | Err(endpoint::Error::NoControl) => {}
                    Err(error) => tracing::warn!(%error, "the speaker can't be turned"),
                }
                return;
            }
            // Without a call nobody would see what it does.
            Command::Layout if seat(&rooms).is_some() => return self.parts.endpoint.next_layout(),
            _ => {}
        }
        let wished = match (command, seat(&rooms), rooms.first()) {
            (Command::Join, None, Some(first)) => {
                Some((first.id, BoxWish { in_call: Some(true), ..BoxWish::default() }))
            }
            (Command::HangUp, Some((room, _)), _) => {
                Some((room.id, BoxWish { in_call: Some(false), ..BoxWish::default() }))
            }
            (Command::Mute, Some((room, seat)), _) => {
                Some((room.id, BoxWish { microphone: Some(!seat.microphone), ..BoxWish::default() }))
            }
            _ => None,
        };
        if let Some((room, wish)) = wished
            && let Err(error) = self.parts.rooms.wish_box(room, wish).await
        {
            tracing::warn!(%error, ?command, "what a key asked for can't be done");
        }
    }
}

async fn next_event(adapter: Option<&mut Adapter>) -> Result<Event, cec::Error> {
    match adapter {
        Some(adapter) => adapter.next().await,
        None => std::future::pending().await,
    }
}

async fn next_edge(pins: Option<&mut Pins>) -> Result<Edge, gpio::Error> {
    match pins {
        Some(pins) => pins.next().await,
        None => std::future::pending().await,
    }
}

/// Waits until something about the telephone changes; for ever if nothing can ring any more.
async fn rung(telephone: &mut watch::Receiver<Arc<Telephone>>) {
    if telephone.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

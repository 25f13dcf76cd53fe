//! The loop: what is done in chats, what goes out of it, and what is stored.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::rooms::{Room, Row};
use super::{Action, Command, Config, Counters, Done, Error, MOST_TURNED, Parts, Person, Standing, Undo, Whom, wire};
use crate::drivers::store;
use crate::drivers::store::chat::{places, rules_key, timeouts_key};
use crate::model::id::RoomId;
use crate::proto::chat::{By, Channel, LIVE, Message, Place, Refused, Timeout, Timeouts, Turn, Written};
use crate::services::supervisor::Part;

/// Events are at least so far apart, and farther where many read them: what changes meanwhile goes out as one.
const APART: Duration = Duration::from_millis(100);
/// So much farther for each who reads.
const FOR_EACH: Duration = Duration::from_micros(100);
/// And never farther than this.
const FARTHEST: Duration = Duration::from_millis(500);
/// What changed waits so long to be stored together.
const TOGETHER: Duration = Duration::from_secs(1);
/// After the store failed it is tried again so much later.
const AGAIN: Duration = Duration::from_secs(5);
/// Changes that wait to be stored. Past that the oldest are not stored any more, and are gone with the next start.
const UNSAVED: usize = 5_000;
/// How often what is over is looked for.
const SWEEP: Duration = Duration::from_secs(60);
/// How often it is looked for in the store.
const STORE_SWEEP: Duration = Duration::from_secs(3600);
/// A chat that nobody follows leaves the memory after this.
const IDLE: Duration = Duration::from_secs(120);
/// What was deleted or refused is kept so many seconds, so that it can be undone.
const UNDONE_FOR: i64 = 24 * 3600;
/// How long storing what is left may take at the end.
const LAST: Duration = Duration::from_secs(1);

enum Outcome {
    Wrote(Vec<Row>, Result<(), store::Error>),
    Swept(Result<usize, store::Error>),
}

type Job = Pin<Box<dyn Future<Output = Outcome> + Send>>;

pub(super) struct Actor {
    config: Config,
    parts: Parts,
    counters: Arc<Counters>,
    rooms: HashMap<RoomId, Room>,
    /// The number of the next message.
    next: u64,
    /// When events may go out again, and whether one waits.
    told: Instant,
    waits: bool,
    /// What is not stored yet, by the number of the message.
    unsaved: BTreeMap<u64, Option<(Place, Message)>>,
    save_at: Option<Instant>,
    sweep_at: Instant,
    store_sweep_at: Instant,
    /// What the store does now.
    job: Option<Job>,
    /// The store took what it was given last.
    saved: bool,
    /// That is another than was told.
    saved_changed: bool,
}

/// Milliseconds of wall time since 1970 UTC.
fn wall() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

async fn done(job: &mut Option<Job>) -> Outcome {
    match job {
        Some(running) => {
            let outcome = running.await;
            *job = None;
            outcome
        }
        None => std::future::pending().await,
    }
}

fn put<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl Actor {
    pub(super) async fn new(config: Config, parts: Parts, counters: Arc<Counters>) -> Result<Self, Error> {
        let next = parts.store.chat_last().await? + 1;
        let now = Instant::now();
        Ok(Self {
            config,
            parts,
            counters,
            rooms: HashMap::new(),
            next,
            told: now,
            waits: false,
            unsaved: BTreeMap::new(),
            save_at: None,
            sweep_at: now + SWEEP,
            store_sweep_at: now,
            job: None,
            saved: true,
            saved_changed: false,
        })
    }

    /// After a failure every channel is read from the store again, and whoever follows one comes back.
    pub(super) async fn keep(mut self, mut inbox: mpsc::Receiver<Command>, stop: CancellationToken) {
        let mut pauses = self.parts.supervisor.clone().pauses(Part::Chat);
        while pauses.attempt(self.run(&mut inbox, &stop)).await.is_none() {
            self.rooms.clear();
        }
        self.tell();
        if tokio::time::timeout(LAST, self.save_all()).await.is_err() {
            tracing::warn!(left = self.unsaved.len(), "the store did not take all of the chat in time");
        }
    }

    async fn run(&mut self, inbox: &mut mpsc::Receiver<Command>, stop: &CancellationToken) {
        loop {
            let due = self.waits.then_some(self.told);
            let save = self.save_at.filter(|_| self.job.is_none());
            let sweep = self.store_sweep_at.min(self.sweep_at);
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(command) => self.command(command).await,
                    None => return,
                },
                () = crate::services::at(due) => self.tell(),
                () = crate::services::at(save) => self.save(),
                outcome = done(&mut self.job) => self.outcome(outcome),
                () = tokio::time::sleep_until(sweep) => self.sweep(),
                () = stop.cancelled() => return,
            }
            if !self.waits && (self.saved_changed || self.rooms.values().any(Room::has_changed)) {
                self.waits = true;
            }
        }
    }

    async fn command(&mut self, command: Command) {
        // Whoever asked may be gone: what they asked for is done all the same.
        match command {
            Command::Open { place, audience, reply } => {
                let saved = self.saved;
                let opened = self.room(place.room).await;
                let _ = reply.send(opened.map(|room| room.open(place.kind, audience, saved, wall() / 1000)));
            }
            Command::Standing { place, by, reply } => {
                let _ = reply.send(self.standing(place, &by).await);
            }
            Command::Act { place, by, action, reply } => {
                let done = self.act(place, &by, action).await;
                if matches!(done, Err(Error::Refused(_))) {
                    self.counters.refused.inc();
                }
                let _ = reply.send(done);
            }
            Command::Who { place, whom, reply } => {
                let _ = reply.send(self.who(place, whom).await);
            }
            Command::Rules { place, reply } => {
                let rules = self.room(place.room).await;
                let _ = reply.send(rules.map(|room| room.hub(place.kind).channel.rules().clone()));
            }
            Command::Forget { room, reply } => {
                self.rooms.remove(&room);
                self.unsaved.retain(|_, row| row.as_ref().is_none_or(|(place, _)| place.room != room));
                let _ = reply.send(());
            }
        }
    }

    /// The chat of a room, read from the store where it is not at hand.
    async fn room(&mut self, id: RoomId) -> Result<&mut Room, Error> {
        if !self.rooms.contains_key(&id) {
            let store = self.parts.store.clone();
            let mut channels = [Channel::default(), Channel::default()];
            for (place, channel) in places(id).into_iter().zip(&mut channels) {
                let mut messages = store.chat_find(place, u64::MAX, LIVE * 2, |_| true).await?;
                messages.reverse();
                self.overlay(place, &mut messages);
                *channel = Channel::load(messages, Self::setting(&store, &rules_key(place)).await?);
            }
            let timeouts: Timeouts = Self::setting(&store, &timeouts_key(id)).await?;
            self.rooms.insert(id, Room::new(id, channels, timeouts));
        }
        let room = self.rooms.get_mut(&id).ok_or(Error::Closed)?;
        room.used = Instant::now();
        Ok(room)
    }

    /// What is not stored yet is so nevertheless.
    fn overlay(&self, place: Place, messages: &mut Vec<Message>) {
        for (id, row) in &self.unsaved {
            let at = messages.binary_search_by_key(id, |message| message.id);
            match (at, row) {
                (Ok(at), None) => drop(messages.remove(at)),
                (Ok(at), Some((_, message))) => messages[at] = message.clone(),
                (Err(at), Some((there, message))) if *there == place => messages.insert(at, message.clone()),
                (Err(_), _) => {}
            }
        }
    }

    /// What can't be read was written by another version: then it is as at first.
    async fn setting<T: serde::de::DeserializeOwned + Default>(store: &store::Handle, key: &str) -> Result<T, Error> {
        let text = store.setting(key).await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Takes in a message that is older than those at hand.
    async fn recall(&mut self, place: Place, id: u64) -> Result<(), Error> {
        if self.room(place.room).await?.hub(place.kind).channel.message(id).is_some() {
            return Ok(());
        }
        let stored = match self.unsaved.get(&id) {
            Some(row) => row.clone().filter(|(there, _)| *there == place).map(|(_, message)| message),
            None => self.parts.store.chat_message(place, id).await?,
        };
        let message = stored.ok_or(Refused::NoMessage)?;
        self.room(place.room).await?.hub(place.kind).channel.recall(message);
        Ok(())
    }

    async fn standing(&mut self, place: Place, by: &By) -> Result<Standing, Error> {
        let room = self.room(place.room).await?;
        let timed_out = room.timeouts.left(by.id, wall() / 1000);
        Ok(Standing { timed_out, reactions: wire::own(&room.hub(place.kind).channel, by.id) })
    }

    async fn who(&mut self, place: Place, whom: Whom) -> Result<Person, Error> {
        if let Whom::Message(id) = whom {
            self.recall(place, id).await?;
        }
        let room = self.room(place.room).await?;
        let found = room.who(place.kind, &whom);
        // Who has a time-out may have written nothing that is still there.
        if matches!(whom, Whom::Message(_)) {
            return found;
        }
        found.or_else(|error| {
            let mut silenced = room.timeouts.all(wall() / 1000);
            let one = silenced.find(|(id, timeout)| match &whom {
                Whom::Id(wanted) => wanted == id,
                Whom::Named(name) => crate::proto::chat::fold(name) == crate::proto::chat::fold(timeout.name.as_str()),
                Whom::Message(_) => false,
            });
            let person = |(id, timeout): (_, &Timeout)| Person {
                id,
                subject: timeout.subject,
                name: timeout.name.clone(),
                role: crate::model::role::Role::Viewer,
            };
            one.map(person).ok_or(error)
        })
    }

    async fn act(&mut self, place: Place, by: &By, action: Action) -> Result<Done, Error> {
        let (at, now) = (wall(), Instant::now().into_std());
        match action {
            Action::Write { text, emote, reply } => {
                let id = self.next;
                let room = self.room(place.room).await?;
                let (channel, timeouts) = room.parts(place.kind);
                let held = channel.write(by, Written { id, text, emote, reply, at }, timeouts, now)?;
                self.next += 1;
                self.counters.written.inc();
                Ok(Done { message: Some(id), held, ..Done::default() })
            }
            Action::React { message, reaction, on } => {
                let (channel, timeouts) = self.room(place.room).await?.parts(place.kind);
                channel.react(by, message, reaction, on, timeouts, at / 1000)?;
                Ok(Done::default())
            }
            Action::Report { message } => {
                self.recall(place, message).await?;
                self.room(place.room).await?.hub(place.kind).channel.report(by, message)?;
                Ok(Done::default())
            }
            Action::Erase { message } => {
                self.recall(place, message).await?;
                self.room(place.room).await?.hub(place.kind).channel.erase(by, message)?;
                Ok(Done::default())
            }
            Action::Turn { messages, turn } => self.turn(place, by, messages, turn).await,
            Action::Clear { whom, last } => {
                let person = self.who(place, whom).await?;
                let channel = &self.room(place.room).await?.hub(place.kind).channel;
                let mut messages = channel.shown_of(person.id);
                if last {
                    messages = messages.pop().into_iter().collect();
                }
                let done = self.turn(place, by, messages, Turn::Delete).await?;
                Ok(Done { about: Some(person), ..done })
            }
            Action::Silence { whom, seconds, delete } => self.silence(place, by, whom, seconds, delete).await,
            Action::Lift { whom } => {
                let person = self.who(place, whom).await?;
                if !by.may_silence(person.role) {
                    return Err(Refused::NotPermitted.into());
                }
                let left = self.room(place.room).await?.timeouts.left(person.id, at / 1000);
                let Some(left) = left else { return Ok(Done { about: Some(person), ..Done::default() }) };
                self.change_timeouts(place.room, &person, |timeouts| {
                    timeouts.lift(person.id);
                    Ok(())
                })
                .await?;
                let undo = vec![Undo::Silence(person.id, u32::try_from(left).unwrap_or(u32::MAX))];
                Ok(Done { undo, about: Some(person), ..Done::default() })
            }
            Action::Rule(rules) => {
                if !by.moderates {
                    return Err(Refused::NotPermitted.into());
                }
                if !rules.are_valid() {
                    return Err(Error::BadRules);
                }
                self.room(place.room).await?;
                self.parts.store.set_setting(rules_key(place), put(&*rules)).await?;
                let before = self.room(place.room).await?.hub(place.kind).channel.rule(*rules);
                Ok(Done { undo: vec![Undo::Rule(before.into())], ..Done::default() })
            }
        }
    }

    async fn turn(&mut self, place: Place, by: &By, messages: Vec<u64>, turn: Turn) -> Result<Done, Error> {
        let one = messages.len() == 1;
        let mut done = Done::default();
        let about = match messages.first() {
            Some(id) if one => self.who(place, Whom::Message(*id)).await.ok(),
            _ => None,
        };
        for id in messages.into_iter().take(MOST_TURNED) {
            let now = wall() / 1000;
            // Of several, those that are not there any more, or stand higher, stay as they are.
            let turned = match self.recall(place, id).await {
                Ok(()) => {
                    let channel = &mut self.room(place.room).await?.hub(place.kind).channel;
                    channel.turn(by, id, turn, now).map_err(Error::from)
                }
                Err(error) => Err(error),
            };
            match turned {
                Ok(Some(back)) => {
                    done.changed += 1;
                    match done.undo.iter_mut().find(|undo| matches!(undo, Undo::Turn(turn, _) if *turn == back)) {
                        Some(Undo::Turn(_, ids)) => ids.push(id),
                        _ => done.undo.push(Undo::Turn(back, vec![id])),
                    }
                }
                Ok(None) => {}
                Err(error) if one => return Err(error),
                Err(_) => {}
            }
        }
        Ok(Done { about, ..done })
    }

    async fn silence(&mut self, place: Place, by: &By, whom: Whom, seconds: u32, delete: bool) -> Result<Done, Error> {
        let person = self.who(place, whom).await?;
        if !by.may_silence(person.role) {
            return Err(Refused::NotPermitted.into());
        }
        let now = wall() / 1000;
        let before = self.room(place.room).await?.timeouts.left(person.id, now);
        let timeout = Timeout { subject: person.subject, name: person.name.clone(), until: now + i64::from(seconds) };
        self.change_timeouts(place.room, &person, |timeouts| timeouts.give(person.id, timeout, now)).await?;
        let undo = match before {
            Some(left) => Undo::Silence(person.id, u32::try_from(left).unwrap_or(u32::MAX)),
            None => Undo::Lift(person.id),
        };
        let mut done = Done::default();
        if delete {
            let messages = self.room(place.room).await?.hub(place.kind).channel.shown_of(person.id);
            done = self.turn(place, by, messages, Turn::Delete).await?;
        }
        done.undo.push(undo);
        Ok(Done { about: Some(person), ..done })
    }

    /// Has other time-outs hold once they are stored.
    async fn change_timeouts(
        &mut self,
        room: RoomId,
        person: &Person,
        change: impl FnOnce(&mut Timeouts) -> Result<(), Refused>,
    ) -> Result<(), Error> {
        let mut timeouts = self.room(room).await?.timeouts.clone();
        change(&mut timeouts)?;
        self.parts.store.set_setting(timeouts_key(room), put(&timeouts)).await?;
        let room = self.room(room).await?;
        (room.timeouts, room.timeouts_changed) = (timeouts, true);
        room.concerned.push(person.id);
        Ok(())
    }

    /// Tells everybody what changed.
    fn tell(&mut self) {
        let saved = std::mem::take(&mut self.saved_changed).then_some(self.saved);
        let (now, mut readers) = (wall() / 1000, 0);
        for room in self.rooms.values_mut().filter(|room| saved.is_some() || room.has_changed()) {
            readers += room.followers();
            let (rows, events) = room.tell(saved, now);
            self.counters.batches.add(events);
            self.unsaved.extend(rows);
        }
        let apart = APART + FOR_EACH * u32::try_from(readers).unwrap_or(u32::MAX).min(10_000);
        (self.told, self.waits) = (Instant::now() + apart.min(FARTHEST), false);
        let over = self.unsaved.len().saturating_sub(UNSAVED);
        for _ in 0..over {
            self.unsaved.pop_first();
        }
        self.counters.unsaved.set(i64::try_from(self.unsaved.len()).unwrap_or(i64::MAX));
        if !self.unsaved.is_empty() && self.save_at.is_none() {
            self.save_at = Some(Instant::now() + TOGETHER);
        }
    }

    /// Has the store write what waits.
    fn save(&mut self) {
        self.save_at = None;
        let rows: Vec<Row> = std::mem::take(&mut self.unsaved).into_iter().collect();
        let store = self.parts.store.clone();
        self.job = Some(Box::pin(async move {
            let written = store.chat_write(rows.clone()).await;
            Outcome::Wrote(rows, written)
        }));
    }

    fn outcome(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Wrote(_, Ok(())) => {
                self.saved_changed |= !std::mem::replace(&mut self.saved, true);
                if !self.unsaved.is_empty() && self.save_at.is_none() {
                    self.save_at = Some(Instant::now() + TOGETHER);
                }
            }
            Outcome::Wrote(rows, Err(error)) => {
                if std::mem::replace(&mut self.saved, false) {
                    tracing::warn!(%error, "the chat can't be stored; it goes on in memory and is tried again");
                    self.saved_changed = true;
                }
                // What has changed meanwhile is newer.
                for (id, row) in rows {
                    self.unsaved.entry(id).or_insert(row);
                }
                self.save_at = Some(Instant::now() + AGAIN);
            }
            Outcome::Swept(Ok(0)) => {}
            Outcome::Swept(Ok(gone)) => tracing::debug!(gone, "old messages were forgotten"),
            Outcome::Swept(Err(error)) => {
                tracing::warn!(%error, "old messages could not be removed; that is tried again")
            }
        }
        self.counters.unsaved.set(i64::try_from(self.unsaved.len()).unwrap_or(i64::MAX));
    }

    async fn save_all(&mut self) {
        if let Some(job) = self.job.take() {
            let outcome = job.await;
            self.outcome(outcome);
        }
        let rows: Vec<Row> = std::mem::take(&mut self.unsaved).into_iter().collect();
        if !rows.is_empty()
            && let Err(error) = self.parts.store.chat_write(rows).await
        {
            tracing::warn!(%error, "the last of the chat could not be stored");
        }
    }

    /// Forgets what is over.
    fn sweep(&mut self) {
        let now = Instant::now();
        let (wall, std) = (wall(), now.into_std());
        let oldest = wall.saturating_sub(i64::from(self.config.keep_days) * 86_400_000);
        let taken = wall / 1000 - UNDONE_FOR;
        if self.sweep_at <= now {
            self.sweep_at = now + SWEEP;
            for room in self.rooms.values_mut() {
                room.timeouts_changed |= room.timeouts.sweep(wall / 1000);
                for kind in crate::proto::chat::Kind::ALL {
                    let channel = &mut room.hub(kind).channel;
                    channel.sweep(std);
                    channel.forget(oldest, taken);
                }
            }
            self.rooms.retain(|_, room| {
                room.followers() > 0 || room.has_changed() || now.saturating_duration_since(room.used) < IDLE
            });
        }
        if self.store_sweep_at <= now {
            // While the store does something else it has to wait.
            if self.job.is_some() {
                self.store_sweep_at = now + TOGETHER;
                return;
            }
            self.store_sweep_at = now + STORE_SWEEP;
            let (store, most) = (self.parts.store.clone(), self.config.keep_messages);
            self.job = Some(Box::pin(async move { Outcome::Swept(store.chat_sweep(oldest, taken, most).await) }));
        }
    }
}

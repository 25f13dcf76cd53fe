//! The chat of one room: its two channels, who follows them, and what goes out to those.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::wire::{self, Changes, Whole};
use super::{Audience, Batch, Error, FEED, Opened, Person, Whom};
use crate::model::id::{AuthorId, RoomId};
use crate::proto::chat::{Channel, Kind, Message, Place, Refused, Timeouts};

/// What is to be stored: a message as it is by now, or that it is gone.
pub(super) type Row = (u64, Option<(Place, Message)>);

/// One channel and those who follow it.
pub(super) struct Hub {
    pub(super) channel: Channel,
    feed: broadcast::Sender<Arc<Batch>>,
    /// Events so far, for each audience.
    seq: [u64; 2],
    /// The whole channel as it was at some moment since the last event: what comes next makes it true for everybody.
    snapshot: [Option<Bytes>; 2],
}

impl Hub {
    fn new(channel: Channel) -> Self {
        Self { channel, feed: broadcast::channel(FEED).0, seq: [0; 2], snapshot: [None, None] }
    }
}

pub(super) struct Room {
    id: RoomId,
    hubs: [Hub; 2],
    pub(super) timeouts: Timeouts,
    pub(super) timeouts_changed: bool,
    /// Whose standing is another since the last event.
    pub(super) concerned: Vec<AuthorId>,
    /// When somebody last asked for it.
    pub(super) used: Instant,
}

impl Room {
    pub(super) fn new(id: RoomId, channels: [Channel; 2], timeouts: Timeouts) -> Self {
        let used = Instant::now();
        Self { id, hubs: channels.map(Hub::new), timeouts, timeouts_changed: false, concerned: Vec::new(), used }
    }

    pub(super) fn hub(&mut self, kind: Kind) -> &mut Hub {
        &mut self.hubs[kind as usize]
    }

    /// A channel to change, and who has a time-out.
    pub(super) fn parts(&mut self, kind: Kind) -> (&mut Channel, &Timeouts) {
        (&mut self.hubs[kind as usize].channel, &self.timeouts)
    }

    pub(super) fn open(&mut self, kind: Kind, audience: Audience, saved: bool, now: i64) -> Opened {
        let (hub, timeouts) = (&mut self.hubs[kind as usize], &self.timeouts);
        let at = audience as usize;
        let whole = Whole { kind, channel: &hub.channel, timeouts, saved, now };
        let seq = hub.seq[at];
        let snapshot = hub.snapshot[at].get_or_insert_with(|| wire::snapshot(&whole, audience, seq));
        Opened { snapshot: snapshot.clone(), feed: hub.feed.subscribe() }
    }

    /// Who that is, by what is at hand.
    pub(super) fn who(&self, kind: Kind, whom: &Whom) -> Result<Person, Error> {
        let person = |m: &Message| Person { id: m.by, subject: m.subject, name: m.name.clone(), role: m.role };
        let here = &self.hubs[kind as usize].channel;
        match whom {
            Whom::Message(id) => here.message(*id).map(person).ok_or(Error::Refused(Refused::NoMessage)),
            Whom::Id(id) => {
                let all = self.hubs.iter().flat_map(|hub| hub.channel.messages().rev());
                all.into_iter().find(|message| message.by == *id).map(person).ok_or(Error::Nobody)
            }
            Whom::Named(name) => match here.named(name) {
                (Some(last), false) => Ok(person(last)),
                (Some(_), true) => Err(Error::Several),
                (None, _) => Err(Error::Nobody),
            },
        }
    }

    pub(super) fn has_changed(&self) -> bool {
        self.timeouts_changed || !self.concerned.is_empty() || self.hubs.iter().any(|hub| hub.channel.has_changed())
    }

    /// How many follow it.
    pub(super) fn followers(&self) -> usize {
        self.hubs.iter().map(|hub| hub.feed.receiver_count()).sum()
    }

    /// Tells all who follow what changed. Gives what is to be stored of it, and how many events went out.
    pub(super) fn tell(&mut self, saved: Option<bool>, now: i64) -> (Vec<Row>, u64) {
        let timeouts = std::mem::take(&mut self.timeouts_changed).then_some(&self.timeouts);
        let concerned = std::mem::take(&mut self.concerned);
        let (mut rows, mut events) = (Vec::new(), 0);
        for (kind, hub) in Kind::ALL.into_iter().zip(&mut self.hubs) {
            let (messages, rules) = hub.channel.take_changes();
            let rules = rules.then(|| hub.channel.rules());
            let changes = Changes { messages: &messages, rules, timeouts, saved, now };
            let [all, moderators] = Audience::ALL.map(|audience| {
                let changes = wire::changes(&changes, audience);
                if changes.is_empty() {
                    return None;
                }
                hub.snapshot[audience as usize] = None;
                hub.seq[audience as usize] += 1;
                Some(wire::batch(&changes, hub.seq[audience as usize]))
            });
            if all.is_some() || moderators.is_some() || !concerned.is_empty() {
                events += 1;
                // Nobody may follow it.
                let _ = hub.feed.send(Arc::new(Batch { all, moderators, concerned: concerned.clone() }));
            }
            let place = Place { room: self.id, kind };
            rows.extend(messages.into_iter().map(|(id, _, message)| (id, message.map(|message| (place, message)))));
        }
        (rows, events)
    }
}

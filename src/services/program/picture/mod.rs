//! The picture of a program: forwarded while one person is alone on air, else composed; one track for as long as the room is
//! live, whose times always rise.

mod composed;
mod fitness;

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::composed::{Composed, Happened};
use self::fitness::Fitness;
use super::consent::{Consent, Look, is_on_air};
use super::{AGAIN, Config, LINGER, Parts};
use crate::model::id::PublicationId;
use crate::model::purpose::Purpose;
use crate::model::ring::{Demand, Next, Reader, UNITS, Wanted, Writer, ring};
use crate::model::track::Codec;
use crate::model::unit::Unit;
use crate::proto::splice::{Side, Splicer};
use crate::services::origin::{self, Native};
use crate::services::room::Room;
use crate::services::supervisor::{Part, Pauses};

/// Somebody must have been alone on air for so long before the composition gives way: people come and go in bursts.
const STEADY: Duration = Duration::from_secs(2);

/// What should be on air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    /// Nobody looks.
    Nothing,
    Forward(PublicationId),
    Compose,
}

/// Somebody's units.
struct Forward {
    publication: PublicationId,
    reader: Reader<Unit>,
}

impl Forward {
    fn new(publication: PublicationId, reader: Reader<Unit>) -> Self {
        tracing::info!(%publication, "forwarding the picture on air");
        Self { publication, reader }
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        tracing::info!(publication = %self.publication, "the picture on air is not forwarded any more");
    }
}

pub(super) struct Picture {
    config: Config,
    parts: Parts,
    tasks: TaskTracker,
    writer: Writer<Unit>,
    demand: Demand,
    readers: usize,
    /// Somebody was on air.
    begun: bool,
    /// When the last reader left.
    idle: Instant,
    splicer: Splicer,
    forward: Option<Forward>,
    composed: Option<Composed>,
    /// After a composition failed: when another may be started.
    may_compose: Instant,
    pauses: Pauses,
    /// Of whoever was alone on air last, and since when they are.
    candidate: Option<(PublicationId, Fitness, Instant)>,
}

impl Picture {
    /// Publishes the track, empty.
    pub async fn open(
        config: Config,
        parts: Parts,
        publication: PublicationId,
        tasks: TaskTracker,
    ) -> Result<Self, origin::Error> {
        let (writer, source) = ring(UNITS);
        let demand = writer.demand();
        parts.origin.track(publication, Native::Units(Codec::H264, source)).await?;
        let pauses = parts.seen.supervisor.pauses(Part::Composition);
        Ok(Self {
            config,
            parts,
            tasks,
            writer,
            demand,
            readers: 0,
            begun: false,
            idle: Instant::now(),
            splicer: Splicer::default(),
            forward: None,
            composed: None,
            may_compose: Instant::now(),
            pauses,
            candidate: None,
        })
    }

    /// Shows while somebody looks, until the room is off air.
    pub async fn run(mut self, mut consent: Consent, stop: CancellationToken) -> Result<(), origin::Error> {
        let mut again = interval(AGAIN);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while let Some(look) = consent.look() {
            self.follow(&look, &consent, &stop).await;
            let mut settled = true;
            while settled {
                let waits = self.forward.is_some() || self.composed.is_some() || self.readers > 0;
                settled = tokio::select! {
                    more = consent.changed() => match more {
                        true => false,
                        false => return Ok(()),
                    },
                    wanted = self.demand.changed() => self.wanted(wanted, &consent),
                    next = forwarded(&mut self.forward) => self.forwarded(next, &consent),
                    happened = composed(&mut self.composed) => self.composed(happened, &consent),
                    _ = again.tick(), if waits => false,
                }
            }
        }
        Ok(())
    }

    /// Follows readers; false when the room has to be looked at.
    fn wanted(&mut self, wanted: Wanted, consent: &Consent) -> bool {
        if !wanted.keyframes.is_empty()
            && let Some(on) = self.splicer.on()
        {
            self.request_keyframe(on, consent);
        }
        let before = std::mem::replace(&mut self.readers, wanted.readers);
        let same = (before == 0) == (wanted.readers == 0);
        if !same {
            self.idle = Instant::now();
        }
        same
    }

    /// Takes what was read of somebody; false when that has ended.
    fn forwarded(&mut self, next: Next<Unit>, consent: &Consent) -> bool {
        match next {
            Next::Item(unit) => {
                if let Some((_, fitness, _)) = &mut self.candidate {
                    fitness.unit(&unit, consent.now());
                }
                self.emit(Side::Forwarded, unit, consent);
                true
            }
            Next::Lagged(_) => {
                self.splicer.lost(Side::Forwarded);
                true
            }
            Next::Closed | Next::Revoked => {
                self.drop_forward();
                false
            }
        }
    }

    /// Takes what a composition gives; false when the room has to be looked at.
    fn composed(&mut self, happened: Happened, consent: &Consent) -> bool {
        match happened {
            Happened::Picture(picture) => {
                let mut out = Vec::new();
                let wanted = self.splicer.picture(picture.time, &mut out);
                self.write(out);
                if wanted && let Some(composed) = &mut self.composed {
                    composed.encoder.picture(&picture);
                }
                true
            }
            Happened::Unit(unit) => {
                self.emit(Side::Composed, unit, consent);
                true
            }
            Happened::Lost => {
                self.splicer.lost(Side::Composed);
                true
            }
            Happened::Ready => {
                self.turn(Side::Composed);
                false
            }
            Happened::Changed => false,
            Happened::Ended => {
                self.composed = None;
                self.may_compose = self.pauses.failed();
                if self.splicer.on() == Some(Side::Composed) {
                    self.splicer.stop();
                }
                false
            }
        }
    }

    /// Brings what is shown in line with the room and with who looks.
    async fn follow(&mut self, look: &Look, consent: &Consent, stop: &CancellationToken) {
        let room = &look.room;
        self.begun |= room.participants.iter().any(is_on_air);
        let may = |publication| room.participants.iter().any(|p| p.publication == publication && is_on_air(p));
        if self.forward.as_ref().is_some_and(|forward| !may(forward.publication)) {
            self.drop_forward();
        }
        match self.want(room, consent) {
            Want::Nothing => {
                (self.forward, self.composed) = (None, None);
                self.splicer.stop();
            }
            Want::Forward(publication) => match self.open_forward(publication, consent).await {
                true => self.turn(Side::Forwarded),
                false => self.compose(stop),
            },
            Want::Compose => self.compose(stop),
        }
        if room.direction.slate.is_some() && self.forward.is_some() {
            // At once, and not when the slate can be seen.
            self.drop_forward();
        }
        if let Some(composed) = &mut self.composed {
            composed.follow(room, self.begun, &self.parts).await;
        }
        if look.withdrawn {
            let composed = self.composed.as_ref().map(Composed::cut);
            let cut = composed.into_iter().chain(self.splicer.next()).max();
            consent.cut(cut.unwrap_or_else(|| consent.now())).await;
            if let Some(on) = self.splicer.on() {
                self.request_keyframe(on, consent);
            }
        }
        for side in [Side::Forwarded, Side::Composed] {
            if self.splicer.needs_keyframe(side) {
                self.request_keyframe(side, consent);
            }
        }
    }

    fn want(&mut self, room: &Room, consent: &Consent) -> Want {
        let runs = self.forward.is_some() || self.composed.is_some();
        if self.readers == 0 && (!runs || self.idle.elapsed() >= LINGER) {
            return Want::Nothing;
        }
        let mut on_air = room.participants.iter().filter(|p| is_on_air(p));
        let alone = match (on_air.next(), on_air.next()) {
            // A shared screen and its owner are two pictures.
            (Some(only), None) if only.camera && only.screen.is_none() && !room.direction.is_drawn() => {
                Some(only.publication)
            }
            _ => None,
        };
        let Some(publication) = alone else {
            self.candidate = None;
            return Want::Compose;
        };
        let (_, fitness, since) = match self.candidate.take() {
            Some(known) if known.0 == publication => self.candidate.insert(known),
            _ => self.candidate.insert((publication, Fitness::default(), Instant::now())),
        };
        let fit = fitness.is_fit(self.forward.is_some(), consent.now());
        let steady = self.composed.is_none() || since.elapsed() >= STEADY;
        if fit && (steady || self.forward.is_some()) { Want::Forward(publication) } else { Want::Compose }
    }

    /// Whether somebody's units can be read.
    async fn open_forward(&mut self, publication: PublicationId, consent: &Consent) -> bool {
        if self.forward.is_none() {
            // Its track may not be there yet, or be of another codec.
            let opened = self.parts.origin.units(publication, Codec::H264, Purpose::OnAir).await;
            self.forward = opened.ok().map(|reader| Forward::new(publication, reader));
            if let (Some(_), Some((_, fitness, _))) = (&self.forward, &mut self.candidate) {
                fitness.begin(consent.now());
            }
        }
        self.forward.is_some()
    }

    /// Nothing of whoever is forwarded goes out any more, not even what is held already.
    fn drop_forward(&mut self) {
        self.forward = None;
        match self.composed {
            Some(_) => self.turn(Side::Composed),
            None => self.splicer.stop(),
        }
    }

    /// Composes: beside what is forwarded until everybody is seen.
    fn compose(&mut self, stop: &CancellationToken) {
        if self.composed.is_none() && Instant::now() >= self.may_compose {
            self.composed = Composed::start(&self.config, &self.parts, &self.tasks, stop.child_token());
        }
        match (self.splicer.on(), &mut self.composed) {
            (Some(Side::Forwarded), Some(composed)) => composed.await_everybody(),
            (_, Some(_)) => self.turn(Side::Composed),
            (_, None) => {}
        }
    }

    /// Passes to a side.
    fn turn(&mut self, to: Side) {
        self.splicer.turn(to);
        if self.splicer.on() == Some(Side::Forwarded)
            && let Some(composed) = &mut self.composed
        {
            // Whoever wanted to pass to it does not any more.
            composed.await_nobody();
        }
        self.settle();
    }

    /// Ends the side that is neither on nor waited for.
    fn settle(&mut self) {
        match self.splicer.on() {
            Some(Side::Forwarded) if self.composed.as_ref().is_some_and(|composed| !composed.is_awaited()) => {
                self.composed = None;
            }
            Some(Side::Composed) if self.forward.is_some() && !self.splicer.is_waiting() => {
                self.forward = None;
            }
            _ => {}
        }
    }

    fn emit(&mut self, side: Side, unit: Unit, consent: &Consent) {
        let mut out = Vec::new();
        self.splicer.push(side, unit, consent.now(), &mut out);
        self.write(out);
    }

    fn write(&mut self, units: Vec<Unit>) {
        for unit in units {
            self.writer.push(unit);
        }
        self.settle();
    }

    fn request_keyframe(&mut self, side: Side, consent: &Consent) {
        match (side, &self.forward, &self.composed) {
            (Side::Forwarded, Some(forward), _) => {
                forward.reader.request_keyframe();
                if let Some((_, fitness, _)) = &mut self.candidate {
                    fitness.asked(consent.now());
                }
            }
            (Side::Composed, _, Some(composed)) => composed.encoder.request_keyframe(),
            _ => {}
        }
    }
}

async fn composed(composed: &mut Option<Composed>) -> Happened {
    match composed {
        Some(composed) => composed.next().await,
        None => std::future::pending().await,
    }
}

async fn forwarded(forward: &mut Option<Forward>) -> Next<Unit> {
    match forward {
        Some(forward) => forward.reader.next().await,
        None => std::future::pending().await,
    }
}

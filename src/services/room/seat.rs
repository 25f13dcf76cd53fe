//! One seat of a room: what the room itself knows of a participant beside what everybody sees.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::health::Health;
use super::history::{Code, History};
use super::permits::Permits;
use super::snapshot::{Label, Live, OnAir, Own, Participant, ParticipantKind, Quality, Screen};
use super::state::Effect;
use super::view::View;
use super::{Connection, Labels};
use crate::drivers::identity::TokenHash;
use crate::drivers::peer::server::{Inbound, Mid, Source};
use crate::model::id::{ParticipantId, PeerId, PublicationId};
use crate::model::layer::Layers;
use crate::model::purpose::{Audience, Purpose};
use crate::model::role::Subject;
use crate::model::time::MediaTime;
use crate::model::track::{Codec, Kind};
use crate::proto::auth::Name;
use crate::proto::sfu::{Pause, Shown};

/// Whoever takes a new seat.
pub(super) struct NewSeat {
    pub(super) participant: ParticipantId,
    pub(super) publication: PublicationId,
    pub(super) peer: PeerId,
    pub(super) name: Name,
    pub(super) permits: Permits,
    /// Whose grant it is; the box has none.
    pub(super) subject: Option<Subject>,
    pub(super) kind: ParticipantKind,
    pub(super) resume: Option<TokenHash>,
}

/// A track that an answer brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NewTrack {
    pub(super) mid: Mid,
    pub(super) codec: Codec,
    pub(super) source: Source,
}

pub(super) struct Seat {
    pub(super) who: Participant,
    pub(super) peer: PeerId,
    pub(super) resume: Option<TokenHash>,
    /// How media flows, whether or not there is a WebSocket.
    pub(super) media: Connection,
    /// While nobody is connected: until when it is held.
    pub(super) held: Option<MediaTime>,
    /// DTLS fingerprint of the browser's connection: another one is another connection.
    pub(super) fingerprint: Option<String>,
    /// What its page shows, once it has said so.
    pub(super) looks: Option<View>,
    /// Microphone and camera, as its page says.
    pub(super) muted: (bool, bool),
    pub(super) permits: Permits,
    pub(super) subject: Option<Subject>,
    /// What somebody who keeps order has stopped, until they begin it again themselves.
    stopped: BTreeSet<Label>,
    /// The screen that is sent, whether or not the others may see it.
    shared: Option<Screen>,
    /// The sections of which the worker was told to take nothing.
    holds: BTreeSet<Mid>,
    pub(super) health: Health,
    pub(super) history: History,
    /// The sections in which it sends.
    sent: BTreeMap<Label, (Mid, Codec)>,
}

impl Seat {
    pub(super) fn new(new: NewSeat, on_air: OnAir) -> Self {
        let who = Participant {
            id: new.participant,
            publication: new.publication,
            name: new.name,
            kind: new.kind,
            role: new.permits.role,
            microphone: false,
            camera: false,
            screen: None,
            speaking: false,
            hand: None,
            quality: Quality::Unknown,
            on_air,
            recorded: OnAir::No,
            separately: OnAir::No,
            separately_since: MediaTime::ZERO,
            connection: Connection::Connecting,
            stand_in: false,
            private: false,
            audio: false,
            video: false,
            own: Arc::default(),
            generation: 1,
        };
        Self {
            who,
            peer: new.peer,
            media: Connection::Connecting,
            resume: new.resume,
            held: None,
            fingerprint: None,
            looks: None,
            muted: (false, false),
            permits: new.permits,
            subject: new.subject,
            stopped: BTreeSet::new(),
            shared: None,
            holds: BTreeSet::new(),
            health: Health::default(),
            history: History::default(),
            sent: BTreeMap::new(),
        }
    }

    pub(super) fn own(&mut self) -> &mut Own {
        Arc::make_mut(&mut self.who.own)
    }

    /// Brings what everybody sees in line with what is sent, what is permitted and what is muted.
    pub(super) fn show(&mut self) {
        self.who.microphone = self.who.audio && !self.muted.0 && !self.stopped.contains(&Label::Microphone);
        self.who.camera = self.who.video && !self.muted.1 && !self.stopped.contains(&Label::Camera);
    }

    /// Whether nothing is taken of this, whatever is sent.
    fn is_closed(&self, label: Label) -> bool {
        let stopped = if label == Label::ScreenSound { Label::Screen } else { label };
        !self.permits.has(label) || self.stopped.contains(&stopped)
    }

    /// Has the worker take what is permitted and not stopped, and nothing else, and shows it so.
    fn admit(&mut self, effects: &mut Vec<Effect>) {
        if self.who.kind == ParticipantKind::Box {
            return self.show();
        }
        let sent = |label| self.sent.contains_key(&label);
        let audio = sent(Label::Microphone) && self.permits.has(Label::Microphone);
        let video = sent(Label::Camera) && self.permits.has(Label::Camera);
        (self.who.audio, self.who.video) = (audio, video);
        self.show();
        let closed: BTreeSet<Mid> =
            self.sent.iter().filter(|(label, _)| self.is_closed(**label)).map(|(_, (mid, _))| mid.clone()).collect();
        let hold = |mid: &Mid, held| Effect::Hold { peer: self.peer, mid: mid.clone(), held };
        effects.extend(closed.difference(&self.holds).map(|mid| hold(mid, true)));
        effects.extend(self.holds.difference(&closed).map(|mid| hold(mid, false)));
        self.holds = closed;
        let seen = self.shared.filter(|_| !self.is_closed(Label::Screen));
        if self.who.screen.map(|screen| screen.publication) != seen.map(|screen| screen.publication) {
            let audience = if seen.is_some() { self.audience() } else { Audience::NOBODY };
            effects.extend(self.shared.map(|screen| Effect::Audience(screen.publication, audience)));
        }
        self.who.screen = seen;
    }

    /// The grant says something else. Who may be seen or heard from here on is asked whether they are so by those who watch as well, and who may
    /// not has no yes any more.
    pub(super) fn permit(&mut self, permits: Permits, live: Option<&Live>, now: MediaTime, effects: &mut Vec<Effect>) {
        let before = std::mem::replace(&mut self.permits, permits);
        self.who.role = permits.role;
        self.admit(effects);
        if before.sends() != permits.sends() {
            let asked = |wanted| if wanted && permits.sends() { OnAir::Asked } else { OnAir::No };
            let recording = live.and_then(|live| live.recording);
            self.who.on_air = asked(live.is_some());
            self.who.recorded = asked(recording.is_some());
            self.separately(asked(recording.is_some_and(|recording| recording.separately)), now);
            self.audiences(effects);
        }
    }

    /// Nothing is taken any more of what is sent as this, before they begin it again themselves.
    pub(super) fn stop(&mut self, label: Label, effects: &mut Vec<Effect>) {
        // Who sends nothing like it has nothing to begin again.
        if label != Label::Screen || self.shared.is_some() {
            self.stopped.insert(label);
            self.tell_stopped();
            self.admit(effects);
        }
    }

    fn tell_stopped(&mut self) {
        let stopped: Vec<Label> = self.stopped.iter().copied().collect();
        if self.who.own.stopped != stopped {
            self.own().stopped = stopped;
        }
    }

    /// Whether microphone and camera are sent, as its page says. What was stopped begins again when the page says that it is off, and then
    /// that it is on: what it said before it knew does not count.
    pub(super) fn sending(&mut self, microphone: bool, camera: bool, effects: &mut Vec<Effect>) {
        let (muted, dark) = std::mem::replace(&mut self.muted, (!microphone, !camera));
        for (label, begins) in [(Label::Microphone, muted && microphone), (Label::Camera, dark && camera)] {
            if begins {
                self.stopped.remove(&label);
            }
        }
        self.tell_stopped();
        self.admit(effects);
    }

    /// Whether the box's camera and microphone are closed for good; only it has this. It ends muted.
    pub(super) fn set_private(&mut self, private: bool) {
        if private {
            self.muted = (true, true);
        }
        self.who.private = private;
        self.show();
    }

    /// The tracks it publishes.
    pub(super) fn tracks(&self) -> impl Iterator<Item = (Label, Source)> {
        let Participant { audio, video, screen, .. } = self.who;
        let tracks = [
            (Label::Microphone, audio),
            (Label::Camera, video),
            (Label::Screen, screen.is_some()),
            (Label::ScreenSound, screen.is_some_and(|screen| screen.audio)),
        ];
        let there = tracks.into_iter().filter(|(_, there)| *there);
        there.filter_map(|(label, _)| Some((label, self.source(label)?)))
    }

    /// Where something that is sent is published, whether or not the others get it.
    fn source(&self, label: Label) -> Option<Source> {
        let publication = match label.is_shared() {
            true => self.shared?.publication,
            false => self.who.publication,
        };
        Some((publication, label.kind()))
    }

    fn audience(&self) -> Audience {
        match (self.who.on_air, self.who.separately) {
            (OnAir::Yes, OnAir::Yes) => Audience::CALL.with(Purpose::OnAir).with(Purpose::Separate),
            (OnAir::Yes, _) => Audience::CALL.with(Purpose::OnAir),
            (OnAir::No | OnAir::Asked, _) => Audience::CALL,
        }
    }

    /// Whether they are recorded in a file of their own: their answer, or that they are asked.
    pub(super) fn separately(&mut self, answer: OnAir, now: MediaTime) {
        if std::mem::replace(&mut self.who.separately, answer) != answer {
            self.who.separately_since = now;
        }
    }

    /// Who may take what it publishes: the camera's yes is the screen's.
    pub(super) fn audiences(&self, effects: &mut Vec<Effect>) {
        let seen = self.who.screen.map(|screen| screen.publication);
        let publications = [Some(self.who.publication), seen];
        effects.extend(publications.into_iter().flatten().map(|id| Effect::Audience(id, self.audience())));
    }

    pub(super) fn gone(mut self, effects: &mut Vec<Effect>) {
        if self.who.kind == ParticipantKind::Person {
            effects.push(Effect::ClosePeer(self.peer));
        }
        self.unshare(effects);
        effects.push(Effect::Unpublish(self.who.publication));
    }

    fn unshare(&mut self, effects: &mut Vec<Effect>) {
        self.who.screen = None;
        if let Some(screen) = self.shared.take() {
            effects.push(Effect::Unpublish(screen.publication));
        }
    }

    /// The browser begins a new connection.
    pub(super) fn renew(&mut self, peer: PeerId, now: MediaTime, effects: &mut Vec<Effect>) {
        effects.push(Effect::ClosePeer(std::mem::replace(&mut self.peer, peer)));
        self.sent.clear();
        self.holds.clear();
        self.unshare(effects);
        *self.own() = Own { stopped: std::mem::take(&mut self.own().stopped), ..Own::default() };
        self.media = Connection::Connecting;
        self.who.connection = Connection::Connecting;
        self.health.forget();
        self.history.add(now, Code::Restarted, None);
    }

    /// What is sent now, by what its page calls it, or, if it says nothing, the first sound as the microphone and the first
    /// picture as the camera. Answers the tracks that are new. A screen that is shared is published as `fresh`.
    pub(super) fn sends(
        &mut self,
        inbound: &[Inbound],
        labels: Option<&Labels>,
        fresh: PublicationId,
        effects: &mut Vec<Effect>,
    ) -> Vec<NewTrack> {
        let mut sent: BTreeMap<Label, (Mid, Codec)> = BTreeMap::new();
        for Inbound { mid, codec, .. } in inbound {
            let label = match (labels, codec.kind()) {
                (Some(labels), kind) => labels.get(mid).copied().filter(|label| label.kind() == kind),
                (None, Kind::Audio) => Some(Label::Microphone),
                (None, Kind::Video) => Some(Label::Camera),
            };
            if let Some(label) = label {
                sent.entry(label).or_insert_with(|| (mid.clone(), *codec));
            }
        }
        let shared = sent.contains_key(&Label::Screen);
        if !shared {
            // Sound alone is no screen.
            sent.remove(&Label::ScreenSound);
            self.unshare(effects);
            // Whoever shares again has begun again.
            self.stopped.remove(&Label::Screen);
            self.tell_stopped();
        } else if self.shared.is_none() {
            self.shared = Some(Screen { publication: fresh, audio: false });
            let audience = if self.is_closed(Label::Screen) { Audience::NOBODY } else { self.audience() };
            effects.push(Effect::Publish(fresh, audience));
        }
        if let Some(screen) = &mut self.shared {
            screen.audio = sent.contains_key(&Label::ScreenSound);
        }
        let before = std::mem::replace(&mut self.sent, sent);
        self.admit(effects);
        let new = self.sent.iter().filter(|(label, track)| before.get(label) != Some(track));
        new.filter_map(|(label, (mid, codec))| {
            Some(NewTrack { mid: mid.clone(), codec: *codec, source: self.source(*label)? })
        })
        .collect()
    }

    /// So many layers are wanted of what it sends in this section.
    pub(super) fn wanted(&mut self, mid: &str, layers: Layers) {
        let label = self.sent.iter().find(|(_, (of, _))| of == mid).map(|(label, _)| *label);
        let count = layers.highest().map_or(0, |layer| layer.number() + 1);
        match label {
            Some(Label::Camera) => self.own().sends.camera = count,
            Some(Label::Screen) => self.own().sends.screen = count,
            Some(Label::Microphone | Label::ScreenSound) | None => {}
        }
    }

    /// Something else goes out to one of its slots.
    pub(super) fn shown(&mut self, mid: &str, shown: Shown, now: MediaTime) {
        let Some(slot) = self.own().slots.iter_mut().find(|slot| slot.mid == mid && slot.kind == Kind::Video) else {
            return;
        };
        let Some((who, _)) = slot.from else {
            return;
        };
        let before = slot.shown.replace(shown);
        let code = match (before, shown) {
            (before, now) if before == Some(now) => None,
            (Some(Shown::Layer(before)), Shown::Layer(now)) if now > before => Some(Code::LayerUp),
            (Some(Shown::Layer(_)), Shown::Layer(_)) => Some(Code::LayerDown),
            (Some(Shown::Paused(_)), Shown::Layer(_)) => Some(Code::Resumed),
            (None, Shown::Layer(_)) => None,
            (_, Shown::Paused(Pause::Connection)) => Some(Code::PausedConnection),
            (_, Shown::Paused(Pause::Codec)) => Some(Code::PausedCodec),
            (_, Shown::Paused(Pause::Source)) => Some(Code::PausedSource),
        };
        if let Some(code) = code {
            self.history.add(now, code, Some(who));
        }
    }

    /// Whether pictures are held back because the connection holds no more.
    pub(super) fn is_paused(&self) -> bool {
        self.who.own.slots.iter().any(|slot| slot.shown == Some(Shown::Paused(Pause::Connection)))
    }

    /// Whether it can be sent pictures coded so, as far as its page has made slots for pictures.
    pub(super) fn receives(&self, codec: Codec) -> bool {
        let mut pictures = self.who.own.slots.iter().filter(|slot| slot.kind == Kind::Video);
        pictures.all(|slot| slot.codecs.is_empty() || slot.codecs.contains(&codec))
    }
}

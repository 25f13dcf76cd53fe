//! What is known of the rooms from outside: snapshots of them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::direction::Direction;
use crate::drivers::peer::server::{Bound, Mid};
use crate::model::id::{BroadcastId, ParticipantId, PublicationId, RoomId};
use crate::model::layer::LAYERS;
use crate::model::role::Role;
use crate::model::time::MediaTime;
use crate::model::track::{Codec, Kind};
use crate::proto::auth::{Name, Title};
use crate::proto::sfu::Shown;

/// A person, or the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParticipantKind {
    /// Somebody at a browser.
    Person,
    /// This box.
    Box,
}

/// What somebody answers to the question whether they may be seen and heard by those who watch, or in a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnAir {
    /// No.
    No,
    /// The room is live or recorded, and they have not said yes or no yet: no.
    Asked,
    /// They agreed.
    Yes,
}

/// How the connection of a participant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// On its way.
    Connecting,
    /// Media flows.
    Connected,
    /// Nothing is heard of them; the seat is held for a while.
    Lost,
}

/// What a participant sends in one section of their connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// Their voice.
    Microphone,
    /// Their picture.
    Camera,
    /// A screen or window that they share.
    Screen,
    /// What is heard on it.
    ScreenSound,
}

impl Label {
    /// Sound or picture.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Microphone | Self::ScreenSound => Kind::Audio,
            Self::Camera | Self::Screen => Kind::Video,
        }
    }

    /// Whether it is part of a shared screen, which is a publication of its own.
    pub const fn is_shared(self) -> bool {
        matches!(self, Self::Screen | Self::ScreenSound)
    }
}

/// How good the way between the box and a participant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// Nothing is lost that matters.
    Good,
    /// Some of it suffers.
    Fair,
    /// It is hard to understand.
    Poor,
    /// Nothing was measured yet.
    Unknown,
}

/// One slot of a browser: where it receives one track of somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Media section of the browser's peer connection.
    pub mid: Mid,
    /// What it is for.
    pub kind: Kind,
    /// What it can receive; empty where that is not known.
    pub codecs: Vec<Codec>,
    /// Whose track it receives now, and which.
    pub from: Option<(ParticipantId, Label)>,
    /// The track itself, and how much it matters.
    pub bound: Option<Bound>,
    /// What goes out to it, as far as that was told.
    pub shown: Option<Shown>,
}

/// How many slots a browser should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SlotsWanted {
    /// For sound.
    pub audio: usize,
    /// For pictures.
    pub video: usize,
}

/// How many layers, from the smallest on, anybody wants of what a participant sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sends {
    /// Of the camera.
    pub camera: usize,
    /// Of the shared screen.
    pub screen: usize,
}

impl Default for Sends {
    /// Everything, until somebody says otherwise.
    fn default() -> Self {
        Self { camera: LAYERS, screen: LAYERS }
    }
}

/// What concerns the participant's own page alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Own {
    /// Where they receive the others.
    pub slots: Vec<Slot>,
    /// How many slots they should have.
    pub slots_wanted: SlotsWanted,
    /// What they should send.
    pub sends: Sends,
    /// What somebody who keeps order has stopped: nothing is taken of it until they begin it again.
    pub stopped: Vec<Label>,
}

/// A shared screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Where it is published.
    pub publication: PublicationId,
    /// There is a track of sound.
    pub audio: bool,
}

/// One participant of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// Who.
    pub id: ParticipantId,
    /// What they publish.
    pub publication: PublicationId,
    /// What the others see.
    pub name: Name,
    /// A person, or the box.
    pub kind: ParticipantKind,
    /// What they are in the room.
    pub role: Role,
    /// They send sound, and have not muted it.
    pub microphone: bool,
    /// They send pictures, and have not stopped them.
    pub camera: bool,
    /// The screen they share.
    pub screen: Option<Screen>,
    /// They are heard at the moment.
    pub speaking: bool,
    /// They raise a hand: the lower number was first.
    pub hand: Option<u32>,
    /// How good their connection is.
    pub quality: Quality,
    /// Whether those who watch see and hear them.
    pub on_air: OnAir,
    /// Whether a recording may hold them; asked of those alone who are on air.
    pub recorded: OnAir,
    /// Whether a recording may hold them alone, in a file of their own; asked of those alone who are asked whether they are recorded.
    pub separately: OnAir,
    /// Since when that is so, or not: nothing captured from then on may be kept where it is not.
    pub separately_since: MediaTime,
    /// How the connection is.
    pub connection: Connection,
    /// Camera or microphone are stand-ins.
    pub stand_in: bool,
    /// Camera and microphone are closed until somebody who is there opens them: the box in privacy mode.
    pub private: bool,
    /// There is a track of sound.
    pub audio: bool,
    /// There is a track of pictures.
    pub video: bool,
    /// What only their own page is told.
    pub own: Arc<Own>,
    /// Counts how often the seat was taken (back): a connection that sees another number than its own has been replaced.
    pub generation: u64,
}

impl Participant {
    /// Whether the others see no difference between the two.
    pub fn looks_like(&self, other: &Self) -> bool {
        *self == Self { own: self.own.clone(), ..other.clone() }
    }
}

/// A room that is on air.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Since when, in seconds since 1970 UTC.
    pub since: i64,
    /// What those who watch read.
    pub title: Title,
    /// What is on air is wanted as a recording.
    pub recording: Option<Recording>,
    /// Nobody put it on air: it is as long as somebody is in the room.
    pub by_itself: bool,
}

/// A recording that somebody wants of what is on air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recording {
    /// Somebody is on air, and everybody who is has agreed: otherwise nothing is kept.
    pub agreed: bool,
    /// Since when that is so, or not: nothing captured from then on may be kept where it is not.
    pub since: MediaTime,
    /// Everybody who agrees to that is recorded in a file of their own as well.
    pub separately: bool,
}

/// What somebody wants of what is on air as a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing.
    Nothing,
    /// What is on air.
    Program,
    /// What is on air, and everybody who agrees to that in a file of their own.
    Separately,
}

impl Wanted {
    /// Of two answers to two questions; without the second one it stays as it was `before`.
    pub const fn of(record: bool, separately: Option<bool>, before: Option<Recording>) -> Self {
        let kept = matches!(before, Some(Recording { separately: true, .. }));
        match (record, separately, kept) {
            (false, ..) => Self::Nothing,
            (true, Some(true), _) | (true, None, true) => Self::Separately,
            (true, Some(false), _) | (true, None, false) => Self::Program,
        }
    }
}

/// What somebody answers to being asked, where they were asked that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Answer {
    /// They are seen and heard by those who watch.
    pub on_air: bool,
    /// A recording may hold them, or not.
    pub recorded: Option<bool>,
    /// A recording may hold them alone, or not.
    pub separately: Option<bool>,
}

/// Something that happened and is worth a line to everybody in the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The box's screen was photographed by its owner.
    StillTaken,
    /// What is on air is not recorded any more: the disk failed or is full.
    RecordingStopped,
    /// Not everybody who agreed to it is recorded in a file of their own: as many are as may be, or their file could not be written.
    SeparateMissing,
}

/// Somebody who is not in a room, as those who keep order in it see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outsider {
    /// Who.
    pub id: ParticipantId,
    /// What they call themselves.
    pub name: Name,
    /// Why they are not in it.
    pub why: Outside,
}

/// Why somebody is not in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// They are in the lobby, and ask to be let in.
    Waits,
    /// They were removed: they come back by the lobby alone.
    Removed,
    /// They were banned.
    Banned,
}

/// Who has a room while nobody who runs it is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Succession {
    /// Who runs it when the last one who does so leaves, as one of those said.
    pub named: Option<ParticipantId>,
    /// The moderator who was there the longest of those who are, while the last one who runs it has left: they may end what goes on.
    pub acting: Option<ParticipantId>,
}

/// One room as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Which.
    pub id: RoomId,
    /// What people call it.
    pub name: Name,
    /// Where it is watched when it is live.
    pub broadcast: BroadcastId,
    /// On air, or not.
    pub live: Option<Live>,
    /// How it looks to those who watch.
    pub direction: Direction,
    /// How pictures are coded: H.264 while everybody in it can receive that, else VP8.
    pub codec: Codec,
    /// Who speaks.
    pub speaker: Option<ParticipantId>,
    /// Who is in it, in the order they came.
    pub participants: Vec<Participant>,
    /// Nobody comes in who was not in it when it was locked, but for those who keep order.
    pub locked: bool,
    /// Who is not in it; for those who keep order.
    pub outside: Vec<Outsider>,
    /// Who has it when nobody who runs it is in it.
    pub succession: Succession,
    /// How many notices there were, and the newest.
    pub notices: (u64, Option<Notice>),
}

impl Room {
    /// One participant.
    pub fn participant(&self, id: ParticipantId) -> Option<&Participant> {
        self.participants.iter().find(|p| p.id == id)
    }

    /// Whether somebody in the room, whose own matters are the same in both, sees no difference between the two.
    pub fn looks_like(&self, other: &Self) -> bool {
        let (all, others) = (&self.participants, &other.participants);
        (self.id, self.broadcast, self.codec, self.speaker) == (other.id, other.broadcast, other.codec, other.speaker)
            && (&self.name, &self.live, &self.direction) == (&other.name, &other.live, &other.direction)
            && (self.notices, self.locked, self.succession) == (other.notices, other.locked, other.succession)
            && self.outside == other.outside
            && all.len() == others.len()
            && all.iter().zip(others).all(|(one, other)| one.looks_like(other))
    }
}

/// All rooms as they are now.
pub type Rooms = Arc<[Arc<Room>]>;

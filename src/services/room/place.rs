//! One room with its seats: who is sent what.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::history::Code;
use super::order::Door;
use super::seat::Seat;
use super::slots::{Wish, assign, is_assigned};
use super::snapshot::{Label, OnAir, ParticipantKind, Recording, Room, SlotsWanted};
use super::speech::{MOST_HEARD, Speech};
use super::state::Effect;
use super::view::{MOST_PICTURES, View};
use crate::drivers::peer::server::{Bound, Source};
use crate::model::id::{ParticipantId, PublicationId};
use crate::model::layer::Layer;
use crate::model::time::MediaTime;
use crate::model::track::{Codec, Kind};
use crate::proto::sfu::Rank;

/// Seconds for which everybody must be able to receive H.264 before the room speaks it again: whoever made it speak VP8 may
/// only be loading their page again, and each change is a new offer of everybody.
const BACK_TO_H264: i64 = 10;

/// A track of somebody in the room.
#[derive(Clone, Copy)]
struct Track {
    who: ParticipantId,
    label: Label,
    source: Source,
}

pub(super) struct Place {
    pub(super) room: Room,
    pub(super) seats: Vec<Seat>,
    pub(super) speech: Speech,
    /// Somebody took it off air: it does not go on air by itself before everybody has left.
    pub(super) rests: bool,
    /// Who may come in, and who asks to.
    pub(super) door: Door,
    /// How many hands were raised.
    pub(super) hands: u32,
    /// Somebody who runs it was in it, and has left.
    pub(super) left_alone: bool,
    /// Since when everybody can receive H.264, while the room speaks VP8.
    h264_since: Option<MediaTime>,
    /// As it was told last, and whether it may be another by now.
    told: Option<Arc<Room>>,
    touched: bool,
}

impl Place {
    pub(super) fn new(room: Room) -> Self {
        Self {
            room,
            seats: Vec::new(),
            speech: Speech::default(),
            rests: false,
            door: Door::default(),
            hands: 0,
            left_alone: false,
            h264_since: None,
            told: None,
            touched: true,
        }
    }

    /// It may be another from here on.
    pub(super) fn touch(&mut self) {
        self.touched = true;
    }

    /// As it is now: the very same while nothing has changed.
    pub(super) fn snapshot(&mut self, now: MediaTime) -> Arc<Room> {
        if let (Some(told), false) = (&self.told, self.touched) {
            return told.clone();
        }
        self.touched = false;
        self.agree(now);
        (self.room.locked, self.room.outside) = (self.door.is_locked(), self.door.outsiders());
        self.succeed();
        let participants = self.seats.iter().map(|seat| seat.who.clone()).collect();
        let room = Room { participants, ..self.room.clone() };
        let told = self.told.take().filter(|told| **told == room).unwrap_or_else(|| Arc::new(room));
        self.told.insert(told).clone()
    }

    /// Whether everybody who is on air has agreed to be recorded.
    fn agree(&mut self, now: MediaTime) {
        let Some(recording) = self.room.live.as_mut().and_then(|live| live.recording.as_mut()) else { return };
        let mut on_air = self.seats.iter().filter(|seat| seat.who.on_air == OnAir::Yes).peekable();
        let agreed = on_air.peek().is_some() && on_air.all(|seat| seat.who.recorded == OnAir::Yes);
        if recording.agreed != agreed {
            *recording = Recording { agreed, since: now, ..*recording };
        }
    }

    pub(super) fn seat(&self, who: ParticipantId) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.who.id == who)
    }

    /// Whether somebody is in it beside the box.
    pub(super) fn has_people(&self) -> bool {
        self.seats.iter().any(|seat| seat.who.kind == ParticipantKind::Person)
    }

    /// The box's seat, if it has one.
    pub(super) fn box_seat(&self) -> Option<ParticipantId> {
        self.seats.iter().find(|seat| seat.who.kind == ParticipantKind::Box).map(|seat| seat.who.id)
    }

    /// A track began anew: everybody who is bound to it is bound again.
    pub(super) fn rebind(&self, source: Source, effects: &mut Vec<Effect>) {
        for seat in &self.seats {
            let peer = seat.peer;
            let bound = seat.who.own.slots.iter().filter(|slot| slot.bound.is_some_and(|to| to.source == source));
            effects.extend(bound.map(|slot| Effect::Bind { peer, mid: slot.mid.clone(), to: slot.bound }));
        }
    }

    fn tracks(&self) -> Vec<Track> {
        let of = |seat: &Seat| {
            let who = seat.who.id;
            seat.tracks().map(move |(label, source)| Track { who, label, source }).collect::<Vec<_>>()
        };
        self.seats.iter().flat_map(of).collect()
    }

    /// Tracks that the peers' worker has to know: those that go to a slot, and, where not all can be heard, every track of
    /// sound, since who is not listened to can't become loud.
    pub(super) fn sources(&self, sources: &mut BTreeSet<Source>) {
        let slots = self.seats.iter().flat_map(|seat| &seat.who.own.slots);
        sources.extend(slots.filter_map(|slot| slot.bound).map(|bound| bound.source));
        let sound: Vec<Source> = self.tracks().iter().map(|t| t.source).filter(|(_, k)| *k == Kind::Audio).collect();
        if sound.len() > MOST_HEARD {
            sources.extend(sound);
        }
    }

    /// Binds the slots of everybody to what they hear and show of everybody else, in the codec that everybody can receive.
    pub(super) fn settle(&mut self, now: MediaTime, effects: &mut Vec<Effect>) {
        self.touch();
        self.choose_codec(now);
        let tracks = self.tracks();
        for seat in &mut self.seats {
            let me = seat.who.id;
            let others: Vec<Track> = tracks.iter().filter(|track| track.who != me).copied().collect();
            let sound = heard(&others, &self.speech);
            let pictures = shown(seat, &others, self.room.speaker);
            let wanted = SlotsWanted { audio: sound.len(), video: pictures.len() };
            if seat.who.own.slots_wanted != wanted {
                seat.own().slots_wanted = wanted;
            }
            for (kind, wishes) in [(Kind::Audio, sound), (Kind::Video, pictures)] {
                let peer = seat.peer;
                if is_assigned(&seat.who.own.slots, kind, &wishes) {
                    continue;
                }
                let changed = assign(&mut seat.own().slots, kind, &wishes);
                effects.extend(changed.into_iter().map(|(mid, to)| Effect::Bind { peer, mid, to }));
            }
        }
    }

    fn choose_codec(&mut self, now: MediaTime) {
        let everybody = self.seats.iter().all(|seat| seat.receives(Codec::H264));
        let since = *self.h264_since.get_or_insert(now);
        let codec = match everybody {
            false => {
                self.h264_since = None;
                Codec::Vp8
            }
            true if now.since(since) >= BACK_TO_H264 * 1_000_000_000 => Codec::H264,
            true => self.room.codec,
        };
        if std::mem::replace(&mut self.room.codec, codec) != codec {
            for seat in &mut self.seats {
                seat.history.add(now, Code::CodecChanged, None);
            }
        }
    }

    /// Takes how loud every publication is, in -dBov. Answers whether somebody else speaks or is heard.
    pub(super) fn hear(&mut self, now: MediaTime, loudness: &HashMap<PublicationId, u8>) -> bool {
        let (heard, speaker) = (self.speech.heard().to_vec(), self.room.speaker);
        let voices = self.seats.iter().map(|seat| &seat.who).filter(|who| who.microphone);
        self.speech.hear(now, voices.map(|who| (who.id, loudness.get(&who.publication).copied())));
        self.room.speaker = self.speech.speaker();
        self.touched |= speaker != self.room.speaker;
        for seat in &mut self.seats {
            let speaking = self.speech.is_speaking(seat.who.id);
            self.touched |= seat.who.speaking != speaking;
            seat.who.speaking = speaking;
            // Who raised a hand to speak has got what they wanted.
            if speaking {
                self.touched |= seat.who.hand.take().is_some();
            }
        }
        speaker != self.room.speaker || heard != self.speech.heard()
    }
}

/// The sound that somebody gets: that of shared screens first, which is not somebody's voice, then everybody's voice, or those of
/// the loudest if they are too many.
fn heard(others: &[Track], speech: &Speech) -> Vec<Wish> {
    let sound = || others.iter().filter(|track| track.label.kind() == Kind::Audio);
    let first = |track: &&Track| track.label == Label::ScreenSound;
    let all = sound().count() <= MOST_HEARD;
    let voices = sound().filter(|track| !first(track) && (all || speech.heard().contains(&track.who)));
    let wish = |track: &Track| {
        let bound = Bound { source: track.source, rank: Rank::Sound, most: Layer::LOWEST };
        Wish { who: track.who, label: track.label, bound }
    };
    sound().filter(first).chain(voices).map(wish).take(MOST_HEARD).collect()
}

/// The pictures that somebody gets: those that their page shows.
fn shown(seat: &Seat, others: &[Track], speaker: Option<ParticipantId>) -> Vec<Wish> {
    let unsaid;
    let view = match &seat.looks {
        Some(view) => view,
        None => {
            let cameras = others.iter().filter(|track| track.label == Label::Camera);
            unsaid = View::unsaid(cameras.map(|track| track.who));
            &unsaid
        }
    };
    let mut wishes: Vec<Wish> = Vec::new();
    for tile in &view.tiles {
        let known = wishes.iter().any(|wish| (wish.who, wish.label) == (tile.who, tile.label));
        let track = others.iter().find(|track| (track.who, track.label) == (tile.who, tile.label));
        if let (Some(track), false, true) = (track, known, wishes.len() < MOST_PICTURES) {
            let bound = Bound { source: track.source, rank: view.rank(*tile, speaker), most: tile.most() };
            wishes.push(Wish { who: track.who, label: track.label, bound });
        }
    }
    wishes
}

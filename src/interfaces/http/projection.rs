//! What a participant is shown of a room, and how it differs from what they were shown before.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::model::bitrate::Bitrate;
use crate::model::role::Verb;
use crate::model::time::{MediaTime, Timeline};
use crate::model::track::Kind;
use crate::proto::auth::Name;
use crate::proto::sfu::{Pause, Shown};
use crate::services::room::{
    Connection, Happened, OnAir, Outside, Own, Participant, ParticipantKind, Room, Slot, Stats,
};

/// A point in wall time as RFC 3339, from seconds since 1970 UTC.
pub(super) fn date(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).map(|at| at.to_string()).unwrap_or_default()
}

/// A point in media time as RFC 3339 with milliseconds.
pub(super) fn moment(at: MediaTime, timeline: &Timeline) -> Option<String> {
    let millis = timeline.unix_nanos(at) / 1_000_000;
    jiff::Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok().map(|at| at.to_string())
}

/// What a page is told of beside the participants.
pub(super) struct Told {
    /// The room.
    pub(super) room: Arc<Room>,
    /// How many watch.
    pub(super) viewers: u32,
    /// The names of the services that it is sent to.
    pub(super) pushes: Vec<Name>,
    /// What becomes of the page's own call to the box.
    pub(super) ring: &'static str,
    /// What they may do in the room.
    pub(super) may: Vec<Verb>,
}

/// The state of a room as `me` may see it: docs/reference/signalling.md.
pub(super) fn state(room: &Room, me: &Participant, told: &Told) -> Value {
    let Told { viewers, pushes, ring, may, .. } = told;
    // Whom the door concerns.
    let outside = room.outside.iter().filter(|_| may.contains(&Verb::Moderate));
    let outside: Vec<Value> = outside
        .map(|one| {
            let why = match one.why {
                Outside::Waits => "waits",
                Outside::Removed => "removed",
                Outside::Banned => "banned",
            };
            json!({ "id": one.id, "name": one.name, "why": why })
        })
        .collect();
    let participants: Map<String, Value> =
        room.participants.iter().map(|p| (p.id.to_string(), participant(p))).collect();
    let slots: Map<String, Value> = me.own.slots.iter().filter_map(|s| Some((s.mid.clone(), slot(s)?))).collect();
    let Own { slots_wanted, sends, stopped, .. } = &*me.own;
    json!({
        "room": {
            "id": room.id,
            "name": room.name,
            "broadcast": room.broadcast,
            "auto_record": room.direction.auto_record,
            "restricted": room.direction.restricted,
            "locked": room.locked,
            "host_next": room.succession.named,
            "acting": room.succession.acting,
            "auto_separately": room.direction.auto_separately,
            "live": room.live.as_ref().map(|live| json!({
                "since": date(live.since),
                "title": live.title,
                "viewers": viewers,
                "recording": live.recording.map(|recording| if recording.agreed { "on" } else { "waits" }),
                "separately": live.recording.is_some_and(|recording| recording.separately),
                "pushes": pushes,
                "slate": room.direction.slate,
            })),
        },
        "you": me.id,
        "ring": ring,
        "may": may,
        "stopped": stopped,
        "outside": outside,
        "participants": participants,
        "speaker": room.speaker,
        "slots": slots,
        "slots_wanted": { "audio": slots_wanted.audio, "video": slots_wanted.video },
        "send": { "camera": sends.camera, "screen": sends.screen, "video_codec": room.codec },
    })
}

/// What comes in a slot; nothing if that is nothing.
fn slot(slot: &Slot) -> Option<Value> {
    let (who, label) = slot.from?;
    let mut value = json!({ "participant": who, "kind": slot.kind, "source": label });
    match slot.shown {
        Some(Shown::Layer(layer)) if slot.kind == Kind::Video => value["layer"] = layer.number().into(),
        Some(Shown::Paused(why)) if slot.kind == Kind::Video => {
            let why = match why {
                Pause::Connection => "connection",
                Pause::Codec => "codec",
                Pause::Source => "source",
            };
            value["paused"] = why.into();
        }
        _ => {}
    }
    Some(value)
}

const fn answered(answer: OnAir) -> &'static str {
    match answer {
        OnAir::No => "no",
        OnAir::Asked => "asked",
        OnAir::Yes => "yes",
    }
}

fn participant(p: &Participant) -> Value {
    json!({
        "name": p.name,
        "kind": match p.kind {
            ParticipantKind::Person => "person",
            ParticipantKind::Box => "box",
        },
        "role": p.role,
        "microphone": p.microphone,
        "camera": p.camera,
        "screen": p.screen.is_some(),
        "speaking": p.speaking,
        "hand": p.hand,
        "quality": p.quality,
        "on_air": answered(p.on_air),
        "recorded": answered(p.recorded),
        "separately": answered(p.separately),
        "connection": match p.connection {
            Connection::Connecting => "connecting",
            Connection::Connected => "connected",
            Connection::Lost => "lost",
        },
        "stand_in": p.stand_in,
        "private": p.private,
    })
}

/// The report of somebody's connection: the answer to `stats`.
pub(super) fn stats(stats: &Stats, timeline: &Timeline) -> Value {
    let event = |happened: &Happened| {
        let Happened { at, code, who } = happened;
        json!({ "at": moment(*at, timeline), "code": code.name(), "participant": who })
    };
    json!({
        "estimate": stats.estimate.map(Bitrate::bps),
        "round_trip": stats.round_trip.map(|time| time.as_secs_f64()),
        "loss": stats.loss,
        "received_loss": stats.received_loss,
        "received_bitrate": stats.received_bitrate,
        "sent_bitrate": stats.sent_bitrate,
        "events": stats.events.iter().map(event).collect::<Vec<_>>(),
    })
}

/// What turns `from` into `to`, as a JSON Merge Patch (RFC 7396); `None` if nothing does. Our states hold no null inside
/// objects but for what is absent, which is what the patch format can express.
pub(super) fn patch(from: &Value, to: &Value) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (from, to) else {
        return (from != to).then(|| to.clone());
    };
    let mut changes = Map::new();
    for (key, value) in new {
        match old.get(key) {
            Some(before) => {
                if let Some(change) = patch(before, value) {
                    changes.insert(key.clone(), change);
                }
            }
            None => {
                changes.insert(key.clone(), value.clone());
            }
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        changes.insert(key.clone(), Value::Null);
    }
    (!changes.is_empty()).then_some(Value::Object(changes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7396 section 2.
    fn apply(target: &mut Value, change: &Value) {
        let Value::Object(changes) = change else {
            *target = change.clone();
            return;
        };
        if !target.is_object() {
            *target = json!({});
        }
        let target = target.as_object_mut().expect("it was made one");
        for (key, value) in changes {
            if value.is_null() {
                target.remove(key);
            } else {
                apply(target.entry(key).or_insert(Value::Null), value);
            }
        }
    }

    #[test]
    fn a_patch_turns_one_state_into_the_next() {
        let states = [
            json!({ "room": { "live": null, "name": "Porch" }, "participants": {}, "may": ["join"] }),
            json!({ "room": { "live": { "since": "x" }, "name": "Porch" }, "participants": { "a": { "name": "Ada" } }, "may": ["join"] }),
            json!({ "room": { "live": { "since": "x" }, "name": "Hall" }, "participants": { "a": { "name": "Eve" }, "b": {} }, "may": [] }),
            json!({ "room": { "name": "Hall" }, "participants": { "b": {} }, "may": [] }),
        ];
        for pair in states.windows(2) {
            let change = patch(&pair[0], &pair[1]).expect("they differ");
            let mut got = pair[0].clone();
            apply(&mut got, &change);
            assert_eq!(got, pair[1]);
        }
        assert_eq!(patch(&states[1], &states[1]), None);
    }

    #[test]
    fn dates_are_written_for_programs() {
        assert_eq!(date(0), "1970-01-01T00:00:00Z");
    }
}

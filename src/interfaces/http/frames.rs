//! What comes over the room's WebSocket: docs/reference/signalling.md.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::Problem;
use crate::model::id::ParticipantId;
#[cfg(any(test, fuzzing))]
use crate::proto::auth::Name;
use crate::services::room::{HIGHEST, Label, Labels, MOST_SHOWN, Tile, View};

#[derive(Deserialize)]
pub(super) struct Frame {
    pub(super) v: u64,
    pub(super) id: u64,
    pub(super) op: String,
    #[serde(flatten)]
    pub(super) fields: Value,
}

/// Reads a message as the room's WebSocket does: the name of the request, and whether its fields can be used.
#[cfg(any(test, fuzzing))]
pub(super) fn read(text: &str) -> Option<(String, bool)> {
    let Frame { op, fields: of, .. } = serde_json::from_str(text).ok()?;
    let right = match op.as_str() {
        "join" => fields::<JoinFields>(of).is_ok_and(|join| Name::new(&join.name).is_ok()),
        "offer" => fields::<OfferFields>(of).is_ok(),
        "state" => fields::<StateFields>(of).is_ok(),
        "view" => fields::<ViewFields>(of).is_ok_and(|view| view.checked().is_ok()),
        "consent" => fields::<ConsentFields>(of).is_ok(),
        "go_live" => fields::<GoLiveFields>(of).is_ok(),
        "record" => fields::<RecordFields>(of).is_ok(),
        "box" => fields::<BoxFields>(of).is_ok(),
        "ring" => fields::<RingFields>(of).is_ok(),
        "hand" => fields::<HandFields>(of).is_ok(),
        "lock" => fields::<LockFields>(of).is_ok(),
        "knock" => fields::<KnockFields>(of).is_ok_and(|knock| Name::new(&knock.name).is_ok()),
        "stage" | "moderator" => fields::<SwitchFields>(of).is_ok(),
        "mute" | "stop_camera" | "stop_screen" | "lower_hand" | "hand_over" | "remove" | "ban" | "let_in"
        | "refuse" => fields::<WhomFields>(of).is_ok(),
        _ => false,
    };
    Some((op, right))
}

#[derive(Deserialize)]
pub(super) struct JoinFields {
    pub(super) name: String,
    pub(super) resume: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct OfferFields {
    pub(super) sdp: String,
    pub(super) sources: Option<Labels>,
}

#[derive(Deserialize)]
pub(super) struct ViewFields {
    pub(super) shown: Vec<TileFields>,
    pub(super) front: Option<ParticipantId>,
}

#[derive(Deserialize)]
pub(super) struct TileFields {
    pub(super) participant: ParticipantId,
    pub(super) source: Label,
    pub(super) height: f64,
}

impl ViewFields {
    /// Who is not in the room (any more) is no mistake; a tile that can't be is.
    pub(super) fn checked(self) -> Result<View, Problem> {
        let bad = |why: &str| Err(Problem::bad("bad-view", format!("This view can't be used: {why}.")));
        if self.shown.len() > MOST_SHOWN {
            return bad(&format!("a page shows at most {MOST_SHOWN} tiles"));
        }
        if self.shown.iter().any(|tile| !matches!(tile.source, Label::Camera | Label::Screen)) {
            return bad("a tile shows a camera or a screen");
        }
        if self.shown.iter().any(|tile| !(0.0..=f64::from(HIGHEST)).contains(&tile.height)) {
            return bad(&format!("the height of a tile is from 0 to {HIGHEST} pixels"));
        }
        let tile = |t: &TileFields| Tile { who: t.participant, label: t.source, height: t.height.round() as u32 };
        Ok(View { tiles: self.shown.iter().map(tile).collect(), front: self.front })
    }
}

#[derive(Deserialize)]
pub(super) struct StateFields {
    pub(super) microphone: bool,
    pub(super) camera: bool,
}

#[derive(Deserialize)]
pub(super) struct ConsentFields {
    pub(super) on_air: bool,
    pub(super) recorded: Option<bool>,
    pub(super) separately: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct RecordFields {
    pub(super) on: bool,
    pub(super) separately: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct GoLiveFields {
    pub(super) title: Option<String>,
    #[serde(default)]
    pub(super) record: bool,
    pub(super) separately: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct BoxFields {
    pub(super) in_call: Option<bool>,
    pub(super) microphone: Option<bool>,
    pub(super) camera: Option<bool>,
    pub(super) on_air: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct RingFields {
    pub(super) on: bool,
}

#[derive(Deserialize)]
pub(super) struct HandFields {
    pub(super) up: bool,
}

#[derive(Deserialize)]
pub(super) struct LockFields {
    pub(super) on: bool,
}

#[derive(Deserialize)]
pub(super) struct KnockFields {
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct WhomFields {
    pub(super) participant: ParticipantId,
}

#[derive(Deserialize)]
pub(super) struct SwitchFields {
    pub(super) participant: ParticipantId,
    pub(super) on: bool,
}

/// The fields of a request, each of the kind that it has to be.
pub(super) fn fields<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_json::from_value(value)
        .map_err(|error| Problem::bad("bad-fields", format!("The request can't be used: {error}.")))
}

//! What the box says by MQTT, and what it takes: topics, values, commands. docs/operate/mqtt.md.
//!
//! Everything stands below `<prefix>/<device>/`. A state is retained and told when it changes, a command is taken at `<state>/set`, an
//! event is never retained. Nobody is named in any of them.

pub mod discovery;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::opening::Opening;

/// How the connection with the broker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Mqtt"))]
pub struct Connection {
    /// Whether there is one.
    pub state: Connected,
    /// Why there is none, if that is known.
    pub trouble: Option<Trouble>,
}

/// Whether there is a connection with the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "MqttState"))]
#[serde(rename_all = "lowercase")]
pub enum Connected {
    /// No broker is configured.
    #[default]
    Off,
    /// Not yet, or not now; it is tried again.
    Trying,
    /// The broker has taken it.
    Connected,
}

/// Why there is no connection, or none any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "MqttTrouble"))]
#[serde(rename_all = "lowercase")]
pub enum Trouble {
    /// The broker does not take the name or the password.
    #[error("the broker does not take the name or the password: look at mqtt.user and mqtt.password")]
    Login,
    /// The broker speaks another version.
    #[error("the broker speaks another version of MQTT")]
    Version,
    /// TLS failed.
    #[error("the connection can't be encrypted: look at mqtt.authority and at the broker's certificate")]
    Tls,
    /// The broker refuses.
    #[error("the broker refuses the connection")]
    Refused,
    /// There is no way to it.
    #[error("the broker can't be reached")]
    Unreachable,
    /// It ended.
    #[error("the broker ended the connection")]
    Ended,
}

/// Where it stands whether the box is there: `online`, or `offline`, also as its will.
pub const AVAILABILITY: &str = "availability";
/// Where what a call does is told.
pub const CALL_EVENT: &str = "call/event";
/// Where board and disk are told of.
pub const SYSTEM: &str = "system";
/// Where it is told how an update of the image is.
pub const UPDATE: &str = "update";
/// The two values of [`AVAILABILITY`].
pub const ONLINE: &str = "online";
/// See [`ONLINE`].
pub const OFFLINE: &str = "offline";
/// Below this, commands are requests that get an answer below [`RESPONSE`].
pub const REQUEST: &str = "rpc/request/";
/// See [`REQUEST`].
pub const RESPONSE: &str = "rpc/response/";
/// Longest payload that is read, in bytes.
pub const LONGEST: usize = 4096;

/// What the box's screen shows of a call, as it is called here.
pub const LAYOUTS: [&str; 2] = ["grid", "speaker"];

/// What is told of the box.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// It is in a call.
    pub in_call: bool,
    /// Somebody rings.
    pub ringing: bool,
    /// How many are in all rooms, the box among them.
    pub participants: u32,
    /// Nobody hears the room that it stands in.
    pub muted: bool,
    /// Camera and microphone are closed until somebody who is there opens them.
    pub private: bool,
    /// Something of it is on air.
    pub on_air: bool,
    /// What that is called; empty if there is nothing.
    pub title: String,
    /// How many watch.
    pub viewers: u32,
    /// Something is recorded, or to be as soon as everybody agrees.
    pub recording: bool,
    /// It does not ring.
    pub do_not_disturb: bool,
    /// How loud its speaker is, from 0 to 100; nothing without one.
    pub volume: Option<u8>,
    /// Its screen shows who speaks larger.
    pub speaker: bool,
    /// The box is seen in a call.
    pub seen: bool,
    /// A camera is plugged in.
    pub camera: bool,
    /// A microphone is.
    pub microphone: bool,
    /// Calls that ended, and how the newest of them did: what counts is that it changes.
    pub last_call: Option<(i64, Ending)>,
    /// How the update of the image is; nothing of a box that is none.
    pub update: Option<Update>,
}

/// How the update of a box that is an image is, as Home Assistant's entity wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Update {
    /// The version that runs.
    pub installed_version: String,
    /// The version that the box starts with the next time.
    pub latest_version: String,
    /// Whether one is being installed.
    pub in_progress: bool,
    /// How far that is, where it is known.
    pub update_percentage: Option<u8>,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was taken.
    Answered,
    /// Somebody did not want to.
    Declined,
    /// Nobody came, or the caller hung up before.
    Missed,
}

/// What is told every so often.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct System {
    /// Degrees Celsius, where the board says so.
    pub temperature: Option<f64>,
    /// Gigabytes that are free for recordings.
    pub free: Option<f64>,
    /// Megabytes of memory that the daemon has.
    pub memory: f64,
    /// Since when it runs (RFC 3339).
    pub started: String,
    /// The version of Porchlight.
    pub version: &'static str,
}

const fn switch(on: bool) -> &'static str {
    if on { "ON" } else { "OFF" }
}

impl State {
    /// Topics and what is retained there.
    pub fn messages(&self) -> BTreeMap<&'static str, String> {
        let volume = self.volume.map_or_else(|| "None".to_owned(), |volume| volume.to_string());
        let connected = |there: bool| switch(there).to_owned();
        let update = self.update.as_ref().and_then(|update| serde_json::to_string(update).ok());
        let mut messages = BTreeMap::from([
            ("call/active", switch(self.in_call).to_owned()),
            ("call/ringing", switch(self.ringing).to_owned()),
            ("call/participants", self.participants.to_string()),
            ("microphone/muted", switch(self.muted).to_owned()),
            ("privacy/active", switch(self.private).to_owned()),
            ("broadcast/active", switch(self.on_air).to_owned()),
            ("broadcast/title", self.title.clone()),
            ("broadcast/viewers", self.viewers.to_string()),
            ("recording/active", switch(self.recording).to_owned()),
            ("telephone/do_not_disturb", switch(self.do_not_disturb).to_owned()),
            ("speaker/volume", volume),
            ("screen/layout", LAYOUTS[usize::from(self.speaker)].to_owned()),
            ("camera/active", switch(self.seen).to_owned()),
            ("camera/connected", connected(self.camera)),
            ("microphone/connected", connected(self.microphone)),
        ]);
        messages.extend(update.map(|update| (UPDATE, update)));
        messages
    }

    /// What happened between `before` and this.
    pub fn events(&self, before: &Self) -> Vec<&'static str> {
        let mut events = Vec::new();
        if self.last_call != before.last_call {
            events.extend(self.last_call.map(|(_, ending)| match ending {
                Ending::Answered => "answered",
                Ending::Declined => "declined",
                Ending::Missed => "missed",
            }));
        }
        if self.ringing && !before.ringing {
            events.push("ringing");
        }
        if before.in_call && !self.in_call {
            events.push("ended");
        }
        events
    }
}

/// The names of [`State::events`].
pub const EVENTS: [&str; 5] = ["ringing", "answered", "declined", "missed", "ended"];

/// What somebody wants by MQTT. All but one only close; that one is for who was allowed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Open a camera, a microphone or an audience, after it was announced in the room.
    Open(Opening),
    /// Nobody hears the room that the box stands in.
    Mute,
    /// Close camera and microphone; only somebody who is there opens them.
    Close,
    /// Do not take the call.
    Decline,
    /// Leave the call.
    HangUp,
    /// Ring, or not.
    DoNotDisturb(bool),
    /// Take everything off air.
    EndBroadcast,
    /// Record nothing any more.
    StopRecording,
    /// How loud the speaker is, from 0 to 100.
    Volume(u8),
    /// Whether the screen shows who speaks larger.
    Speaker(bool),
    /// Show this on the screen; nothing takes the last away.
    Message(String),
    /// The box starts again.
    Restart,
    /// Tell everything again.
    Refresh,
}

/// Why a command is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Nothing is taken at this topic.
    #[error("nothing is taken here")]
    Topic,
    /// The value is none that could be.
    #[error("this value can't be used here")]
    Value,
    /// It would open what only somebody in the room opens.
    #[error(
        "this is not allowed by MQTT: the owner of the box decides which of camera, microphone and audience it opens (mqtt.allow)"
    )]
    Opens,
    /// Only somebody in the room ends privacy mode.
    #[error("only somebody who is in front of the box ends privacy mode")]
    Private,
}

/// Where commands are taken, with how a request of the same is called; "" for what is taken as a request alone.
const COMMANDS: [(&str, &str); 17] = [
    ("microphone/muted", "mute"),
    ("privacy/active", "close"),
    ("call/decline", "decline"),
    ("call/hang_up", "hang_up"),
    ("telephone/do_not_disturb", "do_not_disturb"),
    ("broadcast/active", "end_broadcast"),
    ("recording/active", "stop_recording"),
    ("speaker/volume", "volume"),
    ("screen/layout", "layout"),
    ("call/answer", "answer"),
    ("camera/active", "camera"),
    ("screen/message", "message"),
    ("", "unmute"),
    ("", "go_live"),
    ("", "record"),
    ("system/restart", "restart"),
    ("refresh", "refresh"),
];

impl Command {
    /// From the topic below the device's, and the payload. Of what opens something the `allowed` is taken.
    ///
    /// # Errors
    /// [`Invalid`].
    pub fn parse(topic: &str, payload: &str, allowed: &[Opening]) -> Result<Self, Invalid> {
        let at = |(state, name): &&(&str, &str)| {
            topic.strip_suffix("/set").is_some_and(|at| !at.is_empty() && at == *state)
                || topic.strip_prefix(REQUEST) == Some(name)
        };
        let (_, name) = COMMANDS.iter().find(at).ok_or(Invalid::Topic)?;
        let payload = payload.trim();
        let opens = |what| if allowed.contains(&what) { Ok(Self::Open(what)) } else { Err(Invalid::Opens) };
        let pressed = |command: Result<Self, Invalid>| match payload {
            "PRESS" | "ON" | "" => command,
            _ => Err(Invalid::Value),
        };
        // The value that closes, and what the other one opens.
        let closes = |value: &str, command, opens: Result<Self, Invalid>| match payload {
            _ if payload == value || ["PRESS", ""].contains(&payload) => Ok(command),
            "ON" | "OFF" => opens,
            _ => Err(Invalid::Value),
        };
        match *name {
            "mute" => closes("ON", Self::Mute, opens(Opening::Unmute)),
            "close" => closes("ON", Self::Close, Err(Invalid::Private)),
            "end_broadcast" => closes("OFF", Self::EndBroadcast, opens(Opening::Live)),
            "stop_recording" => closes("OFF", Self::StopRecording, opens(Opening::Record)),
            "answer" => pressed(opens(Opening::Answer)),
            "camera" => pressed(opens(Opening::Camera)),
            "unmute" => pressed(opens(Opening::Unmute)),
            "go_live" => pressed(opens(Opening::Live)),
            "record" => pressed(opens(Opening::Record)),
            "restart" => pressed(Ok(Self::Restart)),
            "message" => Ok(Self::Message(payload.to_owned())),
            "decline" => pressed(Ok(Self::Decline)),
            "hang_up" => pressed(Ok(Self::HangUp)),
            "do_not_disturb" => match payload {
                "ON" => Ok(Self::DoNotDisturb(true)),
                "OFF" => Ok(Self::DoNotDisturb(false)),
                _ => Err(Invalid::Value),
            },
            "volume" => {
                let percent: f64 = payload.parse().map_err(|_| Invalid::Value)?;
                if (0.0..=100.0).contains(&percent) {
                    Ok(Self::Volume(percent.round() as u8))
                } else {
                    Err(Invalid::Value)
                }
            }
            "layout" => match LAYOUTS.iter().position(|layout| *layout == payload) {
                Some(which) => Ok(Self::Speaker(which == 1)),
                None => Err(Invalid::Value),
            },
            _ => pressed(Ok(Self::Refresh)),
        }
    }
}

/// What is subscribed to below the device's topic.
pub fn filters() -> impl Iterator<Item = String> {
    let states = COMMANDS.iter().filter(|(state, _)| !state.is_empty());
    states.map(|(state, _)| format!("{state}/set")).chain([format!("{REQUEST}+")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_taken_at_its_topic_and_as_a_request() {
        for (topic, payload, command) in [
            ("microphone/muted/set", "ON", Command::Mute),
            ("rpc/request/mute", "", Command::Mute),
            ("privacy/active/set", "PRESS", Command::Close),
            ("call/hang_up/set", "PRESS", Command::HangUp),
            ("broadcast/active/set", "OFF", Command::EndBroadcast),
            ("recording/active/set", "OFF", Command::StopRecording),
            ("telephone/do_not_disturb/set", "OFF", Command::DoNotDisturb(false)),
            ("speaker/volume/set", " 55.0 ", Command::Volume(55)),
            ("rpc/request/layout", "speaker", Command::Speaker(true)),
            ("refresh/set", "PRESS", Command::Refresh),
            ("system/restart/set", "PRESS", Command::Restart),
            ("screen/message/set", " Dinner! ", Command::Message("Dinner!".into())),
        ] {
            assert_eq!(Command::parse(topic, payload, &[]), Ok(command), "{topic} {payload}");
        }
    }

    #[test]
    fn each_opening_is_taken_where_it_is_allowed_and_nowhere_else() {
        for (topic, payload, opening) in [
            ("call/answer/set", "PRESS", Opening::Answer),
            ("rpc/request/answer", "", Opening::Answer),
            ("microphone/muted/set", "OFF", Opening::Unmute),
            ("rpc/request/unmute", "", Opening::Unmute),
            ("camera/active/set", "ON", Opening::Camera),
            ("broadcast/active/set", "ON", Opening::Live),
            ("rpc/request/go_live", "", Opening::Live),
            ("recording/active/set", "ON", Opening::Record),
            ("rpc/request/record", "", Opening::Record),
        ] {
            assert_eq!(Command::parse(topic, payload, &[opening]), Ok(Command::Open(opening)), "{topic}");
            let others: Vec<Opening> = Opening::ALL.into_iter().filter(|other| *other != opening).collect();
            assert_eq!(Command::parse(topic, payload, &others), Err(Invalid::Opens), "{topic}");
        }
        for privacy in ["privacy/active/set", "rpc/request/close"] {
            assert_eq!(Command::parse(privacy, "OFF", &Opening::ALL), Err(Invalid::Private));
        }
    }

    #[test]
    fn nothing_opens_what_people_open_and_nonsense_does_nothing() {
        for (topic, payload, invalid) in [
            ("microphone/muted/set", "OFF", Invalid::Opens),
            ("rpc/request/mute", "OFF", Invalid::Opens),
            ("privacy/active/set", "OFF", Invalid::Private),
            ("broadcast/active/set", "ON", Invalid::Opens),
            ("recording/active/set", "ON", Invalid::Opens),
            ("call/answer/set", "PRESS", Invalid::Opens),
            ("camera/active/set", "OFF", Invalid::Value),
            ("/set", "", Invalid::Topic),
            ("rpc/request/", "", Invalid::Topic),
            ("microphone/muted", "ON", Invalid::Topic),
            ("speaker/volume/set", "101", Invalid::Value),
            ("speaker/volume/set", "NaN", Invalid::Value),
            ("speaker/volume/set", "-1", Invalid::Value),
            ("screen/layout/set", "spiral", Invalid::Value),
            ("telephone/do_not_disturb/set", "maybe", Invalid::Value),
            ("call/decline/set", "{}", Invalid::Value),
        ] {
            assert_eq!(Command::parse(topic, payload, &[]), Err(invalid), "{topic} {payload}");
        }
    }

    #[test]
    fn what_a_call_does_is_told_once() {
        let idle = State::default();
        let rings = State { ringing: true, ..State::default() };
        let talks = State { in_call: true, last_call: Some((7, Ending::Answered)), ..State::default() };
        let over = State { in_call: false, ..talks.clone() };
        assert_eq!(rings.events(&idle), ["ringing"]);
        assert_eq!(rings.events(&rings), [""; 0]);
        assert_eq!(talks.events(&rings), ["answered"]);
        assert_eq!(over.events(&talks), ["ended"]);
        let missed = State { last_call: Some((9, Ending::Missed)), ..State::default() };
        assert_eq!(missed.events(&State { ringing: true, ..over }), ["missed"]);
    }

    #[test]
    fn every_state_has_a_value_of_its_own_topic() {
        let messages = State { volume: Some(40), speaker: true, title: "Garden".into(), ..State::default() }.messages();
        assert_eq!(messages["speaker/volume"], "40");
        assert_eq!(messages["screen/layout"], "speaker");
        assert_eq!(State::default().messages()["speaker/volume"], "None");
        assert!(!State::default().messages().contains_key(UPDATE), "a package is not updated like that");
        let update = Update {
            installed_version: "1".into(),
            latest_version: "2".into(),
            in_progress: true,
            update_percentage: Some(40),
        };
        let told = State { update: Some(update), ..State::default() }.messages();
        let expected = r#"{"installed_version":"1","latest_version":"2","in_progress":true,"update_percentage":40}"#;
        assert_eq!(told[UPDATE], expected);
        assert!(messages.keys().all(|topic| !topic.ends_with("/set") && !topic.contains(['+', '#'])));
    }
}

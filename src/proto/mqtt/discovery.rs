//! How Home Assistant finds the box: its device discovery (`homeassistant/device/<id>/config`), one payload for all entities.

use serde_json::{Map, Value, json};

use super::{AVAILABILITY, CALL_EVENT, EVENTS, LAYOUTS, SYSTEM, UPDATE};
use crate::model::opening::Opening;

/// The box, as Home Assistant's registry of devices has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its id, the same for ever.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The version of Porchlight.
    pub version: &'static str,
    /// Where its pages are, if that is known.
    pub page: Option<String>,
    /// Whether it is an image that is updated as one.
    pub image: bool,
}

/// One entity: its key, platform, name and icon, and what its platform wants beside that.
struct Entity {
    key: &'static str,
    platform: &'static str,
    name: &'static str,
    icon: &'static str,
    /// The topic of its state.
    state: Option<&'static str>,
    /// Where it is commanded.
    command: Option<&'static str>,
    more: &'static [(&'static str, &'static str)],
}

const fn sensor(key: &'static str, name: &'static str, icon: &'static str, state: &'static str) -> Entity {
    Entity { key, platform: "sensor", name, icon, state: Some(state), command: None, more: &[] }
}

const fn binary(key: &'static str, name: &'static str, icon: &'static str, state: &'static str) -> Entity {
    Entity { key, platform: "binary_sensor", name, icon, state: Some(state), command: None, more: &[] }
}

const fn button(key: &'static str, name: &'static str, icon: &'static str, command: &'static str) -> Entity {
    Entity { key, platform: "button", name, icon, state: None, command: Some(command), more: &[] }
}

const fn with(entity: Entity, more: &'static [(&'static str, &'static str)]) -> Entity {
    Entity { more, ..entity }
}

const MEASURED: (&str, &str) = ("state_class", "measurement");
const DIAGNOSTIC: (&str, &str) = ("entity_category", "diagnostic");
const CONFIG: (&str, &str) = ("entity_category", "config");
const RUNNING: &[(&str, &str)] = &[("device_class", "running")];
const CONNECTED: &[(&str, &str)] = &[("device_class", "connectivity"), DIAGNOSTIC];

const ENTITIES: &[Entity] = &[
    with(binary("in_call", "In a call", "mdi:phone-in-talk", "call/active"), RUNNING),
    binary("ringing", "Ringing", "mdi:phone-ring", "call/ringing"),
    Entity {
        key: "call",
        platform: "event",
        name: "Call",
        icon: "mdi:phone-log",
        state: Some(CALL_EVENT),
        command: None,
        more: &[("device_class", "doorbell")],
    },
    button("decline", "Decline the call", "mdi:phone-cancel", "call/decline/set"),
    button("hang_up", "Hang up", "mdi:phone-hangup", "call/hang_up/set"),
    with(sensor("participants", "People in calls", "mdi:account-group", "call/participants"), &[MEASURED]),
    Entity {
        key: "do_not_disturb",
        platform: "switch",
        name: "Do not disturb",
        icon: "mdi:minus-circle",
        state: Some("telephone/do_not_disturb"),
        command: Some("telephone/do_not_disturb/set"),
        more: &[CONFIG],
    },
    binary("muted", "Microphone muted", "mdi:microphone-off", "microphone/muted"),
    button("mute", "Mute the microphone", "mdi:microphone-off", "microphone/muted/set"),
    binary("privacy", "Privacy", "mdi:shield-lock", "privacy/active"),
    button("close", "Close camera and microphone", "mdi:shield-lock", "privacy/active/set"),
    with(binary("on_air", "On air", "mdi:broadcast", "broadcast/active"), RUNNING),
    button("end_broadcast", "Take off air", "mdi:broadcast-off", "broadcast/active/set"),
    sensor("title", "On air: title", "mdi:format-title", "broadcast/title"),
    with(sensor("viewers", "Viewers", "mdi:eye", "broadcast/viewers"), &[MEASURED]),
    with(binary("recording", "Recording", "mdi:record-rec", "recording/active"), RUNNING),
    button("stop_recording", "Stop recording", "mdi:stop", "recording/active/set"),
    Entity {
        key: "volume",
        platform: "number",
        name: "Volume",
        icon: "mdi:volume-high",
        state: Some("speaker/volume"),
        command: Some("speaker/volume/set"),
        more: &[("unit_of_measurement", "%")],
    },
    Entity {
        key: "layout",
        platform: "select",
        name: "Screen in calls",
        icon: "mdi:view-grid",
        state: Some("screen/layout"),
        command: Some("screen/layout/set"),
        more: &[CONFIG],
    },
    Entity {
        key: "message",
        platform: "notify",
        name: "Message on the screen",
        icon: "mdi:message-text",
        state: None,
        command: Some("screen/message/set"),
        more: &[],
    },
    with(binary("seen", "Camera on", "mdi:video", "camera/active"), RUNNING),
    with(binary("camera", "Camera", "mdi:webcam", "camera/connected"), CONNECTED),
    with(binary("microphone", "Microphone", "mdi:microphone", "microphone/connected"), CONNECTED),
    with(
        sensor("temperature", "Temperature", "mdi:thermometer", SYSTEM),
        &[
            ("device_class", "temperature"),
            ("unit_of_measurement", "°C"),
            ("value_template", "{{ value_json.temperature }}"),
            MEASURED,
            DIAGNOSTIC,
        ],
    ),
    with(
        sensor("free", "Room for recordings", "mdi:harddisk", SYSTEM),
        &[
            ("device_class", "data_size"),
            ("unit_of_measurement", "GB"),
            ("value_template", "{{ value_json.free }}"),
            MEASURED,
            DIAGNOSTIC,
        ],
    ),
    with(
        sensor("memory", "Memory", "mdi:memory", SYSTEM),
        &[
            ("device_class", "data_size"),
            ("unit_of_measurement", "MB"),
            ("value_template", "{{ value_json.memory }}"),
            MEASURED,
            DIAGNOSTIC,
        ],
    ),
    with(button("restart", "Start again", "mdi:restart", "system/restart/set"), &[("device_class", "restart"), CONFIG]),
    with(
        sensor("started", "Started", "mdi:clock-start", SYSTEM),
        &[("device_class", "timestamp"), ("value_template", "{{ value_json.started }}"), DIAGNOSTIC],
    ),
];

/// What opens something, for those who are allowed to: announced in the room, and stopped there.
const OPENINGS: [(Opening, Entity); 5] = [
    (Opening::Answer, button("answer", "Answer the call", "mdi:phone", "call/answer/set")),
    (
        Opening::Unmute,
        with(
            button("unmute", "Turn the microphone on", "mdi:microphone", "microphone/muted/set"),
            &[("payload_press", "OFF")],
        ),
    ),
    (Opening::Camera, button("camera_on", "Turn the camera on", "mdi:video", "camera/active/set")),
    (
        Opening::Live,
        with(button("go_live", "Go on air", "mdi:broadcast", "broadcast/active/set"), &[("payload_press", "ON")]),
    ),
    (
        Opening::Record,
        with(button("record", "Record", "mdi:record-rec", "recording/active/set"), &[("payload_press", "ON")]),
    ),
];

/// How an update of an image is. It shows, and installs nothing: whoever brings a bundle is its owner, on the page.
const UPDATING: Entity = Entity {
    key: "update",
    platform: "update",
    name: "Update",
    icon: "mdi:package-up",
    state: Some(UPDATE),
    command: None,
    more: &[("device_class", "firmware"), ("entity_category", "diagnostic")],
};

/// Where the payload goes, below Home Assistant's own prefix.
pub fn topic(prefix: &str, device: &str) -> String {
    format!("{prefix}/device/porchlight_{device}/config")
}

/// The payload; `base` is the device's topic, without a slash at its end.
pub fn payload(device: &Device, base: &str, allowed: &[Opening]) -> Value {
    let made = |entity: &Entity| (entity.key.to_owned(), component(entity, device, base));
    let opens = OPENINGS.iter().map(|(opening, entity)| match allowed.contains(opening) {
        true => made(entity),
        // With the platform alone it is taken away, if it was there.
        false => (entity.key.to_owned(), json!({ "platform": entity.platform })),
    });
    let updates = match device.image {
        true => made(&UPDATING),
        false => (UPDATING.key.to_owned(), json!({ "platform": UPDATING.platform })),
    };
    let components: Map<String, Value> = ENTITIES.iter().map(made).chain(opens).chain([updates]).collect();
    let mut about = json!({
        "identifiers": [format!("porchlight_{}", device.id)],
        "name": device.name,
        "manufacturer": "Porchlight",
        "model": "Porchlight",
        "sw_version": device.version,
    });
    if let Some(page) = &device.page {
        about["configuration_url"] = page.clone().into();
    }
    json!({
        "device": about,
        "origin": { "name": "Porchlight", "sw_version": device.version },
        "availability_topic": format!("{base}/{AVAILABILITY}"),
        "qos": 1,
        "components": components,
    })
}

fn component(entity: &Entity, device: &Device, base: &str) -> Value {
    let mut made = json!({
        "platform": entity.platform,
        "unique_id": format!("porchlight_{}_{}", device.id, entity.key),
        "object_id": format!("porchlight_{}", entity.key),
        "name": entity.name,
        "icon": entity.icon,
    });
    let mut set = |key: &str, value: Value| made[key] = value;
    if let Some(state) = entity.state {
        set("state_topic", format!("{base}/{state}").into());
    }
    if let Some(command) = entity.command {
        set("command_topic", format!("{base}/{command}").into());
    }
    for (key, value) in entity.more {
        set(key, (*value).into());
    }
    match entity.platform {
        "event" => set("event_types", EVENTS.as_slice().into()),
        "select" => set("options", LAYOUTS.as_slice().into()),
        "number" => {
            for (key, value) in [("min", 0), ("max", 100), ("step", 1)] {
                set(key, value.into());
            }
        }
        _ => {}
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::mqtt::{Command, State};

    fn device() -> Device {
        let page = Some("https://porch.local:8443".into());
        Device { id: "0123abcd".into(), name: "Porch".into(), version: "1.2.3", page, image: true }
    }

    #[test]
    fn the_payload_is_as_it_was() {
        let text = serde_json::to_string_pretty(&payload(&device(), "porchlight/0123abcd", &[])).expect("JSON") + "\n";
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/homeassistant.json");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &text).expect("it can be written");
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, golden, "UPDATE_GOLDEN=1 cargo test --lib discovery writes {}", path.display());
    }

    #[test]
    fn every_entity_says_and_takes_what_the_box_says_and_takes() {
        let base = "porchlight/0123abcd";
        let made = payload(&device(), base, &Opening::ALL);
        let components = made["components"].as_object().expect("components");
        let mut told: Vec<String> = State::default().messages().keys().map(|topic| format!("{base}/{topic}")).collect();
        told.extend([CALL_EVENT, SYSTEM, UPDATE].map(|topic| format!("{base}/{topic}")));
        for (key, entity) in components {
            if let Some(state) = entity["state_topic"].as_str() {
                assert!(told.iter().any(|topic| topic == state), "{key}: nothing is told at {state}");
            }
            if let Some(command) = entity["command_topic"].as_str() {
                let topic = command.strip_prefix(base).and_then(|topic| topic.strip_prefix('/')).expect("ours");
                let payload = match entity["platform"].as_str() {
                    Some("button") => entity["payload_press"].as_str().unwrap_or("PRESS"),
                    Some("switch") => "ON",
                    Some("number") => "50",
                    Some("select") => LAYOUTS[0],
                    _ => "PRESS",
                };
                assert!(Command::parse(topic, payload, &Opening::ALL).is_ok(), "{key}: {topic} takes no {payload}");
            }
        }
    }

    #[test]
    fn what_is_not_allowed_any_more_is_taken_away() {
        let package = Device { image: false, ..device() };
        let made = payload(&package, "porchlight/0123abcd", &[]);
        assert_eq!(made["components"]["update"], json!({ "platform": "update" }));
        let made = payload(&device(), "porchlight/0123abcd", &[Opening::Live]);
        assert_eq!(made["components"]["answer"], json!({ "platform": "button" }));
        assert_eq!(made["components"]["go_live"]["payload_press"], "ON");
    }

    /// What Home Assistant's schema lets pass although it does nothing, or is wrong.
    #[test]
    fn what_the_schema_does_not_see_is_right_too() {
        let made = payload(&device(), "porchlight/0123abcd", &Opening::ALL);
        for (key, entity) in made["components"].as_object().expect("components") {
            let text = |name: &str| entity[name].as_str();
            let commands = entity["command_topic"].is_string();
            assert!(text("entity_category") != Some("config") || commands, "{key}: only what is set is configuration");
            assert!(text("entity_category") != Some("diagnostic") || !commands, "{key}: what is set is no diagnosis");
            assert!(
                text("state_class").is_none() || text("platform") == Some("sensor"),
                "{key}: only sensors have a state class"
            );
            assert!(!["kbps", "Mbps", "C", "GiB"].contains(&text("unit_of_measurement").unwrap_or_default()), "{key}");
            let name = text("name").unwrap_or_default();
            assert!(!name.to_lowercase().contains("porchlight"), "{key}: the device's name stands in front already");
            assert!(text("icon").is_some_and(|icon| icon.starts_with("mdi:")), "{key}");
        }
    }
}

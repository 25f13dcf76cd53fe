//! `[gpio]`: buttons and lights on pins.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::{duration, quantity};

/// Which lines of which chip are what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The chip, below `/dev/`; empty for no pins at all.
    #[serde(deserialize_with = "chip")]
    pub chip: String,
    /// Mutes the microphone; held for a second, privacy.
    pub mute_button: Line,
    /// Joins, or takes the call that rings; held for a second, hangs up.
    pub answer_button: Line,
    /// Closes camera and microphone, or opens both.
    pub privacy_button: Line,
    /// Shines while a room is on air.
    pub on_air_light: Line,
    /// Shines while the box's camera may be seen.
    pub camera_light: Line,
    /// A button that is pressed connects its line to ground.
    pub buttons_active_low: bool,
    /// A light shines while its line is low.
    pub lights_active_low: bool,
    /// How long a contact has to be still; 5 ms to 500 ms.
    #[serde(serialize_with = "duration::serialize", deserialize_with = "debounce")]
    pub debounce: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            chip: String::new(),
            mute_button: Line::NONE,
            answer_button: Line::NONE,
            privacy_button: Line::NONE,
            on_air_light: Line::NONE,
            camera_light: Line::NONE,
            buttons_active_low: true,
            lights_active_low: false,
            debounce: Duration::from_millis(30),
        }
    }
}

/// A line of a chip by its number, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line(pub Option<u32>);

impl Line {
    /// No line.
    pub const NONE: Self = Self(None);
}

/// Lines that a chip may have.
const LINES: i64 = 512;

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(self.0.map_or(-1, i64::from))
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(from)?;
        match u32::try_from(number) {
            _ if number == -1 => Ok(Self::NONE),
            Ok(line) if number < LINES => Ok(Self(Some(line))),
            _ => {
                Err(serde::de::Error::custom(format!("{number} is not the number of a line, 0 to 511, or -1 for none")))
            }
        }
    }
}

fn chip<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    const EXPECTED: &str = "\"\" or a chip such as \"/dev/gpiochip0\"";
    quantity::text(from, EXPECTED, |text| {
        let number = text.strip_prefix("/dev/gpiochip").is_some_and(|number| number.parse::<u16>().is_ok());
        if text.is_empty() || number { Ok(text.to_owned()) } else { Err(format!("{text:?} is not {EXPECTED}")) }
    })
}

fn debounce<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    duration::within(from, Duration::from_millis(5)..=Duration::from_millis(500))
}

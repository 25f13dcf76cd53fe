//! `[ladder]`: the smaller pictures.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::quantity;
use crate::model::rung::Rung;

/// Which smaller pictures there are, and how much of the encoder they may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Their lines: any of 720, 480, 360, 240, 144. Those that are smaller than the program are offered.
    #[serde(serialize_with = "lines", deserialize_with = "rungs")]
    pub rungs: Vec<Rung>,
    /// How much of what the encoder can do program and smaller pictures may take together, in percent; 10 to 100.
    #[serde(deserialize_with = "share")]
    pub share: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { rungs: Rung::ALL.to_vec(), share: 60 }
    }
}

fn lines<S: Serializer>(rungs: &[Rung], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(rungs.iter().map(|rung| rung.size().1))
}

/// In the environment everything is text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lines {
    Number(u32),
    Text(String),
}

fn rungs<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Rung>, D::Error> {
    let all: Vec<Lines> = Vec::deserialize(from)?;
    let rung = |lines: Lines| {
        let lines = match lines {
            Lines::Number(lines) => Some(lines),
            Lines::Text(lines) => lines.parse().ok(),
        };
        let rung = lines.and_then(Rung::of);
        rung.ok_or_else(|| serde::de::Error::custom("the lines are any of 720, 480, 360, 240, 144"))
    };
    let mut rungs = all.into_iter().map(rung).collect::<Result<Vec<_>, _>>()?;
    rungs.sort_unstable_by(|one, other| other.cmp(one));
    rungs.dedup();
    Ok(rungs)
}

fn share<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    quantity::whole(from, 10..=100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_survive_being_written_and_read_and_others_are_sorted_or_refused() {
        let text = toml::to_string(&Config::default()).expect("it can be written");
        assert!(text.contains("rungs = [720, 480, 360, 240, 144]"), "{text}");
        assert_eq!(toml::from_str::<Config>(&text).expect("it can be read"), Config::default());
        let some: Config = toml::from_str("rungs = [144, 360, 144]").expect("they exist");
        assert_eq!(some.rungs, [Rung::P360, Rung::P144]);
        let some: Config = toml::from_str("rungs = [\"240\"]").expect("as the environment has it");
        assert_eq!(some.rungs, [Rung::P240]);
        for (text, allowed) in [("rungs = [1080]", "720, 480, 360, 240, 144"), ("share = 5", "between 10 and 100")] {
            let error = toml::from_str::<Config>(text).expect_err("it is out of range").to_string();
            assert!(error.contains(allowed), "{text}: {error}");
        }
    }
}

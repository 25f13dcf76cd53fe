//! What can be set about recordings.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::quantity;
use crate::proto::recording::Keeping;

/// Bytes of a gigabyte, as disks are sold.
const GIGABYTE: u64 = 1_000_000_000;
const DAY: i64 = 24 * 3600;

/// Where recordings are, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The folder they are in; empty for `recordings` in the state folder.
    pub folder: PathBuf,
    /// Whether they may be on an SD card.
    pub sd_card: bool,
    /// Days after which one that nobody protected is deleted; 0 for never.
    #[serde(deserialize_with = "days")]
    pub max_days: u32,
    /// Gigabytes of all together, above which the oldest that nobody protected are deleted; 0 for as many as there is room for.
    #[serde(deserialize_with = "gigabytes")]
    pub max_gigabytes: u32,
    /// Gigabytes that stay free on the disk.
    #[serde(deserialize_with = "gigabytes")]
    pub min_free_gigabytes: u32,
    /// Most participants and screens that are recorded in files of their own at a time.
    #[serde(deserialize_with = "files")]
    pub max_separate: u32,
}

impl Config {
    /// The folder that recordings are in.
    pub fn place(&self, state: &Path) -> PathBuf {
        if self.folder.as_os_str().is_empty() { state.join("recordings") } else { self.folder.clone() }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            folder: PathBuf::new(),
            sd_card: false,
            max_days: 0,
            max_gigabytes: 0,
            min_free_gigabytes: 2,
            max_separate: 8,
        }
    }
}

impl Config {
    /// How they are kept.
    pub(super) fn keeping(&self) -> Keeping {
        Keeping {
            max_age: i64::from(self.max_days) * DAY,
            max_bytes: u64::from(self.max_gigabytes) * GIGABYTE,
            min_free: u64::from(self.min_free_gigabytes) * GIGABYTE,
        }
    }
}

fn days<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    quantity::whole(from, 0..=36_500)
}

fn files<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    quantity::whole(from, 0..=32)
}

fn gigabytes<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    quantity::whole(from, 0..=1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_gigabytes_are_counted_out() {
        let config = Config { max_days: 2, max_gigabytes: 3, ..Config::default() };
        assert_eq!(config.keeping(), Keeping { max_age: 172_800, max_bytes: 3_000_000_000, min_free: 2_000_000_000 });
        assert!(toml::from_str::<Config>("max_days = -1").is_err());
    }
}

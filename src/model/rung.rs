//! The rungs of a ladder: the smaller sizes in which what is on air is offered.

use std::fmt;

use serde::Serialize;

/// A smaller picture of what is on air, named by its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Rung {
    /// 256 by 144 pixels.
    #[serde(rename = "144")]
    P144,
    /// 424 by 240.
    #[serde(rename = "240")]
    P240,
    /// 640 by 360.
    #[serde(rename = "360")]
    P360,
    /// 848 by 480.
    #[serde(rename = "480")]
    P480,
    /// 1280 by 720.
    #[serde(rename = "720")]
    P720,
}

impl Rung {
    /// All of them, the largest first. The largest picture of all is what is on air itself.
    pub const ALL: [Self; 5] = [Self::P720, Self::P480, Self::P360, Self::P240, Self::P144];

    /// Pixels across and down: about 16:9, a multiple of eight across.
    pub const fn size(self) -> (u32, u32) {
        match self {
            Self::P144 => (256, 144),
            Self::P240 => (424, 240),
            Self::P360 => (640, 360),
            Self::P480 => (848, 480),
            Self::P720 => (1280, 720),
        }
    }

    /// Bits a second, on the mean.
    pub const fn bitrate(self) -> u32 {
        match self {
            Self::P144 => 150_000,
            Self::P240 => 350_000,
            Self::P360 => 700_000,
            Self::P480 => 1_200_000,
            Self::P720 => 2_200_000,
        }
    }

    /// Those that are smaller than a picture of so many lines, the largest first.
    pub fn below(lines: u32) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |rung| rung.size().1 < lines)
    }

    /// The one with so many lines.
    pub fn of(lines: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|rung| rung.size().1 == lines)
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.size().1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_get_smaller_and_are_found_by_their_lines() {
        let all = Rung::ALL;
        for pair in all.windows(2) {
            assert!(pair[0].size() > pair[1].size() && pair[0].bitrate() > pair[1].bitrate() && pair[0] > pair[1]);
        }
        for rung in all {
            let (width, height) = rung.size();
            assert!(width % 8 == 0 && height % 2 == 0 && (width * 9).abs_diff(height * 16) <= 16 * 8, "{rung}");
            assert_eq!(Rung::of(height), Some(rung));
            assert_eq!(rung.to_string(), height.to_string());
        }
        assert_eq!(Rung::below(480).collect::<Vec<_>>(), [Rung::P360, Rung::P240, Rung::P144]);
        assert_eq!((Rung::below(144).count(), Rung::below(1080).count(), Rung::of(1)), (0, 5, None));
    }
}

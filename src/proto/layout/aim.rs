//! Which part of a camera's picture is shown: pan, tilt and zoom without a motor.

use std::ops::RangeInclusive;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// Where a picture is cut out of a camera's. All in percent, so that it means the same for every camera and size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Aim {
    /// How much larger than the whole picture things are shown; 100 is the whole picture.
    #[cfg_attr(test, schemars(range(min = 100, max = 400)))]
    zoom: u16,
    /// From -100, the left edge, to 100, the right edge, as whoever looks at the picture sees it.
    #[cfg_attr(test, schemars(range(min = -100, max = 100)))]
    pan: i16,
    /// From -100, the lower edge, to 100, the upper edge.
    #[cfg_attr(test, schemars(range(min = -100, max = 100)))]
    tilt: i16,
}

/// What zoom may be.
pub const ZOOM: RangeInclusive<u16> = 100..=400;
/// What pan and tilt may be.
pub const TURN: RangeInclusive<i16> = -100..=100;

/// As it is read, before it is looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wished {
    zoom: u16,
    pan: i16,
    tilt: i16,
}

/// A value is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("zoom is from 100 to 400, pan and tilt are from -100 to 100")]
pub struct OutOfRange;

impl<'de> Deserialize<'de> for Aim {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Wished { zoom, pan, tilt } = Wished::deserialize(from)?;
        Self::new(zoom, pan, tilt).map_err(D::Error::custom)
    }
}

impl Default for Aim {
    fn default() -> Self {
        Self::WHOLE
    }
}

/// Pixels that are cut off at each side of a camera's picture; all even if its sides are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cut {
    /// At the left.
    pub left: u32,
    /// At the right.
    pub right: u32,
    /// At the upper edge.
    pub top: u32,
    /// At the lower edge.
    pub bottom: u32,
    /// What is left is not of the shape of what is shown, so that there is black beside it.
    pub bars: bool,
}

/// Hundredths by which shapes may differ: that much is stretched, since nobody sees it, and a line of black would be seen.
const ALIKE: u64 = 2;

impl Aim {
    /// The whole picture.
    pub const WHOLE: Self = Self { zoom: 100, pan: 0, tilt: 0 };

    /// See the fields.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn new(zoom: u16, pan: i16, tilt: i16) -> Result<Self, OutOfRange> {
        let right = ZOOM.contains(&zoom) && TURN.contains(&pan) && TURN.contains(&tilt);
        right.then_some(Self { zoom, pan, tilt }).ok_or(OutOfRange)
    }

    /// In percent, from 100 on.
    pub fn zoom(self) -> u16 {
        self.zoom
    }

    /// In one number, and back: so that it can be handed to another thread without a lock.
    pub fn bits(self) -> u64 {
        u64::from(self.zoom) << 32 | u64::from(self.pan as u16) << 16 | u64::from(self.tilt as u16)
    }

    /// Of [`Aim::bits`]; the whole picture for any other number.
    pub fn from_bits(bits: u64) -> Self {
        Self::new((bits >> 32) as u16, (bits >> 16) as u16 as i16, bits as u16 as i16).unwrap_or_default()
    }

    /// What is cut off a picture of the size `given` for one of the size `shown`. At first that is nothing, and there is black beside a
    /// picture of another shape; with a larger zoom the black goes first.
    pub fn cut(self, given: (u32, u32), shown: (u32, u32)) -> Cut {
        let (width, height) = (u64::from(given.0.max(2)), u64::from(given.1.max(2)));
        let (across, down) = (u64::from(shown.0.max(1)), u64::from(shown.1.max(1)));
        // The smallest frame of the shown shape that holds the whole picture, and that frame made smaller.
        let wide = width.max(height * across / down);
        let high = height.max(width * down / across);
        let part = |frame: u64, whole: u64| {
            let side = (frame * 100 / u64::from(self.zoom.max(100))).min(whole);
            (side & !1).clamp(2, whole.max(2))
        };
        let (columns, rows) = (part(wide, width), part(high, height));
        // From 0 to twice a hundred.
        let place = |room: u64, turn: i64| (room * turn.unsigned_abs() / 200) & !1;
        let left = place(width - columns, i64::from(self.pan) + 100);
        let top = place(height - rows, 100 - i64::from(self.tilt));
        let (shape, wanted) = (columns * down * 100, rows * across * 100);
        let bars = shape.abs_diff(wanted) > rows * across * ALIKE;
        let pixels = |side: u64| side as u32;
        Cut {
            left: pixels(left),
            right: pixels(width - columns - left),
            top: pixels(top),
            bottom: pixels(height - rows - top),
            bars,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(aim: (u16, i16, i16), given: (u32, u32), shown: (u32, u32)) -> ([u32; 4], bool) {
        let Cut { left, right, top, bottom, bars } = Aim::new(aim.0, aim.1, aim.2).expect("in range").cut(given, shown);
        ([left, right, top, bottom], bars)
    }

    const HD: (u32, u32) = (1280, 720);

    #[test]
    fn pan_and_tilt_go_from_edge_to_edge_and_zoom_makes_the_part_smaller() {
        for (aim, expected) in [
            ((100, 0, 0), [0, 0, 0, 0]),
            ((100, -100, 100), [0, 0, 0, 0]),
            ((200, 0, 0), [320, 320, 180, 180]),
            ((200, -100, 100), [0, 640, 0, 360]),
            ((200, 100, -100), [640, 0, 360, 0]),
            ((200, 50, 0), [480, 160, 180, 180]),
            ((400, 0, 0), [480, 480, 270, 270]),
        ] {
            assert_eq!(cut(aim, HD, (640, 360)), (expected, false), "{aim:?}");
        }
    }

    #[test]
    fn a_picture_of_another_shape_loses_its_black_bars_first() {
        // 4:3 in 16:9: black at the sides, until a third of the picture is cut off above and below.
        assert_eq!(cut((100, 0, 0), (640, 480), (640, 360)), ([0, 0, 0, 0], true));
        assert_eq!(cut((120, 0, 0), (640, 480), (640, 360)), ([0, 0, 40, 40], true));
        let (sides, bars) = cut((134, 0, 0), (640, 480), (640, 360));
        assert_eq!((sides[0], sides[1], bars), (2, 2, false));
        assert_eq!(cut((200, 0, 100), (640, 480), (640, 360)), ([107 & !1, 108, 0, 240], false));
        // A little off is stretched.
        assert_eq!(cut((100, 0, 0), (1280, 720), (854, 480)), ([0, 0, 0, 0], false));
        assert_eq!(cut((100, 0, 0), (640, 360), (360, 640)), ([0, 0, 0, 0], true));
    }

    #[test]
    fn something_even_is_left_whatever_is_asked_for() {
        for given in [(2, 2), (16, 16), (18, 4096), (638, 358), (1920, 1080)] {
            for zoom in ZOOM.step_by(7) {
                for turn in TURN.step_by(9) {
                    let aim = Aim::new(zoom, turn, -turn).expect("in range");
                    let Cut { left, right, top, bottom, .. } = aim.cut(given, HD);
                    assert!([left, right, top, bottom].iter().all(|side| side % 2 == 0), "{aim:?} {given:?}");
                    assert!(left + right + 2 <= given.0 && top + bottom + 2 <= given.1, "{aim:?} {given:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_out_of_range_is_refused_and_a_number_holds_all_of_it() {
        for (zoom, pan, tilt) in [(99, 0, 0), (401, 0, 0), (100, 101, 0), (100, 0, -101)] {
            assert_eq!(Aim::new(zoom, pan, tilt), Err(OutOfRange));
        }
        let json = |text: &str| serde_json::from_str::<Aim>(text).ok();
        let aim = Aim::new(250, -100, 37).expect("in range");
        assert_eq!(json(r#"{"zoom":250,"pan":-100,"tilt":37}"#), Some(aim));
        assert_eq!((json(r#"{"zoom":50,"pan":0,"tilt":0}"#), json(r#"{"zoom":100}"#)), (None, None));
        assert_eq!(Aim::from_bits(aim.bits()), aim);
        assert_eq!(Aim::from_bits(u64::MAX), Aim::WHOLE);
    }
}

//! Volume as people set it, and what it is in decibels.

use serde::{Deserialize, Serialize};

use super::amplitude;

/// How loud a speaker or microphone is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// From 0, which is silence, to 100, each step the same number of decibels.
    pub percent: u8,
    /// It is silent, whatever the percentage.
    pub muted: bool,
}

impl Volume {
    /// As loud as it gets.
    pub const FULL: Self = Self { percent: 100, muted: false };
}

/// The decibels between 1 and 100 percent, at most: cards go down to -100 dB, of which nobody hears the lower half.
const SPAN: f64 = 50.0;

/// What the percentages of one control mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Decibels at 100 percent.
    top: f64,
    /// Decibels from there down to nothing.
    span: f64,
}

impl Scale {
    /// That of a box which turns samples down itself.
    pub const SOFTWARE: Self = Self { top: 0.0, span: SPAN };

    /// That of a control which goes from `bottom` to `top`, both in decibels; nothing if that is no range.
    pub fn of(bottom: f64, top: f64) -> Option<Self> {
        let span = top - bottom;
        (span.is_finite() && span > 0.0).then_some(Self { top, span: span.min(SPAN) })
    }

    /// The decibels of a percentage; `None` is silence. More than 100 is 100.
    pub fn decibels(self, percent: u8) -> Option<f64> {
        let percent = f64::from(percent.min(100));
        (percent > 0.0).then_some(self.top - self.span * (100.0 - percent) / 100.0)
    }

    /// The percentage of so many decibels.
    pub fn percent(self, decibels: f64) -> u8 {
        let percent = 100.0 - (self.top - decibels) * 100.0 / self.span;
        // What is no number at all is silence.
        percent.round().clamp(0.0, 100.0) as u8
    }

    /// What samples are multiplied by.
    pub fn gain(self, volume: Volume) -> f64 {
        match self.decibels(volume.percent) {
            Some(decibels) if !volume.muted => amplitude(decibels),
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_percent_is_the_same_number_of_decibels_and_none_is_silence() {
        let card = Scale::of(-100.0, 4.0).expect("a range");
        assert_eq!(card.decibels(0), None);
        for (percent, decibels) in [(100, 4.0), (50, -21.0), (1, -45.5), (200, 4.0)] {
            assert_eq!(card.decibels(percent), Some(decibels), "{percent}");
        }
        let small = Scale::of(-20.0, 0.0).expect("a range");
        assert_eq!((small.decibels(50), small.decibels(75)), (Some(-10.0), Some(-5.0)));
    }

    #[test]
    fn what_is_set_is_read_again() {
        for scale in [Scale::SOFTWARE, Scale::of(-48.0, 12.0).expect("a range"), Scale::of(-15.0, 0.0).expect("one")] {
            for percent in 1..=100 {
                assert_eq!(scale.percent(scale.decibels(percent).expect("not silent")), percent);
            }
        }
        for (decibels, percent) in [(-120.0, 0), (-50.0, 0), (30.0, 100), (f64::NEG_INFINITY, 0), (f64::NAN, 0)] {
            assert_eq!(Scale::SOFTWARE.percent(decibels), percent, "{decibels}");
        }
    }

    #[test]
    fn what_is_no_range_has_no_scale() {
        for (bottom, top) in [(0.0, 0.0), (3.0, -3.0), (f64::NAN, 0.0), (f64::NEG_INFINITY, f64::INFINITY)] {
            assert_eq!(Scale::of(bottom, top), None, "{bottom} {top}");
        }
    }

    #[test]
    fn the_muted_are_silent() {
        let gain = |percent, muted| Scale::SOFTWARE.gain(Volume { percent, muted });
        assert_eq!((gain(100, false), gain(100, true), gain(0, false)), (1.0, 0.0, 0.0));
        assert!((gain(60, false) - 0.1).abs() < 1e-9, "20 dB less");
    }
}

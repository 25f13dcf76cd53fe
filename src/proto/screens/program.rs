//! What lies over the program, and what is shown instead of it.

use serde::{Deserialize, Serialize};

use super::drawing::{self, Drawing, INK, QUIET};
use super::words::{self, Language, Word};
use super::{HEIGHT, WIDTH};

/// A full picture instead of everybody; while it is there nobody is seen or heard by those who watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Slate {
    /// It has not begun.
    Soon,
    /// It goes on in a while.
    Back,
}

/// A drawing that lies over a picture, and its size in pixels of [`WIDTH`] by [`HEIGHT`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    /// SVG 1.1.
    pub svg: String,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// The widest that something over the picture is: it leaves room for the logo beside it.
const WIDEST: f64 = 1240.0;
/// Between the edge of a plate and its words.
const PADDING: f64 = 32.0;

/// A plate with lines of this size each: what is too long is made smaller.
fn plate(lines: &[(&str, f64, &str, bool)]) -> Banner {
    let widest = lines.iter().map(|(text, size, ..)| drawing::length(text, *size)).fold(0.0, f64::max);
    let width = (widest + 2.0 * PADDING).clamp(160.0, WIDEST) as u32;
    let height = lines.iter().map(|(_, size, ..)| size * 1.45).sum::<f64>() + 24.0;
    // Both even, so that nothing is lost when it is drawn.
    let (width, height) = (width.next_multiple_of(16), (height as u32).next_multiple_of(4));
    let mut drawing = Drawing::new(width, height);
    drawing.plate(drawing::OVER);
    let mut line = 12.0;
    for (text, size, colour, bold) in lines {
        line += size * 1.45;
        let room = f64::from(width) - 2.0 * PADDING;
        drawing.line(text, (PADDING, line - size * 0.4), *size, (colour, *bold), room);
    }
    Banner { svg: drawing.finish(), width, height }
}

/// The title of what is on air.
pub fn title(text: &str) -> Banner {
    plate(&[(text, 44.0, INK, true)])
}

/// A large line and a small one below it.
pub fn lower_third(line: &str, below: Option<&str>) -> Banner {
    let mut lines = vec![(line, 60.0, INK, true)];
    lines.extend(below.map(|below| (below, 44.0, QUIET, false)));
    plate(&lines)
}

/// The drawing of a slate, with the title of what is on air.
pub fn slate(slate: Slate, title: &str, language: Language) -> String {
    let mut drawing = Drawing::new(WIDTH, HEIGHT);
    drawing.ground(drawing::DUSK);
    let word = match slate {
        Slate::Soon => Word::Soon,
        Slate::Back => Word::Back,
    };
    drawing.centred(words::say(language, word), 560.0, 120.0, INK, true);
    drawing.centred(title, 690.0, 64.0, QUIET, false);
    drawing.finish()
}

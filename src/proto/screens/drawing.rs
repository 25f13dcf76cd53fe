//! The parts that the drawings are made of.

use std::fmt::Write;

use super::Code;

/// The blue-grey of the porch at dusk, and what is written on it.
pub(super) const DUSK: &str = "#171d29";
pub(super) const INK: &str = "#eef2f7";
pub(super) const QUIET: &str = "#b4c0cf";
/// Behind the words of a sign that lies over a picture.
pub(super) const OVER: &str = "#0c1118";
/// On air, and nothing else.
pub(super) const AMBER: &str = "#ffb224";
pub(super) const ON_AMBER: &str = "#241800";

/// The outer five percent of the whole screen.
const SAFE: f64 = 96.0;

/// A drawing in the making. Lengths are pixels of its own size.
pub(super) struct Drawing {
    width: u32,
    height: u32,
    body: String,
    moved: bool,
}

impl Drawing {
    pub(super) fn new(width: u32, height: u32) -> Self {
        Self { width, height, body: String::new(), moved: false }
    }

    fn add(&mut self, what: std::fmt::Arguments<'_>) {
        // Writing to a String does not fail.
        let _ = self.body.write_fmt(what);
    }

    pub(super) fn ground(&mut self, colour: &str) {
        let (width, height) = (self.width, self.height);
        self.add(format_args!(r#"<rect width="{width}" height="{height}" fill="{colour}"/>"#));
    }

    /// A plate with round corners, as large as the drawing.
    pub(super) fn plate(&mut self, colour: &str) {
        let (width, height) = (self.width, self.height);
        self.add(format_args!(r#"<rect width="{width}" height="{height}" rx="24" fill="{colour}"/>"#));
    }

    /// Everything from here on lies a little elsewhere.
    pub(super) fn moved(&mut self, x: f64, y: f64) {
        self.add(format_args!(r#"<g transform="translate({x} {y})">"#));
        self.moved = true;
    }

    pub(super) fn dot(&mut self, x: f64, y: f64, radius: f64, colour: &str) {
        self.add(format_args!(r#"<circle cx="{x}" cy="{y}" r="{radius}" fill="{colour}"/>"#));
    }

    fn text(&mut self, text: &str, (x, y): (f64, f64), size: f64, colour: &str, bold: bool, anchor: &str) {
        let weight = if bold { 600 } else { 400 };
        let text = escaped(text);
        self.add(format_args!(
            r#"<text x="{x}" y="{y}" font-family="Inter" font-size="{size}" font-weight="{weight}" fill="{colour}" text-anchor="{anchor}">{text}</text>"#
        ));
    }

    /// A line in the middle, made smaller if it is too long for the safe area.
    pub(super) fn centred(&mut self, text: &str, y: f64, size: f64, colour: &str, bold: bool) {
        let room = f64::from(self.width) - 2.0 * SAFE;
        let size = fitting(text, size, room);
        self.text(text, (f64::from(self.width) / 2.0, y), size, colour, bold, "middle");
    }

    /// A line that begins here and ends at the code's column at most.
    pub(super) fn left(&mut self, text: &str, at: (f64, f64), size: f64, colour: &str, bold: bool) {
        let size = fitting(text, size, 1240.0 - at.0);
        self.text(text, at, size, colour, bold, "start");
    }

    /// A line around this place.
    pub(super) fn middle(&mut self, text: &str, at: (f64, f64), size: f64, colour: &str, room: f64) {
        self.text(text, at, fitting(text, size, room), colour, false, "middle");
    }

    /// A bold line that begins here and has so much room.
    pub(super) fn within(&mut self, text: &str, at: (f64, f64), size: f64, colour: &str, room: f64) {
        self.line(text, at, size, (colour, true), room);
    }

    /// A line that begins here, in a colour, bold or not, and has so much room.
    pub(super) fn line(&mut self, text: &str, at: (f64, f64), size: f64, (colour, bold): (&str, bool), room: f64) {
        self.text(text, at, fitting(text, size, room), colour, bold, "start");
    }

    /// A bell, its middle here.
    pub(super) fn bell(&mut self, x: f64, y: f64) {
        self.add(format_args!(
            r#"<g transform="translate({x} {y}) scale(8) translate(-12 -12)" fill="none" stroke="{INK}" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"><path d="M10.3 21a2 2 0 0 0 3.4 0"/><path d="M4 17h16c-1.6-2-2-3.500-2-9a6 6 0 0 0-12 0c0 5.500-.4 7-2 9z"/></g>"#
        ));
    }

    /// The box's lantern, its upper left corner here. It is not lit: nothing is on air.
    pub(super) fn lantern(&mut self, x: f64, y: f64) {
        self.add(format_args!(
            r#"<g transform="translate({x} {y}) scale(3.500)" fill="none" stroke="{QUIET}" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="M8 2h8"/><path d="M12 2v3"/><path d="M6 9l6-4 6 4z"/><path d="M7 9v10h10V9"/><path d="M5 22h14"/><path d="M7 19l-1 3M17 19l1 3"/></g>"#
        ));
    }

    /// A QR code on white with the quiet zone of four modules (ISO/IEC 18004), its upper left corner here, so many pixels across.
    pub(super) fn code(&mut self, code: &Code, (x, y): (f64, f64), size: f64) {
        let all = code.width + 8;
        let module = size / all as f64;
        self.add(format_args!(r##"<rect x="{x}" y="{y}" width="{size}" height="{size}" rx="16" fill="#ffffff"/>"##));
        let mut path = String::new();
        for (at, _) in code.dark.iter().enumerate().filter(|(_, dark)| **dark) {
            let (column, row) = (at % code.width + 4, at / code.width + 4);
            let _ = write!(path, "M{column} {row}h1v1h-1z");
        }
        self.add(format_args!(
            r##"<path transform="translate({x} {y}) scale({module:.4})" shape-rendering="crispEdges" fill="#000000" d="{path}"/>"##
        ));
    }

    pub(super) fn finish(self) -> String {
        let Self { width, height, body, moved } = self;
        let end = if moved { "</g>" } else { "" };
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">{body}{end}</svg>"#
        )
    }
}

/// The size at which a line is as long as there is room, at most the one that is wished for. What letters take is estimated: six
/// tenths of their height, and all of it beyond the alphabets.
fn fitting(text: &str, size: f64, room: f64) -> f64 {
    size.min(room / length(text, 1.0).max(0.1)).round()
}

/// How long a line of this size is, as [`fitting`] estimates it.
pub(super) fn length(text: &str, size: f64) -> f64 {
    text.chars().map(|c| if (c as u32) < 0x0590 { 0.6 } else { 1.0 }).sum::<f64>() * size
}

/// As it may stand between tags (XML 1.0 sections 2.2 and 2.4); what may not is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if (c as u32) < 0x20 || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_made_smaller_and_short_ones_not() {
        assert_eq!(fitting("Ada", 150.0, 1728.0), 150.0);
        let long = fitting(&"m".repeat(40), 150.0, 1728.0);
        assert!((44.0..=72.0).contains(&long), "{long}");
        assert_eq!(fitting("", 46.0, 100.0), 46.0);
        assert!(fitting(&"家".repeat(40), 150.0, 1728.0) <= 43.2 + 0.5);
    }

    #[test]
    fn what_people_write_is_no_markup() {
        assert_eq!(escaped("<b>&\u{1}\u{ffff}\"é"), "&lt;b&gt;&amp;\"é");
    }
}

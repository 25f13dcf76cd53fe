//! The text of a message.

use std::fmt;

use crate::proto::auth::{InvalidText, line};

/// Longest text of a message, in characters (Unicode scalar values).
pub const MAX_TEXT: usize = 500;

/// What somebody wrote: one line of 1 to [`MAX_TEXT`] characters, see [`line()`]. It is never markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Checks a text. Line breaks and tabs, which come with what is pasted, become spaces.
    ///
    /// # Errors
    /// See [`InvalidText`].
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        // So that nothing is copied over and over of what is far too long.
        if text.len() > MAX_TEXT * 8 {
            return Err(InvalidText::TooLong { max: MAX_TEXT });
        }
        let text: String = text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
        line(&text, MAX_TEXT).map(|text| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_of_what_can_be_seen() {
        let text = |text: &str| Text::new(text).map(|text| text.0);
        assert_eq!(text(" Hello\r\nthere\tyou "), Ok("Hello  there you".into()));
        assert_eq!(text("<script>alert(1)</script>"), Ok("<script>alert(1)</script>".into()), "text is text");
        assert_eq!(text("\u{200b}\n"), Err(InvalidText::Empty));
        assert_eq!(text("a\u{202e}b"), Err(InvalidText::Control));
        assert_eq!(text("a\0b"), Err(InvalidText::Control));
        assert!(text(&"ä".repeat(MAX_TEXT)).is_ok());
        assert_eq!(text(&"ä".repeat(MAX_TEXT + 1)), Err(InvalidText::TooLong { max: MAX_TEXT }));
        assert_eq!(text(&" ".repeat(1 << 20)), Err(InvalidText::TooLong { max: MAX_TEXT }));
    }
}

//! What a broadcast may be called.

use std::fmt;

use serde::Serialize;

use super::{is_plain, is_visible};

/// Longest title, in characters (Unicode scalar values).
pub const MAX_TITLE: usize = 100;

/// Why a text is not a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTitle {
    /// Nothing to be seen in it.
    #[error("a title needs at least one visible character")]
    Empty,
    /// More than [`MAX_TITLE`] characters.
    #[error("a title has at most {MAX_TITLE} characters")]
    TooLong,
    /// A control character, a line break, or a mark that turns the direction of the text around it.
    #[error("a title must not contain control characters")]
    Control,
}

/// A title: 1 to [`MAX_TITLE`] characters, trimmed, without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Title(String);

impl Title {
    /// Checks a title and takes the white space off its ends.
    ///
    /// # Errors
    /// See [`InvalidTitle`].
    pub fn new(text: &str) -> Result<Self, InvalidTitle> {
        let text = text.trim();
        if text.chars().nth(MAX_TITLE).is_some() {
            Err(InvalidTitle::TooLong)
        } else if !text.chars().all(is_plain) {
            Err(InvalidTitle::Control)
        } else if !text.chars().any(is_visible) {
            Err(InvalidTitle::Empty)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_visible_line() {
        assert_eq!(Title::new(" Garden party ").expect("a title").as_str(), "Garden party");
        assert!(Title::new(&"ß".repeat(100)).is_ok());
        assert_eq!(Title::new(&"ß".repeat(101)), Err(InvalidTitle::TooLong));
        assert_eq!(Title::new(" \u{200b} "), Err(InvalidTitle::Empty));
        assert_eq!(Title::new("a\nb"), Err(InvalidTitle::Control));
        assert_eq!(Title::new("a\u{202e}b"), Err(InvalidTitle::Control));
    }
}

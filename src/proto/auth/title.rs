//! What a broadcast may be called.

use std::fmt;

use serde::Serialize;

use super::{InvalidText, line};

/// Longest title, in characters (Unicode scalar values).
pub const MAX_TITLE: usize = 100;

/// A title: one line of 1 to [`MAX_TITLE`] characters, see [`line()`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Title(String);

impl Title {
    /// Checks a title and takes the white space off its ends.
    ///
    /// # Errors
    /// See [`InvalidText`].
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        line(text, MAX_TITLE).map(|text| Self(text.to_owned()))
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
    fn a_title_has_one_to_a_hundred_characters() {
        assert_eq!(Title::new(" Garden party ").expect("a title").as_str(), "Garden party");
        assert!(Title::new(&"ß".repeat(100)).is_ok());
        assert_eq!(Title::new(&"ß".repeat(101)), Err(InvalidText::TooLong { max: 100 }));
        assert_eq!(Title::new(" "), Err(InvalidText::Empty));
    }
}

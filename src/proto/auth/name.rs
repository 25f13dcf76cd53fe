//! What people may call themselves.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest name, in characters (Unicode scalar values).
pub const MAX_NAME: usize = 40;

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing to be seen in it.
    #[error("a name needs at least one visible character")]
    Empty,
    /// More than [`MAX_NAME`] characters.
    #[error("a name has at most {MAX_NAME} characters")]
    TooLong,
    /// A control character, a line break, or a mark that turns the direction of the text around it.
    #[error("a name must not contain control characters")]
    Control,
}

/// A name that people see: 1 to [`MAX_NAME`] characters, trimmed, without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// Checks a name and takes the white space off its ends.
    ///
    /// # Errors
    /// See [`InvalidName`].
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if text.chars().nth(MAX_NAME).is_some() {
            Err(InvalidName::TooLong)
        } else if !text.chars().all(is_plain) {
            Err(InvalidName::Control)
        } else if !text.chars().any(is_visible) {
            Err(InvalidName::Empty)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl TryFrom<String> for Name {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::new(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// Whether a character may stand in a line of text from outside: no control character, no line or paragraph separator, and no
/// embedding, override or isolate of the bidirectional algorithm (UAX 9 section 2), which could disguise the text beside it.
pub const fn is_plain(c: char) -> bool {
    !matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character leaves a trace: neither white space nor one of the usual zero-width characters.
pub const fn is_visible(c: char) -> bool {
    !c.is_whitespace()
        && !matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_counted_in_characters() {
        assert_eq!(Name::new("  Ada Lovelace \n").map(String::from), Ok("Ada Lovelace".into()));
        assert!(Name::new(&"ä".repeat(40)).is_ok());
        assert_eq!(Name::new(&"ä".repeat(41)), Err(InvalidName::TooLong));
        assert!(Name::new("שלום").is_ok());
        assert!(Name::new("👩\u{200d}🚀").is_ok());
    }

    #[test]
    fn a_name_that_nobody_can_see_is_no_name() {
        for text in ["", "   ", "\u{200b}", "\u{2800}\u{3164}"] {
            assert_eq!(Name::new(text), Err(InvalidName::Empty), "{text:?}");
        }
    }

    #[test]
    fn characters_that_disguise_are_refused() {
        for text in ["a\nb", "a\0b", "a\u{85}b", "a\u{202e}b", "a\u{2066}b", "a\u{2028}b"] {
            assert_eq!(Name::new(text), Err(InvalidName::Control), "{text:?}");
        }
    }

    #[test]
    fn a_name_from_json_is_checked() {
        assert_eq!(serde_json::from_str::<Name>("\" Ada \"").expect("a name").as_str(), "Ada");
        assert!(serde_json::from_str::<Name>("\"a\\u202eb\"").is_err());
    }
}

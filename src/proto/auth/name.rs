//! What people may call themselves.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::text::{InvalidText, line};

/// Longest name, in characters (Unicode scalar values).
pub const MAX_NAME: usize = 40;

/// A name that people see: one line of 1 to [`MAX_NAME`] characters, see [`line()`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// Checks a name and takes the white space off its ends.
    ///
    /// # Errors
    /// See [`InvalidText`].
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        line(text, MAX_NAME).map(|text| Self(text.to_owned()))
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
    type Err = InvalidText;
    fn from_str(text: &str) -> Result<Self, InvalidText> {
        Self::new(text)
    }
}

impl TryFrom<String> for Name {
    type Error = InvalidText;
    fn try_from(text: String) -> Result<Self, InvalidText> {
        Self::new(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_to_forty_characters() {
        assert_eq!(Name::new(" Ada ").map(String::from), Ok("Ada".into()));
        assert!(Name::new(&"ä".repeat(40)).is_ok());
        assert_eq!(Name::new(&"ä".repeat(41)), Err(InvalidText::TooLong { max: 40 }));
    }

    #[test]
    fn a_name_from_json_is_checked() {
        assert_eq!(serde_json::from_str::<Name>("\" Ada \"").expect("a name").as_str(), "Ada");
        assert!(serde_json::from_str::<Name>("\"a\\u202eb\"").is_err());
    }
}

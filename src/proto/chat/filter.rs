//! Words that are not wanted.

use serde::{Deserialize, Serialize};

/// Most words that one channel's filter has.
pub const MOST_WORDS: usize = 200;
/// Longest of them, in characters.
const LONGEST: usize = 40;

/// The word can't be in a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a word of the filter has 2 to {LONGEST} characters, letters or digits among them")]
pub struct InvalidWord;

/// A word, or several in a row, that is not wanted: as people typed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Word {
    typed: String,
    folded: String,
}

impl Word {
    /// Checks a word.
    ///
    /// # Errors
    /// [`InvalidWord`].
    pub fn new(text: &str) -> Result<Self, InvalidWord> {
        let typed = text.trim();
        let folded = fold(typed);
        let fits = typed.chars().nth(LONGEST).is_none() && folded.chars().nth(1).is_some();
        let fits = fits && typed.chars().any(char::is_alphanumeric) && !typed.chars().any(char::is_control);
        if fits { Ok(Self { typed: typed.to_owned(), folded }) } else { Err(InvalidWord) }
    }

    /// Whether it stands in a text that was folded, as a whole word.
    pub fn is_in(&self, folded: &str) -> bool {
        folded.match_indices(&self.folded).any(|(at, found)| {
            let before = folded[..at].chars().next_back();
            let after = folded[at + found.len()..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        })
    }
}

impl TryFrom<String> for Word {
    type Error = InvalidWord;
    fn try_from(text: String) -> Result<Self, InvalidWord> {
        Self::new(&text)
    }
}

impl From<Word> for String {
    fn from(word: Word) -> Self {
        word.typed
    }
}

/// A text for comparing: in lower case, without marks over letters and what has no width, white space as one space each.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            '\u{300}'..='\u{36f}'
            | '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' => {}
            'ß' => folded.push_str("ss"),
            'à'..='å' => folded.push('a'),
            'ç' => folded.push('c'),
            'è'..='ë' => folded.push('e'),
            'ì'..='ï' => folded.push('i'),
            'ñ' => folded.push('n'),
            'ò'..='ö' => folded.push('o'),
            'ù'..='ü' => folded.push('u'),
            c if c.is_whitespace() => {
                if !folded.ends_with(' ') {
                    folded.push(' ');
                }
            }
            c => folded.push(c),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_however_it_is_written_and_only_as_a_whole() {
        let word = Word::new(" Blödmann ").expect("a word");
        assert_eq!(String::from(word.clone()), "Blödmann");
        for text in ["blodmann", "BLÖDMANN!", "du b\u{200b}lo\u{308}dmann, du", "„Blödmann“"] {
            assert!(word.is_in(&fold(text)), "{text}");
        }
        for text in ["Blödmannsgehilfe", "Oberblödmann", "blöd mann"] {
            assert!(!word.is_in(&fold(text)), "{text}");
        }
        assert!(Word::new("very bad").expect("two words").is_in(&fold("this is VERY \t bad")));
    }

    #[test]
    fn what_would_match_everything_is_no_word() {
        for text in ["", " ", "a", "\u{200b}\u{200b}\u{200b}", "!!", "a\u{301}", &"a".repeat(41)] {
            assert_eq!(Word::new(text), Err(InvalidWord), "{text:?}");
        }
        assert!(serde_json::from_str::<Word>("\"x\"").is_err());
    }
}

//! Lines of text that people type and other people read: names and titles.

/// Why a text cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Nothing to be seen in it.
    #[error("this needs at least one visible character")]
    Empty,
    /// Too many characters.
    #[error("this may have at most {max} characters")]
    TooLong {
        /// How many there may be.
        max: usize,
    },
    /// A control character, a line break, or a mark that turns the direction of the text around it.
    #[error("this must not contain control characters")]
    Control,
}

/// Takes the white space off the ends of a text and checks that one line of 1 to `max` characters (Unicode scalar values) is left,
/// with something to be seen in it and nothing that disguises the text beside it.
///
/// # Errors
/// See [`InvalidText`].
pub fn line(text: &str, max: usize) -> Result<&str, InvalidText> {
    let text = text.trim();
    if text.chars().nth(max).is_some() {
        Err(InvalidText::TooLong { max })
    } else if !text.chars().all(is_plain) {
        Err(InvalidText::Control)
    } else if !text.chars().any(is_visible) {
        Err(InvalidText::Empty)
    } else {
        Ok(text)
    }
}

/// No control character, no line or paragraph separator, and no embedding, override or isolate of the bidirectional algorithm
/// (UAX 9 section 2).
const fn is_plain(c: char) -> bool {
    !matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Neither white space nor one of the usual characters without a width or an image.
const fn is_visible(c: char) -> bool {
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
    fn a_line_is_trimmed_and_counted_in_characters() {
        assert_eq!(line("  Ada Lovelace \n", 40), Ok("Ada Lovelace"));
        assert!(line(&"ä".repeat(40), 40).is_ok());
        assert_eq!(line(&"ä".repeat(41), 40), Err(InvalidText::TooLong { max: 40 }));
        assert!(line("שלום", 40).is_ok());
        assert!(line("👩\u{200d}🚀", 40).is_ok());
    }

    #[test]
    fn a_line_that_nobody_can_see_is_refused() {
        for text in ["", "   ", "\u{200b}", "\u{2800}\u{3164}"] {
            assert_eq!(line(text, 40), Err(InvalidText::Empty), "{text:?}");
        }
    }

    #[test]
    fn characters_that_disguise_are_refused() {
        for text in ["a\nb", "a\0b", "a\u{85}b", "a\u{202e}b", "a\u{2066}b", "a\u{2028}b"] {
            assert_eq!(line(text, 40), Err(InvalidText::Control), "{text:?}");
        }
    }
}

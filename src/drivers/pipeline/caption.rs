//! What people called themselves, made fit for a text element.

/// Characters of a caption that are drawn; the rest is cut.
const LONGEST: usize = 64;

/// The text as Pango markup that draws exactly these characters: text elements read their `text` property as markup.
/// Control and direction-override characters become spaces.
pub fn markup(text: &str) -> String {
    let unwanted = |c: char| c.is_control() || c.is_whitespace();
    let mut out = String::with_capacity(text.len().min(LONGEST * 4));
    for letter in text.trim_matches(unwanted).chars().take(LONGEST) {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => out.push(' '),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_not_be_markup_nor_end_a_string() {
        assert_eq!(markup(" <b>A&B</b>\0\n"), "&lt;b&gt;A&amp;B&lt;/b&gt;");
        assert_eq!(markup("a\0b\u{202e}c"), "a b c");
        assert_eq!(markup(&"x".repeat(1000)).len(), LONGEST);
    }
}

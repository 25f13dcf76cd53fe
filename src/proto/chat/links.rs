//! Where the links in a text are.

use std::ops::Range;

/// Names that end like this are taken for those of sites also where no scheme stands before them.
const ENDINGS: [&str; 22] = [
    "com", "net", "org", "info", "io", "de", "at", "ch", "eu", "uk", "fr", "nl", "ru", "cn", "co", "me", "tv", "gg",
    "xyz", "link", "site", "shop",
];

/// The `http` and `https` links of a text, as ranges of UTF-16 units, which is how scripts count. What closes a sentence behind one, or a
/// bracket around it, does not belong to it.
pub fn links(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (at, word) in words(text) {
        let lower = word.to_ascii_lowercase();
        let Some(begin) = ["http://", "https://"].iter().filter_map(|scheme| lower.find(scheme)).min() else {
            continue;
        };
        let link = trimmed(&word[begin..]);
        let host = link.split_once("://").map_or("", |(_, rest)| rest);
        if host.starts_with(|c: char| c.is_alphanumeric() || c == '[') {
            let before = text[..at + begin].encode_utf16().count();
            found.push(before..before + link.encode_utf16().count());
        }
    }
    found
}

/// Whether there is a link in a text, or what people read as one: `www.` in front, or the name of a site.
pub fn has_link(text: &str) -> bool {
    words(text).any(|(_, word)| {
        let lower = word.to_lowercase();
        lower.contains("://") || lower.contains("www.") || lower.split(is_edge).any(is_site)
    })
}

fn is_edge(c: char) -> bool {
    matches!(c, '(' | ')' | '<' | '>' | '"' | ',' | ';' | '/' | ':' | '!' | '?' | '[' | ']')
}

/// At least two labels, of which the last is a known ending.
fn is_site(name: &str) -> bool {
    let label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let name = name.trim_end_matches('.');
    name.rsplit_once('.').is_some_and(|(before, last)| ENDINGS.contains(&last) && before.split('.').all(label))
}

fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_whitespace().map(|word| (word.as_ptr().addr() - text.as_ptr().addr(), word))
}

fn trimmed(mut link: &str) -> &str {
    link = link.find(['<', '>', '"']).map_or(link, |end| &link[..end]);
    loop {
        let before = link.len();
        link = link.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_']);
        // A closing bracket belongs to it where it was opened in it.
        if link.ends_with(')') && link.matches(')').count() > link.matches('(').count() {
            link = &link[..link.len() - 1];
        }
        if link.ends_with(']') && link.matches(']').count() > link.matches('[').count() {
            link = &link[..link.len() - 1];
        }
        if link.len() == before {
            return link;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let units: Vec<u16> = text.encode_utf16().collect();
        links(text).into_iter().map(|range| String::from_utf16(&units[range]).expect("whole characters")).collect()
    }

    #[test]
    fn links_are_found_and_counted_as_scripts_count() {
        assert_eq!(found("see https://a.example/x?y=1, ok"), ["https://a.example/x?y=1"]);
        assert_eq!(found("🎉 (http://a.example/b_(c)) 🎉"), ["http://a.example/b_(c)"]);
        assert_eq!(found("<https://a.example>"), ["https://a.example"]);
        assert_eq!(found("HTTPS://A.example!!! http://b.example."), ["HTTPS://A.example", "http://b.example"]);
        assert_eq!(found("x=\"https://a.example\"onclick=1"), ["https://a.example"]);
        assert_eq!(links("🎉 http://a.b").first(), Some(&(3..13)));
    }

    #[test]
    fn nothing_but_http_becomes_a_link() {
        for text in
            ["javascript:alert(1)", "data:text/html,x", "ftp://a.example", "https://", "http:// a", "http://\"x"]
        {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn what_people_read_as_a_link_counts_as_one() {
        for text in
            ["https://a", "go to www.a.example", "Buy.COM", "cheap-things.shop!", "x (evil.site/free)", "ftp://a.b"]
        {
            assert!(has_link(text), "{text}");
        }
        for text in ["hello", "3.5 or 4.5", "e.g. this", "wait...what", "Ok.Then", "a.b", ".com", "im Haus.Dann"] {
            assert!(!has_link(text), "{text}");
        }
    }
}

//! Reads a Rust source as far as the rules need it: which paths its production code names, and on which line.
//!
//! This is no parser of Rust. It blanks comments and literals, leaves out what is `#[cfg(test)]`, and follows `use` trees
//! and paths in the rest.

/// A path that a source names, `crate`, `self` and `super` resolved, on a line (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub line: usize,
    /// `["crate", "model", "time"]` for our own, `["serde", "Deserialize"]` for another crate's.
    pub path: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `::`
    Colons,
    Mark(char),
}

/// The paths that the production code of a file names. `module` is the file's own path below the crate.
pub fn paths(text: &str, module: &[String]) -> Vec<Named> {
    let tokens = without_tests(tokens(&blank(text)));
    let mut found = Vec::new();
    // The inline modules around the current token, each with the depth of braces it opened at.
    let (mut inline, mut depth) = (Vec::<(String, usize)>::new(), 0);
    let mut at = 0;
    while at < tokens.len() {
        let before = at.checked_sub(1).map(|before| &tokens[before].1);
        match &tokens[at].1 {
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => {
                depth -= 1;
                inline.pop_if(|(_, opened)| *opened > depth);
            }
            Token::Word(word) if word == "mod" => {
                if let (Some((_, Token::Word(name))), Some((_, Token::Mark('{')))) =
                    (tokens.get(at + 1), tokens.get(at + 2))
                {
                    inline.push((name.clone(), depth + 1));
                }
            }
            // A method with a turbofish is no path.
            Token::Word(_) if before == Some(&Token::Mark('.')) && !range(&tokens, at) => {}
            Token::Word(_) if before != Some(&Token::Colons) => {
                let imported = matches!(before, Some(Token::Word(word)) if word == "use" || word == "crate");
                if imported || tokens.get(at + 1).is_some_and(|(_, next)| *next == Token::Colons) {
                    let mut here: Vec<String> = module.to_vec();
                    here.extend(inline.iter().map(|(name, _)| name.clone()));
                    let mut branches = Vec::new();
                    at = tree(&tokens, at, &[], &mut branches);
                    found.extend(branches.into_iter().map(|named| resolve(named, &here)));
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Whether two dots stand before the token: `0..crate::MAX`.
fn range(tokens: &[(usize, Token)], at: usize) -> bool {
    at.checked_sub(2).is_some_and(|before| tokens[before].1 == Token::Mark('.'))
}

/// Follows one path or `use` tree from `at`; gives the first token behind it.
fn tree(tokens: &[(usize, Token)], mut at: usize, stem: &[String], found: &mut Vec<Named>) -> usize {
    let mut path = stem.to_vec();
    let mut line = tokens[at].0;
    while let Some((here, Token::Word(word))) = tokens.get(at) {
        path.push(word.clone());
        line = *here;
        if tokens.get(at + 1).is_none_or(|(_, next)| *next != Token::Colons) {
            found.push(Named { line, path });
            return at + 1;
        }
        at += 2;
    }
    if tokens.get(at).is_none_or(|(_, token)| *token != Token::Mark('{')) {
        // `path::*`, `path::<T>`: the path so far.
        found.push(Named { line, path });
        return at;
    }
    at += 1;
    while let Some((_, token)) = tokens.get(at) {
        match token {
            Token::Mark('}') => return at + 1,
            Token::Word(word) if word == "as" => at += 2,
            Token::Word(_) | Token::Mark('{') => at = tree(tokens, at, &path, found),
            _ => at += 1,
        }
    }
    at
}

fn resolve(named: Named, module: &[String]) -> Named {
    let mut rest = named.path.iter();
    let mut base = module.to_vec();
    match named.path[0].as_str() {
        "crate" | "porchlight" => base.clear(),
        "self" => {}
        "super" => drop(base.pop()),
        _ => return named,
    }
    rest.next();
    let rest = rest.skip_while(|word| *word == "super" && base.pop().is_some()).cloned().collect::<Vec<_>>();
    Named { line: named.line, path: std::iter::once("crate".to_owned()).chain(base).chain(rest).collect() }
}

fn tokens(text: &str) -> Vec<(usize, Token)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let (token, length) = if first.is_alphanumeric() || first == '_' {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                (Token::Word(rest[..end].to_owned()), end)
            } else if rest.starts_with("::") {
                (Token::Colons, 2)
            } else {
                (Token::Mark(first), first.len_utf8())
            };
            if token != Token::Mark(' ') {
                found.push((index + 1, token));
            }
            rest = &rest[length..];
        }
    }
    found
}

/// Leaves out every item that has `#[cfg(test)]`, and the whole file behind `#![cfg(test)]`.
fn without_tests(tokens: Vec<(usize, Token)>) -> Vec<(usize, Token)> {
    let is = |at: usize, text: &[&str]| {
        text.iter().enumerate().all(|(offset, wanted)| match tokens.get(at + offset) {
            Some((_, Token::Word(word))) => word == wanted,
            Some((_, Token::Mark(mark))) => *wanted == mark.to_string(),
            _ => false,
        })
    };
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is(at, &["#", "!", "[", "cfg", "(", "test", ")", "]"]) {
            return kept;
        }
        if !is(at, &["#", "[", "cfg", "(", "test", ")", "]"]) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        at += 7;
        // The item ends at its first `;`, or where the braces it opens are closed; brackets may hold either.
        let (mut braces, mut brackets) = (0, 0);
        while let Some((_, token)) = tokens.get(at) {
            at += 1;
            match token {
                Token::Mark('{') => braces += 1,
                Token::Mark('}') => braces -= 1,
                Token::Mark('(' | '[') => brackets += 1,
                Token::Mark(')' | ']') => brackets -= 1,
                _ => {}
            }
            let ended = matches!(token, Token::Mark('}')) || matches!(token, Token::Mark(';')) && brackets == 0;
            if ended && braces == 0 {
                break;
            }
        }
    }
    kept
}

/// Replaces comments and literals with blanks; lines stay where they are.
fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = literal(rest, out.chars().next_back());
        let (kept, taken) = if length > 0 { ("", length) } else { (&rest[..first.len_utf8()], first.len_utf8()) };
        out.push_str(kept);
        let keep_lines = |c: char| if c == '\n' { '\n' } else { ' ' };
        out.extend(rest[..taken - kept.len()].chars().filter(|_| kept.is_empty()).map(keep_lines));
        rest = &rest[taken..];
    }
    out
}

/// The length of the comment or literal at the beginning of the text, 0 when there is none.
fn literal(text: &str, before: Option<char>) -> usize {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let raw = text.trim_start_matches(['b', 'c']).strip_prefix('r').filter(|_| !in_word);
    if let Some(raw) = raw.filter(|raw| raw.trim_start_matches('#').starts_with('"')) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let start = text.len() - raw.len() + hashes + 1;
        let close = format!("\"{}", "#".repeat(hashes));
        return text[start..].find(&close).map_or(text.len(), |end| start + end + close.len());
    }
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        let (mut depth, mut at) = (0, 0);
        while at < text.len() {
            let rest = &text.as_bytes()[at..];
            let step = match rest {
                [b'/', b'*', ..] => {
                    depth += 1;
                    2
                }
                [b'*', b'/', ..] => {
                    depth -= 1;
                    2
                }
                _ => 1,
            };
            at += step;
            if depth == 0 {
                break;
            }
        }
        return at;
    }
    match text.as_bytes() {
        [b'"', ..] => quoted(text, '"'),
        // A lifetime has no closing quote behind its first character.
        [b'\'', b'\\', ..] => quoted(text, '\''),
        [b'\'', ..] => {
            let mut characters = text.char_indices().skip(2);
            characters.next().filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1)
        }
        _ => 0,
    }
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if !escaped && c == quote {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<String> {
        let module = ["services", "room", "actor"].map(String::from);
        paths(text, &module).into_iter().map(|named| format!("{} {}", named.line, named.path.join("::"))).collect()
    }

    #[test]
    fn use_trees_are_followed() {
        assert_eq!(
            named("use crate::{model::{id::RoomId, time as clock},\n  proto::sfu::*};\nuse tokio;"),
            ["1 crate::model::id::RoomId", "1 crate::model::time", "2 crate::proto::sfu", "3 tokio"]
        );
    }

    #[test]
    fn paths_in_code_are_seen() {
        assert_eq!(
            named("fn f(a: crate::model::A) -> B {\n std::time::Instant::now(); x.y::<z::Z>(); 0..a::B }"),
            ["1 crate::model::A", "2 std::time::Instant::now", "2 z::Z", "2 a::B"]
        );
    }

    #[test]
    fn self_and_super_are_resolved_from_the_module_they_stand_in() {
        assert_eq!(
            named("use super::state::State; use super::super::origin; mod inner { use super::X; } use self::y::Z;"),
            [
                "1 crate::services::room::state::State",
                "1 crate::services::origin",
                "1 crate::services::room::actor::X",
                "1 crate::services::room::actor::y::Z"
            ]
        );
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        let text = "// use a::b;\n/* c::d /* e::f */ g::h */ let x = \"i::j\\\"k::l\"; let y = r#\"m::n\"o::p\"#;\n\
                    let z = '\"'; let l: &'static str = q::r; let e = '\\''; s::t";
        assert_eq!(named(text), ["3 q::r", "3 s::t"]);
    }

    #[test]
    fn tests_are_no_production_code() {
        let text = "use a::b;\n#[cfg(test)]\nuse c::d;\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n fn f() { e::f }\n}\nuse g::h;";
        assert_eq!(named(text), ["1 a::b", "9 g::h"]);
        assert_eq!(named("#![cfg(test)]\nuse a::b;"), [""; 0]);
    }
}

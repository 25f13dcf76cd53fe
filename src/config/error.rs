//! One line that says where a value is wrong and what is allowed.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there is no configuration. Every message is one line for the person who wrote the value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file that was asked for cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What a value names can't be used: the sentence begins with the key.
    #[error("{0}")]
    Refused(String),
    /// A value or key is wrong.
    #[error("{place}: {message}")]
    Invalid {
        /// Where it stands.
        place: Place,
        /// What is wrong with it and what is allowed.
        message: String,
    },
}

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file, on this line (from 1).
    Line(PathBuf, usize),
    /// In this environment variable.
    Variable(String),
    /// Behind this flag.
    Flag(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

impl Error {
    /// From a parser's error in the text of a file.
    pub(super) fn in_file(path: PathBuf, text: &str, error: toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = 1 + text.as_bytes()[..start].iter().filter(|&&byte| byte == b'\n').count();
        Self::Invalid { place: Place::Line(path, line), message: message(error, Key::Named) }
    }

    /// From a parser's error in one value that did not come from a file.
    pub(super) fn in_value(place: Place, error: toml::de::Error) -> Self {
        Self::Invalid { place, message: said(error) }
    }
}

/// What a parser says of a value whose key is known.
pub(super) fn said(error: toml::de::Error) -> String {
    message(error, Key::Known)
}

/// Whether the message must name the key or the place already does.
enum Key {
    Named,
    Known,
}

fn message(mut error: toml::de::Error, key: Key) -> String {
    // Without the text the parser's own long form ends with the path of the key: "…\nin `endpoint.fps`\n".
    error.set_input(None);
    let long = error.to_string();
    let path = long.trim_end().rsplit_once("\nin `").and_then(|(_, path)| path.strip_suffix('`')).unwrap_or_default();
    let said = error.message().replace('\n', "; ");
    let section = path.split('.').next().unwrap_or_default();

    if let Some(rest) = said.strip_prefix("unknown field ") {
        let mut names = rest.split('`').skip(1).step_by(2);
        let unknown = names.next().unwrap_or_default();
        let known = names.collect::<Vec<_>>().join(", ");
        return match section {
            "" => format!("unknown section [{unknown}]; known sections: {known}"),
            section => format!("unknown key {unknown:?} in [{section}]; known keys: {known}"),
        };
    }
    let said = match said.strip_prefix("unknown variant ") {
        Some(rest) => {
            let mut names = rest.split('`').skip(1).step_by(2);
            let unknown = names.next().unwrap_or_default();
            format!("{unknown:?} is not one of: {}", names.collect::<Vec<_>>().join(", "))
        }
        None => said.replace('`', ""),
    };
    match key {
        Key::Named if !path.is_empty() => format!("{path}: {said}"),
        _ => said,
    }
}

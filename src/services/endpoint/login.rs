//! The login of a camera on the network, from a file: a password never stands in the configuration.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Config;
use crate::drivers::store::private;

/// Longest name and longest password, in bytes.
const LONGEST: usize = 128;

/// Why there is no login.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be read.
    #[error("{0} of endpoint.camera_login can't be read: {1}")]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// It holds none.
    #[error("{0} of endpoint.camera_login must hold one line, name:password, of at most 128 characters each")]
    NoLogin(PathBuf),
}

/// Name and password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    pub(super) name: String,
    pub(super) password: String,
}

/// Neither is for a log.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

impl Login {
    /// Reads the file that the configuration names; `None` if it names none. Blocks.
    ///
    /// # Errors
    /// [`Error`].
    pub fn load(config: &Config) -> Result<Option<Self>, Error> {
        config.camera_login.as_deref().map(Self::read).transpose()
    }

    fn read(path: &Path) -> Result<Self, Error> {
        let unreadable = |error| Error::Unreadable(path.to_owned(), error);
        let bytes = private::read(path).map_err(unreadable)?;
        let bytes = bytes.ok_or_else(|| unreadable(std::io::ErrorKind::NotFound.into()))?;
        let text = String::from_utf8(bytes).ok();
        text.as_deref().and_then(Self::of).ok_or_else(|| Error::NoLogin(path.to_owned()))
    }

    fn of(text: &str) -> Option<Self> {
        let (name, password) = text.trim_end_matches(['\r', '\n']).split_once(':')?;
        let right = |part: &str| (1..=LONGEST).contains(&part.len()) && !part.contains(char::is_control);
        (right(name) && right(password)).then(|| Self { name: name.to_owned(), password: password.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_one_line_and_a_file_without_one_is_named() {
        let login = Login::of("ada:se:cret\n").expect("it is one");
        assert_eq!((login.name.as_str(), login.password.as_str()), ("ada", "se:cret"));
        assert!(!format!("{login:?}").contains("cret"));
        for text in ["", "ada", ":secret", "ada:", "ada:one\ntwo"] {
            assert_eq!(Login::of(text), None, "{text:?}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("login");
        let config = Config { camera_login: Some(path.clone()), ..Config::default() };
        assert!(matches!(Login::load(&config), Err(Error::Unreadable(..))));
        std::fs::write(&path, "no login").expect("a file");
        let told = Login::load(&config).expect_err("it is none").to_string();
        assert!(told.contains("camera_login") && !told.contains("no login"), "{told}");
        assert!(matches!(Login::load(&Config::default()), Ok(None)));
    }
}

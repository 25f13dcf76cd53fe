//! Who has the state folder: one process at a time.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::Error;

/// How long one that is about to end is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is tried meanwhile.
const AGAIN: Duration = Duration::from_millis(20);

/// Holds the state folder, until it is dropped or the process ends. It lies on the folder itself (flock(2)), so that no file is left behind.
#[derive(Debug)]
pub struct Lock {
    /// Nothing on file systems that know no locks: SQLite is then all that keeps two apart.
    _held: Option<Flock<File>>,
}

impl Lock {
    /// Takes it; waits a few seconds for a process that is about to end. Blocks.
    ///
    /// # Errors
    /// [`Error::InUse`], or [`Error::Unusable`] if there is no such folder.
    pub fn take(folder: &Path) -> Result<Self, Error> {
        Self::within(folder, PATIENCE)
    }

    /// Takes it if nobody has it. Blocks for a moment.
    ///
    /// # Errors
    /// As [`Lock::take`].
    pub fn take_now(folder: &Path) -> Result<Self, Error> {
        Self::within(folder, Duration::ZERO)
    }

    fn within(folder: &Path, patience: Duration) -> Result<Self, Error> {
        let unusable = |source: io::Error| Error::Unusable { path: folder.to_owned(), source };
        let end = Instant::now() + patience;
        let mut file = File::open(folder).map_err(unusable)?;
        loop {
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(held) => return Ok(Self { _held: Some(held) }),
                Err((again, Errno::EWOULDBLOCK | Errno::EINTR)) if Instant::now() < end => {
                    file = again;
                    std::thread::sleep(AGAIN);
                }
                Err((_, Errno::EWOULDBLOCK | Errno::EINTR)) => return Err(Error::InUse { path: folder.to_owned() }),
                Err((_, error)) => {
                    tracing::warn!(folder = %folder.display(), %error, "the state folder can't be locked; never start two daemons on it");
                    return Ok(Self { _held: None });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_one_process_s_until_it_lets_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Lock::take_now(folder.path()).expect("nobody has it");
        let second = Lock::take_now(folder.path()).expect_err("it is taken");
        assert!(matches!(second, Error::InUse { .. }), "{second}");
        drop(first);
        assert!(Lock::take(folder.path()).is_ok());
        assert!(matches!(Lock::take_now(&folder.path().join("none")), Err(Error::Unusable { .. })));
    }
}

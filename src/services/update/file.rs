//! The file that a bundle comes into: `update/` in the state folder, which holds nothing else.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::state::{Failure, Why, fits};
use crate::drivers::disk;

/// The folder in the state folder.
pub const FOLDER: &str = "update";
/// After so many bytes it is looked again whether there is room.
const LOOK: u64 = 16 << 20;

/// A bundle that comes in. What is dropped before its end is removed.
pub struct Incoming {
    path: PathBuf,
    file: File,
    /// Bytes so far, and those after which it is looked for room again.
    written: u64,
    look: u64,
    largest: u64,
    kept: bool,
}

impl Incoming {
    /// Makes room for one of this many bytes, if that is known: what was there before is removed.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn open(state: &Path, name: &str, total: Option<u64>, largest: u64) -> Result<Self, Failure> {
        let folder = state.join(FOLDER);
        let path = folder.join(name);
        let (dir, old) = (folder.clone(), path.clone());
        let made = tokio::task::spawn_blocking(move || {
            disk::folder(&dir)?;
            remove(&old)?;
            disk::space(&dir)
        });
        let space = flat(made.await)?;
        fits(total.unwrap_or(0), largest, space.free)?;
        let mut options = tokio::fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&path).await.map_err(failed)?;
        Ok(Self { path, file, written: 0, look: LOOK, largest, kept: false })
    }

    /// There will be so many bytes.
    ///
    /// # Errors
    /// [`Failure`]: they have no room.
    pub async fn expect(&self, total: u64) -> Result<(), Failure> {
        let path = self.path.clone();
        let space = flat(tokio::task::spawn_blocking(move || disk::space(&path)).await)?;
        Ok(fits(total, self.largest, space.free)?)
    }

    /// Takes the next piece, and says how many bytes there are.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn take(&mut self, bytes: &Bytes) -> Result<u64, Failure> {
        self.written += bytes.len() as u64;
        if self.written > self.largest {
            return Err(Why::TooLarge.into());
        }
        if self.written > self.look {
            self.look = self.written + LOOK;
            let path = self.path.clone();
            let space = flat(tokio::task::spawn_blocking(move || disk::space(&path)).await)?;
            fits(bytes.len() as u64, self.largest, space.free)?;
        }
        self.file.write_all(bytes).await.map_err(failed)?;
        Ok(self.written)
    }

    /// Bytes so far.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// All of it is there. It is removed when what is given is dropped.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn end(mut self) -> Result<Whole, Failure> {
        self.file.flush().await.map_err(failed)?;
        self.file.sync_data().await.map_err(failed)?;
        self.kept = true;
        Ok(Whole(self.path.clone()))
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.kept {
            // The next start would do it as well.
            let _ = remove(&self.path);
        }
    }
}

/// A bundle that is whole, until this is dropped.
pub struct Whole(pub PathBuf);

impl Drop for Whole {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            tracing::warn!(%error, "the bundle can't be removed; the next start does it");
        }
    }
}

/// Removes what an earlier daemon left behind. Blocks.
pub fn sweep(state: &Path) {
    match std::fs::remove_dir_all(state.join(FOLDER)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "what is left of an update can't be removed");
        }
        _ => {}
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn flat<T>(done: Result<io::Result<T>, tokio::task::JoinError>) -> Result<T, Failure> {
    done.map_err(io::Error::other).and_then(|done| done).map_err(failed)
}

fn failed(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Why::NoRoom.into(),
        _ => Failure { detail: Some(format!("the state folder: {error}")), ..Why::Other.into() },
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn a_bundle_is_for_nobody_else_is_limited_and_goes() {
        let state = tempfile::tempdir().expect("a folder");
        let file = state.path().join(FOLDER).join("one");
        let mut coming = Incoming::open(state.path(), "one", None, 8).await.expect("there is room");
        assert_eq!(coming.take(&Bytes::from_static(b"12345")).await, Ok(5));
        assert_eq!(std::fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
        let failure = coming.take(&Bytes::from_static(b"6789")).await.expect_err("it is too large");
        assert_eq!(failure.code, Why::TooLarge);
        drop(coming);
        assert!(!file.exists(), "what is not whole goes at once");

        let mut coming = Incoming::open(state.path(), "one", Some(5), 8).await.expect("there is room");
        coming.take(&Bytes::from_static(b"12345")).await.expect("it fits");
        let whole = coming.end().await.expect("it is written");
        assert_eq!(std::fs::read(&whole.0).expect("it is there"), b"12345");
        drop(whole);
        assert!(!file.exists());
        let refused = Incoming::open(state.path(), "one", Some(9), 8).await.err().map(|failure| failure.code);
        assert_eq!(refused, Some(Why::TooLarge));
        let refused = Incoming::open(state.path(), "one", Some(u64::MAX), u64::MAX).await.err();
        assert_eq!(refused.map(|failure| failure.code), Some(Why::NoRoom));

        std::fs::write(&file, "left behind").expect("it is written");
        sweep(state.path());
        assert!(!file.exists());
        sweep(state.path());
    }
}

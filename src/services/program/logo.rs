//! The box's logo: a file in the state folder.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use crate::drivers::drawing;
use crate::drivers::store::private;

/// The largest file, in bytes.
pub const LARGEST: usize = 512 * 1024;

/// Why a logo can't be used or kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no PNG.
    #[error("this is no picture in the format PNG")]
    Png,
    /// More bytes than [`LARGEST`], or a side longer than [`drawing::LARGEST_LOGO`].
    #[error("this picture is too large: half a megabyte and 2048 pixels at most")]
    Large,
    /// The disk says no.
    #[error("the logo could not be saved")]
    Disk(#[from] io::Error),
}

impl From<drawing::Error> for Error {
    fn from(error: drawing::Error) -> Self {
        match error {
            drawing::Error::Size(..) => Self::Large,
            _ => Self::Png,
        }
    }
}

/// The logo, now and whenever it changes; cheap to clone.
#[derive(Clone)]
pub struct Logo {
    path: Arc<PathBuf>,
    png: watch::Sender<Option<Arc<[u8]>>>,
}

impl Logo {
    /// Reads it from the state folder, where it may be missing. Blocks for as long as a disk takes.
    pub fn open(state: &Path) -> Self {
        let path = state.join("logo.png");
        let read = || match private::read(&path)? {
            Some(png) => check(&png).map(|()| Some(png)),
            None => Ok(None),
        };
        let png = read().unwrap_or_else(|error| {
            tracing::warn!(%error, "the logo can't be used");
            None
        });
        Self { path: Arc::new(path), png: watch::Sender::new(png.map(Arc::from)) }
    }

    /// Takes another one, and keeps it.
    ///
    /// # Errors
    /// [`Error`]; then it is as it was.
    pub async fn set(&self, png: Vec<u8>) -> Result<(), Error> {
        let path = self.path.clone();
        let work = move || {
            check(&png)?;
            private::write(&path, &png)?;
            Ok::<_, Error>(png)
        };
        let png = tokio::task::spawn_blocking(work).await.map_err(io::Error::other)??;
        self.png.send_replace(Some(Arc::from(png)));
        Ok(())
    }

    /// There is none from now on.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub async fn remove(&self) -> Result<(), Error> {
        match tokio::fs::remove_file(&*self.path).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        self.png.send_replace(None);
        Ok(())
    }

    /// The file, now and whenever it is another.
    pub fn follow(&self) -> watch::Receiver<Option<Arc<[u8]>>> {
        self.png.subscribe()
    }
}

/// Whether it can be drawn.
fn check(png: &[u8]) -> Result<(), Error> {
    if png.len() > LARGEST {
        return Err(Error::Large);
    }
    Ok(drawing::logo(png, 16, 16).map(drop)?)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One black pixel.
    pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82";

    #[tokio::test]
    async fn a_logo_is_kept_until_it_is_removed_and_what_is_none_changes_nothing() {
        let state = tempfile::tempdir().expect("a folder");
        let logo = Logo::open(state.path());
        assert!(logo.follow().borrow().is_none());
        logo.set(PNG.to_vec()).await.expect("it is a PNG");
        let mut huge = PNG.to_vec();
        huge[16..20].copy_from_slice(&100_000_u32.to_be_bytes());
        assert!(matches!(logo.set(huge).await, Err(Error::Large)));
        assert!(matches!(logo.set(vec![0; LARGEST + 1]).await, Err(Error::Large)));
        for broken in [&b""[..], b"GIF89a", &PNG[..PNG.len() / 2]] {
            assert!(matches!(logo.set(broken.to_vec()).await, Err(Error::Png)), "{broken:?}");
        }
        let again = Logo::open(state.path());
        assert_eq!(again.follow().borrow().as_deref(), Some(PNG));
        again.remove().await.expect("it is there");
        again.remove().await.expect("it is no error that it is not");
        assert!(again.follow().borrow().is_none() && Logo::open(state.path()).follow().borrow().is_none());
    }
}

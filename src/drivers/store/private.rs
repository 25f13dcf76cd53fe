//! Files that only this user may read, such as keys. Written whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Most that is read of such a file, in bytes: keys and certificates are far smaller.
const LARGEST: u64 = 1 << 20;

/// What is in the file; `None` if there is none. Blocks.
///
/// # Errors
/// What the system says, and when the file is larger than a mebibyte.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::metadata(path) {
        Ok(file) if file.len() > LARGEST => Err(io::Error::other("the file is too large")),
        Ok(_) => fs::read(path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts a file (0600) with these contents in place of what was there, and makes its folder (0700) where there is none.
/// After a crash it is the old file or the new one. Blocks.
///
/// # Errors
/// What the system says; the old file is then still there.
pub fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let fresh = path.with_added_extension("new");
    // An old one may be left over from a crash, with whatever mode it had.
    let _ = fs::remove_file(&fresh);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(contents)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    // The name is on the disk when its folder is.
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_private_file_is_for_its_owner_and_replaced_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tls/key.pem");
        assert_eq!(read(&path).expect("nothing is no error"), None);
        write(&path, b"one").expect("it writes");
        let left = folder.path().join("tls/key.pem.new");
        fs::write(&left, "of a crash, for everybody to read").expect("it writes");
        write(&path, b"other").expect("it writes");
        assert_eq!(read(&path).expect("it reads").as_deref(), Some(&b"other"[..]));
        let mode = |path: &Path| fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&folder.path().join("tls"))), (0o600, 0o700));
        assert!(!left.exists());
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        File::create(&path).expect("a file").set_len(LARGEST + 1).expect("it grows");
        assert!(read(&path).is_err());
    }
}

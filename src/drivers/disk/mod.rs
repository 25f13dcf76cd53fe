//! Disks: files that grow while something is recorded, how much room there is, and what kind of disk it is.
//!
//! Everything here blocks. Files are for this user alone (0600), folders too (0700).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Space {
    /// Bytes that this user may still write.
    pub free: u64,
    /// Bytes of the whole disk.
    pub total: u64,
}

/// Makes a folder for this user alone, where there is none.
///
/// # Errors
/// What the system says.
pub fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// How much room there is on the disk with this file or folder.
///
/// # Errors
/// What the system says.
pub fn space(path: &Path) -> io::Result<Space> {
    let found = nix::sys::statvfs::statvfs(path)?;
    let unit = found.fragment_size();
    Ok(Space { free: unit * found.blocks_available(), total: unit * found.blocks() })
}

/// Whether a file or folder lies on an SD card: the kernel's name for its kind (`/sys/block/mmcblk*/device/type`). Cards wear out where
/// much is written. `root` is where `/sys` is.
pub fn is_on_sd_card(root: &Path, path: &Path) -> bool {
    let Ok(found) = fs::metadata(path) else { return false };
    let device = found.dev();
    let number = format!("{}:{}", nix::sys::stat::major(device), nix::sys::stat::minor(device));
    kind_of(root, &number).is_some_and(|kind| kind == "SD")
}

/// The kind of the card with this number of the kernel's, if it is one. A partition lies in the folder of its disk.
fn kind_of(root: &Path, number: &str) -> Option<String> {
    let device = fs::canonicalize(root.join("sys/dev/block").join(number)).ok()?;
    let found = device.ancestors().take(3).find_map(|folder| fs::read_to_string(folder.join("device/type")).ok())?;
    Some(found.trim().to_owned())
}

/// A file that grows.
#[derive(Debug)]
pub struct Growing {
    file: File,
    path: PathBuf,
    length: u64,
}

impl Growing {
    /// Makes one. There is none of this name yet.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        if let Some(folder) = path.parent() {
            // Its name is on the disk when its folder is.
            File::open(folder)?.sync_all()?;
        }
        Ok(Self { file, path: path.to_owned(), length: 0 })
    }

    /// Opens one that was left behind.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file, path: path.to_owned(), length })
    }

    /// How long it is.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Puts these bytes at its end; they are on the disk when this returns.
    ///
    /// # Errors
    /// What the system says. What was written before stays; what came of this is cut off again, as far as that goes.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all_at(bytes, self.length).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // A full disk has room for less, if for anything.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Writes over some bytes; they are on the disk when this returns.
    ///
    /// # Errors
    /// What the system says.
    pub fn overwrite(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, at)?;
        self.file.sync_data()
    }

    /// Cuts everything off from there on.
    ///
    /// # Errors
    /// What the system says.
    pub fn cut(&mut self, at: u64) -> io::Result<()> {
        self.file.set_len(at)?;
        self.length = at;
        self.file.sync_data()
    }

    /// So many bytes from there on.
    ///
    /// # Errors
    /// What the system says, also where it ends before.
    pub fn read(&self, at: u64, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    }

    /// Gives it another name in its folder.
    ///
    /// # Errors
    /// What the system says; it then has its old name.
    pub fn rename(&mut self, name: &str) -> io::Result<()> {
        let to = self.path.with_file_name(name);
        fs::rename(&self.path, &to)?;
        self.path = to;
        match self.path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_grows_is_patched_cut_and_renamed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.part");
        let mut file = Growing::create(&path).expect("it is made");
        file.append(b"hello ").expect("it is written");
        file.append(b"world").expect("it is written");
        file.overwrite(0, b"J").expect("it is written");
        assert_eq!(file.read(0, 11).expect("it is read"), b"Jello world");
        assert!(file.read(6, 6).is_err());
        file.cut(5).expect("it is cut");
        file.append(b"!").expect("it goes on where it was cut");
        file.rename("a.mp4").expect("it is renamed");
        let now = folder.path().join("a.mp4");
        assert_eq!(fs::read(&now).expect("it is there"), b"Jello!");
        assert_eq!(fs::metadata(&now).expect("it is there").permissions().mode() & 0o777, 0o600);
        assert!(Growing::create(&now).is_err(), "nothing is written over");
        assert_eq!(Growing::open(&now).expect("it opens").length(), 6);
        assert!(space(folder.path()).is_ok_and(|space| space.free > 0 && space.total >= space.free));
    }

    #[test]
    fn a_full_disk_leaves_what_was_written_before() {
        let Ok(mut full) = Growing::open(Path::new("/dev/full")) else { panic!("every Linux has it") };
        assert_eq!(full.append(b"x").err().map(|error| error.kind()), Some(io::ErrorKind::StorageFull));
        assert_eq!(full.length(), 0);
    }

    #[test]
    fn a_card_is_told_from_a_soldered_chip_and_a_disk() {
        let root = tempfile::tempdir().expect("a folder");
        let at = |path: &str| root.path().join(path);
        for (number, disk, kind) in
            [("179:2", "mmcblk0", Some("SD")), ("179:34", "mmcblk1", Some("MMC")), ("8:1", "sda", None)]
        {
            let partition = at(&format!("sys/devices/{disk}/{disk}p1"));
            fs::create_dir_all(&partition).expect("a folder");
            if let Some(kind) = kind {
                fs::create_dir_all(at(&format!("sys/devices/{disk}/device"))).expect("a folder");
                fs::write(at(&format!("sys/devices/{disk}/device/type")), format!("{kind}\n")).expect("it is written");
            }
            fs::create_dir_all(at("sys/dev/block")).expect("a folder");
            symlink(&partition, at(&format!("sys/dev/block/{number}"))).expect("a link");
            assert_eq!(kind_of(root.path(), number).as_deref(), kind);
        }
        assert!(!is_on_sd_card(root.path(), root.path()), "it is on none of them");
    }
}

//! A backup becomes the state folder of a box that does not run: whole, or not at all.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use nix::unistd::{User, geteuid};

use super::{FORMAT, MANIFEST, Manifest, STATE, passphrase, settle};
use crate::config::{cli, settings};
use crate::drivers::archive::{self, Entry, Keyring};
use crate::drivers::disk;
use crate::drivers::store::{self, private};
use crate::interfaces::control;

/// Whose the state folder is where there is none yet: that of the package.
const USER: &str = "porchlight";
/// Room that has to be left beside what is unpacked.
const SPARE: u64 = 4 << 20;
/// Longest list that is read.
const LONGEST: u64 = 1 << 20;
/// What stays with the box, since no backup has it.
const STAYS: &str = "recordings";

/// Puts a backup in the place of the state folder, and says what was done.
///
/// # Errors
/// A sentence that says what is wrong, and what to do. The state folder is then as it was.
pub fn restore(asked: &cli::Restore) -> anyhow::Result<String> {
    let config = asked.sources.load()?;
    let target = Target::look(&config.node.state, asked.replace)?;
    let name = asked.file.display();
    let file = File::open(&asked.file).with_context(|| format!("{name} can't be read"))?;
    let keys = match (&asked.identity, &asked.passphrase_file) {
        (Some(file), _) => {
            let text = private::read(file)?.with_context(|| format!("there is no file {}", file.display()))?;
            Keyring::of_identities(&String::from_utf8_lossy(&text)).with_context(|| file.display().to_string())?
        }
        (None, Some(file)) => Keyring::Passphrase(passphrase::of_file(file)?),
        (None, None) => Keyring::Passphrase(passphrase::asked()?),
    };
    let opening = archive::open(BufReader::new(file), &keys).with_context(|| format!("{name} can't be opened"))?;
    let fresh = Fresh::make(&target)?;
    let manifest = fresh.unpack(opening).with_context(|| format!("{name} can't be restored"))?;
    store::contents(&fresh.0).with_context(|| format!("{name} can't be restored: its database is not sound"))?;
    // Looking at it has made them.
    for beside in ["-wal", "-shm"] {
        let _ = fs::remove_file(fresh.0.join(format!("{}{beside}", store::NAME)));
    }
    fresh.follow(&manifest.folder, &config.node.state)?;
    fresh.give(target.owner())?;
    let before = target.swap(fresh)?;

    let made = jiff::Timestamp::from_second(i64::try_from(manifest.made).unwrap_or(0)).unwrap_or_default();
    let mut said = format!(
        "{} is the box of {made}, as Porchlight {} saved it: {} files.\n",
        target.path.display(),
        manifest.version,
        manifest.files.len()
    );
    if let Some(before) = before {
        said.push_str(&format!(
            "What was there before is in {}; remove it when nothing is missing.\n",
            before.display()
        ));
    }
    said.push_str(
        "Start Porchlight now. Invites and logins that were revoked since that day count again: look through them.\n",
    );
    Ok(said)
}

/// The state folder that is to be replaced.
struct Target {
    /// Without links in it.
    path: PathBuf,
    parent: PathBuf,
    /// Whether something is in it.
    occupied: bool,
    /// Nobody else has it meanwhile.
    _lock: Option<store::Lock>,
}

impl Target {
    fn look(state: &Path, replace: bool) -> anyhow::Result<Self> {
        let path = match state.canonicalize() {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound => std::path::absolute(state)?,
            Err(error) => return Err(error).with_context(|| unreadable(state)),
        };
        let parent = path.parent().context("the state folder can't be the root of everything")?.to_owned();
        let runs = "Porchlight runs on this state folder: stop it first (systemctl stop porchlight.service porchlight.socket porchlight-https.socket)";
        if UnixStream::connect(path.join(control::NAME)).is_ok() {
            bail!("{runs}");
        }
        let (mut occupied, mut lock) = (false, None);
        if path.exists() {
            lock = match store::Lock::take_now(&path) {
                Err(store::Error::InUse { .. }) => bail!("{runs}"),
                other => Some(other.with_context(|| unreadable(&path))?),
            };
            occupied = fs::read_dir(&path).with_context(|| unreadable(&path))?.next().is_some();
            ensure!(
                !occupied || replace,
                "{} is not empty: --replace puts what is there aside, where nothing of it is lost",
                path.display()
            );
            ensure!(
                fs::metadata(&path)?.dev() == fs::metadata(&parent)?.dev(),
                "{} is a disk of its own, which can't be exchanged: let node.state be a folder on it",
                path.display()
            );
        }
        Ok(Self { path, parent, occupied, _lock: lock })
    }

    /// A name beside it.
    fn beside(&self, what: &str) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.parent.join(format!("{name}.{what}"))
    }

    /// Whose files it has, by user and group: as it is now; else, for root, the daemon's; else whoever runs this.
    fn owner(&self) -> Option<(u32, u32)> {
        if let Ok(now) = fs::metadata(&self.path) {
            return Some((now.uid(), now.gid()));
        }
        let user = User::from_name(USER).ok().flatten().filter(|_| geteuid().is_root())?;
        Some((user.uid.as_raw(), user.gid.as_raw()))
    }

    /// Has the new folder take this one's name. Gives where the old one is.
    fn swap(&self, fresh: Fresh) -> anyhow::Result<Option<PathBuf>> {
        let failed = || format!("{} can't be exchanged; it is as it was", self.path.display());
        if !self.occupied {
            fs::rename(&fresh.0, &self.path).with_context(failed)?;
            settle(&self.parent)?;
            return Ok(None);
        }
        let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let before = self.beside(&format!("before-{now}"));
        ensure!(!before.exists(), "{} is there already: try again in a second", before.display());
        // The new folder takes the name that the old one gets by the exchange, so that there is no moment in which what was there has a name
        // that anything removes.
        fs::rename(&fresh.0, &before).with_context(failed)?;
        if let Err(error) = exchange(&before, &self.path) {
            let _ = fs::remove_dir_all(&before);
            return Err(error).with_context(failed);
        }
        let recordings = before.join(STAYS);
        if recordings.is_dir() {
            fs::rename(&recordings, self.path.join(STAYS)).with_context(|| {
                format!("the box is restored, but its recordings are still in {}", recordings.display())
            })?;
        }
        settle(&self.path)?;
        settle(&self.parent)?;
        Ok(Some(before))
    }
}

/// Has two folders take each other's name: at one moment, where the file system can do that; else in three steps, and if the second fails
/// what was there is put back.
fn exchange(new: &Path, old: &Path) -> io::Result<()> {
    match renameat2(AT_FDCWD, new, AT_FDCWD, old, RenameFlags::RENAME_EXCHANGE) {
        Err(Errno::EINVAL | Errno::ENOSYS) => {}
        done => return done.map_err(io::Error::from),
    }
    let aside = new.with_added_extension("aside");
    fs::rename(old, &aside)?;
    if let Err(error) = fs::rename(new, old) {
        fs::rename(&aside, old)?;
        return Err(error);
    }
    fs::rename(&aside, new)
}

fn unreadable(folder: &Path) -> String {
    format!("the state folder {} can't be read: run this as root or as the daemon's user", folder.display())
}

/// The folder that is unpacked into; what is left of it goes.
struct Fresh(PathBuf);

impl Fresh {
    fn make(target: &Target) -> anyhow::Result<Self> {
        let fresh = Self(target.beside("restoring"));
        // One that was left behind by a crash.
        let _ = fs::remove_dir_all(&fresh.0);
        fs::create_dir_all(&target.parent)?;
        DirBuilder::new()
            .mode(0o700)
            .create(&fresh.0)
            .with_context(|| format!("{} can't be made: run this as root", fresh.0.display()))?;
        Ok(fresh)
    }

    /// Unpacks everything into it, for its owner alone, and onto the disk.
    fn unpack(&self, from: impl Read) -> anyhow::Result<Manifest> {
        let mut manifest: Option<Manifest> = None;
        let mut found = BTreeSet::new();
        archive::unpack(from, |entry: Entry<'_>| -> anyhow::Result<()> {
            let Some(list) = &manifest else {
                ensure!(entry.path == Path::new(MANIFEST), "it is no backup of Porchlight");
                manifest = Some(read(entry, disk::space(&self.0)?.free)?);
                return Ok(());
            };
            let name = entry.path.strip_prefix(STATE).ok().and_then(Path::to_str).unwrap_or_default().to_owned();
            let listed = list.files.get(&name) == Some(&entry.length);
            ensure!(listed && found.insert(name.clone()), "its list does not have what is in it");
            let path = self.0.join(&name);
            let folder = path.parent().context("every file is in a folder")?;
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            io::copy(entry.bytes, &mut file)?;
            file.sync_all()?;
            Ok(())
        })?;
        let manifest = manifest.context("it is no backup of Porchlight: there is nothing in it")?;
        ensure!(manifest.files.len() == found.len(), "something is missing in it that its list has");
        Ok(manifest)
    }

    /// Has the settings name the files of the folder where it is now.
    fn follow(&self, from: &str, to: &Path) -> anyhow::Result<()> {
        let path = self.0.join(settings::FILE);
        let Some(text) = private::read(&path)?.and_then(|bytes| String::from_utf8(bytes).ok()) else { return Ok(()) };
        let secrets = |folder: &dyn std::fmt::Display| format!("{folder}/{}/", settings::SECRETS);
        let text = text.replace(&secrets(&from), &secrets(&to.display()));
        Ok(private::write(&path, text.as_bytes())?)
    }

    /// Gives everything in it to its owner, and has the folders on the disk.
    fn give(&self, owner: Option<(u32, u32)>) -> anyhow::Result<()> {
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                match entry.file_type()?.is_dir() {
                    true => folders.push(entry.path()),
                    false => own(&entry.path(), owner)?,
                }
            }
            own(&folder, owner)?;
            settle(&folder)?;
        }
        Ok(())
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // It has another name by now, if all went well.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn own(path: &Path, owner: Option<(u32, u32)>) -> anyhow::Result<()> {
    let Some((user, group)) = owner else { return Ok(()) };
    let now = fs::symlink_metadata(path)?;
    if (now.uid(), now.gid()) == (user, group) {
        return Ok(());
    }
    chown(path, Some(user), Some(group))
        .with_context(|| format!("{} can't be given to the daemon's user: run this as root", path.display()))
}

/// The list, if this Porchlight and this disk can do something with it.
fn read(entry: Entry<'_>, free: u64) -> anyhow::Result<Manifest> {
    /// What every form of the list has.
    #[derive(serde::Deserialize)]
    struct Form {
        format: u32,
        version: String,
    }
    ensure!(entry.length <= LONGEST, "its list is too long");
    let mut text = String::new();
    entry.bytes.take(LONGEST).read_to_string(&mut text)?;
    let form: Form = serde_json::from_str(&text).context("it is no backup of Porchlight: its list can't be read")?;
    let newer = format!(
        "it was made by Porchlight {}, and this is {}: install that one or a later one first",
        form.version,
        env!("CARGO_PKG_VERSION")
    );
    ensure!(form.format <= FORMAT, "{newer}");
    let manifest: Manifest = serde_json::from_str(&text).context("its list can't be read")?;
    ensure!(manifest.schema <= store::newest(), "{newer}");
    let needed = manifest.bytes().saturating_add(SPARE);
    ensure!(free >= needed, "it needs room for {needed} bytes, and the disk of the state folder has {free}");
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(format: u32, schema: i64, length: u64, free: u64) -> anyhow::Result<Manifest> {
        let files = [("porchlight.db".to_owned(), length)].into();
        let folder = "/var/lib/porchlight".into();
        let manifest = Manifest { format, version: "9.9.9".into(), made: 7, schema, folder, files };
        let text = serde_json::to_vec(&manifest).expect("it is JSON");
        let entry = Entry { path: MANIFEST.into(), length: text.len() as u64, bytes: &mut text.as_slice() };
        read(entry, free)
    }

    #[test]
    fn two_folders_take_each_other_s_name() {
        let home = tempfile::tempdir().expect("a folder");
        let (new, old) = (home.path().join("new"), home.path().join("old"));
        for (folder, text) in [(&new, "new"), (&old, "old")] {
            fs::create_dir(folder).expect("it is made");
            fs::write(folder.join("file"), text).expect("it writes");
        }
        exchange(&new, &old).expect("both are there");
        assert_eq!(fs::read(new.join("file")).expect("it reads"), b"old");
        assert_eq!(fs::read(old.join("file")).expect("it reads"), b"new");
        fs::remove_dir_all(&old).expect("it goes");
        assert!(exchange(&new, &old).is_err());
        assert_eq!(fs::read(new.join("file")).expect("it is as it was"), b"old");
    }

    #[test]
    fn what_a_newer_one_made_or_what_has_no_room_is_refused_with_what_to_do() {
        let right = list(FORMAT, store::newest(), 100, 1 << 30).expect("it is right");
        assert_eq!(right.bytes(), 100);
        let error = |format, schema, length, free| list(format, schema, length, free).expect_err("refused").to_string();
        assert!(error(FORMAT + 1, 1, 1, 1 << 30).contains("made by Porchlight 9.9.9, and this is"));
        assert!(error(FORMAT, store::newest() + 1, 1, 1 << 30).contains("install that one or a later one"));
        assert!(error(FORMAT, 1, 1 << 30, 1 << 30).contains("needs room for"));
        assert!(error(FORMAT, 1, u64::MAX, 1 << 30).contains("needs room for"));
    }
}

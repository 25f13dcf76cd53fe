//! `porchlight backup` and `porchlight restore`: everything that makes a box this box, in one encrypted file, and back.
//!
//! The file is a tar inside gzip inside the format of `age` (`drivers/archive`, decision 0011). First in it is a list, [`Manifest`]; then
//! come the files, each below `state/`.

mod contents;
mod passphrase;
mod restore;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::config::cli;
use crate::drivers::archive::{self, Key, Packer};
use crate::drivers::{disk, store};

pub use contents::{CARRIED, Kind, LEFT, Place, place};
pub use restore::restore;

/// Which form of it this is: raised when an older Porchlight would lose something of it.
const FORMAT: u32 = 1;
/// The list in it.
const MANIFEST: &str = "porchlight-backup.json";
/// What its files lie below.
const STATE: &str = "state";
/// Largest file beside the database, in bytes, and deepest folder.
const LARGEST: u64 = 16 << 20;
const DEEPEST: usize = 4;

/// What is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    /// Of the Porchlight that made it.
    version: String,
    /// Seconds since 1970 UTC.
    made: u64,
    /// Schema version of the database.
    schema: i64,
    /// The state folder, as the settings name it.
    folder: String,
    /// Each file, by its way in the state folder, and how long it is.
    files: BTreeMap<String, u64>,
}

impl Manifest {
    fn bytes(&self) -> u64 {
        self.files.values().sum()
    }
}

/// Writes a backup, and says what is in it.
///
/// # Errors
/// A sentence that says what is wrong, and what to do. No file is left behind then.
pub fn backup(asked: &cli::Backup) -> anyhow::Result<String> {
    let config = asked.sources.load()?;
    let state = &config.node.state;
    let mut entries = names(state).with_context(|| {
        let folder = state.display();
        format!(
            "the state folder {folder} can't be read: run this as root or as the daemon's user, and look at node.state"
        )
    })?;
    ensure!(entries.iter().any(|name| name == store::NAME), "{} is the state folder of no box", state.display());
    refuse_place(&asked.file, state)?;
    let (key, made) = key(asked)?;

    let (copied, copy) = Work::copy(state)?;
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut unknown = Vec::new();
    entries.sort();
    for name in entries {
        match place(&name) {
            Place::Carried(Kind::File) => files.push((name.clone(), small(&state.join(&name))?)),
            Place::Carried(Kind::Folder) => collect(&state.join(&name), &name, 1, &mut files)?,
            Place::Carried(Kind::Database) | Place::Left => {}
            Place::Unknown => unknown.push(name),
        }
    }
    let database = fs::metadata(copied.file())?.len();
    let mut listed: BTreeMap<String, u64> =
        files.iter().map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect();
    listed.insert(store::NAME.to_owned(), database);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let folder = state.display().to_string();
    let manifest = Manifest { format: FORMAT, version, made: now, schema: copy, folder, files: listed };
    let length = write(&asked.file, &key, &manifest, &copied.file(), &files)
        .with_context(|| format!("{} can't be written", asked.file.display()))?;
    drop(copied);

    let mut said = format!("{}: {length} bytes, encrypted. In it are:\n", asked.file.display());
    for (name, _, what) in CARRIED {
        let of = |path: &&String| **path == *name || path.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
        let count = manifest.files.keys().filter(of).count();
        if count > 0 {
            let _ = writeln!(said, "  {name}: {what}");
        }
    }
    let _ = writeln!(said, "Not in it: recordings; {}, and the files that it names.", asked.sources.file());
    if !unknown.is_empty() {
        let _ = writeln!(said, "Not in it either, since Porchlight knows nothing of them: {}.", unknown.join(", "));
    }
    if let Some(passphrase) = made {
        let _ = writeln!(
            said,
            "\nThe passphrase: {}\nWrite it down. Without it nobody opens the file, and it is shown nowhere again.",
            passphrase.reveal()
        );
    }
    Ok(said)
}

/// Who opens the file, and the passphrase that was made for it.
fn key(asked: &cli::Backup) -> anyhow::Result<(Key, Option<crate::model::secret::Secret>)> {
    if let Some(recipient) = &asked.recipient {
        return Ok((recipient.parse()?, None));
    }
    if asked.generate {
        let made = passphrase::made();
        return Ok((Key::Passphrase(made.clone()), Some(made)));
    }
    let typed = match &asked.passphrase_file {
        Some(file) => passphrase::enough(passphrase::of_file(file)?)?,
        None => passphrase::asked_twice()?,
    };
    Ok((Key::Passphrase(typed), None))
}

/// A file that is there already stays, and none lies in the state folder.
fn refuse_place(file: &Path, state: &Path) -> anyhow::Result<()> {
    if file.symlink_metadata().is_ok() {
        bail!("{} is there already: choose another name", file.display());
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().with_context(|| format!("there is no folder {}", folder.display()))?;
    ensure!(
        !folder.starts_with(state.canonicalize()?),
        "choose a place outside of the state folder: it is what is saved"
    );
    Ok(())
}

/// The names in a folder.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    fs::read_dir(folder)?.map(name).collect()
}

/// Everything below a folder, but files that are being replaced.
fn collect(folder: &Path, below: &str, depth: usize, files: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    ensure!(depth <= DEEPEST, "{} has folders in folders in folders", folder.display());
    let mut entries = names(folder).with_context(|| format!("{} can't be read", folder.display()))?;
    entries.sort();
    for name in entries.into_iter().filter(|name| !name.ends_with(".new")) {
        let (path, inside) = (folder.join(&name), format!("{below}/{name}"));
        // Where a link leads is what counts.
        let found = fs::metadata(&path).with_context(|| format!("{} can't be read", path.display()))?;
        if found.is_dir() {
            collect(&path, &inside, depth + 1, files)?;
        } else if found.is_file() {
            files.push((inside, small(&path)?));
        }
    }
    Ok(())
}

fn small(path: &Path) -> anyhow::Result<Vec<u8>> {
    let length = fs::metadata(path).with_context(|| format!("{} can't be read", path.display()))?.len();
    ensure!(length <= LARGEST, "{} is larger than anything that belongs there", path.display());
    fs::read(path).with_context(|| format!("{} can't be read", path.display()))
}

/// Writes the file beside its place first, so that one of this name is a whole one. Gives its length.
fn write(
    file: &Path,
    key: &Key,
    manifest: &Manifest,
    database: &Path,
    files: &[(String, Vec<u8>)],
) -> anyhow::Result<u64> {
    let part = Part(file.with_added_extension("part"));
    // One that was left behind by a crash.
    let _ = fs::remove_file(&part.0);
    let to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part.0)?;
    let mut packer = Packer::new(archive::seal(BufWriter::new(to), key)?);
    packer.bytes(MANIFEST, &serde_json::to_vec_pretty(manifest)?, manifest.made)?;
    packer.file(&format!("{STATE}/{}", store::NAME), database, manifest.made)?;
    for (name, bytes) in files {
        packer.bytes(&format!("{STATE}/{name}"), bytes, manifest.made)?;
    }
    let to = packer.finish()?.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    to.sync_all()?;
    let length = to.metadata()?.len();
    fs::rename(&part.0, file)?;
    Ok(length)
}

/// A file that is not whole; it goes when it is left.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // It has its name by now, if all went well.
        let _ = fs::remove_file(&self.0);
    }
}

/// The folder with a copy of the database; it goes when the backup is made.
struct Work(PathBuf);

impl Work {
    /// Has SQLite copy the database; gives its schema version as well.
    fn copy(state: &Path) -> anyhow::Result<(Self, i64)> {
        let work = Self(state.join(contents::WORK));
        // One that was left behind by a crash.
        let _ = fs::remove_dir_all(&work.0);
        let database = fs::metadata(state.join(store::NAME))?.len();
        let free = disk::space(state)?.free;
        ensure!(
            free > database + database / 8,
            "{} has room for {free} bytes: too little to copy the database",
            state.display()
        );
        DirBuilder::new().mode(0o700).create(&work.0).with_context(|| format!("{} can't be made", work.0.display()))?;
        let schema = store::copy(state, &work.file())?;
        Ok((work, schema))
    }

    fn file(&self) -> PathBuf {
        self.0.join(store::NAME)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "the copy of the database can't be removed");
        }
    }
}

/// Makes sure that names in a folder are on the disk.
fn settle(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

//! Back to how it was: a file in the state folder says that everything is forgotten, and the next start does it. Of an image its first program
//! does, with the whole partition of data (image/init).

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::backup::{Place, place};
use crate::drivers::rauc;
use crate::drivers::store::private;
use crate::services::settings::Error;
use crate::services::update as updates;

/// The file. Whoever can write to the state folder can make it by hand.
pub(super) const FILE: &str = "factory-reset";

/// What has to start again for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Restarts {
    /// The daemon.
    Daemon,
    /// The machine, which has been told.
    Machine,
}

/// Says that everything is to be forgotten; of an image, the machine restarts then.
///
/// # Errors
/// [`Error::Disk`], [`Error::NoRestart`]; then nothing will be forgotten.
pub(super) async fn begin(state: &Path) -> Result<Restarts, Error> {
    let file = state.join(FILE);
    private::write(&file, b"")?;
    // One whose RAUC is busy or silent is an image as well.
    if matches!(updates::status().await, Err(rauc::Error::NotAnImage)) {
        return Ok(Restarts::Daemon);
    }
    let runtime = std::env::var_os("RUNTIME_DIRECTORY").map(PathBuf::from);
    if updates::restart_machine(runtime.as_deref()).await.is_err() {
        fs::remove_file(&file)?;
        return Err(Error::NoRestart);
    }
    Ok(Restarts::Machine)
}

/// Removes all that Porchlight keeps in the state folder, if that is asked for; says whether it was. What is not Porchlight's stays, for
/// somebody may have chosen a folder with other things in it. Whenever the power goes, the next start goes on with it: the file that asks for it
/// is the last to go. Blocks.
///
/// # Errors
/// What the system says.
pub(super) fn carry_out(state: &Path) -> io::Result<bool> {
    let file = state.join(FILE);
    if !file.exists() {
        return Ok(false);
    }
    for entry in fs::read_dir(state)? {
        let entry = entry?;
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name != FILE && place(name) != Place::Unknown);
        if !ours {
            continue;
        }
        // A link is removed, and not what it leads to.
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    let folder = File::open(state)?;
    folder.sync_all()?;
    fs::remove_file(file)?;
    folder.sync_all()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_porchlight_s_goes_and_only_when_it_is_asked_for() {
        let state = tempfile::tempdir().expect("a folder");
        let elsewhere = tempfile::tempdir().expect("a folder");
        fs::write(elsewhere.path().join("film.mp4"), "a film").expect("it writes");
        fs::create_dir_all(state.path().join("tls/deep")).expect("it makes a folder");
        fs::write(state.path().join("tls/deep/key.pem"), "a key").expect("it writes");
        for name in ["porchlight.db", "porchlight.db-wal", "settings.toml.new", "porchlight.db.v3", "holiday.txt"] {
            fs::write(state.path().join(name), "something").expect("it writes");
        }
        symlink(elsewhere.path(), state.path().join("recordings")).expect("it links");
        let all = names(state.path());

        assert!(!carry_out(state.path()).expect("nothing is no error"));
        assert_eq!(names(state.path()), all);

        fs::write(state.path().join(FILE), "").expect("it writes");
        assert!(carry_out(state.path()).expect("it forgets"));
        assert_eq!(names(state.path()), ["holiday.txt"], "what is somebody's own stays");
        assert_eq!(names(elsewhere.path()), ["film.mp4"], "what a link leads to stays");
        assert!(!carry_out(state.path()).expect("it is over"));
    }

    #[test]
    fn what_was_broken_off_is_gone_on_with() {
        let state = tempfile::tempdir().expect("a folder");
        // The power went when a part was removed.
        fs::write(state.path().join(FILE), "").expect("it writes");
        fs::write(state.path().join("seal.key"), "a key").expect("it writes");
        assert!(carry_out(state.path()).expect("it forgets"));
        assert_eq!(names(state.path()), Vec::<String>::new());
    }
}

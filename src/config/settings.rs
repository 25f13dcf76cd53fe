//! What the owner chooses in the pages: values between the file and the environment, in a file of their own in the state folder.
//!
//! What could lock somebody out is tried first: the values from before are put aside, the daemon starts again with the new ones, and
//! unless somebody says that they are right, those from before come back. So they do when the daemon does not live to be told.

use std::collections::BTreeMap;
use std::fs;
use std::io::{
    self,
    ErrorKind::{NotADirectory, NotFound, PermissionDenied},
};
use std::path::{Path, PathBuf};

use crate::drivers::store::private;

/// The file with what was chosen, in the state folder.
pub const FILE: &str = "settings.toml";
/// What was chosen before the values that the next start is to try.
const BEFORE: &str = "settings.before.toml";
/// The same while they are tried.
const TRYING: &str = "settings.trying.toml";
/// A file that could not be read when others were chosen.
const BROKEN: &str = "settings.broken.toml";
/// The folder with what was typed or uploaded instead of being named as a file, in the state folder.
pub const SECRETS: &str = "secrets";

/// How a key is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// By its value.
    Value,
    /// By what stands in the file that it names. Nobody is shown that again.
    File,
}

/// What a wrong value may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    /// It is changed again on the same page.
    None,
    /// The page, or the screen, is not there any more.
    LockedOut,
}

/// A key that is chosen in the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Section and key, as `endpoint.camera`.
    pub name: &'static str,
    /// How.
    pub kind: Kind,
    /// What it may do.
    pub risk: Risk,
}

const fn key(name: &'static str) -> Key {
    Key { name, kind: Kind::Value, risk: Risk::None }
}

const fn risky(name: &'static str) -> Key {
    Key { name, kind: Kind::Value, risk: Risk::LockedOut }
}

const fn file(name: &'static str) -> Key {
    Key { name, kind: Kind::File, risk: Risk::None }
}

/// All of them. Every other key is for whoever looks after the machine.
pub const KEYS: &[Key] = &[
    risky("http.listen"),
    key("http.public_url"),
    risky("https.listen"),
    key("acme.names"),
    key("acme.agree_to_terms"),
    key("acme.directory"),
    file("acme.trust"),
    key("acme.contact"),
    key("acme.challenge"),
    key("acme.dns_server"),
    key("acme.dns_zone"),
    key("acme.dns_key_name"),
    file("acme.dns_key"),
    key("acme.acme_dns"),
    file("acme.acme_dns_account"),
    risky("mdns.enabled"),
    key("network.hotspot"),
    key("peers.announce"),
    key("peers.stun"),
    key("peers.map_ports"),
    key("mqtt.broker"),
    key("mqtt.user"),
    file("mqtt.password"),
    file("mqtt.authority"),
    key("mqtt.discovery"),
    key("mqtt.allow"),
    key("turn.addresses"),
    file("turn.secret"),
    key("room.max_participants"),
    key("endpoint.auto_join"),
    key("endpoint.camera"),
    key("endpoint.camera_mode"),
    file("endpoint.camera_login"),
    key("endpoint.microphone"),
    key("endpoint.speaker"),
    key("endpoint.echo"),
    key("endpoint.noise_suppression"),
    key("endpoint.gain"),
    key("endpoint.speaker_delay"),
    risky("endpoint.screen"),
    risky("endpoint.overscan"),
    key("endpoint.language"),
    key("endpoint.blank_after"),
    key("endpoint.join_code"),
    key("endpoint.width"),
    key("endpoint.height"),
    key("endpoint.fps"),
    key("endpoint.bitrate"),
    key("remote.cec"),
    key("chat.keep_days"),
    key("program.width"),
    key("program.height"),
    key("program.fps"),
    key("program.bitrate"),
    key("hls.window"),
    key("viewers.uplink"),
    key("recordings.folder"),
    key("recordings.sd_card"),
    key("recordings.max_days"),
    key("recordings.max_gigabytes"),
    key("recordings.min_free_gigabytes"),
    key("log.level"),
];

/// The key of this name, if it is one that is chosen.
pub fn known(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// A value as the configuration holds it.
pub type Value = toml::Value;

/// What was chosen: the value of each key.
pub type Chosen = BTreeMap<String, Value>;

/// What a page sends as a value; nothing for what no configuration holds.
pub fn value(json: &serde_json::Value) -> Option<Value> {
    Value::try_from(json).ok()
}

/// The value for the name of a file.
pub fn named(file: &Path) -> Value {
    Value::String(file.display().to_string())
}

/// Reads what was chosen; nothing where there is no file. Blocks.
///
/// # Errors
/// What the system says, and what is wrong with the file.
pub fn read(state: &Path) -> io::Result<Chosen> {
    let Some(text) = private::read(&state.join(FILE))? else {
        return Ok(Chosen::new());
    };
    let text = String::from_utf8(text).map_err(io::Error::other)?;
    let table: toml::Table = text.parse().map_err(io::Error::other)?;
    let section = |(section, keys): (String, toml::Value)| {
        let keys = if let toml::Value::Table(keys) = keys { keys } else { toml::Table::new() };
        keys.into_iter().map(move |(key, value)| (format!("{section}.{key}"), value))
    };
    Ok(table.into_iter().flat_map(section).collect())
}

/// Writes it, in place of what was chosen before. Blocks.
///
/// # Errors
/// What the system says; then all is as before.
pub fn write(state: &Path, chosen: &Chosen) -> io::Result<()> {
    write_to(&state.join(FILE), chosen)
}

fn write_to(path: &Path, chosen: &Chosen) -> io::Result<()> {
    let mut table = toml::Table::new();
    for (name, value) in chosen {
        let (section, key) = name.split_once('.').unwrap_or(("", name));
        let section = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        if let toml::Value::Table(section) = section {
            section.insert(key.to_owned(), value.clone());
        }
    }
    private::write(path, table.to_string().as_bytes())
}

/// Puts what was typed or uploaded for a key into a file of its own, and says where that is. Blocks.
///
/// # Errors
/// What the system says.
pub fn keep_file(state: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
    let folder = state.join(SECRETS);
    // Another name each time: while values are tried, those from before keep theirs.
    let path = (1..).map(|at| folder.join(format!("{name}-{at}"))).find(|path| !path.exists());
    let path = path.ok_or(io::ErrorKind::AlreadyExists)?;
    private::write(&path, text.as_bytes())?;
    Ok(path)
}

/// Removes such files that nothing of what was chosen names any more. Blocks.
///
/// # Errors
/// What the system says.
pub fn sweep(state: &Path, chosen: &Chosen) -> io::Result<()> {
    let entries = match fs::read_dir(state.join(SECRETS)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        if !chosen.values().any(|value| value.as_str().is_some_and(|named| Path::new(named) == path)) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// How a start stands to values that are to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    /// There are none.
    None,
    /// This start tries them.
    Tried,
    /// The start before tried them and did not live to be told that they are right; those from before are back.
    TakenBack,
}

/// Writes it for the next start to try, and puts aside what was chosen before. Blocks.
///
/// # Errors
/// What the system says; then all is as before.
pub fn write_on_trial(state: &Path, before: &Chosen, chosen: &Chosen) -> io::Result<()> {
    write_to(&state.join(BEFORE), before)?;
    // Without the one there is nothing to go back to, and without the other nothing to try.
    write(state, chosen).inspect_err(|_| drop(fs::remove_file(state.join(BEFORE))))
}

/// Puts a file aside that can't be read: somebody may still make sense of it. Blocks.
///
/// # Errors
/// What the system says.
pub fn put_aside_broken(state: &Path) -> io::Result<()> {
    fs::rename(state.join(FILE), state.join(BROKEN))
}

/// To be called once at each start, before anything is read. Blocks.
///
/// # Errors
/// What the system says.
pub fn begin(state: &Path) -> io::Result<Trial> {
    if state.join(TRYING).exists() {
        take_back(state)?;
        // Asked for, but never begun.
        let _ = fs::remove_file(state.join(BEFORE));
        return Ok(Trial::TakenBack);
    }
    match fs::rename(state.join(BEFORE), state.join(TRYING)) {
        Ok(()) => Ok(Trial::Tried),
        // Of a folder that can't be used the store says more.
        Err(error) if matches!(error.kind(), NotFound | PermissionDenied | NotADirectory) => Ok(Trial::None),
        Err(error) => Err(error),
    }
}

/// What is tried is right and stays. Blocks.
///
/// # Errors
/// What the system says.
pub fn keep(state: &Path) -> io::Result<()> {
    fs::remove_file(state.join(TRYING))
}

/// What was chosen before what is tried holds again, from the next start on. Blocks.
///
/// # Errors
/// What the system says.
pub fn take_back(state: &Path) -> io::Result<()> {
    fs::rename(state.join(TRYING), state.join(FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(port: u16) -> Chosen {
        let text = |text: String| toml::Value::String(text);
        [("http.listen".to_owned(), text(format!("[::]:{port}"))), ("hls.segments".to_owned(), toml::Value::Integer(9))]
            .into()
    }

    #[test]
    fn what_was_chosen_is_read_again() {
        let state = tempfile::tempdir().expect("a folder");
        assert_eq!(read(state.path()).expect("nothing is no error"), Chosen::new());
        write(state.path(), &chosen(80)).expect("it writes");
        assert_eq!(read(state.path()).expect("it reads"), chosen(80));
        fs::write(state.path().join(FILE), "no [toml").expect("it writes");
        assert!(read(state.path()).is_err());
    }

    #[test]
    fn what_is_tried_stays_once_it_is_kept_and_else_goes_at_the_next_start() {
        let state = tempfile::tempdir().expect("a folder");
        let state = state.path();
        let choose = |before: u16, after: u16| {
            write_on_trial(state, &chosen(before), &chosen(after)).expect("it writes");
            assert_eq!(begin(state).expect("it begins"), Trial::Tried);
            assert_eq!(read(state).expect("it reads"), chosen(after));
        };
        assert_eq!(begin(state).expect("it begins"), Trial::None);
        choose(1, 2);
        keep(state).expect("it stays");
        assert_eq!(begin(state).expect("it begins"), Trial::None);
        assert_eq!(read(state).expect("it reads"), chosen(2));
        choose(2, 3);
        take_back(state).expect("it goes");
        assert_eq!(begin(state).expect("it begins"), Trial::None);
        assert_eq!(read(state).expect("it reads"), chosen(2));
        choose(2, 4);
        assert_eq!(begin(state).expect("it was killed meanwhile"), Trial::TakenBack);
        assert_eq!(read(state).expect("it reads"), chosen(2));
        assert_eq!(begin(state).expect("it begins"), Trial::None);
    }

    #[test]
    fn a_file_that_nothing_names_any_more_is_removed() {
        let state = tempfile::tempdir().expect("a folder");
        let state = state.path();
        let first = keep_file(state, "mqtt.password", "one").expect("it is kept");
        let second = keep_file(state, "mqtt.password", "two").expect("it is kept");
        assert_ne!(first, second);
        let named = toml::Value::String(second.display().to_string());
        sweep(state, &[("mqtt.password".to_owned(), named)].into()).expect("it sweeps");
        assert!(!first.exists());
        assert_eq!(fs::read_to_string(second).expect("it is there"), "two");
    }
}

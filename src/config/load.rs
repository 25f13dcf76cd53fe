//! The places a value comes from, in order: defaults, the file, the environment, flags. The later wins.

use std::io;
use std::path::{Path, PathBuf};

use super::error::Place;
use super::{Config, Error};

/// The file that is read when none is named and it exists.
pub const SYSTEM_FILE: &str = "/etc/porchlight/porchlight.toml";
/// What environment variables begin with: `PORCHLIGHT_HTTP__LISTEN` is `http.listen`.
const PREFIX: &str = "PORCHLIGHT_";

/// One value that replaces what the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Where it was written.
    pub place: Place,
    /// The section of the key.
    pub section: String,
    /// The key.
    pub key: String,
    /// The value, as text.
    pub value: String,
}

impl Override {
    /// The overrides among environment variables: those named `PORCHLIGHT_<SECTION>__<KEY>`.
    pub fn of_environment(variables: impl IntoIterator<Item = (String, String)>) -> Vec<Self> {
        let read = |(name, value): (String, String)| {
            let (section, key) = name.strip_prefix(PREFIX)?.split_once("__")?;
            let (section, key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
            Some(Self { place: Place::Variable(name), section, key, value })
        };
        let mut found: Vec<Self> = variables.into_iter().filter_map(read).collect();
        found.sort_by(|a, b| (&a.section, &a.key).cmp(&(&b.section, &b.key)));
        found
    }
}

/// Loads the configuration: the named file, else [`SYSTEM_FILE`] when it exists, then the overrides in their order.
/// `home` replaces `~` at the beginning of the state folder.
///
/// # Errors
/// When the file cannot be read, or at the first wrong key, unit, type or range, by file and line.
pub fn load(file: Option<&Path>, overrides: &[Override], home: Option<&Path>) -> Result<Config, Error> {
    let mut config = match read(file)? {
        Some((path, text)) => toml::from_str(&text).map_err(|error| Error::in_file(path, &text, error))?,
        None => Config::default(),
    };
    for one in overrides {
        config = replace(&config, one)?;
    }
    if let (Ok(below), Some(home)) = (config.node.state.strip_prefix("~"), home) {
        config.node.state = home.join(below);
    }
    Ok(config)
}

fn read(file: Option<&Path>) -> Result<Option<(PathBuf, String)>, Error> {
    let path = file.unwrap_or(Path::new(SYSTEM_FILE)).to_owned();
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if file.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Unreadable { path, source }),
    }
}

/// The configuration with one value replaced. The value has the type of the one it replaces.
fn replace(config: &Config, one: &Override) -> Result<Config, Error> {
    let mut table = toml::Table::try_from(config).expect("a configuration is a table of tables");
    let invalid = |message: String| Error::Invalid { place: one.place.clone(), message };
    let known = |table: &toml::Table| table.keys().map(String::as_str).collect::<Vec<_>>().join(", ");

    let sections = known(&table);
    let Some(toml::Value::Table(section)) = table.get_mut(&one.section) else {
        return Err(invalid(format!("unknown section [{}]; known sections: {sections}", one.section)));
    };
    let keys = known(section);
    let Some(value) = section.get_mut(&one.key) else {
        return Err(invalid(format!("unknown key {:?} in [{}]; known keys: {keys}", one.key, one.section)));
    };
    *value = match value {
        toml::Value::Integer(_) => one.value.trim().parse().map(toml::Value::Integer).unwrap_or(text(&one.value)),
        toml::Value::Boolean(_) => one.value.trim().parse().map(toml::Value::Boolean).unwrap_or(text(&one.value)),
        toml::Value::Array(_) => {
            let items = one.value.split(',').map(str::trim).filter(|item| !item.is_empty());
            toml::Value::Array(items.map(text).collect())
        }
        _ => text(&one.value),
    };
    table.try_into().map_err(|error| Error::in_value(one.place.clone(), error))
}

fn text(value: &str) -> toml::Value {
    toml::Value::String(value.to_owned())
}

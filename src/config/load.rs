//! The places a value comes from, in order: defaults, the file, what was chosen in the pages, the environment, flags. The later wins.

use std::io;
use std::path::{Path, PathBuf};

use super::error::{self, Place};
use super::settings::{self, Chosen};
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

/// What a configuration is made of, as it was read.
#[derive(Debug, Clone)]
pub struct Layers {
    file: Config,
    /// What the owner chose in the pages.
    pub chosen: Chosen,
    overrides: Vec<Override>,
    /// The state folder.
    pub state: PathBuf,
    /// Why what was chosen can't be read.
    pub unreadable: Option<String>,
}

/// A value that was chosen in the pages and can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its key.
    pub key: String,
    /// What is wrong with it, and what is allowed.
    pub why: String,
}

impl Layers {
    /// Reads them: the named file, else [`SYSTEM_FILE`] when it exists, and what was chosen, from the state folder. `home` replaces
    /// `~` at the beginning of that.
    ///
    /// # Errors
    /// When the file can't be read, or at the first wrong key, unit, type or range in it, by file and line.
    pub fn read(file: Option<&Path>, overrides: Vec<Override>, home: Option<&Path>) -> Result<Self, Error> {
        let mut file = match read(file)? {
            Some((path, text)) => toml::from_str(&text).map_err(|error| Error::in_file(path, &text, error))?,
            None => Config::default(),
        };
        let of = |one: &&Override| (one.section.as_str(), one.key.as_str()) == ("node", "state");
        if let Some(state) = overrides.iter().rfind(of) {
            file = replace(&file, state)?;
        }
        if let (Ok(below), Some(home)) = (file.node.state.strip_prefix("~"), home) {
            file.node.state = home.join(below);
        }
        let overrides = overrides.into_iter().filter(|one| !of(&one)).collect();
        let (state, read) = (file.node.state.clone(), settings::read(&file.node.state));
        // Whoever may not look into the state folder still learns what the file says.
        let unreadable = read.as_ref().err().map(|error| format!("{} can't be read: {error}", settings::FILE));
        Ok(Self { file, chosen: read.unwrap_or_default(), overrides, state, unreadable })
    }

    /// The configuration, and what of the chosen had to be left out: a box starts without it rather than not at all.
    ///
    /// # Errors
    /// At the first override that is wrong.
    pub fn config(&self) -> Result<(Config, Vec<Refused>), Error> {
        let mut config = self.file.clone();
        let unreadable = self.unreadable.clone().map(|why| Refused { key: settings::FILE.to_owned(), why });
        let mut refused: Vec<Refused> = unreadable.into_iter().collect();
        for (key, value) in &self.chosen {
            match choose(&config, key, value) {
                Ok(with) => config = with,
                Err(why) => refused.push(why),
            }
        }
        Ok((self.overridden(config)?, refused))
    }

    /// What was chosen and can be used.
    pub fn usable(&self) -> Chosen {
        let can = |key: &String, value: &mut settings::Value| choose(&self.file, key, value).is_ok();
        self.chosen.clone().extract_if(.., can).collect()
    }

    /// The configuration as it would be with this chosen instead.
    ///
    /// # Errors
    /// At the first value that can't be used.
    pub fn with(&self, chosen: &Chosen) -> Result<Config, Refused> {
        let mut config = self.file.clone();
        for (key, value) in chosen {
            config = choose(&config, key, value)?;
        }
        // Each override was right when the daemon started, and has a key of its own.
        self.overridden(config).map_err(|error| Refused { key: "the environment".to_owned(), why: error.to_string() })
    }

    /// Whether the environment or a flag says what a key is, so that no choice counts.
    pub fn is_fixed(&self, name: &str) -> bool {
        self.overrides.iter().any(|one| name.split_once('.') == Some((&one.section, &one.key)))
    }

    fn overridden(&self, config: Config) -> Result<Config, Error> {
        self.overrides.iter().try_fold(config, |config, one| replace(&config, one))
    }
}

/// Loads the configuration. What was chosen in the pages and can't be used is left out.
///
/// # Errors
/// When the file cannot be read, or at the first wrong key, unit, type or range, by file and line.
pub fn load(file: Option<&Path>, overrides: &[Override], home: Option<&Path>) -> Result<Config, Error> {
    Ok(Layers::read(file, overrides.to_vec(), home)?.config()?.0)
}

/// The configuration with one key as it was chosen.
fn choose(config: &Config, name: &str, value: &toml::Value) -> Result<Config, Refused> {
    let refused = |why: String| Refused { key: name.to_owned(), why };
    let mut table = toml::Table::try_from(config).expect("a configuration is a table of tables");
    let known = settings::known(name).and_then(|_| name.split_once('.'));
    let slot = known.and_then(|(section, key)| table.get_mut(section)?.get_mut(key));
    let slot = slot.ok_or_else(|| refused("there is no such setting".to_owned()))?;
    *slot = value.clone();
    table.try_into().map_err(|error| refused(error::said(error)))
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

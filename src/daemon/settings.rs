//! What the owner chooses in the pages: written down, and handed on or counted from the next start on.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::reload::{Changeable, Reloader};
use super::reset::{self, Restarts};
use crate::config::reload::{self, Reload};
use crate::config::settings::{self, Chosen, Kind, Risk, Trial};
use crate::config::{Config, Layers};
use crate::services::settings::{Ask, Asked, Error, Needs, Setting, Settings, Wishes};

/// How long what could lock somebody out is tried.
const TRIAL: Duration = Duration::from_secs(15);
/// Largest text that is kept in a file, in bytes: a chain of certificates.
const LARGEST: usize = 32 * 1024;

/// What comes after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// All goes on.
    GoOn,
    /// The daemon starts again.
    Again,
}

/// How the last choice stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tried {
    until: Option<Instant>,
    taken_back: bool,
}

impl Tried {
    /// For a start that is this.
    pub(super) fn new(trial: Trial) -> Self {
        let until = (trial == Trial::Tried).then(|| Instant::now() + TRIAL);
        Self { until, taken_back: trial == Trial::TakenBack }
    }

    /// The box is ready: from here on somebody can say that it may stay.
    pub(super) fn ready(&mut self) {
        self.until = self.until.map(|_| Instant::now() + TRIAL);
    }

    /// Waits until nobody has said so; for ever if nothing is tried.
    pub(super) async fn over(&self) {
        crate::services::at(self.until).await;
    }
}

impl Reloader {
    /// Answers, and does what was asked.
    pub(super) async fn answer(&mut self, (ask, answer): Asked, parts: &Changeable) -> Then {
        let done = self.carry_out(ask, parts).await;
        let then = done.as_ref().map_or(Then::GoOn, |(_, then)| *then);
        // Whoever asked may have gone away.
        let _ = answer.send(done.map(|(settings, _)| settings));
        then
    }

    async fn carry_out(&mut self, ask: Ask, parts: &Changeable) -> Result<(Settings, Then), Error> {
        let layers = self.layers()?;
        let restarts = match ask {
            Ask::Show => false,
            Ask::Choose(wishes) => self.choose(&wishes, parts).await?,
            Ask::Keep => {
                self.tried.until.ok_or(Error::NotTrying)?;
                settings::keep(&layers.state)?;
                self.tried.until = None;
                settings::sweep(&layers.state, &layers.chosen)?;
                tracing::info!("the settings that were tried stay");
                false
            }
            // The next start finds that nobody kept them.
            Ask::TakeBack => self.tried.until.map(|_| true).ok_or(Error::NotTrying)?,
            Ask::Restart => {
                tracing::info!("asked to start again");
                true
            }
            Ask::Reset => {
                tracing::warn!("everything is to be forgotten");
                let restarts = reset::begin(&layers.state).await?;
                // The machine ends the daemon: what would start it anew before that would only take time.
                let then = if restarts == Restarts::Daemon { Then::Again } else { Then::GoOn };
                return Ok((self.show(&layers, true), then));
            }
        };
        let layers = self.layers()?;
        Ok((self.show(&layers, restarts), if restarts { Then::Again } else { Then::GoOn }))
    }

    fn layers(&self) -> Result<Layers, Error> {
        let wrong =
            |error: crate::config::Error| Error::Wrong { key: "porchlight.toml".into(), why: error.to_string() };
        self.sources.layers().map_err(wrong)
    }

    fn show(&self, layers: &Layers, restarts: bool) -> Settings {
        let (now, refused) = layers.config().unwrap_or_else(|_| (self.running.clone(), Vec::new()));
        let otherwise = layers.with(&Chosen::new()).unwrap_or_else(|_| self.running.clone());
        let (now, otherwise) = (now.values(), otherwise.values());
        let setting = |key: &settings::Key| {
            let secret = key.kind == Kind::File;
            let value = |values: &dyn Fn(&str) -> serde_json::Value| {
                let value = values(key.name);
                if secret { value.as_str().is_some_and(|path| !path.is_empty()).into() } else { value }
            };
            Setting {
                key: key.name.to_owned(),
                value: value(&now),
                otherwise: value(&otherwise),
                chosen: layers.chosen.contains_key(key.name),
                fixed: layers.is_fixed(key.name),
                secret,
                needs: match (key.risk, reload::needs(key.name)) {
                    (Risk::LockedOut, _) => Needs::Trial,
                    (Risk::None, Reload::Now) => Needs::Nothing,
                    (Risk::None, Reload::Restart) => Needs::Restart,
                },
            }
        };
        Settings {
            settings: settings::KEYS.iter().map(setting).collect(),
            refused: refused.into_iter().map(|refused| format!("{}: {}", refused.key, refused.why)).collect(),
            trial: self.tried.until.map(|until| until.saturating_duration_since(Instant::now()).as_secs()),
            taken_back: self.tried.taken_back,
            restarts,
        }
    }

    /// Writes the wishes down and hands on what can change at once; says whether the rest needs a start.
    async fn choose(&mut self, wishes: &Wishes, parts: &Changeable) -> Result<bool, Error> {
        if self.tried.until.is_some() {
            return Err(Error::Trying);
        }
        let layers = self.layers()?;
        let (fresh, chosen) = match wish(&layers, wishes) {
            Ok(wished) => wished,
            Err(error) => {
                // What was typed for a file and is of no use does not stay.
                settings::sweep(&layers.state, &layers.chosen)?;
                return Err(error);
            }
        };
        let mut after = self.running.clone();
        let changes = after.reload(&fresh);
        let risky = |key: &str| settings::known(key).is_some_and(|key| key.risk == Risk::LockedOut);
        let trial = changes.iter().any(|change| risky(&change.key) && wishes.contains_key(&change.key));
        if layers.unreadable.is_some() {
            settings::put_aside_broken(&layers.state)?;
        }
        if trial {
            settings::write_on_trial(&layers.state, &layers.chosen, &chosen)?;
        } else {
            settings::write(&layers.state, &chosen)?;
        }
        self.tried.taken_back = false;
        // By key alone: a value may be an address.
        tracing::info!(keys = ?wishes.keys().collect::<Vec<_>>(), trial, "settings were chosen");
        if trial {
            return Ok(true);
        }
        settings::sweep(&layers.state, &chosen)?;
        self.running = after;
        self.hand_on(parts).await;
        Ok(changes.iter().any(|change| change.reload == Reload::Restart && wishes.contains_key(&change.key)))
    }
}

/// The configuration with these wishes, and what is chosen then.
fn wish(layers: &Layers, wishes: &Wishes) -> Result<(Config, Chosen), Error> {
    // What can't be used any more does not stand in the way of what is chosen, and goes with it.
    let mut chosen = layers.usable();
    let otherwise = layers.with(&Chosen::new()).map_err(wrong)?.values();
    for (name, json) in wishes {
        let key = settings::known(name).ok_or_else(|| Error::Unknown(name.clone()))?;
        if layers.is_fixed(name) {
            return Err(Error::Fixed(name.clone()));
        }
        let value = match key.kind {
            Kind::Value if json.is_null() || *json == otherwise(name) => None,
            Kind::Value => {
                let none = || Error::Wrong { key: name.clone(), why: "this is no value of a setting".into() };
                Some(settings::value(json).ok_or_else(none)?)
            }
            Kind::File => file(&layers.state, name, json)?,
        };
        match value {
            Some(value) => chosen.insert(name.clone(), value),
            None => chosen.remove(name),
        };
    }
    let fresh = layers.with(&chosen).map_err(wrong)?;
    fresh.check().map_err(|error| Error::Refused(error.to_string()))?;
    Ok((fresh, chosen))
}

fn wrong(refused: crate::config::Refused) -> Error {
    Error::Wrong { key: refused.key, why: refused.why }
}

/// Keeps what was typed or uploaded for a key in a file; nothing for null and for an empty text.
fn file(state: &Path, name: &str, json: &serde_json::Value) -> Result<Option<settings::Value>, Error> {
    let text = match json {
        serde_json::Value::Null => "",
        serde_json::Value::String(text) if text.len() <= LARGEST => text,
        _ => return Err(Error::Wrong { key: name.into(), why: "a text of at most 32 kB is expected".into() }),
    };
    if text.is_empty() {
        return Ok(None);
    }
    let path = settings::keep_file(state, name, text)?;
    Ok(Some(settings::named(&path)))
}

//! What the owner chooses in the pages: the way from those who ask to what owns the configuration, which is the daemon itself.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

/// Requests that wait; whoever brings more waits.
const QUEUE: usize = 8;

/// What a setting needs to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Needs {
    /// Nothing: it holds for what starts after it was chosen.
    Nothing,
    /// The box starts again; those in calls come back by themselves.
    Restart,
    /// The same, and it is taken back unless somebody says within 15 seconds that it may stay.
    Trial,
}

/// A value that is chosen in the pages.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Setting {
    /// Its key, as in the configuration: `endpoint.camera`.
    pub key: String,
    /// What it is. Of what stands in a file of its own, such as a password: whether there is one.
    pub value: Value,
    /// What it would be if nothing were chosen.
    pub otherwise: Value,
    /// Whether it was chosen.
    pub chosen: bool,
    /// Whether the environment or a flag says what it is, so that nothing can be chosen.
    pub fixed: bool,
    /// Whether it stands in a file of its own: it is written, and never read again.
    pub secret: bool,
    /// What it needs to count.
    pub needs: Needs,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// In the order of the manual.
    pub settings: Vec<Setting>,
    /// What was chosen and can't be used any more: the box goes on without it.
    pub refused: Vec<String>,
    /// While the last choice is tried: after how many seconds it is taken back.
    pub trial: Option<u64>,
    /// Whether the last choice was taken back, since nobody said that it may stay.
    pub taken_back: bool,
    /// Whether the box starts again.
    pub restarts: bool,
}

/// What is wished for: a value for each key; null for what it would be if nothing were chosen.
pub type Wishes = BTreeMap<String, Value>;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such setting.
    #[error("there is no setting {0}")]
    Unknown(String),
    /// The environment or a flag says what it is.
    #[error("{0} is set by the environment or by a flag of the daemon")]
    Fixed(String),
    /// It can't be this.
    #[error("{key}: {why}")]
    Wrong {
        /// The key.
        key: String,
        /// What is wrong, and what is allowed.
        why: String,
    },
    /// What it names can't be used, or does not go with the rest: the sentence begins with the key.
    #[error("{0}")]
    Refused(String),
    /// The choice before is being tried.
    #[error("the last choice is being tried")]
    Trying,
    /// Nothing is being tried.
    #[error("nothing is being tried")]
    NotTrying,
    /// The machine would have to restart.
    #[error("the machine can't be restarted from here")]
    NoRestart,
    /// It can't be written down.
    #[error("the settings can't be written: {0}")]
    Disk(#[from] std::io::Error),
    /// The box is shutting down.
    #[error("the box is shutting down")]
    Closed,
}

/// What is asked.
#[derive(Debug)]
pub enum Ask {
    /// How it is.
    Show,
    /// These values.
    Choose(Wishes),
    /// What is tried stays.
    Keep,
    /// What is tried goes.
    TakeBack,
    /// The box starts again.
    Restart,
    /// Everything is forgotten, and the box starts again as a new one.
    Reset,
}

/// A question with the way for its answer.
pub type Asked = (Ask, oneshot::Sender<Result<Settings, Error>>);

/// The way to the settings; cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle(mpsc::Sender<Asked>);

/// The two ends of it.
pub fn channel() -> (Handle, mpsc::Receiver<Asked>) {
    let (ask, asked) = mpsc::channel(QUEUE);
    (Handle(ask), asked)
}

impl Handle {
    /// Asks, and gives how it is afterwards.
    ///
    /// # Errors
    /// [`Error`]; then nothing has changed.
    pub async fn ask(&self, ask: Ask) -> Result<Settings, Error> {
        let (answer, answered) = oneshot::channel();
        self.0.send((ask, answer)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

//! What the owner adjusts on the camera: its controls, and which part of its picture is shown.
//!
//! One actor owns it for the camera in use, keeps it in the store by the camera's name, and brings the controls to the device whenever it is
//! opened: a camera that was unplugged has forgotten them. Controls are set beside whoever takes pictures, open or not. Does not own the
//! stream (that is `capture`'s), which follows `Handle::aims` and says what it has opened.

mod actor;
mod state;

pub use state::{Group, Item, Knob, KnobKind, PRESETS, Preset, Range};

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::choice::{Eye, EyeKind};
use super::modes::{self, Note};
use crate::drivers::device::Mode;
use crate::drivers::device::controls::{self, Controls};
use crate::drivers::store;
use crate::proto::auth::Name;
use crate::proto::layout::aim::Aim;
use crate::services::supervisor::{Part, Supervisor};

/// Orders that wait; whoever gives more waits as well.
const ORDERS: usize = 8;
/// How long opening the camera waits for its controls: one that hangs is opened as it is.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why something can't be adjusted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The camera in use is none with controls.
    #[error("there is no camera with controls: only one that is plugged in has them")]
    NoControls,
    /// It has no such control.
    #[error("the camera has no control with this number")]
    NoControl,
    /// A value does not do.
    #[error("this value can't be set: {0}")]
    BadValue(String),
    /// The camera sets it itself.
    #[error("the camera sets this itself at the moment: turn its automatic off first")]
    Inactive,
    /// The device can't be asked or told.
    #[error(transparent)]
    Device(#[from] controls::Error),
    /// All places are taken.
    #[error("there are {PRESETS} presets already: remove one first")]
    TooManyPresets,
    /// The box is in privacy mode: its camera is not opened.
    #[error("the box is in privacy mode: somebody who is there has to end it")]
    Private,
    /// There is none of this name.
    #[error("there is no preset with this name")]
    NoPreset,
    /// The box is shutting down.
    #[error("the box is shutting down")]
    Closed,
}

/// What the camera does at the moment. `capture` writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Using {
    pub(super) open: bool,
    pub(super) standing_in: bool,
    pub(super) mode: Option<Mode>,
    pub(super) note: Option<Note>,
}

/// Why controls are not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "CameraTrouble"))]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// The camera is not plugged in.
    Away,
    /// It refuses to say.
    Refused,
    /// What it says can't be read.
    Unreadable,
    /// The box is in privacy mode: its camera is not opened.
    Private,
}

/// The camera in use, and all that can be adjusted on it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Camera"))]
pub struct Report {
    /// What it calls itself; null where there is none.
    pub name: Option<String>,
    /// What sort of camera it is.
    pub kind: EyeKind,
    /// Pictures are taken at the moment: somebody looks.
    pub open: bool,
    /// It has failed, and a stand-in takes its place for a while.
    pub stand_in: bool,
    /// The mode it is open in, or was last.
    pub mode: Option<Mode>,
    /// What the owner should know of the mode.
    pub note: Option<Note>,
    /// What it has: each size of each format with its highest rate.
    pub modes: Vec<Mode>,
    /// Its controls.
    pub controls: Vec<Knob>,
    /// Why there are none.
    pub trouble: Option<Trouble>,
    /// Which part of the picture is shown.
    pub aim: Aim,
    /// Parts with a name.
    pub presets: Vec<Preset>,
}

enum Order {
    Report(oneshot::Sender<Report>),
    Set(u32, i64, oneshot::Sender<Result<Vec<Knob>, Error>>),
    Reset(oneshot::Sender<Result<Vec<Knob>, Error>>),
    Aim(Aim),
    Keep(Name, oneshot::Sender<Result<Vec<Preset>, Error>>),
    Forget(Name, oneshot::Sender<Result<Vec<Preset>, Error>>),
    Apply(oneshot::Sender<()>),
}

/// The way to it; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    orders: mpsc::Sender<Order>,
    aims: watch::Receiver<Aim>,
    using: Arc<watch::Sender<Using>>,
}

/// What it stands on.
pub(super) struct Parts {
    pub(super) store: store::Handle,
    pub(super) controls: Arc<dyn Controls>,
    /// Camera and microphone are closed.
    pub(super) private: watch::Receiver<bool>,
    pub(super) supervisor: Supervisor,
}

/// The camera it is about.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subject {
    pub(super) name: Option<String>,
    pub(super) kind: EyeKind,
    /// Where its controls are; nothing if it has none.
    pub(super) node: Option<PathBuf>,
    pub(super) modes: Vec<Mode>,
    /// What it is remembered by.
    pub(super) key: String,
}

impl Subject {
    pub(super) fn of(eye: Option<&Eye>, name: Option<&str>) -> Self {
        let camera = match eye {
            Some(Eye::V4l2(camera)) => Some(camera),
            _ => None,
        };
        Self {
            name: name.map(str::to_owned),
            kind: eye.map_or(EyeKind::None, Eye::kind),
            node: camera.map(|camera| camera.path.clone()),
            modes: camera.map(modes::offers).unwrap_or_default(),
            key: format!("camera:{}", eye.map_or_else(|| "none".to_owned(), Eye::key)),
        }
    }
}

/// Starts the actor on `tasks`; it ends with `cancel`, and keeps first what is not yet kept. `subject` is the camera in use, and again
/// whenever that is another.
pub(super) fn start(
    subject: watch::Receiver<Subject>,
    parts: Parts,
    tasks: &TaskTracker,
    cancel: CancellationToken,
) -> Handle {
    let (orders, mut inbox) = mpsc::channel(ORDERS);
    let (aim, aims) = watch::channel(Aim::WHOLE);
    let using = Arc::new(watch::Sender::new(Using::default()));
    let mut pauses = parts.supervisor.pauses(Part::Endpoint);
    let mut actor = actor::Actor::new(subject, parts, aim, using.subscribe());
    tasks.spawn(async move { while pauses.attempt(actor.run(&mut inbox, &cancel)).await.is_none() {} });
    Handle { orders, aims, using }
}

impl Handle {
    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(order(answer)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)
    }

    /// Everything there is to know.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn report(&self) -> Result<Report, Error> {
        self.ask(Order::Report).await
    }

    /// Sets one control, and keeps it. Answers with all of them: setting one may free or bind others.
    ///
    /// # Errors
    /// Any [`Error`] but those of presets.
    pub async fn set(&self, id: u32, value: i64) -> Result<Vec<Knob>, Error> {
        self.ask(|answer| Order::Set(id, value, answer)).await?
    }

    /// Sets all controls as they are in a fresh camera, and keeps none.
    ///
    /// # Errors
    /// [`Error::NoControls`], [`Error::Device`], [`Error::Closed`].
    pub async fn reset(&self) -> Result<Vec<Knob>, Error> {
        self.ask(Order::Reset).await?
    }

    /// Shows this part of the picture from now on, and keeps it.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn aim(&self, aim: Aim) -> Result<(), Error> {
        self.orders.send(Order::Aim(aim)).await.map_err(|_| Error::Closed)
    }

    /// Names the part of the picture that is shown now. One of the same name is another one then.
    ///
    /// # Errors
    /// [`Error::TooManyPresets`], [`Error::Closed`].
    pub async fn keep(&self, name: Name) -> Result<Vec<Preset>, Error> {
        self.ask(|answer| Order::Keep(name, answer)).await?
    }

    /// Forgets a preset.
    ///
    /// # Errors
    /// [`Error::NoPreset`], [`Error::Closed`].
    pub async fn forget(&self, name: Name) -> Result<Vec<Preset>, Error> {
        self.ask(|answer| Order::Forget(name, answer)).await?
    }

    /// Which part of the picture is shown, and every change of that.
    pub(super) fn aims(&self) -> watch::Receiver<Aim> {
        self.aims.clone()
    }

    /// Brings what is kept to the camera, which is about to be opened. Waits for that, but not for ever.
    pub(super) async fn prepare(&self) {
        if tokio::time::timeout(PATIENCE, self.ask(Order::Apply)).await.is_err() {
            tracing::warn!("the camera takes long to be adjusted; it is opened as it is");
        }
    }

    /// The camera is open like this, until what this gives is dropped.
    pub(super) fn opened(&self, using: Using) -> Opened {
        self.using.send_replace(using);
        Opened(self.using.clone())
    }
}

/// The camera is open while this is held.
pub(super) struct Opened(Arc<watch::Sender<Using>>);

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.send_modify(|using| (using.open, using.standing_in) = (false, false));
    }
}

//! The composed picture of everybody on air, and its encoder.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::encoder::{Encoded, Encoder};
use crate::model::purpose::Purpose;
use crate::model::raw;
use crate::model::time::MediaTime;
use crate::model::unit::Unit;
use crate::services::program::composition::{self, Makes, Settings};
use crate::services::program::consent::is_on_air;
use crate::services::program::members::Members;
use crate::services::program::{Config, DELAY, Parts, Pipelines, Seen};
use crate::services::room::Room;

/// A line over the program stays until it is taken away.
const STANDING: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// What those who watch read while everybody is still being asked.
const NOBODY: &str = "Nobody is on air yet";

type Ready = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct Composed {
    handle: composition::Handle,
    pictures: mpsc::Receiver<raw::Picture>,
    state: watch::Receiver<composition::State>,
    members: Members,
    /// Whether the line that nobody is on air stands; unknown at first.
    empty: Option<bool>,
    /// Completes when everybody is seen, or has been waited for.
    ready: Option<Ready>,
    pub encoder: Encoder,
}

/// What happens to a composition.
pub(super) enum Happened {
    /// Drawn, to be encoded if it is wanted.
    Picture(raw::Picture),
    /// Encoded.
    Unit(Unit),
    /// Something that was encoded is missing.
    Lost,
    /// Everybody is seen.
    Ready,
    /// Its members are others.
    Changed,
    /// It has ended.
    Ended,
}

impl Composed {
    pub fn start(config: &Config, parts: &Parts, tasks: &TaskTracker, stop: CancellationToken) -> Option<Self> {
        let Config { width, height, fps, .. } = *config;
        let Seen { media, composition: counters, supervisor } = parts.seen.clone();
        let encoder = Encoder::new(parts.encoders.clone(), media.clone(), tasks.clone());
        let settings = Settings {
            counters,
            supervisor,
            width,
            height,
            fps,
            delay: DELAY,
            overlay_for: STANDING,
            makes: Makes::Pictures,
            ..Settings::default()
        };
        let (handle, outputs) = composition::start(settings, Arc::new(Pipelines(media)), parts.timeline, tasks, stop);
        tracing::info!("composing the picture on air");
        Some(Self {
            state: handle.state(),
            pictures: outputs.pictures?,
            members: Members::new(Purpose::OnAir, Makes::Pictures),
            empty: None,
            ready: None,
            encoder,
            handle,
        })
    }

    /// Brings its members in line with the room.
    pub async fn follow(&mut self, room: &Room, parts: &Parts) {
        self.state.mark_unchanged();
        // Who could not be taken in is tried again at the next look.
        self.members.follow(room, is_on_air, &parts.origin, &self.handle).await;
        let empty = !room.participants.iter().any(is_on_air);
        if self.empty.replace(empty) != Some(empty) {
            // When the composition has ended, the next look at it says so.
            let _ = self.handle.overlay(empty.then(|| NOBODY.into())).await;
        }
    }

    /// Nothing of anybody who is out is in what was captured from here on.
    pub fn cut(&self) -> MediaTime {
        self.members.cut(&self.handle)
    }

    /// Tells by [`Happened::Ready`] when everybody is seen.
    pub fn await_everybody(&mut self) {
        let handle = self.handle.clone();
        self.ready.get_or_insert_with(|| {
            Box::pin(async move {
                // A composition that can't tell is as good as it gets.
                let _ = handle.snapshot().await;
            })
        });
    }

    /// Nothing is told any more.
    pub fn await_nobody(&mut self) {
        self.ready = None;
    }

    /// Whether everybody is still awaited.
    pub fn is_awaited(&self) -> bool {
        self.ready.is_some()
    }

    /// What happens next. Nothing is lost when this is dropped and called again.
    pub async fn next(&mut self) -> Happened {
        let waiting = self.ready.is_some();
        tokio::select! {
            picture = self.pictures.recv() => picture.map_or(Happened::Ended, Happened::Picture),
            () = async { if let Some(ready) = &mut self.ready { ready.await } }, if waiting => {
                self.ready = None;
                Happened::Ready
            }
            encoded = self.encoder.next() => match encoded {
                Encoded::Unit(unit) => Happened::Unit(unit),
                Encoded::Lost => Happened::Lost,
            },
            changed = self.state.changed() => if changed.is_ok() { Happened::Changed } else { Happened::Ended },
        }
    }
}

impl Drop for Composed {
    fn drop(&mut self) {
        tracing::info!("the picture on air is not composed any more");
    }
}

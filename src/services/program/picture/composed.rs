//! The composed picture of everybody on air, and its encoder.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::drivers::pipeline::{self, Counters, H264Encoder, VideoEncoderSpec};
use crate::model::id::PublicationId;
use crate::model::purpose::Purpose;
use crate::model::raw;
use crate::model::time::MediaTime;
use crate::model::unit::Unit;
use crate::proto::layout::arrange::Layout;
use crate::proto::screens::program::Slate;
use crate::services::program::composition::{self, Makes, Names, Settings};
use crate::services::program::consent::is_shown;
use crate::services::program::encoder::{Encoded, Encoder};
use crate::services::program::graphics::{Graphics, slate};
use crate::services::program::members::Members;
use crate::services::program::{Config, DELAY, Parts, Pipelines, Seen};
use crate::services::room::Room;

type Ready = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct Composed {
    handle: composition::Handle,
    pictures: mpsc::Receiver<raw::Picture>,
    state: watch::Receiver<composition::State>,
    members: Members,
    /// How everybody is arranged, and who is in front.
    arranged: (Layout, Names),
    front: Option<PublicationId>,
    graphics: Graphics,
    lift: Lift,
    /// Completes when everybody is seen, or has been waited for.
    ready: Option<Ready>,
    pub encoder: Encoder,
}

/// How far taking away a slate has come: it stays until everybody behind it is seen.
enum Lift {
    No,
    Waits(Ready),
    Due,
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
        let wanted = config.clone();
        let make = Box::new(move |counters: &Counters, encoder, out| {
            pipeline::video_encoder(counters, spec(&wanted, encoder), out)
        });
        let encoder = Encoder::new(parts.encoders.clone(), media.clone(), tasks.clone(), make);
        let settings = Settings {
            counters,
            supervisor,
            width,
            height,
            fps,
            delay: DELAY,
            makes: Makes::Pictures,
            ..Settings::default()
        };
        let (handle, outputs) = composition::start(settings, Arc::new(Pipelines(media)), parts.timeline, tasks, stop);
        tracing::info!("composing the picture on air");
        Some(Self {
            state: handle.state(),
            pictures: outputs.pictures?,
            members: Members::new(Purpose::OnAir, Makes::Pictures),
            arranged: Default::default(),
            front: None,
            graphics: Graphics::new(parts.language, (width, height)),
            lift: Lift::No,
            ready: None,
            encoder,
            handle,
        })
    }

    /// Brings its members in line with the room; `begun` says whether anybody was on air before.
    pub async fn follow(&mut self, room: &Room, begun: bool, parts: &Parts) {
        self.state.mark_unchanged();
        let direction = &room.direction;
        let names = if direction.names { Names::Shown } else { Names::Hidden };
        // When the composition has ended, the next look at it says so: here as below.
        if self.arranged != (direction.layout, names) {
            self.arranged = (direction.layout, names);
            let _ = self.handle.arrange(direction.layout, names).await;
        }
        let front = direction.front(room, self.front);
        if self.front != front {
            self.front = front;
            let _ = self.handle.front(front).await;
        }
        self.members.show_cards(!direction.layout.shows_pictures());
        // Who could not be taken in is tried again at the next look.
        self.members.follow(room, |p| is_shown(p, room), &parts.origin, &self.handle).await;
        self.cover(room, slate(room, begun), parts);
    }

    /// Brings what lies over the picture in line with the room.
    fn cover(&mut self, room: &Room, slate: Option<Slate>, parts: &Parts) {
        let logo = parts.logo.follow().borrow().clone();
        match (slate.is_none() && self.graphics.is_slate(), &self.lift) {
            (true, Lift::No) => self.lift = Lift::Waits(everybody(&self.handle)),
            (true, Lift::Waits(_)) => {}
            (true, Lift::Due) | (false, _) => {
                self.lift = Lift::No;
                self.graphics.follow(room, slate, logo);
            }
        }
    }

    /// Nothing of anybody who is out is in what was captured from here on.
    pub fn cut(&self) -> MediaTime {
        self.members.cut(&self.handle)
    }

    /// Tells by [`Happened::Ready`] when everybody is seen.
    pub fn await_everybody(&mut self) {
        let handle = &self.handle;
        self.ready.get_or_insert_with(|| everybody(handle));
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
            picture = self.pictures.recv() => match picture {
                Some(picture) => Happened::Picture(self.graphics.over(picture)),
                None => Happened::Ended,
            },
            // A slate may be in its place, or gone.
            () = self.graphics.drawn() => Happened::Changed,
            () = async { if let Some(ready) = &mut self.ready { ready.await } }, if waiting => {
                self.ready = None;
                Happened::Ready
            }
            () = lifts(&mut self.lift) => {
                self.lift = Lift::Due;
                Happened::Changed
            }
            encoded = self.encoder.next() => match encoded {
                Encoded::Unit(unit) => Happened::Unit(unit),
                Encoded::Lost => Happened::Lost,
            },
            changed = self.state.changed() => if changed.is_ok() { Happened::Changed } else { Happened::Ended },
        }
    }
}

fn spec(config: &Config, encoder: H264Encoder) -> VideoEncoderSpec {
    let interval = config.keyframe_interval.as_secs_f64() * f64::from(config.fps);
    VideoEncoderSpec {
        width: config.width,
        height: config.height,
        fps: config.fps,
        bitrate: config.bitrate.bps() as u32,
        keyframe_interval: interval.round() as u32,
        encoder,
    }
}

/// Completes when everybody is seen, or has been waited for.
fn everybody(handle: &composition::Handle) -> Ready {
    let handle = handle.clone();
    Box::pin(async move {
        // A composition that can't tell is as good as it gets.
        let _ = handle.snapshot().await;
    })
}

/// Completes when a slate may go.
async fn lifts(lift: &mut Lift) {
    match lift {
        Lift::Waits(ready) => ready.await,
        Lift::No | Lift::Due => std::future::pending().await,
    }
}

impl Drop for Composed {
    fn drop(&mut self) {
        tracing::info!("the picture on air is not composed any more");
    }
}

//! The tasks of a composition: feeds of tracks and drawers of text. All of them report on one channel.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;
use tracing::Instrument;

use super::Shows;
use super::codecs::{CardSpec, Codecs, VideoSpec};
use super::counters::Counters;
use super::feed::{Backoff, Ending, Feed, Start};
use crate::model::id::PublicationId;
use crate::model::layer::{Layer, Layers};
use crate::model::raw::{Picture, Sound};
use crate::model::ring::Reader;
use crate::model::track::Codec;
use crate::model::unit::Unit;
use crate::proto::sfu::{filling, filling_screen};
use crate::services::supervisor::{Part, Supervisor};

/// Decoded media on the way from the feeds. When it is full, the feeds wait, and then the decoders leave out.
const DECODED: usize = 64;
/// How long a member whose feed failed is missing before they are taken out, to be taken in anew.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Which seat something is for: the life of a member from being added to being removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) key: PublicationId,
    pub(super) life: u64,
}

/// What the tasks report.
pub(super) enum Input {
    Picture(Ticket, Picture),
    Sound(Ticket, Sound),
    Card(Ticket, Picture),
    Overlay(u64, Picture),
    Ended(Ticket, Ending),
}

/// Owns the tasks. Dropping it ends them.
pub(super) struct Workers {
    codecs: Arc<dyn Codecs>,
    counters: Arc<Counters>,
    supervisor: Supervisor,
    tasks: JoinSet<()>,
    to: mpsc::Sender<Input>,
}

impl Workers {
    /// No tasks yet, and the channel on which they will report.
    pub(super) fn new(
        codecs: Arc<dyn Codecs>,
        counters: Arc<Counters>,
        supervisor: Supervisor,
    ) -> (Self, mpsc::Receiver<Input>) {
        let (to, inputs) = mpsc::channel(DECODED);
        (Self { codecs, counters, supervisor, tasks: JoinSet::new(), to }, inputs)
    }

    /// Clears away what has ended, for ever. May be dropped and called again.
    pub(super) async fn reap(&mut self) {
        loop {
            match self.tasks.join_next().await {
                Some(Err(error)) if error.is_panic() => tracing::error!(%error, "a task of the composition panicked"),
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Ends all tasks and waits until they have ended.
    pub(super) async fn shutdown(&mut self) {
        self.tasks.shutdown().await;
    }

    /// Has text drawn, again and again until it works.
    pub(super) fn draw(&mut self, spec: CardSpec, wrap: impl FnOnce(Picture) -> Input + Send + 'static) -> AbortHandle {
        let (codecs, to) = (self.codecs.clone(), self.to.clone());
        self.tasks.spawn(async move {
            let mut backoff = Backoff::new();
            let picture = loop {
                match codecs.card(spec.clone()).await {
                    Ok(picture) => break picture,
                    Err(failure) => tracing::warn!(%failure, "a card could not be drawn"),
                }
                sleep(backoff.next()).await;
            };
            let _ = to.send(wrap(picture)).await;
        })
    }

    /// Brings the pictures of a member, decoded as the watch says.
    pub(super) fn video(
        &mut self,
        ticket: Ticket,
        (codec, shows): (Codec, Shows),
        reader: Reader<Unit>,
        spec: watch::Receiver<Option<VideoSpec>>,
    ) -> AbortHandle {
        let codecs = self.codecs.clone();
        let feed = Feed {
            reader,
            spec,
            start: Start::Keyframe,
            layers: Box::new(move |spec: &VideoSpec| Layers::up_to(layer(shows, spec.height))),
            build: Box::new(move |spec: &VideoSpec, pictures| codecs.video(codec, spec, pictures)),
            wrap: Box::new(move |picture| Input::Picture(ticket, picture)),
            to: self.to.clone(),
            counters: self.counters.clone(),
        };
        self.feed(ticket, feed, tracing::info_span!("video", publication = %ticket.key))
    }

    /// Brings the sound of a member.
    pub(super) fn audio(&mut self, ticket: Ticket, reader: Reader<Unit>) -> AbortHandle {
        let codecs = self.codecs.clone();
        let (wanted, spec) = watch::channel(Some(()));
        let feed = Feed {
            reader,
            spec,
            start: Start::Anywhere,
            layers: Box::new(|(): &()| Layers::ALL),
            build: Box::new(move |(): &(), sounds| {
                let _keeps_the_watch_open = &wanted;
                codecs.audio(sounds)
            }),
            wrap: Box::new(move |sound| Input::Sound(ticket, sound)),
            to: self.to.clone(),
            counters: self.counters.clone(),
        };
        self.feed(ticket, feed, tracing::info_span!("audio", publication = %ticket.key))
    }

    fn feed<S, T>(&mut self, ticket: Ticket, feed: Feed<S, T, Input>, span: tracing::Span) -> AbortHandle
    where
        S: Clone + Send + Sync + 'static,
        T: Send + 'static,
    {
        let (to, supervisor) = (self.to.clone(), self.supervisor.clone());
        let task = async move {
            let ending = match supervisor.once(Part::Feed, feed.run()).await {
                Ok(ending) => ending,
                Err(_) => {
                    sleep(AFTER_FAILURE).await;
                    Some(Ending::Failed)
                }
            };
            if let Some(ending) = ending {
                let _ = to.send(Input::Ended(ticket, ending)).await;
            }
        };
        self.tasks.spawn(task.instrument(span))
    }
}

/// The smallest layer that fills a tile of so many lines.
fn layer(shows: Shows, height: u32) -> Layer {
    match shows {
        Shows::Camera => filling(height, None),
        Shows::Screen => filling_screen(height),
    }
}

//! One packaging run: units of a broadcast into snapshots of its window.

use std::future::pending;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{Counters, Feed, Streams};
use crate::model::ring::{Next, Reader};
use crate::model::time::MediaTime;
use crate::model::track::Kind;
use crate::model::unit::Unit;
use crate::proto::hls::{Effects, Snapshot, Timing, Tracks, Window};

/// What a run needs.
pub(super) struct Package {
    pub feed: Arc<dyn Feed>,
    pub timing: Timing,
    /// Wall time of media time zero, in nanoseconds since 1970 UTC.
    pub epoch_unix_nanos: i128,
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    pub stop: CancellationToken,
    pub counters: Arc<Counters>,
}

impl Package {
    /// Packages until the feed ends or `stop`. The last snapshot is an ended one.
    pub async fn run(self) {
        let _packaging = self.counters.packaging.hold();
        let opened = tokio::select! {
            () = self.stop.cancelled() => return,
            opened = self.feed.open() => opened,
        };
        match opened {
            Ok(streams) => self.pump(streams).await,
            Err(error) => warn!(%error, "the broadcast can't be packaged"),
        }
    }

    async fn pump(self, streams: Streams) {
        let Streams { mut video, mut audio, cuts } = streams;
        let tracks = match (&video, &audio) {
            (Some(_), Some(_)) => Tracks::Both,
            (Some(_), None) => Tracks::Video,
            (None, Some(_)) => Tracks::Audio,
            (None, None) => return warn!("the broadcast has neither picture nor sound"),
        };
        info!(?tracks, "packaging");
        let mut window = Window::new(self.timing, tracks, self.epoch_unix_nanos);
        let mut cuts = Some(cuts);
        if let Some(cuts) = &mut cuts {
            window.forget(*cuts.borrow_and_update());
        }
        request_keyframe(&video);
        let mut complained = false;
        while video.is_some() || audio.is_some() {
            let (kind, next) = tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                cut = next_cut(&mut cuts) => {
                    self.apply(window.forget(cut), &window, &video);
                    continue;
                }
                next = next_unit(&mut video) => (Kind::Video, next),
                next = next_unit(&mut audio) => (Kind::Audio, next),
            };
            let effects = match next {
                // The permission to forget may have come in the same moment: nothing older is published after it.
                Next::Item(unit) => window.push(unit),
                Next::Lagged(units) => {
                    self.counters.skipped.add(units);
                    debug!(?kind, units, "packaging was too slow");
                    Ok(window.lost(kind))
                }
                Next::Closed => {
                    *(if kind == Kind::Video { &mut video } else { &mut audio }) = None;
                    window.end(kind)
                }
                Next::Revoked => {
                    window.forget(MediaTime::from_nanos(i64::MAX));
                    break;
                }
            };
            match effects {
                Ok(effects) => self.apply(effects, &window, &video),
                Err(error) if !complained => {
                    complained = true;
                    warn!(?kind, %error, "units can't be packaged");
                }
                Err(_) => {}
            }
        }
        for kind in [Kind::Video, Kind::Audio] {
            if let Err(error) = window.end(kind) {
                debug!(?kind, %error, "the last units can't be packaged");
            }
        }
        self.snapshots.send_replace(Arc::new(window.snapshot()));
        info!("packaging ended");
    }

    fn apply(&self, effects: Effects, window: &Window, video: &Option<Reader<Unit>>) {
        if effects.keyframe {
            request_keyframe(video);
        }
        if effects.changed {
            let snapshot = window.snapshot();
            let before = self.snapshots.borrow().made();
            let made = snapshot.made();
            self.counters.segments.add(made.segments.saturating_sub(before.segments));
            self.counters.parts.add(made.parts.saturating_sub(before.parts));
            self.snapshots.send_replace(Arc::new(snapshot));
        }
    }
}

fn request_keyframe(video: &Option<Reader<Unit>>) {
    if let Some(video) = video {
        video.request_keyframe();
    }
}

async fn next_unit(reader: &mut Option<Reader<Unit>>) -> Next<Unit> {
    match reader {
        Some(reader) => reader.next().await,
        None => pending().await,
    }
}

/// The next cut. Once nobody can make one any more, waits for ever.
async fn next_cut(cuts: &mut Option<watch::Receiver<MediaTime>>) -> MediaTime {
    if let Some(changes) = cuts {
        if changes.changed().await.is_ok() {
            return *changes.borrow_and_update();
        }
        *cuts = None;
    }
    pending().await
}

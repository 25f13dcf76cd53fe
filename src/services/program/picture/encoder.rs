//! The encoder of a composed picture: pictures in, units out, and its failures.

use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::drivers::pipeline::{self, Fed, Keyframes, PictureFeed, Running, VideoEncoderSpec};
use crate::model::raw::Picture;
use crate::model::ring::{Gate, Next, Reader, UNITS, ring};
use crate::model::unit::Unit;
use crate::services::program::{BACK_OFF, Config, Parts, failed};

struct Working {
    running: Running,
    feed: PictureFeed,
    keyframes: Keyframes,
    units: Reader<Unit>,
}

/// Made with the first picture, and made anew a while after it failed.
pub(super) struct Encoder {
    working: Option<Working>,
    /// When it may be made.
    since: Instant,
    tasks: TaskTracker,
}

/// What comes of an encoder.
pub(super) enum Encoded {
    Unit(Unit),
    /// What it made was not read in time.
    Lost,
}

impl Encoder {
    pub fn new(tasks: TaskTracker) -> Self {
        Self { working: None, since: Instant::now(), tasks }
    }

    /// Encodes a picture.
    pub fn picture(&mut self, picture: &Picture, config: &Config, parts: &Parts) {
        if self.working.is_none() && Instant::now() >= self.since {
            match start(config, parts) {
                Ok(working) => self.working = Some(working),
                Err(error) => {
                    tracing::error!(%error, "the picture of the program can't be encoded");
                    self.since = Instant::now() + BACK_OFF;
                }
            }
        }
        // An encoder that is gone says so by an event.
        if let Some(working) = &self.working
            && working.feed.push(picture) == Ok(Fed::Full)
        {
            tracing::debug!("the encoder of the picture is too slow");
        }
    }

    /// The next picture becomes a keyframe.
    pub fn request_keyframe(&self) {
        if let Some(working) = &self.working {
            working.keyframes.request();
        }
    }

    /// What it makes. Nothing is lost when this is dropped and called again.
    pub async fn next(&mut self) -> Encoded {
        let Some(Working { running, units, .. }) = &mut self.working else {
            return std::future::pending().await;
        };
        tokio::select! {
            biased;
            next = units.next() => match next {
                Next::Item(unit) => return Encoded::Unit(unit),
                Next::Lagged(_) => return Encoded::Lost,
                Next::Closed | Next::Revoked => {}
            },
            () = failed(Some(running)) => {}
        }
        self.since = Instant::now() + BACK_OFF;
        self.stop();
        Encoded::Lost
    }

    fn stop(&mut self) {
        if let Some(working) = self.working.take() {
            self.tasks.spawn(working.running.stop());
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        self.stop();
    }
}

fn start(config: &Config, parts: &Parts) -> Result<Working, pipeline::Error> {
    let interval = config.keyframe_interval.as_secs_f64() * f64::from(config.fps);
    let spec = VideoEncoderSpec {
        width: config.width,
        height: config.height,
        fps: config.fps,
        bitrate: config.bitrate.bps() as u32,
        keyframe_interval: interval.round() as u32,
        encoder: parts.encoder,
    };
    let (writer, source) = ring(UNITS);
    let (running, feed, keyframes) = pipeline::video_encoder(&parts.seen.media, spec, writer)?;
    Ok(Working { running, feed, keyframes, units: source.reader(Gate::default()) })
}

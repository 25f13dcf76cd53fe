//! An encoder of pictures of one kind: pictures in, units out, and its failures.

use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::drivers::pipeline::{self, Counters, Encoders, Fed, Gone, H264Encoder, Keyframes, PictureFeed, Running};
use crate::model::raw::Picture;
use crate::model::ring::{Gate, Next, Reader, UNITS, Writer, ring};
use crate::model::time::MediaTime;
use crate::model::unit::Unit;
use crate::services::program::{BACK_OFF, failed};

/// Makes a pipeline with this encoder.
pub type Make = Box<dyn Fn(&Counters, H264Encoder, Writer<Unit>) -> Made + Send + Sync>;
type Made = Result<(Running, PictureFeed, Keyframes), pipeline::Error>;

struct Working {
    encoder: H264Encoder,
    running: Running,
    feed: PictureFeed,
    keyframes: Keyframes,
    units: Reader<Unit>,
}

/// Made with the first picture, and made anew a while after it failed.
pub struct Encoder {
    make: Make,
    working: Option<Working>,
    /// When it may be made.
    since: Instant,
    /// One that takes nothing any more was left behind, and nobody was told.
    lost: bool,
    encoders: Encoders,
    counters: Counters,
    tasks: TaskTracker,
}

/// What comes of an encoder.
pub enum Encoded {
    /// The next unit.
    Unit(Unit),
    /// What it made was not read in time.
    Lost,
}

impl Encoder {
    /// None yet: the first picture has one made.
    pub fn new(encoders: Encoders, counters: Counters, tasks: TaskTracker, make: Make) -> Self {
        Self { make, working: None, since: Instant::now(), lost: false, encoders, counters, tasks }
    }

    /// Encodes a picture.
    pub fn picture(&mut self, picture: &Picture) {
        if self.working.is_none() && Instant::now() >= self.since {
            let encoder = self.encoders.now();
            match self.start(encoder) {
                Ok(working) => self.working = Some(working),
                Err(error) => {
                    tracing::error!(%error, "a picture can't be encoded");
                    self.fail(encoder);
                }
            }
        }
        match self.working.as_ref().map(|working| working.feed.push(picture)) {
            Some(Ok(Fed::Full)) => tracing::debug!("the encoder of the picture is too slow"),
            // One that hangs may never say so.
            Some(Err(Gone)) => {
                self.end();
                self.lost = true;
            }
            _ => {}
        }
    }

    /// Another encoder takes its place at once if there is one, else it is made anew a while later.
    fn fail(&mut self, encoder: H264Encoder) {
        self.since = Instant::now();
        if !self.encoders.failed(encoder) {
            self.since += BACK_OFF;
        }
    }

    /// The next picture becomes a keyframe.
    pub fn request_keyframe(&self) {
        if let Some(working) = &self.working {
            working.keyframes.request();
        }
    }

    /// The picture of this moment, which is not handed over yet, becomes a keyframe.
    pub fn request_keyframe_at(&self, time: MediaTime) {
        if let Some(working) = &self.working {
            working.keyframes.request_at(time);
        }
    }

    /// What it makes. Nothing is lost when this is dropped and called again.
    pub async fn next(&mut self) -> Encoded {
        if std::mem::take(&mut self.lost) {
            return Encoded::Lost;
        }
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
        self.end();
        Encoded::Lost
    }

    /// The one that works has ended by itself.
    fn end(&mut self) {
        if let Some(encoder) = self.working.as_ref().map(|working| working.encoder) {
            self.fail(encoder);
        }
        self.stop();
    }

    fn start(&self, encoder: H264Encoder) -> Result<Working, pipeline::Error> {
        let (writer, source) = ring(UNITS);
        let (running, feed, keyframes) = (self.make)(&self.counters, encoder, writer)?;
        Ok(Working { encoder, running, feed, keyframes, units: source.reader(Gate::default()) })
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::drivers::pipeline::{Chosen, H264Choice, VideoEncoderSpec};

    fn picture(number: i64) -> Picture {
        let data = vec![128; 320 * 180 * 3 / 2].into();
        Picture { width: 320, height: 180, time: MediaTime::from_millis(number * 33), data }
    }

    fn make(counters: &Counters, encoder: H264Encoder, out: Writer<Unit>) -> Made {
        let spec =
            VideoEncoderSpec { width: 320, height: 180, fps: 30, bitrate: 300_000, keyframe_interval: 60, encoder };
        pipeline::video_encoder(counters, spec, out)
    }

    #[tokio::test]
    async fn another_encoder_takes_the_place_of_one_that_can_t_be_started() {
        let tasks = TaskTracker::new();
        pipeline::init().expect("it is installed");
        let gone = Chosen { encoder: H264Encoder::Mpp, speed: None, instead_of: None };
        assert!(H264Encoder::Mpp.installed().is_err(), "the test needs one that is missing");
        let encoders = Encoders::new(gone, H264Choice::Auto);
        let mut encoder = Encoder::new(encoders.clone(), Counters::default(), tasks, Box::new(make));
        let mut number = 0;
        let first = tokio::time::timeout(Duration::from_secs(30), async {
            loop {
                encoder.picture(&picture(number));
                number += 1;
                if let Ok(Encoded::Unit(unit)) = tokio::time::timeout(Duration::from_millis(20), encoder.next()).await {
                    return unit;
                }
            }
        });
        assert!(first.await.expect("in time").keyframe);
        assert_eq!(encoders.chosen().instead_of, Some(H264Encoder::Mpp));
    }
}

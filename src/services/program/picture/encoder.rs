//! The encoder of a composed picture: pictures in, units out, and its failures.

use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::drivers::pipeline::{
    self, Counters, Encoders, Fed, Gone, H264Encoder, Keyframes, PictureFeed, Running, VideoEncoderSpec,
};
use crate::model::raw::Picture;
use crate::model::ring::{Gate, Next, Reader, UNITS, ring};
use crate::model::unit::Unit;
use crate::services::program::{BACK_OFF, Config, failed};

struct Working {
    encoder: H264Encoder,
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
    /// One that takes nothing any more was left behind, and nobody was told.
    lost: bool,
    encoders: Encoders,
    counters: Counters,
    tasks: TaskTracker,
}

/// What comes of an encoder.
pub(super) enum Encoded {
    Unit(Unit),
    /// What it made was not read in time.
    Lost,
}

impl Encoder {
    pub fn new(encoders: Encoders, counters: Counters, tasks: TaskTracker) -> Self {
        Self { working: None, since: Instant::now(), lost: false, encoders, counters, tasks }
    }

    /// Encodes a picture.
    pub fn picture(&mut self, picture: &Picture, config: &Config) {
        if self.working.is_none() && Instant::now() >= self.since {
            let encoder = self.encoders.now();
            match start(encoder, config, &self.counters) {
                Ok(working) => self.working = Some(working),
                Err(error) => {
                    tracing::error!(%error, "the picture of the program can't be encoded");
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

fn start(encoder: H264Encoder, config: &Config, counters: &Counters) -> Result<Working, pipeline::Error> {
    let interval = config.keyframe_interval.as_secs_f64() * f64::from(config.fps);
    let spec = VideoEncoderSpec {
        width: config.width,
        height: config.height,
        fps: config.fps,
        bitrate: config.bitrate.bps() as u32,
        keyframe_interval: interval.round() as u32,
        encoder,
    };
    let (writer, source) = ring(UNITS);
    let (running, feed, keyframes) = pipeline::video_encoder(counters, spec, writer)?;
    Ok(Working { encoder, running, feed, keyframes, units: source.reader(Gate::default()) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::drivers::pipeline::{Chosen, H264Choice};
    use crate::model::time::MediaTime;

    fn picture(config: &Config, number: i64) -> Picture {
        let (width, height) = (config.width, config.height);
        let data = vec![128; (width * height * 3 / 2) as usize].into();
        Picture { width, height, time: MediaTime::from_millis(number * 33), data }
    }

    #[tokio::test]
    async fn another_encoder_takes_the_place_of_one_that_can_t_be_started() {
        let config = Config::default();
        let tasks = TaskTracker::new();
        pipeline::init().expect("it is installed");
        let gone = Chosen { encoder: H264Encoder::Mpp, speed: None, instead_of: None };
        assert!(H264Encoder::Mpp.installed().is_err(), "the test needs one that is missing");
        let encoders = Encoders::new(gone, H264Choice::Auto);
        let mut encoder = Encoder::new(encoders.clone(), Counters::default(), tasks);
        let mut number = 0;
        let first = tokio::time::timeout(Duration::from_secs(30), async {
            loop {
                encoder.picture(&picture(&config, number), &config);
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

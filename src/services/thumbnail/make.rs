//! Makes one picture: finds a keyframe, decodes it small, and codes it as JPEG.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::task::TaskTracker;

use super::state::{Made, OnAir, Picture};
use crate::drivers::pipeline::{self, Counters, Event, VideoDecoderSpec};
use crate::model::id::BroadcastId;
use crate::model::purpose::Purpose;
use crate::model::raw;
use crate::model::ring::Next;
use crate::model::track::Codec;
use crate::model::unit::Unit;
use crate::proto::cmaf::Format;
use crate::services::{at, egress, origin};

/// How large it is at most, in pixels across and down.
const SIZE: (u32, u32) = (320, 180);
/// How long it may take in all, on the slowest board with everything else going on.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it is given out while somebody watches.
const FRESH: Duration = Duration::from_secs(10);
/// And where what is on air ran for it alone: somebody who looks at a list has that for some seconds of a minute.
const FRESH_ALONE: Duration = Duration::from_secs(60);
/// How long a keyframe is waited for that comes by itself, before one is asked for.
const NATURAL: Duration = Duration::from_secs(3);
/// A composition that has just begun does not show everybody yet: how long it runs before a picture of it is taken.
const SETTLE: Duration = Duration::from_secs(2);
/// A decoder that gives nothing is fed once more after this: it held the picture back until the next one.
const FEED: Duration = Duration::from_secs(1);
/// After each one nothing is decoded for so many times as long as it took: a quarter of one core at most goes into them.
const REST: u32 = 3;

#[derive(Clone)]
pub(super) struct Maker {
    pub egress: egress::Handle,
    pub origin: origin::Handle,
    pub media: Counters,
    /// On which pipelines end.
    pub tasks: TaskTracker,
    /// One at a time, and none before this.
    pub turn: Arc<Mutex<Instant>>,
}

impl Maker {
    /// Makes one of this keyframe, or else of what is on air, not from before the cut; nothing if none comes in time.
    pub async fn make(self, id: BroadcastId, now: OnAir, keyframe: Option<Unit>) -> Option<Made> {
        let made = async {
            let (unit, fresh) = match keyframe {
                Some(unit) => (unit, FRESH),
                None => self.keyframe(id, now).await?,
            };
            let jpeg = self.picture(&unit).await?;
            Some(Made { picture: Picture { jpeg, at: unit.pts }, publication: now.publication, fresh })
        };
        timeout(PATIENCE, made).await.ok().flatten()
    }

    /// A keyframe of what is on air, and how long a picture of it is given out: one that was packaged for somebody who watches, or the next
    /// one to come.
    async fn keyframe(&self, id: BroadcastId, now: OnAir) -> Option<(Unit, Duration)> {
        let packaged = self.egress.keyframe(id, LINES, None).await.ok().flatten();
        if let Some(unit) = packaged.filter(|unit| unit.pts >= now.cut) {
            return Some((unit, FRESH));
        }
        let mut units = self.origin.units(now.publication, Codec::H264, Purpose::OnAir).await.ok()?;
        let alone = units.is_alone();
        let fresh = if alone { FRESH_ALONE } else { FRESH };
        let mut ask = (!alone).then(|| Instant::now() + NATURAL);
        if alone {
            units.request_keyframe();
        }
        let mut settled = !alone;
        loop {
            tokio::select! {
                next = units.next() => match next {
                    Next::Item(unit) if settled && unit.keyframe && !unit.gap && unit.pts >= now.cut => {
                        return Some((unit, fresh));
                    }
                    Next::Item(_) if !settled => {
                        ask.get_or_insert_with(|| Instant::now() + SETTLE);
                    }
                    Next::Item(_) | Next::Lagged(_) => {}
                    Next::Closed | Next::Revoked => return None,
                },
                () = at(ask) => {
                    settled = true;
                    units.request_keyframe();
                    ask = Some(Instant::now() + NATURAL);
                }
            }
        }
    }

    async fn picture(&self, unit: &Unit) -> Option<bytes::Bytes> {
        let mut turn = self.turn.lock().await;
        sleep_until(*turn).await;
        let begun = Instant::now();
        let jpeg = async {
            let picture = self.decode(unit).await?;
            let failed = |error: &pipeline::Error| tracing::error!(%error, "a small picture can't be coded");
            pipeline::jpeg(&picture, None).await.inspect_err(failed).ok()
        };
        let jpeg = jpeg.await;
        *turn = Instant::now() + begun.elapsed() * REST;
        jpeg
    }

    async fn decode(&self, unit: &Unit) -> Option<raw::Picture> {
        let size = Format::read(&unit.config).ok()?.picture()?;
        let (width, height) = fitting(size.width.into(), size.height.into());
        let (sender, mut pictures) = mpsc::channel(1);
        let spec = VideoDecoderSpec { codec: Codec::H264, width, height, caption: None };
        let (mut running, mut feed) = pipeline::video_decoder(&self.media, spec, sender)
            .inspect_err(|error| tracing::error!(%error, "what is on air can't be decoded for a small picture"))
            .ok()?;
        let mut unit = unit.clone();
        let picture = loop {
            if feed.push(&unit).is_err() {
                break None;
            }
            let again = Instant::now() + FEED;
            let came = loop {
                tokio::select! {
                    biased;
                    picture = pictures.recv() => break Some(picture),
                    event = running.event() => if event != Event::Started {
                        break Some(None);
                    },
                    () = sleep_until(again) => break None,
                }
            };
            match came {
                Some(picture) => break picture,
                None => unit.pts = unit.pts.plus_nanos(FEED.as_nanos() as i64),
            }
        };
        self.tasks.spawn(running.stop());
        picture
    }
}

/// The lines of the smallest picture that is good enough.
pub(super) const LINES: u16 = SIZE.1 as u16;

/// The largest size within [`SIZE`] that is as wide to its height, both even.
fn fitting(width: u32, height: u32) -> (u32, u32) {
    let (width, height) = (u64::from(width.max(1)), u64::from(height.max(1)));
    let (most, tall) = (u64::from(SIZE.0), u64::from(SIZE.1));
    let (width, height) = match width * tall >= height * most {
        true => (most, most * height / width),
        false => (tall * width / height, tall),
    };
    let even = |pixels: u64| u32::try_from(pixels & !1).unwrap_or(2).max(16);
    (even(width), even(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_keeps_its_shape() {
        assert_eq!(fitting(1280, 720), (320, 180));
        assert_eq!(fitting(256, 144), (320, 180));
        assert_eq!(fitting(640, 480), (240, 180));
        assert_eq!(fitting(720, 1280), (100, 180));
        assert_eq!(fitting(4000, 100), (320, 16), "no smaller than a decoder takes");
        assert_eq!(fitting(0, 0), (180, 180));
    }
}

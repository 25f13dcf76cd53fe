//! What is on air, decoded once for all of its rungs.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;

use crate::drivers::pipeline::{self, Counters, Event, Fed, Running, UnitFeed, VideoDecoderSpec};
use crate::model::id::PublicationId;
use crate::model::purpose::Purpose;
use crate::model::raw::Picture;
use crate::model::ring::{Demand, Next, Reader, Writer};
use crate::model::time::MediaTime;
use crate::model::track::Codec;
use crate::model::unit::Unit;
use crate::proto::cmaf::Format;
use crate::services::origin;

/// Pictures between the decoder and the ring. When it is full the newest is left out.
const DECODED: usize = 4;
/// Keyframes that are on their way through the decoder. The oldest is forgotten: it did not come out.
const KEYFRAMES: usize = 16;
/// How often a keyframe is asked for while there is nothing to begin with.
const ASK: Duration = Duration::from_secs(1);
/// Before it is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// A picture that is on air.
#[derive(Clone)]
pub(super) struct Decoded {
    pub(super) picture: Picture,
    /// It was a keyframe: rungs have one there, too.
    pub(super) keyframe: bool,
}

/// Decodes one publication.
pub(super) struct Decoding {
    pub(super) source: PublicationId,
    pub(super) origin: origin::Handle,
    pub(super) media: Counters,
    pub(super) tasks: TaskTracker,
    pub(super) pictures: Writer<Decoded>,
    pub(super) demand: Demand,
}

struct Decoder {
    size: (u32, u32),
    running: Running,
    feed: UnitFeed,
    decoded: mpsc::Receiver<Picture>,
    keyframes: VecDeque<MediaTime>,
}

impl Decoding {
    /// Decodes while somebody reads the pictures, until it is dropped.
    pub(super) async fn run(mut self) {
        loop {
            while self.demand.readers() == 0 {
                self.demand.changed().await;
            }
            match self.origin.units(self.source, Codec::H264, Purpose::OnAir).await {
                Ok(reader) => self.decode(reader).await,
                Err(error) => {
                    tracing::debug!(%error, "there is nothing to make smaller pictures of");
                    sleep(AGAIN).await;
                }
            }
        }
    }

    /// Decodes until nobody reads, or nothing comes any more.
    async fn decode(&mut self, mut units: Reader<Unit>) {
        let mut decoder: Option<Decoder> = None;
        let mut asked = Instant::now();
        units.request_keyframe();
        loop {
            tokio::select! {
                wanted = self.demand.changed() => if wanted.readers == 0 {
                    break;
                },
                next = units.next() => match next {
                    Next::Item(unit) => {
                        let fed = self.feed(&unit, &mut decoder);
                        if fed != Fed::Taken && asked.elapsed() >= ASK {
                            asked = Instant::now();
                            units.request_keyframe();
                        }
                    }
                    Next::Lagged(_) => units.request_keyframe(),
                    Next::Closed | Next::Revoked => {
                        sleep(AGAIN).await;
                        break;
                    }
                },
                picture = decoded(&mut decoder) => match picture {
                    Some(decoded) => self.pictures.push(decoded),
                    None => {
                        self.stop(decoder.take());
                        sleep(AGAIN).await;
                        units.request_keyframe();
                    }
                },
            }
        }
        self.stop(decoder);
    }

    fn feed(&self, unit: &Unit, decoder: &mut Option<Decoder>) -> Fed {
        if unit.keyframe {
            // Another size needs another decoder: what it gives has the size that it was made for.
            let Some(size) = size(unit) else { return Fed::Refused };
            if decoder.as_ref().is_none_or(|decoder| decoder.size != size) {
                self.stop(decoder.take());
                *decoder = self.start(size);
            }
        }
        let Some(working) = decoder else { return Fed::NeedsKeyframe };
        match working.feed.push(unit) {
            Ok(fed) => {
                if fed == Fed::Taken && unit.keyframe {
                    working.keyframes.push_back(unit.pts);
                    if working.keyframes.len() > KEYFRAMES {
                        working.keyframes.pop_front();
                    }
                }
                fed
            }
            // Its end is told by its events.
            Err(_) => Fed::NeedsKeyframe,
        }
    }

    fn start(&self, (width, height): (u32, u32)) -> Option<Decoder> {
        let (pictures, decoded) = mpsc::channel(DECODED);
        let spec = VideoDecoderSpec { codec: Codec::H264, width, height, caption: None };
        match pipeline::video_decoder(&self.media, spec, pictures) {
            Ok((running, feed)) => {
                Some(Decoder { size: (width, height), running, feed, decoded, keyframes: VecDeque::new() })
            }
            Err(error) => {
                tracing::error!(%error, "what is on air can't be decoded for smaller pictures");
                None
            }
        }
    }

    fn stop(&self, decoder: Option<Decoder>) {
        if let Some(decoder) = decoder {
            self.tasks.spawn(decoder.running.stop());
        }
    }
}

/// Pixels across and down, both even; nothing for parameter sets that can't be read.
fn size(unit: &Unit) -> Option<(u32, u32)> {
    let picture = Format::read(&unit.config).ok()?.picture()?;
    Some((u32::from(picture.width) & !1, u32::from(picture.height) & !1))
}

/// The next picture; nothing when the decoder has failed. Never without one.
async fn decoded(decoder: &mut Option<Decoder>) -> Option<Decoded> {
    let Some(Decoder { running, decoded, keyframes, .. }) = decoder else {
        return std::future::pending().await;
    };
    loop {
        tokio::select! {
            picture = decoded.recv() => {
                let picture = picture?;
                let mut keyframe = false;
                while keyframes.front().is_some_and(|at| *at <= picture.time) {
                    keyframes.pop_front();
                    keyframe = true;
                }
                return Some(Decoded { picture, keyframe });
            }
            event = running.event() => match event {
                Event::Started => {}
                Event::Failed { element, reason, .. } => {
                    tracing::error!(element, reason, "the decoder for smaller pictures failed");
                    return None;
                }
                Event::Stopped => return None,
            },
        }
    }
}

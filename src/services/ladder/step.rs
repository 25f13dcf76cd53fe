//! One rung of one broadcast.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::decoding::Decoded;
use super::{Parts, actor::Ask};
use crate::drivers::pipeline::{self, Counters, H264Encoder, RungSpec};
use crate::model::id::PublicationId;
use crate::model::purpose::Audience;
use crate::model::ring::{Demand, Gate, Next, Reader, Source, UNITS, Writer, ring};
use crate::model::rung::Rung;
use crate::model::track::Codec;
use crate::model::unit::Unit;
use crate::services::origin::{self, Native};
use crate::services::program::encoder::{Encoded, Encoder};

/// How long what nobody reads any more goes on.
const LINGER: Duration = Duration::from_secs(2);
/// Before somebody who asks again is asked for again.
const REFUSED: Duration = Duration::from_secs(1);

pub(super) struct Step {
    pub(super) rung: Rung,
    /// Pictures a second of what is on air.
    pub(super) fps: u32,
    /// What is on air, and where the rung is published.
    pub(super) source: PublicationId,
    pub(super) publication: PublicationId,
    pub(super) pictures: Source<Decoded>,
    pub(super) parts: Parts,
    pub(super) tasks: TaskTracker,
    pub(super) ask: mpsc::Sender<Ask>,
}

impl Step {
    /// Publishes it, and makes it while somebody reads it, until it is dropped.
    pub(super) async fn run(self) -> Result<(), origin::Error> {
        loop {
            let (mut units, mut demand) = self.publish().await?;
            loop {
                while demand.readers() == 0 {
                    demand.changed().await;
                }
                let Some(stop) = self.may().await else { break };
                tracing::info!(rung = %self.rung, "a smaller picture is made");
                let ended = self.make(&mut units, &mut demand, &stop).await;
                tracing::info!(rung = %self.rung, "a smaller picture is not made any more");
                let _ = self.ask.send(Ask::End { source: self.source, rung: self.rung }).await;
                if !ended {
                    break;
                }
            }
            // Whoever reads it learns that nothing will come.
            self.parts.origin.unpublish(self.publication).await;
            sleep(REFUSED).await;
        }
    }

    async fn publish(&self) -> Result<(Writer<Unit>, Demand), origin::Error> {
        let (writer, source) = ring(UNITS);
        let demand = writer.demand();
        self.parts.origin.publish(self.publication, Audience::ON_AIR).await?;
        self.parts.origin.track(self.publication, Native::Units(Codec::H264, source)).await?;
        Ok((writer, demand))
    }

    /// Whether there is room for it, and what says that there is none any more.
    async fn may(&self) -> Option<CancellationToken> {
        let (reply, answer) = oneshot::channel();
        self.ask.send(Ask::Begin { source: self.source, rung: self.rung, reply }).await.ok()?;
        answer.await.ok()?
    }

    /// Makes it until nobody reads it, which is answered by true, or there is no room for it any more.
    async fn make(&self, units: &mut Writer<Unit>, demand: &mut Demand, stop: &CancellationToken) -> bool {
        let mut pictures: Reader<Decoded> = self.pictures.reader(Gate::default());
        let mut encoder: Option<((u32, u32), Encoder)> = None;
        let mut idle = None;
        // What a slow reader of pictures left out may have been a keyframe.
        let mut owed = false;
        loop {
            let rest = async {
                match idle {
                    Some(idle) => tokio::time::sleep_until(idle + LINGER).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return false,
                () = rest => return true,
                wanted = demand.changed() => {
                    idle = if wanted.readers == 0 { idle.or(Some(Instant::now())) } else { None };
                }
                next = pictures.next() => match next {
                    Next::Item(Decoded { picture, keyframe }) => {
                        let size = (picture.width, picture.height);
                        if encoder.as_ref().is_none_or(|(of, _)| *of != size) {
                            encoder = Some((size, self.encoder(size)));
                        }
                        if let Some((_, encoder)) = &mut encoder {
                            if std::mem::take(&mut owed) || keyframe {
                                encoder.request_keyframe_at(picture.time);
                            }
                            encoder.picture(&picture);
                        }
                    }
                    Next::Lagged(_) => owed = true,
                    Next::Closed | Next::Revoked => return false,
                },
                encoded = next(&mut encoder) => match encoded {
                    Encoded::Unit(unit) => units.push(unit),
                    Encoded::Lost => owed = true,
                },
            }
        }
    }

    fn encoder(&self, from: (u32, u32)) -> Encoder {
        let (rung, fps) = (self.rung, self.fps);
        let make = move |counters: &Counters, encoder: H264Encoder, out: Writer<Unit>| {
            let spec = RungSpec { from, size: rung.size(), fps, bitrate: rung.bitrate(), encoder };
            pipeline::rung(counters, spec, out)
        };
        Encoder::new(self.parts.encoders.clone(), self.parts.media.clone(), self.tasks.clone(), Box::new(make))
    }
}

async fn next(encoder: &mut Option<((u32, u32), Encoder)>) -> Encoded {
    match encoder {
        Some((_, encoder)) => encoder.next().await,
        None => std::future::pending().await,
    }
}

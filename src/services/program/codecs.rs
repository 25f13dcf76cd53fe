//! Connects the composition to GStreamer.

use tokio::sync::mpsc;

use super::composition::{CardSpec, Codecs, Decoder, Failure, Gone, Later, VideoSpec};
use crate::drivers::pipeline::{self, Event, Running, UnitFeed, VideoDecoderSpec};
use crate::model::raw::{Picture, Sound};
use crate::model::track::Codec;
use crate::model::unit::Unit;

/// Decoders and cards made by GStreamer, counted.
pub struct Pipelines(pub pipeline::Counters);

struct Pipeline {
    running: Running,
    feed: UnitFeed,
}

impl Decoder for Pipeline {
    fn push(&mut self, unit: &Unit) -> Result<(), Gone> {
        // What it does not take (full, or no keyframe yet) is the composition's to notice: no picture comes.
        self.feed.push(unit).map(drop).map_err(|_| Gone)
    }

    fn failed(&mut self) -> Later<'_, Failure> {
        Box::pin(async {
            loop {
                match self.running.event().await {
                    Event::Started => {}
                    Event::Failed { element, reason, .. } => return Failure(format!("{element}: {reason}")),
                    Event::Stopped => return Failure("it was stopped".into()),
                }
            }
        })
    }
}

fn decoder((running, feed): (Running, UnitFeed)) -> Box<dyn Decoder> {
    Box::new(Pipeline { running, feed })
}

fn failure(error: pipeline::Error) -> Failure {
    Failure(error.to_string())
}

impl Codecs for Pipelines {
    fn video(
        &self,
        codec: Codec,
        spec: &VideoSpec,
        pictures: mpsc::Sender<Picture>,
    ) -> Result<Box<dyn Decoder>, Failure> {
        let spec =
            VideoDecoderSpec { codec, width: spec.width, height: spec.height, caption: Some(spec.caption.clone()) };
        pipeline::video_decoder(&self.0, spec, pictures).map(decoder).map_err(failure)
    }

    fn audio(&self, sounds: mpsc::Sender<Sound>) -> Result<Box<dyn Decoder>, Failure> {
        pipeline::audio_decoder(&self.0, sounds).map(decoder).map_err(failure)
    }

    fn card(&self, spec: CardSpec) -> Later<'static, Result<Picture, Failure>> {
        Box::pin(async move { pipeline::card(&spec.text, spec.width, spec.height).await.map_err(failure) })
    }
}

//! What a composition needs of the world of codecs. The daemon connects the pipeline driver; tests connect fakes.

use std::pin::Pin;

use tokio::sync::mpsc;

use crate::model::raw::{Picture, Sound};
use crate::model::track::Codec;
use crate::model::unit::Unit;

/// A boxed future, so that the traits here can be objects.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How a video decoder hands its pictures over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoSpec {
    /// Pixels across; a multiple of eight. The picture is scaled to fit, with borders.
    pub width: u32,
    /// Pixels down; even.
    pub height: u32,
    /// The name that is written into the picture. Text from outside: a property of an element, never part of a description.
    pub caption: String,
}

/// Text as a picture: a member's card, or a line over everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardSpec {
    /// What is written, on one line. Text from outside.
    pub text: String,
    /// Pixels across; a multiple of eight.
    pub width: u32,
    /// Pixels down; even.
    pub height: u32,
}

/// A decoder or a card could not be made, or a decoder gave up; the sentence is for the log. Worth another try later.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

/// The decoder takes nothing any more; [`Decoder::failed`] says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the decoder is gone")]
pub struct Gone;

/// Makes decoders and cards.
pub trait Codecs: Send + Sync {
    /// A decoder of H.264 or VP8 that sends its pictures, in the size of `spec` and with the `pts` of their units as time, to
    /// `pictures`, and leaves out what does not fit there.
    ///
    /// # Errors
    /// If it can't be made now.
    fn video(
        &self,
        codec: Codec,
        spec: &VideoSpec,
        pictures: mpsc::Sender<Picture>,
    ) -> Result<Box<dyn Decoder>, Failure>;

    /// A decoder of Opus or AAC that sends its sound, with the `pts` of its units as time, to `sounds`.
    ///
    /// # Errors
    /// If it can't be made now.
    fn audio(&self, sounds: mpsc::Sender<Sound>) -> Result<Box<dyn Decoder>, Failure>;

    /// A picture of exactly this size with this text.
    fn card(&self, spec: CardSpec) -> Later<'static, Result<Picture, Failure>>;
}

/// A running decoder; dropping it ends it.
pub trait Decoder: Send {
    /// Hands over a unit. Never waits.
    ///
    /// # Errors
    /// [`Gone`] if the decoder has ended.
    fn push(&mut self, unit: &Unit) -> Result<(), Gone>;

    /// Waits until the decoder has failed; for ever, if it doesn't. May be dropped and called again.
    fn failed(&mut self) -> Later<'_, Failure>;
}

//! The box's own screen and speaker.

use super::describe::describe;
use super::encode::{PictureFeed, SoundFeed};
use super::running::{Built, Running, name};
use super::spec::{self, DisplaySpec, SpeakerSpec, Spec};
use super::{Counters, Error};

/// Starts the screen: every picture is shown as soon as it is there.
///
/// # Errors
/// [`Error`] when the pipeline can't be built. A missing screen is an [`super::Event::Failed`], some seconds later.
pub fn display(counters: &Counters, spec: DisplaySpec) -> Result<(Running, PictureFeed), Error> {
    let (width, height) = (spec.width, spec.height);
    let spec = Spec::Display(spec);
    spec::check(&spec)?;
    let built = Built::new("display", &describe(&spec))?.counted(counters);
    let feed = PictureFeed::of(&built, width, height);
    Ok((built.run()?, feed))
}

/// Starts the speaker: sound is played in the order and at the pace it is fed.
///
/// # Errors
/// [`Error`] when the pipeline can't be built. A missing sound card is an [`super::Event::Failed`].
pub fn speaker(counters: &Counters, spec: SpeakerSpec) -> Result<(Running, SoundFeed), Error> {
    let device = spec.device.clone();
    let built = Built::new("speaker", &describe(&Spec::Speaker(spec)))?.counted(counters);
    built.set_text(name::DEVICE, "device", &device);
    let feed = SoundFeed::at_once(&built);
    Ok((built.run()?, feed))
}

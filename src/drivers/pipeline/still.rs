//! Single pictures: a card with text, and JPEG.

use std::time::Duration;

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as app;

use super::buffers::{self, Output};
use super::describe::describe;
use super::running::{Built, name};
use super::spec::{self, Spec};
use super::{Error, caption};
use crate::model::raw::Picture;
use crate::model::time::MediaTime;

/// The dusk blue-grey of a card, as Y, Cb, Cr.
const GROUND: [u8; 3] = [47, 137, 124];
/// How long one picture may take, on the slowest board with everything else going on.
const PATIENCE: Duration = Duration::from_secs(10);

/// A still picture with text in the middle, for a participant without picture. Its time is zero.
///
/// # Errors
/// [`Error`] when the pipeline can't be built or gives nothing.
pub async fn card(text: &str, width: u32, height: u32) -> Result<Picture, Error> {
    let text = caption::markup(text);
    one_shot(move || {
        let spec = Spec::Card { width, height };
        spec::check(&spec)?;
        let pixels = width as usize * height as usize;
        let mut data = vec![GROUND[0]; pixels];
        data.resize(pixels + pixels / 4, GROUND[1]);
        data.resize(pixels + pixels / 2, GROUND[2]);
        let ground = Picture { width, height, time: MediaTime::ZERO, data: Bytes::from(data) };
        let output = through("card", &spec, &ground, Some(&text))?;
        output.picture().ok_or_else(|| Error::NoPicture("its format is another".to_owned()))
    })
    .await
}

/// A picture as JPEG, with a line of text at the lower edge if wanted.
///
/// # Errors
/// [`Error`] when the pipeline can't be built or gives nothing.
pub async fn jpeg(picture: &Picture, caption: Option<&str>) -> Result<Bytes, Error> {
    let picture = picture.clone();
    let caption = caption.map(caption::markup);
    one_shot(move || {
        let spec = Spec::Jpeg { width: picture.width, height: picture.height, captioned: caption.is_some() };
        spec::check(&spec)?;
        let output = through("jpeg", &spec, &picture, caption.as_deref())?;
        let map = output.map().ok_or_else(|| Error::NoPicture("it can't be read".to_owned()))?;
        Ok(Bytes::copy_from_slice(&map))
    })
    .await
}

async fn one_shot<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(stopped) => Err(Error::NoPicture(stopped.to_string())),
    }
}

/// Sends one picture through a pipeline. Blocks.
fn through(role: &'static str, spec: &Spec, picture: &Picture, text: Option<&str>) -> Result<Output, Error> {
    let nothing = |why: &str| Error::NoPicture(why.to_owned());
    let built = Built::new(role, &describe(spec))?;
    if let Some(text) = text {
        built.set_text(name::CAPTION, "text", text);
    }
    let buffer = buffers::from_picture(picture.data.clone(), picture.width, picture.height, picture.time)
        .ok_or_else(|| nothing("the picture has not the bytes of its size"))?;
    let (source, sink) = (built.element::<app::AppSrc>(name::IN), built.element::<app::AppSink>(name::OUT));
    let output = built.pipeline().set_state(gst::State::Playing).map_err(|e| nothing(&e.to_string())).and_then(|_| {
        source.push_buffer(buffer).map_err(|e| nothing(&e.to_string()))?;
        let sample = sink.try_pull_sample(gst::ClockTime::try_from(PATIENCE).ok());
        let sample = sample.ok_or_else(|| nothing("it took too long, or an element refused it"))?;
        Ok(Output { sample, time: picture.time })
    });
    if built.pipeline().set_state(gst::State::Null).is_err() {
        tracing::warn!(role, "a pipeline did not reach the NULL state");
    }
    output
}

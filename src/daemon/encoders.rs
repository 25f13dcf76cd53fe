//! Which encoder makes the box's H.264.

use std::path::Path;

use anyhow::{Context, bail};

use crate::drivers::pipeline::{self, Chosen, Error, H264Choice, H264Encoder};

/// Where what is known of them is kept, in the state folder.
const KNOWN: &str = "encoders.json";

/// The one that the configuration names, or the first that works. Blocks.
///
/// # Errors
/// Those of the pipelines: none is there, or none works.
pub(super) fn choose(wanted: H264Choice, state: &Path) -> anyhow::Result<Chosen> {
    if let Some(encoder) = wanted.named() {
        return Ok(Chosen { encoder: encoder.installed()?, speed: None, instead_of: None });
    }
    let program = std::env::current_exe().context("this program does not find itself, to try the encoders")?;
    Ok(pipeline::choose(&program, &state.join(KNOWN))?)
}

/// The same for the daemon, which starts without one that has proved to work as well: calls between browsers need none.
///
/// # Errors
/// When none is installed.
pub(super) fn choose_or_hope(wanted: H264Choice, state: &Path) -> anyhow::Result<Chosen> {
    choose(wanted, state).or_else(|error| {
        let hopes = [H264Encoder::X264, H264Encoder::OpenH264].into_iter().find_map(|hope| hope.installed().ok());
        let encoder = hopes.filter(|_| wanted.named().is_none()).ok_or(error)?;
        tracing::error!(encoder = encoder.element(), "no encoder has proved to work; this one is used all the same");
        Ok(Chosen { encoder, speed: None, instead_of: None })
    })
}

/// Codes pictures with one of them, and says how it works, as JSON.
///
/// # Errors
/// When there is no such encoder.
pub fn code_pictures(element: &str) -> anyhow::Result<String> {
    let Some(encoder) = H264Encoder::of_element(element) else {
        let known = H264Encoder::RANKED.map(H264Encoder::element).join(", ");
        bail!("{element:?} is none of the H.264 encoders that the box uses: {known}");
    };
    let installed = encoder.installed().map_err(|error: Error| pipeline::Fault::Broken(error.to_string()));
    Ok(serde_json::to_string(&installed.and_then(pipeline::code))?)
}

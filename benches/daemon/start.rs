//! From the start of the process to its first answer.

use std::time::Instant;

use anyhow::ensure;

use super::PLAIN;
use crate::fixture::daemon::Daemon;
use crate::measure::Spread;

/// Milliseconds to the first answer of `/healthz`: with GStreamer's registry of plugins still to be made, and with it there.
pub fn starts(rounds: usize) -> anyhow::Result<[Spread; 2]> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let folder = tempfile::tempdir()?;
        let registry = folder.path().join("registry.bin");
        for figures in [&mut cold, &mut warm] {
            figures.push(start(&runtime, registry.to_str().unwrap_or_default())?);
        }
    }
    Ok([Spread::of(cold), Spread::of(warm)])
}

fn start(runtime: &tokio::runtime::Runtime, registry: &str) -> anyhow::Result<f64> {
    let state = tempfile::tempdir()?;
    let began = Instant::now();
    let daemon = Daemon::start_with(&state, &[&PLAIN[..], &[("GST_REGISTRY", registry)]].concat());
    let answer = runtime.block_on(reqwest::get(format!("{}/healthz", daemon.url)))?;
    let took = began.elapsed().as_secs_f64() * 1000.0;
    ensure!(answer.status() == 200, "/healthz answers {}", answer.status());
    ensure!(daemon.stop().success(), "the daemon did not stop well");
    Ok(took)
}

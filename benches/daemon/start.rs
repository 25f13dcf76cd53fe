//! From the start of the process to its first answer.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::ensure;
use reqwest::Method;
use serde_json::json;

use super::PLAIN;
use crate::fixture::DEADLINE;
use crate::fixture::daemon::Daemon;
use crate::fixture::visitor::Visitor;
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

/// Milliseconds without an answer while the daemon starts again because of something that was chosen on its pages.
pub fn again(rounds: usize) -> anyhow::Result<Spread> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let state = tempfile::tempdir()?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let daemon = Daemon::start_choosable(&state, &port.to_string());
    runtime.block_on(async {
        let owner = Visitor::owner(&daemon).await;
        let mut away = Vec::new();
        for round in 0..rounds {
            let wish = json!({ "viewers.uplink": format!("{}Mbps", round + 1) });
            let answer = owner.request(Method::PATCH, "/api/v1/settings").json(&wish).send().await?;
            ensure!(answer.status() == 200, "the settings answer {}", answer.status());
            let (began, mut last) = (Instant::now(), Instant::now());
            // It goes on answering for a moment; one second without a refusal is the end of it.
            while last.elapsed() < Duration::from_secs(1) || last == began {
                if reqwest::get(format!("{}/healthz", daemon.url)).await.is_err() {
                    last = Instant::now();
                }
                ensure!(began.elapsed() < DEADLINE, "the daemon does not come back");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            away.push(last.duration_since(began).as_secs_f64() * 1000.0);
        }
        Ok(Spread::of(away))
    })
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

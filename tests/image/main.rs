//! A call with a box that runs elsewhere, such as in the image that `script/test-image` started: Chromium on this machine joins its room, and
//! the box, put into the call, shows the bars of its virtual camera.

#![allow(clippy::unwrap_used, reason = "a test that panics says what is wrong")]

#[path = "../it/fixture/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the other tests use the rest")]
mod fixture;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::ensure;
use clap::Parser;
use serde_json::json;

use fixture::browser::{Browser, Devices};
use fixture::daemon::Daemon;
use fixture::people::{self, BOX};
use fixture::visitor::Visitor;

#[derive(Parser)]
#[command(name = "script/test-image", about = "A call with a box that runs elsewhere", version)]
struct Options {
    /// The link that makes whoever opens it the owner
    #[arg(long)]
    link: String,
    /// The box's log, where it can be read
    #[arg(long, default_value = "/dev/null")]
    log: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(call(&options))
}

async fn call(options: &Options) -> anyhow::Result<()> {
    let daemon = Daemon::elsewhere(&options.link, options.log.clone());
    let owner = Visitor::owner(&daemon).await;
    let room = owner.first_room().await;
    let invite = owner.invite(&room).await;
    let browser = Browser::start().await;
    let door = format!("{}/r/{room}#invite={}", daemon.url, invite.token);
    let ada = people::guest(&browser, &daemon, "Ada", Devices { colour: "red", hz: 440 }, &door).await;
    let started = Instant::now();
    let mut line = owner.join(&room, "Owner").await;
    let asked = line.ask("box", json!({ "in_call": true })).await;
    line.ask("leave", json!({})).await.map_err(anyhow::Error::msg)?;
    asked.map_err(anyhow::Error::msg)?;
    let look = people::sees(&ada, BOX, 3).await;
    ensure!(people::bars(&look), "Ada sees something else than the bars: {:?}", people::hues(&look));
    println!(
        "Ada sees the bars of the camera, and that they move, {:.1} s after the box was put into the call.",
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

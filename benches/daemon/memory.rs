//! Resident memory of the daemon: idle, and what each participant and viewer adds.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Serialize;
use serde_json::json;
use str0m::media::{Direction, MediaKind};
use tokio::task::{JoinSet, LocalSet};

use super::{IN_CALL, PLAIN, process};
use crate::fixture::daemon::Daemon;
use crate::fixture::visitor::Visitor;
use crate::forward::client::Client;
use crate::forward::load::{self, Tally};
use crate::measure;
use crate::onair::material::Material;
use crate::onair::person;

/// People and viewers whose mean is taken.
const PEOPLE: usize = 6;
const VIEWERS: usize = 20;
/// Until rings and caches have been filled once: a ring of video holds 1024 packets.
const SETTLE: Duration = Duration::from_secs(8);
/// Slots that a browser starts with, of each kind (web/src/client/slots.ts).
const SLOTS: usize = 2;

/// Megabytes, resident.
#[derive(Debug, Serialize)]
pub struct Memory {
    /// Nobody is there, the box is in no call.
    pub idle: f64,
    /// Of it what belongs to no file.
    pub idle_anonymous: f64,
    /// For each participant who sends and receives.
    pub participant: f64,
    /// The box alone on air: its camera captured and forwarded, its sound mixed, one viewer of each kind.
    pub on_air: f64,
    /// For each further viewer by WHEP.
    pub whep_viewer: f64,
    /// For each viewer by LL-HLS.
    pub hls_viewer: f64,
}

pub fn memory() -> anyhow::Result<Memory> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let (idle, idle_anonymous, participant) = people().await?;
        let (on_air, whep_viewer, hls_viewer) = viewers().await?;
        Ok(Memory { idle, idle_anonymous, participant, on_air, whep_viewer, hls_viewer })
    })
}

fn resident() -> anyhow::Result<f64> {
    Ok(measure::memory(process()?)?.0 as f64 / 1e6)
}

async fn people() -> anyhow::Result<(f64, f64, f64)> {
    let state = tempfile::tempdir()?;
    let daemon = Daemon::start_with(&state, &PLAIN);
    let owner = Visitor::owner(&daemon).await;
    let room = owner.first_room().await;
    tokio::time::sleep(SETTLE / 4).await;
    let idle = measure::memory(process()?)?;
    let (mut tasks, mut held) = (JoinSet::new(), Vec::new());
    let slots = [MediaKind::Audio, MediaKind::Video].into_iter().flat_map(|kind| [(kind, Direction::RecvOnly); SLOTS]);
    let sections: Vec<_> = [(MediaKind::Video, Direction::SendOnly), (MediaKind::Audio, Direction::SendOnly)]
        .into_iter()
        .chain(slots)
        .collect();
    for number in 0..PEOPLE {
        let mut line = owner.join(&room, &format!("Person {number}")).await;
        let (client, sdp) = Client::new(&sections)?;
        let answer = line.ask("offer", json!({ "sdp": sdp })).await.map_err(anyhow::Error::msg)?;
        client.accept(answer["sdp"].as_str().context("an answer has a description")?)?;
        let tally = Rc::new(Tally::default());
        tasks.spawn_local(client.clone().run(tally.clone()));
        held.push((line, client, tally));
    }
    connected(held.iter().map(|(_, client, _)| client)).await?;
    load::pump(SETTLE, 1, |kind| held.iter().for_each(|(_, client, tally)| client.burst(kind, tally))).await;
    let with = resident()?;
    ensure!(daemon.stop().success(), "the daemon did not stop well");
    let all = idle.0 as f64 / 1e6;
    Ok((all, idle.1 as f64 / 1e6, (with - all) / PEOPLE as f64))
}

async fn viewers() -> anyhow::Result<(f64, f64, f64)> {
    let state = tempfile::tempdir()?;
    let daemon = Daemon::start_with(&state, &IN_CALL);
    let owner = Visitor::owner(&daemon).await;
    let room = owner.first_room().await;
    let mut line = owner.join(&room, "Ada").await;
    let live = line.ask("go_live", json!({ "title": "Garden" })).await.map_err(anyhow::Error::msg)?;
    let broadcast = live["broadcast"].as_str().context("a broadcast has an id")?;
    let (mut tasks, tally, http) = (JoinSet::new(), Rc::new(Tally::default()), reqwest::Client::new());
    let parts = Rc::new(Cell::new(0));

    let watch = async |tasks: &mut JoinSet<()>| {
        let (client, sdp) =
            Client::new(&[(MediaKind::Video, Direction::RecvOnly), (MediaKind::Audio, Direction::RecvOnly)])?;
        let request = http.post(format!("{}/whep/{broadcast}", daemon.url)).header("content-type", "application/sdp");
        let answer = request.body(sdp).send().await?;
        ensure!(answer.status() == 201, "WHEP answers {}", answer.status());
        client.accept(&answer.text().await?)?;
        tasks.spawn_local(client.clone().run(tally.clone()));
        connected([&client]).await?;
        Ok(client)
    };
    let _first = watch(&mut tasks).await?;
    // The HLS packager's memory is not a viewer's.
    tasks.spawn_local(by_hls(daemon.url.clone(), broadcast.to_owned(), parts.clone()));
    tokio::time::sleep(2 * SETTLE).await;
    let on_air = resident()?;
    let mut viewers = Vec::new();
    for _ in 0..VIEWERS {
        viewers.push(watch(&mut tasks).await?);
    }
    tokio::time::sleep(SETTLE).await;
    let by_whep = resident()?;
    for _ in 0..VIEWERS {
        tasks.spawn_local(by_hls(daemon.url.clone(), broadcast.to_owned(), parts.clone()));
    }
    tokio::time::sleep(SETTLE).await;
    let by_both = resident()?;
    ensure!(parts.get() > VIEWERS, "only {} parts were fetched", parts.get());
    drop(line);
    Ok((on_air, (by_whep - on_air) / VIEWERS as f64, (by_both - by_whep) / VIEWERS as f64))
}

/// Megabytes, resident, of a box that composes a call of so many people on air, who send pictures of this size, with one viewer by LL-HLS.
pub fn call_on_air(people: usize, size: (u32, u32), bitrate: u32) -> anyhow::Result<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let (state, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let material = Rc::new(Material::make(folder.path(), size, bitrate)?);
        let daemon = Daemon::start_with(&state, &PLAIN);
        let mut tasks = JoinSet::new();
        let broadcast = person::on_air(&daemon, people, &material, &mut tasks).await?;
        let parts = Rc::new(Cell::new(0));
        tasks.spawn_local(by_hls(daemon.url.clone(), broadcast, parts.clone()));
        tokio::time::sleep(3 * SETTLE).await;
        let resident = resident()?;
        ensure!(parts.get() > 0, "no part was fetched");
        drop(tasks);
        ensure!(daemon.stop().success(), "the daemon did not stop well");
        Ok(resident)
    })
}

/// Megabytes, resident, while nobody is there.
pub fn idle() -> anyhow::Result<f64> {
    let state = tempfile::tempdir()?;
    let daemon = Daemon::start_with(&state, &PLAIN);
    std::thread::sleep(SETTLE);
    let resident = resident()?;
    ensure!(daemon.stop().success(), "the daemon did not stop well");
    Ok(resident)
}

/// One viewer as hls.js is: a connection of its own, each playlist asked for before it is there, each part fetched.
async fn by_hls(url: String, broadcast: String, parts: Rc<Cell<usize>>) {
    let http = reqwest::Client::new();
    let get = async |path: String| http.get(path).send().await.ok()?.error_for_status().ok()?.text().await.ok();
    let base = format!("{url}/hls/{broadcast}");
    let media = loop {
        let index = get(format!("{base}/index.m3u8")).await.unwrap_or_default();
        if let Some(media) = index.lines().find(|line| !line.starts_with('#') && line.contains("video")) {
            break format!("{base}/{media}");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let mut next = String::new();
    while let Some(playlist) = get(format!("{media}{next}")).await {
        let tag = |name: &str| playlist.lines().filter_map(|line| line.strip_prefix(name)).next_back();
        if let Some(part) = tag("#EXT-X-PART:").and_then(|part| part.split("URI=\"").nth(1)?.split('"').next()) {
            let folder = media.rsplit_once('/').map_or("", |(folder, _)| folder);
            if let Ok(answer) = http.get(format!("{folder}/{part}")).send().await
                && answer.status() == 200
                && answer.bytes().await.is_ok_and(|bytes| !bytes.is_empty())
            {
                parts.set(parts.get() + 1);
            }
        }
        let first: usize = tag("#EXT-X-MEDIA-SEQUENCE:").and_then(|number| number.parse().ok()).unwrap_or(0);
        let segments = playlist.lines().filter(|line| line.starts_with("#EXTINF")).count();
        next = format!("?_HLS_msn={}", first + segments);
    }
}

async fn connected<'a>(clients: impl IntoIterator<Item = &'a Rc<Client>>) -> anyhow::Result<()> {
    let end = std::time::Instant::now() + crate::fixture::DEADLINE;
    for client in clients {
        while !client.is_connected() {
            ensure!(std::time::Instant::now() < end, "a peer does not get a connection");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(())
}

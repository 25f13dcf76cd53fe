//! Somebody in a room who is no browser: an engine that sends what was coded before, and a line that is read.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::material::{FPS, Material, SOUND};
use crate::fixture::daemon::Daemon;
use crate::fixture::visitor::{Line, Said, Visitor};
use crate::forward;
use crate::forward::client::Client;
use crate::forward::load::Tally;

const CAMERA: [(MediaKind, Direction); 2] =
    [(MediaKind::Video, Direction::SendOnly), (MediaKind::Audio, Direction::SendOnly)];
/// A line is quiet for as long as this now and then.
const QUIET: Duration = Duration::from_secs(30);

/// Puts so many people into the first room of a box, on air, and has them send this from now on. Gives the broadcast's id.
pub async fn on_air(
    daemon: &Daemon,
    people: usize,
    material: &Rc<Material>,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<String> {
    let owner = Visitor::owner(daemon).await;
    let room = owner.first_room().await;
    let (mut broadcast, mut clients) = (None, Vec::new());
    for number in 0..people {
        let mut line = owner.join(&room, &format!("Person {number}")).await;
        let (client, sdp) = Client::new(&CAMERA)?;
        let answer = line.ask("offer", json!({ "sdp": sdp })).await.map_err(anyhow::Error::msg)?;
        client.accept(answer["sdp"].as_str().context("an answer has a description")?)?;
        if broadcast.is_none() {
            let live = line.ask("go_live", json!({ "title": "Garden" })).await.map_err(anyhow::Error::msg)?;
            broadcast = live["broadcast"].as_str().map(str::to_owned);
        }
        line.ask("consent", json!({ "on_air": true })).await.map_err(anyhow::Error::msg)?;
        tasks.spawn_local(client.clone().run(Rc::new(Tally::default())));
        tasks.spawn_local(listen(line));
        clients.push(client);
    }
    forward::connected(&clients).await?;
    for (number, client) in clients.into_iter().enumerate() {
        // Not all at the same moment.
        let begin = Instant::now() + Duration::from_millis(11) * number as u32;
        tasks.spawn_local(send(client.clone(), material.clone(), Codec::H264, begin));
        tasks.spawn_local(send(client, material.clone(), Codec::Opus, begin));
    }
    broadcast.context("a broadcast has an id")
}

/// Reads what the room says, so that the box does not take us for gone.
async fn listen(mut line: Line) {
    loop {
        if let Ok(Said::End | Said::Bye(_)) = timeout(QUIET, line.next()).await {
            return;
        }
    }
}

/// Sends pictures or sound, each when it is due, again and again.
async fn send(client: Rc<Client>, material: Rc<Material>, codec: Codec, begin: Instant) {
    let (all, every) = match codec {
        Codec::H264 => (&material.pictures, Duration::from_secs(1) / FPS),
        _ => (&material.sounds, SOUND),
    };
    for (number, payloads) in (0..).zip(all.iter().cycle()) {
        tokio::time::sleep_until((begin + every * number).into()).await;
        client.send_unit(codec, payloads);
    }
}

//! The box's side in a process of its own: the worker of the peers, with the rings that `origin` would put between.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use porchlight::drivers::peer::server::{self, Bound, Config, EVENTS, Inbound, Slot, Terms};
use porchlight::model::id::{PeerId, PublicationId};
use porchlight::model::layer::Layer;
use porchlight::model::ring::{Gate, PACKETS, ring};
use porchlight::model::time::Timeline;
use porchlight::model::track::Codec;
use porchlight::proto::sfu::Rank;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};

/// One line of standard input. The first peer is who publishes, the others are sent what it publishes.
#[derive(Serialize, Deserialize)]
pub struct Offer {
    pub sdp: String,
}

/// One line of standard output.
#[derive(Serialize, Deserialize)]
pub struct Answer {
    pub sdp: String,
}

/// What peers are to the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Peers {
    /// Who takes part in a call: the bandwidth of their way is estimated.
    Call,
    /// Who only watches.
    Viewer,
}

/// Answers offers until these lines end; on so many threads, or as many as the daemon would take (0).
pub fn run(peers: Peers, threads: usize, lines: impl Iterator<Item = io::Result<String>>) -> anyhow::Result<()> {
    let terms = if peers == Peers::Call { Terms::call(Codec::H264) } else { Terms::VIEWER };
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let config = Config { listen: "127.0.0.1:0".parse()?, threads, ..Config::default() };
    let (worker, thread) =
        server::start(&config, Timeline::new(Instant::now(), 0, 0), watch::channel(Arc::default()).1)?;
    let (events, _told) = mpsc::channel(EVENTS);
    let publication = PublicationId::from_bytes([1; 10]);
    for (number, line) in lines.enumerate() {
        let offer: Offer = serde_json::from_str(&line?)?;
        let peer = PeerId::from_bytes([u8::try_from(number).context("at most 255 peers")?; 10]);
        let answer = runtime.block_on(async {
            let answer = worker.offer(peer, offer.sdp, terms, &events).await?;
            for Inbound { mid, codec, .. } in &answer.inbound {
                let (writer, source) = ring(PACKETS);
                worker.receive(peer, mid.clone(), writer).await?;
                worker.source((publication, codec.kind()), Some(source.reader(Gate::default()))).await?;
            }
            for Slot { mid, kind, .. } in &answer.slots {
                let bound = Bound { source: (publication, *kind), rank: Rank::Tile, most: Layer::HIGHEST };
                worker.bind(peer, mid.clone(), Some(bound)).await?;
            }
            anyhow::Ok(answer)
        })?;
        writeln!(io::stdout(), "{}", serde_json::to_string(&Answer { sdp: answer.sdp })?)?;
    }
    drop(worker);
    thread.join().map_err(|_| anyhow::anyhow!("the worker failed"))
}

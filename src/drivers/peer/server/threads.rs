//! The threads of the workers.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::counters::Counters;
use super::front::{Front, connections};
use super::inbox::inboxes;
use super::outlet::Outlet;
use super::places::Places;
use super::socket::Socket;
use super::tcp::{HANDED, Queues};
use super::worker::{Intake, Shared, Worker};
use super::{COMMANDS, Config, Error, Handle, Loudness};
use crate::model::time::Timeline;

/// See [`super::start`]; each worker is filled with so many peers before the next one gets any.
pub(super) fn start(
    config: &Config,
    timeline: Timeline,
    network: watch::Receiver<Arc<[IpAddr]>>,
    fill: usize,
) -> Result<(Handle, JoinHandle<()>), Error> {
    let (streams, handed) = mpsc::channel(HANDED);
    let socket = Socket::bind(config, network, handed)?;
    let local = socket.local;
    let failed = |error| Error::Bind(local, error);
    let count = config.workers();
    let counters: Arc<[Arc<Counters>]> = (0..count).map(|_| Arc::default()).collect();
    let places = Arc::new(Places::new(count, fill));
    let (levels, loudness) = watch::channel(Loudness::default());
    let (senders, mut inbox): (Vec<_>, Vec<_>) = (0..count).map(|_| mpsc::channel(COMMANDS)).unzip();
    let ended = CancellationToken::new();
    let (others, inboxes) = inboxes(count - 1);
    let shared = || Shared { timeline, places: places.clone(), loudness: levels.clone() };
    let first = inbox.remove(0);

    let state = socket.prepare().map_err(failed)?;
    let descriptor = socket.socket.try_clone().map_err(failed)?;
    let outlet = |queues: &Queues, counters: &Arc<Counters>| {
        Outlet::new(&descriptor, state.clone(), queues.clone(), counters.clone())
    };
    // The connections belong to the runtime of the first thread, the queues to them to everybody.
    let runtime = runtime(true).map_err(failed)?;
    let (front, queues) = {
        let _guard = runtime.enter();
        let mut socket = socket;
        let (connections, queues) = connections(&mut socket, &counters[0]).map_err(failed)?;
        let asks = outlet(&queues, &counters[0]).map_err(failed)?;
        let front = Front::new(socket, state.clone(), (connections, asks), others, counters[0].clone());
        (front.map_err(failed)?, queues)
    };
    let mut threads = Vec::new();
    for (number, (letters, commands)) in inboxes.into_iter().zip(inbox).enumerate() {
        let counters = &counters[number + 1];
        let outlet = outlet(&queues, counters).map_err(failed)?;
        let worker = Worker::new((Intake::Inbox(letters), outlet), commands, shared(), counters.clone());
        threads.push(spawn(format!("peers-{}", number + 1), self::runtime(false), worker, &ended, Vec::new())?);
    }
    let way_out = outlet(&queues, &counters[0]).map_err(failed)?;
    let worker = Worker::new((Intake::Front(Box::new(front)), way_out), first, shared(), counters[0].clone());
    let thread = spawn("peers".into(), Ok(runtime), worker, &ended, threads)?;
    let workers = senders.into();
    Ok((Handle { workers, places, ended, streams, local, tcp: config.tcp, counters, loudness }, thread))
}

fn runtime(io: bool) -> io::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time();
    if io {
        builder.enable_io();
    }
    builder.build()
}

/// Runs a worker; `others` end before it does.
fn spawn(
    name: String,
    runtime: io::Result<tokio::runtime::Runtime>,
    worker: Worker,
    ended: &CancellationToken,
    others: Vec<JoinHandle<()>>,
) -> Result<JoinHandle<()>, Error> {
    let failed = |error| Error::Thread(error);
    let (runtime, ended) = (runtime.map_err(failed)?, ended.clone().drop_guard());
    let run = move || {
        let _ended = ended;
        runtime.block_on(worker.run());
        for other in others {
            if other.join().is_err() {
                tracing::error!("a thread of the connections failed");
            }
        }
    };
    thread::Builder::new().name(name).spawn(run).map_err(failed)
}

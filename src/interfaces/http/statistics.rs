//! What the owner's statistics page shows. It asks once a second while it is open; nothing is measured for it otherwise,
//! and what only grows is told as it is: the page knows how much more that is than a second ago.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

use super::App;
use crate::drivers::device::{Health, health};
use crate::drivers::peer::server::Report;
use crate::model::id::{BroadcastId, ParticipantId, PeerId};
use crate::services::room::{Connection, Participant, Room};
use crate::services::supervisor::Part;

/// How many watch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Viewers {
    /// By LL-HLS, estimated.
    pub(super) hls: u32,
    /// By WebRTC.
    pub(super) whep: u32,
}

impl App {
    /// How many watch, over all broadcasts.
    pub(super) fn viewers(&self) -> Viewers {
        let whep: u32 = self.whep.counts().borrow().values().sum();
        let all: u32 = self.broadcasts.list().borrow().iter().filter_map(|b| b.live).map(|live| live.viewers).sum();
        Viewers { hls: all.saturating_sub(whep), whep }
    }

    /// How many watch one of them.
    pub(super) fn viewers_of(&self, broadcast: BroadcastId) -> u32 {
        let list = self.broadcasts.list();
        let list = list.borrow();
        list.iter().find(|b| b.id == broadcast).and_then(|b| b.live).map_or(0, |live| live.viewers)
    }
}

pub(super) async fn show(State(app): State<App>) -> impl IntoResponse {
    // Everybody's peers at once: two questions, however many participants there are.
    let peers: HashMap<ParticipantId, PeerId> = app.rooms.peers().await.unwrap_or_default().into_iter().collect();
    let reports: HashMap<PeerId, Report> =
        app.seen.peers.reports().await.unwrap_or_default().into_iter().map(|report| (report.peer, report)).collect();
    let rooms = app.rooms.rooms().borrow().clone();
    let participants: Vec<Value> = rooms
        .iter()
        .flat_map(|room| room.participants.iter().map(move |participant| (room, participant)))
        .map(|(room, who)| participant(room, who, peers.get(&who.id).and_then(|peer| reports.get(peer))))
        .collect();
    let counted = app.seen.peers.counters();
    let composition = &app.seen.media.composition;
    let viewers = app.viewers();
    let value = json!({
        "at": app.timeline.media(Instant::now()).nanos() / 1_000_000,
        "version": env!("CARGO_PKG_VERSION"),
        "process": process(&health()),
        "peers": {
            "connecting": counted.connecting.get(),
            "connected": counted.connected.get(),
            "lost": counted.lost.get(),
            "received_bytes": counted.bytes.received.get(),
            "sent_bytes": counted.bytes.sent.get(),
            "received_packets": counted.audio.received.get() + counted.video.received.get(),
            "missing_packets": counted.missing.get(),
            "recovered_packets": counted.recovered.get(),
            "sent_packets": counted.audio.sent.get() + counted.video.sent.get(),
            "reported_lost_packets": counted.reported_lost.get(),
            "retransmitted_packets": counted.retransmitted.get(),
            "busy_seconds": counted.busy_nanos.get() as f64 / 1e9,
        },
        "viewers": { "hls": viewers.hls, "whep": viewers.whep },
        "pipelines": pipelines(&app),
        "composition": {
            "running": composition.running.get(),
            "pictures": composition.pictures.get(),
            "late_pictures": composition.late_pictures.get(),
        },
        "restarts": restarts(&app),
        "log": { "warnings": app.seen.logged.warnings.get(), "errors": app.seen.logged.errors.get() },
        "participants": participants,
    });
    ([(header::CACHE_CONTROL, "no-store")], Json(value))
}

fn process(health: &Health) -> Value {
    json!({
        "cpu_seconds": health.worked.as_secs_f64(),
        "resident_bytes": health.resident,
        "threads": health.threads,
        "open_files": health.open_files.0,
        "processors": health.processors,
        "memory_bytes": health.memory.0,
        "available_bytes": health.memory.1,
        "celsius": health.temperature,
    })
}

fn pipelines(app: &App) -> Map<String, Value> {
    let one = |(role, work): (&str, &crate::drivers::pipeline::Work)| {
        let value = json!({
            "running": work.running.get(),
            "in": work.taken.get(),
            "out": work.made.get(),
            "dropped": work.dropped.get(),
        });
        (role.to_owned(), value)
    };
    app.seen.media.media.roles().map(one).collect()
}

/// Those parts that were ever started again.
pub(super) fn restarts(app: &App) -> BTreeMap<&'static str, u64> {
    let supervisor = &app.seen.media.supervisor;
    let of = |part: Part| (part.name(), supervisor.restarts(part));
    Part::ALL.into_iter().filter(|part| supervisor.restarts(*part) > 0).map(of).collect()
}

fn participant(room: &Room, who: &Participant, report: Option<&Report>) -> Value {
    let connection = match who.connection {
        Connection::Connecting => "connecting",
        Connection::Connected => "connected",
        Connection::Lost => "lost",
    };
    json!({
        "id": who.id,
        "room": room.name,
        "name": who.name,
        "connection": connection,
        "media": report.map(|report| json!({
            "round_trip_seconds": report.round_trip.map(|time| time.as_secs_f64()),
            "received_bytes": report.received_bytes,
            "sent_bytes": report.sent_bytes,
            "received_packets": report.received_packets,
            "lost_packets": report.lost_packets,
            "reported_loss": report.reported_loss,
            "estimate_bits_per_second": report.estimate.map(|rate| rate.0),
            "freezes": report.freezes,
            "picture": report.picture.map(|(width, height)| json!({ "width": width, "height": height })),
        })),
    })
}

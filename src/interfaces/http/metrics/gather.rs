//! Reads every number there is, from those who own it.

use super::text::{Gathered, Value};
use crate::drivers::device::{health, heat, written};
use crate::drivers::peer::server::{Both, Counters as Peers, Report};
use crate::drivers::tls::Origin;
use crate::interfaces::http::App;
use crate::model::count::{Durations, Gauge};
use crate::model::purpose::Purpose;
use crate::model::time::MediaTime;
use crate::proto::mqtt::Connected;
use crate::services::push::{Kind, State};
use crate::services::room::{ParticipantKind, Quality};
use crate::services::supervisor::Part;

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// As many as `peers.threads` may be.
const WORKERS: [&str; 16] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"];

/// Everything, now. What can't be asked any more because the box is shutting down is zero.
pub(super) async fn gather(app: &App) -> Gathered {
    let mut out = Gathered::default();
    process(app, &mut out);
    peers(&app.seen.peers.counters(), &mut out);
    for (worker, (turns, busy)) in WORKERS.into_iter().zip(app.seen.peers.work()) {
        out.count("porchlight_peer_worker_turns", &[("worker", worker)], turns);
        let busy = Value::Real(busy as f64 / 1e9);
        out.add("porchlight_peer_worker_busy_seconds", &[("worker", worker)], busy);
    }
    out.count("porchlight_forwarded_ports", &[], app.reach.forwarded() as u64);
    rooms(app, &mut out).await;
    connections(app, &mut out).await;
    media(app, &mut out);
    requests(app, &mut out);
    out
}

fn process(app: &App, out: &mut Gathered) {
    let health = health();
    out.add("process_cpu_seconds", &[], Value::Real(health.worked.as_secs_f64()));
    out.count("process_resident_memory_bytes", &[], health.resident);
    out.count("process_open_fds", &[], health.open_files.0);
    out.count("process_max_fds", &[], health.open_files.1);
    out.count("process_threads", &[], health.threads);
    let started = app.timeline.unix_nanos(MediaTime::ZERO) / 1_000_000;
    out.add("process_start_time_seconds", &[], Value::Real(started as f64 / 1000.0));
    out.add("porchlight_build", &[("version", env!("CARGO_PKG_VERSION"))], Value::Info);
    if let Some(degrees) = health.temperature {
        out.add("porchlight_temperature_celsius", &[], Value::Real(degrees));
    }
    match app.with_broker.borrow().state {
        Connected::Off => {}
        state => out.count("porchlight_mqtt_connected", &[], u64::from(state == Connected::Connected)),
    }
    out.count("porchlight_undervoltage", &[], heat().is_weak().into());
    if let Some(bytes) = written() {
        out.count("porchlight_written_bytes", &[], bytes);
    }
    out.count("porchlight_log_events", &[("level", "warning")], app.seen.logged.warnings.get());
    out.count("porchlight_log_events", &[("level", "error")], app.seen.logged.errors.get());
    for certificate in app.doors.secure.iter().flat_map(|(_, tls)| tls.certificates()) {
        let source = match certificate.origin {
            Origin::Own => "own",
            Origin::Configured => "configured",
            Origin::Acme => "acme",
        };
        let until = certificate.until.unsigned_abs();
        out.count("porchlight_certificate_expiry_seconds", &[("source", source)], until);
    }
    for part in Part::ALL {
        out.count("porchlight_restarts", &[("part", part.name())], app.seen.media.supervisor.restarts(part));
    }
}

fn peers(peers: &Peers, out: &mut Gathered) {
    for (state, gauge) in [("connecting", &peers.connecting), ("connected", &peers.connected), ("lost", &peers.lost)] {
        out.count("porchlight_peers", &[("state", state)], gauge.get().unsigned_abs());
    }
    both("porchlight_peer_datagrams", &peers.datagrams, out);
    both("porchlight_peer_bytes", &peers.bytes, out);
    both("porchlight_peer_nacks", &peers.nacks, out);
    both("porchlight_peer_keyframe_requests", &peers.keyframe_requests, out);
    both("porchlight_peer_socket_errors", &peers.socket_errors, out);
    for (kind, packets) in [("audio", &peers.audio), ("video", &peers.video)] {
        for (direction, tally) in [("received", &packets.received), ("sent", &packets.sent)] {
            out.count("porchlight_peer_packets", &[("direction", direction), ("kind", kind)], tally.get());
        }
    }
    out.count("porchlight_peer_retransmitted_packets", &[], peers.retransmitted.get());
    out.count("porchlight_peer_missing_packets", &[], peers.missing.get());
    out.count("porchlight_peer_recovered_packets", &[], peers.recovered.get());
    out.count("porchlight_peer_reported_lost_packets", &[], peers.reported_lost.get());
    out.count("porchlight_peer_made_good_packets", &[], peers.made_good.get());
    let now = |gauge: &Gauge| gauge.get().unsigned_abs();
    out.count("porchlight_peer_estimated_bits_per_second", &[], now(&peers.estimated));
    for (layer, gauge) in ["0", "1", "2"].into_iter().zip(&peers.shown) {
        out.count("porchlight_peer_shown_slots", &[("layer", layer)], now(gauge));
    }
    let paused = &peers.paused;
    for (reason, gauge) in [("connection", &paused.connection), ("codec", &paused.codec), ("source", &paused.source)] {
        out.count("porchlight_peer_paused_slots", &[("reason", reason)], now(gauge));
    }
    for (direction, tally) in [("up", &peers.switched.up), ("down", &peers.switched.down)] {
        out.count("porchlight_peer_layer_switches", &[("direction", direction)], tally.get());
    }
    out.count("porchlight_peer_freezes", &[], peers.freezes.get());
    for (reason, tally) in [
        ("unknown_peer", &peers.unknown_peer),
        ("not_webrtc", &peers.not_webrtc),
        ("unbound", &peers.unbound),
        ("tcp_full", &peers.tcp_dropped),
        ("busy", &peers.busy),
    ] {
        out.count("porchlight_peer_drops", &[("reason", reason)], tally.get());
    }
    out.count("porchlight_peer_tcp_connections", &[], peers.tcp_connections.get().unsigned_abs());
}

fn both(family: &'static str, both: &Both, out: &mut Gathered) {
    out.count(family, &[("direction", "received")], both.received.get());
    out.count(family, &[("direction", "sent")], both.sent.get());
}

async fn rooms(app: &App, out: &mut Gathered) {
    let rooms = app.rooms.rooms().borrow().clone();
    out.count("porchlight_rooms", &[], rooms.len() as u64);
    out.count("porchlight_live_rooms", &[], rooms.iter().filter(|room| room.live.is_some()).count() as u64);
    for (name, kind) in [("person", ParticipantKind::Person), ("box", ParticipantKind::Box)] {
        let all = rooms.iter().flat_map(|room| &room.participants);
        let of = all.filter(|participant| participant.kind == kind).count();
        out.count("porchlight_participants", &[("kind", name)], of as u64);
    }
    let persons = rooms.iter().flat_map(|room| &room.participants).filter(|p| p.kind == ParticipantKind::Person);
    for (name, quality) in
        [("good", Quality::Good), ("fair", Quality::Fair), ("poor", Quality::Poor), ("unknown", Quality::Unknown)]
    {
        let of = persons.clone().filter(|person| person.quality == quality).count();
        out.count("porchlight_participant_quality", &[("quality", name)], of as u64);
    }
    let shared = persons.filter(|person| person.screen.is_some()).count();
    out.count("porchlight_shared_screens", &[], shared as u64);
    let grants = app.access.counts().await.unwrap_or_default();
    out.count("porchlight_grants", &[("of", "identity")], grants.known as u64);
    out.count("porchlight_grants", &[("of", "invite")], grants.guests as u64);
    out.count("porchlight_grants", &[("of", "name")], grants.named as u64);
    let inventory = app.seen.origin.inventory().await.unwrap_or_default();
    out.count("porchlight_publications", &[], inventory.publications as u64);
    for (purpose, readers) in Purpose::ALL.into_iter().zip(inventory.subscriptions) {
        let name = match purpose {
            Purpose::Call => "call",
            Purpose::Screen => "screen",
            Purpose::OnAir => "on_air",
            Purpose::Record => "record",
            Purpose::Separate => "separate",
        };
        out.count("porchlight_subscriptions", &[("purpose", name)], readers as u64);
    }
    out.count("porchlight_conversions", &[], app.seen.origin.counters().converting.get().unsigned_abs());
}

/// How the connections of persons are, as far as that can be said without naming anybody.
async fn connections(app: &App, out: &mut Gathered) {
    let peers = app.rooms.peers().await.unwrap_or_default();
    let mut reports = app.seen.peers.reports().await.unwrap_or_default();
    reports.retain(|report| peers.iter().any(|(_, peer)| *peer == report.peer));
    let of = |figure: fn(&Report) -> Option<f64>| reports.iter().filter_map(figure).collect();
    out.spread("porchlight_participant_round_trip_seconds", of(|report| Some(report.round_trip?.as_secs_f64())));
    out.spread("porchlight_participant_loss_ratio", of(|report| report.reported_loss.map(f64::from)));
    out.spread("porchlight_participant_estimated_bits_per_second", of(|report| Some(report.estimate?.0 as f64)));
}

fn media(app: &App, out: &mut Gathered) {
    for (role, work) in app.seen.media.media.roles() {
        out.count("porchlight_pipelines", &[("role", role)], work.running.get().unsigned_abs());
        for (direction, frames) in [("in", &work.taken), ("out", &work.made)] {
            out.count("porchlight_pipeline_frames", &[("direction", direction), ("role", role)], frames.get());
        }
        out.count("porchlight_pipeline_dropped_frames", &[("role", role)], work.dropped.get());
        out.count("porchlight_pipeline_failures", &[("role", role)], work.failed.get());
    }
    let composition = &app.seen.media.composition;
    out.count("porchlight_compositions", &[], composition.running.get().unsigned_abs());
    out.count("porchlight_composition_pictures", &[], composition.pictures.get());
    out.count("porchlight_composition_late_pictures", &[], composition.late_pictures.get());
    out.count("porchlight_composition_late_sounds", &[], composition.late_sounds.get());
    out.count("porchlight_composition_dropped", &[], composition.dropped.get());

    let viewers = app.viewers();
    out.count("porchlight_viewers", &[("protocol", "hls")], viewers.hls.into());
    out.count("porchlight_viewers", &[("protocol", "whep")], viewers.whep.into());
    let egress = app.egress.counters();
    out.count("porchlight_packagers", &[], egress.packaging.get().unsigned_abs());
    out.count("porchlight_hls_segments", &[], egress.segments.get());
    out.count("porchlight_hls_parts", &[], egress.parts.get());
    out.count("porchlight_hls_waiting_requests", &[], app.egress.waiting() as u64);
    out.count("porchlight_thumbnails", &[], app.thumbnails.counters().made.get());
    let chat = app.chat.counters();
    out.count("porchlight_chat_sockets", &[], chat.sockets.get().unsigned_abs());
    out.count("porchlight_chat_messages", &[], chat.written.get());
    out.count("porchlight_chat_refused", &[], chat.refused.get());
    out.count("porchlight_chat_events", &[], chat.batches.get());
    out.count("porchlight_chat_missed", &[], chat.missed.get());
    out.count("porchlight_chat_unsaved", &[], chat.unsaved.get().unsigned_abs());
    pushes(app, out);
    for (reader, skipped) in [
        ("peers", app.seen.peers.counters().skipped.get()),
        ("conversion", app.seen.origin.counters().skipped.get()),
        ("composition", composition.skipped.get()),
        ("packager", egress.skipped.get()),
    ] {
        out.count("porchlight_ring_skipped_items", &[("reader", reader)], skipped);
    }
}

fn pushes(app: &App, out: &mut Gathered) {
    let all = app.pushes.follow().borrow().clone();
    for kind in Kind::ALL {
        let protocol = ("protocol", kind.name());
        for state in State::NAMES {
            let of = all.iter().filter(|push| push.address.kind() == kind && push.state.name() == state).count();
            out.count("porchlight_pushes", &[protocol, ("state", state)], of as u64);
        }
        let total = app.pushes.totals().of(kind);
        out.count("porchlight_push_bytes", &[protocol], total.counters.bytes.get());
        out.count("porchlight_push_dropped_pictures", &[protocol], total.counters.dropped.get());
        out.count("porchlight_push_restarts", &[protocol], total.restarts.get());
    }
}

fn requests(app: &App, out: &mut Gathered) {
    out.count("porchlight_http_connections", &[], app.requests.connections.get().unsigned_abs());
    out.count("porchlight_websockets", &[], app.requests.sockets.get().unsigned_abs());
    // Routes that nobody has asked for yet have nothing to say: some hundred lines less to carry.
    for row in app.requests.rows.iter().filter(|row| row.took.get().count > 0) {
        let (method, route) = (("method", row.method), ("route", row.route));
        for (class, answers) in CLASSES.into_iter().zip(&row.classes).filter(|(_, answers)| answers.get() > 0) {
            out.count("porchlight_http_requests", &[method, route, ("status", class)], answers.get());
        }
        measured("porchlight_http_request_duration_seconds", &[method, route], &row.took, out);
    }
    measured("porchlight_store_duration_seconds", &[], app.seen.store.took(), out);
}

fn measured(family: &'static str, labels: &[(&'static str, &'static str)], durations: &Durations, out: &mut Gathered) {
    out.add(family, labels, Value::Measured(durations.get()));
}

//! Every metric there is: docs/reference/metrics.md says the same, and a test holds it to this list.

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, from zero at each start.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Always 1; its labels are what it says.
    Info,
    /// How many were within which bound.
    Histogram,
}

impl Kind {
    /// As the text format writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Info => "info",
            Self::Histogram => "histogram",
        }
    }
}

/// One metric.
#[derive(Debug)]
pub struct Family {
    /// Its name without the suffix that its kind brings.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// What it says, as a sentence without its full stop.
    pub help: &'static str,
    /// The labels of its samples. Their values come from closed lists.
    pub labels: &'static [&'static str],
}

macro_rules! families {
    ($($kind:ident $name:literal [$($label:literal)*] $help:literal;)*) => {
        /// All of them, in the order in which they are written.
        pub const FAMILIES: &[Family] = &[$(Family {
            name: $name,
            kind: Kind::$kind,
            help: $help,
            labels: &[$($label),*],
        }),*];
    };
}

families! {
    Counter "process_cpu_seconds" [] "Time that the daemon's threads have worked";
    Gauge "process_resident_memory_bytes" [] "Memory of the daemon";
    Gauge "process_open_fds" [] "Files and sockets that the daemon has open";
    Gauge "process_max_fds" [] "Files and sockets that it may have open";
    Gauge "process_threads" [] "Threads of the daemon";
    Gauge "process_start_time_seconds" [] "When the daemon was started, since 1970 UTC";
    Info "porchlight_build" ["version"] "Which Porchlight this is";
    Gauge "porchlight_temperature_celsius" [] "The hottest thermal zone of the board, where it has one";
    Gauge "porchlight_mqtt_connected" [] "1 while a broker has taken the connection, 0 while it is tried; nothing without a broker";
    Gauge "porchlight_undervoltage" [] "1 while the board gets too little voltage, where it says so";
    Counter "porchlight_written_bytes" [] "Bytes that the daemon has had written to disks, where the kernel counts them";
    Counter "porchlight_log_events" ["level"] "Warnings and errors, whether the log's filter shows them or not";
    Gauge "porchlight_certificate_expiry_seconds" ["source"] "When the certificate that clients are shown ends, since 1970 UTC: the box's own, a configured one, one by ACME";
    Counter "porchlight_restarts" ["part"] "Times that something failed and was started again";

    Gauge "porchlight_peers" ["state"] "WebRTC connections of calls and of viewers";
    Counter "porchlight_peer_datagrams" ["direction"] "Datagrams of the peers, and packets in their TCP connections";
    Counter "porchlight_peer_bytes" ["direction"] "Bytes in them";
    Counter "porchlight_peer_packets" ["direction" "kind"] "RTP packets that were taken from peers, or forwarded to them";
    Counter "porchlight_peer_retransmitted_packets" [] "RTP packets that were sent to a peer again";
    Counter "porchlight_peer_nacks" ["direction"] "Reports of missing packets (NACK)";
    Counter "porchlight_peer_keyframe_requests" ["direction"] "Requests for a keyframe (PLI and FIR)";
    Counter "porchlight_peer_missing_packets" [] "RTP packets that were missing when a later one came";
    Counter "porchlight_peer_recovered_packets" [] "Of those, packets that came after all";
    Counter "porchlight_peer_reported_lost_packets" [] "RTP packets that peers say never reached them";
    Counter "porchlight_peer_made_good_packets" [] "Packets of sound that were lost and came once more with the next one (RED)";
    Gauge "porchlight_peer_estimated_bits_per_second" [] "What the ways to all peers are estimated to hold together";
    Gauge "porchlight_peer_shown_slots" ["layer"] "Slots for pictures to which each layer goes out, 0 the smallest";
    Gauge "porchlight_peer_paused_slots" ["reason"] "Slots for pictures to which nothing goes out, and why";
    Counter "porchlight_peer_layer_switches" ["direction"] "Times that a slot was given a larger layer, or a smaller one or none for want of bandwidth";
    Counter "porchlight_peer_freezes" [] "Times that a browser asked for a keyframe in the middle of a picture";
    Counter "porchlight_peer_drops" ["reason"] "Datagrams and packets of peers that could not be used";
    Gauge "porchlight_peer_tcp_connections" [] "TCP connections that carry media";
    Gauge "porchlight_forwarded_ports" [] "Ports that the router forwards to the box, as it was asked to";
    Counter "porchlight_peer_socket_errors" ["direction"] "Failures of the UDP socket, its full buffer among them";
    Counter "porchlight_peer_worker_turns" ["worker"] "Turns of the loop of each thread that has peers";
    Counter "porchlight_peer_worker_busy_seconds" ["worker"] "Time that it worked; near one second a second it is at its limit";
    Counter "porchlight_ring_skipped_items" ["reader"] "Packets or units that were overwritten before a reader came to them";

    Gauge "porchlight_rooms" [] "Rooms";
    Gauge "porchlight_live_rooms" [] "Rooms that are on air";
    Gauge "porchlight_participants" ["kind"] "Participants of all rooms";
    Gauge "porchlight_participant_quality" ["quality"] "Persons of all rooms by how good their connection is";
    Gauge "porchlight_participant_round_trip_seconds" ["quantile"] "Time from the box to persons' browsers and back: the least, the median and the most of all";
    Gauge "porchlight_participant_loss_ratio" ["quantile"] "Part of what is sent to persons that gets lost: the least, the median and the most of all";
    Gauge "porchlight_participant_estimated_bits_per_second" ["quantile"] "What the ways to persons are estimated to hold: the least, the median and the most of all";
    Gauge "porchlight_shared_screens" [] "Screens that are shared in all rooms";
    Gauge "porchlight_grants" ["of"] "Logins that live: of people whom the box knows, by invites, with a name alone";
    Gauge "porchlight_publications" [] "Publications at the origin";
    Gauge "porchlight_subscriptions" ["purpose"] "Readers of their tracks";
    Gauge "porchlight_conversions" [] "Tracks that are given their other form, packets or units";

    Gauge "porchlight_pipelines" ["role"] "Encoders, decoders and devices that run";
    Counter "porchlight_pipeline_frames" ["direction" "role"] "Frames that they took in and gave out";
    Counter "porchlight_pipeline_dropped_frames" ["role"] "Frames that they left out";
    Counter "porchlight_pipeline_failures" ["role"] "Times that one of them failed";
    Gauge "porchlight_compositions" [] "Compositions that run";
    Counter "porchlight_composition_pictures" [] "Pictures that were composed";
    Counter "porchlight_composition_late_pictures" [] "Pictures that were left out, because their moment had passed";
    Counter "porchlight_composition_late_sounds" [] "Chunks of sound that came too late to be mixed";
    Counter "porchlight_composition_dropped" [] "Composed pictures and sound for which a consumer had no room";

    Gauge "porchlight_viewers" ["protocol"] "Those who watch; hls are those by LL-HLS and DASH, an estimate";
    Gauge "porchlight_packagers" [] "Broadcasts that are packaged for LL-HLS";
    Counter "porchlight_hls_segments" [] "Segments that were completed";
    Counter "porchlight_hls_parts" [] "Parts that were made";
    Gauge "porchlight_hls_waiting_requests" [] "Requests that wait for new media";
    Counter "porchlight_thumbnails" [] "Small pictures that were made of what is on air, for lists and for the bar by which one goes back";
    Gauge "porchlight_pushes" ["protocol" "state"] "Other services that broadcasts are sent to, by how that goes";
    Counter "porchlight_push_bytes" ["protocol"] "Bytes of the streams that were sent to them";
    Counter "porchlight_push_dropped_pictures" ["protocol"] "Pictures that were left out, because a service or the line took less";
    Counter "porchlight_push_restarts" ["protocol"] "Times that one of these streams was begun anew";

    Gauge "porchlight_chat_sockets" [] "WebSockets that follow a chat";
    Counter "porchlight_chat_messages" [] "Messages that were written";
    Counter "porchlight_chat_refused" [] "Requests of chats that were refused: too fast, not permitted, not wanted";
    Counter "porchlight_chat_events" [] "Events that went out, each to all who follow a channel";
    Counter "porchlight_chat_missed" [] "Times that somebody read a chat too slowly and got all of it anew";
    Gauge "porchlight_chat_unsaved" [] "Changes of chats that wait to be stored";

    Gauge "porchlight_http_connections" [] "Connections to pages, API and streams";
    Gauge "porchlight_websockets" [] "WebSockets of rooms and chats";
    Counter "porchlight_http_requests" ["method" "route" "status"] "Requests that were answered, by the class of the status";
    Histogram "porchlight_http_request_duration_seconds" ["method" "route"] "Time until an answer began";
    Histogram "porchlight_store_duration_seconds" [] "Time from an order to the store until it was done";
}

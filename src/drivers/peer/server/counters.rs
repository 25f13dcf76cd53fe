//! What the worker counts. It is the only writer, so that counting a packet is an addition and nothing else.

use std::time::Duration;

use crate::model::count::{Gauge, Tally};
use crate::model::id::PeerId;
use crate::model::track::Kind;

/// Both directions of something.
#[derive(Debug, Default)]
pub struct Both {
    /// From the peers to the box.
    pub received: Tally,
    /// From the box to the peers.
    pub sent: Tally,
}

/// What the worker has done since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Peers on their way.
    pub connecting: Gauge,
    /// Peers to which media flows.
    pub connected: Gauge,
    /// Peers that were not heard of for a while.
    pub lost: Gauge,
    /// UDP datagrams, and packets in TCP connections.
    pub datagrams: Both,
    /// Bytes in them.
    pub bytes: Both,
    /// RTP packets of sound that were forwarded to rings, or from them.
    pub audio: Both,
    /// The same of pictures.
    pub video: Both,
    /// NACK reports (RFC 4585).
    pub nacks: Both,
    /// Requests for a keyframe: PLI and FIR (RFC 4585, 5104).
    pub keyframe_requests: Both,
    /// Packets sent again.
    pub retransmitted: Tally,
    /// Packets that were missing when a later one came.
    pub missing: Tally,
    /// Of those, packets that came after all.
    pub recovered: Tally,
    /// Packets that peers say never reached them (RFC 3550).
    pub reported_lost: Tally,
    /// Datagrams that belong to no peer.
    pub unknown_peer: Tally,
    /// Datagrams that can't be WebRTC.
    pub not_webrtc: Tally,
    /// Packets that nobody has made a ring for (yet).
    pub unbound: Tally,
    /// Packets that were overwritten in a ring before the worker read them.
    pub skipped: Tally,
    /// Times that the socket failed to receive or to send; the kernel's full buffer is among them.
    pub socket_errors: Both,
    /// TCP connections that are open (RFC 6544).
    pub tcp_connections: Gauge,
    /// Packets that were not sent by such a connection, because it was full, or gone.
    pub tcp_dropped: Tally,
    /// Turns of the loop.
    pub turns: Tally,
    /// Nanoseconds of work in them.
    pub busy_nanos: Tally,
}

impl Counters {
    /// The packets of one kind.
    pub(super) fn packets(&self, kind: Kind) -> &Both {
        match kind {
            Kind::Audio => &self.audio,
            Kind::Video => &self.video,
        }
    }
}

/// How the connection of one peer is, as [`super::Handle::reports`] tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Which peer.
    pub peer: PeerId,
    /// From the box to the browser and back, as last measured.
    pub round_trip: Option<Duration>,
    /// Bytes of media received from it.
    pub received_bytes: u64,
    /// Bytes of media sent to it.
    pub sent_bytes: u64,
    /// RTP packets received from it.
    pub received_packets: u64,
    /// Packets of its that never came.
    pub lost_packets: u64,
    /// Which part of what is sent to it gets lost, 0 to 1, as it said last.
    pub reported_loss: Option<f32>,
    /// Pixels across and down of the picture it sends.
    pub picture: Option<(u32, u32)>,
}

//! What a worker counts. It is the only writer, so that counting a packet is an addition and nothing else.

use std::sync::Arc;
use std::time::Duration;

use super::Mid;
use crate::model::bitrate::Bitrate;
use crate::model::count::{Gauge, Tally};
use crate::model::id::PeerId;
use crate::model::layer::LAYERS;
use crate::model::track::Kind;
use crate::proto::sfu::Shown;

/// Both directions of something.
#[derive(Debug, Default)]
pub struct Both {
    /// From the peers to the box.
    pub received: Tally,
    /// From the box to the peers.
    pub sent: Tally,
}

/// Changes of layers.
#[derive(Debug, Default)]
pub struct Switched {
    /// To a larger one, or from nothing to one.
    pub up: Tally,
    /// To a smaller one, or to nothing.
    pub down: Tally,
}

/// See [`Counters::paused`].
#[derive(Debug, Default)]
pub struct Paused {
    /// The way to the subscriber holds no more.
    pub connection: Gauge,
    /// The subscriber can't receive the codec.
    pub codec: Gauge,
    /// The publisher sends nothing.
    pub source: Gauge,
}

/// What a worker, or all of them, have done since the start.
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
    /// Packets of sound that were lost, and made good by the next one (RFC 2198).
    pub made_good: Tally,
    /// Slots to which a larger layer went out than before, and those to which a smaller one did, or nothing any more for want
    /// of bandwidth.
    pub switched: Switched,
    /// Slots that show each layer, the smallest first.
    pub shown: [Gauge; LAYERS],
    /// Slots to which nothing goes out: because of the connection, the codec, or a source that sends nothing.
    pub paused: Paused,
    /// What the ways to all peers are estimated to hold together, in bits a second, where that is estimated.
    pub estimated: Gauge,
    /// Times that a browser asked for a keyframe in the middle of a picture that it was sent.
    pub freezes: Tally,
    /// Packets that peers say never reached them (RFC 3550).
    pub reported_lost: Tally,
    /// Datagrams that belong to no peer.
    pub unknown_peer: Tally,
    /// Datagrams that can't be WebRTC.
    pub not_webrtc: Tally,
    /// Packets that nobody has made a ring for (yet), or wants taken.
    pub unbound: Tally,
    /// Packets that were overwritten in a ring before the worker read them.
    pub skipped: Tally,
    /// Times that the socket failed to receive or to send; the kernel's full buffer is among them.
    pub socket_errors: Both,
    /// TCP connections that are open (RFC 6544).
    pub tcp_connections: Gauge,
    /// Packets that were not sent by such a connection, because it was full, or gone.
    pub tcp_dropped: Tally,
    /// Datagrams that were not handed to their worker because it was too busy.
    pub busy: Tally,
    /// Turns of the loops.
    pub turns: Tally,
    /// Nanoseconds of work in them.
    pub busy_nanos: Tally,
}

impl Counters {
    /// Those of several workers together.
    pub(super) fn sum(all: &[Arc<Self>]) -> Self {
        let sum = Self::default();
        for one in all {
            for (to, from) in sum.tallies().into_iter().zip(one.tallies()) {
                to.add(from.get());
            }
            for (to, from) in sum.gauges().into_iter().zip(one.gauges()) {
                to.set(to.get() + from.get());
            }
        }
        sum
    }

    fn tallies(&self) -> [&Tally; 30] {
        let Self { datagrams, bytes, audio, video, nacks, keyframe_requests, socket_errors, .. } = self;
        [
            &datagrams.received,
            &datagrams.sent,
            &bytes.received,
            &bytes.sent,
            &audio.received,
            &audio.sent,
            &video.received,
            &video.sent,
            &nacks.received,
            &nacks.sent,
            &keyframe_requests.received,
            &keyframe_requests.sent,
            &socket_errors.received,
            &socket_errors.sent,
            &self.retransmitted,
            &self.missing,
            &self.recovered,
            &self.made_good,
            &self.switched.up,
            &self.switched.down,
            &self.freezes,
            &self.reported_lost,
            &self.unknown_peer,
            &self.not_webrtc,
            &self.unbound,
            &self.skipped,
            &self.tcp_dropped,
            &self.busy,
            &self.turns,
            &self.busy_nanos,
        ]
    }

    fn gauges(&self) -> [&Gauge; 11] {
        let [low, middle, high] = &self.shown;
        let Paused { connection, codec, source } = &self.paused;
        let Self { connecting, connected, lost, estimated, tcp_connections, .. } = self;
        [connecting, connected, lost, low, middle, high, connection, codec, source, estimated, tcp_connections]
    }

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
    /// RTP packets sent to it, those that were sent again among them.
    pub sent_packets: u64,
    /// Packets that were sent to it again.
    pub resent_packets: u64,
    /// Which part of what is sent to it gets lost, 0 to 1, as it said last.
    pub reported_loss: Option<f32>,
    /// Pixels across and down of the picture it sends.
    pub picture: Option<(u32, u32)>,
    /// What the way to it is estimated to hold, if that is estimated.
    pub estimate: Option<Bitrate>,
    /// What each of its slots for pictures shows.
    pub shown: Vec<(Mid, Shown)>,
    /// Times that it asked for a keyframe in the middle of a picture that it was sent.
    pub freezes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_out_of_the_sum() {
        let all: Vec<Arc<Counters>> = vec![Arc::default(), Arc::default()];
        let count = all[0].tallies().len() + all[0].gauges().len();
        assert_eq!(size_of::<Counters>(), count * size_of::<Tally>(), "a counter is missing in the lists");
        for (one, more) in all.iter().zip([1, 10]) {
            one.tallies().iter().for_each(|tally| tally.add(more));
            one.gauges().iter().for_each(|gauge| gauge.set(more as i64));
        }
        let sum = Counters::sum(&all);
        assert!(sum.tallies().iter().all(|tally| tally.get() == 11));
        assert!(sum.gauges().iter().all(|gauge| gauge.get() == 11));
    }
}

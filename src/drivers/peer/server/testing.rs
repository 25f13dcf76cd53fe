//! Doors to what reads offers and datagrams, for `crate::testing`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use super::peer::{Effects, Peer, datagram};
use super::ways::{Origin, Way};
use super::{Terms, sdp};
use crate::model::id::PeerId;
use crate::model::time::Timeline;
use crate::model::track::Codec;
use crate::proto::ice::Transport;

const OURS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8189);
const THEIRS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 50_000);

fn peer() -> (Peer, Instant) {
    let now = Instant::now();
    let timeline = Timeline::new(now, 0, 0);
    let mut peer = Peer::new(PeerId::from_bytes([1; 10]), Terms::call(Codec::H264), timeline, now, Arc::default());
    peer.reached_by(&[Way { transport: Transport::Udp, outside: OURS, base: OURS, origin: Origin::Interface }]);
    (peer, now)
}

/// Answers an offer with a new peer.
pub(crate) fn offer(text: &str) {
    let kept = sdp::without_names(text);
    assert!(kept.len() <= text.len());
    let (mut peer, _) = peer();
    if let Ok(answer) = peer.offer(text, Terms::call(Codec::H264), &mut Effects::default(), &mut Vec::new()) {
        assert!(answer.inbound.len() + answer.slots.len() <= sdp::SECTIONS);
        // The same again is a renegotiation.
        let _ = peer.offer(text, Terms::call(Codec::H264), &mut Effects::default(), &mut Vec::new());
    }
}

/// Gives datagrams to a peer that answered an offer, each whatever it claims to be.
pub(crate) fn datagrams<'a>(offer: &str, datagrams: impl Iterator<Item = &'a [u8]>) {
    let (mut peer, now) = peer();
    let (mut effects, mut out) = (Effects::default(), Vec::new());
    peer.offer(offer, Terms::call(Codec::H264), &mut effects, &mut out).expect("it is a browser's");
    for bytes in datagrams {
        if let Some(input) = datagram(now, Transport::Udp, (THEIRS, OURS), bytes) {
            // Whoever knows nothing of the peer is not let in.
            assert!(!peer.accepts(&input), "a stranger is let in");
            peer.receive(input);
            peer.drain(&mut effects, &mut out);
        }
    }
    assert!(peer.is_alive(), "a stranger ended the connection");
}

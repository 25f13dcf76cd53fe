//! To which worker, and to which peer of it, a datagram goes: by the address it comes from, and by the name that ICE gives the
//! box before that is known (RFC 8445 section 7.3, the user fragment).

use std::collections::HashMap;
use std::net::SocketAddr;

use super::PEERS;
use crate::model::id::PeerId;
use crate::proto::ice::{Transport, framing, stun};

/// Addresses remembered for one peer; browsers have a handful.
const ADDRESSES: usize = 32;

/// A peer, and the worker that has it.
pub(super) type Place = (usize, PeerId);

/// Where a datagram goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    /// Its address is known to be that of this peer.
    Known(Place),
    /// It calls the box by a name of this peer.
    Called(Place),
    /// Only the peers themselves can tell whether it is for one of them.
    Anybody,
    /// To nobody.
    Nobody,
}

/// What is known of everybody.
#[derive(Default)]
pub(super) struct Router {
    addresses: HashMap<(Transport, SocketAddr), Place>,
    names: HashMap<String, Place>,
}

impl Router {
    /// Where this one goes. Names count for more than addresses: another peer may have had the address before.
    pub(super) fn to(&self, transport: Transport, from: SocketAddr, bytes: &[u8]) -> To {
        let known = self.addresses.get(&(transport, from)).copied();
        let is_stun = stun::is_stun(bytes);
        if is_stun
            && let Some(name) = stun::called(bytes)
            && let Some(place) = self.names.get(name)
        {
            return if known == Some(*place) { To::Known(*place) } else { To::Called(*place) };
        }
        match known {
            Some(place) => To::Known(place),
            // An answer to a check of ours has no name.
            None if is_stun && !framing::is_binding_request(bytes) => To::Anybody,
            None => To::Nobody,
        }
    }

    /// The box is called so by this peer's browser from now on, and not as before.
    pub(super) fn called(&mut self, place: Place, name: String) {
        self.names.retain(|_, other| other.1 != place.1);
        self.names.insert(name, place);
    }

    /// This peer has taken something from there.
    pub(super) fn reached(&mut self, place: Place, transport: Transport, from: SocketAddr) {
        if self.addresses.len() >= ADDRESSES * PEERS {
            self.addresses.retain(|_, other| other.1 != place.1);
        }
        self.addresses.insert((transport, from), place);
    }

    /// This peer is gone. Answers where it spoke from by connections.
    pub(super) fn closed(&mut self, peer: PeerId) -> Vec<SocketAddr> {
        self.names.retain(|_, place| place.1 != peer);
        let own = self.addresses.extract_if(|_, place| place.1 == peer);
        own.filter_map(|((transport, at), _)| (transport == Transport::Tcp).then_some(at)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Place = (0, PeerId::from_bytes([1; 10]));
    const BOB: Place = (1, PeerId::from_bytes([2; 10]));

    fn at(port: u16) -> SocketAddr {
        ([192, 0, 2, 1], port).into()
    }

    fn check(name: &str) -> Vec<u8> {
        stun::check(name, [7; 12])
    }

    #[test]
    fn a_check_goes_to_whom_it_calls_and_all_else_by_its_address() {
        let mut router = Router::default();
        router.called(ADA, "ada".into());
        router.called(BOB, "bob".into());
        let udp = Transport::Udp;
        assert_eq!(router.to(udp, at(1), &check("ada:x")), To::Called(ADA));
        assert_eq!(router.to(udp, at(1), &check("eve:x")), To::Nobody);
        assert_eq!(router.to(udp, at(1), &[128, 96, 0, 0]), To::Nobody);
        router.reached(ADA, udp, at(1));
        assert_eq!(router.to(udp, at(1), &check("ada:x")), To::Known(ADA));
        assert_eq!(router.to(udp, at(1), &[128, 96, 0, 0]), To::Known(ADA));
        assert_eq!(router.to(Transport::Tcp, at(1), &[128, 96, 0, 0]), To::Nobody);
        // Bob's browser got the port that Ada's had.
        assert_eq!(router.to(udp, at(1), &check("bob:x")), To::Called(BOB));
        router.reached(BOB, udp, at(1));
        assert_eq!(router.to(udp, at(1), &[20, 0, 0, 0]), To::Known(BOB));
    }

    #[test]
    fn only_peers_can_tell_whose_check_was_answered() {
        let mut router = Router::default();
        let mut answer = check("");
        answer[..2].copy_from_slice(&0x0101u16.to_be_bytes());
        assert_eq!(router.to(Transport::Udp, at(1), &answer), To::Anybody);
        router.reached(BOB, Transport::Udp, at(1));
        assert_eq!(router.to(Transport::Udp, at(1), &answer), To::Known(BOB));
    }

    #[test]
    fn nothing_is_left_of_who_is_gone_and_one_name_of_who_is_there() {
        let mut router = Router::default();
        for number in 0..5 {
            router.called(ADA, format!("ada{number}"));
        }
        assert!(router.names.len() == 1 && router.names.contains_key("ada4"));
        router.called(BOB, "bob".into());
        router.reached(ADA, Transport::Udp, at(1));
        router.reached(ADA, Transport::Tcp, at(2));
        router.reached(BOB, Transport::Tcp, at(3));
        assert_eq!(router.closed(ADA.1), [at(2)]);
        assert_eq!((router.names.len(), router.addresses.len()), (1, 1));
        let (all, most) = (0..2 * ADDRESSES * PEERS, ADDRESSES * PEERS);
        all.for_each(|n| {
            router.reached(ADA, Transport::Udp, ([10, (n >> 16) as u8, (n >> 8) as u8, n as u8], 1).into())
        });
        assert!(router.addresses.len() <= most);
        assert_eq!(router.to(Transport::Tcp, at(3), &[128, 96, 0, 0]), To::Known(BOB), "others keep theirs");
    }
}

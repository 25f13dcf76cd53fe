//! How packets get here: other addresses, ICE again, and who is not listened to.

use super::super::peer::{Effects, Peer, datagram};
use super::super::ways::{Origin, Way};
use super::*;
use crate::proto::ice::Transport;

#[tokio::test]
async fn who_moves_to_another_network_goes_on_where_it_was() {
    let (handle, _thread) = begin();
    let (told, mut events) = mpsc::channel(EVENTS);
    let id = PeerId::from_bytes([1; 10]);
    let (mut client, mid, _) = connect(&handle, &told, id, Direction::SendOnly).await;
    let (writer, source) = ring(PACKETS);
    let mut seen = source.reader(Gate::default());
    handle.receive(id, mid.to_string(), writer).await.expect("the worker runs");
    settled(&handle).await;
    client.send(mid, 100, 10);
    let mut got = Vec::new();
    let mut take = |client: &mut Client, count: usize| {
        until("the packets", || {
            client.turn();
            while let Some(Next::Item(packet)) = seen.try_next() {
                got.push(index(&packet.payload));
            }
            got.len() >= count
        });
        got.clone()
    };
    take(&mut client, 10);

    // The old address is gone; the offer has new credentials of ICE and the fingerprint of before.
    let mut change = client.rtc.sdp_api();
    change.ice_restart(false);
    let (offer, pending) = change.apply().expect("there is something to offer");
    let answer = handle.offer(id, offer.to_sdp_string(), TERMS, &told).await.expect("the offer is a good one");
    client.accept(&answer, pending);
    (client.socket, client.local) = Client::open("127.0.0.1:0", &mut client.rtc);
    let begun = Instant::now();
    let mut next = 110;
    until("media by the new way", || {
        client.send(mid, next, 1);
        next += 1;
        client.turn();
        handle.counters().video.received.get() > 10
    });
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    take(&mut client, 11);
    let closed = std::iter::from_fn(|| events.try_recv().ok()).any(|event| event == Event::Closed(id));
    assert!(!closed, "it is the same peer");
}

#[test]
fn nothing_but_stun_is_taken_from_an_address_that_ice_has_not_validated() {
    let now = Instant::now();
    let ours: SocketAddr = "127.0.0.1:8189".parse().expect("an address");
    let mut peer = Peer::new(PeerId::from_bytes([1; 10]), Terms::call(Codec::H264), timeline(), now, Arc::default());
    peer.reached_by(&[Way { transport: Transport::Udp, outside: ours, base: ours, origin: Origin::Interface }]);
    let (client, offer, pending, _) = Client::at("127.0.0.1:0", Direction::SendOnly);
    let (mut effects, mut out) = (Effects::default(), Vec::new());
    let answer = peer.offer(&offer, Terms::call(Codec::H264), &mut effects, &mut out).expect("it is a good one");
    let mut client = client;
    client.accept(&answer, pending);
    // A ClientHello and a packet of RTP, from the very address that the offer names and from another one.
    let hello = [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0];
    let rtp = [0x80, 108, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    let other = "127.0.0.1:9".parse().expect("an address");
    for (source, bytes) in [(client.local, &hello[..]), (client.local, &rtp), (other, &hello), (other, &rtp)] {
        let input = datagram(now, Transport::Udp, (source, ours), bytes).expect("it can be of WebRTC");
        assert!(!peer.accepts(&input), "{source} was let in");
    }

    // The two exchange what they have to say, without a network, until they are connected.
    let mut now = now;
    for _ in 0..2000 {
        now += Duration::from_millis(10);
        peer.input(Input::Timeout(now));
        peer.drain(&mut effects, &mut out);
        for sent in out.drain(..) {
            let receive =
                Receive::new(Protocol::Udp, ours, client.local, &sent.contents).expect("ours are well formed");
            client.rtc.handle_input(Input::Receive(now, receive)).expect("the engine takes it");
        }
        client.rtc.handle_input(Input::Timeout(now)).expect("time goes on");
        while let Output::Transmit(sent) = client.rtc.poll_output().expect("the engine works") {
            let input = datagram(now, Transport::Udp, (client.local, ours), &sent.contents).expect("it is of WebRTC");
            if peer.accepts(&input) {
                peer.receive(input);
                peer.drain(&mut effects, &mut out);
            }
        }
        if effects.connected {
            break;
        }
    }
    assert!(effects.connected);
    for (source, bytes, taken) in
        [(client.local, &hello[..], true), (client.local, &rtp, true), (other, &hello, false), (other, &rtp, false)]
    {
        let input = datagram(now, Transport::Udp, (source, ours), bytes).expect("it can be of WebRTC");
        assert_eq!(peer.accepts(&input), taken, "{source}");
    }
}

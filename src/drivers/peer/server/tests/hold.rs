//! What is held is taken from nobody: neither into the ring nor to another peer.

use super::*;

#[tokio::test]
async fn what_a_peer_sends_is_not_taken_while_it_is_held_and_from_a_keyframe_on_afterwards() {
    let (handle, _thread) = begin();
    let ((told, _events), (told_other, _events_other)) = (mpsc::channel(EVENTS), mpsc::channel(EVENTS));
    let (one, other) = (PeerId::from_bytes([1; 10]), PeerId::from_bytes([2; 10]));
    let (mut sender, from, _) = connect(&handle, &told, one, Direction::SendOnly).await;
    let (mut receiver, to, _) = connect(&handle, &told_other, other, Direction::RecvOnly).await;
    let (writer, source) = ring(PACKETS);
    let mut seen = source.reader(Gate::default());
    let name = (PublicationId::from_bytes([3; 10]), Kind::Video);
    handle.receive(one, from.to_string(), writer).await.expect("the worker runs");
    handle.source(name, Some(source.reader(Gate::default()))).await.expect("the worker runs");
    handle.bind(other, to.to_string(), Some(bound(name))).await.expect("the worker runs");
    settled(&handle).await;
    let mut got: Vec<Packet> = Vec::new();
    let mut arrive = |sender: &mut Client, receiver: &mut Client, count: usize| {
        until("the packets", || {
            sender.turn();
            receiver.turn();
            while let Some(Next::Item(packet)) = seen.try_next() {
                got.push(packet);
            }
            got.len() >= count && receiver.received.len() >= count
        });
        got.iter().map(|packet| (packet.seq, index(&packet.payload))).collect::<Vec<_>>()
    };
    sender.send(from, 100, 20);
    arrive(&mut sender, &mut receiver, 20);

    handle.hold(one, from.to_string(), true).await.expect("the worker runs");
    settled(&handle).await;
    sender.send(from, 120, 20);
    until("the packets that nobody takes", || {
        sender.turn();
        handle.counters().unbound.get() == 20
    });
    sender.asked.clear();
    handle.hold(one, from.to_string(), false).await.expect("the worker runs");
    until("the wish for a keyframe", || {
        sender.turn();
        !sender.asked.is_empty()
    });
    sender.send(from, 140, 20);
    let all = arrive(&mut sender, &mut receiver, 40);
    let expected: Vec<u64> = (100..120).chain(140..160).collect();
    assert_eq!(all.iter().map(|(_, index)| *index).collect::<Vec<_>>(), expected);
    assert_eq!(all[20].0 - all[19].0, 32, "readers see a loss, and a small one, however long it was held");
    receiver.received.sort();
    assert_eq!(receiver.received.iter().map(|(_, payload)| index(payload)).collect::<Vec<_>>(), expected);
}

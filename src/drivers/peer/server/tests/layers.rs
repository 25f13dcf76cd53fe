//! Pictures in several sizes, and in one codec or the other.

use str0m::media::SimulcastLayer;

use super::*;
use crate::model::ring::Reader;
use crate::proto::sfu::Pause;

/// The layers of a sender, as they are offered: in no order.
fn three() -> Simulcast {
    Simulcast { send: ["h", "l", "m"].map(SimulcastLayer::new).into(), recv: Vec::new() }
}

const NAME: Source = (PublicationId::from_bytes([3; 10]), Kind::Video);

async fn joined(
    handle: &Handle,
    told: &mpsc::Sender<Event>,
    id: PeerId,
    (direction, layers, codec): (Direction, Option<Simulcast>, Codec),
) -> (Client, Section, Answer) {
    let rtc = Rtc::builder().set_rtp_mode(true).build(Instant::now());
    let mut client = Client::new("127.0.0.1:0", rtc);
    let (offer, pending, mid) = client.offer(MediaKind::Video, direction, layers);
    let answer = handle.offer(id, offer, Terms::call(codec), told).await.expect("the offer is a good one");
    client.accept(&answer, pending);
    until("the connection", || {
        client.turn();
        client.connected
    });
    (client, mid, answer)
}

/// A packet of H.264: keyframe or not, and a byte that says of which layer.
fn picture(client: &Client, mid: Section, index: u64, layer: u8) -> RtpWrite {
    let number = client.number(mid, Format::H264).expect("the box speaks H.264");
    let kind = if index.is_multiple_of(10) { 0x67 } else { 0x41 };
    let mut payload = vec![kind, layer, 0, 0];
    payload.extend_from_slice(&index.to_be_bytes());
    let time = index as u32 * 3000 + u32::from(layer) * 77_777;
    RtpWrite::new(number, SeqNo::from(1000 * (u64::from(layer) + 1) + index), time, Instant::now(), payload)
        .marker(true)
        .nackable(true)
}

fn taken(reader: &mut Reader<Packet>, got: &mut Vec<Packet>) {
    while let Some(Next::Item(packet)) = reader.try_next() {
        got.push(packet);
    }
}

async fn event(events: &mut mpsc::Receiver<Event>, wanted: impl Fn(&Event) -> bool) -> Event {
    let end = tokio::time::Instant::now() + DEADLINE;
    loop {
        let event = tokio::time::timeout_at(end, events.recv()).await.expect("it is told in time");
        let event = event.expect("the worker runs");
        if wanted(&event) {
            return event;
        }
    }
}

#[tokio::test]
async fn three_layers_reach_the_ring_one_goes_out_and_the_sender_learns_which_are_wanted() {
    let (handle, _thread) = begin();
    let ((told, mut events), (told_other, mut events_other)) = (mpsc::channel(EVENTS), mpsc::channel(EVENTS));
    let (one, other) = (PeerId::from_bytes([1; 10]), PeerId::from_bytes([2; 10]));
    let how = (Direction::SendOnly, Some(three()), Codec::H264);
    let (mut sender, from, answer) = joined(&handle, &told, one, how).await;
    assert_eq!(answer.inbound[0].layers, Layers::ALL);
    assert!(answer.sdp.contains("a=simulcast:recv"), "{}", answer.sdp);
    let how = (Direction::RecvOnly, None, Codec::H264);
    let (mut receiver, to, answer) = joined(&handle, &told_other, other, how).await;
    assert!(answer.slots[0].codecs.contains(&Codec::H264) && answer.slots[0].codecs.contains(&Codec::Vp8));

    let (writer, source) = ring(PACKETS);
    let mut seen = source.reader(Gate::default());
    seen.want(Layers::NONE);
    handle.receive(one, from.to_string(), writer).await.expect("the worker runs");
    handle.source(NAME, Some(source.reader(Gate::default()))).await.expect("the worker runs");
    let lowest = Bound { most: Layer::LOWEST, ..bound(NAME) };
    handle.bind(other, to.to_string(), Some(lowest)).await.expect("the worker runs");
    settled(&handle).await;
    assert_eq!(
        event(&mut events, |event| matches!(event, Event::Wanted(..))).await,
        Event::Wanted(one, from.to_string(), Layers::only(Layer::LOWEST)),
        "nobody looks at the larger ones"
    );

    let mut got = Vec::new();
    let mut index = 0;
    until("the layers", || {
        for (layer, rid) in ["l", "m", "h"].into_iter().enumerate() {
            let packet = picture(&sender, from, index, layer as u8);
            sender.write(from, Some(Rid::from(rid)), packet);
        }
        index += 1;
        sender.turn();
        receiver.turn();
        taken(&mut seen, &mut got);
        got.len() >= 90 && receiver.received.len() >= 20
    });
    for layer in Layer::ALL {
        let of: Vec<&Packet> = got.iter().filter(|packet| packet.layer == layer).collect();
        assert!(of.len() >= 20, "{} of {layer:?}", of.len());
        assert!(of.iter().all(|packet| usize::from(packet.payload[1]) == layer.number()));
        assert!(of.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1), "numbers are consecutive");
    }
    // Packets of one picture have one time, whatever their size.
    for low in got.iter().filter(|packet| packet.layer == Layer::LOWEST) {
        let same = |packet: &&Packet| index_of(packet) == index_of(low);
        for other in got.iter().filter(same) {
            assert!(other.time.since(low.time).abs() < 20_000_000, "{} apart", other.time.since(low.time));
        }
    }
    assert!(receiver.received.iter().all(|(_, payload)| payload[1] == 0), "the lowest layer alone goes out");
    assert_eq!(
        event(&mut events_other, |event| matches!(event, Event::Shown(_, _, Shown::Layer(_)))).await,
        Event::Shown(other, to.to_string(), Shown::Layer(Layer::LOWEST))
    );

    // Now the largest is of use there: it is asked for at once, with a keyframe, and goes out from that on.
    sender.asked.clear();
    handle.bind(other, to.to_string(), Some(bound(NAME))).await.expect("the worker runs");
    settled(&handle).await;
    let more = |event: &Event| matches!(event, Event::Wanted(_, _, layers) if layers.has(Layer::HIGHEST));
    event(&mut events, more).await;
    until("the largest layer", || {
        for (layer, rid) in ["l", "m", "h"].into_iter().enumerate() {
            let packet = picture(&sender, from, index, layer as u8);
            sender.write(from, Some(Rid::from(rid)), packet);
        }
        index += 1;
        sender.turn();
        receiver.turn();
        receiver.received.last().is_some_and(|(_, payload)| payload[1] == 2)
    });
    // Every picture here is a keyframe: on a busy machine it may pass by the middle one, and have the largest before asking for it.
    assert!(
        ["m", "h"].map(|rid| Some(Rid::from(rid))).iter().any(|rid| sender.asked.contains(rid)),
        "{:?}",
        sender.asked
    );
    receiver.received.sort();
    receiver.received.dedup();
    let switch = receiver.received.iter().find(|(_, payload)| payload[1] == 2).expect("it came");
    assert_eq!(switch.1[0], 0x67, "a layer begins with a keyframe");
    until("its count", || handle.counters().switched.up.get() >= 1);
}

fn index_of(packet: &Packet) -> u64 {
    super::index(&packet.payload)
}

#[tokio::test]
async fn whoever_wants_a_keyframe_shares_it_and_the_next_is_asked_for_half_a_second_later() {
    let (handle, _thread) = begin();
    let (told, _events) = mpsc::channel(EVENTS);
    let one = PeerId::from_bytes([1; 10]);
    let how = (Direction::SendOnly, None, Codec::H264);
    let (mut sender, from, _) = joined(&handle, &told, one, how).await;
    let (writer, source) = ring(PACKETS);
    let readers = [(); 5].map(|()| source.reader(Gate::default()));
    handle.receive(one, from.to_string(), writer).await.expect("the worker runs");
    settled(&handle).await;
    sender.asked.clear();
    let begun = Instant::now();
    let mut index = 1;
    until("three keyframes that were asked for", || {
        let packet = picture(&sender, from, index, 0);
        sender.write(from, None, packet);
        index += 1;
        for reader in &readers {
            reader.request_keyframe();
        }
        sender.turn();
        sender.asked.len() >= 3
    });
    assert!(begun.elapsed() >= 2 * crate::proto::sfu::ASK_APART, "{:?} for three", begun.elapsed());
}

#[tokio::test]
async fn a_running_peer_is_moved_to_the_other_codec() {
    let (handle, _thread) = begin();
    let (told, _events) = mpsc::channel(EVENTS);
    let id = PeerId::from_bytes([1; 10]);
    let how = (Direction::SendOnly, None, Codec::H264);
    let (mut sender, mid, answer) = joined(&handle, &told, id, how).await;
    assert!(answer.sdp.contains("H264/90000") && !answer.sdp.contains("VP8/90000"), "{}", answer.sdp);
    let (writer, source) = ring(PACKETS);
    let mut seen = source.reader(Gate::default());
    handle.receive(id, mid.to_string(), writer).await.expect("the worker runs");
    settled(&handle).await;
    let mut got = Vec::new();
    sender.send(mid, 100, 5);
    until("the packets", || {
        sender.turn();
        taken(&mut seen, &mut got);
        got.len() == 5
    });

    // Another section makes it an offer; both are answered anew.
    let (offer, pending, _) = sender.offer(MediaKind::Audio, Direction::RecvOnly, None);
    let answer = handle.offer(id, offer, Terms::call(Codec::Vp8), &told).await.expect("it is a good one");
    assert!(answer.sdp.contains("VP8/90000") && !answer.sdp.contains("H264/90000"), "{}", answer.sdp);
    assert_eq!(answer.inbound[0].codec, Codec::Vp8);
    sender.accept(&answer, pending);
    let params = sender.rtc.codec_config().params().iter().find(|params| params.spec().codec == Format::Vp8);
    let number = params.expect("the client speaks VP8").pt();
    let packet = RtpWrite::new(number, SeqNo::from(105), 105 * 90, Instant::now(), vec![0x10, 0, 0, 0, 1, 2, 3]);
    sender.write(mid, None, packet);
    until("the other codec", || {
        sender.turn();
        taken(&mut seen, &mut got);
        got.len() == 6
    });
    assert_eq!(got.iter().map(|packet| packet.codec).collect::<Vec<_>>()[4..], [Codec::H264, Codec::Vp8]);
    assert_eq!(got[5].seq, got[4].seq + 1, "it is the same stream");
}

#[tokio::test]
async fn a_slot_that_can_not_receive_the_codec_says_so() {
    let (handle, _thread) = begin();
    let (told, mut events) = mpsc::channel(EVENTS);
    let id = PeerId::from_bytes([2; 10]);
    let rtc = Rtc::builder().clear_codecs().enable_vp8(true).set_rtp_mode(true).build(Instant::now());
    let mut client = Client::new("127.0.0.1:0", rtc);
    let (offer, pending, to) = client.offer(MediaKind::Video, Direction::RecvOnly, None);
    let answer = handle.offer(id, offer, Terms::call(Codec::H264), &told).await.expect("the offer is a good one");
    assert_eq!(answer.slots[0].codecs, [Codec::Vp8]);
    client.accept(&answer, pending);
    let (mut writer, source) = ring(PACKETS);
    handle.source(NAME, Some(source.reader(Gate::default()))).await.expect("the worker runs");
    handle.bind(id, to.to_string(), Some(bound(NAME))).await.expect("the worker runs");
    settled(&handle).await;
    writer.push(Packet {
        codec: Codec::H264,
        layer: Layer::LOWEST,
        seq: 1,
        rtp_time: 1,
        time: crate::model::time::MediaTime::ZERO,
        marker: true,
        keyframe: true,
        level: None,
        payload: Arc::from(&[0x67, 0, 0, 0][..]),
    });
    let shown = event(&mut events, |event| matches!(event, Event::Shown(_, _, Shown::Paused(Pause::Codec)))).await;
    assert_eq!(shown, Event::Shown(id, to.to_string(), Shown::Paused(Pause::Codec)));
    assert_eq!(handle.counters().video.sent.get(), 0);
}

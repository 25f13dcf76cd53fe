use super::*;

fn packet(seq: u64, millis: i64, keyframe: bool) -> Packet {
    Packet {
        codec: Codec::H264,
        seq,
        rtp_time: 4_294_967_000 + (millis * 90) as u64,
        time: MediaTime::from_millis(millis),
        marker: false,
        keyframe,
        layer: Layer::LOWEST,
        level: None,
        payload: [0u8][..].into(),
    }
}

#[test]
fn video_begins_with_a_keyframe_and_keeps_order_and_gaps() {
    let mut to = Forwarder::new(Kind::Video, 90_000, 100);
    assert_eq!(to.asks_keyframe(MediaTime::ZERO), Some(Layer::HIGHEST));
    assert_eq!(to.asks_keyframe(MediaTime::from_millis(999)), None);
    assert!(to.asks_keyframe(MediaTime::from_millis(1000)).is_some(), "it asks again while none has come");
    assert_eq!(to.forward(&packet(7_000_000, 0, false)), None);
    let seqs: Vec<_> = [(7_000_001, true), (7_000_004, false), (7_000_002, false), (7_000_000, false)]
        .map(|(seq, key)| to.forward(&packet(seq, 33, key)).map(|h| h.seq))
        .into();
    assert_eq!(seqs, [Some(100), Some(103), Some(101), None]);
    assert_eq!(to.asks_keyframe(MediaTime::from_millis(9000)), None);
}

#[test]
fn another_source_goes_on_without_a_seam() {
    let mut to = Forwarder::new(Kind::Video, 90_000, 1);
    let first = to.forward(&packet(10, 0, true)).expect("a keyframe begins");
    let second = to.forward(&packet(11, 40, false)).expect("it goes on");
    assert_eq!(second.rtp_time.wrapping_sub(first.rtp_time), 3600);
    to.restart();
    assert_eq!(to.forward(&packet(90_000, 60, false)), None);
    let mut other = packet(90_001, 80, true);
    other.rtp_time = 5;
    let third = to.forward(&other).expect("a keyframe begins");
    assert_eq!(third.seq, second.seq + 1);
    assert_eq!(third.rtp_time.wrapping_sub(second.rtp_time), 3600, "40 ms later");
}

#[test]
fn the_numbers_inside_vp8_run_on_from_one_source_to_the_next() {
    let vp8 = |seq: u64, id: u16, layer: u8, keyframe: bool| {
        let [high, low] = (id | 0x8000).to_be_bytes();
        let payload = [0x90, 0xe0, high, low, layer, 0x20, u8::from(!keyframe)][..].into();
        Packet { codec: Codec::Vp8, payload, ..packet(seq, seq as i64 * 40, keyframe) }
    };
    let mut to = Forwarder::new(Kind::Video, 90_000, 1);
    let send = |to: &mut Forwarder, packet: Packet| {
        let moves = to.forward(&packet).expect("it goes out").moves;
        vp8::numbers(&moves.map_or(packet.payload.clone(), |(id, layer)| vp8::moved(&packet.payload, id, layer)))
    };
    assert_eq!(send(&mut to, vp8(5, 0x7ffe, 255, true)), (Some(0x7ffe), Some(255)));
    assert_eq!(to.forward(&vp8(6, 0x7fff, 255, false)).expect("it goes out").moves, None, "no copy for the first");
    to.restart();
    assert_eq!(send(&mut to, vp8(70, 100, 9, true)), (Some(0), Some(0)));
    assert_eq!(send(&mut to, vp8(71, 101, 10, false)), (Some(1), Some(1)));
    to.restart();
    assert_eq!(send(&mut to, vp8(7, 3, 3, true)), (Some(2), Some(2)));
}

#[test]
fn sound_begins_at_once() {
    let mut to = Forwarder::new(Kind::Audio, 48_000, 5);
    assert_eq!(to.asks_keyframe(MediaTime::ZERO), None);
    assert_eq!(to.forward(&packet(3, 0, true)).map(|h| h.seq), Some(5));
}

#[test]
fn the_first_number_leaves_the_rollover_counter_at_zero() {
    let mut to = Forwarder::new(Kind::Audio, 48_000, u16::MAX);
    assert!(to.forward(&packet(3, 0, true)).is_some_and(|h| h.seq < 32_768));
}

use super::super::dice::Dice;
use super::*;
use crate::model::layer::LAYERS;

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

/// Packets of a layer: one in each picture, 40 ms apart, numbers and timestamps unlike those of the other layers.
fn of(layer: Layer, picture: u64, keyframe: bool) -> Packet {
    let offset = [7_000_000, 50, 900_000][layer.number()];
    let rtp_time = offset * 31 + picture * 3600;
    let time = MediaTime::from_millis(picture as i64 * 40);
    Packet { layer, seq: offset + picture, rtp_time, time, ..packet(0, 0, keyframe) }
}

/// What goes out of these pictures, all layers of each, where keyframes are those that are said.
fn pictures(to: &mut Forwarder, pictures: std::ops::Range<u64>, keyframes: &[(u64, Layer)]) -> Vec<(Layer, Header)> {
    let mut out = Vec::new();
    for picture in pictures {
        for layer in Layer::ALL {
            let packet = of(layer, picture, keyframes.contains(&(picture, layer)));
            out.extend(to.forward(&packet).map(|header| (layer, header)));
        }
    }
    out
}

fn layers(out: &[(Layer, Header)]) -> Vec<usize> {
    out.iter().map(|(layer, _)| layer.number()).collect()
}

/// Consecutive numbers and, while each picture is 40 ms after the last, timestamps as far apart.
fn assert_seamless(out: &[(Layer, Header)]) {
    for pair in out.windows(2) {
        let (before, after) = (pair[0].1, pair[1].1);
        assert_eq!(after.seq, before.seq + 1, "{pair:?}");
        assert_eq!(after.rtp_time.wrapping_sub(before.rtp_time), 3600, "{pair:?}");
    }
}

const LOW: Layer = Layer::LOWEST;
const HIGH: Layer = Layer::HIGHEST;

#[test]
fn a_switch_waits_for_a_keyframe_and_the_layer_before_goes_on_until_then() {
    let mut to = Forwarder::new(Kind::Video, 90_000, 1);
    to.aim(Some(LOW));
    let mut out = pictures(&mut to, 0..3, &[(0, LOW), (0, HIGH)]);
    to.aim(Some(HIGH));
    assert_eq!(to.asks_keyframe(MediaTime::from_millis(120)), Some(HIGH));
    out.extend(pictures(&mut to, 3..5, &[]));
    assert_eq!(to.layer(), Some(LOW));
    out.extend(pictures(&mut to, 5..6, &[(5, HIGH)]));
    // Of the picture of the switch both go out.
    assert_eq!(layers(&out), [0, 0, 0, 0, 0, 0, 2]);
    assert_eq!(out[6].1.rtp_time.wrapping_sub(out[5].1.rtp_time), 1, "a tick is the least");
    assert_eq!(to.asks_keyframe(MediaTime::from_millis(9000)), None);
    // The tick is taken back by the next switch, and the way down is the same.
    out.extend(pictures(&mut to, 6..8, &[]));
    to.aim(Some(LOW));
    assert_eq!(to.asks_keyframe(MediaTime::from_millis(9001)), Some(LOW));
    out.extend(pictures(&mut to, 8..11, &[(9, LOW)]));
    assert_eq!(layers(&out[7..]), [2, 2, 2, 0, 0]);
    assert_seamless(&out[..6]);
    assert_seamless(&out[6..10]);
    let ticks = out[11].1.rtp_time.wrapping_sub(out[0].1.rtp_time);
    assert_eq!(ticks, 10 * 3600, "nothing of the switches is left in the timestamps");
}

#[test]
fn nothing_above_the_aim_goes_out_and_nothing_at_all_without_one() {
    let mut to = Forwarder::new(Kind::Video, 90_000, 1);
    to.aim(Layer::new(1));
    let keyframes = [(0, LOW), (0, Layer::ALL[1]), (0, HIGH)];
    let out = pictures(&mut to, 0..2, &keyframes);
    assert_eq!(layers(&out), [0, 1, 1], "the first that can begins, the aim takes over");
    to.aim(None);
    assert_eq!((to.layer(), to.asks_keyframe(MediaTime::from_millis(80))), (None, None));
    assert!(pictures(&mut to, 2..4, &[(3, LOW)]).is_empty());
    to.aim(Some(LOW));
    assert_eq!(to.asks_keyframe(MediaTime::from_millis(160)), Some(LOW));
    let on = pictures(&mut to, 4..6, &[(5, LOW)]);
    assert_eq!(layers(&on), [0]);
    assert_eq!(on[0].1.seq, out[2].1.seq + 1);
}

#[test]
fn a_layer_that_stops_gives_way_to_the_next_smaller_one_after_a_second() {
    let mut to = Forwarder::new(Kind::Video, 90_000, 1);
    to.aim(Some(HIGH));
    for picture in 0..200 {
        // The two larger ones end, one after the other; each that is left answers to what is asked.
        let asked = to.asks_keyframe(MediaTime::from_millis(picture * 40));
        for layer in Layer::ALL {
            let ends = [1000, 100, 50][layer.number()];
            if picture < ends {
                to.forward(&of(layer, picture as u64, asked == Some(layer) || picture == 0));
            }
        }
        let expected = match picture {
            ..=75 => HIGH,
            78..=125 => Layer::ALL[1],
            128.. => LOW,
            _ => continue,
        };
        assert_eq!(to.layer(), Some(expected), "picture {picture}");
    }
    // It comes back.
    to.forward(&of(HIGH, 200, false));
    assert_eq!(to.asks_keyframe(MediaTime::from_millis(8000)), Some(HIGH));
    to.forward(&of(HIGH, 201, true));
    assert_eq!(to.layer(), Some(HIGH));
}

#[test]
fn one_picture_a_second_is_no_silence() {
    let mut to = Forwarder::new(Kind::Video, 90_000, 1);
    for picture in 0..60u64 {
        for layer in Layer::ALL {
            let mut packet = of(layer, picture, true);
            packet.time = MediaTime::from_millis(picture as i64 * 1100 + layer.number() as i64);
            to.forward(&packet);
        }
        assert_eq!(to.layer(), Some(HIGH), "picture {picture}");
    }
}

#[test]
fn a_silent_source_is_not_asked_and_a_keyframe_is_asked_again_until_it_comes() {
    let mut to = Forwarder::new(Kind::Video, 90_000, 1);
    pictures(&mut to, 0..1, &[(0, HIGH)]);
    assert_eq!(to.asks_keyframe(MediaTime::from_millis(60_000)), None, "nothing would come");
    to.restart();
    pictures(&mut to, 1..2, &[]);
    let asked = [60_000, 60_500, 61_000, 61_999, 62_000].map(|at| to.asks_keyframe(MediaTime::from_millis(at)));
    assert_eq!(asked, [Some(HIGH), None, Some(HIGH), None, Some(HIGH)]);
}

#[test]
fn a_keyframe_whose_beginning_comes_late_is_of_no_use() {
    let mut to = Forwarder::new(Kind::Video, 90_000, 1);
    assert_eq!(to.forward(&packet(11, 0, false)), None);
    assert_eq!(to.forward(&packet(10, 0, true)), None, "the rest of it did not go out");
    assert!(to.asks_keyframe(MediaTime::ZERO).is_some());
    assert!(to.forward(&packet(12, 40, true)).is_some());
}

#[test]
fn a_sender_that_begins_anew_goes_on_at_a_keyframe_without_a_hole() {
    for (seq, millis, what) in [(500_000, 80, "a leap"), (3, 1100, "lower numbers")] {
        let mut to = Forwarder::new(Kind::Video, 90_000, 1);
        to.forward(&packet(10_000, 0, true));
        assert_eq!(to.forward(&packet(seq, millis, false)), None, "{what}");
        assert!(to.asks_keyframe(MediaTime::from_millis(millis)).is_some(), "{what}");
        let on = to.forward(&packet(seq + 1, millis + 40, true)).map(|header| header.seq);
        assert_eq!(on, Some(2), "{what}");
    }
}

#[test]
fn another_codec_goes_on_at_a_keyframe_and_the_one_before_is_dropped() {
    let mut to = Forwarder::new(Kind::Video, 90_000, 1);
    let vp8 = |seq, millis, keyframe| Packet { codec: Codec::Vp8, ..packet(seq, millis, keyframe) };
    assert!(to.forward(&packet(10, 0, true)).is_some());
    assert_eq!(to.forward(&vp8(5, 40, false)), None);
    assert_eq!(to.forward(&packet(11, 20, true)), None, "it is late");
    assert!(to.asks_keyframe(MediaTime::from_millis(40)).is_some());
    assert_eq!(to.forward(&vp8(6, 80, true)).map(|header| header.seq), Some(2));
}

/// What came out of a run with everything that can go wrong.
struct Gone {
    source: u64,
    packet: Packet,
    header: Header,
}

/// A source whose layers lose and reorder packets, switch, stop, and are followed by other sources.
fn run(seed: u64, codec: Codec) -> (Vec<Gone>, Forwarder) {
    let mut dice = Dice::new(seed);
    let mut to = Forwarder::new(Kind::Video, 90_000, seed as u16);
    let (mut gone, mut late) = (Vec::new(), Vec::<(u64, u64, Packet)>::new());
    let (mut source, mut begins, mut seqs, mut ids) = (0, [0; LAYERS], [0; LAYERS], [0u64; LAYERS]);
    let (mut stopped, mut keyframes) = ([false; LAYERS], [true; LAYERS]);
    for picture in 0..6000u64 {
        let now = MediaTime::from_millis(picture as i64 * 33);
        let rough = picture < 5800;
        if picture % 997 == 0 {
            source += 1;
            begins = [dice.below(1 << 32), dice.below(1 << 17), 65_530];
            (seqs, ids) = (begins, begins);
            keyframes = [true; LAYERS];
            late.clear();
            to.restart();
        }
        match dice.below(60) {
            _ if !rough => {
                stopped = [false; LAYERS];
                to.aim(Some(HIGH));
            }
            0 => to.aim(Some(Layer::ALL[dice.below(3) as usize])),
            1 if dice.of_thousand(200) => to.aim(None),
            2 => stopped[dice.below(3) as usize] ^= true,
            3 => to.aim(Some(HIGH)),
            _ => {}
        }
        if let Some(layer) = to.asks_keyframe(now) {
            keyframes[layer.number()] |= !rough || dice.of_thousand(800);
        }
        for layer in Layer::ALL.into_iter().filter(|layer| !stopped[layer.number()]) {
            let number = layer.number();
            let keyframe = std::mem::take(&mut keyframes[number]);
            let count = 1 + dice.below(if keyframe { 6 } else { 3 });
            for part in 0..count {
                let [high, low] = (ids[number] as u16 | 0x8000).to_be_bytes();
                let payload = [0x90, 0xe0, high, low, ids[number] as u8, 0x20, u8::from(!keyframe)][..].into();
                let rtp_time = begins[number] * 7 + picture * 2970;
                let packet = Packet {
                    codec,
                    layer,
                    seq: seqs[number],
                    rtp_time,
                    time: now,
                    marker: part + 1 == count,
                    keyframe: keyframe && part == 0,
                    level: None,
                    payload,
                };
                seqs[number] += 1;
                let delay = if rough && dice.of_thousand(30) { dice.below(8) } else { 0 };
                if !(rough && dice.of_thousand(20)) {
                    late.push((picture + delay, source, packet));
                }
            }
            ids[number] += 1;
        }
        late.sort_by_key(|(due, ..)| *due);
        let due = late.iter().take_while(|(due, ..)| *due <= picture).count();
        for (_, source, packet) in late.drain(..due) {
            if let Some(header) = to.forward(&packet) {
                gone.push(Gone { source, packet, header });
            }
        }
    }
    (gone, to)
}

#[test]
fn whatever_happens_numbers_never_repeat_and_times_rise() {
    for seed in 0..12 {
        let codec = if seed % 2 == 0 { Codec::Vp8 } else { Codec::H264 };
        let (mut gone, to) = run(seed, codec);
        assert_eq!(to.layer(), Some(HIGH), "seed {seed}: once it is quiet, what is aimed at flows");
        gone.sort_by_key(|gone| gone.header.seq);
        let (mut switches, mut rising) = (0, 0);
        for pair in gone.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            let told = format!("seed {seed}: {:?} then {:?}", before.header, after.header);
            assert!(after.header.seq > before.header.seq, "{told}: a number twice");
            let ticks = after.header.rtp_time.wrapping_sub(before.header.rtp_time) as i32;
            let same = before.packet.layer == after.packet.layer && before.source == after.source;
            if same && before.header.moves == after.header.moves && !after.packet.keyframe {
                let came = after.packet.rtp_time as i64 - before.packet.rtp_time as i64;
                assert_eq!(i64::from(ticks), came, "{told}: within a layer it is as it came");
                assert_eq!(after.header.seq - before.header.seq, after.packet.seq - before.packet.seq, "{told}");
                rising += 1;
            } else if !same {
                switches += 1;
                assert!(ticks > 0 && after.packet.keyframe, "{told}: a switch at a keyframe, later than what was");
                assert_eq!(after.header.seq, before.header.seq + 1, "{told}: no hole that nobody can fill");
                if codec == Codec::Vp8 {
                    let numbers = |gone: &Gone| {
                        let (id, layer) = gone.header.moves.unwrap_or_default();
                        vp8::numbers(&vp8::moved(&gone.packet.payload, id, layer))
                    };
                    let ((id, low), (id_after, low_after)) = (numbers(before), numbers(after));
                    assert_eq!(id_after, id.map(|id| (id + 1) & 0x7fff), "{told}");
                    assert_eq!(low_after, low.map(|low| low.wrapping_add(1)), "{told}");
                }
            }
        }
        assert!(switches > 40 && rising > 5000, "seed {seed}: {switches} switches, {rising} packets");
        let (first, last) = (&gone[0], &gone[gone.len() - 1]);
        let ticks = i64::from(last.header.rtp_time.wrapping_sub(first.header.rtp_time));
        let off = ticks - MediaTime::from_nanos(last.packet.time.since(first.packet.time)).ticks(90_000);
        assert!(off.abs() < 9000, "seed {seed}: {off} ticks away from the media time, after {switches} switches");
    }
}

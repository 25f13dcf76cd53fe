//! Sound: how loud it is, and how it goes on when packets get lost.

use std::collections::BTreeSet;

use str0m::rtp::ExtensionValues;

use super::*;
use crate::model::ring::Reader;
use crate::proto::rtp::red;

const NAME: Source = (PublicationId::from_bytes([3; 10]), Kind::Audio);

async fn joined(handle: &Handle, told: &mpsc::Sender<Event>, id: PeerId, direction: Direction) -> (Client, Section) {
    let rtc = Rtc::builder().clear_codecs().enable_opus(true, true).enable_bwe(None).set_rtp_mode(true);
    let mut client = Client::new("127.0.0.1:0", rtc.build(Instant::now()));
    let (offer, pending, mid) = client.offer(MediaKind::Audio, direction, None);
    let answer = handle.offer(id, offer, Terms::call(Codec::H264), told).await.expect("the offer is a good one");
    assert!(answer.sdp.contains("useinbandfec=1"), "{}", answer.sdp);
    assert!(answer.sdp.contains("red/48000/2"), "{}", answer.sdp);
    let sends = direction == Direction::SendOnly;
    assert_eq!(answer.sdp.contains("usedtx=1"), sends, "of what it sends, silence is left out: {}", answer.sdp);
    client.accept(&answer, pending);
    until("the connection", || {
        client.turn();
        client.connected
    });
    (client, mid)
}

fn sound(index: u64) -> [u8; 12] {
    let mut payload = [0xfc; 12];
    payload[4..].copy_from_slice(&index.to_be_bytes());
    payload
}

/// The numbers of Opus and of Opus with redundancy.
fn numbers(client: &Client, mid: Section) -> (Pt, Pt) {
    let main = client.number(mid, Format::Opus).expect("the box speaks Opus");
    let params = client.rtc.codec_config().params().iter().find(|params| params.pt() == main);
    (main, params.and_then(|params| params.red()).expect("with redundancy"))
}

/// One packet with the one before it.
fn redundant(client: &Client, mid: Section, index: u64) -> RtpWrite {
    placed(client, mid, (index, index as u32), Some(1), -30)
}

/// One packet of this number and place in time, in frames of 20 ms, as loud as this; with the one before it, so many frames
/// earlier.
fn placed(client: &Client, mid: Section, (index, frame): (u64, u32), before: Option<u64>, level: i8) -> RtpWrite {
    let (main, red) = numbers(client, mid);
    let earlier = sound(index - 1);
    let payload = red::write(*main, before.map(|frames| (frames * 960, &earlier[..])), &sound(index));
    let level = ExtensionValues { audio_level: Some(level), voice_activity: Some(true), ..ExtensionValues::default() };
    RtpWrite::new(red, SeqNo::from(index), frame * 960, Instant::now(), payload).ext_vals(level)
}

fn taken(reader: &mut Reader<Packet>, got: &mut Vec<Packet>) {
    while let Some(Next::Item(packet)) = reader.try_next() {
        got.push(packet);
    }
}

#[tokio::test]
async fn what_is_lost_of_sound_is_made_good_and_its_loudness_told() {
    let (handle, _thread) = begin();
    let (told, _events) = mpsc::channel(EVENTS);
    let id = PeerId::from_bytes([1; 10]);
    let (mut sender, mid) = joined(&handle, &told, id, Direction::SendOnly).await;
    let (writer, source) = ring(PACKETS);
    let mut seen = source.reader(Gate::default());
    handle.receive(id, mid.to_string(), writer).await.expect("the worker runs");
    handle.source(NAME, Some(source.reader(Gate::default()))).await.expect("the worker runs");
    settled(&handle).await;
    for index in [100, 101, 103, 104, 107] {
        let packet = redundant(&sender, mid, index);
        sender.write(mid, None, packet);
    }
    let mut got = Vec::new();
    until("the packets", || {
        sender.turn();
        taken(&mut seen, &mut got);
        got.len() >= 7
    });
    let (first, all) = (got[0].seq, got.iter().map(|packet| (packet.seq, index(&packet.payload))).collect::<Vec<_>>());
    let expected = [100, 101, 102, 103, 104, 106, 107].map(|index| (first + index - 100, index));
    assert_eq!(all, expected, "two in a row are more than one packet can make good");
    assert!(got.windows(2).all(|pair| pair[1].time > pair[0].time), "in the order of their times");
    assert_eq!(handle.counters().made_good.get(), 2);

    let mut loudness = handle.loudness();
    let loud = loudness.wait_for(|levels| levels.iter().any(|(name, level)| *name == NAME.0 && *level < 60));
    tokio::time::timeout(DEADLINE, loud).await.expect("it is told in time").expect("the worker runs");
    let quiet = loudness.wait_for(|levels| levels.iter().all(|(_, level)| *level == 127));
    tokio::time::timeout(DEADLINE, quiet).await.expect("silence is told too").expect("the worker runs");
}

/// Somebody speaks, is silent for 2 s, of which a frame is sent each 400 ms, and speaks again.
#[tokio::test]
async fn silence_that_is_not_sent_is_no_loss_and_what_follows_is_in_its_place() {
    let (handle, _thread) = begin();
    let (told, _events) = mpsc::channel(EVENTS);
    let id = PeerId::from_bytes([1; 10]);
    let (mut sender, mid) = joined(&handle, &told, id, Direction::SendOnly).await;
    let (writer, source) = ring(PACKETS);
    let mut seen = source.reader(Gate::default());
    handle.receive(id, mid.to_string(), writer).await.expect("the worker runs");
    handle.source(NAME, Some(source.reader(Gate::default()))).await.expect("the worker runs");
    settled(&handle).await;
    let frames: Vec<u32> = (100..150).chain((160..250).step_by(20)).chain(250..300).collect();
    let mut got = Vec::new();
    let began = Instant::now();
    let (mut next, mut quiet) = (0, false);
    until("all of it", || {
        while next < frames.len() && began.elapsed() >= Duration::from_millis(20) * (frames[next] - 100) {
            let frame = frames[next];
            let before = next.checked_sub(1).map(|at| u64::from(frame - frames[at]));
            let silent = (150..250).contains(&frame);
            let level = if silent { -127 } else { -30 };
            let packet = placed(&sender, mid, (100 + next as u64, frame), before, level);
            sender.write(mid, None, packet);
            next += 1;
        }
        sender.turn();
        taken(&mut seen, &mut got);
        quiet |= handle.loudness().borrow().iter().any(|(name, level)| *name == NAME.0 && *level > 100) && next > 52;
        got.len() >= frames.len()
    });
    assert!(quiet, "who is silent is not loud");
    for (at, (packet, frame)) in got.iter().zip(&frames).enumerate() {
        assert_eq!(
            (packet.seq - got[0].seq, index(&packet.payload)),
            (at as u64, 100 + at as u64),
            "no hole in the numbers"
        );
        let apart = packet.time.since(got[0].time) - i64::from(frame - 100) * 20_000_000;
        assert!(apart.abs() < 30_000_000, "frame {frame} is {apart} ns off");
    }
    let counters = handle.counters();
    assert_eq!((counters.missing.get(), counters.made_good.get()), (0, 0), "nothing was lost, and nothing made up");
}

#[tokio::test]
async fn sound_goes_on_while_a_third_of_all_packets_gets_lost() {
    let (handle, _thread) = begin();
    let (told, _events) = mpsc::channel(EVENTS);
    let (one, other) = (PeerId::from_bytes([1; 10]), PeerId::from_bytes([2; 10]));
    let (mut sender, from) = joined(&handle, &told, one, Direction::SendOnly).await;
    let (mut receiver, to) = joined(&handle, &told, other, Direction::RecvOnly).await;
    let (writer, source) = ring(PACKETS);
    handle.receive(one, from.to_string(), writer).await.expect("the worker runs");
    handle.source(NAME, Some(source.reader(Gate::default()))).await.expect("the worker runs");
    let bound = Bound { rank: Rank::Sound, most: Layer::LOWEST, ..bound(NAME) };
    handle.bind(other, to.to_string(), Some(bound)).await.expect("the worker runs");
    settled(&handle).await;
    (sender.loss, receiver.loss) = (30, 30);
    let (main, _) = numbers(&receiver, to);
    // Until the box knows of the loss, and three seconds from then on.
    let (mut index, mut known, mut heard) = (100, None, BTreeSet::new());
    until("sound in spite of loss", || {
        let packet = redundant(&sender, from, index);
        sender.write(from, None, packet);
        index += 1;
        sender.turn();
        receiver.turn();
        for (_, payload) in receiver.received.drain(..) {
            match red::read(&payload, *main) {
                Some(both) if payload.len() > 12 => {
                    known.get_or_insert(index);
                    heard.extend(both.earlier.iter().map(|(_, block)| *block).chain([both.primary]).map(super::index));
                }
                _ => drop(heard.insert(super::index(&payload))),
            }
        }
        known.is_some_and(|known| index > known + 400)
    });
    let since = known.expect("it was known") + 20;
    let (got, all) = (heard.range(since..index - 20).count() as u64, index - 20 - since);
    // 91 % get to the box and 91 % of those to the receiver; without any of it it would be 49 %.
    assert!(got * 100 > all * 72, "{got} of {all}");
}

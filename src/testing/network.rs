//! Networks from outside: framed packets, answers of STUN servers, messages of televisions.

use std::net::SocketAddr;
use std::time::Instant;

use super::Input;
use crate::proto::cec::Frame;
use crate::proto::ice::asking::Asking;
use crate::proto::ice::framing::{Deframer, LONGEST, head};
use crate::proto::ice::stun;

/// What comes out of the stream, and whether it ended by a packet too long.
fn cut<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, bool) {
    let (mut deframer, mut packets) = (Deframer::default(), Vec::new());
    for mut piece in pieces {
        while !piece.is_empty() {
            let room = deframer.room();
            let (now, later) = piece.split_at(piece.len().min(room.len()));
            assert!(!now.is_empty(), "there is no room");
            room[..now.len()].copy_from_slice(now);
            deframer.filled(now.len());
            piece = later;
            loop {
                match deframer.packet() {
                    Ok(Some(packet)) => packets.push(packet.to_vec()),
                    Ok(None) => break,
                    Err(_) => return (packets, true),
                }
            }
        }
    }
    (packets, false)
}

/// A stream in pieces: however it is cut, the same packets come out, and framed again they are the same.
pub(super) fn framing(bytes: &[u8]) {
    let mut input = Input(bytes);
    let mut pieces = Vec::new();
    while !input.is_empty() {
        pieces.push(input.piece());
    }
    let (packets, ended) = cut(pieces.iter().copied());
    let whole = pieces.concat();
    assert_eq!(cut(std::iter::once(whole.as_slice())), (packets.clone(), ended));
    let mut again = Vec::new();
    for packet in &packets {
        assert!((1..=LONGEST).contains(&packet.len()));
        again.extend(head(packet.len()).expect("it is short"));
        again.extend(packet);
    }
    assert_eq!(cut(std::iter::once(again.as_slice())), (packets, false));
}

/// A message of a television: what is read is written so that it reads the same.
pub(super) fn cec(bytes: &[u8]) {
    if let Some(frame) = Frame::read(bytes) {
        let written = frame.bytes();
        assert!((1..=16).contains(&written.len()));
        let again = Frame::read(&written).expect("it was just written");
        assert_eq!(again.bytes(), written);
    }
}

/// A check says whom it calls, if anybody. An answer, read and given to who asks: without the transaction of a question it counts for nothing.
pub(super) fn stun(bytes: &[u8]) {
    let answer = stun::answer(bytes);
    if let Some(name) = stun::called(bytes) {
        assert!(name.len() < bytes.len() && !name.contains(':'));
    }
    let (server, now) = (SocketAddr::from(([198, 51, 100, 1], 3478)), Instant::now());
    let mut asking = Asking::default();
    asking.servers(&[server], now);
    assert_eq!(asking.questions(now, || [1; 12]).len(), 1);
    let right = answer.is_some_and(|answer| answer.transaction == [1; 12]);
    assert_eq!(asking.heard(server, bytes, now), right);
    assert_eq!(asking.seen().count(), usize::from(right));
}

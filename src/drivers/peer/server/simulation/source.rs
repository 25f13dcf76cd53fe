//! A publisher, as far as its packets go: a camera in three layers, or a microphone.

use crate::model::layer::{LAYERS, Layer};
use crate::model::packet::Packet;
use crate::model::time::MediaTime;
use crate::model::track::{Codec, Kind};
use crate::proto::sfu::dice::Dice;

/// Bits a second of the layers.
const LAYER_RATES: [u64; LAYERS] = [150_000, 500_000, 1_700_000];
/// Pictures and packets of sound a second.
const PICTURES: i64 = 30;
const SOUNDS: i64 = 50;
/// Bytes of a payload.
const PAYLOAD: u64 = 1100;
const SOUND: u64 = 100;
/// A keyframe is so many times as large as other pictures.
const KEYFRAME: u64 = 6;
/// How long a publisher takes to answer a request, in milliseconds.
const ANSWER: i64 = 80;

pub(super) struct Camera {
    codec: Codec,
    dice: Dice,
    made: i64,
    began: Option<MediaTime>,
    seqs: [u64; LAYERS],
    /// When the next keyframe of each is due.
    asked: [Option<MediaTime>; LAYERS],
    wanted: [bool; LAYERS],
}

impl Camera {
    pub(super) fn new(codec: Codec, seed: u64) -> Self {
        let dice = Dice::new(seed);
        Self { codec, dice, made: 0, began: None, seqs: [1000; LAYERS], asked: [None; LAYERS], wanted: [true; LAYERS] }
    }

    /// A keyframe is asked for.
    pub(super) fn keyframe(&mut self, layer: Layer) {
        self.wanted[layer.number()] = true;
    }

    /// What was made up to now and was not yet.
    pub(super) fn make(&mut self, now: MediaTime) -> Vec<Packet> {
        let began = *self.began.get_or_insert(now);
        for (wanted, asked) in self.wanted.iter_mut().zip(&mut self.asked) {
            if std::mem::take(wanted) {
                asked.get_or_insert(now.plus_nanos(ANSWER * 1_000_000));
            }
        }
        let every = 1_000_000_000 / if self.codec.kind() == Kind::Audio { SOUNDS } else { PICTURES };
        let mut packets = Vec::new();
        while now.since(began) >= self.made * every {
            let at = began.plus_nanos(self.made * every);
            match self.codec.kind() {
                Kind::Audio => packets.push(self.packet(Layer::LOWEST, at, SOUND, true, true)),
                Kind::Video => Layer::ALL.into_iter().for_each(|layer| self.picture(layer, at, &mut packets)),
            }
            self.made += 1;
        }
        packets
    }

    fn picture(&mut self, layer: Layer, at: MediaTime, packets: &mut Vec<Packet>) {
        let number = layer.number();
        let keyframe = self.asked[number].is_some_and(|due| at >= due);
        let usual = LAYER_RATES[number] / 8 / PICTURES as u64 * (800 + self.dice.below(400)) / 1000;
        let mut bytes = usual * if keyframe { KEYFRAME } else { 1 };
        if keyframe {
            self.asked[number] = None;
        }
        let mut first = keyframe;
        while bytes > 0 {
            let part = bytes.min(PAYLOAD);
            bytes -= part;
            packets.push(self.packet(layer, at, part, std::mem::take(&mut first), bytes == 0));
        }
    }

    fn packet(&mut self, layer: Layer, time: MediaTime, bytes: u64, keyframe: bool, marker: bool) -> Packet {
        let seq = &mut self.seqs[layer.number()];
        *seq += 1;
        Packet {
            codec: self.codec,
            layer,
            seq: *seq,
            rtp_time: time.ticks(self.codec.clock_rate()) as u64,
            time,
            marker,
            keyframe,
            level: None,
            payload: vec![if keyframe { 0x67 } else { 0x61 }; bytes as usize].into(),
        }
    }
}

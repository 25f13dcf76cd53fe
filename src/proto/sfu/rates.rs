//! What each layer of a source costs.

use std::time::Duration;

use super::SILENT;
use crate::model::bitrate::Bitrate;
use crate::model::layer::{LAYERS, Layer, Layers};
use crate::model::packet::Packet;
use crate::model::time::MediaTime;
use crate::model::track::Kind;

/// Length of what is counted together.
const STEP: Duration = Duration::from_millis(250);
/// Steps a rate is measured over: three seconds, so that a keyframe now and then is a small part of it.
const STEPS: usize = 12;
/// A layer has to flow this long before its rate is believed; it begins with a keyframe.
const YOUNG: Duration = Duration::from_secs(1);
/// A layer that is wanted and does not come within this time is one that its sender can't make now.
const TRY: Duration = Duration::from_secs(3);
/// A source of which nothing came for this long is silent; a shared screen that stands still sends a picture a second or fewer.
const STILL: Duration = Duration::from_secs(5);
/// A keyframe that comes sooner after another, or is the first, was asked for: it says nothing of what a layer costs in the long run.
const KEYFRAMES: Duration = Duration::from_secs(2);
/// After a pause as long a layer is measured anew.
const BREAK: Duration = Duration::from_secs(2);
/// How fast what is said of a layer follows what is measured, upwards and downwards: a picture that stands still for a moment is
/// not yet cheap.
const UP: Duration = Duration::from_secs(1);
const DOWN: Duration = Duration::from_secs(10);
/// What goes out beside each payload, in bytes: the header of RTP with its extensions (RFC 3550 section 5.1, RFC 8285) and the
/// tag of SRTP (RFC 7714).
const BESIDE: u64 = 44;
/// What a layer costs of which nothing is known, in bits a second: 180, 360 and 720 lines of a camera.
const USUAL: [u64; LAYERS] = [150_000, 500_000, 1_700_000];
/// And sound.
const SOUND: u64 = 50_000;
/// A layer costs at least this many times the one below it, as far as nothing better is known.
const STEP_UP: u64 = 3;

/// Counts one layer.
#[derive(Clone, Copy, Default)]
struct Meter {
    bytes: [u64; STEPS],
    /// The step that is being counted.
    step: i64,
    first: Option<MediaTime>,
    /// When the last keyframe came that is counted, and the timestamp of the last one that is not.
    keyframe: Option<MediaTime>,
    asked: Option<u64>,
    last: Option<MediaTime>,
    /// What is said of it, in bits a second, and since when.
    known: Option<(u64, MediaTime)>,
}

impl Meter {
    fn turn(&mut self, now: MediaTime) {
        let step = now.nanos().div_euclid(STEP.as_nanos() as i64);
        let passed = step.saturating_sub(self.step).clamp(0, STEPS as i64);
        for past in 0..passed {
            self.bytes[(step - past).rem_euclid(STEPS as i64) as usize] = 0;
        }
        self.step = self.step.max(step);
    }

    fn count(&mut self, packet: &Packet, now: MediaTime) {
        self.turn(now);
        let anew = self.last.is_none_or(|last| now.since(last) > BREAK.as_nanos() as i64);
        if anew {
            self.first = Some(now);
            self.bytes = [0; STEPS];
        }
        self.last = Some(self.last.map_or(now, |last| last.max(now)));
        if packet.keyframe && packet.codec.kind() == Kind::Video {
            let before = self.keyframe.filter(|_| !anew);
            if before.is_some_and(|at| now.since(at) >= KEYFRAMES.as_nanos() as i64) {
                (self.keyframe, self.asked) = (Some(now), None);
            } else {
                self.keyframe = before.or(Some(now));
                self.asked = Some(packet.rtp_time);
            }
        }
        if self.asked == Some(packet.rtp_time) {
            return;
        }
        let bytes = packet.payload.len() as u64 + BESIDE;
        self.bytes[self.step.rem_euclid(STEPS as i64) as usize] += bytes;
    }

    /// Bits a second over the window, once it has flowed long enough.
    fn measured(&mut self, now: MediaTime) -> Option<u64> {
        self.turn(now);
        let age = now.since(self.first?);
        if age < YOUNG.as_nanos() as i64 {
            return None;
        }
        // The step being counted is not whole.
        let whole = now.nanos().rem_euclid(STEP.as_nanos() as i64) + (STEPS as i64 - 1) * STEP.as_nanos() as i64;
        let nanos = age.min(whole).max(1).unsigned_abs();
        let bits = self.bytes.iter().sum::<u64>().saturating_mul(8);
        let rate = u64::try_from(u128::from(bits) * 1_000_000_000 / u128::from(nanos)).unwrap_or(u64::MAX);
        let said = match self.known {
            Some((said, at)) => {
                let passed = now.since(at).max(0) as f64;
                let constant = if rate > said { UP } else { DOWN }.as_nanos() as f64;
                let part = 1.0 - (-passed / constant).exp();
                (said as f64 + (rate as f64 - said as f64) * part) as u64
            }
            None => rate,
        };
        self.known = Some((said, now));
        Some(said)
    }
}

/// Measures the layers of one source. `now` is the media time of the moment at which the packets are looked at.
#[derive(Clone, Copy)]
pub struct Rates {
    kind: Kind,
    meters: [Meter; LAYERS],
    /// Since when each layer is wanted.
    wanted: [Option<MediaTime>; LAYERS],
}

impl Rates {
    /// Of a source of this kind of which nothing has come yet.
    pub fn new(kind: Kind) -> Self {
        Self { kind, meters: [Meter::default(); LAYERS], wanted: [None; LAYERS] }
    }

    /// Takes note of a packet.
    pub fn count(&mut self, packet: &Packet, now: MediaTime) {
        self.meters[packet.layer.number()].count(packet, now);
    }

    /// Takes note of which layers are asked of the source from now on.
    pub fn want(&mut self, layers: Layers, now: MediaTime) {
        for layer in Layer::ALL {
            let wanted = &mut self.wanted[layer.number()];
            *wanted = if layers.has(layer) { wanted.or(Some(now)) } else { None };
        }
    }

    /// The layers that flow: those not silent for longer than [`SILENT`] while another flowed. A source that sends few pictures
    /// flows.
    pub fn flowing(&self, now: MediaTime) -> Layers {
        let newest = self.meters.iter().filter_map(|meter| meter.last).max();
        let flows = |layer: &Layer| {
            let (Some(last), Some(newest)) = (self.meters[layer.number()].last, newest) else {
                return false;
            };
            newest.since(last) <= SILENT.as_nanos() as i64 && now.since(last) <= STILL.as_nanos() as i64
        };
        Layer::ALL.into_iter().filter(flows).fold(Layers::NONE, |all, layer| all.and(Layers::only(layer)))
    }

    /// What each layer costs a subscriber, or would: of a layer that does not flow, what it did before or what is usual. `None`
    /// for one that does not come although it is wanted, and so costs nothing more than the one below it.
    pub fn costs(&mut self, now: MediaTime) -> [Option<Bitrate>; LAYERS] {
        let flowing = self.flowing(now);
        let mut costs = [None; LAYERS];
        let mut below = 0;
        for layer in Layer::ALL {
            let number = layer.number();
            let measured = if flowing.has(layer) { self.meters[number].measured(now) } else { None };
            let in_vain = !flowing.has(layer)
                && self.wanted[number].is_some_and(|since| now.since(since) > TRY.as_nanos() as i64);
            if in_vain {
                continue;
            }
            let assumed = || match self.meters[number].known {
                Some((said, _)) => said,
                None if self.kind == Kind::Audio => SOUND,
                None => USUAL[number].max(STEP_UP.saturating_mul(below)),
            };
            let rate = measured.unwrap_or_else(assumed);
            below = rate;
            costs[number] = Some(Bitrate(rate));
        }
        costs
    }
}

#[cfg(test)]
mod tests;

//! In which sizes the box's camera is sent, and which of them are made at the moment. Pure.

use std::time::Duration;

use tokio::time::Instant;

use super::{Config, Most};
use crate::drivers::pipeline::{CameraEncoder, H264Encoder, LayerSpec};
use crate::model::layer::{LAYERS, Layer, Layers};
use crate::services::heat::Level;

/// Pixels from which on a picture is sent in three sizes, and in two, as browsers do it: half of a small one is of use to nobody.
const THREE: u32 = 960 * 540;
const TWO: u32 = 480 * 270;
/// Bits a second of the smallest size at least.
const LEAST: u32 = 80_000;
/// How long a size is made when nobody wants it any more: a layout change must not stop an encoder, or blink the camera's light.
pub(super) const LINGER: Duration = Duration::from_secs(2);

/// How many sizes are made at most on a board with so many cores.
///
/// Each size costs a quarter of the next larger one, so that three cost a third more than one. That is little beside what else
/// such a board does, but for one on which a single size is what it can just do; and two are most of the gain.
fn on(cores: usize) -> usize {
    match cores {
        0 | 1 => 1,
        2 | 3 => 2,
        _ => LAYERS,
    }
}

/// The sizes in which the camera is sent, the smallest first: the configured one, and each below it of half the width and height and
/// a quarter of the bitrate. On a board that is too hot the largest is left out, or, where it is the only one, halved.
pub(super) fn sizes(config: &Config, encoder: CameraEncoder, cores: usize, heat: Level) -> Vec<LayerSpec> {
    let of_use = match config.width * config.height {
        THREE.. => 3,
        TWO.. => 2,
        _ => 1,
    };
    let most = match config.layers {
        Most::Layers(most) => usize::from(most),
        // What is on the board is one encoder, which may not do several pictures at once.
        Most::Auto if encoder == CameraEncoder::H264(H264Encoder::V4l2) => 1,
        Most::Auto => on(cores),
    };
    let bitrate = config.bitrate.bps() as u32;
    let size = |smaller: usize| LayerSpec {
        from: (config.width, config.height),
        width: (config.width >> smaller) & !1,
        height: (config.height >> smaller) & !1,
        fps: config.fps,
        bitrate: (bitrate >> (2 * smaller)).max(LEAST.min(bitrate)),
        encoder,
    };
    let count = most.clamp(1, of_use);
    let steps = if heat == Level::Smaller { 1..count.max(2) } else { 0..count };
    steps.rev().map(size).collect()
}

/// Which layers are made: what somebody wants at once, and what nobody wants any more for a while.
#[derive(Debug, Default)]
pub(super) struct Made {
    wanted: Layers,
    /// Until when each of the others goes on.
    until: [Option<Instant>; LAYERS],
}

impl Made {
    /// Somebody wants these from now on, and nobody any other.
    pub(super) fn want(&mut self, wanted: Layers, now: Instant) {
        for layer in self.wanted.iter().filter(|layer| !wanted.has(*layer)) {
            self.until[layer.number()] = Some(now + LINGER);
        }
        self.wanted = wanted;
    }

    /// The layers that are made at this moment.
    pub(super) fn at(&mut self, now: Instant) -> Layers {
        for until in &mut self.until {
            *until = until.filter(|until| now < *until);
        }
        let lingers = |layer: &Layer| self.until[layer.number()].is_some();
        Layer::ALL.into_iter().filter(lingers).fold(self.wanted, |all, layer| all.and(Layers::only(layer)))
    }

    /// When that changes by itself: a moment that has passed stays until [`Made::at`] was asked, so that nobody misses it.
    pub(super) fn changes(&self) -> Option<Instant> {
        let lingering = Layer::ALL.into_iter().filter(|layer| !self.wanted.has(*layer));
        lingering.filter_map(|layer| self.until[layer.number()]).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bitrate::Bitrate;

    const X264: CameraEncoder = CameraEncoder::H264(H264Encoder::X264);

    fn found(layers: Most, (width, height): (u32, u32), encoder: CameraEncoder, cores: usize) -> Vec<(u32, u32, u32)> {
        let config = Config { layers, width, height, bitrate: Bitrate::kbps(1600), ..Config::default() };
        let sizes = sizes(&config, encoder, cores, Level::FewerPictures);
        assert!(sizes.iter().all(|size| size.from == (width, height) && size.encoder == encoder));
        sizes.iter().map(|size| (size.width, size.height, size.bitrate / 1000)).collect()
    }

    #[test]
    fn each_size_is_half_of_the_next_and_a_quarter_of_its_bitrate() {
        let three = [(320, 180, 100), (640, 360, 400), (1280, 720, 1600)];
        assert_eq!(found(Most::Auto, (1280, 720), X264, 4), three);
        assert_eq!(found(Most::Auto, (1280, 720), CameraEncoder::Vp8, 8), three);
        assert_eq!(found(Most::Auto, (1280, 720), X264, 2), three[1..]);
        assert_eq!(found(Most::Layers(3), (1280, 720), X264, 1), three, "who says it has to know");
        assert_eq!(found(Most::Layers(1), (1280, 720), X264, 64), three[2..]);
        assert_eq!(found(Most::Auto, (1280, 720), X264, 1), three[2..]);
        assert_eq!(found(Most::Auto, (1280, 720), CameraEncoder::H264(H264Encoder::V4l2), 4), three[2..]);
        assert_eq!(found(Most::Layers(2), (1280, 720), CameraEncoder::H264(H264Encoder::V4l2), 4), three[1..]);
    }

    #[test]
    fn of_a_board_that_is_too_hot_the_largest_size_is_left_out_or_the_only_one_halved() {
        let heights = |layers, cores| {
            let config = Config { layers, width: 1280, height: 720, ..Config::default() };
            let sizes = sizes(&config, X264, cores, Level::Smaller);
            assert!(sizes.iter().all(|size| size.from == (1280, 720)));
            sizes.iter().map(|size| size.height).collect::<Vec<_>>()
        };
        assert_eq!(heights(Most::Auto, 4), [180, 360]);
        assert_eq!(heights(Most::Auto, 2), [360]);
        assert_eq!(heights(Most::Layers(1), 4), [360]);
    }

    #[test]
    fn a_small_picture_has_no_use_for_a_smaller_one() {
        assert_eq!(found(Most::Layers(3), (640, 360), X264, 4), [(320, 180, 400), (640, 360, 1600)]);
        assert_eq!(found(Most::Layers(3), (320, 180), X264, 4), [(320, 180, 1600)]);
        assert_eq!(found(Most::Layers(3), (854, 482), X264, 4), [(426, 240, 400), (854, 482, 1600)], "sides are even");
        let poor = Config { width: 1280, height: 720, bitrate: Bitrate::kbps(100), ..Config::default() };
        assert!(sizes(&poor, X264, 4, Level::Normal).iter().all(|size| (80_000..=100_000).contains(&size.bitrate)));
    }

    #[test]
    fn what_nobody_wants_any_more_goes_on_for_a_while() {
        let [low, _, high] = Layer::ALL;
        let (both, one) = (Layers::only(low).and(Layers::only(high)), Layers::only(low));
        let mut made = Made::default();
        let now = Instant::now();
        let later = |seconds: f64| now + Duration::from_secs_f64(seconds);
        assert_eq!((made.at(now), made.changes()), (Layers::NONE, None));
        made.want(both, now);
        assert_eq!((made.at(later(60.0)), made.changes()), (both, None), "as long as it is wanted");
        made.want(one, now);
        assert_eq!((made.at(later(1.9)), made.changes()), (both, Some(later(2.0))));
        // Whoever waits for it may have been busy with something else just then.
        assert_eq!(made.changes(), Some(later(2.0)), "however late it is");
        assert_eq!((made.at(later(2.5)), made.changes()), (one, None));
        made.want(both, later(3.0));
        assert_eq!((made.at(later(60.0)), made.changes()), (both, None), "it is wanted again");
        made.want(Layers::NONE, later(60.0));
        assert_eq!((made.at(later(61.0)), made.at(later(62.0))), (both, Layers::NONE));
    }
}

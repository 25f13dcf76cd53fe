//! From what a page shows to what it has a use for.

use crate::model::layer::{LAYERS, Layer};

/// Lines of a picture whose size is not known.
const USUAL: u32 = 720;
/// A layer may be this much smaller than the tile, in percent: nobody sees the difference.
const STRETCH: u64 = 125;
/// A tile up to so many lines is filled by a screen in half its size.
const HALF_A_SCREEN: u32 = 480;

/// The smallest layer that fills a tile of so many lines (CSS pixels times the pixels of the device in each), of a source
/// whose largest layer has `source` lines, 720 if that is not known. Each layer has half the lines of the next.
pub fn filling(tile: u32, source: Option<u32>) -> Layer {
    let source = u64::from(source.filter(|lines| *lines > 0).unwrap_or(USUAL));
    let lines = |layer: &Layer| source >> (LAYERS - 1 - layer.number());
    let fills = |layer: &Layer| lines(layer) * STRETCH >= u64::from(tile) * 100;
    Layer::ALL.into_iter().find(fills).unwrap_or(Layer::HIGHEST)
}

/// The same of a shared screen, which is sent whole and in half, as the lowest two layers.
pub fn filling_screen(tile: u32) -> Layer {
    if tile <= HALF_A_SCREEN { Layer::LOWEST } else { Layer::HIGHEST }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_layer_that_fills_the_tile_is_chosen() {
        let [low, middle, high] = Layer::ALL;
        for (tile, source, layer) in [
            (0, None, low),
            (180, None, low),
            (225, None, low),
            (226, None, middle),
            (450, None, middle),
            (451, None, high),
            (4320, None, high),
            (u32::MAX, Some(u32::MAX), high),
            (180, Some(1080), low),
            (360, Some(1080), middle),
            (720, Some(1080), high),
            (180, Some(240), high),
            (180, Some(0), low),
        ] {
            assert_eq!(filling(tile, source), layer, "{tile} lines of {source:?}");
        }
    }
}

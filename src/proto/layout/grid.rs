//! The grid: equal tiles of about 16:9, row by row.

/// More tiles than this are too small to see anything on; who comes later is heard only.
pub const MOST_TILES: usize = 25;

/// A canvas is divided into gaps of one part in this many of its width.
const GAP_PART: u32 = 80;
/// Beside a shared screen the others have one part in this many of the canvas.
const STRIP_PART: u32 = 5;
/// Smaller tiles than this, in pixels, are not made.
const SMALLEST: u32 = 16;
/// Tile widths are a multiple of this, so that each row of each I420 plane is a multiple of four bytes and decoders
/// hand pictures over without padding.
const WIDTH_STEP: u32 = 8;

/// A place on the canvas, in pixels. All four numbers are even.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tile {
    /// From the left edge of the canvas.
    pub x: u32,
    /// From its upper edge.
    pub y: u32,
    /// Pixels across; a multiple of eight.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

#[derive(Debug, Clone, Copy)]
struct Shape {
    columns: u32,
    rows: u32,
    width: u32,
    height: u32,
}

impl Shape {
    fn area(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// Tiles for `count` members on a canvas of `width` times `height` pixels, in the order of the members.
///
/// As long as the number of rows and columns stays what it was, a tile stays where it was: who comes or goes at the end
/// moves nobody. A single tile has the whole canvas. No more than [`MOST_TILES`] tiles are made, and none that would
/// be too small to matter.
pub fn tiles(count: usize, width: u32, height: u32) -> Vec<Tile> {
    let count = count.min(MOST_TILES) as u32;
    let gap = if count == 1 { 0 } else { even(width / GAP_PART) };
    let mut best: Option<Shape> = None;
    for columns in 1..=count {
        let Some(shape) = shape(columns, count.div_ceil(columns), width, height, gap) else { continue };
        if best.is_none_or(|best| shape.area() > best.area()) {
            best = Some(shape);
        }
    }
    let Some(shape) = best else { return Vec::new() };
    let across = shape.columns * (shape.width + gap) - gap;
    let down = shape.rows * (shape.height + gap) - gap;
    let (left, top) = (even((width - across) / 2), even((height - down) / 2));
    (0..count)
        .map(|place| Tile {
            x: left + place % shape.columns * (shape.width + gap),
            y: top + place / shape.columns * (shape.height + gap),
            width: shape.width,
            height: shape.height,
        })
        .collect()
}

/// Tiles for `shared` screens, and for `others` beside them: the screens have most of the canvas, the others the strip at its
/// right edge. Without a screen it is the grid, and without others the screens have the whole canvas.
pub fn stage(shared: usize, others: usize, width: u32, height: u32) -> (Vec<Tile>, Vec<Tile>) {
    let strip = match (shared, others) {
        (0, _) => width,
        (_, 0) => 0,
        _ => even(width / STRIP_PART),
    };
    let left = width - strip;
    let beside = tiles(others, strip, height).into_iter().map(|tile| Tile { x: tile.x + even(left), ..tile });
    (tiles(shared, even(left), height), beside.collect())
}

/// The largest 16:9 tile of which so many rows and columns fit, or nothing if that is too small.
fn shape(columns: u32, rows: u32, width: u32, height: u32, gap: u32) -> Option<Shape> {
    let margins = |lines: u32| if gap == 0 { 0 } else { gap * (lines + 1) };
    let cell_width = width.checked_sub(margins(columns))? / columns;
    let cell_height = height.checked_sub(margins(rows))? / rows;
    let wide = cell_width.min((u64::from(cell_height) * 16 / 9) as u32);
    let tile_width = wide - wide % WIDTH_STEP;
    let tile_height = even((u64::from(tile_width) * 9 / 16) as u32 + 1).min(even(cell_height));
    (tile_width >= SMALLEST && tile_height >= SMALLEST).then_some(Shape {
        columns,
        rows,
        width: tile_width,
        height: tile_height,
    })
}

const fn even(value: u32) -> u32 {
    value - value % 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANVASES: [(u32, u32); 6] = [(1280, 720), (1920, 1080), (640, 360), (320, 180), (1024, 768), (720, 1280)];

    fn overlap(a: &Tile, b: &Tile) -> bool {
        a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
    }

    #[test]
    fn nobody_has_no_tile_and_one_has_the_whole_canvas() {
        assert_eq!(tiles(0, 1280, 720), []);
        assert_eq!(tiles(1, 1280, 720), [Tile { x: 0, y: 0, width: 1280, height: 720 }]);
        assert_eq!(tiles(1, 640, 360), [Tile { x: 0, y: 0, width: 640, height: 360 }]);
    }

    #[test]
    fn a_few_known_grids_at_720_lines() {
        assert_eq!(
            tiles(2, 1280, 720),
            [Tile { x: 16, y: 186, width: 616, height: 346 }, Tile { x: 648, y: 186, width: 616, height: 346 }]
        );
        let four = tiles(4, 1280, 720);
        assert_eq!(four[0], Tile { x: 40, y: 18, width: 592, height: 334 });
        assert_eq!(four[3], Tile { x: 648, y: 368, width: 592, height: 334 });
        let nine = tiles(9, 1280, 720);
        assert_eq!(nine.iter().map(|t| t.y).collect::<std::collections::BTreeSet<_>>().len(), 3);
        assert_eq!(nine.iter().map(|t| t.x).collect::<std::collections::BTreeSet<_>>().len(), 3);
    }

    #[test]
    fn tiles_are_even_inside_the_canvas_apart_and_of_one_size() {
        for (width, height) in CANVASES {
            for count in 0..=MOST_TILES {
                let all = tiles(count, width, height);
                assert_eq!(all.len(), count, "{count} on {width}x{height}");
                for (n, tile) in all.iter().enumerate() {
                    assert!([tile.x, tile.y, tile.width, tile.height].iter().all(|v| v % 2 == 0), "{tile:?}");
                    assert_eq!(tile.width % WIDTH_STEP, 0);
                    assert!(tile.x + tile.width <= width && tile.y + tile.height <= height, "{count}: {tile:?}");
                    assert_eq!((tile.width, tile.height), (all[0].width, all[0].height));
                    assert!(all[..n].iter().all(|other| !overlap(tile, other)), "{count}: {tile:?}");
                }
            }
        }
    }

    #[test]
    fn tiles_are_about_16_to_9() {
        for (width, height) in CANVASES {
            for count in 1..=MOST_TILES {
                let tile = tiles(count, width, height)[0];
                let ratio = f64::from(tile.width) / f64::from(tile.height);
                assert!((ratio - 16.0 / 9.0).abs() < 0.12, "{count} on {width}x{height}: {tile:?}");
            }
        }
    }

    #[test]
    fn who_comes_at_the_end_moves_nobody_while_the_shape_stays() {
        let mut kept = 0;
        for count in 2..MOST_TILES {
            let (before, after) = (tiles(count, 1280, 720), tiles(count + 1, 1280, 720));
            if (before[0].width, before[0].height) == (after[0].width, after[0].height) {
                assert_eq!(before[..], after[..count]);
                kept += 1;
            }
        }
        assert!(kept > 10, "most joins keep the shape, {kept} did");
    }

    #[test]
    fn a_shared_screen_has_most_of_the_canvas_and_the_others_a_strip_beside_it() {
        for (width, height) in CANVASES {
            assert_eq!(stage(0, 3, width, height), (Vec::new(), tiles(3, width, height)));
            assert_eq!(stage(1, 0, width, height), (tiles(1, width, height), Vec::new()));
            for (shared, others) in [(1, 1), (1, 7), (2, 3), (3, 24)] {
                let (screens, beside) = stage(shared, others, width, height);
                let what = format!("{shared} and {others} on {width}x{height}");
                assert_eq!(screens.len(), shared, "{what}");
                let all: Vec<_> = screens.iter().chain(&beside).collect();
                for (n, tile) in all.iter().enumerate() {
                    assert!([tile.x, tile.y, tile.width, tile.height].iter().all(|v| v % 2 == 0), "{what}: {tile:?}");
                    assert!(tile.x + tile.width <= width && tile.y + tile.height <= height, "{what}: {tile:?}");
                    assert!(all[..n].iter().all(|other| !overlap(tile, other)), "{what}: {tile:?}");
                }
                if shared == 1
                    && let Some(small) = beside.first()
                {
                    assert!(screens[0].width >= 3 * small.width, "{what}");
                }
            }
        }
        let (screens, beside) = stage(1, 5, 1280, 720);
        assert_eq!(screens, [Tile { x: 0, y: 72, width: 1024, height: 576 }]);
        assert!(beside.len() == 5 && beside.iter().all(|tile| tile.x >= 1024 && tile.width >= 200), "{beside:?}");
        assert_eq!(stage(4, 4, 0, 0), (Vec::new(), Vec::new()));
    }

    #[test]
    fn too_many_or_too_small_make_fewer_tiles_and_no_panic() {
        assert_eq!(tiles(400, 1280, 720).len(), MOST_TILES);
        assert_eq!(tiles(25, 40, 20), []);
        assert_eq!(tiles(3, 0, 0), []);
        assert_eq!(tiles(1, u32::MAX, u32::MAX).len(), 1);
    }
}

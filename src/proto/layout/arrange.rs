//! Arrangements: which members of a composition have a tile, and where.

use serde::{Deserialize, Serialize};

use super::grid::{self, Tile};

/// How the members of a composition are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ProgramLayout"))]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Shared screens with a strip of the others; without one whoever is in front with a strip, and without that the grid.
    #[default]
    Auto,
    /// Everybody has the same, and so has a shared screen.
    Grid,
    /// Whoever is in front has most of it, all others the strip.
    Speaker,
    /// Two beside each other, nobody else is seen.
    SideBySide,
    /// One has all of it, a second lies in a corner, nobody else is seen.
    PictureInPicture,
    /// Shared screens with whoever is in front beside them, nobody else is seen.
    Screen,
    /// Everybody is a card with a name; no pictures.
    Cards,
}

impl Layout {
    /// Whether pictures of people and of screens are in it.
    pub const fn shows_pictures(self) -> bool {
        !matches!(self, Self::Cards)
    }
}

/// What a member takes part with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// It is a shared screen.
    pub shared: bool,
    /// It comes before the others.
    pub front: bool,
}

/// The inset of a picture in a picture has one part in this many of the canvas.
const INSET_PART: u32 = 4;
/// What a television may cut off at each edge: one part in so many.
const SAFE_PART: u32 = 20;

/// A tile for each member, in their order, on a canvas of `width` times `height` pixels; nothing for those who are not seen. Where tiles
/// overlap, the smaller one lies above. A tile has one of few sizes for the same layout and number of members, so that
/// who speaks can change without everybody else being moved.
pub fn arrange(layout: Layout, members: &[Part], width: u32, height: u32) -> Vec<Option<Tile>> {
    let all = 0..members.len();
    let front = members.iter().position(|member| member.front && !member.shared);
    let shared = || all.clone().filter(|at| members[*at].shared);
    let first = || front.or_else(|| all.clone().find(|at| !members[*at].shared));
    // Whoever was put in front, then screens, then the others as they came.
    let by_rank = || {
        let rest = shared().chain(all.clone().filter(|at| !members[*at].shared)).filter(|at| Some(*at) != front);
        front.into_iter().chain(rest)
    };
    let mut tiles = vec![None; members.len()];
    let mut put = |who: Vec<usize>, places: Vec<Tile>| {
        for (at, tile) in who.into_iter().zip(places) {
            tiles[at] = Some(tile);
        }
    };
    match layout {
        Layout::Grid | Layout::Cards => put(all.collect(), grid::tiles(members.len(), width, height)),
        Layout::Auto | Layout::Speaker => {
            let large: Vec<usize> = match (layout, shared().next()) {
                (Layout::Auto, Some(_)) => shared().collect(),
                (Layout::Auto, None) => front.into_iter().collect(),
                _ => first().or_else(|| shared().next()).into_iter().collect(),
            };
            let beside: Vec<usize> = all.filter(|at| !large.contains(at)).collect();
            let (stage, strip) = grid::stage(large.len(), beside.len(), width, height);
            put(large, stage);
            put(beside, strip);
        }
        Layout::SideBySide => {
            let two: Vec<usize> = by_rank().take(2).collect();
            let places = grid::tiles(two.len(), width, height);
            put(two, places);
        }
        Layout::PictureInPicture => {
            // With a screen it is the screen that has all of it.
            let whole = shared().next().or_else(|| by_rank().next());
            let inset = whole.and_then(|whole| by_rank().find(|at| *at != whole));
            put(whole.into_iter().collect(), grid::tiles(1, width, height));
            put(inset.into_iter().collect(), inset_tile(width, height).into_iter().collect());
        }
        Layout::Screen => {
            let large: Vec<usize> = shared().collect();
            let beside: Vec<usize> = first().into_iter().collect();
            let (stage, strip) = grid::stage(large.len(), beside.len(), width, height);
            put(large, stage);
            put(beside, strip);
        }
    }
    tiles
}

/// The lower right corner, inside of what televisions cut off; nothing where that is too small.
fn inset_tile(width: u32, height: u32) -> Option<Tile> {
    let tile = grid::tiles(1, width / INSET_PART, height / INSET_PART).pop()?;
    let even = |value: u32| value - value % 2;
    let (x, y) =
        (width.checked_sub(width / SAFE_PART + tile.width)?, height.checked_sub(height / SAFE_PART + tile.height)?);
    Some(Tile { x: even(x), y: even(y), ..tile })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Layout; 7] = [
        Layout::Auto,
        Layout::Grid,
        Layout::Speaker,
        Layout::SideBySide,
        Layout::PictureInPicture,
        Layout::Screen,
        Layout::Cards,
    ];

    /// `s` shares a screen, `f` is in front, `p` is anybody.
    fn parts(text: &str) -> Vec<Part> {
        text.chars().map(|c| Part { shared: c == 's', front: c == 'f' }).collect()
    }

    /// Each member's share of the canvas in percent, `None` for those who are not seen.
    fn shares(layout: Layout, text: &str) -> Vec<Option<u32>> {
        let tiles = arrange(layout, &parts(text), 1280, 720);
        tiles.into_iter().map(|tile| tile.map(|t| t.width * t.height * 100 / (1280 * 720))).collect()
    }

    #[test]
    fn a_table_of_who_has_how_much() {
        let table: [(Layout, &str, &[Option<u32>]); 20] = [
            (Layout::Auto, "p", &[Some(100)]),
            (Layout::Auto, "pp", &[Some(23), Some(23)]),
            (Layout::Auto, "pfp", &[Some(3), Some(64), Some(3)]),
            (Layout::Auto, "fs", &[Some(4), Some(64)]),
            (Layout::Grid, "fsp", &[Some(21), Some(21), Some(21)]),
            (Layout::Speaker, "p", &[Some(100)]),
            (Layout::Speaker, "pfs", &[Some(3), Some(64), Some(3)]),
            (Layout::Speaker, "ppp", &[Some(64), Some(3), Some(3)]),
            (Layout::Speaker, "ss", &[Some(64), Some(4)]),
            (Layout::SideBySide, "ppp", &[Some(23), Some(23), None]),
            (Layout::SideBySide, "ppfs", &[None, None, Some(23), Some(23)]),
            (Layout::SideBySide, "p", &[Some(100)]),
            (Layout::PictureInPicture, "ppf", &[Some(6), None, Some(100)]),
            (Layout::PictureInPicture, "pps", &[Some(6), None, Some(100)]),
            (Layout::PictureInPicture, "pfs", &[None, Some(6), Some(100)]),
            (Layout::PictureInPicture, "p", &[Some(100)]),
            (Layout::Screen, "pfs", &[None, Some(4), Some(64)]),
            (Layout::Screen, "pp", &[Some(100), None]),
            (Layout::Screen, "s", &[Some(100)]),
            (Layout::Cards, "fsp", &[Some(21), Some(21), Some(21)]),
        ];
        for (layout, members, expected) in table {
            assert_eq!(shares(layout, members), expected, "{layout:?} of {members}");
        }
    }

    #[test]
    fn every_tile_is_even_and_inside_and_none_overlaps_but_the_inset() {
        for layout in ALL {
            for members in ["", "p", "s", "pp", "pfp", "ss", "sfpp", "ppppppppppppppppppppppppp", "sspppppfppppp"] {
                for (width, height) in [(1280, 720), (1920, 1080), (320, 180), (720, 1280), (16, 16), (0, 0)] {
                    let tiles = arrange(layout, &parts(members), width, height);
                    assert_eq!(tiles.len(), members.len());
                    let seen: Vec<Tile> = tiles.into_iter().flatten().collect();
                    for (n, tile) in seen.iter().enumerate() {
                        let what = format!("{layout:?} of {members} on {width}x{height}: {tile:?}");
                        assert!([tile.x, tile.y, tile.width, tile.height].iter().all(|v| v % 2 == 0), "{what}");
                        assert_eq!(tile.width % 8, 0, "{what}");
                        assert!(tile.x + tile.width <= width && tile.y + tile.height <= height, "{what}");
                        let apart = |a: &Tile, b: &Tile| {
                            a.x + a.width <= b.x
                                || b.x + b.width <= a.x
                                || a.y + a.height <= b.y
                                || b.y + b.height <= a.y
                        };
                        let lies_above = layout == Layout::PictureInPicture;
                        assert!(lies_above || seen[..n].iter().all(|other| apart(tile, other)), "{what}");
                    }
                }
            }
        }
    }
}

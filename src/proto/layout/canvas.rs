//! The canvas: an I420 picture in the making.

use bytes::Bytes;

use super::grid::Tile;
use crate::model::raw::Picture;
use crate::model::time::MediaTime;

/// A colour as Y, Cb and Cr: ITU-R BT.709, limited range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    /// Brightness, 16 to 235.
    pub y: u8,
    /// Blue difference, 16 to 240.
    pub u: u8,
    /// Red difference, 16 to 240.
    pub v: u8,
}

impl Colour {
    /// The blue-grey of the porch at dusk: what is behind everything.
    pub const DUSK: Self = Self::from_rgb(0x17, 0x1d, 0x29);

    /// From red, green and blue of 0 to 255 each (BT.709 section 3, 8 bit).
    pub const fn from_rgb(red: u8, green: u8, blue: u8) -> Self {
        let (r, g, b) = (red as i32, green as i32, blue as i32);
        Self {
            y: (16 + ((11_966 * r + 40_254 * g + 4_064 * b + 32_768) >> 16)) as u8,
            u: (128 + ((-6_596 * r - 22_189 * g + 28_784 * b + 32_768) >> 16)) as u8,
            v: (128 + ((28_784 * r - 26_145 * g - 2_639 * b + 32_768) >> 16)) as u8,
        }
    }
}

/// Something that lies over a picture, where it is not transparent.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// Its colours, as if it were opaque everywhere.
    pub picture: Picture,
    /// How opaque each pixel is, 0 to 255, row by row.
    pub opacity: Vec<u8>,
}

/// An I420 picture that is being drawn. A clone of a filled canvas is the cheapest fresh one.
#[derive(Clone)]
pub struct Canvas {
    width: usize,
    height: usize,
    data: Vec<u8>,
}

impl Canvas {
    /// A canvas of one colour. Odd sides are rounded down.
    pub fn new(width: u32, height: u32, colour: Colour) -> Self {
        let (width, height) = ((width - width % 2) as usize, (height - height % 2) as usize);
        let luma = width * height;
        let mut data = vec![colour.y; luma + luma / 2];
        data[luma..luma + luma / 4].fill(colour.u);
        data[luma + luma / 4..].fill(colour.v);
        Self { width, height, data }
    }

    /// Draws a picture with its upper left corner at (`x`, `y`), odd positions rounded down; what is outside is cut off.
    /// A picture whose data does not fit its size is not drawn.
    pub fn blit(&mut self, picture: &Picture, x: u32, y: u32) {
        let (from_width, from_height) = (picture.width as usize, picture.height as usize);
        let (x, y) = ((x - x % 2) as usize, (y - y % 2) as usize);
        let odd = from_width % 2 != 0 || from_height % 2 != 0;
        let Some(luma) = from_width.checked_mul(from_height) else { return };
        if odd || picture.data.len() != luma + luma / 2 || x >= self.width || y >= self.height {
            return;
        }
        let (wide, high) = (from_width.min(self.width - x), from_height.min(self.height - y));
        let own = self.width * self.height;
        for (part, own_start, from_start) in [(1, 0, 0), (2, own, luma), (2, own + own / 4, luma + luma / 4)] {
            let (to_stride, from_stride, bytes) = (self.width / part, from_width / part, wide / part);
            for row in 0..high / part {
                let to = own_start + (y / part + row) * to_stride + x / part;
                let from = from_start + row * from_stride;
                self.data[to..to + bytes].copy_from_slice(&picture.data[from..from + bytes]);
            }
        }
    }

    /// Goes on with a finished picture, in its own memory if nobody else has it; nothing if its data does not fit its size.
    pub fn of(picture: Picture) -> Option<Self> {
        let (width, height) = (picture.width as usize, picture.height as usize);
        let fits = width % 2 == 0 && height % 2 == 0 && picture.data.len() == width * height * 3 / 2;
        fits.then(|| Self { width, height, data: Vec::from(picture.data) })
    }

    /// Lays a stamp over what is drawn, with its upper left corner at (`x`, `y`), odd positions rounded down; what is outside is cut
    /// off. One whose data does not fit its size is not laid.
    pub fn stamp(&mut self, stamp: &Stamp, x: u32, y: u32) {
        let from = &stamp.picture;
        let (from_width, from_height) = (from.width as usize, from.height as usize);
        let (x, y) = ((x - x % 2) as usize, (y - y % 2) as usize);
        let luma = from_width * from_height;
        let odd = from_width % 2 != 0 || from_height % 2 != 0;
        if odd
            || from.data.len() != luma + luma / 2
            || stamp.opacity.len() != luma
            || x >= self.width
            || y >= self.height
        {
            return;
        }
        let (wide, high) = (from_width.min(self.width - x), from_height.min(self.height - y));
        let blend = |below: &mut u8, above: u8, opacity: u32| {
            let mixed = u32::from(*below) * (255 - opacity) + u32::from(above) * opacity;
            *below = ((mixed + 127) / 255) as u8;
        };
        for row in 0..high {
            for column in 0..wide {
                let at = row * from_width + column;
                let to = (y + row) * self.width + x + column;
                blend(&mut self.data[to], from.data[at], u32::from(stamp.opacity[at]));
            }
        }
        let own = self.width * self.height;
        for row in 0..high / 2 {
            for column in 0..wide / 2 {
                let corner = 2 * row * from_width + 2 * column;
                let four = [corner, corner + 1, corner + from_width, corner + from_width + 1];
                let opacity = four.iter().map(|at| u32::from(stamp.opacity[*at])).sum::<u32>() / 4;
                let at = row * (from_width / 2) + column;
                let to = (y / 2 + row) * (self.width / 2) + x / 2 + column;
                blend(&mut self.data[own + to], from.data[luma + at], opacity);
                blend(&mut self.data[own + own / 4 + to], from.data[luma + luma / 4 + at], opacity);
            }
        }
    }

    /// Draws a picture on a tile, if it has the size of the tile.
    pub fn fill(&mut self, tile: Tile, picture: &Picture) {
        if (picture.width, picture.height) == (tile.width, tile.height) {
            self.blit(picture, tile.x, tile.y);
        }
    }

    /// A picture in a smaller size, as in a mirror; the rest is as with [`Self::scaled`].
    pub fn mirrored(picture: &Picture, width: u32, height: u32) -> Option<Picture> {
        Self::sampled(picture, width, height, true)
    }

    /// A picture in another size. Both sizes are even; nothing if its data does not fit its size. A pixel is the mean of four that are
    /// around its middle: quick, and good enough for a small picture of what moves, or for a moment.
    pub fn scaled(picture: &Picture, width: u32, height: u32) -> Option<Picture> {
        Self::sampled(picture, width, height, false)
    }

    fn sampled(picture: &Picture, width: u32, height: u32, mirror: bool) -> Option<Picture> {
        let (from_width, from_height) = (picture.width as usize, picture.height as usize);
        let (wide, high) = (width as usize, height as usize);
        let luma = from_width * from_height;
        let even = [from_width, from_height, wide, high].iter().all(|side| side % 2 == 0 && *side > 0);
        if !even || picture.data.len() != luma + luma / 2 {
            return None;
        }
        let mut data = Vec::with_capacity(wide * high * 3 / 2);
        for (part, start) in [(1, 0), (2, luma), (2, luma + luma / 4)] {
            let (columns, rows) = (from_width / part, from_height / part);
            let plane = picture.data.get(start..start + columns * rows)?;
            let (wide, high) = (wide / part, high / part);
            for y in 0..high {
                let row = (2 * y + 1) * rows / (2 * high);
                let above = row.saturating_sub(1) * columns;
                let row = row * columns;
                for x in 0..wide {
                    let x = if mirror { wide - 1 - x } else { x };
                    let column = (2 * x + 1) * columns / (2 * wide);
                    let left = column.saturating_sub(1);
                    let four = [above + left, above + column, row + left, row + column];
                    data.push((four.iter().map(|at| u32::from(plane[*at])).sum::<u32>().div_ceil(4)) as u8);
                }
            }
        }
        Some(Picture { width, height, time: picture.time, data: Bytes::from(data) })
    }

    /// The finished picture.
    pub fn finish(self, time: MediaTime) -> Picture {
        Picture { width: self.width as u32, height: self.height as u32, time, data: Bytes::from(self.data) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACK: Colour = Colour { y: 20, u: 30, v: 40 };
    const MARK: Colour = Colour { y: 120, u: 130, v: 140 };

    fn at(picture: &Picture, x: usize, y: usize) -> (u8, u8, u8) {
        let (w, h) = (picture.width as usize, picture.height as usize);
        let chroma = w * h + y / 2 * (w / 2) + x / 2;
        (picture.data[y * w + x], picture.data[chroma], picture.data[chroma + w * h / 4])
    }

    fn plain(width: u32, height: u32) -> Picture {
        Canvas::new(width, height, MARK).finish(MediaTime::ZERO)
    }

    #[test]
    fn a_scaled_picture_has_the_same_on_the_same_side_in_any_size() {
        let mut canvas = Canvas::new(64, 36, BACK);
        canvas.blit(&plain(16, 36), 0, 0);
        let picture = canvas.finish(MediaTime::from_millis(7));
        for (width, height) in [(16, 8), (128, 72), (64, 36)] {
            let other = Canvas::scaled(&picture, width, height).expect("it fits");
            assert_eq!((other.width, other.height, other.time), (width, height, picture.time));
            let (middle, right) = (height as usize / 2, width as usize - 2);
            assert_eq!((at(&other, 0, middle), at(&other, right, middle)), (at(&picture, 0, 18), at(&picture, 62, 18)));
        }
    }

    #[test]
    fn a_picture_in_a_mirror_is_smaller_and_the_other_way_round() {
        let mut canvas = Canvas::new(64, 36, BACK);
        canvas.blit(&plain(16, 36), 0, 0);
        let picture = canvas.finish(MediaTime::from_millis(7));
        let small = Canvas::mirrored(&picture, 16, 8).expect("it fits");
        assert_eq!((small.width, small.height, small.time), (16, 8, MediaTime::from_millis(7)));
        for y in [0, 7] {
            assert_eq!(at(&small, 1, y), (BACK.y, BACK.u, BACK.v));
            assert_eq!(at(&small, 14, y), (MARK.y, MARK.u, MARK.v));
        }
        let whole = Canvas::mirrored(&plain(8, 8), 8, 8).expect("it fits");
        assert_eq!(whole.data, plain(8, 8).data, "of one colour it stays");
        let cut = Picture { data: picture.data.slice(1..), ..picture.clone() };
        assert!(Canvas::mirrored(&cut, 16, 8).is_none() && Canvas::mirrored(&picture, 0, 8).is_none());
    }

    #[test]
    fn black_white_and_red_are_limited_range_bt_709() {
        assert_eq!(Colour::from_rgb(0, 0, 0), Colour { y: 16, u: 128, v: 128 });
        assert_eq!(Colour::from_rgb(255, 255, 255), Colour { y: 235, u: 128, v: 128 });
        assert_eq!(Colour::from_rgb(255, 0, 0), Colour { y: 63, u: 102, v: 240 });
    }

    #[test]
    fn a_picture_lands_on_its_place_and_nowhere_else() {
        let mut canvas = Canvas::new(16, 8, BACK);
        canvas.blit(&plain(4, 2), 6, 4);
        let picture = canvas.finish(MediaTime::from_millis(5));
        assert_eq!(picture.time, MediaTime::from_millis(5));
        assert_eq!(picture.data.len(), 16 * 8 * 3 / 2);
        for y in 0..8 {
            for x in 0..16 {
                let inside = (6..10).contains(&x) && (4..6).contains(&y);
                let expected = if inside { (120, 130, 140) } else { (20, 30, 40) };
                assert_eq!(at(&picture, x, y), expected, "({x}, {y})");
            }
        }
    }

    #[test]
    fn what_is_outside_is_cut_off() {
        let mut canvas = Canvas::new(16, 8, BACK);
        canvas.blit(&plain(64, 64), 14, 6);
        canvas.blit(&plain(2, 2), 16, 0);
        canvas.blit(&plain(2, 2), 0, 8);
        let picture = canvas.finish(MediaTime::ZERO);
        assert_eq!(at(&picture, 15, 7), (120, 130, 140));
        assert_eq!(at(&picture, 13, 7), (20, 30, 40));
        assert_eq!(at(&picture, 0, 0), (20, 30, 40));
    }

    #[test]
    fn a_stamp_covers_where_it_is_opaque_and_mixes_where_it_is_half() {
        let opacity = [[255, 255, 0, 0], [255, 255, 0, 0]].concat();
        let stamp = Stamp { picture: plain(4, 2), opacity };
        let mut canvas = Canvas::new(16, 8, BACK);
        canvas.stamp(&stamp, 6, 4);
        canvas.stamp(&Stamp { opacity: vec![128; 8], ..stamp.clone() }, 0, 0);
        canvas.stamp(&stamp, 15, 7);
        canvas.stamp(&Stamp { opacity: vec![255; 7], ..stamp }, 0, 6);
        let picture = canvas.finish(MediaTime::ZERO);
        assert_eq!((at(&picture, 6, 4), at(&picture, 7, 5)), ((120, 130, 140), (120, 130, 140)));
        assert_eq!((at(&picture, 8, 4), at(&picture, 4, 4)), ((20, 30, 40), (20, 30, 40)));
        assert_eq!(at(&picture, 0, 0), (70, 80, 90));
        assert_eq!(
            (at(&picture, 14, 6), at(&picture, 0, 6)),
            ((120, 130, 140), (20, 30, 40)),
            "odd places are rounded down"
        );
        let again = Canvas::of(picture.clone()).map(|canvas| canvas.finish(MediaTime::ZERO).data);
        assert_eq!(again, Some(picture.data.clone()));
        assert!(Canvas::of(Picture { width: 14, ..picture }).is_none());
    }

    #[test]
    fn a_picture_that_lies_about_its_size_is_not_drawn() {
        let mut canvas = Canvas::new(8, 8, BACK);
        let mut short = plain(4, 4);
        short.data.truncate(10);
        canvas.blit(&short, 0, 0);
        canvas.blit(&Picture { width: 3, height: 5, ..plain(4, 4) }, 0, 0);
        canvas.fill(Tile { x: 0, y: 0, width: 8, height: 4 }, &plain(4, 4));
        assert!(canvas.finish(MediaTime::ZERO).data[..64].iter().all(|&y| y == 20));
    }
}

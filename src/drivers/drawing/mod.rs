//! Pictures out of drawings (SVG), and QR codes. The home of resvg and qrcode.
//!
//! Owns the fonts: the one that is bundled, and those of the system for letters that it lacks. Decides nothing about what is drawn: see
//! [`crate::proto::screens`].

use std::sync::Arc;

use bytes::Bytes;
use qrcode::{Color, EcLevel, QrCode};
use resvg::tiny_skia::{FilterQuality, Pixmap, PixmapPaint, Transform};
use resvg::usvg::{self, fontdb};

use crate::model::raw::Picture;
use crate::model::time::MediaTime;
use crate::proto::layout::canvas::{Colour, Stamp};
use crate::proto::screens::Code;

/// Inter 4.0, see `fonts/OFL.txt`.
const FONTS: [&[u8]; 2] = [include_bytes!("fonts/Inter-Regular.otf"), include_bytes!("fonts/Inter-SemiBold.otf")];
const FAMILY: &str = "Inter";

/// Why something can't be drawn.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no SVG.
    #[error("this drawing can't be read: {0}")]
    Drawing(#[from] usvg::Error),
    /// A side is zero, or the picture does not fit into the memory.
    #[error("a picture of {0} by {1} pixels can't be drawn")]
    Size(u32, u32),
    /// It is no PNG, or a broken one.
    #[error("this is no picture in the format PNG")]
    Png,
    /// More than a QR code holds.
    #[error("this is too long for a QR code")]
    Long,
}

/// Draws; cheap to clone.
#[derive(Clone)]
pub struct Artist {
    fonts: Arc<fontdb::Database>,
}

impl Artist {
    /// Loads the fonts; those of the system as well, which takes a moment where there are many.
    pub fn new() -> Self {
        let mut fonts = fontdb::Database::new();
        FONTS.iter().for_each(|font| fonts.load_font_data(font.to_vec()));
        fonts.load_system_fonts();
        fonts.set_sans_serif_family(FAMILY);
        Self { fonts: Arc::new(fonts) }
    }

    /// A drawing as a picture of this size, at time zero: odd sides are rounded down. The drawing keeps its shape and lies in the middle of black.
    ///
    /// # Errors
    /// [`Error::Drawing`], [`Error::Size`].
    pub fn picture(&self, svg: &str, width: u32, height: u32) -> Result<Picture, Error> {
        let (width, height) = (width & !1, height & !1);
        Ok(planes(&self.draw(svg, width, height)?, width, height).0)
    }

    /// A drawing of this size that lies over others, where it is not transparent. Odd sides are rounded down.
    ///
    /// # Errors
    /// [`Error::Drawing`], [`Error::Size`].
    pub fn stamp(&self, svg: &str, width: u32, height: u32) -> Result<Stamp, Error> {
        let (width, height) = (width & !1, height & !1);
        let (picture, opacity) = planes(&self.draw(svg, width, height)?, width, height);
        Ok(Stamp { picture, opacity })
    }

    fn draw(&self, svg: &str, width: u32, height: u32) -> Result<Pixmap, Error> {
        let options =
            usvg::Options { fontdb: self.fonts.clone(), font_family: FAMILY.to_owned(), ..Default::default() };
        let tree = usvg::Tree::from_str(svg, &options)?;
        let mut pixels = Pixmap::new(width, height).ok_or(Error::Size(width, height))?;
        let size = tree.size();
        let scale = (width as f32 / size.width()).min(height as f32 / size.height());
        let (x, y) = ((width as f32 - size.width() * scale) / 2.0, (height as f32 - size.height() * scale) / 2.0);
        resvg::render(&tree, Transform::from_row(scale, 0.0, 0.0, scale, x, y), &mut pixels.as_mut());
        Ok(pixels)
    }
}

impl Default for Artist {
    fn default() -> Self {
        Self::new()
    }
}

/// As I420 and as how opaque each pixel is; where nothing is, there is black.
fn planes(pixels: &Pixmap, width: u32, height: u32) -> (Picture, Vec<u8>) {
    let (wide, high) = (width as usize, height as usize);
    let mut data = vec![0; wide * high * 3 / 2];
    let (luma, chroma) = data.split_at_mut(wide * high);
    let (us, vs) = chroma.split_at_mut(wide * high / 4);
    let mut opacity = Vec::with_capacity(wide * high);
    let mut sums = vec![(0u32, 0u32); wide / 2];
    for (row, line) in pixels.pixels().chunks_exact(wide).enumerate() {
        for (column, pixel) in line.iter().enumerate() {
            let plain = pixel.demultiply();
            let colour = Colour::from_rgb(plain.red(), plain.green(), plain.blue());
            luma[row * wide + column] = colour.y;
            opacity.push(pixel.alpha());
            let sum = &mut sums[column / 2];
            *sum = (sum.0 + u32::from(colour.u), sum.1 + u32::from(colour.v));
        }
        if row % 2 == 1 {
            for (column, (u, v)) in sums.iter_mut().map(std::mem::take).enumerate() {
                us[row / 2 * (wide / 2) + column] = ((u + 2) / 4) as u8;
                vs[row / 2 * (wide / 2) + column] = ((v + 2) / 4) as u8;
            }
        }
    }
    (Picture { width, height, time: MediaTime::ZERO, data: Bytes::from(data) }, opacity)
}

/// The largest side of a logo, in pixels.
pub const LARGEST_LOGO: u32 = 2048;

/// A picture that lies over others, out of a PNG (W3C PNG, third edition): as large as fits into so many pixels, at its own shape.
///
/// # Errors
/// [`Error::Png`]; [`Error::Size`] where a side is longer than [`LARGEST_LOGO`].
pub fn logo(png: &[u8], width: u32, height: u32) -> Result<Stamp, Error> {
    // Its size stands at a fixed place, and is looked at before there is any memory for it (PNG section 11.2.1).
    let side = |at: usize| png.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_be_bytes);
    let (Some(across), Some(down)) = (side(16), side(20)) else { return Err(Error::Png) };
    if across > LARGEST_LOGO || down > LARGEST_LOGO {
        return Err(Error::Size(across, down));
    }
    let picture = Pixmap::decode_png(png).map_err(|_| Error::Png)?;
    let scale = (width as f32 / picture.width() as f32).min(height as f32 / picture.height() as f32);
    let side = |length: u32| ((length as f32 * scale) as u32).max(2) & !1;
    let (width, height) = (side(picture.width()), side(picture.height()));
    let mut pixels = Pixmap::new(width, height).ok_or(Error::Size(width, height))?;
    let paint = PixmapPaint { quality: FilterQuality::Bicubic, ..PixmapPaint::default() };
    let smaller = Transform::from_scale(scale, scale);
    pixels.draw_pixmap(0, 0, picture.as_ref(), &paint, smaller, None);
    let (picture, opacity) = planes(&pixels, width, height);
    Ok(Stamp { picture, opacity })
}

/// A text as a QR code that is still read when a quarter of it is not (ISO/IEC 18004, level Q).
///
/// # Errors
/// [`Error::Long`].
pub fn code(text: &str) -> Result<Code, Error> {
    let code = QrCode::with_error_correction_level(text, EcLevel::Q).map_err(|_| Error::Long)?;
    let (width, colours) = (code.width(), code.to_colors());
    Ok(Code { width, dark: colours.into_iter().map(|colour| colour == Color::Dark).collect() })
}

#[cfg(test)]
mod tests;

//! Addresses as pictures for the cameras of phones.

use qrcode::QrCode;
use qrcode::render::svg;

/// Side of a picture, in pixels of its own; pages scale it.
const SIDE: u32 = 240;

/// As SVG; nothing where the address is too long for one. Black on white in every theme: many cameras read nothing else.
pub(super) fn picture(address: &str) -> Option<String> {
    let code = QrCode::new(address).ok()?;
    Some(code.render::<svg::Color<'_>>().min_dimensions(SIDE, SIDE).build())
}

//! Who sits where in a composition, and how pictures and sound are put together.
//!
//! Owns the rules and the memory of a composition: the grid of tiles ([`grid`]), who has one ([`arrange`]), drawing ([`canvas`]), which picture of
//! whom is shown when ([`scene`]), and the sum of all sound ([`mixer`]), on media time; and which part of a camera's picture is
//! shown ([`aim`]).
//! What it deliberately does not do: decode, scale, write text (a driver does) or keep time (`services/program` does).
//! Sources: ITU-R BT.709 for the colours, ISO/IEC 23091-2 for limited range; nothing else is prescribed by anybody.

pub mod aim;
pub mod arrange;
pub mod canvas;
pub mod grid;
pub mod mixer;
pub mod scene;

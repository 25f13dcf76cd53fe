//! What an offer must be to be answered over plain HTTP: WHEP (draft-ietf-wish-whep-04), which follows WHIP (RFC 9725).
//!
//! Only the lines that decide who sends what, and how the two reach each other, are read; everything else of a session
//! description is the engine's affair.

mod fragment;
mod publisher;
mod viewer;

pub use fragment::{Fragment, Malformed, answered};
pub use publisher::{Declined, takes_program};
pub use viewer::{Refused, sections, viewer_answer, viewer_offer};
